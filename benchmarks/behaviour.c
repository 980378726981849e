/*
 * behaviour.c - behaviour at the times of the activity; see behaviour.h.
 */
#include "behaviour.h"

#include "internal.h"

#include <string.h>

static int choose_variables(bram_ctx *cx, bram_axis **out, const bram_recording *from,
                            const char *names)
{
    const bram_axis *all = from->unit;
    size_t n = 0, *index = bram_scratch(cx, bram_axis_length(all), sizeof *index);
    if (!index) return BRAM_ENOMEM;
    if (!*names) {
        *out = bram_axis_ref(all);
        return BRAM_OK;
    }
    while (*names) {
        size_t length = strcspn(names, "+");
        char *name = bram_strf(cx, "%.*s", (int)length, names);
        if (!name) return BRAM_ENOMEM;
        ptrdiff_t at = bram_axis_find(all, name);
        int status = at < 0 || n == bram_axis_length(all)
                         ? bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no variable \"%s\"", from->id,
                                     name)
                         : BRAM_OK;
        bram_free(name);
        BRAM_TRY(status);
        index[n++] = (size_t)at;
        names += length + (names[length] == '+');
    }
    return bram_axis_take(cx, out, all, index, n);
}

/* Fills the rows of the target from the rows of `from`, both in order of time. */
static void interpolate(bram_recording *target, const bram_recording *from)
{
    const double *wanted = bram_axis_values(target->time), *time = bram_axis_values(from->time);
    size_t at = 0, piece = 0, units = target->units;
    for (size_t t = 0; t < target->rows; t++) {
        while (at + 1 < from->rows && time[at + 1] <= wanted[t]) at++;
        while (piece + 1 < from->pieces && from->piece[piece + 1] <= at) piece++;
        if (time[at] > wanted[t]) continue; /* before the first sample */
        bool exact = time[at] == wanted[t], ends = at + 1 == from->piece[piece + 1];
        if (!exact && ends) continue;
        size_t next = exact ? at : at + 1;
        double share = exact ? 0 : (wanted[t] - time[at]) / (time[next] - time[at]);
        for (size_t u = 0; u < units; u++) {
            target->present[t * units + u] = from->present[at * units + u] &&
                                             from->present[next * units + u];
            double a = from->values[at * units + u], b = from->values[next * units + u];
            target->values[t * units + u] = a + share * (b - a);
        }
    }
}

int bram_behaviour_none(bram_ctx *cx, bram_recording *out, const bram_recording *activity,
                        const bram_axis *variable)
{
    size_t rows = activity->rows, units = bram_axis_length(variable);
    *out = (bram_recording){.id = activity->id,
                            .unit = bram_axis_ref(variable),
                            .time = bram_axis_ref(activity->time),
                            .rows = rows,
                            .units = units,
                            .pieces = activity->pieces,
                            .dt = activity->dt};
    out->values = bram_alloc(cx, rows * units, sizeof *out->values);
    out->present = bram_alloc(cx, rows * units, 1);
    out->piece = bram_alloc(cx, activity->pieces + 1, sizeof *out->piece);
    if (!out->values || !out->present || !out->piece) return BRAM_ENOMEM;
    memcpy(out->piece, activity->piece, (activity->pieces + 1) * sizeof *out->piece);
    return BRAM_OK;
}

int bram_behaviour_read(bram_ctx *cx, bram_recording *out, const bram_dataset *ds,
                        const bram_recording *activity, const char *name, const char *variables)
{
    bram_recording all = {0}, chosen = {0};
    bram_axis *unit = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_recording_read(cx, &all, ds, activity->id, name);
    if (status == BRAM_EABSENT) status = BRAM_ENOTAPPLICABLE; /* of this animal none is known */
    if (status == BRAM_OK) status = choose_variables(cx, &unit, &all, variables);
    if (status == BRAM_OK) status = bram_recording_align(cx, &chosen, &all, unit);
    if (status == BRAM_OK) status = bram_behaviour_none(cx, out, activity, chosen.unit);
    if (status == BRAM_OK) interpolate(out, &chosen);
    bram_scratch_release(cx, mark);
    bram_axis_free(unit);
    bram_recording_release(&chosen);
    bram_recording_release(&all);
    return status;
}

void bram_behaviour_delay(bram_recording *r)
{
    for (size_t p = 0; p < r->pieces; p++) {
        size_t first = r->piece[p] * r->units, end = r->piece[p + 1] * r->units;
        memmove(r->values + first + r->units, r->values + first,
                (end - first - r->units) * sizeof *r->values);
        memmove(r->present + first + r->units, r->present + first, end - first - r->units);
        memset(r->present + first, 0, r->units);
    }
}

void bram_slice_attach(bram_slice *s, const bram_recording *input)
{
    s->panel.input = input->unit;
    for (size_t i = 0; i < s->panel.segments; i++) {
        if (strcmp(s->segment[i].id, input->id) != 0) continue;
        size_t at = s->begin[i] * input->units;
        s->segment[i].x = (bram_mat){input->values + at, s->segment[i].y.rows, input->units,
                                     input->units};
        s->segment[i].x_present = input->present + at;
    }
}

void bram_slice_detach(bram_slice *s)
{
    s->panel.input = NULL;
    for (size_t i = 0; i < s->panel.segments; i++) {
        s->segment[i].x = (bram_mat){0};
        s->segment[i].x_present = NULL;
    }
}
