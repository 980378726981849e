/*
 * timed_halves.c - reliabilities of responses along time and correlations corrected for noise, from
 * random halves of the repeats; see timed.h. Sums are kept by half, condition and unit, so that a
 * draw costs halves x conditions x units.
 */
#include "linalg.h"
#include "resample.h"
#include "timed.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>
#include <string.h>

enum { DRAWN = 10, TARGETS = 2048 };

/* Sums over rows. */
struct sums {
    double n, y1, y2, yy1, yy2, y12, m1, m2, mm1, mm2, m12, m1y2;
};

struct work {
    const bram_timed_map *m;
    bram_timed_halves *out;
    size_t halves, conditions, units;
    struct sums *of; /* half x condition x unit */
    bool mapped;     /* there are features */
    const char *stream;
    const bool *tested; /* blocks */
};

static double correlation(double n, double x, double y, double xx, double yy, double xy)
{
    double vx = xx - x * x / n, vy = yy - y * y / n;
    bool varies = n >= 2 && vx > 1e-14 * xx && vy > 1e-14 * yy;
    return varies ? (xy - x * y / n) / sqrt(vx) / sqrt(vy) : (double)NAN;
}

static double spearman_brown(double r)
{
    return r > -1 ? 2 * r / (1 + r) : (double)NAN;
}

static double reliability_of(const struct sums *s)
{
    return spearman_brown(correlation(s->n, s->y1, s->y2, s->yy1, s->yy2, s->y12));
}

static double corrected_of(const struct sums *s, bool plain)
{
    double data = correlation(s->n, s->y1, s->y2, s->yy1, s->yy2, s->y12);
    double model = correlation(s->n, s->m1, s->m2, s->mm1, s->mm2, s->m12);
    if (!plain) data = spearman_brown(data), model = spearman_brown(model);
    if (!(data > 0 && model > 0)) return NAN;
    return correlation(s->n, s->m1, s->y2, s->mm1, s->yy2, s->m1y2) / sqrt(data * model);
}

static void add(struct sums *to, const struct sums *x, double w)
{
    to->n += w * x->n, to->y1 += w * x->y1, to->y2 += w * x->y2;
    to->yy1 += w * x->yy1, to->yy2 += w * x->yy2, to->y12 += w * x->y12;
    to->m1 += w * x->m1, to->m2 += w * x->m2, to->mm1 += w * x->mm1, to->mm2 += w * x->mm2;
    to->m12 += w * x->m12, to->m1y2 += w * x->m1y2;
}

static void add_row(struct sums *s, double y1, double y2, double m1, double m2)
{
    s->n++, s->y1 += y1, s->y2 += y2, s->yy1 += y1 * y1, s->yy2 += y2 * y2, s->y12 += y1 * y2;
    s->m1 += m1, s->m2 += m2, s->mm1 += m1 * m1, s->mm2 += m2 * m2;
    s->m12 += m1 * m2, s->m1y2 += m1 * y2;
}

/* ---- one half after the other --------------------------------------------------------------- */

