/*
 * persistence.h - persistent homology of a dissimilarity matrix: at which scale its components and
 * its loops come and go (the Vietoris-Rips filtration, coefficients modulo 2).
 *
 * A matrix is a vector of pairs (rdm.h) of values >= 0; INFINITY is a pair that is never joined.
 */
#ifndef BRAMBLE_METRICS_PERSISTENCE_H
#define BRAMBLE_METRICS_PERSISTENCE_H

#include <bramble/context.h>

typedef struct bram_bar {
    double birth, death;
} bram_bar;

/** Bars by birth, then death; those of no length, and those that never die, are left out. */
typedef struct bram_barcode {
    bram_bar *bar; /* for bram_free */
    size_t count;
} bram_barcode;

/**
 * Components (H0): all are born at 0, and one dies at each edge of a minimum spanning tree (the
 * merge heights of single linkage). Prim's method, O(n^2).
 *
 * @return BRAM_OK; BRAM_ENUMERIC for a value that is negative or NaN; BRAM_ENOMEM
 */
int bram_barcode_h0(bram_ctx *cx, bram_barcode *out, const double *d, size_t n) BRAM_MUST_CHECK;

/** The sum of the edges of a minimum spanning tree (of each component of a graph that has several).
 */
int bram_spanning_tree(bram_ctx *cx, double *sum, const double *d, size_t n) BRAM_MUST_CHECK;

/**
 * Loops (H1): persistent cohomology with clearing, columns in implicit form, apparent pairs
 * (Bauer 2021, J Appl Comput Topol 5:391; Chen & Kerber 2011). Meant for up to a thousand
 * conditions.
 *
 * @return as bram_barcode_h0; BRAM_ESHAPE above 65535 conditions; BRAM_ECANCEL. Memory: 4 n^2 bytes
 *         and what the reduction takes
 */
int bram_barcode_h1(bram_ctx *cx, bram_barcode *out, const double *d, size_t n) BRAM_MUST_CHECK;

/** What is between two barcodes; the diagonal (bars of no length) may be used at will. */
typedef struct bram_diagram_metric {
    double order;   /* 1 or more: the root of the sum of distances to this power (Wasserstein); or
                       INFINITY: the largest distance (bottleneck) */
    bool euclidean; /* distances of points: euclidean, else the larger of |birth|, |death| */
} bram_diagram_metric;

/**
 * The distance between two persistence diagrams, exact: an assignment of (a + b)^2 costs
 * (Edelsbrunner & Harer 2010, Computational Topology, VIII.2).
 *
 * @return BRAM_OK; BRAM_ENOMEM. Cost: O((a + b)^3)
 */
int bram_diagram_distance(bram_ctx *cx, double *out, const bram_barcode *a, const bram_barcode *b,
                          const bram_diagram_metric *metric) BRAM_MUST_CHECK;

#endif
