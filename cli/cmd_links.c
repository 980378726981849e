/*
 * cmd_links.c - `bramble links FILE`: cuts a connectome for link prediction into a split file, or
 * scores link predictors on the pairs of such a file.
 */
#include "wiring_parts.h"
#include "link_score.h"
#include "output.h"

#include <stdio.h>
#include <string.h>

static const bram_param split_params[] = {BRAM_LINK_SPLIT_PARAMS, {.name = NULL}};
static const char *const sets[] = {"training", "validation", "test"};

/* ---- cutting -------------------------------------------------------------------------------- */

struct cutting {
    bram_options *options;
    bram_wiring wiring;
    bram_graph *graph;
    bram_link_split split;
    bram_dataset *file;
    bram_axis *nodes;
    double *position;
};

static void release_cutting(struct cutting *c)
{
    bram_options_free(c->options);
    bram_wiring_release(&c->wiring);
    bram_graph_free(c->graph);
    bram_axis_free(c->nodes);
    bram_link_split_release(&c->split);
    bram_dataset_free(c->file);
}

static int read_options(bram_ctx *cx, struct cutting *c, const bram_cli_args *args)
{
    static const char *const names[][2] = {{"scheme", "scheme"},         {"test", "test"},
                                           {"validation", "validation"}, {"negatives", "negatives"},
                                           {"radius", "radius"},         {"seed", "split_seed"}};
    BRAM_TRY(bram_options_new(cx, &c->options, split_params, ""));
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const char *value = bram_cli_text(args, names[k][0], NULL);
        if (!value) continue;
        int status = bram_options_set(cx, c->options, names[k][1], value);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "--%s", names[k][0]);
    }
    return BRAM_OK;
}

/* The connectome that is asked for, or the only one. */
static int choose_source(bram_ctx *cx, const char **out, const bram_dataset *ds,
                         const bram_cli_args *args)
{
    size_t n = bram_dataset_groups(ds, "connectome");
    *out = bram_cli_text(args, "source", NULL);
    if (*out) return BRAM_OK;
    if (n != 1)
        return bram_fail(cx, BRAM_EUSAGE, "the file has %zu connectomes: name one with --source",
                         n);
    *out = bram_dataset_group_at(ds, "connectome", 0);
    return BRAM_OK;
}

