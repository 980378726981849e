/*
 * report.c - a results folder as one page: gathers boards, names and colours, then has each section
 * write itself. See report.h.
 */
#include "report_parts.h"

#include "cairo_sheet.h"
#include "colour.h"
#include "data.h"
#include "figure_data.h"
#include "file.h"
#include "folder.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BENCHMARKS = 1024, LONG_NAME = 26 };

/* ---- words ---------------------------------------------------------------------------------- */

void bram_report_say(bram_report *r, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bram_page_paragraph(&r->page, text);
}

long bram_score_horizon(const char *id)
{
    const char *at = strrchr(id, '@');
    if (!at || at[1] != 'h') return 0;
    char *end;
    long steps = strtol(at + 2, &end, 10);
    return *end || steps < 0 ? 0 : steps;
}

const bram_score_scale *bram_score_scale_of(const char *id, double *level)
{
    static const bram_score_scale scales[] = {
        {"h", "How far ahead",
         "From the same starts, each model runs freely on its own outputs and is scored after so "
         "many steps.",
         "the horizon", "steps ahead, free-running", "step",
         "the number of steps that it forecasts from its own outputs"},
        {"noise", "Under noise",
         "Gaussian noise is added to every matrix, so many per cent of the deviation of its own "
         "entries.",
         "noise", "noise, % of a matrix's deviation", "%", "the noise that was added"},
        {"variation", "Between individuals",
         "What sets each subject apart from the mean of a region is made larger or smaller: 100 % "
         "is as recorded.",
         "variation between subjects", "variation, % of the recorded", "%",
         "the variation between subjects"},
        {"t", "Over time",
         "Scores of each time bin, over the conditions that were left out and relative to the mean "
         "of the bin over the others.",
         "time", "time, s", "s", "the time of the bin"}};
    const char *at = strrchr(id, '@');
    for (size_t k = 0; at && k < sizeof scales / sizeof *scales; k++) {
        size_t length = strlen(scales[k].word);
        char *end;
        if (strncmp(at + 1, scales[k].word, length) != 0 || !isdigit((unsigned char)at[1 + length]))
            continue;
        *level = strtod(at + 1 + length, &end);
        if (!*end) return &scales[k];
    }
    return NULL;
}

void bram_label_words(char words[96], const char *id)
{
    char metric[64], label[64];
    bram_score_words(id, metric, label);
    char *subset = strchr(label, '/');
    if (subset) *subset++ = 0;
    long steps = bram_score_horizon(id);
    if (strcmp(label, "step") == 0) strcpy(words, "one step ahead");
    else if (steps == 1) strcpy(words, "1 step ahead, free-running");
    else if (steps > 1) snprintf(words, 96, "%ld steps ahead, free-running", steps);
    else snprintf(words, 96, "%s", label);
    size_t used = strlen(words);
    if (subset && used < 95) snprintf(words + used, 96 - used, ", %s units only", subset);
}

void bram_score_title(char title[192], const char *id)
{
    char metric[64], label[64], words[96];
    bram_score_words(id, metric, label);
    bram_label_words(words, id);
    snprintf(title, 192, "%s%s%s", metric, *words ? ", " : "", words);
}

const char *bram_plan_text(const bram_report *r, const char *benchmark, const char *name)
{
    const bram_dataset *plan = bram_results_plan(r->results, benchmark);
    const bram_attrs *a = plan ? bram_dataset_find_attrs(plan, "") : NULL;
    const char *text = a ? bram_attrs_text(a, name) : NULL;
    return text ? text : "";
}

int bram_report_data(bram_ctx *cx, bram_report *r, const bram_board *b, const bram_dataset **out)
{
    const char *name = bram_plan_text(r, b->benchmark, "dataset");
    *out = NULL;
    if (!r->opened || strcmp(r->opened_name, name) != 0) {
        bram_dataset_free(r->opened);
        r->opened = NULL;
        r->opened_name = name;
        BRAM_TRY(bram_data_open(cx, &r->opened, name, r->settings->data));
    }
    *out = r->opened;
    return BRAM_OK;
}

bool bram_option_of(const char *options, const char *name, char *value, size_t bytes)
{
    size_t length = strlen(name);
    for (const char *at = options; at && *at; at = strchr(at, ','), at += at ? 1 : 0) {
        if (strncmp(at, name, length) != 0 || at[length] != '=') continue;
        size_t end = strcspn(at + length + 1, ",");
        snprintf(value, bytes, "%.*s", (int)end, at + length + 1);
        return true;
    }
    return false;
}

size_t bram_board_scored(const bram_board *b)
{
    size_t n = 0;
    while (n < b->rows && b->row[n].value == b->row[n].value) n++;
    return n;
}

/* ---- figures and tables --------------------------------------------------------------------- */

