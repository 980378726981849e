/*
 * nwb_worm_traces.c - traces and labels of whole-brain recordings in NWB 2.
 *
 * Two forms. A response series (time x neuron) in processing/CalciumActivity, labelled by
 * NeuronIDs/labels or by the table that its `rois` point into (column ID_labels or labels), as
 * NeuroPAL recordings on DANDI have it. Or one series of one column for each neuron in
 * acquisition/, called Activity_0000 ... or described as "traces corrected...: NAME", as files of
 * Open Source Brain have it; the label is what follows the last ": " of the description.
 */
#include "nwb_worm.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what a file holds ---------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), end = strlen(ending);
    return length >= end && strcmp(text + length - end, ending) == 0;
}

/* Whether a series is the trace of one neuron. */
static int is_single(bram_ctx *cx, bool *out, const bram_nwb *nwb, const bram_nwb_object *o)
{
    static const char prefix[] = "acquisition/Activity_";
    char *description = NULL;
    const char *digits = o->path + sizeof prefix - 1;
    *out = false;
    if (strcmp(o->type, "TimeSeries") != 0 || strncmp(o->path, "acquisition/", 12) != 0)
        return BRAM_OK;
    if (strncmp(o->path, prefix, sizeof prefix - 1) == 0) {
        *out = *digits && digits[strspn(digits, "0123456789")] == 0;
        return BRAM_OK;
    }
    BRAM_TRY(bram_nwb_attr_text(cx, &description, nwb, o->path, "description"));
    *out = description && strstr(description, "traces corrected") && strstr(description, ": ");
    bram_free(description);
    return BRAM_OK;
}

struct listing {
    bram_nwb_objects *objects;
    const bram_nwb *nwb;
};

static int add_object(bram_ctx *cx, void *user, const char *path, const char *type)
{
    struct listing *l = user;
    bram_nwb_objects *all = l->objects;
    if (all->count == all->room) {
        size_t room = all->room ? 2 * all->room : 64;
        bram_nwb_object *item = bram_realloc(cx, all->item, room, sizeof *item);
        if (!item) return BRAM_ENOMEM;
        all->item = item;
        all->room = room;
    }
    bram_nwb_object *o = &all->item[all->count++];
    snprintf(o->path, sizeof o->path, "%s", path);
    snprintf(o->type, sizeof o->type, "%s", type);
    return is_single(cx, &o->trace, l->nwb, o);
}

int bram_nwb_objects_list(bram_ctx *cx, bram_nwb_objects *out, const bram_nwb *nwb)
{
    static const char *const groups[] = {"acquisition", "processing", "analysis"};
    bram_nwb_objects all = {0};
    struct listing l = {&all, nwb};
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < 3; i++)
        status = bram_nwb_walk(cx, nwb, groups[i], add_object, &l);
    if (status == BRAM_OK) *out = all;
    else bram_nwb_objects_release(&all);
    return status;
}

void bram_nwb_objects_release(bram_nwb_objects *objects)
{
    bram_free(objects->item);
    *objects = (bram_nwb_objects){0};
}

bool bram_nwb_is_response(const bram_nwb_object *object)
{
    return strcmp(object->type, "RoiResponseSeries") == 0 ||
           strcmp(object->type, "MicroscopyResponseSeries") == 0;
}

/* ---- which series --------------------------------------------------------------------------- */

/* How much a series is the signal as it was measured; negative: not to be taken unasked. */
static int preference(const char *path)
{
    static const char signal[] = "/SignalCalciumImResponseSeries";
    if (strstr(path, "Reference") || strstr(path, "Processed") || strstr(path, "/Red")) return -1;
    if (ends_with(path, "/SignalRawFluor/SignalCalciumImResponseSeries")) return 3;
    if (ends_with(path, signal)) return strstr(path, "DFoF") ? 1 : 2;
    return 0;
}

static bool is_asked_for(const char *path, const char *series)
{
    size_t length = strlen(path), end = strlen(series);
    return ends_with(path, series) && (length == end || path[length - end - 1] == '/');
}

