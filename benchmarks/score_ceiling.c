/*
 * score_ceiling.c - how high a score can be, from reliabilities or from other subjects, and the
 * score held against that.
 */
#include "resample.h"
#include "score_rows.h"

#include <math.h>

/* Summary over units of the ceilings that these reliabilities allow. */
static int ceiling_of(bram_ctx *cx, double *out, const bram_metric_use *use,
                      const bram_score_job *job, const double *reliability, size_t units)
{
    size_t mark = bram_scratch_mark(cx);
    double *raw = bram_scratch(cx, 3 * units, sizeof *raw);
    if (!raw) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) raw[u] = use->metric->ceiling(use->options, reliability[u]);
    *out = bram_score_summarize(use, job, raw, units, raw + units, NULL, NULL);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int ceiling_by_reliability(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                                  const bram_metric_use *use, const bram_score_job *job)
{
    size_t units = bram_axis_length(s->units), n = job->reliability_draws;
    if (!use->metric->ceiling) return BRAM_OK;
    row->ceiling_rule = "reliability";
    BRAM_TRY(ceiling_of(cx, &row->ceiling, use, job, job->reliability, units));
    double *scratch = bram_scratch(cx, 2 * units, sizeof *scratch);
    double *draw = bram_scratch(cx, n, sizeof *draw);
    if (!scratch || !draw) return BRAM_ENOMEM;
    row->reliability = bram_score_summarize(use, job, job->reliability, units, scratch, NULL, NULL);
    for (size_t i = 0; i < n; i++)
        BRAM_TRY(ceiling_of(cx, &draw[i], use, job, job->reliability_draw + i * units, units));
    bram_interval interval;
    int status = n ? bram_interval_percentile(cx, &interval, draw, n, s->level)
                   : BRAM_ENOTAPPLICABLE;
    if (status == BRAM_OK) row->ceiling_low = interval.low, row->ceiling_high = interval.high;
    return status == BRAM_ENOTAPPLICABLE ? BRAM_OK : status;
}

int bram_score_add_ceiling(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
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

int bram_score_normalize(bram_ctx *cx, const bram_scores *s, bram_score_row *row,
                         const bram_score_job *job)
{
    row->normalized = NAN;
    row->normalization = "none";
    bram_rule rule = job->normalization;
    if (isnan(row->ceiling) || rule == BRAM_RULE_NONE) return BRAM_OK;
    size_t units = job->reliability ? bram_axis_length(s->units) : 0, mark = bram_scratch_mark(cx);
    double *counted = bram_scratch(cx, units, sizeof *counted);
    if (!counted) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++)
        counted[u] = !job->subset || job->subset[u] ? row->raw[u] : (double)NAN;
    bram_rule_input in = {row->value - row->chance, row->ceiling - row->chance, counted,
                          job->reliability, units};
    if (rule != BRAM_RULE_RATIO) in.score = row->value, in.ceiling = row->reliability;
    BRAM_TRY(bram_normalized(cx, &row->normalized, NULL, rule, &in));
    bram_scratch_release(cx, mark);
    row->normalization = bram_rule_name(rule);
    if (!isfinite(row->normalized)) row->normalized = NAN;
    return BRAM_OK;
}
