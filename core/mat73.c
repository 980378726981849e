/*
 * mat73.c - MATLAB 7.3 files: HDF5 with a user block of 512 bytes and MATLAB's own conventions.
 *
 * As found in files MATLAB writes: attribute MATLAB_class names the class; dimensions are in
 * reverse order; a struct is a group (fields are its entries); a struct array is a group whose
 * fields are datasets of references without MATLAB_class; a cell array is a dataset of references
 * into #refs#; an empty array has MATLAB_empty = 1 and holds its dimensions as values; chars are
 * UTF-16 units; a sparse matrix is a group with data, ir, jc and the number of rows in
 * MATLAB_sparse; objects (tables, strings) have MATLAB_object_decode.
 */
#include "matlab_private.h"

#include <stdio.h>
#include <string.h>

static int open_file(bram_ctx *cx, void **state, char ***names, size_t *count, const char *path)
{
    bram_h5 *file;
    bram_h5_entry *entries = NULL;
    size_t n = 0, bytes = 0, kept = 0;
    BRAM_TRY(bram_h5_open(cx, &file, path));
    int status = bram_h5_list(cx, &entries, &n, bram_h5_root(file), NULL);
    for (size_t i = 0; i < n; i++) bytes += sizeof(char *) + strlen(entries[i].name) + 1;
    char **block = status == BRAM_OK ? bram_alloc(cx, bytes, 1) : NULL;
    if (!block) {
        bram_free(entries);
        bram_h5_close(file);
        return status == BRAM_OK ? BRAM_ENOMEM : status;
    }
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        bool value = entries[i].kind == BRAM_H5_GROUP || entries[i].kind == BRAM_H5_DATASET;
        if (!value || entries[i].name[0] == '#') continue; /* #refs#, #subsystem# */
        size_t length = strlen(entries[i].name) + 1;
        block[kept++] = memcpy(to, entries[i].name, length);
        to += length;
    }
    bram_free(entries);
    *state = file;
    *names = block;
    *count = kept;
    return BRAM_OK;
}

static void close_file(void *state)
{
    bram_h5_close(state);
}

static const bram_h5_object *root_of(const bram_matlab_value *v)
{
    return bram_h5_root(bram_matlab_state(v));
}

static int variable(bram_ctx *cx, bram_matlab_value *v, const char *name)
{
    return bram_h5_identity(cx, &v->ref, root_of(v), name);
}

/* ---- describing ----------------------------------------------------------------------------- */

static int read_class(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    char *name = NULL;
    if (bram_h5_has_attr(at, NULL, "MATLAB_class"))
        BRAM_TRY(bram_h5_attr_text(cx, &name, at, NULL, "MATLAB_class"));
    snprintf(v->class_name, sizeof v->class_name, "%s", name ? name : "");
    bram_free(name);
    return BRAM_OK;
}

static bool names_numbers(const char *class)
{
    static const char *const classes[] = {"double", "single", "logical", "int8",
                                          "uint8",  "int16",  "uint16",  "int32",
                                          "uint32", "int64",  "uint64",  "canonical empty"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(class, classes[i]) == 0) return true;
    return false;
}

static int describe_sparse(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    int64_t rows = 0;
    bram_h5_info columns, data;
    BRAM_TRY(bram_h5_attr_integer(cx, &rows, at, NULL, "MATLAB_sparse"));
    BRAM_TRY(bram_h5_info_of(cx, &columns, at, "jc"));
    if (rows < 0 || columns.rank != 1 || columns.elements < 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s: a sparse matrix without rows or columns",
                         bram_matlab_place(v).text);
    if (bram_h5_exists(at, "data")) {
        BRAM_TRY(bram_h5_info_of(cx, &data, at, "data"));
        v->complex = data.type == BRAM_H5_COMPOUND;
    }
    v->kind = BRAM_MATLAB_SPARSE;
    const uint64_t dims[2] = {(uint64_t)rows, columns.elements - 1};
    return bram_matlab_set_dims(cx, v, dims, 2);
}

