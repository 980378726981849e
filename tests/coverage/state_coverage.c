/*
 * state_coverage.c [REPLICATES] - how often 95 % intervals of hidden Markov models hold the truth,
 * where the truth is known. All numbers come from seed 1.
 *
 * The number of states: counts of 4 units from 3 states that stay with 0.96; fits of 2, 3 and 4
 * states to 1,500 rows; the intervals of baselines/state_choice.h from 1,000 rows more, held
 * against the mean difference of the same fitted models on 100,000 rows more. The best of the three
 * is picked on the rows that the interval is from, as `bramble fit` does.
 *
 * Parameters: rates of 2 units in 2 states and both ways between them, from 2,000 rows. The
 * standard errors are those of the observed information: second differences of the log likelihood
 * at the end of the fit, in log rates and logits. The interval is the estimate -+ 1.96 of them.
 *
 * Without an argument 400 replicates, the table of docs/state-models.md. Exit 1 when a share is
 * more than 3 Monte-Carlo errors and 0.01 from 0.95: of 2 and of 4 states (only below it: there is
 * no harm in intervals that are a little long), and of all parameters together.
 */
#include "emission.h"
#include "linalg.h"
#include "state_choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STATES = 3, UNITS = 4, TRAIN = 1500, HELD = 1000, FRESH = 100000, CHOICES = 3 };
enum { SMALL = 2, ROWS = 2000, PARAMETERS = 6 };

struct world {
    bram_ctx *cx;
    size_t states, units;
    const double *initial, *transition, *rate; /* rate: states x units */
    bram_observation *o;
};

static const double three[] = {1.0 / 3, 1.0 / 3, 1.0 / 3};
static const double among_three[] = {0.96, 0.02, 0.02, 0.02, 0.96, 0.02, 0.02, 0.02, 0.96};
static const double rates_of_three[] = {0.3, 1.2, 0.6, 0.5, 1.0, 0.4, 0.9, 0.5, 0.5, 0.6, 1.6, 0.8};
static const double two[] = {0.6, 0.4};
static const double among_two[] = {0.94, 0.06, 0.09, 0.91};
static const double rates_of_two[] = {0.4, 1.5, 1.6, 0.6};

static int new_world(bram_ctx *cx, struct world *w, bool small)
{
    *w = small ? (struct world){cx, SMALL, SMALL, two, among_two, rates_of_two, NULL}
               : (struct world){cx, STATES, UNITS, three, among_three, rates_of_three, NULL};
    bram_observation like = {.kind = &bram_emission_poisson, .units = w->units};
    return bram_observation_new(cx, &w->o, &like);
}

static int simulate(bram_mat *y, const struct world *w, size_t rows, const char *stream, size_t i)
{
    bram_chain chain = {w->states, w->initial, w->transition, 0};
    bram_rng g = bram_rng_at(1, stream, i);
    size_t *path = bram_scratch(w->cx, rows, sizeof *path);
    if (!path) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(w->cx, y, rows, w->units));
    bram_hmm_sample(&g, path, rows, &chain);
    for (size_t t = 0; t < rows; t++)
        for (size_t u = 0; u < w->units; u++)
            bram_row(y, t)[u] = (double)bram_rng_poisson(&g, w->rate[path[t] * w->units + u]);
    return BRAM_OK;
}

static int fit(bram_hmm_fit *f, const struct world *w, const bram_mat *y, size_t states,
               double tolerance)
{
    bram_hmm_data d = {.sequences = 1, .y = y};
    bram_hmm_options o = bram_hmm_defaults();
    o.starts = 2, o.tolerance = tolerance, o.iterations = 500;
    return bram_hmm_em(w->cx, f, states, &w->o->e, &d, &o);
}

/* ---- the number of states ------------------------------------------------------------------- */

