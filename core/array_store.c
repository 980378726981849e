/*
 * array_store.c - arrays by name: MATLAB variables, HDF5 datasets, NumPy arrays, columns of
 * tables.
 */
#include "array_store.h"

#include "csvfile.h"
#include "gz.h"
#include "h5.h"
#include "json.h"
#include "matlab.h"
#include "npy.h"
#include "safetensors.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct bram_store {
    bram_store_kind kind;
    char *path;
    bram_matlab *matlab;
    bram_h5 *h5;
    bram_h5_entry *entry; /* of an HDF5 file: its datasets outside groups */
    size_t entries;
    bram_npz *npz;
    bram_safetensors *tensors;
    bram_csv *csv;
    size_t skip;          /* rows of a table before its numbers: 1 with headings */
    size_t *column;       /* of a table: the columns that are left */
    const char **heading; /* their headings */
    size_t columns;
};

void bram_store_close(bram_store *s)
{
    if (!s) return;
    bram_matlab_close(s->matlab);
    bram_h5_close(s->h5);
    bram_npz_close(s->npz);
    bram_safetensors_close(s->tensors);
    bram_csv_free(s->csv);
    bram_free(s->entry);
    bram_free(s->path);
    bram_free(s->column);
    bram_free(s->heading);
    bram_free(s);
}

bram_store_kind bram_store_kind_of(const bram_store *s)
{
    return s->kind;
}

const char *bram_store_words(const bram_store *s)
{
    static const char *const words[] = {
        "file",          "MATLAB file",   "HDF5 file",        "NumPy array",
        "NumPy archive", "table of text", ".safetensors file"};
    return words[s->kind];
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The kind by the first bytes. 7.3 files are told from other HDF5 by MATLAB's words at their start.
 */
static bram_store_kind kind_of(const char *path)
{
    char head[9] = {0};
    size_t size = bram_gz_peek(path, head, sizeof head); /* text and .npy may be gzip */
    if (size >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) return BRAM_STORE_NPY;
    if (size >= 6 && memcmp(head, "MATLAB", 6) == 0) return BRAM_STORE_MATLAB;
    if (size >= 4 && memcmp(head, "PK\3\4", 4) == 0) return BRAM_STORE_NPZ;
    if (size == 9 && !head[4] && !head[5] && !head[6] && !head[7] && head[8] == '{')
        return BRAM_STORE_SAFETENSORS; /* the length of a header, and the header */
    return bram_h5_probe(path) ? BRAM_STORE_HDF5 : BRAM_STORE_CSV;
}

/* The first row is headings when a cell of it is neither a number nor missing. */
static bool has_headings(const bram_csv *t)
{
    double value;
    for (size_t c = 0; c < bram_csv_cols(t); c++)
        if (!bram_number_parse(bram_csv_text(t, 0, c), BRAM_NUMBER_MISSING | BRAM_NUMBER_INFINITE,
                               &value))
            return true;
    return false;
}

static int open_table(bram_ctx *cx, bram_store *s)
{
    BRAM_TRY(bram_csv_read(cx, &s->csv, s->path, &(bram_csv_options){0}));
    s->skip = has_headings(s->csv);
    s->columns = bram_csv_cols(s->csv);
    s->column = bram_alloc(cx, s->columns, sizeof *s->column);
    s->heading = bram_alloc(cx, s->columns, sizeof *s->heading);
    if (!s->column || !s->heading) return BRAM_ENOMEM;
    for (size_t c = 0; c < s->columns; c++) {
        s->column[c] = c;
        s->heading[c] = bram_csv_text(s->csv, 0, c);
    }
    return BRAM_OK;
}

static int open_h5(bram_ctx *cx, bram_store *s)
{
    size_t count = 0;
    BRAM_TRY(bram_h5_open(cx, &s->h5, s->path));
    BRAM_TRY(bram_h5_list(cx, &s->entry, &count, bram_h5_root(s->h5), "/"));
    for (size_t i = 0; i < count; i++)
        if (s->entry[i].kind == BRAM_H5_DATASET) s->entry[s->entries++] = s->entry[i];
    return BRAM_OK;
}

int bram_store_open(bram_ctx *cx, bram_store **out, const char *path)
{
    bram_store *s = bram_alloc(cx, 1, sizeof *s);
    if (!s) return BRAM_ENOMEM;
    s->kind = kind_of(path);
    s->path = bram_strdup(cx, path);
    int status = s->path ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) switch (s->kind) {
        case BRAM_STORE_MATLAB:
            status = bram_matlab_open(cx, &s->matlab, path);
            break;
        case BRAM_STORE_HDF5:
            status = open_h5(cx, s);
            break;
        case BRAM_STORE_NPZ:
            status = bram_npz_open(cx, &s->npz, path);
            break;
        case BRAM_STORE_CSV:
            status = open_table(cx, s);
            break;
        case BRAM_STORE_SAFETENSORS:
            status = bram_safetensors_open(cx, &s->tensors, path);
            break;
        case BRAM_STORE_NPY:
        case BRAM_STORE_UNKNOWN:
            break;
        }
    if (status == BRAM_OK) *out = s;
    else bram_store_close(s);
    return status;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static int matlab_numbers(bram_ctx *cx, bram_store_array *out, bram_store *s, const char *name)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, s->matlab, name));
    if (bram_matlab_rank(v) != 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %u dimensions, expected a matrix", s->path,
                         name, bram_matlab_rank(v));
    double *values;
    BRAM_TRY(bram_matlab_row_major(cx, &values, v));
    *out = (bram_store_array){bram_matlab_dims(v)[0], bram_matlab_dims(v)[1], values};
    return BRAM_OK;
}

