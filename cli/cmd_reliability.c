/*
 * cmd_reliability.c - `bramble reliability FILE`: how reliable repeated responses are, and what a
 * model could reach on them, unit by unit and over units.
 */
#include "csvfile.h"
#include "linalg.h"
#include "matrix_file.h"
#include "number.h"
#include "output.h"
#include "reliability_units.h"
#include "scores.h"
#include "trial_scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CONDITIONS, SUBJECTS, DROPPED, LABELS = DROPPED + 16, MOST_MEASURES = 20 };

/* One measure: a value for each unit. */
struct measure {
    const char *key, *title;
    double *value;
};

struct job {
    bram_cli_matrix m, prediction;
    bram_cli_labels label[LABELS];
    struct measure measure[MOST_MEASURES];
    size_t measures, unreliable;
    double threshold, ratio_of_sums;
};

static void release(struct job *job)
{
    bram_cli_matrix_release(&job->m);
    bram_cli_matrix_release(&job->prediction);
    for (size_t k = 0; k < LABELS; k++) bram_cli_labels_release(job->label + k);
    for (size_t k = 0; k < job->measures; k++) bram_free(job->measure[k].value);
}

static double *add_measure(bram_ctx *cx, struct job *job, const char *key, const char *title)
{
    double *value = bram_alloc(cx, job->m.cols, sizeof *value);
    if (value) job->measure[job->measures++] = (struct measure){key, title, value};
    return value;
}

/* ---- measures ------------------------------------------------------------------------------- */

static int repeats(bram_ctx *cx, struct job *job, const bram_trials *t, const bram_split_options *o)
{
    double *r = add_measure(cx, job, "split_half_r", "r of split halves");
    double *full = add_measure(cx, job, "spearman_brown", "reliability of the mean");
    double *root = add_measure(cx, job, "ceiling_r", "ceiling of r");
    double *of_mean = add_measure(cx, job, "explainable_mean", "explainable variance, mean");
    double *of_trial = add_measure(cx, job, "explainable_trial", "explainable variance, trial");
    double *ncsnr = add_measure(cx, job, "ncsnr", "noise-ceiling signal-to-noise");
    double *ceiling = add_measure(cx, job, "noise_ceiling", "noise ceiling, %");
    double *noise = add_measure(cx, job, "noise_variance", "noise variance");
    double *total = add_measure(cx, job, "total_variance", "variance of the mean");
    double *signal = add_measure(cx, job, "signal_variance", "signal variance");
    double *fev = add_measure(cx, job, "fev", "explainable variance of trials (FEV)");
    double *jackknife = add_measure(cx, job, "oracle_jackknife", "oracle: the other trials");
    double *conservative = add_measure(cx, job, "oracle_conservative", "oracle, conservative");
    if (!fev || !jackknife || !conservative || !signal || !total || !noise || !ceiling || !ncsnr ||
        !of_trial || !of_mean || !root || !full || !r)
        return BRAM_ENOMEM;
    bram_variances v = {noise, total, signal, of_mean, of_trial, ncsnr, ceiling};
    BRAM_TRY(bram_split_half(cx, r, full, t, o));
    for (size_t u = 0; u < job->m.cols; u++)
        root[u] = isnan(full[u]) ? (double)NAN : sqrt(fmax(full[u], 0));
    BRAM_TRY(bram_explainable(cx, &v, t));
    return bram_trial_limits_of(cx, &(bram_trial_limits){fev, jackknife, conservative}, t,
                                &(bram_trial_options){0});
}

static const double *measured(const struct job *job, const char *key)
{
    for (size_t k = 0; k < job->measures; k++)
        if (!strcmp(job->measure[k].key, key)) return job->measure[k].value;
    return NULL;
}

