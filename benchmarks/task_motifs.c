/*
 * task_motifs.c - the task "motifs": are planted motifs found again?
 *
 * What competes is how an array of affinities (time x animal x pair) is parted into motifs
 * (motifs.h), on recordings whose motifs are known:
 *
 *   truth/when        time x motif: how far each is on, at the times of the recordings
 *   truth/who         animal x motif: how strongly each animal takes part
 *   truth/membership  table of neurons, a column for each motif: 0 takes no part, else its group
 *
 * True and found motifs are matched one to one for the largest sum of cosines of their time courses
 * times cosines of their pairs; a motif that has no match is one of zeros. Raw values lie along the
 * true motifs. What a metric of the benchmark is asked about follows from its kind:
 *
 *   auroc ...    @pairs    weights of pairs against pairs within one group; bootstrap over neurons
 *   pearson ...  @when     time courses; bootstrap over blocks of time
 *                @who      strengths of the animals; bootstrap over animals
 *   ari ...      @members  the neurons most alike (bram_motifs.core) against those that take part
 *
 * Floor: `static`, one motif for all times, which is what goes with what on the whole. It is
 * matched with each true motif. Matching favours the found ones a little: with no motif to be found
 * time courses still differ by chance, so the chance of @when and @who is somewhat above the stated
 * 0.
 */
#include "motifs.h"

#include "assignment.h"
#include "scoring.h"
#include "timesplit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"kernel", BRAM_PARAM_CHOICE, "differential", "differential|gaussian", 0, 0,
     "affinity of two slopes"},
    {"window", BRAM_PARAM_REAL, "2", NULL, 1e-6, 1e6, "seconds that a slope is fitted over"},
    {"sigma", BRAM_PARAM_REAL, "1", NULL, 1e-6, 1e6, "width of the gaussian kernel, deviations"},
    {"most", BRAM_PARAM_INTEGER, "8", NULL, 1, 100, "ranks that are tried"},
    {"starts", BRAM_PARAM_INTEGER, "5", NULL, 1, 1000, "random starts of each rank"},
    {"stable", BRAM_PARAM_REAL, "0.8", NULL, 0, 1, "similarity of starts that a rank needs"},
    {"restarts", BRAM_PARAM_INTEGER, "4", NULL, 1, 1000, "agglomerations of each motif's graph"},
    {"block", BRAM_PARAM_INTEGER, "20", NULL, 1, 1000000, "rows of a block of time"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const bram_contestant contestants[] = {
    {"ntf", "masked non-negative tensor factorization, rank by elbow and stability"},
    {"ntf-given", "the same with the true number of motifs"},
    {"static", "one motif for all times"},
    {NULL, NULL}};

enum target { PAIRS, WHEN, WHO, MEMBERS, TARGETS };

static const char *const target_name[TARGETS] = {"pairs", "when", "who", "members"};

/* The columns of one target, a motif each: rows x motifs of the truth, of the model, of the floor.
 */
struct columns {
    size_t rows;
    double *truth, *model, *floor;
    bram_groups groups;
    char axis[64];
};

struct recovery {
    const bram_cell *cell;
    const bram_options *o;
    const bram_response *when, *who;
    const bram_axis *members;
    size_t motifs;
    bram_motifs found, whole; /* of the contestant; of rank 1 */
    struct columns target[TARGETS];
    bram_pair_list pairs;
    bram_axis *unit;
    bram_scores *scores;
};

/* ---- the truth ------------------------------------------------------------------------------ */

static bool has_columns(const bram_response *r, size_t columns)
{
    return r && bram_response_dims(r) == 2 && bram_response_length(r, 1) == columns;
}

static int read_truth(bram_ctx *cx, struct recovery *t)
{
    const bram_dataset *ds = t->cell->dataset;
    t->when = bram_dataset_response(ds, "truth/when");
    t->who = bram_dataset_response(ds, "truth/who");
    t->members = bram_dataset_table(ds, "truth/membership");
    t->motifs = t->members ? bram_axis_columns(t->members) : 0;
    if (!t->motifs || !has_columns(t->when, t->motifs) || !has_columns(t->who, t->motifs))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "the motifs are not known: expected truth/when (time x motif), truth/who "
                         "(animal x motif) and truth/membership (a column for each motif)");
    const char **id = bram_scratch(cx, t->motifs, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t k = 0; k < t->motifs; k++) {
        const bram_column *c = bram_axis_column_at(t->members, k);
        id[k] = c->name;
        if (!c->integer)
            return bram_fail(cx, BRAM_EFORMAT, "truth/membership: column %s is not of integers",
                             c->name);
    }
    BRAM_TRY(bram_axis_new(cx, &t->unit, "motif", t->motifs));
    return bram_axis_set_ids(cx, t->unit, id);
}

