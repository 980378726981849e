/*
 * lin2023.c - responses of chemosensory neurons to odours, Lin et al. 2023: a MATLAB file of
 * version 5 for each recording.
 *
 * Variables, as the laboratory's MATLAB code saves them (samuellab/celegans-sensory-code,
 * CTX_dataset_proofreader.m and CTX_times_stimuli.m; no original was at hand):
 *
 *   corrected_F        trace x frame: fluorescence corrected for bleaching; the first and the last
 *                      frame are NaN, as are outliers
 *   proofread_neurons  cell, a name for each trace ("reassigned" is none)
 *   use_flag           1 proofread and good, 0 not looked at, -1 not to be used
 *   F_0                the baseline of each trace: its first column (the code makes it square)
 *   times              struct; its field times (of other files the last field) has the stamps in
 *                      seconds
 *   stimulus           cell of three columns: odour (in a cell of its own), onset, offset in
 * seconds
 *
 * Every trace is kept: the values of those that are not to be used are missing, and the labels of
 * those that were not proofread are doubtful.
 */
#include "homogenize.h"
#include "intake.h"
#include "matlab_fields.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"unit", BRAM_PARAM_CHOICE, "F", "F|dF/F0", 0, 0,
     "corrected fluorescence as published, or relative to the baseline F_0"},
    {"flags", BRAM_PARAM_CHOICE, "heed", "heed|ignore", 0, 0,
     "ignore keeps the values of traces that are flagged as not to be used"},
    {"stimulus", BRAM_PARAM_CHOICE, "read", "read|ignore", 0, 0,
     "ignore leaves out the odours, where they are not as described"},
    {.name = NULL}};

struct recording {
    char id[200];
    size_t rows, cols;            /* frames, traces */
    double *values, *time, *flag; /* values: frame x trace */
    char **label;                 /* one block */
};

static void release(struct recording *r)
{
    bram_free(r->values);
    bram_free(r->time);
    bram_free(r->flag);
    bram_free(r->label);
}

/* ---- fields --------------------------------------------------------------------------------- */

/* trace x frame in MATLAB's order is frame x trace, row-major. */
static int read_values(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "corrected_F"));
    BRAM_TRY(bram_matlab_expect_matrix(cx, v, "trace x frame"));
    r->cols = bram_matlab_dims(v)[0];
    r->rows = bram_matlab_dims(v)[1];
    return bram_matlab_numbers(cx, &r->values, v);
}

static int read_flags(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "use_flag"));
    return bram_matlab_exactly(cx, &r->flag, v, r->cols, "one for each trace");
}

/* The names, each possibly in a cell of its own. */
static int read_names(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *list, *v;
    BRAM_TRY(bram_matlab_variable(cx, &list, file, "proofread_neurons"));
    BRAM_TRY(bram_matlab_expect_cells(cx, list, r->cols, "a name for each trace"));
    r->label = bram_alloc(cx, r->cols, sizeof *r->label);
    if (!r->label) return BRAM_ENOMEM;
    for (size_t j = 0; j < r->cols; j++) {
        BRAM_TRY(bram_matlab_cell(cx, &v, list, j));
        BRAM_TRY(bram_matlab_bare_text(cx, &r->label[j], v));
    }
    return BRAM_OK;
}

static int read_time(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *times, *v;
    BRAM_TRY(bram_matlab_variable(cx, &times, file, "times"));
    size_t fields = bram_matlab_fields(times);
    if (fields == 0 || bram_matlab_count(times) == 0)
        return bram_fail(cx, BRAM_EFORMAT, "times: found %s of %zu elements, expected a struct",
                         bram_matlab_class(times), bram_matlab_count(times));
    const char *name = bram_matlab_has_field(times, "times")
                           ? "times"
                           : bram_matlab_field_at(times, fields - 1);
    BRAM_TRY(bram_matlab_field(cx, &v, times, name, 0));
    BRAM_TRY(bram_matlab_exactly(cx, &r->time, v, r->rows, "a stamp for each frame"));
    int status = bram_stamps_check(cx, r->time, r->rows);
    return status == BRAM_OK ? BRAM_OK : bram_fail_prefix(cx, status, "%s", bram_matlab_name(v));
}

