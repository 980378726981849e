/*
 * banded.c - banded ridge by random search, and the split of a score among spaces; see banded.h.
 */
#include "banded.h"

#include "linalg.h"

#include <bramble/parallel.h>
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

/* Weightings that are scored side by side; part of the fixed order of the work. */
enum { AT_ONCE = 16 };

struct tries {
    const bram_banded *b;
    const bram_mat *kernel;
    size_t kernels, first;
    const bram_targets *y;
    const bram_ridge_search *s;
    double *alpha, *best; /* AT_ONCE x targets */
};

static int try_one(bram_ctx *cx, size_t task, void *user)
{
    const struct tries *t = user;
    bram_mat sum;
    BRAM_TRY(bram_mat_scratch(cx, &sum, t->kernel->rows, t->kernel->rows));
    bram_banded_kernel(&sum, t->kernel, t->kernels, bram_row(&t->b->gamma, t->first + task));
    return bram_ridge_search_run(cx, t->alpha + task * t->y->cols, t->best + task * t->y->cols,
                                 &(bram_regressors){.kernel = &sum}, t->y, t->s);
}

/* What is read is read by one thread. */
static int try_some(bram_ctx *cx, struct tries *t, size_t count)
{
    if (!t->y->read) return bram_parallel_for(cx, count, try_one, t);
    for (size_t k = 0; k < count; k++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(try_one(cx, k, t));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static void keep_better(bram_banded *b, const struct tries *t, size_t count)
{
    size_t targets = t->y->cols;
    for (size_t k = 0; k < count; k++)
        for (size_t j = 0; j < targets; j++) {
            double best = t->best[k * targets + j];
            size_t draw = t->first + k;
            if (b->score) b->score[draw * targets + j] = best;
            if (draw && !(best > b->best[j] + DBL_EPSILON)) continue;
            b->best[j] = best, b->alpha[j] = t->alpha[k * targets + j], b->draw[j] = draw;
        }
}

static int search(bram_ctx *cx, bram_banded *b, const bram_mat *kernel, size_t kernels,
                  const bram_targets *y, const bram_ridge_search *s)
{
    struct tries t = {b, kernel, kernels, 0, y, s, NULL, NULL};
    t.alpha = bram_scratch(cx, AT_ONCE * y->cols, sizeof *t.alpha);
    t.best = t.alpha ? bram_scratch(cx, AT_ONCE * y->cols, sizeof *t.best) : NULL;
    if (!t.best) return BRAM_ENOMEM;
    for (t.first = 0; t.first < b->gamma.rows; t.first += AT_ONCE) {
        size_t count = b->gamma.rows - t.first;
        if (count > AT_ONCE) count = AT_ONCE;
        BRAM_TRY(try_some(cx, &t, count));
        keep_better(b, &t, count);
        bram_ctx_progress(cx, "weightings", (double)(t.first + count), (double)b->gamma.rows);
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
