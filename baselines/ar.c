/*
 * ar.c - autoregression of every unit on its own last L values, ridge penalty, intercept free:
 *
 *   minimise sum over t of (y_t - c - sum over l of w_l y_{t-l})^2 + ridge |w|^2
 *
 * for each unit, over the rows whose target and L values before it are all present. Against var it
 * tells self-prediction from interaction. Inputs (inputs.h), where there are any, have as many lags
 * as the unit; in a free run they stay what they were at its start. Several lags or penalties: one
 * pair for all units, the one with the least one-step squared error on the validation data.
 * target=increment: y_t - y_{t-1} is regressed, see var.c.
 */
#include "forecast.h"
#include "linalg.h"

#include <bramble/parallel.h>

struct ar {
    bram_mat mean;      /* 1 x units: training means, for what is missing */
    bram_mat inputs;    /* 2 x inputs, see inputs.h */
    bram_mat intercept; /* 1 x units */
    bram_mat weights;   /* lags x units: row l is lag l + 1 */
    bram_mat drive;     /* lags inputs x units: weights of the inputs known with the lags */
    bram_mat variance;  /* 1 x units: of the residuals on the training rows */
};

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)cx;
    (void)steps; /* 1: the horizon */
    const struct ar *m = fitted;
    size_t units = m->mean.cols, inputs = m->inputs.cols;
    for (size_t i = 0; i < out->rows; i++) {
        double *to = bram_row(out, i);
        for (size_t j = 0; j < units; j++) to[j] = m->intercept.data[j];
        for (size_t l = 0; l < m->weights.rows; l++) {
            const double *from = bram_row(&lagged[l], i), *w = bram_row(&m->weights, l);
            for (size_t j = 0; j < units; j++) to[j] += w[j] * from[j];
            for (size_t k = 0; k < inputs; k++)
                for (size_t j = 0; j < units; j++)
                    to[j] += bram_row(&m->drive, l * inputs + k)[j] * from[units + k];
        }
        for (size_t k = 0; k < inputs; k++) to[units + k] = bram_row(&lagged[0], i)[units + k];
    }
    return BRAM_OK;
}

static bram_forecast view(const struct ar *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = m->weights.rows,
                           .horizon = 1,
                           .mean = m->mean.data,
                           .predict = predict,
                           .variance = m->variance.data,
                           .inputs = &m->inputs};
}

static const bram_state_part state[] = {
    {"mean", offsetof(struct ar, mean)},
    {"inputs", offsetof(struct ar, inputs)},
    {"drive", offsetof(struct ar, drive)},
    {"intercept", offsetof(struct ar, intercept)},
    {"variance", offsetof(struct ar, variance)},
    {"weights", offsetof(struct ar, weights)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- one unit ------------------------------------------------------------------------------- */

struct job {
    const bram_panel *train;
    double ridge;
    bool increments;
    struct ar *m;
};

/* Numbers that a unit is told from. */
static size_t sources_of(const struct ar *m)
{
    return m->weights.rows + m->drive.rows;
}

/* The target about the unit's training mean, its lags, and the inputs known with these. */
static void put_row(double *z, const struct job *job, size_t unit, const bram_segment *g,
                    const double *y, size_t t)
{
    size_t lags = job->m->weights.rows, inputs = job->m->inputs.cols;
    for (size_t a = 0; a <= lags; a++) z[a] = y[t - a] - job->m->mean.data[unit];
    for (size_t l = 0; l < lags && inputs; l++)
        bram_inputs_row(&job->m->inputs, z + 1 + lags + l * inputs, g, t - l);
}

/* Means of the target and what it is told from, or the products about them, over complete rows. */
static int accumulate(bram_ctx *cx, double *mean, bram_mat *products, const struct job *job,
                      size_t unit, size_t *rows)
{
    size_t lags = job->m->weights.rows, sources = sources_of(job->m), count = 0;
    double *z = bram_scratch(cx, sources + 1, sizeof *z);
    if (!z) return BRAM_ENOMEM;
    for (size_t s = 0; s < job->train->segments; s++) {
        const bram_segment *g = &job->train->segment[s];
        size_t mark = bram_scratch_mark(cx), *run;
        double *y;
        BRAM_TRY(bram_forecast_column(cx, &y, &run, g, unit));
        for (size_t t = g->first > lags ? g->first : lags; t < g->y.rows; t++) {
            if (run[t] <= lags) continue;
            count++;
            put_row(z, job, unit, g, y, t);
            for (size_t a = 0; a <= sources && !products; a++) mean[a] += z[a];
            for (size_t a = 1; a <= sources && products; a++)
                for (size_t b = 0; b <= a; b++)
                    bram_row(products, a - 1)[b] += (z[a] - mean[a]) * (z[b] - mean[b]);
        }
        bram_scratch_release(cx, mark);
    }
    *rows = count;
    return BRAM_OK;
}

/* products: row a - 1 holds in column b the product of sources a and b; column 0 is the target.
 * means are about the unit's training mean. */
static int solve(bram_ctx *cx, const struct job *job, size_t unit, const double *mean,
                 const bram_mat *products)
{
    struct ar *m = job->m;
    size_t lags = m->weights.rows, sources = sources_of(m);
    bram_mat gram = {products->data + 1, sources, sources, products->stride}, right;
    BRAM_TRY(bram_mat_scratch(cx, &right, sources, 1));
    bool constant = true;
    for (size_t a = 0; a < sources; a++) {
        constant = constant && (a >= lags || bram_row(&gram, a)[a] == 0);
        right.data[a] = bram_row(products, a)[0];
        bram_row(&gram, a)[a] += job->ridge;
    }
    if (job->increments) right.data[0] += job->ridge; /* the penalty pulls it to 1: copy */
    m->intercept.data[unit] = m->mean.data[unit] + mean[0];
    if (constant && !job->increments) return BRAM_OK; /* its weights stay 0 */
    if (constant) {                                   /* copy, whatever the penalty */
        bram_row(&m->weights, 0)[unit] = 1, m->intercept.data[unit] = 0;
        return BRAM_OK;
    }
    int status = bram_cholesky(cx, &gram);
    if (status == BRAM_OK) status = bram_cholesky_solve(cx, &gram, &right);
    if (status != BRAM_OK) return bram_fail_prefix(cx, status, "unit %zu", unit);
    for (size_t a = 0; a < sources; a++) {
        bool own = a < lags;
        bram_row(own ? &m->weights : &m->drive, own ? a : a - lags)[unit] = right.data[a];
        m->intercept.data[unit] -= right.data[a] * (mean[a + 1] + (own ? m->mean.data[unit] : 0));
    }
    return BRAM_OK;
}

static int fit_unit(bram_ctx *cx, size_t unit, void *user)
{
    const struct job *job = user;
    size_t sources = sources_of(job->m), rows;
    double *mean = bram_scratch(cx, sources + 1, sizeof *mean);
    bram_mat products;
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &products, sources, sources + 1));
    BRAM_TRY(accumulate(cx, mean, NULL, job, unit, &rows));
    for (size_t a = 0; a <= sources && rows; a++) mean[a] /= (double)rows;
    if (rows) BRAM_TRY(accumulate(cx, mean, &products, job, unit, &rows));
    return solve(cx, job, unit, mean, &products);
}

