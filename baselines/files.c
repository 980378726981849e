/*
 * files.c - the model `files`: features of stimuli that the user has computed, read from files.
 *
 *   NAME.npy   stimulus x feature (further axes are strung out); ids beside it, see below
 *   NAME.npz   such arrays, one a layer; ids in its array `ids`, or beside it
 *   NAME.csv   a header, ids in the first column, numbers in the others
 *   NAME.h5    a homogenized file: what it holds below stimuli/features
 *   a folder   all .npy, .npz and .csv files in it
 *
 * Rows are matched by the ids of stimuli, never by their order. Ids beside a file are texts in
 * NAME.ids.npy, or lines of NAME.ids.txt; in a folder ids.npy or ids.txt serve all files in it.
 */
#include "stimulus_features.h"

#include "csvfile.h"
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "npy.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file or a folder; docs/outside-models.md"},
    {"layer", BRAM_PARAM_TEXT, "", NULL, 0, 0, "one layer by name; empty: all of them"},
    {.name = NULL},
};

struct files {
    bram_dataset *known; /* stimuli/features/LAYER, each stimulus x feature */
    char *layer;
};

static void release(void *fitted)
{
    struct files *m = fitted;
    if (!m) return;
    bram_dataset_free(m->known);
    bram_free(m->layer);
    bram_free(m);
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

static bool is_ids(const char *name)
{
    return ends(name, ".ids.npy") || ends(name, ".ids.txt") || strcmp(name, "ids.npy") == 0 ||
           strcmp(name, "ids.txt") == 0;
}

/* Files of a folder that hold features: not the ids. */
static bool is_layer(const char *name)
{
    return !is_ids(name) && (ends(name, ".npy") || ends(name, ".npz") || ends(name, ".csv"));
}

static bool is_input(const char *name)
{
    return is_layer(name) || is_ids(name);
}

static const char *last_step(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The name of a file without folder and suffix; heap memory. */
static char *stem(bram_ctx *cx, const char *path)
{
    const char *name = last_step(path), *dot = strrchr(name, '.');
    return bram_strf(cx, "%.*s", dot ? (int)(dot - name) : (int)strlen(name), name);
}

/* ---- ids of the stimuli --------------------------------------------------------------------- */

struct ids {
    char **text;
    size_t count;
    unsigned char *bytes; /* of a text file, that the texts point into */
};

static void release_ids(struct ids *ids)
{
    bram_free(ids->text);
    bram_free(ids->bytes);
    *ids = (struct ids){0};
}

static int take_ids(bram_ctx *cx, struct ids *out, const bram_npy *a)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (bram_npy_is_numeric(a) || info->dims != 1)
        return bram_fail(cx, BRAM_EFORMAT, "ids are %s, expected texts along one axis",
                         bram_npy_summary(a));
    BRAM_TRY(bram_npy_read_texts(cx, a, &out->text));
    out->count = info->count;
    return BRAM_OK;
}

static int read_npy_ids(bram_ctx *cx, struct ids *out, const char *path)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npy_open(cx, &a, path));
    int status = take_ids(cx, out, a);
    bram_npy_close(a);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

/* One id a line. */
static int read_lines(bram_ctx *cx, struct ids *out, const char *path)
{
    size_t size, lines = 0;
    BRAM_TRY(bram_file_read(cx, &out->bytes, &size, path, (size_t)1 << 30));
    for (size_t i = 0; i < size; i++) lines += out->bytes[i] == '\n';
    out->text = bram_alloc(cx, lines + 1, sizeof *out->text);
    if (!out->text) return BRAM_ENOMEM;
    for (char *at = (char *)out->bytes; *at;) {
        size_t length = strcspn(at, "\r\n");
        bool more = at[length] != 0;
        at[length] = 0;
        if (length) out->text[out->count++] = at;
        at += length + more;
    }
    return BRAM_OK;
}

