/*
 * task_classify.c - the task "classify": what can a reader tell of the stimulus from one trial of
 * an area? Decoding of categories, movies or the stimuli themselves.
 *
 * Rows are trials, never averages; a unit that a trial lacks stands at its training mean. What
 * competes is no model but a reader (class_reader.h). It tells a column of the stimuli (option
 * label) or, with none, the stimulus itself; stimuli that show the same image (column `image`)
 * under several labels have nothing that could be told and are left out. Folds are over stimuli
 * (over=stimuli; group keeps those of a movie together), so that the reader has never seen the
 * stimulus, or over stretches of repeats (over=repeats), so that it has. All that is fitted or
 * chosen, scales and penalties too, comes from training rows; penalties are chosen by leaving out a
 * further fold.
 *
 * Scores: balanced-accuracy, the mean over classes of the share that is told right; top-1, the
 * share of trials; top-5, of those whose class is among the five likeliest, where there are more
 * classes than five. Raw values: the share of each class. Chance: the mean over permutations of
 * the labels within the area, each fitted anew, with the penalty that was chosen for the true ones
 * (on training rows, so that it favours nobody); null_p is the share that is as good. Labels are
 * permuted over stimuli when stimuli are left out (trials of one stimulus stay together), else over
 * trials. Intervals: draws of stimuli, with their trials, readers as they were fitted. confusion/
 * share has the share of each class (rows) that was told to be each (columns).
 */
#include "class_reader.h"
#include "decoding.h"
#include "linalg.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <stdio.h>

static const bram_param params[] = {
    BRAM_DECODING_PARAMS,
    BRAM_READER_PARAMS,
    {"permutations", BRAM_PARAM_INTEGER, "100", NULL, 0, 100000, "of the labels, for chance"},
    {.name = NULL}};

struct classify {
    const bram_cell *cell;
    const bram_options *o;
    bram_class_reader_settings *reader; /* of each fold: with what was chosen there */
    bram_area area;
    bram_labels labels;
    bram_told_trials trials;
    size_t folds, permutations, samples;
    uint32_t *label; /* (1 + permutations) x trials: the first are the true ones */
    uint32_t *rank;  /* as many: how many classes were told before the right one */
    uint32_t *told;  /* trials */
    bram_axis *class;
    bram_scores *scores;
    char stream[128];
};

static void release(struct classify *t)
{
    bram_scores_free(t->scores);
    bram_axis_free(t->class);
    bram_area_release(&t->area);
}

/* The true labels, then permuted ones: over stimuli or over trials. */
static int permute_labels(bram_ctx *cx, struct classify *t)
{
    const bram_told_trials *x = &t->trials;
    bool of_stimuli = bram_option_is(t->o, "over", "stimuli");
    size_t n = of_stimuli ? t->labels.stimuli : x->count, all = t->permutations + 1;
    size_t *order = bram_scratch(cx, n, sizeof *order);
    char stream[160];
    t->label = bram_scratch(cx, all, x->count * sizeof *t->label);
    t->rank = bram_scratch(cx, all, x->count * sizeof *t->rank);
    t->told = bram_scratch(cx, x->count, sizeof *t->told);
    if (!order || !t->label || !t->rank || !t->told) return BRAM_ENOMEM;
    snprintf(stream, sizeof stream, "%s/permutation", t->stream);
    for (size_t k = 0; k < all; k++) {
        bram_rng g = bram_rng_at(0, stream, k);
        bram_rng_permutation(&g, n, order);
        for (size_t i = 0; i < n && !k; i++) order[i] = i;
        for (size_t i = 0; i < x->count; i++) {
            size_t stimulus = of_stimuli ? order[x->stimulus[i]] : x->stimulus[order[i]];
            t->label[k * x->count + i] = (uint32_t)t->labels.class_of[stimulus];
        }
    }
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Labels of the training rows of a fold. The true labels choose what there is to choose. */
static int fit_reader(bram_ctx *cx, bram_class_reader *reader, const bram_mat *x, const size_t *row,
                      struct classify *t, size_t at, size_t labelling)
{
    size_t *label = bram_scratch(cx, x->rows, sizeof *label);
    size_t *fold = bram_scratch(cx, x->rows, sizeof *fold), classes = t->labels.classes;
    if (!label || !fold) return BRAM_ENOMEM;
    for (size_t i = 0; i < x->rows; i++) {
        label[i] = t->label[labelling * t->trials.count + row[i]];
        fold[i] = t->trials.fold[row[i]];
    }
    if (!labelling) BRAM_TRY(bram_class_reader_choose(cx, &t->reader[at], x, label, fold, classes));
    return bram_class_reader_fit(cx, reader, x, label, classes, &t->reader[at]);
}

static int read_fold(bram_ctx *cx, struct classify *t, size_t fold, size_t labelling)
{
    size_t offset = labelling * t->trials.count, *in, *out;
    size_t classes = t->labels.classes;
    bram_mat x, test, score;
    bram_class_reader reader;
    BRAM_TRY(bram_told_trials_select(cx, &x, &in, &t->trials, fold, false));
    BRAM_TRY(bram_told_trials_select(cx, &test, &out, &t->trials, fold, true));
    if (!x.rows || !test.rows) /* the trials of one side all lack a unit */
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "%s: fold %zu has %zu training trials of %zu, expected some on either side",
            t->cell->part, fold, x.rows, t->trials.count);
    BRAM_TRY(bram_told_trials_fill(cx, &x, &test));
    BRAM_TRY(fit_reader(cx, &reader, &x, in, t, fold, labelling));
    BRAM_TRY(bram_mat_scratch(cx, &score, test.rows, classes));
    BRAM_TRY(bram_class_reader_scores(cx, &score, &reader, &test));
    for (size_t i = 0; i < test.rows; i++) {
        const double *of = bram_row(&score, i);
        t->rank[offset + out[i]] = bram_told_rank(of, classes, t->label[offset + out[i]]);
        if (!offset) t->told[out[i]] = bram_told_best(of, classes);
    }
    return BRAM_OK;
}

