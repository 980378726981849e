/*
 * nsd_files.c - the files of a subject of the Natural Scenes Dataset; see nsd.h and nsd.c.
 */
#include "nsd.h"

#include "csvfile.h"
#include "gz.h"
#include "intake.h"
#include "matlab_fields.h"
#include "names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char betas[] = "betas", brick[] = "imgBrick";

/* ---- which file is what --------------------------------------------------------------------- */

static const char *last_step(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* NN of betas_sessionNN; 0: none. */
static size_t session_number(const char *path)
{
    const char *at = strstr(last_step(path), "session");
    long number = at ? strtol(at + strlen("session"), NULL, 10) : 0;
    return number >= 1 && number <= BRAM_NSD_SESSIONS ? (size_t)number : 0;
}

static bool is_nifti(const char *path)
{
    unsigned char head[352] = {0};
    size_t n = bram_gz_peek(path, head, sizeof head);
    return n == sizeof head &&
           (memcmp(head + 344, "n+1", 4) == 0 || memcmp(head + 344, "ni1", 4) == 0);
}

static bool is_stimulus_table(const char *path)
{
    char head[2000];
    size_t n = bram_gz_peek(path, head, sizeof head - 1);
    head[n] = 0;
    head[strcspn(head, "\r\n")] = 0;
    return strstr(head, "nsdId") && strstr(head, "subject1_rep0");
}

/* Whether HDF5 has betas of four dimensions, whole numbers. */
static int has_betas(bram_ctx *cx, bool *out, const char *path)
{
    bram_h5 *file = NULL;
    bram_h5_info info = {.rank = 0};
    *out = false;
    int status = bram_h5_probe(path) ? bram_h5_open(cx, &file, path) : BRAM_EFORMAT;
    if (status == BRAM_OK && bram_h5_exists(bram_h5_root(file), betas))
        status = bram_h5_info_of(cx, &info, bram_h5_root(file), betas);
    *out = status == BRAM_OK && info.rank == 4 && info.type == BRAM_H5_INTEGER;
    bram_h5_close(file);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

int bram_nsd_recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bool mine = false;
    bram_recognise(out, BRAM_NOT_MINE, "no HDF5 with betas trial x z x y x x");
    for (size_t i = 0; i < input->count && !mine; i++)
        BRAM_TRY(has_betas(cx, &mine, input->paths[i]));
    return mine ? bram_recognise(out, BRAM_MINE, "HDF5 with betas trial x z x y x x") : BRAM_OK;
}

int bram_nsd_belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    bram_h5 *file = NULL;
    bool pictures = false;
    int status = bram_h5_probe(path) ? bram_h5_open(cx, &file, path) : BRAM_EFORMAT;
    if (status == BRAM_OK) pictures = bram_h5_exists(bram_h5_root(file), brick);
    bram_h5_close(file);
    if (status == BRAM_ENOMEM) return status;
    if (pictures) return bram_recognise(out, BRAM_MINE, "HDF5 with imgBrick");
    if (is_stimulus_table(path))
        return bram_recognise(out, BRAM_MINE, "a table with nsdId and subject1_rep0");
    return is_nifti(path) ? bram_recognise(out, BRAM_MINE, "a volume (NIfTI)") : BRAM_OK;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static int set_sides(bram_ctx *cx, bram_nsd *n, const char *path, const size_t side[3])
{
    if (!n->voxels) {
        for (size_t d = 0; d < 3; d++) n->side[d] = side[d];
        n->voxels = side[0] * side[1] * side[2];
    }
    if (n->side[0] == side[0] && n->side[1] == side[1] && n->side[2] == side[2]) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: found a grid of %zu x %zu x %zu voxels, the first file "
                     "has %zu x %zu x %zu",
                     path, side[0], side[1], side[2], n->side[0], n->side[1], n->side[2]);
}

