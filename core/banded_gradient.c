/*
 * banded_gradient.c - penalties of feature spaces by descent of the cross-validated error; see
 * banded.h.
 *
 * With d_i the logarithm of gamma_i / alpha, K = sum exp(d_i) K_i about the means of a fold's
 * training rows, H the same of its test rows, c = (K + 1)^-1 y and r = (y_test - mean) - H c:
 *
 *   error     mean over folds of r'r / tests
 *   gradient  mean over folds of -2 exp(d_i) / tests (r'H_i c - v'K_i c),   v = (K + 1)^-1 H'r
 */
#include "banded.h"
#include "internal.h"
#include "lbfgs.h"
#include "linalg.h"
#include "ridge_private.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* exp of it times any kernel is far from overflow. */
#define LARGEST 50.0

/* Kernels of a fold about the means of its training rows. */
struct fold {
    const bram_fold *rows;
    bram_mat *train, *test; /* of each space */
};

struct descent {
    const bram_mat *kernel;
    size_t kernels, folds, steps;
    struct fold *fold;
    const bram_targets *y;
    bool origin;
    bram_mat *delta;
    double *best;
};

/* ---- folds ---------------------------------------------------------------------------------- */

static int centre(bram_ctx *cx, struct fold *f, size_t space, const bram_mat *k, bool origin)
{
    size_t n = f->rows->trains, tests = f->rows->tests;
    double *mean = bram_scratch(cx, n, sizeof *mean), all = 0;
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < n && !origin; i++) {
        for (size_t j = 0; j < n; j++)
            mean[i] += bram_row(k, f->rows->train[i])[f->rows->train[j]] / (double)n;
        all += mean[i] / (double)n;
    }
    for (size_t i = 0; i < n + tests; i++) {
        const double *from = bram_row(k, i < n ? f->rows->train[i] : f->rows->test[i - n]);
        double *to = i < n ? bram_row(&f->train[space], i) : bram_row(&f->test[space], i - n);
        double own = 0;
        for (size_t j = 0; j < n && !origin; j++) own += from[f->rows->train[j]] / (double)n;
        for (size_t j = 0; j < n; j++) to[j] = from[f->rows->train[j]] - own - mean[j] + all;
    }
    return BRAM_OK;
}

static int make_folds(bram_ctx *cx, struct descent *d, const bram_ridge_search *s)
{
    d->fold = bram_scratch(cx, s->folds, sizeof *d->fold);
    if (!d->fold) return BRAM_ENOMEM;
    for (size_t f = 0; f < s->folds; f++) {
        struct fold *to = &d->fold[f];
        to->rows = &s->fold[f];
        to->train = bram_scratch(cx, d->kernels, sizeof *to->train);
        to->test = to->train ? bram_scratch(cx, d->kernels, sizeof *to->test) : NULL;
        if (!to->test) return BRAM_ENOMEM;
        for (size_t k = 0; k < d->kernels; k++) {
            BRAM_TRY(bram_mat_scratch(cx, &to->train[k], to->rows->trains, to->rows->trains));
            BRAM_TRY(bram_mat_scratch(cx, &to->test[k], to->rows->tests, to->rows->trains));
            size_t mark = bram_scratch_mark(cx);
            int status = centre(cx, to, k, &d->kernel[k], d->origin);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
        }
    }
    return BRAM_OK;
}

/* ---- the error of one target and its gradient ----------------------------------------------- */

struct one {
    const struct descent *d;
    size_t target;
};

static double value_at(const bram_targets *y, size_t row, size_t target)
{
    return y->f64 ? bram_row(y->f64, row)[target] : (double)y->f32[row * y->cols + target];
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void weighted(bram_mat *out, const bram_mat *part, const double *delta, size_t kernels)
{
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++) {
            double sum = 0;
            for (size_t k = 0; k < kernels; k++) sum += exp(delta[k]) * bram_row(&part[k], i)[j];
            bram_row(out, i)[j] = sum;
        }
}

