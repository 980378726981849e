/*
 * scores.c - scores with floors, nulls, draws and ceilings, the same way for every task: each job
 * and metric gives one row of the table.
 */
#include "resample.h"
#include "score_rows.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* ---- rows ------------------------------------------------------------------------------------ */

/* A row without values yet, with these texts (copied). NULL without memory. */
static bram_score_row *new_row(bram_ctx *cx, bram_scores *s, const char *id, const char *metric,
                               const char *axis)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 16;
        bram_score_row *grown = bram_realloc(cx, s->row, room, sizeof *grown);
        if (!grown) return NULL;
        s->row = grown;
        s->room = room;
    }
    bram_score_row *row = &s->row[s->count];
    *row = (bram_score_row){.value = NAN,
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

static bram_score_row *row_of_job(bram_ctx *cx, bram_scores *s, const bram_metric_use *use,
                                  const bram_score_job *job)
{
    const char *median = use->median ? "median " : "";
    char *id = job->label ? bram_strf(cx, "%s%s@%s", median, use->spec, job->label)
                          : bram_strf(cx, "%s%s", median, use->spec);
    bram_score_row *row = id ? new_row(cx, s, id, use->spec, job->axis ? job->axis : "rows") : NULL;
    bram_free(id);
    if (!row) return NULL;
    row->median = use->median;
    row->horizon = job->horizon;
    row->biased = use->metric->kind != BRAM_METRIC_GEOMETRY;
    row->higher_better = bram_metric_higher_better(use->metric, use->options);
    return row;
}

/* Mean and deviation of the defined ones; p = (1 + as good or better) / (1 + all of them). */
static void describe_nulls(bram_score_row *row, const double *null, size_t nulls)
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

/* ---- one metric on one job ------------------------------------------------------------------- */

/* Mean or median of the units that count. Uses `scratch` for `values` numbers twice over. */
double bram_score_summarize(const bram_metric_use *use, const bram_score_job *job,
                            const double *raw, size_t values, double *scratch, size_t *counted,
                            size_t *undefined)
{
    size_t n = 0;
    const uint8_t *subset = use->metric->flags & BRAM_METRIC_PER_UNIT ? job->subset : NULL;
    for (size_t i = 0; i < values; i++)
        if (!subset || subset[i]) scratch[n++] = raw[i];
    if (counted) *counted = n;
    return bram_summary(scratch, n, use->median, scratch + values, undefined);
}

/* The mean over pieces of their summaries. */
int bram_score_by_piece(bram_ctx *cx, double *out, const bram_score_job *job,
                        const bram_pairs *pairs, const double *weight)
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

static size_t groups_of(const bram_score_job *job)
{
    const bram_groups *g = &job->piece[0].groups;
    return g->group || g->groups ? g->groups : job->piece[0].brain.values.rows;
}

static int fill_model(bram_ctx *cx, bram_scores *s, bram_score_row *row, const bram_metric_use *use,
                      const bram_score_job *job, const bram_pairs *pairs)
{
    size_t values = bram_pairs_values(pairs), counted = 0, undefined = 0;
    if (values > bram_axis_length(s->units))
        return bram_fail(cx, BRAM_ESHAPE, "%s gives %zu values for %zu units", use->spec, values,
                         bram_axis_length(s->units));
    double *scratch = bram_scratch(cx, 2 * values, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    BRAM_TRY(bram_pairs_compare(cx, row->raw, pairs, NULL));
    row->value = bram_score_summarize(use, job, row->raw, values, scratch, &counted, &undefined);
    if (job->by_piece) BRAM_TRY(bram_score_by_piece(cx, &row->value, job, pairs, NULL));
    row->units = (int64_t)counted;
    row->undefined = (int64_t)undefined;
    row->chance = bram_pairs_chance(pairs);
    row->groups = (int64_t)groups_of(job);
    return bram_score_draw(cx, s, row, use, job, pairs, values);
}

static int score_model(bram_ctx *cx, bram_scores *s, bram_score_row *row,
                       const bram_metric_use *use, const bram_score_job *job,
                       const bram_scoring *scoring)
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
    if (status == BRAM_OK)
        *value = bram_score_summarize(use, job, raw, values, raw + values, NULL, NULL);
    if (status == BRAM_OK && job->by_piece)
        status = bram_score_by_piece(cx, value, job, pairs, NULL);
    bram_pairs_free(pairs);
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
        n->value[k] = bram_score_summarize(n->use, &job, raw, values, raw + values, NULL, NULL);
    bram_pairs_free(pairs);
    bram_scoring_free(scoring);
    return status;
}

static int add_nulls(bram_ctx *cx, bram_scores *s, bram_score_row *row, const bram_metric_use *use,
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

/* ---- a job ----------------------------------------------------------------------------------- */

static int score_all(bram_ctx *cx, bram_scores *s, bram_score_row *row, const bram_metric_use *use,
                     const bram_score_job *job, const bram_scoring *scoring)
{
    BRAM_TRY(score_model(cx, s, row, use, job, scoring));
    for (size_t i = 0; i < job->floors; i++) {
        s->floor_name[i] = job->piece[0].floor[i].name;
        if (s->floors < job->floors) s->floors = job->floors;
        BRAM_TRY(score_floor(cx, &row->floor[i], use, job, (int)i, scoring));
    }
    BRAM_TRY(add_nulls(cx, s, row, use, job));
    BRAM_TRY(bram_score_add_ceiling(cx, s, row, use, job, scoring));
    return bram_score_normalize(cx, s, row, job);
}

int bram_scores_add(bram_ctx *cx, bram_scores *s, const char *metric, const bram_score_job *job)
{
    bram_metric_use use;
    bram_scoring *scoring = NULL;
    BRAM_TRY(bram_metric_use_parse(cx, &use, metric));
    size_t mark = bram_scratch_mark(cx);
    bram_score_row *row = row_of_job(cx, s, &use, job);
    int status = row ? bram_scoring_new(cx, &scoring, &use, job) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = score_all(cx, s, row, &use, job, scoring);
    bram_scoring_free(scoring);
    bram_metric_use_release(&use);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- a score that is made elsewhere ---------------------------------------------------------- */

int bram_scores_put(bram_ctx *cx, bram_scores *s, const bram_score_made *made)
{
    bram_score_row *row = new_row(cx, s, made->id, made->metric, made->axis);
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
        BRAM_TRY(
            bram_score_normalize(cx, s, row, &(bram_score_job){.normalization = BRAM_RULE_RATIO}));
    }
    size_t least = made->pooled ? BRAM_MIN_BLOCKS_OF_PART : BRAM_MIN_BLOCKS;
    if (!s->samples || made->groups < least) return BRAM_OK;
    memcpy(row->draw, made->draw, s->samples * sizeof *row->draw);
    if (made->groups < BRAM_MIN_BLOCKS) return BRAM_OK;
    bram_interval interval;
    int status = made->distribution
                     ? bram_interval_percentile(cx, &interval, row->draw, s->samples, s->level)
                     : bram_interval_corrected(cx, &interval, row->value, row->draw, s->samples,
                                               s->level, made->groups, 1, made->biased);
    if (status == BRAM_ENOTAPPLICABLE) return BRAM_OK;
    if (status == BRAM_OK) row->low = interval.low, row->high = interval.high;
    return status;
}
