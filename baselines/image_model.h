/*
 * image_model.h - what the image-computable baselines share: pictures of stimuli in, one row of
 * numbers a picture out, layer by layer.
 *
 * A model says in a plan what a picture is brought to (grey or RGB, size) and what is computed from
 * one picture; the rest is here: finding the pictures (stimuli/images of the public data, or files
 * beside them), batches in bounded memory, the pool, the cache. A row depends on its own picture
 * alone, so that batches and threads change no bit.
 *
 * Cache: where the environment names a folder in BRAMBLE_FEATURES, answers are kept there under the
 * SHA-256 of the spec, the model's version, the ids and the pictures themselves.
 */
#ifndef BRAMBLE_BASELINES_IMAGE_MODEL_H
#define BRAMBLE_BASELINES_IMAGE_MODEL_H

#include "image.h"

#include <bramble/model.h>

enum { BRAM_IMAGE_LAYERS = 8 };

typedef struct bram_image_plan {
    bool shapes_only; /* in: only what follows is asked for, nothing will be computed */
    size_t channels;  /* 1 or 3 */
    size_t side;      /* pictures are brought to side x side; 0: left as they are */
    size_t layers;
    struct {
        const char *name; /* static text */
        size_t width;
        size_t places; /* it is a map of places x places (core/token_map.h); 0: it is not */
        bool first;    /* a map's channels come before its rows and columns, else last */
    } layer[BRAM_IMAGE_LAYERS]; /* the last is the answer where none is named */

    /**
     * The features of one picture. Called from many threads.
     *
     * @param out  for each layer its row; NULL for one that is not asked for
     * @return BRAM_OK; BRAM_ENOTAPPLICABLE; BRAM_ENOMEM
     */
    int (*compute)(bram_ctx *cx, double *const *out, const void *state, const bram_image *im);
    void *state; /* filters and the like; may be NULL */
    void (*release)(void *state);
} bram_image_plan;

/** Fills in a plan from a model's options. On failure nothing is left to release. */
typedef int bram_image_make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o);

/** The options that all of them have, for the end of a table; with the default of `field`. */
#define BRAM_IMAGE_PARAMS(central)                                                                  \
    {"field", BRAM_PARAM_REAL, central, NULL, 0.001, 1, "share of width and height that is seen"},  \
        {"layer", BRAM_PARAM_TEXT, "", NULL, 0, 0, "by name, or all; empty: the last"},             \
        {"set", BRAM_PARAM_TEXT, "", NULL, 0, 0, "pictures below stimuli/images; empty: the only"}, \
        {"images", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a folder or archive instead"},                 \
        {"resize",                                                                                  \
         BRAM_PARAM_CHOICE,                                                                         \
         "area",                                                                                    \
         "area|bilinear|bicubic",                                                                   \
         0,                                                                                         \
         0,                                                                                         \
         "how pictures come to their size"},                                                        \
    {                                                                                               \
        .name = NULL                                                                                \
    }

int bram_image_model_new(bram_ctx *cx, void **fitted, const bram_options *o, bram_image_make *make,
                         const bram_model *model) BRAM_MUST_CHECK;
int bram_image_answer(bram_ctx *cx, const void *fitted, const bram_query *q,
                      bram_dataset *out) BRAM_MUST_CHECK;
int bram_image_save(bram_ctx *cx, const void *fitted, bram_dataset *out) BRAM_MUST_CHECK;
int bram_image_content(bram_ctx *cx, char hex[65], const bram_options *o) BRAM_MUST_CHECK;
void bram_image_model_free(void *fitted);

/** Bytes of the answer for this many stimuli, see bram_model.memory. */
size_t bram_image_memory(const bram_options *o, bram_image_make *make, size_t rows);

/** Nothing is fitted: both ways to a model make its plan. */
#define BRAM_IMAGE_FIT(make, entry)                                                                \
    extern const bram_model entry;                                                                 \
    static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,    \
                   const bram_panel *validation, uint64_t seed)                                    \
    {                                                                                              \
        (void)train, (void)validation, (void)seed;                                                 \
        return bram_image_model_new(cx, fitted, o, make, &entry);                                  \
    }                                                                                              \
    static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)    \
    {                                                                                              \
        (void)in;                                                                                  \
        return bram_image_model_new(cx, fitted, o, make, &entry);                                  \
    }                                                                                              \
    static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)          \
    {                                                                                              \
        (void)units, (void)inputs;                                                                 \
        return bram_image_memory(o, make, rows);                                                   \
    }

/** The members of an entry that are the same for all. */
#define BRAM_IMAGE_ENTRY                                                                           \
    .missing = "not applicable where a stimulus has no picture",                                   \
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES), .fit = fit, .answer = bram_image_answer,           \
    .save = bram_image_save, .load = load, .release = bram_image_model_free,                       \
    .content = bram_image_content, .memory = memory

#endif