static int fold_error(bram_ctx *cx, double *value, double *gradient, const double *delta,
                      const struct one *one, const struct fold *f)
{
    const struct descent *d = one->d;
    size_t n = f->rows->trains, tests = f->rows->tests;
    bram_mat k, h;
    double *c = bram_scratch(cx, n, sizeof *c), *v = c ? bram_scratch(cx, 2 * n, sizeof *v) : NULL;
    double *r = v ? bram_scratch(cx, 2 * tests, sizeof *r) : NULL, mean = 0;
    if (!r) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &k, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &h, tests, n));
    weighted(&k, f->train, delta, d->kernels);
    weighted(&h, f->test, delta, d->kernels);
    for (size_t i = 0; i < n; i++) {
        c[i] = value_at(d->y, f->rows->train[i], one->target);
        if (!d->origin) mean += c[i] / (double)n;
        bram_row(&k, i)[i] += 1;
    }
    for (size_t i = 0; i < n; i++) c[i] -= mean;
    bram_mat mc = {c, n, 1, 1}, mv = {v, n, 1, 1};
    BRAM_TRY(bram_cholesky(cx, &k));
    BRAM_TRY(bram_cholesky_solve(cx, &k, &mc));
    for (size_t i = 0; i < tests; i++) r[i] = value_at(d->y, f->rows->test[i], one->target) - mean;
    BRAM_TRY(bram_gemv(cx, r, -1, &h, BRAM_AS_IS, c, 1));
    BRAM_TRY(bram_gemv(cx, v, 1, &h, BRAM_TRANSPOSED, r, 0));
    BRAM_TRY(bram_cholesky_solve(cx, &k, &mv));
    double share = 1 / (double)tests / (double)d->folds;
    *value += dot(r, r, tests) * share;
    for (size_t s = 0; s < d->kernels; s++) {
        BRAM_TRY(bram_gemv(cx, r + tests, 1, &f->test[s], BRAM_AS_IS, c, 0));
        BRAM_TRY(bram_gemv(cx, v + n, 1, &f->train[s], BRAM_AS_IS, c, 0));
        gradient[s] -= 2 * exp(delta[s]) * share * (dot(r, r + tests, tests) - dot(v, v + n, n));
    }
    return BRAM_OK;
}

static int cost(bram_ctx *cx, double *value, double *gradient, const double *delta, void *user)
{
    const struct one *one = user;
    *value = 0;
    for (size_t s = 0; s < one->d->kernels; s++) {
        gradient[s] = 0;
        if (!(delta[s] < LARGEST)) *value = INFINITY; /* a step too far: a shorter one is tried */
    }
    if (isinf(*value)) return BRAM_OK;
    for (size_t f = 0; f < one->d->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        int status = fold_error(cx, value, gradient, delta, one, &one->d->fold[f]);
        bram_scratch_release(cx, mark);
        if (status == BRAM_ENUMERIC) { /* K so large that rounding has eaten the 1 */
            *value = INFINITY;
            return BRAM_OK;
        }
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int one_target(bram_ctx *cx, size_t target, void *user)
{
    const struct descent *d = user;
    struct one one = {d, target};
    double value, *delta = bram_scratch(cx, d->kernels, sizeof *delta);
    if (!delta) return BRAM_ENOMEM;
    for (size_t s = 0; s < d->kernels; s++) delta[s] = bram_row(d->delta, s)[target];
    BRAM_TRY(bram_lbfgs(cx, delta, &value, d->kernels, cost, &one, d->steps, 1e-10));
    for (size_t s = 0; s < d->kernels; s++) bram_row(d->delta, s)[target] = delta[s];
    d->best[target] = -value;
    return bram_ctx_check_cancel(cx);
}

int bram_banded_gradient(bram_ctx *cx, bram_mat *delta, double *best, const bram_mat *kernel,
                         size_t kernels, const bram_targets *y, const bram_ridge_search *s,
                         size_t steps)
{
    struct descent d = {.kernel = kernel,
                        .kernels = kernels,
                        .folds = s->folds,
                        .steps = steps,
                        .y = y,
                        .origin = s->origin,
                        .delta = delta,
                        .best = best};
    if (!kernels || delta->rows != kernels || delta->cols != y->cols || y->read ||
        y->rows != kernel->rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "penalties %zu x %zu for %zu spaces and %zu targets in memory",
                         delta->rows, delta->cols, kernels, y->cols);
    for (size_t k = 0; k < kernels; k++)
        for (size_t j = 0; j < y->cols; j++)
            if (!isfinite(bram_row(delta, k)[j]))
                return bram_fail(cx, BRAM_ENUMERIC, "space %zu of target %zu starts at %g", k, j,
                                 bram_row(delta, k)[j]);
    size_t mark = bram_scratch_mark(cx);
    int status = make_folds(cx, &d, s);
    if (status == BRAM_OK) status = bram_parallel_for(cx, y->cols, one_target, &d);
    bram_scratch_release(cx, mark);
    return status;
}
