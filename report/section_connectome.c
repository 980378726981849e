/*
 * section_connectome.c - who connects to whom, as a matrix ordered by type, class and name. The
 * connectome is not in the results: it is opened from the dataset they name, or, for recordings of
 * named worm neurons, from cook2019; where neither can be opened nothing is shown.
 */
#include "section_data.h"

#include "data.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NODES = 1000, CLASS_BYTES = 32 };

struct node {
    const char *name, *type;
    char class_name[CLASS_BYTES];
    size_t at; /* row of the table of nodes */
};

/* The class of a neuron from its name: without the side, or without the number in its row. */
static void class_by_name(char out[CLASS_BYTES], const char *name)
{
    size_t n = strlen(name);
    if (n >= CLASS_BYTES) n = CLASS_BYTES - 1;
    memcpy(out, name, n);
    out[n] = 0;
    if (n > 3 && (out[n - 1] == 'L' || out[n - 1] == 'R')) out[n - 1] = 0;
    else
        while (n > 2 && isdigit((unsigned char)out[n - 1])) out[--n] = 0;
}

static const char *text_at(const bram_axis *table, const char *column, size_t i)
{
    const bram_column *c = table ? bram_axis_column(table, column) : NULL;
    return c && c->text ? c->text[i] : "";
}

static int by_type_class_name(const void *a, const void *b)
{
    const struct node *x = a, *y = b;
    int order = strcmp(x->type, y->type);
    if (!order) order = strcmp(x->class_name, y->class_name);
    return order ? order : strcmp(x->name, y->name);
}

static int order_nodes(bram_ctx *cx, struct node **out, const bram_axis *nodes,
                       const bram_axis *neurons)
{
    size_t n = bram_axis_length(nodes);
    struct node *node = bram_scratch(cx, n, sizeof *node);
    if (!node) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *name = bram_axis_id(nodes, i), *class_name = text_at(nodes, "class", i);
        ptrdiff_t known = neurons ? bram_axis_find(neurons, name) : -1;
        node[i] = (struct node){.name = name, .type = text_at(nodes, "type", i), .at = i};
        if (!*node[i].type && known >= 0) node[i].type = text_at(neurons, "type", (size_t)known);
        if (!*class_name && known >= 0) class_name = text_at(neurons, "class", (size_t)known);
        if (*class_name) snprintf(node[i].class_name, CLASS_BYTES, "%s", class_name);
        else class_by_name(node[i].class_name, name);
    }
    qsort(node, n, sizeof *node, by_type_class_name);
    *out = node;
    return BRAM_OK;
}

/* The matrix of an edge table in the order of the nodes; NaN where there is no edge. */
struct matrix {
    double *value;
    size_t n, edges;
    bool gap;  /* has connections without a direction: shown both ways */
    bool sign; /* some weight is negative: values are weights, else their logarithms to base 10 */
};

static int fill_matrix(bram_ctx *cx, struct matrix *m, const bram_axis *edges,
                       const bram_axis *nodes, const struct node *node)
{
    const bram_column *from = bram_axis_column(edges, "from"), *to = bram_axis_column(edges, "to");
    const bram_column *weight = bram_axis_column(edges, "weight");
    size_t *place = bram_scratch(cx, m->n, sizeof *place);
    m->value = bram_scratch(cx, m->n * m->n, sizeof *m->value);
    if (!place || !m->value) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->n; i++) place[node[i].at] = i;
    for (size_t i = 0; i < m->n * m->n; i++) m->value[i] = NAN;
    for (size_t e = 0; e < bram_axis_length(edges); e++) {
        ptrdiff_t a = bram_axis_find(nodes, from->text[e]), b = bram_axis_find(nodes, to->text[e]);
        double w = weight->number[e];
        if (a < 0 || b < 0 || !isfinite(w) || w == 0) continue;
        m->value[place[a] * m->n + place[b]] = w;
        if (strcmp(text_at(edges, "type", e), "gap") == 0) {
            double *back = &m->value[place[b] * m->n + place[a]];
            if (isnan(*back)) *back = w;
            m->gap = true;
        }
        m->sign = m->sign || w < 0;
        m->edges++;
    }
    for (size_t i = 0; i < m->n * m->n && !m->sign; i++) m->value[i] = log10(m->value[i]);
    return BRAM_OK;
}

