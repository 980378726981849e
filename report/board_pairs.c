/*
 * board_pairs.c - two models on the parts that both were scored on: paired differences, ranks.
 */
#include "board_parts.h"

#include "resample.h"
#include "stats.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* The draws of the mean of model m over the parts of `use`: those of its row where these are all
 * that it was scored on (the usual case), else made in `own`. */
static const double *draws_over_parts(const struct bram_board_whole *b, size_t m, const bool *use,
                                      double *own)
{
    const bram_board_row *row = b->row_of[m];
    bool whole = row->draw != NULL;
    for (size_t p = 0; p < b->board.parts && whole; p++)
        whole = use[p] || isnan(b->value[m * b->board.parts + p]);
    if (whole) return row->draw;
    for (size_t s = 0; s < b->board.draws; s++) own[s] = bram_board_mean(b, m, (ptrdiff_t)s, use);
    return own;
}

/* a - c on the parts that both have: marks them in `use`; the value, and its draws where there are
 * any. draw has room for three times the board's draws. */
static double pair_draws(const struct bram_board_whole *b, size_t a, size_t c, bool *use,
                         double *draw)
{
    size_t n = b->board.draws;
    for (size_t p = 0; p < b->board.parts; p++)
        use[p] = !isnan(b->value[a * b->board.parts + p]) &&
                 !isnan(b->value[c * b->board.parts + p]);
    const double *x = draws_over_parts(b, a, use, draw + n);
    const double *y = draws_over_parts(b, c, use, draw + 2 * n);
    for (size_t s = 0; s < n; s++) draw[s] = x[s] - y[s];
    return bram_board_mean(b, a, -1, use) - bram_board_mean(b, c, -1, use);
}

/* The difference with its bounds, NaN where no interval can be given. */
static int paired_difference(bram_ctx *cx, const struct bram_board_whole *b, size_t a, size_t c,
                             double out[3], struct bram_board_stretch *kept)
{
    size_t mark = bram_scratch_mark(cx), n = b->board.draws;
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    double *draw = bram_scratch(cx, n, 3 * sizeof *draw);
    if (!use || !draw) return BRAM_ENOMEM;
    out[0] = pair_draws(b, a, c, use, draw);
    out[1] = out[2] = NAN;
    int status = n ? bram_board_interval(cx, &out[1], &out[2], b, out[0], draw, use, kept)
                   : BRAM_OK;
    bram_scratch_release(cx, mark);
    return status;
}

int bram_board_difference(bram_ctx *cx, const bram_board *b, const bram_board_row *a,
                          const bram_board_row *c, double out[3])
{
    return paired_difference(cx, (const struct bram_board_whole *)b, a->index, c->index, out,
                             &(struct bram_board_stretch){0});
}

/* Blocks less parts of the parts that both were scored on. */
static double freedom_of(const struct bram_board_whole *b, size_t a, size_t c)
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
    const struct bram_board_whole *b = (const struct bram_board_whole *)board;
    double d[3];
    BRAM_TRY(paired_difference(cx, b, a->index, c->index, d, &(struct bram_board_stretch){0}));
    *out = (bram_board_pair){d[0], d[1], d[2], NAN};
    double freedom = freedom_of(b, a->index, c->index), reach = (d[2] - d[1]) / 2;
    if (b->distribution || !(freedom > 0) || !isfinite(reach)) return BRAM_OK;
    double centre = fabs((d[1] + d[2]) / 2), upper = (1 + board->level) / 2;
    out->p = reach > 0 ? 2 * bram_t_tail(centre / reach * bram_t_quantile(upper, freedom), freedom)
                       : (centre > 0 ? 0 : 1);
    return BRAM_OK;
}

struct ranking {
    struct bram_board_whole *board;
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
static int clear_sign(const struct bram_board_whole *b, double value, const double *draw,
                      double factor)
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
static int sign_of_pair(bram_ctx *cx, int *sign, const struct bram_board_whole *b, size_t a,
                        size_t c, struct bram_board_stretch *kept)
{
    size_t mark = bram_scratch_mark(cx), blocks = 0, parts = 0;
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    double *draw = bram_scratch(cx, b->board.draws, 3 * sizeof *draw), low = NAN, high = NAN;
    if (!use || !draw) return BRAM_ENOMEM;
    double value = pair_draws(b, a, c, use, draw);
    for (size_t p = 0; p < b->board.parts; p++)
        if (use[p]) blocks += b->blocks[p], parts++;
    double factor = bram_board_factor(kept, b->board.level, blocks, parts);
    int status = BRAM_OK;
    bool enough = b->distribution || blocks >= BRAM_MIN_BLOCKS;
    *sign = enough ? clear_sign(b, value, draw, factor) : 0;
    if (!*sign) {
        status = bram_board_interval(cx, &low, &high, b, value, draw, use, kept);
        *sign = low > 0 ? 1 : high < 0 ? -1 : 0;
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* Row a with each below it. */
static int rank_row(bram_ctx *cx, size_t a, void *user)
{
    const struct ranking *all = user;
    const struct bram_board_whole *b = all->board;
    struct bram_board_stretch kept = {0};
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
int bram_board_rank(bram_ctx *cx, struct bram_board_whole *b)
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
int bram_board_compare_with_floor(bram_ctx *cx, struct bram_board_whole *b)
{
    struct bram_board_stretch kept = {0};
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
