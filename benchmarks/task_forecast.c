/*
 * task_forecast.c - the task "forecast": predict a recording's future from its past.
 *
 * One recording cut in time, or an animal left out and forecast from the others
 * (forecast_split.h).
 *
 * Scores are of one step ("step": each target row from the true rows before it) and of free runs
 * ("h4": four steps ahead, own outputs fed back; all horizons from the same starts). The gap
 * belongs to the benchmark: targets stay out of it, a model's context may reach back across it.
 *
 * inputs   a response beside the activity (behaviour) that models may take as input
 * (forecast_inputs.h), but not before it was known: each row is told from the inputs of the rows
 * before it alone, and a free run from those before its start. A model that takes inputs is fitted
 * without them, too: "gain@step" is the difference (input_gain.h), "step/blind" the scores of what
 * was told without.
 *
 * Every cell also holds the trivial forecasts of the same rows: copy (the last value stays) and
 * mean (the training mean). Intervals: block bootstrap over time (resample.h), blocks from the
 * training part's autocorrelation, so that they are the same for every model.
 */
#include "behaviour.h"
#include "copies.h"
#include "forecast_answers.h"
#include "forecast_example.h"
#include "forecast_inputs.h"
#include "forecast_split.h"
#include "input_gain.h"
#include "inside.h"
#include "scores.h"
#include "time_fold.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"variant", BRAM_PARAM_CHOICE, "within", "within|across", 0, 0,
     "within: cut each recording in time; across: leave one animal out"},
    {"horizons", BRAM_PARAM_INTEGERS, "1+2+4+8+16+32", NULL, 1, 100000, "steps of the free runs"},
    {"average", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "score all steps of the free runs together too"},
    {"stride", BRAM_PARAM_INTEGER, "1", NULL, 1, 100000, "rows between the starts of free runs"},
    {"offset", BRAM_PARAM_INTEGER, "0", NULL, 0, 100000,
     "rows of the test part before the first start"},
    {"calibration", BRAM_PARAM_REAL, "0.2", NULL, 0.01, 0.9,
     "across: share of rows that set the scale"},
    BRAM_COPIES_PARAM,
    {"splits", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "PATH@DIGITS of a file of splits. across: learn from the recordings of other folds; within: "
     "by time, the stretch of `fold` is scored"},
    BRAM_TIME_FOLD_PARAM,
    BRAM_BLOCKS_PARAM,
    BRAM_FORECAST_INPUTS_PARAMS,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

/* ---- the work of one cell ------------------------------------------------------------------- */

struct forecast {
    const bram_cell *cell;
    const bram_options *o;
    bram_forecast_split split;
    bram_forecast_inputs inputs;
    bram_fitted *model, *floor[2]; /* floors: copy, mean */
    bram_fitted *blind;            /* the model without the inputs; NULL: it takes none */
    bram_time_blocks blocks;
    bram_scores *scores;
};

static const char *const floor_names[] = {"copy", "mean"};

static void release(struct forecast *f)
{
    bram_forecast_split_release(&f->split);
    bram_forecast_inputs_release(&f->inputs);
    bram_fitted_free(f->model);
    bram_fitted_free(f->blind);
    for (size_t i = 0; i < 2; i++) bram_fitted_free(f->floor[i]);
    bram_scores_free(f->scores);
}

/* ---- asking and scoring --------------------------------------------------------------------- */

static int ask_all(bram_ctx *cx, bram_forecast_answers *a, struct forecast *f)
{
    BRAM_TRY(bram_forecast_ask(cx, a, BRAM_FORECAST_MODEL, f->model));
    BRAM_TRY(bram_forecast_ask(cx, a, BRAM_FORECAST_COPY, f->floor[0]));
    BRAM_TRY(bram_forecast_ask(cx, a, BRAM_FORECAST_MEAN, f->floor[1]));
    if (!f->blind) return BRAM_OK;
    bram_slice_detach(&f->split.test);
    int status = bram_forecast_ask(cx, a, BRAM_FORECAST_BLIND, f->blind);
    bram_forecast_inputs_attach(&f->inputs, &f->split.test);
    return status;
}

