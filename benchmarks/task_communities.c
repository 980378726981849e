/*
 * task_communities.c - the task "communities": are the known communities of weighted graphs found?
 *
 * What competes is a kind of block model (core/block_model.h), fitted to each graph alone. A graph
 * is a connectome/ID whose nodes have a column `community` (integer) and whose one layer has the
 * edges, each once, undirected. Graphs with the same attribute `setting` are one part; those
 * without it are parts of their own.
 *
 * Raw values are the graphs' own scores; those whose truth is one community have none (as in
 * Dyballa et al. 2024, arXiv 2402.14102). Intervals: bootstrap over graphs. Chance is that of one
 * community for all nodes: 0 for nmi and ari.
 */
#include "block_model.h"
#include "resample.h"
#include "scores.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"weights", BRAM_PARAM_CHOICE, "exponential", "exponential|none", 0, 0,
     "whether weights of edges are described as well"},
    {"restarts", BRAM_PARAM_INTEGER, "4", NULL, 1, 1000, "agglomerations of each graph"},
    {"rounds", BRAM_PARAM_INTEGER, "20", NULL, 0, 1000, "of mergers and splits, at most"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

/* In the order of bram_block_kind. */
static const bram_contestant kinds[] = {
    {"sbm-plain", "stochastic block model, exponential weights"},
    {"sbm-corrected", "the same with degrees given (degree-corrected)"},
    {"sbm-bernoulli", "the same of simple graphs: each pair an edge or none"},
    {"sbm", "plain or degree-corrected, whichever describes the graph shorter"},
    {NULL, NULL}};

struct communities {
    const bram_cell *cell;
    bram_block_settings settings;
    bool weighted;
    char stream[128];
    size_t graphs, *graph; /* numbers of the groups below connectome/ */
    double *blocks, *nats; /* found, of each */
    bram_axis *axis;
    bram_scores *scores;
};

/* The part that a graph belongs to. */
static const char *part_of(const bram_dataset *ds, const char *id)
{
    char group[300];
    snprintf(group, sizeof group, "connectome/%.250s", id);
    const bram_attrs *a = bram_dataset_find_attrs(ds, group);
    const char *setting = a ? bram_attrs_text(a, "setting") : NULL;
    return setting ? setting : id;
}

/* ---- one graph ------------------------------------------------------------------------------ */

/* The one layer of a graph: a table beside nodes. */
static const bram_axis *layer_of(const bram_dataset *ds, const char *id)
{
    char group[300];
    const bram_axis *found = NULL;
    int length = snprintf(group, sizeof group, "connectome/%.250s/", id);
    for (size_t i = 0; i < bram_dataset_tables(ds); i++) {
        const char *path = bram_dataset_table_path(ds, i);
        if (strncmp(path, group, (size_t)length) != 0 || !strcmp(path + length, "nodes")) continue;
        if (found) return NULL;
        found = bram_dataset_table(ds, path);
    }
    return found;
}

static const bram_axis *nodes_of(const bram_dataset *ds, const char *id)
{
    char path[300];
    snprintf(path, sizeof path, "connectome/%.250s/nodes", id);
    return bram_dataset_table(ds, path);
}

static int read_graph(bram_ctx *cx, bram_edge_list *out, const bram_dataset *ds, const char *id)
{
    const bram_axis *nodes = nodes_of(ds, id), *layer = layer_of(ds, id);
    const bram_column *from = layer ? bram_axis_column(layer, "from") : NULL;
    const bram_column *to = layer ? bram_axis_column(layer, "to") : NULL;
    const bram_column *weight = layer ? bram_axis_column(layer, "weight") : NULL;
    if (!nodes || !from || !from->text || !to || !to->text || !weight || !weight->number)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "connectome/%s is not one layer of edges with from, to and weight", id);
    size_t n = bram_axis_length(layer), *end = bram_scratch(cx, n, 2 * sizeof *end);
    if (!end) return BRAM_ENOMEM;
    for (size_t e = 0; e < 2 * n; e++) {
        const char *name = e < n ? from->text[e] : to->text[e - n];
        ptrdiff_t at = bram_axis_find(nodes, name);
        if (at < 0)
            return bram_fail(cx, BRAM_EFORMAT,
                             "connectome/%s: edge %zu has the end \"%s\", no node", id,
                             e < n ? e : e - n, name);
        end[e] = (size_t)at;
    }
    *out = (bram_edge_list){bram_axis_length(nodes), n, end, end + n, weight->number};
    return BRAM_OK;
}

