/*
 * task_graph.c - the task "graph": does a fitted forecaster know who is connected to whom?
 *
 * A model is fitted on one recording and asked for the influence of neuron on neuron (effects.h):
 * its weights [from][to], or what a push of each neuron does in free runs. Scores are of the
 * ordered pairs of two neurons that are exactly labelled in the recording and nodes of the
 * structure (structure.h): a connectome, where no edge between examined neurons is a zero, or a map
 * of responses to stimulation, where the zeros are other layers. Pairs of a neuron with itself are
 * left out. Electrical synapses count in both directions. The magnitude of an influence is its
 * score, as an inhibitory synapse is an edge too; sign=signed compares with the sign.
 *
 * Floors: the magnitude of Pearson's r between the traces on the training rows, what a model must
 * beat to know more than who is active together; and the same scores against random graphs of the
 * same degrees (`shuffled`, with null_p), what it must beat to know more than who has many
 * partners. Intervals: bootstrap over neurons, a pair counting as often as both of its ends were
 * drawn.
 */
#include "demand.h"
#include "effects.h"
#include "reveal.h"
#include "scores.h"
#include "structure.h"
#include "timesplit.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {BRAM_TIMESPLIT_PARAMS,
                                    BRAM_STRUCTURE_PARAMS,
                                    BRAM_EFFECTS_PARAMS,
                                    {"sign", BRAM_PARAM_CHOICE, "magnitude", "magnitude|signed", 0,
                                     0, "what of an influence is its score"},
                                    BRAM_INTERVAL_PARAMS,
                                    {.name = NULL}};

struct graph {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording recording;
    bram_timesplit split;
    bram_structure structure;
    bram_fitted *model;
    bram_scores *scores;
    bram_axis *whole;              /* the one unit of the raw values */
    bram_mat weight, delay, floor; /* nodes x nodes, in scratch memory; delay.data may be NULL */
};

static void release(struct graph *g)
{
    bram_scores_free(g->scores);
    bram_fitted_free(g->model);
    bram_axis_free(g->whole);
    bram_structure_release(&g->structure);
    bram_timesplit_release(&g->split);
    bram_recording_release(&g->recording);
}

static int new_matrix(bram_ctx *cx, bram_mat *m, size_t n)
{
    double *data = bram_scratch(cx, n * n, sizeof *data);
    *m = (bram_mat){data, n, n, n};
    return data ? BRAM_OK : BRAM_ENOMEM;
}

/* ---- the model's influences and the floor --------------------------------------------------- */

/* Of all units to the neurons of the structure. */
static int select_pairs(bram_ctx *cx, bram_mat *out, const bram_structure *s, const bram_mat *all,
                        bool magnitude)
{
    BRAM_TRY(new_matrix(cx, out, s->nodes));
    for (size_t i = 0; i < s->nodes; i++)
        for (size_t j = 0; j < s->nodes; j++) {
            double x = bram_row(all, s->unit[i])[s->unit[j]];
            bram_row(out, i)[j] = magnitude ? fabs(x) : x;
        }
    return BRAM_OK;
}

