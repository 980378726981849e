/*
 * task_time_resolved.c - the task "time-resolved": predict responses along time to conditions that
 * were left out, from the state of a model at every moment.
 *
 * Folds are over conditions: all bins of a condition (and all trials of a stimulus) stay together.
 * In each fold ridge regression maps the features of a moment, and of `lags` bins before it, to the
 * response of that moment: one map for all bins where features lie along time, one for each bin
 * where they do not (weights=auto). The penalty is chosen within the training conditions.
 *
 * METRIC: over all (left-out condition, bin) pairs of a unit.
 *
 * METRIC@demeaned: less the condition-independent mean (of each bin, over training conditions); of
 * the data from the data, of what is fitted from the predictions.
 *
 * METRIC@tSECONDS: over the conditions, bin by bin, relative to that mean.
 *
 * r_noise_corrected: median over units of the correlation corrected for the noise of both sides, by
 * random halves of the repeats (timed.h); not without repeats.
 *
 * Floor: the condition-independent mean. Ceiling: what the signal would score by the reliability of
 * split halves over the same rows. Another population as the model (area:name=) is the practical
 * one. Intervals: conditions are drawn, for r_noise_corrected units as well. Source: Nayebi et al.
 * 2023, Neural foundations of mental simulation.
 */
#include "demand.h"
#include "linalg.h"
#include "scoring.h"
#include "stimulus_folds.h"
#include "timed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"split", BRAM_PARAM_CHOICE, "random", "random|ordered|set|file", 0, 0,
     "of the conditions: parts of a random order, of their order, by the column set, stored lists"},
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "parts of the conditions, left out in turn"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the assignment of conditions to folds"},
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the conditions of which equal values are in one fold (movie)"},
    {"stratify", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the conditions whose values are spread evenly over the folds"},
    {"train_sets", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "split=set: values of the column set that are learned from"},
    {"test_sets", BRAM_PARAM_TEXT, "", NULL, 0, 0, "split=set: values that are tested on"},
    {"file", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "split=file: PATH@DIGITS, lists as JSON and digits of their SHA-256"},
    {"lags", BRAM_PARAM_INTEGERS, "0", NULL, 0, 10000,
     "features of so many bins before go into the map (0..3)"},
    {"weights", BRAM_PARAM_CHOICE, "auto", "auto|shared|bins", 0, 0,
     "one map for all bins or one for each; auto: shared where features lie along time"},
    {"unfold", BRAM_PARAM_CHOICE, "no", "no|yes", 0, 0,
     "features in one row a stimulus are bins x features, bin by bin (files of arrays)"},
    {"skip", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e6,
     "so many bins at the beginning are neither fitted nor scored"},
    {"alpha", BRAM_PARAM_REALS, "0.01..1e7", NULL, 1e-12, INFINITY,
     "penalties, chosen in inner folds of the training conditions"},
    {"inner", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "inner folds"},
    {"bins", BRAM_PARAM_CHOICE, "yes", "yes|no", 0, 0, "scores of each bin"},
    {"halves", BRAM_PARAM_INTEGER, "100", NULL, 1, 10000, "random halves of the repeats"},
    {"correction", BRAM_PARAM_CHOICE, "spearman-brown", "spearman-brown|halves", 0, 0,
     "of r_noise_corrected: by reliabilities of all repeats, as published, or by the correlations "
     "of the halves, by which the signal itself reaches 1"},
    {"normalization", BRAM_PARAM_CHOICE, "ratio", "ratio|r2_over_reliability|none", 0, 0,
     "of scores by the ceiling or the reliability"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

struct timed {
    const bram_cell *cell;
    const bram_options *o;
    bram_timed t;
    bram_side target;
    bram_dataset *answer;
    bram_fold *fold;
    size_t folds;
    bram_timed_design design;
    bram_timed_map map;
    bram_mat prediction, centre, blind; /* row x unit */
    size_t *row, rows;                  /* those that are tested */
    bool repeated;
    bram_timed_halves halves;
    bram_scores *scores;
    char axis[64];
};

static void release(struct timed *e)
{
    bram_scores_free(e->scores);
    bram_dataset_free(e->answer);
    bram_free(e->fold);
    bram_timed_release(&e->t);
}

/* ---- features ------------------------------------------------------------------------------- */

static int ask(bram_ctx *cx, struct timed *e, const bram_response **out)
{
    const char *spec = e->cell->model;
    bram_panel panel = {.public_data = e->cell->dataset};
    bram_query query = {
        .ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = e->t.stimulus, .along_time = true};
    bram_fitted *f = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, spec, &panel, NULL, e->cell->seed));
    int status = bram_fitted_answer(cx, &e->answer, f, &query);
    bram_fitted_free(f);
    BRAM_TRY(status);
    if (bram_dataset_responses(e->answer) != 1)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has %zu layers, expected one: name it", spec,
                         bram_dataset_responses(e->answer));
    *out = bram_dataset_response(e->answer, bram_dataset_response_path(e->answer, 0));
    return BRAM_OK;
}

