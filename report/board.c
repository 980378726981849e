/*
 * board.c - the board of one benchmark put together from cells, and what it says of them; see
 * board.h.
 */
#include "board_parts.h"

#include "resample.h"

#include "variation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t bram_board_benchmarks(const bram_results *r, const char **name, size_t most)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const char *benchmark = bram_results_at(r, i)->benchmark;
        bool seen = bram_variation_is(benchmark); /* these are looked at together, elsewhere */
        for (size_t k = 0; k < n && k < most && !seen; k++) seen = strcmp(name[k], benchmark) == 0;
        if (seen) continue;
        if (n < most) name[n] = benchmark;
        n++;
    }
    return n;
}

unsigned bram_board_model_flags(const char *spec)
{
    char name[64];
    size_t length = bram_spec_name_length(spec);
    if (!length || length >= sizeof name) return 0;
    memcpy(name, spec, length);
    name[length] = 0;
    const bram_model *model = bram_model_find(name);
    return model ? model->flags : 0;
}

void bram_board_free(bram_board *b)
{
    if (!b) return;
    struct bram_board_whole *own = (struct bram_board_whole *)b;
    for (size_t i = 0; i < own->cells; i++) bram_free(own->cell[i].draw);
    for (size_t i = 0; i < b->rows; i++) {
        bram_free(b->row[i].draw);
        bram_free(b->row[i].name);
    }
    bram_free(own->cell);
    bram_free(own->value);
    bram_free(own->draw);
    bram_free(own->part);
    bram_free(own->blocks);
    bram_free(own->row_of);
    bram_free(own->resampled);
    bram_free(b->row);
    bram_free(b);
}

/* ---- cells ---------------------------------------------------------------------------------- */

/* Puts one row of draws into a cell; one without any defined draw counts as none. */
static int keep_draws(bram_ctx *cx, struct bram_board_cell *c, const double *draw,
                      const uint8_t *present, size_t n)
{
    size_t defined = 0;
    for (size_t i = 0; i < n; i++) defined += present[i];
    if (!defined) return BRAM_OK;
    c->draw = bram_alloc(cx, n, sizeof *c->draw);
    if (!c->draw) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) c->draw[i] = present[i] ? draw[i] : (double)NAN;
    return BRAM_OK;
}

/* Reads the draws of cell number `cell` for all boards at once: a file is unpacked only once. */
static int read_draws(bram_ctx *cx, struct bram_board_whole *const *board, size_t boards,
                      size_t cell)
{
    const struct bram_result *result = board[0]->cell[cell].result;
    const bram_response *draw = result->data ? bram_dataset_response(result->data, "draw") : NULL;
    size_t first = SIZE_MAX, end = 0;
    for (size_t b = 0; b < boards; b++) {
        ptrdiff_t at = board[b]->cell[cell].at;
        if (at < 0) continue;
        if ((size_t)at < first) first = (size_t)at;
        if ((size_t)at + 1 > end) end = (size_t)at + 1;
    }
    if (!draw || bram_response_dims(draw) != 2 || first >= end) return BRAM_OK;
    size_t n = bram_response_length(draw, 1), mark = bram_scratch_mark(cx);
    if (!n || end > bram_response_length(draw, 0)) return BRAM_OK;
    double *value = bram_scratch(cx, end - first, n * sizeof *value);
    uint8_t *present = bram_scratch(cx, end - first, n);
    if (!value || !present) return BRAM_ENOMEM;
    int status = bram_response_read(cx, draw, (size_t[]){first, 0}, (size_t[]){end - first, n},
                                    value, present);
    for (size_t b = 0; b < boards && status == BRAM_OK; b++) {
        struct bram_board_cell *c = &board[b]->cell[cell];
        if (c->at < 0) continue;
        if (!board[b]->board.draws) board[b]->board.draws = n;
        size_t row = ((size_t)c->at - first) * n;
        if (n == board[b]->board.draws) status = keep_draws(cx, c, value + row, present + row, n);
    }
    bram_scratch_release(cx, mark);
    return status;
}

static size_t index_of(const char **list, size_t *count, const char *text)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(list[i], text) == 0) return i;
    list[*count] = text;
    return (*count)++;
}

/* Its short name, marked where what it forecasts cannot be checked. */
static int name_row(bram_ctx *cx, bram_board_row *row)
{
    BRAM_TRY(bram_model_brief(cx, &row->name, row->model));
    row->self_reported = bram_board_model_flags(row->model) & BRAM_MODEL_SELF_REPORTED;
    if (!row->self_reported) return BRAM_OK;
    char *brief = row->name;
    row->name = bram_strf(cx, "%s%s", brief, BRAM_SELF_REPORTED_MARK);
    bram_free(brief);
    return row->name ? BRAM_OK : BRAM_ENOMEM;
}

