/*
 * dimensionality.c - dimensions of patterns and angles of subspaces; see dimensionality.h.
 */
#include "dimensionality.h"

#include "patterns.h"
#include "rdm.h"
#include "spectral.h"
#include "stats.h"

#include <math.h>
#include <string.h>

/* ---- linear --------------------------------------------------------------------------------- */

static int centred(bram_ctx *cx, bram_patterns **out, const bram_mat *x)
{
    return bram_patterns_new(cx, out, &(bram_side){.values = *x}, BRAM_PATTERNS_REDUCE,
                             "dimension");
}

/* Eigenvalues of the smaller Gram matrix, ascending, in scratch memory. */
static int spectrum(bram_ctx *cx, double **values, size_t *count, const bram_mat *x)
{
    bram_op op = x->rows < x->cols ? BRAM_AS_IS : BRAM_TRANSPOSED;
    bram_mat gram;
    *count = x->rows < x->cols ? x->rows : x->cols;
    if (!(*values = bram_scratch(cx, *count, sizeof **values))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &gram, *count, *count));
    BRAM_TRY(bram_syrk(cx, &gram, 1, x, op, 0));
    return bram_eigh_values(cx, &gram, *values);
}

static int linear(bram_ctx *cx, double *out, const bram_mat *x, bool entropy)
{
    double *l, sum = 0, square = 0, h = 0;
    size_t k;
    BRAM_TRY(spectrum(cx, &l, &k, x));
    for (size_t i = 0; i < k; i++) l[i] = fmax(l[i], 0), sum += l[i], square += l[i] * l[i];
    for (size_t i = 0; i < k; i++)
        if (l[i] > 0) h -= l[i] / sum * log(l[i] / sum);
    *out = !(sum > 0) ? (double)NAN : entropy ? exp(h) : sum / square * sum;
    return BRAM_OK;
}

static int of_centred(bram_ctx *cx, double *out, const bram_mat *x, bool entropy)
{
    bram_patterns *p;
    double value = NAN;
    BRAM_TRY(centred(cx, &p, x));
    size_t mark = bram_scratch_mark(cx);
    int status = linear(cx, &value, &p->x, entropy);
    bram_scratch_release(cx, mark);
    bram_patterns_free(p);
    if (status == BRAM_OK) *out = value;
    return status;
}

int bram_participation_ratio(bram_ctx *cx, double *out, const bram_mat *x)
{
    return of_centred(cx, out, x, false);
}

int bram_effective_rank(bram_ctx *cx, double *out, const bram_mat *x)
{
    return of_centred(cx, out, x, true);
}

/* ---- local ---------------------------------------------------------------------------------- */

/* Distances of each pattern to its k nearest, without those that have a copy: kept x k. */
static int nearest(bram_ctx *cx, bram_mat *out, size_t *same, const bram_mat *x, size_t k)
{
    size_t n = x->rows;
    double *pairs = NULL, *row = bram_scratch(cx, n, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, out, n, k));
    BRAM_TRY(bram_rdm_new(cx, &pairs, &(bram_side){.values = *x}, BRAM_RDM_EUCLIDEAN));
    out->rows = 0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        for (size_t j = 0; j < n; j++) {
            size_t a = i < j ? i : j, b = i < j ? j : i;
            if (i != j) row[count++] = pairs[a * n - a * (a + 1) / 2 + b - a - 1];
        }
        bram_sort(row, count);
        if (!(row[0] > 0)) continue;
        for (size_t j = 0; j < k; j++) bram_row(out, out->rows)[j] = sqrt(row[j]);
        out->rows++;
    }
    bram_free(pairs);
    if (same) *same = n - out->rows;
    return BRAM_OK;
}

static int two_nn(bram_ctx *cx, double *out, size_t *same, const bram_mat *x, double discard)
{
    bram_mat r;
    double xy = 0, xx = 0;
    BRAM_TRY(nearest(cx, &r, same, x, 2));
    double *ratio = bram_scratch(cx, r.rows, sizeof *ratio);
    if (!ratio) return BRAM_ENOMEM;
    for (size_t i = 0; i < r.rows; i++) ratio[i] = log(bram_row(&r, i)[1] / bram_row(&r, i)[0]);
    bram_sort(ratio, r.rows);
    double n = (double)r.rows, used = floor((1 - discard) * n);
    for (double i = 0; i < used && i + 1 < n; i++) { /* at F = 1 the logarithm has no end */
        double a = ratio[(size_t)i];
        xy += a * -log(1 - (i + 1) / n), xx += a * a;
    }
    *out = r.rows >= 3 && xx > 0 ? xy / xx : (double)NAN;
    return BRAM_OK;
}

int bram_dimension_two_nn(bram_ctx *cx, double *out, size_t *same, const bram_mat *x,
                          double discard)
{
    if (x->rows < 3)
        return bram_fail(cx, BRAM_ESHAPE, "%zu patterns, two neighbours need 3", x->rows);
    size_t mark = bram_scratch_mark(cx);
    int status = two_nn(cx, out, same, x, discard);
    bram_scratch_release(cx, mark);
    return status;
}

