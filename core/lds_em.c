/* lds_em.c - one step of EM for linear dynamical systems; see lds.h. */
#include "lds.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* A share of the mean state variance that is added to the noise of the states: it stays definite.
 */
#define NOISE_FLOOR 1e-8

/* A share of the mean square of the inputs, added to that of each: inputs may depend on each other,
 * or be constant. */
#define INPUT_FLOOR 1e-8

/* Expected sums over the rows of one recording; x~ is (x, 1). */
struct sums {
    double loglik, steps, starts;
    bram_mat before, after, lag;  /* sum z_t z_t', x_t x_t', x_t z_t', t >= 1, of the D states x_t
                                     and  z_t, the D states x_{t-1} and U inputs u_t */
    bram_mat first, first_square; /* 1 x D, D x D: of the first row */
    bram_mat all;                 /* (D+1) x (D+1): sum x~ x~' over all rows */
    bram_mat units;               /* N (D+1) x (D+1): what to take off for missing rows */
    bram_mat products;            /* N x (D+1): sum y x~' over present rows */
    bram_mat moments;             /* N x 2: sum y^2; present rows */
};

static int new_sums(bram_ctx *cx, struct sums *s, const bram_lds *m, bool gaps)
{
    size_t d = m->c.cols, units = m->c.rows, sources = d + m->b.cols;
    *s = (struct sums){.loglik = 0};
    BRAM_TRY(bram_mat_new(cx, &s->before, sources, sources));
    BRAM_TRY(bram_mat_new(cx, &s->after, d, d));
    BRAM_TRY(bram_mat_new(cx, &s->lag, d, sources));
    BRAM_TRY(bram_mat_new(cx, &s->first_square, d, d));
    BRAM_TRY(bram_mat_new(cx, &s->first, 1, d));
    BRAM_TRY(bram_mat_new(cx, &s->all, d + 1, d + 1));
    if (gaps) BRAM_TRY(bram_mat_new(cx, &s->units, units * (d + 1), d + 1));
    BRAM_TRY(bram_mat_new(cx, &s->products, units, d + 1));
    return bram_mat_new(cx, &s->moments, units, 2);
}

static bram_mat *part_of(struct sums *s, size_t k)
{
    bram_mat *parts[] = {&s->before, &s->after, &s->lag,      &s->first_square, &s->first,
                         &s->all,    &s->units, &s->products, &s->moments};
    return k < sizeof parts / sizeof *parts ? parts[k] : NULL;
}

static void free_sums(struct sums *s)
{
    for (size_t k = 0; part_of(s, k); k++) bram_free(part_of(s, k)->data);
}

static void add_sums(struct sums *to, struct sums *from)
{
    to->loglik += from->loglik;
    to->steps += from->steps;
    to->starts += from->starts;
    for (size_t k = 0; part_of(to, k); k++) {
        bram_mat *a = part_of(to, k), *b = part_of(from, k);
        for (size_t i = 0; b->data && i < a->rows * a->cols; i++) a->data[i] += b->data[i];
    }
}

/* to += p + x z' */
static void add_outer(bram_mat *to, const double *p, const double *x, const double *z, size_t d)
{
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) bram_row(to, a)[b] += p[a * d + b] + x[a] * z[b];
}

/* What the inputs add to the sums of a step from state `last` to `next`. */
static void add_inputs(struct sums *s, const double *last, const double *next, const double *u,
                       size_t d)
{
    for (size_t k = 0; k + d < s->before.cols; k++) {
        for (size_t a = 0; a < d; a++) {
            bram_row(&s->before, a)[d + k] += last[a] * u[k];
            bram_row(&s->before, d + k)[a] += last[a] * u[k];
            bram_row(&s->lag, a)[d + k] += next[a] * u[k];
        }
        for (size_t l = 0; l + d < s->before.cols; l++)
            bram_row(&s->before, d + k)[d + l] += u[k] * u[l];
    }
}

/* to += sign (E[x~ x~']) */
static void add_augmented(bram_mat *to, const double *p, const double *x, size_t d, double sign)
{
    for (size_t a = 0; a < d; a++) {
        for (size_t b = 0; b < d; b++) bram_row(to, a)[b] += sign * (p[a * d + b] + x[a] * x[b]);
        bram_row(to, a)[d] += sign * x[a];
        bram_row(to, d)[a] += sign * x[a];
    }
    bram_row(to, d)[d] += sign;
}

