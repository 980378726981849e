/*
 * banded.c - banded ridge by random search, and the split of a score among spaces; see banded.h.
 */
#include "banded.h"

#include "linalg.h"

#include <bramble/rng.h>

#include <float.h>
#include <math.h>

/* ---- weightings ----------------------------------------------------------------------------- */

/* The logarithm of a Gamma(a, 1) number: Marsaglia and Tsang 2000, below one by Gamma(a + 1)
 * U^(1/a), whose small numbers would underflow. */
static double log_gamma_draw(bram_rng *g, double a)
{
    double boost = a < 1 ? log(1 - bram_rng_uniform(g)) / a : 0, d = (a < 1 ? a + 1 : a) - 1. / 3;
    for (;;) {
        double x = bram_rng_normal(g), v = 1 + x / sqrt(9 * d);
        if (!(v > 0)) continue;
        v = v * v * v;
        if (log(1 - bram_rng_uniform(g)) < x * x / 2 + d - d * v + d * log(v))
            return log(d * v) + boost;
    }
}

void bram_banded_draws(bram_mat *gamma, uint64_t seed)
{
    for (size_t k = 0; k < gamma->rows; k++) {
        double *row = bram_row(gamma, k), largest = -INFINITY, sum = 0;
        bram_rng g = bram_rng_at(seed, "banded", k);
        for (size_t i = 0; i < gamma->cols; i++) {
            row[i] = k ? log_gamma_draw(&g, k % 2 ? .1 : 1) : 0;
            largest = fmax(largest, row[i]);
        }
        for (size_t i = 0; i < gamma->cols; i++) sum += row[i] = exp(row[i] - largest);
        for (size_t i = 0; i < gamma->cols; i++) row[i] /= sum;
    }
}

void bram_banded_kernel(bram_mat *out, const bram_mat *kernel, size_t kernels, const double *gamma)
{
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++) {
            double sum = 0;
            for (size_t k = 0; k < kernels; k++) sum += gamma[k] * bram_row(&kernel[k], i)[j];
            bram_row(out, i)[j] = sum;
        }
}

/* ---- the search ----------------------------------------------------------------------------- */

static int check(bram_ctx *cx, const bram_banded *b, size_t kernels)
{
    if (!b->gamma.rows || b->gamma.cols != kernels || !kernels)
        return bram_fail(cx, BRAM_EUSAGE, "weightings %zu x %zu for %zu spaces", b->gamma.rows,
                         b->gamma.cols, kernels);
    for (size_t k = 0; k < b->gamma.rows; k++)
        for (size_t i = 0; i < kernels; i++)
            if (!(bram_row(&b->gamma, k)[i] >= 0) || isinf(bram_row(&b->gamma, k)[i]))
                return bram_fail(cx, BRAM_EUSAGE, "weight %g of space %zu, expected 0 or more",
                                 bram_row(&b->gamma, k)[i], i);
    return BRAM_OK;
}

static int search(bram_ctx *cx, bram_banded *b, const bram_mat *kernel, size_t kernels,
                  const bram_targets *y, const bram_ridge_search *s)
{
    bram_mat sum;
    double *alpha = bram_scratch(cx, 2 * y->cols, sizeof *alpha), *best = alpha + y->cols;
    if (!alpha) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &sum, kernel->rows, kernel->rows));
    for (size_t k = 0; k < b->gamma.rows; k++) {
        bram_banded_kernel(&sum, kernel, kernels, bram_row(&b->gamma, k));
        BRAM_TRY(bram_ridge_search_run(cx, alpha, best, &(bram_regressors){.kernel = &sum}, y, s));
        for (size_t j = 0; j < y->cols; j++) {
            if (b->score) b->score[k * y->cols + j] = best[j];
            if (k && !(best[j] > b->best[j] + DBL_EPSILON)) continue;
            b->best[j] = best[j], b->alpha[j] = alpha[j], b->draw[j] = k;
        }
        bram_ctx_progress(cx, "weightings", (double)k + 1, (double)b->gamma.rows);
    }
    return BRAM_OK;
}

int bram_banded_search(bram_ctx *cx, bram_banded *found, const bram_mat *kernel, size_t kernels,
                       const bram_targets *y, const bram_ridge_search *s)
{
    BRAM_TRY(check(cx, found, kernels));
    size_t mark = bram_scratch_mark(cx);
    int status = search(cx, found, kernel, kernels, y, s);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- splits --------------------------------------------------------------------------------- */

static double mean_of(const bram_mat *m, size_t j)
{
    double mean = 0;
    for (size_t i = 1; i < m->rows; i++) mean += bram_row(m, i)[j] - m->data[j];
    return m->data[j] + mean / (double)m->rows;
}

int bram_banded_split(bram_ctx *cx, bram_mat *r2, bram_mat *correlation, const bram_mat *part,
                      size_t spaces, const bram_mat *y)
{
    size_t mark = bram_scratch_mark(cx);
    double *mean = bram_scratch(cx, spaces, sizeof *mean),
           *py = bram_scratch(cx, 2 * spaces, sizeof *py);
    if (!mean || !py) return BRAM_ENOMEM;
    double *pp = py + spaces;
    for (size_t k = 0; k < spaces; k++)
        if (part[k].rows != y->rows || part[k].cols != y->cols)
            return bram_fail(cx, BRAM_ESHAPE, "part %zu is %zu x %zu, the truth %zu x %zu", k,
                             part[k].rows, part[k].cols, y->rows, y->cols);
    for (size_t j = 0; j < y->cols; j++) {
        double middle = mean_of(y, j), yy = 0, all = 0;
        for (size_t k = 0; k < spaces; k++) mean[k] = mean_of(&part[k], j), py[k] = pp[k] = 0;
        for (size_t i = 0; i < y->rows; i++) {
            double truth = bram_row(y, i)[j] - middle, p = 0;
            for (size_t k = 0; k < spaces; k++) p += bram_row(&part[k], i)[j] - mean[k];
            yy += truth * truth, all += p * p;
            for (size_t k = 0; k < spaces; k++) {
                double own = bram_row(&part[k], i)[j] - mean[k];
                py[k] += own * truth, pp[k] += own * p;
            }
        }
        for (size_t k = 0; k < spaces; k++) {
            if (r2) bram_row(r2, k)[j] = yy > 0 ? (2 * py[k] - pp[k]) / yy : (double)NAN;
            if (correlation)
                bram_row(correlation, k)[j] = yy > 0 && all > 0 ? py[k] / sqrt(yy) / sqrt(all)
                                                                : (double)NAN;
        }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
