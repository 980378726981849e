/*
 * hmm.c - the scaled recursions and the filter; see hmm.h. The smoother is in hmm_smooth.c.
 *
 * With e[t] = exp(l[t] - max l[t]) and * element by element,
 *
 *   forward   v[t] = (a[t-1] P) * e[t],  c[t] = sum v[t],  a[t] = v[t] / c[t]
 *   backward  b[T-1] = 1,  u[t-1] = P (e[t] * b[t]),  b[t-1] = q[t-1] u[t-1],  q = 1 / sum u
 *   log p(y) = sum of log c[t] + max l[t]
 *
 * The chain of dependent operations decides the time, not their number: the division by c[t-1] is
 * applied one bin later, beside the product; rows are padded to a multiple of four so that four
 * states are worked on at a time; and one loop can do a bin of each pass. Up to 8 states have code
 * of their own.
 *
 * What the scaling can lose: the weight of a state far below the others' (under 1e-290 of them).
 * With transitions all above 1e-100 it is made good at the next bin. Where some are below (in
 * effect forbidden) such a loss sends the sequence to log space, and so does any sum under 1e-100.
 */
#include "hmm_private.h"

#include "vexp.h"
#include "wide.h"

#include <math.h>
#include <string.h>

#define FORBIDDEN  1e-100
#define NEGLIGIBLE 1e-290

/* ---- kernels: the width is a constant wherever it is small ---------------------------------- */

#define INLINE static inline __attribute__((always_inline))

typedef double quad __attribute__((vector_size(32)));

/* Not functions: as arguments such vectors would be passed in memory. */
#define QUAD_LOAD(v, at)  memcpy(&(v), (at), sizeof(quad))
#define QUAD_STORE(at, v) memcpy((at), &(v), sizeof(quad))

/* Columns j .. j + 3 of the row x m, m being k x width. */
INLINE void times(quad *out, const double *x, const double *m, size_t j, size_t k, size_t width)
{
    quad even = {0}, odd = {0}, row;
#pragma GCC unroll 8
    for (size_t i = 0; i < k; i++) {
        QUAD_LOAD(row, m + i * width + j);
        if (i % 2) odd += x[i] * row;
        else even += x[i] * row;
    }
    *out = even + odd;
}

/* Bin t, not scaled, from that before it (v) with 1 over its sum. @return the same of bin t */
INLINE double forward_bin(const struct bram_scaled *s, const double *v, double scale, size_t t,
                          size_t k, size_t width)
{
    double *a = s->a + t * width;
    const double *e = s->e + t * k;
    quad sum = {0}, x, y;
#pragma GCC unroll 2
    for (size_t j = 0; j < width; j += 4) {
        times(&x, v, s->p, j, k, width);
        QUAD_LOAD(y, e + j);
        x = x * y * scale;
        sum += x;
        QUAD_STORE(a + j, x);
    }
    return s->r[t] = 1 / ((sum[0] + sum[2]) + (sum[1] + sum[3]));
}

/* u holds bin t, not scaled, and becomes the bin before; scale is 1 over its sum. b and w are left
 * as they come, too. */
INLINE double backward_bin(const struct bram_backward *back, double scale, size_t t, size_t k,
                           size_t width)
{
    double *w = back->w + t * width, *b = back->b + t * width, *u = back->u;
    const double *e = back->e + t * k;
    quad sum = {0}, x, y;
#pragma GCC unroll 2
    for (size_t j = 0; j < width; j += 4) {
        QUAD_LOAD(x, u + j);
        QUAD_LOAD(y, e + j);
        y = y * x;
        QUAD_STORE(b + j, x);
        QUAD_STORE(w + j, y);
    }
    back->q[t] = scale;
#pragma GCC unroll 2
    for (size_t j = 0; j < width; j += 4) {
        times(&x, w, back->pt, j, k, width);
        x = x * scale;
        sum += x;
        QUAD_STORE(u + j, x);
    }
    return 1 / ((sum[0] + sum[2]) + (sum[1] + sum[3]));
}

/* Rows of x times their scales. */
INLINE void scale_rows(double *x, const double *scale, size_t n, size_t width)
{
    for (size_t t = 0; t < n; t++, x += width)
#pragma GCC unroll 2
        for (size_t j = 0; j < width; j += 4) {
            quad v;
            QUAD_LOAD(v, x + j);
            v = v * scale[t];
            QUAD_STORE(x + j, v);
        }
}

/* Forward over bins t .. t + n - 1, backward over the m bins before `end`: a bin of each as long as
 * both have some. */
