/*
 * board.c - values, intervals and ranks of the models on one benchmark; see board.h.
 */
#include "board.h"

#include "resample.h"
#include "stats.h"
#include "variation.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
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

static const bram_axis *score_axis(const bram_result *r)
{
    const bram_response *raw = r->data ? bram_dataset_response(r->data, "raw") : NULL;
    return raw && r->state == BRAM_STATE_SCORED ? bram_response_axis(raw, 0) : NULL;
}

const bram_axis *bram_board_scores(const bram_results *r, const char *benchmark)
{
    const bram_axis *most = NULL;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const bram_result *cell = bram_results_at(r, i);
        const bram_axis *ids = strcmp(cell->benchmark, benchmark) == 0 ? score_axis(cell) : NULL;
        if (ids && (!most || bram_axis_length(ids) > bram_axis_length(most))) most = ids;
    }
    return most;
}

/* ---- cells of one model --------------------------------------------------------------------- */

struct cell {
    const bram_result *result;
    size_t model, part;
    ptrdiff_t at; /* row of the score in the cell; -1: not scored */
    double *draw; /* NULL without */
};

struct board {
    bram_board board; /* first: the public part */
    struct cell *cell;
    size_t cells;
    const char **part;
    double *value;                 /* models x parts: mean over seeds; NaN where not scored */
    double *draw;                  /* models x parts x draws */
    const bram_board_row **row_of; /* [model]: its row, wherever it stands */
    size_t *blocks;                /* [part]: how many were drawn there */
    bool biased;                   /* intervals are moved by the bias of the draws */
    bool distribution; /* intervals say where the draws lie, not how sure the value is */
};

void bram_board_free(bram_board *b)
{
    if (!b) return;
    struct board *own = (struct board *)b;
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
    bram_free(b->row);
    bram_free(b);
}

static double number(const struct cell *c, const char *column)
{
    const bram_column *values = bram_axis_column(score_axis(c->result), column);
    return values && values->number ? values->number[c->at] : NAN;
}

static int64_t integer(const struct cell *c, const char *column)
{
    const bram_column *values = bram_axis_column(score_axis(c->result), column);
    return values && values->integer ? values->integer[c->at] : 0;
}

/* Puts one row of draws into a cell; one without any defined draw counts as none. */
static int keep_draws(bram_ctx *cx, struct cell *c, const double *draw, const uint8_t *present,
                      size_t n)
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
static int read_draws(bram_ctx *cx, struct board *const *board, size_t boards, size_t cell)
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
        struct cell *c = &board[b]->cell[cell];
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

static int gather(bram_ctx *cx, struct board *b, const bram_results *r)
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
        struct cell *c = &b->cell[b->cells++];
        *c = (struct cell){.result = result,
                           .at = -1,
                           .model = index_of(model, &models, result->model),
                           .part = index_of(b->part, &b->board.parts, result->part)};
        b->board.row[c->model].model = model[c->model];
        b->board.row[c->model].index = c->model;
        if (models > b->board.rows) {
            b->board.rows = models; /* from here bram_board_free sees to its name */
            BRAM_TRY(name_row(cx, &b->board.row[c->model]));
        }
        if (score_axis(result)) c->at = bram_axis_find(score_axis(result), b->board.score);
    }
    return BRAM_OK;
}

/* ---- one row -------------------------------------------------------------------------------- */

/* Puts the cells into the tables by model and part, the mean over seeds where there are several. */
static int tabulate(bram_ctx *cx, struct board *b)
{
    size_t slots = b->board.rows * b->board.parts, n = b->board.draws;
    size_t *seeds = bram_scratch(cx, slots, sizeof *seeds);
    b->value = bram_alloc(cx, slots, sizeof *b->value);
    b->draw = bram_alloc(cx, slots, n * sizeof *b->draw);
    b->blocks = bram_alloc(cx, b->board.parts, sizeof *b->blocks);
    if (!seeds || !b->value || !b->draw || !b->blocks) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->cells; i++) {
        const struct cell *c = &b->cell[i];
        size_t slot = c->model * b->board.parts + c->part;
        if (c->at < 0) continue;
        seeds[slot]++;
        b->value[slot] += number(c, "value");
        b->blocks[c->part] = (size_t)integer(c, "groups");
        for (size_t s = 0; s < n; s++) b->draw[slot * n + s] += c->draw ? c->draw[s] : NAN;
    }
    for (size_t slot = 0; slot < slots; slot++) {
        double count = seeds[slot] ? (double)seeds[slot] : NAN;
        b->value[slot] /= count;
        for (size_t s = 0; s < n; s++) b->draw[slot * n + s] /= count;
    }
    return BRAM_OK;
}

