/*
 * glm.c - Poisson regression of each unit's counts on spike history and inputs.
 *
 *   eta[t][n] = b[n] + own history + population or coupling terms + sum over d of v[n][d] x[t][d]
 *
 * coupling=none: a constant rate; own: the unit's own history alone; population: and the summed
 * history of all others, one weight a kernel; full: the history of every unit. The objective is the
 * log likelihood minus ridge / 2 times the squared weights (not the intercept), with lasso minus
 * lasso sqrt(B) times the length of the B weights from each unit (group lasso). Several penalties:
 * those with the highest log likelihood of the validation data. A unit that never spikes in
 * training gets half a spike.
 */
#include "linalg.h"
#include "poisson_glm.h"
#include "spike_model.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

enum { STEPS = 50 };
static const double TOLERANCE = 1e-10, FORGOTTEN = 0.5; /* spikes of a silent unit */

typedef enum coupling { NONE, OWN, POPULATION, FULL } coupling;

/* One fit of all units. */
struct job {
    bram_spike_model *m;
    const bram_spike_data *data;
    coupling coupling;
    size_t own, others; /* kernels of the own history, of the others' sum: 0 without one */
    double ridge, lasso;
};

static size_t small_width(const struct job *j)
{
    return 1 + j->own + j->others + j->m->inputs;
}

/* Intercept, own history, the others' history, inputs, of unit n. */
static void small_design(bram_mat *out, const struct job *j, size_t n)
{
    const bram_mat *u = &j->data->design;
    size_t bumps = j->m->phi.cols, units = j->m->units;
    for (size_t t = 0; t < u->rows; t++) {
        const double *from = bram_row(u, t);
        double *to = bram_row(out, t), *own = to + 1, *rest = own + j->own;
        to[0] = 1;
        memcpy(own, from + 1 + n * bumps, j->own * sizeof *own);
        memset(rest, 0, j->others * sizeof *rest);
        for (size_t k = 0; k < units; k++)
            for (size_t b = 0; b < j->others && k != n; b++) rest[b] += from[1 + k * bumps + b];
        memcpy(rest + j->others, from + 1 + units * bumps, j->m->inputs * sizeof *rest);
    }
}

/* Coefficients of unit n in the small design from those of the model, and back. */
static void exchange(const struct job *j, size_t n, double *small, bool back)
{
    size_t bumps = j->m->phi.cols, units = j->m->units;
    bram_mat *theta = &j->m->theta;
    size_t rest = 1 + j->own, inputs = rest + j->others;
    size_t other = n ? 0 : 1;
    if (!back) {
        small[0] = bram_row(theta, 0)[n];
        for (size_t b = 0; b < j->own; b++) small[1 + b] = bram_row(theta, 1 + n * bumps + b)[n];
        for (size_t b = 0; b < j->others; b++)
            small[rest + b] = units > 1 ? bram_row(theta, 1 + other * bumps + b)[n] : 0;
        for (size_t d = 0; d < j->m->inputs; d++)
            small[inputs + d] = bram_row(theta, 1 + units * bumps + d)[n];
        return;
    }
    bram_row(theta, 0)[n] = small[0];
    for (size_t k = 0; k < units; k++)
        for (size_t b = 0; b < bumps; b++)
            bram_row(theta, 1 + k * bumps + b)[n] = k == n && b < j->own      ? small[1 + b]
                                                    : k != n && b < j->others ? small[rest + b]
                                                                              : 0;
    for (size_t d = 0; d < j->m->inputs; d++)
        bram_row(theta, 1 + units * bumps + d)[n] = small[inputs + d];
}

/* Ridge on everything but the intercept; groups of the lasso: a group a source of history. */
static int fit_design(bram_ctx *cx, bram_mat *theta, const bram_glm *g, const struct job *j)
{
    size_t m = theta->rows, bumps = j->m->phi.cols, last = m - 1 - j->m->inputs;
    bram_mat precision;
    bram_glm with = *g;
    BRAM_TRY(bram_mat_scratch(cx, &precision, m, theta->cols));
    for (size_t i = theta->cols; i < m * theta->cols; i++) precision.data[i] = j->ridge;
    with.precision = &precision;
    if (!(j->lasso > 0)) return bram_glm_fit(cx, theta, NULL, &with, STEPS, TOLERANCE);
    int *group = bram_scratch(cx, m, sizeof *group);
    if (!group) return BRAM_ENOMEM;
    for (size_t i = 0; i < m; i++) group[i] = i && i <= last ? (int)((i - 1) / bumps) : -1;
    return bram_glm_fit_lasso(cx, theta, &with, group, (last + bumps - 1) / bumps, j->lasso, STEPS,
                              TOLERANCE);
}

