/*
 * intake.c - recordings as loaders put them into a dataset: raw traces, behaviour, events.
 */
#include "intake.h"

#include "homogenize.h"
#include "spill.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* recordings/ID */
static char *group_of(bram_ctx *cx, const char *id)
{
    return bram_strf(cx, "recordings/%s", id);
}

static int make_time_axis(bram_ctx *cx, bram_axis **out, const char *name, const double *time,
                          size_t rows, double start)
{
    size_t mark = bram_scratch_mark(cx);
    double *since = bram_scratch(cx, rows, sizeof *since);
    if (!since) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) since[i] = time[i] - start;
    bram_axis *axis = NULL;
    int status = bram_axis_new(cx, &axis, name, rows);
    if (status == BRAM_OK) status = bram_axis_set_values(cx, axis, since, "s");
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* A column of texts, empty where there is none. */
static int add_texts(bram_ctx *cx, bram_axis *axis, const char *name, const char *const *from,
                     const char **room)
{
    for (size_t i = 0; i < bram_axis_length(axis); i++) room[i] = from && from[i] ? from[i] : "";
    return bram_axis_add_text(cx, axis, name, room);
}

static int add_trace_columns(bram_ctx *cx, bram_axis *axis, const bram_traces *t, const char **room)
{
    BRAM_TRY(add_texts(cx, axis, "raw_label", t->labels, room));
    if (t->confidence) BRAM_TRY(bram_axis_add_number(cx, axis, "confidence", t->confidence, ""));
    if (t->further) BRAM_TRY(add_texts(cx, axis, "further_labels", t->further, room));
    return t->doubt ? add_texts(cx, axis, "doubt", t->doubt, room) : BRAM_OK;
}

static int make_neuron_axis(bram_ctx *cx, bram_axis **out, const bram_traces *t)
{
    enum { DIGITS = 24 };
    size_t mark = bram_scratch_mark(cx);
    const char **text = bram_scratch(cx, t->cols, sizeof *text);
    char *number = bram_scratch(cx, t->cols, DIGITS);
    bram_axis *axis = NULL;
    int status = text && number ? bram_axis_new(cx, &axis, "neuron", t->cols) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        for (size_t i = 0; i < t->cols; i++) {
            snprintf(number + i * DIGITS, DIGITS, "%zu", i + 1);
            text[i] = number + i * DIGITS;
        }
        status = bram_axis_set_ids(cx, axis, text);
    }
    if (status == BRAM_OK) status = add_trace_columns(cx, axis, t, text);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Values into a new response; those that are not finite are masked. */
static int fill(bram_ctx *cx, bram_response *r, const double *values)
{
    size_t count = bram_response_count(r), missing = 0;
    double *to = bram_response_f64(r);
    for (size_t k = 0; k < count; k++) missing += !isfinite(values[k]);
    uint8_t *mask = missing ? bram_response_mask(cx, r) : NULL;
    if (missing && !mask) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++) {
        to[k] = isfinite(values[k]) ? values[k] : 0;
        if (mask) mask[k] = isfinite(values[k]);
    }
    return BRAM_OK;
}

static int make_raw(bram_ctx *cx, bram_response **out, const bram_traces *t)
{
    bram_axis *axes[2] = {NULL, NULL};
    bram_response *r = NULL;
    int status = make_time_axis(cx, &axes[0], "raw_time", t->time, t->rows, t->time[0]);
    if (status == BRAM_OK && t->piece)
        status = bram_axis_add_integer(cx, axes[0], "segment", t->piece);
    if (status == BRAM_OK) status = make_neuron_axis(cx, &axes[1], t);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "raw", BRAM_F64, 2,
                                   (const bram_axis *const[]){axes[0], axes[1]});
    bram_axis_free(axes[0]);
    bram_axis_free(axes[1]);
    if (status == BRAM_OK) status = fill(cx, r, t->values);
    if (status == BRAM_OK)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "unit", t->unit ? t->unit : "");
    if (status == BRAM_OK)
        status = bram_attrs_set_text(cx, bram_response_attrs(r), "filter",
                                     t->filter ? t->filter : "none");
    if (status == BRAM_OK) *out = r;
    else bram_response_free(r);
    return status;
}

static bool any_finite(const double *values, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (isfinite(values[k])) return true;
    return false;
}

