/*
 * hmm_glm.c - hidden states in each of which every neuron is a Poisson regression on the history of
 * all: the HMM-GLM, with priors over the states' connections (core/spike_emission.h).
 *
 * prior=none|bayes|gauss|onehot as published; prior=connectome is our own: connections of a file
 * are the means of the weights (use=mean, BAYES about gain times the connection, the largest of
 * which counts as 1) or the class probabilities of the one-hot prior (use=class: 0.8 for what the
 * file says, 0.1 for the two others; both signs share where the file has no signs).
 *
 * Several numbers of states: the one with the highest log likelihood of the validation part by the
 * filter. Sequences are the target stretches of the segments.
 */
#include "forecast.h"
#include "hash.h"
#include "linalg.h"
#include "spike_emission.h"
#include "spike_model.h"
#include "state_checkpoint.h"
#include "state_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What a fit works on. */
struct job {
    bram_spike_model *m; /* of one state until the number is known */
    bram_spike_data data;
    bram_hmm_glm glm;
    bram_gumbel gumbel;
    bram_hmm_options em;
    bram_mat centre, classes; /* of a connectome, on the heap */
    size_t choices;           /* numbers of states to try */
    const char *checkpoint;
    char key[65]; /* of the checkpoint */
    const bram_panel *train;
};

/* ---- connections of a file ------------------------------------------------------------------ */

/* FILE.h5:SOURCE/LAYER opened, and the table of edges. */
static int open_layer(bram_ctx *cx, bram_dataset **ds, const bram_axis **layer, const char *text)
{
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || !strchr(colon, '/'))
        return bram_fail(cx, BRAM_EUSAGE,
                         "connectome is \"%s\", expected FILE.h5:SOURCE/LAYER (worm.h5:cook2019/"
                         "chemical)",
                         text);
    char *file = bram_strf(cx, "%.*s", (int)(colon - text), text);
    char *path = bram_strf(cx, "connectome/%s", colon + 1);
    int status = file && path ? bram_dataset_open(cx, ds, file) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        *layer = bram_dataset_table(*ds, path);
        if (!*layer) {
            status = bram_fail(cx, BRAM_EABSENT, "%s has no table %s", file, path);
            bram_dataset_free(*ds);
        }
    }
    bram_free(file);
    bram_free(path);
    return status;
}

/* Weights [from][to] of the units by their ids; the largest has size 1. */
static int read_edges(bram_ctx *cx, bram_mat *out, const bram_axis *layer, const bram_axis *unit,
                      bool *has_signs)
{
    const bram_column *from = bram_axis_column(layer, "from"), *to = bram_axis_column(layer, "to");
    const bram_column *weight = bram_axis_column(layer, "weight");
    double most = 0;
    size_t n = bram_axis_length(unit);
    if (!from || !from->text || !to || !to->text || !weight || !weight->number)
        return bram_fail(cx, BRAM_EFORMAT,
                         "a connectome's layer needs columns from, to and weight");
    BRAM_TRY(bram_mat_scratch(cx, out, n, n));
    for (size_t e = 0; e < bram_axis_length(layer); e++) {
        ptrdiff_t i = bram_axis_find(unit, from->text[e]), j = bram_axis_find(unit, to->text[e]);
        if (i < 0 || j < 0) continue;
        double *at = bram_row(out, (size_t)i) + j;
        *at += weight->number[e];
        *has_signs = *has_signs || weight->number[e] < 0;
        most = fmax(most, fabs(*at));
    }
    if (!(most > 0) || !isfinite(most))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "no edge of the connectome is between two units of the recording");
    for (size_t i = 0; i < n * n; i++) out->data[i] /= most;
    return BRAM_OK;
}

/* Probabilities of inhibitory, none, excitatory. */
static void class_of(double *p, double edge, bool has_signs)
{
    p[0] = p[1] = p[2] = 0.1;
    if (edge == 0) p[1] = 0.8;
    else if (!has_signs) p[0] = p[2] = 0.45;
    else p[edge < 0 ? 0 : 2] = 0.8;
}

