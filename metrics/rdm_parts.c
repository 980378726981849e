/*
 * rdm_parts.c - distances from products, tile by tile; see rdm_parts.h.
 *
 * With q_i = sum of weight u_i.v_i a part gives q_i + q_j - u_i.v_j - v_i.u_j, so that a tile of
 * pairs costs one product (two where v differs from u). The tiles are cut by the number of
 * conditions alone, and each is one task: no matrix of all conditions is ever made. Where
 * cancellation would show (few channels, or a result that is small beside what it is the difference
 * of) the pair is computed from differences of the rows.
 */
#include "rdm_parts.h"

#include "internal.h"
#include "sums.h"
#include "wide.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    LARGEST_TILE = 512,
    SMALLEST_TILE = 64,
    FEW_CHANNELS = 32,
    COLUMN_BLOCK = 64,
    ROW_BLOCK = 64
};

static const double small_share = 1e-6; /* of q_i + q_j: below, differences are used */

struct tiles {
    double *d, *q, *size; /* size_i: q_i with every term taken by its magnitude */
    const bram_rdm_part *part;
    size_t parts, n, tile, across;
    double divisor;
};

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool is_square(const bram_rdm_part *part)
{
    return !part->v.data;
}

static const bram_mat *other(const bram_rdm_part *part)
{
    return is_square(part) ? &part->u : &part->v;
}

double bram_rdm_cross_difference(const double *a, const double *b, const double *c, const double *e,
                                 size_t p)
{
    double lane[4] = {0};
    size_t k = 0;
    for (; k + 4 <= p; k += 4)
        for (size_t l = 0; l < 4; l++) lane[l] += (a[k + l] - b[k + l]) * (c[k + l] - e[k + l]);
    for (; k < p; k++) lane[0] += (a[k] - b[k]) * (c[k] - e[k]);
    return lane[0] + lane[1] + (lane[2] + lane[3]);
}

static double by_differences(const struct tiles *t, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < t->parts; k++) {
        const bram_mat *u = &t->part[k].u, *v = other(t->part + k);
        sum += t->part[k].weight * bram_rdm_cross_difference(bram_row(u, i), bram_row(u, j),
                                                             bram_row(v, i), bram_row(v, j),
                                                             u->cols);
    }
    return sum;
}

/* q and size of a block of rows */
static int sizes_task(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    const struct tiles *t = user;
    for (size_t i = task * ROW_BLOCK; i < least(t->n, (task + 1) * ROW_BLOCK); i++)
        for (size_t k = 0; k < t->parts; k++) {
            const double *u = bram_row(&t->part[k].u, i), *v = bram_row(other(t->part + k), i);
            double weight = t->part[k].weight, dot = bram_dot(u, v, t->part[k].u.cols);
            t->q[i] += weight * dot;
            t->size[i] += fabs(weight) *
                          (u == v ? dot : bram_dot_of_sizes(u, v, t->part[k].u.cols));
        }
    return BRAM_OK;
}

/* block = sum over parts of weight (u_i.v_j + v_i.u_j) */
static int products(bram_ctx *cx, bram_mat *block, const struct tiles *t, size_t i, size_t j)
{
    for (size_t k = 0; k < t->parts; k++) {
        const bram_rdm_part *part = t->part + k;
        const bram_mat *v = other(part);
        double beta = k ? 1 : 0, weight = is_square(part) ? 2 * part->weight : part->weight;
        bram_mat ui = bram_mat_rows(part->u, i, block->rows),
                 vj = bram_mat_rows(*v, j, block->cols);
        if (is_square(part) && i == j) {
            BRAM_TRY(bram_syrk(cx, block, weight, &ui, BRAM_AS_IS, beta));
            continue;
        }
        BRAM_TRY(bram_gemm(cx, block, weight, &ui, BRAM_AS_IS, &vj, BRAM_TRANSPOSED, beta));
        if (is_square(part)) continue;
        bram_mat vi = bram_mat_rows(*v, i, block->rows),
                 uj = bram_mat_rows(part->u, j, block->cols);
        BRAM_TRY(bram_gemm(cx, block, weight, &vi, BRAM_AS_IS, &uj, BRAM_TRANSPOSED, 1));
    }
    return BRAM_OK;
}

