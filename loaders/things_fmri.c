/*
 * things_fmri.c - fMRI responses to the THINGS images, one subject of THINGS-data (Hebart et al.
 * 2023): three files.
 *
 *   sub-XX_ResponseData.h5       a pandas table: a row a voxel, the column voxel_id, a column a
 * trial sub-XX_StimulusMetadata.csv  a row a trial: trial_type (train, test), session, run,
 * stimulus, concept sub-XX_VoxelMetadata.csv     a row a voxel: voxel_id, voxel_x, voxel_y,
 * voxel_z, nc_singletrial, nc_testset (0 to 100), prf-*, and a column of 0 and 1 for each region
 *
 * Test images (100 x 12) are responses/ID, training images (8640 x 1) ID_training. What pandas says
 * of its columns may be pickled; it is not needed: the block of numbers that has as many columns as
 * there are trials is the responses, in the order of the trials (of columns, for pandas keeps it).
 * Documented: the columns of the tables (the stimulus table of subject 1 was at hand); voxels as
 * rows. Assumed: names of the coordinates of voxels; that all columns of 0 and 1 are regions.
 * Memory: a block of voxels, 64 MiB.
 */
#include "csvfile.h"
#include "gz.h"
#include "h5.h"
#include "intake.h"
#include "names.h"
#include "shown.h"
#include "text_index.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"id", BRAM_PARAM_TEXT, "", NULL, 0, 0, "what the responses are called; default: the name"},
    {"nc_testset", BRAM_PARAM_REAL, "", NULL, 0, 100,
     "takes voxels whose noise ceiling of the test set is above this percentage"},
    {"nc_singletrial", BRAM_PARAM_REAL, "", NULL, 0, 100,
     "takes voxels whose noise ceiling of single trials is above this percentage"},
    {"regions", BRAM_PARAM_TEXT, "", NULL, 0, 0, "takes voxels of these regions: V1+V2; all"},
    {.name = NULL}};

enum { BLOCK_BYTES = 1 << 26, TRAINING = 0, TEST, SETS };

struct set {
    size_t stimuli, repeats;
    size_t *number; /* stimuli: of the subject */
    size_t *row;    /* of each stimulus of the subject */
    bram_fill *fill;
};

struct work {
    const bram_options *o;
    char id[128], values[400], ids[400]; /* paths within the HDF5 file; ids "": none */
    const char *path;
    bram_h5 *file;
    bram_csv *trial, *voxel;
    size_t trials, voxels, first; /* first: columns before those of the trials */
    size_t stimuli;
    const char **stimulus, **concept, **type, **image; /* stimuli */
    size_t *shown, *repeat;                            /* trials: which, the how manieth */
    struct set set[SETS];
    size_t *kept, units;
    int64_t *voxel_id; /* voxels */
    ptrdiff_t *meta;   /* voxels: row of the table of voxels; -1: none */
    char *words;
    bram_axis *neuron;
};

static int set_of(const char *type)
{
    return strcmp(type, "test") == 0 ? TEST : TRAINING;
}

/* ---- the three files ------------------------------------------------------------------------ */

static int take_table(bram_ctx *cx, struct work *w, const char *path)
{
    bram_csv *t = NULL;
    BRAM_TRY(bram_csv_read(cx, &t, path, &(bram_csv_options){.header = true}));
    bram_csv **to = bram_csv_find(t, "trial_type") >= 0 ? &w->trial
                    : bram_csv_find(t, "voxel_id") >= 0 ? &w->voxel
                                                        : NULL;
    if (to && !*to) {
        *to = t;
        return BRAM_OK;
    }
    bram_csv_free(t);
    return bram_fail(cx, BRAM_EFORMAT,
                     to ? "%s: a second table of that kind"
                        : "%s: found neither trial_type nor voxel_id among its "
                          "columns, expected a table of trials or voxels",
                     path);
}

