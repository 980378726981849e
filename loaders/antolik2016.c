/*
 * antolik2016.c - responses of mouse V1 to natural images, Antolik et al. 2016: four .npy files of
 * a region, told apart by their shapes and values, never by their names. Files of one folder are of
 * one region, and several regions may be given.
 *
 *   raw_validation_set  repeat x image x neuron: the one with three axes
 *   validation_set      image x neuron: equals the mean of the former over its first axis
 *   training_set        image x neuron, one trial of each image
 *   validation_inputs   image x pixel: as many rows as validation images, other columns
 *
 * The training images are not published with the responses: their ids are REGION-training-0001 ...
 * by row, as nothing says that two regions saw the same ones. The validation images are the same
 * for all regions: validation-01 ...
 */
#include "intake.h"
#include "intake_responses.h"

#include "npy.h"
#include "pictures.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"region", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "what the responses of a single region are called; by default as the folder of the files"},
    {.name = NULL}};

struct array {
    double *values;
    bram_npy_info info;
};

enum { MOST_FILES = 8, MOST_REGIONS = 16, NAME = 48 };

/* The files by what they are; NULL where absent. */
struct region {
    char name[NAME];
    struct array file[MOST_FILES];
    size_t files;
    const struct array *raw, *mean, *training, *pixels;
    size_t images, neurons, repeats;
};

static void release(struct region *r)
{
    for (size_t i = 0; i < r->files; i++) bram_free(r->file[i].values);
}

/* ---- telling the files apart ---------------------------------------------------------------- */

static int read_files(bram_ctx *cx, struct region *r, const bram_input *input)
{
    if (input->count > MOST_FILES)
        return bram_fail(cx, BRAM_EUSAGE, "found %zu files, expected those of one region: 2 to 4",
                         input->count);
    for (size_t i = 0; i < input->count; i++) {
        BRAM_TRY(bram_npy_load(cx, &r->file[i].values, &r->file[i].info, input->paths[i]));
        r->files++;
        for (size_t k = 0; k < r->file[i].info.count; k++)
            if (!isfinite(r->file[i].values[k]))
                return bram_fail(cx, BRAM_EFORMAT, "%s: value %zu is %g, expected a number",
                                 input->paths[i], k, r->file[i].values[k]);
    }
    return BRAM_OK;
}

/* Whether the array is the mean over repeats, within rounding of the largest response. */
static bool is_mean(const struct region *r, const struct array *a)
{
    size_t n = r->images * r->neurons;
    double largest = 0;
    for (size_t k = 0; k < r->raw->info.count; k++)
        largest = fmax(largest, fabs(r->raw->values[k]));
    for (size_t k = 0; k < n; k++) {
        double sum = 0;
        for (size_t i = 0; i < r->repeats; i++) sum += r->raw->values[i * n + k];
        if (!(fabs(sum / (double)r->repeats - a->values[k]) <= 1e-9 * largest)) return false;
    }
    return true;
}

static int again(bram_ctx *cx, const char *what)
{
    return bram_fail(cx, BRAM_EFORMAT, "two files are the %s of one region", what);
}

static int assign(bram_ctx *cx, struct region *r, const struct array *a)
{
    const size_t *shape = a->info.shape;
    if (a->info.dims != 2)
        return bram_fail(cx, BRAM_EFORMAT, "an array of %zu axes, expected 2 or 3", a->info.dims);
    if (shape[0] == r->images && shape[1] == r->neurons && is_mean(r, a)) {
        if (r->mean) return again(cx, "mean responses");
        r->mean = a;
    } else if (shape[1] == r->neurons) {
        if (r->training) return again(cx, "training responses");
        r->training = a;
    } else if (shape[0] == r->images) {
        if (r->pixels) return again(cx, "images");
        r->pixels = a;
    } else
        return bram_fail(cx, BRAM_EFORMAT,
                         "an array of %zu x %zu fits neither %zu neurons nor %zu images", shape[0],
                         shape[1], r->neurons, r->images);
    return BRAM_OK;
}

