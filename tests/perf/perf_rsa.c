/*
 * perf_rsa.c - comparisons of RDMs and inference: seconds of the wall and of the processor, on the
 * threads given (2 when none are). Targets are wall seconds on two idle cores.
 */
#include "linalg.h"
#include "perf.h"
#include "rsa_inference.h"

#include <bramble/rng.h>

static bram_ctx *cx;

static void fill(bram_mat *m, size_t rows, size_t n, const char *stream)
{
    bram_rng g = bram_rng_new(1, stream);
    if (bram_mat_new(cx, m, rows, bram_rdm_pairs(n)) != BRAM_OK) exit(1);
    for (size_t k = 0; k < rows * m->cols; k++) m->data[k] = 1 + bram_rng_uniform(&g);
}

static int report(const char *what, double wall, double processor, double target)
{
    char line[80];
    snprintf(line, sizeof line, "%s, wall", what);
    int met = figure(line, wall, "s", target);
    snprintf(line, sizeof line, "%s, processor", what);
    figure(line, processor, "s", 0);
    return met;
}

/* The median of five runs, or one of large RDMs. */
static int compare(const char *what, bram_rdm_measure m, size_t count, size_t n, double target)
{
    enum { RUNS = 5 };
    bram_mat a, b, out;
    double wall[RUNS], cpu[RUNS];
    size_t runs = n > 10000 ? 1 : RUNS;
    fill(&a, count, n, "a");
    fill(&b, count, n, "b");
    if (bram_mat_new(cx, &out, count, count) != BRAM_OK) exit(1);
    for (size_t k = 0; k < runs; k++) {
        wall[k] = seconds_of(CLOCK_MONOTONIC), cpu[k] = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (bram_rdm_compare(cx, &out, NULL, &m, &a, &b, n, NULL) != BRAM_OK) {
            puts(bram_ctx_message(cx));
            exit(1);
        }
        wall[k] = seconds_of(CLOCK_MONOTONIC) - wall[k];
        cpu[k] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu[k];
    }
    int met = report(what, median_of(wall, runs), median_of(cpu, runs), target);
    bram_free(a.data);
    bram_free(b.data);
    bram_free(out.data);
    return met;
}

static int infer(const char *what, bram_rdm_comparator c, bram_rsa_resampling way, double target)
{
    bram_rsa_design d = {.measure = {.comparator = c}, .n = 92, .samples = 1000, .level = 0.95};
    bram_rsa_result *r;
    d.resampling = way;
    fill(&d.models, 10, 92, "a");
    fill(&d.subjects, 10, 92, "b");
    double wall = seconds_of(CLOCK_MONOTONIC), cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    if (bram_rsa_infer(cx, &r, &d) != BRAM_OK) {
        puts(bram_ctx_message(cx));
        exit(1);
    }
    int met = report(what, seconds_of(CLOCK_MONOTONIC) - wall,
                     seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, target);
    bram_rsa_result_free(r);
    bram_free(d.models.data);
    bram_free(d.subjects.data);
    return met;
}

/* A covariance of conditions with unequal correlations. */
static double *covariance(size_t n)
{
    double *s = bram_alloc(cx, n * n, sizeof *s);
    for (size_t i = 0; s && i < n; i++)
        for (size_t j = 0; j < n; j++)
            s[i * n + j] = i == j ? 1 : 0.4 / (1 + (double)(i > j ? i - j : j - i));
    return s;
}

/* Two RDMs of 20,000 conditions, 1.6 GB each: only when asked. */
static int large(bram_rdm_comparator c)
{
    char what[80];
    snprintf(what, sizeof what, "%s, 20,000 conditions", bram_rdm_comparator_name(c));
    compare(what, (bram_rdm_measure){.comparator = c}, 1, 20000, 0);
    bool ranks = bram_rdm_by_ranks(c);
    return figure("peak memory", memory_of("VmHWM:") / 1024, "GiB", ranks ? 8 : 4);
}

int main(int argc, char **argv)
{
    bram_init();
    cx = bram_ctx_new();
    bram_ctx_set_threads(cx, argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2);
    printf("BLAS core type %s\n", bram_blas_core());
    bram_rdm_comparator c;
    if (argc > 2 && bram_rdm_comparator_find(argv[2], &c)) return !large(c);
    double *sigma = covariance(200);
    int met = compare("50 x 50 of 200, corr", (bram_rdm_measure){.comparator = BRAM_COMPARE_CORR},
                      50, 200, 0);
    met &= compare("50 x 50 of 200, spearman",
                   (bram_rdm_measure){.comparator = BRAM_COMPARE_SPEARMAN}, 50, 200, 0.05);
    met &= compare("50 x 50 of 200, tau-a", (bram_rdm_measure){.comparator = BRAM_COMPARE_TAU_A},
                   50, 200, 2);
    met &= compare("50 x 50 of 200, cosine_cov full",
                   (bram_rdm_measure){BRAM_COMPARE_COSINE_COV, false, BRAM_SIGMA_FULL, sigma}, 50,
                   200, 0.5);
    met &= compare("1 x 1 of 5000, tau-a", (bram_rdm_measure){.comparator = BRAM_COMPARE_TAU_A}, 1,
                   5000, 2.5);
    met &= infer("bootstrap, corr", BRAM_COMPARE_CORR, BRAM_RSA_BOTH, 1);
    met &= infer("bootstrap, corr dual", BRAM_COMPARE_CORR, BRAM_RSA_DUAL, 3);
    met &= infer("bootstrap, spearman", BRAM_COMPARE_SPEARMAN, BRAM_RSA_BOTH, 0);
    met &= infer("bootstrap, tau-a", BRAM_COMPARE_TAU_A, BRAM_RSA_BOTH, 10);
    met &= infer("bootstrap, cosine_cov", BRAM_COMPARE_COSINE_COV, BRAM_RSA_BOTH, 5);
    bram_free(sigma);
    bram_ctx_free(cx);
    return !met;
}
