/*
 * interval_coverage.c [REPLICATES] - how often 95 % intervals hold the truth, where the truth is
 * known.
 *
 * A unit is an autoregression y of order one with variance 1; its prediction is the best linear one
 * from y plus noise of the same correlation in time, so that r^2 = R2 = `signal`, and skill against
 * copy is 1 - (1 - signal) / (2 (1 - rho)). A second prediction has the signal .8 as strong;
 * differences are those of the two. Scores are means over units. The rows are as many as give the
 * stated number of blocks by the rule of Politis and White in its theoretical form
 * (core/resample.c), drawn as in the engine, 399 draws. All numbers come from seed 1, stream
 * "coverage".
 *
 * Without an argument: 1000 replicates and the tables of docs/statistics.md (some ten minutes).
 * With a number of replicates: the first setting with 8 and 15 blocks and with four parts of three;
 * exit 1 unless the corrected interval comes nearer to 95 % than the percentile interval and within
 * 5 + 2 Monte-Carlo errors, and with parts not further below.
 */
#include "resample.h"
#include "stats.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAWS = 399,
    MOST_REPLICATES = 1 << 20,
    MOST_UNITS = 16,
    MOST_BLOCKS = 100,
    MODELS = 2,
    SCORES = 5
};

static const char *const score_name[SCORES] = {"r", "r2", "skill", "difference of r",
                                               "difference of skill"};

struct setting {
    size_t units;
    double rho, signal;
    size_t parts; /* recordings, whose scores are averaged */
};

/* Sums over the rows of a block: y, y^2, squares of y - copy; for each model p, p^2, y p. */
struct sums {
    double n, y, yy, copy, p[MODELS], pp[MODELS], yp[MODELS];
};

static void add(struct sums *to, const struct sums *s, double weight)
{
    double *a = (double *)to;
    const double *b = (const double *)s;
    for (size_t k = 0; k < sizeof *to / sizeof *a; k++) a[k] += weight * b[k];
}

/* The reference mean of r2 is that of all rows, in every draw: as in metrics/moments.c. */
static double one_score(const struct sums *s, size_t score, size_t model, double mean)
{
    double error = s->yy - 2 * s->yp[model] + s->pp[model];
    if (score == 1) return 1 - error / (s->yy - 2 * mean * s->y + s->n * mean * mean);
    if (score == 2) return 1 - error / s->copy;
    double vy = s->yy - s->y * s->y / s->n, vp = s->pp[model] - s->p[model] * s->p[model] / s->n;
    return (s->yp[model] - s->y * s->p[model] / s->n) / sqrt(vy * vp);
}

static double unit_score(const struct sums *s, size_t score, double mean)
{
    if (score < 3) return one_score(s, score, 0, mean);
    size_t of = score == 3 ? 0 : 2;
    return one_score(s, of, 0, mean) - one_score(s, of, 1, mean);
}

static double truth_of(const struct setting *c, size_t score)
{
    double second = .8 * c->signal;
    switch (score) {
    case 0:
        return sqrt(c->signal);
    case 1:
        return c->signal;
    case 2:
        return 1 - (1 - c->signal) / (2 * (1 - c->rho));
    case 3:
        return sqrt(c->signal) - sqrt(second);
    default:
        return (c->signal - second) / (2 * (1 - c->rho));
    }
}

/* length = (1.5 (2 rho / (1 - rho^2))^2 rows)^(1/3) with rows = blocks times length */
static size_t length_for(double rho, size_t blocks)
{
    double c = 1.5 * pow(2 * rho / (1 - rho * rho), 2);
    return (size_t)ceil(sqrt(c * (double)blocks));
}

