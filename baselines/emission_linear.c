/*
 * emission_linear.c - real values that depend linearly on what came before and on covariates, with
 * a full covariance of their own in each state:
 *
 *   y_t ~ N(B[k] u_t, S[k]),   u_t = (1, y_t-1, .., y_t-p, x_t)
 *
 * `ar` is the autoregressive hidden Markov model (Hamilton 1989; order p = lags); `gaussian-full`
 * is the same without lags and covariates. Numbers of a state: B (N x M, M = 1 + N p + D), then S
 * (N x N). All y are taken about the units' training means, so intercepts are deviations.
 *
 * Rows with fewer than p rows before them (context included) say nothing of the state: their
 * density is that of independent units with training mean and variance. A missing value among the
 * lags stands at its training mean; a missing value of the row itself is integrated out, and in the
 * M-step replaced by its conditional mean, with the conditional covariance added (Little and Rubin
 * 2002, chapter 11).
 *
 * Prior: `prior` rows more with the units' training variances V, and a ridge J of 1e-4 of a row
 * on all weights but the intercept (V of a lagged unit, 1 for a covariate; ssm has 1e-4 I):
 *   log prior = -1/2 sum over k of prior log |S| + tr S^-1 (B J B' + prior V).
 */
#include "emission.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

#define LOG_TWO_PI 1.8378770664093453
#define RIDGE      1e-4
#define NO_WEIGHT  1e-15 /* rows below it are left out of a state's sums */

static size_t terms(const bram_observation *o)
{
    return 1 + o->units * o->lags + o->covariates;
}

static size_t per_state(const bram_observation *o)
{
    return o->units * (terms(o) + o->units);
}

/* B and S of a state, as views. */
static bram_mat weights_of(const bram_observation *o, const bram_hmm *m, size_t state)
{
    return (bram_mat){bram_row(&m->state, state), o->units, terms(o), terms(o)};
}

static bram_mat covariance_of(const bram_observation *o, const bram_hmm *m, size_t state)
{
    return (bram_mat){bram_row(&m->state, state) + o->units * terms(o), o->units, o->units,
                      o->units};
}

static double ridge_of(const bram_observation *o, size_t term)
{
    if (term == 0) return 0;
    return RIDGE * (term <= o->units * o->lags ? o->variance[(term - 1) % o->units] : 1);
}

/* ---- rows ----------------------------------------------------------------------------------- */

static bool has_past(const bram_observation *o, const bram_hmm_data *d, size_t sequence, size_t row)
{
    return row + (d->context ? d->context[sequence] : 0) >= o->lags;
}

/* u of a row, then y about its mean (0 where missing). */
static void fill_row(double *v, const bram_observation *o, const bram_hmm_data *d, size_t sequence,
                     size_t row)
{
    const bram_mat *y = &d->y[sequence];
    const uint8_t *mask = d->present ? d->present[sequence] : NULL;
    size_t n = o->units;
    bool past = has_past(o, d, sequence, row);
    *v++ = 1;
    for (size_t lag = 1; lag <= o->lags + 1; lag++) { /* the last one: the row itself */
        bool self = lag > o->lags;
        ptrdiff_t at = (ptrdiff_t)row - (self ? 0 : (ptrdiff_t)lag);
        for (size_t j = 0; self && j < o->covariates; j++) *v++ = bram_row(&d->x[sequence], row)[j];
        for (size_t u = 0; u < n; u++) {
            bool there = (past || self) && (!mask || mask[at * (ptrdiff_t)n + (ptrdiff_t)u]);
            *v++ = there ? (y->data + at * (ptrdiff_t)y->stride)[u] - o->mean[u] : 0;
        }
    }
}

