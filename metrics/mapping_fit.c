/*
 * mapping_fit.c - the kinds of maps that a cohort of units is fitted by; see mapping.h.
 *
 * Ridge goes by the features where there are at least as many training rows, else by inner products
 * of rows, formed once for a fold and all its inner folds. Other kernels and bands are kernels of
 * the fold's rows from the start.
 */
#include "banded.h"
#include "linalg.h"
#include "mapping_private.h"
#include "pls.h"

#include <math.h>
#include <string.h>

enum { UNIT_BLOCK = 256 };

/* From where a band without weight, or without penalty, descends. */
#define LEAST_WEIGHT 1e-6

/* ---- kernels -------------------------------------------------------------------------------- */

/* Rows of the fold, in ascending order. */
static int rows_of(bram_ctx *cx, size_t **row, size_t *n, const bram_fold *fold, size_t all)
{
    uint8_t *seen = bram_scratch(cx, all, 1);
    *row = seen ? bram_scratch(cx, all, sizeof **row) : NULL;
    if (!*row) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->trains; i++) seen[fold->train[i]] = 1;
    for (size_t i = 0; i < fold->tests; i++) seen[fold->test[i]] = 1;
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (seen[i]) (*row)[(*n)++] = i;
    return BRAM_OK;
}

static double of_products(const bram_mapping *m, double aa, double bb, double ab, double gamma)
{
    switch (m->kernel) {
    case BRAM_KERNEL_RBF:
        return exp(-gamma * fmax(aa + bb - 2 * ab, 0));
    case BRAM_KERNEL_POLYNOMIAL:
        return pow(gamma * ab + 1, m->degree);
    case BRAM_KERNEL_LINEAR:
        break;
    }
    return ab;
}

/* One kernel, of columns first .. first + width - 1. Linear and rbf ones are the same about the
 * mean of the training rows, which costs no digits where features have large means. */
static int fill_kernel(bram_ctx *cx, bram_mat *out, const bram_mapping *m, const bram_mat *x,
                       const bram_fold *fold, size_t first, size_t width)
{
    size_t n, *row;
    bram_mat part, product;
    BRAM_TRY(rows_of(cx, &row, &n, fold, x->rows));
    BRAM_TRY(bram_mat_scratch(cx, &part, n, width));
    BRAM_TRY(bram_mat_scratch(cx, &product, n, n));
    double *mean = bram_scratch(cx, width, sizeof *mean),
           *square = bram_scratch(cx, n, sizeof *square);
    if (!mean || !square) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->trains && m->kernel != BRAM_KERNEL_POLYNOMIAL; i++)
        for (size_t k = 0; k < width; k++)
            mean[k] += bram_row(x, fold->train[i])[first + k] / (double)fold->trains;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            bram_row(&part, i)[k] = bram_row(x, row[i])[first + k] - mean[k];
    BRAM_TRY(bram_syrk(cx, &product, 1, &part, BRAM_AS_IS, 0));
    double gamma = isnan(m->gamma) ? 1 / (double)width : m->gamma;
    for (size_t i = 0; i < n; i++) square[i] = bram_row(&product, i)[i];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            bram_row(out, row[i])[row[j]] = of_products(m, square[i], square[j],
                                                        bram_row(&product, i)[j], gamma);
    return BRAM_OK;
}

int bram_map_kernels(bram_ctx *cx, bram_map_design *d, const bram_mapping *m, const bram_fold *fold)
{
    size_t n = d->x.rows, p = d->x.cols, first = 0;
    bool banded = m->map == BRAM_MAP_BANDED;
    bool ridge = m->map == BRAM_MAP_RIDGE && (m->kernel != BRAM_KERNEL_LINEAR || p > fold->trains);
    d->kernels = banded ? m->bands : ridge ? 1 : 0;
    d->kernel = bram_scratch(cx, d->kernels, sizeof *d->kernel);
    if (!d->kernel) return BRAM_ENOMEM;
    for (size_t b = 0; b < d->kernels; b++) {
        size_t width = banded ? (size_t)m->band[b] : p;
        if (width > p - first)
            return bram_fail(cx, BRAM_EUSAGE, "bands are wider than the %zu features", p);
        BRAM_TRY(bram_mat_scratch(cx, &d->kernel[b], n, n));
        size_t mark = bram_scratch_mark(cx);
        int status = fill_kernel(cx, &d->kernel[b], m, &d->x, fold, first, width);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        first += width;
    }
    if (d->kernels && first != p)
        return bram_fail(cx, BRAM_EUSAGE, "bands make up %zu of %zu features", first, p);
    return BRAM_OK;
}

