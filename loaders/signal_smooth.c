/*
 * signal_smooth.c - smoothing in seconds, within segments, over what is present.
 *
 * The time constants are in seconds, not samples, so that recordings of different rates are
 * smoothed alike. Uneven steps are heeded: the exponential uses the true time since the last
 * present sample (the exact solution of tau y' = x - y for x constant in between), the others the
 * true distances.
 */
#include "homogenize.h"

#include "number.h"

#include <math.h>
#include <string.h>

/* One column of one segment: rows first .. last - 1. */
static void exponential(const bram_signals *s, double *out, size_t first, size_t last, size_t col,
                        double seconds)
{
    double y = 0, since = 0;
    bool begun = false;
    for (size_t i = first; i < last; i++) {
        size_t k = i * s->cols + col;
        if (!s->mask[k]) continue;
        y = begun ? y - expm1(-(s->time[i] - since) / seconds) * (s->values[k] - y) : s->values[k];
        since = s->time[i];
        begun = true;
        out[k] = y;
    }
}

/* Row i as the weighted mean of rows low .. high, missing values left out. */
static void weighted_row(const bram_signals *s, double *out, size_t i, size_t low, size_t high,
                         double sigma, double *sum, double *weight)
{
    memset(sum, 0, s->cols * sizeof *sum);
    memset(weight, 0, s->cols * sizeof *weight);
    for (size_t j = low; j <= high; j++) {
        double d = sigma > 0 ? (s->time[j] - s->time[i]) / sigma : 0, w = exp(-0.5 * d * d);
        for (size_t c = 0; c < s->cols; c++) {
            double present = s->mask[j * s->cols + c];
            sum[c] += w * present * s->values[j * s->cols + c];
            weight[c] += w * present;
        }
    }
    for (size_t c = 0; c < s->cols; c++) {
        size_t k = i * s->cols + c;
        out[k] = s->mask[k] ? sum[c] / weight[c] : 0;
    }
}

/* The window of each row slides along; times are within (t - before, t + after]. */
static int windows(bram_ctx *cx, const bram_signals *s, double *out, size_t first, size_t last,
                   bram_smoothing kind, double seconds)
{
    bool gaussian = kind == BRAM_SMOOTH_GAUSSIAN;
    double before = gaussian ? 4 * seconds : seconds, after = gaussian ? 4 * seconds : 0;
    double *sum = bram_scratch(cx, s->cols, sizeof *sum);
    double *weight = bram_scratch(cx, s->cols, sizeof *weight);
    if (!sum || !weight) return BRAM_ENOMEM;
    size_t low = first, high = first;
    for (size_t i = first; i < last; i++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        while (s->time[low] <= s->time[i] - before) low++;
        if (high < i) high = i;
        while (high + 1 < last && s->time[high + 1] <= s->time[i] + after) high++;
        weighted_row(s, out, i, low, high, gaussian ? seconds : 0, sum, weight);
    }
    return BRAM_OK;
}

static int smooth_segments(bram_ctx *cx, const bram_signals *s, double *out, bram_smoothing kind,
                           double seconds)
{
    for (size_t g = 0; g < s->segments; g++) {
        size_t first = s->start[g], last = s->start[g + 1];
        if (kind == BRAM_SMOOTH_EXPONENTIAL)
            for (size_t c = 0; c < s->cols; c++) exponential(s, out, first, last, c, seconds);
        else BRAM_TRY(windows(cx, s, out, first, last, kind, seconds));
    }
    return BRAM_OK;
}

int bram_signals_smooth(bram_ctx *cx, bram_signals *s, bram_smoothing kind, double seconds)
{
    static const char *const names[] = {"none", "exponential", "moving mean", "gaussian"};
    if (kind == BRAM_SMOOTH_NONE) return BRAM_OK;
    if (!(seconds > 0) || !isfinite(seconds))
        return bram_fail(cx, BRAM_EUSAGE, "smoothing over %g s, expected more than 0", seconds);
    double *out = bram_alloc(cx, s->rows * s->cols, sizeof *out);
    if (!out) return BRAM_ENOMEM;

    char text[BRAM_NUMBER_BYTES];
    bram_filter filter = kind == BRAM_SMOOTH_GAUSSIAN ? BRAM_FILTER_NON_CAUSAL : BRAM_FILTER_CAUSAL;
    size_t mark = bram_scratch_mark(cx);
    int status = smooth_segments(cx, s, out, kind, seconds);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK)
        status = bram_signals_record(cx, s, "smoothed: %s, %s s (%s)", names[kind],
                                     bram_number_format(text, seconds), bram_filter_name(filter));
    if (status != BRAM_OK) {
        bram_free(out);
        return status;
    }
    bram_free(s->values);
    s->values = out;
    if (filter > s->filter) s->filter = filter;
    return BRAM_OK;
}
