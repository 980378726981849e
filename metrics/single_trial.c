/*
 * single_trial.c - correlation of a prediction with single trials, unit by unit.
 *
 * raw[u] = r over all trials of all rows between the trial and the prediction of its row. Where the
 * recording comes without its repeats, each row is a trial and this is pearson. With epsilon, which
 * neuralpredictors and Sensorium add to each standard deviation (over n), the value is theirs:
 * 1e-8. A unit whose trials do not vary has none; where the prediction alone is constant:
 * undefined, or 0 with constant=zero. Source: Willeke et al. 2022 (Sensorium), Cadena et al. 2019.
 */
#include "trial_sums.h"

#include <math.h>

static const bram_param params[] = {
    {"epsilon", BRAM_PARAM_REAL, "0", NULL, 0, 1, "added to each standard deviation"},
    {"constant", BRAM_PARAM_CHOICE, "nan", "nan|zero", 0, 0,
     "the value of a unit whose prediction is constant while its recording is not"},
    {.name = NULL},
};

struct pair {
    bram_trial_sums *sums;
    double epsilon;
    bool zero;
};

static void release_pair(void *pair)
{
    struct pair *p = pair;
    if (p) bram_trial_sums_free(p->sums);
    bram_free(p);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    struct pair *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    p->epsilon = bram_option_real(o, "epsilon");
    p->zero = bram_option_is(o, "constant", "zero");
    int status = bram_trial_sums_new(cx, &p->sums, c);
    if (status == BRAM_OK) *out = p, *values = bram_trial_sums_units(p->sums);
    else release_pair(p);
    return status;
}

/* Values are relative to the mean of all, so that a constant unit has a square of exactly 0; a draw
 * in which all values are equal leaves rounding. */
static bool varies(double square, double about)
{
    return square > 0 && about > 1e-14 * square;
}

static double correlation(const bram_trial_total *t, double epsilon, double zero)
{
    double yy = t->yy - t->y * t->y / t->n, mm = t->mm - t->m * t->m / t->n;
    double my = t->my - t->m * t->y / t->n, root = sqrt(t->n);
    if (!varies(t->yy, yy)) return NAN;
    if (!varies(t->mm, mm)) return zero > 0 ? 0 : (double)NAN;
    return my / (sqrt(yy) + epsilon * root) / (sqrt(mm) + epsilon * root);
}

static int compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    const struct pair *p = pair;
    return bram_trial_sums_map(cx, raw, p->sums, weight, correlation, p->epsilon, p->zero);
}

static bool uses_repeats(const bram_options *o)
{
    (void)o;
    return true;
}

const bram_metric bram_metric_single_trial = {
    .name = "single-trial",
    .summary = "correlation with single trials, unit by unit",
    .source = "Willeke et al. 2022 (Sensorium); Cadena et al. 2019",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .uses_repeats = uses_repeats,
};
