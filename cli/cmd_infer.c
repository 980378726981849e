/*
 * cmd_infer.c - `bramble infer`: how well models explain the RDMs of several subjects, with
 * intervals, ceilings and tests. What is computed is in metrics/rsa_inference.h.
 */
#include "figure_scores.h"
#include "linalg.h"
#include "infer_inputs.h"
#include "output.h"
#include "rdm_figure.h"
#include "rsa_inference.h"
#include "terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct infer {
    bram_infer_inputs in;
    bram_rsa_model *fitted; /* one for each model file, whose RDMs it is made of; NULL: fixed */
    bram_cli_matrix sigma;
    bram_rsa_design design;
    bram_rsa_result *result;
    const bram_cli_args *args;
    size_t tests; /* 0 t, 1 bootstrap, 2 signed ranks */
    bram_sheet_format format;
};

/* ---- options -------------------------------------------------------------------------------- */

static void release(struct infer *f)
{
    bram_free(f->fitted);
    bram_infer_inputs_release(&f->in);
    bram_cli_matrix_release(&f->sigma);
    bram_rsa_result_free(f->result);
}

static int read_sigma(bram_ctx *cx, struct infer *f)
{
    const char *file = bram_cli_text(f->args, "sigma", NULL);
    bram_rdm_measure *m = &f->design.measure;
    if (!file) return BRAM_OK;
    BRAM_TRY(bram_cli_matrix_read(cx, &f->sigma, file, NULL));
    size_t n = f->design.n, rows = f->sigma.rows, cols = f->sigma.cols;
    bool full = rows == n && cols == n, diagonal = rows * cols == n;
    if (f->sigma.present || (!full && !diagonal))
        return bram_fail(cx, BRAM_ESHAPE,
                         "%s: %zu x %zu%s, expected a covariance of the %zu conditions or their "
                         "variances",
                         file, rows, cols, f->sigma.present ? " with missing values" : "", n);
    m->sigma = f->sigma.values;
    m->sigma_kind = full ? BRAM_SIGMA_FULL : BRAM_SIGMA_DIAGONAL;
    return BRAM_OK;
}

static size_t choice(const bram_cli_args *args, const char *option, const char *const *names,
                     size_t fallback)
{
    const char *found = bram_cli_text(args, option, names[fallback]);
    for (size_t k = 0; names[k]; k++)
        if (!strcmp(found, names[k])) return k;
    return fallback;
}

static int number(bram_ctx *cx, const bram_cli_args *args, const char *option, double *out)
{
    const char *text = bram_cli_text(args, option, NULL);
    char *end = NULL;
    if (!text) return BRAM_OK;
    *out = strtod(text, &end);
    return *text && !*end
               ? BRAM_OK
               : bram_fail(cx, BRAM_EUSAGE, "--%s \"%s\", expected a number", option, text);
}

/* With --fit each model file is one model, and its rows are what it is made of. */
static int read_fit(bram_ctx *cx, struct infer *f)
{
    static const char *const kinds[] = {"none", "select", "free", "weighted", "interpolate", NULL};
    static const bram_rsa_model_kind means[] = {BRAM_RSA_MODEL_FIXED, BRAM_RSA_MODEL_SELECT,
                                                BRAM_RSA_MODEL_FREE, BRAM_RSA_MODEL_WEIGHTED,
                                                BRAM_RSA_MODEL_INTERPOLATE};
    size_t kind = choice(f->args, "fit", kinds, 0), row = 0;
    int64_t subjects, conditions, repeats;
    bram_rsa_design *d = &f->design;
    BRAM_TRY(bram_cli_integer(cx, f->args, "subject-folds", 1, 1000, 0, &subjects));
    BRAM_TRY(bram_cli_integer(cx, f->args, "condition-folds", 1, 1000, 0, &conditions));
    BRAM_TRY(bram_cli_integer(cx, f->args, "repeats", 1, 1000, 2, &repeats));
    if (!kind) return BRAM_OK;
    if (strcmp(bram_cli_text(f->args, "form", "square"), "vectors") != 0)
        return bram_fail(cx, BRAM_EUSAGE,
                         "--fit takes --form vectors: a file of RDMs for each model");
    f->fitted = bram_alloc(cx, f->in.models.files, sizeof *f->fitted);
    if (!f->fitted) return BRAM_ENOMEM;
    for (size_t i = 0; i < f->in.models.files; row += f->in.models.file[i++].rows) {
        bram_mat basis = bram_mat_rows(f->in.models.rdm, row, f->in.models.file[i].rows);
        f->fitted[i] = (bram_rsa_model){means[basis.rows > 1 ? kind : 0], basis, 0};
        char *name = bram_infer_name(cx, bram_cli_value(f->args, "model", i), 0, 1);
        if (!name) return BRAM_ENOMEM;
        bram_free(f->in.models.name[i]); /* file i has at least one row, so i is one of theirs */
        f->in.models.name[i] = name;
    }
    d->fitted = f->fitted, d->fitted_count = f->in.models.files;
    d->subject_folds = (size_t)subjects, d->condition_folds = (size_t)conditions;
    d->repeats = (size_t)repeats;
    return BRAM_OK;
}