static int use_connectome(bram_ctx *cx, struct job *j, const bram_options *o)
{
    bram_dataset *ds = NULL;
    const bram_axis *layer = NULL;
    bram_mat edge;
    bool has_signs = false, mean = bram_option_is(o, "use", "mean");
    size_t units = j->m->units, bumps = j->m->phi.cols, size = units * bumps * units;
    double gain = bram_option_real(o, "gain") / (double)bumps;
    BRAM_TRY(open_layer(cx, &ds, &layer, bram_option_text(o, "connectome")));
    int status = read_edges(cx, &edge, layer, j->train->unit, &has_signs);
    if (status == BRAM_OK && mean) status = bram_mat_new(cx, &j->centre, units * bumps, units);
    if (status == BRAM_OK && !mean)
        status = bram_mat_new(cx, &j->classes, 3 * units * bumps, units);
    for (size_t i = 0; i < size && status == BRAM_OK; i++) {
        double w = bram_row(&edge, i / units / bumps)[i % units], p[3];
        class_of(p, w, has_signs);
        if (mean) j->centre.data[i] = gain * w;
        for (size_t c = 0; c < 3 && !mean; c++) j->classes.data[c * size + i] = p[c];
    }
    j->glm.prior = mean ? BRAM_GLM_BAYES : BRAM_GLM_ONE_HOT;
    j->glm.centre = mean ? &j->centre : NULL;
    j->glm.classes = mean ? NULL : &j->classes;
    bram_dataset_free(ds);
    return status;
}

/* ---- fitting -------------------------------------------------------------------------------- */

static void read_options(struct job *j, const bram_options *o, uint64_t seed)
{
    const char *prior = bram_option_text(o, "prior"), *start = bram_option_text(o, "start");
    j->glm = (bram_hmm_glm){.link = j->m->link,
                            .sigma = bram_option_real(o, "sigma"),
                            .strength = bram_option_real(o, "strength"),
                            .history = j->m->units * j->m->phi.cols,
                            .scatter = 0.1};
    j->glm.prior = strcmp(prior, "bayes") == 0    ? BRAM_GLM_BAYES
                   : strcmp(prior, "gauss") == 0  ? BRAM_GLM_GAUSS
                   : strcmp(prior, "onehot") == 0 ? BRAM_GLM_ONE_HOT
                                                  : BRAM_GLM_NONE;
    if (bram_option_is(o, "spread", "fitted")) j->glm.sigma = (double)NAN;
    j->em = bram_hmm_defaults();
    j->em.iterations = (size_t)bram_option_integer(o, "iterations");
    j->em.tolerance = bram_option_real(o, "tolerance");
    j->em.starts = (size_t)bram_option_integer(o, "starts");
    j->em.kmeans = strcmp(start, "random") != 0;
    j->em.random = strcmp(start, "kmeans") != 0;
    j->em.stay = bram_option_real(o, "stay");
    j->em.alpha = bram_option_real(o, "alpha");
    j->em.kappa = bram_option_real(o, "kappa");
    j->em.seed = seed;
    j->glm.shared_bias = bram_option_is(o, "bias", "shared");
    j->gumbel = (bram_gumbel){.temperature = bram_option_real(o, "temperature"),
                              .rate = bram_option_real(o, "rate"),
                              .steps = (size_t)bram_option_integer(o, "steps"),
                              .seed = seed};
    j->checkpoint = bram_option_text(o, "checkpoint");
}

/* By sampling: epochs in place of iterations, all of them, as the objective may fall. */
static int use_gumbel(bram_ctx *cx, struct job *j, const bram_options *o)
{
    if (!bram_option_is(o, "method", "gumbel")) return BRAM_OK;
    if (j->glm.prior != BRAM_GLM_ONE_HOT)
        return bram_fail(cx, BRAM_EUSAGE,
                         "method=gumbel is for classes: prior=onehot, or prior=connectome with "
                         "use=class; prior is %s",
                         bram_option_text(o, "prior"));
    j->glm.gumbel = &j->gumbel;
    j->em.iterations = (size_t)bram_option_integer(o, "epochs");
    j->em.tolerance = -HUGE_VAL;
    return BRAM_OK;
}

/* The fitted numbers as a model. */
static int take(bram_ctx *cx, bram_spike_model **out, const struct job *j, const bram_hmm *from)
{
    bram_spike_model *m = NULL;
    BRAM_TRY(bram_spike_model_copy(cx, &m, j->m, from->states));
    memcpy(m->initial.data, from->initial, from->states * sizeof(double));
    memcpy(m->transition.data, from->transition, from->states * from->states * sizeof(double));
    for (size_t k = 0; k < from->states; k++) {
        bram_mat theta = bram_hmm_glm_theta(&j->glm, from, k);
        memcpy(bram_row(&m->theta, k * theta.rows), theta.data,
               theta.rows * theta.cols * sizeof(double));
    }
    *out = m;
    return BRAM_OK;
}

