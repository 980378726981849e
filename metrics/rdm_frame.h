/*
 * rdm_frame.h - what the files of RDM comparisons share: the pairs that count and how often, sets,
 * and RDMs as vectors of which inner products are taken.
 *
 * Everything here but the set lives in scratch memory of the context it was made with.
 */
#ifndef BRAMBLE_METRICS_RDM_FRAME_H
#define BRAMBLE_METRICS_RDM_FRAME_H

#include "ranks.h"
#include "rdm_compare.h"

struct bram_rdm_set {
    bram_rdm_measure measure;
    size_t n, pairs;
    bram_mat rdm;      /* the caller's */
    uint8_t *missing;  /* of each pair; NULL: none */
    bram_order *order; /* of each RDM; NULL unless the measure is one of ranks */
    double own_share;  /* of a full sigma (rdm_whiten.h) */
};

enum { BRAM_NO_ENTRY = UINT32_MAX };

/** The entries of a comparison: pairs of different conditions drawn that nobody lacks. */
typedef struct bram_rdm_frame {
    size_t n, pairs;
    const double *times; /* of the conditions; NULL: ones */
    size_t drawn;        /* conditions with times > 0 */
    size_t count;        /* entries */
    uint32_t *keep;      /* the pair of each entry; NULL: entry k is pair k */
    uint32_t *position;  /* the entry of each pair, or BRAM_NO_ENTRY; NULL likewise */
    double *weight;      /* of each entry; NULL: ones */
    double total;        /* sum of the weights */
} bram_rdm_frame;

/** @param missing  of each pair, 1 where it is missing, and a second such list; NULL: none */
int bram_rdm_frame_new(bram_ctx *cx, bram_rdm_frame *f, size_t n, const double *times,
                       const uint8_t *missing, const uint8_t *also_missing) BRAM_MUST_CHECK;

static inline double bram_rdm_times(const bram_rdm_frame *f, size_t i)
{
    return f->times ? f->times[i] : 1;
}

static inline size_t bram_rdm_pair_at(const bram_rdm_frame *f, size_t entry)
{
    return f->keep ? f->keep[entry] : entry;
}

static inline double bram_rdm_weight_at(const bram_rdm_frame *f, size_t entry)
{
    return f->weight ? f->weight[entry] : 1;
}

/** Whether values between these are told apart: by more than 64 rounding errors of the largest. */
bool bram_rdm_is_constant(double low, double high);

/**
 * An RDM as a vector over the entries of a frame: value - shift, where value is that of the pair
 * (`real`) or twice the rank of the entry less 1: whole numbers, unless multiplicities are not.
 */
typedef struct bram_rdm_vector {
    const double *real;          /* by pair */
    const uint32_t *rank;        /* by entry, doubled: of ranks without multiplicities; else NULL */
    const double *weighted_rank; /* by entry, doubled: of ranks with multiplicities; else NULL */
    double shift;
    double *dual;  /* by entry: V^-1 of the vector, times the weights; NULL: the vector itself */
    double square; /* inner product with itself */
} bram_rdm_vector;

static inline double bram_rdm_vector_at(const bram_rdm_vector *v, const bram_rdm_frame *f, size_t k)
{
    double value = v->rank            ? v->rank[k]
                   : v->weighted_rank ? v->weighted_rank[k]
                                      : v->real[bram_rdm_pair_at(f, k)];
    return value - v->shift;
}

/**
 * The RDMs of a set as the measure sees them: less their mean where it centres, ranks where it
 * ranks, with duals where it whitens. square is 0 exactly for a constant (or zero) one. Not for
 * Kendall's measures, bures and Riemannian.
 */
int bram_rdm_vectors(bram_ctx *cx, bram_rdm_vector *out, const bram_rdm_set *set,
                     const bram_rdm_frame *f) BRAM_MUST_CHECK;

/** Inner products of vectors a with the duals of b under the frame: a x b. */
int bram_rdm_gram(bram_ctx *cx, bram_mat *out, const bram_rdm_vector *a, const bram_rdm_vector *b,
                  const bram_rdm_frame *f) BRAM_MUST_CHECK;

/** A value from an inner product and two squares: NaN (or 0, see above) where one is 0. */
double bram_rdm_cosine_of(const bram_rdm_measure *m, double product, double a, double b,
                          double total);

/** As which of the two RDMs of a comparison one is ranked: they need different numbers. */
typedef enum bram_rdm_side { BRAM_RDM_X, BRAM_RDM_Y } bram_rdm_side;

/** What Kendall's measures need of one RDM under a frame. */
typedef struct bram_rdm_ranked {
    uint32_t *low;          /* X: of each entry, how many entries have a smaller value; else NULL */
    const uint32_t *sorted; /* entries in ascending order */
    const uint8_t *begins;  /* whether the k-th of them exceeds the one before; NULL: none does */
    uint32_t *kept;         /* room for both where the frame leaves pairs out */
    uint8_t *kept_begins;
    uint64_t tied; /* pairs of (written out) entries with equal values */
    bool ties;     /* two entries have equal values */
} bram_rdm_ranked;

/** Takes the memory, 4 bytes an entry for X, and 5 where pairs are missing or drawn; one RDM may
 *  then be ranked into it in a task. */
int bram_rdm_ranked_room(bram_ctx *cx, bram_rdm_ranked *out, bram_rdm_side side,
                         const bram_rdm_frame *f) BRAM_MUST_CHECK;
int bram_rdm_rank_into(bram_ctx *cx, bram_rdm_ranked *out, const double *rdm,
                       const bram_order *order, const bram_rdm_frame *f) BRAM_MUST_CHECK;

/** tau-a or tau-b of two RDMs ranked under the same frame, as X and as Y. */
int bram_rdm_tau(bram_ctx *cx, double *tau, const bram_rdm_measure *m, const bram_rdm_ranked *x,
                 const bram_rdm_ranked *y, const bram_rdm_frame *f) BRAM_MUST_CHECK;

/** All values of two sets; rdm_bures.c and rdm_riemann.c. */
int bram_rdm_bures(bram_ctx *cx, bram_mat *out, const bram_rdm_set *a, const bram_rdm_set *b,
                   const bram_rdm_frame *f) BRAM_MUST_CHECK;
int bram_rdm_riemann(bram_ctx *cx, bram_mat *out, const bram_rdm_set *a, const bram_rdm_set *b,
                     const bram_rdm_frame *f) BRAM_MUST_CHECK;

#endif
