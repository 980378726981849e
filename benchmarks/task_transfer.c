/*
 * task_transfer.c - the task "transfer": does a reader that learned from one population read
 * another? Between monkeys, or penetrations of one monkey, that were shown the same stimuli.
 *
 * A part is an ordered pair of areas, "A_to_B". Trials, labels, folds and readers are those of
 * "classify" (decoding.h). What competes is the way from B to A; alignments are fitted on the means
 * over the training trials of the stimuli, and see no label:
 *
 *   procrustes, cca, ridge   A and B are brought into one space (core/common_space.h); the reader
 *                            (option reader) learns from trials of A there and is asked about the
 *                            trials of B in the fold that neither it nor the alignment has seen
 *   refit                    a network learns from A; for B its first layer is learned anew from
 *                            `trials` labelled trials a class, its layer of scores stays
 *
 * Scores (decoding.h): balanced-accuracy, top-1, top-5 of B read through A; their chance is the
 * mean over `permutations` of the stimuli of B against those of A before the alignment is fitted
 * (refit: of the labels of B's few trials), null_p the share that is as good. Beside them, of the
 * same trials: balanced-accuracy@within, a reader that learned from B itself, and @few, one that
 * learned from `trials` trials a class of B alone. Intervals: draws of stimuli. Sources: for the
 * alignments as named there; for transfer between animals by alignment, Gallego et al. 2020 (Nat
 * Neurosci 23:260).
 */
#include "class_reader.h"
#include "common_space.h"
#include "decoding.h"
#include "linalg.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_DECODING_PARAMS,
    BRAM_READER_PARAMS,
    {"between", BRAM_PARAM_CHOICE, "subjects", "subjects|sessions|all", 0, 0,
     "which pairs: of two subjects; of one subject's sessions; all"},
    {"reader", BRAM_PARAM_CHOICE, "lda", "centroid|correlation|lda|logistic|mlp", 0, 0,
     "what learns from the aligned trials"},
    {"dims", BRAM_PARAM_INTEGER, "10", NULL, 1, 1000, "dimensions of procrustes and cca"},
    {"trials", BRAM_PARAM_INTEGER, "20", NULL, 1, 1000000,
     "of each class of B: what refit, and the score @few, learn from"},
    {"permutations", BRAM_PARAM_INTEGER, "20", NULL, 0, 100000, "of the stimuli, for chance"},
    {.name = NULL}};

/* The first three in the order of bram_space_kind. */
static const bram_contestant ways[] = {
    {"procrustes", "principal components of one turned onto those of the other"},
    {"cca", "canonical variates of the principal components"},
    {"ridge", "units of the first predicted from the second by ridge regression"},
    {"refit", "a network of the first whose first layer is learned anew"},
    {NULL, NULL}};

enum { REFIT = BRAM_SPACE_RIDGE + 1 };

struct population {
    const char *id;
    bram_area area;
    bram_told_trials trials;
};

struct transfer {
    const bram_cell *cell;
    const bram_options *o;
    size_t way, dims, few;
    bram_class_reader_settings reader;
    struct population a, b;
    bram_labels labels; /* of the stimuli of both, rows of a */
    size_t folds, permutations, samples;
    size_t *order;   /* (1 + permutations) x stimuli: the first leaves them as they are */
    uint32_t *label; /* of each trial of b */
    uint32_t *rank;  /* (permutations + 3) x trials of b: across, shuffled ones, within, few */
    bram_axis *class;
    bram_scores *scores;
    char stream[192];
};

static void release(struct transfer *t)
{
    bram_scores_free(t->scores);
    bram_axis_free(t->class);
    bram_area_release(&t->a.area);
    bram_area_release(&t->b.area);
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static const char *attribute(const bram_dataset *ds, const char *area, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "responses/%s", area);
    const char *text = bram_attrs_text(
        bram_response_attrs_const(bram_dataset_response((bram_dataset *)(uintptr_t)ds, path)),
        name);
    return text ? text : "";
}