static int run_em(bram_ctx *cx, bram_hmm_fit *f, const struct job *j, size_t states,
                  const bram_emission *e, const bram_hmm_data *d)
{
    if (!j->checkpoint[0]) return bram_hmm_em(cx, f, states, e, d, &j->em);
    char *path = bram_state_checkpoint_path(cx, j->checkpoint, states, j->choices);
    if (!path) return BRAM_ENOMEM;
    int status = bram_state_checkpoint_em(cx, f, path, j->key, states, e, d, &j->em);
    bram_free(path);
    return status;
}

static int fit_states(bram_ctx *cx, bram_spike_model **out, struct job *j, size_t states)
{
    bram_emission e;
    bram_hmm_fit f = {0};
    bram_mat *memory = bram_scratch(cx, j->data.segments, sizeof *memory);
    if (!memory) return BRAM_ENOMEM;
    j->glm.design = &j->data.design, j->glm.y = &j->data.y;
    j->glm.present = j->data.present, j->glm.begin = j->data.begin;
    BRAM_TRY(bram_hmm_glm_begin(cx, &j->glm, &e, states));
    bram_hmm_data d = bram_hmm_glm_data(&j->glm, memory, j->data.segments);
    int status = run_em(cx, &f, j, states, &e, &d);
    if (status == BRAM_OK) {
        bram_hmm_glm_harden(&j->glm, &f.best);
        status = take(cx, out, j, &f.best);
    }
    if (status == BRAM_OK && f.unvisited)
        bram_note(cx, "hmm-glm: %zu of %zu states are never visited", f.unvisited, states);
    bram_hmm_fit_release(&f);
    bram_hmm_glm_release(&j->glm);
    return status;
}

/* What a checkpoint belongs to: the options, the seed and the training data. */
static int key_of(bram_ctx *cx, char hex[65], const struct job *j, const bram_options *o,
                  uint64_t seed)
{
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, bram_options_canonical(o));
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, seed);
    if (status == BRAM_OK)
        status = bram_hash_add(cx, h, j->data.design.data,
                               j->data.design.rows * j->data.design.cols * sizeof(double));
    if (status == BRAM_OK)
        status = bram_hash_add(cx, h, j->data.y.data,
                               j->data.y.rows * j->data.y.cols * sizeof(double));
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

/* What is held out to choose by: log p of every row for each number of states. */
struct held_out {
    const bram_panel *panel; /* NULL: one number of states, and nothing to choose by */
    bram_mat bin;            /* choices x rows */
    double *count;           /* of each row: values */
};

static int prepare_held_out(bram_ctx *cx, struct held_out *h, const bram_panel *validation,
                            size_t choices)
{
    size_t rows = 0;
    *h = (struct held_out){.panel = validation};
    for (size_t s = 0; validation && s < validation->segments; s++)
        rows += validation->segment[s].y.rows - validation->segment[s].first;
    BRAM_TRY(bram_mat_scratch(cx, &h->bin, choices, rows));
    h->count = bram_scratch(cx, rows, sizeof *h->count);
    return h->count ? BRAM_OK : BRAM_ENOMEM;
}

/* Fits choice c, whose row is filled; it becomes *out where it is better than that. */
static int try_states(bram_ctx *cx, bram_spike_model **out, struct job *j, struct held_out *h,
                      bram_mat *choice, size_t c, size_t *best)
{
    bram_spike_model *trial = NULL, *worse;
    double *row = bram_row(choice, c), sum = 0, counts = 0, *bin = bram_row(&h->bin, c);
    size_t mark = bram_scratch_mark(cx);
    int status = fit_states(cx, &trial, j, (size_t)row[0]);
    if (status == BRAM_OK && h->panel)
        status = bram_spike_model_bins(cx, bin, h->count, trial, h->panel);
    bram_scratch_release(cx, mark);
    for (size_t t = 0; t < h->bin.cols && status == BRAM_OK; t++)
        sum += bin[t], counts += h->count[t];
    row[1] = counts > 0 ? sum / counts : 0;
    worse = trial;
    if (status == BRAM_OK && (!*out || row[1] > bram_row(choice, *best)[1]))
        worse = *out, *out = trial, *best = c;
    bram_spike_model_free(worse);
    return status;
}

