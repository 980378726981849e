/*
 * noise.c - covariance of noise between channels, shrunk or not, and its inverse; see noise.h.
 *
 * shrinkage_eye: S = E'E / t, m = tr S / p, d2 = |S - m I|^2, b2 = sum_k |e_k e_k' - S|^2 / t^2 =
 * [sum_k (e_k.e_k)^2 / t - |S|^2] / t, at most d2; (b2 / d2) m I + (1 - b2 / d2) S, times t / dof.
 *
 * shrinkage_diag: with w_k = e_ki e_kj / (s_i s_j), s^2 = sums of squares / dof, the correlation is
 * r = sum_k w_k / dof, its variance t / dof^3 sum_k (w_k - mean w)^2, and lambda = sum var(r) / sum
 * r^2 over i != j, within [0, 1]; correlations are multiplied by 1 - lambda. rsatoolbox takes
 * t / dof^2 (sum_k w_k^2 / (t-1) - (sum_k w_k / (t-1))^2) for the variance and sum_k w_k / (t-1)
 * for r. Since w_k is a product, sum_{i != j} w_k^2 = (sum_i z_i^2)^2 - sum_i z_i^4 for each row,
 * so no product of channels x channels is needed for it.
 */
#include "noise.h"

#include "internal.h"
#include "linalg.h"
#include "rdm_parts.h"

#include <float.h>
#include <math.h>
#include <string.h>

bool bram_noise_method_find(bram_noise_method *out, const char *name)
{
    static const char *const names[] = {"full", "diag", "shrinkage_eye", "shrinkage_diag",
                                        "shrinkage_rsatoolbox"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (!strcmp(name, names[k])) {
            *out = (bram_noise_method)k;
            return true;
        }
    return false;
}

static int check(bram_ctx *cx, const bram_mat *out, const bram_mat *x)
{
    if (x->rows < 2 || !x->cols || out->rows != x->cols || out->cols != x->cols)
        return bram_fail(cx, BRAM_ESHAPE,
                         "residuals of %zu rows x %zu channels into a covariance of %zu x %zu, "
                         "expected 2 rows or more and one row of it for each channel",
                         x->rows, x->cols, out->rows, out->cols);
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++)
            if (!isfinite(bram_row(x, i)[k]))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the residual in row %zu, channel %zu is %g, expected a number", i,
                                 k, bram_row(x, i)[k]);
    return BRAM_OK;
}

static int centred(bram_ctx *cx, bram_mat *e, const bram_mat *x)
{
    BRAM_TRY(bram_mat_scratch(cx, e, x->rows, x->cols));
    double *mean = bram_scratch(cx, x->cols, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) mean[k] += bram_row(x, i)[k] - x->data[k];
    for (size_t k = 0; k < x->cols; k++) mean[k] = mean[k] / (double)x->rows + x->data[k];
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < x->cols; k++) bram_row(e, i)[k] = bram_row(x, i)[k] - mean[k];
    return BRAM_OK;
}

static void scale(bram_mat *s, double diagonal, double rest)
{
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->cols; j++) bram_row(s, i)[j] *= i == j ? diagonal : rest;
}

/* The weight of the target for shrinkage_eye, from S = E'E / t. */
static double weight_eye(const bram_mat *s, const bram_mat *e, double mean_variance)
{
    double t = (double)e->rows, fourth = 0, square = 0, d2 = 0;
    for (size_t i = 0; i < e->rows; i++) {
        double length = 0;
        for (size_t k = 0; k < e->cols; k++) length += bram_row(e, i)[k] * bram_row(e, i)[k];
        fourth += length * length;
    }
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->cols; j++) {
            double v = bram_row(s, i)[j], off = i == j ? v - mean_variance : v;
            square += v * v;
            d2 += off * off;
        }
    double b2 = (fourth / t - square) / t;
    return !(d2 > 0) ? 1 : fmax(0, fmin(b2 / d2, 1));
}

static void shrink_eye(bram_mat *s, double *weight, const bram_mat *e, double dof)
{
    double t = (double)e->rows, mean_variance = 0;
    scale(s, 1 / t, 1 / t);
    for (size_t k = 0; k < s->rows; k++) mean_variance += bram_row(s, k)[k] / (double)s->rows;
    *weight = weight_eye(s, e, mean_variance);
    scale(s, 1 - *weight, 1 - *weight);
    for (size_t k = 0; k < s->rows; k++) bram_row(s, k)[k] += *weight * mean_variance;
    scale(s, t / dof, t / dof);
}

/* lambda from the sums of products S = E'E */
static double weight_diag(const bram_mat *s, const bram_mat *e, double dof, bool rsatoolbox)
{
    double t = (double)e->rows, squares = 0, correlations = 0;
    for (size_t i = 0; i < e->rows; i++) {
        double sum = 0, fourth = 0;
        for (size_t k = 0; k < e->cols; k++) {
            double z2 = bram_row(e, i)[k] * bram_row(e, i)[k] * dof / bram_row(s, k)[k];
            sum += z2;
            fourth += z2 * z2;
        }
        squares += sum * sum - fourth;
    }
    for (size_t i = 0; i < s->rows; i++)
        for (size_t j = 0; j < s->cols; j++)
            if (i != j) {
                double r = bram_row(s, i)[j] / sqrt(bram_row(s, i)[i]) / sqrt(bram_row(s, j)[j]);
                correlations += r * r;
            }
    if (!(correlations > 0)) return 1;
    double variance = t / (dof * dof * dof) * (squares - dof * dof / t * correlations);
    if (rsatoolbox) {
        correlations *= dof * dof / ((t - 1) * (t - 1));
        variance = t / (dof * dof) * (squares / (t - 1) - correlations);
    }
    return fmax(0, fmin(variance / correlations, 1));
}

