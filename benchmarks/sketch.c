/*
 * sketch.c - sketches of recordings, and their best lag; see sketch.h.
 */
#include "sketch.h"

#include <math.h>

enum { MOST_BINS = 2048 };
static const double least_overlap = 0.6; /* of the shorter one */

static double time_at(const bram_recording *r, size_t i)
{
    return bram_axis_values(r->time)[i];
}

/* Mean and 1 / sd of a column's present values; 0 for one that is constant or absent. */
static void column_scale(const bram_recording *r, size_t u, double *mean, double *scale)
{
    double n = 0, sum = 0, square = 0, origin = 0;
    for (size_t t = 0; t < r->rows; t++) {
        if (!r->present[t * r->units + u]) continue;
        if (n == 0) origin = r->values[t * r->units + u];
        double x = r->values[t * r->units + u] - origin;
        n++, sum += x, square += x * x;
    }
    double variance = n > 1 ? (square - sum * sum / n) / n : 0;
    bool moves = variance > 1e-20 * (square / (n > 0 ? n : 1)) && variance > 0;
    *mean = n > 0 ? origin + sum / n : 0;
    *scale = moves ? 1 / sqrt(variance) : 0;
}

/* The energy of each row; -1 where nothing is present. */
static int row_energy(bram_ctx *cx, double *energy, const bram_recording *r)
{
    size_t mark = bram_scratch_mark(cx);
    double *mean = bram_scratch(cx, r->units, sizeof *mean);
    double *scale = bram_scratch(cx, r->units, sizeof *scale);
    if (!mean || !scale) return BRAM_ENOMEM;
    for (size_t u = 0; u < r->units; u++) column_scale(r, u, &mean[u], &scale[u]);
    for (size_t t = 0; t < r->rows; t++) {
        double sum = 0, n = 0;
        for (size_t u = 0; u < r->units; u++) {
            if (!r->present[t * r->units + u] || scale[u] == 0) continue;
            double z = (r->values[t * r->units + u] - mean[u]) * scale[u];
            sum += z * z, n++;
        }
        energy[t] = n > 0 ? sum / n : -1;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

void bram_sketch_release(bram_sketch *s)
{
    bram_free(s->energy);
    bram_free(s->sum);
    bram_free(s->sum_sq);
}

int bram_sketch_make(bram_ctx *cx, bram_sketch *out, const bram_recording *r, double bin)
{
    bram_sketch s = {.dt = r->dt};
    size_t mark = bram_scratch_mark(cx);
    double *energy = bram_scratch(cx, r->rows, sizeof *energy);
    if (!energy) return BRAM_ENOMEM;
    BRAM_TRY(row_energy(cx, energy, r));
    s.first = time_at(r, 0);
    s.duration = time_at(r, r->rows - 1) - s.first;
    double bins = floor(s.duration / bin);
    s.bins = bins < 1 ? 1 : bins > MOST_BINS ? MOST_BINS : (size_t)bins;
    s.energy = bram_alloc(cx, s.bins, sizeof *s.energy);
    s.sum = bram_alloc(cx, s.bins + 1, sizeof *s.sum);
    s.sum_sq = bram_alloc(cx, s.bins + 1, sizeof *s.sum_sq);
    double *n = bram_scratch(cx, s.bins, sizeof *n);
    if (!s.energy || !s.sum || !s.sum_sq || !n) {
        bram_sketch_release(&s);
        return BRAM_ENOMEM;
    }
    for (size_t t = 0; t < r->rows; t++) {
        double at = floor((time_at(r, t) - s.first) / bin);
        if (energy[t] < 0 || at >= (double)s.bins) continue;
        s.energy[(size_t)at] += energy[t];
        n[(size_t)at]++;
    }
    for (size_t k = 0; k < s.bins; k++) {
        s.energy[k] = n[k] > 0 ? s.energy[k] / n[k] : k ? s.energy[k - 1] : 0;
        s.sum[k + 1] = s.sum[k] + s.energy[k];
        s.sum_sq[k + 1] = s.sum_sq[k] + s.energy[k] * s.energy[k];
    }
    bram_scratch_release(cx, mark);
    *out = s;
    return BRAM_OK;
}

/* The correlation of a from bin i with b from bin j on, n bins. */
static double correlate(const bram_sketch *a, const bram_sketch *b, size_t i, size_t j, size_t n)
{
    double cross = 0, count = (double)n;
    for (size_t k = 0; k < n; k++) cross += a->energy[i + k] * b->energy[j + k];
    double sa = a->sum[i + n] - a->sum[i], sb = b->sum[j + n] - b->sum[j];
    double va = a->sum_sq[i + n] - a->sum_sq[i] - sa * sa / count;
    double vb = b->sum_sq[j + n] - b->sum_sq[j] - sb * sb / count;
    return va > 1e-12 && vb > 1e-12 ? (cross - sa * sb / count) / sqrt(va) / sqrt(vb) : 0;
}

double bram_sketch_lag(const bram_sketch *a, const bram_sketch *b, ptrdiff_t *lag)
{
    size_t shorter = a->bins < b->bins ? a->bins : b->bins;
    size_t least = (size_t)ceil(least_overlap * (double)shorter);
    double best = -1;
    if (least < BRAM_SKETCH_LEAST_BINS)
        least = BRAM_SKETCH_LEAST_BINS < shorter ? BRAM_SKETCH_LEAST_BINS : shorter;
    for (ptrdiff_t d = -(ptrdiff_t)a->bins; d <= (ptrdiff_t)b->bins; d++) {
        size_t i = d < 0 ? (size_t)-d : 0, j = d > 0 ? (size_t)d : 0;
        if (i >= a->bins || j >= b->bins) continue;
        size_t n = a->bins - i < b->bins - j ? a->bins - i : b->bins - j;
        if (n < least) continue;
        double r = correlate(a, b, i, j, n);
        if (r > best) best = r, *lag = d;
    }
    return best;
}
