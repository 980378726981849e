/*
 * hmm.c - the scaled forward and backward recursions; see hmm.h.
 *
 * With e[t] = exp(l[t] - max l[t]) and * element by element,
 *
 *   forward   v[t] = (a[t-1] P) * e[t],  c[t] = sum v[t],  a[t] = v[t] / c[t]
 *   backward  b[T-1] = 1,  w[t] = e[t] * b[t] / c[t],  b[t-1] = P w[t]
 *   log p(y) = sum of log c[t] + max l[t],  posterior a[t] * b[t],  pairs P * sum a[t-1]' w[t]
 *
 * The chain of dependent operations decides the time, not their number: the division by c[t-1] is
 * applied one bin later, beside the product, and rows are padded to an even width so that two
 * states are worked on at a time; widths up to 8 have code of their own.
 *
 * What the scaling can lose: the weight of a state far below the others' (under 1e-290 of them).
 * With transitions all above 1e-100 it is made good at the next bin. Where some are below (in
 * effect forbidden) such a loss sends the sequence to log space, and so does any c[t] under 1e-100.
 */
#include "hmm_private.h"

#include "pair.h"
#include "vexp.h"

#include <math.h>
#include <string.h>

/* Bins of a block: everything about one stays in the first cache for a few states. */
enum { BLOCK = 512 };

#define LOST       1 /* not a status: what the scaled pass cannot do, log space can */
#define FORBIDDEN  1e-100
#define NEGLIGIBLE 1e-290

struct scaled {
    const bram_chain *chain;
    const bram_mat *l;
    size_t k, width; /* states; the same made even */
    bool sparse;     /* some transitions are as good as forbidden */
    double *p, *pt;  /* width x width: the matrix and its transpose, padded with zeros */
    double *e;       /* BLOCK x width; on the way back it becomes w */
    double *a;       /* BLOCK x width */
    double *max;     /* BLOCK */
    double *r;       /* BLOCK: 1 / c */
    double *before;  /* width: a of the bin before the block */
    double *start;   /* width: the same at its beginning, then a of its last bin */
    double *v;       /* width */
};

/* ---- kernels: the width is a constant wherever it is small ---------------------------------- */

#define INLINE static inline __attribute__((always_inline))

/* Columns j and j + 1 of the row x m, m being width x width. */
INLINE bram_pair times(const double *x, const double *m, size_t j, size_t width)
{
    bram_pair even = {0, 0}, odd = {0, 0};
#pragma GCC unroll 4
    for (size_t i = 0; i < width; i += 2) {
        even += (bram_pair){x[i], x[i]} * bram_pair_load(m + i * width + j);
        odd += (bram_pair){x[i + 1], x[i + 1]} * bram_pair_load(m + (i + 1) * width + j);
    }
    return even + odd;
}

/* Bins of the block from v (not scaled yet) and 1 over its sum; fills a and r. */
INLINE void forward_kernel(const struct scaled *s, size_t first, size_t count, size_t width)
{
    double *v = s->v, scale = 1;
    memcpy(v, s->start, width * sizeof *v);
    for (size_t t = first; t < first + count; t++) {
        double *a = s->a + t * width;
        const double *e = s->e + t * width;
        bram_pair sum = {0, 0};
#pragma GCC unroll 4
        for (size_t j = 0; j < width; j += 2) {
            bram_pair x = times(v, s->p, j, width) * bram_pair_load(e + j) *
                          (bram_pair){scale, scale};
            sum += x;
            bram_pair_store(a + j, x);
        }
        memcpy(v, a, width * sizeof *v);
        scale = 1 / (sum[0] + sum[1]);
        s->r[t] = scale;
#pragma GCC unroll 4
        for (size_t j = 0; j < width; j += 2)
            bram_pair_store(a + j, bram_pair_load(a + j) * (bram_pair){scale, scale});
    }
    memcpy(s->start, s->a + (first + count - 1) * width, width * sizeof *v);
}

/* On the way back: b is that of the last bin of the range and becomes that of the bin before the
 * first; posterior (not normalised) into g, w into e. */