INLINE void kernel(const struct bram_scaled *s, size_t t, size_t n, struct bram_backward *back,
                   size_t end, size_t m, size_t k, size_t width)
{
    double scale = 1, other = back ? back->scale : 1;
    const double *v = s->start;
    size_t first = t, last = t + n, from = end - m;
    for (; t < last && end > from; t++) {
        scale = forward_bin(s, v, scale, t, k, width);
        v = s->a + t * width;
        other = backward_bin(back, other, --end, k, width);
    }
    while (end > from) other = backward_bin(back, other, --end, k, width);
    for (; t < last; t++) {
        scale = forward_bin(s, v, scale, t, k, width);
        v = s->a + t * width;
    }
    scale_rows(s->a + first * width, s->r + first, n, width);
    if (n) memcpy(s->start, s->a + (last - 1) * width, width * sizeof *s->start);
    if (!back) return;
    scale_rows(back->b + from * width, back->q + from, m, width);
    scale_rows(back->w + from * width, back->q + from, m, width);
    back->scale = other;
}

static BRAM_WIDE void run_bins(const struct bram_scaled *s, size_t t, size_t n,
                               struct bram_backward *back, size_t end, size_t m)
{
#define ONE(K)                                                                                     \
    case K:                                                                                        \
        kernel(s, t, n, back, end, m, K, (K + 3) / 4 * 4);                                         \
        break
    switch (s->k) {
        ONE(1);
        ONE(2);
        ONE(3);
        ONE(4);
        ONE(5);
        ONE(6);
        ONE(7);
        ONE(8);
    default:
        kernel(s, t, n, back, end, m, s->k, s->width);
    }
#undef ONE
}

/* ---- blocks --------------------------------------------------------------------------------- */

static void set_step(const struct bram_scaled *s, size_t t)
{
    const double *step = bram_chain_step(s->chain, t);
    for (size_t i = 0; i < s->k; i++)
        for (size_t j = 0; j < s->k; j++)
            s->p[i * s->width + j] = s->pt[j * s->width + i] = step[i * s->k + j];
}

int bram_scaled_begin(bram_ctx *cx, struct bram_scaled *s, const bram_mat *l,
                      const bram_chain *chain)
{
    size_t k = chain->states, width = (k + 3) / 4 * 4;
    size_t rows = l->rows < BRAM_SCALED_BLOCK ? l->rows : BRAM_SCALED_BLOCK;
    if (l->rows == 0 || l->cols != k || k == 0 || (chain->steps && chain->steps != l->rows - 1))
        return bram_fail(cx, BRAM_ESHAPE,
                         "log-likelihoods are %zu x %zu for a chain of %zu states and %zu steps",
                         l->rows, l->cols, k, chain->steps);
    *s = (struct bram_scaled){.chain = chain, .l = l, .k = k, .width = width};
    s->p = bram_scratch(cx, 2 * width * width + 2 * width + rows * (width + k + 2) + 4,
                        sizeof *s->p);
    if (!s->p) return BRAM_ENOMEM;
    s->pt = s->p + width * width;
    s->start = s->pt + width * width;
    s->before = s->start + width;
    s->e = s->before + width;
    s->a = s->e + rows * k + 4; /* a vector may read beyond the last of e */
    s->max = s->a + rows * width;
    s->r = s->max + rows;
    size_t steps = chain->steps ? chain->steps : 1;
    for (size_t i = 0; i < steps * k * k; i++)
        s->sparse = s->sparse || !(chain->transition[i] >= FORBIDDEN);
    if (!chain->steps) set_step(s, 0);
    return BRAM_OK;
}

/* max may be NULL. */
INLINE void load_rows(const struct bram_scaled *s, double *e, double *max, size_t from,
                      size_t count, size_t k)
{
    for (size_t t = 0; t < count; t++, e += k) {
        const double *l = bram_row(s->l, from + t);
        double most = l[0];
#pragma GCC unroll 8
        for (size_t j = 1; j < k; j++) most = l[j] > most ? l[j] : most;
#pragma GCC unroll 8
        for (size_t j = 0; j < k; j++) e[j] = l[j] - most;
        if (max) max[t] = most;
    }
}

static BRAM_WIDE void load_block(const struct bram_scaled *s, double *e, double *max, size_t from,
                                 size_t count)
{
#define ONE(K)                                                                                     \
    case K:                                                                                        \
        load_rows(s, e, max, from, count, K);                                                      \
        break
    switch (s->k) {
        ONE(1);
        ONE(2);
        ONE(3);
        ONE(4);
        ONE(5);
        ONE(6);
        ONE(7);
        ONE(8);
    default:
        load_rows(s, e, max, from, count, s->k);
    }
#undef ONE
    bram_vexp(e, count * s->k);
}

