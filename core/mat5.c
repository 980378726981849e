/*
 * mat5.c - MATLAB files of version 5 to 7.2, through matio; the only file that touches it. The
 * chain of variables is checked, and their names are read, by mat5_names.c.
 */
#include "matlab_private.h"

#include <matio.h>
#include <stdio.h>
#include <string.h>

struct mat5 {
    mat_t *file;
    matvar_t **read; /* one for each variable, NULL until asked for */
    char **names;    /* of them; owned by the tree */
    unsigned char *classes;
    size_t count;
};

/* matio keeps neither name nor content of an object: "(object 1)" and this stand for it. */
static const matvar_t object = {.class_type = MAT_C_OPAQUE};

static void say_nothing(int level, char *message)
{
    (void)level, (void)message;
}

void bram_mat5_init(void)
{
    Mat_LogInitFunc("bramble", say_nothing);
}

/* ---- files ---------------------------------------------------------------------------------- */

static int pack_names(bram_ctx *cx, char ***out, char *const *names, size_t n)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += sizeof(char *) + (names[i] ? strlen(names[i]) : 0) + 1;
    char **block = bram_alloc(cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        size_t length = names[i] ? strlen(names[i]) : 0;
        block[i] = to;
        if (length) memcpy(to, names[i], length);
        to += length + 1;
    }
    *out = block;
    return BRAM_OK;
}

static void close_file(void *state)
{
    struct mat5 *m = state;
    for (size_t i = 0; m->read && i < m->count; i++) Mat_VarFree(m->read[i]);
    bram_free(m->read);
    bram_free(m->classes);
    if (m->file) Mat_Close(m->file);
    bram_free(m);
}

static int read_names(bram_ctx *cx, struct mat5 *m, const char *path)
{
    char **names = NULL;
    BRAM_TRY(bram_mat5_names(cx, &names, &m->classes, &m->count, path));
    m->read = bram_alloc(cx, m->count, sizeof *m->read);
    int status = m->read ? pack_names(cx, &m->names, names, m->count) : BRAM_ENOMEM;
    for (size_t i = 0; i < m->count; i++) bram_free(names[i]);
    bram_free(names);
    return status;
}

static int open_file(bram_ctx *cx, void **state, char ***names, size_t *count, const char *path)
{
    struct mat5 *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = read_names(cx, m, path);
    if (status == BRAM_OK && !(m->file = Mat_Open(path, MAT_ACC_RDONLY)))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: a damaged MATLAB 5 file", path);
    if (status != BRAM_OK) {
        bram_free(m->names);
        close_file(m);
        return status;
    }
    *count = m->count;
    *names = m->names;
    *state = m;
    return BRAM_OK;
}

static bool is_struct(const void *state, size_t i)
{
    enum { STRUCT_CLASS = 2 };
    return ((const struct mat5 *)state)->classes[i] == STRUCT_CLASS;
}

static int variable(bram_ctx *cx, bram_matlab_value *v, const char *name)
{
    struct mat5 *m = bram_matlab_state(v);
    size_t i = 0;
    while (i < m->count && strcmp(m->names[i], name) != 0) i++;
    if (strncmp(name, "(object ", 8) == 0) {
        v->variable = &object;
        return BRAM_OK;
    }
    if (i < m->count && !m->read[i]) m->read[i] = Mat_VarRead(m->file, name);
    if (i == m->count || !m->read[i])
        return bram_fail(cx, BRAM_EFORMAT, "%s: the variable cannot be read",
                         bram_matlab_place(v).text);
    v->variable = m->read[i];
    return BRAM_OK;
}

/* ---- describing ----------------------------------------------------------------------------- */

static const char *class_name(const matvar_t *m)
{
    switch (m->class_type) {
    case MAT_C_EMPTY: /* [] in a cell array */
    case MAT_C_DOUBLE:
        return m->isLogical ? "logical" : "double";
    case MAT_C_SINGLE:
        return "single";
    case MAT_C_INT8:
        return "int8";
    case MAT_C_UINT8:
        return m->isLogical ? "logical" : "uint8";
    case MAT_C_INT16:
        return "int16";
    case MAT_C_UINT16:
        return "uint16";
    case MAT_C_INT32:
        return "int32";
    case MAT_C_UINT32:
        return "uint32";
    case MAT_C_INT64:
        return "int64";
    case MAT_C_UINT64:
        return "uint64";
    case MAT_C_CHAR:
        return "char";
    case MAT_C_CELL:
        return "cell";
    case MAT_C_STRUCT:
        return "struct";
    case MAT_C_SPARSE:
        return "sparse";
    case MAT_C_OPAQUE:
        return "MATLAB table object";
    case MAT_C_OBJECT:
        return "object";
    case MAT_C_FUNCTION:
        return "function_handle";
    default:
        return "value of an unknown class";
    }
}

