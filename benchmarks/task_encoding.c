/*
 * task_encoding.c - the task "encoding": predict the responses of an area's units to stimuli that
 * were left out, from features of the stimuli.
 *
 * Stimuli are cut into folds once (options seed, group, stratify; the same image is never on both
 * sides); in each the model is fitted on the training
 * stimuli alone and predicts the others. A model that tells features of stimuli (features:layer2, a
 * network) is mapped to the responses by the model that `map` names (ridge, which chooses its
 * penalty within the training stimuli); a model that answers with responses itself (ridge, mean) is
 * fitted directly, its input being the set that `features` names. Either sees no response to a test
 * stimulus. Targets are means over repeats.
 *
 * A model that tells features of several layers gets one score of all, for which each fold is
 * predicted by the layer that was best on the other folds (layer_choice.h), and one of each layer,
 * METRIC@LAYER.
 *
 * Paired metrics (pearson, r2) score each unit on the test stimuli of each fold; the raw value is
 * the mean over folds. Mapped metrics (encoding) are handed the same folds. Floor: mean, each
 * unit's training mean, blind to the stimulus. Ceiling: what the signal itself would score given
 * the reliability of each unit (reliability.h); none without repeats.
 */
#include "demand.h"
#include "layer_choice.h"
#include "linalg.h"
#include "reliability.h"
#include "scores.h"
#include "stimulus_folds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "parts of the stimuli, left out in turn"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the assignment of stimuli to folds"},
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli of which equal values are in one fold (movie)"},
    {"stratify", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli whose values are spread evenly over the folds (category)"},
    {"map", BRAM_PARAM_TEXT, "ridge", NULL, 0, 0, "the model that maps features to responses"},
    {"features", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the input of models that answer with responses: a set below stimuli/features"},
    {"score", BRAM_PARAM_CHOICE, "pooled", "pooled|folds", 0, 0,
     "over all left-out stimuli at once, or in each fold and then the mean over folds"},
    {"normalization", BRAM_PARAM_CHOICE, "ratio",
     "ratio|r2_over_reliability|squared_ratio|unitwise_r2_over_reliability|"
     "r_over_sqrt_reliability|nc_percent|none",
     0, 0, "of the score by the ceiling or the reliability, by its name in the field"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

enum { MODEL, BLIND, CONTESTANTS };

/* One layer of a model that has several. */
struct layer {
    const char *name;
    bram_side features;
    double *prediction; /* as struct encoding's */
};

struct encoding {
    const bram_cell *cell;
    const bram_options *o;
    bram_area area;
    bram_side target;   /* stimulus x unit, means over repeats */
    bram_side features; /* x; 0 columns when there are none */
    bram_axis *input;
    bram_dataset *answer; /* owns what the features lie along */
    const char *spec;     /* what is fitted: the map, or the cell's model */
    bool from_features;   /* the cell's model tells features */
    bram_fold *fold;      /* over the rows of the area */
    size_t folds;
    struct layer *layer; /* of a model with several; NULL: features are all */
    size_t layers;
    double *prediction[CONTESTANTS]; /* stimulus x unit: each from the fold that leaves it out */
    bram_scores *scores;
    char axis[64];
};

static void release(struct encoding *e)
{
    bram_scores_free(e->scores);
    bram_dataset_free(e->answer);
    bram_axis_free(e->input);
    bram_free(e->fold);
    bram_area_release(&e->area);
}

/* ---- features ------------------------------------------------------------------------------- */

/* The features are those of one layer from here on. */
static void use_layer(struct encoding *e, size_t k)
{
    e->features = e->layer[k].features;
    bram_axis_free(e->input);
    e->input = bram_axis_ref(e->features.column);
}

static int take_layers(bram_ctx *cx, struct encoding *e, size_t n)
{
    e->layer = bram_scratch(cx, n, sizeof *e->layer);
    if (!e->layer) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) {
        struct layer *l = &e->layer[k];
        const bram_response *r = bram_dataset_response(e->answer,
                                                       bram_dataset_response_path(e->answer, k));
        l->name = bram_response_name(r);
        BRAM_TRY(bram_area_layer(cx, &l->features, r, e->area.stimulus));
        if (l->features.is_rdm)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s is a dissimilarity matrix: responses cannot be predicted from it",
                             l->name);
    }
    e->layers = n;
    use_layer(e, 0);
    return BRAM_OK;
}

static int ask_features(bram_ctx *cx, struct encoding *e, const char *spec)
{
    bram_panel panel = {.public_data = e->cell->dataset};
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = e->area.stimulus};
    bram_fitted *f = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, spec, &panel, NULL, e->cell->seed));
    int status = bram_fitted_answer(cx, &e->answer, f, &query);
    bram_fitted_free(f);
    BRAM_TRY(status);
    size_t n = bram_dataset_responses(e->answer);
    if (n > 1) BRAM_TRY(take_layers(cx, e, n));
    if (n == 1)
        BRAM_TRY(bram_area_layer(
            cx, &e->features,
            bram_dataset_response(e->answer, bram_dataset_response_path(e->answer, 0)),
            e->area.stimulus));
    if (n == 0) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no features", spec);
    if (e->features.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s is a dissimilarity matrix: responses cannot be predicted from it",
                         spec);
    bram_axis_free(e->input);
    e->input = bram_axis_ref(e->features.column);
    return BRAM_OK;
}

