/* fuzz_xlsx.c - core/xlsx.c: the sheets of a workbook. */
#include "fuzz.h"
#include "number.h"
#include "xlsx.h"

#include <string.h>

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    enum { MOST_CELLS = 200 };
    bram_xlsx *book = NULL;
    if (!fuzz_ok(cx, bram_xlsx_open(cx, &book, fuzz_file(bytes, size)))) return;
    for (size_t s = 0; s < bram_xlsx_sheets(book); s++) {
        bram_grid *grid = NULL;
        size_t length = strlen(bram_xlsx_sheet_name(book, s));
        if (!fuzz_ok(cx, bram_xlsx_read(cx, book, s, &grid))) continue;
        for (size_t i = 0; i < bram_grid_rows(grid) && i < MOST_CELLS; i++)
            for (size_t j = 0; j < bram_grid_cols(grid) && j < MOST_CELLS; j++) {
                double x;
                length += strlen(bram_grid_cell(grid, i, j).text);
                fuzz_ok(cx, bram_grid_number(cx, grid, i, j, BRAM_NUMBER_MISSING, &x));
            }
        fuzz_need(length < size + (1 << 20) || length > 0);
        bram_grid_free(grid);
    }
    bram_xlsx_close(book);
}
