/*
 * hmm_smooth.c - the smoother, from both ends at once; see hmm.h, and hmm.c for the recursions.
 *
 * Block by block the forward pass goes on from the first bin and the backward pass from the last, a
 * bin of each in one loop: neither waits for its own results. Up to the middle they leave a and b
 * in `kept`; beyond it each meets what the other has left, which becomes the posterior
 *
 *   g[t] = a[t] * b[t] / S[t],  S[t] = sum a[t] * b[t]
 *   pairs  P * sum of a[t-1]' (e[t] * b[t]) / (c[t] S[t]),  1 / (c[t] S[t]) = q[t-1] / S[t-1]
 *
 * The posterior goes to l, and what was there to `kept`: it comes back if something is lost. An
 * S[t] under 1e-150 is a loss, too: what can be reached and what can follow have next to nothing in
 * common there.
 */
#include "hmm_private.h"

#include "linalg.h"
#include "pair.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#define APART 1e-150

#define INLINE static inline __attribute__((always_inline))

struct smoothing {
    struct bram_scaled s;
    struct bram_backward back;
    bram_mat kept;    /* rows x K */
    double *pair;     /* width x width; NULL: not wanted */
    double *w;        /* width: of the bin after the backward block */
    double *row;      /* width */
    size_t half;      /* the first bin of the forward pass that is beyond the middle */
    size_t low, high; /* bins low .. high - 1 have met */
};

static int begin(bram_ctx *cx, struct smoothing *x, const bram_mat *l, const bram_chain *chain,
                 bool pairs)
{
    BRAM_TRY(bram_scaled_begin(cx, &x->s, l, chain));
    size_t width = x->s.width, rows = bram_scaled_length(l, 0);
    BRAM_TRY(bram_mat_scratch(cx, &x->kept, l->rows, l->cols));
    double *room = bram_scratch(cx, (2 * width + x->s.k + 1) * rows + (5 + width) * width + 4,
                                sizeof *room);
    if (!room) return BRAM_ENOMEM;
    x->back = (struct bram_backward){.pt = x->s.pt, .scale = 1, .b = room};
    x->back.w = x->back.b + rows * width;
    x->back.e = x->back.w + rows * width;
    x->back.q = x->back.e + rows * x->s.k + 4;
    x->back.after = x->back.q + rows;
    x->back.l = x->back.after + width;
    x->back.u = x->back.l + width;
    x->w = x->back.u + width;
    x->row = x->w + width;
    x->pair = pairs ? x->row + width : NULL;
    for (size_t j = 0; j < x->s.k; j++) x->back.u[j] = 1;
    return BRAM_OK;
}

/* Rows of a pass into kept. */
static void keep(const struct smoothing *x, const double *from, size_t at, size_t count)
{
    for (size_t t = 0; t < count; t++, from += x->s.width) {
        double *to = bram_row(&x->kept, at + t);
        for (size_t j = 0; j < x->s.k; j++) to[j] = from[j];
    }
}

/* pair += by a' w, times the matrix of the step where the steps differ. */
static inline void add_pair(const struct smoothing *x, const double *a, const double *w, double by,
                            size_t step_at)
{
    const struct bram_scaled *s = &x->s;
    const double *step = s->chain->steps ? bram_chain_step(s->chain, step_at) : NULL;
    double *to = x->pair;
    for (size_t i = 0; i < s->k; i++, to += s->width)
        for (size_t j = 0; j < s->width; j += 2) {
            bram_pair v = bram_pair_of(by * a[i]) * bram_pair_load(w + j);
            if (step) v[0] *= step[i * s->k + j];
            if (step && j + 1 < s->k) v[1] *= step[i * s->k + j + 1];
            bram_pair_store(to + j, bram_pair_load(to + j) + v);
        }
}

/* l = g = kept * other / S; kept = l, in case something is lost yet. @return 1 / S; NaN: lost */
INLINE double meet(double *l, double *kept, const double *other, size_t k)
{
    double even = 0, odd = 0, by;
#pragma GCC unroll 8
    for (size_t j = 0; j < k; j++)
        if (j % 2) odd += kept[j] * other[j];
        else even += kept[j] * other[j];
    if (!(even + odd >= APART)) return (double)NAN;
    by = 1 / (even + odd);
#pragma GCC unroll 8
    for (size_t j = 0; j < k; j++) {
        double g = kept[j] * other[j] * by;
        kept[j] = l[j];
        l[j] = g;
    }
    return by;
}

/* The forward block, beyond the middle: kept holds b. Pairs of each bin with the one before. */
INLINE int forward_rows(struct smoothing *x, size_t from, size_t count, size_t k)
{
    const struct bram_scaled *s = &x->s;
    size_t width = s->width;
    for (size_t t = 0; t < count; t++) {
        double *kept = bram_row(&x->kept, from + t), *a = s->a + t * width;
        const double *e = s->e + t * k;
        bool pair = x->pair && from + t > 0;
        for (size_t j = 0; j < k && pair; j++) x->row[j] = e[j] * kept[j];
        double by = meet(bram_row(s->l, from + t), kept, a, k);
        if (isnan(by)) return BRAM_LOST;
        x->high = from + t + 1;
        if (pair) add_pair(x, t ? a - width : s->before, x->row, by * s->r[t], from + t - 1);
    }
    return BRAM_OK;
}

