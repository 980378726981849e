/*
 * analog.c - forecast by analogues (Lorenz 1969): what came after the stretches of the training
 * data that look like the last L rows, weighted by how much they do:
 *
 *   y_t = y_{t-1} + sum over windows w of a_w (y_w - y_{w-1}),
 *   a_w proportional to exp(-beta d_w), d_w the mean over the L rows and all units of the squared
 *   difference, in units of the training variance (about 2 for unrelated windows)
 *
 * Inputs (inputs.h) are compared, too: all of them together count `inputs` times as much as all
 * units, those known with a row as part of it. A free run holds the last known ones.
 *
 * This is one step of softmax attention over stored windows, the update of a dense associative
 * memory (Ramsauer et al. 2021). Small beta: the mean increment, hence copy with drift; large beta:
 * the nearest neighbour alone. With target=value it is the values that are averaged, and small beta
 * is the training mean.
 *
 * A window whose target (or, for increments, the value before) is missing does not count for that
 * unit. There is no density: on its own training rows every window finds itself. Several L,
 * beta or inputs: those with the least one-step squared error on the validation data.
 */
#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

/* Rows answered at a time: bounds the distances that are held. */
enum { CHUNK = 128 };
enum { MOST_LAGS = 1000 };

enum { LAGS, BETA, INCREMENTS, INPUTS, OPTIONS };

