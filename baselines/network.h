/*
 * network.h - networks that are trained by gradients: what the models rnn, gru, lstm, encoder and
 * masked-encoder share. A body turns rows of inputs into rows of features, a linear readout turns
 * these into what is wanted.
 *
 *   u_t = (y_t - mean) / sd (counts: log(1 + y_t)), 0 where missing, and, where the input is
 * masked, which of them are there f_t = body(u_t and the rows before it; of a masked encoder all
 * rows of the window) y_{t+1} = mean + sd (W f_t + b)                                 counts:
 * softplus(W f_t + b) target=increment: y_{t+1} = y_t + sd (W f_t + b), a missing y_t at its mean
 *   loss=gaussian: the readout also gives ln v_{t+1}, variances are sd^2 v
 *   masked encoder: y_t of hidden units from the rows where they stand as missing
 *
 * Where there are inputs (inputs.h), those that are known of row t + 1 go in with row t.
 *
 * Before the first row of a segment the features are 0 (recurrent cells: those of the state 0).
 * Parameters are float32 and bear the names and shapes of PyTorch.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_H
#define BRAMBLE_BASELINES_NETWORK_H

#include "forecast.h"
#include "nn_recurrent.h"

#include <bramble/rng.h>

enum { BRAM_NETWORK_MOST_LAYERS = 16 };

/** One array of parameters: rows x cols from `at` on; cols 0: one dimension. */
typedef struct bram_tensor {
    char group[16], name[48]; /* "rnn", "weight_ih_l0" */
    size_t at, rows, cols;
} bram_tensor;

typedef enum bram_network_hides { BRAM_HIDE_NOTHING, BRAM_HIDE_UNITS, BRAM_HIDE_ROWS } bram_hides;

struct bram_network_body;
struct bram_circuit; /* circuit.h */

/** Options whose value 0 leaves them to the size of the data. */
typedef struct bram_network_sizes {
    size_t width, ff, batch, steps; /* ff: of encoders */
} bram_network_sizes;

typedef struct bram_network {
    const struct bram_network_body *body;
    size_t units, width, layers, window; /* width: of the features; window: rows of training */
    bram_network_sizes sizes;
    bool counts, increment, masked; /* masked: the input tells what is missing */
    bool spread;                    /* the readout gives means, then logs of variances */
    bram_hides hides;               /* in training; anything: the targets are what is hidden */
    double fraction;                /* of units or rows that are hidden */

    size_t horizon; /* rows of the free runs that cells are trained on in the end; 1: none */

    bool changes;     /* cells are fed the differences of rows from those before */
    size_t rank;      /* of the recurrent matrix, kept as factors; 0: it is whole */
    size_t heads, ff; /* encoders */
    bool sinusoids, recompute;
    double dropout;               /* encoders: inside; cells: of what each layer gives */
    struct bram_circuit *circuit; /* of networks on a connectome; else NULL */

    int init; /* bram_start_kind, of recurrent weights (network_init.h) */
    double gain;
    size_t init_rank;
    double *guide;     /* what they follow: width x width numbers for each gate; one matrix of a
                          connectome; NULL: nothing */
    bool measures;     /* what the training does to it */
    bram_mat learning; /* 1 x measures */

    bram_tensor *tensor;
    size_t tensors, parameters;
    float *parameter;
    bram_mat input; /* 2 x inputs, their scale (inputs.h): none of masked ones and of circuits */
    bram_mat mean, scale; /* 1 x units: training means; standard deviations, 1 of a constant unit */
    bram_mat variance;    /* 1 x units: of one-step residuals on the training rows */
    bram_mat history;     /* checks x 4: step, training loss, validation loss, rate */
} bram_network;

/** Some windows on their way through a body, all of as many rows. */
typedef struct bram_pass {
    size_t windows, steps, most; /* most: the steps that the room is for */
    const float *x;              /* windows steps rows of inputs, at bram_network_place */
    bool training;               /* with dropout, by what follows */
    uint64_t seed, step;
    size_t first; /* the number of the first window in its batch */
} bram_pass;

