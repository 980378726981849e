/*
 * task_wiring.c - the task "wiring": does it help a forecast to know the connectome?
 *
 * A model that has the option mask=connectome is fitted to a recording, cut in time, and so are its
 * nulls: the same spec with mask=shuffled (each neuron keeps its degrees), random (as many synapses
 * anywhere), dense (everywhere), none. Shuffled and random masks are drawn `draws` times, every
 * other spec is fitted `fits` times, each time with another seed, which also draws the windows of
 * the training. All forecast the same test rows by one step.
 *
 *   gain@NULL    (mean squared error of the nulls' fits - that of the model's) / that of the copy
 *                of the last value: the skill that the connectome adds. Intervals: bootstrap over
 *                blocks of time and over the fits on both sides
 *   beaten@NULL  share of pairs of fits in which the model's error is the smaller; chance 1/2. Its
 *                interval is that of the same draws of fits, on all rows
 *
 * Metrics of the benchmark score the model's first fit, with the floors copy and mean. Shuffles of
 * the degrees are the null that counts: a mask of another form is another regularization.
 */
#include "one_step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    BRAM_TIMESPLIT_PARAMS,
    {"draws", BRAM_PARAM_INTEGER, "20", NULL, 1, 10000, "shuffled and random masks, of each kind"},
    {"fits", BRAM_PARAM_INTEGER, "3", NULL, 1, 1000, "of every other mask"},
    {"nulls", BRAM_PARAM_TEXT, "shuffled+random+dense+none", NULL, 0, 0,
     "masks that the connectome is held against, joined by +"},
    BRAM_INTERVAL_PARAMS,
    {.name = NULL}};

static const char MASK[] = "mask=connectome";
static const char REFITTED[] = "it is fitted anew under other masks, by its option mask";

/* Squared errors of some fits of one spec: fits x blocks x units, and how many of them there are.
 */
struct errors {
    char name[24];
    size_t fits;
    double *sum, *total; /* total: of each fit */
};

struct wiring {
    bram_one_step step;
    const bram_options *o;
    bram_scores *scores;
    struct errors model, copy;
};

/* ---- fits ----------------------------------------------------------------------------------- */

/* The cell's model with another mask. */
static int spec_of(bram_ctx *cx, char **out, const struct wiring *w, const char *mask)
{
    const char *spec = w->step.cell->model, *at = strstr(spec, MASK);
    if (!at) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no option %s", spec, MASK);
    *out = bram_strf(cx, "%.*smask=%s%s", (int)(at - spec), spec, mask, at + strlen(MASK));
    return *out ? BRAM_OK : BRAM_ENOMEM;
}

static int add_errors(bram_ctx *cx, const struct wiring *w, double *sum, const char *spec,
                      const bram_side *side)
{
    const bram_targets *t = &w->step.target;
    for (size_t i = 0; i < t->rows * t->units; i++) {
        if (!t->present[i]) continue;
        if (!side->present[i])
            return bram_fail(cx, BRAM_ENUMERIC, "%s does not forecast row %zu of unit %s", spec,
                             i / t->units, bram_axis_id(w->step.recording.unit, i % t->units));
        double d = side->values.data[i] - t->y[i];
        sum[t->group[i / t->units] * t->units + i % t->units] += d * d;
    }
    return BRAM_OK;
}

static uint64_t seed_of(const struct wiring *w, size_t fit)
{
    return w->step.cell->seed * 100003 + fit;
}

