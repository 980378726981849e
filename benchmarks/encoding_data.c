/*
 * encoding_data.c - what the task "encoding" predicts and from what: responses of an area, those of
 * stimuli that are only learned from, features of all of them, and the folds.
 */
#include "encoding.h"

#include "linalg.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void bram_encoding_release(bram_encoding *e)
{
    bram_scores_free(e->scores);
    bram_readout_maps_release(&e->maps);
    bram_dataset_free(e->answer);
    bram_axis_free(e->input);
    bram_axis_free(e->joined);
    bram_free(e->fold);
    bram_encoding_kept_release(&e->kept);
    bram_area_release(&e->area);
}

/* ---- responses ------------------------------------------------------------------------------ */

/* The column of two axes, one after the other; where one lacks it, its part is missing. */
static int join_column(bram_ctx *cx, bram_axis *out, const bram_column *like, const bram_axis *a,
                       const bram_axis *b)
{
    size_t n = bram_axis_length(a), all = bram_axis_length(out), mark = bram_scratch_mark(cx);
    const char **text = bram_scratch(cx, all, sizeof *text);
    double *number = bram_scratch(cx, all, sizeof *number);
    if (!text || !number) return BRAM_ENOMEM;
    for (size_t i = 0; i < all; i++) {
        const bram_column *c = bram_axis_column(i < n ? a : b, like->name);
        size_t at = i < n ? i : i - n;
        bool there = c && c->type == like->type;
        text[i] = there && c->type == BRAM_TEXT ? c->text[at] : "";
        number[i] = !there                    ? (double)NAN
                    : c->type == BRAM_NUMBER  ? c->number[at]
                    : c->type == BRAM_INTEGER ? (double)c->integer[at]
                                              : (double)NAN;
    }
    int status = like->type == BRAM_TEXT
                     ? bram_axis_add_text(cx, out, like->name, text)
                     : bram_axis_add_number(cx, out, like->name, number, like->unit);
    bram_scratch_release(cx, mark);
    return status;
}

static int join_axes(bram_ctx *cx, bram_axis **out, const bram_axis *a, const bram_axis *b)
{
    size_t n = bram_axis_length(a), more = bram_axis_length(b), mark = bram_scratch_mark(cx);
    bram_axis *axis = NULL;
    const char **id = bram_scratch(cx, n + more, sizeof *id);
    int status = id ? bram_axis_new(cx, &axis, "stimulus", n + more) : BRAM_ENOMEM;
    for (size_t i = 0; id && i < n + more; i++)
        id[i] = i < n ? bram_axis_id(a, i) : bram_axis_id(b, i - n);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, axis, id);
    bram_scratch_release(cx, mark);
    for (size_t k = 0; status == BRAM_OK && k < bram_axis_columns(a); k++)
        status = join_column(cx, axis, bram_axis_column_at(a, k), a, b);
    for (size_t k = 0; status == BRAM_OK && k < bram_axis_columns(b); k++)
        if (!bram_axis_column(axis, bram_axis_column_at(b, k)->name))
            status = join_column(cx, axis, bram_axis_column_at(b, k), a, b);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

/* Of the stimuli that are only learned from, those that are not tested as well. */
static int keep_untested(bram_ctx *cx, size_t **row, size_t *count, const bram_encoding *e,
                         const bram_area *training)
{
    *row = bram_scratch(cx, training->stimuli, sizeof **row);
    *count = 0;
    if (!*row) return BRAM_ENOMEM;
    for (size_t i = 0; i < training->stimuli; i++)
        if (bram_axis_find(e->area.stimulus, bram_axis_id(training->stimulus, i)) < 0)
            (*row)[(*count)++] = i;
    if (*count < training->stimuli)
        bram_note(cx, "%zu stimuli to learn from are tested as well: they are left out of training",
                  training->stimuli - *count);
    return BRAM_OK;
}

