/*
 * geodesic.h - graphs on the conditions of a dissimilarity matrix, and distances along them.
 *
 * A graph is a vector of pairs (rdm.h): the length of each edge, 0 or more, INFINITY where there is
 * none. An edge of length 0 is an edge: two conditions in one place are as near as can be.
 */
#ifndef BRAMBLE_METRICS_GEODESIC_H
#define BRAMBLE_METRICS_GEODESIC_H

#include <bramble/context.h>

/**
 * All shortest paths: out[k] is the least sum of edges between the two conditions, INFINITY where
 * no path joins them. Few edges: Dijkstra's method from each condition; many: Floyd and Warshall's
 * in blocks, on one triangle. The choice depends on the graph alone, and so do the bits.
 *
 * @param out  n (n - 1) / 2 pairs; may be edge
 * @return BRAM_OK; BRAM_ENUMERIC for an edge that is negative or NaN; BRAM_ENOMEM. Cost: at most
 *         n^3 / 2 additions, m edges: O(n m log n)
 */
int bram_shortest_paths(bram_ctx *cx, double *out, const double *edge, size_t n) BRAM_MUST_CHECK;

/** The number of connected components; 0 for no conditions. */
int bram_graph_components(bram_ctx *cx, size_t *count, const double *edge,
                          size_t n) BRAM_MUST_CHECK;

/** What becomes of an edge that is among the nearest of one of its ends only. */
typedef enum bram_neighbours { BRAM_NEIGHBOURS_UNION, BRAM_NEIGHBOURS_MUTUAL } bram_neighbours;

/**
 * Edges to the k nearest neighbours, with the lengths given. All that are as near as the k-th are
 * in, so that the graph does not depend on the order of the conditions.
 *
 * @param length  of each pair; NaN where it is missing, which is no edge
 * @param times   how often each condition was drawn: a condition counts as so many neighbours.
 *                NULL: once
 */
int bram_nearest_edges(bram_ctx *cx, double *edge, const double *length, size_t n, double k,
                       bram_neighbours rule, const double *times) BRAM_MUST_CHECK;

/** Edges where length <= limit (the p shortest: limit is their quantile), or < limit. */
void bram_short_edges(double *edge, const double *length, size_t pairs, double limit,
                      bool or_equal);

/**
 * The geodesic transform of a dissimilarity matrix: scaled to [0, 1] by its range, the largest
 * dissimilarity is no edge, then shortest paths. Missing pairs are no edges and stay missing (NaN).
 * All NaN where all values are equal.
 */
int bram_geodesic_transform(bram_ctx *cx, double *out, const double *d, size_t n) BRAM_MUST_CHECK;

#endif
