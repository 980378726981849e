/*
 * state_model.c - fits, numbers of states, files of the models with hidden states; see
 * state_model.h.
 */
#include "state_model.h"

#include "forecast.h"
#include "hash.h"
#include "linalg.h"
#include "state_checkpoint.h"
#include "state_choice.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bram_state_model_release(void *fitted)
{
    bram_state_model *m = fitted;
    if (!m) return;
    bram_observation_free(m->o);
    bram_hmm_release(&m->m);
    bram_free(m->kept);
    bram_free(m->mean.data);
    bram_free(m->input_mean.data);
    bram_free(m->occupancy.data);
    bram_free(m->choice.data);
    bram_free(m);
}

void bram_state_setup_read(bram_state_setup *s, const bram_options *o, uint64_t seed)
{
    s->states = bram_option_integers(o, "states", &s->choices);
    s->em = bram_hmm_defaults();
    s->em.starts = (size_t)bram_option_integer(o, "starts");
    s->em.iterations = (size_t)bram_option_integer(o, "iterations");
    s->em.tolerance = bram_option_real(o, "tolerance");
    s->em.alpha = bram_option_real(o, "alpha");
    s->em.kappa = bram_option_real(o, "kappa");
    s->em.kmeans = !bram_option_is(o, "start", "random");
    s->em.random = !bram_option_is(o, "start", "kmeans");
    s->em.seed = seed;
    s->options = o;
}

/* ---- what training shows -------------------------------------------------------------------- */

/* Whether a unit says anything: it is there, and real values of it differ. */
static bool says_something(const bram_panel *train, size_t unit, bool real)
{
    bool any = false;
    double first = 0;
    for (size_t i = 0; i < train->segments; i++) {
        const bram_segment *s = &train->segment[i];
        for (size_t t = s->first; t < s->y.rows; t++) {
            if (s->y_present && !s->y_present[t * s->y.cols + unit]) continue;
            double value = bram_row(&s->y, t)[unit];
            if (any && value != first) return true;
            if (!real) return true;
            first = value;
            any = true;
        }
    }
    return false;
}

static size_t count_classes(const bram_panel *train)
{
    double most = 1;
    for (size_t i = 0; i < train->segments; i++) {
        const bram_segment *s = &train->segment[i];
        for (size_t t = s->first; t < s->y.rows; t++)
            for (size_t u = 0; u < s->y.cols; u++) {
                double value = bram_row(&s->y, t)[u];
                bool there = !s->y_present || s->y_present[t * s->y.cols + u];
                if (there && value > most && value < 1e6) most = value;
            }
    }
    return (size_t)most + 1;
}

