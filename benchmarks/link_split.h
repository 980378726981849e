/*
 * link_split.h - the pairs of a graph cut into edges to learn from, and edges to be found among
 * pairs without one: link prediction in the manner of the Open Graph Benchmark (Hu et al. 2020,
 * arXiv 2005.00687).
 *
 * What is cut are unordered pairs of nodes: an edge and the one that leads back are never on
 * different sides, as a gap junction or a reciprocal synapse would tell the answer. Every edge that
 * is asked about has candidates of its own, `negatives` pairs without an edge, drawn by the scheme.
 */
#ifndef BRAMBLE_BENCHMARKS_LINK_SPLIT_H
#define BRAMBLE_BENCHMARKS_LINK_SPLIT_H

#include <bramble/dataset.h>
#include <bramble/graph.h>
#include <bramble/spec.h>

#include <math.h>

/** The options below, for the tables of tasks and commands. */
/* clang-format off */
#define BRAM_LINK_SPLIT_PARAMS                                                                     \
    {"scheme", BRAM_PARAM_CHOICE, "random", "random|degree|distance|neuron|spatial", 0, 0,         \
     "how pairs without an edge are drawn; neuron: all pairs of whole nodes are asked about"},     \
    {"test", BRAM_PARAM_REAL, "0.1", NULL, 0.001, 0.9, "share of the pairs (nodes) for the test"}, \
    {"validation", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.9, "share to choose options by"},            \
    {"negatives", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000, "pairs without an edge for each edge"}, \
    {"radius", BRAM_PARAM_REAL, "auto", NULL, 0, INFINITY,                                         \
     "scheme=spatial: how far apart at most; auto: mean + 2 SD of the edges' lengths"},            \
    {"split_seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 0, "of the cut and the draws"}
/* clang-format on */

typedef enum bram_link_set { BRAM_LINK_TRAIN, BRAM_LINK_VALIDATION, BRAM_LINK_TEST } bram_link_set;

typedef struct bram_link_split {
    size_t nodes, pairs;
    bool directed;
    uint32_t *from, *to;
    uint32_t *query; /* the edge that a pair is a candidate beside; of an edge, its own number */
    uint8_t *edge;   /* 1 or 0 */
    uint8_t *set;    /* bram_link_set */
} bram_link_split;

/**
 * Cuts a graph by the options.
 *
 *   random     uniform over ordered pairs
 *   degree     half keep the edge's source, with the target of a random edge; half keep its target,
 *              with the source of a random edge: degrees are those of edges
 *   distance   of 64 uniform pairs the one whose distance is nearest to the edge's
 *   neuron     pairs of held-out nodes: keeps the held-out end, the other is uniform
 *   spatial    keeps the source; the other end is uniform among the nodes within the radius. Where
 *              that finds none, from any node
 *
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no edge for a set that has a share, a scheme that needs
 *         positions where there are none, or (after many draws) no pair without an edge;
 * BRAM_ENOMEM
 *
 * Depends on graph and options alone. Time O(edges + asked edges x negatives x tries).
 */
int bram_link_split_make(bram_ctx *cx, bram_link_split *out, const bram_graph *g,
                         const bram_options *o) BRAM_MUST_CHECK;
void bram_link_split_release(bram_link_split *s);

/** How many pairs a set has, with an edge (1) or without (0). */
size_t bram_link_split_count(const bram_link_split *s, bram_link_set set, int edge);

/** The graph of the training edges. */
int bram_link_split_graph(bram_ctx *cx, bram_graph **out, const bram_link_split *s) BRAM_MUST_CHECK;

/** As a dataset: tables nodes and pair (from, to, edge, set, query), the options as attributes. */
int bram_link_split_put(bram_ctx *cx, bram_dataset *ds, const bram_link_split *s,
                        const bram_axis *nodes, const double *position,
                        const bram_options *o) BRAM_MUST_CHECK;

/**
 * Back from such a dataset.
 *
 * @param nodes     receives the table of the nodes; borrowed from ds
 * @param position  receives nodes x 3 numbers in scratch memory, or NULL
 * @return BRAM_OK; BRAM_EFORMAT: it is no split, or holds numbers that cannot be; BRAM_ENOMEM
 */
int bram_link_split_get(bram_ctx *cx, bram_link_split *out, const bram_axis **nodes,
                        double **position, const bram_dataset *ds) BRAM_MUST_CHECK;

#endif
