/*
 * colour.h - colours that people with colour blindness can tell apart.
 */
#ifndef BRAMBLE_REPORT_COLOUR_H
#define BRAMBLE_REPORT_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

enum { BRAM_PALETTE = 7 };

/**
 * Colour i of the palette as 0xRRGGBB; lighter for dark paper. Any two of them, and the ink, are at
 * least 17 apart (CIE 1976) to normal eyes and as protanopes, deuteranopes and tritanopes see them,
 * and stand out from the paper by a contrast of 3 (WCAG 2.1, 1.4.11): tests/unit/test_scale.c.
 */
uint32_t bram_palette(int i, bool dark);

/**
 * The colour of t in [0, 1]: a scale of even lightness from dark violet over green to yellow, or,
 * when diverging, from blue over near-white to red.
 */
uint32_t bram_colour_scale(double t, bool diverging);

#endif
