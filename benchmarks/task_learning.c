/*
 * task_learning.c - the task "learning": is a network's training rich or lazy, and what does its
 * start have to do with it?
 *
 * A network with the option learning=yes is fitted `fits` times to a recording, cut in time, each
 * time from another draw, and tells how far its weights went, the effective rank of the recurrent
 * ones, and the alignment of its tangent kernel at the end with that at the start
 * (BRAM_ASK_LEARNING; the alignment is 1 for a lazy learner). Each is a score: the mean over fits,
 * with a bootstrap over them. Raw values lie along the fits.
 *
 *   kernel_alignment, recurrent_change, weight_change, rank_first, rank_last
 *   each metric of the benchmark  its mean over units, of the test rows, one step ahead; where it
 *                                 needs a reference, `copy` is
 *
 * Source: Liu et al. 2023, arXiv 2310.08513: with the norm of the first recurrent weights held, the
 * lower their rank the richer; but not where those few dimensions are aligned with the task.
 */
#include "one_step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"fits", BRAM_PARAM_INTEGER, "8", NULL, 1, 1000, "of each model, from draws of their own"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

enum { MOST_MEASURES = 16 };

struct learning {
    bram_one_step step;
    size_t fits, told, measures; /* told: by the models; then the metrics */
    char name[MOST_MEASURES][64];
    double *value; /* measures x fits */
    bram_side copy;
    bram_axis *fit;
    bram_scores *scores;
};

/* ---- fits ----------------------------------------------------------------------------------- */

/* Metric m of fit k. */
static int take_metric(bram_ctx *cx, struct learning *l, const bram_side *model, size_t m, size_t k)
{
    const bram_targets *t = &l->step.target;
    const char *spec = l->step.cell->benchmark->metrics[m];
    bram_side brain = {.values = {t->y, t->rows, t->units, t->units},
                       .present = t->present,
                       .column = l->step.recording.unit};
    double *raw = NULL, sum = 0;
    size_t values = 0, count = 0;
    BRAM_TRY(bram_metric_score(cx, &raw, &values, NULL, spec, model, &brain,
                               &(bram_comparison){.reference = &l->copy}));
    for (size_t i = 0; i < values; i++)
        if (!isnan(raw[i])) sum += raw[i], count++;
    bram_free(raw);
    if (!count) return bram_fail(cx, BRAM_ENUMERIC, "%s is not defined for any unit", spec);
    snprintf(l->name[l->told + m], sizeof l->name[0], "%s", spec);
    l->value[(l->told + m) * l->fits + k] = sum / (double)count;
    return BRAM_OK;
}

/* The measures that a fit tells of its training, as those of fit k. */
static int take_measures(bram_ctx *cx, struct learning *l, const bram_fitted *model, size_t k)
{
    bram_dataset *answer = NULL;
    bram_query q = {.ask = BRAM_ASK_LEARNING, .panel = &l->step.split.train.panel};
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &q));
    const bram_response *r = bram_dataset_response(answer, "learning");
    size_t n = r && bram_response_dims(r) == 1 ? bram_response_length(r, 0) : 0;
    double value[MOST_MEASURES];
    size_t metrics = l->step.cell->benchmark->metric_count;
    int status = n && n + metrics <= MOST_MEASURES
                     ? bram_response_read(cx, r, (size_t[]){0}, (size_t[]){n}, value, NULL)
                     : bram_fail(cx, BRAM_ESHAPE,
                                 "%s told %zu measures, expected 1 to %d with the metrics",
                                 bram_fitted_spec(model), n, MOST_MEASURES);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        snprintf(l->name[i], sizeof l->name[i], "%s", bram_axis_id(bram_response_axis(r, 0), i));
        l->value[i * l->fits + k] = value[i];
    }
    l->told = n, l->measures = n + metrics;
    bram_dataset_free(answer);
    return status;
}

