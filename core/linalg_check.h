/*
 * linalg_check.h - what linalg.c and lapack.c demand of the matrices they are given. `what` names
 * the matrix in the message.
 */
#ifndef BRAMBLE_CORE_LINALG_CHECK_H
#define BRAMBLE_CORE_LINALG_CHECK_H

#include "linalg.h"

/** @return BRAM_OK; BRAM_ESHAPE: rows overlap, or a side is longer than BLAS can count */
int bram_check_size(bram_ctx *cx, const char *what, const bram_mat *m) BRAM_MUST_CHECK;

/** The same, and as many rows as columns. */
int bram_check_square(bram_ctx *cx, const char *what, const bram_mat *m) BRAM_MUST_CHECK;

/**
 * @param lower  of row i only the first i + 1 entries
 * @return BRAM_OK; BRAM_ENUMERIC, with the place of the first that is not finite
 */
int bram_check_finite(bram_ctx *cx, const char *what, const bram_mat *m,
                      bool lower) BRAM_MUST_CHECK;

/** The leading dimension: BLAS wants at least 1 even for nothing. */
int bram_leading(const bram_mat *m);

#endif
