/*
 * curve_law.c - samples of the points of a learning curve, and laws through them; see curve_law.h.
 */
#include "curve_law.h"

#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>

double bram_curve_mean(const bram_curve_data *c, size_t point, size_t *subsets)
{
    double sum = 0;
    *subsets = 0;
    for (size_t d = 0; d < c->draws; d++) {
        double value = c->value[point * c->draws + d];
        if (isnan(value)) continue;
        sum += value;
        ++*subsets;
    }
    return *subsets ? sum / (double)*subsets : (double)NAN;
}

/* What sample s adds to the mean of a size: Student's t times its standard error over subsets. */
static double of_subsets(const bram_curve_data *c, size_t point, size_t s)
{
    size_t n;
    double mean = bram_curve_mean(c, point, &n), sum = 0, squares = 0;
    if (n < 2) return 0;
    bram_rng z = bram_rng_at(0, "learning curve/subsets", s);
    bram_rng chi = bram_rng_at(0, "learning curve/spread", s);
    for (size_t d = 0; d < c->draws; d++) {
        double value = c->value[point * c->draws + d], weight = bram_rng_normal(&z);
        if (!isnan(value)) sum += weight * (value - mean);
    }
    for (size_t d = 1; d < n; d++) {
        double x = bram_rng_normal(&chi);
        squares += x * x;
    }
    double freedom = (double)n - 1;
    return sum / sqrt((double)n * freedom) / sqrt(squares / freedom);
}

void bram_curve_samples(double *sample, const bram_curve_data *c)
{
    for (size_t p = 0; p < c->points; p++)
        for (size_t s = 0; s < c->samples; s++)
            sample[p * c->samples + s] = c->test[p * c->samples + s] + of_subsets(c, p, s);
}

int bram_curve_interval(bram_ctx *cx, double *low, double *high, const double *sample, size_t count,
                        double level)
{
    size_t n = 0, mark = bram_scratch_mark(cx);
    double *defined = bram_scratch(cx, count, sizeof *defined);
    if (!defined) return BRAM_ENOMEM;
    for (size_t i = 0; i < count; i++)
        if (isfinite(sample[i])) defined[n++] = sample[i];
    *low = *high = NAN;
    int status = BRAM_OK;
    if (n >= 2 && 2 * n >= count) {
        status = bram_quantile(cx, low, defined, n, (1 - level) / 2);
        if (status == BRAM_OK) status = bram_quantile(cx, high, defined, n, (1 + level) / 2);
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- the law -------------------------------------------------------------------------------- */

/* The law of one sample, or of the means (sample NULL). @return BRAM_ENOTAPPLICABLE: none */
static int fit(bram_ctx *cx, bram_power_law *out, const bram_curve_data *c, const double *sample,
               size_t s)
{
    size_t n = 0, subsets, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, c->points, sizeof *x), *y = bram_scratch(cx, c->points, sizeof *y);
    if (!x || !y) return BRAM_ENOMEM;
    for (size_t p = 0; p < c->points; p++) {
        double value = sample ? sample[p * c->samples + s] : bram_curve_mean(c, p, &subsets);
        if (!isfinite(value)) continue;
        x[n] = c->amount[p];
        y[n++] = value;
    }
    int status = bram_power_law_fit(cx, out, x, y, n);
    bram_scratch_release(cx, mark);
    return status;
}

static bool is_beyond(const bram_curve_data *c, double asymptote)
{
    return c->higher_better ? asymptote > c->best : asymptote < c->best;
}

static void none(bram_curve_law *out)
{
    out->law = (bram_power_law){NAN, NAN, NAN, NAN, false};
    out->exponent_low = out->exponent_high = out->asymptote_low = out->asymptote_high = NAN;
}

/* The quantiles of the laws of all samples; one at a bound counts there, with its end. */
static int find_intervals(bram_ctx *cx, bram_curve_law *out, const bram_curve_data *c,
                          const double *sample)
{
    size_t mark = bram_scratch_mark(cx);
    double *exponent = bram_scratch(cx, c->samples + 1, sizeof *exponent);
    double *asymptote = bram_scratch(cx, c->samples + 1, sizeof *asymptote);
    if (!exponent || !asymptote) return BRAM_ENOMEM;
    for (size_t s = 0; s < c->samples; s++) {
        bram_power_law law;
        int status = fit(cx, &law, c, sample, s);
        if (status == BRAM_ENOMEM) return status;
        exponent[s] = status == BRAM_OK ? law.exponent : (double)NAN;
        asymptote[s] = status == BRAM_OK ? law.asymptote : (double)NAN;
        if (is_beyond(c, asymptote[s])) asymptote[s] = c->best;
    }
    int status = bram_curve_interval(cx, &out->exponent_low, &out->exponent_high, exponent,
                                     c->samples, c->level);
    if (status == BRAM_OK)
        status = bram_curve_interval(cx, &out->asymptote_low, &out->asymptote_high, asymptote,
                                     c->samples, c->level);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_curve_law_fit(bram_ctx *cx, bram_curve_law *out, const bram_curve_data *c,
                       const double *sample)
{
    const double slack = 1e-6;
    bram_curve_law found = {.why = ""};
    none(&found);
    int status = fit(cx, &found.law, c, NULL, 0);
    if (status == BRAM_ENOTAPPLICABLE || status == BRAM_ENUMERIC)
        snprintf(found.why, sizeof found.why, "%.90s", bram_ctx_message(cx));
    else if (status != BRAM_OK) return status;
    else if (found.law.at_bound)
        snprintf(found.why, sizeof found.why, "no power law: the best exponent is %s",
                 found.law.exponent < 1 ? "below 0.01" : "above 8");
    else if (is_beyond(c, found.law.asymptote))
        snprintf(found.why, sizeof found.why,
                 "no power law: it would end at %.3g, and %g is the best there is",
                 found.law.asymptote, c->best);
    else BRAM_TRY(find_intervals(cx, &found, c, sample));
    if (found.exponent_low < BRAM_POWER_LAW_LOW * (1 + slack) &&
        found.exponent_high > BRAM_POWER_LAW_HIGH * (1 - slack))
        snprintf(found.why, sizeof found.why, "not determined: the interval holds every exponent");
    if (found.why[0]) none(&found);
    *out = found;
    return BRAM_OK;
}
