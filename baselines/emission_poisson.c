/*
 * emission_poisson.c - counts, independent given the state: y_u ~ Poisson(rate[k][u]).
 *
 * Numbers of a state: N rates. A rate below 1e-12 counts as 1e-12 in logarithms, so that a spike of
 * a neuron that was silent in training costs 28 nats and not everything. M-step: weighted means. A
 * unit without a present row in a state keeps its rate.
 */
#include "emission.h"

#include "linalg.h"

#include <math.h>

enum { TABLE = 256 };

#define LEAST_RATE 1e-12

static bool valid(const bram_observation *o, double value)
{
    (void)o;
    return value >= 0 && value == floor(value);
}

static size_t per_state(const bram_observation *o)
{
    return o->units;
}

/* log y! of small counts by table */
static double log_factorial(const double *table, double y)
{
    return y < TABLE ? table[(int)y] : lgamma(y + 1);
}

/* Sum of log y! of a row, in four lanes. */
static double log_factorials(const double *table, const double *y, size_t n)
{
    double sum[4] = {0};
    size_t u = 0;
    for (; u + 4 <= n; u += 4)
        for (size_t k = 0; k < 4; k++) sum[k] += log_factorial(table, y[u + k]);
    for (; u < n; u++) sum[0] += log_factorial(table, y[u]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    size_t k = m->states, n = o->units;
    bram_mat y, there, logs;
    double *total = bram_scratch(cx, k + TABLE, sizeof *total);
    if (!total) return BRAM_ENOMEM;
    double *table = total + k;
    BRAM_TRY(bram_mat_scratch(cx, &logs, k, n));
    BRAM_TRY(bram_emission_block(cx, &y, &there, d, sequence, first, l->rows));
    for (size_t i = 2; i < TABLE; i++) table[i] = table[i - 1] + log((double)i);
    for (size_t j = 0; j < k; j++)
        for (size_t u = 0; u < n; u++) {
            double rate = bram_row(&m->state, j)[u];
            bram_row(&logs, j)[u] = log(rate > LEAST_RATE ? rate : LEAST_RATE);
            total[j] += rate;
        }
    BRAM_TRY(bram_gemm(cx, l, 1, &y, BRAM_AS_IS, &logs, BRAM_TRANSPOSED, 0));
    if (there.data)
        BRAM_TRY(bram_gemm(cx, l, -1, &there, BRAM_AS_IS, &m->state, BRAM_TRANSPOSED, 1));
    for (size_t t = 0; t < l->rows; t++) {
        double constant = log_factorials(table, bram_row(&y, t), n);
        for (size_t j = 0; j < k; j++) bram_row(l, t)[j] -= constant + (there.data ? 0 : total[j]);
    }
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    return bram_emission_weighted_means(cx, m, o->units, d, posterior, 1e-16 * o->jitter);
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
            double rate = state[0] > LEAST_RATE ? state[0] : LEAST_RATE;
            bram_row(out, t)[i] = y * log(rate) - state[0] - lgamma(y + 1);
        }
    return BRAM_OK;
}

const bram_emission_kind bram_emission_poisson = {
    .name = "poisson",
    .clusters = true,
    .valid = valid,
    .values = "counts",
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .mean = bram_emission_mean,
    .density = density,
};
