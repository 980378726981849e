/*
 * recording.c - recordings of a dataset as matrices, and panels cut from them.
 */
#include "recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double GAP = 3; /* median steps: a longer one ends a piece */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int find_pieces(bram_ctx *cx, bram_recording *r)
{
    const double *t = bram_axis_values(r->time);
    size_t steps = r->rows - 1, n = 0;
    r->piece = bram_alloc(cx, r->rows + 1, sizeof *r->piece);
    double *step = bram_alloc(cx, steps, sizeof *step);
    if (!r->piece || !step) {
        bram_free(step);
        return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < steps; i++) step[i] = t[i + 1] - t[i];
    qsort(step, steps, sizeof *step, ascending);
    r->dt = steps ? step[steps / 2] : 0;
    bram_free(step);
    const bram_column *segment = bram_axis_column(r->time, "segment");
    if (segment && !segment->integer) segment = NULL;
    r->piece[n++] = 0;
    for (size_t i = 1; i < r->rows; i++)
        if (segment ? segment->integer[i] != segment->integer[i - 1]
                    : t[i] - t[i - 1] > GAP * r->dt)
            r->piece[n++] = i;
    r->piece[n] = r->rows;
    r->pieces = n;
    return BRAM_OK;
}

int bram_recording_read(bram_ctx *cx, bram_recording *out, const bram_dataset *ds, const char *id,
                        const char *name)
{
    char *path = bram_strf(cx, "recordings/%s/%s", id, name);
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(ds, path);
    int status = BRAM_OK;
    if (!r) status = bram_fail(cx, BRAM_EABSENT, "the dataset has no %s", path);
    else if (bram_response_dims(r) != 2 || !bram_axis_values(bram_response_axis(r, 0)))
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s has %zu dimensions and %s time, expected time x unit "
                           "with seconds",
                           path, bram_response_dims(r),
                           bram_axis_values(bram_response_axis(r, 0)) ? "a" : "no");
    else if (bram_response_length(r, 0) == 0 || bram_response_length(r, 1) == 0)
        status = bram_fail(cx, BRAM_EFORMAT, "%s is empty", path);
    bram_recording rec = {.id = id};
    if (status == BRAM_OK) {
        rec.time = bram_axis_ref(bram_response_axis(r, 0));
        rec.unit = bram_axis_ref(bram_response_axis(r, 1));
        rec.rows = bram_response_length(r, 0);
        rec.units = bram_response_length(r, 1);
        rec.values = bram_alloc(cx, bram_response_count(r), sizeof *rec.values);
        rec.present = bram_alloc(cx, bram_response_count(r), 1);
        if (!rec.values || !rec.present) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK)
        status = bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rec.rows, rec.units},
                                    rec.values, rec.present);
    if (status == BRAM_OK) status = find_pieces(cx, &rec);
    bram_free(path);
    if (status == BRAM_OK) *out = rec;
    else bram_recording_release(&rec);
    return status;
}

void bram_recording_release(bram_recording *r)
{
    bram_axis_free(r->unit);
    bram_axis_free(r->time);
    bram_free(r->values);
    bram_free(r->present);
    bram_free(r->piece);
    *r = (bram_recording){0};
}

int bram_recording_align(bram_ctx *cx, bram_recording *out, const bram_recording *r,
                         const bram_axis *unit)
{
    size_t units = bram_axis_length(unit);
    bram_recording a = {.id = r->id,
                        .rows = r->rows,
                        .units = units,
                        .pieces = r->pieces,
                        .dt = r->dt,
                        .unit = bram_axis_ref(unit),
                        .time = bram_axis_ref(r->time)};
    a.values = bram_alloc(cx, r->rows * units, sizeof *a.values);
    a.present = bram_alloc(cx, r->rows * units, 1);
    a.piece = bram_alloc(cx, r->pieces + 1, sizeof *a.piece);
    if (!a.values || !a.present || !a.piece) {
        bram_recording_release(&a);
        return BRAM_ENOMEM;
    }
    memcpy(a.piece, r->piece, (r->pieces + 1) * sizeof *a.piece);
    for (size_t u = 0; u < units; u++) {
        ptrdiff_t from = bram_axis_find(r->unit, bram_axis_id(unit, u));
        if (from < 0) continue;
        for (size_t t = 0; t < r->rows; t++) {
            a.values[t * units + u] = r->values[t * r->units + (size_t)from];
            a.present[t * units + u] = r->present[t * r->units + (size_t)from];
        }
    }
    *out = a;
    return BRAM_OK;
}

/* ---- panels --------------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static int add_segment(bram_ctx *cx, bram_slice *s, const bram_recording *r, size_t from,
                       size_t first, size_t end)
{
    size_t rows = end - from;
    size_t *index = bram_alloc(cx, rows, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) index[i] = from + i;
    bram_axis *row = NULL;
    int status = bram_axis_take(cx, &row, r->time, index, rows);
    bram_free(index);
    BRAM_TRY(status);
    s->begin[s->panel.segments] = from;
    s->segment[s->panel.segments++] = (bram_segment){
        .id = r->id,
        .row = row,
        .y = {r->values + from * r->units, rows, r->units, r->units},
        .y_present = r->present + from * r->units,
        .first = first - from,
        .dt = r->dt};
    return BRAM_OK;
}

int bram_slice_make(bram_ctx *cx, bram_slice *out, const bram_cut *cut, size_t cuts)
{
    size_t most = 0;
    for (size_t i = 0; i < cuts; i++) most += cut[i].recording->pieces;
    bram_slice s = {.panel.unit = cuts ? cut[0].recording->unit : NULL};
    s.segment = bram_alloc(cx, most, sizeof *s.segment);
    s.begin = bram_alloc(cx, most, sizeof *s.begin);
    int status = s.segment && s.begin ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < cuts && status == BRAM_OK; i++) {
        const bram_recording *r = cut[i].recording;
        for (size_t p = 0; p < r->pieces && status == BRAM_OK; p++) {
            size_t from = larger(cut[i].begin, r->piece[p]);
            size_t end = smaller(cut[i].end, r->piece[p + 1]);
            size_t first = larger(cut[i].first, from);
            if (first < end) status = add_segment(cx, &s, r, from, first, end);
        }
    }
    s.panel.segment = s.segment;
    if (status == BRAM_OK) *out = s;
    else bram_slice_release(&s);
    return status;
}

void bram_slice_release(bram_slice *s)
{
    for (size_t i = 0; i < s->panel.segments; i++)
        bram_axis_free((bram_axis *)(uintptr_t)s->segment[i].row);
    bram_free(s->segment);
    bram_free(s->begin);
    *s = (bram_slice){0};
}
