/*
 * spike_onehot.c - the one-hot prior of the HMM-GLM without sampling (with it: spike_gumbel.c).
 *
 * Each weight of each state has a class c (inhibitory, none, excitatory) with probabilities pi that
 * are common to the states, and is 0 in class none, else of the class's sign with a half-normal
 * strength of scale tau. The posterior of all classes and strengths is taken as a product over
 * weights (mean field). To second order about the present weights, with curvature h and optimum o
 * of one weight given the others, the factor of a weight is exact:
 *
 *   log Z_none = log pi_none
 *   log Z_+-   = log pi_+- + log 2 - log(tau sqrt a) + a m^2 / 2 + log Phi(+- m sqrt a),
 *                a = h + 1 / tau^2,  m = h o / a
 *
 * q = Z / sum Z, and w is the mean of the mixture of 0 and two truncated normals. The factors are
 * found one after the other until they stay. The objective is a lower bound on the evidence, with
 * the likelihood at the mean weights: a step that does not raise a neuron's share of it is halved,
 * and in the end not made. pi = (alpha0 + sum over states of q) / sum, alpha0 = 2 (0.1, 0.8, 0.1).
 *
 * The prior is that of Li et al. 2024 (arXiv 2310.15263) but for the density of relaxed classes;
 * the method is our own.
 */
#include "spike_emission_private.h"
#include "linalg.h"
#include "poisson_many.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { SWEEPS = 50, HALVINGS = 4, FIRST_STEPS = 25, EXACT = 32 };

static const double ALPHA[3] = {0.2, 1.6, 0.2}; /* inhibitory, none, excitatory */

/* Numbers of a weight: q of inhibitory and excitatory, and what its factor takes off the bound. */
struct factors {
    double *inhibitory, *excitatory, *cost; /* history x N each */
};

static size_t weights(const bram_hmm_glm *g)
{
    return g->history * g->y->cols;
}

size_t bram_onehot_state_numbers(const bram_hmm_glm *g)
{
    return 3 * weights(g);
}

size_t bram_onehot_shared_numbers(const bram_hmm_glm *g)
{
    return 3 * weights(g);
}

static struct factors factors_of(const bram_hmm_glm *g, const bram_hmm *m, size_t state)
{
    double *at = bram_row(&m->state, state) + g->design->cols * g->y->cols;
    return (struct factors){at, at + weights(g), at + 2 * weights(g)};
}

/* ---- one weight ----------------------------------------------------------------------------- */

/* log Phi(z), and the mean of a standard normal above -z, less z: phi(z) / Phi(z). */
static double log_normal(double z, double *mills)
{
    static const double LOG_ROOT_TWO_PI = 0.91893853320467274178;
    if (z < -30) { /* the continued fraction of Laplace, to order z^-3 */
        *mills = -z - 1 / z + 2 / (z * z * z);
        return -z * z / 2 - LOG_ROOT_TWO_PI - log(*mills);
    }
    double tail = bram_normal_tail(-z);
    *mills = exp(-z * z / 2 - LOG_ROOT_TWO_PI) / tail;
    return log(tail);
}

/* The factor of a weight: its mean; q and cost are set. */
static double factor(double *inhibitory, double *excitatory, double *cost, double curvature,
                     double optimum, const double *log_pi, double tau)
{
    double a = curvature + 1 / (tau * tau), mean = curvature * optimum / a, root = sqrt(a);
    double up, down, common = log(2) - log(tau * root) + a * mean * mean / 2;
    double z[3] = {log_pi[0] + common + log_normal(-mean * root, &down), log_pi[1],
                   log_pi[2] + common + log_normal(mean * root, &up)};
    double most = fmax(z[0], fmax(z[1], z[2])), sum = 0;
    for (int c = 0; c < 3; c++) sum += exp(z[c] - most);
    double log_sum = most + log(sum);
    *inhibitory = exp(z[0] - log_sum);
    *excitatory = exp(z[2] - log_sum);
    double w = *inhibitory * (mean - down / root) + *excitatory * (mean + up / root);
    *cost = curvature * (optimum * w - w * w / 2) - log_sum;
    return w;
}

