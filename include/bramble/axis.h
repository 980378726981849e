/*
 * axis.h - a labelled axis: a table with one row for each position along a dimension of an array.
 *
 * Each row has an id (text: a neuron, a stimulus) or a coordinate (a number with a unit: time), and
 * any number of typed columns (class, certainty, position, subject ...). Things are matched by id,
 * never by position. The same structure serves as a plain table (events, edges, import report).
 *
 * Ownership: an axis is shared by the arrays that lie along it and is counted; bram_axis_ref takes
 * a share, bram_axis_free gives one back. An axis that is in use is not changed.
 */
#ifndef BRAMBLE_AXIS_H
#define BRAMBLE_AXIS_H

#include <bramble/context.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bram_axis bram_axis;

typedef enum bram_column_type { BRAM_TEXT, BRAM_NUMBER, BRAM_INTEGER } bram_column_type;

/** A column of an axis; exactly one of the three pointers is set. Owned by the axis. */
typedef struct bram_column {
    const char *name;
    const char *unit; /* "" when none is stated */
    bram_column_type type;
    const char *const *text; /* never NULL entries; "" is missing */
    const double *number;    /* NaN is missing */
    const int64_t *integer;
} bram_column;

/**
 * Makes an axis of n rows. name is an identifier ([a-z][a-z0-9_]*): "time", "neuron", "stimulus".
 *
 * @return BRAM_OK; BRAM_EUSAGE for a bad name; BRAM_ENOMEM
 */
int bram_axis_new(bram_ctx *cx, bram_axis **out, const char *name, size_t n) BRAM_MUST_CHECK;
bram_axis *bram_axis_ref(const bram_axis *axis);
void bram_axis_free(bram_axis *axis);

const char *bram_axis_name(const bram_axis *axis);
size_t bram_axis_length(const bram_axis *axis);

/**
 * Copies n ids; NULL entries become "", which is no id. Ids may repeat; bram_axis_find then gives
 * the first.
 *
 * @return BRAM_OK; BRAM_EUSAGE when the axis has been shared; BRAM_ENOMEM (so for all that change
 * it)
 */
int bram_axis_set_ids(bram_ctx *cx, bram_axis *axis, const char *const *ids) BRAM_MUST_CHECK;

/** Copies n coordinates with their unit ("s"). */
int bram_axis_set_values(bram_ctx *cx, bram_axis *axis, const double *values,
                         const char *unit) BRAM_MUST_CHECK;

/** @return the id of row i, "" when the axis has none */
const char *bram_axis_id(const bram_axis *axis, size_t i);
bool bram_axis_has_ids(const bram_axis *axis);

/** @return the n coordinates, or NULL when the axis has none; and their unit, or "" */
const double *bram_axis_values(const bram_axis *axis);
const char *bram_axis_unit(const bram_axis *axis);

/** @return the row with this id, or -1 (always for ""); expected constant time */
ptrdiff_t bram_axis_find(const bram_axis *axis, const char *id);

/** Add a column of n values, copied; replaces a column of the same name. */
int bram_axis_add_text(bram_ctx *cx, bram_axis *axis, const char *name,
                       const char *const *values) BRAM_MUST_CHECK;
int bram_axis_add_number(bram_ctx *cx, bram_axis *axis, const char *name, const double *values,
                         const char *unit) BRAM_MUST_CHECK;
int bram_axis_add_integer(bram_ctx *cx, bram_axis *axis, const char *name,
                          const int64_t *values) BRAM_MUST_CHECK;

size_t bram_axis_columns(const bram_axis *axis);
const bram_column *bram_axis_column_at(const bram_axis *axis, size_t i);

/** @return the column of this name, or NULL */
const bram_column *bram_axis_column(const bram_axis *axis, const char *name);

/** Makes an axis of the rows index[0..count-1] of another, all columns included. */
int bram_axis_take(bram_ctx *cx, bram_axis **out, const bram_axis *axis, const size_t *index,
                   size_t count) BRAM_MUST_CHECK;

/** @return whether name, length, ids, coordinates and columns (in any order) are the same */
bool bram_axis_equal(const bram_axis *a, const bram_axis *b);

/* ---- attributes: an ordered list of name = value -------------------------------------------- */

typedef struct bram_attrs bram_attrs;

int bram_attrs_set_text(bram_ctx *cx, bram_attrs *attrs, const char *name,
                        const char *value) BRAM_MUST_CHECK;
int bram_attrs_set_number(bram_ctx *cx, bram_attrs *attrs, const char *name,
                          double value) BRAM_MUST_CHECK;
int bram_attrs_set_integer(bram_ctx *cx, bram_attrs *attrs, const char *name,
                           int64_t value) BRAM_MUST_CHECK;

/** Sets all attributes of another list. On failure some may have been set. */
int bram_attrs_copy(bram_ctx *cx, bram_attrs *attrs, const bram_attrs *from) BRAM_MUST_CHECK;

size_t bram_attrs_count(const bram_attrs *attrs);
const char *bram_attrs_name_at(const bram_attrs *attrs, size_t i);
bram_column_type bram_attrs_type_at(const bram_attrs *attrs, size_t i);

/** @return the value by name; NULL, the fallback, where absent or of another type */
const char *bram_attrs_text(const bram_attrs *attrs, const char *name);
double bram_attrs_number(const bram_attrs *attrs, const char *name, double fallback);
int64_t bram_attrs_integer(const bram_attrs *attrs, const char *name, int64_t fallback);

#ifdef __cplusplus
}
#endif
#endif
