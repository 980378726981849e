/*
 * emission_categorical.c - classes 0 .. C - 1 by a multinomial logit on covariates, for each unit:
 * the emission of the GLM-HMM (Ashwood et al. 2022; C = 2 is the Bernoulli GLM).
 *
 *   log p(y = c) = w[k][c] . u - log sum over c' of exp(w[k][c'] . u),   w[k][C - 1] = 0,
 *   u = (1 where there is an intercept, x)
 *
 * Numbers of a state: for each unit (C - 1) x M weights. Prior: N(0, sigma^2) on every weight (none
 * for sigma 0, but for a ridge of 1e-8 that keeps separable classes finite). M-step: Newton with
 * the exact Hessian and step halving, all states at once; it ends when the gain that Newton's model
 * promises is below 1e-10 of the objective, at most 25 steps.
 */
#include "emission.h"
#include "linalg.h"
#include "vexp.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 25, MOST_HALVINGS = 30 };

#define ENOUGH 1e-10
#define SPREAD 0.5 /* of the weights of a random start */

static bool valid(const bram_observation *o, double value)
{
    return value >= 0 && value == floor(value) && value < (double)o->classes;
}

static size_t terms(const bram_observation *o)
{
    return o->covariates + o->intercept;
}

static size_t weights(const bram_observation *o) /* of a unit */
{
    return (o->classes - 1) * terms(o);
}

static size_t per_state(const bram_observation *o)
{
    return o->units * weights(o);
}

static double precision(const bram_observation *o)
{
    return o->sigma > 0 ? 1 / (o->sigma * o->sigma) : 1e-8;
}

static void fill_terms(double *u, const bram_observation *o, const bram_hmm_data *d,
                       size_t sequence, size_t row)
{
    if (o->intercept) *u++ = 1;
    if (o->covariates) memcpy(u, bram_row(&d->x[sequence], row), o->covariates * sizeof *u);
}

static int fill_block(bram_ctx *cx, bram_mat *u, const bram_observation *o, const bram_hmm_data *d,
                      size_t sequence, size_t first, size_t count)
{
    BRAM_TRY(bram_mat_scratch(cx, u, count, terms(o)));
    for (size_t t = 0; t < count; t++) fill_terms(bram_row(u, t), o, d, sequence, first + t);
    return BRAM_OK;
}

/* Logits of the C classes of each row less the largest, into eta (rows x C). */
static void fill_logits(double *eta, const bram_observation *o, const double *w, const bram_mat *u)
{
    size_t c = o->classes, p = terms(o);
    for (size_t t = 0; t < u->rows; t++) {
        double *out = eta + t * c, max = 0;
        const double *row = bram_row(u, t);
        for (size_t i = 0; i + 1 < c; i++) {
            double sum = 0;
            for (size_t j = 0; j < p; j++) sum += w[i * p + j] * row[j];
            out[i] = sum;
            max = sum > max ? sum : max;
        }
        out[c - 1] = 0;
        for (size_t i = 0; i < c; i++) out[i] -= max;
    }
}

/* Probabilities in place of the logits; loglik[t] receives log p of the class seen, 0 where it is
 * missing. */
static int probabilities(bram_ctx *cx, double *eta, double *loglik, const bram_observation *o,
                         const bram_hmm_data *d, size_t sequence, size_t first, size_t unit,
                         size_t rows)
{
    size_t c = o->classes, mark = bram_scratch_mark(cx);
    double *logit = bram_scratch(cx, rows, sizeof *logit);
    if (!logit) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) {
        const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
        bool there = !mask || mask[unit];
        logit[t] = there ? eta[t * c + (size_t)bram_row(&d->y[sequence], first + t)[unit]] : NAN;
    }
    bram_vexp(eta, rows * c);
    for (size_t t = 0; t < rows; t++) {
        double sum = 0;
        for (size_t i = 0; i < c; i++) sum += eta[t * c + i];
        for (size_t i = 0; i < c; i++) eta[t * c + i] /= sum;
        loglik[t] = logit[t] <= 0 ? logit[t] - log(sum) : 0; /* NaN: missing */
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    bram_mat u;
    BRAM_TRY(fill_block(cx, &u, o, d, sequence, first, l->rows));
    double *eta = bram_scratch(cx, l->rows, o->classes * sizeof *eta);
    double *part = eta ? bram_scratch(cx, l->rows, sizeof *part) : NULL;
    if (!part) return BRAM_ENOMEM;
    for (size_t k = 0; k < l->cols; k++) {
        for (size_t t = 0; t < l->rows; t++) bram_row(l, t)[k] = 0;
        for (size_t unit = 0; unit < o->units; unit++) {
            fill_logits(eta, o, bram_row(&m->state, k) + unit * weights(o), &u);
            BRAM_TRY(probabilities(cx, eta, part, o, d, sequence, first, unit, l->rows));
            for (size_t t = 0; t < l->rows; t++) bram_row(l, t)[k] += part[t];
        }
    }
    return BRAM_OK;
}

