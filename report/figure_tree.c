/*
 * figure_tree.c - conditions or matrices as a tree (dendrogram) of average linkage.
 */
#include "linkage.h"
#include "rdm.h"
#include "rdm_figures.h"

#include <math.h>
#include <stdio.h>

/* Where a cluster ends on the page: its height, and the middle of its branches. */
struct end {
    double height, place;
};

/* Three sides of a rectangle for each merge. */
static size_t outline(double *x, double *y, struct end *end, const bram_merge *tree, size_t n)
{
    size_t at = 0;
    for (size_t k = 0; k + 1 < n; k++) {
        struct end a = end[tree[k].a], b = end[tree[k].b];
        double h = tree[k].height;
        const double corner[][2] = {
            {a.height, a.place}, {h, a.place}, {h, b.place}, {b.height, b.place}, {NAN, NAN}};
        for (size_t i = 0; i < 5; i++, at++) x[at] = corner[i][0], y[at] = corner[i][1];
        end[n + k] = (struct end){h, (a.place + b.place) / 2};
    }
    return at;
}

static int draw(bram_ctx *cx, bram_figure *f, const double *pairs, size_t n,
                const char *const *names, const char *measure)
{
    bram_merge *tree = bram_scratch(cx, n, sizeof *tree);
    struct end *end = bram_scratch(cx, 2 * n, sizeof *end);
    size_t *order = bram_scratch(cx, n, sizeof *order);
    const char **label = bram_scratch(cx, n, sizeof *label);
    double *x = bram_scratch(cx, n, 10 * sizeof *x), least = 0;
    if (!tree || !end || !order || !label || !x) return BRAM_ENOMEM;
    double *y = x + 5 * n;
    BRAM_TRY(bram_linkage_average(cx, tree, pairs, n));
    BRAM_TRY(bram_linkage_order(cx, order, tree, n));
    for (size_t i = 0; i < n; i++) {
        end[order[i]] = (struct end){0, (double)i};
        label[i] = names[order[i]];
        if (i + 1 < n) least = fmin(least, tree[i].height);
    }
    for (size_t i = 0; i < n; i++) end[i].height = least; /* unbiased distances go below 0 */
    size_t points = outline(x, y, end, tree, n);
    BRAM_TRY(
        bram_figure_x(cx, f,
                      &(bram_figure_axis){.title = measure,
                                          .low = least,
                                          .high = tree[n - 2].height > least
                                                      ? least + 1.03 * (tree[n - 2].height - least)
                                                      : least + 1}));
    BRAM_TRY(
        bram_figure_y(cx, f, &(bram_figure_axis){.labels = label, .label_count = n, .bare = true}));
    return bram_figure_add(
        cx, f,
        &(bram_series){.mark = BRAM_MARK_LINE, .colour = 0, .count = points, .x = x, .y = y});
}

int bram_rdm_tree(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v, bool of_rdms)
{
    char about[160], caption[384];
    size_t mark = bram_scratch_mark(cx), n = of_rdms ? v->count : v->n;
    double *pairs = NULL;
    if (of_rdms) BRAM_TRY(bram_rdm_view_distances(cx, &pairs, v, NULL));
    else pairs = bram_rdm_view_mean(cx, v);
    const char *const *names = bram_rdm_view_names(cx, v, of_rdms);
    if (!pairs || !names) return BRAM_ENOMEM;
    if (n < 2) return bram_fail(cx, BRAM_ESHAPE, "a tree of %zu, expected 2 things or more", n);
    const char *measure = of_rdms ? "1 \xe2\x88\x92 r of matrices" : v->measure;
    snprintf(about, sizeof about, "A tree of %zu %s: what joins further left is more alike.", n,
             of_rdms ? "matrices" : "conditions");
    snprintf(caption, sizeof caption,
             "Average linkage: branches join at the mean of all "
             "dissimilarities between them (%s%s).",
             measure, v->count > 1 && !of_rdms ? ", mean over matrices" : "");
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, v->title, about));
    bram_figure_size(f, 560, 90 + 15 * (double)n);
    int status = draw(cx, f, pairs, n, names, measure);
    status = bram_rdm_sheet(cx, out, f, status, v, caption);
    bram_scratch_release(cx, mark);
    return status;
}