/* ---- a state -------------------------------------------------------------------------------- */

struct step {
    const bram_hmm_glm *g;
    bram_mat theta, gradient, information; /* where the expansion is, and its terms */
    bram_mat diagonal, alike;              /* of many coefficients: see curvature */
    bram_mat next;                         /* M x N */
    const double *log_pi;                  /* 3 blocks of history x N */
    struct factors old, now;
    const bool *done;
    double length; /* share of the way to each optimum that is gone */
};

/* Row j of the information of neuron n (root: of its diagonal). Of up to EXACT coefficients it is
 * known. Of more the diagonal is, and beside it the correlations of the coefficients are taken to
 * be those of the design's columns (rows count by their weight alone): rows M (M + 2 N) operations
 * a state in place of rows M^2 N. Where the factors stay they are the same ones. */
static const double *curvature(const struct step *s, double *room, const double *root, size_t j,
                               size_t n)
{
    size_t m = s->theta.rows;
    if (s->information.data) return bram_row(&s->information, n * m + j);
    const double *alike = bram_row(&s->alike, j);
    for (size_t k = 0; k < m; k++) room[k] = root[j] * alike[k] * root[k];
    room[j] = bram_row(&s->diagonal, j)[n];
    return room;
}

/* The factors of one neuron, one after the other, about theta. */
static int step_neuron(bram_ctx *cx, size_t n, void *user)
{
    struct step *s = user;
    const bram_hmm_glm *g = s->g;
    size_t m = g->design->cols, neurons = g->y->cols, size = weights(g);
    double *rest = bram_scratch(cx, 4 * m, sizeof *rest);
    if (!rest) return BRAM_ENOMEM;
    double *w = rest + m, *room = w + m, *root = room + m;
    if (s->done[n]) return BRAM_OK;
    for (size_t j = 0; j < m; j++) {
        rest[j] = bram_row(&s->gradient, j)[n];
        w[j] = bram_row(&s->theta, j)[n];
        if (s->diagonal.data) root[j] = sqrt(bram_row(&s->diagonal, j)[n]);
    }
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double moved = 0;
        for (size_t j = 0; j < m; j++) {
            if (j == 0 && g->shared_bias) continue; /* not of this state alone */
            const double *row = curvature(s, room, root, j, n);
            double h = row[j], to, from = w[j];
            if (!(h > 1e-12)) h = 1e-12;
            to = from + s->length * rest[j] / h;
            if (j > 0 && j <= g->history) {
                size_t at = (j - 1) * neurons + n;
                double log_pi[3] = {s->log_pi[at], s->log_pi[size + at], s->log_pi[2 * size + at]};
                to = factor(&s->now.inhibitory[at], &s->now.excitatory[at], &s->now.cost[at], h, to,
                            log_pi, g->strength);
            }
            for (size_t k = 0; k < m; k++) rest[k] -= (to - from) * row[k];
            w[j] = to;
            moved = fmax(moved, fabs(to - from));
        }
        if (moved < 1e-6) break;
    }
    for (size_t j = 0; j < m; j++) bram_row(&s->next, j)[n] = w[j];
    return BRAM_OK;
}

/* From each neuron's objective its share of the bound. */
static void take_costs(double *share, const bram_hmm_glm *g, const struct factors *f)
{
    size_t neurons = g->y->cols;
    for (size_t i = 0; i < weights(g); i++) share[i % neurons] -= f->cost[i];
}

static void accept(struct step *s, bram_mat *theta, size_t n)
{
    size_t neurons = s->g->y->cols;
    for (size_t j = 0; j < theta->rows; j++) bram_row(theta, j)[n] = bram_row(&s->next, j)[n];
    for (size_t j = 0; j < s->g->history; j++) {
        size_t at = j * neurons + n;
        s->old.inhibitory[at] = s->now.inhibitory[at];
        s->old.excitatory[at] = s->now.excitatory[at];
        s->old.cost[at] = s->now.cost[at];
    }
}