static void first_bin(const struct bram_scaled *s)
{
    double sum = 0;
    for (size_t j = 0; j < s->width; j++) {
        s->a[j] = j < s->k ? s->chain->initial[j] * s->e[j] : 0;
        sum += s->a[j];
    }
    s->r[0] = 1 / sum;
    for (size_t j = 0; j < s->width; j++) s->start[j] = s->a[j] *= s->r[0];
}

/* Whether the weight of state j in bin t of the block is lost that should be above nothing. */
static bool lost_state(const struct bram_scaled *s, size_t from, size_t t, size_t j)
{
    const double *a = s->a + t * s->width, *past = t ? a - s->width : s->before;
    if (a[j] >= NEGLIGIBLE || bram_row(s->l, from + t)[j] == -(double)INFINITY) return false;
    if (from + t == 0) return s->chain->initial[j] > 0;
    const double *step = bram_chain_step(s->chain, from + t - 1);
    for (size_t i = 0; i < s->k; i++)
        if (past[i] > 0 && step[i * s->k + j] > 0) return true;
    return false;
}

static bool lost(const struct bram_scaled *s, size_t from, size_t count)
{
    for (size_t t = 0; t < count; t++)
        if (!(s->r[t] <= 1 / FORBIDDEN)) return true;
    for (size_t t = 0; t < count && s->sparse; t++)
        for (size_t j = 0; j < s->k; j++)
            if (lost_state(s, from, t, j)) return true;
    return false;
}

/* The same of what follows state i in bin t: bin t + 1 has the b of `after`. */
static bool lost_future(const struct bram_scaled *s, const double *b, const double *after,
                        const double *l, size_t t, size_t i)
{
    const double *step = bram_chain_step(s->chain, t) + i * s->k;
    if (b[i] >= NEGLIGIBLE) return false;
    for (size_t j = 0; j < s->k; j++)
        if (after[j] > 0 && step[j] > 0 && l[j] > -(double)INFINITY) return true;
    return false;
}

static bool lost_backward(const struct bram_scaled *s, const struct bram_backward *back,
                          size_t from, size_t count)
{
    for (size_t t = 0; t < count; t++)
        if (!(back->q[t] <= 1 / FORBIDDEN)) return true;
    for (size_t t = 0; t < count && s->sparse && from + t + 1 < s->l->rows; t++) {
        const double *b = back->b + t * s->width;
        bool last = t + 1 == count;
        for (size_t i = 0; i < s->k; i++)
            if (lost_future(s, b, last ? back->after : b + s->width,
                            last ? back->l : bram_row(s->l, from + t + 1), from + t, i))
                return true;
    }
    return false;
}

int bram_scaled_blocks(const struct bram_scaled *s, size_t from, size_t count,
                       struct bram_backward *back, size_t at, size_t other)
{
    size_t t = 0;
    memcpy(s->before, s->start, s->width * sizeof *s->before);
    load_block(s, s->e, s->max, from, count);
    if (back) load_block(s, back->e, NULL, at, other);
    if (from == 0) first_bin(s), t = 1;
    if (!s->chain->steps) run_bins(s, t, count - t, back, other, back ? other : 0);
    for (; s->chain->steps && t < count; t++) {
        set_step(s, from + t - 1);
        run_bins(s, t, 1, NULL, 0, 0);
    }
    for (size_t i = other; s->chain->steps && back && i > 0; i--) {
        if (at + i > 1) set_step(s, at + i - 2);
        run_bins(s, 0, 0, back, i, 1);
    }
    if (lost(s, from, count)) return BRAM_LOST;
    return back && lost_backward(s, back, at, other) ? BRAM_LOST : BRAM_OK;
}

double bram_scaled_evidence(const struct bram_scaled *s, size_t count)
{
    double sum = 0, product = 1;
    for (size_t t = 0; t < count; t++) {
        sum += s->max[t];
        product *= s->r[t];
        if (product > 1e150 || product < 1e-150) sum -= log(product), product = 1;
    }
    return sum - log(product);
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
    struct bram_scaled s;
    double sum = 0;
    BRAM_TRY(bram_scaled_begin(cx, &s, l, chain));
    for (size_t from = 0; from < l->rows; from += BRAM_SCALED_BLOCK) {
        size_t count = bram_scaled_length(l, from);
        if (bram_scaled_blocks(&s, from, count, NULL, 0, 0) != BRAM_OK) return BRAM_LOST;
        sum += bram_scaled_evidence(&s, count);
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
    if (status == BRAM_LOST) {
        status = bram_hmm_check(cx, l, chain);
        if (status == BRAM_OK)
            status = bram_hmm_filter_log(cx, predicted, next, bin, evidence, l, chain);
        bram_scratch_release(cx, mark);
    }
    return status;
}
