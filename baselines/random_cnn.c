/*
 * random_cnn.c - a convolutional network that has learned nothing: what its architecture alone
 * brings.
 *
 * Pictures come to size x size, values (v - 0.5) / 0.25. Each of `depth` blocks is a convolution of
 * 3 x 3 without bias, zeros beyond the border, `width` 2^k channels in block k = 0, 1 ...; weights
 * are normal with variance 2 / (9 input channels) (He et al. 2015, arXiv 1502.01852); then what is
 * below 0 becomes 0, then means of 2 x 2. Layers block1, block2 ...: what a block gives, averaged
 * to grid x grid places; order: channel, row, column. Weight (c, i, y, x) of block k is draw
 * ((c I + i) 3 + y) 3 + x of the stream "random-cnn/block" of sample k: counter-based, the same on
 * any machine. float32, one product of matrices a block.
 */
#include "image_model.h"

#include "linalg.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { DEPTH = 6 };

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "64", NULL, 4, 512, "rows and columns that pictures come to"},
    {"depth", BRAM_PARAM_INTEGER, "3", NULL, 1, DEPTH, "blocks"},
    {"width", BRAM_PARAM_INTEGER, "32", NULL, 1, 512, "channels of the first block"},
    {"grid", BRAM_PARAM_INTEGER, "4", NULL, 1, 64, "places along a side that a layer is told at"},
    {"colour", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "red, green and blue instead of grey"},
    {"seed", BRAM_PARAM_INTEGER, "1", NULL, 0, 1e9, "of the weights"},
    BRAM_IMAGE_PARAMS("1")};

struct cnn {
    size_t depth, side, inputs, grid;
    size_t channels[DEPTH];
    float *weight[DEPTH]; /* channels x (9 inputs) */
};

static void release(void *state)
{
    struct cnn *n = state;
    for (size_t k = 0; k < n->depth; k++) bram_free(n->weight[k]);
    bram_free(n);
}

static int draw_weights(bram_ctx *cx, struct cnn *n, size_t k, uint64_t seed)
{
    size_t inputs = k ? n->channels[k - 1] : n->inputs, count = n->channels[k] * inputs * 9;
    bram_rng g = bram_rng_at(seed, "random-cnn/block", k);
    n->weight[k] = bram_alloc(cx, count, sizeof(float));
    if (!n->weight[k]) return BRAM_ENOMEM;
    double scale = sqrt(2.0 / (9.0 * (double)inputs));
    for (size_t i = 0; i < count; i++) n->weight[k][i] = (float)(scale * bram_rng_normal(&g));
    return BRAM_OK;
}

/* The neighbours of every pixel: (9 channels) x pixels, zeros beyond the border. */
static void gather(float *out, const float *in, size_t channels, size_t side)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t dy = 0; dy < 3; dy++)
            for (size_t dx = 0; dx < 3; dx++)
                for (size_t y = 0; y < side; y++, out += side) {
                    size_t row = y + dy; /* of the input, and one more */
                    memset(out, 0, side * sizeof *out);
                    if (row < 1 || row > side) continue;
                    const float *from = in + (c * side + row - 1) * side;
                    if (dx == 0) memcpy(out + 1, from, (side - 1) * sizeof *out);
                    else memcpy(out, from + dx - 1, (side - dx + 1) * sizeof *out);
                }
}

/* Cut below 0, means of 2 x 2 (a last odd row or column goes). */
static void pool(float *out, const float *in, size_t channels, size_t side)
{
    size_t half = side / 2;
    for (size_t c = 0; c < channels; c++)
        for (size_t y = 0; y < half; y++)
            for (size_t x = 0; x < half; x++) {
                const float *a = in + (c * side + 2 * y) * side + 2 * x, *b = a + side;
                float sum = fmaxf(a[0], 0) + fmaxf(a[1], 0) + fmaxf(b[0], 0) + fmaxf(b[1], 0);
                out[(c * half + y) * half + x] = sum / 4;
            }
}