static int input_means(bram_ctx *cx, bram_mat *mean, const bram_panel *train)
{
    size_t n = train->segment[0].x.cols;
    if (n == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the data have no inputs, which this model needs");
    BRAM_TRY(bram_mat_new(cx, mean, 1, n));
    for (size_t j = 0; j < n; j++) {
        double count = 0, sum = 0;
        for (size_t i = 0; i < train->segments; i++) {
            const bram_segment *s = &train->segment[i];
            if (s->x.cols != n)
                return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu inputs, the first has %zu",
                                 i, s->x.cols, n);
            for (size_t t = s->first; t < s->x.rows; t++) {
                if (s->x_present && !s->x_present[t * n + j]) continue;
                sum += bram_row(&s->x, t)[j];
                count++;
            }
        }
        mean->data[j] = count > 0 ? sum / count : 0;
        if (!isfinite(mean->data[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "input %zu holds a value that is not finite", j);
    }
    return BRAM_OK;
}

/* Means, kept units and the emission; its means and variances are still to come. */
static int begin(bram_ctx *cx, bram_state_model *m, const bram_state_setup *setup,
                 const bram_panel *train)
{
    bram_observation like = setup->like;
    BRAM_TRY(bram_forecast_means(cx, &m->mean.data, train));
    size_t units = train->segment[0].y.cols;
    m->mean = (bram_mat){m->mean.data, 1, units, units};
    if (setup->inputs) BRAM_TRY(input_means(cx, &m->input_mean, train));
    m->kept = bram_alloc(cx, units, sizeof *m->kept);
    if (!m->kept) return BRAM_ENOMEM;
    like.units = 0;
    for (size_t u = 0; u < units; u++)
        if (says_something(train, u, !like.kind->valid)) m->kept[like.units++] = u;
    if (!like.units)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "none of the %zu units is there in training and changes", units);
    like.covariates = m->input_mean.cols;
    if (!like.classes) like.classes = count_classes(train);
    return bram_observation_new(cx, &m->o, &like);
}

/* ---- the number of states ------------------------------------------------------------------- */

struct held_out {
    bram_hmm_data d;
    const bram_panel *panel;
    size_t rows;
    double values; /* present ones of the target rows */
    double *value; /* of each target row: how many */
    bram_mat bin;  /* choices x rows: log p of each row */
};

static int prepare_held_out(bram_ctx *cx, struct held_out *h, const bram_state_model *m,
                            const bram_panel *panel, size_t choices)
{
    size_t at = 0, n = m->o->units;
    *h = (struct held_out){.panel = panel};
    for (size_t i = 0; i < panel->segments; i++)
        h->rows += panel->segment[i].y.rows - panel->segment[i].first;
    BRAM_TRY(bram_state_data(cx, &h->d, m, panel, true, false, NULL));
    BRAM_TRY(bram_mat_scratch(cx, &h->bin, choices, h->rows));
    h->value = bram_scratch(cx, h->rows, sizeof *h->value);
    if (!h->value) return BRAM_ENOMEM;
    for (size_t i = 0; i < panel->segments; i++)
        for (size_t t = panel->segment[i].first; t < panel->segment[i].y.rows; t++, at++) {
            const uint8_t *mask = bram_hmm_present(&h->d, i, t);
            for (size_t u = 0; u < n; u++) h->value[at] += !mask || mask[u];
            h->values += h->value[at];
        }
    if (!(h->values > 0))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the validation data have no target");
    return BRAM_OK;
}

/* log p of every target row given the rows before it. */
static int score(bram_ctx *cx, double *out, const struct held_out *h, const bram_observation *o,
                 const bram_hmm *m)
{
    bram_chain chain = bram_hmm_chain(m);
    for (size_t i = 0; i < h->d.sequences; i++) {
        size_t mark = bram_scratch_mark(cx), rows = h->d.y[i].rows;
        size_t first = h->panel->segment[i].first;
        bram_mat l;
        if (rows == 0) continue;
        double *bin = bram_scratch(cx, rows, sizeof *bin);
        if (!bin) return BRAM_ENOMEM;
        BRAM_TRY(bram_mat_scratch(cx, &l, rows, m->states));
        BRAM_TRY(o->e.loglik(cx, &o->e, m, &h->d, i, 0, &l));
        BRAM_TRY(bram_hmm_filter(cx, NULL, NULL, bin, NULL, &l, &chain));
        memcpy(out, bin + first, (rows - first) * sizeof *out);
        out += rows - first;
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- fit ------------------------------------------------------------------------------------ */

struct search {
    bram_state_model *m;
    const bram_state_setup *setup;
    bram_hmm_data train;
    double values; /* present ones in training */
    struct held_out held_out;
    bool choose;
    size_t best;
    char key[65]; /* of the checkpoint; empty: none */
};

/* The better of two: what the fit found becomes the model's. */
static int take_over(bram_ctx *cx, struct search *s, bram_hmm_fit *f)
{
    bram_state_model *m = s->m;
    size_t k = f->best.states;
    bram_hmm old = m->m;
    bram_free(m->occupancy.data);
    m->occupancy = (bram_mat){f->occupancy, 1, k, k};
    m->m = f->best;
    f->best = old;
    f->occupancy = NULL;
    if (f->unvisited)
        bram_note(cx, "%zu of %zu states are not visited by the training data", f->unvisited, k);
    return BRAM_OK;
}

/* What a checkpoint belongs to: options, seed and training data. */
static int key_of(bram_ctx *cx, char hex[65], const struct search *s)
{
    const bram_hmm_data *d = &s->train;
    bram_hash *h = NULL;
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = bram_hash_add_text(cx, h, bram_options_canonical(s->setup->options));
    if (status == BRAM_OK) status = bram_hash_add_u64(cx, h, s->setup->em.seed);
    for (size_t i = 0; i < d->sequences; i++)
        for (size_t t = 0; t < d->y[i].rows && status == BRAM_OK; t++) {
            const uint8_t *mask = bram_hmm_present(d, i, t);
            size_t n = d->y[i].cols, inputs = d->x[i].cols;
            status = bram_hash_add(cx, h, bram_row(&d->y[i], t), n * sizeof(double));
            if (status == BRAM_OK && mask) status = bram_hash_add(cx, h, mask, n);
            if (status == BRAM_OK && inputs)
                status = bram_hash_add(cx, h, bram_row(&d->x[i], t), inputs * sizeof(double));
        }
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

static const char *checkpoint(const struct search *s)
{
    return bram_option_text(s->setup->options, "checkpoint");
}

static int fit_states(bram_ctx *cx, bram_hmm_fit *f, const struct search *s, size_t i)
{
    size_t states = (size_t)s->setup->states[i];
    const bram_emission *e = &s->m->o->e;
    const bram_hmm_options *o = &s->setup->em;
    if (!s->key[0]) return bram_hmm_em(cx, f, states, e, &s->train, o);
    char *path = bram_state_checkpoint_path(cx, checkpoint(s), states, s->setup->choices);
    if (!path) return BRAM_ENOMEM;
    int status = bram_state_checkpoint_em(cx, f, path, s->key, states, e, &s->train, o);
    bram_free(path);
    return status;
}

static int try_states(bram_ctx *cx, struct search *s, size_t i)
{
    bram_hmm_fit f = {0};
    double *row = bram_row(&s->m->choice, i), sum = 0;
    int status = fit_states(cx, &f, s, i);
    if (status == BRAM_OK && s->choose)
        status = score(cx, bram_row(&s->held_out.bin, i), &s->held_out, s->m->o, &f.best);
    for (size_t t = 0; t < s->held_out.rows && status == BRAM_OK; t++)
        sum += bram_row(&s->held_out.bin, i)[t];
    if (status == BRAM_OK) {
        row[0] = (double)s->setup->states[i];
        row[1] = s->choose ? sum / s->held_out.values : 0;
        row[4] = f.evidence / s->values;
        row[5] = (double)f.best_iterations;
        if (i == 0 || row[1] > bram_row(&s->m->choice, s->best)[1]) {
            status = take_over(cx, s, &f);
            s->best = i;
        }
    }
    bram_hmm_fit_release(&f);
    return status;
}

static double count_values(const bram_hmm_data *d)
{
    double n = 0;
    for (size_t i = 0; i < d->sequences; i++)
        for (size_t t = 0; t < d->y[i].rows; t++) {
            const uint8_t *mask = bram_hmm_present(d, i, t);
            for (size_t u = 0; u < d->y[i].cols; u++) n += !mask || mask[u];
        }
    return n;
}

static int search(bram_ctx *cx, bram_state_model *m, const bram_state_setup *setup,
                  const bram_panel *train, const bram_panel *validation)
{
    struct search s = {.m = m, .setup = setup, .choose = setup->choices > 1};
    BRAM_TRY(bram_forecast_check_choice(cx, setup->choices, validation));
    BRAM_TRY(begin(cx, m, setup, train));
    BRAM_TRY(bram_state_data(cx, &s.train, m, train, false, true, NULL));
    bram_observation_describe(m->o, &s.train);
    s.values = count_values(&s.train);
    if (s.choose) BRAM_TRY(prepare_held_out(cx, &s.held_out, m, validation, setup->choices));
    BRAM_TRY(bram_mat_new(cx, &m->choice, setup->choices, BRAM_CHOICE_COLUMNS));
    if (checkpoint(&s)[0]) BRAM_TRY(key_of(cx, s.key, &s));
    for (size_t i = 0; i < setup->choices; i++) BRAM_TRY(try_states(cx, &s, i));
    if (s.key[0]) bram_state_checkpoint_remove(cx, checkpoint(&s), setup->states, setup->choices);
    return s.choose ? bram_state_choice_intervals(cx, &m->choice, &s.held_out.bin, s.held_out.value,
                                                  s.best)
                    : BRAM_OK;
}

int bram_state_model_fit(bram_ctx *cx, void **fitted, const bram_state_setup *setup,
                         const bram_panel *train, const bram_panel *validation)
{
    bram_state_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = search(cx, m, setup, train, validation);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else bram_state_model_release(m);
    return status;
}

size_t bram_state_model_memory(const bram_state_setup *setup, size_t rows, size_t units,
                               size_t inputs)
{
    size_t most = 1, side = 1 + units * (setup->like.lags + 1) + inputs;
    for (size_t i = 0; i < setup->choices; i++)
        if ((size_t)setup->states[i] > most) most = (size_t)setup->states[i];
    return 8 * (rows * (2 * most + units + inputs) + 17 * most * side * side);
}

/* ---- files ---------------------------------------------------------------------------------- */

int bram_state_model_save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const bram_state_model *m = fitted;
    size_t n = m->o->units, k = m->m.states, mark = bram_scratch_mark(cx);
    double classes = (double)m->o->classes;
    bram_mat kept, scale = {m->o->mean, 2, n, n};
    BRAM_TRY(bram_mat_scratch(cx, &kept, 1, n));
    for (size_t i = 0; i < n; i++) kept.data[i] = (double)m->kept[i];
    const struct {
        const char *name;
        bram_mat value;
    } parts[] = {{"initial", {m->m.initial, 1, k, k}},
                 {"transition", {m->m.transition, k, k, k}},
                 {"emission", m->m.state},
                 {"kept", kept},
                 {"scale", scale},
                 {"mean", m->mean},
                 {"input_mean", m->input_mean},
                 {"occupancy", m->occupancy},
                 {"choice", m->choice},
                 {"classes", {&classes, 1, 1, 1}}};
    int status = BRAM_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && status == BRAM_OK; i++)
        if (parts[i].value.cols) status = bram_state_put(cx, out, parts[i].name, &parts[i].value);
    bram_scratch_release(cx, mark);
    return status;
}

/* A matrix of the file with so many rows and columns (0: any number). */
static int get(bram_ctx *cx, bram_mat *m, const bram_dataset *in, const char *name, size_t rows,
               size_t cols)
{
    BRAM_TRY(bram_state_get(cx, m, in, name));
    if ((!rows || m->rows == rows) && (!cols || m->cols == cols) && m->rows && m->cols)
        return BRAM_OK;
    int status = bram_fail(cx, BRAM_EFORMAT, "state/%s is %zu x %zu, expected %zu x %zu", name,
                           m->rows, m->cols, rows, cols);
    bram_free(m->data);
    *m = (bram_mat){0};
    return status;
}

static int get_kept(bram_ctx *cx, bram_state_model *m, bram_mat *kept, const bram_dataset *in)
{
    BRAM_TRY(get(cx, kept, in, "kept", 1, 0));
    m->kept = bram_alloc(cx, kept->cols, sizeof *m->kept);
    if (!m->kept) return BRAM_ENOMEM;
    for (size_t i = 0; i < kept->cols; i++) {
        double u = kept->data[i];
        if (!(u >= 0 && u < (double)m->mean.cols) || u != floor(u))
            return bram_fail(cx, BRAM_EFORMAT, "state/kept holds %g, expected a unit", u);
        m->kept[i] = (size_t)u;
    }
    return BRAM_OK;
}

static int get_chain(bram_ctx *cx, bram_hmm *m, const bram_dataset *in)
{
    bram_mat initial, transition;
    BRAM_TRY(get(cx, &initial, in, "initial", 1, 0));
    m->initial = initial.data;
    m->states = initial.cols;
    BRAM_TRY(get(cx, &transition, in, "transition", m->states, m->states));
    m->transition = transition.data;
    for (size_t i = 0; i < m->states * m->states; i++)
        if (!(transition.data[i] >= 0 && transition.data[i] <= 1))
            return bram_fail(cx, BRAM_EFORMAT, "state/transition holds %g", transition.data[i]);
    return BRAM_OK;
}

static int read_state(bram_ctx *cx, bram_state_model *m, bram_mat *kept, bram_mat *scale,
                      bram_mat *classes, const bram_state_setup *setup, const bram_dataset *in)
{
    bram_observation like = setup->like;
    BRAM_TRY(get(cx, &m->mean, in, "mean", 1, 0));
    BRAM_TRY(get_kept(cx, m, kept, in));
    BRAM_TRY(get_chain(cx, &m->m, in));
    BRAM_TRY(get(cx, scale, in, "scale", 2, kept->cols));
    BRAM_TRY(get(cx, classes, in, "classes", 1, 1));
    BRAM_TRY(get(cx, &m->occupancy, in, "occupancy", 1, m->m.states));
    BRAM_TRY(get(cx, &m->choice, in, "choice", 0, BRAM_CHOICE_COLUMNS));
    if (setup->inputs) BRAM_TRY(get(cx, &m->input_mean, in, "input_mean", 1, 0));
    if (!(classes->data[0] >= 2 && classes->data[0] <= 1e6))
        return bram_fail(cx, BRAM_EFORMAT, "state/classes is %g", classes->data[0]);
    like.units = kept->cols;
    like.covariates = m->input_mean.cols;
    like.classes = (size_t)classes->data[0];
    BRAM_TRY(bram_observation_new(cx, &m->o, &like));
    memcpy(m->o->mean, scale->data, 2 * like.units * sizeof *scale->data);
    BRAM_TRY(bram_mat_new(cx, &m->m.shared, 1, 0));
    return get(cx, &m->m.state, in, "emission", m->m.states, m->o->e.per_state);
}

int bram_state_model_load(bram_ctx *cx, void **fitted, const bram_state_setup *setup,
                          const bram_dataset *in)
{
    bram_mat kept = {0}, scale = {0}, classes = {0};
    bram_state_model *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = read_state(cx, m, &kept, &scale, &classes, setup, in);
    bram_free(kept.data);
    bram_free(scale.data);
    bram_free(classes.data);
    if (status == BRAM_OK) *fitted = m;
    else bram_state_model_release(m);
    return status;
}
