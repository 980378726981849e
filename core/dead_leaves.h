/*
 * dead_leaves.h - made pictures with statistics like those of natural scenes: opaque discs of
 * random grey that cover each other, small ones far more often than large ones.
 */
#ifndef BRAMBLE_CORE_DEAD_LEAVES_H
#define BRAMBLE_CORE_DEAD_LEAVES_H

#include <bramble/context.h>

/**
 * Picture number `sample` of a seed: radii with density proportional to r^-3 between side / 64 (at
 * least 1 pixel) and side / 2, centres and greys uniform; discs fall one under the other until no
 * pixel is free (or 20,000 of them: free pixels are then 0.5). Source: Lee, Mumford & Huang 2001,
 * Int J Comput Vis 41:35.
 *
 * @param out  side x side values, 0 to 1
 */
void bram_dead_leaves(float *out, size_t side, uint64_t seed, uint64_t sample);

#endif
