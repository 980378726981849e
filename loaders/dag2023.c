/*
 * dag2023.c - whole-brain recordings of Dag et al. 2023: HDF5 as written by HDF5.jl.
 *
 * One file is one animal: gcamp/ (traces, time x neuron), timing/timestamp_confocal (seconds of a
 * machine's clock, near 1e6), behavior/ (at the frames of the traces). Labels come in further
 * files: see dag2023_labels.c. The processed HDF5 of Atanas, Kim et al. 2023 has the same layout,
 * with neuropal_label.json. Traces are F/F20 (there also F/Fmean); the z-scored ones the file also
 * holds were scaled by the whole recording and are read only on request.
 *
 * Frames. A file may hold more stamps than frames. Then the frames kept are looked up: in an index
 * map over frames, or in idx_splits when its pieces number the original frames. When neither tells,
 * the file is refused rather than cut; stamps=first cuts, and says so.
 */
#include "intake.h"

#include "dag2023.h"
#include "h5.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"traces", BRAM_PARAM_CHOICE, "F_F20", "F_F20|F_Fmean|original|zscored", 0, 0,
     "which of the published arrays; zscored was scaled by the whole recording"},
    {"stamps", BRAM_PARAM_CHOICE, "strict", "strict|first", 0, 0,
     "when there are more stamps than frames and nothing tells which: refuse, or take the first"},
    {"labels", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file of labels, as if given as a further path"},
    {.name = NULL}};

/* The files of labels. */
struct sources {
    bram_dag_source *source;
    size_t count;
    bool only_recording; /* of the import */
};

/* One recording being read. */
struct animal {
    const bram_h5_object *root;
    const char *path;
    char id[128];
    size_t rows, cols;
    double *traces, *time;
    size_t *column_of; /* original trace number - 1 to column + 1; 0: removed */
    size_t originals;
    bram_dag_labels labels;
    char stamps[96]; /* how the frames got their stamps */
};

static void release(struct animal *a)
{
    bram_free(a->traces);
    bram_free(a->time);
    bram_free(a->column_of);
    bram_dag_labels_release(&a->labels);
}

/* ---- traces and stamps ---------------------------------------------------------------------- */

static const char *trace_field(const bram_options *o)
{
    return bram_option_is(o, "traces", "F_Fmean")    ? "gcamp/traces_array_F_Fmean"
           : bram_option_is(o, "traces", "original") ? "gcamp/trace_array_original"
           : bram_option_is(o, "traces", "zscored")  ? "gcamp/trace_array"
                                                     : "gcamp/traces_array_F_F20";
}

static int read_traces(bram_ctx *cx, struct animal *a, const bram_options *o)
{
    bram_h5_info info;
    const char *field = trace_field(o);
    BRAM_TRY(bram_h5_info_of(cx, &info, a->root, field));
    if (info.rank != 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %u dimensions, expected time x neuron",
                         a->path, field, info.rank);
    a->rows = (size_t)info.dims[0];
    a->cols = (size_t)info.dims[1];
    return bram_h5_read_double(cx, &a->traces, NULL, a->root, field, 0);
}

/*
 * frame[skip - 1] = org of pairs (org, skip) that name each of the kept frames once, in order.
 * @return whether they do
 */
static bool frames_from_map(size_t *frame, size_t rows, size_t stamps, const int64_t *pair,
                            size_t count)
{
    if (count != rows) return false;
    for (size_t i = 0; i < rows; i++) frame[i] = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        int64_t org = pair[i], skip = pair[count + i];
        if (org < 1 || (uint64_t)org > stamps || skip < 1 || (uint64_t)skip > rows) return false;
        frame[skip - 1] = (size_t)org - 1;
    }
    for (size_t i = 0; i < rows; i++)
        if (frame[i] == SIZE_MAX || (i && frame[i] <= frame[i - 1])) return false;
    return true;
}

/* The pieces first..last (1-based, of the original frames) one behind the other. */
static bool frames_from_splits(size_t *frame, size_t rows, size_t stamps, const int64_t *split,
                               size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t first = split[i], last = split[count + i];
        if (first < 1 || last < first || (uint64_t)last > stamps) return false;
        if (n && (size_t)first - 1 <= frame[n - 1]) return false;
        for (int64_t f = first; f <= last; f++) {
            if (n == rows) return false;
            frame[n++] = (size_t)f - 1;
        }
    }
    return n == rows && frame[n - 1] >= rows; /* else the pieces number the kept frames */
}