/* Fits a spec several times. The seeds of fits of one null are those of the others. */
static int fit_errors(bram_ctx *cx, struct wiring *w, struct errors *e, const char *spec,
                      size_t fits)
{
    size_t units = w->step.target.units, each = w->step.blocks.blocks.count * units;
    e->fits = fits;
    e->sum = bram_scratch(cx, fits * each, sizeof *e->sum);
    e->total = bram_scratch(cx, fits, sizeof *e->total);
    if (!e->sum || !e->total) return BRAM_ENOMEM;
    for (size_t k = 0; k < fits; k++) {
        bram_side side;
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(bram_one_step_forecast(cx, &side, NULL, &w->step, spec, seed_of(w, k)));
        BRAM_TRY(add_errors(cx, w, e->sum + k * each, spec, &side));
        bram_scratch_release(cx, mark);
        for (size_t i = 0; i < each; i++) e->total[k] += e->sum[k * each + i];
        bram_ctx_progress(cx, e->name, (double)(k + 1), (double)fits);
    }
    return BRAM_OK;
}

/* ---- gains ---------------------------------------------------------------------------------- */

/* The mean error of fits, each as often as `fit` says, of blocks as often as `block` says (NULL:
 * once), of one unit. */
static double error_of(const struct wiring *w, const struct errors *e, const uint32_t *fit,
                       const uint32_t *block, size_t unit)
{
    size_t blocks = w->step.blocks.blocks.count, units = w->step.target.units;
    double sum = 0;
    for (size_t k = 0; k < e->fits; k++)
        for (size_t b = 0; b < blocks; b++)
            sum += (fit ? fit[k] : 1) * (block ? block[b] : 1) *
                   e->sum[(k * blocks + b) * units + unit];
    return sum / (double)e->fits;
}

/* How often things of a draw count, in scratch memory; all the same for all models. */
struct draw {
    uint32_t *block, *null, *fit;
};

static void draw_all(const struct wiring *w, const struct errors *null, struct draw *d,
                     const char *stream, uint64_t sample)
{
    char name[400];
    bram_bootstrap_draw(d->block, w->step.blocks.blocks.count, 0, stream, sample);
    snprintf(name, sizeof name, "%.360s/%s", stream, null->name);
    bram_bootstrap_draw(d->null, null->fits, 0, name, sample);
    snprintf(name, sizeof name, "%.360s/fits", stream);
    bram_bootstrap_draw(d->fit, w->model.fits, 0, name, sample);
}

/* raw (NULL: not wanted): of each unit. */
static double gain(const struct wiring *w, const struct errors *null, const struct draw *d,
                   double *raw)
{
    double above = 0, below = 0;
    for (size_t u = 0; u < w->step.target.units; u++) {
        double copy = error_of(w, &w->copy, NULL, d->block, u);
        double more = error_of(w, null, d->null, d->block, u) -
                      error_of(w, &w->model, d->fit, d->block, u);
        above += more, below += copy;
        if (raw) raw[u] = copy > 0 ? more / copy : (double)NAN;
    }
    return below > 0 ? above / below : (double)NAN;
}

static double beaten(const struct wiring *w, const struct errors *null, const struct draw *d)
{
    double won = 0, pairs = 0;
    for (size_t i = 0; i < w->model.fits; i++)
        for (size_t k = 0; k < null->fits; k++) {
            double times = (d->fit ? d->fit[i] : 1) * (d->null ? d->null[k] : 1);
            double a = w->model.total[i], b = null->total[k];
            won += times * (a < b ? 1 : a > b ? 0 : 0.5), pairs += times;
        }
    return won / pairs;
}

static int put(bram_ctx *cx, const struct wiring *w, const char *what, const char *null,
               double value, double chance, const double *raw, const double *draw)
{
    char id[64], axis[96];
    snprintf(axis, sizeof axis, "%s and fits", w->step.blocks.axis);
    snprintf(id, sizeof id, "%s@%s", what, null);
    bram_score_made made = {.id = id,
                            .metric = what,
                            .axis = axis,
                            .value = value,
                            .chance = chance,
                            .raw = raw,
                            .draw = draw,
                            .pooled = true,
                            .groups = w->step.blocks.blocks.count};
    return bram_scores_put(cx, w->scores, &made);
}