static int add_session(bram_ctx *cx, bram_nsd *n, const char *path, size_t trials)
{
    size_t number = session_number(path), at = n->sessions;
    if (!number)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: the name has no sessionNN of 1 to %d, which nothing "
                         "else in an NSD file tells",
                         path, BRAM_NSD_SESSIONS);
    if (trials < 1 || trials > BRAM_NSD_TRIALS)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found %zu trials, expected %d or fewer", path,
                         trials, BRAM_NSD_TRIALS);
    for (size_t k = 0; k < n->sessions; k++)
        if (n->session[k].number == number)
            return bram_fail(cx, BRAM_EFORMAT, "%s: found a second session %zu", path, number);
    while (at && n->session[at - 1].number > number) {
        n->session[at] = n->session[at - 1];
        at--;
    }
    n->session[at] = (bram_nsd_session){
        .path = path, .number = number, .trials = trials, .first = (number - 1) * BRAM_NSD_TRIALS};
    n->sessions++;
    return BRAM_OK;
}

static int add_h5_session(bram_ctx *cx, bram_nsd *n, const char *path)
{
    bram_h5 *file = NULL;
    bram_h5_info info = {.rank = 0};
    BRAM_TRY(bram_h5_open(cx, &file, path));
    int status = bram_h5_measure(cx, &info, bram_h5_root(file), betas);
    bram_h5_close(file);
    BRAM_TRY(status);
    if (info.rank != 4 || !info.elements || info.type != BRAM_H5_INTEGER)
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: betas: found %u dimensions of %s, expected whole numbers, trial x z x y "
            "x x",
            path, info.rank, info.type == BRAM_H5_INTEGER ? "whole numbers" : "others");
    const size_t side[] = {info.dims[3], info.dims[2], info.dims[1]};
    BRAM_TRY(set_sides(cx, n, path, side));
    return add_session(cx, n, path, info.dims[0]);
}

int bram_nsd_session_open(bram_ctx *cx, bram_nsd_session *s)
{
    if (bram_h5_probe(s->path)) return bram_h5_open(cx, &s->file, s->path);
    return bram_nifti_read(cx, &s->volumes, s->path);
}

void bram_nsd_session_close(bram_nsd_session *s)
{
    bram_h5_close(s->file);
    bram_volumes_release(&s->volumes);
    s->file = NULL;
    s->volumes = (bram_volumes){.count = 0};
}

int bram_nsd_slice(bram_ctx *cx, const bram_nsd *n, const bram_nsd_session *s, size_t z,
                   double *out)
{
    size_t nx = n->side[0], ny = n->side[1], nz = n->side[2];
    if (s->file)
        return bram_h5_slab_double(cx, out, bram_h5_root(s->file), betas, (uint64_t[]){0, z, 0, 0},
                                   (uint64_t[]){s->trials, 1, ny, nx});
    for (size_t t = 0; t < s->trials; t++)
        for (size_t y = 0; y < ny; y++)
            for (size_t x = 0; x < nx; x++)
                out[(t * ny + y) * nx + x] = s->volumes.values[((t * nx + x) * ny + y) * nz + z];
    return BRAM_OK;
}

/* ---- volumes -------------------------------------------------------------------------------- */

/* "lh.prf-visualrois.nii.gz" is lh.prf-visualrois and the column lh_prf_visualrois. */
static void name_map(bram_nsd_map *m, const char *path)
{
    snprintf(m->name, sizeof m->name, "%s", last_step(path));
    char *end = strstr(m->name, ".nii");
    if (end) *end = 0;
    size_t n = 0;
    for (; m->name[n]; n++) {
        char c = m->name[n];
        bool upper = c >= 'A' && c <= 'Z', good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        m->column[n] = (char)(upper ? c - 'A' + 'a' : good ? c : '_');
    }
    m->column[n] = 0;
}

