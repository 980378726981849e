/*
 * dataset_open.c - opens a homogenized file; datasets/schema.md states the form.
 *
 * Nothing in the file is trusted: each object must say its role, each dimension must have its scale
 * in the same group and be as long, and each group may be reached on one path only, which rules out
 * cycles. Failures name file, path, what was found and what was expected.
 */
#include "dataset_form.h"
#include "dataset_values.h"

#include "h5.h"
#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_GROUPS = 1 << 16, MOST_DEPTH = 32 };

enum role { NO_ROLE, AXIS, TABLE, COORDINATE, COLUMN, RESPONSE, MASK };

struct reading {
    bram_ctx *cx;
    bram_form_source *source;
    bram_dataset *ds;
    const bram_h5_object *root;
    bram_h5_ref *seen; /* the groups met so far */
    size_t seen_count, seen_room;
};

/* A dataset of the group being read. */
struct item {
    const char *name;
    char *path;             /* relative to the root */
    bram_h5_object *object; /* open only while it is looked at, as there may be many */
    enum role role;
    bram_axis *axis;
    bool mask;        /* a response that has one */
    bram_h5_ref self; /* of an axis or a table: its address */
};

struct group {
    const char *path; /* relative to the root, "" for it */
    bram_h5_entry *entries;
    size_t entry_count;
    struct item *items; /* in order of names */
    size_t count;
};

/* "file: /path: message" with the message that is in the context. */
static int at_path(const struct reading *s, const char *path, int status)
{
    return bram_fail_prefix(s->cx, status, "%s: /%s", bram_h5_path(s->source->file), path);
}

static int bad(const struct reading *s, const char *path, const char *field, const char *found,
               const char *expected)
{
    bram_fail(s->cx, BRAM_EFORMAT, "%s: found %s, expected %s", field, found, expected);
    return at_path(s, path, BRAM_EFORMAT);
}

static int bad_length(const struct reading *s, const char *path, const char *field, uint64_t found,
                      uint64_t expected)
{
    bram_fail(s->cx, BRAM_EFORMAT, "%s: found %llu, expected %llu", field,
              (unsigned long long)found, (unsigned long long)expected);
    return at_path(s, path, BRAM_EFORMAT);
}

/* What is absent below a file's own promises is bad format. */
static int demanded(int status)
{
    return status == BRAM_EABSENT ? BRAM_EFORMAT : status;
}

/* ---- attributes ----------------------------------------------------------------------------- */

static int read_attr(const struct reading *s, const bram_h5_object *at, const char *path,
                     const char *name, const char *as, bram_attrs *attrs)
{
    bram_h5_info info;
    BRAM_TRY(bram_h5_attr_info(s->cx, &info, at, NULL, name));
    if (info.elements != 1) return bad_length(s, path, name, info.elements, 1);
    if (info.type == BRAM_H5_INTEGER) {
        int64_t value;
        BRAM_TRY(bram_h5_attr_integer(s->cx, &value, at, NULL, name));
        return bram_attrs_set_integer(s->cx, attrs, as, value);
    }
    if (info.type == BRAM_H5_FLOAT) {
        double value;
        BRAM_TRY(bram_h5_attr_number(s->cx, &value, at, NULL, name));
        return bram_attrs_set_number(s->cx, attrs, as, value);
    }
    if (info.type != BRAM_H5_STRING && info.type != BRAM_H5_VARIABLE_STRING)
        return bad(s, path, name, "an attribute of another type", "text or a number");
    char *text;
    BRAM_TRY(bram_h5_attr_text(s->cx, &text, at, NULL, name));
    int status = bram_attrs_set_text(s->cx, attrs, as, text);
    bram_free(text);
    return status;
}

