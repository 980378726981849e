/*
 * state_choice.h - the number of states by held-out likelihood: how sure differences are.
 */
#ifndef BRAMBLE_BASELINES_STATE_CHOICE_H
#define BRAMBLE_BASELINES_STATE_CHOICE_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/**
 * For each number of states the 95 % interval of the difference of its log density per value to
 * the best one's: the bootstrap of docs/statistics.md over blocks of time (1,000 draws) of 100
 * rows, or longer where the autocorrelation of the difference asks for it. Each is told as a note.
 *
 * @param choice  a row for each: states, log density per value; receives low and high behind them
 *                (0 and 0 of the best; NaN with fewer than 8 blocks)
 * @param bin     choices x rows: log density of each validation row given those before it
 * @param value   of each row: how many values it has
 * @param best    row of choice
 */
int bram_state_choice_intervals(bram_ctx *cx, bram_mat *choice, const bram_mat *bin,
                                const double *value, size_t best) BRAM_MUST_CHECK;

#endif