/* The dimensions of a struct array are those of its fields, all of which hold references. */
static int describe_struct(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    bram_h5_entry *entries = NULL;
    size_t n = 0, bytes = 0;
    BRAM_TRY(bram_h5_list(cx, &entries, &n, at, NULL));
    for (size_t i = 0; i < n; i++) bytes += sizeof(char *) + strlen(entries[i].name) + 1;
    char **names = bram_alloc(cx, bytes, 1);
    uint64_t dims[BRAM_H5_RANK] = {1, 1};
    unsigned rank = 2;
    bool array = n > 0;
    int status = names ? BRAM_OK : BRAM_ENOMEM;
    char *to = (char *)(names + n);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        size_t length = strlen(entries[i].name) + 1;
        names[i] = memcpy(to, entries[i].name, length);
        to += length;
        bram_h5_info info;
        if (!array) continue;
        array = entries[i].kind == BRAM_H5_DATASET &&
                !bram_h5_has_attr(at, names[i], "MATLAB_class");
        if (array) status = bram_h5_info_of(cx, &info, at, names[i]);
        if (status != BRAM_OK || !array) continue;
        array = info.type == BRAM_H5_REFERENCE;
        if (array && i == 0) {
            rank = info.rank;
            for (unsigned d = 0; d < rank; d++) dims[d] = info.dims[rank - 1 - d];
        } else if (array && info.elements != v->count) {
            status = bram_fail(cx, BRAM_EFORMAT, "%s: field %s has %llu elements, field %s %zu",
                               bram_matlab_place(v).text, names[i],
                               (unsigned long long)info.elements, names[0], v->count);
        }
        if (status == BRAM_OK && array && i == 0) status = bram_matlab_set_dims(cx, v, dims, rank);
    }
    bram_free(entries);
    if (status != BRAM_OK) {
        bram_free(names);
        return status;
    }
    v->kind = BRAM_MATLAB_STRUCT;
    v->field_names = names;
    v->field_count = n;
    v->is_array = array;
    const uint64_t single[2] = {1, 1};
    return array ? BRAM_OK : bram_matlab_set_dims(cx, v, single, 2);
}

static int describe_group(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    if (bram_h5_has_attr(at, NULL, "MATLAB_sparse")) return describe_sparse(cx, v, at);
    if (!*v->class_name) snprintf(v->class_name, sizeof v->class_name, "struct");
    if (strcmp(v->class_name, "struct") == 0) return describe_struct(cx, v, at);
    const uint64_t single[2] = {1, 1};
    v->kind = BRAM_MATLAB_OPAQUE;
    return bram_matlab_set_dims(cx, v, single, 2);
}

/* An empty array holds its dimensions in place of values. */
static int read_empty_dims(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    int64_t *values = NULL;
    uint64_t dims[BRAM_MATLAB_RANK] = {0, 0};
    size_t n = 0;
    BRAM_TRY(bram_h5_read_int64(cx, &values, &n, at, NULL, BRAM_MATLAB_RANK));
    bool zero = n < 2;
    for (size_t i = 0; i < n; i++) {
        dims[i] = values[i] > 0 ? (uint64_t)values[i] : 0;
        zero = zero || dims[i] == 0;
    }
    bram_free(values);
    if (!zero)
        return bram_fail(cx, BRAM_EFORMAT, "%s: marked empty, but none of its dimensions is 0",
                         bram_matlab_place(v).text);
    return bram_matlab_set_dims(cx, v, dims, n < 2 ? 2 : n);
}

static bram_matlab_kind kind_of_dataset(const bram_matlab_value *v, const bram_h5_object *at,
                                        const bram_h5_info *info)
{
    if (bram_h5_has_attr(at, NULL, "MATLAB_object_decode")) return BRAM_MATLAB_OPAQUE;
    if (strcmp(v->class_name, "char") == 0) return BRAM_MATLAB_CHAR;
    if (strcmp(v->class_name, "cell") == 0) return BRAM_MATLAB_CELL;
    if (strcmp(v->class_name, "struct") == 0) return BRAM_MATLAB_STRUCT; /* an empty one */
    if (names_numbers(v->class_name)) return BRAM_MATLAB_NUMERIC;
    bool number = info->type == BRAM_H5_INTEGER || info->type == BRAM_H5_FLOAT;
    if (!*v->class_name && number) return BRAM_MATLAB_NUMERIC; /* plain HDF5 */
    return BRAM_MATLAB_OPAQUE;
}

