/*
 * encoding_score.c - the scores of the task "encoding": predictions of tested stimuli as sides and
 * pieces, ceilings by the reliability of units, one job for the model and one for each layer.
 */
#include "encoding.h"

#include "linalg.h"
#include "reliability.h"
#include "scoring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- sides ---------------------------------------------------------------------------------- */

/* Rows of the table of predictions: those of one fold, or all. */
struct rows {
    const size_t *at; /* NULL: all of them, as they stand */
    size_t count;
};

static size_t row_of(const struct rows *r, size_t i)
{
    return r->at ? r->at[i] : i;
}

/* Less `minus` (a table of predictions; NULL: nothing), the responses to each row's stimulus. */
static int brain_side(bram_ctx *cx, bram_side *out, const bram_encoding *e, const struct rows *r,
                      const double *minus)
{
    size_t units = e->area.units;
    size_t *stimulus = bram_scratch(cx, r->count, sizeof *stimulus);
    uint8_t *present;
    if (!stimulus) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->count; i++) stimulus[i] = e->rows.stimulus[row_of(r, i)];
    *out = (bram_side){.column = e->area.unit};
    BRAM_TRY(bram_encoding_take(cx, &out->values, &present, &e->target, stimulus, r->count));
    out->present = present;
    for (size_t i = 0; minus && i < r->count; i++)
        for (size_t u = 0; u < units; u++)
            bram_row(&out->values, i)[u] -= minus[row_of(r, i) * units + u];
    return BRAM_OK;
}

static int prediction_side(bram_ctx *cx, bram_side *out, const bram_encoding *e,
                           const struct rows *r, const double *table, const double *minus)
{
    size_t units = e->area.units;
    *out = (bram_side){.column = e->area.unit};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, r->count, units));
    for (size_t i = 0; i < r->count; i++)
        for (size_t u = 0; u < units; u++) {
            size_t at = row_of(r, i) * units + u;
            bram_row(&out->values, i)[u] = table[at] - (minus ? minus[at] : 0);
        }
    return BRAM_OK;
}

/* One repeat of one stimulus, less what the row is less. @return whether any unit has it */
static bool take_repeat(const bram_encoding *e, const double *minus, size_t stimulus, size_t row,
                        size_t repeat, double *value, uint8_t *present)
{
    const bram_area *a = &e->area;
    bool any = false;
    for (size_t u = 0; u < a->units; u++) {
        size_t from = (stimulus * a->units + u) * a->repeats + repeat;
        present[u] = a->present[from];
        value[u] = present[u] ? a->values[from] - (minus ? minus[row * a->units + u] : 0) : 0;
        any = any || present[u];
    }
    return any;
}

/* The single trials of the rows, for metrics that are about them. */
static int add_trials(bram_ctx *cx, bram_side *side, const bram_encoding *e, const struct rows *r,
                      const double *minus)
{
    const bram_area *a = &e->area;
    size_t most = r->count * a->repeats, units = a->units, count = 0;
    bram_repeats *t = bram_scratch(cx, 1, sizeof *t);
    double *value = bram_scratch(cx, most, units * sizeof *value);
    uint8_t *present = bram_scratch(cx, most, units);
    uint32_t *row = bram_scratch(cx, most, sizeof *row);
    if (!t || !value || !present || !row) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < a->repeats; k++)
            if (take_repeat(e, minus, e->rows.stimulus[row_of(r, i)], row_of(r, i), k,
                            value + count * units, present + count * units))
                row[count++] = (uint32_t)i;
    *t = (bram_repeats){.values = {value, count, units, units},
                        .present = present,
                        .row = row,
                        .folds = a->repeats};
    side->repeats = t;
    return BRAM_OK;
}