static int fill_block(bram_ctx *cx, bram_mat *v, const bram_observation *o, const bram_hmm_data *d,
                      size_t sequence, size_t first, size_t count)
{
    BRAM_TRY(bram_mat_scratch(cx, v, count, terms(o) + o->units));
    for (size_t t = 0; t < count; t++) fill_row(bram_row(v, t), o, d, sequence, first + t);
    return BRAM_OK;
}

/* ---- a state's density ---------------------------------------------------------------------- */

struct density {
    bram_mat whiten;    /* M + N rows: (u, y) times it is the standardized residual */
    bram_mat precision; /* N x N; only where values are missing */
    double constant;    /* of the log density */
    /* the missing units of the row before, and the factor of their precision */
    uint8_t *mask;
    size_t *missing, count;
    bram_mat factor;
    double *right; /* N */
    double shift;  /* of the log density, for having them integrated out */
    bool made;
};

/* whiten: a view of (M + N) x N into the matrix for all states. */
static int prepare_state(bram_ctx *cx, struct density *s, const bram_observation *o,
                         const bram_hmm *m, size_t state, bool missing)
{
    size_t n = o->units;
    bram_mat b = weights_of(o, m, state), covariance = covariance_of(o, m, state), factor, inverse;
    BRAM_TRY(bram_mat_scratch(cx, &factor, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &inverse, n, n));
    memcpy(factor.data, covariance.data, n * n * sizeof *factor.data);
    int status = bram_cholesky(cx, &factor);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "covariance of state %zu", state);
    s->constant = -(double)n * LOG_TWO_PI / 2;
    for (size_t u = 0; u < n; u++) {
        s->constant -= log(bram_row(&factor, u)[u]);
        bram_row(&inverse, u)[u] = 1;
    }
    BRAM_TRY(bram_triangular_solve(cx, &factor, false, BRAM_AS_IS, &inverse));
    bram_mat top = bram_mat_rows(s->whiten, 0, terms(o));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            bram_row(&s->whiten, terms(o) + i)[j] = bram_row(&inverse, j)[i];
    BRAM_TRY(bram_gemm(cx, &top, -1, &b, BRAM_TRANSPOSED, &inverse, BRAM_TRANSPOSED, 0));
    if (!missing) return BRAM_OK;
    BRAM_TRY(bram_mat_scratch(cx, &s->precision, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s->factor, n, n));
    s->mask = bram_scratch(cx, n, 1);
    s->missing = bram_scratch(cx, n, sizeof *s->missing);
    s->right = bram_scratch(cx, n, sizeof *s->right);
    if (!s->mask || !s->missing || !s->right) return BRAM_ENOMEM;
    return bram_syrk(cx, &s->precision, 1, &inverse, BRAM_TRANSPOSED, 0);
}

/* All states; whiten gets (M + N) x (K N). */
static int prepare_all(bram_ctx *cx, struct density **out, bram_mat *whiten,
                       const bram_observation *o, const bram_hmm *m, bool missing)
{
    size_t n = o->units, k = m->states;
    struct density *s = bram_scratch(cx, k, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, whiten, terms(o) + n, k * n));
    for (size_t j = 0; j < k; j++) {
        s[j].whiten = (bram_mat){whiten->data + j * n, whiten->rows, n, whiten->stride};
        BRAM_TRY(prepare_state(cx, &s[j], o, m, j, missing));
    }
    *out = s;
    return BRAM_OK;
}

/* The factors of a few missing units, once for each pattern: too small for BLAS. */
static int small_factor(bram_ctx *cx, bram_mat *a)
{
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j <= i; j++) {
            double *row = bram_row(a, i), sum = row[j];
            const double *other = bram_row(a, j);
            for (size_t k = 0; k < j; k++) sum -= row[k] * other[k];
            if (i == j && !(sum > 0))
                return bram_fail(cx, BRAM_ENUMERIC, "pivot %zu of a covariance is %g", i, sum);
            row[j] = i == j ? sqrt(sum) : sum / other[j];
        }
    return BRAM_OK;
}

