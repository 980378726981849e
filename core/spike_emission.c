/*
 * spike_emission.c - the HMM-GLM as an emission: likelihoods, M-step, Gaussian priors; see
 * spike_emission.h.
 */
#include "spike_emission_private.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static const double TRACE = 1e-3, INTERCEPT = 1e-2, HEAVY = 1e-3;

enum { FIRST_STEPS = 25, HALVINGS = 4 };

static size_t width_of(const bram_hmm_glm *g)
{
    return g->design->cols;
}

static size_t neurons_of(const bram_hmm_glm *g)
{
    return g->y->cols;
}

bram_mat bram_hmm_glm_theta(const bram_hmm_glm *g, const bram_hmm *m, size_t state)
{
    return (bram_mat){bram_row(&m->state, state), width_of(g), neurons_of(g), neurons_of(g)};
}

/* mu of the Gaussian prior, history x N, and behind it sigma. */
static bram_mat common_mean(const bram_hmm_glm *g, const bram_hmm *m)
{
    return (bram_mat){m->shared.data, g->history, neurons_of(g), neurons_of(g)};
}

static double sigma_of(const bram_hmm_glm *g, const bram_hmm *m)
{
    if (g->prior != BRAM_GLM_GAUSS || !isnan(g->sigma)) return g->sigma;
    double fitted = m->shared.data[g->history * neurons_of(g)];
    return fitted > 0 ? fitted : 1;
}

/* A shared intercept has its prior once. */
static double intercept_precision(const bram_hmm_glm *g, const bram_hmm *m)
{
    return g->shared_bias ? INTERCEPT / (double)m->states : INTERCEPT;
}

/* ---- likelihoods ---------------------------------------------------------------------------- */

static int loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, const bram_hmm_data *d,
                  size_t sequence, size_t first, bram_mat *l)
{
    const bram_hmm_glm *g = e->self;
    size_t row = g->begin[sequence] + first, neurons = neurons_of(g), count = l->rows * neurons;
    bram_mat design = bram_mat_rows(*g->design, row, l->rows), eta;
    double *rate = bram_scratch(cx, count, sizeof *rate);
    double *log_rate = bram_scratch(cx, count, sizeof *log_rate);
    (void)d;
    if (!rate || !log_rate) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &eta, l->rows, neurons));
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        BRAM_TRY(bram_gemm(cx, &eta, 1, &design, BRAM_AS_IS, &theta, BRAM_AS_IS, 0));
        bram_link_apply(g->link, g->inside, eta.data, count, rate, log_rate, NULL, NULL);
        for (size_t i = 0; i < l->rows; i++) {
            const double *y = bram_row(g->y, row + i), *f = rate + i * neurons;
            const double *log_f = log_rate + i * neurons;
            const uint8_t *there = g->present ? g->present + (row + i) * neurons : NULL;
            double sum = g->constant[row + i];
            for (size_t n = 0; n < neurons; n++)
                if (!there || there[n]) sum += y[n] * log_f[n] - f[n];
            bram_row(l, i)[k] = sum;
        }
    }
    return BRAM_OK;
}

/* ---- M-step --------------------------------------------------------------------------------- */

/* Precisions and centres of all coefficients, M x N. Those of ONE_HOT's weights are none. */
static int fill_prior(bram_ctx *cx, const bram_hmm_glm *g, const bram_hmm *m, bram_mat *precision,
                      bram_mat *centre)
{
    size_t width = width_of(g), neurons = neurons_of(g);
    double sigma = sigma_of(g, m);
    bram_mat mu = common_mean(g, m);
    BRAM_TRY(bram_mat_scratch(cx, precision, width, neurons));
    BRAM_TRY(bram_mat_scratch(cx, centre, width, neurons));
    for (size_t j = 0; j < width; j++)
        for (size_t n = 0; n < neurons; n++) {
            double q = TRACE, c = 0;
            if (j == 0) q = intercept_precision(g, m), c = g->base[n];
            else if (j <= g->history) {
                if (g->prior == BRAM_GLM_BAYES || g->prior == BRAM_GLM_GAUSS)
                    q = 1 / (sigma * sigma);
                if (g->prior == BRAM_GLM_GAUSS) c = bram_row(&mu, j - 1)[n];
                if (g->prior == BRAM_GLM_BAYES && g->centre) c = bram_row(g->centre, j - 1)[n];
                if (g->prior == BRAM_GLM_ONE_HOT) q = 0;
            }
            bram_row(precision, j)[n] = q;
            bram_row(centre, j)[n] = c;
        }
    return BRAM_OK;
}

static bool nothing_yet(const bram_hmm *m)
{
    for (size_t i = 0; i < m->states * m->state.cols; i++)
        if (m->state.data[i] != 0) return false;
    return true;
}

