/*
 * link_draw.h - draws pairs without an edge by the schemes of link_split.h.
 */
#ifndef BRAMBLE_BENCHMARKS_LINK_DRAW_H
#define BRAMBLE_BENCHMARKS_LINK_DRAW_H

#include "link_split.h"

#include <bramble/rng.h>

typedef struct bram_link_draw bram_link_draw;

/** @return BRAM_OK; BRAM_ENOTAPPLICABLE: the scheme needs positions and there are none */
int bram_link_draw_new(bram_ctx *cx, bram_link_draw **out, const bram_graph *g,
                       const bram_options *o) BRAM_MUST_CHECK;
void bram_link_draw_free(bram_link_draw *d);

/**
 * One candidate beside an edge; it may have an edge itself or be a node with itself: the caller
 * draws again.
 *
 * @param k         number of the candidate: some schemes alternate
 * @param tries     how many were drawn in vain: spatial then begins elsewhere
 * @param keep_to   scheme=neuron: the held-out end is `to`, else `from`
 */
void bram_link_draw_one(const bram_link_draw *d, bram_rng *rng, uint32_t pair[2], uint32_t from,
                        uint32_t to, size_t k, size_t tries, bool keep_to);

#endif
