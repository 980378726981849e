/*
 * nwb_worm_context.c - what else a whole-brain recording in NWB 2 holds: other time series become
 * behaviour, tables of intervals become events.
 */
#include "nwb_worm.h"

#include "intake.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_COLUMNS = 64, MOST_VARIABLES = 512, NAME_BYTES = 192 };

/* ---- behaviour ------------------------------------------------------------------------------ */

/* A series that may be behaviour. */
struct candidate {
    bram_nwb_series s;
    double *values, *time; /* s.rows x s.cols, s.rows */
    char unit[BRAM_NWB_NAME];
};

struct behaviour {
    struct candidate *item;
    size_t count;
};

static void release(struct behaviour *b)
{
    for (size_t i = 0; i < b->count; i++) {
        bram_free(b->item[i].values);
        bram_free(b->item[i].time);
    }
    bram_free(b->item);
}

/* Reads what a series is; anything but numbers on a time axis is no behaviour, and no failure. */
static int look(bram_ctx *cx, struct behaviour *b, const bram_nwb_recording *r,
                const bram_nwb_object *o)
{
    struct candidate *c = &b->item[b->count++]; /* released with the others */
    int status = bram_nwb_series_of(cx, &c->s, r->nwb, o->path);
    if (status == BRAM_OK && c->s.cols > MOST_COLUMNS)
        status = bram_fail(cx, BRAM_EFORMAT, "%s has %zu columns, expected at most %d", o->path,
                           c->s.cols, MOST_COLUMNS);
    if (status == BRAM_OK) status = bram_nwb_values(cx, &c->values, r->nwb, &c->s);
    if (status == BRAM_OK) status = bram_nwb_time(cx, &c->time, r->nwb, &c->s, c->s.rows);
    if (status == BRAM_OK) status = bram_nwb_unit(cx, c->unit, r->nwb, &c->s);
    if (status != BRAM_EFORMAT) return status;
    bram_note(cx, "%s: left out: %s", r->id, bram_ctx_message(cx));
    bram_free(c->values);
    bram_free(c->time);
    *c = (struct candidate){.values = NULL};
    b->count--;
    return BRAM_OK;
}

static bool same_time(const struct candidate *c, size_t rows, const double *time)
{
    return c->s.rows == rows && memcmp(c->time, time, rows * sizeof *time) == 0;
}

/* The time axis of behaviour: that of the traces where a series lies on it, else the first one's.
 */
static void choose_axis(const struct behaviour *b, const bram_nwb_recording *r, size_t *rows,
                        const double **time)
{
    *rows = b->item[0].s.rows;
    *time = b->item[0].time;
    for (size_t i = 0; i < b->count; i++)
        if (same_time(&b->item[i], r->rows, r->time)) {
            *rows = r->rows;
            *time = r->time;
        }
}

/* "velocity" for processing/Behavior/velocity/velocity, "ss_2D_x" for the first of two. */
static void variable_name(char out[NAME_BYTES], const bram_nwb_series *s, size_t column)
{
    static const char *const place[] = {"x", "y", "z"};
    const char *slash = strrchr(s->path, '/');
    const char *last = slash ? slash + 1 : s->path;
    if (s->cols == 1) snprintf(out, NAME_BYTES, "%.140s", last);
    else if (s->cols <= 3) snprintf(out, NAME_BYTES, "%.140s_%s", last, place[column]);
    else snprintf(out, NAME_BYTES, "%.140s_%zu", last, column + 1);
}

/* All series of one time axis side by side. */
struct table {
    size_t rows, cols;
    double *values;
    const char **name, **unit;
};

static int place(bram_ctx *cx, struct table *t, const struct candidate *c, size_t at)
{
    for (size_t k = 0; k < c->s.cols; k++) {
        char *name = bram_scratch(cx, NAME_BYTES, 1);
        if (!name) return BRAM_ENOMEM;
        variable_name(name, &c->s, k);
        t->name[at + k] = name;
        t->unit[at + k] = c->unit;
        for (size_t i = 0; i < t->rows; i++)
            t->values[i * t->cols + at + k] = c->values[i * c->s.cols + k];
    }
    return BRAM_OK;
}