/* Means over the cells of a grid; a cell has at least one pixel. */
static void tell(double *out, const float *in, size_t channels, size_t side, size_t grid)
{
    for (size_t c = 0; c < channels; c++)
        for (size_t p = 0; p < grid; p++)
            for (size_t q = 0; q < grid; q++) {
                size_t top = p * side / grid, end = (p + 1) * side / grid;
                size_t left = q * side / grid, right = (q + 1) * side / grid;
                double sum = 0;
                for (size_t y = top; y < end; y++)
                    for (size_t x = left; x < right; x++) sum += in[(c * side + y) * side + x];
                *out++ = sum / (double)((end - top) * (right - left));
            }
}

static int compute(bram_ctx *cx, double *const *out, const void *state, const bram_image *im)
{
    const struct cnn *n = state;
    size_t side = n->side, inputs = n->inputs;
    float *map = bram_scratch(cx, inputs * side * side, sizeof *map);
    if (!map) return BRAM_ENOMEM;
    for (size_t i = 0; i < side * side; i++)
        for (size_t c = 0; c < inputs; c++)
            map[c * side * side + i] = (im->values[i * inputs + c] - 0.5F) / 0.25F;
    for (size_t k = 0; k < n->depth; k++) {
        size_t channels = n->channels[k], half = side / 2;
        float *columns = bram_scratch(cx, 9 * inputs * side * side, sizeof *columns);
        float *raw = bram_scratch(cx, channels * side * side, sizeof *raw);
        float *next = bram_scratch(cx, channels * half * half, sizeof *next);
        if (!columns || !raw || !next) return BRAM_ENOMEM;
        gather(columns, map, inputs, side);
        bram_gemm_f32(raw, n->weight[k], BRAM_AS_IS, columns, BRAM_AS_IS, channels, side * side,
                      9 * inputs, 0);
        pool(next, raw, channels, side);
        if (out[k]) tell(out[k], next, channels, half, n->grid);
        map = next, side = half, inputs = channels;
    }
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    static const char *const names[DEPTH] = {"block1", "block2", "block3",
                                             "block4", "block5", "block6"};
    size_t depth = (size_t)bram_option_integer(o, "depth");
    size_t side = (size_t)bram_option_integer(o, "size");
    size_t grid = (size_t)bram_option_integer(o, "grid");
    if (side >> depth < grid)
        return bram_fail(cx, BRAM_EUSAGE,
                         "size %zu leaves %zu pixels a side after %zu blocks, expected at least "
                         "the grid's %zu",
                         side, side >> depth, depth, grid);
    struct cnn *n = bram_alloc(cx, 1, sizeof *n);
    if (!n) return BRAM_ENOMEM;
    n->depth = depth, n->side = side, n->grid = grid;
    n->inputs = bram_option_flag(o, "colour") ? 3 : 1;
    *plan = (bram_image_plan){.channels = n->inputs,
                              .side = n->side,
                              .layers = n->depth,
                              .compute = compute,
                              .state = n,
                              .release = release};
    int status = BRAM_OK;
    for (size_t k = 0; k < n->depth && status == BRAM_OK; k++) {
        n->channels[k] = (size_t)bram_option_integer(o, "width") << k;
        plan->layer[k].name = names[k], plan->layer[k].width = n->channels[k] * n->grid * n->grid;
        plan->layer[k].places = n->grid, plan->layer[k].first = true;
        status = draw_weights(cx, n, k, (uint64_t)bram_option_integer(o, "seed"));
    }
    if (status == BRAM_OK) return BRAM_OK;
    release(n);
    *plan = (bram_image_plan){0};
    return status;
}

BRAM_IMAGE_FIT(make, bram_model_random_cnn)

const bram_model bram_model_random_cnn = {
    .name = "random-cnn",
    .summary = "a convolutional network with random weights",
    .source = "He et al. 2015, arXiv 1502.01852 for the weights",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