static int add_map(bram_ctx *cx, bram_nsd *n, const char *path, const bram_volumes *v)
{
    bram_nsd_map *m = &n->map[n->maps];
    size_t nx = v->dims[0], ny = v->dims[1], nz = v->dims[2];
    BRAM_TRY(set_sides(cx, n, path, v->dims));
    if (n->maps == BRAM_NSD_MAPS)
        return bram_fail(cx, BRAM_EUSAGE, "%s: found more than %d volumes", path, BRAM_NSD_MAPS);
    name_map(m, path);
    if (!bram_name_is_identifier(m->column))
        return bram_fail(cx, BRAM_EFORMAT, "%s: the name of a volume must begin with a letter",
                         path);
    if (bram_nsd_find_map(n, m->name))
        return bram_fail(cx, BRAM_EFORMAT, "%s: found a second volume %s", path, m->name);
    if (!(m->value = bram_scratch(cx, n->voxels, sizeof *m->value))) return BRAM_ENOMEM;
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < ny; y++)
            for (size_t x = 0; x < nx; x++) {
                double value = v->values[(x * ny + y) * nz + z];
                m->value[(z * ny + y) * nx + x] = isfinite(value) ? value : (double)NAN;
            }
    n->maps++;
    return BRAM_OK;
}

/* Many volumes are a session, one is a map. */
static int add_nifti(bram_ctx *cx, bram_nsd *n, const char *path)
{
    bram_volumes v = {.count = 0};
    BRAM_TRY(bram_nifti_read(cx, &v, path));
    int status = v.count == 1 ? add_map(cx, n, path, &v) : set_sides(cx, n, path, v.dims);
    if (status == BRAM_OK && v.count > 1) status = add_session(cx, n, path, v.count);
    bram_volumes_release(&v);
    return status;
}

const bram_nsd_map *bram_nsd_find_map(const bram_nsd *n, const char *name)
{
    for (size_t k = 0; k < n->maps; k++)
        if (strcmp(n->map[k].name, name) == 0) return &n->map[k];
    return NULL;
}

/* ---- trials --------------------------------------------------------------------------------- */

enum { REPEATS = 3, ALL_TRIALS = BRAM_NSD_SESSIONS * BRAM_NSD_TRIALS };

/* Whether the betas of a trial are among the files. */
static bool is_measured(const bram_nsd *n, size_t trial)
{
    for (size_t k = 0; k < n->sessions; k++)
        if (trial >= n->session[k].first && trial - n->session[k].first < n->session[k].trials)
            return true;
    return false;
}

struct table {
    bram_csv *csv;
    size_t nsd, shared, rep[REPEATS];
    ptrdiff_t coco, split;
};

static int find_columns(bram_ctx *cx, struct table *t, int64_t subject)
{
    char name[40];
    BRAM_TRY(bram_csv_column(cx, t->csv, "nsdId", &t->nsd));
    BRAM_TRY(bram_csv_column(cx, t->csv, "shared1000", &t->shared));
    for (size_t r = 0; r < REPEATS; r++) {
        snprintf(name, sizeof name, "subject%d_rep%zu", (int)subject, r);
        BRAM_TRY(bram_csv_column(cx, t->csv, name, &t->rep[r]));
    }
    t->coco = bram_csv_find(t->csv, "cocoId");
    t->split = bram_csv_find(t->csv, "cocoSplit");
    return BRAM_OK;
}

/* Trial of a cell, from 0; -1: not shown, or not measured. */
static int read_trial(bram_ctx *cx, const bram_nsd *n, const struct table *t, size_t row, size_t r,
                      ptrdiff_t *out)
{
    int64_t trial;
    *out = -1;
    BRAM_TRY(bram_csv_integer(cx, t->csv, row, t->rep[r], &trial));
    if (trial < 0 || trial > ALL_TRIALS)
        return bram_fail(cx, BRAM_EFORMAT,
                         "line %zu: %s is %lld, expected a trial of 1 to %d, or 0",
                         bram_csv_line(t->csv, row), bram_csv_name(t->csv, t->rep[r]),
                         (long long)trial, ALL_TRIALS);
    if (trial && is_measured(n, (size_t)trial - 1)) *out = (ptrdiff_t)trial - 1;
    return BRAM_OK;
}

