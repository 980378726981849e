/*
 * rdm_side.h - the RDM of one side of a comparison, by options that several metrics have: rdm=,
 * noise= and unbalanced=.
 *
 * crossnobis and poisson_cv compare measurements in different folds. So do noise precisions of
 * crossnobis and mahalanobis, from what measurements differ from the mean of their condition. A
 * side without measurements (a model) has no noise to keep out: its RDM is the one that these
 * estimate, euclidean or poisson.
 */
#ifndef BRAMBLE_METRICS_RDM_SIDE_H
#define BRAMBLE_METRICS_RDM_SIDE_H

#include "rdm.h"

#include <bramble/metric.h>

/** How a side becomes an RDM. */
typedef struct bram_rdm_way {
    bram_rdm_kind kind;
    bool given;        /* rdm=given: both sides are RDMs */
    bool unbalanced;   /* all pairs of measurements count */
    const char *noise; /* of noise.h, or "none" */
} bram_rdm_way;

/** The option noise= of a metric's table. */
#define BRAM_RDM_NOISE                                                                             \
    {                                                                                              \
        "noise", BRAM_PARAM_CHOICE, "none", "none|full|diag|shrinkage_eye|shrinkage_diag", 0, 0,   \
            "covariance of the noise, from repeats, that mahalanobis and crossnobis whiten by"     \
    }

/** rdm= and noise= of a metric; unbalanced is not set. */
bram_rdm_way bram_rdm_way_of(const bram_options *o);

/** Whether distances are cross-validated: 0 on average where there is none. */
bool bram_rdm_crossvalidates(const bram_rdm_way *way);

/** Whether measurements (bram_side.repeats) are compared. */
bool bram_rdm_uses_repeats(const bram_rdm_way *way);

/**
 * @param d         pairs of the rows, for bram_free; untouched on failure
 * @param measured  whether it came from measurements in folds
 * @return BRAM_OK; BRAM_EUSAGE: patterns, but given; errors of bram_rdm_given, bram_rdm_estimate
 * and of noise
 */
int bram_rdm_of_side(bram_ctx *cx, double **d, bool *measured, const bram_side *side,
                     const bram_rdm_way *way) BRAM_MUST_CHECK;

/** @return BRAM_OK; BRAM_ENOTAPPLICABLE: repeats are needed of a brain that has none */
int bram_rdm_check_brain(bram_ctx *cx, const bram_rdm_way *way, bool measured,
                         bool given) BRAM_MUST_CHECK;

#endif
