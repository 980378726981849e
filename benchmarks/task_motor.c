/*
 * task_motor.c - the task "motor": is what a network does inside what the brain does, when it was
 * told the output of a task and the activity of a few neurons?
 *
 * Recordings are trials with the attribute `set` (train, test, left-out, perturbed) and three
 * responses on one time axis: input, output and activity (simulate_motor.c); or they are made of
 * the movements of one recording (motor_trials.h). A part is a share of the neurons that were
 * recorded, "5%" ...; which they are depends on the benchmark and the part, never on the model. A
 * model is fitted on the training trials, from the input to the outputs and the recorded neurons
 * (columns with the `role` output or unit), and answers the others from their input. All neurons
 * are told from its inside ("hidden" of the answer; without, its answers) by ridge regression
 * fitted on the training trials.
 *
 *   METRIC@SET/output       what it answers
 *   METRIC@SET/recorded     neurons that it was trained on, by regression
 *   METRIC@SET/unrecorded   the others: the question
 *
 * for the sets test (the same movements again), left-out (others) and perturbed (other initial
 * states); a set without trials has no scores. Floor: the mean over the training trials. Intervals:
 * bootstrap over blocks of rows of the trials. Source: Salatiello & Giese 2020, arXiv 2005.02211.
 */
#include "linalg.h"
#include "motor_trials.h"
#include "resample.h"
#include "ridge.h"
#include "scores.h"
#include "timesplit.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const bram_param params[] = {
    {"trials", BRAM_PARAM_CHOICE, "recordings", "recordings|movements", 0, 0,
     "each a recording, or the movements of the only one (motor_trials.h)"},
    {"output", BRAM_PARAM_TEXT, "muscles", NULL, 0, 0, "response below recordings/ID"},
    {"input", BRAM_PARAM_TEXT, "input", NULL, 0, 0, "response below recordings/ID"},
    {"activity", BRAM_PARAM_TEXT, "activity", NULL, 0, 0, "response below recordings/ID"},
    {"recorded", BRAM_PARAM_INTEGERS, "5+10+20+50", NULL, 1, 99,
     "shares of the neurons that are recorded, in percent: the parts"},
    {"ridge", BRAM_PARAM_REALS, "0.01..1e5", NULL, 0, INFINITY,
     "penalties of the regression from the model's inside"},
    {"block", BRAM_PARAM_INTEGER, "30", NULL, 1, 100000, "rows of a block of the bootstrap"},
    BRAM_MOVEMENT_PARAMS,
    BRAM_MOTOR_TRIALS_PARAMS,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

enum { SETS = 3 };
static const char *const set_name[SETS] = {"test", "left-out", "perturbed"};

/* The trials of one set below each other. */
struct set {
    size_t trials, rows;
    bram_segment *segment; /* x: inputs; y: outputs and recorded neurons */
    bram_mat truth;        /* outputs and all neurons */
    bram_mat inside;       /* of the model */
    uint32_t *group;
    size_t groups;
};

struct motor {
    const bram_cell *cell;
    const bram_dataset *ds;
    bram_dataset *made; /* trials of movements, else NULL */
    const bram_options *o;
    size_t outputs, neurons, inputs;
    const bram_axis *input;  /* columns of x */
    bram_axis *column, *all; /* of y; outputs and all neurons */
    uint8_t *recorded;       /* neurons */
    size_t *chosen, count;   /* the recorded ones */
    struct set train, set[SETS];
    bram_mat answer[SETS]; /* rows x columns */
    bram_fitted *model;
    bram_scores *scores;
};

/* ---- trials --------------------------------------------------------------------------------- */

static int read_matrix(bram_ctx *cx, bram_mat *out, const bram_response *r)
{
    size_t rows = bram_response_length(r, 0), cols = bram_response_length(r, 1);
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    return bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, cols}, out->data, NULL);
}

static int find(bram_ctx *cx, const bram_response **out, const struct motor *m, const char *id,
                const char *option)
{
    char path[300];
    snprintf(path, sizeof path, "recordings/%.120s/%.120s", id, bram_option_text(m->o, option));
    *out = bram_dataset_response(m->ds, path);
    if (*out && bram_response_dims(*out) == 2) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the dataset has no %s (time x ...)", path);
}