struct analog {
    bram_mat mean, scale;     /* 1 x units: training means; 1 / sd, 0 for a constant unit */
    bram_mat options;         /* 1 x OPTIONS */
    bram_mat inputs;          /* 2 x inputs, see inputs.h: scaled by what they count */
    bram_mat rows;            /* all training rows, standardized, what is missing 0; then inputs */
    bram_mat window;          /* 1 x windows: the index in `rows` of the row behind each */
    bram_mat target, present; /* windows x units: increments or values about the mean; 0 or 1 */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct analog, mean)},
    {"scale", offsetof(struct analog, scale)},
    {"options", offsetof(struct analog, options)},
    {"inputs", offsetof(struct analog, inputs)},
    {"rows", offsetof(struct analog, rows)},
    {"window", offsetof(struct analog, window)},
    {"target", offsetof(struct analog, target)},
    {"present", offsetof(struct analog, present)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

static size_t lags_of(const struct analog *m)
{
    return (size_t)m->options.data[LAGS];
}

static double beta_of(const struct analog *m)
{
    return m->options.data[BETA];
}

static bool increments(const struct analog *m)
{
    return m->options.data[INCREMENTS] != 0;
}

/* ---- prediction ----------------------------------------------------------------------------- */

static double squares(const double *x, size_t n)
{
    double sum = 0;
    for (size_t j = 0; j < n; j++) sum += x[j] * x[j];
    return sum;
}

/* Adds to distance (queries x windows) what the lag-th row back contributes: |x|^2 - 2 x'w + |w|^2,
 * without |x|^2, which the weights do not depend on. */
static int add_lag(bram_ctx *cx, bram_mat *distance, const struct analog *m, size_t lag,
                   const bram_mat *lagged, const double *norm)
{
    size_t units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_mat x, products;
    BRAM_TRY(bram_mat_scratch(cx, &x, distance->rows, m->rows.cols));
    BRAM_TRY(bram_mat_scratch(cx, &products, distance->rows, m->rows.rows));
    for (size_t i = 0; i < x.rows; i++) {
        double *to = bram_row(&x, i);
        const double *from = bram_row(lagged, i);
        for (size_t j = 0; j < units; j++) to[j] = (from[j] - m->mean.data[j]) * m->scale.data[j];
        for (size_t k = units; k < x.cols; k++) to[k] = from[k];
    }
    BRAM_TRY(bram_gemm(cx, &products, -2, &x, BRAM_AS_IS, &m->rows, BRAM_TRANSPOSED, 0));
    for (size_t i = 0; i < x.rows; i++)
        for (size_t w = 0; w < distance->cols; w++) {
            size_t row = (size_t)m->window.data[w] - 1 - lag;
            bram_row(distance, i)[w] += bram_row(&products, i)[row] + norm[row];
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* Distances to weights, not yet normalized: exp(-beta (d - least)). */
static void to_weights(bram_mat *distance, double beta)
{
    for (size_t i = 0; i < distance->rows; i++) {
        double *d = bram_row(distance, i), least = INFINITY;
        for (size_t w = 0; w < distance->cols; w++) least = fmin(least, d[w]);
        for (size_t w = 0; w < distance->cols; w++) d[w] = exp(-beta * (d[w] - least));
    }
}

static int predict_chunk(bram_ctx *cx, bram_mat *out, const struct analog *m,
                         const bram_mat *lagged, const double *norm)
{
    bram_mat weights, total;
    double entries = (double)(lags_of(m) * m->mean.cols) * (1 + m->options.data[INPUTS]);
    BRAM_TRY(bram_mat_scratch(cx, &weights, out->rows, m->window.cols));
    BRAM_TRY(bram_mat_scratch(cx, &total, out->rows, out->cols));
    for (size_t l = 0; l < lags_of(m); l++) BRAM_TRY(add_lag(cx, &weights, m, l, &lagged[l], norm));
    to_weights(&weights, beta_of(m) / entries);
    BRAM_TRY(bram_gemm(cx, out, 1, &weights, BRAM_AS_IS, &m->target, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &total, 1, &weights, BRAM_AS_IS, &m->present, BRAM_AS_IS, 0));
    for (size_t i = 0; i < out->rows; i++) {
        const double *from = increments(m) ? bram_row(&lagged[0], i) : m->mean.data;
        for (size_t j = 0; j < out->cols; j++) {
            double *y = &bram_row(out, i)[j], sum = bram_row(&total, i)[j];
            *y = from[j] + (sum > 0 ? *y / sum : 0);
        }
    }
    return BRAM_OK;
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    const struct analog *m = fitted; /* steps: 1, the horizon */
    size_t outer = bram_scratch_mark(cx);
    double *norm = bram_scratch(cx, m->rows.rows, sizeof *norm);
    bram_mat *part = norm ? bram_scratch(cx, lags_of(m), sizeof *part) : NULL;
    if (!part) return BRAM_ENOMEM;
    for (size_t r = 0; r < m->rows.rows; r++)
        norm[r] = squares(bram_row(&m->rows, r), m->rows.cols);
    for (size_t i = 0; i < out->rows; i += CHUNK) {
        size_t count = out->rows - i < CHUNK ? out->rows - i : CHUNK, mark = bram_scratch_mark(cx);
        bram_mat to = {bram_row(out, i), count, m->mean.cols, out->stride};
        for (size_t l = 0; l < lags_of(m); l++) part[l] = bram_mat_rows(lagged[l], i, count);
        BRAM_TRY(predict_chunk(cx, &to, m, part, norm));
        bram_scratch_release(cx, mark);
    }
    bram_inputs_hold(out, steps, &lagged[0], m->mean.cols);
    bram_scratch_release(cx, outer);
    return BRAM_OK;
}

static bram_forecast view(const struct analog *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = lags_of(m),
                           .horizon = 1,
                           .mean = m->mean.data,
                           .predict = predict,
                           .inputs = &m->inputs};
}

/* ---- fitting -------------------------------------------------------------------------------- */

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

/* 1 / sd of each unit over its present training rows, all of a segment. */
static int find_scale(bram_ctx *cx, struct analog *m, const bram_panel *train)
{
    BRAM_TRY(bram_mat_new(cx, &m->scale, 1, m->mean.cols));
    for (size_t j = 0; j < m->mean.cols; j++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < train->segments; s++)
            for (size_t t = 0; t < train->segment[s].y.rows; t++) {
                if (!present(&train->segment[s], t, j)) continue;
                double d = bram_row(&train->segment[s].y, t)[j] - m->mean.data[j];
                sum += d * d;
                count++;
            }
        m->scale.data[j] = sum > 0 ? sqrt(count / sum) : 0;
    }
    return BRAM_OK;
}

/* The rows of all segments, in which inputs count `weight` times as much as units. */
static int take_rows(bram_ctx *cx, struct analog *m, const bram_panel *train, double weight)
{
    size_t rows = 0, at = 0, units = m->mean.cols, inputs = train->segment[0].x.cols;
    bram_free(m->inputs.data);
    bram_free(m->rows.data);
    m->inputs.data = m->rows.data = NULL;
    m->options.data[INPUTS] = inputs ? weight : 0;
    BRAM_TRY(bram_inputs_fit(cx, &m->inputs, train,
                             inputs ? sqrt(weight * (double)units / (double)inputs) : 0));
    for (size_t s = 0; s < train->segments; s++) rows += train->segment[s].y.rows;
    BRAM_TRY(bram_mat_new(cx, &m->rows, rows, units + inputs));
    for (size_t s = 0; s < train->segments; s++)
        for (size_t t = 0; t < train->segment[s].y.rows; t++, at++) {
            double *to = bram_row(&m->rows, at);
            const double *y = bram_row(&train->segment[s].y, t);
            for (size_t j = 0; j < units; j++)
                if (present(&train->segment[s], t, j))
                    to[j] = (y[j] - m->mean.data[j]) * m->scale.data[j];
            bram_inputs_row(&m->inputs, to + units, &train->segment[s], t + 1);
        }
    return BRAM_OK;
}

static size_t begin(const bram_segment *s, size_t lags)
{
    return s->first > lags ? s->first : lags;
}

/* The windows of L rows, and what came after each. */
static int take_windows(bram_ctx *cx, struct analog *m, const bram_panel *train)
{
    size_t lags = lags_of(m), windows = 0, w = 0, start = 0;
    for (size_t s = 0; s < train->segments; s++)
        for (size_t t = begin(&train->segment[s], lags); t < train->segment[s].y.rows; t++)
            windows++;
    if (windows == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no stretch of %zu rows with a target behind it",
                         lags);
    BRAM_TRY(bram_mat_new(cx, &m->window, 1, windows));
    BRAM_TRY(bram_mat_new(cx, &m->target, windows, m->mean.cols));
    BRAM_TRY(bram_mat_new(cx, &m->present, windows, m->mean.cols));
    for (size_t s = 0; s < train->segments; start += train->segment[s++].y.rows) {
        const bram_segment *g = &train->segment[s];
        for (size_t t = begin(g, lags); t < g->y.rows; t++, w++) {
            m->window.data[w] = (double)(start + t);
            for (size_t j = 0; j < m->mean.cols; j++) {
                if (!present(g, t, j) || (increments(m) && !present(g, t - 1, j))) continue;
                double from = increments(m) ? bram_row(&g->y, t - 1)[j] : m->mean.data[j];
                bram_row(&m->target, w)[j] = bram_row(&g->y, t)[j] - from;
                bram_row(&m->present, w)[j] = 1;
            }
        }
    }
    return BRAM_OK;
}

static void free_windows(struct analog *m)
{
    bram_free(m->window.data);
    bram_free(m->target.data);
    bram_free(m->present.data);
    m->window.data = m->target.data = m->present.data = NULL;
}

/* The values of the options to choose from. */
struct choices {
    const int64_t *lags;
    const double *beta, *weight;
    size_t lag_count, beta_count, weight_count;
};

/* What inputs count is no choice where there are none. */
static struct choices choices_of(const bram_options *o, const bram_panel *train)
{
    struct choices c;
    c.lags = bram_option_integers(o, "lags", &c.lag_count);
    c.beta = bram_option_reals(o, "beta", &c.beta_count);
    c.weight = bram_option_reals(o, "inputs", &c.weight_count);
    if (!train->segments || !train->segment[0].x.cols) c.weight_count = 1;
    return c;
}

/* Rows and windows for one choice; only what changed since the last one. */
static int take(bram_ctx *cx, struct analog *m, const bram_panel *train, double lags, double weight)
{
    bool counts = train->segment[0].x.cols > 0;
    if (!m->rows.data || (counts && m->options.data[INPUTS] != weight))
        BRAM_TRY(take_rows(cx, m, train, weight));
    if (m->window.data && m->options.data[LAGS] == lags) return BRAM_OK;
    free_windows(m);
    m->options.data[LAGS] = lags;
    return take_windows(cx, m, train);
}

/* Lags, beta and what inputs count with the least error, and rows and windows for these. */
static int choose(bram_ctx *cx, struct analog *m, const struct choices *c, const bram_panel *train,
                  const bram_panel *validation)
{
    size_t best = 0, all = c->lag_count * c->beta_count * c->weight_count;
    double least = INFINITY;
    for (size_t k = 0; k < all && all > 1; k++) {
        double error;
        size_t pair = k / c->beta_count;
        m->options.data[BETA] = c->beta[k % c->beta_count];
        BRAM_TRY(take(cx, m, train, (double)c->lags[pair % c->lag_count],
                      c->weight[pair / c->lag_count]));
        bram_forecast f = view(m);
        BRAM_TRY(bram_forecast_error(cx, &error, &f, validation));
        if (error < least) least = error, best = k;
    }
    m->options.data[BETA] = c->beta[best % c->beta_count];
    best /= c->beta_count;
    return take(cx, m, train, (double)c->lags[best % c->lag_count], c->weight[best / c->lag_count]);
}

static int fit_all(bram_ctx *cx, struct analog *m, const bram_options *o, const struct choices *c,
                   const bram_panel *train, const bram_panel *validation)
{
    size_t units = train->segments ? train->segment[0].y.cols : 0;
    BRAM_TRY(bram_forecast_means(cx, &m->mean.data, train));
    m->mean = (bram_mat){m->mean.data, 1, units, units};
    BRAM_TRY(find_scale(cx, m, train));
    BRAM_TRY(bram_mat_new(cx, &m->options, 1, OPTIONS));
    m->options.data[INCREMENTS] = bram_option_is(o, "target", "increment");
    return choose(cx, m, c, train, validation);
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    struct choices c = choices_of(o, train);
    BRAM_TRY(
        bram_forecast_check_choice(cx, c.lag_count * c.beta_count * c.weight_count, validation));
    struct analog *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fit_all(cx, m, o, &c, train, validation);
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

static bool is_shape(const bram_mat *m, size_t rows, size_t cols)
{
    return m->rows == rows && m->cols == cols;
}

static bool windows_fit(const struct analog *m)
{
    double lags = m->options.data[LAGS];
    if (!(lags >= 1 && lags <= MOST_LAGS && lags == floor(lags))) return false;
    for (size_t w = 0; w < m->window.cols; w++) {
        double row = m->window.data[w];
        if (!(row >= lags && row < (double)m->rows.rows && row == floor(row))) return false;
    }
    return m->window.cols > 0;
}

static bool fits(const void *loaded)
{
    const struct analog *m = loaded;
    size_t units = m->mean.cols, windows = m->window.cols;
    return units > 0 && is_shape(&m->mean, 1, units) && is_shape(&m->scale, 1, units) &&
           is_shape(&m->options, 1, OPTIONS) && m->inputs.rows == 2 &&
           m->options.data[INPUTS] >= 0 && m->rows.cols == units + m->inputs.cols &&
           m->window.rows == 1 && is_shape(&m->target, windows, units) &&
           is_shape(&m->present, windows, units) && windows_fit(m);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct analog), state, fits, in);
}

/* Rows, targets and their presence; the distances of a chunk. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)o;
    double bytes = 8 * (double)rows * (3 * (double)units + (double)inputs + 2 * CHUNK);
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"lags", BRAM_PARAM_INTEGERS, "1+5", NULL, 1, MOST_LAGS,
     "rows of a window; several: chosen on validation"},
    {"beta", BRAM_PARAM_REALS, "10+100+1000", NULL, 0, 1e300,
     "how much likeness counts: 0 not at all; several: chosen on validation"},
    {"inputs", BRAM_PARAM_REALS, "0+0.3+1", NULL, 0, 1e6,
     "what inputs count beside 1 of the units; several: chosen on validation"},
    {"target", BRAM_PARAM_CHOICE, "increment", "value|increment", 0, 0,
     "what is averaged: increments from the last value, or values"},
    {.name = NULL},
};

const bram_model bram_model_analog = {
    .name = "analog",
    .summary = "what came after like stretches of the training data, weighted by likeness",
    .source = "Lorenz 1969; as attention over stored windows: Ramsauer et al. 2021",
    .missing = "a missing input counts as the training mean; windows without the target do not "
               "count",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
