/*
 * nifti.h - NIfTI-1 volumes (and what libniftiio takes for such: ANALYZE, .hdr with .img), also
 * gzipped. nifti.c is the only file that touches the library; a build without it refuses.
 */
#ifndef BRAMBLE_CORE_NIFTI_H
#define BRAMBLE_CORE_NIFTI_H

#include <bramble/context.h>

/** Volumes of one grid. values[((t * nx + x) * ny + y) * nz + z], scaled as the file says. */
typedef struct bram_volumes {
    size_t dims[3], count; /* nx, ny, nz; volumes */
    double *values;
    void *header; /* geometry of the file it came from; NULL: a grid of 1 mm */
} bram_volumes;

/** Silences the library; bram_init() calls it. */
void bram_nifti_init(void);

/** @return whether this build can read NIfTI */
bool bram_nifti_available(void);

/**
 * Reads all volumes of a file.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: not NIfTI, cut short, complex or
 *         colour values, more than 4 dimensions; BRAM_EMEMORY above the budget; BRAM_ENOMEM;
 *         BRAM_ENOTAPPLICABLE in a build without the library
 */
int bram_nifti_read(bram_ctx *cx, bram_volumes *out, const char *path) BRAM_MUST_CHECK;
void bram_volumes_release(bram_volumes *v);

/**
 * Writes volumes as float64 with the geometry of `like`, atomically; gzipped where the path ends in
 * .gz.
 *
 * @param like    dims and header are used; its values are not
 * @param values  count volumes in the order of bram_volumes
 * @return BRAM_OK; BRAM_EWRITE; BRAM_EUSAGE for a path that does not end in .nii or .nii.gz, or a
 *         side beyond 32767; BRAM_ENOMEM; BRAM_ENOTAPPLICABLE
 */
int bram_nifti_write(bram_ctx *cx, const char *path, bool replace, const bram_volumes *like,
                     const double *values, size_t count) BRAM_MUST_CHECK;

#endif