static const char *set_of(const struct motor *m, const char *id)
{
    char path[200];
    snprintf(path, sizeof path, "recordings/%.150s", id);
    const bram_attrs *a = bram_dataset_find_attrs(m->ds, path);
    const char *set = a ? bram_attrs_text(a, "set") : NULL;
    return set ? set : "";
}

/* y: the outputs and the recorded neurons of a trial; truth: the outputs and all. */
static int join(bram_ctx *cx, struct motor *m, bram_segment *s, bram_mat *truth, const char *id)
{
    const bram_response *r[3];
    bram_mat output, activity;
    BRAM_TRY(find(cx, &r[0], m, id, "output"));
    BRAM_TRY(find(cx, &r[1], m, id, "activity"));
    BRAM_TRY(find(cx, &r[2], m, id, "input"));
    BRAM_TRY(read_matrix(cx, &output, r[0]));
    BRAM_TRY(read_matrix(cx, &activity, r[1]));
    BRAM_TRY(read_matrix(cx, &s->x, r[2]));
    if (output.cols != m->outputs || activity.cols != m->neurons || s->x.cols != m->inputs ||
        output.rows != activity.rows || output.rows != s->x.rows)
        return bram_fail(
            cx, BRAM_ESHAPE,
            "%s: outputs, activity and inputs of %zu x %zu, %zu x %zu and %zu x %zu do "
            "not go together",
            id, output.rows, output.cols, activity.rows, activity.cols, s->x.rows, s->x.cols);
    BRAM_TRY(bram_mat_scratch(cx, &s->y, output.rows, m->outputs + m->count));
    BRAM_TRY(bram_mat_scratch(cx, truth, output.rows, m->outputs + m->neurons));
    for (size_t t = 0; t < output.rows; t++) {
        double *y = bram_row(&s->y, t), *all = bram_row(truth, t);
        memcpy(y, bram_row(&output, t), m->outputs * sizeof *y);
        memcpy(all, bram_row(&output, t), m->outputs * sizeof *y);
        memcpy(all + m->outputs, bram_row(&activity, t), m->neurons * sizeof *y);
        for (size_t k = 0; k < m->count; k++)
            y[m->outputs + k] = bram_row(&activity, t)[m->chosen[k]];
    }
    s->id = id;
    s->row = bram_response_axis(r[1], 0);
    const double *time = bram_axis_values(s->row);
    s->dt = time && output.rows > 1 ? time[1] - time[0] : 0;
    return BRAM_OK;
}

static int read_set(bram_ctx *cx, struct motor *m, struct set *set, const char *name)
{
    const bram_dataset *ds = m->ds;
    size_t n = bram_dataset_groups(ds, "recordings"),
           block = (size_t)bram_option_integer(m->o, "block");
    bram_mat *truth = bram_scratch(cx, n, sizeof *truth);
    set->segment = bram_scratch(cx, n, sizeof *set->segment);
    if (!truth || !set->segment) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (strcmp(set_of(m, id), name) != 0) continue;
        BRAM_TRY(join(cx, m, &set->segment[set->trials], &truth[set->trials], id));
        set->rows += truth[set->trials++].rows;
    }
    if (!set->trials) return BRAM_OK;
    set->group = bram_scratch(cx, set->rows, sizeof *set->group);
    if (!set->group) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &set->truth, set->rows, m->outputs + m->neurons));
    for (size_t k = 0, at = 0; k < set->trials; k++) {
        for (size_t t = 0; t < truth[k].rows; t++, at++) {
            memcpy(bram_row(&set->truth, at), bram_row(&truth[k], t),
                   truth[k].cols * sizeof(double));
            set->group[at] = (uint32_t)(set->groups + t / block);
        }
        set->groups += (truth[k].rows + block - 1) / block;
    }
    return BRAM_OK;
}

/* ---- who is recorded ------------------------------------------------------------------------ */

