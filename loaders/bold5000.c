/*
 * bold5000.c - fMRI responses to natural images, one subject of BOLD5000 (Chang et al. 2019): betas
 * by region of interest, and the list of what was shown.
 *
 *   a .mat of regions (LHEarlyVis, RHPPA ...), each presentation x voxel; or a .npy for each region
 *   a list of file names, a line a presentation; those shown again begin with "rep_"
 *
 * responses/ID is image x voxel x repeat: of some 4900 images 113 were shown four times, so most of
 * it is masked. A region of a .npy is the name of its file, as nothing in it tells. Documented: the
 * regions and their form, the list. Assumed: that "rep_NAME" is the image NAME, that the first two
 * letters of a region are the hemisphere.
 * Memory: one region.
 */
#include "csvfile.h"
#include "gz.h"
#include "intake.h"
#include "matlab_fields.h"
#include "npy.h"
#include "shown.h"
#include "text_index.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {.name = NULL}};

enum { MOST_REGIONS = 64 };

/* Betas of one region: a variable of a file of MATLAB, or an array. */
struct region {
    char name[64];
    size_t voxels;
    bram_matlab *matlab; /* NULL: an array */
    bram_npy *array;
};

struct work {
    char id[128];
    const char *list, *path; /* path: of the first betas */
    bram_csv *table;         /* of the list: one column */
    bram_matlab *matlab;
    struct region region[MOST_REGIONS];
    size_t regions, voxels, trials, stimuli, repeats;
    const char **stimulus;  /* stimuli, in order of showing */
    size_t *shown, *repeat; /* trials */
    bram_axis *axis[3];
    bram_fill *fill;
};

/* ---- the list ------------------------------------------------------------------------------- */

static bool names_image(const char *line)
{
    static const char *const ending[] = {".jpg", ".jpeg", ".png", ".JPEG", ".JPG"};
    size_t length = strlen(line);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
        size_t n = strlen(ending[i]);
        if (length > n && strcasecmp(line + length - n, ending[i]) == 0) return true;
    }
    return false;
}

/* Whether a text begins with two lines and more that are names of images. */
static bool is_list(const char *path)
{
    char head[4000];
    size_t n = bram_gz_peek(path, head, sizeof head - 1), lines = 0;
    head[n] = 0;
    for (char *at = head, *end; lines < 3 && (end = strpbrk(at, "\r\n")); at = end + 1) {
        bool empty = end == at;
        *end = 0;
        if (!empty && (!names_image(at) || strchr(at, ','))) return false;
        lines += !empty;
    }
    return lines >= 2;
}

static int read_list(bram_ctx *cx, struct work *w)
{
    bram_text_index index = {0};
    BRAM_TRY(bram_csv_read(cx, &w->table, w->list, &(bram_csv_options){.delimiter = '\t'}));
    size_t n = w->trials = bram_csv_rows(w->table);
    w->stimulus = bram_scratch(cx, n, sizeof *w->stimulus);
    w->shown = bram_scratch(cx, n, sizeof *w->shown);
    w->repeat = bram_scratch(cx, n, sizeof *w->repeat);
    if (!w->stimulus || !w->shown || !w->repeat) return BRAM_ENOMEM;
    BRAM_TRY(bram_text_index_reserve(cx, &index, w->stimulus, n));
    int status = BRAM_OK;
    for (size_t t = 0; status == BRAM_OK && t < n; t++) {
        const char *name = bram_csv_text(w->table, t, 0);
        if (!names_image(name))
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: line %zu: found \"%.60s\", expected the name of "
                               "an image",
                               w->list, bram_csv_line(w->table, t), name);
        w->stimulus[w->stimuli] = strncmp(name, "rep_", 4) == 0 ? name + 4 : name;
        w->shown[t] = bram_text_index_add(&index, w->stimulus, w->stimuli);
        w->stimuli += w->shown[t] == w->stimuli;
    }
    bram_text_index_release(&index);
    BRAM_TRY(status);
    w->repeats = bram_shown_repeats(cx, w->repeat, w->shown, n, w->stimuli);
    return w->repeats ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- regions -------------------------------------------------------------------------------- */

static int add_region(bram_ctx *cx, struct work *w, struct region r, size_t rows, const char *where)
{
    if (rows != w->trials || !r.voxels)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s: found %zu x %zu, expected %zu presentations, as "
                         "the list names, x voxels",
                         where, r.name, rows, r.voxels, w->trials);
    if (w->regions == MOST_REGIONS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found more than %d regions", where, MOST_REGIONS);
    w->voxels += r.voxels;
    w->region[w->regions++] = r;
    return BRAM_OK;
}

