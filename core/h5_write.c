/*
 * h5_write.c - writing HDF5 files that are also netCDF-4 files.
 *
 * Dimension scales are written as the "HDF5 Dimension Scale Specification" lays down (attributes
 * CLASS, NAME, REFERENCE_LIST and DIMENSION_LIST), without the high-level library. The file format
 * is that of HDF5 1.8, which every reader knows and whose metadata carry checksums.
 */
#include "h5_write.h"

#include "file.h"
#include "h5_private.h"
#include "h5_sink.h"
#include "names.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ELEMENTS = 1 << 16, CHUNKED_FROM_BYTES = 1 << 14, DEFLATE_LEVEL = 4 };

/* Dimension `dim` of a dataset has the scale. */
struct use {
    char *scale, *dataset;
    int dim;
};

struct bram_h5w {
    bram_outfile *out;
    char *path;
    bram_h5_sink sink;
    hid_t driver, file, text;
    struct use *uses;
    size_t count, room;
};

/* The message of whatever went wrong: a failed write first, else what HDF5 says. */
static int failed(bram_ctx *cx, const bram_h5w *w, const char *path, const char *what)
{
    if (w->sink.error == ENOMEM)
        return bram_fail(cx, BRAM_ENOMEM, "%s: no memory to write", w->path);
    if (w->sink.error)
        return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: %s", w->path, strerror(w->sink.error));
    return bram_fail(cx, BRAM_EINTERNAL, "%s: %s: HDF5 cannot write the %s", w->path, path, what);
}

/* BRAM_OK when HDF5 is content and no write has failed so far. */
int bram_h5w_settle(bram_ctx *cx, const bram_h5w *w, bool good, const char *path, const char *what)
{
    return good && !w->sink.error ? BRAM_OK : failed(cx, w, path, what);
}

hid_t bram_h5w_file(const bram_h5w *w)
{
    return w->file;
}

static hid_t text_type(void)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 &&
        (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

static hid_t create_file(bram_h5w *w)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), create = H5Pcreate(H5P_FILE_CREATE), file = -1;
    if (access >= 0 && create >= 0 &&
        H5Pset_libver_bounds(access, H5F_LIBVER_V18, H5F_LIBVER_V18) >= 0 &&
        bram_h5_take_little(access) && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
        H5Pset_obj_track_times(create, false) >= 0 &&
        (w->driver = bram_h5_sink_use(access, &w->sink)) >= 0)
        file = H5Fcreate(bram_outfile_temporary(w->out), H5F_ACC_TRUNC, create, access);
    if (access >= 0) H5Pclose(access);
    if (create >= 0) H5Pclose(create);
    return file;
}

int bram_h5w_open(bram_ctx *cx, bram_h5w **out, const char *path, bool replace)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* HDF5 keeps this for each thread apart */
    bram_h5w *w = bram_alloc(cx, 1, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    w->driver = w->file = w->text = -1;
    w->path = bram_strdup(cx, path);
    int status = w->path ? bram_outfile_open(cx, &w->out, path, replace) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        w->text = text_type();
        w->file = create_file(w);
        status = bram_h5w_settle(cx, w, w->text >= 0 && w->file >= 0, "/", "file");
    }
    if (status == BRAM_OK) *out = w;
    else bram_h5w_abort(w);
    return status;
}

/* Closes everything of HDF5's; the file on disk is complete then, or w->sink.error is set. */
static bool close_ids(bram_h5w *w)
{
    bool good = true;
    if (w->text >= 0) H5Tclose(w->text);
    if (w->file >= 0) good = H5Fclose(w->file) >= 0;
    if (w->driver >= 0) H5FDunregister(w->driver);
    w->text = w->file = w->driver = -1;
    return good;
}

static void free_writer(bram_h5w *w)
{
    for (size_t i = 0; i < w->count; i++) {
        bram_free(w->uses[i].scale);
        bram_free(w->uses[i].dataset);
    }
    bram_free(w->uses);
    bram_free(w->path);
    bram_free(w);
}

void bram_h5w_abort(bram_h5w *w)
{
    if (!w) return;
    close_ids(w);
    bram_outfile_abort(w->out);
    free_writer(w);
}

/* ---- groups and datasets -------------------------------------------------------------------- */

/* The group above must exist; HDF5 would otherwise give its own, less clear, failure. */
static int check_free(bram_ctx *cx, const bram_h5w *w, const char *path)
{
    htri_t taken = H5Lexists(w->file, path, H5P_DEFAULT);
    if (taken == 0) return BRAM_OK;
    if (taken < 0) return failed(cx, w, path, "link");
    return bram_fail(cx, BRAM_EUSAGE, "%s: %s: the name is taken; give one of the two another name",
                     w->path, path);
}

