/*
 * encoding_maps.c - where readouts of maps look: the maps of some units, and of regions whose
 * queries move from image to image the mean over images; see encoding_figures.h.
 */
#include "encoding_figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MAPS = 6, MOST_PARTS = 3, SIDE = 210 };

/* Maps of one model on one part. */
struct maps {
    const bram_response *map, *attention;
    const bram_result *cell;
    size_t score; /* the row of the cell's scores */
};

static int find_maps(bram_ctx *cx, struct maps *m, const bram_report *r, const bram_board *b,
                     const bram_board_row *row, size_t part)
{
    const bram_dataset *ds = NULL;
    size_t at = 0;
    const bram_result *cell = bram_board_result(b, row, part, &at);
    *m = (struct maps){.cell = cell, .score = at};
    if (m->cell) BRAM_TRY(bram_results_whole(cx, &ds, r->results, m->cell, "readout/"));
    m->map = ds ? bram_dataset_response(ds, "readout/map") : NULL;
    m->attention = ds ? bram_dataset_response(ds, "readout/attention") : NULL;
    if (m->map && bram_response_dims(m->map) != 3) m->map = NULL;
    if (m->attention && bram_response_dims(m->attention) != 4) m->attention = NULL;
    return BRAM_OK;
}

static int add_heat(bram_ctx *cx, bram_report *r, const double *value, size_t rows, size_t cols,
                    const char *name)
{
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, name,
                             "A map of the features' positions: light where the readout looks, "
                             "dark where it does not."));
    bram_figure_size(f, SIDE + 76, SIDE);
    bram_figure_equal(f);
    int status = bram_figure_heat(
        cx, f, &(bram_heat){.rows = rows, .cols = cols, .values = value, .title = "weight"});
    if (status == BRAM_OK) status = bram_figure_x(cx, f, &(bram_figure_axis){.bare = true});
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &(bram_figure_axis){.bare = true});
    return bram_report_figure(cx, r, f, status, name);
}

/* The units with the best scores, best first. @return how many */
static int best_units(bram_ctx *cx, size_t unit[MOST_MAPS], size_t *count, const struct maps *m)
{
    const bram_response *raw = bram_dataset_response(m->cell->data, "raw");
    size_t n = bram_response_length(raw, 1);
    double *score = bram_scratch(cx, n, sizeof *score);
    uint8_t *present = bram_scratch(cx, n, 1);
    *count = 0;
    if (!score || !present) return BRAM_ENOMEM;
    BRAM_TRY(
        bram_response_read(cx, raw, (size_t[]){m->score, 0}, (size_t[]){1, n}, score, present));
    for (size_t k = 0; k < MOST_MAPS; k++) {
        size_t best = n;
        for (size_t u = 0; u < n && u < bram_response_length(m->map, 0); u++)
            if (present[u] && (best == n || score[u] > score[best])) best = u;
        if (best == n) break;
        present[best] = 0;
        unit[(*count)++] = best;
    }
    return BRAM_OK;
}

static int show_units(bram_ctx *cx, bram_report *r, const struct maps *m, const char *model,
                      const char *part)
{
    size_t unit[MOST_MAPS], count, rows = bram_response_length(m->map, 1),
                                   cols = bram_response_length(m->map, 2);
    double *value = bram_scratch(cx, rows * cols, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(best_units(cx, unit, &count, m));
    if (!count) return BRAM_OK;
    bram_report_say(r,
                    "Where %s looks for units of %s, whatever the image: the %zu units that it "
                    "tells best, the mean over folds.",
                    model, part, count);
    bram_page_grid(&r->page);
    int status = BRAM_OK;
    for (size_t k = 0; k < count && status == BRAM_OK; k++) {
        char name[160];
        snprintf(name, sizeof name, "%.60s, unit %.60s", part,
                 bram_axis_id(bram_response_axis(m->map, 0), unit[k]));
        status = bram_response_read(cx, m->map, (size_t[]){unit[k], 0, 0},
                                    (size_t[]){1, rows, cols}, value, NULL);
        if (status == BRAM_OK) status = add_heat(cx, r, value, rows, cols, name);
    }
    bram_page_grid_end(&r->page);
    return status;
}

/* The mean attention of one region over the images it is known of. */
static int mean_attention(bram_ctx *cx, double *out, const bram_response *a, size_t region)
{
    size_t n = bram_response_length(a, 2) * bram_response_length(a, 3), images = 0;
    double *value = bram_scratch(cx, n, sizeof *value);
    uint8_t *present = bram_scratch(cx, n, 1);
    if (!value || !present) return BRAM_ENOMEM;
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < bram_response_length(a, 0); i++) {
        BRAM_TRY(bram_response_read(
            cx, a, (size_t[]){i, region, 0, 0},
            (size_t[]){1, 1, bram_response_length(a, 2), bram_response_length(a, 3)}, value,
            present));
        if (!present[0]) continue;
        for (size_t k = 0; k < n; k++) out[k] += value[k];
        images++;
    }
    for (size_t k = 0; k < n; k++) out[k] = images ? out[k] / (double)images : (double)NAN;
    return BRAM_OK;
}

static int show_regions(bram_ctx *cx, bram_report *r, const struct maps *m, const char *model,
                        const char *part)
{
    size_t regions = bram_response_length(m->attention, 1);
    size_t rows = bram_response_length(m->attention, 2),
           cols = bram_response_length(m->attention, 3);
    double *value = bram_scratch(cx, rows * cols, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    bram_report_say(r,
                    "Where the queries of %s look in images shown to %s: the mean of their "
                    "attention over images.",
                    model, part);
    bram_page_grid(&r->page);
    int status = BRAM_OK;
    for (size_t k = 0; k < regions && k < MOST_MAPS && status == BRAM_OK; k++) {
        char name[160];
        snprintf(name, sizeof name, "%.60s, region %.60s", part,
                 bram_axis_id(bram_response_axis(m->attention, 1), k));
        status = mean_attention(cx, value, m->attention, k);
        if (status == BRAM_OK) status = add_heat(cx, r, value, rows, cols, name);
    }
    bram_page_grid_end(&r->page);
    return status;
}

/* Of the best model that has maps, part by part. */
int bram_encoding_maps(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    for (size_t p = 0; p < b->parts && p < MOST_PARTS; p++)
        for (size_t i = 0; i < bram_board_scored(b); i++) {
            struct maps m;
            const bram_board_row *row = &b->row[i];
            const char *model = bram_report_model_of(r, row)->name;
            BRAM_TRY(find_maps(cx, &m, r, b, row, p));
            if (!m.map && !m.attention) continue;
            if (m.map) BRAM_TRY(show_units(cx, r, &m, model, bram_board_part(b, p)));
            if (m.attention) BRAM_TRY(show_regions(cx, r, &m, model, bram_board_part(b, p)));
            break;
        }
    return BRAM_OK;
}