static int gather(bram_ctx *cx, struct bram_board_whole *b, const bram_results *r)
{
    size_t most = bram_results_count(r), models = 0;
    const char **model = bram_scratch(cx, most, sizeof *model);
    b->cell = bram_alloc(cx, most, sizeof *b->cell);
    b->part = bram_alloc(cx, most, sizeof *b->part);
    b->board.row = bram_alloc(cx, most, sizeof *b->board.row);
    if (!model || !b->cell || !b->part || !b->board.row) return BRAM_ENOMEM;
    for (size_t i = 0; i < most; i++) {
        const bram_result *result = bram_results_at(r, i);
        if (strcmp(result->benchmark, b->board.benchmark) != 0) continue;
        struct bram_board_cell *c = &b->cell[b->cells++];
        *c = (struct bram_board_cell){.result = result,
                                      .at = -1,
                                      .model = index_of(model, &models, result->model),
                                      .part = index_of(b->part, &b->board.parts, result->part)};
        b->board.row[c->model].model = model[c->model];
        b->board.row[c->model].index = c->model;
        if (models > b->board.rows) {
            b->board.rows = models; /* from here bram_board_free sees to its name */
            BRAM_TRY(name_row(cx, &b->board.row[c->model]));
        }
        if (bram_board_score_axis(result))
            c->at = bram_axis_find(bram_board_score_axis(result), b->board.score);
    }
    return BRAM_OK;
}

/* Puts the cells into the tables by model and part, the mean over seeds where there are several. */
static int tabulate(bram_ctx *cx, struct bram_board_whole *b)
{
    size_t slots = b->board.rows * b->board.parts, n = b->board.draws;
    size_t *seeds = bram_scratch(cx, slots, sizeof *seeds);
    b->value = bram_alloc(cx, slots, sizeof *b->value);
    b->draw = bram_alloc(cx, slots, n * sizeof *b->draw);
    b->blocks = bram_alloc(cx, b->board.parts, sizeof *b->blocks);
    if (!seeds || !b->value || !b->draw || !b->blocks) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->cells; i++) {
        const struct bram_board_cell *c = &b->cell[i];
        size_t slot = c->model * b->board.parts + c->part;
        if (c->at < 0) continue;
        seeds[slot]++;
        b->value[slot] += bram_board_number(c, "value");
        b->blocks[c->part] = (size_t)bram_board_integer(c, "groups");
        for (size_t s = 0; s < n; s++) b->draw[slot * n + s] += c->draw ? c->draw[s] : NAN;
    }
    for (size_t slot = 0; slot < slots; slot++) {
        double count = seeds[slot] ? (double)seeds[slot] : NAN;
        b->value[slot] /= count;
        for (size_t s = 0; s < n; s++) b->draw[slot * n + s] /= count;
    }
    return BRAM_OK;
}

/* ---- what the board says of cells ------------------------------------------------------------ */

const char *bram_board_part(const bram_board *b, size_t part)
{
    return ((const struct bram_board_whole *)b)->part[part];
}

double bram_board_value(const bram_board *b, const bram_board_row *row, size_t part)
{
    return ((const struct bram_board_whole *)b)->value[row->index * b->parts + part];
}

const bram_result *bram_board_result(const bram_board *b, const bram_board_row *row, size_t part,
                                     size_t *at)
{
    const struct bram_board_whole *own = (const struct bram_board_whole *)b;
    for (size_t i = 0; i < own->cells; i++) {
        const struct bram_board_cell *c = &own->cell[i];
        if (c->model != row->index || c->part != part || c->at < 0) continue;
        *at = (size_t)c->at;
        return c->result;
    }
    return NULL;
}

size_t bram_board_keys(const bram_board *b, const bram_board_row *row, const char **key,
                       size_t most)
{
    const struct bram_board_whole *own = (const struct bram_board_whole *)b;
    size_t n = 0;
    for (size_t i = 0; i < own->cells; i++) {
        if (own->cell[i].model != row->index) continue;
        if (n < most) key[n] = own->cell[i].result->key;
        n++;
    }
    return n;
}

/* Those with a rank by their rank, as values over different parts do not compare; then by value,
 * then by name. */
static int by_rank(const bram_board_row *x, const bram_board_row *y, bool higher_better)
{
    bool no_x = isnan(x->value), no_y = isnan(y->value);
    if (no_x != no_y) return no_x ? 1 : -1;
    if ((x->rank == 0) != (y->rank == 0)) return x->rank == 0 ? 1 : -1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (!no_x && x->value != y->value) return (x->value < y->value) == higher_better ? 1 : -1;
    return strcmp(x->model, y->model);
}

