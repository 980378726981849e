/*
 * task_forecast.c - the task "forecast": predict a recording's future from its past.
 *
 * within   one recording, cut in time: train | gap | validation | gap | test, or by a file of
 * splits (time_fold.h). Every recorded unit is a target; the labelled ones are reported beside as a
 * subset. across   one animal left out, the others to learn from; units are matched by name, and
 * only exactly labelled ones take part. Each animal is put on a common scale by its own first rows
 *          (`calibration`), which are never scored.
 *
 * Scores are of one step ("step": each target row from the true rows before it) and of free runs
 * ("h4": four steps ahead, own outputs fed back; all horizons from the same starts). The gap
 * belongs to the benchmark: targets stay out of it, a model's context may reach back across it.
 *
 * inputs   a response beside the activity (behaviour) that models may take as input, but not before
 * it was known: each row is told from the inputs of the rows before it alone, and a free run from
 * those before its start. A model that takes inputs is fitted without them, too: "gain@step" is the
 * difference (input_gain.h), "step/blind" the scores of what was told without.
 *
 * Every cell also holds the trivial forecasts of the same rows: copy (the last value stays) and
 * mean (the training mean). Intervals: block bootstrap over time (resample.h), blocks from the
 * training part's autocorrelation, so that they are the same for every model.
 */
#include "behaviour.h"
#include "copies.h"
#include "demand.h"
#include "input_gain.h"
#include "inside.h"
#include "scores.h"
#include "splits.h"
#include "time_fold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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
    {"inputs", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "within: a response below recordings/ID (behaviour) whose past models may look at; empty: "
     "none"},
    {"variables", BRAM_PARAM_TEXT, "", NULL, 0, 0, "of the inputs, joined by +; empty: all"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

/* ---- the work of one cell ------------------------------------------------------------------- */

struct forecast {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording *recording; /* across: all of them, the left-out one first */
    size_t recordings;
    bram_recording input; /* delayed by a row; without rows where there is none */
    bram_slice train, validation, test;
    bram_fitted *model, *floor[2]; /* floors: copy, mean */
    bram_fitted *blind;            /* the model without the inputs; NULL: it takes none */
    uint8_t *subset;               /* labelled units; NULL when all are or none is */
    bram_time_blocks blocks;
    bram_scores *scores;
};

static const char *const floor_names[] = {"copy", "mean"};

static void release(struct forecast *f)
{
    for (size_t i = 0; i < f->recordings; i++) bram_recording_release(&f->recording[i]);
    bram_free(f->recording);
    bram_slice_release(&f->train);
    bram_slice_release(&f->validation);
    bram_slice_release(&f->test);
    bram_recording_release(&f->input);
    bram_fitted_free(f->model);
    bram_fitted_free(f->blind);
    for (size_t i = 0; i < 2; i++) bram_fitted_free(f->floor[i]);
    bram_free(f->subset);
    bram_scores_free(f->scores);
}

static int read_one(bram_ctx *cx, struct forecast *f, const char *id)
{
    BRAM_TRY(bram_recording_causal(cx, f->cell->dataset, id, f->o));
    BRAM_TRY(bram_recording_read(cx, &f->recording[f->recordings], f->cell->dataset, id,
                                 bram_option_text(f->o, "response")));
    f->recordings++;
    return BRAM_OK;
}

/* true for a unit whose id is the canonical name of an exactly labelled neuron */
static bool is_labelled(const bram_axis *unit, size_t i)
{
    const bram_column *certainty = bram_axis_column(unit, "certainty");
    return certainty && certainty->type == BRAM_TEXT && strcmp(certainty->text[i], "exact") == 0;
}

static int find_subset(bram_ctx *cx, struct forecast *f)
{
    const bram_axis *unit = f->recording[0].unit;
    size_t n = bram_axis_length(unit), labelled = 0;
    for (size_t i = 0; i < n; i++) labelled += is_labelled(unit, i);
    if (labelled == 0 || labelled == n) return BRAM_OK;
    f->subset = bram_alloc(cx, n, 1);
    if (!f->subset) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) f->subset[i] = is_labelled(unit, i);
    return BRAM_OK;
}

/* ---- within: one recording cut in time ------------------------------------------------------ */

