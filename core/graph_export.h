/*
 * graph_export.h - a connectome of a dataset as a file of its own: a table of edges, GraphML, a
 * matrix, JSON.
 */
#ifndef BRAMBLE_CORE_GRAPH_EXPORT_H
#define BRAMBLE_CORE_GRAPH_EXPORT_H

#include <bramble/dataset.h>

/**
 * @return whether the path is a connectome ("connectome/cook2019"), one of its layers
 *         ("connectome/cook2019/gap") or another table of the dataset
 */
bool bram_graph_is(const bram_dataset *ds, const char *path);

/**
 * Writes the layers of a connectome, or one of them, in the form that the ending of `file` names:
 *
 *   .csv, .tsv  a row for each edge with all columns, a layer below the other; also of any table
 *   .json       {"source", "nodes": [{"id", ...}], "edges": [{"layer", "from", "to", ...}]}
 *   .graphml    a directed graph; an edge of a symmetric layer (type gap) stands in both directions
 *   .npy        float64 [from][to] of one layer, symmetric for type gap, edges of one pair added
 * up; 0 between examined nodes, NaN where a pair was not examined. The nodes in their order are
 * written beside it, to NAME.nodes.csv
 *
 * @return BRAM_OK; BRAM_EUSAGE: an ending or a form that the path does not have (a matrix of
 * several layers); BRAM_EFORMAT: an edge whose node is absent; BRAM_EWRITE; BRAM_ENOMEM
 */
int bram_graph_export(bram_ctx *cx, const bram_dataset *ds, const char *path, const char *file,
                      bool replace) BRAM_MUST_CHECK;

#endif
