/*
 * wiring_parts.c - connectomes as parts, and positions of nodes; see wiring_parts.h.
 */
#include "wiring_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- parts ---------------------------------------------------------------------------------- */

/* A connectome of cell classes is a part only where it is named. */
static bool takes_part(const bram_benchmark *b, const bram_dataset *ds, const char *id)
{
    char path[300];
    for (size_t i = 0; i < b->part_count; i++)
        if (strcmp(b->parts[i], id) == 0) return true;
    snprintf(path, sizeof path, "connectome/%s", id);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, path);
    const char *level = attrs ? bram_attrs_text(attrs, "level") : NULL;
    return !b->part_count && !(level && strcmp(level, "class") == 0);
}

int bram_wiring_parts(bram_ctx *cx, bram_axis **parts, const bram_benchmark *b,
                      const bram_dataset *ds)
{
    size_t n = bram_dataset_groups(ds, "connectome"), used = 0;
    const char **ids = bram_alloc(cx, n, sizeof *ids);
    if (!ids) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(ds, "connectome", i);
        if (takes_part(b, ds, id)) ids[used++] = id;
    }
    bram_axis *axis = NULL;
    int status = used && (!b->part_count || used == b->part_count)
                     ? bram_axis_new(cx, &axis, "part", used)
                     : bram_fail(cx, BRAM_EABSENT,
                                 "dataset %s has %zu of the connectomes that %s asks for",
                                 b->dataset, used, b->name);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, ids);
    bram_free(ids);
    if (status == BRAM_OK) *parts = axis;
    else bram_axis_free(axis);
    return status;
}

/* ---- positions ------------------------------------------------------------------------------ */

int bram_wiring_positions(bram_ctx *cx, double **position, const bram_dataset *ds,
                          const bram_axis *nodes)
{
    static const char *const names[] = {"x", "y", "z"};
    size_t n = bram_axis_length(nodes), known = 0;
    const bram_axis *neurons = bram_dataset_table(ds, "neurons");
    const bram_axis *table = bram_axis_column(nodes, "x") || !neurons ? nodes : neurons;
    double *p = bram_scratch(cx, n, 3 * sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t d = 0; d < 3; d++) {
        const bram_column *c = bram_axis_column(table, names[d]);
        for (size_t i = 0; i < n; i++) {
            ptrdiff_t at = table == nodes ? (ptrdiff_t)i
                                          : bram_axis_find(table, bram_axis_id(nodes, i));
            bool there = c && c->number && at >= 0;
            p[3 * i + d] = there ? c->number[at] : (double)NAN;
            known += there && isfinite(p[3 * i + d]);
        }
    }
    *position = known ? p : NULL;
    return BRAM_OK;
}
