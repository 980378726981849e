/*
 * dataset_view.c - views of datasets; see dataset_view.h.
 */
#include "dataset_view.h"

#include <string.h>

/* What a view of a response reads through. */
struct view {
    const bram_response *source;
    size_t dims;
    size_t *index[BRAM_MAX_DIMS]; /* NULL: all */
    size_t masked_from, masked_to;
    double *instead; /* NULL: what the source holds */
};

static void release(void *state)
{
    struct view *v = state;
    for (size_t d = 0; d < BRAM_MAX_DIMS; d++) bram_free(v->index[d]);
    bram_free(v->instead);
    bram_free(v);
}

/* The places of a block in the array below: the smallest box that holds them. */
static void find_box(const struct view *v, const size_t *start, const size_t *count, size_t *first,
                     size_t *length)
{
    for (size_t d = 0; d < v->dims; d++) {
        const size_t *index = v->index[d];
        first[d] = index && count[d] ? index[start[d]] : start[d];
        length[d] = index && count[d] ? index[start[d] + count[d] - 1] - first[d] + 1 : count[d];
    }
}

/* Picks the places of the block out of the box. */
static void pick(const struct view *v, const size_t *start, const size_t *count,
                 const size_t *first, const size_t *length, const double *box, const uint8_t *there,
                 double *values, uint8_t *present)
{
    size_t at[BRAM_MAX_DIMS] = {0}, total = 1;
    for (size_t d = 0; d < v->dims; d++) total *= count[d];
    for (size_t i = 0; i < total; i++) {
        size_t from = 0, whole = 0, row = start[0] + at[0];
        for (size_t d = 0; d < v->dims; d++) {
            size_t place = v->index[d] ? v->index[d][start[d] + at[d]] : start[d] + at[d];
            from = from * length[d] + place - first[d];
            whole = whole * bram_response_length(v->source, d) + place;
        }
        bool shown = there[from] && (row < v->masked_from || row >= v->masked_to);
        values[i] = !shown ? 0 : v->instead ? v->instead[whole] : box[from];
        if (present) present[i] = shown;
        for (size_t d = v->dims; d-- > 0 && ++at[d] == count[d];) at[d] = 0;
    }
}

static int read_view(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                     double *values, uint8_t *present)
{
    const struct view *v = state;
    size_t first[BRAM_MAX_DIMS], length[BRAM_MAX_DIMS], total = 1, mark = bram_scratch_mark(cx);
    find_box(v, start, count, first, length);
    for (size_t d = 0; d < v->dims; d++) total *= length[d];
    double *box = bram_scratch(cx, total, sizeof *box);
    uint8_t *there = bram_scratch(cx, total, 1);
    int status = box && there ? bram_response_read(cx, v->source, first, length, box, there)
                              : BRAM_ENOMEM;
    if (status == BRAM_OK) pick(v, start, count, first, length, box, there, values, present);
    bram_scratch_release(cx, mark);
    return status;
}

static int keep_index(bram_ctx *cx, struct view *v, size_t d, const size_t *index, size_t count)
{
    v->index[d] = bram_alloc(cx, count + 1, sizeof *index);
    if (!v->index[d]) return BRAM_ENOMEM;
    memcpy(v->index[d], index, count * sizeof *index);
    return BRAM_OK;
}

static int view_response(bram_ctx *cx, bram_response **out, const bram_response *r,
                         const bram_view_choice *c)
{
    bram_axis *axis[BRAM_MAX_DIMS] = {0};
    struct view *v = bram_alloc(cx, 1, sizeof *v);
    if (!v) {
        bram_free(c->instead);
        return BRAM_ENOMEM;
    }
    *v = (struct view){.source = r,
                       .dims = bram_response_dims(r),
                       .masked_from = c->masked_from,
                       .masked_to = c->masked_to,
                       .instead = c->instead};
    int status = BRAM_OK;
    for (size_t d = 0; d < v->dims && status == BRAM_OK; d++) {
        const bram_axis *whole = bram_response_axis(r, d);
        if (c->index[d]) {
            status = bram_axis_take(cx, &axis[d], whole, c->index[d], c->count[d]);
            if (status == BRAM_OK) status = keep_index(cx, v, d, c->index[d], c->count[d]);
        } else axis[d] = bram_axis_ref(whole);
    }
    bram_reader reader = {read_view, release, v,
                          bram_response_has_mask(r) || c->masked_to > c->masked_from};
    if (status == BRAM_OK)
        status = bram_response_from_reader(cx, out, bram_response_name(r), bram_response_type(r),
                                           v->dims, (const bram_axis *const *)axis, reader);
    else release(v);
    for (size_t d = 0; d < BRAM_MAX_DIMS; d++) bram_axis_free(axis[d]);
    if (status == BRAM_OK)
        return bram_attrs_copy(cx, bram_response_attrs(*out), bram_response_attrs_const(r));
    return status;
}

