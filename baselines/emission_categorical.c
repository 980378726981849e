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
 * promises is below 1e-8 of the objective (its error is then that of the next step, some 1e-16),
 * at most 25 steps.
 */
#include "emission.h"
#include "linalg.h"
#include "pair.h"
#include "vexp.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 25, MOST_HALVINGS = 30 };

#define ENOUGH 1e-8
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

/* Rows of a block, one covariate (one class) after the other; an even number of rows, of which the
 * last may be none. */
struct block {
    size_t rows, stride;
    double *u;     /* terms x stride */
    double *p;     /* classes x stride: logits, then probabilities */
    double *seen;  /* log p of the class seen; 0 where it is missing */
    double *g, *h; /* weights; scratch */
};

static int new_block(bram_ctx *cx, struct block *b, const bram_observation *o,
                     const bram_hmm_data *d, size_t sequence, size_t first, size_t rows)
{
    size_t q = terms(o), stride = rows + rows % 2;
    *b = (struct block){rows, stride, bram_scratch(cx, q + o->classes + 4, stride * 8)};
    if (!b->u) return BRAM_ENOMEM;
    b->p = b->u + q * stride;
    b->seen = b->p + o->classes * stride;
    b->g = b->seen + stride;
    b->h = b->g + stride; /* two of them */
    for (size_t t = 0; t < rows; t++) {
        double *to = b->u + t;
        if (o->intercept) *to = 1, to += stride;
        for (size_t j = 0; j < o->covariates; j++, to += stride)
            *to = bram_row(&d->x[sequence], first + t)[j];
    }
    return BRAM_OK;
}

static bram_pair larger(bram_pair a, bram_pair b)
{
    __typeof__(a > b) where = a > b;
    return (bram_pair)((where & (__typeof__(where))a) | (~where & (__typeof__(where))b));
}

/* Logits of the classes less the largest of the row. */
static void fill_logits(struct block *b, const bram_observation *o, const double *w)
{
    size_t c = o->classes, q = terms(o), n = b->stride;
    for (size_t t = 0; t < n; t += 2) {
        bram_pair max = {0, 0};
        for (size_t a = 0; a + 1 < c; a++) {
            bram_pair sum = {0, 0};
            for (size_t j = 0; j < q; j++)
                sum += bram_pair_of(w[a * q + j]) * bram_pair_load(b->u + j * n + t);
            bram_pair_store(b->p + a * n + t, sum);
            max = larger(sum, max);
        }
        bram_pair_store(b->p + (c - 1) * n + t, -max);
        for (size_t a = 0; a + 1 < c; a++)
            bram_pair_store(b->p + a * n + t, bram_pair_load(b->p + a * n + t) - max);
    }
}

