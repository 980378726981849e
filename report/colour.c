/*
 * colour.c - palette and scales. The scales are linear between five or nine stops in sRGB; the
 * stops of the first follow viridis (van der Walt and Smith 2015), those of the second the RdBu
 * scheme (Brewer 2003); lightness rises evenly along the first and falls evenly from the middle of
 * the second.
 */
#include "colour.h"

#include <math.h>
#include <stddef.h>

uint32_t bram_palette(int i, bool dark)
{
    /* blue, brick, teal, pink, brown, lavender, tan; cyan, orange, mint, yellow, taupe, blue, olive
     */
    static const uint32_t on_light[BRAM_PALETTE] = {0x1e3eac, 0xa8320c, 0x08a2b4, 0xf42e92,
                                                    0x5e3a30, 0x8c87e1, 0x947e54};
    static const uint32_t on_dark[BRAM_PALETTE] = {0x23d4ed, 0xeb8b4d, 0x74d4a5, 0xf3d964,
                                                   0x93837b, 0x0075b7, 0x52740e};
    size_t k = (size_t)(i < 0 ? 0 : i) % BRAM_PALETTE;
    return dark ? on_dark[k] : on_light[k];
}

uint32_t bram_colour_scale(double t, bool diverging)
{
    static const uint32_t even[] = {0x440154, 0x472d7b, 0x3b528b, 0x2c728e, 0x21918c,
                                    0x28ae80, 0x5ec962, 0xaddc30, 0xfde725};
    static const uint32_t two_sided[] = {0x2166ac, 0x67a9cf, 0xf7f7f7, 0xef8a62, 0xb2182b};
    const uint32_t *stop = diverging ? two_sided : even;
    size_t n = diverging ? sizeof two_sided / sizeof *two_sided : sizeof even / sizeof *even;
    double place = (t > 0 ? t < 1 ? t : 1 : 0) * (double)(n - 1);
    size_t k = (size_t)place < n - 1 ? (size_t)place : n - 2;
    double part = place - (double)k;
    uint32_t colour = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        double a = stop[k] >> shift & 0xff, b = stop[k + 1] >> shift & 0xff;
        colour |= (uint32_t)lround(a + part * (b - a)) << shift;
    }
    return colour;
}
