/*
 * dataset.c - a dataset in memory: responses and tables by path, attributes by group.
 *
 * Groups, responses and tables share one name space of paths, as they do in the file: a path is one
 * thing. All are nodes; each kind has a list of its nodes in order of making.
 */
#include <bramble/dataset.h>

#include "attrs.h"
#include "dataset_form.h"
#include "internal.h"
#include "names.h"
#include "spill.h"
#include "text_index.h"

#include <assert.h>
#include <string.h>

enum kind { GROUP, RESPONSE, TABLE, KINDS };

struct list {
    size_t *at; /* positions of nodes */
    size_t count, room;
};

struct node {
    enum kind kind;
    size_t name;          /* where its own name begins in its path */
    bram_attrs *attrs;    /* of a group */
    struct list children; /* of a group: the groups below it */
    bram_response *response;
    bram_axis *table;
};

struct bram_dataset {
    char **paths; /* of the nodes; the root, "", is the first */
    struct node *nodes;
    size_t count, room;
    bram_text_index index;
    struct list kinds[KINDS];
    bram_spill *spill; /* NULL while all arrays are in memory */
};

static int push(bram_ctx *cx, struct list *list, size_t value)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 8;
        size_t *at = bram_realloc(cx, list->at, room, sizeof *at);
        if (!at) return BRAM_ENOMEM;
        list->at = at;
        list->room = room;
    }
    list->at[list->count++] = value;
    return BRAM_OK;
}

static int make_room(bram_ctx *cx, bram_dataset *ds)
{
    if (ds->count < ds->room) return BRAM_OK;
    size_t room = ds->room ? 2 * ds->room : 8;
    char **paths = bram_realloc(cx, ds->paths, room, sizeof *paths);
    if (!paths) return BRAM_ENOMEM;
    ds->paths = paths;
    struct node *nodes = bram_realloc(cx, ds->nodes, room, sizeof *nodes);
    if (!nodes) return BRAM_ENOMEM;
    ds->nodes = nodes;
    BRAM_TRY(bram_text_index_reserve(cx, &ds->index, (const char *const *)ds->paths, room));
    ds->room = room;
    return BRAM_OK;
}

static const struct node *find(const bram_dataset *ds, const char *path, enum kind kind)
{
    ptrdiff_t at = bram_text_index_find(&ds->index, (const char *const *)ds->paths, path);
    return at >= 0 && ds->nodes[at].kind == kind ? &ds->nodes[at] : NULL;
}

/* Puts a node at a path that is free. */
static int add_node(bram_ctx *cx, bram_dataset *ds, const char *path, size_t length,
                    struct node node)
{
    BRAM_TRY(make_room(cx, ds));
    char *copy = bram_alloc(cx, length + 1, 1);
    if (!copy) return BRAM_ENOMEM;
    memcpy(copy, path, length);
    if (push(cx, &ds->kinds[node.kind], ds->count) != BRAM_OK) {
        bram_free(copy);
        return BRAM_ENOMEM;
    }
    const char *slash = strrchr(copy, '/');
    node.name = slash ? (size_t)(slash + 1 - copy) : 0;
    ds->paths[ds->count] = copy;
    ds->nodes[ds->count] = node;
    (void)bram_text_index_add(&ds->index, (const char *const *)ds->paths, ds->count);
    ds->count++;
    return BRAM_OK;
}

static int add_group(bram_ctx *cx, bram_dataset *ds, const char *path, size_t length, size_t parent)
{
    size_t made = ds->count;
    struct node group = {.kind = GROUP, .attrs = bram_attrs_new(cx)};
    if (!group.attrs) return BRAM_ENOMEM;
    if (length && push(cx, &ds->nodes[parent].children, made) != BRAM_OK) {
        bram_attrs_free(group.attrs);
        return BRAM_ENOMEM;
    }
    int status = add_node(cx, ds, path, length, group);
    if (status != BRAM_OK) {
        if (length) ds->nodes[parent].children.count--;
        bram_attrs_free(group.attrs);
    }
    return status;
}

