/*
 * region_statistics.c - identification of regions by each statistic; see regions.h.
 *
 * Ranks are taken once for a draw; every pair of thresholds is a transform of the same ranks. The
 * thresholds of a family are drawn once and for all: they depend on its name alone.
 */
#include "gt_transform.h"
#include "linalg.h"
#include "regions.h"

#include <math.h>
#include <string.h>

const char *bram_region_statistic_name(bram_region_statistic s)
{
    if (s >= BRAM_REGION_LOCAL && s <= BRAM_REGION_INTERMEDIATE)
        return bram_gt_kind_name((bram_gt_kind)(s - BRAM_REGION_LOCAL));
    return s == BRAM_REGION_RDM      ? "rdm"
           : s == BRAM_REGION_RSA    ? "rsa"
           : s == BRAM_REGION_NESTED ? "nested"
                                     : "best";
}

double bram_region_specificity(double sensitivity, size_t regions)
{
    return 1 - (1 - sensitivity) / (double)(regions - 1);
}

/* One draw in work. */
struct draw {
    const bram_regions *r;
    const bram_region_settings *settings;
    bram_identification items;
    double *weight; /* of each pair */
    bram_mat rank, transformed;
    double accuracy, *of_subject; /* of_subject may be NULL */
};

static void take_ranks(struct draw *d)
{
    const bram_regions *r = d->r;
    for (size_t i = 0; i < r->items; i++)
        if (!bram_scaled_ranks(bram_row(&d->rank, i), bram_row(&r->rdm, i), &r->order[i], d->weight,
                               r->pairs))
            for (size_t k = 0; k < r->pairs; k++) bram_row(&d->rank, i)[k] = 0; /* all equal */
}

/* Squared distances between items under one pair of thresholds. */
static int distances(bram_ctx *cx, bram_mat *squared, struct draw *d, const bram_gt *gt)
{
    const bram_regions *r = d->r;
    for (size_t i = 0; i < r->items; i++)
        bram_gt_transform(bram_row(&d->transformed, i), bram_row(&d->rank, i), &r->order[i],
                          d->weight, r->pairs, gt);
    return bram_squared_distances(cx, squared, &d->transformed, d->weight);
}

static int by_vectors(bram_ctx *cx, struct draw *d, const bram_mat *x)
{
    bram_mat squared;
    BRAM_TRY(bram_mat_scratch(cx, &squared, x->rows, x->rows));
    BRAM_TRY(bram_squared_distances(cx, &squared, x, d->weight));
    return bram_identify(cx, &d->accuracy, d->of_subject, NULL, &d->items, &squared);
}

/* The mean over the thresholds of a family. */
static int by_family(bram_ctx *cx, struct draw *d, bram_gt_kind kind)
{
    char stream[64] = "identification/family/";
    size_t draws = d->settings->draws, subjects = d->r->subjects;
    double *one = bram_scratch(cx, subjects, sizeof *one);
    bram_mat squared;
    if (!one) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &squared, d->r->items, d->r->items));
    strcat(stream, bram_gt_kind_name(kind));
    d->accuracy = 0;
    for (size_t k = 0; d->of_subject && k < subjects; k++) d->of_subject[k] = 0;
    for (size_t t = 0; t < draws; t++) {
        bram_rng g = bram_rng_at(0, stream, t);
        bram_gt gt = bram_gt_draw(kind, &g);
        double accuracy;
        BRAM_TRY(distances(cx, &squared, d, &gt));
        BRAM_TRY(bram_identify(cx, &accuracy, one, NULL, &d->items, &squared));
        d->accuracy += accuracy / (double)draws;
        for (size_t k = 0; d->of_subject && k < subjects; k++)
            d->of_subject[k] += one[k] / (double)draws;
    }
    return BRAM_OK;
}

/* The grid of thresholds l <= u in steps, without its degenerate corners; returns how many. */
static size_t grid(bram_gt *gt, double step)
{
    size_t count = 0, steps = (size_t)floor(1 / step + 1e-9);
    for (size_t l = 0; l <= steps; l++)
        for (size_t u = l; u <= steps; u++) {
            double low = step * (double)l, high = fmin(1, step * (double)u);
            if (bram_gt_degenerate(low, high)) continue;
            if (gt) gt[count] = (bram_gt){.low = low, .high = high};
            count++;
        }
    return count;
}

/* The thresholds with the best accuracy; of several the mean. */
static int in_hindsight(bram_ctx *cx, struct draw *d, const bram_mat *squared, size_t count)
{
    size_t subjects = d->r->subjects, best = 0;
    double *one = bram_scratch(cx, subjects, sizeof *one), accuracy;
    if (!one) return BRAM_ENOMEM;
    d->accuracy = -1;
    for (size_t g = 0; g < count; g++) {
        BRAM_TRY(bram_identify(cx, &accuracy, one, NULL, &d->items, &squared[g]));
        if (!(accuracy >= d->accuracy - 1e-12)) continue;
        if (accuracy > d->accuracy + 1e-12) best = 0;
        d->accuracy = accuracy;
        best++;
        for (size_t k = 0; d->of_subject && k < subjects; k++) {
            double before = best > 1 ? d->of_subject[k] : 0;
            d->of_subject[k] = before + (one[k] - before) / (double)best;
        }
    }
    return BRAM_OK;
}