static int tell_apart(bram_ctx *cx, struct region *r)
{
    for (size_t i = 0; i < r->files; i++)
        if (r->file[i].info.dims == 3) {
            if (r->raw) return again(cx, "repeated responses");
            r->raw = &r->file[i];
        }
    if (!r->raw || !r->raw->info.count)
        return bram_fail(cx, BRAM_EFORMAT, "no array repeat x image x neuron among the files");
    r->repeats = r->raw->info.shape[0];
    r->images = r->raw->info.shape[1];
    r->neurons = r->raw->info.shape[2];
    for (size_t i = 0; i < r->files; i++)
        if (&r->file[i] != r->raw) BRAM_TRY(assign(cx, r, &r->file[i]));
    if (!r->mean)
        return bram_fail(cx, BRAM_EFORMAT,
                         "no array of %zu images x %zu neurons is the mean over the %zu repeats",
                         r->images, r->neurons, r->repeats);
    return BRAM_OK;
}

/* ---- putting -------------------------------------------------------------------------------- */

static size_t trained(const struct region *r)
{
    return r->training ? r->training->info.shape[0] : 0;
}

/* Ids "validation-01" ... for images that all regions share, "REGION-training-0001" ... for the
 * others of the regions given. */
static int name_images(bram_ctx *cx, bram_axis **out, size_t validation, const struct region *r,
                       size_t regions)
{
    size_t n = validation, region = 0, from = validation;
    for (size_t k = 0; k < regions; k++) n += trained(&r[k]);
    char(*text)[64] = bram_scratch(cx, n, sizeof *text);
    const char **id = bram_scratch(cx, n, sizeof *id), **set = bram_scratch(cx, n, sizeof *set);
    if (!text || !id || !set) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        bool test = i < validation;
        while (!test && i - from >= trained(&r[region])) from += trained(&r[region++]);
        if (test) snprintf(text[i], sizeof text[i], "validation-%02zu", i + 1);
        else
            snprintf(text[i], sizeof text[i], "%.40s-training-%04zu", r[region].name, i - from + 1);
        id[i] = text[i];
        set[i] = test ? "validation" : "training";
    }
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "stimulus", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "set", set);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int describe(bram_ctx *cx, bram_response *r, const char *region)
{
    bram_attrs *a = bram_response_attrs(r);
    BRAM_TRY(bram_attrs_set_text(cx, a, "unit", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "signal", "inferred spike rate"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "area", "V1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "Mus musculus"));
    return bram_attrs_set_text(cx, a, "subject", region);
}

/* stimulus x neuron x repeat, from repeat x stimulus x neuron. */
static int put_repeats(bram_ctx *cx, bram_dataset *ds, const struct region *r)
{
    const char *name = r->name;
    size_t cells = r->images * r->neurons;
    double *values = bram_alloc(cx, cells * r->repeats, sizeof *values);
    bram_presented p = {.id = name,
                        .values = values,
                        .repeats = r->repeats,
                        .unit = "1",
                        .signal = "inferred spike rate",
                        .species = "Mus musculus",
                        .subject = name,
                        .area = "V1"};
    if (!values) return BRAM_ENOMEM;
    for (size_t k = 0; k < cells; k++)
        for (size_t i = 0; i < r->repeats; i++)
            values[k * r->repeats + i] = r->raw->values[i * cells + k];
    int status = name_images(cx, &p.stimulus, r->images, NULL, 0);
    if (status == BRAM_OK)
        status = bram_intake_numbered(cx, &p.neuron, "neuron", r->neurons, "", 0);
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &p);
    else bram_axis_free(p.stimulus);
    bram_free(values);
    return status;
}

/* An array as it stands. Takes the axes over. */
static int put_array(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
                     const struct array *a, bram_axis *row, bram_axis *column, const char *region)
{
    bram_response *out = NULL;
    int status = bram_response_new(cx, &out, name, BRAM_F64, 2, (const bram_axis *[]){row, column});
    bram_axis_free(row);
    bram_axis_free(column);
    BRAM_TRY(status);
    memcpy(bram_response_f64(out), a->values, a->info.count * sizeof *a->values);
    if (region) status = describe(cx, out, region);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, out);
    bram_response_free(out);
    return status;
}

/* Rows of one set of images. */
static int set_axis(bram_ctx *cx, bram_axis **out, const bram_axis *all, size_t first, size_t count)
{
    size_t mark = bram_scratch_mark(cx), *index = bram_scratch(cx, count, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) index[i] = first + i;
    int status = bram_axis_take(cx, out, all, index, count);
    bram_scratch_release(cx, mark);
    return status;
}