static int split_by_file(bram_ctx *cx, bram_timesplit *split, const struct forecast *f)
{
    bram_splits s = {.count = 0};
    BRAM_TRY(bram_splits_open(cx, &s, bram_option_text(f->o, "splits")));
    int status = bram_splits_hold(cx, &s, f->cell->dataset, f->cell->part);
    if (status == BRAM_OK) status = bram_time_fold_make(cx, split, &f->recording[0], &s, f->o);
    bram_splits_release(&s);
    return status;
}

static int split_within(bram_ctx *cx, struct forecast *f)
{
    f->recording = bram_alloc(cx, 1, sizeof *f->recording);
    if (!f->recording) return BRAM_ENOMEM;
    BRAM_TRY(read_one(cx, f, f->cell->part));
    bram_timesplit split = {0};
    int status = bram_option_text(f->o, "splits")[0]
                     ? split_by_file(cx, &split, f)
                     : bram_timesplit_make(cx, &split, &f->recording[0], f->o);
    f->train = split.train;
    f->validation = split.validation;
    f->test = split.test;
    BRAM_TRY(status);
    return find_subset(cx, f);
}

/* ---- across: one animal left out ------------------------------------------------------------ */

/* The names that are exact in the left-out animal and in at least one other. */
static int common_units(bram_ctx *cx, bram_axis **out, const struct forecast *f)
{
    const bram_axis *first = f->recording[0].unit;
    size_t n = bram_axis_length(first), used = 0;
    size_t *index = bram_alloc(cx, n, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool elsewhere = false;
        for (size_t r = 1; r < f->recordings && !elsewhere; r++) {
            ptrdiff_t at = bram_axis_find(f->recording[r].unit, bram_axis_id(first, i));
            elsewhere = at >= 0 && is_labelled(f->recording[r].unit, (size_t)at);
        }
        if (is_labelled(first, i) && elsewhere) index[used++] = i;
    }
    int status = used >= 2 ? bram_axis_take(cx, out, first, index, used)
                           : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                       "%zu exactly labelled neurons of %s "
                                       "occur in another animal, at least 2 are needed",
                                       used, f->cell->part);
    bram_free(index);
    return status;
}

/* Mean 0 and deviation 1 of the first `rows` rows of each unit; a unit constant there is masked. */
static void calibrate(bram_recording *r, size_t rows)
{
    for (size_t u = 0; u < r->units; u++) {
        double n = 0, mean = 0, square = 0;
        for (size_t t = 0; t < rows; t++)
            if (r->present[t * r->units + u]) n++, mean += r->values[t * r->units + u];
        mean = n > 0 ? mean / n : 0;
        for (size_t t = 0; t < rows; t++)
            if (r->present[t * r->units + u]) {
                double d = r->values[t * r->units + u] - mean;
                square += d * d;
            }
        double deviation = n > 1 ? sqrt(square / n) : 0;
        for (size_t t = 0; t < r->rows; t++) {
            double *value = &r->values[t * r->units + u];
            if (deviation > 0) *value = (*value - mean) / deviation;
            else *value = 0, r->present[t * r->units + u] = 0;
        }
    }
}

static size_t calibration_rows(const struct forecast *f, const bram_recording *r)
{
    return (size_t)(bram_option_real(f->o, "calibration") * (double)r->rows) + 1;
}

/* Recordings of other folds than the part's, but for its copies. */
static int read_fold(bram_ctx *cx, struct forecast *f, const bram_splits *s)
{
    const bram_dataset *ds = f->cell->dataset;
    if (strcmp(s->scheme, "time") == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the splits are by time, variant=across needs them by worm or source");
    BRAM_TRY(bram_splits_hold(cx, s, ds, f->cell->part));
    const bram_split_entry *own = bram_splits_find(s, f->cell->part);
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        BRAM_TRY(bram_splits_hold(cx, s, ds, id));
        const bram_split_entry *e = bram_splits_find(s, id);
        if (e->fold != own->fold && e->group != own->group) BRAM_TRY(read_one(cx, f, id));
    }
    return f->recordings > 1 ? BRAM_OK
                             : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                         "no recording is in another fold than %s", own->id);
}

static int read_others_by_splits(bram_ctx *cx, struct forecast *f)
{
    bram_splits s = {.count = 0};
    BRAM_TRY(bram_splits_open(cx, &s, bram_option_text(f->o, "splits")));
    int status = read_fold(cx, f, &s);
    bram_splits_release(&s);
    return status;
}

