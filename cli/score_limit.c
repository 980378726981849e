/*
 * score_limit.c - ceilings of scores from repeats, and normalized scores; see score_limit.h.
 */
#include "score_limit.h"

#include "reliability_units.h"
#include "scores.h"
#include "scoring.h"

#include <math.h>
#include <string.h>

enum { SPLITS = 100 };

/* Reliability of the mean over repeats of each unit of a piece. */
static int of_piece(bram_ctx *cx, double *reliability, const bram_side *brain, uint64_t seed)
{
    const bram_repeats *r = brain->repeats;
    if (!r)
        return bram_fail(cx, BRAM_EUSAGE,
                         "a ceiling is made of repeats: the brain needs --conditions of several "
                         "rows each, or repeats of its own");
    bram_side side = {.values = r->values, .present = r->present};
    bram_trials t = {&side, r->row, brain->values.rows};
    double *half = bram_scratch(cx, side.values.cols, sizeof *half);
    if (!half) return BRAM_ENOMEM;
    return bram_split_half(cx, half, reliability, &t, &(bram_split_options){SPLITS, seed});
}

static int check(bram_ctx *cx, const bram_metric *m, const bram_options *o, bram_rule rule)
{
    if (!(m->flags & BRAM_METRIC_PER_UNIT) || !m->ceiling)
        return bram_fail(cx, BRAM_EUSAGE, "%s has no ceiling by the reliability of units", m->name);
    bool squares = m->ceiling(o, .25) < .5; /* that of an r is the root */
    if (rule != BRAM_RULE_RATIO && rule != BRAM_RULE_NONE && squares)
        return bram_fail(cx, BRAM_EUSAGE, "%s normalizes an r, not a share of variance: use ratio",
                         bram_rule_name(rule));
    return BRAM_OK;
}

static int limit(bram_ctx *cx, bram_score_limit *out, bram_rule rule, const bram_metric *m,
                 const bram_options *o, const bram_score_limited *s)
{
    double *reliability = bram_scratch(cx, s->values, sizeof *reliability);
    double *ceiling = reliability ? bram_scratch(cx, 2 * s->values, sizeof *ceiling) : NULL;
    size_t at = 0, undefined;
    if (!ceiling) return BRAM_ENOMEM;
    BRAM_TRY(check(cx, m, o, rule));
    for (size_t k = 0; k < s->pieces; k++) {
        size_t units = s->brain[k]->values.cols;
        if (units > s->values - at)
            return bram_fail(cx, BRAM_EINTERNAL, "%zu values for more units", s->values);
        BRAM_TRY(of_piece(cx, reliability + at, s->brain[k], s->seed));
        at += units;
    }
    for (size_t u = 0; u < s->values; u++) ceiling[u] = m->ceiling(o, reliability[u]);
    double *scratch = ceiling + s->values;
    out->ceiling = bram_summary(ceiling, s->values, s->median, scratch, &undefined);
    out->reliability = bram_summary(reliability, s->values, s->median, scratch, &undefined);
    bool ratio = rule == BRAM_RULE_RATIO;
    bram_rule_input in = {s->value, ratio ? out->ceiling : out->reliability, s->raw, reliability,
                          s->values};
    return bram_normalized(cx, &out->normalized, &out->left_out, rule, &in);
}

int bram_score_limit_of(bram_ctx *cx, bram_score_limit *out, bram_rule rule,
                        const bram_score_limited *score)
{
    bram_metric_use use = {0};
    BRAM_TRY(bram_metric_use_parse(cx, &use, score->spec));
    size_t mark = bram_scratch_mark(cx);
    int status = limit(cx, out, rule, use.metric, use.options, score);
    bram_scratch_release(cx, mark);
    bram_metric_use_release(&use);
    return status;
}
