/*
 * pearson.c - Pearson correlation, unit by unit.
 *
 * raw[u] = r(model, brain) over the entries present on both sides. A unit whose recording is
 * constant over the scored entries has no r: NaN. Where the prediction alone is constant the
 * published conventions differ: undefined here, 0 with constant=zero. Source: Pearson 1896.
 */
#include "moments.h"

#include <math.h>

static const bram_param params[] = {
    {"constant", BRAM_PARAM_CHOICE, "nan", "nan|zero", 0, 0,
     "the value of a unit whose prediction is constant while its recording is not"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    bram_moments *moments;
    BRAM_TRY(bram_moments_new(cx, &moments, c, BRAM_PEARSON_NEEDS));
    moments->choice = bram_option_is(o, "constant", "zero");
    *out = moments, *values = moments->units;
    return BRAM_OK;
}

static int compare(bram_ctx *cx, double *raw, const void *moments, const double *weight)
{
    return bram_moments_map(cx, raw, moments, weight, bram_total_pearson);
}

/* The signal correlates with itself plus noise by the root of the share that is signal. */
static double ceiling(const bram_options *o, double reliability)
{
    (void)o;
    return reliability > 0 ? sqrt(reliability) : reliability <= 0 ? 0 : (double)NAN;
}

const bram_metric bram_metric_pearson = {
    .name = "pearson",
    .summary = "Pearson correlation, unit by unit",
    .source = "Pearson 1896",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC |
             BRAM_METRIC_IDENTITY_ONE | BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
    .ceiling = ceiling,
};