/* How the features lie: whether along time, and how many there are of a moment. */
static int look_at(bram_ctx *cx, const struct timed *e, const bram_response *r, bool *timed,
                   size_t *width)
{
    const char *kind = bram_attrs_text(bram_response_attrs_const(r), "kind");
    size_t dims = bram_response_dims(r), second = bram_response_length(r, 1);
    bool unfold = bram_option_is(e->o, "unfold", "yes");
    if (kind && strcmp(kind, "rdm") == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s is a dissimilarity matrix: responses cannot be predicted from it",
                         e->cell->model);
    *timed = dims == 3 || unfold;
    if ((dims == 3 && second != e->t.bins) || (dims == 2 && unfold && second % e->t.bins != 0))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has %zu %s, the responses have %zu bins",
                         e->cell->model, second, dims == 3 ? "moments" : "features a stimulus",
                         e->t.bins);
    *width = dims == 3 ? bram_response_length(r, 2) : unfold ? second / e->t.bins : second;
    return BRAM_OK;
}

/* Features of every row, those of earlier bins beside them; before the first there are zeros. */
static int lay_out(bram_ctx *cx, struct timed *e, const bram_response *r, bool timed, size_t width)
{
    size_t lags, bins = e->t.bins, each = bram_response_count(r) / e->t.blocks;
    const int64_t *lag = bram_option_integers(e->o, "lags", &lags);
    size_t start[3] = {0}, count[3] = {1, bram_response_length(r, 1), 1};
    if (bram_response_dims(r) == 3) count[2] = bram_response_length(r, 2);
    BRAM_TRY(bram_mat_scratch(cx, &e->design.x, e->t.blocks * bins, width * lags));
    double *line = bram_scratch(cx, each, sizeof *line);
    uint8_t *present = bram_scratch(cx, each, 1);
    if (!line || !present) return BRAM_ENOMEM;
    for (size_t i = 0; i < e->t.blocks; i++) {
        start[0] = i;
        BRAM_TRY(bram_response_read(cx, r, start, count, line, present));
        for (size_t k = 0; k < each; k++)
            if (!present[k]) line[k] = 0;
        for (size_t b = 0; b < bins; b++)
            for (size_t l = 0; l < lags; l++) {
                double *to = bram_row(&e->design.x, i * bins + b) + l * width;
                if ((size_t)lag[l] > b) memset(to, 0, width * sizeof *to);
                else
                    memcpy(to, line + (timed ? (b - (size_t)lag[l]) * width : 0),
                           width * sizeof *to);
            }
    }
    return BRAM_OK;
}

static int make_design(bram_ctx *cx, struct timed *e)
{
    const bram_response *r = NULL;
    size_t width = 0, lags;
    bool timed = false, bins = bram_option_is(e->o, "weights", "bins");
    const int64_t *lag = bram_option_integers(e->o, "lags", &lags);
    BRAM_TRY(ask(cx, e, &r));
    BRAM_TRY(look_at(cx, e, r, &timed, &width));
    if (!lags || !width) return bram_fail(cx, BRAM_EUSAGE, "there are no features, or no lags");
    if (!timed && (lags > 1 || lag[0]))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s does not change in time: it has no lags",
                         e->cell->model);
    e->design.per_bin = bins || (!timed && bram_option_is(e->o, "weights", "auto"));
    return lay_out(cx, e, r, timed, width);
}

/* The model: features, or the condition-independent mean itself. */
static int choose_model(bram_ctx *cx, struct timed *e)
{
    const bram_model *model;
    bram_options *given = NULL;
    BRAM_TRY(bram_model_parse(cx, &model, &given, NULL, e->cell->model));
    bool itself = strcmp(model->name, "area") == 0 &&
                  strcmp(bram_option_text(given, "name"), e->cell->part) == 0;
    bram_options_free(given);
    if (itself)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s is not predicted from itself", e->cell->part);
    if (strcmp(model->name, "mean") == 0) return BRAM_OK;
    if (!(model->answers & BRAM_ANSWERS(BRAM_ASK_FEATURES)))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s does not tell features of stimuli",
                         e->cell->model);
    return make_design(cx, e);
}

