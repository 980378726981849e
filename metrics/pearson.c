/*
 * pearson.c - Pearson correlation, unit by unit.
 *
 * raw[u] = r(model, brain) over the entries present on both sides. A unit whose recording is constant
 * over the scored entries has no r: NaN. Where the prediction alone is constant the published
 * conventions differ: undefined here, 0 with constant=zero. Source: Pearson 1896.
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
    unsigned needs = 0;
    for (size_t k = 0; k < BRAM_MOMENTS; k++) needs |= BRAM_NEEDS(k);
    needs &= ~(BRAM_NEEDS(BRAM_SQUARED_ERROR) | BRAM_NEEDS(BRAM_ABSOLUTE_ERROR) |
               BRAM_NEEDS(BRAM_REFERENCE_ERROR));
    BRAM_TRY(bram_moments_new(cx, &moments, c, needs));
    moments->choice = bram_option_is(o, "constant", "zero");
    *out = moments, *values = moments->units;
    return BRAM_OK;
}

static double formula(const bram_total *t, int zero_if_constant)
{
    if (bram_total_constant(t, BRAM_B_LOW, BRAM_B_HIGH)) return NAN;
    if (bram_total_constant(t, BRAM_M_LOW, BRAM_M_HIGH)) return zero_if_constant ? 0 : (double)NAN;
    double mm = bram_total_about_mean(t, BRAM_MM, BRAM_M, BRAM_M);
    double bb = bram_total_about_mean(t, BRAM_BB, BRAM_B, BRAM_B);
    double mb = bram_total_about_mean(t, BRAM_MB, BRAM_M, BRAM_B);
    if (!(mm > 0) || !(bb > 0)) return NAN;
    double r = mb / sqrt(mm) / sqrt(bb);
    return r > 1 ? 1 : r < -1 ? -1 : r; /* rounding must not leave the range */
}

static int compare(bram_ctx *cx, double *raw, const void *moments, const double *weight)
{
    return bram_moments_map(cx, raw, moments, weight, formula);
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
};
