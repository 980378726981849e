/*
 * graph_export.c - connectomes as tables, matrices, JSON and GraphML
 * (http://graphml.graphdrawing.org/specification.html, as networkx, igraph and Gephi read it).
 */
#include "graph_export.h"

#include "csvfile.h"
#include "file.h"
#include "json.h"
#include "npy.h"
#include "number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 32, MOST_COLUMNS = 64 };

/* What is to be written: the layers, and the nodes of their connectome (NULL for other tables). */
struct graph {
    const char *source;
    const bram_axis *nodes, *layer[MOST_LAYERS];
    size_t layers;
};

static const char prefix[] = "connectome/";

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n > m && !strcmp(path + n - m, ending);
}

/* Whether a path is DIRECTORY/NAME with no further step. */
static bool is_directly_below(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return strncmp(path, directory, n) == 0 && path[n] == '/' && !strchr(path + n + 1, '/');
}

static bool is_connectome(const bram_dataset *ds, const char *path)
{
    return is_directly_below(path, "connectome") && bram_dataset_find_attrs(ds, path);
}

bool bram_graph_is(const bram_dataset *ds, const char *path)
{
    return is_connectome(ds, path) || bram_dataset_table(ds, path);
}

/* A table below connectome/SOURCE that is not its nodes. */
static bool is_layer(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(path, prefix, strlen(prefix)) == 0 && slash && slash > path + strlen(prefix) &&
           strcmp(slash, "/nodes") != 0;
}

static int find_nodes(bram_ctx *cx, struct graph *g, const bram_dataset *ds, const char *group)
{
    char *path = bram_strf(cx, "%s/nodes", group);
    if (!path) return BRAM_ENOMEM;
    g->nodes = bram_dataset_table(ds, path);
    int status = g->nodes ? BRAM_OK : bram_fail(cx, BRAM_EFORMAT, "the dataset has no %s", path);
    bram_free(path);
    return status;
}

static int collect(bram_ctx *cx, struct graph *g, const bram_dataset *ds, const char *path)
{
    g->source = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (!is_connectome(ds, path)) {
        g->layer[g->layers++] = bram_dataset_table(ds, path);
        if (!is_layer(path)) return BRAM_OK;
        char *group = bram_strf(cx, "%.*s", (int)(strrchr(path, '/') - path), path);
        if (!group) return BRAM_ENOMEM;
        int status = find_nodes(cx, g, ds, group);
        bram_free(group);
        return status;
    }
    BRAM_TRY(find_nodes(cx, g, ds, path));
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *name = bram_dataset_table_path(ds, i);
        if (!is_directly_below(name, path) || !is_layer(name)) continue;
        if (g->layers == MOST_LAYERS)
            return bram_fail(cx, BRAM_EFORMAT, "%s has more than %d layers", path, MOST_LAYERS);
        g->layer[g->layers++] = bram_dataset_table(ds, name);
    }
    return g->layers ? BRAM_OK : bram_fail(cx, BRAM_EFORMAT, "%s has no layers", path);
}

/* ---- columns -------------------------------------------------------------------------------- */

/* The columns of all tables, each name once, in the order of their first appearance. */
struct columns {
    const bram_column *column[MOST_COLUMNS];
    size_t count;
};

/* What an edge is comes first: files keep columns by name. */
static void begin_with_ends(struct columns *u, const bram_axis *table)
{
    static const char *const first[] = {"from", "to", "weight", "type"};
    for (size_t k = 0; k < sizeof first / sizeof *first; k++) {
        const bram_column *c = bram_axis_column(table, first[k]);
        if (c) u->column[u->count++] = c;
    }
}

static int unite(bram_ctx *cx, struct columns *u, const bram_axis *const *tables, size_t n)
{
    u->count = 0;
    if (n && bram_axis_column(tables[0], "from")) begin_with_ends(u, tables[0]);
    for (size_t t = 0; t < n; t++)
        for (size_t k = 0; k < bram_axis_columns(tables[t]); k++) {
            const bram_column *c = bram_axis_column_at(tables[t], k);
            size_t i = 0;
            while (i < u->count && strcmp(u->column[i]->name, c->name) != 0) i++;
            if (i < u->count) continue;
            if (u->count == MOST_COLUMNS)
                return bram_fail(cx, BRAM_EFORMAT, "found more than %d columns", MOST_COLUMNS);
            u->column[u->count++] = c;
        }
    return BRAM_OK;
}

