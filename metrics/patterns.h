/*
 * patterns.h - what metrics of geometry on patterns (conditions x channels) share: preparing a
 * side, the rows that count, and rows under weights.
 *
 * A condition that lacks a value on either side is left out of both, with a note. Columns are
 * centred under the weights. Weights are multiplicities: with mu the weighted mean of the rows, the
 * rows sqrt(w_i) (x_i - mu) have the cross-products of the matrix written out with its repeats, so
 * whatever depends on cross-products alone (CKA, CCA, Procrustes ...) is that of the repeats.
 *
 * What compares rows with rows instead (neighbours, unbiased estimates) would find a row's own
 * copies: those metrics leave pairs of copies out and say so (BRAM_METRIC_DISTINCT_ROWS).
 */
#ifndef BRAMBLE_METRICS_PATTERNS_H
#define BRAMBLE_METRICS_PATTERNS_H

#include <bramble/metric.h>

/** One side, prepared. */
typedef struct bram_patterns {
    bram_mat x;        /* a copy: columns less their means, rows that lack a value all zero */
    size_t channels;   /* as given; x may have fewer columns */
    uint8_t *complete; /* 1 for each row without missing values; NULL: all of them */
} bram_patterns;

enum {
    BRAM_PATTERNS_RAW = 1 << 0,    /* columns are not centred */
    BRAM_PATTERNS_REDUCE = 1 << 1, /* with more channels than rows: a rotation onto as many columns
                                      as rows (LQ factor), which changes no inner product */
};

/**
 * Prepares a side.
 *
 * @param what  the metric, for messages
 * @return BRAM_OK; BRAM_ESHAPE without rows or channels; BRAM_EUSAGE for an RDM; BRAM_ENUMERIC for
 *         a present value that is not finite; BRAM_ENOMEM
 */
int bram_patterns_new(bram_ctx *cx, bram_patterns **out, const bram_side *side, unsigned flags,
                      const char *what) BRAM_MUST_CHECK;
void bram_patterns_free(bram_patterns *p);

/** Rows of two sides together. */
typedef struct bram_row_set {
    size_t rows, groups;
    size_t usable;   /* rows complete on both sides */
    uint8_t *use;    /* NULL: all */
    uint32_t *group; /* NULL: every row its own */
} bram_row_set;

/** @return BRAM_OK; BRAM_ESHAPE where the sides or the groups do not fit; BRAM_ENOMEM */
int bram_row_set_init(bram_ctx *cx, bram_row_set *out, const bram_patterns *model,
                      const bram_patterns *brain, const bram_groups *groups,
                      const char *what) BRAM_MUST_CHECK;
void bram_row_set_release(bram_row_set *s);

/** Weights of all rows, 0 for those that do not count; their sum, and how many are above 0. */
typedef struct bram_row_weights {
    double *w; /* scratch memory */
    double sum;
    size_t drawn;
} bram_row_weights;

/** @return BRAM_OK; BRAM_ENUMERIC for a weight that is not allowed; BRAM_ENOMEM */
int bram_row_set_weigh(bram_ctx *cx, bram_row_weights *out, const bram_row_set *s,
                       const double *weight) BRAM_MUST_CHECK;

/** sqrt(w_i) (x_i - mu), or without the mean, for the rows of weight above 0; scratch memory. Where
 *  every row has the weight 1 it is x itself, which bram_patterns_new has centred. */
int bram_weighted_rows(bram_ctx *cx, bram_mat *out, const bram_mat *x, const bram_row_weights *w,
                       bool centre) BRAM_MUST_CHECK;

/** Sum of squares of all entries. */
double bram_sum_of_squares(const bram_mat *x);

/**
 * Metrics that are a formula of the weighted rows of both sides. The formula gets matrices with the
 * same number of rows (2 or more); NaN where it is not defined.
 */
typedef int bram_pattern_formula(bram_ctx *cx, double *value, const bram_mat *x, const bram_mat *y,
                                 const bram_options *o);

/** What a metric of this kind says once. */
typedef struct bram_pattern_rule {
    const char *name;
    const bram_param *params; /* among them BRAM_PATTERN_CENTRE */
    unsigned flags;
    bram_pattern_formula *formula;
    /* The value of unrelated sides, exactly, from all rows that count. NULL, or where it gives NaN:
     * the mean over row permutations of the brain side, where that is cheap. */
    bram_pattern_formula *chance;
} bram_pattern_rule;

#define BRAM_PATTERN_CENTRE                                                                        \
    {                                                                                              \
        "centre", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "columns are centred first"                  \
    }

/** Steps of bram_metric for such a rule. */
int bram_pattern_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                         const bram_side *side, const bram_pattern_rule *rule) BRAM_MUST_CHECK;
int bram_pattern_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                      const bram_comparison *c, const bram_pattern_rule *rule) BRAM_MUST_CHECK;
void bram_pattern_release(void *prepared);
void bram_pattern_release_pair(void *pair);
int bram_pattern_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight);
double bram_pattern_chance(const void *pair);

/** The steps and the chance of an entry in `rule`, as static functions of a file. */
#define BRAM_PATTERN_STEPS(rule)                                                                   \
    static int prepare(bram_ctx *cx, void **prepared, const bram_options *o,                       \
                       const bram_side *side)                                                      \
    {                                                                                              \
        return bram_pattern_prepare(cx, prepared, o, side, &(rule));                               \
    }                                                                                              \
    static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,               \
                    const bram_comparison *c)                                                      \
    {                                                                                              \
        return bram_pattern_pair(cx, out, values, o, c, &(rule));                                  \
    }

#define BRAM_PATTERN_ENTRY                                                                         \
    .kind = BRAM_METRIC_GEOMETRY, .chance = NAN, .params = params, .prepare = prepare,             \
    .release = bram_pattern_release, .pair = pair, .release_pair = bram_pattern_release_pair,      \
    .compare = bram_pattern_compare, .chance_of = bram_pattern_chance

#endif
