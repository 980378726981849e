/*
 * state_model.h - what the models with hidden states and tabled emissions (emission.h) share: data
 * from panels, the choice of the number of states, answers, files.
 *
 * Each target stretch of a segment is a sequence of its own; context rows serve emissions that look
 * back, and answers, whose filter begins with the first row there is. A unit that training never
 * shows, and for real values one that never changes, is set aside: it tells nothing of the states,
 * its mean is its training mean and it has no density.
 *
 * Answers: STEP is sum over states of p(state | rows before) times the state's mean; FREE_RUN rolls
 * the states on with the transition matrix and feeds means back where the emission looks back.
 * LOGLIK takes the units of a row in order, each given the rows before and the units before it in
 * the row: the sum over units is log p(row | rows before), the filter's. COSMOOTH has the states
 * from all rows of the units that may be seen. STATES is the posterior given all rows.
 */
#ifndef BRAMBLE_BASELINES_STATE_MODEL_H
#define BRAMBLE_BASELINES_STATE_MODEL_H

#include "emission.h"

#include <bramble/model.h>

typedef struct bram_state_model {
    bram_observation *o;
    bram_hmm m;
    size_t *kept;        /* o->units indices into the units */
    bram_mat mean;       /* 1 x units: training means */
    bram_mat input_mean; /* 1 x inputs; cols 0 where inputs are not looked at */
    bram_mat occupancy;  /* 1 x K: expected training rows */
    bram_mat choice;     /* one row for each number of states tried, see below */
} bram_state_model;

/** Columns of choice: states; log p per present value of the validation rows (NaN is 0 where there
 *  was nothing to choose); 95 % interval of its difference to the best one (state_choice.h); log p
 * per value in training; iterations of the best start. */
enum { BRAM_CHOICE_COLUMNS = 6 };

typedef struct bram_state_setup {
    bram_observation like; /* kind, lags, classes (0: from the data), intercept, priors */
    bool inputs;           /* x is looked at */
    const int64_t *states; /* numbers of states, the best on validation is taken */
    size_t choices;
    bram_hmm_options em;
    const bram_options *options; /* all of the model: what a checkpoint belongs to */
} bram_state_setup;

/** The options that all of them have, for the tables of the models; and their values. */
/* clang-format off */
#define BRAM_STATE_PARAMS                                                                          \
    {"states", BRAM_PARAM_INTEGERS, "5", NULL, 1, 1000,                                            \
     "number of states; several: chosen by the likelihood of the validation data"},                \
    {"starts", BRAM_PARAM_INTEGER, "5", NULL, 1, 100000, "starts, of which the best is kept"},     \
    {"start", BRAM_PARAM_CHOICE, "both", "kmeans|random|both", 0, 0,                               \
     "how states begin: k-means, random, or both in turn"},                                        \
    {"iterations", BRAM_PARAM_INTEGER, "200", NULL, 0, 1e6, "most EM iterations of a start"},      \
    {"tolerance", BRAM_PARAM_REAL, "1e-6", NULL, 0, 1,                                             \
     "a start ends when the log posterior gains less than this share of itself"},                  \
    {"alpha", BRAM_PARAM_REAL, "1", NULL, 1, 1e9,                                                  \
     "Dirichlet prior of the rows of the transition matrix"},                                      \
    {"kappa", BRAM_PARAM_REAL, "0", NULL, 0, 1e12, "transitions to itself added to each state"},   \
    {"checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                \
     "file where a fit that is stopped keeps its best, and from which it goes on"}
/* clang-format on */

void bram_state_setup_read(bram_state_setup *s, const bram_options *o, uint64_t seed);

/** @return as bram_model.fit */
int bram_state_model_fit(bram_ctx *cx, void **fitted, const bram_state_setup *setup,
                         const bram_panel *train, const bram_panel *validation) BRAM_MUST_CHECK;
void bram_state_model_release(void *fitted);

/** As bram_model.answer. */
int bram_state_model_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                            bram_dataset *out) BRAM_MUST_CHECK;

int bram_state_model_save(bram_ctx *cx, const void *fitted, bram_dataset *out) BRAM_MUST_CHECK;
int bram_state_model_load(bram_ctx *cx, void **fitted, const bram_state_setup *setup,
                          const bram_dataset *in) BRAM_MUST_CHECK;

/** Bytes beyond the data for the largest number of states: posterior, sums of an M-step. */
size_t bram_state_model_memory(const bram_state_setup *setup, size_t rows, size_t units,
                               size_t inputs);

/* ---- inside --------------------------------------------------------------------------------- */

/**
 * A panel's segments as sequences, in scratch memory where anything has to be changed: kept units
 * only, what is missing (held_out[u] included) masked, inputs with means in place of gaps.
 *
 * @param all     from the first row on (context 0); else target rows with their context
 * @param strict  present values that are none of the emission's are an error, else missing
 */
int bram_state_data(bram_ctx *cx, bram_hmm_data *out, const bram_state_model *m,
                    const bram_panel *panel, bool all, bool strict,
                    const uint8_t *held_out) BRAM_MUST_CHECK;

/** The same of one segment. */
int bram_state_data_one(bram_ctx *cx, bram_hmm_data *out, const bram_state_model *m,
                        const bram_panel *panel, size_t segment, bool all, bool strict,
                        const uint8_t *held_out) BRAM_MUST_CHECK;

#endif