/* ---- tables --------------------------------------------------------------------------------- */

static int put_cell(bram_ctx *cx, bram_csv_writer *w, const bram_column *c, size_t row)
{
    if (!c) return bram_csv_put_text(cx, w, "");
    if (c->text) return bram_csv_put_text(cx, w, c->text[row]);
    if (c->integer) return bram_csv_put_integer(cx, w, c->integer[row]);
    return isnan(c->number[row]) ? bram_csv_put_text(cx, w, "")
                                 : bram_csv_put_number(cx, w, c->number[row]);
}

static int put_rows(bram_ctx *cx, bram_csv_writer *w, const bram_axis *table,
                    const struct columns *u, bool ids)
{
    for (size_t row = 0; row < bram_axis_length(table); row++) {
        if (ids) BRAM_TRY(bram_csv_put_text(cx, w, bram_axis_id(table, row)));
        for (size_t k = 0; k < u->count; k++)
            BRAM_TRY(put_cell(cx, w, bram_axis_column(table, u->column[k]->name), row));
        BRAM_TRY(bram_csv_end_row(cx, w));
    }
    return BRAM_OK;
}

static int put_tables(bram_ctx *cx, bram_outfile *file, char delimiter,
                      const bram_axis *const *tables, size_t n)
{
    bram_csv_writer w;
    struct columns u;
    bool ids = false;
    BRAM_TRY(unite(cx, &u, tables, n));
    for (size_t t = 0; t < n; t++) ids |= bram_axis_has_ids(tables[t]);
    bram_csv_to_file(&w, file, delimiter);
    if (ids) BRAM_TRY(bram_csv_put_text(cx, &w, "id"));
    for (size_t k = 0; k < u.count; k++) BRAM_TRY(bram_csv_put_text(cx, &w, u.column[k]->name));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t t = 0; t < n; t++) BRAM_TRY(put_rows(cx, &w, tables[t], &u, ids));
    return BRAM_OK;
}

static int write_tables(bram_ctx *cx, const bram_axis *const *tables, size_t n, const char *path,
                        bool replace)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = put_tables(cx, file, ends_in(path, ".tsv") ? '\t' : ',', tables, n);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* ---- edges ---------------------------------------------------------------------------------- */

/* What every edge has. */
struct edges {
    const bram_column *from, *to, *weight;
    bool symmetric;
};

static int find_edges(bram_ctx *cx, struct edges *e, const bram_axis *layer)
{
    const bram_column *type = bram_axis_column(layer, "type");
    e->from = bram_axis_column(layer, "from");
    e->to = bram_axis_column(layer, "to");
    e->weight = bram_axis_column(layer, "weight");
    e->symmetric = type && type->text && bram_axis_length(layer) > 0 &&
                   strcmp(type->text[0], "gap") == 0;
    if (e->from && e->from->text && e->to && e->to->text && e->weight && e->weight->number)
        return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "layer %s: expected columns from, to and weight",
                     bram_axis_name(layer));
}

static int node_of(bram_ctx *cx, const struct graph *g, const char *name, size_t *at)
{
    ptrdiff_t found = bram_axis_find(g->nodes, name);
    if (found < 0)
        return bram_fail(cx, BRAM_EFORMAT, "an edge names \"%.60s\", which is no node", name);
    *at = (size_t)found;
    return BRAM_OK;
}

/* ---- .npy ----------------------------------------------------------------------------------- */

static bool examined(const bram_axis *nodes, size_t i)
{
    const bram_column *c = bram_axis_column(nodes, "examined");
    return !c || !c->integer || c->integer[i];
}

static int fill_matrix(bram_ctx *cx, double *m, const struct graph *g)
{
    size_t n = bram_axis_length(g->nodes), i = 0, j = 0;
    struct edges e;
    BRAM_TRY(find_edges(cx, &e, g->layer[0]));
    for (size_t k = 0; k < n * n; k++)
        m[k] = examined(g->nodes, k / n) && examined(g->nodes, k % n) ? 0 : (double)NAN;
    for (size_t k = 0; k < bram_axis_length(g->layer[0]); k++) {
        BRAM_TRY(node_of(cx, g, e.from->text[k], &i));
        BRAM_TRY(node_of(cx, g, e.to->text[k], &j));
        double *there = &m[i * n + j], *back = &m[j * n + i];
        *there = (isnan(*there) ? 0 : *there) + e.weight->number[k];
        if (e.symmetric) *back = *there;
    }
    return BRAM_OK;
}

