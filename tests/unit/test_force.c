/*
 * Tests of baselines/force*.c: both methods learn outputs and units of a network that is known, one
 * step of least squares by hand, windows are learnt by heart, a stopped fit goes on to the same
 * bytes; what is no number is told; fewer neurons than units and missing inputs are refused.
 */
#include "force.h"
#include "test.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 60, TRIALS = 4, OUTPUTS = 1, UNITS = 2, COLUMNS = OUTPUTS + UNITS };

struct world {
    bram_ctx *cx;
    bram_axis *unit, *input;
    double x[TRIALS][ROWS], y[TRIALS][ROWS * COLUMNS];
    bram_segment segment[TRIALS];
    bram_panel panel;
};

/* A pulse of another height in each trial rings in a damped pair; the output is a mixture. */
static void make(struct world *w)
{
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "unit", COLUMNS));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"hand", "a", "b"}));
    assert_ok(w->cx, bram_axis_add_text(w->cx, w->unit, "role",
                                        (const char *[]){"output", "unit", "unit"}));
    assert_ok(w->cx, bram_axis_new(w->cx, &w->input, "input", 1));
    for (size_t k = 0; k < TRIALS; k++) {
        double a = 0, b = 0;
        for (size_t t = 0; t < ROWS; t++) {
            double u = t >= 5 && t < 10 ? 0.5 + 0.3 * (double)k : 0, da, db;
            da = 0.95 * a - 0.25 * b + 0.3 * u, db = 0.95 * b + 0.25 * a;
            a = da, b = db;
            w->x[k][t] = u;
            w->y[k][t * COLUMNS] = 2 * a - b + 3;
            w->y[k][t * COLUMNS + 1] = 10 * tanh(a), w->y[k][t * COLUMNS + 2] = 5 * tanh(b) + 1;
        }
        w->segment[k] = (bram_segment){.id = "trial",
                                       .y = {w->y[k], ROWS, COLUMNS, COLUMNS},
                                       .x = {w->x[k], ROWS, 1, 1},
                                       .dt = 0.01};
    }
    w->panel = (bram_panel){
        .unit = w->unit, .input = w->input, .segment = w->segment, .segments = TRIALS};
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_axis_free(w->input);
    bram_ctx_free(w->cx);
}

/* The share of variance of each column that a fit's answers explain, over all trials. */
static void explain(struct world *w, const char *spec, double r2[COLUMNS])
{
    bram_fitted *f = NULL;
    double error[COLUMNS] = {0}, spread[COLUMNS] = {0}, mean[COLUMNS] = {0};
    int status = bram_fitted_new(w->cx, &f, spec, &w->panel, NULL, 1);
    if (status != BRAM_OK) fail_msg("%s: %s", spec, bram_ctx_message(w->cx));
    for (size_t k = 0; k < TRIALS; k++)
        for (size_t i = 0; i < ROWS * COLUMNS; i++)
            mean[i % COLUMNS] += w->y[k][i] / (TRIALS * ROWS);
    for (size_t k = 0; k < TRIALS; k++) {
        bram_dataset *answer = NULL;
        double told[ROWS * COLUMNS];
        bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &w->panel, .segment = k};
        assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
        assert_ok(w->cx,
                  bram_response_read(w->cx, bram_dataset_response(answer, "mean"), (size_t[]){0, 0},
                                     (size_t[]){ROWS, COLUMNS}, told, NULL));
        assert_int_equal(bram_response_length(bram_dataset_response(answer, "hidden"), 1), 40);
        for (size_t i = 0; i < ROWS * COLUMNS; i++) {
            error[i % COLUMNS] += pow(told[i] - w->y[k][i], 2);
            spread[i % COLUMNS] += pow(mean[i % COLUMNS] - w->y[k][i], 2);
        }
        bram_dataset_free(answer);
    }
    for (size_t c = 0; c < COLUMNS; c++) r2[c] = 1 - error[c] / spread[c];
    bram_fitted_free(f);
}

