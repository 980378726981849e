/*
 * Tests of benchmarks/task_motor.c, motor_trials.c and simulate_motor.c: a network that was told a
 * few neurons as well as the muscles tells more of the others than one that was told the muscles;
 * parts, sets and each refusal; which movements of a recording become trials of which set, and what
 * is in them.
 */
#include "cell_test.h"
#include "motor_trials.h"
#include "simulate.h"

#include <bramble/rng.h>

#include <math.h>

static char r2[] = "r2", *metrics[] = {r2};

static double score(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds,
                    const char *model, double *output)
{
    bram_dataset *result = NULL;
    int status = test_cell(cx, &result, b, ds, "20%", model);
    if (status != BRAM_OK) fail_msg("%s: %s", model, bram_ctx_message(cx));
    double value = test_number(result, "r2@test/unrecorded", "value");
    *output = test_number(result, "r2@test/output", "value");
    assert_near(test_number(result, "r2@test/output", "units"), 2, 0);
    assert_near(test_number(result, "r2@test/recorded", "units"), 12, 0);
    assert_near(test_number(result, "r2@left-out/unrecorded", "units"), 48, 0);
    assert_true(test_number(result, "r2@perturbed/output", "low") <=
                test_number(result, "r2@perturbed/output", "value"));
    bram_dataset_free(result);
    return value;
}

