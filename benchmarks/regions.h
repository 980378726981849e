/*
 * regions.h - dissimilarity matrices of subjects x regions of one dataset, and what tells the
 * regions apart: the data of the task "identification".
 */
#ifndef BRAMBLE_BENCHMARKS_REGIONS_H
#define BRAMBLE_BENCHMARKS_REGIONS_H

#include "identification.h"
#include "ranks.h"

#include <bramble/benchmark.h>

/** Every responses/ID is a region; its subjects are told as in area.h. Names are heap copies. */
typedef struct bram_regions {
    size_t stimuli, pairs, items, regions, subjects;
    char **region_name, **subject_name;
    size_t *region, *subject; /* of each item */
    bram_mat rdm;             /* items x pairs */
    bram_order *order;        /* of each item */
    double least;             /* what an entry cannot be below: 0, or nothing */
} bram_regions;

/**
 * Reads all areas that a benchmark asks for; patterns, and their repeats, become what the options
 * rdm= and noise= of its first metric say (rdm_side.h).
 *
 * @return BRAM_OK; BRAM_EUSAGE: the metric is neither rsa nor trsa, or rdm=given and responses;
 *         BRAM_ENOTAPPLICABLE: fewer than two regions or two subjects, areas of different
 *         stimuli, a pair of stimuli that some matrix lacks; errors of bram_area_read
 */
int bram_regions_read(bram_ctx *cx, bram_regions *out, const bram_benchmark *b,
                      const bram_dataset *ds) BRAM_MUST_CHECK;
void bram_regions_release(bram_regions *r);

/**
 * Makes it harder: each matrix moves away from the mean of its region by the factor `variation` (1
 * leaves it), then gets Gaussian noise of `noise` times the deviation of its own entries; what
 * falls below 0 becomes 0, but for cross-validated distances. Noise of an item is the same at all
 * levels but for its size.
 */
int bram_regions_perturb(bram_ctx *cx, bram_regions *r, double noise, double variation,
                         uint64_t seed) BRAM_MUST_CHECK;

/** What the regions are told apart by. The families are means over random thresholds. */
typedef enum bram_region_statistic {
    BRAM_REGION_RDM,   /* dissimilarities as they are */
    BRAM_REGION_RSA,   /* their ranks */
    BRAM_REGION_LOCAL, /* and so on in the order of bram_gt_kind */
    BRAM_REGION_GLOBAL,
    BRAM_REGION_GEOMETRY,
    BRAM_REGION_TOPOLOGY,
    BRAM_REGION_INTERMEDIATE,
    BRAM_REGION_NESTED,        /* thresholds chosen on the other subjects */
    BRAM_REGION_BEST,          /* the best thresholds in hindsight: too good, for comparison */
    BRAM_REGION_RGDM_TWO_STEP, /* ranks of geodesic distances, in the order of bram_trsa_graph */
    BRAM_REGION_RGDM_K_NEAREST,
    BRAM_REGION_RGDM_P_SHORTEST,
    BRAM_REGION_STATISTICS
} bram_region_statistic;

/** "rdm", "rsa", "local" ... "nested", "best", "rgdm-two-step" ... */
const char *bram_region_statistic_name(bram_region_statistic s);

typedef struct bram_region_settings {
    double step;            /* of the grid of thresholds that nested and best choose from */
    size_t draws;           /* thresholds of each family */
    double low, high, k, p; /* l and u of two-step, neighbours of k-nearest, share of p-shortest */
    bool self_mean; /* a stimulus drawn twice is as far from its copy as stimuli are on average;
                       else such pairs are left out. Not for geodesic distances */
} bram_region_settings;

/**
 * The accuracy of identification by a statistic, under multiplicities of stimuli.
 *
 * @param accuracy    NaN where undefined
 * @param of_subject  that of each subject, NaN where none was placed; may be NULL
 * @param stimuli     how often each was drawn; NULL: once
 * @return BRAM_OK; BRAM_ENOMEM. Cost: items^2 pairs for each pair of thresholds
 */
int bram_regions_identify(bram_ctx *cx, double *accuracy, double *of_subject, const bram_regions *r,
                          bram_region_statistic statistic, const bram_region_settings *settings,
                          const double *stimuli) BRAM_MUST_CHECK;

/** Thresholds of the grid along l and along u: 0, step, 2 step ... */
size_t bram_regions_grid_steps(double step);

/**
 * The accuracy of identification by each pair of thresholds of the grid.
 *
 * @param accuracy  l x u, bram_regions_grid_steps each; NaN where l > u or the pair is degenerate
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_regions_grid(bram_ctx *cx, double *accuracy, const bram_regions *r,
                      const bram_region_settings *settings) BRAM_MUST_CHECK;

/** Specificity from sensitivity: each wrong item is one false alarm of the regions it is not of. */
double bram_region_specificity(double sensitivity, size_t regions);

#endif
