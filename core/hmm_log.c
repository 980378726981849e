/*
 * hmm_log.c - the recursions in log space, for the sequences that scaling cannot do; see hmm.h.
 *
 * Rows of the forward pass are made to sum to 1 bin by bin (in logarithms), so that a posterior
 * does not hang on the difference of two large numbers. Cost: K^2 exponentials a bin.
 */
#include "hmm_private.h"

#include <math.h>
#include <string.h>

#define IMPOSSIBLE (-(double)INFINITY)

int bram_hmm_check(bram_ctx *cx, const bram_mat *l, const bram_chain *chain)
{
    size_t k = chain->states;
    if (l->rows == 0 || l->cols != k || k == 0 || (chain->steps && chain->steps != l->rows - 1))
        return bram_fail(cx, BRAM_ESHAPE,
                         "log-likelihoods are %zu x %zu for a chain of %zu states and %zu steps",
                         l->rows, l->cols, k, chain->steps);
    for (size_t t = 0; t < l->rows; t++)
        for (size_t j = 0; j < k; j++)
            if (!(bram_row(l, t)[j] < (double)INFINITY))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "bin %zu: the log-likelihood of state %zu is %g, expected a "
                                 "number or -inf",
                                 t, j, bram_row(l, t)[j]);
    return BRAM_OK;
}

/* log sum exp of n values */
static double log_sum(const double *x, size_t n)
{
    double max = x[0], sum = 0;
    for (size_t i = 1; i < n; i++) max = x[i] > max ? x[i] : max;
    if (max == IMPOSSIBLE) return max;
    for (size_t i = 0; i < n; i++) sum += exp(x[i] - max);
    return max + log(sum);
}

struct logs {
    const bram_chain *chain;
    size_t k;
    double *p;     /* K x K: log of the matrix of the step at hand */
    double *term;  /* K */
    double *scale; /* rows: log c[t] */
};

static void set_step(const struct logs *s, size_t t)
{
    const double *step = bram_chain_step(s->chain, t);
    if (t > 0 && !s->chain->steps) return; /* there already */
    for (size_t i = 0; i < s->k * s->k; i++) s->p[i] = log(step[i]);
}

static int prepare(bram_ctx *cx, struct logs *s, size_t rows, const bram_chain *chain)
{
    size_t k = chain->states;
    *s = (struct logs){.chain = chain, .k = k};
    s->p = bram_scratch(cx, k * k + k + rows, sizeof *s->p);
    if (!s->p) return BRAM_ENOMEM;
    s->term = s->p + k * k;
    s->scale = s->term + k;
    return BRAM_OK;
}

/* predicted = log of one step on from a; p is set */
static void advance(const struct logs *s, double *predicted, const double *a)
{
    for (size_t j = 0; j < s->k; j++) {
        for (size_t i = 0; i < s->k; i++) s->term[i] = a[i] + s->p[i * s->k + j];
        predicted[j] = log_sum(s->term, s->k);
    }
}

/* a = log p(z_t | y_0 .. y_t) from the prediction, in place. */
static int update(bram_ctx *cx, const struct logs *s, double *a, const double *l, size_t t)
{
    for (size_t j = 0; j < s->k; j++) a[j] += l[j];
    s->scale[t] = log_sum(a, s->k);
    if (s->scale[t] == IMPOSSIBLE)
        return bram_fail(cx, BRAM_ENUMERIC,
                         "bin %zu is impossible: no state that can be reached there has a "
                         "likelihood above 0",
                         t);
    for (size_t j = 0; j < s->k; j++) a[j] -= s->scale[t];
    return BRAM_OK;
}

/* la: rows x K, filled with log p(z_t | y_0 .. y_t) */
static int forward(bram_ctx *cx, const struct logs *s, bram_mat *la, const bram_mat *l)
{
    for (size_t t = 0; t < l->rows; t++) {
        double *a = bram_row(la, t);
        if (t == 0) {
            for (size_t j = 0; j < s->k; j++) a[j] = log(s->chain->initial[j]);
        } else {
            set_step(s, t - 1);
            advance(s, a, bram_row(la, t - 1));
        }
        BRAM_TRY(update(cx, s, a, bram_row(l, t), t));
        if (t % 4096 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

/* From lb of bin t to that of bin t - 1, by way of u = l[t] + lb[t]; adds the pairs. */
static void step_back(const struct logs *s, double *lb, double *pair, const double *a,
                      const double *u, double scale)
{
    for (size_t i = 0; i < s->k; i++) {
        for (size_t j = 0; j < s->k; j++) {
            s->term[j] = s->p[i * s->k + j] + u[j] - scale;
            pair[i * s->k + j] += exp(a[i] + s->term[j]);
        }
        lb[i] = a[i] == IMPOSSIBLE ? IMPOSSIBLE : log_sum(s->term, s->k);
    }
}

int bram_hmm_smooth_log(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                        double *evidence)
{
    struct logs s;
    bram_mat la = {NULL, l->rows, l->cols, l->cols};
    size_t k = l->cols;
    BRAM_TRY(prepare(cx, &s, l->rows, chain));
    la.data = bram_scratch(cx, l->rows, k * sizeof *la.data);
    double *lb = la.data ? bram_scratch(cx, 2 * k + k * k, sizeof *lb) : NULL;
    if (!lb) return BRAM_ENOMEM;
    double *u = lb + k, *sums = u + k, total = 0;
    BRAM_TRY(forward(cx, &s, &la, l));
    for (size_t t = l->rows; t-- > 0;) {
        double *row = bram_row(l, t), sum = 0;
        const double *a = bram_row(&la, t);
        total += s.scale[t];
        for (size_t j = 0; j < k; j++) {
            u[j] = row[j] + lb[j];
            sum += row[j] = a[j] == IMPOSSIBLE ? 0 : exp(a[j] + lb[j]);
        }
        for (size_t j = 0; j < k; j++) row[j] /= sum;
        if (t == 0) break;
        set_step(&s, t - 1);
        step_back(&s, lb, sums, bram_row(&la, t - 1), u, s.scale[t]);
    }
    for (size_t i = 0; i < k * k && pair; i++) pair[i] += sums[i];
    if (evidence) *evidence = total;
    return BRAM_OK;
}

int bram_hmm_filter_log(bram_ctx *cx, bram_mat *predicted, double *next, double *bin,
                        double *evidence, const bram_mat *l, const bram_chain *chain)
{
    struct logs s;
    size_t k = l->cols;
    double total = 0;
    BRAM_TRY(prepare(cx, &s, l->rows, chain));
    double *a = bram_scratch(cx, 2 * k, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    double *past = a + k;
    for (size_t t = 0; t < l->rows; t++) {
        memcpy(past, a, k * sizeof *past);
        if (t > 0) set_step(&s, t - 1), advance(&s, a, past);
        else
            for (size_t j = 0; j < k; j++) a[j] = log(chain->initial[j]);
        for (size_t j = 0; j < k && predicted; j++) bram_row(predicted, t)[j] = exp(a[j]);
        BRAM_TRY(update(cx, &s, a, bram_row(l, t), t));
        total += s.scale[t];
        if (bin) bin[t] = s.scale[t];
        if (t % 4096 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    if (next && !chain->steps) {
        set_step(&s, 0);
        advance(&s, past, a);
        for (size_t j = 0; j < k; j++) next[j] = exp(past[j]);
    }
    if (evidence) *evidence = total;
    return BRAM_OK;
}
