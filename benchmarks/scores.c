/*
 * scores.c - scores with floors, draws and intervals, the same way for every task.
 *
 * A draw takes G groups with replacement and gives each its multiplicity as weight. The draw
 * depends on (seed, stream, sample) alone, so the same draw hits every model and differences are
 * paired. Intervals: bram_interval_corrected.
 */
#include "scoring.h"

#include "resample.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char *id, *metric, *axis;
    bool median, higher_better, biased, distribution;
    int64_t horizon, units, undefined, groups;
    double value, low, high, chance, floor[BRAM_MAX_FLOORS], ceiling, ceiling_low, ceiling_high;
    double ceiling_noise, reliability, normalized, null_mean, null_sd, null_p;
    const char *ceiling_rule, *normalization;
    double *raw;  /* one for each unit of the set */
    double *draw; /* samples */
};

struct bram_scores {
    const bram_axis *units;
    char *stream;
    uint64_t seed;
    size_t samples, count, room;
    double level;
    const char *floor_name[BRAM_MAX_FLOORS];
    size_t floors;
    bool nulls; /* some job has shuffled brains */
    struct row *row;
};

int bram_scores_new(bram_ctx *cx, bram_scores **out, const bram_axis *units, const char *stream,
                    uint64_t seed, size_t samples, double level)
{
    bram_scores *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    *s = (bram_scores){.units = bram_axis_ref(units),
                       .stream = bram_strdup(cx, stream),
                       .seed = seed,
                       .samples = samples,
                       .level = level};
    if (!s->stream) {
        bram_scores_free(s);
        return BRAM_ENOMEM;
    }
    *out = s;
    return BRAM_OK;
}

int bram_scores_for_cell(bram_ctx *cx, bram_scores **out, const bram_axis *units,
                         const bram_cell *cell)
{
    const bram_options *o = cell->benchmark->options;
    char *stream = bram_strf(cx, "%s/%s", cell->benchmark->name, cell->part);
    if (!stream) return BRAM_ENOMEM;
    int status = bram_scores_new(cx, out, units, stream, 0,
                                 (size_t)bram_option_integer(o, "samples"),
                                 bram_option_real(o, "level"));
    bram_free(stream);
    return status;
}

void bram_scores_free(bram_scores *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->count; i++) {
        bram_free(s->row[i].id);
        bram_free(s->row[i].metric);
        bram_free(s->row[i].axis);
        bram_free(s->row[i].raw);
        bram_free(s->row[i].draw);
    }
    bram_axis_free((bram_axis *)(uintptr_t)s->units);
    bram_free(s->row);
    bram_free(s->stream);
    bram_free(s);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bram_summary(const double *raw, size_t count, bool median, double *scratch,
                    size_t *undefined)
{
    size_t defined = 0;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(raw[i])) sum += scratch[defined++] = raw[i];
    if (undefined) *undefined = count - defined;
    if (!defined) return NAN;
    if (!median) return sum / (double)defined;
    qsort(scratch, defined, sizeof *scratch, ascending);
    return defined % 2 ? scratch[defined / 2]
                       : (scratch[defined / 2 - 1] + scratch[defined / 2]) / 2;
}

/* ---- one metric on one job ------------------------------------------------------------------ */

/* Mean or median of the units that count. Uses `scratch` for `values` numbers twice over. */
static double summarize(const bram_metric_use *use, const bram_score_job *job, const double *raw,
                        size_t values, double *scratch, size_t *counted, size_t *undefined)
{
    size_t n = 0;
    const uint8_t *subset = use->metric->flags & BRAM_METRIC_PER_UNIT ? job->subset : NULL;
    for (size_t i = 0; i < values; i++)
        if (!subset || subset[i]) scratch[n++] = raw[i];
    if (counted) *counted = n;
    return bram_summary(scratch, n, use->median, scratch + values, undefined);
}