/* Every matrix of numbers in a file of MATLAB is a region. */
static int add_matlab(bram_ctx *cx, struct work *w, const char *path)
{
    if (w->matlab)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: found a second file of MATLAB, expected one subject's", path);
    BRAM_TRY(bram_matlab_open(cx, &w->matlab, path));
    for (size_t i = 0; i < bram_matlab_variables(w->matlab); i++) {
        struct region r = {.matlab = w->matlab};
        bram_matlab_value *v = NULL;
        const char *name = bram_matlab_variable_at(w->matlab, i);
        if (bram_matlab_may_be_struct(w->matlab, i) && name[0] == '(') continue;
        BRAM_TRY(bram_matlab_variable(cx, &v, w->matlab, name));
        if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC || bram_matlab_rank(v) != 2) continue;
        snprintf(r.name, sizeof r.name, "%s", name);
        r.voxels = bram_matlab_dims(v)[1];
        BRAM_TRY(add_region(cx, w, r, bram_matlab_dims(v)[0], path));
    }
    return BRAM_OK;
}

static int add_array(bram_ctx *cx, struct work *w, const char *path)
{
    struct region r = {.matlab = NULL};
    bram_intake_id(r.name, sizeof r.name, path, "");
    BRAM_TRY(bram_npy_open(cx, &r.array, path));
    const bram_npy_info *info = bram_npy_describe(r.array);
    int status = BRAM_OK;
    if (info->dims != 2 || !bram_npy_is_numeric(r.array))
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected presentation x voxel", path,
                           bram_npy_summary(r.array));
    r.voxels = info->dims == 2 ? info->shape[1] : 0;
    if (status == BRAM_OK) status = add_region(cx, w, r, info->shape[0], path);
    if (status != BRAM_OK) bram_npy_close(r.array);
    return status;
}

static bool is_array(const char *path)
{
    char head[6];
    return bram_gz_peek(path, head, sizeof head) == sizeof head &&
           memcmp(head, "\x93NUMPY", sizeof head) == 0;
}

static int read_files(bram_ctx *cx, struct work *w, const bram_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        bool list = is_list(input->paths[i]);
        if (list && w->list)
            return bram_fail(cx, BRAM_EUSAGE, "%s: found a second list of images", input->paths[i]);
        if (list) w->list = input->paths[i];
        else if (!w->path) w->path = input->paths[i];
    }
    if (!w->list || !w->path)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %s, expected both: betas of regions (.mat, .npy) "
                         "and the list of images (stim_lists/*.txt)",
                         input->paths[0], w->list ? "a list of images alone" : "no list of images");
    BRAM_TRY(read_list(cx, w));
    for (size_t i = 0; i < input->count; i++) {
        const char *path = input->paths[i];
        if (path == w->list) continue;
        BRAM_TRY(is_array(path) ? add_array(cx, w, path) : add_matlab(cx, w, path));
    }
    return w->voxels ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "%s: found no matrix of numbers", w->path);
}

/* ---- axes, responses ------------------------------------------------------------------------ */

static int make_voxels(bram_ctx *cx, struct work *w)
{
    size_t n = w->voxels, k = 0;
    const char **id = bram_scratch(cx, n, sizeof *id),
               **region = bram_scratch(cx, n, sizeof *region),
               **side = bram_scratch(cx, n, sizeof *side);
    char(*text)[96] = bram_scratch(cx, n, sizeof *text);
    if (!id || !region || !side || !text) return BRAM_ENOMEM;
    for (size_t r = 0; r < w->regions; r++)
        for (size_t v = 0; v < w->region[r].voxels; v++, k++) {
            const char *name = w->region[r].name;
            bool left = strncmp(name, "LH", 2) == 0, right = strncmp(name, "RH", 2) == 0;
            snprintf(text[k], sizeof text[k], "%s-%04zu", name, v + 1);
            id[k] = text[k];
            region[k] = left || right ? name + 2 : name;
            side[k] = left ? "lh" : right ? "rh" : "";
        }
    const bram_field fields[] = {{"area", .text = region}, {"hemisphere", .text = side}, {NULL}};
    return bram_shown_axis(cx, &w->axis[1], "neuron", n, id, fields);
}

static int make_axes(bram_ctx *cx, struct work *w)
{
    const char **id = bram_scratch(cx, w->stimuli, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->stimuli; i++) { /* "dog.jpg" is the stimulus dog */
        char *text = bram_scratch(cx, strlen(w->stimulus[i]) + 1, 1);
        if (!text) return BRAM_ENOMEM;
        strcpy(text, w->stimulus[i]);
        *strrchr(text, '.') = 0;
        id[i] = text;
    }
    const bram_field fields[] = {{"image", .text = w->stimulus}, {NULL}};
    BRAM_TRY(bram_shown_axis(cx, &w->axis[0], "stimulus", w->stimuli, id, fields));
    BRAM_TRY(make_voxels(cx, w));
    return bram_axis_new(cx, &w->axis[2], "repeat", w->repeats);
}