static int choose_neurons(bram_ctx *cx, struct motor *m)
{
    char stream[300];
    long percent = strtol(m->cell->part, NULL, 10);
    size_t *order = bram_scratch(cx, m->neurons, sizeof *order);
    m->recorded = bram_scratch(cx, m->neurons, 1);
    m->chosen = bram_scratch(cx, m->neurons, sizeof *m->chosen);
    if (!order || !m->recorded || !m->chosen) return BRAM_ENOMEM;
    snprintf(stream, sizeof stream, "%.120s/%.120s/recorded", m->cell->benchmark->name,
             m->cell->part);
    bram_rng g = bram_rng_new(0, stream);
    bram_rng_permutation(&g, m->neurons, order);
    size_t wanted = (size_t)(0.5 + (double)percent / 100 * (double)m->neurons);
    if (wanted < 1) wanted = 1;
    for (size_t k = 0; k < wanted && k < m->neurons; k++) m->recorded[order[k]] = 1;
    for (size_t i = 0; i < m->neurons; i++)
        if (m->recorded[i]) m->chosen[m->count++] = i;
    return BRAM_OK;
}

static int make_axes(bram_ctx *cx, struct motor *m, const bram_axis *output,
                     const bram_axis *neuron)
{
    size_t n = m->outputs + m->neurons, used = 0;
    const char **id = bram_scratch(cx, n, sizeof *id), **role = bram_scratch(cx, n, sizeof *role);
    if (!id || !role) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++)
        id[k] = k < m->outputs ? bram_axis_id(output, k) : bram_axis_id(neuron, k - m->outputs);
    BRAM_TRY(bram_axis_new(cx, &m->all, "unit", n));
    BRAM_TRY(bram_axis_set_ids(cx, m->all, id));
    for (size_t k = 0; k < n; k++) {
        if (k >= m->outputs && !m->recorded[k - m->outputs]) continue;
        id[used] = bram_axis_id(m->all, k), role[used++] = k < m->outputs ? "output" : "unit";
    }
    BRAM_TRY(bram_axis_new(cx, &m->column, "unit", used));
    BRAM_TRY(bram_axis_set_ids(cx, m->column, id));
    return bram_axis_add_text(cx, m->column, "role", role);
}

static int read_all(bram_ctx *cx, struct motor *m)
{
    const bram_dataset *ds = m->ds;
    const bram_response *r[3];
    if (!bram_dataset_groups(ds, "recordings"))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the dataset has no recordings");
    const char *first = bram_dataset_group_at(ds, "recordings", 0);
    BRAM_TRY(find(cx, &r[0], m, first, "output"));
    BRAM_TRY(find(cx, &r[1], m, first, "activity"));
    BRAM_TRY(find(cx, &r[2], m, first, "input"));
    m->outputs = bram_response_length(r[0], 1), m->neurons = bram_response_length(r[1], 1);
    m->input = bram_response_axis(r[2], 1), m->inputs = bram_axis_length(m->input);
    BRAM_TRY(choose_neurons(cx, m));
    BRAM_TRY(make_axes(cx, m, bram_response_axis(r[0], 1), bram_response_axis(r[1], 1)));
    BRAM_TRY(read_set(cx, m, &m->train, "train"));
    for (size_t s = 0; s < SETS; s++) BRAM_TRY(read_set(cx, m, &m->set[s], set_name[s]));
    if (m->train.trials && m->set[0].trials) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no recording has the attribute set = %s",
                     m->train.trials ? set_name[0] : "train");
}

/* ---- the model ------------------------------------------------------------------------------ */