/* ---- the tree ------------------------------------------------------------------------------- */

/* Whether a path lies in a group that is left out. */
static bool is_hidden(const bram_view_rule *rule, const char *path)
{
    if (!rule->hides) return false;
    char group[512];
    size_t length = strlen(path);
    if (length >= sizeof group) return false;
    for (size_t i = 1; i <= length; i++)
        if (path[i] == '/' || !path[i]) {
            memcpy(group, path, i);
            group[i] = 0;
            if (rule->hides(rule->user, group)) return true;
        }
    return false;
}

static int add_groups(bram_ctx *cx, bram_dataset *to, const bram_dataset *from,
                      const bram_view_rule *rule, const char *group)
{
    const bram_attrs *attrs = bram_dataset_find_attrs(from, group);
    bram_attrs *made = bram_dataset_attrs(cx, to, group);
    if (!made) return BRAM_ENOMEM;
    if (attrs) BRAM_TRY(bram_attrs_copy(cx, made, attrs));
    for (size_t i = 0; i < bram_dataset_groups(from, group); i++) {
        const char *name = bram_dataset_group_at(from, group, i);
        char *below = bram_strf(cx, "%s%s%s", group, *group ? "/" : "", name);
        if (!below) return BRAM_ENOMEM;
        int status = BRAM_OK;
        if (!is_hidden(rule, below)) status = add_groups(cx, to, from, rule, below);
        bram_free(below);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* The group of a path, on the heap. */
static char *group_of(bram_ctx *cx, const char *path)
{
    const char *slash = strrchr(path, '/');
    return bram_strf(cx, "%.*s", slash ? (int)(slash - path) : 0, path);
}

static int add_response(bram_ctx *cx, bram_dataset *to, const bram_dataset *from,
                        const bram_view_rule *rule, const char *path)
{
    const bram_response *r = bram_dataset_response(from, path);
    size_t mark = bram_scratch_mark(cx);
    bram_view_choice choice = {0};
    bram_response *view = NULL;
    if (is_hidden(rule, path)) return BRAM_OK;
    int status = rule->response(cx, rule->user, &choice, path, r);
    if (status == BRAM_OK && !choice.hide) status = view_response(cx, &view, r, &choice);
    else bram_free(choice.instead);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK || choice.hide) {
        bram_response_free(view);
        return status;
    }
    char *group = group_of(cx, path);
    if (group) status = bram_dataset_add(cx, to, group, view);
    else {
        bram_response_free(view);
        status = BRAM_ENOMEM;
    }
    bram_free(group);
    return status;
}

static int add_all(bram_ctx *cx, bram_dataset *to, const bram_dataset *from,
                   const bram_view_rule *rule)
{
    BRAM_TRY(add_groups(cx, to, from, rule, ""));
    for (size_t i = 0; i < bram_dataset_responses(from); i++)
        BRAM_TRY(add_response(cx, to, from, rule, bram_dataset_response_path(from, i)));
    for (size_t i = 0; i < bram_dataset_tables(from); i++) {
        const char *path = bram_dataset_table_path(from, i);
        if (is_hidden(rule, path)) continue;
        char *group = group_of(cx, path);
        if (!group) return BRAM_ENOMEM;
        int status = bram_dataset_add_table(cx, to, group,
                                            bram_axis_ref(bram_dataset_table(from, path)));
        bram_free(group);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_dataset_view(bram_ctx *cx, bram_dataset **out, const bram_dataset *source,
                      const bram_view_rule *rule)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    int status = add_all(cx, ds, source, rule);
    if (status == BRAM_OK) *out = ds;
    else bram_dataset_free(ds);
    return status;
}
