/*
 * task_vessels.c - the task "vessels": to which class of radius does a vessel belong? Node
 * classification on the line graph (Paetzold et al. 2021): vessels are its nodes, and two are
 * neighbours where they meet in a branch point.
 *
 * Classes are cut from a column of numbers (by, cuts). What a model may know of a vessel: columns
 * of numbers that do not tell the radius (features), how many neighbours it has, and which share of
 * the neighbours whose class is known (they are in the training set) is in each class. Vessels are
 * dealt to training, validation and test at random by split_seed. A model answers BRAM_ASK_RESPOND
 * from these inputs with a number for each class; the largest one is its choice (of equals the
 * first).
 *
 * Floors: the commonest class of the training set, and the majority of the known neighbours.
 * Intervals: bootstrap over blocks of vessels in the order of the table, which follows space.
 */
#include "demand.h"
#include "reveal.h"
#include "scores.h"
#include "timesplit.h"
#include "wiring_parts.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"layer", BRAM_PARAM_TEXT, "vessels", NULL, 0, 0, "the table of edges"},
    {"by", BRAM_PARAM_TEXT, "weight", NULL, 0, 0, "the column that classes are cut from"},
    {"cuts", BRAM_PARAM_REALS, "5+13.33", NULL, 0, 0,
     "where: a value on a cut is in the upper class"},
    {"features", BRAM_PARAM_TEXT, "length+distance+curveness", NULL, 0, 0,
     "columns that a model may know, joined by +"},
    {"test", BRAM_PARAM_REAL, "0.1", NULL, 0.001, 0.9, "share of the vessels for the test"},
    {"validation", BRAM_PARAM_REAL, "0.1", NULL, 0, 0.9, "share to choose options by"},
    {"split_seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 0, "of the cut"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

enum { BLOCKS = 100, MOST_FEATURES = 64 };
enum set { TRAIN, VALIDATION, TEST, SETS };

struct vessels {
    const bram_cell *cell;
    const bram_options *o;
    bram_wiring wiring;
    const bram_axis *layer;
    size_t count, classes, inputs;
    size_t *label;                    /* class of each vessel */
    uint8_t *set;                     /* enum set */
    double *input;                    /* count x inputs */
    bram_axis *unit, *column, *whole; /* classes, inputs, the one unit of the raw values */
    bram_axis *asked;                 /* the vessels of the test */
    bram_fitted *model;
    bram_scores *scores;
    size_t *first, *vessel; /* of each branch point: its vessels */
};

static void release(struct vessels *v)
{
    bram_scores_free(v->scores);
    bram_fitted_free(v->model);
    bram_axis_free(v->unit);
    bram_axis_free(v->column);
    bram_axis_free(v->whole);
    bram_axis_free(v->asked);
    bram_wiring_release(&v->wiring);
}

/* ---- classes and sets ----------------------------------------------------------------------- */

static int read_layer(bram_ctx *cx, struct vessels *v)
{
    const char *layer = bram_option_text(v->o, "layer");
    char *path = bram_strf(cx, "connectome/%s/%s", v->cell->part, layer);
    if (!path) return BRAM_ENOMEM;
    v->layer = bram_dataset_table(v->cell->dataset, path);
    /* one table: "all" and layers joined by + are names of several to bram_wiring_read */
    int status = v->layer ? BRAM_OK
                          : bram_fail(cx, BRAM_EABSENT, "the dataset has no table %s", path);
    bram_free(path);
    BRAM_TRY(status);
    BRAM_TRY(bram_wiring_read(cx, &v->wiring, v->cell->dataset, v->cell->part, layer));
    v->count = bram_axis_length(v->layer);
    return BRAM_OK;
}

static int find_classes(bram_ctx *cx, struct vessels *v)
{
    const char *by = bram_option_text(v->o, "by");
    const bram_column *c = bram_axis_column(v->layer, by);
    const double *cut = bram_option_reals(v->o, "cuts", &v->classes);
    size_t *seen = bram_scratch(cx, v->classes + 1, sizeof *seen), found = 0;
    v->label = bram_scratch(cx, v->count, sizeof *v->label);
    if (!seen || !v->label) return BRAM_ENOMEM;
    if (!c || !c->number)
        return bram_fail(cx, BRAM_EABSENT, "%s has no column of numbers \"%s\"",
                         bram_axis_name(v->layer), by);
    for (size_t e = 0; e < v->count; e++) {
        if (!isfinite(c->number[e]))
            return bram_fail(cx, BRAM_ENUMERIC, "%s of vessel %zu is not known", by, e);
        for (size_t k = 0; k < v->classes; k++) v->label[e] += c->number[e] >= cut[k];
        seen[v->label[e]] = 1;
    }
    v->classes++;
    for (size_t k = 0; k < v->classes; k++) found += seen[k];
    return found > 1 ? BRAM_OK
                     : bram_fail(cx, BRAM_ENOTAPPLICABLE, "all vessels are of one class of %s", by);
}

static int deal(bram_ctx *cx, struct vessels *v)
{
    size_t *order = bram_scratch(cx, v->count, sizeof *order);
    size_t test = (size_t)((double)v->count * bram_option_real(v->o, "test") + 0.5);
    size_t end = test + (size_t)((double)v->count * bram_option_real(v->o, "validation") + 0.5);
    v->set = bram_scratch(cx, v->count, 1);
    if (!order || !v->set) return BRAM_ENOMEM;
    if (!test || end >= v->count)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu vessels are too few for three sets",
                         v->count);
    bram_rng g = bram_rng_new((uint64_t)bram_option_integer(v->o, "split_seed"), "vessels/cut");
    bram_rng_permutation(&g, v->count, order);
    for (size_t k = 0; k < end; k++) v->set[order[k]] = k < test ? TEST : VALIDATION;
    return BRAM_OK;
}

