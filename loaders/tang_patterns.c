/*
 * tang_patterns.c - mean responses of neurons of awake macaque V1 to 9500 binary patterns (data of
 * S. Tang and T. S. Lee): an archive of the pictures, N.png for stimulus N, and one .npy of 9500 x
 * 1 for each neuron.
 *
 * The pictures recognise the set; an array is told by its shape and called as its file, which is
 * the only place that says which neuron it is. Some pictures are there twice: `image` tells. The
 * order of the stimuli is not exchangeable (responses drift), so a random split flatters: `block`
 * numbers stretches of 500 stimuli to cut folds by; no picture is in two of them.
 */
#include "intake.h"
#include "intake_responses.h"

#include "archivefile.h"
#include "gz.h"
#include "hash.h"
#include "image.h"
#include "npy.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERNS = 9500, SIDE = 160, BLOCK = 500, NAME_BYTES = 64 };

static const bram_param params[] = {
    {"side", BRAM_PARAM_INTEGER, "160", NULL, 2, SIDE,
     "keep a square of this side in the middle of each picture; 160: all of it"},
    {.name = NULL}};

struct neuron {
    char name[NAME_BYTES];
    double *values; /* PATTERNS */
};

struct patterns {
    const char *archive;
    struct neuron *neuron;
    size_t neurons, side;
    uint8_t *levels;          /* PATTERNS x side x side */
    char (*hash)[65];         /* of whole pictures */
    char (*file)[NAME_BYTES]; /* their names in the archive */
};

static void release(struct patterns *p)
{
    for (size_t i = 0; i < p->neurons; i++) bram_free(p->neuron[i].values);
    bram_free(p->neuron);
    bram_free(p->levels);
    bram_free(p->hash);
    bram_free(p->file);
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* The number of "folder/17.png", or 0. */
static size_t number_of(const char *name)
{
    const char *slash = strrchr(name, '/'), *digits = slash ? slash + 1 : name;
    char *end;
    if (!isdigit((unsigned char)*digits) || *digits == '0') return 0;
    unsigned long number = strtoul(digits, &end, 10);
    return strcmp(end, ".png") == 0 && number <= PATTERNS ? number : 0;
}

/* The middle of a picture, and the hash of all of it. */
static int take_picture(bram_ctx *cx, struct patterns *p, size_t at, const bram_image *image)
{
    unsigned char all[SIDE * SIDE];
    size_t first = (SIDE - p->side) / 2;
    if (image->rows != SIDE || image->cols != SIDE || image->channels != 1)
        return bram_fail(cx, BRAM_EFORMAT,
                         "picture %zu is %zu x %zu with %zu channels, expected a "
                         "grey one of %d x %d",
                         at + 1, image->rows, image->cols, image->channels, SIDE, SIDE);
    for (size_t i = 0; i < SIDE * SIDE; i++) all[i] = (unsigned char)lrintf(255 * image->values[i]);
    for (size_t y = 0; y < p->side; y++)
        memcpy(p->levels + (at * p->side + y) * p->side, all + (first + y) * SIDE + first, p->side);
    return bram_sha256(cx, p->hash[at], all, sizeof all);
}

static int read_picture(bram_ctx *cx, struct patterns *p, bram_archive *a, const char *name)
{
    size_t size, number = number_of(name);
    unsigned char *bytes;
    bram_image image = {.values = NULL};
    if (!number)
        return bram_fail(cx, BRAM_EFORMAT, "found %s in the archive, expected 1.png to %d.png",
                         name, PATTERNS);
    if (*p->file[number - 1]) return bram_fail(cx, BRAM_EFORMAT, "%s is there twice", name);
    snprintf(p->file[number - 1], NAME_BYTES, "%.*s", NAME_BYTES - 1, name);
    BRAM_TRY(bram_archive_take(cx, a, &bytes, &size, 1 << 20));
    int status = bram_image_decode(cx, &image, bytes, size, name);
    bram_free(bytes);
    if (status == BRAM_OK) status = take_picture(cx, p, number - 1, &image);
    bram_image_release(&image);
    return status;
}

static int read_pictures(bram_ctx *cx, struct patterns *p)
{
    bram_archive *a = NULL;
    const char *name = "";
    p->levels = bram_alloc(cx, PATTERNS * p->side * p->side, 1);
    p->hash = bram_alloc(cx, PATTERNS, sizeof *p->hash);
    p->file = bram_alloc(cx, PATTERNS, sizeof *p->file);
    if (!p->levels || !p->hash || !p->file) return BRAM_ENOMEM;
    BRAM_TRY(bram_archive_open(cx, &a, p->archive));
    int status = bram_archive_next(cx, a, &name);
    while (status == BRAM_OK && name) {
        status = read_picture(cx, p, a, name);
        if (status == BRAM_OK) status = bram_archive_next(cx, a, &name);
    }
    bram_archive_close(a);
    for (size_t i = 0; status == BRAM_OK && i < PATTERNS; i++)
        if (!*p->file[i])
            status = bram_fail(cx, BRAM_EFORMAT, "%zu.png is not in the archive", i + 1);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "%s", p->archive);
}

