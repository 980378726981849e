/*
 * brainio.c - BrainIO assemblies (netCDF-4 by xarray) and stimulus sets (CSV), as Brain-Score has
 * them. What an assembly becomes depends on its dimensions:
 *
 *   presentation x neuroid (x time_bin)   responses/ID, for each region apart: stimulus x neuron x
 *                     repeat (x time); presentations of one stimulus_id (older: image_id) are its
 *                     repeats, by the number in `repetition` where that tells them apart
 *   stimulus_path x neuroid, or any other second dimension (choice): what a model computed:
 *                     stimuli/features/ID, for each layer apart; means over presentations
 *   event             recordings/ID: the table spikes (times), the table neuron, and a table for
 *                     each further group of the file
 *
 * ID is the attribute `identifier` of the file, else its name. A stimulus set gives the table
 * stimuli/stimulus its columns; filename becomes `image`. The zip of its pictures stays where it
 * is: `image_sha256` has the hash of each.
 */
#include "brainio.h"

#include "archivefile.h"
#include "brainio_put.h"
#include "csvfile.h"
#include "gz.h"
#include "image.h"
#include "intake.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"event_unit", BRAM_PARAM_CHOICE, "ms", "ms|s|us", 0, 0,
     "of the times of event assemblies, which no file states"},
    {"from", BRAM_PARAM_REAL, "0", NULL, -1e6, 1e6,
     "begin of the window over whose time bins responses are "
     "averaged, in s after the stimulus"},
    {"to", BRAM_PARAM_REAL, "0", NULL, -1e6, 1e6, "its end; both 0: bins stay apart"},
    {.name = NULL}};

/* ---- stimulus sets --------------------------------------------------------------------------- */

static const bram_csv_options with_header = {.header = true};

/* The column that names the stimuli, or -1: a set has a file name for each as well. */
static ptrdiff_t id_column(const bram_csv *t)
{
    ptrdiff_t id = bram_csv_find(t, "stimulus_id");
    if (id < 0) id = bram_csv_find(t, "image_id");
    return bram_csv_find(t, "filename") < 0 ? -1 : id;
}

static bool is_stimulus_set(bram_ctx *cx, const char *path)
{
    bram_csv *t = NULL;
    bool found = bram_csv_read(cx, &t, path, &with_header) == BRAM_OK && id_column(t) >= 0;
    bram_csv_free(t);
    return found;
}