/* @param first  row of `all` where its images begin */
static int put_training(bram_ctx *cx, bram_dataset *ds, const struct region *r, size_t first,
                        const bram_axis *all)
{
    char *training = bram_strf(cx, "%s_training", r->name);
    bram_axis *row = NULL, *neuron = NULL;
    if (!training) return BRAM_ENOMEM;
    int status = set_axis(cx, &row, all, first, trained(r));
    if (status == BRAM_OK) status = bram_intake_numbered(cx, &neuron, "neuron", r->neurons, "", 0);
    if (status == BRAM_OK)
        status = put_array(cx, ds, "responses", training, r->training, row, neuron, r->name);
    else bram_axis_free(row);
    bram_free(training);
    return status;
}

static int put_pixels(bram_ctx *cx, bram_dataset *ds, const struct region *r, const bram_axis *all)
{
    bram_axis *row = NULL, *pixel = NULL;
    BRAM_TRY(set_axis(cx, &row, all, 0, r->images));
    int status = bram_axis_new(cx, &pixel, "pixel", r->pixels->info.shape[1]);
    if (status == BRAM_OK)
        return put_array(cx, ds, "stimuli/features", "pixels", r->pixels, row, pixel, NULL);
    bram_axis_free(row);
    return status;
}

/* The same as pictures, where they are square and millionths of levels: as they were shown. */
static int put_pictures(bram_ctx *cx, bram_dataset *ds, const struct region *r,
                        const bram_axis *all)
{
    size_t n = r->pixels->info.shape[1], side = (size_t)lrint(sqrt((double)n));
    const double *value = r->pixels->values;
    bram_axis *row = NULL;
    bram_response *out = NULL;
    for (size_t k = 0; k < r->images * n; k++)
        if (fabs(value[k] * 1e6 - rint(value[k] * 1e6)) > 1e-6 || value[k] < 0 ||
            value[k] > 255.5e-6)
            return BRAM_OK;
    if (side * side != n) return BRAM_OK;
    BRAM_TRY(set_axis(cx, &row, all, 0, r->images));
    int status = bram_pictures_new(cx, &out, "scenes", row, side, side, 1);
    bram_axis_free(row);
    BRAM_TRY(status);
    for (size_t k = 0; k < r->images * n; k++)
        bram_response_u8(out)[k] = (uint8_t)lrint(value[k] * 1e6);
    return bram_dataset_add(cx, ds, "stimuli/images", out);
}

/* The validation images are those of all regions. */
static int check_shared(bram_ctx *cx, const struct region *r, size_t regions)
{
    const struct array *first = r[0].pixels;
    for (size_t k = 1; k < regions; k++) {
        const struct array *own = r[k].pixels;
        if (r[k].images != r[0].images)
            return bram_fail(cx, BRAM_EFORMAT, "%s has %zu repeated images, %s %zu", r[0].name,
                             r[0].images, r[k].name, r[k].images);
        if (first && own &&
            (own->info.count != first->info.count ||
             memcmp(own->values, first->values, first->info.count * sizeof *first->values) != 0))
            return bram_fail(cx, BRAM_EFORMAT, "the images of %s and %s differ", r[0].name,
                             r[k].name);
    }
    return BRAM_OK;
}

static int put(bram_ctx *cx, bram_dataset *ds, const struct region *r, size_t regions)
{
    bram_axis *all = NULL;
    size_t first = r[0].images;
    const struct region *shown = r; /* the first that has the pixels */
    while (shown < r + regions - 1 && !shown->pixels) shown++;
    BRAM_TRY(check_shared(cx, r, regions));
    BRAM_TRY(name_images(cx, &all, first, r, regions));
    int status = bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(all));
    for (size_t k = 0; k < regions; first += trained(&r[k++])) {
        if (status == BRAM_OK) status = put_repeats(cx, ds, &r[k]);
        if (status == BRAM_OK && r[k].training) status = put_training(cx, ds, &r[k], first, all);
    }
    if (status == BRAM_OK && shown->pixels) status = put_pixels(cx, ds, shown, all);
    if (status == BRAM_OK && shown->pixels) status = put_pictures(cx, ds, shown, all);
    bram_axis_free(all);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

/* The folder that a file stands in, as one step of a path. */
static void name_region(char *out, size_t bytes, const char *path)
{
    const char *end = strrchr(path, '/'), *begin = end;
    while (begin && begin > path && begin[-1] != '/') begin--;
    size_t length = end ? (size_t)(end - begin) : 0;
    bool good = length && length < bytes && *begin != '.';
    for (size_t i = 0; good && i < length; i++)
        good = isalnum((unsigned char)begin[i]) || begin[i] == '_';
    snprintf(out, bytes, "%.*s", good ? (int)length : 6, good ? begin : "region");
}

