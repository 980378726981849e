/*
 * wiring_parts.h - connectomes of a dataset as parts of a benchmark, and where their nodes are.
 */
#ifndef BRAMBLE_BENCHMARKS_WIRING_PARTS_H
#define BRAMBLE_BENCHMARKS_WIRING_PARTS_H

#include "wiring.h"

#include <bramble/benchmark.h>

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
