/*
 * leaderboard.h - a board as a table for people and for machines.
 */
#ifndef BRAMBLE_REPORT_LEADERBOARD_H
#define BRAMBLE_REPORT_LEADERBOARD_H

#include "board.h"
#include "table.h"

/**
 * Makes the table of a board; the caller frees it. Every number that a person sees is one that a
 * machine gets, at full precision.
 */
int bram_leaderboard_table(bram_ctx *cx, bram_table **out, const bram_board *b) BRAM_MUST_CHECK;

/** The values of each part by themselves: a row a part, a column a model, the best first; NaN where
 *  not scored. The caller frees it. */
int bram_leaderboard_parts(bram_ctx *cx, bram_table **out, const bram_board *b) BRAM_MUST_CHECK;

enum { BRAM_INTERVAL_BYTES = 160 };

/** "0.245 [0.239, 0.250]"; the value alone where there is no interval. */
void bram_interval_text(char text[BRAM_INTERVAL_BYTES], double value, double low, double high,
                        int decimals);

/** Decimals at which the middle one of these numbers by size has 3 digits. Reorders them. */
int bram_decimals(double *size, size_t count);

/** What a ceiling of this rule (of a board) is, in words. */
const char *bram_ceiling_words(const char *rule);

/** Decimals for the values of a board. */
int bram_board_decimals(bram_ctx *cx, const bram_board *b);

/** "skill" of "skill:over=pooled@h4", and "h4"; both for people. Buffers of 64 bytes. */
void bram_score_words(const char *id, char metric[64], char label[64]);

#endif
