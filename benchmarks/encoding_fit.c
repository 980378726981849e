/*
 * encoding_fit.c - the fits of the task "encoding": in every fold a model sees the training stimuli
 * with their responses and predicts the tested ones; and the choice among the layers of a model.
 */
#include "encoding.h"
#include "layer_choice.h"
#include "linalg.h"

#include <string.h>

int bram_encoding_take(bram_ctx *cx, bram_mat *out, uint8_t **present, const bram_side *from,
                       const size_t *row, size_t rows)
{
    size_t cols = from->values.cols;
    BRAM_TRY(bram_mat_scratch(cx, out, rows, cols));
    *present = from->present ? bram_scratch(cx, rows * cols, 1) : NULL;
    if (from->present && !*present) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows && cols; i++) {
        memcpy(bram_row(out, i), bram_row(&from->values, row[i]), cols * sizeof(double));
        if (*present) memcpy(*present + i * cols, from->present + row[i] * cols, cols);
    }
    return BRAM_OK;
}

/* The training stimuli with their responses, or the test stimuli with the responses masked. */
static int make_segment(bram_ctx *cx, bram_segment *out, bram_axis **row, const bram_encoding *e,
                        const bram_fold *fold, bool test)
{
    const size_t *index = test ? fold->test : fold->train;
    size_t rows = test ? fold->tests : fold->trains;
    uint8_t *y_present, *x_present;
    *out = (bram_segment){.id = e->cell->part};
    BRAM_TRY(bram_encoding_take(cx, &out->y, &y_present, &e->target, index, rows));
    BRAM_TRY(bram_encoding_take(cx, &out->x, &x_present, &e->features, index, rows));
    if (test) {
        memset(out->y.data, 0, rows * out->y.cols * sizeof(double));
        if (y_present) memset(y_present, 0, rows * out->y.cols);
    }
    out->y_present = y_present;
    out->x_present = x_present;
    BRAM_TRY(bram_axis_take(cx, row, e->stimulus, index, rows));
    out->row = *row;
    return BRAM_OK;
}

/* Row i of the answer is row at[i] of the table. */
static int take_prediction(bram_ctx *cx, double *out, const bram_encoding *e, const bram_fold *fold,
                           const size_t *at, const bram_dataset *answer, const char *spec)
{
    const bram_response *mean = bram_dataset_response(answer, "mean");
    size_t units = e->area.units;
    if (!mean || bram_response_dims(mean) != 2 || bram_response_length(mean, 0) != fold->tests ||
        bram_response_length(mean, 1) != units)
        return bram_fail(cx, BRAM_ESHAPE, "%s does not answer with a response mean of %zu x %zu",
                         spec, fold->tests, units);
    uint8_t *present = bram_scratch(cx, units, 1);
    if (!present) return BRAM_ENOMEM;
    for (size_t i = 0; i < fold->tests; i++) {
        BRAM_TRY(bram_response_read(cx, mean, (size_t[]){i, 0}, (size_t[]){1, units},
                                    out + at[i] * units, present));
        for (size_t u = 0; u < units; u++)
            if (!present[u])
                return bram_fail(cx, BRAM_ENOTAPPLICABLE, "%s has no prediction for unit \"%s\"",
                                 spec, bram_axis_id(e->area.unit, u));
    }
    return BRAM_OK;
}

/* Where the model looked is kept, too, but for one of several layers. */
static int predict(bram_ctx *cx, double *out, bram_encoding *e, const bram_fold *fold,
                   const size_t *at, const bram_panel panel[2], const char *spec)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_new(cx, &f, spec, &panel[0], NULL, e->cell->seed));
    bram_query query = {.ask = BRAM_ASK_RESPOND, .panel = &panel[1]};
    int status = bram_fitted_answer(cx, &answer, f, &query);
    if (status == BRAM_OK) status = take_prediction(cx, out, e, fold, at, answer, spec);
    e->maps.unit = e->area.unit, e->maps.stimulus = e->stimulus;
    if (status == BRAM_OK && !e->layers) status = bram_readout_maps_add(cx, &e->maps, fold, answer);
    if (status == BRAM_OK && spec == e->spec && e->keep < e->folds)
        status = bram_encoding_keep(cx, &e->kept, answer, fold, at, e->keep);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    return status;
}

