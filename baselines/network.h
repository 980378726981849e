/*
 * network.h - recurrent networks that forecast the next row: layers of cells (core/nn_recurrent.h)
 * and a linear readout. What the models rnn, gru and lstm share.
 *
 *   u_t = (y_t - mean) / sd (counts: log(1 + y_t)), 0 where missing, and, where training had
 * missing values, which of them are there h_t = cells(u_t, h_{t-1}), layer by layer, from 0 before
 * the first row of a segment y_{t+1} = mean + sd (W h_t + b)            counts: softplus(W h_t + b)
 *   target=increment: y_{t+1} = y_t + sd (W h_t + b), a missing y_t at its mean
 *
 * Parameters are float32 and bear the names and shapes of PyTorch.
 */
#ifndef BRAMBLE_BASELINES_NETWORK_H
#define BRAMBLE_BASELINES_NETWORK_H

#include "nn_recurrent.h"
#include "recurrent.h"

enum { BRAM_NETWORK_MOST_LAYERS = 8 };

/** One array of parameters: rows x cols from `at` on; cols 0: one dimension. */
typedef struct bram_tensor {
    char group[16], name[24]; /* "rnn", "weight_ih_l0" */
    size_t at, rows, cols;
} bram_tensor;

typedef struct bram_network {
    bram_nn_cell cell;
    size_t units, hidden, layers;
    bool counts, increment, masked; /* masked: the input tells what is missing */
    bram_tensor *tensor;
    size_t tensors, parameters;
    float *parameter;
    bram_mat mean, scale; /* 1 x units: training means; standard deviations, 1 of a constant unit */
    bram_mat variance;    /* 1 x units: of one-step residuals on the training rows */
    bram_mat history;     /* checks x 4: step, training loss, validation loss, rate */
} bram_network;

/** Numbers of the input. */
size_t bram_network_inputs(const bram_network *n);

/** A network without values: tensors are laid out, parameters 0. */
int bram_network_new(bram_ctx *cx, bram_network **out, bram_nn_cell cell, size_t units,
                     const bram_options *o, bool masked) BRAM_MUST_CHECK;
void bram_network_free(void *network);

/** Parameters uniform within 1 / sqrt(hidden), as PyTorch's; forget gates of an LSTM one higher. */
void bram_network_start(bram_network *n, uint64_t seed);

/** The arrays of layer k within `values`, which is the parameters or their gradient. */
bram_nn32_cell_weights bram_network_cells(const bram_network *n, float *values, size_t k);

/** Offsets of the readout's weight and bias. */
size_t bram_network_readout(const bram_network *n);

/** One row as input; the rest of u is `inputs` numbers. present NULL: all are. */
void bram_network_input(const bram_network *n, float *u, const double *y, const uint8_t *present);

/** A network as a forecaster. */
bram_recurrent bram_network_view(const bram_network *n);

/* What the entries of the models are made of. */
int bram_network_fit(bram_ctx *cx, void **fitted, bram_nn_cell cell, const bram_options *o,
                     const bram_panel *train, const bram_panel *validation,
                     uint64_t seed) BRAM_MUST_CHECK;
int bram_network_answer(bram_ctx *cx, const void *fitted, const bram_query *query,
                        bram_dataset *out);
int bram_network_save(bram_ctx *cx, const void *fitted, bram_dataset *out);
int bram_network_load(bram_ctx *cx, void **fitted, bram_nn_cell cell, const bram_options *o,
                      const bram_dataset *in) BRAM_MUST_CHECK;
size_t bram_network_memory(const bram_options *o, size_t units, size_t gates);

#define BRAM_NETWORK_PARAMS                                                                         \
    {"hidden", BRAM_PARAM_INTEGER, "64", NULL, 1, 4096, "units of each layer"},                     \
        {"layers", BRAM_PARAM_INTEGER, "1", NULL, 1, BRAM_NETWORK_MOST_LAYERS, "layers of cells"},  \
        {"loss", BRAM_PARAM_CHOICE, "mse", "mse|poisson", 0, 0, "poisson: y are counts"},           \
        {"target",                                                                                  \
         BRAM_PARAM_CHOICE,                                                                         \
         "value",                                                                                   \
         "value|increment",                                                                         \
         0,                                                                                         \
         0,                                                                                         \
         "what the readout gives: the next value, or its difference from the last"},                \
        {"steps", BRAM_PARAM_INTEGER, "2000", NULL, 1, 100000000, "of training, at most"},          \
        {"batch", BRAM_PARAM_INTEGER, "32", NULL, 2, 4096, "windows of a step"},                    \
        {"window", BRAM_PARAM_INTEGER, "128", NULL, 2, 100000, "rows that gradients go back"},      \
        {"burn", BRAM_PARAM_INTEGER, "16", NULL, 0, 100000, "first rows of a window without loss"}, \
        {"rate", BRAM_PARAM_REAL, "0.001", NULL, 0, 10, "learning rate, before its schedule"},      \
        {"decay", BRAM_PARAM_REAL, "0.0001", NULL, 0, 10, "of weights, not of biases (AdamW)"},     \
        {"clip", BRAM_PARAM_REAL, "1", NULL, 1e-12, 1e12, "largest norm of a gradient"},            \
        {"check", BRAM_PARAM_INTEGER, "100", NULL, 1, 1000000, "steps between validations"},        \
        {"patience",                                                                                \
         BRAM_PARAM_INTEGER,                                                                        \
         "20",                                                                                      \
         NULL,                                                                                      \
         1,                                                                                         \
         1000000,                                                                                   \
         "validations without a better one that end the training"},                                 \
    {                                                                                               \
        "checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                              \
            "file where training stands at each validation, and from which it goes on"              \
    }

#endif
