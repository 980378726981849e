/*
 * connectome_put.c - a collected connectome as tables of a dataset: nodes, layers, figures, report.
 *
 * The sign of a chemical synapse is predicted from the transmitter of its presynaptic neuron:
 * acetylcholine +1, GABA -1; glutamate has receptors of both signs and the monoamines modulate, so
 * that they get 0, not predicted. (Varshney et al. 2011 count all but the 26 GABAergic neurons as
 * excitatory.) Where several transmitters are told, there is a sign only when they agree.
 */
#include "connectome_private.h"

#include "import.h"
#include "labels.h"

#include <math.h>
#include <string.h>

/* Scratch arrays that the tables are copied from. */
struct columns {
    const char **from, **to, **type, **transmitter, **receptor;
    double *weight, *number[BRAM_LAYER_NUMBERS];
    int64_t *sign;
};

/* ---- nodes ---------------------------------------------------------------------------------- */

/* What the neuron table says of a class whose members are alike: AWC of AWCON. */
static const bram_neuron *neuron_of(const struct connectome_node *node)
{
    size_t first;
    if (node->neuron >= 0) return bram_neuron_at((size_t)node->neuron);
    bool known = bram_neuron_class_members(node->class_name, strlen(node->class_name), &first) > 0;
    return known ? bram_neuron_at(first) : NULL;
}

static int put_nodes(bram_ctx *cx, const bram_connectome *c, bram_dataset *ds, const char *group,
                     const size_t *sorted)
{
    static const char *const names[] = {"class", "transmitter", "type", "kind"};
    const char **text[5];
    int64_t *examined = bram_scratch(cx, c->nodes, sizeof *examined);
    for (size_t k = 0; k < 5; k++) {
        text[k] = bram_scratch(cx, c->nodes, sizeof *text[k]);
        if (!text[k] || !examined) return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < c->nodes; i++) {
        const struct connectome_node *node = &c->node[sorted[i]];
        const bram_neuron *neuron = neuron_of(node);
        text[0][i] = neuron ? neuron->class_name : "";
        text[1][i] = neuron ? neuron->transmitter : "";
        text[2][i] = neuron ? neuron->type : "";
        text[3][i] = node->kind;
        text[4][i] = c->id[sorted[i]];
        examined[i] = node->looked == BRAM_AS_BOTH && strcmp(node->kind, "neuron") == 0;
    }
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "nodes", c->nodes));
    int status = bram_axis_set_ids(cx, table, text[4]);
    for (size_t k = 0; status == BRAM_OK && k < 4; k++)
        status = bram_axis_add_text(cx, table, names[k], text[k]);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, table, "examined", examined);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, table);
    bram_axis_free(table);
    return status;
}

/* ---- layers --------------------------------------------------------------------------------- */

static int sign_of(const char *transmitter)
{
    bool excites = strcmp(transmitter, "ACh") == 0 || strcmp(transmitter, "Acetylcholine") == 0;
    return excites ? 1 : strcmp(transmitter, "GABA") == 0 ? -1 : 0;
}

static int make_columns(bram_ctx *cx, struct columns *t, size_t count)
{
    const char ***texts[] = {&t->from, &t->to, &t->type, &t->transmitter, &t->receptor};
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        *texts[k] = bram_scratch(cx, count, sizeof **texts[k]);
        if (!*texts[k]) return BRAM_ENOMEM;
    }
    for (size_t k = 0; k < BRAM_LAYER_NUMBERS; k++) {
        t->number[k] = bram_scratch(cx, count, sizeof *t->number[k]);
        if (!t->number[k]) return BRAM_ENOMEM;
    }
    t->weight = bram_scratch(cx, count, sizeof *t->weight);
    t->sign = bram_scratch(cx, count, sizeof *t->sign);
    return t->weight && t->sign ? BRAM_OK : BRAM_ENOMEM;
}

static void fill_columns(const bram_connectome *c, size_t layer, const size_t *sorted,
                         struct columns *t)
{
    size_t n = 0;
    for (size_t i = 0; i < c->edges; i++) {
        const struct connectome_edge *e = &c->edge[i];
        if (e->layer != layer) continue;
        const bram_neuron *pre = neuron_of(&c->node[sorted[e->from]]);
        const char *told = c->text[e->transmitter];
        t->from[n] = c->id[sorted[e->from]];
        t->to[n] = c->id[sorted[e->to]];
        t->type[n] = c->layer[layer].type;
        t->transmitter[n] = told[0] ? told : pre ? pre->transmitter : "";
        t->receptor[n] = c->text[e->receptor];
        t->weight[n] = bram_connectome_weight(e);
        t->sign[n] = sign_of(t->transmitter[n]);
        for (size_t k = 0; k < BRAM_LAYER_NUMBERS; k++) t->number[k][n] = e->number[k];
        n++;
    }
}