static bram_glm problem(const struct job *j, const bram_mat *design)
{
    return (bram_glm){.design = design,
                      .y = j->data->y,
                      .present = j->data->present,
                      .present_stride = j->m->units,
                      .link = j->m->link};
}

static int fit_unit(bram_ctx *cx, size_t n, void *user)
{
    const struct job *j = user;
    bram_mat design, theta;
    BRAM_TRY(bram_mat_scratch(cx, &design, j->data->design.rows, small_width(j)));
    BRAM_TRY(bram_mat_scratch(cx, &theta, design.cols, 1));
    small_design(&design, j, n);
    exchange(j, n, theta.data, false);
    bram_glm g = problem(j, &design);
    g.y = (bram_mat){g.y.data + n, g.y.rows, 1, g.y.stride};
    if (g.present) g.present += n;
    BRAM_TRY(fit_design(cx, &theta, &g, j));
    exchange(j, n, theta.data, true);
    return BRAM_OK;
}

/* A unit without spikes: no weights. */
static void silence(const struct job *j)
{
    bram_mat *theta = &j->m->theta;
    for (size_t n = 0; n < j->m->units; n++) {
        if (j->m->mean.data[n] > 0) continue;
        for (size_t i = 0; i < theta->rows; i++) bram_row(theta, i)[n] = 0;
        theta->data[n] = bram_link_inverse(j->m->link, FORGOTTEN / (double)j->data->y.rows);
    }
}

static int fit_all(bram_ctx *cx, struct job *j)
{
    if (j->coupling == FULL) {
        size_t mark = bram_scratch_mark(cx);
        bram_glm g = problem(j, &j->data->design);
        int status = fit_design(cx, &j->m->theta, &g, j);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    } else BRAM_TRY(bram_parallel_for(cx, j->m->units, fit_unit, j));
    silence(j);
    return BRAM_OK;
}

/* All penalties, from the largest on, each from the fit before; the best stays in the model. */
static int choose(bram_ctx *cx, struct job *j, const bram_options *o, const bram_panel *validation)
{
    size_t ridges, lassos, size = j->m->theta.rows * j->m->units, counts;
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    const double *lasso = bram_option_reals(o, "lasso", &lassos);
    double *best = bram_scratch(cx, size, sizeof *best), most = -INFINITY, evidence = 0;
    if (!best) return BRAM_ENOMEM;
    if (ridges * lassos > 1 && !validation)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%zu penalties and no validation data to choose by: give "
                         "one ridge and one lasso",
                         ridges * lassos);
    for (size_t k = 0; k < ridges * lassos; k++) {
        j->ridge = ridge[ridges - 1 - k % ridges];
        j->lasso = lasso[lassos - 1 - k / ridges];
        BRAM_TRY(fit_all(cx, j));
        if (ridges * lassos > 1)
            BRAM_TRY(bram_spike_model_evidence(cx, &evidence, &counts, j->m, validation));
        bram_ctx_progress(cx, "penalties", (double)k + 1, (double)(ridges * lassos));
        if (k && !(evidence > most)) continue;
        most = evidence;
        memcpy(best, j->m->theta.data, size * sizeof *best);
    }
    memcpy(j->m->theta.data, best, size * sizeof *best);
    return BRAM_OK;
}

