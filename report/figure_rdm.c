/*
 * figure_rdm.c - dissimilarity matrices as heat maps, and what their figures share; see
 * rdm_figures.h.
 */
#include "canvas.h"
#include "rdm_compare.h"
#include "rdm_figures.h"
#include "stats.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 60 };

/* ---- what figures share --------------------------------------------------------------------- */

double *bram_rdm_view_mean(bram_ctx *cx, const bram_rdm_view *v)
{
    size_t pairs = bram_rdm_pairs(v->n);
    double *mean = bram_scratch(cx, pairs, sizeof *mean);
    for (size_t k = 0; mean && k < pairs; k++) {
        size_t there = 0;
        for (size_t i = 0; i < v->count; i++) {
            double d = v->pairs[i * pairs + k];
            if (!isnan(d)) mean[k] += d, there++;
        }
        mean[k] = there ? mean[k] / (double)there : (double)NAN;
    }
    return mean;
}

/* Views are read only; a matrix view has no const form. */
static double *not_const(const double *values)
{
    union {
        const double *seen;
        double *data;
    } u = {values};
    return u.data;
}

int bram_rdm_view_distances(bram_ctx *cx, double **out, const bram_rdm_view *v, const double *times)
{
    size_t pairs = bram_rdm_pairs(v->n);
    bram_mat rdm = {not_const(v->pairs), v->count, pairs, pairs}, r;
    bram_rdm_measure measure = {.comparator = BRAM_COMPARE_CORR};
    double *values = bram_scratch(cx, v->count, v->count * sizeof *values);
    double *distances = bram_scratch(cx, bram_rdm_pairs(v->count), sizeof *distances), *d;
    if (!values || !distances) return BRAM_ENOMEM;
    r = (bram_mat){values, v->count, v->count, v->count};
    BRAM_TRY(bram_rdm_compare(cx, &r, NULL, &measure, &rdm, &rdm, v->n, times));
    d = distances;
    for (size_t i = 0; i < v->count; i++)
        for (size_t j = i + 1; j < v->count; j++) {
            double far = 1 - bram_row(&r, i)[j];
            *d++ = far < 0 ? 0 : far; /* by rounding; NaN stays */
        }
    *out = distances;
    return BRAM_OK;
}

int bram_rdm_view_ranks(bram_ctx *cx, double **out, const bram_rdm_view *v)
{
    size_t pairs = bram_rdm_pairs(v->n);
    double *ranks = bram_scratch(cx, v->count, pairs * sizeof *ranks);
    double *there = bram_scratch(cx, pairs, sizeof *there);
    double *rank = bram_scratch(cx, pairs, sizeof *rank);
    if (pairs && (!ranks || !there || !rank)) return BRAM_ENOMEM;
    for (size_t i = 0; i < v->count; i++) {
        const double *d = v->pairs + i * pairs;
        size_t count = 0;
        for (size_t k = 0; k < pairs; k++)
            if (!isnan(d[k])) there[count++] = d[k];
        if (count) BRAM_TRY(bram_ranks(cx, rank, there, count));
        for (size_t k = 0, at = 0; k < pairs; k++)
            ranks[i * pairs + k] = isnan(d[k]) ? (double)NAN
                                   : count > 1 ? (rank[at++] - 1) / (double)(count - 1)
                                               : 0.5;
    }
    *out = ranks;
    return BRAM_OK;
}

const char *const *bram_rdm_view_names(bram_ctx *cx, const bram_rdm_view *v, bool of_rdms)
{
    const char *const *given = of_rdms ? v->name : v->condition;
    size_t count = of_rdms ? v->count : v->n, width = 24;
    if (given) return given;
    const char **names = bram_scratch(cx, count, sizeof *names);
    char *text = names ? bram_scratch(cx, count, width) : NULL;
    for (size_t i = 0; text && i < count; i++) {
        snprintf(text + i * width, width, "%zu", i + 1);
        names[i] = text + i * width;
    }
    return text ? (const char *const *)names : NULL;
}

int bram_rdm_sheet(bram_ctx *cx, bram_buffer *out, bram_figure *f, int status,
                   const bram_rdm_view *v, const char *caption)
{
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
    return status;
}

/* ---- heat maps ------------------------------------------------------------------------------ */

static double widest(const char *const *names, size_t n)
{
    double width = 0;
    for (size_t i = 0; i < n; i++) width = fmax(width, bram_text_extent(names[i], 12));
    return fmin(width, 140);
}

