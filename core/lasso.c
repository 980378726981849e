/*
 * lasso.c - coordinate descent for lasso and elastic net; see lasso.h.
 */
#include "lasso.h"

#include "internal.h"
#include "linalg.h"
#include "ridge_private.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

struct bram_lasso {
    bram_mat x;    /* centred */
    bram_mat gram; /* over rows */
    double *mean;
};

void bram_lasso_free(bram_lasso *m)
{
    if (!m) return;
    bram_free(m->x.data);
    bram_free(m->gram.data);
    bram_free(m->mean);
    bram_free(m);
}

static int fill(bram_ctx *cx, bram_lasso *m, const bram_mat *x)
{
    BRAM_TRY(bram_mat_new(cx, &m->x, x->rows, x->cols));
    BRAM_TRY(bram_mat_new(cx, &m->gram, x->cols, x->cols));
    if (!(m->mean = bram_alloc(cx, x->cols, sizeof *m->mean))) return BRAM_ENOMEM;
    for (size_t k = 0; k < x->cols; k++) {
        double start = x->data[k], mean = 0;
        for (size_t i = 0; i < x->rows; i++) mean += (bram_row(x, i)[k] - start) / (double)x->rows;
        m->mean[k] = start + mean;
        if (!isfinite(m->mean[k]))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "column %zu of the design holds a value that is not finite", k);
        for (size_t i = 0; i < x->rows; i++)
            bram_row(&m->x, i)[k] = bram_row(x, i)[k] - start - mean;
    }
    return bram_syrk(cx, &m->gram, 1 / (double)x->rows, &m->x, BRAM_TRANSPOSED, 0);
}

int bram_lasso_new(bram_ctx *cx, bram_lasso **out, const bram_mat *x)
{
    if (!x->rows || !x->cols)
        return bram_fail(cx, BRAM_ESHAPE, "found a design of %zu x %zu, expected 1 x 1 or more",
                         x->rows, x->cols);
    bram_lasso *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fill(cx, m, x);
    if (status == BRAM_OK) *out = m;
    else bram_lasso_free(m);
    return status;
}

/* ---- one target ----------------------------------------------------------------------------- */

struct path {
    const bram_lasso *m;
    const bram_mat *y;
    const double *grid;
    size_t n_grid, most;
    double l1, tolerance;
    bram_lasso_fn *take;
    void *user;
    uint8_t *stopped; /* targets x penalties */
};

struct descent {
    double *q, *w, *gw; /* columns: X'y / n, weights, G w */
    double deviation;
};

static double threshold(double x, double by)
{
    return x > by ? x - by : x < -by ? x + by : 0;
}

/* One pass over the coordinates, or over those that are not 0. @return the largest change */
static double pass(struct descent *d, const bram_lasso *m, double lasso, double ridge, bool active)
{
    double largest = 0;
    size_t p = m->gram.rows;
    for (size_t k = 0; k < p; k++) {
        const double *g = bram_row(&m->gram, k);
        if (!(g[k] > 0) || (active && d->w[k] == 0)) continue; /* a constant column has no weight */
        double w = threshold(d->q[k] - d->gw[k] + g[k] * d->w[k], lasso) / (g[k] + ridge);
        double change = w - d->w[k];
        if (change == 0) continue;
        d->w[k] = w;
        for (size_t l = 0; l < p; l++) d->gw[l] += change * g[l];
        largest = fmax(largest, fabs(change) * sqrt(g[k]));
    }
    return largest;
}

/* @return whether it converged: a pass over all coordinates changes nothing to speak of */
static bool descend(struct descent *d, const struct path *p, double alpha)
{
    double limit = p->tolerance * d->deviation, lasso = alpha * p->l1;
    double ridge = alpha * (1 - p->l1);
    for (size_t step = 0; step < p->most; step++) {
        if (!(pass(d, p->m, lasso, ridge, false) > limit)) return true;
        while (step < p->most && pass(d, p->m, lasso, ridge, true) > limit) step++;
    }
    return false;
}

static int take_target(bram_ctx *cx, struct descent *d, const struct path *p, size_t j,
                       double *mean)
{
    size_t n = p->m->x.rows, columns = p->m->x.cols;
    double start = p->y->data[j], square = 0;
    double *centred = bram_scratch(cx, n, sizeof *centred);
    d->q = centred ? bram_scratch(cx, columns, sizeof *d->q) : NULL;
    d->w = d->q ? bram_scratch(cx, columns, sizeof *d->w) : NULL;
    d->gw = d->w ? bram_scratch(cx, columns, sizeof *d->gw) : NULL;
    if (!d->gw) return BRAM_ENOMEM;
    *mean = 0;
    for (size_t i = 0; i < n; i++) *mean += (bram_row(p->y, i)[j] - start) / (double)n;
    *mean += start;
    if (!isfinite(*mean))
        return bram_fail(cx, BRAM_ENUMERIC,
                         "column %zu of the targets holds a value that is not finite", j);
    for (size_t i = 0; i < n; i++) {
        centred[i] = bram_row(p->y, i)[j] - *mean;
        square += centred[i] * centred[i] / (double)n;
    }
    d->deviation = sqrt(square);
    return bram_gemv(cx, d->q, 1 / (double)n, &p->m->x, BRAM_TRANSPOSED, centred, 0);
}

static int one_target(bram_ctx *cx, size_t j, void *user)
{
    const struct path *p = user;
    struct descent d;
    double mean;
    BRAM_TRY(take_target(cx, &d, p, j, &mean));
    for (size_t g = 0; g < p->n_grid; g++) {
        double shift = 0;
        p->stopped[j * p->n_grid + g] = !descend(&d, p, p->grid[g]);
        for (size_t k = 0; k < p->m->x.cols; k++) shift += d.w[k] * p->m->mean[k];
        p->take(p->user, j, g, d.w, shift, mean);
    }
    return BRAM_OK;
}

int bram_lasso_path(bram_ctx *cx, const bram_lasso *m, const bram_mat *y, const double *grid,
                    size_t n_grid, const bram_lasso_options *o, bram_lasso_fn *take, void *user,
                    size_t *stopped)
{
    struct path p = {m, y, grid, n_grid, o->most ? o->most : 10000, o->l1, 0, take, user, NULL};
    p.tolerance = o->tolerance > 0 ? o->tolerance : 1e-8;
    BRAM_TRY(bram_ridge_check_penalties(cx, grid, n_grid));
    for (size_t g = 1; g < n_grid; g++)
        if (grid[g] > grid[g - 1])
            return bram_fail(cx, BRAM_EUSAGE, "penalty %g behind %g, expected descending ones",
                             grid[g], grid[g - 1]);
    if (!(o->l1 >= 0 && o->l1 <= 1))
        return bram_fail(cx, BRAM_EUSAGE, "a share of %g, expected 0 .. 1", o->l1);
    if (y->rows != m->x.rows)
        return bram_fail(cx, BRAM_ESHAPE, "targets of %zu rows, a design of %zu", y->rows,
                         m->x.rows);
    size_t mark = bram_scratch_mark(cx), count = 0;
    p.stopped = bram_scratch(cx, n_grid * y->cols, 1);
    int status = p.stopped ? bram_parallel_for(cx, y->cols, one_target, &p) : BRAM_ENOMEM;
    for (size_t i = 0; p.stopped && i < n_grid * y->cols; i++) count += p.stopped[i];
    if (stopped) *stopped = count;
    bram_scratch_release(cx, mark);
    return status;
}