/* One step of all neurons in full. */
static int leap(bram_ctx *cx, struct step *s, bram_mat *theta)
{
    size_t neurons = s->g->y->cols;
    s->done = bram_scratch(cx, neurons, sizeof *s->done);
    if (!s->done) return BRAM_ENOMEM;
    s->length = 1;
    BRAM_TRY(bram_parallel_for(cx, neurons, step_neuron, s));
    for (size_t n = 0; n < neurons; n++) accept(s, theta, n);
    return BRAM_OK;
}

/* Steps, halved for those neurons whose share would fall. */
static int search(bram_ctx *cx, struct step *s, bram_mat *theta, const bram_glm *p,
                  const double *before)
{
    size_t neurons = s->g->y->cols;
    double *after = bram_scratch(cx, neurons, sizeof *after);
    bool *done = bram_scratch(cx, neurons, sizeof *done);
    if (!after || !done) return BRAM_ENOMEM;
    s->done = done;
    s->length = 1;
    for (int h = 0; h < HALVINGS; h++, s->length /= 2) {
        size_t left = 0;
        BRAM_TRY(bram_parallel_for(cx, neurons, step_neuron, s));
        BRAM_TRY(bram_glm_evaluate(cx, p, &s->next, after, NULL, NULL, BRAM_EXPECTED));
        take_costs(after, s->g, &s->now);
        for (size_t n = 0; n < neurons; n++) {
            if (done[n]) continue;
            done[n] = after[n] >= before[n];
            left += !done[n];
            if (done[n]) accept(s, theta, n);
        }
        if (!left) break;
    }
    return BRAM_OK;
}

/* The parts of the information that are worked out for many coefficients. */
static int approximate(bram_ctx *cx, struct step *s, const bram_glm *p)
{
    size_t m = s->theta.rows, neurons = s->theta.cols;
    BRAM_TRY(bram_mat_scratch(cx, &s->diagonal, m, neurons));
    BRAM_TRY(bram_glm_diagonals(cx, &s->diagonal, p, &s->theta));
    for (size_t j = 0; j < m; j++)
        for (size_t n = 0; n < neurons; n++)
            bram_row(&s->diagonal, j)[n] += bram_row(p->precision, j)[n];
    BRAM_TRY(bram_glm_gram(cx, &s->alike, p));
    double *size = bram_scratch(cx, m, sizeof *size);
    if (!size) return BRAM_ENOMEM;
    for (size_t j = 0; j < m; j++) size[j] = sqrt(fmax(bram_row(&s->alike, j)[j], 1e-300));
    for (size_t j = 0; j < m; j++)
        for (size_t k = 0; k < m; k++) bram_row(&s->alike, j)[k] /= size[j] * size[k];
    return BRAM_OK;
}

static int expand(bram_ctx *cx, struct step *s, bram_mat *theta, const bram_glm *p, bool sure)
{
    size_t m = theta->rows, neurons = theta->cols, size = weights(s->g);
    double *room = bram_scratch(cx, 3 * size, sizeof *room);
    double *before = bram_scratch(cx, neurons, sizeof *before);
    if (!room || !before) return BRAM_ENOMEM;
    s->now = (struct factors){room, room + size, room + 2 * size};
    BRAM_TRY(bram_mat_scratch(cx, &s->gradient, m, neurons));
    bool many = m > EXACT;
    if (!many) BRAM_TRY(bram_mat_scratch(cx, &s->information, neurons * m, m));
    BRAM_TRY(bram_mat_scratch(cx, &s->next, m, neurons));
    BRAM_TRY(bram_mat_scratch(cx, &s->theta, m, neurons));
    memcpy(s->theta.data, theta->data, m * neurons * sizeof *s->theta.data);
    memcpy(s->next.data, theta->data, m * neurons * sizeof *s->theta.data);
    BRAM_TRY(bram_glm_evaluate(cx, p, &s->theta, sure ? before : NULL, &s->gradient,
                               many ? NULL : &s->information, BRAM_EXPECTED));
    if (many) BRAM_TRY(approximate(cx, s, p));
    if (!sure) return leap(cx, s, theta);
    take_costs(before, s->g, &s->old);
    return search(cx, s, theta, p, before);
}