/* The mean over pieces of their summaries. */
static int by_piece(bram_ctx *cx, double *out, const bram_score_job *job, const bram_pairs *pairs,
                    const double *weight)
{
    double *each = bram_scratch(cx, 2 * job->pieces, sizeof *each), sum = 0, total = 0;
    if (!each) return BRAM_ENOMEM;
    double *share = each + job->pieces;
    BRAM_TRY(bram_pairs_each(cx, each, share, pairs, weight));
    for (size_t i = 0; i < job->pieces; i++)
        if (isfinite(each[i])) sum += share[i] * each[i], total += share[i];
    *out = total > 0 ? sum / total : (double)NAN;
    return BRAM_OK;
}

/* Fewer subjects than this give no interval that is about other subjects. */
enum { MIN_SUBJECTS = 3 };

struct draws {
    const bram_scores *set;
    const bram_metric_use *use;
    const bram_score_job *job;
    const bram_pairs *pairs;
    size_t groups, values;
    const double *raw; /* of the data themselves */
    double *out;
    double *subjects, *conditions; /* draws of one factor alone; dual bootstrap only */
};

/* Mean of the defined values, each counted as often as its piece was drawn. */
static double drawn_mean(const double *raw, const uint32_t *times, size_t n)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (times[i] && isfinite(raw[i])) sum += times[i] * raw[i], count += times[i];
    return count > 0 ? sum / count : (double)NAN;
}

/* One sample seen three ways: raw holds the values under drawn conditions. */
static int draw_pieces(bram_ctx *cx, struct draws *d, size_t sample, const double *raw)
{
    uint32_t *times = bram_scratch(cx, d->values, sizeof *times);
    char *stream = times ? bram_strf(cx, "%s/pieces", d->set->stream) : NULL;
    if (!stream) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, d->values, d->set->seed, stream, sample);
    bram_free(stream);
    d->conditions[sample] = d->out[sample];
    d->subjects[sample] = drawn_mean(d->raw, times, d->values);
    d->out[sample] = drawn_mean(raw, times, d->values);
    return BRAM_OK;
}

/* Task of the pool: draw number `sample`. */
static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct draws *d = user;
    double *weight = bram_scratch(cx, d->groups, sizeof *weight);
    double *raw = bram_scratch(cx, 3 * d->values, sizeof *raw);
    uint32_t *times = bram_scratch(cx, d->groups, sizeof *times);
    if (!weight || !raw || !times) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, d->groups, d->set->seed, d->set->stream, sample);
    for (size_t g = 0; g < d->groups; g++) weight[g] = times[g];
    if (d->job->by_piece) return by_piece(cx, &d->out[sample], d->job, d->pairs, weight);
    BRAM_TRY(bram_pairs_compare(cx, raw, d->pairs, weight));
    d->out[sample] = summarize(d->use, d->job, raw, d->values, raw + d->values, NULL, NULL);
    if (d->job->resample_pieces) BRAM_TRY(draw_pieces(cx, d, sample, raw));
    return BRAM_OK;
}

/* Draws over both factors, and an interval by Student's t with the corrected variance. The stored
 * draws are those of both: for differences between models they err on the safe side. */
static int dual_interval(bram_ctx *cx, struct row *row, struct draws *d)
{
    const bram_scores *s = d->set;
    size_t n = 0, fewer = d->values < d->groups ? d->values : d->groups;
    if (d->use->median || d->values != d->job->pieces)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: subjects are drawn for means of one value a subject, found %zu "
                         "values of %zu subjects",
                         d->use->spec, d->values, d->job->pieces);
    if (d->values < MIN_SUBJECTS) return BRAM_OK;
    d->subjects = bram_scratch(cx, 2 * s->samples, sizeof *d->subjects);
    if (!d->subjects) return BRAM_ENOMEM;
    d->conditions = d->subjects + s->samples;
    BRAM_TRY(bram_parallel_for(cx, s->samples, one_draw, d));
    double *both = bram_scratch(cx, s->samples, sizeof *both);
    if (!both) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->samples; i++) {
        if (!isfinite(d->out[i]) || !isfinite(d->subjects[i]) || !isfinite(d->conditions[i]))
            continue;
        both[n] = d->out[i];
        d->subjects[n] = d->subjects[i];
        d->conditions[n++] = d->conditions[i];
    }
    if (n < 2 || n < s->samples / 2) return BRAM_OK; /* most draws are undefined: no interval */
    double v = bram_dual_variance(bram_variance(d->subjects, n, 1),
                                  bram_variance(d->conditions, n, 1), bram_variance(both, n, 1),
                                  d->values, d->groups);
    double reach = bram_t_quantile((1 + s->level) / 2, (double)(fewer - 1)) * sqrt(v);
    row->low = row->value - reach;
    row->high = row->value + reach;
    return BRAM_OK;
}

