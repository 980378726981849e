/*
 * moments.h - sums by resampling group and unit, from which the paired metrics follow.
 *
 * Each sum runs over the rows of one group where the entry is present on every side. The values of
 * a unit enter relative to an offset (its mean, reached from its first value, so that a constant
 * unit has sums of exactly zero): large offsets do no harm. Scoring a bootstrap draw then costs
 * groups x units, whatever the number of rows.
 */
#ifndef BRAMBLE_METRICS_MOMENTS_H
#define BRAMBLE_METRICS_MOMENTS_H

#include <bramble/metric.h>

/** What is summed. m and b are model and brain less their unit's offset, r is the reference. */
typedef enum bram_moment {
    BRAM_COUNT,           /* 1 */
    BRAM_M,               /* m */
    BRAM_B,               /* b */
    BRAM_MM,              /* m m */
    BRAM_BB,              /* b b */
    BRAM_MB,              /* m b */
    BRAM_SQUARED_ERROR,   /* (model - brain)^2 */
    BRAM_ABSOLUTE_ERROR,  /* |model - brain| */
    BRAM_REFERENCE_ERROR, /* (reference - brain)^2 */
    BRAM_M_LOW,           /* smallest m; the extremes tell a constant unit without rounding */
    BRAM_M_HIGH,
    BRAM_B_LOW,
    BRAM_B_HIGH,
    BRAM_MOMENTS
} bram_moment;

#define BRAM_NEEDS(moment) (1u << (moment))

/** The sums; plane[k] is groups x units, NULL where not asked for. */
typedef struct bram_moments {
    size_t groups, units;
    double *plane[BRAM_MOMENTS];
    int choice; /* an option of the metric, kept for compare */
} bram_moments;

/** The sums of one unit over all groups under weights. */
typedef struct bram_total {
    double of[BRAM_MOMENTS];
} bram_total;

/**
 * Sums over a prediction and a recording of the same shape, of one row and one unit or more.
 *
 * @param out    on the heap; free with bram_moments_free
 * @param c      model, brain (and reference, where asked for) are bram_side
 * @param needs  the moments wanted, as BRAM_NEEDS bits; the count always is
 * @return BRAM_OK; BRAM_ESHAPE; BRAM_EUSAGE without the reference; BRAM_ENUMERIC for a value that
 * is present and not finite, or a sum that overflows; BRAM_EMEMORY; BRAM_ENOMEM
 */
int bram_moments_new(bram_ctx *cx, bram_moments **out, const bram_comparison *c,
                     unsigned needs) BRAM_MUST_CHECK;
void bram_moments_free(void *moments);

/** The whole of a per-unit metric's `pair`: the same, with the number of units. */
int bram_moments_pair(bram_ctx *cx, void **out, size_t *values, const bram_comparison *c,
                      unsigned needs) BRAM_MUST_CHECK;

/** The same without any entry yet, for metrics that make their predictions themselves. */
int bram_moments_empty(bram_ctx *cx, bram_moments **out, size_t groups, size_t units,
                       unsigned needs, size_t memory) BRAM_MUST_CHECK;

/** One entry: the values on each side and the offsets of its unit (the same for all its entries).
 */
typedef struct bram_entry {
    double model, brain, reference, model_offset, brain_offset;
} bram_entry;

/** Adds an entry to the sums of a group and unit. */
void bram_moments_add(bram_moments *moments, size_t group, size_t unit, const bram_entry *entry);

/** @return BRAM_OK; BRAM_ENUMERIC when sums have overflowed */
int bram_moments_check(bram_ctx *cx, const bram_moments *moments) BRAM_MUST_CHECK;

/**
 * Weighted totals of every unit, in scratch memory of cx (the caller releases it).
 *
 * @param weight  groups numbers, finite and not negative; NULL: ones. A group of weight 0 is left
 * out
 * @return BRAM_OK; BRAM_ENUMERIC for a weight that is not allowed; BRAM_ENOMEM
 */
int bram_moments_total(bram_ctx *cx, bram_total **out, const bram_moments *moments,
                       const double *weight) BRAM_MUST_CHECK;

/**
 * Raw values of every unit by a formula on its totals: the compare step of a per-unit metric.
 *
 * @param raw      one number a unit; untouched on failure. A unit without entries gets NaN
 * @param formula  receives the totals of a unit with entries, and moments->choice
 */
int bram_moments_map(bram_ctx *cx, double *raw, const bram_moments *moments, const double *weight,
                     double (*formula)(const bram_total *total, int choice)) BRAM_MUST_CHECK;

/** true when all entries of the unit have the same value (or there is none) */
static inline bool bram_total_constant(const bram_total *t, bram_moment low, bram_moment high)
{
    return !(t->of[high] > t->of[low]);
}

/** Sum of products about the means: xy - x y / count. */
static inline double bram_total_about_mean(const bram_total *t, bram_moment xy, bram_moment x,
                                           bram_moment y)
{
    return t->of[xy] - t->of[x] * (t->of[y] / t->of[BRAM_COUNT]);
}

/** What pearson and r2 need, and their formulas on the totals of a unit with entries. */
enum {
    BRAM_R2_NEEDS = BRAM_NEEDS(BRAM_SQUARED_ERROR) | BRAM_NEEDS(BRAM_B) | BRAM_NEEDS(BRAM_BB) |
                    BRAM_NEEDS(BRAM_B_LOW) | BRAM_NEEDS(BRAM_B_HIGH),
    BRAM_PEARSON_NEEDS = BRAM_NEEDS(BRAM_M) | BRAM_NEEDS(BRAM_B) | BRAM_NEEDS(BRAM_MM) |
                         BRAM_NEEDS(BRAM_BB) | BRAM_NEEDS(BRAM_MB) | BRAM_NEEDS(BRAM_M_LOW) |
                         BRAM_NEEDS(BRAM_M_HIGH) | BRAM_NEEDS(BRAM_B_LOW) | BRAM_NEEDS(BRAM_B_HIGH),
    BRAM_EXPLAINED_NEEDS = BRAM_PEARSON_NEEDS
};

/**
 * 1 - SSE / SST of the entries as drawn, SST about the mean of the whole: see r2.c for the reason.
 *
 * @param drawn  totals under weights; of a unit with entries
 * @param whole  totals of the same unit under weights of one
 * @return NaN where the brain is constant over the entries drawn
 */
double bram_total_r2(const bram_total *drawn, const bram_total *whole);

/** 1 - var(brain - model) / var(brain), as bram_total_r2 but for the mean of the error, which is
 * put right: that of the whole. */
double bram_total_explained(const bram_total *drawn, const bram_total *whole);

/** r; NaN where the brain is constant; where only the model is: NaN, or 0 if so asked. */
double bram_total_pearson(const bram_total *total, int zero_if_constant);

/** Checks weights: finite, not negative. */
int bram_weights_check(bram_ctx *cx, const double *weight, size_t groups) BRAM_MUST_CHECK;

/**
 * Checks the resampling groups of `rows` rows and tells their number.
 *
 * @return BRAM_OK; BRAM_ESHAPE when an index is out of range
 */
int bram_groups_check(bram_ctx *cx, size_t *groups, const bram_groups *g,
                      size_t rows) BRAM_MUST_CHECK;

#endif