static int h5_numbers(bram_ctx *cx, bram_store_array *out, bram_store *s, const char *name)
{
    bram_h5_info info;
    double *values;
    BRAM_TRY(bram_h5_info_of(cx, &info, bram_h5_root(s->h5), name));
    if (info.rank < 1 || info.rank > 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %u dimensions, expected one or two", s->path,
                         name, info.rank);
    BRAM_TRY(bram_h5_read_double(cx, &values, NULL, bram_h5_root(s->h5), name, 0));
    *out = (bram_store_array){(size_t)info.dims[0], info.rank == 2 ? (size_t)info.dims[1] : 1,
                              values};
    return BRAM_OK;
}

static int npy_numbers(bram_ctx *cx, bram_store_array *out, const bram_npy *a, const char *path)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (info->dims < 1 || info->dims > 2 || !bram_npy_is_numeric(a))
        return bram_fail(cx, BRAM_EFORMAT, "%s is %s, expected one or two dimensions of numbers",
                         path, bram_npy_summary(a));
    double *values = bram_alloc(cx, info->count, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    int status = bram_npy_read(cx, a, values);
    if (status != BRAM_OK) bram_free(values);
    else *out = (bram_store_array){info->shape[0], info->dims == 2 ? info->shape[1] : 1, values};
    return status;
}

static int open_tensor(bram_ctx *cx, bram_npy **out, const bram_store *s, const char *name)
{
    for (size_t i = 0; i < bram_safetensors_count(s->tensors); i++)
        if (strcmp(bram_safetensors_name(s->tensors, i), name) == 0)
            return bram_safetensors_array(cx, s->tensors, i, out);
    return bram_fail(cx, BRAM_EABSENT, "%s has no tensor \"%s\"", s->path, name);
}

/* Whether the name of an array of a .npy is the path of another one. */
static bool is_npy_path(const char *name)
{
    size_t n = strlen(name);
    return !name[0] || strchr(name, '/') || (n > 4 && strcmp(name + n - 4, ".npy") == 0);
}