/* Columns without a value stay in the recording; nobody should have to find that out later. */
static void note_empty(bram_ctx *cx, const char *id, const bram_traces *t)
{
    size_t empty = 0;
    for (size_t c = 0; c < t->cols; c++) {
        size_t r = 0;
        while (r < t->rows && !isfinite(t->values[r * t->cols + c])) r++;
        empty += r == t->rows;
    }
    if (empty)
        bram_note(cx, "%s: %zu of %zu traces have no value; they stay, as missing", id, empty,
                  t->cols);
}

bool bram_intake_is_zscored(const double *values, size_t rows, size_t cols)
{
    size_t with_values = 0;
    for (size_t c = 0; c < cols; c++) {
        double sum = 0, square = 0, n = 0;
        for (size_t r = 0; r < rows; r++) {
            double x = values[r * cols + c];
            if (isfinite(x)) sum += x, square += x * x, n++;
        }
        if (n == 0) continue;
        double mean = sum / n, variance = square / n - mean * mean;
        if (n < 10 || fabs(mean) > 1e-4) return false;
        if (fabs(variance - 1) > 2e-4 && fabs(variance * n / (n - 1) - 1) > 2e-4) return false;
        with_values++;
    }
    return with_values > 0;
}

int bram_intake_traces(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_traces *t)
{
    if (t->rows == 0 || t->cols == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "recording %s has %zu frames of %zu traces, expected some", id, t->rows,
                         t->cols);
    if (!any_finite(t->values, t->rows * t->cols))
        return bram_fail(cx, BRAM_EFORMAT,
                         "recording %s: no finite value in %zu frames of %zu traces", id, t->rows,
                         t->cols);
    BRAM_TRY(bram_stamps_check(cx, t->time, t->rows));
    char *group = group_of(cx, id);
    if (!group) return BRAM_ENOMEM;
    bram_response *raw = NULL;
    int status = make_raw(cx, &raw, t);
    if (status == BRAM_OK) status = bram_dataset_add(cx, ds, group, raw);
    if (status == BRAM_OK) status = bram_dataset_spill(cx, ds, raw);
    if (status == BRAM_OK) {
        bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
        status = attrs ? bram_attrs_set_number(cx, attrs, "start", t->time[0]) : BRAM_ENOMEM;
    }
    bram_free(group);
    if (status == BRAM_OK) note_empty(cx, id, t);
    return status;
}

/* The attribute start of recordings/ID. */
static int start_of(bram_ctx *cx, const bram_dataset *ds, const char *group, double *start)
{
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
    *start = attrs ? bram_attrs_number(attrs, "start", NAN) : (double)NAN;
    return isfinite(*start) ? BRAM_OK : bram_fail(cx, BRAM_EUSAGE, "%s has no traces yet", group);
}

static int make_behaviour(bram_ctx *cx, bram_response **out, bram_axis *time, size_t cols,
                          const double *values, const char *const *names, const char *const *units)
{
    bram_axis *variable = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &variable, "variable", cols);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, variable, names);
    if (status == BRAM_OK && units) status = bram_axis_add_text(cx, variable, "unit", units);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "behaviour", BRAM_F64, 2,
                                   (const bram_axis *const[]){time, variable});
    bram_axis_free(variable);
    if (status == BRAM_OK) status = fill(cx, r, values);
    if (status == BRAM_OK) *out = r;
    else bram_response_free(r);
    return status;
}

int bram_intake_behaviour(bram_ctx *cx, bram_dataset *ds, const char *id, size_t rows, size_t cols,
                          const double *time, const double *values, const char *const *names,
                          const char *const *units)
{
    if (rows == 0 || cols == 0) return BRAM_OK;
    double start = 0;
    BRAM_TRY(bram_stamps_check(cx, time, rows));
    char *group = group_of(cx, id);
    if (!group) return BRAM_ENOMEM;
    bram_axis *axis = NULL;
    bram_response *r = NULL;
    int status = start_of(cx, ds, group, &start);
    if (status == BRAM_OK) status = make_time_axis(cx, &axis, "behaviour_time", time, rows, start);
    if (status == BRAM_OK) status = make_behaviour(cx, &r, axis, cols, values, names, units);
    bram_axis_free(axis);
    if (status == BRAM_OK) status = bram_dataset_add(cx, ds, group, r);
    if (status == BRAM_OK) status = bram_dataset_spill(cx, ds, r);
    bram_free(group);
    return status;
}