static int add_columns(bram_ctx *cx, bram_axis *table, const bram_layer *layer,
                       const struct columns *t)
{
    bool chemical = strcmp(layer->type, "chemical") == 0;
    BRAM_TRY(bram_axis_add_text(cx, table, "from", t->from));
    BRAM_TRY(bram_axis_add_text(cx, table, "to", t->to));
    BRAM_TRY(bram_axis_add_number(cx, table, "weight", t->weight, layer->unit));
    BRAM_TRY(bram_axis_add_text(cx, table, "type", t->type));
    if (chemical || layer->receptor)
        BRAM_TRY(bram_axis_add_text(cx, table, "transmitter", t->transmitter));
    if (chemical) BRAM_TRY(bram_axis_add_integer(cx, table, "sign", t->sign));
    if (layer->receptor) BRAM_TRY(bram_axis_add_text(cx, table, "receptor", t->receptor));
    for (size_t k = 0; k < BRAM_LAYER_NUMBERS && layer->number[k]; k++)
        BRAM_TRY(bram_axis_add_number(cx, table, layer->number[k], t->number[k], ""));
    return BRAM_OK;
}

static int put_layer(bram_ctx *cx, const bram_connectome *c, bram_dataset *ds, const char *group,
                     size_t layer, const size_t *sorted)
{
    struct columns t = {0};
    bram_axis *table = NULL;
    size_t count = 0;
    for (size_t i = 0; i < c->edges; i++) count += c->edge[i].layer == layer;
    if (count == 0) return BRAM_OK; /* the source does not have it */
    BRAM_TRY(make_columns(cx, &t, count));
    fill_columns(c, layer, sorted, &t);
    BRAM_TRY(bram_axis_new(cx, &table, c->layer[layer].name, count));
    int status = add_columns(cx, table, &c->layer[layer], &t);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, table);
    bram_axis_free(table);
    return status;
}

/* ---- figures -------------------------------------------------------------------------------- */

/* What other tools count of the chemical and the gap layer, between the 300 neurons: pairs and
 * weights as the file lists them, gap junctions in both directions where it does. */
struct figures {
    int64_t pairs, entries, self, uneven, either, nodes, partners;
    double chemical, gap;
    unsigned char *seen; /* neurons x neurons: an edge of either layer */
    bool has[2], *connected;
};

static void count_edge(struct figures *f, const struct connectome_edge *e, bool gap, int pre,
                       int post)
{
    size_t there = (size_t)pre * BRAM_NEURONS + (size_t)post;
    size_t back = (size_t)post * BRAM_NEURONS + (size_t)pre;
    f->connected[pre] = f->connected[post] = true;
    f->either += !f->seen[there];
    f->seen[there] = 1;
    if (!gap) {
        f->pairs++;
        f->chemical += e->weight;
        return;
    }
    f->either += !f->seen[back];
    f->seen[back] = 1;
    f->entries += (e->weight > 0) + (e->back > 0);
    f->self += pre == post;
    f->uneven += e->weight > 0 && e->back > 0 && e->weight != e->back;
    f->gap += e->weight + e->back;
}

static int count_all(bram_ctx *cx, const bram_connectome *c, const size_t *sorted,
                     struct figures *f)
{
    f->seen = bram_scratch(cx, BRAM_NEURONS, BRAM_NEURONS);
    f->connected = bram_scratch(cx, BRAM_NEURONS, sizeof *f->connected);
    if (!f->seen || !f->connected) return BRAM_ENOMEM;
    for (size_t i = 0; i < c->edges; i++) {
        const struct connectome_edge *e = &c->edge[i];
        const char *type = c->layer[e->layer].type;
        bool gap = strcmp(type, "gap") == 0;
        int pre = c->node[sorted[e->from]].neuron, post = c->node[sorted[e->to]].neuron;
        if (!gap && strcmp(type, "chemical") != 0) continue;
        f->has[gap] = true;
        if (pre < 0 || post < 0) f->partners++;
        else count_edge(f, e, gap, pre, post);
    }
    for (size_t i = 0; i < BRAM_NEURONS; i++) f->nodes += f->connected[i];
    return BRAM_OK;
}

static int put_figures(bram_ctx *cx, bram_attrs *attrs, const struct figures *f)
{
    const struct {
        const char *name;
        int64_t value;
        bool has;
    } counts[] = {{"chemical_pairs", f->pairs, f->has[0]},
                  {"gap_entries", f->entries, f->has[1]},
                  {"gap_self", f->self, f->has[1]},
                  {"gap_uneven_pairs", f->uneven, f->has[1]},
                  {"connected_ordered_pairs", f->either, f->has[0] || f->has[1]},
                  {"connected_nodes", f->nodes, f->has[0] || f->has[1]},
                  {"edges_with_other_cells", f->partners, f->has[0] || f->has[1]}};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].has)
            BRAM_TRY(bram_attrs_set_integer(cx, attrs, counts[i].name, counts[i].value));
    if (f->has[0]) BRAM_TRY(bram_attrs_set_number(cx, attrs, "chemical_weight", f->chemical));
    if (f->has[1]) BRAM_TRY(bram_attrs_set_number(cx, attrs, "gap_weight_as_listed", f->gap));
    return BRAM_OK;
}

