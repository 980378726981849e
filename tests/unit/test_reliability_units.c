/* Tests of metrics/reliability_units.c: the shared reference numbers, figures by hand, simulated
 * trials of known signal, and what is refused. */
#include "reliability_units.h"

#include <bramble/rng.h>

#include "reference.h"

enum { MOST = 64 };

/* Arrays for every result of up to MOST units. */
struct results {
    double noise[MOST], total[MOST], signal[MOST], of_mean[MOST], of_trial[MOST], ncsnr[MOST],
        ceiling[MOST];
};

static bram_variances room(struct results *r)
{
    return (bram_variances){r->noise,    r->total, r->signal, r->of_mean,
                            r->of_trial, r->ncsnr, r->ceiling};
}

static void check_member(struct reference *r, const char *id, const char *key, const double *x,
                         size_t count)
{
    const bram_json *value = bram_json_get(bram_json_get(reference_case(r, id), "value"), key);
    size_t at = 0;
    assert_non_null(value);
    assert_json(id, value, x, &at, 1e-12);
    assert_int_equal(at, count);
}

static void reference_values(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    enum { CONDITIONS = 12, TRIALS = 8, UNITS = 7 };
    size_t rows, cols;
    double *x = reference_input(&r, "trials", &rows, &cols), half[UNITS], full[UNITS], root[UNITS];
    uint32_t condition[CONDITIONS * TRIALS];
    for (uint32_t i = 0; i < CONDITIONS * TRIALS; i++) condition[i] = i / TRIALS;
    bram_side side = test_side(x, (size_t)CONDITIONS * TRIALS, UNITS, NULL);
    bram_trials t = {&side, condition, CONDITIONS};
    struct results v;
    bram_variances variances = room(&v);
    assert_ok(r.cx, bram_split_half(r.cx, half, full, &t, &(bram_split_options){0}));
    for (size_t u = 0; u < UNITS; u++) root[u] = sqrt(full[u]);
    check_member(&r, "reliability/split_half", "r", half, UNITS);
    check_member(&r, "reliability/split_half", "spearman_brown", full, UNITS);
    check_member(&r, "reliability/split_half", "ceiling_r", root, UNITS);
    assert_ok(r.cx, bram_explainable(r.cx, &variances, &t));
    check_member(&r, "reliability/explainable_variance", "noise_var", v.noise, UNITS);
    check_member(&r, "reliability/explainable_variance", "total_var_of_mean", v.total, UNITS);
    check_member(&r, "reliability/explainable_variance", "signal_var", v.signal, UNITS);
    check_member(&r, "reliability/explainable_variance", "fraction", v.of_mean, UNITS);
    bram_free(x);
    close_reference(&r);
}

/* Three conditions of two trials: (0, 2), (4, 4), (5, 9). Means 1, 4, 7; variances 2, 0, 8. */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, 4, 5, 2, 4, 9}, r, full, cc, feve;
    uint32_t condition[] = {0, 1, 2, 0, 1, 2};
    bram_side side = test_side(x, 6, 1, NULL);
    bram_trials t = {&side, condition, 3};
    struct results v;
    bram_variances variances = room(&v);
    assert_ok(cx, bram_explainable(cx, &variances, &t));
    assert_near(v.noise[0], 10 / 3.0, 1e-15);
    assert_near(v.total[0], 9, 1e-15);
    assert_near(v.signal[0], 9 - 5 / 3.0, 1e-14);
    assert_near(v.of_mean[0], (9 - 5 / 3.0) / 9, 1e-15);
    assert_near(v.of_trial[0], (9 - 5 / 3.0) / (9 + 5 / 3.0), 1e-15);
    assert_near(v.ncsnr[0], sqrt((9 - 5 / 3.0) / (10 / 3.0)), 1e-15);
    assert_near(v.ceiling[0], 100 * (9 - 5 / 3.0) / 9, 1e-12);
    /* halves (0, 4, 5) and (2, 4, 9): deviations -3 1 2 and -3 -1 4 */
    double half = 16 / sqrt(14 * 26.0);
    assert_ok(cx, bram_split_half(cx, &r, &full, &t, &(bram_split_options){0}));
    assert_near(r, half, 1e-15);
    assert_near(full, 2 * half / (1 + half), 1e-15);
    /* prediction (1, 2, 6), deviations -2 -1 3, against means 1 4 7: sums of products 15, 14, 18.
     * signal power: sums 2 8 14 vary by 36, trials by 7 and 13: (36 - 20) / 2 = 8 */
    double p[] = {1, 2, 6};
    bram_mat prediction = {p, 3, 1, 1};
    assert_ok(cx, bram_prediction_quality(cx, &r, &cc, &feve, &t, &prediction));
    assert_near(r, 15 / sqrt(14 * 18.0), 1e-15);
    assert_near(cc, 15 / 2.0 / sqrt(8 * 7.0), 1e-15);
    /* errors -1 2 -1 1 2 3: MSE 20 / 6; trials about 4: squares 16 0 1 4 0 25, variance 46 / 5 */
    assert_near(feve, 1 - (20 / 6.0 - 10 / 3.0) / (46 / 5.0 - 10 / 3.0), 1e-15);
    bram_ctx_free(cx);
}

