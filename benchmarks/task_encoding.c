/*
 * task_encoding.c - the task "encoding": predict the responses of an area's units to stimuli that
 * were left out, from features of the stimuli.
 *
 * Stimuli are cut into folds once (stimulus_folds.h: at random, in order, as random splits that
 * overlap, by the sets of the source, by stored lists); in each the model is fitted on the training
 * stimuli alone and predicts the others. A model that tells features of stimuli (features:layer2, a
 * network) is mapped to the responses by the model that `map` names (ridge, which chooses its
 * penalty within the training stimuli); a model that answers with responses itself (ridge, mean) is
 * fitted directly, its input being the set that `features` names. Either sees no response to a test
 * stimulus. Targets are means over repeats. `training` adds responses that are only learned from,
 * where a source shows some stimuli once and others often (ID_training beside ID).
 *
 * A model that tells features of several layers gets one score of all, for which each fold is
 * predicted by the layer that was best on the other folds (layer_choice.h), and one of each layer,
 * METRIC@LAYER. A map that takes several feature spaces (banded) gets the layers as its spaces
 * instead, and the score is split among them (encoding_keep.h).
 *
 * A model that tells where it looked (readout-roi) has its maps kept in readout/ of the result, and
 * scored where the truth is known (readout_maps.h).
 *
 * Paired metrics (pearson, r2, single-trial) score each unit on the test stimuli of each fold; the
 * raw value is the mean over folds. Mapped metrics (encoding) are handed the same folds. Floor:
 * mean, each unit's training mean, blind to the stimulus. Ceiling: what the signal itself would
 * score given the reliability of each unit over the tested stimuli (reliability.h), or as the
 * source states it; none without repeats.
 */
#include "demand.h"
#include "encoding.h"

#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"split", BRAM_PARAM_CHOICE, "random", "random|ordered|shuffle|set|file", 0, 0,
     "parts of a random order; of the order of the stimuli; random splits that overlap; by the "
     "column set of the stimuli; by stored lists"},
    {"folds", BRAM_PARAM_INTEGER, "5", NULL, 2, 1000,
     "parts of the stimuli, left out in turn; of shuffle: how many splits"},
    {"seed", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e9, "of the assignment of stimuli to folds"},
    {"group", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli of which equal values are in one fold (movie)"},
    {"stratify", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "a column of the stimuli whose values are spread evenly over the folds (category)"},
    {"gap", BRAM_PARAM_INTEGER, "0", NULL, 0, 1e6,
     "split=ordered: so many stimuli on both sides of a part are not learned from"},
    {"train_share", BRAM_PARAM_REAL, "0.9", NULL, 0.01, 0.99,
     "split=shuffle: the share of the stimuli that is learned from"},
    {"train_sets", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "split=set: values of the column set that are learned from (train+validation)"},
    {"test_sets", BRAM_PARAM_TEXT, "", NULL, 0, 0, "split=set: values that are tested on"},
    {"training", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "split=set: the ending of the responses that are only learned from (_training)"},
    {"file", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "split=file: PATH@DIGITS, lists as JSON and digits of their SHA-256"},
    {"leaks", BRAM_PARAM_CHOICE, "refuse", "refuse|allow", 0, 0,
     "split=set and file: the same image (column image) on both sides"},
    {"map", BRAM_PARAM_TEXT, "ridge", NULL, 0, 0, "the model that maps features to responses"},
    {"features", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "the input of models that answer with responses: a set below stimuli/features"},
    {"share", BRAM_PARAM_CHOICE, "product", "product|correlation|relative", 0, 0,
     "among feature spaces, for maps that take several: the product measure of r2, of the "
     "correlation, or r2 by relative weights"},
    {"score", BRAM_PARAM_CHOICE, "pooled", "pooled|folds", 0, 0,
     "over all left-out stimuli at once, or in each fold and then the mean over folds"},
    {"aggregate", BRAM_PARAM_CHOICE, "units", "units|splits", 0, 0,
     "score=folds: the mean over folds of each unit and then over units, or over the units of "
     "each split (mean or median) and then the mean over splits, as Brain-Score does"},
    {"reliability", BRAM_PARAM_TEXT, "repeats", NULL, 0, 0,
     "of the units: from the repeats, or the column of the units that states it (noise_ceiling)"},
    {"normalization", BRAM_PARAM_CHOICE, "ratio",
     "ratio|r2_over_reliability|squared_ratio|unitwise_r2_over_reliability|"
     "r_over_sqrt_reliability|nc_percent|none",
     0, 0, "of the score by the ceiling or the reliability, by its name in the field"},
    {"samples", BRAM_PARAM_INTEGER, "1000", NULL, 0, 1000000, "bootstrap draws"},
    {"level", BRAM_PARAM_REAL, "0.95", NULL, 0.5, 0.999, "level of the intervals"},
    {.name = NULL}};

