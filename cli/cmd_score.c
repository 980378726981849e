/*
 * cmd_score.c - `bramble score --metric SPEC --model A --brain B`: metrics on files, one number or
 * a table of all pairs.
 */
#include "number.h"
#include "output.h"
#include "score_job.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

/* ---- reading the command line --------------------------------------------------------------- */

/* "10+30+100" as sizes; nothing where the option is absent. */
static int read_sizes(bram_ctx *cx, bram_score_sizes *out, const bram_cli_args *args,
                      const char *option)
{
    static const bram_param table[] = {
        {"sizes", BRAM_PARAM_INTEGERS, "", NULL, 1, 1e9, "sizes of subsets"}, {.name = NULL}};
    const char *text = bram_cli_text(args, option, NULL);
    bram_options *o = NULL;
    size_t n = 0;
    if (!text) return BRAM_OK;
    BRAM_TRY(bram_options_new(cx, &o, table, NULL));
    int status = bram_options_set(cx, o, "sizes", text);
    if (status != BRAM_OK) bram_fail_prefix(cx, status, "--%s", option);
    const int64_t *list = status == BRAM_OK ? bram_option_integers(o, "sizes", &n) : NULL;
    if (list && !(out->size = bram_alloc(cx, n, sizeof *out->size))) status = BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && list && k < n; k++) out->size[k] = (size_t)list[k];
    if (status == BRAM_OK) out->count = n;
    bram_options_free(o);
    return status;
}

static int read_level(bram_ctx *cx, const bram_cli_args *args, double *level)
{
    const char *text = bram_cli_text(args, "level", "0.95");
    if (bram_number_parse(text, 0, level) && *level > 0 && *level < 1) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE, "--level: found \"%s\", expected a number between 0 and 1",
                     text);
}

static int read_rule(bram_ctx *cx, bram_rule *rule, const bram_cli_args *args)
{
    const char *name = bram_cli_text(args, "normalization", "none");
    if (bram_rule_find(rule, name)) return BRAM_OK;
    return bram_fail(cx, BRAM_EUSAGE,
                     "--normalization: found \"%s\", expected ratio, r2_over_reliability, "
                     "squared_ratio, unitwise_r2_over_reliability, r_over_sqrt_reliability, "
                     "nc_percent or none",
                     name);
}

static int read_numbers(bram_ctx *cx, bram_score_run *job, const bram_cli_args *args)
{
    int64_t samples, repeats, seed;
    BRAM_TRY(bram_cli_integer(cx, args, "samples", 0, 10000000, 0, &samples));
    BRAM_TRY(bram_cli_integer(cx, args, "repeats", 1, 1000000, 100, &repeats));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    job->samples = (size_t)samples, job->repeats = (size_t)repeats, job->seed = (uint64_t)seed;
    job->rdm = bram_cli_has(args, "rdm");
    job->median = !strcmp(bram_cli_text(args, "summary", "mean"), "median");
    BRAM_TRY(read_level(cx, args, &job->level));
    BRAM_TRY(read_sizes(cx, &job->units, args, "subsample-units"));
    BRAM_TRY(read_sizes(cx, &job->model_units, args, "subsample-model-units"));
    return read_sizes(cx, &job->conditions, args, "subsample-conditions");
}

/* The values of a repeated option, in scratch memory. */
static int values_of(bram_ctx *cx, const char ***out, size_t *count, const bram_cli_args *args,
                     const char *option)
{
    *count = bram_cli_count(args, option);
    if (!*count) return bram_fail(cx, BRAM_EUSAGE, "score needs --%s", option);
    if (!(*out = bram_scratch(cx, *count, sizeof **out))) return BRAM_ENOMEM;
    for (size_t i = 0; i < *count; i++) (*out)[i] = bram_cli_value(args, option, i);
    return BRAM_OK;
}

/* Whether all metrics are known, and any compares measurements. */
static int check_metrics(bram_ctx *cx, bool *repeats, const bram_score_run *job)
{
    *repeats = false;
    for (size_t k = 0; k < job->metrics; k++) {
        bool these;
        BRAM_TRY(bram_score_uses_repeats(cx, &these, job->metric[k]));
        *repeats |= these;
    }
    return BRAM_OK;
}

static int read_drops(bram_ctx *cx, bram_score_labels *out, const bram_cli_args *args,
                      const char *option)
{
    size_t count = bram_cli_count(args, option);
    if (count > BRAM_SCORE_DROPS)
        return bram_fail(cx, BRAM_EUSAGE, "--%s: %zu columns, expected %d at most", option, count,
                         BRAM_SCORE_DROPS);
    for (size_t k = 0; k < count; k++) out->drop[k] = bram_cli_value(args, option, k);
    return BRAM_OK;
}