/* The group of a found neuron in a motif; 0 for one that the truth does not know. */
static int64_t group_of(const struct recovery *t, size_t neuron, size_t motif)
{
    ptrdiff_t at = bram_axis_find(t->members, bram_axis_id(t->found.neuron, neuron));
    return at < 0 ? 0 : bram_axis_column_at(t->members, motif)->integer[at];
}

static int new_columns(bram_ctx *cx, struct recovery *t, enum target which, size_t rows)
{
    struct columns *c = &t->target[which];
    c->rows = rows;
    c->truth = bram_scratch(cx, rows * t->motifs, 3 * sizeof *c->truth);
    if (!c->truth) return BRAM_ENOMEM;
    c->model = c->truth + rows * t->motifs, c->floor = c->model + rows * t->motifs;
    return BRAM_OK;
}

/* Rows of the recordings and of truth/when are the same moments. */
static int fill_when(bram_ctx *cx, struct recovery *t)
{
    struct columns *c = &t->target[WHEN];
    const double *found = bram_axis_values(t->found.time);
    const double *known = bram_axis_values(bram_response_axis(t->when, 0));
    size_t rows = t->found.rows, block = (size_t)bram_option_integer(t->o, "block");
    BRAM_TRY(new_columns(cx, t, WHEN, rows));
    bool same = found && known && bram_response_length(t->when, 0) >= rows;
    for (size_t r = 0; same && r < rows; r++) same = fabs(found[r] - known[r]) < 1e-6;
    if (!same)
        return bram_fail(cx, BRAM_EFORMAT,
                         "truth/when has %zu rows, expected the times of the %zu rows recorded",
                         bram_response_length(t->when, 0), rows);
    uint32_t *group = bram_scratch(cx, rows, sizeof *group);
    if (!group) return BRAM_ENOMEM;
    for (size_t r = 0; r < rows; r++) group[r] = (uint32_t)(r / block);
    BRAM_TRY(bram_response_read(cx, t->when, (size_t[]){0, 0}, (size_t[]){rows, t->motifs},
                                c->truth, NULL));
    c->groups = (bram_groups){group, (rows + block - 1) / block};
    snprintf(c->axis, sizeof c->axis, "%zu blocks of %zu rows", c->groups.groups, block);
    return BRAM_OK;
}

static int fill_who(bram_ctx *cx, struct recovery *t)
{
    struct columns *c = &t->target[WHO];
    BRAM_TRY(new_columns(cx, t, WHO, t->found.animals));
    for (size_t a = 0; a < c->rows; a++) {
        const char *id = bram_axis_id(t->found.animal, a);
        ptrdiff_t at = bram_axis_find(bram_response_axis(t->who, 0), id);
        if (at < 0) return bram_fail(cx, BRAM_EFORMAT, "truth/who has no animal %s", id);
        BRAM_TRY(bram_response_read(cx, t->who, (size_t[]){(size_t)at, 0}, (size_t[]){1, t->motifs},
                                    c->truth + a * t->motifs, NULL));
    }
    c->groups = (bram_groups){NULL, c->rows};
    snprintf(c->axis, sizeof c->axis, "%zu animals", c->rows);
    return BRAM_OK;
}

static int fill_pairs(bram_ctx *cx, struct recovery *t)
{
    struct columns *c = &t->target[PAIRS];
    size_t n = t->found.neurons;
    BRAM_TRY(new_columns(cx, t, PAIRS, t->found.pairs));
    uint32_t *end = bram_scratch(cx, c->rows, 2 * sizeof *end);
    if (!end) return BRAM_ENOMEM;
    for (size_t i = 0, p = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, p++) {
            end[p] = (uint32_t)i, end[c->rows + p] = (uint32_t)j;
            for (size_t k = 0; k < t->motifs; k++) {
                int64_t group = group_of(t, i, k);
                c->truth[p * t->motifs + k] = group && group == group_of(t, j, k);
            }
        }
    t->pairs = (bram_pair_list){.from = end, .to = end + c->rows, .nodes = n};
    c->groups = (bram_groups){NULL, n};
    snprintf(c->axis, sizeof c->axis, "%zu neurons", n);
    return BRAM_OK;
}

static int fill_members(bram_ctx *cx, struct recovery *t)
{
    struct columns *c = &t->target[MEMBERS];
    BRAM_TRY(new_columns(cx, t, MEMBERS, t->found.neurons));
    for (size_t i = 0; i < c->rows; i++)
        for (size_t k = 0; k < t->motifs; k++) c->truth[i * t->motifs + k] = group_of(t, i, k) != 0;
    c->groups = (bram_groups){NULL, c->rows};
    snprintf(c->axis, sizeof c->axis, "%zu neurons", c->rows);
    return BRAM_OK;
}

/* ---- what was found ------------------------------------------------------------------------- */