/* All numbers of states; the best one by the validation data. */
static int choose(bram_ctx *cx, bram_spike_model **out, struct job *j, const bram_options *o,
                  const bram_panel *validation, uint64_t seed)
{
    size_t choices, best = 0;
    const int64_t *states = bram_option_integers(o, "states", &choices);
    struct held_out h;
    bram_mat choice = {0};
    BRAM_TRY(bram_forecast_check_choice(cx, choices, validation));
    BRAM_TRY(prepare_held_out(cx, &h, validation, choices));
    BRAM_TRY(bram_mat_new(cx, &choice, choices, choices > 1 ? 4 : 2));
    j->choices = choices;
    int status = j->checkpoint[0] ? key_of(cx, j->key, j, o, seed) : BRAM_OK;
    for (size_t c = 0; c < choices && status == BRAM_OK; c++) {
        bram_row(&choice, c)[0] = (double)states[c];
        status = try_states(cx, out, j, &h, &choice, c, &best);
    }
    if (status == BRAM_OK && choices > 1)
        status = bram_state_choice_intervals(cx, &choice, &h.bin, h.count, best);
    if (status == BRAM_OK && *out) {
        bram_free((*out)->choice.data);
        (*out)->choice = choice;
        if (j->checkpoint[0]) bram_state_checkpoint_remove(cx, j->checkpoint, states, choices);
        return BRAM_OK;
    }
    bram_free(choice.data);
    bram_spike_model_free(*out);
    *out = NULL;
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    struct job j = {.train = train};
    bram_mat phi;
    bram_spike_model *best = NULL;
    BRAM_TRY(bram_history_kernels(cx, &phi, bram_basis_by_name(bram_option_text(o, "basis")),
                                  (size_t)bram_option_integer(o, "window"),
                                  (size_t)bram_option_integer(o, "bumps"),
                                  bram_option_real(o, "beta")));
    BRAM_TRY(bram_spike_model_begin(cx, &j.m, train, 1,
                                    bram_link_by_name(bram_option_text(o, "link")), phi,
                                    bram_option_flag(o, "inputs")));
    size_t mark = bram_scratch_mark(cx);
    int status = bram_spike_data_make(cx, &j.data, j.m, train);
    read_options(&j, o, seed);
    if (status == BRAM_OK && bram_option_is(o, "prior", "connectome"))
        status = use_connectome(cx, &j, o);
    if (status == BRAM_OK) status = use_gumbel(cx, &j, o);
    if (status == BRAM_OK) status = choose(cx, &best, &j, o, validation, seed);
    bram_scratch_release(cx, mark);
    bram_spike_data_release(&j.data);
    bram_free(j.centre.data);
    bram_free(j.classes.data);
    bram_spike_model_free(j.m);
    if (status == BRAM_OK) *fitted = best;
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

/* The connectome's file. */
static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    bram_dataset *ds = NULL;
    const bram_axis *layer;
    hex[0] = 0;
    if (!bram_option_is(o, "prior", "connectome")) return BRAM_OK;
    BRAM_TRY(open_layer(cx, &ds, &layer, bram_option_text(o, "connectome")));
    int status = bram_dataset_hash(cx, ds, hex);
    bram_dataset_free(ds);
    return status;
}