/*
 * Draws of random splits, which overlap: with v_j the score of split j, a draw is v + sqrt(1 + J q)
 * (mean of J drawn v_j - v), q = test / train rows, so that its variance is (1 / J + q) times that
 * of the splits (Nadeau and Bengio 2003, Machine Learning 52:239), but for the factors of
 * bram_interval_corrected. The same splits are drawn for every model: differences are paired.
 */
static int overlap_interval(bram_ctx *cx, struct row *row, struct draws *d)
{
    const bram_scores *s = d->set;
    size_t n = d->job->pieces;
    double *each = bram_scratch(cx, 2 * n, sizeof *each), mean = 0, count = 0;
    uint32_t *times = bram_scratch(cx, n, sizeof *times);
    char *stream = bram_strf(cx, "%s/splits", s->stream);
    int status = each && times && stream ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_pairs_each(cx, each, each + n, d->pairs, NULL);
    for (size_t j = 0; status == BRAM_OK && j < n; j++)
        if (isfinite(each[j])) mean += each[j], count++;
    mean /= count;
    for (size_t k = 0; status == BRAM_OK && k < s->samples; k++) {
        bram_bootstrap_draw(times, n, s->seed, stream, k);
        row->draw[k] = row->value +
                       sqrt(1 + count * d->job->overlap) * (drawn_mean(each, times, n) - mean);
    }
    bram_free(stream);
    row->groups = (int64_t)n;
    return status;
}

static int draw_interval(bram_ctx *cx, struct row *row, struct draws *d)
{
    const bram_scores *s = d->set;
    if (d->job->overlap > 0) d->groups = d->job->pieces;
    if (d->groups < BRAM_MIN_BLOCKS || s->samples == 0) return BRAM_OK;
    d->out = row->draw;
    if (d->job->resample_pieces) return dual_interval(cx, row, d);
    BRAM_TRY(d->job->overlap > 0 ? overlap_interval(cx, row, d)
                                 : bram_parallel_for(cx, s->samples, one_draw, d));
    bram_interval interval;
    int status = bram_interval_corrected(cx, &interval, row->value, row->draw, s->samples, s->level,
                                         d->groups, 1, row->biased);
    if (status == BRAM_ENOTAPPLICABLE) return BRAM_OK; /* most draws are undefined: no interval */
    BRAM_TRY(status);
    row->low = interval.low;
    row->high = interval.high;
    return BRAM_OK;
}

static size_t groups_of(const bram_score_job *job)
{
    const bram_groups *g = &job->piece[0].groups;
    return g->group || g->groups ? g->groups : job->piece[0].brain.values.rows;
}

