/*
 * npy.h - NumPy's .npy arrays, read whole or in blocks of rows, and written.
 *
 * Read are format versions 1, 2 and 3, either byte order, C and Fortran order, 0 to 8 dimensions;
 * bool, (u)int8 to 64, float16, 32, 64, byte strings (S) and UCS-4 strings (U); plain or gzip (any
 * name). Values come as doubles in row-major order, whatever the file's order. Objects (pickles),
 * structured, complex and date arrays are refused.
 *
 * A plain file stays on disk and is read where it is needed, so it may be larger than memory.
 */
#ifndef BRAMBLE_CORE_NPY_H
#define BRAMBLE_CORE_NPY_H

#include "file.h"

#include <bramble/context.h>

enum { BRAM_NPY_MAX_DIMS = 8 };

typedef enum bram_npy_kind {
    BRAM_NPY_BOOL,
    BRAM_NPY_INT,
    BRAM_NPY_UINT,
    BRAM_NPY_FLOAT,
    BRAM_NPY_BYTES,   /* S: bytes, filled up with zeros */
    BRAM_NPY_UNICODE, /* U: 4 bytes a character */
    BRAM_NPY_BFLOAT   /* bfloat16, the upper half of a float32: in .safetensors only */
} bram_npy_kind;

/** What the header says. shape[0 .. dims - 1]; count is the product of the shape (1 for 0-d). */
typedef struct bram_npy_info {
    bram_npy_kind kind;
    size_t item; /* bytes of an element */
    bool big;    /* big endian */
    bool fortran;
    size_t dims, shape[BRAM_NPY_MAX_DIMS], count;
} bram_npy_info;

typedef struct bram_npy bram_npy;

/**
 * Opens an array and checks its header against the size of the file.
 *
 * @return BRAM_OK; BRAM_EREAD: absent, unreadable; BRAM_EFORMAT: not .npy, a pickle (the message
 * says how to convert it), another type, more than 8 dimensions, a file shorter or longer than the
 *         header says, damaged gzip; BRAM_ENOMEM
 */
int bram_npy_open(bram_ctx *cx, bram_npy **out, const char *path) BRAM_MUST_CHECK;

/** The same from heap memory, which the array takes over, also on failure; name for the messages.
 */
int bram_npy_open_memory(bram_ctx *cx, bram_npy **out, const char *name, unsigned char *bytes,
                         size_t size) BRAM_MUST_CHECK;
void bram_npy_close(bram_npy *a);

/** @return what the header says; owned by a */
const bram_npy_info *bram_npy_describe(const bram_npy *a);

/** @return whether its values stay in the file, and are read there */
bool bram_npy_is_on_disk(const bram_npy *a);

/** @return true for numbers and bool, false for strings */
bool bram_npy_is_numeric(const bram_npy *a);

/** @return "float64 (1800, 103)", for messages; owned by a */
const char *bram_npy_summary(const bram_npy *a);

/**
 * Reads all values, row-major.
 *
 * @param values  count doubles
 * @return BRAM_OK; BRAM_EFORMAT: strings; BRAM_ENUMERIC: an integer that no double equals (beyond
 *         2^53); BRAM_EREAD; BRAM_ENOMEM
 */
int bram_npy_read(bram_ctx *cx, const bram_npy *a, double *values) BRAM_MUST_CHECK;

/**
 * Reads rows start .. start + count - 1 of the first dimension (a 0-d array has one row).
 *
 * @param values  count * (product of shape[1..]) doubles, row-major
 * @return as bram_npy_read; BRAM_ESHAPE for rows that are not there
 */
int bram_npy_read_block(bram_ctx *cx, const bram_npy *a, size_t start, size_t count,
                        double *values) BRAM_MUST_CHECK;

/**
 * Reads the rows row[0 .. count - 1] of the first dimension, in that order; a row may be asked for
 * twice. A file in Fortran order is read once from end to end, whatever the rows.
 *
 * @param values  count * (product of shape[1..]) doubles, row-major
 * @return as bram_npy_read_block
 */
