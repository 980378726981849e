/*
 * Tests of core/rng.c. Words: the known-answer vectors of Philox 4x32-10 that Random123 publishes
 * (zeros; digits of pi). Hash: vectors of FNV-1a by its authors. Statistical tests use fixed seeds,
 * so they either always pass or never; bounds are 5 standard errors.
 */
#include <bramble/rng.h>

#include "test.h"

static void known_answers_of_philox(void **state)
{
    (void)state;
    bram_rng zero = {0, 0, 0};
    assert_true(bram_rng_u64(&zero) == UINT64_C(0xe169c58d6627e8d5));
    assert_true(bram_rng_u64(&zero) == UINT64_C(0x9b00dbd8bc57ac4c));
    assert_true(zero.index == 2);
    bram_rng pi = {.seed = UINT64_C(0x299f31d0a4093822),
                   .stream = UINT64_C(0x85a308d3243f6a88),
                   .index = 2 * UINT64_C(0x0370734413198a2e)};
    assert_true(bram_rng_u64(&pi) == UINT64_C(0x94fdccebd16cfe09));
    assert_true(bram_rng_u64(&pi) == UINT64_C(0x24126ea15001e420));
}

static void streams_are_hashes_of_their_names(void **state)
{
    (void)state;
    assert_true(bram_rng_new(7, "").stream == UINT64_C(0xcbf29ce484222325));
    assert_true(bram_rng_new(7, "a").stream == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(bram_rng_new(7, "foobar").stream == UINT64_C(0x85944171f73967e8));
    assert_true(bram_rng_new(7, "foobar").seed == 7);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void samples_of_a_stream_are_different_streams(void **state)
{
    (void)state;
    enum { SAMPLES = 20000 };
    static uint64_t stream[SAMPLES + 1];
    for (size_t k = 0; k < SAMPLES; k++) stream[k] = bram_rng_at(1, "bootstrap", k).stream;
    stream[SAMPLES] = bram_rng_new(1, "bootstrap").stream;
    qsort(stream, SAMPLES + 1, sizeof *stream, ascending);
    for (size_t k = 0; k < SAMPLES; k++) assert_true(stream[k] != stream[k + 1]);
}

static void a_draw_depends_on_its_index_alone(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(42, "x"), far = g;
    uint64_t word[10];
    for (int i = 0; i < 10; i++) word[i] = bram_rng_u64(&g);
    for (int i = 9; i >= 0; i--) {
        far.index = (uint64_t)i;
        assert_true(bram_rng_u64(&far) == word[i]);
    }
}

static void many_words_are_as_single_ones(void **state)
{
    (void)state;
    for (uint64_t from = 0; from < 3; from++)
        for (size_t n = 0; n < 6; n++) {
            bram_rng one = bram_rng_new(8, "test/words"), many = one;
            uint64_t word[6];
            one.index = many.index = from;
            bram_rng_words(&many, word, n);
            for (size_t i = 0; i < n; i++) assert_true(word[i] == bram_rng_u64(&one));
            assert_true(many.index == one.index);
        }
}

static void uniform_numbers_are_uniform(void **state)
{
    (void)state;
    enum { N = 200000, BINS = 100 };
    int bin[BINS] = {0};
    double sum = 0;
    bram_rng g = bram_rng_new(1, "uniform");
    for (int i = 0; i < N; i++) {
        double u = bram_rng_uniform(&g);
        assert_true(u >= 0 && u < 1);
        bin[(int)(u * BINS)]++;
        sum += u;
    }
    assert_near(sum / N, 0.5, 5 * sqrt(1.0 / 12 / N));
    double chi2 = 0, expected = (double)N / BINS;
    for (int i = 0; i < BINS; i++) chi2 += (bin[i] - expected) * (bin[i] - expected) / expected;
    assert_near(chi2, BINS - 1, 5 * sqrt(2.0 * (BINS - 1)));
}

static void normal_numbers_have_the_normal_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0, lag = 0, before = 0;
    int beyond_two = 0;
    bram_rng g = bram_rng_new(2, "normal");
    for (int i = 0; i < N; i++) {
        double z = bram_rng_normal(&g);
        m1 += z, m2 += z * z, m3 += z * z * z, m4 += z * z * z * z, lag += z * before;
        beyond_two += fabs(z) > 2;
        before = z;
    }
    assert_near(m1 / N, 0, 5 / sqrt(N));
    assert_near(m2 / N, 1, 5 * sqrt(2.0 / N));
    assert_near(m3 / N, 0, 5 * sqrt(15.0 / N));
    assert_near(m4 / N, 3, 5 * sqrt(96.0 / N));
    assert_near(lag / N, 0, 5 / sqrt(N));
    assert_near((double)beyond_two / N, 0.04550026389635842, 5 * sqrt(0.0455 / N));
    assert_true(g.index == 2 * N);
}

static void bounded_integers_are_fair(void **state)
{
    (void)state;
    enum { N = 70000 };
    int count[7] = {0}, low = 0;
    bram_rng g = bram_rng_new(3, "below");
    for (int i = 0; i < N; i++) count[bram_rng_below(&g, 7)]++;
    for (int i = 0; i < 7; i++) assert_near(count[i], N / 7.0, 5 * sqrt(N / 7.0));
    for (int i = 0; i < 100; i++) assert_true(bram_rng_below(&g, 1) == 0);
    /* without rejection, n = 3 * 2^62 gives each third value twice as often as the others */
    uint64_t n = UINT64_C(3) << 62;
    for (int i = 0; i < N; i++) {
        uint64_t k = bram_rng_below(&g, n);
        assert_true(k < n);
        low += k % 3 == 0;
    }
    assert_near(low, N / 3.0, 5 * sqrt(N * 2.0 / 9));
}

static void check_poisson(double mean, int n)
{
    double sum = 0, squares = 0;
    bram_rng g = bram_rng_new(4, "poisson");
    for (int i = 0; i < n; i++) {
        double d = (double)bram_rng_poisson(&g, mean) - mean;
        sum += d;
        squares += d * d;
    }
    assert_near(sum / n, 0, 5 * sqrt(mean / n));
    assert_near(squares / n, mean, 5 * sqrt((mean + 2 * mean * mean) / n));
}

static void poisson_counts_have_mean_and_variance(void **state)
{
    (void)state;
    const double means[] = {0.01, 1, 7.5, 29.999, 30, 45, 1000, 1e6, 1e12};
    for (size_t i = 0; i < sizeof means / sizeof *means; i++) check_poisson(means[i], 30000);
}

static void poisson_counts_have_their_probabilities(void **state)
{
    (void)state;
    enum { N = 100000, TOP = 80 };
    const double means[] = {3, 35};
    for (int m = 0; m < 2; m++) {
        int count[TOP] = {0};
        bram_rng g = bram_rng_new(5, "pmf");
        for (int i = 0; i < N; i++) {
            uint64_t k = bram_rng_poisson(&g, means[m]);
            if (k < TOP) count[k]++;
        }
        for (int k = 0; k < TOP; k++) {
            double p = exp(k * log(means[m]) - means[m] - lgamma(k + 1.0));
            if (p * N > 20) assert_near(count[k], p * N, 5 * sqrt(p * N));
        }
    }
}

static void poisson_of_odd_means(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(6, "odd");
    assert_true(bram_rng_poisson(&g, 0) == 0);
    assert_true(bram_rng_poisson(&g, -1) == 0);
    assert_true(bram_rng_poisson(&g, NAN) == 0);
    assert_true(g.index == 0);
    assert_near((double)bram_rng_poisson(&g, INFINITY), 1e15, 1e9);
}

static void permutations_are_fair(void **state)
{
    (void)state;
    enum { N = 24000 };
    int count[256] = {0}, kinds = 0;
    bram_rng g = bram_rng_new(7, "permutation");
    for (int i = 0; i < N; i++) {
        size_t p[4];
        bram_rng_permutation(&g, 4, p);
        assert_int_equal(1 << p[0] | 1 << p[1] | 1 << p[2] | 1 << p[3], 15);
        count[p[0] | p[1] << 2 | p[2] << 4 | p[3] << 6]++;
    }
    for (int i = 0; i < 256; i++) {
        if (count[i] == 0) continue;
        assert_near(count[i], N / 24.0, 5 * sqrt(N / 24.0));
        kinds++;
    }
    assert_int_equal(kinds, 24);
    bram_rng_permutation(&g, 0, NULL);
    size_t alone = 9;
    bram_rng_permutation(&g, 1, &alone);
    assert_int_equal(alone, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_of_philox),
        cmocka_unit_test(streams_are_hashes_of_their_names),
        cmocka_unit_test(samples_of_a_stream_are_different_streams),
        cmocka_unit_test(a_draw_depends_on_its_index_alone),
        cmocka_unit_test(many_words_are_as_single_ones),
        cmocka_unit_test(uniform_numbers_are_uniform),
        cmocka_unit_test(normal_numbers_have_the_normal_moments),
        cmocka_unit_test(bounded_integers_are_fair),
        cmocka_unit_test(poisson_counts_have_mean_and_variance),
        cmocka_unit_test(poisson_counts_have_their_probabilities),
        cmocka_unit_test(poisson_of_odd_means),
        cmocka_unit_test(permutations_are_fair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