/* g_j = q_i + q_j - g_j. @return whether one is small beside what it is the difference of */
static BRAM_WIDE bool subtract(double *restrict g, const struct tiles *t, size_t i, size_t first,
                               size_t count)
{
    const double *restrict q = t->q + first, *restrict size = t->size + first;
    double qi = t->q[i], own = t->size[i];
    unsigned small = 0;
    for (size_t k = 0; k < count; k++) {
        g[k] = qi + q[k] - g[k];
        small |= !(fabs(g[k]) > small_share * (own + size[k]));
    }
    return small;
}

static BRAM_WIDE void add_quotients(double *restrict d, const double *restrict g, double divisor,
                                    size_t count)
{
    for (size_t k = 0; k < count; k++) d[k] += g[k] / divisor;
}

/* Task k is tile (ti, tj), tj <= ti, of the lower triangle; its transpose is what is written. */
static int tile_task(bram_ctx *cx, size_t task, void *user)
{
    const struct tiles *t = user;
    size_t upper = 0;
    while ((upper + 1) * (upper + 2) / 2 <= task) upper++;
    size_t j0 = upper * t->tile, i0 = (task - upper * (upper + 1) / 2) * t->tile;
    bool few = t->part[0].u.cols <= FEW_CHANNELS;
    bram_mat block;
    BRAM_TRY(bram_ctx_check_cancel(cx));
    BRAM_TRY(bram_mat_scratch(cx, &block, least(t->tile, t->n - i0), least(t->tile, t->n - j0)));
    if (!few) BRAM_TRY(products(cx, &block, t, i0, j0));
    for (size_t i = i0; i < i0 + block.rows; i++) {
        size_t first = i + 1 > j0 ? i + 1 : j0;
        if (first >= j0 + block.cols) continue;
        size_t count = j0 + block.cols - first;
        double *g = bram_row(&block, i - i0) + (first - j0);
        bool some = few || subtract(g, t, i, first, count);
        for (size_t k = 0; some && k < count; k++)
            if (few || !(fabs(g[k]) > small_share * (t->size[i] + t->size[first + k])))
                g[k] = by_differences(t, i, first + k);
        add_quotients(t->d + bram_rdm_index(t->n, i, first), g, t->divisor, count);
    }
    return BRAM_OK;
}