/* Beside STEM.npy, STEM.NAME.npy or STEM.NAME.txt; on the heap. */
static int find_beside(bram_ctx *cx, char **out, bool *lines, const bram_store *s, const char *name)
{
    const char *slash = strrchr(s->path, '/'), *dot = strrchr(slash ? slash : s->path, '.');
    int stem = dot ? (int)(dot - s->path) : (int)strlen(s->path);
    for (int k = 0; k < 2; k++) {
        char *path = bram_strf(cx, "%.*s.%s%s", stem, s->path, name, k ? ".txt" : ".npy");
        if (!path) return BRAM_ENOMEM;
        if (access(path, F_OK) == 0) {
            *out = path, *lines = k == 1;
            return BRAM_OK;
        }
        bram_free(path);
    }
    return bram_fail(cx, BRAM_EABSENT, "%.*s.%s.npy is not there, nor with .txt", stem, s->path,
                     name);
}

/* An array that lies beside a .npy, as a store of its own. */
static int open_beside(bram_ctx *cx, bram_store **out, const bram_store *s, const char *name)
{
    char *path = NULL;
    bool lines;
    BRAM_TRY(find_beside(cx, &path, &lines, s, name));
    int status = bram_store_open(cx, out, path);
    bram_free(path);
    return status;
}

/* The array of a .npz, or a .npy: the store's own for "", another file's for a path. */
static int open_npy(bram_ctx *cx, bram_npy **out, bram_store *s, const char *name)
{
    if (s->kind == BRAM_STORE_SAFETENSORS) return open_tensor(cx, out, s, name);
    return s->kind == BRAM_STORE_NPZ ? bram_npz_array(cx, s->npz, name, out)
                                     : bram_npy_open(cx, out, name[0] ? name : s->path);
}

static int table_numbers(bram_ctx *cx, bram_store_array *out, bram_store *s, const char *name)
{
    size_t rows = bram_csv_rows(s->csv) - s->skip, cols = name[0] ? 1 : s->columns, col = 0;
    while (name[0] && col < bram_csv_cols(s->csv) &&
           !(s->skip && strcmp(bram_csv_text(s->csv, 0, col), name) == 0))
        col++;
    if (col == bram_csv_cols(s->csv))
        return bram_fail(cx, BRAM_EABSENT, "%s has no column \"%s\"%s", s->path, name,
                         s->skip ? "" : ": its first row is no headings");
    double *values = bram_alloc(cx, rows * cols, sizeof *values);
    int status = values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t r = 0; status == BRAM_OK && r < rows; r++)
        for (size_t c = 0; status == BRAM_OK && c < cols; c++)
            status = bram_csv_number(cx, s->csv, r + s->skip, name[0] ? col : s->column[c],
                                     BRAM_NUMBER_MISSING | BRAM_NUMBER_INFINITE,
                                     &values[r * cols + c]);
    if (status == BRAM_OK) *out = (bram_store_array){rows, cols, values};
    else bram_free(values);
    return status;
}

size_t bram_store_arrays(const bram_store *s)
{
    return s->kind == BRAM_STORE_NPZ           ? bram_npz_count(s->npz)
           : s->kind == BRAM_STORE_MATLAB      ? bram_matlab_variables(s->matlab)
           : s->kind == BRAM_STORE_SAFETENSORS ? bram_safetensors_count(s->tensors)
                                               : s->entries;
}

const char *bram_store_array_name(const bram_store *s, size_t i)
{
    return s->kind == BRAM_STORE_NPZ           ? bram_npz_name(s->npz, i)
           : s->kind == BRAM_STORE_MATLAB      ? bram_matlab_variable_at(s->matlab, i)
           : s->kind == BRAM_STORE_SAFETENSORS ? bram_safetensors_name(s->tensors, i)
                                               : s->entry[i].name;
}

/* The name of the only matrix of a file with named arrays; BRAM_EUSAGE when there are several. */
static int only_matrix(bram_ctx *cx, const char **name, bram_store *s)
{
    char names[400] = "";
    size_t count = bram_store_arrays(s), objects = 0;
    for (size_t i = 0; i < count; i++) {
        const char *at = bram_store_array_name(s, i);
        objects += strncmp(at, "(object ", 8) == 0; /* matlab.h */
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? " " : "", at);
        *name = at;
    }
    if (objects && objects == count)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s holds MATLAB objects (a table) only, which nothing but MATLAB reads; "
                         "write them as text there: writetable(T, 'table.csv')",
                         s->path);
    return count == 1
               ? BRAM_OK
               : bram_fail(cx, BRAM_EUSAGE, "%s holds %zu arrays: name one by variable=, of: %s",
                           s->path, count, names);
}

