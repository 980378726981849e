/*
 * graph.h - a graph in compressed sparse rows: what link predictors learn from.
 *
 * Edges are ordered pairs of nodes 0 .. nodes - 1 with a weight; an undirected graph holds each of
 * its edges in both directions. No node is its own neighbour, no pair stands twice.
 */
#ifndef BRAMBLE_GRAPH_H
#define BRAMBLE_GRAPH_H

#include <bramble/axis.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Neighbours of one direction: those of node i are node[first[i]] .. node[first[i + 1] - 1],
 *  ascending. */
typedef struct bram_adjacency {
    size_t *first;  /* nodes + 1 */
    uint32_t *node; /* edges */
    double *weight; /* edges */
} bram_adjacency;

typedef struct bram_graph {
    size_t nodes;
    size_t edges; /* ordered pairs: an undirected edge counts twice */
    bool directed;
    bram_adjacency out, in; /* one and the same arrays where it is not directed */
    const bram_axis *node;  /* ids, or NULL; borrowed */
    const double *position; /* nodes x dims, NaN where unknown; borrowed; NULL: none */
    size_t dims;
} bram_graph;

/**
 * Makes a graph of `count` pairs. Weights of a pair that is given several times are summed (of an
 * undirected graph in either direction); pairs of a node with itself are left out.
 *
 * @param weight  NULL: ones
 * @return BRAM_OK; BRAM_ESHAPE: a node number that is not below `nodes`, or nodes above what 32
 *         bits hold; BRAM_ENUMERIC: a weight that is not finite; BRAM_ENOMEM
 *
 * Time and memory O(nodes + count).
 */
int bram_graph_new(bram_ctx *cx, bram_graph **out, size_t nodes, bool directed,
                   const uint32_t *from, const uint32_t *to, const double *weight,
                   size_t count) BRAM_MUST_CHECK;
void bram_graph_free(bram_graph *g);

/** @return how many neighbours a node has out and in together; of an undirected graph, how many */
size_t bram_graph_degree(const bram_graph *g, uint32_t node);

/** @return whether there is an edge; O(log degree) */
bool bram_graph_has(const bram_graph *g, uint32_t from, uint32_t to);

#ifdef __cplusplus
}
#endif
#endif