static int add_names(bram_ctx *cx, bram_figure *f, const bram_rdm_view *v, bool named)
{
    bram_figure_axis axis = {.bare = true};
    if (named) axis = (bram_figure_axis){.labels = v->condition, .label_count = v->n};
    axis.bare = true;
    BRAM_TRY(bram_figure_x(cx, f, &axis));
    return bram_figure_y(cx, f, &axis);
}

int bram_rdm_heat_map(bram_ctx *cx, bram_figure **out, const bram_rdm_view *v, size_t which,
                      double low, double high, double side, bool bare)
{
    char about[256], number[24];
    size_t n = v->n, mark = bram_scratch_mark(cx);
    bool named = v->condition && (double)n * 12 <= side;
    double names = named ? widest(v->condition, n) : 0;
    const double *d = v->pairs + which * bram_rdm_pairs(n);
    double *square = bram_scratch(cx, n, n * sizeof *square);
    bram_figure *f = NULL;
    if (!square) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, d++) square[i * n + j] = square[j * n + i] = *d;
    snprintf(number, sizeof number, "%zu", which + 1);
    snprintf(about, sizeof about,
             "A square of %zu conditions by %zu: the lighter a cell, the more the two conditions "
             "differ; grey cells are missing.",
             n, n);
    BRAM_TRY(bram_figure_new(cx, &f, v->name ? v->name[which] : number, about));
    bram_figure_size(f, side + names + (bare ? 22 : 98) + 4,
                     side + 18 + (named ? 6 + fmax(18, 0.71 * names) : 0));
    bram_figure_equal(f);
    int status = add_names(cx, f, v, named);
    if (status == BRAM_OK)
        status = bram_figure_heat(
            cx, f, &(bram_heat){n, n, square, low, high, .title = v->measure, .bare = bare});
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}

/* The common scale takes in the diagonal of zeros; how many pairs are missing. */
static size_t common_scale(const bram_rdm_view *v, double *low, double *high)
{
    size_t missing = 0;
    *low = *high = 0;
    for (size_t k = 0; k < v->count * bram_rdm_pairs(v->n); k++) {
        if (isnan(v->pairs[k])) missing++;
        *low = fmin(*low, v->pairs[k]), *high = fmax(*high, v->pairs[k]);
    }
    return missing;
}

static int draw_all(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v, const char *caption,
                    double low, double high)
{
    bram_figure *panel[BRAM_MOST_PANELS] = {NULL};
    size_t columns = 1;
    double side = 14 * (double)v->n, least = v->count > 1 ? 190 : 300;
    while (columns < 4 && columns * columns < v->count) columns++;
    if (v->n > MOST_NAMES) side = 480;
    if (v->count > 1) side = fmin(side, 230);
    int status = BRAM_OK;
    for (size_t i = 0; i < v->count && status == BRAM_OK; i++)
        status = bram_rdm_heat_map(cx, &panel[i], v, i, low, high, fmax(side, least), true);
    if (status == BRAM_OK)
        status = bram_sheet_write(cx, out,
                                  &(bram_sheet){.title = v->title,
                                                .description = bram_figure_description(panel[0]),
                                                .caption = caption,
                                                .panel = (const bram_figure *const *)panel,
                                                .panels = v->count,
                                                .columns = columns,
                                                .colour_bar = true},
                                  v->format);
    for (size_t i = 0; i < v->count; i++) bram_figure_free(panel[i]);
    return status;
}

int bram_rdm_heat_maps(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v, bool ranks)
{
    char caption[512];
    size_t mark = bram_scratch_mark(cx);
    bram_rdm_view shown = *v;
    double low, high;
    if (!v->count || !v->n || v->count > BRAM_MOST_PANELS)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a figure of %zu matrices of %zu conditions, expected 1 to %d matrices",
                         v->count, v->n, BRAM_MOST_PANELS);
    if (ranks) {
        double *values = NULL;
        BRAM_TRY(bram_rdm_view_ranks(cx, &values, v));
        shown.pairs = values;
        shown.measure = "rank of the dissimilarity, 0 least, 1 largest";
    }
    size_t missing = common_scale(&shown, &low, &high), used;
    used = (size_t)snprintf(caption, sizeof caption, "%zu conditions%s%s.", v->n,
                            ranks ? ", each matrix by the ranks of its pairs: " : ": ", v->measure);
    if (v->count > 1 && !ranks)
        used += (size_t)snprintf(caption + used, sizeof caption - used,
                                 " One scale for all %zu matrices.", v->count);
    if (missing)
        snprintf(caption + used, sizeof caption - used, " Grey: undefined (%zu pair%s).", missing,
                 missing == 1 ? "" : "s");
    int status = draw_all(cx, out, &shown, caption, low, high);
    bram_scratch_release(cx, mark);
    return status;
}
