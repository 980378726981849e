/*
 * Tests of baselines/network.c and network_train.c: a few windows are learnt by heart, windows stay
 * within segments, a stopped fit goes on to the same bytes, any number of threads gives them, a
 * gradient that is no number is named, files hold PyTorch's names and shapes.
 */
#include "network.h"
#include "test.h"

#include <bramble/rng.h>

enum { UNITS = 3, ROWS = 40, GAP = 5, SEGMENTS = 2 };

/* Two segments with rows of NaN between them, which nobody may read. */
struct world {
    bram_ctx *cx;
    bram_axis *unit;
    double y[SEGMENTS * ROWS + GAP][UNITS];
    bram_segment segment[SEGMENTS + 1];
    bram_panel train, validation;
};

static void make(struct world *w, size_t rows)
{
    bram_rng g = bram_rng_new(4, "test/network");
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"a", "b", "c"}));
    for (size_t t = 0; t < SEGMENTS * ROWS + GAP; t++)
        for (size_t i = 0; i < UNITS; i++) {
            double turn = 0.4 * (double)(t % (ROWS + GAP)) + 2 * (double)i;
            w->y[t][i] = t % (ROWS + GAP) < ROWS ? 3 + 2 * sin(turn) + 0.1 * bram_rng_normal(&g)
                                                 : (double)NAN;
        }
    for (size_t s = 0; s < SEGMENTS; s++)
        w->segment[s] = (bram_segment){
            .id = "s", .y = {w->y[s * (ROWS + GAP)], rows, UNITS, UNITS}, .dt = 1};
    w->train = (bram_panel){.unit = w->unit, .segment = w->segment, .segments = SEGMENTS};
    w->validation = (bram_panel){.unit = w->unit, .segment = &w->segment[1], .segments = 1};
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_ctx_free(w->cx);
}

static const char *const names[] = {"rnn", "gru", "lstm"};

static bram_fitted *fit(struct world *w, const char *spec, const bram_panel *validation)
{
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->train, validation, 3));
    return f;
}

static void step_means(struct world *w, const bram_fitted *f, double *out)
{
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &w->train};
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx,
              bram_response_read(w->cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0},
                                 (size_t[]){w->segment[0].y.rows, UNITS}, out, NULL));
    bram_dataset_free(answer);
}

/* 2 segments of 9 rows hold 2 windows of 8 steps: mean squared error, scaled, below 1e-4. */
static void windows_are_learnt_by_heart(void **state)
{
    (void)state;
    struct world w;
    make(&w, 9);
    for (size_t k = 0; k < 3; k++) {
        char spec[128];
        double mean[9 * UNITS], error = 0;
        snprintf(spec, sizeof spec, "%s:hidden=32,window=8,burn=0,batch=4,steps=2500,rate=0.01",
                 names[k]);
        bram_fitted *f = fit(&w, spec, NULL);
        step_means(&w, f, mean);
        for (size_t t = 1; t < 9; t++) /* the deviation of the traces is 1.4 */
            for (size_t i = 0; i < UNITS; i++)
                error += pow((mean[t * UNITS + i] - w.y[t][i]) / 1.4, 2) / (8 * UNITS);
        if (error > 1e-4) fail_msg("%s: %g", names[k], error);
        bram_fitted_free(f);
    }
    drop(&w);
}

/* Rounded sines are foretold far better than by their last value, by values and increments. */
static void a_rhythm_is_learnt(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    for (int k = 0; k < 2; k++) {
        bram_fitted *f = fit(
            &w,
            k ? "gru:hidden=16,steps=300,batch=8,window=16,rate=0.01,target=increment"
              : "gru:hidden=16,steps=300,batch=8,window=16,rate=0.01",
            &w.validation);
        double mean[ROWS * UNITS], error = 0, copy = 0;
        step_means(&w, f, mean);
        for (size_t t = 4; t < ROWS; t++)
            for (size_t i = 0; i < UNITS; i++) {
                error += pow(mean[t * UNITS + i] - w.y[t][i], 2);
                copy += pow(w.y[t - 1][i] - w.y[t][i], 2);
            }
        assert_true(error < 0.2 * copy);
        bram_fitted_free(f);
    }
    drop(&w);
}

struct stop {
    int flag;
    double at;
};

static void stop_at(void *user, const char *what, double done, double total)
{
    struct stop *s = user;
    (void)what, (void)total;
    if (done >= s->at) s->flag = 1;
}

