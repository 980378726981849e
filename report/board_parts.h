/*
 * board_parts.h - what the files of the board share.
 */
#ifndef BRAMBLE_REPORT_BOARD_PARTS_H
#define BRAMBLE_REPORT_BOARD_PARTS_H

#include "board.h"

/** A planned cell of the benchmark. */
struct bram_board_cell {
    const bram_result *result;
    size_t model, part;
    ptrdiff_t at; /* row of the score in the cell; -1: not scored */
    double *draw; /* NULL without */
};

struct bram_board_whole {
    bram_board board; /* first: the public part */
    struct bram_board_cell *cell;
    size_t cells;
    const char **part;
    double *value;                 /* models x parts: mean over seeds; NaN where not scored */
    double *draw;                  /* models x parts x draws */
    const bram_board_row **row_of; /* [model]: its row, wherever it stands */
    size_t *blocks;                /* [part]: how many were drawn there */
    char *resampled;               /* the words of the board, where there are several parts */
    bool biased;                   /* intervals are moved by the bias of the draws */
    bool distribution; /* intervals say where the draws lie, not how sure the value is */
};

/** How far intervals are stretched, from one to the next: most rest on the same blocks. */
struct bram_board_stretch {
    size_t blocks, parts;
    double factor;
};

/* ---- board_score.c -------------------------------------------------------------------------- */

/** The table of scores in a scored cell; NULL for another. */
const bram_axis *bram_board_score_axis(const bram_result *r);

/** Sets the board's score and what cells say of it; score as for bram_board_new. */
int bram_board_find_score(bram_ctx *cx, struct bram_board_whole *b, const bram_results *r,
                          const char *score) BRAM_MUST_CHECK;

/* ---- board_rows.c --------------------------------------------------------------------------- */

/** A column of the score in a scored cell; NaN, 0 where there is none. */
double bram_board_number(const struct bram_board_cell *c, const char *column);
int64_t bram_board_integer(const struct bram_board_cell *c, const char *column);

/**
 * Mean over the parts with use[part] (NULL: those the model was scored on) of the value, or of one
 * draw when sample >= 0. NaN when there are none.
 */
double bram_board_mean(const struct bram_board_whole *b, size_t model, ptrdiff_t sample,
                       const bool *use);

double bram_board_factor(struct bram_board_stretch *s, double level, size_t blocks, size_t parts);

/** The interval of a mean over those parts; bounds untouched where none can be given. */
int bram_board_interval(bram_ctx *cx, double *low, double *high, const struct bram_board_whole *b,
                        double value, const double *draw, const bool *use,
                        struct bram_board_stretch *kept) BRAM_MUST_CHECK;

/** Fills the row of a model, but for what depends on others. */
int bram_board_fill_row(bram_ctx *cx, struct bram_board_whole *b, size_t model) BRAM_MUST_CHECK;

/* ---- board_pairs.c -------------------------------------------------------------------------- */

/** Ranks: each pair once, its difference tells which of the two is better, if any. */
int bram_board_rank(bram_ctx *cx, struct bram_board_whole *b) BRAM_MUST_CHECK;

/** Paired differences to the model that is the first floor ("copy"), where it was run. */
int bram_board_compare_with_floor(bram_ctx *cx, struct bram_board_whole *b) BRAM_MUST_CHECK;

#endif
