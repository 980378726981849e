/* Tests of core/sums.c: by hand, for all lengths about the width of a vector. */
#include "sums.h"
#include "test.h"

enum { MOST = 70 };

/* Whole numbers, so that every order of addition gives the same. */
static void against_plain_loops(void **state)
{
    (void)state;
    double a[MOST], b[MOST], y[MOST];
    for (size_t n = 0; n <= MOST; n++) {
        double dot = 0, sizes = 0, sum = 0, largest = 0;
        for (size_t k = 0; k < n; k++) {
            a[k] = (double)(k * k % 17) - 8, b[k] = (double)(k * 5 % 11) - 5, y[k] = (double)k;
            dot += a[k] * b[k], sizes += fabs(a[k] * b[k]), sum += a[k] - 3;
            largest = fabs(a[k]) > largest ? fabs(a[k]) : largest;
        }
        assert_near(bram_dot(a, b, n), dot, 0);
        assert_near(bram_dot_of_sizes(a, b, n), sizes, 0);
        assert_near(bram_sum_about(a, 3, n), sum, 0);
        assert_near(bram_largest_size(a, n), largest, 0);
        bram_add_scaled(y, -2, a, n);
        for (size_t k = 0; k < n; k++) assert_near(y[k], (double)k - 2 * a[k], 0);
    }
}

static void what_is_not_finite(void **state)
{
    (void)state;
    const double odd[] = {NAN, INFINITY, -INFINITY};
    double x[MOST] = {0};
    for (size_t n = 0; n <= MOST; n++) {
        assert_true(bram_all_finite(x, n));
        for (size_t at = 0; at < n; at++) {
            x[at] = odd[at % 3];
            assert_false(bram_all_finite(x, n));
            assert_true(bram_largest_size(x, n) == (isnan(x[at]) ? 0 : INFINITY));
            x[at] = 0;
        }
    }
    const double large[] = {1e308, -1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308, 1e308};
    assert_true(bram_all_finite(large, 9)); /* whose sum is not */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_plain_loops),
                                       cmocka_unit_test(what_is_not_finite)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