/* The design, posteriors, and for each neuron and coefficient the information of a step. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t choices, most = 1, bumps = 1;
    const int64_t *states = bram_option_integers(o, "states", &choices);
    for (size_t c = 0; c < choices; c++)
        if ((size_t)states[c] > most) most = (size_t)states[c];
    if (bram_option_is(o, "basis", "free")) bumps = (size_t)bram_option_integer(o, "window");
    if (bram_option_is(o, "basis", "raised-cosine"))
        bumps = (size_t)bram_option_integer(o, "bumps");
    double width = 1 + (double)units * (double)bumps + (double)inputs;
    double bytes = 8 * ((double)rows * (width + (double)units + (double)most) +
                        (double)units * width * (width + 16 * (double)most));
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"prior", BRAM_PARAM_CHOICE, "onehot", "none|bayes|gauss|onehot|connectome", 0, 0,
     "of the weights: none, N(0, sigma), N(mu, sigma) with mu fitted, classes, a connectome"},
    {"states", BRAM_PARAM_INTEGERS, "4", NULL, 1, 1000,
     "number of states; several: chosen by the likelihood of the validation data"},
    {"basis", BRAM_PARAM_CHOICE, "exp", BRAM_BASIS_CHOICES, 0, 0,
     "kernels of history: bumps in log time, one exponential, or one weight for each lag"},
    {"window", BRAM_PARAM_INTEGER, "5", NULL, 1, 1000, "bins of history"},
    {"bumps", BRAM_PARAM_INTEGER, "5", NULL, 1, 100, "raised cosines"},
    {"beta", BRAM_PARAM_REAL, "1", NULL, 0, 100, "decay of the exponential, a bin"},
    {"link", BRAM_PARAM_CHOICE, "softplus", BRAM_LINK_CHOICES, 0, 0, "from predictor to rate"},
    {"sigma", BRAM_PARAM_REAL, "0.3333333333333333", NULL, 1e-6, 1e6, "of the Gaussian priors"},
    {"spread", BRAM_PARAM_CHOICE, "given", "given|fitted", 0, 0, "sigma of prior=gauss"},
    {"strength", BRAM_PARAM_REAL, "1", NULL, 1e-6, 1e6,
     "scale of the half-normal strengths of prior=onehot"},
    {"method", BRAM_PARAM_CHOICE, "exact", "exact|gumbel", 0, 0,
     "of classes: without sampling, or by Gumbel noise and Adam as published"},
    {"epochs", BRAM_PARAM_INTEGER, "10", NULL, 0, 1e6, "of method=gumbel, in place of iterations"},
    {"steps", BRAM_PARAM_INTEGER, "50", NULL, 1, 1e6, "of Adam, an epoch and sequence"},
    {"rate", BRAM_PARAM_REAL, "0.01", NULL, 1e-9, 10, "of Adam"},
    {"temperature", BRAM_PARAM_REAL, "0.5", NULL, 0.01, 10, "of method=gumbel"},
    {"bias", BRAM_PARAM_CHOICE, "state", "state|shared", 0, 0,
     "an intercept for each state and neuron, or one for each neuron"},
    {"connectome", BRAM_PARAM_TEXT, "", NULL, 0, 0, "FILE.h5:SOURCE/LAYER of prior=connectome"},
    {"use", BRAM_PARAM_CHOICE, "mean", "mean|class", 0, 0, "what the connectome gives"},
    {"gain", BRAM_PARAM_REAL, "1", NULL, -1e6, 1e6, "weight of its strongest connection"},
    {"starts", BRAM_PARAM_INTEGER, "4", NULL, 1, 100000, "starts, of which the best is kept"},
    {"start", BRAM_PARAM_CHOICE, "both", "kmeans|random|both", 0, 0,
     "how states begin: k-means, random, or both in turn"},
    {"iterations", BRAM_PARAM_INTEGER, "200", NULL, 0, 1e6, "most EM iterations of a start"},
    {"tolerance", BRAM_PARAM_REAL, "1e-6", NULL, 0, 1,
     "a start ends when the log posterior gains less than this share of itself"},
    {"stay", BRAM_PARAM_REAL, "0.98", NULL, 0, 1, "diagonal of the first transition matrix"},
    {"alpha", BRAM_PARAM_REAL, "1", NULL, 1, 1e9,
     "Dirichlet prior of the rows of the transition matrix"},
    {"kappa", BRAM_PARAM_REAL, "0", NULL, 0, 1e12, "transitions to itself added to each state"},
    {"inputs", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "use inputs (stimulus, behaviour) where given"},
    {"checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "file where a fit that is stopped keeps its best, and from which it goes on"},
    {.name = NULL},
};

const bram_model bram_model_hmm_glm = {
    .name = "hmm-glm",
    .summary = "states that switch the Poisson regressions of all neurons on all histories",
    .source = "Escola et al. 2011; Li et al. 2024, arXiv 2310.15263 (method=gumbel); "
              "one-hot without sampling: core/spike_onehot.c",
    .missing = "missing counts are no targets; in histories they stand at their unit's mean",
    .version = 6,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH) |
               BRAM_ANSWERS(BRAM_ASK_STATES) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_COUNTS | BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = bram_spike_model_answer,
    .save = bram_spike_model_save,
    .load = load,
    .release = release,
    .content = content,
    .memory = memory,
};
