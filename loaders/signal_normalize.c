/*
 * signal_normalize.c - z-scores with the statistics of a stated part, or of the past alone.
 *
 * Moments are taken by Welford's recurrence (Welford 1962), which does not cancel for traces far
 * from zero. The standard deviation is that of the population (divided by n).
 */
#include "homogenize.h"

#include "number.h"

#include <math.h>

struct moments {
    double n, mean, squares;
};

static void take(struct moments *m, double x)
{
    double d = x - m->mean;
    m->n += 1;
    m->mean += d / m->n;
    m->squares += d * (x - m->mean);
}

static double deviation(const struct moments *m)
{
    return m->n > 0 ? sqrt(m->squares / m->n) : 0;
}

static void scale_column(bram_signals *s, size_t c, const struct moments *m)
{
    double sd = deviation(m);
    for (size_t i = 0; i < s->rows; i++) {
        size_t k = i * s->cols + c;
        if (m->n > 0 && s->mask[k]) {
            s->values[k] = sd > 0 ? (s->values[k] - m->mean) / sd : 0;
        } else { /* a column without a value in the part has no scale */
            s->values[k] = 0;
            s->mask[k] = 0;
        }
    }
}

int bram_signals_normalize(bram_ctx *cx, bram_signals *s, double from, double to)
{
    size_t first = 0, last = s->rows;
    if (s->rows == 0) return BRAM_OK;
    while (first < last && !isnan(from) && s->time[first] - s->time[0] < from) first++;
    while (last > first && !isnan(to) && s->time[last - 1] - s->time[0] > to) last--;
    if (first == last)
        return bram_fail(cx, BRAM_EUSAGE,
                         "no frame lies between %g and %g s of the recording's %g s; the part to "
                         "normalize by is empty",
                         from, to, s->time[s->rows - 1] - s->time[0]);
    char text[2][BRAM_NUMBER_BYTES];
    BRAM_TRY(bram_signals_record(cx, s, "normalized: z by the mean and sd of %s to %s s",
                                 bram_number_format(text[0], s->time[first] - s->time[0]),
                                 bram_number_format(text[1], s->time[last - 1] - s->time[0])));
    for (size_t c = 0; c < s->cols; c++) {
        struct moments m = {0};
        for (size_t i = first; i < last; i++)
            if (s->mask[i * s->cols + c]) take(&m, s->values[i * s->cols + c]);
        scale_column(s, c, &m);
    }
    if (last == s->rows) s->filter = BRAM_FILTER_NON_CAUSAL;
    return BRAM_OK;
}

int bram_signals_normalize_causally(bram_ctx *cx, bram_signals *s, double burn_in)
{
    if (!(burn_in >= 0) || !isfinite(burn_in))
        return bram_fail(cx, BRAM_EUSAGE, "a burn-in of %g s, expected 0 or more", burn_in);
    char text[BRAM_NUMBER_BYTES];
    BRAM_TRY(bram_signals_record(cx, s,
                                 "normalized: z by the mean and sd of the past, burn-in %s s",
                                 bram_number_format(text, burn_in)));
    for (size_t c = 0; c < s->cols; c++) {
        struct moments m = {0};
        for (size_t i = 0; i < s->rows; i++) {
            size_t k = i * s->cols + c;
            if (s->mask[k]) take(&m, s->values[k]);
            double sd = deviation(&m);
            bool usable = s->mask[k] && sd > 0 && s->time[i] - s->time[0] >= burn_in;
            s->values[k] = usable ? (s->values[k] - m.mean) / sd : 0;
            s->mask[k] = usable;
        }
    }
    if (s->filter < BRAM_FILTER_CAUSAL) s->filter = BRAM_FILTER_CAUSAL;
    return BRAM_OK;
}
