/*
 * nn_decoder.h - one layer of a transformer decoder, forward and backward. Names, shapes and
 * arithmetic are those of torch.nn.TransformerDecoderLayer with norms first and exact GELU:
 *
 *   m = x + S(norm1(x)),    n = m + C(norm2(m), memory),    y = n + F(norm3(n))
 *
 * S is causal self-attention of the rows of a sequence, C attention of these rows to the sequence's
 * rows of memory, F = linear2(gelu(linear1(.))). Sequences may have different lengths: their rows
 * stand one after the other, as do those of memory, which sequences may share. Dropout falls on the
 * results of S, C and F.
 */
#ifndef BRAMBLE_CORE_NN_DECODER_H
#define BRAMBLE_CORE_NN_DECODER_H

#include "nn_real.h"

/** Rows first .. first + rows - 1, which attend to the rows memory .. memory + keys - 1 of memory;
 * each has one at least. */
typedef struct bram_nn_sequence {
    size_t first, rows, memory, keys;
} bram_nn_sequence;

typedef struct bram_nn_decoder {
    size_t rows, keys; /* of all sequences */
    const bram_nn_sequence *sequence;
    size_t sequences;
    size_t width, heads, ff; /* width: a multiple of heads */
    double eps;

    double dropout; /* 0: none; otherwise a draw depends on what follows and on the row */
    uint64_t seed, step, first; /* first: the number of the first row of the first sequence */
    size_t layer;
} bram_nn_decoder;

/** The layer's tensors: S, C (q, k, v stacked: 3 width x width), F, the three norms. */
enum bram_nn_decoder_part {
    BRAM_DECODER_SELF_IN_W,
    BRAM_DECODER_SELF_IN_B,
    BRAM_DECODER_SELF_OUT_W,
    BRAM_DECODER_SELF_OUT_B,
    BRAM_DECODER_CROSS_IN_W,
    BRAM_DECODER_CROSS_IN_B,
    BRAM_DECODER_CROSS_OUT_W,
    BRAM_DECODER_CROSS_OUT_B,
    BRAM_DECODER_LINEAR1_W,
    BRAM_DECODER_LINEAR1_B,
    BRAM_DECODER_LINEAR2_W,
    BRAM_DECODER_LINEAR2_B,
    BRAM_DECODER_NORM1_W,
    BRAM_DECODER_NORM1_B,
    BRAM_DECODER_NORM2_W,
    BRAM_DECODER_NORM2_B,
    BRAM_DECODER_NORM3_W,
    BRAM_DECODER_NORM3_B,
    BRAM_NN_DECODER_TENSORS
};

typedef struct bram_nn_decoder_tensor {
    const char *name;  /* PyTorch's, "multihead_attn.in_proj_weight" */
    size_t rows, cols; /* cols 0: one dimension */
} bram_nn_decoder_tensor;

void BRAM_NN(decoder_tensors)(const bram_nn_decoder *s,
                              bram_nn_decoder_tensor tensor[BRAM_NN_DECODER_TENSORS]);

typedef struct BRAM_NN(decoder_weights) {
    bram_real *at[BRAM_NN_DECODER_TENSORS];
} BRAM_NN(decoder_weights);

/** The weights within one array that holds the tensors one after the other. */
BRAM_NN(decoder_weights) BRAM_NN(decoder_at)(const bram_nn_decoder *s, bram_real *values);

/** What the way forward leaves for the way back. */
typedef struct BRAM_NN(decoder_trace) {
    bram_real *norm[3], *keep[3]; /* rows width: what the norms give; 2 rows */
    bram_real *qkv, *self;        /* rows 3 width; heads rows rows of each sequence */
    bram_real *q, *kv, *cross;    /* rows width; keys 2 width; heads rows keys of each sequence */
    bram_real *heads[2], *mid[2]; /* rows width: what attention gives; m and n */
    bram_real *slope, *act;       /* rows ff: of the activation, and what it gives */
} BRAM_NN(decoder_trace);

/** Numbers that a trace takes, and a trace within that many. */
size_t BRAM_NN(decoder_trace_size)(const bram_nn_decoder *s);
BRAM_NN(decoder_trace) BRAM_NN(decoder_trace_at)(const bram_nn_decoder *s, bram_real *values);

/** y from x (rows width) and memory (keys width). */
void BRAM_NN(decoder)(const bram_nn_decoder *s, const BRAM_NN(decoder_weights) * w, bram_real *y,
                      const bram_real *x, const bram_real *memory,
                      const BRAM_NN(decoder_trace) * trace);

/** Numbers of scratch memory that the way back takes. */
size_t BRAM_NN(decoder_room)(const bram_nn_decoder *s);

/** dy becomes the gradient of x; those of the weights and of memory (keys width) are added to; the
 * probabilities of the trace are overwritten. */
void BRAM_NN(decoder_back)(const bram_nn_decoder *s, const BRAM_NN(decoder_weights) * w,
                           const BRAM_NN(decoder_weights) * grad, bram_real *dy, bram_real *dmemory,
                           const bram_real *x, const bram_real *memory,
                           const BRAM_NN(decoder_trace) * trace, bram_real *room);

/* ---- row by row ----------------------------------------------------------------------------- */

/** What sequences of one length keep while they grow: the keys and values of their rows. */
typedef struct BRAM_NN(decoder_cache) {
    size_t most;    /* rows that there is room for */
    bram_real *own; /* sequences most 2 width */
    bram_real *kv;  /* keys 2 width: of memory */
} BRAM_NN(decoder_cache);

/** The keys and values of memory. */
void BRAM_NN(decoder_open)(const bram_nn_decoder *s, const BRAM_NN(decoder_weights) * w,
                           const bram_real *memory, const BRAM_NN(decoder_cache) * cache);

/** Numbers of scratch memory that one more row takes. */
size_t BRAM_NN(decoder_next_room)(const bram_nn_decoder *s, size_t most);

/** Row `row` of every sequence: x (sequences width) becomes what `decoder` gives there. Only the
 * memory and keys of the sequences are looked at. */
void BRAM_NN(decoder_next)(const bram_nn_decoder *s, const BRAM_NN(decoder_weights) * w,
                           bram_real *x, size_t row, const BRAM_NN(decoder_cache) * cache,
                           bram_real *room);

#endif
