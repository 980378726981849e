/*
 * trsa_statistic.h - what topological RSA makes of one dissimilarity matrix: its geo-topological
 * matrix, or geodesic distances on a graph of near pairs. trsa.c says which is which.
 */
#ifndef BRAMBLE_METRICS_TRSA_STATISTIC_H
#define BRAMBLE_METRICS_TRSA_STATISTIC_H

#include "geodesic.h"
#include "gt_transform.h"
#include "topology_side.h"

typedef enum bram_trsa_statistic {
    BRAM_TRSA_RGTM,
    BRAM_TRSA_RGDM,
    BRAM_TRSA_GEODESIC
} bram_trsa_statistic;

/** The pairs that rgdm joins. */
typedef enum bram_trsa_graph {
    BRAM_TRSA_TWO_STEP,
    BRAM_TRSA_K_NEAREST,
    BRAM_TRSA_P_NEAREST,
    BRAM_TRSA_P_SHORTEST
} bram_trsa_graph;

/** Pairs that no path joins: stay infinite; as the farthest that is joined; are left out. */
typedef enum bram_trsa_infinite { BRAM_TRSA_INF, BRAM_TRSA_MAX, BRAM_TRSA_DROP } bram_trsa_infinite;

typedef struct bram_trsa_settings {
    bram_trsa_statistic statistic;
    bram_gt gt;
    bram_trsa_graph graph;
    double k, p; /* neighbours of k-nearest; share of p-nearest and p-shortest */
    bram_neighbours neighbours;
    bram_trsa_infinite infinite;
    bool rank_after; /* geodesic distances become ranks again */
} bram_trsa_settings;

/**
 * The statistic of one side over a draw.
 *
 * @param x        pairs of the draw; NaN where a pair is left out
 * @param defined  false where all dissimilarities are equal: x is then not filled
 * @param side     what a note on a graph that falls apart calls it; NULL: no note
 * @return BRAM_OK; BRAM_ENOMEM. Cost: O(n^2), geodesics O(n^3) at most
 */
int bram_trsa_statistic_of(bram_ctx *cx, double *x, bool *defined, const bram_trsa_settings *s,
                           const bram_draw *draw, const bram_drawn_rdm *rdm,
                           const char *side) BRAM_MUST_CHECK;

#endif
