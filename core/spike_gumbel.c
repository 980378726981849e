/*
 * spike_gumbel.c - the one-hot prior of the HMM-GLM by sampling, as published (Li et al. 2024,
 * arXiv 2310.15263; their code: onehot-hmmglm).
 *
 * Each weight of each state has logits of its three classes (inhibitory, none, excitatory) and a
 * raw strength: w = (a[2] - a[0]) softplus(raw), a = softmax of the logits. The logits have the
 * density of the Gumbel-softmax with temperature tau (Maddison et al. 2017) about class
 * probabilities pi that are common to the states, at a without noise:
 *
 *   log p(a) = log 2 + 2 log tau - 3 log sum_i pi_i a_i^-tau + sum_i log pi_i - (tau + 1) log a_i
 *
 * An M-step is one epoch: for each sequence `steps` steps of Adam (Kingma and Ba 2015: 0.9, 0.999,
 * 1e-8) on all logits, strengths, intercepts, weights of inputs and logits of pi, each with noise
 * of its own in the weights, a = softmax((logits + Gumbel) / tau). The posterior of the states is
 * that of the beginning of the epoch (theirs: of each sequence's turn). The prior enters a
 * sequence's steps in full, as in their code. Logits whose least log a is below -20 are halved.
 *
 * Their code hands the probabilities pi to a function that asks for logits: the classes' density is
 * then about softmax(pi), of which no entry is above 0.58. Here it is about pi.
 *
 * So the objective need not rise, and grows without bound as classes get certain: a fit has a
 * number of epochs. Theta holds the weights without noise; bram_hmm_glm_harden puts those of the
 * most probable classes in their place.
 *
 * Numbers of a state behind theta, weights in the order of theta: logits (3 blocks), raw strengths,
 * then Adam's two moments of these and of theta's other rows. In common: logits of pi (3 blocks),
 * their moments, the number of steps.
 */
#include "spike_emission_private.h"
#include "vexp.h"
#include "vlog.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static const double LEAST_LOG = -20, NEUTRAL[3] = {0.25, 0.5, 0.25}, SPARSE[3] = {0.1, 0.8, 0.1};

static size_t weights(const bram_hmm_glm *g)
{
    return g->history * g->y->cols;
}

/* Coefficients that are no weights of the history: intercepts and inputs. */
static size_t others(const bram_hmm_glm *g)
{
    return (g->design->cols - g->history) * g->y->cols;
}

size_t bram_gumbel_state_numbers(const bram_hmm_glm *g)
{
    return 4 * weights(g) + 2 * (4 * weights(g) + others(g));
}

size_t bram_gumbel_shared_numbers(const bram_hmm_glm *g)
{
    return 9 * weights(g) + 1;
}

static double *logits_of(const bram_hmm_glm *g, const bram_hmm *m, size_t state)
{
    return bram_row(&m->state, state) + g->design->cols * g->y->cols;
}

static double *count_of(const bram_hmm_glm *g, const bram_hmm *m)
{
    return m->shared.data + 9 * weights(g);
}

/* ---- one weight ----------------------------------------------------------------------------- */

static void log_softmax(double *out, const double *logits)
{
    double most = fmax(logits[0], fmax(logits[1], logits[2])), sum = 0;
    for (int c = 0; c < 3; c++) sum += exp(logits[c] - most);
    for (int c = 0; c < 3; c++) out[c] = logits[c] - most - log(sum);
}

double bram_gumbel_density(double *slope, double *prior_slope, const double *logits,
                           const double *log_pi, double tau)
{
    double a[3], z[3], most, sum = 0, value = log(2) + 2 * log(tau);
    log_softmax(a, logits);
    for (int c = 0; c < 3; c++) z[c] = log_pi[c] - tau * a[c];
    most = fmax(z[0], fmax(z[1], z[2]));
    for (int c = 0; c < 3; c++) sum += exp(z[c] - most);
    value -= 3 * (most + log(sum));
    for (int c = 0; c < 3; c++) {
        double q = exp(z[c] - most) / sum;
        value += log_pi[c] - (tau + 1) * a[c];
        if (slope) slope[c] = 3 * tau * q - (tau + 1) + 3 * exp(a[c]);
        if (prior_slope) prior_slope[c] = 1 - 3 * q;
    }
    return value;
}

