/*
 * consensus.c - several connectomes brought to one form, and what they agree on.
 *
 * Which sources share animals: White et al. 1986 made whole from N2U, JSH and JSE; Chen, Hall &
 * Chklovskii 2006 (Varshney et al. 2011) revised it on the same micrographs, and OpenWorm compiled
 * theirs. Cook et al. 2019 and 2020 are annotations of their own. Each animal of Witvliet et al.
 * 2021 is one.
 */
#include "consensus_private.h"

#include "import.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = BRAM_NEURONS * BRAM_NEURONS };

static const char *const wire_names[BRAM_WIRES] = {"chemical", "gap", "functional"};

int bram_consensus_new(bram_ctx *cx, bram_consensus **out)
{
    bram_consensus *c = bram_alloc(cx, 1, sizeof *c);
    if (!c) return BRAM_ENOMEM;
    *out = c;
    return BRAM_OK;
}

static void free_wiring(bram_wiring *w)
{
    if (!w) return;
    for (size_t k = 0; k < BRAM_WIRES; k++) bram_free(w->weight[k]);
    bram_free(w);
}

void bram_consensus_free(bram_consensus *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) free_wiring(c->source[i]);
    bram_free(c->source);
    bram_free(c);
}

size_t bram_consensus_sources(const bram_consensus *c)
{
    return c->count;
}

bram_consensus_source bram_consensus_source_at(const bram_consensus *c, size_t i)
{
    const bram_wiring *w = c->source[i];
    bram_consensus_source out = {.name = w->name, .animals = w->animals};
    for (size_t k = 0; k < BRAM_NEURONS; k++) out.examined += w->examined[k];
    for (size_t wire = 0; wire < BRAM_WIRES; wire++) {
        out.has[wire] = w->has[wire];
        for (size_t k = 0; w->has[wire] && k < PAIRS; k++)
            out.pairs[wire] += (wire != BRAM_WIRE_GAP || k / BRAM_NEURONS <= k % BRAM_NEURONS) &&
                               w->weight[wire][k / BRAM_NEURONS][k % BRAM_NEURONS] != 0;
    }
    return out;
}

/* ---- reading a dataset ---------------------------------------------------------------------- */

static const char *group_of(const char *name)
{
    static const char *const white[] = {"white1986", "varshney2011", "openworm"};
    for (size_t i = 0; i < sizeof white / sizeof *white; i++)
        if (strncmp(name, white[i], strlen(white[i])) == 0) return "white1986";
    bool cook = strncmp(name, "cook2019", 8) == 0 || strcmp(name, "cook2020") == 0;
    return cook ? "cook2019" : name;
}

static int read_wire(bram_ctx *cx, bram_wiring *w, size_t wire, const bram_axis *layer)
{
    const bram_column *from = bram_axis_column(layer, "from"), *to = bram_axis_column(layer, "to");
    const bram_column *weight = bram_axis_column(layer, "weight");
    if (!from || !from->text || !to || !to->text || !weight || !weight->number)
        return bram_fail(cx, BRAM_EFORMAT, "connectome/%s/%s: expected columns from, to and weight",
                         w->name, wire_names[wire]);
    w->weight[wire] = bram_alloc(cx, BRAM_NEURONS, sizeof *w->weight[wire]);
    if (!w->weight[wire]) return BRAM_ENOMEM;
    w->has[wire] = true;
    for (size_t i = 0; i < bram_axis_length(layer); i++) {
        int pre = bram_neuron_find(from->text[i]), post = bram_neuron_find(to->text[i]);
        if (pre < 0 || post < 0) continue;
        w->weight[wire][pre][post] = weight->number[i];
        if (wire == BRAM_WIRE_GAP) w->weight[wire][post][pre] = weight->number[i];
    }
    return BRAM_OK;
}

static void read_nodes(bram_wiring *w, const bram_axis *nodes)
{
    const bram_column *examined = bram_axis_column(nodes, "examined");
    for (size_t i = 0; i < bram_axis_length(nodes); i++) {
        int neuron = bram_neuron_find(bram_axis_id(nodes, i));
        if (neuron >= 0)
            w->examined[neuron] = !examined || !examined->integer || examined->integer[i];
    }
}

static int read_source(bram_ctx *cx, bram_wiring *w, const bram_dataset *ds)
{
    char path[160];
    snprintf(path, sizeof path, "connectome/%s", w->name);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, path);
    const char *rules = attrs ? bram_attrs_text(attrs, "rules") : NULL;
    w->published = rules && strcmp(rules, "published") == 0;
    w->animals = group_of(w->name);
    snprintf(path, sizeof path, "connectome/%s/nodes", w->name);
    const bram_axis *nodes = bram_dataset_table(ds, path);
    if (!nodes) return bram_fail(cx, BRAM_EFORMAT, "the dataset has no %s", path);
    read_nodes(w, nodes);
    for (size_t wire = 0; wire < BRAM_WIRES; wire++) {
        snprintf(path, sizeof path, "connectome/%s/%s", w->name, wire_names[wire]);
        const bram_axis *layer = bram_dataset_table(ds, path);
        if (layer) BRAM_TRY(read_wire(cx, w, wire, layer));
    }
    return BRAM_OK;
}