/* ---- neurons --------------------------------------------------------------------------------- */

static bool is_neuron(const bram_npy_info *info)
{
    return info->dims == 2 && info->shape[0] == PATTERNS && info->shape[1] == 1;
}

static int read_neuron(bram_ctx *cx, struct patterns *p, const char *path)
{
    struct neuron *n = &p->neuron[p->neurons];
    bram_npy_info info;
    BRAM_TRY(bram_npy_load(cx, &n->values, &info, path));
    p->neurons++;
    bram_intake_id(n->name, sizeof n->name, path, "");
    if (!is_neuron(&info))
        return bram_fail(cx, BRAM_EFORMAT, "%s: an array of another shape than %d x 1", path,
                         PATTERNS);
    for (size_t i = 0; i < PATTERNS; i++)
        if (!isfinite(n->values[i]))
            return bram_fail(cx, BRAM_EFORMAT, "%s: value %zu is %g, expected a number", path, i,
                             n->values[i]);
    return BRAM_OK;
}

/* neu75 before neu255. */
static int by_name(const void *a, const void *b)
{
    const char *x = ((const struct neuron *)a)->name, *y = ((const struct neuron *)b)->name;
    size_t m = strlen(x), n = strlen(y);
    return m != n ? (m > n) - (m < n) : strcmp(x, y);
}

/* .npy, or the archive. */
static bool is_array(const char *path)
{
    char head[6];
    return bram_gz_peek(path, head, sizeof head) == sizeof head && !memcmp(head, "\x93NUMPY", 6);
}

static int read_files(bram_ctx *cx, struct patterns *p, const bram_input *input)
{
    p->neuron = bram_alloc(cx, input->count, sizeof *p->neuron);
    if (!p->neuron) return BRAM_ENOMEM;
    for (size_t i = 0; i < input->count; i++) {
        if (is_array(input->paths[i])) {
            BRAM_TRY(read_neuron(cx, p, input->paths[i]));
            continue;
        }
        if (p->archive)
            return bram_fail(cx, BRAM_EFORMAT, "two archives of pictures, expected one");
        p->archive = input->paths[i];
    }
    if (!p->archive)
        return bram_fail(cx, BRAM_EFORMAT, "no archive of the pictures 1.png to %d.png", PATTERNS);
    if (!p->neurons)
        return bram_fail(cx, BRAM_EFORMAT, "no array of %d x 1: the responses of a neuron",
                         PATTERNS);
    qsort(p->neuron, p->neurons, sizeof *p->neuron, by_name);
    return read_pictures(cx, p);
}

/* ---- putting --------------------------------------------------------------------------------- */

static int stimulus_axis(bram_ctx *cx, bram_axis **out, const struct patterns *p)
{
    bram_axis *axis = NULL;
    size_t mark = bram_scratch_mark(cx);
    int64_t *block = bram_scratch(cx, PATTERNS, sizeof *block);
    const char **file = bram_scratch(cx, PATTERNS, sizeof *file);
    if (!block || !file) return BRAM_ENOMEM;
    for (size_t i = 0; i < PATTERNS; i++) block[i] = (int64_t)(i / BLOCK) + 1;
    int status = bram_intake_numbered(cx, &axis, "stimulus", PATTERNS, "pattern-", 4);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "block", block);
    for (size_t i = 0; i < PATTERNS; i++) file[i] = p->file[i];
    if (status == BRAM_OK)
        status = bram_intake_same_pictures(cx, axis, (const char(*)[65])p->hash, file);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int neuron_axis(bram_ctx *cx, bram_axis **out, const struct patterns *p)
{
    const char **id = bram_scratch(cx, p->neurons, sizeof *id);
    bram_axis *axis = NULL;
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < p->neurons; i++) id[i] = p->neuron[i].name;
    int status = bram_axis_new(cx, &axis, "neuron", p->neurons);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int put_responses(bram_ctx *cx, bram_dataset *ds, const struct patterns *p,
                         const bram_axis *stimulus)
{
    double *values = bram_alloc(cx, PATTERNS * p->neurons, sizeof *values);
    bram_presented r = {.id = "V1",
                        .values = values,
                        .unit = "1",
                        .species = "Macaca",
                        .signal = "mean two-photon response",
                        .area = "V1"};
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < PATTERNS; i++)
        for (size_t u = 0; u < p->neurons; u++) values[i * p->neurons + u] = p->neuron[u].values[i];
    int status = neuron_axis(cx, &r.neuron, p);
    r.stimulus = bram_axis_ref(stimulus);
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &r);
    else bram_axis_free(r.stimulus);
    bram_free(values);
    return status;
}