int bram_nwb_choose(bram_ctx *cx, const bram_nwb_object **out, const bram_nwb *nwb,
                    const bram_nwb_objects *objects, const char *series)
{
    const bram_nwb_object *best = NULL, *second = NULL;
    int most = -1;
    for (size_t i = 0; i < objects->count; i++) {
        const bram_nwb_object *o = &objects->item[i];
        int value = *series ? (is_asked_for(o->path, series) ? 0 : -1) : preference(o->path);
        if (!bram_nwb_is_response(o) || value < 0 || value < most) continue;
        second = value == most ? best : NULL;
        best = o;
        most = value;
    }
    if (second)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found traces in %s and in %s; series=PATH takes one of them",
                         nwb->path, second->path, best->path);
    if (*series && !best)
        return bram_fail(cx, BRAM_EUSAGE, "%s has no RoiResponseSeries \"%s\"", nwb->path, series);
    *out = best;
    return BRAM_OK;
}

/* ---- labels --------------------------------------------------------------------------------- */

void bram_nwb_recording_release(bram_nwb_recording *r)
{
    bram_free(r->time);
    bram_free(r->values);
    bram_free(r->label);
}

/* processing/MODULE of a series */
static void module_of(char out[BRAM_NWB_PATH], const char *path)
{
    snprintf(out, BRAM_NWB_PATH, "%s", path);
    char *slash = strchr(out, '/');
    if (slash) slash = strchr(slash + 1, '/');
    if (slash) *slash = 0;
}

/* How many labels NeuronIDs states; 0: none. */
static int count_identities(bram_ctx *cx, size_t *out, const bram_nwb *nwb, const char *path)
{
    char at[BRAM_NWB_PATH];
    bram_h5_info info;
    module_of(at, path);
    strncat(at, "/NeuronIDs/labels", sizeof at - strlen(at) - 1);
    *out = 0;
    if (!bram_h5_exists(nwb->root, at)) return BRAM_OK;
    BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, at));
    *out = (size_t)info.elements;
    return BRAM_OK;
}

static int labels_by_identities(bram_ctx *cx, bram_nwb_recording *r, const char *path)
{
    char at[BRAM_NWB_PATH];
    size_t count = 0;
    module_of(at, path);
    strncat(at, "/NeuronIDs", sizeof at - strlen(at) - 1);
    BRAM_TRY(bram_nwb_column_text(cx, &r->label, &count, r->nwb, at, "labels"));
    if (count != r->cols)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s/labels has %zu labels, expected %zu, one for each trace of %s",
                         r->nwb->path, at, count, r->cols, path);
    snprintf(r->labels, sizeof r->labels, "%.150s/labels", at);
    return BRAM_OK;
}

/* label[i] = text[row[i]], as one block. */
static int pick(bram_ctx *cx, bram_nwb_recording *r, char *const *text, size_t rows,
                const int64_t *row, const char *path)
{
    size_t bytes = r->cols * (sizeof(char *) + 1);
    for (size_t i = 0; i < r->cols; i++) {
        if (row[i] < 0 || (uint64_t)row[i] >= rows)
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: trace %zu is row %lld of a table with %zu rows", r->nwb->path,
                             path, i + 1, (long long)row[i], rows);
        bytes += strlen(text[row[i]]);
    }
    r->label = bram_alloc(cx, bytes, 1);
    if (!r->label) return BRAM_ENOMEM;
    char *at = (char *)(r->label + r->cols);
    for (size_t i = 0; i < r->cols; i++) {
        r->label[i] = at;
        at = stpcpy(at, text[row[i]]) + 1;
    }
    return BRAM_OK;
}

/* The labels of the rows that a region points to. */
static int labels_of_region(bram_ctx *cx, bram_nwb_recording *r, const char *region,
                            char *const *text, size_t rows)
{
    int64_t *row = NULL;
    size_t count = 0;
    BRAM_TRY(bram_h5_read_int64(cx, &row, &count, r->nwb->root, region, 0));
    int status = count == r->cols ? pick(cx, r, text, rows, row, region)
                                  : bram_fail(cx, BRAM_EFORMAT,
                                              "%s: %s has %zu rows, expected %zu, one for each "
                                              "trace",
                                              r->nwb->path, region, count, r->cols);
    bram_free(row);
    return status;
}

