/*
 * rsa_crossval.h - models with parameters, fitted to some subjects and conditions and compared on
 * others.
 */
#ifndef BRAMBLE_METRICS_RSA_CROSSVAL_H
#define BRAMBLE_METRICS_RSA_CROSSVAL_H

#include "rdm_pool.h"
#include "rsa_model.h"

#include <bramble/metric.h>

/** Folds of subjects crossed with folds of conditions. One fold of either means that these are not
 *  split: all of them are fitted on and compared on. */
typedef struct bram_rsa_folds {
    size_t subjects, conditions;         /* how many folds */
    const uint32_t *subject, *condition; /* the fold of each */
} bram_rsa_folds;

/** Contiguous folds of n things, as equal as can be. */
void bram_rsa_folds_in_order(uint32_t *fold, size_t n, size_t folds);

/**
 * The things with times > 0 (NULL: all) dealt to folds at random, as equally as can be; copies of a
 * thing are in one fold, and so are the members of a group. The others get fold 0. A function of
 * seed, stream and index alone.
 */
int bram_rsa_folds_at_random(bram_ctx *cx, uint32_t *fold, const double *times, size_t n,
                             const bram_groups *groups, size_t folds, uint64_t seed,
                             const char *stream, uint64_t index) BRAM_MUST_CHECK;

/** How many folds a bootstrap of this many conditions (subjects) is split into when nobody says: as
 *  Schuett et al. 2023; a sample has 0.632 of them on average. */
size_t bram_rsa_default_condition_folds(size_t conditions);
size_t bram_rsa_default_subject_folds(size_t subjects);

/**
 * Cross-validation: for every fold of subjects and, within it, every fold of conditions, models are
 * fitted to the other subjects and conditions, and what they predict is compared with the fold's
 * subjects over the fold's conditions. Ceilings in each fold: its subjects against the pool of the
 * subjects fitted on, over the fold's conditions (lower), and of all subjects, over all (upper).
 * share and times of data count.
 *
 * @param evaluation  models x folds (subjects x conditions); NULL when not wanted
 * @param by_subject  models x subjects: mean over folds of conditions, NaN for a subject that does
 * not count; NULL when not wanted
 * @param out         models + 2 values: means over folds, lower and upper ceiling; NaN where a fold
 * has no subject or fewer than 3 conditions
 * @return as bram_rsa_model_fit, bram_rdm_sets_compare
 */
int bram_rsa_crossval(bram_ctx *cx, double *evaluation, double *by_subject, double *out,
                      const bram_rsa_model *models, size_t count, const bram_rsa_target *data,
                      bram_rdm_pooling pooling, const bram_rsa_folds *folds) BRAM_MUST_CHECK;

#endif
