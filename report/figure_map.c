/*
 * figure_map.c - conditions, or matrices, as points on a map by multidimensional scaling, with
 * ellipses from bootstrap draws; see rdm_figures.h.
 */
#include "linalg.h"
#include "mds.h"
#include "rdm.h"
#include "rdm_figures.h"
#include "resample.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CORNERS = 48, MOST_STEPS = 300, LEAST_DRAWS = 20, LEAST_CONDITIONS = 8, MOST_FILLED = 24 };

/* -2 log 0.05: the squared radius that holds 95 % of a normal distribution in the plane */
static const double reach = 5.991464547107979;

struct map {
    const bram_rdm_view *view;
    bool of_rdms, roots;
    size_t things;
    bram_mat points;      /* things x 2 */
    double stress, share; /* share: of the positive eigenvalues, in classical scaling */
    double *draw;         /* draws x things x 2; NaN where a draw has no map */
    size_t draws;
};

/* Distances of a squared kind become distances; what is below 0 counts as 0. */
static void take_roots(double *pairs, size_t n)
{
    for (size_t k = 0; k < bram_rdm_pairs(n); k++)
        if (!isnan(pairs[k])) pairs[k] = sqrt(fmax(pairs[k], 0));
}

static int settle(bram_ctx *cx, bram_mat *points, double *stress, const double *pairs)
{
    return bram_mds_smacof(cx, points, stress, pairs, MOST_STEPS, 1e-7);
}

/* ---- draws ---------------------------------------------------------------------------------- */

/* The mean over matrices as often as they were drawn. */
static double *drawn_mean(bram_ctx *cx, const bram_rdm_view *v, const uint32_t *times)
{
    size_t pairs = bram_rdm_pairs(v->n);
    double *mean = bram_scratch(cx, pairs, sizeof *mean);
    for (size_t k = 0; mean && k < pairs; k++) {
        double sum = 0, count = 0;
        for (size_t i = 0; i < v->count; i++) {
            double d = v->pairs[i * pairs + k];
            if (times[i] && !isnan(d)) sum += times[i] * d, count += times[i];
        }
        mean[k] = count > 0 ? sum / count : (double)NAN;
    }
    return mean;
}

/* One draw, mapped from the map of all and laid over it. */
static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct map *m = user;
    const bram_rdm_view *v = m->view;
    size_t drawn = m->of_rdms ? v->n : v->count, values = 2 * m->things;
    uint32_t *times = bram_scratch(cx, drawn, sizeof *times);
    double *weight = bram_scratch(cx, drawn, sizeof *weight), *pairs = NULL, stress;
    bram_mat points;
    if (!times || !weight) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &points, m->things, 2));
    bram_bootstrap_draw(times, drawn, 0, "map", sample);
    for (size_t i = 0; i < drawn; i++) weight[i] = times[i];
    if (m->of_rdms) BRAM_TRY(bram_rdm_view_distances(cx, &pairs, v, weight));
    else if (!(pairs = drawn_mean(cx, v, times))) return BRAM_ENOMEM;
    if (m->roots) take_roots(pairs, m->things);
    for (size_t i = 0; i < m->things; i++)
        memcpy(bram_row(&points, i), bram_row(&m->points, i), 2 * sizeof(double));
    int status = v->classical ? bram_mds_classical(cx, &points, NULL, pairs)
                              : settle(cx, &points, &stress, pairs);
    if (status == BRAM_OK) status = bram_mds_align(cx, &points, &m->points, false);
    for (size_t i = 0; i < values; i++)
        m->draw[sample * values + i] = status == BRAM_OK ? bram_row(&points, i / 2)[i % 2]
                                                         : (double)NAN;
    return status == BRAM_ENUMERIC ? BRAM_OK : status;
}

/* The outline of the ellipse of one thing. @return how many points, 0: there is none */
static size_t ellipse(double *x, double *y, const struct map *m, size_t thing)
{
    double sum[2] = {0}, xx = 0, xy = 0, yy = 0;
    size_t n = 0, values = 2 * m->things;
    for (size_t s = 0; s < m->draws; s++) {
        const double *d = m->draw + s * values + 2 * thing;
        if (!isnan(d[0])) sum[0] += d[0], sum[1] += d[1], n++;
    }
    if (n < LEAST_DRAWS) return 0;
    for (size_t s = 0; s < m->draws; s++) {
        const double *d = m->draw + s * values + 2 * thing;
        if (isnan(d[0])) continue;
        double a = d[0] - sum[0] / (double)n, b = d[1] - sum[1] / (double)n;
        xx += a * a / (double)(n - 1), xy += a * b / (double)(n - 1), yy += b * b / (double)(n - 1);
    }
    double middle = (xx + yy) / 2, half = hypot((xx - yy) / 2, xy),
           turn = atan2(2 * xy, xx - yy) / 2;
    double a = sqrt(reach * (middle + half)), b = sqrt(reach * fmax(middle - half, 0));
    for (size_t i = 0; i < CORNERS; i++) {
        double angle = 2 * 3.14159265358979323846 * (double)i / CORNERS;
        double u = a * cos(angle), w = b * sin(angle);
        x[i] = bram_row(&m->points, thing)[0] + u * cos(turn) - w * sin(turn);
        y[i] = bram_row(&m->points, thing)[1] + u * sin(turn) + w * cos(turn);
    }
    x[CORNERS] = y[CORNERS] = NAN;
    return CORNERS + 1;
}

/* ---- the figure ----------------------------------------------------------------------------- */

