/*
 * perf_graph.c - link prediction on a made vessel graph of a million edges: the cut with candidates
 * at random and within a radius, every heuristic, the spectral baseline, and the scores. Held: all
 * of it in a minute of processor time.
 *
 * The graph: 85^3 branch points on a jittered lattice, each joined to the next one along each axis
 * with probability 0.55.
 */
#include "link_score.h"
#include "perf.h"

#include <bramble/rng.h>

#include <math.h>

enum { SIDE = 85, POINTS = SIDE * SIDE * SIDE };

static const bram_param table[] = {BRAM_LINK_SPLIT_PARAMS, {.name = NULL}};

static int make_graph(bram_ctx *cx, bram_graph **out, double *position)
{
    static const size_t step[] = {1, SIDE, SIDE * SIDE};
    uint32_t *from = bram_alloc(cx, 3 * (size_t)POINTS, sizeof *from);
    uint32_t *to = bram_alloc(cx, 3 * (size_t)POINTS, sizeof *to);
    size_t edges = 0;
    bram_rng g = bram_rng_new(1, "perf graph");
    if (!from || !to) return BRAM_ENOMEM;
    for (uint32_t i = 0; i < POINTS; i++) {
        size_t at[] = {i % SIDE, i / SIDE % SIDE, i / SIDE / SIDE};
        for (size_t d = 0; d < 3; d++) {
            position[3 * (size_t)i + d] = (double)at[d] + 0.6 * bram_rng_uniform(&g);
            if (at[d] + 1 == SIDE || bram_rng_uniform(&g) > 0.55) continue;
            from[edges] = i, to[edges++] = (uint32_t)(i + step[d]);
        }
    }
    int status = bram_graph_new(cx, out, POINTS, false, from, to, NULL, edges);
    bram_free(from);
    bram_free(to);
    if (status == BRAM_OK) (*out)->position = position, (*out)->dims = 3;
    return status;
}

/* One model on the test's pairs. */
static int score_model(bram_ctx *cx, const bram_link_task *t, const char *model)
{
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID), *raw = NULL, chance;
    size_t values, mark = bram_scratch_mark(cx);
    double *score = bram_scratch(cx, t->pairs, sizeof *score);
    if (!score) return BRAM_ENOMEM;
    BRAM_TRY(bram_link_task_ask(cx, score, t, model, 0));
    bram_side sides[] = {bram_link_task_model(t, score), bram_link_task_brain(t)};
    BRAM_TRY(bram_metric_score(cx, &raw, &values, &chance, "auroc", &sides[0], &sides[1], NULL));
    char line[64];
    snprintf(line, sizeof line, "  %-24s AUROC %.3f", model, raw[0]);
    bram_free(raw);
    figure(line, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start, "s", 0);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* spectral: the last of the models, once is enough. */
static int run_scheme(bram_ctx *cx, const bram_graph *g, const char *scheme, bool spectral)
{
    static const char *const models[] = {"preferential-attachment",
                                         "common-neighbours",
                                         "adamic-adar",
                                         "resource-allocation",
                                         "katz",
                                         "distance",
                                         "spectral"};
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    bram_options *o = NULL;
    bram_link_split s = {0};
    bram_link_task t = {0};
    char options[64];
    snprintf(options, sizeof options, "scheme=%s,negatives=1,split_seed=123", scheme);
    BRAM_TRY(bram_options_new(cx, &o, table, options));
    int status = bram_link_split_make(cx, &s, g, o);
    if (status == BRAM_OK)
        status = bram_link_task_make(cx, &t, &s, BRAM_LINK_TEST, NULL, g->position);
    char line[64];
    snprintf(line, sizeof line, "%s: cut, %zu pairs asked", scheme, t.pairs);
    figure(line, seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start, "s", 0);
    for (size_t k = 0; k < (spectral ? 7 : 6) && status == BRAM_OK; k++)
        status = score_model(cx, &t, models[k]);
    bram_link_task_release(&t);
    bram_link_split_release(&s);
    bram_options_free(o);
    return status;
}

int main(void)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bram_graph *g = NULL;
    double start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    double *position = bram_alloc(cx, 3 * (size_t)POINTS, sizeof *position);
    int status = position ? make_graph(cx, &g, position) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        printf("%zu nodes, %zu edges\n", g->nodes, g->edges / 2);
        status = run_scheme(cx, g, "random", true);
    }
    if (status == BRAM_OK) status = run_scheme(cx, g, "spatial", false);
    int met = figure("all, processor time", seconds_of(CLOCK_PROCESS_CPUTIME_ID) - start, "s", 60);
    figure("peak memory", memory_of("VmHWM:"), "MB", 0);
    if (status != BRAM_OK) fprintf(stderr, "%s\n", bram_ctx_message(cx));
    bram_graph_free(g);
    bram_free(position);
    bram_ctx_free(cx);
    return status == BRAM_OK && met ? 0 : 1;
}
