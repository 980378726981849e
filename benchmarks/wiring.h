/*
 * wiring.h - a connectome of a dataset as a list of ordered pairs of its nodes.
 */
#ifndef BRAMBLE_BENCHMARKS_WIRING_H
#define BRAMBLE_BENCHMARKS_WIRING_H

#include <bramble/benchmark.h>
#include <bramble/graph.h>

/** Edges of one or several layers, as they stand there; gap junctions and vessels in both
 * directions. */
typedef struct bram_wiring {
    const bram_axis *nodes; /* the dataset's table */
    size_t edges;
    uint32_t *from, *to; /* rows of nodes */
    double *weight;
    uint8_t *both; /* 1 where an edge has no direction: it and the one back stand together */
} bram_wiring;

/**
 * Reads layers of connectome/SOURCE.
 *
 * @param layers  names joined by +; "all": every table of edges that is there
 * @return BRAM_OK; BRAM_EABSENT: the source or a layer; BRAM_EFORMAT: columns other than expected,
 *         an edge whose end is no node; BRAM_ENOMEM
 */
int bram_wiring_read(bram_ctx *cx, bram_wiring *out, const bram_dataset *ds, const char *source,
                     const char *layers) BRAM_MUST_CHECK;
void bram_wiring_release(bram_wiring *c);

/** @return whether a node was examined: where it has no edge to another such, there is none */
bool bram_wiring_examined(const bram_axis *nodes, size_t node);

/**
 * The graph over the nodes that were examined: each pair once, whatever its weight.
 *
 * @param nodes  receives their table; the caller frees it, after the graph
 */
int bram_wiring_graph(bram_ctx *cx, bram_graph **out, bram_axis **nodes, const bram_wiring *w,
                      bool directed) BRAM_MUST_CHECK;

/** The sources of a dataset that a benchmark asks for, as its parts (see bram_task.parts). */
int bram_wiring_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                      const bram_dataset *ds) BRAM_MUST_CHECK;

/**
 * Positions of nodes: the columns x, y, z of the nodes, else of the dataset's table `neurons` by
 * id.
 *
 * @param position  receives nodes x 3 numbers in scratch memory, NaN where unknown; NULL when no
 *                  node has a position
 */
int bram_wiring_positions(bram_ctx *cx, double **position, const bram_dataset *ds,
                          const bram_axis *nodes) BRAM_MUST_CHECK;

#endif
