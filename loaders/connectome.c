/*
 * connectome.c - collecting the entries of a connectome: names to nodes, duplicates added up, gap
 * junctions once. What is written of it is in connectome_put.c.
 */
#include "connectome_private.h"

#include "labels.h"
#include "neurons.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = BRAM_CONNECTOME_LAYERS, NAME = 64 };

int bram_connectome_new(bram_ctx *cx, bram_connectome **out, const bram_options *options)
{
    bram_connectome *c = bram_alloc(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    c->published = bram_option_is(options, "rules", "published");
    *out = c;
    return BRAM_OK;
}

void bram_connectome_free(bram_connectome *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->names; i++) bram_free(c->raw[i]);
    for (size_t i = 0; i < c->nodes; i++) bram_free(c->id[i]);
    for (size_t i = 0; i < c->texts; i++) bram_free(c->text[i]);
    bram_text_index_release(&c->raw_index);
    bram_text_index_release(&c->id_index);
    bram_text_index_release(&c->text_index);
    bram_free(c->raw);
    bram_free(c->node_of);
    bram_free(c->id);
    bram_free(c->node);
    bram_free(c->text);
    bram_free(c->edge);
    bram_free(c);
}

bool bram_connectome_is_published(const bram_connectome *c)
{
    return c->published;
}

int bram_connectome_add_layer(bram_ctx *cx, bram_connectome *c, const bram_layer *layer)
{
    if (c->layers == MAX_LAYERS)
        return bram_fail(cx, BRAM_EFORMAT, "found more than %d layers", MAX_LAYERS);
    c->layer[c->layers++] = *layer;
    return BRAM_OK;
}

void bram_connectome_set_unit(bram_connectome *c, size_t layer, const char *unit)
{
    c->layer[layer].unit = unit;
}

/* ---- texts, each kept once ------------------------------------------------------------------ */

/* Room for one more of `used` things. @return NULL without memory; the array is as before */
static void *grow(bram_ctx *cx, void *array, size_t used, size_t *room, size_t size)
{
    if (used < *room) return array;
    size_t wanted = *room ? 2 * *room : 64;
    void *grown = bram_realloc(cx, array, wanted, size);
    if (grown) *room = wanted;
    return grown;
}

/* Finds the text in a list that has an index, or appends it. @param at  its place */
static int intern(bram_ctx *cx, char ***list, size_t *used, size_t *room, bram_text_index *index,
                  const char *text, size_t *at)
{
    ptrdiff_t found = bram_text_index_find(index, (const char *const *)*list, text);
    if (found >= 0) {
        *at = (size_t)found;
        return BRAM_OK;
    }
    char **grown = grow(cx, *list, *used, room, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    *list = grown;
    BRAM_TRY(bram_text_index_reserve(cx, index, (const char *const *)*list, *used + 1));
    char *copy = bram_strdup(cx, text);
    if (!copy) return BRAM_ENOMEM;
    *at = *used;
    (*list)[(*used)++] = copy;
    bram_text_index_add(index, (const char *const *)*list, *at);
    return BRAM_OK;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static const char *kind_of(const bram_label *label, const char *name)
{
    static const char *const kinds[] = {"unknown", "glia", "muscle", "other"};
    bool neuron = label->certainty == BRAM_LABEL_EXACT || label->class_name[0];
    return neuron ? "neuron" : kinds[bram_cell_recognize(name)];
}

static int new_node(bram_ctx *cx, bram_connectome *c, const char *name, const bram_label *label,
                    size_t *at)
{
    bool exact = bram_label_is_certain(label);
    const char *id = exact ? bram_neuron_at((size_t)label->neuron)->name : name;
    size_t before = c->nodes;
    struct connectome_node *grown = grow(cx, c->node, c->nodes, &c->node_room, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    c->node = grown;
    BRAM_TRY(intern(cx, &c->id, &c->nodes, &c->id_room, &c->id_index, id, at));
    if (*at < before) return BRAM_OK; /* another spelling of it was met */
    c->node[*at] = (struct connectome_node){.neuron = exact ? label->neuron : -1,
                                            .kind = kind_of(label, name)};
    memcpy(c->node[*at].class_name, label->class_name, sizeof label->class_name);
    return BRAM_OK;
}

/* Copies a name without the blanks around it. @return false when nothing or too much is left */
static bool trim(char name[NAME], const char *text)
{
    while (isspace((unsigned char)*text)) text++;
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1])) length--;
    if (length == 0 || length >= NAME) return false;
    memcpy(name, text, length);
    name[length] = 0;
    return true;
}

/*
 * The node of a name, made when it is new; SIZE_MAX when the rules leave the cell out. rules=
 * published takes the text as it is, blanks and zeros included.
 */
