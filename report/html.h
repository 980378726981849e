/*
 * html.h - a page of its own: one HTML file with its style and its figures, nothing fetched,
 * readable on light, dark and printed paper.
 *
 * All text handed over is plain and is escaped here. Headings, tables and figures get ids and
 * numbers in order. A failed allocation shows in bram_page_end.
 */
#ifndef BRAMBLE_REPORT_HTML_H
#define BRAMBLE_REPORT_HTML_H

#include "buffer.h"
#include "figure.h"
#include "paper.h"
#include "table.h"

/** Start from {0}; out is the page so far. */
typedef struct bram_page {
    bram_buffer out;
    bram_buffer contents; /* items of the table of contents: headings of level 2 */
    size_t contents_at;   /* where it goes */
    unsigned headings, figures, tables;
    bram_paper *paper; /* where the same goes as a PDF; NULL: nowhere */
} bram_page;

/** Begins the page: its head, style, and heading; lead is a line below it ("" for none). A list of
 * the headings of level 2 will stand below that. */
void bram_page_begin(bram_page *p, const char *title, const char *lead);

/**
 * Ends the page.
 *
 * @param footer  a line at the end, "" for none
 * @return BRAM_OK; BRAM_ENOMEM when anything since the beginning had no memory
 */
int bram_page_end(bram_ctx *cx, bram_page *p, const char *footer) BRAM_MUST_CHECK;

/** Frees the page. */
void bram_page_release(bram_page *p);

/** A heading of level 2 to 4. @return its number: its id is "section-N" */
unsigned bram_page_heading(bram_page *p, int level, const char *text);

void bram_page_paragraph(bram_page *p, const char *text);

/** A paragraph within which `link` leads to `address` (http, https, or #section-1). */
void bram_page_link(bram_page *p, const char *before, const char *link, const char *address,
                    const char *after);

/** What follows stands side by side where the page is wide enough, until the end of the grid. */
void bram_page_grid(bram_page *p);
void bram_page_grid_end(bram_page *p);

/** What follows is folded away behind a line, until the end of it. */
void bram_page_fold(bram_page *p, const char *summary);
void bram_page_fold_end(bram_page *p);

/** Items of a list. */
void bram_page_list(bram_page *p, const char *const *items, size_t count);

/** Text in fixed width: commands, definitions. */
void bram_page_code(bram_page *p, const char *text);

/**
 * A table with its number and caption; its own title stands there without one. Rows beyond `open`
 * (0: all are shown) are folded away behind a line that says how many there are.
 */
int bram_page_table(bram_ctx *cx, bram_page *p, const bram_table *t, const char *caption,
                    size_t open) BRAM_MUST_CHECK;

/** A figure with its number and caption; its own title stands there without one. */
int bram_page_figure(bram_ctx *cx, bram_page *p, const bram_figure *f,
                     const char *caption) BRAM_MUST_CHECK;

#endif
