/*
 * perf_encoding.c - encoding scores at the sizes at which other tools were timed: ridge with 10
 * penalties and 5 folds, a penalty for each target. X is normal; Y the first 50 columns of X by
 * normal weights of variance 1/50, plus normal noise of deviation 2.
 *
 *   perf_encoding [A|B|C|P|G|M]   one case, or all but M, which takes a quarter of an hour
 *
 * Targets are wall seconds on two idle cores; on a busy machine read the CPU seconds. Other tools,
 * CPU seconds of both cores on a like machine: A himalaya 6.7 (kernel) and 13.9, scikit-learn 44.1
 * (one penalty for all); B himalaya 195 to 216 in float32, scikit-learn 104; C himalaya 372,
 * scikit-learn 216. P, partial least squares of 25 components in ten splits of 9 to 1 with scores:
 * scikit-learn 50 to 80. G, two spaces of 1000 features, 100 weightings, n 1000, t 1000: himalaya
 * 111 to 137 in float32.
 */
#include "banded.h"
#include "linalg.h"
#include "perf.h"
#include "ridge_cv.h"

#include <bramble/metric.h>
#include <bramble/rng.h>

enum { GRID = 10, FOLDS = 5, SIGNAL = 50 };

struct problem {
    const char *name;
    size_t n, p, t;
    bool single;
    double seconds, megabytes; /* targets */
};

static const struct problem problems[] = {
    {"A", 1000, 2000, 5000, false, 2.5, 0},
    {"B", 5000, 4096, 1000, false, 50, 0},
    {"C", 10000, 768, 20000, true, 25, 1700},
};

static bool make_design(bram_ctx *cx, bram_mat *x, size_t n, size_t p)
{
    bram_rng g = bram_rng_new(1, "perf/encoding/x");
    if (bram_mat_new(cx, x, n, p) != BRAM_OK) return false;
    for (size_t i = 0; i < n * p; i++) x->data[i] = bram_rng_normal(&g);
    return true;
}

/* Row i of the targets: signal, then noise; by blocks of targets so that it takes little memory. */
static bool make_targets(bram_ctx *cx, void *out, bool single, const bram_mat *x, size_t t)
{
    enum { BLOCK = 500 };
    bram_mat weight, y, head = {x->data, x->rows, SIGNAL, x->stride};
    bram_rng g = bram_rng_new(1, "perf/encoding/y");
    size_t mark = bram_scratch_mark(cx);
    if (bram_mat_scratch(cx, &weight, SIGNAL, BLOCK) || bram_mat_scratch(cx, &y, x->rows, BLOCK))
        return false;
    for (size_t first = 0; first < t; first += BLOCK) {
        for (size_t i = 0; i < (size_t)SIGNAL * BLOCK; i++)
            weight.data[i] = bram_rng_normal(&g) / 7.0710678118654755;
        for (size_t i = 0; i < x->rows * BLOCK; i++) y.data[i] = 2 * bram_rng_normal(&g);
        if (bram_gemm(cx, &y, 1, &head, BRAM_AS_IS, &weight, BRAM_AS_IS, 1)) return false;
        for (size_t i = 0; i < x->rows; i++)
            for (size_t j = 0; j < BLOCK; j++) {
                if (single) ((float *)out)[i * t + first + j] = (float)y.data[i * BLOCK + j];
                else ((double *)out)[i * t + first + j] = y.data[i * BLOCK + j];
            }
    }
    bram_scratch_release(cx, mark);
    return true;
}

struct outcome {
    double *alpha, *best, cpu, wall;
};

static int search(bram_ctx *cx, struct outcome *out, unsigned threads, const bram_mat *x,
                  const bram_targets *y, const bram_ridge_search *s)
{
    bram_ctx_set_threads(cx, threads);
    out->alpha = bram_alloc(cx, y->cols, sizeof *out->alpha);
    out->best = bram_alloc(cx, y->cols, sizeof *out->best);
    if (!out->best) return BRAM_ENOMEM;
    double clock = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    int status = bram_ridge_search_run(cx, out->alpha, out->best, &(bram_regressors){.x = x}, y, s);
    out->cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    out->wall = seconds_of(CLOCK_MONOTONIC) - clock;
    return status;
}

