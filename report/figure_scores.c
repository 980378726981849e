/*
 * figure_scores.c - scores of models with their ceiling; see figure_scores.h.
 */
#include "figure_scores.h"

#include "canvas.h"
#include "letters.h"

#include <math.h>
#include <stdio.h>

enum { MARK_BYTES = BRAM_LETTERS_BYTES + 4, WIDTH = 600 };

/* The models, best first. */
struct rows {
    size_t count;
    const char **name, **mark;
    double *y, *value, *low, *high, *end; /* end: where the mark begins */
};

static int new_rows(bram_ctx *cx, struct rows *r, size_t n)
{
    r->count = n;
    r->name = bram_scratch(cx, n, 2 * sizeof *r->name);
    r->y = bram_scratch(cx, n, 5 * sizeof *r->y);
    if (!r->name || !r->y) return BRAM_ENOMEM;
    r->mark = r->name + n;
    r->value = r->y + n, r->low = r->value + n, r->high = r->low + n, r->end = r->high + n;
    return BRAM_OK;
}

static int sort_models(bram_ctx *cx, size_t **out, const bram_score_view *v)
{
    size_t *order = bram_scratch(cx, v->count, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    for (size_t i = 0; i < v->count; i++) {
        size_t at = i; /* by insertion: equal ones stay in their order, undefined ones last */
        for (; at > 0 && (v->value[i] > v->value[order[at - 1]] ||
                          (isnan(v->value[order[at - 1]]) && !isnan(v->value[i])));
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    *out = order;
    return BRAM_OK;
}

static size_t pair_of(size_t n, size_t i, size_t j)
{
    size_t a = i < j ? i : j, b = i < j ? j : i;
    return a * n - a * (a + 1) / 2 + (b - a - 1);
}

/* "* ab": above zero, and the letters. @return whether any model has letters */
static int put_marks(bram_ctx *cx, struct rows *r, bool *lettered, const bram_score_view *v,
                     const size_t *order)
{
    size_t n = v->count, pairs = n * (n - 1) / 2, at = 0;
    char(*letters)[BRAM_LETTERS_BYTES] = bram_scratch(cx, n, sizeof *letters);
    char *mark = bram_scratch(cx, n, MARK_BYTES);
    bool *differ = bram_scratch(cx, pairs, sizeof *differ);
    if (!letters || !mark || (pairs && !differ)) return BRAM_ENOMEM;
    for (size_t i = 0; v->pair && i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            differ[at++] = v->pair[pair_of(n, order[i], order[j])] < v->alpha;
    if (v->pair && n > 1) BRAM_TRY(bram_letters(cx, letters, differ, n));
    *lettered = letters[0][0] != 0;
    for (size_t i = 0; i < n; i++) {
        bool above = v->zero && v->zero[order[i]] < v->alpha;
        snprintf(mark + i * MARK_BYTES, MARK_BYTES, "%s%s%s", above ? "*" : "",
                 above && *lettered ? " " : "", letters[i]);
        r->mark[i] = mark + i * MARK_BYTES;
    }
    return BRAM_OK;
}

static void fill_rows(struct rows *r, const bram_score_view *v, const size_t *order)
{
    for (size_t i = 0; i < r->count; i++) {
        size_t m = order[i];
        r->name[i] = v->name[m];
        r->y[i] = (double)i;
        r->value[i] = v->value[m];
        r->low[i] = v->low ? v->low[m] : (double)NAN;
        r->high[i] = v->high ? v->high[m] : (double)NAN;
        r->end[i] = isnan(r->high[i]) ? r->value[i] : fmax(r->high[i], r->value[i]);
    }
}

/* From below everything, zero included, to where the longest mark ends. */
static bram_figure_axis axis_of(const struct rows *r, const bram_score_view *v)
{
    double low = 0, high = 0, letters = 0;
    for (size_t i = 0; i < r->count; i++) {
        low = fmin(low, fmin(r->low[i], r->value[i]));
        high = fmax(high, r->end[i]);
        letters = fmax(letters, bram_text_extent(r->mark[i], 12));
    }
    double range = fmax(high, v->upper) - low, room = 1 - (letters + 14) / (0.6 * WIDTH);
    double end = fmax(low + (high - low) / fmax(room, 0.3), fmax(high, v->upper) + 0.03 * range);
    if (!(end > low)) return (bram_figure_axis){.title = v->measure};
    return (bram_figure_axis){
        .title = v->measure, .low = low < 0 ? low - 0.03 * range : 0, .high = end};
}

static int add_ceiling(bram_ctx *cx, bram_figure *f, const bram_score_view *v)
{
    const double bounds[] = {v->lower, v->upper};
    if (isnan(v->lower) || isnan(v->upper)) return BRAM_OK;
    BRAM_TRY(bram_figure_add(cx, f,
                             &(bram_series){.mark = BRAM_MARK_SPANS,
                                            .colour = BRAM_MUTED,
                                            .count = 1,
                                            .low = bounds,
                                            .high = bounds + 1}));
    for (size_t i = 0; i < 2; i++)
        BRAM_TRY(bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_RULE,
                                                .name = i ? "" : "noise ceiling",
                                                .colour = BRAM_MUTED,
                                                .count = 1,
                                                .x = bounds + i,
                                                .horizontal = true,
                                                .dashed = true}));
    return BRAM_OK;
}

static int draw_rows(bram_ctx *cx, bram_figure *f, const struct rows *r, const bram_score_view *v)
{
    const double zero = 0;
    bram_figure_axis axis = axis_of(r, v);
    BRAM_TRY(bram_figure_x(cx, f, &axis));
    BRAM_TRY(bram_figure_y(cx, f, &(bram_figure_axis){.labels = r->name, .label_count = r->count}));
    BRAM_TRY(add_ceiling(cx, f, v));
    if (axis.low < 0)
        BRAM_TRY(bram_figure_add(cx, f,
                                 &(bram_series){.mark = BRAM_MARK_RULE,
                                                .colour = BRAM_INK,
                                                .count = 1,
                                                .x = &zero,
                                                .horizontal = true}));
    BRAM_TRY(bram_figure_add(cx, f,
                             &(bram_series){.mark = BRAM_MARK_POINTS,
                                            .colour = 0,
                                            .count = r->count,
                                            .x = r->value,
                                            .y = r->y,
                                            .low = r->low,
                                            .high = r->high,
                                            .horizontal = true}));
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_TEXT,
                                          .colour = BRAM_INK,
                                          .count = r->count,
                                          .x = r->end,
                                          .y = r->y,
                                          .text = r->mark,
                                          .in_place = true});
}