static int print_counts(bram_ctx *cx, const bram_cli_args *args, const bram_link_split *s)
{
    static const bram_table_column columns[] = {{"set", "set", BRAM_CELL_TEXT},
                                                {"edges", "edges", BRAM_CELL_INTEGER},
                                                {"others", "without an edge", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (int set = 0; set < 3; set++) {
        bram_table_row(t);
        bram_table_text(t, 0, sets[set]);
        bram_table_integer(t, 1, (int64_t)bram_link_split_count(s, (bram_link_set)set, 1));
        bram_table_integer(t, 2, (int64_t)bram_link_split_count(s, (bram_link_set)set, 0));
    }
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int cut(bram_ctx *cx, struct cutting *c, const bram_dataset *ds, const bram_cli_args *args)
{
    const char *out = bram_cli_text(args, "output", NULL), *source = NULL;
    if (!out) return bram_fail(cx, BRAM_EUSAGE, "a split is written to a file: -o SPLIT.h5");
    BRAM_TRY(read_options(cx, c, args));
    BRAM_TRY(choose_source(cx, &source, ds, args));
    BRAM_TRY(bram_wiring_read(cx, &c->wiring, ds, source, bram_cli_text(args, "layers", "all")));
    BRAM_TRY(
        bram_wiring_graph(cx, &c->graph, &c->nodes, &c->wiring, !bram_cli_has(args, "undirected")));
    BRAM_TRY(bram_wiring_positions(cx, &c->position, ds, c->nodes));
    c->graph->position = c->position, c->graph->dims = c->position ? 3 : 0;
    BRAM_TRY(bram_link_split_make(cx, &c->split, c->graph, c->options));
    BRAM_TRY(bram_dataset_new(cx, &c->file));
    BRAM_TRY(bram_link_split_put(cx, c->file, &c->split, c->nodes, c->position, c->options));
    BRAM_TRY(bram_dataset_write(cx, c->file, out, bram_cli_has(args, "force")));
    return print_counts(cx, args, &c->split);
}

/* ---- scoring -------------------------------------------------------------------------------- */

static const char *const metrics[] = {"auroc", "average-precision", "hits", "mrr"};
enum { METRICS = 4 };

/* The value and chance of each metric for one model. */
static int score_model(bram_ctx *cx, double *value, double *chance, const bram_link_task *t,
                       const char *model, const char *const *specs)
{
    double *score = bram_scratch(cx, t->pairs, sizeof *score);
    if (!score) return BRAM_ENOMEM;
    BRAM_TRY(bram_link_task_ask(cx, score, t, model, 0));
    bram_side sides[] = {bram_link_task_model(t, score), bram_link_task_brain(t)};
    for (size_t m = 0; m < METRICS; m++) {
        double *raw = NULL;
        size_t values = 0;
        BRAM_TRY(
            bram_metric_score(cx, &raw, &values, &chance[m], specs[m], &sides[0], &sides[1], NULL));
        value[m] = raw[0];
        bram_free(raw);
    }
    return BRAM_OK;
}

static const bram_table_column score_columns[] = {
    {"model", "model", BRAM_CELL_TEXT},
    {"auroc", "auroc", BRAM_CELL_NUMBER, .digits = 3},
    {"average_precision", "AP", BRAM_CELL_NUMBER, .digits = 3},
    {"hits", "hits@K", BRAM_CELL_NUMBER, .digits = 3},
    {"mrr", "mrr", BRAM_CELL_NUMBER, .digits = 3}};

static void put_row(bram_table *t, const char *name, const double *value)
{
    bram_table_row(t);
    bram_table_text(t, 0, name);
    for (size_t m = 0; m < METRICS; m++) bram_table_number(t, m + 1, value[m]);
}

static int score_all(bram_ctx *cx, bram_table *t, const bram_link_task *task,
                     const bram_cli_args *args, const char *const *specs)
{
    static const char *const usual[] = {"preferential-attachment",
                                        "common-neighbours",
                                        "adamic-adar",
                                        "resource-allocation",
                                        "katz",
                                        "spectral",
                                        "sbm",
                                        "distance"};
    size_t given = bram_cli_count(args, "model"), n = given ? given : 8;
    double value[METRICS], chance[METRICS] = {0};
    if (!given && !task->train->position) n--; /* no distance */
    for (size_t k = 0; k < n; k++) {
        const char *model = given ? bram_cli_value(args, "model", k) : usual[k];
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(score_model(cx, value, chance, task, model, specs));
        put_row(t, model, value);
        bram_scratch_release(cx, mark);
    }
    put_row(t, "chance", chance);
    return BRAM_OK;
}

static int score(bram_ctx *cx, const bram_dataset *ds, const bram_cli_args *args)
{
    bram_link_split s = {0};
    bram_link_task task = {0};
    bram_table *t = NULL;
    const bram_axis *nodes = NULL;
    double *position = NULL;
    const char *set = bram_cli_text(args, "set", "test");
    int64_t k;
    char hits[32];
    BRAM_TRY(bram_cli_integer(cx, args, "k", 1, 1000000000, 10, &k));
    snprintf(hits, sizeof hits, "hits:k=%lld", (long long)k);
    const char *specs[] = {metrics[0], metrics[1], hits, metrics[3]};
    int status = bram_link_split_get(cx, &s, &nodes, &position, ds);
    if (status == BRAM_OK)
        status = bram_link_task_make(cx, &task, &s,
                                     strcmp(set, "test") ? BRAM_LINK_VALIDATION : BRAM_LINK_TEST,
                                     nodes, position);
    if (status == BRAM_OK)
        status = bram_table_new(cx, &t, "", score_columns,
                                sizeof score_columns / sizeof *score_columns);
    if (status == BRAM_OK) status = score_all(cx, t, &task, args, specs);
    if (status == BRAM_OK) {
        bram_table_note(t, "%zu pairs, K = %lld; the last row is what chance would give",
                        task.pairs, (long long)k);
        status = bram_cli_print_table(cx, args, t);
    }
    bram_table_free(t);
    bram_link_task_release(&task);
    bram_link_split_release(&s);
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static bool is_split(const bram_dataset *ds)
{
    const bram_attrs *a = bram_dataset_find_attrs(ds, "");
    const char *content = a ? bram_attrs_text(a, "content") : NULL;
    return content && strcmp(content, "bramble-links") == 0;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_dataset *ds = NULL;
    struct cutting c = {0};
    BRAM_TRY(bram_dataset_open(cx, &ds, bram_cli_argument(args, 0)));
    int status = is_split(ds) ? score(cx, ds, args) : cut(cx, &c, ds, args);
    release_cutting(&c);
    bram_dataset_free(ds);
    return status;
}

const bram_command bram_command_links = {
    .name = "links",
    .summary = "link prediction on a connectome or another graph",
    .arguments = "FILE",
    .about =
        "Of a dataset with a connectome: cuts its edges into training, validation and test by a "
        "scheme and a seed, each edge of the last two with pairs without an edge beside it, and "
        "writes them to a split file (HDF5; tables nodes and pair).\n\n"
        "Of a split file: fits link predictors on the training edges and prints how well they "
        "tell the test's edges from the pairs beside them: area under the ROC curve, average "
        "precision, Hits@K and mean reciprocal rank (ties at mid-rank), with what chance would "
        "give. Scores of your own come in as --model link-scores:scores.csv, a table with from, "
        "to and score.\n\n"
        "Schemes: random; degree (pairs whose ends have the degrees of edges); distance (pairs as "
        "far apart as the edge); spatial (pairs within a radius); neuron (all edges of whole "
        "nodes are held out).",
    .options =
        (const bram_cli_option[]){
            {"output", 'o', "SPLIT.h5", "Where the split is written"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {"source", 0, "NAME", "The connectome, where the dataset has several"},
            {"layers", 0, "NAMES", "Its layers, joined by + (default all)"},
            {"undirected", 0, NULL, "Nodes are linked or not, whichever way"},
            {"scheme", 0, "SCHEME", "How pairs without an edge are drawn (default random)",
             "random|degree|distance|neuron|spatial"},
            {"test", 0, "SHARE", "Share of the pairs for the test (default 0.1)"},
            {"validation", 0, "SHARE", "Share to choose options by (default 0.1)"},
            {"negatives", 0, "N", "Pairs without an edge for each edge (default 10)"},
            {"radius", 0, "R", "Of spatial (default: mean + 2 SD of the lengths of edges)"},
            {"seed", 0, "N", "Of the cut and the draws (default 0)"},
            {"model", 0, "SPEC", "A link predictor (default: all that need no file)",
             .repeat = true},
            {"set", 0, "SET", "Which pairs are scored (default test)", "test|validation"},
            {"k", 0, "K", "Of Hits@K (default 10)"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble links cook2019.h5 --scheme degree -o split.h5", "cut a connectome"},
            {"bramble links split.h5", "what the baselines find"},
            {"bramble links split.h5 --model katz --model link-scores:mine.csv --k 50",
             "your own beside one of them"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
