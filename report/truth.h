/*
 * truth.h - benchmarks on made data, whose answer is known: does the model that is right by
 * construction come out first?
 */
#ifndef BRAMBLE_REPORT_TRUTH_H
#define BRAMBLE_REPORT_TRUTH_H

#include "board.h"
#include "table.h"

typedef enum bram_verdict {
    BRAM_TRUTH_WINS,     /* rank 1, and no other model has it */
    BRAM_TRUTH_SHARES,   /* rank 1, with others that cannot be told from it */
    BRAM_TRUTH_BEATEN,   /* the paired difference to another model excludes zero */
    BRAM_TRUTH_UNSCORED, /* it failed, does not apply, or was not run */
    BRAM_TRUTH_NONE      /* the definition says why there is no true model */
} bram_verdict;

/**
 * The verdict on one model of a board. Without intervals there are no ranks: then the best value
 * wins.
 *
 * @param other  receives the best of the other models; NULL when there is none with a score
 */
bram_verdict bram_truth_verdict(const bram_board *b, const char *truth,
                                const bram_board_row **other);

/**
 * A row for each benchmark of a suite that has a truth or says why it has none. The caller frees
 * the table.
 *
 * @param rows  receives how many rows there are
 * @param good  receives whether the true model has rank 1 in each
 * @return BRAM_OK; BRAM_EUSAGE: a truth that is no model; BRAM_EABSENT; BRAM_ENOMEM
 */
int bram_truth_table(bram_ctx *cx, bram_table **out, size_t *rows, bool *good,
                     const bram_results *r, const bram_suite *suite) BRAM_MUST_CHECK;

#endif