/* ---- the line graph ------------------------------------------------------------------------- */

/* The vessels of each branch point; the wiring lists a vessel once, or twice in a row. */
static int list_meetings(bram_ctx *cx, struct vessels *v)
{
    size_t nodes = bram_axis_length(v->wiring.nodes), at = 0;
    uint32_t(*end)[2] = bram_scratch(cx, v->count, sizeof *end);
    v->first = bram_scratch(cx, nodes + 2, sizeof *v->first);
    v->vessel = bram_scratch(cx, v->count, 2 * sizeof *v->vessel);
    if (!end || !v->first || !v->vessel) return BRAM_ENOMEM;
    for (size_t e = 0; e < v->count; e++) {
        end[e][0] = v->wiring.from[at], end[e][1] = v->wiring.to[at];
        at += v->wiring.both[at] ? 2 : 1;
        for (size_t k = 0; k < 2; k++) v->first[end[e][k] + 2]++;
    }
    for (size_t i = 0; i < nodes; i++) v->first[i + 2] += v->first[i + 1];
    for (size_t e = 0; e < v->count; e++)
        for (size_t k = 0; k < 2; k++) v->vessel[v->first[end[e][k] + 1]++] = e;
    return BRAM_OK;
}

/* Neighbours of a vessel: how many, and how many of each class among those of the training set. */
static size_t look_around(const struct vessels *v, size_t e, const uint32_t end[2], size_t *known)
{
    size_t neighbours = 0;
    memset(known, 0, v->classes * sizeof *known);
    for (size_t k = 0; k < (end[0] == end[1] ? 1u : 2u); k++)
        for (size_t m = v->first[end[k]]; m < v->first[end[k] + 1]; m++) {
            size_t other = v->vessel[m];
            if (other == e) continue;
            neighbours++;
            known[v->label[other]] += v->set[other] == TRAIN;
        }
    return neighbours;
}

/* ---- inputs --------------------------------------------------------------------------------- */

