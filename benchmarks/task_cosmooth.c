/*
 * task_cosmooth.c - the task "cosmooth": neurons that are held out, from the others at the same
 * time.
 *
 * About a quarter of the units is held out: which ones depends on the benchmark's name and the
 * unit's, and so is the same for all models and all animals. In the training rows all units are
 * there; in the test rows the held-out ones are masked before a model sees them, and are what it is
 * scored on. The floor is the mean over the training rows.
 *
 * animals=own learns from the same recording, cut in time (timesplit.h). animals=all learns from
 * the training rows of all recordings, on the union of their exactly labelled units: what an animal
 * lacks is masked. Each unit of each recording is put on a common scale by its training rows
 * (scale=z).
 */
#include "copies.h"
#include "demand.h"
#include "inside.h"
#include "reveal.h"
#include "scores.h"
#include "timesplit.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"animals", BRAM_PARAM_CHOICE, "own", "own|all", 0, 0,
     "own: learn from the same recording; all: from all of them, units matched by name"},
    {"scale", BRAM_PARAM_CHOICE, "z", "z|none", 0, 0,
     "z: each unit less its training mean, by its training deviation; none: as recorded (counts)"},
    {"share", BRAM_PARAM_REAL, "0.25", NULL, 0.01, 0.99, "share of units held out, on average"},
    BRAM_COPIES_PARAM,
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const char *const FLOOR = "mean";

struct cosmooth {
    const bram_cell *cell;
    const bram_options *o;
    bram_recording *recording; /* the part's first */
    size_t recordings;
    bram_recording hidden;        /* the part's with the held-out units masked */
    bram_timesplit own, asked;    /* of the part; of what the model may see of it */
    bram_slice train, validation; /* animals=all */
    bram_time_blocks blocks;
    uint8_t *held_out; /* one for each unit */
    bram_fitted *model, *floor;
    bram_scores *scores;
};

static void release(struct cosmooth *c)
{
    bram_scores_free(c->scores);
    bram_fitted_free(c->model);
    bram_fitted_free(c->floor);
    bram_timesplit_release(&c->own);
    bram_timesplit_release(&c->asked);
    bram_slice_release(&c->train);
    bram_slice_release(&c->validation);
    bram_recording_release(&c->hidden);
    for (size_t i = 0; i < c->recordings; i++) bram_recording_release(&c->recording[i]);
    bram_free(c->recording);
    bram_free(c->held_out);
}

/* ---- recordings ----------------------------------------------------------------------------- */

static int read_one(bram_ctx *cx, struct cosmooth *c, const char *id)
{
    BRAM_TRY(bram_recording_read(cx, &c->recording[c->recordings], c->cell->dataset, id,
                                 bram_option_text(c->o, "response")));
    c->recordings++;
    return BRAM_OK;
}

static int read_recordings(bram_ctx *cx, struct cosmooth *c)
{
    const bram_dataset *ds = c->cell->dataset;
    size_t n = bram_dataset_groups(ds, "recordings");
    c->recording = bram_alloc(cx, n + 1, sizeof *c->recording);
    if (!c->recording) return BRAM_ENOMEM;
    BRAM_TRY(read_one(cx, c, c->cell->part));
    for (size_t i = 0; i < n && bram_option_is(c->o, "animals", "all"); i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        if (strcmp(id, c->cell->part) != 0) BRAM_TRY(read_one(cx, c, id));
    }
    if (c->recordings > 1 && bram_option_is(c->o, "copies", "refuse"))
        return bram_copies_refuse(cx, &c->recording[0], &c->recording[1], c->recordings - 1);
    return BRAM_OK;
}

static bool labelled(const bram_axis *unit, size_t i)
{
    const bram_column *c = bram_axis_column(unit, "certainty");
    return !c || !c->text || strcmp(c->text[i], "exact") == 0;
}