static int estimate(bram_ctx *cx, bram_mat *s, double *weight, const bram_mat *x,
                    bram_noise_method method, double dof)
{
    bram_mat e;
    BRAM_TRY(centred(cx, &e, x));
    BRAM_TRY(bram_mat_scratch(cx, s, x->cols, x->cols));
    BRAM_TRY(bram_syrk(cx, s, 1, &e, BRAM_TRANSPOSED, 0));
    if (method == BRAM_NOISE_SHRINKAGE_EYE) {
        shrink_eye(s, weight, &e, dof);
        return BRAM_OK;
    }
    *weight = method == BRAM_NOISE_DIAG;
    if (method >= BRAM_NOISE_SHRINKAGE_DIAG) {
        for (size_t k = 0; k < s->rows; k++)
            if (!(bram_row(s, k)[k] > 0))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "channel %zu does not vary over the %zu residuals", k, x->rows);
        *weight = weight_diag(s, &e, dof, method == BRAM_NOISE_SHRINKAGE_RSATOOLBOX);
    }
    scale(s, 1 / dof, (1 - *weight) / dof);
    return BRAM_OK;
}

int bram_noise_covariance(bram_ctx *cx, bram_mat *out, double *shrinkage, const bram_mat *residuals,
                          bram_noise_method method, double dof)
{
    BRAM_TRY(check(cx, out, residuals));
    if (!dof) dof = (double)residuals->rows - 1;
    if (!(dof > 0))
        return bram_fail(cx, BRAM_EUSAGE, "%g degrees of freedom, expected more than 0", dof);
    size_t mark = bram_scratch_mark(cx);
    bram_mat s;
    double weight = 0;
    int status = estimate(cx, &s, &weight, residuals, method, dof);
    for (size_t i = 0; status == BRAM_OK && i < s.rows; i++)
        memcpy(bram_row(out, i), bram_row(&s, i), s.cols * sizeof *s.data);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && shrinkage) *shrinkage = weight;
    return status;
}

int bram_noise_residuals(bram_ctx *cx, bram_mat *out, double *dof, const bram_mat *x,
                         const uint32_t *condition, size_t conditions)
{
    if (x->rows <= conditions)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu rows of %zu conditions leave no noise to estimate: no condition is "
                         "repeated",
                         x->rows, conditions);
    bram_mat mean;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_mat_scratch(cx, &mean, conditions, x->cols));
    double *count = bram_scratch(cx, conditions, sizeof *count);
    if (count) {
        for (size_t i = 0; i < x->rows; i++) {
            count[condition[i]]++;
            for (size_t k = 0; k < x->cols; k++)
                bram_row(&mean, condition[i])[k] += bram_row(x, i)[k];
        }
        for (size_t i = 0; i < x->rows; i++)
            for (size_t k = 0; k < x->cols; k++)
                bram_row(out, i)[k] = bram_row(x, i)[k] -
                                      bram_row(&mean, condition[i])[k] / count[condition[i]];
        *dof = (double)(x->rows - conditions);
    }
    bram_scratch_release(cx, mark);
    return count ? BRAM_OK : BRAM_ENOMEM;
}

/* A pivot is what a channel has beyond those before it. Rounding alone leaves p eps of its variance
 * (above 0 or below, as the kernels of BLAS have it), so that less than that is none. */
static int check_pivots(bram_ctx *cx, const bram_mat *factor, const bram_mat *covariance)
{
    size_t p = factor->rows;
    for (size_t k = 0; k < p; k++) {
        double pivot = bram_row(factor, k)[k], variance = bram_row(covariance, k)[k];
        if (!(pivot * pivot > 4 * (double)p * DBL_EPSILON * variance))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "channel %zu of %zu depends on those before it: the matrix is not "
                             "positive definite",
                             k, p);
    }
    return BRAM_OK;
}

/* inv(L L') = X'X with X = inv(L) */
int bram_noise_invert(bram_ctx *cx, bram_mat *covariance)
{
    size_t p = covariance->rows, mark = bram_scratch_mark(cx);
    bram_mat factor, inverse;
    BRAM_TRY(bram_mat_scratch(cx, &factor, p, p));
    BRAM_TRY(bram_mat_scratch(cx, &inverse, p, p));
    for (size_t i = 0; i < p; i++) {
        memcpy(bram_row(&factor, i), bram_row(covariance, i), (i + 1) * sizeof *factor.data);
        bram_row(&inverse, i)[i] = 1;
    }
    int status = bram_cholesky(cx, &factor);
    if (status == BRAM_OK) status = check_pivots(cx, &factor, covariance);
    if (status == BRAM_OK) status = bram_triangular_solve(cx, &factor, false, BRAM_AS_IS, &inverse);
    if (status == BRAM_OK) status = bram_syrk(cx, covariance, 1, &inverse, BRAM_TRANSPOSED, 0);
    bram_scratch_release(cx, mark);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "the noise covariance");
}
