/*
 * task_identification.c - the task "identification": which region (or layer) is it? By what
 * statistic of dissimilarity matrices are regions told apart, as noise and differences between
 * individuals grow?
 *
 * What competes is no model but a statistic (regions.h): dissimilarities, their ranks (RSA), the
 * families of topological RSA, thresholds chosen within each cell without the subject that is
 * tested (nested) beside the best in hindsight, and geodesic distances on three kinds of graph.
 * Every matrix of the subject left out goes to the nearest centroid of the other subjects'
 * matrices; chance is 1 / regions.
 *
 * Scores, at each level: sensitivity, the share of matrices that find their region, and
 * specificity, the share of (matrix, other region) that are told apart; "@noise30" adds Gaussian
 * noise of 30 % of a matrix's deviation, "@variation200" doubles each subject's distance from the
 * mean of a region. Raw values are the subjects' own sensitivities.
 *
 * Intervals: draws of subjects weigh those that are tested, the centroids stay; a draw of stimuli
 * does everything anew, without pairs of a stimulus with itself (or with their mean: self=mean),
 * and lowers an accuracy, as fewer different stimuli tell less. Draws do not depend on the
 * statistic: differences are paired.
 */
#include "area.h"
#include "regions.h"
#include "resample.h"
#include "scores.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"noise", BRAM_PARAM_REALS, "0", NULL, 0, 100, "levels, in deviations of a matrix"},
    {"variation", BRAM_PARAM_REALS, "", NULL, 0, 100,
     "levels of the differences between subjects, 1: as they are"},
    {"step", BRAM_PARAM_REAL, "0.05", NULL, 0.01, 0.5, "of the grid of thresholds l <= u"},
    {"thresholds", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000, "random ones for each family"},
    {"l", BRAM_PARAM_REAL, "0.2", NULL, 0, 1, "thresholds of rgdm-two-step, l <= u"},
    {"u", BRAM_PARAM_REAL, "0.8", NULL, 0, 1, ""},
    {"k", BRAM_PARAM_INTEGER, "5", NULL, 1, 65536, "neighbours of rgdm-k-nearest"},
    {"p", BRAM_PARAM_REAL, "0.05", NULL, 0, 1, "share of the pairs of rgdm-p-shortest"},
    {"self", BRAM_PARAM_CHOICE, "drop", "drop|mean", 0, 0,
     "a stimulus drawn twice: no pair with its copy, or one as far apart as stimuli are on "
     "average"},
    {"bootstrap", BRAM_PARAM_CHOICE, "subjects", "subjects|stimuli|both", 0, 0, "what is drawn"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

/* In the order of bram_region_statistic. */
static const bram_contestant statistics[] = {
    {"rdm", "dissimilarities as they are"},
    {"rsa", "ranks of dissimilarities"},
    {"local", "topological RSA, random thresholds with (l + u)/2 <= 0.2"},
    {"global", "topological RSA, random thresholds with (l + u)/2 >= 0.8"},
    {"geometry", "topological RSA, random thresholds with u - l >= 0.8"},
    {"topology", "topological RSA, random thresholds with l >= 0.4 and u <= 0.6"},
    {"intermediate", "topological RSA, other random thresholds"},
    {"nested", "topological RSA, thresholds chosen without the subject that is tested"},
    {"best", "topological RSA, the best thresholds in hindsight: flattered"},
    {"rgdm-two-step", "geodesic distances on the pairs below u, ranked"},
    {"rgdm-k-nearest", "geodesic distances on the nearest neighbours, ranked"},
    {"rgdm-p-shortest", "geodesic distances on the shortest pairs, ranked"},
    {NULL, NULL}};

struct identification {
    const bram_cell *cell;
    bram_region_statistic statistic;
    bram_region_settings settings;
    bool draw_subjects, draw_stimuli;
    size_t samples;
    char stream[128], axis[96];
    bram_regions data; /* at the level in hand */
    bram_axis *subjects;
    bram_scores *scores;
};

static void release(struct identification *t)
{
    bram_scores_free(t->scores);
    bram_axis_free(t->subjects);
    bram_regions_release(&t->data);
}

static int read_settings(bram_ctx *cx, struct identification *t)
{
    const bram_options *o = t->cell->benchmark->options;
    size_t s = 0;
    while (statistics[s].name && strcmp(statistics[s].name, t->cell->model) != 0) s++;
    if (!statistics[s].name)
        return bram_fail(cx, BRAM_EUSAGE, "no statistic is named \"%s\"", t->cell->model);
    t->statistic = (bram_region_statistic)s;
    t->settings = (bram_region_settings){.step = bram_option_real(o, "step"),
                                         .draws = (size_t)bram_option_integer(o, "thresholds"),
                                         .low = bram_option_real(o, "l"),
                                         .high = bram_option_real(o, "u"),
                                         .k = (double)bram_option_integer(o, "k"),
                                         .p = bram_option_real(o, "p"),
                                         .self_mean = bram_option_is(o, "self", "mean")};
    if (t->settings.low > t->settings.high)
        return bram_fail(cx, BRAM_EUSAGE, "l=%g is above u=%g, expected l <= u", t->settings.low,
                         t->settings.high);
    if (t->settings.self_mean && t->statistic >= BRAM_REGION_RGDM_TWO_STEP)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "self=mean: a stimulus and its copy are one place of a graph");
    t->draw_subjects = !bram_option_is(o, "bootstrap", "stimuli");
    t->draw_stimuli = !bram_option_is(o, "bootstrap", "subjects");
    t->samples = (size_t)bram_option_integer(o, "samples");
    snprintf(t->stream, sizeof t->stream, "%.60s/%.60s", t->cell->benchmark->name, t->cell->part);
    return BRAM_OK;
}

