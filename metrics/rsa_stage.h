/*
 * rsa_stage.h - models, subjects and ceilings under multiplicities of conditions: what one
 * bootstrap sample of conditions costs, once, before subjects are resampled as well.
 *
 * All comparisons of a sample are inner products, or taus, of vectors made once; ceilings follow
 * from the comparisons of subjects with each other where the measure is a cosine under some inner
 * product: with R_st the comparison of two subjects and c_t how often subject t counts, its pool is
 * sum_t c_t k_t u_t over unit vectors u_t (k_t = 1 for the best pool, rdm_pool.h), and
 *   m(pool, s) = sum_t c_t k_t R_ts / sqrt(sum_tt' c_t k_t c_t' k_t' R_tt'),
 * so that pools are never made. Those of ranks are: a mean of ranks has to be ranked itself.
 */
#ifndef BRAMBLE_METRICS_RSA_STAGE_H
#define BRAMBLE_METRICS_RSA_STAGE_H

#include "rdm_frame.h"
#include "rdm_pool.h"

#include <bramble/metric.h>

/** The unit that thing i belongs to, of n things in groups (each its own where none are given). */
static inline size_t bram_rsa_unit_of(const bram_groups *groups, size_t i)
{
    return groups->group ? groups->group[i] : i;
}

static inline size_t bram_rsa_units(const bram_groups *groups, size_t n)
{
    return groups->group ? groups->groups : n;
}

/** What is compared; made once. */
typedef struct bram_rsa_sides {
    const bram_rdm_set *models, *subjects; /* of the same measure */
    bram_rdm_pooling pooling;
    bram_groups groups; /* of subjects, which lower ceilings leave out together */
} bram_rsa_sides;

/** In scratch memory of the context it was made with. */
typedef struct bram_rsa_stage {
    const bram_rsa_sides *sides;
    bram_rdm_frame frame;
    size_t models, count;    /* count: subjects */
    double *value;           /* models x subjects */
    double *likeness;        /* R, NaN for a constant subject; NULL: pools are made */
    double *factor;          /* k */
    bram_rdm_vector *vector; /* of ranks: of subjects ... */
    bram_rdm_ranked *ranked; /* ... and for Kendall's measures */
} bram_rsa_stage;

/** @param times  multiplicities of conditions; NULL: ones. @return as bram_rdm_sets_compare */
int bram_rsa_stage_new(bram_ctx *cx, bram_rsa_stage *stage, const bram_rsa_sides *sides,
                       const double *times) BRAM_MUST_CHECK;

/**
 * The mean comparison of each model with the subjects, and the ceilings: the mean comparison of
 * each subject with the pool of the others (lower; without its whole group) and of all (upper).
 *
 * @param out    models + 2 values: means, lower, upper; NaN where undefined (lower: one group)
 * @param share  how often each subject counts; NULL: once. A subject drawn several times counts
 * once among those that ceilings are means over, and is left out as a whole
 */
int bram_rsa_stage_evaluate(bram_ctx *cx, double *out, const bram_rsa_stage *stage,
                            const double *share) BRAM_MUST_CHECK;

/** The ceilings of each subject; NaN for those whose share is 0. share is not NULL here. */
int bram_rsa_stage_ceilings(bram_ctx *cx, double *lower, double *upper, const bram_rsa_stage *stage,
                            const double *share) BRAM_MUST_CHECK;

#endif
