/* Tests of the paired metrics and loglik, and of the sums behind them (metrics/moments.c). */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"
#include "resample.h"

enum { ROWS = 40, UNITS = 6 };

/* Random data of large offset, a mask on both sides, blocks of five rows. */
struct fixture {
    double model[ROWS * UNITS], brain[ROWS * UNITS], reference[ROWS * UNITS];
    uint8_t model_present[ROWS * UNITS], brain_present[ROWS * UNITS];
    uint32_t group[ROWS];
    bram_side other;
    struct test_scoring scoring;
};

static void make(struct fixture *f, double offset)
{
    bram_rng g = bram_rng_new(1, "test/paired");
    for (size_t i = 0; i < ROWS * UNITS; i++) {
        f->brain[i] = offset + bram_rng_normal(&g);
        f->model[i] = 0.5 * (f->brain[i] - offset) + bram_rng_normal(&g) + offset;
        f->reference[i] = f->brain[i] + 2 * bram_rng_normal(&g);
        f->model_present[i] = bram_rng_below(&g, 8) > 0;
        f->brain_present[i] = bram_rng_below(&g, 8) > 0;
    }
    for (size_t i = 0; i < ROWS; i++) f->group[i] = (uint32_t)(i / 5);
    f->other = test_side(f->reference, ROWS, UNITS, NULL);
    f->scoring = (struct test_scoring){
        .model = test_side(f->model, ROWS, UNITS, f->model_present),
        .brain = test_side(f->brain, ROWS, UNITS, f->brain_present),
        .groups = {f->group, ROWS / 5},
        .reference = &f->other,
    };
}

static void by_hand(void **state)
{
    (void)state;
    double m[] = {1, 2, 3, 4}, b[] = {2, 4, 6, 9}, r[] = {2, 2, 4, 6};
    bram_side reference = test_side(r, 4, 1, NULL);
    struct test_scoring s = {.model = test_side(m, 4, 1, NULL),
                             .brain = test_side(b, 4, 1, NULL),
                             .reference = &reference};
    assert_near(test_score_one("mse", &s), (1 + 4 + 9 + 25) / 4.0, 1e-15);
    assert_near(test_score_one("mae", &s), (1 + 2 + 3 + 5) / 4.0, 1e-15);
    assert_near(test_score_one("r2", &s), 1 - 39 / 26.75, 1e-15);
    assert_near(test_score_one("pearson", &s), 11.5 / sqrt(5 * 26.75), 1e-15);
    assert_near(test_score_one("skill", &s), 1 - 39 / 17.0, 1e-15);
    s.options = "over=pooled";
    assert_near(test_score_one("skill", &s), 1 - 39 / 17.0, 1e-15);
}

static void log_densities_are_averaged(void **state)
{
    (void)state;
    double m[] = {-1, -2, -4, -8}, b[] = {NAN, NAN, NAN, NAN}; /* the recording is not read */
    uint8_t present[] = {1, 1, 0, 1};
    struct test_scoring s = {.model = test_side(m, 4, 1, NULL),
                             .brain = test_side(b, 4, 1, present)};
    assert_near(test_score_one("loglik", &s), -11 / 3.0, 1e-15);
    s.options = "unit=bits";
    assert_near(test_score_one("loglik", &s), -11 / 3.0 / log(2), 1e-14);
    m[0] = -INFINITY;
    assert_true(isinf(test_score_one("loglik", &s)));
    double weight[] = {0, 1, 1, 1}; /* what is not drawn is not there, infinite or not */
    s.weight = weight;
    assert_near(test_score_one("loglik", &s), -5 / log(2), 1e-14);
    m[0] = INFINITY;
    bram_ctx *cx = bram_ctx_new();
    double raw = 42;
    assert_int_equal(test_score(cx, "loglik", &raw, 1, NULL, &s), BRAM_ENUMERIC);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

/* The direct value by two passes over the entries of unit u. */
static double two_pass(const char *name, const struct fixture *f, size_t u)
{
    double n = 0, mean_m = 0, mean_b = 0, mm = 0, bb = 0, mb = 0, se = 0, ae = 0, re = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < ROWS; i++) {
            size_t at = i * UNITS + u;
            if (!f->model_present[at] || !f->brain_present[at]) continue;
            double m = f->model[at], b = f->brain[at];
            if (pass == 0) {
                n++;
                mean_m += (m - mean_m) / n, mean_b += (b - mean_b) / n;
            } else {
                mm += (m - mean_m) * (m - mean_m), bb += (b - mean_b) * (b - mean_b);
                mb += (m - mean_m) * (b - mean_b);
                se += (m - b) * (m - b), ae += fabs(m - b);
                re += (f->reference[at] - b) * (f->reference[at] - b);
            }
        }
    if (strcmp(name, "mse") == 0) return se / n;
    if (strcmp(name, "mae") == 0) return ae / n;
    if (strcmp(name, "r2") == 0) return 1 - se / bb;
    if (strcmp(name, "skill") == 0) return 1 - se / re;
    return mb / sqrt(mm * bb);
}

