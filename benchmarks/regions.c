/*
 * regions.c - matrices of subjects x regions; see regions.h.
 */
#include "regions.h"

#include "area.h"
#include "linalg.h"
#include "rdm_side.h"
#include "scoring.h"
#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static void free_names(char **name, size_t count)
{
    for (size_t i = 0; name && i < count; i++) bram_free(name[i]);
    bram_free(name);
}

void bram_regions_release(bram_regions *r)
{
    for (size_t i = 0; r->order && i < r->items; i++) bram_free(r->order[i].index);
    free_names(r->region_name, r->regions);
    free_names(r->subject_name, r->items);
    bram_free(r->region);
    bram_free(r->subject);
    bram_free(r->rdm.data);
    bram_free(r->order);
    *r = (bram_regions){0};
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Room for all items; names of subjects are found as items come. */
static int make_room(bram_ctx *cx, bram_regions *r, size_t regions, size_t items, size_t stimuli)
{
    *r = (bram_regions){.stimuli = stimuli,
                        .pairs = bram_rdm_pairs(stimuli),
                        .region_name = bram_alloc(cx, regions, sizeof(char *)),
                        .subject_name = bram_alloc(cx, items, sizeof(char *)),
                        .region = bram_alloc(cx, items, sizeof(size_t)),
                        .subject = bram_alloc(cx, items, sizeof(size_t)),
                        .order = bram_alloc(cx, items, sizeof(bram_order))};
    if (!r->region_name || !r->subject_name || !r->region || !r->subject || !r->order)
        return BRAM_ENOMEM;
    return bram_mat_new(cx, &r->rdm, items, r->pairs);
}

/* The number of a subject by its name, a new one where it was not met before. */
static int subject_number(bram_ctx *cx, size_t *out, bram_regions *r, const char *name)
{
    size_t s = 0;
    while (s < r->subjects && strcmp(r->subject_name[s], name) != 0) s++;
    if (s == r->subjects) {
        r->subject_name[s] = bram_strdup(cx, name);
        if (!r->subject_name[s]) return BRAM_ENOMEM;
        r->subjects++;
    }
    *out = s;
    return BRAM_OK;
}

static int check_pairs(bram_ctx *cx, const double *pairs, size_t count, const char *region,
                       const char *subject)
{
    size_t lacking = 0;
    for (size_t k = 0; k < count; k++) lacking += isnan(pairs[k]);
    if (!lacking) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s of %s lacks %zu of %zu pairs of stimuli", region,
                     subject, lacking, count);
}

static int make_pairs(bram_ctx *cx, double **out, const bram_rdm_way *way, const bram_area *area,
                      size_t s)
{
    bram_side side;
    bool measured;
    double *pairs = NULL;
    BRAM_TRY(bram_area_side(cx, &side, area, s));
    if (bram_rdm_uses_repeats(way)) BRAM_TRY(bram_area_add_repeats(cx, &side, area, s));
    BRAM_TRY(bram_rdm_of_side(cx, &pairs, &measured, &side, way));
    int status = bram_rdm_check_brain(cx, way, measured, side.is_rdm);
    if (status == BRAM_OK) *out = pairs;
    else bram_free(pairs);
    return status;
}

static int add_item(bram_ctx *cx, bram_regions *r, const bram_rdm_way *way, const bram_area *area,
                    size_t s, const char *region)
{
    double *pairs = NULL;
    size_t at = r->items, mark = bram_scratch_mark(cx);
    int status = make_pairs(cx, &pairs, way, area, s);
    bram_scratch_release(cx, mark);
    BRAM_TRY(status);
    status = check_pairs(cx, pairs, r->pairs, region, area->subject[s]);
    if (status == BRAM_OK) {
        memcpy(bram_row(&r->rdm, at), pairs, r->pairs * sizeof *pairs);
        status = bram_order_new(cx, &r->order[at], pairs, r->pairs);
    }
    bram_free(pairs);
    BRAM_TRY(status);
    r->items++; /* from here its order is released */
    r->region[at] = r->regions - 1;
    return subject_number(cx, &r->subject[at], r, area->subject[s]);
}

static int same_stimuli(bram_ctx *cx, const bram_axis *a, const bram_axis *b, const char *region)
{
    bool same = bram_axis_length(a) == bram_axis_length(b);
    for (size_t i = 0; same && i < bram_axis_length(a); i++)
        same = strcmp(bram_axis_id(a, i), bram_axis_id(b, i)) == 0;
    return same ? BRAM_OK
                : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                            "%s has other stimuli, or another order of them, than the first region",
                            region);
}

static int read_area(bram_ctx *cx, bram_regions *r, const bram_rdm_way *way, const bram_area *area,
                     const char *region)
{
    r->region_name[r->regions] = bram_strdup(cx, region);
    if (!r->region_name[r->regions]) return BRAM_ENOMEM;
    r->regions++;
    for (size_t s = 0; s < area->subjects; s++) BRAM_TRY(add_item(cx, r, way, area, s, region));
    return BRAM_OK;
}