/* The exactly labelled units of all recordings, each once, in the order of their appearance. */
static int unite(bram_ctx *cx, bram_axis **out, const struct cosmooth *c)
{
    size_t most = 0, n = 0;
    for (size_t r = 0; r < c->recordings; r++) most += c->recording[r].units;
    const char **id = bram_scratch(cx, most, sizeof *id);
    if (!id) return BRAM_ENOMEM;
    for (size_t r = 0; r < c->recordings; r++) {
        const bram_axis *unit = c->recording[r].unit;
        for (size_t u = 0; u < c->recording[r].units; u++) {
            const char *name = bram_axis_id(unit, u);
            bool known = !*name || !labelled(unit, u);
            for (size_t q = 0; q < r && !known; q++) {
                ptrdiff_t at = bram_axis_find(c->recording[q].unit, name);
                known = at >= 0 && labelled(c->recording[q].unit, (size_t)at);
            }
            if (!known) id[n++] = name;
        }
    }
    if (n < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu exactly labelled units in all, expected 2",
                         n);
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, bram_axis_name(c->recording[0].unit), n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int align_all(bram_ctx *cx, struct cosmooth *c)
{
    bram_axis *unit = NULL;
    size_t mark = bram_scratch_mark(cx);
    int status = unite(cx, &unit, c);
    bram_scratch_release(cx, mark);
    for (size_t i = 0; i < c->recordings && status == BRAM_OK; i++) {
        bram_recording aligned;
        status = bram_recording_align(cx, &aligned, &c->recording[i], unit);
        if (status != BRAM_OK) break;
        bram_recording_release(&c->recording[i]);
        c->recording[i] = aligned;
    }
    bram_axis_free(unit);
    return status;
}

static size_t training_rows(const struct cosmooth *c, const bram_recording *r)
{
    return (size_t)floor(bram_option_real(c->o, "train") * (double)r->rows);
}

/* Mean 0 and deviation 1 over the training rows; a unit that is constant there is masked. */
static void scale(bram_recording *r, size_t rows)
{
    for (size_t u = 0; u < r->units; u++) {
        double n = 0, mean = 0, square = 0;
        for (size_t t = 0; t < rows; t++)
            if (r->present[t * r->units + u]) n++, mean += r->values[t * r->units + u];
        mean = n > 0 ? mean / n : 0;
        for (size_t t = 0; t < rows; t++) {
            double d = r->values[t * r->units + u] - mean;
            if (r->present[t * r->units + u]) square += d * d;
        }
        double deviation = n > 1 ? sqrt(square / n) : 0;
        for (size_t t = 0; t < r->rows; t++) {
            double *value = &r->values[t * r->units + u];
            if (deviation > 1e-12 * fabs(mean)) *value = (*value - mean) / deviation;
            else *value = 0, r->present[t * r->units + u] = 0;
        }
    }
}

/* ---- what is held out ----------------------------------------------------------------------- */

static int choose(bram_ctx *cx, struct cosmooth *c)
{
    const bram_axis *unit = c->recording[0].unit;
    size_t n = bram_axis_length(unit), out = 0;
    c->held_out = bram_alloc(cx, n, 1);
    if (!c->held_out) return BRAM_ENOMEM;
    for (size_t u = 0; u < n; u++) {
        char *stream = bram_strf(cx, "held out/%s/%s", c->cell->benchmark->name,
                                 bram_axis_id(unit, u));
        if (!stream) return BRAM_ENOMEM;
        bram_rng g = bram_rng_new(0, stream);
        bram_free(stream);
        c->held_out[u] = bram_rng_uniform(&g) < bram_option_real(c->o, "share");
        out += c->held_out[u];
    }
    if (!out || out == n)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%zu of %zu units are held out: too few units",
                         out, n);
    return BRAM_OK;
}

/* The part's recording as a model may see it. */
static int hide(bram_ctx *cx, struct cosmooth *c)
{
    BRAM_TRY(bram_recording_align(cx, &c->hidden, &c->recording[0], c->recording[0].unit));
    bram_recording *h = &c->hidden;
    for (size_t i = 0; i < h->rows * h->units; i++)
        if (c->held_out[i % h->units]) h->values[i] = 0, h->present[i] = 0;
    return BRAM_OK;
}

