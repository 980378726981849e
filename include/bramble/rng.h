/*
 * rng.h - counter-based random numbers (Philox 4x32-10; Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3", SC11).
 *
 * A draw depends on (seed, stream, index) alone: not on threads, not on draws made before. Streams
 * are named, so that two uses of one seed never share numbers.
 */
#ifndef BRAMBLE_RNG_H
#define BRAMBLE_RNG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bram_rng {
    uint64_t seed, stream, index; /* index: of the next 64-bit word */
} bram_rng;

/** A generator at the start of the stream of this name ("bootstrap", "simulate/worm/3"). */
bram_rng bram_rng_new(uint64_t seed, const char *stream);

/** The same at a given sample: sample k of a stream is independent of how much k - 1 drew. */
bram_rng bram_rng_at(uint64_t seed, const char *stream, uint64_t sample);

uint64_t bram_rng_u64(bram_rng *g);

/** The next n words at once: cheaper than n single ones, and the same. */
void bram_rng_words(bram_rng *g, uint64_t *out, size_t n);

/** Uniform in [0, 1), 53 bits. */
double bram_rng_uniform(bram_rng *g);

/** Standard normal (Box-Muller, two uniforms a draw). */
double bram_rng_normal(bram_rng *g);

/** Uniform in 0 .. n - 1 without bias (n >= 1; Lemire 2019, arXiv 1805.10941). */
uint64_t bram_rng_below(bram_rng *g, uint64_t n);

/** Poisson with the given mean >= 0 (inversion below 30, PTRS above; Hoermann 1993). */
uint64_t bram_rng_poisson(bram_rng *g, double mean);

/** Puts 0 .. n - 1 into index in random order (Fisher-Yates). */
void bram_rng_permutation(bram_rng *g, size_t n, size_t *index);

#ifdef __cplusplus
}
#endif
#endif
