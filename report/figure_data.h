/*
 * figure_data.h - what a figure shows as a table.
 */
#ifndef BRAMBLE_REPORT_FIGURE_DATA_H
#define BRAMBLE_REPORT_FIGURE_DATA_H

#include "buffer.h"
#include "figure.h"

/**
 * Appends a CSV: series, mark, point, x, y, low, high, text, and the category names x_label and
 * y_label where an axis has them. A heat map's cells are a series of their own: x column, y row.
 * Empty where there is nothing.
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_figure_data(bram_ctx *cx, bram_buffer *out, const bram_figure *f) BRAM_MUST_CHECK;

#endif
