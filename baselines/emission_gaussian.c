/*
 * emission_gaussian.c - real values, independent given the state: y_u ~ N(mean[k][u], var[k][u]).
 *
 * Numbers of a state: N means, N variances. Prior: every state has seen `prior` rows more, whose
 * squared deviations are the variance v[u] of the unit over the training rows,
 *   var = (S + prior v) / (w + prior),  log prior = -prior / 2 sum (log var + v / var),
 * so a state with few rows keeps a variance above 0. prior 0 is maximum likelihood; w = 0 leaves
 * the numbers as they were. Deviations are taken from the mean before the step, so that no digits
 * are lost to an offset.
 */
#include "emission.h"
#include "linalg.h"
#include "pair.h"

#include <math.h>

enum { STRIP = 64 }; /* rows that stay in the first cache while all states look at them */

#define LOG_TWO_PI 1.8378770664093453
#define NO_WEIGHT  1e-15 /* rows below it are left out of a state's sums */

static size_t per_state(const bram_observation *o)
{
    return 2 * o->units;
}

/* ---- likelihood ----------------------------------------------------------------------------- */

/* sum over u of ((y_u - mean_u) scale_u)^2 */
static double distance(const double *y, const double *mean, const double *scale, size_t n)
{
    bram_pair a = {0, 0}, b = {0, 0};
    size_t u = 0;
    for (; u + 4 <= n; u += 4) {
        bram_pair p = (bram_pair_load(y + u) - bram_pair_load(mean + u)) *
                      bram_pair_load(scale + u);
        bram_pair q = (bram_pair_load(y + u + 2) - bram_pair_load(mean + u + 2)) *
                      bram_pair_load(scale + u + 2);
        a += p * p;
        b += q * q;
    }
    a += b;
    double sum = a[0] + a[1];
    for (; u < n; u++) {
        double d = (y[u] - mean[u]) * scale[u];
        sum += d * d;
    }
    return sum;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    size_t n = o->units, k = m->states;
    bram_mat y, there, scale, part;
    double *constant = bram_scratch(cx, k, sizeof *constant);
    if (!constant) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &scale, k, n));
    BRAM_TRY(bram_mat_scratch(cx, &part, k, n)); /* log of 2 pi var / 2 */
    BRAM_TRY(bram_emission_block(cx, &y, &there, d, sequence, first, l->rows));
    for (size_t j = 0; j < k; j++)
        for (size_t u = 0; u < n; u++) {
            double variance = bram_row(&m->state, j)[n + u];
            bram_row(&scale, j)[u] = 1 / sqrt(variance);
            bram_row(&part, j)[u] = (LOG_TWO_PI + log(variance)) / 2;
            constant[j] += bram_row(&part, j)[u];
        }
    if (!there.data)
        for (size_t t = 0; t < l->rows; t++)
            for (size_t j = 0; j < k; j++)
                bram_row(l, t)[j] = -constant[j] - distance(bram_row(&y, t), bram_row(&m->state, j),
                                                            bram_row(&scale, j), n) /
                                                       2;
    for (size_t t = 0; t < l->rows && there.data; t++)
        for (size_t j = 0; j < k; j++) {
            double sum = 0;
            for (size_t u = 0; u < n; u++) {
                double z = (bram_row(&y, t)[u] - bram_row(&m->state, j)[u]) *
                           bram_row(&scale, j)[u];
                sum -= bram_row(&there, t)[u] * (bram_row(&part, j)[u] + z * z / 2);
            }
            bram_row(l, t)[j] = sum;
        }
    return BRAM_OK;
}

/* ---- M-step --------------------------------------------------------------------------------- */

struct step {
    const bram_hmm *m;
    const bram_hmm_data *d;
    const bram_mat *posterior;
    size_t units;
};

/* Rows of a strip that count for a state: the others have less weight than rounding. */
struct strip {
    const double *row[STRIP];
    double weight[STRIP];
    size_t count;
};

static double take_strip(struct strip *s, const bram_mat *y, const bram_mat *g, size_t state,
                         size_t from, size_t count)
{
    double total = 0;
    s->count = 0;
    for (size_t t = from; t < from + count; t++) {
        double w = bram_row(g, t)[state];
        if (!(w > NO_WEIGHT)) continue;
        s->row[s->count] = bram_row(y, t);
        s->weight[s->count++] = w;
        total += w;
    }
    return total;
}