/* A block of pandas that is "KEY/blockN_values" with 2 dimensions. */
static int look_at_block(bram_ctx *cx, struct work *w, const char *key, int block)
{
    char at[sizeof w->values];
    bram_h5_info info;
    snprintf(at, sizeof at, "%s/block%d_values", key, block);
    if (!bram_h5_exists(bram_h5_root(w->file), at)) return BRAM_EABSENT;
    BRAM_TRY(bram_h5_measure(cx, &info, bram_h5_root(w->file), at));
    if (info.rank != 2) return BRAM_OK;
    bool responses = info.dims[1] == w->trials || info.dims[1] == w->trials + 1;
    if (responses && info.type == BRAM_H5_FLOAT) {
        snprintf(w->values, sizeof w->values, "%s", at);
        w->voxels = info.dims[0];
        w->first = info.dims[1] - w->trials;
    } else if (info.dims[1] == 1 && info.type == BRAM_H5_INTEGER) {
        snprintf(w->ids, sizeof w->ids, "%s", at);
    }
    return BRAM_OK;
}

/* The responses among the tables of pandas. */
static int find_blocks(bram_ctx *cx, struct work *w)
{
    bram_h5_entry *entry = NULL;
    size_t count = 0;
    BRAM_TRY(bram_h5_list(cx, &entry, &count, bram_h5_root(w->file), ""));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < count && !w->values[0]; i++)
        for (int k = 0; status == BRAM_OK && k < 8; k++)
            if (entry[i].kind == BRAM_H5_GROUP && strlen(entry[i].name) < 200)
                status = look_at_block(cx, w, entry[i].name, k);
            else status = BRAM_EABSENT;
    bram_free(entry);
    if (status != BRAM_OK && status != BRAM_EABSENT) return status;
    if (w->values[0]) return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT,
                     "%s: no pandas table of reals with %zu columns, one for each "
                     "trial of the stimulus table (format \"fixed\")",
                     w->path, w->trials);
}

static int read_voxel_ids(bram_ctx *cx, struct work *w)
{
    int64_t *id = NULL;
    double *own = NULL;
    size_t count = w->voxels;
    if (!(w->voxel_id = bram_scratch(cx, w->voxels, sizeof *w->voxel_id))) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->voxels; i++) w->voxel_id[i] = (int64_t)i;
    if (w->first && !(own = bram_scratch(cx, w->voxels, sizeof *own))) return BRAM_ENOMEM;
    if (w->first)
        BRAM_TRY(bram_h5_slab_double(cx, own, bram_h5_root(w->file), w->values, (uint64_t[]){0, 0},
                                     (uint64_t[]){w->voxels, 1}));
    else if (w->ids[0])
        BRAM_TRY(bram_h5_read_int64(cx, &id, &count, bram_h5_root(w->file), w->ids, 0));
    int status = BRAM_OK;
    if (count != w->voxels)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %zu voxels, the responses have %zu",
                           w->path, w->ids, count, w->voxels);
    for (size_t i = 0; status == BRAM_OK && i < w->voxels; i++) {
        if (own && !(fabs(own[i]) < 9e15))
            status = bram_fail(cx, BRAM_EFORMAT, "%s: voxel_id of row %zu is %g", w->path, i + 1,
                               own[i]);
        else if (own) w->voxel_id[i] = (int64_t)own[i];
        else if (id) w->voxel_id[i] = id[i];
    }
    bram_free(id);
    return status;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

/* "dog_12s.jpg" is the stimulus dog_12s. */
static int bare_name(bram_ctx *cx, const char **out, const char *file)
{
    char *text = bram_scratch(cx, strlen(file) + 1, 1);
    if (!text) return BRAM_ENOMEM;
    strcpy(text, file);
    char *dot = strrchr(text, '.');
    if (dot && dot > text) *dot = 0;
    *out = text;
    return BRAM_OK;
}