/* ---- fits ----------------------------------------------------------------------------------- */

static int cut(bram_ctx *cx, struct timed *e)
{
    const bram_options *o = e->o;
    bram_stimulus_split s = {.scheme = bram_option_is(o, "split", "random")    ? BRAM_SPLIT_RANDOM
                                       : bram_option_is(o, "split", "ordered") ? BRAM_SPLIT_ORDERED
                                       : bram_option_is(o, "split", "set")     ? BRAM_SPLIT_SET
                                                                               : BRAM_SPLIT_FILE,
                             .folds = (size_t)bram_option_integer(o, "folds"),
                             .seed = (uint64_t)bram_option_integer(o, "seed"),
                             .group = bram_option_text(o, "group"),
                             .stratify = bram_option_text(o, "stratify"),
                             .train_sets = bram_option_text(o, "train_sets"),
                             .test_sets = bram_option_text(o, "test_sets"),
                             .file = bram_option_text(o, "file")};
    BRAM_TRY(bram_stimulus_folds(cx, &e->fold, &e->folds, e->t.block, &s));
    uint8_t *tested = bram_scratch(cx, e->t.blocks, 1);
    e->row = bram_scratch(cx, e->t.blocks, e->t.bins * sizeof *e->row);
    if (!tested || !e->row) return BRAM_ENOMEM;
    for (size_t f = 0; f < e->folds; f++)
        for (size_t i = 0; i < e->fold[f].tests; i++)
            if (tested[e->fold[f].test[i]]++)
                return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                 "a condition is tested in two splits, expected one at most");
    for (size_t i = 0; i < e->t.blocks; i++)
        for (size_t b = e->t.skip; b < e->t.bins && tested[i]; b++)
            e->row[e->rows++] = i * e->t.bins + b;
    return BRAM_OK;
}

static int fit(bram_ctx *cx, struct timed *e, const char *stream)
{
    size_t rows = e->t.blocks * e->t.bins, units = e->t.units;
    bool mapped = e->design.x.cols > 0;
    e->map = (bram_timed_map){.t = &e->t,
                              .design = &e->design,
                              .fold = e->fold,
                              .folds = e->folds,
                              .inner = (size_t)bram_option_integer(e->o, "inner"),
                              .plain = bram_option_is(e->o, "correction", "halves")};
    e->map.grid = bram_option_reals(e->o, "alpha", &e->map.n_grid);
    if (!e->map.n_grid) return bram_fail(cx, BRAM_EUSAGE, "alpha names no penalty");
    e->map.alpha = bram_scratch(cx, e->folds * bram_timed_problems(&e->map),
                                units * sizeof(double));
    BRAM_TRY(bram_mat_scratch(cx, &e->blind, rows, units));
    BRAM_TRY(bram_mat_scratch(cx, &e->prediction, rows, units));
    BRAM_TRY(bram_mat_scratch(cx, &e->centre, rows, units));
    if (!e->map.alpha) return BRAM_ENOMEM;
    bram_timed_blind(&e->blind, &e->map, &e->target);
    if (mapped) {
        BRAM_TRY(bram_timed_choose(cx, &e->map, &e->target));
        BRAM_TRY(bram_timed_predict(cx, &e->prediction, &e->centre, &e->map, &e->target));
    } else
        for (size_t i = 0; i < rows; i++) {
            memcpy(bram_row(&e->prediction, i), bram_row(&e->blind, i), units * sizeof(double));
            memcpy(bram_row(&e->centre, i), bram_row(&e->blind, i), units * sizeof(double));
        }
    e->repeated = e->t.repeats > 1;
    if (!e->repeated) return BRAM_OK;
    return bram_timed_split(cx, &e->halves, &e->map, (size_t)bram_option_integer(e->o, "halves"),
                            (size_t)bram_option_integer(e->o, "samples"), stream);
}

/* ---- scores --------------------------------------------------------------------------------- */

/* a - b; 0 where they differ by rounding, which would correlate with something by chance. */
static double less(double a, double b)
{
    return fabs(a - b) > 1e-12 * (fabs(a) + fabs(b)) ? a - b : 0;
}

/* Rows of a table, less those of another. */
static int take(bram_ctx *cx, bram_side *out, const struct timed *e, const bram_mat *from,
                const bram_mat *minus, const size_t *row, size_t rows)
{
    *out = (bram_side){.column = e->t.unit};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, rows, e->t.units));
    for (size_t i = 0; i < rows; i++)
        for (size_t u = 0; u < e->t.units; u++) {
            double value = bram_row(from, row[i])[u];
            bram_row(&out->values, i)[u] = minus ? less(value, bram_row(minus, row[i])[u]) : value;
        }
    return BRAM_OK;
}