static double softplus(double x)
{
    return log1p(exp(-fabs(x))) + fmax(x, 0);
}

double bram_gumbel_weight(const double *logits, double raw, bool hard)
{
    double a[3];
    if (hard) {
        int best = 0;
        for (int c = 1; c < 3; c++)
            if (logits[c] > logits[best]) best = c;
        return (best - 1) * softplus(raw);
    }
    log_softmax(a, logits);
    return (exp(a[2]) - exp(a[0])) * softplus(raw);
}

/* Logits and a raw strength whose weight is w: half none, as strong as log 2 or what it takes. */
static void begin_weight(double *logits, double *raw, double w)
{
    double strength = fmax(log(2), fabs(w) + 0.25), share = w / strength / 2;
    *raw = strength + log(-expm1(-strength));
    for (int c = 0; c < 3; c++) logits[c] = log(fmax(NEUTRAL[c] + (c - 1) * share, 0.02));
}

/* ---- beginning and end ---------------------------------------------------------------------- */

static void begin(const bram_hmm_glm *g, bram_hmm *m)
{
    size_t size = weights(g);
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < m->states; k++) {
            double *at = logits_of(g, m, k), logits[3];
            bram_mat theta = bram_hmm_glm_theta(g, m, k);
            begin_weight(logits, &at[3 * size + i], bram_row(&theta, 1)[i]);
            for (size_t c = 0; c < 3; c++) at[c * size + i] = logits[c];
        }
    for (size_t i = 0; i < 3 * size; i++)
        m->shared.data[i] = log(g->classes ? g->classes->data[i] : SPARSE[i / size]);
}

/* Theta's weights from logits and strengths. */
static void set_weights(const bram_hmm_glm *g, bram_hmm *m, bool hard)
{
    size_t size = weights(g);
    for (size_t k = 0; k < m->states; k++) {
        const double *at = logits_of(g, m, k);
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        for (size_t i = 0; i < size; i++) {
            double logits[3] = {at[i], at[size + i], at[2 * size + i]};
            bram_row(&theta, 1)[i] = bram_gumbel_weight(logits, at[3 * size + i], hard);
        }
    }
}

void bram_hmm_glm_harden(const bram_hmm_glm *g, bram_hmm *m)
{
    if (g->prior == BRAM_GLM_ONE_HOT && g->gumbel && *count_of(g, m) > 0) set_weights(g, m, true);
}

/* Log probabilities of the classes of weight i; before the first step what they begin with. */
static void prior_of(double *log_pi, const bram_hmm_glm *g, const bram_hmm *m, size_t i, bool begun)
{
    double logits[3];
    for (size_t c = 0; c < 3; c++) {
        size_t at = c * weights(g) + i;
        logits[c] = begun ? m->shared.data[at] : log(g->classes ? g->classes->data[at] : SPARSE[c]);
    }
    log_softmax(log_pi, logits);
}

