/*
 * rdm.c - estimators of dissimilarity matrices; see rdm.h.
 *
 * Without a mask the squared distance is q_i + q_j - 2 g_ij from the Gram matrix, after each column
 * has been moved by one of its own values, the one nearest its mean: that removes large offsets and
 * keeps whole numbers whole, so equal distances stay equal. Where cancellation would show (few
 * channels, or a distance small beside q_i + q_j) the pair is computed by differences. The
 * correlation distance of rows of mean 0 and length 1 is 1 - g_ij, or |z_i - z_j|^2 / 2 where
 * small. Cost: n^2 p / 2 multiply-adds in one product. Sources: Kriegeskorte et al. 2008; Nili et
 * al. 2014.
 */
#include "rdm.h"

#include "internal.h"
#include "linalg.h"

#include <float.h>
#include <math.h>

enum { MAX_ROWS = 1 << 16, FEW_CHANNELS = 32 };

static const double small_share = 1e-6; /* of q_i + q_j: below, differences are used */
static const double given_tolerance = 1e-8;

/* Conditions x channels, and the mask that goes with it. */
struct patterns {
    const bram_mat *x;
    const uint8_t *present; /* packed; NULL: all */
    size_t n, p;
};

static bool has(const struct patterns *a, size_t i, size_t k)
{
    return !a->present || a->present[i * a->p + k];
}

static int check(bram_ctx *cx, const struct patterns *a)
{
    if (a->n == 0 || a->p == 0 || a->n > MAX_ROWS)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu conditions x %zu channels, expected 1 to %d conditions "
                         "and a channel or more",
                         a->n, a->p, MAX_ROWS);
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < a->p; k++)
            if (has(a, i, k) && !isfinite(bram_row(a->x, i)[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "condition %zu, channel %zu is %g, expected a "
                                 "number (what is missing is masked)",
                                 i, k, bram_row(a->x, i)[k]);
    size_t budget = bram_ctx_memory(cx);
    double bytes = 8.0 * ((double)a->n * (double)a->p + 1.5 * (double)a->n * (double)a->n);
    if (budget && bytes > (double)budget)
        return bram_fail(cx, BRAM_EMEMORY,
                         "the RDM of %zu conditions x %zu channels needs %.0f "
                         "bytes, the budget is %zu",
                         a->n, a->p, bytes, budget);
    return BRAM_OK;
}

/* c = x less, in each column, the value of that column nearest its mean. */
static int centre_columns(bram_ctx *cx, const bram_mat *x, bram_mat *c)
{
    double *mean = bram_scratch(cx, x->cols, sizeof *mean);
    double *nearest = mean ? bram_scratch(cx, x->cols, sizeof *nearest) : NULL;
    if (!nearest) return BRAM_ENOMEM;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) mean[k] += bram_row(x, i)[k] / (double)x->rows;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) {
            double v = bram_row(x, i)[k];
            if (i == 0 || fabs(v - mean[k]) < fabs(nearest[k] - mean[k])) nearest[k] = v;
        }
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) bram_row(c, i)[k] = bram_row(x, i)[k] - nearest[k];
    return BRAM_OK;
}

static double squared_difference(const double *a, const double *b, size_t p)
{
    double sum = 0;
    for (size_t k = 0; k < p; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

static int euclidean(bram_ctx *cx, double *d, const bram_mat *x)
{
    bram_mat c, gram;
    BRAM_TRY(bram_mat_scratch(cx, &c, x->rows, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &gram, x->rows, x->rows));
    BRAM_TRY(centre_columns(cx, x, &c));
    if (x->cols > FEW_CHANNELS) BRAM_TRY(bram_syrk(cx, &gram, 1, &c, BRAM_AS_IS, 0));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = i + 1; j < x->rows; j++) {
            double both = bram_row(&gram, i)[i] + bram_row(&gram, j)[j];
            double squared = both - 2 * bram_row(&gram, i)[j];
            if (x->cols <= FEW_CHANNELS || !(squared > small_share * both))
                squared = squared_difference(bram_row(x, i), bram_row(x, j), x->cols);
            *d++ = squared / (double)x->cols;
        }
    return BRAM_OK;
}

/*
 * z = (x - mean) / length of that. false where x is constant but for rounding. The largest
 * deviation is taken out first, so that no square overflows or vanishes.
 */
static bool standardize(double *z, const double *x, size_t p)
{
    double mean = 0, largest = 0, magnitude = 0, square = 0;
    for (size_t k = 0; k < p; k++) mean += (x[k] - x[0]) / (double)p;
    for (size_t k = 0; k < p; k++) {
        z[k] = x[k] - x[0] - mean;
        largest = fmax(largest, fabs(z[k]));
        magnitude = fmax(magnitude, fabs(x[k]));
    }
    if (!(largest > 32 * DBL_EPSILON * magnitude)) return false;
    for (size_t k = 0; k < p; k++) square += (z[k] / largest) * (z[k] / largest);
    for (size_t k = 0; k < p; k++) z[k] = z[k] / largest / sqrt(square);
    return true;
}

static int correlation(bram_ctx *cx, double *d, const bram_mat *x)
{
    bram_mat z, gram;
    bool *defined = bram_scratch(cx, x->rows, sizeof *defined);
    if (!defined) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &z, x->rows, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &gram, x->rows, x->rows));
    for (size_t i = 0; i < x->rows; i++)
        defined[i] = standardize(bram_row(&z, i), bram_row(x, i), x->cols);
    BRAM_TRY(bram_syrk(cx, &gram, 1, &z, BRAM_AS_IS, 0));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = i + 1; j < x->rows; j++) {
            double distance = 1 - bram_row(&gram, i)[j];
            if (distance < small_share)
                distance = squared_difference(bram_row(&z, i), bram_row(&z, j), x->cols) / 2;
            *d++ = defined[i] && defined[j] ? distance : (double)NAN;
        }
    return BRAM_OK;
}

