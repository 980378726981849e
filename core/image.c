/*
 * image.c - PNG through libpng, JPEG through libjpeg.
 *
 * Both libraries report errors by a call that may not return. It jumps to the one function that
 * set the mark; everything it needs lives in a struct that its caller owns, so that nothing is lost
 * or clobbered. A warning of libjpeg that the data are damaged is an error here: it would go on
 * with grey where pixels are missing.
 */
#include "image.h"

#include "file.h"
#include "internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include <jpeglib.h>

#include <jerror.h>

enum {
    SIDE = 65535,             /* pixels; JPEG's own limit */
    FILE_MOST = 1 << 28,      /* bytes of an encoded picture */
    CHUNK_MOST = 8 << 20,     /* bytes of a PNG chunk beside the pixels */
    DEFLATE_MOST = 1032,      /* deflate makes at most 1032 bytes of one */
    PIXELS_PER_BYTE = 8 * 64, /* a JPEG has at least a bit for each block of 64 pixels */
    SCANS_MOST = 500          /* of a progressive JPEG: each costs a pass over the picture */
};

void bram_image_release(bram_image *im)
{
    bram_free(im->values);
    *im = (bram_image){0};
}

static bool is_png(const void *bytes, size_t size)
{
    return size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool is_jpeg(const void *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0;
}

bool bram_image_is(const void *bytes, size_t size)
{
    return is_png(bytes, size) || is_jpeg(bytes, size);
}

/* Refuses what is too large, before there is memory for it. `work`: bytes beside the values. */
static int check_size(bram_ctx *cx, const bram_image *im, size_t work, const char *name)
{
    size_t samples = im->rows * im->cols * im->channels, budget = bram_ctx_memory(cx);
    if (samples > BRAM_IMAGE_MOST)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %zu x %zu pixels of %zu values, at most %zu values",
                         name, im->rows, im->cols, im->channels, BRAM_IMAGE_MOST);
    if (budget && samples * sizeof(float) + work > budget)
        return bram_fail(cx, BRAM_EMEMORY, "%s: %zu x %zu pixels need %zu bytes, the budget is %zu",
                         name, im->rows, im->cols, samples * sizeof(float) + work, budget);
    return BRAM_OK;
}

static int fail_lying(bram_ctx *cx, const bram_image *im, size_t size, const char *name)
{
    return bram_fail(cx, BRAM_EFORMAT, "%s: %zu bytes cannot hold the %zu x %zu pixels they claim",
                     name, size, im->rows, im->cols);
}

/* ---- PNG ------------------------------------------------------------------------------------ */

struct png_work {
    const unsigned char *bytes;
    size_t size, at;
    png_structp png;
    png_infop info;
    jmp_buf mark;
    char reason[160];
    bool no_memory;
    bram_image im;
    size_t stride;        /* bytes of a row as it is read */
    size_t packed;        /* of a row as it is stored */
    unsigned char *raw;   /* rows x stride */
    unsigned char **rows; /* into raw */
};

static void png_failed(png_structp png, png_const_charp reason)
{
    struct png_work *w = png_get_error_ptr(png);
    snprintf(w->reason, sizeof w->reason, "%s", reason);
    longjmp(w->mark, 1);
}

static void png_warned(png_structp png, png_const_charp reason)
{
    (void)png;
    (void)reason; /* about chunks that are not used */
}

static png_voidp png_memory(png_structp png, png_alloc_size_t bytes)
{
    struct png_work *w = png_get_mem_ptr(png);
    void *memory = bram_malloc(bytes);
    w->no_memory |= !memory;
    return memory;
}

static void png_give_back(png_structp png, png_voidp memory)
{
    (void)png;
    bram_free(memory);
}

static void png_take(png_structp png, png_bytep out, size_t n)
{
    struct png_work *w = png_get_io_ptr(png);
    if (n > w->size - w->at) png_error(png, "the file ends early");
    memcpy(out, w->bytes + w->at, n);
    w->at += n;
}

