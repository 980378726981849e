/*
 * hmm.h - hidden Markov chains: filter, smoother, most probable path, samples.
 *
 * Everything here is about the chain alone. What is seen enters as a matrix of rows (time bins) x
 * K states, l[t][k] = log p(y_t | z_t = k, ...), whatever the emission; minus infinity is allowed,
 * NaN and plus infinity are not (BRAM_ENUMERIC, naming the bin).
 *
 * The largest value of each bin is taken off before its exponential, so that the scaled recursions
 * never underflow as a whole. Where they would still lose a path (forbidden transitions that meet
 * nearly impossible bins) the sequence is done again in log space. If no path is possible at all,
 * the functions fail with BRAM_ENUMERIC and name the first bin that cannot be reached.
 *
 * Memory beyond l: a block of bins; for the smoother, and in log space, one more matrix like l.
 *
 * Source: Rabiner 1989, "A tutorial on hidden Markov models", Proc. IEEE 77; scaled as in
 * Devijver 1985.
 */
#ifndef BRAMBLE_CORE_HMM_H
#define BRAMBLE_CORE_HMM_H

#include <bramble/context.h>
#include <bramble/matrix.h>
#include <bramble/rng.h>

#include <stdint.h>

/** A chain of K states. Probabilities; zeros are allowed, rows sum to 1. */
typedef struct bram_chain {
    size_t states;
    const double *initial;    /* K: of the first bin */
    const double *transition; /* K x K: [i][j] from i to j */
    size_t steps;             /* 0: the same at every step; else the number of steps, each of which
                                 has a K x K matrix of its own: [t] leads from bin t to t + 1 */
} bram_chain;

/**
 * Posterior of the states given the whole sequence.
 *
 * @param l         rows x K log-likelihoods; becomes p(z_t = k | y), rows sum to 1
 * @param pair      K x K, to which sum over t of p(z_t = i, z_t+1 = j | y) is added; NULL: not
 *                  wanted
 * @param evidence  receives log p(y); may be NULL
 * @return BRAM_OK; BRAM_ESHAPE for no rows, or steps that do not fit them; BRAM_ENUMERIC; on
 *         failure l is not defined, pair and evidence are untouched; BRAM_ENOMEM
 */
int bram_hmm_smooth(bram_ctx *cx, bram_mat *l, const bram_chain *chain, double *pair,
                    double *evidence) BRAM_MUST_CHECK;

/**
 * One-step predictions: p(z_t = k | y_0 .. y_t-1), of the first bin the initial distribution.
 *
 * @param predicted  rows x K; NULL: only the evidence is wanted
 * @param next       K values: p(z = k | all rows) of the bin after the last; may be NULL (and is
 *                   with steps: there is no matrix that leads there)
 * @param bin        receives log p(y_t | y_0 .. y_t-1) of each of the rows; may be NULL
 * @param evidence   receives log p(y); may be NULL
 * @return as bram_hmm_smooth; on failure predicted, next and bin are not defined
 */
int bram_hmm_filter(bram_ctx *cx, bram_mat *predicted, double *next, double *bin, double *evidence,
                    const bram_mat *l, const bram_chain *chain) BRAM_MUST_CHECK;

/**
 * The most probable path (Viterbi 1967), in log space; of equals the lower state.
 *
 * @param path  receives rows states
 * @param logp  receives log p(path, y); may be NULL
 * @return as bram_hmm_smooth; path and logp are untouched on failure; BRAM_ESHAPE also for more
 *         than 65,535 states
 */
int bram_hmm_viterbi(bram_ctx *cx, size_t *path, double *logp, const bram_mat *l,
                     const bram_chain *chain) BRAM_MUST_CHECK;

/** Draws a path of this many rows (rows - 1 steps, where each has a matrix); one uniform a bin. */
void bram_hmm_sample(bram_rng *g, size_t *path, size_t rows, const bram_chain *chain);

/** @return an index drawn from n weights that are not negative and not all 0, by one uniform */
size_t bram_hmm_draw(bram_rng *g, const double *weight, size_t n);

#endif