static int read_trials(bram_ctx *cx, struct work *w)
{
    size_t type, stimulus, n = w->trials = bram_csv_rows(w->trial);
    ptrdiff_t concept = bram_csv_find(w->trial, "concept");
    bram_text_index index = {0};
    BRAM_TRY(bram_csv_column(cx, w->trial, "trial_type", &type));
    BRAM_TRY(bram_csv_column(cx, w->trial, "stimulus", &stimulus));
    w->stimulus = bram_scratch(cx, n, sizeof *w->stimulus);
    w->concept = bram_scratch(cx, n, sizeof *w->concept);
    w->type = bram_scratch(cx, n, sizeof *w->type);
    w->image = bram_scratch(cx, n, sizeof *w->image);
    w->shown = bram_scratch(cx, n, sizeof *w->shown);
    w->repeat = bram_scratch(cx, n, sizeof *w->repeat);
    if (!w->stimulus || !w->concept || !w->type || !w->image || !w->shown || !w->repeat)
        return BRAM_ENOMEM;
    if (!n) return bram_fail(cx, BRAM_EFORMAT, "the stimulus table has no row");
    BRAM_TRY(bram_text_index_reserve(cx, &index, w->stimulus, n));
    int status = BRAM_OK;
    for (size_t t = 0; status == BRAM_OK && t < n; t++) {
        status = bare_name(cx, &w->stimulus[w->stimuli], bram_csv_text(w->trial, t, stimulus));
        if (status != BRAM_OK) break;
        size_t k = w->shown[t] = bram_text_index_add(&index, w->stimulus, w->stimuli);
        const char *now = bram_csv_text(w->trial, t, type);
        if (k == w->stimuli) {
            w->concept[k] = concept >= 0 ? bram_csv_text(w->trial, t, (size_t) concept) : "";
            w->type[k] = now;
            w->image[k] = bram_csv_text(w->trial, t, stimulus);
            w->stimuli++;
        } else if (strcmp(w->type[k], now) != 0)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "stimulus %s is of trial_type %s and, in line %zu, "
                               "of %s",
                               w->stimulus[k], w->type[k], bram_csv_line(w->trial, t), now);
    }
    bram_text_index_release(&index);
    return status;
}

static int plan_sets(bram_ctx *cx, struct work *w)
{
    size_t *shown = bram_scratch(cx, w->stimuli, sizeof *shown);
    if (!shown) return BRAM_ENOMEM;
    for (int k = 0; k < SETS; k++) {
        w->set[k].number = bram_scratch(cx, w->stimuli, sizeof(size_t));
        w->set[k].row = bram_scratch(cx, w->stimuli, sizeof(size_t));
        if (!w->set[k].number || !w->set[k].row) return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < w->stimuli; i++) {
        struct set *s = &w->set[set_of(w->type[i])];
        s->row[i] = s->stimuli;
        s->number[s->stimuli++] = i;
    }
    for (size_t t = 0; t < w->trials; t++) {
        struct set *s = &w->set[set_of(w->type[w->shown[t]])];
        w->repeat[t] = shown[w->shown[t]]++;
        if (w->repeat[t] + 1 > s->repeats) s->repeats = w->repeat[t] + 1;
    }
    return BRAM_OK;
}

static int stimulus_axis(bram_ctx *cx, bram_axis **out, const struct work *w, const size_t *number,
                         size_t n)
{
    const char **column[4];
    for (int k = 0; k < 4; k++)
        if (!(column[k] = bram_scratch(cx, n, sizeof **column))) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t at = number ? number[i] : i;
        column[0][i] = w->stimulus[at], column[1][i] = w->type[at], column[2][i] = w->concept[at];
        column[3][i] = w->image[at];
    }
    const bram_field fields[] = {{"set", .text = column[1]},
                                 {"category", .text = column[2]},
                                 {"image", .text = column[3]},
                                 {NULL}};
    return bram_shown_axis(cx, out, "stimulus", n, column[0], fields);
}

/* ---- voxels --------------------------------------------------------------------------------- */

/* The row of the table for each voxel, by voxel_id. */
static int match_voxels(bram_ctx *cx, struct work *w)
{
    size_t column, n = w->voxel ? bram_csv_rows(w->voxel) : 0;
    if (!(w->meta = bram_scratch(cx, w->voxels, sizeof *w->meta))) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->voxels; i++) w->meta[i] = -1;
    if (!w->voxel) return BRAM_OK;
    BRAM_TRY(bram_csv_column(cx, w->voxel, "voxel_id", &column));
    bram_text_index index = {0};
    const char **text = bram_scratch(cx, n, sizeof *text);
    const char **id = bram_shown_numbers(cx, w->voxels, "", 1, w->voxel_id);
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) text[i] = bram_csv_text(w->voxel, i, column);
    BRAM_TRY(bram_text_index_reserve(cx, &index, text, n));
    for (size_t i = 0; i < n; i++) bram_text_index_add(&index, text, i);
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < w->voxels; i++) {
        w->meta[i] = bram_text_index_find(&index, text, id[i]);
        if (w->meta[i] < 0)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "the table of voxels has no voxel_id %s, which the "
                               "responses have in row %zu",
                               id[i], i + 1);
    }
    bram_text_index_release(&index);
    return status;
}

