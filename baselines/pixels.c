/*
 * pixels.c - the pixels of a picture, row by row from the top: what any model of vision should
 * beat. Values 0 (black) to 1, grey or red, green, blue for each pixel.
 */
#include "image_model.h"

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "32", NULL, 1, 1024, "rows and columns"},
    {"colour", BRAM_PARAM_FLAG, "no", NULL, 0, 0, "red, green and blue instead of grey"},
    BRAM_IMAGE_PARAMS("1")};

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    (void)cx, (void)state;
    for (size_t k = 0; k < im->rows * im->cols * im->channels; k++) out[0][k] = im->values[k];
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    (void)cx;
    size_t side = (size_t)bram_option_integer(o, "size");
    size_t channels = bram_option_flag(o, "colour") ? 3 : 1;
    *plan = (bram_image_plan){.channels = channels,
                              .side = side,
                              .layers = 1,
                              .layer = {{"pixels", side * side * channels, side, false}},
                              .compute = compute};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_pixels)

const bram_model bram_model_pixels = {
    .name = "pixels",
    .summary = "the pixels of the pictures",
    .source = "the pictures",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