/* The prediction's rows in the order of the conditions: by ids, or as they stand. */
static int order_prediction(bram_ctx *cx, bram_mat *out, const struct job *job)
{
    const bram_cli_matrix *p = &job->prediction;
    const bram_cli_labels *conditions = job->label + CONDITIONS;
    if (p->present)
        return bram_fail(cx, BRAM_ENUMERIC, "the prediction has missing values, expected none");
    if (!p->row && p->rows != conditions->names)
        return bram_fail(cx, BRAM_ESHAPE,
                         "the prediction has %zu rows for %zu conditions and no ids "
                         "(--prediction-ids)",
                         p->rows, conditions->names);
    BRAM_TRY(bram_mat_scratch(cx, out, conditions->names, p->cols));
    for (size_t c = 0; c < conditions->names; c++) {
        ptrdiff_t at = p->row ? bram_axis_find(p->row, conditions->name[c]) : (ptrdiff_t)c;
        if (at < 0)
            return bram_fail(cx, BRAM_EABSENT, "the prediction has no row \"%s\"",
                             conditions->name[c]);
        memcpy(bram_row(out, c), p->values + (size_t)at * p->cols, p->cols * sizeof *p->values);
    }
    return BRAM_OK;
}

/* r / sqrt(reliability) of units above the threshold; the ratio of sums over the same units. */
static void normalize(struct job *job, double *normalized, const double *r)
{
    const double *full = measured(job, "spearman_brown"), *root = measured(job, "ceiling_r");
    double above = 0, below = 0;
    for (size_t u = 0; u < job->m.cols; u++) {
        bool kept = full[u] > job->threshold;
        normalized[u] = kept ? r[u] / root[u] : (double)NAN;
        if (kept && !isnan(r[u])) above += r[u], below += root[u];
        job->unreliable += !kept;
    }
    job->ratio_of_sums = above / below;
}

static int predicted(bram_ctx *cx, struct job *job, const bram_trials *t)
{
    bram_mat prediction;
    BRAM_TRY(order_prediction(cx, &prediction, job));
    double *r = add_measure(cx, job, "r", "r of the prediction");
    double *cc_norm = add_measure(cx, job, "cc_norm", "CC_norm");
    double *feve = add_measure(cx, job, "feve", "FEVE");
    double *normalized = add_measure(cx, job, "normalized_r", "r / ceiling of r");
    if (!r || !cc_norm || !feve || !normalized) return BRAM_ENOMEM;
    BRAM_TRY(bram_prediction_quality(cx, r, cc_norm, feve, t, &prediction));
    normalize(job, normalized, r);
    return BRAM_OK;
}

static int over_subjects(bram_ctx *cx, struct job *job, const bram_trials *t)
{
    const bram_cli_labels *subjects = job->label + SUBJECTS;
    double *lower = add_measure(cx, job, "lower", "lower ceiling: the other subjects");
    double *upper = add_measure(cx, job, "upper", "upper ceiling: all subjects");
    if (!lower || !upper) return BRAM_ENOMEM;
    return bram_subject_ceilings(cx, lower, upper, t, subjects->code, subjects->names);
}

/* ---- output --------------------------------------------------------------------------------- */