static int mle(bram_ctx *cx, double *out, size_t *same, const bram_mat *x, size_t k)
{
    bram_mat r;
    double sum = 0, count = 0;
    BRAM_TRY(nearest(cx, &r, same, x, k));
    for (size_t i = 0; i < r.rows; i++) {
        const double *d = bram_row(&r, i);
        double logs = 0;
        for (size_t j = 0; j + 1 < k; j++) logs += log(d[k - 1] / d[j]);
        if (logs > 0) sum += (double)(k - 1) / logs, count++;
    }
    *out = count > 0 ? sum / count : (double)NAN;
    return BRAM_OK;
}

int bram_dimension_mle(bram_ctx *cx, double *out, size_t *same, const bram_mat *x, size_t k)
{
    if (k < 2 || k >= x->rows)
        return bram_fail(cx, BRAM_ESHAPE, "%zu neighbours of %zu patterns, expected 2 to %zu", k,
                         x->rows, x->rows ? x->rows - 1 : 0);
    size_t mark = bram_scratch_mark(cx);
    int status = mle(cx, out, same, x, k);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- subspaces ------------------------------------------------------------------------------ */

/* The leading components as orthonormal columns: left singular vectors of x, or of x'. */
static int leading(bram_ctx *cx, bram_mat *q, const bram_mat *x, size_t dim,
                   bram_subspace_axis axis)
{
    bram_patterns *p;
    bram_mat turned;
    double *s;
    BRAM_TRY(bram_patterns_new(cx, &p, &(bram_side){.values = *x}, 0, "dimension"));
    int status = BRAM_OK;
    if (axis == BRAM_IN_UNITS) status = bram_mat_scratch(cx, &turned, x->cols, x->rows);
    for (size_t i = 0; status == BRAM_OK && axis == BRAM_IN_UNITS && i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) bram_row(&turned, k)[i] = bram_row(&p->x, i)[k];
    if (status == BRAM_OK)
        status = bram_left_basis(cx, q, &s, axis == BRAM_IN_UNITS ? &turned : &p->x);
    bram_patterns_free(p);
    if (status == BRAM_OK && q->cols < dim)
        return bram_fail(cx, BRAM_ESHAPE, "a subspace of %zu dimensions of patterns of rank %zu",
                         dim, q->cols);
    q->cols = status == BRAM_OK ? dim : 0;
    return status;
}

/* sin of the angles, descending: singular values of (I - Q1 Q1') Q2. */
static int sines(bram_ctx *cx, double *sine, const bram_mat *a, const bram_mat *b,
                 const bram_mat *product)
{
    bram_mat rest;
    BRAM_TRY(bram_mat_scratch(cx, &rest, b->rows, b->cols));
    for (size_t i = 0; i < b->rows; i++)
        memcpy(bram_row(&rest, i), bram_row(b, i), b->cols * sizeof *b->data);
    BRAM_TRY(bram_gemm(cx, &rest, -1, a, BRAM_AS_IS, product, BRAM_AS_IS, 1));
    return bram_svd(cx, NULL, sine, NULL, &rest);
}

static int angles(bram_ctx *cx, double *angle, double *overlap, const bram_mat *x,
                  const bram_mat *y, size_t dim, bram_subspace_axis axis)
{
    bram_mat a, b, product;
    double *cosine = bram_scratch(cx, dim, sizeof *cosine);
    double *sine = cosine ? bram_scratch(cx, dim, sizeof *sine) : NULL;
    if (!sine) return BRAM_ENOMEM;
    BRAM_TRY(leading(cx, &a, x, dim, axis));
    BRAM_TRY(leading(cx, &b, y, dim, axis));
    BRAM_TRY(bram_mat_scratch(cx, &product, dim, dim));
    BRAM_TRY(bram_gemm(cx, &product, 1, &a, BRAM_TRANSPOSED, &b, BRAM_AS_IS, 0));
    BRAM_TRY(bram_svd(cx, NULL, cosine, NULL, &product));
    BRAM_TRY(sines(cx, sine, &a, &b, &product));
    if (overlap) *overlap = fmin(1, bram_sum_of_squares(&product) / (double)dim);
    for (size_t i = 0; i < dim; i++) {
        double s = fmin(1, sine[dim - 1 - i]), c = fmin(1, cosine[i]);
        angle[i] = s < c ? asin(s) : acos(c);
    }
    return BRAM_OK;
}

int bram_principal_angles(bram_ctx *cx, double *angle, double *overlap, const bram_mat *x,
                          const bram_mat *y, size_t dim, bram_subspace_axis axis)
{
    bool units = axis == BRAM_IN_UNITS;
    size_t first = units ? x->cols : x->rows, second = units ? y->cols : y->rows;
    if (first != second || !dim)
        return bram_fail(cx, BRAM_ESHAPE, "%zu and %zu %s, expected the same number", first, second,
                         units ? "units" : "conditions");
    size_t mark = bram_scratch_mark(cx);
    int status = angles(cx, angle, overlap, x, y, dim, axis);
    bram_scratch_release(cx, mark);
    return status;
}