/* ---- run ------------------------------------------------------------------------------------ */

/* Options that do not go together are refused, not left aside. */
static int check_options(bram_ctx *cx, const bram_options *o)
{
    bool pooled = bram_option_is(o, "score", "pooled");
    if (pooled && bram_option_is(o, "split", "shuffle"))
        return bram_fail(cx, BRAM_EUSAGE, "split=shuffle scores each split: score=folds");
    if (pooled && bram_option_is(o, "aggregate", "splits"))
        return bram_fail(cx, BRAM_EUSAGE, "aggregate=splits goes with score=folds");
    return BRAM_OK;
}

static int run_cell(bram_ctx *cx, bram_encoding *e, bram_dataset *result)
{
    bool mapped;
    BRAM_TRY(check_options(cx, e->o));
    BRAM_TRY(bram_encoding_read(cx, e, e->cell->dataset, e->cell->part));
    BRAM_TRY(bram_encoding_choose_input(cx, e));
    BRAM_TRY(bram_encoding_cut(cx, e));
    BRAM_TRY(bram_encoding_only_mapped(cx, &mapped, e->cell->benchmark));
    e->predicted = !mapped || e->layers || !e->from_features;
    if (e->predicted) BRAM_TRY(bram_encoding_predict(cx, e, result));
    return bram_encoding_score(cx, e, result);
}

static int run(bram_ctx *cx, bram_dataset *result, const bram_cell *cell)
{
    bram_encoding e = {.cell = cell, .o = cell->benchmark->options};
    size_t mark = bram_scratch_mark(cx);
    int status = run_cell(cx, &e, result);
    bram_encoding_release(&e);
    bram_scratch_release(cx, mark);
    return status;
}

/* Areas; responses that are only learned from are no parts of their own. */
static int parts(bram_ctx *cx, bram_axis **out, const bram_benchmark *b, const bram_dataset *ds)
{
    const char *ending = bram_option_text(b->options, "training");
    bram_axis *all = NULL;
    size_t length = strlen(ending), mark = bram_scratch_mark(cx), used = 0;
    BRAM_TRY(bram_area_parts(cx, &all, b, ds));
    size_t n = bram_axis_length(all), *kept = bram_scratch(cx, n, sizeof *kept);
    for (size_t i = 0; kept && i < n; i++) {
        const char *id = bram_axis_id(all, i);
        size_t end = strlen(id);
        if (!length || end < length || strcmp(id + end - length, ending) != 0) kept[used++] = i;
    }
    int status = !kept  ? BRAM_ENOMEM
                 : used ? bram_axis_take(cx, out, all, kept, used)
                        : bram_fail(cx, BRAM_EABSENT,
                                    "dataset %s has only responses that are learned from (*%s)",
                                    b->dataset, ending);
    bram_axis_free(all);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- what is asked -------------------------------------------------------------------------- */

/* The stimuli with the fold that leaves each out (0: none does); of splits that overlap a column
 * for each split, 1 where the stimulus is tested. */
static int mark_folds(bram_ctx *cx, bram_demand *d, bram_encoding *e)
{
    size_t mark = bram_scratch_mark(cx);
    int64_t *fold = bram_scratch(cx, e->stimuli, sizeof *fold);
    int status = fold ? bram_encoding_cut(cx, e) : BRAM_ENOMEM;
    for (size_t f = 0; status == BRAM_OK && f < e->folds; f++) {
        char name[32];
        for (size_t i = 0; i < e->fold[f].tests; i++)
            fold[e->fold[f].test[i]] = e->rows.once ? (int64_t)f + 1 : 1;
        if (e->rows.once) continue;
        snprintf(name, sizeof name, "split%zu", f + 1);
        status = bram_axis_add_integer(cx, d->row, name, fold);
        memset(fold, 0, e->stimuli * sizeof *fold);
    }
    if (status == BRAM_OK && e->rows.once) status = bram_axis_add_integer(cx, d->row, "fold", fold);
    bram_scratch_release(cx, mark);
    return status;
}

static int demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b, const bram_dataset *ds,
                  const char *part)
{
    bram_encoding e = {.o = b->options};
    bram_demand d = {0};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_area_demand(cx, &d, b, ds, part));
    int status = bram_encoding_read(cx, &e, ds, part);
    if (status == BRAM_OK && e.joined) { /* features of what is learned from are wanted as well */
        bram_axis_free(d.row);
        d.row = NULL;
        status = bram_axis_copy(cx, &d.row, e.joined);
    }
    if (status == BRAM_OK) status = mark_folds(cx, &d, &e);
    if (status == BRAM_OK) d.unit = bram_axis_ref(e.area.unit), d.ask = BRAM_ASK_RESPOND;
    bram_encoding_release(&e);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

