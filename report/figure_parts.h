/*
 * figure_parts.h - what a figure is made of, for the files that lay it out and draw it.
 */
#ifndef BRAMBLE_REPORT_FIGURE_PARTS_H
#define BRAMBLE_REPORT_FIGURE_PARTS_H

#include "canvas.h"
#include "figure.h"
#include "scale.h"

struct bram_figure {
    char *title, *description;
    double width, height;
    bool equal;
    bram_figure_axis x, y; /* strings and lists belong to the figure */
    bram_series *series;
    size_t series_count;
    bram_heat heat; /* rows 0: none */
};

/** Sizes of letters, and the room between things. */
#define BRAM_LETTER       13.0
#define BRAM_SMALL_LETTER 12.0

/** Where everything goes. */
typedef struct bram_layout {
    double left, top, right, bottom; /* of the plot */
    bram_scale x, y;
    bram_ticks x_ticks, y_ticks;
    double heat_low, heat_high;
    double shrunk;   /* how much lower a square matrix left the plot */
    bool empty;      /* there is nothing to show */
    bool x_slanted;  /* category names under the plot stand slanted */
    size_t bar_sets; /* series of bars side by side */
    size_t point_sets;
} bram_layout;

void bram_figure_lay_out(const bram_figure *f, bram_layout *l);

/** Draws the plot's content within its frame. */
int bram_figure_draw_marks(bram_ctx *cx, const bram_figure *f, const bram_layout *l,
                           const bram_canvas *c) BRAM_MUST_CHECK;

/** Appends text shortened to a width with an ellipsis. @return whether it had to be shortened */
bool bram_text_shorten(char *out, size_t bytes, const char *text, double size, double width);

enum { BRAM_RULE_ROWS = 4 };

/** Where the name of an upright rule stands: the middle of its text, and its row from the plot up.
 */
double bram_rule_place(const bram_figure *f, const bram_layout *l, size_t i, size_t *row);

/** @return whether series i has an entry in the legend */
bool bram_figure_has_entry(const bram_figure *f, size_t i);

/** @return where the legend's entry of series i begins; row counts from 0 */
double bram_legend_place(const bram_figure *f, const bram_layout *l, size_t i, double *row);

#endif
