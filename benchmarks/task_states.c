/*
 * task_states.c - the task "states": do a fitted model's hidden states agree with known ones?
 *
 * One recording is cut in time (timesplit.h). The model is fitted on the training rows and gives
 * the posterior of its states for the test rows, whole stretches at once; the most probable state
 * of a row (of equals the lower) is its label. The truth is an integer column of the recording's
 * time axis; or truth=events: the annotated states of the table events (of kind "state"), each row
 * having the one that it lies in (onset <= time < offset; the last such in the table). Rows without
 * one are not scored. Numbers of states need not agree: the metrics (ari, nmi, state-accuracy)
 * compare labellings.
 *
 * The floor is one state for all rows.
 */
#include "demand.h"
#include "reveal.h"
#include "scores.h"
#include "timesplit.h"
#include "wiring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"truth", BRAM_PARAM_TEXT, "state", NULL, 0, 0,
     "the column of the time axis that holds the true state; events: annotated ones"},
    {"connections", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "for the figures: the source whose layers state1, state2 ... are the true connections"},
    BRAM_BLOCKS_PARAM,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

struct states {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_time_blocks blocks;
    bram_fitted *model;
    bram_scores *scores;
    bram_axis *whole;     /* the one unit of the raw values */
    const int64_t *truth; /* of each row of the recording; UNKNOWN where there is none */
};

enum { UNKNOWN = -1 };

static void release(struct states *s)
{
    bram_scores_free(s->scores);
    bram_fitted_free(s->model);
    bram_axis_free(s->whole);
    bram_timesplit_release(&s->split);
    bram_recording_release(&s->recording);
}

/* The number of a state's name: in the order in which names first stand in the table. */
static int64_t number_of(const bram_axis *events, size_t e)
{
    return (int64_t)bram_axis_find(events, bram_axis_id(events, e)); /* the first of that name */
}

static int read_events(bram_ctx *cx, struct states *s)
{
    const bram_recording *r = &s->recording;
    char *path = bram_strf(cx, "recordings/%s/events", s->cell->part);
    if (!path) return BRAM_ENOMEM;
    const bram_axis *events = bram_dataset_table(s->cell->dataset, path);
    bram_free(path);
    const bram_column *kind = events ? bram_axis_column(events, "kind") : NULL;
    const bram_column *onset = events ? bram_axis_column(events, "onset") : NULL;
    const bram_column *offset = events ? bram_axis_column(events, "offset") : NULL;
    const double *time = bram_axis_values(r->time);
    int64_t *state = bram_scratch(cx, r->rows, sizeof *state);
    size_t known = 0;
    if (!state) return BRAM_ENOMEM;
    for (size_t t = 0; t < r->rows; t++) state[t] = UNKNOWN;
    bool spans = onset && onset->number && offset && offset->number;
    for (size_t e = 0; spans && e < bram_axis_length(events); e++) {
        if (kind && kind->text && strcmp(kind->text[e], "state") != 0) continue;
        for (size_t t = 0; t < r->rows; t++)
            if (onset->number[e] <= time[t] && time[t] < offset->number[e])
                state[t] = number_of(events, e), known++;
    }
    s->truth = state;
    return known ? BRAM_OK
                 : bram_fail(cx, BRAM_ENOTAPPLICABLE, "no state of %s is annotated", s->cell->part);
}

static int read_truth(bram_ctx *cx, struct states *s)
{
    const char *name = bram_option_text(s->o, "truth");
    if (strcmp(name, "events") == 0) return read_events(cx, s);
    const bram_column *truth = bram_axis_column(s->recording.time, name);
    if (!truth || !truth->integer)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the time axis of %s has no integer column \"%s\": no state is known",
                         s->cell->part, name);
    s->truth = truth->integer;
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct states *s)
{
    const bram_cell *c = s->cell;
    BRAM_TRY(bram_recording_read(cx, &s->recording, c->dataset, c->part,
                                 bram_option_text(s->o, "response")));
    BRAM_TRY(read_truth(cx, s));
    BRAM_TRY(bram_timesplit_make(cx, &s->split, &s->recording, s->o));
    BRAM_TRY(bram_fitted_new(cx, &s->model, c->model, &s->split.train.panel,
                             bram_timesplit_validation(&s->split), c->seed));
    BRAM_TRY(bram_time_blocks_of(cx, &s->blocks, c, &s->split.train, &s->split.test));
    BRAM_TRY(bram_axis_new(cx, &s->whole, "labelling", 1));
    return bram_axis_set_ids(cx, s->whole, (const char *[]){"states"});
}

