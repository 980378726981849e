/*
 * identification.h - which region (layer) is it? Each item - one subject's dissimilarity matrix of
 * one region - goes to the nearest region centroid of the other subjects.
 *
 * Everything follows from the squared distances between items: for the centroid c of T items i,
 *   |x - c|^2 = sum_i d2(x, i) / T - sum_ij d2(i, j) / (2 T^2).
 * Source of the protocol: Lin & Kriegeskorte 2024, PNAS 121:e2317881121.
 */
#ifndef BRAMBLE_BENCHMARKS_IDENTIFICATION_H
#define BRAMBLE_BENCHMARKS_IDENTIFICATION_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/** The items: whose they are and of which region. A subject may lack regions. */
typedef struct bram_identification {
    size_t items, regions, subjects;
    const size_t *region, *subject; /* of each item */
} bram_identification;

enum { BRAM_NO_REGION = -1 };

/**
 * Leaves one subject out at a time. Of equally near regions the first counts.
 *
 * @param assigned  of each item; BRAM_NO_REGION where no other subject is there; may be NULL
 * @param squared   items x items squared distances; only those between items are read
 * @param of_subject  the share of each subject's items, NaN where none was placed; may be NULL
 * @param accuracy  receives the share of items that went to their own region; NaN where none
 *                  went anywhere
 * @return BRAM_OK; BRAM_ENOMEM. Cost: O(subjects items^2)
 */
int bram_identify(bram_ctx *cx, double *accuracy, double *of_subject, ptrdiff_t *assigned,
                  const bram_identification *d, const bram_mat *squared) BRAM_MUST_CHECK;

/**
 * The same with a choice among settings (thresholds l and u) that never sees the left-out subject:
 * for each, the setting with the best accuracy when the others are left out in turn; of equally
 * good ones the mean of their accuracies on the left-out subject counts, so that the order of the
 * settings does not matter.
 *
 * @param chosen    settings x subjects: the share that each setting has in the choice; may be NULL
 * @param accuracy  receives the nested accuracy, and in *optimistic the best accuracy of all
 *                  settings on all items, which chose itself
 * @return BRAM_OK; BRAM_ESHAPE for no settings; BRAM_ENOMEM
 */
int bram_identify_nested(bram_ctx *cx, double *accuracy, double *of_subject, double *optimistic,
                         double *chosen, const bram_identification *d, const bram_mat *squared,
                         size_t settings) BRAM_MUST_CHECK;

/** Squared distances between items: rows of x, columns weighted (NULL: ones; 0: left out, and then
 * the value may be NaN). @param squared  items x items, symmetric to the bit, diagonal 0 */
int bram_squared_distances(bram_ctx *cx, bram_mat *squared, const bram_mat *x,
                           const double *weight) BRAM_MUST_CHECK;

#endif
