/*
 * task_depth.c - the task "pseudo-depth": which layer of a network is an area most like, and how
 * sure is that?
 *
 * The model is a stack of layers: it is asked for its features and answers with several sets, in
 * the order of the option layers. Each layer is compared with the area by the first metric of the
 * benchmark (the mean over subjects). Its depth is its place, from 0 (first layer) to 1 (last);
 * the area's pseudo-depth is the depth of the layer with the highest similarity.
 *
 * A noisy peak says little by itself, so the whole comparison is done anew for each draw of
 * stimuli (or, bootstrap=units, of an area's units), and the layer that wins is written down. The
 * score is the median depth over draws with its interval; without draws that of the data. Rows
 * "METRIC@LAYER" hold the similarity of each layer with its interval, "share@LAYER" how often it
 * won. A metric that compares repeats (rsa:rdm=crossnobis) gets those of the area. Source: Shi,
 * Shea-Brown & Buice 2019 (NeurIPS, arXiv 1911.07986).
 */
#include "area.h"
#include "demand.h"
#include "resample.h"
#include "scoring.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_LAYERS = 256 };

static const bram_param params[] = {
    {"layers", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "names from the first to the last, joined by +; empty: all, as the model gives them"},
    {"bootstrap", BRAM_PARAM_CHOICE, "stimuli", "stimuli|units", 0, 0, "what is drawn"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

struct depth {
    const bram_cell *cell;
    bram_area area;
    bram_fitted *model;
    bram_dataset *answer;
    bram_scores *scores;
    bram_axis *one;
    bram_metric_use use;
    bool units, repeats; /* units are drawn; the metric compares repeats with each other */
    size_t layers, samples;
    char (*name)[64];
    void **layer, **brain; /* prepared: of each layer, of each subject */
    double *value, *draw;  /* similarity: of each layer; samples x layers */
    char stream[128];
};

static void release(struct depth *d)
{
    const bram_metric *m = d->use.metric;
    for (size_t i = 0; m && d->layer && i < d->layers; i++)
        if (d->layer[i]) m->release(d->layer[i]);
    for (size_t s = 0; m && d->brain && s < d->area.subjects; s++)
        if (d->brain[s]) m->release(d->brain[s]);
    bram_metric_use_release(&d->use);
    bram_scores_free(d->scores);
    bram_axis_free(d->one);
    bram_dataset_free(d->answer);
    bram_fitted_free(d->model);
    bram_area_release(&d->area);
}

/* ---- layers --------------------------------------------------------------------------------- */

/* A stack that is cut off, or a name, would give another depth: both are refused. */
static int add_layer(bram_ctx *cx, struct depth *d, const char *name, size_t length)
{
    if (d->layers == MOST_LAYERS || length >= sizeof *d->name)
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "layer %zu, \"%.*s\": expected at most %d layers with names of at most %zu "
            "bytes",
            d->layers + 1, (int)(length < 99 ? length : 99), name, MOST_LAYERS,
            sizeof *d->name - 1);
    memcpy(d->name[d->layers], name, length);
    d->name[d->layers++][length] = 0;
    return BRAM_OK;
}

static int name_layers(bram_ctx *cx, struct depth *d)
{
    const char *list = bram_option_text(d->cell->benchmark->options, "layers");
    size_t told = bram_dataset_responses(d->answer);
    d->name = bram_scratch(cx, MOST_LAYERS, sizeof *d->name);
    if (!d->name) return BRAM_ENOMEM;
    for (size_t i = 0; !*list && i < told; i++) {
        const char *name = bram_dataset_response_path(d->answer, i);
        BRAM_TRY(add_layer(cx, d, name, strlen(name)));
    }
    while (*list) {
        size_t length = strcspn(list, "+");
        BRAM_TRY(add_layer(cx, d, list, length));
        list += length + (list[length] == '+');
    }
    return d->layers > 1 ? BRAM_OK
                         : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                     "%s has %zu layer, expected a stack of two or more",
                                     d->cell->model, d->layers);
}

static int prepare_layers(bram_ctx *cx, struct depth *d)
{
    d->layer = bram_scratch(cx, d->layers, sizeof *d->layer);
    if (!d->layer) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->layers; i++) {
        const bram_response *r = bram_dataset_response(d->answer, d->name[i]);
        bram_side side;
        if (!r)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no layer \"%s\"", d->cell->model,
                             d->name[i]);
        BRAM_TRY(bram_area_layer(cx, &side, r, d->area.stimulus));
        BRAM_TRY(d->use.metric->prepare(cx, &d->layer[i], d->use.options, &side));
    }
    return BRAM_OK;
}

