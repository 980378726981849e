/* factor_analysis.c - see factor_analysis.h. */
#include "factor_analysis.h"

#include <math.h>
#include <string.h>

static const double LEAST_NOISE = 1e-12, LOG_2_PI = 1.83787706640934548356;

/* ---- the fit -------------------------------------------------------------------------------- */

/* L for the present psi, in `loadings`; *loglik is the mean log likelihood with both. */
static int best_loadings(bram_ctx *cx, bram_mat *loadings, double *loglik, const double *noise,
                         const bram_mat *covariance, bram_mat *scaled, double *value)
{
    size_t n = covariance->rows, k = loadings->cols;
    double logs = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            bram_row(scaled, i)[j] = bram_row(covariance, i)[j] / sqrt(noise[i] * noise[j]);
    BRAM_TRY(bram_eigh(cx, scaled, value)); /* ascending; rows are the vectors */
    for (size_t c = 0; c < k; c++) {
        double length = sqrt(fmax(0, value[n - 1 - c] - 1));
        for (size_t i = 0; i < n; i++)
            bram_row(loadings, i)[c] = sqrt(noise[i]) * length * bram_row(scaled, n - 1 - c)[i];
    }
    /* of the scaled covariance: a leading value v adds log v + 1, or v where it is below 1 */
    for (size_t c = 0; c < n; c++)
        logs += c + k >= n && value[c] > 1 ? log(value[c]) + 1 : value[c];
    for (size_t i = 0; i < n; i++) logs += log(noise[i]);
    *loglik = -((double)n * LOG_2_PI + logs) / 2;
    return BRAM_OK;
}

static void best_noise(double *noise, const bram_mat *covariance, const bram_mat *loadings,
                       double least)
{
    for (size_t i = 0; i < covariance->rows; i++) {
        double rest = bram_row(covariance, i)[i];
        for (size_t c = 0; c < loadings->cols; c++)
            rest -= bram_row(loadings, i)[c] * bram_row(loadings, i)[c];
        noise[i] = fmax(rest, least);
    }
}

int bram_factor_analysis(bram_ctx *cx, bram_mat *loadings, double *noise,
                         const bram_mat *covariance, size_t most_steps, double tolerance)
{
    size_t n = covariance->rows, mark = bram_scratch_mark(cx);
    double sum = 0, last = -INFINITY, loglik = 0;
    bram_mat scaled;
    if (covariance->cols != n || loadings->rows != n || loadings->cols < 1 || loadings->cols > n)
        return bram_fail(cx, BRAM_ESHAPE, "%zu factors of %zu x %zu covariances", loadings->cols, n,
                         covariance->cols);
    for (size_t i = 0; i < n; i++) sum += bram_row(covariance, i)[i];
    if (!isfinite(sum)) return bram_fail(cx, BRAM_ENUMERIC, "the covariances are not finite");
    double least = LEAST_NOISE * (sum > 0 ? sum / (double)n : 1);
    double *value = bram_scratch(cx, n, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &scaled, n, n));
    for (size_t i = 0; i < n; i++) noise[i] = fmax(bram_row(covariance, i)[i], least);
    for (size_t step = 0; step < most_steps; step++) {
        BRAM_TRY(best_loadings(cx, loadings, &loglik, noise, covariance, &scaled, value));
        if (loglik - last < tolerance) break;
        last = loglik;
        best_noise(noise, covariance, loadings, least);
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- rows ----------------------------------------------------------------------------------- */

int bram_factor_filter_new(bram_ctx *cx, bram_factor_filter *f, const bram_mat *loadings,
                           const double *mean, const double *noise)
{
    *f = (bram_factor_filter){.loadings = loadings, .mean = mean, .noise = noise};
    BRAM_TRY(bram_mat_scratch(cx, &f->precision, loadings->cols, loadings->cols));
    return bram_mat_scratch(cx, &f->factor, loadings->cols, 1);
}

/* With L, psi of the seen units alone: precision P = I + L' psi^-1 L, mean P^-1 L' psi^-1 d. */
int bram_factor_infer(bram_ctx *cx, bram_factor_filter *f, const double *y, const uint8_t *seen,
                      double *loglik)
{
    size_t k = f->factor.rows, count = 0;
    double square = 0, logs = 0, projected = 0;
    for (size_t c = 0; c < k; c++) {
        memset(bram_row(&f->precision, c), 0, k * sizeof(double));
        bram_row(&f->precision, c)[c] = 1, f->factor.data[c] = 0;
    }
    for (size_t i = 0; i < f->loadings->rows; i++) {
        if (!seen[i]) continue;
        const double *row = bram_row(f->loadings, i);
        double d = y[i] - f->mean[i];
        for (size_t c = 0; c < k; c++) {
            for (size_t b = 0; b <= c; b++)
                bram_row(&f->precision, c)[b] += row[c] * row[b] / f->noise[i];
            f->factor.data[c] += row[c] * d / f->noise[i];
        }
        square += d * d / f->noise[i], logs += log(f->noise[i]), count++;
    }
    if (!isfinite(square)) return bram_fail(cx, BRAM_ENUMERIC, "a value is not finite");
    BRAM_TRY(bram_cholesky(cx, &f->precision));
    for (size_t c = 0; c < k; c++) logs += 2 * log(bram_row(&f->precision, c)[c]);
    double *right = loglik ? bram_scratch(cx, k, sizeof *right) : NULL;
    if (loglik && !right) return BRAM_ENOMEM;
    if (right) memcpy(right, f->factor.data, k * sizeof *right);
    BRAM_TRY(bram_cholesky_solve(cx, &f->precision, &f->factor));
    for (size_t c = 0; right && c < k; c++) projected += right[c] * f->factor.data[c];
    if (loglik) *loglik = -((double)count * LOG_2_PI + logs + square - projected) / 2;
    return BRAM_OK;
}
