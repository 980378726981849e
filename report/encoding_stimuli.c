/*
 * encoding_stimuli.c - the stimuli that the best model tells best and worst, as small pictures
 * where the dataset has them; see encoding_figures.h. Pictures are not in the results: they are
 * read from the dataset that these name; where it cannot be opened the stimuli are named.
 */
#include "digits.h"
#include "encoding_figures.h"
#include "pictures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EACH = 4, SHOWN = 2 * EACH, SIDE = 72, MOST_PARTS = 3, WORDS = 128 };

struct stimulus {
    size_t at;
    double gain;
};

/* The best ones, best first, then the worst, worst first. */
struct shown {
    size_t count, best; /* best: how many of them are of the best ones */
    struct stimulus of[SHOWN];
    bram_axis *stimulus;
    bram_picture picture[SHOWN];
    uint8_t *rgb[SHOWN]; /* of the pictures, on the heap */
    char words[SHOWN][WORDS];
};

static void release(struct shown *s)
{
    bram_axis_free(s->stimulus);
    for (size_t i = 0; i < SHOWN; i++) bram_free(s->rgb[i]);
}

static int by_gain(const void *a, const void *b)
{
    const struct stimulus *x = a, *y = b;
    if (x->gain != y->gain) return x->gain < y->gain ? 1 : -1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The axis of the chosen stimuli, and their words: gain, id. */
static int choose(bram_ctx *cx, struct shown *s, const bram_response *gain)
{
    size_t n = bram_response_length(gain, 0), count = 0, index[SHOWN];
    double *value = bram_scratch(cx, n, sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 1);
    struct stimulus *all = bram_scratch(cx, n, sizeof *all);
    if (!value || !present || !all) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, gain, (size_t[]){0}, (size_t[]){n}, value, present));
    for (size_t i = 0; i < n; i++)
        if (present[i] && isfinite(value[i])) all[count++] = (struct stimulus){i, value[i]};
    qsort(all, count, sizeof *all, by_gain);
    s->best = count / 2 < EACH ? count / 2 : EACH;
    for (size_t i = 0; i < s->best; i++) s->of[i] = all[i];
    for (size_t i = 0; i < s->best; i++) s->of[s->best + i] = all[count - 1 - i];
    s->count = 2 * s->best;
    for (size_t i = 0; i < s->count; i++) {
        char number[BRAM_DIGITS_BYTES];
        index[i] = s->of[i].at;
        bram_digits_short(number, s->of[i].gain, 2);
        snprintf(s->words[i], WORDS, "%s  %.60s", number,
                 bram_axis_id(bram_response_axis(gain, 0), s->of[i].at));
    }
    return s->count ? bram_axis_take(cx, &s->stimulus, bram_response_axis(gain, 0), index, s->count)
                    : BRAM_OK;
}

/* ---- pictures ------------------------------------------------------------------------------- */

/* A picture as small levels of red, green and blue. */
static int shrink(bram_ctx *cx, struct shown *s, size_t at, const bram_image *im)
{
    bram_image colour = {0}, small = {0};
    size_t longer = im->rows > im->cols ? im->rows : im->cols;
    double scale = longer > SIDE ? (double)SIDE / (double)longer : 1;
    size_t rows = (size_t)fmax(1, round(scale * (double)im->rows)),
           cols = (size_t)fmax(1, round(scale * (double)im->cols));
    BRAM_TRY(bram_image_convert(cx, &colour, im, 3, 0.5f));
    int status = bram_image_resize(cx, &small, &colour, rows, cols, BRAM_RESIZE_AREA);
    bram_image_release(&colour);
    BRAM_TRY(status);
    s->rgb[at] = bram_alloc(cx, rows * cols, 3);
    for (size_t i = 0; s->rgb[at] && i < 3 * rows * cols; i++)
        s->rgb[at][i] = (uint8_t)lrint(255 * fmin(1, fmax(0, (double)small.values[i])));
    bram_image_release(&small);
    if (!s->rgb[at]) return BRAM_ENOMEM;
    s->picture[at] = (bram_picture){rows, cols, s->rgb[at]};
    return BRAM_OK;
}

static int take_batch(bram_ctx *cx, void *user, const bram_picture_batch *batch)
{
    struct shown *s = user;
    for (size_t i = 0; i < batch->count; i++)
        if (!s->rgb[batch->at[i]]) BRAM_TRY(shrink(cx, s, batch->at[i], &batch->image[i]));
    return BRAM_OK;
}

/* Failures that a page without pictures can live with. */
static bool harmless(int status)
{
    return status != BRAM_ENOMEM && status != BRAM_ECANCEL;
}

/* ---- the figure ----------------------------------------------------------------------------- */

static int add_stimuli(bram_ctx *cx, bram_figure *f, const struct shown *s)
{
    double x[SHOWN], y[SHOWN];
    const char *text[SHOWN];
    for (size_t i = 0; i < s->count; i++) {
        x[i] = (double)(i % s->best), y[i] = (double)(i / s->best);
        text[i] = s->words[i];
    }
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_PICTURES,
                                          .colour = BRAM_INK,
                                          .count = s->count,
                                          .x = x,
                                          .y = y,
                                          .text = text,
                                          .picture = s->picture});
}