static int read_job(bram_ctx *cx, bram_score_run *job, const bram_cli_args *args)
{
    const char **metric, **model, **brain;
    size_t models, brains;
    const char *reference = bram_cli_text(args, "reference", NULL);
    bram_score_labels of_model = {.ids = bram_cli_text(args, "model-ids", NULL),
                                  .conditions = bram_cli_text(args, "model-conditions", NULL),
                                  .folds = bram_cli_text(args, "model-folds", NULL)};
    bram_score_labels of_brain = {.ids = bram_cli_text(args, "brain-ids", NULL),
                                  .conditions = bram_cli_text(args, "conditions", NULL),
                                  .subjects = bram_cli_text(args, "subjects", NULL),
                                  .folds = bram_cli_text(args, "folds", NULL)};
    BRAM_TRY(values_of(cx, &metric, &job->metrics, args, "metric"));
    BRAM_TRY(values_of(cx, &model, &models, args, "model"));
    BRAM_TRY(values_of(cx, &brain, &brains, args, "brain"));
    BRAM_TRY(read_numbers(cx, job, args));
    job->metric = bram_alloc(cx, job->metrics, sizeof *job->metric);
    if (!job->metric) return BRAM_ENOMEM;
    memcpy(job->metric, metric, job->metrics * sizeof *metric);
    BRAM_TRY(check_metrics(cx, &of_brain.keep_repeats, job));
    of_model.keep_repeats = of_brain.keep_repeats;
    job->limited = bram_cli_has(args, "normalization");
    if (job->limited) BRAM_TRY(read_rule(cx, &job->rule, args));
    of_brain.keep_repeats |= job->limited;
    if ((of_model.span = bram_cli_has(args, "out-of-core"))) {
        if (of_model.conditions)
            return bram_fail(cx, BRAM_EUSAGE,
                             "--out-of-core and --model-conditions exclude each "
                             "other: average the features beforehand");
        for (size_t k = 0; k < job->metrics; k++)
            BRAM_TRY(bram_score_takes_products(cx, job->metric[k]));
    }
    if (of_model.folds && !of_model.conditions)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--model-folds are of measurements of --model-conditions");
    if (of_model.ids && of_model.conditions)
        return bram_fail(cx, BRAM_EUSAGE, "--model-conditions are the ids of the model's rows");
    if (of_brain.ids && of_brain.conditions)
        return bram_fail(cx, BRAM_EUSAGE, "--conditions are the ids of the brain's rows");
    BRAM_TRY(read_drops(cx, &of_model, args, "model-drop"));
    BRAM_TRY(read_drops(cx, &of_brain, args, "drop"));
    BRAM_TRY(bram_score_inputs_read(cx, &job->models, model, models, &of_model, job->rdm));
    BRAM_TRY(bram_score_inputs_read(cx, &job->brains, brain, brains, &of_brain, job->rdm));
    if (!reference) return BRAM_OK;
    return bram_score_inputs_read(cx, &job->reference, &reference, 1, &of_model, job->rdm);
}

/* ---- output --------------------------------------------------------------------------------- */

static void put_line(bram_json_out *o, const bram_score_run *job, const bram_score_line *line,
                     bool higher)
{
    const bram_score_input *brain = &job->brains.item[line->brain];
    bram_json_out_text(o, "metric", job->metric[line->metric]);
    bram_json_out_text(o, "model", job->models.item[line->model].name);
    bram_json_out_text(o, "brain", brain->name);
    if (line->sampled) {
        bram_json_out_text(o, "subsample", line->sampled);
        bram_json_out_integer(o, "size", (int64_t)line->size);
        bram_json_out_integer(o, "repeats", (int64_t)line->repeats);
    }
    bram_json_out_number(o, "value", line->value);
    if (job->samples || line->sampled) {
        bram_json_out_number(o, "low", line->low);
        bram_json_out_number(o, "high", line->high);
        bram_json_out_number(o, "level", job->level);
        bram_json_out_integer(o, "draws", (int64_t)line->draws);
    }
    if (job->limited && !line->sampled) {
        bram_json_out_number(o, "reliability", line->limit.reliability);
        bram_json_out_number(o, "ceiling", line->limit.ceiling);
        bram_json_out_text(o, "normalization", bram_rule_name(job->rule));
        bram_json_out_number(o, "normalized", line->limit.normalized);
        bram_json_out_integer(o, "normalized_left_out", (int64_t)line->limit.left_out);
    }
    bram_json_out_text(o, "summary", job->median && !line->sampled ? "median" : "mean");
    if (!line->sampled) bram_json_out_integer(o, "values", (int64_t)line->values);
    bram_json_out_integer(o, "undefined", (int64_t)line->undefined);
    if (!line->sampled) bram_json_out_number(o, "chance", line->chance);
    bram_json_out_flag(o, "higher_better", higher);
    bram_json_out_integer(o, "rows", (int64_t)line->rows);
    bram_json_out_integer(o, "model_columns", (int64_t)line->model_cols);
    bram_json_out_integer(o, "brain_columns", (int64_t)line->brain_cols);
    if (line->sampled) return;
    if (brain->subject) {
        bram_json_out_array(o, "subjects");
        for (size_t s = 0; s < brain->pieces; s++) bram_json_out_text(o, NULL, brain->subject[s]);
        bram_json_out_end(o);
    }
    bram_json_out_numbers(o, "raw", line->raw, line->values);
}