static bool is_pair(const bram_options *o, const bram_dataset *ds, const char *a, const char *b)
{
    if (strcmp(a, b) == 0) return false;
    if (bram_option_is(o, "between", "all")) return true;
    bool same = strcmp(attribute(ds, a, "subject"), attribute(ds, b, "subject")) == 0;
    return same == bram_option_is(o, "between", "sessions");
}

static char *pair_name(bram_ctx *cx, const char *a, const char *b)
{
    return bram_strf(cx, "%s_to_%s", a, b);
}

static int list_pairs(bram_ctx *cx, char **name, size_t *count, const bram_axis *areas,
                      const bram_benchmark *b, const bram_dataset *ds)
{
    size_t n = bram_axis_length(areas);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const char *from = bram_axis_id(areas, i), *to = bram_axis_id(areas, j);
            if (!is_pair(b->options, ds, from, to)) continue;
            if (!(name[*count] = pair_name(cx, from, to))) return BRAM_ENOMEM;
            *count += 1;
        }
    return *count ? BRAM_OK
                  : bram_fail(cx, BRAM_EABSENT,
                              "%zu areas of %s make no pair between %s: their subjects are told by "
                              "the attribute subject",
                              n, b->dataset, bram_option_text(b->options, "between"));
}

/* `parts` of a definition names the areas. */
static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    bram_axis *areas = NULL, *axis = NULL;
    BRAM_TRY(bram_area_parts(cx, &areas, b, ds));
    size_t n = bram_axis_length(areas), count = 0, mark = bram_scratch_mark(cx);
    char **name = bram_scratch(cx, n * n, sizeof *name);
    int status = name ? list_pairs(cx, name, &count, areas, b, ds) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_new(cx, &axis, "part", count);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, (const char *const *)name);
    for (size_t i = 0; i < count; i++) bram_free(name[i]);
    bram_scratch_release(cx, mark);
    bram_axis_free(areas);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Both areas of a part, ids of the dataset; NULL where there is no such pair. */
static int find_pair(bram_ctx *cx, const char **from, const char **to, const bram_cell *cell)
{
    bram_axis *areas = NULL;
    BRAM_TRY(bram_area_parts(cx, &areas, cell->benchmark, cell->dataset));
    size_t n = bram_axis_length(areas);
    int status = BRAM_OK;
    *from = *to = NULL;
    for (size_t k = 0; status == BRAM_OK && !*from && k < n * n; k++) {
        const char *a = bram_axis_id(areas, k / n), *b = bram_axis_id(areas, k % n);
        char *name = pair_name(cx, a, b);
        if (!name) status = BRAM_ENOMEM;
        else if (strcmp(name, cell->part) == 0) {
            *from = bram_scratch(cx, strlen(a) + 1, 1), *to = bram_scratch(cx, strlen(b) + 1, 1);
            if (!*from || !*to) status = BRAM_ENOMEM;
            else
                memcpy((char *)(uintptr_t)*from, a, strlen(a)),
                    memcpy((char *)(uintptr_t)*to, b, strlen(b));
        }
        bram_free(name);
    }
    bram_axis_free(areas);
    if (status == BRAM_OK && !*from)
        status = bram_fail(cx, BRAM_EABSENT, "no two areas make the part %s", cell->part);
    return status;
}

/* ---- one fold ------------------------------------------------------------------------------- */

/* What a fold works on. */
struct fold {
    struct transfer *t;
    size_t at, *row_a, *row_b, *row_test; /* the fold; which trials the rows are */
    bram_mat a, b, test;                  /* training trials of both, trials of b to read */
    size_t *label_a, *label_b, *fold_a, *fold_b;
    bram_mat mean_a, mean_b; /* stimulus x unit over training trials */
    size_t *shown, stimuli;  /* kept stimuli that have training trials of both */
    bram_mlp first;          /* refit: the network of a */
};