static int read_all(bram_ctx *cx, struct forecast *f)
{
    const bram_dataset *ds = f->cell->dataset;
    size_t n = bram_dataset_groups(ds, "recordings");
    if (n < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the dataset has %zu recording; leaving one out "
                         "needs 2",
                         n);
    f->recording = bram_alloc(cx, n, sizeof *f->recording);
    if (!f->recording) return BRAM_ENOMEM;
    BRAM_TRY(read_one(cx, f, f->cell->part));
    if (bram_option_text(f->o, "splits")[0]) return read_others_by_splits(cx, f);
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (strcmp(id, f->cell->part) != 0) BRAM_TRY(read_one(cx, f, id));
    }
    return BRAM_OK;
}

static int align_all(bram_ctx *cx, struct forecast *f, const bram_axis *unit)
{
    for (size_t i = 0; i < f->recordings; i++) {
        bram_recording aligned;
        BRAM_TRY(bram_recording_align(cx, &aligned, &f->recording[i], unit));
        bram_recording_release(&f->recording[i]);
        f->recording[i] = aligned;
        calibrate(&f->recording[i], calibration_rows(f, &aligned));
    }
    return BRAM_OK;
}

static int split_across(bram_ctx *cx, struct forecast *f)
{
    BRAM_TRY(read_all(cx, f));
    if (bram_option_is(f->o, "copies", "refuse"))
        BRAM_TRY(bram_copies_refuse(cx, &f->recording[0], &f->recording[1], f->recordings - 1));
    bram_axis *unit = NULL;
    BRAM_TRY(common_units(cx, &unit, f));
    int status = align_all(cx, f, unit);
    bram_axis_free(unit);
    BRAM_TRY(status);
    size_t others = f->recordings - 1, gap = (size_t)bram_option_integer(f->o, "gap");
    bram_cut *train = bram_scratch(cx, 2 * others, sizeof *train);
    if (!train) return BRAM_ENOMEM;
    bram_cut *validation = train + others;
    double share = bram_option_real(f->o, "train") + bram_option_real(f->o, "validation");
    share = bram_option_real(f->o, "train") / share;
    for (size_t i = 0; i < others; i++) {
        const bram_recording *r = &f->recording[i + 1];
        size_t cut = (size_t)(share * (double)r->rows);
        train[i] = (bram_cut){r, 0, 0, cut};
        validation[i] = (bram_cut){r, 0, cut + gap, r->rows};
    }
    BRAM_TRY(bram_slice_make(cx, &f->train, train, others));
    BRAM_TRY(bram_slice_make(cx, &f->validation, validation, others));
    const bram_recording *out = &f->recording[0];
    return bram_slice_make(cx, &f->test, &(bram_cut){out, 0, calibration_rows(f, out), out->rows},
                           1);
}

