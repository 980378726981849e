/*
 * henaff2021.c - spike counts of macaque V1 to frames of movies, Henaff et al. 2021: a MATLAB 7.3
 * file for each session, with the struct naturalStruct.
 *
 *   sortedResponses   scale x category x movie x frame x unit x repeat: counts in the window of
 *                     integrationPeriod from response_latency after the onset; missing is NaN
 *   psth_population   scale x category x movie x unit x bin: rates (1/s), means over frames and
 *                     repeats, by psth_edges
 *   stimulusStruct    SCALE.CATEGORY.MOVIE.stimulus_id: the number of the image of each frame
 *
 * responses/SESSION has a row for each frame of the natural and the synthetic movies (440), by
 * category, scale, movie and frame; responses/SESSION_contrast one for each of the contrast movies
 * (44); responses/SESSION_psth one for each movie, its times the beginnings of bins;
 * recordings/SESSION the same as a recording (henaff2021_time.c). A synthetic
 * movie begins and ends with the natural one's first and last frame, and a contrast movie ends with
 * its last: such rows are the same presentations twice. The column `image` says so, and `movie`
 * joins all that belongs together.
 */
#include "henaff2021.h"

#include "intake.h"
#include "intake_responses.h"
#include "matlab_fields.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"cluster_group", BRAM_PARAM_INTEGER, "0", NULL, 0, 100,
     "take units that the sorter put into this group (1 or 2) only; 0: all"},
    {.name = NULL}};

/* ---- putting --------------------------------------------------------------------------------- */

/* The axis of some rows, all of them frames or whole movies. */
static int stimulus_axis(bram_ctx *cx, bram_axis **out, const bram_henaff *s,
                         const bram_henaff_row *const *row, size_t n)
{
    enum { TEXTS = 5 };
    static const char *const columns[TEXTS] = {NULL, "category", "movie", "scale", "image"};
    size_t mark = bram_scratch_mark(cx);
    const char **text[TEXTS];
    int64_t *frame = bram_scratch(cx, n, sizeof *frame);
    bram_axis *axis = NULL;
    for (size_t k = 0; k < TEXTS; k++)
        if (!(text[k] = bram_scratch(cx, n, sizeof **text))) return BRAM_ENOMEM;
    if (!frame) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const bram_henaff_row *r = row[i];
        text[0][i] = r->id, text[1][i] = bram_henaff_categories[r->category],
        text[2][i] = s->movie[r->movie];
        text[3][i] = s->scale[r->scale], text[4][i] = r->image;
        frame[i] = r->frame < HENAFF_FRAMES ? (int64_t)r->frame + 1 : 0;
    }
    int status = bram_axis_new(cx, &axis, "stimulus", n);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, text[0]);
    for (size_t k = 1; status == BRAM_OK && k < TEXTS; k++)
        status = bram_axis_add_text(cx, axis, columns[k], text[k]);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "frame", frame);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Columns of the units. */
static int add_unit_columns(bram_ctx *cx, bram_axis *axis, const bram_henaff *s)
{
    size_t n = s->taken;
    const char **subject = bram_scratch(cx, n, sizeof *subject);
    const char **session = bram_scratch(cx, n, sizeof *session);
    const char **area = bram_scratch(cx, n, sizeof *area);
    int64_t *cluster = bram_scratch(cx, n, sizeof *cluster);
    int64_t *group = bram_scratch(cx, n, sizeof *group);
    double *blank = bram_scratch(cx, n, sizeof *blank);
    if (!subject || !session || !area || !cluster || !group || !blank) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        subject[i] = s->monkey, session[i] = s->penetration, area[i] = s->area;
        cluster[i] = (int64_t)s->cluster[s->unit[i]], group[i] = (int64_t)s->group[s->unit[i]];
        blank[i] = s->blank[s->unit[i]];
    }
    BRAM_TRY(bram_axis_add_text(cx, axis, "subject", subject));
    BRAM_TRY(bram_axis_add_text(cx, axis, "session", session));
    BRAM_TRY(bram_axis_add_text(cx, axis, "area", area));
    BRAM_TRY(bram_axis_add_integer(cx, axis, "cluster", cluster));
    BRAM_TRY(bram_axis_add_integer(cx, axis, "cluster_group", group));
    return bram_axis_add_number(cx, axis, "blank_rate", blank, "1/s");
}

static int unit_axis(bram_ctx *cx, bram_axis **out, const bram_henaff *s)
{
    enum { ROOM = 3 * HENAFF_NAME };
    size_t mark = bram_scratch_mark(cx);
    char *text = bram_scratch(cx, s->taken, ROOM);
    const char **id = bram_scratch(cx, s->taken, sizeof *id);
    bram_axis *axis = NULL;
    int status = text && id ? bram_axis_new(cx, &axis, "neuron", s->taken) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < s->taken; i++) {
        id[i] = text + i * ROOM; /* clusters are named once in a session */
        snprintf(text + i * ROOM, ROOM, "%s-%.0f", s->name, s->cluster[s->unit[i]]);
    }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = add_unit_columns(cx, axis, s);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The axes of an array; on failure none. */
static int make_axes(bram_ctx *cx, bram_presented *p, const bram_henaff *s,
                     const bram_henaff_row *row, size_t rows)
{
    const bram_henaff_row **list = bram_scratch(cx, rows, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) list[i] = &row[i];
    BRAM_TRY(stimulus_axis(cx, &p->stimulus, s, list, rows));
    int status = unit_axis(cx, &p->neuron, s);
    if (status != BRAM_OK) bram_axis_free(p->stimulus);
    return status;
}

