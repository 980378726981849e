/*
 * r2.c - coefficient of determination, unit by unit.
 *
 * raw[u] = 1 - sum (brain - model)^2 / sum (brain - mean)^2, the mean being the recording's over
 * the scored entries of that unit. 1 is perfect, 0 is what that mean would get, and a model may do
 * worse. A unit whose recording is constant over the scored entries has no r2: NaN.
 */
#include "moments.h"

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    (void)o;
    bram_moments *moments;
    BRAM_TRY(bram_moments_new(cx, &moments, c, BRAM_R2_NEEDS));
    *out = moments, *values = moments->units;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *moments, const double *weight)
{
    return bram_moments_map(cx, raw, moments, weight, bram_total_r2);
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
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE,
    .chance = 0,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
    .ceiling = ceiling,
};