/* The rows of one fold as they are, or all rows relative to the training means of their folds. */
static int make_piece(bram_ctx *cx, bram_score_piece *out, const bram_encoding *e,
                      const double *table, const struct rows *r, bool relative, bool trials)
{
    const double *blind = e->prediction[BRAM_ENCODING_BLIND], *minus = relative ? blind : NULL;
    *out = (bram_score_piece){.floor = {{.name = "mean"}}};
    BRAM_TRY(prediction_side(cx, &out->model, e, r, table, minus));
    BRAM_TRY(prediction_side(cx, &out->floor[0].side, e, r, blind, minus));
    BRAM_TRY(brain_side(cx, &out->brain, e, r, minus));
    if (trials) BRAM_TRY(add_trials(cx, &out->brain, e, r, minus));
    if (relative && e->rows.once) return BRAM_OK; /* every row is drawn by itself */
    uint32_t *group = bram_scratch(cx, r->count, sizeof *group);
    if (!group) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->count; i++) group[i] = e->rows.draw_of[row_of(r, i)];
    out->groups = (bram_groups){group, e->rows.tested};
    return BRAM_OK;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static bool is_pooled(const bram_encoding *e)
{
    return bram_option_is(e->o, "score", "pooled");
}

/* What one prediction is scored as: the model's, or that of one of its layers. */
static int add_pieces(bram_ctx *cx, bram_score_job *job, const bram_encoding *e,
                      const double *table, bool trials)
{
    bram_score_piece *piece = bram_scratch(cx, e->folds, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    if (is_pooled(e))
        BRAM_TRY(
            make_piece(cx, &piece[0], e, table, &(struct rows){NULL, e->rows.count}, true, trials));
    for (size_t f = 0; f < e->folds && !is_pooled(e); f++)
        BRAM_TRY(make_piece(cx, &piece[f], e, table,
                            &(struct rows){e->rows.at[f], e->fold[f].tests}, false, trials));
    job->piece = piece;
    job->pieces = is_pooled(e) ? 1 : e->folds;
    job->floors = 1;
    return BRAM_OK;
}

/* For metrics that fit: features and responses, in all folds at once or a piece a fold. */
static int map_pieces(bram_ctx *cx, bram_score_job *job, const bram_encoding *e)
{
    job->pieces = is_pooled(e) ? 1 : e->folds;
    bram_score_piece *piece = bram_scratch(cx, job->pieces, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    for (size_t k = 0; k < job->pieces; k++)
        piece[k] = (bram_score_piece){.model = e->features,
                                      .brain = e->target,
                                      .fold = is_pooled(e) ? e->fold : &e->fold[k],
                                      .folds = is_pooled(e) ? e->folds : 1};
    job->piece = piece;
    job->floors = 0;
    return BRAM_OK;
}

static bram_rule normalization_of(const bram_options *o)
{
    bram_rule rule = BRAM_RULE_NONE;
    (void)bram_rule_find(&rule, bram_option_text(o, "normalization"));
    return rule;
}

/* ---- reliability ---------------------------------------------------------------------------- */

/* The stimuli that are tested, as an area: reliability is that of what is scored. Where splits are
 * drawn, all may be tested. */
static int tested_area(bram_ctx *cx, bram_area *out, const bram_encoding *e)
{
    size_t each = e->area.units * e->area.repeats, used = 0;
    *out = e->area;
    if (e->rows.all || bram_option_is(e->o, "split", "shuffle")) return BRAM_OK;
    out->stimuli = e->rows.tested;
    out->values = bram_scratch(cx, out->stimuli, each * sizeof *out->values);
    out->present = bram_scratch(cx, out->stimuli, each);
    if (!out->values || !out->present) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->rows.count; k++) {
        size_t from = e->rows.stimulus[k];
        if (k && from == e->rows.stimulus[k - 1]) continue;
        memcpy(out->values + used * each, e->area.values + from * each, each * sizeof(double));
        memcpy(out->present + used++ * each, e->area.present + from * each, each);
    }
    return BRAM_OK;
}

/* What the source states of each unit: a share of the variance, 0 to 1. */
static int stated_reliability(bram_ctx *cx, bram_score_job *job, const bram_encoding *e,
                              const char *name)
{
    const bram_column *c = bram_axis_column(e->area.unit, name);
    double *reliability = bram_scratch(cx, e->area.units, sizeof *reliability);
    if (!reliability) return BRAM_ENOMEM;
    if (!c || c->type != BRAM_NUMBER)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the units have no column %s, which is to say how reliable they are",
                         name);
    memcpy(reliability, c->number, e->area.units * sizeof *reliability);
    job->ceiling = BRAM_CEILING_RELIABILITY;
    job->reliability = reliability;
    return BRAM_OK;
}