/* An image with trials among the sessions becomes a stimulus. */
static int add_image(bram_ctx *cx, bram_nsd *n, const struct table *t, size_t row)
{
    size_t seen = 0;
    for (size_t r = 0; r < REPEATS; r++) {
        ptrdiff_t trial;
        BRAM_TRY(read_trial(cx, n, t, row, r, &trial));
        if (trial < 0) continue;
        if (n->trial[trial].stimulus >= 0)
            return bram_fail(cx, BRAM_EFORMAT, "line %zu: trial %zd is of an earlier image, too",
                             bram_csv_line(t->csv, row), trial + 1);
        n->trial[trial] = (bram_nsd_trial){(ptrdiff_t)n->stimuli, seen++};
    }
    if (!seen) return BRAM_OK;
    if (seen > n->repeats) n->repeats = seen;
    BRAM_TRY(bram_csv_integer(cx, t->csv, row, t->nsd, &n->nsd[n->stimuli]));
    const char *shared = bram_csv_text(t->csv, row, t->shared);
    bool all = strcmp(shared, "True") == 0 || strcmp(shared, "1") == 0 ||
               strcmp(shared, "true") == 0;
    n->set[n->stimuli] = all ? "shared1000" : "own";
    n->coco[n->stimuli] = -1;
    if (t->coco >= 0)
        BRAM_TRY(bram_csv_integer(cx, t->csv, row, (size_t)t->coco, &n->coco[n->stimuli]));
    char *split = bram_scratch(cx, 16, 1);
    if (!split) return BRAM_ENOMEM;
    snprintf(split, 16, "%s", t->split >= 0 ? bram_csv_text(t->csv, row, (size_t)t->split) : "");
    n->split[n->stimuli++] = split;
    return BRAM_OK;
}

static int read_stimuli(bram_ctx *cx, bram_nsd *n, const char *path, int64_t subject)
{
    struct table t = {.csv = NULL};
    BRAM_TRY(bram_csv_read(cx, &t.csv, path, &(bram_csv_options){.header = true}));
    size_t rows = bram_csv_rows(t.csv);
    int status = find_columns(cx, &t, subject);
    n->trial = bram_scratch(cx, ALL_TRIALS, sizeof *n->trial);
    n->nsd = bram_scratch(cx, rows, sizeof *n->nsd);
    n->coco = bram_scratch(cx, rows, sizeof *n->coco);
    n->set = bram_scratch(cx, rows, sizeof *n->set);
    n->split = bram_scratch(cx, rows, sizeof *n->split);
    if (status == BRAM_OK && (!n->trial || !n->nsd || !n->coco || !n->set || !n->split))
        status = BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < ALL_TRIALS; i++) n->trial[i].stimulus = -1;
    for (size_t i = 0; status == BRAM_OK && i < rows; i++) status = add_image(cx, n, &t, i);
    bram_csv_free(t.csv);
    if (status == BRAM_OK && !n->stimuli)
        status = bram_fail(cx, BRAM_EFORMAT, "no image was shown in the sessions that are given");
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

/* The design says the same of every trial that is measured, or one of the two is not this
 * subject's. */
