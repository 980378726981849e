/*
 * intake_table.c - tables of text as columns of an axis; see intake_table.h.
 */
#include "intake_table.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { NAME_BYTES = 64 };

static void column_name(char *out, const char *heading)
{
    size_t n = 0;
    for (const char *c = heading; *c && n + 1 < NAME_BYTES; c++)
        if (n || isalpha((unsigned char)*c))
            out[n++] = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    while (n && out[n - 1] == '_') n--;
    out[n] = 0;
}

int bram_intake_column(bram_ctx *cx, bram_axis *axis, const bram_csv *t, size_t col,
                       const ptrdiff_t *row, const char *as)
{
    char name[NAME_BYTES];
    size_t n = bram_axis_length(axis), mark = bram_scratch_mark(cx), some = 0;
    const char **text = bram_scratch(cx, n, sizeof *text);
    double *number = bram_scratch(cx, n, sizeof *number);
    bool numbers = true;
    if (!text || !number) return BRAM_ENOMEM;
    column_name(name, bram_csv_name(t, col));
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t at = row ? row[i] : (ptrdiff_t)i;
        text[i] = at < 0 ? "" : bram_csv_text(t, (size_t)at, col);
        number[i] = NAN;
        if (*text[i]) numbers = numbers && bram_number_parse(text[i], 0, &number[i]), some++;
    }
    if (!as) as = name;
    int status = !*as              ? BRAM_OK
                 : numbers && some ? bram_axis_add_number(cx, axis, as, number, "")
                                   : bram_axis_add_text(cx, axis, as, text);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_intake_columns(bram_ctx *cx, bram_axis *axis, const bram_csv *t, ptrdiff_t but,
                        const ptrdiff_t *row)
{
    for (size_t c = 0; c < bram_csv_cols(t); c++)
        if ((ptrdiff_t)c != but) BRAM_TRY(bram_intake_column(cx, axis, t, c, row, NULL));
    return BRAM_OK;
}