static int put_attributes(bram_ctx *cx, const bram_connectome *c, bram_dataset *ds,
                          const char *group, const size_t *sorted)
{
    struct figures f = {0};
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, group);
    if (!attrs) return BRAM_ENOMEM;
    BRAM_TRY(count_all(cx, c, sorted, &f));
    BRAM_TRY(put_figures(cx, attrs, &f));
    if (f.has[0]) {
        BRAM_TRY(bram_attrs_set_text(cx, attrs, "transmitter_source",
                                     "the file where it tells one, else the table neurons"));
        BRAM_TRY(bram_attrs_set_text(cx, attrs, "sign_source",
                                     "transmitter: ACh 1, GABA -1, others 0 (not predicted)"));
    }
    BRAM_TRY(bram_attrs_set_text(cx, attrs, "direction",
                                 "from presynaptic (stimulated) to postsynaptic (responding); each "
                                 "gap junction once for both directions"));
    return bram_attrs_set_text(cx, attrs, "rules", c->published ? "published" : "corrected");
}

/* ---- the report ----------------------------------------------------------------------------- */

enum { RECORDING, RAW, LABEL, CERTAINTY, REASON, TEXTS };

/* What became of name i of a connectome. */
static void report_name(const bram_connectome *c, size_t i, const char *source, size_t row,
                        const char **text[TEXTS])
{
    bram_label parsed = bram_label_parse(c->raw[i], (double)NAN, 0);
    bool kept = c->node_of[i] != SIZE_MAX, exact = bram_label_is_certain(&parsed);
    bool lost = !kept && exact;
    text[RECORDING][row] = source;
    text[RAW][row] = c->raw[i];
    text[LABEL][row] = kept && exact ? bram_neuron_at((size_t)parsed.neuron)->name : "";
    text[CERTAINTY][row] = bram_certainty_name(lost ? BRAM_LABEL_UNLABELED : parsed.certainty);
    text[REASON][row] = lost ? "not spelt as the canonical name (rules=published)" : parsed.reason;
}

static int put_report(bram_ctx *cx, bram_dataset *ds, bram_connectome *const *c,
                      const char *const *sources, size_t n)
{
    static const char *const columns[TEXTS] = {"recording", "raw_label", "label", "certainty",
                                               "reason"};
    const char **text[TEXTS];
    size_t rows = 0, row = 0;
    for (size_t k = 0; k < n; k++) rows += c[k]->names;
    int64_t *trace = bram_scratch(cx, rows, sizeof *trace);
    for (size_t k = 0; k < TEXTS; k++) {
        text[k] = bram_scratch(cx, rows, sizeof *text[k]);
        if (!text[k] || !trace) return BRAM_ENOMEM;
    }
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < c[k]->names; i++, row++) {
            trace[row] = (int64_t)i + 1;
            report_name(c[k], i, sources[k], row, text);
        }
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "import_report", rows));
    int status = bram_axis_add_integer(cx, table, "trace", trace);
    for (size_t k = 0; status == BRAM_OK && k < TEXTS; k++)
        status = bram_axis_add_text(cx, table, columns[k], text[k]);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "", table);
    bram_axis_free(table);
    return status;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static int put_tables(bram_ctx *cx, bram_connectome *c, bram_dataset *ds, const char *group)
{
    size_t *sorted = bram_scratch(cx, c->nodes, sizeof *sorted);
    if (!sorted) return BRAM_ENOMEM;
    if (!c->edges)
        return bram_fail(cx, BRAM_EFORMAT, "found no edge between two of its %zu names", c->names);
    BRAM_TRY(bram_connectome_settle(cx, c, sorted));
    BRAM_TRY(put_nodes(cx, c, ds, group, sorted));
    for (size_t layer = 0; layer < c->layers; layer++)
        BRAM_TRY(put_layer(cx, c, ds, group, layer, sorted));
    return put_attributes(cx, c, ds, group, sorted);
}

static int put_one(bram_ctx *cx, bram_connectome *c, bram_dataset *ds, const char *source)
{
    size_t mark = bram_scratch_mark(cx);
    char *group = bram_strf(cx, "connectome/%s", source);
    if (!group) return BRAM_ENOMEM;
    int status = bram_dataset_find_attrs(ds, group)
                     ? bram_fail(cx, BRAM_EUSAGE, "two of the files hold %s", source)
                     : put_tables(cx, c, ds, group);
    bram_free(group);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_connectome_put_all(bram_ctx *cx, bram_dataset *ds, bram_connectome *const *connectomes,
                            const char *const *sources, size_t n)
{
    for (size_t k = 0; k < n; k++) BRAM_TRY(put_one(cx, connectomes[k], ds, sources[k]));
    size_t mark = bram_scratch_mark(cx);
    int status = put_report(cx, ds, connectomes, sources, n);
    bram_scratch_release(cx, mark);
    return status == BRAM_OK ? bram_add_neurons(cx, ds) : status;
}

int bram_connectome_put(bram_ctx *cx, bram_connectome *c, bram_dataset *ds, const char *source)
{
    return bram_connectome_put_all(cx, ds, &c, &source, 1);
}
