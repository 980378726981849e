/*
 * dataset_form.c - listing a dataset in an order that depends on names only, and cutting arrays
 * into blocks.
 */
#include "dataset_form.h"

#include <stdlib.h>
#include <string.h>

bool bram_form_reserved(const char *name)
{
    static const char *const names[] = {"CLASS",          "NAME",        "REFERENCE_LIST",
                                        "DIMENSION_LIST", "coordinates", "ancillary_variables",
                                        "units"};
    if (name[0] == '_' || strncmp(name, "bramble_", 8) == 0) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* Adds a group's path, then those below it; each is a copy. */
static int list_groups(bram_ctx *cx, bram_form_listing *list, size_t *room, const bram_dataset *ds,
                       const char *group)
{
    if (list->group_count == *room) {
        size_t more = *room ? 2 * *room : 16;
        char **grown = bram_realloc(cx, list->groups, more, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        list->groups = grown;
        *room = more;
    }
    char *copy = bram_strdup(cx, group);
    if (!copy) return BRAM_ENOMEM;
    list->groups[list->group_count++] = copy;
    for (size_t i = 0; i < bram_dataset_groups(ds, group); i++) {
        const char *name = bram_dataset_group_at(ds, group, i);
        char *below = *group ? bram_strf(cx, "%s/%s", group, name) : bram_strdup(cx, name);
        int status = below ? list_groups(cx, list, room, ds, below) : BRAM_ENOMEM;
        bram_free(below);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int compare_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bram_form_entry entry_of(const char *path, const bram_response *r, const bram_axis *table)
{
    const char *slash = strrchr(path, '/');
    return (bram_form_entry){path, slash ? (size_t)(slash - path) : 0, r, table};
}

/* Order of a group (its first `length` bytes) against another, as strcmp would of the whole. */
static int compare_group(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int compare_entries(const void *a, const void *b)
{
    const bram_form_entry *x = a, *y = b;
    int order = compare_group(x->path, x->group_length, y->path, y->group_length);
    return order ? order : strcmp(x->path, y->path);
}

static int list_entries(bram_ctx *cx, bram_form_listing *list, const bram_dataset *ds)
{
    size_t responses = bram_dataset_responses(ds), tables = bram_dataset_tables(ds);
    list->entries = bram_alloc(cx, responses + tables, sizeof *list->entries);
    if (!list->entries) return BRAM_ENOMEM;
    for (size_t i = 0; i < responses; i++) {
        const char *path = bram_dataset_response_path(ds, i);
        list->entries[i] = entry_of(path, bram_dataset_response(ds, path), NULL);
    }
    for (size_t i = 0; i < tables; i++) {
        const char *path = bram_dataset_table_path(ds, i);
        list->entries[responses + i] = entry_of(path, NULL, bram_dataset_table(ds, path));
    }
    list->entry_count = responses + tables;
    qsort(list->entries, list->entry_count, sizeof *list->entries, compare_entries);
    return BRAM_OK;
}

int bram_form_list(bram_ctx *cx, bram_form_listing *out, const bram_dataset *ds)
{
    bram_form_listing list = {0};
    size_t room = 0;
    int status = list_groups(cx, &list, &room, ds, "");
    if (status == BRAM_OK) status = list_entries(cx, &list, ds);
    if (status != BRAM_OK) {
        bram_form_release(&list);
        return status;
    }
    qsort(list.groups, list.group_count, sizeof *list.groups, compare_text);
    *out = list;
    return BRAM_OK;
}

void bram_form_release(bram_form_listing *list)
{
    for (size_t i = 0; i < list->group_count; i++) bram_free(list->groups[i]);
    bram_free(list->groups);
    bram_free(list->entries);
    *list = (bram_form_listing){0};
}

void bram_form_entries_of(const bram_form_listing *list, size_t i, size_t *first, size_t *count)
{
    const char *group = list->groups[i];
    size_t length = strlen(group), low = 0, high = list->entry_count;
    while (low < high) { /* the first entry that is not before the group */
        size_t mid = low + (high - low) / 2;
        const bram_form_entry *e = &list->entries[mid];
        if (compare_group(e->path, e->group_length, group, length) < 0) low = mid + 1;
        else high = mid;
    }
    size_t end = low;
    while (end < list->entry_count &&
           compare_group(list->entries[end].path, list->entries[end].group_length, group, length) ==
               0)
        end++;
    *first = low;
    *count = end - low;
}

static int compare_columns(const void *a, const void *b)
{
    return strcmp((*(const bram_column *const *)a)->name, (*(const bram_column *const *)b)->name);
}

const bram_column **bram_form_columns(bram_ctx *cx, const bram_axis *axis)
{
    size_t count = bram_axis_columns(axis);
    const bram_column **columns = bram_scratch(cx, count, sizeof *columns);
    if (!columns) return NULL;
    for (size_t i = 0; i < count; i++) columns[i] = bram_axis_column_at(axis, i);
    qsort(columns, count, sizeof *columns, compare_columns);
    return columns;
}

size_t *bram_form_attr_order(bram_ctx *cx, const bram_attrs *attrs)
{
    size_t count = bram_attrs_count(attrs);
    size_t *order = bram_scratch(cx, count, sizeof *order);
    for (size_t i = 0; order && i < count; i++) { /* lists are short: sorted by insertion */
        size_t at = i;
        for (; at > 0; at--) {
            const char *before = bram_attrs_name_at(attrs, order[at - 1]);
            if (strcmp(before, bram_attrs_name_at(attrs, i)) < 0) break;
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
    return order;
}

bool bram_form_next_block(size_t dims, const size_t *lengths, const size_t *block, size_t *start,
                          size_t *count)
{
    bool first = true;
    for (size_t d = 0; d < dims; d++) {
        if (lengths[d] == 0) return false;
        first = first && count[d] == 0;
    }
    size_t d = dims;
    while (!first && d-- > 0) { /* forward along the last dimension that has more */
        start[d] += count[d];
        if (start[d] < lengths[d]) break;
        start[d] = 0;
        if (d == 0) return false;
    }
    for (d = 0; d < dims; d++)
        count[d] = lengths[d] - start[d] < block[d] ? lengths[d] - start[d] : block[d];
    return true;
}

size_t bram_form_product(size_t dims, const size_t *count)
{
    size_t product = 1;
    for (size_t d = 0; d < dims; d++) product *= count[d];
    return product;
}