static void small_solve(const bram_mat *factor, double *b)
{
    for (size_t i = 0; i < factor->rows; i++) {
        for (size_t k = 0; k < i; k++) b[i] -= bram_row(factor, i)[k] * b[k];
        b[i] /= bram_row(factor, i)[i];
    }
    for (size_t i = factor->rows; i-- > 0;) {
        for (size_t k = i + 1; k < factor->rows; k++) b[i] -= bram_row(factor, k)[i] * b[k];
        b[i] /= bram_row(factor, i)[i];
    }
}

static int set_pattern(bram_ctx *cx, struct density *s, const uint8_t *mask, size_t n)
{
    if (s->made && memcmp(mask, s->mask, n) == 0) return BRAM_OK;
    memcpy(s->mask, mask, n);
    s->count = 0;
    for (size_t u = 0; u < n; u++)
        if (!mask[u]) s->missing[s->count++] = u;
    bram_mat *f = &s->factor;
    *f = (bram_mat){f->data, s->count, s->count, s->count};
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->count; j++)
            bram_row(f, i)[j] = bram_row(&s->precision, s->missing[i])[s->missing[j]];
    s->shift = (double)s->count * LOG_TWO_PI / 2;
    BRAM_TRY(small_factor(cx, f));
    for (size_t i = 0; i < s->count; i++) s->shift -= log(bram_row(f, i)[i]);
    s->made = true;
    return BRAM_OK;
}

/* Residuals of the missing units by their conditional means; those of the others are in r. */
static int complete(bram_ctx *cx, struct density *s, double *r, const uint8_t *mask, size_t n)
{
    BRAM_TRY(set_pattern(cx, s, mask, n));
    double *b = s->right;
    for (size_t i = 0; i < s->count; i++) {
        const double *row = bram_row(&s->precision, s->missing[i]);
        b[i] = 0;
        for (size_t u = 0; u < n; u++)
            if (mask[u]) b[i] -= row[u] * r[u];
    }
    small_solve(&s->factor, b);
    for (size_t i = 0; i < s->count; i++) r[s->missing[i]] = b[i];
    return BRAM_OK;
}

/* B u of a row, N values */
static void predict(double *out, const bram_mat *b, const double *u)
{
    for (size_t i = 0; i < b->rows; i++) {
        const double *row = bram_row(b, i);
        double sum = 0;
        for (size_t j = 0; j < b->cols; j++) sum += row[j] * u[j];
        out[i] = sum;
    }
}

