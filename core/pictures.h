/*
 * pictures.h - pictures of stimuli: put into a dataset, and handed to whoever computes on them.
 *
 * They stand in the dataset, stimuli/images/NAME (datasets/schema.md), or beside it in a folder or
 * an archive, where the column `image` of the table stimuli/stimulus names the file or member.
 */
#ifndef BRAMBLE_CORE_PICTURES_H
#define BRAMBLE_CORE_PICTURES_H

#include "image.h"

#include <bramble/dataset.h>

/**
 * Makes stimuli/images/NAME as levels 0 to 255, all 0, for bram_dataset_add(cx, ds,
 * "stimuli/images", r).
 *
 * @param channels  1 or 3
 * @return BRAM_OK; BRAM_EUSAGE; BRAM_ENOMEM
 */
int bram_pictures_new(bram_ctx *cx, bram_response **out, const char *name,
                      const bram_axis *stimulus, size_t rows, size_t cols,
                      size_t channels) BRAM_MUST_CHECK;

/**
 * Puts one picture in its place; samples of 16 bits are rounded to 8. Alpha must be gone
 * (bram_image_convert).
 *
 * @return BRAM_OK; BRAM_ESHAPE: another size or number of channels, named
 */
int bram_pictures_put(bram_ctx *cx, bram_response *pictures, size_t at, const bram_image *im,
                      const char *name) BRAM_MUST_CHECK;

/** Some pictures; valid during the call. `at` is the position of each on the axis asked for. */
typedef struct bram_picture_batch {
    size_t count;
    const size_t *at;
    const bram_image *image;
} bram_picture_batch;

typedef int bram_pictures_fn(bram_ctx *cx, void *user, const bram_picture_batch *batch);

/**
 * Hands over the picture of each stimulus that is asked for, once, in batches, in the order in
 * which they are stored. At most 64 pictures, or one, are in memory at a time.
 *
 * @param set     the name below stimuli/images; "": the only one, or of several (of several scans)
 *                the first that has a picture of every stimulus
 * @param beside  "", or a folder or archive: then stimuli/images is not looked at
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: the dataset has no pictures, none or several of that name,
 *         a stimulus lacks its own; BRAM_EFORMAT: a damaged picture, another hash than
 *         image_sha256; errors of reading; what `each` returned
 */
int bram_pictures_each(bram_ctx *cx, const bram_dataset *ds, const char *set, const char *beside,
                       const bram_axis *wanted, bram_pictures_fn *each, void *user) BRAM_MUST_CHECK;

/**
 * The set that bram_pictures_each would read for these stimuli (NULL: for none in particular).
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE as above
 */
int bram_pictures_find(bram_ctx *cx, const bram_response **out, const bram_dataset *ds,
                       const char *set, const bram_axis *wanted) BRAM_MUST_CHECK;

#endif