int bram_dataset_new(bram_ctx *cx, bram_dataset **out)
{
    bram_dataset *ds = bram_alloc(cx, 1, sizeof *ds);
    if (!ds) return BRAM_ENOMEM;
    int status = add_group(cx, ds, "", 0, 0);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}

void bram_dataset_free(bram_dataset *ds)
{
    if (!ds) return;
    for (size_t i = 0; i < ds->count; i++) {
        bram_attrs_free(ds->nodes[i].attrs);
        bram_free(ds->nodes[i].children.at);
        bram_response_free(ds->nodes[i].response);
        bram_axis_free(ds->nodes[i].table);
        bram_free(ds->paths[i]);
    }
    for (int k = 0; k < KINDS; k++) bram_free(ds->kinds[k].at);
    bram_spill_free(ds->spill);
    bram_text_index_release(&ds->index);
    bram_free(ds->paths);
    bram_free(ds->nodes);
    bram_free(ds);
}

bram_spill **bram_dataset_spill_of(bram_dataset *ds)
{
    return &ds->spill;
}

/* The group of the first `length` bytes of path, which is NUL-terminated somewhere; made if absent.
 */
static int step_into(bram_ctx *cx, bram_dataset *ds, const char *path, size_t length, size_t *group)
{
    char *part = bram_scratch(cx, length + 1, 1);
    if (!part) return BRAM_ENOMEM;
    memcpy(part, path, length);
    ptrdiff_t at = bram_text_index_find(&ds->index, (const char *const *)ds->paths, part);
    if (at >= 0 && ds->nodes[at].kind != GROUP)
        return bram_fail(cx, BRAM_EUSAGE, "%s is a %s, a group cannot be made there", part,
                         ds->nodes[at].kind == RESPONSE ? "response" : "table");
    if (at < 0) {
        at = (ptrdiff_t)ds->count;
        BRAM_TRY(add_group(cx, ds, part, length, *group));
    }
    *group = (size_t)at;
    return BRAM_OK;
}

/* The group at a path, made with all above it if absent. */
static int reach(bram_ctx *cx, bram_dataset *ds, const char *path, size_t *out)
{
    for (const char *step = path; *path; step++) {
        size_t length = strcspn(step, "/");
        if (!bram_name_is_step(step, length))
            return bram_fail(cx, BRAM_EUSAGE,
                             "\"%s\" is not a path; expected names with one / "
                             "between them",
                             path);
        step += length;
        if (!*step) break;
    }
    size_t group = 0, mark = bram_scratch_mark(cx);
    for (size_t length = 0; path[length];) {
        length += path[length] == '/';
        length += strcspn(path + length, "/");
        int status = step_into(cx, ds, path, length, &group);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return status;
    }
    *out = group;
    return BRAM_OK;
}

bram_attrs *bram_dataset_attrs(bram_ctx *cx, bram_dataset *ds, const char *group)
{
    size_t at;
    return reach(cx, ds, group, &at) == BRAM_OK ? ds->nodes[at].attrs : NULL;
}

const bram_attrs *bram_dataset_find_attrs(const bram_dataset *ds, const char *group)
{
    const struct node *node = find(ds, group, GROUP);
    return node ? node->attrs : NULL;
}

/* Puts a response or table, of the given name, into a group. */
static int add(bram_ctx *cx, bram_dataset *ds, const char *group, const char *name,
               struct node node)
{
    size_t at;
    BRAM_TRY(reach(cx, ds, group, &at));
    char *path = *group ? bram_strf(cx, "%s/%s", group, name) : bram_strdup(cx, name);
    if (!path) return BRAM_ENOMEM;
    int status;
    if (bram_text_index_find(&ds->index, (const char *const *)ds->paths, path) >= 0)
        status = bram_fail(cx, BRAM_EUSAGE, "%s is in the dataset already", path);
    else status = add_node(cx, ds, path, strlen(path), node);
    bram_free(path);
    return status;
}