/* Stimuli and units of the part, with those that are only learned from. */
static int count(bram_ctx *cx, bram_area *a, size_t *bytes, const bram_cell *cell)
{
    const char *training = bram_option_text(cell->benchmark->options, "training");
    for (size_t k = 0; k < (*training ? 2u : 1u); k++) {
        char *id = bram_strf(cx, "%s%s", cell->part, k ? training : "");
        char *path = id ? bram_strf(cx, "responses/%s", id) : NULL;
        const bram_response *r = path ? bram_dataset_response(cell->dataset, path) : NULL;
        if (r) a->stimuli += bram_response_length(r, 0), a->units = bram_response_length(r, 1);
        if (r && k) *bytes += bram_area_bytes(cell->dataset, id);
        bool failed = !path;
        bram_free(path);
        bram_free(id);
        if (failed) return BRAM_ENOMEM;
    }
    return BRAM_OK;
}

/* What is fitted: the cell's model where it answers with responses, else the map of its features.
 */
static int fitted_model(bram_ctx *cx, const bram_model **model, bram_options **o,
                        const bram_cell *cell)
{
    BRAM_TRY(bram_model_parse(cx, model, o, NULL, cell->model));
    if ((*model)->answers & BRAM_ANSWERS(BRAM_ASK_RESPOND)) return BRAM_OK;
    bram_options_free(*o);
    return bram_model_parse(cx, model, o, NULL, bram_option_text(cell->benchmark->options, "map"));
}

static int memory(bram_ctx *cx, size_t *out, const bram_cell *cell)
{
    const bram_model *map;
    bram_options *o = NULL;
    bram_area a = {0};
    size_t total = bram_area_bytes(cell->dataset, cell->part);
    BRAM_TRY(count(cx, &a, &total, cell));
    size_t samples = (size_t)bram_option_integer(cell->benchmark->options, "samples");
    total += 64 * a.stimuli * a.units + 16 * samples * a.units;
    BRAM_TRY(fitted_model(cx, &map, &o, cell));
    size_t inputs = 0;
    for (size_t i = 0; i < bram_dataset_responses(cell->dataset); i++) {
        const char *at = bram_dataset_response_path(cell->dataset, i);
        const bram_response *set = bram_dataset_response(cell->dataset, at);
        if (strncmp(at, "stimuli/features/", 17) == 0 && bram_feature_width(set) > inputs)
            inputs = bram_feature_width(set);
    }
    size_t bytes, width;
    int status = bram_area_model_bytes(cx, &bytes, &width, cell->model, a.stimuli);
    if (width > inputs) inputs = width;
    total += bytes;
    if (map->memory) total += map->memory(o, a.stimuli, a.units, inputs);
    bram_options_free(o);
    if (status == BRAM_OK) *out = total;
    return status;
}

const bram_task bram_task_encoding = {
    .name = "encoding",
    .summary = "predict the responses of an area's units to new stimuli from features of them",
    .version = 5,
    .params = params,
    .asks = BRAM_ANSWERS(BRAM_ASK_FEATURES) | BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .parts = parts,
    .demand = demand,
    .memory = memory,
    .run = run,
};