/* ---- M-step --------------------------------------------------------------------------------- */

/* Newton on units x states regressions at a time. */
struct newton {
    const bram_observation *o;
    const bram_hmm_data *d;
    const bram_mat *posterior;
    size_t states, p; /* p: weights of one regression */
    double *trial;    /* states x units x p */
    uint8_t *done;    /* states x units */
};

/* The sums of one regression: objective, gradient, lower triangle of the information. */
static size_t sums(size_t p)
{
    return 1 + p + p * (p + 1) / 2;
}

/* Rows of one regression; probabilities in eta. */
static void add_rows(double *sum, const struct newton *s, const double *eta, const double *part,
                     const bram_mat *u, size_t sequence, size_t first, size_t state, size_t unit)
{
    size_t c = s->o->classes, q = u->cols;
    double *gradient = sum + 1, *information = gradient + s->p;
    for (size_t t = 0; t < u->rows; t++) {
        const uint8_t *mask = bram_hmm_present(s->d, sequence, first + t);
        double g = bram_row(&s->posterior[sequence], first + t)[state];
        if (mask && !mask[unit]) continue;
        const double *row = bram_row(u, t), *p = eta + t * c;
        size_t seen = (size_t)bram_row(&s->d->y[sequence], first + t)[unit];
        double *h = information;
        sum[0] += g * part[t];
        for (size_t a = 0; a + 1 < c; a++) {
            double slope = g * ((double)(seen == a) - p[a]);
            for (size_t i = 0; i < q; i++) gradient[a * q + i] += slope * row[i];
            for (size_t i = 0; i < q; i++) {
                for (size_t b = 0; b < a; b++) {
                    double weight = -g * p[a] * p[b] * row[i];
                    for (size_t j = 0; j < q; j++) *h++ += weight * row[j];
                }
                double weight = g * p[a] * (1 - p[a]) * row[i];
                for (size_t j = 0; j <= i; j++) *h++ += weight * row[j];
            }
        }
    }
}

static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    const struct newton *s = user;
    const bram_observation *o = s->o;
    bram_mat u;
    BRAM_TRY(fill_block(cx, &u, o, s->d, sequence, first, count));
    double *eta = bram_scratch(cx, count, o->classes * sizeof *eta);
    double *part = eta ? bram_scratch(cx, count, sizeof *part) : NULL;
    if (!part) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->states * o->units; i++) {
        if (s->done[i]) continue;
        fill_logits(eta, o, s->trial + i * s->p, &u);
        BRAM_TRY(probabilities(cx, eta, part, o, s->d, sequence, first, i % o->units, count));
        add_rows(sum + i * sums(s->p), s, eta, part, &u, sequence, first, i / o->units,
                 i % o->units);
    }
    return BRAM_OK;
}