static int compare_design(bram_ctx *cx, const bram_nsd *n, bram_matlab *file, int64_t subject)
{
    bram_matlab_value *v = NULL;
    double *order = NULL, *image = NULL;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "masterordering"));
    BRAM_TRY(bram_matlab_exactly(cx, &order, v, ALL_TRIALS, "one for each trial"));
    int status = bram_matlab_variable(cx, &v, file, "subjectim");
    if (status == BRAM_OK)
        status = bram_matlab_exactly(cx, &image, v, 8 * 10000, "8 subjects x 10000 images");
    for (size_t t = 0; status == BRAM_OK && t < ALL_TRIALS; t++) {
        if (n->trial[t].stimulus < 0) continue;
        double which = order[t];
        double nsd = which >= 1 && which <= 10000
                         ? image[((size_t)which - 1) * 8 + (size_t)subject - 1] - 1
                         : -1;
        if (nsd != (double)n->nsd[n->trial[t].stimulus])
            status = bram_fail(cx, BRAM_EFORMAT,
                               "trial %zu of subject %d shows image %.0f by the "
                               "design and %lld by the stimulus table",
                               t + 1, (int)subject, nsd, (long long)n->nsd[n->trial[t].stimulus]);
    }
    bram_free(order);
    bram_free(image);
    return status;
}

static int read_design(bram_ctx *cx, const bram_nsd *n, const char *path, int64_t subject)
{
    bram_matlab *file = NULL;
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    int status = compare_design(cx, n, file, subject);
    bram_matlab_close(file);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

int bram_nsd_stimuli(bram_ctx *cx, bram_axis **out, const bram_nsd *n)
{
    const char **id = bram_shown_numbers(cx, n->stimuli, "nsd-", 5, n->nsd);
    const bram_field fields[] = {{"set", .text = n->set},
                                 {"coco_id", .integer = n->coco},
                                 {"coco_split", .text = n->split},
                                 {NULL}};
    return id ? bram_shown_axis(cx, out, "stimulus", n->stimuli, id, fields) : BRAM_ENOMEM;
}

/* ---- pictures ------------------------------------------------------------------------------- */

/* nsd_stimuli.hdf5: imgBrick is image x row x column x channel, levels 0 to 255. */
struct pictures {
    bram_h5 *file;
    int64_t *image; /* of each stimulus */
};

static int read_pictures(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                         double *values, uint8_t *present)
{
    const struct pictures *p = state;
    size_t each = count[1] * count[2] * count[3];
    for (size_t i = 0; i < count[0]; i++)
        BRAM_TRY(bram_h5_slab_double(
            cx, values + i * each, bram_h5_root(p->file), brick,
            (uint64_t[]){(uint64_t)p->image[start[0] + i], start[1], start[2], start[3]},
            (uint64_t[]){1, count[1], count[2], count[3]}));
    if (present) memset(present, 1, count[0] * each);
    return BRAM_OK;
}

static void release_pictures(void *state)
{
    struct pictures *p = state;
    if (!p) return;
    bram_h5_close(p->file);
    bram_free(p->image);
    bram_free(p);
}

static int open_pictures(bram_ctx *cx, struct pictures *p, const bram_nsd *n, bram_h5_info *info)
{
    BRAM_TRY(bram_h5_open(cx, &p->file, n->pictures));
    BRAM_TRY(bram_h5_measure(cx, info, bram_h5_root(p->file), brick));
    if (info->rank != 4 || !info->elements || info->dims[3] != 3 || info->type != BRAM_H5_INTEGER ||
        info->element_size != 1)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: imgBrick: found %u dimensions of %zu bytes, expected "
                         "image x row x column x 3 of levels",
                         n->pictures, info->rank, info->element_size);
    if (!(p->image = bram_alloc(cx, n->stimuli, sizeof *p->image))) return BRAM_ENOMEM;
    for (size_t i = 0; i < n->stimuli; i++) {
        p->image[i] = n->nsd[i];
        if (n->nsd[i] < 0 || (uint64_t)n->nsd[i] >= info->dims[0])
            return bram_fail(cx, BRAM_EFORMAT, "%s: imgBrick: no image %lld among %llu",
                             n->pictures, (long long)n->nsd[i], (unsigned long long)info->dims[0]);
    }
    return BRAM_OK;
}

