/*
 * cmd_benchmark.c - `bramble benchmark show NAME`: what a benchmark is made of.
 */
#include "data.h"
#include "demand.h"
#include "output.h"
#include "ways.h"

#include <bramble/benchmark.h>

#include <stdio.h>
#include <string.h>

/* One option of the task, and its value in this benchmark. */
struct option {
    char key[64], value[512];
    const bram_param *param;
};

/* The pairs of "key=value,key=value" one by one; @return false after the last. */
static bool next_option(const char **at, struct option *o, const bram_task *task)
{
    if (!**at) return false;
    size_t pair = strcspn(*at, ","), key = strcspn(*at, "=");
    snprintf(o->key, sizeof o->key, "%.*s", (int)key, *at);
    snprintf(o->value, sizeof o->value, "%.*s", (int)(pair - key - 1), *at + key + 1);
    *at += pair + ((*at)[pair] == ',');
    o->param = NULL;
    for (const bram_param *p = task->params; p && p->name && !o->param; p++)
        if (strcmp(p->name, o->key) == 0) o->param = p;
    return true;
}

/* The parts that the dataset gives, or NULL with *why where it is not there. */
static int find_parts(bram_ctx *cx, bram_axis **parts, char **why, const bram_benchmark *b,
                      const bram_task *task, const char *root)
{
    bram_dataset *ds = NULL;
    int status = bram_data_open(cx, &ds, b->dataset, root);
    if (status == BRAM_OK) status = task->parts(cx, parts, b, ds);
    bram_dataset_free(ds);
    if (status == BRAM_OK || status == BRAM_ENOMEM || status == BRAM_ECANCEL) return status;
    *why = bram_strdup(cx, bram_ctx_message(cx));
    return *why ? BRAM_OK : BRAM_ENOMEM;
}

struct view {
    const bram_benchmark *b;
    const bram_task *task;
    bram_way way[BRAM_WAYS];
    const bram_axis *parts;
    const char *why;
};

static void put_list(bram_json_out *o, const char *key, char *const *texts, size_t count)
{
    bram_json_out_array(o, key);
    for (size_t i = 0; i < count; i++) bram_json_out_text(o, NULL, texts[i]);
    bram_json_out_end(o);
}

/* How a model of one's own takes part. */
static void put_ways(bram_json_out *o, const struct view *v)
{
    bram_json_out_array(o, "ways");
    for (int k = 0; k < BRAM_WAYS; k++) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "way", bram_way_name((bram_way_kind)k));
        bram_json_out_text(o, "by", v->way[k].works ? v->way[k].text : NULL);
        bram_json_out_text(o, "reason", v->way[k].works ? NULL : v->way[k].text);
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
}

static int print_json(bram_ctx *cx, const struct view *v)
{
    bram_json_out *o = NULL;
    const bram_benchmark *b = v->b;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "name", b->name);
    bram_json_out_integer(o, "version", b->version);
    bram_json_out_text(o, "title", b->title);
    bram_json_out_text(o, "task", b->task);
    bram_json_out_text(o, "dataset", b->dataset);
    bram_json_out_text(o, "citation", b->citation);
    put_list(o, "metrics", b->metrics, b->metric_count);
    put_list(o, "models", b->models, b->model_count);
    bram_json_out_array(o, "options");
    struct option option;
    for (const char *at = bram_options_canonical(b->options); next_option(&at, &option, v->task);) {
        bram_json_out_object(o, NULL);
        bram_json_out_text(o, "name", option.key);
        bram_json_out_text(o, "value", option.value);
        bram_json_out_text(o, "default", option.param ? option.param->fallback : NULL);
        bram_json_out_text(o, "help", option.param ? option.param->help : NULL);
        bram_json_out_end(o);
    }
    bram_json_out_end(o);
    if (v->parts) {
        bram_json_out_array(o, "parts");
        for (size_t i = 0; i < bram_axis_length(v->parts); i++)
            bram_json_out_text(o, NULL, bram_axis_id(v->parts, i));
        bram_json_out_end(o);
    } else bram_json_out_null(o, "parts");
    bram_json_out_text(o, "parts_unknown", v->why);
    put_ways(o, v);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}

static void put_words(bram_buffer *out, const char *heading, char *const *texts, size_t count)
{
    bram_buffer_putf(out, "%-9s ", heading);
    for (size_t i = 0; i < count; i++) bram_buffer_putf(out, "%s%s", i ? "; " : "", texts[i]);
    bram_buffer_putf(out, "%s\n", count ? "" : "none");
}

