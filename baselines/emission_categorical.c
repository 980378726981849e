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
#include "vexp.h"
#include "vlog.h"
#include "wide.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 25, MOST_HALVINGS = 30, LANES = 8 };

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

/* Rows of a block, one covariate (one class) after the other; a multiple of eight rows, of which
 * the last ones may be none. */
struct block {
    size_t rows, stride;
    double *u;        /* terms x stride */
    double *p;        /* classes x stride: logits, then probabilities */
    double *class;    /* of a unit: the class seen, -1 where it is missing */
    double *seen;     /* log p of the class seen; 0 where it is missing */
    double *g;        /* weights */
    double *sum, *to; /* of exponentials, and scratch */
};

static int new_block(bram_ctx *cx, struct block *b, const bram_observation *o,
                     const bram_hmm_data *d, size_t sequence, size_t first, size_t rows)
{
    size_t q = terms(o), stride = (rows + LANES - 1) / LANES * LANES;
    *b = (struct block){rows, stride, bram_scratch(cx, q + o->classes + 5, stride * 8)};
    if (!b->u) return BRAM_ENOMEM;
    b->p = b->u + q * stride;
    b->class = b->p + o->classes * stride;
    b->seen = b->class + stride;
    b->g = b->seen + stride;
    b->sum = b->g + stride;
    b->to = b->sum + stride;
    for (size_t t = 0; t < rows; t++) {
        double *to = b->u + t;
        if (o->intercept) *to = 1, to += stride;
        for (size_t j = 0; j < o->covariates; j++, to += stride)
            *to = bram_row(&d->x[sequence], first + t)[j];
    }
    return BRAM_OK;
}

/* Logits of the classes less the largest of the row. */
static BRAM_WIDE void fill_logits(struct block *b, const bram_observation *o, const double *w)
{
    size_t c = o->classes, q = terms(o), n = b->stride;
    for (size_t t = 0; t < n; t += LANES) {
        bram_wide max = {0}, u;
        for (size_t a = 0; a + 1 < c; a++) {
            bram_wide sum = {0};
            for (size_t j = 0; j < q; j++) {
                BRAM_WIDE_LOAD(u, b->u + j * n + t);
                sum += w[a * q + j] * u;
            }
            BRAM_WIDE_STORE(b->p + a * n + t, sum);
            bram_wide_bits above = sum > max;
            max = (bram_wide)((above & (bram_wide_bits)sum) | (~above & (bram_wide_bits)max));
        }
        for (size_t a = 0; a + 1 < c; a++) {
            BRAM_WIDE_LOAD(u, b->p + a * n + t);
            u -= max;
            BRAM_WIDE_STORE(b->p + a * n + t, u);
        }
        max = -max;
        BRAM_WIDE_STORE(b->p + (c - 1) * n + t, max);
    }
}

/* Exponentials to probabilities. */
static BRAM_WIDE void normalise(struct block *b, size_t classes)
{
    for (size_t t = 0; t < b->stride; t += LANES) {
        bram_wide sum = {0}, e;
        for (size_t a = 0; a < classes; a++) {
            BRAM_WIDE_LOAD(e, b->p + a * b->stride + t);
            sum += e;
        }
        BRAM_WIDE_STORE(b->sum + t, sum);
        sum = 1 / sum;
        for (size_t a = 0; a < classes; a++) {
            BRAM_WIDE_LOAD(e, b->p + a * b->stride + t);
            e *= sum;
            BRAM_WIDE_STORE(b->p + a * b->stride + t, e);
        }
    }
}

static void take_classes(struct block *b, const bram_hmm_data *d, size_t sequence, size_t first,
                         size_t unit)
{
    for (size_t t = 0; t < b->rows; t++) {
        const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
        b->class[t] = !mask || mask[unit] ? bram_row(&d->y[sequence], first + t)[unit] : -1;
    }
    for (size_t t = b->rows; t < b->stride; t++) b->class[t] = -1;
}

