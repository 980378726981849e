/*
 * var.c - vector autoregression with a ridge penalty: every unit from the last L rows of all units.
 *
 * The normal equations come from core/lag_gram.h (no design matrix), one Cholesky factor for each
 * penalty. Several lags or penalties: the pair with the least one-step squared error on the
 * validation data, over all units; equal errors go to the earlier pair. Not fitted again on
 * training and validation together.
 *
 * Inputs (inputs.h) are further columns of the history, as wide on the whole as the units, so that
 * the penalty treats them alike; the same regression tells how they go on in a free run.
 *
 * With target=increment y_t - y_{t-1} is regressed on the same history. Without a penalty that is
 * the same model; with one, what it shrinks to is `copy` instead of the mean: fairer where
 * recordings drift, as then no mean holds.
 */
#include "forecast.h"
#include "lag_gram.h"
#include "linalg.h"

#include <string.h>

struct var {
    bram_mat mean;      /* 1 x units: training means, for what is missing */
    bram_mat inputs;    /* 2 x inputs, see inputs.h */
    bram_mat intercept; /* 1 x columns: units, then inputs */
    bram_mat weights;   /* lags columns x columns, see lag_gram.h */
    bram_mat variance;  /* 1 x units: of the residuals on the training rows */
};

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)steps; /* 1: the horizon */
    const struct var *m = fitted;
    return bram_lag_predict(cx, out, lagged, &m->weights, m->intercept.data);
}

static size_t columns_of(const struct var *m)
{
    return m->mean.cols + m->inputs.cols;
}

static bram_forecast view(const struct var *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = m->weights.rows / columns_of(m),
                           .horizon = 1,
                           .mean = m->mean.data,
                           .predict = predict,
                           .variance = m->variance.data,
                           .inputs = &m->inputs};
}