static int print_table(bram_ctx *cx, const bram_cli_args *args, const struct job *job)
{
    static const bram_table_column columns[] = {
        {"measure", "measure", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES},
        {"title", "measure", BRAM_CELL_TEXT, .audience = BRAM_FOR_PEOPLE},
        {"mean", "mean", BRAM_CELL_NUMBER, .digits = 3},
        {"median", "median", BRAM_CELL_NUMBER, .digits = 3},
        {"units", "units", BRAM_CELL_INTEGER},
        {"undefined", "undefined", BRAM_CELL_INTEGER}};
    size_t units = job->m.cols, undefined;
    bram_table *t = NULL;
    double *scratch = bram_scratch(cx, units, sizeof *scratch);
    if (!scratch) return BRAM_ENOMEM;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t k = 0; k < job->measures; k++) {
        const struct measure *m = job->measure + k;
        bram_table_row(t);
        bram_table_text(t, 0, m->key);
        bram_table_text(t, 1, m->title);
        bram_table_number(t, 2, bram_summary(m->value, units, false, scratch, &undefined));
        bram_table_number(t, 3, bram_summary(m->value, units, true, scratch, &undefined));
        bram_table_integer(t, 4, (int64_t)(units - undefined));
        bram_table_integer(t, 5, (int64_t)undefined);
    }
    if (job->label[SUBJECTS].names)
        bram_table_note(t, "%zu subjects of nothing but noise would have an upper ceiling of %.3f",
                        job->label[SUBJECTS].names, 1 / sqrt((double)job->label[SUBJECTS].names));
    if (job->prediction.values && job->unreliable < units)
        bram_table_note(t, "sum of r / sum of ceilings %.3f", job->ratio_of_sums);
    if (job->prediction.values)
        bram_table_note(t,
                        "%zu of %zu units are not above a reliability of %g and have no "
                        "normalized r",
                        job->unreliable, units, job->threshold);
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status;
}

static int put_units(bram_ctx *cx, bram_outfile *file, const struct job *job)
{
    bram_csv_writer w;
    bram_csv_to_file(&w, file, ',');
    BRAM_TRY(bram_csv_put_text(cx, &w, "unit"));
    for (size_t k = 0; k < job->measures; k++)
        BRAM_TRY(bram_csv_put_text(cx, &w, job->measure[k].key));
    BRAM_TRY(bram_csv_end_row(cx, &w));
    for (size_t u = 0; u < job->m.cols; u++) {
        BRAM_TRY(job->m.column ? bram_csv_put_text(cx, &w, bram_axis_id(job->m.column, u))
                               : bram_csv_put_integer(cx, &w, (int64_t)u + 1));
        for (size_t k = 0; k < job->measures; k++) {
            double x = job->measure[k].value[u];
            BRAM_TRY(isnan(x) ? bram_csv_put_text(cx, &w, "") : bram_csv_put_number(cx, &w, x));
        }
        BRAM_TRY(bram_csv_end_row(cx, &w));
    }
    return BRAM_OK;
}

