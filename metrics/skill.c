/*
 * skill.c - skill of a forecast: 1 - MSE / MSE of a trivial model (persistence, the mean).
 *
 * Both errors are taken over the same entries: those present in the recording, in the prediction
 * and in the reference prediction. over=unit gives a value for each unit; over=pooled a single one
 * from the errors of all units and rows together. Where the reference makes no error the skill is
 * undefined: NaN. Source: Murphy 1988 (skill score).
 */
#include "moments.h"

#include <math.h>

static const bram_param params[] = {
    {"over", BRAM_PARAM_CHOICE, "unit", "unit|pooled", 0, 0,
     "a value for each unit, or one from the errors of all units together"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    bram_moments *moments;
    BRAM_TRY(bram_moments_new(cx, &moments, c,
                              BRAM_NEEDS(BRAM_SQUARED_ERROR) | BRAM_NEEDS(BRAM_REFERENCE_ERROR)));
    moments->choice = bram_option_is(o, "over", "pooled");
    *out = moments, *values = moments->choice ? 1 : moments->units;
    return BRAM_OK;
}

static double formula(const bram_total *t, int pooled)
{
    (void)pooled;
    double reference = t->of[BRAM_REFERENCE_ERROR];
    return reference > 0 ? 1 - t->of[BRAM_SQUARED_ERROR] / reference : (double)NAN;
}

static int compare_pooled(bram_ctx *cx, double *raw, const bram_moments *moments,
                          const double *weight)
{
    size_t mark = bram_scratch_mark(cx);
    bram_total *total = NULL, all = {{0}};
    int status = bram_moments_total(cx, &total, moments, weight);
    if (status == BRAM_OK) {
        for (size_t u = 0; u < moments->units; u++) {
            all.of[BRAM_SQUARED_ERROR] += total[u].of[BRAM_SQUARED_ERROR];
            all.of[BRAM_REFERENCE_ERROR] += total[u].of[BRAM_REFERENCE_ERROR];
        }
        *raw = formula(&all, 1);
    }
    bram_scratch_release(cx, mark);
    return status;
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const bram_moments *moments = state;
    return moments->choice ? compare_pooled(cx, raw, moments, weight)
                           : bram_moments_map(cx, raw, moments, weight, formula);
}

const bram_metric bram_metric_skill = {
    .name = "skill",
    .summary = "1 - MSE / MSE of a reference prediction, unit by unit or pooled",
    .source = "Murphy 1988, skill score",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_REFERENCE,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
};
