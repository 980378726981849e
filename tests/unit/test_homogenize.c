/* Tests of loaders/homogenize.c, signal_smooth.c, signal_resample.c and signal_normalize.c. */
#include "homogenize.h"
#include "internal.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect_values(const double *found, const double *expected, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(expected[i])) continue;
        if (!(fabs(found[i] - expected[i]) <= 1e-12))
            fail_msg("value %zu is %.17g, expected %.17g", i, found[i], expected[i]);
    }
}

static void make(bram_ctx *cx, bram_signals *s, size_t rows, size_t cols, const double *time,
                 const double *values)
{
    assert_ok(cx, bram_signals_init(cx, s, rows, cols, time, values, NULL));
}

static void nan_becomes_missing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    make(cx, &s, 3, 2, (double[]){0, 1, 3}, (double[]){1, NAN, 2, 3, INFINITY, 4});
    expect_values(s.values, (double[]){1, 0, 2, 3, 0, 4}, 6);
    assert_memory_equal(s.mask, ((uint8_t[]){1, 0, 1, 1, 0, 1}), 6);
    assert_near(s.step, 1.5, 0); /* the mean of the two middle steps 1 and 2 */
    assert_int_equal(s.segments, 1);
    assert_int_equal(s.start[1], 3);
    assert_string_equal(s.history, "");
    assert_string_equal(bram_filter_name(s.filter), "none");
    bram_signals_release(&s);
    assert_ok(cx,
              bram_signals_init(cx, &s, 1, 2, (double[]){5}, (double[]){1, 2}, (uint8_t[]){0, 1}));
    assert_near(s.values[0], 0, 0);
    assert_true(isnan(s.step));
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void bad_time_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s = {.rows = 42};
    const double v[3] = {0};
    assert_int_equal(bram_signals_init(cx, &s, 3, 1, (double[]){0, 2, 1}, v, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "frame 3 is 1 s, not after the 2 s"));
    assert_int_equal(bram_signals_init(cx, &s, 3, 1, (double[]){0, 1, 1}, v, NULL), BRAM_EFORMAT);
    assert_int_equal(bram_signals_init(cx, &s, 3, 1, (double[]){0, NAN, 1}, v, NULL), BRAM_EFORMAT);
    assert_int_equal(s.rows, 42);
    bram_ctx_free(cx);
}

/* Steps 1 1 1 5 1: the 5 is longer than 3 medians. */
static const double gap_time[] = {10, 11, 12, 13, 18, 19};