static int describe_dataset(bram_ctx *cx, bram_matlab_value *v, const bram_h5_object *at)
{
    bram_h5_info info;
    int64_t empty = 0;
    BRAM_TRY(bram_h5_info_of(cx, &info, at, NULL));
    if (bram_h5_has_attr(at, NULL, "MATLAB_empty"))
        BRAM_TRY(bram_h5_attr_integer(cx, &empty, at, NULL, "MATLAB_empty"));
    bram_matlab_kind kind = kind_of_dataset(v, at, &info);
    if (kind == BRAM_MATLAB_OPAQUE || (!*v->class_name && kind == BRAM_MATLAB_NUMERIC))
        if (!*v->class_name)
            snprintf(v->class_name, sizeof v->class_name, "%s",
                     kind == BRAM_MATLAB_NUMERIC ? "double" : "HDF5 value");
    if (empty) {
        BRAM_TRY(read_empty_dims(cx, v, at));
    } else {
        uint64_t dims[BRAM_H5_RANK];
        for (unsigned d = 0; d < info.rank; d++) dims[d] = info.dims[info.rank - 1 - d];
        BRAM_TRY(bram_matlab_set_dims(cx, v, dims, info.rank));
        if (info.elements == 0) v->count = 0;
    }
    bool cell = kind == BRAM_MATLAB_CELL, char_array = kind == BRAM_MATLAB_CHAR;
    if (v->count && ((cell && info.type != BRAM_H5_REFERENCE) || kind == BRAM_MATLAB_STRUCT ||
                     (char_array && info.type != BRAM_H5_INTEGER)))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: a dataset that does not hold what its MATLAB_class "
                         "%s says",
                         bram_matlab_place(v).text, v->class_name);
    v->complex = kind == BRAM_MATLAB_NUMERIC && info.type == BRAM_H5_COMPOUND;
    v->kind = kind;
    return BRAM_OK;
}

static int describe(bram_ctx *cx, bram_matlab_value *v)
{
    if (v->ref.address == 0) { /* a null reference stands for [] */
        const uint64_t none[2] = {0, 0};
        v->kind = BRAM_MATLAB_NUMERIC;
        snprintf(v->class_name, sizeof v->class_name, "double");
        return bram_matlab_set_dims(cx, v, none, 2);
    }
    bram_h5_object *at;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), v->ref));
    bram_h5_kind kind = BRAM_H5_ABSENT;
    int status = bram_h5_kind_of(cx, &kind, at, NULL);
    if (status == BRAM_OK) status = read_class(cx, v, at);
    if (status == BRAM_OK)
        status = kind == BRAM_H5_GROUP     ? describe_group(cx, v, at)
                 : kind == BRAM_H5_DATASET ? describe_dataset(cx, v, at)
                                           : bram_fail(cx, BRAM_EFORMAT, "%s: not a MATLAB value",
                                                       bram_matlab_place(v).text);
    bram_h5_object_close(at);
    return status;
}

/* ---- children and values -------------------------------------------------------------------- */

/* The references of a cell array (path NULL), of a field of a struct array; read once. */
static int load_refs(bram_ctx *cx, bram_matlab_value *v, size_t lists, size_t list,
                     const char *path)
{
    if (!v->refs && !(v->refs = bram_alloc(cx, lists, sizeof *v->refs))) return BRAM_ENOMEM;
    if (v->refs[list]) return BRAM_OK;
    bram_h5_object *at;
    bram_h5_ref *refs = NULL;
    size_t n = 0;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), v->ref));
    int status = bram_h5_read_refs(cx, &refs, &n, at, path);
    bram_h5_object_close(at);
    BRAM_TRY(status);
    if (n != v->count) {
        bram_free(refs);
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu references, expected %zu",
                         bram_matlab_place(v).text, n, v->count);
    }
    v->refs[list] = refs;
    return BRAM_OK;
}

static int child(bram_ctx *cx, bram_matlab_value *v, bram_matlab_value *parent, size_t field,
                 size_t element)
{
    if (parent->kind == BRAM_MATLAB_CELL) {
        BRAM_TRY(load_refs(cx, parent, 1, 0, NULL));
        v->ref = parent->refs[0][element];
        return BRAM_OK;
    }
    const char *name = parent->field_names[field];
    if (parent->is_array) {
        BRAM_TRY(load_refs(cx, parent, parent->field_count, field, name));
        v->ref = parent->refs[field][element];
        return BRAM_OK;
    }
    bram_h5_object *at;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), parent->ref));
    int status = bram_h5_identity(cx, &v->ref, at, name);
    bram_h5_object_close(at);
    return status;
}