/* ---- the model ------------------------------------------------------------------------------ */

/* A fit with one number of lags and one penalty; borrows means and inputs. */
static int fit_one(bram_ctx *cx, struct ar *m, struct job job, size_t lags)
{
    job.m = m;
    BRAM_TRY(bram_mat_new(cx, &m->weights, lags, m->mean.cols));
    BRAM_TRY(bram_mat_new(cx, &m->drive, lags * m->inputs.cols, m->mean.cols));
    BRAM_TRY(bram_mat_new(cx, &m->intercept, 1, m->mean.cols));
    return bram_parallel_for(cx, m->mean.cols, fit_unit, &job);
}

static int try_one(bram_ctx *cx, struct ar *best, double *least, const struct job *job,
                   const bram_panel *validation, size_t lags)
{
    struct ar trial = {.mean = best->mean, .inputs = best->inputs};
    double error = 0;
    int status = fit_one(cx, &trial, *job, lags);
    if (status == BRAM_OK && validation) {
        bram_forecast f = view(&trial);
        status = bram_forecast_error(cx, &error, &f, validation);
    }
    if (status == BRAM_OK && (!best->weights.data || error < *least)) {
        struct ar last = *best;
        *best = trial;
        *least = error;
        trial = last;
    }
    bram_free(trial.weights.data);
    bram_free(trial.drive.data);
    bram_free(trial.intercept.data);
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
    struct ar *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    double least = 0;
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = bram_inputs_fit(cx, &m->inputs, train, 1);
    }
    struct job job = {train, 0, bram_option_is(o, "target", "increment"), NULL};
    for (size_t k = 0; k < n * ridges && status == BRAM_OK; k++) {
        job.ridge = ridge[k % ridges];
        status = try_one(cx, m, &least, &job, n * ridges > 1 ? validation : NULL,
                         (size_t)lags[k / ridges]);
    }
    if (status == BRAM_OK) {
        bram_forecast f = view(m);
        status = bram_forecast_variance(cx, &m->variance, &f, train);
    }
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* On the diagonal the sum of the weights over the lags, zero elsewhere. */
static int answer_weights(bram_ctx *cx, const struct ar *m, const bram_query *q, bram_dataset *out)
{
    size_t mark = bram_scratch_mark(cx);
    bram_mat sum;
    BRAM_TRY(bram_mat_scratch(cx, &sum, m->mean.cols, m->mean.cols));
    for (size_t l = 0; l < m->weights.rows; l++)
        for (size_t j = 0; j < sum.rows; j++) bram_row(&sum, j)[j] += bram_row(&m->weights, l)[j];
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
    const struct ar *m = loaded;
    size_t units = m->mean.cols;
    return units > 0 && m->mean.rows == 1 && m->intercept.rows == 1 && m->intercept.cols == units &&
           m->variance.rows == 1 && m->variance.cols == units && m->weights.cols == units &&
           m->weights.rows > 0 && m->inputs.rows == 2 &&
           m->drive.rows == m->weights.rows * m->inputs.cols && m->drive.cols == units;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct ar), state, fits, in);
}

static const bram_param params[] = {
    {"lags", BRAM_PARAM_INTEGERS, "5", NULL, 1, 1000,
     "values of history; several: chosen on validation"},
    {"ridge", BRAM_PARAM_REALS, "1", NULL, 0, 1e300,
     "penalty of the squared weights; several: chosen on validation"},
    {"target", BRAM_PARAM_CHOICE, "value", "value|increment", 0, 0,
     "increment: y_t - y_{t-1} is regressed, so that the penalty shrinks towards copy, not the "
     "mean"},
    {.name = NULL},
};

const bram_model bram_model_ar = {
    .name = "ar",
    .summary = "linear autoregression of each unit on its own history, ridge penalty",
    .source = "Luetkepohl 2005; ridge: Hoerl and Kennard 1970",
    .missing =
        "fits on rows without a missing value; in a forecast one counts as the training mean",
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
};
