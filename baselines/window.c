/*
 * window.c - the mean of the last k values of every unit. Several k: the one with the least
 * one-step error on the validation data. ZAPBench's "mean" baseline is this one.
 */
#include "forecast.h"
#include "linalg.h"

struct window {
    size_t width;
    bram_mat mean; /* 1 x units: training means, for what is missing */
};

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)cx;
    (void)steps; /* 1: the horizon */
    const struct window *m = fitted;
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++) {
            double sum = 0;
            for (size_t l = 0; l < m->width; l++) sum += bram_row(&lagged[l], i)[j];
            bram_row(out, i)[j] = sum / (double)m->width;
        }
    return BRAM_OK;
}

static bram_forecast view(const struct window *m)
{
    return (bram_forecast){m, m->mean.cols, m->width, 1, m->mean.data, predict};
}

static void release(void *fitted)
{
    struct window *m = fitted;
    if (m) bram_free(m->mean.data);
    bram_free(m);
}

static int choose(bram_ctx *cx, struct window *m, const int64_t *widths, size_t n,
                  const bram_panel *validation)
{
    double least = 0;
    size_t best = 0;
    for (size_t k = 0; k < n && n > 1; k++) {
        double error;
        m->width = (size_t)widths[k];
        bram_forecast f = view(m);
        BRAM_TRY(bram_forecast_error(cx, &error, &f, validation));
        if (k == 0 || error < least) least = error, best = k;
    }
    m->width = (size_t)widths[best];
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    size_t n;
    const int64_t *widths = bram_option_integers(o, "k", &n);
    BRAM_TRY(bram_forecast_check_choice(cx, n, validation));
    struct window *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = bram_forecast_means(cx, &m->mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        m->mean = (bram_mat){m->mean.data, 1, units, units};
        status = choose(cx, m, widths, n, validation);
    }
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const struct window *m = fitted;
    double width = (double)m->width;
    BRAM_TRY(bram_state_put(cx, out, "width", &(bram_mat){&width, 1, 1, 1}));
    return bram_state_put(cx, out, "mean", &m->mean);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    bram_mat width;
    BRAM_TRY(bram_state_get(cx, &width, in, "width"));
    struct window *m = bram_alloc(cx, 1, sizeof *m);
    int status = m ? bram_state_get(cx, &m->mean, in, "mean") : BRAM_ENOMEM;
    if (status == BRAM_OK && (width.rows != 1 || width.cols != 1 || m->mean.rows != 1 ||
                              !(width.data[0] >= 1 && width.data[0] <= 1e6)))
        status = bram_fail(cx, BRAM_EFORMAT, "the state of a window model has wrong shapes");
    if (status == BRAM_OK) {
        m->width = (size_t)width.data[0];
        *fitted = m;
    } else {
        release(m);
    }
    bram_free(width.data);
    return status;
}

static const bram_param params[] = {
    {"k", BRAM_PARAM_INTEGERS, "5", NULL, 1, 10000, "rows averaged; several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_window = {
    .name = "window",
    .summary = "mean of the last k values of each unit",
    .source = "textbook; the mean baseline of ZAPBench (Lueckmann et al. 2025)",
    .missing = "missing values in the window count as the training mean of their unit",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .flags = BRAM_MODEL_TRIVIAL,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