static int numbers(bram_ctx *cx, double **out, bram_matlab_value *v)
{
    bram_h5_object *at;
    size_t n = 0;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), v->ref));
    int status = bram_h5_read_double(cx, out, &n, at, NULL, v->count);
    bram_h5_object_close(at);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "%s", v->name);
}

static int units(bram_ctx *cx, uint16_t **out, size_t *count, bram_matlab_value *v)
{
    bram_h5_object *at;
    int64_t *values = NULL;
    size_t n = 0;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), v->ref));
    int status = bram_h5_read_int64(cx, &values, &n, at, NULL, v->count);
    bram_h5_object_close(at);
    uint16_t *found = status == BRAM_OK ? bram_alloc(cx, n, sizeof *found) : NULL;
    if (status == BRAM_OK && !found) status = BRAM_ENOMEM;
    for (size_t i = 0; found && i < n; i++)
        found[i] = values[i] >= 0 && values[i] <= UINT16_MAX ? (uint16_t)values[i] : 0xfffd;
    bram_free(values);
    BRAM_TRY(status);
    *out = found;
    *count = n;
    return BRAM_OK;
}

/* jc[c] .. jc[c + 1] are the entries of column c in ir (rows) and data. */
static int join_entries(bram_ctx *cx, bram_matlab_entry **out, bram_matlab_value *v,
                        const int64_t *columns, const int64_t *rows, const double *data, size_t n)
{
    bram_matlab_entry *entries = bram_alloc(cx, n, sizeof *entries);
    if (!entries) return BRAM_ENOMEM;
    bool bad = columns[0] != 0 || columns[v->dims[1]] < 0 || (size_t)columns[v->dims[1]] != n;
    for (size_t c = 0; c < v->dims[1] && !bad; c++) {
        bad = columns[c + 1] < columns[c] || (size_t)columns[c + 1] > n;
        for (int64_t i = columns[c]; i < columns[c + 1] && !bad; i++) {
            bad = rows[i] < 0 || (size_t)rows[i] >= v->dims[0];
            if (!bad) entries[i] = (bram_matlab_entry){(size_t)rows[i], c, data[i]};
        }
    }
    if (bad) {
        bram_free(entries);
        return bram_fail(cx, BRAM_EFORMAT, "%s: the index of a sparse matrix (ir, jc) is damaged",
                         bram_matlab_place(v).text);
    }
    *out = entries;
    return BRAM_OK;
}

static int entries(bram_ctx *cx, bram_matlab_entry **out, size_t *count, bram_matlab_value *v)
{
    bram_h5_object *at;
    int64_t *columns = NULL, *rows = NULL;
    double *data = NULL;
    size_t n_columns = 0, n_rows = 0, n = 0;
    BRAM_TRY(bram_h5_deref(cx, &at, root_of(v), v->ref));
    int status = bram_h5_read_int64(cx, &columns, &n_columns, at, "jc", 0);
    bool any = bram_h5_exists(at, "data"); /* without entries there are neither data nor ir */
    if (status == BRAM_OK && any) status = bram_h5_read_int64(cx, &rows, &n_rows, at, "ir", 0);
    if (status == BRAM_OK && any) status = bram_h5_read_double(cx, &data, &n, at, "data", 0);
    bram_h5_object_close(at);
    if (status == BRAM_OK && (n_columns != v->dims[1] + 1 || n_rows != n))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: a sparse matrix of %zu rows and %zu values",
                           bram_matlab_place(v).text, n_rows, n);
    if (status == BRAM_OK) status = join_entries(cx, out, v, columns, rows, data, n);
    if (status == BRAM_OK) *count = n;
    bram_free(columns);
    bram_free(rows);
    bram_free(data);
    return status;
}

const bram_matlab_reader bram_mat73_reader = {
    .version = 73,
    .open = open_file,
    .close = close_file,
    .variable = variable,
    .child = child,
    .describe = describe,
    .numbers = numbers,
    .units = units,
    .entries = entries,
};
