/*
 * cka.c - centred kernel alignment: HSIC(K, L) / sqrt(HSIC(K, K) HSIC(L, L)).
 *
 * Kernels over the conditions: linear, K = XX', or RBF (kernel_pair.c states the bandwidth).
 * Estimates of HSIC: song (unbiased; the ratio is "debiased CKA"), gretton (biased, the CKA of the
 * first papers), lange (centred, then without the diagonal); hsic.h has the formulas.
 *
 * Which to read: the biased value tends to 1 for unrelated noise as channels outnumber conditions;
 * with n <= p use song (a note says so). Its expectation is 0 for unrelated sides, it may be
 * negative, and the ratio keeps a small bias. Chance: 0 for song, else the exact mean over
 * permutations of the conditions.
 *
 * batch=B: the three terms are averaged over minibatches of about B conditions in a fixed random
 * order, then one ratio (Nguyen, Raghu & Kornblith 2021); song only.
 *
 * Under weights song and lange leave out pairs of a condition with its own copies, which would make
 * any two sides alike; song is then a weighted U-statistic over different conditions.
 *
 * Sources: Kornblith, Norouzi, Lee & Hinton 2019 (arXiv 1905.00414); Song et al. 2012; Gretton et
 * al. 2005; Lange, Kwok, Matelsky, Wang, Rolnick & Kording 2023.
 */
#include "alignment.h"
#include "kernel_pair.h"

#include <math.h>

static const bram_param params[] = {
    {"hsic", BRAM_PARAM_CHOICE, "song", "song|gretton|lange", 0, 0,
     "unbiased (debiased CKA); biased; without the diagonal"},
    {"kernel", BRAM_PARAM_CHOICE, "linear", "linear|rbf", 0, 0, "over the conditions"},
    {"bandwidth", BRAM_PARAM_REAL, "0.5", NULL, 1e-6, 1e6,
     "of rbf: sigma in units of the root of the median squared distance"},
    {"batch", BRAM_PARAM_INTEGER, "auto", NULL, 4, 1000000000,
     "conditions of a minibatch; auto: all at once"},
    {"output", BRAM_PARAM_CHOICE, "similarity", "similarity|angular", 0, 0,
     "the ratio, or its arccos in radians"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static bram_kernel_rule rule_of(const bram_options *o)
{
    int64_t batch = bram_option_integer(o, "batch");
    return (bram_kernel_rule){
        .name = "cka",
        .form = bram_option_is(o, "hsic", "song")      ? BRAM_HSIC_SONG
                : bram_option_is(o, "hsic", "gretton") ? BRAM_HSIC_GRETTON
                                                       : BRAM_HSIC_LANGE,
        .bandwidth = bram_option_is(o, "kernel", "rbf") ? bram_option_real(o, "bandwidth") : 0,
        .batch = batch < 0 ? 0 : (size_t)batch,
        .angular = bram_option_is(o, "output", "angular"),
    };
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    bram_kernel_rule rule = rule_of(o);
    if (rule.batch && rule.form != BRAM_HSIC_SONG)
        return bram_fail(cx, BRAM_EUSAGE,
                         "minibatches (batch=) need an unbiased estimate: hsic=song");
    return bram_kernel_prepare(cx, prepared, side, &rule);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    bram_kernel_rule rule = rule_of(o);
    return bram_kernel_pair(cx, out, values, c, &rule);
}

const bram_metric bram_metric_cka = {
    .name = "cka",
    .summary = "centred kernel alignment, debiased by default",
    .source = "Kornblith et al. 2019; Song et al. 2012",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE |
             BRAM_METRIC_DISTINCT_ROWS,
    .chance = 0,
    .params = params,
    .prepare = prepare,
    .release = bram_kernel_release,
    .pair = pair,
    .release_pair = bram_kernel_release_pair,
    .compare = bram_kernel_compare,
    .chance_of = bram_kernel_chance,
    .higher_better = bram_form_higher_better,
};
