/*
 * assignment.h - linear assignment: each row of a cost matrix gets a column of its own.
 */
#ifndef BRAMBLE_CORE_ASSIGNMENT_H
#define BRAMBLE_CORE_ASSIGNMENT_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/**
 * The assignment of least total cost, exact: shortest augmenting paths (Jonker & Volgenant 1987,
 * Computing 38:325; the Hungarian method of Kuhn 1955 and Munkres 1957). To maximise a score, hand
 * in its negative. Of several best assignments the result is one that depends on the costs alone.
 *
 * @param column  receives the column of each row
 * @param total   receives the sum of the costs in the order of the rows; may be NULL
 * @param cost    rows <= cols, all finite
 * @return BRAM_OK; BRAM_ESHAPE for more rows than columns; BRAM_ENUMERIC for a cost that is not
 *         finite; BRAM_ENOMEM. Cost: O(rows^2 cols). Outputs are untouched on failure
 */
int bram_assignment(bram_ctx *cx, size_t *column, double *total,
                    const bram_mat *cost) BRAM_MUST_CHECK;

/**
 * The bottleneck assignment: the least value such that each row can have a column of its own at
 * that cost or below (a binary search over the costs; matchings by augmenting paths). Infinite
 * costs are allowed and mean "never"; the result is infinite when there is no other way.
 *
 * @param largest  receives the value; 0 for no rows
 * @return as bram_assignment, BRAM_ENUMERIC for NaN or minus infinity
 */
int bram_assignment_bottleneck(bram_ctx *cx, double *largest, const bram_mat *cost) BRAM_MUST_CHECK;

#endif
