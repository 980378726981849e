/*
 * dataset_form.h - the form of the homogenized file, shared by what writes, reads and hashes it;
 * see datasets/schema.md.
 */
#ifndef BRAMBLE_CORE_DATASET_FORM_H
#define BRAMBLE_CORE_DATASET_FORM_H

#include <bramble/dataset.h>

#include "h5.h"

/* Attributes of the file that are not the user's. */
#define BRAM_FORM_SCHEMA "bramble_schema" /* of the root: integer, BRAM_SCHEMA_VERSION */
#define BRAM_FORM_ROLE   "bramble_role"   /* of every HDF5 dataset: one of those below */
#define BRAM_FORM_AXIS   "bramble_axis" /* of a scale: the axis's name where the scale's differs */

#define BRAM_ROLE_AXIS       "axis"  /* a dimension scale */
#define BRAM_ROLE_TABLE      "table" /* a dimension scale that is a table of the dataset, too */
#define BRAM_ROLE_COORDINATE "coordinate" /* coordinates of an axis that has ids as well */
#define BRAM_ROLE_COLUMN     "column"     /* a column of an axis */
#define BRAM_ROLE_RESPONSE   "response"   /* an array of values */
#define BRAM_ROLE_MASK       "mask"       /* which values of a response are present */

#define BRAM_SUFFIX_COORDINATE "_coordinate"
#define BRAM_SUFFIX_MASK       "_present"

/** @return whether an attribute of this name is part of the form and not the user's */
bool bram_form_reserved(const char *name);

/** A response or a table and the length of its group's path. */
typedef struct bram_form_entry {
    const char *path;
    size_t group_length;
    const bram_response *response;
    const bram_axis *table;
} bram_form_entry;

/** All that is in a dataset, in an order that depends on names only. */
typedef struct bram_form_listing {
    char **groups; /* sorted; the root, "", is the first */
    size_t group_count;
    bram_form_entry *entries; /* sorted by group, then by path */
    size_t entry_count;
} bram_form_listing;

/** Lists a dataset, which must outlive the listing. @return BRAM_OK; BRAM_ENOMEM */
int bram_form_list(bram_ctx *cx, bram_form_listing *out, const bram_dataset *ds) BRAM_MUST_CHECK;
void bram_form_release(bram_form_listing *list);

/** The entries of group i are *first .. *first + *count - 1. */
void bram_form_entries_of(const bram_form_listing *list, size_t i, size_t *first, size_t *count);

/** Columns of an axis, positions of attributes, in order of names; scratch memory, NULL without. */
const bram_column **bram_form_columns(bram_ctx *cx, const bram_axis *axis);
size_t *bram_form_attr_order(bram_ctx *cx, const bram_attrs *attrs);

/**
 * Goes through the blocks of an array in row-major order; a block is one run of that order. Begin
 * with start all 0 and count all 0.
 *
 * @param block  the largest block, from bram_h5w_block
 * @return false when there is no further block
 */
bool bram_form_next_block(size_t dims, const size_t *lengths, const size_t *block, size_t *start,
                          size_t *count);

/**
 * Moves groups with their attributes, responses and tables into another dataset, in their order,
 * the root's attributes excepted. `from` is only good for bram_dataset_free then.
 *
 * @param wanted  says so of a path; a group that is there already keeps its attributes
 * @return BRAM_OK; BRAM_EUSAGE: the path of a response or table is taken; BRAM_ENOMEM
 */
int bram_dataset_move(bram_ctx *cx, bram_dataset *ds, bram_dataset *from,
                      bool (*wanted)(void *user, const char *path), void *user) BRAM_MUST_CHECK;

/** Puts a table in the place of the one at the path, which is there; takes it over. */
void bram_dataset_exchange_table(bram_dataset *ds, const char *path, bram_axis *table);

/** @return whether a group, a response or a table stands at the path */
bool bram_dataset_has(const bram_dataset *ds, const char *path);

/** Where the values of a response stay in a homogenized file. */
typedef struct bram_form_stored {
    const bram_h5_object *root;
    const char *path, *mask; /* relative to it; mask NULL without */
} bram_form_stored;

/** @return whether the values of a response stay in a homogenized file, and where */
bool bram_form_is_stored(bram_form_stored *out, const bram_response *r);

/** The reader of a response that is not in memory, else NULL. */
const bram_reader *bram_response_reader(const bram_response *r);

/**
 * As bram_dataset_write, for a dataset put together from files that this program has just written:
 * chunks of values in those files are copied as they are stored. The bytes are the same.
 */
int bram_dataset_join(bram_ctx *cx, const bram_dataset *ds, const char *path,
                      bool replace) BRAM_MUST_CHECK;

/** The product of count. */
size_t bram_form_product(size_t dims, const size_t *count);

#endif
