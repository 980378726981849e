/*
 * pca_ar.c - principal components and a vector autoregression of their scores:
 *
 *   s_t = V (y_t - mean), V the leading components of the training rows
 *   s_t = c + sum over l of A_l s_{t-l}, ridge penalty (core/lag_gram.h)
 *   y_t = mean + V' s_t
 *
 * Inputs (inputs.h) are further columns of s, as wide as the units are on the mean; the same
 * regression tells how they go on in a free run. What lies outside the components is forecast at
 * its mean. Several components, lags or penalties: those with the least one-step squared error on
 * the validation data.
 */
#include "components.h"
#include "forecast.h"
#include "lag_gram.h"

#include <math.h>
#include <string.h>

enum { MOST_LAGS = 50 };

struct pca_ar {
    bram_mat mean;       /* 1 x units: training means, for what is missing */
    bram_mat inputs;     /* 2 x inputs, see inputs.h */
    bram_mat components; /* D x units, orthonormal rows */
    bram_mat weights;    /* lags S x S: row l S + j, column i is of j, lag l + 1, on i; S: D scores,
                            then inputs */
    bram_mat intercept;  /* 1 x S */
    bram_mat variance;   /* 1 x units: of the residuals on the training rows */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct pca_ar, mean)},
    {"inputs", offsetof(struct pca_ar, inputs)},
    {"components", offsetof(struct pca_ar, components)},
    {"weights", offsetof(struct pca_ar, weights)},
    {"intercept", offsetof(struct pca_ar, intercept)},
    {"variance", offsetof(struct pca_ar, variance)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

static size_t columns_of(const struct pca_ar *m)
{
    return m->components.rows + m->inputs.cols;
}

static size_t lags_of(const struct pca_ar *m)
{
    return m->weights.rows / columns_of(m);
}

/* ---- forecasts ------------------------------------------------------------------------------ */

/* Scores of rows, and behind them the inputs that the rows have behind their units. */
static int scores_of(bram_ctx *cx, bram_mat *out, const struct pca_ar *m, const bram_mat *rows)
{
    size_t components = m->components.rows, units = m->mean.cols;
    bram_mat score = {out->data, out->rows, components, out->stride};
    bram_mat y = {rows->data, rows->rows, units, rows->stride};
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i) + components, bram_row(rows, i) + units,
               m->inputs.cols * sizeof *out->data);
    return bram_component_scores(cx, &score, &m->components, &y, m->mean.data);
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)steps; /* 1: the horizon */
    const struct pca_ar *m = fitted;
    size_t components = m->components.rows, units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_mat past[MOST_LAGS], next, y = {out->data, out->rows, units, out->stride};
    BRAM_TRY(bram_mat_scratch(cx, &next, out->rows, columns_of(m)));
    for (size_t l = 0; l < lags_of(m); l++) {
        BRAM_TRY(bram_mat_scratch(cx, &past[l], out->rows, columns_of(m)));
        BRAM_TRY(scores_of(cx, &past[l], m, &lagged[l]));
    }
    BRAM_TRY(bram_lag_predict(cx, &next, past, &m->weights, m->intercept.data));
    for (size_t i = 0; i < out->rows; i++) {
        memcpy(bram_row(out, i), m->mean.data, units * sizeof(double));
        memcpy(bram_row(out, i) + units, bram_row(&next, i) + components,
               m->inputs.cols * sizeof(double));
    }
    bram_mat score = {next.data, next.rows, components, next.stride};
    BRAM_TRY(bram_gemm(cx, &y, 1, &score, BRAM_AS_IS, &m->components, BRAM_AS_IS, 1));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static bram_forecast view(const struct pca_ar *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = lags_of(m),
                           .horizon = 1,
                           .mean = m->mean.data,
                           .predict = predict,
                           .variance = m->variance.data,
                           .inputs = &m->inputs};
}

/* ---- the fit -------------------------------------------------------------------------------- */

/* What all choices share: the training rows with what is missing filled in, alone and with inputs.
 */
struct rows {
    bram_mat *segment, *wide;
    size_t *first, segments;
};

static int all_scores(bram_ctx *cx, bram_mat **out, const struct pca_ar *m, const struct rows *r)
{
    bram_mat *scores = bram_scratch(cx, r->segments, sizeof *scores);
    if (!scores) return BRAM_ENOMEM;
    for (size_t s = 0; s < r->segments; s++) {
        BRAM_TRY(bram_mat_scratch(cx, &scores[s], r->wide[s].rows, columns_of(m)));
        if (r->wide[s].rows) BRAM_TRY(scores_of(cx, &scores[s], m, &r->wide[s]));
    }
    *out = scores;
    return BRAM_OK;
}

