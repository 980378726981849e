/*
 * decoding.c - labels of stimuli, single trials and their folds, shares that are told right.
 */
#include "decoding.h"

#include "linalg.h"
#include "resample.h"
#include "stimulus_folds.h"

#include <bramble/parallel.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

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

static int read_texts(bram_ctx *cx, const char **text, const bram_axis *axis, const bram_cell *cell)
{
    const char *label = bram_option_text(cell->benchmark->options, "label");
    const bram_column *c = *label ? bram_axis_column(axis, label) : NULL;
    if (*label && !c)
        return bram_fail(cx, BRAM_EABSENT, "the stimuli of %s have no column %s", cell->part,
                         label);
    for (size_t i = 0; i < bram_axis_length(axis); i++) {
        text[i] = c ? value_text(cx, c, i) : bram_axis_id(axis, i);
        if (!text[i]) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* Whether another stimulus shows the same image under another label. */
static bool is_ambiguous(const bram_axis *axis, const char *const *text, size_t i)
{
    const bram_column *image = bram_axis_column(axis, "image");
    if (!image || image->type != BRAM_TEXT || !*image->text[i]) return false;
    for (size_t j = 0; j < bram_axis_length(axis); j++)
        if (strcmp(image->text[i], image->text[j]) == 0 && strcmp(text[i], text[j]) != 0)
            return true;
    return false;
}

int bram_labels_read(bram_ctx *cx, bram_labels *out, const bram_axis *axis, const bram_axis *in,
                     const bram_cell *cell)
{
    size_t n = bram_axis_length(axis), ambiguous = 0;
    bram_labels l = {.axis = axis};
    const char **text = bram_scratch(cx, n, sizeof *text);
    l.name = bram_scratch(cx, n, sizeof *l.name);
    l.kept = bram_scratch(cx, n, sizeof *l.kept);
    l.class_of = bram_scratch(cx, n, sizeof *l.class_of);
    if (!text || !l.name || !l.kept || !l.class_of) return BRAM_ENOMEM;
    BRAM_TRY(read_texts(cx, text, axis, cell));
    for (size_t i = 0; i < n; i++) {
        if (in && bram_axis_find(in, bram_axis_id(axis, i)) < 0) continue;
        bool twice = is_ambiguous(axis, text, i);
        ambiguous += twice;
        if (!*text[i] || twice) continue;
        size_t k = 0;
        while (k < l.classes && strcmp(l.name[k], text[i]) != 0) k++;
        if (k == l.classes) l.name[l.classes++] = text[i];
        l.kept[l.stimuli] = i, l.class_of[l.stimuli++] = k;
    }
    if (ambiguous)
        bram_note(cx,
                  "%s: %zu of %zu stimuli show an image that has another label as well: left "
                  "out",
                  cell->part, ambiguous, n);
    if (l.classes < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: %zu classes of stimuli, expected two or more", cell->part, l.classes);
    *out = l;
    return BRAM_OK;
}

/* ---- trials --------------------------------------------------------------------------------- */

/* How many units a trial has. */
static size_t units_of(const bram_area *a, size_t stimulus, size_t repeat)
{
    size_t there = 0;
    for (size_t u = 0; u < a->units; u++)
        there += a->present[(stimulus * a->units + u) * a->repeats + repeat];
    return there;
}

/* The fold of each kept stimulus. */
static int fold_stimuli(bram_ctx *cx, size_t *of, const bram_labels *labels, const bram_options *o)
{
    size_t folds = (size_t)bram_option_integer(o, "folds"), made;
    bram_stimulus_split s = {.folds = folds,
                             .seed = (uint64_t)bram_option_integer(o, "seed"),
                             .group = bram_option_text(o, "group"),
                             .stratify = bram_option_text(o, "label")};
    bram_axis *axis = NULL;
    bram_fold *fold = NULL;
    BRAM_TRY(bram_axis_take(cx, &axis, labels->axis, labels->kept, labels->stimuli));
    int status = bram_stimulus_folds(cx, &fold, &made, axis, &s);
    for (size_t f = 0; status == BRAM_OK && f < folds; f++)
        for (size_t i = 0; i < fold[f].tests; i++) of[fold[f].test[i]] = f;
    bram_free(fold);
    bram_axis_free(axis);
    return status;
}

static int check_folds(bram_ctx *cx, const bram_area *a, const bram_cell *cell)
{
    const bram_options *o = cell->benchmark->options;
    bool of_stimuli = bram_option_is(o, "over", "stimuli");
    size_t folds = (size_t)bram_option_integer(o, "folds");
    if (of_stimuli && !*bram_option_text(o, "label"))
        return bram_fail(cx, BRAM_EUSAGE,
                         "a stimulus that was left out cannot be told by name: give a label, or "
                         "over=repeats");
    if (!of_stimuli && *bram_option_text(o, "group"))
        return bram_fail(cx, BRAM_EUSAGE, "group is of over=stimuli; repeats have none");
    if (!of_stimuli && a->repeats < folds)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: %zu repeats are too few for %zu folds",
                         cell->part, a->repeats, folds);
    return BRAM_OK;
}

static void copy_trial(double *row, const bram_area *a, size_t stimulus, size_t repeat)
{
    for (size_t u = 0; u < a->units; u++) {
        size_t at = (stimulus * a->units + u) * a->repeats + repeat;
        row[u] = a->present[at] ? a->values[at] : (double)NAN;
    }
}

int bram_told_trials_take(bram_ctx *cx, bram_told_trials *out, const bram_area *a,
                          const bram_labels *labels, const size_t *ids, const bram_cell *cell)
{
    const bram_options *o = cell->benchmark->options;
    bool of_stimuli = bram_option_is(o, "over", "stimuli");
    size_t folds = (size_t)bram_option_integer(o, "folds"), most = labels->stimuli * a->repeats;
    size_t least = bram_option_is(o, "missing", "trials") ? a->units : 1;
    size_t *of = bram_scratch(cx, labels->stimuli, sizeof *of);
    bram_told_trials t = {.stimulus = bram_scratch(cx, most, sizeof *t.stimulus),
                          .fold = bram_scratch(cx, most, sizeof *t.fold)};
    if (!of || !t.stimulus || !t.fold) return BRAM_ENOMEM;
    BRAM_TRY(check_folds(cx, a, cell));
    if (of_stimuli) BRAM_TRY(fold_stimuli(cx, of, labels, o));
    BRAM_TRY(bram_mat_scratch(cx, &t.x, most, a->units));
    for (size_t i = 0; i < labels->stimuli; i++)
        for (size_t r = 0; r < a->repeats; r++) {
            size_t row = ids ? ids[i] : labels->kept[i];
            if (units_of(a, row, r) < least) continue;
            copy_trial(bram_row(&t.x, t.count), a, row, r);
            t.stimulus[t.count] = i;
            t.fold[t.count++] = of_stimuli ? of[i] : r * folds / a->repeats;
        }
    t.x.rows = t.count;
    if (t.count < most)
        bram_note(cx, "%s: %zu of %zu trials lack %s: left out", cell->part, most - t.count, most,
                  least > 1 ? "a unit" : "all units");
    if (!t.count)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s: no trial has %s", cell->part,
                         least > 1 ? "all units" : "a unit");
    *out = t;
    return BRAM_OK;
}

int bram_told_trials_select(bram_ctx *cx, bram_mat *x, size_t **row, const bram_told_trials *t,
                            size_t fold, bool inside)
{
    size_t n = 0, *list = bram_scratch(cx, t->count, sizeof *list);
    if (!list) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->count; i++)
        if ((t->fold[i] == fold) == inside) list[n++] = i;
    BRAM_TRY(bram_mat_scratch(cx, x, n, t->x.cols));
    for (size_t i = 0; i < n; i++)
        memcpy(bram_row(x, i), bram_row(&t->x, list[i]), t->x.cols * sizeof(double));
    *row = list;
    return BRAM_OK;
}

