/*
 * neighbours.h - nearest neighbours of rows under weights, for the metrics of neighbourhoods.
 *
 * Rows are compared by inner products, after scaling to length 1 (cosine) unless asked not to; ties
 * go to the lower index. A row is never its own neighbour, nor are its copies.
 *
 * Under weights the k nearest become those with the weight k S / n, S the sum of the weights over
 * the n rows that count: neighbours are taken in order, each with its weight, the last one in part.
 * So a bootstrap draw has neighbourhoods of the same share of the rows and the same chance level as
 * the data; with weights of one they are the k nearest.
 */
#ifndef BRAMBLE_METRICS_NEIGHBOURS_H
#define BRAMBLE_METRICS_NEIGHBOURS_H

#include "patterns.h"

#include "linalg.h"

/** The params "k" and "normalize". */
#define BRAM_NEIGHBOUR_PARAMS                                                                      \
    {"k", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000000, "neighbours of each condition"},             \
    {                                                                                              \
        "normalize", BRAM_PARAM_FLAG, "yes", NULL, 0, 0,                                           \
            "conditions are scaled to length 1: cosine instead of inner product"                   \
    }

/** A side: similarities of all rows. */
typedef struct bram_neighbours {
    bram_patterns *patterns;
    bram_mat gram;
    size_t k;
} bram_neighbours;

/** Prepare and release steps of bram_metric. */
int bram_neighbours_prepare(bram_ctx *cx, void **prepared, const bram_options *o,
                            const bram_side *side, const char *what) BRAM_MUST_CHECK;
void bram_neighbours_release(void *prepared);

/** The neighbours of one row: the nearest first, with the weight that each has a part in it. */
typedef struct bram_hood {
    const uint32_t *row;
    double *weight;
    size_t count;
    double all; /* the sum of weight */
} bram_hood;

typedef struct bram_hoods bram_hoods;

/**
 * What a metric makes of the two neighbourhoods of row i.
 *
 * @param x, y  neighbourhoods of all rows: x[i], y[i] those of row i
 * @param w     weights of the rows
 * @param seen  n zeros, to be zero again on return
 * @return a number; their weighted mean over the rows is the value
 */
typedef double bram_hood_formula(size_t i, const bram_hood *x, const bram_hood *y, const double *w,
                                 double *seen);

/** A metric of neighbourhoods. */
typedef struct bram_neighbour_rule {
    const char *name;
    const bram_param *params;
    bram_hood_formula *formula; /* NULL: whole is used */
    /* The value from all neighbourhoods, instead of a mean over rows. */
    int (*whole)(bram_ctx *cx, double *value, const bram_neighbours *model,
                 const bram_neighbours *brain, const bram_hood *x, const bram_hood *y,
                 const bram_row_weights *w, const bram_options *o);
    /* The value of unrelated sides of n rows; NULL: mean over permutations where cheap. */
    double (*chance)(const bram_hood *x, size_t n, size_t rows, size_t k);
    /* The last step: NULL for none. */
    double (*finish)(double value, size_t k, const bram_options *o);
} bram_neighbour_rule;

int bram_neighbour_pair(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                        const bram_comparison *c, const bram_neighbour_rule *rule) BRAM_MUST_CHECK;
void bram_neighbour_release_pair(void *pair);
int bram_neighbour_compare(bram_ctx *cx, double *raw, const void *pair, const double *weight);
double bram_neighbour_chance(const void *pair);

#define BRAM_NEIGHBOUR_STEPS(rule)                                                                 \
    static int prepare(bram_ctx *cx, void **prepared, const bram_options *o,                       \
                       const bram_side *side)                                                      \
    {                                                                                              \
        return bram_neighbours_prepare(cx, prepared, o, side, (rule).name);                        \
    }                                                                                              \
    static int pair(bram_ctx *cx, void **out, size_t *values, const bram_options *o,               \
                    const bram_comparison *c)                                                      \
    {                                                                                              \
        return bram_neighbour_pair(cx, out, values, o, c, &(rule));                                \
    }

#define BRAM_NEIGHBOUR_ENTRY                                                                       \
    .kind = BRAM_METRIC_GEOMETRY, .chance = NAN, .params = params, .prepare = prepare,             \
    .release = bram_neighbours_release, .pair = pair, .release_pair = bram_neighbour_release_pair, \
    .compare = bram_neighbour_compare, .chance_of = bram_neighbour_chance

#endif