static int check_new(bram_ctx *cx, const bram_consensus *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->source[i]->name, name) == 0)
            return bram_fail(cx, BRAM_EUSAGE, "the source %s is given twice", name);
    return BRAM_OK;
}

static int add_source(bram_ctx *cx, bram_consensus *c, const bram_dataset *ds, const char *name)
{
    BRAM_TRY(check_new(cx, c, name));
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 16;
        bram_wiring **grown = bram_realloc(cx, c->source, room, sizeof *grown);
        if (!grown) return BRAM_ENOMEM;
        c->source = grown;
        c->room = room;
    }
    bram_wiring *w = bram_alloc(cx, 1, sizeof *w);
    if (!w) return BRAM_ENOMEM;
    snprintf(w->name, sizeof w->name, "%s", name);
    int status = read_source(cx, w, ds);
    if (status == BRAM_OK) c->source[c->count++] = w;
    else free_wiring(w);
    return status;
}

/* Whether nodes are cell classes: then edges are sums that other sources do not have. */
static bool is_of_classes(const bram_dataset *ds, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "connectome/%s", name);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, path);
    const char *level = attrs ? bram_attrs_text(attrs, "level") : NULL;
    return level && strcmp(level, "class") == 0;
}

int bram_consensus_add(bram_ctx *cx, bram_consensus *c, const bram_dataset *ds)
{
    size_t n = bram_dataset_groups(ds, "connectome");
    size_t cells = 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = bram_dataset_group_at(ds, "connectome", i);
        if (is_of_classes(ds, name)) continue;
        BRAM_TRY(add_source(cx, c, ds, name));
        cells++;
    }
    return cells ? BRAM_OK
                 : bram_fail(cx, BRAM_EFORMAT, "found no connectome%s",
                             n ? " of cells: those in it are of cell classes" : "");
}

/* ---- voices --------------------------------------------------------------------------------- */

/* Groups that say something of a wire; numbered in the order of their first source. */
static size_t number_groups(const bram_consensus *c, size_t *group)
{
    size_t groups = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = 0;
        while (k < i && strcmp(c->source[k]->animals, c->source[i]->animals) != 0) k++;
        group[i] = k < i ? group[k] : groups++;
    }
    return groups;
}

size_t bram_consensus_groups(const bram_consensus *c)
{
    size_t groups = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = 0;
        while (k < i && strcmp(c->source[k]->animals, c->source[i]->animals) != 0) k++;
        groups += k == i;
    }
    return groups;
}

struct edge {
    double weight;
    size_t pair;
};

static int compare_weights(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
    return (x->pair > y->pair) - (x->pair < y->pair);
}

/* Whether a pair counts: of a gap layer each unordered pair once. */
static bool counts(size_t wire, size_t pair)
{
    return wire != BRAM_WIRE_GAP || pair / BRAM_NEURONS <= pair % BRAM_NEURONS;
}

/* Mid-ranks of the edges over their number, into all pairs of a source. */
static int rank_edges(bram_ctx *cx, double *strength, const bram_wiring *w, size_t wire)
{
    struct edge *edge = bram_scratch(cx, PAIRS, sizeof *edge);
    size_t n = 0;
    if (!edge) return BRAM_ENOMEM;
    for (size_t k = 0; k < PAIRS; k++) {
        double weight = w->weight[wire][k / BRAM_NEURONS][k % BRAM_NEURONS];
        strength[k] = 0;
        if (weight > 0 && counts(wire, k)) edge[n++] = (struct edge){weight, k};
    }
    if (n) qsort(edge, n, sizeof *edge, compare_weights);
    for (size_t i = 0, next; i < n; i = next) {
        for (next = i; next < n && edge[next].weight == edge[i].weight;) next++;
        double mid = 0.5 * (double)(i + 1 + next); /* the mean of the ranks i + 1 .. next */
        for (size_t k = i; k < next; k++) strength[edge[k].pair] = mid / (double)n;
    }
    return BRAM_OK;
}

/* What all sources say of one wire: strengths, one array a source, NULL where it has none. */
struct voices {
    const bram_consensus *c;
    size_t wire, groups, *group;
    double **strength;
};