static void put_at(bram_mat *x, const double *mean)
{
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            if (isnan(bram_row(x, i)[j])) bram_row(x, i)[j] = mean[j];
}

int bram_told_trials_fill(bram_ctx *cx, bram_mat *train, bram_mat *test)
{
    size_t cols = train->cols;
    double *mean = bram_scratch(cx, cols, sizeof *mean);
    double *count = bram_scratch(cx, cols, sizeof *count);
    if (!mean || !count) return BRAM_ENOMEM;
    for (size_t i = 0; i < train->rows; i++)
        for (size_t j = 0; j < cols; j++) {
            double value = bram_row(train, i)[j];
            if (!isnan(value)) mean[j] += value, count[j]++;
        }
    for (size_t j = 0; j < cols; j++)
        if (count[j] > 0) mean[j] /= count[j];
    put_at(train, mean);
    put_at(test, mean);
    return BRAM_OK;
}

/* ---- what was told -------------------------------------------------------------------------- */

enum { FIVE = 5 };

const bram_told_score bram_told_scores[BRAM_TOLD_SCORES] = {
    {"balanced-accuracy", 1, true}, {"top-1", 1, false}, {"top-5", FIVE, false}};

size_t bram_told_count(const bram_labels *labels)
{
    return labels->classes > FIVE ? BRAM_TOLD_SCORES : BRAM_TOLD_SCORES - 1;
}

