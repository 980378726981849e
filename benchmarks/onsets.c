/*
 * onsets.c - trials from the table of events, or from movements; see onsets.h.
 */
#include "onsets.h"

#include "behaviour.h"
#include "internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bram_onsets_release(bram_onsets *t)
{
    bram_free(t->trial);
    bram_axis_free(t->condition);
    *t = (bram_onsets){0};
}

static int by_row(const void *a, const void *b)
{
    const bram_onset *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

/* Takes over n trials whose conditions have these names. */
static int finish(bram_ctx *cx, bram_onsets *out, bram_onset *trial, size_t n,
                  const char *const *names, size_t conditions)
{
    bram_axis *axis = NULL;
    int status = bram_axis_new(cx, &axis, "condition", conditions);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, names);
    if (status != BRAM_OK) {
        bram_axis_free(axis);
        bram_free(trial);
        return status;
    }
    qsort(trial, n, sizeof *trial, by_row);
    *out = (bram_onsets){trial, n, axis};
    return BRAM_OK;
}

/* ---- events --------------------------------------------------------------------------------- */

static size_t row_at(const bram_recording *r, double time)
{
    const double *stamp = bram_axis_values(r->time);
    size_t low = 0, high = r->rows; /* stamps ascend */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stamp[middle] < time) low = middle + 1;
        else high = middle;
    }
    return low;
}

int bram_onsets_of_events(bram_ctx *cx, bram_onsets *out, const bram_dataset *ds,
                          const bram_recording *r, const char *kind)
{
    char *path = bram_strf(cx, "recordings/%s/events", r->id);
    if (!path) return BRAM_ENOMEM;
    const bram_axis *events = bram_dataset_table(ds, path);
    bram_free(path);
    const bram_column *onset = events ? bram_axis_column(events, "onset") : NULL;
    const bram_column *kinds = events ? bram_axis_column(events, "kind") : NULL;
    size_t entries = onset && onset->number ? bram_axis_length(events) : 0, n = 0, conditions = 0;
    bram_onset *trial = bram_alloc(cx, entries + 1, sizeof *trial);
    const char **names = bram_scratch(cx, entries + 1, sizeof *names);
    uint32_t *number = bram_scratch(cx, entries + 1, sizeof *number);
    if (!trial || !names || !number) {
        bram_free(trial);
        return BRAM_ENOMEM;
    }
    for (size_t e = 0; e < entries; e++) {
        ptrdiff_t first = bram_axis_find(events, bram_axis_id(events, e)); /* -1: without a name */
        bool of_kind = !*kind || (kinds && kinds->text && strcmp(kinds->text[e], kind) == 0);
        size_t row = row_at(r, onset->number[e]);
        if (first < 0 || !of_kind || isnan(onset->number[e]) || row == r->rows) continue;
        if (!number[first]) {
            names[conditions++] = bram_axis_id(events, e);
            number[first] = (uint32_t)conditions;
        }
        trial[n++] = (bram_onset){row, number[first] - 1};
    }
    if (n) return finish(cx, out, trial, n, names, conditions);
    bram_free(trial);
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no events%s%s", r->id,
                     *kind ? " of the kind " : "", kind);
}

/* ---- movements ------------------------------------------------------------------------------ */

static double speed_of(const bram_recording *v, size_t row)
{
    if (!v->present[row * 2] || !v->present[row * 2 + 1]) return NAN;
    return hypot(v->values[row * 2], v->values[row * 2 + 1]);
}

/* The direction of a movement, or -1 where it is too short or its ends are not known. */
static int direction(const bram_recording *place, size_t from, size_t to, const bram_movement *m)
{
    static const double TURN = 6.283185307179586;
    const double *a = place->values + from * 2, *b = place->values + to * 2;
    const uint8_t *pa = place->present + from * 2, *pb = place->present + to * 2;
    if (!pa[0] || !pa[1] || !pb[0] || !pb[1]) return -1;
    if (!(hypot(b[0] - a[0], b[1] - a[1]) >= m->least)) return -1;
    double turns = atan2(b[1] - a[1], b[0] - a[0]) / TURN;
    long step = lround(turns * (double)m->directions), n = (long)m->directions;
    return (int)((step % n + n) % n);
}

/* The movements of one stretch. @return how many there are now */
static size_t find_movements(bram_onset *trial, size_t n, const bram_recording *place,
                             const bram_recording *velocity, size_t from, size_t to,
                             const bram_movement *m)
{
    size_t still = 0;
    for (size_t t = from; t < to; t++) {
        if (!(speed_of(velocity, t) >= m->speed)) {
            still = isnan(speed_of(velocity, t)) ? 0 : still + 1;
            continue;
        }
        size_t end = t;
        while (end < to && speed_of(velocity, end) >= m->speed) end++;
        int way = still >= m->rest && t > from && end < to ? direction(place, t - 1, end, m) : -1;
        if (way >= 0) trial[n++] = (bram_onset){t, (uint32_t)way};
        still = 0;
        t = end - 1;
    }
    return n;
}

static int name_directions(bram_ctx *cx, const char ***names, size_t directions)
{
    enum { BYTES = 24 };
    char *text = bram_scratch(cx, directions, BYTES);
    *names = bram_scratch(cx, directions, sizeof **names);
    if (!text || !*names) return BRAM_ENOMEM;
    for (size_t i = 0; i < directions; i++) {
        snprintf(text + i * BYTES, BYTES, "%.4g deg", 360 * (double)i / (double)directions);
        (*names)[i] = text + i * BYTES;
    }
    return BRAM_OK;
}

int bram_onsets_of_movements(bram_ctx *cx, bram_onsets *out, const bram_recording *place,
                             const bram_recording *velocity, const bram_movement *what)
{
    const char **names;
    if (place->units != 2 || velocity->units != 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "found %zu variables of place and %zu of velocity, expected two each",
                         place->units, velocity->units);
    BRAM_TRY(name_directions(cx, &names, what->directions));
    bram_onset *trial = bram_alloc(cx, place->rows, sizeof *trial);
    if (!trial) return BRAM_ENOMEM;
    size_t n = 0;
    for (size_t p = 0; p < place->pieces; p++)
        n = find_movements(trial, n, place, velocity, place->piece[p], place->piece[p + 1], what);
    if (n) return finish(cx, out, trial, n, names, what->directions);
    bram_free(trial);
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no movement of %g at a speed of %g",
                     place->id, what->least, what->speed);
}

int bram_onsets_of_behaviour(bram_ctx *cx, bram_onsets *out, const bram_dataset *ds,
                             const bram_recording *r, const bram_options *o)
{
    bram_recording place = {0}, velocity = {0};
    const char *from = bram_option_text(o, "behaviour");
    bram_movement what = {.speed = bram_option_real(o, "speed"),
                          .rest = (size_t)bram_option_integer(o, "rest"),
                          .least = bram_option_real(o, "least"),
                          .directions = (size_t)bram_option_integer(o, "directions")};
    int status = bram_behaviour_read(cx, &place, ds, r, from, bram_option_text(o, "place"));
    if (status == BRAM_OK)
        status = bram_behaviour_read(cx, &velocity, ds, r, from, bram_option_text(o, "velocity"));
    if (status == BRAM_OK) status = bram_onsets_of_movements(cx, out, &place, &velocity, &what);
    bram_recording_release(&place);
    bram_recording_release(&velocity);
    return status;
}