static int check_units(bram_ctx *cx, const bram_encoding *e, const bram_area *training,
                       const char *id)
{
    bool same = training->units == e->area.units;
    for (size_t u = 0; same && u < training->units; u++)
        same = strcmp(bram_axis_id(training->unit, u), bram_axis_id(e->area.unit, u)) == 0;
    if (same) return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has other units than the part", id);
}

/* Means of both responses, one below the other. */
static int join(bram_ctx *cx, bram_encoding *e, const bram_area *training)
{
    bram_side more, all = e->target;
    size_t *row, count, units = e->area.units, n = e->area.stimuli;
    bram_axis *kept = NULL;
    BRAM_TRY(keep_untested(cx, &row, &count, e, training));
    BRAM_TRY(bram_axis_take(cx, &kept, training->stimulus, row, count));
    int status = join_axes(cx, &e->joined, e->area.stimulus, kept);
    bram_axis_free(kept);
    BRAM_TRY(status);
    BRAM_TRY(bram_area_mean(cx, &more, training));
    BRAM_TRY(bram_mat_scratch(cx, &all.values, n + count, units));
    uint8_t *present = bram_scratch(cx, n + count, units);
    if (!present) return BRAM_ENOMEM;
    memcpy(all.values.data, e->target.values.data, n * units * sizeof(double));
    memcpy(present, e->target.present, n * units);
    for (size_t i = 0; i < count; i++) {
        memcpy(bram_row(&all.values, n + i), bram_row(&more.values, row[i]),
               units * sizeof(double));
        memcpy(present + (n + i) * units, more.present + row[i] * units, units);
    }
    all.present = present;
    all.row = e->joined;
    e->target = all;
    e->stimulus = e->joined;
    e->stimuli = n + count;
    return BRAM_OK;
}

static int add_training(bram_ctx *cx, bram_encoding *e, const bram_dataset *ds, const char *part,
                        const char *ending)
{
    bram_area training = {0};
    char *id = bram_strf(cx, "%s%s", part, ending);
    if (!id) return BRAM_ENOMEM;
    int status = bram_area_read(cx, &training, ds, id);
    if (status == BRAM_OK) status = check_units(cx, e, &training, id);
    if (status == BRAM_OK) status = join(cx, e, &training);
    bram_area_release(&training);
    bram_free(id);
    return status;
}

int bram_encoding_read(bram_ctx *cx, bram_encoding *e, const bram_dataset *ds, const char *part)
{
    const char *training = bram_option_text(e->o, "training");
    if (*training && !bram_option_is(e->o, "split", "set"))
        return bram_fail(cx, BRAM_EUSAGE, "training goes with split=set");
    BRAM_TRY(bram_area_read(cx, &e->area, ds, part));
    if (e->area.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s holds dissimilarity matrices, not responses",
                         part);
    BRAM_TRY(bram_area_mean(cx, &e->target, &e->area));
    e->stimulus = e->area.stimulus;
    e->stimuli = e->area.stimuli;
    return *training ? add_training(cx, e, ds, part, training) : BRAM_OK;
}

/* ---- features ------------------------------------------------------------------------------- */

void bram_encoding_use_layer(bram_encoding *e, size_t layer)
{
    e->features = e->layer[layer].features;
    bram_axis_free(e->input);
    e->input = bram_axis_ref(e->features.column);
}

static int take_layers(bram_ctx *cx, bram_encoding *e, size_t n)
{
    e->layer = bram_scratch(cx, n, sizeof *e->layer);
    if (!e->layer) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) {
        bram_encoding_layer *l = &e->layer[k];
        const bram_response *r = bram_dataset_response(e->answer,
                                                       bram_dataset_response_path(e->answer, k));
        l->name = bram_response_name(r);
        BRAM_TRY(bram_area_layer(cx, &l->features, r, e->stimulus));
        if (l->features.is_rdm)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "%s is a dissimilarity matrix: responses cannot be predicted from it",
                             l->name);
    }
    e->layers = n;
    bram_encoding_use_layer(e, 0);
    return BRAM_OK;
}

