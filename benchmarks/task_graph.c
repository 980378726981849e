/*
 * task_graph.c - the task "graph": do a fitted forecaster's weights find the connectome's edges?
 *
 * A model is fitted on one recording and asked for its weights [from][to]. Scores are of all
 * ordered pairs of two neurons that are exactly labelled in the recording and examined in the
 * connectome: an edge there is one in any of the layers, its absence between examined neurons is a
 * zero, and pairs of a neuron with itself are left out. Electrical synapses count in both
 * directions. The magnitude of a weight is its score, as an inhibitory synapse is an edge too;
 * sign=signed compares the signed weights.
 *
 * The floor is the magnitude of Pearson's r between the traces on the training rows: what a model
 * must beat to know more than who is active together. Intervals: bootstrap over neurons, a pair
 * counting as often as both of its ends were drawn.
 */
#include "wiring.h"
#include "scores.h"
#include "timesplit.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"connectome", BRAM_PARAM_TEXT, "", NULL, 0, 0, "the source below connectome/"},
    {"layers", BRAM_PARAM_TEXT, "chemical+gap", NULL, 0, 0, "its layers, joined by +"},
    {"sign", BRAM_PARAM_CHOICE, "magnitude", "magnitude|signed", 0, 0,
     "what of a weight is its score"},
    {"minimum", BRAM_PARAM_INTEGER, "8", NULL, 2, 1000000, "neurons that must be on both sides"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

struct graph {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_fitted *model;
    bram_scores *scores;
    bram_axis *node, *whole;      /* the neurons of both sides; the one unit of the raw values */
    size_t nodes, *unit;          /* column of the recording of each */
    bram_mat edge, weight, floor; /* nodes x nodes, in scratch memory */
};

static void release(struct graph *g)
{
    bram_scores_free(g->scores);
    bram_fitted_free(g->model);
    bram_axis_free(g->node);
    bram_axis_free(g->whole);
    bram_timesplit_release(&g->split);
    bram_recording_release(&g->recording);
}

static int new_matrix(bram_ctx *cx, bram_mat *m, size_t n)
{
    double *data = bram_scratch(cx, n * n, sizeof *data);
    *m = (bram_mat){data, n, n, n};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- the connectome ------------------------------------------------------------------------- */

static bool examined(const bram_axis *nodes, const char *id)
{
    ptrdiff_t at = bram_axis_find(nodes, id);
    return at >= 0 && bram_wiring_examined(nodes, (size_t)at);
}

static bool labelled(const bram_axis *unit, size_t i)
{
    const bram_column *c = bram_axis_column(unit, "certainty");
    return !c || !c->text || strcmp(c->text[i], "exact") == 0;
}

/* The neurons that are labelled in the recording and examined in the connectome. */
static int find_nodes(bram_ctx *cx, struct graph *g, const bram_axis *nodes)
{
    const bram_axis *unit = g->recording.unit;
    size_t n = bram_axis_length(unit), least = (size_t)bram_option_integer(g->o, "minimum");
    g->unit = bram_scratch(cx, n, sizeof *g->unit);
    if (!g->unit) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++)
        if (labelled(unit, u) && examined(nodes, bram_axis_id(unit, u))) g->unit[g->nodes++] = u;
    if (g->nodes < least)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu exactly labelled neurons of %s are examined in the connectome, at "
                         "least %zu are needed",
                         g->nodes, g->cell->part, least);
    return bram_axis_take(cx, &g->node, unit, g->unit, g->nodes);
}

static int read_connectome(bram_ctx *cx, struct graph *g)
{
    bram_wiring c = {0};
    BRAM_TRY(bram_wiring_read(cx, &c, g->cell->dataset, bram_option_text(g->o, "connectome"),
                              bram_option_text(g->o, "layers")));
    int status = find_nodes(cx, g, c.nodes);
    if (status == BRAM_OK) status = new_matrix(cx, &g->edge, g->nodes);
    for (size_t e = 0; e < c.edges && status == BRAM_OK; e++) {
        ptrdiff_t i = bram_axis_find(g->node, bram_axis_id(c.nodes, c.from[e]));
        ptrdiff_t j = bram_axis_find(g->node, bram_axis_id(c.nodes, c.to[e]));
        if (i >= 0 && j >= 0) bram_row(&g->edge, (size_t)i)[j] += fabs(c.weight[e]);
    }
    bram_wiring_release(&c);
    return status;
}

/* ---- the model's weights and the floor ------------------------------------------------------ */

/* Whether no unit says anything about another one. */
static bool diagonal(const double *values, size_t n)
{
    for (size_t i = 0; i < n * n; i++)
        if (values[i] != 0 && i / n != i % n) return false;
    return true;
}

