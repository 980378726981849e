/*
 * report_parts.h - what the sections of a report share.
 */
#ifndef BRAMBLE_REPORT_REPORT_PARTS_H
#define BRAMBLE_REPORT_REPORT_PARTS_H

#include "html.h"
#include "leaderboard.h"
#include "report.h"

/** A model of the report: the same name and colour everywhere in it. */
typedef struct bram_report_model {
    const char *spec; /* canonical */
    char *name;       /* short: fits beside a figure */
    int colour;
    bool dashed, trivial;
} bram_report_model;

typedef struct bram_report {
    const bram_results *results;
    const bram_report_settings *settings;
    bram_page page;
    bram_board **board; /* one a benchmark, by its first score */
    size_t boards;
    bram_report_model *model; /* in the order of the plans */
    size_t models;
    bram_dataset *opened; /* by bram_report_data; NULL */
    const char *opened_name;
} bram_report;

/** The sections, in the order of the page. Those of one benchmark take its board. */
int bram_section_summary(bram_ctx *cx, bram_report *r) BRAM_MUST_CHECK;
int bram_section_leaderboard(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_forecast(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_geometry(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_thresholds(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_encoding(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_layers(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_units(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_examples(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_training(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_states(bram_ctx *cx, bram_report *r, const bram_board *b) BRAM_MUST_CHECK;
int bram_section_variations(bram_ctx *cx, bram_report *r) BRAM_MUST_CHECK;
int bram_section_data(bram_ctx *cx, bram_report *r) BRAM_MUST_CHECK;
int bram_section_methods(bram_ctx *cx, bram_report *r) BRAM_MUST_CHECK;
int bram_section_provenance(bram_ctx *cx, bram_report *r) BRAM_MUST_CHECK;

/** Appends one sentence on who is ahead on a board, and on what that rests. */
int bram_report_verdict(bram_ctx *cx, const bram_report *r, const bram_board *b,
                        bram_buffer *out) BRAM_MUST_CHECK;

/** A paragraph by printf's rules. */
void bram_report_say(bram_report *r, const char *format, ...) BRAM_PRINTF(2, 3);

/** The model of a row. */
const bram_report_model *bram_report_model_of(const bram_report *r, const bram_board_row *row);

/** "one step ahead" of the score id "skill@step", "4 steps ahead" of "mse@h4"; "" without a label.
 */
void bram_label_words(char words[96], const char *id);

/** "skill, one step ahead": what an axis or a column is called. */
void bram_score_title(char title[192], const char *id);

/** The number in a label "h4" of a score id; 0 for other labels. */
long bram_score_horizon(const char *id);

/** What scores of one metric may lie along: a word before a number in their labels. */
typedef struct bram_score_scale {
    const char *word; /* "h" of "mse@h4", "noise" of "sensitivity@noise30" */
    const char *heading, *explanation, *what; /* "the horizon": against what */
    const char *axis, *unit, *line; /* of the figure; of one value: " step"; what a line is over */
} bram_score_scale;

/** The scale of a score id and where it lies on it; NULL: none. */
const bram_score_scale *bram_score_scale_of(const char *id, double *level);

/** Rows of a board that have a value. They stand first. */
size_t bram_board_scored(const bram_board *b);

/** The row of a model by its spec, or NULL. */
const bram_board_row *bram_board_row_of(const bram_board *b, const char *model);

/** Frees n boards. */
void bram_report_boards_free(bram_board **board, size_t n);

/** A table of values with intervals: a row for each scored model of b, a column for each board. */
int bram_report_score_table(bram_ctx *cx, bram_report *r, const bram_board *b,
                            bram_board *const *board, char (*title)[64], size_t n,
                            const char *caption) BRAM_MUST_CHECK;

/** An attribute of a benchmark's plan, "" where it has none. */
const char *bram_plan_text(const bram_report *r, const char *benchmark, const char *name);

/** The value of an option in "key=value,key=value". @return false where it is not in it */
bool bram_option_of(const char *options, const char *name, char *value, size_t bytes);

/**
 * The dataset of a benchmark. The last one is kept: benchmarks on one dataset follow each other,
 * and made ones take longer than their section.
 *
 * @return as bram_data_open
 */
int bram_report_data(bram_ctx *cx, bram_report *r, const bram_board *b,
                     const bram_dataset **out) BRAM_MUST_CHECK;

/** Adds a figure to the page and frees it, also on failure. Passes on an earlier status. */
int bram_report_figure(bram_ctx *cx, bram_report *r, bram_figure *f, int status,
                       const char *caption) BRAM_MUST_CHECK;

/** Adds a table to the page and frees it, also on failure; open as for bram_page_table. */
int bram_report_table(bram_ctx *cx, bram_report *r, bram_table *t, const char *caption,
                      size_t open) BRAM_MUST_CHECK;

#endif
