/*
 * nlb.h - submissions to the Neural Latents Benchmark (Pei et al. 2021, arXiv 2109.04463), scored
 * by the challenge's own rules (as nlb_tools has them), so that a submission can be checked
 * offline.
 *
 * Submission and target are HDF5 files with a group for each data set: mc_maze, mc_rtt, area2_bump,
 * dmfc_rsg, mc_maze_large, mc_maze_medium, mc_maze_small, and each with the suffix _20 (bins of 20
 * ms). Arrays are trial x bin x unit; rates are expected counts a bin.
 *   co-bps   bits per spike of held-out units: (NLL(mean rate) - NLL(rates)) / (spikes ln 2), the
 *            mean rate of each unit being that of the evaluated data; NaN spikes are left out,
 * rates of 0 count as 1e-9 fp-bps   the same of the forward bins, held-in and held-out units
 * together vel R2   ridge regression of velocity on the rates of all units, penalty from 1e-4 .. 1
 * (nine decade halves) by five contiguous folds of the training rows; R2 of the evaluated rows,
 *            averaged over variables and masks of trials
 *   psth R2  rates averaged over the trials of a condition, each moved by its jitter, all
 * conditions below each other against the PSTHs; R2 averaged over units tp corr  dmfc_rsg instead
 * of velocity: Pearson's r of mean neural speed and produced interval, averaged over conditions
 */
#ifndef BRAMBLE_BENCHMARKS_NLB_H
#define BRAMBLE_BENCHMARKS_NLB_H

#include <bramble/context.h>
#include <bramble/matrix.h>

/** An array of trials x bins x units, row-major. */
typedef struct bram_cube {
    double *data;
    size_t trials, bins, units;
} bram_cube;

/** Scores of one data set; NaN: not asked for. */
typedef struct bram_nlb_score {
    char dataset[32];
    double co_bps, vel_r2, psth_r2, tp_corr, fp_bps;
    size_t zero_rates; /* that counted as 1e-9 */
} bram_nlb_score;

/**
 * @param scores  receives one for each data set that both files have, in the order above; heap
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT; BRAM_ESHAPE (which array, found, expected);
 *         BRAM_ENUMERIC: a rate that is negative or not a number where one is needed; BRAM_EABSENT:
 *         no data set is in both
 */
int bram_nlb_score_files(bram_ctx *cx, bram_nlb_score **scores, size_t *count,
                         const char *submission, const char *target) BRAM_MUST_CHECK;

/* ---- the parts, on arrays ------------------------------------------------------------------- */

/** @param zeros  adds the number of rates of 0 where there is a count; may be NULL */
int bram_nlb_bits(bram_ctx *cx, double *bits, const bram_cube *rates, const bram_cube *spikes,
                  size_t *zeros) BRAM_MUST_CHECK;

/** Rows of training and evaluated rates and velocities; rows whose first velocity is NaN are left
 *  out. */
int bram_nlb_velocity(bram_ctx *cx, double *r2, const bram_mat *train_rates,
                      const bram_mat *train_velocity, const bram_mat *rates,
                      const bram_mat *velocity) BRAM_MUST_CHECK;

/** Trials of condition i: trial[begin[i] .. begin[i + 1] - 1]; jitter of each trial, or NULL. */
int bram_nlb_psth(bram_ctx *cx, double *r2, const bram_cube *psth, const bram_cube *rates,
                  const int64_t *trial, const size_t *begin, const int64_t *jitter) BRAM_MUST_CHECK;

#endif
