/*
 * flavell2023.c - whole-brain recordings of moving worms, Atanas, Kim et al. 2023: the JSON of
 * WormWideWeb, one file an animal. (The processed HDF5 of the same deposit has the layout of
 * Dag et al. 2023: loader dag2023.)
 *
 * Documented (github.com/flavell-lab/CePNEM-web, src/readme_data.md): uid, max_t, num_neurons,
 * dataset_type; timestamp_confocal, seconds; trace_array, neurons x time, z-scored by the authors
 * over the whole recording; trace_original, the same before that; labeled, {"k": {label,
 * neuron_class, confidence ...}} with k counted from 1; velocity, head_curvature, pumping,
 * angular_velocity, body_curvature at the frames; reversal_events and ranges in frames, from 1.
 * avg_timestep is not used: two versions of the description give it different units.
 *
 * ranges tells the pieces of a recording that was interrupted; a frame that begins a piece begins a
 * segment, whatever the stamps say. No original file was at hand (verified: documented).
 */
#include "intake.h"

#include "dag2023.h"
#include "gz.h"
#include "homogenize.h"
#include "json.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"traces", BRAM_PARAM_CHOICE, "auto", "auto|original|zscored", 0, 0,
     "trace_original or trace_array, which its authors normalised; auto: the first that is there"},
    {.name = NULL}};

/* One recording being read. */
struct animal {
    const bram_json *root;
    const char *path;
    char id[128];
    size_t rows, cols;
    double *traces, *time;
    int64_t *piece; /* of each frame, from 1; NULL: one piece */
    bool zscored;
    bram_dag_labels labels;
};

static void release(struct animal *a)
{
    bram_free(a->traces);
    bram_free(a->time);
    bram_free(a->piece);
    bram_dag_labels_release(&a->labels);
}

/* A member; NULL also for null. */
static const bram_json *member(const struct animal *a, const char *key)
{
    const bram_json *value = bram_json_get(a->root, key);
    return value && bram_json_kind_of(value) != BRAM_JSON_NULL ? value : NULL;
}

/* ---- stamps and traces ---------------------------------------------------------------------- */

static int read_time(bram_ctx *cx, struct animal *a)
{
    const bram_json *stamps = member(a, "timestamp_confocal");
    if (!stamps)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found no timestamp_confocal, expected the stamps of the frames "
                         "(avg_timestep is no substitute: its unit is not certain)",
                         a->path);
    int status = bram_json_numbers(cx, &a->time, &a->rows, stamps);
    if (status == BRAM_OK) status = bram_stamps_check(cx, a->time, a->rows);
    return status == BRAM_OK ? status
                             : bram_fail_prefix(cx, status, "%s: timestamp_confocal", a->path);
}

/* The numbers of one neuron, as many as there are frames. */
static int read_trace(bram_ctx *cx, struct animal *a, const bram_json *row, const char *field,
                      size_t k)
{
    double *values = NULL;
    size_t count = 0;
    int status = bram_json_numbers(cx, &values, &count, row);
    if (status != BRAM_OK)
        return bram_fail_prefix(cx, status, "%s: %s: neuron %zu", a->path, field, k + 1);
    if (count != a->rows)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: %s: neuron %zu has %zu values, expected %zu, as timestamp_confocal",
                           a->path, field, k + 1, count, a->rows);
    for (size_t i = 0; status == BRAM_OK && i < a->rows; i++)
        a->traces[i * a->cols + k] = values[i];
    bram_free(values);
    return status;
}

static int read_traces(bram_ctx *cx, struct animal *a, const bram_options *o)
{
    bool original = bram_option_is(o, "traces", "original");
    bool zscored = bram_option_is(o, "traces", "zscored");
    a->zscored = zscored || (!original && !member(a, "trace_original"));
    const char *field = a->zscored ? "trace_array" : "trace_original";
    const bram_json *array = member(a, field);
    if (!array || bram_json_kind_of(array) != BRAM_JSON_ARRAY || bram_json_count(array) == 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected an array of neurons x time",
                         a->path, field,
                         !array ? "nothing"
                         : bram_json_count(array) == 0
                             ? "no neurons"
                             : bram_json_kind_name(bram_json_kind_of(array)));
    a->cols = bram_json_count(array);
    a->traces = bram_alloc(cx, a->rows, a->cols * sizeof *a->traces);
    if (!a->traces) return BRAM_ENOMEM;
    for (size_t k = 0; k < a->cols; k++)
        BRAM_TRY(read_trace(cx, a, bram_json_at(array, k), field, k));
    if (a->zscored && !zscored)
        bram_note(cx, "%s: no trace_original; trace_array was normalised by its authors", a->id);
    return BRAM_OK;
}

