/*
 * task_psth.c - the task "psth": do a model's forecasts, averaged over the trials of a condition,
 * follow the recorded average (peri-stimulus time histogram)?
 *
 * One recording is cut in time (timesplit.h). The model forecasts every test row one step ahead.
 * Trials begin at events, or at movements that are found in behaviour and named by their direction
 * (onsets.h). Of every trial whose rows, `before` its beginning to `after`, lie in the test part,
 * the forecasts and the recording are averaged by condition and row; those averages, of all
 * conditions below each other, are what the metrics see: unit by unit, as the match to PSTHs of the
 * Neural Latents Benchmark (Pei et al. 2021, arXiv 2109.04463), there from smoothed spikes.
 *
 * Floors: `mean`, the training mean; `psth`, the average of the training trials, which knows the
 * condition and when the trial began but nothing of the trial. The ceiling is the reliability of
 * the recorded averages from odd and even trials (Spearman-Brown).
 */
#include "demand.h"
#include "onsets.h"
#include "scores.h"
#include "stats.h"
#include "timesplit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"trials", BRAM_PARAM_CHOICE, "events", "events|movements", 0, 0,
     "what trials begin with: the table of events, or movements found in behaviour"},
    {"kind", BRAM_PARAM_TEXT, "", NULL, 0, 0, "events of this kind only; empty: all"},
    BRAM_MOVEMENT_PARAMS,
    {"before", BRAM_PARAM_INTEGER, "0", NULL, 0, 100000, "rows before the beginning of a trial"},
    {"after", BRAM_PARAM_INTEGER, "20", NULL, 1, 100000, "rows from the beginning on"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const char *const MEAN = "mean";

enum { LEAST_TRIALS = 2 };

enum part { OUTSIDE, TRAINING, TEST };

struct psth {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_onsets trials;
    bram_fitted *model, *floor;
    bram_scores *scores;
    size_t before, bins, conditions, units;
    uint8_t *part; /* of each row of the recording */
};

/* Averages by condition and row of a trial, below each other. */
struct average {
    double *values; /* (conditions bins) x units */
    uint8_t *present;
};

static void release(struct psth *p)
{
    bram_scores_free(p->scores);
    bram_fitted_free(p->model);
    bram_fitted_free(p->floor);
    bram_onsets_release(&p->trials);
    bram_timesplit_release(&p->split);
    bram_recording_release(&p->recording);
}

/* ---- trials --------------------------------------------------------------------------------- */

static void mark(const struct psth *p, const bram_slice *s, enum part part)
{
    for (size_t i = 0; i < s->panel.segments; i++)
        memset(p->part + s->begin[i] + s->segment[i].first, (int)part,
               s->segment[i].y.rows - s->segment[i].first);
}

/* Whether all rows of a trial are of one part of the cut, and of one stretch. */
static bool lies_in(const struct psth *p, const bram_onset *t, enum part part)
{
    const bram_recording *r = &p->recording;
    if (t->row < p->before || t->row - p->before + p->bins > r->rows) return false;
    size_t from = t->row - p->before, to = from + p->bins;
    for (size_t i = from; i < to; i++)
        if (p->part[i] != part) return false;
    for (size_t i = 1; i < r->pieces; i++)
        if (from < r->piece[i] && r->piece[i] < to) return false;
    return true;
}

static int prepare(bram_ctx *cx, struct psth *p)
{
    const bram_cell *c = p->cell;
    p->before = (size_t)bram_option_integer(p->o, "before");
    p->bins = p->before + (size_t)bram_option_integer(p->o, "after");
    BRAM_TRY(bram_recording_causal(cx, c->dataset, c->part, p->o));
    BRAM_TRY(bram_recording_read(cx, &p->recording, c->dataset, c->part,
                                 bram_option_text(p->o, "response")));
    BRAM_TRY(bram_timesplit_make(cx, &p->split, &p->recording, p->o));
    BRAM_TRY(bram_option_is(p->o, "trials", "movements")
                 ? bram_onsets_of_behaviour(cx, &p->trials, c->dataset, &p->recording, p->o)
                 : bram_onsets_of_events(cx, &p->trials, c->dataset, &p->recording,
                                         bram_option_text(p->o, "kind")));
    p->conditions = bram_axis_length(p->trials.condition);
    p->units = p->recording.units;
    p->part = bram_scratch(cx, p->recording.rows, 1);
    if (!p->part) return BRAM_ENOMEM;
    mark(p, &p->split.train, TRAINING);
    mark(p, &p->split.test, TEST);
    BRAM_TRY(bram_fitted_new(cx, &p->model, c->model, &p->split.train.panel,
                             bram_timesplit_validation(&p->split), c->seed));
    return bram_fitted_new(cx, &p->floor, MEAN, &p->split.train.panel, NULL, 0);
}

/* ---- averages ------------------------------------------------------------------------------- */

/*
 * Averages over the trials of a part of the cut. Conditions of fewer than `least` trials are
 * masked.
 *
 * @param values, present  of the recording's rows
 * @param half   0 or 1: every second trial of each condition, from that one on; -1: all
 */
static int average(bram_ctx *cx, struct average *out, const struct psth *p, const double *values,
                   const uint8_t *present, enum part part, int half, size_t least)
{
    size_t units = p->units, size = p->conditions * p->bins * units;
    out->values = bram_scratch(cx, size, sizeof *out->values);
    out->present = bram_scratch(cx, size, 1);
    double *count = bram_scratch(cx, size, sizeof *count);
    size_t *seen = bram_scratch(cx, p->conditions, sizeof *seen);
    if (!out->values || !out->present || !count || !seen) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->trials.count; i++) {
        const bram_onset *t = &p->trials.trial[i];
        if (!lies_in(p, t, part)) continue;
        if (half >= 0 && (int)(seen[t->condition]++ % 2) != half) continue;
        if (half < 0) seen[t->condition]++;
        size_t to = t->condition * p->bins * units, from = (t->row - p->before) * units;
        for (size_t k = 0; k < p->bins * units; k++)
            if (present[from + k]) out->values[to + k] += values[from + k], count[to + k]++;
    }
    for (size_t k = 0; k < size; k++) {
        out->present[k] = count[k] > 0 && seen[k / (p->bins * units)] >= least;
        if (count[k] > 0) out->values[k] /= count[k];
    }
    return BRAM_OK;
}

