/*
 * task_geometry.c - the task "geometry": does a model represent stimuli as a brain area does?
 *
 * The model is asked for its features of the stimuli (or its RDM of them), the area (responses/ID)
 * gives patterns of units or RDMs, and a geometry metric (rsa) compares them: one raw value for
 * each subject, their mean is the score. Metrics that compare repeats with each other
 * (rsa:rdm=crossnobis) get them.
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
#include "scores.h"
#include "scoring.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"ceiling", BRAM_PARAM_CHOICE, "lower", "lower|upper", 0, 0,
     "which bound of the noise ceiling values are normalized by"},
    {"bootstrap", BRAM_PARAM_CHOICE, "conditions", "conditions|both", 0, 0,
     "what is drawn: stimuli, or stimuli and subjects"},
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
    char axis[64];
};

static void release(struct geometry *g)
{
    bram_scores_free(g->scores);
    bram_axis_free(g->subjects);
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

static int score(bram_ctx *cx, struct geometry *g, const bram_side *features)
{
    const bram_benchmark *b = g->cell->benchmark;
    size_t n = g->area.subjects;
    bram_score_piece *piece = bram_scratch(cx, n, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    bool repeats;
    BRAM_TRY(
        bram_metrics_use_repeats(cx, &repeats, (const char *const *)b->metrics, b->metric_count));
    for (size_t s = 0; s < n; s++) {
        piece[s].model = *features;
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
        BRAM_TRY(bram_scores_add(cx, g->scores, b->metrics[m], &job));
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, struct geometry *g, bram_dataset *result)
{
    const bram_cell *cell = g->cell;
    bram_side features;
    bram_panel panel = {.public_data = cell->dataset};
    BRAM_TRY(bram_area_read(cx, &g->area, cell->dataset, cell->part));
    BRAM_TRY(name_subjects(cx, g));
    BRAM_TRY(bram_fitted_new(cx, &g->model, cell->model, &panel, NULL, cell->seed));
    BRAM_TRY(bram_area_features(cx, &features, &g->answer, g->model, &panel, g->area.stimulus));
    BRAM_TRY(bram_scores_for_cell(cx, &g->scores, g->subjects, cell));
    BRAM_TRY(score(cx, g, &features));
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
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .parts = bram_area_parts,
    .demand = bram_area_demand,
    .memory = memory,
    .run = run,
};
