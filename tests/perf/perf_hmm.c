/*
 * perf_hmm.c [CASE] - hidden Markov models at the sizes of the published tools' times, one
 * thread, then two: processor seconds of 20 EM iterations without the start, peak memory above the
 * data.
 *
 * Data: states from a chain with 0.98 on the diagonal; Poisson rates exp(N(-1.5, 0.8^2)); Gaussian
 * means N(0, 1), plus 0.5 N(0, I), plus 0.5 A N(0, I) with A ~ N(0, 1 / N) for full covariances;
 * AR matrices 0.95 times orthogonal ones, offsets N(0, 0.1^2), noise 0.1; choices from known
 * weights N(0, 2^2); forward-backward of log-likelihoods N(0, 2^2). ssm's seconds at these
 * settings: 9.0, 11.7, 27.4 (a fifth of the rows), 4.7, 8.1, 4.7; 1.3 for forward-backward.
 */
#include "emission.h"
#include "linalg.h"
#include "perf.h"

#include <math.h>

enum { ITERATIONS = 20, RUNS = 5 };

struct work {
    bram_ctx *cx;
    bram_mat *y, *x;
    bram_hmm_data d;
    bram_observation *o;
    bram_hmm start;
    size_t *path;
};

static void must(struct work *w, int status)
{
    if (status == BRAM_OK) return;
    fprintf(stderr, "%s\n", bram_ctx_message(w->cx));
    exit(1);
}

static void begin(struct work *w, const bram_observation *like, size_t states, size_t sequences,
                  size_t rows)
{
    bram_rng g = bram_rng_new(1, "perf/path");
    *w = (struct work){.cx = bram_ctx_new()};
    must(w, bram_observation_new(w->cx, &w->o, like));
    must(w, bram_hmm_new(w->cx, &w->start, states, w->o->e.per_state, 0));
    for (size_t i = 0; i < states; i++) {
        w->start.initial[i] = 1 / (double)states;
        for (size_t j = 0; j < states; j++)
            w->start.transition[i * states + j] = i == j ? 0.98 : 0.02 / (double)(states - 1);
    }
    w->path = malloc(sequences * rows * sizeof *w->path);
    bram_chain chain = bram_hmm_chain(&w->start);
    bram_hmm_sample(&g, w->path, sequences * rows, &chain);
    w->y = calloc(2 * sequences, sizeof *w->y);
    w->x = w->y + sequences;
    bram_mat y, x;
    must(w, bram_mat_new(w->cx, &y, sequences * rows, like->units));
    must(w, bram_mat_new(w->cx, &x, sequences * rows, like->covariates));
    for (size_t s = 0; s < sequences; s++) {
        w->y[s] = bram_mat_rows(y, s * rows, rows);
        w->x[s] = bram_mat_rows(x, s * rows, rows);
    }
    w->d = (bram_hmm_data){.sequences = sequences, .y = w->y, .x = w->x};
}

static void end(struct work *w)
{
    bram_free(w->y[0].data);
    bram_free(w->x[0].data);
    free(w->y);
    free(w->path);
    bram_hmm_release(&w->start);
    bram_observation_free(w->o);
    bram_ctx_free(w->cx);
}

/* ---- data ----------------------------------------------------------------------------------- */

static void make_values(struct work *w)
{
    bram_rng g = bram_rng_new(2, "perf/values");
    size_t n = w->o->units, k = w->start.states, total = w->d.sequences * w->y[0].rows;
    bool counts = w->o->kind == &bram_emission_poisson;
    bool full = w->o->kind == &bram_emission_gaussian_full;
    double *mean = malloc(k * n * sizeof *mean), *a = malloc(k * n * n * sizeof *a);
    double *noise = malloc(n * sizeof *noise);
    for (size_t i = 0; i < k * n; i++)
        mean[i] = counts ? exp(-1.5 + 0.8 * bram_rng_normal(&g)) : bram_rng_normal(&g);
    for (size_t i = 0; i < k * n * n; i++) a[i] = bram_rng_normal(&g) / sqrt((double)n);
    for (size_t t = 0; t < total; t++) {
        double *y = w->y[0].data + t * n;
        size_t z = w->path[t];
        for (size_t u = 0; u < n && full; u++) noise[u] = bram_rng_normal(&g);
        for (size_t u = 0; u < n; u++) {
            if (counts) y[u] = (double)bram_rng_poisson(&g, mean[z * n + u]);
            else y[u] = mean[z * n + u] + 0.5 * bram_rng_normal(&g);
            for (size_t v = 0; v < n && full; v++) y[u] += 0.5 * a[(z * n + u) * n + v] * noise[v];
        }
    }
    free(mean), free(a), free(noise);
}