/* The true community of each node, and how many there are. */
static int read_truth(bram_ctx *cx, double *truth, size_t *communities, const bram_dataset *ds,
                      const char *id)
{
    const bram_axis *nodes = nodes_of(ds, id);
    const bram_column *c = nodes ? bram_axis_column(nodes, "community") : NULL;
    if (!c || !c->integer)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the nodes of connectome/%s have no integer column \"community\"", id);
    *communities = 0;
    for (size_t i = 0; i < bram_axis_length(nodes); i++) {
        size_t k = 0;
        truth[i] = (double)c->integer[i];
        while (k < i && truth[k] != truth[i]) k++;
        *communities += k == i;
    }
    return BRAM_OK;
}

/* The scores of graph g by each metric of the benchmark, raw[metric * graphs + g]. */
static int score_graph(bram_ctx *cx, struct communities *t, size_t g, double *raw)
{
    const bram_benchmark *b = t->cell->benchmark;
    const char *id = bram_axis_id(t->axis, g);
    bram_edge_list list;
    bram_block_fit_result found;
    size_t truths = 0;
    BRAM_TRY(read_graph(cx, &list, t->cell->dataset, id));
    size_t n = list.nodes, *label = bram_scratch(cx, n, sizeof *label);
    double *truth = bram_scratch(cx, n, 2 * sizeof *truth), *model = truth ? truth + n : NULL;
    if (!label || !truth) return BRAM_ENOMEM;
    BRAM_TRY(read_truth(cx, truth, &truths, t->cell->dataset, id));
    if (!t->weighted) list.weight = NULL;
    BRAM_TRY(bram_block_fit(cx, label, &found, &list, &t->settings));
    t->blocks[g] = (double)found.blocks, t->nats[g] = found.nats;
    for (size_t i = 0; i < n; i++) model[i] = (double)label[i];
    bram_side sides[] = {{.values = {model, n, 1, 1}}, {.values = {truth, n, 1, 1}}};
    for (size_t m = 0; m < b->metric_count; m++) {
        double *value = NULL;
        size_t values = 0;
        BRAM_TRY(bram_metric_score(cx, &value, &values, NULL, b->metrics[m], &sides[0], &sides[1],
                                   NULL));
        raw[m * t->graphs + g] = truths > 1 ? value[0] : (double)NAN;
        bram_free(value);
    }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static double mean_of(const double *raw, const uint32_t *times, size_t n)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < n; i++) {
        double w = times ? times[i] : 1;
        if (w > 0 && !isnan(raw[i])) sum += w * raw[i], count += w;
    }
    return count > 0 ? sum / count : (double)NAN;
}

static int put_score(bram_ctx *cx, struct communities *t, const char *id, const double *raw)
{
    size_t samples = (size_t)bram_option_integer(t->cell->benchmark->options, "samples");
    uint32_t *times = bram_scratch(cx, t->graphs, sizeof *times);
    double *draw = bram_scratch(cx, samples, sizeof *draw);
    if (!times || !draw) return BRAM_ENOMEM;
    for (size_t k = 0; k < samples; k++) {
        bram_bootstrap_draw(times, t->graphs, 0, t->stream, k);
        draw[k] = mean_of(raw, times, t->graphs);
    }
    bram_score_made made = {.id = id,
                            .metric = id,
                            .axis = "graphs",
                            .value = mean_of(raw, NULL, t->graphs),
                            .chance = 0,
                            .raw = raw,
                            .draw = draw,
                            .groups = t->graphs};
    return bram_scores_put(cx, t->scores, &made);
}

/* The graphs of this part, as the axis of the raw values. */
static int find_graphs(bram_ctx *cx, struct communities *t)
{
    const bram_dataset *ds = t->cell->dataset;
    size_t all = bram_dataset_groups(ds, "connectome");
    const char **id = bram_scratch(cx, all, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t i = 0; i < all; i++) {
        const char *name = bram_dataset_group_at(ds, "connectome", i);
        if (!strcmp(part_of(ds, name), t->cell->part)) id[t->graphs++] = name;
    }
    BRAM_TRY(bram_axis_new(cx, &t->axis, "graph", t->graphs));
    return bram_axis_set_ids(cx, t->axis, id);
}

