/*
 * layer_files.c - layers of .npy, .npz, .safetensors, .csv, .mat, .h5 and .nc files.
 *
 * An HDF5 file may have any form: each dataset of numbers with two axes or more is a layer, named
 * by its path with points for slashes ("data", "block1.conv"). Its ids are those of a dataset with
 * one axis in its group or in the root that is called ids, id, stimulus_id, image_id or stimulus
 * and is as long; so netCDF-4 files of xarray and BrainIO are read as they are.
 */
#include "layer.h"

#include "csvfile.h"
#include "json.h"
#include "matlab.h"
#include "safetensors.h"

#include <string.h>

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

bool bram_layers_is_file(const char *name)
{
    static const char *const endings[] = {".npy", ".npz", ".csv", ".safetensors",
                                          ".mat", ".h5",  ".nc",  ".hdf5"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends(name, endings[i])) return !bram_layers_is_ids(name);
    return false;
}

/* A new layer at the end of the list; filled in by the caller. NULL without memory. */
static bram_layer *new_layer(bram_ctx *cx, bram_layers *l, const char *name, const char *path)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 16;
        bram_layer *grown = bram_realloc(cx, l->layer, room, sizeof *grown);
        if (!grown) return NULL;
        l->layer = grown;
        l->room = room;
    }
    bram_layer *one = &l->layer[l->count++];
    memset(one, 0, sizeof *one);
    one->name = bram_strdup(cx, name);
    one->path = bram_strdup(cx, path);
    return one->name && one->path ? one : NULL;
}

/* What an array of three or four axes is a map of. */
static void set_map(bram_layer *one, size_t dims, const size_t *length)
{
    one->dims = dims == 3 || dims == 4 ? dims : 0;
    memcpy(one->length, length, one->dims * sizeof *length);
}

/* The name of a file without folder and ending; heap memory. */
static char *stem(bram_ctx *cx, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    return bram_strf(cx, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
}

/* ---- NumPy ---------------------------------------------------------------------------------- */

/* Takes the array over, also on failure. */
static int add_array(bram_ctx *cx, bram_layers *l, const char *name, bram_npy *a,
                     const bram_row_ids *ids, const char *path)
{
    const bram_npy_info *info = bram_npy_describe(a);
    bram_layer *one = new_layer(cx, l, name, path);
    if (!one) {
        bram_npy_close(a);
        return BRAM_ENOMEM;
    }
    one->npy = a;
    if (!bram_npy_is_numeric(a) || info->dims < 2 || !info->count)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s is %s, expected numbers, stimulus x feature",
                         path, name, bram_npy_summary(a));
    one->rows = info->shape[0];
    one->cols = info->count / info->shape[0];
    set_map(one, (size_t)info->dims, info->shape);
    return bram_row_ids_axis(cx, &one->id, ids, one->rows, path);
}

static int add_npy(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_row_ids ids = {0};
    bram_npy *a = NULL;
    char *name = stem(cx, path);
    int status = name ? bram_npy_open(cx, &a, path) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_row_ids_beside(cx, &ids, path);
    if (status == BRAM_OK) status = add_array(cx, l, name, a, &ids, path);
    else bram_npy_close(a);
    bram_row_ids_release(&ids);
    bram_free(name);
    return status;
}

/* The ids in a .npz, else those beside it. */
static int npz_ids(bram_ctx *cx, bram_row_ids *ids, const bram_npz *z, const char *path)
{
    for (size_t i = 0; i < bram_npz_count(z); i++) {
        bram_npy *a = NULL;
        if (!bram_row_ids_are_named(bram_npz_name(z, i))) continue;
        BRAM_TRY(bram_npz_array(cx, z, bram_npz_name(z, i), &a));
        int status = bram_row_ids_from_npy(cx, ids, a);
        bram_npy_close(a);
        return status;
    }
    return bram_row_ids_beside(cx, ids, path);
}