/* The step of one regression from its sums at w. @return the gain that is promised */
static int newton_step(bram_ctx *cx, double *step, double *gain, const double *sum, const double *w,
                       size_t p, double lambda)
{
    size_t mark = bram_scratch_mark(cx);
    bram_mat h, b;
    BRAM_TRY(bram_mat_scratch(cx, &h, p, p));
    BRAM_TRY(bram_mat_scratch(cx, &b, p, 1));
    const double *gradient = sum + 1, *lower = gradient + p;
    for (size_t i = 0; i < p; i++) {
        b.data[i] = gradient[i] - lambda * w[i];
        for (size_t j = 0; j <= i; j++) bram_row(&h, i)[j] = *lower++;
        bram_row(&h, i)[i] += lambda;
    }
    BRAM_TRY(bram_cholesky(cx, &h));
    memcpy(step, b.data, p * sizeof *step);
    BRAM_TRY(bram_cholesky_solve(cx, &h, &b));
    *gain = 0;
    for (size_t i = 0; i < p; i++) {
        *gain += step[i] * b.data[i] / 2;
        step[i] = b.data[i];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static double penalty(const double *w, size_t p, double lambda)
{
    double sum = 0;
    for (size_t i = 0; i < p; i++) sum += w[i] * w[i];
    return lambda / 2 * sum;
}

/* One regression after its sums at the trial are known: accept and step on, or halve. */
struct regression {
    double *w, *trial, *step, objective;
    size_t halvings;
    bool begun;
};

static int advance(bram_ctx *cx, struct regression *r, uint8_t *done, const double *sum, size_t p,
                   double lambda)
{
    double objective = sum[0] - penalty(r->trial, p, lambda), gain;
    if (r->begun && !(objective >= r->objective)) {
        *done = ++r->halvings > MOST_HALVINGS;
        for (size_t i = 0; i < p; i++)
            r->trial[i] = *done ? r->w[i] : r->w[i] + (r->trial[i] - r->w[i]) / 2;
        return BRAM_OK;
    }
    r->begun = true;
    r->halvings = 0;
    r->objective = objective;
    memcpy(r->w, r->trial, p * sizeof *r->w);
    BRAM_TRY(newton_step(cx, r->step, &gain, sum, r->w, p, lambda));
    for (size_t i = 0; i < p; i++) r->trial[i] += r->step[i];
    if (gain <= ENOUGH * (1 + fabs(objective))) { /* so near that Newton's model can be trusted */
        memcpy(r->w, r->trial, p * sizeof *r->w);
        *done = 1;
    }
    return BRAM_OK;
}

static int run(bram_ctx *cx, struct newton *s, bram_hmm *m)
{
    size_t n = s->states * s->o->units, p = s->p;
    struct regression *r = bram_scratch(cx, n, sizeof *r);
    double *sum = bram_scratch(cx, n, sums(p) * sizeof *sum);
    double *step = bram_scratch(cx, n, p * sizeof *step);
    if (!r || !sum || !step) return BRAM_ENOMEM;
    memcpy(s->trial, m->state.data, n * p * sizeof *step);
    for (size_t i = 0; i < n; i++)
        r[i] = (struct regression){
            m->state.data + i * p, s->trial + i * p, step + i * p, 0, 0, false};
    for (size_t i = 0; i < MOST_STEPS && memchr(s->done, 0, n); i++) {
        BRAM_TRY(bram_hmm_sum(cx, sum, n * sums(p), s->d, add, s));
        for (size_t j = 0; j < n; j++)
            if (!s->done[j])
                BRAM_TRY(advance(cx, &r[j], &s->done[j], sum + j * sums(p), p, precision(s->o)));
    }
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    size_t mark = bram_scratch_mark(cx), n = m->states * o->units;
    struct newton s = {.o = o, .d = d, .posterior = posterior, .states = m->states};
    s.p = weights(o);
    if (s.p == 0) return BRAM_OK; /* one class: nothing to learn */
    s.trial = bram_scratch(cx, n, s.p * sizeof *s.trial);
    s.done = bram_scratch(cx, n, 1);
    int status = s.trial && s.done ? run(cx, &s, m) : BRAM_ENOMEM;
    bram_scratch_release(cx, mark);
    return status;
}

static int log_prior(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, double *value)
{
    (void)cx;
    const bram_observation *o = e->self;
    *value = -penalty(m->state.data, m->states * m->state.cols, precision(o));
    return BRAM_OK;
}

static int scatter(bram_ctx *cx, const bram_emission *e, bram_hmm *m, bram_rng *g)
{
    (void)cx, (void)e;
    for (size_t i = 0; i < m->states * m->state.cols; i++)
        m->state.data[i] += SPREAD * bram_rng_normal(g);
    return BRAM_OK;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* The mean of the class's number: with two classes the probability of class 1. */
static int mean(bram_ctx *cx, const bram_observation *o, const bram_hmm *m, const bram_hmm_data *d,
                size_t sequence, size_t first, bram_mat *out)
{
    size_t mark = bram_scratch_mark(cx), c = o->classes;
    bram_mat u;
    BRAM_TRY(fill_block(cx, &u, o, d, sequence, first, out->rows));
    double *p = bram_scratch(cx, out->rows, c * sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->states * o->units; i++) {
        fill_logits(p, o, bram_row(&m->state, i / o->units) + i % o->units * weights(o), &u);
        bram_vexp(p, out->rows * c);
        for (size_t t = 0; t < out->rows; t++) {
            double sum = 0, mean = 0;
            for (size_t j = 0; j < c; j++) {
                sum += p[t * c + j];
                mean += (double)j * p[t * c + j];
            }
            bram_row(out, t)[i] = mean / sum;
        }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int density(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                   const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out)
{
    size_t mark = bram_scratch_mark(cx), c = o->classes;
    bram_mat u;
    BRAM_TRY(fill_block(cx, &u, o, d, sequence, first, out->rows));
    double *eta = bram_scratch(cx, out->rows, c * sizeof *eta);
    double *part = eta ? bram_scratch(cx, out->rows, sizeof *part) : NULL;
    if (!part) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->states * o->units; i++) {
        fill_logits(eta, o, bram_row(&m->state, i / o->units) + i % o->units * weights(o), &u);
        BRAM_TRY(probabilities(cx, eta, part, o, d, sequence, first, i % o->units, out->rows));
        for (size_t t = 0; t < out->rows; t++) bram_row(out, t)[i] = part[t];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

const bram_emission_kind bram_emission_categorical = {
    .name = "categorical",
    .valid = valid,
    .values = "classes 0, 1, ...",
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .log_prior = log_prior,
    .scatter = scatter,
    .mean = mean,
    .density = density,
};
