/*
 * transport.h - optimal transport between two sets of things of equal weight.
 */
#ifndef BRAMBLE_CORE_TRANSPORT_H
#define BRAMBLE_CORE_TRANSPORT_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/** One entry of a transport plan. */
typedef struct bram_shipment {
    size_t row, column;
    double mass;
} bram_shipment;

/**
 * The coupling T >= 0 of p rows and q columns, each row of mass 1/p and each column of mass 1/q,
 * with the least total cost sum T_ij cost_ij. Exact up to rounding: an assignment where p = q
 * (Birkhoff), else the network simplex; the optimum is within 1e-12 of the largest cost.
 *
 * @param plan   receives the entries above 0, at most p + q - 1, by row and column; may be NULL
 * @param count  their number; may be NULL when plan is
 * @param total  receives the total cost
 * @return BRAM_OK; BRAM_ESHAPE for an empty matrix or sides beyond 2^20; BRAM_ENUMERIC for a cost
 *         that is not finite; BRAM_ENOMEM; BRAM_ECANCEL. Outputs are untouched on failure
 */
int bram_transport_uniform(bram_ctx *cx, bram_shipment *plan, size_t *count, double *total,
                           const bram_mat *cost) BRAM_MUST_CHECK;

#endif
