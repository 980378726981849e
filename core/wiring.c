/*
 * wiring.c - a connectome of a dataset as a list of ordered pairs; see wiring.h.
 */
#include "wiring.h"

#include <string.h>

void bram_wiring_release(bram_wiring *c)
{
    bram_free(c->from);
    bram_free(c->to);
    bram_free(c->weight);
    bram_free(c->both);
    bram_free(c->sign);
}

bool bram_wiring_examined(const bram_axis *nodes, size_t node)
{
    const bram_column *c = bram_axis_column(nodes, "examined");
    return !c || !c->integer || c->integer[node];
}

/* ---- layers --------------------------------------------------------------------------------- */

static int node_of(bram_ctx *cx, uint32_t *out, const bram_axis *nodes, const bram_axis *layer,
                   const bram_column *end, size_t edge)
{
    ptrdiff_t at = bram_axis_find(nodes, end->text[edge]);
    if (at < 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: edge %zu: \"%s\" is no node", bram_axis_name(layer),
                         edge, end->text[edge]);
    *out = (uint32_t)at;
    return BRAM_OK;
}

static void put(bram_wiring *c, uint32_t from, uint32_t to, double weight, int sign, bool both)
{
    c->from[c->edges] = from, c->to[c->edges] = to;
    c->both[c->edges] = both, c->sign[c->edges] = (int8_t)sign;
    c->weight[c->edges++] = weight;
}

static bool has_no_direction(const char *type)
{
    return strcmp(type, "gap") == 0 || strcmp(type, "vessel") == 0;
}

/* @return whether the weights of a layer have signs */
static bool weights_have_signs(const bram_column *weight, size_t n)
{
    for (size_t e = 0; e < n; e++)
        if (weight->number[e] < 0) return true;
    return false;
}

static int sign_at(const bram_column *sign, const bram_column *weight, size_t edge, bool have)
{
    if (sign && sign->integer) return (sign->integer[edge] > 0) - (sign->integer[edge] < 0);
    return have ? (weight->number[edge] > 0) - (weight->number[edge] < 0) : 0;
}

static int add_layer(bram_ctx *cx, bram_wiring *c, const bram_axis *layer)
{
    const bram_column *from = bram_axis_column(layer, "from"), *to = bram_axis_column(layer, "to");
    const bram_column *weight = bram_axis_column(layer, "weight");
    const bram_column *type = bram_axis_column(layer, "type");
    const bram_column *sign = bram_axis_column(layer, "sign");
    size_t n = bram_axis_length(layer), room = c->edges + 2 * n;
    if (!from || !from->text || !to || !to->text || !weight || !weight->number)
        return bram_fail(cx, BRAM_EFORMAT, "%s: expected columns from, to and weight",
                         bram_axis_name(layer));
    uint32_t *grown = bram_realloc(cx, c->from, room, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    c->from = grown;
    if (!(grown = bram_realloc(cx, c->to, room, sizeof *grown))) return BRAM_ENOMEM;
    c->to = grown;
    double *numbers = bram_realloc(cx, c->weight, room, sizeof *numbers);
    if (!numbers) return BRAM_ENOMEM;
    c->weight = numbers;
    uint8_t *bytes = bram_realloc(cx, c->both, room, 1);
    if (!bytes) return BRAM_ENOMEM;
    c->both = bytes;
    int8_t *signs = bram_realloc(cx, c->sign, room, 1);
    if (!signs) return BRAM_ENOMEM;
    c->sign = signs;
    bool have = weights_have_signs(weight, n);
    for (size_t e = 0; e < n; e++) {
        uint32_t i = 0, j = 0;
        BRAM_TRY(node_of(cx, &i, c->nodes, layer, from, e));
        BRAM_TRY(node_of(cx, &j, c->nodes, layer, to, e));
        bool both = type && type->text && has_no_direction(type->text[e]) && i != j;
        int is = sign_at(sign, weight, e, have);
        put(c, i, j, weight->number[e], is, both);
        if (both) put(c, j, i, weight->number[e], is, both);
    }
    return BRAM_OK;
}

/* The tables of edges below connectome/SOURCE/. */
static int add_all(bram_ctx *cx, bram_wiring *c, const bram_dataset *ds, const char *group)
{
    size_t length = strlen(group), found = 0;
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        if (strncmp(path, group, length) != 0 || strchr(path + length, '/')) continue;
        const bram_axis *layer = bram_dataset_table(ds, path);
        if (!bram_axis_column(layer, "from")) continue;
        BRAM_TRY(add_layer(cx, c, layer));
        found++;
    }
    return found ? BRAM_OK : bram_fail(cx, BRAM_EABSENT, "the dataset has no layer %s*", group);
}

static int add_named(bram_ctx *cx, bram_wiring *c, const bram_dataset *ds, const char *group,
                     const char *layers)
{
    int status = BRAM_OK;
    for (const char *at = layers; *at && status == BRAM_OK;) {
        size_t length = strcspn(at, "+");
        char *path = bram_strf(cx, "%s%.*s", group, (int)length, at);
        const bram_axis *layer = path ? bram_dataset_table(ds, path) : NULL;
        if (!path) status = BRAM_ENOMEM;
        else if (!layer) status = bram_fail(cx, BRAM_EABSENT, "the dataset has no %s", path);
        else status = add_layer(cx, c, layer);
        bram_free(path);
        at += length + (at[length] == '+');
    }
    return status;
}

int bram_wiring_read(bram_ctx *cx, bram_wiring *out, const bram_dataset *ds, const char *source,
                     const char *layers)
{
    bram_wiring c = {0};
    char *group = bram_strf(cx, "connectome/%s/", source);
    char *path = group ? bram_strf(cx, "%snodes", group) : NULL;
    int status = path ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK && !(c.nodes = bram_dataset_table(ds, path)))
        status = bram_fail(cx, BRAM_EABSENT, "the dataset has no %s", path);
    if (status == BRAM_OK)
        status = strcmp(layers, "all") == 0 ? add_all(cx, &c, ds, group)
                                            : add_named(cx, &c, ds, group, layers);
    bram_free(path);
    bram_free(group);
    if (status == BRAM_OK) *out = c;
    else bram_wiring_release(&c);
    return status;
}

/* ---- as a graph ----------------------------------------------------------------------------- */

int bram_wiring_graph(bram_ctx *cx, bram_graph **out, bram_axis **nodes, const bram_wiring *w,
                      bool directed)
{
    size_t n = bram_axis_length(w->nodes), kept = 0, edges = 0, mark = bram_scratch_mark(cx);
    size_t *old = bram_scratch(cx, n, sizeof *old);
    uint32_t *number = bram_scratch(cx, n, sizeof *number);
    uint32_t *from = bram_scratch(cx, w->edges, sizeof *from);
    uint32_t *to = bram_scratch(cx, w->edges, sizeof *to);
    bram_axis *axis = NULL;
    if (!old || !number || !from || !to) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        number[i] = UINT32_MAX;
        if (bram_wiring_examined(w->nodes, i)) number[i] = (uint32_t)kept, old[kept++] = i;
    }
    for (size_t e = 0; e < w->edges; e++) {
        uint32_t i = number[w->from[e]], j = number[w->to[e]];
        if (i != UINT32_MAX && j != UINT32_MAX) from[edges] = i, to[edges++] = j;
    }
    BRAM_TRY(bram_axis_take(cx, &axis, w->nodes, old, kept));
    int status = bram_graph_new(cx, out, kept, directed, from, to, NULL, edges);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *nodes = axis;
    else bram_axis_free(axis);
    return status;
}