/* What the inputs are worth, and the scores of the forecasts without them. */
static int score_blind(bram_ctx *cx, struct forecast *f, const bram_forecast_answers *a,
                       size_t step, const char *label, bram_score_job job)
{
    const bram_benchmark *b = f->cell->benchmark;
    bram_score_piece piece = {0};
    BRAM_TRY(bram_forecast_piece(cx, &piece, a, step, BRAM_FORECAST_BLIND));
    char blind[48], stream[400];
    snprintf(blind, sizeof blind, "%s/blind", label);
    snprintf(stream, sizeof stream, "%.200s/%.190s", b->name, f->cell->part);
    bram_input_gain gain = {.label = label,
                            .truth = piece.brain,
                            .with = job.piece->model,
                            .without = piece.model,
                            .copy = piece.floor[0].side,
                            .groups = piece.groups,
                            .axis = f->blocks.axis,
                            .stream = stream,
                            .samples = (size_t)bram_option_integer(f->o, "samples")};
    BRAM_TRY(bram_input_gain_score(cx, f->scores, &gain));
    job.label = blind;
    job.piece = &piece;
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, f->scores, b->metrics[m], &job));
    return BRAM_OK;
}

static int score_step(bram_ctx *cx, struct forecast *f, const bram_forecast_answers *a, size_t step,
                      const char *label, int64_t horizon)
{
    bram_score_piece piece = {0};
    BRAM_TRY(bram_forecast_piece(cx, &piece, a, step, BRAM_FORECAST_MODEL));
    bram_score_job job = {.label = label,
                          .horizon = horizon,
                          .piece = &piece,
                          .pieces = 1,
                          .floors = 2,
                          .axis = f->blocks.axis};
    const bram_benchmark *b = f->cell->benchmark;
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, f->scores, b->metrics[m], &job));
    if (f->blind) BRAM_TRY(score_blind(cx, f, a, step, label, job));
    if (!f->split.subset || horizon > 1) return BRAM_OK;
    char *labelled = bram_strf(cx, "%s/labelled", label);
    if (!labelled) return BRAM_ENOMEM;
    job.label = labelled;
    job.subset = f->split.subset;
    int status = BRAM_OK;
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = bram_scores_add(cx, f->scores, b->metrics[m], &job);
    bram_free(labelled);
    return status;
}

/* ---- run ------------------------------------------------------------------------------------ */

