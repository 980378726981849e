/*
 * task_decode.c - the task "decode": what an animal does, from the activity of its neurons.
 *
 * One recording is cut in time (timesplit.h). The model learns behaviour (y) from activity (x) in
 * the training rows and answers for the test rows, where it is given the activity alone: that of
 * the row, or its means in several windows of rows that end with the row (options lags, width,
 * transform); a model that looks back by itself (BRAM_MODEL_LOOKS_BACK) is given the activity as
 * recorded. The floor is the mean of each variable over the training rows. Behaviour is put on the
 * activity's time axis by interpolation (behaviour.h).
 *
 * With labelled=SHARE little of the behaviour is known (few-shot): of training and validation only
 * stretches at even distances keep theirs; the activity of the other rows can still be learned
 * from.
 */
#include "behaviour.h"
#include "demand.h"
#include "reveal.h"
#include "scores.h"
#include "timesplit.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"behaviour", BRAM_PARAM_TEXT, "behaviour", NULL, 0, 0,
     "the response below recordings/ID to decode"},
    {"variables", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of them, joined by +; empty: all"},
    {"lags", BRAM_PARAM_INTEGER, "1", NULL, 1, 1000,
     "windows of activity to tell a row from: the one that ends with it and those before"},
    {"width", BRAM_PARAM_INTEGER, "1", NULL, 1, 10000,
     "rows of a window, of which the mean is taken"},
    {"transform", BRAM_PARAM_CHOICE, "none", "none|sqrt", 0, 0,
     "of the means: sqrt makes the variance of counts alike; what is below 0 counts as 0"},
    {"labelled", BRAM_PARAM_REAL, "1", NULL, 1e-4, 1,
     "share of the training and validation rows whose behaviour is known"},
    {"stretch", BRAM_PARAM_INTEGER, "20", NULL, 1, 100000,
     "rows of each stretch of them, where it is not all"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const char *const FLOOR = "mean";

struct decode {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording activity, history; /* history: of several rows as inputs of one */
    bram_recording target;            /* behaviour on the activity's time axis */
    bram_timesplit split;
    bram_time_blocks blocks;
    bram_fitted *model, *floor;
    bram_scores *scores;
};

static void release(struct decode *d)
{
    bram_scores_free(d->scores);
    bram_fitted_free(d->model);
    bram_fitted_free(d->floor);
    bram_timesplit_release(&d->split);
    bram_recording_release(&d->target);
    bram_recording_release(&d->history);
    bram_recording_release(&d->activity);
}

/* ---- the activity of several rows as the input of one ------------------------------------------
 */

static bool has_history(const struct decode *d)
{
    return bram_option_integer(d->o, "lags") > 1 || bram_option_integer(d->o, "width") > 1 ||
           bram_option_is(d->o, "transform", "sqrt");
}

/* The mean of a unit over rows `from` .. `to` - 1; false where one is missing. */
static bool mean_over(double *out, const bram_recording *a, size_t unit, size_t from, size_t to)
{
    double sum = 0;
    for (size_t t = from; t < to; t++) {
        if (!a->present[t * a->units + unit]) return false;
        sum += a->values[t * a->units + unit];
    }
    *out = sum / (double)(to - from);
    return true;
}

/*
 * Inputs of a row: the mean activity of the `width` rows that end with it, then of the `width` rows
 * before those, and so on. What would reach back over the beginning of the stretch is missing.
 */
static void fill_history(bram_recording *h, const bram_recording *a, size_t lags, size_t width)
{
    for (size_t p = 0; p < a->pieces; p++)
        for (size_t t = a->piece[p]; t < a->piece[p + 1]; t++)
            for (size_t l = 0; l < lags && (l + 1) * width <= t + 1 - a->piece[p]; l++)
                for (size_t u = 0; u < a->units; u++) {
                    size_t to = t + 1 - l * width, at = t * h->units + l * a->units + u;
                    h->present[at] = mean_over(&h->values[at], a, u, to - width, to);
                }
}

static int make_history(bram_ctx *cx, struct decode *d)
{
    const bram_recording *a = &d->activity;
    size_t lags = (size_t)bram_option_integer(d->o, "lags"), cols = lags * a->units;
    bram_recording *h = &d->history; /* released with d, also when incomplete */
    *h = (bram_recording){.id = a->id,
                          .time = bram_axis_ref(a->time),
                          .rows = a->rows,
                          .units = cols,
                          .pieces = a->pieces,
                          .dt = a->dt};
    BRAM_TRY(bram_axis_new(cx, &h->unit, "input", cols));
    h->values = bram_alloc(cx, a->rows, cols * sizeof *h->values);
    h->present = bram_alloc(cx, a->rows, cols);
    h->piece = bram_alloc(cx, a->pieces + 1, sizeof *h->piece);
    if (!h->values || !h->present || !h->piece) return BRAM_ENOMEM;
    memcpy(h->piece, a->piece, (a->pieces + 1) * sizeof *h->piece);
    fill_history(h, a, lags, (size_t)bram_option_integer(d->o, "width"));
    for (size_t i = 0; i < a->rows * cols && bram_option_is(d->o, "transform", "sqrt"); i++)
        h->values[i] = sqrt(fmax(h->values[i], 0));
    return BRAM_OK;
}

/* Of every stretch / labelled target rows of a part only the first `stretch` keep their behaviour.
 */
static void hide_labels(struct decode *d, const bram_slice *part)
{
    size_t stretch = (size_t)bram_option_integer(d->o, "stretch"), units = d->target.units, at = 0;
    double labelled = bram_option_real(d->o, "labelled");
    size_t period = (size_t)fmax((double)stretch, round((double)stretch / labelled));
    for (size_t s = 0; s < part->panel.segments; s++)
        for (size_t r = part->segment[s].first; r < part->segment[s].y.rows; r++, at++)
            if (at % period >= stretch)
                memset(d->target.present + (part->begin[s] + r) * units, 0, units);
}

static int read_sides(bram_ctx *cx, bram_recording *activity, bram_recording *target,
                      const struct decode *d, const bram_dataset *ds)
{
    BRAM_TRY(
        bram_recording_read(cx, activity, ds, d->cell->part, bram_option_text(d->o, "response")));
    return bram_behaviour_read(cx, target, ds, activity, bram_option_text(d->o, "behaviour"),
                               bram_option_text(d->o, "variables"));
}

/* By the behaviour to learn from; on a learning curve by all of it, the same at every size. */
static int make_blocks(bram_ctx *cx, struct decode *d)
{
    const bram_cell *c = d->cell;
    if (!c->whole) return bram_time_blocks_make(cx, &d->blocks, &d->split.train, &d->split.test);
    bram_recording activity = {0}, target = {0};
    bram_timesplit whole = {0};
    int status = read_sides(cx, &activity, &target, d, c->whole);
    if (status == BRAM_OK) status = bram_timesplit_make(cx, &whole, &target, d->o);
    if (status == BRAM_OK)
        status = bram_time_blocks_make(cx, &d->blocks, &whole.train, &d->split.test);
    bram_timesplit_release(&whole);
    bram_recording_release(&target);
    bram_recording_release(&activity);
    return status;
}

static int prepare(bram_ctx *cx, struct decode *d)
{
    const bram_cell *c = d->cell;
    const bram_model *model;
    BRAM_TRY(bram_model_parse(cx, &model, NULL, NULL, c->model));
    bool history = has_history(d) && !(model->flags & BRAM_MODEL_LOOKS_BACK);
    const bram_recording *input = history ? &d->history : &d->activity;
    BRAM_TRY(read_sides(cx, &d->activity, &d->target, d, d->cell->dataset));
    if (history) BRAM_TRY(make_history(cx, d));
    BRAM_TRY(bram_timesplit_make(cx, &d->split, &d->target, d->o));
    bram_slice_attach(&d->split.train, input);
    bram_slice_attach(&d->split.validation, input);
    bram_slice_attach(&d->split.test, input);
    BRAM_TRY(make_blocks(cx, d));
    hide_labels(d, &d->split.train);
    hide_labels(d, &d->split.validation);
    BRAM_TRY(bram_fitted_new(cx, &d->model, c->model, &d->split.train.panel,
                             bram_timesplit_validation(&d->split), c->seed));
    return bram_fitted_new(cx, &d->floor, FLOOR, &d->split.train.panel, NULL, 0);
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int ask(bram_ctx *cx, bram_side *side, const struct decode *d, const bram_fitted *model,
               const bram_targets *t)
{
    double *value = bram_scratch(cx, t->rows * t->units, sizeof *value);
    uint8_t *present = bram_scratch(cx, t->rows * t->units, 1);
    if (!value || !present) return BRAM_ENOMEM;
    *side = (bram_side){.values = {value, t->rows, t->units, t->units},
                        .present = present,
                        .column = d->target.unit};
    return bram_ask_targets(cx, value, present, model, &d->split.test,
                            (bram_query){.ask = BRAM_ASK_RESPOND}, "mean");
}

static int score(bram_ctx *cx, struct decode *d, bram_dataset *result)
{
    const bram_benchmark *b = d->cell->benchmark;
    bram_targets t;
    BRAM_TRY(bram_targets_make(cx, &t, &d->split.test, &d->blocks));
    bram_score_piece piece = {.brain = {.values = {t.y, t.rows, t.units, t.units},
                                        .present = t.present,
                                        .column = d->target.unit},
                              .floor[0].name = FLOOR,
                              .groups = {t.group, d->blocks.blocks.count}};
    BRAM_TRY(ask(cx, &piece.model, d, d->model, &t));
    BRAM_TRY(ask(cx, &piece.floor[0].side, d, d->floor, &t));
    bram_score_job job = {.piece = &piece, .pieces = 1, .floors = 1, .axis = d->blocks.axis};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, d->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, d->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct decode d = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &d);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &d.scores, d.target.unit, cell);
    if (status == BRAM_OK) status = score(cx, &d, result);
    release(&d);
    bram_scratch_release(cx, mark);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_recording activity = {0}, target = {0};
    bram_demand d = {0};
    BRAM_TRY(bram_recording_demand(cx, &d, b, ds, part));
    int status = bram_recording_read(cx, &activity, ds, part,
                                     bram_option_text(b->options, "response"));
    if (status == BRAM_OK)
        status = bram_behaviour_read(cx, &target, ds, &activity,
                                     bram_option_text(b->options, "behaviour"),
                                     bram_option_text(b->options, "variables"));
    if (status == BRAM_OK) {
        bram_axis_free(d.unit);
        d.unit = bram_axis_ref(target.unit);
        d.ask = BRAM_ASK_RESPOND;
        *out = d;
    } else bram_demand_release(&d);
    bram_recording_release(&target);
    bram_recording_release(&activity);
    return status;
}

/* ---- a hidden test -------------------------------------------------------------------------- */

enum { SHOWN = 1, TESTED = 2 }; /* what becomes of a row of activity, or of a sample of behaviour */

/* Rows of a slice whose behaviour is known. */
static void mark(uint8_t *use, const bram_recording *target, const bram_slice *s, uint8_t what)
{
    for (size_t k = 0; k < s->panel.segments; k++)
        for (size_t r = s->segment[k].first; r < s->segment[k].y.rows; r++) {
            size_t at = s->begin[k] + r;
            if (what == TESTED || memchr(target->present + at * target->units, 1, target->units))
                use[at] |= what;
        }
}

/* Which samples of behaviour tell the value of a row: the one at its time, else those around it. */
static void trace(uint8_t *sample, const double *time, size_t samples, const uint8_t *use,
                  const double *wanted, size_t rows)
{
    for (size_t t = 0, at = 0; t < rows; t++) {
        while (at + 1 < samples && time[at + 1] <= wanted[t]) at++;
        if (!samples || time[at] > wanted[t]) continue;
        sample[at] |= use[t];
        if (time[at] < wanted[t] && at + 1 < samples) sample[at + 1] |= use[t];
    }
}

/* Behaviour of which nothing is left but what a model learns from. */
static int reveal_behaviour(bram_ctx *cx, bram_dataset *to, const struct decode *d)
{
    const char *name = bram_option_text(d->o, "behaviour");
    bram_recording all = {0};
    BRAM_TRY(bram_recording_read(cx, &all, d->cell->dataset, d->cell->part, name));
    size_t rows = d->activity.rows, count = all.rows * all.units;
    uint8_t *use = bram_scratch(cx, rows, 1), *sample = bram_scratch(cx, all.rows, 1);
    uint8_t *hidden = bram_scratch(cx, count, 1);
    int status = use && sample && hidden ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        mark(use, &d->target, &d->split.train, SHOWN);
        mark(use, &d->target, &d->split.validation, SHOWN);
        mark(use, &d->target, &d->split.test, TESTED);
        trace(sample, bram_axis_values(all.time), all.rows, use, bram_axis_values(d->activity.time),
              rows);
        for (size_t i = 0; i < count; i++) hidden[i] = sample[i / all.units] != SHOWN;
        status = bram_reveal_recording(cx, to, d->cell->dataset, d->cell->part, name, hidden);
    }
    bram_recording_release(&all);
    return status;
}

