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

/* ---- several pages -------------------------------------------------------------------------- */

/** A PDF of pages of A4, drawn one after the other. */
typedef struct bram_cairo_pdf bram_cairo_pdf;

/**
 * @param bytes   receives the file; must outlive the PDF
 * @param width, height  of a page in the units of the canvas
 * @return as bram_cairo_write_sheet
 */
int bram_cairo_pdf_new(bram_ctx *cx, bram_cairo_pdf **out, bram_buffer *bytes, const char *title,
                       double width, double height) BRAM_MUST_CHECK;
void bram_cairo_pdf_free(bram_cairo_pdf *p);

const bram_canvas *bram_cairo_pdf_canvas(const bram_cairo_pdf *p);

/** Text in letters of one width; x and y are at its base line. */
void bram_cairo_pdf_mono(bram_cairo_pdf *p, double x, double y, double size, const char *text);

/** What is drawn between the two is moved by (x, y) and made smaller. */
void bram_cairo_pdf_scale(bram_cairo_pdf *p, double x, double y, double scale);
void bram_cairo_pdf_unscale(bram_cairo_pdf *p);

/** Ends the page; ends the last page and the file. */
void bram_cairo_pdf_next(bram_cairo_pdf *p);
int bram_cairo_pdf_end(bram_ctx *cx, bram_cairo_pdf *p) BRAM_MUST_CHECK;

#endif