static int run(bram_ctx *cx, const struct problem *p, bool once)
{
    bram_mat x, view;
    size_t size = p->single ? sizeof(float) : sizeof(double);
    void *data = bram_alloc(cx, p->n * p->t, size);
    bram_fold *folds = NULL;
    double grid[GRID] = {1}, mean = 0;
    struct outcome o[2] = {{0}};
    if (!data || !make_design(cx, &x, p->n, p->p) || !make_targets(cx, data, p->single, &x, p->t) ||
        bram_kfold(cx, &folds, p->n, FOLDS))
        return 1;
    for (size_t g = 1; g < GRID; g++) grid[g] = grid[g - 1] * 3.593813663804626; /* to 1e5 */
    view = (bram_mat){p->single ? NULL : data, p->n, p->t, p->t};
    bram_targets y = {.rows = p->n, .cols = p->t, .f32 = p->single ? data : NULL};
    if (!p->single) y.f64 = &view;
    bram_ridge_search s = {.fold = folds, .folds = FOLDS, .grid = grid, .n_grid = GRID};
    s.single = p->single;
    printf("%s: n %zu, p %zu, t %zu, %s\n", p->name, p->n, p->p, p->t,
           p->single ? "float32" : "double");
    restart_peak();
    int missed = 0;
    for (unsigned threads = 2; threads >= (once ? 2 : 1); threads--)
        if (search(cx, &o[threads - 1], threads, &x, &y, &s) != BRAM_OK) {
            printf("%s\n", bram_ctx_message(cx));
            return 1;
        }
    for (size_t j = 0; j < p->t; j++) mean += o[1].best[j] / (double)p->t;
    printf("mean of the best scores %.10g\n", mean);
    missed += !figure("wall, two threads", o[1].wall, "s", p->seconds);
    (void)!figure("CPU, two threads", o[1].cpu, "s", 0);
    missed += !figure("peak memory", memory_of("VmHWM:"), "MB", p->megabytes);
    if (!once) {
        (void)!figure("wall, one thread", o[0].wall, "s", 0);
        missed += !figure("wall of two threads / of one", o[1].wall / o[0].wall, "", 1 / 1.7);
        if (memcmp(o[0].best, o[1].best, p->t * sizeof *o[0].best) != 0) {
            printf("%s: other scores on one thread\n", p->name);
            missed++;
        }
    }
    for (int k = 0; k < 2; k++) bram_free(o[k].alpha), bram_free(o[k].best);
    bram_free(folds), bram_free(data), bram_free(x.data);
    return missed;
}