/* Rows `row` by columns `col` of a kernel. */
static int take_kernel(bram_ctx *cx, bram_mat *out, const bram_mat *k, const size_t *row,
                       size_t rows, const size_t *col, size_t cols)
{
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) bram_row(out, i)[j] = bram_row(k, row[i])[col[j]];
    return BRAM_OK;
}

/* ---- ridge ---------------------------------------------------------------------------------- */

static bram_ridge_search search_of(const bram_mapping *m, const bram_cohort *c)
{
    return (bram_ridge_search){.fold = c->inner,
                               .folds = c->inners,
                               .grid = m->grid,
                               .n_grid = m->n_grid,
                               .rule = m->select,
                               .choice = m->choice,
                               .single = m->single};
}

/* Penalties by leaving out one training row at a time. */
static int leave_one_out(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d,
                         bram_cohort *c)
{
    bram_mat x, y;
    bram_ridge_search s = search_of(m, c);
    BRAM_TRY(bram_mat_scratch(cx, &y, c->rows, c->units));
    bram_map_rows(&y, &c->y, c->row, 0);
    if (d->kernels) BRAM_TRY(take_kernel(cx, &x, d->kernel, c->row, c->rows, c->row, c->rows));
    else {
        BRAM_TRY(bram_mat_scratch(cx, &x, c->rows, d->x.cols));
        bram_map_rows(&x, &d->x, c->row, 0);
    }
    bram_regressors on = {.x = d->kernels ? NULL : &x, .kernel = d->kernels ? &x : NULL};
    bram_targets targets = {.rows = y.rows, .cols = y.cols, .f64 = &y};
    return bram_ridge_loo(cx, c->alpha, NULL, NULL, &on, &targets, &s);
}

static int choose(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d, bram_cohort *c)
{
    for (size_t k = 0; k < c->units; k++) c->alpha[k] = m->map == BRAM_MAP_OLS ? 0 : m->grid[0];
    if (m->map == BRAM_MAP_OLS || m->n_grid == 1) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    bram_ridge_search s = search_of(m, c);
    bram_regressors on = {.x = d->kernels ? NULL : &d->x, .kernel = d->kernels ? d->kernel : NULL};
    bram_targets targets = {.rows = c->y.rows, .cols = c->y.cols, .f64 = &c->y};
    int status = m->loo ? leave_one_out(cx, m, d, c)
                        : bram_ridge_search_run(cx, c->alpha, NULL, &on, &targets, &s);
    bram_scratch_release(cx, mark);
    return status;
}

/* The decomposed training rows, and the test rows in their basis. */
struct fitted {
    bram_ridge *ridge;
    bram_mat basis;
};

static int predict_block(bram_ctx *cx, const bram_cohort *c, const struct fitted *f,
                         const bram_map_taker *to, size_t first, size_t width)
{
    bram_mat y, b, prediction;
    BRAM_TRY(bram_mat_scratch(cx, &y, c->rows, width));
    BRAM_TRY(bram_mat_scratch(cx, &b, bram_ridge_rank(f->ridge), width));
    BRAM_TRY(bram_mat_scratch(cx, &prediction, to->fold->tests, width));
    bram_map_rows(&y, &c->y, c->row, first);
    BRAM_TRY(bram_ridge_project(cx, f->ridge, &b, c->mean + first, &y));
    BRAM_TRY(bram_ridge_predict(cx, f->ridge, &prediction, &f->basis, &b, c->mean + first,
                                c->alpha + first));
    to->take(to->user, to->fold, &prediction, c->unit + first, c->mean + first);
    return bram_ctx_check_cancel(cx);
}

