/*
 * cmd_list.c - `bramble list WHAT`: the entries of a registry, one line each.
 */
#include "list_data.h"
#include "output.h"

#include <bramble/benchmark.h>
#include <bramble/plugin.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Entry i of a registry: the built-in ones, then those of plugins; NULL after the last. */
#define ENTRY_AT(kind)                                                                             \
    static const bram_##kind *kind##_at(size_t i)                                                  \
    {                                                                                              \
        size_t n = 0;                                                                              \
        while (bram_##kind##_table[n]) n++;                                                        \
        return i < n ? bram_##kind##_table[i] : bram_plugin_##kind(i - n);                         \
    }

ENTRY_AT(metric)
ENTRY_AT(model)

static const char *kind_name(bram_metric_kind kind)
{
    static const char *const names[] = {"prediction and recording", "two geometries",
                                        "features and responses", "log densities", "graph"};
    return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "other";
}

static int list_metrics(bram_ctx *cx, bram_table **out, const char *root)
{
    (void)root;
    enum { NAME, SUMMARY, COMPARES, CHANCE, BETTER, SOURCE };
    static const bram_table_column columns[] = {
        [NAME] = {"name", "name", BRAM_CELL_TEXT},
        [SUMMARY] = {"summary", "what it is", BRAM_CELL_TEXT, .wrap = true},
        [COMPARES] = {"compares", "compares", BRAM_CELL_TEXT, .wrap = true, .drop = 2},
        [CHANCE] = {"chance", "chance", BRAM_CELL_NUMBER, .digits = -1, .drop = 3},
        [BETTER] = {"better", "better", BRAM_CELL_TEXT, .drop = 3},
        [SOURCE] = {"source", "source", BRAM_CELL_TEXT, .wrap = true, .drop = 4},
    };
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    const bram_metric *m;
    for (size_t i = 0; (m = metric_at(i)); i++) {
        bram_table_row(*out);
        bram_table_text(*out, NAME, m->name);
        bram_table_text(*out, SUMMARY, m->summary);
        bram_table_text(*out, COMPARES, kind_name(m->kind));
        bram_table_number(*out, CHANCE, m->chance);
        bram_table_text(*out, BETTER, m->flags & BRAM_METRIC_HIGHER_BETTER ? "higher" : "lower");
        bram_table_text(*out, SOURCE, m->source);
    }
    return BRAM_OK;
}

static int list_models(bram_ctx *cx, bram_table **out, const char *root)
{
    (void)root;
    enum { NAME, SUMMARY, MISSING, SOURCE };
    static const bram_table_column columns[] = {
        [NAME] = {"name", "name", BRAM_CELL_TEXT},
        [SUMMARY] = {"summary", "what it is", BRAM_CELL_TEXT, .wrap = true},
        [MISSING] = {"missing", "missing columns", BRAM_CELL_TEXT, .wrap = true, .drop = 2},
        [SOURCE] = {"source", "source", BRAM_CELL_TEXT, .wrap = true, .drop = 3},
    };
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    const bram_model *m;
    for (size_t i = 0; (m = model_at(i)); i++) {
        bram_table_row(*out);
        bram_table_text(*out, NAME, m->name);
        bram_table_text(*out, SUMMARY, m->summary);
        bram_table_text(*out, MISSING, m->missing);
        bram_table_text(*out, SOURCE, m->source);
    }
    return BRAM_OK;
}

static int list_tasks(bram_ctx *cx, bram_table **out, const char *root)
{
    (void)root;
    enum { NAME, SUMMARY };
    static const bram_table_column columns[] = {
        [NAME] = {"name", "task", BRAM_CELL_TEXT},
        [SUMMARY] = {"summary", "what it asks", BRAM_CELL_TEXT, .wrap = true},
    };
    BRAM_TRY(bram_table_new(cx, out, "", columns, sizeof columns / sizeof *columns));
    for (const bram_task *const *t = bram_task_table; *t; t++) {
        bram_table_row(*out);
        bram_table_text(*out, NAME, (*t)->name);
        bram_table_text(*out, SUMMARY, (*t)->summary);
    }
    return BRAM_OK;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    static const struct {
        const char *what;
        int (*list)(bram_ctx *cx, bram_table **out, const char *root);
    } lists[] = {{"datasets", bram_cli_list_datasets},
                 {"benchmarks", bram_cli_list_benchmarks},
                 {"suites", bram_cli_list_suites},
                 {"ways", bram_cli_list_ways},
                 {"metrics", list_metrics},
                 {"models", list_models},
                 {"tasks", list_tasks}};
    const char *what = bram_cli_argument(args, 0);
    size_t i = 0;
    while (strcmp(lists[i].what, what) != 0) i++; /* one of .words */
    const char *root = bram_cli_text(args, "data", getenv("BRAMBLE_DATA"));
    if (root && !*root) root = NULL;
    bram_table *t = NULL;
    BRAM_TRY(lists[i].list(cx, &t, root));
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

const bram_command bram_command_list = {
    .name = "list",
    .summary = "lists datasets, benchmarks, suites, ways in, metrics, models or tasks",
    .arguments = "WHAT",
    .about =
        "Lists what there is, one line each; WHAT is datasets, benchmarks, suites, ways, metrics, "
        "models or tasks. Datasets: what is published and can be imported, "
        "with --data whether it is there and made from the published files; and what is made by "
        "code. Ways: how a model of your own takes part in each benchmark. Tasks are the kinds of "
        "question that benchmarks ask.",
    .options = (const bram_cli_option[]){{"data", 'd', "DIR",
                                          "Where the homogenized datasets are (default: "
                                          "$BRAMBLE_DATA)"},
                                         {NULL}},
    .examples = (const bram_cli_example[]){{"bramble list datasets --data ~/worms",
                                            "what there is and how to get the rest"},
                                           {"bramble list metrics --format json",
                                            "the same for a program, with sources"},
                                           {NULL, NULL}},
    .least = 1,
    .most = 1,
    .words = "datasets|benchmarks|suites|ways|metrics|models|tasks",
    .run = run,
};
