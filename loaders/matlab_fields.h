/*
 * matlab_fields.h - what loaders of MATLAB files share: variables that may be absent, values in
 * cells of their own, arrays of a size that another field tells.
 *
 * Messages name the value, what was found and what was expected; the import adds the file.
 */
#ifndef BRAMBLE_LOADERS_MATLAB_FIELDS_H
#define BRAMBLE_LOADERS_MATLAB_FIELDS_H

#include "matlab.h"

/** @return whether the file has a variable of this name */
bool bram_matlab_has_variable(const bram_matlab *file, const char *name);

/** A variable; NULL when the file has none of this name. */
int bram_matlab_optional(bram_ctx *cx, bram_matlab_value **out, bram_matlab *file,
                         const char *name) BRAM_MUST_CHECK;

/** Takes a value out of the cells of one element that stand around it. */
int bram_matlab_bare(bram_ctx *cx, bram_matlab_value **v) BRAM_MUST_CHECK;

/** A text, out of cells of one element; an empty array is "". The caller frees it. */
int bram_matlab_bare_text(bram_ctx *cx, char **out, bram_matlab_value *v) BRAM_MUST_CHECK;

/**
 * `count` numbers in MATLAB's order; the caller frees them.
 *
 * @param what  "one for each frame": what `count` stands for
 * @return BRAM_OK; BRAM_EFORMAT: another class, or another number of elements; BRAM_ENOMEM
 */
int bram_matlab_exactly(bram_ctx *cx, double **out, bram_matlab_value *v, size_t count,
                        const char *what) BRAM_MUST_CHECK;

/** BRAM_EFORMAT unless a value is a cell array of `count` elements; `what` as above. */
int bram_matlab_expect_cells(bram_ctx *cx, const bram_matlab_value *v, size_t count,
                             const char *what) BRAM_MUST_CHECK;

/** BRAM_EFORMAT unless a value is a matrix of numbers with elements. */
int bram_matlab_expect_matrix(bram_ctx *cx, const bram_matlab_value *v,
                              const char *what) BRAM_MUST_CHECK;

#endif
