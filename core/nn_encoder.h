/*
 * nn_encoder.h - one layer of a transformer encoder, forward and backward. Names, shapes and
 * arithmetic are those of torch.nn.TransformerEncoderLayer:
 *
 *   norms first (pre-norm)   m = x + A(norm1(x)),     y = m + F(norm2(m))
 *   norms last (post-norm)   m = norm1(x + A(x)),     y = norm2(m + F(m))
 *
 * A is self-attention with its output product, F = linear2(act(linear1(.))). Dropout falls on the
 * results of A and F and, inside F, on those of act; none on the probabilities of attention.
 */
#ifndef BRAMBLE_CORE_NN_ENCODER_H
#define BRAMBLE_CORE_NN_ENCODER_H

#include "nn_act.h"

typedef struct bram_nn_encoder {
    size_t batch, steps, width, heads, ff;
    bool causal, norm_last;
    bram_nn_act act; /* RELU or GELU */
    double eps;

    double dropout; /* 0: none; otherwise a draw depends on what follows */
    uint64_t seed, step;
    size_t layer, first; /* first: the number of this batch's first sequence */
} bram_nn_encoder;

/** in: 3 width x width (q, k, v); out: width x width; 1: ff x width; 2: width x ff. */
typedef struct BRAM_NN(encoder_weights) {
    bram_real *in_w, *in_b, *out_w, *out_b, *w1, *b1, *w2, *b2;
    bram_real *norm1_w, *norm1_b, *norm2_w, *norm2_b;
} BRAM_NN(encoder_weights);

enum { BRAM_NN_ENCODER_TENSORS = 12 };

/** The layer's tensors, in the order of the struct above. */
typedef struct bram_nn_encoder_tensor {
    const char *name;  /* PyTorch's, "self_attn.in_proj_weight" */
    size_t rows, cols; /* cols 0: one dimension */
} bram_nn_encoder_tensor;

void BRAM_NN(encoder_tensors)(const bram_nn_encoder *s,
                              bram_nn_encoder_tensor tensor[BRAM_NN_ENCODER_TENSORS]);

/** The weights within one array that holds the tensors one after the other. */
BRAM_NN(encoder_weights) BRAM_NN(encoder_at)(const bram_nn_encoder *s, bram_real *values);

/** What the way forward leaves for the way back; rows = batch steps. */
typedef struct BRAM_NN(encoder_trace) {
    bram_real *norm1, *keep1; /* rows width: norm1(x), or the sum before it; 2 rows */
    bram_real *qkv, *p;       /* rows 3 width; batch heads steps steps */
    bram_real *heads, *mid;   /* rows width each: what attention gives, m */
    bram_real *norm2, *keep2; /* as norm1 */
    bram_real *slope, *act;   /* rows ff: of the activation, and what it gives */
} BRAM_NN(encoder_trace);

/** Numbers that a trace takes, and a trace within that many. */
size_t BRAM_NN(encoder_trace_size)(const bram_nn_encoder *s);
BRAM_NN(encoder_trace) BRAM_NN(encoder_trace_at)(const bram_nn_encoder *s, bram_real *values);

/** y from x: batch, steps, width. */
void BRAM_NN(encoder)(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w, bram_real *y,
                      const bram_real *x, const BRAM_NN(encoder_trace) * trace);

/** Numbers of scratch memory that the way back takes. */
size_t BRAM_NN(encoder_room)(const bram_nn_encoder *s);

/** dy becomes the gradient of x; those of the weights are added to; p of the trace is overwritten.
 */
void BRAM_NN(encoder_back)(const bram_nn_encoder *s, const BRAM_NN(encoder_weights) * w,
                           const BRAM_NN(encoder_weights) * grad, bram_real *dy, const bram_real *x,
                           const BRAM_NN(encoder_trace) * trace, bram_real *room);

/** Positions as sines and cosines of width / 2 wavelengths from 2 pi to 10000 * 2 pi (Vaswani et
 * al. 2017): steps x width. */
void BRAM_NN(sinusoids)(bram_real *out, size_t steps, size_t width);

#endif