static bram_groups groups_of(const bram_cli_labels *l)
{
    return (bram_groups){l->code, l->names};
}

static int read_design(bram_ctx *cx, struct infer *f)
{
    static const char *const ways[] = {"none", "subjects", "conditions", "both", "dual", NULL};
    static const char *const tests[] = {"t", "bootstrap", "ranks", NULL};
    static const char *const pools[] = {"best", "rsatoolbox", NULL};
    bram_rsa_design *d = &f->design;
    int64_t samples, seed;
    const char *compare = bram_cli_text(f->args, "compare", "corr");
    if (!bram_rdm_comparator_find(compare, &d->measure.comparator))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--compare \"%s\", expected cosine, corr, spearman, rho-a, tau-a, tau-b, "
                         "cosine_cov, corr_cov, bures, bures_metric or neg_riem_dist",
                         compare);
    d->measure.degenerate_zero = !strcmp(bram_cli_text(f->args, "degenerate", "nan"), "zero");
    BRAM_TRY(bram_infer_inputs_read(cx, &f->in, f->args));
    d->n = f->in.n;
    BRAM_TRY(read_sigma(cx, f));
    BRAM_TRY(read_fit(cx, f));
    BRAM_TRY(bram_cli_integer(cx, f->args, "samples", 2, 10000000, 1000, &samples));
    BRAM_TRY(bram_cli_integer(cx, f->args, "seed", 0, INT64_MAX, 0, &seed));
    d->level = 0.95;
    BRAM_TRY(number(cx, f->args, "level", &d->level));
    d->models = f->in.models.rdm, d->subjects = f->in.brains.rdm;
    d->subject_groups = groups_of(&f->in.subject_groups);
    d->condition_groups = groups_of(&f->in.condition_groups);
    bool alone = d->subjects.rows < 2 || (d->subject_groups.group && d->subject_groups.groups < 2);
    size_t fallback = alone ? BRAM_RSA_CONDITIONS : BRAM_RSA_DUAL;
    d->resampling = (bram_rsa_resampling)choice(f->args, "bootstrap", ways, fallback);
    d->pooling = (bram_rdm_pooling)choice(f->args, "pooling", pools, 0);
    d->samples = (size_t)samples, d->seed = (uint64_t)seed;
    d->crossvalidated = bram_cli_has(f->args, "crossvalidated");
    f->tests = choice(f->args, "tests", tests, 0);
    if (f->tests == 1 &&
        (d->fitted || d->resampling == BRAM_RSA_DUAL || d->resampling == BRAM_RSA_FIXED))
        return bram_fail(cx, BRAM_EUSAGE,
                         "--tests bootstrap needs draws of one kind: --bootstrap subjects, "
                         "conditions or both, and no --fit");
    return BRAM_OK;
}

/* ---- output --------------------------------------------------------------------------------- */

static const double *p_of(const struct infer *f, const bram_rsa_tests *t)
{
    return f->tests == 0 ? t->t : f->tests == 1 ? t->bootstrap : t->rank;
}

static const double *q_of(const struct infer *f, const bram_rsa_tests *t)
{
    const double *const holm[] = {t->t_holm, t->bootstrap_holm, t->rank_holm};
    const double *const fdr[] = {t->t_fdr, t->bootstrap_fdr, t->rank_fdr};
    return !strcmp(bram_cli_text(f->args, "adjust", "fdr"), "holm") ? holm[f->tests]
                                                                    : fdr[f->tests];
}

