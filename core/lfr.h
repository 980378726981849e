/*
 * lfr.h - made weighted graphs with communities: the benchmark of Lancichinetti & Fortunato 2009
 * (Phys Rev E 80:016118), undirected, communities that do not overlap.
 *
 * Degrees follow a power law cut at both ends whose mean is as asked, sizes of communities another;
 * of 1000 draws of sizes the first is taken under which edges can be mixed as asked, or the
 * nearest. A node has the share 1 - mixing of its edges inside its community, and the share 1 -
 * weight_mixing of its strength, which is degree^strength_exponent. Edges are drawn by matching
 * ends at random and repairing loops, double edges and wrong sides by swaps; what finds no partner
 * so is joined on any side, and left out only where that fails, too. Weights are scaled in
 * proportion, node by node, until the sums inside and outside are as they should be (where the
 * edges allow it); the paper moves them additively.
 */
#ifndef BRAMBLE_CORE_LFR_H
#define BRAMBLE_CORE_LFR_H

#include <bramble/context.h>

typedef struct bram_lfr_settings {
    size_t nodes;
    double mean_degree;
    size_t max_degree;            /* of nodes, and the size of the largest community */
    double mixing, weight_mixing; /* mu_t, mu_w: from 0 to 1 */
    double degree_exponent;       /* t1, above 1 */
    double size_exponent;         /* t2, 0 or more */
    double strength_exponent;     /* beta */
    uint64_t seed;
} bram_lfr_settings;

/** Arrays in scratch memory of the caller's context. */
typedef struct bram_lfr {
    size_t edges, *from, *to;       /* from < to */
    double *weight;                 /* above 0 */
    size_t communities, *community; /* of each node */
} bram_lfr;

/**
 * @return BRAM_OK; BRAM_EUSAGE for settings outside their ranges, a mean degree that no power law
 *         up to max_degree has, or where no sizes of communities were found that hold all nodes
 *         (1000 draws); BRAM_ENOMEM
 */
int bram_lfr_make(bram_ctx *cx, bram_lfr *out, const bram_lfr_settings *settings) BRAM_MUST_CHECK;

#endif