static int label_rows(bram_ctx *cx, size_t **label, size_t **fold, const size_t *row, size_t rows,
                      const struct population *p, const struct transfer *t)
{
    *label = bram_scratch(cx, rows, sizeof **label);
    *fold = bram_scratch(cx, rows, sizeof **fold);
    if (!*label || !*fold) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        (*label)[i] = t->labels.class_of[p->trials.stimulus[row[i]]];
        (*fold)[i] = p->trials.fold[row[i]];
    }
    return BRAM_OK;
}

/* Sums over the trials of each stimulus, then means; counts are left in `count`. */
static void mean_trials(bram_mat *mean, double *count, const bram_mat *x, const size_t *row,
                        const struct population *p)
{
    for (size_t i = 0; i < x->rows; i++) {
        size_t stimulus = p->trials.stimulus[row[i]];
        count[stimulus]++;
        for (size_t j = 0; j < x->cols; j++) bram_row(mean, stimulus)[j] += bram_row(x, i)[j];
    }
    for (size_t s = 0; s < mean->rows; s++)
        for (size_t j = 0; j < x->cols && count[s] > 0; j++) bram_row(mean, s)[j] /= count[s];
}

static int average(bram_ctx *cx, struct fold *f)
{
    size_t n = f->t->labels.stimuli;
    double *seen_a = bram_scratch(cx, n, sizeof *seen_a);
    double *seen_b = bram_scratch(cx, n, sizeof *seen_b);
    f->shown = bram_scratch(cx, n, sizeof *f->shown);
    if (!seen_a || !seen_b || !f->shown) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &f->mean_a, n, f->a.cols));
    BRAM_TRY(bram_mat_scratch(cx, &f->mean_b, n, f->b.cols));
    mean_trials(&f->mean_a, seen_a, &f->a, f->row_a, &f->t->a);
    mean_trials(&f->mean_b, seen_b, &f->b, f->row_b, &f->t->b);
    for (size_t s = 0; s < n; s++)
        if (seen_a[s] > 0 && seen_b[s] > 0) f->shown[f->stimuli++] = s;
    return BRAM_OK;
}

static int begin_fold(bram_ctx *cx, struct fold *f)
{
    struct transfer *t = f->t;
    bram_mat none = {NULL, 0, t->a.area.units, t->a.area.units};
    BRAM_TRY(bram_told_trials_select(cx, &f->a, &f->row_a, &t->a.trials, f->at, false));
    BRAM_TRY(bram_told_trials_select(cx, &f->b, &f->row_b, &t->b.trials, f->at, false));
    BRAM_TRY(bram_told_trials_select(cx, &f->test, &f->row_test, &t->b.trials, f->at, true));
    if (!f->a.rows || !f->b.rows || !f->test.rows)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s: fold %zu has %zu and %zu training trials and %zu to read, expected "
                         "some of each",
                         t->cell->part, f->at, f->a.rows, f->b.rows, f->test.rows);
    BRAM_TRY(bram_told_trials_fill(cx, &f->a, &none));
    BRAM_TRY(bram_told_trials_fill(cx, &f->b, &f->test));
    BRAM_TRY(label_rows(cx, &f->label_a, &f->fold_a, f->row_a, f->a.rows, &t->a, t));
    BRAM_TRY(label_rows(cx, &f->label_b, &f->fold_b, f->row_b, f->b.rows, &t->b, t));
    if (t->way != REFIT) return average(cx, f);
    return bram_mlp_fit(cx, &f->first, &f->a, f->label_a, t->labels.classes, &t->reader.mlp);
}

/* Ranks of the trials to read by their scores, in line `line` of t->rank. */
static void rank_trials(struct fold *f, const bram_mat *score, size_t line)
{
    struct transfer *t = f->t;
    for (size_t i = 0; i < score->rows; i++) {
        size_t trial = f->row_test[i];
        t->rank[line * t->b.trials.count + trial] = bram_told_rank(
            bram_row(score, i), t->labels.classes, t->label[trial]);
    }
}

