/*
 * r2.c - coefficient of determination, unit by unit.
 *
 * raw[u] = 1 - sum (brain - model)^2 / sum (brain - mean)^2, the mean being the recording's over
 * the scored entries of that unit. 1 is perfect, 0 is what that mean would get, and a model may do
 * worse. A unit whose recording is constant over the scored entries has no r2: NaN.
 *
 * Under weights (a bootstrap draw) the mean stays that of all scored entries; only the two sums are
 * weighted. The mean is the yardstick, not the thing that is estimated: taken anew from each draw
 * it lies closer to the drawn values than it should, by var(mean) in every term of the sum. That
 * share is 1/B of the variance for B independent blocks and much more when a block is about as long
 * as the recording's memory, so every draw's r2 would come out too low, and with ten blocks the
 * interval can miss the value that it belongs to. A draw over which the unit is constant says
 * nothing about its r2: NaN.
 */
#include "moments.h"

#include <math.h>

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    (void)o;
    return bram_moments_pair(cx, out, values, c, BRAM_R2_NEEDS);
}

static int compare(bram_ctx *cx, double *raw, const void *state, const double *weight)
{
    const bram_moments *moments = state;
    size_t mark = bram_scratch_mark(cx);
    bram_total *drawn = NULL, *whole = NULL;
    int status = bram_moments_total(cx, &drawn, moments, weight);
    if (status == BRAM_OK) status = bram_moments_total(cx, &whole, moments, NULL);
    for (size_t u = 0; status == BRAM_OK && u < moments->units; u++)
        raw[u] = drawn[u].of[BRAM_COUNT] > 0 ? bram_total_r2(&drawn[u], &whole[u]) : (double)NAN;
    bram_scratch_release(cx, mark);
    return status;
}

/* The signal leaves the noise unexplained, and nothing else. */
static double ceiling(const bram_options *o, double reliability)
{
    (void)o;
    return reliability < 0 ? 0 : reliability;
}

const bram_metric bram_metric_r2 = {
    .name = "r2",
    .summary = "coefficient of determination against the mean of the scored rows, unit by unit",
    .source = "1 - SSE / SST",
    .version = 2,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_FIXED_REFERENCE,
    .chance = 0,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
    .ceiling = ceiling,
};