/** One kind of network. */
typedef struct bram_network_body {
    const char *name;
    bram_nn_cell cell; /* of recurrent ones */
    bool by_window;    /* rows of a window stand together; otherwise those of a time */
    bool causal;       /* it forecasts the row after each row; otherwise it tells hidden ones */
    bool tells;        /* its features are what is told of the units: there is no readout */

    /** What it is built on, before anything else: made from training data, read from a file
     * (`in`), put into one. NULL: nothing. */
    int (*build)(bram_ctx *cx, bram_network *n, const bram_options *o, const bram_panel *train,
                 uint64_t seed);
    int (*rebuild)(bram_ctx *cx, bram_network *n, const bram_dataset *in);
    int (*keep)(bram_ctx *cx, const bram_network *n, bram_dataset *out);

    /** Reads its options; says in a line what is wrong with them (NULL: nothing can be). */
    void (*set)(bram_network *n, const bram_options *o);
    const char *(*fault)(const bram_network *n);

    /** Adds its tensors (bram_network_add), those of the readout come after them. */
    void (*lay_out)(bram_network *n);

    /** Initial values of all parameters. */
    int (*start)(bram_ctx *cx, bram_network *n, bram_rng *g);

    /** The recurrent weights in scratch memory, those of all layers and gates below each other;
     * NULL: there are none. */
    int (*matrix)(bram_ctx *cx, const bram_network *n, const float *parameter, bram_mat *w);

    /** Floats that a pass takes, the way back included. */
    size_t (*room)(const bram_network *n, size_t windows, size_t steps);

    /** @return the features: windows steps x width, in the room */
    const float *(*forward)(const bram_network *n, const bram_pass *p, float *room);

    /** After forward: adds to the gradient of the parameters. dtop, that of the features, is
     * overwritten. */
    void (*backward)(const bram_network *n, const bram_pass *p, float *room, float *gradient,
                     float *dtop);

    /** Before the first window of a segment, and after a window that another follows; NULL: a
     * window knows nothing of those before it. */
    void (*rewind)(const bram_network *n, const bram_pass *p, float *room);
    void (*carry)(const bram_network *n, const bram_pass *p, float *room);

    /** What is told before the first row of a segment; NULL: the readout of features of 0. */
    void (*first)(const bram_network *n, float *out);

    bram_run_fn *run; /* free runs; NULL: it does not forecast */

    /** The probabilities of attention in the first rows of a segment: layers heads x rows x rows;
     * NULL: there is none. */
    int (*attention)(bram_ctx *cx, const bram_network *n, float *out, const bram_segment *s,
                     size_t rows);
} bram_network_body;

extern const bram_network_body bram_body_rnn, bram_body_gru, bram_body_lstm, bram_body_ctrnn,
    bram_body_ltc, bram_body_cfc, bram_body_lowrank, bram_body_encoder, bram_body_masked_encoder,
    bram_body_circuit;

/** Numbers of the input, and of what the readout gives. */
size_t bram_network_inputs(const bram_network *n);
size_t bram_network_outputs(const bram_network *n);

/** How many of these windows go through the body together, forward and back. Those of an encoder
 * know nothing of each other: few, so that what is between stays in the cache. */
size_t bram_network_group(const bram_network *n, size_t windows);

/** Where row `step` of a window stands. */
size_t bram_network_place(const bram_network *n, const bram_pass *p, size_t window, size_t step);

/** The sizes that options and the training data ask for (network_sizes.c). */
bram_network_sizes bram_network_sizes_of(const bram_network_body *body, const bram_options *o,
                                         size_t rows, size_t units);

/** Where a new network comes from: training data and a seed, or (train NULL) a file. */
typedef struct bram_network_origin {
    size_t units;
    bram_network_sizes sizes;
    bram_mat input; /* copied */
    bool masked;
    size_t longest; /* rows of the longest window that there can be */
    const bram_panel *train;
    uint64_t seed;
    const bram_dataset *in;
} bram_network_origin;

/** A network without values: tensors are laid out, parameters 0. */
int bram_network_new(bram_ctx *cx, bram_network **out, const bram_network_body *body,
                     const bram_options *o, const bram_network_origin *from) BRAM_MUST_CHECK;
void bram_network_free(void *network);

/** Called by bodies that lay themselves out: one more tensor. */
void bram_network_add(bram_network *n, const char *group, const char *name, size_t rows,
                      size_t cols);

/** Draws every parameter of the tensor uniformly within +-bound. */
void bram_network_draw(bram_network *n, const bram_tensor *t, double bound, bram_rng *g);

/** What the readout gives of rows of features, before any nonlinearity; and the way back: adds to
 * the gradient of the parameters, writes dtop. */
void bram_network_read(const bram_network *n, float *out, const float *top, size_t rows);
void bram_network_read_back(const bram_network *n, float *dtop, float *gradient, const float *dout,
                            const float *top, size_t rows);

