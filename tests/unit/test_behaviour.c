/*
 * Tests of benchmarks/behaviour.c and of what stands on it: behaviour as the target of the task
 * "decode", as the input of the task "density"; cuts by sessions.
 */
#include "behaviour.h"
#include "cell_test.h"
#include "timesplit.h"

#include <bramble/rng.h>

#include <math.h>

enum { ROWS = 1200, SESSION = 100 };

struct made {
    double x[ROWS], choice[ROWS], follows[ROWS];
};

static void add(bram_ctx *cx, bram_dataset *ds, const char *name, const char *id,
                const double *values, bool sessions)
{
    bram_axis *time = NULL, *unit = NULL;
    bram_response *r = NULL;
    double seconds[ROWS];
    int64_t segment[ROWS];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = (double)t, segment[t] = (int64_t)(t / SESSION);
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    if (sessions) assert_ok(cx, bram_axis_add_integer(cx, time, "segment", segment));
    assert_ok(cx, bram_axis_new(cx, &unit, "unit", 1));
    assert_ok(cx, bram_axis_set_ids(cx, unit, &id));
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    memcpy(bram_response_f64(r), values, ROWS * sizeof *values);
    bram_axis_free(time);
    bram_axis_free(unit);
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
}

/* A signal x; choices of probability 1 / (1 + exp(-2 x)); what follows the mean of x now and
 * before. */
static bram_dataset *make(bram_ctx *cx, struct made *m)
{
    bram_dataset *ds = NULL;
    bram_rng g = bram_rng_new(3, "test/behaviour");
    for (size_t t = 0; t < ROWS; t++) {
        m->x[t] = bram_rng_normal(&g);
        m->choice[t] = bram_rng_uniform(&g) < 1 / (1 + exp(-2 * m->x[t]));
        m->follows[t] = t ? (m->x[t] + m->x[t - 1]) / 2 : m->x[t];
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add(cx, ds, "x", "x", m->x, true);
    add(cx, ds, "choice", "choice", m->choice, true);
    add(cx, ds, "follows", "f", m->follows, false);
    return ds;
}

static void cut_by_sessions(void **state)
{
    (void)state;
    static struct made m;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, &m);
    bram_recording r;
    bram_options *o = NULL;
    bram_timesplit split = {0};
    const bram_param *params = bram_task_find("density")->params;
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w", "choice"));
    assert_int_equal(r.pieces, 12);
    assert_ok(cx, bram_options_new(cx, &o, params, "sessions=5"));
    assert_ok(cx, bram_timesplit_cut(cx, &split, &r, o));
    static const size_t train[] = {2, 3, 4, 7, 8, 9}, validation[] = {1, 6, 11},
                        test[] = {0, 5, 10};
    assert_int_equal(split.train.panel.segments, 6);
    assert_int_equal(split.validation.panel.segments, 3);
    assert_int_equal(split.test.panel.segments, 3);
    for (size_t i = 0; i < 6; i++) assert_int_equal(split.train.begin[i], train[i] * SESSION);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(split.validation.begin[i], validation[i] * SESSION);
        assert_int_equal(split.test.begin[i], test[i] * SESSION);
        assert_int_equal(split.test.segment[i].y.rows, SESSION);
        assert_int_equal(split.test.segment[i].first, 0);
    }
    bram_time_blocks blocks = bram_session_blocks(&split.test);
    assert_int_equal(blocks.blocks.count, 3);
    assert_int_equal(bram_time_block_of(&blocks, &split.test, 2, 50), 2);
    bram_timesplit_release(&split);
    bram_options_free(o);
    assert_ok(cx, bram_options_new(cx, &o, params, "sessions=5,validation=0"));
    assert_ok(cx, bram_timesplit_cut(cx, &split, &r, o));
    assert_int_equal(split.train.panel.segments, 9);
    assert_null(bram_timesplit_validation(&split));
    bram_timesplit_release(&split);
    bram_options_free(o);
    assert_ok(cx, bram_options_new(cx, &o, params, "sessions=13"));
    assert_int_equal(bram_timesplit_cut(cx, &split, &r, o), BRAM_ENOTAPPLICABLE);
    bram_timesplit_release(&split);
    bram_options_free(o);
    assert_ok(cx, bram_options_new(cx, &o, params, "sessions=2"));
    assert_int_equal(bram_timesplit_cut(cx, &split, &r, o), BRAM_ENOTAPPLICABLE);
    bram_timesplit_release(&split);
    bram_options_free(o);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static double score(const bram_dataset *ds, const char *task, const char *options,
                    const char *model, const char *metric, const char *column)
{
    char name[32], *metrics[] = {name};
    snprintf(name, sizeof name, "%s", metric);
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *result = NULL;
    bram_benchmark b = test_benchmark(cx, task, metrics, 1, options);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", model));
    double v = test_number(result, metric, column);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_ctx_free(cx);
    return v;
}

