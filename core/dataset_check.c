/*
 * dataset_check.c - checks a dataset against the rules of datasets/schema.md.
 *
 * What the structure in memory rules out (shapes that do not fit, columns of another length, two
 * things at one path) is refused when a file is opened; here are the rules about meaning.
 */
#include "dataset_form.h"

#include "h5_write.h"
#include "text_index.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 160 };

struct checking {
    bram_ctx *cx;
    const bram_dataset *ds;
    bram_finding_fn *report;
    void *user;
    size_t errors;
    const char *path; /* of what is being checked */
};

/* Reports; found is formatted by printf's rules. */
static void find(struct checking *c, bram_severity severity, const char *field,
                 const char *expected, const char *found, ...) BRAM_PRINTF(5, 6);

static void find(struct checking *c, bram_severity severity, const char *field,
                 const char *expected, const char *found, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    va_start(args, found);
    vsnprintf(text, sizeof text, found, args);
    va_end(args);
    c->errors += severity == BRAM_ERROR;
    bram_finding finding = {severity, c->path, field, text, expected};
    if (c->report) c->report(c->user, &finding);
}

static bool starts_with(const char *path, const char *start)
{
    return strncmp(path, start, strlen(start)) == 0;
}

/* ---- groups --------------------------------------------------------------------------------- */

static void need_text(struct checking *c, bram_severity severity, const bram_attrs *attrs,
                      const char *name)
{
    const char *text = bram_attrs_text(attrs, name);
    if (!text || !*text) find(c, severity, name, "a text that is not empty", "none");
}

static void check_root(struct checking *c)
{
    static const char *const names[] = {"dataset", "licence", "citation", "history"};
    const bram_attrs *attrs = bram_dataset_find_attrs(c->ds, "");
    c->path = "";
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        need_text(c, BRAM_ERROR, attrs, names[i]);
    need_text(c, BRAM_WARNING, attrs, "sources"); /* what is simulated has none */
}