static int find_node(bram_ctx *cx, bram_connectome *c, const char *text, size_t *node)
{
    char name[NAME];
    size_t at, before = c->names;
    if (!text || !trim(name, text))
        return bram_fail(cx, BRAM_EFORMAT, "found \"%.70s\", expected the name of a cell",
                         text ? text : "");
    size_t *grown = grow(cx, c->node_of, c->names, &c->node_of_room, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    c->node_of = grown;
    BRAM_TRY(intern(cx, &c->raw, &c->names, &c->raw_room, &c->raw_index, text, &at));
    if (at == before) {
        c->node_of[at] = SIZE_MAX;
        bram_label label = bram_label_parse(name, (double)NAN, 0);
        if (!c->published || bram_neuron_find(text) >= 0) {
            int status = new_node(cx, c, name, &label, &c->node_of[at]);
            if (status != BRAM_OK) return status;
        }
    }
    *node = c->node_of[at];
    return BRAM_OK;
}

int bram_connectome_examine(bram_ctx *cx, bram_connectome *c, const char *name, unsigned as)
{
    size_t node;
    BRAM_TRY(find_node(cx, c, name, &node));
    if (node != SIZE_MAX) c->node[node].looked |= as;
    return BRAM_OK;
}

/* ---- entries -------------------------------------------------------------------------------- */

int bram_connectome_add(bram_ctx *cx, bram_connectome *c, size_t layer, const bram_entry *entry)
{
    struct connectome_edge e = {.layer = layer, .order = c->edges, .weight = entry->weight};
    bool any = c->layer[layer].any;
    if (!isfinite(entry->weight) || (!any && entry->weight < 0))
        return bram_fail(cx, BRAM_EFORMAT, "found %g, expected a number of %s%s", entry->weight,
                         c->layer[layer].unit, any ? "" : ", 0 or more");
    BRAM_TRY(find_node(cx, c, entry->pre, &e.from));
    BRAM_TRY(find_node(cx, c, entry->post, &e.to));
    if (e.from == SIZE_MAX || e.to == SIZE_MAX || (!any && entry->weight == 0)) return BRAM_OK;
    BRAM_TRY(intern(cx, &c->text, &c->texts, &c->text_room, &c->text_index,
                    entry->transmitter ? entry->transmitter : "", &e.transmitter));
    BRAM_TRY(intern(cx, &c->text, &c->texts, &c->text_room, &c->text_index,
                    entry->receptor ? entry->receptor : "", &e.receptor));
    memcpy(e.number, entry->number, sizeof e.number);
    struct connectome_edge *grown = grow(cx, c->edge, c->edges, &c->edge_room, sizeof *grown);
    if (!grown) return BRAM_ENOMEM;
    c->edge = grown;
    c->edge[c->edges++] = e;
    return BRAM_OK;
}

/* ---- sorting, adding up --------------------------------------------------------------------- */

/* A node to be sorted: canonical neurons in their order, then the other nodes by name. */
struct place {
    int neuron;
    const char *id;
    size_t node;
};

static int compare_places(const void *x, const void *y)
{
    const struct place *a = x, *b = y;
    if (a->neuron >= 0 && b->neuron >= 0) return (a->neuron > b->neuron) - (a->neuron < b->neuron);
    if (a->neuron >= 0 || b->neuron >= 0) return a->neuron >= 0 ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int rank_nodes(bram_ctx *cx, const bram_connectome *c, size_t *sorted, size_t *rank)
{
    struct place *place = bram_scratch(cx, c->nodes, sizeof *place);
    if (!place) return BRAM_ENOMEM;
    for (size_t i = 0; i < c->nodes; i++) place[i] = (struct place){c->node[i].neuron, c->id[i], i};
    if (c->nodes) qsort(place, c->nodes, sizeof *place, compare_places);
    for (size_t i = 0; i < c->nodes; i++) {
        sorted[i] = place[i].node;
        rank[place[i].node] = i;
    }
    return BRAM_OK;
}

/* By layer, pair, transmitter and receptor; then in the order of the file. Nodes are ranks here. */
static int compare_keys(const struct connectome_edge *a, const struct connectome_edge *b)
{
    if (a->layer != b->layer) return a->layer < b->layer ? -1 : 1;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    if (a->to != b->to) return a->to < b->to ? -1 : 1;
    if (a->transmitter != b->transmitter) return a->transmitter < b->transmitter ? -1 : 1;
    return a->receptor != b->receptor ? (a->receptor < b->receptor ? -1 : 1) : 0;
}

static int compare_edges(const void *x, const void *y)
{
    const struct connectome_edge *a = x, *b = y;
    int key = compare_keys(a, b);
    return key ? key : (a->order > b->order) - (a->order < b->order);
}

/* The edges of a symmetric layer point one way; `back` keeps what the other direction said. */
static void fold(const bram_connectome *c, struct connectome_edge *e)
{
    if (!c->layer[e->layer].symmetric || e->from <= e->to) return;
    size_t from = e->from;
    e->from = e->to, e->to = from;
    e->back = e->weight, e->weight = 0;
}

static int refuse_twice(bram_ctx *cx, const bram_connectome *c, const struct connectome_edge *e,
                        const size_t *sorted)
{
    return bram_fail(cx, BRAM_EFORMAT, "layer %s: found the pair %s, %s twice, expected once",
                     c->layer[e->layer].name, c->id[sorted[e->from]], c->id[sorted[e->to]]);
}

int bram_connectome_settle(bram_ctx *cx, bram_connectome *c, size_t *sorted)
{
    size_t *rank = bram_scratch(cx, c->nodes, sizeof *rank), kept = 0;
    if (!rank) return BRAM_ENOMEM;
    BRAM_TRY(rank_nodes(cx, c, sorted, rank));
    for (size_t i = 0; i < c->edges; i++) {
        c->edge[i].from = rank[c->edge[i].from];
        c->edge[i].to = rank[c->edge[i].to];
        fold(c, &c->edge[i]);
    }
    if (c->edges) qsort(c->edge, c->edges, sizeof *c->edge, compare_edges);
    for (size_t i = 0; i < c->edges; i++) {
        struct connectome_edge *last = kept ? &c->edge[kept - 1] : NULL;
        if (!last || compare_keys(last, &c->edge[i]) != 0) {
            c->edge[kept++] = c->edge[i];
            continue;
        }
        if (c->layer[last->layer].any) return refuse_twice(cx, c, last, sorted);
        last->weight += c->edge[i].weight;
        last->back += c->edge[i].back;
    }
    c->edges = kept;
    return BRAM_OK;
}

double bram_connectome_weight(const struct connectome_edge *e)
{
    return e->weight != 0 && e->back != 0 ? 0.5 * (e->weight + e->back) : e->weight + e->back;
}
