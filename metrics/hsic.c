/*
 * hsic.c - HSIC from sums over pairs of rows; see hsic.h.
 *
 * With k_i = sum_{j != i} w_j K_ij, k2_i = sum_{j != i} w_j^2 K_ij (l alike) and the sums over
 * i != j  T_ab = sum w_i^a w_j^b K_ij L_ij, the sums over different i, j, q, r are
 *   A = sum K_ij L_ij   = (S1^2 - S2) T11 - 4 S1 T12 + 4 T13 + 2 T22
 *   B = sum K_ij L_qr   = (sum w k)(sum w l) - 4 sum w^2 k l + 2 T22
 *   C = sum K_ij L_iq   = sum w (S1 - w) k l - sum w (k2 l + k l2) - S1 T12 + T22 + 2 T13
 *   W = sum 1           = S1^4 - 6 S1^2 S2 + 8 S1 S3 + 3 S2^2 - 6 S4
 * (inclusion and exclusion of equal indices; weights as in hsic.h) and song is (A + B - 2 C) / W.
 * For w = 1 it is [T11 + sum k sum l / ((n-1)(n-2)) - 2/(n-2) k.l] / (n (n-3)).
 *
 * For linear kernels T_ab = <X'D^a Y, X'D^b Y> less the diagonal, D = diag(w): up to three
 * products, one when all weights above 0 are equal.
 */
#include "hsic.h"

#include "sums.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Of the sum that was centred: below, a kernel with itself is constant. */
static const double rounding = 1e-13;

/* Of one kernel: sums over the other rows, and the diagonal. */
struct margins {
    double *first, *second, *diagonal; /* k, k2, K_ii */
};

struct pair_sums {
    double t11, t12, t13, t22;
};

struct weights {
    const double *w;
    size_t n, drawn;
    double s1, s2, s3, s4;
    bool equal; /* all that are above 0 are 1 */
};

static struct weights summarize(const double *w, size_t n)
{
    struct weights s = {.w = w, .n = n, .equal = true};
    for (size_t i = 0; i < n; i++) {
        double square = w[i] * w[i];
        s.s1 += w[i], s.s2 += square, s.s3 += square * w[i], s.s4 += square * square;
        s.drawn += w[i] > 0;
        s.equal = s.equal && (w[i] == 0 || w[i] == 1);
    }
    return s;
}

/* ---- margins -------------------------------------------------------------------------------- */

/* Where weights are equal, second is first. */
static void margins_of_gram(struct margins *m, const bram_mat *gram, const struct weights *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double *row = bram_row(gram, i);
        double first[4] = {0}, second[4] = {0};
        if (!(s->w[i] > 0)) continue;
        for (size_t j = 0; j < s->n; j++) {
            double v = s->w[j] * row[j];
            first[j % 4] += v, second[j % 4] += s->w[j] * v;
        }
        m->diagonal[i] = row[i];
        m->first[i] = first[0] + first[1] + first[2] + first[3] - s->w[i] * row[i];
        if (!s->equal)
            m->second[i] = second[0] + second[1] + second[2] + second[3] -
                           s->w[i] * s->w[i] * row[i];
    }
}

/* Rows in blocks, each with its sums: sum_j w_j x_j, and with squared weights unless all are equal.
 */
struct features {
    struct margins *m;
    const bram_mat *x;
    const struct weights *s;
    double *part, *sum; /* part: of each block; kinds x columns each */
    size_t kinds;
};

enum { ROW_BLOCK = 256 };

static size_t end_of(const struct features *f, size_t block)
{
    return (block + 1) * ROW_BLOCK < f->s->n ? (block + 1) * ROW_BLOCK : f->s->n;
}

static int sum_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct features *f = user;
    size_t cols = f->x->cols;
    double *sum = f->part + block * f->kinds * cols;
    for (size_t i = block * ROW_BLOCK; i < end_of(f, block); i++) {
        double w = f->s->w[i];
        const double *row = bram_row(f->x, i);
        if (!(w > 0)) continue;
        bram_add_scaled(sum, w, row, cols);
        if (f->kinds == 2) bram_add_scaled(sum + cols, w * w, row, cols);
    }
    return BRAM_OK;
}

static int margins_block(bram_ctx *cx, size_t block, void *user)
{
    (void)cx;
    const struct features *f = user;
    size_t cols = f->x->cols;
    for (size_t i = block * ROW_BLOCK; i < end_of(f, block); i++) {
        double w = f->s->w[i];
        const double *row = bram_row(f->x, i);
        if (!(w > 0)) continue;
        double own = bram_dot(row, row, cols);
        f->m->diagonal[i] = own;
        f->m->first[i] = bram_dot(row, f->sum, cols) - w * own;
        if (f->kinds == 2) f->m->second[i] = bram_dot(row, f->sum + cols, cols) - w * w * own;
    }
    return BRAM_OK;
}

