/*
 * task_neurons.c - the task "neurons": are neurons arranged by their activity as they are by their
 * wiring? Representational geometry with neurons in the place of stimuli.
 *
 * Parts are the connectomes of the dataset; subjects are its recordings. The conditions are the
 * neurons that are examined in the connectome and exactly labelled in some recording; a recording
 * that lacks one leaves its pairs undefined. The brain's side are the traces (neuron x time), of
 * which the metric makes dissimilarities; what competes are arrangements by the connectome:
 * profiles of connections with all its nodes, lengths of paths, distances of cell bodies, classes.
 *
 * The floor is distance: near neurons are wired and active alike. Intervals: bootstrap over neurons
 * and animals (the dual bootstrap of Schuett et al. 2023, see scores.h). Ceiling: how well the
 * other animals tell an animal's geometry (Nili et al. 2014).
 */
#include "recording.h"
#include "scores.h"
#include "timesplit.h"
#include "wiring_parts.h"

#include <bramble/graph.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"response", BRAM_PARAM_TEXT, "activity", NULL, 0, 0, "the response below recordings/ID"},
    {"layers", BRAM_PARAM_TEXT, "all", NULL, 0, 0, "layers of the connectome, joined by +; or all"},
    {"values", BRAM_PARAM_CHOICE, "log", "binary|log|weight", 0, 0,
     "of an edge in a profile: 1, log(1 + weight), weight"},
    {"minimum", BRAM_PARAM_INTEGER, "8", NULL, 3, 1000000,
     "neurons of a recording that takes part"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const bram_contestant arrangements[] = {
    {"connections", "profiles of what a neuron sends to and receives from every node"},
    {"outputs", "profiles of what it sends"},
    {"inputs", "profiles of what it receives"},
    {"paths", "steps of the shortest path, whichever way the edges lead"},
    {"distance", "between cell bodies"},
    {"class", "0 within a class of neurons, 1 between classes"},
    {NULL, NULL}};

struct neurons {
    const bram_cell *cell;
    const bram_options *o;
    bram_wiring wiring;
    bram_recording *recording; /* those that take part */
    size_t recordings;
    size_t nodes, *node; /* rows of the wiring's nodes */
    bram_axis *name, *animal;
    bram_scores *scores;
    bram_side model, floor; /* floor.values.data NULL: no positions */
};

static void release(struct neurons *n)
{
    for (size_t i = 0; i < n->recordings; i++) bram_recording_release(&n->recording[i]);
    bram_free(n->recording);
    bram_wiring_release(&n->wiring);
    bram_axis_free(n->name);
    bram_axis_free(n->animal);
    bram_scores_free(n->scores);
}

static int new_side(bram_ctx *cx, bram_side *side, size_t rows, size_t cols)
{
    double *data = bram_scratch(cx, rows * cols, sizeof *data);
    *side = (bram_side){.values = {data, rows, cols, cols}};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- who takes part ------------------------------------------------------------------------- */

static bool labelled(const bram_axis *unit, size_t i)
{
    const bram_column *c = bram_axis_column(unit, "certainty");
    return !c || !c->text || strcmp(c->text[i], "exact") == 0;
}

/* The column of a node in a recording, or -1. */
static ptrdiff_t column_of(const struct neurons *n, const bram_recording *r, size_t node)
{
    ptrdiff_t at = bram_axis_find(r->unit, bram_axis_id(n->wiring.nodes, node));
    if (at < 0 || !labelled(r->unit, (size_t)at)) return -1;
    return bram_wiring_examined(n->wiring.nodes, node) ? at : -1;
}

static size_t count_neurons(const struct neurons *n, const bram_recording *r)
{
    size_t count = 0;
    for (size_t i = 0; i < bram_axis_length(n->wiring.nodes); i++) count += column_of(n, r, i) >= 0;
    return count;
}

static int read_recordings(bram_ctx *cx, struct neurons *n)
{
    const bram_dataset *ds = n->cell->dataset;
    size_t all = bram_dataset_groups(ds, "recordings");
    n->recording = bram_alloc(cx, all, sizeof *n->recording);
    if (!n->recording) return BRAM_ENOMEM;
    for (size_t i = 0; i < all; i++) {
        bram_recording *r = &n->recording[n->recordings];
        BRAM_TRY(bram_recording_read(cx, r, ds, bram_dataset_group_at(ds, "recordings", i),
                                     bram_option_text(n->o, "response")));
        if (count_neurons(n, r) >= (size_t)bram_option_integer(n->o, "minimum")) n->recordings++;
        else bram_recording_release(r), *r = (bram_recording){0};
    }
    if (n->recordings) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "no recording has %lld exactly labelled neurons that are examined in %s",
                     (long long)bram_option_integer(n->o, "minimum"), n->cell->part);
}

static int find_nodes(bram_ctx *cx, struct neurons *n)
{
    size_t all = bram_axis_length(n->wiring.nodes);
    n->node = bram_scratch(cx, all, sizeof *n->node);
    const char **id = bram_scratch(cx, n->recordings, sizeof *id);
    if (!n->node || !id) return BRAM_ENOMEM;
    for (size_t i = 0; i < all; i++)
        for (size_t r = 0; r < n->recordings; r++) {
            if (column_of(n, &n->recording[r], i) < 0) continue;
            n->node[n->nodes++] = i;
            break;
        }
    for (size_t r = 0; r < n->recordings; r++) id[r] = n->recording[r].id;
    BRAM_TRY(bram_axis_take(cx, &n->name, n->wiring.nodes, n->node, n->nodes));
    BRAM_TRY(bram_axis_new(cx, &n->animal, "subject", n->recordings));
    return bram_axis_set_ids(cx, n->animal, id);
}

/* ---- arrangements --------------------------------------------------------------------------- */

static double value_of(const struct neurons *n, double weight)
{
    if (bram_option_is(n->o, "values", "binary")) return weight != 0;
    return bram_option_is(n->o, "values", "log") ? log1p(fabs(weight)) : weight;
}

/* Profiles over all nodes: what is sent in the first half, what is received in the second. */
static int profiles(bram_ctx *cx, struct neurons *n, const char *name)
{
    bool out = strcmp(name, "inputs") != 0, in = strcmp(name, "outputs") != 0;
    size_t all = bram_axis_length(n->wiring.nodes), second = out ? all : 0;
    size_t *row = bram_scratch(cx, all, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t i = 0; i < n->nodes; i++) row[n->node[i]] = i + 1;
    BRAM_TRY(new_side(cx, &n->model, n->nodes, all * (out + in)));
    for (size_t e = 0; e < n->wiring.edges; e++) {
        uint32_t i = n->wiring.from[e], j = n->wiring.to[e];
        if (out && row[i]) bram_row(&n->model.values, row[i] - 1)[j] += n->wiring.weight[e];
        if (in && row[j]) bram_row(&n->model.values, row[j] - 1)[second + i] += n->wiring.weight[e];
    }
    for (size_t k = 0; k < n->nodes * n->model.values.cols; k++)
        n->model.values.data[k] = value_of(n, n->model.values.data[k]);
    return BRAM_OK;
}

/* Steps from one node to all others, breadth first; nodes that are not reached: SIZE_MAX. */
static void walk(const bram_graph *g, uint32_t start, size_t *steps, uint32_t *queue)
{
    size_t head = 0, tail = 0;
    for (size_t i = 0; i < g->nodes; i++) steps[i] = SIZE_MAX;
    steps[start] = 0;
    queue[tail++] = start;
    while (head < tail) {
        uint32_t i = queue[head++];
        for (size_t e = g->out.first[i]; e < g->out.first[i + 1]; e++) {
            uint32_t j = g->out.node[e];
            if (steps[j] != SIZE_MAX) continue;
            steps[j] = steps[i] + 1;
            queue[tail++] = j;
        }
    }
}

/* A pair that no path joins is undefined. */
static int fill_paths(bram_ctx *cx, struct neurons *n, const bram_graph *g)
{
    size_t *steps = bram_scratch(cx, g->nodes, sizeof *steps);
    uint32_t *queue = bram_scratch(cx, g->nodes, sizeof *queue);
    uint8_t *present = bram_scratch(cx, n->nodes, n->nodes);
    if (!steps || !queue || !present) return BRAM_ENOMEM;
    for (size_t i = 0; i < n->nodes; i++) {
        walk(g, (uint32_t)n->node[i], steps, queue);
        for (size_t j = 0; j < n->nodes; j++) {
            size_t far = steps[n->node[j]];
            present[i * n->nodes + j] = far != SIZE_MAX;
            bram_row(&n->model.values, i)[j] = far == SIZE_MAX ? 0 : (double)far;
        }
    }
    n->model.present = present;
    return BRAM_OK;
}

static int paths(bram_ctx *cx, struct neurons *n)
{
    bram_graph *g = NULL;
    const bram_wiring *w = &n->wiring;
    BRAM_TRY(new_side(cx, &n->model, n->nodes, n->nodes));
    n->model.is_rdm = true;
    BRAM_TRY(
        bram_graph_new(cx, &g, bram_axis_length(w->nodes), false, w->from, w->to, NULL, w->edges));
    int status = fill_paths(cx, n, g);
    bram_graph_free(g);
    return status;
}

/* Distances of cell bodies, undefined where one is not known; no data where none is. */
static int distances(bram_ctx *cx, bram_side *side, const struct neurons *n)
{
    double *position = NULL;
    *side = (bram_side){.values = {NULL, 0, 0, 0}};
    BRAM_TRY(bram_wiring_positions(cx, &position, n->cell->dataset, n->name));
    if (!position) return BRAM_OK;
    uint8_t *present = bram_scratch(cx, n->nodes, n->nodes);
    if (!present) return BRAM_ENOMEM;
    BRAM_TRY(new_side(cx, side, n->nodes, n->nodes));
    for (size_t k = 0; k < n->nodes * n->nodes; k++) {
        const double *a = position + 3 * (k / n->nodes), *b = position + 3 * (k % n->nodes);
        double square = 0;
        for (size_t d = 0; d < 3; d++) square += (a[d] - b[d]) * (a[d] - b[d]);
        present[k] = isfinite(square);
        side->values.data[k] = present[k] ? sqrt(square) : 0;
    }
    side->is_rdm = true;
    side->present = present;
    return BRAM_OK;
}

static const char *class_of(const struct neurons *n, const bram_axis *neurons, size_t i)
{
    const bram_column *c = bram_axis_column(n->name, "class");
    if (c && c->text && *c->text[i]) return c->text[i];
    ptrdiff_t at = neurons ? bram_axis_find(neurons, bram_axis_id(n->name, i)) : -1;
    c = at >= 0 ? bram_axis_column(neurons, "class") : NULL;
    return c && c->text ? c->text[at] : "";
}

static int classes(bram_ctx *cx, struct neurons *n)
{
    const bram_axis *neurons = bram_dataset_table(n->cell->dataset, "neurons");
    size_t known = 0;
    BRAM_TRY(new_side(cx, &n->model, n->nodes, n->nodes));
    for (size_t i = 0; i < n->nodes; i++)
        for (size_t j = 0; j < n->nodes; j++) {
            const char *a = class_of(n, neurons, i), *b = class_of(n, neurons, j);
            known += *a != 0;
            bram_row(&n->model.values, i)[j] = i != j && (!*a || strcmp(a, b) != 0);
        }
    n->model.is_rdm = true;
    return known ? BRAM_OK
                 : bram_fail(cx, BRAM_ENOTAPPLICABLE, "no class is known of the neurons of %s",
                             n->cell->part);
}

static int arrange(bram_ctx *cx, struct neurons *n)
{
    const char *name = n->cell->model;
    BRAM_TRY(distances(cx, &n->floor, n));
    if (strcmp(name, "paths") == 0) return paths(cx, n);
    if (strcmp(name, "class") == 0) return classes(cx, n);
    if (strcmp(name, "distance") != 0) return profiles(cx, n, name);
    n->model = n->floor;
    return n->floor.values.data
               ? BRAM_OK
               : bram_fail(cx, BRAM_ENOTAPPLICABLE, "no position is known of the neurons of %s",
                           n->cell->part);
}

/* ---- activity ------------------------------------------------------------------------------- */

/* Traces of one animal: neuron x time, masked where a neuron is not in it. */
static int traces(bram_ctx *cx, bram_side *side, const struct neurons *n, const bram_recording *r)
{
    BRAM_TRY(new_side(cx, side, n->nodes, r->rows));
    uint8_t *present = bram_scratch(cx, n->nodes, r->rows);
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < n->nodes; i++) {
        ptrdiff_t at = column_of(n, r, n->node[i]);
        for (size_t t = 0; at >= 0 && t < r->rows; t++) {
            present[i * r->rows + t] = r->present[t * r->units + (size_t)at];
            bram_row(&side->values, i)[t] = r->values[t * r->units + (size_t)at];
        }
    }
    side->present = present;
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct neurons *n)
{
    const bram_benchmark *b = n->cell->benchmark;
    char axis[96];
    bram_score_piece *piece = bram_scratch(cx, n->recordings, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    for (size_t r = 0; r < n->recordings; r++) {
        piece[r].model = n->model;
        piece[r].floor[0] = (bram_floor){"distance", n->floor};
        BRAM_TRY(traces(cx, &piece[r].brain, n, &n->recording[r]));
    }
    snprintf(axis, sizeof axis, "%zu neurons and %zu animals", n->nodes, n->recordings);
    bram_score_job job = {.piece = piece,
                          .pieces = n->recordings,
                          .join = BRAM_JOIN_BESIDE,
                          .resample_pieces = true,
                          .floors = n->floor.values.data ? 1 : 0,
                          .axis = axis,
                          .ceiling = BRAM_CEILING_SUBJECTS_LOWER};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, n->scores, b->metrics[m], &job));
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, struct neurons *n, bram_dataset *result)
{
    BRAM_TRY(bram_wiring_read(cx, &n->wiring, n->cell->dataset, n->cell->part,
                              bram_option_text(n->o, "layers")));
    BRAM_TRY(read_recordings(cx, n));
    BRAM_TRY(find_nodes(cx, n));
    BRAM_TRY(arrange(cx, n));
    BRAM_TRY(bram_scores_for_cell(cx, &n->scores, n->animal, n->cell));
    BRAM_TRY(score(cx, n));
    return bram_scores_finish(cx, n->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct neurons n = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &n, result);
    release(&n);
    bram_scratch_release(cx, mark);
    return status;
}

/* The recordings twice, and matrices of all pairs. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_dataset *ds = cell->dataset;
    const char *name = bram_option_text(cell->benchmark->options, "response");
    size_t total = 0;
    for (size_t i = 0; i < bram_dataset_responses(ds); i++) {
        const bram_response *r = bram_dataset_response(ds, bram_dataset_response_path(ds, i));
        if (strcmp(bram_response_name(r), name) == 0 && bram_response_dims(r) == 2)
            total += 36 * bram_response_count(r);
    }
    char *path = bram_strf(cx, "connectome/%s/nodes", cell->part);
    if (!path) return BRAM_ENOMEM;
    const bram_axis *nodes = bram_dataset_table(ds, path);
    bram_free(path);
    size_t n = nodes ? bram_axis_length(nodes) : 0;
    *bytes = total + 100 * n * n;
    return BRAM_OK;
}

const bram_task bram_task_neurons = {
    .name = "neurons",
    .summary = "compare how neurons are arranged by a connectome and by their activity",
    .version = 1,
    .params = params,
    .contestants = arrangements,
    .parts = bram_wiring_parts,
    .memory = memory,
    .run = run,
};
