/*
 * canonical.h - canonical correlations of two sides, and their means.
 */
#ifndef BRAMBLE_METRICS_CANONICAL_H
#define BRAMBLE_METRICS_CANONICAL_H

#include "linalg.h"

#include <bramble/spec.h>

/** Orthonormal bases of the columns of two sides and what they have in common. */
typedef struct bram_canonical {
    bram_mat x, y;    /* bases: rows x rank */
    bram_mat product; /* x' y */
} bram_canonical;

/** How correlations become one number. */
typedef struct bram_canonical_mean {
    bool squared;   /* rho^2 instead of rho */
    bool geometric; /* over sqrt(rank x rank y) instead of the smaller rank */
    double keep;    /* only the leading ones with this share of the sum of all; 1: all */
    bool angular;   /* arccos of the mean */
} bram_canonical_mean;

/** The options of BRAM_CANONICAL_PARAMS. */
bram_canonical_mean bram_canonical_mean_of(const bram_options *o);

#define BRAM_CANONICAL_PARAMS                                                                      \
    {"mean",                                                                                       \
     BRAM_PARAM_CHOICE,                                                                            \
     "rho",                                                                                        \
     "rho|rho2",                                                                                   \
     0,                                                                                            \
     0,                                                                                            \
     "of the canonical correlations or of their squares (R2_CCA)"},                                \
        {"over",                                                                                   \
         BRAM_PARAM_CHOICE,                                                                        \
         "min",                                                                                    \
         "min|sqrt",                                                                               \
         0,                                                                                        \
         0,                                                                                        \
         "the sum is divided by the smaller rank, or by the root of both"},                        \
        {"keep",                                                                                   \
         BRAM_PARAM_REAL,                                                                          \
         "1",                                                                                      \
         NULL,                                                                                     \
         0.01,                                                                                     \
         1,                                                                                        \
         "only the leading ones that make up this share of their sum (svcca: 0.98)"},              \
    {                                                                                              \
        "output", BRAM_PARAM_CHOICE, "similarity", "similarity|angular", 0, 0,                     \
            "the mean, or its arccos in radians"                                                   \
    }

/**
 * The mean canonical correlation: singular values of x'y. Both bases must have a column or more.
 */
int bram_canonical_score(bram_ctx *cx, double *value, const bram_canonical *c,
                         const bram_canonical_mean *m) BRAM_MUST_CHECK;

/** The product of the two bases, in scratch memory. */
int bram_canonical_join(bram_ctx *cx, bram_canonical *c) BRAM_MUST_CHECK;

#endif