/* One line is an object, several are a list of such objects. */
static int print_json(bram_ctx *cx, const bram_score_run *job)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    if (job->lines > 1) bram_json_out_array(o, "scores");
    for (size_t k = 0; k < job->lines; k++) {
        const bram_score_line *line = &job->line[k];
        bool higher = false;
        (void)!bram_score_higher_better(cx, &higher, job->metric[line->metric]);
        if (job->lines > 1) bram_json_out_object(o, NULL);
        put_line(o, job, line, higher);
        if (job->lines > 1) bram_json_out_end(o);
    }
    if (job->lines > 1) bram_json_out_end(o);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}

enum {
    METRIC,
    MODEL,
    BRAIN,
    SUBSAMPLE,
    SIZE,
    VALUE,
    LOW,
    HIGH,
    CEILING,
    NORMALIZED,
    SUMMARY,
    VALUES,
    UNDEFINED,
    CHANCE,
    ROWS,
    COLUMNS
};

static const bram_table_column columns[COLUMNS] = {
    [METRIC] = {"metric", "metric", BRAM_CELL_TEXT},
    [MODEL] = {"model", "model", BRAM_CELL_TEXT, .wrap = true},
    [BRAIN] = {"brain", "brain", BRAM_CELL_TEXT, .wrap = true},
    [SUBSAMPLE] = {"subsample", "subsample", BRAM_CELL_TEXT},
    [SIZE] = {"size", "size", BRAM_CELL_INTEGER},
    [VALUE] = {"value", "value", BRAM_CELL_NUMBER, .digits = -1},
    [LOW] = {"low", "low", BRAM_CELL_NUMBER, .digits = -1},
    [HIGH] = {"high", "high", BRAM_CELL_NUMBER, .digits = -1},
    [CEILING] = {"ceiling", "ceiling", BRAM_CELL_NUMBER, .digits = -1},
    [NORMALIZED] = {"normalized", "normalized", BRAM_CELL_NUMBER, .digits = -1},
    [SUMMARY] = {"summary", "summary", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
    [VALUES] = {"values", "values", BRAM_CELL_INTEGER, .audience = BRAM_FOR_MACHINES},
    [UNDEFINED] = {"undefined", "undefined", BRAM_CELL_INTEGER, .audience = BRAM_FOR_MACHINES},
    [CHANCE] = {"chance", "chance", BRAM_CELL_NUMBER, .digits = -1},
    [ROWS] = {"rows", "rows", BRAM_CELL_INTEGER},
};

/* Whether a column says anything: text tables leave out those that do not. */
static bool is_wanted(const bram_score_run *job, size_t column, bool people)
{
    bool curves = job->units.count || job->model_units.count || job->conditions.count;
    if (column == CEILING || column == NORMALIZED) return job->limited;
    if (!people) return true;
    if (column == METRIC) return job->metrics > 1;
    if (column == SUBSAMPLE || column == SIZE) return curves;
    if (column == LOW || column == HIGH) return job->samples || curves;
    return true;
}

/* "conv1" of "net.npz:conv1" and "a" of "/data/a". */
static const char *tail(const char *name)
{
    const char *at = name;
    for (const char *c = name; *c; c++)
        if ((*c == '/' || *c == ':') && c[1]) at = c + 1;
    return at;
}

/* What people read: the end of a name where that tells all of them apart. */
static const char *shown(const bram_score_inputs *in, size_t which, bool people)
{
    const char *name = in->item[which].name;
    for (size_t i = 0; people && i < in->count; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(tail(in->item[i].name), tail(in->item[j].name))) return name;
    return people ? tail(name) : name;
}

static void fill_row(bram_table *t, const size_t *at, const bram_score_run *job,
                     const bram_score_line *line, bool people)
{
    bram_table_row(t);
    const char *text[COLUMNS] = {[METRIC] = job->metric[line->metric],
                                 [MODEL] = shown(&job->models, line->model, people),
                                 [BRAIN] = shown(&job->brains, line->brain, people),
                                 [SUBSAMPLE] = line->sampled,
                                 [SUMMARY] = job->median && !line->sampled ? "median" : "mean"};
    double number[COLUMNS] = {[VALUE] = line->value,
                              [LOW] = line->low,
                              [HIGH] = line->high,
                              [CEILING] = line->limit.ceiling,
                              [NORMALIZED] = line->limit.normalized,
                              [CHANCE] = line->chance};
    size_t whole[COLUMNS] = {[SIZE] = line->size,
                             [VALUES] = line->values,
                             [UNDEFINED] = line->undefined,
                             [ROWS] = line->rows};
    for (size_t c = 0; c < COLUMNS; c++) {
        if (at[c] == SIZE_MAX) continue;
        bool absent = line->sampled ? c == VALUES || c == CHANCE || c == CEILING || c == NORMALIZED
                                    : c == SIZE;
        if (columns[c].kind == BRAM_CELL_TEXT) bram_table_text(t, at[c], text[c]);
        else if (absent) continue;
        else if (columns[c].kind == BRAM_CELL_NUMBER) bram_table_number(t, at[c], number[c]);
        else bram_table_integer(t, at[c], (int64_t)whole[c]);
    }
}

static int print_table(bram_ctx *cx, const bram_cli_args *args, const bram_score_run *job,
                       bool people)
{
    bram_table *t = NULL;
    bram_table_column used[COLUMNS];
    size_t at[COLUMNS], count = 0;
    for (size_t c = 0; c < COLUMNS; c++) {
        at[c] = is_wanted(job, c, people) ? count : SIZE_MAX;
        if (at[c] != SIZE_MAX) used[count++] = columns[c];
    }
    BRAM_TRY(
        bram_table_new(cx, &t, people && job->metrics == 1 ? job->metric[0] : "", used, count));
    for (size_t k = 0; k < job->lines; k++) fill_row(t, at, job, &job->line[k], people);
    if (people && job->samples)
        bram_table_note(t,
                        "low, high: %g %% intervals from %zu draws of conditions, the same draws "
                        "for all pairs.",
                        100 * job->level, job->samples);
    if (people && (job->units.count || job->model_units.count || job->conditions.count))
        bram_table_note(t, "Subsamples: mean and %g %% of %zu random ones.", 100 * job->level,
                        job->repeats);
    if (people && job->limited)
        bram_table_note(t,
                        "ceiling: what the signal itself scores, by the reliability of the means "
                        "over repeats; normalized: by the rule %s.",
                        bram_rule_name(job->rule));
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

/* The number alone on its line; what else there is to know goes to stderr. */
static int print_number(bram_ctx *cx, const bram_score_run *job)
{
    const bram_score_line *line = &job->line[0];
    char text[64];
    int length = snprintf(text, sizeof text, "%.17g\n", line->value);
    if (line->undefined)
        bram_note(cx, "%zu of %zu values are undefined and not in the %s", line->undefined,
                  line->values, job->median ? "median" : "mean");
    return bram_cli_print(cx, text, (size_t)length);
}

static int print_job(bram_ctx *cx, const bram_cli_args *args, const bram_score_run *job)
{
    bram_table_format format = bram_cli_format(args, BRAM_TABLE_TEXT);
    if (format == BRAM_TABLE_JSON) return print_json(cx, job);
    if (format == BRAM_TABLE_TEXT && job->lines == 1 && !job->samples && !job->limited)
        return print_number(cx, job);
    return print_table(cx, args, job, format == BRAM_TABLE_TEXT || format == BRAM_TABLE_MARKDOWN);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_score_run job = {0};
    int status = read_job(cx, &job, args);
    if (status == BRAM_OK) status = bram_score_run_all(cx, &job);
    if (status == BRAM_OK) status = print_job(cx, args, &job);
    bram_score_run_release(&job);
    return status;
}

const bram_command bram_command_score = {
    .name = "score",
    .summary = "metrics on files: one number, or all models by all brains",
    .arguments = "--metric SPEC --model FILE --brain FILE",
    .about =
        "Compares models with brains. A file is .npy, .csv, .npz:NAME, .mat:NAME or .h5:PATH (of a "
        "homogenized file or any other); NaN is missing. NAME may be a pattern such as "
        "'layer*': each array that matches is a model of its own.\n\n"
        "Where both sides have ids, rows are matched by them, and what only one side has is left "
        "out, with a note; else the rows must agree in number and order.\n\n"
        "One metric on one pair prints the number (the mean of the metric's values, one for each "
        "unit or one in all) at 17 digits; several are a table. --format json has all values, the "
        "chance level and the counts.",
    .options =
        (const bram_cli_option[]){
            {"metric", 'M', "SPEC", "The metric, such as rsa:rdm=correlation,compare=spearman",
             .repeat = true},
            {"model", 'm', "FILE", "The model's side: predictions, features, an RDM",
             .repeat = true},
            {"brain", 'b', "FILE", "The brain's side", .repeat = true},
            {"reference", 0, "FILE", "A trivial forecast of the same rows, for skill"},
            {"model-ids", 0, "IDS",
             "Ids of the model's rows: a column or variable of its file, or FILE[:NAME]"},
            {"brain-ids", 0, "IDS", "Ids of the brain's rows, likewise"},
            {"out-of-core", 0, NULL,
             "Features of --model (.npy, or a homogenized file) are read in blocks and may be "
             "larger "
             "than memory; for encoding by ridge, ols and pls"},
            {"rdm", 0, NULL, "All files hold square dissimilarity matrices"},
            {"summary", 0, "HOW", "How values of several units become one", "mean|median"},
            {"normalization", 0, "RULE",
             "Also a ceiling from the brain's repeats, and the score by a rule: ratio, "
             "r2_over_reliability, squared_ratio, unitwise_r2_over_reliability, "
             "r_over_sqrt_reliability, nc_percent, none"},
            {"conditions", 0, "LABELS",
             "The condition of each row of the brain: its rows are averaged", NULL, "Design"},
            {"model-conditions", 0, "LABELS", "The same of the model", NULL, "Design"},
            {"subjects", 0, "LABELS",
             "The subject of each row of the brain: values for each, and their mean", NULL,
             "Design"},
            {"folds", 0, "LABELS",
             "The fold of each row of the brain: metrics that fit leave out each in turn; "
             "rsa:rdm=crossnobis compares rows of a condition between them",
             NULL, "Design"},
            {"model-folds", 0, "LABELS", "The same of the model, for rsa:rdm=crossnobis", NULL,
             "Design"},
            {"drop", 0, "COLUMN", "A column of the brain's table that is no unit", NULL, "Design",
             .repeat = true},
            {"model-drop", 0, "COLUMN", "The same of the model", NULL, "Design", .repeat = true},
            {"samples", 0, "N", "An interval from N bootstrap draws of conditions", NULL,
             "Intervals and curves"},
            {"level", 0, "P", "Level of intervals (default 0.95)", NULL, "Intervals and curves"},
            {"seed", 0, "N", "Seed of draws and subsamples (default 0)", NULL,
             "Intervals and curves"},
            {"subsample-units", 0, "SIZES",
             "Also scores random subsets of so many units of the brain (10+30+100)", NULL,
             "Intervals and curves"},
            {"subsample-model-units", 0, "SIZES", "The same of so many units of the model", NULL,
             "Intervals and curves"},
            {"subsample-conditions", 0, "SIZES", "The same of so many conditions (rows)", NULL,
             "Intervals and curves"},
            {"repeats", 0, "N", "Random subsets of each size (default 100)", NULL,
             "Intervals and curves"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble score --metric rsa --model feat.npy --brain it.h5:responses/it",
             "conditions matched by position, or by ids where both have them"},
            {"bramble score --metric pearson --model p.csv --brain y.csv --format json",
             "a prediction, with r of every unit"},
            {"bramble score -M rsa:rdm=given --rdm -m a.npy -b b.mat:RDM", "two RDMs"},
            {"bramble score -M cka -M procrustes -m 'net.npz:conv*' -b v4.npy -b it.npy",
             "two metrics, every layer by two areas: a table"},
            {"bramble score -M cka -m f.npy -b b.csv --conditions stim --subjects who",
             "repeats averaged, a value for each subject; --samples 1000 adds an interval"},
            {"bramble score -M rsa:rdm=crossnobis,compare=cosine_cov -m f.npy -b b.csv "
             "--conditions "
             "stim --folds run",
             "distances of the brain from measurements in different runs"},
            {"bramble score -M encoding -m f.npy -b it.h5 --normalization ratio",
             "features mapped to units, beside what the repeats of it.h5 allow"},
            {"bramble score -M rsa -m feat.npy -b it.npy --subsample-units 10+30+100",
             "how the score depends on the number of units"},
            {NULL, NULL}},
    .least = 0,
    .most = 0,
    .computes = true,
    .run = run,
};