double bram_gumbel_log_prior(const bram_hmm_glm *g, const bram_hmm *m)
{
    size_t size = weights(g);
    bool begun = *count_of(g, m) > 0;
    double sum = 0, raw;
    for (size_t k = 0; k < m->states; k++) {
        const double *at = logits_of(g, m, k);
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        for (size_t i = 0; i < size; i++) {
            double logits[3], log_pi[3];
            if (!begun) begin_weight(logits, &raw, bram_row(&theta, 1)[i]);
            for (size_t c = 0; c < 3 && begun; c++) logits[c] = at[c * size + i];
            prior_of(log_pi, g, m, i, begun);
            sum += bram_gumbel_density(NULL, NULL, logits, log_pi, g->gumbel->temperature);
        }
    }
    return sum;
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* One step: the slopes of every state, then Adam on all. */
struct epoch {
    const bram_hmm_glm *g;
    bram_hmm *m;
    bram_glm problem; /* of the sequence and the first state */
    double share;     /* of the sequence's rows in all: its part of the prior */
    double *slope;    /* of each state: logits, raw strengths, other coefficients */
    double *prior;    /* of each state: 3 x weights */
    double *sample;   /* of each state: theta, its slopes, and 6 x weights for noise and classes */
};

static size_t slopes(const bram_hmm_glm *g)
{
    return 4 * weights(g) + others(g);
}

static size_t samples(const bram_hmm_glm *g)
{
    return 2 * g->design->cols * g->y->cols + 3 * weights(g);
}

/* n draws of -log(-log u) */
static void gumbel(double *out, size_t n, bram_rng *r)
{
    for (size_t i = 0; i < n; i++) out[i] = fmax(bram_rng_uniform(r), 1e-300);
    bram_vlog(out, n);
    for (size_t i = 0; i < n; i++) out[i] = fmax(-out[i], 1e-300);
    bram_vlog(out, n);
    for (size_t i = 0; i < n; i++) out[i] = -out[i];
}

/* Noisy classes, 3 x weights. */
static void draw_classes(double *a, const bram_hmm_glm *g, const double *logits, bram_rng *r)
{
    size_t size = weights(g);
    double tau = g->gumbel->temperature;
    gumbel(a, 3 * size, r);
    for (size_t i = 0; i < 3 * size; i++) a[i] = (a[i] + logits[i]) / tau;
    for (size_t i = 0; i < size; i++) {
        double most = fmax(a[i], fmax(a[size + i], a[2 * size + i]));
        for (size_t c = 0; c < 3; c++) a[c * size + i] -= most;
    }
    bram_vexp(a, 3 * size);
    for (size_t i = 0; i < size; i++) {
        double sum = a[i] + a[size + i] + a[2 * size + i];
        for (size_t c = 0; c < 3; c++) a[c * size + i] /= sum;
    }
}

/* From the slopes of theta those of logits and strengths, the prior's added. */
static void chain_rule(const struct epoch *e, size_t state, const double *a, const bram_mat *theta)
{
    const bram_hmm_glm *g = e->g;
    size_t size = weights(g);
    const double *at = logits_of(g, e->m, state), *of_weight = bram_row(theta, 1);
    double *to = e->slope + state * slopes(g), *to_prior = e->prior + state * 3 * size;
    double tau = g->gumbel->temperature;
    for (size_t i = 0; i < size; i++) {
        double logits[3], log_pi[3], own[3], common[3], w = of_weight[i], raw = at[3 * size + i];
        double strength = softplus(raw), mean = (a[2 * size + i] - a[i]) * w * strength;
        for (size_t c = 0; c < 3; c++) logits[c] = at[c * size + i];
        prior_of(log_pi, g, e->m, i, true);
        bram_gumbel_density(own, common, logits, log_pi, tau);
        for (size_t c = 0; c < 3; c++) {
            size_t j = c * size + i;
            to[j] = a[j] * (((double)c - 1) * w * strength - mean) / tau + e->share * own[c];
            to_prior[j] = e->share * common[c];
        }
        to[3 * size + i] = (a[2 * size + i] - a[i]) * w / (1 + exp(-raw));
    }
}

static int state_slopes(bram_ctx *cx, size_t state, void *user)
{
    const struct epoch *e = user;
    const bram_hmm_glm *g = e->g;
    size_t width = g->design->cols, n = g->y->cols, size = weights(g);
    bram_mat theta = {e->sample + state * samples(g), width, n, n};
    bram_mat slope = {theta.data + width * n, width, n, n},
             own = bram_hmm_glm_theta(g, e->m, state);
    double *a = slope.data + width * n, *logits = logits_of(g, e->m, state);
    bram_rng r = bram_rng_at(g->gumbel->seed, "hmm-glm/gumbel",
                             (uint64_t)*count_of(g, e->m) * e->m->states + state);
    draw_classes(a, g, logits, &r);
    memcpy(theta.data, own.data, width * n * sizeof *a);
    for (size_t i = 0; i < size; i++)
        bram_row(&theta, 1)[i] = (a[2 * size + i] - a[i]) * softplus(logits[3 * size + i]);
    bram_glm p = e->problem;
    p.weight += state;
    BRAM_TRY(bram_glm_evaluate(cx, &p, &theta, NULL, &slope, NULL, BRAM_EXPECTED));
    chain_rule(e, state, a, &slope);
    double *to = e->slope + state * slopes(g) + 4 * size;
    memcpy(to, slope.data, n * sizeof *to);
    if (others(g) > n)
        memcpy(to + n, bram_row(&slope, 1 + g->history), (others(g) - n) * sizeof *to);
    return BRAM_OK;
}

/* Adam upwards: n values, the first moments at `moment`, the second `apart` numbers behind. */
static void adam(double *x, const double *slope, double *moment, size_t apart, size_t n,
                 double rate, double count)
{
    double first = 1 - pow(0.9, count), second = 1 - pow(0.999, count);
    for (size_t i = 0; i < n; i++) {
        double *m = moment + i, *v = m + apart;
        *m = 0.9 * *m + 0.1 * slope[i];
        *v = 0.999 * *v + 0.001 * slope[i] * slope[i];
        x[i] += rate * (*m / first) / (sqrt(*v / second) + 1e-8);
    }
}

/* Halves the logits of classes that are too certain. */
static void bound_logits(double *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        double logits[3] = {at[i], at[size + i], at[2 * size + i]}, a[3];
        log_softmax(a, logits);
        if (fmin(a[0], fmin(a[1], a[2])) >= LEAST_LOG) continue;
        for (size_t c = 0; c < 3; c++) at[c * size + i] /= 2;
    }
}