/* Which repeats are the first half; of an odd number it is the larger one. */
static int draw_half(bram_ctx *cx, uint8_t *first, size_t repeats, const char *stream, size_t half)
{
    size_t *order = bram_scratch(cx, repeats, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    bram_rng g = bram_rng_at(0, stream, half);
    bram_rng_permutation(&g, repeats, order);
    memset(first, 0, repeats);
    for (size_t k = 0; k < (repeats + 1) / 2; k++) first[order[k]] = 1;
    return BRAM_OK;
}

/* Means of `count` halves from `from` on, first and second side by side: row x (2 count units). */
static int halves_side(bram_ctx *cx, bram_side *out, const struct work *w, size_t from,
                       size_t count)
{
    const bram_timed *t = w->m->t;
    size_t rows = t->blocks * t->bins, units = t->units, cols = 2 * count * units;
    *out = (bram_side){0};
    BRAM_TRY(bram_mat_scratch(cx, &out->values, rows, cols));
    uint8_t *present = bram_scratch(cx, rows, cols);
    uint8_t *first = bram_scratch(cx, t->repeats, 1);
    if (!present || !first) return BRAM_ENOMEM;
    for (size_t h = 0; h < count; h++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(draw_half(cx, first, t->repeats, w->stream, from + h));
        for (size_t side = 0; side < 2; side++) {
            bram_side mean;
            size_t inner = bram_scratch_mark(cx);
            BRAM_TRY(bram_timed_mean(cx, &mean, t, first));
            for (size_t i = 0; i < rows; i++) {
                size_t at = (2 * h + side) * units;
                memcpy(bram_row(&out->values, i) + at, bram_row(&mean.values, i),
                       units * sizeof(double));
                memcpy(present + i * cols + at, mean.present + i * units, units);
            }
            bram_scratch_release(cx, inner);
            for (size_t k = 0; k < t->repeats; k++) first[k] = !first[k];
        }
        bram_scratch_release(cx, mark);
    }
    out->present = present;
    return BRAM_OK;
}

/* The sums of one half, of all tested rows and of each bin. */
static int sum_half(bram_ctx *cx, struct work *w, size_t half, size_t place, const bram_side *y,
                    const bram_mat *prediction)
{
    const bram_timed *t = w->m->t;
    size_t units = w->units, cols = y->values.cols, one = 2 * place * units, two = one + units;
    struct sums *bin = bram_scratch(cx, t->bins, units * sizeof *bin);
    if (!bin) return BRAM_ENOMEM;
    for (size_t block = 0; block < t->blocks; block++)
        for (size_t b = t->skip; b < t->bins && w->tested[block]; b++)
            for (size_t u = 0; u < units; u++) {
                size_t row = block * t->bins + b;
                if (!y->present[row * cols + one + u] || !y->present[row * cols + two + u])
                    continue;
                const double *value = bram_row(&y->values, row);
                const double *guess = w->mapped ? bram_row(prediction, row) : value;
                size_t at = (half * w->conditions + t->condition_of[block]) * units + u;
                add_row(&w->of[at], value[one + u], value[two + u], guess[one + u], guess[two + u]);
                add_row(&bin[b * units + u], value[one + u], value[two + u], 0, 0);
            }
    for (size_t k = 0; k < t->bins * units; k++) {
        double r = reliability_of(&bin[k]);
        w->out->bin_reliability[k] += r / (double)w->halves;
    }
    return BRAM_OK;
}

static int do_halves(bram_ctx *cx, struct work *w, size_t from, size_t count)
{
    const bram_timed *t = w->m->t;
    bram_side y;
    bram_mat prediction = {NULL, 0, 0, 0};
    BRAM_TRY(halves_side(cx, &y, w, from, count));
    if (w->mapped) {
        BRAM_TRY(bram_mat_scratch(cx, &prediction, t->blocks * t->bins, y.values.cols));
        BRAM_TRY(bram_timed_predict(cx, &prediction, NULL, w->m, &y));
    }
    for (size_t h = 0; h < count; h++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(sum_half(cx, w, from + h, h, &y, &prediction));
        bram_scratch_release(cx, mark);
    }
    return BRAM_OK;
}

/* ---- what they say -------------------------------------------------------------------------- */

static struct sums total(const struct work *w, size_t half, size_t unit, const uint32_t *times)
{
    struct sums all = {0};
    for (size_t c = 0; c < w->conditions; c++)
        if (!times || times[c])
            add(&all, &w->of[(half * w->conditions + c) * w->units + unit], times ? times[c] : 1);
    return all;
}

/* The mean of the defined values over these halves. */
static void over_halves(double *reliability, double *corrected, const struct work *w, size_t unit,
                        size_t first, size_t count, const uint32_t *times)
{
    double sum[2] = {0, 0}, n[2] = {0, 0};
    for (size_t h = 0; h < count; h++) {
        struct sums all = total(w, (first + h) % w->halves, unit, times);
        double value[2] = {reliability_of(&all),
                           w->mapped ? corrected_of(&all, w->m->plain) : (double)NAN};
        for (size_t k = 0; k < 2; k++)
            if (isfinite(value[k])) sum[k] += value[k], n[k]++;
    }
    *reliability = n[0] > 0 ? sum[0] / n[0] : (double)NAN;
    *corrected = n[1] > 0 ? sum[1] / n[1] : (double)NAN;
}

/* Task of the pool: conditions and units of one draw. */
static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct work *w = user;
    size_t count = w->halves < DRAWN ? w->halves : DRAWN, kept = 0;
    uint32_t *times = bram_scratch(cx, w->conditions, sizeof *times);
    uint32_t *units = bram_scratch(cx, w->units, sizeof *units);
    double *corrected = bram_scratch(cx, 2 * w->units, sizeof *corrected), value;
    char *stream = bram_strf(cx, "%s/units", w->stream);
    if (!times || !units || !corrected || !stream) {
        bram_free(stream);
        return BRAM_ENOMEM;
    }
    bram_bootstrap_draw(times, w->conditions, 0, w->stream, sample);
    bram_bootstrap_draw(units, w->units, 0, stream, sample);
    bram_free(stream);
    for (size_t u = 0; u < w->units; u++) {
        over_halves(&w->out->reliability_draw[sample * w->units + u], &value, w, u, sample * count,
                    count, times);
        for (size_t k = 0; k < units[u]; k++) corrected[kept++] = value;
    }
    w->out->corrected_draw[sample] = bram_summary(corrected, kept, true, corrected + kept, NULL);
    return BRAM_OK;
}

