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
 * (layer_ids.c). Only the rows that are asked for are read, each array once: .npy, .h5, .nc and
 * .safetensors where they lie, so that they may be larger than memory; the other formats whole.
 * With span=yes a row is as long as the file has rows (layer_span.c): for features of which even
 * the rows asked for are too many. A homogenized file's features are read as they are.
 */
#include "stimulus_features.h"

#include "file.h"
#include "folder.h"
#include "hash.h"
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

struct files {
    bram_dataset *known; /* a homogenized file with stimuli/features, or NULL */
    bram_layers layers;  /* else */
    char *layer;
    bool first; /* channels of maps */
};

static void release(void *fitted)
{
    struct files *m = fitted;
    if (!m) return;
    bram_dataset_free(m->known);
    bram_layers_release(&m->layers);
    bram_free(m->layer);
    bram_free(m);
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

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    struct files *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->layer = bram_strdup(cx, bram_option_text(o, "layer"));
    m->first = bram_option_is(o, "channels", "first");
    int status = m->layer ? read_all(cx, m, bram_option_text(o, "path")) : BRAM_ENOMEM;
    if (status == BRAM_OK && bram_option_flag(o, "span")) status = span_layers(cx, m);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
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

static int answer_layer(bram_ctx *cx, const bram_layer *l, bool channels_first,
                        const bram_axis *wanted, bram_dataset *out)
{
    size_t n = bram_axis_length(wanted), mark = bram_scratch_mark(cx);
    size_t *row = bram_scratch(cx, n, sizeof *row);
    bram_axis *feature = NULL;
    bram_response *r = NULL;
    int status = row ? match(cx, row, l, wanted) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_layer_axis(cx, &feature, l, channels_first);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, l->name, BRAM_F64, 2,
                                   (const bram_axis *[]){wanted, feature});
    bram_axis_free(feature);
    if (status == BRAM_OK) status = bram_layer_read(cx, l, row, n, bram_response_f64(r));
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
        BRAM_TRY(answer_layer(cx, &m->layers.layer[i], m->first, q->stimulus, out));
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
