/*
 * task_density.c - the task "density": how probable a recording is, row by row, given its past.
 *
 * One recording is cut in time (timesplit.h). The model gives the log density (nats) of each target
 * value from the true rows before it alone, and from the inputs up to the row where the benchmark
 * gives any; the score is its mean over rows, unit by unit. The floor is a Gaussian at the training
 * mean with the training variance, the model `mean`; with floor=poisson a constant rate,
 * `glm:coupling=none`; with floor=shares the share of each class in training, `hmm` of one state.
 *
 * A unit that is constant in training has no density under the floor and takes no part.
 */
#include "behaviour.h"
#include "demand.h"
#include "inside.h"
#include "scores.h"
#include "timesplit.h"

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    BRAM_SESSIONS_PARAM,
    {"floor", BRAM_PARAM_CHOICE, "gaussian", "gaussian|poisson|shares", 0, 0,
     "the density that a model should beat"},
    {"inputs", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a response below recordings/ID that models may look at, up "
     "to the row they tell of; empty: none"},
    {"variables", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of the inputs, joined by +; empty: all"},
    BRAM_BLOCKS_PARAM,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

struct density {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording, input;
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
    bram_recording_release(&d->input);
    bram_recording_release(&d->recording);
}

/* A floor: the name in tables, and the model. */
struct density_floor {
    const char *name, *model;
};

static struct density_floor floor_of(const struct density *d)
{
    if (bram_option_is(d->o, "floor", "poisson"))
        return (struct density_floor){"constant", "glm:coupling=none,ridge=1"};
    if (bram_option_is(d->o, "floor", "shares"))
        return (struct density_floor){"shares", "hmm:emission=categorical,states=1,starts=1"};
    return (struct density_floor){"mean", "mean"};
}

static int attach_inputs(bram_ctx *cx, struct density *d)
{
    const char *name = bram_option_text(d->o, "inputs");
    if (!name[0]) return BRAM_OK;
    BRAM_TRY(bram_behaviour_read(cx, &d->input, d->cell->dataset, &d->recording, name,
                                 bram_option_text(d->o, "variables")));
    bram_slice_attach(&d->split.train, &d->input);
    bram_slice_attach(&d->split.validation, &d->input);
    bram_slice_attach(&d->split.test, &d->input);
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct density *d)
{
    const bram_cell *c = d->cell;
    BRAM_TRY(bram_recording_causal(cx, c->dataset, c->part, d->o));
    BRAM_TRY(bram_recording_read(cx, &d->recording, c->dataset, c->part,
                                 bram_option_text(d->o, "response")));
    BRAM_TRY(bram_timesplit_cut(cx, &d->split, &d->recording, d->o));
    BRAM_TRY(attach_inputs(cx, d));
    d->split.train.panel.public_data = c->dataset; /* for models of a connectome */
    BRAM_TRY(bram_fitted_new(cx, &d->model, c->model, &d->split.train.panel,
                             bram_timesplit_validation(&d->split), c->seed));
    BRAM_TRY(bram_fitted_new(cx, &d->floor, floor_of(d).model, &d->split.train.panel, NULL, 0));
    if (!bram_option_integer(d->o, "sessions"))
        return bram_time_blocks_of(cx, &d->blocks, c, &d->split.train, &d->split.test);
    d->blocks = bram_session_blocks(&d->split.test);
    return BRAM_OK;
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
    piece.floor[0].name = floor_of(d).name;
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
    if (status == BRAM_OK) status = bram_inside_keep(cx, d.model, &d.split.test.panel, result);
    release(&d);
    bram_scratch_release(cx, mark);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    BRAM_TRY(bram_sessions_demand(cx, out, b, ds, part));
    out->ask = BRAM_ASK_LOGLIK;
    return BRAM_OK;
}

const bram_task bram_task_density = {
    .name = "density",
    .summary = "the log density of a recording, each row given those before it",
    .version = 3,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_LOGLIK),
    .demand = demand,
    .no_hidden = "the true past of a row is the answer to the row before it; run the model as a "
                 "program (process:COMMAND), which never sees the future",
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