static bram_matlab_kind kind_of(const matvar_t *m)
{
    switch (m->class_type) {
    case MAT_C_CHAR:
        return BRAM_MATLAB_CHAR;
    case MAT_C_CELL:
        return BRAM_MATLAB_CELL;
    case MAT_C_STRUCT:
        return BRAM_MATLAB_STRUCT;
    case MAT_C_SPARSE:
        return BRAM_MATLAB_SPARSE;
    case MAT_C_EMPTY:
    case MAT_C_DOUBLE:
    case MAT_C_SINGLE:
    case MAT_C_INT8:
    case MAT_C_UINT8:
    case MAT_C_INT16:
    case MAT_C_UINT16:
    case MAT_C_INT32:
    case MAT_C_UINT32:
    case MAT_C_INT64:
    case MAT_C_UINT64:
        return BRAM_MATLAB_NUMERIC;
    default:
        return BRAM_MATLAB_OPAQUE;
    }
}

static int describe(bram_ctx *cx, bram_matlab_value *v)
{
    const matvar_t *m = v->variable;
    uint64_t dims[BRAM_MATLAB_RANK] = {0, 0};
    v->kind = BRAM_MATLAB_NUMERIC;
    snprintf(v->class_name, sizeof v->class_name, "%s", m ? class_name(m) : "double");
    if (!m) return bram_matlab_set_dims(cx, v, dims, 2); /* matio has no object for [] */
    v->complex = m->isComplex != 0;
    int rank = m->dims ? m->rank : 0;
    if (rank < 0 || rank > BRAM_MATLAB_RANK)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %d dimensions, expected %d or fewer",
                         bram_matlab_place(v).text, rank, BRAM_MATLAB_RANK);
    for (int i = 0; i < rank; i++) dims[i] = m->dims[i];
    BRAM_TRY(bram_matlab_set_dims(cx, v, dims, rank < 2 ? 2 : (size_t)rank));
    if (m->class_type == MAT_C_STRUCT) {
        size_t n = Mat_VarGetNumberOfFields((matvar_t *)(uintptr_t)v->variable);
        if (n) BRAM_TRY(pack_names(cx, &v->field_names, Mat_VarGetStructFieldnames(m), n));
        v->field_count = n;
    }
    v->kind = kind_of(m);
    return BRAM_OK;
}

static int child(bram_ctx *cx, bram_matlab_value *v, bram_matlab_value *parent, size_t field,
                 size_t element)
{
    const matvar_t *m = parent->variable;
    size_t fields = parent->kind == BRAM_MATLAB_CELL ? 1 : parent->field_count;
    size_t at = field + fields * element;
    if (!m->data || m->nbytes / sizeof(matvar_t *) <= at)
        return bram_fail(cx, BRAM_EFORMAT, "%s: its elements are missing",
                         bram_matlab_place(parent).text);
    v->variable = ((matvar_t *const *)m->data)[at];
    return BRAM_OK;
}

/* ---- values --------------------------------------------------------------------------------- */

#define CONVERT(type)                                                                              \
    for (size_t i = 0; i < n; i++) out[i] = (double)((const type *)data)[i];                       \
    return true

/* Elements of matio's class in memory as doubles; false for a class that holds no numbers. */
static bool to_doubles(double *out, enum matio_types type, const void *data, size_t n)
{
    switch (type) {
    case MAT_T_DOUBLE:
        CONVERT(double);
    case MAT_T_SINGLE:
        CONVERT(float);
    case MAT_T_INT8:
        CONVERT(int8_t);
    case MAT_T_UINT8:
        CONVERT(uint8_t);
    case MAT_T_INT16:
        CONVERT(int16_t);
    case MAT_T_UINT16:
        CONVERT(uint16_t);
    case MAT_T_INT32:
        CONVERT(int32_t);
    case MAT_T_UINT32:
        CONVERT(uint32_t);
    case MAT_T_INT64:
        CONVERT(int64_t);
    case MAT_T_UINT64:
        CONVERT(uint64_t);
    default:
        return false;
    }
}

static int numbers(bram_ctx *cx, double **out, bram_matlab_value *v)
{
    const matvar_t *m = v->variable;
    size_t size = Mat_SizeOf(m->data_type);
    bool there = m->data && size && m->nbytes / size >= v->count;
    double *values = there ? bram_alloc(cx, v->count, sizeof *values) : NULL;
    if (there && !values) return BRAM_ENOMEM;
    if (there && to_doubles(values, m->data_type, m->data, v->count)) {
        *out = values;
        return BRAM_OK;
    }
    bram_free(values);
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu bytes of numbers, expected %zu elements",
                     bram_matlab_place(v).text, m->nbytes, v->count);
}