uint32_t bram_told_rank(const double *score, size_t classes, size_t truth)
{
    uint32_t before = 0;
    for (size_t k = 0; k < classes; k++)
        before += score[k] > score[truth] || (score[k] == score[truth] && k < truth);
    return before;
}

uint32_t bram_told_best(const double *score, size_t classes)
{
    uint32_t best = 0;
    for (uint32_t k = 1; k < classes; k++)
        if (score[k] > score[best]) best = k;
    return best;
}

int bram_told_measure(bram_ctx *cx, double *value, double *share, const bram_told *t,
                      const bram_told_score *s, const uint32_t *times)
{
    size_t mark = bram_scratch_mark(cx), classes = t->labels->classes;
    double *hit = bram_scratch(cx, classes, sizeof *hit), sum = 0, count = 0;
    double *all = bram_scratch(cx, classes, sizeof *all);
    if (!hit || !all) return BRAM_ENOMEM;
    for (size_t i = 0; i < t->trials; i++) {
        double weight = times ? times[t->stimulus[i]] : 1;
        all[t->label[i]] += weight;
        if (t->rank[i] < s->most) hit[t->label[i]] += weight;
    }
    bool single = classes == t->labels->stimuli;
    for (size_t c = 0; c < classes; c++) {
        double weight = !s->balanced ? all[c] : single && times ? times[c] : all[c] > 0;
        if (share) share[c] = all[c] > 0 ? hit[c] / all[c] : (double)NAN;
        if (all[c] > 0) sum += weight * hit[c] / all[c], count += weight;
    }
    *value = count > 0 ? sum / count : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

struct draws {
    const bram_told *t;
    const bram_told_score *s;
    const char *stream;
    double *out;
};

static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct draws *d = user;
    size_t stimuli = d->t->labels->stimuli;
    uint32_t *times = bram_scratch(cx, stimuli, sizeof *times);
    if (!times) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, stimuli, 0, d->stream, sample);
    return bram_told_measure(cx, &d->out[sample], NULL, d->t, d->s, times);
}

int bram_told_put(bram_ctx *cx, bram_scores *scores, const bram_told *t, const bram_told_score *s,
                  const char *label, const bram_told *null, size_t nulls, const char *stream,
                  size_t samples)
{
    size_t classes = t->labels->classes;
    double *share = bram_scratch(cx, classes, sizeof *share);
    double *draw = bram_scratch(cx, samples, sizeof *draw);
    double *found = bram_scratch(cx, nulls, sizeof *found);
    char id[64];
    bram_score_made made = {.id = id,
                            .metric = s->name,
                            .axis = "stimuli",
                            .raw = share,
                            .draw = draw,
                            .groups = t->labels->stimuli,
                            .null = found,
                            .nulls = nulls};
    if (!share || !draw || !found) return BRAM_ENOMEM;
    snprintf(id, sizeof id, "%s%s%.30s", s->name, label ? "@" : "", label ? label : "");
    BRAM_TRY(bram_told_measure(cx, &made.value, share, t, s, NULL));
    made.chance = fmin(1, (double)s->most / (double)classes);
    for (size_t k = 0; k < nulls; k++)
        BRAM_TRY(bram_told_measure(cx, &found[k], NULL, &null[k], s, NULL));
    BRAM_TRY(bram_parallel_for(cx, samples, one_draw, &(struct draws){t, s, stream, draw}));
    return bram_scores_put(cx, scores, &made);
}