/* The responses that are to be predicted are no features: area:name=PART is refused for PART. */
static int refuse_itself(bram_ctx *cx, const struct encoding *e, const bram_model *model,
                         const bram_options *o)
{
    if (strcmp(model->name, "area") != 0 || strcmp(bram_option_text(o, "name"), e->cell->part) != 0)
        return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s is not predicted from itself", e->cell->part);
}

/* What is fitted, and on which input. */
static int choose_input(bram_ctx *cx, struct encoding *e)
{
    const bram_model *model;
    bram_options *given = NULL;
    const char *set = bram_option_text(e->o, "features");
    BRAM_TRY(bram_model_parse(cx, &model, &given, NULL, e->cell->model));
    int refused = refuse_itself(cx, e, model, given);
    bram_options_free(given);
    BRAM_TRY(refused);
    e->from_features = !(model->answers & BRAM_ANSWERS(BRAM_ASK_RESPOND));
    e->spec = e->from_features ? bram_option_text(e->o, "map") : e->cell->model;
    if (e->from_features) return ask_features(cx, e, e->cell->model);
    e->features = (bram_side){.values = {NULL, e->area.stimuli, 0, 0}};
    if (!*set) return BRAM_OK;
    char *spec = bram_strf(cx, "features:name=%s", set);
    if (!spec) return BRAM_ENOMEM;
    int status = ask_features(cx, e, spec);
    bram_free(spec);
    return status;
}

/* ---- folds ---------------------------------------------------------------------------------- */

static int make_folds(bram_ctx *cx, struct encoding *e)
{
    bram_stimulus_split s = {.folds = (size_t)bram_option_integer(e->o, "folds"),
                             .seed = (uint64_t)bram_option_integer(e->o, "seed"),
                             .group = bram_option_text(e->o, "group"),
                             .stratify = bram_option_text(e->o, "stratify")};
    e->folds = s.folds;
    return bram_stimulus_folds(cx, &e->fold, e->area.stimulus, &s);
}

/* Rows of a table and its mask in scratch memory. */
static int take_rows(bram_ctx *cx, bram_mat *out, uint8_t **present, const bram_side *from,
                     const size_t *row, size_t rows)
{
    size_t cols = from->values.cols;
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    *present = from->present ? bram_scratch(cx, rows * cols, 1) : NULL;
    if (from->present && !*present) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows && cols; i++) {
        memcpy(bram_row(out, i), bram_row(&from->values, row[i]), cols * sizeof(double));
        if (*present) memcpy(*present + i * cols, from->present + row[i] * cols, cols);
    }
    return BRAM_OK;
}

