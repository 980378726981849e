/*
 * emission_student.c - real values with outliers, independent given the state: y_u is Student's t
 * with location m, scale s and nu degrees of freedom.
 *
 * Numbers of a state: N locations, N squared scales, N degrees of freedom. M-step (Liu and Rubin
 * 1995, ECM): with tau = (nu + 1) / (nu + ((y - m) / s)^2) as weights,
 *   m = sum g tau y / sum g tau,  s^2 = (sum g tau (y - m)^2 + prior v) / (sum g + prior),
 * nu from the root of its own equation within 0.5 .. 1000, unless it is given. Prior as in
 * emission_gaussian.c, on s^2.
 */
#include "emission.h"
#include "linalg.h"

#include <math.h>

#define LEAST_DOF 0.5
#define MOST_DOF  1000.0
#define START_DOF 10.0

static size_t per_state(const bram_observation *o)
{
    return 3 * o->units;
}

/* d log Gamma / dx for x > 0: recurrence to 8 and more, then the asymptotic series (Abramowitz and
 * Stegun 6.3.18), the rest below 1e-13. */
static double digamma(double x)
{
    double sum = 0;
    while (x < 8) sum -= 1 / x, x += 1;
    double r = 1 / (x * x);
    return sum + log(x) - 0.5 / x -
           r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * (1.0 / 240 - r * (1.0 / 132)))));
}

/* The root of log(nu / 2) - digamma(nu / 2) = excess; the left side falls from infinity to 0. */
static double solve_dof(double excess)
{
    double low = log(LEAST_DOF), high = log(MOST_DOF);
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2, half = exp(middle) / 2;
        if (log(half) - digamma(half) > excess) low = middle;
        else high = middle;
    }
    return exp((low + high) / 2);
}

static double log_constant(double square, double nu)
{
    return lgamma((nu + 1) / 2) - lgamma(nu / 2) - log(nu * 3.141592653589793 * square) / 2;
}

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_observation *o = e->self;
    size_t n = o->units, k = m->states;
    bram_mat y = d->y[sequence], constant;
    BRAM_TRY(bram_mat_scratch(cx, &constant, k, n));
    for (size_t i = 0; i < k * n; i++) {
        const double *state = bram_row(&m->state, i / n) + i % n;
        constant.data[i] = log_constant(state[n], state[2 * n]);
    }
    for (size_t t = 0; t < l->rows; t++)
        for (size_t j = 0; j < k; j++) {
            const double *row = bram_row(&y, first + t), *state = bram_row(&m->state, j);
            const uint8_t *mask = bram_hmm_present(d, sequence, first + t);
            double sum = 0;
            for (size_t u = 0; u < n; u++) {
                if (mask && !mask[u]) continue;
                double z = row[u] - state[u], nu = state[2 * n + u];
                sum += bram_row(&constant, j)[u] -
                       (nu + 1) / 2 * log1p(z * z / (nu * state[n + u]));
            }
            bram_row(l, t)[j] = sum;
        }
    return BRAM_OK;
}

struct step {
    const bram_hmm *m;
    const bram_hmm_data *d;
    const bram_mat *posterior;
    size_t units;
};

enum { WEIGHT, TAU, SUM, SQUARE, LOGS, SUMS };

/* sum: of each state and unit: g, g tau, g tau d, g tau d^2, g (E log tau - tau), d = y - m */
static int add(bram_ctx *cx, void *user, size_t sequence, size_t first, size_t count, double *sum)
{
    (void)cx;
    const struct step *s = user;
    size_t n = s->units;
    for (size_t k = 0; k < s->m->states; k++) {
        const double *state = bram_row(&s->m->state, k);
        for (size_t u = 0; u < n; u++) {
            bool start = !(state[n + u] > 0);
            double square = start ? 1 : state[n + u], nu = start ? START_DOF : state[2 * n + u];
            double psi = digamma((nu + 1) / 2), *out = sum + (k * n + u) * SUMS;
            for (size_t t = first; t < first + count; t++) {
                const uint8_t *mask = bram_hmm_present(s->d, sequence, t);
                if (mask && !mask[u]) continue;
                double g = bram_row(&s->posterior[sequence], t)[k];
                double z = bram_row(&s->d->y[sequence], t)[u] - state[u];
                double spread = nu + z * z / square, tau = start ? 1 : (nu + 1) / spread;
                out[WEIGHT] += g;
                out[TAU] += g * tau;
                out[SUM] += g * tau * z;
                out[SQUARE] += g * tau * z * z;
                out[LOGS] += g * (psi - log(spread / 2) - tau);
            }
        }
    }
    return BRAM_OK;
}

static void solve(const bram_observation *o, double *state, const double *w, double v)
{
    size_t n = o->units;
    bool start = !(state[n] > 0);
    double dof = o->dof > 0 ? o->dof : start ? START_DOF : state[2 * n];
    if (w[WEIGHT] > 0) {
        double shift = w[SUM] / w[TAU], square = w[SQUARE] - w[SUM] * shift;
        state[0] += shift;
        state[n] = ((square > 0 ? square : 0) + o->prior * v) / (w[WEIGHT] + o->prior);
        if (!(state[n] > 0)) state[n] = 1e-12 * v;
        if (!(o->dof > 0) && !start) dof = solve_dof(-1 - w[LOGS] / w[WEIGHT]);
    } else if (start) {
        state[n] = v;
    }
    state[2 * n] = dof;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    const bram_observation *o = e->self;
    size_t n = o->units, k = m->states, mark = bram_scratch_mark(cx);
    struct step s = {m, d, posterior, n};
    double *sum = bram_scratch(cx, k * n, SUMS * sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    BRAM_TRY(bram_hmm_sum(cx, sum, k * n * SUMS, d, add, &s));
    for (size_t i = 0; i < k * n; i++)
        solve(o, bram_row(&m->state, i / n) + i % n, sum + i * SUMS, o->variance[i % n]);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
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
            double z = y - state[0], nu = state[2 * n];
            bram_row(out, t)[i] = log_constant(state[n], nu) -
                                  (nu + 1) / 2 * log1p(z * z / (nu * state[n]));
        }
    return BRAM_OK;
}

const bram_emission_kind bram_emission_student = {
    .name = "student",
    .clusters = true,
    .per_state = per_state,
    .loglik = loglik,
    .maximize = maximize,
    .log_prior = bram_emission_variance_prior,
    .mean = bram_emission_mean, /* the median where nu <= 1 and there is no mean */
    .density = density,
};