/* Puts into v (u, then y about its mean) the conditional means of what is missing in y. */
static int complete_row(bram_ctx *cx, struct density *s, double *v, const bram_mat *b,
                        const uint8_t *mask)
{
    size_t n = b->rows, mark = bram_scratch_mark(cx);
    double *fit = bram_scratch(cx, 2 * n, sizeof *fit);
    if (!fit) return BRAM_ENOMEM;
    double *r = fit + n, *y = v + b->cols;
    predict(fit, b, v);
    for (size_t u = 0; u < n; u++) r[u] = mask[u] ? y[u] - fit[u] : 0;
    BRAM_TRY(complete(cx, s, r, mask, n));
    for (size_t u = 0; u < n; u++)
        if (!mask[u]) y[u] = fit[u] + r[u];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- likelihood ----------------------------------------------------------------------------- */

static double square(const double *x, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < 4; j++) sum[j] += x[i + j] * x[i + j];
    for (; i < n; i++) sum[0] += x[i] * x[i];
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* The density of a row without a past: the same for all states. */
static double stateless(const bram_observation *o, const double *y, const uint8_t *mask)
{
    double sum = 0;
    for (size_t u = 0; u < o->units; u++)
        if (!mask || mask[u])
            sum -= (LOG_TWO_PI + log(o->variance[u]) + y[u] * y[u] / o->variance[u]) / 2;
    return sum;
}

static int block_all(bram_ctx *cx, bram_mat *l, const struct density *s, const bram_mat *whiten,
                     const bram_mat *v, size_t n)
{
    bram_mat z;
    BRAM_TRY(bram_mat_scratch(cx, &z, v->rows, whiten->cols));
    BRAM_TRY(bram_gemm(cx, &z, 1, v, BRAM_AS_IS, whiten, BRAM_AS_IS, 0));
    for (size_t t = 0; t < v->rows; t++)
        for (size_t k = 0; k < l->cols; k++)
            bram_row(l, t)[k] = s[k].constant - square(bram_row(&z, t) + k * n, n) / 2;
    return BRAM_OK;
}

/* Where values are missing: what takes their place depends on the state. */
static int block_missing(bram_ctx *cx, bram_mat *l, struct density *s, const bram_observation *o,
                         const bram_hmm *m, const bram_mat *v, const uint8_t *mask)
{
    size_t n = o->units;
    bram_mat filled, z;
    double *shift = bram_scratch(cx, v->rows, sizeof *shift);
    if (!shift) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &filled, v->rows, v->cols));
    BRAM_TRY(bram_mat_scratch(cx, &z, v->rows, n));
    for (size_t k = 0; k < l->cols; k++) {
        bram_mat b = weights_of(o, m, k);
        memcpy(filled.data, v->data, v->rows * v->cols * sizeof *v->data);
        for (size_t t = 0; t < v->rows; t++) {
            BRAM_TRY(complete_row(cx, &s[k], bram_row(&filled, t), &b, mask + t * n));
            shift[t] = s[k].shift;
        }
        BRAM_TRY(bram_gemm(cx, &z, 1, &filled, BRAM_AS_IS, &s[k].whiten, BRAM_AS_IS, 0));
        for (size_t t = 0; t < v->rows; t++)
            bram_row(l, t)[k] = s[k].constant + shift[t] - square(bram_row(&z, t), n) / 2;
    }
    return BRAM_OK;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    const uint8_t *mask = bram_hmm_present(d, sequence, first);
    size_t n = o->units;
    struct density *s;
    bram_mat whiten, v;
    BRAM_TRY(prepare_all(cx, &s, &whiten, o, m, mask != NULL));
    BRAM_TRY(fill_block(cx, &v, o, d, sequence, first, l->rows));
    if (mask) BRAM_TRY(block_missing(cx, l, s, o, m, &v, mask));
    else BRAM_TRY(block_all(cx, l, s, &whiten, &v, n));
    for (size_t t = 0; t < l->rows && !has_past(o, d, sequence, first + t); t++)
        for (size_t k = 0; k < l->cols; k++)
            bram_row(l, t)[k] = stateless(o, bram_row(&v, t) + terms(o),
                                          mask ? mask + t * n : NULL);
    return BRAM_OK;
}

/* ---- M-step --------------------------------------------------------------------------------- */

struct step {
    const bram_observation *o;
    const bram_hmm *m;
    const bram_hmm_data *d;
    const bram_mat *posterior;
    bool ready; /* m holds covariances: not at a start */
};

/* Adds g times the conditional covariance of what is missing to the squares of y. */
static void add_uncertainty(bram_mat *gram, const struct density *s, double g, size_t m)
{
    for (size_t i = 0; i < s->count; i++) {
        for (size_t j = 0; j < s->count; j++) s->right[j] = i == j ? g : 0;
        small_solve(&s->factor, s->right);
        for (size_t j = 0; j < s->count; j++)
            bram_row(gram, m + s->missing[i])[m + s->missing[j]] += s->right[j];
    }
}