static int read_attrs(const struct reading *s, const bram_h5_object *at, const char *path,
                      bram_attrs *attrs, bool response)
{
    char **names;
    size_t count;
    int status = bram_h5_attr_names(s->cx, &names, &count, at, NULL);
    if (status != BRAM_OK) return demanded(status);
    for (size_t i = 0; i < count && status == BRAM_OK; i++) {
        bool unit = response && strcmp(names[i], "units") == 0;
        if (unit || !bram_form_reserved(names[i]))
            status = read_attr(s, at, path, names[i], unit ? "unit" : names[i], attrs);
        if (status == BRAM_EUSAGE) status = at_path(s, path, BRAM_EFORMAT); /* a bad name */
    }
    bram_free(names);
    return demanded(status);
}

/* The attribute `units` in heap memory, "" when there is none. */
static int read_unit(const struct reading *s, const struct item *item, char **unit)
{
    if (bram_h5_has_attr(item->object, NULL, "units"))
        return demanded(bram_h5_attr_text(s->cx, unit, item->object, NULL, "units"));
    return (*unit = bram_strdup(s->cx, "")) ? BRAM_OK : BRAM_ENOMEM;
}

static int read_role(const struct reading *s, const struct group *g, struct item *item)
{
    (void)g;
    static const char *const names[] = {NULL,
                                        BRAM_ROLE_AXIS,
                                        BRAM_ROLE_TABLE,
                                        BRAM_ROLE_COORDINATE,
                                        BRAM_ROLE_COLUMN,
                                        BRAM_ROLE_RESPONSE,
                                        BRAM_ROLE_MASK};
    static const char expected[] = "axis, table, coordinate, column, response or mask";
    if (!bram_h5_has_attr(item->object, NULL, BRAM_FORM_ROLE))
        return bad(s, item->path, BRAM_FORM_ROLE, "no such attribute", expected);
    char *text;
    int status = bram_h5_attr_text(s->cx, &text, item->object, NULL, BRAM_FORM_ROLE);
    if (status != BRAM_OK) return demanded(status);
    item->role = NO_ROLE;
    for (size_t i = 1; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) item->role = (enum role)i;
    if (item->role == NO_ROLE) status = bad(s, item->path, BRAM_FORM_ROLE, text, expected);
    bram_free(text);
    return status;
}

/* ---- axes ----------------------------------------------------------------------------------- */

static bool is_text(bram_h5_class type)
{
    return type == BRAM_H5_STRING || type == BRAM_H5_VARIABLE_STRING;
}

/* Type and length of a 1-D dataset. */
static int read_line(const struct reading *s, const struct item *item, bram_h5_info *info)
{
    int status = bram_h5_info_of(s->cx, info, item->object, NULL);
    if (status != BRAM_OK) return demanded(status);
    if (info->rank != 1) return bad_length(s, item->path, "number of dimensions", info->rank, 1);
    if (info->type != BRAM_H5_INTEGER && info->type != BRAM_H5_FLOAT && !is_text(info->type))
        return bad(s, item->path, "type", "another one", "text, real or integer");
    return BRAM_OK;
}

static int read_index(const struct reading *s, const struct item *item)
{
    int64_t *index;
    size_t count;
    BRAM_TRY(bram_h5_read_int64(s->cx, &index, &count, item->object, NULL, 0));
    int status = BRAM_OK;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        if (index[i] != (int64_t)i)
            status = bad(s, item->path, "values", "other integers",
                         "0, 1, 2 ... as the scale has no ids");
    bram_free(index);
    return status;
}

static int read_coordinates(const struct reading *s, const struct item *item, bram_axis *axis)
{
    double *values;
    char *unit;
    BRAM_TRY(bram_h5_read_double(s->cx, &values, NULL, item->object, NULL, 0));
    int status = read_unit(s, item, &unit);
    if (status == BRAM_OK) {
        status = bram_axis_set_values(s->cx, axis, values, unit);
        bram_free(unit);
    }
    bram_free(values);
    return status;
}