/* Mean over the parts with use[part] (NULL: those the model was scored on) of the value, or of one
 * draw when sample >= 0. NaN when there are none. */
static double mean_over_parts(const struct board *b, size_t model, ptrdiff_t sample,
                              const bool *use)
{
    double sum = 0;
    size_t n = 0;
    for (size_t p = 0; p < b->board.parts; p++) {
        size_t slot = model * b->board.parts + p;
        if (use ? !use[p] : isnan(b->value[slot])) continue;
        sum += sample < 0 ? b->value[slot] : b->draw[slot * b->board.draws + (size_t)sample];
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* How far intervals are stretched, from one to the next: most rest on the same blocks. */
struct stretch {
    size_t blocks, parts;
    double factor;
};

static double factor_of(struct stretch *s, double level, size_t blocks, size_t parts)
{
    if (s->blocks != blocks || s->parts != parts)
        *s = (struct stretch){blocks, parts, bram_interval_stretch(level, blocks, parts)};
    return s->factor;
}

/* The interval of a mean over those parts; NaN bounds where none can be given. */
static int interval_over_parts(bram_ctx *cx, double *low, double *high, const struct board *b,
                               double value, const double *draw, const bool *use,
                               struct stretch *kept)
{
    size_t blocks = 0, parts = 0;
    for (size_t p = 0; p < b->board.parts; p++)
        if (use[p]) blocks += b->blocks[p], parts++;
    if (!b->distribution && blocks <= parts) return BRAM_OK;
    bram_interval interval;
    int status = b->distribution
                     ? bram_interval_percentile(cx, &interval, draw, b->board.draws, b->board.level)
                     : bram_interval_stretched(
                           cx, &interval, value, draw, b->board.draws, b->board.level,
                           factor_of(kept, b->board.level, blocks, parts), b->biased);
    if (status == BRAM_OK) *low = interval.low, *high = interval.high;
    return status == BRAM_ENOTAPPLICABLE ? BRAM_OK : status;
}

static double mean_column(const struct board *b, size_t model, const char *column)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < b->cells; i++)
        if (b->cell[i].model == model && b->cell[i].at >= 0) {
            sum += number(&b->cell[i], column);
            n++;
        }
    return n ? sum / (double)n : NAN;
}

/* Cells of a model that have no score for a reason. */
static size_t count_reason(const struct board *b, size_t model, const char *reason)
{
    size_t count = 0;
    for (size_t i = 0; i < b->cells; i++)
        count += b->cell[i].model == model && b->cell[i].result->reason &&
                 strcmp(b->cell[i].result->reason, reason) == 0;
    return count;
}

static void count_states(const struct board *b, size_t model, bram_board_row *row)
{
    row->parts = b->board.parts;
    row->reason = "";
    for (size_t i = 0; i < b->cells; i++) {
        const struct cell *c = &b->cell[i];
        if (c->model != model) continue;
        row->scored += c->at >= 0;
        row->failed += c->result->state == BRAM_STATE_FAILED;
        row->not_applicable += c->result->state == BRAM_STATE_NOT_APPLICABLE ||
                               (c->result->state == BRAM_STATE_SCORED && c->at < 0);
        row->not_run += c->result->state == BRAM_STATE_NOT_RUN;
        const char *reason = c->result->reason;
        if (reason && *reason &&
            (!*row->reason || count_reason(b, model, reason) > count_reason(b, model, row->reason)))
            row->reason = reason;
        if (c->at >= 0)
            row->units += integer(c, "units"), row->undefined += integer(c, "undefined");
    }
}

static void seed_range(const struct board *b, size_t model, bram_board_row *row)
{
    row->seed_low = row->seed_high = NAN;
    for (size_t i = 0; i < b->cells; i++) {
        if (b->cell[i].model != model || b->cell[i].at < 0) continue;
        uint64_t seed = b->cell[i].result->seed;
        bool first = true;
        double sum = 0;
        size_t n = 0;
        for (size_t k = 0; k < b->cells; k++) {
            const struct cell *c = &b->cell[k];
            if (c->model != model || c->at < 0 || c->result->seed != seed) continue;
            if (k < i) first = false;
            sum += number(c, "value");
            n++;
        }
        if (!first) continue;
        row->seeds++;
        double mean = sum / (double)n;
        if (!(mean >= row->seed_low)) row->seed_low = mean;
        if (!(mean <= row->seed_high)) row->seed_high = mean;
    }
}