static int read_region(bram_ctx *cx, double **out, const struct region *r)
{
    bram_matlab_value *v = NULL;
    if (r->matlab) {
        BRAM_TRY(bram_matlab_variable(cx, &v, r->matlab, r->name));
        return bram_matlab_row_major(cx, out, v);
    }
    double *value = bram_alloc(cx, bram_npy_describe(r->array)->count, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    int status = bram_npy_read(cx, r->array, value);
    if (status == BRAM_OK) *out = value;
    else bram_free(value);
    return status;
}

static int put_region(bram_ctx *cx, struct work *w, const struct region *r, size_t first)
{
    double *value = NULL;
    BRAM_TRY(read_region(cx, &value, r));
    int status = BRAM_OK;
    for (size_t t = 0; status == BRAM_OK && t < w->trials; t++)
        status = bram_fill_put(cx, w->fill, (size_t[]){w->shown[t], first, w->repeat[t]},
                               (size_t[]){1, r->voxels, 1}, value + t * r->voxels);
    bram_free(value);
    return status;
}

static int put(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    static const size_t order[] = {0, 2, 1};
    size_t first = 0;
    BRAM_TRY(make_axes(cx, w));
    BRAM_TRY(bram_fill_new(cx, &w->fill, w->id, 3, (const bram_axis *const *)w->axis, order));
    for (size_t r = 0; r < w->regions; r++) {
        BRAM_TRY(put_region(cx, w, &w->region[r], first));
        first += w->region[r].voxels;
    }
    const char *const pairs[] = {
        "unit",    "1",   "signal", "BOLD responses, as published", "species", BRAM_SPECIES_HUMAN,
        "subject", w->id, NULL};
    bram_fill *fill = w->fill;
    w->fill = NULL; /* taken over in any case */
    BRAM_TRY(bram_shown_put(cx, ds, fill, NULL, pairs));
    return bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(w->axis[0]));
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.list = NULL};
    size_t mark = bram_scratch_mark(cx);
    const char *id = bram_option_text(o, "id");
    int status = read_files(cx, &w, input);
    if (status == BRAM_OK && *id) snprintf(w.id, sizeof w.id, "%s", id);
    else if (status == BRAM_OK) bram_intake_id(w.id, sizeof w.id, w.path, "");
    if (status == BRAM_OK) status = put(cx, ds, &w);
    bram_fill_free(w.fill);
    for (size_t d = 0; d < 3; d++) bram_axis_free(w.axis[d]);
    for (size_t r = 0; r < w.regions; r++) bram_npy_close(w.region[r].array);
    bram_matlab_close(w.matlab);
    bram_csv_free(w.table);
    bram_scratch_release(cx, mark);
    return status;
}

/* Regions of MATLAB are told by their names; arrays only beside a list of images. */
static int is_regions(bram_ctx *cx, bool *out, const char *path)
{
    bram_matlab *file = NULL;
    size_t regions = 0;
    int status = bram_matlab_open(cx, &file, path);
    for (size_t i = 0; status == BRAM_OK && i < bram_matlab_variables(file); i++) {
        const char *name = bram_matlab_variable_at(file, i);
        regions += strncmp(name, "LH", 2) == 0 || strncmp(name, "RH", 2) == 0;
    }
    *out = regions >= 2 && regions == bram_matlab_variables(file);
    bram_matlab_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    size_t lists = 0, arrays = 0, regions = 0;
    bram_recognise(out, BRAM_NOT_MINE, "no regions LH.., RH.. with a list of images");
    for (size_t i = 0; i < input->count; i++) {
        bool one = false;
        if (is_list(input->paths[i])) lists++;
        else if (is_array(input->paths[i])) arrays++;
        else BRAM_TRY(is_regions(cx, &one, input->paths[i]));
        regions += one;
    }
    if (regions == 1 && lists <= 1 && regions + lists == input->count)
        return bram_recognise(out, BRAM_MINE, "MATLAB with regions LH.., RH..");
    if (lists == 1 && arrays && arrays + lists == input->count)
        return bram_recognise(out, BRAM_MINE, "arrays with a list of images");
    return BRAM_OK;
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    (void)cx;
    return is_list(path) ? bram_recognise(out, BRAM_MINE, "a list of images") : BRAM_OK;
}

const bram_loader bram_loader_bold5000 = {
    .name = "bold5000",
    .summary = "human visual cortex, 3 T fMRI: 4916 natural images, by region",
    .citation = "Chang et al. 2019, Scientific Data 6:49",
    .doi = "10.1038/s41597-019-0052-3",
    .licence = "CC0",
    .reads = "betas of regions (.mat, or .npy for each) with the list of images of a subject",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .belongs = belongs,
};
