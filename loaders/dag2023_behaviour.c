/*
 * dag2023_behaviour.c - behaviour of Dag et al. 2023: every field of behavior/ that lies on the
 * frames of the traces, and the reversals as events.
 */
#include "dag2023.h"

#include "intake.h"

#include <stdio.h>

int bram_dag_pairs(bram_ctx *cx, int64_t **out, size_t *count, const bram_h5_object *root,
                   const char *path, const char *field)
{
    bram_h5_info info;
    *count = 0;
    *out = NULL;
    if (!bram_h5_exists(root, field)) return BRAM_OK;
    BRAM_TRY(bram_h5_info_of(cx, &info, root, field));
    if (info.rank != 2 || info.dims[0] != 2)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s is not 2 x any", path, field);
    BRAM_TRY(bram_h5_read_int64(cx, out, NULL, root, field, 0));
    *count = (size_t)info.dims[1];
    return BRAM_OK;
}

/* ---- behaviour ------------------------------------------------------------------------------ */

enum { MAX_VARIABLES = 1024 };

struct behaviour {
    size_t cols;
    char name[MAX_VARIABLES][64];
    double *values; /* rows x cols in the end; NULL while counting */
    size_t width;   /* of values */
};

/* Adds the columns of one field, or only their names while counting. Fields of other lengths are
 * not on the frames of the traces and are left out. */
static int add_variable(bram_ctx *cx, struct behaviour *b, const bram_dag_frames *a,
                        const char *name)
{
    char field[300];
    bram_h5_info info;
    bram_h5_kind kind;
    double *values = NULL;
    snprintf(field, sizeof field, "behavior/%.280s", name);
    BRAM_TRY(bram_h5_kind_of(cx, &kind, a->root, field));
    if (kind != BRAM_H5_DATASET) return BRAM_OK;
    BRAM_TRY(bram_h5_info_of(cx, &info, a->root, field));
    bool numeric = info.type == BRAM_H5_INTEGER || info.type == BRAM_H5_FLOAT;
    if (!numeric || info.rank < 1 || info.rank > 2 || info.dims[0] != a->rows) return BRAM_OK;
    size_t width = info.rank == 2 ? (size_t)info.dims[1] : 1;
    if (width > MAX_VARIABLES - b->cols)
        return bram_fail(cx, BRAM_EFORMAT, "%s: behavior/ has more than %d variables", a->path,
                         MAX_VARIABLES);
    if (b->values) BRAM_TRY(bram_h5_read_double(cx, &values, NULL, a->root, field, 0));
    for (size_t k = 0; k < width; k++, b->cols++) {
        if (info.rank == 2) snprintf(b->name[b->cols], sizeof *b->name, "%.40s_%zu", name, k + 1);
        else snprintf(b->name[b->cols], sizeof *b->name, "%.60s", name);
        for (size_t t = 0; values && t < a->rows; t++)
            b->values[t * b->width + b->cols] = values[t * width + k];
    }
    bram_free(values);
    return BRAM_OK;
}

static int fill_behaviour(bram_ctx *cx, struct behaviour *b, const bram_dag_frames *a,
                          const bram_h5_entry *entry, size_t entries)
{
    for (size_t i = 0; i < entries; i++) BRAM_TRY(add_variable(cx, b, a, entry[i].name));
    b->width = b->cols;
    b->cols = 0;
    b->values = bram_scratch(cx, a->rows * b->width, sizeof *b->values);
    if (!b->values) return BRAM_ENOMEM;
    for (size_t i = 0; i < entries; i++) BRAM_TRY(add_variable(cx, b, a, entry[i].name));
    return BRAM_OK;
}

static int read_behaviour(bram_ctx *cx, bram_dataset *ds, const bram_dag_frames *a)
{
    bram_h5_entry *entry = NULL;
    size_t entries = 0, mark = bram_scratch_mark(cx);
    if (!bram_h5_exists(a->root, "behavior")) return BRAM_OK;
    struct behaviour *b = bram_scratch(cx, 1, sizeof *b);
    const char **names = bram_scratch(cx, MAX_VARIABLES, sizeof *names);
    int status = b && names ? bram_h5_list(cx, &entry, &entries, a->root, "behavior") : BRAM_ENOMEM;
    if (status == BRAM_OK) status = fill_behaviour(cx, b, a, entry, entries);
    for (size_t k = 0; status == BRAM_OK && k < b->cols; k++) names[k] = b->name[k];
    if (status == BRAM_OK)
        status = bram_intake_behaviour(cx, ds, a->id, a->rows, b->cols, a->time, b->values, names,
                                       NULL);
    bram_free(entry);
    bram_scratch_release(cx, mark);
    return status;
}

/* reversal_events: first and last frame of each reversal, 1-based. */
static int read_reversals(bram_ctx *cx, bram_dataset *ds, const bram_dag_frames *a)
{
    int64_t *pair = NULL;
    size_t count = 0, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_dag_pairs(cx, &pair, &count, a->root, a->path, "behavior/reversal_events"));
    double *onset = bram_scratch(cx, count, sizeof *onset);
    double *offset = bram_scratch(cx, count, sizeof *offset);
    const char **what = bram_scratch(cx, count, sizeof *what);
    int status = onset && offset && what ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < count; i++) {
        int64_t first = pair[i], last = pair[count + i];
        if (first < 1 || last < first || (uint64_t)last > a->rows) {
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: behavior/reversal_events: frames %lld to %lld of %zu", a->path,
                               (long long)first, (long long)last, a->rows);
            break;
        }
        what[i] = "reversal";
        onset[i] = a->time[first - 1];
        offset[i] = a->time[last - 1];
    }
    if (status == BRAM_OK)
        status = bram_intake_events(cx, ds, a->id, &(bram_spans){count, what, onset, offset});
    bram_free(pair);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_dag_behaviour(bram_ctx *cx, bram_dataset *ds, const bram_dag_frames *frames)
{
    BRAM_TRY(read_behaviour(cx, ds, frames));
    return read_reversals(cx, ds, frames);
}
