/*
 * brainio_tables.c - BrainIO's events, their metadata and stimulus sets as tables; see
 * brainio_put.h.
 */
#include "brainio_put.h"

#include "hash.h"
#include "image.h"
#include "intake.h"
#include "intake_table.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- events ---------------------------------------------------------------------------------- */

static int describe(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_brainio *a)
{
    const bram_brainio_coordinate *animal = bram_brainio_find(a, 0, "animal", "subject");
    bool known = animal && animal->text && a->length[0];
    BRAM_TRY(bram_intake_text(cx, ds, id, "subject", known ? animal->text[0] : "not stated"));
    BRAM_TRY(bram_intake_text(cx, ds, id, "session", id));
    BRAM_TRY(bram_intake_text(cx, ds, id, "species", "not stated"));
    return bram_intake_text(cx, ds, id, "condition", "not stated");
}

static int add_table(bram_ctx *cx, bram_dataset *ds, const char *id, bram_axis *table)
{
    char *group = bram_strf(cx, "recordings/%s", id);
    if (!group) {
        bram_axis_free(table);
        return BRAM_ENOMEM;
    }
    int status = bram_dataset_add_table(cx, ds, group, table);
    bram_free(group);
    return status;
}

/* A row for each neuron, with the coordinates that all its events share. */
static int put_neurons(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_brainio *a,
                       const bram_brainio_coordinate *unit)
{
    static const char *const but[] = {"neuroid_id", NULL};
    size_t n = a->length[0], count = 0;
    size_t *first = bram_scratch(cx, n, sizeof *first), *of = bram_scratch(cx, n, sizeof *of);
    const char **name = bram_scratch(cx, n, sizeof *name);
    bram_axis *table = NULL;
    if (!first || !of || !name) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < count && strcmp(name[k], unit->text[i]) != 0) k++;
        if (k == count) name[count] = unit->text[i], first[count++] = i;
        of[i] = k;
    }
    BRAM_TRY(bram_axis_new(cx, &table, "neuron", count));
    int status = bram_axis_set_ids(cx, table, name);
    if (status == BRAM_OK) status = bram_brainio_columns(cx, table, a, 0, first, count, of, but);
    if (status == BRAM_OK) return add_table(cx, ds, id, table);
    bram_axis_free(table);
    return status;
}

int bram_brainio_put_events(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_brainio *a,
                            double unit)
{
    const bram_brainio_coordinate *neuron = bram_brainio_find(a, 0, "neuroid_id", NULL);
    size_t n = a->length[0];
    bram_axis *table = NULL;
    if (!neuron || !neuron->text || !n)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%zu events with %s neuroid_id, expected some with one "
                         "each",
                         n, neuron ? "a numeric" : "no");
    double *time = bram_scratch(cx, n, sizeof *time);
    if (!time) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        time[i] = a->values[i] * unit;
        if (!isfinite(time[i]))
            return bram_fail(cx, BRAM_EFORMAT, "event %zu is at %g, expected a time", i + 1,
                             a->values[i]);
    }
    BRAM_TRY(describe(cx, ds, id, a));
    BRAM_TRY(bram_axis_new(cx, &table, "spikes", n));
    int status = bram_axis_add_text(cx, table, "neuron", (const char *const *)neuron->text);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "time", time, "s");
    if (status != BRAM_OK) bram_axis_free(table);
    else status = add_table(cx, ds, id, table);
    return status == BRAM_OK ? put_neurons(cx, ds, id, a, neuron) : status;
}

int bram_brainio_put_table(bram_ctx *cx, bram_dataset *ds, const char *id, const char *name,
                           const bram_brainio *a)
{
    char word[BRAINIO_NAME];
    size_t n = a->length[0], *at = bram_scratch(cx, n, sizeof *at), used = 0;
    bram_axis *table = NULL;
    if (!at) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) at[i] = i;
    for (; *name && used + 1 < sizeof word; name++)
        if (used || isalpha((unsigned char)*name))
            word[used++] = isalnum((unsigned char)*name) ? (char)tolower((unsigned char)*name)
                                                         : '_';
    word[used] = 0;
    BRAM_TRY(bram_axis_new(cx, &table, used ? word : "metadata", n));
    int status = bram_axis_add_number(cx, table, "value", a->values, "");
    if (status == BRAM_OK) status = bram_brainio_columns(cx, table, a, 0, at, n, NULL, NULL);
    if (status == BRAM_OK) return add_table(cx, ds, id, table);
    bram_axis_free(table);
    return status;
}

/* ---- stimuli --------------------------------------------------------------------------------- */

/* Every stimulus once; row: of the set, or -1. */
struct stimulus {
    const char *id;
    ptrdiff_t row;
    size_t order;
};

struct stimuli {
    struct stimulus *list;
    size_t count, room;
};

static int add(bram_ctx *cx, struct stimuli *s, const char *id, ptrdiff_t row)
{
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 256;
        struct stimulus *list = bram_realloc(cx, s->list, room, sizeof *list);
        if (!list) return BRAM_ENOMEM;
        s->list = list, s->room = room;
    }
    s->list[s->count] = (struct stimulus){id, row, s->count};
    s->count++;
    return BRAM_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct stimulus *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->order > y->order) - (x->order < y->order);
}