/* Takes p over. */
static int add_pictures(bram_ctx *cx, bram_dataset *ds, struct pictures *p,
                        const bram_axis *stimulus, const bram_h5_info *info)
{
    static const char *const name[] = {"row", "column", "channel"};
    bram_axis *axis[4] = {bram_axis_ref(stimulus), NULL, NULL, NULL};
    bram_response *r = NULL;
    int status = BRAM_OK;
    for (size_t d = 1; status == BRAM_OK && d < 4; d++)
        status = bram_axis_new(cx, &axis[d], name[d - 1], info->dims[d]);
    if (status == BRAM_OK)
        status = bram_response_from_reader(
            cx, &r, "images", BRAM_U8, 4, (const bram_axis *const *)axis,
            (bram_reader){read_pictures, release_pictures, p, false});
    else release_pictures(p);
    for (size_t d = 0; d < 4; d++) bram_axis_free(axis[d]);
    return status == BRAM_OK ? bram_dataset_add(cx, ds, "stimuli/images", r) : status;
}

int bram_nsd_put_pictures(bram_ctx *cx, bram_dataset *ds, const bram_nsd *n,
                          const bram_axis *stimulus)
{
    bram_h5_info info;
    if (!n->pictures) return BRAM_OK;
    struct pictures *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    int status = open_pictures(cx, p, n, &info);
    if (status == BRAM_OK) return add_pictures(cx, ds, p, stimulus, &info);
    release_pictures(p);
    return status;
}

/* ---- all of them ---------------------------------------------------------------------------- */

static int take_one(bram_ctx *cx, const char **to, const char *path, const char *what)
{
    if (*to) return bram_fail(cx, BRAM_EFORMAT, "%s: found a second %s", path, what);
    *to = path;
    return BRAM_OK;
}

/* HDF5 is betas, or the design in MATLAB 7.3. */
static int take_h5(bram_ctx *cx, bram_nsd *n, const char *path, const char **design)
{
    bram_h5 *file = NULL;
    BRAM_TRY(bram_h5_open(cx, &file, path));
    bool ordering = bram_h5_exists(bram_h5_root(file), "masterordering"),
         pictures = bram_h5_exists(bram_h5_root(file), brick);
    bram_h5_close(file);
    if (pictures) return take_one(cx, &n->pictures, path, "file of pictures");
    return ordering ? take_one(cx, design, path, "design") : add_h5_session(cx, n, path);
}

static int take_file(bram_ctx *cx, bram_nsd *n, const char *path, const char **table,
                     const char **design)
{
    char head[6] = "";
    size_t size = bram_gz_peek(path, head, sizeof head);
    if (bram_h5_probe(path)) return take_h5(cx, n, path, design);
    if (is_nifti(path)) return add_nifti(cx, n, path);
    if (is_stimulus_table(path)) return take_one(cx, table, path, "table of stimuli");
    if (size == sizeof head && memcmp(head, "MATLAB", size) == 0)
        return take_one(cx, design, path, "design");
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: expected betas (HDF5, NIfTI), a volume (NIfTI), the table "
                     "of stimuli or nsd_expdesign.mat",
                     path);
}

int bram_nsd_read(bram_ctx *cx, bram_nsd *out, const bram_input *input, int64_t subject)
{
    const char *table = NULL, *design = NULL;
    if (subject < 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "whose betas are these? --source nsd:subject=1 (to 8) says "
                         "so; the files do not");
    for (size_t i = 0; i < input->count; i++)
        BRAM_TRY(take_file(cx, out, input->paths[i], &table, &design));
    if (!out->sessions || !table)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu sessions of betas and %s table of stimuli, "
                         "expected both (nsd_stim_info_merged.csv)",
                         input->paths[0], out->sessions, table ? "a" : "no");
    BRAM_TRY(read_stimuli(cx, out, table, subject));
    return design ? read_design(cx, out, design, subject) : BRAM_OK;
}

void bram_nsd_release(bram_nsd *n)
{
    for (size_t k = 0; k < n->sessions; k++) bram_nsd_session_close(&n->session[k]);
}
