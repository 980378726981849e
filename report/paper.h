/*
 * paper.h - a report as a PDF: what is put on a page of HTML (html.h) goes here as well, laid out
 * on A4 from top to bottom.
 */
#ifndef BRAMBLE_REPORT_PAPER_H
#define BRAMBLE_REPORT_PAPER_H

#include "buffer.h"
#include "figure.h"
#include "table.h"

typedef struct bram_paper bram_paper;

/**
 * Begins the first page with the title.
 *
 * @return BRAM_OK; BRAM_EUSAGE without cairo; BRAM_ENOMEM
 */
int bram_paper_new(bram_ctx *cx, bram_paper **out, const char *title) BRAM_MUST_CHECK;
void bram_paper_free(bram_paper *p);

/** Ends the last page; bytes is the file, the caller releases it. */
int bram_paper_end(bram_ctx *cx, bram_paper *p, bram_buffer *bytes) BRAM_MUST_CHECK;

/** A heading of level 2 to 4 stays with what follows; words are wrapped; lines are as they are, in
 *  letters of one width. A failure shows in bram_paper_end. */
void bram_paper_heading(bram_paper *p, int level, const char *text);
void bram_paper_words(bram_paper *p, const char *text);
void bram_paper_lines(bram_paper *p, const char *text);

/** A table with its caption and notes; a figure, made narrower where it is wider than the page. */
int bram_paper_table(bram_ctx *cx, bram_paper *p, const bram_table *t,
                     const char *caption) BRAM_MUST_CHECK;
int bram_paper_figure(bram_ctx *cx, bram_paper *p, const bram_figure *f,
                      const char *caption) BRAM_MUST_CHECK;

#endif
