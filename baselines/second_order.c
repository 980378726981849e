/*
 * second_order.c - mean values of blocks of the central pixels, and the products of every two of
 * them: all that a quadratic model of a cell sees, at the resolution of the blocks.
 *
 * The central share `field` of a picture is cut into blocks x blocks; m_k are their means, row by
 * row. Layers: "means" (blocks^2), and "products": the means, then m_k m_l for k <= l. With the
 * defaults, 10 x 10 blocks of the central quarter (40 x 40 of 160 pixels), there are 5150 features.
 * Source: a second-order Wiener model, e.g. Rust & Movshon 2005, Nat Neurosci 8:1647.
 */
#include "image_model.h"

static const bram_param params[] = {
    {"blocks", BRAM_PARAM_INTEGER, "10", NULL, 1, 64, "blocks along a side"},
    BRAM_IMAGE_PARAMS("0.25")};

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    (void)cx, (void)state;
    size_t n = im->rows * im->cols;
    for (size_t l = 0; l < 2; l++)
        for (size_t k = 0; out[l] && k < n; k++) out[l][k] = im->values[k];
    if (!out[1]) return BRAM_OK;
    double *product = out[1] + n;
    for (size_t k = 0; k < n; k++)
        for (size_t l = k; l < n; l++) *product++ = out[1][k] * out[1][l];
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    (void)cx;
    size_t side = (size_t)bram_option_integer(o, "blocks"), n = side * side;
    *plan = (bram_image_plan){.channels = 1,
                              .side = side,
                              .layers = 2,
                              .layer = {{"means", n}, {"products", n + n * (n + 1) / 2}},
                              .compute = compute};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_second_order)

const bram_model bram_model_second_order = {
    .name = "second-order",
    .summary = "means of blocks of the central pixels and all products of two of them",
    .source = "a second-order model of a cell: Rust & Movshon 2005",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