static int score_one_step(bram_ctx *cx, struct forecast *f, bram_dataset *result)
{
    size_t mark = bram_scratch_mark(cx);
    bram_forecast_answers a;
    BRAM_TRY(bram_forecast_plan(cx, &a, &f->split.test, &f->blocks, f->o, false, 1));
    if (!a.rows) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the test part has no rows");
    BRAM_TRY(ask_all(cx, &a, f));
    BRAM_TRY(score_step(cx, f, &a, 0, "step", 1));
    BRAM_TRY(bram_forecast_example(cx, result, &f->split.train, &a));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int score_free_runs(bram_ctx *cx, struct forecast *f)
{
    size_t count, steps = 0, mark = bram_scratch_mark(cx);
    const int64_t *horizon = bram_option_integers(f->o, "horizons", &count);
    if (!count || !(bram_fitted_model(f->model)->answers & BRAM_ANSWERS(BRAM_ASK_FREE_RUN)))
        return BRAM_OK;
    for (size_t i = 0; i < count; i++)
        if ((size_t)horizon[i] > steps) steps = (size_t)horizon[i];
    bram_forecast_answers a;
    BRAM_TRY(bram_forecast_plan(cx, &a, &f->split.test, &f->blocks, f->o, true, steps));
    if (!a.rows) return BRAM_OK; /* the test part is shorter than the longest run */
    BRAM_TRY(ask_all(cx, &a, f));
    for (size_t i = 0; i < count; i++) {
        char label[32];
        snprintf(label, sizeof label, "h%lld", (long long)horizon[i]);
        BRAM_TRY(score_step(cx, f, &a, (size_t)horizon[i] - 1, label, horizon[i]));
    }
    if (bram_option_flag(f->o, "average")) {
        char label[32];
        snprintf(label, sizeof label, "h1-%zu", steps);
        BRAM_TRY(score_step(cx, f, &a, a.steps, label, (int64_t)steps));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int takes_inputs(bram_ctx *cx, bool *takes, const char *spec)
{
    const bram_model *model;
    BRAM_TRY(bram_model_parse(cx, &model, NULL, NULL, spec));
    *takes = model->flags & (BRAM_MODEL_TAKES_INPUT | BRAM_MODEL_OUTSIDE);
    return BRAM_OK;
}

static int fit_model(bram_ctx *cx, bram_fitted **out, const struct forecast *f)
{
    const bram_forecast_split *s = &f->split;
    const bram_panel *validation = s->validation.panel.segments ? &s->validation.panel : NULL;
    return bram_fitted_new(cx, out, f->cell->model, &s->train.panel, validation, f->cell->seed);
}

static int attach_inputs(bram_ctx *cx, struct forecast *f)
{
    BRAM_TRY(bram_forecast_inputs_read(cx, &f->inputs, &f->split));
    bram_forecast_inputs_attach(&f->inputs, &f->split.train);
    bram_forecast_inputs_attach(&f->inputs, &f->split.validation);
    bram_forecast_inputs_attach(&f->inputs, &f->split.test);
    return BRAM_OK;
}

static int fit_all(bram_ctx *cx, struct forecast *f)
{
    bool inputs = bram_option_text(f->o, "inputs")[0] != 0, takes = false;
    bram_panel *train = &f->split.train.panel;
    train->public_data = f->cell->dataset; /* for models of a connectome */
    if (inputs) BRAM_TRY(takes_inputs(cx, &takes, f->cell->model));
    if (takes) BRAM_TRY(fit_model(cx, &f->blind, f));
    if (inputs) BRAM_TRY(attach_inputs(cx, f));
    BRAM_TRY(fit_model(cx, &f->model, f));
    for (size_t i = 0; i < 2; i++)
        BRAM_TRY(bram_fitted_new(cx, &f->floor[i], floor_names[i], train, NULL, 0));
    return BRAM_OK;
}

/* On a learning curve by what there is to learn from in all: the same blocks at every size. */
static int make_blocks(bram_ctx *cx, struct forecast *f)
{
    bram_cell cell = *f->cell;
    const bram_slice *test = &f->split.test;
    if (!cell.whole) return bram_time_blocks_of(cx, &f->blocks, &cell, &f->split.train, test);
    cell.dataset = cell.whole;
    cell.whole = NULL;
    bram_forecast_split whole;
    int status = bram_forecast_split_make(cx, &whole, &cell);
    if (status == BRAM_OK) status = bram_time_blocks_of(cx, &f->blocks, &cell, &whole.train, test);
    bram_forecast_split_release(&whole);
    return status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct forecast f = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    const bram_forecast_split *s = &f.split;
    int status = bram_forecast_split_make(cx, &f.split, cell);
    if (status == BRAM_OK) status = fit_all(cx, &f);
    if (status == BRAM_OK) status = make_blocks(cx, &f);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &f.scores, s->test.panel.unit, cell);
    if (status == BRAM_OK) status = score_one_step(cx, &f, result);
    if (status == BRAM_OK) status = score_free_runs(cx, &f);
    if (status == BRAM_OK) status = bram_inside_keep(cx, f.model, &s->test.panel, result);
    if (status == BRAM_OK) status = bram_scores_finish(cx, f.scores, result);
    release(&f);
    bram_scratch_release(cx, mark);
    return status;
}

static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_dataset *ds = cell->dataset;
    const char *activity = bram_option_text(cell->benchmark->options, "response");
    const char *input = bram_option_text(cell->benchmark->options, "inputs");
    size_t total = 0, rows = 0, units = 0, inputs = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const bram_response *r = bram_dataset_response(ds, bram_dataset_response_path(ds, i));
        if (bram_response_dims(r) != 2) continue;
        size_t columns = bram_response_length(r, 1);
        if (strcmp(bram_response_name(r), input) == 0 && columns > inputs) inputs = columns;
        if (strcmp(bram_response_name(r), activity) != 0) continue;
        if (bram_response_count(r) > rows * units)
            rows = bram_response_length(r, 0), units = columns;
        total += 9 * bram_response_count(r);
    }
    size_t count, longest = 1;
    const int64_t *horizon = bram_option_integers(cell->benchmark->options, "horizons", &count);
    for (size_t i = 0; i < count; i++)
        if ((size_t)horizon[i] > longest) longest = (size_t)horizon[i];
    /* four arrays of predictions of the test part for every step, and their masks */
    size_t stride = (size_t)bram_option_integer(cell->benchmark->options, "stride");
    total += 36 * (rows / 4 / stride + 1) * longest * units;
    const bram_model *model;
    bram_options *o = NULL;
    BRAM_TRY(bram_model_parse(cx, &model, &o, NULL, cell->model));
    if (model->memory) total += model->memory(o, rows, units, inputs);
    bram_options_free(o);
    *bytes = total;
    return BRAM_OK;
}

const bram_task bram_task_forecast = {
    .name = "forecast",
    .summary = "predict a recording's future from its past, one step and free-running",
    .version = 2,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_STEP),
    .parts = bram_recording_parts,
    .demand = bram_forecast_demand,
    .no_hidden = "the true past of a row is the answer to the row before it; run the model as a "
                 "program (process:COMMAND), which never sees the future",
    .memory = memory,
    .run = run,
};