static int fill_row(bram_ctx *cx, struct board *b, size_t model)
{
    bram_board_row *row = &b->board.row[model];
    count_states(b, model, row);
    seed_range(b, model, row);
    row->value = mean_over_parts(b, model, -1, NULL);
    row->low = row->high = row->difference = row->difference_low = row->difference_high = NAN;
    row->chance = mean_column(b, model, "chance");
    row->ceiling = mean_column(b, model, "ceiling");
    row->ceiling_low = mean_column(b, model, "ceiling_low");
    row->ceiling_high = mean_column(b, model, "ceiling_high");
    row->normalized = mean_column(b, model, "normalized");
    for (size_t f = 0; f < b->board.floors; f++) {
        char column[64];
        snprintf(column, sizeof column, "floor_%s", b->board.floor_name[f]);
        row->floor[f] = mean_column(b, model, column);
    }
    if (!b->board.draws || !row->scored) return BRAM_OK;
    row->draw = bram_alloc(cx, b->board.draws, sizeof *row->draw);
    if (!row->draw) return BRAM_ENOMEM;
    for (size_t s = 0; s < b->board.draws; s++)
        row->draw[s] = mean_over_parts(b, model, (ptrdiff_t)s, NULL);
    size_t mark = bram_scratch_mark(cx);
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    if (!use) return BRAM_ENOMEM;
    for (size_t p = 0; p < b->board.parts; p++)
        use[p] = !isnan(b->value[model * b->board.parts + p]);
    int status = interval_over_parts(cx, &row->low, &row->high, b, row->value, row->draw, use,
                                     &(struct stretch){0});
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- pairs of models ------------------------------------------------------------------------ */

/* The draws of the mean of model m over the parts of `use`: those of its row where these are all
 * that it was scored on (the usual case), else made in `own`. */
static const double *draws_over_parts(const struct board *b, size_t m, const bool *use, double *own)
{
    const bram_board_row *row = b->row_of[m];
    bool whole = row->draw != NULL;
    for (size_t p = 0; p < b->board.parts && whole; p++)
        whole = use[p] || isnan(b->value[m * b->board.parts + p]);
    if (whole) return row->draw;
    for (size_t s = 0; s < b->board.draws; s++) own[s] = mean_over_parts(b, m, (ptrdiff_t)s, use);
    return own;
}

/* a - c on the parts that both have: marks them in `use`; the value, and its draws where there are
 * any. draw has room for three times the board's draws. */
static double pair_draws(const struct board *b, size_t a, size_t c, bool *use, double *draw)
{
    size_t n = b->board.draws;
    for (size_t p = 0; p < b->board.parts; p++)
        use[p] = !isnan(b->value[a * b->board.parts + p]) &&
                 !isnan(b->value[c * b->board.parts + p]);
    const double *x = draws_over_parts(b, a, use, draw + n);
    const double *y = draws_over_parts(b, c, use, draw + 2 * n);
    for (size_t s = 0; s < n; s++) draw[s] = x[s] - y[s];
    return mean_over_parts(b, a, -1, use) - mean_over_parts(b, c, -1, use);
}

/* The difference with its bounds, NaN where no interval can be given. */
static int paired_difference(bram_ctx *cx, const struct board *b, size_t a, size_t c, double out[3],
                             struct stretch *kept)
{
    size_t mark = bram_scratch_mark(cx), n = b->board.draws;
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    double *draw = bram_scratch(cx, n, 3 * sizeof *draw);
    if (!use || !draw) return BRAM_ENOMEM;
    out[0] = pair_draws(b, a, c, use, draw);
    out[1] = out[2] = NAN;
    int status = n ? interval_over_parts(cx, &out[1], &out[2], b, out[0], draw, use, kept)
                   : BRAM_OK;
    bram_scratch_release(cx, mark);
    return status;
}

int bram_board_difference(bram_ctx *cx, const bram_board *b, const bram_board_row *a,
                          const bram_board_row *c, double out[3])
{
    return paired_difference(cx, (const struct board *)b, a->index, c->index, out,
                             &(struct stretch){0});
}

/* Blocks less parts of the parts that both were scored on. */
static double freedom_of(const struct board *b, size_t a, size_t c)
{
    double freedom = 0;
    for (size_t p = 0; p < b->board.parts; p++)
        if (!isnan(b->value[a * b->board.parts + p] + b->value[c * b->board.parts + p]))
            freedom += (double)b->blocks[p] - 1;
    return freedom;
}

int bram_board_compare(bram_ctx *cx, const bram_board *board, const bram_board_row *a,
                       const bram_board_row *c, bram_board_pair *out)
{
    const struct board *b = (const struct board *)board;
    double d[3];
    BRAM_TRY(paired_difference(cx, b, a->index, c->index, d, &(struct stretch){0}));
    *out = (bram_board_pair){d[0], d[1], d[2], NAN};
    double freedom = freedom_of(b, a->index, c->index), reach = (d[2] - d[1]) / 2;
    if (b->distribution || !(freedom > 0) || !isfinite(reach)) return BRAM_OK;
    double centre = fabs((d[1] + d[2]) / 2), upper = (1 + board->level) / 2;
    out->p = reach > 0 ? 2 * bram_t_tail(centre / reach * bram_t_quantile(upper, freedom), freedom)
                       : (centre > 0 ? 0 : 1);
    return BRAM_OK;
}

const char *bram_board_part(const bram_board *b, size_t part)
{
    return ((const struct board *)b)->part[part];
}

double bram_board_value(const bram_board *b, const bram_board_row *row, size_t part)
{
    return ((const struct board *)b)->value[row->index * b->parts + part];
}

const bram_result *bram_board_result(const bram_board *b, const bram_board_row *row, size_t part,
                                     size_t *at)
{
    const struct board *own = (const struct board *)b;
    for (size_t i = 0; i < own->cells; i++) {
        const struct cell *c = &own->cell[i];
        if (c->model != row->index || c->part != part || c->at < 0) continue;
        *at = (size_t)c->at;
        return c->result;
    }
    return NULL;
}

size_t bram_board_keys(const bram_board *b, const bram_board_row *row, const char **key,
                       size_t most)
{
    const struct board *own = (const struct board *)b;
    size_t n = 0;
    for (size_t i = 0; i < own->cells; i++) {
        if (own->cell[i].model != row->index) continue;
        if (n < most) key[n] = own->cell[i].result->key;
        n++;
    }
    return n;
}

struct ranking {
    struct board *board;
    atomic_size_t *better; /* [row]: how many are better; whole numbers, so in any order */
};

/* Smallest and largest of n > 0 numbers; NaN when one is. */
static void range_of(double out[2], const double *x, size_t n)
{
    enum { LANES = 8 };
    double low[LANES], high[LANES], none = 0;
    for (size_t k = 0; k < LANES; k++) low[k] = high[k] = x[0];
    for (size_t i = 0; i < n; i++) {
        size_t k = i % LANES;
        low[k] = x[i] < low[k] ? x[i] : low[k];
        high[k] = x[i] > high[k] ? x[i] : high[k];
        none += x[i] - x[i]; /* 0, or NaN */
    }
    out[0] = low[0] + none;
    out[1] = high[0] + none;
    for (size_t k = 1; k < LANES; k++) {
        if (low[k] < out[0]) out[0] = low[k];
        if (high[k] > out[1]) out[1] = high[k];
    }
}

/*
 * The sign of a difference so large that its interval must exclude zero, else 0: quantiles and
 * median lie within the range of the draws, and rounding keeps the order of what is added and
 * multiplied. Most pairs of a long board are such, and their range costs a tenth of quantiles.
 */
static int clear_sign(const struct board *b, double value, const double *draw, double factor)
{
    double range[2], low, high;
    range_of(range, draw, b->board.draws);
    double reach = factor * (range[1] - range[0]) / 2;
    if (b->distribution) low = range[0], high = range[1];
    else {
        low = (b->biased ? 2 * value - range[1] : value) - reach;
        high = (b->biased ? 2 * value - range[0] : value) + reach;
        if (low > 0 && !(value > 0)) return 0; /* the interval is widened to hold the value */
        if (high < 0 && !(value < 0)) return 0;
    }
    return low > 0 ? 1 : high < 0 ? -1 : 0;
}

/* 1, -1: the interval of row a minus row c lies above zero, below; 0: it does not, or is none. */
static int sign_of_pair(bram_ctx *cx, int *sign, const struct board *b, size_t a, size_t c,
                        struct stretch *kept)
{
    size_t mark = bram_scratch_mark(cx), blocks = 0, parts = 0;
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    double *draw = bram_scratch(cx, b->board.draws, 3 * sizeof *draw), low = NAN, high = NAN;
    if (!use || !draw) return BRAM_ENOMEM;
    double value = pair_draws(b, a, c, use, draw);
    for (size_t p = 0; p < b->board.parts; p++)
        if (use[p]) blocks += b->blocks[p], parts++;
    double factor = factor_of(kept, b->board.level, blocks, parts);
    int status = BRAM_OK;
    *sign = clear_sign(b, value, draw, factor);
    if (!*sign) {
        status = interval_over_parts(cx, &low, &high, b, value, draw, use, kept);
        *sign = low > 0 ? 1 : high < 0 ? -1 : 0;
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* Row a with each below it. */
static int rank_row(bram_ctx *cx, size_t a, void *user)
{
    const struct ranking *all = user;
    const struct board *b = all->board;
    struct stretch kept = {0};
    for (size_t c = a + 1; c < b->board.rows; c++) {
        const bram_board_row *x = &b->board.row[a], *y = &b->board.row[c];
        int sign = 0;
        if (!x->scored || !y->scored || !(x->rank || y->rank)) continue;
        BRAM_TRY(sign_of_pair(cx, &sign, b, a, c, &kept));
        if (!sign) continue;
        bool first = (sign > 0) == b->board.higher_better;
        atomic_fetch_add(&all->better[first ? c : a], 1);
    }
    return BRAM_OK;
}

/* Each pair once: its difference tells which of the two is better, if any. */
static int rank_all(bram_ctx *cx, struct board *b)
{
    size_t mark = bram_scratch_mark(cx), rows = b->board.rows;
    struct ranking all = {b, bram_scratch(cx, rows, sizeof *all.better)};
    if (!all.better) return BRAM_ENOMEM;
    for (size_t a = 0; a < rows; a++) {
        atomic_init(&all.better[a], 0);
        b->board.row[a].rank = b->board.row[a].scored && isfinite(b->board.row[a].low);
    }
    int status = bram_parallel_for(cx, rows, rank_row, &all);
    for (size_t a = 0; a < rows && status == BRAM_OK; a++)
        if (b->board.row[a].rank) b->board.row[a].rank += atomic_load(&all.better[a]);
    bram_scratch_release(cx, mark);
    return status;
}

/* Paired difference to the model that is the first floor ("copy"), where it was run. */
static int compare_with_floor(bram_ctx *cx, struct board *b)
{
    struct stretch kept = {0};
    if (!b->board.floors) return BRAM_OK;
    for (size_t f = 0; f < b->board.rows; f++) {
        if (strcmp(b->board.row[f].model, b->board.floor_name[0]) != 0) continue;
        for (size_t a = 0; a < b->board.rows; a++) {
            double d[3];
            if (!b->board.row[a].scored || !b->board.row[f].scored) continue;
            BRAM_TRY(paired_difference(cx, b, a, f, d, &kept));
            b->board.row[a].difference = d[0];
            b->board.row[a].difference_low = d[1];
            b->board.row[a].difference_high = d[2];
        }
    }
    return BRAM_OK;
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

/* Whether "metric@label" or "metric" is short for an id "metric:key=value,...@label". */
static bool abbreviates(const char *score, const char *id)
{
    size_t name = strcspn(id, ":@");
    const char *label = id + name + strcspn(id + name, "@");
    if (strncmp(score, id, name) != 0) return false;
    return score[name] == 0 || strcmp(score + name, label) == 0;
}

/* The score of this id, or the only one it is short for; -1: none, or several. */
static ptrdiff_t score_at(const bram_axis *ids, const char *score)
{
    ptrdiff_t at = bram_axis_find(ids, score), matches = 0;
    for (size_t i = 0; at < 0 && i < bram_axis_length(ids); i++)
        matches += abbreviates(score, bram_axis_id(ids, i));
    for (size_t i = 0; at < 0 && matches == 1 && i < bram_axis_length(ids); i++)
        if (abbreviates(score, bram_axis_id(ids, i))) at = (ptrdiff_t)i;
    return at;
}

/* The scores of the first cell that has this one: some models have scores of their own (of their
 * layers), which the first of all cells lacks. */
static const bram_axis *scores_with(const bram_results *r, const char *benchmark, const char *score)
{
    const bram_axis *first = bram_board_scores(r, benchmark);
    if (!score || !first || score_at(first, score) >= 0) return first;
    for (size_t i = 0; i < bram_results_count(r); i++) {
        const bram_result *cell = bram_results_at(r, i);
        const bram_axis *ids = strcmp(cell->benchmark, benchmark) == 0 ? score_axis(cell) : NULL;
        if (ids && bram_axis_find(ids, score) >= 0) return ids;
    }
    return first;
}

static int find_score(bram_ctx *cx, struct board *b, const bram_results *r, const char *score)
{
    const bram_axis *ids = scores_with(r, b->board.benchmark, score);
    if (!ids || bram_axis_length(ids) == 0) {
        b->board.score = score ? score : "";
        return BRAM_OK; /* nothing is scored: a board of states only */
    }
    ptrdiff_t at = score ? score_at(ids, score) : 0;
    if (at < 0) {
        char known[400] = "";
        for (size_t i = 0; i < bram_axis_length(ids); i++) {
            size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                     bram_axis_id(ids, i));
        }
        return bram_fail(cx, BRAM_EABSENT, "benchmark %s has no score \"%s\"; it has: %s",
                         b->board.benchmark, score, known);
    }
    b->board.score = bram_axis_id(ids, (size_t)at);
    const bram_column *better = bram_axis_column(ids, "higher_better");
    b->board.higher_better = better && better->integer && better->integer[at];
    const bram_column *biased = bram_axis_column(ids, "bias_corrected");
    b->biased = biased && biased->integer && biased->integer[at];
    const bram_column *distribution = bram_axis_column(ids, "distribution");
    b->distribution = distribution && distribution->integer && distribution->integer[at];
    const bram_column *summary = bram_axis_column(ids, "summary");
    const bram_column *resampled = bram_axis_column(ids, "resampled");
    if (summary && summary->text) b->board.summary = summary->text[at];
    if (resampled && resampled->text) b->board.resampled = resampled->text[at];
    for (size_t i = 0; i < bram_axis_columns(ids) && b->board.floors < BRAM_BOARD_FLOORS; i++) {
        const char *name = bram_axis_column_at(ids, i)->name;
        if (strncmp(name, "floor_", 6) == 0) b->board.floor_name[b->board.floors++] = name + 6;
    }
    return BRAM_OK;
}

/* Words and cells of a board, without draws. */
static int begin(bram_ctx *cx, struct board *b, const bram_results *r, const char *benchmark,
                 const char *score)
{
    const bram_attrs *words = bram_dataset_find_attrs(bram_results_plan(r, benchmark), "");
    const char *title = bram_attrs_text(words, "title");
    b->board = (bram_board){.benchmark = bram_attrs_text(words, "benchmark"),
                            .title = title ? title : "",
                            .summary = "mean",
                            .resampled = "",
                            .level = 0.95};
    BRAM_TRY(find_score(cx, b, r, score));
    BRAM_TRY(gather(cx, b, r));
    for (size_t i = 0; i < b->cells; i++)
        if (b->cell[i].at >= 0)
            b->board.level = bram_attrs_number(bram_dataset_find_attrs(b->cell[i].result->data, ""),
                                               "interval_level", 0.95);
    return BRAM_OK;
}

/* From cells to rows in their order. */
static int end(bram_ctx *cx, struct board *b)
{
    BRAM_TRY(tabulate(cx, b));
    for (size_t m = 0; m < b->board.rows; m++) BRAM_TRY(fill_row(cx, b, m));
    b->row_of = bram_alloc(cx, b->board.rows, sizeof *b->row_of);
    if (!b->row_of) return BRAM_ENOMEM;
    for (size_t m = 0; m < b->board.rows; m++) b->row_of[m] = &b->board.row[m];
    BRAM_TRY(rank_all(cx, b));
    BRAM_TRY(compare_with_floor(cx, b));
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
    struct board **board = bram_scratch(cx, count, sizeof(struct board *));
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
