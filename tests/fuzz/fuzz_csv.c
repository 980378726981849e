/* fuzz_csv.c - core/csv.c: a table, read in ways that its size picks, and written back. */
#include "csvfile.h"
#include "fuzz.h"

#include <string.h>

static int count_bytes(bram_ctx *cx, void *user, const void *bytes, size_t size)
{
    (void)cx, (void)bytes;
    *(size_t *)user += size;
    return BRAM_OK;
}

static void read_cells(bram_ctx *cx, const bram_csv *t)
{
    size_t rows = bram_csv_rows(t), cols = bram_csv_cols(t), written = 0, length = 0;
    bram_csv_writer w;
    bram_csv_to_sink(&w, count_bytes, &written, bram_csv_delimiter(t));
    for (size_t j = 0; j < cols; j++)
        fuzz_need(bram_csv_find(t, bram_csv_name(t, j)) >= 0 || !*bram_csv_name(t, j));
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            double x;
            int64_t n;
            length += strlen(bram_csv_text(t, i, j));
            fuzz_ok(cx, bram_csv_number(cx, t, i, j, BRAM_NUMBER_MISSING, &x));
            fuzz_ok(cx, bram_csv_integer(cx, t, i, j, &n));
            fuzz_need(bram_csv_put_text(cx, &w, bram_csv_text(t, i, j)) == BRAM_OK);
        }
        fuzz_need(bram_csv_end_row(cx, &w) == BRAM_OK && bram_csv_line(t, i) > 0);
    }
    fuzz_need(written >= length);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    static const bram_csv_options ways[] = {
        {.header = true}, {.ragged = true, .comment = '#'}, {.delimiter = ';'}, {.limit = 100}};
    bram_csv *t = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        if (fuzz_ok(cx, bram_csv_parse(cx, &t, "input", bytes, size, &ways[i]))) read_cells(cx, t);
        bram_csv_free(t);
        t = NULL;
    }
    if (fuzz_ok(cx, bram_csv_read(cx, &t, fuzz_file(bytes, size), NULL))) read_cells(cx, t);
    bram_csv_free(t);
}