static int fit_all(bram_ctx *cx, struct learning *l)
{
    const bram_cell *cell = l->step.cell;
    bram_side side;
    l->value = bram_scratch(cx, MOST_MEASURES * l->fits, sizeof *l->value);
    if (!l->value) return BRAM_ENOMEM;
    BRAM_TRY(bram_one_step_forecast(cx, &l->copy, NULL, &l->step, "copy", 0));
    for (size_t k = 0; k < l->fits; k++) {
        bram_fitted *model = NULL;
        BRAM_TRY(bram_one_step_forecast(cx, &side, &model, &l->step, cell->model,
                                        cell->seed * 100003 + k));
        int status = take_measures(cx, l, model, k);
        bram_fitted_free(model);
        BRAM_TRY(status);
        for (size_t m = 0; m < cell->benchmark->metric_count; m++)
            BRAM_TRY(take_metric(cx, l, &side, m, k));
        bram_ctx_progress(cx, "fits", (double)(k + 1), (double)l->fits);
    }
    return BRAM_OK;
}

/* ---- scores --------------------------------------------------------------------------------- */

static int name_fits(bram_ctx *cx, struct learning *l)
{
    char(*text)[24] = bram_scratch(cx, l->fits, sizeof *text);
    const char **id = bram_scratch(cx, l->fits, sizeof *id);
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t k = 0; k < l->fits; k++) {
        snprintf(text[k], sizeof text[k], "%zu", k + 1);
        id[k] = text[k];
    }
    BRAM_TRY(bram_axis_new(cx, &l->fit, "fit", l->fits));
    return bram_axis_set_ids(cx, l->fit, id);
}

static double mean_of(const double *value, const uint32_t *times, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (times ? times[k] : 1) * value[k];
    return sum / (double)n;
}

static int put_measure(bram_ctx *cx, struct learning *l, size_t measure)
{
    const bram_cell *cell = l->step.cell;
    const double *value = l->value + measure * l->fits;
    size_t samples = (size_t)bram_option_integer(l->step.o, "samples");
    double *draw = bram_scratch(cx, samples, sizeof *draw);
    uint32_t *times = bram_scratch(cx, l->fits, sizeof *times);
    char axis[48], stream[200];
    if (!draw || !times) return BRAM_ENOMEM;
    snprintf(axis, sizeof axis, "%zu fits", l->fits);
    snprintf(stream, sizeof stream, "%.90s/%.90s", cell->benchmark->name, cell->part);
    for (size_t s = 0; s < samples; s++) {
        bram_bootstrap_draw(times, l->fits, 0, stream, s);
        draw[s] = mean_of(value, times, l->fits);
    }
    bram_score_made made = {.id = l->name[measure],
                            .metric = l->name[measure],
                            .axis = axis,
                            .value = mean_of(value, NULL, l->fits),
                            .chance = (double)NAN,
                            .raw = value,
                            .draw = draw,
                            .groups = l->fits};
    return bram_scores_put(cx, l->scores, &made);
}

static int measure(bram_ctx *cx, struct learning *l, bram_dataset *result, const bram_cell *cell)
{
    BRAM_TRY(bram_one_step_open(cx, &l->step, cell));
    l->fits = (size_t)bram_option_integer(l->step.o, "fits");
    BRAM_TRY(name_fits(cx, l));
    BRAM_TRY(fit_all(cx, l));
    BRAM_TRY(bram_scores_for_cell(cx, &l->scores, l->fit, cell));
    for (size_t k = 0; k < l->measures; k++) BRAM_TRY(put_measure(cx, l, k));
    return bram_scores_finish(cx, l->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct learning l = {.fits = 0};
    size_t mark = bram_scratch_mark(cx);
    int status = measure(cx, &l, result, cell);
    bram_scores_free(l.scores);
    bram_axis_free(l.fit);
    bram_one_step_release(&l.step);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_learning = {
    .name = "learning",
    .summary = "is the training of a network rich or lazy",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_LEARNING),
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
