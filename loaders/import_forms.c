/*
 * import_forms.c - forms of one connectome compared; see import_forms.h.
 *
 * Cost: O(edges) expected.
 */
#include "import_forms.h"

#include "text_index.h"

#include <stdio.h>
#include <string.h>

/* The edges of a layer by name: "FROM TO TRANSMITTER RECEPTOR". */
struct edges {
    const char **key;
    const double *weight;
    size_t count;
};

static const char *text_of(const bram_axis *layer, const char *name, size_t i)
{
    const bram_column *c = bram_axis_column(layer, name);
    return c && c->text ? c->text[i] : "";
}

static int read_edges(bram_ctx *cx, struct edges *e, const bram_axis *layer)
{
    const bram_column *weight = bram_axis_column(layer, "weight");
    bool extrasynaptic = bram_axis_column(layer, "receptor") != NULL;
    e->count = bram_axis_length(layer);
    e->weight = weight ? weight->number : NULL;
    e->key = bram_scratch(cx, e->count, sizeof *e->key);
    if (!e->key) return BRAM_ENOMEM;
    for (size_t i = 0; i < e->count; i++) {
        const char *part[] = {text_of(layer, "from", i), text_of(layer, "to", i),
                              extrasynaptic ? text_of(layer, "transmitter", i) : "",
                              text_of(layer, "receptor", i)};
        size_t room = 4;
        for (size_t k = 0; k < 4; k++) room += strlen(part[k]);
        char *key = bram_scratch(cx, room, 1);
        if (!key) return BRAM_ENOMEM;
        snprintf(key, room, "%s\t%s\t%s\t%s", part[0], part[1], part[2], part[3]);
        e->key[i] = key;
    }
    return BRAM_OK;
}

static double weight_of(const struct edges *e, size_t i)
{
    return e->weight ? e->weight[i] : 1;
}

/* How many edges are in one of two layers alone or have other weights, and how many there are. */
static int compare_layers(bram_ctx *cx, size_t *differ, size_t *all, const bram_axis *kept,
                          const bram_axis *other)
{
    struct edges a = {0}, b = {0};
    bram_text_index index = {0};
    size_t found = 0, alike = 0;
    BRAM_TRY(read_edges(cx, &a, kept));
    BRAM_TRY(read_edges(cx, &b, other));
    BRAM_TRY(bram_text_index_reserve(cx, &index, a.key, a.count));
    for (size_t i = 0; i < a.count; i++) bram_text_index_add(&index, a.key, i);
    for (size_t i = 0; i < b.count; i++) {
        ptrdiff_t at = bram_text_index_find(&index, a.key, b.key[i]);
        found += at >= 0;
        alike += at >= 0 && weight_of(&a, (size_t)at) == weight_of(&b, i);
    }
    bram_text_index_release(&index);
    *all = a.count + b.count - found;
    *differ = *all - alike;
    return BRAM_OK;
}

static void say(bram_forms *out, const char *text)
{
    size_t used = strlen(out->words);
    snprintf(out->words + used, sizeof out->words - used, "%s%s", used ? ", " : "", text);
}

static int compare_layer(bram_ctx *cx, bram_forms *out, const char *name, const bram_axis *kept,
                         const bram_axis *other)
{
    char text[160];
    size_t differ = 0, all = 0, mark = bram_scratch_mark(cx);
    if (!kept) {
        snprintf(text, sizeof text, "%s edges only here", name);
        say(out, text);
        out->same = false;
        return BRAM_OK;
    }
    BRAM_TRY(compare_layers(cx, &differ, &all, kept, other));
    bram_scratch_release(cx, mark);
    if (differ) out->same = false;
    snprintf(text, sizeof text, "%zu of %zu %s edges differ", differ, all, name);
    if (differ) say(out, text);
    return BRAM_OK;
}

/* The name of a layer of the group, or NULL for another table. */
static const char *layer_of(const char *group, const char *path)
{
    size_t length = strlen(group);
    if (strncmp(path, group, length) != 0 || path[length] != '/') return NULL;
    return strcmp(path + length + 1, "nodes") == 0 ? NULL : path + length + 1;
}