static const char *const names[] = {"mse", "mae", "r2", "pearson", "skill"};

static void equals_two_passes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        double raw[UNITS];
        make(&f, 0);
        assert_ok(cx, test_score(cx, names[k], raw, UNITS, NULL, &f.scoring));
        for (size_t u = 0; u < UNITS; u++) assert_near(raw[u], two_pass(names[k], &f, u), 1e-12);
        f.scoring.groups = (bram_groups){NULL, 0}; /* each row a group of its own */
        assert_ok(cx, test_score(cx, names[k], raw, UNITS, NULL, &f.scoring));
        for (size_t u = 0; u < UNITS; u++) assert_near(raw[u], two_pass(names[k], &f, u), 1e-12);
    }
    bram_ctx_free(cx);
}

/* Values near 2^30 are exact to 2^-23: data on that grid have the same moments with the offset. */
static void large_offsets_do_no_harm(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f, 0);
    for (size_t i = 0; i < ROWS * UNITS; i++) {
        f.model[i] = ldexp(round(ldexp(f.model[i], 20)), -20);
        f.brain[i] = ldexp(round(ldexp(f.brain[i], 20)), -20);
    }
    for (size_t k = 0; k < 4; k++) {
        double raw[UNITS], shifted[UNITS];
        assert_ok(cx, test_score(cx, names[k], raw, UNITS, NULL, &f.scoring));
        for (size_t i = 0; i < ROWS * UNITS; i++) f.model[i] += 0x1p30, f.brain[i] += 0x1p30;
        assert_ok(cx, test_score(cx, names[k], shifted, UNITS, NULL, &f.scoring));
        for (size_t i = 0; i < ROWS * UNITS; i++) f.model[i] -= 0x1p30, f.brain[i] -= 0x1p30;
        for (size_t u = 0; u < UNITS; u++) assert_near(shifted[u], raw[u], 1e-12);
    }
    bram_ctx_free(cx);
}

static void a_constant_unit_is_undefined(void **state)
{
    (void)state;
    double m[] = {1, 2, 3, 5, 7, 8, 9}, b[] = {.1, .1, .1, .1, .1, .1, .1};
    struct test_scoring s = {.model = test_side(m, 7, 1, NULL), .brain = test_side(b, 7, 1, NULL)};
    assert_true(isnan(test_score_one("pearson", &s)));
    assert_true(isnan(test_score_one("r2", &s)));
    s.options = "constant=zero"; /* speaks of the prediction, not of the recording */
    assert_true(isnan(test_score_one("pearson", &s)));
    struct test_scoring swapped = {.model = s.brain, .brain = s.model};
    assert_true(isnan(test_score_one("pearson", &swapped)));
    swapped.options = "constant=zero";
    assert_near(test_score_one("pearson", &swapped), 0, 0);
}

