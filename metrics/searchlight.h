/*
 * searchlight.h - a comparison of representations around every voxel of a volume.
 *
 * Volumes are in C order: voxel (x, y, z) of nx x ny x nz is (x * ny + y) * nz + z. Source:
 * Kriegeskorte, Goebel & Bandettini 2006; rsatoolbox 0.3 (util.searchlight) for which voxels count.
 */
#ifndef BRAMBLE_METRICS_SEARCHLIGHT_H
#define BRAMBLE_METRICS_SEARCHLIGHT_H

#include "noise.h"
#include "rdm.h"

/** Which voxels belong to which centre. */
typedef struct bram_searchlight {
    size_t dims[3];
    const uint8_t *mask; /* nx * ny * nz */
    double radius;       /* in voxels; a voxel counts where its distance is less than this */
    double threshold;    /* share of the sphere that must lie in the mask, as cut by the border */
    bool truncate;       /* spheres end at the mask: all its voxels are then centres */
} bram_searchlight;

/**
 * The voxels of the mask that are centres, ascending.
 *
 * @param out  heap memory: bram_free
 * @return BRAM_OK; BRAM_EUSAGE for a radius of 0 or less, or a threshold outside [0, 1];
 * BRAM_ENOMEM
 */
int bram_searchlight_centres(bram_ctx *cx, size_t **out, size_t *count,
                             const bram_searchlight *s) BRAM_MUST_CHECK;

/** @return the most voxels that a sphere can have */
size_t bram_searchlight_largest(const bram_searchlight *s);

/** The sphere about a centre, ascending. @return how many voxels; room: bram_searchlight_largest */
size_t bram_searchlight_sphere(size_t *out, const bram_searchlight *s, size_t centre);

/** What is done at every centre. */
typedef struct bram_searchlight_job {
    const bram_searchlight *where;
    const bram_mat *data; /* rows x voxels of the volume; not finite: the voxel is missing there */
    const bram_rdm_design *design;
    const bram_rdm_options *rdm; /* without precisions */
    const bram_mat *residuals;   /* rows x voxels: the precision of each sphere; NULL: none */
    bram_noise_method noise;
    const char *compare;    /* options of the metric rsa, such as "compare=corr" */
    const bram_side *model; /* RDMs over the conditions */
    size_t models;
} bram_searchlight_job;

/**
 * The comparison of the RDM of each sphere with each model. Centres are cut into chunks of 64, each
 * a task that keeps one RDM at a time: memory does not grow with the number of centres but for the
 * result, and its bits do not depend on the number of threads.
 *
 * @param out  centres x models; NaN where a comparison is undefined
 * @return BRAM_OK; what the estimator, the noise and the metric return, naming the voxel
 */
int bram_searchlight_run(bram_ctx *cx, double *out, const size_t *centre, size_t count,
                         const bram_searchlight_job *job) BRAM_MUST_CHECK;

#endif