static int prepare_brains(bram_ctx *cx, struct depth *d)
{
    d->brain = bram_scratch(cx, d->area.subjects, sizeof *d->brain);
    if (!d->brain) return BRAM_ENOMEM;
    for (size_t s = 0; s < d->area.subjects; s++) {
        bram_side side;
        BRAM_TRY(bram_area_side(cx, &side, &d->area, s));
        if (d->repeats) BRAM_TRY(bram_area_add_repeats(cx, &side, &d->area, s));
        BRAM_TRY(d->use.metric->prepare(cx, &d->brain[s], d->use.options, &side));
    }
    return BRAM_OK;
}

/* ---- similarities --------------------------------------------------------------------------- */

/* One layer with one brain under weights on the stimuli. */
static int similarity(bram_ctx *cx, double *value, const struct depth *d, const void *layer,
                      const void *brain, const double *weight)
{
    bram_comparison c = {.model = layer, .brain = brain, .memory = bram_ctx_memory(cx)};
    void *pair = NULL;
    size_t values = 0;
    BRAM_TRY(d->use.metric->pair(cx, &pair, &values, d->use.options, &c));
    int status = values == 1 ? d->use.metric->compare(cx, value, pair, weight)
                             : bram_fail(cx, BRAM_EUSAGE, "%s gives %zu values, expected one",
                                         d->use.spec, values);
    if (d->use.metric->release_pair) d->use.metric->release_pair(pair);
    return status;
}

/* Of all layers: the mean over subjects where it is defined. */
static int similarities(bram_ctx *cx, double *out, const struct depth *d, void *const *brain,
                        size_t brains, const double *weight)
{
    for (size_t i = 0; i < d->layers; i++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < brains; s++) {
            double value = NAN;
            BRAM_TRY(similarity(cx, &value, d, d->layer[i], brain[s], weight));
            if (isfinite(value)) sum += value, count++;
        }
        out[i] = count > 0 ? sum / count : (double)NAN;
    }
    return BRAM_OK;
}

/* The area with drawn units, one brain of all of them. */
static int draw_units(bram_ctx *cx, void **brain, const struct depth *d, size_t sample)
{
    bram_side all, drawn;
    BRAM_TRY(bram_area_mean(cx, &all, &d->area));
    size_t n = all.values.rows, p = all.values.cols, at = 0;
    uint32_t *times = bram_scratch(cx, p, sizeof *times);
    double *values = bram_scratch(cx, n * p, sizeof *values);
    uint8_t *present = bram_scratch(cx, n * p, 1);
    if (!times || !values || !present) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, p, 0, d->stream, sample);
    for (size_t u = 0; u < p; u++)
        for (uint32_t t = 0; t < times[u]; t++, at++)
            for (size_t i = 0; i < n; i++) {
                values[i * p + at] = bram_row(&all.values, i)[u];
                present[i * p + at] = all.present[i * p + u];
            }
    drawn = all;
    drawn.values = (bram_mat){values, n, p, p}, drawn.present = present, drawn.column = NULL;
    return d->use.metric->prepare(cx, brain, d->use.options, &drawn);
}

static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    const struct depth *d = user;
    double *out = d->draw + sample * d->layers;
    if (d->units) {
        void *brain = NULL;
        BRAM_TRY(draw_units(cx, &brain, d, sample));
        int status = similarities(cx, out, d, &brain, 1, NULL);
        d->use.metric->release(brain);
        return status;
    }
    size_t n = d->area.stimuli;
    uint32_t *times = bram_scratch(cx, n, sizeof *times);
    double *weight = bram_scratch(cx, n, sizeof *weight);
    if (!times || !weight) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, n, 0, d->stream, sample);
    for (size_t i = 0; i < n; i++) weight[i] = times[i];
    return similarities(cx, out, d, d->brain, d->area.subjects, weight);
}

/* ---- scores --------------------------------------------------------------------------------- */

/* The layer that wins; NAN where no similarity is defined. Of equal ones the first. */
static double winner(const double *value, size_t layers)
{
    double best = NAN;
    for (size_t i = 0; i < layers; i++)
        if (!isnan(value[i]) && (isnan(best) || value[i] > value[(size_t)best])) best = (double)i;
    return best;
}

static int put(bram_ctx *cx, struct depth *d, const char *what, const char *layer, double value,
               const double *draw)
{
    char id[256];
    snprintf(id, sizeof id, "%s%s%s", what, layer ? "@" : "", layer ? layer : "");
    bram_score_made made = {.id = id,
                            .metric = what,
                            .axis = d->units ? "units" : "stimuli",
                            .value = value,
                            .chance = NAN,
                            .raw = &value,
                            .draw = draw,
                            .groups = d->units ? d->area.units : d->area.stimuli,
                            .distribution = true};
    return bram_scores_put(cx, d->scores, &made);
}

