/* fuzz_xls.c - core/xls.c: the sheets of an old workbook. FreeXL reads the bytes. */
#include "fuzz.h"
#include "xls.h"

#include <string.h>

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_xls *book = NULL;
    if (!fuzz_ok(cx, bram_xls_open(cx, &book, fuzz_file(bytes, size)))) return;
    for (size_t s = 0; s < bram_xls_sheets(book); s++) {
        bram_grid *grid = NULL;
        fuzz_need(bram_xls_sheet_name(book, s) != NULL);
        if (!fuzz_ok(cx, bram_xls_read(cx, book, s, &grid))) continue;
        fuzz_need(strlen(bram_grid_text(grid, 0, 0)) <= size);
        bram_grid_free(grid);
    }
    bram_xls_close(book);
}