/* The layers side by side, as the spaces of one input. */
static int join_layers(bram_ctx *cx, bram_encoding *e)
{
    bram_side *space = bram_scratch(cx, e->layers, sizeof *space);
    const char **name = bram_scratch(cx, e->layers, sizeof *name);
    if (!space || !name) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->layers; k++)
        space[k] = e->layer[k].features, name[k] = e->layer[k].name;
    bram_axis_free(e->input);
    e->input = NULL;
    BRAM_TRY(bram_encoding_join(cx, &e->features, &e->input, space, name, e->layers));
    BRAM_TRY(bram_encoding_expect_spaces(cx, &e->kept, name, e->layers));
    e->layers = 0;
    return BRAM_OK;
}

static bool takes_spaces(bram_ctx *cx, const char *spec)
{
    const bram_model *model = NULL;
    int status = bram_model_parse(cx, &model, NULL, NULL, spec);
    return status == BRAM_OK && model->flags & BRAM_MODEL_SPACES;
}

static int ask_features(bram_ctx *cx, bram_encoding *e, const char *spec)
{
    bram_panel panel = {.public_data = e->cell->dataset};
    bram_query query = {.ask = BRAM_ASK_FEATURES, .panel = &panel, .stimulus = e->stimulus};
    bram_fitted *f = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, spec, &panel, NULL, e->cell->seed));
    int status = bram_fitted_answer(cx, &e->answer, f, &query);
    bram_fitted_free(f);
    BRAM_TRY(status);
    size_t n = bram_dataset_responses(e->answer);
    if (n > 1) BRAM_TRY(take_layers(cx, e, n));
    if (n > 1 && takes_spaces(cx, e->spec)) return join_layers(cx, e);
    if (n == 1)
        BRAM_TRY(bram_area_layer(
            cx, &e->features,
            bram_dataset_response(e->answer, bram_dataset_response_path(e->answer, 0)),
            e->stimulus));
    if (n == 0) return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no features", spec);
    if (e->features.is_rdm)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s is a dissimilarity matrix: responses cannot be predicted from it",
                         spec);
    bram_axis_free(e->input);
    e->input = bram_axis_ref(e->features.column);
    return BRAM_OK;
}

/* The responses that are to be predicted are no features: area:name=PART is refused for PART. */
static int refuse_itself(bram_ctx *cx, const bram_encoding *e, const bram_model *model,
                         const bram_options *o)
{
    if (strcmp(model->name, "area") != 0 || strcmp(bram_option_text(o, "name"), e->cell->part) != 0)
        return BRAM_OK;
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s is not predicted from itself", e->cell->part);
}

int bram_encoding_choose_input(bram_ctx *cx, bram_encoding *e)
{
    const bram_model *model;
    bram_options *given = NULL;
    const char *set = bram_option_text(e->o, "features");
    BRAM_TRY(bram_model_parse(cx, &model, &given, NULL, e->cell->model));
    int refused = refuse_itself(cx, e, model, given);
    bram_options_free(given);
    BRAM_TRY(refused);
    e->from_features = !(model->answers & BRAM_ANSWERS(BRAM_ASK_RESPOND));
    e->spec = e->from_features ? bram_option_text(e->o, "map") : e->cell->model;
    if (e->from_features) return ask_features(cx, e, e->cell->model);
    e->features = (bram_side){.values = {NULL, e->stimuli, 0, 0}};
    if (!*set) return BRAM_OK;
    char *spec = bram_strf(cx, "features:name=%s", set);
    if (!spec) return BRAM_ENOMEM;
    int status = ask_features(cx, e, spec);
    bram_free(spec);
    return status;
}

/* ---- folds ---------------------------------------------------------------------------------- */