static int prepare(bram_ctx *cx, struct communities *t)
{
    const bram_options *o = t->cell->benchmark->options;
    size_t k = 0;
    while (kinds[k].name && strcmp(kinds[k].name, t->cell->model) != 0) k++;
    if (!kinds[k].name)
        return bram_fail(cx, BRAM_EUSAGE, "no block model is named \"%s\"", t->cell->model);
    t->settings = (bram_block_settings){.kind = (bram_block_kind)k,
                                        .restarts = (size_t)bram_option_integer(o, "restarts"),
                                        .rounds = (size_t)bram_option_integer(o, "rounds"),
                                        .seed = t->cell->seed};
    t->weighted = bram_option_is(o, "weights", "exponential");
    snprintf(t->stream, sizeof t->stream, "%.60s/%.60s", t->cell->benchmark->name, t->cell->part);
    BRAM_TRY(find_graphs(cx, t));
    t->blocks = bram_scratch(cx, t->graphs, 2 * sizeof *t->blocks);
    if (!t->blocks) return BRAM_ENOMEM;
    t->nats = t->blocks + t->graphs;
    return bram_scores_for_cell(cx, &t->scores, t->axis, t->cell);
}

/* found: graph x (blocks, nats). */
static int keep_found(bram_ctx *cx, const struct communities *t, bram_dataset *result)
{
    bram_axis *column = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &column, "column", 2));
    int status = bram_axis_set_ids(cx, column, (const char *[]){"blocks", "nats"});
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "found", BRAM_F64, 2,
                                   (const bram_axis *[]){t->axis, column});
    bram_axis_free(column);
    BRAM_TRY(status);
    for (size_t g = 0; g < t->graphs; g++) {
        bram_response_f64(r)[2 * g] = t->blocks[g];
        bram_response_f64(r)[2 * g + 1] = t->nats[g];
    }
    return bram_dataset_add(cx, result, "communities", r);
}

static int score_all(bram_ctx *cx, struct communities *t, bram_dataset *result)
{
    const bram_benchmark *b = t->cell->benchmark;
    double *raw = bram_scratch(cx, b->metric_count, t->graphs * sizeof *raw);
    if (!raw) return BRAM_ENOMEM;
    for (size_t g = 0; g < t->graphs; g++) {
        size_t mark = bram_scratch_mark(cx);
        int status = score_graph(cx, t, g, raw);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(put_score(cx, t, b->metrics[m], raw + m * t->graphs));
    BRAM_TRY(keep_found(cx, t, result));
    return bram_scores_finish(cx, t->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct communities t = {.cell = cell};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &t);
    if (status == BRAM_OK) status = score_all(cx, &t, result);
    bram_scores_free(t.scores);
    bram_axis_free(t.axis);
    bram_scratch_release(cx, mark);
    return status;
}

static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    size_t all = bram_dataset_groups(ds, "connectome"), count = 0;
    size_t mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, all + 1, sizeof *id);
    bram_axis *axis = NULL;
    int status = id ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < all && status == BRAM_OK; i++) {
        const char *part = part_of(ds, bram_dataset_group_at(ds, "connectome", i));
        size_t k = 0, wanted = b->part_count == 0;
        for (size_t p = 0; p < b->part_count; p++) wanted |= !strcmp(b->parts[p], part);
        while (k < count && strcmp(id[k], part) != 0) k++;
        if (wanted && k == count) id[count++] = part;
    }
    if (status == BRAM_OK && count == 0)
        status = bram_fail(cx, BRAM_EABSENT, "no graph below connectome/ is of a part asked for");
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis, "part", count);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The table of partitions of the degree-corrected kind outweighs the rest. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_dataset *ds = cell->dataset;
    size_t most = 0;
    (void)cx;
    for (size_t i = 0; i < bram_dataset_groups(ds, "connectome"); i++) {
        const char *id = bram_dataset_group_at(ds, "connectome", i);
        const bram_axis *nodes = nodes_of(ds, id), *layer = layer_of(ds, id);
        if (!nodes || !layer) continue;
        size_t need = bram_axis_length(nodes) * 2 * bram_axis_length(layer) * sizeof(double);
        if (need > most) most = need;
    }
    *bytes = most + ((size_t)16 << 20);
    return BRAM_OK;
}

const bram_task bram_task_communities = {
    .name = "communities",
    .summary = "are the known communities of weighted graphs found",
    .version = 1,
    .params = params,
    .contestants = kinds,
    .parts = parts,
    .memory = memory,
    .run = run,
};
