/* fuzz_image.c - core/image.c: any bytes as a picture, and another size of it. */
#include "fuzz.h"
#include "image.h"

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_image im = {0}, grey = {0}, small = {0};
    bram_ctx_set_memory(cx, (size_t)64 << 20);
    if (!fuzz_ok(cx, bram_image_decode(cx, &im, bytes, size, "picture"))) return;
    fuzz_need(bram_image_is(bytes, size));
    for (size_t k = 0; k < im.rows * im.cols * im.channels; k++)
        fuzz_need(im.values[k] >= 0 && im.values[k] <= 1);
    if (fuzz_ok(cx, bram_image_convert(cx, &grey, &im, 1, 0.5F)) &&
        fuzz_ok(cx, bram_image_resize(cx, &small, &grey, 5, 7, BRAM_RESIZE_AREA)))
        for (size_t k = 0; k < 35; k++)
            fuzz_need(small.values[k] > -0.001 && small.values[k] < 1.001);
    bram_image_release(&im);
    bram_image_release(&grey);
    bram_image_release(&small);
}
