/*
 * perf_similarity.c - the similarity family on 5000 conditions x 2000 units on each side, normal
 * numbers: CPU seconds on one thread, wall seconds on two.
 *
 * Targets are wall seconds on two idle cores; on a busy machine read the CPU seconds. Other tools
 * took 1.8 (linear CKA, similarity-repository), 3.4 (Procrustes, numpy, singular values only) and
 * 22 (SVCCA, numpy) CPU seconds on a like machine.
 */
#include "linalg.h"
#include "perf.h"

#include <bramble/metric.h>
#include <bramble/rng.h>

enum { ROWS = 5000, COLS = 2000 };

static double *fill(bram_ctx *cx, uint64_t sample)
{
    double *x = bram_alloc(cx, (size_t)ROWS * COLS, sizeof *x);
    bram_rng g = bram_rng_at(1, "perf/similarity", sample);
    for (size_t i = 0; x && i < (size_t)ROWS * COLS; i++) x[i] = bram_rng_normal(&g);
    return x;
}

static int run(bram_ctx *cx, const char *spec, const bram_side *x, const bram_side *y,
               double target)
{
    double *raw, value[2], cpu = 0, wall = 0;
    size_t values;
    for (unsigned threads = 1; threads <= 2; threads++) {
        bram_ctx_set_threads(cx, threads);
        double clock = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (bram_metric_score(cx, &raw, &values, NULL, spec, x, y, NULL) != BRAM_OK) {
            printf("%s: %s\n", spec, bram_ctx_message(cx));
            return 1;
        }
        if (threads == 1) cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
        else wall = seconds_of(CLOCK_MONOTONIC) - clock;
        value[threads - 1] = raw[0];
        bram_free(raw);
    }
    char what[120];
    snprintf(what, sizeof what, "%s, CPU, one thread", spec);
    (void)!figure(what, cpu, "s", 0);
    snprintf(what, sizeof what, "%s, wall, two threads", spec);
    int met = figure(what, wall, "s", target);
    if (memcmp(&value[0], &value[1], sizeof value[0]) != 0) {
        printf("%s: %.17g and %.17g on one and on two threads\n", spec, value[0], value[1]);
        return 1;
    }
    return !met;
}

int main(void)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    double *x = cx ? fill(cx, 0) : NULL, *y = x ? fill(cx, 1) : NULL;
    if (!y) return 1;
    bram_side a = {.values = {x, ROWS, COLS, COLS}}, b = {.values = {y, ROWS, COLS, COLS}};
    printf("BLAS kernels: %s\n", bram_blas_core());
    int missed = run(cx, "cka:hsic=gretton", &a, &b, 1);
    missed += run(cx, "cka:hsic=song", &a, &b, 1);
    missed += run(cx, "procrustes", &a, &b, 2);
    missed += run(cx, "svcca", &a, &b, 5);
    bram_free(x);
    bram_free(y);
    bram_ctx_free(cx);
    return missed > 0;
}