/**
 * One row as input, without the inputs that follow.
 *
 * @param u        bram_network_inputs numbers
 * @param present  units; NULL: all are there
 * @param hidden   units that stand as missing; NULL: none
 */
void bram_network_input(const bram_network *n, float *u, const double *y, const uint8_t *present,
                        const uint8_t *hidden);

/**
 * Rows of inputs as differences from those before them: 0 where a value is missing in either, or
 * nothing is before. What tells of missing values and the inputs of behaviour stay as they are.
 *
 * @param apart   row r comes after row r - apart: the number of windows whose rows of a time stand
 *                together
 * @param before  what the first `apart` rows come after; NULL: nothing
 */
void bram_network_changes(const bram_network *n, float *change, const float *u, size_t rows,
                          size_t apart, const float *before);

/** And the inputs of a segment that are known of a row, behind it. */
void bram_network_put_inputs(const bram_network *n, float *u, const bram_segment *s, size_t row);

/** Both, of a row of a segment: BRAM_ENUMERIC where a value is not finite. */
int bram_network_put(bram_ctx *cx, const bram_network *n, float *u, const bram_segment *s,
                     size_t row, const uint8_t *hidden) BRAM_MUST_CHECK;

/** What the readout gives for one row, as values; u is the row's input (NULL: there is none). */
void bram_network_value(const bram_network *n, double *value, const float *readout, const float *u);

/**
 * Rows of a window that the next one repeats as its context, when a segment is longer than one: 0
 * where states are carried, half a window otherwise.
 */
size_t bram_network_overlap(const bram_network *n);

/** The one-step means of a segment (a bram_step_fn). */
int bram_network_step(bram_ctx *cx, const void *network, bram_mat *mean,
                      const bram_segment *s) BRAM_MUST_CHECK;

/**
 * Makes the last `horizon` rows of windows a free run (network_rollout.c): each but the first of
 * them gets as input what the network says after the one before. For bodies that carry a state.
 *
 * @param x       the windows' rows, changed
 * @param target  of each row: where they are increments of x, changed with it
 * @param out     outputs of one row
 * @param value   units
 */
void bram_network_feed(const bram_network *n, const bram_pass *windows, float *x, float *target,
                       size_t horizon, float *room, float *out, double *value);

/** Answers BRAM_ASK_INSIDE (network_inside.c). */
int bram_network_inside(bram_ctx *cx, const bram_network *n, const bram_query *q,
                        bram_dataset *out) BRAM_MUST_CHECK;

/* What the entries of the models are made of. */
int bram_network_fit(bram_ctx *cx, void **fitted, const bram_network_body *body,
                     const bram_options *o, const bram_panel *train, const bram_panel *validation,
                     uint64_t seed) BRAM_MUST_CHECK;
int bram_network_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                        bram_dataset *out);
int bram_network_save(bram_ctx *cx, const void *fitted, bram_dataset *out);
int bram_network_load(bram_ctx *cx, void **fitted, const bram_network_body *body,
                      const bram_options *o, const bram_dataset *in) BRAM_MUST_CHECK;
size_t bram_network_memory(const bram_network_body *body, const bram_options *o, size_t rows,
                           size_t units);