/* Which stamp each frame has, when there are more stamps than frames. */
static int find_frames(bram_ctx *cx, struct animal *a, size_t *frame, size_t stamps,
                       const bram_options *o)
{
    static const char *const maps[] = {"gcamp/match_org_to_skip", "gcamp/idx_splits"};
    for (size_t m = 0; m < 2; m++) {
        int64_t *pair = NULL;
        size_t count = 0;
        BRAM_TRY(bram_dag_pairs(cx, &pair, &count, a->root, a->path, maps[m]));
        bool found = count && a->rows != a->cols &&
                     (m == 0 ? frames_from_map : frames_from_splits)(frame, a->rows, stamps, pair,
                                                                     count);
        bram_free(pair);
        if (!found) continue;
        snprintf(a->stamps, sizeof a->stamps, "%zu of %zu stamps by %s", a->rows, stamps, maps[m]);
        return BRAM_OK;
    }
    if (!bram_option_is(o, "stamps", "first"))
        return bram_fail(
            cx, BRAM_EFORMAT,
            "%s: found %zu stamps for %zu frames, and neither gcamp/match_org_to_skip nor "
            "gcamp/idx_splits tells which frames were kept; stamps=first takes the first",
            a->path, stamps, a->rows);
    for (size_t i = 0; i < a->rows; i++) frame[i] = i;
    snprintf(a->stamps, sizeof a->stamps, "the first %zu of %zu stamps, as asked", a->rows, stamps);
    return BRAM_OK;
}

static int read_stamps(bram_ctx *cx, struct animal *a, const bram_options *o)
{
    double *stamps = NULL;
    size_t count = 0, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_h5_read_double(cx, &stamps, &count, a->root, "timing/timestamp_confocal", 0));
    if (count == a->rows) {
        a->time = stamps;
        snprintf(a->stamps, sizeof a->stamps, "one for each frame");
        return BRAM_OK;
    }
    size_t *frame = bram_scratch(cx, a->rows, sizeof *frame);
    int status = BRAM_ENOMEM;
    if (count < a->rows)
        status = bram_fail(
            cx, BRAM_EFORMAT,
            "%s: timing/timestamp_confocal has %zu stamps, expected %zu, one for each "
            "frame of the traces",
            a->path, count, a->rows);
    else if (frame) status = find_frames(cx, a, frame, count, o);
    if (status == BRAM_OK) {
        a->time = bram_alloc(cx, a->rows, sizeof *a->time);
        for (size_t i = 0; a->time && i < a->rows; i++) a->time[i] = stamps[frame[i]];
        if (!a->time) status = BRAM_ENOMEM;
    }
    bram_free(stamps);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- labels --------------------------------------------------------------------------------- */

/* Labels and matches number the traces before those without a value were removed. */
static int read_columns(bram_ctx *cx, struct animal *a)
{
    int64_t *pair = NULL;
    size_t count = 0;
    a->originals = a->cols;
    BRAM_TRY(bram_dag_pairs(cx, &pair, &count, a->root, a->path, "gcamp/match_org_to_skip"));
    for (size_t i = 0; count == a->cols && i < count; i++)
        if (pair[i] > (int64_t)a->originals && pair[i] < (int64_t)100000)
            a->originals = (size_t)pair[i];
    a->column_of = bram_alloc(cx, a->originals, sizeof *a->column_of);
    int status = a->column_of ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < a->originals; i++)
        a->column_of[i] = count == a->cols ? 0 : i + 1;
    for (size_t i = 0; status == BRAM_OK && count == a->cols && i < count; i++) {
        int64_t org = pair[i], skip = pair[count + i];
        if (org < 1 || (uint64_t)org > a->originals || skip < 1 || (uint64_t)skip > a->cols ||
            a->column_of[org - 1])
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: gcamp/match_org_to_skip pairs trace %lld with %lld of %zu",
                               a->path, (long long)org, (long long)skip, a->cols);
        else a->column_of[org - 1] = (size_t)skip;
    }
    bram_free(pair);
    return status;
}

static int read_match(bram_ctx *cx, bram_dag_match *out, const struct animal *a)
{
    int64_t *trace = NULL;
    double *confidence = NULL;
    size_t regions = 0, sure = 0;
    if (!bram_h5_exists(a->root, "neuropal_registration/roi_match")) return BRAM_OK;
    BRAM_TRY(
        bram_h5_read_int64(cx, &trace, &regions, a->root, "neuropal_registration/roi_match", 0));
    int status = bram_h5_read_double(cx, &confidence, &sure, a->root,
                                     "neuropal_registration/roi_match_confidence", 0);
    if (status == BRAM_OK && sure != regions)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: %zu regions have %zu confidences", a->path,
                           regions, sure);
    if (status == BRAM_OK) *out = (bram_dag_match){regions, trace, confidence};
    else {
        bram_free(trace);
        bram_free(confidence);
    }
    return status;
}