int bram_h5w_group(bram_ctx *cx, bram_h5w *w, const char *path)
{
    BRAM_TRY(check_free(cx, w, path));
    hid_t create = H5Pcreate(H5P_GROUP_CREATE), group = -1;
    if (create >= 0 && H5Pset_obj_track_times(create, false) >= 0)
        group = H5Gcreate2(w->file, path, H5P_DEFAULT, create, H5P_DEFAULT);
    if (group >= 0) H5Gclose(group);
    if (create >= 0) H5Pclose(create);
    return bram_h5w_settle(cx, w, group >= 0, path, "group");
}

void bram_h5w_block(size_t rank, const size_t *dims, size_t *block)
{
    size_t left = BLOCK_ELEMENTS;
    for (size_t d = rank; d-- > 0;) {
        block[d] = dims[d] < left ? dims[d] : left;
        if (block[d] == 0) block[d] = 1;
        left = block[d] < dims[d] ? 1 : left / block[d];
    }
}

static size_t stored_size(bram_h5w_type type)
{
    return type == BRAM_H5W_UINT8 ? 1 : type == BRAM_H5W_FLOAT32 ? 4 : 8;
}

static hid_t stored_type(const bram_h5w *w, bram_h5w_type type)
{
    switch (type) {
    case BRAM_H5W_FLOAT64:
        return H5T_IEEE_F64LE;
    case BRAM_H5W_FLOAT32:
        return H5T_IEEE_F32LE;
    case BRAM_H5W_INT64:
        return H5T_STD_I64LE;
    case BRAM_H5W_UINT8:
        return H5T_STD_U8LE;
    case BRAM_H5W_TEXT:
        break;
    }
    return w->text;
}

static hid_t memory_type(const bram_h5w *w, bram_h5w_type type)
{
    switch (type) {
    case BRAM_H5W_FLOAT64:
    case BRAM_H5W_FLOAT32:
        return H5T_NATIVE_DOUBLE;
    case BRAM_H5W_INT64:
        return H5T_NATIVE_INT64;
    case BRAM_H5W_UINT8:
        return H5T_NATIVE_UINT8;
    case BRAM_H5W_TEXT:
        break;
    }
    return w->text;
}

static bool is_float(bram_h5w_type type)
{
    return type == BRAM_H5W_FLOAT64 || type == BRAM_H5W_FLOAT32;
}

/* How a dataset is stored: no times, fill value NaN for floats, chunks when it is large. */
static hid_t layout(bram_h5w_type type, size_t rank, const size_t *dims)
{
    hid_t create = H5Pcreate(H5P_DATASET_CREATE);
    if (create < 0) return -1;
    bool good = H5Pset_obj_track_times(create, false) >= 0;
    double missing = NAN;
    if (is_float(type)) good = good && H5Pset_fill_value(create, H5T_NATIVE_DOUBLE, &missing) >= 0;
    size_t block[BRAM_H5W_RANK], least = (CHUNKED_FROM_BYTES - 1) / stored_size(type), product = 1;
    bool large = false, empty = false;
    for (size_t d = 0; d < rank; d++) {
        empty |= dims[d] == 0;
        large |= !empty && dims[d] > least / product;
        if (!empty && !large) product *= dims[d];
    }
    if (large && !empty && type != BRAM_H5W_TEXT) {
        hsize_t chunk[BRAM_H5W_RANK];
        bram_h5w_block(rank, dims, block);
        for (size_t d = 0; d < rank; d++) chunk[d] = block[d];
        good = good && H5Pset_chunk(create, (int)rank, chunk) >= 0 && H5Pset_shuffle(create) >= 0 &&
               H5Pset_deflate(create, DEFLATE_LEVEL) >= 0;
    }
    if (good) return create;
    H5Pclose(create);
    return -1;
}

static int check_texts(bram_ctx *cx, const bram_h5w *w, const char *path, const char *const *texts,
                       size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!bram_name_is_utf8(texts[i], strlen(texts[i])))
            return bram_fail(cx, BRAM_EUSAGE, "%s: %s: text %zu is not UTF-8", w->path, path, i);
    return BRAM_OK;
}

static bool put_fill_attr(hid_t object, bram_h5w_type type)
{
    double missing = NAN;
    hid_t stored = type == BRAM_H5W_FLOAT64 ? H5T_IEEE_F64LE : H5T_IEEE_F32LE, attr = -1;
    hid_t space = H5Screate(H5S_SCALAR);
    bool good = space >= 0;
    if (good) attr = H5Acreate2(object, "_FillValue", stored, space, H5P_DEFAULT, H5P_DEFAULT);
    good = attr >= 0 && H5Awrite(attr, H5T_NATIVE_DOUBLE, &missing) >= 0;
    if (attr >= 0) H5Aclose(attr);
    if (space >= 0) H5Sclose(space);
    return good;
}

