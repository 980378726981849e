/*
 * explained_variance.c - share of the variance of each unit that a prediction explains.
 *
 * raw[u] = 1 - var(brain - model) / var(brain) over the scored entries: r2 of a prediction whose
 * mean has been put right. A unit whose recording is constant there has none: NaN. Under weights
 * both means stay those of all scored entries, for the reason in r2.c.
 */
#include "moments.h"

#include <math.h>

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    (void)o;
    return bram_moments_pair(cx, out, values, c, BRAM_EXPLAINED_NEEDS);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const bram_moments *moments = state;
    size_t mark = bram_scratch_mark(cx);
    bram_total *drawn = NULL, *whole = NULL;
    int status = bram_moments_total(cx, &drawn, moments, weight);
    if (status == BRAM_OK) status = bram_moments_total(cx, &whole, moments, NULL);
    for (size_t u = 0; status == BRAM_OK && u < moments->units; u++)
        raw[u] = drawn[u].of[BRAM_COUNT] > 0 ? bram_total_explained(&drawn[u], &whole[u])
                                             : (double)NAN;
    bram_scratch_release(cx, mark);
    return status;
}

static double ceiling(const bram_options *o, double reliability)
{
    (void)o;
    return reliability < 0 ? 0 : reliability;
}

const bram_metric bram_metric_explained_variance = {
    .name = "explained-variance",
    .summary = "share of the variance that a prediction explains, its mean put right, unit by unit",
    .source = "1 - var(error) / var(brain)",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SHIFT | BRAM_METRIC_FIXED_REFERENCE,
    .chance = 0,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
    .ceiling = ceiling,
};