/* The direct child of `recordings` that path is, e.g. "recordings/w1"; not what is below it. */
static bool is_recording(const char *path)
{
    return starts_with(path, "recordings/") && !strchr(path + strlen("recordings/"), '/');
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Stamps of real recordings vary, so dt is the median step; a long step is a gap and ends a
 * segment. */
static int check_dt(struct checking *c, double dt, const bram_axis *time)
{
    const double *t = bram_axis_values(time);
    size_t n = bram_axis_length(time), steps = 0, mark = bram_scratch_mark(c->cx);
    const bram_column *segment = bram_axis_column(time, "segment");
    double *step = bram_scratch(c->cx, n, sizeof *step);
    if (!step) return BRAM_ENOMEM;
    bool gap = false;
    for (size_t i = 1; t && i < n; i++) {
        if (segment && segment->integer && segment->integer[i] != segment->integer[i - 1]) continue;
        if (isfinite(t[i] - t[i - 1])) step[steps++] = t[i] - t[i - 1];
        if (!gap && t[i] - t[i - 1] > 3 * dt)
            find(c, BRAM_ERROR, "dt", "no step above 3 dt within a segment",
                 "%.9g s, but step %zu is %.9g s", dt, i, t[i] - t[i - 1]);
        gap = gap || t[i] - t[i - 1] > 3 * dt;
    }
    qsort(step, steps, sizeof *step, ascending);
    double median = steps ? 0.5 * (step[(steps - 1) / 2] + step[steps / 2]) : dt;
    bram_scratch_release(c->cx, mark);
    if (!(fabs(median - dt) <= 0.01 * dt)) /* the tolerance of datasets/schema.md */
        find(c, BRAM_ERROR, "dt", "the median step of the time axis of activity, within 1 %",
             "%.9g s, but the median step is %.9g s", dt, median);
    return BRAM_OK;
}

static int check_recording(struct checking *c, const char *group)
{
    static const char *const names[] = {"subject", "session", "species", "condition"};
    const bram_attrs *attrs = bram_dataset_find_attrs(c->ds, group);
    c->path = group;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        need_text(c, BRAM_ERROR, attrs, names[i]);
    char *path = bram_strf(c->cx, "%s/activity", group);
    if (!path) return BRAM_ENOMEM;
    const bram_response *activity = bram_dataset_response(c->ds, path);
    bram_free(path);
    double dt = bram_attrs_number(attrs, "dt", NAN);
    if (activity && !(dt > 0 && isfinite(dt)))
        find(c, BRAM_ERROR, "dt", "a positive number of seconds", "%.9g", dt);
    else if (activity) return check_dt(c, dt, bram_response_axis(activity, 0));
    return BRAM_OK;
}

/* ---- axes ----------------------------------------------------------------------------------- */

/* Whether an axis is one of time: "time", "raw_time" ... */
static bool is_time(const bram_axis *axis)
{
    const char *name = bram_axis_name(axis);
    size_t length = strlen(name);
    return strcmp(name, "time") == 0 || (length > 5 && strcmp(name + length - 5, "_time") == 0);
}

static void check_coordinates(struct checking *c, const bram_axis *axis)
{
    const double *values = bram_axis_values(axis);
    const char *name = bram_axis_name(axis);
    bool time = is_time(axis);
    if (time && !values) {
        find(c, BRAM_ERROR, name, "coordinates in s", "none");
        return;
    }
    if (!values) return;
    if (!*bram_axis_unit(axis)) find(c, BRAM_ERROR, name, "a unit", "none");
    else if (time && strcmp(bram_axis_unit(axis), "s") != 0)
        find(c, BRAM_ERROR, name, "unit s", "unit %s", bram_axis_unit(axis));
    for (size_t i = 0; time && i < bram_axis_length(axis); i++) {
        if (isfinite(values[i]) && (i == 0 || values[i] > values[i - 1])) continue;
        find(c, BRAM_ERROR, name, "finite values, each above the one before", "%.17g at row %zu",
             values[i], i);
        return;
    }
}

static void check_certainty(struct checking *c, const bram_column *certainty, size_t n)
{
    static const char *const allowed[] = {"unlabeled",   "exact",     "side-ambiguous",
                                          "class-only",  "duplicate", "low-confidence",
                                          "not-a-neuron"};
    static const char expected[] = "unlabeled, exact, side-ambiguous, class-only, duplicate, "
                                   "low-confidence or not-a-neuron";
    for (size_t i = 0; i < n; i++) {
        bool known = false;
        for (size_t k = 0; certainty->text && k < sizeof allowed / sizeof *allowed; k++)
            known |= strcmp(certainty->text[i], allowed[k]) == 0;
        if (known) continue;
        find(c, BRAM_ERROR, "neuron.certainty", expected, "\"%s\" at row %zu",
             certainty->text ? certainty->text[i] : "a number", i);
        return;
    }
}

/* Exact labels: each present and none twice. */
static int check_labels(struct checking *c, const bram_axis *axis)
{
    const bram_column *certainty = bram_axis_column(axis, "certainty");
    const bram_column *label = bram_axis_column(axis, "label");
    size_t n = bram_axis_length(axis);
    if (certainty) check_certainty(c, certainty, n);
    if (!certainty || !certainty->text || !label || !label->text) return BRAM_OK;
    bram_text_index index = {0};
    BRAM_TRY(bram_text_index_reserve(c->cx, &index, label->text, n));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(certainty->text[i], "exact") != 0) continue;
        size_t first = bram_text_index_add(&index, label->text, i);
        if (!*label->text[i])
            find(c, BRAM_ERROR, "neuron.label", "a name, as the label is exact", "none at row %zu",
                 i);
        else if (first != i)
            find(c, BRAM_ERROR, "neuron.label", "an exact label once in a recording",
                 "\"%s\" at rows %zu and %zu", label->text[i], first, i);
    }
    bram_text_index_release(&index);
    return BRAM_OK;
}

static int check_axis(struct checking *c, const bram_axis *axis)
{
    check_coordinates(c, axis);
    return strcmp(bram_axis_name(axis), "neuron") == 0 ? check_labels(c, axis) : BRAM_OK;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Values that are present must be finite. */
static int check_values(struct checking *c, const bram_response *r)
{
    size_t dims = bram_response_dims(r), lengths[BRAM_MAX_DIMS], block[BRAM_MAX_DIMS];
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS] = {0}, bad = 0;
    for (size_t d = 0; d < dims; d++) lengths[d] = bram_response_length(r, d);
    bram_h5w_block(dims, lengths, block);
    double *values = bram_scratch(c->cx, bram_form_product(dims, block), sizeof *values);
    uint8_t *present = values ? bram_scratch(c->cx, bram_form_product(dims, block), 1) : NULL;
    if (!present) return BRAM_ENOMEM;
    while (bram_form_next_block(dims, lengths, block, start, count)) {
        BRAM_TRY(bram_ctx_check_cancel(c->cx));
        BRAM_TRY(bram_response_read(c->cx, r, start, count, values, present));
        for (size_t i = 0, n = bram_form_product(dims, count); i < n; i++)
            bad += present[i] && !isfinite(values[i]);
    }
    if (bad)
        find(c, BRAM_ERROR, "values", "finite values; what is missing is masked",
             "%zu NaN or infinite", bad);
    return BRAM_OK;
}