static int add_npz(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_row_ids ids = {0};
    bram_npz *z = NULL;
    BRAM_TRY(bram_npz_open(cx, &z, path));
    int status = npz_ids(cx, &ids, z, path);
    for (size_t i = 0; i < bram_npz_count(z) && status == BRAM_OK; i++) {
        bram_npy *a = NULL;
        const char *name = bram_npz_name(z, i);
        if (bram_row_ids_are_named(name)) continue;
        status = bram_npz_array(cx, z, name, &a);
        if (status == BRAM_OK) status = add_array(cx, l, name, a, &ids, path);
    }
    bram_npz_close(z);
    bram_row_ids_release(&ids);
    return status;
}

/* ---- .safetensors --------------------------------------------------------------------------- */

/* A JSON list of texts under "ids" in the metadata, else those beside the file. */
static int tensor_ids(bram_ctx *cx, bram_row_ids *ids, bram_json **list, const bram_safetensors *s,
                      const char *path)
{
    const char *word = bram_safetensors_word(s, "ids");
    if (!word) return bram_row_ids_beside(cx, ids, path);
    BRAM_TRY(bram_json_parse(cx, list, word, strlen(word), "metadata \"ids\""));
    size_t n = bram_json_count(*list);
    ids->text = bram_alloc(cx, n, sizeof *ids->text);
    if (!ids->text) return BRAM_ENOMEM;
    for (; ids->count < n; ids->count++) {
        const char *text = bram_json_text(bram_json_at(*list, ids->count));
        if (!text)
            return bram_fail(cx, BRAM_EFORMAT, "%s: metadata \"ids\": item %zu is no text", path,
                             ids->count + 1);
        ids->text[ids->count] = (char *)(uintptr_t)text; /* of the list, which outlives the ids */
    }
    return BRAM_OK;
}

static int add_tensors(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_row_ids ids = {0};
    bram_json *list = NULL;
    bram_safetensors *s = NULL;
    BRAM_TRY(bram_safetensors_open(cx, &s, path));
    int status = tensor_ids(cx, &ids, &list, s, path);
    for (size_t i = 0; i < bram_safetensors_count(s) && status == BRAM_OK; i++) {
        bram_npy *a = NULL;
        status = bram_safetensors_array(cx, s, i, &a);
        if (status == BRAM_OK)
            status = add_array(cx, l, bram_safetensors_name(s, i), a, &ids, path);
    }
    bram_row_ids_release(&ids);
    bram_json_free(list);
    bram_safetensors_close(s);
    return status;
}

/* ---- tables --------------------------------------------------------------------------------- */

static int fill_from_csv(bram_ctx *cx, bram_layers *l, const char *name, const bram_csv *t,
                         const char *path)
{
    size_t rows = bram_csv_rows(t), cols = bram_csv_cols(t);
    if (!rows || cols < 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%zu rows and %zu columns, expected ids in the first column and numbers "
                         "in others",
                         rows, cols);
    bram_layer *one = new_layer(cx, l, name, path);
    char **id = one ? bram_scratch(cx, rows, sizeof *id) : NULL;
    if (one) one->values = bram_alloc(cx, rows, (cols - 1) * sizeof(double));
    if (!id || !one->values) return BRAM_ENOMEM;
    one->rows = rows;
    one->cols = cols - 1;
    for (size_t i = 0; i < rows; i++) {
        id[i] = (char *)(uintptr_t)bram_csv_text(t, i, 0);
        for (size_t k = 1; k < cols; k++)
            BRAM_TRY(bram_csv_number(cx, t, i, k, 0, &one->values[i * one->cols + k - 1]));
    }
    return bram_row_ids_axis(cx, &one->id, &(bram_row_ids){id, rows, NULL}, rows, path);
}

static int add_csv(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_csv *t = NULL;
    size_t mark = bram_scratch_mark(cx);
    char *name = stem(cx, path);
    int status = name ? bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true})
                      : BRAM_ENOMEM;
    if (status == BRAM_OK) status = fill_from_csv(cx, l, name, t, path);
    bram_csv_free(t);
    bram_free(name);
    bram_scratch_release(cx, mark);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

/* ---- MATLAB --------------------------------------------------------------------------------- */