/* The training stimuli with their responses, or the test stimuli with the responses masked. */
static int make_segment(bram_ctx *cx, bram_segment *out, bram_axis **row, const struct encoding *e,
                        const bram_fold *fold, bool test)
{
    const size_t *index = test ? fold->test : fold->train;
    size_t rows = test ? fold->tests : fold->trains;
    uint8_t *y_present, *x_present;
    *out = (bram_segment){.id = e->cell->part};
    BRAM_TRY(take_rows(cx, &out->y, &y_present, &e->target, index, rows));
    BRAM_TRY(take_rows(cx, &out->x, &x_present, &e->features, index, rows));
    if (test) {
        memset(out->y.data, 0, rows * out->y.cols * sizeof(double));
        if (y_present) memset(y_present, 0, rows * out->y.cols);
    }
    out->y_present = y_present;
    out->x_present = x_present;
    BRAM_TRY(bram_axis_take(cx, row, e->area.stimulus, index, rows));
    out->row = *row;
    return BRAM_OK;
}

static int take_prediction(bram_ctx *cx, double *out, const struct encoding *e,
                           const bram_fold *fold, const bram_dataset *answer, const char *spec)
{
    const bram_response *mean = bram_dataset_response(answer, "mean");
    size_t units = e->area.units;
    if (!mean || bram_response_dims(mean) != 2 || bram_response_length(mean, 0) != fold->tests ||
        bram_response_length(mean, 1) != units)
        return bram_fail(cx, BRAM_ESHAPE, "%s does not answer with a response mean of %zu x %zu",
                         spec, fold->tests, units);
    uint8_t *present = bram_scratch(cx, units, 1);
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->tests; i++) {
        BRAM_TRY(bram_response_read(cx, mean, (size_t[]){i, 0}, (size_t[]){1, units},
                                    out + fold->test[i] * units, present));
        for (size_t u = 0; u < units; u++)
            if (!present[u])
                return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no prediction for unit \"%s\"",
                                 spec, bram_axis_id(e->area.unit, u));
    }
    return BRAM_OK;
}

static int predict(bram_ctx *cx, double *out, const struct encoding *e, const bram_fold *fold,
                   const bram_panel *train, const bram_panel *test, const char *spec)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, spec, train, NULL, e->cell->seed));
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = test};
    int status = bram_fitted_answer(cx, &answer, f, &query);
    if (status == BRAM_OK) status = take_prediction(cx, out, e, fold, answer, spec);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return status;
}

static int run_fold(bram_ctx *cx, struct encoding *e, const bram_fold *fold,
                    double *const prediction[CONTESTANTS])
{
    bram_segment segment[2];
    bram_axis *row[2] = {NULL, NULL};
    bram_panel panel[2];
    int status = BRAM_OK;
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) {
        status = make_segment(cx, &segment[k], &row[k], e, fold, k == 1);
        panel[k] = (bram_panel){.unit = e->area.unit,
                                .input = e->input,
                                .public_data = e->cell->dataset,
                                .segment = &segment[k],
                                .segments = 1};
    }
    for (size_t c = 0; c < CONTESTANTS && status == BRAM_OK; c++)
        status = predict(cx, prediction[c], e, fold, &panel[0], &panel[1],
                         c == MODEL ? e->spec : "mean");
    for (size_t k = 0; k < 2; k++) bram_axis_free(row[k]);
    return status;
}

/* ---- layers --------------------------------------------------------------------------------- */

/* A bram_layer_fn. */
static int fit_layer(bram_ctx *cx, void *user, size_t layer, const bram_fold *fold,
                     double *prediction, double *blind)
{
    struct encoding *e = user;
    use_layer(e, layer);
    return run_fold(cx, e, fold, (double *[]){prediction, blind});
}

