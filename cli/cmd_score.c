/*
 * cmd_score.c - `bramble score --metric SPEC --model A --brain B`: one number from two files.
 */
#include "matrix_file.h"
#include "output.h"
#include "scores.h"
#include "subsample_option.h"
#include "terminal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What is compared, and what came out. */
struct scoring {
    const bram_metric *metric;
    bram_cli_matrix model, brain, reference;
    double *raw, chance, value;
    size_t values, undefined;
    bool median;
};

static void release(struct scoring *s)
{
    bram_cli_matrix_release(&s->model);
    bram_cli_matrix_release(&s->brain);
    bram_cli_matrix_release(&s->reference);
    bram_free(s->raw);
}

static int find_metric(bram_ctx *cx, struct scoring *s, const char *spec)
{
    char name[64] = "";
    size_t length = bram_spec_name_length(spec);
    if (length && length < sizeof name) memcpy(name, spec, length);
    s->metric = bram_metric_find(name);
    return s->metric
               ? BRAM_OK
               : bram_fail(cx, BRAM_EUSAGE,
                           "no metric is named \"%s\" (bramble list metrics shows them)", spec);
}

static unsigned match_flags(const struct scoring *s, bool rdm)
{
    if (rdm || s->metric->kind == BRAM_METRIC_GRAPH) return BRAM_MATCH_SQUARE;
    bool same = s->metric->kind == BRAM_METRIC_PAIRED || s->metric->kind == BRAM_METRIC_DENSITY;
    return same ? BRAM_MATCH_COLUMNS : 0;
}

static int read_sides(bram_ctx *cx, struct scoring *s, const bram_cli_args *args, bool rdm)
{
    const char *model = bram_cli_text(args, "model", NULL);
    const char *brain = bram_cli_text(args, "brain", NULL);
    const char *reference = bram_cli_text(args, "reference", NULL);
    const char *model_ids = bram_cli_text(args, "model-ids", NULL);
    if (!model || !brain) return bram_fail(cx, BRAM_EUSAGE, "score needs --model and --brain");
    if ((s->metric->flags & BRAM_METRIC_REFERENCE) && !reference)
        return bram_fail(cx, BRAM_EUSAGE, "%s compares with a trivial forecast: --reference FILE",
                         s->metric->name);
    unsigned flags = match_flags(s, rdm);
    BRAM_TRY(bram_cli_matrix_read(cx, &s->model, model, model_ids));
    BRAM_TRY(bram_cli_matrix_read(cx, &s->brain, brain, bram_cli_text(args, "brain-ids", NULL)));
    BRAM_TRY(bram_cli_matrix_match(cx, &s->model, &s->brain, flags));
    if (!reference) return BRAM_OK;
    BRAM_TRY(bram_cli_matrix_read(cx, &s->reference, reference, model_ids));
    size_t rows = s->brain.rows;
    BRAM_TRY(bram_cli_matrix_match(cx, &s->reference, &s->brain, flags));
    return s->brain.rows == rows
               ? BRAM_OK
               : bram_fail(cx, BRAM_ESHAPE, "the reference lacks rows that the model has");
}

static int compute(bram_ctx *cx, struct scoring *s, const char *spec, bool rdm)
{
    bram_side model = bram_cli_matrix_side(&s->model, rdm);
    bram_side brain = bram_cli_matrix_side(&s->brain, rdm);
    bram_side reference = bram_cli_matrix_side(&s->reference, rdm);
    bram_comparison settings = {.reference = s->reference.values ? &reference : NULL,
                                .memory = bram_ctx_memory(cx)};
    BRAM_TRY(
        bram_metric_score(cx, &s->raw, &s->values, &s->chance, spec, &model, &brain, &settings));
    double *scratch = bram_scratch(cx, s->values, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    s->value = bram_summary(s->raw, s->values, s->median, scratch, &s->undefined);
    return BRAM_OK;
}

static int print_json(bram_ctx *cx, const struct scoring *s, const char *spec)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "metric", spec);
    bram_json_out_number(o, "value", s->value);
    bram_json_out_text(o, "summary", s->median ? "median" : "mean");
    bram_json_out_integer(o, "values", (int64_t)s->values);
    bram_json_out_integer(o, "undefined", (int64_t)s->undefined);
    bram_json_out_number(o, "chance", s->chance);
    bram_json_out_flag(o, "higher_better", s->metric->flags & BRAM_METRIC_HIGHER_BETTER);
    bram_json_out_integer(o, "rows", (int64_t)s->brain.rows);
    bram_json_out_integer(o, "model_columns", (int64_t)s->model.cols);
    bram_json_out_integer(o, "brain_columns", (int64_t)s->brain.cols);
    bram_json_out_numbers(o, "raw", s->raw, s->values);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}