/* Labels of the target rows of one segment from the posterior, or an error that names the model. */
static int label(bram_ctx *cx, double *out, const bram_response *r, size_t rows,
                 const bram_fitted *model)
{
    if (!r || bram_response_dims(r) != 2 || bram_response_length(r, 0) != rows ||
        bram_response_length(r, 1) == 0)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"posterior\" of %zu rows",
                         bram_fitted_spec(model), rows);
    size_t states = bram_response_length(r, 1);
    double *p = bram_scratch(cx, rows * states, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, states}, p, NULL));
    for (size_t t = 0; t < rows; t++) {
        size_t best = 0;
        for (size_t k = 0; k < states; k++) {
            if (!isfinite(p[t * states + k]))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: the posterior of row %zu is %g",
                                 bram_fitted_spec(model), t, p[t * states + k]);
            if (p[t * states + k] > p[t * states + best]) best = k;
        }
        out[t] = (double)best;
    }
    return BRAM_OK;
}

/* model and truth: labels of all target rows, in the order of bram_targets. */
static int ask(bram_ctx *cx, double *model, double *truth, const struct states *s)
{
    const bram_slice *test = &s->split.test;
    size_t at = 0;
    for (size_t g = 0; g < test->panel.segments; g++) {
        const bram_segment *segment = &test->segment[g];
        size_t rows = segment->y.rows - segment->first, mark = bram_scratch_mark(cx);
        bram_query q = {.ask = BRAM_ASK_STATES, .panel = &test->panel, .segment = g};
        bram_dataset *answer = NULL;
        BRAM_TRY(bram_fitted_answer(cx, &answer, s->model, &q));
        int status = label(cx, model + at, bram_dataset_response(answer, "posterior"), rows,
                           s->model);
        bram_dataset_free(answer);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        for (size_t t = 0; t < rows; t++)
            truth[at + t] = (double)s->truth[test->begin[g] + segment->first + t];
        at += rows;
    }
    return BRAM_OK;
}

/* ---- what the figures need ------------------------------------------------------------------ */

enum { EXAMPLE_ROWS = 400 };

/* The first rows of a matrix, under another name below group. */
static int keep(bram_ctx *cx, bram_dataset *result, const char *group, const char *name,
                const bram_axis *row, const bram_axis *column, const double *values)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){row, column}));
    memcpy(bram_response_f64(r), values, bram_response_count(r) * sizeof *values);
    return bram_dataset_add(cx, result, group, r);
}

/* Visits of states in the test rows: state, bins. Those that a stretch cuts off count as they are.
 */
static int keep_visits(bram_ctx *cx, const struct states *s, bram_dataset *result,
                       const double *label, size_t rows)
{
    const bram_slice *test = &s->split.test;
    double *visit = bram_scratch(cx, rows, 2 * sizeof *visit);
    size_t n = 0, at = 0;
    if (!visit) return BRAM_ENOMEM;
    for (size_t g = 0; g < test->panel.segments; g++)
        for (size_t t = test->segment[g].first; t < test->segment[g].y.rows; t++, at++) {
            bool goes_on = t > test->segment[g].first && label[at] == label[at - 1];
            if (!goes_on) visit[2 * n] = label[at], visit[2 * n++ + 1] = 0;
            visit[2 * n - 1]++;
        }
    bram_axis *row = NULL, *column = NULL;
    int status = bram_axis_new(cx, &row, "visit", n);
    if (status == BRAM_OK) status = bram_axis_new(cx, &column, "column", 2);
    if (status == BRAM_OK)
        status = bram_axis_set_ids(cx, column, (const char *[]){"state", "bins"});
    if (status == BRAM_OK) status = keep(cx, result, "states", "visits", row, column, visit);
    bram_axis_free(row);
    bram_axis_free(column);
    return status;
}