/* Stopped after 20 of 50 steps and gone on, and with 4 threads: the same bytes as in one go. */
static void the_same_bytes(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    char path[256], spec[400];
    test_temporary(path, "network.h5");
    for (size_t k = 0; k < 3; k++) {
        double whole[ROWS * UNITS], parts[ROWS * UNITS], threads[ROWS * UNITS];
        struct stop stop = {0, 20};
        snprintf(spec, sizeof spec, "%s:hidden=6,layers=2,steps=50,check=10,batch=5,checkpoint=%s",
                 names[k], path);
        bram_fitted *f = fit(&w, spec, &w.validation);
        step_means(&w, f, whole);
        bram_fitted_free(f);
        assert_int_equal(access(path, F_OK), -1); /* a fit that is done leaves nothing */
        bram_ctx_set_progress(w.cx, stop_at, &stop);
        bram_ctx_set_cancel(w.cx, &stop.flag);
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.validation, 3), BRAM_ECANCEL);
        assert_int_equal(access(path, F_OK), 0);
        bram_ctx_set_progress(w.cx, NULL, NULL);
        bram_ctx_set_cancel(w.cx, NULL);
        /* another seed is another fit */
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.train, &w.validation, 4), BRAM_EUSAGE);
        f = fit(&w, spec, &w.validation);
        step_means(&w, f, parts);
        bram_fitted_free(f);
        assert_memory_equal(whole, parts, sizeof whole);
        bram_ctx_set_threads(w.cx, 4);
        f = fit(&w, spec, &w.validation);
        step_means(&w, f, threads);
        bram_fitted_free(f);
        bram_ctx_set_threads(w.cx, 1);
        assert_memory_equal(whole, threads, sizeof whole);
    }
    drop(&w);
}

static void names_and_shapes(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    char path[256];
    test_temporary(path, "network-saved.h5");
    bram_fitted *f = fit(&w, "lstm:hidden=4,layers=2,steps=2,check=1,batch=2", NULL);
    assert_ok(w.cx, bram_fitted_save(w.cx, f, path, true));
    bram_dataset *ds = NULL;
    assert_ok(w.cx, bram_dataset_open(w.cx, &ds, path));
    static const struct {
        const char *path;
        size_t dims, rows, cols;
    } expected[] = {{"rnn/weight_ih_l0", 2, 16, UNITS}, {"rnn/weight_hh_l0", 2, 16, 4},
                    {"rnn/bias_ih_l0", 1, 16, 0},       {"rnn/bias_hh_l1", 1, 16, 0},
                    {"rnn/weight_ih_l1", 2, 16, 4},     {"readout/weight", 2, UNITS, 4},
                    {"readout/bias", 1, UNITS, 0}};
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        char full[64];
        snprintf(full, sizeof full, "params/%s", expected[k].path);
        const bram_response *r = bram_dataset_response(ds, full);
        if (!r) fail_msg("no %s", full);
        assert_int_equal(bram_response_dims(r), expected[k].dims);
        assert_int_equal(bram_response_length(r, 0), expected[k].rows);
        if (expected[k].dims == 2) assert_int_equal(bram_response_length(r, 1), expected[k].cols);
    }
    bram_dataset_free(ds);
    bram_fitted_free(f);
    assert_int_equal(remove(path), 0);
    drop(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    make(&w, ROWS);
    bram_fitted *f = NULL;
    w.y[20][1] = 1e39; /* beyond float32: the gradient is no number */
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "gru:steps=3,hidden=3,loss=poisson", &w.train, NULL, 0),
        BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(w.cx), "step 1: the gradient of "));
    w.y[20][1] = -1;
    assert_int_equal(bram_fitted_new(w.cx, &f, "gru:steps=3,loss=poisson", &w.train, NULL, 0),
                     BRAM_ENUMERIC);
    w.y[20][1] = 1;
    assert_int_equal(
        bram_fitted_new(w.cx, &f, "gru:loss=poisson,target=increment", &w.train, NULL, 0),
        BRAM_EUSAGE);
    w.segment[0].y.rows = w.segment[1].y.rows = 2;
    assert_int_equal(bram_fitted_new(w.cx, &f, "rnn:steps=3", &w.train, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_learnt_by_heart),
        cmocka_unit_test(a_rhythm_is_learnt),
        cmocka_unit_test(the_same_bytes),
        cmocka_unit_test(names_and_shapes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