/* Rows of the left-out animal after those that set its scale, and the units it shares. */
static int demand_across(bram_ctx *cx, bram_demand *out, struct forecast *f)
{
    bram_demand d = {0};
    BRAM_TRY(split_across(cx, f));
    const bram_recording *r = &f->recording[0];
    size_t first = calibration_rows(f, r);
    const char **set = bram_scratch(cx, r->rows, sizeof *set);
    if (!set) return BRAM_ENOMEM;
    for (size_t t = 0; t < r->rows; t++) set[t] = t < first ? "" : "test";
    BRAM_TRY(bram_axis_copy(cx, &d.row, r->time));
    d.unit = bram_axis_ref(r->unit);
    int status = bram_axis_add_text(cx, d.row, "set", set);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    if (bram_option_is(b->options, "variant", "within"))
        return bram_recording_demand(cx, out, b, ds, part);
    bram_cell cell = {b, ds, part, "copy", 0};
    struct forecast f = {.cell = &cell, .o = b->options};
    size_t mark = bram_scratch_mark(cx);
    int status = demand_across(cx, out, &f);
    release(&f);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Which rows of a segment are scored: `rows` starts, target at start + step - 1. */
struct question {
    size_t segment;
    size_t *start;
    size_t starts, steps;
};

/* An answer as a matrix of starts x (steps * units), taken out of the dataset that holds it. */
static int ask(bram_ctx *cx, double *out, uint8_t *present, const struct forecast *f,
               const bram_fitted *model, const struct question *q)
{
    bool step = q->steps == 0;
    bram_query query = {.ask = step ? BRAM_ASK_STEP : BRAM_ASK_FREE_RUN,
                        .panel = &f->test.panel,
                        .segment = q->segment,
                        .start = q->start,
                        .starts = q->starts,
                        .steps = q->steps};
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &query));
    const bram_response *mean = bram_dataset_response(answer, "mean");
    size_t units = bram_axis_length(f->test.panel.unit);
    size_t want[3] = {q->starts, step ? units : q->steps, units};
    int status = BRAM_OK;
    if (!mean || bram_response_dims(mean) != (step ? 2u : 3u))
        status = bram_fail(cx, BRAM_ESHAPE, "%s gave no \"mean\" of %d dimensions",
                           bram_fitted_spec(model), step ? 2 : 3);
    for (size_t d = 0; status == BRAM_OK && d < (step ? 2u : 3u); d++)
        if (bram_response_length(mean, d) != want[d])
            status = bram_fail(cx, BRAM_ESHAPE,
                               "%s: \"mean\" has %zu along dimension %zu, expected "
                               "%zu",
                               bram_fitted_spec(model), bram_response_length(mean, d), d + 1,
                               want[d]);
    if (status == BRAM_OK)
        status = bram_response_read(cx, mean, (size_t[]){0, 0, 0}, want, out, present);
    size_t count = q->starts * (step ? 1 : q->steps) * units;
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        if (present[i] && !isfinite(out[i]))
            status = bram_fail(
                cx, BRAM_ENUMERIC, "%s forecasts a value that is not finite (unit %s)",
                bram_fitted_spec(model), bram_axis_id(f->test.panel.unit, i % units));
    bram_dataset_free(answer);
    return status;
}

/* Predictions of the model and of the floors, and the truth, for all segments together. */
enum { MODEL, COPY, MEAN, BLIND, FORECASTS };

struct answers {
    size_t rows, steps, units;        /* steps is 1 for one-step forecasts */
    double *value[FORECASTS], *truth; /* rows x steps x units; of BLIND NULL where it is none */
    uint8_t *present[FORECASTS], *truth_present;
    uint32_t *group;
    struct question *question; /* one a segment */
};

static int plan_questions(bram_ctx *cx, struct answers *a, const struct forecast *f, bool free_run,
                          size_t steps)
{
    const bram_slice *test = &f->test;
    size_t stride = free_run ? (size_t)bram_option_integer(f->o, "stride") : 1;
    size_t offset = free_run ? (size_t)bram_option_integer(f->o, "offset") : 0;
    *a = (struct answers){.steps = steps, .units = bram_axis_length(test->panel.unit)};
    a->question = bram_scratch(cx, test->panel.segments, sizeof *a->question);
    if (!a->question) return BRAM_ENOMEM;
    for (size_t s = 0; s < test->panel.segments; s++) {
        const bram_segment *segment = &test->segment[s];
        struct question *q = &a->question[s];
        *q = (struct question){.segment = s, .steps = free_run ? steps : 0};
        q->start = bram_scratch(cx, segment->y.rows, sizeof *q->start);
        if (!q->start) return BRAM_ENOMEM;
        /* a free run from row 0 of a piece would have no past at all */
        size_t first = segment->first > 0 ? segment->first : 1;
        if (!free_run) first = segment->first;
        for (size_t t = first + offset; t + steps <= segment->y.rows; t += stride)
            q->start[q->starts++] = t;
        a->rows += q->starts;
    }
    return BRAM_OK;
}

/* Group of a row: its block in time, counted over the test part. */
static void fill_truth(struct answers *a, const struct forecast *f)
{
    size_t row = 0;
    for (size_t s = 0; s < f->test.panel.segments; s++) {
        const struct question *q = &a->question[s];
        const bram_segment *segment = &f->test.segment[s];
        for (size_t i = 0; i < q->starts; i++, row++) {
            size_t from = q->start[i] * a->units, width = a->steps * a->units;
            memcpy(a->truth + row * width, segment->y.data + from, width * sizeof(double));
            memcpy(a->truth_present + row * width, segment->y_present + from, width);
            a->group[row] = bram_time_block_of(&f->blocks, &f->test, s, q->start[i]);
        }
    }
}

