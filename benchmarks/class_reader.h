/*
 * class_reader.h - readers of classes by name, with their options: those of classifier.h and mlp.h.
 */
#ifndef BRAMBLE_BENCHMARKS_CLASS_READER_H
#define BRAMBLE_BENCHMARKS_CLASS_READER_H

#include "classifier.h"
#include "mlp.h"

#include <bramble/benchmark.h>

/* clang-format off */
/** The options of readers; for the table of a task. */
#define BRAM_READER_PARAMS                                                                         \
    {"penalty", BRAM_PARAM_REALS, "1..1e4", NULL, 1e-6, 1e9,                                       \
     "of the weights of logistic; several: chosen in inner folds"},                                \
    {"hidden", BRAM_PARAM_INTEGER, "64", NULL, 1, 4096, "units of the layer of mlp"},              \
    {"steps", BRAM_PARAM_INTEGER, "1000", NULL, 1, 1000000, "of the training of mlp"},             \
    {"rate", BRAM_PARAM_REAL, "0.003", NULL, 1e-6, 1, "of the training of mlp"},                   \
    {"decay", BRAM_PARAM_REAL, "0.1", NULL, 0, 100, "of the weights of mlp"}
/* clang-format on */

/** The names, ended by NULL: contestants of a task. */
extern const bram_contestant bram_class_readers[];

typedef struct bram_class_reader_settings {
    bool network;
    bram_classifier_settings linear;
    const double *penalty; /* ascending, of the options */
    size_t penalties;
    bram_mlp_settings mlp;
} bram_class_reader_settings;

/** A fitted reader, in scratch memory. */
typedef struct bram_class_reader {
    bool network;
    bram_classifier linear;
    bram_mlp mlp;
} bram_class_reader;

/** @return BRAM_OK; BRAM_EUSAGE for a name that is none, or penalties that do not ascend */
int bram_class_reader_parse(bram_ctx *cx, bram_class_reader_settings *out, const char *name,
                            const bram_options *o, uint64_t seed) BRAM_MUST_CHECK;

/**
 * Makes what is chosen in inner folds, the penalty of logistic, one value. Settings that have
 * nothing to choose stay as they are.
 *
 * @param fold  of each row: rows of one fold stay together
 * @return as bram_classifier_choose; BRAM_EUSAGE when there is one inner fold only
 */
int bram_class_reader_choose(bram_ctx *cx, bram_class_reader_settings *s, const bram_mat *x,
                             const size_t *label, const size_t *fold,
                             size_t classes) BRAM_MUST_CHECK;

/** @return as bram_classifier_fit, bram_mlp_fit; several penalties: the first is taken */
int bram_class_reader_fit(bram_ctx *cx, bram_class_reader *out, const bram_mat *x,
                          const size_t *label, size_t classes,
                          const bram_class_reader_settings *s) BRAM_MUST_CHECK;

/** Scores of rows, the highest being what is told. @param score  rows x classes, the caller's */
int bram_class_reader_scores(bram_ctx *cx, bram_mat *score, const bram_class_reader *r,
                             const bram_mat *x) BRAM_MUST_CHECK;

#endif
