/*
 * spike_tokens.h - trained spike-token transformers (core/nn_tokens.h): what the models
 * spike-transformer and spike-transformer-behaviour share.
 *
 * A window is `span` rows of a segment, its context the `context` rows before. Windows of an answer
 * begin at rows 0, span, 2 span ... of a segment, those of training anywhere. Inputs are seen from
 * the first row of the context to the first of the window, never after it; they are z-scored, each
 * with a second number that says whether it is there. A count that is missing gives no token and
 * has no loss.
 */
#ifndef BRAMBLE_BASELINES_SPIKE_TOKENS_H
#define BRAMBLE_BASELINES_SPIKE_TOKENS_H

#include "nn_tokens.h"

#include <bramble/model.h>
#include <bramble/rng.h>

typedef struct bram_token_net {
    bram_nn_tokens shape;
    size_t columns; /* of inputs; 0: they are not looked at */
    size_t targets; /* of the head (head/weight: targets x width); 0: there is none */
    bram_nn_tokens_tensor *tensor; /* those of the shape, then the head's two */
    size_t tensors, parameters;
    float *parameter;
    uint64_t seed; /* of the fit, and of what is drawn in answers */

    bram_mat mean, most; /* 1 x units: of training, spikes a row; the largest count, at least 1 */
    bram_mat input;      /* 2 x columns: mean, standard deviation */
    bram_mat target;     /* 2 x targets: the same */
    bram_mat history;    /* checks x 4: step, training loss, validation loss, rate */
    bram_mat tuning;     /* the same of the training with targets */

    bram_mat coupling;  /* from x to: see spike_tokens_attention.c */
    bram_mat attention; /* from x to */
    bram_mat lag;       /* layers heads x (context + 2): rest, inputs, 1 .. context rows back */
    bram_mat part;      /* 1 x 3: of the loss on the last rows seen: row, neuron, count */
} bram_token_net;

/** A segment's counts (0 where missing) and, where it has any, inputs as the network takes them. */
typedef struct bram_token_source {
    const bram_segment *s;
    size_t rows, first;     /* first: target rows begin here */
    const double *y;        /* rows units */
    const uint8_t *present; /* NULL: all */
    const float *input;     /* rows shape.inputs; NULL: there are none */
    size_t input_rows;      /* that may be looked at */
} bram_token_source;

/** Rows first .. first + rows - 1 of a source, the tokens of which are known. */
typedef struct bram_token_window {
    const bram_token_source *source;
    size_t first, rows;
} bram_token_window;

/** Some windows as a pass, in scratch memory. */
typedef struct bram_token_batch {
    bram_nn32_tokens_pass pass;
    const bram_nn_sequence *sequence;
    const bram_nn_token *token;
} bram_token_batch;

/** Options of the network; defaults by the size of usual recordings. */
#define BRAM_TOKEN_SHAPE_PARAMS                                                                      \
    {"span", BRAM_PARAM_INTEGER, "1", NULL, 1, 1000, "rows of a window"},                            \
        {"context", BRAM_PARAM_INTEGER, "5", NULL, 1, 1000, "rows before a window that it sees"},    \
        {"width", BRAM_PARAM_INTEGER, "64", NULL, 1, 4096, "of the rows inside", "32+64+128"},       \
        {"layers", BRAM_PARAM_INTEGER, "1", NULL, 1, BRAM_TOKENS_MOST_LAYERS, "of the decoder",      \
         "1+2"},                                                                                     \
        {"heads", BRAM_PARAM_INTEGER, "4", NULL, 1, 64, "of attention; they divide width"},          \
        {"ff",        BRAM_PARAM_INTEGER, "128", NULL, 1, 16384, "width of the feed-forward blocks", \
         "64+128+256"},                                                                              \
    {                                                                                                \
        "dropout", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.95, "of what blocks give", "0+0.1+0.3"         \
    }

