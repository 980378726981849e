/*
 * report.h - a results folder as one page: what was run, who is ahead and by how much, how it was
 * done, and where it comes from.
 */
#ifndef BRAMBLE_REPORT_REPORT_H
#define BRAMBLE_REPORT_REPORT_H

#include "buffer.h"

#include <bramble/benchmark.h>

typedef struct bram_report_settings {
    const char *title;     /* NULL: one is made from the benchmarks */
    const char *data;      /* data root, for the connectome; NULL: $BRAMBLE_DATA, else none */
    bool pdf;              /* a PDF on A4 in place of HTML; needs cairo */
    bram_buffer *bibtex;   /* receives what is cited, as BibTeX; NULL: not wanted */
    const char *libraries; /* what the program was built with, for the provenance; NULL: not said */
    const char *figures;   /* a folder for figure-N.svg, .pdf, .png (where cairo is) and .csv, the
                              numbers of a figure; NULL: none. Files there are replaced */
} bram_report_settings;

/**
 * Writes the whole page. HTML and PDF have the same text, tables and figures. It depends on the
 * results and on the datasets they name alone: no dates, no hosts, no paths, so that equal results
 * give equal bytes. A dataset that cannot be opened only leaves out what needs it.
 *
 * @param out  receives the HTML or PDF; the caller releases it
 * @return BRAM_OK; BRAM_EUSAGE: a PDF without cairo; BRAM_EWRITE; BRAM_ENOMEM; errors of reading a
 * cell's arrays
 */
int bram_report_write(bram_ctx *cx, bram_buffer *out, const bram_results *r,
                      const bram_report_settings *settings) BRAM_MUST_CHECK;

#endif