int bram_rdm_add_parts(bram_ctx *cx, double *d, const bram_rdm_part *part, size_t parts, size_t n,
                       double divisor)
{
    if (n < 2 || !parts) return BRAM_OK;
    size_t quarter = (n + 3) / 4, mark = bram_scratch_mark(cx);
    size_t tile = least(LARGEST_TILE, quarter > SMALLEST_TILE ? quarter : SMALLEST_TILE);
    double *q = bram_scratch(cx, n, 2 * sizeof *q);
    if (!q) return BRAM_ENOMEM;
    struct tiles t = {d, q, q + n, part, parts, n, tile, (n + tile - 1) / tile, divisor};
    int status = bram_parallel_for(cx, (n + ROW_BLOCK - 1) / ROW_BLOCK, sizes_task, &t);
    if (status == BRAM_OK)
        status = bram_parallel_for(cx, t.across * (t.across + 1) / 2, tile_task, &t);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- preparing rows ------------------------------------------------------------------------- */

static BRAM_WIDE void take_nearer(double *restrict nearest, const double *restrict mean,
                                  const double *restrict x, size_t n)
{
    for (size_t k = 0; k < n; k++)
        nearest[k] = fabs(x[k] - mean[k]) < fabs(nearest[k] - mean[k]) ? x[k] : nearest[k];
}

/* A block of columns; what lies nearest the mean, not the mean, so that whole numbers stay whole.
 */
static int centre_task(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    bram_mat *x = user;
    double mean[COLUMN_BLOCK] = {0}, nearest[COLUMN_BLOCK];
    size_t first = task * COLUMN_BLOCK, width = least(COLUMN_BLOCK, x->cols - first);
    for (size_t i = 0; i < x->rows; i++) bram_add_scaled(mean, 1, bram_row(x, i) + first, width);
    for (size_t k = 0; k < width; k++) {
        mean[k] /= (double)x->rows;
        nearest[k] = x->data[first + k];
    }
    for (size_t i = 1; i < x->rows; i++) take_nearer(nearest, mean, bram_row(x, i) + first, width);
    for (size_t i = 0; i < x->rows; i++)
        bram_add_scaled(bram_row(x, i) + first, -1, nearest, width);
    return BRAM_OK;
}

int bram_rdm_centre(bram_ctx *cx, bram_mat *x)
{
    if (!x->rows) return BRAM_OK;
    return bram_parallel_for(cx, (x->cols + COLUMN_BLOCK - 1) / COLUMN_BLOCK, centre_task, x);
}

/* The largest deviation is brought near 1 by a power of two, so that no square overflows or
 * vanishes and nothing is rounded. */
BRAM_WIDE bool bram_rdm_standardize_row(double *restrict z, const double *restrict x, size_t p,
                                        bool centred)
{
    double origin = centred ? x[0] : 0;
    double mean = centred ? bram_sum_about(x, origin, p) / (double)p : 0;
    for (size_t k = 0; k < p; k++) z[k] = x[k] - origin - mean;
    double largest = bram_largest_size(z, p), magnitude = bram_largest_size(x, p);
    if (!(largest > (centred ? 32 * DBL_EPSILON * magnitude : 0))) return false;
    int exponent = ilogb(largest);
    double scale = ldexp(1, exponent > -1000 ? -exponent : 1000);
    for (size_t k = 0; k < p; k++) z[k] *= scale;
    double inverse = 1 / sqrt(bram_dot(z, z, p));
    for (size_t k = 0; k < p; k++) z[k] *= inverse;
    return true;
}

struct standardizing {
    bram_mat *x;
    bool centred;
};

static int standardize_task(bram_ctx *cx, size_t task, void *user)
{
    const struct standardizing *s = user;
    size_t p = s->x->cols;
    double *z = bram_scratch(cx, p, sizeof *z);
    if (!z) return BRAM_ENOMEM;
    for (size_t i = task * ROW_BLOCK; i < least(s->x->rows, (task + 1) * ROW_BLOCK); i++) {
        double *row = bram_row(s->x, i);
        if (bram_rdm_standardize_row(z, row, p, s->centred)) memcpy(row, z, p * sizeof *z);
        else
            for (size_t k = 0; k < p; k++) row[k] = NAN;
    }
    return BRAM_OK;
}

int bram_rdm_standardize(bram_ctx *cx, bram_mat *x, bool centred)
{
    struct standardizing s = {x, centred};
    return bram_parallel_for(cx, (x->rows + ROW_BLOCK - 1) / ROW_BLOCK, standardize_task, &s);
}

/* ---- whitening ------------------------------------------------------------------------------ */

int bram_rdm_factor(bram_ctx *cx, bram_mat *factor, const bram_mat *precision, size_t channels)
{
    if (precision->rows != channels || precision->cols != channels)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the precision is %zu x %zu, expected %zu x %zu: one row for each channel",
                         precision->rows, precision->cols, channels, channels);
    BRAM_TRY(bram_mat_scratch(cx, factor, channels, channels));
    for (size_t i = 0; i < channels; i++)
        memcpy(bram_row(factor, i), bram_row(precision, i), (i + 1) * sizeof *factor->data);
    int status = bram_cholesky(cx, factor);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "the precision");
}

/* By blocks of columns, as the factor has nothing above its diagonal: half the work, nearly. */
int bram_rdm_whiten(bram_ctx *cx, bram_mat *out, const bram_mat *x, const bram_mat *factor)
{
    enum { BLOCK = 128 };
    for (size_t first = 0; first < x->cols; first += BLOCK) {
        size_t width = least(BLOCK, x->cols - first), depth = x->cols - first;
        bram_mat to = {out->data + first, x->rows, width, out->stride};
        bram_mat from = {x->data + first, x->rows, depth, x->stride};
        bram_mat l = {bram_row(factor, first) + first, depth, width, factor->stride};
        BRAM_TRY(bram_gemm(cx, &to, 1, &from, BRAM_AS_IS, &l, BRAM_AS_IS, 0));
    }
    return BRAM_OK;
}