static int predict(bram_ctx *cx, const bram_cohort *c, struct fitted *f, const bram_mat *test,
                   const bram_map_taker *to)
{
    BRAM_TRY(bram_mat_scratch(cx, &f->basis, to->fold->tests, bram_ridge_rank(f->ridge)));
    BRAM_TRY(bram_ridge_basis(cx, f->ridge, &f->basis, test));
    for (size_t first = 0; first < c->units; first += UNIT_BLOCK) {
        size_t width = c->units - first < UNIT_BLOCK ? c->units - first : UNIT_BLOCK;
        size_t mark = bram_scratch_mark(cx);
        int status = predict_block(cx, c, f, to, first, width);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static bool one_penalty(const bram_cohort *c)
{
    for (size_t k = 1; k < c->units; k++)
        if (c->alpha[k] != c->alpha[0]) return false;
    return true;
}

/* Fits with the cohort's penalties, by the features or by one kernel. */
static int fit_ridge(bram_ctx *cx, const bram_mat *x, const bram_mat *kernel, const bram_cohort *c,
                     const bram_map_taker *to)
{
    bram_mat train, test;
    struct fitted f = {0};
    const bram_fold *fold = to->fold;
    bool one = one_penalty(c);
    if (kernel) {
        BRAM_TRY(take_kernel(cx, &train, kernel, c->row, c->rows, c->row, c->rows));
        BRAM_TRY(take_kernel(cx, &test, kernel, fold->test, fold->tests, c->row, c->rows));
        BRAM_TRY(one ? bram_ridge_new_kernel_at(cx, &f.ridge, &train, c->alpha[0])
                     : bram_ridge_new_kernel(cx, &f.ridge, &train));
    } else {
        BRAM_TRY(bram_mat_scratch(cx, &train, c->rows, x->cols));
        BRAM_TRY(bram_mat_scratch(cx, &test, fold->tests, x->cols));
        bram_map_rows(&train, x, c->row, 0);
        bram_map_rows(&test, x, fold->test, 0);
        BRAM_TRY(one ? bram_ridge_new_at(cx, &f.ridge, &train, c->alpha[0])
                     : bram_ridge_new(cx, &f.ridge, &train));
    }
    int status = predict(cx, c, &f, &test, to);
    bram_ridge_free(f.ridge);
    return status;
}

/* ---- bands ---------------------------------------------------------------------------------- */

/* The units of the cohort that took the same weighting, fitted together. */
static int fit_weighting(bram_ctx *cx, const bram_map_design *d, const bram_cohort *c,
                         const bram_banded *found, size_t draw, const bram_map_taker *to)
{
    bram_mat kernel;
    bram_cohort part = *c;
    part.units = 0;
    part.unit = bram_scratch(cx, c->units, sizeof *part.unit);
    part.alpha = part.unit ? bram_scratch(cx, 2 * c->units, sizeof *part.alpha) : NULL;
    size_t *at = part.alpha ? bram_scratch(cx, c->units, sizeof *at) : NULL;
    if (!at) return BRAM_ENOMEM;
    part.mean = part.alpha + c->units;
    for (size_t k = 0; k < c->units; k++) {
        if (found->draw[k] != draw) continue;
        part.alpha[part.units] = found->alpha[k];
        at[part.units] = k;
        part.unit[part.units++] = c->unit[k];
    }
    if (!part.units) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &part.y, c->y.rows, part.units));
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < part.units; k++)
            bram_row(&part.y, c->row[i])[k] = bram_row(&c->y, c->row[i])[at[k]];
    BRAM_TRY(bram_mat_scratch(cx, &kernel, d->x.rows, d->x.rows));
    bram_banded_kernel(&kernel, d->kernel, d->kernels, bram_row(&found->gamma, draw));
    return fit_ridge(cx, NULL, &kernel, &part, to);
}

