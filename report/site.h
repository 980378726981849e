/*
 * site.h - a leaderboard as a folder of static pages: one for each benchmark, model and dataset,
 * and an index. They need no server and fetch nothing; without scripts they only lack sorting and
 * filtering.
 *
 *   index.html, matrix.html           models, benchmarks; every model on every benchmark
 *   benchmark/NAME.html               ranks, differences to the best, states, cells
 *   model/SLUG.html, dataset/NAME.html
 *   data/leaderboard.json, .csv       all benchmarks by their first score
 *   data/NAME.csv, NAME-differences.csv, NAME-cells.csv, NAME-raw.csv
 *   style.css, site.js
 *
 * Addresses depend on names alone: SLUG is the model's short name with 8 digits of the SHA-256 of
 * its full spec. Equal results give equal bytes.
 */
#ifndef BRAMBLE_REPORT_SITE_H
#define BRAMBLE_REPORT_SITE_H

#include <bramble/benchmark.h>

typedef struct bram_site_settings {
    const char *title;       /* NULL: "Leaderboard" */
    const char *submissions; /* folder of .tar files whose cards are shown; NULL: none */
    bool replace;            /* false refuses a folder that holds a site */
} bram_site_settings;

/**
 * Writes the site into a folder, which is made when it is absent. Pages of an earlier site that
 * would not be written now stay.
 *
 * @return BRAM_OK; BRAM_EWRITE; BRAM_EFORMAT: a submission that is not sound; errors of reading a
 *         cell's arrays; BRAM_ENOMEM
 */
int bram_site_write(bram_ctx *cx, const bram_results *r, const char *dir,
                    const bram_site_settings *settings) BRAM_MUST_CHECK;

#endif