static int put_layers(bram_ctx *cx, struct depth *d, const double *won)
{
    double *draw = bram_scratch(cx, d->samples, sizeof *draw);
    if (!draw) return BRAM_ENOMEM;
    for (size_t i = 0; i < d->layers; i++) {
        for (size_t s = 0; s < d->samples; s++) draw[s] = d->draw[s * d->layers + i];
        BRAM_TRY(put(cx, d, d->use.spec, d->name[i], d->value[i], draw));
    }
    for (size_t i = 0; i < d->layers; i++) {
        double share = 0;
        for (size_t s = 0; s < d->samples; s++) share += draw[s] = won[s] == (double)i;
        if (!d->samples) share = winner(d->value, d->layers) == (double)i;
        BRAM_TRY(
            put(cx, d, "share", d->name[i], d->samples ? share / (double)d->samples : share, draw));
    }
    return BRAM_OK;
}

static int put_scores(bram_ctx *cx, struct depth *d)
{
    double last = (double)(d->layers - 1), depth = winner(d->value, d->layers) / last;
    double *won = bram_scratch(cx, d->samples, sizeof *won);
    double *draw = bram_scratch(cx, d->samples, sizeof *draw);
    double *defined = bram_scratch(cx, d->samples, sizeof *defined);
    size_t count = 0;
    if (!won || !draw || !defined) return BRAM_ENOMEM;
    for (size_t s = 0; s < d->samples; s++) {
        won[s] = winner(d->draw + s * d->layers, d->layers);
        draw[s] = won[s] / last;
        if (!isnan(draw[s])) defined[count++] = draw[s];
    }
    if (count) BRAM_TRY(bram_median(cx, &depth, defined, count));
    BRAM_TRY(put(cx, d, "pseudo-depth", NULL, depth, draw));
    return put_layers(cx, d, won);
}

static int check(bram_ctx *cx, const struct depth *d)
{
    const bram_metric *m = d->use.metric;
    if (m->kind != BRAM_METRIC_GEOMETRY || !m->prepare ||
        !bram_metric_higher_better(m, d->use.options))
        return bram_fail(cx, BRAM_EUSAGE,
                         "pseudo-depth by %s: expected a metric of geometry that is higher where "
                         "sides are more alike",
                         m->name);
    if (d->units && d->repeats)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "bootstrap=units draws the means of units over repeats, and %s compares "
                         "repeats: expected bootstrap=stimuli",
                         d->use.spec);
    if (d->units && d->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has dissimilarities, no units to draw from",
                         d->cell->part);
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, struct depth *d, bram_dataset *result)
{
    const bram_cell *c = d->cell;
    const bram_options *o = c->benchmark->options;
    bram_panel panel = {.public_data = c->dataset};
    d->units = bram_option_is(o, "bootstrap", "units");
    d->samples = (size_t)bram_option_integer(o, "samples");
    snprintf(d->stream, sizeof d->stream, "%.60s/%.60s", c->benchmark->name, c->part);
    BRAM_TRY(bram_metric_use_parse(cx, &d->use, c->benchmark->metrics[0]));
    d->repeats = d->use.metric->uses_repeats && d->use.metric->uses_repeats(d->use.options);
    BRAM_TRY(bram_area_read(cx, &d->area, c->dataset, c->part));
    BRAM_TRY(check(cx, d));
    BRAM_TRY(bram_fitted_new(cx, &d->model, c->model, &panel, NULL, c->seed));
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = d->area.stimulus};
    BRAM_TRY(bram_fitted_answer(cx, &d->answer, d->model, &query));
    BRAM_TRY(name_layers(cx, d));
    BRAM_TRY(prepare_layers(cx, d));
    BRAM_TRY(prepare_brains(cx, d));
    d->value = bram_scratch(cx, d->layers, sizeof *d->value);
    d->draw = bram_scratch(cx, d->samples * d->layers, sizeof *d->draw);
    if (!d->value || !d->draw) return BRAM_ENOMEM;
    BRAM_TRY(similarities(cx, d->value, d, d->brain, d->area.subjects, NULL));
    BRAM_TRY(bram_parallel_for(cx, d->samples, one_draw, d));
    BRAM_TRY(bram_axis_new(cx, &d->one, "unit", 1));
    BRAM_TRY(bram_scores_new(cx, &d->scores, d->one, d->stream, 0, d->samples,
                             bram_option_real(o, "level")));
    BRAM_TRY(put_scores(cx, d));
    return bram_scores_finish(cx, d->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct depth d = {.cell = cell};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &d, result);
    release(&d);
    bram_scratch_release(cx, mark);
    return status;
}

static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    (void)cx;
    *bytes = bram_area_bytes(cell->dataset, cell->part);
    return BRAM_OK;
}

const bram_task bram_task_depth = {
    .name = "pseudo-depth",
    .summary = "which layer of a network an area is most like, with the spread over draws",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .parts = bram_area_parts,
    .demand = bram_area_demand,
    .memory = memory,
    .run = run,
};