static int score_null(bram_ctx *cx, struct wiring *w, const char *name, size_t length)
{
    size_t samples = (size_t)bram_option_integer(w->o, "samples"), units = w->step.target.units;
    size_t mark = bram_scratch_mark(cx);
    struct errors null = {.fits = 0};
    snprintf(null.name, sizeof null.name, "%.*s", (int)length, name);
    bool drawn = !strcmp(null.name, "shuffled") || !strcmp(null.name, "random");
    char *spec = NULL,
         *stream = bram_strf(cx, "%s/%s", w->step.cell->benchmark->name, w->step.cell->part);
    int status = stream ? spec_of(cx, &spec, w, null.name) : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = fit_errors(cx, w, &null, spec,
                            (size_t)bram_option_integer(w->o, drawn ? "draws" : "fits"));
    double *draw = bram_scratch(cx, samples + 1, 2 * sizeof *draw), *share = draw + samples + 1;
    double *raw = bram_scratch(cx, units, sizeof *raw);
    struct draw d = {bram_scratch(cx, w->step.blocks.blocks.count, sizeof *d.block),
                     bram_scratch(cx, null.fits, sizeof *d.null),
                     bram_scratch(cx, w->model.fits, sizeof *d.fit)};
    if (status == BRAM_OK && (!draw || !raw || !d.block || !d.null || !d.fit)) status = BRAM_ENOMEM;
    for (size_t s = 0; status == BRAM_OK && s < samples; s++) {
        draw_all(w, &null, &d, stream, s);
        draw[s] = gain(w, &null, &d, NULL), share[s] = beaten(w, &null, &d);
    }
    bram_free(spec);
    bram_free(stream);
    BRAM_TRY(status);
    double value = gain(w, &null, &(struct draw){NULL}, raw);
    BRAM_TRY(put(cx, w, "gain", null.name, value, 0, raw, draw));
    for (size_t u = 0; u < units; u++) raw[u] = (double)NAN;
    BRAM_TRY(
        put(cx, w, "beaten", null.name, beaten(w, &null, &(struct draw){NULL}), 0.5, raw, share));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- the cell ------------------------------------------------------------------------------- */

static int compare(bram_ctx *cx, struct wiring *w, bram_dataset *result)
{
    char *spec = NULL;
    BRAM_TRY(spec_of(cx, &spec, w, "connectome")); /* refuses models without masks */
    snprintf(w->model.name, sizeof w->model.name, "connectome");
    int status = fit_errors(cx, w, &w->model, spec, (size_t)bram_option_integer(w->o, "fits"));
    bram_free(spec);
    BRAM_TRY(status);
    BRAM_TRY(fit_errors(cx, w, &w->copy, "copy", 1));
    for (const char *at = bram_option_text(w->o, "nulls"); *at;) {
        size_t length = strcspn(at, "+");
        BRAM_TRY(score_null(cx, w, at, length));
        at += length + (at[length] == '+');
    }
    bram_side side;
    BRAM_TRY(bram_one_step_forecast(cx, &side, NULL, &w->step, w->step.cell->model, seed_of(w, 0)));
    BRAM_TRY(bram_one_step_score(cx, w->scores, &w->step, &side));
    return bram_scores_finish(cx, w->scores, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    struct wiring w = {.o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = bram_one_step_open(cx, &w.step, cell);
    if (status == BRAM_OK)
        status = bram_scores_for_cell(cx, &w.scores, w.step.recording.unit, cell);
    if (status == BRAM_OK) status = compare(cx, &w, result);
    bram_scores_free(w.scores);
    bram_one_step_release(&w.step);
    bram_scratch_release(cx, mark);
    return status;
}

const bram_task bram_task_wiring = {
    .name = "wiring",
    .summary = "does a forecast gain from the connectome, against shuffles of it",
    .version = 1,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_STEP),
    .no_files = REFITTED,
    .no_program = REFITTED,
    .parts = bram_recording_parts,
    .memory = bram_recording_memory,
    .run = run,
};