static int matlab_ids(bram_ctx *cx, bram_row_ids *ids, bram_matlab *file, const char *path)
{
    for (size_t i = 0; i < bram_matlab_variables(file); i++) {
        const char *name = bram_matlab_variable_at(file, i);
        bram_matlab_value *v;
        double *number = NULL;
        if (!bram_row_ids_are_named(name)) continue;
        BRAM_TRY(bram_matlab_variable(cx, &v, file, name));
        if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC)
            return bram_matlab_strings(cx, &ids->text, &ids->count, v);
        BRAM_TRY(bram_matlab_numbers(cx, &number, v));
        int status = bram_row_ids_from_numbers(cx, ids, number, bram_matlab_count(v));
        bram_free(number);
        return status;
    }
    return bram_row_ids_beside(cx, ids, path);
}

static int add_variable(bram_ctx *cx, bram_layers *l, const char *name, bram_matlab_value *v,
                        const bram_row_ids *ids, const char *path)
{
    bram_layer *one = new_layer(cx, l, name, path);
    if (!one) return BRAM_ENOMEM;
    one->rows = bram_matlab_dims(v)[0];
    one->cols = one->rows ? bram_matlab_count(v) / one->rows : 0;
    set_map(one, bram_matlab_rank(v), bram_matlab_dims(v));
    if (!one->cols)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s is empty, expected stimulus x feature", path,
                         name);
    BRAM_TRY(bram_matlab_row_major(cx, &one->values, v));
    return bram_row_ids_axis(cx, &one->id, ids, one->rows, path);
}

static int add_matlab(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_row_ids ids = {0};
    bram_matlab *file = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = matlab_ids(cx, &ids, file, path);
    for (size_t i = 0; i < bram_matlab_variables(file) && status == BRAM_OK; i++) {
        const char *name = bram_matlab_variable_at(file, i);
        bram_matlab_value *v;
        if (bram_row_ids_are_named(name)) continue;
        status = bram_matlab_variable(cx, &v, file, name);
        if (status == BRAM_OK && bram_matlab_kind_of(v) == BRAM_MATLAB_NUMERIC)
            status = add_variable(cx, l, name, v, &ids, path);
    }
    bram_matlab_close(file);
    bram_row_ids_release(&ids);
    return status;
}

/* ---- HDF5 ----------------------------------------------------------------------------------- */

enum { MOST_DEPTH = 8 };

struct walk {
    bram_layers *list;
    bram_h5 *file;
    const char *path;  /* of the file */
    bram_row_ids root; /* of the root, for groups without ids */
};

static int read_h5_ids(bram_ctx *cx, bram_row_ids *ids, const bram_h5_object *root,
                       const char *object, const bram_h5_info *info)
{
    if (info->type == BRAM_H5_STRING || info->type == BRAM_H5_VARIABLE_STRING)
        return bram_h5_read_strings(cx, &ids->text, &ids->count, root, object);
    double *number = NULL;
    size_t count;
    BRAM_TRY(bram_h5_read_double(cx, &number, &count, root, object, 0));
    int status = bram_row_ids_from_numbers(cx, ids, number, count);
    bram_free(number);
    return status;
}