/* What a fitted model tells of all segments. */
static int ask_one(bram_ctx *cx, struct answers *a, size_t which, const struct forecast *f,
                   const bram_fitted *model)
{
    size_t row = 0, width = a->steps * a->units;
    a->value[which] = bram_scratch(cx, a->rows * width, sizeof(double));
    a->present[which] = bram_scratch(cx, a->rows * width, 1);
    if (!a->value[which] || !a->present[which]) return BRAM_ENOMEM;
    for (size_t s = 0; s < f->test.panel.segments; s++) {
        const struct question *q = &a->question[s];
        if (q->starts)
            BRAM_TRY(ask(cx, a->value[which] + row * width, a->present[which] + row * width, f,
                         model, q));
        row += q->starts;
    }
    return BRAM_OK;
}

static int ask_all(bram_ctx *cx, struct answers *a, struct forecast *f)
{
    size_t count = a->rows * a->steps * a->units;
    a->truth = bram_scratch(cx, count, sizeof(double));
    a->truth_present = bram_scratch(cx, count, 1);
    a->group = bram_scratch(cx, a->rows, sizeof *a->group);
    if (!a->truth || !a->truth_present || !a->group) return BRAM_ENOMEM;
    fill_truth(a, f);
    BRAM_TRY(ask_one(cx, a, MODEL, f, f->model));
    BRAM_TRY(ask_one(cx, a, COPY, f, f->floor[0]));
    BRAM_TRY(ask_one(cx, a, MEAN, f, f->floor[1]));
    if (!f->blind) return BRAM_OK;
    bram_slice_detach(&f->test);
    int status = ask_one(cx, a, BLIND, f, f->blind);
    bram_slice_attach(&f->test, &f->input);
    return status;
}

/* The side of step `step` (0-based), or of all steps together when step == a->steps. */
static bram_side side_of(const struct answers *a, double *value, const uint8_t *present,
                         size_t step, const bram_axis *unit)
{
    bram_side side = {.column = unit};
    if (step == a->steps) {
        side.values = (bram_mat){value, a->rows * a->steps, a->units, a->units};
        side.present = present;
        return side;
    }
    side.values = (bram_mat){value + step * a->units, a->rows, a->units, a->steps * a->units};
    return side;
}

/* The mask of one step, packed as bram_side wants it. */
static uint8_t *packed_mask(bram_ctx *cx, const struct answers *a, const uint8_t *present,
                            size_t step)
{
    uint8_t *mask = bram_scratch(cx, a->rows * a->units, 1);
    for (size_t i = 0; mask && i < a->rows; i++)
        memcpy(mask + i * a->units, present + (i * a->steps + step) * a->units, a->units);
    return mask;
}

/* The model's forecasts, or those without inputs, beside the floors and the truth. */
static int make_piece(bram_ctx *cx, bram_score_piece *piece, const struct forecast *f,
                      const struct answers *a, size_t step, size_t which)
{
    const bram_axis *unit = f->test.panel.unit;
    const size_t from[] = {which, COPY, MEAN};
    bram_side *side[] = {&piece->model, &piece->floor[0].side, &piece->floor[1].side};
    piece->groups = (bram_groups){a->group, f->blocks.blocks.count};
    piece->brain = side_of(a, a->truth, a->truth_present, step, unit);
    for (size_t i = 0; i < 2; i++) piece->floor[i].name = floor_names[i];
    for (size_t i = 0; i < 3; i++)
        *side[i] = side_of(a, a->value[from[i]], a->present[from[i]], step, unit);
    if (step == a->steps) {
        uint32_t *group = bram_scratch(cx, a->rows * a->steps, sizeof *group);
        if (!group) return BRAM_ENOMEM;
        for (size_t i = 0; i < a->rows * a->steps; i++) group[i] = a->group[i / a->steps];
        piece->groups.group = group;
        return BRAM_OK;
    }
    if (!(piece->brain.present = packed_mask(cx, a, a->truth_present, step))) return BRAM_ENOMEM;
    for (size_t i = 0; i < 3; i++)
        if (!(side[i]->present = packed_mask(cx, a, a->present[from[i]], step))) return BRAM_ENOMEM;
    return BRAM_OK;
}