/* num_neurons and max_t, where stated, must be those of the traces. */
static int check_counts(bram_ctx *cx, const struct animal *a)
{
    static const char *const names[] = {"num_neurons", "max_t"};
    for (size_t i = 0; i < 2; i++) {
        double stated, found = (double)(i ? a->rows : a->cols);
        if (!bram_json_number(member(a, names[i]), &stated) || stated == found) continue;
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s is %g, expected %g: the traces are %zu neurons "
                         "x %zu frames",
                         a->path, names[i], stated, found, a->cols, a->rows);
    }
    return BRAM_OK;
}

/* ---- frames: ranges, reversals -------------------------------------------------------------- */

/* Spans of frames, first and last, counted from 1. */
struct spans {
    size_t count;
    double *first, *last;
};

/* The first and last number of a list; a range may be written out in full. */
static bool ends_of(const bram_json *list, double *first, double *last)
{
    size_t count = bram_json_count(list);
    return bram_json_kind_of(list) == BRAM_JSON_ARRAY && count >= 1 &&
           bram_json_number(bram_json_at(list, 0), first) &&
           bram_json_number(bram_json_at(list, count - 1), last);
}

/* Two lists, of all first and of all last frames, as a matrix of two columns is written. */
static bool is_by_column(const bram_json *list)
{
    const bram_json *a = bram_json_at(list, 0), *b = bram_json_at(list, 1);
    double start[2], stop[2];
    if (bram_json_count(list) != 2 || bram_json_count(a) != bram_json_count(b)) return false;
    if (bram_json_count(a) == 1) return true;
    for (size_t i = 0; i < 2; i++)
        if (!bram_json_number(bram_json_at(a, i), &start[i]) ||
            !bram_json_number(bram_json_at(b, i), &stop[i]))
            return false;
    return start[0] <= stop[0] && stop[0] < start[1] && start[1] <= stop[1];
}

static bool read_pair(const bram_json *list, bool by_column, size_t i, double *first, double *last)
{
    if (!by_column) return ends_of(bram_json_at(list, i), first, last);
    return bram_json_number(bram_json_at(bram_json_at(list, 0), i), first) &&
           bram_json_number(bram_json_at(bram_json_at(list, 1), i), last);
}

/* Spans into scratch memory; each within the frames. */
static int read_spans(bram_ctx *cx, struct spans *s, const struct animal *a, const char *key)
{
    const bram_json *list = member(a, key);
    *s = (struct spans){.count = 0};
    if (!list) return BRAM_OK;
    if (bram_json_kind_of(list) != BRAM_JSON_ARRAY)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s: found %s, expected an array of spans of frames",
                         a->path, key, bram_json_kind_name(bram_json_kind_of(list)));
    bool by_column = is_by_column(list);
    size_t count = by_column ? bram_json_count(bram_json_at(list, 0)) : bram_json_count(list);
    s->first = bram_scratch(cx, count, sizeof *s->first);
    s->last = bram_scratch(cx, count, sizeof *s->last);
    if (!s->first || !s->last) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        double first = (double)NAN, last = (double)NAN;
        bool read = read_pair(list, by_column, i, &first, &last);
        if (!read || !(first >= 1) || !(last >= first) || !(last <= (double)a->rows) ||
            first != floor(first) || last != floor(last))
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: span %zu is from frame %g to %g, expected frames from 1 to "
                             "%zu",
                             a->path, key, i + 1, first, last, a->rows);
        s->first[i] = first;
        s->last[i] = last;
    }
    s->count = count;
    return BRAM_OK;
}

/* A new piece begins where a range begins right behind the one before; overlapping ones, which are
 * windows of the authors' fits, cut nothing. */
static int cut(bram_ctx *cx, struct animal *a, const struct spans *ranges)
{
    for (size_t i = 1; i < ranges->count; i++)
        if (ranges->first[i] <= ranges->last[i - 1]) return BRAM_OK;
    if (ranges->count < 2) return BRAM_OK;
    a->piece = bram_alloc(cx, a->rows, sizeof *a->piece);
    if (!a->piece) return BRAM_ENOMEM;
    size_t next = 1;
    for (size_t i = 0; i < a->rows; i++) {
        if (next < ranges->count && (double)(i + 1) == ranges->first[next]) next++;
        a->piece[i] = (int64_t)next;
    }
    return BRAM_OK;
}