static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, FLOOR, 0};
    struct decode d = {.cell = &cell, .o = b->options};
    const char *response = bram_option_text(d.o, "response");
    int status = strcmp(response, bram_option_text(d.o, "behaviour")) == 0
                     ? bram_fail(cx, BRAM_EUSAGE, "%s: response and behaviour are the same",
                                 b->name)
                     : read_sides(cx, &d.activity, &d.target, &d, ds);
    if (status == BRAM_OK) status = bram_timesplit_make(cx, &d.split, &d.target, d.o);
    if (status == BRAM_OK) {
        hide_labels(&d, &d.split.train);
        hide_labels(&d, &d.split.validation);
        status = bram_reveal_recording(cx, to, ds, part, response, NULL);
    }
    if (status == BRAM_OK) status = reveal_behaviour(cx, to, &d);
    release(&d);
    return status;
}

/* As for other tasks on recordings, and the inputs of several rows with their masks. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    size_t lags = (size_t)bram_option_integer(cell->benchmark->options, "lags");
    BRAM_TRY(bram_recording_memory(cx, bytes, cell));
    *bytes += lags * *bytes / 2;
    return BRAM_OK;
}

const bram_task bram_task_decode = {
    .name = "decode",
    .summary = "tell behaviour from the activity of the same animal",
    .version = 2,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .demand = demand,
    .reveal = reveal,
    .parts = bram_recording_parts,
    .memory = memory,
    .run = run,
};