static int put_behaviour(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r,
                         const struct behaviour *b)
{
    const double *time;
    struct table t = {.rows = 0};
    size_t at = 0;
    choose_axis(b, r, &t.rows, &time);
    for (size_t i = 0; i < b->count; i++)
        if (same_time(&b->item[i], t.rows, time)) t.cols += b->item[i].s.cols;
    if (t.cols > MOST_VARIABLES)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found %zu columns of behaviour, expected at most %d", r->nwb->path,
                         t.cols, MOST_VARIABLES);
    t.values = bram_scratch(cx, t.rows, t.cols * sizeof *t.values);
    t.name = bram_scratch(cx, t.cols, sizeof *t.name);
    t.unit = bram_scratch(cx, t.cols, sizeof *t.unit);
    if (!t.values || !t.name || !t.unit) return BRAM_ENOMEM;
    for (size_t i = 0; i < b->count; i++) {
        const struct candidate *c = &b->item[i];
        if (!same_time(c, t.rows, time)) {
            bram_note(cx, "%s: left out: %s lies on another time axis (%zu stamps)", r->id,
                      c->s.path, c->s.rows);
            continue;
        }
        BRAM_TRY(place(cx, &t, c, at));
        at += c->s.cols;
    }
    return bram_intake_behaviour(cx, ds, r->id, t.rows, t.cols, time, t.values, t.name, t.unit);
}

int bram_nwb_behaviour(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r,
                       const bram_nwb_objects *objects)
{
    struct behaviour b = {.count = 0};
    size_t mark = bram_scratch_mark(cx);
    if (objects->count == 0) return BRAM_OK;
    b.item = bram_alloc(cx, objects->count, sizeof *b.item);
    if (!b.item) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t i = 0; status == BRAM_OK && i < objects->count; i++) {
        const bram_nwb_object *o = &objects->item[i];
        bool series = strcmp(o->type, "TimeSeries") == 0 || strcmp(o->type, "SpatialSeries") == 0;
        if (series && !o->trace) status = look(cx, &b, r, o);
        else if (strcmp(o->type, "IntervalSeries") == 0)
            bram_note(cx, "%s: left out: %s, of type %s", r->id, o->path, o->type);
    }
    if (status == BRAM_OK && b.count) status = put_behaviour(cx, ds, r, &b);
    release(&b);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- events --------------------------------------------------------------------------------- */

/* The rows of one table. */
struct intervals {
    size_t count;
    double *onset, *offset;
    char **what; /* NULL: the table's name says it */
};

static void release_intervals(struct intervals *t)
{
    bram_free(t->onset);
    bram_free(t->offset);
    bram_free(t->what);
}

static int same_rows(bram_ctx *cx, const bram_nwb *nwb, const char *table, const char *column,
                     size_t rows, size_t expected)
{
    return rows == expected
               ? BRAM_OK
               : bram_fail(cx, BRAM_EFORMAT, "%s: %s/%s has %zu rows, expected %zu, as start_time",
                           nwb->path, table, column, rows, expected);
}

/* A column of text that says what happened, if there is one. */
static int read_what(bram_ctx *cx, struct intervals *t, const bram_nwb *nwb, const char *table)
{
    static const char *const columns[] = {"stimulus", "stimulus_name", "odor", "label", "event"};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char at[BRAM_NWB_PATH];
        bram_h5_info info;
        size_t rows = 0;
        if (!bram_nwb_has_column(nwb, table, columns[i])) continue;
        snprintf(at, sizeof at, "%s/%s", table, columns[i]);
        BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, at));
        if (info.type != BRAM_H5_STRING && info.type != BRAM_H5_VARIABLE_STRING) continue;
        BRAM_TRY(bram_nwb_column_text(cx, &t->what, &rows, nwb, table, columns[i]));
        return same_rows(cx, nwb, table, columns[i], rows, t->count);
    }
    return BRAM_OK;
}

static int read_intervals(bram_ctx *cx, struct intervals *t, const bram_nwb *nwb, const char *table)
{
    size_t stops = 0;
    BRAM_TRY(bram_nwb_column_numbers(cx, &t->onset, &t->count, nwb, table, "start_time"));
    BRAM_TRY(bram_nwb_column_numbers(cx, &t->offset, &stops, nwb, table, "stop_time"));
    BRAM_TRY(same_rows(cx, nwb, table, "stop_time", stops, t->count));
    for (size_t i = 0; i < t->count; i++)
        if (!isfinite(t->onset[i]) || t->offset[i] < t->onset[i])
            return bram_fail(cx, BRAM_EFORMAT,
                             "%s: %s: row %zu is from %g to %g s, expected a time and one not "
                             "before it",
                             nwb->path, table, i + 1, t->onset[i], t->offset[i]);
    return read_what(cx, t, nwb, table);
}