/* The reliability of the units, where there are repeats, into the job. */
static int add_reliability(bram_ctx *cx, bram_score_job *job, const bram_encoding *e,
                           const char *stream)
{
    size_t n = (size_t)bram_option_integer(e->o, "samples"), size;
    const char *stated = bram_option_text(e->o, "reliability");
    bram_area tested;
    if (strcmp(stated, "repeats") != 0) return stated_reliability(cx, job, e, stated);
    if (e->area.repeats < 2) return BRAM_OK;
    if (__builtin_mul_overflow(n, e->area.units, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu draws of %zu units", n, e->area.units);
    double *reliability = bram_scratch(cx, e->area.units, sizeof *reliability);
    double *draw = n ? bram_scratch(cx, size, sizeof *draw) : NULL;
    if (!reliability || (n && !draw)) return BRAM_ENOMEM;
    BRAM_TRY(tested_area(cx, &tested, e));
    BRAM_TRY(bram_area_reliability(cx, reliability, draw, n, &tested, 0, stream));
    job->ceiling = BRAM_CEILING_RELIABILITY;
    job->reliability = reliability;
    job->reliability_draw = draw;
    job->reliability_draws = n;
    return BRAM_OK;
}

/* Reliabilities as a response of their own, for the report. */
static int keep_reliability(bram_ctx *cx, bram_dataset *result, const bram_encoding *e,
                            const double *reliability)
{
    bram_response *r = NULL;
    if (!reliability) return BRAM_OK;
    BRAM_TRY(
        bram_response_new(cx, &r, "reliability", BRAM_F64, 1, (const bram_axis *[]){e->area.unit}));
    uint8_t *present = bram_response_mask(cx, r);
    if (!present) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    for (size_t u = 0; u < e->area.units; u++) {
        present[u] = isfinite(reliability[u]);
        bram_response_f64(r)[u] = present[u] ? reliability[u] : 0;
    }
    return bram_dataset_add(cx, result, "", r);
}

/* ---- scores --------------------------------------------------------------------------------- */

static int is_mapped(bram_ctx *cx, bool *out, const char *spec)
{
    bram_metric_use use = {0};
    BRAM_TRY(bram_metric_use_parse(cx, &use, spec));
    *out = use.metric->kind == BRAM_METRIC_MAPPED;
    bram_metric_use_release(&use);
    return BRAM_OK;
}

static int check_mapped(bram_ctx *cx, const bram_encoding *e, const char *metric)
{
    if (!e->from_features)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s maps features; %s answers with responses",
                         metric, e->cell->model);
    if (e->layers)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s maps one layer; %s has %zu (%s, %s ...): name it", metric,
                         e->cell->model, e->layers, e->layer[0].name, e->layer[1].name);
    return BRAM_OK;
}