/* block: blocks x units */
static void simulate(struct sums *block, const struct setting *c, size_t blocks, uint64_t stream)
{
    bram_rng g = bram_rng_at(1, "coverage", stream);
    double fresh = sqrt(1 - c->rho * c->rho);
    double y[MOST_UNITS], e[MODELS][MOST_UNITS];
    size_t length = length_for(c->rho, blocks);
    memset(block, 0, blocks * c->units * sizeof *block);
    for (size_t u = 0; u < c->units; u++) {
        y[u] = bram_rng_normal(&g);
        for (size_t m = 0; m < MODELS; m++) e[m][u] = bram_rng_normal(&g);
    }
    for (size_t t = 0; t < blocks * length; t++)
        for (size_t u = 0; u < c->units; u++) {
            struct sums *s = &block[t / length * c->units + u];
            double before = y[u];
            y[u] = c->rho * y[u] + fresh * bram_rng_normal(&g);
            s->n++, s->y += y[u], s->yy += y[u] * y[u];
            s->copy += (y[u] - before) * (y[u] - before);
            for (size_t m = 0; m < MODELS; m++) {
                double signal = m ? .8 * c->signal : c->signal;
                e[m][u] = c->rho * e[m][u] + fresh * bram_rng_normal(&g);
                double p = signal * (y[u] + sqrt((1 - signal) / signal) * e[m][u]);
                s->p[m] += p, s->pp[m] += p * p, s->yp[m] += y[u] * p;
            }
        }
}

static void score_all(double out[SCORES], const struct sums *block, const struct setting *c,
                      size_t blocks, const uint32_t *times, double *mean)
{
    memset(out, 0, SCORES * sizeof *out);
    for (size_t u = 0; u < c->units; u++) {
        struct sums s = {0};
        for (size_t b = 0; b < blocks; b++)
            if (!times || times[b]) add(&s, &block[b * c->units + u], times ? times[b] : 1);
        if (!times) mean[u] = s.y / s.n;
        for (size_t k = 0; k < SCORES; k++) out[k] += unit_score(&s, k, mean[u]) / (double)c->units;
    }
}

/* A mean over parts of as many blocks each: its value, and in draw what is drawn. */
static void replicate(double value[SCORES], double draw[SCORES][DRAWS], const struct setting *c,
                      size_t blocks, size_t number)
{
    static struct sums block[MOST_BLOCKS * MOST_UNITS];
    uint32_t times[MOST_BLOCKS];
    memset(value, 0, SCORES * sizeof *value);
    memset(draw, 0, SCORES * sizeof *draw);
    for (size_t part = 0; part < c->parts; part++) {
        double own[SCORES], mean[MOST_UNITS], share = 1 / (double)c->parts;
        size_t stream = part * MOST_REPLICATES + number;
        simulate(block, c, blocks, stream);
        score_all(own, block, c, blocks, NULL, mean);
        for (size_t k = 0; k < SCORES; k++) value[k] += share * own[k];
        for (size_t d = 0; d < DRAWS; d++) {
            bram_bootstrap_draw(times, blocks, 1, "coverage draws", stream * DRAWS + d);
            score_all(own, block, c, blocks, times, mean);
            for (size_t k = 0; k < SCORES; k++) draw[k][d] += share * own[k];
        }
    }
}

/* Counts the replicates whose interval holds the truth: [0] percentile, [1] corrected. */
static int cover(bram_ctx *cx, double hit[SCORES][2], const struct setting *c, size_t blocks,
                 size_t replicates)
{
    static double draw[SCORES][DRAWS];
    memset(hit, 0, 2 * SCORES * sizeof **hit);
    for (size_t i = 0; i < replicates; i++) {
        double value[SCORES];
        replicate(value, draw, c, blocks, i);
        for (size_t k = 0; k < SCORES; k++) {
            bram_interval a, b;
            double truth = truth_of(c, k);
            BRAM_TRY(bram_interval_percentile(cx, &a, draw[k], DRAWS, .95));
            BRAM_TRY(bram_interval_corrected(cx, &b, value[k], draw[k], DRAWS, .95,
                                             c->parts * blocks, c->parts, true));
            hit[k][0] += (a.low <= truth && truth <= a.high) / (double)replicates;
            hit[k][1] += (b.low <= truth && truth <= b.high) / (double)replicates;
            if (!(b.low <= value[k] && value[k] <= b.high))
                return bram_fail(cx, BRAM_EINTERNAL, "an interval without its value");
        }
    }
    return BRAM_OK;
}