/* Columns by name; further ones: the number of neighbours, then the shares of the classes. */
static int find_features(bram_ctx *cx, const struct vessels *v, const double **feature,
                         const char **name, char (*text)[64], size_t *count)
{
    for (const char *at = bram_option_text(v->o, "features"); *at;) {
        size_t length = strcspn(at, "+");
        if (*count == MOST_FEATURES || length >= sizeof *text)
            return bram_fail(cx, BRAM_EUSAGE, "features: expected %d names at most", MOST_FEATURES);
        snprintf(text[*count], sizeof *text, "%.*s", (int)length, at);
        const bram_column *c = bram_axis_column(v->layer, text[*count]);
        if (!c || !c->number)
            return bram_fail(cx, BRAM_EABSENT, "%s has no column of numbers \"%s\"",
                             bram_axis_name(v->layer), text[*count]);
        name[*count] = text[*count];
        feature[(*count)++] = c->number;
        at += length + (at[length] == '+');
    }
    return BRAM_OK;
}

static int fill_inputs(bram_ctx *cx, struct vessels *v, const double *const *feature, size_t own)
{
    size_t *known = bram_scratch(cx, v->classes, sizeof *known), at = 0;
    v->input = bram_scratch(cx, v->count, v->inputs * sizeof *v->input);
    if (!known || !v->input) return BRAM_ENOMEM;
    for (size_t e = 0; e < v->count; e++) {
        const uint32_t end[2] = {v->wiring.from[at], v->wiring.to[at]};
        double *x = v->input + e * v->inputs, total = 0;
        at += v->wiring.both[at] ? 2 : 1;
        for (size_t f = 0; f < own; f++) x[f] = feature[f][e];
        x[own] = (double)look_around(v, e, end, known);
        for (size_t k = 0; k < v->classes; k++) total += (double)known[k];
        for (size_t k = 0; k < v->classes; k++)
            x[own + 1 + k] = total > 0 ? (double)known[k] / total : 0;
        for (size_t f = 0; f < own; f++)
            if (!isfinite(x[f]))
                return bram_fail(cx, BRAM_ENUMERIC, "a feature of vessel %zu is not known", e);
    }
    return BRAM_OK;
}

static int make_inputs(bram_ctx *cx, struct vessels *v)
{
    const double *feature[MOST_FEATURES];
    char text[MOST_FEATURES][64], share[MOST_FEATURES][64];
    const char *name[2 * MOST_FEATURES + 1], *unit[MOST_FEATURES];
    size_t own = 0;
    if (v->classes > MOST_FEATURES)
        return bram_fail(cx, BRAM_EUSAGE, "%zu classes, expected %d at most", v->classes,
                         MOST_FEATURES);
    BRAM_TRY(find_features(cx, v, feature, name, text, &own));
    v->inputs = own + 1 + v->classes;
    name[own] = "neighbours";
    for (size_t k = 0; k < v->classes; k++) {
        snprintf(share[k], sizeof share[k], "class%zu", k);
        unit[k] = name[own + 1 + k] = share[k];
    }
    BRAM_TRY(fill_inputs(cx, v, feature, own));
    BRAM_TRY(bram_axis_new(cx, &v->column, "input", v->inputs));
    BRAM_TRY(bram_axis_set_ids(cx, v->column, name));
    BRAM_TRY(bram_axis_new(cx, &v->unit, "neuron", v->classes));
    BRAM_TRY(bram_axis_set_ids(cx, v->unit, unit));
    BRAM_TRY(bram_axis_new(cx, &v->whole, "graph", 1));
    return bram_axis_set_ids(cx, v->whole, (const char *[]){"vessels"});
}

/* ---- panels --------------------------------------------------------------------------------- */

