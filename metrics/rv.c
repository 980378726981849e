/*
 * rv.c - the RV coefficient: tr(XX'YY') / sqrt(tr (XX')^2 tr (YY')^2) of centred sides, which is
 * linear CKA by the biased HSIC. modified=yes sets the diagonals of XX' and YY' to zero first,
 * which takes off most of the bias that many channels bring (cka:hsic=lange).
 *
 * Sources: Robert & Escoufier 1976; Smilde et al. 2009 (Bioinformatics 25:401), modified;
 * Kazi-Aoual et al. 1995 for the mean over permutations, which is the chance level here.
 */
#include "alignment.h"
#include "kernel_pair.h"

#include <math.h>

static const bram_param params[] = {
    {"modified", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "without the diagonals"},
    {"output", BRAM_PARAM_CHOICE, "similarity", "similarity|angular", 0, 0,
     "the coefficient, or its arccos in radians"},
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static bram_kernel_rule rule_of(const bram_options *o)
{
    return (bram_kernel_rule){
        .name = "rv",
        .form = bram_option_flag(o, "modified") ? BRAM_HSIC_LANGE : BRAM_HSIC_GRETTON,
        .angular = bram_option_is(o, "output", "angular"),
    };
}

static int prepare(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side)
{
    bram_kernel_rule rule = rule_of(o);
    return bram_kernel_prepare(cx, prepared, side, &rule);
}

static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,
                const bram_comparison *c)
{
    bram_kernel_rule rule = rule_of(o);
    return bram_kernel_pair(cx, out, values, c, &rule);
}

const bram_metric bram_metric_rv = {
    .name = "rv",
    .summary = "RV coefficient: biased linear CKA",
    .source = "Robert & Escoufier 1976; Smilde et al. 2009",
    .version = 1,
    .kind = BRAM_METRIC_GEOMETRY,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .chance = NAN,
    .params = params,
    .prepare = prepare,
    .release = bram_kernel_release,
    .pair = pair,
    .release_pair = bram_kernel_release_pair,
    .compare = bram_kernel_compare,
    .chance_of = bram_kernel_chance,
    .higher_better = bram_form_higher_better,
};