INLINE void backward_kernel(const struct scaled *s, double *b, double *g, size_t first,
                            size_t count, size_t width)
{
    for (size_t t = first + count; t-- > first;) {
        const double *a = s->a + t * width;
        double *w = s->e + t * width;
#pragma GCC unroll 4
        for (size_t j = 0; j < width; j += 2) {
            bram_pair there = bram_pair_load(a + j), x = bram_pair_load(b + j), zero = {0, 0};
            /* what cannot be reached may have any b, infinity included: it counts for nothing */
            x = (bram_pair)((there != zero) & (__typeof__(there != zero))x);
            bram_pair_store(g + t * width + j, there * x);
            bram_pair_store(w + j, bram_pair_load(w + j) * x * (bram_pair){s->r[t], s->r[t]});
        }
#pragma GCC unroll 4
        for (size_t j = 0; j < width; j += 2) bram_pair_store(b + j, times(w, s->pt, j, width));
    }
}

static void forward_range(const struct scaled *s, size_t first, size_t count)
{
    switch (s->width) {
    case 2:
        forward_kernel(s, first, count, 2);
        break;
    case 4:
        forward_kernel(s, first, count, 4);
        break;
    case 6:
        forward_kernel(s, first, count, 6);
        break;
    case 8:
        forward_kernel(s, first, count, 8);
        break;
    default:
        forward_kernel(s, first, count, s->width);
    }
}

static void backward_range(const struct scaled *s, double *b, double *g, size_t first, size_t count)
{
    switch (s->width) {
    case 2:
        backward_kernel(s, b, g, first, count, 2);
        break;
    case 4:
        backward_kernel(s, b, g, first, count, 4);
        break;
    case 6:
        backward_kernel(s, b, g, first, count, 6);
        break;
    case 8:
        backward_kernel(s, b, g, first, count, 8);
        break;
    default:
        backward_kernel(s, b, g, first, count, s->width);
    }
}

/* ---- the forward pass ----------------------------------------------------------------------- */

static void set_step(const struct scaled *s, size_t t)
{
    const double *step = bram_chain_step(s->chain, t);
    for (size_t i = 0; i < s->k; i++)
        for (size_t j = 0; j < s->k; j++)
            s->p[i * s->width + j] = s->pt[j * s->width + i] = step[i * s->k + j];
}

static int prepare(bram_ctx *cx, struct scaled *s, const bram_mat *l, const bram_chain *chain)
{
    size_t k = chain->states, width = k + k % 2, rows = l->rows < BLOCK ? l->rows : BLOCK;
    if (l->rows == 0 || l->cols != k || k == 0 || (chain->steps && chain->steps != l->rows - 1))
        return bram_fail(cx, BRAM_ESHAPE,
                         "log-likelihoods are %zu x %zu for a chain of %zu states and %zu steps",
                         l->rows, l->cols, k, chain->steps);
    *s = (struct scaled){.chain = chain, .l = l, .k = k, .width = width};
    s->p = bram_scratch(cx, 2 * width * width + 3 * width + rows * (2 * width + 2), sizeof *s->p);
    if (!s->p) return BRAM_ENOMEM;
    s->pt = s->p + width * width;
    s->start = s->pt + width * width;
    s->before = s->start + width;
    s->v = s->before + width;
    s->e = s->v + width;
    s->a = s->e + rows * width;
    s->max = s->a + rows * width;
    s->r = s->max + rows;
    size_t steps = chain->steps ? chain->steps : 1;
    for (size_t i = 0; i < steps * k * k; i++)
        s->sparse = s->sparse || !(chain->transition[i] >= FORBIDDEN);
    if (!chain->steps) set_step(s, 0);
    return BRAM_OK;
}

static void load_block(const struct scaled *s, size_t from, size_t count)
{
    for (size_t t = 0; t < count; t++) {
        const double *l = bram_row(s->l, from + t);
        double *e = s->e + t * s->width, max = l[0];
        for (size_t j = 1; j < s->k; j++) max = l[j] > max ? l[j] : max;
        for (size_t j = 0; j < s->k; j++) e[j] = l[j] - max;
        if (s->k < s->width) e[s->k] = -(double)INFINITY;
        s->max[t] = max;
    }
    bram_vexp(s->e, count * s->width);
}