/* (F - F_0) / F_0, as the laboratory's code has it. */
static int relate_to_baseline(bram_ctx *cx, struct recording *r, bram_matlab *file)
{
    bram_matlab_value *v;
    double *baseline = NULL;
    BRAM_TRY(bram_matlab_variable(cx, &v, file, "F_0"));
    BRAM_TRY(bram_matlab_expect_matrix(cx, v, "with a row for each trace"));
    if (bram_matlab_dims(v)[0] != r->cols)
        return bram_fail(cx, BRAM_EFORMAT, "F_0: found %zu rows, expected %zu, one for each trace",
                         bram_matlab_dims(v)[0], r->cols);
    BRAM_TRY(bram_matlab_numbers(cx, &baseline, v));
    for (size_t t = 0; t < r->rows; t++)
        for (size_t j = 0; j < r->cols; j++) {
            double *x = &r->values[t * r->cols + j];
            *x = (*x - baseline[j]) / baseline[j]; /* not finite: missing */
        }
    bram_free(baseline);
    return BRAM_OK;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int stimulus_number(bram_ctx *cx, double *out, bram_matlab_value *list, size_t i,
                           size_t column)
{
    bram_matlab_value *v;
    BRAM_TRY(bram_matlab_cell(cx, &v, list, i + column * bram_matlab_dims(list)[0]));
    BRAM_TRY(bram_matlab_bare(cx, &v));
    BRAM_TRY(bram_matlab_number(cx, out, v));
    return isfinite(*out) ? BRAM_OK
                          : bram_fail(cx, BRAM_EFORMAT, "%s: found %g, expected seconds",
                                      bram_matlab_name(v), *out);
}

/* Stimulus i: its text is heap memory of the caller. */
static int read_stimulus(bram_ctx *cx, bram_matlab_value *list, size_t i, char **name,
                         double *onset, double *offset)
{
    bram_matlab_value *v;
    BRAM_TRY(stimulus_number(cx, onset, list, i, 1));
    BRAM_TRY(stimulus_number(cx, offset, list, i, 2));
    if (*offset < *onset)
        return bram_fail(cx, BRAM_EFORMAT,
                         "stimulus: found %g to %g s in row %zu, expected an "
                         "offset after the onset",
                         *onset, *offset, i + 1);
    BRAM_TRY(bram_matlab_cell(cx, &v, list, i));
    return bram_matlab_bare_text(cx, name, v);
}

static int put_stimuli(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                       bram_matlab_value *list, size_t n)
{
    size_t mark = bram_scratch_mark(cx);
    char **name = bram_scratch(cx, n, sizeof *name);
    const char **kind = bram_scratch(cx, n, sizeof *kind);
    double *onset = bram_scratch(cx, n, 2 * sizeof *onset);
    int status = name && kind && onset ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        kind[i] = "stimulus";
        status = read_stimulus(cx, list, i, &name[i], &onset[i], &onset[n + i]);
    }
    if (status == BRAM_OK)
        status = bram_intake_events(cx, ds, r->id,
                                    &(bram_spans){.count = n,
                                                  .what = (const char *const *)name,
                                                  .onset = onset,
                                                  .offset = onset + n,
                                                  .kind = kind});
    for (size_t i = 0; name && i < n; i++) bram_free(name[i]);
    bram_scratch_release(cx, mark);
    return status;
}

static int read_stimuli(bram_ctx *cx, bram_dataset *ds, const struct recording *r,
                        bram_matlab *file)
{
    bram_matlab_value *list;
    BRAM_TRY(bram_matlab_optional(cx, &list, file, "stimulus"));
    if (!list || bram_matlab_count(list) == 0) return BRAM_OK;
    size_t n = bram_matlab_dims(list)[0];
    BRAM_TRY(bram_matlab_expect_cells(cx, list, 3 * n, "odour, onset and offset in each row"));
    return put_stimuli(cx, ds, r, list, n);
}