/* k_i = x_i . sum_j w_j x_j less the diagonal. */
static int margins_of_features(bram_ctx *cx, struct margins *m, const bram_mat *x,
                               const struct weights *s)
{
    struct features f = {.m = m, .x = x, .s = s, .kinds = s->equal ? 1 : 2};
    size_t blocks = (s->n + ROW_BLOCK - 1) / ROW_BLOCK, width = f.kinds * x->cols;
    f.part = bram_scratch(cx, blocks + 1, width * sizeof *f.part);
    if (!f.part) return BRAM_ENOMEM;
    f.sum = f.part + blocks * width;
    BRAM_TRY(bram_parallel_for(cx, blocks, sum_block, &f));
    for (size_t b = 0; b < blocks; b++)
        for (size_t k = 0; k < width; k++) f.sum[k] += f.part[b * width + k];
    return bram_parallel_for(cx, blocks, margins_block, &f);
}

static int margins_of(bram_ctx *cx, struct margins *m, const bram_kernel *k,
                      const struct weights *s)
{
    m->first = bram_scratch(cx, s->n, sizeof *m->first);
    m->second = !m->first || s->equal ? m->first : bram_scratch(cx, s->n, sizeof *m->second);
    m->diagonal = m->second ? bram_scratch(cx, s->n, sizeof *m->diagonal) : NULL;
    if (!m->diagonal) return BRAM_ENOMEM;
    if (!k->gram) return margins_of_features(cx, m, k->features, s);
    margins_of_gram(m, k->gram, s);
    return BRAM_OK;
}

/* ---- sums over pairs ------------------------------------------------------------------------ */

static void sums_of_grams(struct pair_sums *t, const bram_mat *k, const bram_mat *l,
                          const struct weights *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const double *a = bram_row(k, i), *b = bram_row(l, i), *w = s->w;
        double one[4] = {0}, two[4] = {0}, three[4] = {0};
        if (!(w[i] > 0)) continue;
        for (size_t j = 0; j < s->n; j++) {
            double v = w[j] * a[j] * b[j];
            one[j % 4] += v, two[j % 4] += w[j] * v, three[j % 4] += w[j] * w[j] * v;
        }
        double own = a[i] * b[i], wi = w[i];
        double first = one[0] + one[1] + one[2] + one[3] - wi * own;
        double second = two[0] + two[1] + two[2] + two[3] - wi * wi * own;
        t->t11 += wi * first;
        t->t12 += wi * second;
        t->t13 += wi * (three[0] + three[1] + three[2] + three[3] - wi * wi * wi * own);
        t->t22 += wi * wi * second;
    }
}

/* Products X' D^power Y, power 1 (2, 3), in tiles of columns that are summed as they are made: no
 * matrix of p x q is kept. Of one side with itself the tiles of a triangle are enough. */
struct product {
    const bram_mat *left, *right; /* D^power X for each power and Y; of one side twice the same */
    size_t powers, across;        /* tiles along the columns of Y */
    bool own;
    struct pair_sums *sums; /* of each tile */
};

enum { TILE = 512, POWERS = 3 };

static bram_mat columns(const bram_mat *x, size_t tile)
{
    size_t first = tile * TILE, left = x->cols - first;
    return (bram_mat){x->data + first, x->rows, left < TILE ? left : TILE, x->stride};
}

static double inner_product(const bram_mat *a, const bram_mat *b)
{
    return bram_dot(a->data, b->data, a->rows * a->cols);
}

static int tile_task(bram_ctx *cx, size_t task, void *user)
{
    const struct product *p = user;
    size_t i = task / p->across, j = task % p->across;
    double times = p->own && i != j ? 2 : 1;
    bram_mat of[POWERS];
    if (p->own && j > i) return BRAM_OK;
    for (size_t k = 0; k < p->powers; k++) {
        const bram_mat *right = p->own ? &p->left[k] : p->right;
        bram_mat x = columns(&p->left[k], i), y = columns(right, j);
        BRAM_TRY(bram_mat_scratch(cx, &of[k], x.cols, y.cols));
        if (p->own && i == j) BRAM_TRY(bram_syrk(cx, &of[k], 1, &x, BRAM_TRANSPOSED, 0));
        else BRAM_TRY(bram_gemm(cx, &of[k], 1, &x, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 0));
    }
    struct pair_sums *t = &p->sums[task];
    t->t11 = times * inner_product(&of[0], &of[0]);
    if (p->powers == 1) return BRAM_OK;
    t->t12 = times * inner_product(&of[0], &of[1]);
    t->t13 = times * inner_product(&of[0], &of[2]);
    t->t22 = times * inner_product(&of[1], &of[1]);
    return BRAM_OK;
}

