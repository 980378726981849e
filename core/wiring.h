/*
 * wiring.h - a connectome of a dataset as a list of ordered pairs of its nodes.
 */
#ifndef BRAMBLE_CORE_WIRING_H
#define BRAMBLE_CORE_WIRING_H

#include <bramble/dataset.h>
#include <bramble/graph.h>

/** Edges of one or several layers, as they stand there; gap junctions and vessels in both
 * directions. */
typedef struct bram_wiring {
    const bram_axis *nodes; /* the dataset's table */
    size_t edges;
    uint32_t *from, *to; /* rows of nodes */
    double *weight;
    int8_t *sign;  /* 1, -1; 0: not told. A layer's column sign; without one, that of the weights
                      where any of the layer's is negative */
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

#endif