static int read_axis(const struct reading *s, const struct group *g, struct item *item)
{
    (void)g;
    bram_h5_info info;
    BRAM_TRY(read_line(s, item, &info));
    char *name;
    int status = bram_h5_has_attr(item->object, NULL, BRAM_FORM_AXIS) && item->role == AXIS
                     ? bram_h5_attr_text(s->cx, &name, item->object, NULL, BRAM_FORM_AXIS)
                 : (name = bram_strdup(s->cx, item->name)) ? BRAM_OK
                                                           : BRAM_ENOMEM;
    BRAM_TRY(status);
    if (!bram_name_is_identifier(name))
        status = bad(s, item->path, "name", name, "small letters, digits and _, a letter first");
    else status = bram_axis_new(s->cx, &item->axis, name, (size_t)info.dims[0]);
    bram_free(name);
    BRAM_TRY(status);
    if (info.type == BRAM_H5_INTEGER) return read_index(s, item);
    if (info.type == BRAM_H5_FLOAT) return read_coordinates(s, item, item->axis);
    char **ids;
    BRAM_TRY(bram_h5_read_strings(s->cx, &ids, NULL, item->object, NULL));
    status = bram_axis_set_ids(s->cx, item->axis, (const char *const *)ids);
    bram_free(ids);
    return status;
}

static int compare_item(const void *key, const void *item)
{
    return strcmp(key, ((const struct item *)item)->name);
}

static struct item *find_item(const struct group *g, const char *name)
{
    return g->count ? bsearch(name, g->items, g->count, sizeof *g->items, compare_item) : NULL;
}

static int no_scale(const struct reading *s, const struct item *item, const char *field, int status)
{
    bram_fail_prefix(s->cx, status, "%s", field);
    return at_path(s, item->path, status);
}

/* A scale that is no axis of the group: its path, which takes a search, is for the message. */
static int stray_scale(const struct reading *s, const struct item *item, unsigned dim,
                       const char *field)
{
    char *scale = NULL;
    int status = bram_h5_scale(s->cx, &scale, s->root, item->path, dim);
    if (status != BRAM_OK) return no_scale(s, item, field, status);
    status = bad(s, item->path, field, scale, "an axis or a table in its group");
    bram_free(scale);
    return status;
}

/* The axis that is the scale of a dimension; it must stand in the same group and be as long. */
static int scale_of(const struct reading *s, const struct group *g, const struct item *item,
                    unsigned dim, uint64_t length, const struct item **out)
{
    char field[40];
    bram_h5_ref ref;
    snprintf(field, sizeof field, "scale of dimension %u", dim);
    int status = bram_h5_scale_ref(s->cx, &ref, item->object, NULL, dim);
    if (status == BRAM_EABSENT) return bad(s, item->path, field, "none", "a scale in its group");
    if (status != BRAM_OK) return no_scale(s, item, field, status);
    const struct item *axis = NULL;
    for (size_t i = 0; i < g->count && !axis; i++)
        if (g->items[i].axis && g->items[i].self.address == ref.address) axis = &g->items[i];
    if (!axis) return stray_scale(s, item, dim, field);
    if (bram_axis_length(axis->axis) != length)
        return bad_length(s, item->path, field, length, bram_axis_length(axis->axis));
    *out = axis;
    return BRAM_OK;
}

static int read_column_values(const struct reading *s, const struct item *item, bram_axis *axis,
                              const char *name, bram_h5_class type)
{
    char **texts = NULL, *unit = NULL;
    double *numbers = NULL;
    int64_t *integers = NULL;
    int status = read_unit(s, item, &unit);
    if (status != BRAM_OK) return status;
    if (is_text(type)) {
        status = bram_h5_read_strings(s->cx, &texts, NULL, item->object, NULL);
        if (status == BRAM_OK)
            status = bram_axis_add_text(s->cx, axis, name, (const char *const *)texts);
    } else if (type == BRAM_H5_FLOAT) {
        status = bram_h5_read_double(s->cx, &numbers, NULL, item->object, NULL, 0);
        if (status == BRAM_OK) status = bram_axis_add_number(s->cx, axis, name, numbers, unit);
    } else {
        status = bram_h5_read_int64(s->cx, &integers, NULL, item->object, NULL, 0);
        if (status == BRAM_OK) status = bram_axis_add_integer(s->cx, axis, name, integers);
    }
    bram_free(texts);
    bram_free(numbers);
    bram_free(integers);
    bram_free(unit);
    return status == BRAM_EUSAGE ? at_path(s, item->path, BRAM_EFORMAT) : status;
}