/* One state: rows scaled by the root of their weight, and their products. */
static int add_state(bram_ctx *cx, const struct step *s, struct density *density, bram_mat *gram,
                     size_t state, const bram_mat *v, size_t sequence, size_t first)
{
    const bram_observation *o = s->o;
    bram_mat rows, b = weights_of(o, s->m, state);
    size_t used = 0;
    BRAM_TRY(bram_mat_scratch(cx, &rows, v->rows, v->cols));
    for (size_t t = 0; t < v->rows; t++) {
        double g = bram_row(&s->posterior[sequence], first + t)[state], root = sqrt(g);
        const uint8_t *mask = bram_hmm_present(s->d, sequence, first + t);
        if (!(g > NO_WEIGHT) || !has_past(o, s->d, sequence, first + t)) continue;
        double *row = bram_row(&rows, used++);
        memcpy(row, bram_row(v, t), v->cols * sizeof *row);
        if (mask && s->ready) {
            BRAM_TRY(complete_row(cx, density, row, &b, mask));
            add_uncertainty(gram, density, g, terms(o));
        }
        for (size_t i = 0; i < v->cols; i++) row[i] *= root;
    }
    rows.rows = used;
    return used ? bram_syrk(cx, gram, 1, &rows, BRAM_TRANSPOSED, 1) : BRAM_OK;
}