static void check_shape(struct checking *c, const bram_response *r)
{
    static const struct {
        const char *end, *axis[2];
    } forms[] = {{"/activity", {"time", "neuron"}},
                 {"/raw", {"raw_time", NULL}},
                 {"/behaviour", {"behaviour_time", "variable"}}};
    size_t length = strlen(c->path);
    for (size_t i = 0; starts_with(c->path, "recordings/") && i < 3; i++) {
        size_t end = strlen(forms[i].end);
        if (length < end || strcmp(c->path + length - end, forms[i].end) != 0) continue;
        if (bram_response_dims(r) != 2) {
            find(c, BRAM_ERROR, "shape", "2 axes, time first", "%zu", bram_response_dims(r));
            return;
        }
        for (size_t d = 0; d < 2; d++) {
            const char *name = bram_axis_name(bram_response_axis(r, d));
            if (forms[i].axis[d] && strcmp(name, forms[i].axis[d]) != 0)
                find(c, BRAM_ERROR, d ? "second axis" : "first axis", forms[i].axis[d], "%s", name);
        }
    }
}

/* ---- stimuli, and dissimilarities of them --------------------------------------------------- */

/* Whether each id of a stimulus axis stands in the table stimuli/stimulus. */
static void check_stimuli(struct checking *c, const bram_axis *axis)
{
    const bram_axis *table = bram_dataset_table(c->ds, "stimuli/stimulus");
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        const char *id = bram_axis_id(axis, i);
        if (*id && (!table || bram_axis_find(table, id) >= 0)) continue;
        find(c, BRAM_ERROR, bram_axis_name(axis), "ids, all of them in the table stimuli/stimulus",
             "\"%s\" at row %zu", id, i);
        return;
    }
}

/* An RDM of n stimuli: zero diagonal, and the same value and mask both ways. */
static bool is_dissimilarity(const double *values, const uint8_t *present, size_t n, size_t *at)
{
    double largest = 0;
    for (size_t k = 0; k < n * n; k++)
        if (present[k]) largest = fmax(largest, fabs(values[k]));
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            double a = values[i * n + j], b = i == j ? 0 : values[j * n + i];
            *at = i * n + j;
            if (present[i * n + j] != present[j * n + i] ||
                (present[i * n + j] && !(fabs(a - b) <= 1e-8 * largest)))
                return false;
        }
    return true;
}

/* Each RDM along the axes before the last two. */
static int check_rdm_values(struct checking *c, const bram_response *r, size_t n)
{
    size_t dims = bram_response_dims(r), rows = dims == 3 ? bram_response_length(r, 0) : 1, at = 0;
    if (!n) return BRAM_OK;
    double *values = bram_scratch(c->cx, n * n, sizeof *values);
    uint8_t *present = values ? bram_scratch(c->cx, n * n, 1) : NULL;
    if (!present) return BRAM_ENOMEM;
    for (size_t k = 0; k < rows; k++) {
        BRAM_TRY(bram_ctx_check_cancel(c->cx));
        size_t start[3] = {dims == 3 ? k : 0, 0, 0}, count[3] = {dims == 3 ? 1 : n, n, n};
        BRAM_TRY(bram_response_read(c->cx, r, start, count, values, present));
        if (is_dissimilarity(values, present, n, &at)) continue;
        find(c, BRAM_ERROR, "values", "RDMs with a diagonal of 0 and equal triangles",
             "RDM %zu differs at (%zu, %zu)", k, at / n, at % n);
        return BRAM_OK;
    }
    return BRAM_OK;
}