/* A column of the table for all voxels; NULL when there is none. */
static int read_metric(bram_ctx *cx, double **out, const struct work *w, const char *name)
{
    ptrdiff_t column = w->voxel ? bram_csv_find(w->voxel, name) : -1;
    *out = NULL;
    if (column < 0) return BRAM_OK;
    double *value = bram_scratch(cx, w->voxels, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->voxels; i++)
        BRAM_TRY(bram_csv_number(cx, w->voxel, (size_t)w->meta[i], (size_t)column,
                                 BRAM_NUMBER_MISSING, &value[i]));
    *out = value;
    return BRAM_OK;
}

/* Whether a voxel is in one of the regions that a list joined by + names. */
static int in_regions(bram_ctx *cx, bool *out, const struct work *w, size_t voxel, const char *list)
{
    *out = !*list;
    for (const char *at = list; *at && !*out;) {
        size_t length = strcspn(at, "+");
        char name[100];
        double value;
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        ptrdiff_t column = w->voxel ? bram_csv_find(w->voxel, name) : -1;
        if (column < 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "no column %s in a table of voxels, which regions=%s "
                             "names",
                             name, list);
        BRAM_TRY(bram_csv_number(cx, w->voxel, (size_t)w->meta[voxel], (size_t)column,
                                 BRAM_NUMBER_MISSING, &value));
        *out = value == 1;
        at += length + (at[length] == '+');
    }
    return BRAM_OK;
}

static int choose_voxels(bram_ctx *cx, struct work *w)
{
    const char *regions = bram_option_text(w->o, "regions");
    double *ceiling[2];
    char *words = NULL;
    if (!(w->kept = bram_scratch(cx, w->voxels, sizeof *w->kept))) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->voxels; i++) {
        bool in;
        BRAM_TRY(in_regions(cx, &in, w, i, regions));
        if (in) w->kept[w->units++] = i;
    }
    if (!w->units)
        return bram_fail(cx, BRAM_EFORMAT, "none of %zu voxels is in %s", w->voxels, regions);
    BRAM_TRY(read_metric(cx, &ceiling[0], w, "nc_testset"));
    BRAM_TRY(read_metric(cx, &ceiling[1], w, "nc_singletrial"));
    const bram_unit_rule rules[] = {
        {"nc_testset", ceiling[0], bram_option_real(w->o, "nc_testset"), true},
        {"nc_singletrial", ceiling[1], bram_option_real(w->o, "nc_singletrial"), true},
        {NULL}};
    BRAM_TRY(bram_shown_filter(cx, w->kept, &w->units, &words, rules));
    w->words = bram_strf(cx, "%s%s%s", words, *regions ? ", in " : "", regions);
    bram_free(words);
    return w->words ? BRAM_OK : BRAM_ENOMEM;
}

/* A heading as the name of a column: small letters, _ for anything else. */
static void column_name(char *out, size_t bytes, const char *heading)
{
    size_t n = 0;
    for (; heading[n] && n + 1 < bytes; n++) {
        char c = heading[n];
        bool upper = c >= 'A' && c <= 'Z', good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        out[n] = (char)(upper ? c - 'A' + 'a' : good ? c : '_');
    }
    out[n] = 0;
}