static void start(bram_spike_model *m)
{
    for (size_t n = 0; n < m->units; n++)
        m->theta.data[n] = bram_link_inverse(m->link, m->mean.data[n]);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    bram_mat phi;
    bram_spike_model *m = NULL;
    bram_spike_data data = {0};
    BRAM_TRY(bram_history_kernels(cx, &phi, bram_basis_by_name(bram_option_text(o, "basis")),
                                  (size_t)bram_option_integer(o, "window"),
                                  (size_t)bram_option_integer(o, "bumps"),
                                  bram_option_real(o, "beta")));
    BRAM_TRY(bram_spike_model_begin(cx, &m, train, 1,
                                    bram_link_by_name(bram_option_text(o, "link")), phi,
                                    bram_option_flag(o, "inputs")));
    size_t mark = bram_scratch_mark(cx);
    int status = bram_spike_data_make(cx, &data, m, train);
    struct job j = {.m = m, .data = &data};
    size_t others = (size_t)bram_option_integer(o, "others"), bumps = m->phi.cols;
    j.coupling = bram_option_is(o, "coupling", "none")         ? NONE
                 : bram_option_is(o, "coupling", "own")        ? OWN
                 : bram_option_is(o, "coupling", "population") ? POPULATION
                                                               : FULL;
    if (j.coupling != NONE) j.own = bumps;
    if (j.coupling == POPULATION) j.others = others && others < bumps ? others : bumps;
    start(m);
    if (status == BRAM_OK) status = choose(cx, &j, o, validation);
    bram_scratch_release(cx, mark);
    bram_spike_data_release(&data);
    if (status == BRAM_OK) *fitted = m;
    else bram_spike_model_free(m);
    return status;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    bram_spike_model *m = NULL;
    BRAM_TRY(bram_spike_model_load(cx, &m, bram_link_by_name(bram_option_text(o, "link")), in));
    *fitted = m;
    return BRAM_OK;
}

static void release(void *fitted)
{
    bram_spike_model_free(fitted);
}

/* The design, a copy for a unit, coefficients. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t bumps = bram_option_is(o, "basis", "exp")    ? 1
                   : bram_option_is(o, "basis", "free") ? (size_t)bram_option_integer(o, "window")
                                                        : (size_t)bram_option_integer(o, "bumps");
    double width = 1 + (double)units * (double)bumps + (double)inputs;
    double bytes = 8 * (2 * (double)rows * width + 6 * width * (double)units);
    if (bram_option_is(o, "coupling", "full") && width <= BRAM_GLM_NEWTON_MOST)
        bytes += 8 * width * width * (double)units;
    else if (bram_option_is(o, "coupling", "full"))
        bytes += 8 * (12 * width * width + 30 * width * (double)units) + (double)(1 << 28);
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"coupling", BRAM_PARAM_CHOICE, "population", "none|own|population|full", 0, 0,
     "whose history a unit sees: none, its own, and the sum of the others', everybody's"},
    {"others", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000,
     "kernels (the first ones) that see the others' sum; 0: all"},
    {"basis", BRAM_PARAM_CHOICE, "raised-cosine", BRAM_BASIS_CHOICES, 0, 0,
     "kernels of history: bumps in log time, one exponential, or one weight for each lag"},
    {"window", BRAM_PARAM_INTEGER, "20", NULL, 1, 1000, "bins of history"},
    {"bumps", BRAM_PARAM_INTEGER, "5", NULL, 1, 100, "raised cosines"},
    {"beta", BRAM_PARAM_REAL, "1", NULL, 0, 100, "decay of the exponential, a bin"},
    {"link", BRAM_PARAM_CHOICE, "softplus", BRAM_LINK_CHOICES, 0, 0, "from predictor to rate"},
    {"ridge", BRAM_PARAM_REALS, "1+10+100+1000", NULL, 0, 1e300,
     "penalty of the squared weights; several: chosen on validation"},
    {"lasso", BRAM_PARAM_REALS, "0", NULL, 0, 1e300,
     "group lasso over sources of history; several: chosen on validation"},
    {"inputs", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "use inputs (stimulus, behaviour) where given"},
    {.name = NULL},
};

const bram_model bram_model_glm = {
    .name = "glm",
    .summary = "Poisson regression of spike counts on history, coupling and inputs",
    .source = "Truccolo et al. 2005; Pillow et al. 2008; group lasso: Yuan and Lin 2006",
    .missing = "missing counts are no targets; in histories they stand at their unit's mean",
    .version = 4,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH) |
               BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_COUNTS | BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = bram_spike_model_answer,
    .save = bram_spike_model_save,
    .load = load,
    .release = release,
    .memory = memory,
};
