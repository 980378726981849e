/*
 * topology_side.h - what the metrics of topology (trsa, rtd, barcodes, agtic) share: one side as a
 * sorted dissimilarity matrix, and the conditions that a draw of the bootstrap holds.
 */
#ifndef BRAMBLE_METRICS_TOPOLOGY_SIDE_H
#define BRAMBLE_METRICS_TOPOLOGY_SIDE_H

#include "ranks.h"
#include "rdm_side.h"

/** One side: its pairs and their order. */
typedef struct bram_topology_side {
    size_t n;
    double *d;
    bram_order order;
    bool given, measured; /* an RDM already; made from measurements in folds */
} bram_topology_side;

/** @return as bram_rdm_of_side */
int bram_topology_side_new(bram_ctx *cx, bram_topology_side **out, const bram_side *side,
                           const bram_rdm_way *way) BRAM_MUST_CHECK;
void bram_topology_side_free(bram_topology_side *s);

/** The mean of the ranks of several RDMs, scaled to [0, 1] each; a pair that one lacks is lacking.
 * @return BRAM_OK; BRAM_ESHAPE for none, or unequal conditions; BRAM_ENOMEM */
int bram_topology_side_pool(bram_ctx *cx, bram_topology_side **out, const void *const *sides,
                            size_t count) BRAM_MUST_CHECK;

/** Resampling groups, kept. group is for bram_free. */
typedef struct bram_topology_groups {
    uint32_t *group; /* of each condition; NULL: its own */
    size_t groups;
} bram_topology_groups;

/** @return BRAM_OK; BRAM_ESHAPE where the sides differ in conditions, or a group is out of range */
int bram_topology_groups_new(bram_ctx *cx, bram_topology_groups *out,
                             const bram_topology_side *model, const bram_topology_side *brain,
                             const bram_groups *groups) BRAM_MUST_CHECK;

/** The conditions drawn, once each, in scratch memory. */
typedef struct bram_draw {
    size_t n, pairs;
    const size_t *condition; /* n of the whole */
    double *times;           /* how often each was drawn */
    double *weight;          /* of each pair: how often it is there, 0 where a side lacks it */
    const uint32_t *from;    /* pair of the whole that each pair is */
} bram_draw;

/** @param weight  of the groups; NULL: ones. @return BRAM_OK; BRAM_ENOMEM */
int bram_draw_new(bram_ctx *cx, bram_draw *draw, const bram_topology_groups *groups,
                  const bram_topology_side *model, const bram_topology_side *brain,
                  const double *weight) BRAM_MUST_CHECK;

/** One side's RDM over a draw, in scratch memory: NaN where the weight is 0. */
typedef struct bram_drawn_rdm {
    double *d;
    bram_order order;
} bram_drawn_rdm;

int bram_drawn_rdm_new(bram_ctx *cx, bram_drawn_rdm *out, const bram_draw *draw,
                       const bram_topology_side *side) BRAM_MUST_CHECK;

/** The same with no pair missing: one that is gets the least value that the triangle inequality
 *  leaves it, max over k of |d_ik - d_jk| (0 for copies of one condition). In scratch memory. */
int bram_drawn_full(bram_ctx *cx, double **out, const bram_draw *draw,
                    const bram_topology_side *side) BRAM_MUST_CHECK;

/** Quantile p (type 7) of the whole square matrix written out, its diagonal and the pairs of copies
 *  included, which are 0. @param times  of the n conditions; NULL: ones */
int bram_square_quantile(bram_ctx *cx, double *out, const double *d, size_t n, const double *times,
                         double p) BRAM_MUST_CHECK;

/** The option rdm= of metrics of distances, and what prepare makes of a side by it. */
#define BRAM_TOPOLOGY_RDM                                                                          \
    {                                                                                              \
        "rdm", BRAM_PARAM_CHOICE, "distance", "distance|euclidean|correlation|given", 0, 0,        \
            "of two rows: euclidean distance, its square, 1 - r; both sides are RDMs"              \
    }
int bram_topology_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                          const bram_side *side) BRAM_MUST_CHECK;
void bram_topology_release(void *prepared);

/** What the pair of such a metric begins with, on the heap. */
typedef struct bram_topology_pair {
    const bram_topology_side *model, *brain;
    bram_topology_groups groups;
} bram_topology_pair;

/** A zeroed pair of `bytes` bytes. @return errors of bram_topology_groups_new; BRAM_ENOMEM */
int bram_topology_pair_new(bram_ctx *cx, void **out, size_t bytes,
                           const bram_comparison *c) BRAM_MUST_CHECK;
void bram_topology_pair_free(void *pair);

/** The value of a draw of 3 conditions or more: what a metric's compare calls. */
typedef int bram_topology_value(bram_ctx *cx, double *value, const void *pair,
                                const bram_draw *draw);
int bram_topology_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight,
                          bram_topology_value *value_of) BRAM_MUST_CHECK;

/** bram_order_new, in scratch memory. */
int bram_order_scratch(bram_ctx *cx, bram_order *order, const double *x, size_t n) BRAM_MUST_CHECK;

#endif
