/*
 * image.h - PNG and JPEG pictures as arrays of numbers, and what is done to them before a model
 * sees them: grey values, other sizes.
 *
 * image.c is the only file that touches libpng and libjpeg. A value is the stored sample over the
 * largest that its bits can hold, so 0 is black and 1 white of the display: gamma, colour profiles
 * and the orientation in EXIF are not applied (as in Pillow's and scikit-image's arrays).
 */
#ifndef BRAMBLE_CORE_IMAGE_H
#define BRAMBLE_CORE_IMAGE_H

#include "buffer.h"

#include <bramble/context.h>

typedef struct bram_image {
    size_t rows, cols, channels; /* 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha */
    unsigned bits;               /* of a stored sample: 8 (1, 2 and 4 count as 8) or 16 */
    float *values;               /* row x col x channel, 0 to 1; exact for 16 bits, too */
} bram_image;

/* More samples (rows x cols x channels) than this are refused: 1 GiB of values. */
#define BRAM_IMAGE_MOST ((size_t)1 << 28)

void bram_image_release(bram_image *im);

/** @return whether the bytes begin as a PNG or a JPEG file does */
bool bram_image_is(const void *bytes, size_t size);

/**
 * Decodes a picture. PNG: grey, RGB, palette, with and without alpha, 1 to 16 bits, interlaced;
 * palettes become RGB. JPEG: grey or colour of 8 bits, sequential or progressive.
 *
 * Memory: 4 bytes a sample for the result, as much again at most while it works. Sizes that the
 * bytes cannot hold (a picture has at least a bit for 64 pixels in JPEG, a byte for 1032 in PNG)
 * are refused before anything is allocated.
 *
 * @param name  of the picture, for messages
 * @return BRAM_OK; BRAM_EFORMAT: neither, truncated, corrupt, a lying size, more than
 *         BRAM_IMAGE_MOST samples, CMYK or arithmetic coding; BRAM_EMEMORY above the context's
 *         budget; BRAM_ENOMEM
 */
int bram_image_decode(bram_ctx *cx, bram_image *out, const void *bytes, size_t size,
                      const char *name) BRAM_MUST_CHECK;

/** Reads a file. @return as bram_image_decode and bram_file_read */
int bram_image_read(bram_ctx *cx, bram_image *out, const char *path) BRAM_MUST_CHECK;

/**
 * Appends a PNG of 8 bits a sample; the same bytes for the same levels and library.
 *
 * @param level     rows x cols x channels, packed, 0 to 255
 * @param channels  1: grey; 3: RGB
 * @return BRAM_OK; BRAM_EUSAGE for another number of channels, no pixels, or too many; BRAM_ENOMEM
 */
int bram_image_png(bram_ctx *cx, bram_buffer *out, const uint8_t *level, size_t rows, size_t cols,
                   size_t channels) BRAM_MUST_CHECK;

/* ---- many pictures (image_files.c) ---------------------------------------------------------- */

/** One encoded picture; name: within the folder or archive. */
typedef int bram_images_fn(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes,
                           size_t size);

/** @return whether a name ends in .png, .jpg or .jpeg (any case) and is no hidden file's */
bool bram_image_is_name(const char *name);

/**
 * Calls `each` for the pictures, by their names, of a folder (in the order of names) or of a zip or
 * tar archive (in its own order), until one call fails. One file is in memory at a time.
 *
 * @return BRAM_OK; BRAM_EREAD: absent or unreadable; BRAM_EFORMAT: no archive, a damaged one, a
 *         picture of more than 256 MiB; BRAM_EABSENT: no pictures; what `each` returned
 */
int bram_images_each(bram_ctx *cx, const char *path, bram_images_fn *each,
                     void *user) BRAM_MUST_CHECK;

/* ---- forms and sizes (image_form.c) --------------------------------------------------------- */

/**
 * Grey (channels 1) or RGB (channels 3) without alpha, which is laid over a grey background:
 * value = alpha * value + (1 - alpha) * background. Grey of RGB is the luma of ITU-R BT.601,
 * 0.299 R + 0.587 G + 0.114 B, of display values; RGB of grey is three times the same.
 *
 * @param out  a new image, for bram_image_release; may not be `in`
 */
int bram_image_convert(bram_ctx *cx, bram_image *out, const bram_image *in, size_t channels,
                       float background) BRAM_MUST_CHECK;

/**
 * How values between the stored ones are told. A smaller picture is low-pass filtered on the way
 * (the kernel is stretched by the factor), so that nothing aliases.
 */
typedef enum bram_resize {
    BRAM_RESIZE_AREA, /* mean over the rectangle that an output pixel covers; edges by overlap */
    BRAM_RESIZE_BILINEAR, /* triangle, support 1 */
    BRAM_RESIZE_BICUBIC   /* Keys' cubic with a = -0.5, support 2; may over- and undershoot */
} bram_resize;

/**
 * Another size, separable: along rows, then along columns, sums in double. Pixels are squares whose
 * centres lie at half-integers; kernels are cut at the border and normalized. BILINEAR and BICUBIC
 * are Pillow's (Image.resize, mode F), AREA is OpenCV's INTER_AREA.
 *
 * @param out  a new image; may not be `in`
 * @return BRAM_OK; BRAM_EUSAGE for no rows or columns; BRAM_EFORMAT above BRAM_IMAGE_MOST;
 *         BRAM_ENOMEM
 */
int bram_image_resize(bram_ctx *cx, bram_image *out, const bram_image *in, size_t rows, size_t cols,
                      bram_resize how) BRAM_MUST_CHECK;

#endif
