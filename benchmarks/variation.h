/*
 * variation.h - benchmarks asked otherwise than their definition says (bram_variation): how they
 * are made, and the dataset that one of their cells sees.
 *
 * A variation is called BASE~LABEL. '~' cannot stand in the name of a definition, so the boards of
 * a results folder are those without it.
 */
#ifndef BRAMBLE_BENCHMARKS_VARIATION_H
#define BRAMBLE_BENCHMARKS_VARIATION_H

#include <bramble/benchmark.h>

#define BRAM_VARIATION_MARK '~'

/** Of the code that makes the data of variations: part of the key of their cells. */
enum { BRAM_VARIATION_VERSION = 2 };

/**
 * A copy of a definition as a variation of it.
 *
 * @param kind, label  see bram_variation
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_variation_new(bram_ctx *cx, bram_benchmark **out, const bram_benchmark *b,
                       const char *kind, const char *label) BRAM_MUST_CHECK;

/** Frees what bram_benchmark.variation points at; NULL is allowed. */
void bram_variation_free(bram_variation *v);

/** The definition as a task sees it: that of the base by name; all else is shared with b. */
bram_benchmark bram_variation_base(const bram_benchmark *b);

/** @return whether a benchmark's name is that of a variation */
bool bram_variation_is(const char *name);

/**
 * The data of a benchmark by name (data.h), and those of a variation made of them.
 *
 * @param source  receives what *out may read from; both for bram_dataset_free, *out first. They are
 *                the same where nothing is made (then free one)
 */
int bram_variation_open(bram_ctx *cx, bram_dataset **out, bram_dataset **source,
                        const bram_benchmark *b, const char *root) BRAM_MUST_CHECK;

/** A growing list of variations; all zero is an empty one. */
typedef struct bram_variations {
    bram_benchmark **benchmark;
    size_t count, room;
} bram_variations;

/** Takes b over, also on failure. */
int bram_variations_add(bram_ctx *cx, bram_variations *list, bram_benchmark *b) BRAM_MUST_CHECK;
void bram_variations_release(bram_variations *list);

#endif