static size_t folder_length(const char *path)
{
    const char *end = strrchr(path, '/');
    return end ? (size_t)(end - path) : 0;
}

static bool beside(const char *a, const char *b)
{
    size_t length = folder_length(a);
    return length == folder_length(b) && strncmp(a, b, length) == 0;
}

/* The files of the folder of file `first`; false where an earlier one stands there. */
static bool take_folder(bram_input *out, const char **path, const bram_input *input, size_t first)
{
    *out = (bram_input){.paths = path, .count = 0};
    for (size_t i = 0; i < input->count; i++) {
        if (!beside(input->paths[i], input->paths[first])) continue;
        if (i < first) return false;
        path[out->count++] = input->paths[i];
    }
    return true;
}

/* Regions in the order of their files, each read as far as `count` tells; release them all. */
static int read_regions(bram_ctx *cx, struct region *r, size_t *count, const bram_input *input)
{
    const char **path = bram_scratch(cx, input->count, sizeof *path);
    bram_input own;
    if (!path) return BRAM_ENOMEM;
    for (size_t i = 0; i < input->count; i++) {
        if (!take_folder(&own, path, input, i)) continue;
        if (*count == MOST_REGIONS)
            return bram_fail(cx, BRAM_EUSAGE, "found more than %d regions", MOST_REGIONS);
        struct region *next = &r[(*count)++];
        name_region(next->name, sizeof next->name, path[0]);
        BRAM_TRY(read_files(cx, next, &own));
        BRAM_TRY(tell_apart(cx, next));
        for (size_t k = 0; k + 1 < *count; k++)
            if (strcmp(r[k].name, next->name) == 0)
                return bram_fail(cx, BRAM_EUSAGE, "two folders are called %s", next->name);
    }
    return BRAM_OK;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    const char *region = bram_option_text(o, "region");
    size_t mark = bram_scratch_mark(cx), count = 0;
    struct region *r = bram_scratch(cx, MOST_REGIONS, sizeof *r);
    if (!r) return BRAM_ENOMEM;
    int status = read_regions(cx, r, &count, input);
    if (status == BRAM_OK && *region && count > 1)
        status = bram_fail(cx, BRAM_EUSAGE, "region=%s names one region, the files are of %zu",
                           region, count);
    if (status == BRAM_OK && *region) snprintf(r[0].name, sizeof r[0].name, "%s", region);
    if (status == BRAM_OK) status = put(cx, ds, r, count);
    for (size_t k = 0; k < count; k++) release(&r[k]);
    bram_scratch_release(cx, mark);
    return status;
}

/* The shapes come first: arrays that are no numbers are not read. */
static int check_arrays(bram_ctx *cx, const bram_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        bram_npy *a = NULL;
        int status = bram_npy_open(cx, &a, input->paths[i]);
        if (status == BRAM_OK && !bram_npy_is_numeric(a)) status = BRAM_EFORMAT;
        bram_npy_close(a);
        if (status != BRAM_OK) return status;
    }
    return BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    size_t mark = bram_scratch_mark(cx), count = 0;
    struct region *r = bram_scratch(cx, MOST_REGIONS, sizeof *r);
    bram_recognise(out, BRAM_NOT_MINE, "no arrays of repeats and of their mean");
    if (!r) return BRAM_ENOMEM;
    int status = input->count < 2 ? BRAM_EFORMAT : check_arrays(cx, input);
    if (status == BRAM_OK) status = read_regions(cx, r, &count, input);
    if (status == BRAM_OK)
        bram_recognise(out, BRAM_MINE,
                       ".npy of %zu repeats x %zu images x %zu neurons and its mean", r[0].repeats,
                       r[0].images, r[0].neurons);
    for (size_t k = 0; k < count; k++) release(&r[k]);
    bram_scratch_release(cx, mark);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

const bram_loader bram_loader_antolik2016 = {
    .name = "antolik2016",
    .summary = "mouse V1, two-photon: natural images, a repeated set and single trials",
    .citation = "Antolik et al. 2016, PLoS Computational Biology 12:e1004927",
    .doi = "10.1371/journal.pcbi.1004927",
    .licence = "not stated",
    .reads =
        ".npy: training_set, validation_set, raw_validation_set, validation_inputs of each region",
    .version = 4,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_NPY,
};