static int put_matrix(bram_ctx *cx, const struct graph *g, const char *path, bool replace)
{
    size_t n = bram_axis_length(g->nodes);
    bram_outfile *file = NULL;
    double *m = bram_alloc(cx, n, n * sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fill_matrix(cx, m, g);
    if (status == BRAM_OK) status = bram_outfile_open(cx, &file, path, replace);
    if (status == BRAM_OK)
        status = bram_npy_put_header(cx, file, BRAM_NPY_F64, 2, (const size_t[]){n, n});
    if (status == BRAM_OK) status = bram_npy_put_values(cx, file, BRAM_NPY_F64, m, n * n);
    bram_free(m);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int write_matrix(bram_ctx *cx, const struct graph *g, const char *path, bool replace)
{
    if (!g->nodes || g->layers != 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "a matrix is of one layer: found %zu, expected e.g. "
                         "connectome/NAME/chemical",
                         g->layers);
    char *names = bram_strf(cx, "%.*s.nodes.csv", (int)(strlen(path) - strlen(".npy")), path);
    if (!names) return BRAM_ENOMEM;
    int status = write_tables(cx, &g->nodes, 1, names, replace);
    bram_free(names);
    return status == BRAM_OK ? put_matrix(cx, g, path, replace) : status;
}

/* ---- JSON ----------------------------------------------------------------------------------- */

static void put_json_cells(bram_json_out *o, const bram_axis *table, size_t row)
{
    for (size_t k = 0; k < bram_axis_columns(table); k++) {
        const bram_column *c = bram_axis_column_at(table, k);
        if (c->text) bram_json_out_text(o, c->name, c->text[row]);
        else if (c->integer) bram_json_out_integer(o, c->name, c->integer[row]);
        else bram_json_out_number(o, c->name, c->number[row]);
    }
}

static int write_json(bram_ctx *cx, const struct graph *g, const char *path, bool replace)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "source", g->source);
    bram_json_out_array(o, "nodes");
    for (size_t i = 0; i < bram_axis_length(g->nodes); i++) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "id", bram_axis_id(g->nodes, i));
        put_json_cells(o, g->nodes, i);
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
    bram_json_out_array(o, "edges");
    for (size_t t = 0; t < g->layers; t++)
        for (size_t i = 0; i < bram_axis_length(g->layer[t]); i++) {
            bram_json_out_object(o, NULL);
            bram_json_out_text(o, "layer", bram_axis_name(g->layer[t]));
            put_json_cells(o, g->layer[t], i);
            bram_json_out_end(o);
        }
    bram_json_out_end(o);
    bram_json_out_end(o);
    int status = bram_json_out_write(cx, o, path, replace);
    bram_json_out_free(o);
    return status;
}

/* ---- GraphML -------------------------------------------------------------------------------- */

static int put_escaped(bram_ctx *cx, bram_outfile *file, const char *text)
{
    for (; *text; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        BRAM_TRY(bram_outfile_write(cx, file, entity ? entity : text, entity ? strlen(entity) : 1));
    }
    return BRAM_OK;
}

static int put_keys(bram_ctx *cx, bram_outfile *file, const char *domain, const struct columns *u)
{
    for (size_t k = 0; k < u->count; k++) {
        const bram_column *c = u->column[k];
        const char *type = c->text ? "string" : c->integer ? "long" : "double";
        BRAM_TRY(bram_outfile_printf(cx, file,
                                     "  <key id=\"%s_%zu\" for=\"%s\" attr.name=\"%s\" "
                                     "attr.type=\"%s\"/>\n",
                                     domain, k, domain, c->name, type));
    }
    return BRAM_OK;
}

static int put_data(bram_ctx *cx, bram_outfile *file, const char *domain, const struct columns *u,
                    const bram_axis *table, size_t row)
{
    for (size_t k = 0; k < u->count; k++) {
        const bram_column *c = bram_axis_column(table, u->column[k]->name);
        char number[BRAM_NUMBER_BYTES];
        if (!c || (c->text && !*c->text[row]) || (c->number && isnan(c->number[row]))) continue;
        BRAM_TRY(bram_outfile_printf(cx, file, "<data key=\"%s_%zu\">", domain, k));
        if (c->text) BRAM_TRY(put_escaped(cx, file, c->text[row]));
        else if (c->integer)
            BRAM_TRY(bram_outfile_printf(cx, file, "%lld", (long long)c->integer[row]));
        else if (c->number)
            BRAM_TRY(
                bram_outfile_printf(cx, file, "%s", bram_number_format(number, c->number[row])));
        BRAM_TRY(bram_outfile_printf(cx, file, "</data>"));
    }
    return BRAM_OK;
}