static int print_text(bram_ctx *cx, const bram_cli_args *args, const struct view *v)
{
    const bram_benchmark *b = v->b;
    bram_buffer out = {0};
    bram_buffer_putf(&out, "%s, version %lld\n%s\n\n", b->name, (long long)b->version, b->title);
    bram_buffer_putf(&out, "%-9s %s: %s\n", "task", b->task, v->task->summary);
    bram_buffer_putf(&out, "%-9s %s%s%s%s\n", "dataset", b->dataset, *b->citation ? " (" : "",
                     b->citation, *b->citation ? ")" : "");
    put_words(&out, "metrics", b->metrics, b->metric_count);
    put_words(&out, "models", b->models, b->model_count);
    bram_buffer_putf(&out, "%-9s ", "parts");
    for (size_t i = 0; v->parts && i < bram_axis_length(v->parts); i++)
        bram_buffer_putf(&out, "%s%s", i ? "; " : "", bram_axis_id(v->parts, i));
    bram_buffer_putf(&out, "%s\n", v->parts ? "" : "not known without the dataset");
    for (int k = 0; k < (v->task->contestants ? 1 : BRAM_WAYS); k++) /* else all say the same */
        bram_buffer_putf(&out, "%-9s %s: %s%s\n", k ? "" : "your own",
                         v->task->contestants ? "none" : bram_way_name((bram_way_kind)k),
                         v->way[k].works || v->task->contestants ? "" : "no, ", v->way[k].text);
    bram_buffer_put(&out, "\n");
    static const bram_table_column columns[] = {
        {"option", "option", BRAM_CELL_TEXT},
        {"value", "value", BRAM_CELL_TEXT, .wrap = true},
        {"default", "default", BRAM_CELL_TEXT, .drop = 1, .wrap = true},
        {"help", "what it does", BRAM_CELL_TEXT, .wrap = true}};
    bram_table *t = NULL;
    BRAM_TRY(bram_cli_print_buffer(cx, &out));
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    struct option o;
    for (const char *at = bram_options_canonical(b->options); next_option(&at, &o, v->task);) {
        bram_table_row(t);
        bram_table_text(t, 0, o.key);
        bram_table_text(t, 1, o.value);
        bram_table_text(t, 2, o.param ? o.param->fallback : NULL);
        bram_table_text(t, 3, o.param ? o.param->help : NULL);
    }
    if (v->why) bram_table_note(t, "%s", v->why);
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* What --rows, --splits, --stimuli and --public ask for. */
static unsigned wanted(const bram_cli_args *args)
{
    return (bram_cli_has(args, "rows") ? BRAM_DEMAND_ROWS : 0) |
           (bram_cli_has(args, "splits") ? BRAM_DEMAND_SPLITS : 0) |
           (bram_cli_has(args, "stimuli") ? BRAM_DEMAND_STIMULI : 0) |
           (bram_cli_has(args, "public") ? BRAM_DEMAND_PUBLIC : 0);
}

static int write_demand(bram_ctx *cx, const bram_cli_args *args, const bram_benchmark *b)
{
    const char *dir = bram_cli_text(args, "output", NULL);
    bram_dataset *ds = NULL;
    if (!dir)
        return bram_fail(cx, BRAM_EUSAGE, "--rows, --splits, --stimuli and --public need -o DIR");
    BRAM_TRY(bram_data_open(cx, &ds, b->dataset, bram_cli_text(args, "data", NULL)));
    int status = bram_demand_write(cx, b, ds, dir, wanted(args), bram_cli_has(args, "force"));
    bram_dataset_free(ds);
    if (status == BRAM_OK) bram_note(cx, "wrote %s", dir);
    return status;
}

static int show(bram_ctx *cx, const bram_cli_args *args, bram_benchmark *b)
{
    bram_axis *parts = NULL;
    char *why = NULL;
    struct view v = {.b = b, .task = bram_task_find(b->task)};
    int status = find_parts(cx, &parts, &why, b, v.task, bram_cli_text(args, "data", NULL));
    v.parts = parts;
    v.why = why;
    for (int k = 0; k < BRAM_WAYS && status == BRAM_OK; k++)
        status = bram_way_of(cx, &v.way[k], b, (bram_way_kind)k);
    if (status == BRAM_OK)
        status = bram_cli_format(args, BRAM_TABLE_TEXT) == BRAM_TABLE_JSON
                     ? print_json(cx, &v)
                     : print_text(cx, args, &v);
    for (int k = 0; k < BRAM_WAYS; k++) bram_way_release(&v.way[k]);
    bram_free(why);
    bram_axis_free(parts);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_benchmark *b = NULL;
    BRAM_TRY(bram_benchmark_read(cx, &b, bram_cli_argument(args, 1)));
    int status = wanted(args) ? write_demand(cx, args, b) : show(cx, args, b);
    bram_benchmark_free(b);
    return status;
}

const bram_command bram_command_benchmark = {
    .name = "benchmark",
    .summary = "shows what a benchmark is made of",
    .arguments = "show NAME|FILE.yaml",
    .about =
        "Prints a benchmark's definition: the question, the dataset and its parts, metrics, models "
        "and every option with its value, its default and what it does.\n\n"
        "With -o it writes what a model must answer, so that the model can be run anywhere: rows "
        "and units, splits, stimuli. --public makes a challenge with a hidden test: a public "
        "dataset without the targets of the test, and a private one with them.",
    .options =
        (const bram_cli_option[]){
            {"data", 'd', "DIR",
             "Where the homogenized datasets are (default: "
             "$BRAMBLE_DATA)"},
            {"output", 'o', "DIR", "A folder to write into"},
            {"rows", 0, NULL, "Writes rows.csv and units.csv: what is predicted"},
            {"splits", 0, NULL,
             "Writes splits.csv: training, validation and test rows, "
             "or the fold that leaves a row out"},
            {"stimuli", 0, NULL, "Writes stimuli.csv and the arrays of the stimuli"},
            {"public", 0, NULL, "Writes public/ and private/: a hidden test"},
            {"force", 'f', NULL, "Replaces files that exist"},
            {NULL}},
    .examples = (const bram_cli_example[]){{"bramble benchmark show simulated-worm-forecast",
                                            "made data"},
                                           {"bramble benchmark show dag2023-forecast -d ~/worms",
                                            "with the parts of your recordings"},
                                           {"bramble benchmark show simulated-vision-encoding "
                                            "--rows --splits --stimuli -o asked",
                                            "what a model must answer, as files"},
                                           {"bramble benchmark show simulated-worm-cosmooth "
                                            "--public -o challenge",
                                            "a hidden test"},
                                           {NULL, NULL}},
    .least = 2,
    .most = 2,
    .words = "show",
    .run = run,
};