/* sum: of each state (M + N) x (M + N) */
static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    const struct step *s = user;
    size_t side = terms(s->o) + s->o->units;
    struct density *density = NULL;
    bram_mat v, whiten;
    bool missing = s->ready && bram_hmm_present(s->d, sequence, first);
    if (missing) BRAM_TRY(prepare_all(cx, &density, &whiten, s->o, s->m, true));
    BRAM_TRY(fill_block(cx, &v, s->o, s->d, sequence, first, count));
    for (size_t k = 0; k < s->m->states; k++) {
        bram_mat gram = {sum + k * side * side, side, side, side};
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(add_state(cx, s, missing ? &density[k] : NULL, &gram, k, &v, sequence, first));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* B and S from the products of a state. */
static int solve(bram_ctx *cx, const bram_observation *o, bram_hmm *m, size_t state,
                 const bram_mat *gram)
{
    size_t n = o->units, p = terms(o);
    double w = gram->data[0]; /* the intercept's square */
    bram_mat b = weights_of(o, m, state), covariance = covariance_of(o, m, state), factor, x,
             product;
    if (!(w > 1e-10)) {
        if (covariance.data[0] > 0) return BRAM_OK; /* as it was */
        for (size_t u = 0; u < n; u++) bram_row(&covariance, u)[u] = o->variance[u];
        return BRAM_OK;
    }
    BRAM_TRY(bram_mat_scratch(cx, &factor, p, p));
    BRAM_TRY(bram_mat_scratch(cx, &x, p, n));
    BRAM_TRY(bram_mat_scratch(cx, &product, n, p));
    for (size_t i = 0; i < p; i++) {
        memcpy(bram_row(&factor, i), bram_row(gram, i), p * sizeof *factor.data);
        memcpy(bram_row(&x, i), bram_row(gram, i) + p, n * sizeof *x.data);
        bram_row(&factor, i)[i] += ridge_of(o, i);
    }
    bram_mat ridged;
    BRAM_TRY(bram_mat_scratch(cx, &ridged, p, p));
    memcpy(ridged.data, factor.data, p * p * sizeof *ridged.data);
    BRAM_TRY(bram_cholesky(cx, &factor));
    BRAM_TRY(bram_cholesky_solve(cx, &factor, &x));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < p; j++) bram_row(&b, i)[j] = bram_row(&x, j)[i];
    /* S w = Y'Y - B (G + J) B', as B (G + J) = Y'U */
    BRAM_TRY(bram_gemm(cx, &product, 1, &b, BRAM_AS_IS, &ridged, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) bram_row(&covariance, i)[j] = bram_row(gram, p + i)[p + j];
    BRAM_TRY(bram_gemm(cx, &covariance, -1, &product, BRAM_AS_IS, &b, BRAM_TRANSPOSED, 1));
    for (size_t i = 0; i < n; i++) {
        bram_row(&covariance, i)[i] += o->prior * o->variance[i];
        for (size_t j = 0; j < n; j++) bram_row(&covariance, i)[j] /= w + o->prior;
        bram_row(&covariance, i)[i] += 1e-8 * o->jitter;
        for (size_t j = 0; j < i; j++)
            bram_row(&covariance, i)[j] = bram_row(&covariance, j)[i] =
                (bram_row(&covariance, i)[j] + bram_row(&covariance, j)[i]) / 2;
    }
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    size_t side = terms(o) + o->units, mark = bram_scratch_mark(cx);
    struct step s = {o, m, d, posterior, covariance_of(o, m, 0).data[0] > 0};
    double *sum = bram_scratch(cx, m->states, side * side * sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    BRAM_TRY(bram_hmm_sum(cx, sum, m->states * side * side, d, add, &s));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat gram = {sum + k * side * side, side, side, side};
        size_t inner = bram_scratch_mark(cx);
        int status = solve(cx, o, m, k, &gram);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "state %zu", k);
        bram_scratch_release(cx, inner);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int log_prior(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, double *value)
{
    const bram_observation *o = e->self;
    size_t n = o->units, p = terms(o), mark = bram_scratch_mark(cx);
    double sum = 0;
    bram_mat factor, b;
    BRAM_TRY(bram_mat_scratch(cx, &factor, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &b, n, p + n));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat weights = weights_of(o, m, k), covariance = covariance_of(o, m, k);
        memcpy(factor.data, covariance.data, n * n * sizeof *factor.data);
        BRAM_TRY(bram_cholesky(cx, &factor));
        /* columns of B scaled by the root of J, and the root of prior V */
        for (size_t i = 0; i < n; i++) {
            memset(bram_row(&b, i), 0, b.cols * sizeof *b.data);
            for (size_t j = 0; j < p; j++)
                bram_row(&b, i)[j] = bram_row(&weights, i)[j] * sqrt(ridge_of(o, j));
            bram_row(&b, i)[p + i] = sqrt(o->prior * o->variance[i]);
            sum -= o->prior * log(bram_row(&factor, i)[i]); /* half of log |S| */
        }
        BRAM_TRY(bram_triangular_solve(cx, &factor, false, BRAM_AS_IS, &b));
        sum -= square(b.data, n * b.cols) / 2;
    }
    bram_scratch_release(cx, mark);
    *value = sum;
    return BRAM_OK;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int mean(bram_ctx *cx, const bram_observation *o, const bram_hmm *m, const bram_hmm_data *d,
                size_t sequence, size_t first, bram_mat *out)
{
    size_t n = o->units, mark = bram_scratch_mark(cx);
    bram_mat v;
    BRAM_TRY(fill_block(cx, &v, o, d, sequence, first, out->rows));
    v.cols = terms(o);
    for (size_t k = 0; k < m->states; k++) {
        bram_mat b = weights_of(o, m, k), part = {out->data + k * n, out->rows, n, out->stride};
        BRAM_TRY(bram_gemm(cx, &part, 1, &v, BRAM_AS_IS, &b, BRAM_TRANSPOSED, 0));
        for (size_t t = 0; t < out->rows; t++)
            for (size_t u = 0; u < n; u++) {
                double *value = &bram_row(&part, t)[u];
                *value = (has_past(o, d, sequence, first + t) ? *value : 0) + o->mean[u];
            }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The factor of the covariance of the units that are there, in the order of the units. */
static int seen_factor(bram_ctx *cx, bram_mat *factor, size_t *seen, const bram_mat *covariance,
                       const uint8_t *mask)
{
    size_t n = covariance->rows, count = 0;
    for (size_t u = 0; u < n; u++)
        if (!mask || mask[u]) seen[count++] = u;
    *factor = (bram_mat){factor->data, count, count, count};
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            bram_row(factor, i)[j] = bram_row(covariance, seen[i])[seen[j]];
    return count ? bram_cholesky(cx, factor) : BRAM_OK;
}

/* One row: log density of each unit that is there, given those before it; r: residuals. */
static void chain_row(double *out, double *r, const bram_mat *factor, const size_t *seen)
{
    for (size_t i = 0; i < factor->rows; i++) {
        const double *row = bram_row(factor, i);
        double z = r[seen[i]];
        for (size_t j = 0; j < i; j++) z -= row[j] * r[seen[j]];
        r[seen[i]] = z /= row[i];
        out[seen[i]] = -(LOG_TWO_PI + z * z) / 2 - log(row[i]);
    }
}

static int chain_state(bram_ctx *cx, bram_mat *out, const bram_observation *o, const bram_hmm *m,
                       const bram_hmm_data *d, size_t sequence, size_t first, size_t state)
{
    size_t n = o->units;
    bram_mat covariance = covariance_of(o, m, state), factor;
    const uint8_t *before = NULL;
    double *r = bram_scratch(cx, n, sizeof *r);
    size_t *seen = bram_scratch(cx, n, sizeof *seen);
    BRAM_TRY(bram_mat_scratch(cx, &factor, n, n));
    if (!r || !seen) return BRAM_ENOMEM;
    for (size_t t = 0; t < out->rows; t++) {
        const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
        const double *y = bram_row(&d->y[sequence], first + t);
        double *value = bram_row(out, t) + state * n; /* holds the mean */
        if (t == 0 || (mask && memcmp(mask, before, n) != 0))
            BRAM_TRY(seen_factor(cx, &factor, seen, &covariance, mask));
        before = mask;
        for (size_t u = 0; u < n; u++) {
            r[u] = !mask || mask[u] ? y[u] - value[u] : 0;
            if (has_past(o, d, sequence, first + t)) continue;
            value[u] = -(LOG_TWO_PI + log(o->variance[u]) + r[u] * r[u] / o->variance[u]) / 2;
        }
        if (has_past(o, d, sequence, first + t)) chain_row(value, r, &factor, seen);
    }
    return BRAM_OK;
}

static int density(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                   const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out)
{
    BRAM_TRY(mean(cx, o, m, d, sequence, first, out));
    for (size_t k = 0; k < m->states; k++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(chain_state(cx, out, o, m, d, sequence, first, k));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static int given(bram_ctx *cx, const bram_observation *o, const bram_hmm *m, const bram_hmm_data *d,
                 size_t sequence, size_t first, bram_mat *out)
{
    const uint8_t *mask = bram_hmm_present(d, sequence, first);
    size_t n = o->units, p = terms(o), mark = bram_scratch_mark(cx);
    struct density *s;
    bram_mat whiten, v;
    if (!mask) return mean(cx, o, m, d, sequence, first, out);
    BRAM_TRY(prepare_all(cx, &s, &whiten, o, m, true));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat b = weights_of(o, m, k);
        BRAM_TRY(fill_block(cx, &v, o, d, sequence, first, out->rows));
        for (size_t t = 0; t < out->rows; t++) {
            double *row = bram_row(&v, t), *value = bram_row(out, t) + k * n;
            bool past = has_past(o, d, sequence, first + t);
            if (past) BRAM_TRY(complete_row(cx, &s[k], row, &b, mask + t * n));
            for (size_t u = 0; u < n; u++) value[u] = (past ? row[p + u] : 0) + o->mean[u];
        }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

const bram_emission_kind bram_emission_gaussian_full = {
    .name = "gaussian-full",
    .clusters = true,
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .log_prior = log_prior,
    .mean = mean,
    .density = density,
    .given = given,
};

const bram_emission_kind bram_emission_ar = {
    .name = "ar",
    .clusters = true,
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .log_prior = log_prior,
    .mean = mean,
    .density = density,
    .given = given,
};
