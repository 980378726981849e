/*
 * task_geometry.c - the task "geometry": does a model represent stimuli as a brain area does?
 *
 * The model is asked for its features of the stimuli (or its RDM of them), the area (responses/ID)
 * gives patterns of units or RDMs, and a geometry metric (rsa) compares them: one raw value for
 * each subject, their mean is the score. Metrics that compare repeats with each other
 * (rsa:rdm=crossnobis) get them.
 *
 * A model of several layers gets one score of all, for which each fold of the stimuli is compared
 * by the layer that was best on the other folds, and one of each layer, "METRIC@LAYER"
 * (geometry_layers.h).
 *
 * Intervals: bootstrap over conditions, each stimulus a group of its own; they are about other
 * stimuli, not about other subjects. bootstrap=both draws subjects as well, and the intervals are
 * about both (the dual bootstrap of Schuett et al. 2023, see scores.h). Ceiling, where there are
 * several subjects: the noise ceiling of Nili et al. 2014 (see scores.h), lower and upper; column
 * ceiling_noise holds what the upper one would be for subjects of nothing but noise. There is no
 * floor: a model that tells no two stimuli apart has no geometry, and chance is 0.
 */
#include "area.h"
#include "demand.h"
#include "geometry_layers.h"
#include "scores.h"
#include "scoring.h"
#include "stimulus_folds.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"ceiling", BRAM_PARAM_CHOICE, "lower", "lower|upper", 0, 0,
     "which bound of the noise ceiling values are normalized by"},
    {"bootstrap", BRAM_PARAM_CHOICE, "conditions", "conditions|both", 0, 0,
     "what is drawn: stimuli, or stimuli and subjects"},
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 3, 1000,
     "parts of the stimuli, to choose a layer of a model that has several"},
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli of which equal values are in one fold"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

struct geometry {
    const bram_cell *cell;
    bram_area area;
    bram_fitted *model;
    bram_dataset *answer;
    bram_scores *scores;
    bram_axis *subjects;
    bram_fold *fold;
    char axis[64];
};

static void release(struct geometry *g)
{
    bram_scores_free(g->scores);
    bram_axis_free(g->subjects);
    bram_free(g->fold);
    bram_dataset_free(g->answer);
    bram_fitted_free(g->model);
    bram_area_release(&g->area);
}

/* The subjects as the axis of the raw values. */
static int name_subjects(bram_ctx *cx, struct geometry *g)
{
    BRAM_TRY(bram_axis_new(cx, &g->subjects, "subject", g->area.subjects));
    return bram_axis_set_ids(cx, g->subjects, g->area.subject);
}

/* The layers of the answer as sides, and folds of the stimuli to choose among them. */
static int take_layers(bram_ctx *cx, bram_layered *l, struct geometry *g)
{
    const bram_options *o = g->cell->benchmark->options;
    size_t n = bram_dataset_responses(g->answer);
    bram_side *side = bram_scratch(cx, n, sizeof *side);
    const char **name = bram_scratch(cx, n, sizeof *name);
    if (!side || !name) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) {
        name[k] = bram_dataset_response_path(g->answer, k);
        BRAM_TRY(bram_area_layer(cx, &side[k], bram_dataset_response(g->answer, name[k]),
                                 g->area.stimulus));
    }
    *l = (bram_layered){.layers = n, .name = name, .side = side, .cell = g->cell};
    if (n < 2) return BRAM_OK;
    bram_stimulus_split split = {.folds = (size_t)bram_option_integer(o, "folds"),
                                 .group = bram_option_text(o, "group")};
    BRAM_TRY(bram_stimulus_folds(cx, &g->fold, &l->folds, g->area.stimulus, &split));
    l->fold = g->fold;
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct geometry *g, bram_dataset *result)
{
    const bram_benchmark *b = g->cell->benchmark;
    size_t n = g->area.subjects;
    bram_layered layered;
    BRAM_TRY(take_layers(cx, &layered, g));
    bram_score_piece *piece = bram_scratch(cx, n, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    bool repeats;
    BRAM_TRY(
        bram_metrics_use_repeats(cx, &repeats, (const char *const *)b->metrics, b->metric_count));
    for (size_t s = 0; s < n; s++) {
        piece[s].model = layered.side[0];
        BRAM_TRY(bram_area_side(cx, &piece[s].brain, &g->area, s));
        if (repeats) BRAM_TRY(bram_area_add_repeats(cx, &piece[s].brain, &g->area, s));
    }
    bool both = bram_option_is(b->options, "bootstrap", "both");
    snprintf(g->axis, sizeof g->axis, both ? "%zu stimuli and %zu subjects" : "%zu stimuli",
             g->area.stimuli, n);
    bram_score_job job = {.piece = piece,
                          .pieces = n,
                          .join = BRAM_JOIN_BESIDE,
                          .resample_pieces = both,
                          .axis = g->axis,
                          .ceiling = bram_option_is(b->options, "ceiling", "upper")
                                         ? BRAM_CEILING_SUBJECTS_UPPER
                                         : BRAM_CEILING_SUBJECTS_LOWER};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(layered.layers == 1 ? bram_scores_add(cx, g->scores, b->metrics[m], &job)
                                     : bram_layered_add(cx, g->scores, b->metrics[m], &job,
                                                        &layered, m ? NULL : result));
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, struct geometry *g, bram_dataset *result)
{
    const bram_cell *cell = g->cell;
    bram_panel panel = {.public_data = cell->dataset};
    BRAM_TRY(bram_area_read(cx, &g->area, cell->dataset, cell->part));
    BRAM_TRY(name_subjects(cx, g));
    BRAM_TRY(bram_fitted_new(cx, &g->model, cell->model, &panel, NULL, cell->seed));
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = g->area.stimulus};
    BRAM_TRY(bram_fitted_answer(cx, &g->answer, g->model, &query));
    if (!bram_dataset_responses(g->answer))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no features", cell->model);
    BRAM_TRY(bram_scores_for_cell(cx, &g->scores, g->subjects, cell));
    BRAM_TRY(score(cx, g, result));
    return bram_scores_finish(cx, g->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct geometry g = {.cell = cell};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &g, result);
    release(&g);
    bram_scratch_release(cx, mark);
    return status;
}

static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_benchmark *b = cell->benchmark;
    bool repeats;
    BRAM_TRY(
        bram_metrics_use_repeats(cx, &repeats, (const char *const *)b->metrics, b->metric_count));
    size_t more, width, stimuli = 0;
    char *path = bram_strf(cx, "responses/%s", cell->part);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(cell->dataset, path);
    for (size_t d = 0; r && d < bram_response_dims(r); d++)
        if (strcmp(bram_axis_name(bram_response_axis(r, d)), "stimulus") == 0)
            stimuli = bram_response_length(r, d);
    bram_free(path);
    BRAM_TRY(bram_area_model_bytes(cx, &more, &width, cell->model, stimuli));
    *bytes = (repeats ? 2 : 1) * bram_area_bytes(cell->dataset, cell->part) + more;
    return BRAM_OK;
}

const bram_task bram_task_geometry = {
    .name = "geometry",
    .summary = "compare how a model and a brain area represent the same stimuli",
    .version = 2,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .parts = bram_area_parts,
    .demand = bram_area_demand,
    .memory = memory,
    .run = run,
};
