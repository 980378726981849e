/*
 * canvas.h - what a back end must be able to draw. Coordinates are points from the top left.
 */
#ifndef BRAMBLE_REPORT_CANVAS_H
#define BRAMBLE_REPORT_CANVAS_H

#include "figure.h"

/** Further colours by meaning, beside BRAM_INK and BRAM_MUTED. */
enum { BRAM_GRID = -3, BRAM_PAPER = -4, BRAM_NO_COLOUR = -5 };

typedef struct bram_pen {
    int stroke, fill; /* colours by meaning */
    double width;     /* of the stroke */
    bool dashed;
    double opacity; /* of the fill */
} bram_pen;

typedef enum bram_anchor { BRAM_ANCHOR_START, BRAM_ANCHOR_MIDDLE, BRAM_ANCHOR_END } bram_anchor;

typedef struct bram_label {
    double x, y; /* of the anchor, at the base line */
    double size;
    bram_anchor anchor;
    double angle; /* degrees, clockwise, about the anchor */
    int colour;
    bool halo;        /* the paper's colour around the letters, so that it reads on lines */
    const char *full; /* the whole text where it was shortened, else NULL */
} bram_label;

/** Cells of a heat map: levels 0 .. levels - 1, or BRAM_LEVEL_MISSING. */
enum { BRAM_LEVELS = 64, BRAM_LEVEL_MISSING = 255 };

typedef struct bram_cells {
    double x, y, width, height;
    size_t rows, cols;
    const uint8_t *level; /* rows x cols */
    bool diverging;
} bram_cells;

typedef struct bram_canvas {
    void *user;
    /** Points x0 y0 x1 y1 ...; a NaN pair begins a new stroke. */
    void (*path)(void *user, const bram_pen *pen, const double *xy, size_t points, bool closed);
    void (*rectangle)(void *user, const bram_pen *pen, double x, double y, double w, double h);
    /** shape 0 .. 3: circle, square, triangle, diamond */
    void (*marker)(void *user, const bram_pen *pen, int shape, double x, double y, double radius);
    void (*text)(void *user, const bram_label *label, const char *text);
    void (*cells)(void *user, const bram_cells *cells);
    /** What is drawn between the two stays within the rectangle. */
    void (*clip)(void *user, double x, double y, double w, double h);
    void (*unclip)(void *user);
    /** What is drawn between the two moves by (x, y). */
    void (*shift)(void *user, double x, double y);
    void (*unshift)(void *user);
    void (*picture)(void *user, const bram_picture *picture, double x, double y, double w,
                    double h);
} bram_canvas;

/** The corners of a marker of shape 1 to 3 as x0 y0 x1 y1 ... @return how many there are */
size_t bram_marker_corners(double corner[8], int shape, double x, double y, double radius);

/** A colour by meaning as 0xRRGGBB: the palette from 0 on, ink, muted, grid or paper. */
uint32_t bram_colour_by_meaning(int colour, bool dark);

/**
 * Draws a figure.
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_figure_draw(bram_ctx *cx, const bram_figure *f, const bram_canvas *canvas) BRAM_MUST_CHECK;

/** Draws the colour scale of a figure's heat map lying down; 30 points high, its title at its
 * right. */
void bram_figure_colour_bar(const bram_figure *f, const bram_canvas *canvas, double x, double y,
                            double width);

/** @return about how wide a sans-serif text of that size is */
double bram_text_extent(const char *text, double size);

#endif