/* Fills components, weights and intercept of m, which are new. */
static int fit_one(bram_ctx *cx, struct pca_ar *m, const struct rows *r, size_t components,
                   size_t lags, double ridge)
{
    bram_mat *scores;
    bram_lag_gram *g = NULL;
    size_t columns = components + m->inputs.cols;
    BRAM_TRY(bram_mat_new(cx, &m->components, components, m->mean.cols));
    BRAM_TRY(bram_mat_new(cx, &m->weights, lags * columns, columns));
    BRAM_TRY(bram_mat_new(cx, &m->intercept, 1, columns));
    BRAM_TRY(
        bram_components(cx, &m->components, NULL, r->segment, r->first, r->segments, m->mean.data));
    BRAM_TRY(all_scores(cx, &scores, m, r));
    BRAM_TRY(bram_lag_gram_new(cx, &g, scores, r->first, r->segments, lags));
    int status = bram_lag_gram_solve(cx, &m->weights, m->intercept.data, g, ridge, false);
    bram_lag_gram_free(g);
    return status;
}

static void drop_parts(struct pca_ar *m)
{
    bram_free(m->components.data);
    bram_free(m->weights.data);
    bram_free(m->intercept.data);
}

static int try_one(bram_ctx *cx, struct pca_ar *m, double *least, const struct rows *r,
                   size_t components, size_t lags, double ridge, const bram_panel *validation)
{
    struct pca_ar trial = {.mean = m->mean, .inputs = m->inputs};
    double error = 0;
    size_t mark = bram_scratch_mark(cx);
    int status = fit_one(cx, &trial, r, components, lags, ridge);
    if (status == BRAM_OK && validation) {
        bram_forecast f = view(&trial);
        status = bram_forecast_error(cx, &error, &f, validation);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK && (!m->components.data || error < *least)) {
        struct pca_ar last = *m;
        *m = trial, trial = last, *least = error;
    }
    drop_parts(&trial);
    return status;
}

static int fit_all(bram_ctx *cx, struct pca_ar *m, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation)
{
    size_t sizes, n, ridges, units = m->mean.cols;
    const int64_t *size = bram_option_integers(o, "components", &sizes);
    const int64_t *lags = bram_option_integers(o, "lags", &n);
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    size_t choices = sizes * n * ridges;
    struct rows r = {.segments = train->segments};
    double least = INFINITY;
    BRAM_TRY(bram_forecast_check_choice(cx, choices, validation));
    BRAM_TRY(bram_inputs_fit(cx, &m->inputs, train, bram_inputs_spread(train, m->mean.data)));
    BRAM_TRY(bram_forecast_segments(cx, &r.segment, &r.first, train, m->mean.data));
    r.wide = bram_scratch(cx, r.segments, sizeof *r.wide);
    if (!r.wide) return BRAM_ENOMEM;
    memcpy(r.wide, r.segment, r.segments * sizeof *r.wide);
    BRAM_TRY(bram_inputs_join(cx, r.wide, train, &m->inputs));
    for (size_t k = 0; k < choices; k++) {
        size_t wanted = (size_t)size[k / (n * ridges)];
        BRAM_TRY(try_one(cx, m, &least, &r, wanted < units ? wanted : units,
                         (size_t)lags[k / ridges % n], ridge[k % ridges],
                         choices > 1 ? validation : NULL));
    }
    bram_forecast f = view(m);
    return bram_forecast_variance(cx, &m->variance, &f, train);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    struct pca_ar *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    size_t mark = bram_scratch_mark(cx);
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = fit_all(cx, m, o, train, validation);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct pca_ar *m = loaded;
    size_t units = m->mean.cols, columns = columns_of(m);
    return units > 0 && m->components.rows > 0 && m->mean.rows == 1 && m->inputs.rows == 2 &&
           m->components.cols == units && m->weights.cols == columns && m->weights.rows > 0 &&
           m->weights.rows % columns == 0 && m->weights.rows / columns <= MOST_LAGS &&
           m->intercept.rows == 1 && m->intercept.cols == columns && m->variance.rows == 1 &&
           m->variance.cols == units;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct pca_ar), state, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)o;
    return 8 * (4 * units * units + 2 * rows * (units + inputs));
}

static const bram_param params[] = {
    {"components", BRAM_PARAM_INTEGERS, "2+4+8+16", NULL, 1, 1024,
     "principal components, at most one a unit; several: chosen on validation"},
    {"lags", BRAM_PARAM_INTEGERS, "1+3+5", NULL, 1, MOST_LAGS,
     "rows of history; several: chosen on validation"},
    {"ridge", BRAM_PARAM_REALS, "1", NULL, 0, 1e300,
     "penalty of the squared weights; several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_pca_ar = {
    .name = "pca-ar",
    .summary = "linear autoregression of the leading principal components, ridge penalty",
    .source = "Jolliffe 2002; Luetkepohl 2005",
    .missing = "a missing value counts as the training mean",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