static void begin_theta(const bram_hmm_glm *g, bram_hmm *m)
{
    bram_mat mu = common_mean(g, m);
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        memcpy(theta.data, g->base, neurons_of(g) * sizeof *theta.data);
        for (size_t j = 0; j < g->history && g->centre; j++)
            memcpy(bram_row(&theta, j + 1), bram_row(g->centre, j), neurons_of(g) * sizeof(double));
    }
    if (g->prior == BRAM_GLM_GAUSS)
        memset(mu.data, 0, g->history * neurons_of(g) * sizeof *mu.data);
}

/* mu and sigma of the learned Gaussian prior from the states. */
static void fit_common(const bram_hmm_glm *g, bram_hmm *m)
{
    bram_mat mu = common_mean(g, m);
    double square = 0, count = (double)(m->states * g->history * neurons_of(g));
    for (size_t j = 0; j < g->history; j++)
        for (size_t n = 0; n < neurons_of(g); n++) {
            double sum = 0;
            for (size_t k = 0; k < m->states; k++)
                sum += bram_row(&m->state, k)[(j + 1) * neurons_of(g) + n];
            sum /= (double)m->states;
            bram_row(&mu, j)[n] = sum;
            for (size_t k = 0; k < m->states; k++) {
                double d = bram_row(&m->state, k)[(j + 1) * neurons_of(g) + n] - sum;
                square += d * d;
            }
        }
    m->shared.data[g->history * neurons_of(g)] = sqrt(fmax(square / count, 1e-6));
}

/* The posteriors of all sequences below each other. */
static int stack(bram_ctx *cx, const double **out, const bram_hmm_glm *g, const bram_hmm_data *d,
                 const bram_mat *posterior, size_t states)
{
    bool apart = false;
    for (size_t s = 0; s < d->sequences; s++)
        apart = apart || posterior[s].stride != states ||
                posterior[s].data != posterior[0].data + g->begin[s] * states;
    *out = posterior[0].data;
    if (!apart) return BRAM_OK;
    double *copy = bram_scratch(cx, g->y->rows, states * sizeof *copy);
    if (!copy) return BRAM_ENOMEM;
    for (size_t s = 0; s < d->sequences; s++)
        for (size_t t = 0; t < posterior[s].rows; t++)
            memcpy(copy + (g->begin[s] + t) * states, bram_row(&posterior[s], t),
                   states * sizeof *copy);
    *out = copy;
    return BRAM_OK;
}

/* Whether every row counts alike in all states: the states then begin as one. */
static bool all_alike(const double *weight, size_t rows, size_t states)
{
    for (size_t i = 0; i < rows * states; i++)
        if (weight[i] != weight[0]) return false;
    return states > 1;
}

/* The problem of all rows, with the weights of the first state. */
static bram_glm problem_of(const bram_hmm_glm *g, const bram_hmm *m, const double *weight,
                           const bram_mat *precision, const bram_mat *centre)
{
    return (bram_glm){.design = g->design,
                      .y = *g->y,
                      .present = g->present,
                      .present_stride = neurons_of(g),
                      .weight = weight,
                      .weight_stride = m->states,
                      .heavy = HEAVY,
                      .link = g->link,
                      .inside = g->inside,
                      .precision = precision,
                      .centre = centre,
                      .fixed = g->shared_bias};
}

/* How an M-step goes: from nothing; halved where it would go down. */
struct manner {
    bool first, sure;
};

/* One step of a state. */
static int step_state(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, size_t state, bram_glm p,
                      struct manner how)
{
    bram_mat theta = bram_hmm_glm_theta(g, m, state);
    p.weight += state;
    if (g->gumbel) return bram_onehot_begin(cx, g, &theta, &p);
    if (g->prior == BRAM_GLM_ONE_HOT)
        return bram_onehot_step(cx, g, m, state, &p, how.first, how.sure);
    if (!how.sure && theta.rows <= BRAM_GLM_NEWTON_MOST) return bram_glm_step(cx, &theta, &p);
    return bram_glm_fit(cx, &theta, NULL, &p, how.first ? FIRST_STEPS : 1, 1e-9);
}

