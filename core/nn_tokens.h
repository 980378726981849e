/*
 * nn_tokens.h - spike trains as sequences of tokens: a transformer decoder (nn_decoder.h) whose
 * tokens are the neurons that fire in a window, forward and backward. After Neuroformer (Antoniades
 * et al. 2023, arXiv 2311.00136).
 *
 * A window has `span` rows (bins). Its tokens are the neurons that fire there, in the order of rows
 * and, within a row, of neurons: token k has a neuron, a row of the window and a count, and token 0
 * is the start. Memory is a row that is always there, rows of inputs (stimulus, behaviour), and the
 * tokens of the `context` rows before the window, each with its distance to the window.
 *
 *   x_k     = unit[n_k] + time[d_k] + log(count_k) count         (start: unit[units])
 *   memory  = norm(rest | W u + b + input_lag[l] | unit[n] + lag[l] + log(count) count)
 *   h       = norm(layers(x, memory))
 *   log lambda_k[d, n] = (A h_k + a)[n] + (B h_k + b)[d]
 *
 * lambda_k[d, n] is the rate of neuron n in row d given the tokens 0 .. k. A count is Poisson with
 * the rate of the last token before its cell (d, n), so the tokens and counts of a window have the
 * log probability
 *
 *   - sum over its cells of (lambda - y log lambda + log y!)
 *
 * which is that of (next row, next neuron, count) summed over tokens: a token's neuron and row come
 * by the hazards lambda of the cells in between. See nn_tokens_split for the three parts.
 */
#ifndef BRAMBLE_CORE_NN_TOKENS_H
#define BRAMBLE_CORE_NN_TOKENS_H

#include "nn_decoder.h"

enum { BRAM_TOKENS_MOST_LAYERS = 16 };

typedef struct bram_nn_tokens {
    size_t units, span, context, inputs; /* inputs: numbers of an input row; 0: there are none */
    size_t width, heads, ff, layers;
    double dropout;
} bram_nn_tokens;

/** One array of parameters. */
typedef struct bram_nn_tokens_tensor {
    char group[16], name[48]; /* "decoder", "layers.0.self_attn.in_proj_weight" */
    size_t at, rows, cols;    /* cols 0: one dimension */
} bram_nn_tokens_tensor;

/** @param tensor  as many as returned; NULL: only counts. @return how many tensors */
size_t BRAM_NN(tokens_tensors)(const bram_nn_tokens *n, bram_nn_tokens_tensor *tensor,
                               size_t *parameters);

/** A token: its neuron, its row (of the window; of memory: rows back from it, from 1 on), and how
 * often it fires there. Other kinds of rows have no neuron. */
typedef struct bram_nn_token {
    uint32_t unit, row;
    double count; /* 1 or more */
} bram_nn_token;

enum { BRAM_TOKEN_INPUT = UINT32_MAX, BRAM_TOKEN_REST = UINT32_MAX - 1 };

/** Windows on their way through the network, one after the other. */
typedef struct BRAM_NN(tokens_pass) {
    const bram_nn_sequence *sequence;
    size_t sequences, rows, keys;
    const bram_nn_token *token;  /* rows: unit == units is the start */
    const bram_nn_token *memory; /* keys; BRAM_TOKEN_REST, BRAM_TOKEN_INPUT or a neuron */
    const bram_real *input;      /* numbers of the rows BRAM_TOKEN_INPUT, in their order */
    size_t input_rows;
    bool training; /* with dropout, by what follows */
    uint64_t seed, step, first;
} BRAM_NN(tokens_pass);

/** Numbers that a pass takes, the way back included. */
size_t BRAM_NN(tokens_room)(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p);