/* @return whether the header could be read: size and form of the picture as it will come out */
static bool png_start(struct png_work *w)
{
    if (setjmp(w->mark)) return false;
    w->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, w, png_failed, png_warned, w,
                                      png_memory, png_give_back);
    if (!w->png || !(w->info = png_create_info_struct(w->png))) {
        w->no_memory = true;
        return false;
    }
    png_set_user_limits(w->png, SIDE, SIDE);
    png_set_chunk_malloc_max(w->png, CHUNK_MOST);
    png_set_read_fn(w->png, w, png_take);
    png_read_info(w->png, w->info);
    w->packed = png_get_rowbytes(w->png, w->info);
    png_set_expand(w->png); /* palettes to RGB, small samples to 8 bits, tRNS to alpha */
    png_set_swap(w->png);   /* 16 bits: lowest byte first */
    (void)png_set_interlace_handling(w->png);
    png_read_update_info(w->png, w->info);
    w->im = (bram_image){.rows = png_get_image_height(w->png, w->info),
                         .cols = png_get_image_width(w->png, w->info),
                         .channels = png_get_channels(w->png, w->info),
                         .bits = png_get_bit_depth(w->png, w->info)};
    w->stride = png_get_rowbytes(w->png, w->info);
    return true;
}

static bool png_finish(struct png_work *w)
{
    if (setjmp(w->mark)) return false;
    png_read_image(w->png, w->rows);
    png_read_end(w->png, NULL);
    return true;
}

static void png_values(const struct png_work *w)
{
    size_t across = w->im.cols * w->im.channels;
    for (size_t i = 0; i < w->im.rows; i++) {
        const unsigned char *row = w->rows[i];
        float *out = w->im.values + i * across;
        for (size_t k = 0; k < across; k++)
            out[k] = w->im.bits == 16 ? (float)(row[2 * k] + 256 * row[2 * k + 1]) / 65535
                                      : (float)row[k] / 255;
    }
}

static int png_fail(bram_ctx *cx, const struct png_work *w, const char *name)
{
    if (w->no_memory) return bram_fail(cx, BRAM_ENOMEM, "%s: no memory for a PNG picture", name);
    return bram_fail(cx, BRAM_EFORMAT, "%s: damaged PNG picture: %s", name, w->reason);
}

static int decode_png(bram_ctx *cx, struct png_work *w, const char *name)
{
    if (!png_start(w)) return png_fail(cx, w, name);
    if (w->packed && w->im.rows * w->packed / DEFLATE_MOST > w->size)
        return fail_lying(cx, &w->im, w->size, name);
    BRAM_TRY(check_size(cx, &w->im, w->im.rows * w->stride, name));
    w->raw = bram_alloc(cx, w->im.rows, w->stride);
    w->rows = bram_alloc(cx, w->im.rows, sizeof *w->rows);
    w->im.values = bram_alloc(cx, w->im.rows * w->im.cols * w->im.channels, sizeof(float));
    if (!w->raw || !w->rows || !w->im.values) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->im.rows; i++) w->rows[i] = w->raw + i * w->stride;
    if (!png_finish(w)) return png_fail(cx, w, name);
    png_values(w);
    return BRAM_OK;
}

/* ---- JPEG ----------------------------------------------------------------------------------- */

struct jpeg_work {
    const unsigned char *bytes;
    size_t size;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf mark;
    char reason[JMSG_LENGTH_MAX];
    bool no_memory, made;
    bram_image im;
    unsigned char *row;
};

static void jpeg_failed(j_common_ptr jpeg)
{
    struct jpeg_work *w = jpeg->client_data;
    w->no_memory = jpeg->err->msg_code == JERR_OUT_OF_MEMORY;
    jpeg->err->format_message(jpeg, w->reason);
    longjmp(w->mark, 1);
}

/* Damage is an error; stray bytes between markers lose nothing. */
static void jpeg_warned(j_common_ptr jpeg, int level)
{
    if (level < 0 && jpeg->err->msg_code != JWRN_EXTRANEOUS_DATA) jpeg_failed(jpeg);
}

