/*
 * colour.h - colours that people with colour blindness can tell apart.
 */
#ifndef BRAMBLE_REPORT_COLOUR_H
#define BRAMBLE_REPORT_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

enum { BRAM_PALETTE = 8 };

/** Colour i of the palette of Okabe and Ito (2008) as 0xRRGGBB; lighter for dark paper. */
uint32_t bram_palette(int i, bool dark);

/**
 * The colour of t in [0, 1]: a scale of even lightness from dark violet over green to yellow, or,
 * when diverging, from blue over near-white to red.
 */
uint32_t bram_colour_scale(double t, bool diverging);

#endif