static void step_all(struct epoch *e)
{
    const bram_hmm_glm *g = e->g;
    size_t size = weights(g), n = g->y->cols, each = slopes(g), states = e->m->states;
    double rate = g->gumbel->rate, count = ++*count_of(g, e->m), *intercept = e->slope + 4 * size;
    for (size_t i = 0; i < n && g->shared_bias; i++) {
        for (size_t k = 1; k < states; k++) intercept[i] += intercept[k * each + i];
        for (size_t k = 1; k < states; k++) intercept[k * each + i] = intercept[i];
    }
    for (size_t k = 0; k < states; k++) {
        double *at = logits_of(g, e->m, k), *moment = at + 4 * size, *slope = e->slope + k * each;
        bram_mat theta = bram_hmm_glm_theta(g, e->m, k);
        adam(at, slope, moment, each, 4 * size, rate, count);
        slope += 4 * size, moment += 4 * size;
        adam(theta.data, slope, moment, each, n, rate, count);
        if (others(g) > n)
            adam(bram_row(&theta, 1 + g->history), slope + n, moment + n, each, others(g) - n, rate,
                 count);
        bound_logits(at, size);
        for (size_t i = 0; i < 3 * size && k; i++) e->prior[i] += e->prior[k * 3 * size + i];
    }
    if (g->classes) return;
    adam(e->m->shared.data, e->prior, e->m->shared.data + 3 * size, 3 * size, 3 * size, rate,
         count);
    bound_logits(e->m->shared.data, size);
}

int bram_gumbel_epoch(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_glm *p,
                      size_t sequences)
{
    size_t states = m->states;
    struct epoch e = {.g = g, .m = m};
    e.slope = bram_scratch(cx, states, (slopes(g) + 3 * weights(g) + samples(g)) * sizeof(double));
    if (!e.slope) return BRAM_ENOMEM;
    e.prior = e.slope + states * slopes(g);
    e.sample = e.prior + states * 3 * weights(g);
    if (*count_of(g, m) == 0) begin(g, m);
    for (size_t q = 0; q < sequences; q++) {
        size_t from = g->begin[q], rows = g->begin[q + 1] - from;
        bram_mat design = bram_mat_rows(*g->design, from, rows);
        e.problem = *p;
        e.share = (double)rows / (double)g->y->rows;
        e.problem.design = &design;
        e.problem.y = bram_mat_rows(p->y, from, rows);
        e.problem.weight += from * p->weight_stride;
        if (p->present) e.problem.present += from * p->present_stride;
        for (size_t s = 0; s < g->gumbel->steps && rows; s++) {
            BRAM_TRY(bram_ctx_check_cancel(cx));
            BRAM_TRY(bram_parallel_for(cx, states, state_slopes, &e));
            step_all(&e);
        }
    }
    set_weights(g, m, false);
    return BRAM_OK;
}
