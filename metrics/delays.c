/*
 * delays.c - features of earlier rows; see delays.h.
 */
#include "delays.h"

#include "linalg.h"

#include <string.h>

/* Whether rows a and b are of the same segment. */
static bool together(const bram_column *c, size_t a, size_t b)
{
    if (!c) return true;
    if (c->type == BRAM_TEXT) return !strcmp(c->text[a], c->text[b]);
    return c->type == BRAM_NUMBER ? c->number[a] == c->number[b] : c->integer[a] == c->integer[b];
}

int bram_delayed(bram_ctx *cx, bram_mat *out, const bram_mat *x, const int64_t *delay,
                 size_t delays, const bram_axis *segment)
{
    const bram_column *c = segment ? bram_axis_column(segment, "segment") : NULL;
    size_t rows = x->rows, cols;
    size_t *first = bram_scratch(cx, rows, sizeof *first); /* row of the segment of each */
    if (!first) return BRAM_ENOMEM;
    if (__builtin_mul_overflow(delays, x->cols, &cols))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu delays", delays);
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    for (size_t i = 1; i < rows; i++) first[i] = together(c, i - 1, i) ? first[i - 1] : i;
    for (size_t i = 0; i < rows; i++)
        for (size_t d = 0; d < delays; d++)
            if ((size_t)delay[d] <= i - first[i])
                memcpy(bram_row(out, i) + d * x->cols, bram_row(x, i - (size_t)delay[d]),
                       x->cols * sizeof *x->data);
    return BRAM_OK;
}