static int figure_of_matrix(bram_ctx *cx, bram_report *r, const struct matrix *m,
                            const struct node *node, const char *source, const char *layer,
                            const char *unit)
{
    const char **label = bram_scratch(cx, m->n, sizeof *label);
    char caption[640], scale[96];
    if (!label) return BRAM_ENOMEM;
    for (size_t i = 0; i < m->n; i++) label[i] = node[i].name;
    snprintf(scale, sizeof scale, m->sign ? "weight%s%s" : "log10 of weight%s%s",
             strcmp(unit, "1") != 0 && *unit ? ", " : "", strcmp(unit, "1") != 0 ? unit : "");
    bram_figure *f = NULL;
    BRAM_TRY(bram_figure_new(cx, &f, "Connectome",
                             "A matrix: rows send, columns receive, both ordered by type, class "
                             "and name; colour is the weight of a connection."));
    bram_figure_size(f, 640, 600);
    const bram_figure_axis axis = {.labels = label, .label_count = m->n};
    bram_figure_axis x = axis, y = axis;
    x.title = "to", y.title = "from";
    int status = bram_figure_x(cx, f, &x);
    if (status == BRAM_OK) status = bram_figure_y(cx, f, &y);
    if (status == BRAM_OK)
        status = bram_figure_heat(cx, f, &(bram_heat){m->n, m->n, m->value, 0, 0, m->sign, scale});
    snprintf(caption, sizeof caption,
             "Connectome %s, layer %s: %zu connections among %zu nodes, ordered by type, class and "
             "name; names are thinned out where they would touch.%s Grey: no connection between "
             "two nodes that were examined.",
             source, layer, m->edges, m->n,
             m->gap ? " Gap junctions have no direction and stand both ways." : "");
    return bram_report_figure(cx, r, f, status, caption);
}

static bool is_layer(const bram_axis *table)
{
    const bram_column *from = bram_axis_column(table, "from"), *to = bram_axis_column(table, "to");
    const bram_column *weight = bram_axis_column(table, "weight");
    return from && from->text && to && to->text && weight && weight->number;
}

static int write_source(bram_ctx *cx, bram_report *r, const bram_dataset *ds, const char *source)
{
    char prefix[300], path[320];
    snprintf(prefix, sizeof prefix, "connectome/%s/", source);
    snprintf(path, sizeof path, "%snodes", prefix);
    const bram_axis *nodes = bram_dataset_table(ds, path);
    if (!nodes || bram_axis_length(nodes) < 2 || bram_axis_length(nodes) > MOST_NODES)
        return BRAM_OK;
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *at = bram_dataset_table_path(ds, i);
        const bram_axis *table = bram_dataset_table(ds, at);
        if (strncmp(at, prefix, strlen(prefix)) != 0 || !is_layer(table)) continue;
        size_t mark = bram_scratch_mark(cx);
        struct matrix m = {.n = bram_axis_length(nodes)};
        struct node *node = NULL;
        BRAM_TRY(order_nodes(cx, &node, nodes, bram_dataset_table(ds, "neurons")));
        BRAM_TRY(fill_matrix(cx, &m, table, nodes, node));
        if (m.edges)
            BRAM_TRY(figure_of_matrix(cx, r, &m, node, source, at + strlen(prefix),
                                      bram_axis_column(table, "weight")->unit));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

static bool names_worm_neurons(const struct dataset_parts *d)
{
    for (size_t p = 0; p < d->parts; p++)
        if (bram_axis_find(d->part[p].unit, "AVAL") >= 0) return true;
    return false;
}

/* Opens what has a connectome; *out stays NULL where nothing has. */
static int open_connectome(bram_ctx *cx, bram_dataset **out, const bram_report *r,
                           const struct dataset_parts *d)
{
    const char *names[] = {d->name, names_worm_neurons(d) ? "cook2019" : NULL};
    for (size_t i = 0; i < 2 && names[i]; i++) {
        bram_dataset *ds = NULL;
        int status = bram_data_open(cx, &ds, names[i], r->settings->data);
        if (status == BRAM_ENOMEM || status == BRAM_ECANCEL) return status;
        if (status == BRAM_OK && bram_dataset_groups(ds, "connectome")) {
            *out = ds;
            return BRAM_OK;
        }
        bram_dataset_free(ds);
    }
    return BRAM_OK;
}

int bram_section_connectome(bram_ctx *cx, bram_report *r, const struct dataset_parts *d)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(open_connectome(cx, &ds, r, d));
    int status = BRAM_OK;
    for (size_t i = 0; ds && i < bram_dataset_groups(ds, "connectome") && status == BRAM_OK; i++)
        status = write_source(cx, r, ds, bram_dataset_group_at(ds, "connectome", i));
    bram_dataset_free(ds);
    return status;
}
