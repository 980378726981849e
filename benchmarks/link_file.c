/*
 * link_file.c - splits as datasets and back; see link_split.h. An HDF5 file of one is written and
 * opened as any dataset: tables /nodes (ids, x, y, z where known) and /pair (from, to: rows of
 * nodes; edge; set: 0 training, 1 validation, 2 test; query), and the options as attributes.
 */
#include "link_split.h"

#include <math.h>
#include <string.h>

static const char CONTENT[] = "bramble-links";

static int put_nodes(bram_ctx *cx, bram_dataset *ds, const bram_axis *nodes, const double *position)
{
    static const char *const names[] = {"x", "y", "z"};
    size_t n = bram_axis_length(nodes), mark = bram_scratch_mark(cx);
    double *column = bram_scratch(cx, n, sizeof *column);
    const char **ids = bram_scratch(cx, n, sizeof *ids);
    bram_axis *table = NULL;
    int status = column && ids ? bram_axis_new(cx, &table, "nodes", n) : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < n; i++) ids[i] = bram_axis_id(nodes, i);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, table, ids);
    for (size_t d = 0; status == BRAM_OK && position && d < 3; d++) {
        for (size_t i = 0; i < n; i++) column[i] = position[3 * i + d];
        status = bram_axis_add_number(cx, table, names[d], column, "um");
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

static int add_column(bram_ctx *cx, bram_axis *table, const char *name, int64_t *buffer,
                      const uint32_t *words, const uint8_t *bytes)
{
    size_t n = bram_axis_length(table);
    for (size_t k = 0; words && k < n; k++) buffer[k] = (int64_t)words[k];
    for (size_t k = 0; bytes && k < n; k++) buffer[k] = (int64_t)bytes[k];
    return bram_axis_add_integer(cx, table, name, buffer);
}

static int put_pairs(bram_ctx *cx, bram_dataset *ds, const bram_link_split *s)
{
    size_t mark = bram_scratch_mark(cx);
    int64_t *buffer = bram_scratch(cx, s->pairs, sizeof *buffer);
    bram_axis *table = NULL;
    int status = buffer ? bram_axis_new(cx, &table, "pair", s->pairs) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = add_column(cx, table, "from", buffer, s->from, NULL);
    if (status == BRAM_OK) status = add_column(cx, table, "to", buffer, s->to, NULL);
    if (status == BRAM_OK) status = add_column(cx, table, "query", buffer, s->query, NULL);
    if (status == BRAM_OK) status = add_column(cx, table, "edge", buffer, NULL, s->edge);
    if (status == BRAM_OK) status = add_column(cx, table, "set", buffer, NULL, s->set);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

int bram_link_split_put(bram_ctx *cx, bram_dataset *ds, const bram_link_split *s,
                        const bram_axis *nodes, const double *position, const bram_options *o)
{
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "content", CONTENT));
    BRAM_TRY(bram_attrs_set_text(cx, a, "split", bram_options_canonical(o)));
    BRAM_TRY(bram_attrs_set_text(cx, a, "direction", s->directed ? "directed" : "undirected"));
    BRAM_TRY(put_nodes(cx, ds, nodes, position));
    return put_pairs(cx, ds, s);
}

/* ---- and back ------------------------------------------------------------------------------- */

static int column_of(bram_ctx *cx, const int64_t **out, const bram_axis *table, const char *name,
                     size_t limit)
{
    const bram_column *c = bram_axis_column(table, name);
    if (!c || !c->integer)
        return bram_fail(cx, BRAM_EFORMAT, "pair has no column of integers \"%s\"", name);
    for (size_t k = 0; k < bram_axis_length(table); k++)
        if (c->integer[k] < 0 || (uint64_t)c->integer[k] >= limit)
            return bram_fail(cx, BRAM_EFORMAT, "pair.%s, row %zu: found %lld, expected 0 .. %zu",
                             name, k, (long long)c->integer[k], limit - 1);
    *out = c->integer;
    return BRAM_OK;
}

static int get_pairs(bram_ctx *cx, bram_link_split *s, const bram_axis *table)
{
    const int64_t *from, *to, *query, *edge, *set;
    size_t n = bram_axis_length(table);
    BRAM_TRY(column_of(cx, &from, table, "from", s->nodes));
    BRAM_TRY(column_of(cx, &to, table, "to", s->nodes));
    BRAM_TRY(column_of(cx, &query, table, "query", n));
    BRAM_TRY(column_of(cx, &edge, table, "edge", 2));
    BRAM_TRY(column_of(cx, &set, table, "set", 3));
    s->from = bram_alloc(cx, n, sizeof *s->from);
    s->to = bram_alloc(cx, n, sizeof *s->to);
    s->query = bram_alloc(cx, n, sizeof *s->query);
    s->edge = bram_alloc(cx, n, 1);
    s->set = bram_alloc(cx, n, 1);
    if (!s->from || !s->to || !s->query || !s->edge || !s->set) return BRAM_ENOMEM;
    for (; s->pairs < n; s->pairs++) {
        size_t k = s->pairs;
        s->from[k] = (uint32_t)from[k], s->to[k] = (uint32_t)to[k];
        s->query[k] = (uint32_t)query[k];
        s->edge[k] = (uint8_t)edge[k], s->set[k] = (uint8_t)set[k];
    }
    return BRAM_OK;
}

static int get_positions(bram_ctx *cx, double **position, const bram_axis *nodes)
{
    static const char *const names[] = {"x", "y", "z"};
    size_t n = bram_axis_length(nodes);
    *position = NULL;
    if (!bram_axis_column(nodes, "x")) return BRAM_OK;
    double *p = bram_scratch(cx, n, 3 * sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t d = 0; d < 3; d++) {
        const bram_column *c = bram_axis_column(nodes, names[d]);
        for (size_t i = 0; i < n; i++) p[3 * i + d] = c && c->number ? c->number[i] : (double)NAN;
    }
    *position = p;
    return BRAM_OK;
}

int bram_link_split_get(bram_ctx *cx, bram_link_split *out, const bram_axis **nodes,
                        double **position, const bram_dataset *ds)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *content = a ? bram_attrs_text(a, "content") : NULL;
    const char *direction = a ? bram_attrs_text(a, "direction") : NULL;
    const bram_axis *table = bram_dataset_table(ds, "pair");
    const bram_axis *node = bram_dataset_table(ds, "nodes");
    if (!content || strcmp(content, CONTENT) != 0 || !direction || !table || !node)
        return bram_fail(cx, BRAM_EFORMAT,
                         "attribute content is \"%s\", expected \"%s\" with a direction and the "
                         "tables nodes and pair",
                         content ? content : "", CONTENT);
    bram_link_split s = {.nodes = bram_axis_length(node),
                         .directed = strcmp(direction, "directed") == 0};
    double *p = NULL;
    int status = get_positions(cx, &p, node);
    if (status == BRAM_OK) status = get_pairs(cx, &s, table);
    if (status == BRAM_OK) *out = s, *nodes = node, *position = p;
    else bram_link_split_release(&s);
    return status;
}
