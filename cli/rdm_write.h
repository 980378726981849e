/*
 * rdm_write.h - RDMs to files (.npy, .csv, .h5) and to JSON.
 */
#ifndef BRAMBLE_CLI_RDM_WRITE_H
#define BRAMBLE_CLI_RDM_WRITE_H

#include "rdm_job.h"

/**
 * Checks the name of an output file before there is work. NULL is allowed.
 *
 * @param vector  pairs instead of square matrices
 * @return BRAM_OK; BRAM_EUSAGE
 */
int bram_rdm_check_output(bram_ctx *cx, const char *path, bool vector) BRAM_MUST_CHECK;

/** Writes the RDMs by the ending of the path; see docs/rsa.md for the forms. */
int bram_rdm_write(bram_ctx *cx, const bram_rdm_job *job, const char *path, bool vector,
                   bool replace) BRAM_MUST_CHECK;

/** Writes the condition covariance, conditions x conditions, to a .npy. */
int bram_rdm_write_covariance(bram_ctx *cx, const bram_rdm_job *job, const char *path,
                              bool replace) BRAM_MUST_CHECK;

/** Prints a JSON object about the RDMs, with their values where path is NULL. */
int bram_rdm_print_json(bram_ctx *cx, const bram_rdm_job *job, const char *path) BRAM_MUST_CHECK;

/** What the dissimilarities are: "1 - Pearson r". */
const char *bram_rdm_unit(bram_rdm_kind kind);

#endif