/* A table of regions may have a column of labels, or lead to another that has. */
static int read_labels(bram_ctx *cx, bram_nwb_recording *r, const char *region, const char *table)
{
    static const char *const columns[] = {"ID_labels", "labels", "label", "neuron_label"};
    const char *column = NULL, *last = strrchr(region, '/');
    char **text = NULL;
    size_t rows = 0;
    for (size_t i = 0; !column && i < sizeof columns / sizeof *columns; i++)
        if (bram_nwb_has_column(r->nwb, table, columns[i])) column = columns[i];
    BRAM_TRY(column ? bram_nwb_column_text(cx, &text, &rows, r->nwb, table, column)
                    : bram_nwb_labels_by_neuropal(cx, &text, &rows, r->nwb, table));
    int status = text ? labels_of_region(cx, r, region, text, rows) : BRAM_OK;
    if (text && status == BRAM_OK)
        snprintf(r->labels, sizeof r->labels, "%.120s/%s by %.16s", table,
                 column ? column : "neuropal_ids", last ? last + 1 : region);
    bram_free(text);
    return status;
}

/* Through the region of the series, rows of a table. */
static int labels_by_table(bram_ctx *cx, bram_nwb_recording *r, const char *path)
{
    static const char *const names[] = {"rois", "table_region"};
    for (size_t i = 0; i < 2; i++) {
        char region[BRAM_NWB_PATH + 16], *table = NULL;
        snprintf(region, sizeof region, "%s/%s", path, names[i]);
        if (!bram_h5_exists(r->nwb->root, region) ||
            !bram_h5_has_attr(r->nwb->root, region, "table"))
            continue;
        BRAM_TRY(bram_h5_attr_target(cx, &table, r->nwb->root, region, "table"));
        int status = read_labels(cx, r, region, table);
        bram_free(table);
        return status;
    }
    return BRAM_OK;
}

/* ---- a response series ---------------------------------------------------------------------- */

static void transpose(double *out, const double *values, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) out[j * rows + i] = values[i * cols + j];
}

/*
 * Time comes first in NWB. Some writers turn it round: then the stamps or the labels fit the wrong
 * side and not the right one, and the file tells so itself.
 */
static bool is_turned(const bram_nwb_series *s, size_t labels)
{
    if (s->rows == s->cols) return false;
    if (s->stamps) return s->stamps == s->cols;
    return labels && labels == s->rows && labels != s->cols;
}

static int read_values(bram_ctx *cx, bram_nwb_recording *r, const bram_nwb_series *s, bool turned)
{
    double *values = NULL;
    BRAM_TRY(bram_nwb_values(cx, &values, r->nwb, s));
    r->rows = turned ? s->cols : s->rows;
    r->cols = turned ? s->rows : s->cols;
    if (!turned) {
        r->values = values;
        return BRAM_OK;
    }
    r->values = bram_alloc(cx, s->rows * s->cols, sizeof *r->values);
    if (r->values) transpose(r->values, values, s->rows, s->cols);
    bram_free(values);
    bram_note(cx, "%s: %s is neuron x time; NWB has time first", r->id, s->path);
    return r->values ? BRAM_OK : BRAM_ENOMEM;
}

int bram_nwb_read_response(bram_ctx *cx, bram_nwb_recording *r, const char *path)
{
    bram_nwb_series s;
    size_t identities = 0;
    BRAM_TRY(bram_nwb_series_of(cx, &s, r->nwb, path));
    BRAM_TRY(count_identities(cx, &identities, r->nwb, path));
    bool turned = is_turned(&s, identities);
    BRAM_TRY(read_values(cx, r, &s, turned)); /* first: it refuses sizes that cannot be */
    BRAM_TRY(bram_nwb_time(cx, &r->time, r->nwb, &s, r->rows));
    BRAM_TRY(bram_nwb_unit(cx, r->unit, r->nwb, &s));
    if (!r->unit[0] && strstr(path, "DFoF")) snprintf(r->unit, sizeof r->unit, "dF/F");
    snprintf(r->traces, sizeof r->traces, "%s", path);
    snprintf(r->timing, sizeof r->timing, "%s", s.stamps ? "timestamps" : "starting_time and rate");
    return identities ? labels_by_identities(cx, r, path) : labels_by_table(cx, r, path);
}

