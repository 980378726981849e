/*
 * region_statistics.c - identification of regions by each statistic; see regions.h.
 *
 * Ranks are taken once for a draw; every pair of thresholds is a transform of the same ranks. The
 * thresholds of a family are drawn once and for all: they depend on its name alone.
 */
#include "linalg.h"
#include "regions.h"
#include "trsa_statistic.h"

#include <math.h>
#include <string.h>

const char *bram_region_statistic_name(bram_region_statistic s)
{
    if (s >= BRAM_REGION_LOCAL && s <= BRAM_REGION_INTERMEDIATE)
        return bram_gt_kind_name((bram_gt_kind)(s - BRAM_REGION_LOCAL));
    static const char *const others[] = {[BRAM_REGION_RDM] = "rdm",
                                         [BRAM_REGION_RSA] = "rsa",
                                         [BRAM_REGION_NESTED] = "nested",
                                         [BRAM_REGION_BEST] = "best",
                                         [BRAM_REGION_RGDM_TWO_STEP] = "rgdm-two-step",
                                         [BRAM_REGION_RGDM_K_NEAREST] = "rgdm-k-nearest",
                                         [BRAM_REGION_RGDM_P_SHORTEST] = "rgdm-p-shortest"};
    return others[s];
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
    size_t pairs;      /* those of the stimuli, or one more for copies of a stimulus */
    bram_mat rdm;      /* items x pairs */
    bram_order *order; /* of each item */
    double *weight;    /* of each pair */
    bram_mat rank, transformed;
    double accuracy, *of_subject; /* of_subject may be NULL */
};

static void take_ranks(struct draw *d)
{
    const bram_regions *r = d->r;
    for (size_t i = 0; i < r->items; i++)
        if (!bram_scaled_ranks(bram_row(&d->rank, i), bram_row(&d->rdm, i), &d->order[i], d->weight,
                               d->pairs))
            for (size_t k = 0; k < d->pairs; k++) bram_row(&d->rank, i)[k] = 0; /* all equal */
}

/* Squared distances between items under one pair of thresholds. */
static int distances(bram_ctx *cx, bram_mat *squared, struct draw *d, const bram_gt *gt)
{
    const bram_regions *r = d->r;
    for (size_t i = 0; i < r->items; i++)
        bram_gt_transform(bram_row(&d->transformed, i), bram_row(&d->rank, i), &d->order[i],
                          d->weight, d->pairs, gt);
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

/* Ranks of geodesic distances over the stimuli drawn. */
static int by_geodesics(bram_ctx *cx, struct draw *d, bram_trsa_graph graph, const double *stimuli)
{
    const bram_regions *r = d->r;
    bram_trsa_settings settings = {.statistic = BRAM_TRSA_RGDM,
                                   .gt = {.low = d->settings->low, .high = d->settings->high},
                                   .graph = graph,
                                   .k = d->settings->k,
                                   .p = d->settings->p,
                                   .rank_after = true};
    bram_topology_groups each = {NULL, r->stimuli};
    bram_topology_side side = {r->stimuli, bram_row(&r->rdm, 0), r->order[0]};
    bram_draw draw;
    BRAM_TRY(bram_draw_new(cx, &draw, &each, &side, &side, stimuli));
    BRAM_TRY(bram_mat_scratch(cx, &d->transformed, r->items, draw.pairs));
    for (size_t i = 0; i < r->items; i++) {
        size_t mark = bram_scratch_mark(cx);
        double *x = bram_row(&d->transformed, i);
        bram_drawn_rdm rdm;
        bool defined;
        side.d = bram_row(&r->rdm, i), side.order = r->order[i];
        BRAM_TRY(bram_drawn_rdm_new(cx, &rdm, &draw, &side));
        BRAM_TRY(bram_trsa_statistic_of(cx, x, &defined, &settings, &draw, &rdm, NULL));
        for (size_t k = 0; !defined && k < draw.pairs; k++) x[k] = 0;
        bram_scratch_release(cx, mark);
    }
    d->weight = draw.weight;
    return by_vectors(cx, d, &d->transformed);
}

/* One more pair, for all copies of a stimulus: the mean of each matrix, in its place. */
static int add_copies(bram_ctx *cx, struct draw *d, double copies)
{
    const bram_regions *r = d->r;
    bram_mat rdm;
    bram_order *order = bram_scratch(cx, r->items, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &rdm, r->items, r->pairs + 1));
    for (size_t i = 0; i < r->items; i++) {
        double *x = bram_row(&rdm, i), sum = 0, total = 0;
        uint32_t *index = bram_scratch(cx, r->pairs + 1, sizeof *index);
        if (!index) return BRAM_ENOMEM;
        memcpy(x, bram_row(&r->rdm, i), r->pairs * sizeof *x);
        for (size_t k = 0; k < r->pairs; k++) sum += d->weight[k] * x[k], total += d->weight[k];
        x[r->pairs] = total > 0 ? sum / total : 0;
        size_t at = 0, count = r->order[i].count;
        while (at < count && x[r->order[i].index[at]] <= x[r->pairs]) at++;
        memcpy(index, r->order[i].index, at * sizeof *index);
        memcpy(index + at + 1, r->order[i].index + at, (count - at) * sizeof *index);
        index[at] = (uint32_t)r->pairs;
        order[i] = (bram_order){index, count + 1};
    }
    d->weight[r->pairs] = copies;
    d->rdm = rdm, d->order = order, d->pairs = r->pairs + 1;
    return BRAM_OK;
}

static int weigh(bram_ctx *cx, struct draw *d, const double *stimuli)
{
    const bram_regions *r = d->r;
    double copies = 0;
    d->pairs = r->pairs, d->rdm = r->rdm, d->order = r->order;
    d->weight = bram_scratch(cx, r->pairs + 1, sizeof *d->weight);
    if (!d->weight) return BRAM_ENOMEM;
    for (size_t i = 0, k = 0; i < r->stimuli; i++) {
        if (stimuli) copies += stimuli[i] * (stimuli[i] - 1) / 2;
        for (size_t j = i + 1; j < r->stimuli; j++, k++)
            d->weight[k] = stimuli ? stimuli[i] * stimuli[j] : 1;
    }
    return d->settings->self_mean && copies > 0 ? add_copies(cx, d, copies) : BRAM_OK;
}

static int identify(bram_ctx *cx, struct draw *d, bram_region_statistic s, const double *stimuli)
{
    const bram_regions *r = d->r;
    if (s == BRAM_REGION_RGDM_TWO_STEP) return by_geodesics(cx, d, BRAM_TRSA_TWO_STEP, stimuli);
    if (s == BRAM_REGION_RGDM_K_NEAREST) return by_geodesics(cx, d, BRAM_TRSA_K_NEAREST, stimuli);
    if (s == BRAM_REGION_RGDM_P_SHORTEST) return by_geodesics(cx, d, BRAM_TRSA_P_SHORTEST, stimuli);
    BRAM_TRY(weigh(cx, d, stimuli));
    if (s == BRAM_REGION_RDM) return by_vectors(cx, d, &d->rdm);
    BRAM_TRY(bram_mat_scratch(cx, &d->rank, r->items, d->pairs));
    BRAM_TRY(bram_mat_scratch(cx, &d->transformed, r->items, d->pairs));
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
    BRAM_TRY(weigh(cx, d, NULL));
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
