/* lds.c - the filter and the smoother; EM is in lds_em.c. See lds.h. */
#include "lds.h"

#include <math.h>
#include <string.h>

/* Relative change below which covariances count as having reached their limit: they do not depend
 * on the data, and come near it by a factor in every row. */
#define STEADY 1e-14

int bram_lds_new(bram_ctx *cx, bram_lds *out, size_t states, size_t units, size_t inputs)
{
    bram_lds m = {.a = {NULL, 0, 0, 0}};
    int status = bram_mat_new(cx, &m.a, states, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.q, states, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.b, states, inputs);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.c, units, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.d, 1, units);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.r, 1, units);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.m0, 1, states);
    if (status == BRAM_OK) status = bram_mat_new(cx, &m.p0, states, states);
    if (status == BRAM_OK) *out = m;
    else bram_lds_free(&m);
    return status;
}

void bram_lds_free(bram_lds *m)
{
    bram_mat *parts[] = {&m->a, &m->q, &m->b, &m->c, &m->d, &m->r, &m->m0, &m->p0};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        bram_free(parts[k]->data);
        parts[k]->data = NULL;
    }
}

/* ---- one row -------------------------------------------------------------------------------- */

int bram_lds_resume(bram_ctx *cx, bram_lds_filter *f, const bram_lds *m, bram_mat scaled,
                    bram_mat information)
{
    size_t d = m->c.cols;
    *f = (bram_lds_filter){.m = m, .scaled = scaled, .information = information};
    bram_mat *squares[] = {&f->own, &f->root, &f->inner, &f->work};
    for (size_t k = 0; k < sizeof squares / sizeof *squares; k++)
        BRAM_TRY(bram_mat_scratch(cx, squares[k], d, d));
    return (f->vector = bram_scratch(cx, 2 * d, sizeof *f->vector)) ? BRAM_OK : BRAM_ENOMEM;
}

int bram_lds_prepare(bram_ctx *cx, bram_lds_filter *f, const bram_lds *m)
{
    bram_mat scaled, information;
    BRAM_TRY(bram_mat_scratch(cx, &scaled, m->c.rows, m->c.cols));
    BRAM_TRY(bram_mat_scratch(cx, &information, m->c.cols, m->c.cols));
    for (size_t j = 0; j < m->c.rows; j++)
        for (size_t k = 0; k < m->c.cols; k++)
            bram_row(&scaled, j)[k] = bram_row(&m->c, j)[k] / m->r.data[j];
    BRAM_TRY(bram_gemm(cx, &information, 1, &scaled, BRAM_TRANSPOSED, &m->c, BRAM_AS_IS, 0));
    return bram_lds_resume(cx, f, m, scaled, information);
}

/* sum over the present units of c c' / r, and of c (y - d - c'mean) / r; the log density of y but
 * for its quadratic form in the state. @return the information */
static const bram_mat *gather(bram_lds_filter *f, double *h, double *loglik, const double *mean,
                              const double *y, const uint8_t *present)
{
    static const double LOG_TWO_PI = 1.8378770664093453;
    const bram_lds *m = f->m;
    size_t d = m->c.cols;
    bool all = true;
    memset(h, 0, d * sizeof *h);
    for (size_t j = 0; j < m->c.rows; j++) {
        if (present && !present[j]) {
            all = false;
            continue;
        }
        const double *c = bram_row(&m->c, j), *scaled = bram_row(&f->scaled, j);
        double e = y[j] - m->d.data[j];
        for (size_t k = 0; k < d; k++) e -= c[k] * mean[k];
        for (size_t k = 0; k < d; k++) h[k] += scaled[k] * e;
        *loglik -= (LOG_TWO_PI + log(m->r.data[j]) + e * e / m->r.data[j]) / 2;
    }
    if (all) return &f->information;
    memcpy(f->own.data, f->information.data, d * d * sizeof(double));
    for (size_t j = 0; j < m->c.rows; j++)
        for (size_t a = 0; a < d && !present[j]; a++)
            for (size_t b = 0; b < d; b++)
                bram_row(&f->own, a)[b] -= bram_row(&f->scaled, j)[a] * bram_row(&m->c, j)[b];
    return &f->own;
}