/* What the inputs are worth, and the scores of the forecasts without them. */
static int score_blind(bram_ctx *cx, struct forecast *f, const struct answers *a, size_t step,
                       const char *label, bram_score_job job)
{
    const bram_benchmark *b = f->cell->benchmark;
    bram_score_piece piece = {0};
    BRAM_TRY(make_piece(cx, &piece, f, a, step, BLIND));
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

static int score_step(bram_ctx *cx, struct forecast *f, const struct answers *a, size_t step,
                      const char *label, int64_t horizon)
{
    bram_score_piece piece = {0};
    BRAM_TRY(make_piece(cx, &piece, f, a, step, MODEL));
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
    if (!f->subset || horizon > 1) return BRAM_OK;
    char *labelled = bram_strf(cx, "%s/labelled", label);
    if (!labelled) return BRAM_ENOMEM;
    job.label = labelled;
    job.subset = f->subset;
    int status = BRAM_OK;
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = bram_scores_add(cx, f->scores, b->metrics[m], &job);
    bram_free(labelled);
    return status;
}

/* ---- examples for the report ---------------------------------------------------------------- */

enum { EXAMPLE_UNITS = 6, EXAMPLE_ROWS = 400 };

/* The units of largest variance in the training part: a choice that no model has a say in. */
static size_t example_units(const struct forecast *f, size_t chosen[EXAMPLE_UNITS])
{
    size_t units = bram_axis_length(f->train.panel.unit), n = 0;
    double best[EXAMPLE_UNITS];
    for (size_t u = 0; u < units; u++) {
        double count = 0, mean = 0, square = 0;
        for (size_t s = 0; s < f->train.panel.segments; s++) {
            const bram_segment *g = &f->train.segment[s];
            for (size_t t = g->first; t < g->y.rows; t++) {
                if (!g->y_present[t * units + u]) continue;
                double d = bram_row(&g->y, t)[u] - mean;
                mean += d / ++count;
                square += d * (bram_row(&g->y, t)[u] - mean);
            }
        }
        double variance = count > 1 ? square / count : -1;
        size_t at = n;
        while (at > 0 && best[at - 1] < variance) at--;
        if (at >= EXAMPLE_UNITS) continue;
        for (size_t k = n < EXAMPLE_UNITS ? n : EXAMPLE_UNITS - 1; k > at; k--)
            best[k] = best[k - 1], chosen[k] = chosen[k - 1];
        best[at] = variance, chosen[at] = u;
        if (n < EXAMPLE_UNITS) n++;
    }
    return n;
}

static int add_example(bram_ctx *cx, bram_dataset *result, const char *name, const bram_axis *row,
                       const bram_axis *unit, const double *value, const uint8_t *present,
                       size_t units, const size_t *chosen)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){row, unit}));
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    double *out = bram_response_f64(r);
    size_t n = bram_axis_length(unit);
    for (size_t t = 0; t < bram_axis_length(row); t++)
        for (size_t i = 0; i < n; i++) {
            out[t * n + i] = value[t * units + chosen[i]];
            mask[t * n + i] = present[t * units + chosen[i]];
        }
    return bram_dataset_add(cx, result, "example", r);
}

static int keep_examples(bram_ctx *cx, const struct forecast *f, const struct answers *a,
                         bram_dataset *result)
{
    size_t chosen[EXAMPLE_UNITS] = {0}, n = example_units(f, chosen), rows = a->question[0].starts;
    if (rows > EXAMPLE_ROWS) rows = EXAMPLE_ROWS;
    if (!n || !rows) return BRAM_OK;
    bram_axis *row = NULL, *unit = NULL;
    int status = bram_axis_take(cx, &unit, f->test.panel.unit, chosen, n);
    if (status == BRAM_OK)
        status = bram_axis_take(cx, &row, f->test.segment[0].row, a->question[0].start, rows);
    if (status == BRAM_OK)
        status = add_example(cx, result, "recorded", row, unit, a->truth, a->truth_present,
                             a->units, chosen);
    if (status == BRAM_OK)
        status = add_example(cx, result, "predicted", row, unit, a->value[0], a->present[0],
                             a->units, chosen);
    bram_axis_free(row);
    bram_axis_free(unit);
    return status;
}

/* ---- run ------------------------------------------------------------------------------------ */