/* A model's forecasts of the test rows, averaged as the recording is. */
static int average_forecasts(bram_ctx *cx, struct average *out, const struct psth *p,
                             const bram_fitted *model)
{
    const uint8_t *present = p->recording.present;
    const bram_slice *test = &p->split.test;
    size_t units = p->units, rows = p->recording.rows, at = 0, targets = 0;
    for (size_t s = 0; s < test->panel.segments; s++)
        targets += test->segment[s].y.rows - test->segment[s].first;
    double *answer = bram_scratch(cx, targets * units, sizeof *answer);
    double *whole = bram_scratch(cx, rows * units, sizeof *whole);
    uint8_t *told = bram_scratch(cx, targets * units, 1);
    if (!answer || !whole || !told) return BRAM_ENOMEM;
    BRAM_TRY(bram_ask_targets(cx, answer, told, model, test, (bram_query){.ask = BRAM_ASK_STEP},
                              "mean"));
    for (size_t s = 0; s < test->panel.segments; s++) {
        size_t first = test->segment[s].first, row = test->begin[s] + first;
        for (size_t t = first; t < test->segment[s].y.rows; t++, row++, at++)
            for (size_t u = 0; u < units; u++) {
                whole[row * units + u] = answer[at * units + u];
                if (present[row * units + u] && !told[at * units + u])
                    return bram_fail(cx, BRAM_ENUMERIC, "%s says nothing of unit %s in row %zu",
                                     bram_fitted_spec(model), bram_axis_id(p->recording.unit, u),
                                     row);
            }
    }
    return average(cx, out, p, whole, present, TEST, -1, LEAST_TRIALS);
}

/* The average of the training trials; the training mean where a condition has none. */
static int average_training(bram_ctx *cx, struct average *out, const struct psth *p,
                            const struct average *mean)
{
    const bram_recording *r = &p->recording;
    size_t size = p->conditions * p->bins * p->units;
    BRAM_TRY(average(cx, out, p, r->values, r->present, TRAINING, -1, 1));
    for (size_t k = 0; k < size; k++)
        if (!out->present[k]) out->values[k] = mean->values[k], out->present[k] = mean->present[k];
    return BRAM_OK;
}

