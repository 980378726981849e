/*
 * hallinen2021.c - whole-brain recordings of moving and immobile worms, Hallinen et al. 2021: the
 * file heatDataMS.mat (or heatData.mat) in the folder of each recording, MATLAB 5 or 7.3.
 *
 * Variables, as the Leifer laboratory's pipeline describes and saves them (its readme and
 * heatMapGeneration; readers in leiferlab/PredictionCode; no original was at hand):
 *
 *   rRaw, gRaw              trace x volume: red (reference) and green (calcium) fluorescence
 *   rPhotoCorr, gPhotoCorr  the same less an exponential fitted to all of it
 *   R2, G2, Ratio2          smoothed with a Gaussian of 5 volumes, relative to a baseline, and
 * their ratio: they look ahead hasPointsTime           a stamp for each volume, in seconds; traces
 * may have volumes behind the last stamp, which are left out flagged_volumes         volumes seen
 * to be bad, counted from 0 as PredictionCode does: missing behavior                struct: v (mm/s
 * along the head), x_pos, y_pos (mm), pc1_2, pc_3 (projections on eigenworms), ethogram (-1
 * reverse, 0 pause, 1 forward, 2 turn)
 *
 * The red channel measures motion: import it with traces=rRaw. Nothing has a name.
 */
#include "homogenize.h"
#include "intake.h"
#include "matlab_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"traces", BRAM_PARAM_CHOICE, "gRaw", "gRaw|rRaw|gPhotoCorr|rPhotoCorr|G2|R2|Ratio2", 0, 0,
     "which signal; G2, R2 and Ratio2 are smoothed and look ahead"},
    {"behaviour", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out the struct behavior, where it is not as described"},
    {.name = NULL}};

struct recording {
    char id[200];
    size_t rows, cols, volumes; /* stamps, traces, volumes of the traces */
    double *values, *time;      /* values: volume x trace */
};

/* ---- traces --------------------------------------------------------------------------------- */

static int read_time(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "hasPointsTime"));
    BRAM_TRY(bram_matlab_expect_matrix(cx, v, "with a stamp for each volume"));
    BRAM_TRY(bram_matlab_numbers(cx, &r->time, v));
    r->rows = bram_matlab_count(v);
    int status = bram_stamps_check(cx, r->time, r->rows);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "hasPointsTime");
}

static int read_traces(bram_ctx *cx, struct recording *r, bram_matlab *file, const char *name)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, name));
    BRAM_TRY(bram_matlab_expect_matrix(cx, v, "trace x volume"));
    r->cols = bram_matlab_dims(v)[0];
    r->volumes = bram_matlab_dims(v)[1];
    if (r->volumes < r->rows)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu volumes, expected %zu or more, one for each stamp of "
                         "hasPointsTime",
                         name, r->volumes, r->rows);
    return bram_matlab_numbers(cx, &r->values, v);
}

static int mask_flagged(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *v;
    double *volume = NULL;
    BRAM_TRY(bram_matlab_optional(cx, &v, file, "flagged_volumes"));
    if (!v || bram_matlab_count(v) == 0) return BRAM_OK;
    BRAM_TRY(bram_matlab_bare(cx, &v));
    BRAM_TRY(bram_matlab_numbers(cx, &volume, v));
    int status = BRAM_OK;
    for (size_t k = 0; status == BRAM_OK && k < bram_matlab_count(v); k++) {
        if (!(volume[k] >= 0 && volume[k] < (double)r->volumes && volume[k] == floor(volume[k])))
            status = bram_fail(cx, BRAM_EFORMAT, "flagged_volumes: found %g, expected 0 to %zu",
                               volume[k], r->volumes - 1);
        else
            for (size_t j = 0; j < r->cols; j++) r->values[(size_t)volume[k] * r->cols + j] = NAN;
    }
    bram_free(volume);
    return status;
}

/* Smoothing over the volumes before and after: by the name of the signal. */
static bool looks_ahead(const char *traces)
{
    return strcmp(traces, "G2") == 0 || strcmp(traces, "R2") == 0 || strcmp(traces, "Ratio2") == 0;
}

/* ---- behaviour ------------------------------------------------------------------------------ */

/* Columns of behaviour, rows x MOST row by row while they come. */
enum { MOST = 7 };

struct behaviour {
    double *values;
    const char *name[MOST], *unit[MOST];
    size_t count;
};

