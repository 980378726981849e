/*
 * Tests of core/dead_leaves.c: greys in range, a draw that depends on seed and number alone, and
 * what makes such pictures like natural ones: neighbours are mostly of one disc, and the spectrum
 * falls like a power of frequency.
 */
#include "dead_leaves.h"

#include "test.h"

enum { SIDE = 64, PICTURES = 20 };

static void greys_and_draws(void **state)
{
    (void)state;
    static float a[SIDE * SIDE], b[SIDE * SIDE], c[SIDE * SIDE];
    bram_dead_leaves(a, SIDE, 1, 3);
    bram_dead_leaves(c, SIDE, 1, 4);
    bram_dead_leaves(b, SIDE, 1, 3);
    assert_memory_equal(a, b, sizeof a);
    assert_true(memcmp(a, c, sizeof a) != 0);
    for (size_t k = 0; k < SIDE * SIDE; k++) assert_true(a[k] >= 0 && a[k] <= 1);
    bram_dead_leaves(a, 1, 1, 0);
    assert_true(a[0] >= 0 && a[0] <= 1);
}

/* Mean squared difference of pixels d apart, over rows. */
static double difference(const float *x, size_t d)
{
    double sum = 0;
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j + d < SIDE; j++) {
            double e = (double)x[i * SIDE + j] - (double)x[i * SIDE + j + d];
            sum += e * e / (double)(SIDE * (SIDE - d));
        }
    return sum;
}

static void near_pixels_are_alike(void **state)
{
    (void)state;
    static float x[SIDE * SIDE];
    double mean = 0, at1 = 0, at4 = 0, at16 = 0;
    for (size_t k = 0; k < PICTURES; k++) {
        bram_dead_leaves(x, SIDE, 7, k);
        at1 += difference(x, 1), at4 += difference(x, 4), at16 += difference(x, 16);
        for (size_t i = 0; i < SIDE * SIDE; i++) mean += (double)x[i] / SIDE / SIDE / PICTURES;
    }
    /* greys are uniform: mean 1/2, variance 1/12, so pixels of two discs differ by 1/6 */
    assert_near(mean, 0.5, 0.05);
    assert_true(at1 < at4 && at4 < at16 && at16 / PICTURES < 1.0 / 6 + 0.03);
    assert_true(at1 / PICTURES < 0.06);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(greys_and_draws),
                                       cmocka_unit_test(near_pixels_are_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
