/*
 * rdm_sparse.c - euclidean, correlation and cosine of conditions of which channels are missing, by
 * products.
 *
 * With 0 where a channel is missing, X the values, S their squares and M ones and zeros, the sums
 * over the channels that i and j share are products of rows:
 *     count M_i.M_j,  x S_i.M_j,  y M_i.S_j,  xy X_i.X_j,  and of the values X_i.M_j, M_i.X_j.
 * Then euclidean is (x + y - 2 xy) / count, cosine 1 - xy / sqrt(x y), and correlation the same
 * about the means over the shared channels. Columns (rows, for angles) are moved beforehand, so
 * that offsets do no harm; where cancellation shows nevertheless, the pair is computed from its
 * values (bram_rdm_pair). Tiles as in rdm_parts.c.
 */
#include "rdm_parts.h"

#include "internal.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { TILE = 256 };

static const double small_share = 1e-6; /* of what is left of a difference: below, by values */

struct sparse {
    double *d;
    const bram_rdm_patterns *a;
    const bram_rdm_options *o;
    bram_mat x, square, mask;
    size_t across;
};

/* The sums for a tile of pairs; the last two for correlation only. */
enum { COUNT, XX, YY, XY, X, Y, SUMS };

static bool is_correlation(const struct sparse *s)
{
    return s->o->kind == BRAM_RDM_CORRELATION;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Takes from each column the present value nearest its mean. */
static int centre_columns(bram_ctx *cx, bram_mat *x, const uint8_t *present)
{
    size_t p = x->cols;
    double *mean = bram_scratch(cx, p, 3 * sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    double *count = mean + p, *nearest = count + p;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < p; k++)
            if (present[i * p + k]) mean[k] += bram_row(x, i)[k], count[k]++;
    for (size_t k = 0; k < p; k++) mean[k] /= count[k], nearest[k] = INFINITY;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < p; k++) {
            double v = bram_row(x, i)[k];
            if (present[i * p + k] && fabs(v - mean[k]) < fabs(nearest[k] - mean[k]))
                nearest[k] = v;
        }
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < p; k++)
            bram_row(x, i)[k] = present[i * p + k] ? bram_row(x, i)[k] - nearest[k] : 0;
    return BRAM_OK;
}

/* Less the mean of what is present (where `centred`), times a power of two that brings the largest
 * near 1. */
static void scale_row(double *x, const uint8_t *present, size_t p, bool centred)
{
    double mean = 0, count = 0, largest = 0;
    for (size_t k = 0; centred && k < p; k++)
        if (present[k]) mean += x[k], count++;
    if (count > 0) mean /= count;
    for (size_t k = 0; k < p; k++) {
        x[k] = present[k] ? x[k] - mean : 0;
        largest = fmax(largest, fabs(x[k]));
    }
    if (!(largest > 0)) return;
    int exponent = ilogb(largest);
    double scale = ldexp(1, exponent > -1000 ? -exponent : 1000);
    for (size_t k = 0; k < p; k++) x[k] *= scale;
}

