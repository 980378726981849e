/*
 * task_density.c - the task "density": how probable a recording is, row by row, given its past.
 *
 * One recording is cut in time (timesplit.h). The model gives the log density (nats) of each target
 * value from the true rows before it alone; the score is its mean over rows, unit by unit. The
 * floor is a Gaussian at the training mean with the training variance, the model `mean`; or, with
 * floor=poisson, a constant rate: `glm:coupling=none`.
 *
 * A unit that is constant in training has no density under the floor and takes no part.
 */
#include "scores.h"
#include "timesplit.h"

static const bram_param params[] = {BRAM_TIMESPLIT_PARAMS,
                                    {"floor", BRAM_PARAM_CHOICE, "gaussian", "gaussian|poisson", 0,
                                     0, "the density that a model should beat"},
                                    BRAM_INTERVAL_PARAMS,
                                    {.name = NULL}};

struct density {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_time_blocks blocks;
    bram_fitted *model, *floor;
    bram_scores *scores;
};

static void release(struct density *d)
{
    bram_scores_free(d->scores);
    bram_fitted_free(d->model);
    bram_fitted_free(d->floor);
    bram_timesplit_release(&d->split);
    bram_recording_release(&d->recording);
}

static bool poisson(const struct density *d)
{
    return bram_option_is(d->o, "floor", "poisson");
}

static int prepare(bram_ctx *cx, struct density *d)
{
    const bram_cell *c = d->cell;
    const char *floor = poisson(d) ? "glm:coupling=none,ridge=1" : "mean";
    BRAM_TRY(bram_recording_causal(cx, c->dataset, c->part, d->o));
    BRAM_TRY(bram_recording_read(cx, &d->recording, c->dataset, c->part,
                                 bram_option_text(d->o, "response")));
    BRAM_TRY(bram_timesplit_make(cx, &d->split, &d->recording, d->o));
    BRAM_TRY(bram_fitted_new(cx, &d->model, c->model, &d->split.train.panel,
                             bram_timesplit_validation(&d->split), c->seed));
    BRAM_TRY(bram_fitted_new(cx, &d->floor, floor, &d->split.train.panel, NULL, 0));
    return bram_time_blocks_make(cx, &d->blocks, &d->split.train, &d->split.test);
}

static int ask(bram_ctx *cx, bram_side *side, const struct density *d, const bram_fitted *model,
               const bram_targets *t)
{
    double *value = bram_scratch(cx, t->rows * t->units, sizeof *value);
    uint8_t *present = bram_scratch(cx, t->rows * t->units, 1);
    if (!value || !present) return BRAM_ENOMEM;
    *side = (bram_side){.values = {value, t->rows, t->units, t->units},
                        .present = present,
                        .column = d->split.test.panel.unit};
    return bram_ask_targets(cx, value, present, model, &d->split.test,
                            (bram_query){.ask = BRAM_ASK_LOGLIK}, "logdensity");
}

/* What the floor gives a density to must have one from the model: leaving out hard values would
 * raise a score. */
static int check_complete(bram_ctx *cx, const bram_targets *t, const bram_side *model,
                          const bram_side *floor, const struct density *d)
{
    for (size_t i = 0; i < t->rows * t->units; i++)
        if (t->present[i] && floor->present[i] && !model->present[i])
            return bram_fail(cx, BRAM_ENUMERIC, "%s gives no density in row %zu of unit %s",
                             bram_fitted_spec(d->model), i / t->units,
                             bram_axis_id(d->split.test.panel.unit, i % t->units));
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct density *d, bram_dataset *result)
{
    const bram_benchmark *b = d->cell->benchmark;
    bram_targets t;
    BRAM_TRY(bram_targets_make(cx, &t, &d->split.test, &d->blocks));
    bram_score_piece piece = {.groups = {t.group, d->blocks.blocks.count}};
    BRAM_TRY(ask(cx, &piece.model, d, d->model, &t));
    piece.floor[0].name = poisson(d) ? "constant" : "mean";
    bram_side *floor = &piece.floor[0].side;
    BRAM_TRY(ask(cx, floor, d, d->floor, &t));
    BRAM_TRY(check_complete(cx, &t, &piece.model, floor, d));
    for (size_t i = 0; i < t.rows * t.units; i++) t.present[i] &= floor->present[i];
    piece.brain = (bram_side){.values = {t.y, t.rows, t.units, t.units},
                              .present = t.present,
                              .column = d->split.test.panel.unit};
    bram_score_job job = {
        .horizon = 1, .piece = &piece, .pieces = 1, .floors = 1, .axis = d->blocks.axis};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, d->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, d->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct density d = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &d);
    if (status == BRAM_OK)
        status = bram_scores_for_cell(cx, &d.scores, d.split.test.panel.unit, cell);
    if (status == BRAM_OK) status = score(cx, &d, result);
    release(&d);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_density = {
    .name = "density",
    .summary = "the log density of a recording, each row given those before it",
    .version = 2,
    .params = params,
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