/* Answers of a model to all trials of a set: rows x columns; and its inside, made when NULL. */
static int ask(bram_ctx *cx, struct motor *m, struct set *set, bram_mat *answer)
{
    bram_panel panel = {
        .unit = m->column, .input = m->input, .segment = set->segment, .segments = set->trials};
    size_t columns = m->outputs + m->count, at = 0;
    BRAM_TRY(bram_mat_scratch(cx, answer, set->rows, columns));
    for (size_t k = 0; k < set->trials; k++) {
        bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &panel, .segment = k};
        bram_dataset *out = NULL;
        size_t rows = set->segment[k].y.rows;
        BRAM_TRY(bram_fitted_answer(cx, &out, m->model, &q));
        const bram_response *mean = bram_dataset_response(out, "mean");
        const bram_response *inside = bram_dataset_response(out, "hidden");
        if (!inside) inside = mean;
        size_t width = inside ? bram_response_length(inside, 1) : 0;
        int status = mean && bram_response_length(mean, 0) == rows &&
                             bram_response_length(inside, 0) == rows
                         ? BRAM_OK
                         : bram_fail(cx, BRAM_ESHAPE, "%s does not answer %zu rows",
                                     bram_fitted_spec(m->model), rows);
        if (status == BRAM_OK && !set->inside.data)
            status = bram_mat_scratch(cx, &set->inside, set->rows, width);
        if (status == BRAM_OK)
            status = bram_response_read(cx, mean, (size_t[]){0, 0}, (size_t[]){rows, columns},
                                        bram_row(answer, at), NULL);
        if (status == BRAM_OK)
            status = bram_response_read(cx, inside, (size_t[]){0, 0}, (size_t[]){rows, width},
                                        bram_row(&set->inside, at), NULL);
        bram_dataset_free(out);
        BRAM_TRY(status);
        at += rows;
    }
    return BRAM_OK;
}

/* Columns to mean 0 and, where they vary, deviation 1, as they are in `by`. */
static int scale_inside(bram_ctx *cx, struct motor *m)
{
    const bram_mat *by = &m->train.inside;
    struct set *all[] = {&m->set[0], &m->set[1], &m->set[2], &m->train};
    double *mean = bram_scratch(cx, by->cols, 2 * sizeof *mean), *scale = mean + by->cols;
    if (!mean) return BRAM_ENOMEM;
    for (size_t i = 0; i < by->rows; i++)
        for (size_t k = 0; k < by->cols; k++) mean[k] += bram_row(by, i)[k] / (double)by->rows;
    for (size_t i = 0; i < by->rows; i++)
        for (size_t k = 0; k < by->cols; k++)
            scale[k] += pow(bram_row(by, i)[k] - mean[k], 2) / (double)by->rows;
    for (size_t s = 0; s < SETS + 1; s++)
        for (size_t i = 0; i < all[s]->inside.rows; i++)
            for (size_t k = 0; k < by->cols; k++) {
                double *v = &bram_row(&all[s]->inside, i)[k];
                *v = scale[k] > 1e-24 ? (*v - mean[k]) / sqrt(scale[k]) : 0;
            }
    return BRAM_OK;
}

/* The attribute `condition` of a trial; trials without one are conditions of their own. */
static const char *condition_of(const struct motor *m, const bram_segment *s)
{
    char path[200];
    snprintf(path, sizeof path, "recordings/%.150s", s->id);
    const bram_attrs *a = bram_dataset_find_attrs(m->ds, path);
    const char *told = a ? bram_attrs_text(a, "condition") : NULL;
    return told && told[0] ? told : s->id;
}

/* A fold for each condition of the training trials: its rows are for scoring, those of others for
 * fitting, so that a penalty is chosen by movements that were not seen. */
static int leave_conditions_out(bram_ctx *cx, bram_fold **folds, size_t *count, struct motor *m)
{
    const struct set *set = &m->train;
    size_t *first = bram_scratch(cx, set->trials, sizeof *first); /* trial of the same condition */
    *folds = bram_scratch(cx, set->trials, sizeof **folds);
    if (!first || !*folds) return BRAM_ENOMEM;
    *count = 0;
    for (size_t k = 0; k < set->trials; k++)
        while (strcmp(condition_of(m, &set->segment[first[k]]),
                      condition_of(m, &set->segment[k])) != 0)
            first[k]++;
    for (size_t c = 0; c < set->trials; c++) {
        if (first[c] != c) continue;
        size_t *rows = bram_scratch(cx, set->rows, sizeof *rows), in = 0, out = set->rows, at = 0;
        if (!rows) return BRAM_ENOMEM;
        for (size_t k = 0; k < set->trials; k++)
            for (size_t t = 0; t < set->segment[k].y.rows; t++, at++) {
                if (first[k] == c) rows[--out] = at;
                else rows[in++] = at;
            }
        (*folds)[(*count)++] = (bram_fold){
            .train = rows, .trains = in, .test = rows + out, .tests = set->rows - out};
    }
    return *count > 1 ? BRAM_OK
                      : bram_fail(cx, BRAM_ENOTAPPLICABLE,
                                  "training trials of one condition, expected 2 or more");
}