/* The units that are held out. */
static int held_out_units(bram_ctx *cx, bram_axis **out, struct cosmooth *c)
{
    BRAM_TRY(read_recordings(cx, c));
    if (bram_option_is(c->o, "animals", "all")) BRAM_TRY(align_all(cx, c));
    BRAM_TRY(choose(cx, c));
    const bram_axis *unit = c->recording[0].unit;
    size_t n = 0, *index = bram_scratch(cx, bram_axis_length(unit), sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t u = 0; u < bram_axis_length(unit); u++)
        if (c->held_out[u]) index[n++] = u;
    return bram_axis_take(cx, out, unit, index, n);
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_cell cell = {b, ds, part, FLOOR, 0};
    struct cosmooth c = {.cell = &cell, .o = b->options};
    bram_demand d = {0};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_recording_demand(cx, &d, b, ds, part));
    bram_axis_free(d.unit);
    d.unit = NULL;
    d.ask = BRAM_ASK_COSMOOTH;
    int status = held_out_units(cx, &d.unit, &c);
    release(&c);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* ---- a hidden test -------------------------------------------------------------------------- */

/* One recording without the held-out units in the rows of the test. */
static int reveal_one(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b,
                      const bram_dataset *ds, const char *id)
{
    bram_demand d = {0};
    bram_recording r = {0};
    const char *response = bram_option_text(b->options, "response");
    int status = demand(cx, &d, b, ds, id);
    if (status == BRAM_OK) status = bram_recording_read(cx, &r, ds, id, response);
    uint8_t *row = bram_scratch(cx, r.rows, 1), *hidden = bram_scratch(cx, r.rows, r.units);
    if (status == BRAM_OK && (!row || !hidden)) status = BRAM_ENOMEM;
    if (status == BRAM_OK) {
        bram_reveal_hidden_rows(row, d.row);
        for (size_t u = 0; u < r.units; u++) {
            bool out = bram_axis_find(d.unit, bram_axis_id(r.unit, u)) >= 0;
            for (size_t t = 0; out && t < r.rows; t++) hidden[t * r.units + u] = row[t];
        }
        status = bram_reveal_recording(cx, to, ds, id, response, hidden);
    }
    bram_recording_release(&r);
    bram_demand_release(&d);
    return status;
}

