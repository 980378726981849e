/*
 * structure.h - what is to be found in a recording: the edges between its neurons, from a
 * connectome or a map of responses to stimulation, and random graphs of the same degrees.
 */
#ifndef BRAMBLE_BENCHMARKS_STRUCTURE_H
#define BRAMBLE_BENCHMARKS_STRUCTURE_H

#include "recording.h"

#include <bramble/spec.h>

#include <math.h>

/** The options below, for the tables of tasks. */
/* clang-format off */
#define BRAM_STRUCTURE_PARAMS                                                                      \
    {"connectome", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the source below connectome/"},               \
    {"layers", BRAM_PARAM_TEXT, "chemical+gap", NULL, 0, 0, "its layers, joined by +"},            \
    {"zeros", BRAM_PARAM_TEXT, "examined", NULL, 0, 0,                                             \
     "pairs without an edge: examined, stimulated, or layers joined by +"},            \
    {"minimum", BRAM_PARAM_INTEGER, "8", NULL, 2, 1000000, "neurons that must be on both sides"},  \
    {"shuffles", BRAM_PARAM_INTEGER, "100", NULL, 0, 100000,                                       \
     "random graphs of the same degrees that the scores are held against"}
/* clang-format on */

/*
 * zeros says which pairs without an edge count as such; all others are unknown and left out:
 *   examined    both neurons were examined, as connectomes say of their nodes;
 *   stimulated  the source was seen to act on some neuron and the target to respond to some, for
 *               maps that list nothing but what was found;
 *   layers      the pairs in these layers: "measured", or "nonconnection" where a test showed that
 *               there is none.
 */
typedef struct bram_structure {
    bram_axis
        *node; /* the neurons that are in the recording (exactly labelled) and the structure */
    size_t nodes, *unit; /* column of the recording of each; scratch memory, as all below */
    bram_mat edge;       /* nodes x nodes, size of the weight; 0: none */
    bram_mat sign;       /* the same with its sign */
    uint8_t *present;    /* pairs that are known; NULL: all */
    bram_mat delay;      /* seconds, where a layer has the column `delay`; data NULL: none has */
    uint8_t *delayed;    /* edges with a delay */
    bram_mat *shuffled;  /* like edge */
    size_t shuffles;
} bram_structure;

/**
 * Reads the structure over the neurons of a recording.
 *
 * @param unit    of the recording; column certainty heeded
 * @param stream  names the draws of the shuffles: benchmark and part, never the model
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: fewer neurons than `minimum`; BRAM_EABSENT, BRAM_EFORMAT as
 *         bram_wiring_read; BRAM_ENOMEM
 */
int bram_structure_make(bram_ctx *cx, bram_structure *out, const bram_dataset *ds,
                        const bram_axis *unit, const bram_options *o,
                        const char *stream) BRAM_MUST_CHECK;
void bram_structure_release(bram_structure *s);

#endif
