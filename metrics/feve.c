/*
 * feve.c - fraction of the explainable variance that a prediction explains, unit by unit.
 *
 *   raw[u] = 1 - (MSE - noise) / (variance - noise)
 *
 * over single trials: MSE against the prediction of the trial's row, variance of all trials (over n
 * - 1), noise the mean over rows of two trials or more of their variance (over n - 1). Units whose
 * fraction of explainable variance FEV = (variance - noise) / variance is below the threshold (of
 * Sensorium 0.15) have none. A recording that comes without repeats is taken as free of noise: then
 * this is 1 - MSE / variance. With fev=yes the value is the FEV itself, whatever the prediction:
 * the limit that goes with it. Source: Cadena et al. 2019, PLoS Comput Biol 15:e1006897; Willeke et
 * al. 2022 (Sensorium).
 */
#include "trial_sums.h"

#include <math.h>

static const bram_param params[] = {
    {"threshold", BRAM_PARAM_REAL, "0.15", NULL, -1e9, 1, "units with a smaller FEV have no value"},
    {"fev", BRAM_PARAM_CHOICE, "no", "no|yes", 0, 0,
     "the fraction of explainable variance in place of how much of it is explained"},
    {.name = NULL},
};

struct pair {
    bram_trial_sums *sums;
    double threshold;
    bool fev;
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
    p->threshold = bram_option_real(o, "threshold");
    p->fev = bram_option_is(o, "fev", "yes");
    int status = bram_trial_sums_new(cx, &p->sums, c);
    if (status == BRAM_OK) *out = p, *values = bram_trial_sums_units(p->sums);
    else release_pair(p);
    return status;
}

static double formula(const bram_trial_total *t, double threshold, double fev)
{
    double total = (t->yy - t->y * t->y / t->n) / (t->n - 1);
    double noise = t->repeated > 0 ? t->noise / t->repeated : 0;
    double share = (total - noise) / total;
    if (!(t->n > 1) || !(total > 0)) return NAN;
    if (fev > 0) return share;
    if (share < threshold || !(total > noise)) return NAN;
    return 1 - (t->error / t->n - noise) / (total - noise);
}

static int compare(bram_ctx *cx, double *raw, const void *pair, const double *weight)
{
    const struct pair *p = pair;
    return bram_trial_sums_map(cx, raw, p->sums, weight, formula, p->threshold, p->fev);
}

/* By its definition: all that can be explained. */
static double ceiling(const bram_options *o, double reliability)
{
    return bram_option_is(o, "fev", "yes") || !(reliability > 0) ? (double)NAN : 1;
}

static bool uses_repeats(const bram_options *o)
{
    (void)o;
    return true;
}

const bram_metric bram_metric_feve = {
    .name = "feve",
    .summary = "fraction of the explainable variance that is explained, over single trials",
    .source = "Cadena et al. 2019; Willeke et al. 2022 (Sensorium)",
    .version = 1,
    .kind = BRAM_METRIC_PAIRED,
    .flags = BRAM_METRIC_PER_UNIT | BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_SAMPLE_SIZE,
    .chance = 0,
    .params = params,
    .pair = pair,
    .release_pair = release_pair,
    .compare = compare,
    .ceiling = ceiling,
    .uses_repeats = uses_repeats,
};