/* Ten splits of 9 to 1 with 25 components: the metric as it is used. */
static int run_pls(bram_ctx *cx)
{
    enum { N = 3000, P = 1000, T = 168, SPLITS = 10 };
    static size_t order[SPLITS][N];
    double *y = bram_alloc(cx, (size_t)N * T, sizeof *y), *raw[2], wall[2], cpu[2];
    bram_fold folds[SPLITS];
    bram_mat x;
    size_t values;
    if (!y || !make_design(cx, &x, N, P)) return 1;
    bram_mat weight, my = {y, N, T, T}, head = {x.data, N, SIGNAL, P};
    bram_rng g = bram_rng_new(1, "perf/encoding/pls");
    if (bram_mat_new(cx, &weight, SIGNAL, T)) return 1;
    for (size_t i = 0; i < (size_t)SIGNAL * T; i++) weight.data[i] = bram_rng_normal(&g) / 7.07;
    for (size_t i = 0; i < (size_t)N * T; i++) y[i] = 2 * bram_rng_normal(&g);
    if (bram_gemm(cx, &my, 1, &head, BRAM_AS_IS, &weight, BRAM_AS_IS, 1)) return 1;
    for (size_t s = 0; s < SPLITS; s++) {
        for (size_t i = 0; i < N; i++) order[s][i] = i;
        bram_rng_permutation(&g, N, order[s]);
        folds[s] = (bram_fold){
            .test = order[s], .tests = N / 10, .train = order[s] + N / 10, .trains = N - N / 10};
    }
    bram_side model = {.values = x}, brain = {.values = my};
    bram_comparison settings = {.fold = folds, .folds = SPLITS};
    printf("P: partial least squares, n 3000, p 1000, t 168, 25 components, 10 splits\n");
    for (unsigned threads = 1; threads <= 2; threads++) {
        bram_ctx_set_threads(cx, threads);
        double clock = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (bram_metric_score(cx, &raw[threads - 1], &values, NULL, "encoding:map=pls", &model,
                              &brain, &settings) != BRAM_OK) {
            printf("%s\n", bram_ctx_message(cx));
            return 1;
        }
        cpu[threads - 1] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
        wall[threads - 1] = seconds_of(CLOCK_MONOTONIC) - clock;
    }
    int missed = !figure("wall, two threads", wall[1], "s", 2);
    (void)!figure("CPU, two threads", cpu[1], "s", 0);
    missed += !figure("wall of two threads / of one", wall[1] / wall[0], "", 1 / 1.7);
    if (memcmp(raw[0], raw[1], T * sizeof *raw[0]) != 0) printf("other bits\n"), missed++;
    bram_free(raw[0]), bram_free(raw[1]), bram_free(y), bram_free(x.data), bram_free(weight.data);
    return missed;
}

static int run_banded(bram_ctx *cx)
{
    enum { N = 1000, P = 1000, T = 1000, DRAWS = 100 };
    static size_t draw[T];
    static double alpha[T], best[T];
    double grid[GRID] = {1}, mean = 0;
    bram_mat x, kernel[2], gamma, my;
    bram_fold *folds = NULL;
    if (!make_design(cx, &x, N, 2 * P) || bram_mat_new(cx, &my, N, T) ||
        !make_targets(cx, my.data, false, &x, T) || bram_kfold(cx, &folds, N, FOLDS) ||
        bram_mat_new(cx, &gamma, DRAWS, 2))
        return 1;
    for (size_t g = 1; g < GRID; g++) grid[g] = grid[g - 1] * 3.593813663804626;
    bram_ctx_set_threads(cx, 2);
    printf("G: banded ridge, n 1000, t 1000, two spaces of 1000, 100 weightings, float32\n");
    double clock = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    for (size_t k = 0; k < 2; k++) {
        bram_mat part = {x.data + k * P, N, P, 2 * P};
        if (bram_mat_new(cx, &kernel[k], N, N) ||
            bram_syrk(cx, &kernel[k], 1, &part, BRAM_AS_IS, 0))
            return 1;
    }
    bram_banded_draws(&gamma, 0);
    bram_targets y = {.rows = N, .cols = T, .f64 = &my};
    bram_ridge_search s = {
        .fold = folds, .folds = FOLDS, .grid = grid, .n_grid = GRID, .single = true};
    bram_banded found = {gamma, draw, alpha, best, NULL};
    if (bram_banded_search(cx, &found, kernel, 2, &y, &s) != BRAM_OK) {
        printf("%s\n", bram_ctx_message(cx));
        return 1;
    }
    for (size_t j = 0; j < T; j++) mean += best[j] / T;
    int missed = !figure("wall, two threads", seconds_of(CLOCK_MONOTONIC) - clock, "s", 45);
    (void)!figure("CPU, two threads", seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used, "s", 0);
    printf("mean of the best scores %.10g\n", mean);
    bram_free(folds), bram_free(x.data), bram_free(my.data), bram_free(gamma.data);
    bram_free(kernel[0].data), bram_free(kernel[1].data);
    return missed;
}

