/*
 * rdm_figures.h - figures of dissimilarity matrices: heat maps on one scale, maps of conditions and
 * of matrices, trees. Each is appended as a file of its own, with its caption.
 */
#ifndef BRAMBLE_REPORT_RDM_FIGURES_H
#define BRAMBLE_REPORT_RDM_FIGURES_H

#include "sheet.h"

/** Matrices over the same conditions, each its pairs (0,1), (0,2) ... ; NaN is missing. */
typedef struct bram_rdm_view {
    size_t n, count;
    const double *pairs;          /* count x pairs */
    const char *const *condition; /* n names; NULL: none are shown */
    const char *const *name;      /* of the matrices; NULL: numbers */
    const char *title;
    const char *measure; /* "1 - Pearson r" */
    bool squared;        /* distances are squared: maps take their roots */
    bool classical;      /* maps by classical scaling alone, not by metric stress from there */
    bram_sheet_format format;
} bram_rdm_view;

enum { BRAM_MOST_PANELS = 64, BRAM_MAP_DRAWS = 200 };

/**
 * Heat maps side by side, all on the scale from the least to the largest value there is, or each by
 * the ranks of its pairs.
 *
 * @return BRAM_OK; BRAM_ESHAPE for none, or more than BRAM_MOST_PANELS; BRAM_ENOMEM
 */
int bram_rdm_heat_maps(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v,
                       bool ranks) BRAM_MUST_CHECK;

/** One heat map as a figure, to stand on a page beside others: low .. high are its scale. */
int bram_rdm_heat_map(bram_ctx *cx, bram_figure **out, const bram_rdm_view *v, size_t which,
                      double low, double high, double side, bool bare) BRAM_MUST_CHECK;

/**
 * Conditions as points whose distances are like the mean of the matrices (mds.h). With three
 * matrices or more each point has the ellipse that holds 95 % of a normal distribution with the
 * covariance of bootstrap draws of matrices, laid over the map by Procrustes.
 *
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 3 conditions; what bram_mds_classical returns
 */
int bram_rdm_map(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v) BRAM_MUST_CHECK;

/**
 * Matrices as points whose distances are like 1 - r of their pairs, with ellipses likewise, from
 * bootstrap draws of conditions (from 8 of them on).
 *
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 3 matrices; what bram_mds_classical returns
 */
int bram_rdm_map_of_rdms(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v) BRAM_MUST_CHECK;

/** The same as a figure; the caption is put into it. */
int bram_rdm_map_figure(bram_ctx *cx, bram_figure **out, char caption[512],
                        const bram_rdm_view *v) BRAM_MUST_CHECK;

/**
 * The tree of average linkage (linkage.h) of the conditions, from the mean of the matrices; or of
 * the matrices, from 1 - r of their pairs.
 *
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 2 things; BRAM_ENUMERIC for a missing pair
 */
int bram_rdm_tree(bram_ctx *cx, bram_buffer *out, const bram_rdm_view *v,
                  bool of_rdms) BRAM_MUST_CHECK;

/* ---- shared by the files of these figures ------------------------------------------------------
 */

/** The mean of the matrices, pair by pair over those that have it: in scratch memory; NULL: none.
 */
double *bram_rdm_view_mean(bram_ctx *cx, const bram_rdm_view *v);

/** Each matrix by the ranks of its pairs, 0 the least, 1 the largest, ties in their middle: count x
 * pairs in scratch memory. */
int bram_rdm_view_ranks(bram_ctx *cx, double **out, const bram_rdm_view *v) BRAM_MUST_CHECK;

/** 1 - r of every two matrices, as pairs in scratch memory; times: how often each condition counts,
 * NULL: once. */
int bram_rdm_view_distances(bram_ctx *cx, double **out, const bram_rdm_view *v,
                            const double *times) BRAM_MUST_CHECK;

/** Names of the conditions, or of the matrices (numbers where they have none), in scratch memory.
 */
const char *const *bram_rdm_view_names(bram_ctx *cx, const bram_rdm_view *v, bool of_rdms);

/** A sheet of one figure, which is freed, also on failure. Passes on an earlier status. */
int bram_rdm_sheet(bram_ctx *cx, bram_buffer *out, bram_figure *f, int status,
                   const bram_rdm_view *v, const char *caption) BRAM_MUST_CHECK;

#endif