/* Through the aligned space, stimulus s of b standing for order[s] of a. */
static int read_aligned(bram_ctx *cx, bram_mat *score, struct fold *f, const size_t *order)
{
    const struct transfer *t = f->t;
    bram_mat a, b, from, to;
    bram_common_space space;
    bram_class_reader reader;
    BRAM_TRY(bram_mat_scratch(cx, &a, f->stimuli, f->a.cols));
    BRAM_TRY(bram_mat_scratch(cx, &b, f->stimuli, f->b.cols));
    for (size_t i = 0, n = 0; n < t->labels.stimuli; n++) { /* the shown ones in that order */
        size_t k = 0, s = order[n];
        while (k < f->stimuli && f->shown[k] != s) k++;
        if (k == f->stimuli) continue;
        memcpy(bram_row(&a, i), bram_row(&f->mean_a, f->shown[i]), a.cols * sizeof(double));
        memcpy(bram_row(&b, i++), bram_row(&f->mean_b, s), b.cols * sizeof(double));
    }
    BRAM_TRY(bram_common_space_fit(cx, &space, (bram_space_kind)t->way, &a, &b, t->dims));
    BRAM_TRY(bram_common_space_put(cx, &from, &space.a, &f->a));
    BRAM_TRY(bram_common_space_put(cx, &to, &space.b, &f->test));
    bram_class_reader_settings settings = t->reader;
    BRAM_TRY(
        bram_class_reader_choose(cx, &settings, &from, f->label_a, f->fold_a, t->labels.classes));
    BRAM_TRY(bram_class_reader_fit(cx, &reader, &from, f->label_a, t->labels.classes, &settings));
    return bram_class_reader_scores(cx, score, &reader, &to);
}

/* The first `few` training trials of b of each class, one of each stimulus before a second of any:
 * their rows and labels, of the stimuli in the order given. */
static int take_few(bram_ctx *cx, bram_mat *x, size_t **label, const struct fold *f,
                    const size_t *order)
{
    const struct transfer *t = f->t;
    size_t classes = t->labels.classes, most = t->few * classes, n = 0, left = f->b.rows;
    size_t *taken = bram_scratch(cx, classes, sizeof *taken);
    size_t *turn = bram_scratch(cx, t->labels.stimuli, sizeof *turn);
    uint8_t *used = bram_scratch(cx, f->b.rows, 1);
    *label = bram_scratch(cx, most, sizeof **label);
    if (!taken || !turn || !used || !*label) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, x, most, f->b.cols));
    for (size_t round = 1; left && round <= t->few; round++)
        for (size_t i = 0; i < f->b.rows; i++) {
            size_t stimulus = t->b.trials.stimulus[f->row_b[i]], class = f->label_b[i];
            if (used[i] || turn[stimulus] >= round || taken[class] >= t->few) continue;
            memcpy(bram_row(x, n), bram_row(&f->b, i), x->cols * sizeof(double));
            (*label)[n++] = t->labels.class_of[order[stimulus]];
            used[i] = 1, turn[stimulus]++, taken[class]++, left--;
        }
    x->rows = n;
    return BRAM_OK;
}

static int read_refitted(bram_ctx *cx, bram_mat *score, struct fold *f, const size_t *order)
{
    const struct transfer *t = f->t;
    bram_mat x;
    size_t *label;
    bram_mlp net;
    BRAM_TRY(take_few(cx, &x, &label, f, order));
    BRAM_TRY(bram_mlp_refit(cx, &net, &f->first, &x, label, &t->reader.mlp));
    return bram_mlp_scores(cx, score, &net, &f->test);
}

/* The reader that learned from the few trials of b alone. */
static int read_few(bram_ctx *cx, bram_mat *score, struct fold *f)
{
    const struct transfer *t = f->t;
    bram_mat x;
    size_t *label;
    bram_class_reader reader;
    BRAM_TRY(take_few(cx, &x, &label, f, t->order));
    BRAM_TRY(bram_class_reader_fit(cx, &reader, &x, label, t->labels.classes, &t->reader));
    return bram_class_reader_scores(cx, score, &reader, &f->test);
}