/* A field of `columns` columns of one number for each stamp. */
static int add_field(bram_ctx *cx, struct behaviour *b, const struct recording *r,
                     bram_matlab_value *behavior, const char *field, const char *const *names,
                     const char *unit, size_t columns)
{
    bram_matlab_value *v;
    double *numbers = NULL;
    if (!bram_matlab_has_field(behavior, field)) return BRAM_OK;
    BRAM_TRY(bram_matlab_field(cx, &v, behavior, field, 0));
    if (bram_matlab_count(v) == 0) return BRAM_OK;
    BRAM_TRY(bram_matlab_exactly(cx, &numbers, v, columns * r->rows,
                                 "one for each stamp of hasPointsTime"));
    bool across = bram_matlab_dims(v)[0] != r->rows; /* a row instead of a column */
    for (size_t t = 0; t < r->rows; t++)
        for (size_t c = 0; c < columns; c++)
            b->values[t * MOST + b->count + c] = across ? numbers[t * columns + c]
                                                        : numbers[c * r->rows + t];
    for (size_t c = 0; c < columns; c++) {
        b->name[b->count] = names[c];
        b->unit[b->count++] = unit;
    }
    bram_free(numbers);
    return BRAM_OK;
}

static int gather(bram_ctx *cx, struct behaviour *b, const struct recording *r,
                  bram_matlab_value *v)
{
    BRAM_TRY(add_field(cx, b, r, v, "ethogram", (const char *const[]){"ethogram"}, "", 1));
    BRAM_TRY(add_field(cx, b, r, v, "v", (const char *const[]){"velocity"}, "mm/s", 1));
    BRAM_TRY(add_field(cx, b, r, v, "x_pos", (const char *const[]){"x"}, "mm", 1));
    BRAM_TRY(add_field(cx, b, r, v, "y_pos", (const char *const[]){"y"}, "mm", 1));
    BRAM_TRY(add_field(cx, b, r, v, "pc1_2", (const char *const[]){"eigenworm_1", "eigenworm_2"},
                       "", 2));
    return add_field(cx, b, r, v, "pc_3", (const char *const[]){"eigenworm_3"}, "", 1);
}

/* Stretches of one state of the ethogram; what is not finite or no code is no state. */
static int put_states(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                      const struct behaviour *b)
{
    static const char *const names[] = {"reverse", "pause", "forward", "turn"};
    size_t mark = bram_scratch_mark(cx), n = 0;
    const char **what = bram_scratch(cx, r->rows, sizeof *what);
    double *onset = bram_scratch(cx, r->rows, 2 * sizeof *onset);
    if (b->count == 0 || strcmp(b->name[0], "ethogram") != 0) return BRAM_OK;
    if (!what || !onset) return BRAM_ENOMEM;
    for (size_t first = 0, t = 1; t <= r->rows; t++) {
        double code = b->values[first * MOST];
        if (t < r->rows && b->values[t * MOST] == code) continue;
        if (code == -1 || code == 0 || code == 1 || code == 2) {
            what[n] = names[(int)code + 1];
            onset[n] = r->time[first];
            onset[r->rows + n++] = r->time[t < r->rows ? t : r->rows - 1];
        }
        first = t;
    }
    int status = bram_intake_events(
        cx, ds, r->id,
        &(bram_spans){.count = n, .what = what, .onset = onset, .offset = onset + r->rows});
    bram_scratch_release(cx, mark);
    return status;
}

static int put_behaviour(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                         struct behaviour *b)
{
    for (size_t t = 0; t < r->rows; t++) /* close up: rows x count */
        memmove(b->values + t * b->count, b->values + t * MOST, b->count * sizeof *b->values);
    return bram_intake_behaviour(cx, ds, r->id, r->rows, b->count, r->time, b->values, b->name,
                                 b->unit);
}

static int read_behaviour(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                          bram_matlab *file)
{
    bram_matlab_value *v;
    struct behaviour b = {.count = 0};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_matlab_optional(cx, &v, file, "behavior"));
    if (!v) return BRAM_OK;
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_STRUCT || bram_matlab_count(v) != 1)
        return bram_fail(cx, BRAM_EFORMAT, "behavior: found %s of %zu elements, expected a struct",
                         bram_matlab_class(v), bram_matlab_count(v));
    b.values = bram_scratch(cx, r->rows, MOST * sizeof *b.values);
    int status = b.values ? gather(cx, &b, r, v) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = put_states(cx, ds, r, &b);
    if (status == BRAM_OK) status = put_behaviour(cx, ds, r, &b);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

