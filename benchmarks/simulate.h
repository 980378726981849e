/*
 * simulate.h - datasets made by code from a seed, whose truth is known: the simulated suite.
 */
#ifndef BRAMBLE_BENCHMARKS_SIMULATE_H
#define BRAMBLE_BENCHMARKS_SIMULATE_H

#include <bramble/dataset.h>

/** One made dataset: its name, what it is, and the code that makes it. */
typedef struct bram_simulation {
    const char *name;
    const char *summary;
    int (*make)(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full);
    bool full; /* the long one, for claims */
} bram_simulation;

extern const bram_simulation bram_simulation_table[]; /* ends with a NULL name */
const bram_simulation *bram_simulation_find(const char *name);

/** Makes the dataset of that name from the seed. @return BRAM_OK; BRAM_EABSENT: no such name */
int bram_simulate(bram_ctx *cx, bram_dataset **out, const char *name,
                  uint64_t seed) BRAM_MUST_CHECK;

/** Animals whose behaviour drives their neurons; see simulate_driven.c. */
int bram_simulate_driven(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** Weighted graphs whose communities are known; see simulate_graphs.c. */
int bram_simulate_graphs(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** Groups of neurons that move together at known times; see simulate_motifs.c. */
int bram_simulate_motifs(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** Pictures, and a retina and V1 that look at them; see simulate_pictures.c. */
int bram_simulate_pictures(bram_ctx *cx, bram_dataset *out, uint64_t seed,
                           bool full) BRAM_MUST_CHECK;

/** Reaches of a stability-optimised circuit; see simulate_motor.c. */
int bram_simulate_motor(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** A spiking network whose connections switch between states; see simulate_spikes.c. */
int bram_simulate_spikes(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** A spiking network whose connections stay, with behaviour; see simulate_spikes.c. */
int bram_simulate_circuit(bram_ctx *cx, bram_dataset *out, uint64_t seed,
                          bool full) BRAM_MUST_CHECK;

/** Maps of tokens and two areas that read them; see simulate_tokens.c. */
int bram_simulate_tokens(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** Branch points and vessels with radii; see simulate_vessels.c. */
int bram_simulate_vessels(bram_ctx *cx, bram_dataset *out, uint64_t seed,
                          bool full) BRAM_MUST_CHECK;

/** Stimuli through three layers and an area that reads the second; see simulate_vision.c. */
int bram_simulate_vision(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** The same in time, layer after layer; see simulate_dynamics.c. */
int bram_simulate_dynamics(bram_ctx *cx, bram_dataset *out, uint64_t seed,
                           bool full) BRAM_MUST_CHECK;

/** A connectome-constrained worm recorded in several animals; see simulate_worm.c. */
int bram_simulate_worm(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full) BRAM_MUST_CHECK;

/** Instances of one network, layer by layer, as dissimilarities; see simulate_networks.c. */
int bram_simulate_networks(bram_ctx *cx, bram_dataset *out, uint64_t seed,
                           bool full) BRAM_MUST_CHECK;

#endif