static void both_methods_learn(void **state)
{
    (void)state;
    struct world w;
    double r2[COLUMNS], alone[COLUMNS];
    make(&w);
    explain(&w, "force:neurons=40,steps=300,tau=3,rate=0.01", r2);
    for (size_t c = 0; c < COLUMNS; c++) assert_true(r2[c] > 0.9);
    explain(&w, "force:neurons=40,steps=300,tau=3,rate=0.01,internal=no", alone);
    assert_true(alone[0] > 0.9 && alone[1] < r2[1] - 0.1 && alone[2] < r2[2] - 0.1);
    explain(&w, "force:neurons=40,method=rls,passes=20,tau=3", r2);
    /* it runs by itself: the unit that the pulse drives follows less well */
    assert_true(r2[0] > 0.9 && r2[1] > 0.3 && r2[2] > 0.8);
    drop(&w);
}

/* Four trials, each column to a mean squared error of 1e-4 of its variance. */
static void windows_are_learnt_by_heart(void **state)
{
    (void)state;
    struct world w;
    double r2[COLUMNS];
    make(&w);
    explain(&w, "force:neurons=40,steps=6000,tau=2,rate=0.01", r2);
    for (size_t c = 0; c < COLUMNS; c++)
        if (!(r2[c] > 1 - 1e-4)) fail_msg("column %zu: %g", c, 1 - r2[c]);
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

static void hidden_of(struct world *w, const bram_fitted *f, double hidden[ROWS * 40])
{
    bram_dataset *answer = NULL;
    bram_query q = {.ask = BRAM_ASK_RESPOND, .panel = &w->panel, .segment = 1};
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    assert_ok(w->cx, bram_response_read(w->cx, bram_dataset_response(answer, "hidden"),
                                        (size_t[]){0, 0}, (size_t[]){ROWS, 40}, hidden, NULL));
    bram_dataset_free(answer);
}

/* Stopped on the way and gone on, and ended early and gone on: the same bytes as in one go. */
static void the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        double at;
    } method[] = {{"force:neurons=40,tau=3,steps=150", 50},
                  {"force:neurons=40,tau=3,method=rls,passes=5", 2}};
    struct world w;
    char path[256], spec[400];
    make(&w);
    test_temporary(path, "force.h5");
    for (size_t k = 0; k < 2; k++) {
        static double whole[ROWS * 40], parts[ROWS * 40], early[ROWS * 40];
        bram_fitted *f = NULL;
        snprintf(spec, sizeof spec, "%s,checkpoint=%s", method[k].spec, path);
        assert_ok(w.cx, bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 1));
        hidden_of(&w, f, whole);
        bram_fitted_free(f);
        assert_int_equal(access(path, F_OK), -1); /* a fit that is done leaves nothing */
        struct stop stop = {0, method[k].at};
        bram_ctx_set_progress(w.cx, stop_at, &stop);
        bram_ctx_set_cancel(w.cx, &stop.flag);
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 1), BRAM_ECANCEL);
        assert_int_equal(access(path, F_OK), 0);
        bram_ctx_set_cancel(w.cx, NULL);
        stop = (struct stop){0, method[k].at + (k ? 1 : 50)};
        bram_ctx_set_finish(w.cx, &stop.flag);
        assert_ok(w.cx, bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 1));
        hidden_of(&w, f, early);
        bram_fitted_free(f);
        assert_memory_not_equal(whole, early, sizeof whole);
        assert_int_equal(access(path, F_OK), 0);
        bram_ctx_set_progress(w.cx, NULL, NULL);
        bram_ctx_set_finish(w.cx, NULL);
        /* another seed is another fit */
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 2), BRAM_EUSAGE);
        assert_ok(w.cx, bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 1));
        hidden_of(&w, f, parts);
        bram_fitted_free(f);
        assert_memory_equal(whole, parts, sizeof whole);
        assert_int_equal(access(path, F_OK), -1);
    }
    drop(&w);
}