int bram_import_forms(bram_ctx *cx, bram_forms *out, const char *group, const bram_dataset *kept,
                      const bram_dataset *other)
{
    bram_forms forms = {.same = true};
    char text[160];
    for (size_t i = 0; i < bram_dataset_tables(other); i++) {
        const char *path = bram_dataset_table_path(other, i), *name = layer_of(group, path);
        if (!name) continue;
        BRAM_TRY(compare_layer(cx, &forms, name, bram_dataset_table(kept, path),
                               bram_dataset_table(other, path)));
    }
    for (size_t i = 0; i < bram_dataset_tables(kept); i++) {
        const char *path = bram_dataset_table_path(kept, i), *name = layer_of(group, path);
        if (!name || bram_dataset_table(other, path)) continue;
        snprintf(text, sizeof text, "%s edges only there", name);
        say(&forms, text);
        forms.same = false;
    }
    *out = forms;
    return BRAM_OK;
}

/* ---- which form is kept --------------------------------------------------------------------- */

void bram_import_forms_free(bram_form *list, size_t count)
{
    for (size_t i = 0; list && i < count; i++) {
        bram_free(list[i].group);
        bram_free(list[i].layers);
    }
    bram_free(list);
}

static int describe(bram_ctx *cx, bram_form *f, const bram_dataset *ds, const char *id)
{
    f->group = bram_strf(cx, "connectome/%s", id);
    f->layers = bram_strdup(cx, "\t");
    for (size_t i = 0; f->group && f->layers && i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i), *name = layer_of(f->group, path);
        if (!name) continue;
        char *longer = bram_strf(cx, "%s%s\t", f->layers, name);
        bram_free(f->layers);
        f->layers = longer;
        f->edges += bram_axis_length(bram_dataset_table(ds, path));
    }
    return f->group && f->layers ? BRAM_OK : BRAM_ENOMEM;
}

static int add_part(bram_ctx *cx, bram_form **list, size_t *count, const bram_dataset *ds,
                    size_t part)
{
    size_t n = bram_dataset_groups(ds, "connectome");
    bram_form *longer = n ? bram_realloc(cx, *list, *count + n, sizeof *longer) : NULL;
    if (!n) return BRAM_OK;
    if (!longer) return BRAM_ENOMEM;
    *list = longer;
    for (size_t i = 0; i < n; i++) {
        bram_form *f = &(*list)[(*count)++];
        *f = (bram_form){.part = part};
        BRAM_TRY(describe(cx, f, ds, bram_dataset_group_at(ds, "connectome", i)));
    }
    return BRAM_OK;
}

/* Whether a layer of one is a layer of the other. */
static bool share(const bram_form *a, const bram_form *b)
{
    char name[128];
    for (const char *at = a->layers; at[1]; at = strchr(at + 1, '\t')) {
        int length = (int)strcspn(at + 1, "\t");
        snprintf(name, sizeof name, "\t%.*s\t", length, at + 1);
        if (strstr(b->layers, name)) return true;
    }
    return false;
}

static bool comes_before(const bram_form *a, const bram_form *b)
{
    return a->edges != b->edges ? a->edges > b->edges : a->part < b->part;
}

/* The one that is in, of the forms of a source. */
static size_t find_kept(const bram_form *all, size_t n, const bram_form *f)
{
    size_t k = 0;
    while (k < n && (all[k].outside || strcmp(all[k].group, f->group) != 0 || !share(f, &all[k])))
        k++;
    return k;
}