/* Whether the weight of state j in bin t of the block is lost that should be above nothing. */
static bool lost_state(const struct scaled *s, size_t from, size_t t, size_t j)
{
    const double *a = s->a + t * s->width, *past = t ? a - s->width : s->before;
    if (a[j] >= NEGLIGIBLE || bram_row(s->l, from + t)[j] == -(double)INFINITY) return false;
    if (from + t == 0) return s->chain->initial[j] > 0;
    const double *step = bram_chain_step(s->chain, from + t - 1);
    for (size_t i = 0; i < s->k; i++)
        if (past[i] > 0 && step[i * s->k + j] > 0) return true;
    return false;
}

static bool lost(const struct scaled *s, size_t from, size_t count)
{
    for (size_t t = 0; t < count; t++)
        if (!(s->r[t] <= 1 / FORBIDDEN)) return true;
    for (size_t t = 0; t < count && s->sparse; t++)
        for (size_t j = 0; j < s->k; j++)
            if (lost_state(s, from, t, j)) return true;
    return false;
}

static void first_bin(const struct scaled *s)
{
    double sum = 0;
    for (size_t j = 0; j < s->width; j++) {
        s->a[j] = j < s->k ? s->chain->initial[j] * s->e[j] : 0;
        sum += s->a[j];
    }
    s->r[0] = 1 / sum;
    for (size_t j = 0; j < s->width; j++) s->start[j] = s->a[j] *= s->r[0];
}

/* Fills max, e, a, r of the block; start is a of the bin before it, and becomes that of its last.
 */
static int forward_block(const struct scaled *s, size_t from, size_t count)
{
    size_t t = 0;
    memcpy(s->before, s->start, s->width * sizeof *s->before);
    load_block(s, from, count);
    if (from == 0) first_bin(s), t = 1;
    if (!s->chain->steps && t < count) forward_range(s, t, count - t);
    for (; s->chain->steps && t < count; t++) {
        set_step(s, from + t - 1);
        forward_range(s, t, 1);
    }
    return lost(s, from, count) ? LOST : BRAM_OK;
}

/* Sum of log c[t] + max of the block: one logarithm for a run of factors that stay in range. */
static double block_evidence(const struct scaled *s, size_t count)
{
    double sum = 0, product = 1;
    for (size_t t = 0; t < count; t++) {
        sum += s->max[t];
        product *= s->r[t];
        if (product > 1e150 || product < 1e-150) sum -= log(product), product = 1;
    }
    return sum - log(product);
}

static size_t block_length(const bram_mat *l, size_t from)
{
    return l->rows - from < BLOCK ? l->rows - from : BLOCK;
}

/* ---- smoother ------------------------------------------------------------------------------- */

struct backward {
    double *b;    /* width: of the last bin of the block */
    double *g;    /* BLOCK x width */
    double *pair; /* width x width: sums of a' w, times P where the steps differ */
};

static void add_pairs(const struct scaled *s, double *pair, size_t from, size_t count)
{
    size_t width = s->width;
    for (size_t t = from == 0; t < count; t++) {
        const double *a = t ? s->a + (t - 1) * width : s->before, *w = s->e + t * width;
        const double *step = s->chain->steps ? bram_chain_step(s->chain, from + t - 1) : NULL;
        for (size_t i = 0; i < s->k; i++)
            for (size_t j = 0; j < width; j += 2) {
                bram_pair x = (bram_pair){a[i], a[i]} * bram_pair_load(w + j);
                if (step) x[0] *= step[i * s->k + j];
                if (step && j + 1 < s->k) x[1] *= step[i * s->k + j + 1];
                bram_pair_store(pair + i * width + j, bram_pair_load(pair + i * width + j) + x);
            }
    }
}

/* The block of which forward_block was just done: the posterior goes to l. */
static int backward_block(bram_ctx *cx, const struct scaled *s, const struct backward *back,
                          bram_mat *l, size_t from, size_t count)
{
    if (!s->chain->steps) backward_range(s, back->b, back->g, 0, count);
    for (size_t t = count; s->chain->steps && t-- > 0;) {
        if (from + t > 0) set_step(s, from + t - 1);
        backward_range(s, back->b, back->g, t, 1);
    }
    for (size_t t = 0; t < count; t++) {
        const double *g = back->g + t * s->width;
        double sum = 0;
        for (size_t j = 0; j < s->width; j++) sum += g[j];
        if (!(fabs(sum - 1) < 1e-6))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "bin %zu: the posterior of the states sums to %g, not 1", from + t,
                             sum);
        sum = 1 / sum;
        for (size_t j = 0; j < s->k; j++) bram_row(l, from + t)[j] = g[j] * sum;
    }
    add_pairs(s, back->pair, from, count);
    return BRAM_OK;
}