static int score_one_step(bram_ctx *cx, struct forecast *f, bram_dataset *result)
{
    size_t mark = bram_scratch_mark(cx);
    struct answers a;
    BRAM_TRY(plan_questions(cx, &a, f, false, 1));
    if (!a.rows) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the test part has no rows");
    BRAM_TRY(ask_all(cx, &a, f));
    BRAM_TRY(score_step(cx, f, &a, 0, "step", 1));
    BRAM_TRY(keep_examples(cx, f, &a, result));
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
    struct answers a;
    BRAM_TRY(plan_questions(cx, &a, f, true, steps));
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

/* The inputs of all parts, each row with what was known before it. */
static int attach_inputs(bram_ctx *cx, struct forecast *f)
{
    BRAM_TRY(bram_behaviour_read(cx, &f->input, f->cell->dataset, &f->recording[0],
                                 bram_option_text(f->o, "inputs"),
                                 bram_option_text(f->o, "variables")));
    bram_behaviour_delay(&f->input);
    bram_slice_attach(&f->train, &f->input);
    bram_slice_attach(&f->validation, &f->input);
    bram_slice_attach(&f->test, &f->input);
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
    const bram_panel *validation = f->validation.panel.segments ? &f->validation.panel : NULL;
    return bram_fitted_new(cx, out, f->cell->model, &f->train.panel, validation, f->cell->seed);
}

static int fit_all(bram_ctx *cx, struct forecast *f)
{
    bool inputs = bram_option_text(f->o, "inputs")[0] != 0, takes = false;
    f->train.panel.public_data = f->cell->dataset; /* for models of a connectome */
    if (inputs) BRAM_TRY(takes_inputs(cx, &takes, f->cell->model));
    if (takes) BRAM_TRY(fit_model(cx, &f->blind, f));
    if (inputs) BRAM_TRY(attach_inputs(cx, f));
    BRAM_TRY(fit_model(cx, &f->model, f));
    for (size_t i = 0; i < 2; i++)
        BRAM_TRY(bram_fitted_new(cx, &f->floor[i], floor_names[i], &f->train.panel, NULL, 0));
    return BRAM_OK;
}

/* On a learning curve by what there is to learn from in all: the same blocks at every size. */
static int make_blocks(bram_ctx *cx, struct forecast *f)
{
    bram_cell cell = *f->cell;
    if (!cell.whole) return bram_time_blocks_of(cx, &f->blocks, &cell, &f->train, &f->test);
    cell.dataset = cell.whole;
    cell.whole = NULL;
    struct forecast whole = {.cell = &cell, .o = f->o};
    bool within = bram_option_is(f->o, "variant", "within");
    int status = within ? split_within(cx, &whole) : split_across(cx, &whole);
    if (status == BRAM_OK)
        status = bram_time_blocks_of(cx, &f->blocks, &cell, &whole.train, &f->test);
    release(&whole);
    return status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct forecast f = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    bool within = bram_option_is(f.o, "variant", "within");
    if (!within && bram_option_text(f.o, "inputs")[0])
        return bram_fail(cx, BRAM_EUSAGE,
                         "inputs are for variant=within: those of other animals "
                         "have other scales");
    int status = within ? split_within(cx, &f) : split_across(cx, &f);
    if (status == BRAM_OK) status = fit_all(cx, &f);
    if (status == BRAM_OK) status = make_blocks(cx, &f);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &f.scores, f.test.panel.unit, cell);
    if (status == BRAM_OK) status = score_one_step(cx, &f, result);
    if (status == BRAM_OK) status = score_free_runs(cx, &f);
    if (status == BRAM_OK) status = bram_inside_keep(cx, f.model, &f.test.panel, result);
    if (status == BRAM_OK) status = bram_scores_finish(cx, f.scores, result);
    release(&f);
    bram_scratch_release(cx, mark);
    return status;
}

static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    (void)cx;
    const bram_dataset *ds = cell->dataset;
    size_t total = 0, rows = 0, units = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const bram_response *r = bram_dataset_response(ds, bram_dataset_response_path(ds, i));
        if (bram_response_dims(r) != 2 ||
            strcmp(bram_response_name(r), bram_option_text(cell->benchmark->options, "response")) !=
                0)
            continue;
        if (bram_response_count(r) > rows * units)
            rows = bram_response_length(r, 0), units = bram_response_length(r, 1);
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
    if (model->memory) total += model->memory(o, rows, units, 0);
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
    .demand = demand,
    .no_hidden = "the true past of a row is the answer to the row before it; run the model as a "
                 "program (process:COMMAND), which never sees the future",
    .memory = memory,
    .run = run,
};