/* Trials of signal variance 1 and noise variance 4, ten a condition: reliability of the mean over
 * trials 1 / (1 + 4 / 10), of single trials 1 / 5. Random halves, uneven trials, missing ones. */
static void simulated(void **state)
{
    (void)state;
    enum { CONDITIONS = 2000, TRIALS = 10, ROWS = CONDITIONS * TRIALS };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(1, "test/reliability");
    static double x[ROWS];
    static uint32_t condition[ROWS];
    static uint8_t present[ROWS];
    double signal = 0, r, full, again, r2;
    for (uint32_t i = 0; i < ROWS; i++) {
        if (i % TRIALS == 0) signal = 1e5 + bram_rng_normal(&g);
        condition[i] = i / TRIALS;
        x[i] = signal + 2 * bram_rng_normal(&g);
        present[i] = 1;
    }
    bram_side side = test_side(x, ROWS, 1, NULL);
    bram_trials t = {&side, condition, CONDITIONS};
    bram_split_options o = {.splits = 20, .seed = 3};
    struct results v;
    bram_variances variances = room(&v);
    assert_ok(cx, bram_split_half(cx, &r, &full, &t, &o));
    assert_near(r, 1 / (1 + 4 / 5.0), 0.03);
    assert_near(full, 1 / 1.4, 0.03);
    bram_ctx_set_threads(cx, 2);
    assert_ok(cx, bram_split_half(cx, &r2, &again, &t, &o));
    assert_true(r2 == r && again == full);
    assert_ok(cx, bram_explainable(cx, &variances, &t));
    assert_near(v.of_mean[0], 1 / 1.4, 0.03);
    assert_near(v.of_trial[0], 0.2, 0.02);
    /* every condition loses its last trial: nine are left, of which a half has four */
    side.present = present;
    for (size_t i = TRIALS - 1; i < ROWS; i += TRIALS) present[i] = 0, x[i] = NAN;
    assert_ok(cx, bram_split_half(cx, &r, &full, &t, &o));
    assert_near(r, 1 / (1 + 4 / 4.0), 0.03);
    assert_near(full, 1 / (1 + 4 / 9.0), 0.03);
    bram_ctx_free(cx);
}