static int make_events(bram_ctx *cx, bram_axis **out, const bram_spans *s, double start)
{
    size_t mark = bram_scratch_mark(cx);
    double *onset = bram_scratch(cx, s->count, sizeof *onset);
    double *offset = bram_scratch(cx, s->count, sizeof *offset);
    bram_axis *events = NULL;
    int status = onset && offset ? bram_axis_new(cx, &events, "events", s->count) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < s->count; i++) {
        onset[i] = s->onset[i] - start;
        offset[i] = s->offset[i] - start;
    }
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, events, s->what);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, events, "onset", onset, "s");
    if (status == BRAM_OK) status = bram_axis_add_number(cx, events, "offset", offset, "s");
    if (status == BRAM_OK && s->kind) status = bram_axis_add_text(cx, events, "kind", s->kind);
    if (status == BRAM_OK && s->value)
        status = bram_axis_add_number(cx, events, "value", s->value, "");
    if (status == BRAM_OK && s->value)
        status = bram_axis_add_text(cx, events, "value_unit", s->unit);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = events;
    else bram_axis_free(events);
    return status;
}

int bram_intake_events(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_spans *spans)
{
    if (spans->count == 0) return BRAM_OK;
    double start = 0;
    char *group = group_of(cx, id);
    if (!group) return BRAM_ENOMEM;
    bram_axis *events = NULL;
    int status = start_of(cx, ds, group, &start);
    if (status == BRAM_OK) status = make_events(cx, &events, spans, start);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, ds, group, events);
    bram_free(group);
    return status;
}

/* ---- spikes --------------------------------------------------------------------------------- */

struct spike {
    double time;
    size_t trace, at;
};

static int by_time(const void *a, const void *b)
{
    const struct spike *x = a, *y = b;
    if (x->time != y->time) return x->time < y->time ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The table of sorted spikes. */
static int make_spikes(bram_ctx *cx, bram_axis **out, const struct spike *s, size_t count,
                       double start)
{
    enum { BYTES = 24 };
    const char **neuron = bram_scratch(cx, count, sizeof *neuron);
    char *text = bram_scratch(cx, count, BYTES);
    double *time = bram_scratch(cx, count, sizeof *time);
    bram_axis *axis = NULL;
    if (!neuron || !text || !time) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        neuron[i] = text + i * BYTES;
        snprintf(text + i * BYTES, BYTES, "%zu", s[i].trace + 1);
        time[i] = s[i].time - start;
    }
    BRAM_TRY(bram_axis_new(cx, &axis, "spikes", count));
    int status = bram_axis_add_text(cx, axis, "neuron", neuron);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, axis, "time", time, "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

int bram_intake_spikes(bram_ctx *cx, bram_dataset *ds, const char *id, size_t count,
                       const size_t *trace, const double *time)
{
    size_t mark = bram_scratch_mark(cx);
    double start = 0;
    bram_axis *spikes = NULL;
    char *group = group_of(cx, id);
    struct spike *s = bram_scratch(cx, count, sizeof *s);
    int status = group && s ? start_of(cx, ds, group, &start) : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        s[i] = (struct spike){time[i], trace[i], i};
    if (status == BRAM_OK) {
        qsort(s, count, sizeof *s, by_time);
        status = make_spikes(cx, &spikes, s, count, start);
    }
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, ds, group, spikes);
    bram_free(group);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_intake_text(bram_ctx *cx, bram_dataset *ds, const char *id, const char *name,
                     const char *value)
{
    char *group = group_of(cx, id);
    if (!group) return BRAM_ENOMEM;
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
    bram_free(group);
    return attrs ? bram_attrs_set_text(cx, attrs, name, value) : BRAM_ENOMEM;
}

const char *bram_intake_id(char *out, size_t bytes, const char *path, const char *ending)
{
    static const char *const types[] = {".gz",  ".h5",  ".hdf5", ".mat", ".nwb",  ".npy",
                                        ".npz", ".csv", ".tsv",  ".txt", ".json", ".xlsx"};
    const char *slash = strrchr(path, '/');
    snprintf(out, bytes, "%s", slash ? slash + 1 : path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t length = strlen(out), type = strlen(types[i]);
        if (length > type && strcmp(out + length - type, types[i]) == 0) out[length - type] = 0;
    }
    size_t length = strlen(out), cut = ending ? strlen(ending) : 0;
    if (cut && length > cut && strcmp(out + length - cut, ending) == 0) out[length - cut] = 0;
    if (!out[0] || strcmp(out, ".") == 0 || strcmp(out, "..") == 0)
        snprintf(out, bytes, "recording");
    return out;
}

int bram_recognise(bram_recognition *out, int verdict, const char *format, ...)
{
    bram_recognition r = {.verdict = verdict};
    va_list args;
    va_start(args, format);
    vsnprintf(r.reason, sizeof r.reason, format, args);
    va_end(args);
    *out = r;
    return BRAM_OK;
}
