/*
 * ridge_choice.c - which penalty is the best for each target, or for all, from the scores of all
 * folds; contiguous folds. See ridge_cv.h and ridge.h.
 */
#include "internal.h"
#include "ridge_private.h"

#include <math.h>

double bram_ridge_score_of(bram_agreement s, double n, bram_ridge_score rule)
{
    switch (rule) {
    case BRAM_RIDGE_L2:
        return -s.error / n;
    case BRAM_RIDGE_R2:
        return s.yy > 0 ? 1 - s.error / s.yy : 0;
    case BRAM_RIDGE_CORRELATION:
        return s.yy > 0 && s.pp > 0 ? s.yp / sqrt(s.yy) / sqrt(s.pp) : 0;
    }
    return 0;
}

/* Scores of all folds, penalties and targets: folds x grid x targets. */
struct table {
    const double *score, *grid;
    size_t folds, n_grid, targets;
};

static double mean_score(const struct table *t, size_t g, size_t target)
{
    double sum = 0;
    for (size_t f = 0; f < t->folds; f++)
        sum += t->score[(f * t->n_grid + g) * t->targets + target];
    return sum / (double)t->folds;
}

/* Mean over all targets when target is t->targets; with the preference for large penalties. */
static double preferred(const struct table *t, size_t g, size_t target)
{
    double bias = t->grid[g] > 0 ? 1e-10 * log(t->grid[g]) : -1e-7, sum = 0;
    if (target < t->targets) return mean_score(t, g, target) + bias;
    for (size_t j = 0; j < t->targets; j++) sum += mean_score(t, g, j);
    return sum / (double)t->targets + bias;
}

static size_t best_of(const struct table *t, size_t target)
{
    size_t best = 0;
    for (size_t g = 1; g < t->n_grid; g++) {
        double s = preferred(t, g, target), top = preferred(t, best, target);
        if (s > top || (s == top && t->grid[g] > t->grid[best])) best = g;
    }
    return best;
}

static size_t conservative(const struct table *t, size_t target)
{
    size_t best = best_of(t, target);
    double mean = mean_score(t, best, target), squares = 0;
    for (size_t f = 0; f < t->folds; f++) {
        double d = t->score[(f * t->n_grid + best) * t->targets + target] - mean;
        squares += d * d;
    }
    double least = preferred(t, best, target) - sqrt(squares / (double)t->folds);
    for (size_t g = 0; g < t->n_grid; g++)
        if (t->grid[g] > t->grid[best] && preferred(t, g, target) > least) best = g;
    return best;
}

void bram_ridge_choose(double *alpha, double *best, const double *score, size_t targets,
                       const bram_ridge_search *s)
{
    struct table t = {score, s->grid, s->folds, s->n_grid, targets};
    size_t shared = s->choice == BRAM_RIDGE_GLOBAL ? best_of(&t, t.targets) : 0;
    for (size_t j = 0; j < targets; j++) {
        size_t g = s->choice == BRAM_RIDGE_GLOBAL  ? shared
                   : s->choice == BRAM_RIDGE_LOCAL ? best_of(&t, j)
                                                   : conservative(&t, j);
        alpha[j] = s->grid[g];
        if (best) best[j] = mean_score(&t, g, j);
    }
}

int bram_kfold(bram_ctx *cx, bram_fold **out, size_t n, size_t k)
{
    if (k < 2 || k > n)
        return bram_fail(cx, BRAM_EUSAGE, "%zu folds of %zu rows, expected 2 .. %zu", k, n, n);
    size_t head = k * sizeof **out, count, bytes;
    if (__builtin_mul_overflow(n, k, &count) || bram_overflows(count, sizeof(size_t)) ||
        __builtin_add_overflow(count * sizeof(size_t), head, &bytes))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu folds of %zu rows", k, n);
    bram_fold *folds = bram_alloc(cx, bytes, 1);
    if (!folds) return BRAM_ENOMEM;
    size_t *index = (size_t *)(void *)(folds + k), first = 0;
    for (size_t f = 0; f < k; f++) {
        size_t tests = n / k + (f < n % k), trains = n - tests;
        for (size_t i = 0; i < tests; i++) index[i] = first + i;
        for (size_t i = 0; i < trains; i++) index[tests + i] = i < first ? i : i + tests;
        folds[f] = (bram_fold){
            .train = index + tests, .test = index, .trains = trains, .tests = tests};
        index += n;
        first += tests;
    }
    *out = folds;
    return BRAM_OK;
}