/* A step of a path, counted from its end: 0 the file, 1 its folder ...; "" where there is none. */
static void step_of(char *out, size_t bytes, const char *path, unsigned back)
{
    const char *end = path + strlen(path), *start = end;
    for (unsigned k = 0;; k++) {
        while (start > path && start[-1] != '/') start--;
        if (k == back) break;
        end = start > path ? start - 1 : path;
        start = end;
    }
    snprintf(out, bytes, "%.*s", (int)(end - start), start);
}

/* All files have one name, so a recording is called after its folder: "BrainScanner..._MS". */
static void name_recording(char *out, size_t bytes, const char *path)
{
    char folder[200];
    bram_intake_id(out, bytes, path, NULL);
    step_of(folder, sizeof folder, path, 1);
    if (*folder && (strcmp(out, "heatDataMS") == 0 || strcmp(out, "heatData") == 0))
        bram_intake_id(out, bytes, folder, "_MS");
}

/* The deposit's archives are folders STRAIN_CONDITION ("AML32_moving") above those of recordings.
 */
static void name_condition(char *strain, const char **condition, char *room, size_t bytes,
                           const char *path)
{
    step_of(room, bytes, path, 2);
    char *line = strchr(room, '_');
    bool deposit = line && (strncmp(room, "AML", 3) == 0 || strncmp(room, "AKS", 3) == 0);
    *condition = deposit ? line + 1 : "not stated";
    snprintf(strain, 32, "%.*s", deposit ? (int)(line - room) : 0, room);
}

static int put_recording(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                         const char *traces, const char *path)
{
    char strain[32], room[200];
    const char *slash = strrchr(path, '/'), *condition;
    name_condition(strain, &condition, room, sizeof room, path);
    const char *const attributes[][2] = {
        {"subject", r->id},       {"session", r->id}, {"species", BRAM_SPECIES_WORM},
        {"condition", condition}, {"strain", strain}, {"source_file", slash ? slash + 1 : path}};
    bool counts = strstr(traces, "Raw") || strstr(traces, "PhotoCorr");
    BRAM_TRY(
        bram_intake_traces(cx, ds, r->id,
                           &(bram_traces){.rows = r->rows,
                                          .cols = r->cols,
                                          .time = r->time,
                                          .values = r->values,
                                          .unit = counts ? "count" : "dF/F",
                                          .filter = looks_ahead(traces) ? "non-causal" : "none"}));
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
        if (attributes[k][1][0])
            BRAM_TRY(bram_intake_text(cx, ds, r->id, attributes[k][0], attributes[k][1]));
    return BRAM_OK;
}

static int read_file(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    const char *traces = bram_option_text(o, "traces");
    bram_matlab *file = NULL;
    struct recording r = {.rows = 0};
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    name_recording(r.id, sizeof r.id, path);
    int status = read_time(cx, &r, file);
    if (status == BRAM_OK) status = read_traces(cx, &r, file, traces);
    if (status == BRAM_OK) status = mask_flagged(cx, &r, file);
    if (status == BRAM_OK) status = put_recording(cx, ds, &r, traces, path);
    if (status == BRAM_OK && bram_option_is(o, "behaviour", "read"))
        status = read_behaviour(cx, ds, &r, file);
    bram_free(r.values);
    bram_free(r.time);
    bram_matlab_close(file);
    return status == BRAM_EABSENT ? BRAM_EFORMAT : status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_file(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_matlab *file = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with rRaw, gRaw and hasPointsTime");
    int status = bram_matlab_open(cx, &file, input->paths[0]);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    if ((bram_matlab_has_variable(file, "rRaw") || bram_matlab_has_variable(file, "gRaw")) &&
        bram_matlab_has_variable(file, "hasPointsTime"))
        bram_recognise(out, BRAM_MINE, "MATLAB %s with variables rRaw or gRaw, and hasPointsTime",
                       bram_matlab_version(file) == 73 ? "7.3" : "5");
    bram_matlab_close(file);
    return BRAM_OK;
}

const bram_loader bram_loader_hallinen2021 = {
    .name = "hallinen2021",
    .summary =
        "C. elegans whole-brain calcium with locomotion, red and green channel, no identities",
    .citation = "Hallinen et al. 2021, eLife 10:e66135",
    .doi = "10.7554/eLife.66135",
    .licence = "not stated",
    .reads = "MATLAB 5 or 7.3: heatDataMS.mat, a folder a recording",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
};