/* D^power X; X itself where D is one. */
static int scale_rows(bram_ctx *cx, bram_mat *out, const bram_mat *x, const struct weights *s,
                      double power)
{
    *out = *x;
    if (s->equal && s->drawn == s->n) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, x->cols));
    for (size_t i = 0; i < s->n; i++)
        if (s->w[i] > 0)
            bram_add_scaled(bram_row(out, i), pow(s->w[i], power), bram_row(x, i), x->cols);
    return BRAM_OK;
}

/* All sums over i and j, equal ones included. */
static int sums_of_products(bram_ctx *cx, struct pair_sums *t, const bram_mat *x, const bram_mat *y,
                            const struct weights *s)
{
    bram_mat left[POWERS];
    size_t down = (x->cols + TILE - 1) / TILE, across = (y->cols + TILE - 1) / TILE;
    struct product p = {left, y, s->equal ? 1 : POWERS, across, x == y, NULL};
    for (size_t k = 0; k < p.powers; k++) /* D^power is split between both sides */
        BRAM_TRY(scale_rows(cx, &left[k], x, s, (double)(k + 1) / (p.own ? 2 : 1)));
    p.sums = bram_scratch(cx, down * across, sizeof *p.sums);
    if (!p.sums) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, down * across, tile_task, &p));
    for (size_t k = 0; k < down * across; k++) {
        t->t11 += p.sums[k].t11, t->t12 += p.sums[k].t12;
        t->t13 += p.sums[k].t13, t->t22 += p.sums[k].t22;
    }
    return BRAM_OK;
}

static int sums_of_features(bram_ctx *cx, struct pair_sums *t, const bram_mat *x, const bram_mat *y,
                            const struct margins *a, const struct margins *b,
                            const struct weights *s)
{
    BRAM_TRY(sums_of_products(cx, t, x, y, s));
    for (size_t i = 0; i < s->n; i++) { /* of a row with itself */
        double w = s->w[i], own = a->diagonal[i] * b->diagonal[i];
        t->t11 -= w * w * own, t->t12 -= w * w * w * own;
        t->t13 -= w * w * w * w * own, t->t22 -= w * w * w * w * own;
    }
    if (s->equal) t->t12 = t->t13 = t->t22 = t->t11;
    return BRAM_OK;
}

/* ---- the three forms ------------------------------------------------------------------------ */

static double song(const struct weights *s, const struct pair_sums *t, const struct margins *a,
                   const struct margins *b)
{
    double all_k = 0, all_l = 0, kl2 = 0, kl = 0, mixed = 0;
    for (size_t i = 0; i < s->n; i++) {
        double w = s->w[i], k = a->first[i], l = b->first[i];
        all_k += w * k, all_l += w * l;
        kl2 += w * w * k * l;
        kl += w * (s->s1 - w) * k * l;
        mixed += w * (a->second[i] * l + k * b->second[i]);
    }
    double pairs = (s->s1 * s->s1 - s->s2) * t->t11 - 4 * s->s1 * t->t12 + 4 * t->t13 + 2 * t->t22;
    double apart = all_k * all_l - 4 * kl2 + 2 * t->t22;
    double shared = kl - mixed - s->s1 * t->t12 + t->t22 + 2 * t->t13;
    double square = s->s1 * s->s1;
    double count = square * square - 6 * square * s->s2 + 8 * s->s1 * s->s3 + 3 * s->s2 * s->s2 -
                   6 * s->s4;
    return (pairs + apart - 2 * shared) / count;
}

/* The diagonal of the weighted centred kernel. */
static double centred_diagonal(const struct margins *m, const struct weights *s, size_t i,
                               double total)
{
    double row = m->first[i] + s->w[i] * m->diagonal[i];
    return m->diagonal[i] - 2 * row / s->s1 + total / (s->s1 * s->s1);
}

static double total_of(const struct margins *m, const struct weights *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) sum += s->w[i] * (m->first[i] + s->w[i] * m->diagonal[i]);
    return sum;
}

static double centred(const struct weights *s, const struct pair_sums *t, const struct margins *a,
                      const struct margins *b, bool with_diagonal)
{
    double all_k = total_of(a, s), all_l = total_of(b, s), rows = 0, value = t->t11, off = 0;
    for (size_t i = 0; i < s->n; i++) {
        double w = s->w[i];
        if (!(w > 0)) continue;
        double k = a->first[i] + w * a->diagonal[i], l = b->first[i] + w * b->diagonal[i];
        rows += w * k * l;
        value += w * w * a->diagonal[i] * b->diagonal[i];
        off += w * w * centred_diagonal(a, s, i, all_k) * centred_diagonal(b, s, i, all_l);
    }
    value += all_k / s->s1 * (all_l / s->s1) - 2 * rows / s->s1;
    return with_diagonal ? value : value - off;
}