static int check_rdm(struct checking *c, const bram_response *r)
{
    enum { MOST = 8192 }; /* beyond it the values are not compared: they would not fit in memory */
    size_t dims = bram_response_dims(r), rows = dims < 2 ? 0 : bram_response_length(r, dims - 2);
    bool square = (dims == 2 || dims == 3) && rows == bram_response_length(r, dims - 1);
    for (size_t i = 0; square && i < rows; i++)
        square = strcmp(bram_axis_id(bram_response_axis(r, dims - 2), i),
                        bram_axis_id(bram_response_axis(r, dims - 1), i)) == 0;
    if (!square) {
        find(c, BRAM_ERROR, "shape", "stimulus x stimulus_2 with the same ids, as kind is rdm",
             "%zu axes that do not match", dims);
        return BRAM_OK;
    }
    size_t mark = bram_scratch_mark(c->cx);
    int status = rows <= MOST ? check_rdm_values(c, r, rows) : BRAM_OK;
    bram_scratch_release(c->cx, mark);
    return status;
}

/* stimuli/images/NAME: stimulus x row x column (x channel), 0 to 255 or 0 to 1. */
static void check_images(struct checking *c, const bram_response *r)
{
    static const char *const names[] = {"stimulus", "row", "column", "channel"};
    size_t dims = bram_response_dims(r);
    bool good = dims == 3 || (dims == 4 && bram_response_length(r, 3) == 3);
    for (size_t d = 0; good && d < dims; d++)
        good = strcmp(bram_axis_name(bram_response_axis(r, d)), names[d]) == 0;
    if (!good)
        find(c, BRAM_ERROR, "axes", "stimulus x row x column (x channel, 3 of them)", "%zu axes",
             dims);
    if (bram_response_type(r) == BRAM_F64)
        find(c, BRAM_ERROR, "type", "uint8 (levels 0 to 255) or float32 (0 to 1)", "float64");
    check_stimuli(c, bram_response_axis(r, 0));
}

/* responses/ID and stimuli/features/NAME. */
static int check_presented(struct checking *c, const bram_response *r)
{
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    bool area = starts_with(c->path, "responses/") && !strchr(c->path + strlen("responses/"), '/');
    bool features = starts_with(c->path, "stimuli/features/"), rdm = kind && !strcmp(kind, "rdm");
    if (!area && !features) return BRAM_OK;
    const char *first = bram_axis_name(bram_response_axis(r, 0));
    if (!rdm && strcmp(first, "stimulus") != 0 && (features || strcmp(first, "trial") != 0))
        find(c, BRAM_ERROR, "first axis", features ? "stimulus" : "stimulus or trial", "%s", first);
    for (size_t d = 0; d < bram_response_dims(r); d++) {
        const char *name = bram_axis_name(bram_response_axis(r, d));
        if (strcmp(name, "stimulus") == 0 || strcmp(name, "stimulus_2") == 0)
            check_stimuli(c, bram_response_axis(r, d));
    }
    return rdm ? check_rdm(c, r) : BRAM_OK;
}

static int check_response(struct checking *c, const bram_response *r)
{
    const bram_attrs *attrs = bram_response_attrs_const(r);
    const char *filter = bram_attrs_text(attrs, "filter"), *end = strrchr(c->path, '/');
    check_shape(c, r);
    bool recording = starts_with(c->path, "recordings/") && end;
    if (recording && (strcmp(end, "/activity") == 0 || strcmp(end, "/raw") == 0)) {
        need_text(c, BRAM_ERROR, attrs, "unit");
        if (!filter || (strcmp(filter, "none") != 0 && strcmp(filter, "causal") != 0 &&
                        strcmp(filter, "non-causal") != 0))
            find(c, BRAM_ERROR, "filter", "none, causal or non-causal", "%s",
                 filter ? filter : "no such attribute");
    }
    for (size_t d = 0; d < bram_response_dims(r); d++)
        BRAM_TRY(check_axis(c, bram_response_axis(r, d)));
    if (starts_with(c->path, "stimuli/images/")) check_images(c, r);
    BRAM_TRY(check_presented(c, r));
    if (bram_response_count(r) == 0)
        find(c, BRAM_WARNING, "shape", "one value or more", "no values");
    size_t mark = bram_scratch_mark(c->cx);
    int status = check_values(c, r);
    bram_scratch_release(c->cx, mark);
    return status;
}

/* ---- tables --------------------------------------------------------------------------------- */