/* The vessels of one set: inputs, and the class as a one among zeros (of the test masked). */
static int make_segment(bram_ctx *cx, bram_segment *s, const struct vessels *v, enum set set,
                        size_t **rows)
{
    size_t n = 0;
    for (size_t e = 0; e < v->count; e++) n += v->set[e] == set;
    double *y = bram_scratch(cx, n, v->classes * sizeof *y);
    double *x = bram_scratch(cx, n, v->inputs * sizeof *x);
    uint8_t *present = bram_scratch(cx, n, v->classes);
    *rows = bram_scratch(cx, n, sizeof **rows);
    if (!y || !x || !present || !*rows) return BRAM_ENOMEM;
    *s = (bram_segment){.id = v->cell->part,
                        .y = {y, n, v->classes, v->classes},
                        .y_present = present,
                        .x = {x, n, v->inputs, v->inputs}};
    n = 0;
    for (size_t e = 0; e < v->count; e++) {
        if (v->set[e] != set) continue;
        memcpy(x + n * v->inputs, v->input + e * v->inputs, v->inputs * sizeof *x);
        if (set != TEST) y[n * v->classes + v->label[e]] = 1;
        memset(present + n * v->classes, set != TEST, v->classes);
        (*rows)[n++] = e;
    }
    return BRAM_OK;
}

/* The vessels of a set by their ids; where they have none, by their row in the table, from 0. */
static int name_vessels(bram_ctx *cx, bram_axis **out, const struct vessels *v, const size_t *row,
                        size_t rows)
{
    char(*text)[24] = bram_scratch(cx, rows, sizeof *text);
    const char **id = bram_scratch(cx, rows, sizeof *id);
    if (!text || !id) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) {
        snprintf(text[t], sizeof text[t], "%zu", row[t]);
        id[t] = bram_axis_has_ids(v->layer) ? bram_axis_id(v->layer, row[t]) : text[t];
    }
    BRAM_TRY(bram_axis_new(cx, out, "vessel", rows));
    return bram_axis_set_ids(cx, *out, id);
}

/* The class of the largest number of each row. */
static int choose(bram_ctx *cx, double *out, const bram_response *r, size_t rows, size_t classes,
                  const bram_fitted *model)
{
    if (!r || bram_response_dims(r) != 2 || bram_response_length(r, 0) != rows ||
        bram_response_length(r, 1) != classes)
        return bram_fail(cx, BRAM_ESHAPE, "%s gave no \"mean\" of %zu x %zu",
                         bram_fitted_spec(model), rows, classes);
    double *p = bram_scratch(cx, rows, classes * sizeof *p);
    if (!p) return BRAM_ENOMEM;
    BRAM_TRY(bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){rows, classes}, p, NULL));
    for (size_t t = 0; t < rows; t++) {
        size_t best = 0;
        for (size_t k = 0; k < classes; k++) {
            if (!isfinite(p[t * classes + k]))
                return bram_fail(cx, BRAM_ENUMERIC, "%s: row %zu is not finite",
                                 bram_fitted_spec(model), t);
            if (p[t * classes + k] > p[t * classes + best]) best = k;
        }
        out[t] = (double)best;
    }
    return BRAM_OK;
}

static int ask(bram_ctx *cx, double *out, struct vessels *v, bram_segment *segment)
{
    bram_panel panel[SETS];
    bram_dataset *answer = NULL;
    for (int k = 0; k < SETS; k++)
        panel[k] = (bram_panel){v->unit, v->column, NULL, &segment[k], 1, NULL};
    bool validation = segment[VALIDATION].y.rows > 0;
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &panel[TEST]};
    BRAM_TRY(bram_fitted_new(cx, &v->model, v->cell->model, &panel[TRAIN],
                             validation ? &panel[VALIDATION] : NULL, v->cell->seed));
    BRAM_TRY(bram_fitted_answer(cx, &answer, v->model, &query));
    int status = choose(cx, out, bram_dataset_response(answer, "mean"), segment[TEST].y.rows,
                        v->classes, v->model);
    bram_dataset_free(answer);
    return status;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static size_t largest(const double *x, size_t n)
{
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        if (x[k] > x[best]) best = k;
    return best;
}

/* The commonest class of the training set, and the majority of known neighbours or that class. */
static void guess(const struct vessels *v, double *common, double *around, const size_t *row,
                  size_t rows)
{
    double count[MOST_FEATURES] = {0};
    for (size_t e = 0; e < v->count; e++) count[v->label[e]] += v->set[e] == TRAIN;
    size_t most = largest(count, v->classes);
    for (size_t t = 0; t < rows; t++) {
        const double *share = v->input + (row[t] + 1) * v->inputs - v->classes;
        size_t best = largest(share, v->classes);
        common[t] = (double)most;
        around[t] = (double)(share[best] > 0 ? best : most);
    }
}

