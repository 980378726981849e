/*
 * task_decode.c - the task "decode": what an animal does, from the activity of its neurons.
 *
 * One recording is cut in time (timesplit.h). The model learns behaviour (y) from activity (x) in
 * the training rows and answers for the test rows, where it is given the activity alone; a model
 * may look at activity of earlier rows, which are there as context. The floor is the mean of each
 * variable over the training rows.
 *
 * Behaviour has a time axis of its own. Its values at the times of the activity are found by linear
 * interpolation between the two samples around each; a time that is outside, in a gap or beside a
 * missing sample has none.
 */
#include "scores.h"
#include "timesplit.h"

#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"behaviour", BRAM_PARAM_TEXT, "behaviour", NULL, 0, 0,
     "the response below recordings/ID to decode"},
    {"variables", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of them, joined by +; empty: all"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const char *const FLOOR = "mean";

struct decode {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording activity, behaviour;
    bram_recording target; /* behaviour on the activity's time axis */
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
    bram_recording_release(&d->behaviour);
    bram_recording_release(&d->activity);
}

/* ---- behaviour at the times of the activity ------------------------------------------------- */

static int choose_variables(bram_ctx *cx, bram_axis **out, const struct decode *d)
{
    const bram_axis *all = d->behaviour.unit;
    const char *names = bram_option_text(d->o, "variables");
    size_t n = 0, *index = bram_scratch(cx, bram_axis_length(all), sizeof *index);
    if (!index) return BRAM_ENOMEM;
    if (!*names) {
        *out = bram_axis_ref(all);
        return BRAM_OK;
    }
    while (*names) {
        size_t length = strcspn(names, "+");
        char *name = bram_strf(cx, "%.*s", (int)length, names);
        if (!name) return BRAM_ENOMEM;
        ptrdiff_t at = bram_axis_find(all, name);
        int status = at < 0 || n == bram_axis_length(all)
                         ? bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no variable \"%s\"",
                                     d->cell->part, name)
                         : BRAM_OK;
        bram_free(name);
        BRAM_TRY(status);
        index[n++] = (size_t)at;
        names += length + (names[length] == '+');
    }
    return bram_axis_take(cx, out, all, index, n);
}

/* Fills the rows of the target from the rows of `from`, both in order of time. */
static void interpolate(bram_recording *target, const bram_recording *from)
{
    const double *wanted = bram_axis_values(target->time), *time = bram_axis_values(from->time);
    size_t at = 0, piece = 0, units = target->units;
    for (size_t t = 0; t < target->rows; t++) {
        while (at + 1 < from->rows && time[at + 1] <= wanted[t]) at++;
        while (piece + 1 < from->pieces && from->piece[piece + 1] <= at) piece++;
        if (time[at] > wanted[t]) continue; /* before the first sample */
        bool exact = time[at] == wanted[t], ends = at + 1 == from->piece[piece + 1];
        if (!exact && ends) continue;
        size_t next = exact ? at : at + 1;
        double share = exact ? 0 : (wanted[t] - time[at]) / (time[next] - time[at]);
        for (size_t u = 0; u < units; u++) {
            target->present[t * units + u] = from->present[at * units + u] &&
                                             from->present[next * units + u];
            double a = from->values[at * units + u], b = from->values[next * units + u];
            target->values[t * units + u] = a + share * (b - a);
        }
    }
}

static int make_target(bram_ctx *cx, struct decode *d)
{
    const bram_recording *a = &d->activity;
    bram_axis *unit = NULL;
    bram_recording chosen = {0};
    size_t mark = bram_scratch_mark(cx);
    int status = choose_variables(cx, &unit, d);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) status = bram_recording_align(cx, &chosen, &d->behaviour, unit);
    if (status != BRAM_OK) {
        bram_axis_free(unit);
        return status;
    }
    size_t units = bram_axis_length(unit);
    bram_recording *t = &d->target; /* released with d, also when incomplete */
    *t = (bram_recording){.id = a->id,
                          .unit = unit,
                          .time = bram_axis_ref(a->time),
                          .rows = a->rows,
                          .units = units,
                          .pieces = a->pieces,
                          .dt = a->dt};
    t->values = bram_alloc(cx, a->rows * units, sizeof *t->values);
    t->present = bram_alloc(cx, a->rows * units, 1);
    t->piece = bram_alloc(cx, a->pieces + 1, sizeof *t->piece);
    if (t->values && t->present && t->piece) {
        memcpy(t->piece, a->piece, (a->pieces + 1) * sizeof *t->piece);
        interpolate(t, &chosen);
    } else status = BRAM_ENOMEM;
    bram_recording_release(&chosen);
    return status;
}

/* ---- panels --------------------------------------------------------------------------------- */

/* Gives each segment the activity of its rows as input. */
static void attach(bram_slice *s, const bram_recording *activity)
{
    s->panel.input = activity->unit;
    for (size_t i = 0; i < s->panel.segments; i++) {
        size_t at = s->begin[i] * activity->units;
        s->segment[i].x = (bram_mat){activity->values + at, s->segment[i].y.rows, activity->units,
                                     activity->units};
        s->segment[i].x_present = activity->present + at;
    }
}

static int prepare(bram_ctx *cx, struct decode *d)
{
    const bram_cell *c = d->cell;
    BRAM_TRY(bram_recording_read(cx, &d->activity, c->dataset, c->part,
                                 bram_option_text(d->o, "response")));
    int status = bram_recording_read(cx, &d->behaviour, c->dataset, c->part,
                                     bram_option_text(d->o, "behaviour"));
    if (status == BRAM_EABSENT) status = BRAM_ENOTAPPLICABLE; /* of this animal none is known */
    BRAM_TRY(status);
    BRAM_TRY(make_target(cx, d));
    BRAM_TRY(bram_timesplit_make(cx, &d->split, &d->target, d->o));
    attach(&d->split.train, &d->activity);
    attach(&d->split.validation, &d->activity);
    attach(&d->split.test, &d->activity);
    BRAM_TRY(bram_fitted_new(cx, &d->model, c->model, &d->split.train.panel,
                             bram_timesplit_validation(&d->split), c->seed));
    BRAM_TRY(bram_fitted_new(cx, &d->floor, FLOOR, &d->split.train.panel, NULL, 0));
    return bram_time_blocks_make(cx, &d->blocks, &d->split.train, &d->split.test);
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

const bram_task bram_task_decode = {
    .name = "decode",
    .summary = "tell behaviour from the activity of the same animal",
    .version = 1,
    .params = params,
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
