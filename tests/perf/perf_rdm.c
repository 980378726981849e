/*
 * perf_rdm.c - dissimilarity matrices and noise: 5000 conditions x 2000 channels, crossnobis of 200
 * conditions x 8 folds x 1000 channels with a precision, a shrinkage precision of 1600 x 1000
 * residuals. Wall time on two threads, processor time on one; the rate of one product of the same
 * depth is measured beside, as what a machine can do at that hour.
 */
#include "linalg.h"
#include "noise.h"
#include "perf.h"
#include "rdm.h"

#include <bramble/rng.h>

#include <math.h>

enum { CONDITIONS = 5000, CHANNELS = 2000, RUNS = 5 };

static int made(bram_ctx *cx, bram_mat *x, size_t rows, size_t cols)
{
    bram_rng g = bram_rng_new(1, "perf rdm");
    BRAM_TRY(bram_mat_new(cx, x, rows, cols));
    for (size_t i = 0; i < rows * cols; i++) x->data[i] = bram_rng_normal(&g);
    return BRAM_OK;
}

/* One piece of work, its median times over RUNS. */
struct timing {
    double wall, cpu;
};

typedef int work_fn(bram_ctx *cx, void *user);

static struct timing time_of(bram_ctx *cx, unsigned threads, work_fn *work, void *user)
{
    double wall[RUNS], cpu[RUNS];
    bram_ctx_set_threads(cx, threads);
    for (int i = 0; i < RUNS; i++) {
        wall[i] = seconds_of(CLOCK_MONOTONIC), cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (work(cx, user) != BRAM_OK) {
            fprintf(stderr, "%s\n", bram_ctx_message(cx));
            exit(1);
        }
        wall[i] = seconds_of(CLOCK_MONOTONIC) - wall[i];
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
    }
    return (struct timing){median_of(wall, RUNS), median_of(cpu, RUNS)};
}

struct rdm_work {
    bram_side side;
    bram_rdm_design *design;
    bram_rdm_options options;
};

static int estimate(bram_ctx *cx, void *user)
{
    const struct rdm_work *w = user;
    double *d = NULL;
    BRAM_TRY(bram_rdm_estimate(cx, &d, &w->side, w->design, &w->options));
    bram_free(d);
    return BRAM_OK;
}

/* 1024 x 1024 out of the same depth: 2 * 1024^2 * CHANNELS operations */
static int product(bram_ctx *cx, void *user)
{
    const bram_mat *x = user;
    bram_mat a = bram_mat_rows(*x, 0, 1024), b = bram_mat_rows(*x, 1024, 1024), c;
    BRAM_TRY(bram_mat_new(cx, &c, 1024, 1024));
    int status = bram_gemm(cx, &c, 1, &a, BRAM_AS_IS, &b, BRAM_TRANSPOSED, 0);
    bram_free(c.data);
    return status;
}

static int precision(bram_ctx *cx, void *user)
{
    const bram_mat *e = user;
    bram_mat p;
    BRAM_TRY(bram_mat_new(cx, &p, e->cols, e->cols));
    int status = bram_noise_covariance(cx, &p, NULL, e, BRAM_NOISE_SHRINKAGE_DIAG, 0);
    if (status == BRAM_OK) status = bram_noise_invert(cx, &p);
    bram_free(p.data);
    return status;
}

static int plain_rdms(bram_ctx *cx)
{
    bram_mat x;
    if (made(cx, &x, CONDITIONS, CHANNELS) != BRAM_OK) return 0;
    struct rdm_work w = {.side = {.values = x}};
    double before = memory_of("VmRSS:"), operations = (double)CONDITIONS * CONDITIONS * CHANNELS;
    restart_peak();
    struct timing euclidean = time_of(cx, 1, estimate, &w), both = time_of(cx, 2, estimate, &w);
    double peak = memory_of("VmHWM:") - before;
    w.options.kind = BRAM_RDM_CORRELATION;
    struct timing correlation = time_of(cx, 1, estimate, &w), pair = time_of(cx, 2, estimate, &w);
    struct timing gemm = time_of(cx, 1, product, &x);
    double rate = 2.0 * 1024 * 1024 * CHANNELS / gemm.cpu;
    bram_free(x.data);
    figure("one product, one thread", rate * 1e-9, "Gop/s", 0);
    figure("euclidean 5000 x 2000, processor time", euclidean.cpu, "s", 0);
    int met = figure("the same, wall time on 2 threads", both.wall, "s", 0.8);
    met &= figure("the same, peak above the responses", peak, "MiB", 330);
    figure("correlation 5000 x 2000, processor time", correlation.cpu, "s", 0);
    figure("the same, wall time on 2 threads", pair.wall, "s", 0);
    met &= figure("correlation / euclidean, processor time", correlation.cpu / euclidean.cpu, "",
                  1.1);
    met &= figure("correlation / time at the product's rate", correlation.cpu * rate / operations,
                  "", 1 / 0.6);
    return met;
}

static int with_noise(bram_ctx *cx)
{
    enum { STIMULI = 200, FOLDS = 8, ROWS = STIMULI * FOLDS, UNITS = 1000 };
    static uint32_t condition[ROWS], fold[ROWS];
    bram_mat x, e, p;
    if (made(cx, &x, ROWS, UNITS) || made(cx, &e, ROWS, UNITS) ||
        bram_mat_new(cx, &p, UNITS, UNITS))
        return 0;
    for (uint32_t i = 0; i < ROWS; i++) condition[i] = i % STIMULI, fold[i] = i / STIMULI;
    struct timing noise = time_of(cx, 1, precision, &e), noise2 = time_of(cx, 2, precision, &e);
    if (bram_noise_covariance(cx, &p, NULL, &e, BRAM_NOISE_SHRINKAGE_DIAG, 0) ||
        bram_noise_invert(cx, &p))
        return 0;
    bram_rdm_design design = {condition, STIMULI, fold, FOLDS, NULL, NULL};
    struct rdm_work w = {{.values = x}, &design, {.kind = BRAM_RDM_CROSSNOBIS}};
    struct timing without = time_of(cx, 1, estimate, &w);
    w.options.precision = &p, w.options.precisions = 1;
    struct timing with = time_of(cx, 1, estimate, &w), both = time_of(cx, 2, estimate, &w);
    w.options.unbalanced = true;
    struct timing unbalanced = time_of(cx, 1, estimate, &w);
    figure("shrinkage precision 1600 x 1000, processor", noise.cpu, "s", 0);
    int met = figure("the same, wall time on 2 threads", noise2.wall, "s", 0.3);
    figure("crossnobis 200 x 8 x 1000, processor time", without.cpu, "s", 0);
    figure("with a precision", with.cpu, "s", 0);
    met &= figure("the same, wall time on 2 threads", both.wall, "s", 0.1);
    figure("unbalanced, with a precision, processor", unbalanced.cpu, "s", 0);
    bram_free(x.data), bram_free(e.data), bram_free(p.data);
    return met;
}

int main(void)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    if (!cx) return 1;
    printf("BLAS core type %s\n", bram_blas_core());
    int met = with_noise(cx);
    met &= plain_rdms(cx);
    bram_ctx_free(cx);
    return !met;
}
