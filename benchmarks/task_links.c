/*
 * task_links.c - the task "links": does a model find edges of a graph that it was not shown?
 *
 * Parts are the connectomes of the dataset. An edge is one in any of the layers, whatever its
 * weight; nodes that were not examined have no part in it. The edges are cut by a scheme and a seed
 * (link_split.h); models learn from the training edges and score the test's, each with candidates
 * of its own without an edge. Floors: the product of the degrees, and nearness where the nodes have
 * positions. Intervals: bootstrap over nodes, a pair counting as often as both of its ends.
 *
 * Scores of links say an order and nothing more. For metrics of probabilities (brier, log-loss) the
 * model's scores of the validation pairs, whose answers are known, turn those of the test pairs
 * into probabilities (calibrate.h); so it is with the floors.
 */
#include "wiring_parts.h"
#include "calibrate.h"
#include "demand.h"
#include "link_score.h"
#include "reveal.h"
#include "scoring.h"
#include "timesplit.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"layers", BRAM_PARAM_TEXT, "all", NULL, 0, 0, "layers of the connectome, joined by +; or all"},
    {"direction", BRAM_PARAM_CHOICE, "directed", "directed|undirected", 0, 0,
     "undirected: nodes are linked or not, whichever way"},
    {"set", BRAM_PARAM_CHOICE, "test", "test|validation", 0, 0, "which pairs are scored"},
    BRAM_LINK_SPLIT_PARAMS,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

enum { MODEL, DEGREES, DISTANCE, CONTESTANTS };

struct links {
    const bram_cell *cell;
    const bram_options *o;
    bram_wiring wiring;
    bram_graph *graph;
    bram_axis *node, *whole; /* the examined nodes; the one unit of the raw values */
    double *position;
    bram_link_split split;
    bram_link_task asked,
        known; /* known: the validation pairs, where probabilities are asked for */
    bram_scores *scores;
    /* Scores of each contestant, NULL for one that cannot be; and as probabilities, if asked for.
     */
    double *score[CONTESTANTS], *probability[CONTESTANTS];
};

static void release(struct links *l)
{
    bram_scores_free(l->scores);
    bram_link_task_release(&l->asked);
    bram_link_task_release(&l->known);
    bram_link_split_release(&l->split);
    bram_graph_free(l->graph);
    bram_axis_free(l->node);
    bram_axis_free(l->whole);
    bram_wiring_release(&l->wiring);
}

static int read_graph(bram_ctx *cx, struct links *l)
{
    const bram_cell *c = l->cell;
    BRAM_TRY(
        bram_wiring_read(cx, &l->wiring, c->dataset, c->part, bram_option_text(l->o, "layers")));
    BRAM_TRY(bram_wiring_graph(cx, &l->graph, &l->node, &l->wiring,
                               bram_option_is(l->o, "direction", "directed")));
    BRAM_TRY(bram_wiring_positions(cx, &l->position, c->dataset, l->node));
    l->graph->position = l->position, l->graph->dims = l->position ? 3 : 0;
    return bram_link_split_make(cx, &l->split, l->graph, l->o);
}

static const char *name_of(const struct links *l, int contestant)
{
    static const char *const floors[] = {"", "preferential-attachment", "distance"};
    return contestant == MODEL ? l->cell->model : floors[contestant];
}

/* What a contestant says of the pairs of a set; nothing, where it needs positions and none are. */
static int ask(bram_ctx *cx, double **score, const struct links *l, const bram_link_task *task,
               int contestant)
{
    if (contestant == DISTANCE && !l->position) return BRAM_OK;
    double *said = bram_scratch(cx, task->pairs, sizeof *said);
    if (!said) return BRAM_ENOMEM;
    BRAM_TRY(bram_link_task_ask(cx, said, task, name_of(l, contestant),
                                contestant == MODEL ? l->cell->seed : 0));
    *score = said;
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct links *l)
{
    bool validation = bram_option_is(l->o, "set", "validation");
    BRAM_TRY(read_graph(cx, l));
    BRAM_TRY(bram_link_task_make(cx, &l->asked, &l->split,
                                 validation ? BRAM_LINK_VALIDATION : BRAM_LINK_TEST, l->node,
                                 l->position));
    for (int k = 0; k < CONTESTANTS; k++) BRAM_TRY(ask(cx, &l->score[k], l, &l->asked, k));
    BRAM_TRY(bram_axis_new(cx, &l->whole, "graph", 1));
    return bram_axis_set_ids(cx, l->whole, (const char *[]){"links"});
}