static int step_states(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_glm *p,
                       struct manner how)
{
    bool alike = how.first && all_alike(p->weight, g->y->rows, m->states);
    for (size_t k = 0; k < m->states; k++) {
        size_t mark = bram_scratch_mark(cx);
        if (alike && k) {
            memcpy(bram_row(&m->state, k), m->state.data, m->state.cols * sizeof(double));
            continue;
        }
        int status = step_state(cx, g, m, k, *p, how);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* Sums over the states of objectives, and where wanted of the intercepts' slopes and information,
 * with `intercept` for all. */
static int add_states(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_glm *p,
                      const double *intercept, double *objective, double *slope, double *size)
{
    size_t mark = bram_scratch_mark(cx), width = width_of(g), neurons = neurons_of(g);
    bram_mat gradient, information;
    double *value = bram_scratch(cx, neurons, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &gradient, width, neurons));
    BRAM_TRY(bram_mat_scratch(cx, &information, slope ? neurons * width : 1, width));
    memset(objective, 0, neurons * sizeof *objective);
    for (size_t k = 0; k < m->states; k++) {
        bram_glm of_state = *p;
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        of_state.weight += k;
        memcpy(theta.data, intercept, neurons * sizeof *intercept);
        BRAM_TRY(bram_glm_evaluate(cx, &of_state, &theta, value, slope ? &gradient : NULL,
                                   slope ? &information : NULL, BRAM_EXPECTED));
        for (size_t n = 0; n < neurons; n++) {
            objective[n] += value[n];
            if (slope)
                slope[n] += gradient.data[n], size[n] += bram_row(&information, n * width)[0];
        }
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* A step of the intercepts that all states share, halved where the objective would fall. */
static int step_bias(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_glm *p, bool sure)
{
    size_t neurons = neurons_of(g);
    double *now = bram_scratch(cx, 6 * neurons, sizeof *now);
    if (!now) return BRAM_ENOMEM;
    double *trial = now + neurons, *before = trial + neurons, *after = before + neurons;
    double *step = after + neurons, *size = step + neurons;
    memcpy(now, m->state.data, neurons * sizeof *now);
    BRAM_TRY(add_states(cx, g, m, p, now, before, step, size));
    for (size_t n = 0; n < neurons; n++) step[n] /= fmax(size[n], 1e-12);
    for (size_t n = 0; n < neurons && !sure; n++) now[n] += step[n];
    for (int h = 0; h < HALVINGS && sure; h++) {
        for (size_t n = 0; n < neurons; n++) trial[n] = now[n] + step[n];
        BRAM_TRY(add_states(cx, g, m, p, trial, after, NULL, NULL));
        for (size_t n = 0; n < neurons; n++) {
            if (after[n] >= before[n]) now[n] = trial[n], step[n] = 0, before[n] = after[n];
            step[n] /= 2;
        }
    }
    for (size_t k = 0; k < m->states; k++)
        memcpy(bram_row(&m->state, k), now, neurons * sizeof *now);
    return BRAM_OK;
}

static int maximize_all(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, const bram_hmm_data *d,
                        const bram_mat *posterior, bool sure)
{
    struct manner how = {nothing_yet(m), sure};
    const double *weight;
    bram_mat precision, centre;
    how.sure = sure || how.first;
    if (how.first) begin_theta(g, m);
    BRAM_TRY(stack(cx, &weight, g, d, posterior, m->states));
    BRAM_TRY(fill_prior(cx, g, m, &precision, &centre));
    bram_glm p = problem_of(g, m, weight, &precision, &centre);
    if (g->gumbel && !how.first) return bram_gumbel_epoch(cx, g, m, &p, d->sequences);
    BRAM_TRY(step_states(cx, g, m, &p, how));
    if (g->shared_bias) BRAM_TRY(step_bias(cx, g, m, &p, how.sure));
    if (g->prior == BRAM_GLM_GAUSS) fit_common(g, m);
    if (g->prior == BRAM_GLM_ONE_HOT && !g->gumbel) bram_onehot_classes(g, m);
    return BRAM_OK;
}

static int maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                    const bram_mat *posterior)
{
    size_t mark = bram_scratch_mark(cx);
    int status = maximize_all(cx, e->self, m, d, posterior, true);
    bram_scratch_release(cx, mark);
    return status;
}

static int leap(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                const bram_mat *posterior)
{
    size_t mark = bram_scratch_mark(cx);
    int status = maximize_all(cx, e->self, m, d, posterior, false);
    bram_scratch_release(cx, mark);
    return status;
}

/* Coefficients have no bounds; what is fitted to them follows. */
static void stretch(const bram_emission *e, bram_hmm *m, const bram_hmm *from, double by)
{
    const bram_hmm_glm *g = e->self;
    for (size_t k = 0; k < m->states; k++) {
        bram_mat to = bram_hmm_glm_theta(g, m, k), at = bram_hmm_glm_theta(g, from, k);
        for (size_t i = 0; i < to.rows * to.cols; i++)
            to.data[i] = at.data[i] + by * (to.data[i] - at.data[i]);
    }
    if (g->prior == BRAM_GLM_GAUSS) fit_common(g, m);
}

/* Log densities of the Gaussian priors, with what a fitted sigma changes. */
static int log_prior(bram_ctx *cx, const bram_emission *e, const bram_hmm *m, double *value)
{
    (void)cx;
    const bram_hmm_glm *g = e->self;
    size_t neurons = neurons_of(g);
    double sum = 0, sigma = sigma_of(g, m);
    bram_mat mu = common_mean(g, m);
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        for (size_t j = 0; j < theta.rows; j++)
            for (size_t n = 0; n < neurons; n++) {
                double q = TRACE, c = 0;
                if (j == 0) q = intercept_precision(g, m), c = g->base[n];
                else if (j <= g->history && g->prior != BRAM_GLM_NONE) {
                    if (g->prior == BRAM_GLM_ONE_HOT) continue;
                    q = 1 / (sigma * sigma);
                    if (g->prior == BRAM_GLM_GAUSS) c = bram_row(&mu, j - 1)[n];
                    else if (g->centre) c = bram_row(g->centre, j - 1)[n];
                    sum -= log(sigma);
                }
                double distance = bram_row(&theta, j)[n] - c;
                sum -= q * distance * distance / 2;
            }
    }
    if (g->prior == BRAM_GLM_ONE_HOT)
        sum += g->gumbel ? bram_gumbel_log_prior(g, m) : bram_onehot_log_prior(g, m);
    *value = sum;
    return BRAM_OK;
}

static int scatter(bram_ctx *cx, const bram_emission *e, bram_hmm *m, bram_rng *r)
{
    const bram_hmm_glm *g = e->self;
    (void)cx;
    for (size_t k = 0; k < m->states; k++) {
        bram_mat theta = bram_hmm_glm_theta(g, m, k);
        for (size_t j = g->shared_bias; j <= g->history; j++)
            for (size_t n = 0; n < neurons_of(g); n++)
                bram_row(&theta, j)[n] += g->scatter * bram_rng_normal(r);
    }
    return BRAM_OK;
}

/* ---- begin and end -------------------------------------------------------------------------- */

int bram_hmm_glm_begin(bram_ctx *cx, bram_hmm_glm *g, bram_emission *e, size_t states)
{
    size_t rows = g->y->rows, neurons = neurons_of(g);
    if (g->prior == BRAM_GLM_GAUSS && isnan(g->sigma) && states == 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "one state is its own mean: a fitted sigma would be 0; give sigma or two "
                         "states");
    g->constant = bram_alloc(cx, rows, sizeof *g->constant);
    g->base = bram_alloc(cx, neurons, sizeof *g->base);
    double *count = bram_alloc(cx, neurons, sizeof *count);
    if (!g->constant || !g->base || !count) {
        bram_free(count);
        bram_hmm_glm_release(g);
        return BRAM_ENOMEM;
    }
    for (size_t t = 0; t < rows; t++)
        for (size_t n = 0; n < neurons; n++) {
            if (g->present && !g->present[t * neurons + n]) continue;
            double y = bram_row(g->y, t)[n];
            g->base[n] += y;
            count[n]++;
            if (y > 1) g->constant[t] -= lgamma(y + 1);
        }
    for (size_t n = 0; n < neurons; n++) /* half a spike for one that has none */
        g->base[n] = bram_link_inverse(g->link, fmax(g->base[n], 0.5) / fmax(count[n], 1));
    bram_free(count);
    bool onehot = g->prior == BRAM_GLM_ONE_HOT, gumbel = onehot && g->gumbel;
    *e = (bram_emission){
        .name = "hmm-glm",
        .per_state = width_of(g) * neurons + (gumbel   ? bram_gumbel_state_numbers(g)
                                              : onehot ? bram_onehot_state_numbers(g)
                                                       : 0),
        .shared = gumbel   ? bram_gumbel_shared_numbers(g)
                  : onehot ? bram_onehot_shared_numbers(g)
                           : g->history * neurons + 1,
        .clusters = true,
        .self = g,
        .loglik = loglik,
        .maximize = maximize,
        .leap = gumbel ? NULL : leap,
        .stretch = onehot ? NULL : stretch,
        .log_prior = log_prior,
        .scatter = scatter,
    };
    return BRAM_OK;
}

void bram_hmm_glm_release(bram_hmm_glm *g)
{
    bram_free(g->constant);
    bram_free(g->base);
    g->constant = g->base = NULL;
}

bram_hmm_data bram_hmm_glm_data(const bram_hmm_glm *g, bram_mat *memory, size_t sequences)
{
    for (size_t s = 0; s < sequences; s++)
        memory[s] = bram_mat_rows(*g->y, g->begin[s], g->begin[s + 1] - g->begin[s]);
    return (bram_hmm_data){.sequences = sequences, .y = memory};
}
