/*
 * vision_coverage.c [SYSTEMS] - the simulated visual system (benchmarks/simulate_vision.c), made
 * from many seeds: does the layer that the area reads win, and does the interval of the ceiling
 * hold the true one?
 *
 * Each system has 120 stimuli, 80 units of 4 subjects, 8 repeats whose noise has 1.4 to 2.8 times
 * the deviation of the signal. The task encoding scores the three layers by Pearson's r over
 * left-out stimuli, 5 folds, 400 draws. The true ceiling is the mean over units of the root of the
 * share of the variance of a unit's mean over repeats that is signal. Numbers come from the seeds
 * 1, 2, ... alone.
 *
 * Without an argument: 1000 systems and the numbers of docs/images.md (some minutes). With a number
 * of systems: exit 1 unless the right layer wins in all of them and the share of intervals that
 * hold the ceiling is 0.95 within 0.02 and 2.6 Monte-Carlo errors.
 */
#include "scoring.h"
#include "simulate.h"

#include <bramble/benchmark.h>
#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAYERS = 3 };

/* What a system gave. */
struct outcome {
    bool held, won, clear; /* clear: by intervals that do not meet */
    double error;          /* ceiling - truth */
};

static char pearson[] = "pearson:constant=zero";
static char *metrics[] = {pearson};

static double number(const bram_dataset *result, const char *column)
{
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    return bram_axis_column(table, column)->number[0];
}

static double true_ceiling(const bram_dataset *ds)
{
    const bram_axis *unit = bram_response_axis(bram_dataset_response(ds, "responses/area"), 1);
    const double *reliability = bram_axis_column(unit, "true_reliability")->number;
    double sum = 0;
    for (size_t u = 0; u < bram_axis_length(unit); u++) sum += sqrt(reliability[u]);
    return sum / (double)bram_axis_length(unit);
}

static int score(bram_ctx *cx, bram_dataset **out, const bram_benchmark *b, const bram_dataset *ds,
                 size_t layer)
{
    char model[32];
    snprintf(model, sizeof model, "features:layer%zu", layer + 1);
    bram_cell cell = {b, ds, "area", model, 0};
    BRAM_TRY(bram_dataset_new(cx, out));
    return bram_task_find("encoding")->run(cx, *out, &cell);
}

static int one_system(bram_ctx *cx, size_t k, void *user)
{
    struct outcome *o = (struct outcome *)user + k;
    char name[] = "made", task[] = "encoding", nothing[] = "";
    bram_dataset *ds = NULL, *result[LAYERS] = {NULL};
    bram_benchmark b = {.name = name,
                        .title = name,
                        .task = task,
                        .dataset = name,
                        .citation = nothing,
                        .version = 1,
                        .metrics = metrics,
                        .metric_count = 1};
    int status = bram_options_new(cx, &b.options, bram_task_find(task)->params, "samples=400");
    if (status == BRAM_OK) status = bram_simulate(cx, &ds, "simulated-vision", k + 1);
    for (size_t l = 0; l < LAYERS && status == BRAM_OK; l++)
        status = score(cx, &result[l], &b, ds, l);
    if (status == BRAM_OK) {
        double truth = true_ceiling(ds), best = number(result[1], "value");
        o->held = number(result[1], "ceiling_low") <= truth &&
                  truth <= number(result[1], "ceiling_high");
        o->error = number(result[1], "ceiling") - truth;
        o->won = best > number(result[0], "value") && best > number(result[2], "value");
        o->clear = number(result[1], "low") > number(result[0], "high") &&
                   number(result[1], "low") > number(result[2], "high");
    }
    for (size_t l = 0; l < LAYERS; l++) bram_dataset_free(result[l]);
    bram_dataset_free(ds);
    bram_options_free(b.options);
    return status;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 1000, held = 0, won = 0, clear = 0;
    double bias = 0;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    struct outcome *o = calloc(n, sizeof *o);
    if (!cx || !o || !n) return 2;
    bram_ctx_set_threads(cx, 0);
    if (bram_parallel_for(cx, n, one_system, o) != BRAM_OK) {
        fprintf(stderr, "vision_coverage: %s\n", bram_ctx_message(cx));
        return 2;
    }
    for (size_t k = 0; k < n; k++) {
        held += o[k].held, won += o[k].won, clear += o[k].clear;
        bias += o[k].error / (double)n;
    }
    double share = (double)held / (double)n, error = sqrt(0.95 * 0.05 / (double)n);
    printf("systems %zu: right layer first %zu, beyond both intervals %zu, ceiling held %.4f "
           "(Monte-Carlo error %.4f), bias of the ceiling %.5f\n",
           n, won, clear, share, error, bias);
    bool good = won == n && fabs(share - 0.95) <= 0.02 + 2.6 * error;
    free(o);
    bram_ctx_free(cx);
    return argc > 1 && !good;
}