/* Conditions of the rows, numbered by their first. */
static int group_rows(bram_ctx *cx, bram_groups *out, const struct timed *e, const size_t *row,
                      size_t rows)
{
    uint32_t *group = bram_scratch(cx, rows, sizeof *group), used = 0;
    uint32_t *number = bram_scratch(cx, e->t.conditions, sizeof *number); /* 1 + it */
    if (!group || !number) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        uint32_t *at = &number[e->t.condition_of[row[i] / e->t.bins]];
        if (!*at) *at = ++used;
        group[i] = *at - 1;
    }
    *out = (bram_groups){group, used};
    return BRAM_OK;
}

static int make_piece(bram_ctx *cx, bram_score_piece *piece, const struct timed *e, bool relative,
                      const size_t *row, size_t rows)
{
    const bram_mat *minus = relative ? &e->blind : NULL;
    size_t units = e->t.units;
    uint8_t *present = bram_scratch(cx, rows, units);
    *piece = (bram_score_piece){.floor = {{.name = "mean"}}};
    if (!present) return BRAM_ENOMEM;
    BRAM_TRY(take(cx, &piece->model, e, &e->prediction, relative ? &e->centre : NULL, row, rows));
    BRAM_TRY(take(cx, &piece->floor[0].side, e, &e->blind, minus, row, rows));
    BRAM_TRY(take(cx, &piece->brain, e, &e->target.values, minus, row, rows));
    for (size_t i = 0; i < rows; i++)
        memcpy(present + i * units, e->target.present + row[i] * units, units);
    piece->brain.present = present;
    return group_rows(cx, &piece->groups, e, row, rows);
}

/* One job under all metrics of the benchmark. */
static int score_rows(bram_ctx *cx, struct timed *e, const char *label, bool relative,
                      const size_t *row, size_t rows, const double *reliability, bool draws)
{
    const bram_benchmark *b = e->cell->benchmark;
    bram_score_piece piece;
    bram_rule rule = BRAM_RULE_NONE;
    (void)bram_rule_find(&rule, bram_option_text(e->o, "normalization"));
    BRAM_TRY(make_piece(cx, &piece, e, relative, row, rows));
    snprintf(e->axis, sizeof e->axis, "%zu conditions", piece.groups.groups);
    bram_score_job job = {.label = label,
                          .piece = &piece,
                          .pieces = 1,
                          .join = BRAM_JOIN_MEAN,
                          .floors = 1,
                          .axis = e->axis,
                          .normalization = rule};
    if (reliability) {
        job.ceiling = BRAM_CEILING_RELIABILITY;
        job.reliability = reliability;
        job.reliability_draw = draws ? e->halves.reliability_draw : NULL;
        job.reliability_draws = draws ? (size_t)bram_option_integer(e->o, "samples") : 0;
    }
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, e->scores, b->metrics[m], &job));
    return BRAM_OK;
}