static int score_layers(bram_ctx *cx, bram_encoding *e, const bram_score_job *like, bool trials)
{
    const bram_benchmark *b = e->cell->benchmark;
    for (size_t k = 0; k < e->layers; k++) {
        size_t mark = bram_scratch_mark(cx);
        bram_score_job job = *like;
        job.label = e->layer[k].name;
        BRAM_TRY(add_pieces(cx, &job, e, e->layer[k].prediction, trials));
        for (size_t m = 0; m < b->metric_count; m++)
            BRAM_TRY(bram_scores_add(cx, e->scores, b->metrics[m], &job));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* What is drawn: stimuli, or splits that overlap (Nadeau and Bengio 2003). */
static void describe(bram_score_job *job, bram_encoding *e)
{
    double tests = 0, trains = 0;
    for (size_t f = 0; f < e->folds; f++)
        tests += (double)e->fold[f].tests, trains += (double)e->fold[f].trains;
    job->by_piece = bram_option_is(e->o, "aggregate", "splits");
    if (bram_option_is(e->o, "split", "shuffle")) job->overlap = tests / trains;
    if (job->overlap > 0)
        snprintf(e->axis, sizeof e->axis, "%zu random splits, which overlap", e->folds);
    else snprintf(e->axis, sizeof e->axis, "%zu stimuli", e->rows.tested);
    job->axis = e->axis;
}

/* The split among feature spaces, and what figures need. */
static int keep_more(bram_ctx *cx, bram_encoding *e, bram_dataset *result, const char *stream)
{
    bram_encoding_outcome outcome = {.target = &e->target,
                                     .stimulus = e->stimulus,
                                     .prediction = e->prediction[BRAM_ENCODING_MODEL],
                                     .blind = e->prediction[BRAM_ENCODING_BLIND],
                                     .rows = e->rows.count,
                                     .tested = e->rows.tested,
                                     .of = e->rows.stimulus,
                                     .draw_of = e->rows.draw_of,
                                     .once = e->rows.once};
    BRAM_TRY(bram_encoding_shares(cx, e->scores, &e->kept, &outcome, e->o, stream));
    return bram_encoding_put(cx, result, &e->kept, &outcome);
}

static int score_all(bram_ctx *cx, bram_encoding *e, bram_dataset *result, const char *stream)
{
    const bram_benchmark *b = e->cell->benchmark;
    bram_score_job job = {.join = BRAM_JOIN_MEAN, .normalization = normalization_of(e->o)};
    bool trials;
    describe(&job, e);
    BRAM_TRY(
        bram_metrics_use_repeats(cx, &trials, (const char *const *)b->metrics, b->metric_count));
    BRAM_TRY(add_reliability(cx, &job, e, stream));
    bram_score_job mapped = job;
    if (e->predicted) BRAM_TRY(add_pieces(cx, &job, e, e->prediction[BRAM_ENCODING_MODEL], trials));
    if (e->from_features && !e->layers) BRAM_TRY(map_pieces(cx, &mapped, e));
    for (size_t m = 0; m < b->metric_count; m++) {
        bool maps;
        BRAM_TRY(is_mapped(cx, &maps, b->metrics[m]));
        if (maps) BRAM_TRY(check_mapped(cx, e, b->metrics[m]));
        BRAM_TRY(bram_scores_add(cx, e->scores, b->metrics[m], maps ? &mapped : &job));
    }
    BRAM_TRY(score_layers(cx, e, &job, trials));
    BRAM_TRY(keep_reliability(cx, result, e, job.reliability));
    return e->predicted ? keep_more(cx, e, result, stream) : BRAM_OK;
}

int bram_encoding_only_mapped(bram_ctx *cx, bool *out, const bram_benchmark *b)
{
    *out = true;
    for (size_t m = 0; m < b->metric_count && *out; m++)
        BRAM_TRY(is_mapped(cx, out, b->metrics[m]));
    return BRAM_OK;
}

int bram_encoding_score(bram_ctx *cx, bram_encoding *e, bram_dataset *result)
{
    char *stream = bram_strf(cx, "%s/%s", e->cell->benchmark->name, e->cell->part);
    if (!stream) return BRAM_ENOMEM;
    int status = bram_scores_new(cx, &e->scores, e->area.unit, stream, 0,
                                 (size_t)bram_option_integer(e->o, "samples"),
                                 bram_option_real(e->o, "level"));
    if (status == BRAM_OK) status = score_all(cx, e, result, stream);
    if (status == BRAM_OK)
        status = bram_readout_maps_score(cx, &e->maps, e->scores, e->cell->dataset, e->cell->part,
                                         stream, (size_t)bram_option_integer(e->o, "samples"));
    if (status == BRAM_OK) status = bram_readout_maps_finish(cx, &e->maps, result);
    bram_free(stream);
    return status == BRAM_OK ? bram_scores_finish(cx, e->scores, result) : status;
}
