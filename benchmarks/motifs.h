/*
 * motifs.h - the dynamic functional connectome: which neurons change together, when, in which
 * animals. After Dyballa, Lang, Haslund-Gourley, Yemini & Zucker 2024 (arXiv 2402.14102).
 *
 * Traces of all animals stand on one clock (a common protocol), neurons are matched by label.
 * Affinities of pairs (core/affinity.h) make an array time x animal x pair, with a pair missing
 * where an animal lacks one of its neurons. Non-negative CP (core/cp.h) parts it into motifs: when,
 * in whom, between whom. Each motif's pairs are a weighted graph whose communities a block model
 * finds (core/block_model.h).
 */
#ifndef BRAMBLE_BENCHMARKS_MOTIFS_H
#define BRAMBLE_BENCHMARKS_MOTIFS_H

#include "affinity.h"
#include "block_model.h"
#include "cp.h"

#include <bramble/dataset.h>

typedef struct bram_motif_settings {
    const char *response; /* of each recording: "activity" */
    bram_affinity_kernel kernel;
    double window, sigma; /* s, of slopes; width of the gaussian kernel */
    size_t rank;          /* 0: chosen among 1 .. most */
    size_t most, starts;  /* ranks that are tried, random starts of each */
    double stable;        /* similarity between starts that a chosen rank needs */
    size_t animals;       /* in which a neuron must be recorded, at least */
    bram_block_settings blocks;
    uint64_t seed;
} bram_motif_settings;

/** What was found. Arrays are scratch memory of the context it was found with; the axes are its
 * own. */
typedef struct bram_motifs {
    size_t rows, animals, neurons, pairs; /* pairs (0, 1), (0, 2) ... of neurons */
    bram_axis *time, *animal, *neuron;    /* seconds; ids; labels */
    bram_cp fit;                          /* factors: rows, animals, pairs x rank */
    bram_cp_choice choice;                /* of `most` ranks; of one where the rank was given */
    size_t ranks;
    size_t *label;                /* rank x neurons: communities, of each motif */
    bram_block_fit_result *found; /* rank */
    size_t *core;                 /* rank: the community with the largest mean affinity
                                     between its members; blocks where none has two */
} bram_motifs;

/**
 * Finds motifs in all recordings of some datasets. Recordings are cut to the length of the
 * shortest. A neuron counts where it is labelled exactly (or the axis states no certainty) and has
 * every value.
 *
 * @return BRAM_OK; BRAM_EABSENT: no recordings; BRAM_ENOTAPPLICABLE: steps differ by 1 % or more, a
 *         recording has a gap, fewer than 3 neurons are recorded often enough; BRAM_EMEMORY: the
 *         array would exceed the budget of the context; errors of reading and of the steps
 */
int bram_motifs_find(bram_ctx *cx, bram_motifs *out, const bram_dataset *const *ds, size_t count,
                     const bram_motif_settings *settings) BRAM_MUST_CHECK;
void bram_motifs_release(bram_motifs *m);

/** The i-th pair's neurons are a < b. */
size_t bram_motif_pair(size_t neurons, size_t a, size_t b);

/**
 * As a dataset: motifs/when (time x motif), motifs/who (animal x motif), motifs/graph (motif x
 * neuron x neuron_2, weights times the motif's), motifs/community (neuron x motif), tables
 * motifs/motif (weight, blocks, nats, core) and motifs/rank (error, similarity).
 */
int bram_motifs_dataset(bram_ctx *cx, bram_dataset **out, const bram_motifs *m) BRAM_MUST_CHECK;

#endif