static void jpeg_watch(j_common_ptr jpeg)
{
    struct jpeg_work *w = jpeg->client_data;
    if (((j_decompress_ptr)jpeg)->input_scan_number <= SCANS_MOST) return;
    snprintf(w->reason, sizeof w->reason, "more than %d scans", SCANS_MOST);
    longjmp(w->mark, 1);
}

/* @return whether the header could be read */
static bool jpeg_begin(struct jpeg_work *w)
{
    w->jpeg.err = jpeg_std_error(&w->errors);
    w->errors.error_exit = jpeg_failed;
    w->errors.emit_message = jpeg_warned;
    w->jpeg.client_data = w;
    if (setjmp(w->mark)) return false;
    jpeg_create_decompress(&w->jpeg);
    w->made = true;
    w->progress.progress_monitor = jpeg_watch;
    w->jpeg.progress = &w->progress;
    w->jpeg.mem->max_memory_to_use = (long)(BRAM_IMAGE_MOST * sizeof(float));
    jpeg_mem_src(&w->jpeg, w->bytes, w->size);
    (void)jpeg_read_header(&w->jpeg, TRUE);
    bool grey = w->jpeg.jpeg_color_space == JCS_GRAYSCALE;
    w->jpeg.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    w->jpeg.dct_method = JDCT_ISLOW;
    w->im = (bram_image){.rows = w->jpeg.image_height,
                         .cols = w->jpeg.image_width,
                         .channels = grey ? 1 : 3,
                         .bits = 8};
    return true;
}

static bool jpeg_rows(struct jpeg_work *w)
{
    if (setjmp(w->mark)) return false;
    (void)jpeg_start_decompress(&w->jpeg);
    size_t across = w->im.cols * w->im.channels;
    while (w->jpeg.output_scanline < w->jpeg.output_height) {
        float *out = w->im.values + w->jpeg.output_scanline * across;
        (void)jpeg_read_scanlines(&w->jpeg, &w->row, 1);
        for (size_t k = 0; k < across; k++) out[k] = (float)w->row[k] / 255;
    }
    (void)jpeg_finish_decompress(&w->jpeg);
    return true;
}

static int jpeg_fail(bram_ctx *cx, const struct jpeg_work *w, const char *name)
{
    if (w->no_memory) return bram_fail(cx, BRAM_ENOMEM, "%s: no memory for a JPEG picture", name);
    return bram_fail(cx, BRAM_EFORMAT, "%s: damaged JPEG picture: %s", name, w->reason);
}

static int decode_jpeg(bram_ctx *cx, struct jpeg_work *w, const char *name)
{
    if (!jpeg_begin(w)) return jpeg_fail(cx, w, name);
    J_COLOR_SPACE colours = w->jpeg.jpeg_color_space;
    if (colours != JCS_GRAYSCALE && colours != JCS_YCbCr && colours != JCS_RGB)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: a JPEG picture of %d components%s, expected grey or RGB: convert it",
                         name, w->jpeg.num_components,
                         colours == JCS_CMYK || colours == JCS_YCCK ? " (CMYK)" : "");
    if (w->jpeg.arith_code)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: a JPEG picture with arithmetic coding, expected "
                         "Huffman coding: convert it",
                         name);
    if (w->im.rows * w->im.cols / PIXELS_PER_BYTE > w->size)
        return fail_lying(cx, &w->im, w->size, name);
    /* a progressive picture keeps its coefficients, two bytes each, until the last scan */
    BRAM_TRY(check_size(cx, &w->im, 2 * w->im.rows * w->im.cols * w->im.channels, name));
    w->row = bram_alloc(cx, w->im.cols * w->im.channels, 1);
    w->im.values = bram_alloc(cx, w->im.rows * w->im.cols * w->im.channels, sizeof(float));
    if (!w->row || !w->im.values) return BRAM_ENOMEM;
    return jpeg_rows(w) ? BRAM_OK : jpeg_fail(cx, w, name);
}