static void make_series(struct work *w)
{
    bram_rng g = bram_rng_new(3, "perf/series");
    size_t n = w->o->units, k = w->start.states;
    double *a = malloc(k * n * n * sizeof *a), *b = malloc(k * n * sizeof *b);
    for (size_t i = 0; i < k * n; i++) b[i] = 0.1 * bram_rng_normal(&g);
    for (size_t z = 0; z < k; z++) /* Gram-Schmidt */
        for (size_t i = 0; i < n; i++) {
            double *row = a + (z * n + i) * n, norm = 0;
            for (size_t j = 0; j < n; j++) row[j] = bram_rng_normal(&g);
            for (size_t p = 0; p < i; p++) {
                double dot = 0, *other = a + (z * n + p) * n;
                for (size_t j = 0; j < n; j++) dot += row[j] * other[j] / (0.95 * 0.95);
                for (size_t j = 0; j < n; j++) row[j] -= dot * other[j];
            }
            for (size_t j = 0; j < n; j++) norm += row[j] * row[j];
            for (size_t j = 0; j < n; j++) row[j] *= 0.95 / sqrt(norm);
        }
    for (size_t t = 1; t < w->y[0].rows; t++)
        for (size_t i = 0; i < n; i++) {
            size_t z = w->path[t];
            const double *past = bram_row(&w->y[0], t - 1), *row = a + (z * n + i) * n;
            double sum = b[z * n + i] + 0.1 * bram_rng_normal(&g);
            for (size_t j = 0; j < n; j++) sum += row[j] * past[j];
            bram_row(&w->y[0], t)[i] = sum;
        }
    free(a), free(b);
}

static void make_choices(struct work *w)
{
    bram_rng g = bram_rng_new(4, "perf/choices");
    size_t m = w->o->covariates, c = w->o->classes, total = w->d.sequences * w->y[0].rows;
    double weight[3 * 2 * 4], p[3];
    for (size_t i = 0; i < 3 * 2 * 4; i++) weight[i] = 2 * bram_rng_normal(&g);
    for (size_t t = 0; t < total; t++) {
        double *x = w->x[0].data + t * m;
        for (size_t j = 0; j < m; j++) x[j] = j ? bram_rng_normal(&g) : 1;
        for (size_t i = 0; i < c; i++) {
            double eta = 0;
            for (size_t j = 0; j < m && i + 1 < c; j++)
                eta += weight[(w->path[t] * 2 + i) * 4 + j] * x[j];
            p[i] = exp(eta);
        }
        w->y[0].data[t] = (double)bram_hmm_draw(&g, p, c);
    }
}

/* ---- one case ------------------------------------------------------------------------------- */

struct figures {
    double cpu, wall, memory;
};

static struct figures run(struct work *w, unsigned threads)
{
    double cpu[RUNS], wall[RUNS];
    bram_hmm_options o = bram_hmm_defaults();
    o.tolerance = -1, o.iterations = ITERATIONS;
    bram_ctx_set_threads(w->cx, threads);
    double before = memory_of("VmRSS:");
    restart_peak();
    for (int i = 0; i < RUNS; i++) {
        bram_hmm_fit f = {0};
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID), wall[i] = seconds_of(CLOCK_MONOTONIC);
        must(w, bram_hmm_em_from(w->cx, &f, &w->start, &w->o->e, &w->d, &o));
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
        wall[i] = seconds_of(CLOCK_MONOTONIC) - wall[i];
        bram_hmm_fit_release(&f);
    }
    return (struct figures){median_of(cpu, RUNS), median_of(wall, RUNS),
                            memory_of("VmHWM:") - before};
}

static int one_case(const char *name, const bram_observation *like, size_t states, size_t sequences,
                    size_t rows, void (*make)(struct work *), double target, double memory)
{
    struct work w;
    char line[96];
    begin(&w, like, states, sequences, rows);
    make(&w);
    bram_observation_describe(w.o, &w.d);
    bram_hmm_options o = bram_hmm_defaults();
    bram_mat *posterior = calloc(sequences, sizeof *posterior), all;
    must(&w, bram_mat_new(w.cx, &all, sequences * rows, states));
    for (size_t s = 0; s < sequences; s++) posterior[s] = bram_mat_rows(all, s * rows, rows);
    must(&w, bram_hmm_start(w.cx, &w.start, 0, &w.o->e, &w.d, &o, posterior));
    bram_free(all.data);
    free(posterior);
    struct figures one = run(&w, 1), two = run(&w, 2);
    snprintf(line, sizeof line, "%s, processor time", name);
    int met = figure(line, one.cpu, "s", target);
    snprintf(line, sizeof line, "%s, peak above the data", name);
    met &= figure(line, one.memory, "MiB", memory);
    snprintf(line, sizeof line, "%s, wall time of two threads", name);
    met &= figure(line, two.wall / one.wall, "of 1", sequences >= 8 ? 1 / 1.7 : 1 / 1.3);
    end(&w);
    return met;
}