/* Features and targets that are made as they are read: M is 500,000 features by 5000 rows and
 * 100,000 targets, m a tenth of both. Y follows the first 50 columns of X. */
struct made {
    size_t rows;
    const bram_mat *head; /* NULL: features */
};

static int read_made(bram_ctx *cx, void *user, double *out, size_t first, size_t count)
{
    const struct made *m = user;
    (void)cx;
    for (size_t k = 0; k < count; k++) {
        bram_rng g = bram_rng_at(1, m->head ? "perf/encoding/t" : "perf/encoding/p", first + k);
        for (size_t i = 0; i < m->rows; i++)
            out[i * count + k] = m->head ? 2 * bram_rng_normal(&g) +
                                               bram_row(m->head, i)[(first + k) % SIGNAL]
                                         : bram_rng_normal(&g);
    }
    return BRAM_OK;
}

static int run_large(bram_ctx *cx, double part)
{
    enum { N = 5000 };
    size_t p = (size_t)(500000 * part), t = (size_t)(100000 * part);
    double grid[GRID] = {1000}, mean = 0;
    bram_mat head, kernel;
    bram_fold *folds = NULL;
    double *alpha = bram_alloc(cx, t, sizeof *alpha), *best = bram_alloc(cx, t, sizeof *best);
    if (!alpha || !best || bram_mat_new(cx, &head, N, SIGNAL) || bram_mat_new(cx, &kernel, N, N) ||
        bram_kfold(cx, &folds, N, FOLDS))
        return 1;
    struct made features = {N, NULL}, targets = {N, &head};
    (void)!read_made(cx, &features, head.data, 0, SIGNAL);
    for (size_t g = 1; g < GRID; g++) grid[g] = grid[g - 1] * 3.593813663804626;
    bram_targets x = {.rows = N, .cols = p, .read = read_made, .user = &features};
    bram_targets y = {.rows = N, .cols = t, .read = read_made, .user = &targets};
    bram_ridge_search s = {
        .fold = folds, .folds = FOLDS, .grid = grid, .n_grid = GRID, .single = true};
    printf("M: n %d, p %zu, t %zu, read in blocks, float32\n", N, p, t);
    bram_ctx_set_threads(cx, 2);
    restart_peak();
    double clock = seconds_of(CLOCK_MONOTONIC), used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    if (bram_ridge_kernel_of(cx, &kernel, &x) != BRAM_OK ||
        bram_ridge_search_run(cx, alpha, best, &(bram_regressors){.kernel = &kernel}, &y, &s) !=
            BRAM_OK) {
        printf("%s\n", bram_ctx_message(cx));
        return 1;
    }
    for (size_t j = 0; j < t; j++) mean += best[j] / (double)t;
    printf("mean of the best scores %.10g\n", mean);
    (void)!figure("wall, two threads", seconds_of(CLOCK_MONOTONIC) - clock, "s", 0);
    (void)!figure("CPU, two threads", seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used, "s", 0);
    int missed = !figure("peak memory", memory_of("VmHWM:"), "MB", 4096);
    bram_free(alpha), bram_free(best), bram_free(folds);
    bram_free(head.data), bram_free(kernel.data);
    return missed;
}

int main(int argc, char **argv)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    if (!cx) return 1;
    int missed = 0;
    printf("BLAS kernels: %s\n", bram_blas_core());
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        if (argc < 2 || !strcmp(argv[1], problems[i].name))
            missed += run(cx, &problems[i], argc > 2);
    if (argc < 2 || !strcmp(argv[1], "P")) missed += run_pls(cx);
    if (argc < 2 || !strcmp(argv[1], "G")) missed += run_banded(cx);
    if (argc > 1 && !strcmp(argv[1], "M")) missed += run_large(cx, 1);
    if (argc > 1 && !strcmp(argv[1], "m")) missed += run_large(cx, .1);
    bram_ctx_free(cx);
    return missed > 0;
}