static void describe(char caption[640], const bram_score_view *v, bool lettered)
{
    size_t used = (size_t)snprintf(caption, 640, "%.80s, %.120s", v->measure, v->data);
    if (v->low)
        used += (size_t)snprintf(caption + used, 640 - used, "; bars: %g %% intervals",
                                 100 * v->level);
    if (!isnan(v->lower))
        used += (size_t)snprintf(caption + used, 640 - used, "; band: noise ceiling, %.3g to %.3g",
                                 v->lower, v->upper);
    if (v->zero) used += (size_t)snprintf(caption + used, 640 - used, "; *: above zero");
    if (lettered)
        used += (size_t)snprintf(caption + used, 640 - used,
                                 "; models that share a letter do not differ");
    if (v->zero || lettered)
        used += (size_t)snprintf(caption + used, 640 - used, " (p < %g, %.100s)", v->alpha,
                                 v->tests);
    snprintf(caption + used, 640 - used, ".");
}

int bram_scores_draw(bram_ctx *cx, bram_buffer *out, const bram_score_view *v)
{
    struct rows r;
    size_t *order, mark = bram_scratch_mark(cx);
    bool lettered;
    char caption[640];
    bram_figure *f = NULL;
    if (!v->count) return bram_fail(cx, BRAM_ESHAPE, "a figure of scores needs a model");
    BRAM_TRY(new_rows(cx, &r, v->count));
    BRAM_TRY(sort_models(cx, &order, v));
    fill_rows(&r, v, order);
    BRAM_TRY(put_marks(cx, &r, &lettered, v, order));
    describe(caption, v, lettered);
    BRAM_TRY(bram_figure_new(cx, &f, v->title,
                             "One row a model, best first: a dot at its score, a bar for its "
                             "interval; the shaded band is what a perfect model could reach."));
    bram_figure_size(f, WIDTH, 90 + 24 * (double)v->count);
    int status = draw_rows(cx, f, &r, v);
    const bram_figure *panel[] = {f};
    if (status == BRAM_OK)
        status = bram_sheet_write(cx, out,
                                  &(bram_sheet){.title = v->title,
                                                .description = bram_figure_description(f),
                                                .caption = caption,
                                                .panel = panel,
                                                .panels = 1,
                                                .columns = 1},
                                  v->format);
    bram_figure_free(f);
    bram_scratch_release(cx, mark);
    return status;
}