/* A column named after its axis, or coordinates beside ids. */
static int read_column(const struct reading *s, const struct group *g, struct item *item)
{
    bram_h5_info info;
    const struct item *scale;
    BRAM_TRY(read_line(s, item, &info));
    BRAM_TRY(scale_of(s, g, item, 0, info.dims[0], &scale));
    bram_axis *axis =
        scale->axis; /* NOLINT(*NullDereference): scale_of fails where there is none */
    size_t prefix = strlen(scale->name);
    if (strncmp(item->name, scale->name, prefix) != 0 || item->name[prefix] != '_')
        return bad(s, item->path, "name", "another axis's name", "<axis>_<column>");
    const char *name = item->name + prefix + 1;
    if (item->role == COORDINATE) {
        if (info.type != BRAM_H5_FLOAT || strcmp(name, BRAM_SUFFIX_COORDINATE + 1) != 0)
            return bad(s, item->path, "name or type", "others", "reals named <axis>_coordinate");
        return read_coordinates(s, item, axis);
    }
    return read_column_values(s, item, axis, name, info.type);
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Type and axes of a response or its mask. */
static int read_shape(const struct reading *s, const struct group *g, const struct item *item,
                      bram_h5_info *info, bram_axis **axes)
{
    int status = bram_h5_info_of(s->cx, info, item->object, NULL);
    if (status != BRAM_OK) return demanded(status);
    if (info->rank < 1 || info->rank > BRAM_MAX_DIMS)
        return bad_length(s, item->path, "number of dimensions, 1 to 4", info->rank, BRAM_MAX_DIMS);
    for (unsigned d = 0; d < info->rank; d++) {
        const struct item *scale;
        BRAM_TRY(scale_of(s, g, item, d, info->dims[d], &scale));
        axes[d] = scale->axis;
    }
    return BRAM_OK;
}

static int read_response(const struct reading *s, const struct group *g, struct item *item)
{
    bram_h5_info info;
    bram_axis *axes[BRAM_MAX_DIMS];
    BRAM_TRY(read_shape(s, g, item, &info, axes));
    bool bytes = info.type == BRAM_H5_INTEGER && info.element_size == 1;
    if (!bytes &&
        (info.type != BRAM_H5_FLOAT || (info.element_size != 4 && info.element_size != 8)))
        return bad(s, item->path, "type", "another one", "float32, float64 or uint8");
    bram_reader reader;
    BRAM_TRY(bram_form_values(s->cx, &reader, s->source, item->path, item->mask, info.rank));
    bram_response *r = NULL, *copy = NULL;
    bram_type type = bytes ? BRAM_U8 : info.element_size == 4 ? BRAM_F32 : BRAM_F64;
    int status = bram_response_from_reader(s->cx, &r, item->name, type, info.rank,
                                           (const bram_axis *const *)axes, reader);
    if (status == BRAM_EUSAGE) status = at_path(s, item->path, BRAM_EFORMAT);
    BRAM_TRY(status);
    if (bram_response_count(r) <= BRAM_SMALL_RESPONSE) {
        status = bram_form_load(s->cx, &copy, r);
        bram_response_free(r);
        BRAM_TRY(demanded(status));
        r = copy;
    }
    status = read_attrs(s, item->object, item->path, bram_response_attrs(r), true);
    if (status == BRAM_OK) return bram_dataset_add(s->cx, s->ds, g->path, r);
    bram_response_free(r);
    return status;
}

/* A mask must belong to a response of the same shape. */
static int check_mask(const struct reading *s, const struct group *g, struct item *item)
{
    size_t length = strlen(item->name), suffix = strlen(BRAM_SUFFIX_MASK);
    char name[256] = "";
    if (length > suffix && length < sizeof name &&
        strcmp(item->name + length - suffix, BRAM_SUFFIX_MASK) == 0)
        memcpy(name, item->name, length - suffix);
    struct item *response = find_item(g, name);
    if (!response || response->role != RESPONSE)
        return bad(s, item->path, "name", "a mask", "the name of a response and " BRAM_SUFFIX_MASK);
    bram_h5_info info, other;
    bram_axis *axes[BRAM_MAX_DIMS];
    BRAM_TRY(read_shape(s, g, item, &info, axes));
    int status = bram_h5_info_of(s->cx, &other, s->root, response->path);
    if (status != BRAM_OK) return demanded(status);
    if (info.type != BRAM_H5_INTEGER || info.element_size != 1)
        return bad(s, item->path, "type", "another one", "uint8");
    if (info.rank != other.rank)
        return bad_length(s, item->path, "number of dimensions", info.rank, other.rank);
    for (unsigned d = 0; d < info.rank; d++)
        if (info.dims[d] != other.dims[d])
            return bad_length(s, item->path, "length", info.dims[d], other.dims[d]);
    response->mask = true;
    return BRAM_OK;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* One path to each group: no cycles, no group under two names. */
static int meet(struct reading *s, const char *path)
{
    bram_h5_ref self;
    int status = bram_h5_identity(s->cx, &self, s->root, path);
    if (status != BRAM_OK) return demanded(status);
    for (size_t i = 0; i < s->seen_count; i++)
        if (s->seen[i].address == self.address)
            return bad(s, path, "group", "one that another path leads to", "a group of its own");
    if (s->seen_count == MOST_GROUPS)
        return bad(s, path, "number of groups", "more", "65536 or fewer");
    if (s->seen_count == s->seen_room) {
        size_t room = s->seen_room ? 2 * s->seen_room : 64;
        bram_h5_ref *seen = bram_realloc(s->cx, s->seen, room, sizeof *seen);
        if (!seen) return BRAM_ENOMEM;
        s->seen = seen;
        s->seen_room = room;
    }
    s->seen[s->seen_count++] = self;
    return BRAM_OK;
}

static char *below(const struct reading *s, const char *group, const char *name)
{
    return *group ? bram_strf(s->cx, "%s/%s", group, name) : bram_strdup(s->cx, name);
}

static void release_group(struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        bram_axis_free(g->items[i].axis);
        bram_free(g->items[i].path);
    }
    bram_free(g->items);
    bram_free(g->entries);
}

typedef int read_fn(const struct reading *s, const struct group *g, struct item *item);

/* Reads an item with its object open: by the path once, not for each attribute anew. */
static int look_at(const struct reading *s, const struct group *g, struct item *item, read_fn *read)
{
    int status = bram_h5_object_open(s->cx, &item->object, s->root, item->path);
    if (status == BRAM_OK) {
        status = read(s, g, item);
        bram_h5_object_close(item->object);
        item->object = NULL;
    }
    return demanded(status);
}

static int list_items(const struct reading *s, struct group *g)
{
    int status = bram_h5_list(s->cx, &g->entries, &g->entry_count, s->root, g->path);
    if (status != BRAM_OK) return demanded(status);
    g->items = bram_alloc(s->cx, g->entry_count, sizeof *g->items);
    if (!g->items) return BRAM_ENOMEM;
    for (size_t i = 0; i < g->entry_count; i++) {
        const bram_h5_entry *e = &g->entries[i];
        if (!bram_name_is_step(e->name, strlen(e->name)))
            return bad(s, g->path, "name of an entry", "one that is no step of a path",
                       "UTF-8 text");
        if (e->kind == BRAM_H5_GROUP) continue;
        struct item *item = &g->items[g->count];
        *item = (struct item){.name = e->name, .path = below(s, g->path, e->name)};
        if (!item->path) return BRAM_ENOMEM;
        g->count++;
        if (e->kind != BRAM_H5_DATASET)
            return bad(s, item->path, "link", "a link that leads to neither", "a group or dataset");
        BRAM_TRY(look_at(s, g, item, read_role));
    }
    return BRAM_OK;
}

/* Tables and responses; axes are complete and may be shared from here on. */
static int add_content(const struct reading *s, const struct group *g)
{
    for (size_t i = 0; i < g->count; i++) {
        struct item *item = &g->items[i];
        if (item->role == TABLE)
            BRAM_TRY(bram_dataset_add_table(s->cx, s->ds, g->path, bram_axis_ref(item->axis)));
        if (item->role == RESPONSE) BRAM_TRY(look_at(s, g, item, read_response));
    }
    return BRAM_OK;
}

static int read_items(const struct reading *s, struct group *g)
{
    BRAM_TRY(list_items(s, g));
    for (size_t i = 0; i < g->count; i++)
        if (g->items[i].role == AXIS || g->items[i].role == TABLE) {
            BRAM_TRY(look_at(s, g, &g->items[i], read_axis));
            BRAM_TRY(
                demanded(bram_h5_identity(s->cx, &g->items[i].self, s->root, g->items[i].path)));
        }
    for (size_t i = 0; i < g->count; i++) {
        if (g->items[i].role == COLUMN || g->items[i].role == COORDINATE)
            BRAM_TRY(look_at(s, g, &g->items[i], read_column));
        if (g->items[i].role == MASK) BRAM_TRY(look_at(s, g, &g->items[i], check_mask));
    }
    return add_content(s, g);
}

static int read_group_attrs(const struct reading *s, const char *path, bram_attrs *attrs)
{
    bram_h5_object *group;
    BRAM_TRY(demanded(bram_h5_object_open(s->cx, &group, s->root, path)));
    int status = read_attrs(s, group, path, attrs, false);
    bram_h5_object_close(group);
    return status;
}

static int read_group(struct reading *s, const char *path, int depth)
{
    if (depth > MOST_DEPTH) return bad(s, path, "depth of groups", "more", "32 or less");
    BRAM_TRY(bram_ctx_check_cancel(s->cx));
    BRAM_TRY(meet(s, path));
    bram_attrs *attrs = bram_dataset_attrs(s->cx, s->ds, path);
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(read_group_attrs(s, path, attrs));
    struct group g = {.path = path};
    int status = read_items(s, &g);
    for (size_t i = 0; i < g.entry_count && status == BRAM_OK; i++) {
        if (g.entries[i].kind != BRAM_H5_GROUP) continue;
        char *child = below(s, path, g.entries[i].name);
        status = child ? read_group(s, child, depth + 1) : BRAM_ENOMEM;
        bram_free(child);
    }
    release_group(&g);
    return status;
}

static int check_schema(const struct reading *s)
{
    int64_t version;
    if (!bram_h5_has_attr(s->root, "", BRAM_FORM_SCHEMA))
        return bad(s, "", BRAM_FORM_SCHEMA, "no such attribute",
                   "1: this is not a homogenized file");
    int status = bram_h5_attr_integer(s->cx, &version, s->root, "", BRAM_FORM_SCHEMA);
    if (status != BRAM_OK) return demanded(status);
    if (version == BRAM_SCHEMA_VERSION) return BRAM_OK;
    bram_fail(s->cx, BRAM_EFORMAT, "%s: found version %lld, expected %d", BRAM_FORM_SCHEMA,
              (long long)version, BRAM_SCHEMA_VERSION);
    return at_path(s, "", BRAM_EFORMAT);
}

int bram_dataset_open(bram_ctx *cx, bram_dataset **out, const char *path)
{
    bram_form_source *source;
    BRAM_TRY(bram_form_source_open(cx, &source, path));
    struct reading s = {.cx = cx, .source = source, .root = bram_h5_root(source->file)};
    int status = check_schema(&s);
    if (status == BRAM_OK) status = bram_dataset_new(cx, &s.ds);
    if (status == BRAM_OK) status = read_group(&s, "", 0);
    bram_free(s.seen);
    if (status == BRAM_OK) *out = s.ds;
    else bram_dataset_free(s.ds);
    bram_form_source_free(source);
    return status;
}
