/*
 * correlation.c - signal correlation: Pearson's r between the traces of two units over the training
 * rows where both are present; with a lag, the cross-correlation of one with the other `lag` rows
 * later. It forecasts nothing; its weights are what a fitted forecaster is held against where
 * connections are asked for. A pair without two different values each has 0.
 */
#include "forecast.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>

struct correlation {
    bram_mat r; /* units x units, the diagonal 0: nothing is said about a unit and itself */
};

static const bram_state_part state[] = {{"r", offsetof(struct correlation, r)}, {NULL, 0}};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

struct job {
    const bram_panel *train;
    const double *mean;
    bram_mat *r;
    size_t lag; /* rows from the first unit's value to the second's */
};

static bool there(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

/* r of two units, by sums about their means. */
static double of_pair(const struct job *job, size_t u, size_t v)
{
    double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (size_t s = 0; s < job->train->segments; s++) {
        const bram_segment *m = &job->train->segment[s];
        for (size_t t = m->first + job->lag; t < m->y.rows; t++) {
            if (!there(m, t - job->lag, u) || !there(m, t, v)) continue;
            double a = bram_row(&m->y, t - job->lag)[u] - job->mean[u];
            double b = bram_row(&m->y, t)[v] - job->mean[v];
            n++, x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
        }
    }
    if (n < 3) return 0;
    double vx = xx - x * x / n, vy = yy - y * y / n, r = (xy - x * y / n) / sqrt(vx * vy);
    return vx > 0 && vy > 0 && isfinite(r) ? r : 0;
}

static int one_row(bram_ctx *cx, size_t u, void *user)
{
    (void)cx;
    const struct job *job = user;
    for (size_t v = 0; v < (job->lag ? job->r->cols : u); v++)
        if (v != u) bram_row(job->r, u)[v] = of_pair(job, u, v);
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    size_t lag = (size_t)bram_option_integer(o, "lag");
    double *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train));
    size_t units = train->segment[0].y.cols;
    struct correlation *m = bram_alloc(cx, 1, sizeof *m);
    int status = m ? bram_mat_new(cx, &m->r, units, units) : BRAM_ENOMEM;
    if (status == BRAM_OK) {
        struct job job = {train, mean, &m->r, lag};
        status = bram_parallel_for(cx, units, one_row, &job);
    }
    bram_free(mean);
    if (status == BRAM_OK) {
        if (!lag) bram_mirror_lower(&m->r);
        *fitted = m;
    } else release(m);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct correlation *m = fitted;
    if (bram_axis_length(q->panel->unit) != m->r.rows)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), m->r.rows);
    return bram_forecast_weights(cx, out, q->panel->unit, &m->r);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool fits(const void *loaded)
{
    const struct correlation *m = loaded;
    return m->r.rows > 0 && m->r.rows == m->r.cols;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct correlation), state, fits, in);
}

static const bram_param params[] = {
    {"lag", BRAM_PARAM_INTEGER, "0", NULL, 0, 100000,
     "rows by which the unit that is acted on is later"},
    {.name = NULL},
};

const bram_model bram_model_correlation = {
    .name = "correlation",
    .summary = "signal correlation of every two units: weights, no forecasts",
    .source = "Pearson 1896",
    .missing = "r is over the training rows where both units are present",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
