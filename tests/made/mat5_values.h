/* mat5_values.h - MATLAB values for made files, by matio; each belongs to what it is put into. */
#ifndef BRAMBLE_MAT5_VALUES_H
#define BRAMBLE_MAT5_VALUES_H

#include <matio.h>
#include <stdbool.h>

/** Numbers in MATLAB's order; name NULL for a value that is no variable. */
matvar_t *made_matrix(const char *name, size_t rows, size_t cols, const double *values);
matvar_t *made_chars(const char *name, const char *text);
matvar_t *made_cell(const char *name, size_t rows, size_t cols, matvar_t *const *items);

/** A 1 x 1 struct; its fields are set by Mat_VarSetStructFieldByName. */
matvar_t *made_struct(const char *name, size_t count, const char *const *fields);

/** A version 5 file of variables, which are freed; those that are NULL are left out. */
bool made_mat5(const char *path, size_t count, matvar_t *const *variables);

/** @return whether `word` is among `count` known words */
bool made_knows(const char *word, const char *const *known, size_t count);

#endif
