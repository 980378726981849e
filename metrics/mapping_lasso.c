/*
 * mapping_lasso.c - lasso and elastic net as maps: the penalty by inner folds, then all training
 * rows; see mapping.h.
 */
#include "lasso.h"
#include "linalg.h"
#include "mapping_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Rows of a fold, for fitting and for predicting. */
struct rows {
    bram_mat x, y, test_x, test_y;
};

static int take_rows(bram_ctx *cx, struct rows *out, const bram_mat *x, const bram_mat *y,
                     const size_t *train, size_t trains, const size_t *test, size_t tests)
{
    BRAM_TRY(bram_mat_scratch(cx, &out->x, trains, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &out->y, trains, y->cols));
    BRAM_TRY(bram_mat_scratch(cx, &out->test_x, tests, x->cols));
    BRAM_TRY(bram_mat_scratch(cx, &out->test_y, tests, y->cols));
    bram_map_rows(&out->x, x, train, 0);
    bram_map_rows(&out->y, y, train, 0);
    bram_map_rows(&out->test_x, x, test, 0);
    bram_map_rows(&out->test_y, y, test, 0);
    return BRAM_OK;
}

static double predict(const bram_mat *x, size_t i, const double *w, double offset)
{
    double sum = 0;
    for (size_t k = 0; k < x->cols; k++) sum += w[k] * bram_row(x, i)[k];
    return sum + offset;
}

static int run(bram_ctx *cx, const struct rows *r, const bram_mapping *m, const double *grid,
               size_t n_grid, bram_lasso_fn *take, void *user)
{
    bram_lasso *lasso = NULL;
    BRAM_TRY(bram_lasso_new(cx, &lasso, &r->x));
    size_t stopped = 0;
    int status = bram_lasso_path(cx, lasso, &r->y, grid, n_grid, &(bram_lasso_options){.l1 = m->l1},
                                 take, user, &stopped);
    bram_lasso_free(lasso);
    if (status == BRAM_OK && stopped)
        bram_note(cx, "%zu of %zu lasso fits did not converge", stopped, n_grid * r->y.cols);
    return status;
}

/* ---- the choice ----------------------------------------------------------------------------- */

struct scoring {
    const struct rows *rows;
    bram_ridge_score rule;
    double *score; /* penalties x targets */
};

static void put_score(void *user, size_t target, size_t penalty, const double *w, double shift,
                      double mean)
{
    const struct scoring *s = user;
    const bram_mat *x = &s->rows->test_x, *y = &s->rows->test_y;
    double n = (double)x->rows, my = 0, mp = 0, y0 = y->data[target];
    double p0 = predict(x, 0, w, mean - shift);
    bram_agreement sums = {0};
    for (size_t i = 0; i < x->rows; i++) {
        my += (bram_row(y, i)[target] - y0) / n;
        mp += (predict(x, i, w, mean - shift) - p0) / n;
    }
    for (size_t i = 0; i < x->rows; i++) {
        double a = bram_row(y, i)[target], b = predict(x, i, w, mean - shift);
        double da = a - y0 - my, db = b - p0 - mp;
        sums.yy += da * da, sums.pp += db * db, sums.yp += da * db;
        sums.error += (a - b) * (a - b);
    }
    s->score[penalty * y->cols + target] = bram_ridge_score_of(sums, n, s->rule);
}

static int choose(bram_ctx *cx, const bram_mapping *m, const bram_mat *x, bram_cohort *c,
                  const double *grid)
{
    size_t each = m->n_grid * c->units;
    for (size_t k = 0; k < c->units; k++) c->alpha[k] = grid[0];
    if (m->n_grid == 1) return BRAM_OK;
    double *score = bram_scratch(cx, c->inners * each, sizeof *score);
    if (!score) return BRAM_ENOMEM;
    for (size_t f = 0; f < c->inners; f++) {
        const bram_fold *inner = &c->inner[f];
        struct rows rows;
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(
            take_rows(cx, &rows, x, &c->y, inner->train, inner->trains, inner->test, inner->tests));
        struct scoring s = {&rows, m->select, score + f * each};
        BRAM_TRY(run(cx, &rows, m, grid, m->n_grid, put_score, &s));
        bram_scratch_release(cx, mark);
    }
    bram_ridge_search s = {
        .folds = c->inners, .grid = grid, .n_grid = m->n_grid, .choice = m->choice};
    bram_ridge_choose(c->alpha, NULL, score, c->units, &s);
    return BRAM_OK;
}

/* ---- the fit -------------------------------------------------------------------------------- */

struct final {
    const struct rows *rows;
    const bram_cohort *c;
    const double *grid;
    bram_mat *prediction;
};

static void put_prediction(void *user, size_t target, size_t penalty, const double *w, double shift,
                           double mean)
{
    const struct final *f = user;
    if (f->grid[penalty] != f->c->alpha[target]) return;
    f->c->mean[target] = mean;
    for (size_t i = 0; i < f->prediction->rows; i++)
        bram_row(f->prediction, i)[target] = predict(&f->rows->test_x, i, w, mean - shift);
}

int bram_map_lasso(bram_ctx *cx, const bram_mapping *m, const bram_mat *x, bram_cohort *c,
                   const bram_map_taker *to)
{
    double *grid = bram_scratch(cx, m->n_grid, sizeof *grid);
    struct rows rows;
    bram_mat prediction;
    if (!grid) return BRAM_ENOMEM;
    memcpy(grid, m->grid, m->n_grid * sizeof *grid);
    qsort(grid, m->n_grid, sizeof *grid, descending);
    BRAM_TRY(choose(cx, m, x, c, grid));
    BRAM_TRY(take_rows(cx, &rows, x, &c->y, c->row, c->rows, to->fold->test, to->fold->tests));
    BRAM_TRY(bram_mat_scratch(cx, &prediction, to->fold->tests, c->units));
    struct final f = {&rows, c, grid, &prediction};
    BRAM_TRY(run(cx, &rows, m, grid, m->n_grid, put_prediction, &f));
    to->take(to->user, to->fold, &prediction, c->unit, c->mean);
    return bram_ctx_check_cancel(cx);
}