/* Probabilities in place of the logits, and log p of what is seen of the unit. */
static void fill_probabilities(struct block *b, const bram_observation *o)
{
    size_t n = b->stride;
    for (size_t t = 0; t < n; t++)
        b->seen[t] = b->class[t] < 0 ? 0 : b->p[(size_t)b->class[t] * n + t];
    bram_vexp(b->p, o->classes * n);
    normalise(b, o->classes);
    bram_vlog(b->sum, n);
    for (size_t t = 0; t < n; t++) b->seen[t] = b->class[t] < 0 ? 0 : b->seen[t] - b->sum[t];
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, d, sequence, first, l->rows));
    for (size_t k = 0; k < l->cols; k++)
        for (size_t unit = 0; unit < o->units; unit++) {
            take_classes(&b, d, sequence, first, unit);
            fill_logits(&b, o, bram_row(&m->state, k) + unit * weights(o));
            fill_probabilities(&b, o);
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

static BRAM_WIDE double dot(const double *x, const double *y, size_t n)
{
    bram_wide sum = {0}, a, b;
    for (size_t t = 0; t < n; t += LANES) {
        BRAM_WIDE_LOAD(a, x + t);
        BRAM_WIDE_LOAD(b, y + t);
        sum += a * b;
    }
    return ((sum[0] + sum[1]) + (sum[2] + sum[3])) + ((sum[4] + sum[5]) + (sum[6] + sum[7]));
}

/* sum[j] += sum over t of x y_j z, for `count` columns y_j of n values each. */
static BRAM_WIDE void dots(double *sum, const double *x, const double *y, const double *z,
                           size_t count, size_t n)
{
    size_t j = 0;
    for (; j + 2 <= count; j += 2) { /* two at a time: their additions overlap */
        bram_wide one = {0}, two = {0}, a, b, c;
        for (size_t t = 0; t < n; t += LANES) {
            BRAM_WIDE_LOAD(a, x + t);
            BRAM_WIDE_LOAD(b, z + t);
            a *= b;
            BRAM_WIDE_LOAD(b, y + j * n + t);
            BRAM_WIDE_LOAD(c, y + (j + 1) * n + t);
            one += a * b;
            two += a * c;
        }
        sum[j] += ((one[0] + one[1]) + (one[2] + one[3])) + ((one[4] + one[5]) + (one[6] + one[7]));
        sum[j + 1] += ((two[0] + two[1]) + (two[2] + two[3])) +
                      ((two[4] + two[5]) + (two[6] + two[7]));
    }
    if (j == count) return;
    bram_wide one = {0}, a, b, c;
    for (size_t t = 0; t < n; t += LANES) {
        BRAM_WIDE_LOAD(a, x + t);
        BRAM_WIDE_LOAD(b, z + t);
        BRAM_WIDE_LOAD(c, y + j * n + t);
        one += a * b * c;
    }
    sum[j] += ((one[0] + one[1]) + (one[2] + one[3])) + ((one[4] + one[5]) + (one[6] + one[7]));
}

/* g (1 or 0 - p) of class a, and g p_a (1 or 0 - p_c) of classes a and c. */
static BRAM_WIDE void residuals(double *restrict to, const struct block *b, size_t a)
{
    const double *restrict g = b->g, *restrict p = b->p + a * b->stride, *restrict y = b->class;
    for (size_t t = 0; t < b->stride; t++) to[t] = g[t] * ((y[t] == (double)a ? 1 : 0) - p[t]);
}

static BRAM_WIDE void spreads(double *restrict to, const struct block *b, size_t a, size_t c)
{
    const double *restrict g = b->g, *p = b->p + a * b->stride, *other = b->p + c * b->stride;
    double same = a == c;
    for (size_t t = 0; t < b->stride; t++) to[t] = g[t] * p[t] * (same - other[t]);
}

/* Weights of the rows of a block, 0 where the unit is missing; adds the objective. */
static void take_weights(struct block *b, double *objective, const bram_mat *posterior,
                         size_t first, size_t state)
{
    const double *g = bram_row(posterior, first) + state;
    for (size_t t = 0; t < b->rows; t++) b->g[t] = b->class[t] < 0 ? 0 : g[t * posterior->stride];
    for (size_t t = b->rows; t < b->stride; t++) b->g[t] = 0;
    *objective += dot(b->g, b->seen, b->stride);
}

/* Adds the gradient and the information of class a, with itself and those before it. */
static void add_classes(double *gradient, double *information, struct block *b,
                        const bram_observation *o, size_t a)
{
    size_t q = terms(o), n = b->stride;
    residuals(b->to, b, a);
    for (size_t i = 0; i < q; i++) gradient[a * q + i] += dot(b->to, b->u + i * n, n);
    for (size_t c = 0; c <= a; c++) {
        spreads(b->to, b, a, c);
        for (size_t i = 0; i < q; i++) {
            size_t row = a * q + i;
            dots(information + row * (row + 1) / 2 + c * q, b->to, b->u, b->u + i * n,
                 a == c ? i + 1 : q, n);
        }
    }
}

static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    const struct newton *s = user;
    const bram_observation *o = s->o;
    bool taken = false;
    struct block b;
    BRAM_TRY(new_block(cx, &b, o, s->d, sequence, first, count));
    for (size_t i = 0; i < s->states * o->units; i++) {
        size_t unit = i % o->units, state = i / o->units;
        double *to = sum + i * sums(s->p);
        if (s->done[i]) continue;
        if (o->units > 1 || !taken) take_classes(&b, s->d, sequence, first, unit);
        taken = true;
        fill_logits(&b, o, s->trial + i * s->p);
        fill_probabilities(&b, o);
        take_weights(&b, to, &s->posterior[sequence], first, state);
        for (size_t a = 0; a + 1 < o->classes; a++) add_classes(to + 1, to + 1 + s->p, &b, o, a);
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
        take_classes(&b, d, sequence, first, i % o->units);
        fill_probabilities(&b, o);
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
