/*
 * files.c - the model `files`: features of stimuli that the user has computed, read from files.
 *
 *   NAME.npy           stimulus x feature (further axes are strung out; with two or three
 *                      of them it is a map of tokens, core/token_map.h)
 *   NAME.npz           such arrays, one a layer; NAME.mat: variables; NAME.safetensors: tensors
 *   NAME.csv           a header, ids in the first column, numbers in the others
 *   NAME.h5, NAME.nc   a homogenized file: what it holds below stimuli/features; any other HDF5
 *                      file, netCDF-4 among them: its arrays, see layer_files.c
 *   a folder           all such files in it
 *
 * Rows are matched by the ids of stimuli, never by their order; they stand in the file or beside it
 * (layer_ids.c). Only the rows that are asked for are read: .npy, .h5, .nc and .safetensors where
 * they lie, so that they may be larger than memory; the other formats whole. Opened files, and the
 * rows that were asked for last, stay with the context (core/kept.h): cells of one process that ask
 * for the same stimuli read an array once.
 * With span=yes a row is as long as the file has rows (layer_span.c): for features of which even
 * the rows asked for are too many. A homogenized file's features are read as they are.
 */
#include "stimulus_features.h"

#include "buffer.h"
#include "file.h"
#include "folder.h"
#include "hash.h"
#include "kept.h"
#include "layer.h"

#include <string.h>
#include <sys/stat.h>

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file or a folder; docs/outside-models.md"},
    {"layer", BRAM_PARAM_TEXT, "", NULL, 0, 0, "one layer by name; empty: all of them"},
    {"channels", BRAM_PARAM_CHOICE, "last", "last|first", 0, 0,
     "of maps, stimulus x row x column x channel or (PyTorch) stimulus x channel x row x column"},
    {"span", BRAM_PARAM_FLAG, "no", NULL, 0, 0,
     "more features than rows become coordinates of all rows in the space that they span: the same "
     "to ridge, ols, pls and distances, and never all in memory"},
    {.name = NULL},
};

enum { MOST_LAYERS = 32 }; /* of a state that is kept: each may be an open file */

/* The rows of a layer that were asked for last. */
struct last {
    size_t *row, count;
    double *values;
};

struct files {
    bram_dataset *known; /* a homogenized file with stimuli/features, or NULL */
    bram_layers layers;  /* else */
    struct last *last;   /* of each layer */
    char *layer;
    bool first; /* channels of maps */

    bram_kept *kept; /* where it goes back to, and under which key; NULL: nowhere */
    char *key;
};

static void forget(struct last *l)
{
    bram_free(l->row);
    bram_free(l->values);
    *l = (struct last){0};
}

static void destroy(void *fitted)
{
    struct files *m = fitted;
    if (!m) return;
    for (size_t i = 0; m->last && i < m->layers.count; i++) forget(&m->last[i]);
    bram_free(m->last);
    bram_dataset_free(m->known);
    bram_layers_release(&m->layers);
    bram_free(m->layer);
    bram_free(m->key);
    bram_kept_unref(m->kept);
    bram_free(m);
}

/* Bytes in memory: of what is read where it lies, only the rows asked for last. */
static size_t bytes_of(const struct files *m)
{
    size_t bytes = 0;
    for (size_t i = 0; i < m->layers.count; i++) {
        const bram_layer *l = &m->layers.layer[i];
        if (!l->h5) bytes += bram_layer_in_memory(l) ? l->rows * l->cols * sizeof(double) : 0;
        bytes += m->last[i].count * l->cols * sizeof(double);
    }
    return bytes;
}

static void release(void *fitted)
{
    struct files *m = fitted;
    bram_kept *kept = m ? m->kept : NULL;
    if (!kept || m->layers.count > MOST_LAYERS) {
        destroy(m);
        return;
    }
    m->kept = NULL;
    bram_kept_give(kept, m->key, m, bytes_of(m), destroy);
    bram_kept_unref(kept);
}

/* ---- what a state was made of --------------------------------------------------------------- */

