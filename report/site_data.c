/*
 * site_data.c - the tables of the site for machines: every number with 17 digits, and the raw
 * values it was made of.
 */
#include "site_parts.h"

#include "csvfile.h"
#include "json.h"

#include <math.h>
#include <string.h>

static int to_buffer(bram_ctx *cx, void *user, const void *bytes, size_t size)
{
    bram_buffer_write(user, bytes, size);
    return bram_buffer_status(cx, user);
}

/* A row of texts, NULL at the end. */
static int put_texts(bram_ctx *cx, bram_csv_writer *w, const char *const *text)
{
    for (; *text; text++) BRAM_TRY(bram_csv_put_text(cx, w, *text));
    return BRAM_OK;
}

static int put_number(bram_ctx *cx, bram_csv_writer *w, double value)
{
    return isnan(value) ? bram_csv_put_text(cx, w, "") : bram_csv_put_number(cx, w, value);
}

static int write_below(bram_ctx *cx, const bram_site *s, const char *name, const char *ending,
                       bram_buffer *text)
{
    char *path = bram_strf(cx, "data/%s%s", name, ending);
    int status = BRAM_ENOMEM;
    if (path) status = bram_site_file(cx, s, path, text);
    else bram_buffer_release(text);
    bram_free(path);
    return status;
}

/* ---- one benchmark -------------------------------------------------------------------------- */

