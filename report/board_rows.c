/*
 * board_rows.c - the row of one model: means over parts and seeds, intervals, states of its cells.
 */
#include "board_parts.h"

#include "resample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double bram_board_number(const struct bram_board_cell *c, const char *column)
{
    const bram_column *values = bram_axis_column(bram_board_score_axis(c->result), column);
    return values && values->number ? values->number[c->at] : NAN;
}

int64_t bram_board_integer(const struct bram_board_cell *c, const char *column)
{
    const bram_column *values = bram_axis_column(bram_board_score_axis(c->result), column);
    return values && values->integer ? values->integer[c->at] : 0;
}

/* Mean over the parts with use[part] (NULL: those the model was scored on) of the value, or of one
 * draw when sample >= 0. NaN when there are none. */
double bram_board_mean(const struct bram_board_whole *b, size_t model, ptrdiff_t sample,
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

double bram_board_factor(struct bram_board_stretch *s, double level, size_t blocks, size_t parts)
{
    if (s->blocks != blocks || s->parts != parts)
        *s = (struct bram_board_stretch){blocks, parts,
                                         bram_interval_stretch(level, blocks, parts)};
    return s->factor;
}

/* The interval of a mean over those parts; NaN bounds where none can be given. */
int bram_board_interval(bram_ctx *cx, double *low, double *high, const struct bram_board_whole *b,
                        double value, const double *draw, const bool *use,
                        struct bram_board_stretch *kept)
{
    size_t blocks = 0, parts = 0;
    for (size_t p = 0; p < b->board.parts; p++)
        if (use[p]) blocks += b->blocks[p], parts++;
    if (!b->distribution && blocks < BRAM_MIN_BLOCKS) return BRAM_OK;
    bram_interval interval;
    int status = b->distribution
                     ? bram_interval_percentile(cx, &interval, draw, b->board.draws, b->board.level)
                     : bram_interval_stretched(
                           cx, &interval, value, draw, b->board.draws, b->board.level,
                           bram_board_factor(kept, b->board.level, blocks, parts), b->biased);
    if (status == BRAM_OK) *low = interval.low, *high = interval.high;
    return status == BRAM_ENOTAPPLICABLE ? BRAM_OK : status;
}

static double mean_column(const struct bram_board_whole *b, size_t model, const char *column)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < b->cells; i++)
        if (b->cell[i].model == model && b->cell[i].at >= 0) {
            sum += bram_board_number(&b->cell[i], column);
            n++;
        }
    return n ? sum / (double)n : NAN;
}

/* Cells of a model that have no score for a reason. */
static size_t count_reason(const struct bram_board_whole *b, size_t model, const char *reason)
{
    size_t count = 0;
    for (size_t i = 0; i < b->cells; i++)
        count += b->cell[i].model == model && b->cell[i].result->reason &&
                 strcmp(b->cell[i].result->reason, reason) == 0;
    return count;
}

static void count_states(const struct bram_board_whole *b, size_t model, bram_board_row *row)
{
    row->parts = b->board.parts;
    row->reason = "";
    row->first_seed = UINT64_MAX;
    for (size_t i = 0; i < b->cells; i++) {
        const struct bram_board_cell *c = &b->cell[i];
        if (c->model != model) continue;
        uint64_t seed = c->result->seed;
        if (seed < row->first_seed) row->first_seed = seed;
        if (seed > row->last_seed) row->last_seed = seed;
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
            row->units += bram_board_integer(c, "units"),
                row->undefined += bram_board_integer(c, "undefined");
    }
}

static void seed_range(const struct bram_board_whole *b, size_t model, bram_board_row *row)
{
    row->seed_low = row->seed_high = NAN;
    for (size_t i = 0; i < b->cells; i++) {
        if (b->cell[i].model != model || b->cell[i].at < 0) continue;
        uint64_t seed = b->cell[i].result->seed;
        bool first = true;
        double sum = 0;
        size_t n = 0;
        for (size_t k = 0; k < b->cells; k++) {
            const struct bram_board_cell *c = &b->cell[k];
            if (c->model != model || c->at < 0 || c->result->seed != seed) continue;
            if (k < i) first = false;
            sum += bram_board_number(c, "value");
            n++;
        }
        if (!first) continue;
        row->seeds++;
        double mean = sum / (double)n;
        if (!(mean >= row->seed_low)) row->seed_low = mean;
        if (!(mean <= row->seed_high)) row->seed_high = mean;
    }
}

int bram_board_fill_row(bram_ctx *cx, struct bram_board_whole *b, size_t model)
{
    bram_board_row *row = &b->board.row[model];
    count_states(b, model, row);
    seed_range(b, model, row);
    row->value = bram_board_mean(b, model, -1, NULL);
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
        row->draw[s] = bram_board_mean(b, model, (ptrdiff_t)s, NULL);
    size_t mark = bram_scratch_mark(cx);
    bool *use = bram_scratch(cx, b->board.parts, sizeof *use);
    if (!use) return BRAM_ENOMEM;
    for (size_t p = 0; p < b->board.parts; p++)
        use[p] = !isnan(b->value[model * b->board.parts + p]);
    int status = bram_board_interval(cx, &row->low, &row->high, b, row->value, row->draw, use,
                                     &(struct bram_board_stretch){0});
    bram_scratch_release(cx, mark);
    return status;
}