static int read_areas(bram_ctx *cx, bram_regions *r, const bram_rdm_way *way,
                      const bram_dataset *ds, const bram_axis *part, bram_area *area)
{
    size_t regions = bram_axis_length(part), items = 0;
    for (size_t i = 0; i < regions; i++) {
        BRAM_TRY(bram_area_read(cx, &area[i], ds, bram_axis_id(part, i)));
        BRAM_TRY(same_stimuli(cx, area[0].stimulus, area[i].stimulus, bram_axis_id(part, i)));
        items += area[i].subjects;
    }
    BRAM_TRY(make_room(cx, r, regions, items, area[0].stimuli));
    for (size_t i = 0; i < regions; i++)
        BRAM_TRY(read_area(cx, r, way, &area[i], bram_axis_id(part, i)));
    if (r->regions < 2 || r->subjects < 2 || r->stimuli < 3)
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "%zu regions of %zu subjects with %zu stimuli, expected 2, 2 and 3 or more", r->regions,
            r->subjects, r->stimuli);
    return BRAM_OK;
}

static int read_parts(bram_ctx *cx, bram_regions *r, const bram_rdm_way *way,
                      const bram_benchmark *b, const bram_dataset *ds)
{
    bram_axis *part = NULL;
    BRAM_TRY(bram_area_parts(cx, &part, b, ds));
    bram_area *area = bram_alloc(cx, bram_axis_length(part), sizeof *area);
    int status = area ? read_areas(cx, r, way, ds, part, area) : BRAM_ENOMEM;
    for (size_t i = 0; area && i < bram_axis_length(part); i++) bram_area_release(&area[i]);
    bram_free(area);
    bram_axis_free(part);
    /* cross-validated distances are below 0 as often as not where there is no difference */
    r->least = bram_rdm_crossvalidates(way) ? -INFINITY : 0;
    return status;
}

int bram_regions_read(bram_ctx *cx, bram_regions *out, const bram_benchmark *b,
                      const bram_dataset *ds)
{
    bram_metric_use use = {0};
    bram_regions r = {0};
    BRAM_TRY(bram_metric_use_parse(cx, &use, b->metrics[0]));
    int status = strcmp(use.metric->name, "rsa") != 0 && strcmp(use.metric->name, "trsa") != 0
                     ? bram_fail(cx, BRAM_EUSAGE,
                                 "identification by %s: expected rsa or trsa, whose rdm= says how "
                                 "responses become dissimilarities",
                                 use.metric->name)
                     : BRAM_OK;
    if (status == BRAM_OK) {
        bram_rdm_way way = bram_rdm_way_of(use.options);
        status = read_parts(cx, &r, &way, b, ds);
    }
    bram_metric_use_release(&use);
    if (status == BRAM_OK) *out = r;
    else bram_regions_release(&r);
    return status;
}

/* ---- harder --------------------------------------------------------------------------------- */

static void vary(bram_regions *r, double *mean, double variation, size_t region)
{
    double count = 0;
    for (size_t k = 0; k < r->pairs; k++) mean[k] = 0;
    for (size_t i = 0; i < r->items; i++) {
        if (r->region[i] != region) continue;
        count++;
        for (size_t k = 0; k < r->pairs; k++) mean[k] += bram_row(&r->rdm, i)[k];
    }
    for (size_t i = 0; i < r->items; i++) {
        double *x = bram_row(&r->rdm, i);
        for (size_t k = 0; r->region[i] == region && k < r->pairs; k++)
            x[k] = fmax(r->least, mean[k] / count + variation * (x[k] - mean[k] / count));
    }
}

int bram_regions_perturb(bram_ctx *cx, bram_regions *r, double noise, double variation,
                         uint64_t seed)
{
    size_t mark = bram_scratch_mark(cx);
    double *mean = bram_scratch(cx, r->pairs, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    for (size_t g = 0; variation != 1 && g < r->regions; g++) vary(r, mean, variation, g);
    bram_scratch_release(cx, mark);
    for (size_t i = 0; i < r->items; i++) {
        double *x = bram_row(&r->rdm, i);
        double deviation = noise * sqrt(bram_variance(x, r->pairs, 0));
        bram_rng g = bram_rng_at(seed, "identification/noise", i);
        bram_order order;
        for (size_t k = 0; noise > 0 && k < r->pairs; k++)
            x[k] = fmax(r->least, x[k] + deviation * bram_rng_normal(&g));
        BRAM_TRY(bram_order_new(cx, &order, x, r->pairs));
        bram_free(r->order[i].index);
        r->order[i] = order;
    }
    return BRAM_OK;
}