static int read_within(bram_ctx *cx, bram_mat *score, struct fold *f)
{
    const struct transfer *t = f->t;
    bram_class_reader reader;
    bram_class_reader_settings settings = t->reader;
    BRAM_TRY(
        bram_class_reader_choose(cx, &settings, &f->b, f->label_b, f->fold_b, t->labels.classes));
    BRAM_TRY(bram_class_reader_fit(cx, &reader, &f->b, f->label_b, t->labels.classes, &settings));
    return bram_class_reader_scores(cx, score, &reader, &f->test);
}

/* Line k of the ranks: across, the shuffled ones, within, few. */
static int read_line(bram_ctx *cx, struct fold *f, size_t k)
{
    const struct transfer *t = f->t;
    const size_t *order = t->order + (k <= t->permutations ? k : 0) * t->labels.stimuli;
    bram_mat score;
    BRAM_TRY(bram_mat_scratch(cx, &score, f->test.rows, t->labels.classes));
    if (k == t->permutations + 1) BRAM_TRY(read_within(cx, &score, f));
    else if (k == t->permutations + 2) BRAM_TRY(read_few(cx, &score, f));
    else if (t->way == REFIT) BRAM_TRY(read_refitted(cx, &score, f, order));
    else BRAM_TRY(read_aligned(cx, &score, f, order));
    rank_trials(f, &score, k);
    return BRAM_OK;
}