static bram_split_scheme scheme_of(const bram_options *o)
{
    return bram_option_is(o, "split", "random")    ? BRAM_SPLIT_RANDOM
           : bram_option_is(o, "split", "ordered") ? BRAM_SPLIT_ORDERED
           : bram_option_is(o, "split", "shuffle") ? BRAM_SPLIT_SHUFFLE
           : bram_option_is(o, "split", "set")     ? BRAM_SPLIT_SET
                                                   : BRAM_SPLIT_FILE;
}

struct test {
    size_t stimulus, fold, place;
};

static int by_stimulus(const void *a, const void *b)
{
    const struct test *x = a, *y = b;
    if (x->stimulus != y->stimulus) return x->stimulus < y->stimulus ? -1 : 1;
    return (x->fold > y->fold) - (x->fold < y->fold);
}

/* The table of predictions: tests of all folds by stimulus. */
static int number_rows(bram_ctx *cx, bram_encoding *e)
{
    bram_encoding_rows *r = &e->rows;
    *r = (bram_encoding_rows){.once = true};
    for (size_t f = 0; f < e->folds; f++) r->count += e->fold[f].tests;
    struct test *test = bram_scratch(cx, r->count, sizeof *test);
    r->at = bram_scratch(cx, e->folds, sizeof *r->at);
    r->stimulus = bram_scratch(cx, r->count, sizeof *r->stimulus);
    r->draw_of = bram_scratch(cx, r->count, sizeof *r->draw_of);
    if (!test || !r->at || !r->stimulus || !r->draw_of) return BRAM_ENOMEM;
    for (size_t f = 0, k = 0; f < e->folds; f++) {
        if (!(r->at[f] = bram_scratch(cx, e->fold[f].tests, sizeof **r->at))) return BRAM_ENOMEM;
        for (size_t i = 0; i < e->fold[f].tests; i++)
            test[k++] = (struct test){e->fold[f].test[i], f, i};
    }
    qsort(test, r->count, sizeof *test, by_stimulus);
    for (size_t k = 0; k < r->count; k++) {
        bool again = k && test[k].stimulus == test[k - 1].stimulus;
        r->at[test[k].fold][test[k].place] = k;
        r->stimulus[k] = test[k].stimulus;
        r->tested += !again;
        r->once = r->once && !again;
        r->draw_of[k] = (uint32_t)(r->tested - 1);
    }
    r->all = r->tested == e->stimuli;
    return BRAM_OK;
}

int bram_encoding_cut(bram_ctx *cx, bram_encoding *e)
{
    const bram_options *o = e->o;
    bram_stimulus_split s = {.scheme = scheme_of(o),
                             .folds = (size_t)bram_option_integer(o, "folds"),
                             .seed = (uint64_t)bram_option_integer(o, "seed"),
                             .group = bram_option_text(o, "group"),
                             .stratify = bram_option_text(o, "stratify"),
                             .gap = (size_t)bram_option_integer(o, "gap"),
                             .train_share = bram_option_real(o, "train_share"),
                             .train_sets = bram_option_text(o, "train_sets"),
                             .test_sets = bram_option_text(o, "test_sets"),
                             .testable = e->joined ? e->area.stimuli : 0,
                             .file = bram_option_text(o, "file"),
                             .leaks = bram_option_is(o, "leaks", "allow")};
    if (s.gap && s.scheme != BRAM_SPLIT_ORDERED)
        return bram_fail(cx, BRAM_EUSAGE, "gap goes with split=ordered");
    if (*s.file && s.scheme != BRAM_SPLIT_FILE)
        return bram_fail(cx, BRAM_EUSAGE, "file goes with split=file");
    if ((*s.train_sets || *s.test_sets) && s.scheme != BRAM_SPLIT_SET)
        return bram_fail(cx, BRAM_EUSAGE, "train_sets and test_sets go with split=set");
    BRAM_TRY(bram_stimulus_folds(cx, &e->fold, &e->folds, e->stimulus, &s));
    return number_rows(cx, e);
}
