/*
 * matlab.h - MATLAB files of version 5 to 7.2 and of version 7.3 as one tree of values.
 *
 *     bram_matlab *file;
 *     BRAM_TRY(bram_matlab_open(cx, &file, path));
 *     status = bram_matlab_variable(cx, &worms, file, "WT_NoStim");
 *     ... bram_matlab_field(cx, &ids, worms, "IDs", 0), bram_matlab_strings(cx, &names, &n, ids)
 *     bram_matlab_close(file);
 *
 * The version is told by the first bytes, never by the name. Values belong to the file and live
 * until it is closed; arrays and texts that the functions hand out belong to the caller. Elements
 * of arrays are counted from 0 in MATLAB's order, first dimension fastest.
 *
 * A struct whose fields hold 1 x 1 cells and a struct array are different trees, as in MATLAB.
 *
 * Statuses, not repeated below: BRAM_EFORMAT another kind than asked for, a damaged file, values
 * nested deeper than 64 (references in a circle); BRAM_EABSENT no such name or element;
 * BRAM_EMEMORY, BRAM_ENOMEM. The message names the file and the value ("WT_NoStim.IDs{1}").
 */
#ifndef BRAMBLE_CORE_MATLAB_H
#define BRAMBLE_CORE_MATLAB_H

#include <bramble/context.h>

enum { BRAM_MATLAB_RANK = 8 };

typedef struct bram_matlab bram_matlab;
typedef struct bram_matlab_value bram_matlab_value;

typedef enum bram_matlab_kind {
    BRAM_MATLAB_NUMERIC, /* numbers and logicals of any class */
    BRAM_MATLAB_CHAR,
    BRAM_MATLAB_CELL,
    BRAM_MATLAB_STRUCT, /* also arrays of structs */
    BRAM_MATLAB_SPARSE,
    BRAM_MATLAB_OPAQUE /* tables, string objects, function handles: bram_matlab_class names it */
} bram_matlab_kind;

/** The entries of a sparse matrix, column by column; one block, the caller frees it. */
typedef struct bram_matlab_entry {
    size_t row, column;
    double value;
} bram_matlab_entry;

/** Silences matio's logger, for bram_init(). */
void bram_mat5_init(void);

/**
 * @return BRAM_OK; BRAM_EREAD absent or unreadable; BRAM_EFORMAT empty, a git-LFS pointer, not a
 *         MATLAB file, truncated, version 4; BRAM_ENOMEM
 */
int bram_matlab_open(bram_ctx *cx, bram_matlab **out, const char *path) BRAM_MUST_CHECK;
void bram_matlab_close(bram_matlab *file);

/** @return 5 or 73 */
int bram_matlab_version(const bram_matlab *file);

/**
 * The variables: in the order of the file (5), by name (7.3). Owned by the file. Objects (tables)
 * of a version 5 file have no readable name: "(object 1)", "(object 2)" ..., of kind OPAQUE.
 */
size_t bram_matlab_variables(const bram_matlab *file);
const char *bram_matlab_variable_at(const bram_matlab *file, size_t i);

/** @return false when variable i is known to be no struct; reads nothing, where reading may be long
 */
bool bram_matlab_may_be_struct(const bram_matlab *file, size_t i);

/** A variable by name. The message of BRAM_EABSENT lists the names there are. */
int bram_matlab_variable(bram_ctx *cx, bram_matlab_value **out, bram_matlab *file,
                         const char *name) BRAM_MUST_CHECK;

/* ---- values --------------------------------------------------------------------------------- */

bram_matlab_kind bram_matlab_kind_of(const bram_matlab_value *v);

/** @return MATLAB's class: "double", "uint8", "logical", "char", "cell", "struct", "table" ... */
const char *bram_matlab_class(const bram_matlab_value *v);

/** @return dimensions in MATLAB's order, their number (2 or more), the number of elements */
const size_t *bram_matlab_dims(const bram_matlab_value *v);
unsigned bram_matlab_rank(const bram_matlab_value *v);
size_t bram_matlab_count(const bram_matlab_value *v);

/** @return where the value stands: "WT_NoStim.IDs{1}" */
const char *bram_matlab_name(const bram_matlab_value *v);

/** The fields of a struct: in the order of the file (5), by name (7.3); 0 for other kinds. */
size_t bram_matlab_fields(const bram_matlab_value *v);
const char *bram_matlab_field_at(const bram_matlab_value *v, size_t i);
bool bram_matlab_has_field(const bram_matlab_value *v, const char *name);

/** Field `name` of element i of a struct (0 for a single struct). */
int bram_matlab_field(bram_ctx *cx, bram_matlab_value **out, bram_matlab_value *v, const char *name,
                      size_t i) BRAM_MUST_CHECK;

/** Element i of a cell array. */
int bram_matlab_cell(bram_ctx *cx, bram_matlab_value **out, bram_matlab_value *v,
                     size_t i) BRAM_MUST_CHECK;

/**
 * The elements of a numeric, logical or sparse array as doubles in MATLAB's order (first dimension
 * fastest), or row-major (last dimension fastest); bram_matlab_count of them. Complex numbers are
 * BRAM_EFORMAT; sparse arrays of more than 2^27 elements too.
 */
int bram_matlab_numbers(bram_ctx *cx, double **out, bram_matlab_value *v) BRAM_MUST_CHECK;
int bram_matlab_row_major(bram_ctx *cx, double **out, bram_matlab_value *v) BRAM_MUST_CHECK;

/** The number of a numeric array of one element. */
int bram_matlab_number(bram_ctx *cx, double *out, bram_matlab_value *v) BRAM_MUST_CHECK;

/** The stored entries of a sparse matrix. */
int bram_matlab_entries(bram_ctx *cx, bram_matlab_entry **out, size_t *count,
                        bram_matlab_value *v) BRAM_MUST_CHECK;

/** A char array of one row (or column, or empty: "") as UTF-8; the caller frees it. */
int bram_matlab_text(bram_ctx *cx, char **out, bram_matlab_value *v) BRAM_MUST_CHECK;

/**
 * A list of texts: a cell array of texts (an empty array in it gives ""), or the rows of a char
 * matrix without trailing blanks. One block; the caller frees it.
 */
int bram_matlab_strings(bram_ctx *cx, char ***out, size_t *count,
                        bram_matlab_value *v) BRAM_MUST_CHECK;

#endif
