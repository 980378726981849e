/*
 * homogenize.c - signals on one time axis: copying in, segments, the record of what was done, the
 * steps in their order. The steps themselves are in signal_smooth.c, signal_resample.c and
 * signal_normalize.c.
 */
#include "homogenize.h"

#include "number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bram_filter_name(bram_filter filter)
{
    static const char *const names[] = {"none", "causal", "non-causal"};
    return names[filter];
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median of the differences: the mean of the two middle ones when their number is even. */
static int median_step(bram_ctx *cx, const double *time, size_t rows, double *out)
{
    *out = NAN;
    if (rows < 2) return BRAM_OK;
    size_t n = rows - 1, mark = bram_scratch_mark(cx);
    double *steps = bram_scratch(cx, n, sizeof *steps);
    if (!steps) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) steps[i] = time[i + 1] - time[i];
    qsort(steps, n, sizeof *steps, ascending);
    *out = n % 2 ? steps[n / 2] : 0.5 * (steps[n / 2 - 1] + steps[n / 2]);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_stamps_check(bram_ctx *cx, const double *time, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        if (!isfinite(time[i]))
            return bram_fail(cx, BRAM_EFORMAT, "time of frame %zu is %g, expected seconds", i + 1,
                             time[i]);
        if (i && time[i] <= time[i - 1])
            return bram_fail(
                cx, BRAM_EFORMAT,
                "time of frame %zu is %.9g s, not after the %.9g s of the frame before", i + 1,
                time[i], time[i - 1]);
    }
    return BRAM_OK;
}

static void copy_values(bram_signals *s, const double *values, const uint8_t *mask)
{
    for (size_t k = 0; k < s->rows * s->cols; k++) {
        s->mask[k] = (!mask || mask[k]) && isfinite(values[k]);
        s->values[k] = s->mask[k] ? values[k] : 0;
    }
}

int bram_signals_init(bram_ctx *cx, bram_signals *out, size_t rows, size_t cols, const double *time,
                      const double *values, const uint8_t *mask)
{
    size_t count;
    bram_signals s = {.rows = rows, .cols = cols, .segments = rows ? 1 : 0};
    BRAM_TRY(bram_stamps_check(cx, time, rows));
    if (__builtin_mul_overflow(rows, cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu x %zu values", rows, cols);
    BRAM_TRY(median_step(cx, time, rows, &s.step));
    s.time = bram_alloc(cx, rows, sizeof *s.time);
    s.values = bram_alloc(cx, count, sizeof *s.values);
    s.mask = bram_alloc(cx, count, 1);
    s.start = bram_alloc(cx, 2, sizeof *s.start);
    s.history = bram_strdup(cx, "");
    if (!s.time || !s.values || !s.mask || !s.start || !s.history) {
        bram_signals_release(&s);
        return BRAM_ENOMEM;
    }
    if (rows) memcpy(s.time, time, rows * sizeof *time);
    copy_values(&s, values, mask);
    s.start[s.segments] = rows;
    *out = s;
    return BRAM_OK;
}

void bram_signals_release(bram_signals *s)
{
    bram_free(s->time);
    bram_free(s->values);
    bram_free(s->mask);
    bram_free(s->start);
    bram_free(s->history);
    *s = (bram_signals){0};
}

int bram_signals_record(bram_ctx *cx, bram_signals *s, const char *format, ...)
{
    char step[400];
    va_list args;
    va_start(args, format);
    vsnprintf(step, sizeof step, format, args);
    va_end(args);
    char *history = bram_strf(cx, "%s%s%s", s->history, s->history[0] ? "; " : "", step);
    if (!history) return BRAM_ENOMEM;
    bram_free(s->history);
    s->history = history;
    return BRAM_OK;
}

static bool begins_segment(const bram_signals *s, size_t i, double longest)
{
    return s->time[i] - s->time[i - 1] > longest || (s->piece && s->piece[i] != s->piece[i - 1]);
}

int bram_signals_split(bram_ctx *cx, bram_signals *s, double factor)
{
    if (!(factor >= 0))
        return bram_fail(cx, BRAM_EUSAGE, "gaps are %g median steps, expected 0 or more", factor);
    double longest = factor > 0 && s->rows > 1 ? factor * s->step : (double)INFINITY;
    size_t segments = s->rows ? 1 : 0, at = 0;
    for (size_t i = 1; i < s->rows; i++) segments += begins_segment(s, i, longest);
    size_t *start = bram_alloc(cx, segments + 1, sizeof *start);
    if (!start) return BRAM_ENOMEM;
    for (size_t i = 1; i < s->rows; i++)
        if (begins_segment(s, i, longest)) start[++at] = i;
    start[segments] = s->rows;

    char text[BRAM_NUMBER_BYTES];
    if (segments > 1) {
        int status = bram_signals_record(cx, s, "split at steps longer than %s s%s: %zu segments",
                                         bram_number_format(text, longest),
                                         s->piece ? " and between pieces" : "", segments);
        if (status != BRAM_OK) {
            bram_free(start);
            return status;
        }
    }
    bram_free(s->start);
    s->start = start;
    s->segments = segments;
    return BRAM_OK;
}

static int normalize(bram_ctx *cx, bram_signals *s, const bram_homogenizing *how)
{
    bool all = how->from == 0 && how->to == 0;
    switch (how->normalization) {
    case BRAM_NORMALIZE_Z:
        return bram_signals_normalize(cx, s, all ? (double)NAN : how->from,
                                      all ? (double)NAN : how->to);
    case BRAM_NORMALIZE_CAUSAL:
        return bram_signals_normalize_causally(cx, s, how->burn_in);
    case BRAM_NORMALIZE_NONE:
        break;
    }
    return BRAM_OK;
}

int bram_signals_homogenize(bram_ctx *cx, bram_signals *s, const bram_homogenizing *how)
{
    BRAM_TRY(bram_signals_split(cx, s, how->gap < 0 ? 0 : how->gap > 0 ? how->gap : 3));
    if (how->smoothing != BRAM_SMOOTH_NONE)
        BRAM_TRY(bram_signals_smooth(cx, s, how->smoothing, how->smooth_seconds));
    if (how->dt != 0) BRAM_TRY(bram_signals_resample(cx, s, how->dt, how->resampling, how->stamp));
    return normalize(cx, s, how);
}
