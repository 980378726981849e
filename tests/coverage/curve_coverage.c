/*
 * curve_coverage.c [REPLICATES] - how often the 95 % intervals of a learning curve hold the truth,
 * where its law is known.
 *
 * The law is 0.8 - 0.6 (n / 10)^-e at the sizes 10, 20, 40 ... 320 of 320 animals (units, stimuli).
 * Each animal has an effect of its own, N(0, s^2) with s = 0.15, and a subset of n the mean of its
 * animals' effects less that of all 320: subsets of a draw grow, the whole is without chance, and
 * the deviation of the smallest size is 0.047. The test rows are 30 blocks; each moves all scores
 * by N(0, 0.05^2) and each size by N(0, 0.02^2) more, so that the mean over blocks moves by 0.0098.
 * The bootstrap has 399 draws of blocks, moved and stretched as report/learning_curve.c does.
 *
 * Without an argument: 400 replicates and the table of docs/variations.md. With a number: exponent
 * 0.7 only with 2, 3, 5 and 10 subsets; exit 1 unless the intervals of points and of the exponent
 * hold their truth in at least 95 - 2 errors of Monte Carlo - 2.5 % of the replicates, and those
 * from subsets drawn with replacement hold the points less often with 2 and 3. All numbers come
 * from seed 1, stream "curve coverage".
 */
#include "curve_law.h"
#include "resample.h"
#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES = 6, ANIMALS = 320, BLOCKS = 30, DRAWS = 399, MOST = 20 };

static const double LEVEL = 0.95;

struct world {
    double amount[SIZES], truth[SIZES];
    double value[SIZES * MOST], test[SIZES * DRAWS], sample[SIZES * DRAWS];
    double exponent;
    size_t subsets;
};

/* Counts over replicates. */
struct counts {
    double points, old, exponent, asymptote, laws, width;
};

static void draw_values(struct world *w, bram_rng *g)
{
    double effect[ANIMALS], mean = 0;
    size_t order[ANIMALS];
    for (size_t i = 0; i < ANIMALS; i++) {
        effect[i] = 0.15 * bram_rng_normal(g);
        mean += effect[i] / ANIMALS;
    }
    for (size_t d = 0; d < w->subsets; d++) {
        double sum = 0;
        size_t n = 0;
        bram_rng_permutation(g, ANIMALS, order);
        for (size_t p = 0; p < SIZES; p++) {
            for (; n < (size_t)w->amount[p]; n++) sum += effect[order[n]];
            bool none = p == SIZES - 1 && d > 0; /* there is one whole */
            w->value[p * w->subsets + d] = none ? NAN : w->truth[p] + sum / (double)n - mean;
        }
    }
}

/* Adds the blocks of the test rows to the values, and makes the stretched draws. */
static void draw_test(bram_ctx *cx, struct world *w, bram_rng *g, uint64_t replicate)
{
    double block[BLOCKS], draw[DRAWS];
    uint32_t times[BLOCKS];
    double common[BLOCKS];
    for (size_t b = 0; b < BLOCKS; b++) common[b] = 0.05 * bram_rng_normal(g);
    for (size_t p = 0; p < SIZES; p++) {
        double shift = 0, mean = 0, low, high;
        size_t n = 0;
        for (size_t b = 0; b < BLOCKS; b++) {
            block[b] = common[b] + 0.02 * bram_rng_normal(g);
            shift += block[b] / BLOCKS;
        }
        for (size_t d = 0; d < w->subsets; d++) {
            double *value = &w->value[p * w->subsets + d];
            if (isnan(*value)) continue;
            *value += shift;
            mean += *value;
            n++;
        }
        mean /= (double)n;
        for (size_t s = 0; s < DRAWS; s++) {
            bram_bootstrap_draw(times, BLOCKS, 1, "curve coverage/blocks", replicate * DRAWS + s);
            draw[s] = mean - shift;
            for (size_t b = 0; b < BLOCKS; b++) draw[s] += times[b] * block[b] / BLOCKS;
        }
        bram_interval i;
        if (bram_interval_corrected(cx, &i, mean, draw, DRAWS, LEVEL, BLOCKS, 1, false) !=
                BRAM_OK ||
            bram_curve_interval(cx, &low, &high, draw, DRAWS, LEVEL) != BRAM_OK)
            exit(1);
        for (size_t s = 0; s < DRAWS; s++)
            w->test[p * DRAWS + s] = i.low + (i.high - i.low) / (high - low) * (draw[s] - low);
    }
}