/** What the way forward gives: pointers into the room. */
typedef struct BRAM_NN(tokens_out) {
    bram_real *unit, *time;   /* rows units, rows span: the two parts of log lambda */
    bram_real *dunit, *dtime; /* as these: the caller's, for their gradients */
    bram_real *h, *top;       /* rows width: after and before the last norm */
    bram_real *dh;            /* rows width: for the gradient of h */
    bram_real *keep;          /* of the last norm: mean and scale of each row */
    bram_real *memory;        /* keys width: after their norm */
    BRAM_NN(decoder_trace) layer[BRAM_TOKENS_MOST_LAYERS];
} BRAM_NN(tokens_out);

void BRAM_NN(tokens)(const bram_nn_tokens *n, bram_real *parameter, const BRAM_NN(tokens_pass) * p,
                     bram_real *room, BRAM_NN(tokens_out) * out);

/** After the way forward, with the gradients in out->dunit and out->dtime: adds to the gradient of
 * the parameters. */
void BRAM_NN(tokens_back)(const bram_nn_tokens *n, bram_real *parameter, bram_real *gradient,
                          const BRAM_NN(tokens_pass) * p, bram_real *room,
                          const BRAM_NN(tokens_out) * out);

/** The same from out->dh, for readouts of the caller's own. */
void BRAM_NN(tokens_back_from)(const bram_nn_tokens *n, bram_real *parameter, bram_real *gradient,
                               const BRAM_NN(tokens_pass) * p, bram_real *room,
                               const BRAM_NN(tokens_out) * out);

/* ---- the loss ------------------------------------------------------------------------------- */

/** What is known of a window: its counts, row by row. */
typedef struct bram_nn_cells {
    size_t units, from, rows; /* cells of rows from .. rows - 1 count */
    const double *y;          /* rows units */
    const uint8_t *present;   /* rows units; NULL: all are there */
} bram_nn_cells;

/**
 * The negative log probability of the counts of a window, in nats.
 *
 * @param unit, time  of its tokens: tokens x units, tokens x `span`
 * @param cell        receives the log probability of each cell, rows x units (rows before `from`
 *                    and missing cells are left); NULL: not wanted
 * @param dunit, dtime  receive the gradients times `scale`; NULL: not wanted
 */
double BRAM_NN(tokens_loss)(const bram_nn_cells *c, size_t span, const bram_nn_token *token,
                            size_t tokens, const bram_real *unit, const bram_real *time,
                            bram_real *dunit, bram_real *dtime, double scale, double *cell);

/**
 * The same in three parts: cross entropy of the next token's row (or that there is none), of its
 * neuron given the row, and of its count given that it fires.
 */
void BRAM_NN(tokens_split)(const bram_nn_cells *c, size_t span, const bram_nn_token *token,
                           size_t tokens, const bram_real *unit, const bram_real *time,
                           double part[3]);

/** The rate of a cell by the two parts of its logarithm. */
double BRAM_NN(tokens_rate)(bram_real unit, bram_real time);

/* ---- row by row ----------------------------------------------------------------------------- */

/** Windows that grow token by token, all in step. */
typedef struct BRAM_NN(tokens_walk) {
    const bram_nn_tokens *n;
    bram_real *parameter;
    bram_nn_decoder shape; /* its sequences say which rows of memory each window sees */
    BRAM_NN(decoder_cache) cache[BRAM_TOKENS_MOST_LAYERS];
    bram_real *x, *room, *keep;
    bram_real *unit, *time; /* of the last token: sequences units, sequences span */
} BRAM_NN(tokens_walk);

/** Numbers that a walk of up to `most` tokens takes; of a pass only the memory counts. */
size_t BRAM_NN(tokens_walk_room)(const bram_nn_tokens *n, const BRAM_NN(tokens_pass) * p,
                                 size_t most);

void BRAM_NN(tokens_walk_open)(BRAM_NN(tokens_walk) * walk, const bram_nn_tokens *n,
                               bram_real *parameter, const BRAM_NN(tokens_pass) * p, size_t most,
                               bram_real *room);

/** One more token for every window, the step-th (from 0 on): fills unit and time. */
void BRAM_NN(tokens_walk_next)(BRAM_NN(tokens_walk) * walk, size_t step,
                               const bram_nn_token *token);

#endif
