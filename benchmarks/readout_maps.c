/*
 * readout_maps.c - where readouts looked; see readout_maps.h.
 */
#include "readout_maps.h"

#include "resample.h"

#include <math.h>
#include <string.h>

void bram_readout_maps_release(bram_readout_maps *m)
{
    bram_response_free(m->map);
    bram_response_free(m->attention);
    m->map = m->attention = NULL;
}

/* ---- gathering ------------------------------------------------------------------------------ */

static size_t each_of(const bram_response *r)
{
    return bram_response_count(r) / bram_response_length(r, 0);
}

static int check_form(bram_ctx *cx, const bram_response *have, const bram_response *r, size_t dims)
{
    bool same = bram_response_dims(r) == dims && bram_response_dims(have) == dims;
    for (size_t d = 1; d < dims && same; d++)
        same = bram_response_length(have, d) == bram_response_length(r, d);
    return same ? BRAM_OK
                : bram_fail(cx, BRAM_ESHAPE, "%s has another form than expected",
                            bram_response_name(r));
}

static int add_map(bram_ctx *cx, bram_readout_maps *m, const bram_response *r)
{
    size_t count = bram_response_count(r), start[3] = {0}, size[3];
    if (bram_response_dims(r) != 3 || bram_response_length(r, 0) != bram_axis_length(m->unit))
        return bram_fail(cx, BRAM_ESHAPE, "map is not %zu units x rows x columns",
                         bram_axis_length(m->unit));
    if (!m->map)
        BRAM_TRY(bram_response_new(
            cx, &m->map, "map", BRAM_F64, 3,
            (const bram_axis *[]){m->unit, bram_response_axis(r, 1), bram_response_axis(r, 2)}));
    BRAM_TRY(check_form(cx, m->map, r, 3));
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t d = 0; d < 3; d++) size[d] = bram_response_length(r, d);
    BRAM_TRY(bram_response_read(cx, r, start, size, values, NULL));
    for (size_t i = 0; i < count; i++) bram_response_f64(m->map)[i] += values[i];
    m->folds++;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Of the stimuli that fit. */
static int new_attention(bram_ctx *cx, bram_readout_maps *m, const bram_response *r)
{
    size_t fit = BRAM_READOUT_MAPS_MOST / each_of(r), mark = bram_scratch_mark(cx);
    size_t kept = bram_axis_length(m->stimulus) < fit ? bram_axis_length(m->stimulus) : fit;
    size_t *index = bram_scratch(cx, kept, sizeof *index);
    bram_axis *stimulus = NULL;
    if (!kept) return BRAM_OK;
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < kept; i++) index[i] = i;
    int status = bram_axis_take(cx, &stimulus, m->stimulus, index, kept);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &m->attention, "attention", BRAM_F32, 4,
                                   (const bram_axis *[]){stimulus, bram_response_axis(r, 1),
                                                         bram_response_axis(r, 2),
                                                         bram_response_axis(r, 3)});
    bram_axis_free(stimulus);
    bram_scratch_release(cx, mark);
    BRAM_TRY(status);
    uint8_t *present = bram_response_mask(cx, m->attention);
    if (!present) return BRAM_ENOMEM;
    memset(present, 0, bram_response_count(m->attention));
    return BRAM_OK;
}

