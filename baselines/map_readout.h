/*
 * map_readout.h - models that tell responses from maps of features (core/token_map.h) by a readout
 * of core/nn_readout.h: what the models readout-* share.
 *
 * Features stand in standard scores of each channel over training rows and positions, responses in
 * those of each unit over training rows. What is missing of the features is 0, the mean; what is
 * missing of the responses is no target. The loss is the mean squared error; where the units have a
 * column `hemisphere`, the sum of the hemispheres' means (Adeli et al. 2025), plus the readout's
 * penalties.
 *
 * AdamW with clipped gradients, batches in an order drawn anew in each epoch, the rate rising over
 * 5 % of the steps and then falling along a cosine to a tenth. After each epoch the mean over units
 * of the correlation (undefined: 0) on rows that are not trained on: the validation panel, or a
 * share of the training rows drawn once. The best parameters are kept, and `patience` epochs
 * without better ones end the training. A batch is cut into four fixed parts with gradients of
 * their own, added in their order: any number of threads gives the same bits.
 *
 * The answer to RESPOND is "mean" (row x unit) and, where the readout has them,
 *   "map"        unit x map_row x map_column: where a unit looks, whatever the image
 *   "attention"  shown x region x map_row x map_column, float32: where the region's query looked in
 *                the first rows asked for, as many as fit into BRAM_MAP_ATTENTION values; sums to 1
 */
#ifndef BRAMBLE_BASELINES_MAP_READOUT_H
#define BRAMBLE_BASELINES_MAP_READOUT_H

#include "nn_readout.h"

#include <bramble/model.h>

enum { BRAM_MAP_ATTENTION = 1 << 22 };

/** What is special about one of the models. */
typedef struct bram_tokens_kind {
    const bram_nn32_readout *readout;
    const char *params; /* the group of its tensors in a file: params/NAME */
    bool regions;       /* it has a query for each region of the units */

    /** Its options into the shape. @return NULL, or what is wrong with them */
    const char *(*set)(bram_nn_readout *s, const bram_options *o);
} bram_tokens_kind;

/** The options that all of them have, for the end of a table. */
#define BRAM_MAP_PARAMS(rate, decay, clip)                                                         \
    {"epochs", BRAM_PARAM_INTEGER, "100", NULL, 1, 100000, "passes over the training rows"},       \
        {"batch", BRAM_PARAM_INTEGER, "32", NULL, 1, 65536, "rows of a step"},                     \
        {"rate", BRAM_PARAM_REAL, rate, NULL, 1e-8, 10, "highest learning rate"},                  \
        {"decay", BRAM_PARAM_REAL, decay, NULL, 0, 1, "weight decay of AdamW"},                    \
        {"clip", BRAM_PARAM_REAL, clip, NULL, 1e-6, 1e9, "largest norm of a gradient"},            \
        {"validation",                                                                             \
         BRAM_PARAM_REAL,                                                                          \
         "0.1",                                                                                    \
         NULL,                                                                                     \
         0,                                                                                        \
         0.5,                                                                                      \
         "share of the training rows that tells when to stop; 0: all epochs"},                     \
        {"patience", BRAM_PARAM_INTEGER, "15", NULL, 1, 100000, "epochs without a better one"},    \
        {"height",                                                                                 \
         BRAM_PARAM_INTEGER,                                                                       \
         "0",                                                                                      \
         NULL,                                                                                     \
         0,                                                                                        \
         65536,                                                                                    \
         "rows of the map, of features that say nothing of it"},                                   \
        {"width", BRAM_PARAM_INTEGER, "0", NULL, 0, 65536, "columns of it"},                       \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/** bram_model.fit, answer, save, load, release and memory. */
int bram_tokens_fit(bram_ctx *cx, void **fitted, const bram_tokens_kind *kind,
                    const bram_options *o, const bram_panel *train, const bram_panel *validation,
                    uint64_t seed) BRAM_MUST_CHECK;
int bram_tokens_answer(bram_ctx *cx, const void *fitted, const bram_query *q,
                       bram_dataset *out) BRAM_MUST_CHECK;
int bram_tokens_save(bram_ctx *cx, const void *fitted, bram_dataset *out) BRAM_MUST_CHECK;
int bram_tokens_load(bram_ctx *cx, void **fitted, const bram_tokens_kind *kind,
                     const bram_options *o, const bram_dataset *in) BRAM_MUST_CHECK;
void bram_tokens_free(void *fitted);
size_t bram_tokens_memory(const bram_options *o, size_t rows, size_t units, size_t inputs);

/** fit and load of one of them. */
#define BRAM_MAP_FIT(kind)                                                                         \
    static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,    \
                   const bram_panel *validation, uint64_t seed)                                    \
    {                                                                                              \
        return bram_tokens_fit(cx, fitted, &kind, o, train, validation, seed);                     \
    }                                                                                              \
    static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)    \
    {                                                                                              \
        return bram_tokens_load(cx, fitted, &kind, o, in);                                         \
    }

/** The members of an entry that are the same for all. */
#define BRAM_MAP_ENTRY                                                                             \
    .missing = "missing features stand at the mean of their channel; missing responses are no "    \
               "targets",                                                                          \
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),                                                     \
    .flags = BRAM_MODEL_NEEDS_INPUT | BRAM_MODEL_STOCHASTIC | BRAM_MODEL_FINISHES, .fit = fit,     \
    .answer = bram_tokens_answer, .save = bram_tokens_save, .load = load,                          \
    .release = bram_tokens_free, .memory = bram_tokens_memory

#endif