static int take_weights(bram_ctx *cx, struct graph *g, const bram_response *r)
{
    size_t n = g->recording.units;
    if (!r || bram_response_dims(r) != 2 || bram_response_length(r, 0) != n ||
        bram_response_length(r, 1) != n)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"weights\" of %zu x %zu units",
                         bram_fitted_spec(g->model), n, n);
    double *all = bram_scratch(cx, n * n, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){n, n}, all, NULL));
    if (diagonal(all, n))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has no weights between units: it says nothing about connections",
                         bram_fitted_spec(g->model));
    bool magnitude = bram_option_is(g->o, "sign", "magnitude");
    BRAM_TRY(new_matrix(cx, &g->weight, g->nodes));
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t j = 0; j < g->nodes; j++) {
            double w = all[g->unit[i] * n + g->unit[j]];
            if (!isfinite(w))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: the weight from %s to %s is %g",
                                 bram_fitted_spec(g->model), bram_axis_id(g->node, i),
                                 bram_axis_id(g->node, j), w);
            bram_row(&g->weight, i)[j] = magnitude ? fabs(w) : w;
        }
    return BRAM_OK;
}

static int ask_weights(bram_ctx *cx, struct graph *g)
{
    bram_dataset *answer = NULL;
    bram_query query = {.ask = BRAM_ASK_WEIGHTS, .panel = &g->split.train.panel};
    BRAM_TRY(bram_fitted_answer(cx, &answer, g->model, &query));
    int status = take_weights(cx, g, bram_dataset_response(answer, "weights"));
    bram_dataset_free(answer);
    return status;
}

/* Sums over the training rows where both of two units are present. */
struct pairwise {
    double n, x, y, xx, yy, xy;
};

static double correlation(const struct pairwise *p)
{
    double vx = p->xx - p->x * p->x / p->n, vy = p->yy - p->y * p->y / p->n;
    double r = (p->xy - p->x * p->y / p->n) / sqrt(vx * vy);
    return p->n > 2 && vx > 0 && vy > 0 && isfinite(r) ? r : 0;
}

static int correlate(bram_ctx *cx, struct graph *g)
{
    BRAM_TRY(new_matrix(cx, &g->floor, g->nodes));
    bool magnitude = bram_option_is(g->o, "sign", "magnitude");
    const bram_slice *train = &g->split.train;
    size_t n = g->recording.units;
    for (size_t i = 0; i < g->nodes; i++)
        for (size_t j = 0; j < i; j++) {
            size_t u = g->unit[i], v = g->unit[j];
            struct pairwise p = {0};
            for (size_t s = 0; s < train->panel.segments; s++)
                for (size_t t = train->segment[s].first; t < train->segment[s].y.rows; t++) {
                    const bram_segment *m = &train->segment[s];
                    if (!m->y_present[t * n + u] || !m->y_present[t * n + v]) continue;
                    double x = bram_row(&m->y, t)[u] - bram_row(&m->y, m->first)[u];
                    double y = bram_row(&m->y, t)[v] - bram_row(&m->y, m->first)[v];
                    p.n++, p.x += x, p.y += y, p.xx += x * x, p.yy += y * y, p.xy += x * y;
                }
            double r = correlation(&p);
            bram_row(&g->floor, i)[j] = bram_row(&g->floor, j)[i] = magnitude ? fabs(r) : r;
        }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int prepare(bram_ctx *cx, struct graph *g)
{
    const bram_cell *c = g->cell;
    BRAM_TRY(bram_recording_causal(cx, c->dataset, c->part, g->o));
    BRAM_TRY(bram_recording_read(cx, &g->recording, c->dataset, c->part,
                                 bram_option_text(g->o, "response")));
    BRAM_TRY(read_connectome(cx, g));
    BRAM_TRY(bram_timesplit_make(cx, &g->split, &g->recording, g->o));
    BRAM_TRY(bram_fitted_new(cx, &g->model, c->model, &g->split.train.panel,
                             bram_timesplit_validation(&g->split), c->seed));
    BRAM_TRY(ask_weights(cx, g));
    BRAM_TRY(correlate(cx, g));
    BRAM_TRY(bram_axis_new(cx, &g->whole, "graph", 1));
    return bram_axis_set_ids(cx, g->whole, (const char *[]){bram_option_text(g->o, "layers")});
}

static int score(bram_ctx *cx, struct graph *g, bram_dataset *result)
{
    const bram_benchmark *b = g->cell->benchmark;
    char *axis = bram_strf(cx, "%zu neurons", g->nodes);
    if (!axis) return BRAM_ENOMEM;
    bram_score_piece piece = {
        .model = {.values = g->weight, .row = g->node, .column = g->node},
        .brain = {.values = g->edge, .row = g->node, .column = g->node},
        .floor[0] = {"correlation", {.values = g->floor, .row = g->node, .column = g->node}}};
    bram_score_job job = {.piece = &piece, .pieces = 1, .floors = 1, .axis = axis};
    int status = BRAM_OK;
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = bram_scores_add(cx, g->scores, b->metrics[m], &job);
    if (status == BRAM_OK) status = bram_scores_finish(cx, g->scores, result);
    bram_free(axis);
    return status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct graph g = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &g);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &g.scores, g.whole, cell);
    if (status == BRAM_OK) status = score(cx, &g, result);
    release(&g);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_graph = {
    .name = "graph",
    .summary = "find the connectome's edges in the weights of a fitted forecaster",
    .version = 1,
    .params = params,
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