static int add_attention(bram_ctx *cx, bram_readout_maps *m, const bram_fold *fold,
                         const bram_response *r)
{
    if (bram_response_dims(r) != 4 || bram_response_length(r, 0) > fold->tests)
        return bram_fail(cx, BRAM_ESHAPE,
                         "attention is not of %zu stimuli or fewer x regions x rows x columns",
                         fold->tests);
    size_t each = each_of(r), mark = bram_scratch_mark(cx);
    if (!m->attention) BRAM_TRY(new_attention(cx, m, r));
    if (!m->attention) return BRAM_OK;
    BRAM_TRY(check_form(cx, m->attention, r, 4));
    double *values = bram_scratch(cx, each, sizeof *values);
    uint8_t *present = bram_response_mask(cx, m->attention);
    if (!values || !present) return BRAM_ENOMEM;
    for (size_t i = 0; i < bram_response_length(r, 0); i++) {
        size_t to = fold->test[i] * each;
        if (fold->test[i] >= bram_response_length(m->attention, 0)) continue;
        BRAM_TRY(
            bram_response_read(cx, r, (size_t[]){i, 0, 0, 0},
                               (size_t[]){1, bram_response_length(r, 1), bram_response_length(r, 2),
                                          bram_response_length(r, 3)},
                               values, NULL));
        for (size_t k = 0; k < each; k++)
            bram_response_f32(m->attention)[to + k] = (float)values[k];
        memset(present + to, 1, each);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_readout_maps_add(bram_ctx *cx, bram_readout_maps *m, const bram_fold *fold,
                          const bram_dataset *answer)
{
    const bram_response *map = bram_dataset_response(answer, "map");
    const bram_response *attention = bram_dataset_response(answer, "attention");
    if (map) BRAM_TRY(add_map(cx, m, map));
    return attention ? add_attention(cx, m, fold, attention) : BRAM_OK;
}

/* ---- the truth ------------------------------------------------------------------------------ */

struct focus {
    const bram_readout_maps *m;
    size_t stimuli, regions; /* regions: of the truth */
    double *truth;           /* stimulus x region */
    uint8_t *hit, *told;     /* the same */
};

/* The regions of the truth are those of the attention, or the latter has a single one. */
static int match_regions(bram_ctx *cx, size_t *of, const bram_axis *truth, const bram_axis *have)
{
    for (size_t k = 0; k < bram_axis_length(truth); k++) {
        ptrdiff_t at = bram_axis_find(have, bram_axis_id(truth, k));
        if (at < 0 && bram_axis_length(have) == 1) at = 0;
        if (at < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "attention has no region \"%s\", which the truth has",
                             bram_axis_id(truth, k));
        of[k] = (size_t)at;
    }
    return BRAM_OK;
}

static size_t strongest(const float *map, size_t n)
{
    size_t best = 0;
    for (size_t p = 1; p < n; p++)
        if (map[p] > map[best]) best = p;
    return best;
}

/* The rows of the truth by the ids of the stimuli; those that it lacks are not told. */
static int read_truth(bram_ctx *cx, struct focus *f, const bram_response *truth,
                      const bram_axis *stimulus)
{
    for (size_t i = 0; i < f->stimuli; i++) {
        ptrdiff_t row = bram_axis_find(bram_response_axis(truth, 0), bram_axis_id(stimulus, i));
        if (row < 0) continue;
        BRAM_TRY(bram_response_read(cx, truth, (size_t[]){(size_t)row, 0},
                                    (size_t[]){1, f->regions}, f->truth + i * f->regions,
                                    f->told + i * f->regions));
    }
    return BRAM_OK;
}

static int find_hits(bram_ctx *cx, struct focus *f, const bram_response *truth)
{
    bram_response *r = f->m->attention;
    size_t n = f->stimuli * f->regions, regions = bram_response_length(r, 1);
    size_t positions = each_of(r) / regions, *of = bram_scratch(cx, f->regions, sizeof *of);
    const uint8_t *present = bram_response_mask(cx, r);
    f->truth = bram_scratch(cx, n, sizeof *f->truth);
    f->hit = bram_scratch(cx, n, 1), f->told = bram_scratch(cx, n, 1);
    if (!of || !present || !f->truth || !f->hit || !f->told) return BRAM_ENOMEM;
    BRAM_TRY(match_regions(cx, of, bram_response_axis(truth, 1), bram_response_axis(r, 1)));
    BRAM_TRY(read_truth(cx, f, truth, bram_response_axis(r, 0)));
    for (size_t i = 0; i < n; i++) {
        size_t at = (i / f->regions * regions + of[i % f->regions]) * positions;
        f->told[i] = f->told[i] && present[at];
        f->hit[i] = f->told[i] &&
                    (double)strongest(bram_response_f32(r) + at, positions) == f->truth[i];
    }
    return BRAM_OK;
}

/* The share of hits of one region, each stimulus counting so many times (NULL: once). */
static double share(const struct focus *f, size_t region, const uint32_t *times)
{
    double hits = 0, all = 0;
    for (size_t i = 0; i < f->stimuli; i++) {
        size_t at = i * f->regions + region;
        double n = times ? (double)times[i] : 1;
        hits += n * f->hit[at], all += n * f->told[at];
    }
    return all > 0 ? hits / all : (double)NAN;
}

static double mean_share(const struct focus *f, const uint32_t *times)
{
    double sum = 0;
    for (size_t k = 0; k < f->regions; k++) sum += share(f, k, times) / (double)f->regions;
    return sum;
}

/* Each unit's value is its region's. */
static int raw_of(bram_ctx *cx, double **out, const struct focus *f, const bram_axis *region)
{
    const bram_axis *unit = f->m->unit;
    const bram_column *roi = bram_axis_column(unit, "roi");
    double *raw = *out = bram_scratch(cx, bram_axis_length(unit), sizeof *raw);
    if (!raw) return BRAM_ENOMEM;
    for (size_t u = 0; u < bram_axis_length(unit); u++) {
        ptrdiff_t at = roi && roi->type == BRAM_TEXT ? bram_axis_find(region, roi->text[u]) : -1;
        raw[u] = at < 0 ? (double)NAN : share(f, (size_t)at, NULL);
    }
    return BRAM_OK;
}

static int put_focus(bram_ctx *cx, bram_scores *scores, const struct focus *f,
                     const bram_axis *region, const char *stream, size_t samples)
{
    double *raw = NULL, *draw = bram_scratch(cx, samples, sizeof *draw);
    uint32_t *times = bram_scratch(cx, f->stimuli, sizeof *times);
    if (!draw || !times) return BRAM_ENOMEM;
    BRAM_TRY(raw_of(cx, &raw, f, region));
    for (size_t s = 0; s < samples; s++) {
        bram_bootstrap_draw(times, f->stimuli, 0, stream, s);
        draw[s] = mean_share(f, times);
    }
    size_t positions = each_of(f->m->attention) / bram_response_length(f->m->attention, 1);
    return bram_scores_put(cx, scores,
                           &(bram_score_made){.id = "focus@attention",
                                              .metric = "focus",
                                              .axis = "stimuli",
                                              .value = mean_share(f, NULL),
                                              .chance = 1 / (double)positions,
                                              .raw = raw,
                                              .draw = draw,
                                              .groups = f->stimuli});
}

int bram_readout_maps_score(bram_ctx *cx, const bram_readout_maps *m, bram_scores *scores,
                            const bram_dataset *ds, const char *part, const char *stream,
                            size_t samples)
{
    char *path = bram_strf(cx, "truth/%s/focus", part);
    if (!path) return BRAM_ENOMEM;
    const bram_response *truth = bram_dataset_response(ds, path);
    bram_free(path);
    if (!truth || !m->attention) return BRAM_OK;
    struct focus f = {.m = m, .stimuli = bram_response_length(m->attention, 0)};
    if (bram_response_dims(truth) != 2)
        return bram_fail(cx, BRAM_ESHAPE, "truth/%s/focus is not stimulus x region", part);
    f.regions = bram_response_length(truth, 1);
    size_t mark = bram_scratch_mark(cx);
    int status = find_hits(cx, &f, truth);
    if (status == BRAM_OK)
        status = put_focus(cx, scores, &f, bram_response_axis(truth, 1), stream, samples);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the result ----------------------------------------------------------------------------- */

static int put(bram_ctx *cx, bram_dataset *result, bram_response **r)
{
    bram_response *given = *r;
    *r = NULL;
    return given ? bram_dataset_add(cx, result, "readout", given) : BRAM_OK;
}

int bram_readout_maps_finish(bram_ctx *cx, bram_readout_maps *m, bram_dataset *result)
{
    for (size_t i = 0; m->map && i < bram_response_count(m->map); i++)
        bram_response_f64(m->map)[i] /= (double)m->folds;
    BRAM_TRY(put(cx, result, &m->map));
    return put(cx, result, &m->attention);
}