static const bram_state_part state[] = {
    {"mean", offsetof(struct var, mean)},           {"inputs", offsetof(struct var, inputs)},
    {"intercept", offsetof(struct var, intercept)}, {"variance", offsetof(struct var, variance)},
    {"weights", offsetof(struct var, weights)},     {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* What the search over lags and penalties works on; best_ is the best so far. */
struct search {
    const bram_panel *train, *validation; /* validation NULL: a single candidate */
    const double *ridge;
    size_t ridges;
    bool increments;
    struct var *best;
    double least;
    bool found;
};

static void swap(bram_mat *a, bram_mat *b)
{
    bram_mat c = *a;
    *a = *b;
    *b = c;
}

/* All penalties for one number of lags; `trial` borrows means and inputs of the best. */
static int try_penalties(bram_ctx *cx, struct search *s, struct var *trial, bram_lag_gram *g)
{
    for (size_t k = 0; k < s->ridges; k++) {
        double error = 0;
        BRAM_TRY(bram_lag_gram_solve(cx, &trial->weights, trial->intercept.data, g, s->ridge[k],
                                     s->increments));
        if (s->validation) {
            bram_forecast f = view(trial);
            BRAM_TRY(bram_forecast_error(cx, &error, &f, s->validation));
        }
        if (s->found && error >= s->least) continue;
        s->found = true;
        s->least = error;
        swap(&s->best->intercept, &trial->intercept);
        swap(&s->best->weights, &trial->weights);
        size_t columns = columns_of(trial), side = g->lags * columns;
        if (trial->weights.rows == side) continue;
        bram_free(trial->weights.data); /* what came back has the shape of other lags */
        trial->weights.data = NULL;
        BRAM_TRY(bram_mat_new(cx, &trial->weights, side, columns));
        if (!trial->intercept.data) BRAM_TRY(bram_mat_new(cx, &trial->intercept, 1, columns));
    }
    return BRAM_OK;
}

static int try_lags(bram_ctx *cx, struct search *s, size_t lags)
{
    size_t mark = bram_scratch_mark(cx), *first, columns = columns_of(s->best);
    bram_mat *segments;
    bram_lag_gram *g = NULL;
    struct var trial = {.mean = s->best->mean, .inputs = s->best->inputs};
    int status = bram_forecast_segments(cx, &segments, &first, s->train, s->best->mean.data);
    if (status == BRAM_OK) status = bram_inputs_join(cx, segments, s->train, &s->best->inputs);
    if (status == BRAM_OK)
        status = bram_lag_gram_new(cx, &g, segments, first, s->train->segments, lags);
    if (status == BRAM_OK) status = bram_mat_new(cx, &trial.weights, lags * columns, columns);
    if (status == BRAM_OK) status = bram_mat_new(cx, &trial.intercept, 1, columns);
    if (status == BRAM_OK) status = try_penalties(cx, s, &trial, g);
    bram_free(trial.weights.data);
    bram_free(trial.intercept.data);
    bram_lag_gram_free(g);
    bram_scratch_release(cx, mark);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    size_t n, ridges;
    const int64_t *lags = bram_option_integers(o, "lags", &n);
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    BRAM_TRY(bram_forecast_check_choice(cx, n * ridges, validation));
    struct var *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    struct search s = {train,
                       n * ridges > 1 ? validation : NULL,
                       ridge,
                       ridges,
                       bram_option_is(o, "target", "increment"),
                       m,
                       0,
                       false};
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = bram_inputs_fit(cx, &m->inputs, train, bram_inputs_spread(train, m->mean.data));
    }
    for (size_t k = 0; k < n && status == BRAM_OK; k++) status = try_lags(cx, &s, (size_t)lags[k]);
    if (status == BRAM_OK) {
        bram_forecast f = view(m);
        status = bram_forecast_variance(cx, &m->variance, &f, train);
    }
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* Influence of unit j on unit i: the sum of its weights over the lags. */
static int answer_weights(bram_ctx *cx, const struct var *m, const bram_query *q, bram_dataset *out)
{
    size_t units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_mat sum;
    BRAM_TRY(bram_mat_scratch(cx, &sum, units, units));
    for (size_t r = 0; r < m->weights.rows; r++)
        for (size_t i = 0; i < units && r % columns_of(m) < units; i++)
            bram_row(&sum, r % columns_of(m))[i] += bram_row(&m->weights, r)[i];
    int status = bram_forecast_weights(cx, out, q->panel->unit, &sum);
    bram_scratch_release(cx, mark);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    if (query->ask == BRAM_ASK_WEIGHTS) return answer_weights(cx, fitted, query, out);
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct var *m = loaded;
    size_t units = m->mean.cols, columns = columns_of(m);
    return units > 0 && m->mean.rows == 1 && m->inputs.rows == 2 && m->intercept.rows == 1 &&
           m->intercept.cols == columns && m->variance.rows == 1 && m->variance.cols == units &&
           m->weights.cols == columns && m->weights.rows % columns == 0 && m->weights.rows > 0;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct var), state, fits, in);
}

/* The normal equations and two sets of weights. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)rows;
    units += inputs;
    size_t n, most = 0;
    const int64_t *lags = bram_option_integers(o, "lags", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)lags[k] > most) most = (size_t)lags[k];
    double weights = (double)most * (double)units * (double)units;
    double bytes = bram_lag_gram_bytes(most, units) + 8 * 2 * weights;
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"lags", BRAM_PARAM_INTEGERS, "1+3+5", NULL, 1, 1000,
     "rows of history; several: chosen on validation"},
    {"ridge", BRAM_PARAM_REALS, "1+10+100+1000+10000+100000", NULL, 0, 1e300,
     "penalty of the squared weights; several: chosen on validation"},
    {"target", BRAM_PARAM_CHOICE, "value", "value|increment", 0, 0,
     "increment: y_t - y_{t-1} is regressed, so that the penalty shrinks towards copy, not the "
     "mean"},
    {.name = NULL},
};

const bram_model bram_model_var = {
    .name = "var",
    .summary = "linear autoregression of all units on the history of all, ridge penalty",
    .source = "Luetkepohl 2005; ridge: Hoerl and Kennard 1970",
    .missing = "missing values count as the training mean of their unit, as inputs and as targets",
    .version = 3,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