/* Tasks of the pool: a fold under the true labels, then each under each permutation. */
static int read_true(bram_ctx *cx, size_t fold, void *user)
{
    return read_fold(cx, user, fold, 0);
}

static int read_permuted(bram_ctx *cx, size_t task, void *user)
{
    struct classify *t = user;
    return read_fold(cx, t, task % t->folds, 1 + task / t->folds);
}

/* ---- scores --------------------------------------------------------------------------------- */

static int put_scores(bram_ctx *cx, struct classify *t)
{
    size_t all = t->permutations + 1, n = t->trials.count;
    bram_told *told = bram_scratch(cx, all, sizeof *told);
    if (!told) return BRAM_ENOMEM;
    for (size_t k = 0; k < all; k++)
        told[k] = (bram_told){&t->labels, n, t->trials.stimulus, t->label + k * n, t->rank + k * n};
    BRAM_TRY(bram_scores_new(cx, &t->scores, t->class, t->stream, 0, t->samples,
                             bram_option_real(t->o, "level")));
    for (size_t i = 0; i < bram_told_count(&t->labels); i++)
        BRAM_TRY(bram_told_put(cx, t->scores, told, &bram_told_scores[i], NULL, told + 1,
                               t->permutations, t->stream, t->samples));
    return BRAM_OK;
}

/* confusion/share: of each class the share that was told to be each. */
static int put_confusion(bram_ctx *cx, const struct classify *t, bram_dataset *result)
{
    size_t classes = t->labels.classes;
    bram_axis *told = NULL;
    bram_response *r = NULL;
    double *all = bram_scratch(cx, classes, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    int status = bram_axis_new(cx, &told, "told", classes);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, told, t->labels.name);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "share", BRAM_F64, 2,
                                   (const bram_axis *[]){t->class, told});
    bram_axis_free(told);
    BRAM_TRY(status);
    double *share = bram_response_f64(r);
    for (size_t i = 0; i < t->trials.count; i++) all[t->label[i]]++;
    for (size_t i = 0; i < t->trials.count; i++)
        share[t->label[i] * classes + t->told[i]] += 1 / all[t->label[i]];
    return bram_dataset_add(cx, result, "confusion", r);
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int prepare(bram_ctx *cx, struct classify *t)
{
    const bram_cell *c = t->cell;
    t->folds = (size_t)bram_option_integer(t->o, "folds");
    if (!(t->reader = bram_scratch(cx, t->folds, sizeof *t->reader))) return BRAM_ENOMEM;
    for (size_t f = 0; f < t->folds; f++)
        BRAM_TRY(bram_class_reader_parse(cx, &t->reader[f], c->model, t->o, c->seed));
    t->permutations = (size_t)bram_option_integer(t->o, "permutations");
    t->samples = (size_t)bram_option_integer(t->o, "samples");
    snprintf(t->stream, sizeof t->stream, "%.60s/%.60s", c->benchmark->name, c->part);
    BRAM_TRY(bram_area_read(cx, &t->area, c->dataset, c->part));
    if (t->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "responses/%s is of dissimilarity matrices, expected responses", c->part);
    BRAM_TRY(bram_labels_read(cx, &t->labels, t->area.stimulus, NULL, c));
    BRAM_TRY(bram_axis_new(cx, &t->class, "class", t->labels.classes));
    BRAM_TRY(bram_axis_set_ids(cx, t->class, t->labels.name));
    BRAM_TRY(bram_told_trials_take(cx, &t->trials, &t->area, &t->labels, NULL, c));
    return permute_labels(cx, t);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct classify t = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &t);
    if (status == BRAM_OK) status = bram_parallel_for(cx, t.folds, read_true, &t);
    if (status == BRAM_OK)
        status = bram_parallel_for(cx, t.folds * t.permutations, read_permuted, &t);
    if (status == BRAM_OK) status = put_scores(cx, &t);
    if (status == BRAM_OK) status = put_confusion(cx, &t, result);
    if (status == BRAM_OK) status = bram_scores_finish(cx, t.scores, result);
    release(&t);
    bram_scratch_release(cx, mark);
    return status;
}

/* The area, its trials once more, and for each thread the rows of a fold, those of an inner fold,
 * and each standardized. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    size_t area = bram_area_bytes(cell->dataset, cell->part);
    size_t all = (size_t)bram_option_integer(cell->benchmark->options, "permutations") + 1;
    *bytes = area * (2 + 5 * bram_ctx_threads(cx)) + area * all / 4;
    return BRAM_OK;
}

const bram_task bram_task_classify = {
    .name = "classify",
    .summary = "tell the class of a stimulus, or the stimulus, from single trials of an area",
    .version = 2,
    .params = params,
    .contestants = bram_class_readers,
    .parts = bram_area_parts,
    .memory = memory,
    .run = run,
};
