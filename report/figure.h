/*
 * figure.h - what a figure shows, apart from how it is drawn: axes, series of marks, a heat map.
 *
 * A figure is one panel. Its margins, ticks and legend follow from what is in it. A back end
 * (svg.h) draws it. Points that are NaN or infinite (or not positive, on a logarithmic axis) are
 * gaps.
 */
#ifndef BRAMBLE_REPORT_FIGURE_H
#define BRAMBLE_REPORT_FIGURE_H

#include <bramble/context.h>

typedef struct bram_figure bram_figure;

/** Colours by meaning: 0 .. 7 of the palette (colour.h), or one of these. */
enum { BRAM_INK = -1, BRAM_MUTED = -2 };

typedef enum bram_mark {
    BRAM_MARK_LINE,     /* x, y; a gap where either is missing */
    BRAM_MARK_STEP,     /* x, y: y holds from its x to the next */
    BRAM_MARK_POINTS,   /* x, y, and error bars low to high where they are given */
    BRAM_MARK_BARS,     /* bars from zero; several series of bars stand side by side */
    BRAM_MARK_BAND,     /* x, low, high: an area */
    BRAM_MARK_AREA,     /* x, y: closed outlines, a gap between one and the next */
    BRAM_MARK_TICKS,    /* x, y: short upright lines in row y (spikes) */
    BRAM_MARK_SPANS,    /* low to high along x; in row y, or over the whole height without y */
    BRAM_MARK_RULE,     /* one line across at y[0] (horizontal: at x[0]), named at its end: chance,
                           ceiling */
    BRAM_MARK_PICTURES, /* pictures about x, y, their text below them; sized to stand a unit apart
                         */
    BRAM_MARK_TEXT /* text at x, y, moved a little so that no two overlap; what finds no place is
                      left out */
} bram_mark;

/** A small picture: red, green, blue of each pixel. */
typedef struct bram_picture {
    size_t rows, cols;
    const uint8_t *rgb;
} bram_picture;

/** One series. All arrays hold count values; those a mark does not use are NULL. */
typedef struct bram_series {
    bram_mark mark;
    const char *name; /* in the legend (a rule: at its end); NULL or "" for none */
    int colour;
    size_t count;
    const double *x, *y;
    const double *low, *high;
    bool horizontal; /* the value (bar, error bar, rule) is along x */
    bool dashed;
    const char *const *text;
    const bram_picture *picture; /* rows 0: there is none, its text alone is shown */
    bool in_place;  /* points: not moved aside from those of other series; texts: right of their
                       places, whatever is there */
    double radius;  /* points: 0 for the usual one */
    double opacity; /* points, areas, spans: 0 for the usual one */
} bram_series;

typedef struct bram_figure_axis {
    const char *title; /* with the unit: "time (s)"; NULL for none */
    double low, high;  /* equal: from the data */
    bool log;
    bool zero;                 /* the range takes in zero */
    bool bare;                 /* no line and no ticks: places along it mean nothing */
    const char *const *labels; /* categories at 0, 1, 2 ...; on y the first is at the top */
    size_t label_count;
} bram_figure_axis;

/** A matrix as colours; row 0 at the top; NaN is shown as missing. */
typedef struct bram_heat {
    size_t rows, cols;
    const double *values; /* rows x cols */
    double low, high;     /* equal: from the data */
    bool diverging;       /* two-sided about zero (or the middle of low and high) */
    const char *title;    /* of the colour scale */
    bool bare;            /* the colour scale is shown elsewhere (bram_sheet in svg.h) */
} bram_heat;

/**
 * Makes an empty figure.
 *
 * @param title        what it is, in a few words
 * @param description  what one sees in it, for those who cannot see it
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_figure_new(bram_ctx *cx, bram_figure **out, const char *title,
                    const char *description) BRAM_MUST_CHECK;
void bram_figure_free(bram_figure *f);

/** Sets the size in points of the screen; the default is 560 x 340. The page may scale it. */
void bram_figure_size(bram_figure *f, double width, double height);
double bram_figure_width(const bram_figure *f);

/** A unit along x becomes as long as one along y: maps, square matrices. */
void bram_figure_equal(bram_figure *f);

/** @return a height at which n rows of categories can be read */
double bram_figure_height(size_t n);

/** Set the axes, add a series, set the heat map. Everything is copied. */
int bram_figure_x(bram_ctx *cx, bram_figure *f, const bram_figure_axis *axis) BRAM_MUST_CHECK;
int bram_figure_y(bram_ctx *cx, bram_figure *f, const bram_figure_axis *axis) BRAM_MUST_CHECK;
int bram_figure_add(bram_ctx *cx, bram_figure *f, const bram_series *series) BRAM_MUST_CHECK;
int bram_figure_heat(bram_ctx *cx, bram_figure *f, const bram_heat *heat) BRAM_MUST_CHECK;

const char *bram_figure_title(const bram_figure *f);
const char *bram_figure_description(const bram_figure *f);

#endif
