/*
 * h5.h - safe reading of HDF5 files; h5.c is the only file that reads through the HDF5 library.
 *
 *     bram_h5 *file;
 *     BRAM_TRY(bram_h5_open(cx, &file, "worm.h5"));
 *     double *traces;
 *     bram_h5_info shape;
 *     status = bram_h5_info_of(cx, &shape, bram_h5_root(file), "gcamp/trace_array");
 *     if (status == BRAM_OK)
 *         status = bram_h5_read_double(cx, &traces, NULL, bram_h5_root(file), "gcamp/trace_array",
 * 0); bram_h5_close(file);
 *
 * Places. Every call names an object by `at` (an open group or dataset; the root of a file to begin
 * with, or what an object reference points to) and `path`, relative to it; NULL or "" is `at`
 * itself. Soft links are followed, external links and data in other files never are.
 *
 * Files are not trusted: shapes are checked against what is stored before memory is taken.
 * Results that hold texts (lists, strings) are one block of memory: one bram_free() gives all back.
 *
 * Common statuses, not repeated below: BRAM_EABSENT nothing stands at the path; BRAM_EFORMAT
 * something else than asked for, a damaged object, an implausible size; BRAM_EMEMORY above the
 * context's memory budget; BRAM_ENOMEM. The message names file and object. Outputs are untouched
 * on failure.
 *
 * Threads: a file may be used by several threads with a context each; HDF5 serialises them.
 */
#ifndef BRAMBLE_CORE_H5_H
#define BRAMBLE_CORE_H5_H

#include <bramble/context.h>

enum { BRAM_H5_RANK = 8 }; /* the highest rank that is read */

typedef struct bram_h5 bram_h5;
typedef struct bram_h5_object bram_h5_object;

typedef enum bram_h5_kind {
    BRAM_H5_ABSENT, /* nothing, or a soft link to nothing */
    BRAM_H5_GROUP,
    BRAM_H5_DATASET,
    BRAM_H5_TYPE,     /* a named datatype */
    BRAM_H5_EXTERNAL, /* a link into another file, not followed */
    BRAM_H5_OTHER
} bram_h5_kind;

typedef enum bram_h5_class {
    BRAM_H5_INTEGER, /* also enumerations (h5py's bool) and one-byte bit fields */
    BRAM_H5_FLOAT,
    BRAM_H5_STRING,          /* of fixed size */
    BRAM_H5_VARIABLE_STRING, /* of variable size */
    BRAM_H5_REFERENCE,       /* to an object */
    BRAM_H5_COMPOUND,
    BRAM_H5_UNREADABLE /* opaque, variable-length, region reference, time, array */
} bram_h5_class;

/** The type and shape of a dataset or an attribute. A scalar has rank 0 and 1 element. */
typedef struct bram_h5_info {
    bram_h5_class type;
    size_t element_size; /* bytes in the file */
    unsigned rank;
    uint64_t dims[BRAM_H5_RANK];
    uint64_t elements;            /* the product of dims; 0 for a null dataspace */
    uint64_t chunk[BRAM_H5_RANK]; /* all 0 when not chunked; attributes are not */
} bram_h5_info;

/** An entry of a group. */
typedef struct bram_h5_entry {
    const char *name;
    bram_h5_kind kind;
} bram_h5_entry;

/** A member of a compound type. */
typedef struct bram_h5_member {
    const char *name;
    bram_h5_class type;
    size_t size;
} bram_h5_member;

/** An object reference. Equal addresses are the same object; address 0 is the null reference. */
typedef struct bram_h5_ref {
    uint64_t address;
} bram_h5_ref;

/* ---- process and files ---------------------------------------------------------------------- */

/**
 * Switches off HDF5's printing of errors, for bram_init(). HDF5 keeps that setting for each thread
 * apart, so the functions here (and those that write) also call it on entry; it costs nothing then.
 */
void bram_h5_init(void);

/** @return the innermost description of HDF5's last error on this thread, in a static buffer of
 *          the thread; "unknown error" when there is none */
const char *bram_h5_reason(void);

/** @return whether the file begins (also behind a user block) as HDF5 files do; false if unreadable
 */
bool bram_h5_probe(const char *path);

/**
 * Opens a file for reading.
 *
 * @return BRAM_OK; BRAM_EREAD absent, not a regular file, no permission; BRAM_EFORMAT empty, a
 *         git-LFS pointer, not HDF5, truncated or damaged; BRAM_ENOMEM
 */