static int fill_model(bram_ctx *cx, bram_scores *s, struct row *row, const bram_metric_use *use,
                      const bram_score_job *job, const bram_pairs *pairs)
{
    size_t values = bram_pairs_values(pairs), counted = 0, undefined = 0;
    if (values > bram_axis_length(s->units))
        return bram_fail(cx, BRAM_ESHAPE, "%s gives %zu values for %zu units", use->spec, values,
                         bram_axis_length(s->units));
    double *scratch = bram_scratch(cx, 2 * values, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    BRAM_TRY(bram_pairs_compare(cx, row->raw, pairs, NULL));
    row->value = summarize(use, job, row->raw, values, scratch, &counted, &undefined);
    if (job->by_piece) BRAM_TRY(by_piece(cx, &row->value, job, pairs, NULL));
    row->units = (int64_t)counted;
    row->undefined = (int64_t)undefined;
    row->chance = bram_pairs_chance(pairs);
    row->groups = (int64_t)groups_of(job);
    struct draws d = {.set = s,
                      .use = use,
                      .job = job,
                      .pairs = pairs,
                      .groups = groups_of(job),
                      .values = values,
                      .raw = row->raw};
    return draw_interval(cx, row, &d);
}

static int score_model(bram_ctx *cx, bram_scores *s, struct row *row, const bram_metric_use *use,
                       const bram_score_job *job, const bram_scoring *scoring)
{
    bram_pairs *pairs = NULL;
    BRAM_TRY(bram_pairs_new(cx, &pairs, scoring, BRAM_THE_MODEL));
    int status = fill_model(cx, s, row, use, job, pairs);
    bram_pairs_free(pairs);
    return status;
}

/* The value of one floor; floors get no interval here: they are models with cells of their own. */
static int score_floor(bram_ctx *cx, double *value, const bram_metric_use *use,
                       const bram_score_job *job, int i, const bram_scoring *scoring)
{
    bram_pairs *pairs = NULL;
    BRAM_TRY(bram_pairs_new(cx, &pairs, scoring, i));
    size_t values = bram_pairs_values(pairs);
    double *raw = bram_scratch(cx, 3 * values, sizeof *raw);
    int status = raw ? bram_pairs_compare(cx, raw, pairs, NULL) : BRAM_ENOMEM;
    if (status == BRAM_OK) *value = summarize(use, job, raw, values, raw + values, NULL, NULL);
    if (status == BRAM_OK && job->by_piece) status = by_piece(cx, value, job, pairs, NULL);
    bram_pairs_free(pairs);
    return status;
}

/* ---- ceilings ------------------------------------------------------------------------------- */

/* Summary over units of the ceilings that these reliabilities allow. */
static int ceiling_of(bram_ctx *cx, double *out, const bram_metric_use *use,
                      const bram_score_job *job, const double *reliability, size_t units)
{
    size_t mark = bram_scratch_mark(cx);
    double *raw = bram_scratch(cx, 3 * units, sizeof *raw);
    if (!raw) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) raw[u] = use->metric->ceiling(use->options, reliability[u]);
    *out = summarize(use, job, raw, units, raw + units, NULL, NULL);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int ceiling_by_reliability(bram_ctx *cx, const bram_scores *s, struct row *row,
                                  const bram_metric_use *use, const bram_score_job *job)
{
    size_t units = bram_axis_length(s->units), n = job->reliability_draws;
    if (!use->metric->ceiling) return BRAM_OK;
    row->ceiling_rule = "reliability";
    BRAM_TRY(ceiling_of(cx, &row->ceiling, use, job, job->reliability, units));
    double *scratch = bram_scratch(cx, 2 * units, sizeof *scratch);
    double *draw = bram_scratch(cx, n, sizeof *draw);
    if (!scratch || !draw) return BRAM_ENOMEM;
    row->reliability = summarize(use, job, job->reliability, units, scratch, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        BRAM_TRY(ceiling_of(cx, &draw[i], use, job, job->reliability_draw + i * units, units));
    bram_interval interval;
    int status = n ? bram_interval_percentile(cx, &interval, draw, n, s->level)
                   : BRAM_ENOTAPPLICABLE;
    if (status == BRAM_OK) row->ceiling_low = interval.low, row->ceiling_high = interval.high;
    return status == BRAM_ENOTAPPLICABLE ? BRAM_OK : status;
}

static int add_ceiling(bram_ctx *cx, const bram_scores *s, struct row *row,
                       const bram_metric_use *use, const bram_score_job *job,
                       const bram_scoring *scoring)
{
    if (job->ceiling == BRAM_CEILING_NONE) return BRAM_OK;
    if (job->ceiling == BRAM_CEILING_RELIABILITY)
        return ceiling_by_reliability(cx, s, row, use, job);
    double low, high;
    BRAM_TRY(bram_scoring_subjects(cx, scoring, NULL, &low, &high));
    if (isnan(low) && isnan(high)) return BRAM_OK;
    bool upper = job->ceiling == BRAM_CEILING_SUBJECTS_UPPER;
    row->ceiling = upper ? high : low;
    row->ceiling_low = low, row->ceiling_high = high;
    row->ceiling_noise = 1 / sqrt((double)job->pieces);
    row->ceiling_rule = upper ? "all subjects" : "other subjects";
    return BRAM_OK;
}

static int normalize(bram_ctx *cx, struct row *row, const bram_score_job *job)
{
    row->normalized = NAN;
    row->normalization = "none";
    bram_rule rule = job->normalization;
    if (isnan(row->ceiling) || rule == BRAM_RULE_NONE) return BRAM_OK;
    bram_rule_input in = {row->value - row->chance, row->ceiling - row->chance, row->raw,
                          job->reliability, (size_t)(row->units + row->undefined)};
    if (rule != BRAM_RULE_RATIO) in.score = row->value, in.ceiling = row->reliability;
    BRAM_TRY(bram_normalized(cx, &row->normalized, NULL, rule, &in));
    row->normalization = bram_rule_name(rule);
    if (!isfinite(row->normalized)) row->normalized = NAN;
    return BRAM_OK;
}

/* A row without values yet, with these texts (copied). NULL without memory. */
static struct row *new_row(bram_ctx *cx, bram_scores *s, const char *id, const char *metric,
                           const char *axis)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        struct row *grown = bram_realloc(cx, s->row, room, sizeof *grown);
        if (!grown) return NULL;
        s->row = grown;
        s->room = room;
    }
    struct row *row = &s->row[s->count];
    *row = (struct row){.value = NAN,
                        .low = NAN,
                        .high = NAN,
                        .chance = NAN,
                        .ceiling = NAN,
                        .ceiling_low = NAN,
                        .ceiling_high = NAN,
                        .ceiling_noise = NAN,
                        .reliability = NAN,
                        .normalized = NAN,
                        .null_mean = NAN,
                        .null_sd = NAN,
                        .null_p = NAN,
                        .ceiling_rule = "none",
                        .normalization = "none"};
    row->id = bram_strdup(cx, id);
    row->metric = bram_strdup(cx, metric);
    row->axis = bram_strdup(cx, axis);
    row->raw = bram_alloc(cx, bram_axis_length(s->units), sizeof *row->raw);
    row->draw = bram_alloc(cx, s->samples, sizeof *row->draw);
    s->count++; /* from here bram_scores_free sees to it */
    if (!row->id || !row->metric || !row->axis || !row->raw || !row->draw) return NULL;
    for (size_t i = 0; i < bram_axis_length(s->units); i++) row->raw[i] = NAN;
    for (size_t i = 0; i < s->samples; i++) row->draw[i] = NAN;
    for (size_t i = 0; i < BRAM_MAX_FLOORS; i++) row->floor[i] = NAN;
    return row;
}