/* Events of all tables, gathered. */
struct events {
    const bram_nwb *nwb;
    size_t count;
    double *onset, *offset;
    const char **what, **kind;
};

static int gather(bram_ctx *cx, struct events *e, const struct intervals *t, const char *table)
{
    const char *slash = strrchr(table, '/');
    char *name = bram_scratch(cx, BRAM_NWB_PATH, 1);
    size_t room = e->count + t->count;
    double *onset = bram_scratch(cx, room, sizeof *onset);
    double *offset = bram_scratch(cx, room, sizeof *offset);
    const char **what = bram_scratch(cx, room, sizeof *what);
    const char **kind = bram_scratch(cx, room, sizeof *kind);
    if (!name || !onset || !offset || !what || !kind) return BRAM_ENOMEM;
    snprintf(name, BRAM_NWB_PATH, "%s", slash ? slash + 1 : table);
    for (size_t i = 0; i < e->count; i++) {
        onset[i] = e->onset[i], offset[i] = e->offset[i];
        what[i] = e->what[i], kind[i] = e->kind[i];
    }
    for (size_t i = 0; i < t->count; i++) {
        size_t bytes = t->what ? strlen(t->what[i]) + 1 : 1;
        char *text = bram_scratch(cx, bytes, 1);
        if (!text) return BRAM_ENOMEM;
        if (t->what) memcpy(text, t->what[i], bytes);
        onset[e->count + i] = t->onset[i];
        offset[e->count + i] = t->offset[i];
        what[e->count + i] = *text ? text : name;
        kind[e->count + i] = strstr(name, "stim") || strstr(name, "Stim") ? "stimulus" : name;
    }
    *e = (struct events){e->nwb, room, onset, offset, what, kind};
    return BRAM_OK;
}

/* An AnnotationSeries: texts at times; how long they lasted it does not say. */
static int read_annotations(bram_ctx *cx, struct intervals *t, const bram_nwb *nwb,
                            const char *series)
{
    char at[BRAM_NWB_PATH + 12];
    size_t texts = 0;
    snprintf(at, sizeof at, "%s/timestamps", series);
    BRAM_TRY(bram_h5_read_double(cx, &t->onset, &t->count, nwb->root, at, 0));
    snprintf(at, sizeof at, "%s/data", series);
    BRAM_TRY(bram_h5_read_strings(cx, &t->what, &texts, nwb->root, at));
    if (texts != t->count)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %zu texts, expected %zu, one a stamp",
                         nwb->path, at, texts, t->count);
    t->offset = bram_alloc(cx, t->count, sizeof *t->offset);
    if (!t->offset) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->count; i++) {
        t->offset[i] = (double)NAN;
        if (!isfinite(t->onset[i]))
            return bram_fail(cx, BRAM_EFORMAT, "%s: %s: stamp %zu is not finite", nwb->path, series,
                             i + 1);
    }
    return BRAM_OK;
}

static int visit_annotations(bram_ctx *cx, void *user, const char *path, const char *type)
{
    struct events *e = user;
    struct intervals t = {.count = 0};
    if (strcmp(type, "AnnotationSeries") != 0) return BRAM_OK;
    int status = read_annotations(cx, &t, e->nwb, path);
    if (status == BRAM_OK) status = gather(cx, e, &t, path);
    release_intervals(&t);
    return status;
}

static int visit(bram_ctx *cx, void *user, const char *path, const char *type)
{
    struct events *e = user;
    struct intervals t = {.count = 0};
    if (strcmp(type, "TimeIntervals") != 0) return BRAM_OK;
    int status = read_intervals(cx, &t, e->nwb, path);
    if (status == BRAM_OK) status = gather(cx, e, &t, path);
    release_intervals(&t);
    return status;
}

int bram_nwb_events(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r)
{
    size_t mark = bram_scratch_mark(cx);
    struct events e = {.nwb = r->nwb};
    static const char *const groups[] = {"acquisition", "processing", "stimulus"};
    int status = bram_nwb_walk(cx, r->nwb, "intervals", visit, &e);
    for (size_t i = 0; i < 3 && status == BRAM_OK; i++)
        status = bram_nwb_walk(cx, r->nwb, groups[i], visit_annotations, &e);
    const bram_spans spans = {
        .count = e.count, .what = e.what, .onset = e.onset, .offset = e.offset, .kind = e.kind};
    if (status == BRAM_OK) status = bram_intake_events(cx, ds, r->id, &spans);
    bram_scratch_release(cx, mark);
    return status;
}
