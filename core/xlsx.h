/*
 * xlsx.h - sheets of .xlsx workbooks (Office Open XML). The only user of expat.
 *
 * A formula gives the value stored with it; nothing is calculated.
 */
#ifndef BRAMBLE_CORE_XLSX_H
#define BRAMBLE_CORE_XLSX_H

#include "grid.h"

#include <bramble/context.h>

typedef struct bram_xlsx bram_xlsx;

/**
 * Opens a workbook: reads its list of sheets and its shared strings.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: not a zip file, an old .xls, parts
 *         missing, damaged XML, entity declarations, parts beyond the limits; BRAM_ENOMEM
 */
int bram_xlsx_open(bram_ctx *cx, bram_xlsx **out, const char *path) BRAM_MUST_CHECK;
void bram_xlsx_close(bram_xlsx *x);

size_t bram_xlsx_sheets(const bram_xlsx *x);

/** @return the name of a sheet, in the order of the workbook's tabs */
const char *bram_xlsx_sheet_name(const bram_xlsx *x, size_t i);

/** @return the sheet of this name (letter case counts), or -1 */
ptrdiff_t bram_xlsx_find(const bram_xlsx *x, const char *name);

/**
 * Reads one sheet.
 *
 * @param grid  the caller frees it with bram_grid_free(); it does not need x any more
 * @return BRAM_OK; BRAM_EFORMAT: the sheet is not a worksheet, its part is missing or damaged, a
 * cell outside the limits; BRAM_ENOMEM
 */
int bram_xlsx_read(bram_ctx *cx, const bram_xlsx *x, size_t sheet,
                   bram_grid **grid) BRAM_MUST_CHECK;

/** Reads the sheet of this name; BRAM_EABSENT names the sheets there are. */
int bram_xlsx_read_named(bram_ctx *cx, const bram_xlsx *x, const char *name,
                         bram_grid **grid) BRAM_MUST_CHECK;

#endif