/* Each unit with penalties of its own, from those of its weighting on. */
static int fit_descent(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d,
                       const bram_cohort *c, const bram_banded *found, const bram_ridge_search *s,
                       const bram_map_taker *to)
{
    enum { STEP = 1 };
    bram_mat delta, kernel, y;
    bram_targets targets = {.rows = c->y.rows, .cols = c->y.cols, .f64 = &c->y};
    double *gamma = bram_scratch(cx, d->kernels, sizeof *gamma), one = 1;
    if (!gamma) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &delta, d->kernels, c->units));
    BRAM_TRY(bram_mat_scratch(cx, &kernel, d->x.rows, d->x.rows));
    BRAM_TRY(bram_mat_scratch(cx, &y, c->y.rows, STEP));
    for (size_t k = 0; k < d->kernels; k++)
        for (size_t u = 0; u < c->units; u++)
            bram_row(&delta,
                     k)[u] = log(fmax(bram_row(&found->gamma, found->draw[u])[k], LEAST_WEIGHT) /
                                 fmax(found->alpha[u], LEAST_WEIGHT));
    BRAM_TRY(bram_banded_gradient(cx, &delta, found->best, d->kernel, d->kernels, &targets, s,
                                  m->descent));
    for (size_t u = 0; u < c->units; u++) {
        bram_cohort unit = *c;
        unit.unit = c->unit + u, unit.units = STEP, unit.alpha = &one, unit.mean = c->mean + u;
        unit.y = y;
        for (size_t k = 0; k < d->kernels; k++) gamma[k] = exp(bram_row(&delta, k)[u]);
        for (size_t i = 0; i < c->rows; i++) y.data[c->row[i]] = bram_row(&c->y, c->row[i])[u];
        bram_banded_kernel(&kernel, d->kernel, d->kernels, gamma);
        size_t mark = bram_scratch_mark(cx);
        int status = fit_ridge(cx, NULL, &kernel, &unit, to);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int fit_banded(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d,
                      const bram_cohort *c, const bram_map_taker *to)
{
    bram_ridge_search s = search_of(m, c);
    bram_targets targets = {.rows = c->y.rows, .cols = c->y.cols, .f64 = &c->y};
    bram_banded found = {0};
    BRAM_TRY(bram_mat_scratch(cx, &found.gamma, m->draws, d->kernels));
    found.draw = bram_scratch(cx, c->units, sizeof *found.draw);
    found.alpha = found.draw ? bram_scratch(cx, 2 * c->units, sizeof *found.alpha) : NULL;
    if (!found.alpha) return BRAM_ENOMEM;
    found.best = found.alpha + c->units;
    bram_banded_draws(&found.gamma, m->seed);
    BRAM_TRY(bram_banded_search(cx, &found, d->kernel, d->kernels, &targets, &s));
    if (m->descent) return fit_descent(cx, m, d, c, &found, &s, to);
    for (size_t draw = 0; draw < m->draws; draw++) {
        size_t mark = bram_scratch_mark(cx);
        int status = fit_weighting(cx, d, c, &found, draw, to);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- partial least squares ------------------------------------------------------------------ */

static int fit_pls(bram_ctx *cx, const bram_mapping *m, const bram_mat *x, const bram_cohort *c,
                   const bram_map_taker *to)
{
    bram_mat train, y, test, prediction;
    bram_pls_options o = {.components = m->components, .nipals = m->nipals};
    bram_pls fitted = {0};
    BRAM_TRY(bram_mat_scratch(cx, &train, c->rows, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &y, c->rows, c->units));
    BRAM_TRY(bram_mat_scratch(cx, &test, to->fold->tests, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &prediction, to->fold->tests, c->units));
    bram_map_rows(&train, x, c->row, 0);
    bram_map_rows(&y, &c->y, c->row, 0);
    bram_map_rows(&test, x, to->fold->test, 0);
    BRAM_TRY(bram_pls_fit(cx, &fitted, &train, &y, &o));
    int status = bram_pls_predict(cx, &prediction, &fitted, &test);
    if (status == BRAM_OK) to->take(to->user, to->fold, &prediction, c->unit, fitted.mean_y);
    bram_pls_release(&fitted);
    return status == BRAM_OK ? bram_ctx_check_cancel(cx) : status;
}

int bram_map_fit(bram_ctx *cx, const bram_mapping *m, const bram_map_design *d, bram_cohort *c,
                 const bram_map_taker *to)
{
    switch (m->map) {
    case BRAM_MAP_PLS:
        return fit_pls(cx, m, &d->x, c, to);
    case BRAM_MAP_BANDED:
        return fit_banded(cx, m, d, c, to);
    case BRAM_MAP_LASSO:
        return bram_map_lasso(cx, m, &d->x, c, to);
    case BRAM_MAP_RIDGE:
    case BRAM_MAP_OLS:
        break;
    }
    BRAM_TRY(choose(cx, m, d, c));
    return fit_ridge(cx, &d->x, d->kernels ? d->kernel : NULL, c, to);
}