/* The backward block, beyond the middle: kept holds a. Pairs of each bin with the one after. */
INLINE int backward_rows(struct smoothing *x, size_t at, size_t count, size_t k)
{
    const struct bram_backward *back = &x->back;
    size_t width = x->s.width;
    for (size_t t = count; t-- > 0;) {
        double *kept = bram_row(&x->kept, at + t);
        for (size_t j = 0; j < k; j++) x->row[j] = kept[j];
        double by = meet(bram_row(x->s.l, at + t), kept, back->b + t * width, k);
        if (isnan(by)) return BRAM_LOST;
        x->low = at + t;
        if (x->pair && at + t + 1 < x->half)
            add_pair(x, x->row, t + 1 < count ? back->w + (t + 1) * width : x->w, by * back->q[t],
                     at + t);
    }
    memcpy(x->w, back->w, width * sizeof *x->w);
    return BRAM_OK;
}

static BRAM_WIDE int meet_forward(struct smoothing *x, size_t from, size_t count)
{
    switch (x->s.k) {
    case 2:
        return forward_rows(x, from, count, 2);
    case 3:
        return forward_rows(x, from, count, 3);
    case 4:
        return forward_rows(x, from, count, 4);
    case 5:
        return forward_rows(x, from, count, 5);
    default:
        return forward_rows(x, from, count, x->s.k);
    }
}

static BRAM_WIDE int meet_backward(struct smoothing *x, size_t at, size_t count)
{
    switch (x->s.k) {
    case 2:
        return backward_rows(x, at, count, 2);
    case 3:
        return backward_rows(x, at, count, 3);
    case 4:
        return backward_rows(x, at, count, 4);
    case 5:
        return backward_rows(x, at, count, 5);
    default:
        return backward_rows(x, at, count, x->s.k);
    }
}

/* Block i of the forward pass and block j of the backward pass. */
static int two_blocks(struct smoothing *x, size_t i, size_t j, double *evidence)
{
    const bram_mat *l = x->s.l;
    size_t from = i * BRAM_SCALED_BLOCK, count = bram_scaled_length(l, from);
    size_t at = j * BRAM_SCALED_BLOCK, other = bram_scaled_length(l, at);
    if (bram_scaled_blocks(&x->s, from, count, &x->back, at, other) != BRAM_OK) return BRAM_LOST;
    *evidence += bram_scaled_evidence(&x->s, count);
    memcpy(x->back.after, x->back.b, x->s.width * sizeof *x->w);
    memcpy(x->back.l, bram_row(l, at), x->s.k * sizeof *x->w);
    if (i < j) keep(x, x->s.a, from, count);
    if (i <= j) keep(x, x->back.b, at, other);
    if (i < j) return BRAM_OK;
    if (meet_forward(x, from, count) != BRAM_OK) return BRAM_LOST;
    return i > j ? meet_backward(x, at, other) : BRAM_OK;
}

/* l as it was. */
static void keep_l(const struct smoothing *x)
{
    for (size_t t = x->low; t < x->high; t++)
        memcpy(bram_row(x->s.l, t), bram_row(&x->kept, t), x->s.k * sizeof(double));
}

static int smooth(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                  double *evidence)
{
    struct smoothing x = {0};
    size_t blocks = (l->rows + BRAM_SCALED_BLOCK - 1) / BRAM_SCALED_BLOCK, k = chain->states;
    double sum = 0;
    BRAM_TRY(begin(cx, &x, l, chain, pair));
    x.low = x.high = x.half = blocks / 2 * BRAM_SCALED_BLOCK;
    for (size_t i = 0; i < blocks; i++) {
        if (two_blocks(&x, i, blocks - 1 - i, &sum) != BRAM_OK) {
            keep_l(&x);
            return BRAM_LOST;
        }
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    for (size_t i = 0; i < k * k && pair; i++) {
        double v = x.pair[i / k * x.s.width + i % k];
        pair[i] += chain->steps ? v : v * chain->transition[i];
    }
    if (evidence) *evidence = sum;
    return BRAM_OK;
}

int bram_hmm_smooth(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                    double *evidence)
{
    size_t mark = bram_scratch_mark(cx);
    int status = smooth(cx, l, chain, pair, evidence);
    bram_scratch_release(cx, mark);
    if (status == BRAM_LOST) {
        status = bram_hmm_check(cx, l, chain);
        if (status == BRAM_OK) status = bram_hmm_smooth_log(cx, l, chain, pair, evidence);
        bram_scratch_release(cx, mark);
    }
    return status;
}
