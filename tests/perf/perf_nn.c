/*
 * perf_nn.c [NAME] - training steps of networks: batches of 32 windows of 128 rows, 300 units in
 * and out, on one thread and on two, with peak memory and the share of sgemm's rate. NAME: only the
 * networks whose name begins so.
 *
 * A step's time is the difference of two fits, divided by their difference in steps: what a fit
 * does besides steps is in both. Processor time for one thread; for two the wall's, which means
 * something on idle cores only. Targets: OpenBLAS with its AVX2 kernels
 * (OPENBLAS_CORETYPE=Haswell).
 */
#include "linalg.h"
#include "perf.h"

#include <bramble/model.h>
#include <bramble/rng.h>

#include <math.h>

enum { UNITS = 300, ROWS = 400, BATCH = 32, WINDOW = 128, RUNS = 3 };

struct net {
    const char *name, *spec;
    double ms, mb;   /* targets */
    int few, many;   /* steps of the two fits */
    double products; /* multiplications and additions of matrix products in a step, in 10^9 */
};

/* Rows times the weights' numbers, twice, forward and twice back; gradients of inputs left out. */
static double recurrent_flops(double gates, double hidden)
{
    double rows = BATCH * WINDOW, in = gates * hidden * UNITS, out = UNITS * hidden;
    return 2 * rows * (2 * in + 3 * gates * hidden * hidden + 3 * out) * 1e-9;
}

/* Attention: half of two products of queries and keys forward, of four back. */
static double encoder_flops(double width, double layers, double ff)
{
    double rows = BATCH * WINDOW, ends = UNITS * width;
    double layer = 4 * width * width + 2 * width * ff, attention = WINDOW * width;
    return 2 * rows * (2 * ends + 3 * ends + layers * (3 * layer + 3 * attention)) * 1e-9;
}

static void fail(bram_ctx *cx)
{
    fprintf(stderr, "%s\n", bram_ctx_message(cx));
    exit(1);
}

static void make_panel(bram_ctx *cx, bram_panel *panel, bram_segment *segment)
{
    bram_axis *unit = NULL;
    bram_rng g = bram_rng_new(1, "perf nn");
    if (bram_axis_new(cx, &unit, "neuron", UNITS) != BRAM_OK) fail(cx);
    if (bram_mat_new(cx, &segment->y, ROWS, UNITS) != BRAM_OK) fail(cx);
    for (size_t i = 0; i < (size_t)ROWS * UNITS; i++)
        segment->y.data[i] = 0.9 * (i < UNITS ? 0 : segment->y.data[i - UNITS]) +
                             bram_rng_normal(&g);
    segment->id = "made", segment->dt = 1;
    *panel = (bram_panel){.unit = unit, .segment = segment, .segments = 1};
}

static void fit(bram_ctx *cx, const bram_panel *panel, const char *spec, int steps)
{
    char text[256];
    bram_fitted *f = NULL;
    snprintf(text, sizeof text, "%s,steps=%d,check=100000", spec, steps);
    if (bram_fitted_new(cx, &f, text, panel, NULL, 1) != BRAM_OK) fail(cx);
    bram_fitted_free(f);
}

/* GFLOP/s of one large product. */
static double sgemm_rate(bram_ctx *cx)
{
    enum { ROWS_OF = 4096, COLS = 1024, DEPTH = 1024 };
    float *a = bram_alloc(cx, (size_t)ROWS_OF * DEPTH, sizeof *a);
    float *b = bram_alloc(cx, (size_t)COLS * DEPTH, sizeof *b);
    float *c = bram_alloc(cx, (size_t)ROWS_OF * COLS, sizeof *c);
    double best = 0;
    if (!a || !b || !c) fail(cx);
    for (int i = 0; i < 4; i++) {
        double t0 = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        bram_gemm_f32(c, a, BRAM_AS_IS, b, BRAM_TRANSPOSED, ROWS_OF, COLS, DEPTH, 0);
        double rate = 2e-9 * ROWS_OF * COLS * DEPTH / (seconds_of(CLOCK_PROCESS_CPUTIME_ID) - t0);
        if (rate > best) best = rate;
    }
    bram_free(a), bram_free(b), bram_free(c);
    return best;
}