/* ---- one level ------------------------------------------------------------------------------ */

struct draws {
    const struct identification *t;
    const double *of_subject; /* of the data themselves */
    double accuracy, *out;
};

/* The mean over subjects as often as they were drawn. */
static double drawn_mean(const double *of_subject, const uint32_t *times, size_t n)
{
    double sum = 0, count = 0;
    for (size_t s = 0; s < n; s++)
        if (times[s] && !isnan(of_subject[s])) sum += times[s] * of_subject[s], count += times[s];
    return count > 0 ? sum / count : (double)NAN;
}

static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct draws *d = user;
    const struct identification *t = d->t;
    const bram_regions *r = &t->data;
    size_t n = r->stimuli, subjects = r->subjects;
    uint32_t *times = bram_scratch(cx, n + subjects, sizeof *times);
    double *stimuli = bram_scratch(cx, n, sizeof *stimuli);
    double *of_subject = bram_scratch(cx, subjects, sizeof *of_subject), accuracy = d->accuracy;
    char stream[160];
    if (!times || !stimuli || !of_subject) return BRAM_ENOMEM;
    memcpy(of_subject, d->of_subject, subjects * sizeof *of_subject);
    if (t->draw_stimuli) {
        bram_bootstrap_draw(times, n, 0, t->stream, sample);
        for (size_t i = 0; i < n; i++) stimuli[i] = times[i];
        BRAM_TRY(bram_regions_identify(cx, &accuracy, of_subject, r, t->statistic, &t->settings,
                                       stimuli));
    }
    snprintf(stream, sizeof stream, "%s/subjects", t->stream);
    bram_bootstrap_draw(times, subjects, 0, stream, sample);
    d->out[sample] = t->draw_subjects ? drawn_mean(of_subject, times, subjects) : accuracy;
    return BRAM_OK;
}

static int put_scores(bram_ctx *cx, struct identification *t, const struct draws *d,
                      const char *level)
{
    size_t regions = t->data.regions, subjects = t->data.subjects;
    double chance = 1 / (double)regions;
    double *other = bram_scratch(cx, subjects, sizeof *other);
    double *draw = bram_scratch(cx, t->samples, sizeof *draw);
    char id[2][64];
    if (!other || !draw) return BRAM_ENOMEM;
    snprintf(id[0], sizeof id[0], "sensitivity@%s", level);
    snprintf(id[1], sizeof id[1], "specificity@%s", level);
    bram_score_made made = {.id = id[0],
                            .metric = "sensitivity",
                            .axis = t->axis,
                            .value = d->accuracy,
                            .chance = chance,
                            .raw = d->of_subject,
                            .draw = d->out,
                            .groups = t->draw_subjects ? subjects : t->data.stimuli};
    BRAM_TRY(bram_scores_put(cx, t->scores, &made));
    for (size_t s = 0; s < subjects; s++)
        other[s] = bram_region_specificity(d->of_subject[s], regions);
    for (size_t i = 0; i < t->samples; i++) draw[i] = bram_region_specificity(d->out[i], regions);
    made.id = id[1], made.metric = "specificity", made.raw = other, made.draw = draw;
    made.value = bram_region_specificity(d->accuracy, regions);
    made.chance = bram_region_specificity(chance, regions);
    return bram_scores_put(cx, t->scores, &made);
}

static int score_level(bram_ctx *cx, struct identification *t, const char *level)
{
    double *of_subject = bram_scratch(cx, t->data.subjects, sizeof *of_subject);
    struct draws d = {.t = t, .of_subject = of_subject};
    d.out = bram_scratch(cx, t->samples, sizeof *d.out);
    if (!of_subject || !d.out) return BRAM_ENOMEM;
    BRAM_TRY(bram_regions_identify(cx, &d.accuracy, of_subject, &t->data, t->statistic,
                                   &t->settings, NULL));
    BRAM_TRY(bram_parallel_for(cx, t->samples, one_draw, &d));
    return put_scores(cx, t, &d, level);
}