/* The values of two rows where both are present; returns how many. */
static size_t shared_channels(const struct patterns *a, size_t i, size_t j, double *x, double *y)
{
    size_t count = 0;
    for (size_t k = 0; k < a->p; k++)
        if (has(a, i, k) && has(a, j, k)) {
            x[count] = bram_row(a->x, i)[k];
            y[count++] = bram_row(a->x, j)[k];
        }
    return count;
}

static double masked_distance(double *x, double *y, size_t count, bram_rdm_kind kind)
{
    if (kind == BRAM_RDM_EUCLIDEAN)
        return count < 2 ? (double)NAN : squared_difference(x, y, count) / (double)count;
    double *zx = x + count, *zy = y + count;
    if (count < 3 || !standardize(zx, x, count) || !standardize(zy, y, count)) return NAN;
    return squared_difference(zx, zy, count) / 2;
}

/* Pair by pair over the shared channels. */
static int masked(bram_ctx *cx, double *d, const struct patterns *a, bram_rdm_kind kind)
{
    double *x = bram_scratch(cx, a->p, 2 * sizeof *x);
    double *y = x ? bram_scratch(cx, a->p, 2 * sizeof *y) : NULL;
    if (!y) return BRAM_ENOMEM;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = i + 1; j < a->n; j++)
            *d++ = masked_distance(x, y, shared_channels(a, i, j, x, y), kind);
    return BRAM_OK;
}

int bram_rdm_new(bram_ctx *cx, double **out, const bram_side *side, bram_rdm_kind kind)
{
    struct patterns a = {&side->values, side->present, side->values.rows, side->values.cols};
    BRAM_TRY(check(cx, &a));
    double *d = bram_alloc(cx, bram_rdm_pairs(a.n), sizeof *d);
    if (!d) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = a.present                    ? masked(cx, d, &a, kind)
                 : kind == BRAM_RDM_EUCLIDEAN ? euclidean(cx, d, a.x)
                                              : correlation(cx, d, a.x);
    bram_scratch_release(cx, mark);
    for (size_t k = 0; status == BRAM_OK && k < bram_rdm_pairs(a.n); k++)
        if (isinf(d[k]) || (isnan(d[k]) && kind == BRAM_RDM_EUCLIDEAN && !a.present))
            status = bram_fail(cx, BRAM_ENUMERIC, "the values are too large for their distances");
    if (status == BRAM_OK) *out = d;
    else bram_free(d);
    return status;
}

static double largest_magnitude(const struct patterns *a)
{
    double largest = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < a->n; j++)
            if (has(a, i, j)) largest = fmax(largest, fabs(bram_row(a->x, i)[j]));
    return largest;
}

/* A diagonal of zeros and two equal triangles, as far as they are present. */
static int check_given(bram_ctx *cx, const struct patterns *a)
{
    double allowed = given_tolerance * largest_magnitude(a);
    for (size_t i = 0; i < a->n; i++) {
        if (has(a, i, i) && fabs(bram_row(a->x, i)[i]) > allowed)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the dissimilarity of condition %zu with itself is "
                             "%g, expected 0: are these similarities?",
                             i, bram_row(a->x, i)[i]);
        for (size_t j = i + 1; j < a->n; j++) {
            double above = bram_row(a->x, i)[j], below = bram_row(a->x, j)[i];
            if (has(a, i, j) && has(a, j, i) && fabs(above - below) > allowed)
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the dissimilarities (%zu, %zu) = %g and (%zu, "
                                 "%zu) = %g differ, expected a symmetric matrix",
                                 i, j, above, j, i, below);
        }
    }
    return BRAM_OK;
}

int bram_rdm_given(bram_ctx *cx, double **out, const bram_side *side)
{
    struct patterns a = {&side->values, side->present, side->values.rows, side->values.cols};
    if (a.n != a.p)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a dissimilarity matrix of %zu x %zu, expected a square one", a.n, a.p);
    BRAM_TRY(check(cx, &a));
    BRAM_TRY(check_given(cx, &a));
    double *d = bram_alloc(cx, bram_rdm_pairs(a.n), sizeof *d);
    if (!d) return BRAM_ENOMEM;
    *out = d;
    for (size_t i = 0; i < a.n; i++)
        for (size_t j = i + 1; j < a.n; j++)
            *d++ = has(&a, i, j) && has(&a, j, i) ? bram_row(a.x, i)[j] : (double)NAN;
    return BRAM_OK;
}
