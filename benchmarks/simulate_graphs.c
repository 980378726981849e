/*
 * simulate_graphs.c - weighted graphs with known communities (core/lfr.h) in the nine settings of
 * the benchmark of Dyballa et al. 2024 (arXiv 2402.14102): 125 nodes, degrees to 100, t1 = 2,
 * t2 = 1, ten graphs each, drawn with the seeds 13 to 22.
 *
 * The settings name what differs: strengths grow as degree^0.5, ^1, ^2 at mixing 0.5; mixing of
 * edges 0.25, 0.5, 0.75; mean degree 10 in place of 25; mixing of weights 0.25, 0.75. Where it is
 * not said otherwise the mixings are 0.5 and the exponent of strengths is 1.5, the default of the
 * authors' program. Each graph is a connectome/SETTING-SEED: nodes with their community, layer lfr.
 */
#include "lfr.h"
#include "simulate.h"

#include <math.h>
#include <stdio.h>

enum { NODES = 125, FIRST_SEED = 13, FEW = 3, MANY = 10 };

static const struct setting {
    const char *name;
    double degree, mixing, weight_mixing, exponent;
} settings[] = {{"beta0.5", 25, 0.5, 0.5, 0.5},     {"beta1", 25, 0.5, 0.5, 1},
                {"beta2", 25, 0.5, 0.5, 2},         {"mixing0.25", 25, 0.25, 0.5, 1.5},
                {"mixing0.5", 25, 0.5, 0.5, 1.5},   {"mixing0.75", 25, 0.75, 0.5, 1.5},
                {"degree10", 10, 0.5, 0.5, 1.5},    {"weights0.25", 25, 0.5, 0.25, 1.5},
                {"weights0.75", 25, 0.5, 0.75, 1.5}};

static int add_nodes(bram_ctx *cx, bram_dataset *ds, const char *group, const char *const *id,
                     const bram_lfr *g)
{
    int64_t community[NODES], examined[NODES];
    for (size_t i = 0; i < NODES; i++) community[i] = (int64_t)g->community[i], examined[i] = 1;
    bram_axis *nodes = NULL;
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", NODES));
    int status = bram_axis_set_ids(cx, nodes, id);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "examined", examined);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "community", community);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, nodes);
    bram_axis_free(nodes);
    return status;
}

static int add_edges(bram_ctx *cx, bram_dataset *ds, const char *group, const char *const *id,
                     const bram_lfr *g)
{
    const char **text = bram_scratch(cx, g->edges, 3 * sizeof *text);
    if (!text) return BRAM_ENOMEM;
    const char **from = text, **to = text + g->edges, **type = text + 2 * g->edges;
    for (size_t e = 0; e < g->edges; e++)
        from[e] = id[g->from[e]], to[e] = id[g->to[e]], type[e] = "functional";
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, "lfr", g->edges));
    int status = bram_axis_add_text(cx, table, "from", from);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "to", to);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "weight", g->weight, "1");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "type", type);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, group, table);
    bram_axis_free(table);
    return status;
}

static int add_graph(bram_ctx *cx, bram_dataset *ds, const struct setting *s, uint64_t number,
                     const char *const *id, uint64_t seed)
{
    char group[64];
    bram_lfr g;
    bram_lfr_settings o = {NODES, s->degree, 100,         s->mixing,           s->weight_mixing,
                           2,     1,         s->exponent, number + 1000 * seed};
    snprintf(group, sizeof group, "connectome/%s-%d", s->name, (int)number);
    BRAM_TRY(bram_lfr_make(cx, &g, &o));
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "setting", s->name));
    BRAM_TRY(add_nodes(cx, ds, group, id, &g));
    return add_edges(cx, ds, group, id, &g);
}

int bram_simulate_graphs(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    char text[NODES][8];
    const char *id[NODES];
    for (size_t i = 0; i < NODES; i++) {
        snprintf(text[i], sizeof text[i], "n%03zu", i + 1);
        id[i] = text[i];
    }
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++)
        for (uint64_t k = 0; k < (full ? MANY : FEW); k++) {
            size_t mark = bram_scratch_mark(cx);
            int status = add_graph(cx, out, &settings[s], FIRST_SEED + k, id, seed);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
        }
    return BRAM_OK;
}
