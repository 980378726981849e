/*
 * perf_var.c [PYTHON SCRIPT] - a vector autoregression with a ridge penalty: 300 units, 10 lags,
 * 20,000 rows, penalty 100, on one thread, from the series to the weights. With a Python that has
 * numpy the script fits the same numbers through the explicit design, in this same run, so that the
 * two times can be compared.
 *
 * Both targets on time are held: 1.3 s, and 1.3 / 6.2 of numpy's time with the same BLAS kernels,
 * which are those that the command line would take.
 *
 * Data: y_t = tanh(A y_{t-1}) + 0.3 N(0, I), A ~ N(0, 0.25 / N).
 */
#include "lag_gram.h"
#include "linalg.h"
#include "perf.h"

#include <bramble/rng.h>

#include <math.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNITS = 300, LAGS = 10, ROWS = 20000, RUNS = 5 };

static const double penalty = 100;

static int make_series(bram_ctx *cx, bram_mat *y)
{
    bram_mat a;
    BRAM_TRY(bram_mat_new(cx, y, ROWS, UNITS));
    BRAM_TRY(bram_mat_new(cx, &a, UNITS, UNITS));
    bram_rng rng = bram_rng_new(1, "perf var");
    for (size_t i = 0; i < (size_t)UNITS * UNITS; i++)
        a.data[i] = 0.5 / sqrt(UNITS) * bram_rng_normal(&rng);
    for (size_t j = 0; j < UNITS; j++) y->data[j] = 0.3 * bram_rng_normal(&rng);
    for (size_t t = 1; t < ROWS; t++)
        for (size_t i = 0; i < UNITS; i++) {
            const double *before = bram_row(y, t - 1), *weight = bram_row(&a, i);
            double sum = 0;
            for (size_t j = 0; j < UNITS; j++) sum += weight[j] * before[j];
            bram_row(y, t)[i] = tanh(sum) + 0.3 * bram_rng_normal(&rng);
        }
    bram_free(a.data);
    return BRAM_OK;
}

/* One fit; *sum is the sum of the absolute weights. */
static int fit(bram_ctx *cx, const bram_mat *y, double *sum)
{
    bram_lag_gram *g = NULL;
    bram_mat weights = {0};
    double intercept[UNITS];
    BRAM_TRY(bram_lag_gram_new(cx, &g, y, NULL, 1, LAGS));
    int status = bram_mat_new(cx, &weights, (size_t)LAGS * UNITS, UNITS);
    if (status == BRAM_OK) status = bram_lag_gram_solve(cx, &weights, intercept, g, penalty, false);
    *sum = 0;
    for (size_t i = 0; status == BRAM_OK && i < (size_t)LAGS * UNITS * UNITS; i++)
        *sum += fabs(weights.data[i]);
    bram_free(weights.data);
    bram_lag_gram_free(g);
    return status;
}

/* The script reads the series from a file and prints processor seconds, MB and the sum of weights.
 * @return 1 when it did */
static int run_numpy(char **python, const bram_mat *y, double out[3])
{
    char file[] = "/tmp/bramble-perf-XXXXXX", command[4200];
    int fd = mkstemp(file), found = 0;
    FILE *raw = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!raw) return 0;
    size_t written = fwrite(y->data, sizeof *y->data, (size_t)ROWS * UNITS, raw);
    fclose(raw);
    snprintf(command, sizeof command, "'%s' '%s' %s %d %d %d %g", python[0], python[1], file, ROWS,
             UNITS, LAGS, penalty);
    FILE *answer = written == (size_t)ROWS * UNITS ? popen(command, "r") : NULL;
    if (answer) {
        found = fscanf(answer, "%lf %lf %lf", &out[0], &out[1], &out[2]) == 3;
        found &= pclose(answer) == 0;
    }
    unlink(file);
    return found;
}

int main(int argc, char **argv)
{
    const char *kernels = bram_blas_advice();
    if (kernels && setenv("OPENBLAS_CORETYPE", kernels, 1) == 0) execv("/proc/self/exe", argv);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bram_mat y = {0};
    double cpu[RUNS], sum = 0, numpy[3];
    if (!cx || make_series(cx, &y) != BRAM_OK) return 1;
    double before = memory_of("VmRSS:");
    restart_peak();
    for (int i = 0; i < RUNS; i++) {
        double used = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        if (fit(cx, &y, &sum) != BRAM_OK) {
            fprintf(stderr, "%s\n", bram_ctx_message(cx));
            return 1;
        }
        cpu[i] = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - used;
    }
    double ours = median_of(cpu, RUNS);
    printf("BLAS core type %s\n", bram_blas_core());
    int met = figure("ridge VAR, processor time, median of 5", ours, "s", 1.3);
    met &= figure("ridge VAR, peak above the data", memory_of("VmHWM:") - before, "MiB", 120);
    figure("ridge VAR, sum of absolute weights", sum, "", 0);
    if (argc == 3 && run_numpy(argv + 1, &y, numpy)) {
        figure("numpy X'X + Cholesky, processor time", numpy[0], "s", 0);
        figure("numpy, peak above data and interpreter", numpy[1], "MiB", 0);
        met &= figure("ours / numpy's time", ours / numpy[0], "", 0.21);
        met &= figure("relative difference of the sums of weights", fabs(numpy[2] / sum - 1), "",
                      1e-9);
    } else {
        puts("numpy: skipped (no python with numpy)");
    }
    bram_free(y.data);
    bram_ctx_free(cx);
    return !met;
}