/* ---- probabilities -------------------------------------------------------------------------- */

static int calibrate(bram_ctx *cx, struct links *l, int contestant)
{
    bram_calibration c;
    double *known = NULL;
    if (!l->score[contestant]) return BRAM_OK;
    BRAM_TRY(ask(cx, &known, l, &l->known, contestant));
    BRAM_TRY(bram_calibration_fit(cx, &c, known, l->known.edge, l->known.pairs));
    double *p = bram_scratch(cx, l->asked.pairs, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    for (size_t k = 0; k < l->asked.pairs; k++) p[k] = bram_calibrated(&c, l->score[contestant][k]);
    l->probability[contestant] = p;
    return BRAM_OK;
}

static int calibrate_all(bram_ctx *cx, struct links *l)
{
    if (l->probability[MODEL]) return BRAM_OK; /* done for another metric */
    if (bram_option_is(l->o, "set", "validation"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "set=validation: probabilities are calibrated on the validation pairs and "
                         "cannot be scored on them");
    BRAM_TRY(
        bram_link_task_make(cx, &l->known, &l->split, BRAM_LINK_VALIDATION, l->node, l->position));
    for (int k = 0; k < CONTESTANTS; k++) {
        int status = calibrate(cx, l, k);
        if (status != BRAM_OK)
            return bram_fail_prefix(cx, status, "validation pairs, for probabilities");
    }
    return BRAM_OK;
}

/* ---- scores --------------------------------------------------------------------------------- */

static int wants_probabilities(bram_ctx *cx, bool *out, const char *metric)
{
    bram_metric_use use;
    BRAM_TRY(bram_metric_use_parse(cx, &use, metric));
    *out = use.metric->flags & BRAM_METRIC_PROBABILITIES;
    bram_metric_use_release(&use);
    return BRAM_OK;
}

static int score_metric(bram_ctx *cx, struct links *l, const char *metric, const char *axis)
{
    static const char *const names[] = {"", "degrees", "distance"};
    bool probabilities = false;
    BRAM_TRY(wants_probabilities(cx, &probabilities, metric));
    if (probabilities) BRAM_TRY(calibrate_all(cx, l));
    double **said = probabilities ? l->probability : l->score;
    bram_score_piece piece = {.model = bram_link_task_model(&l->asked, said[MODEL]),
                              .brain = bram_link_task_brain(&l->asked),
                              .groups = {NULL, l->graph->nodes}};
    for (int k = DEGREES; k < CONTESTANTS && said[k]; k++)
        piece.floor[k - 1] = (bram_floor){names[k], bram_link_task_model(&l->asked, said[k])};
    bram_score_job job = {
        .piece = &piece, .pieces = 1, .floors = said[DISTANCE] ? 2 : 1, .axis = axis};
    return bram_scores_add(cx, l->scores, metric, &job);
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
    int status = BRAM_OK;
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = score_metric(cx, l, b->metrics[m], axis);
    bram_free(axis);
    if (status == BRAM_OK) status = bram_scores_finish(cx, l->scores, result);
    return status == BRAM_OK ? describe(cx, l, result) : status;
}

/* Whether some metric needs probabilities, for which the validation pairs are scored as well. */
static int needs_validation(bram_ctx *cx, bool *out, const bram_benchmark *b)
{
    *out = false;
    for (size_t m = 0; m < b->metric_count && !*out; m++)
        BRAM_TRY(wants_probabilities(cx, out, b->metrics[m]));
    return BRAM_OK;
}

/* The pairs of the split: their ends, sets, whether they are edges, and which are asked about. */
static int list_pairs(bram_ctx *cx, bram_axis **out, const struct links *l)
{
    static const char *const sets[] = {"train", "validation", "test"};
    const bram_link_split *s = &l->split;
    const char **from = bram_scratch(cx, s->pairs, 3 * sizeof *from);
    int64_t *edge = bram_scratch(cx, s->pairs, 2 * sizeof *edge), *asked = edge + s->pairs;
    bool calibrated;
    BRAM_TRY(needs_validation(cx, &calibrated, l->cell->benchmark));
    if (!from || !edge) return BRAM_ENOMEM;
    const char **to = from + s->pairs, **set = to + s->pairs;
    uint8_t scored = bram_option_is(l->o, "set", "validation") ? BRAM_LINK_VALIDATION
                                                               : BRAM_LINK_TEST;
    for (size_t k = 0; k < s->pairs; k++) {
        from[k] = bram_axis_id(l->node, s->from[k]), to[k] = bram_axis_id(l->node, s->to[k]);
        set[k] = sets[s->set[k]];
        edge[k] = s->set[k] == scored ? -1 : s->edge[k];
        asked[k] = s->set[k] == scored || (calibrated && s->set[k] == BRAM_LINK_VALIDATION);
    }
    BRAM_TRY(bram_axis_new(cx, out, "pair", s->pairs));
    BRAM_TRY(bram_axis_add_text(cx, *out, "from", from));
    BRAM_TRY(bram_axis_add_text(cx, *out, "to", to));
    BRAM_TRY(bram_axis_add_text(cx, *out, "set", set));
    BRAM_TRY(bram_axis_add_integer(cx, *out, "edge", edge));
    return bram_axis_add_integer(cx, *out, "asked", asked);
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, "", 0};
    struct links l = {.cell = &cell, .o = b->options};
    bram_demand d = {.ask = BRAM_ASK_LINKS};
    size_t mark = bram_scratch_mark(cx);
    int status = read_graph(cx, &l);
    if (status == BRAM_OK) status = list_pairs(cx, &d.row, &l);
    release(&l);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* ---- a hidden test -------------------------------------------------------------------------- */

/* Whether an edge, or the one that leads back, is asked about. pair: those that are, as "a\nb". */
static bool is_hidden(const bram_axis *pair, const char *from, const char *to, char *text)
{
    sprintf(text, "%s\n%s", from, to);
    if (bram_axis_find(pair, text) >= 0) return true;
    sprintf(text, "%s\n%s", to, from);
    return bram_axis_find(pair, text) >= 0;
}

/* The edges that are asked about (and those of the test in any case), to look pairs up in. */
static int list_hidden(bram_ctx *cx, bram_axis **out, const struct links *l)
{
    const bram_link_split *s = &l->split;
    uint8_t scored = bram_option_is(l->o, "set", "validation") ? BRAM_LINK_VALIDATION
                                                               : BRAM_LINK_TEST;
    const char **text = bram_scratch(cx, s->pairs, sizeof *text);
    size_t n = 0;
    if (!text) return BRAM_ENOMEM;
    for (size_t k = 0; k < s->pairs; k++) {
        bool shown = s->set[k] != scored && s->set[k] != BRAM_LINK_TEST;
        if (shown || !s->edge[k]) continue;
        const char *from = bram_axis_id(l->node, s->from[k]);
        const char *to = bram_axis_id(l->node, s->to[k]);
        char *pair = bram_scratch(cx, strlen(from) + strlen(to) + 2, 1);
        if (!pair) return BRAM_ENOMEM;
        sprintf(pair, "%s\n%s", from, to);
        text[n++] = pair;
    }
    BRAM_TRY(bram_axis_new(cx, out, "pair", n));
    return bram_axis_set_ids(cx, *out, text);
}

/* A layer without the hidden edges, its other columns left out. */
static int reveal_layer(bram_ctx *cx, bram_dataset *to, const struct links *l, const char *path,
                        const bram_axis *hidden)
{
    static const char *const columns[] = {"from", "to", "weight", NULL};
    const bram_axis *layer = bram_dataset_table(l->cell->dataset, path);
    const bram_column *from = bram_axis_column(layer, "from"), *end = bram_axis_column(layer, "to");
    size_t n = bram_axis_length(layer), used = 0, longest = 0;
    size_t *kept = bram_scratch(cx, n, sizeof *kept);
    bram_axis *all = NULL, *table = NULL;
    char *group = bram_strf(cx, "connectome/%s", l->cell->part);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(from->text[i]) + strlen(end->text[i]);
        if (length > longest) longest = length;
    }
    char *text = bram_scratch(cx, longest + 2, 1);
    int status = kept && text && group ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < n && status == BRAM_OK; i++)
        if (!is_hidden(hidden, from->text[i], end->text[i], text)) kept[used++] = i;
    if (status == BRAM_OK) status = bram_reveal_axis(cx, &all, layer, columns);
    if (status == BRAM_OK) status = bram_axis_take(cx, &table, all, kept, used);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, to, group, table);
    bram_axis_free(all);
    bram_free(group);
    return status;
}