#define BRAM_TOKEN_TRAINING_PARAMS                                                                 \
    {"steps", BRAM_PARAM_INTEGER, "2000", NULL, 1, 100000000, "of training, at most"},             \
        {"batch", BRAM_PARAM_INTEGER, "32", NULL, 2, 4096, "windows of a step"},                   \
        {"rate",      BRAM_PARAM_REAL, "0.001", NULL, 0, 10, "learning rate, before its schedule", \
         "1e-4..1e-2"},                                                                            \
        {"decay",     BRAM_PARAM_REAL, "0.0001", NULL, 0, 10, "of weights, not of biases (AdamW)", \
         "1e-5..1e-1"},                                                                            \
        {"clip", BRAM_PARAM_REAL, "1", NULL, 1e-12, 1e12, "largest norm of a gradient"},           \
        {"check", BRAM_PARAM_INTEGER, "100", NULL, 1, 1000000, "steps between validations"},       \
        {"patience",                                                                               \
         BRAM_PARAM_INTEGER,                                                                       \
         "10",                                                                                     \
         NULL,                                                                                     \
         1,                                                                                        \
         1000000,                                                                                  \
         "validations without a better one that end the training"},                                \
    {                                                                                              \
        "checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                             \
            "file where training stands at each validation, and from which it goes on"             \
    }

/** A network of these sizes with parameters of 0. @return also BRAM_EUSAGE: sizes that do not go
 * together */
int bram_token_net_new(bram_ctx *cx, bram_token_net **out, const bram_options *o, size_t units,
                       size_t columns, size_t targets) BRAM_MUST_CHECK;
void bram_token_net_free(void *net);

/** First values of all parameters; rates are those of training, whatever the tokens. */
void bram_token_net_start(bram_token_net *n, uint64_t seed);

int bram_token_net_save(bram_ctx *cx, const void *net, bram_dataset *out) BRAM_MUST_CHECK;
int bram_token_net_load(bram_ctx *cx, bram_token_net **net, const bram_options *o,
                        const bram_dataset *in) BRAM_MUST_CHECK;

/** Bytes of a fit. */
size_t bram_token_net_memory(const bram_options *o, size_t rows, size_t units, size_t columns);

/* ---- data ----------------------------------------------------------------------------------- */

/**
 * A segment's y (with x as inputs, where the network looks at them) or its x, as counts.
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no counts; BRAM_ENUMERIC; BRAM_ESHAPE; BRAM_ENOMEM
 */
int bram_token_source_make(bram_ctx *cx, bram_token_source *out, const bram_token_net *n,
                           const bram_segment *s, bool of_x) BRAM_MUST_CHECK;

/** Those of all segments of a panel. */
int bram_token_sources(bram_ctx *cx, bram_token_source **out, const bram_token_net *n,
                       const bram_panel *panel, bool of_x) BRAM_MUST_CHECK;

/** Means and largest counts of the training rows, and the scale of the inputs. */
int bram_token_net_scale(bram_ctx *cx, bram_token_net *n, const bram_panel *train,
                         bool of_x) BRAM_MUST_CHECK;

/** The tokens of row `row` of a window that begins at `first`, after *count others. */
void bram_token_row(const bram_token_net *n, bram_nn_token *token, size_t *count,
                    const bram_token_source *s, size_t first, size_t row);

/** Windows with their memory. */
int bram_token_batch_make(bram_ctx *cx, bram_token_batch *out, const bram_token_net *n,
                          const bram_token_window *window, size_t windows) BRAM_MUST_CHECK;

/** The cells of a window that count: those of target rows. */
bram_nn_cells bram_token_cells(const bram_token_net *n, const bram_token_window *w);

/* ---- training ------------------------------------------------------------------------------- */

struct bram_token_training;

/** What is trained: windows that can be drawn, and the loss of some of them. */
typedef struct bram_token_job {
    const char *name;
    size_t places;

    /**
     * The sum of the losses of windows place[0 .. windows - 1], and of what it is a sum over.
     *
     * @param gradient  is added to, times scale; NULL: only the loss
     * @param first     the number of the first window in its batch, for dropout
     */
    int (*loss)(bram_ctx *cx, double *sum, double *counted, const void *user, const size_t *place,
                size_t windows, float *gradient, double scale, uint64_t step, size_t first);

    /** The mean loss of validation; NULL: there is none. */
    int (*validate)(bram_ctx *cx, double *mean, const void *user);

    double scale;       /* of a gradient: 1 / what a batch's loss is a sum over */
    size_t fixed;       /* tensors that are not trained: the first ones */
    const char *suffix; /* of its checkpoint's name; NULL: none */
    bool keeps;         /* its checkpoint stays when it is done */
    const void *user;
} bram_token_job;

/**
 * AdamW on batches of windows. Options: those of BRAM_TOKEN_TRAINING_PARAMS, `steps` and `rate`
 * given apart. As network_train.c: two halves of a batch, whatever the number of threads.
 *
 * @param history  receives checks x 4 (freed by the caller, also on failure)
 * @param key      what a checkpoint belongs to; NULL: there is none
 */
int bram_token_train(bram_ctx *cx, bram_token_net *n, bram_mat *history, const bram_token_job *job,
                     const bram_options *o, size_t steps, double rate,
                     const char *key) BRAM_MUST_CHECK;

/** Trains the network to tell the counts of a panel (of its x: as above; then another training
 * follows, and the checkpoint stays). */
int bram_token_pretrain(bram_ctx *cx, bram_token_net *n, const bram_options *o,
                        const bram_panel *train, const bram_panel *validation, bool of_x,
                        const char *checkpoint_of) BRAM_MUST_CHECK;

/* ---- what it knows -------------------------------------------------------------------------- */

/** Fills coupling, attention and lag from the windows of a panel. */
int bram_token_attention(bram_ctx *cx, bram_token_net *n, const bram_panel *train,
                         bool of_x) BRAM_MUST_CHECK;

/** INSIDE: the course of the training, what the tokens of one window look at. */
int bram_token_inside(bram_ctx *cx, const bram_token_net *n, const bram_query *q,
                      bram_dataset *out) BRAM_MUST_CHECK;

/** STEP, FREE_RUN, LOGLIK. `samples` runs are drawn where means need them. */
int bram_token_answer(bram_ctx *cx, const bram_token_net *n, size_t samples, const bram_query *q,
                      bram_dataset *out) BRAM_MUST_CHECK;

#endif