static int figure_of_stimuli(bram_ctx *cx, bram_report *r, const struct shown *s, const char *model,
                             const char *part)
{
    static const char *const names[] = {"best", "worst"};
    bram_figure *f = NULL;
    char caption[640];
    BRAM_TRY(bram_figure_new(cx, &f, "Stimuli that are told best and worst",
                             "Two rows of stimuli, the best ones above, the worst below, each with "
                             "its name and what it adds to the score."));
    bram_figure_size(f, 560, 290);
    int status = bram_figure_x(
        cx, f, &(bram_figure_axis){.low = -0.5, .high = (double)s->best - 0.5, .bare = true});
    if (status == BRAM_OK)
        status = bram_figure_y(
            cx, f, &(bram_figure_axis){.labels = names, .label_count = 2, .bare = true});
    if (status == BRAM_OK) status = add_stimuli(cx, f, s);
    snprintf(caption, sizeof caption,
             "Stimuli of %s that %s tells best and worst, among those left out. Numbers: how much "
             "less squared error than the training mean, in units of each unit's variance, mean "
             "over units; over all stimuli their mean is 1 - error / variance.",
             part, model);
    return bram_report_figure(cx, r, f, status, caption);
}

/* The same where no stimulus has a picture. */
static int table_of_stimuli(bram_ctx *cx, bram_report *r, const struct shown *s, const char *model,
                            const char *part, const bram_axis *ids)
{
    static const bram_table_column columns[] = {
        {"best", "told best", BRAM_CELL_TEXT, .wrap = true},
        {"gain", "gain", BRAM_CELL_NUMBER, .digits = 3},
        {"worst", "told worst", BRAM_CELL_TEXT, .wrap = true},
        {"loss", "gain", BRAM_CELL_NUMBER, .digits = 3}};
    bram_table *t = NULL;
    char caption[640];
    BRAM_TRY(bram_table_new(cx, &t, "", columns, 4));
    for (size_t i = 0; i < s->best; i++) {
        bram_table_row(t);
        for (size_t k = 0; k < 2; k++) {
            bram_table_text(t, 2 * k, bram_axis_id(ids, s->of[k * s->best + i].at));
            bram_table_number(t, 2 * k + 1, s->of[k * s->best + i].gain);
        }
    }
    snprintf(
        caption, sizeof caption,
        "Stimuli of %s that %s tells best and worst, among those left out. Gain: how much less "
        "squared error than the training mean, in units of each unit's variance, mean over "
        "units; over all stimuli its mean is 1 - error / variance.",
        part, model);
    return bram_report_table(cx, r, t, caption, 0);
}

static int show_part(bram_ctx *cx, bram_report *r, const bram_dataset *ds,
                     const bram_response *gain, const char *model, const char *part)
{
    struct shown s = {.count = 0};
    int status = choose(cx, &s, gain);
    if (status == BRAM_OK && s.count && ds) {
        int seen = bram_pictures_each(cx, ds, "", "", s.stimulus, take_batch, &s);
        if (!harmless(seen)) status = seen;
    }
    bool seen = false;
    for (size_t i = 0; i < s.count; i++) seen |= s.picture[i].rows > 0;
    if (status == BRAM_OK && s.count)
        status = seen ? figure_of_stimuli(cx, r, &s, model, part)
                      : table_of_stimuli(cx, r, &s, model, part, bram_response_axis(gain, 0));
    release(&s);
    return status;
}

static const bram_board_row *best_of_part(const bram_report *r, const bram_board *b, size_t part)
{
    const bram_board_row *best = NULL;
    for (size_t i = 0; i < bram_board_scored(b); i++) {
        double value = bram_board_value(b, &b->row[i], part);
        double most = best ? bram_board_value(b, best, part) : (double)NAN;
        if (isnan(value) || bram_report_model_of(r, &b->row[i])->trivial) continue;
        if (!best || (b->higher_better ? value > most : value < most)) best = &b->row[i];
    }
    return best;
}

int bram_encoding_stimuli(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    size_t at;
    const bram_dataset *ds;
    int status = bram_report_data(cx, r, b, &ds);
    if (status != BRAM_OK && !harmless(status)) return status;
    status = BRAM_OK;
    for (size_t p = 0; p < b->parts && p < MOST_PARTS && status == BRAM_OK; p++) {
        const bram_board_row *best = best_of_part(r, b, p);
        const bram_result *cell = best ? bram_board_result(b, best, p, &at) : NULL;
        const bram_dataset *whole = NULL;
        size_t mark = bram_scratch_mark(cx);
        if (cell) status = bram_results_whole(cx, &whole, r->results, cell, "stimuli/");
        const bram_response *gain = whole ? bram_dataset_response(whole, "stimuli/gain") : NULL;
        if (status == BRAM_OK && gain && bram_response_dims(gain) == 1)
            status = show_part(cx, r, ds, gain, bram_report_model_of(r, best)->name,
                               bram_board_part(b, p));
        bram_scratch_release(cx, mark);
    }
    return status;
}