static void add_units(struct sums *s, const bram_lds_rows *rows, const bram_lds_states *x, size_t t,
                      size_t d)
{
    const double *mean = bram_row(&x->mean, t), *y = bram_row(&rows->y, t);
    const uint8_t *present = rows->present ? rows->present + t * rows->y.cols : NULL;
    for (size_t j = 0; j < rows->y.cols; j++) {
        if (present && !present[j]) {
            bram_mat own = bram_mat_rows(s->units, j * (d + 1), d + 1);
            add_augmented(&own, bram_row(&x->covariance, t), mean, d, -1);
            continue;
        }
        double *to = bram_row(&s->products, j);
        for (size_t k = 0; k < d; k++) to[k] += y[j] * mean[k];
        to[d] += y[j];
        bram_row(&s->moments, j)[0] += y[j] * y[j];
        bram_row(&s->moments, j)[1]++;
    }
}

struct job {
    const bram_lds *m;
    const bram_lds_rows *rows;
    struct sums *sums;
};

static int expect(bram_ctx *cx, size_t recording, void *user)
{
    const struct job *job = user;
    const bram_lds_rows *rows = &job->rows[recording];
    struct sums *s = &job->sums[recording];
    size_t d = job->m->c.cols, mark = bram_scratch_mark(cx);
    bram_lds_states x;
    BRAM_TRY(new_sums(cx, s, job->m, rows->present != NULL));
    BRAM_TRY(bram_lds_run(cx, &x, job->m, rows));
    BRAM_TRY(bram_lds_smooth(cx, &x, job->m));
    s->loglik = x.loglik;
    for (size_t t = 0; t < rows->y.rows; t++) {
        const double *mean = bram_row(&x.mean, t), *p = bram_row(&x.covariance, t);
        add_augmented(&s->all, p, mean, d, 1);
        add_units(s, rows, &x, t, d);
        if (t == 0) {
            memcpy(s->first.data, mean, d * sizeof *mean);
            add_outer(&s->first_square, p, mean, mean, d);
            s->starts = 1;
            continue;
        }
        const double *last = bram_row(&x.mean, t - 1);
        add_outer(&s->before, bram_row(&x.covariance, t - 1), last, last, d);
        add_outer(&s->after, p, mean, mean, d);
        add_outer(&s->lag, bram_row(&x.ahead_covariance, t), mean, last, d);
        if (job->m->b.cols) add_inputs(s, last, mean, bram_row(&rows->u, t), d);
        s->steps++;
    }
    bram_scratch_release(cx, mark);
    return bram_ctx_check_cancel(cx);
}

/* ---- the new parameters --------------------------------------------------------------------- */

/* x such that m x' = right', m symmetric and definite but for rounding. */
static int solve_row(bram_ctx *cx, double *x, const bram_mat *m, const double *right)
{
    size_t n = m->rows, mark = bram_scratch_mark(cx);
    bram_mat factor, b;
    BRAM_TRY(bram_mat_scratch(cx, &factor, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &b, n, 1));
    memcpy(factor.data, m->data, n * n * sizeof(double));
    memcpy(b.data, right, n * sizeof(double));
    int status = bram_cholesky(cx, &factor);
    if (status == BRAM_OK) status = bram_cholesky_solve(cx, &factor, &b);
    if (status == BRAM_OK) memcpy(x, b.data, n * sizeof(double));
    bram_scratch_release(cx, mark);
    return status;
}