static int add_ellipses(bram_ctx *cx, bram_figure *f, const struct map *m)
{
    size_t most = m->things * (CORNERS + 1), at = 0;
    double *x = bram_scratch(cx, most, 2 * sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *y = x + most;
    for (size_t i = 0; i < m->things; i++) at += ellipse(x + at, y + at, m, i);
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_AREA,
                                          .colour = 0,
                                          .count = at,
                                          .x = x,
                                          .y = y,
                                          .opacity = m->things > MOST_FILLED ? 0.03 : 0.12});
}

static int add_points(bram_ctx *cx, bram_figure *f, const struct map *m)
{
    double *x = bram_scratch(cx, m->things, 2 * sizeof *x);
    const char *const *names = bram_rdm_view_names(cx, m->view, m->of_rdms);
    if (!x || !names) return BRAM_ENOMEM;
    double *y = x + m->things;
    for (size_t i = 0; i < m->things; i++)
        x[i] = bram_row(&m->points, i)[0], y[i] = bram_row(&m->points, i)[1];
    BRAM_TRY(bram_figure_add(
        cx, f,
        &(bram_series){.mark = BRAM_MARK_POINTS, .colour = 0, .count = m->things, .x = x, .y = y}));
    return bram_figure_add(cx, f,
                           &(bram_series){.mark = BRAM_MARK_TEXT,
                                          .colour = BRAM_INK,
                                          .count = m->things,
                                          .x = x,
                                          .y = y,
                                          .text = names});
}

static int place(bram_ctx *cx, struct map *m)
{
    const bram_rdm_view *v = m->view;
    double *pairs = NULL;
    size_t drawn = m->of_rdms ? v->n : v->count;
    m->things = m->of_rdms ? v->count : v->n;
    m->roots = !m->of_rdms && v->squared;
    if (m->things < 3)
        return bram_fail(cx, BRAM_ESHAPE, "a map of %zu %s, expected 3 or more", m->things,
                         m->of_rdms ? "matrices" : "conditions");
    if (m->of_rdms) BRAM_TRY(bram_rdm_view_distances(cx, &pairs, v, NULL));
    else if (!(pairs = bram_rdm_view_mean(cx, v))) return BRAM_ENOMEM;
    if (m->roots) take_roots(pairs, m->things);
    BRAM_TRY(bram_mat_scratch(cx, &m->points, m->things, 2));
    BRAM_TRY(bram_mds_classical(cx, &m->points, &m->share, pairs));
    if (!v->classical) BRAM_TRY(settle(cx, &m->points, &m->stress, pairs));
    m->draws = drawn >= (m->of_rdms ? LEAST_CONDITIONS : 3) ? BRAM_MAP_DRAWS : 0;
    if (!m->draws) return BRAM_OK;
    m->draw = bram_scratch(cx, m->draws, 2 * m->things * sizeof *m->draw);
    if (!m->draw) return BRAM_ENOMEM;
    return bram_parallel_for(cx, m->draws, one_draw, m);
}

static void describe(char caption[512], const struct map *m)
{
    const bram_rdm_view *v = m->view;
    size_t used = (size_t)snprintf(
        caption, 512, "%s: distances are like %s%.120s%s",
        v->classical ? "Classical multidimensional scaling"
                     : "Multidimensional scaling by metric stress from the classical start",
        m->roots ? "the root of the " : "",
        m->of_rdms ? "1 \xe2\x88\x92 r of the matrices" : v->measure,
        v->count > 1 && !m->of_rdms ? ", mean over matrices" : "");
    if (v->classical)
        used += (size_t)snprintf(caption + used, 512 - used,
                                 " (%.3g %% of the positive eigenvalues).", 100 * m->share);
    else used += (size_t)snprintf(caption + used, 512 - used, " (stress-1 %.2g).", m->stress);
    if (m->draws)
        snprintf(caption + used, 512 - used,
                 " Ellipses: 95 %% of %zu bootstrap draws of %s, laid over the map by Procrustes.",
                 m->draws, m->of_rdms ? "conditions" : "matrices");
}

static int figure_of_map(bram_ctx *cx, bram_figure **out, char caption[512], struct map *m)
{
    bram_figure *f = NULL;
    BRAM_TRY(place(cx, m));
    describe(caption, m);
    BRAM_TRY(bram_figure_new(cx, &f, m->view->title,
                             m->of_rdms ? "Matrices as points: near ones are alike."
                                        : "Conditions as points: near ones are alike."));
    bram_figure_size(f, 600, m->things > 30 ? 600 : 480);
    bram_figure_equal(f);
    int status = bram_figure_x(cx, f, &(bram_figure_axis){.bare = true});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.bare = true});
    if (status == BRAM_OK && m->draws) status = add_ellipses(cx, f, m);
    if (status == BRAM_OK) status = add_points(cx, f, m);
    if (status == BRAM_OK) *out = f;
    else bram_figure_free(f);
    return status;
}

static int sheet_of_map(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v, bool of_rdms)
{
    struct map m = {.view = v, .of_rdms = of_rdms};
    bram_figure *f = NULL;
    char caption[512];
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(figure_of_map(cx, &f, caption, &m));
    int status = bram_rdm_sheet(cx, out, f, BRAM_OK, v, caption);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_rdm_map(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v)
{
    return sheet_of_map(cx, out, v, false);
}

int bram_rdm_map_of_rdms(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v)
{
    return sheet_of_map(cx, out, v, true);
}

int bram_rdm_map_figure(bram_ctx *cx, bram_figure **out, char caption[512], const bram_rdm_view *v)
{
    struct map m = {.view = v, .of_rdms = true};
    size_t mark = bram_scratch_mark(cx);
    int status = figure_of_map(cx, out, caption, &m);
    bram_scratch_release(cx, mark);
    return status;
}