/* One neuron that is fed its input alone, one row: r = tanh(a u), P = 1 / (alpha + r^2) after it.
 */
static void least_squares_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double zero = 0, one = 1, readout = 0, bias = 0, a = 0.5, u = 2, y = 3;
    double column[3] = {-1, 0, 1}, scale[2] = {0, 1};
    bram_force f = {{&zero, 1, 1, 1},  {&one, 1, 1, 1},     {&zero, 1, 1, 1},
                    {&bias, 1, 1, 1},  {&readout, 1, 1, 1}, {&bias, 1, 1, 1},
                    {column, 3, 1, 1}, {scale, 2, 1, 1},    {&a, 1, 1, 1}};
    bram_segment s = {.y = {&y, 1, 1, 1}, .x = {&u, 1, 1, 1}};
    bram_panel panel = {.segment = &s, .segments = 1};
    bool finished = false;
    bram_force_settings o = {
        .internal = true, .alpha = 4, .passes = 1, .checkpoint.path = "", .finished = &finished};
    assert_ok(cx, bram_force_rls(cx, &f, &panel, &o));
    double r = tanh(1); /* k = r / 4, c = 1 / (1 + r^2 / 4), e = 0 - 3 */
    assert_near(readout, 3 * (r / 4) / (1 + r * r / 4), 1e-12);
    bram_ctx_free(cx);
}

/* What is no number ends the training, with the step (or pass) and what it stands in. */
static void no_numbers(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double zero = 0, one = 1, readout = (double)NAN, bias = 0, a = 0.5, u[2] = {2, 1},
           y[2] = {3, 1};
    double column[3] = {-1, 0, 1}, scale[2] = {0, 1};
    bram_force f = {{&zero, 1, 1, 1},  {&one, 1, 1, 1},     {&zero, 1, 1, 1},
                    {&bias, 1, 1, 1},  {&readout, 1, 1, 1}, {&bias, 1, 1, 1},
                    {column, 3, 1, 1}, {scale, 2, 1, 1},    {&a, 1, 1, 1}};
    bram_segment s = {.y = {y, 2, 1, 1}, .x = {u, 2, 1, 1}};
    bram_panel panel = {.segment = &s, .segments = 1};
    bool finished = false;
    bram_force_settings o = {.internal = true,
                             .alpha = 4,
                             .passes = 2,
                             .steps = 2,
                             .rate = 0.1,
                             .clip = 1,
                             .lambda = 1,
                             .checkpoint.path = "",
                             .finished = &finished};
    assert_int_equal(bram_force_rls(cx, &f, &panel, &o), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "pass 1, segment 0: a weight of readout is nan"));
    readout = (double)NAN;
    assert_int_equal(bram_force_bptt(cx, &f, &panel, &o), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "step 1: the gradient of recurrent is "));
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    bram_fitted *f = NULL;
    make(&w);
    bram_axis *many;
    double y[3 * 4] = {0};
    assert_ok(w.cx, bram_axis_new(w.cx, &many, "unit", 3));
    assert_ok(w.cx,
              bram_axis_add_text(w.cx, many, "role", (const char *[]){"unit", "unit", "unit"}));
    bram_segment s = {.id = "s", .y = {y, 4, 3, 3}, .x = {w.x[0], 4, 1, 1}};
    bram_panel panel = {.unit = many, .input = w.input, .segment = &s, .segments = 1};
    assert_int_equal(bram_fitted_new(w.cx, &f, "force:neurons=2", &panel, NULL, 1), BRAM_EUSAGE);
    s.x = (bram_mat){NULL, 4, 0, 0};
    assert_int_equal(bram_fitted_new(w.cx, &f, "force", &panel, NULL, 1), BRAM_ENOTAPPLICABLE);
    bram_axis_free(many);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(least_squares_by_hand),
                                       cmocka_unit_test(both_methods_learn),
                                       cmocka_unit_test(windows_are_learnt_by_heart),
                                       cmocka_unit_test(the_same_bytes),
                                       cmocka_unit_test(no_numbers),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
