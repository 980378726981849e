/*
 * cmd_run.c - `bramble run SUITE --out DIR`: runs the cells of a suite that are not there yet.
 */
#include "live_table.h"
#include "output.h"
#include "terminal.h"
#include "truth.h"
#include "vary.h"

#include <bramble/benchmark.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --shard i/n */
static int read_shard(bram_ctx *cx, const bram_cli_args *args, bram_run_settings *s)
{
    const char *text = bram_cli_text(args, "shard", NULL);
    if (!text) return BRAM_OK;
    char end;
    if (sscanf(text, "%9u/%9u%c", &s->shard, &s->shards, &end) != 2 || s->shard < 1 ||
        s->shard > s->shards)
        return bram_fail(cx, BRAM_EUSAGE, "--shard is '%s', expected i/n with i from 1 to n", text);
    return BRAM_OK;
}

static int read_seeds(bram_ctx *cx, const bram_cli_args *args, bram_run_settings *s)
{
    int64_t first, count;
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &first));
    BRAM_TRY(bram_cli_integer(cx, args, "seeds", 1, 1000, 1, &count));
    uint64_t *seeds = bram_scratch(cx, (size_t)count, sizeof *seeds);
    if (!seeds) return BRAM_ENOMEM;
    for (int64_t i = 0; i < count; i++) seeds[i] = (uint64_t)(first + i);
    s->seeds = seeds;
    s->seed_count = (size_t)count;
    return BRAM_OK;
}

static int count_table(bram_ctx *cx, bram_table **out, const bram_run_counts *n)
{
    static const bram_table_column columns[] = {
        {"planned", "planned", BRAM_CELL_INTEGER},    {"kept", "kept", BRAM_CELL_INTEGER},
        {"scored", "scored", BRAM_CELL_INTEGER},      {"failed", "failed", BRAM_CELL_INTEGER},
        {"not_applicable", "n/a", BRAM_CELL_INTEGER}, {"not_run", "not run", BRAM_CELL_INTEGER}};
    const size_t value[] = {n->planned, n->kept,           n->scored,
                            n->failed,  n->not_applicable, n->not_run};
    BRAM_TRY(bram_table_new(cx, out, "", columns, 6));
    bram_table_row(*out);
    for (size_t i = 0; i < 6; i++) bram_table_integer(*out, i, (int64_t)value[i]);
    return BRAM_OK;
}

/* One document: that of the counts, with the rows of the truth beside. */
static int print_json(bram_ctx *cx, const bram_table *counts, const bram_table *truth)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "title", "");
    bram_table_put_json(o, "rows", counts);
    bram_json_out_array(o, "notes");
    bram_json_out_end(o);
    bram_table_put_json(o, "truth", truth);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}

/* @param truth  NULL: there is none to tell of */
static int print_tables(bram_ctx *cx, const bram_cli_args *args, const bram_run_counts *n,
                        const bram_table *truth)
{
    bram_table *counts = NULL;
    BRAM_TRY(count_table(cx, &counts, n));
    bool json = truth && bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON;
    int status = json ? print_json(cx, counts, truth) : bram_cli_print_table(cx, args, counts);
    if (status == BRAM_OK && truth && !json) {
        status = bram_cli_print(cx, "\n", 1);
        if (status == BRAM_OK) status = bram_cli_print_table(cx, args, truth);
    }
    bram_table_free(counts);
    return status;
}

/* Whether there is a truth, and this run by itself can tell: all its cells are here. */
static bool knows_truth(const bram_suite *suite, const bram_run_settings *s)
{
    for (size_t i = 0; i < suite->benchmarks; i++)
        if (suite->benchmark[i]->truth || suite->benchmark[i]->no_truth)
            return !s->dry_run && !s->shards && !s->only;
    return false;
}

