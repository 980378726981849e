/*
 * dataset.h - a dataset: responses and tables by path, attributes by group, and the homogenized
 * HDF5 file that holds one. datasets/schema.md states every field.
 *
 * Paths are "group/.../name" without a leading slash: "recordings/2022-07-26-31/activity",
 * "connectome/cook2019/chemical", "neurons". A group is made by naming it. A path is one thing: a
 * group, a response or a table.
 */
#ifndef BRAMBLE_DATASET_H
#define BRAMBLE_DATASET_H

#include <bramble/response.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BRAM_SCHEMA_VERSION 1

/* Responses of a file with at most this many values are read when it is opened. */
#define BRAM_SMALL_RESPONSE 4096

typedef struct bram_dataset bram_dataset;

int bram_dataset_new(bram_ctx *cx, bram_dataset **out) BRAM_MUST_CHECK;
void bram_dataset_free(bram_dataset *ds);

/**
 * Attributes of a group, made if absent; "" is the root.
 *
 * @return NULL (with the message set) without memory, or when the path is not one or is taken
 */
bram_attrs *bram_dataset_attrs(bram_ctx *cx, bram_dataset *ds, const char *group);

/** @return attributes of a group that exists, else NULL */
const bram_attrs *bram_dataset_find_attrs(const bram_dataset *ds, const char *group);

/**
 * Puts a response (a table) into a group under its own name and takes it over, also on failure.
 *
 * @return BRAM_OK; BRAM_EUSAGE when the path is taken or not a path; BRAM_ENOMEM
 */
int bram_dataset_add(bram_ctx *cx, bram_dataset *ds, const char *group,
                     bram_response *r) BRAM_MUST_CHECK;
int bram_dataset_add_table(bram_ctx *cx, bram_dataset *ds, const char *group,
                           bram_axis *table) BRAM_MUST_CHECK;

/** @return what stands at the path, or NULL; owned by the dataset */
bram_response *bram_dataset_response(const bram_dataset *ds, const char *path);
bram_axis *bram_dataset_table(const bram_dataset *ds, const char *path);

/** The names of the groups directly below a group, in order of making (files: by name); or NULL. */
size_t bram_dataset_groups(const bram_dataset *ds, const char *group);
const char *bram_dataset_group_at(const bram_dataset *ds, const char *group, size_t i);

/** The paths of all responses, of all tables. */
size_t bram_dataset_responses(const bram_dataset *ds);
const char *bram_dataset_response_path(const bram_dataset *ds, size_t i);
size_t bram_dataset_tables(const bram_dataset *ds);
const char *bram_dataset_table_path(const bram_dataset *ds, size_t i);

/**
 * Writes the dataset to one HDF5 file: a temporary name beside it, synced, then renamed, so the
 * name never holds half a file. Equal datasets give equal bytes.
 *
 * @param replace false refuses an existing file
 * @return BRAM_OK; BRAM_EWRITE (exists, no permission, disk full); BRAM_EUSAGE (a name is taken by
 * a column or mask, an attribute's name is part of the file's form, text is not UTF-8); errors of
 * reading a response; BRAM_ECANCEL
 */
int bram_dataset_write(bram_ctx *cx, const bram_dataset *ds, const char *path,
                       bool replace) BRAM_MUST_CHECK;

/**
 * Opens a homogenized file. Tables and axes are read; the values of responses stay in the file and
 * are read by bram_response_read, except those of BRAM_SMALL_RESPONSE values or fewer. The file
 * must not change while the dataset lives.
 *
 * @return BRAM_OK; BRAM_EREAD absent or unreadable; BRAM_EFORMAT not a homogenized file (the
 *         message names path, field, found and expected)
 */
int bram_dataset_open(bram_ctx *cx, bram_dataset **out, const char *path) BRAM_MUST_CHECK;

/** @return hex SHA-256 of the content (names, shapes, values, attributes); not of the file's bytes
 */
int bram_dataset_hash(bram_ctx *cx, const bram_dataset *ds, char hex[65]) BRAM_MUST_CHECK;

/* ---- checking ------------------------------------------------------------------------------- */

typedef enum bram_severity {
    BRAM_WARNING, /* odd, usable */
    BRAM_ERROR    /* breaks a rule of datasets/schema.md */
} bram_severity;

/** What is wrong where. The texts live during the call that reports them. */
typedef struct bram_finding {
    bram_severity severity;
    const char *path;  /* "recordings/w1/activity"; "" is the root */
    const char *field; /* "dt", "neuron.certainty", "values" */
    const char *found;
    const char *expected;
} bram_finding;

typedef void bram_finding_fn(void *user, const bram_finding *finding);

/**
 * Checks a dataset against the rules of datasets/schema.md and reports each finding. All values are
 * read, block by block.
 *
 * @param report  called for each finding; may be NULL
 * @param errors  the number of findings that are errors; may be NULL
 * @return BRAM_OK whatever was found; errors of reading a response; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_dataset_check(bram_ctx *cx, const bram_dataset *ds, bram_finding_fn *report, void *user,
                       size_t *errors) BRAM_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