static void gaps_split(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    make(cx, &s, 6, 1, gap_time, (double[]){1, 2, 3, 4, 5, 6});
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_int_equal(s.segments, 2);
    assert_memory_equal(s.start, ((size_t[]){0, 4, 6}), 3 * sizeof(size_t));
    assert_string_equal(s.history, "split at steps longer than 3 s: 2 segments");
    assert_ok(cx, bram_signals_split(cx, &s, 5)); /* not longer than 5 */
    assert_int_equal(s.segments, 1);
    assert_ok(cx, bram_signals_split(cx, &s, 0));
    assert_int_equal(s.segments, 1);
    assert_int_equal(bram_signals_split(cx, &s, -1), BRAM_EUSAGE);
    bram_signals_release(&s);
    make(cx, &s, 0, 3, NULL, NULL);
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_int_equal(s.segments, 0);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void smoothing_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    const double tau = 2, half = 1 - exp(-0.5);

    /* the gap begins anew; a missing sample stays missing and its time counts */
    make(cx, &s, 6, 1, gap_time, (double[]){4, 8, NAN, 0, 5, 7});
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_ok(cx, bram_signals_smooth(cx, &s, BRAM_SMOOTH_EXPONENTIAL, tau));
    double y1 = 4 + half * 4, y3 = y1 + (1 - exp(-1)) * (0 - y1);
    expect_values(s.values, (double[]){4, y1, 0, y3, 5, 5 + half * 2}, 6);
    assert_int_equal(s.mask[2], 0);
    assert_int_equal(s.filter, BRAM_FILTER_CAUSAL);
    assert_non_null(strstr(s.history, "; smoothed: exponential, 2 s (causal)"));
    bram_signals_release(&s);

    /* (t - 2, t] holds this sample and the one a second before */
    make(cx, &s, 6, 1, gap_time, (double[]){4, 8, NAN, 0, 5, 7});
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_ok(cx, bram_signals_smooth(cx, &s, BRAM_SMOOTH_MOVING, 2));
    expect_values(s.values, (double[]){4, 6, 0, 0, 5, 6}, 6);
    bram_signals_release(&s);

    /* sigma 1: weights 1, e^-1/2, e^-2 at distances 0, 1, 2 */
    make(cx, &s, 3, 1, (double[]){0, 1, 2}, (double[]){1, 0, 0});
    assert_ok(cx, bram_signals_smooth(cx, &s, BRAM_SMOOTH_GAUSSIAN, 1));
    double a = exp(-0.5), b = exp(-2);
    expect_values(s.values, (double[]){1 / (1 + a + b), a / (1 + 2 * a), b / (1 + a + b)}, 3);
    assert_string_equal(bram_filter_name(s.filter), "non-causal");
    assert_ok(cx, bram_signals_smooth(cx, &s, BRAM_SMOOTH_MOVING, 1));
    assert_int_equal(s.filter, BRAM_FILTER_NON_CAUSAL); /* what looked ahead stays so */
    assert_int_equal(bram_signals_smooth(cx, &s, BRAM_SMOOTH_GAUSSIAN, 0), BRAM_EUSAGE);
    assert_int_equal(bram_signals_smooth(cx, &s, BRAM_SMOOTH_MOVING, NAN), BRAM_EUSAGE);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

/* Changing the future changes no causal value at or before now. */
static void causal_means_causal(void **state)
{
    (void)state;
    enum { N = 40 };
    static const bram_homogenizing ways[] = {
        {.smoothing = BRAM_SMOOTH_EXPONENTIAL, .smooth_seconds = 1},
        {.smoothing = BRAM_SMOOTH_MOVING, .smooth_seconds = 2},
        {.dt = 1.3, .resampling = BRAM_RESAMPLE_MEAN, .stamp = BRAM_STAMP_RIGHT},
        {.dt = 0.2, .resampling = BRAM_RESAMPLE_HOLD},
        {.normalization = BRAM_NORMALIZE_CAUSAL, .burn_in = 3},
    };
    bram_ctx *cx = bram_ctx_new();
    double time[N], before[N], after[N];
    for (int i = 0; i < N; i++) {
        time[i] = 0.6 * i + 0.01 * (i * 7 % 5);
        before[i] = sin(i);
        after[i] = i <= 20 ? before[i] : 100 + i;
    }
    for (size_t w = 0; w < COUNT(ways); w++) {
        bram_signals a, b;
        make(cx, &a, N, 1, time, before);
        make(cx, &b, N, 1, time, after);
        assert_ok(cx, bram_signals_homogenize(cx, &a, &ways[w]));
        assert_ok(cx, bram_signals_homogenize(cx, &b, &ways[w]));
        assert_int_equal(a.filter, BRAM_FILTER_CAUSAL);
        assert_int_equal(a.rows, b.rows);
        size_t same = 0, changed = 0;
        for (size_t i = 0; i < a.rows; i++) {
            if (a.time[i] < time[21] && ++same) assert_near(a.values[i], b.values[i], 0);
            else changed += a.values[i] != b.values[i];
        }
        assert_true(same > 5 && changed > 5);
        bram_signals_release(&a);
        bram_signals_release(&b);
    }
    bram_ctx_free(cx);
}

static void bin_means_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    /* bins of 2 from 10: [10,12) [12,14) | [18,20); those between lie in the gap */
    make(cx, &s, 6, 2, gap_time, (double[]){1, NAN, 3, NAN, 5, 1, 7, NAN, 2, 2, 4, 4});
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_ok(cx, bram_signals_resample(cx, &s, 2, BRAM_RESAMPLE_MEAN, BRAM_STAMP_RIGHT));
    assert_int_equal(s.rows, 3);
    expect_values(s.time, (double[]){12, 14, 20}, 3);
    expect_values(s.values, (double[]){2, 0, 6, 1, 3, 3}, 6);
    assert_memory_equal(s.mask, ((uint8_t[]){1, 0, 1, 1, 1, 1}), 6);
    assert_int_equal(s.segments, 2);
    assert_memory_equal(s.start, ((size_t[]){0, 2, 3}), 3 * sizeof(size_t));
    assert_string_equal(
        s.history, "split at steps longer than 3 s: 2 segments; resampled: from a step of 1 s to "
                   "2 s by bin means, stamped at the bin's right edge (causal), 3 frames");
    bram_signals_release(&s);

    /* a bin that the recording does not fill is left out: 5 s make one bin of 3 */
    make(cx, &s, 5, 1, (double[]){0, 1, 2, 3, 4}, (double[]){1, 2, 3, 4, 5});
    assert_ok(cx, bram_signals_resample(cx, &s, 3, BRAM_RESAMPLE_MEAN, BRAM_STAMP_CENTRE));
    assert_int_equal(s.rows, 1);
    assert_near(s.time[0], 1.5, 0);
    assert_near(s.values[0], 2, 0);
    assert_int_equal(s.filter, BRAM_FILTER_NON_CAUSAL);
    bram_signals_release(&s);

    /* stamps that rounding puts just before a bin's edge belong to the bin */
    make(cx, &s, 4, 1, (double[]){0, 0.1, 0.2, 0.1 + 0.2 - 1e-12}, (double[]){1, 1, 3, 5});
    assert_ok(cx, bram_signals_resample(cx, &s, 0.1, BRAM_RESAMPLE_MEAN, BRAM_STAMP_RIGHT));
    expect_values(s.values, (double[]){1, 1, 3, 5}, 4);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void points_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    const double v[] = {0, 2, NAN, 6, 10, 20};
    make(cx, &s, 6, 1, gap_time, v);
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_ok(cx, bram_signals_resample(cx, &s, 0.5, BRAM_RESAMPLE_LINEAR, BRAM_STAMP_RIGHT));
    expect_values(s.time, (double[]){10, 10.5, 11, 11.5, 12, 12.5, 13, 18, 18.5, 19}, 10);
    assert_int_equal(s.rows, 10);
    expect_values(s.values, (double[]){0, 1, 2, 0, 0, 0, 6, 10, 15, 20}, 10);
    assert_memory_equal(s.mask, ((uint8_t[]){1, 1, 1, 0, 0, 0, 1, 1, 1, 1}), 10);
    assert_int_equal(s.filter, BRAM_FILTER_NON_CAUSAL);
    assert_near(s.step, 0.5, 0);
    bram_signals_release(&s);

    make(cx, &s, 6, 1, gap_time, v);
    assert_ok(cx, bram_signals_split(cx, &s, 3));
    assert_ok(cx, bram_signals_resample(cx, &s, 1.5, BRAM_RESAMPLE_HOLD, BRAM_STAMP_RIGHT));
    expect_values(s.time, (double[]){10, 11.5, 13, 19}, 4);
    expect_values(s.values, (double[]){0, 2, 6, 20}, 4);
    assert_int_equal(s.filter, BRAM_FILTER_CAUSAL);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void resampling_refuses(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    make(cx, &s, 5, 1, (double[]){0, 1, 2, 3, 4}, (double[]){1, 2, 3, 4, 5});
    static const double bad[] = {0, -1, NAN, INFINITY, 1e-9, 0.5, 100};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(
            bram_signals_resample(cx, &s, bad[i], BRAM_RESAMPLE_MEAN, BRAM_STAMP_RIGHT),
            BRAM_EUSAGE);
    assert_int_equal(bram_signals_resample(cx, &s, 1e-300, BRAM_RESAMPLE_HOLD, BRAM_STAMP_RIGHT),
                     BRAM_EUSAGE);
    assert_int_equal(s.rows, 5);
    bram_signals_release(&s);
    make(cx, &s, 1, 1, (double[]){0}, (double[]){1});
    assert_int_equal(bram_signals_resample(cx, &s, 1, BRAM_RESAMPLE_HOLD, BRAM_STAMP_RIGHT),
                     BRAM_EUSAGE);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void normalization_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    const double time[] = {5, 6, 7, 8}, v[] = {1, .1, NAN, 3, .1, NAN, 5, .1, NAN, 9, .1, 4};

    /* the first three rows: mean 3, population sd sqrt(8/3) */
    make(cx, &s, 4, 3, time, v);
    assert_ok(cx, bram_signals_normalize(cx, &s, 0, 2));
    double sd = sqrt(8. / 3);
    expect_values(s.values, (double[]){-2 / sd, 0, 0, 0, 0, 0, 2 / sd, 0, 0, 6 / sd, 0, 0}, 12);
    assert_int_equal(s.mask[11], 0); /* nothing to scale it by in the part */
    assert_int_equal(s.mask[1], 1);
    assert_int_equal(s.filter, BRAM_FILTER_NONE); /* the rows after the part saw only the past */
    assert_string_equal(s.history, "normalized: z by the mean and sd of 0 to 2 s");
    bram_signals_release(&s);

    make(cx, &s, 4, 3, time, v);
    assert_ok(cx, bram_signals_normalize(cx, &s, NAN, NAN));
    assert_int_equal(s.filter, BRAM_FILTER_NON_CAUSAL);
    assert_int_equal(bram_signals_normalize(cx, &s, 2.1, 2.9), BRAM_EUSAGE);
    assert_int_equal(bram_signals_normalize(cx, &s, 100, NAN), BRAM_EUSAGE);
    bram_signals_release(&s);

    /* means 1 2 3 4.5, sd 0 1 sqrt(8/3) sqrt(8.75) */
    make(cx, &s, 4, 3, time, v);
    assert_ok(cx, bram_signals_normalize_causally(cx, &s, 2));
    expect_values(s.values, (double[]){0, 0, 0, 0, 0, 0, 2 / sd, 0, 0, 4.5 / sqrt(8.75), 0, 0}, 12);
    assert_memory_equal(s.mask, ((uint8_t[]){0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0}), 12);
    assert_int_equal(bram_signals_normalize_causally(cx, &s, -1), BRAM_EUSAGE);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

/* Far from zero the running mean of squares would cancel: here the sd would come out as 0. */
static void an_offset_does_not_cancel(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    make(cx, &s, 4, 1, (double[]){0, 1, 2, 3}, (double[]){1e9, 1e9 + 1, 1e9, 1e9 + 1});
    assert_ok(cx, bram_signals_normalize_causally(cx, &s, 0));
    assert_near(s.values[3], 1, 1e-6);
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void nothing_asked_nothing_done(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_signals s;
    make(cx, &s, 6, 1, gap_time, (double[]){1, 2, 3, 4, 5, 6});
    assert_ok(cx, bram_signals_homogenize(cx, &s, &(bram_homogenizing){0}));
    expect_values(s.values, (double[]){1, 2, 3, 4, 5, 6}, 6);
    assert_int_equal(s.filter, BRAM_FILTER_NONE);
    assert_int_equal(s.segments, 2);
    bram_signals_release(&s);
    make(cx, &s, 6, 1, gap_time, (double[]){1, 2, 3, 4, 5, 6});
    assert_ok(cx, bram_signals_homogenize(cx, &s, &(bram_homogenizing){.gap = -1}));
    assert_string_equal(s.history, "");
    assert_ok(cx, bram_signals_homogenize(cx, &s,
                                          &(bram_homogenizing){.normalization = BRAM_NORMALIZE_Z}));
    assert_non_null(strstr(s.history, "normalized: z by the mean and sd of 0 to 9 s"));
    bram_signals_release(&s);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const bram_homogenizing all = {.smoothing = BRAM_SMOOTH_GAUSSIAN,
                                   .smooth_seconds = 1,
                                   .dt = 1.5,
                                   .normalization = BRAM_NORMALIZE_CAUSAL};
    for (size_t k = 1;; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_signals s = {0};
        bram_fail_allocation(k, false);
        int status = bram_signals_init(cx, &s, 6, 1, gap_time, (double[]){1, 2, 3, 4, 5, 6}, NULL);
        if (status == BRAM_OK) status = bram_signals_homogenize(cx, &s, &all);
        bram_fail_allocation(0, false);
        bram_signals_release(&s);
        bram_ctx_free(cx);
        if (status == BRAM_OK) {
            assert_true(k > 10);
            break;
        }
        assert_int_equal(status, BRAM_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nan_becomes_missing),
        cmocka_unit_test(bad_time_is_refused),
        cmocka_unit_test(gaps_split),
        cmocka_unit_test(smoothing_by_hand),
        cmocka_unit_test(causal_means_causal),
        cmocka_unit_test(bin_means_by_hand),
        cmocka_unit_test(points_by_hand),
        cmocka_unit_test(resampling_refuses),
        cmocka_unit_test(normalization_by_hand),
        cmocka_unit_test(an_offset_does_not_cancel),
        cmocka_unit_test(nothing_asked_nothing_done),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