static const struct setting settings[] = {
    {16, .5, .6, 1}, {16, .9, .6, 1}, {1, .5, .6, 1}, {1, .9, .6, 1}};

static int table(bram_ctx *cx)
{
    static const size_t blocks[] = {8, 15, 30, 100};
    puts("| units | rho | score | 8 blocks | 15 | 30 | 100 |\n|---:|---:|---|---:|---:|---:|---:|");
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        double hit[4][SCORES][2];
        for (size_t b = 0; b < 4; b++) BRAM_TRY(cover(cx, hit[b], &settings[s], blocks[b], 1000));
        for (size_t k = 0; k < SCORES; k++) {
            printf("| %zu | %g | %s |", settings[s].units, settings[s].rho, score_name[k]);
            for (size_t b = 0; b < 4; b++)
                printf(" %.0f, **%.0f** |", 100 * hit[b][k][0], 100 * hit[b][k][1]);
            putchar('\n');
        }
        fflush(stdout);
    }
    return BRAM_OK;
}

/* Parts that are too short by themselves, 500 replicates. */
static int table_of_parts(bram_ctx *cx)
{
    static const size_t parts[] = {1, 2, 3, 4, 4, 8}, blocks[] = {8, 4, 3, 3, 4, 3};
    puts(
        "\n| units | rho | parts x blocks | r | r2 | skill | difference of r | difference of skill "
        "|\n|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++)
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            struct setting c = settings[s];
            double hit[SCORES][2];
            c.parts = parts[p];
            BRAM_TRY(cover(cx, hit, &c, blocks[p], 500));
            printf("| %zu | %g | %zu x %zu |", c.units, c.rho, parts[p], blocks[p]);
            for (size_t k = 0; k < SCORES; k++) printf(" %.0f |", 100 * hit[k][1]);
            putchar('\n');
            fflush(stdout);
        }
    return BRAM_OK;
}

static int check(bram_ctx *cx, size_t replicates, bool *good)
{
    static const size_t blocks[] = {8, 15};
    double slack = .05 + 2 * sqrt(.95 * .05 / (double)replicates);
    for (size_t b = 0; b < 2; b++) {
        double hit[SCORES][2];
        BRAM_TRY(cover(cx, hit, &settings[0], blocks[b], replicates));
        for (size_t k = 0; k < SCORES; k++) {
            double before = fabs(hit[k][0] - .95), now = fabs(hit[k][1] - .95);
            bool fine = now <= before && now <= slack;
            printf("%s %zu blocks, %s: %.3f, corrected %.3f\n", fine ? "ok" : "not ok", blocks[b],
                   score_name[k], hit[k][0], hit[k][1]);
            *good &= fine;
        }
    }
    /* four parts of three blocks: r and r2 get no draws there (benchmarks/score_draws.c) */
    struct setting parts = settings[0];
    double hit[SCORES][2];
    parts.parts = 4;
    BRAM_TRY(cover(cx, hit, &parts, 3, replicates / 3));
    for (size_t k = 0; k < SCORES; k++) {
        bool fine = k < 2 || hit[k][1] >= .95 - slack;
        printf("%s 4 parts of 3 blocks, %s: %.3f\n", fine ? "ok" : "not ok", score_name[k],
               hit[k][1]);
        *good &= fine;
    }
    return BRAM_OK;
}

int main(int argc, char **argv)
{
    bram_ctx *cx = bram_ctx_new();
    long replicates = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    bool good = true;
    int status = !cx              ? BRAM_ENOMEM
                 : replicates > 0 ? check(cx, (size_t)replicates, &good)
                                  : table(cx);
    if (status == BRAM_OK && !replicates) status = table_of_parts(cx);
    if (status != BRAM_OK) fprintf(stderr, "coverage: %s\n", cx ? bram_ctx_message(cx) : "");
    bram_ctx_free(cx);
    return status != BRAM_OK || !good;
}