/* The accuracy of every pair of thresholds as map/LEVEL, l x u, beside the best of them. */
static int put_map(bram_ctx *cx, const struct identification *t, const char *level,
                   bram_dataset *result)
{
    size_t steps = bram_regions_grid_steps(t->settings.step), width = 16;
    const char **id = bram_scratch(cx, steps, sizeof *id);
    char *text = bram_scratch(cx, steps, width);
    bram_axis *axis[2] = {NULL};
    bram_response *map = NULL;
    if (!id || !text) return BRAM_ENOMEM;
    for (size_t i = 0; i < steps; i++) {
        snprintf(text + i * width, width, "%.4g", t->settings.step * (double)i);
        id[i] = text + i * width;
    }
    int status = bram_axis_new(cx, &axis[0], "l", steps);
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis[1], "u", steps);
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) status = bram_axis_set_ids(cx, axis[k], id);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &map, level, BRAM_F64, 2,
                                   (const bram_axis *[]){axis[0], axis[1]});
    for (size_t k = 0; k < 2; k++) bram_axis_free(axis[k]);
    if (status == BRAM_OK)
        status = bram_regions_grid(cx, bram_response_f64(map), &t->data, &t->settings);
    uint8_t *present = status == BRAM_OK ? bram_response_mask(cx, map) : NULL;
    if (status == BRAM_OK && !present) status = BRAM_ENOMEM;
    for (size_t k = 0; present && k < steps * steps; k++)
        if (isnan(bram_response_f64(map)[k])) bram_response_f64(map)[k] = 0, present[k] = 0;
    if (status == BRAM_OK) return bram_dataset_add(cx, result, "map", map);
    bram_response_free(map);
    return status;
}

/* ---- all levels ----------------------------------------------------------------------------- */

/* Data at a level, from the file anew; the first makes the table of scores. */
static int take_level(bram_ctx *cx, struct identification *t, double noise, double variation)
{
    const bram_cell *c = t->cell;
    bram_regions_release(&t->data);
    BRAM_TRY(bram_regions_read(cx, &t->data, c->benchmark, c->dataset));
    BRAM_TRY(bram_regions_perturb(cx, &t->data, noise, variation, c->seed));
    if (t->scores) return BRAM_OK;
    BRAM_TRY(bram_axis_new(cx, &t->subjects, "subject", t->data.subjects));
    BRAM_TRY(bram_axis_set_ids(cx, t->subjects, (const char *const *)t->data.subject_name));
    snprintf(t->axis, sizeof t->axis, "%s%s%s", t->draw_subjects ? "subjects" : "",
             t->draw_subjects && t->draw_stimuli ? " and " : "", t->draw_stimuli ? "stimuli" : "");
    return bram_scores_new(cx, &t->scores, t->subjects, t->stream, 0, t->samples,
                           bram_option_real(c->benchmark->options, "level"));
}

static int run_levels(bram_ctx *cx, struct identification *t, const char *name,
                      bram_dataset *result)
{
    size_t count;
    bool noise = strcmp(name, "noise") == 0;
    const double *levels = bram_option_reals(t->cell->benchmark->options, name, &count);
    for (size_t i = 0; i < count; i++) {
        char level[32];
        size_t mark = bram_scratch_mark(cx);
        snprintf(level, sizeof level, "%s%.4g", name, 100 * levels[i]);
        int status = take_level(cx, t, noise ? levels[i] : 0, noise ? 1 : levels[i]);
        if (status == BRAM_OK) status = score_level(cx, t, level);
        if (status == BRAM_OK && t->statistic == BRAM_REGION_BEST)
            status = put_map(cx, t, level, result);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct identification t = {.cell = cell};
    size_t mark = bram_scratch_mark(cx);
    int status = read_settings(cx, &t);
    if (status == BRAM_OK) status = run_levels(cx, &t, "noise", result);
    if (status == BRAM_OK) status = run_levels(cx, &t, "variation", result);
    if (status == BRAM_OK && !t.scores)
        status = bram_fail(cx, BRAM_EUSAGE, "neither noise nor variation has a level");
    if (status == BRAM_OK) status = bram_scores_finish(cx, t.scores, result);
    release(&t);
    bram_scratch_release(cx, mark);
    return status;
}

/* All regions together are the one part. */
static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    static const char *const id[] = {"regions"};
    bram_axis *areas = NULL, *axis = NULL;
    BRAM_TRY(bram_area_parts(cx, &areas, b, ds)); /* are there any? */
    bram_axis_free(areas);
    BRAM_TRY(bram_axis_new(cx, &axis, "part", 1));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The matrices of all regions three times over, and one more for each thread. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    bram_axis *areas = NULL;
    size_t sum = 0;
    BRAM_TRY(bram_area_parts(cx, &areas, cell->benchmark, cell->dataset));
    for (size_t i = 0; i < bram_axis_length(areas); i++)
        sum += bram_area_bytes(cell->dataset, bram_axis_id(areas, i));
    bram_axis_free(areas);
    *bytes = sum * (3 + bram_ctx_threads(cx));
    return BRAM_OK;
}

const bram_task bram_task_identification = {
    .name = "identification",
    .summary = "which region or layer is it: by what statistic of dissimilarities, under noise",
    .version = 2,
    .params = params,
    .contestants = statistics,
    .parts = parts,
    .memory = memory,
    .run = run,
};