int bram_store_numbers(bram_ctx *cx, bram_store_array *out, bram_store *s, const char *name)
{
    if (!name[0] && (s->kind == BRAM_STORE_MATLAB || s->kind == BRAM_STORE_NPZ ||
                     s->kind == BRAM_STORE_SAFETENSORS))
        BRAM_TRY(only_matrix(cx, &name, s));
    if (s->kind == BRAM_STORE_NPY && !is_npy_path(name)) {
        bram_store *beside = NULL;
        BRAM_TRY(open_beside(cx, &beside, s, name));
        int status = bram_store_numbers(cx, out, beside, "");
        bram_store_close(beside);
        return status;
    }
    switch (s->kind) {
    case BRAM_STORE_MATLAB:
        return matlab_numbers(cx, out, s, name);
    case BRAM_STORE_HDF5:
        if (name[0]) return h5_numbers(cx, out, s, name);
        return bram_fail(cx, BRAM_EUSAGE, "%s: name a dataset by variable=GROUP/NAME", s->path);
    case BRAM_STORE_CSV:
        return table_numbers(cx, out, s, name);
    default:
        break;
    }
    bram_npy *a = NULL;
    BRAM_TRY(open_npy(cx, &a, s, name));
    int status = npy_numbers(cx, out, a, name[0] ? name : s->path);
    bram_npy_close(a);
    return status;
}

/* ---- texts ---------------------------------------------------------------------------------- */

static int table_texts(bram_ctx *cx, char ***out, size_t *count, const bram_store *s,
                       const char *name)
{
    size_t col = 0, rows = bram_csv_rows(s->csv) - s->skip, bytes = 0;
    BRAM_TRY(s->skip ? BRAM_OK : bram_fail(cx, BRAM_EABSENT, "%s has no headings", s->path));
    while (col < bram_csv_cols(s->csv) && strcmp(bram_csv_text(s->csv, 0, col), name) != 0) col++;
    if (col == bram_csv_cols(s->csv))
        return bram_fail(cx, BRAM_EABSENT, "%s has no column \"%s\"", s->path, name);
    for (size_t r = 0; r < rows; r++) bytes += strlen(bram_csv_text(s->csv, r + 1, col)) + 1;
    char **list = bram_alloc(cx, rows * sizeof *list + bytes, 1);
    if (!list) return BRAM_ENOMEM;
    char *at = (char *)(list + rows);
    for (size_t r = 0; r < rows; r++) {
        list[r] = strcpy(at, bram_csv_text(s->csv, r + 1, col));
        at += strlen(at) + 1;
    }
    *out = list;
    *count = rows;
    return BRAM_OK;
}

/* A JSON list of texts in the metadata of a .safetensors file. */
static int metadata_texts(bram_ctx *cx, char ***out, size_t *count, const bram_store *s,
                          const char *name)
{
    const char *word = bram_safetensors_word(s->tensors, name);
    bram_json *list = NULL;
    if (!word) return bram_fail(cx, BRAM_EABSENT, "%s: its metadata have no \"%s\"", s->path, name);
    BRAM_TRY(bram_json_parse(cx, &list, word, strlen(word), name));
    size_t n = bram_json_count(list), bytes = 0;
    int status = BRAM_OK;
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        const char *text = bram_json_text(bram_json_at(list, i));
        if (text) bytes += strlen(text) + 1;
        else
            status = bram_fail(cx, BRAM_EFORMAT, "%s: metadata \"%s\", item %zu: expected a text",
                               s->path, name, i + 1);
    }
    char **texts = status == BRAM_OK ? bram_alloc(cx, n * sizeof *texts + bytes + 1, 1) : NULL;
    if (status == BRAM_OK && !texts) status = BRAM_ENOMEM;
    char *at = status == BRAM_OK ? (char *)(texts + n) : NULL;
    for (size_t i = 0; i < n && at; i++) {
        texts[i] = strcpy(at, bram_json_text(bram_json_at(list, i)));
        at += strlen(at) + 1;
    }
    bram_json_free(list);
    if (status == BRAM_OK) *out = texts, *count = n;
    return status;
}