static int ask(bram_ctx *cx, struct graph *g)
{
    bram_effects e;
    bool magnitude = bram_option_is(g->o, "sign", "magnitude");
    BRAM_TRY(bram_effects_make(cx, &e, g->model, &g->split.train, &g->split.test, g->o));
    BRAM_TRY(select_pairs(cx, &g->weight, &g->structure, &e.effect, magnitude));
    if (!e.delay.data || !g->structure.delayed) return BRAM_OK;
    return select_pairs(cx, &g->delay, &g->structure, &e.delay, false);
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
    BRAM_TRY(new_matrix(cx, &g->floor, g->structure.nodes));
    bool magnitude = bram_option_is(g->o, "sign", "magnitude");
    const bram_slice *train = &g->split.train;
    size_t n = g->recording.units;
    for (size_t i = 0; i < g->structure.nodes; i++)
        for (size_t j = 0; j < i; j++) {
            size_t u = g->structure.unit[i], v = g->structure.unit[j];
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

static int read_structure(bram_ctx *cx, struct graph *g)
{
    const bram_cell *c = g->cell;
    char *stream = bram_strf(cx, "%s/%s/shuffle", c->benchmark->name, c->part);
    if (!stream) return BRAM_ENOMEM;
    int status = bram_structure_make(cx, &g->structure, c->dataset, g->recording.unit, g->o,
                                     stream);
    bram_free(stream);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", c->part);
}

static int prepare(bram_ctx *cx, struct graph *g)
{
    const bram_cell *c = g->cell;
    BRAM_TRY(bram_recording_causal(cx, c->dataset, c->part, g->o));
    BRAM_TRY(bram_recording_read(cx, &g->recording, c->dataset, c->part,
                                 bram_option_text(g->o, "response")));
    BRAM_TRY(read_structure(cx, g));
    BRAM_TRY(bram_timesplit_make(cx, &g->split, &g->recording, g->o));
    BRAM_TRY(bram_fitted_new(cx, &g->model, c->model, &g->split.train.panel,
                             bram_timesplit_validation(&g->split), c->seed));
    BRAM_TRY(ask(cx, g));
    BRAM_TRY(correlate(cx, g));
    BRAM_TRY(bram_axis_new(cx, &g->whole, "graph", 1));
    return bram_axis_set_ids(cx, g->whole, (const char *[]){bram_option_text(g->o, "layers")});
}

static bram_side side_of(const struct graph *g, const bram_mat *m)
{
    const bram_axis *node = g->structure.node;
    return (bram_side){.values = *m, .row = node, .column = node};
}

/* The shuffled graphs as brains: what is known stays known. */
static int list_nulls(bram_ctx *cx, const bram_side **out, const struct graph *g)
{
    const bram_structure *s = &g->structure;
    bram_side *null = bram_scratch(cx, s->shuffles, sizeof *null);
    if (!null) return BRAM_ENOMEM;
    for (size_t k = 0; k < s->shuffles; k++) {
        null[k] = side_of(g, &s->shuffled[k]);
        null[k].present = s->present;
    }
    *out = null;
    return BRAM_OK;
}

/* Where the structure tells delays: rank correlation with those of the pushes, over its edges. */
static int score_delays(bram_ctx *cx, struct graph *g, const char *axis)
{
    if (!g->delay.data) return BRAM_OK;
    bram_score_piece piece = {.model = side_of(g, &g->delay),
                              .brain = side_of(g, &g->structure.delay)};
    piece.brain.present = g->structure.delayed;
    bram_score_job job = {.label = "delay", .piece = &piece, .pieces = 1, .axis = axis};
    return bram_scores_add(cx, g->scores, "spearman", &job);
}

static int score(bram_ctx *cx, struct graph *g, bram_dataset *result)
{
    const bram_benchmark *b = g->cell->benchmark;
    bool magnitude = bram_option_is(g->o, "sign", "magnitude");
    char *axis = bram_strf(cx, "%zu neurons", g->structure.nodes);
    if (!axis) return BRAM_ENOMEM;
    bram_score_piece piece = {
        .model = side_of(g, &g->weight),
        .brain = side_of(g, magnitude ? &g->structure.edge : &g->structure.sign),
        .floor[0] = {"correlation", side_of(g, &g->floor)}};
    piece.brain.present = g->structure.present;
    bram_score_job job = {
        .piece = &piece, .pieces = 1, .floors = 1, .nulls = g->structure.shuffles, .axis = axis};
    int status = list_nulls(cx, &job.null, g);
    for (size_t m = 0; m < b->metric_count && status == BRAM_OK; m++)
        status = bram_scores_add(cx, g->scores, b->metrics[m], &job);
    if (status == BRAM_OK) status = score_delays(cx, g, axis);
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

/* Beside the recording and the model: matrices of all pairs, one for each random graph. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_options *o = cell->benchmark->options;
    char *path = bram_strf(cx, "recordings/%s/%s", cell->part, bram_option_text(o, "response"));
    if (!path) return BRAM_ENOMEM;
    const bram_response *r = bram_dataset_response(cell->dataset, path);
    bram_free(path);
    BRAM_TRY(bram_recording_memory(cx, bytes, cell));
    size_t units = r && bram_response_dims(r) == 2 ? bram_response_length(r, 1) : 0;
    *bytes += 8 * units * units * ((size_t)bram_option_integer(o, "shuffles") + 12);
    return BRAM_OK;
}

static bool pushes(const bram_options *o)
{
    return bram_option_is(o, "evidence", "perturbation");
}

static unsigned asks(const bram_benchmark *b)
{
    return BRAM_ANSWERS(pushes(b->options) ? BRAM_ASK_FREE_RUN : BRAM_ASK_WEIGHTS);
}

/* The influence of unit on unit, learned from the rows; of the test rows nothing is asked. */
static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    BRAM_TRY(bram_recording_demand(cx, out, b, ds, part));
    out->ask = BRAM_ASK_WEIGHTS;
    return BRAM_OK;
}

/* What was recorded, and nothing of the graph: not even other sources of it. */
static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    return bram_reveal_recording(cx, to, ds, part, bram_option_text(b->options, "response"), NULL);
}

const bram_task bram_task_graph = {
    .name = "graph",
    .summary =
        "find the edges of a connectome or of responses to stimulation in a fitted forecaster",
    .version = 2,
    .params = params,
    .asks_of = asks,
    .demand = demand,
    .reveal = reveal,
    .parts = bram_recording_parts,
    .memory = memory,
    .run = run,
};