/* folds x layers: the scores that chose, and a 1 where a layer was chosen. */
static int keep_choice(bram_ctx *cx, bram_dataset *result, const struct encoding *e,
                       const size_t *chosen, const double *inner)
{
    bram_axis *fold = NULL, *layer = NULL;
    bram_response *r[2] = {NULL, NULL};
    const char **name = bram_scratch(cx, e->layers, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->layers; k++) name[k] = e->layer[k].name;
    int status = bram_axis_new(cx, &fold, "fold", e->folds);
    if (status == BRAM_OK) status = bram_axis_new(cx, &layer, "layer", e->layers);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, layer, name);
    for (size_t i = 0; i < 2 && status == BRAM_OK; i++)
        status = bram_response_new(cx, &r[i], i ? "chosen" : "inner", BRAM_F64, 2,
                                   (const bram_axis *[]){fold, layer});
    bram_axis_free(fold);
    bram_axis_free(layer);
    for (size_t f = 0; f < e->folds && status == BRAM_OK; f++) {
        memcpy(bram_response_f64(r[0]) + f * e->layers, inner + f * e->layers,
               e->layers * sizeof *inner);
        bram_response_f64(r[1])[f * e->layers + chosen[f]] = 1;
    }
    if (status == BRAM_OK) status = bram_dataset_add(cx, result, "layers", r[0]), r[0] = NULL;
    if (status == BRAM_OK) status = bram_dataset_add(cx, result, "layers", r[1]), r[1] = NULL;
    bram_response_free(r[0]);
    bram_response_free(r[1]);
    return status;
}

/* Every layer on every fold, and in the place of the model's prediction the chosen one's. */
static int run_layers(bram_ctx *cx, struct encoding *e, bram_dataset *result)
{
    size_t units = e->area.units, *chosen = bram_scratch(cx, e->folds, sizeof *chosen);
    double *inner = bram_scratch(cx, e->folds, e->layers * sizeof *inner);
    if (!chosen || !inner) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->layers; k++) {
        e->layer[k].prediction = bram_scratch(cx, e->area.stimuli, units * sizeof(double));
        if (!e->layer[k].prediction) return BRAM_ENOMEM;
    }
    bram_layer_problem p = {.target = &e->target.values,
                            .present = e->target.present,
                            .fold = e->fold,
                            .folds = e->folds,
                            .layers = e->layers,
                            .predict = fit_layer,
                            .user = e};
    BRAM_TRY(bram_layers_choose(cx, chosen, inner, &p));
    for (size_t f = 0; f < e->folds; f++) {
        for (size_t k = 0; k < e->layers; k++)
            BRAM_TRY(
                fit_layer(cx, e, k, &e->fold[f], e->layer[k].prediction, e->prediction[BLIND]));
        for (size_t i = 0; i < e->fold[f].tests; i++) {
            size_t at = e->fold[f].test[i] * units;
            memcpy(e->prediction[MODEL] + at, e->layer[chosen[f]].prediction + at,
                   units * sizeof(double));
        }
        bram_ctx_progress(cx, "folds", (double)f + 1, (double)e->folds);
    }
    return keep_choice(cx, result, e, chosen, inner);
}

static int run_folds(bram_ctx *cx, struct encoding *e, bram_dataset *result)
{
    for (size_t c = 0; c < CONTESTANTS; c++) {
        e->prediction[c] = bram_scratch(cx, e->area.stimuli * e->area.units, sizeof(double));
        if (!e->prediction[c]) return BRAM_ENOMEM;
    }
    if (e->layers) return run_layers(cx, e, result);
    for (size_t f = 0; f < e->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        int status = run_fold(cx, e, &e->fold[f], e->prediction);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "fold %zu", f + 1);
        bram_ctx_progress(cx, "folds", (double)f + 1, (double)e->folds);
    }
    return BRAM_OK;
}

/* ---- scores --------------------------------------------------------------------------------- */

