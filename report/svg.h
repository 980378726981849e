/*
 * svg.h - figures as SVG: real text, colours by class so that the page can style them.
 */
#ifndef BRAMBLE_REPORT_SVG_H
#define BRAMBLE_REPORT_SVG_H

#include "buffer.h"
#include "sheet.h"

/**
 * Appends a figure as an <svg> element to stand within a page that has bram_svg_style in it.
 *
 * @param id  unique on the page; begins the ids of all parts
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_svg_write(bram_ctx *cx, bram_buffer *out, const bram_figure *f,
                   const char *id) BRAM_MUST_CHECK;

/** The same as a file of its own, styles included. */
int bram_svg_write_file(bram_ctx *cx, bram_buffer *out, const bram_figure *f) BRAM_MUST_CHECK;

/** Appends a sheet as a file of its own (see bram_sheet_write). */
int bram_svg_write_sheet(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet) BRAM_MUST_CHECK;

/** Appends the style rules of figures: classes, and colours for light and for dark paper. */
void bram_svg_style(bram_buffer *out);

/** Appends text with & < > " ' escaped; bytes that XML does not allow become U+FFFD. */
void bram_xml_escape(bram_buffer *out, const char *text);

#endif