static int put_events(bram_ctx *cx, bram_dataset *ds, const struct animal *a,
                      const struct spans *ranges)
{
    struct spans reversals;
    BRAM_TRY(read_spans(cx, &reversals, a, "reversal_events"));
    size_t count = reversals.count + ranges->count;
    double *onset = bram_scratch(cx, count, sizeof *onset);
    double *offset = bram_scratch(cx, count, sizeof *offset);
    const char **what = bram_scratch(cx, count, sizeof *what);
    const char **kind = bram_scratch(cx, count, sizeof *kind);
    if (!onset || !offset || !what || !kind) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        bool range = i >= reversals.count;
        const struct spans *s = range ? ranges : &reversals;
        size_t k = range ? i - reversals.count : i;
        what[i] = range ? "range" : "reversal";
        kind[i] = range ? "range" : "state";
        onset[i] = a->time[(size_t)s->first[k] - 1];
        offset[i] = a->time[(size_t)s->last[k] - 1];
    }
    const bram_spans spans = {
        .count = count, .what = what, .onset = onset, .offset = offset, .kind = kind};
    return bram_intake_events(cx, ds, a->id, &spans);
}

/* ---- behaviour ------------------------------------------------------------------------------ */

static int put_behaviour(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    static const char *const fields[] = {"velocity", "head_curvature", "pumping",
                                         "angular_velocity", "body_curvature"};
    enum { FIELDS = sizeof fields / sizeof *fields };
    const char *name[FIELDS];
    double *column[FIELDS] = {NULL};
    size_t cols = 0;
    int status = BRAM_OK;
    for (size_t f = 0; status == BRAM_OK && f < FIELDS; f++) {
        size_t count = 0;
        if (!member(a, fields[f])) continue;
        status = bram_json_numbers(cx, &column[cols], &count, member(a, fields[f]));
        if (status != BRAM_OK) status = bram_fail_prefix(cx, status, "%s: %s", a->path, fields[f]);
        else if (count != a->rows)
            status = bram_fail(cx, BRAM_EFORMAT, "%s: %s has %zu values, expected %zu, one a frame",
                               a->path, fields[f], count, a->rows);
        name[cols++] = fields[f];
    }
    double *values = status == BRAM_OK ? bram_scratch(cx, a->rows, (cols + 1) * sizeof *values)
                                       : NULL;
    if (status == BRAM_OK && !values) status = BRAM_ENOMEM;
    for (size_t c = 0; status == BRAM_OK && c < cols; c++)
        for (size_t i = 0; i < a->rows; i++) values[i * cols + c] = column[c][i];
    if (status == BRAM_OK)
        status = bram_intake_behaviour(cx, ds, a->id, a->rows, cols, a->time, values, name, NULL);
    for (size_t c = 0; c < FIELDS; c++) bram_free(column[c]);
    return status;
}

/* ---- the recording -------------------------------------------------------------------------- */

/* "baseline", or several joined by ", ". */
static int set_condition(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    const bram_json *type = member(a, "dataset_type");
    char text[200] = "";
    if (bram_json_text(type)) snprintf(text, sizeof text, "%s", bram_json_text(type));
    for (size_t i = 0; i < bram_json_count(type); i++) {
        const char *word = bram_json_text(bram_json_at(type, i));
        size_t used = strlen(text);
        if (word) snprintf(text + used, sizeof text - used, "%s%s", used ? ", " : "", word);
    }
    return bram_intake_text(cx, ds, a->id, "condition", text[0] ? text : "not stated");
}

static int describe(bram_ctx *cx, bram_dataset *ds, const struct animal *a)
{
    const char *slash = strrchr(a->path, '/');
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "subject", a->id));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "session", a->id));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "species", BRAM_SPECIES_WORM));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "published_rule", "nearest"));
    BRAM_TRY(set_condition(cx, ds, a));
    BRAM_TRY(bram_intake_text(cx, ds, a->id, "traces_from",
                              a->zscored ? "trace_array" : "trace_original"));
    BRAM_TRY(
        bram_intake_text(cx, ds, a->id, "labels_from", member(a, "labeled") ? "labeled" : "none"));
    return bram_intake_text(cx, ds, a->id, "source_file", slash ? slash + 1 : a->path);
}

static int read_labels(bram_ctx *cx, struct animal *a)
{
    const bram_json *labeled = member(a, "labeled");
    BRAM_TRY(bram_dag_labels_new(cx, &a->labels, a->cols));
    if (!labeled) return BRAM_OK;
    if (bram_json_kind_of(labeled) != BRAM_JSON_OBJECT)
        return bram_json_kind_of(labeled) == BRAM_JSON_ARRAY && bram_json_count(labeled) == 0
                   ? BRAM_OK /* an empty dictionary, as some writers have it */
                   : bram_fail(cx, BRAM_EFORMAT, "%s: labeled: found %s, expected an object",
                               a->path, bram_json_kind_name(bram_json_kind_of(labeled)));
    return bram_dag_labels_add_all(cx, &a->labels, labeled, a->path, "labeled");
}

