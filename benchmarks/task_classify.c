/*
 * task_classify.c - the task "classify": what can a reader tell of the stimulus from one trial of
 * an area? Decoding of categories, movies or the stimuli themselves.
 *
 * Rows are trials, never averages; trials that lack a unit are left out. What competes is no model
 * but a reader (classifier.h). It tells a column of the stimuli (option label) or, with none, the
 * stimulus itself; stimuli that show the same image (column `image`) under several labels have
 * nothing that could be told and are left out. Folds are over stimuli (over=stimuli; group keeps
 * those of a movie together), so that the reader has never seen the stimulus, or over stretches of
 * repeats (over=repeats), so that it has. All that is fitted, scales too, comes from training rows.
 *
 * Scores: balanced-accuracy, the mean over classes of the share that is told right; top-1, the
 * share of trials; top-5, of those whose class is among the five likeliest, where there are more
 * classes than five. Raw values: the share of each class. Chance: the mean over permutations of
 * the labels within the area, each fitted anew; null_p is the share that is as good. Labels are
 * permuted over stimuli when stimuli are left out (trials of one stimulus stay together), else over
 * trials. Intervals: draws of stimuli, with their trials, readers as they were fitted. confusion/
 * share has the share of each class (rows) that was told to be each (columns).
 */
#include "area.h"
#include "classifier.h"
#include "linalg.h"
#include "resample.h"
#include "scores.h"
#include "stimulus_folds.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"label", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the column of the stimuli to tell (category); empty: the stimulus itself"},
    {"over", BRAM_PARAM_CHOICE, "stimuli", "stimuli|repeats", 0, 0, "what is left out in turn"},
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000, "parts of the stimuli or repeats"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the assignment of stimuli to folds"},
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli of which equal values are in one fold (movie)"},
    {"penalty", BRAM_PARAM_REAL, "1", NULL, 1e-6, 1e9, "of the weights of logistic"},
    {"permutations", BRAM_PARAM_INTEGER, "100", NULL, 0, 100000, "of the labels, for chance"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

/* In the order of bram_classifier_kind. */
static const bram_contestant readers[] = {
    {"centroid", "the class of the nearest mean, each unit in its deviations"},
    {"correlation", "the class whose mean correlates most over units"},
    {"lda", "linear discriminant analysis, covariances shrunken by Ledoit and Wolf"},
    {"logistic", "multinomial logistic regression with a ridge penalty"},
    {NULL, NULL}};

enum { FIVE = 5 };

struct classify {
    const bram_cell *cell;
    const bram_options *o;
    bram_classifier_settings reader;
    bram_area area;
    size_t *kept, stimuli; /* rows of the area that have a label of their own */
    size_t *class_of;      /* of each kept stimulus */
    const char **name;     /* of classes */
    size_t classes;
    bool of_stimuli; /* labels are permuted over stimuli */
    bram_mat x;      /* trial x unit */
    size_t trials, *stimulus, *fold;
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

/* ---- labels --------------------------------------------------------------------------------- */

/* Words for the value of a column, in scratch memory; "" where it is missing. */
static const char *value_text(bram_ctx *cx, const bram_column *c, size_t i)
{
    char *text = bram_scratch(cx, 32, 1);
    if (c->type == BRAM_TEXT || !text) return text ? c->text[i] : NULL;
    if (c->type == BRAM_INTEGER) snprintf(text, 32, "%lld", (long long)c->integer[i]);
    else if (!isnan(c->number[i])) snprintf(text, 32, "%.17g", c->number[i]);
    return text;
}

static int read_labels(bram_ctx *cx, const char **text, const struct classify *t)
{
    const char *label = bram_option_text(t->o, "label");
    const bram_axis *axis = t->area.stimulus;
    const bram_column *c = *label ? bram_axis_column(axis, label) : NULL;
    if (*label && !c)
        return bram_fail(cx, BRAM_EABSENT, "the stimuli of %s have no column %s", t->cell->part,
                         label);
    for (size_t i = 0; i < t->area.stimuli; i++) {
        text[i] = c ? value_text(cx, c, i) : bram_axis_id(axis, i);
        if (!text[i]) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* Whether another stimulus shows the same image under another label. */
static bool is_ambiguous(const struct classify *t, const char *const *text, size_t i)
{
    const bram_column *image = bram_axis_column(t->area.stimulus, "image");
    if (!image || image->type != BRAM_TEXT || !*image->text[i]) return false;
    for (size_t j = 0; j < t->area.stimuli; j++)
        if (strcmp(image->text[i], image->text[j]) == 0 && strcmp(text[i], text[j]) != 0)
            return true;
    return false;
}

static int take_stimuli(bram_ctx *cx, struct classify *t)
{
    size_t n = t->area.stimuli, ambiguous = 0;
    const char **text = bram_scratch(cx, n, sizeof *text);
    t->name = bram_scratch(cx, n, sizeof *t->name);
    t->kept = bram_scratch(cx, n, sizeof *t->kept);
    t->class_of = bram_scratch(cx, n, sizeof *t->class_of);
    if (!text || !t->name || !t->kept || !t->class_of) return BRAM_ENOMEM;
    BRAM_TRY(read_labels(cx, text, t));
    for (size_t i = 0; i < n; i++) {
        bool twice = is_ambiguous(t, text, i);
        ambiguous += twice;
        if (!*text[i] || twice) continue;
        size_t k = 0;
        while (k < t->classes && strcmp(t->name[k], text[i]) != 0) k++;
        if (k == t->classes) t->name[t->classes++] = text[i];
        t->kept[t->stimuli] = i, t->class_of[t->stimuli++] = k;
    }
    if (ambiguous)
        bram_note(cx,
                  "%s: %zu of %zu stimuli show an image that has another label as well: left "
                  "out",
                  t->cell->part, ambiguous, n);
    if (t->classes < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: %zu classes of stimuli, expected two or more", t->cell->part,
                         t->classes);
    BRAM_TRY(bram_axis_new(cx, &t->class, "class", t->classes));
    return bram_axis_set_ids(cx, t->class, t->name);
}

/* ---- trials --------------------------------------------------------------------------------- */

static bool is_whole(const bram_area *a, size_t stimulus, size_t repeat)
{
    for (size_t u = 0; u < a->units; u++)
        if (!a->present[(stimulus * a->units + u) * a->repeats + repeat]) return false;
    return true;
}

/* The fold of each kept stimulus. */
static int fold_stimuli(bram_ctx *cx, size_t *of, const struct classify *t)
{
    bram_stimulus_split s = {.folds = t->folds,
                             .seed = (uint64_t)bram_option_integer(t->o, "seed"),
                             .group = bram_option_text(t->o, "group"),
                             .stratify = bram_option_text(t->o, "label")};
    bram_axis *axis = NULL;
    bram_fold *fold = NULL;
    size_t made;
    BRAM_TRY(bram_axis_take(cx, &axis, t->area.stimulus, t->kept, t->stimuli));
    int status = bram_stimulus_folds(cx, &fold, &made, axis, &s);
    for (size_t f = 0; status == BRAM_OK && f < t->folds; f++)
        for (size_t i = 0; i < fold[f].tests; i++) of[fold[f].test[i]] = f;
    bram_free(fold);
    bram_axis_free(axis);
    return status;
}

static int check_folds(bram_ctx *cx, const struct classify *t)
{
    const char *label = bram_option_text(t->o, "label");
    if (t->of_stimuli && !*label)
        return bram_fail(cx, BRAM_EUSAGE,
                         "a stimulus that was left out cannot be told by name: give a label, or "
                         "over=repeats");
    if (!t->of_stimuli && *bram_option_text(t->o, "group"))
        return bram_fail(cx, BRAM_EUSAGE, "group is of over=stimuli; repeats have none");
    if (!t->of_stimuli && t->area.repeats < t->folds)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: %zu repeats are too few for %zu folds",
                         t->cell->part, t->area.repeats, t->folds);
    return BRAM_OK;
}

static int take_trials(bram_ctx *cx, struct classify *t)
{
    const bram_area *a = &t->area;
    size_t most = t->stimuli * a->repeats, *of = bram_scratch(cx, t->stimuli, sizeof *of);
    t->stimulus = bram_scratch(cx, most, sizeof *t->stimulus);
    t->fold = bram_scratch(cx, most, sizeof *t->fold);
    if (!of || !t->stimulus || !t->fold) return BRAM_ENOMEM;
    BRAM_TRY(check_folds(cx, t));
    if (t->of_stimuli) BRAM_TRY(fold_stimuli(cx, of, t));
    BRAM_TRY(bram_mat_scratch(cx, &t->x, most, a->units));
    for (size_t i = 0; i < t->stimuli; i++)
        for (size_t r = 0; r < a->repeats; r++) {
            if (!is_whole(a, t->kept[i], r)) continue;
            for (size_t u = 0; u < a->units; u++)
                bram_row(&t->x,
                         t->trials)[u] = a->values[(t->kept[i] * a->units + u) * a->repeats + r];
            t->stimulus[t->trials] = i;
            t->fold[t->trials++] = t->of_stimuli ? of[i] : r * t->folds / a->repeats;
        }
    t->x.rows = t->trials;
    if (t->trials < most)
        bram_note(cx, "%s: %zu of %zu trials lack a unit: left out", t->cell->part,
                  most - t->trials, most);
    if (!t->trials)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: no trial has all units", t->cell->part);
    return BRAM_OK;
}

/* The true labels, then permuted ones: over stimuli or over trials. */
static int permute_labels(bram_ctx *cx, struct classify *t)
{
    size_t n = t->of_stimuli ? t->stimuli : t->trials, all = t->permutations + 1;
    size_t *order = bram_scratch(cx, n, sizeof *order);
    char stream[160];
    t->label = bram_scratch(cx, all, t->trials * sizeof *t->label);
    t->rank = bram_scratch(cx, all, t->trials * sizeof *t->rank);
    t->told = bram_scratch(cx, t->trials, sizeof *t->told);
    if (!order || !t->label || !t->rank || !t->told) return BRAM_ENOMEM;
    snprintf(stream, sizeof stream, "%s/permutation", t->stream);
    for (size_t k = 0; k < all; k++) {
        bram_rng g = bram_rng_at(0, stream, k);
        bram_rng_permutation(&g, n, order);
        for (size_t i = 0; i < n && !k; i++) order[i] = i;
        for (size_t i = 0; i < t->trials; i++)
            t->label[k * t->trials + i] =
                (uint32_t)
                    t->class_of[t->of_stimuli ? order[t->stimulus[i]] : t->stimulus[order[i]]];
    }
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* How many classes come before the right one; of equal scores the first class. */
static uint32_t rank_of(const double *score, size_t classes, size_t truth)
{
    uint32_t before = 0;
    for (size_t k = 0; k < classes; k++)
        before += score[k] > score[truth] || (score[k] == score[truth] && k < truth);
    return before;
}

static uint32_t best_of(const double *score, size_t classes)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (score[k] > score[best]) best = k;
    return best;
}

/* Rows of the trials inside a fold or outside of it, with their numbers. */
static int select_rows(bram_ctx *cx, bram_mat *x, size_t *row, const struct classify *t,
                       size_t fold, bool inside)
{
    size_t n = 0;
    for (size_t i = 0; i < t->trials; i++)
        if ((t->fold[i] == fold) == inside) row[n++] = i;
    BRAM_TRY(bram_mat_scratch(cx, x, n, t->x.cols));
    for (size_t i = 0; i < n; i++)
        memcpy(bram_row(x, i), bram_row(&t->x, row[i]), t->x.cols * sizeof(double));
    return BRAM_OK;
}

/* Task of the pool: one fold under one labelling. */
static int read_fold(bram_ctx *cx, size_t task, void *user)
{
    struct classify *t = user;
    size_t fold = task % t->folds, offset = task / t->folds * t->trials;
    size_t *row = bram_scratch(cx, t->trials, sizeof *row);
    size_t *label = bram_scratch(cx, t->trials, sizeof *label);
    bram_mat x, test, score;
    bram_classifier c;
    if (!row || !label) return BRAM_ENOMEM;
    BRAM_TRY(select_rows(cx, &x, row, t, fold, false));
    if (!x.rows || x.rows == t->trials) /* the trials of one side all lack a unit */
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "%s: fold %zu has %zu training trials of %zu that have all units, expected "
            "some on either side",
            t->cell->part, fold, x.rows, t->trials);
    for (size_t i = 0; i < x.rows; i++) label[i] = t->label[offset + row[i]];
    BRAM_TRY(bram_classifier_fit(cx, &c, &x, label, t->classes, &t->reader));
    BRAM_TRY(select_rows(cx, &test, row, t, fold, true));
    BRAM_TRY(bram_mat_scratch(cx, &score, test.rows, t->classes));
    BRAM_TRY(bram_classifier_scores(cx, &score, &c, &test));
    for (size_t i = 0; i < test.rows; i++) {
        const double *of = bram_row(&score, i);
        t->rank[offset + row[i]] = rank_of(of, t->classes, t->label[offset + row[i]]);
        if (!offset) t->told[row[i]] = best_of(of, t->classes);
    }
    return BRAM_OK;
}

/* ---- scores --------------------------------------------------------------------------------- */

struct score {
    const char *name;
    uint32_t most; /* ranks below count as right */
    bool balanced;
};

struct draws {
    const struct classify *t;
    const struct score *s;
    double *out;
};

/*
 * The score of labelling k with each stimulus counting `times` (NULL: once). In a draw a class of
 * one stimulus counts as often as that was drawn, else balanced accuracy would not see the draw.
 * `share` receives the share of each class; may be NULL.
 */
static int measure(bram_ctx *cx, double *value, double *share, const struct classify *t,
                   const struct score *s, size_t k, const uint32_t *times)
{
    size_t mark = bram_scratch_mark(cx);
    double *hit = bram_scratch(cx, t->classes, sizeof *hit), sum = 0, count = 0;
    double *all = bram_scratch(cx, t->classes, sizeof *all);
    if (!hit || !all) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->trials; i++) {
        size_t at = k * t->trials + i, c = t->label[at];
        double weight = times ? times[t->stimulus[i]] : 1;
        all[c] += weight;
        if (t->rank[at] < s->most) hit[c] += weight;
    }
    bool single = t->classes == t->stimuli;
    for (size_t c = 0; c < t->classes; c++) {
        double weight = !s->balanced ? all[c] : single && times ? times[c] : all[c] > 0;
        if (share) share[c] = all[c] > 0 ? hit[c] / all[c] : (double)NAN;
        if (all[c] > 0) sum += weight * hit[c] / all[c], count += weight;
    }
    *value = count > 0 ? sum / count : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct draws *d = user;
    uint32_t *times = bram_scratch(cx, d->t->stimuli, sizeof *times);
    if (!times) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, d->t->stimuli, 0, d->t->stream, sample);
    return measure(cx, &d->out[sample], NULL, d->t, d->s, 0, times);
}

