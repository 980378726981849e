/*
 * make_results.c - `make_results DIR MODELS BENCHMARKS [DRAWS]`: a results folder of made scores,
 * for tests of leaderboards. The score of model m on benchmark b is known: 0.9 - 0.5 m / MODELS +
 * noise that depends on (b, m) alone; every 17th cell is failed, every 19th not applicable, every
 * 23rd not run.
 */
#include "store.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 6, SCORES = 2 };

static int fill(bram_ctx *cx, bram_dataset *ds, size_t b, size_t m, double centre, size_t draws)
{
    static const char *const ids[] = {"r2@step", "mse@step"}, *const metric[] = {"r2", "mse"},
                             *const summary[] = {"mean", "mean"},
                             *const resampled[] = {"24 blocks", "24 blocks"},
                             *const rule[] = {"none", "none"};
    char stream[64];
    bram_axis *score = NULL, *unit = NULL, *sample = NULL;
    bram_response *raw = NULL, *draw = NULL;
    BRAM_TRY(bram_axis_new(cx, &score, "score", SCORES));
    BRAM_TRY(bram_axis_set_ids(cx, score, ids));
    const double value[] = {centre, 1 - centre};
    const struct {
        const char *name;
        double number[SCORES];
    } numbers[] = {{"value", {value[0], value[1]}},
                   {"low", {value[0] - .04, value[1] - .04}},
                   {"high", {value[0] + .04, value[1] + .04}},
                   {"chance", {0, NAN}},
                   {"floor_copy", {.1, .9}},
                   {"ceiling", {.95, NAN}},
                   {"ceiling_low", {.93, NAN}},
                   {"ceiling_high", {.97, NAN}},
                   {"normalized", {value[0] / .95, NAN}}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        BRAM_TRY(bram_axis_add_number(cx, score, numbers[i].name, numbers[i].number, ""));
    const struct {
        const char *name;
        int64_t number[SCORES];
    } integers[] = {{"higher_better", {1, 0}}, {"bias_corrected", {0, 0}}, {"distribution", {0, 0}},
                    {"groups", {24, 24}},      {"units", {UNITS, UNITS}},  {"undefined", {0, 0}}};
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        BRAM_TRY(bram_axis_add_integer(cx, score, integers[i].name, integers[i].number));
    BRAM_TRY(bram_axis_add_text(cx, score, "metric", metric));
    BRAM_TRY(bram_axis_add_text(cx, score, "summary", summary));
    BRAM_TRY(bram_axis_add_text(cx, score, "resampled", resampled));
    BRAM_TRY(bram_axis_add_text(cx, score, "ceiling_rule", rule));
    static const char *const units[UNITS] = {"AVAL", "AVAR", "RIML", "RIMR", "SMDVL", "RID"};
    BRAM_TRY(bram_axis_new(cx, &unit, "neuron", UNITS));
    BRAM_TRY(bram_axis_set_ids(cx, unit, units));
    BRAM_TRY(bram_axis_new(cx, &sample, "sample", draws));
    BRAM_TRY(bram_response_new(cx, &raw, "raw", BRAM_F64, 2, (const bram_axis *[]){score, unit}));
    BRAM_TRY(
        bram_response_new(cx, &draw, "draw", BRAM_F64, 2, (const bram_axis *[]){score, sample}));
    snprintf(stream, sizeof stream, "made/%zu", b);
    bram_rng shared = bram_rng_new(1, stream);
    snprintf(stream, sizeof stream, "made/%zu/%zu", b, m);
    bram_rng own = bram_rng_new(1, stream);
    for (size_t u = 0; u < UNITS; u++) {
        double x = centre + .05 * bram_rng_normal(&own);
        bram_response_f64(raw)[u] = x;
        bram_response_f64(raw)[UNITS + u] = 1 - x;
    }
    for (size_t s = 0; s < draws; s++) { /* what models share, and what is a model's own */
        double x = centre + .03 * bram_rng_normal(&shared) + .01 * bram_rng_normal(&own);
        bram_response_f64(draw)[s] = x;
        bram_response_f64(draw)[draws + s] = 1 - x;
    }
    bram_axis_free(score);
    bram_axis_free(unit);
    bram_axis_free(sample);
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    BRAM_TRY(bram_attrs_set_number(cx, a, "interval_level", .95));
    BRAM_TRY(bram_attrs_set_text(cx, a, "blas_core", "made"));
    BRAM_TRY(bram_dataset_add(cx, ds, "", raw));
    return bram_dataset_add(cx, ds, "", draw);
}

static int put_cell(bram_ctx *cx, const char *dir, const bram_plan *plan, size_t b, size_t m,
                    size_t models, size_t draws)
{
    const bram_planned *cell = &plan->cell[m];
    size_t n = b * models + m + 1;
    char stream[64];
    if (n % 23 == 0) return BRAM_OK;
    if (n % 19 == 0)
        return bram_store_put(cx, dir, plan, cell, BRAM_STATE_NOT_APPLICABLE, "it has no <input>",
                              NULL);
    if (n % 17 == 0)
        return bram_store_put(cx, dir, plan, cell, BRAM_STATE_FAILED, "the fit did not converge",
                              NULL);
    snprintf(stream, sizeof stream, "score/%zu/%zu", b, m);
    bram_rng g = bram_rng_new(1, stream);
    double centre = .9 - .5 * (double)m / (double)models + .01 * bram_rng_normal(&g);
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    BRAM_TRY(fill(cx, ds, b, m, centre, draws));
    return bram_store_put(cx, dir, plan, cell, BRAM_STATE_SCORED, "", ds);
}

static int make_benchmark(bram_ctx *cx, const char *dir, size_t b, size_t models, size_t draws)
{
    static char task[] = "forecast", citation[] = "Made & Co 2024", first[] = "r2",
                second[] = "mse";
    char name[64], title[96], dataset[32], *metrics[] = {first, second};
    snprintf(name, sizeof name, "made-%02zu", b + 1);
    snprintf(title, sizeof title, "Made question %zu: is x < y?", b + 1);
    snprintf(dataset, sizeof dataset, "dataset-%zu", b % 5 + 1);
    bram_benchmark benchmark = {.name = name,
                                .title = title,
                                .task = task,
                                .dataset = dataset,
                                .citation = citation,
                                .version = 1 + (int64_t)(b % 3),
                                .metrics = metrics,
                                .metric_count = 2};
    BRAM_TRY(bram_options_new(cx, &benchmark.options, bram_task_find(task)->params, ""));
    bram_plan plan = {.benchmark = &benchmark, .cells = models};
    snprintf(plan.dataset_hash, sizeof plan.dataset_hash, "%064zx", b % 5 + 0xabc0);
    plan.cell = bram_alloc(cx, models, sizeof *plan.cell);
    if (!plan.cell) return BRAM_ENOMEM;
    for (size_t m = 0; m < models; m++) {
        snprintf(plan.cell[m].key, sizeof plan.cell[m].key, "%032zx%032zx", b + 1, m + 1);
        plan.cell[m].part = bram_strdup(cx, "worm 1");
        plan.cell[m].model = m ? bram_strf(cx, "net-%03zu:width=%zu", m, m * 8)
                               : bram_strdup(cx, "copy");
    }
    int status = bram_store_put_plan(cx, dir, &plan);
    for (size_t m = 0; m < models && status == BRAM_OK; m++)
        status = put_cell(cx, dir, &plan, b, m, models, draws);
    if (status == BRAM_OK) status = bram_store_summarize(cx, dir, name);
    bram_plan_release(&plan);
    bram_options_free(benchmark.options);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 4) return 2;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    size_t models = strtoul(argv[2], NULL, 10), benchmarks = strtoul(argv[3], NULL, 10);
    size_t draws = argc > 4 ? strtoul(argv[4], NULL, 10) : 500;
    int status = bram_store_make(cx, argv[1]);
    for (size_t b = 0; b < benchmarks && status == BRAM_OK; b++)
        status = make_benchmark(cx, argv[1], b, models, draws);
    if (status != BRAM_OK) fprintf(stderr, "make_results: %s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