/* The test stimuli of one fold. */
static int fold_piece(bram_ctx *cx, bram_score_piece *out, const struct encoding *e, double *model,
                      const bram_fold *fold)
{
    double *const prediction[CONTESTANTS] = {model, e->prediction[BLIND]};
    size_t units = e->area.units;
    uint8_t *present[CONTESTANTS + 1];
    bram_side side[CONTESTANTS];
    uint32_t *group = bram_scratch(cx, fold->tests, sizeof *group);
    if (!group) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->tests; i++) group[i] = (uint32_t)fold->test[i];
    for (size_t c = 0; c < CONTESTANTS; c++) {
        bram_side all = {.values = {prediction[c], e->area.stimuli, units, units}};
        side[c] = (bram_side){.column = e->area.unit};
        BRAM_TRY(take_rows(cx, &side[c].values, &present[c], &all, fold->test, fold->tests));
    }
    *out = (bram_score_piece){.model = side[MODEL],
                              .brain = {.column = e->area.unit},
                              .floor = {{"mean", side[BLIND]}},
                              .groups = {group, e->area.stimuli}};
    BRAM_TRY(take_rows(cx, &out->brain.values, &present[CONTESTANTS], &e->target, fold->test,
                       fold->tests));
    out->brain.present = present[CONTESTANTS];
    return BRAM_OK;
}

/* a - b, both stimulus x unit, as a side. */
static int difference(bram_ctx *cx, bram_side *out, const struct encoding *e, const double *a,
                      const double *b)
{
    size_t rows = e->area.stimuli, units = e->area.units;
    double *values = bram_scratch(cx, rows * units, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows * units; i++) values[i] = a[i] - b[i];
    *out = (bram_side){.values = {values, rows, units, units}, .column = e->area.unit};
    return BRAM_OK;
}

/* All stimuli, relative to the training means of their folds. */
static int pooled_piece(bram_ctx *cx, bram_score_piece *out, const struct encoding *e,
                        const double *model)
{
    const double *blind = e->prediction[BLIND];
    *out = (bram_score_piece){.floor = {{.name = "mean"}}};
    BRAM_TRY(difference(cx, &out->model, e, model, blind));
    BRAM_TRY(difference(cx, &out->floor[0].side, e, blind, blind));
    BRAM_TRY(difference(cx, &out->brain, e, e->target.values.data, blind));
    out->brain.present = e->target.present;
    return BRAM_OK;
}

static bram_rule normalization_of(const bram_options *o)
{
    bram_rule rule = BRAM_RULE_NONE;
    (void)bram_rule_find(&rule, bram_option_text(o, "normalization"));
    return rule;
}