static int recursions(void)
{
    enum { N = 1000000, K = 5 };
    double initial[K], transition[K * K], cpu[RUNS], evidence;
    struct work w = {.cx = bram_ctx_new()};
    bram_mat l;
    bram_chain chain = {K, initial, transition, 0};
    for (size_t i = 0; i < K * K; i++)
        initial[i / K] = 1.0 / K, transition[i] = i / K == i % K ? 0.98 : 0.005;
    must(&w, bram_mat_new(w.cx, &l, N, K));
    for (int i = 0; i < RUNS; i++) {
        bram_rng g = bram_rng_new(1, "perf/l");
        for (size_t j = 0; j < (size_t)N * K; j++) l.data[j] = 2 * bram_rng_normal(&g);
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        must(&w, bram_hmm_smooth(w.cx, &l, &chain, NULL, &evidence));
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu[i];
    }
    bram_free(l.data);
    bram_ctx_free(w.cx);
    return figure("forward-backward of 1e6 bins, processor time", median_of(cpu, RUNS), "s", 0.15);
}

/* 1e7 bins of 50 counts, those of 1e5 bins again and again: one iteration, all memory counted. */
static int long_recording(const bram_observation *like)
{
    enum { N = 10000000, SHORT = 100000 };
    struct work w, little;
    bram_hmm_fit f = {0};
    bram_hmm_options o = bram_hmm_defaults();
    o.tolerance = -1, o.iterations = 1;
    begin(&little, like, 5, 1, SHORT);
    make_values(&little);
    begin(&w, like, 5, 1, N);
    size_t each = (size_t)SHORT * like->units;
    for (size_t i = 0; i < N / SHORT; i++)
        memcpy(w.y[0].data + i * each, little.y[0].data, each * sizeof(double));
    for (size_t k = 0; k < 5; k++) /* counts of some bins, and no rate of 0 */
        for (size_t u = 0; u < like->units; u++)
            bram_row(&w.start.state, k)[u] = 0.2 + 0.5 * bram_row(&w.y[0], 97 * k)[u];
    bram_observation_describe(w.o, &w.d);
    double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    must(&w, bram_hmm_em_from(w.cx, &f, &w.start, &w.o->e, &w.d, &o));
    cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    bram_hmm_fit_release(&f);
    end(&w), end(&little);
    figure("Poisson, 1e7 bins, an iteration and the end", cpu, "s", 0);
    return figure("Poisson, 1e7 bins, peak of the process", memory_of("VmHWM:") / 1024, "GiB",
                  6e9 / 1073741824.0);
}

int main(int argc, char **argv)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    bram_init();
    printf("BLAS core type %s\n", bram_blas_core());
    bool all = argc < 2;
    int met = 1;
#define wanted(name) (all || strcmp(argv[1], name) == 0)
    bram_observation poisson = {.kind = &bram_emission_poisson, .units = 50};
    bram_observation diagonal = {.kind = &bram_emission_gaussian, .units = 50, .prior = 0.1};
    bram_observation full = {.kind = &bram_emission_gaussian_full, .units = 50, .prior = 0.1};
    bram_observation ar = {.kind = &bram_emission_ar, .units = 20, .lags = 1, .prior = 0.1};
    bram_observation glm = {
        .kind = &bram_emission_categorical, .units = 1, .covariates = 4, .classes = 2, .sigma = 2};
    if (wanted("recursions")) met &= recursions();
    if (wanted("poisson")) {
        met &= one_case("Poisson", &poisson, 5, 1, 100000, make_values, 1, 0);
        met &= one_case("Poisson, 10", &poisson, 5, 10, 10000, make_values, 1, 0);
    }
    if (wanted("gaussian")) {
        met &= one_case("diagonal Gaussian", &diagonal, 5, 1, 100000, make_values, 1, 0);
        met &= one_case("diagonal Gaussian, 10", &diagonal, 5, 10, 10000, make_values, 1, 0);
    }
    if (wanted("full")) met &= one_case("full Gaussian", &full, 5, 1, 100000, make_values, 6, 200);
    if (wanted("full10"))
        met &= one_case("full Gaussian, 10", &full, 5, 10, 10000, make_values, 6, 200);
    if (wanted("glm")) {
        met &= one_case("GLM-HMM, 2 classes", &glm, 3, 1, 100000, make_choices, 0.7, 0);
        glm.classes = 3;
        met &= one_case("GLM-HMM, 3 classes", &glm, 3, 1, 100000, make_choices, 1.2, 0);
        met &= one_case("GLM-HMM, 3 classes, 10", &glm, 3, 10, 10000, make_choices, 1.2, 0);
    }
    if (wanted("ar")) {
        met &= one_case("AR-HMM", &ar, 4, 1, 20000, make_series, 0.5, 0);
        met &= one_case("AR-HMM, 10", &ar, 4, 10, 2000, make_series, 0.5, 0);
    }
    if (argc > 1 && wanted("long")) met &= long_recording(&poisson);
    return !met;
}