static void put_notes(bram_table *t, const struct infer *f)
{
    const bram_rsa_result *r = f->result;
    const char *compare = bram_rdm_comparator_name(f->design.measure.comparator);
    if (r->subjects > 1)
        bram_table_note(
            t, "%s over %zu conditions; ceiling %.4g (lower) to %.4g (upper) from %zu subjects",
            compare, r->conditions, r->lower, r->upper, r->subjects);
    else
        bram_table_note(t, "%s over %zu conditions; one subject has no ceiling", compare,
                        r->conditions);
    if (r->subjects > 1)
        bram_table_note(
            t, "%zu subjects of nothing but noise would have an upper ceiling of about %.3g",
            r->subjects, r->noise);
    if (f->fitted)
        bram_table_note(t, "models are fitted to other subjects and conditions than they are "
                           "compared on");
    if (r->samples)
        bram_table_note(t, "%zu bootstrap samples, seed %llu", r->samples,
                        (unsigned long long)f->design.seed);
    if (f->in.subject_groups.spec)
        bram_table_note(t, "subjects come in %zu groups, which are drawn and left out as one",
                        r->subject_units);
    if (f->in.condition_groups.spec)
        bram_table_note(t, "conditions come in %zu groups, which are drawn as one",
                        r->condition_units);
    bram_table_note(t, "adjusted: %s within a column",
                    strcmp(bram_cli_text(f->args, "adjust", "fdr"), "holm")
                        ? "false discovery rate (Benjamini and Hochberg)"
                        : "familywise error (Holm)");
}

static int models_table(bram_ctx *cx, bram_table **out, const struct infer *f)
{
    static const bram_table_column columns[] = {
        {"model", "model", BRAM_CELL_TEXT},
        {"value", "value", BRAM_CELL_NUMBER, .digits = 3},
        {"low", "low", BRAM_CELL_NUMBER, .digits = 3},
        {"high", "high", BRAM_CELL_NUMBER, .digits = 3},
        {"sem", "sem", BRAM_CELL_NUMBER, .digits = 3, .drop = 1},
        {"p_zero", "p > 0", BRAM_CELL_NUMBER, .digits = -1},
        {"adjusted_zero", "adjusted", BRAM_CELL_NUMBER, .digits = -1},
        {"p_ceiling", "p ceiling", BRAM_CELL_NUMBER, .digits = -1},
        {"adjusted_ceiling", "adjusted", BRAM_CELL_NUMBER, .digits = -1},
    };
    const bram_rsa_result *r = f->result;
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0; i < r->models; i++) {
        const double cells[] = {r->value[i],
                                r->low[i],
                                r->high[i],
                                r->sem[i],
                                p_of(f, &r->zero)[i],
                                q_of(f, &r->zero)[i],
                                p_of(f, &r->ceiling)[i],
                                q_of(f, &r->ceiling)[i]};
        bram_table_row(t);
        bram_table_text(t, 0, f->in.models.name[i]);
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
            bram_table_number(t, k + 1, cells[k]);
    }
    put_notes(t, f);
    *out = t;
    return BRAM_OK;
}

static int pairs_table(bram_ctx *cx, bram_table **out, const struct infer *f)
{
    static const bram_table_column columns[] = {
        {"model", "model", BRAM_CELL_TEXT},
        {"other", "other", BRAM_CELL_TEXT},
        {"difference", "difference", BRAM_CELL_NUMBER, .digits = 3},
        {"sem", "sem", BRAM_CELL_NUMBER, .digits = 3},
        {"p", "p", BRAM_CELL_NUMBER, .digits = -1},
        {"adjusted", "adjusted", BRAM_CELL_NUMBER, .digits = -1},
    };
    const bram_rsa_result *r = f->result;
    bram_table *t = NULL;
    BRAM_TRY(bram_table_new(cx, &t, "", columns, sizeof columns / sizeof *columns));
    for (size_t i = 0, k = 0; i < r->models; i++)
        for (size_t j = i + 1; j < r->models; j++, k++) {
            bram_table_row(t);
            bram_table_text(t, 0, f->in.models.name[i]);
            bram_table_text(t, 1, f->in.models.name[j]);
            bram_table_number(t, 2, r->value[i] - r->value[j]);
            bram_table_number(t, 3, sqrt(r->pair_variance[i * r->models + j]));
            bram_table_number(t, 4, p_of(f, &r->pair)[k]);
            bram_table_number(t, 5, q_of(f, &r->pair)[k]);
        }
    *out = t;
    return BRAM_OK;
}

static void put_ceilings(bram_json_out *o, const bram_rsa_result *r)
{
    bram_json_out_object(o, "ceiling");
    bram_json_out_number(o, "lower", r->lower);
    bram_json_out_number(o, "lower_low", r->lower_low);
    bram_json_out_number(o, "lower_high", r->lower_high);
    bram_json_out_number(o, "upper", r->upper);
    bram_json_out_number(o, "upper_low", r->upper_low);
    bram_json_out_number(o, "upper_high", r->upper_high);
    bram_json_out_number(o, "noise", r->noise);
    bram_json_out_end(o);
}

