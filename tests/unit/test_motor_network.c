/*
 * Tests of core/motor_network.c: Lyapunov equations by hand and by their definition, a stable
 * circuit that keeps Dale's law and its inhibition, reaches that hold still, move and come to rest.
 */
#include "linalg.h"
#include "motor_network.h"
#include "test.h"

#include <math.h>

enum { N = 30, ROWS = BRAM_MOTOR_BEFORE + BRAM_MOTOR_AFTER };

/* Of diag(-1, -4): p = q = diag(1, 1/4). Of any a: the equations themselves. */
static void lyapunov(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double diagonal[] = {-1, 0, 0, -4}, any[] = {-2, 1, 0.5, 0.3, -1.5, -1, 0.7, 2, -3};
    double p[9], q[9];
    bram_mat mp = {p, 2, 2, 2}, mq = {q, 2, 2, 2};
    assert_ok(cx, bram_lyapunov(cx, &mp, &mq, &(bram_mat){diagonal, 2, 2, 2}));
    assert_near(p[0], 1, 1e-14);
    assert_near(p[1], 0, 1e-14);
    assert_near(q[3], 0.25, 1e-14);
    mp = (bram_mat){p, 3, 3, 3}, mq = (bram_mat){q, 3, 3, 3};
    assert_ok(cx, bram_lyapunov(cx, &mp, &mq, &(bram_mat){any, 3, 3, 3}));
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++) {
            double first = 0, second = 0;
            for (size_t k = 0; k < 3; k++) {
                first += any[3 * i + k] * p[3 * k + j] + p[3 * i + k] * any[3 * j + k];
                second += any[3 * k + i] * q[3 * k + j] + q[3 * i + k] * any[3 * k + j];
            }
            assert_near(first, i == j ? -2 : 0, 1e-12);
            assert_near(second, i == j ? -2 : 0, 1e-12);
        }
    double zero[] = {1, 0, 0, -1};
    mp = (bram_mat){p, 2, 2, 2}, mq = (bram_mat){q, 2, 2, 2};
    assert_int_equal(bram_lyapunov(cx, &mp, &mq, &(bram_mat){zero, 2, 2, 2}), BRAM_ENUMERIC);
    mq.rows = 1;
    assert_int_equal(bram_lyapunov(cx, &mp, &mq, &(bram_mat){zero, 2, 2, 2}), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void a_stable_circuit(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_motor_network w, again;
    assert_ok(cx, bram_motor_network_new(cx, &w, N, 2));
    assert_true(w.abscissa < 0.15 && w.steps > 0);
    size_t excitatory = 0, inhibitory = 0;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double x = w.weight[i * N + j];
            assert_true(j < N / 2 ? x >= 0 : x <= 0);
            if (i == j) assert_near(x, 0, 0);
            if (x > 0) excitatory++;
            if (x < 0) inhibitory++;
        }
    assert_true(excitatory > 20 && inhibitory > 20);
    for (size_t d = 0; d < BRAM_MOTOR_DIMENSIONS; d++)
        for (size_t e = 0; e <= d; e++) {
            double product = 0;
            for (size_t i = 0; i < N; i++) product += w.basis[d * N + i] * w.basis[e * N + i];
            assert_near(product, d == e, 1e-10);
        }
    assert_ok(cx, bram_motor_network_new(cx, &again, N, 2));
    assert_memory_equal(w.weight, again.weight, N * N * sizeof *w.weight);
    bram_motor_network_release(&again);
    bram_motor_network_release(&w);
    assert_int_equal(bram_motor_network_new(cx, &w, 31, 2), BRAM_ESHAPE);
    assert_int_equal(bram_motor_network_new(cx, &w, 18, 2), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static double muscle_range(const double *muscles, size_t first, size_t last)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t t = first; t < last; t++)
        low = fmin(low, muscles[t * BRAM_MOTOR_MUSCLES]),
        high = fmax(high, muscles[t * BRAM_MOTOR_MUSCLES]);
    return high - low;
}

static void reaches(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_motor_network w;
    static double rates[ROWS * N], muscles[ROWS * BRAM_MOTOR_MUSCLES];
    static double input[ROWS * (BRAM_MOTOR_DIMENSIONS + 1)];
    bram_rng g = bram_rng_new(1, "test/motor");
    double low = INFINITY, high = -INFINITY;
    assert_ok(cx, bram_motor_network_new(cx, &w, N, 2));
    for (size_t k = 0; k < BRAM_MOTOR_REACHES; k++) {
        assert_ok(cx, bram_motor_reach(cx, rates, muscles, input, &w, w.target[k], 0, &g));
        for (size_t t = 0; t < ROWS; t++) {
            double ramp = input[t * (BRAM_MOTOR_DIMENSIONS + 1) + BRAM_MOTOR_DIMENSIONS];
            double time = ((double)t - BRAM_MOTOR_BEFORE) * 0.01;
            assert_near(ramp, time < 0 ? exp(time / 0.4) : exp(-time / 0.002), 1e-12);
            for (size_t m = 0; m < BRAM_MOTOR_MUSCLES; m++) {
                low = fmin(low, muscles[t * BRAM_MOTOR_MUSCLES + m]);
                high = fmax(high, muscles[t * BRAM_MOTOR_MUSCLES + m]);
            }
        }
        /* it moves after onset, and is at rest in the end */
        assert_true(muscle_range(muscles, BRAM_MOTOR_BEFORE, BRAM_MOTOR_BEFORE + 40) >
                    muscle_range(muscles, ROWS - 8, ROWS));
    }
    assert_near(low, 0, 1e-9);
    assert_near(high, 1, 1e-9);
    bram_motor_network_release(&w);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lyapunov), cmocka_unit_test(a_stable_circuit), cmocka_unit_test(reaches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