/* The shares of training make the floor; a model that sees what the choices follow is above it, by
 * no more than what is to be known. */
static void choices_from_inputs(void **state)
{
    (void)state;
    static struct made m;
    static const char options[] =
        "response=choice,inputs=x,sessions=4,validation=0,floor=shares,samples=0";
    static const char model[] = "glm-hmm:states=1,starts=1";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, &m);
    double ones = 0, n = 0, floor = 0, truth = 0, tests = 0;
    for (size_t t = 0; t < ROWS; t++)
        if (t / SESSION % 4 != 0) ones += m.choice[t], n++;
    for (size_t t = 0; t < ROWS; t++) {
        double p = 1 / (1 + exp(-2 * m.x[t]));
        if (t / SESSION % 4 != 0) continue;
        floor += log(m.choice[t] > 0 ? ones / n : 1 - ones / n);
        truth += log(m.choice[t] > 0 ? p : 1 - p);
        tests++;
    }
    assert_near(score(ds, "density", options, model, "loglik", "floor_shares"), floor / tests,
                1e-9);
    double value = score(ds, "density", options, model, "loglik", "value");
    assert_near(value, truth / tests, 0.01); /* two coefficients fitted on 900 trials */
    assert_true(value > floor / tests + 0.1);
    bram_dataset *result = NULL;
    static char metric[] = "loglik";
    static char *metrics[] = {metric};
    bram_benchmark b = test_benchmark(cx, "density", metrics, 1,
                                      "response=choice,inputs=x,variables=y,floor=shares");
    assert_int_equal(test_cell(cx, &result, &b, ds, "w", model), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    b = test_benchmark(cx, "density", metrics, 1, "response=choice,floor=shares");
    assert_int_equal(test_cell(cx, &result, &b, ds, "w", model), BRAM_ENOTAPPLICABLE);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* What follows two rows is told by two rows, or by their mean, and half by one; but for the 2 of
 * the 240 test rows that begin a session and lack the row before them. */
static void decoding_from_several_rows(void **state)
{
    (void)state;
    static struct made m;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, &m);
#define OPTIONS "response=x,behaviour=follows,samples=0"
    assert_near(score(ds, "decode", OPTIONS, "ridge", "r2", "value"), 0.5, 0.1);
    assert_near(score(ds, "decode", OPTIONS ",lags=2", "ridge", "r2", "value"), 1, 0.01);
    assert_near(score(ds, "decode", OPTIONS ",width=2", "ridge", "r2", "value"), 1, 0.05);
    /* the root of what is below 0 counts as 0: half of the signal is gone */
    double root = score(ds, "decode", OPTIONS ",width=2,transform=sqrt", "ridge", "r2", "value");
    assert_true(root > 0.4 && root < 0.8);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_by_sessions),
        cmocka_unit_test(choices_from_inputs),
        cmocka_unit_test(decoding_from_several_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