static int print_json(bram_ctx *cx, const struct infer *f, const bram_table *models,
                      const bram_table *pairs)
{
    const bram_rsa_result *r = f->result;
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_object(o, NULL);
    bram_json_out_text(o, "compare", bram_rdm_comparator_name(f->design.measure.comparator));
    bram_json_out_integer(o, "conditions", (int64_t)r->conditions);
    bram_json_out_integer(o, "pairs", (int64_t)r->pairs_left);
    bram_json_out_integer(o, "subjects", (int64_t)r->subjects);
    bram_json_out_integer(o, "subject_units", (int64_t)r->subject_units);
    bram_json_out_integer(o, "condition_units", (int64_t)r->condition_units);
    bram_json_out_integer(o, "samples", (int64_t)r->samples);
    bram_json_out_integer(o, "valid", (int64_t)r->valid);
    bram_json_out_integer(o, "seed", (int64_t)f->design.seed);
    bram_json_out_number(o, "level", f->design.level);
    bram_json_out_number(o, "dof", r->dof);
    put_ceilings(o, r);
    bram_table_put_json(o, "models", models);
    bram_table_put_json(o, "comparisons", pairs);
    bram_json_out_array(o, "evaluations");
    for (size_t i = 0; i < r->models; i++)
        bram_json_out_numbers(o, NULL, r->evaluation + i * r->subjects, r->subjects);
    bram_json_out_end(o);
    bram_json_out_end(o);
    return bram_cli_print_json(cx, o);
}

static int print(bram_ctx *cx, const struct infer *f)
{
    bram_table *models = NULL, *pairs = NULL;
    bram_table_format format = bram_cli_format(f->args, BRAM_TABLE_TEXT);
    bool only_pairs = !strcmp(bram_cli_text(f->args, "table", "models"), "pairs");
    int status = models_table(cx, &models, f);
    if (status == BRAM_OK) status = pairs_table(cx, &pairs, f);
    if (status == BRAM_OK)
        status = format == BRAM_TABLE_JSON
                     ? print_json(cx, f, models, pairs)
                     : bram_cli_print_table(cx, f->args, only_pairs ? pairs : models);
    bram_table_free(models);
    bram_table_free(pairs);
    return status;
}

/* Models with their intervals, the ceiling, and adjusted tests at 1 - level. */
static int draw(bram_ctx *cx, const struct infer *f)
{
    const bram_rsa_result *r = f->result;
    char measure[64], data[96], tests[96];
    snprintf(measure, sizeof measure, "mean %s with the brain",
             bram_rdm_comparator_name(f->design.measure.comparator));
    snprintf(data, sizeof data, "%zu subject%s, %zu conditions", r->subjects,
             r->subjects == 1 ? "" : "s", r->conditions);
    static const char *const kinds[] = {"Student's t", "bootstrap", "signed ranks"};
    snprintf(tests, sizeof tests, "%s, %s", kinds[f->tests],
             strcmp(bram_cli_text(f->args, "adjust", "fdr"), "holm") ? "false discovery rate"
                                                                     : "Holm");
    bram_score_view v = {.title = bram_cli_text(f->args, "title", "Models against the brain"),
                         .measure = measure,
                         .count = r->models,
                         .name = (const char *const *)f->in.models.name,
                         .value = r->value,
                         .low = r->low,
                         .high = r->high,
                         .level = f->design.level,
                         .lower = r->subjects > 1 ? r->lower : (double)NAN,
                         .upper = r->subjects > 1 ? r->upper : (double)NAN,
                         .zero = q_of(f, &r->zero),
                         .pair = q_of(f, &r->pair),
                         .alpha = 0.05,
                         .data = data,
                         .tests = tests,
                         .format = f->format};
    bram_buffer svg = {0};
    int status = bram_scores_draw(cx, &svg, &v);
    if (status == BRAM_OK)
        status = bram_cli_figure_write(cx, bram_cli_text(f->args, "figure", NULL), &svg,
                                       bram_cli_has(f->args, "force"));
    bram_buffer_release(&svg);
    return status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    struct infer f = {.args = args};
    const char *figure = bram_cli_text(args, "figure", NULL);
    if (figure) BRAM_TRY(bram_cli_figure_check(cx, &f.format, figure));
    else if (bram_cli_has(args, "title") || bram_cli_has(args, "force"))
        return bram_fail(cx, BRAM_EUSAGE, "--title and --force are for --figure");
    int status = read_design(cx, &f);
    if (status == BRAM_OK) status = bram_rsa_infer(cx, &f.result, &f.design);
    if (status == BRAM_OK && figure) status = draw(cx, &f);
    if (status == BRAM_OK) status = print(cx, &f);
    release(&f);
    return status;
}

