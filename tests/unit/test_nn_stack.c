/*
 * Tests of core/nn_stack.c: in double the gradient of every parameter against finite differences
 * for both readouts (1e-6); the same bits for any number of threads; predictions that depend on
 * their picture alone; running means by hand.
 */
#include "nn_stack.h"
#include "test.h"

#include <bramble/rng.h>

enum { SIDE = 8, COUNT = 11, UNITS = 3 };

static void fill(bram_real *x, size_t n, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "stack");
    for (size_t i = 0; i < n; i++) x[i] = (bram_real)bram_rng_normal(&g);
}

static BRAM_NN(stack) stack_of(const BRAM_NN(readout) * readout)
{
    BRAM_NN(stack)
    s = {.layers = 3,
         .conv = {{SIDE, SIDE, 1, 3, 3, 0}, {.out = 2, .side = 3, .pad = 1}, {.out = 4, .side = 2}},
         .readout = readout,
         .shape = {.units = UNITS,
                   .terms = 1,
                   .l1_space = 0.01,
                   .l1_features = 0.02,
                   .seed = 5,
                   .place_range = 0.3,
                   .deviation = 0.2}};
    assert_true(BRAM_NN(stack_plan)(&s));
    return s;
}

/* A network with its data, in scratch memory. */
struct setting {
    bram_ctx *cx;
    BRAM_NN(stack) s;
    bram_real *w, *running, *grad, *x, *y, *room;
    uint8_t mask[COUNT * UNITS];
    BRAM_NN(batch) batch;
};

static void set_up(struct setting *t, const BRAM_NN(readout) * readout)
{
    t->cx = bram_ctx_new();
    t->s = stack_of(readout);
    t->w = bram_scratch(t->cx, t->s.parameters, sizeof *t->w);
    t->grad = bram_scratch(t->cx, t->s.parameters, sizeof *t->w);
    t->running = bram_scratch(t->cx, t->s.running, sizeof *t->w);
    t->x = bram_scratch(t->cx, COUNT * SIDE * SIDE, sizeof *t->x);
    t->y = bram_scratch(t->cx, COUNT * UNITS, sizeof *t->y);
    t->room = bram_scratch(t->cx, BRAM_NN(stack_room)(&t->s, COUNT), sizeof *t->room);
    assert_true(t->w && t->grad && t->running && t->x && t->y && t->room);
    BRAM_NN(stack_start)(&t->s, t->w, t->running, 1);
    fill(t->x, COUNT * SIDE * SIDE, 2);
    fill(t->y, COUNT * UNITS, 3);
    for (size_t i = 0; i < COUNT * UNITS; i++) t->mask[i] = i % 5 != 0;
    t->batch = (BRAM_NN(batch)){COUNT, t->x, t->y, t->mask, 0.1, 40};
}

static double learn(struct setting *t)
{
    double loss;
    assert_ok(t->cx, BRAM_NN(stack_learn)(t->cx, &t->s, t->w, t->running, t->grad, &loss, &t->batch,
                                          t->room));
    return loss;
}

#ifdef BRAM_NN_DOUBLE
static void check_gradients(const BRAM_NN(readout) * readout)
{
    const double step = 1e-5;
    struct setting t;
    set_up(&t, readout);
    learn(&t);
    double *slope = bram_scratch(t.cx, t.s.parameters, sizeof *slope);
    assert_non_null(slope);
    memcpy(slope, t.grad, t.s.parameters * sizeof *slope);
    for (size_t i = 0; i < t.s.parameters; i++) {
        double before = t.w[i];
        t.w[i] = before + step;
        double up = learn(&t);
        t.w[i] = before - step;
        double found = (up - learn(&t)) / (2 * step);
        t.w[i] = before;
        if (!(fabs(found - slope[i]) < 1e-6 * fmax(1, fabs(found))))
            fail_msg("%s: parameter %zu of %zu: %.10g, by differences %.10g", readout->name, i,
                     t.s.parameters, slope[i], found);
    }
    bram_ctx_free(t.cx);
}

static void gradients(void **state)
{
    (void)state;
    check_gradients(&BRAM_NN(readout_factorized));
    check_gradients(&BRAM_NN(readout_gaussian));
}
#endif

static void threads_change_no_bit(void **state)
{
    (void)state;
    struct setting one, two;
    set_up(&one, &BRAM_NN(readout_gaussian));
    set_up(&two, &BRAM_NN(readout_gaussian));
    bram_ctx_set_threads(one.cx, 1);
    bram_ctx_set_threads(two.cx, 2);
    assert_true(learn(&one) == learn(&two));
    assert_memory_equal(one.grad, two.grad, one.s.parameters * sizeof *one.grad);
    assert_memory_equal(one.running, two.running, one.s.running * sizeof *one.grad);
    bram_ctx_free(one.cx);
    bram_ctx_free(two.cx);
}

static void predictions_stand_alone(void **state)
{
    (void)state;
    struct setting t;
    bram_real all[COUNT * UNITS], alone[UNITS];
    set_up(&t, &BRAM_NN(readout_factorized));
    for (size_t k = 0; k < 5; k++) learn(&t);
    assert_ok(t.cx, BRAM_NN(stack_predict)(t.cx, &t.s, t.w, t.running, all, t.x, COUNT, t.room));
    for (size_t i = 0; i < COUNT; i++) {
        assert_ok(t.cx, BRAM_NN(stack_predict)(t.cx, &t.s, t.w, t.running, alone,
                                               t.x + i * SIDE * SIDE, 1, t.room));
        assert_memory_equal(alone, all + i * UNITS, sizeof alone);
    }
    bram_ctx_free(t.cx);
}

/* The first layer has one channel and one weight of 1: its map is the picture. */
static void running_means_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    BRAM_NN(stack)
    s = {.layers = 2,
         .conv = {{1, 2, 1, 1, 1, 0}, {.out = 1, .side = 1}},
         .readout = &BRAM_NN(readout_factorized),
         .shape = {.units = 1, .terms = 1}};
    assert_true(BRAM_NN(stack_plan)(&s));
    bram_real *w = bram_scratch(cx, 2 * s.parameters, sizeof *w), running[4], y[1] = {0};
    bram_real *room = bram_scratch(cx, BRAM_NN(stack_room)(&s, 1), sizeof *room), x[] = {1, 5};
    assert_true(w && room && s.running == 4);
    BRAM_NN(stack_start)(&s, w, running, 0);
    w[s.at[0].weight] = 1;
    double loss;
    BRAM_NN(batch) batch = {1, x, y, NULL, 1, 0};
    assert_ok(cx, BRAM_NN(stack_learn)(cx, &s, w, running, w + s.parameters, &loss, &batch, room));
    assert_near(running[0], 0.1 * 3, 1e-6);           /* mean 3 */
    assert_near(running[1], 0.9 * 1 + 0.1 * 8, 1e-6); /* variance over n - 1: 8 */
    s.conv[1].side = 3;
    assert_false(BRAM_NN(stack_plan)(&s));
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
#ifdef BRAM_NN_DOUBLE
        cmocka_unit_test(gradients),
#endif
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(predictions_stand_alone),
        cmocka_unit_test(running_means_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
