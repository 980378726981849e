/*
 * calibrate.c - isotonic regression; see calibrate.h.
 */
#include "calibrate.h"

#include <stdlib.h>

struct known {
    double score, edge;
};

static int by_score(const void *a, const void *b)
{
    const struct known *x = a, *y = b;
    return (x->score > y->score) - (x->score < y->score);
}

/* A step being made: the pairs in it, the edges among them. */
struct step {
    double from, pairs, edges;
};

static double value(const struct step *s, double extra, double share)
{
    return (s->edges + extra * share) / (s->pairs + extra);
}

/* Pools each step with those before it that are not lower. @return how many are left */
static size_t pool(struct step *step, size_t count, double extra, double share)
{
    size_t kept = 0;
    for (size_t k = 0; k < count; k++) {
        step[kept++] = step[k];
        while (kept > 1 &&
               value(&step[kept - 2], extra, share) >= value(&step[kept - 1], extra, share)) {
            kept--;
            step[kept - 1].pairs += step[kept].pairs;
            step[kept - 1].edges += step[kept].edges;
        }
    }
    return kept;
}

int bram_calibration_fit(bram_ctx *cx, bram_calibration *out, const double *score,
                         const double *edge, size_t count)
{
    struct known *pair = bram_scratch(cx, count, sizeof *pair);
    struct step *step = bram_scratch(cx, count, sizeof *step);
    double *numbers = bram_scratch(cx, count, 2 * sizeof *numbers), edges = 0;
    if (!pair || !step || !numbers) return BRAM_ENOMEM;
    for (size_t k = 0; k < count; k++) {
        pair[k] = (struct known){score[k], edge[k]};
        edges += edge[k];
    }
    if (!(edges > 0) || !(edges < (double)count))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%g edges among %zu pairs to calibrate on, expected some of both kinds",
                         edges, count);
    qsort(pair, count, sizeof *pair, by_score);
    size_t steps = 0;
    for (size_t k = 0; k < count; k++) {
        if (k == 0 || pair[k].score != pair[k - 1].score)
            step[steps++] = (struct step){.from = pair[k].score};
        step[steps - 1].pairs++;
        step[steps - 1].edges += pair[k].edge;
    }
    double share = edges / (double)count;
    steps = pool(step, steps, 0, share);
    steps = pool(step, steps, 1, share);
    for (size_t k = 0; k < steps; k++)
        numbers[k] = step[k].from, numbers[count + k] = value(&step[k], 1, share);
    *out = (bram_calibration){steps, numbers, numbers + count};
    return BRAM_OK;
}

double bram_calibrated(const bram_calibration *c, double score)
{
    size_t low = 0, high = c->steps; /* the last step from `score` or below is in low .. high - 1 */
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (c->from[middle] <= score) low = middle;
        else high = middle;
    }
    return c->probability[low];
}