static void told_neurons_help(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    double output[2];
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-motor", 1));
    bram_benchmark b = test_benchmark(cx, "motor", metrics, 1, "samples=50,ridge=1+100");
    double with = score(cx, &b, ds, "force:neurons=60,steps=120,rate=0.01", &output[0]);
    double without = score(cx, &b, ds, "force:neurons=60,steps=120,rate=0.01,internal=no",
                           &output[1]);
    assert_true(output[0] > 0.6 && output[1] > 0.6);
    assert_true(with > without + 0.02);
    bram_axis *parts = NULL;
    assert_ok(cx, bram_task_find("motor")->parts(cx, &parts, &b, ds));
    assert_int_equal(bram_axis_length(parts), 4);
    assert_string_equal(bram_axis_id(parts, 0), "5%");
    bram_axis_free(parts);
    bram_dataset *result = NULL;
    assert_int_equal(test_cell(cx, &result, &b, ds, "20%", "copy"), BRAM_ENOTAPPLICABLE);
    assert_ok(cx, bram_options_set(cx, b.options, "output", "hand"));
    assert_int_equal(test_cell(cx, &result, &b, ds, "20%", "force"), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void other_data_do_not_apply(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *empty = NULL, *result = NULL;
    assert_ok(cx, bram_dataset_new(cx, &empty));
    bram_benchmark b = test_benchmark(cx, "motor", metrics, 1, "");
    assert_int_equal(test_cell(cx, &result, &b, empty, "20%", "force"), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(empty);
    bram_ctx_free(cx);
}

/* ---- movements ------------------------------------------------------------------------------ */

enum { ROWS = 400, EVERY = 20, FIRST = 10 }; /* rows, between movements, of the first */

static void add(bram_ctx *cx, bram_dataset *ds, const char *name, const char *const *ids,
                size_t units, const double *values)
{
    bram_axis *time = NULL, *unit = NULL;
    bram_response *r = NULL;
    double seconds[ROWS];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = 0.05 * (double)t;
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &unit, "unit", units));
    assert_ok(cx, bram_axis_set_ids(cx, unit, ids));
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    memcpy(bram_response_f64(r), values, ROWS * units * sizeof *values);
    bram_axis_free(time);
    bram_axis_free(unit);
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
}

/* The hand goes right, up, left, down in turns, for 3 rows each; neurons are x and y velocity, and
 * these with the other sign and with noise. */
static bram_dataset *make_movements(bram_ctx *cx)
{
    static double hand[ROWS][4], activity[ROWS][4];
    bram_rng g = bram_rng_new(1, "test/motor");
    bram_dataset *ds = NULL;
    for (size_t t = 0; t < ROWS; t++) {
        size_t k = t < FIRST ? 0 : (t - FIRST) / EVERY;
        bool moves = t >= FIRST && (t - FIRST) % EVERY < 3;
        hand[t][2] = moves && k % 2 == 0 ? (k % 4 ? -1 : 1) : 0;
        hand[t][3] = moves && k % 2 == 1 ? (k % 4 == 3 ? -1 : 1) : 0;
        for (size_t d = 0; d < 2; d++) {
            hand[t][d] = (t ? hand[t - 1][d] : 0) + hand[t][2 + d];
            activity[t][d] = hand[t][2 + d];
            activity[t][2 + d] = -hand[t][2 + d] + 0.1 * bram_rng_normal(&g);
        }
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add(cx, ds, "behaviour", (const char *[]){"x", "y", "vx", "vy"}, 4, hand[0]);
    add(cx, ds, "activity", (const char *[]){"a", "b", "c", "d"}, 4, activity[0]);
    return ds;
}

#define MOVEMENTS                                                                                  \
    "trials=movements,output=velocity,place=x+y,velocity=vx+vy,speed=0.5,directions=4,"            \
    "before=2,"

static size_t count(const bram_dataset *trials, const char *set)
{
    size_t n = 0;
    for (size_t i = 0; i < bram_dataset_groups(trials, "recordings"); i++) {
        char path[64];
        snprintf(path, sizeof path, "recordings/%.40s",
                 bram_dataset_group_at(trials, "recordings", i));
        n += strcmp(bram_attrs_text(bram_dataset_find_attrs(trials, path), "set"), set) == 0;
    }
    return n;
}

static const double *values(const bram_dataset *trials, const char *path)
{
    return bram_response_f64((bram_response *)bram_dataset_response(trials, path));
}

/* Movements begin at rows 10, 30 ... 390; those downwards (70, 150 ...) are left out; rows from 300
 * on are for the test. */
static void movements_become_trials(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make_movements(cx), *trials = NULL;
    bram_benchmark b = test_benchmark(cx, "motor", metrics, 1,
                                      MOVEMENTS "left-out=1,share=0.25,after=5,smooth=0");
    assert_ok(cx, bram_motor_trials(cx, &trials, ds, b.options));
    assert_int_equal(count(trials, "train"), 12);
    assert_int_equal(count(trials, "test"), 3);
    assert_int_equal(count(trials, "left-out"), 5);
    const double *y = values(trials, "recordings/movement 1/activity");
    const double *v = values(trials, "recordings/movement 2/velocity");
    const double *x = values(trials, "recordings/movement 2/input");
    for (size_t t = 0; t < 7; t++) { /* two rows before it, three rows of it, two after */
        assert_near(y[4 * t], t >= 2 && t < 5, 0);
        assert_near(v[2 * t], 0, 0);
        assert_near(v[2 * t + 1], t >= 2 && t < 5, 0);
        assert_near(x[3 * t], 0, 1e-15);
        assert_near(x[3 * t + 1], 1, 0);
        assert_near(x[3 * t + 2], t >= 2, 0);
    }
    bram_dataset_free(trials);
    bram_options_free(b.options);
    /* a Gaussian of one row, cut at three: exp(-k^2 / 2) over 1 + 2 (.6065 + .1353 + .0111) */
    b = test_benchmark(cx, "motor", metrics, 1, MOVEMENTS "left-out=1,share=0.25,after=5,smooth=1");
    assert_ok(cx, bram_motor_trials(cx, &trials, ds, b.options));
    y = values(trials, "recordings/movement 1/activity");
    double w[4], sum = 1;
    for (size_t k = 0; k < 4; k++) w[k] = exp(-(double)(k * k) / 2), sum += k ? 2 * w[k] : 0;
    assert_near(y[4 * 3], (w[0] + 2 * w[1]) / sum, 1e-15);
    assert_near(y[4 * 0], (w[2] + w[3]) / sum, 1e-15);
    bram_dataset_free(trials);
    bram_options_free(b.options);
    /* trials of 27 rows share some with the next: those beside one that is left out are dropped */
    b = test_benchmark(cx, "motor", metrics, 1,
                       MOVEMENTS "left-out=1,share=0.25,after=25,smooth=0");
    assert_ok(cx, bram_motor_trials(cx, &trials, ds, b.options));
    assert_int_equal(count(trials, "train"), 5); /* the first, and those upwards */
    bram_dataset_free(trials);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void movements_are_scored(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make_movements(cx), *result = NULL;
    bram_benchmark b = test_benchmark(
        cx, "motor", metrics, 1,
        MOVEMENTS "left-out=1,share=0.25,after=5,smooth=0,recorded=50,samples=20");
    int status = test_cell(cx, &result, &b, ds, "50%",
                           "force:neurons=30,steps=300,rate=0.01,tau=1");
    if (status != BRAM_OK) fail_msg("%s", bram_ctx_message(cx));
    assert_true(test_number(result, "r2@test/output", "value") > 0.5);
    assert_true(test_number(result, "r2@test/unrecorded", "value") > 0.3);
    const bram_axis *table = bram_response_axis(bram_dataset_response(result, "raw"), 0);
    for (size_t i = 0; i < bram_axis_length(table); i++)
        assert_null(strstr(bram_axis_id(table, i), "perturbed"));
    bram_dataset_free(result);
    static const char *const bad[] = {"after=5,share=0.05", "after=5,least=9", "after=500",
                                      "after=5,left-out=4", "after=5,behaviour=other"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char options[400];
        snprintf(options, sizeof options, MOVEMENTS "%s", bad[i]);
        bram_benchmark other = test_benchmark(cx, "motor", metrics, 1, options);
        status = test_cell(cx, &result, &other, ds, "20%", "force");
        assert_int_equal(status, i == 3 ? BRAM_EUSAGE : BRAM_ENOTAPPLICABLE);
        bram_options_free(other.options);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(told_neurons_help), cmocka_unit_test(other_data_do_not_apply),
        cmocka_unit_test(movements_become_trials), cmocka_unit_test(movements_are_scored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