/* ---- one series for each neuron ------------------------------------------------------------- */

/* The label is what follows the last ": " of the description. */
static int single_label(bram_ctx *cx, char **out, const bram_nwb *nwb, const char *path)
{
    char *text = NULL;
    BRAM_TRY(bram_nwb_attr_text(cx, &text, nwb, path, "description"));
    const char *label = "";
    for (const char *at = text; at && (at = strstr(at, ": ")); at += 2) label = at + 2;
    *out = bram_strdup(cx, label);
    bram_free(text);
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

/* The first series gives the time axis; the others must have its length and stamps. */
static int check_stamps(bram_ctx *cx, bram_nwb_recording *r, const bram_nwb_series *s)
{
    double *time = NULL, found = 0;
    BRAM_TRY(bram_nwb_time(cx, &time, r->nwb, s, s->rows));
    if (!r->time) {
        r->time = time;
        snprintf(r->timing, sizeof r->timing, "%s",
                 s->stamps ? "timestamps" : "starting_time and rate");
        return bram_nwb_unit(cx, r->unit, r->nwb, s);
    }
    size_t i = 0;
    while (i < r->rows && time[i] == r->time[i]) i++;
    if (i < r->rows) found = time[i];
    bram_free(time);
    return i == r->rows
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT,
                           "%s: %s: stamp %zu is %.9g s, expected %.9g s, as in the first trace",
                           r->nwb->path, s->path, i + 1, found, r->time[i]);
}

static int read_column(bram_ctx *cx, bram_nwb_recording *r, const char *path, size_t k)
{
    bram_nwb_series s;
    double *values = NULL;
    BRAM_TRY(bram_nwb_series_of(cx, &s, r->nwb, path));
    if (s.cols != 1 || (k && s.rows != r->rows))
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: %s/data is %zu x %zu, expected one column of %zu like those before",
                         r->nwb->path, path, s.rows, s.cols, k ? r->rows : s.rows);
    BRAM_TRY(bram_nwb_values(cx, &values, r->nwb, &s));
    if (k == 0) {
        r->rows = s.rows;
        r->values = bram_alloc(cx, r->rows, r->cols * sizeof *r->values);
    }
    for (size_t i = 0; r->values && i < r->rows; i++) r->values[i * r->cols + k] = values[i];
    bram_free(values);
    return r->values ? check_stamps(cx, r, &s) : BRAM_ENOMEM;
}

/* Texts of their own become one block. */
static int keep_labels(bram_ctx *cx, bram_nwb_recording *r, char *const *label)
{
    int64_t *row = bram_scratch(cx, r->cols, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->cols; i++) row[i] = (int64_t)i;
    snprintf(r->labels, sizeof r->labels, "descriptions of the series");
    return pick(cx, r, label, r->cols, row, "acquisition");
}

int bram_nwb_read_single(bram_ctx *cx, bram_nwb_recording *r, const bram_nwb_objects *objects)
{
    const char *first = NULL;
    size_t count = 0, k = 0, mark = bram_scratch_mark(cx);
    for (size_t i = 0; i < objects->count; i++) count += objects->item[i].trace;
    r->cols = count;
    char **label = bram_scratch(cx, count, sizeof *label);
    int status = label ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < objects->count; i++) {
        if (!objects->item[i].trace) continue;
        if (!first) first = objects->item[i].path;
        status = read_column(cx, r, objects->item[i].path, k);
        if (status == BRAM_OK)
            status = single_label(cx, &label[k++], r->nwb, objects->item[i].path);
    }
    if (status == BRAM_OK) status = keep_labels(cx, r, label);
    for (size_t i = 0; label && i < count; i++) bram_free(label[i]);
    bram_scratch_release(cx, mark);
    snprintf(r->traces, sizeof r->traces, "%zu series like %.400s", count, first ? first : "");
    return status;
}