/* From the inside to all neurons, learned on the training trials. */
static int regress(bram_ctx *cx, struct motor *m, bram_mat told[SETS])
{
    size_t grid, conditions, n = m->neurons;
    const double *penalty = bram_option_reals(m->o, "ridge", &grid);
    bram_mat truth = {m->train.truth.data + m->outputs, m->train.rows, n, m->train.truth.stride};
    bram_mat weights, b, y;
    bram_fold *folds = NULL;
    bram_ridge *ridge = NULL;
    double *alpha = bram_scratch(cx, 3 * n, sizeof *alpha), *mean = alpha + n, *offset = mean + n;
    if (!alpha) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &y, m->train.rows, n));
    for (size_t i = 0; i < y.rows; i++)
        memcpy(bram_row(&y, i), bram_row(&truth, i), n * sizeof *alpha);
    BRAM_TRY(leave_conditions_out(cx, &folds, &conditions, m));
    int status = bram_ridge_cv(cx, alpha, NULL, &m->train.inside, &y, folds, conditions, penalty,
                               grid, BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL);
    if (status == BRAM_OK) status = bram_ridge_new(cx, &ridge, &m->train.inside);
    if (status == BRAM_OK) status = bram_mat_scratch(cx, &b, bram_ridge_rank(ridge), n);
    if (status == BRAM_OK) status = bram_mat_scratch(cx, &weights, m->train.inside.cols, n);
    if (status == BRAM_OK) status = bram_ridge_project(cx, ridge, &b, mean, &y);
    if (status == BRAM_OK)
        status = bram_ridge_weights(cx, ridge, &weights, offset, &b, mean, alpha);
    bram_ridge_free(ridge);
    for (size_t s = 0; s < SETS && status == BRAM_OK; s++) {
        if (!m->set[s].trials) continue;
        status = bram_mat_scratch(cx, &told[s], m->set[s].rows, n);
        for (size_t i = 0; i < m->set[s].rows && status == BRAM_OK; i++)
            memcpy(bram_row(&told[s], i), offset, n * sizeof *offset);
        if (status == BRAM_OK)
            status = bram_gemm(cx, &told[s], 1, &m->set[s].inside, BRAM_AS_IS, &weights, BRAM_AS_IS,
                               1);
    }
    return status;
}

/* ---- scores --------------------------------------------------------------------------------- */

/* Outputs as answered, neurons as regressed, and the training mean as the floor. */
static int score_set(bram_ctx *cx, struct motor *m, size_t s, const bram_mat *told)
{
    static const char *const kinds[] = {"output", "recorded", "unrecorded"};
    struct set *set = &m->set[s];
    size_t all = m->outputs + m->neurons;
    bram_mat model, floor;
    uint8_t *subset = bram_scratch(cx, all, 1);
    char axis[64], label[64];
    if (!subset) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &model, set->rows, all));
    BRAM_TRY(bram_mat_scratch(cx, &floor, set->rows, all));
    for (size_t i = 0; i < set->rows; i++) {
        memcpy(bram_row(&model, i), bram_row(&m->answer[s], i), m->outputs * sizeof(double));
        memcpy(bram_row(&model, i) + m->outputs, bram_row(told, i), m->neurons * sizeof(double));
    }
    for (size_t k = 0; k < all; k++) {
        double mean = 0;
        for (size_t i = 0; i < m->train.rows; i++)
            mean += bram_row(&m->train.truth, i)[k] / (double)m->train.rows;
        for (size_t i = 0; i < set->rows; i++) bram_row(&floor, i)[k] = mean;
    }
    bram_score_piece piece = {.model = {.values = model, .column = m->all},
                              .brain = {.values = set->truth, .column = m->all},
                              .floor[0] = {"mean", {.values = floor, .column = m->all}},
                              .groups = {set->group, set->groups}};
    snprintf(axis, sizeof axis, "%zu blocks of %zu trials", set->groups, set->trials);
    for (size_t kind = 0; kind < 3; kind++) {
        for (size_t k = 0; k < all; k++) {
            size_t is = k < m->outputs ? 0 : m->recorded[k - m->outputs] ? 1 : 2;
            subset[k] = is == kind;
        }
        snprintf(label, sizeof label, "%s/%s", set_name[s], kinds[kind]);
        bram_score_job job = {.label = label,
                              .piece = &piece,
                              .pieces = 1,
                              .floors = 1,
                              .subset = subset,
                              .axis = axis};
        for (size_t k = 0; k < m->cell->benchmark->metric_count; k++)
            BRAM_TRY(bram_scores_add(cx, m->scores, m->cell->benchmark->metrics[k], &job));
    }
    return BRAM_OK;
}