static int smooth(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                  double *evidence)
{
    struct scaled s;
    BRAM_TRY(prepare(cx, &s, l, chain));
    size_t blocks = (l->rows + BLOCK - 1) / BLOCK, width = s.width;
    size_t rows = l->rows < BLOCK ? l->rows : BLOCK;
    double *starts = bram_scratch(cx, (blocks + 1 + rows + width) * width, sizeof *starts);
    if (!starts) return BRAM_ENOMEM;
    struct backward back = {starts + blocks * width, starts + (blocks + 1) * width,
                            starts + (blocks + 1 + rows) * width};
    double sum = 0;
    for (size_t i = 0; i < blocks; i++) {
        memcpy(starts + i * width, s.start, width * sizeof *starts);
        if (forward_block(&s, i * BLOCK, block_length(l, i * BLOCK)) != BRAM_OK) return LOST;
        sum += block_evidence(&s, block_length(l, i * BLOCK));
    }
    for (size_t j = 0; j < s.k; j++) back.b[j] = 1;
    for (size_t i = blocks; i-- > 0;) {
        size_t from = i * BLOCK, count = block_length(l, from);
        if (i + 1 < blocks) {
            memcpy(s.start, starts + i * width, width * sizeof *starts);
            if (forward_block(&s, from, count) != BRAM_OK) return LOST;
        }
        BRAM_TRY(backward_block(cx, &s, &back, l, from, count));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    for (size_t i = 0; i < s.k * s.k && pair; i++) {
        double x = back.pair[i / s.k * width + i % s.k];
        pair[i] += chain->steps ? x : x * chain->transition[i];
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
    if (status == LOST) {
        status = bram_hmm_check(cx, l, chain);
        if (status == BRAM_OK) status = bram_hmm_smooth_log(cx, l, chain, pair, evidence);
        bram_scratch_release(cx, mark);
    }
    return status;
}

/* ---- filter --------------------------------------------------------------------------------- */

/* row times the matrix of step t, without padding */
static void advance(double *out, const double *row, const bram_chain *chain, size_t t)
{
    const double *step = bram_chain_step(chain, t);
    for (size_t j = 0; j < chain->states; j++) out[j] = 0;
    for (size_t i = 0; i < chain->states; i++)
        for (size_t j = 0; j < chain->states; j++) out[j] += row[i] * step[i * chain->states + j];
}

static int filter(bram_ctx *cx, bram_mat *predicted, double *next, double *bin, double *evidence,
                  const bram_mat *l, const bram_chain *chain)
{
    struct scaled s;
    double sum = 0;
    BRAM_TRY(prepare(cx, &s, l, chain));
    for (size_t from = 0; from < l->rows; from += BLOCK) {
        size_t count = block_length(l, from);
        if (forward_block(&s, from, count) != BRAM_OK) return LOST;
        sum += block_evidence(&s, count);
        for (size_t t = 0; t < count && predicted; t++) {
            double *out = bram_row(predicted, from + t);
            if (from + t == 0) memcpy(out, chain->initial, s.k * sizeof *out);
            else advance(out, t ? s.a + (t - 1) * s.width : s.before, chain, from + t - 1);
        }
        for (size_t t = 0; t < count && bin; t++) bin[from + t] = s.max[t] - log(s.r[t]);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    if (next && !chain->steps) advance(next, s.start, chain, 0);
    if (evidence) *evidence = sum;
    return BRAM_OK;
}

int bram_hmm_filter(bram_ctx *cx, bram_mat *predicted, double *next, double *bin, double *evidence,
                    const bram_mat *l, const bram_chain *chain)
{
    size_t mark = bram_scratch_mark(cx);
    int status = filter(cx, predicted, next, bin, evidence, l, chain);
    bram_scratch_release(cx, mark);
    if (status == LOST) {
        status = bram_hmm_check(cx, l, chain);
        if (status == BRAM_OK)
            status = bram_hmm_filter_log(cx, predicted, next, bin, evidence, l, chain);
        bram_scratch_release(cx, mark);
    }
    return status;
}