/* Spikes in one block only: a draw without that block leaves a constant unit. */
static void a_unit_that_is_constant_in_a_draw_is_undefined(void **state)
{
    (void)state;
    double m[] = {1, 2, 3, 4, 5, 6}, b[] = {.1, .1, .1, .1, .7, .3}, weight[] = {2, 1, 0};
    uint32_t group[] = {0, 0, 1, 1, 2, 2};
    struct test_scoring s = {
        .model = test_side(m, 6, 1, NULL), .brain = test_side(b, 6, 1, NULL), .groups = {group, 3}};
    assert_false(isnan(test_score_one("pearson", &s)));
    s.weight = weight;
    assert_true(isnan(test_score_one("pearson", &s)));
    assert_true(isnan(test_score_one("r2", &s)));
}

/* By hand: brain 1 2 4 9 has mean 4; rows drawn 0, 2, 2, 1 times. */
static void r2_measures_draws_against_the_mean_of_all_rows(void **state)
{
    (void)state;
    double m[] = {1, 2, 3, 5}, b[] = {1, 2, 4, 9}, weight[] = {0, 2, 2, 1};
    struct test_scoring s = {
        .model = test_side(m, 4, 1, NULL), .brain = test_side(b, 4, 1, NULL), .weight = weight};
    assert_near(test_score_one("r2", &s), 1 - (2 * 0 + 2 * 1 + 16) / (2 * 4.0 + 2 * 0 + 25), 1e-15);
}

/*
 * Thirty slow units (AR(1), a memory of 50 rows) recorded over 11 blocks, and forecasts of them:
 * the interval of the mean r2 over units must hold the value. With a mean of its own for each draw
 * it does not: those draws are computed here as well, directly from the rows.
 */
enum { LONG = 660, SLOW_UNITS = 30, BLOCKS = 11, DRAWS = 999 };

static double own_mean_r2(const double *m, const double *b, const double *weight)
{
    double sum = 0;
    for (size_t u = 0; u < SLOW_UNITS; u++) {
        double n = 0, mean = 0, sse = 0, sst = 0;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < LONG; i++) {
                double w = weight[i * BLOCKS / LONG], y = b[i * SLOW_UNITS + u];
                double error = m[i * SLOW_UNITS + u] - y;
                if (pass == 0) n += w, mean += w * y;
                else sse += w * error * error, sst += w * (y - mean / n) * (y - mean / n);
            }
        sum += 1 - sse / sst;
    }
    return sum / SLOW_UNITS;
}

static void intervals_of_r2_hold_the_value(void **state)
{
    (void)state;
    static double m[LONG * SLOW_UNITS], b[LONG * SLOW_UNITS], draws[DRAWS], own[DRAWS];
    static uint32_t group[LONG];
    bram_rng g = bram_rng_new(5, "r2/ar1");
    double x[SLOW_UNITS] = {0}, weight[BLOCKS], raw[SLOW_UNITS];
    for (size_t i = 0; i < LONG; i++) {
        group[i] = (uint32_t)(i * BLOCKS / LONG);
        for (size_t u = 0; u < SLOW_UNITS; u++) {
            b[i * SLOW_UNITS + u] = x[u] = 0.98 * x[u] + bram_rng_normal(&g);
            m[i * SLOW_UNITS + u] = 0.6 * x[u] + 3 * bram_rng_normal(&g);
        }
    }
    struct test_scoring s = {.model = test_side(m, LONG, SLOW_UNITS, NULL),
                             .brain = test_side(b, LONG, SLOW_UNITS, NULL),
                             .groups = {group, BLOCKS}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t d = 0; d <= DRAWS; d++) { /* the last "draw" is the value itself */
        uint32_t times[BLOCKS];
        bram_bootstrap_draw(times, BLOCKS, 1, "r2/ar1", d);
        for (size_t k = 0; k < BLOCKS; k++) weight[k] = d < DRAWS ? times[k] : 1;
        s.weight = weight;
        assert_ok(cx, test_score(cx, "r2", raw, SLOW_UNITS, NULL, &s));
        double mean = 0;
        for (size_t u = 0; u < SLOW_UNITS; u++) mean += raw[u] / SLOW_UNITS;
        if (d == DRAWS) {
            bram_interval fixed, biased;
            assert_near(mean, own_mean_r2(m, b, weight), 1e-12);
            assert_ok(cx, bram_interval_percentile(cx, &fixed, draws, d, 0.95));
            assert_ok(cx, bram_interval_percentile(cx, &biased, own, d, 0.95));
            print_message("# r2 %.4f: %.4f to %.4f; with means of the draws %.4f to %.4f\n", mean,
                          fixed.low, fixed.high, biased.low, biased.high);
            assert_true(fixed.low < mean && mean < fixed.high);
            assert_true(biased.high < mean);
        } else draws[d] = mean, own[d] = own_mean_r2(m, b, weight);
    }
    bram_ctx_free(cx);
}