static bram_side labels(double *values, size_t rows, const bram_axis *column)
{
    return (bram_side){.values = {values, rows, 1, 1}, .column = column};
}

static int score(bram_ctx *cx, struct vessels *v, bram_dataset *result)
{
    const bram_benchmark *b = v->cell->benchmark;
    bram_segment segment[SETS];
    size_t *row[SETS];
    for (int k = 0; k < SETS; k++) BRAM_TRY(make_segment(cx, &segment[k], v, (enum set)k, &row[k]));
    size_t n = segment[TEST].y.rows;
    BRAM_TRY(name_vessels(cx, &v->asked, v, row[TEST], n));
    segment[TEST].row = v->asked;
    double *value = bram_scratch(cx, n, 4 * sizeof *value), *truth = value + n;
    uint32_t *group = bram_scratch(cx, n, sizeof *group);
    if (!value || !group) return BRAM_ENOMEM;
    BRAM_TRY(ask(cx, value, v, segment));
    for (size_t t = 0; t < n; t++) {
        truth[t] = (double)v->label[row[TEST][t]];
        group[t] = (uint32_t)(row[TEST][t] * BLOCKS / v->count);
    }
    guess(v, value + 2 * n, value + 3 * n, row[TEST], n);
    bram_score_piece piece = {.model = labels(value, n, v->whole),
                              .brain = labels(truth, n, v->whole),
                              .floor = {{"commonest", labels(value + 2 * n, n, v->whole)},
                                        {"neighbours", labels(value + 3 * n, n, v->whole)}},
                              .groups = {group, BLOCKS}};
    bram_score_job job = {
        .piece = &piece, .pieces = 1, .floors = 2, .axis = "100 blocks of vessels"};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, v->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, v->scores, result);
}

static int read_all(bram_ctx *cx, struct vessels *v)
{
    BRAM_TRY(read_layer(cx, v));
    BRAM_TRY(find_classes(cx, v));
    BRAM_TRY(deal(cx, v));
    BRAM_TRY(list_meetings(cx, v));
    return make_inputs(cx, v);
}

static int run_cell(bram_ctx *cx, struct vessels *v, bram_dataset *result)
{
    BRAM_TRY(read_all(cx, v));
    BRAM_TRY(bram_scores_for_cell(cx, &v->scores, v->whole, v->cell));
    return score(cx, v, result);
}

/* All vessels with their sets; the class of each is asked of those of the test. */
static int list_vessels(bram_ctx *cx, bram_demand *d, struct vessels *v)
{
    static const char *const sets[SETS] = {
        [TRAIN] = "train", [VALIDATION] = "validation", [TEST] = "test"};
    BRAM_TRY(read_all(cx, v));
    size_t *row = bram_scratch(cx, v->count, sizeof *row);
    const char **set = bram_scratch(cx, v->count, sizeof *set);
    if (!row || !set) return BRAM_ENOMEM;
    for (size_t e = 0; e < v->count; e++) row[e] = e, set[e] = sets[v->set[e]];
    BRAM_TRY(name_vessels(cx, &d->row, v, row, v->count));
    d->unit = bram_axis_ref(v->unit);
    return bram_axis_add_text(cx, d->row, "set", set);
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, "", 0};
    struct vessels v = {.cell = &cell, .o = b->options};
    bram_demand d = {.ask = BRAM_ASK_RESPOND};
    size_t mark = bram_scratch_mark(cx);
    int status = list_vessels(cx, &d, &v);
    release(&v);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* ---- a hidden test -------------------------------------------------------------------------- */

enum { NAMES = MOST_FEATURES + 2 };

