/*
 * reliability.c - split halves of repeats, corrected for their length (Spearman 1910, Brown 1910).
 */
#include "reliability.h"

#include "resample.h"

#include <bramble/parallel.h>
#include <bramble/rng.h>

#include <math.h>

/* The repeats of either half in ascending order, and how often each stimulus counts. */
struct split {
    size_t *repeat[2], repeats[2];
    const uint32_t *times; /* NULL: once each */
};

static int split_new(bram_ctx *cx, struct split *out, const uint8_t *first, size_t repeats)
{
    *out = (struct split){0};
    for (size_t h = 0; h < 2; h++)
        if (!(out->repeat[h] = bram_scratch(cx, repeats, sizeof **out->repeat))) return BRAM_ENOMEM;
    for (size_t k = 0; k < repeats; k++) {
        size_t h = first[k] ? 0 : 1;
        out->repeat[h][out->repeats[h]++] = k;
    }
    return BRAM_OK;
}

struct half {
    double sum;
    size_t count;
};

/* Most of a draw's time is spent here: no branch depends on the data. */
static struct half read_half(const bram_area *a, const struct split *split, size_t h, size_t from)
{
    const double *value = a->values + from;
    const uint8_t *present = a->present + from;
    struct half half = {0};
    for (size_t i = 0; i < split->repeats[h]; i++) {
        size_t k = split->repeat[h][i];
        half.sum += present[k] ? value[k] : 0;
        half.count += present[k] != 0;
    }
    return half;
}

static void read_halves(struct half half[2], const bram_area *a, const struct split *split,
                        size_t stimulus, size_t unit)
{
    size_t from = (stimulus * a->units + unit) * a->repeats;
    for (size_t h = 0; h < 2; h++) half[h] = read_half(a, split, h, from);
}

/* Sums of a unit over stimuli, relative to its first pair so that a large offset does no harm. */
struct sums {
    double n, x, y, xx, yy, xy, x0, y0;
};

static double correlate(const struct sums *s)
{
    double cov = s->xy - s->x * s->y / s->n;
    double vx = s->xx - s->x * s->x / s->n, vy = s->yy - s->y * s->y / s->n;
    return s->n >= 2 && vx > 0 && vy > 0 ? cov / sqrt(vx) / sqrt(vy) : (double)NAN;
}

static void add_pair(struct sums *s, const struct half half[2], double times)
{
    if (!half[0].count || !half[1].count) return;
    double x = half[0].sum / (double)half[0].count, y = half[1].sum / (double)half[1].count;
    if (!(s->n > 0)) s->x0 = x, s->y0 = y;
    x -= s->x0, y -= s->y0;
    s->n += times;
    s->x += times * x, s->y += times * y;
    s->xx += times * x * x, s->yy += times * y * y, s->xy += times * x * y;
}

/* Of all units, stimulus by stimulus: values are read in the order in which they lie. */
static int reliabilities(bram_ctx *cx, double *out, const bram_area *a, const struct split *split)
{
    struct sums *sums = bram_scratch(cx, a->units, sizeof *sums);
    if (!sums) return BRAM_ENOMEM;
    for (size_t i = 0; i < a->stimuli; i++) {
        double times = split->times ? split->times[i] : 1;
        for (size_t u = 0; u < a->units && times > 0; u++) {
            struct half half[2];
            read_halves(half, a, split, i, u);
            add_pair(&sums[u], half, times);
        }
    }
    for (size_t u = 0; u < a->units; u++) {
        double r = correlate(&sums[u]);
        out[u] = r > -1 ? 2 * r / (1 + r) : (double)NAN;
    }
    return BRAM_OK;
}

struct draws {
    const bram_area *area;
    double *out;
    uint64_t seed;
    const char *stream, *halves;
};

/* Task of the pool: one draw. */
static int one_draw(bram_ctx *cx, size_t sample, void *user)
{
    struct draws *d = user;
    const bram_area *a = d->area;
    uint32_t *times = bram_scratch(cx, a->stimuli, sizeof *times);
    uint8_t *first = bram_scratch(cx, a->repeats, 1);
    size_t *order = bram_scratch(cx, a->repeats, sizeof *order);
    if (!times || !first || !order) return BRAM_ENOMEM;
    bram_bootstrap_draw(times, a->stimuli, d->seed, d->stream, sample);
    bram_rng g = bram_rng_at(d->seed, d->halves, sample);
    bram_rng_permutation(&g, a->repeats, order);
    for (size_t k = 0; k < a->repeats; k += 2) first[order[k]] = 1;
    struct split split;
    BRAM_TRY(split_new(cx, &split, first, a->repeats));
    split.times = times;
    return reliabilities(cx, d->out + sample * a->units, a, &split);
}

int bram_area_reliability(bram_ctx *cx, double *out, double *draw, size_t draws, const bram_area *a,
                          uint64_t seed, const char *stream)
{
    if (a->is_rdm || a->repeats < 2)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "reliability needs two repeats or more of each stimulus");
    size_t mark = bram_scratch_mark(cx);
    uint8_t *odd = bram_scratch(cx, a->repeats, 1);
    char *halves = bram_strf(cx, "%s/halves", stream);
    int status = odd && halves ? BRAM_OK : BRAM_ENOMEM;
    struct split split;
    if (status == BRAM_OK) {
        for (size_t k = 0; k < a->repeats; k += 2) odd[k] = 1;
        status = split_new(cx, &split, odd, a->repeats);
    }
    if (status == BRAM_OK) status = reliabilities(cx, out, a, &split);
    if (status == BRAM_OK) {
        struct draws d = {a, draw, seed, stream, halves};
        if (draw) status = bram_parallel_for(cx, draws, one_draw, &d);
    }
    bram_free(halves);
    bram_scratch_release(cx, mark);
    return status;
}