static int print_table(bram_ctx *cx, const bram_cli_args *args, const struct scoring *s,
                       const char *spec)
{
    static const bram_table_column columns[] = {
        {"metric", "metric", BRAM_CELL_TEXT},
        {"value", "value", BRAM_CELL_NUMBER, .digits = -1},
        {"summary", "summary", BRAM_CELL_TEXT},
        {"values", "values", BRAM_CELL_INTEGER},
        {"undefined", "undefined", BRAM_CELL_INTEGER},
        {"chance", "chance", BRAM_CELL_NUMBER, .digits = -1},
        {"rows", "rows", BRAM_CELL_INTEGER}};
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    bram_table_row(t);
    bram_table_text(t, 0, spec);
    bram_table_number(t, 1, s->value);
    bram_table_text(t, 2, s->median ? "median" : "mean");
    bram_table_integer(t, 3, (int64_t)s->values);
    bram_table_integer(t, 4, (int64_t)s->undefined);
    bram_table_number(t, 5, s->chance);
    bram_table_integer(t, 6, (int64_t)s->brain.rows);
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* The number alone on its line; what else there is to know goes to stderr. */
static int print_number(bram_ctx *cx, const struct scoring *s)
{
    char line[64];
    int length = snprintf(line, sizeof line, "%.17g\n", s->value);
    if (s->undefined)
        bram_note(cx, "%zu of %zu values are undefined and not in the %s", s->undefined, s->values,
                  s->median ? "median" : "mean");
    return bram_cli_print(cx, line, (size_t)length);
}

static int print_curve(bram_ctx *cx, const bram_cli_args *args, const struct scoring *s,
                       const char *spec, bool rdm)
{
    bram_side model = bram_cli_matrix_side(&s->model, rdm);
    bram_side brain = bram_cli_matrix_side(&s->brain, rdm);
    if (s->reference.values)
        return bram_fail(cx, BRAM_EUSAGE, "a curve over subsets takes no --reference");
    return bram_cli_print_curve(cx, args, spec, &model, &brain);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    const char *spec = bram_cli_text(args, "metric", NULL);
    if (!spec) return bram_fail(cx, BRAM_EUSAGE, "score needs --metric SPEC");
    bool rdm = bram_cli_has(args, "rdm");
    struct scoring s = {.median = !strcmp(bram_cli_text(args, "summary", "mean"), "median")};
    int status = find_metric(cx, &s, spec);
    if (status == BRAM_OK) status = read_sides(cx, &s, args, rdm);
    if (status == BRAM_OK && bram_cli_subsamples(args)) {
        status = print_curve(cx, args, &s, spec, rdm);
        release(&s);
        return status;
    }
    if (status == BRAM_OK) status = compute(cx, &s, spec, rdm);
    bram_table_format format = bram_cli_format(args, BRAM_TABLE_TEXT);
    if (status == BRAM_OK)
        status = format == BRAM_TABLE_TEXT   ? print_number(cx, &s)
                 : format == BRAM_TABLE_JSON ? print_json(cx, &s, spec)
                                             : print_table(cx, args, &s, spec);
    release(&s);
    return status;
}

const bram_command bram_command_score = {
    .name = "score",
    .summary = "one metric on two files: one number",
    .arguments = "--metric SPEC --model FILE --brain FILE",
    .about =
        "Compares a model's matrix with the brain's. A file is .npy, .csv, .npz:NAME, .mat:NAME or "
        ".h5:PATH (of a homogenized file or any other); NaN is missing.\n\n"
        "Where both sides have ids, rows are matched by them, and what only one side has is left "
        "out, with a note; else the rows must agree in number and order.\n\n"
        "Prints the mean of the metric's values (one for each unit, or one in all) at 17 digits. "
        "--format json has all of them, the chance level and the counts.",
    .options =
        (const bram_cli_option[]){
            {"metric", 'M', "SPEC", "The metric, such as rsa:rdm=correlation,compare=spearman"},
            {"model", 'm', "FILE", "The model's side: predictions, features, an RDM"},
            {"brain", 'b', "FILE", "The brain's side"},
            {"reference", 0, "FILE", "A trivial forecast of the same rows, for skill"},
            {"model-ids", 0, "IDS",
             "Ids of the model's rows: a column or variable of its file, or FILE[:NAME]"},
            {"brain-ids", 0, "IDS", "Ids of the brain's rows, likewise"},
            {"rdm", 0, NULL, "Both files hold square dissimilarity matrices"},
            {"summary", 0, "HOW", "How values of several units become one", "mean|median"},
            BRAM_CLI_SUBSAMPLE_OPTIONS,
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble score --metric rsa --model feat.npy --brain it.h5:responses/it",
             "conditions matched by position, or by ids where both have them"},
            {"bramble score --metric pearson --model p.csv --brain y.csv --format json",
             "a prediction, with r of every unit"},
            {"bramble score -M rsa:rdm=given --rdm -m a.npy -b b.mat:RDM", "two RDMs"},
            {"bramble score -M rsa -m feat.npy -b it.npy --subsample-units 10+30+100",
             "how the score depends on the number of units"},
            {NULL, NULL}},
    .least = 0,
    .most = 0,
    .computes = true,
    .run = run,
};