static int add_identity(bram_ctx *cx, void *user, const char *path)
{
    struct stat s;
    (void)cx;
    if (stat(path, &s) != 0) return BRAM_OK;
    bram_buffer_putf(user, "|%s %llu %llu %lld %lld.%09ld", path, (unsigned long long)s.st_dev,
                     (unsigned long long)s.st_ino, (long long)s.st_size,
                     (long long)s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
    return BRAM_OK;
}

/* ---- a file or a folder --------------------------------------------------------------------- */

static bool ends(const char *name, const char *suffix)
{
    size_t n = strlen(name), k = strlen(suffix);
    return n > k && strcmp(name + n - k, suffix) == 0;
}

static bool is_input(const char *name)
{
    return bram_layers_is_file(name) || bram_layers_is_ids(name);
}

static const char *last_step(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int read_each(bram_ctx *cx, void *user, const char *path)
{
    return bram_layers_add(cx, user, path);
}

/* Whether it is a homogenized file that keeps features of stimuli; opened then. */
static bool is_homogenized(bram_ctx *cx, struct files *m, const char *path)
{
    if (!ends(path, ".h5") || bram_dataset_open(cx, &m->known, path) != BRAM_OK) return false;
    for (size_t i = 0; i < bram_dataset_responses(m->known); i++)
        if (!strncmp(bram_dataset_response_path(m->known, i), "stimuli/features/", 17)) return true;
    bram_dataset_free(m->known);
    m->known = NULL;
    return false;
}

static int read_all(bram_ctx *cx, struct files *m, const char *path)
{
    struct stat file;
    if (!*path) return bram_fail(cx, BRAM_EUSAGE, "files needs a path");
    if (stat(path, &file) != 0) return bram_fail(cx, BRAM_EREAD, "%s: is not there", path);
    if (!S_ISDIR(file.st_mode))
        return is_homogenized(cx, m, path) ? BRAM_OK : bram_layers_add(cx, &m->layers, path);
    BRAM_TRY(bram_folder_each(cx, path, bram_layers_is_file, read_each, &m->layers));
    return m->layers.count ? BRAM_OK
                           : bram_fail(cx, BRAM_EREAD,
                                       "%s: holds no file of features (.npy, .npz, .safetensors, "
                                       ".csv, .mat, .h5, .nc)",
                                       path);
}

static int span_layers(bram_ctx *cx, struct files *m)
{
    for (size_t i = 0; i < m->layers.count; i++)
        if (!*m->layer || strcmp(m->layers.layer[i].name, m->layer) == 0)
            BRAM_TRY(bram_layer_span(cx, &m->layers.layer[i]));
    return BRAM_OK;
}

static int open_files(bram_ctx *cx, struct files **out, const bram_options *o)
{
    struct files *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->layer = bram_strdup(cx, bram_option_text(o, "layer"));
    m->first = bram_option_is(o, "channels", "first");
    int status = m->layer ? read_all(cx, m, bram_option_text(o, "path")) : BRAM_ENOMEM;
    if (status == BRAM_OK && bram_option_flag(o, "span")) status = span_layers(cx, m);
    if (status == BRAM_OK && !(m->last = bram_alloc(cx, m->layers.count + 1, sizeof *m->last)))
        status = BRAM_ENOMEM;
    if (status == BRAM_OK) *out = m;
    else destroy(m);
    return status;
}

/* The options, and every file that is looked at: it is another state when one of them changes. */
static int make_key(bram_ctx *cx, char **out, const bram_options *o)
{
    static const char *const beside[] = {".npy", ".txt"};
    const char *path = bram_option_text(o, "path"), *last = last_step(path);
    const char *dot = strrchr(last, '.');
    int folder = (int)(last - path), stem = dot ? (int)(dot - path) : (int)strlen(path);
    bram_buffer text = {0};
    struct stat s;
    bram_buffer_putf(&text, "files:%s", bram_options_canonical(o));
    int status = stat(path, &s) == 0 && S_ISDIR(s.st_mode)
                     ? bram_folder_each(cx, path, is_input, add_identity, &text)
                     : add_identity(cx, &text, path);
    for (int i = 0; i < 4 && status == BRAM_OK; i++) { /* ids of the rows (layer_ids.c) */
        char *ids = i < 2 ? bram_strf(cx, "%.*s.ids%s", stem, path, beside[i])
                          : bram_strf(cx, "%.*sids%s", folder, path, beside[i - 2]);
        status = ids ? add_identity(cx, &text, ids) : BRAM_ENOMEM;
        bram_free(ids);
    }
    if (status == BRAM_OK) status = bram_buffer_status(cx, &text);
    if (status == BRAM_OK && !(*out = bram_strdup(cx, text.text))) status = BRAM_ENOMEM;
    bram_buffer_release(&text);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    char *key = NULL;
    bram_kept *kept = bram_kept_of(cx);
    int status = make_key(cx, &key, o);
    struct files *m = status == BRAM_OK && kept ? bram_kept_take(kept, key) : NULL;
    if (status == BRAM_OK && !m) status = open_files(cx, &m, o);
    if (status != BRAM_OK) {
        bram_free(key);
        bram_kept_unref(kept);
        return status;
    }
    bram_free(m->key);
    m->key = key, m->kept = kept;
    *fitted = m;
    return BRAM_OK;
}

/* ---- answers -------------------------------------------------------------------------------- */

static int match(bram_ctx *cx, size_t *row, const bram_layer *l, const bram_axis *wanted)
{
    size_t lacking = 0, n = bram_axis_length(wanted);
    const char *first = "";
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t at = bram_axis_find(l->id, bram_axis_id(wanted, i));
        row[i] = at < 0 ? 0 : (size_t)at;
        if (at < 0 && lacking++ == 0) first = bram_axis_id(wanted, i);
    }
    if (!lacking) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "%s: %s lacks %zu of %zu stimuli, the first is \"%s\"", l->path, l->name,
                     lacking, n, first);
}