/* Cosine of column i of a (of n) and column j of b (of m). */
static double cosine(const double *a, size_t n, size_t i, const double *b, size_t m, size_t j,
                     size_t rows)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t t = 0; t < rows; t++) {
        double x = a[t * n + i], y = b[t * m + j];
        ab += x * y, aa += x * x, bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

/* The found motif of each true one; `rank` or more: none is left. */
static int match(bram_ctx *cx, size_t *of, const struct recovery *t, const bram_motifs *m)
{
    const struct columns *when = &t->target[WHEN], *pairs = &t->target[PAIRS];
    size_t rank = m->fit.rank, cols = rank + t->motifs;
    double *cost = bram_scratch(cx, t->motifs * cols, sizeof *cost);
    if (!cost) return BRAM_ENOMEM;
    for (size_t k = 0; k < t->motifs; k++)
        for (size_t r = 0; r < rank; r++)
            cost[k * cols + r] =
                -cosine(when->truth, t->motifs, k, m->fit.factor[0], rank, r, when->rows) *
                cosine(pairs->truth, t->motifs, k, m->fit.factor[2], rank, r, pairs->rows);
    bram_mat all = {cost, t->motifs, cols, cols};
    return bram_assignment(cx, of, NULL, &all);
}

/* Factors and members of the motif `from` as column `to` of the model or of the floor. */
static void put_motif(struct recovery *t, const bram_motifs *m, size_t from, size_t to, bool floor)
{
    static const enum target mode[] = {WHEN, WHO, PAIRS};
    size_t rank = m->fit.rank;
    for (size_t f = 0; f < 3; f++) {
        struct columns *c = &t->target[mode[f]];
        double *column = (floor ? c->floor : c->model) + to;
        for (size_t r = 0; r < c->rows; r++)
            column[r * t->motifs] = m->fit.factor[f][r * rank + from];
    }
    struct columns *c = &t->target[MEMBERS];
    double *column = (floor ? c->floor : c->model) + to;
    for (size_t i = 0; i < c->rows; i++)
        column[i * t->motifs] = m->label[from * m->neurons + i] == m->core[from];
}

static bram_motif_settings settings_of(const struct recovery *t)
{
    size_t restarts = (size_t)bram_option_integer(t->o, "restarts");
    return (bram_motif_settings){.response = "activity",
                                 .kernel = bram_option_is(t->o, "kernel", "gaussian")
                                               ? BRAM_AFFINITY_GAUSSIAN
                                               : BRAM_AFFINITY_DIFFERENTIAL,
                                 .window = bram_option_real(t->o, "window"),
                                 .sigma = bram_option_real(t->o, "sigma"),
                                 .most = (size_t)bram_option_integer(t->o, "most"),
                                 .starts = (size_t)bram_option_integer(t->o, "starts"),
                                 .stable = bram_option_real(t->o, "stable"),
                                 .animals = 1,
                                 .blocks = {BRAM_BLOCK_SHORTER, 0, restarts, 20, t->cell->seed},
                                 .seed = t->cell->seed};
}

static int find(bram_ctx *cx, struct recovery *t)
{
    bram_motif_settings o = settings_of(t);
    const char *name = t->cell->model;
    if (!strcmp(name, "ntf-given")) o.rank = t->motifs;
    else if (!strcmp(name, "static")) o.rank = 1;
    else if (strcmp(name, "ntf") != 0)
        return bram_fail(cx, BRAM_EUSAGE, "no way to find motifs is named \"%s\"", name);
    BRAM_TRY(bram_motifs_find(cx, &t->found, &t->cell->dataset, 1, &o));
    o.rank = 1;
    return bram_motifs_find(cx, &t->whole, &t->cell->dataset, 1, &o);
}

static int compare(bram_ctx *cx, struct recovery *t)
{
    size_t *of = bram_scratch(cx, t->motifs, sizeof *of);
    if (!of) return BRAM_ENOMEM;
    BRAM_TRY(fill_when(cx, t));
    BRAM_TRY(fill_who(cx, t));
    BRAM_TRY(fill_pairs(cx, t));
    BRAM_TRY(fill_members(cx, t));
    BRAM_TRY(match(cx, of, t, &t->found));
    bool is_static = !strcmp(t->cell->model, "static");
    for (size_t k = 0; k < t->motifs; k++) {
        size_t from = is_static ? 0 : of[k];
        if (from < t->found.fit.rank) put_motif(t, &t->found, from, k, false);
        put_motif(t, &t->whole, 0, k, true);
    }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static bram_side side_of(const struct recovery *t, const struct columns *c, double *columns,
                         size_t k)
{
    return (bram_side){.values = {columns + k, c->rows, 1, t->motifs}};
}

static int score_target(bram_ctx *cx, struct recovery *t, const char *metric, enum target which)
{
    struct columns *c = &t->target[which];
    bram_score_piece *piece = bram_scratch(cx, t->motifs, sizeof *piece);
    if (!piece) return BRAM_ENOMEM;
    for (size_t k = 0; k < t->motifs; k++) {
        piece[k] = (bram_score_piece){.model = side_of(t, c, c->model, k),
                                      .brain = side_of(t, c, c->truth, k),
                                      .floor[0] = {"static", side_of(t, c, c->floor, k)},
                                      .groups = c->groups};
        if (which == PAIRS) piece[k].brain.pairs = &t->pairs;
    }
    bram_score_job job = {.label = target_name[which],
                          .piece = piece,
                          .pieces = t->motifs,
                          .join = BRAM_JOIN_BESIDE,
                          .floors = 1,
                          .axis = c->axis};
    return bram_scores_add(cx, t->scores, metric, &job);
}

static int score_metric(bram_ctx *cx, struct recovery *t, const char *metric)
{
    bram_metric_use use;
    BRAM_TRY(bram_metric_use_parse(cx, &use, metric));
    bram_metric_kind kind = use.metric->kind;
    bool labels = use.metric->flags & BRAM_METRIC_LABELS;
    bram_metric_use_release(&use);
    if (kind == BRAM_METRIC_GRAPH) return score_target(cx, t, metric, PAIRS);
    if (kind != BRAM_METRIC_PAIRED)
        return bram_fail(cx, BRAM_EUSAGE,
                         "%s: motifs are compared by metrics of pairs, of columns or of labels",
                         metric);
    if (labels) return score_target(cx, t, metric, MEMBERS);
    BRAM_TRY(score_target(cx, t, metric, WHEN));
    return score_target(cx, t, metric, WHO);
}

static int describe(bram_ctx *cx, const struct recovery *t, bram_dataset *result)
{
    bram_attrs *a = bram_dataset_attrs(cx, result, "");
    const bram_motifs *m = &t->found;
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_integer(cx, a, "motifs_known", (int64_t)t->motifs));
    BRAM_TRY(bram_attrs_set_integer(cx, a, "motifs_found", (int64_t)m->fit.rank));
    BRAM_TRY(bram_attrs_set_number(cx, a, "relative_error", m->fit.error));
    if (!m->ranks) return BRAM_OK;
    BRAM_TRY(bram_attrs_set_integer(cx, a, "elbow", (int64_t)m->choice.elbow));
    return bram_attrs_set_number(cx, a, "similarity_of_starts",
                                 m->choice.similarity[m->choice.rank - 1]);
}

static int recover(bram_ctx *cx, struct recovery *t, bram_dataset *result)
{
    const bram_benchmark *b = t->cell->benchmark;
    BRAM_TRY(read_truth(cx, t));
    BRAM_TRY(find(cx, t));
    BRAM_TRY(compare(cx, t));
    BRAM_TRY(bram_scores_for_cell(cx, &t->scores, t->unit, t->cell));
    for (size_t m = 0; m < b->metric_count; m++) BRAM_TRY(score_metric(cx, t, b->metrics[m]));
    BRAM_TRY(bram_scores_finish(cx, t->scores, result));
    return describe(cx, t, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct recovery t = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = recover(cx, &t, result);
    bram_scores_free(t.scores);
    bram_axis_free(t.unit);
    bram_motifs_release(&t.found);
    bram_motifs_release(&t.whole);
    bram_scratch_release(cx, mark);
    return status;
}

/* All recordings together. */
static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    static const char name[] = "all";
    bram_axis *axis = NULL;
    (void)ds;
    if (b->part_count > 1 || (b->part_count && strcmp(b->parts[0], name) != 0))
        return bram_fail(cx, BRAM_EABSENT, "motifs are of all recordings: the one part is \"%s\"",
                         name);
    BRAM_TRY(bram_axis_new(cx, &axis, "part", 1));
    int status = bram_axis_set_ids(cx, axis, (const char *[]){name});
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* The array and as much again twice over for its products, once more for the floor. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    const bram_axis *members = bram_dataset_table(cell->dataset, "truth/membership");
    const bram_response *when = bram_dataset_response(cell->dataset, "truth/when");
    size_t n = members ? bram_axis_length(members) : 0;
    size_t rows = when ? bram_response_length(when, 0) : 0;
    (void)cx;
    *bytes = 32 * rows * bram_dataset_groups(cell->dataset, "recordings") * (n * n / 2);
    return BRAM_OK;
}

const bram_task bram_task_motifs = {
    .name = "motifs",
    .summary =
        "find planted motifs of a dynamic functional connectome: when, in whom, between whom",
    .version = 1,
    .params = params,
    .contestants = contestants,
    .parts = parts,
    .memory = memory,
    .run = run,
};
