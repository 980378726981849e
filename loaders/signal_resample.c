/*
 * signal_resample.c - signals on an even grid: bin means, linear interpolation, zero-order hold.
 *
 * The grid is t0 + k dt with t0 the first stamp of the recording, for all segments, so that rows of
 * different segments stay comparable and a gap is a jump of whole steps. The bin mean is the
 * anti-aliasing filter: it averages every sample of the bin, so nothing of a faster rhythm folds
 * into a single value. Linear interpolation and hold do not average and are meant for finer grids.
 */
#include "homogenize.h"

#include "number.h"

#include <math.h>
#include <string.h>

/* Stamps that differ from a grid point by less than this part of dt lie on it. */
static const double on_grid = 1e-6;

/* Grid points (bins, for the mean) that a segment covers: k = first .. first + count - 1. */
struct span {
    double first;
    size_t count;
};

static struct span span_of(const bram_signals *s, size_t g, double dt, bram_resampling method)
{
    double begin = (s->time[s->start[g]] - s->time[0]) / dt;
    double end = s->time[s->start[g + 1] - 1] - s->time[0];
    if (method == BRAM_RESAMPLE_MEAN) end += s->step; /* the last sample stands for a whole step */
    double first = ceil(begin - on_grid), past = floor(end / dt + on_grid);
    if (method != BRAM_RESAMPLE_MEAN) past += 1;
    return (struct span){first, past > first ? (size_t)(past - first) : 0};
}

static void bin_means(const bram_signals *s, size_t g, struct span span, double dt, double *values,
                      uint8_t *mask, double *present)
{
    memset(present, 0, span.count * s->cols * sizeof *present);
    for (size_t i = s->start[g]; i < s->start[g + 1]; i++) {
        double bin = floor((s->time[i] - s->time[0]) / dt + on_grid) - span.first;
        if (bin < 0 || bin >= (double)span.count) continue;
        for (size_t c = 0; c < s->cols; c++) {
            size_t k = (size_t)bin * s->cols + c;
            values[k] += s->values[i * s->cols + c]; /* 0 where missing */
            present[k] += s->mask[i * s->cols + c];
        }
    }
    for (size_t k = 0; k < span.count * s->cols; k++) {
        mask[k] = present[k] > 0;
        values[k] = mask[k] ? values[k] / present[k] : 0;
    }
}

static void points(const bram_signals *s, size_t g, struct span span, double dt,
                   bram_resampling method, double *values, uint8_t *mask)
{
    size_t j = s->start[g], last = s->start[g + 1];
    for (size_t p = 0; p < span.count; p++) {
        double at = s->time[0] + (span.first + (double)p) * dt, near = on_grid * dt;
        while (j + 1 < last && s->time[j + 1] <= at + near) j++;
        bool exact = method == BRAM_RESAMPLE_HOLD || fabs(at - s->time[j]) <= near || j + 1 == last;
        double w = exact ? 0 : (at - s->time[j]) / (s->time[j + 1] - s->time[j]);
        for (size_t c = 0; c < s->cols; c++) {
            size_t a = j * s->cols + c, b = exact ? a : a + s->cols, k = p * s->cols + c;
            mask[k] = s->mask[a] && s->mask[b];
            values[k] = mask[k] ? s->values[a] + w * (s->values[b] - s->values[a]) : 0;
        }
    }
}

/* What a resampling makes, before it takes the place of the old arrays. */
struct grid {
    size_t rows, segments;
    double *time, *values;
    uint8_t *mask;
    size_t *start;
};

static void release(struct grid *out)
{
    bram_free(out->time);
    bram_free(out->values);
    bram_free(out->mask);
    bram_free(out->start);
}

static int allocate(bram_ctx *cx, const bram_signals *s, struct grid *out)
{
    size_t count;
    if (__builtin_mul_overflow(out->rows, s->cols, &count))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu x %zu values", out->rows, s->cols);
    out->time = bram_alloc(cx, out->rows, sizeof *out->time);
    out->values = bram_alloc(cx, count, sizeof *out->values);
    out->mask = bram_alloc(cx, count, 1);
    out->start = bram_alloc(cx, s->segments + 1, sizeof *out->start);
    return out->time && out->values && out->mask && out->start ? BRAM_OK : BRAM_ENOMEM;
}