/* A layer is shown where the benchmark asks about it. */
static bool is_asked_layer(const struct links *l, const char *path, const char *group)
{
    const char *layers = bram_option_text(l->o, "layers"), *name = path + strlen(group);
    const bram_axis *table = bram_dataset_table(l->cell->dataset, path);
    if (strncmp(path, group, strlen(group)) != 0 || strchr(name, '/') ||
        !bram_axis_column(table, "from"))
        return false;
    for (const char *at = layers; *at;) {
        size_t length = strcspn(at, "+");
        if (strlen(name) == length && strncmp(at, name, length) == 0) return true;
        at += length + (at[length] == '+');
    }
    return strcmp(layers, "all") == 0;
}

static int reveal_graph(bram_ctx *cx, bram_dataset *to, struct links *l)
{
    const bram_dataset *ds = l->cell->dataset;
    bram_axis *hidden = NULL;
    char *group = bram_strf(cx, "connectome/%s/", l->cell->part);
    char *nodes = group ? bram_strf(cx, "%snodes", group) : NULL;
    int status = nodes ? list_hidden(cx, &hidden, l) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_reveal_table(cx, to, ds, nodes, NULL);
    if (status == BRAM_OK) status = bram_reveal_table(cx, to, ds, "neurons", NULL);
    for (size_t i = 0; i < bram_dataset_tables(ds) && status == BRAM_OK; i++) {
        const char *path = bram_dataset_table_path(ds, i);
        if (is_asked_layer(l, path, group)) status = reveal_layer(cx, to, l, path, hidden);
    }
    bram_axis_free(hidden);
    bram_free(nodes);
    bram_free(group);
    return status;
}