static int run_fold(bram_ctx *cx, bram_encoding *e, const bram_fold *fold, const size_t *at,
                    double *const prediction[BRAM_ENCODING_CONTESTANTS])
{
    bram_segment segment[2];
    bram_axis *row[2] = {NULL, NULL};
    bram_panel panel[2];
    int status = BRAM_OK;
    for (size_t k = 0; k < 2 && status == BRAM_OK; k++) {
        status = make_segment(cx, &segment[k], &row[k], e, fold, k == 1);
        panel[k] = (bram_panel){.unit = e->area.unit,
                                .input = e->input,
                                .public_data = e->cell->dataset,
                                .segment = &segment[k],
                                .segments = 1};
    }
    for (size_t c = 0; c < BRAM_ENCODING_CONTESTANTS && status == BRAM_OK; c++)
        status = predict(cx, prediction[c], e, fold, at, panel,
                         c == BRAM_ENCODING_MODEL ? e->spec : "mean");
    for (size_t k = 0; k < 2; k++) bram_axis_free(row[k]);
    return status;
}

/* ---- layers --------------------------------------------------------------------------------- */

/* A bram_layer_fn: layers are chosen where every stimulus is tested once, so that the table of
 * predictions is by stimulus. */
static int fit_layer(bram_ctx *cx, void *user, size_t layer, const bram_fold *fold,
                     double *prediction, double *blind)
{
    bram_encoding *e = user;
    bram_encoding_use_layer(e, layer);
    return run_fold(cx, e, fold, fold->test, (double *[]){prediction, blind});
}

/* Every layer on every fold, and in the place of the model's prediction the chosen one's. */
static int run_layers(bram_ctx *cx, bram_encoding *e, bram_dataset *result)
{
    size_t units = e->area.units, *chosen = bram_scratch(cx, e->folds, sizeof *chosen);
    double *inner = bram_scratch(cx, e->folds, e->layers * sizeof *inner);
    if (!chosen || !inner) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->layers; k++) {
        e->layer[k].prediction = bram_scratch(cx, e->stimuli, units * sizeof(double));
        if (!e->layer[k].prediction) return BRAM_ENOMEM;
    }
    bram_layer_problem p = {.target = &e->target.values,
                            .present = e->target.present,
                            .fold = e->fold,
                            .folds = e->folds,
                            .layers = e->layers,
                            .predict = fit_layer,
                            .user = e};
    BRAM_TRY(bram_layers_choose(cx, chosen, inner, &p));
    for (size_t f = 0; f < e->folds; f++) {
        for (size_t k = 0; k < e->layers; k++) {
            e->keep = k == chosen[f] ? f : SIZE_MAX;
            BRAM_TRY(fit_layer(cx, e, k, &e->fold[f], e->layer[k].prediction,
                               e->prediction[BRAM_ENCODING_BLIND]));
        }
        for (size_t i = 0; i < e->fold[f].tests; i++) {
            size_t at = e->fold[f].test[i] * units;
            memcpy(e->prediction[BRAM_ENCODING_MODEL] + at, e->layer[chosen[f]].prediction + at,
                   units * sizeof(double));
        }
        bram_ctx_progress(cx, "folds", (double)f + 1, (double)e->folds);
    }
    const char **name = bram_scratch(cx, e->layers, sizeof *name);
    if (!name) return BRAM_ENOMEM;
    for (size_t k = 0; k < e->layers; k++) name[k] = e->layer[k].name;
    return bram_layers_keep(cx, result, name, e->layers, e->folds, chosen, inner);
}

int bram_encoding_predict(bram_ctx *cx, bram_encoding *e, bram_dataset *result)
{
    e->kept.rows = e->rows.count, e->kept.units = e->area.units, e->kept.folds = e->folds;
    e->keep = SIZE_MAX;
    for (size_t c = 0; c < BRAM_ENCODING_CONTESTANTS; c++) {
        e->prediction[c] = bram_scratch(cx, e->rows.count, e->area.units * sizeof(double));
        if (!e->prediction[c]) return BRAM_ENOMEM;
    }
    if (e->layers && !(e->rows.once && e->rows.all))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%s has %zu layers (%s, %s ...): name one, as they are chosen where every "
                         "stimulus is tested in one fold",
                         e->cell->model, e->layers, e->layer[0].name, e->layer[1].name);
    if (e->layers) return run_layers(cx, e, result);
    for (size_t f = 0; f < e->folds; f++) {
        size_t mark = bram_scratch_mark(cx);
        e->keep = f;
        int status = run_fold(cx, e, &e->fold[f], e->rows.at[f], e->prediction);
        bram_scratch_release(cx, mark);
        if (status != BRAM_OK) return bram_fail_prefix(cx, status, "fold %zu", f + 1);
        bram_ctx_progress(cx, "folds", (double)f + 1, (double)e->folds);
    }
    return BRAM_OK;
}