/* Probabilities in place of the logits, and log p of what is seen of a unit. */
static void fill_probabilities(struct block *b, const bram_observation *o, const bram_hmm_data *d,
                               size_t sequence, size_t first, size_t unit)
{
    size_t c = o->classes, n = b->stride;
    for (size_t t = 0; t < b->rows; t++) {
        const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
        b->seen[t] = NAN;
        if (!mask || mask[unit])
            b->seen[t] = b->p[(size_t)bram_row(&d->y[sequence], first + t)[unit] * n + t];
    }
    bram_vexp(b->p, c * n);
    for (size_t t = 0; t < n; t += 2) {
        bram_pair sum = {0, 0};
        for (size_t a = 0; a < c; a++) sum += bram_pair_load(b->p + a * n + t);
        bram_pair_store(b->h + t, sum);
        sum = bram_pair_of(1) / sum;
        for (size_t a = 0; a < c; a++)
            bram_pair_store(b->p + a * n + t, bram_pair_load(b->p + a * n + t) * sum);
    }
    for (size_t t = 0; t < b->rows; t++) /* NaN: missing */
        b->seen[t] = b->seen[t] <= 0 ? b->seen[t] - log(b->h[t]) : 0;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, d, sequence, first, l->rows));
    for (size_t k = 0; k < l->cols; k++)
        for (size_t unit = 0; unit < o->units; unit++) {
            fill_logits(&b, o, bram_row(&m->state, k) + unit * weights(o));
            fill_probabilities(&b, o, d, sequence, first, unit);
            for (size_t t = 0; t < l->rows; t++)
                bram_row(l, t)[k] = b.seen[t] + (unit ? bram_row(l, t)[k] : 0);
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

static double dot(const double *x, const double *y, size_t n)
{
    bram_pair a = {0, 0}, b = {0, 0};
    size_t t = 0;
    for (; t + 4 <= n; t += 4) {
        a += bram_pair_load(x + t) * bram_pair_load(y + t);
        b += bram_pair_load(x + t + 2) * bram_pair_load(y + t + 2);
    }
    for (; t < n; t += 2) a += bram_pair_load(x + t) * bram_pair_load(y + t);
    a += b;
    return a[0] + a[1];
}

static void product(double *out, const double *x, const double *y, size_t n)
{
    for (size_t t = 0; t < n; t += 2)
        bram_pair_store(out + t, bram_pair_load(x + t) * bram_pair_load(y + t));
}

/* Weights of the rows of a block, 0 where the unit is missing; adds the objective. */
static void take_weights(struct block *b, double *objective, const struct newton *s,
                         size_t sequence, size_t first, size_t state, size_t unit)
{
    for (size_t t = 0; t < b->rows; t++) {
        const uint8_t *mask = bram_hmm_present(s->d, sequence, first + t);
        double g = bram_row(&s->posterior[sequence], first + t)[state];
        b->g[t] = mask && !mask[unit] ? 0 : g;
        *objective += b->g[t] * b->seen[t];
    }
}

/* Adds the gradient and the information of classes a and b <= a. */
static void add_classes(double *gradient, double *information, struct block *b,
                        const bram_observation *o, const bram_mat *y, size_t unit, size_t a)
{
    size_t q = terms(o), n = b->stride;
    const double *p = b->p + a * n;
    double *w = b->h + n;
    for (size_t t = 0; t < b->rows; t++)
        b->h[t] = b->g[t] * ((bram_row(y, t)[unit] == (double)a) - p[t]);
    for (size_t i = 0; i < q; i++) gradient[a * q + i] += dot(b->h, b->u + i * n, n);
    for (size_t c = 0; c <= a; c++) {
        for (size_t t = 0; t < b->rows; t++)
            b->h[t] = b->g[t] * p[t] * ((double)(a == c) - b->p[c * n + t]);
        for (size_t i = 0; i < q; i++) {
            size_t row = a * q + i;
            product(w, b->h, b->u + i * n, n);
            for (size_t j = 0; j < (a == c ? i + 1 : q); j++)
                information[row * (row + 1) / 2 + c * q + j] += dot(w, b->u + j * n, n);
        }
    }
}

static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    const struct newton *s = user;
    const bram_observation *o = s->o;
    const bram_mat y = bram_mat_rows(s->d->y[sequence], first, count);
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, s->d, sequence, first, count));
    for (size_t i = 0; i < s->states * o->units; i++) {
        double *to = sum + i * sums(s->p);
        if (s->done[i]) continue;
        fill_logits(&b, o, s->trial + i * s->p);
        fill_probabilities(&b, o, s->d, sequence, first, i % o->units);
        take_weights(&b, to, s, sequence, first, i / o->units, i % o->units);
        for (size_t t = b.rows; t < b.stride; t++) b.h[t] = 0;
        for (size_t a = 0; a + 1 < o->classes; a++)
            add_classes(to + 1, to + 1 + s->p, &b, o, &y, i % o->units, a);
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
    size_t mark = bram_scratch_mark(cx);
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, d, sequence, first, out->rows));
    for (size_t i = 0; i < m->states * o->units; i++) {
        fill_logits(&b, o, bram_row(&m->state, i / o->units) + i % o->units * weights(o));
        bram_vexp(b.p, o->classes * b.stride);
        for (size_t t = 0; t < out->rows; t++) {
            double sum = 0, mean = 0;
            for (size_t a = 0; a < o->classes; a++) {
                sum += b.p[a * b.stride + t];
                mean += (double)a * b.p[a * b.stride + t];
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
    size_t mark = bram_scratch_mark(cx);
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, d, sequence, first, out->rows));
    for (size_t i = 0; i < m->states * o->units; i++) {
        fill_logits(&b, o, bram_row(&m->state, i / o->units) + i % o->units * weights(o));
        fill_probabilities(&b, o, d, sequence, first, i % o->units);
        for (size_t t = 0; t < out->rows; t++) bram_row(out, t)[i] = b.seen[t];
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