/* FOLDER/figure-N.ENDING. */
static int write_figure_file(bram_ctx *cx, const bram_report *r, const char *ending,
                             const bram_buffer *bytes)
{
    bram_outfile *file = NULL;
    char *path = bram_strf(cx, "%s/figure-%u.%s", r->settings->figures, r->page.figures, ending);
    int status = path ? bram_outfile_open(cx, &file, path, true) : BRAM_ENOMEM;
    bram_free(path);
    BRAM_TRY(status);
    bram_outfile_relax(file); /* figures are made again with the report */
    status = bram_outfile_write(cx, file, bytes->text, bytes->length);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int write_figure(bram_ctx *cx, const bram_report *r, const bram_figure *f,
                        const char *caption)
{
    static const char *const ending[] = {"svg", "pdf", "png", "csv"};
    bram_sheet sheet = {.title = bram_figure_title(f),
                        .description = bram_figure_description(f),
                        .caption = caption,
                        .panel = &f,
                        .panels = 1,
                        .columns = 1};
    for (size_t k = 0; k < 4; k++) {
        bram_buffer bytes = {0};
        bool drawn = k < 3;
        if ((k == 1 || k == 2) && !bram_cairo_available()) continue;
        int status = drawn ? bram_sheet_write(cx, &bytes, &sheet, (bram_sheet_format)k)
                           : bram_figure_data(cx, &bytes, f);
        if (status == BRAM_OK) status = write_figure_file(cx, r, ending[k], &bytes);
        bram_buffer_release(&bytes);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_report_figure(bram_ctx *cx, bram_report *r, bram_figure *f, int status,
                       const char *caption)
{
    if (status == BRAM_OK) status = bram_page_figure(cx, &r->page, f, caption);
    if (status == BRAM_OK && r->settings->figures) status = write_figure(cx, r, f, caption);
    bram_figure_free(f);
    return status;
}

int bram_report_table(bram_ctx *cx, bram_report *r, bram_table *t, const char *caption, size_t open)
{
    int status = bram_page_table(cx, &r->page, t, caption, open);
    bram_table_free(t);
    return status;
}

/* ---- boards by further scores --------------------------------------------------------------- */

const bram_board_row *bram_board_row_of(const bram_board *b, const char *model)
{
    for (size_t i = 0; i < b->rows; i++)
        if (strcmp(b->row[i].model, model) == 0) return &b->row[i];
    return NULL;
}

void bram_report_boards_free(bram_board **board, size_t n)
{
    for (size_t i = 0; i < n; i++) bram_board_free(board[i]);
}

enum { MOST_COLUMNS = 33 };

int bram_report_score_table(bram_ctx *cx, bram_report *r, const bram_board *b,
                            bram_board *const *board, char (*title)[64], size_t n,
                            const char *caption)
{
    bram_table_column columns[MOST_COLUMNS] = {{"model", "model", BRAM_CELL_TEXT, .wrap = true}};
    if (n > MOST_COLUMNS - 1) n = MOST_COLUMNS - 1;
    for (size_t i = 0; i < n; i++)
        columns[i + 1] = (bram_table_column){title[i], title[i], BRAM_CELL_TEXT,
                                             .align = BRAM_ALIGN_RIGHT};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, n + 1));
    for (size_t m = 0; m < bram_board_scored(b); m++) {
        bram_table_row(t);
        bram_table_text(t, 0, bram_report_model_of(r, &b->row[m])->name);
        for (size_t i = 0; i < n; i++) {
            char text[BRAM_INTERVAL_BYTES];
            const bram_board_row *row = bram_board_row_of(board[i], b->row[m].model);
            if (!row || row->value != row->value) continue;
            bram_interval_text(text, row->value, row->low, row->high,
                               bram_board_decimals(cx, board[i]));
            bram_table_text(t, i + 1, text);
        }
    }
    return bram_report_table(cx, r, t, caption, 0);
}

/* ---- models --------------------------------------------------------------------------------- */

const bram_report_model *bram_report_model_of(const bram_report *r, const bram_board_row *row)
{
    for (size_t i = 0; i < r->models; i++)
        if (strcmp(r->model[i].spec, row->model) == 0) return &r->model[i];
    return NULL; /* not reached: every row's model was gathered */
}

/* A name too long to stand beside a figure becomes "files #7": number 7 in the table of models. */
static char *short_name(bram_ctx *cx, const char *spec, const char *brief, size_t number)
{
    bool marked = bram_board_model_flags(spec) & BRAM_MODEL_SELF_REPORTED;
    const char *mark = marked ? BRAM_SELF_REPORTED_MARK : "";
    if (strlen(brief) <= LONG_NAME) return bram_strf(cx, "%s%s", brief, mark);
    size_t length = bram_spec_name_length(spec);
    return bram_strf(cx, "%.*s #%zu%s", (int)(length ? length : 12), spec, number, mark);
}

static int add_model(bram_ctx *cx, bram_report *r, const char *spec, size_t *coloured)
{
    for (size_t i = 0; i < r->models; i++)
        if (strcmp(r->model[i].spec, spec) == 0) return BRAM_OK;
    bram_report_model *m = &r->model[r->models];
    *m = (bram_report_model){.spec = spec,
                             .trivial = bram_board_model_flags(spec) & BRAM_MODEL_TRIVIAL};
    char *brief = NULL;
    BRAM_TRY(bram_model_brief(cx, &brief, spec));
    m->name = short_name(cx, spec, brief, r->models + 1);
    bram_free(brief);
    if (!m->name) return BRAM_ENOMEM;
    r->models++;
    bool copy = strcmp(m->name, "copy") == 0, mean = strcmp(m->name, "mean") == 0;
    m->dashed = m->trivial || *coloured / BRAM_PALETTE % 2 == 1;
    if (m->trivial && (copy || mean)) {
        m->colour = copy ? BRAM_INK : BRAM_MUTED;
        return BRAM_OK;
    }
    m->colour = (int)(*coloured % BRAM_PALETTE);
    ++*coloured;
    return BRAM_OK;
}

static int gather(bram_ctx *cx, bram_report *r, const char **benchmark)
{
    size_t cells = bram_results_count(r->results), coloured = 0;
    size_t count = bram_board_benchmarks(r->results, benchmark, MOST_BENCHMARKS);
    if (count > MOST_BENCHMARKS) count = MOST_BENCHMARKS;
    r->board = bram_alloc(cx, count, sizeof(bram_board *));
    r->model = bram_alloc(cx, cells, sizeof *r->model);
    if (!r->board || !r->model) return BRAM_ENOMEM;
    for (size_t i = 0; i < cells; i++)
        BRAM_TRY(add_model(cx, r, bram_results_at(r->results, i)->model, &coloured));
    for (; r->boards < count; r->boards++)
        BRAM_TRY(bram_board_new(cx, &r->board[r->boards], r->results, benchmark[r->boards], NULL));
    return BRAM_OK;
}

/* ---- the page ------------------------------------------------------------------------------- */

static int write_benchmark(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_section_leaderboard(cx, r, b));
    if (bram_board_scored(b)) {
        BRAM_TRY(bram_section_forecast(cx, r, b));
        BRAM_TRY(bram_section_geometry(cx, r, b));
        BRAM_TRY(bram_section_thresholds(cx, r, b));
        BRAM_TRY(bram_section_encoding(cx, r, b));
        BRAM_TRY(bram_section_layers(cx, r, b));
        BRAM_TRY(bram_section_units(cx, r, b));
        BRAM_TRY(bram_section_examples(cx, r, b));
        BRAM_TRY(bram_section_training(cx, r, b));
        BRAM_TRY(bram_section_states(cx, r, b));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int begin(bram_ctx *cx, bram_report *r)
{
    char title[512];
    if (r->settings->title) snprintf(title, sizeof title, "%s", r->settings->title);
    else if (r->boards == 1) snprintf(title, sizeof title, "%s", r->board[0]->title);
    else if (r->boards) snprintf(title, sizeof title, "Results of %zu benchmarks", r->boards);
    else strcpy(title, "Results");
    static const char lead[] = "How models compare with recordings: scores with their intervals, "
                               "trivial baselines on the same rows, and how each number was made.";
    bram_page_begin(&r->page, title, lead);
    if (r->settings->figures) BRAM_TRY(bram_folder_make(cx, r->settings->figures));
    if (!r->settings->pdf) return BRAM_OK;
    BRAM_TRY(bram_paper_new(cx, &r->page.paper, title));
    bram_paper_words(r->page.paper, lead);
    return BRAM_OK;
}

static int write_page(bram_ctx *cx, bram_report *r)
{
    const char **benchmark = bram_scratch(cx, MOST_BENCHMARKS, sizeof *benchmark);
    if (!benchmark) return BRAM_ENOMEM;
    BRAM_TRY(gather(cx, r, benchmark));
    BRAM_TRY(begin(cx, r));
    BRAM_TRY(bram_section_summary(cx, r));
    for (size_t i = 0; i < r->boards; i++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        bram_ctx_progress(cx, "report", (double)i, (double)r->boards);
        BRAM_TRY(write_benchmark(cx, r, r->board[i]));
    }
    bram_ctx_progress(cx, "report", (double)r->boards, (double)r->boards);
    BRAM_TRY(bram_section_variations(cx, r));
    if (r->boards) {
        BRAM_TRY(bram_section_data(cx, r));
        BRAM_TRY(bram_section_methods(cx, r));
    }
    BRAM_TRY(bram_section_provenance(cx, r));
    return bram_page_end(cx, &r->page, "");
}

int bram_report_write(bram_ctx *cx, bram_buffer *out, const bram_results *results,
                      const bram_report_settings *settings)
{
    bram_report r = {.results = results, .settings = settings};
    size_t mark = bram_scratch_mark(cx);
    int status = write_page(cx, &r);
    if (status == BRAM_OK && r.page.paper) status = bram_paper_end(cx, r.page.paper, out);
    else if (status == BRAM_OK) {
        *out = r.page.out;
        r.page.out = (bram_buffer){0};
    }
    bram_paper_free(r.page.paper);
    bram_page_release(&r.page);
    for (size_t i = 0; i < r.boards; i++) bram_board_free(r.board[i]);
    for (size_t i = 0; i < r.models; i++) bram_free(r.model[i].name);
    bram_free(r.board);
    bram_free(r.model);
    bram_dataset_free(r.opened);
    bram_scratch_release(cx, mark);
    return status;
}
