/*
 * metric.h - the metric contract: two responses to raw values, with resampling in mind.
 *
 * Three steps, so that nothing is computed twice:
 *   prepare   one side alone (an RDM from responses, ranks, a Gram matrix); once for each system;
 *   pair      what both sides together need, by resampling group (moments of each time block);
 *   compare   the raw values under weights on the groups: all ones for the score itself,
 *             multiplicities for each bootstrap draw.
 *
 * Raw values lie along an axis (one for each unit, or a single one). An undefined value (a constant
 * unit has no correlation) is NaN: counted and reported by the engine, never averaged in silence.
 *
 * A new metric is one file in metrics/ and its name in metrics/meson.build.
 */
#ifndef BRAMBLE_METRIC_H
#define BRAMBLE_METRIC_H

#include <bramble/response.h>
#include <bramble/spec.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Promises that tests/conformance checks for every entry, and what the engine must know. */
enum {
    BRAM_METRIC_PER_UNIT = 1 << 0, /* one raw value a unit; else one in all */
    BRAM_METRIC_HIGHER_BETTER = 1 << 1,
    BRAM_METRIC_SYMMETRIC = 1 << 2,    /* compare(a, b) = compare(b, a) */
    BRAM_METRIC_IDENTITY_ONE = 1 << 3, /* compare(a, a) = 1 */
    BRAM_METRIC_IDENTITY_ZERO = 1 << 4,
    BRAM_METRIC_INV_SCALE = 1 << 5,  /* the model side times any c > 0 */
    BRAM_METRIC_INV_SHIFT = 1 << 6,  /* plus any constant a column */
    BRAM_METRIC_INV_ROTATE = 1 << 7, /* the model side times any orthogonal matrix */
    BRAM_METRIC_REFERENCE = 1 << 8,  /* needs the prediction of a trivial model: skill */
    BRAM_METRIC_FITS = 1 << 9,       /* fits a map: needs train and test rows in the fold */
    /* Weights are multiplicities, as if rows stood there as often as they were drawn - but what it
       measures against (r2: the mean of the scored rows) stays that of the rows as recorded. */
    BRAM_METRIC_FIXED_REFERENCE = 1 << 10,
    BRAM_METRIC_COUNTS = 1 << 11, /* the brain holds counts, the model expected counts */
    /* How many things there are matters, and not just their shares (interpolated quantiles,
       corrections for bias): weights doubled are another, larger sample. */
    BRAM_METRIC_SAMPLE_SIZE = 1 << 12,
    BRAM_METRIC_LABELS =
        1 << 13, /* both sides hold labels (states), of which equality alone counts */
    /* Rows are compared with rows, a row never with its own copies: weights count pairs (triples
       ...) of different rows and are not repeats. */
    BRAM_METRIC_DISTINCT_ROWS = 1 << 14,
    BRAM_METRIC_PROBABILITIES = 1 << 15 /* the model side holds probabilities, 0 to 1 */
};

/** What the two sides are. */
typedef enum bram_metric_kind {
    BRAM_METRIC_PAIRED,   /* prediction and recording: the same rows and the same columns */
    BRAM_METRIC_GEOMETRY, /* the same rows (conditions), any columns; or RDMs */
    BRAM_METRIC_MAPPED,   /* features and responses: the same rows, a map is fitted */
    BRAM_METRIC_DENSITY,  /* log densities from the model, nothing from the brain but the mask */
    BRAM_METRIC_GRAPH     /* scores of ordered pairs against edges, over the examined pairs */
} bram_metric_kind;

/** The measurements that the rows of a side are means of, for metrics that compare folds (runs,
 *  repeats) with each other. */
typedef struct bram_repeats {
    bram_mat values; /* measurements x columns */
    const uint8_t *present;
    const uint32_t *row;  /* the side's row that each is of; every row has some */
    const uint32_t *fold; /* of each, 0 .. folds - 1; NULL: the n-th of a row is in fold n */
    size_t folds;
    const char *const *fold_name; /* for messages; NULL: numbers from 0 */
} bram_repeats;

/**
 * Pairs of nodes as a list, where there are too many nodes for a matrix of all pairs, or only some
 * are asked about. Of metrics of the kind BRAM_METRIC_GRAPH.
 */
typedef struct bram_pair_list {
    const uint32_t *from, *to; /* one of each for each row of the values */
    const uint32_t *query; /* the question that a pair is a candidate answer to; NULL: its `from` */
    size_t nodes;
} bram_pair_list;

/** One side of a comparison: rows x columns, packed mask (NULL: all present). */
typedef struct bram_side {
    bram_mat values;
    const uint8_t *present;
    const bram_axis *row, *column; /* may be NULL where identity does not matter */
    bool is_rdm;                   /* values is a square dissimilarity matrix over the rows */
    const bram_repeats *repeats;   /* NULL: none are known */

    const bram_pair_list *pairs; /* of the brain: values of both sides are a column of pairs, and
                                    groups are of nodes; NULL: matrices of all pairs */
} bram_side;

/** Which rows are for fitting, which for scoring; inner folds choose hyper-parameters. */
typedef struct bram_fold {
    const char *id;
    const size_t *train, *test;
    size_t trains, tests;
    const struct bram_fold *inner;
    size_t inners;
} bram_fold;