/* S subjects of noise alone: the upper bound is about 1 / sqrt(S), the lower about 0. */
static void ceilings_of_noise(void **state)
{
    (void)state;
    enum { S = 9, CONDITIONS = 400, UNITS = 40, ROWS = S * CONDITIONS };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/reliability");
    double *x = calloc((size_t)ROWS * UNITS, sizeof *x), lower[UNITS], upper[UNITS], mean[2] = {0};
    uint32_t *label = calloc(ROWS, 2 * sizeof *label);
    for (size_t i = 0; i < (size_t)ROWS * UNITS; i++) x[i] = bram_rng_normal(&g);
    for (uint32_t i = 0; i < ROWS; i++) label[i] = i % CONDITIONS, label[ROWS + i] = i / CONDITIONS;
    bram_side side = test_side(x, ROWS, UNITS, NULL);
    bram_trials t = {&side, label, CONDITIONS};
    assert_ok(cx, bram_subject_ceilings(cx, lower, upper, &t, label + ROWS, S));
    for (size_t u = 0; u < UNITS; u++) {
        mean[0] += lower[u] / UNITS, mean[1] += upper[u] / UNITS;
        assert_true(lower[u] < upper[u]);
    }
    assert_near(mean[0], 0, 0.01);
    assert_near(mean[1], 1 / 3.0, 0.01);
    /* the same responses in all: 1; a unit that no subject varies in: undefined; a condition that
     * one lacks is left out for all */
    for (size_t i = 0; i < ROWS; i++) {
        x[i * UNITS] = x[i % CONDITIONS * UNITS] * (1 + (double)label[ROWS + i]);
        x[i * UNITS + 1] = 0.1;
    }
    assert_ok(cx, bram_subject_ceilings(cx, lower, upper, &t, label + ROWS, S));
    assert_near(lower[0], 1, 1e-12);
    assert_near(upper[0], 1, 1e-12);
    assert_true(isnan(lower[1]) && isnan(upper[1]));
    assert_int_equal(bram_subject_ceilings(cx, lower, upper, &t, label + ROWS, 1), BRAM_ESHAPE);
    assert_int_equal(bram_subject_ceilings(cx, lower, upper, &t, label + ROWS, 3), BRAM_ESHAPE);
    free(x);
    free(label);
    bram_ctx_free(cx);
}

static void degenerate_and_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {.1, 1, .1, 2, .1, 3, .1, 4, .1, 1, .1, 5}, r[2] = {42, 42}, full[2];
    uint32_t condition[] = {0, 1, 2, 0, 1, 2};
    bram_side side = test_side(x, 6, 2, NULL);
    bram_trials t = {&side, condition, 3};
    struct results v;
    bram_variances variances = room(&v);
    bram_split_options o = {0};
    assert_ok(cx, bram_split_half(cx, r, full, &t, &o));
    assert_true(isnan(r[0]) && isnan(full[0]) && !isnan(r[1])); /* a constant unit */
    assert_ok(cx, bram_explainable(cx, &variances, &t));
    assert_true(v.noise[0] == 0 && v.total[0] == 0 && isnan(v.of_mean[0]) && isnan(v.ncsnr[0]));
    t.conditions = 2;
    assert_int_equal(bram_split_half(cx, r, full, &t, &o), BRAM_ESHAPE);
    for (uint32_t i = 0; i < 6; i++) condition[i] = i;
    t.conditions = 6;
    r[0] = 42;
    assert_int_equal(bram_split_half(cx, r, full, &t, &o), BRAM_ESHAPE);
    assert_int_equal(bram_explainable(cx, &variances, &t), BRAM_ESHAPE);
    x[3] = INFINITY;
    assert_int_equal(bram_explainable(cx, &variances, &t), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "row 1, unit 1"));
    bram_mat prediction = {x, 3, 2, 2};
    assert_int_equal(bram_prediction_quality(cx, r, full, full, &t, &prediction), BRAM_ESHAPE);
    assert_near(r[0], 42, 0);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    double x[] = {0, 4, 5, 2, 4, 9}, a[1], b[1], c[1], p[] = {1, 2, 6};
    uint32_t condition[] = {0, 1, 2, 0, 1, 2}, subject[] = {0, 0, 0, 1, 1, 1};
    bram_side side = test_side(x, 6, 1, NULL);
    bram_trials t = {&side, condition, 3};
    bram_mat prediction = {p, 3, 1, 1};
    struct results v;
    bram_variances variances = room(&v);
    for (int what = 0; what < 4; what++) {
        int status = BRAM_ENOMEM;
        for (size_t at = 1; status != BRAM_OK; at++) {
            bram_ctx *cx = bram_ctx_new();
            a[0] = 42;
            bram_fail_allocation(at, at % 2);
            status = what == 0   ? bram_split_half(cx, a, b, &t, &(bram_split_options){.splits = 3})
                     : what == 1 ? bram_explainable(cx, &variances, &t)
                     : what == 2 ? bram_prediction_quality(cx, a, b, c, &t, &prediction)
                                 : bram_subject_ceilings(cx, a, b, &t, subject, 2);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
            if (status != BRAM_OK) assert_near(a[0], 42, 0);
            bram_ctx_free(cx);
        }
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(simulated),
        cmocka_unit_test(ceilings_of_noise),
        cmocka_unit_test(degenerate_and_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
