/*
 * score_draws.c - bootstrap draws of a score and the interval from them.
 *
 * A draw takes G groups with replacement and gives each its multiplicity as weight. The draw
 * depends on (seed, stream, sample) alone, so the same draw hits every model and differences are
 * paired. Intervals: bram_interval_corrected.
 */
#include "resample.h"
#include "score_rows.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>

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
    if (d->job->by_piece) return bram_score_by_piece(cx, &d->out[sample], d->job, d->pairs, weight);
    BRAM_TRY(bram_pairs_compare(cx, raw, d->pairs, weight));
    d->out[sample] = bram_score_summarize(d->use, d->job, raw, d->values, raw + d->values, NULL,
                                          NULL);
    if (d->job->resample_pieces) BRAM_TRY(draw_pieces(cx, d, sample, raw));
    return BRAM_OK;
}

/* Draws over both factors, and an interval by Student's t with the corrected variance. The stored
 * draws are those of both: for differences between models they err on the safe side. */
static int dual_interval(bram_ctx *cx, bram_score_row *row, struct draws *d)
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
static int overlap_interval(bram_ctx *cx, bram_score_row *row, struct draws *d)
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

/*
 * How many groups it takes for draws. Fewer than BRAM_MIN_BLOCKS give no interval by themselves,
 * but have a part in that of a mean over parts - unless the mean of the rows (of r2, of r) or the
 * size of the sample makes values lie beside the truth in all parts alike, which no mean over parts
 * mends.
 */
static size_t least_groups(const struct draws *d)
{
    const bram_metric *m = d->use->metric;
    bool row_by_row = m->kind == BRAM_METRIC_PAIRED || m->kind == BRAM_METRIC_DENSITY;
    bool plain = !d->job->resample_pieces && !(d->job->overlap > 0);
    bool beside = m->flags &
                  (BRAM_METRIC_FIXED_REFERENCE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_SAMPLE_SIZE);
    return row_by_row && plain && !beside ? BRAM_MIN_BLOCKS_OF_PART : BRAM_MIN_BLOCKS;
}

int bram_score_draw(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                    const bram_metric_use *use, const bram_score_job *job, const bram_pairs *pairs,
                    size_t values)
{
    struct draws draws = {.set = s,
                          .use = use,
                          .job = job,
                          .pairs = pairs,
                          .groups = (size_t)row->groups,
                          .values = values,
                          .raw = row->raw},
                 *d = &draws;
    if (d->job->overlap > 0) d->groups = d->job->pieces;
    if (d->groups < least_groups(d) || s->samples == 0) return BRAM_OK;
    d->out = row->draw;
    if (d->job->resample_pieces) return dual_interval(cx, row, d);
    BRAM_TRY(d->job->overlap > 0 ? overlap_interval(cx, row, d)
                                 : bram_parallel_for(cx, s->samples, one_draw, d));
    if (d->groups < BRAM_MIN_BLOCKS) return BRAM_OK;
    bram_interval interval;
    int status = bram_interval_corrected(cx, &interval, row->value, row->draw, s->samples, s->level,
                                         d->groups, 1, row->biased);
    if (status == BRAM_ENOTAPPLICABLE) return BRAM_OK; /* most draws are undefined: no interval */
    BRAM_TRY(status);
    row->low = interval.low;
    row->high = interval.high;
    return BRAM_OK;
}