static struct row *row_of_job(bram_ctx *cx, bram_scores *s, const bram_metric_use *use,
                              const bram_score_job *job)
{
    const char *median = use->median ? "median " : "";
    char *id = job->label ? bram_strf(cx, "%s%s@%s", median, use->spec, job->label)
                          : bram_strf(cx, "%s%s", median, use->spec);
    struct row *row = id ? new_row(cx, s, id, use->spec, job->axis ? job->axis : "rows") : NULL;
    bram_free(id);
    if (!row) return NULL;
    row->median = use->median;
    row->horizon = job->horizon;
    row->biased = use->metric->kind != BRAM_METRIC_GEOMETRY;
    row->higher_better = bram_metric_higher_better(use->metric, use->options);
    return row;
}

/* Mean and deviation of the defined ones; p = (1 + as good or better) / (1 + all of them). */
static void describe_nulls(struct row *row, const double *null, size_t nulls)
{
    double sum = 0, square = 0, count = 0, better = 0;
    for (size_t k = 0; k < nulls; k++) {
        if (!isfinite(null[k])) continue;
        count++, sum += null[k];
        better += row->higher_better ? null[k] >= row->value : null[k] <= row->value;
    }
    if (!(count > 0)) return;
    row->null_mean = sum / count;
    for (size_t k = 0; k < nulls; k++)
        if (isfinite(null[k])) square += pow(null[k] - row->null_mean, 2);
    row->null_sd = count > 1 ? sqrt(square / (count - 1)) : (double)NAN;
    row->null_p = isfinite(row->value) ? (1 + better) / (1 + count) : (double)NAN;
}