/** How rows are resampled together: row i belongs to group[i] of 0 .. groups - 1. */
typedef struct bram_groups {
    const uint32_t *group; /* NULL: every row is a group of its own */
    size_t groups;
} bram_groups;

typedef struct bram_comparison {
    const void *model, *brain; /* as prepared */
    const void *reference;     /* as prepared; NULL unless BRAM_METRIC_REFERENCE */
    const bram_fold *fold;     /* folds for metrics that fit; NULL otherwise */
    size_t folds;
    bram_groups groups;
    size_t memory; /* bytes it may use beyond the data; 0: no limit */
} bram_comparison;

typedef struct bram_metric {
    const char *name;    /* as the field names it */
    const char *summary; /* one line */
    const char *source;  /* the paper or equation */
    unsigned version;
    bram_metric_kind kind;
    unsigned flags;
    double chance;            /* value of an uninformed model; NaN when it depends on the data */
    const bram_param *params; /* NULL: none */

    /** May keep the pointers of side (which outlives it); NULL for metrics that need no step here:
     *  pair then receives the bram_side itself. */
    int (*prepare)(bram_ctx *cx, void **prepared, const bram_options *o, const bram_side *side);
    void (*release)(void *prepared);

    /**
     * @param pair    receives the state for compare
     * @param values  receives the number of raw values (units, or 1)
     * @return BRAM_OK; BRAM_ESHAPE (found, expected); BRAM_ENUMERIC; BRAM_EMEMORY; BRAM_ENOMEM
     */
    int (*pair)(bram_ctx *cx, void **pair, size_t *values, const bram_options *o,
                const bram_comparison *c);
    void (*release_pair)(void *pair);

    /**
     * @param weight  one non-negative number for each group; NULL means all ones
     * @param raw     `values` numbers, NaN where undefined; untouched on failure
     */
    int (*compare)(bram_ctx *cx, double *raw, const void *pair, const double *weight);

    /** Chance on these data (edge density for average precision); NULL: the field chance. */
    double (*chance_of)(const void *pair);

    /**
     * The best guess for several systems (subjects) at once: a prepared side whose mean comparison
     * with them is as high as it can be. Ceilings over subjects are made of it. NULL: none.
     *
     * @param prepared  `count` sides as prepare made them, over the same rows
     * @return as prepare; BRAM_ESHAPE where they differ in rows
     */
    int (*pool)(bram_ctx *cx, void **pooled, const bram_options *o, const void *const *prepared,
                size_t count);

    /** What the signal itself scores on a recording of this reliability (the share of its variance
     *  that is signal; Spearman-Brown of split halves estimates it). NULL: not known. */
    double (*ceiling)(const bram_options *o, double reliability);

    /** Whether higher is better under these options, of a metric that is a similarity or a distance
     *  as asked; NULL: the flag. */
    bool (*higher_better)(const bram_options *o);

    /** Whether it compares measurements (bram_side.repeats) under these options; NULL: never. */
    bool (*uses_repeats)(const bram_options *o);
} bram_metric;

/** @return whether a higher value of m is better under these options */
bool bram_metric_higher_better(const bram_metric *m, const bram_options *o);

/** All metrics, NULL-terminated; one by name (plugins included), or NULL. */
extern const bram_metric *const bram_metric_table[];
const bram_metric *bram_metric_find(const char *name);

/** A metric on two sides that stand ready to be compared, under as many weights as wanted. */
typedef struct bram_evaluation bram_evaluation;

/**
 * Prepares and pairs two sides for a metric given by its spec string. The sides and what settings
 * point to must outlive the evaluation.
 *
 * @param resampled  weights are to come; each row is a group of its own where settings name none
 *                   (else all rows are one group)
 * @param settings   as for bram_metric_score
 * @return as bram_metric_score
 */
int bram_evaluation_new(bram_ctx *cx, bram_evaluation **out, const char *spec,
                        const bram_side *model, const bram_side *brain,
                        const bram_comparison *settings, bool resampled) BRAM_MUST_CHECK;
void bram_evaluation_free(bram_evaluation *s);

/** How many raw values there are, the chance level, and whether higher is better. */
size_t bram_evaluation_values(const bram_evaluation *s);
double bram_evaluation_chance(const bram_evaluation *s);
bool bram_evaluation_higher_better(const bram_evaluation *s);

/** The raw values under weights of the groups; NULL: ones. Any number of threads may ask. */
int bram_evaluation_compare(bram_ctx *cx, double *raw, const bram_evaluation *s,
                            const double *weight) BRAM_MUST_CHECK;

/**
 * A metric by its spec string, once, on two sides.
 *
 * @param raw       receives a heap array of *values numbers; the caller frees it with bram_free
 * @param chance    receives the chance level; may be NULL
 * @param settings  folds, groups, memory, and the reference as a bram_side; its model and brain are
 *                  not looked at. NULL: none of them
 * @return BRAM_OK; BRAM_EUSAGE: no such metric, or an option it does not have; what its steps
 * return
 */
int bram_metric_score(bram_ctx *cx, double **raw, size_t *values, double *chance, const char *spec,
                      const bram_side *model, const bram_side *brain,
                      const bram_comparison *settings) BRAM_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