/* Options of all networks' training; rate is the default learning rate. */
#define BRAM_NETWORK_TRAINING(rate)                                                                \
    {"loss",                                                                                       \
     BRAM_PARAM_CHOICE,                                                                            \
     "mse",                                                                                        \
     "mse|poisson|gaussian",                                                                       \
     0,                                                                                            \
     0,                                                                                            \
     "poisson: y are counts; gaussian: a variance for each value is learned"},                     \
        {"steps",                                                                                  \
         BRAM_PARAM_INTEGER,                                                                       \
         "0",                                                                                      \
         NULL,                                                                                     \
         0,                                                                                        \
         100000000,                                                                                \
         "of training, at most; 0: by the size of the data"},                                      \
        {"batch",                                                                                  \
         BRAM_PARAM_INTEGER,                                                                       \
         "0",                                                                                      \
         NULL,                                                                                     \
         0,                                                                                        \
         4096,                                                                                     \
         "windows of a step, 2 or more; 0: by the size of the data"},                              \
        {"rate",      BRAM_PARAM_REAL, rate, NULL, 0, 10, "learning rate, before its schedule",    \
         "1e-4..1e-2"},                                                                            \
        {"decay",     BRAM_PARAM_REAL, "0.0001", NULL, 0, 10, "of weights, not of biases (AdamW)", \
         "1e-5..1e-1"},                                                                            \
        {"clip", BRAM_PARAM_REAL, "1", NULL, 1e-12, 1e12, "largest norm of a gradient"},           \
        {"check", BRAM_PARAM_INTEGER, "100", NULL, 1, 1000000, "steps between validations"},       \
        {"patience",                                                                               \
         BRAM_PARAM_INTEGER,                                                                       \
         "20",                                                                                     \
         NULL,                                                                                     \
         1,                                                                                        \
         1000000,                                                                                  \
         "validations without a better one that end the training"},                                \
    {                                                                                              \
        "checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                             \
            "file where training stands at each validation, and from which it goes on"             \
    }

/* Options of those that forecast. */
#define BRAM_NETWORK_FORECAST                                                                      \
    {"target",                                                                                     \
     BRAM_PARAM_CHOICE,                                                                            \
     "value",                                                                                      \
     "value|increment",                                                                            \
     0,                                                                                            \
     0,                                                                                            \
     "what the readout gives: the next value, or its difference from the last",                    \
     "value+increment"},                                                                           \
    {                                                                                              \
        "burn", BRAM_PARAM_INTEGER, "16", NULL, 0, 100000, "first rows of a window without loss"   \
    }

/* What recurrent cells are fed. */
#define BRAM_FEED_PARAM                                                                            \
    {                                                                                              \
        "feed", BRAM_PARAM_CHOICE, "value", "value|increment", 0, 0,                               \
            "what goes in: rows, or their differences from the rows before", "value+increment"     \
    }

/* Options of recurrent networks. */
#define BRAM_NETWORK_PARAMS                                                                        \
    {"hidden",                                                                                     \
     BRAM_PARAM_INTEGER,                                                                           \
     "0",                                                                                          \
     NULL,                                                                                         \
     0,                                                                                            \
     4096,                                                                                         \
     "units of each layer; 0: by the size of the data",                                            \
     "16+32+64+128"},                                                                              \
        {"layers", BRAM_PARAM_INTEGER, "1", NULL, 1, BRAM_NETWORK_MOST_LAYERS, "layers of cells",  \
         "1+2"},                                                                                   \
        {"window", BRAM_PARAM_INTEGER, "128", NULL, 2, 100000, "rows that gradients go back"},     \
        {"dropout", BRAM_PARAM_REAL, "0", NULL, 0, 0.95, "of what each layer gives", "0+0.1+0.3"}, \
        {"horizon",                                                                                \
         BRAM_PARAM_INTEGER,                                                                       \
         "1",                                                                                      \
         NULL,                                                                                     \
         1,                                                                                        \
         1000,                                                                                     \
         "above 1: the last fifth of the training is on free runs of up to so many rows"},         \
        BRAM_NETWORK_FORECAST, BRAM_NETWORK_TRAINING("0.001")

/* Options of encoders. */
#define BRAM_ENCODER_PARAMS                                                                        \
    {"width",                                                                                      \
     BRAM_PARAM_INTEGER,                                                                           \
     "0",                                                                                          \
     NULL,                                                                                         \
     0,                                                                                            \
     4096,                                                                                         \
     "of the rows inside; 0: by the size of the data",                                             \
     "32+64+128"},                                                                                 \
        {"heads", BRAM_PARAM_INTEGER, "4", NULL, 1, 256, "of attention; they divide the width"},   \
        {"layers", BRAM_PARAM_INTEGER, "2", NULL, 1, BRAM_NETWORK_MOST_LAYERS, "of the encoder",   \
         "1+2+3"},                                                                                 \
        {"ff",                                                                                     \
         BRAM_PARAM_INTEGER,                                                                       \
         "0",                                                                                      \
         NULL,                                                                                     \
         0,                                                                                        \
         65536,                                                                                    \
         "width of the feed-forward blocks; 0: four times the width",                              \
         "128+256+512"},                                                                           \
        {"window", BRAM_PARAM_INTEGER, "128", NULL, 2, 4096, "rows that see each other"},          \
        {"positions", BRAM_PARAM_CHOICE, "learned", "learned|sinusoid", 0, 0, "of rows"},          \
        {"dropout", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.95, "of the blocks' results", "0+0.1+0.3"}, \
    {                                                                                              \
        "recompute", BRAM_PARAM_FLAG, "no", NULL, 0, 0,                                            \
            "less memory: on the way back each layer is computed once more"                        \
    }

#endif