/* With P = L L' and J the information: (P^-1 + J)^-1 = L (I + L'JL)^-1 L'. */
int bram_lds_update(bram_ctx *cx, bram_lds_filter *f, double *mean, double *covariance,
                    const double *y, const uint8_t *present, double *loglik)
{
    size_t d = f->m->c.cols;
    double *h = f->vector, value = 0, determinant = 0;
    bram_mat p = {covariance, d, d, d};
    const bram_mat *information = gather(f, h, &value, mean, y, present);
    memcpy(f->root.data, covariance, d * d * sizeof(double));
    BRAM_TRY(bram_cholesky(cx, &f->root));
    for (size_t a = 0; a < d; a++)
        for (size_t b = a + 1; b < d; b++) bram_row(&f->root, a)[b] = 0;
    BRAM_TRY(bram_gemm(cx, &f->work, 1, information, BRAM_AS_IS, &f->root, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &f->inner, 1, &f->root, BRAM_TRANSPOSED, &f->work, BRAM_AS_IS, 0));
    for (size_t a = 0; a < d; a++) {
        for (size_t b = 0; b < d; b++) bram_row(&f->work, a)[b] = bram_row(&f->root, b)[a];
        bram_row(&f->inner, a)[a] += 1;
    }
    BRAM_TRY(bram_cholesky(cx, &f->inner));
    for (size_t a = 0; a < d; a++) determinant += log(bram_row(&f->inner, a)[a]);
    BRAM_TRY(bram_triangular_solve(cx, &f->inner, false, BRAM_AS_IS, &f->work));
    BRAM_TRY(bram_syrk(cx, &p, 1, &f->work, BRAM_TRANSPOSED, 0));
    for (size_t a = 0; a < d; a++) {
        double shift = 0;
        for (size_t b = 0; b < d; b++) shift += bram_row(&p, a)[b] * h[b];
        mean[a] += shift;
        value += h[a] * shift / 2;
    }
    if (loglik) *loglik += value - determinant;
    return BRAM_OK;
}

int bram_lds_ahead(bram_ctx *cx, bram_lds_filter *f, double *mean, double *covariance,
                   const double *u)
{
    size_t d = f->m->c.cols;
    bram_mat p = {covariance, d, d, d};
    memcpy(f->vector, mean, d * sizeof *mean);
    for (size_t a = 0; a < d; a++) {
        mean[a] = 0;
        for (size_t b = 0; b < d; b++) mean[a] += bram_row(&f->m->a, a)[b] * f->vector[b];
        for (size_t k = 0; k < f->m->b.cols; k++) mean[a] += bram_row(&f->m->b, a)[k] * u[k];
    }
    BRAM_TRY(bram_gemm(cx, &f->work, 1, &f->m->a, BRAM_AS_IS, &p, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &p, 1, &f->work, BRAM_AS_IS, &f->m->a, BRAM_TRANSPOSED, 0));
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b <= a; b++) {
            double sum = (bram_row(&p, a)[b] + bram_row(&p, b)[a]) / 2 + bram_row(&f->m->q, a)[b];
            bram_row(&p, a)[b] = bram_row(&p, b)[a] = sum;
        }
    return BRAM_OK;
}

void bram_lds_chain(const bram_lds *m, double *mean, double *covariance, double *logdensity,
                    const double *y, const uint8_t *present, double *work)
{
    static const double LOG_TWO_PI = 1.8378770664093453;
    size_t d = m->c.cols;
    for (size_t j = 0; j < m->c.rows; j++) {
        if (present && !present[j]) continue;
        const double *c = bram_row(&m->c, j);
        double e = y[j] - m->d.data[j], variance = m->r.data[j];
        for (size_t a = 0; a < d; a++) {
            work[a] = 0;
            for (size_t b = 0; b < d; b++) work[a] += covariance[a * d + b] * c[b];
            variance += c[a] * work[a];
            e -= c[a] * mean[a];
        }
        logdensity[j] = -(LOG_TWO_PI + log(variance) + e * e / variance) / 2;
        for (size_t a = 0; a < d; a++) {
            mean[a] += work[a] * e / variance;
            for (size_t b = 0; b < d; b++) covariance[a * d + b] -= work[a] * work[b] / variance;
        }
    }
}

/* ---- all rows ------------------------------------------------------------------------------- */

static bool steady(const double *now, const double *before, size_t n)
{
    double change = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        change = fmax(change, fabs(now[i] - before[i]));
        size = fmax(size, fabs(now[i]));
    }
    return change <= STEADY * size;
}

/* The mean alone, where the covariance of the row is known already. */
static void update_mean(bram_lds_filter *f, double *mean, const double *covariance, const double *y,
                        double *loglik, double determinant)
{
    size_t d = f->m->c.cols;
    double *h = f->vector;
    gather(f, h, loglik, mean, y, NULL);
    for (size_t a = 0; a < d; a++) {
        double shift = 0;
        for (size_t b = 0; b < d; b++) shift += covariance[a * d + b] * h[b];
        f->vector[d + a] = shift;
        *loglik += h[a] * shift / 2;
    }
    for (size_t a = 0; a < d; a++) mean[a] += f->vector[d + a];
    *loglik -= determinant;
}

static double log_determinant(const bram_lds_filter *f)
{
    double sum = 0;
    for (size_t a = 0; a < f->inner.rows; a++) sum += log(bram_row(&f->inner, a)[a]);
    return sum;
}

static const double *inputs_of(const bram_lds *m, const bram_lds_rows *rows, size_t t)
{
    return m->b.cols ? bram_row(&rows->u, t) : NULL;
}