/* All columns of the table that are numbers become columns of the units. */
static int add_columns(bram_ctx *cx, const struct work *w, bram_axis *axis)
{
    double *value = bram_scratch(cx, w->units, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    for (size_t c = 0; w->voxel && c < bram_csv_cols(w->voxel); c++) {
        char name[100];
        bool numbers = true;
        column_name(name, sizeof name, bram_csv_name(w->voxel, c));
        for (size_t i = 0; numbers && i < w->units; i++)
            numbers = bram_number_parse(bram_csv_text(w->voxel, (size_t)w->meta[w->kept[i]], c),
                                        BRAM_NUMBER_MISSING, &value[i]);
        if (numbers && bram_name_is_identifier(name) && strcmp(name, "voxel_id") != 0)
            BRAM_TRY(bram_axis_add_number(cx, axis, name, value, ""));
    }
    return BRAM_OK;
}

static int make_voxels(bram_ctx *cx, struct work *w)
{
    int64_t *number = bram_scratch(cx, w->units, sizeof *number);
    if (!number) return BRAM_ENOMEM;
    for (size_t i = 0; i < w->units; i++) number[i] = w->voxel_id[w->kept[i]];
    const char **id = bram_shown_numbers(cx, w->units, "", 1, number);
    if (!id) return BRAM_ENOMEM;
    BRAM_TRY(bram_shown_axis(cx, &w->neuron, "neuron", w->units, id, NULL));
    return add_columns(cx, w, w->neuron);
}

/* ---- responses ------------------------------------------------------------------------------ */

static int begin_set(bram_ctx *cx, struct work *w, int which)
{
    static const size_t order[] = {0, 2, 1};
    struct set *s = &w->set[which];
    bram_axis *axis[3] = {NULL, bram_axis_ref(w->neuron), NULL};
    char *name = bram_strf(cx, "%s%s", w->id, which == TRAINING ? "_training" : "");
    int status = name ? stimulus_axis(cx, &axis[0], w, s->number, s->stimuli) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[2], "repeat", s->repeats);
    if (status == BRAM_OK)
        status = bram_fill_new(cx, &s->fill, name, 3, (const bram_axis *const *)axis, order);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    bram_free(name);
    return status;
}

/* Units first .. first + n - 1, whose rows of the file are from .. to, in all trials. */
static int put_block(bram_ctx *cx, struct work *w, size_t first, size_t n)
{
    size_t mark = bram_scratch_mark(cx), from = w->kept[first],
           rows = w->kept[first + n - 1] - from + 1;
    double *all = bram_scratch(cx, rows * w->trials, sizeof *all),
           *one = bram_scratch(cx, n, sizeof *one);
    int status = all && one ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_h5_slab_double(cx, all, bram_h5_root(w->file), w->values,
                                     (uint64_t[]){from, w->first}, (uint64_t[]){rows, w->trials});
    for (size_t t = 0; status == BRAM_OK && t < w->trials; t++) {
        struct set *s = &w->set[set_of(w->type[w->shown[t]])];
        for (size_t u = 0; u < n; u++) one[u] = all[(w->kept[first + u] - from) * w->trials + t];
        status = bram_fill_put(cx, s->fill, (size_t[]){s->row[w->shown[t]], first, w->repeat[t]},
                               (size_t[]){1, n, 1}, one);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* Blocks of units whose rows, with those between them that are not kept, fit into BLOCK_BYTES. */
static int fill_sets(bram_ctx *cx, struct work *w)
{
    size_t most = BLOCK_BYTES / sizeof(double) / w->trials + 1;
    for (size_t first = 0, n; first < w->units; first += n) {
        for (n = 1; first + n < w->units && w->kept[first + n] - w->kept[first] < most;) n++;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(put_block(cx, w, first, n));
        bram_ctx_progress(cx, "turning responses round", (double)(first + n), (double)w->units);
    }
    return BRAM_OK;
}

static int put_sets(bram_ctx *cx, bram_dataset *ds, struct work *w)
{
    const char *const pairs[] = {"unit",       "1",
                                 "signal",     "BOLD betas of single trials, as published",
                                 "species",    BRAM_SPECIES_HUMAN,
                                 "subject",    w->id,
                                 "unit_rules", w->words,
                                 NULL};
    for (int k = 0; k < SETS; k++) {
        bram_fill *fill = w->set[k].fill;
        w->set[k].fill = NULL; /* taken over in any case */
        if (fill) BRAM_TRY(bram_shown_put(cx, ds, fill, NULL, pairs));
    }
    return BRAM_OK;
}

/* ---- the loader ----------------------------------------------------------------------------- */

static int read_files(bram_ctx *cx, struct work *w, const bram_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        bool hdf5 = bram_h5_probe(input->paths[i]);
        if (hdf5 && w->file)
            return bram_fail(cx, BRAM_EUSAGE,
                             "found two files of responses, expected one subject's");
        if (hdf5) {
            w->path = input->paths[i];
            BRAM_TRY(bram_h5_open(cx, &w->file, w->path));
        } else BRAM_TRY(take_table(cx, w, input->paths[i]));
    }
    if (!w->file)
        return bram_fail(cx, BRAM_EFORMAT, "%s: found no file of responses (HDF5)",
                         input->paths[0]);
    if (!w->trial)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found no table of trials (trial_type, stimulus) "
                         "beside it: give sub-XX_StimulusMetadata.csv with it",
                         w->path);
    return BRAM_OK;
}