/* Of made data: does the true model of each benchmark have rank 1? */
static int find_truth(bram_ctx *cx, bram_table **out, bool *good, const bram_suite *suite,
                      const char *dir)
{
    bram_results *r = NULL;
    size_t rows;
    BRAM_TRY(bram_results_open(cx, &r, dir));
    int status = bram_truth_table(cx, out, &rows, good, r, suite);
    bram_results_free(r);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_run_settings s = {.out = bram_cli_text(args, "out", NULL),
                           .data = bram_cli_text(args, "data", NULL),
                           .dry_run = bram_cli_has(args, "dry-run"),
                           .only = bram_cli_has(args, "only")};
    if (!s.out && !s.dry_run) return bram_fail(cx, BRAM_EUSAGE, "run needs --out DIR");
    if (!s.out) s.out = "";
    if (s.only && (!bram_cli_count(args, "model") || bram_cli_has(args, "identifiability")))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--only goes with --model, and not with --identifiability");
    BRAM_TRY(read_shard(cx, args, &s));
    BRAM_TRY(read_seeds(cx, args, &s));
    size_t models = bram_cli_count(args, "model");
    const char **model = bram_scratch(cx, models, sizeof *model);
    if (!model) return BRAM_ENOMEM;
    for (size_t i = 0; i < models; i++) model[i] = bram_cli_value(args, "model", i);
    s.models = model;
    s.model_count = models;
    bram_suite *suite = NULL;
    BRAM_TRY(bram_suite_read(cx, &suite, bram_cli_argument(args, 0)));
    bram_run_counts counts = {0};
    bram_live_table table = {0};
    if (bram_cli_is_screen()) s.watch = bram_live_table_show, s.watch_user = &table;
    int status = bram_cli_varies(args) ? bram_cli_vary(cx, args, suite, &s) : BRAM_OK;
    if (status == BRAM_OK) status = bram_run(cx, &counts, suite, &s);
    bram_cli_terminal_end();
    bram_table *truth = NULL;
    bool good = true;
    if (status == BRAM_OK && knows_truth(suite, &s))
        status = find_truth(cx, &truth, &good, suite, s.out);
    bram_suite_free(suite);
    if (status == BRAM_OK || status == BRAM_ECANCEL) {
        int printed = print_tables(cx, args, &counts, truth);
        if (status == BRAM_OK) status = printed;
        if (status == BRAM_ECANCEL)
            bram_fail(cx, status,
                      "stopped; the finished cells are kept, the "
                      "same command goes on from there");
    }
    bram_table_free(truth);
    return status == BRAM_OK && (counts.failed || !good) ? BRAM_CLI_NO : status;
}

const bram_command bram_command_run = {
    .name = "run",
    .summary = "runs a suite or benchmark: every model on every part",
    .arguments = "SUITE|BENCHMARK|FILE.yaml",
    .about =
        "Runs each cell (benchmark x part x model x seed) that the results folder does not hold "
        "yet. A run that was stopped or killed goes on where it was; what a cell computes does "
        "not depend on the number of threads. On a terminal it shows a table of what is done, "
        "running and failed, how fast that goes and how long it will take; elsewhere a line now "
        "and then.\n\n"
        "With an option below Variations it runs the benchmarks otherwise; 'bramble leaderboard' "
        "with the same option, and 'bramble report', show what came of it.\n\n"
        "Of benchmarks on made data, whose true model is known, it says whether that model wins: "
        "`bramble run simulated` is the self-test of an installation.\n\n"
        "Exit code 1: some cell failed (the others are there), or a true model does not have rank "
        "1.",
    .options =
        (const bram_cli_option[]){
            {"out", 'o', "DIR", "The results folder; made when it is absent"},
            {"data", 'd', "DIR", "Where the homogenized datasets are (default: $BRAMBLE_DATA)"},
            {"model", 'm', "SPEC", "A further model, such as ar:lags=5", .repeat = true},
            {"only", 0, NULL, "Of all models, those of --model alone: to repeat one number"},
            {"seed", 0, "N", "First seed of models that draw random numbers (default 0)"},
            {"seeds", 0, "N", "How many seeds they get (default 1)"},
            {"shard", 0, "I/N", "Runs every N-th cell only, from the I-th on; see bramble merge"},
            {"dry-run", 0, NULL, "Says what would be run and how much memory it takes"},
            {"learning-curve", 0, "AXIS[=A+B+C]",
             "With less to learn from: animals, minutes, stimuli or units; so many of them "
             "(default: "
             "all, halved again and again)",
             NULL, "Variations"},
            {"multiverse", 0, NULL, "Under every comparator, normalization and split rule", NULL,
             "Variations"},
            {"identifiability", 0, NULL,
             "On data simulated from each fitted model: does the true one win?", NULL,
             "Variations"},
            {"draws", 0, "N", "Random subsets of each size, simulations of each model (default 5)",
             NULL, "Variations"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble run simulated --out results", "made data: needs no recordings"},
            {"bramble run worm --data ~/worms --out results --threads 0", "all processors"},
            {"bramble run worm --out part2 --shard 2/8", "the second of eight job-array tasks"},
            {"bramble run simulated --out results --model var:lags=2,ridge=10", "one more model"},
            {"bramble run simulated-vision-encoding --out results --learning-curve stimuli",
             "then: bramble leaderboard results --learning-curve stimuli"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