/* ---- the recording -------------------------------------------------------------------------- */

static int put_traces(bram_ctx *cx, bram_dataset *ds, struct recording *r, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx);
    bool heed = bram_option_is(o, "flags", "heed");
    const char **doubt = bram_scratch(cx, r->cols, sizeof *doubt);
    int status = doubt ? BRAM_OK : BRAM_ENOMEM;
    for (size_t j = 0; status == BRAM_OK && j < r->cols; j++) {
        if (!(r->flag[j] > 0)) doubt[j] = "not proofread";
        if (!(r->flag[j] < 0)) continue;
        doubt[j] = "flagged as not to be used";
        for (size_t t = 0; heed && t < r->rows; t++) r->values[t * r->cols + j] = NAN;
    }
    if (status == BRAM_OK)
        status = bram_intake_traces(cx, ds, r->id,
                                    &(bram_traces){.rows = r->rows,
                                                   .cols = r->cols,
                                                   .time = r->time,
                                                   .values = r->values,
                                                   .labels = (const char *const *)r->label,
                                                   .doubt = doubt,
                                                   .unit = bram_option_text(o, "unit"),
                                                   .filter = "none"});
    bram_scratch_release(cx, mark);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct recording *r, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *const attributes[][2] = {{"subject", r->id},
                                         {"session", r->id},
                                         {"species", BRAM_SPECIES_WORM},
                                         {"condition", "odours"},
                                         {"source_file", slash ? slash + 1 : path}};
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
        BRAM_TRY(bram_intake_text(cx, ds, r->id, attributes[k][0], attributes[k][1]));
    return BRAM_OK;
}

static int read_recording(bram_ctx *cx, bram_dataset *ds, struct recording *r, bram_matlab *file,
                          const char *path, const bram_options *o)
{
    BRAM_TRY(read_values(cx, r, file));
    BRAM_TRY(read_flags(cx, r, file));
    BRAM_TRY(read_names(cx, r, file));
    BRAM_TRY(read_time(cx, r, file));
    if (bram_option_is(o, "unit", "dF/F0")) BRAM_TRY(relate_to_baseline(cx, r, file));
    BRAM_TRY(put_traces(cx, ds, r, o));
    BRAM_TRY(describe(cx, ds, r, path));
    return bram_option_is(o, "stimulus", "read") ? read_stimuli(cx, ds, r, file) : BRAM_OK;
}

static int read_file(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    bram_matlab *file = NULL;
    struct recording r = {.rows = 0};
    BRAM_TRY(bram_matlab_open(cx, &file, path));
    bram_intake_id(r.id, sizeof r.id, path, "_prfrd_data");
    int status = read_recording(cx, ds, &r, file, path, o);
    for (size_t j = 0; r.label && j < r.cols; j++) bram_free(r.label[j]);
    release(&r);
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
    bram_recognise(out, BRAM_NOT_MINE, "no MATLAB file with corrected_F and proofread_neurons");
    int status = bram_matlab_open(cx, &file, input->paths[0]);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    if (bram_matlab_has_variable(file, "corrected_F") &&
        bram_matlab_has_variable(file, "proofread_neurons"))
        bram_recognise(out, BRAM_MINE, "MATLAB %s with variables corrected_F and proofread_neurons",
                       bram_matlab_version(file) == 73 ? "7.3" : "5");
    bram_matlab_close(file);
    return BRAM_OK;
}

const bram_loader bram_loader_lin2023 = {
    .name = "lin2023",
    .summary = "C. elegans chemosensory neurons, responses to odours",
    .citation = "Lin et al. 2023, Science Advances 9:eade1249",
    .doi = "10.1126/sciadv.ade1249",
    .licence = "not stated",
    .reads = "MATLAB 5 or 7.3, a file a recording: corrected_F, proofread_neurons, use_flag, times",
    .version = 1,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
};
