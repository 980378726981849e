/*
 * kmeans.h - k-means clustering: seeds by k-means++ (Arthur and Vassilvitskii 2007), then Lloyd's
 * iterations (Lloyd 1982).
 */
#ifndef BRAMBLE_CORE_KMEANS_H
#define BRAMBLE_CORE_KMEANS_H

#include <bramble/context.h>
#include <bramble/matrix.h>
#include <bramble/rng.h>

/**
 * Centres (clusters x columns) of the rows of x, which are all finite. Equal distances go to the
 * lower centre; a centre that no row is nearest to stays where it is. Rows may be fewer than
 * centres: some are then equal. Cost: O(iterations rows clusters columns).
 *
 * @return BRAM_OK; BRAM_ESHAPE for no rows or other shapes; BRAM_ENOMEM; BRAM_ECANCEL
 */
int bram_kmeans(bram_ctx *cx, bram_mat *centre, const bram_mat *x, size_t iterations,
                bram_rng *g) BRAM_MUST_CHECK;

/** @return the centre nearest to a row (of as many columns); its squared distance to *distance */
size_t bram_kmeans_nearest(const bram_mat *centre, const double *row, double *distance);

#endif