/* An archive of pictures and nothing else. */
static bool is_pictures(bram_ctx *cx, const char *path)
{
    char **names = NULL;
    size_t count = 0, pictures = 0;
    unsigned char head[4];
    if (bram_gz_peek(path, head, sizeof head) != sizeof head || memcmp(head, "PK\3\4", 4) != 0)
        return false;
    if (bram_archive_list(cx, path, &names, &count) == BRAM_OK)
        for (size_t i = 0; i < count; i++) pictures += bram_image_is_name(names[i]);
    bram_free(names);
    return count && pictures == count;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The name of a file's content: one step of a path. */
static int name_of(bram_ctx *cx, char **out, const bram_h5 *file)
{
    char name[200], *identifier = NULL;
    if (bram_h5_attr_text(cx, &identifier, bram_h5_root(file), NULL, "identifier") != BRAM_OK)
        identifier = NULL;
    if (identifier && *identifier) snprintf(name, sizeof name, "%s", identifier);
    else bram_intake_id(name, sizeof name, bram_h5_path(file), ".nc");
    bram_free(identifier);
    for (char *c = name; *c; c++)
        if (*c == '/' || iscntrl((unsigned char)*c)) *c = '_';
    *out = bram_strdup(cx, name);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

/* The groups of a file, which hold metadata of events. */
static int put_groups(bram_ctx *cx, bram_dataset *ds, const bram_h5 *file, const char *id)
{
    bram_h5_entry *entries = NULL;
    size_t count = 0;
    int status = bram_h5_list(cx, &entries, &count, bram_h5_root(file), NULL);
    for (size_t i = 0; status == BRAM_OK && i < count; i++) {
        bram_h5_object *group = NULL;
        bram_brainio a = {0};
        if (entries[i].kind != BRAM_H5_GROUP) continue;
        status = bram_h5_object_open(cx, &group, bram_h5_root(file), entries[i].name);
        if (status == BRAM_OK && bram_brainio_is(cx, group)) {
            status = bram_brainio_read(cx, &a, group);
            if (status == BRAM_OK && a.dims == 1)
                status = bram_brainio_put_table(cx, ds, id, entries[i].name, &a);
        }
        bram_brainio_release(&a);
        bram_h5_object_close(group);
    }
    bram_free(entries);
    return status;
}

static int load_assembly(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    double from = bram_option_real(o, "from"), to = bram_option_real(o, "to");
    const char *unit = bram_option_text(o, "event_unit");
    bram_h5 *file = NULL;
    bram_brainio a = {0};
    char *id = NULL;
    BRAM_TRY(bram_h5_open(cx, &file, path));
    int status = name_of(cx, &id, file);
    if (status == BRAM_OK) status = bram_brainio_read(cx, &a, bram_h5_root(file));
    if (status == BRAM_OK && a.dims > 1 && to > from)
        status = bram_brainio_average(cx, &a, from, to);
    if (status == BRAM_OK && a.dims == 1) {
        double s = strcmp(unit, "s") == 0 ? 1 : strcmp(unit, "ms") == 0 ? 1e-3 : 1e-6;
        status = bram_brainio_put_events(cx, ds, id, &a, s);
        if (status == BRAM_OK) status = put_groups(cx, ds, file, id);
    } else if (status == BRAM_OK) status = bram_brainio_put(cx, ds, id, &a);
    bram_brainio_release(&a);
    bram_h5_close(file);
    bram_free(id);
    return status;
}

/* What is read besides assemblies. */
struct set {
    bram_csv *table;
    const char *pictures; /* an archive */
};

static int load_file(bram_ctx *cx, bram_dataset *ds, struct set *set, const char *path,
                     const bram_options *o)
{
    if (bram_h5_probe(path)) return load_assembly(cx, ds, path, o);
    if (!set->pictures && is_pictures(cx, path)) {
        set->pictures = path;
        return BRAM_OK;
    }
    if (set->table)
        return bram_fail(cx, BRAM_EFORMAT,
                         "a second stimulus set, expected one (import sets apart)");
    BRAM_TRY(bram_csv_read(cx, &set->table, path, &with_header));
    return id_column(set->table) >= 0
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT,
                           "a table without the columns stimulus_id (or image_id) "
                           "and filename");
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    struct set set = {NULL, NULL};
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (bram_option_real(o, "from") > bram_option_real(o, "to"))
        return bram_fail(cx, BRAM_EUSAGE, "from=%g is after to=%g", bram_option_real(o, "from"),
                         bram_option_real(o, "to"));
    for (size_t i = 0; status == BRAM_OK && i < input->count; i++) {
        status = load_file(cx, ds, &set, input->paths[i], o);
        if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "%s", input->paths[i]);
        bram_scratch_release(cx, mark);
    }
    if (status == BRAM_OK)
        status = bram_brainio_put_stimuli(cx, ds, set.table, set.table ? id_column(set.table) : 0,
                                          set.pictures);
    bram_csv_free(set.table);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- recognising ----------------------------------------------------------------------------- */

static bool is_assembly(bram_ctx *cx, const char *path)
{
    bram_h5 *file = NULL;
    if (!bram_h5_probe(path) || bram_h5_open(cx, &file, path) != BRAM_OK) return false;
    bool found = bram_brainio_is(cx, bram_h5_root(file)) &&
                 !bram_h5_has_attr(bram_h5_root(file), NULL, "bramble_schema");
    bram_h5_close(file);
    return found;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    size_t assemblies = 0;
    for (size_t i = 0; i < input->count; i++) {
        if (is_assembly(cx, input->paths[i])) assemblies++;
        else if (!is_stimulus_set(cx, input->paths[i]) && !is_pictures(cx, input->paths[i]))
            assemblies = 0, i = input->count;
    }
    return assemblies ? bram_recognise(out, BRAM_MINE,
                                       "netCDF-4 with an array that names its "
                                       "coordinates (xarray)")
                      : bram_recognise(out, BRAM_NOT_MINE, "no netCDF-4 array with coordinates");
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    if (is_stimulus_set(cx, path))
        return bram_recognise(out, BRAM_MINE, "a stimulus set: stimulus_id and filename");
    if (is_pictures(cx, path))
        return bram_recognise(out, BRAM_MINE, "an archive of pictures: of a stimulus set");
    return bram_recognise(out, BRAM_NOT_MINE, "no stimulus set");
}

const bram_loader bram_loader_brainio = {
    .name = "brainio",
    .summary = "BrainIO assemblies of Brain-Score: responses, model activations, spike times",
    .citation = "Schrimpf et al. 2020, Neuron 108:413",
    .doi = "10.1016/j.neuron.2020.07.040",
    .licence = "not stated",
    .reads = "netCDF-4 (.nc) by xarray; CSV and zip of a stimulus set",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5,
    .belongs = belongs,
};
