/*
 * layer_choice.c - see layer_choice.h.
 */
#include "layer_choice.h"

#include "stats.h"

#include <math.h>
#include <string.h>

/* The training stimuli of `fold` that are no test stimuli of `other`, and these. */
static int inner_fold(bram_ctx *cx, bram_fold *out, const bram_fold *fold, const bram_fold *other,
                      size_t stimuli)
{
    bool *left_out = bram_scratch(cx, stimuli, sizeof *left_out);
    size_t *train = bram_scratch(cx, fold->trains, sizeof *train), n = 0;
    if (!left_out || !train) return BRAM_ENOMEM;
    for (size_t i = 0; i < other->tests; i++) left_out[other->test[i]] = true;
    for (size_t i = 0; i < fold->trains; i++)
        if (!left_out[fold->train[i]]) train[n++] = fold->train[i];
    *out = *other;
    out->train = train;
    out->trains = n;
    return BRAM_OK;
}

/* r of one unit over the training stimuli of a fold, relative to the training means. */
static double correlation(const bram_layer_problem *p, const bram_fold *fold, size_t unit,
                          const double *prediction, const double *blind, double *x, double *y)
{
    size_t n = 0, units = p->target->cols;
    for (size_t i = 0; i < fold->trains; i++) {
        size_t at = fold->train[i] * units + unit;
        if (p->present && !p->present[at]) continue;
        x[n] = prediction[at] - blind[at];
        y[n++] = bram_row(p->target, fold->train[i])[unit] - blind[at];
    }
    double r = n > 1 ? bram_pearson(x, y, n) : (double)NAN;
    return isnan(r) ? 0 : r;
}

static int score_layer(bram_ctx *cx, double *score, const bram_layer_problem *p, size_t f,
                       size_t layer)
{
    size_t stimuli = p->target->rows, units = p->target->cols;
    double *prediction = bram_scratch(cx, stimuli, units * sizeof *prediction);
    double *blind = bram_scratch(cx, stimuli, units * sizeof *blind);
    double *x = bram_scratch(cx, stimuli, 2 * sizeof *x), sum = 0;
    if (!prediction || !blind || !x) return BRAM_ENOMEM;
    for (size_t g = 0; g < p->folds; g++) {
        bram_fold inner;
        size_t mark = bram_scratch_mark(cx);
        if (g == f) continue;
        BRAM_TRY(inner_fold(cx, &inner, &p->fold[f], &p->fold[g], stimuli));
        BRAM_TRY(p->predict(cx, p->user, layer, &inner, prediction, blind));
        bram_scratch_release(cx, mark);
    }
    for (size_t u = 0; u < units; u++)
        sum += correlation(p, &p->fold[f], u, prediction, blind, x, x + stimuli);
    *score = units ? sum / (double)units : 0;
    return BRAM_OK;
}

int bram_layers_choose(bram_ctx *cx, size_t *chosen, double *inner, const bram_layer_problem *p)
{
    if (p->folds < 3)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "found %zu folds, expected 3 or more to choose among %zu layers", p->folds,
                         p->layers);
    for (size_t f = 0; f < p->folds; f++) {
        chosen[f] = 0;
        for (size_t k = 0; k < p->layers; k++) {
            double *score = &inner[f * p->layers + k];
            size_t mark = bram_scratch_mark(cx);
            BRAM_TRY(score_layer(cx, score, p, f, k));
            bram_scratch_release(cx, mark);
            if (*score > inner[f * p->layers + chosen[f]]) chosen[f] = k;
        }
    }
    return BRAM_OK;
}

int bram_layers_keep(bram_ctx *cx, bram_dataset *result, const char *const *name, size_t layers,
                     size_t folds, const size_t *chosen, const double *inner)
{
    bram_axis *fold = NULL, *layer = NULL;
    bram_response *r[2] = {NULL, NULL};
    int status = bram_axis_new(cx, &fold, "fold", folds);
    if (status == BRAM_OK) status = bram_axis_new(cx, &layer, "layer", layers);
    if (status == BRAM_OK) status = bram_axis_set_ids(cx, layer, name);
    for (size_t i = 0; i < 2 && status == BRAM_OK; i++)
        status = bram_response_new(cx, &r[i], i ? "chosen" : "inner", BRAM_F64, 2,
                                   (const bram_axis *[]){fold, layer});
    bram_axis_free(fold);
    bram_axis_free(layer);
    if (status == BRAM_OK) {
        memcpy(bram_response_f64(r[0]), inner, folds * layers * sizeof *inner);
        for (size_t f = 0; f < folds; f++) bram_response_f64(r[1])[f * layers + chosen[f]] = 1;
    }
    if (status == BRAM_OK) status = bram_dataset_add(cx, result, "layers", r[0]), r[0] = NULL;
    if (status == BRAM_OK) status = bram_dataset_add(cx, result, "layers", r[1]), r[1] = NULL;
    bram_response_free(r[0]);
    bram_response_free(r[1]);
    return status;
}