/* With animals=all the others are learned from, too; their own test rows are hidden alike. */
static int reveal(bram_ctx *cx, bram_dataset *to, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    if (!bram_option_is(b->options, "animals", "all")) return reveal_one(cx, to, b, ds, part);
    for (size_t i = 0; i < bram_dataset_groups(ds, "recordings"); i++) {
        const char *id = bram_dataset_group_at(ds, "recordings", i);
        char *group = bram_strf(cx, "recordings/%s", id);
        size_t mark = bram_scratch_mark(cx);
        int status = !group                               ? BRAM_ENOMEM
                     : bram_dataset_find_attrs(to, group) ? BRAM_OK
                                                          : reveal_one(cx, to, b, ds, id);
        bram_scratch_release(cx, mark);
        bram_free(group);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int cut_all(bram_ctx *cx, struct cosmooth *c)
{
    size_t n = c->recordings, gap = (size_t)bram_option_integer(c->o, "gap");
    double both = bram_option_real(c->o, "train") + bram_option_real(c->o, "validation");
    bram_cut *train = bram_scratch(cx, 2 * n, sizeof *train);
    if (!train) return BRAM_ENOMEM;
    bram_cut *validation = train + n;
    for (size_t i = 0; i < n; i++) {
        const bram_recording *r = &c->recording[i];
        size_t a = training_rows(c, r), b = (size_t)floor(both * (double)r->rows);
        train[i] = (bram_cut){r, 0, 0, a};
        validation[i] = (bram_cut){r, 0, a + gap, b};
    }
    BRAM_TRY(bram_slice_make(cx, &c->train, train, n));
    return bram_slice_make(cx, &c->validation, validation, n);
}

static int prepare(bram_ctx *cx, struct cosmooth *c)
{
    bool all = bram_option_is(c->o, "animals", "all");
    BRAM_TRY(read_recordings(cx, c));
    if (all) BRAM_TRY(align_all(cx, c));
    for (size_t i = 0; i < c->recordings && bram_option_is(c->o, "scale", "z"); i++)
        scale(&c->recording[i], training_rows(c, &c->recording[i]));
    BRAM_TRY(choose(cx, c));
    BRAM_TRY(hide(cx, c));
    BRAM_TRY(bram_timesplit_make(cx, &c->own, &c->recording[0], c->o));
    BRAM_TRY(bram_timesplit_make(cx, &c->asked, &c->hidden, c->o));
    if (all) BRAM_TRY(cut_all(cx, c));
    const bram_panel *train = all ? &c->train.panel : &c->own.train.panel;
    const bram_panel *validation = bram_timesplit_validation(&c->own);
    if (validation && all) validation = &c->validation.panel;
    BRAM_TRY(bram_fitted_new(cx, &c->model, c->cell->model, train, validation, c->cell->seed));
    BRAM_TRY(bram_fitted_new(cx, &c->floor, FLOOR, train, NULL, 0));
    return bram_time_blocks_whole(cx, &c->blocks, c->cell, &c->own.train, &c->own.test);
}

static int ask(bram_ctx *cx, bram_side *side, const struct cosmooth *c, const bram_fitted *model,
               const bram_targets *t)
{
    double *value = bram_scratch(cx, t->rows * t->units, sizeof *value);
    uint8_t *present = bram_scratch(cx, t->rows * t->units, 1);
    if (!value || !present) return BRAM_ENOMEM;
    *side = (bram_side){.values = {value, t->rows, t->units, t->units},
                        .present = present,
                        .column = c->recording[0].unit};
    return bram_ask_targets(cx, value, present, model, &c->asked.test,
                            (bram_query){.ask = BRAM_ASK_COSMOOTH, .held_out = c->held_out},
                            "mean");
}

/* A model that leaves out hard values would look better than it is. */
static int check_complete(bram_ctx *cx, const struct cosmooth *c, const bram_targets *t,
                          const bram_side *model)
{
    for (size_t i = 0; i < t->rows * t->units; i++)
        if (t->present[i] && c->held_out[i % t->units] && !model->present[i])
            return bram_fail(cx, BRAM_ENUMERIC, "%s says nothing of unit %s in row %zu",
                             bram_fitted_spec(c->model),
                             bram_axis_id(c->recording[0].unit, i % t->units), i / t->units);
    return BRAM_OK;
}

static int score(bram_ctx *cx, struct cosmooth *c, bram_dataset *result)
{
    const bram_benchmark *b = c->cell->benchmark;
    bram_targets t;
    BRAM_TRY(bram_targets_make(cx, &t, &c->own.test, &c->blocks));
    bram_score_piece piece = {.brain = {.values = {t.y, t.rows, t.units, t.units},
                                        .present = t.present,
                                        .column = c->recording[0].unit},
                              .floor[0].name = FLOOR,
                              .groups = {t.group, c->blocks.blocks.count}};
    BRAM_TRY(ask(cx, &piece.model, c, c->model, &t));
    BRAM_TRY(ask(cx, &piece.floor[0].side, c, c->floor, &t));
    BRAM_TRY(check_complete(cx, c, &t, &piece.model));
    uint8_t *counts = bram_scratch(cx, t.units, 1); /* held out, and there in this animal */
    if (!counts) return BRAM_ENOMEM;
    for (size_t i = 0; i < t.rows * t.units; i++) {
        t.present[i] &= c->held_out[i % t.units]; /* for metrics of one value in all */
        counts[i % t.units] |= t.present[i];
    }
    if (!memchr(counts, 1, t.units))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has none of the held-out units",
                         c->cell->part);
    bram_score_job job = {
        .piece = &piece, .pieces = 1, .floors = 1, .subset = counts, .axis = c->blocks.axis};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, c->scores, b->metrics[m], &job));
    return bram_scores_finish(cx, c->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct cosmooth c = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = prepare(cx, &c);
    if (status == BRAM_OK) status = bram_scores_for_cell(cx, &c.scores, c.recording[0].unit, cell);
    if (status == BRAM_OK) status = score(cx, &c, result);
    if (status == BRAM_OK) status = bram_inside_keep(cx, c.model, &c.asked.test.panel, result);
    release(&c);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_cosmooth = {
    .name = "cosmooth",
    .summary = "tell held-out neurons from the others at the same time",
    .version = 2,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .parts = bram_recording_parts,
    .demand = demand,
    .reveal = reveal,
    .memory = bram_recording_memory,
    .run = run,
};