/* Ids beside a file. The count stays 0 when there are none. */
static int find_ids(bram_ctx *cx, struct ids *out, const char *path)
{
    static const char *const ending[] = {".npy", ".txt"};
    int folder = (int)(last_step(path) - path);
    const char *dot = strrchr(last_step(path), '.');
    int length = dot ? (int)(dot - path) : (int)strlen(path);
    for (int i = 0; i < 4 && !out->count; i++) {
        char *beside = i < 2 ? bram_strf(cx, "%.*s.ids%s", length, path, ending[i])
                             : bram_strf(cx, "%.*sids%s", folder, path, ending[i - 2]);
        if (!beside) return BRAM_ENOMEM;
        struct stat file;
        int status = BRAM_OK;
        if (stat(beside, &file) == 0)
            status = i % 2 ? read_lines(cx, out, beside) : read_npy_ids(cx, out, beside);
        bram_free(beside);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int need_ids(bram_ctx *cx, const struct ids *ids, size_t rows, const char *path)
{
    if (!ids->count)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: nothing says which stimulus each row is: expected ids in "
                         "NAME.ids.npy, NAME.ids.txt, ids.npy or ids.txt beside it",
                         path);
    if (ids->count != rows)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %zu rows and %zu ids", path, rows, ids->count);
    return BRAM_OK;
}

/* ---- layers --------------------------------------------------------------------------------- */

/* Adds rows x cols values as a layer. */
static int add_layer(bram_ctx *cx, bram_dataset *known, const char *name, size_t rows, size_t cols,
                     const double *values, const char *const *ids)
{
    for (size_t i = 0; i < rows * cols; i++)
        if (!isfinite(values[i]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s: feature %zu of %s is %g", name, i % cols,
                             ids[i / cols], values[i]);
    bram_axis *stimulus = NULL, *feature = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &stimulus, "stimulus", rows);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, stimulus, ids);
    if (status == BRAM_OK) status = bram_axis_new(cx, &feature, "feature", cols);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, name, BRAM_F64, 2,
                                   (const bram_axis *[]){stimulus, feature});
    bram_axis_free(stimulus);
    bram_axis_free(feature);
    BRAM_TRY(status);
    memcpy(bram_response_f64(r), values, rows * cols * sizeof *values);
    return bram_dataset_add(cx, known, "stimuli/features", r);
}

static int add_array(bram_ctx *cx, bram_dataset *known, const char *name, const bram_npy *a,
                     const struct ids *ids, const char *path)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (!bram_npy_is_numeric(a) || info->dims < 2 || !info->count)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s is %s, expected numbers, stimulus x feature",
                         path, name, bram_npy_summary(a));
    BRAM_TRY(need_ids(cx, ids, info->shape[0], path));
    double *values = bram_alloc(cx, info->count, sizeof *values);
    int status = values ? bram_npy_read(cx, a, values) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = add_layer(cx, known, name, info->shape[0], info->count / info->shape[0], values,
                           (const char *const *)ids->text);
    bram_free(values);
    return status;
}

static int read_npy(bram_ctx *cx, bram_dataset *known, const char *name, const char *path)
{
    struct ids ids = {0};
    bram_npy *a = NULL;
    int status = bram_npy_open(cx, &a, path);
    if (status == BRAM_OK) status = find_ids(cx, &ids, path);
    if (status == BRAM_OK) status = add_array(cx, known, name, a, &ids, path);
    bram_npy_close(a);
    release_ids(&ids);
    return status;
}

static int read_npz(bram_ctx *cx, bram_dataset *known, const char *path)
{
    struct ids ids = {0};
    bram_npz *z = NULL;
    bram_npy *a = NULL;
    BRAM_TRY(bram_npz_open(cx, &z, path));
    int status = BRAM_OK;
    for (size_t i = 0; i < bram_npz_count(z) && status == BRAM_OK; i++) {
        if (strcmp(bram_npz_name(z, i), "ids") != 0) continue;
        status = bram_npz_array(cx, z, "ids", &a);
        if (status == BRAM_OK) status = take_ids(cx, &ids, a);
        bram_npy_close(a);
        a = NULL;
    }
    if (status == BRAM_OK && !ids.count) status = find_ids(cx, &ids, path);
    for (size_t i = 0; i < bram_npz_count(z) && status == BRAM_OK; i++) {
        const char *name = bram_npz_name(z, i);
        if (strcmp(name, "ids") == 0) continue;
        status = bram_npz_array(cx, z, name, &a);
        if (status == BRAM_OK) status = add_array(cx, known, name, a, &ids, path);
        bram_npy_close(a);
        a = NULL;
    }
    bram_npz_close(z);
    release_ids(&ids);
    return status;
}