static int by_grid(bram_ctx *cx, struct draw *d, bool nested)
{
    size_t count = grid(NULL, d->settings->step), items = d->r->items;
    bram_gt *gt = bram_scratch(cx, count, sizeof *gt);
    bram_mat *squared = bram_scratch(cx, count, sizeof *squared);
    if (!gt || !squared) return BRAM_ENOMEM;
    grid(gt, d->settings->step);
    for (size_t g = 0; g < count; g++) {
        BRAM_TRY(bram_mat_scratch(cx, &squared[g], items, items));
        BRAM_TRY(distances(cx, &squared[g], d, &gt[g]));
    }
    if (!nested) return in_hindsight(cx, d, squared, count);
    double best;
    return bram_identify_nested(cx, &d->accuracy, d->of_subject, &best, NULL, &d->items, squared,
                                count);
}

static int identify(bram_ctx *cx, struct draw *d, bram_region_statistic s, const double *stimuli)
{
    const bram_regions *r = d->r;
    d->weight = bram_scratch(cx, r->pairs, sizeof *d->weight);
    if (!d->weight) return BRAM_ENOMEM;
    for (size_t i = 0, k = 0; i < r->stimuli; i++)
        for (size_t j = i + 1; j < r->stimuli; j++, k++)
            d->weight[k] = stimuli ? stimuli[i] * stimuli[j] : 1;
    if (s == BRAM_REGION_RDM) return by_vectors(cx, d, &r->rdm);
    BRAM_TRY(bram_mat_scratch(cx, &d->rank, r->items, r->pairs));
    BRAM_TRY(bram_mat_scratch(cx, &d->transformed, r->items, r->pairs));
    take_ranks(d);
    if (s == BRAM_REGION_RSA) return by_vectors(cx, d, &d->rank);
    if (s == BRAM_REGION_NESTED || s == BRAM_REGION_BEST)
        return by_grid(cx, d, s == BRAM_REGION_NESTED);
    return by_family(cx, d, (bram_gt_kind)(s - BRAM_REGION_LOCAL));
}

int bram_regions_identify(bram_ctx *cx, double *accuracy, double *of_subject, const bram_regions *r,
                          bram_region_statistic statistic, const bram_region_settings *settings,
                          const double *stimuli)
{
    size_t mark = bram_scratch_mark(cx);
    struct draw d = {.r = r,
                     .settings = settings,
                     .items = {r->items, r->regions, r->subjects, r->region, r->subject},
                     .of_subject = of_subject};
    int status = identify(cx, &d, statistic, stimuli);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *accuracy = d.accuracy;
    return status;
}

size_t bram_regions_grid_steps(double step)
{
    return (size_t)floor(1 / step + 1e-9) + 1;
}

static int all_thresholds(bram_ctx *cx, struct draw *d, double *accuracy)
{
    const bram_regions *r = d->r;
    size_t steps = bram_regions_grid_steps(d->settings->step);
    bram_mat squared;
    d->weight = bram_scratch(cx, r->pairs, sizeof *d->weight);
    if (!d->weight) return BRAM_ENOMEM;
    for (size_t k = 0; k < r->pairs; k++) d->weight[k] = 1;
    BRAM_TRY(bram_mat_scratch(cx, &d->rank, r->items, r->pairs));
    BRAM_TRY(bram_mat_scratch(cx, &d->transformed, r->items, r->pairs));
    BRAM_TRY(bram_mat_scratch(cx, &squared, r->items, r->items));
    take_ranks(d);
    for (size_t l = 0; l < steps; l++)
        for (size_t u = l; u < steps; u++) {
            double step = d->settings->step;
            bram_gt gt = {.low = step * (double)l, .high = fmin(1, step * (double)u)};
            if (bram_gt_degenerate(gt.low, gt.high)) continue;
            BRAM_TRY(distances(cx, &squared, d, &gt));
            BRAM_TRY(bram_identify(cx, &accuracy[l * steps + u], NULL, NULL, &d->items, &squared));
        }
    return BRAM_OK;
}

int bram_regions_grid(bram_ctx *cx, double *accuracy, const bram_regions *r,
                      const bram_region_settings *settings)
{
    size_t mark = bram_scratch_mark(cx), steps = bram_regions_grid_steps(settings->step);
    struct draw d = {.r = r,
                     .settings = settings,
                     .items = {r->items, r->regions, r->subjects, r->region, r->subject}};
    for (size_t k = 0; k < steps * steps; k++) accuracy[k] = NAN;
    int status = all_thresholds(cx, &d, accuracy);
    bram_scratch_release(cx, mark);
    return status;
}