/* Keeps the rows that were read, where they are few; without memory they are read again. */
static void remember(bram_ctx *cx, const struct files *m, struct last *last, const bram_layer *l,
                     const size_t *row, size_t count, const double *values)
{
    size_t bytes = count * l->cols * sizeof *values;
    forget(last);
    if (!m->kept || bram_layer_in_memory(l) || bytes > bram_kept_limit(m->kept) / 2) return;
    last->row = bram_alloc(cx, count, sizeof *row);
    last->values = bram_alloc(cx, count * l->cols, sizeof *values);
    if (!last->row || !last->values) {
        forget(last);
        return;
    }
    memcpy(last->row, row, count * sizeof *row);
    memcpy(last->values, values, bytes);
    last->count = count;
}

static int read_rows(bram_ctx *cx, const struct files *m, size_t layer, const size_t *row,
                     size_t count, double *out)
{
    const bram_layer *l = &m->layers.layer[layer];
    struct last *last = &m->last[layer];
    if (last->values && last->count == count && !memcmp(last->row, row, count * sizeof *row)) {
        memcpy(out, last->values, count * l->cols * sizeof *out);
        return BRAM_OK;
    }
    BRAM_TRY(bram_layer_read(cx, l, row, count, out));
    remember(cx, m, last, l, row, count, out);
    return BRAM_OK;
}

static int answer_layer(bram_ctx *cx, const struct files *m, size_t layer, const bram_axis *wanted,
                        bram_dataset *out)
{
    const bram_layer *l = &m->layers.layer[layer];
    size_t n = bram_axis_length(wanted), mark = bram_scratch_mark(cx);
    size_t *row = bram_scratch(cx, n, sizeof *row);
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    int status = row ? match(cx, row, l, wanted) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_layer_axis(cx, &feature, l, m->first);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, l->name, BRAM_F64, 2,
                                   (const bram_axis *[]){wanted, feature});
    bram_axis_free(feature);
    if (status == BRAM_OK) status = read_rows(cx, m, layer, row, n, bram_response_f64(r));
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int no_layer(bram_ctx *cx, const struct files *m)
{
    char known[400] = "";
    for (size_t i = 0; i < m->layers.count; i++) {
        const char *name = m->layers.layer[i].name;
        if (strlen(known) + strlen(name) + 3 >= sizeof known) break;
        strcat(strcat(known, *known ? ", " : ""), name);
    }
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "there is no layer \"%s\"; there are: %s", m->layer,
                     known);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct files *m = fitted;
    size_t found = 0;
    if (m->known) return bram_features_answer(cx, m->known, m->layer, q, out);
    if (!q->stimulus)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "features are asked for without stimuli");
    for (size_t i = 0; i < m->layers.count; i++) {
        if (*m->layer && strcmp(m->layers.layer[i].name, m->layer) != 0) continue;
        BRAM_TRY(answer_layer(cx, m, i, q->stimulus, out));
        found++;
    }
    return found ? BRAM_OK : no_layer(cx, m);
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
    if (ends(path, ".csv")) return BRAM_OK;
    bram_row_ids ids = {0};
    int status = bram_row_ids_beside(cx, &ids, path);
    for (size_t i = 0; i < ids.count && status == BRAM_OK; i++)
        status = bram_hash_add_text(cx, h, ids.text[i]);
    bram_row_ids_release(&ids);
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
    .summary = "features of stimuli from files of your own: .npy, .npz, .safetensors, .csv, .mat, "
               ".h5, .nc or a folder",
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