static int fill_from_csv(bram_ctx *cx, bram_dataset *known, const char *name, const bram_csv *t)
{
    size_t rows = bram_csv_rows(t), cols = bram_csv_cols(t), mark = bram_scratch_mark(cx);
    if (!rows || cols < 2)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%zu rows and %zu columns, expected ids in the first column and numbers "
                         "in others",
                         rows, cols);
    const char **id = bram_scratch(cx, rows, sizeof *id);
    double *values = bram_scratch(cx, rows, (cols - 1) * sizeof *values);
    int status = id && values ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < rows && status == BRAM_OK; i++) {
        id[i] = bram_csv_text(t, i, 0);
        for (size_t k = 1; k < cols && status == BRAM_OK; k++)
            status = bram_csv_number(cx, t, i, k, 0, &values[i * (cols - 1) + k - 1]);
    }
    if (status == BRAM_OK) status = add_layer(cx, known, name, rows, cols - 1, values, id);
    bram_scratch_release(cx, mark);
    return status;
}

static int read_csv(bram_ctx *cx, bram_dataset *known, const char *name, const char *path)
{
    bram_csv *t = NULL;
    BRAM_TRY(bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true}));
    int status = fill_from_csv(cx, known, name, t);
    bram_csv_free(t);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

static int read_one(bram_ctx *cx, bram_dataset *known, const char *path)
{
    char *name = stem(cx, path);
    if (!name) return BRAM_ENOMEM;
    int status;
    if (ends(path, ".npy")) status = read_npy(cx, known, name, path);
    else if (ends(path, ".npz")) status = read_npz(cx, known, path);
    else if (ends(path, ".csv")) status = read_csv(cx, known, name, path);
    else
        status = bram_fail(cx, BRAM_EUSAGE, "%s: expected a folder or .npy, .npz, .csv, .h5", path);
    bram_free(name);
    return status;
}

/* ---- a file or a folder --------------------------------------------------------------------- */

static int read_each(bram_ctx *cx, void *user, const char *path)
{
    return read_one(cx, user, path);
}

static int read_folder(bram_ctx *cx, bram_dataset *known, const char *path)
{
    BRAM_TRY(bram_folder_each(cx, path, is_layer, read_each, known));
    return bram_dataset_responses(known)
               ? BRAM_OK
               : bram_fail(cx, BRAM_EREAD, "%s: holds no .npy, .npz or .csv file", path);
}

static int read_all(bram_ctx *cx, struct files *m, const char *path)
{
    struct stat file;
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "files needs a path");
    if (stat(path, &file) != 0) return bram_fail(cx, BRAM_EREAD, "%s: is not there", path);
    if (ends(path, ".h5")) return bram_dataset_open(cx, &m->known, path);
    BRAM_TRY(bram_dataset_new(cx, &m->known));
    return S_ISDIR(file.st_mode) ? read_folder(cx, m->known, path) : read_one(cx, m->known, path);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    struct files *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->layer = bram_strdup(cx, bram_option_text(o, "layer"));
    int status = m->layer ? read_all(cx, m, bram_option_text(o, "path")) : BRAM_ENOMEM;
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct files *m = fitted;
    return bram_features_answer(cx, m->known, m->layer, q, out);
}

/* ---- content -------------------------------------------------------------------------------- */

static int hash_each(bram_ctx *cx, void *user, const char *path)
{
    char hex[65];
    BRAM_TRY(bram_sha256_file(cx, hex, path));
    BRAM_TRY(bram_hash_add_text(cx, user, last_step(path)));
    return bram_hash_add_text(cx, user, hex);
}

/* A file and the ids beside it. */
static int hash_file(bram_ctx *cx, bram_hash *h, const char *path)
{
    BRAM_TRY(hash_each(cx, h, path));
    if (ends(path, ".csv") || ends(path, ".h5")) return BRAM_OK;
    struct ids ids = {0};
    int status = find_ids(cx, &ids, path);
    for (size_t i = 0; i < ids.count && status == BRAM_OK; i++)
        status = bram_hash_add_text(cx, h, ids.text[i]);
    release_ids(&ids);
    return status;
}

static int content(bram_ctx *cx, char hex[65], const bram_options *o)
{
    const char *path = bram_option_text(o, "path");
    bram_hash *h = NULL;
    struct stat file;
    if (stat(path, &file) != 0) return bram_fail(cx, BRAM_EREAD, "%s: is not there", path);
    BRAM_TRY(bram_hash_new(cx, &h));
    int status = S_ISDIR(file.st_mode) ? bram_folder_each(cx, path, is_input, hash_each, h)
                                       : hash_file(cx, h, path);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    return status;
}

const bram_model bram_model_files = {
    .name = "files",
    .summary = "features of stimuli from files of your own: .npy, .npz, .csv, .h5 or a folder",
    .source = "docs/outside-models.md",
    .missing = "not applicable where a stimulus has no features",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .flags = BRAM_MODEL_OUTSIDE,
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
    .content = content,
};