static bram_side labels(double *values, size_t rows, const bram_axis *column)
{
    return (bram_side){.values = {values, rows, 1, 1}, .column = column};
}

static int score(bram_ctx *cx, struct states *s, bram_dataset *result)
{
    const bram_benchmark *b = s->cell->benchmark;
    bram_targets t;
    BRAM_TRY(bram_targets_make(cx, &t, &s->split.test, &s->blocks));
    double *model = bram_scratch(cx, t.rows, sizeof *model);
    double *truth = bram_scratch(cx, t.rows, sizeof *truth);
    double *one = bram_scratch(cx, t.rows, sizeof *one);
    uint8_t *known = bram_scratch(cx, t.rows, 1);
    if (!model || !truth || !one || !known) return BRAM_ENOMEM;
    BRAM_TRY(ask(cx, model, truth, s));
    bool events = strcmp(bram_option_text(s->o, "truth"), "events") == 0;
    for (size_t i = 0; i < t.rows; i++) known[i] = !events || truth[i] != UNKNOWN;
    BRAM_TRY(keep_visits(cx, s, result, model, t.rows));
    bram_score_piece piece = {.model = labels(model, t.rows, s->whole),
                              .brain = labels(truth, t.rows, s->whole),
                              .floor[0] = {"one-state", labels(one, t.rows, s->whole)},
                              .groups = {t.group, s->blocks.blocks.count}};
    piece.brain.present = known;
    bram_score_job job = {.piece = &piece, .pieces = 1, .floors = 1, .axis = s->blocks.axis};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, s->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, s->scores, result);
}

/* A matrix of an answer, where it is there. */
static int copy(bram_ctx *cx, bram_dataset *result, const bram_dataset *answer, const char *name)
{
    const bram_response *r = bram_dataset_response(answer, name);
    if (!r || bram_response_dims(r) != 2) return BRAM_OK;
    size_t rows = bram_response_length(r, 0), cols = bram_response_length(r, 1);
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, rows * cols, sizeof *values);
    int status = values ? bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, cols},
                                             values, NULL)
                        : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = keep(cx, result, "states", name, bram_response_axis(r, 0),
                      bram_response_axis(r, 1), values);
    bram_scratch_release(cx, mark);
    return status;
}

/* Weights and transitions, from models that tell them. */
static int keep_model(bram_ctx *cx, const struct states *s, bram_dataset *result)
{
    static const char *const names[] = {"state_weights", "transition", "choice"};
    bram_dataset *answer = NULL;
    bram_query q = {.ask = BRAM_ASK_WEIGHTS, .panel = &s->split.train.panel};
    if (!(bram_fitted_model(s->model)->answers & BRAM_ANSWERS(BRAM_ASK_WEIGHTS))) return BRAM_OK;
    int status = bram_fitted_answer(cx, &answer, s->model, &q);
    if (status == BRAM_ENOTAPPLICABLE) return BRAM_OK; /* a program that tells states alone */
    for (size_t i = 0; i < 3 && status == BRAM_OK; i++) status = copy(cx, result, answer, names[i]);
    bram_dataset_free(answer);
    return status;
}

/* The weights of one layer of the true connections, from the rows' unit to the columns'. */
static int read_layer(bram_ctx *cx, double *weight, const struct states *s, const char *source,
                      size_t state)
{
    const bram_axis *unit = s->recording.unit;
    size_t n = bram_axis_length(unit);
    char layer[32];
    bram_wiring w;
    snprintf(layer, sizeof layer, "state%zu", state + 1);
    BRAM_TRY(bram_wiring_read(cx, &w, s->cell->dataset, source, layer));
    for (size_t e = 0; e < w.edges; e++) {
        ptrdiff_t from = bram_axis_find(unit, bram_axis_id(w.nodes, w.from[e]));
        ptrdiff_t to = bram_axis_find(unit, bram_axis_id(w.nodes, w.to[e]));
        if (from >= 0 && to >= 0) weight[(size_t)from * n + (size_t)to] = w.weight[e];
    }
    bram_wiring_release(&w);
    return BRAM_OK;
}