/* Of each unit: r between the averages of odd and even test trials, stepped up to all of them. */
static int reliability(bram_ctx *cx, double *out, const struct psth *p)
{
    const bram_recording *r = &p->recording;
    struct average half[2];
    size_t rows = p->conditions * p->bins, units = p->units;
    double *x = bram_scratch(cx, rows, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    for (int h = 0; h < 2; h++)
        BRAM_TRY(average(cx, &half[h], p, r->values, r->present, TEST, h, LEAST_TRIALS));
    for (size_t u = 0; u < units; u++) {
        size_t n = 0;
        for (size_t i = 0; i < rows; i++) {
            size_t k = i * units + u;
            if (!half[0].present[k] || !half[1].present[k]) continue;
            x[n] = half[0].values[k];
            x[rows + n++] = half[1].values[k];
        }
        double c = n > 2 ? bram_pearson(x, x + rows, n) : (double)NAN;
        out[u] = c > -1 ? 2 * c / (1 + c) : (double)NAN;
    }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static bram_side side_of(const struct psth *p, const struct average *a)
{
    return (bram_side){.values = {a->values, p->conditions * p->bins, p->units, p->units},
                       .present = a->present,
                       .column = p->recording.unit};
}

/* How many trials, of how many conditions, are averaged: for the table. */
static int count_trials(bram_ctx *cx, char *text, size_t bytes, const struct psth *p)
{
    size_t n = 0, conditions = 0, *of = bram_scratch(cx, p->conditions, sizeof *of);
    if (!of) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->trials.count; i++)
        if (lies_in(p, &p->trials.trial[i], TEST)) of[p->trials.trial[i].condition]++;
    for (size_t c = 0; c < p->conditions; c++)
        if (of[c] >= LEAST_TRIALS) n += of[c], conditions++;
    if (conditions < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu conditions have %d trials in the test part, expected two or more",
                         conditions, LEAST_TRIALS);
    snprintf(text, bytes, "%zu conditions of %zu trials", conditions, n);
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct psth *p, bram_dataset *result)
{
    const bram_benchmark *b = p->cell->benchmark;
    const bram_recording *r = &p->recording;
    struct average brain, model, mean, psth;
    char axis[64];
    size_t rows = p->conditions * p->bins;
    uint32_t *group = bram_scratch(cx, rows, sizeof *group);
    double *signal = bram_scratch(cx, p->units, sizeof *signal);
    if (!group || !signal) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) group[i] = (uint32_t)(i / p->bins);
    BRAM_TRY(count_trials(cx, axis, sizeof axis, p));
    BRAM_TRY(average(cx, &brain, p, r->values, r->present, TEST, -1, LEAST_TRIALS));
    BRAM_TRY(average_forecasts(cx, &model, p, p->model));
    BRAM_TRY(average_forecasts(cx, &mean, p, p->floor));
    BRAM_TRY(average_training(cx, &psth, p, &mean));
    BRAM_TRY(reliability(cx, signal, p));
    bram_score_piece piece = {.model = side_of(p, &model),
                              .brain = side_of(p, &brain),
                              .floor = {{MEAN, side_of(p, &mean)}, {"psth", side_of(p, &psth)}},
                              .groups = {group, p->conditions}};
    bram_score_job job = {.piece = &piece,
                          .pieces = 1,
                          .floors = 2,
                          .axis = axis,
                          .ceiling = BRAM_CEILING_RELIABILITY,
                          .reliability = signal};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, p->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, p->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct psth p = {.cell = cell, .o = cell->benchmark->options};
    size_t mark_before = bram_scratch_mark(cx);
    int status = prepare(cx, &p);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &p.scores, p.recording.unit, cell);
    if (status == BRAM_OK) status = score(cx, &p, result);
    release(&p);
    bram_scratch_release(cx, mark_before);
    return status;
}

const bram_task bram_task_psth = {
    .name = "psth",
    .summary = "forecasts averaged over trials against the recorded average (PSTH)",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_STEP),
    .demand = bram_recording_demand,
    .no_hidden = "the true past of a row is the answer to the row before it; run the model as a "
                 "program (process:COMMAND), which never sees the future",
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