static int put(bram_ctx *cx, bram_dataset *ds, const struct patterns *p)
{
    bram_axis *stimulus = NULL;
    BRAM_TRY(stimulus_axis(cx, &stimulus, p));
    int status = bram_dataset_add_table(cx, ds, "stimuli", bram_axis_ref(stimulus));
    if (status == BRAM_OK) status = put_responses(cx, ds, p, stimulus);
    if (status == BRAM_OK)
        status = bram_intake_pictures(cx, ds, "patterns", stimulus, p->levels, p->side, p->side);
    bram_axis_free(stimulus);
    return status;
}

/* ---- the loader ------------------------------------------------------------------------------ */

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct patterns p = {.side = (size_t)bram_option_integer(o, "side")};
    size_t mark = bram_scratch_mark(cx);
    int status = read_files(cx, &p, input);
    if (status == BRAM_OK) status = put(cx, ds, &p);
    release(&p);
    bram_scratch_release(cx, mark);
    return status;
}

/* Whether an archive has 1.png to 9500.png and nothing else. */
static int look_into(bram_ctx *cx, bool *out, const char *path)
{
    char **names = NULL;
    size_t count = 0, found = 0;
    bool *there = bram_scratch(cx, PATTERNS, sizeof *there);
    *out = false;
    if (!there) return BRAM_ENOMEM;
    int status = bram_archive_list(cx, path, &names, &count);
    for (size_t i = 0; status == BRAM_OK && i < count && count == PATTERNS; i++) {
        size_t number = number_of(names[i]);
        if (!number || there[number - 1]) break;
        there[number - 1] = true;
        found++;
    }
    bram_free(names);
    *out = found == PATTERNS;
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    bram_npy *a = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no array of %d x 1", PATTERNS);
    int status = is_array(path) ? bram_npy_open(cx, &a, path) : BRAM_EFORMAT;
    if (status == BRAM_OK && bram_npy_is_numeric(a) && is_neuron(bram_npy_describe(a)))
        bram_recognise(out, BRAM_MINE, "an array of %d x 1: a neuron's responses to the patterns",
                       PATTERNS);
    bram_npy_close(a);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

/* One archive; what else is there are its neurons. */
static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    size_t archives = 0;
    bram_recognise(out, BRAM_NOT_MINE, "no archive of the pictures 1.png to %d.png", PATTERNS);
    for (size_t i = 0; i < input->count; i++) {
        bram_recognition r;
        bool found;
        BRAM_TRY(belongs(cx, input->paths[i], &r));
        if (r.verdict == BRAM_MINE) continue;
        BRAM_TRY(look_into(cx, &found, input->paths[i]));
        if (!found) return BRAM_OK;
        archives++;
    }
    if (archives != 1) return BRAM_OK;
    return bram_recognise(out, BRAM_MINE, "an archive of the pictures 1.png to %d.png", PATTERNS);
}

const bram_loader bram_loader_tang_patterns = {
    .name = "tang-patterns",
    .summary = "macaque V1, two-photon: mean responses to 9500 binary patterns, with the pictures",
    .citation = "Wu et al. 2019, arXiv 1911.08241 (data of S. Tang and T. S. Lee)",
    .doi = "",
    .licence = "not stated",
    .reads = "an archive (.tar.gz, .zip) of N.png, and .npy of 9500 x 1 for each neuron",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_OTHER | BRAM_FORM_ZIP,
    .single = true,
    .apart = true,
    .belongs = belongs,
};