static void pooled_skill_adds_errors_of_all_units(void **state)
{
    (void)state;
    double m[] = {1, 0, 3, 0}, b[] = {2, 0, 5, 1}, r[] = {0, 0, 0, 3};
    bram_side reference = test_side(r, 2, 2, NULL);
    struct test_scoring s = {.options = "over=pooled",
                             .model = test_side(m, 2, 2, NULL),
                             .brain = test_side(b, 2, 2, NULL),
                             .reference = &reference};
    assert_near(test_score_one("skill", &s), 1 - 6 / 33.0, 1e-15);
    reference.values.data = b; /* a perfect reference leaves nothing to gain: undefined */
    assert_true(isnan(test_score_one("skill", &s)));
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f, 0);
    double raw[UNITS] = {42}, negative[ROWS / 5] = {1, -1}, infinite[ROWS / 5] = {1, INFINITY};
    struct test_scoring s = f.scoring;
    s.weight = negative;
    assert_int_equal(test_score(cx, "mse", raw, UNITS, NULL, &s), BRAM_ENUMERIC);
    s.weight = infinite;
    assert_int_equal(test_score(cx, "skill", raw, UNITS, NULL, &s), BRAM_ENUMERIC);
    s = f.scoring;
    s.groups.groups = 7;
    assert_int_equal(test_score(cx, "mse", raw, UNITS, NULL, &s), BRAM_ESHAPE);
    s = f.scoring;
    s.memory = 100;
    assert_int_equal(test_score(cx, "mse", raw, UNITS, NULL, &s), BRAM_EMEMORY);
    assert_int_equal(test_score(cx, "loglik", raw, UNITS, NULL, &s), BRAM_EMEMORY);
    s = f.scoring;
    s.reference = NULL;
    assert_int_equal(test_score(cx, "skill", raw, UNITS, NULL, &s), BRAM_EUSAGE);
    bram_side few = test_side(f.reference, 2, UNITS, NULL);
    s.reference = &few;
    assert_int_equal(test_score(cx, "skill", raw, UNITS, NULL, &s), BRAM_ESHAPE);
    s = f.scoring;
    f.brain[7] = 1e200, f.brain_present[7] = f.model_present[7] = 1; /* its square overflows */
    assert_int_equal(test_score(cx, "pearson", raw, UNITS, NULL, &s), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "unit 1"));
    assert_near(raw[0], 42, 0);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(log_densities_are_averaged),
        cmocka_unit_test(equals_two_passes),
        cmocka_unit_test(large_offsets_do_no_harm),
        cmocka_unit_test(a_constant_unit_is_undefined),
        cmocka_unit_test(a_unit_that_is_constant_in_a_draw_is_undefined),
        cmocka_unit_test(r2_measures_draws_against_the_mean_of_all_rows),
        cmocka_unit_test(intervals_of_r2_hold_the_value),
        cmocka_unit_test(pooled_skill_adds_errors_of_all_units),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