int bram_import_forms_list(bram_ctx *cx, bram_form **list, size_t *count,
                           const bram_dataset *const *parts, size_t part_count)
{
    bram_form *all = NULL;
    size_t n = 0;
    int status = BRAM_OK;
    for (size_t k = 0; k < part_count && status == BRAM_OK; k++)
        status = add_part(cx, &all, &n, parts[k], k);
    if (status != BRAM_OK) {
        bram_import_forms_free(all, n);
        return status;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n && !all[i].outside; k++)
            all[i].outside = k != i && strcmp(all[i].group, all[k].group) == 0 &&
                             share(&all[i], &all[k]) && comes_before(&all[k], &all[i]);
    for (size_t i = 0; i < n; i++)
        if (all[i].outside) all[i].kept = find_kept(all, n, &all[i]);
    for (size_t i = 0; i < n; i++)
        if (all[i].outside && all[i].kept == n)
            all[i].outside = false; /* shares with none of them */
    *list = all;
    *count = n;
    return BRAM_OK;
}

/* ---- reports put together ------------------------------------------------------------------- */

enum { RECORDING, RAW, LABEL, CERTAINTY, REASON, TEXTS };

static const char *const columns[TEXTS] = {"recording", "raw_label", "label", "certainty",
                                           "reason"};

struct report {
    char **text[TEXTS];
    int64_t *trace;
    size_t rows, room;
};

static void release_report(struct report *r)
{
    for (size_t k = 0; k < TEXTS; k++) {
        for (size_t i = 0; r->text[k] && i < r->rows; i++) bram_free(r->text[k][i]);
        bram_free(r->text[k]);
    }
    bram_free(r->trace);
}

static int reserve(bram_ctx *cx, struct report *r, size_t rows)
{
    size_t room = r->room + rows;
    int64_t *trace = bram_realloc(cx, r->trace, room, sizeof *trace);
    if (!trace) return BRAM_ENOMEM;
    r->trace = trace;
    for (size_t k = 0; k < TEXTS; k++) {
        char **text = bram_realloc(cx, r->text[k], room, sizeof *text);
        if (!text) return BRAM_ENOMEM;
        memset(text + r->rows, 0, (room - r->rows) * sizeof *text);
        r->text[k] = text;
    }
    r->room = room;
    return BRAM_OK;
}

/* Whether the connectome of a part is in. */
static bool is_in(const bram_form *list, size_t count, size_t part, const char *id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].part == part && strcmp(strchr(list[i].group, '/') + 1, id) == 0)
            return !list[i].outside;
    return false;
}

static int add_rows(bram_ctx *cx, struct report *r, const bram_axis *table, const bram_form *list,
                    size_t count, size_t part)
{
    const bram_column *trace = bram_axis_column(table, "trace");
    BRAM_TRY(reserve(cx, r, bram_axis_length(table)));
    for (size_t i = 0; i < bram_axis_length(table); i++) {
        if (!is_in(list, count, part, text_of(table, "recording", i))) continue;
        size_t row = r->rows++;
        r->trace[row] = trace && trace->integer ? trace->integer[i] : 0;
        for (size_t k = 0; k < TEXTS; k++) {
            r->text[k][row] = bram_strdup(cx, text_of(table, columns[k], i));
            if (!r->text[k][row]) return BRAM_ENOMEM;
        }
    }
    return BRAM_OK;
}

static int make_table(bram_ctx *cx, bram_axis **out, const struct report *r)
{
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "import_report", r->rows));
    int status = bram_axis_add_integer(cx, table, "trace", r->trace);
    for (size_t k = 0; status == BRAM_OK && k < TEXTS; k++)
        status = bram_axis_add_text(cx, table, columns[k], (const char *const *)r->text[k]);
    if (status == BRAM_OK) *out = table;
    else bram_axis_free(table);
    return status;
}

int bram_import_forms_report(bram_ctx *cx, bram_axis **report, const bram_form *list, size_t count,
                             const bram_dataset *const *parts, size_t part_count)
{
    struct report r = {.rows = 0};
    bram_axis *made = NULL;
    int status = BRAM_OK;
    for (size_t k = 0; count && k < part_count && status == BRAM_OK; k++) {
        const bram_axis *table = bram_dataset_table(parts[k], "import_report");
        if (table) status = add_rows(cx, &r, table, list, count, k);
    }
    if (status == BRAM_OK && r.rows) status = make_table(cx, &made, &r);
    release_report(&r);
    if (status == BRAM_OK) *report = made;
    return status;
}
