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
 * l stays as it is until nothing can be lost any more. An S[t] under 1e-150 is a loss, too: what
 * can be reached and what can follow have next to nothing in common there.
 */
#include "hmm_private.h"

#include "linalg.h"
#include "pair.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#define APART 1e-150

struct smoothing {
    struct bram_scaled s;
    struct bram_backward back;
    bram_mat kept; /* rows x K */
    double *pair;  /* width x width; NULL: not wanted */
    double *w;     /* width: of the bin after the backward block */
    double *row;   /* width */
    size_t half;   /* the first bin of the forward pass that is beyond the middle */
};

static int begin(bram_ctx *cx, struct smoothing *x, const bram_mat *l, const bram_chain *chain,
                 bool pairs)
{
    BRAM_TRY(bram_scaled_begin(cx, &x->s, l, chain));
    size_t width = x->s.width, rows = bram_scaled_length(l, 0);
    BRAM_TRY(bram_mat_scratch(cx, &x->kept, l->rows, l->cols));
    double *room = bram_scratch(cx, (2 * width + 1) * rows + (4 + width) * width, sizeof *room);
    if (!room) return BRAM_ENOMEM;
    x->back = (struct bram_backward){.pt = x->s.pt, .scale = 1, .b = room};
    x->back.e = x->back.b + rows * width;
    x->back.q = x->back.e + rows * width;
    x->back.after = x->back.q + rows;
    x->back.u = x->back.after + width;
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

/* g = a * b / S in place of `kept`. @return 1 / S; NaN: lost */
static inline double meet(double *kept, const double *other, size_t k)
{
    double total = 0;
    for (size_t j = 0; j < k; j++) total += kept[j] *= other[j];
    if (!(total >= APART)) return (double)NAN;
    double by = 1 / total;
    for (size_t j = 0; j < k; j++) kept[j] *= by;
    return by;
}

/* The forward block, beyond the middle: kept holds b. Pairs of each bin with the one before. */
static BRAM_WIDE int meet_forward(const struct smoothing *x, size_t from, size_t count)
{
    const struct bram_scaled *s = &x->s;
    for (size_t t = 0; t < count; t++) {
        double *kept = bram_row(&x->kept, from + t), *a = s->a + t * s->width;
        const double *e = s->e + t * s->width;
        bool pair = x->pair && from + t > 0;
        for (size_t j = 0; j < s->k && pair; j++) x->row[j] = e[j] * kept[j];
        double by = meet(kept, a, s->k);
        if (isnan(by)) return BRAM_LOST;
        if (pair) add_pair(x, t ? a - s->width : s->before, x->row, by * s->r[t], from + t - 1);
    }
    return BRAM_OK;
}

/* The backward block, beyond the middle: kept holds a. Pairs of each bin with the one after. */
static BRAM_WIDE int meet_backward(const struct smoothing *x, size_t at, size_t count)
{
    const struct bram_backward *back = &x->back;
    size_t width = x->s.width, k = x->s.k;
    for (size_t t = count; t-- > 0;) {
        double *kept = bram_row(&x->kept, at + t);
        for (size_t j = 0; j < k; j++) x->row[j] = kept[j];
        double by = meet(kept, back->b + t * width, k);
        if (isnan(by)) return BRAM_LOST;
        if (x->pair && at + t + 1 < x->half)
            add_pair(x, x->row, t + 1 < count ? back->e + (t + 1) * width : x->w, by * back->q[t],
                     at + t);
    }
    memcpy(x->w, back->e, width * sizeof *x->w);
    return BRAM_OK;
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
    if (i < j) keep(x, x->s.a, from, count);
    if (i <= j) keep(x, x->back.b, at, other);
    if (i < j) return BRAM_OK;
    if (meet_forward(x, from, count) != BRAM_OK) return BRAM_LOST;
    return i > j ? meet_backward(x, at, other) : BRAM_OK;
}

static int smooth(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                  double *evidence)
{
    struct smoothing x = {0};
    size_t blocks = (l->rows + BRAM_SCALED_BLOCK - 1) / BRAM_SCALED_BLOCK, k = chain->states;
    double sum = 0;
    BRAM_TRY(begin(cx, &x, l, chain, pair));
    x.half = blocks / 2 * BRAM_SCALED_BLOCK;
    for (size_t i = 0; i < blocks; i++) {
        if (two_blocks(&x, i, blocks - 1 - i, &sum) != BRAM_OK) return BRAM_LOST;
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    for (size_t t = 0; t < l->rows; t++) {
        double *to = bram_row(l, t);
        for (size_t j = 0; j < k; j++) to[j] = bram_row(&x.kept, t)[j];
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
