/*
 * sheet.h - a file of one or several figures: title, panels, one colour bar, caption; as SVG, PDF
 * or PNG, drawn once for all of them (canvas.h).
 */
#ifndef BRAMBLE_REPORT_SHEET_H
#define BRAMBLE_REPORT_SHEET_H

#include "buffer.h"
#include "canvas.h"

/** Several figures on one sheet, e.g. small multiples. Nothing here is copied. */
typedef struct bram_sheet {
    const char *title, *description; /* as of a figure; the title stands on top */
    const char *caption;             /* below, wrapped; NULL for none */
    const bram_figure *const *panel; /* of equal size; with several, each has its title above it */
    size_t panels, columns;
    bool colour_bar; /* one for all, of the first panel's heat map */
} bram_sheet;

typedef enum bram_sheet_format { BRAM_SHEET_SVG, BRAM_SHEET_PDF, BRAM_SHEET_PNG } bram_sheet_format;

/** @return whether a path ends in .svg, .pdf or .png, and in *format which */
bool bram_sheet_format_of(const char *path, bram_sheet_format *format);

/**
 * Appends the bytes of a sheet as a file of its own.
 *
 * @return BRAM_OK; BRAM_EUSAGE: PDF or PNG, and cairo is not there; BRAM_ENOMEM
 */
int bram_sheet_write(bram_ctx *cx, bram_buffer *out, const bram_sheet *sheet,
                     bram_sheet_format format) BRAM_MUST_CHECK;

/** The size of a sheet in points, and what is on it: for the back ends. */
void bram_sheet_size(const bram_sheet *sheet, double *width, double *height);
int bram_sheet_draw(bram_ctx *cx, const bram_sheet *sheet,
                    const bram_canvas *canvas) BRAM_MUST_CHECK;

#endif