/* The names in a list joined by +, in scratch memory, NULL-terminated; by: one more. */
static const char **split_names(bram_ctx *cx, const char *list, const char *by)
{
    const char **name = bram_scratch(cx, NAMES, sizeof *name);
    char *text = bram_scratch(cx, strlen(list) + 1, 1);
    size_t n = 0;
    if (!name || !text) return NULL;
    strcpy(text, list);
    for (char *at = text; *at && n < MOST_FEATURES;) {
        size_t length = strcspn(at, "+");
        bool more = at[length] == '+';
        at[length] = 0;
        name[n++] = at;
        at += length + more;
    }
    name[n++] = by;
    return name;
}

static bool is_named(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* The table of vessels: where they are, what a model may know of them, and the column that classes
 * are cut from, missing (as a weight 0) in those of the test, which the column hidden marks. A
 * weight that is none of these may tell the class as well and is 0 in all. */
static int reveal_layer(bram_ctx *cx, bram_axis **out, const struct vessels *v)
{
    static const char *const ends[] = {"from", "to", "weight", NULL};
    const char *by = bram_option_text(v->o, "by");
    const char **kept = split_names(cx, bram_option_text(v->o, "features"), by);
    bram_axis *bare = NULL;
    int64_t *hidden = bram_scratch(cx, v->count, sizeof *hidden);
    double *value = bram_scratch(cx, v->count, sizeof *value);
    if (!kept || !hidden || !value) return BRAM_ENOMEM;
    for (size_t e = 0; e < v->count; e++) hidden[e] = v->set[e] == TEST;
    BRAM_TRY(bram_reveal_axis(cx, &bare, v->layer, kept));
    int status = BRAM_OK;
    for (size_t k = 0; ends[k] && status == BRAM_OK; k++) { /* those that every table needs */
        const bram_column *c = bram_axis_column(v->layer, ends[k]);
        if (c->text) status = bram_axis_add_text(cx, bare, c->name, c->text);
        else {
            bool known = is_named(kept, "weight") && strcmp(by, "weight") != 0;
            for (size_t e = 0; e < v->count; e++) value[e] = known ? c->number[e] : 0;
            status = bram_axis_add_number(cx, bare, c->name, value, c->unit);
        }
    }
    const bram_column *c = bram_axis_column(v->layer, by);
    bool weight = strcmp(by, "weight") == 0;
    for (size_t e = 0; e < v->count; e++)
        value[e] = !hidden[e] ? c->number[e] : weight ? 0 : (double)NAN;
    if (status == BRAM_OK) status = bram_axis_add_number(cx, bare, by, value, c->unit);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, bare, "hidden", hidden);
    if (status == BRAM_OK) *out = bare;
    else bram_axis_free(bare);
    return status;
}

static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, "", 0};
    struct vessels v = {.cell = &cell, .o = b->options};
    bram_axis *table = NULL;
    char *group = bram_strf(cx, "connectome/%s", part);
    char *nodes = group ? bram_strf(cx, "%s/nodes", group) : NULL;
    int status = nodes ? read_all(cx, &v) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_reveal_table(cx, to, ds, nodes, NULL);
    if (status == BRAM_OK) status = reveal_layer(cx, &table, &v);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, to, group, table);
    bram_free(nodes);
    bram_free(group);
    release(&v);
    return status;
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct vessels v = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &v, result);
    release(&v);
    bram_scratch_release(cx, mark);
    return status;
}

/* Per vessel: the wiring, its inputs twice, what a linear model makes of them. */
static int memory(bram_ctx *cx, size_t *bytes, const bram_cell *cell)
{
    char *path = bram_strf(cx, "connectome/%s/%s", cell->part,
                           bram_option_text(cell->benchmark->options, "layer"));
    if (!path) return BRAM_ENOMEM;
    const bram_axis *layer = bram_dataset_table(cell->dataset, path);
    bram_free(path);
    *bytes = 600 * (layer ? bram_axis_length(layer) : 0);
    return BRAM_OK;
}

const bram_task bram_task_vessels = {
    .name = "vessels",
    .summary = "tell the class of a vessel from its neighbours and its shape (line graph)",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .demand = demand,
    .reveal = reveal,
    .parts = bram_wiring_parts,
    .memory = memory,
    .run = run,
};
