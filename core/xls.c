/*
 * xls.c - sheets of .xls workbooks through FreeXL.
 *
 * FreeXL reads the whole workbook when it is opened. It hands out texts that live until another
 * sheet is selected; they are copied into the grid.
 */
#include "xls.h"

#include "file.h"

#include <string.h>
#include <unistd.h>

bool bram_xls_is(const unsigned char *bytes, size_t n)
{
    static const unsigned char ole[] = {0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1};
    return n >= sizeof ole && memcmp(bytes, ole, sizeof ole) == 0;
}

#ifdef BRAM_HAVE_FREEXL

#include <freexl.h>

enum { MAX_SHEETS = 4096 };

struct bram_xls {
    char *path;
    const void *handle;
    size_t sheets;
};

static const char *reason_of(int code)
{
    switch (code) {
    case FREEXL_CFBF_INVALID_SIGNATURE:
        return "it does not begin as one does";
    case FREEXL_BIFF_WORKBOOK_NOT_FOUND:
        return "it has no workbook in it";
    case FREEXL_UNSUPPORTED_CHARSET:
    case FREEXL_INVALID_CHARACTER:
        return "its text is in an encoding that is not known";
    case FREEXL_CRAFTED_FILE:
        return "it is severely damaged";
    default:
        return "it is damaged";
    }
}

static int refuse(bram_ctx *cx, const bram_xls *x, int code)
{
    if (code == FREEXL_INSUFFICIENT_MEMORY)
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %s", x->path);
    return bram_fail(cx, BRAM_EFORMAT, "%s: expected an .xls workbook, but %s (FreeXL %d)", x->path,
                     reason_of(code), code);
}

static int open_workbook(bram_ctx *cx, bram_xls *x)
{
    unsigned sheets = 0, password = 0;
    int code = freexl_open(x->path, &x->handle);
    if (code == FREEXL_OK) code = freexl_get_info(x->handle, FREEXL_BIFF_PASSWORD, &password);
    if (code == FREEXL_OK) code = freexl_get_info(x->handle, FREEXL_BIFF_SHEET_COUNT, &sheets);
    if (code != FREEXL_OK) return refuse(cx, x, code);
    if (password == FREEXL_BIFF_OBFUSCATED)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found an encrypted workbook", x->path);
    if (sheets == 0 || sheets > MAX_SHEETS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %u sheets, expected 1 to %d", x->path, sheets,
                         MAX_SHEETS);
    x->sheets = sheets;
    return BRAM_OK;
}

int bram_xls_open(bram_ctx *cx, bram_xls **out, const char *path)
{
    int fd;
    uint64_t size;
    BRAM_TRY(bram_file_open(cx, &fd, &size, path)); /* FreeXL cannot say why it failed to open */
    close(fd);
    bram_xls *x = bram_alloc(cx, 1, sizeof *x);
    if (!x) return BRAM_ENOMEM;
    x->path = bram_strdup(cx, path);
    int status = x->path ? open_workbook(cx, x) : BRAM_ENOMEM;
    if (status == BRAM_OK) *out = x;
    else bram_xls_close(x);
    return status;
}

void bram_xls_close(bram_xls *x)
{
    if (!x) return;
    if (x->handle) freexl_close(x->handle);
    bram_free(x->path);
    bram_free(x);
}

size_t bram_xls_sheets(const bram_xls *x)
{
    return x->sheets;
}

const char *bram_xls_sheet_name(const bram_xls *x, size_t i)
{
    const char *name = NULL;
    int code = freexl_get_worksheet_name(x->handle, (unsigned short)i, &name);
    return code == FREEXL_OK && name ? name : "";
}

static int add_cell(bram_ctx *cx, bram_grid *g, size_t row, size_t col, const FreeXL_CellValue *v)
{
    switch (v->type) {
    case FREEXL_CELL_INT:
        return bram_grid_add(cx, g, row, col, BRAM_CELL_NUMBER, NULL, 0, v->value.int_value);
    case FREEXL_CELL_DOUBLE:
        return bram_grid_add(cx, g, row, col, BRAM_CELL_NUMBER, NULL, 0, v->value.double_value);
    case FREEXL_CELL_TEXT:
    case FREEXL_CELL_SST_TEXT:
    case FREEXL_CELL_DATE:
    case FREEXL_CELL_DATETIME:
    case FREEXL_CELL_TIME:
        if (!v->value.text_value) return BRAM_OK;
        return bram_grid_add(cx, g, row, col, BRAM_CELL_TEXT, v->value.text_value,
                             strlen(v->value.text_value), 0);
    default:
        return BRAM_OK;
    }
}

static int read_cells(bram_ctx *cx, bram_xls *x, bram_grid *g)
{
    unsigned rows = 0;
    unsigned short cols = 0;
    int code = freexl_worksheet_dimensions(x->handle, &rows, &cols);
    if (code != FREEXL_OK) return refuse(cx, x, code);
    for (unsigned r = 0; r < rows; r++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        for (unsigned short c = 0; c < cols; c++) {
            FreeXL_CellValue value = {.type = FREEXL_CELL_NULL};
            code = freexl_get_cell_value(x->handle, r, c, &value);
            if (code != FREEXL_OK) return refuse(cx, x, code);
            BRAM_TRY(add_cell(cx, g, r, c, &value));
        }
    }
    return bram_grid_finish(cx, g);
}

int bram_xls_read(bram_ctx *cx, bram_xls *x, size_t sheet, bram_grid **grid)
{
    bram_grid *g = NULL;
    int code = freexl_select_active_worksheet(x->handle, (unsigned short)sheet);
    if (code != FREEXL_OK) return refuse(cx, x, code);
    BRAM_TRY(bram_grid_new(cx, &g, bram_xls_sheet_name(x, sheet)));
    int status = read_cells(cx, x, g);
    if (status == BRAM_OK) *grid = g;
    else bram_grid_free(g);
    return status;
}

#else

int bram_xls_open(bram_ctx *cx, bram_xls **out, const char *path)
{
    (void)out;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: found an .xls workbook; this build has no FreeXL to read it", path);
}

void bram_xls_close(bram_xls *x)
{
    (void)x;
}

size_t bram_xls_sheets(const bram_xls *x)
{
    (void)x;
    return 0;
}

const char *bram_xls_sheet_name(const bram_xls *x, size_t i)
{
    (void)x, (void)i;
    return "";
}

int bram_xls_read(bram_ctx *cx, bram_xls *x, size_t sheet, bram_grid **grid)
{
    (void)x, (void)sheet, (void)grid;
    return bram_fail(cx, BRAM_EINTERNAL, "this build has no FreeXL");
}

#endif
