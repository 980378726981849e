/*
 * network_init.h - recurrent weights at the start of a training, and what the training makes of
 * them: rich or lazy learning (Liu et al. 2023, arXiv 2310.08513).
 *
 * A learner is lazy when its tangent kernel stays as it was, and rich when it changes. As a rule
 * the lower the rank of the first recurrent weights, the richer; the exception are weights of low
 * rank that are aligned with the task.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_INIT_H
#define BRAMBLE_BASELINES_NETWORK_INIT_H

#include "network.h"

/** How the first recurrent weights come about; all but UNIFORM have a scale of their own. */
typedef enum bram_start_kind {
    BRAM_INIT_UNIFORM,    /* as PyTorch */
    BRAM_INIT_ORTHOGONAL, /* gain times a random orthogonal matrix */
    BRAM_INIT_GAUSSIAN,   /* N(0, gain^2 / hidden) */
    BRAM_INIT_LOWRANK,    /* the leading singular vectors of such a matrix, with its norm */
    BRAM_INIT_ALIGNED,    /* those of a trained matrix that began as GAUSSIAN, with that norm */
    BRAM_INIT_CONNECTOME, /* a connectome, scaled to the spectral radius gain */
    BRAM_INIT_SHUFFLED    /* the same with its edges shuffled, degrees kept */
} bram_start_kind;

bram_start_kind bram_start_of(const bram_options *o);

/**
 * Draws one gate's matrix.
 *
 * @param w      hidden x hidden, packed
 * @param guide  the trained matrix (ALIGNED) or the connectome's [to][from] (CONNECTOME, SHUFFLED)
 * @return BRAM_OK; BRAM_ENUMERIC; BRAM_ENOMEM
 */
int bram_init_matrix(bram_ctx *cx, float *w, size_t hidden, bram_start_kind kind, double gain,
                     size_t rank, const double *guide, bram_rng *g) BRAM_MUST_CHECK;

/**
 * The matrix of a connectome by the options of circuit.h, as a guide (heap): of its `hidden`
 * neurons with the greatest sums of weights; of edges without a sign it is drawn.
 *
 * @return as bram_synapses_read; BRAM_EUSAGE: it has fewer neurons
 */
int bram_init_connectome(bram_ctx *cx, double **guide, const bram_options *o, size_t hidden,
                         bool shuffled, const bram_dataset *at_hand, bram_rng *g) BRAM_MUST_CHECK;

/** exp of the entropy of the singular values, normalized to the sum 1 (Roy & Vetterli 2007). */
int bram_rank_of_weights(bram_ctx *cx, double *rank, const bram_mat *w) BRAM_MUST_CHECK;

/* ---- what training does (network_learning.c) ------------------------------------------------ */

enum { BRAM_LEARNING_BINS = 256, BRAM_LEARNING_OUTPUTS = 4 };

/** The names of its measures, in the order of a row of state/learning; NULL ends it. */
extern const char *const bram_learning_names[];

/** Scratch memory of the caller's; the network must stay where it is. */
typedef struct bram_learning {
    const bram_network *n;
    const bram_panel *panel;
    uint64_t seed;
    float *first;    /* parameters at the start */
    bram_mat kernel; /* bins x bins at the start */
} bram_learning;

/** Measures at the start; panel is that of the validation, or of the training. */
int bram_learning_begin(bram_ctx *cx, bram_learning *l, const bram_network *n,
                        const bram_panel *panel, uint64_t seed) BRAM_MUST_CHECK;

/** And at the end: a new 1 x (number of names) matrix. */
int bram_learning_end(bram_ctx *cx, bram_mat *out, const bram_learning *l) BRAM_MUST_CHECK;

/* Options of networks whose recurrent weights may begin otherwise. */
/* clang-format off */
#define BRAM_INIT_PARAMS                                                                           \
    {"init", BRAM_PARAM_CHOICE, "uniform",                                                         \
     "uniform|orthogonal|gaussian|lowrank|aligned|connectome|shuffled", 0, 0,                      \
     "recurrent weights at the start"},                                                            \
    {"gain", BRAM_PARAM_REAL, "1", NULL, 1e-6, 100,                                                \
     "of them: deviation times sqrt(hidden), or spectral radius of a connectome"},                 \
    {"init_rank", BRAM_PARAM_INTEGER, "1", NULL, 1, 4096, "of init=lowrank and aligned"},          \
    BRAM_CIRCUIT_PARAMS,                                                                           \
    BRAM_LEARNING_PARAM

#define BRAM_LEARNING_PARAM                                                                        \
    {"learning", BRAM_PARAM_FLAG, "no", NULL, 0, 0,                                                \
     "measures how weights and tangent kernel change"}
/* clang-format on */

#endif