static int fill(bram_ctx *cx, const bram_signals *s, double dt, bram_resampling method,
                bram_stamp stamp, struct grid *out)
{
    double shift = method != BRAM_RESAMPLE_MEAN ? 0 : stamp == BRAM_STAMP_CENTRE ? 0.5 : 1;
    size_t row = 0;
    for (size_t g = 0; g < s->segments; g++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        struct span span = span_of(s, g, dt, method);
        if (span.count == 0) continue;
        out->start[out->segments++] = row;
        for (size_t p = 0; p < span.count; p++)
            out->time[row + p] = s->time[0] + (span.first + (double)p + shift) * dt;
        double *values = out->values + row * s->cols;
        uint8_t *mask = out->mask + row * s->cols;
        if (method == BRAM_RESAMPLE_MEAN) {
            double *present = bram_scratch(cx, span.count * s->cols, sizeof *present);
            if (!present) return BRAM_ENOMEM;
            bin_means(s, g, span, dt, values, mask, present);
        } else {
            points(s, g, span, dt, method, values, mask);
        }
        row += span.count;
    }
    out->start[out->segments] = row;
    return BRAM_OK;
}

static int check(bram_ctx *cx, const bram_signals *s, double dt, bram_resampling method)
{
    if (!(dt > 0) || !isfinite(dt))
        return bram_fail(cx, BRAM_EUSAGE, "a step of %g s, expected more than 0", dt);
    if (s->rows < 2)
        return bram_fail(cx, BRAM_EUSAGE, "%zu frames cannot be resampled, expected 2 or more",
                         s->rows);
    double span = s->time[s->rows - 1] - s->time[0];
    if (span / dt > 1000 * (double)s->rows)
        return bram_fail(cx, BRAM_EUSAGE, "a step of %g s is too fine for %zu frames in %g s", dt,
                         s->rows, span);
    if (method == BRAM_RESAMPLE_MEAN && dt < s->step * (1 - on_grid))
        return bram_fail(cx, BRAM_EUSAGE,
                         "bins of %g s are shorter than the recording's step of %g s; take "
                         "resampling by linear or hold, or a longer step",
                         dt, s->step);
    return BRAM_OK;
}

static bram_filter filter_of(bram_resampling method, bram_stamp stamp)
{
    bool ahead = method == BRAM_RESAMPLE_LINEAR ||
                 (method == BRAM_RESAMPLE_MEAN && stamp == BRAM_STAMP_CENTRE);
    return ahead ? BRAM_FILTER_NON_CAUSAL : BRAM_FILTER_CAUSAL;
}

static int record(bram_ctx *cx, bram_signals *s, double dt, bram_resampling method,
                  bram_stamp stamp, const struct grid *out)
{
    static const char *const names[] = {"bin means", "linear interpolation", "last value held"};
    const char *stamped = method != BRAM_RESAMPLE_MEAN ? ""
                          : stamp == BRAM_STAMP_CENTRE ? ", stamped at the bin's centre"
                                                       : ", stamped at the bin's right edge";
    char step[2][BRAM_NUMBER_BYTES];
    return bram_signals_record(
        cx, s, "resampled: from a step of %s s to %s s by %s%s (%s), %zu frames",
        bram_number_format(step[0], s->step), bram_number_format(step[1], dt), names[method],
        stamped, bram_filter_name(filter_of(method, stamp)), out->rows);
}

int bram_signals_resample(bram_ctx *cx, bram_signals *s, double dt, bram_resampling method,
                          bram_stamp stamp)
{
    BRAM_TRY(check(cx, s, dt, method));
    struct grid out = {0};
    for (size_t g = 0; g < s->segments; g++) out.rows += span_of(s, g, dt, method).count;
    if (out.rows == 0)
        return bram_fail(cx, BRAM_EUSAGE, "no bin of %g s fits into the recording's %g s", dt,
                         s->time[s->rows - 1] - s->time[0]);

    size_t mark = bram_scratch_mark(cx);
    int status = allocate(cx, s, &out);
    if (status == BRAM_OK) status = fill(cx, s, dt, method, stamp, &out);
    if (status == BRAM_OK) status = record(cx, s, dt, method, stamp, &out);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) {
        release(&out);
        return status;
    }
    release(
        &(struct grid){.time = s->time, .values = s->values, .mask = s->mask, .start = s->start});
    s->time = out.time;
    s->values = out.values;
    s->mask = out.mask;
    s->start = out.start;
    s->rows = out.rows;
    s->segments = out.segments;
    s->step = dt;
    if (filter_of(method, stamp) > s->filter) s->filter = filter_of(method, stamp);
    return BRAM_OK;
}