static int put_score(bram_ctx *cx, struct classify *t, const struct score *s)
{
    double *share = bram_scratch(cx, t->classes, sizeof *share);
    double *draw = bram_scratch(cx, t->samples, sizeof *draw);
    double *null = bram_scratch(cx, t->permutations, sizeof *null);
    bram_score_made made = {.id = s->name,
                            .metric = s->name,
                            .axis = "stimuli",
                            .raw = share,
                            .draw = draw,
                            .groups = t->stimuli,
                            .null = null,
                            .nulls = t->permutations};
    if (!share || !draw || !null) return BRAM_ENOMEM;
    BRAM_TRY(measure(cx, &made.value, share, t, s, 0, NULL));
    made.chance = fmin(1, (double)s->most / (double)t->classes);
    for (size_t k = 0; k < t->permutations; k++)
        BRAM_TRY(measure(cx, &null[k], NULL, t, s, k + 1, NULL));
    BRAM_TRY(bram_parallel_for(cx, t->samples, one_draw, &(struct draws){t, s, draw}));
    return bram_scores_put(cx, t->scores, &made);
}

static int put_scores(bram_ctx *cx, struct classify *t)
{
    static const struct score scores[] = {
        {"balanced-accuracy", 1, true}, {"top-1", 1, false}, {"top-5", FIVE, false}};
    size_t n = t->classes > FIVE ? 3 : 2;
    BRAM_TRY(bram_scores_new(cx, &t->scores, t->class, t->stream, 0, t->samples,
                             bram_option_real(t->o, "level")));
    for (size_t i = 0; i < n; i++) BRAM_TRY(put_score(cx, t, &scores[i]));
    return BRAM_OK;
}

