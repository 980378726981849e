/*
 * map_regions.c - the regions of units, each of which has a query in readout-roi.
 *
 * roi=auto takes the column `roi` of the units, else `area`, else all units are of one region;
 * roi=unit gives each unit a query of its own; otherwise roi names columns, joined by +. A column
 * of texts names the region of a unit ("" is none), a column of numbers says (not 0) that it is of
 * the region that the column is called after. A unit may be of several regions; those of none are
 * of the region "unassigned". With a column `hemisphere` each hemisphere has regions of its own,
 * HEMISPHERE/REGION.
 */
#include "map_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_COLUMNS = 64, NAME = 64 };

/* What there is so far, in scratch memory. */
struct regions {
    char (*name)[NAME];
    size_t count;
    uint32_t *of; /* units x columns: 1 + number of the region, 0: none */
    size_t columns;
};

static bool is_in(const bram_column *c, size_t unit, const char **name)
{
    *name = c->name;
    if (c->type == BRAM_TEXT) *name = c->text[unit];
    if (c->type == BRAM_TEXT) return **name != 0;
    return c->type == BRAM_INTEGER ? c->integer[unit] != 0
                                   : c->number[unit] != 0 && !isnan(c->number[unit]);
}

static uint32_t find_region(struct regions *r, const char *side, const char *name)
{
    char full[NAME];
    snprintf(full, sizeof full, "%s%s%s", side, *side ? "/" : "", name);
    for (size_t k = 0; k < r->count; k++)
        if (strcmp(r->name[k], full) == 0) return (uint32_t)k + 1;
    memcpy(r->name[r->count++], full, sizeof full);
    return (uint32_t)r->count;
}

/* The columns that an option names. */
static int find_columns(bram_ctx *cx, const bram_column *column[MOST_COLUMNS], size_t *count,
                        const bram_axis *unit, const char *names)
{
    *count = 0;
    if (strcmp(names, "auto") == 0) {
        column[0] = bram_axis_column(unit, "roi");
        if (!column[0]) column[0] = bram_axis_column(unit, "area");
        *count = column[0] != NULL;
        return BRAM_OK;
    }
    while (*names) {
        char name[NAME];
        size_t length = strcspn(names, "+");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        const bram_column *found = bram_axis_column(unit, name);
        if (!found || *count == MOST_COLUMNS)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE, "roi: the units have no column \"%s\"", name);
        column[(*count)++] = found;
        names += length + (names[length] == '+');
    }
    return BRAM_OK;
}

static int list_regions(bram_ctx *cx, struct regions *r, const bram_axis *unit, const char *names)
{
    const bram_column *column[MOST_COLUMNS], *side = bram_axis_column(unit, "hemisphere");
    size_t units = bram_axis_length(unit), count = 0;
    bool own = strcmp(names, "unit") == 0;
    if (side && side->type != BRAM_TEXT) side = NULL;
    if (!own) BRAM_TRY(find_columns(cx, column, &count, unit, names));
    r->columns = count ? count : 1;
    r->of = bram_scratch(cx, units, r->columns * sizeof *r->of);
    r->name = bram_scratch(cx, units * r->columns, sizeof *r->name);
    if (!r->of || !r->name) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++) {
        const char *where = side ? side->text[u] : "", *name;
        uint32_t *of = r->of + u * r->columns, any = 0;
        if (own) {
            snprintf(r->name[r->count++], NAME, "%s", bram_axis_id(unit, u));
            of[0] = (uint32_t)r->count;
            continue;
        }
        for (size_t k = 0; k < count; k++)
            if (is_in(column[k], u, &name)) any = of[k] = find_region(r, where, name);
        if (!any) of[0] = find_region(r, where, count ? "unassigned" : "all");
    }
    return BRAM_OK;
}

static int make_members(bram_ctx *cx, bram_tokens_model *m, const struct regions *r, size_t units)
{
    const char **id = bram_scratch(cx, r->count, sizeof *id);
    m->member = bram_alloc(cx, units, r->count);
    if (!id || !m->member) return BRAM_ENOMEM;
    for (size_t k = 0; k < r->count; k++) id[k] = r->name[k];
    for (size_t i = 0; i < units * r->columns; i++)
        if (r->of[i]) m->member[i / r->columns * r->count + r->of[i] - 1] = 1;
    BRAM_TRY(bram_axis_new(cx, &m->region, "region", r->count));
    m->shape.queries = r->count;
    m->shape.member = m->member;
    return bram_axis_set_ids(cx, m->region, id);
}

int bram_tokens_regions(bram_ctx *cx, bram_tokens_model *m, const bram_options *o,
                        const bram_axis *unit)
{
    struct regions r = {0};
    size_t mark = bram_scratch_mark(cx);
    int status = list_regions(cx, &r, unit, bram_option_text(o, "roi"));
    if (status == BRAM_OK) status = make_members(cx, m, &r, bram_axis_length(unit));
    bram_scratch_release(cx, mark);
    return status;
}