/* Of units u .. u + 3: sums of g d and g d^2 over the strip, d = y - mean. */
static void strip_moments(double *sum, double *square, const struct strip *s, const double *mean,
                          size_t u)
{
    bram_pair m0 = bram_pair_load(mean + u), m1 = bram_pair_load(mean + u + 2);
    bram_pair s0 = {0, 0}, s1 = {0, 0}, q0 = {0, 0}, q1 = {0, 0};
    for (size_t t = 0; t < s->count; t++) {
        bram_pair w = bram_pair_of(s->weight[t]);
        bram_pair d0 = bram_pair_load(s->row[t] + u) - m0, w0 = w * d0;
        bram_pair d1 = bram_pair_load(s->row[t] + u + 2) - m1, w1 = w * d1;
        s0 += w0;
        s1 += w1;
        q0 += w0 * d0;
        q1 += w1 * d1;
    }
    bram_pair_store(sum + u, bram_pair_load(sum + u) + s0);
    bram_pair_store(sum + u + 2, bram_pair_load(sum + u + 2) + s1);
    bram_pair_store(square + u, bram_pair_load(square + u) + q0);
    bram_pair_store(square + u + 2, bram_pair_load(square + u + 2) + q1);
}

/* The same for single units, where values are missing. */
static void strip_plain(double *weight, double *sum, double *square, const bram_mat *y,
                        const bram_mat *there, const bram_mat *g, size_t state, const double *mean,
                        size_t u, size_t from, size_t count)
{
    for (size_t t = from; t < from + count; t++) {
        double w = bram_row(g, t)[state], d = bram_row(y, t)[u] - mean[u];
        if (!(w > NO_WEIGHT)) continue;
        if (there->data) w *= bram_row(there, t)[u];
        weight[u] += w;
        sum[u] += w * d;
        square[u] += w * d * d;
    }
}

/* sum: of each state N weights, N sums, N squares */
static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    const struct step *s = user;
    size_t n = s->units;
    struct strip strip;
    bram_mat y, there, g = bram_mat_rows(s->posterior[sequence], first, count);
    BRAM_TRY(bram_emission_block(cx, &y, &there, s->d, sequence, first, count));
    for (size_t from = 0; from < count; from += STRIP)
        for (size_t k = 0; k < s->m->states; k++) {
            size_t rows = count - from < STRIP ? count - from : STRIP, u = 0;
            double *w = sum + k * 3 * n, total = take_strip(&strip, &y, &g, k, from, rows);
            const double *mean = bram_row(&s->m->state, k);
            for (; !there.data && u + 4 <= n; u += 4)
                strip_moments(w + n, w + 2 * n, &strip, mean, u);
            for (size_t v = 0; v < u; v++) w[v] += total;
            for (; u < n; u++)
                strip_plain(w, w + n, w + 2 * n, &y, &there, &g, k, mean, u, from, rows);
        }
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    size_t n = o->units, k = m->states, mark = bram_scratch_mark(cx);
    struct step s = {m, d, posterior, n};
    double *sum = bram_scratch(cx, k * 3 * n, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    BRAM_TRY(bram_hmm_sum(cx, sum, k * 3 * n, d, add, &s));
    for (size_t i = 0; i < k * n; i++) {
        double *mean = bram_row(&m->state, i / n) + i % n, *variance = mean + n;
        const double *w = sum + i / n * 3 * n + i % n;
        double v = o->variance[i % n];
        if (!(w[0] > 0)) {
            if (!(*variance > 0)) *mean = o->mean[i % n], *variance = v;
            continue;
        }
        double shift = w[n] / w[0], square = w[2 * n] - w[n] * shift;
        *mean += shift;
        *variance = ((square > 0 ? square : 0) + o->prior * v) / (w[0] + o->prior) +
                    1e-16 * o->jitter;
        if (!(*variance > 0)) *variance = 1e-12 * v; /* no prior, and all values equal */
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int density(bram_ctx *cx, const bram_observation *o, const bram_hmm *m,
                   const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *out)
{
    (void)cx;
    size_t n = o->units;
    for (size_t t = 0; t < out->rows; t++)
        for (size_t i = 0; i < m->states * n; i++) {
            const double *state = bram_row(&m->state, i / n) + i % n;
            double y = bram_row(&d->y[sequence], first + t)[i % n];
            double z = y - state[0];
            bram_row(out, t)[i] = -(LOG_TWO_PI + log(state[n]) + z * z / state[n]) / 2;
        }
    return BRAM_OK;
}

const bram_emission_kind bram_emission_gaussian = {
    .name = "gaussian",
    .clusters = true,
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .log_prior = bram_emission_variance_prior,
    .mean = bram_emission_mean,
    .density = density,
};