static int by_order(const void *a, const void *b)
{
    const struct stimulus *x = a, *y = b;
    return (x->order > y->order) - (x->order < y->order);
}

/* One entry each, in the order of first appearance, with the row of the set that speaks of it. */
static void unite(struct stimuli *s)
{
    size_t kept = 0;
    if (!s->count) return;
    qsort(s->list, s->count, sizeof *s->list, by_id);
    for (size_t i = 0; i < s->count; i++) {
        if (kept && strcmp(s->list[kept - 1].id, s->list[i].id) == 0) {
            if (s->list[kept - 1].row < 0) s->list[kept - 1].row = s->list[i].row;
        } else s->list[kept++] = s->list[i];
    }
    s->count = kept;
    qsort(s->list, s->count, sizeof *s->list, by_order);
}

static int collect(bram_ctx *cx, struct stimuli *s, const bram_dataset *ds, const bram_csv *set,
                   ptrdiff_t id)
{
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const bram_axis *axis = bram_response_axis(
            bram_dataset_response(ds, bram_dataset_response_path(ds, i)), 0);
        for (size_t k = 0;
             strcmp(bram_axis_name(axis), "stimulus") == 0 && k < bram_axis_length(axis); k++)
            BRAM_TRY(add(cx, s, bram_axis_id(axis, k), -1));
    }
    for (size_t k = 0; set && k < bram_csv_rows(set); k++)
        if (*bram_csv_text(set, k, (size_t)id))
            BRAM_TRY(add(cx, s, bram_csv_text(set, k, (size_t)id), (ptrdiff_t)k));
    unite(s);
    return BRAM_OK;
}

static int add_set_columns(bram_ctx *cx, bram_axis *table, const struct stimuli *s,
                           const bram_csv *set, ptrdiff_t id)
{
    ptrdiff_t *row = bram_scratch(cx, s->count, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) row[i] = s->list[i].row;
    for (size_t c = 0; c < bram_csv_cols(set); c++) {
        bool file = strcmp(bram_csv_name(set, c), "filename") == 0;
        if ((ptrdiff_t)c != id)
            BRAM_TRY(bram_intake_column(cx, table, set, c, row, file ? "image" : NULL));
    }
    return BRAM_OK;
}

/* Hashes of pictures by the names of their files. */
struct pictures {
    bram_axis *name; /* ids: file names, without folders */
    char (*hash)[65];
};

static int take_picture(bram_ctx *cx, void *user, const char *name, const unsigned char *bytes,
                        size_t size)
{
    struct pictures *p = user;
    const char *slash = strrchr(name, '/');
    ptrdiff_t at = bram_axis_find(p->name, slash ? slash + 1 : name);
    if (at < 0) at = bram_axis_find(p->name, name);
    return at < 0 ? BRAM_OK : bram_sha256(cx, p->hash[at], bytes, size);
}

static int add_hashes(bram_ctx *cx, bram_axis *table, const char *archive)
{
    const bram_column *file = bram_axis_column(table, "image");
    size_t n = bram_axis_length(table);
    if (!file || file->type != BRAM_TEXT)
        return bram_fail(cx, BRAM_EFORMAT, "%s: pictures, but no table that names them by filename",
                         archive);
    struct pictures p = {.hash = bram_scratch(cx, n, sizeof *p.hash)};
    const char **hash = bram_scratch(cx, n, sizeof *hash);
    if (!p.hash || !hash) return BRAM_ENOMEM;
    BRAM_TRY(bram_axis_new(cx, &p.name, "image", n));
    int status = bram_axis_set_ids(cx, p.name, file->text);
    if (status == BRAM_OK) status = bram_images_each(cx, archive, take_picture, &p);
    for (size_t i = 0; status == BRAM_OK && i < n; i++) {
        ptrdiff_t at = bram_axis_find(p.name, file->text[i]); /* equal names: the first */
        hash[i] = at < 0 ? "" : p.hash[at];
        if (at >= 0 && !*hash[i])
            status = bram_fail(cx, BRAM_EFORMAT, "%s has no picture %s, that of stimulus %s",
                               archive, file->text[i], bram_axis_id(table, i));
    }
    bram_axis_free(p.name);
    return status == BRAM_OK ? bram_axis_add_text(cx, table, "image_sha256", hash) : status;
}

int bram_brainio_put_stimuli(bram_ctx *cx, bram_dataset *ds, const bram_csv *set, ptrdiff_t id,
                             const char *pictures)
{
    struct stimuli s = {.list = NULL};
    bram_axis *table = NULL;
    int status = collect(cx, &s, ds, set, id);
    const char **name = status == BRAM_OK ? bram_scratch(cx, s.count, sizeof *name) : NULL;
    if (status == BRAM_OK && !name) status = BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < s.count; i++) name[i] = s.list[i].id;
    if (status == BRAM_OK && s.count) {
        status = bram_axis_new(cx, &table, "stimulus", s.count);
        if (status == BRAM_OK) status = bram_axis_set_ids(cx, table, name);
        if (status == BRAM_OK && set) status = add_set_columns(cx, table, &s, set, id);
        if (status == BRAM_OK && pictures) status = add_hashes(cx, table, pictures);
        if (status == BRAM_OK) status = bram_dataset_add_table(cx, ds, "stimuli", table);
        else bram_axis_free(table);
    }
    bram_free(s.list);
    return status;
}