/* A workbook is for the recording whose name its own begins with; alone with one recording, for
 * that. */
static bool is_for(bram_dag_form form, const char *path, const char *id, bool only_recording)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return form != BRAM_DAG_XLSX || only_recording || strncmp(name, id, strlen(id)) == 0;
}

/* The place of a label in the original numbering becomes that in the columns of the file. */
static int place_labels(bram_ctx *cx, struct animal *a, bram_dag_labels *original)
{
    BRAM_TRY(bram_dag_labels_new(cx, &a->labels, a->cols));
    memcpy(a->labels.form, original->form, sizeof a->labels.form);
    a->labels.lost = original->lost;
    for (size_t i = 0; i < original->traces; i++) {
        size_t column = a->column_of[i];
        if (!original->label[i]) continue;
        if (!column) {
            a->labels.lost++;
            continue;
        }
        BRAM_TRY(bram_dag_labels_add(cx, &a->labels, column - 1, original->label[i],
                                     original->confidence[i]));
        if (!original->further[i]) continue;
        a->labels.further[column - 1] = original->further[i];
        original->further[i] = NULL;
    }
    return BRAM_OK;
}

/* The NSM of animals without NeuroPAL labels is told by its index. */
static int add_nsm(bram_ctx *cx, struct animal *a, bram_dag_labels *l)
{
    int64_t *index = NULL;
    size_t count = 0;
    if (l->form[0] || !bram_h5_exists(a->root, "gcamp/idx_nsm")) return BRAM_OK;
    BRAM_TRY(bram_h5_read_int64(cx, &index, &count, a->root, "gcamp/idx_nsm", 0));
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        if (index[i] >= 1 && (uint64_t)index[i] <= l->traces)
            status = bram_dag_labels_add(cx, l, (size_t)index[i] - 1, "NSM", (double)NAN);
    snprintf(l->form, sizeof l->form, "gcamp/idx_nsm");
    bram_free(index);
    return status;
}

/* The first file that knows the recording gives its labels. */
static int find_labels(bram_ctx *cx, const struct animal *a, bram_dag_labels *l,
                       const bram_dag_match *match, const struct sources *from)
{
    size_t count = from->count;
    for (size_t i = 0; i < count && !l->form[0]; i++) {
        bram_dag_source *s = &from->source[i];
        if (!s->known) BRAM_TRY(bram_dag_form_of(cx, &s->form, s->path));
        s->known = true;
        if (s->form == BRAM_DAG_NONE)
            return bram_fail(cx, BRAM_EFORMAT, "%s is neither a recording nor a file of labels",
                             s->path);
        if (!is_for(s->form, s->path, a->id, from->only_recording)) continue;
        int status = bram_dag_labels_read(cx, l, s, a->id, match);
        if (status != BRAM_OK && status != BRAM_EABSENT) return status;
    }
    if (l->form[0] || count == 0) return BRAM_OK;
    if (match->regions) /* a renamed file must not lose its labels in silence */
        return bram_fail(cx, BRAM_EABSENT,
                         "no file of labels knows the recording \"%s\", named after its file %s",
                         a->id, a->path);
    bram_note(cx, "%s: no NeuroPAL registration, and no file of labels knows it", a->id);
    return BRAM_OK;
}

static int read_labels(bram_ctx *cx, struct animal *a, const struct sources *from)
{
    bram_dag_labels original = {0};
    bram_dag_match match = {0};
    BRAM_TRY(read_columns(cx, a));
    BRAM_TRY(read_match(cx, &match, a));
    int status = bram_dag_labels_new(cx, &original, a->originals);
    if (status == BRAM_OK) status = find_labels(cx, a, &original, &match, from);
    if (status == BRAM_OK) status = add_nsm(cx, a, &original);
    if (status == BRAM_OK) status = place_labels(cx, a, &original);
    bram_free((void *)(uintptr_t)match.trace);
    bram_free((void *)(uintptr_t)match.confidence);
    bram_dag_labels_release(&original);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

/* The published pipeline takes all characters of "-data.h5" from both ends of the file's name to
 * find its labels: one that ends in such a character before them is not found. */
static bool is_lost(const char *id)
{
    size_t length = strlen(id);
    return length && (strchr("-dath5.", id[0]) || strchr("-dath5.", id[length - 1]));
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    const char *slash = strrchr(a->path, '/');
    bool labeled = bram_h5_exists(a->root, "neuropal_registration");
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "subject", a->id));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "session", a->id));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(
        bram_intake_text(cx, ds, a->id, "published_rule", is_lost(a->id) ? "lost" : "nearest"));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "condition",
                              labeled ? "NeuroPAL" : "no NeuroPAL registration"));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "source_file", slash ? slash + 1 : a->path));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "stamps", a->stamps));
    return bram_intake_text(cx, ds, a->id, "labels_from",
                            a->labels.form[0] ? a->labels.form : "none");
}