/* log p of each row given those before it. */
static int score(double *bin, const struct world *w, const bram_hmm *m, const bram_mat *y)
{
    bram_hmm_data d = {.sequences = 1, .y = y};
    bram_chain chain = bram_hmm_chain(m);
    size_t mark = bram_scratch_mark(w->cx);
    bram_mat l;
    BRAM_TRY(bram_mat_scratch(w->cx, &l, y->rows, m->states));
    BRAM_TRY(w->o->e.loglik(w->cx, &w->o->e, m, &d, 0, 0, &l));
    int status = bram_hmm_filter(w->cx, NULL, NULL, bin, NULL, &l, &chain);
    bram_scratch_release(w->cx, mark);
    return status;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

/* hit[k] and all[k]: intervals of 2, 3, 4 states against the best. */
static int choose_once(double *hit, double *all, const struct world *w, size_t i)
{
    bram_mat train, held, fresh, bin, long_bin, choice;
    double value[HELD];
    size_t best = 0;
    BRAM_TRY(simulate(&train, w, TRAIN, "coverage/train", i));
    BRAM_TRY(simulate(&held, w, HELD, "coverage/held", i));
    BRAM_TRY(simulate(&fresh, w, FRESH, "coverage/fresh", i));
    BRAM_TRY(bram_mat_scratch(w->cx, &bin, CHOICES, HELD));
    BRAM_TRY(bram_mat_scratch(w->cx, &long_bin, CHOICES, FRESH));
    BRAM_TRY(bram_mat_scratch(w->cx, &choice, CHOICES, 4));
    for (size_t t = 0; t < HELD; t++) value[t] = UNITS;
    for (size_t k = 0; k < CHOICES; k++) {
        bram_hmm_fit f = {0};
        int status = fit(&f, w, &train, 2 + k, 1e-6);
        if (status == BRAM_OK) status = score(bram_row(&bin, k), w, &f.best, &held);
        if (status == BRAM_OK) status = score(bram_row(&long_bin, k), w, &f.best, &fresh);
        bram_hmm_fit_release(&f);
        BRAM_TRY(status);
        bram_row(&choice, k)[0] = (double)(2 + k);
        bram_row(&choice, k)[1] = mean_of(bram_row(&bin, k), HELD) / UNITS;
        if (bram_row(&choice, k)[1] > bram_row(&choice, best)[1]) best = k;
    }
    BRAM_TRY(bram_state_choice_intervals(w->cx, &choice, &bin, value, best));
    for (size_t k = 0; k < CHOICES; k++) {
        double truth = (mean_of(bram_row(&long_bin, k), FRESH) -
                        mean_of(bram_row(&long_bin, best), FRESH)) /
                       UNITS;
        if (k == best) continue;
        all[k]++;
        hit[k] += bram_row(&choice, k)[2] <= truth && truth <= bram_row(&choice, k)[3];
    }
    return BRAM_OK;
}

/* ---- parameters ----------------------------------------------------------------------------- */

/* Log rates, then logits of leaving the states. */
static void unpack(bram_hmm *m, const double *x)
{
    for (size_t i = 0; i < SMALL * SMALL; i++) m->state.data[i] = exp(x[i]);
    for (size_t k = 0; k < SMALL; k++) {
        double leave = 1 / (1 + exp(-x[SMALL * SMALL + k]));
        m->transition[k * SMALL + k] = 1 - leave, m->transition[k * SMALL + 1 - k] = leave;
    }
}

static void pack(double *x, const double *rate, const double *transition)
{
    for (size_t i = 0; i < SMALL * SMALL; i++) x[i] = log(rate[i]);
    for (size_t k = 0; k < SMALL; k++) {
        double leave = transition[k * SMALL + 1 - k];
        x[SMALL * SMALL + k] = log(leave / (1 - leave));
    }
}

static int evidence_at(double *out, const struct world *w, bram_hmm *m, const bram_mat *y,
                       const double *x)
{
    bram_hmm_data d = {.sequences = 1, .y = y};
    unpack(m, x);
    return bram_hmm_evidence(w->cx, out, m, &w->o->e, &d);
}

/* The observed information by second differences. */
static int information(bram_mat *out, const struct world *w, bram_hmm *m, const bram_mat *y,
                       const double *at)
{
    const double h = 1e-3;
    for (size_t i = 0; i < PARAMETERS; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;
            for (int corner = 0; corner < 4; corner++) {
                double x[PARAMETERS], value, a = corner & 1 ? h : -h, b = corner & 2 ? h : -h;
                memcpy(x, at, sizeof x);
                x[i] += a, x[j] += b;
                BRAM_TRY(evidence_at(&value, w, m, y, x));
                sum += value * (a * b > 0 ? 1 : -1);
            }
            bram_row(out, i)[j] = bram_row(out, j)[i] = -sum / (4 * h * h);
        }
    return BRAM_OK;
}

/* hit: of each parameter. */
static int estimate_once(double *hit, const struct world *w, size_t i)
{
    bram_hmm_fit f = {0};
    bram_mat y, its, inverse;
    double x[PARAMETERS], truth[PARAMETERS];
    BRAM_TRY(simulate(&y, w, ROWS, "coverage/rows", i));
    BRAM_TRY(bram_mat_scratch(w->cx, &its, PARAMETERS, PARAMETERS));
    BRAM_TRY(bram_mat_scratch(w->cx, &inverse, PARAMETERS, PARAMETERS));
    pack(truth, w->rate, w->transition);
    int status = fit(&f, w, &y, SMALL, 1e-12);
    size_t swapped[] = {1, 0};
    if (status == BRAM_OK && f.best.state.data[0] > f.best.state.data[SMALL])
        status = bram_hmm_reorder(w->cx, &f.best, swapped); /* as the truth has them */
    if (status == BRAM_OK) pack(x, f.best.state.data, f.best.transition);
    if (status == BRAM_OK) status = information(&its, w, &f.best, &y, x);
    if (status == BRAM_OK) status = bram_cholesky(w->cx, &its);
    for (size_t k = 0; k < PARAMETERS; k++) bram_row(&inverse, k)[k] = 1;
    if (status == BRAM_OK) status = bram_cholesky_solve(w->cx, &its, &inverse);
    for (size_t k = 0; k < PARAMETERS && status == BRAM_OK; k++)
        hit[k] += fabs(x[k] - truth[k]) <= 1.96 * sqrt(bram_row(&inverse, k)[k]);
    bram_hmm_fit_release(&f);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool tell(const char *what, double hit, double all, bool both_sides)
{
    double share = hit / all, slack = 0.01 + 3 * sqrt(.95 * .05 / all);
    bool good = share > .95 - slack && (!both_sides || share < .95 + slack);
    printf("%s %s: %.3f of %.0f\n", good ? "ok" : "not ok", what, share, all);
    return good;
}

static int run(bram_ctx *cx, size_t replicates, bool *good)
{
    static const char *const name[] = {"rate 1, state 1", "rate 2, state 1", "rate 1, state 2",
                                       "rate 2, state 2", "leaving state 1", "leaving state 2"};
    struct world w;
    double hit[PARAMETERS] = {0}, all[CHOICES] = {0}, together = 0;
    for (int small = 0; small < 2; small++) {
        int status = new_world(cx, &w, small);
        memset(hit, 0, sizeof hit);
        for (size_t i = 0; i < replicates && status == BRAM_OK; i++) {
            size_t mark = bram_scratch_mark(cx);
            status = small ? estimate_once(hit, &w, i) : choose_once(hit, all, &w, i);
            bram_scratch_release(cx, mark);
        }
        bram_observation_free(w.o);
        BRAM_TRY(status);
        for (size_t k = 0; k < CHOICES && !small; k++) {
            char what[64];
            snprintf(what, sizeof what, "%zu states against the best", 2 + k);
            if (2 + k != STATES) *good &= tell(what, hit[k], all[k], false);
            else printf("# %s, which is then wrong: %.0f of %.0f\n", what, hit[k], all[k]);
        }
        for (size_t k = 0; k < PARAMETERS && small; k++) {
            printf("# %s: %.3f of %zu\n", name[k], hit[k] / (double)replicates, replicates);
            together += hit[k];
        }
    }
    *good &= tell("all parameters together", together, (double)(PARAMETERS * replicates), true);
    return BRAM_OK;
}

int main(int argc, char **argv)
{
    long replicates = argc > 1 ? strtol(argv[1], NULL, 10) : 400;
    bool good = true;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = cx ? run(cx, replicates < 1 ? 1 : (size_t)replicates, &good) : BRAM_ENOMEM;
    if (status != BRAM_OK) fprintf(stderr, "coverage: %s\n", cx ? bram_ctx_message(cx) : "");
    bram_ctx_free(cx);
    return status != BRAM_OK || !good;
}