static int put_recording(bram_ctx *cx, bram_dataset *ds, struct animal *a)
{
    struct spans ranges;
    BRAM_TRY(read_spans(cx, &ranges, a, "ranges"));
    BRAM_TRY(cut(cx, a, &ranges));
    const bram_traces traces = {
        .rows = a->rows,
        .cols = a->cols,
        .time = a->time,
        .values = a->traces,
        .labels = (const char *const *)a->labels.label,
        .confidence = a->labels.confidence,
        .further = (const char *const *)a->labels.further,
        .piece = a->piece,
        .unit = a->zscored ? "z" : "ratio",
        .filter = a->zscored ? "non-causal" : "none",
    };
    BRAM_TRY(bram_intake_traces(cx, ds, a->id, &traces));
    BRAM_TRY(describe(cx, ds, a));
    BRAM_TRY(put_behaviour(cx, ds, a));
    return put_events(cx, ds, a, &ranges);
}

/* The uid names the recording when it can be a step of a path; else its file does. */
static void name_animal(struct animal *a)
{
    const char *uid = bram_json_text(member(a, "uid"));
    size_t length = uid ? strlen(uid) : 0, plain = 0;
    while (plain < length && (isalnum((unsigned char)uid[plain]) || strchr("-_.", uid[plain])))
        plain++;
    if (length && plain == length && length < sizeof a->id && uid[0] != '.')
        memcpy(a->id, uid, length + 1);
    else bram_intake_id(a->id, sizeof a->id, a->path, NULL);
}

static int read_animal(bram_ctx *cx, bram_dataset *ds, const char *path, const bram_options *o)
{
    bram_json *root = NULL;
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_json_read(cx, &root, path, 0));
    struct animal a = {.root = root, .path = path};
    int status = bram_json_kind_of(root) == BRAM_JSON_OBJECT
                     ? BRAM_OK
                     : bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected an object", path,
                                 bram_json_kind_name(bram_json_kind_of(root)));
    name_animal(&a);
    if (status == BRAM_OK) status = read_time(cx, &a);
    if (status == BRAM_OK) status = read_traces(cx, &a, o);
    if (status == BRAM_OK) status = check_counts(cx, &a);
    if (status == BRAM_OK) status = read_labels(cx, &a);
    if (status == BRAM_OK) status = put_recording(cx, ds, &a);
    release(&a);
    bram_json_free(root);
    bram_scratch_release(cx, mark);
    return status;
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    for (size_t i = 0; i < input->count; i++) BRAM_TRY(read_animal(cx, ds, input->paths[i], o));
    return BRAM_OK;
}

/* ---- recognition ---------------------------------------------------------------------------- */

static bool begins_as_object(const char *path)
{
    char head[64] = "";
    size_t size = bram_gz_peek(path, head, sizeof head - 1), at = 0;
    if (size >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0) at = 3;
    while (at < size && isspace((unsigned char)head[at])) at++;
    return head[at] == '{';
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_json *root = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no JSON object with traces");
    if (!begins_as_object(input->paths[0])) return BRAM_OK;
    int status = bram_json_read(cx, &root, input->paths[0], 0);
    if (status != BRAM_OK) return status == BRAM_ENOMEM ? status : BRAM_OK;
    bool original = bram_json_get(root, "trace_original");
    if ((original || bram_json_get(root, "trace_array")) &&
        (bram_json_get(root, "timestamp_confocal") || bram_json_get(root, "uid")))
        bram_recognise(out, BRAM_MINE, "JSON with %s and %s",
                       original ? "trace_original" : "trace_array",
                       bram_json_get(root, "timestamp_confocal") ? "timestamp_confocal" : "uid");
    bram_json_free(root);
    return BRAM_OK;
}

const bram_loader bram_loader_flavell2023 = {
    .name = "flavell2023",
    .summary = "C. elegans whole-brain calcium and behaviour, moving animals, Flavell laboratory",
    .citation = "Atanas, Kim et al. 2023, Cell 186:4134",
    .doi = "10.1016/j.cell.2023.07.035",
    .licence = "not stated",
    .reads = "JSON of WormWideWeb, one file an animal; the processed HDF5: dag2023",
    .version = 2,
    .verified = BRAM_VERIFIED_DOCUMENTED,
    .params = params,
    .recognise = recognise,
    .load = load,
    .forms = BRAM_FORM_TEXT,
    .apart = true,
};