static const bram_column *need_column(struct checking *c, const bram_axis *table, const char *name,
                                      bram_column_type type)
{
    const bram_column *column = bram_axis_column(table, name);
    if (column && column->type == type) return column;
    find(c, BRAM_ERROR, name, type == BRAM_TEXT ? "a column of text" : "a column of reals",
         column ? "a column of another type" : "no such column");
    return NULL;
}

/* Onsets and offsets of events, in seconds; NaN is unknown. */
static void check_events(struct checking *c, const bram_axis *table)
{
    const bram_column *onset = need_column(c, table, "onset", BRAM_NUMBER);
    const bram_column *offset = bram_axis_column(table, "offset");
    if (onset && strcmp(onset->unit, "s") != 0)
        find(c, BRAM_ERROR, "onset", "unit s", "unit \"%s\"", onset->unit);
    for (size_t i = 0; onset && offset && offset->number && i < bram_axis_length(table); i++)
        if (offset->number[i] < onset->number[i]) {
            find(c, BRAM_ERROR, "offset", "at or after the onset", "%.9g, onset %.9g, at row %zu",
                 offset->number[i], onset->number[i], i);
            return;
        }
}

/* The first end of an edge that is not among the nodes. */
static void check_ends(struct checking *c, const bram_axis *table, const bram_axis *nodes,
                       const char *name)
{
    const bram_column *ends = need_column(c, table, name, BRAM_TEXT);
    for (size_t i = 0; ends && i < bram_axis_length(table); i++) {
        if (bram_axis_find(nodes, ends->text[i]) >= 0) continue;
        find(c, BRAM_ERROR, name, "an id of the table nodes", "\"%s\" at row %zu", ends->text[i],
             i);
        return;
    }
}

/* connectome/<source>/<layer>; the nodes examined are connectome/<source>/nodes. */
static int check_edges(struct checking *c, const bram_axis *table)
{
    const char *slash = strrchr(c->path, '/');
    char *path = bram_strf(c->cx, "%.*s/nodes", (int)(slash - c->path), c->path);
    if (!path) return BRAM_ENOMEM;
    const bram_axis *nodes = bram_dataset_table(c->ds, path);
    bram_free(path);
    if (!nodes) {
        find(c, BRAM_ERROR, "nodes", "a table of the nodes examined", "none beside the edges");
    } else if (nodes != table) {
        check_ends(c, table, nodes, "from");
        check_ends(c, table, nodes, "to");
    } else {
        if (!bram_axis_has_ids(nodes) && bram_axis_length(nodes))
            find(c, BRAM_ERROR, "nodes", "ids", "none");
        return BRAM_OK;
    }
    need_column(c, table, "type", BRAM_TEXT);
    const bram_column *weight = need_column(c, table, "weight", BRAM_NUMBER);
    if (weight && !*weight->unit) find(c, BRAM_ERROR, "weight", "a unit", "none");
    for (size_t i = 0; weight && i < bram_axis_length(table); i++)
        if (!isfinite(weight->number[i])) {
            find(c, BRAM_ERROR, "weight", "a finite number", "%.9g at row %zu", weight->number[i],
                 i);
            break;
        }
    return BRAM_OK;
}

static int check_table(struct checking *c, const bram_axis *table)
{
    BRAM_TRY(check_axis(c, table));
    const char *name = strrchr(c->path, '/');
    if (starts_with(c->path, "connectome/") && strchr(c->path + strlen("connectome/"), '/'))
        return check_edges(c, table);
    if (name && strcmp(name, "/events") == 0) check_events(c, table);
    return BRAM_OK;
}

int bram_dataset_check(bram_ctx *cx, const bram_dataset *ds, bram_finding_fn *report, void *user,
                       size_t *errors)
{
    bram_form_listing list;
    BRAM_TRY(bram_form_list(cx, &list, ds));
    struct checking c = {.cx = cx, .ds = ds, .report = report, .user = user};
    int status = BRAM_OK;
    check_root(&c);
    for (size_t i = 0; i < list.group_count && status == BRAM_OK; i++)
        if (is_recording(list.groups[i])) status = check_recording(&c, list.groups[i]);
    for (size_t i = 0; i < list.entry_count && status == BRAM_OK; i++) {
        const bram_form_entry *e = &list.entries[i];
        c.path = e->path;
        status = e->table ? check_table(&c, e->table) : check_response(&c, e->response);
    }
    bram_form_release(&list);
    if (status == BRAM_OK && errors) *errors = c.errors;
    return status;
}