/* As if every weight could have either sign. */
int bram_onehot_begin(bram_ctx *cx, const bram_hmm_glm *g, bram_mat *theta, const bram_glm *p)
{
    bram_mat precision;
    bram_glm plain = *p;
    BRAM_TRY(bram_mat_scratch(cx, &precision, theta->rows, theta->cols));
    for (size_t j = 0; j < theta->rows; j++)
        for (size_t n = 0; n < theta->cols; n++)
            bram_row(&precision, j)[n] = j > 0 && j <= g->history ? 1 / (g->strength * g->strength)
                                                                  : bram_row(p->precision, j)[n];
    plain.precision = &precision;
    return bram_glm_fit(cx, theta, NULL, &plain, FIRST_STEPS, 1e-9);
}

int bram_onehot_step(bram_ctx *cx, const bram_hmm_glm *g, bram_hmm *m, size_t state,
                     const bram_glm *p, bool first, bool sure)
{
    size_t size = weights(g);
    bram_mat theta = bram_hmm_glm_theta(g, m, state);
    double *log_pi = bram_scratch(cx, 3 * size, sizeof *log_pi);
    if (!log_pi) return BRAM_ENOMEM;
    if (first) BRAM_TRY(bram_onehot_begin(cx, g, &theta, p));
    for (size_t c = 0; c < 3; c++)
        for (size_t i = 0; i < size; i++) {
            double *pi = m->shared.data + c * size + i;
            if (first) *pi = g->classes ? g->classes->data[c * size + i] : ALPHA[c] / 2;
            log_pi[c * size + i] = log(fmax(*pi, 1e-12));
        }
    struct step s = {.g = g, .log_pi = log_pi, .old = factors_of(g, m, state)};
    return expand(cx, &s, &theta, p, sure && !first); /* from nothing there is no bound */
}

void bram_onehot_classes(const bram_hmm_glm *g, bram_hmm *m)
{
    size_t size = weights(g);
    if (g->classes) return;
    for (size_t i = 0; i < size; i++) {
        double count[3] = {ALPHA[0], ALPHA[1], ALPHA[2]}, sum = 0;
        for (size_t k = 0; k < m->states; k++) {
            struct factors f = factors_of(g, m, k);
            count[0] += f.inhibitory[i];
            count[1] += 1 - f.inhibitory[i] - f.excitatory[i];
            count[2] += f.excitatory[i];
        }
        for (int c = 0; c < 3; c++) sum += count[c];
        for (size_t c = 0; c < 3; c++) {
            double before = m->shared.data[c * size + i], now = count[c] / sum;
            m->shared.data[c * size + i] = now;
            /* the costs hold - log pi of the classes they expect */
            for (size_t k = 0; k < m->states; k++) {
                struct factors f = factors_of(g, m, k);
                double q = c == 0   ? f.inhibitory[i]
                           : c == 2 ? f.excitatory[i]
                                    : 1 - f.inhibitory[i] - f.excitatory[i];
                f.cost[i] -= q * (log(fmax(now, 1e-12)) - log(fmax(before, 1e-12)));
            }
        }
    }
}

double bram_onehot_log_prior(const bram_hmm_glm *g, const bram_hmm *m)
{
    size_t size = weights(g);
    double sum = 0;
    for (size_t k = 0; k < m->states; k++) {
        struct factors f = factors_of(g, m, k);
        for (size_t i = 0; i < size; i++) sum -= f.cost[i];
    }
    for (size_t i = 0; i < 3 * size && !g->classes; i++)
        sum += ALPHA[i / size] * log(fmax(m->shared.data[i], 1e-12));
    return sum;
}