static int put_recording(bram_ctx *cx, bram_dataset *ds, const struct animal *a,
                         const bram_options *o)
{
    bool zscored = bram_option_is(o, "traces", "zscored");
    const bram_traces traces = {
        .rows = a->rows,
        .cols = a->cols,
        .time = a->time,
        .values = a->traces,
        .labels = (const char *const *)a->labels.label,
        .confidence = a->labels.confidence,
        .further = (const char *const *)a->labels.further,
        .unit = zscored                                   ? "z"
                : bram_option_is(o, "traces", "original") ? "ratio"
                : bram_option_is(o, "traces", "F_Fmean")  ? "F/Fmean"
                                                          : "F/F20",
        .filter = zscored ? "non-causal" : "none",
    };
    BRAM_TRY(bram_intake_traces(cx, ds, a->id, &traces));
    BRAM_TRY(describe(cx, ds, a));
    if (a->labels.lost)
        bram_note(cx, "%s: %zu labels belong to regions without a trace", a->id, a->labels.lost);
    const bram_dag_frames frames = {a->root, a->path, a->id, a->rows, a->time};
    return bram_dag_behaviour(cx, ds, &frames);
}

static int read_animal(bram_ctx *cx, bram_dataset *ds, const char *path,
                       const struct sources *labels, const bram_options *o)
{
    bram_h5 *file = NULL;
    struct animal a = {.path = path};
    BRAM_TRY(bram_h5_open(cx, &file, path));
    a.root = bram_h5_root(file);
    bram_intake_id(a.id, sizeof a.id, path, "-data");
    int status = read_traces(cx, &a, o);
    if (status == BRAM_OK) status = read_stamps(cx, &a, o);
    if (status == BRAM_OK) status = read_labels(cx, &a, labels);
    if (status == BRAM_OK) status = put_recording(cx, ds, &a, o);
    release(&a);
    bram_h5_close(file);
    return status;
}

/* ---- the loader ----------------------------------------------------------------------------- */

/* Whether an HDF5 file has the fields of a recording. BRAM_ENOMEM is the only failure. */
static int is_recording(bram_ctx *cx, bool *out, const char *path)
{
    bram_h5 *file = NULL;
    *out = false;
    if (!bram_h5_probe(path)) return BRAM_OK;
    int status = bram_h5_open(cx, &file, path);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    *out = bram_h5_exists(bram_h5_root(file), "gcamp/trace_array") &&
           bram_h5_exists(bram_h5_root(file), "timing/timestamp_confocal");
    bram_h5_close(file);
    return BRAM_OK;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bool recording = false;
    BRAM_TRY(is_recording(cx, &recording, input->paths[0]));
    return recording ? bram_recognise(out, BRAM_MINE,
                                      "HDF5 with gcamp/trace_array and timing/timestamp_confocal")
                     : bram_recognise(out, BRAM_NOT_MINE, "no recording of this form");
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    size_t mark = bram_scratch_mark(cx), recordings = 0;
    struct sources labels = {bram_scratch(cx, input->count + 1, sizeof *labels.source), 0, false};
    bool *recording = bram_scratch(cx, input->count, sizeof *recording);
    int status = labels.source && recording ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < input->count; i++) {
        status = is_recording(cx, &recording[i], input->paths[i]);
        if (recording[i]) recordings++;
        else labels.source[labels.count++].path = input->paths[i];
    }
    if (status == BRAM_OK && bram_option_text(o, "labels")[0])
        labels.source[labels.count++].path = bram_option_text(o, "labels");
    labels.only_recording = recordings + input->elsewhere == 1;
    if (status == BRAM_OK && recordings == 0)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found no recording, expected HDF5 with gcamp/trace_array and "
                           "timing/timestamp_confocal",
                           input->paths[0]);
    for (size_t i = 0; status == BRAM_OK && i < input->count; i++)
        if (recording[i]) status = read_animal(cx, ds, input->paths[i], &labels, o);
    for (size_t i = 0; i < labels.count; i++) bram_dag_source_close(&labels.source[i]);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_loader bram_loader_dag2023 = {
    .name = "dag2023",
    .summary = "C. elegans whole-brain calcium and behaviour (NSM, serotonin), Flavell laboratory",
    .citation = "Dag et al. 2023, Cell 186:2574",
    .doi = "10.1016/j.cell.2023.04.023",
    .licence = "not stated",
    .reads =
        "HDF5, one file an animal; labels from a JLD2 or JSON dictionary or the animal's workbook",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_HDF5,
    .apart = true,
    .belongs = bram_dag_belongs,
};