/* Rows of A and B: a regression of x_t on z_t, by expected sums. */
static int new_weights(bram_ctx *cx, bram_lds *m, const struct sums *s)
{
    size_t d = m->c.cols, inputs = m->b.cols, mark = bram_scratch_mark(cx);
    double square = 0, *x = bram_scratch(cx, d + inputs, sizeof *x);
    if (!x) return BRAM_ENOMEM;
    for (size_t k = d; k < d + inputs; k++) square += bram_row(&s->before, k)[k] / (double)inputs;
    for (size_t k = d; k < d + inputs; k++)
        bram_row(&s->before, k)[k] += square > 0 ? INPUT_FLOOR * square : 1;
    for (size_t a = 0; a < d; a++) {
        BRAM_TRY(solve_row(cx, x, &s->before, bram_row(&s->lag, a)));
        memcpy(bram_row(&m->a, a), x, d * sizeof *x);
        if (inputs) memcpy(bram_row(&m->b, a), x + d, inputs * sizeof *x);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int new_dynamics(bram_ctx *cx, bram_lds *m, const struct sums *s)
{
    size_t d = m->c.cols;
    double trace = 0;
    if (s->steps == 0) return BRAM_OK;
    BRAM_TRY(new_weights(cx, m, s));
    for (size_t a = 0; a < d; a++) trace += bram_row(&s->after, a)[a] / s->steps / (double)d;
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) {
            const double *lag = bram_row(&s->lag, b);
            double sum = bram_row(&s->after, a)[b];
            for (size_t k = 0; k < d; k++) sum -= bram_row(&m->a, a)[k] * lag[k];
            for (size_t k = 0; k < m->b.cols; k++) sum -= bram_row(&m->b, a)[k] * lag[d + k];
            bram_row(&m->q, a)[b] = sum / s->steps;
        }
    for (size_t a = 0; a < d; a++) {
        for (size_t b = 0; b < a; b++) {
            double mean = (bram_row(&m->q, a)[b] + bram_row(&m->q, b)[a]) / 2;
            bram_row(&m->q, a)[b] = bram_row(&m->q, b)[a] = mean;
        }
        bram_row(&m->q, a)[a] += NOISE_FLOOR * trace;
    }
    return BRAM_OK;
}

static void new_start(bram_lds *m, const struct sums *s)
{
    size_t d = m->c.cols;
    double trace = 0;
    for (size_t a = 0; a < d; a++) m->m0.data[a] = s->first.data[a] / s->starts;
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++)
            bram_row(&m->p0, a)[b] = bram_row(&s->first_square, a)[b] / s->starts -
                                     m->m0.data[a] * m->m0.data[b];
    for (size_t a = 0; a < d; a++) trace += bram_row(&m->p0, a)[a] / (double)d;
    for (size_t a = 0; a < d; a++) bram_row(&m->p0, a)[a] += NOISE_FLOOR * fmax(trace, 1e-12);
}

/* Row of C, offset and noise of one unit: a regression on the expected states. */
static int new_unit(bram_ctx *cx, bram_lds *m, const struct sums *s, size_t unit, double least)
{
    size_t d = m->c.cols, mark = bram_scratch_mark(cx);
    const double *right = bram_row(&s->products, unit), *moments = bram_row(&s->moments, unit);
    double *x = bram_scratch(cx, d + 1, sizeof *x), residual = moments[0];
    bram_mat left;
    if (!x) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &left, d + 1, d + 1));
    if (moments[1] <= (double)(d + 1)) return BRAM_OK; /* stays as it was */
    for (size_t i = 0; i < (d + 1) * (d + 1); i++)
        left.data[i] = s->all.data[i] +
                       (s->units.data ? s->units.data[unit * (d + 1) * (d + 1) + i] : 0);
    BRAM_TRY(solve_row(cx, x, &left, right));
    for (size_t k = 0; k <= d; k++) residual -= x[k] * right[k];
    memcpy(bram_row(&m->c, unit), x, d * sizeof *x);
    m->d.data[unit] = x[d];
    m->r.data[unit] = fmax(residual / moments[1], least);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_lds_em(bram_ctx *cx, bram_lds *m, const bram_lds_rows *rows, size_t recordings,
                const double *least, double *loglik)
{
    size_t mark = bram_scratch_mark(cx), units = m->c.rows;
    struct sums total;
    struct job job = {m, rows, bram_scratch(cx, recordings, sizeof(struct sums))};
    if (!job.sums) return BRAM_ENOMEM;
    int status = new_sums(cx, &total, m, true);
    if (status == BRAM_OK) status = bram_parallel_for(cx, recordings, expect, &job);
    for (size_t k = 0; k < recordings; k++) {
        if (status == BRAM_OK) add_sums(&total, &job.sums[k]);
        free_sums(&job.sums[k]);
    }
    if (status == BRAM_OK) status = new_dynamics(cx, m, &total);
    if (status == BRAM_OK && total.starts > 0) new_start(m, &total);
    for (size_t j = 0; j < units && status == BRAM_OK; j++)
        status = new_unit(cx, m, &total, j, least[j]);
    if (status == BRAM_OK) *loglik = total.loglik;
    free_sums(&total);
    bram_scratch_release(cx, mark);
    return status;
}
