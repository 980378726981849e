/*
 * task_links.c - the task "links": does a model find edges of a graph that it was not shown?
 *
 * Parts are the connectomes of the dataset. An edge is one in any of the layers, whatever its
 * weight; nodes that were not examined have no part in it. The edges are cut by a scheme and a seed
 * (link_split.h); models learn from the training edges and score the test's, each with candidates
 * of its own without an edge. Floors: the product of the degrees, and nearness where the nodes have
 * positions. Intervals: bootstrap over nodes, a pair counting as often as both of its ends.
 */
#include "wiring.h"
#include "link_score.h"
#include "scores.h"
#include "timesplit.h"

#include <string.h>

static const bram_param params[] = {
    {"layers", BRAM_PARAM_TEXT, "all", NULL, 0, 0, "layers of the connectome, joined by +; or all"},
    {"direction", BRAM_PARAM_CHOICE, "directed", "directed|undirected", 0, 0,
     "undirected: nodes are linked or not, whichever way"},
    {"set", BRAM_PARAM_CHOICE, "test", "test|validation", 0, 0, "which pairs are scored"},
    BRAM_LINK_SPLIT_PARAMS,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

struct links {
    const bram_cell *cell;
    const bram_options *o;
    bram_wiring wiring;
    bram_graph *graph;
    bram_axis *node, *whole; /* the examined nodes; the one unit of the raw values */
    double *position;
    bram_link_split split;
    bram_link_task asked;
    bram_scores *scores;
    double *score, *floor[2];
};

static void release(struct links *l)
{
    bram_scores_free(l->scores);
    bram_link_task_release(&l->asked);
    bram_link_split_release(&l->split);
    bram_graph_free(l->graph);
    bram_axis_free(l->node);
    bram_axis_free(l->whole);
    bram_wiring_release(&l->wiring);
}

static int prepare(bram_ctx *cx, struct links *l)
{
    static const char *const floors[] = {"preferential-attachment", "distance"};
    const bram_cell *c = l->cell;
    bool validation = bram_option_is(l->o, "set", "validation");
    BRAM_TRY(
        bram_wiring_read(cx, &l->wiring, c->dataset, c->part, bram_option_text(l->o, "layers")));
    BRAM_TRY(bram_wiring_graph(cx, &l->graph, &l->node, &l->wiring,
                               bram_option_is(l->o, "direction", "directed")));
    BRAM_TRY(bram_wiring_positions(cx, &l->position, c->dataset, l->node));
    l->graph->position = l->position, l->graph->dims = l->position ? 3 : 0;
    BRAM_TRY(bram_link_split_make(cx, &l->split, l->graph, l->o));
    BRAM_TRY(bram_link_task_make(cx, &l->asked, &l->split,
                                 validation ? BRAM_LINK_VALIDATION : BRAM_LINK_TEST, l->node,
                                 l->position));
    double **to[] = {&l->score, &l->floor[0], &l->floor[1]};
    for (size_t k = 0; k < 3; k++) {
        if (k == 2 && !l->position) break;
        *to[k] = bram_scratch(cx, l->asked.pairs, sizeof **to[k]);
        if (!*to[k]) return BRAM_ENOMEM;
        BRAM_TRY(bram_link_task_ask(cx, *to[k], &l->asked, k ? floors[k - 1] : c->model,
                                    k ? 0 : c->seed));
    }
    BRAM_TRY(bram_axis_new(cx, &l->whole, "graph", 1));
    return bram_axis_set_ids(cx, l->whole, (const char *[]){"links"});
}

static int describe(bram_ctx *cx, const struct links *l, bram_dataset *result)
{
    bram_attrs *a = bram_dataset_attrs(cx, result, "");
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_integer(cx, a, "nodes", (int64_t)l->graph->nodes));
    BRAM_TRY(bram_attrs_set_integer(cx, a, "training_edges",
                                    (int64_t)bram_link_split_count(&l->split, BRAM_LINK_TRAIN, 1)));
    return bram_attrs_set_integer(cx, a, "pairs", (int64_t)l->asked.pairs);
}

static int score(bram_ctx *cx, struct links *l, bram_dataset *result)
{
    const bram_benchmark *b = l->cell->benchmark;
    char *axis = bram_strf(cx, "%zu nodes", l->graph->nodes);
    if (!axis) return BRAM_ENOMEM;
    bram_score_piece piece = {.model = bram_link_task_model(&l->asked, l->score),
                              .brain = bram_link_task_brain(&l->asked),
                              .groups = {NULL, l->graph->nodes}};
    piece.floor[0] = (bram_floor){"degrees", bram_link_task_model(&l->asked, l->floor[0])};
    if (l->floor[1])
        piece.floor[1] = (bram_floor){"distance", bram_link_task_model(&l->asked, l->floor[1])};
    bram_score_job job = {
        .piece = &piece, .pieces = 1, .floors = l->floor[1] ? 2 : 1, .axis = axis};
    int status = BRAM_OK;
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = bram_scores_add(cx, l->scores, b->metrics[m], &job);
    if (status == BRAM_OK) status = bram_scores_finish(cx, l->scores, result);
    bram_free(axis);
    return status == BRAM_OK ? describe(cx, l, result) : status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct links l = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &l);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &l.scores, l.whole, cell);
    if (status == BRAM_OK) status = score(cx, &l, result);
    release(&l);
    bram_scratch_release(cx, mark);
    return status;
}

/* Per edge: the lists, the graph twice while it is sorted, the split and its candidates. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    char *group = bram_strf(cx, "connectome/%s/", cell->part);
    if (!group) return BRAM_ENOMEM;
    size_t rows = 0;
    for (size_t i = 0; i < bram_dataset_tables(cell->dataset); i++) {
        const char *path = bram_dataset_table_path(cell->dataset, i);
        if (strncmp(path, group, strlen(group)) == 0)
            rows += bram_axis_length(bram_dataset_table(cell->dataset, path));
    }
    bram_free(group);
    const bram_options *o = cell->benchmark->options;
    double asked = bram_option_real(o, "test") + bram_option_real(o, "validation");
    double each = 300 + 120 * asked * (double)bram_option_integer(o, "negatives");
    *bytes = (size_t)((double)rows * each);
    return BRAM_OK;
}

const bram_task bram_task_links = {
    .name = "links",
    .summary = "find edges of a connectome that were held out (link prediction)",
    .version = 1,
    .params = params,
    .parts = bram_wiring_parts,
    .memory = memory,
    .run = run,
};