static int put_differences(bram_ctx *cx, bram_csv_writer *w, const bram_board *b,
                           const bram_board_pair *pair)
{
    static const char *const header[] = {"benchmark",       "score",      "best",
                                         "model",           "difference", "difference_low",
                                         "difference_high", "p_holm",     NULL};
    BRAM_TRY(put_texts(cx, w, header));
    BRAM_TRY(bram_csv_end_row(cx, w));
    for (size_t i = 1; i < b->rows; i++) {
        const bram_board_pair *p = &pair[i];
        if (isnan(p->difference)) continue;
        const char *const words[] = {b->benchmark, b->score, b->row[0].model, b->row[i].model,
                                     NULL};
        const double numbers[] = {p->difference, p->low, p->high, p->p};
        BRAM_TRY(put_texts(cx, w, words));
        for (size_t k = 0; k < 4; k++) BRAM_TRY(put_number(cx, w, numbers[k]));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

static double column_at(const bram_axis *score, const char *name, size_t i)
{
    const bram_column *c = bram_axis_column(score, name);
    return c && c->number ? c->number[i] : c && c->integer ? (double)c->integer[i] : (double)NAN;
}

static int put_words(bram_ctx *cx, bram_csv_writer *w, const bram_result *r)
{
    BRAM_TRY(bram_csv_put_text(cx, w, r->model));
    BRAM_TRY(bram_csv_put_text(cx, w, r->part));
    return bram_csv_put_integer(cx, w, (int64_t)r->seed);
}

static const char *const cell_numbers[] = {"value",   "low",         "high",         "chance",
                                           "ceiling", "ceiling_low", "ceiling_high", "normalized",
                                           "units",   "undefined"};

enum { CELL_NUMBERS = sizeof cell_numbers / sizeof *cell_numbers };

static int put_cell(bram_ctx *cx, bram_csv_writer *w, const bram_result *r)
{
    const bram_response *raw = r->data ? bram_dataset_response(r->data, "raw") : NULL;
    const bram_axis *score = raw && r->state == BRAM_STATE_SCORED ? bram_response_axis(raw, 0)
                                                                  : NULL;
    size_t rows = score ? bram_axis_length(score) : 1;
    for (size_t i = 0; i < rows; i++) {
        BRAM_TRY(put_words(cx, w, r));
        BRAM_TRY(bram_csv_put_text(cx, w, bram_state_name(r->state)));
        BRAM_TRY(bram_csv_put_text(cx, w, r->reason ? r->reason : ""));
        BRAM_TRY(bram_csv_put_text(cx, w, r->key));
        BRAM_TRY(bram_csv_put_text(cx, w, score ? bram_axis_id(score, i) : ""));
        for (size_t k = 0; k < CELL_NUMBERS; k++)
            BRAM_TRY(put_number(cx, w, score ? column_at(score, cell_numbers[k], i) : (double)NAN));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

/* The values of single units of the first score. */
static int put_raw(bram_ctx *cx, bram_csv_writer *w, const bram_result *r, const char *score)
{
    const bram_response *raw = r->data ? bram_dataset_response(r->data, "raw") : NULL;
    if (!raw || r->state != BRAM_STATE_SCORED || bram_response_dims(raw) != 2) return BRAM_OK;
    ptrdiff_t at = bram_axis_find(bram_response_axis(raw, 0), score);
    const bram_axis *unit = bram_response_axis(raw, 1);
    size_t n = bram_axis_length(unit), mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, n, sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 1);
    if (!value || !present) return BRAM_ENOMEM;
    if (at >= 0)
        BRAM_TRY(bram_response_read(cx, raw, (size_t[]){(size_t)at, 0}, (size_t[]){1, n}, value,
                                    present));
    for (size_t u = 0; u < n && at >= 0; u++) {
        BRAM_TRY(put_words(cx, w, r));
        BRAM_TRY(bram_csv_put_text(cx, w, score));
        BRAM_TRY(bram_csv_put_text(cx, w, bram_axis_id(unit, u)));
        BRAM_TRY(put_number(cx, w, present[u] ? value[u] : (double)NAN));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* -cells.csv and -raw.csv of one benchmark. */
static int put_cells(bram_ctx *cx, const bram_site *s, const bram_board *b, bram_csv_writer *cells,
                     bram_csv_writer *raw)
{
    static const char *const first[] = {"model",  "part", "seed",  "state",
                                        "reason", "key",  "score", NULL},
                             *const other[] = {"model", "part",  "seed", "score",
                                               "unit",  "value", NULL};
    BRAM_TRY(put_texts(cx, cells, first));
    for (size_t k = 0; k < CELL_NUMBERS; k++)
        BRAM_TRY(bram_csv_put_text(cx, cells, cell_numbers[k]));
    BRAM_TRY(bram_csv_end_row(cx, cells));
    BRAM_TRY(put_texts(cx, raw, other));
    BRAM_TRY(bram_csv_end_row(cx, raw));
    for (size_t i = 0; i < bram_results_count(s->results); i++) {
        const bram_result *r = bram_results_at(s->results, i);
        if (strcmp(r->benchmark, b->benchmark) != 0) continue;
        BRAM_TRY(put_cell(cx, cells, r));
        BRAM_TRY(put_raw(cx, raw, r, b->score));
    }
    return BRAM_OK;
}

int bram_site_board_data(bram_ctx *cx, const bram_site *s, const bram_board *b,
                         const bram_board_pair *pair)
{
    bram_buffer text[3] = {{0}};
    bram_csv_writer w[3];
    static const char *const ending[] = {"-differences.csv", "-cells.csv", "-raw.csv"};
    for (size_t k = 0; k < 3; k++) bram_csv_to_sink(&w[k], to_buffer, &text[k], ',');
    int status = put_differences(cx, &w[0], b, pair);
    if (status == BRAM_OK) status = put_cells(cx, s, b, &w[1], &w[2]);
    for (size_t k = 0; k < 3 && status == BRAM_OK; k++)
        status = write_below(cx, s, b->benchmark, ending[k], &text[k]);
    for (size_t k = 0; k < 3; k++) bram_buffer_release(&text[k]);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static const char *const all_header[] = {
    "benchmark", "dataset", "score",      "rank",   "model",  "value",          "low",     "high",
    "chance",    "ceiling", "normalized", "scored", "failed", "not_applicable", "not_run", NULL};

/* The rows of a board in the table of all, which has the same columns for every benchmark. */
static int put_rows(bram_ctx *cx, bram_csv_writer *w, const bram_site *s, const bram_board *b)
{
    for (size_t i = 0; i < b->rows; i++) {
        const bram_board_row *r = &b->row[i];
        const double numbers[] = {r->value, r->low, r->high, r->chance, r->ceiling, r->normalized};
        const size_t counts[] = {r->scored, r->failed, r->not_applicable, r->not_run};
        const char *const words[] = {b->benchmark, bram_site_word(s, b->benchmark, "dataset"),
                                     b->score, NULL};
        BRAM_TRY(put_texts(cx, w, words));
        BRAM_TRY(r->rank ? bram_csv_put_integer(cx, w, (int64_t)r->rank)
                         : bram_csv_put_text(cx, w, ""));
        BRAM_TRY(bram_csv_put_text(cx, w, r->model));
        for (size_t k = 0; k < 6; k++) BRAM_TRY(put_number(cx, w, numbers[k]));
        for (size_t k = 0; k < 4; k++) BRAM_TRY(bram_csv_put_integer(cx, w, (int64_t)counts[k]));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

/* The board of a benchmark: its own .csv, its part of leaderboard.json. */
static int add_board(bram_ctx *cx, const bram_site *s, const bram_board *b, bram_json_out *o)
{
    bram_table *t = NULL;
    bram_buffer own = {0};
    BRAM_TRY(bram_leaderboard_table(cx, &t, b));
    int status = bram_table_write_csv(cx, &own, t, ',');
    if (status == BRAM_OK) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "benchmark", b->benchmark);
        bram_json_out_text(o, "title", b->title);
        bram_json_out_text(o, "score", b->score);
        bram_json_out_text(o, "dataset", bram_site_word(s, b->benchmark, "dataset"));
        bram_json_out_text(o, "dataset_hash", bram_site_word(s, b->benchmark, "dataset_hash"));
        bram_json_out_text(o, "options", bram_site_word(s, b->benchmark, "options"));
        bram_table_put_json(o, "models", t);
        bram_json_out_end(o);
        status = write_below(cx, s, b->benchmark, ".csv", &own);
    }
    bram_buffer_release(&own);
    bram_table_free(t);
    return status;
}

static int add_boards(bram_ctx *cx, const bram_site *s, bram_buffer *all, bram_json_out *o)
{
    bram_csv_writer w;
    bram_csv_to_sink(&w, to_buffer, all, ',');
    BRAM_TRY(put_texts(cx, &w, all_header));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    bram_json_out_object(o, NULL);
    bram_json_out_array(o, "benchmarks");
    for (size_t b = 0; b < s->boards; b++) {
        BRAM_TRY(put_rows(cx, &w, s, s->board[b]));
        BRAM_TRY(add_board(cx, s, s->board[b], o));
    }
    bram_json_out_end(o);
    bram_json_out_end(o);
    return BRAM_OK;
}

static int put_ranks(bram_ctx *cx, bram_buffer *out, const bram_site *s, const bram_mean_ranks *r)
{
    static const char *const header[] = {"model",      "mean_rank",           "models",
                                         "benchmarks", "kendall_w",           "friedman_chi2",
                                         "friedman_p", "critical_difference", NULL};
    const double all[] = {(double)r->models, (double)r->benchmarks, r->kendall_w, r->friedman, r->p,
                          r->critical};
    bram_csv_writer w;
    bram_csv_to_sink(&w, to_buffer, out, ',');
    BRAM_TRY(put_texts(cx, &w, header));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t i = 0; i < r->models; i++) {
        BRAM_TRY(bram_csv_put_text(cx, &w, s->model[r->model[i]].spec));
        BRAM_TRY(put_number(cx, &w, r->rank[i]));
        for (size_t k = 0; k < sizeof all / sizeof *all; k++) BRAM_TRY(put_number(cx, &w, all[k]));
        BRAM_TRY(bram_csv_end_row(cx, &w));
    }
    return BRAM_OK;
}

int bram_site_ranks_data(bram_ctx *cx, const bram_site *s, const bram_mean_ranks *ranks)
{
    bram_buffer out = {0};
    int status = put_ranks(cx, &out, s, ranks);
    if (status == BRAM_OK) return bram_site_file(cx, s, "data/mean-ranks.csv", &out);
    bram_buffer_release(&out);
    return status;
}

int bram_site_data(bram_ctx *cx, const bram_site *s)
{
    bram_buffer all = {0}, json = {0};
    bram_json_out *o = NULL;
    char *text = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    int status = add_boards(cx, s, &all, o);
    if (status == BRAM_OK) status = bram_json_out_finish(cx, o, &text, false);
    if (status == BRAM_OK) bram_buffer_put(&json, text);
    if (status == BRAM_OK) status = bram_site_file(cx, s, "data/leaderboard.json", &json);
    if (status == BRAM_OK) status = bram_site_file(cx, s, "data/leaderboard.csv", &all);
    bram_buffer_release(&json);
    bram_buffer_release(&all);
    bram_free(text);
    bram_json_out_free(o);
    return status;
}
