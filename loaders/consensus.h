/*
 * consensus.h - what several connectomes say of each pair of neurons: which of them looked, which
 * found an edge, and how strong it is on a scale that does not depend on the source's unit.
 */
#ifndef BRAMBLE_LOADERS_CONSENSUS_H
#define BRAMBLE_LOADERS_CONSENSUS_H

#include <bramble/dataset.h>

typedef struct bram_consensus bram_consensus;

enum { BRAM_WIRE_CHEMICAL, BRAM_WIRE_GAP, BRAM_WIRE_FUNCTIONAL, BRAM_WIRES };

/** What a source brings, between the 300 neurons. Texts are owned by the consensus. */
typedef struct bram_consensus_source {
    const char *name;    /* of the group below connectome/ */
    const char *animals; /* what shares its animals: "white1986", "cook2019"; else its name */
    size_t examined;     /* neurons */
    bool has[BRAM_WIRES];
    size_t pairs[BRAM_WIRES]; /* with an edge; of gap junctions each pair of neurons once */
} bram_consensus_source;

int bram_consensus_new(bram_ctx *cx, bram_consensus **out) BRAM_MUST_CHECK;
void bram_consensus_free(bram_consensus *c);

/**
 * Adds every group below connectome/ of a dataset. Edges with other cells than the 300 neurons do
 * not count.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no connectome in it; BRAM_EUSAGE: a source twice; BRAM_ENOMEM
 */
int bram_consensus_add(bram_ctx *cx, bram_consensus *c, const bram_dataset *ds) BRAM_MUST_CHECK;

size_t bram_consensus_sources(const bram_consensus *c);
bram_consensus_source bram_consensus_source_at(const bram_consensus *c, size_t i);

/** @return the number of groups of sources that share no animals */
size_t bram_consensus_groups(const bram_consensus *c);

/**
 * What is agreed on, as the tables nodes, chemical and gap of connectome/consensus and the table
 * neurons. For each pair and layer, over the sources that examined both neurons and have the layer:
 *
 * - within a source, the weight becomes the mid-rank of its edge among the source's edges of the
 *   layer, divided by their number: above 0, at most 1, whatever the unit; no edge is 0;
 * - sources that share animals are one voice: its strength is the mean of theirs, and it says there
 *   is an edge when at least half of those that examined the pair do;
 * - `weight` is the mean over all voices that examined the pair, zeros included; `examined` is how
 *   many they are, `agreeing` how many say that there is an edge, `sources` the names of the
 *   sources with one.
 * - a node is `examined` when as many voices as must agree looked at it.
 *
 * @param at_least  pairs with fewer agreeing voices are left out; 1 or more
 * @return BRAM_OK; BRAM_EUSAGE: sources imported with rules=published or made of other sources
 *         (wormneuroatlas, simeon2024), none with chemical synapses or gap junctions; BRAM_ENOMEM
 */
int bram_consensus_agree(bram_ctx *cx, const bram_consensus *c, bram_dataset *out,
                         size_t at_least) BRAM_MUST_CHECK;

/**
 * The consensus of an earlier pipeline (Simeon et al. 2024), as a table whose columns are those of
 * its CSV: from_neuron, to_neuron, from_pos, to_pos, from_type, to_type, mean_gap_weight,
 * mean_chem_weight, uncertainty, functional_weight, data_sources; text as there. Weights of
 * different units are averaged, absent edges are left out of the mean, gap weights that are equal
 * count once, and sources that share animals count each. It serves to reproduce that table.
 *
 * @param functional  false: rows with a gap or a chemical weight only, without functional_weight
 * @return BRAM_OK; BRAM_EUSAGE: sources that were not imported with rules=published; BRAM_ENOMEM
 */
int bram_consensus_published(bram_ctx *cx, const bram_consensus *c, bram_axis **table,
                             bool functional) BRAM_MUST_CHECK;

/** How the two differ in one layer; of gap junctions each pair of neurons counts once. */
typedef struct bram_wire_difference {
    size_t published, agreed, both; /* pairs */
    double spearman;                /* of the weights of the pairs that both have; NaN: undefined */
} bram_wire_difference;

typedef struct bram_consensus_difference {
    bram_wire_difference wire[2];             /* chemical, gap */
    size_t neurons_published, neurons_agreed; /* with an edge */
} bram_consensus_difference;

/** Compares the table of bram_consensus_published with the dataset of bram_consensus_agree. */
int bram_consensus_compare(bram_ctx *cx, bram_consensus_difference *out, const bram_axis *published,
                           const bram_dataset *agreed) BRAM_MUST_CHECK;

#endif