static int take_memory(bram_ctx *cx, struct work *w, size_t samples)
{
    bram_timed_halves *o = w->out;
    size_t rows;
    if (__builtin_mul_overflow(w->halves, w->conditions, &rows))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu halves", w->halves);
    w->of = bram_scratch(cx, rows, w->units * sizeof *w->of);
    o->reliability = bram_scratch(cx, w->units, sizeof(double));
    o->reliability_draw = bram_scratch(cx, samples, w->units * sizeof(double));
    o->bin_reliability = bram_scratch(cx, w->m->t->bins, w->units * sizeof(double));
    o->corrected = bram_scratch(cx, w->units, sizeof(double));
    o->corrected_draw = bram_scratch(cx, samples, sizeof(double));
    return w->of && o->reliability && o->reliability_draw && o->bin_reliability && o->corrected &&
                   o->corrected_draw
               ? BRAM_OK
               : BRAM_ENOMEM;
}

int bram_timed_split(bram_ctx *cx, bram_timed_halves *out, const bram_timed_map *m, size_t halves,
                     size_t samples, const char *stream)
{
    size_t units = m->t->units, chunk = TARGETS / (2 * units);
    bool *tested = bram_scratch(cx, m->t->blocks, sizeof *tested);
    *out = (bram_timed_halves){.halves = halves};
    struct work w = {m,      out,   halves, m->t->conditions, units, NULL, m->design->x.cols > 0,
                     stream, tested};
    if (!tested) return BRAM_ENOMEM;
    for (size_t f = 0; f < m->folds; f++)
        for (size_t i = 0; i < m->fold[f].tests; i++) tested[m->fold[f].test[i]] = true;
    BRAM_TRY(take_memory(cx, &w, samples));
    if (!chunk) chunk = 1;
    for (size_t from = 0; from < halves; from += chunk) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(do_halves(cx, &w, from, halves - from < chunk ? halves - from : chunk));
        bram_scratch_release(cx, mark);
        bram_ctx_progress(cx, "halves", (double)from, (double)halves);
    }
    double *room = bram_scratch(cx, units, sizeof *room);
    if (!room) return BRAM_ENOMEM;
    for (size_t u = 0; u < units; u++)
        over_halves(&out->reliability[u], &out->corrected[u], &w, u, 0, halves, NULL);
    out->value = bram_summary(out->corrected, units, true, room, NULL);
    return bram_parallel_for(cx, samples, one_draw, &w);
}