int bram_dataset_add(bram_ctx *cx, bram_dataset *ds, const char *group, bram_response *r)
{
    struct node node = {.kind = RESPONSE, .response = r};
    int status = add(cx, ds, group, bram_response_name(r), node);
    if (status != BRAM_OK) bram_response_free(r);
    return status;
}

int bram_dataset_add_table(bram_ctx *cx, bram_dataset *ds, const char *group, bram_axis *table)
{
    struct node node = {.kind = TABLE, .table = table};
    int status = add(cx, ds, group, bram_axis_name(table), node);
    if (status != BRAM_OK) bram_axis_free(table);
    return status;
}

/* The group, response or table of another dataset at a path that is free here, or a group that is
 * here already. */
static int take_node(bram_ctx *cx, bram_dataset *ds, struct node *node, const char *path)
{
    size_t at;
    if (node->kind == GROUP) {
        bool here = find(ds, path, GROUP) != NULL;
        BRAM_TRY(reach(cx, ds, path, &at));
        if (here) return BRAM_OK;
        bram_attrs *empty = ds->nodes[at].attrs;
        ds->nodes[at].attrs = node->attrs;
        node->attrs = empty;
        return BRAM_OK;
    }
    char *group = bram_strf(cx, "%.*s", (int)(node->name ? node->name - 1 : 0), path);
    if (!group) return BRAM_ENOMEM;
    struct node moved = *node;
    int status = add(cx, ds, group, path + node->name, moved);
    if (status == BRAM_OK) {
        node->response = NULL;
        node->table = NULL;
    }
    bram_free(group);
    return status;
}

int bram_dataset_move(bram_ctx *cx, bram_dataset *ds, bram_dataset *from,
                      bool (*wanted)(void *user, const char *path), void *user)
{
    for (size_t i = 1; i < from->count; i++)
        if (wanted(user, from->paths[i]))
            BRAM_TRY(take_node(cx, ds, &from->nodes[i], from->paths[i]));
    return BRAM_OK;
}

void bram_dataset_exchange_table(bram_dataset *ds, const char *path, bram_axis *table)
{
    ptrdiff_t at = bram_text_index_find(&ds->index, (const char *const *)ds->paths, path);
    assert(at >= 0 && ds->nodes[at].kind == TABLE);
    bram_axis_free(ds->nodes[at].table);
    ds->nodes[at].table = table;
}

bool bram_dataset_has(const bram_dataset *ds, const char *path)
{
    return bram_text_index_find(&ds->index, (const char *const *)ds->paths, path) >= 0;
}

bram_response *bram_dataset_response(const bram_dataset *ds, const char *path)
{
    const struct node *node = find(ds, path, RESPONSE);
    return node ? node->response : NULL;
}

bram_axis *bram_dataset_table(const bram_dataset *ds, const char *path)
{
    const struct node *node = find(ds, path, TABLE);
    return node ? node->table : NULL;
}

size_t bram_dataset_groups(const bram_dataset *ds, const char *group)
{
    const struct node *node = find(ds, group, GROUP);
    return node ? node->children.count : 0;
}

const char *bram_dataset_group_at(const bram_dataset *ds, const char *group, size_t i)
{
    const struct node *node = find(ds, group, GROUP);
    if (!node || i >= node->children.count) return NULL;
    size_t child = node->children.at[i];
    return ds->paths[child] + ds->nodes[child].name;
}

static const char *path_at(const bram_dataset *ds, enum kind kind, size_t i)
{
    return i < ds->kinds[kind].count ? ds->paths[ds->kinds[kind].at[i]] : NULL;
}

size_t bram_dataset_responses(const bram_dataset *ds)
{
    return ds->kinds[RESPONSE].count;
}

const char *bram_dataset_response_path(const bram_dataset *ds, size_t i)
{
    return path_at(ds, RESPONSE, i);
}

size_t bram_dataset_tables(const bram_dataset *ds)
{
    return ds->kinds[TABLE].count;
}

const char *bram_dataset_table_path(const bram_dataset *ds, size_t i)
{
    return path_at(ds, TABLE, i);
}