int bram_h5w_dataset(bram_ctx *cx, bram_h5w *w, const char *path, bram_h5w_type type, size_t rank,
                     const size_t *dims, const void *values)
{
    assert(rank >= 1 && rank <= BRAM_H5W_RANK);
    hsize_t shape[BRAM_H5W_RANK];
    size_t count = 1;
    for (size_t d = 0; d < rank; d++) {
        shape[d] = dims[d];
        count *= dims[d];
    }
    BRAM_TRY(check_free(cx, w, path));
    if (type == BRAM_H5W_TEXT && values) BRAM_TRY(check_texts(cx, w, path, values, count));
    hid_t create = layout(type, rank, dims), space = H5Screate_simple((int)rank, shape, NULL);
    hid_t id = -1;
    if (create >= 0 && space >= 0)
        id = H5Dcreate2(w->file, path, stored_type(w, type), space, H5P_DEFAULT, create,
                        H5P_DEFAULT);
    bool good = id >= 0 && (!is_float(type) || put_fill_attr(id, type));
    if (good && values && count)
        good = H5Dwrite(id, memory_type(w, type), H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0;
    if (id >= 0) good = H5Dclose(id) >= 0 && good;
    if (space >= 0) H5Sclose(space);
    if (create >= 0) H5Pclose(create);
    return bram_h5w_settle(cx, w, good, path, "dataset");
}

int bram_h5w_slab(bram_ctx *cx, bram_h5w *w, const char *path, bram_h5w_type type,
                  const size_t *start, const size_t *count, const void *values)
{
    hid_t id = H5Dopen2(w->file, path, H5P_DEFAULT), space = id >= 0 ? H5Dget_space(id) : -1;
    int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    hid_t memory = -1;
    if (rank >= 1 && rank <= BRAM_H5W_RANK) {
        hsize_t from[BRAM_H5W_RANK], shape[BRAM_H5W_RANK];
        for (int d = 0; d < rank; d++) {
            from[d] = start[d];
            shape[d] = count[d];
        }
        if (H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, shape, NULL) >= 0)
            memory = H5Screate_simple(rank, shape, NULL);
    }
    bool good = memory >= 0 &&
                H5Dwrite(id, memory_type(w, type), memory, space, H5P_DEFAULT, values) >= 0;
    if (memory >= 0) H5Sclose(memory);
    if (space >= 0) H5Sclose(space);
    if (id >= 0) good = H5Dclose(id) >= 0 && good;
    return bram_h5w_settle(cx, w, good, path, "values");
}

/* ---- attributes ----------------------------------------------------------------------------- */

/* Writes one attribute; count 0 makes it a scalar. */
static int put_attr(bram_ctx *cx, const bram_h5w *w, const char *path, const char *name,
                    hid_t stored, hid_t memory, size_t count, const void *value)
{
    hsize_t length = count;
    hid_t space = count ? H5Screate_simple(1, &length, NULL) : H5Screate(H5S_SCALAR);
    hid_t object = H5Oopen(w->file, path, H5P_DEFAULT), attr = -1;
    if (space >= 0 && object >= 0)
        attr = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attr >= 0 && H5Awrite(attr, memory, value) >= 0;
    if (attr >= 0) H5Aclose(attr);
    if (object >= 0) H5Oclose(object);
    if (space >= 0) H5Sclose(space);
    return bram_h5w_settle(cx, w, good, path, name);
}

int bram_h5w_attr_text(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                       const char *value)
{
    if (!bram_name_is_utf8(value, strlen(value)))
        return bram_fail(cx, BRAM_EUSAGE, "%s: %s: attribute %s is not UTF-8", w->path, path, name);
    return put_attr(cx, w, path, name, w->text, w->text, 0, &value);
}

int bram_h5w_attr_number(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                         double value)
{
    return put_attr(cx, w, path, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, &value);
}

int bram_h5w_attr_integer(bram_ctx *cx, bram_h5w *w, const char *path, const char *name,
                          int64_t value)
{
    return put_attr(cx, w, path, name, H5T_STD_I64LE, H5T_NATIVE_INT64, 0, &value);
}

/* A string of fixed size with its end, as the dimension scale specification has them. */
static int put_fixed_text(bram_ctx *cx, const bram_h5w *w, const char *path, const char *name,
                          const char *value)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    int status = BRAM_EINTERNAL;
    if (type >= 0 && H5Tset_size(type, strlen(value) + 1) >= 0)
        status = put_attr(cx, w, path, name, type, type, 0, value);
    else status = failed(cx, w, path, name);
    if (type >= 0) H5Tclose(type);
    return status;
}