int bram_npy_read_rows(bram_ctx *cx, const bram_npy *a, const size_t *row, size_t count,
                       double *values) BRAM_MUST_CHECK;

/**
 * Reads columns first .. first + count - 1 of all rows, further axes strung out to columns: for
 * arrays whose rows do not fit into memory. A row in C order is read at one place for each call, so
 * ask for some hundred columns or more.
 *
 * @param values  shape[0] x count doubles, row-major
 * @return as bram_npy_read_block; BRAM_ESHAPE for columns that are not there, or fewer than two
 *         axes
 */
int bram_npy_read_columns(bram_ctx *cx, const bram_npy *a, size_t first, size_t count,
                          double *values) BRAM_MUST_CHECK;

/** Reads all values of an integer or bool array as int64_t; BRAM_EFORMAT for another kind. */
int bram_npy_read_integers(bram_ctx *cx, const bram_npy *a, int64_t *values) BRAM_MUST_CHECK;

/**
 * Reads all strings as UTF-8, row-major.
 *
 * @param texts  count pointers in one heap block with the text; the caller frees it with
 * bram_free()
 * @return BRAM_OK; BRAM_EFORMAT: not strings, a code that is no character, a zero within a string
 */
int bram_npy_read_texts(bram_ctx *cx, const bram_npy *a, char ***texts) BRAM_MUST_CHECK;

/** Opens an array and reads it whole: *values is heap memory, *info a copy. */
int bram_npy_load(bram_ctx *cx, double **values, bram_npy_info *info,
                  const char *path) BRAM_MUST_CHECK;

/* ---- writing: version 1, little endian, C order --------------------------------------------- */

typedef enum bram_npy_type { BRAM_NPY_F64, BRAM_NPY_F32, BRAM_NPY_I64, BRAM_NPY_U8 } bram_npy_type;

/** Writes the header; product(shape) values must follow. BRAM_ESHAPE for more than 8 dimensions. */
int bram_npy_put_header(bram_ctx *cx, bram_outfile *o, bram_npy_type type, size_t dims,
                        const size_t *shape) BRAM_MUST_CHECK;

/** Appends count values; for integers they must be whole numbers in range (else BRAM_ENUMERIC).
 */
int bram_npy_put_values(bram_ctx *cx, bram_outfile *o, bram_npy_type type, const double *values,
                        size_t count) BRAM_MUST_CHECK;

/** Appends count integers to an array of BRAM_NPY_I64. */
int bram_npy_put_integers(bram_ctx *cx, bram_outfile *o, const int64_t *values,
                          size_t count) BRAM_MUST_CHECK;

/** Writes a whole array, atomically (file.h). */
int bram_npy_write(bram_ctx *cx, const char *path, bool replace, bram_npy_type type, size_t dims,
                   const size_t *shape, const double *values) BRAM_MUST_CHECK;

/** Writes n UTF-8 strings as a 1-d `<U` array; BRAM_EUSAGE for text that is not UTF-8. */
int bram_npy_write_texts(bram_ctx *cx, const char *path, bool replace, size_t n,
                         const char *const *texts) BRAM_MUST_CHECK;

/* ---- .npz: several arrays in one zip file --------------------------------------------------- */

typedef struct bram_npz bram_npz;

/** Opens a .npz and lists its arrays. BRAM_EFORMAT when it is no zip file or holds no .npy. */
int bram_npz_open(bram_ctx *cx, bram_npz **out, const char *path) BRAM_MUST_CHECK;
void bram_npz_close(bram_npz *z);

size_t bram_npz_count(const bram_npz *z);

/** @return the name of array i without ".npy", in the order of the file */
const char *bram_npz_name(const bram_npz *z, size_t i);

/** Reads one array into memory. BRAM_EABSENT names the arrays there are; else as bram_npy_open. */
int bram_npz_array(bram_ctx *cx, const bram_npz *z, const char *name,
                   bram_npy **out) BRAM_MUST_CHECK;

#endif