static int raise_voices(bram_ctx *cx, struct voices *v, const bram_consensus *c, size_t wire)
{
    *v = (struct voices){.c = c, .wire = wire};
    v->group = bram_scratch(cx, c->count, sizeof *v->group);
    v->strength = bram_scratch(cx, c->count, sizeof *v->strength);
    if (!v->group || !v->strength) return BRAM_ENOMEM;
    v->groups = number_groups(c, v->group);
    for (size_t i = 0; i < c->count; i++) {
        if (!c->source[i]->has[wire]) continue;
        v->strength[i] = bram_scratch(cx, PAIRS, sizeof **v->strength);
        if (!v->strength[i]) return BRAM_ENOMEM;
        BRAM_TRY(rank_edges(cx, v->strength[i], c->source[i], wire));
    }
    return BRAM_OK;
}

/* What is agreed on of one pair. */
struct verdict {
    double weight;
    size_t examined, agreeing;
};

static struct verdict judge(const struct voices *v, size_t pair)
{
    struct verdict out = {0, 0, 0};
    double sum = 0;
    for (size_t g = 0; g < v->groups; g++) {
        size_t members = 0, found = 0;
        double strength = 0;
        for (size_t i = 0; i < v->c->count; i++) {
            const bram_wiring *w = v->c->source[i];
            if (v->group[i] != g || !v->strength[i] || !w->examined[pair / BRAM_NEURONS] ||
                !w->examined[pair % BRAM_NEURONS])
                continue;
            members++;
            found += v->strength[i][pair] > 0;
            strength += v->strength[i][pair];
        }
        if (!members) continue;
        out.examined++;
        out.agreeing += 2 * found >= members;
        sum += strength / (double)members;
    }
    if (out.examined) out.weight = sum / (double)out.examined;
    return out;
}

/* ---- tables --------------------------------------------------------------------------------- */

/* The rows of a layer being made. */
struct rows {
    size_t count, *pair;
    struct verdict *verdict;
};

static int collect(bram_ctx *cx, struct rows *r, const struct voices *v, size_t at_least)
{
    size_t room = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        r->count = 0;
        for (size_t k = 0; k < PAIRS; k++) {
            if (!counts(v->wire, k)) continue;
            struct verdict verdict = judge(v, k);
            if (verdict.weight <= 0 || verdict.agreeing < at_least) continue;
            if (pass) r->pair[r->count] = k, r->verdict[r->count] = verdict;
            r->count++;
        }
        if (pass) break;
        room = r->count;
        r->pair = bram_scratch(cx, room, sizeof *r->pair);
        r->verdict = bram_scratch(cx, room, sizeof *r->verdict);
        if (!r->pair || !r->verdict) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* "cook2019+witvliet2021_7": the sources with an edge. The caller frees the text. */
static char *name_sources(bram_ctx *cx, const struct voices *v, size_t pair)
{
    char *text = bram_strdup(cx, "");
    for (size_t i = 0; text && i < v->c->count; i++) {
        if (!v->strength[i] || v->strength[i][pair] <= 0) continue;
        char *longer = bram_strf(cx, "%s%s%s", text, *text ? "+" : "", v->c->source[i]->name);
        bram_free(text);
        text = longer;
    }
    return text;
}

static int add_source_names(bram_ctx *cx, bram_axis *table, const struct voices *v,
                            const struct rows *r)
{
    char **text = bram_scratch(cx, r->count, sizeof *text);
    if (!text) return BRAM_ENOMEM;
    int status = BRAM_OK;
    for (size_t i = 0; i < r->count && status == BRAM_OK; i++) {
        text[i] = name_sources(cx, v, r->pair[i]);
        if (!text[i]) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK)
        status = bram_axis_add_text(cx, table, "sources", (const char *const *)text);
    for (size_t i = 0; i < r->count; i++) bram_free(text[i]);
    return status;
}

static int fill_table(bram_ctx *cx, bram_axis *table, const struct voices *v, const struct rows *r)
{
    const char **text[3];
    int64_t *whole[2];
    double *weight = bram_scratch(cx, r->count, sizeof *weight);
    for (size_t k = 0; k < 3; k++) text[k] = bram_scratch(cx, r->count, sizeof *text[k]);
    for (size_t k = 0; k < 2; k++) whole[k] = bram_scratch(cx, r->count, sizeof *whole[k]);
    if (!weight || !text[0] || !text[1] || !text[2] || !whole[0] || !whole[1]) return BRAM_ENOMEM;
    for (size_t i = 0; i < r->count; i++) {
        text[0][i] = bram_neuron_at(r->pair[i] / BRAM_NEURONS)->name;
        text[1][i] = bram_neuron_at(r->pair[i] % BRAM_NEURONS)->name;
        text[2][i] = wire_names[v->wire];
        weight[i] = r->verdict[i].weight;
        whole[0][i] = (int64_t)r->verdict[i].examined;
        whole[1][i] = (int64_t)r->verdict[i].agreeing;
    }
    BRAM_TRY(bram_axis_add_text(cx, table, "from", text[0]));
    BRAM_TRY(bram_axis_add_text(cx, table, "to", text[1]));
    BRAM_TRY(bram_axis_add_number(cx, table, "weight", weight, "quantile"));
    BRAM_TRY(bram_axis_add_text(cx, table, "type", text[2]));
    BRAM_TRY(bram_axis_add_integer(cx, table, "examined", whole[0]));
    BRAM_TRY(bram_axis_add_integer(cx, table, "agreeing", whole[1]));
    return add_source_names(cx, table, v, r);
}

static int put_wire(bram_ctx *cx, const bram_consensus *c, bram_dataset *out, size_t wire,
                    size_t at_least)
{
    struct voices v;
    struct rows r = {0};
    bram_axis *table = NULL;
    BRAM_TRY(raise_voices(cx, &v, c, wire));
    BRAM_TRY(collect(cx, &r, &v, at_least));
    BRAM_TRY(bram_axis_new(cx, &table, wire_names[wire], r.count));
    int status = fill_table(cx, table, &v, &r);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, out, "connectome/consensus", table);
    bram_axis_free(table);
    return status;
}