static int evaluate(bram_ctx *cx, struct motor *m, bram_dataset *result)
{
    bram_mat told[SETS], unused;
    if (bram_option_is(m->o, "trials", "movements")) {
        BRAM_TRY(bram_motor_trials(cx, &m->made, m->ds, m->o));
        m->ds = m->made;
    }
    BRAM_TRY(read_all(cx, m));
    bram_panel train = {.unit = m->column,
                        .input = m->input,
                        .segment = m->train.segment,
                        .segments = m->train.trials};
    BRAM_TRY(bram_fitted_new(cx, &m->model, m->cell->model, &train, NULL, m->cell->seed));
    BRAM_TRY(ask(cx, m, &m->train, &unused));
    for (size_t s = 0; s < SETS; s++)
        if (m->set[s].trials) BRAM_TRY(ask(cx, m, &m->set[s], &m->answer[s]));
    BRAM_TRY(scale_inside(cx, m));
    BRAM_TRY(regress(cx, m, told));
    BRAM_TRY(bram_scores_for_cell(cx, &m->scores, m->all, m->cell));
    for (size_t s = 0; s < SETS; s++)
        if (m->set[s].trials) BRAM_TRY(score_set(cx, m, s, &told[s]));
    return bram_scores_finish(cx, m->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct motor m = {.cell = cell, .o = cell->benchmark->options, .ds = cell->dataset};
    size_t mark = bram_scratch_mark(cx);
    int status = evaluate(cx, &m, result);
    bram_scores_free(m.scores);
    bram_fitted_free(m.model);
    bram_axis_free(m.column);
    bram_axis_free(m.all);
    bram_dataset_free(m.made);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- parts ---------------------------------------------------------------------------------- */

static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    size_t count, used = 0;
    const int64_t *share = bram_option_integers(b->options, "recorded", &count);
    char(*text)[16] = bram_scratch(cx, count, sizeof *text);
    const char **id = bram_scratch(cx, count, sizeof *id);
    bram_axis *axis = NULL;
    (void)ds;
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++) {
        bool wanted = !b->part_count;
        snprintf(text[used], sizeof text[used], "%d%%", (int)share[k]);
        for (size_t p = 0; p < b->part_count; p++) wanted |= !strcmp(b->parts[p], text[used]);
        if (wanted) id[used] = text[used], used++;
    }
    if (!used)
        return bram_fail(cx, BRAM_EABSENT, "%s names no part; parts are shares such as 10%%",
                         b->name);
    BRAM_TRY(bram_axis_new(cx, &axis, "part", used));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    size_t rows = 0, units = 0;
    const bram_model *model;
    bram_options *o = NULL;
    for (size_t i = 0; i < bram_dataset_responses(cell->dataset); i++) {
        const bram_response *r = bram_dataset_response(
            cell->dataset, bram_dataset_response_path(cell->dataset, i));
        if (bram_response_dims(r) != 2) continue;
        rows += bram_response_length(r, 0);
        if (bram_response_length(r, 1) > units) units = bram_response_length(r, 1);
    }
    BRAM_TRY(bram_model_parse(cx, &model, &o, NULL, cell->model));
    *bytes = 80 * rows * units + (model->memory ? model->memory(o, rows, units, units) : 0);
    bram_options_free(o);
    return BRAM_OK;
}

const bram_task bram_task_motor = {
    .name = "motor",
    .summary = "unrecorded neurons from a network told the outputs and a few neurons",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .no_files = "it is asked about every trial, those that it learned from as well",
    .parts = parts,
    .memory = memory,
    .run = run,
};