static int value_of(bram_ctx *cx, double *out, bram_hsic form, const bram_kernel *k,
                    const bram_kernel *l, const struct margins *a, const struct margins *b,
                    const struct weights *s)
{
    struct pair_sums t = {0};
    if (k->gram) sums_of_grams(&t, k->gram, l->gram, s);
    else BRAM_TRY(sums_of_features(cx, &t, k->features, l->features, a, b, s));
    double value = form == BRAM_HSIC_SONG ? song(s, &t, a, b)
                                          : centred(s, &t, a, b, form != BRAM_HSIC_LANGE);
    double scale = t.t11;
    for (size_t i = 0; i < s->n; i++) scale += s->w[i] * s->w[i] * a->diagonal[i] * b->diagonal[i];
    if (form == BRAM_HSIC_SONG) scale /= s->s1 * s->s1;
    bool own = k->gram ? k->gram == l->gram : k->features == l->features;
    *out = own && fabs(value) <= rounding * fabs(scale) ? 0 : value;
    return BRAM_OK;
}

static bool defined(bram_hsic form, const struct weights *s)
{
    return s->drawn >= (form == BRAM_HSIC_SONG ? 4 : 2);
}

int bram_hsic_value(bram_ctx *cx, double *out, bram_hsic form, const bram_kernel *k,
                    const bram_kernel *l, const double *w, size_t n)
{
    struct weights s = summarize(w, n);
    struct margins a, b;
    double value = NAN;
    size_t mark = bram_scratch_mark(cx);
    bool own = k->gram == l->gram && k->features == l->features;
    int status = margins_of(cx, &a, k, &s);
    if (status == BRAM_OK && own) b = a;
    else if (status == BRAM_OK) status = margins_of(cx, &b, l, &s);
    if (status == BRAM_OK && defined(form, &s))
        status = value_of(cx, &value, form, k, l, &a, &b, &s);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = value;
    return status;
}

/* tr(Kc) */
static double trace_of(const struct margins *m, const struct weights *s)
{
    double total = total_of(m, s), trace = 0;
    for (size_t i = 0; i < s->n; i++)
        if (s->w[i] > 0) trace += centred_diagonal(m, s, i, total);
    return trace;
}

static int find_terms(bram_ctx *cx, bram_hsic_terms *t, const bram_kernel *k, const bram_kernel *l,
                      const struct weights *s)
{
    const bram_kernel *kernel[] = {k, l};
    struct margins m[2];
    for (size_t side = 0; side < 2; side++) {
        BRAM_TRY(margins_of(cx, &m[side], kernel[side], s));
        if (t->form != BRAM_HSIC_SONG) t->trace[side] = trace_of(&m[side], s);
        BRAM_TRY(value_of(cx, &t->own[side], t->form, kernel[side], kernel[side], &m[side],
                          &m[side], s));
    }
    return value_of(cx, &t->both, t->form, k, l, &m[0], &m[1], s);
}

int bram_hsic_compare(bram_ctx *cx, bram_hsic_terms *out, bram_hsic form, const bram_kernel *k,
                      const bram_kernel *l, const double *w, size_t n)
{
    struct weights s = summarize(w, n);
    bram_hsic_terms t = {form, NAN, {NAN, NAN}, {NAN, NAN}, s.drawn};
    size_t mark = bram_scratch_mark(cx);
    int status = defined(form, &s) ? find_terms(cx, &t, k, l, &s) : BRAM_OK;
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = t;
    return status;
}

static double over_own(const bram_hsic_terms *t, double value)
{
    bool fine = t->own[0] > 0 && t->own[1] > 0;
    return fine ? value / sqrt(t->own[0]) / sqrt(t->own[1]) : (double)NAN;
}

double bram_hsic_ratio(const bram_hsic_terms *t)
{
    return over_own(t, t->both);
}

/* tr(Kc) tr(Lc) / (n - 1) is the mean of <Kc, P Lc P'>; without the diagonals the sums of the rest
 * are -tr, over n (n - 1) places. */
double bram_hsic_chance(const bram_hsic_terms *t)
{
    if (t->form == BRAM_HSIC_SONG) return 0;
    double places = (double)(t->drawn - 1) * (t->form == BRAM_HSIC_LANGE ? (double)t->drawn : 1);
    return over_own(t, t->trace[0] * t->trace[1] / places);
}
