/*
 * cairo_sheet.h - sheets as PDF and PNG through cairo, which is loaded when the first one is drawn:
 * nothing else waits for it, and a machine without it lacks these two formats alone.
 */
#ifndef BRAMBLE_REPORT_CAIRO_SHEET_H
#define BRAMBLE_REPORT_CAIRO_SHEET_H

#include "sheet.h"

/** @return whether cairo is there */
bool bram_cairo_available(void);

/**
 * Appends a PDF of one page, a point for a unit of the canvas, or a PNG at twice that. Letters are
 * those of the machine's sans-serif font; a PDF holds them.
 *
 * @return BRAM_OK; BRAM_EUSAGE without cairo; BRAM_EINTERNAL with what cairo says; BRAM_ENOMEM
 */
int bram_cairo_write_sheet(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet,
                           bool png) BRAM_MUST_CHECK;

#endif