/* UTF-8 as UTF-16 units; a byte that is no UTF-8 becomes U+FFFD. Room for n units. */
static size_t from_utf8(uint16_t *to, const unsigned char *b, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        unsigned more = b[i] < 0x80    ? 0
                        : b[i] >= 0xf0 ? 3
                        : b[i] >= 0xe0 ? 2
                        : b[i] >= 0xc0 ? 1
                                       : 4;
        uint32_t c = more == 0 ? b[i] : more == 4 ? 0xfffd : b[i] & (0x3fu >> more);
        size_t next = i + 1;
        for (unsigned k = 0; more < 4 && k < more; k++, next++) {
            if (next >= n || (b[next] & 0xc0) != 0x80) {
                c = 0xfffd;
                break;
            }
            c = c << 6 | (b[next] & 0x3f);
        }
        if (c > 0xffff && c < 0x110000) {
            to[used++] = (uint16_t)(0xd800 + ((c - 0x10000) >> 10));
            to[used++] = (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            to[used++] = (uint16_t)(c > 0xffff ? 0xfffd : c);
        }
        i = next;
    }
    return used;
}

static int units(bram_ctx *cx, uint16_t **out, size_t *count, bram_matlab_value *v)
{
    const matvar_t *m = v->variable;
    bool wide = m->data_type == MAT_T_UINT16 || m->data_type == MAT_T_UTF16;
    bool utf8 = m->data_type == MAT_T_UTF8;
    bool bytes = utf8 || m->data_type == MAT_T_UINT8 || m->data_type == MAT_T_INT8;
    size_t have = wide ? m->nbytes / 2 : m->nbytes;
    if (!m->data || (!wide && !bytes) || (!utf8 && have < v->count))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu bytes of text, expected %zu characters",
                         bram_matlab_place(v).text, m->nbytes, v->count);
    size_t n = utf8 ? have : v->count;
    uint16_t *found = bram_alloc(cx, n, sizeof *found);
    if (!found) return BRAM_ENOMEM;
    const unsigned char *narrow = m->data;
    if (utf8) n = from_utf8(found, narrow, n);
    else if (wide) memcpy(found, m->data, n * sizeof *found);
    else
        for (size_t i = 0; i < n; i++) found[i] = narrow[i];
    if (n != v->count && v->dims[0] != 1) {
        bram_free(found);
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu characters, expected %zu",
                         bram_matlab_place(v).text, n, v->count);
    }
    *out = found;
    *count = n;
    return BRAM_OK;
}

/* jc[c] .. jc[c + 1] are the entries of column c in ir (rows) and data. */
static bool join_entries(bram_matlab_entry *entries, const mat_sparse_t *s, const double *data,
                         size_t rows, size_t columns, size_t n)
{
    if (s->jc[0] != 0 || s->jc[columns] != n) return false;
    for (size_t c = 0; c < columns; c++) {
        if (s->jc[c + 1] < s->jc[c] || s->jc[c + 1] > n) return false;
        for (size_t i = s->jc[c]; i < s->jc[c + 1]; i++) {
            if (s->ir[i] >= rows) return false;
            entries[i] = (bram_matlab_entry){s->ir[i], c, data[i]};
        }
    }
    return true;
}

static int entries(bram_ctx *cx, bram_matlab_entry **out, size_t *count, bram_matlab_value *v)
{
    const matvar_t *m = v->variable;
    const mat_sparse_t *s = m->data;
    size_t columns = v->dims[1];
    size_t n = s && s->jc && s->njc == columns + 1 ? s->jc[columns] : SIZE_MAX;
    bool whole = n == 0 || (n != SIZE_MAX && s->ir && s->data && s->nir >= n && s->ndata >= n);
    double *data = whole ? bram_alloc(cx, n, sizeof *data) : NULL;
    bram_matlab_entry *found = data ? bram_alloc(cx, n, sizeof *found) : NULL;
    int status = BRAM_OK;
    if (!whole || (found && n && (!to_doubles(data, m->data_type, s->data, n))) ||
        (found && !join_entries(found, s, data, v->dims[0], columns, n)))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: a damaged sparse matrix",
                           bram_matlab_place(v).text);
    else if (!found) status = BRAM_ENOMEM;
    bram_free(data);
    if (status != BRAM_OK) {
        bram_free(found);
        return status;
    }
    *out = found;
    *count = n;
    return BRAM_OK;
}

const bram_matlab_reader bram_mat5_reader = {
    .version = 5,
    .open = open_file,
    .close = close_file,
    .variable = variable,
    .child = child,
    .is_struct = is_struct,
    .describe = describe,
    .numbers = numbers,
    .units = units,
    .entries = entries,
};