/* A text a line; empty lines are none. */
static int line_texts(bram_ctx *cx, char ***out, size_t *count, const char *path)
{
    unsigned char *bytes = NULL;
    size_t size, lines = 1, n = 0;
    BRAM_TRY(bram_file_read(cx, &bytes, &size, path, (size_t)1 << 30));
    for (size_t i = 0; i < size; i++) lines += bytes[i] == '\n';
    char **list = bram_alloc(cx, lines * sizeof *list + size + 1, 1);
    if (list) {
        char *at = memcpy(list + lines, bytes, size);
        while (*at) {
            size_t length = strcspn(at, "\r\n");
            bool more = at[length] != 0;
            at[length] = 0;
            if (length) list[n++] = at;
            at += length + more;
        }
        *out = list, *count = n;
    }
    bram_free(bytes);
    return list ? BRAM_OK : BRAM_ENOMEM;
}

static int beside_texts(bram_ctx *cx, char ***out, size_t *count, const bram_store *s,
                        const char *name)
{
    char *path = NULL;
    bool lines;
    bram_npy *a = NULL;
    BRAM_TRY(find_beside(cx, &path, &lines, s, name));
    int status = lines ? line_texts(cx, out, count, path) : bram_npy_open(cx, &a, path);
    if (status == BRAM_OK && a) {
        status = bram_npy_read_texts(cx, a, out);
        if (status == BRAM_OK) *count = bram_npy_describe(a)->count;
    }
    bram_npy_close(a);
    bram_free(path);
    return status;
}

int bram_store_texts(bram_ctx *cx, char ***out, size_t *count, bram_store *s, const char *name)
{
    bram_matlab_value *v;
    bram_npy *a = NULL;
    if (s->kind == BRAM_STORE_NPY && !is_npy_path(name))
        return beside_texts(cx, out, count, s, name);
    switch (s->kind) {
    case BRAM_STORE_MATLAB:
        BRAM_TRY(bram_matlab_variable(cx, &v, s->matlab, name));
        return bram_matlab_strings(cx, out, count, v);
    case BRAM_STORE_HDF5:
        return bram_h5_read_strings(cx, out, count, bram_h5_root(s->h5), name);
    case BRAM_STORE_CSV:
        return table_texts(cx, out, count, s, name);
    case BRAM_STORE_SAFETENSORS:
        return metadata_texts(cx, out, count, s, name);
    default:
        break;
    }
    BRAM_TRY(open_npy(cx, &a, s, name));
    int status = bram_npy_read_texts(cx, a, out);
    if (status == BRAM_OK) *count = bram_npy_describe(a)->count;
    bram_npy_close(a);
    return status;
}

int bram_store_set_aside(bram_ctx *cx, bram_store *s, const char *column)
{
    if (s->kind != BRAM_STORE_CSV) return BRAM_OK;
    for (size_t c = 0; s->skip && c < s->columns; c++) {
        if (strcmp(s->heading[c], column) != 0) continue;
        size_t rest = s->columns - c - 1;
        memmove(s->column + c, s->column + c + 1, rest * sizeof *s->column);
        memmove(s->heading + c, s->heading + c + 1, rest * sizeof *s->heading);
        s->columns--;
        return BRAM_OK;
    }
    return bram_fail(cx, BRAM_EABSENT, "%s has no column \"%s\"", s->path, column);
}

const char *const *bram_store_headings(const bram_store *s, size_t *count)
{
    *count = s->kind == BRAM_STORE_CSV && s->skip ? s->columns : 0;
    return s->heading;
}
