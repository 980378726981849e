/*
 * nbs.c - normalized Bures similarity: |X'Y|_* / (|X| |Y|) of centred sides, the fidelity of their
 * linear kernels K = XX' and L = YY': tr (K^1/2 L K^1/2)^1/2 / sqrt(tr K tr L).
 *
 * It is the cosine of the Procrustes angle, and is computed as such: from the singular values of
 * the p x q product, never from roots of n x n kernels, which lose half the digits. output=bures is
 * the Bures distance of the kernels as they are, sqrt(tr K + tr L - 2 |X'Y|_*).
 *
 * Sources: Tang, Maddox, Dickens, Diethe & Damianou 2020 (arXiv 2003.11498); Harvey, Larsen &
 * Williams 2023 (arXiv 2311.11436).
 */
#include "alignment.h"
#include "patterns.h"

#include <math.h>

static const bram_param params[] = {
    {"output", BRAM_PARAM_CHOICE, "similarity", "similarity|angular|bures", 0, 0,
     "in [0, 1]; its arccos in radians; the Bures distance of the sides as they are"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    bram_form form = bram_option_is(o, "output", "bures") ? BRAM_EUCLIDEAN : bram_form_of(o);
    return bram_procrustes(cx, value, form, x, y);
}

static bool higher_better(const bram_options *o)
{
    return bram_option_is(o, "output", "similarity");
}

static const bram_pattern_rule rule = {"nbs", params, BRAM_PATTERNS_REDUCE, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_nbs = {
    .name = "nbs",
    .summary = "normalized Bures similarity of linear kernels",
    .source = "Tang et al. 2020; Harvey, Larsen & Williams 2023",
    .version = 1,
    .flags = BRAM_METRIC_HIGHER_BETTER | BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ONE |
             BRAM_METRIC_INV_SCALE | BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .higher_better = higher_better,
    BRAM_PATTERN_ENTRY,
};
