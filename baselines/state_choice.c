/*
 * state_choice.c - intervals for the choice of the number of states; see state_choice.h.
 */
#include "state_choice.h"

#include "resample.h"

#include <math.h>

/* Blocks are at least so long, as long as there are BRAM_MIN_BLOCKS of them: states last, and
 * hardly show in the autocorrelation of single rows (tests/coverage/state_coverage.c). */
enum { DRAWS = 1000, BLOCK = 100 };

/* Sums of the differences and of the values of each block. */
static void add_blocks(double *sum, double *count, const bram_blocks *b, const double *difference,
                       const double *value)
{
    for (size_t i = 0; i < b->count; i++)
        for (size_t t = bram_blocks_first(*b, i); t < bram_blocks_first(*b, i + 1); t++)
            sum[i] += difference[t], count[i] += value[t];
}

static int interval(bram_ctx *cx, bram_interval *out, const double *a, const double *b,
                    const double *value, size_t rows)
{
    size_t length = 1;
    double *difference = bram_scratch(cx, rows, sizeof *difference), x = 0, n = 0;
    if (!difference) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) difference[t] = a[t] - b[t];
    if (rows >= BRAM_MIN_BLOCKS) BRAM_TRY(bram_block_length(cx, &length, difference, rows));
    size_t least = rows / BRAM_MIN_BLOCKS < BLOCK ? rows / BRAM_MIN_BLOCKS : BLOCK;
    bram_blocks blocks = bram_blocks_cut(rows, length > least ? length : least);
    *out = (bram_interval){.low = NAN, .high = NAN};
    if (blocks.count < BRAM_MIN_BLOCKS) return BRAM_OK;
    double *sum = bram_scratch(cx, 2 * blocks.count + DRAWS, sizeof *sum);
    uint32_t *times = bram_scratch(cx, blocks.count, sizeof *times);
    if (!sum || !times) return BRAM_ENOMEM;
    double *count = sum + blocks.count, *draw = count + blocks.count;
    add_blocks(sum, count, &blocks, difference, value);
    for (size_t d = 0; d < DRAWS; d++) {
        bram_bootstrap_draw(times, blocks.count, 0, "hmm/choice", d);
        x = n = 0;
        for (size_t i = 0; i < blocks.count; i++) x += times[i] * sum[i], n += times[i] * count[i];
        draw[d] = n > 0 ? x / n : NAN;
    }
    x = n = 0;
    for (size_t i = 0; i < blocks.count; i++) x += sum[i], n += count[i];
    return bram_interval_corrected(cx, out, x / n, draw, DRAWS, 0.95, blocks.count, 1, true);
}

int bram_state_choice_intervals(bram_ctx *cx, bram_mat *choice, const bram_mat *bin,
                                const double *value, size_t best)
{
    for (size_t i = 0; i < choice->rows; i++) {
        double *row = bram_row(choice, i);
        size_t mark = bram_scratch_mark(cx);
        bram_interval its = {0};
        int status = BRAM_OK;
        if (i != best)
            status = interval(cx, &its, bram_row(bin, i), bram_row(bin, best), value, bin->cols);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        row[2] = its.low, row[3] = its.high;
        if (isnan(its.low))
            bram_note(cx,
                      "%g states: log p %.6g per value in validation; too few rows for an interval",
                      row[0], row[1]);
        else
            bram_note(
                cx,
                "%g states: log p %.6g per value in validation, difference to the best [%.3g, "
                "%.3g]",
                row[0], row[1], row[2], row[3]);
    }
    return BRAM_OK;
}