static int put_edge(bram_ctx *cx, bram_outfile *file, const struct columns *u,
                    const bram_axis *layer, size_t row, const char *from, const char *to)
{
    BRAM_TRY(bram_outfile_printf(cx, file, "    <edge source=\""));
    BRAM_TRY(put_escaped(cx, file, from));
    BRAM_TRY(bram_outfile_printf(cx, file, "\" target=\""));
    BRAM_TRY(put_escaped(cx, file, to));
    BRAM_TRY(
        bram_outfile_printf(cx, file, "\"><data key=\"layer\">%s</data>", bram_axis_name(layer)));
    BRAM_TRY(put_data(cx, file, "edge", u, layer, row));
    return bram_outfile_printf(cx, file, "</edge>\n");
}

static int put_layer(bram_ctx *cx, bram_outfile *file, const struct columns *u,
                     const bram_axis *layer)
{
    struct edges e;
    BRAM_TRY(find_edges(cx, &e, layer));
    for (size_t i = 0; i < bram_axis_length(layer); i++) {
        const char *from = e.from->text[i], *to = e.to->text[i];
        BRAM_TRY(put_edge(cx, file, u, layer, i, from, to));
        if (e.symmetric && strcmp(from, to) != 0)
            BRAM_TRY(put_edge(cx, file, u, layer, i, to, from));
    }
    return BRAM_OK;
}

static int put_graphml(bram_ctx *cx, bram_outfile *file, const struct graph *g)
{
    struct columns node, edge;
    BRAM_TRY(unite(cx, &node, &g->nodes, 1));
    BRAM_TRY(unite(cx, &edge, g->layer, g->layers));
    BRAM_TRY(bram_outfile_printf(cx, file,
                                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                                 "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n"
                                 "  <key id=\"layer\" for=\"edge\" attr.name=\"layer\" "
                                 "attr.type=\"string\"/>\n"));
    BRAM_TRY(put_keys(cx, file, "node", &node));
    BRAM_TRY(put_keys(cx, file, "edge", &edge));
    BRAM_TRY(bram_outfile_printf(cx, file, "  <graph edgedefault=\"directed\">\n"));
    for (size_t i = 0; i < bram_axis_length(g->nodes); i++) {
        BRAM_TRY(bram_outfile_printf(cx, file, "    <node id=\""));
        BRAM_TRY(put_escaped(cx, file, bram_axis_id(g->nodes, i)));
        BRAM_TRY(bram_outfile_printf(cx, file, "\">"));
        BRAM_TRY(put_data(cx, file, "node", &node, g->nodes, i));
        BRAM_TRY(bram_outfile_printf(cx, file, "</node>\n"));
    }
    for (size_t t = 0; t < g->layers; t++) BRAM_TRY(put_layer(cx, file, &edge, g->layer[t]));
    return bram_outfile_printf(cx, file, "  </graph>\n</graphml>\n");
}

static int write_graphml(bram_ctx *cx, const struct graph *g, const char *path, bool replace)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = put_graphml(cx, file, g);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* ---- all of them ---------------------------------------------------------------------------- */

int bram_graph_export(bram_ctx *cx, const bram_dataset *ds, const char *path, const char *file,
                      bool replace)
{
    struct graph g = {.nodes = NULL};
    BRAM_TRY(collect(cx, &g, ds, path));
    if (ends_in(file, ".csv") || ends_in(file, ".tsv"))
        return write_tables(cx, g.layer, g.layers, file, replace);
    if (!g.nodes)
        return bram_fail(cx, BRAM_EUSAGE, "%s is a table: export it to .csv or .tsv", path);
    if (ends_in(file, ".json")) return write_json(cx, &g, file, replace);
    if (ends_in(file, ".graphml")) return write_graphml(cx, &g, file, replace);
    if (ends_in(file, ".npy")) return write_matrix(cx, &g, file, replace);
    return bram_fail(cx, BRAM_EUSAGE,
                     "%s: expected a name that ends in .csv, .tsv, .json, .graphml or .npy", file);
}