int bram_h5_open(bram_ctx *cx, bram_h5 **out, const char *path) BRAM_MUST_CHECK;

/** Closes a file; objects of it must be closed before. NULL is allowed. */
void bram_h5_close(bram_h5 *file);

/** @return the root group; owned by the file */
const bram_h5_object *bram_h5_root(const bram_h5 *file);

/** @return the path the file was opened by, as texts for messages and provenance need it */
const char *bram_h5_path(const bram_h5 *file);
const char *bram_h5_object_path(const bram_h5_object *at);

/* ---- objects -------------------------------------------------------------------------------- */

/** Opens an object for repeated use. The caller closes it; NULL is allowed there. */
int bram_h5_object_open(bram_ctx *cx, bram_h5_object **out, const bram_h5_object *at,
                        const char *path) BRAM_MUST_CHECK;
void bram_h5_object_close(bram_h5_object *object);

/** What stands at the path; an absent object is BRAM_H5_ABSENT, not a failure. */
int bram_h5_kind_of(bram_ctx *cx, bram_h5_kind *out, const bram_h5_object *at,
                    const char *path) BRAM_MUST_CHECK;

/** @return whether a group or dataset stands at the path */
bool bram_h5_exists(const bram_h5_object *at, const char *path);

/**
 * Entries of a group in byte order of their names; one block, the caller frees it. At most a
 * million: above, BRAM_EFORMAT.
 */
int bram_h5_list(bram_ctx *cx, bram_h5_entry **out, size_t *count, const bram_h5_object *at,
                 const char *path) BRAM_MUST_CHECK;

/** @return (in out) an address that two paths share only if they name the same object of a file */
int bram_h5_identity(bram_ctx *cx, bram_h5_ref *out, const bram_h5_object *at,
                     const char *path) BRAM_MUST_CHECK;

/* ---- datasets ------------------------------------------------------------------------------- */

/** Type and shape of a dataset. BRAM_EFORMAT also for a rank above BRAM_H5_RANK. */
int bram_h5_info_of(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at,
                    const char *path) BRAM_MUST_CHECK;

/**
 * The same of a dataset that is to be read in blocks: refuses a shape that claims more than the
 * file can hold, as reading it whole would, before anything is allocated by that shape.
 */
int bram_h5_measure(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at,
                    const char *path) BRAM_MUST_CHECK;

/**
 * Read a whole dataset of numbers, last dimension fastest.
 *
 * Doubles and floats are converted as C does. read_int64 takes reals only where all are whole and
 * fails with BRAM_EFORMAT on any number that int64_t cannot hold.
 *
 * @param out    the elements; the caller frees them
 * @param count  their number; NULL when not wanted
 * @param limit  more elements than this are refused with BRAM_EFORMAT; 0 for no limit. In any case
 *               refused: more than about 2000 times what the file stores, and more than 64 MiB of
 *               values that were never written
 */
int bram_h5_read_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                        const char *path, size_t limit) BRAM_MUST_CHECK;
int bram_h5_read_float(bram_ctx *cx, float **out, size_t *count, const bram_h5_object *at,
                       const char *path, size_t limit) BRAM_MUST_CHECK;
int bram_h5_read_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                       const char *path, size_t limit) BRAM_MUST_CHECK;

/**
 * Read the block [start, start + count) of a dataset of numbers into the caller's memory.
 *
 * @param out    room for the product of count; its content is undefined on failure
 * @param start  rank numbers; count likewise
 * @return also BRAM_ESHAPE when the block reaches beyond the dataset
 */
int bram_h5_slab_double(bram_ctx *cx, double *out, const bram_h5_object *at, const char *path,
                        const uint64_t *start, const uint64_t *count) BRAM_MUST_CHECK;
int bram_h5_slab_float(bram_ctx *cx, float *out, const bram_h5_object *at, const char *path,
                       const uint64_t *start, const uint64_t *count) BRAM_MUST_CHECK;
int bram_h5_slab_int64(bram_ctx *cx, int64_t *out, const bram_h5_object *at, const char *path,
                       const uint64_t *start, const uint64_t *count) BRAM_MUST_CHECK;

/**
 * Reads a dataset of strings, fixed or variable, ASCII or UTF-8, as they are. A null string gives
 * "". Padding is removed. One block; the caller frees it.
 */
int bram_h5_read_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path) BRAM_MUST_CHECK;

/** Reads a dataset of one string; the caller frees it. */
int bram_h5_read_text(bram_ctx *cx, char **out, const bram_h5_object *at,
                      const char *path) BRAM_MUST_CHECK;