/* The reliability of the units, where there are repeats, into the job. */
static int add_reliability(bram_ctx *cx, bram_score_job *job, const struct encoding *e,
                           const char *stream)
{
    size_t n = (size_t)bram_option_integer(e->o, "samples"), size;
    if (e->area.repeats < 2) return BRAM_OK;
    if (__builtin_mul_overflow(n, e->area.units, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu draws of %zu units", n, e->area.units);
    double *reliability = bram_scratch(cx, e->area.units, sizeof *reliability);
    double *draw = n ? bram_scratch(cx, size, sizeof *draw) : NULL;
    if (!reliability || (n && !draw)) return BRAM_ENOMEM;
    BRAM_TRY(bram_area_reliability(cx, reliability, draw, n, &e->area, 0, stream));
    job->ceiling = BRAM_CEILING_RELIABILITY;
    job->reliability = reliability;
    job->reliability_draw = draw;
    job->reliability_draws = n;
    return BRAM_OK;
}

/* Reliabilities as a response of their own, for the report. */
static int keep_reliability(bram_ctx *cx, bram_dataset *result, const struct encoding *e,
                            const double *reliability)
{
    bram_response *r = NULL;
    if (!reliability) return BRAM_OK;
    BRAM_TRY(
        bram_response_new(cx, &r, "reliability", BRAM_F64, 1, (const bram_axis *[]){e->area.unit}));
    uint8_t *present = bram_response_mask(cx, r);
    if (!present) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    for (size_t u = 0; u < e->area.units; u++) {
        present[u] = isfinite(reliability[u]);
        bram_response_f64(r)[u] = present[u] ? reliability[u] : 0;
    }
    return bram_dataset_add(cx, result, "", r);
}

static bool is_mapped(const char *spec)
{
    const char *space = strchr(spec, ' ');
    char name[64];
    if (space) spec = space + 1;
    snprintf(name, sizeof name, "%.*s", (int)bram_spec_name_length(spec), spec);
    const bram_metric *metric = bram_metric_find(name);
    return metric && metric->kind == BRAM_METRIC_MAPPED;
}

/* What one prediction is scored as: the model's, or that of one of its layers. */
static int make_job(bram_ctx *cx, bram_score_job *job, struct encoding *e, double *prediction)
{
    bool pooled = bram_option_is(e->o, "score", "pooled");
    bram_score_piece *piece = bram_scratch(cx, e->folds, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    if (pooled) BRAM_TRY(pooled_piece(cx, &piece[0], e, prediction));
    for (size_t f = 0; f < e->folds && !pooled; f++)
        BRAM_TRY(fold_piece(cx, &piece[f], e, prediction, &e->fold[f]));
    job->piece = piece;
    job->pieces = pooled ? 1 : e->folds;
    return BRAM_OK;
}

static int score_layers(bram_ctx *cx, struct encoding *e, const bram_score_job *like)
{
    const bram_benchmark *b = e->cell->benchmark;
    for (size_t k = 0; k < e->layers; k++) {
        size_t mark = bram_scratch_mark(cx);
        bram_score_job job = *like;
        job.label = e->layer[k].name;
        BRAM_TRY(make_job(cx, &job, e, e->layer[k].prediction));
        for (size_t m = 0; m < b->metric_count; m++)
            BRAM_TRY(bram_scores_add(cx, e->scores, b->metrics[m], &job));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct encoding *e, bram_dataset *result, const char *stream)
{
    const bram_benchmark *b = e->cell->benchmark;
    snprintf(e->axis, sizeof e->axis, "%zu stimuli", e->area.stimuli);
    bram_score_job job = {.join = BRAM_JOIN_MEAN,
                          .floors = 1,
                          .axis = e->axis,
                          .normalization = normalization_of(e->o)};
    BRAM_TRY(make_job(cx, &job, e, e->prediction[MODEL]));
    BRAM_TRY(add_reliability(cx, &job, e, stream));
    bram_score_piece whole = {.model = e->features, .brain = e->target};
    bram_score_job mapped = job;
    mapped.piece = &whole, mapped.pieces = 1, mapped.floors = 0;
    mapped.fold = e->fold, mapped.folds = e->folds;
    for (size_t m = 0; m < b->metric_count; m++) {
        bool maps = is_mapped(b->metrics[m]);
        if (maps && !e->from_features)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s maps features; %s answers with responses",
                             b->metrics[m], e->cell->model);
        if (maps && e->layers)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s maps one layer; %s has %zu (%s, %s ...): name it", b->metrics[m],
                             e->cell->model, e->layers, e->layer[0].name, e->layer[1].name);
        BRAM_TRY(bram_scores_add(cx, e->scores, b->metrics[m], maps ? &mapped : &job));
    }
    BRAM_TRY(score_layers(cx, e, &job));
    return keep_reliability(cx, result, e, job.reliability);
}

/* ---- run ------------------------------------------------------------------------------------ */

static int run_cell(bram_ctx *cx, struct encoding *e, bram_dataset *result)
{
    BRAM_TRY(bram_area_read(cx, &e->area, e->cell->dataset, e->cell->part));
    if (e->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s holds dissimilarity matrices, not responses",
                         e->cell->part);
    BRAM_TRY(bram_area_mean(cx, &e->target, &e->area));
    BRAM_TRY(choose_input(cx, e));
    BRAM_TRY(make_folds(cx, e));
    BRAM_TRY(run_folds(cx, e, result));
    char *stream = bram_strf(cx, "%s/%s", e->cell->benchmark->name, e->cell->part);
    if (!stream) return BRAM_ENOMEM;
    int status = bram_scores_new(cx, &e->scores, e->area.unit, stream, 0,
                                 (size_t)bram_option_integer(e->o, "samples"),
                                 bram_option_real(e->o, "level"));
    if (status == BRAM_OK) status = score(cx, e, result, stream);
    bram_free(stream);
    return status == BRAM_OK ? bram_scores_finish(cx, e->scores, result) : status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct encoding e = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &e, result);
    release(&e);
    bram_scratch_release(cx, mark);
    return status;
}

/* The stimuli with the fold that leaves each out, and the units. */
static int mark_folds(bram_ctx *cx, bram_demand *d, struct encoding *e, size_t mark)
{
    int64_t *fold = bram_scratch(cx, e->area.stimuli, sizeof *fold);
    int status = fold ? make_folds(cx, e) : BRAM_ENOMEM;
    for (size_t f = 0; status == BRAM_OK && f < e->folds; f++)
        for (size_t i = 0; i < e->fold[f].tests; i++) fold[e->fold[f].test[i]] = (int64_t)f + 1;
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, d->row, "fold", fold);
    bram_scratch_release(cx, mark);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    struct encoding e = {.o = b->options};
    bram_demand d = {0};
    BRAM_TRY(bram_area_demand(cx, &d, b, ds, part));
    int status = bram_area_read(cx, &e.area, ds, part);
    if (status == BRAM_OK) status = mark_folds(cx, &d, &e, bram_scratch_mark(cx));
    if (status == BRAM_OK) d.unit = bram_axis_ref(e.area.unit);
    release(&e);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

static int memory(bram_ctx *cx, size_t *out, const bram_cell *cell)
{
    const bram_model *map;
    bram_options *o = NULL;
    bram_area a = {0};
    size_t total = bram_area_bytes(cell->dataset, cell->part);
    char *path = bram_strf(cx, "responses/%s", cell->part);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(cell->dataset, path);
    bram_free(path);
    if (r) a.stimuli = bram_response_length(r, 0), a.units = bram_response_length(r, 1);
    size_t samples = (size_t)bram_option_integer(cell->benchmark->options, "samples");
    total += 64 * a.stimuli * a.units + 16 * samples * a.units;
    BRAM_TRY(
        bram_model_parse(cx, &map, &o, NULL, bram_option_text(cell->benchmark->options, "map")));
    size_t inputs = 0;
    for (size_t i = 0; i < bram_dataset_responses(cell->dataset); i++) {
        const char *at = bram_dataset_response_path(cell->dataset, i);
        const bram_response *set = bram_dataset_response(cell->dataset, at);
        if (strncmp(at, "stimuli/features/", 17) == 0 && bram_response_dims(set) == 2 &&
            bram_response_length(set, 1) > inputs)
            inputs = bram_response_length(set, 1);
    }
    size_t bytes, width;
    int status = bram_area_model_bytes(cx, &bytes, &width, cell->model, a.stimuli);
    if (width > inputs) inputs = width;
    total += bytes;
    if (map->memory) total += map->memory(o, a.stimuli, a.units, inputs);
    bram_options_free(o);
    if (status == BRAM_OK) *out = total;
    return status;
}

const bram_task bram_task_encoding = {
    .name = "encoding",
    .summary = "predict the responses of an area's units to new stimuli from features of them",
    .version = 2,
    .params = params,
    .parts = bram_area_parts,
    .demand = demand,
    .memory = memory,
    .run = run,
};
