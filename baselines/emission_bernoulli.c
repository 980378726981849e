/*
 * emission_bernoulli.c - 0 or 1, independent given the state: p(y_u = 1) = p[k][u].
 *
 * Numbers of a state: N probabilities; in logarithms they are kept 1e-12 away from 0 and 1. M-step:
 * weighted means. A unit without a present row in a state keeps its probability.
 */
#include "emission.h"
#include "linalg.h"

#include <math.h>

#define LEAST 1e-12

static bool valid(const bram_observation *o, double value)
{
    (void)o;
    return value == 0 || value == 1;
}

static size_t per_state(const bram_observation *o)
{
    return o->units;
}

static double inside(double p)
{
    return p < LEAST ? LEAST : p > 1 - LEAST ? 1 - LEAST : p;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    size_t k = m->states, n = o->units;
    bram_mat y, there, logit, none;
    double *total = bram_scratch(cx, k, sizeof *total);
    if (!total) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &logit, k, n));
    BRAM_TRY(bram_mat_scratch(cx, &none, k, n)); /* log p(y = 0) */
    BRAM_TRY(bram_emission_block(cx, &y, &there, d, sequence, first, l->rows));
    for (size_t i = 0; i < k * n; i++) {
        double p = inside(m->state.data[i]);
        none.data[i] = log1p(-p);
        logit.data[i] = log(p) - none.data[i];
        total[i / n] += none.data[i];
    }
    BRAM_TRY(bram_gemm(cx, l, 1, &y, BRAM_AS_IS, &logit, BRAM_TRANSPOSED, 0));
    if (there.data) return bram_gemm(cx, l, 1, &there, BRAM_AS_IS, &none, BRAM_TRANSPOSED, 1);
    for (size_t t = 0; t < l->rows; t++)
        for (size_t j = 0; j < k; j++) bram_row(l, t)[j] += total[j];
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    return bram_emission_weighted_means(cx, m, o->units, d, posterior, 0);
}

static int density(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                   const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out)
{
    (void)cx;
    size_t n = o->units;
    for (size_t t = 0; t < out->rows; t++)
        for (size_t i = 0; i < m->states * n; i++) {
            const double *state = bram_row(&m->state, i / n) + i % n;
            double y = bram_row(&d->y[sequence], first + t)[i % n];
            double p = inside(state[0]);
            bram_row(out, t)[i] = y > 0 ? log(p) : log1p(-p);
        }
    return BRAM_OK;
}

const bram_emission_kind bram_emission_bernoulli = {
    .name = "bernoulli",
    .clusters = true,
    .valid = valid,
    .values = "0 or 1",
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .mean = bram_emission_mean,
    .density = density,
};
