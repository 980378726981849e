/*
 * mean.c - every unit at its mean over the training rows: the zero of R2 and of bits per spike.
 */
#include "forecast.h"

#include <string.h>

struct mean {
    bram_mat mean, variance; /* 1 x units */
};

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)cx;
    (void)lagged;
    const bram_mat *mean = &((const struct mean *)fitted)->mean;
    for (size_t h = 0; h < steps; h++)
        for (size_t i = 0; i < out[h].rows; i++)
            memcpy(bram_row(&out[h], i), mean->data, mean->cols * sizeof *mean->data);
    return BRAM_OK;
}

static bram_forecast view(const struct mean *m)
{
    return (bram_forecast){m, m->mean.cols, 0, SIZE_MAX, m->mean.data, predict, m->variance.data};
}

static const bram_state_part state[] = {
    {"mean", offsetof(struct mean, mean)},
    {"variance", offsetof(struct mean, variance)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)o;
    (void)validation;
    (void)seed;
    struct mean *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        bram_forecast f = view(m);
        status = bram_forecast_variance(cx, &m->variance, &f, train);
    }
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    bram_query step = *query;
    if (step.ask == BRAM_ASK_RESPOND || step.ask == BRAM_ASK_COSMOOTH)
        step.ask = BRAM_ASK_STEP; /* blind to input and past alike */
    return bram_forecast_answer(cx, &f, &step, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct mean *m = loaded;
    return m->mean.rows == 1 && m->variance.rows == 1 && m->variance.cols == m->mean.cols;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct mean), state, fits, in);
}

const bram_model bram_model_mean = {
    .name = "mean",
    .summary = "mean of each unit over the training rows",
    .source = "textbook",
    .missing = "means are over present values; a unit never present in training is predicted as 0",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_RESPOND) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .flags = BRAM_MODEL_TRIVIAL,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