static int prepare(bram_ctx *cx, struct sparse *s)
{
    size_t n = s->a->conditions, p = s->a->x.cols;
    BRAM_TRY(bram_mat_scratch(cx, &s->x, n, p));
    BRAM_TRY(bram_mat_scratch(cx, &s->square, n, p));
    BRAM_TRY(bram_mat_scratch(cx, &s->mask, n, p));
    memcpy(s->x.data, s->a->x.data, n * p * sizeof *s->x.data);
    if (s->o->kind == BRAM_RDM_CORRELATION || s->o->kind == BRAM_RDM_COSINE)
        for (size_t i = 0; i < n; i++)
            scale_row(bram_row(&s->x, i), s->a->present + i * p, p, is_correlation(s));
    else BRAM_TRY(centre_columns(cx, &s->x, s->a->present));
    for (size_t k = 0; k < n * p; k++) {
        s->square.data[k] = s->x.data[k] * s->x.data[k];
        s->mask.data[k] = s->a->present[k];
    }
    return BRAM_OK;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

/* The dissimilarity from the sums; false where it must come from the values. */
static bool from_sums(double *out, const struct sparse *s, const double t[SUMS])
{
    double xx = t[XX], yy = t[YY], xy = t[XY], count = t[COUNT];
    if (s->o->kind != BRAM_RDM_CORRELATION && s->o->kind != BRAM_RDM_COSINE) {
        double sum = xx + yy - 2 * xy;
        *out = sum / count;
        return sum > small_share * (xx + yy);
    }
    if (is_correlation(s)) {
        xx -= t[X] * t[X] / count, yy -= t[Y] * t[Y] / count, xy -= t[X] * t[Y] / count;
        if (!(xx > small_share * t[XX] && yy > small_share * t[YY])) return false;
    }
    *out = 1 - xy / sqrt(xx) / sqrt(yy);
    return *out > small_share;
}

static int products(bram_ctx *cx, bram_mat block[SUMS], const struct sparse *s, size_t i0,
                    size_t j0)
{
    const bram_mat *left[SUMS] = {&s->mask, &s->square, &s->mask, &s->x, &s->x, &s->mask};
    const bram_mat *right[SUMS] = {&s->mask, &s->mask, &s->square, &s->x, &s->mask, &s->x};
    size_t n = s->a->conditions, rows = n - i0 < TILE ? n - i0 : TILE;
    size_t cols = n - j0 < TILE ? n - j0 : TILE;
    for (size_t k = 0; k < (is_correlation(s) ? SUMS : X); k++) {
        bram_mat a = bram_mat_rows(*left[k], i0, rows), b = bram_mat_rows(*right[k], j0, cols);
        BRAM_TRY(bram_mat_scratch(cx, block + k, rows, cols));
        BRAM_TRY(bram_gemm(cx, block + k, 1, &a, BRAM_AS_IS, &b, BRAM_TRANSPOSED, 0));
    }
    return BRAM_OK;
}

static int tile_task(bram_ctx *cx, size_t task, void *user)
{
    const struct sparse *s = user;
    size_t upper = 0, n = s->a->conditions;
    while ((upper + 1) * (upper + 2) / 2 <= task) upper++;
    size_t j0 = upper * TILE, i0 = (task - upper * (upper + 1) / 2) * TILE;
    double enough = is_correlation(s) ? 3 : 2;
    bram_mat block[SUMS];
    BRAM_TRY(bram_ctx_check_cancel(cx));
    BRAM_TRY(products(cx, block, s, i0, j0));
    for (size_t i = i0; i < i0 + block[0].rows; i++)
        for (size_t j = i + 1 > j0 ? i + 1 : j0; j < j0 + block[0].cols; j++) {
            double t[SUMS] = {0}, *d = s->d + bram_rdm_index(n, i, j);
            for (size_t k = 0; k < (is_correlation(s) ? SUMS : X); k++)
                t[k] = bram_row(block + k, i - i0)[j - j0];
            if (t[COUNT] < enough) *d = NAN;
            else if (!from_sums(d, s, t)) {
                size_t mark = bram_scratch_mark(cx);
                *d = 0;
                int status = bram_rdm_pair(cx, d, s->a, s->o, i, j);
                bram_scratch_release(cx, mark);
                BRAM_TRY(status);
            }
        }
    return BRAM_OK;
}

int bram_rdm_sparse(bram_ctx *cx, double *d, const bram_rdm_patterns *a, const bram_rdm_options *o)
{
    struct sparse s = {.d = d, .a = a, .o = o, .across = (a->conditions + TILE - 1) / TILE};
    BRAM_TRY(prepare(cx, &s));
    return bram_parallel_for(cx, s.across * (s.across + 1) / 2, tile_task, &s);
}