/**
 * Reads a row of lists of whole numbers (a variable-length type). List i is values[begin[i] ..
 * begin[i + 1] - 1].
 *
 * @param values, begin  the caller frees both
 */
int bram_h5_read_lists(bram_ctx *cx, int64_t **values, size_t **begin, size_t *count,
                       const bram_h5_object *at, const char *path) BRAM_MUST_CHECK;

/** The same for numbers, of an array of lists of any rank, in row-major order. */
int bram_h5_read_lists_double(bram_ctx *cx, double **values, size_t **begin, size_t *count,
                              const bram_h5_object *at, const char *path) BRAM_MUST_CHECK;

/* ---- references and compound types ---------------------------------------------------------- */

/** Reads a dataset of object references; the caller frees them. */
int bram_h5_read_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                      const char *path) BRAM_MUST_CHECK;

/**
 * Opens what a reference of the same file points to; the caller closes it.
 *
 * @param at  any open object of the file
 * @return BRAM_EABSENT for the null reference, BRAM_EFORMAT for one to nothing
 */
int bram_h5_deref(bram_ctx *cx, bram_h5_object **out, const bram_h5_object *at,
                  bram_h5_ref ref) BRAM_MUST_CHECK;

/** The members of a compound dataset; one block, the caller frees it. */
int bram_h5_members(bram_ctx *cx, bram_h5_member **out, size_t *count, const bram_h5_object *at,
                    const char *path) BRAM_MUST_CHECK;

/** Read one member of every element of a compound dataset; as the functions for whole datasets. */
int bram_h5_member_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                          const char *path, const char *member) BRAM_MUST_CHECK;
int bram_h5_member_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                         const char *path, const char *member) BRAM_MUST_CHECK;
int bram_h5_member_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                           const char *path, const char *member) BRAM_MUST_CHECK;
int bram_h5_member_refs(bram_ctx *cx, bram_h5_ref **out, size_t *count, const bram_h5_object *at,
                        const char *path, const char *member) BRAM_MUST_CHECK;

/* ---- attributes and dimension scales -------------------------------------------------------- */

/** @return whether the object has an attribute of this name; false also for an absent object */
bool bram_h5_has_attr(const bram_h5_object *at, const char *path, const char *name);

/** The names of an object's attributes in byte order; one block. */
int bram_h5_attr_names(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                       const char *path) BRAM_MUST_CHECK;

/** As the functions for datasets; BRAM_EABSENT when there is no such attribute. */
int bram_h5_attr_info(bram_ctx *cx, bram_h5_info *out, const bram_h5_object *at, const char *path,
                      const char *name) BRAM_MUST_CHECK;
int bram_h5_attr_double(bram_ctx *cx, double **out, size_t *count, const bram_h5_object *at,
                        const char *path, const char *name) BRAM_MUST_CHECK;
int bram_h5_attr_int64(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *at,
                       const char *path, const char *name) BRAM_MUST_CHECK;
int bram_h5_attr_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path, const char *name) BRAM_MUST_CHECK;

/** An attribute of exactly one number, of one string (the caller frees it). */
int bram_h5_attr_number(bram_ctx *cx, double *out, const bram_h5_object *at, const char *path,
                        const char *name) BRAM_MUST_CHECK;
int bram_h5_attr_integer(bram_ctx *cx, int64_t *out, const bram_h5_object *at, const char *path,
                         const char *name) BRAM_MUST_CHECK;
int bram_h5_attr_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                      const char *name) BRAM_MUST_CHECK;

/**
 * The path in the file of what an attribute of exactly one object reference points to (`table` of
 * an NWB region); the caller frees it.
 */
int bram_h5_attr_target(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                        const char *name) BRAM_MUST_CHECK;

/** The first dimension scale attached to dimension `dim`, by its address, as bram_h5_identity gives
 * it. @return BRAM_EABSENT when that dimension has none */
int bram_h5_scale_ref(bram_ctx *cx, bram_h5_ref *out, const bram_h5_object *at, const char *path,
                      unsigned dim) BRAM_MUST_CHECK;

/**
 * The path in the file ("/recordings/a/time") of the first dimension scale attached to dimension
 * `dim` of a dataset, as netCDF-4 files have them; the caller frees it. HDF5 looks through the
 * whole file for it: where many are wanted, compare addresses.
 *
 * @return BRAM_EABSENT when that dimension has none
 */
int bram_h5_scale(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                  unsigned dim) BRAM_MUST_CHECK;

#endif
