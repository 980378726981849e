/*
 * section_thresholds.c - for benchmarks of the task "identification": how well each pair of
 * thresholds l <= u of topological RSA tells the regions apart, as a map for each level of noise
 * and variation. All maps have one scale. Benchmarks without maps get nothing here.
 */
#include "report_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_MAPS = 12, MOST_STEPS = 101 };

/* The cell that has maps, that of the statistic "best"; NULL: none. */
static int find_cell(bram_ctx *cx, const bram_dataset **out, const bram_report *r,
                     const bram_board *b)
{
    *out = NULL;
    for (size_t i = 0; i < bram_results_count(r->results); i++) {
        const bram_result *cell = bram_results_at(r->results, i);
        const bram_dataset *ds = NULL;
        if (strcmp(cell->benchmark, b->benchmark) != 0) continue;
        BRAM_TRY(bram_results_whole(cx, &ds, r->results, cell, "map/"));
        for (size_t k = 0; ds && k < bram_dataset_responses(ds); k++)
            if (!strncmp(bram_dataset_response_path(ds, k), "map/", 4)) {
                *out = ds;
                return BRAM_OK;
            }
    }
    return BRAM_OK;
}

/* "noise30": "noise 30 %" */
static void level_words(char out[64], const char *name)
{
    size_t letters = strcspn(name, "0123456789");
    snprintf(out, 64, "%.*s %s %%", (int)(letters < 40 ? letters : 40), name, name + letters);
}

static int draw_map(bram_ctx *cx, bram_report *r, const bram_response *map, const char *name,
                    const double range[2])
{
    size_t n = bram_response_length(map, 0), mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, n, n * sizeof *value);
    uint8_t *present = bram_scratch(cx, n, n);
    const char **label = bram_scratch(cx, n, sizeof *label);
    char words[64], caption[160];
    bram_figure *f = NULL;
    if (!value || !present || !label) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, map, (size_t[]){0, 0}, (size_t[]){n, n}, value, present));
    size_t l = 0, u = 0; /* of the best */
    for (size_t i = 0; i < n; i++) {
        label[i] = bram_axis_id(bram_response_axis(map, 0), i);
        for (size_t j = 0; j < n; j++) {
            double *here = &value[i * n + j];
            if (!present[i * n + j]) *here = NAN;
            if (!isnan(*here) && !(*here <= value[l * n + u])) l = i, u = j;
        }
    }
    level_words(words, name);
    BRAM_TRY(bram_figure_new(cx, &f, words,
                             "A triangle: rows are the lower threshold l, columns the upper one u; "
                             "the lighter a cell, the more matrices find their region."));
    bram_figure_size(f, 380, 320);
    bram_figure_equal(f);
    bram_figure_axis axis = {.title = "lower threshold l", .labels = label, .label_count = n};
    int status = bram_figure_y(cx, f, &axis);
    axis.title = "upper threshold u";
    if (status == BRAM_OK) status = bram_figure_x(cx, f, &axis);
    if (status == BRAM_OK)
        status = bram_figure_heat(
            cx, f, &(bram_heat){n, n, value, range[0], range[1], .title = "sensitivity"});
    snprintf(caption, sizeof caption, "%s: best %.2f at l = %s, u = %s.", words, value[l * n + u],
             label[l], label[u]);
    bram_scratch_release(cx, mark);
    return bram_report_figure(cx, r, f, status, caption);
}

/* From the least to the largest value of all maps. */
static int range_of(bram_ctx *cx, double range[2], const bram_response *map)
{
    size_t n = bram_response_length(map, 0), mark = bram_scratch_mark(cx);
    double *value = bram_scratch(cx, n, n * sizeof *value);
    uint8_t *present = bram_scratch(cx, n, n);
    if (!value || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, map, (size_t[]){0, 0}, (size_t[]){n, n}, value, present));
    for (size_t k = 0; k < n * n; k++)
        if (present[k] && isfinite(value[k]))
            range[0] = fmin(range[0], value[k]), range[1] = fmax(range[1], value[k]);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static bool is_map(const bram_response *m)
{
    return bram_response_dims(m) == 2 && bram_response_length(m, 0) == bram_response_length(m, 1) &&
           bram_response_length(m, 0) > 1 && bram_response_length(m, 0) <= MOST_STEPS;
}

int bram_section_thresholds(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    const bram_dataset *ds = NULL;
    BRAM_TRY(find_cell(cx, &ds, r, b));
    const bram_response *map[MOST_MAPS];
    const char *name[MOST_MAPS];
    size_t count = 0;
    double range[2] = {INFINITY, -INFINITY};
    for (size_t k = 0; ds && k < bram_dataset_responses(ds) && count < MOST_MAPS; k++) {
        const char *path = bram_dataset_response_path(ds, k);
        if (strncmp(path, "map/", 4) != 0 || !is_map(bram_dataset_response(ds, path))) continue;
        name[count] = path + 4;
        map[count] = bram_dataset_response(ds, path);
        BRAM_TRY(range_of(cx, range, map[count++]));
    }
    if (!count || !(range[0] <= range[1])) return BRAM_OK;
    bram_page_heading(&r->page, 3, "Thresholds");
    bram_report_say(r, "The sensitivity of each pair of thresholds l \xe2\x89\xa4 u of topological "
                       "RSA, on all data: the best of them chose itself and flatters. One scale "
                       "for all; grey: no such pair.");
    bram_page_grid(&r->page);
    for (size_t k = 0; k < count; k++) BRAM_TRY(draw_map(cx, r, map[k], name[k], range));
    bram_page_grid_end(&r->page);
    return BRAM_OK;
}