/* ---- dimension scales ----------------------------------------------------------------------- */

int bram_h5w_scale(bram_ctx *cx, bram_h5w *w, const char *path)
{
    BRAM_TRY(put_fixed_text(cx, w, path, "CLASS", "DIMENSION_SCALE"));
    const char *slash = strrchr(path, '/');
    return put_fixed_text(cx, w, path, "NAME", slash ? slash + 1 : path);
}

static int note_use(bram_ctx *cx, bram_h5w *w, const char *scale, const char *dataset, size_t dim)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 32;
        struct use *uses = bram_realloc(cx, w->uses, room, sizeof *uses);
        if (!uses) return BRAM_ENOMEM;
        w->uses = uses;
        w->room = room;
    }
    struct use use = {bram_strdup(cx, scale), NULL, (int)dim};
    use.dataset = use.scale ? bram_strdup(cx, dataset) : NULL;
    if (!use.dataset) {
        bram_free(use.scale);
        return BRAM_ENOMEM;
    }
    w->uses[w->count++] = use;
    return BRAM_OK;
}

int bram_h5w_attach(bram_ctx *cx, bram_h5w *w, const char *path, size_t rank,
                    const char *const *scales)
{
    assert(rank >= 1 && rank <= BRAM_H5W_RANK);
    hobj_ref_t refs[BRAM_H5W_RANK];
    hvl_t lists[BRAM_H5W_RANK];
    for (size_t d = 0; d < rank; d++) {
        if (H5Rcreate(&refs[d], w->file, scales[d], H5R_OBJECT, -1) < 0)
            return failed(cx, w, scales[d], "reference");
        lists[d] = (hvl_t){1, &refs[d]};
        BRAM_TRY(note_use(cx, w, scales[d], path, d));
    }
    hid_t type = H5Tvlen_create(H5T_STD_REF_OBJ);
    int status = type >= 0 ? put_attr(cx, w, path, "DIMENSION_LIST", type, type, rank, lists)
                           : failed(cx, w, path, "DIMENSION_LIST");
    if (type >= 0) H5Tclose(type);
    return status;
}

struct back_reference { /* an element of REFERENCE_LIST */
    hobj_ref_t dataset;
    int32_t dimension;
};

static hid_t back_reference_type(hid_t integer)
{
    hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct back_reference));
    if (type >= 0 &&
        (H5Tinsert(type, "dataset", offsetof(struct back_reference, dataset), H5T_STD_REF_OBJ) <
             0 ||
         H5Tinsert(type, "dimension", offsetof(struct back_reference, dimension), integer) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* Writes the list of a scale: uses first .. first + count - 1. */
static int put_back_references(bram_ctx *cx, const bram_h5w *w, size_t first, size_t count)
{
    const char *scale = w->uses[first].scale;
    struct back_reference *list = bram_alloc(cx, count, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    hid_t stored = back_reference_type(H5T_STD_I32LE),
          memory = back_reference_type(H5T_NATIVE_INT32);
    bool good = stored >= 0 && memory >= 0;
    for (size_t i = 0; i < count && good; i++) {
        const struct use *use = &w->uses[first + i];
        good = H5Rcreate(&list[i].dataset, w->file, use->dataset, H5R_OBJECT, -1) >= 0;
        list[i].dimension = use->dim;
    }
    int status = good ? put_attr(cx, w, scale, "REFERENCE_LIST", stored, memory, count, list)
                      : failed(cx, w, scale, "REFERENCE_LIST");
    if (stored >= 0) H5Tclose(stored);
    if (memory >= 0) H5Tclose(memory);
    bram_free(list);
    return status;
}

static int compare_uses(const void *a, const void *b)
{
    const struct use *x = a, *y = b;
    int order = strcmp(x->scale, y->scale);
    if (!order) order = strcmp(x->dataset, y->dataset);
    return order ? order : (x->dim > y->dim) - (x->dim < y->dim);
}

static int finish(bram_ctx *cx, bram_h5w *w)
{
    if (w->count) qsort(w->uses, w->count, sizeof *w->uses, compare_uses);
    for (size_t first = 0, next; first < w->count; first = next) {
        for (next = first + 1; next < w->count; next++)
            if (strcmp(w->uses[next].scale, w->uses[first].scale) != 0) break;
        BRAM_TRY(put_back_references(cx, w, first, next - first));
    }
    bool good = close_ids(w);
    return bram_h5w_settle(cx, w, good, "/", "file");
}

int bram_h5w_commit(bram_ctx *cx, bram_h5w *w)
{
    int status = finish(cx, w);
    if (status != BRAM_OK) {
        bram_h5w_abort(w);
        return status;
    }
    status = bram_outfile_commit(cx, w->out);
    free_writer(w);
    return status;
}
