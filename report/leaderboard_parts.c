/*
 * leaderboard_parts.c - a board part by part: a row for each recording, connectome or group of
 * graphs, a column for each model.
 */
#include "leaderboard.h"

#include <math.h>

/* Columns: the part, then the models, the best first. Where there is no room the last ones go. */
static int describe(bram_ctx *cx, bram_table_column **out, const bram_board *b)
{
    bram_table_column *c = bram_scratch(cx, b->rows + 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    int decimals = bram_board_decimals(cx, b);
    c[0] = (bram_table_column){"part", "part", BRAM_CELL_TEXT};
    for (size_t i = 0; i < b->rows; i++)
        c[i + 1] = (bram_table_column){b->row[i].name, b->row[i].name, BRAM_CELL_NUMBER,
                                       .digits = decimals, .drop = (unsigned)i + 1};
    *out = c;
    return BRAM_OK;
}

int bram_leaderboard_parts(bram_ctx *cx, bram_table **out, const bram_board *b)
{
    bram_table_column *columns = NULL;
    bram_table *t = NULL;
    char metric[64], label[64];
    BRAM_TRY(describe(cx, &columns, b));
    BRAM_TRY(bram_table_new(cx, &t, b->title, columns, b->rows + 1));
    for (size_t p = 0; p < b->parts; p++) {
        bram_table_row(t);
        bram_table_text(t, 0, bram_board_part(b, p));
        for (size_t i = 0; i < b->rows; i++)
            bram_table_number(t, i + 1, bram_board_value(b, &b->row[i], p));
    }
    bram_score_words(b->score, metric, label);
    bram_table_note(t, "score: %s%s%s; %s is better.", metric, *label ? " at " : "", label,
                    b->higher_better ? "higher" : "lower");
    int status = bram_table_status(cx, t);
    if (status == BRAM_OK) *out = t;
    else bram_table_free(t);
    return status;
}