int bram_scores_put(bram_ctx *cx, bram_scores *s, const bram_score_made *made)
{
    struct row *row = new_row(cx, s, made->id, made->metric, made->axis);
    if (!row) return BRAM_ENOMEM;
    row->higher_better = !made->lower_better;
    row->distribution = made->distribution;
    row->median = made->median;
    row->biased = made->biased;
    row->value = made->value, row->chance = made->chance;
    row->groups = (int64_t)made->groups;
    row->units = (int64_t)bram_axis_length(s->units);
    for (size_t i = 0; i < bram_axis_length(s->units); i++) {
        row->raw[i] = made->raw[i];
        row->undefined += isnan(made->raw[i]) != 0;
    }
    describe_nulls(row, made->null, made->nulls);
    if (made->nulls) s->nulls = true, row->chance = row->null_mean;
    if (made->ceiling) {
        row->ceiling = made->ceiling->value, row->ceiling_noise = made->ceiling->noise;
        row->ceiling_low = made->ceiling->low, row->ceiling_high = made->ceiling->high;
        row->ceiling_rule = made->ceiling->rule;
        BRAM_TRY(normalize(cx, row, &(bram_score_job){.normalization = BRAM_RULE_RATIO}));
    }
    if (!s->samples || made->groups < BRAM_MIN_BLOCKS) return BRAM_OK;
    memcpy(row->draw, made->draw, s->samples * sizeof *row->draw);
    bram_interval interval;
    int status = made->distribution
                     ? bram_interval_percentile(cx, &interval, row->draw, s->samples, s->level)
                     : bram_interval_corrected(cx, &interval, row->value, row->draw, s->samples,
                                               s->level, made->groups, 1, made->biased);
    if (status == BRAM_ENOTAPPLICABLE) return BRAM_OK;
    if (status == BRAM_OK) row->low = interval.low, row->high = interval.high;
    return status;
}

/* ---- shuffled brains ------------------------------------------------------------------------ */

struct nulls {
    const bram_metric_use *use;
    const bram_score_job *job;
    double *value; /* one for each */
};

/* Task of the pool: the model against shuffled brain k. */
static int one_null(bram_ctx *cx, size_t k, void *user)
{
    const struct nulls *n = user;
    bram_score_piece piece = {.model = n->job->piece[0].model,
                              .brain = n->job->null[k],
                              .groups = n->job->piece[0].groups};
    bram_score_job job = {.piece = &piece, .pieces = 1, .subset = n->job->subset};
    bram_scoring *scoring = NULL;
    bram_pairs *pairs = NULL;
    int status = bram_scoring_new(cx, &scoring, n->use, &job);
    if (status == BRAM_OK) status = bram_pairs_new(cx, &pairs, scoring, BRAM_THE_MODEL);
    size_t values = pairs ? bram_pairs_values(pairs) : 0;
    double *raw = pairs ? bram_scratch(cx, 3 * values, sizeof *raw) : NULL;
    if (status == BRAM_OK && !raw) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_pairs_compare(cx, raw, pairs, NULL);
    if (status == BRAM_OK)
        n->value[k] = summarize(n->use, &job, raw, values, raw + values, NULL, NULL);
    bram_pairs_free(pairs);
    bram_scoring_free(scoring);
    return status;
}

