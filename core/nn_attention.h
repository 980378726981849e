/*
 * nn_attention.h - scaled dot-product attention of several heads, forward and backward (Vaswani et
 * al. 2017):
 *
 *   p = softmax(q k' / sqrt(width / heads)), out = p v         for each sequence and head
 *
 * Queries, keys and values are rows of `width` numbers, `width / heads` of which belong to each
 * head; they may be parts of wider rows, as the stacked q, k, v of self-attention. Queries are
 * taken in blocks, and with a causal mask (query i sees keys 0 .. i) each block meets only the keys
 * that one of its rows sees: half of the work is left out.
 */
#ifndef BRAMBLE_CORE_NN_ATTENTION_H
#define BRAMBLE_CORE_NN_ATTENTION_H

#include "nn_real.h"

typedef struct bram_nn_attention {
    size_t batch, queries, keys, heads, width; /* width: a multiple of heads */
    size_t query_row, key_row;                 /* numbers from one row to the next */
    bool causal;                               /* queries == keys */
    bool adds; /* on the way back gradients of k and v are added to */
} bram_nn_attention;

/** Where queries, keys and values begin; on the way back their gradients. */
typedef struct BRAM_NN(qkv) {
    bram_real *q, *k, *v; /* rows of q query_row apart, those of k and v key_row */
} BRAM_NN(qkv);

/** Self-attention of rows that stack q, k, v: batch, steps, 3 width. */
bram_nn_attention BRAM_NN(self_attention)(size_t batch, size_t steps, size_t width, size_t heads,
                                          bool causal);
BRAM_NN(qkv) BRAM_NN(stacked)(bram_real *rows, size_t width);

/**
 * @param out  batch, queries, width
 * @param p    batch, heads, queries, keys: the probabilities, which the way back needs; 0 where
 *             masked
 */
void BRAM_NN(attention)(const bram_nn_attention *s, bram_real *out, bram_real *p,
                        const BRAM_NN(qkv) * x);

/** Numbers of scratch memory that the way back takes. */
size_t BRAM_NN(attention_room)(const bram_nn_attention *s);

/** Gradients of q, k and v, written (those of k and v added to where s->adds); p is overwritten. */
void BRAM_NN(attention_back)(const bram_nn_attention *s, const BRAM_NN(qkv) * dx,
                             const bram_real *dout, const BRAM_NN(qkv) * x, bram_real *p,
                             bram_real *room);

#endif