/* Task of the pool. */
static int read_fold(bram_ctx *cx, size_t at, void *user)
{
    struct fold f = {.t = user, .at = at};
    size_t lines = f.t->permutations + 3;
    BRAM_TRY(begin_fold(cx, &f));
    for (size_t k = 0; k < lines; k++) {
        size_t mark = bram_scratch_mark(cx);
        int status = read_line(cx, &f, k);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int read_population(bram_ctx *cx, struct population *p, const struct transfer *t)
{
    BRAM_TRY(bram_area_read(cx, &p->area, t->cell->dataset, p->id));
    if (p->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "responses/%s is of dissimilarity matrices, expected responses", p->id);
    return BRAM_OK;
}

static int take_trials(bram_ctx *cx, struct transfer *t)
{
    size_t n = t->labels.stimuli, *ids = bram_scratch(cx, n, sizeof *ids);
    if (!ids) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        ids[i] = (size_t)bram_axis_find(t->b.area.stimulus,
                                        bram_axis_id(t->a.area.stimulus, t->labels.kept[i]));
    BRAM_TRY(bram_told_trials_take(cx, &t->a.trials, &t->a.area, &t->labels, NULL, t->cell));
    BRAM_TRY(bram_told_trials_take(cx, &t->b.trials, &t->b.area, &t->labels, ids, t->cell));
    size_t trials = t->b.trials.count;
    t->label = bram_scratch(cx, trials, sizeof *t->label);
    t->rank = bram_scratch(cx, t->permutations + 3, trials * sizeof *t->rank);
    if (!t->label || !t->rank) return BRAM_ENOMEM;
    for (size_t i = 0; i < trials; i++)
        t->label[i] = (uint32_t)t->labels.class_of[t->b.trials.stimulus[i]];
    return BRAM_OK;
}

static int draw_orders(bram_ctx *cx, struct transfer *t)
{
    size_t n = t->labels.stimuli;
    char stream[224];
    t->order = bram_scratch(cx, t->permutations + 1, n * sizeof *t->order);
    if (!t->order) return BRAM_ENOMEM;
    snprintf(stream, sizeof stream, "%s/permutation", t->stream);
    for (size_t k = 0; k <= t->permutations; k++) {
        bram_rng g = bram_rng_at(0, stream, k);
        bram_rng_permutation(&g, n, t->order + k * n);
        for (size_t i = 0; i < n && !k; i++) t->order[i] = i;
    }
    return BRAM_OK;
}

static int prepare(bram_ctx *cx, struct transfer *t)
{
    const bram_cell *c = t->cell;
    while (ways[t->way].name && strcmp(ways[t->way].name, c->model) != 0) t->way++;
    if (!ways[t->way].name)
        return bram_fail(cx, BRAM_EUSAGE, "no way between populations is named \"%s\"", c->model);
    const char *reader = t->way == REFIT ? "mlp" : bram_option_text(t->o, "reader");
    BRAM_TRY(bram_class_reader_parse(cx, &t->reader, reader, t->o, c->seed));
    t->dims = (size_t)bram_option_integer(t->o, "dims");
    t->few = (size_t)bram_option_integer(t->o, "trials");
    t->folds = (size_t)bram_option_integer(t->o, "folds");
    t->permutations = (size_t)bram_option_integer(t->o, "permutations");
    t->samples = (size_t)bram_option_integer(t->o, "samples");
    snprintf(t->stream, sizeof t->stream, "%.60s/%.120s", c->benchmark->name, c->part);
    BRAM_TRY(find_pair(cx, &t->a.id, &t->b.id, c));
    BRAM_TRY(read_population(cx, &t->a, t));
    BRAM_TRY(read_population(cx, &t->b, t));
    BRAM_TRY(bram_labels_read(cx, &t->labels, t->a.area.stimulus, t->b.area.stimulus, c));
    BRAM_TRY(bram_axis_new(cx, &t->class, "class", t->labels.classes));
    BRAM_TRY(bram_axis_set_ids(cx, t->class, t->labels.name));
    BRAM_TRY(take_trials(cx, t));
    return draw_orders(cx, t);
}

static int put_scores(bram_ctx *cx, struct transfer *t)
{
    size_t lines = t->permutations + 3, n = t->b.trials.count;
    bram_told *told = bram_scratch(cx, lines, sizeof *told);
    const bram_told_score *balanced = &bram_told_scores[0];
    if (!told) return BRAM_ENOMEM;
    for (size_t k = 0; k < lines; k++)
        told[k] = (bram_told){&t->labels, n, t->b.trials.stimulus, t->label, t->rank + k * n};
    BRAM_TRY(bram_scores_new(cx, &t->scores, t->class, t->stream, 0, t->samples,
                             bram_option_real(t->o, "level")));
    for (size_t i = 0; i < bram_told_count(&t->labels); i++)
        BRAM_TRY(bram_told_put(cx, t->scores, told, &bram_told_scores[i], NULL, told + 1,
                               t->permutations, t->stream, t->samples));
    BRAM_TRY(bram_told_put(cx, t->scores, &told[t->permutations + 1], balanced, "within", NULL, 0,
                           t->stream, t->samples));
    return bram_told_put(cx, t->scores, &told[t->permutations + 2], balanced, "few", NULL, 0,
                         t->stream, t->samples);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct transfer t = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &t);
    if (status == BRAM_OK) status = bram_parallel_for(cx, t.folds, read_fold, &t);
    if (status == BRAM_OK) status = put_scores(cx, &t);
    if (status == BRAM_OK) status = bram_scores_finish(cx, t.scores, result);
    release(&t);
    bram_scratch_release(cx, mark);
    return status;
}

/* Both areas, their trials once more, and for each thread the rows of a fold and what is mapped. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const char *from, *to;
    size_t mark = bram_scratch_mark(cx);
    int status = find_pair(cx, &from, &to, cell);
    if (status == BRAM_OK)
        *bytes = (bram_area_bytes(cell->dataset, from) + bram_area_bytes(cell->dataset, to)) *
                 (2 + 4 * bram_ctx_threads(cx));
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_transfer = {
    .name = "transfer",
    .summary = "read one population by what was learned from another",
    .version = 1,
    .params = params,
    .contestants = ways,
    .parts = parts,
    .memory = memory,
    .run = run,
};
