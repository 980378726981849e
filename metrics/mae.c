/*
 * mae.c - mean absolute error, unit by unit.
 *
 * raw[u] = mean over the present entries of |model - brain|. A unit without entries is NaN.
 */
#include "moments.h"

#include <math.h>

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    (void)o;
    return bram_moments_pair(cx, out, values, c, BRAM_NEEDS(BRAM_ABSOLUTE_ERROR));
}

static double formula(const bram_total *t, int choice)
{
    (void)choice;
    return t->of[BRAM_ABSOLUTE_ERROR] / t->of[BRAM_COUNT];
}

static int compare(bram_ctx *cx, double *raw, const void *moments, const double *weight)
{
    return bram_moments_map(cx, raw, moments, weight, formula);
}

const bram_metric bram_metric_mae = {
    .name = "mae",
    .summary = "mean absolute error, unit by unit",
    .source = "the mean over entries of |model - brain|",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO,
    .chance = NAN,
    .pair = pair,
    .release_pair = bram_moments_free,
    .compare = compare,
};