/* Graphs of the same nodes tell each other's edges. */
static int check_alone(bram_ctx *cx, const struct links *l)
{
    bram_axis *parts = NULL;
    const bram_cell *c = l->cell;
    BRAM_TRY(bram_wiring_parts(cx, &parts, c->benchmark, c->dataset));
    int status = BRAM_OK;
    for (size_t p = 0; p < bram_axis_length(parts) && status == BRAM_OK; p++) {
        const char *other = bram_axis_id(parts, p);
        char *path = bram_strf(cx, "connectome/%s/nodes", other);
        const bram_axis *nodes = path ? bram_dataset_table(c->dataset, path) : NULL;
        bool same = strcmp(other, c->part) == 0;
        for (size_t i = 0; nodes && !same && i < bram_axis_length(l->node); i++)
            if (bram_axis_find(nodes, bram_axis_id(l->node, i)) >= 0)
                status = bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                   "%s: its test cannot be hidden: the graphs %s and %s have the "
                                   "same nodes and tell each other's edges; a definition with one "
                                   "of them (parts: [%s]) can be",
                                   c->benchmark->name, c->part, other, c->part);
        if (!path) status = BRAM_ENOMEM;
        bram_free(path);
    }
    bram_axis_free(parts);
    return status;
}

static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, "", 0};
    struct links l = {.cell = &cell, .o = b->options};
    int status = read_graph(cx, &l);
    if (status == BRAM_OK) status = check_alone(cx, &l);
    if (status == BRAM_OK) status = reveal_graph(cx, to, &l);
    release(&l);
    return status;
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
    .asks = BRAM_ANSWERS(BRAM_ASK_LINKS),
    .demand = demand,
    .reveal = reveal,
    .parts = bram_wiring_parts,
    .memory = memory,
    .run = run,
};