static int write_units(bram_ctx *cx, const char *path, bool replace, const struct job *job)
{
    bram_outfile *file = NULL;
    BRAM_TRY(bram_outfile_open(cx, &file, path, replace));
    int status = put_units(cx, file, job);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

/* ---- the command ---------------------------------------------------------------------------- */

static int read_all(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    size_t drops = bram_cli_count(args, "drop");
    const char *prediction = bram_cli_text(args, "prediction", NULL);
    job->label[CONDITIONS].spec = bram_cli_text(args, "conditions", NULL);
    job->label[SUBJECTS].spec = bram_cli_text(args, "subjects", NULL);
    job->label[CONDITIONS].role = BRAM_LABEL_STIMULUS;
    if (prediction && job->label[SUBJECTS].spec)
        return bram_fail(cx, BRAM_EUSAGE,
                         "a --prediction is held against trials, --subjects against each other");
    if (drops > LABELS - DROPPED)
        return bram_fail(cx, BRAM_EUSAGE, "--drop is given %zu times, expected %d at most", drops,
                         LABELS - DROPPED);
    for (size_t k = 0; k < drops; k++)
        job->label[DROPPED + k] = (bram_cli_labels){.spec = bram_cli_value(args, "drop", k),
                                                    .set_aside = true};
    int status = bram_cli_matrix_read_labelled(cx, &job->m, bram_cli_argument(args, 0), NULL,
                                               job->label, LABELS);
    if (status == BRAM_EFORMAT && !job->label[CONDITIONS].spec)
        return bram_fail_prefix(cx, status, "without --conditions");
    BRAM_TRY(status);
    if (!job->label[CONDITIONS].code)
        return bram_fail(cx, BRAM_EUSAGE,
                         "reliability needs --conditions: the condition of each row");
    if (!prediction) return BRAM_OK;
    return bram_cli_matrix_read(cx, &job->prediction, prediction,
                                bram_cli_text(args, "prediction-ids", NULL));
}

static int work(bram_ctx *cx, struct job *job, const bram_cli_args *args)
{
    int64_t splits, seed;
    const char *threshold = bram_cli_text(args, "threshold", NULL);
    const char *out = bram_cli_text(args, "output", NULL);
    BRAM_TRY(bram_cli_integer(cx, args, "splits", 0, 1000000, 100, &splits));
    BRAM_TRY(bram_cli_integer(cx, args, "seed", 0, INT64_MAX, 0, &seed));
    if (threshold && (!bram_number_parse(threshold, 0, &job->threshold) || job->threshold < 0))
        return bram_fail(cx, BRAM_EUSAGE, "--threshold: found \"%s\", expected 0 or more",
                         threshold);
    BRAM_TRY(read_all(cx, job, args));
    bram_side side = bram_cli_matrix_side(&job->m, false);
    bram_trials t = {&side, job->label[CONDITIONS].code, job->label[CONDITIONS].names};
    bram_split_options o = {(size_t)splits, (uint64_t)seed};
    if (job->label[SUBJECTS].code) BRAM_TRY(over_subjects(cx, job, &t));
    else BRAM_TRY(repeats(cx, job, &t, &o));
    if (job->prediction.values) BRAM_TRY(predicted(cx, job, &t));
    if (out) BRAM_TRY(write_units(cx, out, bram_cli_has(args, "force"), job));
    return print_table(cx, args, job);
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    struct job job = {0};
    int status = work(cx, &job, args);
    release(&job);
    return status;
}

const bram_command bram_command_reliability = {
    .name = "reliability",
    .summary = "how reliable repeated responses are, unit by unit",
    .arguments = "FILE --conditions LABELS",
    .about =
        "Reads trials x units with the condition of each row (files and labels as in 'bramble "
        "rdm'), or stimuli x neurons x repeats of a homogenized file, and prints, as means and "
        "medians over units: the correlation of split halves and "
        "the reliability of the mean over trials (Spearman-Brown), the share of variance that a "
        "model could explain, ncsnr and the noise ceiling.\n\n"
        "With --subjects rows are responses of subjects, and the ceilings are how well each is "
        "told "
        "by the others (lower) and by all (upper). With --prediction, a row for each condition: "
        "its r, "
        "CC_norm, FEVE, and r over its ceiling.\n\n"
        "-o writes a line for each unit.",
    .options =
        (const bram_cli_option[]){
            {"conditions", 0, "LABELS", "The condition of each row"},
            {"subjects", 0, "LABELS", "The subject of each row: ceilings over subjects"},
            {"drop", 0, "COLUMN", "A column of the table that is no unit", .repeat = true},
            {"splits", 0, "N",
             "Random halves to average r over (default 100); 0: odd and even trials, once"},
            {"seed", 0, "N", "The seed of the halves (default 0)"},
            {"prediction", 0, "FILE", "What a model predicts for each condition"},
            {"prediction-ids", 0, "IDS", "Names of its rows: a column or variable, or FILE[:NAME]"},
            {"threshold", 0, "R",
             "Units of this reliability or less have no normalized r (default 0)"},
            {"output", 'o', "UNITS.csv", "Writes the measures of every unit"},
            {"force", 'f', NULL, "Replaces a file that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble reliability trials.csv --conditions image -o units.csv", "from repeats"},
            {"bramble reliability roi.csv --conditions image --subjects who", "over subjects"},
            {"bramble reliability t.csv --conditions image --prediction p.npy",
             "what a model reaches of what can be reached"},
            {NULL, NULL}},
    .least = 1,
    .most = 1,
    .computes = true,
    .run = run,
};