static int best_first(const void *a, const void *b)
{
    return by_rank(a, b, true);
}

static int best_last(const void *a, const void *b)
{
    return by_rank(a, b, false);
}

/* ---- the board ------------------------------------------------------------------------------ */

/* Words and cells of a board, without draws. */
static int begin(bram_ctx *cx, struct bram_board_whole *b, const bram_results *r,
                 const char *benchmark, const char *score)
{
    const bram_attrs *words = bram_dataset_find_attrs(bram_results_plan(r, benchmark), "");
    const char *title = bram_attrs_text(words, "title");
    b->board = (bram_board){.benchmark = bram_attrs_text(words, "benchmark"),
                            .title = title ? title : "",
                            .summary = "mean",
                            .resampled = "",
                            .ceiling_rule = "",
                            .level = 0.95};
    BRAM_TRY(bram_board_find_score(cx, b, r, score));
    BRAM_TRY(gather(cx, b, r));
    for (size_t i = 0; i < b->cells; i++)
        if (b->cell[i].at >= 0)
            b->board.level = bram_attrs_number(bram_dataset_find_attrs(b->cell[i].result->data, ""),
                                               "interval_level", 0.95);
    return BRAM_OK;
}

/* "3 time blocks of 50 rows" of one cell are too few; what counts then is how many there are in all
 * parts. */
static int say_resampled(bram_ctx *cx, struct bram_board_whole *b)
{
    size_t blocks = 0;
    bool few = false;
    for (size_t p = 0; p < b->board.parts; p++) {
        blocks += b->blocks[p];
        few |= b->blocks[p] < BRAM_MIN_BLOCKS;
    }
    if (b->board.parts < 2 || !*b->board.resampled || !few) return BRAM_OK;
    b->resampled = bram_strf(cx, "%s, %zu in all parts", b->board.resampled, blocks);
    if (!b->resampled) return BRAM_ENOMEM;
    b->board.resampled = b->resampled;
    return BRAM_OK;
}

/* From cells to rows in their order. */
static int end(bram_ctx *cx, struct bram_board_whole *b)
{
    BRAM_TRY(tabulate(cx, b));
    BRAM_TRY(say_resampled(cx, b));
    for (size_t m = 0; m < b->board.rows; m++) BRAM_TRY(bram_board_fill_row(cx, b, m));
    b->row_of = bram_alloc(cx, b->board.rows, sizeof *b->row_of);
    if (!b->row_of) return BRAM_ENOMEM;
    for (size_t m = 0; m < b->board.rows; m++) b->row_of[m] = &b->board.row[m];
    BRAM_TRY(bram_board_rank(cx, b));
    BRAM_TRY(bram_board_compare_with_floor(cx, b));
    if (b->board.rows)
        qsort(b->board.row, b->board.rows, sizeof *b->board.row,
              b->board.higher_better ? best_first : best_last);
    for (size_t i = 0; i < b->board.rows; i++) b->row_of[b->board.row[i].index] = &b->board.row[i];
    return BRAM_OK;
}

int bram_boards_new(bram_ctx *cx, bram_board **out, const bram_results *r, const char *benchmark,
                    const char *const *score, size_t count)
{
    if (!bram_results_plan(r, benchmark))
        return bram_fail(cx, BRAM_EABSENT, "these results hold no benchmark %s", benchmark);
    size_t mark = bram_scratch_mark(cx), n = 0;
    struct bram_board_whole **board = bram_scratch(cx, count, sizeof(struct bram_board_whole *));
    int status = board ? BRAM_OK : BRAM_ENOMEM;
    for (; status == BRAM_OK && n < count; n++) {
        board[n] = bram_alloc(cx, 1, sizeof **board);
        status = board[n] ? begin(cx, board[n], r, benchmark, score[n]) : BRAM_ENOMEM;
    }
    for (size_t i = 0; status == BRAM_OK && n && i < board[0]->cells; i++)
        status = read_draws(cx, board, n, i);
    for (size_t i = 0; status == BRAM_OK && i < n; i++) status = end(cx, board[i]);
    for (size_t i = 0; i < n; i++) {
        if (status == BRAM_OK) out[i] = &board[i]->board;
        else if (board[i]) bram_board_free(&board[i]->board);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_board_new(bram_ctx *cx, bram_board **out, const bram_results *r, const char *benchmark,
                   const char *score)
{
    return bram_boards_new(cx, out, r, benchmark, &score, 1);
}