/* confusion/share: of each class the share that was told to be each. */
static int put_confusion(bram_ctx *cx, const struct classify *t, bram_dataset *result)
{
    bram_axis *told = NULL;
    bram_response *r = NULL;
    double *all = bram_scratch(cx, t->classes, sizeof *all);
    if (!all) return BRAM_ENOMEM;
    int status = bram_axis_new(cx, &told, "told", t->classes);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, told, t->name);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "share", BRAM_F64, 2,
                                   (const bram_axis *[]){t->class, told});
    bram_axis_free(told);
    BRAM_TRY(status);
    double *share = bram_response_f64(r);
    for (size_t i = 0; i < t->trials; i++) all[t->label[i]]++;
    for (size_t i = 0; i < t->trials; i++)
        share[t->label[i] * t->classes + t->told[i]] += 1 / all[t->label[i]];
    status = bram_dataset_add(cx, result, "confusion", r);
    if (status != BRAM_OK) bram_response_free(r);
    return status;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int prepare(bram_ctx *cx, struct classify *t)
{
    const bram_cell *c = t->cell;
    size_t kind = 0;
    while (readers[kind].name && strcmp(readers[kind].name, c->model) != 0) kind++;
    if (!readers[kind].name)
        return bram_fail(cx, BRAM_EUSAGE, "no reader is named \"%s\"", c->model);
    t->reader = (bram_classifier_settings){.kind = (bram_classifier_kind)kind,
                                           .penalty = bram_option_real(t->o, "penalty"),
                                           .steps = 300,
                                           .tolerance = 1e-8};
    t->of_stimuli = bram_option_is(t->o, "over", "stimuli");
    t->folds = (size_t)bram_option_integer(t->o, "folds");
    t->permutations = (size_t)bram_option_integer(t->o, "permutations");
    t->samples = (size_t)bram_option_integer(t->o, "samples");
    snprintf(t->stream, sizeof t->stream, "%.60s/%.60s", c->benchmark->name, c->part);
    BRAM_TRY(bram_area_read(cx, &t->area, c->dataset, c->part));
    if (t->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "responses/%s is of dissimilarity matrices, expected responses", c->part);
    BRAM_TRY(take_stimuli(cx, t));
    BRAM_TRY(take_trials(cx, t));
    return permute_labels(cx, t);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct classify t = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &t);
    if (status == BRAM_OK)
        status = bram_parallel_for(cx, t.folds * (t.permutations + 1), read_fold, &t);
    if (status == BRAM_OK) status = put_scores(cx, &t);
    if (status == BRAM_OK) status = put_confusion(cx, &t, result);
    if (status == BRAM_OK) status = bram_scores_finish(cx, t.scores, result);
    release(&t);
    bram_scratch_release(cx, mark);
    return status;
}

/* The area, its trials once more, and for each thread the rows of a fold twice. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    size_t area = bram_area_bytes(cell->dataset, cell->part);
    size_t all = (size_t)bram_option_integer(cell->benchmark->options, "permutations") + 1;
    *bytes = area * (2 + 3 * bram_ctx_threads(cx)) + area * all / 4;
    return BRAM_OK;
}

const bram_task bram_task_classify = {
    .name = "classify",
    .summary = "tell the class of a stimulus, or the stimulus, from single trials of an area",
    .version = 1,
    .params = params,
    .contestants = readers,
    .parts = bram_area_parts,
    .memory = memory,
    .run = run,
};