static int read_all(bram_ctx *cx, bram_dataset *ds, struct work *w, const bram_input *input)
{
    const char *id = bram_option_text(w->o, "id");
    bram_axis *table = NULL;
    BRAM_TRY(read_files(cx, w, input));
    if (*id) snprintf(w->id, sizeof w->id, "%s", id);
    else bram_intake_id(w->id, sizeof w->id, w->path, "_ResponseData");
    BRAM_TRY(read_trials(cx, w));
    BRAM_TRY(find_blocks(cx, w));
    BRAM_TRY(read_voxel_ids(cx, w));
    BRAM_TRY(match_voxels(cx, w));
    BRAM_TRY(choose_voxels(cx, w));
    BRAM_TRY(plan_sets(cx, w));
    BRAM_TRY(make_voxels(cx, w));
    for (int k = 0; k < SETS; k++)
        if (w->set[k].stimuli) BRAM_TRY(begin_set(cx, w, k));
    BRAM_TRY(fill_sets(cx, w));
    BRAM_TRY(put_sets(cx, ds, w));
    BRAM_TRY(stimulus_axis(cx, &table, w, NULL, w->stimuli));
    return bram_dataset_add_table(cx, ds, "stimuli", table);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct work w = {.o = o};
    size_t mark = bram_scratch_mark(cx);
    int status = read_all(cx, ds, &w, input);
    for (int k = 0; k < SETS; k++) bram_fill_free(w.set[k].fill);
    bram_axis_free(w.neuron);
    bram_free(w.words);
    bram_csv_free(w.trial);
    bram_csv_free(w.voxel);
    bram_h5_close(w.file);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    static const char key[] = "ResponseData/block0_values";
    bram_recognise(out, BRAM_NOT_MINE, "no pandas table ResponseData");
    for (size_t i = 0; i < input->count && i < 3; i++) {
        bram_h5 *file = NULL;
        int status = bram_h5_probe(input->paths[i]) ? bram_h5_open(cx, &file, input->paths[i])
                                                    : BRAM_EFORMAT;
        bool mine = status == BRAM_OK && bram_h5_exists(bram_h5_root(file), key);
        bram_h5_close(file);
        if (status == BRAM_ENOMEM) return status;
        if (mine) return bram_recognise(out, BRAM_MINE, "a pandas table ResponseData");
    }
    return BRAM_OK;
}

/* The first line of either table. */
static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    static const char trials[] = "trial_type,session,run,", voxels[] = "voxel_id,";
    char head[4000];
    size_t n;
    (void)cx;
    n = bram_gz_peek(path, head, sizeof head - 1);
    head[n] = 0;
    head[strcspn(head, "\r\n")] = 0;
    if (strncmp(head, trials, sizeof trials - 1) == 0 && strstr(head, ",stimulus,concept"))
        return bram_recognise(out, BRAM_MINE, "a table of trials with stimulus and concept");
    if (strstr(head, voxels) && strstr(head, ",nc_testset"))
        return bram_recognise(out, BRAM_MINE, "a table of voxels with nc_testset");
    return BRAM_OK;
}

const bram_loader bram_loader_things_fmri = {
    .name = "things-fmri",
    .summary = "human visual cortex, 3 T fMRI: 8740 images of THINGS, by voxel",
    .citation = "Hebart et al. 2023, eLife 12:e82580",
    .doi = "10.7554/eLife.82580",
    .licence = "CC BY 4.0",
    .reads = "sub-XX_ResponseData.h5 with sub-XX_StimulusMetadata.csv and sub-XX_VoxelMetadata.csv",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5 | BRAM_FORM_TEXT,
    .belongs = belongs,
};
