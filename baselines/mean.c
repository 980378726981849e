/*
 * mean.c - every unit at its mean over the training rows: the zero of R2 and of bits per spike.
 */
#include "forecast.h"

#include <string.h>

/* The state is one matrix, 1 x units. */
static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)cx;
    (void)lagged;
    const bram_mat *mean = fitted;
    for (size_t h = 0; h < steps; h++)
        for (size_t i = 0; i < out[h].rows; i++)
            memcpy(bram_row(&out[h], i), mean->data, mean->cols * sizeof *mean->data);
    return BRAM_OK;
}

static bram_forecast view(const bram_mat *mean)
{
    return (bram_forecast){mean, mean->cols, 0, SIZE_MAX, mean->data, predict};
}

static void release(void *fitted)
{
    bram_mat *mean = fitted;
    if (mean) bram_free(mean->data);
    bram_free(mean);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)o;
    (void)validation;
    (void)seed;
    bram_mat *mean = bram_alloc(cx, 1, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    int status = bram_forecast_means(cx, &mean->data, train);
    if (status != BRAM_OK) {
        release(mean);
        return status;
    }
    mean->rows = 1;
    mean->cols = mean->stride = train->segment[0].y.cols;
    *fitted = mean;
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_put(cx, out, "mean", fitted);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    bram_mat *mean = bram_alloc(cx, 1, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    int status = bram_state_get(cx, mean, in, "mean");
    if (status == BRAM_OK && mean->rows != 1)
        status = bram_fail(cx, BRAM_EFORMAT, "state/mean has %zu rows, expected 1", mean->rows);
    if (status != BRAM_OK) {
        release(mean);
        return status;
    }
    *fitted = mean;
    return BRAM_OK;
}

const bram_model bram_model_mean = {
    .name = "mean",
    .summary = "mean of each unit over the training rows",
    .source = "textbook",
    .missing = "means are over present values; a unit never present in training is predicted as 0",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_TRIVIAL,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