/* Milliseconds of a step by a clock, the least of several: others can only add to it. rate: that of
 * sgemm between them, the largest. */
static double step_time(bram_ctx *cx, const bram_panel *panel, const struct net *n, clockid_t clock,
                        double *rate)
{
    double least = 0;
    for (int i = 0; i < RUNS; i++) {
        *rate = fmax(*rate, sgemm_rate(cx));
        double t0 = seconds_of(clock);
        fit(cx, panel, n->spec, n->few);
        double t1 = seconds_of(clock);
        fit(cx, panel, n->spec, n->many);
        double ms = 1e3 * ((seconds_of(clock) - t1) - (t1 - t0)) / (n->many - n->few);
        if (!i || ms < least) least = ms;
    }
    return least;
}

static int measure(bram_ctx *cx, const bram_panel *panel, const struct net *n)
{
    char what[96];
    double rate = 0;
    restart_peak();
    fit(cx, panel, n->spec, 1); /* its memory before that of sgemm */
    double peak = memory_of("VmHWM:");
    double ms = step_time(cx, panel, n, CLOCK_PROCESS_CPUTIME_ID, &rate);
    snprintf(what, sizeof what, "%s: sgemm 4096 x 1024 x 1024", n->name);
    figure(what, rate, "GF/s", 0);
    snprintf(what, sizeof what, "%s: step, processor time", n->name);
    int met = figure(what, ms, "ms", n->ms);
    snprintf(what, sizeof what, "%s: products at that time / sgemm", n->name);
    figure(what, n->products / (ms * 1e-3) / rate, "", 0);
    snprintf(what, sizeof what, "%s: peak of the process", n->name);
    met &= figure(what, peak, "MB", n->mb);
    double one = step_time(cx, panel, n, CLOCK_MONOTONIC, &rate);
    bram_ctx_set_threads(cx, 2);
    double two = step_time(cx, panel, n, CLOCK_MONOTONIC, &rate);
    bram_ctx_set_threads(cx, 1);
    snprintf(what, sizeof what, "%s: wall of two threads / of one", n->name);
    return met & figure(what, two / one, "", 1 / 1.7);
}

int main(int argc, char **argv)
{
    const struct net nets[] = {
        {"lstm-256", "lstm:hidden=256", 150, 192, 1, 6, recurrent_flops(4, 256)},
        {"gru-256", "gru:hidden=256", 120, 183, 1, 6, recurrent_flops(3, 256)},
        {"rnn-256", "rnn:hidden=256", 55, 169, 1, 8, recurrent_flops(1, 256)},
        {"encoder-256 plain", "encoder:width=256,layers=4,ff=1024,dropout=0", 900, 600, 1, 3,
         encoder_flops(256, 4, 1024)},
        {"encoder-256 recomputing", "encoder:width=256,layers=4,ff=1024,dropout=0,recompute=yes", 0,
         400, 1, 2, encoder_flops(256, 4, 1024)},
        {"encoder-256 with dropout", "encoder:width=256,layers=4,ff=1024", 0, 600, 1, 3,
         encoder_flops(256, 4, 1024)},
        {"lstm-64", "lstm:hidden=64", 26, 166, 1, 15, recurrent_flops(4, 64)},
        {"gru-64", "gru:hidden=64", 22, 164, 1, 15, recurrent_flops(3, 64)},
        {"encoder-64", "encoder:width=64,layers=2,ff=256,dropout=0", 60, 188, 1, 8,
         encoder_flops(64, 2, 256)}};
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    bram_segment segment = {0};
    bram_panel panel;
    int met = 1;
    if (!cx) return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    make_panel(cx, &panel, &segment);
    printf("BLAS core type %s\n", bram_blas_core());
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++)
        if (argc < 2 || strncmp(nets[i].name, argv[1], strlen(argv[1])) == 0)
            met &= measure(cx, &panel, &nets[i]);
    return !met;
}