static bram_presented about(const bram_henaff *s)
{
    return (bram_presented){.id = s->name,
                            .unit = "count",
                            .signal = "spike count",
                            .species = "Macaca",
                            .subject = s->monkey,
                            .session = s->penetration,
                            .area = s->area,
                            .from = s->latency,
                            .to = s->latency + s->period};
}

static double count_of(const bram_henaff *s, const bram_henaff_row *r, size_t unit, size_t repeat)
{
    size_t movie = r->movie +
                   HENAFF_MOVIES * (r->frame + HENAFF_FRAMES * (unit + s->units * repeat));
    return s->counts[r->scale + HENAFF_SCALES * (r->category + HENAFF_CATEGORIES * movie)];
}

static int put_counts(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s, const char *end,
                      const bram_henaff_row *row, size_t rows)
{
    char name[sizeof s->name + 16];
    size_t at = 0;
    double *values = bram_alloc(cx, rows * s->taken * s->repeats, sizeof *values);
    bram_presented p = about(s);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        for (size_t u = 0; u < s->taken; u++)
            for (size_t k = 0; k < s->repeats; k++)
                values[at++] = count_of(s, &row[i], s->unit[u], k);
    snprintf(name, sizeof name, "%s%s", s->name, end);
    p.id = name, p.values = values, p.repeats = s->repeats;
    int status = make_axes(cx, &p, s, row, rows);
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &p);
    bram_free(values);
    return status;
}

static int put_psth(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s)
{
    char name[sizeof s->name + 16];
    size_t at = 0;
    double *values = bram_alloc(cx, s->sequences * s->taken * s->bins, sizeof *values);
    bram_presented p = about(s);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->sequences; i++)
        for (size_t u = 0; u < s->taken; u++)
            for (size_t b = 0; b < s->bins; b++)
                values[at++] = s->psth[bram_henaff_rate_at(s, &s->sequence[i], s->unit[u], b)];
    snprintf(name, sizeof name, "%s_psth", s->name);
    p.id = name, p.unit = "1/s", p.signal = "spike rate, mean over frames and repeats";
    p.values = values, p.repeats = 1, p.from = p.to = 0;
    int status = bram_axis_new(cx, &p.time, "time", s->bins);
    if (status == BRAM_OK) status = bram_axis_set_values(cx, p.time, s->edges, "s");
    if (status == BRAM_OK) status = make_axes(cx, &p, s, s->sequence, s->sequences);
    if (status == BRAM_OK) status = bram_intake_responses(cx, ds, &p);
    else bram_axis_free(p.time);
    bram_free(values);
    return status;
}

static int put_table(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s)
{
    const bram_henaff_row *row[HENAFF_ROWS + HENAFF_SEQUENCES];
    bram_axis *table = NULL;
    for (size_t i = 0; i < s->rows; i++) row[i] = &s->row[i];
    for (size_t i = 0; i < s->sequences; i++) row[s->rows + i] = &s->sequence[i];
    BRAM_TRY(stimulus_axis(cx, &table, s, row, s->rows + s->sequences));
    return bram_dataset_add_table(cx, ds, "stimuli", table);
}

static int put(bram_ctx *cx, bram_dataset *ds, const bram_henaff *s)
{
    size_t contrast = s->rows - s->plain;
    if (!bram_dataset_table(ds, "stimuli/stimulus")) BRAM_TRY(put_table(cx, ds, s));
    BRAM_TRY(put_counts(cx, ds, s, "", s->row, s->plain));
    if (contrast) BRAM_TRY(put_counts(cx, ds, s, "_contrast", s->row + s->plain, contrast));
    BRAM_TRY(put_psth(cx, ds, s));
    return bram_henaff_put_recording(cx, ds, s);
}

/* ---- the loader ------------------------------------------------------------------------------ */

static int load_file(bram_ctx *cx, bram_dataset *ds, const char *path, int64_t group)
{
    bram_henaff *s = bram_alloc(cx, 1, sizeof *s);
    bram_matlab *file = NULL;
    if (!s) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_matlab_open(cx, &file, path);
    if (status == BRAM_OK) status = bram_henaff_read(cx, s, file, group);
    if (status == BRAM_OK) status = put(cx, ds, s);
    bram_matlab_close(file);
    bram_scratch_release(cx, mark);
    bram_henaff_release(s);
    bram_free(s);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) {
        int status = load_file(cx, ds, input->paths[i], bram_option_integer(o, "cluster_group"));
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "%s", input->paths[i]);
    }
    return BRAM_OK;
}

static bool is_session(bram_ctx *cx, const char *path)
{
    bram_matlab *file = NULL;
    bram_matlab_value *all;
    if (bram_matlab_open(cx, &file, path) != BRAM_OK) return false;
    bool mine = bram_matlab_has_variable(file, "naturalStruct") &&
                bram_matlab_variable(cx, &all, file, "naturalStruct") == BRAM_OK &&
                bram_matlab_has_field(all, "sortedResponses") &&
                bram_matlab_has_field(all, "stimulusStruct");
    bram_matlab_close(file);
    return mine;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    for (size_t i = 0; i < input->count; i++)
        if (!is_session(cx, input->paths[i]))
            return bram_recognise(out, BRAM_NOT_MINE,
                                  "no MATLAB struct naturalStruct with sortedResponses");
    return bram_recognise(out, BRAM_MINE,
                          "MATLAB struct naturalStruct with sortedResponses and stimulusStruct");
}

const bram_loader bram_loader_henaff2021 = {
    .name = "henaff2021",
    .summary = "macaque V1, spike counts: frames of natural, synthetic and contrast movies",
    .citation = "Henaff et al. 2021, Nature Communications 12:5982",
    .doi = "10.1038/s41467-021-25939-z",
    .licence = "not stated",
    .reads = "MATLAB 7.3: a file for each session, *_image_sequences.mat",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5 | BRAM_FORM_MAT5,
    .apart = true,
};
