/*
 * section_geometry.c - for benchmarks of the task "geometry": the dissimilarity matrices of the
 * area and of the models side by side, and a map of them. Matrices are not in the results: they are
 * made anew from the dataset that the results name; where it cannot be opened nothing is shown.
 * Models that would have to be fitted or run are left out: only stored features are.
 */
#include "area.h"
#include "rdm.h"
#include "rdm_figures.h"
#include "report_parts.h"

#include <stdio.h>
#include <string.h>

enum { MOST_SHOWN = 12, MOST_CONDITIONS = 400, MOST_PARTS = 3 };

/* The area's mean matrix, then the models'. */
struct shown {
    size_t n, count;
    double *pairs; /* MOST_SHOWN x pairs */
    const char *name[MOST_SHOWN];
};

/* Failures that a page without these figures can live with. */
static bool harmless(int status)
{
    return status != BRAM_ENOMEM && status != BRAM_ECANCEL;
}

static int matrix_of(bram_ctx *cx, double **out, const bram_side *side)
{
    return side->is_rdm ? bram_rdm_given(cx, out, side)
                        : bram_rdm_new(cx, out, side, BRAM_RDM_CORRELATION);
}

static int add_area(bram_ctx *cx, struct shown *s, const bram_area *a, const char *part)
{
    size_t pairs = bram_rdm_pairs(a->stimuli);
    double *each = bram_scratch(cx, a->subjects, pairs * sizeof *each);
    s->n = a->stimuli;
    s->pairs = bram_scratch(cx, MOST_SHOWN, pairs * sizeof *s->pairs);
    if (!each || !s->pairs) return BRAM_ENOMEM;
    for (size_t k = 0; k < a->subjects; k++) {
        bram_side side;
        double *d = NULL;
        BRAM_TRY(bram_area_side(cx, &side, a, k));
        BRAM_TRY(matrix_of(cx, &d, &side));
        memcpy(each + k * pairs, d, pairs * sizeof *d);
        bram_free(d);
    }
    bram_rdm_view v = {.n = a->stimuli, .count = a->subjects, .pairs = each};
    double *mean = bram_rdm_view_mean(cx, &v);
    if (!mean) return BRAM_ENOMEM;
    memcpy(s->pairs, mean, pairs * sizeof *mean);
    s->name[s->count++] = part;
    return BRAM_OK;
}

/* "features:name=V1" is called "V1"; in scratch memory. */
static const char *short_name(bram_ctx *cx, const char *spec)
{
    char *name = bram_scratch(cx, 96, 1);
    const char *options = strchr(spec, ':') + 1;
    if (name && !bram_option_of(options, "name", name, 96)) snprintf(name, 96, "%s", options);
    return name;
}

static int add_model(bram_ctx *cx, struct shown *s, const bram_dataset *ds, const bram_area *a,
                     const char *spec)
{
    bram_panel panel = {.public_data = ds};
    bram_fitted *model = NULL;
    bram_dataset *answer = NULL;
    bram_side side;
    const char *name = short_name(cx, spec);
    double *d = NULL;
    size_t pairs = bram_rdm_pairs(s->n);
    if (!name) return BRAM_ENOMEM;
    int status = bram_fitted_new(cx, &model, spec, &panel, NULL, 0);
    if (status == BRAM_OK)
        status = bram_area_features(cx, &side, &answer, model, &panel, a->stimulus);
    if (status == BRAM_OK) status = matrix_of(cx, &d, &side);
    if (status == BRAM_OK) {
        memcpy(s->pairs + s->count * pairs, d, pairs * sizeof *d);
        s->name[s->count++] = name;
    }
    bram_free(d);
    bram_dataset_free(answer);
    bram_fitted_free(model);
    return status;
}

/* ---- figures -------------------------------------------------------------------------------- */

static int write_matrices(bram_ctx *cx, bram_report *r, const bram_rdm_view *v)
{
    bram_rdm_view ranked = *v;
    double *ranks = NULL;
    BRAM_TRY(bram_rdm_view_ranks(cx, &ranks, v));
    ranked.pairs = ranks;
    bram_page_grid(&r->page);
    for (size_t i = 0; i < v->count; i++) {
        bram_figure *f = NULL;
        int status = bram_rdm_heat_map(cx, &f, &ranked, i, 0, 1, 220, false);
        BRAM_TRY(bram_report_figure(cx, r, f, status, v->name[i]));
    }
    bram_page_grid_end(&r->page);
    return BRAM_OK;
}

static int write_map(bram_ctx *cx, bram_report *r, const bram_rdm_view *v)
{
    bram_figure *f = NULL;
    char caption[512] = "";
    if (v->count < 3) return BRAM_OK;
    int status = bram_rdm_map_figure(cx, &f, caption, v);
    if (status != BRAM_OK && harmless(status)) return BRAM_OK; /* a matrix that is constant */
    return bram_report_figure(cx, r, f, status, caption);
}

static int write_part(bram_ctx *cx, bram_report *r, const struct shown *s, const char *part)
{
    char title[160];
    snprintf(title, sizeof title, "%.60s and models", part);
    bram_rdm_view v = {.n = s->n,
                       .count = s->count,
                       .pairs = s->pairs,
                       .name = s->name,
                       .title = title,
                       .measure = "rank"};
    bram_page_heading(&r->page, 3, title);
    bram_report_say(r,
                    "Dissimilarity matrices of %zu stimuli, each by the ranks of its pairs: dark "
                    "where two stimuli are alike, light where they differ, grey where that is not "
                    "known. The first is the mean over subjects.",
                    s->n);
    BRAM_TRY(write_matrices(cx, r, &v));
    return write_map(cx, r, &v);
}

static int gather(bram_ctx *cx, struct shown *s, const bram_board *b, const bram_dataset *ds,
                  const bram_area *a, const char *part)
{
    BRAM_TRY(add_area(cx, s, a, part));
    for (size_t i = 0; i < bram_board_scored(b) && s->count < MOST_SHOWN; i++) {
        const char *spec = b->row[i].model;
        if (strncmp(spec, "features:", 9) != 0) continue;
        int status = add_model(cx, s, ds, a, spec);
        if (status != BRAM_OK && !harmless(status)) return status;
    }
    return BRAM_OK;
}

int bram_section_geometry(bram_ctx *cx, bram_report *r, const bram_board *b)
{
    if (strcmp(bram_plan_text(r, b->benchmark, "task"), "geometry") != 0) return BRAM_OK;
    const bram_dataset *ds;
    int status = bram_report_data(cx, r, b, &ds);
    for (size_t p = 0; p < b->parts && p < MOST_PARTS && status == BRAM_OK; p++) {
        struct shown s = {.count = 0};
        bram_area a = {0};
        size_t mark = bram_scratch_mark(cx);
        const char *part = bram_board_part(b, p);
        status = bram_area_read(cx, &a, ds, part);
        if (status == BRAM_OK && a.stimuli <= MOST_CONDITIONS) {
            status = gather(cx, &s, b, ds, &a, part);
            if (status == BRAM_OK && s.count > 1) status = write_part(cx, r, &s, part);
        }
        bram_area_release(&a);
        bram_scratch_release(cx, mark);
    }
    return harmless(status) ? BRAM_OK : status;
}
