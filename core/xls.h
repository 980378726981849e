/*
 * xls.h - sheets of .xls workbooks (BIFF 2 to 8, Excel to 2003). The only user of FreeXL; a build
 * without it refuses the files.
 *
 * Dates are text, as FreeXL delivers them ("2011-02-03"); a formula gives the value stored with it.
 */
#ifndef BRAMBLE_CORE_XLS_H
#define BRAMBLE_CORE_XLS_H

#include "grid.h"

#include <bramble/context.h>

typedef struct bram_xls bram_xls;

/** @return whether the bytes begin as a compound file (.xls, also .doc) does; n >= 8 to say yes */
bool bram_xls_is(const unsigned char *bytes, size_t n);

/**
 * Opens a workbook.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: not an .xls workbook, encrypted,
 *         damaged, a build without FreeXL; BRAM_ENOMEM
 */
int bram_xls_open(bram_ctx *cx, bram_xls **out, const char *path) BRAM_MUST_CHECK;
void bram_xls_close(bram_xls *x);

size_t bram_xls_sheets(const bram_xls *x);

/** @return the name of a sheet, "" where the workbook has none (before BIFF 5) */
const char *bram_xls_sheet_name(const bram_xls *x, size_t i);

/**
 * Reads one sheet.
 *
 * @param grid  the caller frees it with bram_grid_free(); it does not need x any more
 */
int bram_xls_read(bram_ctx *cx, bram_xls *x, size_t sheet, bram_grid **grid) BRAM_MUST_CHECK;

#endif