static bool holds(double low, double high, double truth)
{
    return low <= truth && truth <= high;
}

/* Whether the interval from subsets drawn with replacement holds the truth of a size. */
static bool old_holds(bram_ctx *cx, const struct world *w, size_t p, bram_rng *g)
{
    double sample[DRAWS], mean = 0, low, high;
    size_t n = p == SIZES - 1 ? 1 : w->subsets;
    for (size_t d = 0; d < n; d++) mean += w->value[p * w->subsets + d] / (double)n;
    for (size_t s = 0; s < DRAWS; s++) {
        sample[s] = w->test[p * DRAWS + s] - mean;
        for (size_t d = 0; d < n; d++) {
            size_t k = (size_t)(bram_rng_uniform(g) * (double)n);
            sample[s] += w->value[p * w->subsets + k] / (double)n;
        }
    }
    if (bram_curve_interval(cx, &low, &high, sample, DRAWS, LEVEL) != BRAM_OK) exit(1);
    return holds(low, high, w->truth[p]);
}

static void replicate(bram_ctx *cx, struct world *w, struct counts *c, double *width, uint64_t k)
{
    bram_rng g = bram_rng_at(1, "curve coverage", k);
    draw_values(w, &g);
    draw_test(cx, w, &g, k);
    bram_curve_data data = {SIZES, w->subsets, DRAWS, w->amount, w->value, w->test, LEVEL, 1, true};
    bram_curve_law law;
    bram_curve_samples(w->sample, &data);
    for (size_t p = 0; p < SIZES - 1; p++) {
        double low, high;
        if (bram_curve_interval(cx, &low, &high, w->sample + p * DRAWS, DRAWS, LEVEL) != BRAM_OK)
            exit(1);
        c->points += holds(low, high, w->truth[p]) / (double)(SIZES - 1);
        c->old += old_holds(cx, w, p, &g) / (double)(SIZES - 1);
    }
    if (bram_curve_law_fit(cx, &law, &data, w->sample) != BRAM_OK) exit(1);
    if (isnan(law.law.exponent)) return; /* refused: it claims nothing */
    width[(size_t)c->laws] = law.exponent_high - law.exponent_low;
    c->laws++;
    c->exponent += holds(law.exponent_low, law.exponent_high, w->exponent);
    c->asymptote += holds(law.asymptote_low, law.asymptote_high, 0.8);
}

static struct counts count(bram_ctx *cx, double exponent, size_t subsets, size_t replicates)
{
    static struct world w;
    struct counts c = {0};
    double *width = calloc(replicates, sizeof *width);
    if (!width) exit(1);
    w.exponent = exponent;
    w.subsets = subsets;
    for (size_t p = 0; p < SIZES; p++) {
        w.amount[p] = 10 * pow(2, (double)p);
        w.truth[p] = 0.8 - 0.6 * pow(w.amount[p] / 10, -exponent);
    }
    for (size_t k = 0; k < replicates; k++) replicate(cx, &w, &c, width, k);
    c.width = bram_quantile_select(width, (size_t)c.laws, 0.5);
    free(width);
    double n = (double)replicates, laws = c.laws;
    c.points *= 100 / n, c.old *= 100 / n, c.exponent *= 100 / laws, c.asymptote *= 100 / laws;
    printf("| %g | %zu | %.1f | **%.1f** | **%.1f** | **%.1f** | %.2f | %.1f |\n", exponent,
           subsets, c.old, c.points, c.exponent, c.asymptote, c.width, 100 * (n - laws) / n);
    fflush(stdout);
    return c;
}

int main(int argc, char **argv)
{
    static const double exponents[] = {0.4, 0.7};
    static const size_t subsets[] = {2, 3, 5, 10, 20};
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bool good = true;
    printf("| exponent | subsets | point, with replacement | point | exponent | asymptote | median "
           "width | refused |\n");
    if (argc > 1) {
        size_t n = strtoul(argv[1], NULL, 10);
        double least = 95 - 2.5 - 200 * sqrt(0.95 * 0.05 / (double)n);
        for (size_t i = 0; i < 4; i++) {
            struct counts c = count(cx, 0.7, subsets[i], n);
            good &= c.points >= least && c.exponent >= least && c.asymptote >= least;
            good &= subsets[i] > 3 || c.old < c.points - 5;
        }
    } else
        for (size_t e = 0; e < 2; e++)
            for (size_t i = 0; i < 5; i++) count(cx, exponents[e], subsets[i], 400);
    bram_ctx_free(cx);
    return good ? 0 : 1;
}