/* How many voices of synapses or gap junctions examined a neuron. */
static size_t voices_on(const bram_consensus *c, const size_t *group, size_t neuron)
{
    size_t voices = 0;
    for (size_t i = 0; i < c->count; i++) {
        size_t k = 0;
        while (k < c->count && !(group[k] == group[i] && c->source[k]->examined[neuron] &&
                                 (c->source[k]->has[0] || c->source[k]->has[1])))
            k++;
        voices += k == i; /* the first of its voice that did */
    }
    return voices;
}

/* All neurons that any source examined, and by how many it was. Examined are those of which enough
 * voices could have agreed: elsewhere the lack of an edge says nothing. */
static int put_nodes(bram_ctx *cx, const bram_consensus *c, bram_dataset *out, size_t at_least)
{
    static const char *const columns[] = {NULL, "class", "transmitter", "type"};
    const char *text[4][BRAM_NEURONS], *kind[BRAM_NEURONS];
    int64_t sources[BRAM_NEURONS], examined[BRAM_NEURONS];
    size_t n = 0, *group = bram_scratch(cx, c->count, sizeof *group);
    if (!group) return BRAM_ENOMEM;
    number_groups(c, group);
    for (size_t i = 0; i < BRAM_NEURONS; i++) {
        const bram_neuron *neuron = bram_neuron_at(i);
        sources[n] = 0;
        for (size_t s = 0; s < c->count; s++) sources[n] += c->source[s]->examined[i];
        if (!sources[n]) continue;
        text[0][n] = neuron->name, text[1][n] = neuron->class_name;
        text[2][n] = neuron->transmitter, text[3][n] = neuron->type;
        kind[n] = "neuron";
        examined[n++] = voices_on(c, group, i) >= at_least;
    }
    bram_axis *nodes = NULL;
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", n));
    int status = bram_axis_set_ids(cx, nodes, text[0]);
    for (size_t k = 1; status == BRAM_OK && k < 4; k++)
        status = bram_axis_add_text(cx, nodes, columns[k], text[k]);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, nodes, "kind", kind);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "examined", examined);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "examined_by", sources);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, out, "connectome/consensus", nodes);
    bram_axis_free(nodes);
    return status;
}

/* A source that was put together from others would give them a second voice. */
static int check_source(bram_ctx *cx, const bram_wiring *w)
{
    static const char *const sums[] = {"wormneuroatlas", "simeon2024", "consensus"};
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (strcmp(w->name, sums[i]) == 0)
            return bram_fail(cx, BRAM_EUSAGE, "%s is made of other sources: leave it out", w->name);
    if (!w->published) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "%s was imported with rules=published, which loses neurons",
                     w->name);
}

int bram_consensus_agree(bram_ctx *cx, const bram_consensus *c, bram_dataset *out, size_t at_least)
{
    size_t mark = bram_scratch_mark(cx);
    bool has[2] = {false, false};
    for (size_t i = 0; i < c->count; i++) {
        BRAM_TRY(check_source(cx, c->source[i]));
        for (size_t wire = 0; wire < 2; wire++) has[wire] |= c->source[i]->has[wire];
    }
    if (!has[0] && !has[1])
        return bram_fail(cx, BRAM_EUSAGE, "no source has chemical synapses or gap junctions");
    int status = put_nodes(cx, c, out, at_least);
    for (size_t wire = 0; wire < 2 && status == BRAM_OK; wire++)
        if (has[wire]) status = put_wire(cx, c, out, wire, at_least);
    bram_scratch_release(cx, mark);
    return status == BRAM_OK ? bram_add_neurons(cx, out) : status;
}
