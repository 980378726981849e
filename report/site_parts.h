/*
 * site_parts.h - what the files of the site share.
 */
#ifndef BRAMBLE_REPORT_SITE_PARTS_H
#define BRAMBLE_REPORT_SITE_PARTS_H

#include "buffer.h"
#include "compare.h"
#include "leaderboard.h"
#include "site.h"
#include "submission.h"

/** A model anywhere on the site. */
typedef struct bram_site_model {
    const char *spec;
    char *name, *slug;
    bool self_reported;
    bram_yaml_card *card; /* of its submission; NULL */
    char *card_hash;      /* SHA-256 of the submission's file; NULL */
} bram_site_model;

typedef struct bram_site {
    const bram_results *results;
    const bram_site_settings *settings;
    const char *dir, *title;
    bram_board **board;
    size_t boards;
    bram_site_model *model;
    size_t models;
    size_t *row; /* boards x models: 1 + the row of the model on the board; 0: it is not there */
} bram_site;

/** The row of a model on a board, or NULL. */
const bram_board_row *bram_site_row(const bram_site *s, size_t board, size_t model);

/** "scored", "failed", "not applicable", "not run"; "" for a model that is not on the board. */
const char *bram_site_state(const bram_board_row *row);

/** An attribute of a benchmark's plan, "" where it has none. */
const char *bram_site_word(const bram_site *s, const char *benchmark, const char *name);

/** Writes a file below the folder. Releases the text, also on failure. */
int bram_site_file(bram_ctx *cx, const bram_site *s, const char *name,
                   bram_buffer *text) BRAM_MUST_CHECK;

/** Begins and ends a page; root is "" or "../". */
void bram_site_begin(bram_buffer *out, const bram_site *s, const char *title, const char *root);
void bram_site_end(bram_buffer *out, const bram_site *s, const char *root);

/** Text with & < > " ' escaped, by printf's rules before. */
void bram_site_text(bram_buffer *out, const char *text);

/** The same of a spec, a list of options or a name made of one: lines may break behind , and :.
 */
void bram_site_spec(bram_buffer *out, const char *text);

/** A heading of a sortable column; kind: "t" text, "n" number; "T": what narrow screens leave out.
 */
void bram_site_column(bram_buffer *out, const char *title, const char *kind);

/** Begins a table that can be filtered and sorted, with its caption; label: of the search field. */
void bram_site_table(bram_buffer *out, const char *id, const char *caption, const char *label,
                     bool states);
void bram_site_table_end(bram_buffer *out);

/** A cell with a number, its interval, and the number to sort by. */
void bram_site_number(bram_buffer *out, double value, double low, double high, int decimals);

/**
 * The cell with a model's score, which leads to how that was made, on the page of the benchmark.
 *
 * @param page  that page, "../benchmark/NAME.html"; "" on itself
 */
void bram_site_score(bram_buffer *out, const char *page, const bram_site_model *m,
                     const bram_board_row *row, int decimals);

/** The pages and the tables of data. */
int bram_site_index(bram_ctx *cx, const bram_site *s) BRAM_MUST_CHECK;
int bram_site_matrix(bram_ctx *cx, const bram_site *s) BRAM_MUST_CHECK;
int bram_site_benchmark(bram_ctx *cx, const bram_site *s, size_t board) BRAM_MUST_CHECK;
int bram_site_model_page(bram_ctx *cx, const bram_site *s, size_t model) BRAM_MUST_CHECK;
int bram_site_datasets(bram_ctx *cx, const bram_site *s) BRAM_MUST_CHECK;
int bram_site_data(bram_ctx *cx, const bram_site *s) BRAM_MUST_CHECK;

/** What a page of every benchmark links to: NAME-differences, -cells, -raw; pair as of
 *  bram_compare_with_best. */
int bram_site_board_data(bram_ctx *cx, const bram_site *s, const bram_board *b,
                         const bram_board_pair *pair) BRAM_MUST_CHECK;

/** The models over all benchmarks: data/mean-ranks.csv. */
int bram_site_ranks_data(bram_ctx *cx, const bram_site *s,
                         const bram_mean_ranks *ranks) BRAM_MUST_CHECK;

/**
 * A diagram of places along an axis with bars that join what cannot be told apart (Demsar 2006,
 * figure 1).
 *
 * @param letters  which share a bar; NULL: those within `reach` of each other
 */
void bram_site_diagram(bram_buffer *out, const char *title, const char *axis, size_t n,
                       const char *const *name, const double *place,
                       char (*letters)[BRAM_LETTERS_BYTES], double reach, bool higher_first,
                       int decimals);

/** The style sheet and the script. */
extern const char bram_site_style[], bram_site_script[];

#endif
