/*
 * verdict.h - an honest line below a board: does any trained network beat the linear model `var`,
 * and the last value, `copy`?
 *
 * Networks are the models that are trained by gradients (BRAM_MODEL_FINISHES). Each is held against
 * the best row of the other kind by paired differences (board.h); it beats it where the interval
 * excludes zero. With many networks one may do so by chance: all that do are counted, and the best
 * one's difference is given, whichever way it points.
 */
#ifndef BRAMBLE_REPORT_VERDICT_H
#define BRAMBLE_REPORT_VERDICT_H

#include "board.h"

typedef struct bram_network_verdict {
    const bram_board_row *other, *best; /* the row held against; the best network. NULL: none */
    size_t networks, beat, beaten;      /* scored ones; those with an interval above, below zero */
    double difference, low, high;       /* of the best, better is above zero; NaN: no interval */
} bram_network_verdict;

/**
 * @param model  "var", "copy": a name as it begins the specs
 * @return BRAM_OK, also where there is nothing to compare (networks 0 or other NULL); BRAM_ENOMEM
 */
int bram_network_verdict_new(bram_ctx *cx, bram_network_verdict *out, const bram_board *b,
                             const char *model) BRAM_MUST_CHECK;

/** The same in words, "" where there is nothing to compare. */
int bram_network_verdict_text(bram_ctx *cx, char *text, size_t bytes, const bram_board *b,
                              const char *model, int decimals) BRAM_MUST_CHECK;

#endif