static int add_nulls(bram_ctx *cx, bram_scores *s, struct row *row, const bram_metric_use *use,
                     const bram_score_job *job)
{
    if (!job->nulls) return BRAM_OK;
    struct nulls n = {use, job, bram_scratch(cx, job->nulls, sizeof *n.value)};
    if (!n.value) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, job->nulls, one_null, &n));
    s->nulls = true;
    describe_nulls(row, n.value, job->nulls);
    return BRAM_OK;
}

static int score_all(bram_ctx *cx, bram_scores *s, struct row *row, const bram_metric_use *use,
                     const bram_score_job *job, const bram_scoring *scoring)
{
    BRAM_TRY(score_model(cx, s, row, use, job, scoring));
    for (size_t i = 0; i < job->floors; i++) {
        s->floor_name[i] = job->piece[0].floor[i].name;
        if (s->floors < job->floors) s->floors = job->floors;
        BRAM_TRY(score_floor(cx, &row->floor[i], use, job, (int)i, scoring));
    }
    BRAM_TRY(add_nulls(cx, s, row, use, job));
    BRAM_TRY(add_ceiling(cx, s, row, use, job, scoring));
    return normalize(cx, row, job);
}

int bram_scores_add(bram_ctx *cx, bram_scores *s, const char *metric, const bram_score_job *job)
{
    bram_metric_use use;
    bram_scoring *scoring = NULL;
    BRAM_TRY(bram_metric_use_parse(cx, &use, metric));
    size_t mark = bram_scratch_mark(cx);
    struct row *row = row_of_job(cx, s, &use, job);
    int status = row ? bram_scoring_new(cx, &scoring, &use, job) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = score_all(cx, s, row, &use, job, scoring);
    bram_scoring_free(scoring);
    bram_metric_use_release(&use);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the result ----------------------------------------------------------------------------- */

/* A number column from one member of all rows. */
static int number_column(bram_ctx *cx, bram_axis *table, const bram_scores *s, const char *name,
                         size_t offset, double *buffer)
{
    for (size_t i = 0; i < s->count; i++)
        memcpy(&buffer[i], (const char *)&s->row[i] + offset, sizeof *buffer);
    return bram_axis_add_number(cx, table, name, buffer, "");
}

static int integer_column(bram_ctx *cx, bram_axis *table, const bram_scores *s, const char *name,
                          size_t offset, int64_t *buffer)
{
    for (size_t i = 0; i < s->count; i++)
        memcpy(&buffer[i], (const char *)&s->row[i] + offset, sizeof *buffer);
    return bram_axis_add_integer(cx, table, name, buffer);
}

static int text_columns(bram_ctx *cx, bram_axis *table, const bram_scores *s)
{
    const char **text = bram_scratch(cx, s->count, sizeof *text);
    if (!text) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].id;
    BRAM_TRY(bram_axis_set_ids(cx, table, text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].metric;
    BRAM_TRY(bram_axis_add_text(cx, table, "metric", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].median ? "median" : "mean";
    BRAM_TRY(bram_axis_add_text(cx, table, "summary", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].axis;
    BRAM_TRY(bram_axis_add_text(cx, table, "resampled", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].ceiling_rule;
    BRAM_TRY(bram_axis_add_text(cx, table, "ceiling_rule", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].normalization;
    return bram_axis_add_text(cx, table, "normalization", text);
}

static int fill_table(bram_ctx *cx, bram_axis *table, const bram_scores *s)
{
    double *number = bram_scratch(cx, s->count, sizeof *number);
    int64_t *integer = bram_scratch(cx, s->count, sizeof *integer);
    if (!number || !integer) return BRAM_ENOMEM;
    BRAM_TRY(text_columns(cx, table, s));
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"value", offsetof(struct row, value)},
                   {"low", offsetof(struct row, low)},
                   {"high", offsetof(struct row, high)},
                   {"chance", offsetof(struct row, chance)},
                   {"ceiling", offsetof(struct row, ceiling)},
                   {"ceiling_low", offsetof(struct row, ceiling_low)},
                   {"ceiling_high", offsetof(struct row, ceiling_high)},
                   {"ceiling_noise", offsetof(struct row, ceiling_noise)},
                   {"reliability", offsetof(struct row, reliability)},
                   {"normalized", offsetof(struct row, normalized)}},
      integers[] = {{"horizon", offsetof(struct row, horizon)},
                    {"units", offsetof(struct row, units)},
                    {"undefined", offsetof(struct row, undefined)},
                    {"groups", offsetof(struct row, groups)}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        BRAM_TRY(number_column(cx, table, s, numbers[i].name, numbers[i].offset, number));
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        BRAM_TRY(integer_column(cx, table, s, integers[i].name, integers[i].offset, integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].higher_better;
    BRAM_TRY(bram_axis_add_integer(cx, table, "higher_better", integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].biased;
    BRAM_TRY(bram_axis_add_integer(cx, table, "bias_corrected", integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].distribution;
    BRAM_TRY(bram_axis_add_integer(cx, table, "distribution", integer));
    for (size_t i = 0; i < s->floors; i++) {
        char name[64];
        snprintf(name, sizeof name, "floor_%s", s->floor_name[i]);
        BRAM_TRY(number_column(cx, table, s, name, offsetof(struct row, floor) + i * sizeof(double),
                               number));
    }
    static const struct {
        const char *name;
        size_t offset;
    } nulls[] = {{"floor_shuffled", offsetof(struct row, null_mean)},
                 {"null_sd", offsetof(struct row, null_sd)},
                 {"null_p", offsetof(struct row, null_p)}};
    for (size_t i = 0; s->nulls && i < sizeof nulls / sizeof *nulls; i++)
        BRAM_TRY(number_column(cx, table, s, nulls[i].name, nulls[i].offset, number));
    return BRAM_OK;
}

/* A response (score x other) whose row i is the n numbers at `offset` of row i; NaN is missing. */
static int add_rows(bram_ctx *cx, bram_dataset *result, const bram_scores *s, const char *name,
                    const bram_axis *table, const bram_axis *other, size_t offset)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){table, other}));
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    size_t n = bram_axis_length(other);
    double *out = bram_response_f64(r);
    for (size_t i = 0; i < s->count; i++) {
        double *values;
        memcpy(&values, (const char *)&s->row[i] + offset, sizeof values);
        for (size_t j = 0; j < n; j++) {
            mask[i * n + j] = !isnan(values[j]);
            out[i * n + j] = isnan(values[j]) ? 0 : values[j];
        }
    }
    return bram_dataset_add(cx, result, "", r);
}

int bram_scores_finish(bram_ctx *cx, bram_scores *s, bram_dataset *result)
{
    size_t mark = bram_scratch_mark(cx);
    bram_axis *table = NULL, *samples = NULL;
    int status = bram_axis_new(cx, &table, "score", s->count);
    if (status == BRAM_OK) status = fill_table(cx, table, s);
    if (status == BRAM_OK)
        status = add_rows(cx, result, s, "raw", table, s->units, offsetof(struct row, raw));
    if (status == BRAM_OK && s->samples) {
        status = bram_axis_new(cx, &samples, "sample", s->samples);
        if (status == BRAM_OK)
            status = add_rows(cx, result, s, "draw", table, samples, offsetof(struct row, draw));
    }
    bram_attrs *attrs = bram_dataset_attrs(cx, result, "");
    if (status == BRAM_OK && !attrs) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_number(cx, attrs, "interval_level", s->level);
    bram_axis_free(table);
    bram_axis_free(samples);
    bram_scratch_release(cx, mark);
    return status;
}