/* The ids that stand in a group; none is no failure. */
static int group_ids(bram_ctx *cx, const struct walk *w, bram_row_ids *ids, const char *group,
                     const bram_h5_entry *entry, size_t entries)
{
    for (size_t i = 0; i < entries && !ids->count; i++) {
        bram_h5_info info;
        if (entry[i].kind != BRAM_H5_DATASET || !bram_row_ids_are_named(entry[i].name)) continue;
        char *object = bram_strf(cx, "%s/%s", group, entry[i].name);
        if (!object) return BRAM_ENOMEM;
        int status = bram_h5_info_of(cx, &info, bram_h5_root(w->file), object);
        if (status == BRAM_OK && info.rank == 1 && info.elements)
            status = read_h5_ids(cx, ids, bram_h5_root(w->file), object, &info);
        bram_free(object);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* "block1.conv" of "/block1/conv". */
static char *layer_name(bram_ctx *cx, const char *object)
{
    char *name = bram_strdup(cx, object + (*object == '/'));
    for (char *at = name; at && *at; at++)
        if (*at == '/') *at = '.';
    return name;
}

static int add_dataset(bram_ctx *cx, const struct walk *w, const char *object,
                       const bram_row_ids *ids)
{
    bram_h5_info info;
    size_t length[BRAM_MAX_DIMS] = {0};
    BRAM_TRY(bram_h5_info_of(cx, &info, bram_h5_root(w->file), object));
    if (info.rank < 2 || !info.elements || info.type > BRAM_H5_FLOAT) return BRAM_OK;
    char *name = layer_name(cx, object);
    bram_layer *one = name ? new_layer(cx, w->list, name, w->path) : NULL;
    bram_free(name);
    if (!one) return BRAM_ENOMEM;
    one->shape = info;
    one->h5 = w->file;
    one->object = bram_strdup(cx, object);
    one->rows = (size_t)info.dims[0];
    one->cols = (size_t)(info.elements / info.dims[0]);
    for (size_t d = 0; d < BRAM_MAX_DIMS && d < (size_t)info.rank; d++)
        length[d] = (size_t)info.dims[d];
    set_map(one, (size_t)info.rank, length);
    return one->object ? bram_row_ids_axis(cx, &one->id, ids, one->rows, w->path) : BRAM_ENOMEM;
}

static int walk_group(bram_ctx *cx, struct walk *w, const char *group, int depth)
{
    bram_h5_entry *entry = NULL;
    size_t entries = 0;
    bram_row_ids ids = {0};
    if (depth > MOST_DEPTH)
        return bram_fail(cx, BRAM_EFORMAT, "%s: groups nested deeper than %d", w->path, MOST_DEPTH);
    BRAM_TRY(bram_h5_list(cx, &entry, &entries, bram_h5_root(w->file), *group ? group : "/"));
    int status = group_ids(cx, w, &ids, group, entry, entries);
    if (status == BRAM_OK && !depth) {
        if (!ids.count) status = bram_row_ids_beside(cx, &ids, w->path);
        w->root = ids;
    }
    for (size_t i = 0; i < entries && status == BRAM_OK; i++) {
        char *object = bram_strf(cx, "%s/%s", group, entry[i].name);
        if (!object) status = BRAM_ENOMEM;
        else if (entry[i].kind == BRAM_H5_GROUP) status = walk_group(cx, w, object, depth + 1);
        else if (entry[i].kind == BRAM_H5_DATASET)
            status = add_dataset(cx, w, object, ids.count ? &ids : &w->root);
        bram_free(object);
    }
    bram_row_ids_release(&ids);
    bram_free(entry);
    return status;
}

static int add_h5(bram_ctx *cx, bram_layers *l, const char *path)
{
    bram_h5 **grown = bram_realloc(cx, l->file, l->files + 1, sizeof(bram_h5 *));
    if (!grown) return BRAM_ENOMEM;
    l->file = grown;
    struct walk w = {.list = l, .path = path};
    BRAM_TRY(bram_h5_open(cx, &w.file, path));
    l->file[l->files++] = w.file;
    return walk_group(cx, &w, "", 0);
}

/* ---- any ------------------------------------------------------------------------------------ */

int bram_layers_add(bram_ctx *cx, bram_layers *l, const char *path)
{
    size_t before = l->count;
    int status;
    if (ends(path, ".npy")) status = add_npy(cx, l, path);
    else if (ends(path, ".npz")) status = add_npz(cx, l, path);
    else if (ends(path, ".safetensors")) status = add_tensors(cx, l, path);
    else if (ends(path, ".csv")) status = add_csv(cx, l, path);
    else if (ends(path, ".mat")) status = add_matlab(cx, l, path);
    else if (ends(path, ".h5") || ends(path, ".hdf5") || ends(path, ".nc"))
        status = add_h5(cx, l, path);
    else
        status = bram_fail(cx, BRAM_EUSAGE,
                           "%s: expected a folder or .npy, .npz, .safetensors, .csv, .mat, .h5, "
                           ".nc",
                           path);
    if (status == BRAM_OK && l->count == before)
        return bram_fail(cx, BRAM_EFORMAT, "%s: holds no array of stimulus x feature", path);
    return status;
}
