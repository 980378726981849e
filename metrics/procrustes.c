/*
 * procrustes.c - orthogonal Procrustes distance: how far two representations are apart after the
 * best rotation of one onto the other.
 *
 * X (n x p), Y (n x q): columns centred, the narrower padded with zero columns. With the nuclear
 * norm |X'Y|_*,
 *   angular     arccos(|X'Y|_* / (|X| |Y|)), radians in [0, pi/2]: of sides of any scale
 *   similarity  its cosine: the normalized Bures similarity (metric nbs)
 *   euclidean   sqrt(|X|^2 + |Y|^2 - 2 |X'Y|_*) of the sides as they are; grows with the rows
 *   squared     its square; of sides of norm 1 it is 2 - 2 cos, in [0, 2]
 * Unrelated sides are far from an angle of pi/2 where p or q is large beside n: the chance level is
 * the mean over permutations of the rows, where that is cheap, else unknown.
 *
 * Cost: n p q for the product, then its singular values. Sources: Schoenemann 1966; Williams et al.
 * 2021 (arXiv 2110.14739; netrep); Ding, Denain & Steinhardt 2021 (squared).
 */
#include "alignment.h"
#include "patterns.h"

#include <math.h>

static const bram_param params[] = {
    {"output", BRAM_PARAM_CHOICE, "angular", "angular|similarity|euclidean|squared", 0, 0,
     "angle in radians; its cosine; distance of the sides as they are; its square"},
    BRAM_PATTERN_CENTRE,
    {NULL, BRAM_PARAM_FLAG, NULL, NULL, 0, 0, NULL},
};

static int formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                   const bram_options *o)
{
    return bram_procrustes(cx, value, bram_form_of(o), x, y);
}

static const bram_pattern_rule rule = {"procrustes", params, BRAM_PATTERNS_REDUCE, formula, NULL};

BRAM_PATTERN_STEPS(rule)

const bram_metric bram_metric_procrustes = {
    .name = "procrustes",
    .summary = "Procrustes distance: what is left after the best rotation",
    .source = "Schoenemann 1966; Williams et al. 2021",
    .version = 1,
    .flags = BRAM_METRIC_SYMMETRIC | BRAM_METRIC_IDENTITY_ZERO | BRAM_METRIC_INV_SCALE |
             BRAM_METRIC_INV_SHIFT | BRAM_METRIC_INV_ROTATE,
    .higher_better = bram_form_higher_better,
    BRAM_PATTERN_ENTRY,
};
