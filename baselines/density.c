/*
 * density.c - Gaussian one-step predictive densities; see density.h.
 */
#include "density.h"

#include "forecast.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

static bool present(const bram_segment *s, size_t row, size_t unit)
{
    return !s->y_present || s->y_present[row * s->y.cols + unit];
}

struct residuals {
    double *square, *count; /* one for each unit */
};

static int add_segment(bram_ctx *cx, struct residuals *r, const bram_segment *s, size_t skip,
                       bram_step_fn *step, const void *model)
{
    size_t from = s->first > skip ? s->first : skip, mark = bram_scratch_mark(cx);
    bram_mat mean;
    BRAM_TRY(bram_mat_scratch(cx, &mean, s->y.rows - s->first, s->y.cols));
    int status = from < s->y.rows ? step(cx, model, &mean, s) : BRAM_OK;
    for (size_t t = from; t < s->y.rows && status == BRAM_OK; t++)
        for (size_t j = 0; j < s->y.cols; j++) {
            if (!present(s, t, j)) continue;
            double d = bram_row(&s->y, t)[j] - bram_row(&mean, t - s->first)[j];
            r->square[j] += d * d;
            r->count[j]++;
        }
    bram_scratch_release(cx, mark);
    return status;
}

static int add_all(bram_ctx *cx, struct residuals *r, const bram_panel *train, size_t skip,
                   bram_step_fn *step, const void *model)
{
    bool any = false;
    for (size_t s = 0; s < train->segments; s++) any = any || train->segment[s].y.rows > skip;
    for (size_t s = 0; s < train->segments; s++)
        BRAM_TRY(add_segment(cx, r, &train->segment[s], any ? skip : 0, step, model));
    return BRAM_OK;
}

int bram_density_fit(bram_ctx *cx, double **variance, const bram_panel *train, size_t skip,
                     bram_step_fn *step, const void *model)
{
    size_t units = train->segments ? train->segment[0].y.cols : 0, mark = bram_scratch_mark(cx);
    struct residuals r = {bram_alloc(cx, units, sizeof *r.square),
                          bram_scratch(cx, units, sizeof *r.count)};
    int status = r.square && r.count ? add_all(cx, &r, train, skip, step, model) : BRAM_ENOMEM;
    for (size_t j = 0; j < units && status == BRAM_OK; j++) {
        if (r.count[j] > 0) r.square[j] /= r.count[j];
        if (!isfinite(r.square[j]))
            status = bram_fail(cx, BRAM_ENUMERIC, "the residuals of unit %zu are not finite", j);
    }
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *variance = r.square;
    else bram_free(r.square);
    return status;
}

/* One row of log densities and of their mask. */
static void fill_row(double *out, uint8_t *mask, const bram_segment *s, size_t row,
                     const double *mean, const double *variance)
{
    static const double TWO_PI = 6.283185307179586;
    for (size_t j = 0; j < s->y.cols; j++) {
        mask[j] = variance[j] > 0 && present(s, row, j);
        if (!mask[j]) continue;
        double d = bram_row(&s->y, row)[j] - mean[j];
        out[j] = -(log(TWO_PI * variance[j]) + d * d / variance[j]) / 2;
    }
}

/* A model whose variances are those of its units. */
struct even {
    const void *model;
    const double *variance;
    bram_step_fn *step;
};

static int even_density(bram_ctx *cx, const void *user, bram_mat *mean, bram_mat *variance,
                        const bram_segment *s)
{
    const struct even *e = user;
    for (size_t i = 0; i < variance->rows; i++)
        memcpy(bram_row(variance, i), e->variance, variance->cols * sizeof *e->variance);
    return e->step(cx, e->model, mean, s);
}

int bram_density_answer_each(bram_ctx *cx, const bram_query *query, bram_density_fn *density,
                             const void *model, bram_dataset *out)
{
    const bram_segment *s = &query->panel->segment[query->segment];
    size_t rows = s->y.rows - s->first, units = s->y.cols, mark = bram_scratch_mark(cx);
    bram_response *r = NULL;
    bram_mat mean, variance;
    BRAM_TRY(bram_forecast_rows(cx, &r, "logdensity", s, query->panel->unit));
    uint8_t *mask = bram_response_mask(cx, r);
    int status = mask ? bram_mat_scratch(cx, &mean, rows, units) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_mat_scratch(cx, &variance, rows, units);
    if (status == BRAM_OK) status = density(cx, model, &mean, &variance, s);
    for (size_t i = 0; i < rows && status == BRAM_OK; i++)
        fill_row(bram_response_f64(r) + i * units, mask + i * units, s, s->first + i,
                 bram_row(&mean, i), bram_row(&variance, i));
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

int bram_density_answer(bram_ctx *cx, const bram_query *query, const double *variance,
                        bram_step_fn *step, const void *model, bram_dataset *out)
{
    const struct even even = {model, variance, step};
    return bram_density_answer_each(cx, query, even_density, &even, out);
}

/* ---- families ------------------------------------------------------------------------------- */

/* log N(y; a, b^2), log Poisson(y; a), log Bernoulli(y; a); NaN where there is no such density. */
static double log_normal(double y, double a, double b)
{
    static const double TWO_PI = 6.283185307179586;
    double d = (y - a) / b;
    return b > 0 ? -(log(TWO_PI * b * b) + d * d) / 2 : (double)NAN;
}

static double log_poisson(double y, double a, double b)
{
    (void)b;
    if (!(y >= 0) || y != floor(y) || !(a >= 0)) return NAN;
    return (y > 0 ? y * log(a) : 0) - a - lgamma(y + 1);
}

static double log_bernoulli(double y, double a, double b)
{
    (void)b;
    if (!(a >= 0 && a <= 1) || (y != 0 && y != 1)) return NAN;
    return log(y != 0 ? a : 1 - a);
}

const bram_density_family bram_density_families[] = {
    {"mean", "sd", log_normal},
    {"rate", NULL, log_poisson},
    {"probability", NULL, log_bernoulli},
    {NULL, NULL, NULL},
};