int bram_lds_run(bram_ctx *cx, bram_lds_states *out, const bram_lds *m, const bram_lds_rows *rows)
{
    size_t n = rows->y.rows, d = m->c.cols, units = m->c.rows;
    bool reached = false;
    double determinant = 0;
    bram_lds_filter f;
    out->loglik = 0;
    BRAM_TRY(bram_lds_prepare(cx, &f, m));
    BRAM_TRY(bram_mat_scratch(cx, &out->mean, n, d));
    BRAM_TRY(bram_mat_scratch(cx, &out->ahead, n, d));
    BRAM_TRY(bram_mat_scratch(cx, &out->covariance, n, d * d));
    BRAM_TRY(bram_mat_scratch(cx, &out->ahead_covariance, n, d * d));
    for (size_t t = 0; t < n; t++) {
        double *ahead = bram_row(&out->ahead, t), *p = bram_row(&out->ahead_covariance, t);
        double *mean = bram_row(&out->mean, t), *filtered = bram_row(&out->covariance, t);
        const uint8_t *present = rows->present ? rows->present + t * units : NULL;
        memcpy(ahead, t ? bram_row(&out->mean, t - 1) : m->m0.data, d * sizeof *ahead);
        memcpy(p, t ? bram_row(&out->covariance, t - 1) : m->p0.data, d * d * sizeof *p);
        if (t) BRAM_TRY(bram_lds_ahead(cx, &f, ahead, p, inputs_of(m, rows, t)));
        if (reached) memcpy(p, bram_row(&out->ahead_covariance, t - 1), d * d * sizeof *p);
        memcpy(mean, ahead, d * sizeof *mean);
        if (reached) {
            memcpy(filtered, bram_row(&out->covariance, t - 1), d * d * sizeof *p);
            update_mean(&f, mean, filtered, bram_row(&rows->y, t), &out->loglik, determinant);
            continue;
        }
        memcpy(filtered, p, d * d * sizeof *p);
        BRAM_TRY(
            bram_lds_update(cx, &f, mean, filtered, bram_row(&rows->y, t), present, &out->loglik));
        if (rows->present || t == 0) continue;
        reached = steady(p, bram_row(&out->ahead_covariance, t - 1), d * d);
        determinant = log_determinant(&f);
    }
    return BRAM_OK;
}

/* gain = (P+)^-1 A P, so that its transpose is the smoother's. */
static int smoother_gain(bram_ctx *cx, bram_mat *gain, bram_mat *factor, const bram_lds *m,
                         double *filtered, const double *ahead)
{
    size_t d = m->c.cols;
    bram_mat p = {filtered, d, d, d};
    memcpy(factor->data, ahead, d * d * sizeof(double));
    BRAM_TRY(bram_cholesky(cx, factor));
    BRAM_TRY(bram_gemm(cx, gain, 1, &m->a, BRAM_AS_IS, &p, BRAM_AS_IS, 0));
    return bram_cholesky_solve(cx, factor, gain);
}

int bram_lds_smooth(bram_ctx *cx, bram_lds_states *s, const bram_lds *m)
{
    size_t n = s->mean.rows, d = m->c.cols, mark = bram_scratch_mark(cx);
    bram_mat gain, factor, difference, product;
    BRAM_TRY(bram_mat_scratch(cx, &gain, d, d));
    BRAM_TRY(bram_mat_scratch(cx, &factor, d, d));
    BRAM_TRY(bram_mat_scratch(cx, &difference, d, d));
    BRAM_TRY(bram_mat_scratch(cx, &product, d, d));
    for (size_t t = n - (n > 0); t-- > 0;) {
        double *mean = bram_row(&s->mean, t), *p = bram_row(&s->covariance, t);
        const double *next = bram_row(&s->mean, t + 1), *ahead = bram_row(&s->ahead, t + 1);
        const double *ahead_p = bram_row(&s->ahead_covariance, t + 1);
        bram_mat here = {p, d, d, d};
        BRAM_TRY(smoother_gain(cx, &gain, &factor, m, p, ahead_p));
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b < d; b++) mean[a] += bram_row(&gain, b)[a] * (next[b] - ahead[b]);
        for (size_t i = 0; i < d * d; i++)
            difference.data[i] = bram_row(&s->covariance, t + 1)[i] - ahead_p[i];
        BRAM_TRY(bram_gemm(cx, &product, 1, &difference, BRAM_AS_IS, &gain, BRAM_AS_IS, 0));
        BRAM_TRY(bram_gemm(cx, &here, 1, &gain, BRAM_TRANSPOSED, &product, BRAM_AS_IS, 1));
        for (size_t a = 0; a < d; a++)
            for (size_t b = 0; b < a; b++)
                p[a * d + b] = p[b * d + a] = (p[a * d + b] + p[b * d + a]) / 2;
        /* of t with t + 1: E[x_{t+1} x_t'] - E[x_{t+1}] E[x_t]' = P_{t+1} gain, kept for EM */
        bram_mat lag = {bram_row(&s->ahead_covariance, t + 1), d, d, d};
        bram_mat later = {bram_row(&s->covariance, t + 1), d, d, d};
        BRAM_TRY(bram_gemm(cx, &lag, 1, &later, BRAM_AS_IS, &gain, BRAM_AS_IS, 0));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