const bram_command bram_command_infer = {
    .name = "infer",
    .summary = "models against the RDMs of several subjects, with tests",
    .arguments = "--model FILE... --brain FILE...",
    .about =
        "Compares model RDMs with those of subjects: the mean comparison of each model, its "
        "interval, "
        "noise ceilings, and tests against zero, against the lower ceiling and between models. "
        "Files are as in 'bramble score'.\n\n"
        "Variances come from bootstrap samples of subjects, of conditions, or of both corrected "
        "for "
        "counting the noise of measurement twice (dual, the default; conditions for one subject). "
        "Samples depend on the seed alone.\n\n"
        "--table pairs prints the comparisons of models; --format json has both tables, the "
        "ceilings "
        "and every subject's values. The test against zero is for measures with chance 0; with "
        "--crossvalidated distances, for cosines as well.",
    .options =
        (const bram_cli_option[]){
            {"model", 'm', "FILE", "A model's RDM (or several, with --form vectors)",
             .repeat = true},
            {"brain", 'b', "FILE", "A subject's RDM, likewise", .repeat = true},
            {"form", 0, "FORM", "What files hold: a square RDM; a row of pairs for each; patterns",
             "square|vectors|patterns"},
            {"method", 0, "HOW", "The RDM of patterns", "correlation|euclidean"},
            {"ids", 0, "IDS", "Ids of the conditions: a column or variable of each file"},
            {"subject-groups", 0, "LABELS",
             "What is drawn as one (sessions of an animal): FILE[:NAME] with a label for each "
             "subject, or with --form vectors a column of their files"},
            {"condition-groups", 0, "LABELS",
             "Likewise (images of an object): FILE[:NAME], or a column of the first brain's file; "
             "found by --ids where FILE has them"},
            {"compare", 0, "MEASURE",
             "How RDMs are compared, as in rsa:compare=MEASURE; corr when absent"},
            {"fit", 0, "HOW",
             "Models with parameters, cross-validated: a file each (--form vectors), whose RDMs "
             "are "
             "chosen from, summed, summed with weights >= 0, or linked to a chain",
             "none|select|free|weighted|interpolate"},
            {"subject-folds", 0, "K", "Folds of subjects (1: not split), and of conditions"},
            {"condition-folds", 0, "K", "As many as suit their number when absent"},
            {"repeats", 0, "N", "Times that each sample is dealt to folds; 2 when absent"},
            {"sigma", 0, "FILE",
             "Covariance (or variances) of the conditions, for cosine_cov, corr_cov"},
            {"degenerate", 0, "HOW", "What a constant RDM scores", "nan|zero"},
            {"bootstrap", 0, "WHAT", "What is drawn", "none|subjects|conditions|both|dual"},
            {"samples", 0, "N", "Bootstrap samples; 1000 when absent"},
            {"seed", 0, "N", "Seed of the samples; 0 when absent"},
            {"level", 0, "L", "Level of the intervals; 0.95 when absent"},
            {"tests", 0, "HOW", "Student's t; shares of draws; signed ranks of subjects",
             "t|bootstrap|ranks"},
            {"adjust", 0, "HOW", "How p-values of many tests are adjusted", "fdr|holm"},
            {"pooling", 0, "HOW", "Norms that ceilings of cosine_cov and corr_cov pool by",
             "best|rsatoolbox"},
            {"crossvalidated", 0, NULL,
             "Distances are cross-validated: 0 is chance for cosines, too"},
            {"table", 0, "WHICH", "Which table is printed", "models|pairs"},
            {"figure", 0, "OUT.svg|.pdf|.png",
             "Draws the models: intervals, the noise ceiling, what differs at 0.05"},
            {"title", 0, "TEXT", "Of the figure"},
            {"force", 'f', NULL, "Replaces a figure that exists"},
            {NULL}},
    .examples =
        (const bram_cli_example[]){
            {"bramble infer -m v1.npy -m hmax.npy -b s1.npy -b s2.npy --compare tau-a",
             "two models, two subjects"},
            {"bramble infer --form vectors -m models.npy -b subjects.npy --table pairs",
             "RDMs as rows of pairs"},
            {"bramble infer -m v1.npy -m hmax.npy -b s1.npy -b s2.npy --figure scores.svg",
             "as a figure"},
            {NULL, NULL}},
    .least = 0,
    .most = 0,
    .run = run,
};