static int score_bins(bram_ctx *cx, struct timed *e)
{
    size_t *row = bram_scratch(cx, e->t.blocks, sizeof *row);
    if (!row) return BRAM_ENOMEM;
    for (size_t b = e->t.skip; b < e->t.bins; b++) {
        size_t mark = bram_scratch_mark(cx), rows = 0;
        char label[32];
        for (size_t k = 0; k < e->rows; k++)
            if (e->row[k] % e->t.bins == b) row[rows++] = e->row[k];
        snprintf(label, sizeof label, "t%g", e->t.time[b]);
        BRAM_TRY(score_rows(cx, e, label, true, row, rows,
                            e->repeated ? e->halves.bin_reliability + b * e->t.units : NULL,
                            false));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* The mean, which nothing is fitted for, has none. */
static int put_corrected(bram_ctx *cx, struct timed *e)
{
    if (!e->repeated) return BRAM_OK;
    bram_score_made made = {.id = "r_noise_corrected",
                            .metric = "r_noise_corrected",
                            .axis = "conditions and units",
                            .value = e->halves.value,
                            .raw = e->halves.corrected,
                            .draw = e->halves.corrected_draw,
                            .median = true,
                            .groups = e->t.conditions};
    return bram_scores_put(cx, e->scores, &made);
}

static int score(bram_ctx *cx, struct timed *e, bram_dataset *result)
{
    BRAM_TRY(bram_scores_for_cell(cx, &e->scores, e->t.unit, e->cell));
    BRAM_TRY(score_rows(cx, e, NULL, false, e->row, e->rows,
                        e->repeated ? e->halves.reliability : NULL, true));
    BRAM_TRY(score_rows(cx, e, "demeaned", true, e->row, e->rows, NULL, false));
    if (bram_option_is(e->o, "bins", "yes")) BRAM_TRY(score_bins(cx, e));
    BRAM_TRY(put_corrected(cx, e));
    return bram_scores_finish(cx, e->scores, result);
}

/* ---- run ------------------------------------------------------------------------------------ */

static int check_metrics(bram_ctx *cx, const bram_benchmark *b)
{
    for (size_t m = 0; m < b->metric_count; m++) {
        bram_metric_use use = {0};
        BRAM_TRY(bram_metric_use_parse(cx, &use, b->metrics[m]));
        bool paired = use.metric->kind == BRAM_METRIC_PAIRED;
        bram_metric_use_release(&use);
        if (!paired)
            return bram_fail(cx, BRAM_EUSAGE,
                             "%s: time-resolved takes metrics of a prediction and a recording",
                             b->metrics[m]);
    }
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, struct timed *e, bram_dataset *result)
{
    BRAM_TRY(check_metrics(cx, e->cell->benchmark));
    BRAM_TRY(bram_timed_read(cx, &e->t, e->cell->dataset, e->cell->part,
                             (size_t)bram_option_integer(e->o, "skip")));
    BRAM_TRY(bram_timed_mean(cx, &e->target, &e->t, NULL));
    BRAM_TRY(choose_model(cx, e));
    BRAM_TRY(cut(cx, e));
    char *stream = bram_strf(cx, "%s/%s/halves", e->cell->benchmark->name, e->cell->part);
    if (!stream) return BRAM_ENOMEM;
    int status = fit(cx, e, stream);
    bram_free(stream);
    return status == BRAM_OK ? score(cx, e, result) : status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct timed e = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &e, result);
    release(&e);
    bram_scratch_release(cx, mark);
    return status;
}

/* The conditions, each once, with the fold that leaves it out. */
static int list_conditions(bram_ctx *cx, bram_axis **out, const struct timed *e)
{
    const bram_timed *t = &e->t;
    size_t *first = bram_scratch(cx, t->conditions, sizeof *first), n = 0;
    int64_t *fold = bram_scratch(cx, t->conditions, sizeof *fold);
    const char **set = bram_scratch(cx, t->conditions, sizeof *set);
    if (!first || !fold || !set) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->blocks; i++)
        if (t->condition_of[i] == n) first[n] = i, set[n] = "train", fold[n++] = -1;
    for (size_t f = 0; f < e->folds; f++)
        for (size_t i = 0; i < e->fold[f].tests; i++) {
            uint32_t at = t->condition_of[e->fold[f].test[i]];
            set[at] = "test", fold[at] = (int64_t)f + 1;
        }
    BRAM_TRY(bram_axis_take(cx, out, t->stimulus, first, n));
    int64_t *asked = bram_scratch(cx, n, sizeof *asked);
    if (!asked) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) asked[i] = 1; /* features of what is learned from as well */
    BRAM_TRY(bram_axis_add_text(cx, *out, "set", set));
    BRAM_TRY(bram_axis_add_integer(cx, *out, "fold", fold));
    return bram_axis_add_integer(cx, *out, "asked", asked);
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, "", 0};
    struct timed e = {.cell = &cell, .o = b->options};
    bram_demand d = {.features = true, .ask = BRAM_ASK_FEATURES};
    size_t mark = bram_scratch_mark(cx);
    int status = bram_timed_read(cx, &e.t, ds, part, (size_t)bram_option_integer(e.o, "skip"));
    if (status == BRAM_OK) status = cut(cx, &e);
    if (status == BRAM_OK) status = list_conditions(cx, &d.row, &e);
    release(&e);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* The responses, tables of predictions and pieces as large as they, and sums over halves. */
static int memory(bram_ctx *cx, size_t *out, const bram_cell *cell)
{
    (void)cx;
    const bram_options *o = cell->benchmark->options;
    size_t bytes = bram_timed_bytes(cell->dataset, cell->part), halves, samples;
    halves = (size_t)bram_option_integer(o, "halves");
    samples = (size_t)bram_option_integer(o, "samples");
    *out = 12 * bytes + (1u << 27) + 100 * halves * (bytes / 9 / 8 + 1) + 8 * samples * 64;
    return BRAM_OK;
}

const bram_task bram_task_time_resolved = {
    .name = "time-resolved",
    .summary = "predict responses along time to new conditions from a model's state at each moment",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_FEATURES),
    .demand = demand,
    .parts = bram_timed_parts,
    .memory = memory,
    .run = run,
};