/* ---- either --------------------------------------------------------------------------------- */

static int read_png(bram_ctx *cx, bram_image *out, const void *bytes, size_t size, const char *name)
{
    struct png_work *w = bram_alloc(cx, 1, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    w->bytes = bytes, w->size = size;
    int status = decode_png(cx, w, name);
    if (w->png) png_destroy_read_struct(&w->png, &w->info, NULL);
    bram_free(w->raw);
    bram_free(w->rows);
    if (status == BRAM_OK) *out = w->im;
    else bram_free(w->im.values);
    bram_free(w);
    return status;
}

static int read_jpeg(bram_ctx *cx, bram_image *out, const void *bytes, size_t size,
                     const char *name)
{
    struct jpeg_work *w = bram_alloc(cx, 1, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    w->bytes = bytes, w->size = size;
    int status = decode_jpeg(cx, w, name);
    if (w->made) jpeg_destroy_decompress(&w->jpeg);
    bram_free(w->row);
    if (status == BRAM_OK) *out = w->im;
    else bram_free(w->im.values);
    bram_free(w);
    return status;
}

int bram_image_decode(bram_ctx *cx, bram_image *out, const void *bytes, size_t size,
                      const char *name)
{
    if (size > FILE_MOST)
        return bram_fail(cx, BRAM_EFORMAT, "%s: a picture of %zu bytes, at most %d", name, size,
                         FILE_MOST);
    if (is_png(bytes, size)) return read_png(cx, out, bytes, size, name);
    if (is_jpeg(bytes, size)) return read_jpeg(cx, out, bytes, size, name);
    if (bram_file_is_lfs_pointer(bytes, size))
        return bram_fail(cx, BRAM_EFORMAT, "%s: a git-LFS pointer in place of the picture", name);
    return bram_fail(cx, BRAM_EFORMAT, "%s: neither a PNG nor a JPEG picture", name);
}

int bram_image_read(bram_ctx *cx, bram_image *out, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size;
    BRAM_TRY(bram_file_read(cx, &bytes, &size, path, FILE_MOST));
    int status = bram_image_decode(cx, out, bytes, size, path);
    bram_free(bytes);
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void png_give(png_structp png, png_bytep bytes, size_t n)
{
    bram_buffer *out = png_get_io_ptr(png);
    bram_buffer_write(out, (const char *)bytes, n);
    if (out->failed) png_error(png, "no memory");
}

static void png_flushed(png_structp png)
{
    (void)png;
}

/* All of it under the mark: the library jumps back here when it fails. */
static bool write_png(struct png_work *w, bram_buffer *out, const uint8_t *level)
{
    if (setjmp(w->mark)) return false;
    png_set_write_fn(w->png, out, png_give, png_flushed);
    png_set_IHDR(w->png, w->info, (png_uint_32)w->im.cols, (png_uint_32)w->im.rows, 8,
                 w->im.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(w->png, w->info);
    for (size_t i = 0; i < w->im.rows; i++) png_write_row(w->png, level + i * w->stride);
    png_write_end(w->png, NULL);
    return true;
}

int bram_image_png(bram_ctx *cx, bram_buffer *out, const uint8_t *level, size_t rows, size_t cols,
                   size_t channels)
{
    if ((channels != 1 && channels != 3) || !rows || !cols || rows > SIDE || cols > SIDE)
        return bram_fail(cx, BRAM_EUSAGE, "a picture of %zu x %zu x %zu cannot be written", rows,
                         cols, channels);
    struct png_work w = {.im = {.rows = rows, .cols = cols, .channels = channels},
                         .stride = cols * channels};
    w.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w, png_failed, png_warned, &w,
                                      png_memory, png_give_back);
    if (w.png) w.info = png_create_info_struct(w.png);
    bool good = w.info && write_png(&w, out, level);
    png_destroy_write_struct(&w.png, &w.info);
    return good ? BRAM_OK : bram_fail(cx, BRAM_ENOMEM, "no memory for a picture as PNG");
}
