/*
 * repeat.h - the command that makes a number of a board again, as a shell takes it.
 */
#ifndef BRAMBLE_REPORT_REPEAT_H
#define BRAMBLE_REPORT_REPEAT_H

#include "board.h"
#include "buffer.h"

/** What the commands of one benchmark have in common. */
typedef struct bram_repeat {
    const bram_board *board;
    bool own;     /* the definition is a file of the user's, NAME.yaml by its name */
    bool made;    /* the dataset is made by code: no folder is needed */
    bool *listed; /* [row]: the definition names the model. Scratch memory */
} bram_repeat;

/** @param dataset  the name in the benchmark's plan */
int bram_repeat_begin(bram_ctx *cx, bram_repeat *out, const bram_board *b,
                      const char *dataset) BRAM_MUST_CHECK;

/**
 * Puts "bramble run NAME --data DIR --out again --seed 2 --seeds 3 --only --model 'SPEC'", without
 * what is not needed.
 *
 * @param row  one model alone; NULL: all of the board, in the folder `results`
 */
void bram_repeat_put(bram_buffer *out, const bram_repeat *r, const bram_board_row *row);

#endif
