/*
 * asked.c - see asked.h.
 *
 * asked/PART has the attributes `ask` (bram_ask) and `features` (1: features of the rows will do);
 * its groups `row` and `unit` hold one table each.
 */
#include "asked.h"

#include "demand.h"
#include "reveal.h"

#include <stdio.h>
#include <string.h>

enum { PATH = 512 };

static int put_axis(bram_ctx *cx, bram_dataset *to, const char *part, const char *what,
                    const bram_axis *axis)
{
    static const char *const columns[] = {"set", "fold", "from", "to", "edge", "asked", NULL};
    char group[PATH];
    bram_axis *table = NULL;
    snprintf(group, sizeof group, "asked/%.400s/%s", part, what);
    BRAM_TRY(bram_reveal_axis(cx, &table, axis, columns));
    return bram_dataset_add_table(cx, to, group, table);
}

int bram_asked_put(bram_ctx *cx, bram_dataset *to, const char *part, const bram_demand *d)
{
    char group[PATH];
    snprintf(group, sizeof group, "asked/%.400s", part);
    bram_attrs *attrs = bram_dataset_attrs(cx, to, group);
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_integer(cx, attrs, "ask", d->ask));
    BRAM_TRY(bram_attrs_set_integer(cx, attrs, "features", d->features));
    BRAM_TRY(put_axis(cx, to, part, "row", d->row));
    return d->unit ? put_axis(cx, to, part, "unit", d->unit) : BRAM_OK;
}

bool bram_asked_has(const bram_dataset *ds, const char *part)
{
    char group[PATH];
    snprintf(group, sizeof group, "asked/%.400s", part);
    return bram_dataset_find_attrs(ds, group) != NULL;
}

/* The one table of a group, or NULL. */
static const bram_axis *table_of(const bram_dataset *ds, const char *part, const char *what)
{
    char group[PATH];
    int length = snprintf(group, sizeof group, "asked/%.400s/%s/", part, what);
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        if (strncmp(path, group, (size_t)length) == 0) return bram_dataset_table(ds, path);
    }
    return NULL;
}

int bram_asked_get(bram_ctx *cx, bram_demand *out, const bram_dataset *ds, const char *part)
{
    char group[PATH];
    snprintf(group, sizeof group, "asked/%.400s", part);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, group);
    const bram_axis *row = table_of(ds, part, "row"), *unit = table_of(ds, part, "unit");
    const bram_column *set = row ? bram_axis_column(row, "set") : NULL;
    int64_t ask = attrs ? bram_attrs_integer(attrs, "ask", -1) : -1;
    bool pairs = ask == BRAM_ASK_LINKS;
    if (!set || !set->text || ask < 0 || ask >= BRAM_ASKS ||
        (pairs && (!bram_axis_column(row, "from") || !bram_axis_column(row, "to") ||
                   !bram_axis_column(row, "edge"))))
        return bram_fail(cx, BRAM_EFORMAT, "%s does not say what is asked", group);
    bram_demand d = {.ask = (bram_ask)ask,
                     .features = bram_attrs_integer(attrs, "features", 0) != 0};
    BRAM_TRY(bram_axis_copy(cx, &d.row, row));
    if (unit) d.unit = bram_axis_ref(unit);
    *out = d;
    return BRAM_OK;
}