/* The true connections in each true state (state x pair), where the benchmark names them. */
static int keep_connections(bram_ctx *cx, const struct states *s, bram_dataset *result)
{
    const char *source = bram_option_text(s->o, "connections");
    size_t n = bram_axis_length(s->recording.unit), pairs = n * n, states = 0;
    if (!*source) return BRAM_OK;
    for (size_t t = 0; t < s->recording.rows; t++)
        if (s->truth[t] > (int64_t)states) states = (size_t)s->truth[t];
    double *weight = bram_scratch(cx, states, pairs * sizeof *weight);
    bram_axis *state = NULL, *pair = NULL;
    if (!weight) return BRAM_ENOMEM;
    for (size_t k = 0; k < states; k++) BRAM_TRY(read_layer(cx, weight + k * pairs, s, source, k));
    int status = bram_axis_new(cx, &state, "true_state", states);
    if (status == BRAM_OK) status = bram_axis_new(cx, &pair, "pair", pairs);
    if (status == BRAM_OK) status = keep(cx, result, "states", "connections", state, pair, weight);
    bram_axis_free(state);
    bram_axis_free(pair);
    return status;
}

/* The first test rows: what was recorded, the true states, the posterior. */
static int keep_example(bram_ctx *cx, const struct states *s, bram_dataset *result)
{
    const bram_slice *test = &s->split.test;
    const bram_segment *g = &test->segment[0];
    size_t rows = g->y.rows - g->first, units = g->y.cols, at = test->begin[0] + g->first;
    bram_query q = {.ask = BRAM_ASK_STATES, .panel = &test->panel};
    bram_dataset *answer = NULL;
    if (rows > EXAMPLE_ROWS) rows = EXAMPLE_ROWS;
    size_t *index = bram_scratch(cx, rows, sizeof *index);
    double *truth = bram_scratch(cx, rows, sizeof *truth);
    if (!index || !truth) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) index[i] = at + i, truth[i] = (double)s->truth[at + i];
    bram_axis *row = NULL;
    BRAM_TRY(bram_axis_take(cx, &row, s->recording.time, index, rows));
    int status = bram_fitted_answer(cx, &answer, s->model, &q);
    const bram_response *r = answer ? bram_dataset_response(answer, "posterior") : NULL;
    size_t states = r ? bram_response_length(r, 1) : 0;
    double *p = bram_scratch(cx, rows * states, sizeof *p);
    if (status == BRAM_OK)
        status = p ? bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, states}, p, NULL)
                   : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = keep(cx, result, "states", "posterior", row, bram_response_axis(r, 1), p);
    if (status == BRAM_OK) status = keep(cx, result, "states", "truth", row, s->whole, truth);
    if (status == BRAM_OK) status = copy(cx, result, answer, "transition");
    if (status == BRAM_OK) status = copy(cx, result, answer, "choice");
    if (status == BRAM_OK && g->y.stride == units)
        status = keep(cx, result, "states", "recorded", row, s->recording.unit,
                      bram_row(&g->y, g->first));
    bram_dataset_free(answer);
    bram_axis_free(row);
    return status;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct states s = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    char *stream = bram_strf(cx, "%s/%s", cell->benchmark->name, cell->part);
    int status = stream ? prepare(cx, &s) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_scores_new(cx, &s.scores, s.whole, stream, 0,
                                 (size_t)bram_option_integer(s.o, "samples"),
                                 bram_option_real(s.o, "level"));
    if (status == BRAM_OK) status = score(cx, &s, result);
    if (status == BRAM_OK) status = keep_example(cx, &s, result);
    if (status == BRAM_OK) status = keep_model(cx, &s, result);
    if (status == BRAM_OK) status = keep_connections(cx, &s, result);
    bram_free(stream);
    release(&s);
    bram_scratch_release(cx, mark);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    BRAM_TRY(bram_recording_demand(cx, out, b, ds, part));
    bram_axis_free(out->unit);
    out->unit = NULL;
    out->ask = BRAM_ASK_STATES;
    return BRAM_OK;
}

/* What was recorded, whole: models learn without the states, so that none of them is shown. */
static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    return bram_reveal_recording(cx, to, ds, part, bram_option_text(b->options, "response"), NULL);
}

const bram_task bram_task_states = {
    .name = "states",
    .summary = "agreement of a model's hidden states with known ones",
    .version = 2,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_STATES),
    .demand = demand,
    .reveal = reveal,
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
