/* Tests of metrics/rsa.c. Reference values: rsatoolbox 0.3.2 (f1f83ca), compare() of tied RDMs. */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { N = 12, P = 5 };

static const char *const comparators[] = {"compare=spearman", "compare=pearson", "compare=cosine",
                                          "compare=tau-a"};

/* A square matrix from its pairs, one digit each. */
static void square(double *x, const char *digits)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++)
            x[i * N + j] = x[j * N + i] = i == j ? 0 : (double)(*digits++ - '0');
}

static bram_side given(double *x, const uint8_t *present)
{
    bram_side side = test_side(x, N, N, present);
    side.is_rdm = true;
    return side;
}

static void reference_values(void **state)
{
    (void)state;
    double a[N * N], b[N * N];
    square(a, "455244342123642534314553556435241211413223130422333321421122122213");
    square(b, "223643423422151123322354224433311233225425532123433123223311131312");
    const double expected[] = {0.0577703931322109, 0.04829129182964513, 0.8220754984486843,
                               0.037296037296037296};
    struct test_scoring s = {.model = given(a, NULL), .brain = given(b, NULL)};
    for (size_t k = 0; k < 4; k++) {
        s.options = comparators[k];
        assert_near(test_score_one("rsa", &s), expected[k], 1e-12);
    }
}

/* Patterns, and RDMs with missing pairs, drawn with repeats: equal to the rows written out. */
static void weights_are_repeats(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(11, "test/rsa");
    double a[N * N], b[N * N];
    uint8_t present[N * N];
    for (size_t i = 0; i < N; i++)
        for (size_t j = i; j < N; j++) {
            a[i * N + j] = a[j * N + i] = i == j ? 0 : (double)bram_rng_below(&g, 5);
            b[i * N + j] = b[j * N + i] = i == j ? 0 : bram_rng_uniform(&g);
            present[i * N + j] = present[j * N + i] = bram_rng_below(&g, 6) > 0;
        }
    bram_side model = given(a, NULL), brain = given(b, present);
    for (size_t sample = 0; sample < 8; sample++) {
        double weight[N];
        size_t times[N];
        for (size_t i = 0; i < N; i++) weight[i] = (double)(times[i] = bram_rng_below(&g, 4));
        bram_side long_model = test_repeat(&model, times, true);
        bram_side long_brain = test_repeat(&brain, times, true);
        for (size_t k = 0; k < 4; k++) {
            struct test_scoring s = {
                .options = comparators[k], .model = model, .brain = brain, .weight = weight};
            struct test_scoring written = {
                .options = comparators[k], .model = long_model, .brain = long_brain};
            assert_near(test_score_one("rsa", &s), test_score_one("rsa", &written), 1e-12);
        }
        test_repeat_free(&long_model);
        test_repeat_free(&long_brain);
    }
}

static void groups_of_conditions_are_drawn_together(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(12, "test/rsa/groups");
    double a[N * P], b[N * P], by_group[] = {2, 0, 1}, by_row[N];
    uint32_t group[N];
    for (size_t i = 0; i < N * P; i++)
        a[i] = bram_rng_normal(&g), b[i] = a[i] + bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++) by_row[i] = by_group[group[i] = (uint32_t)(i / 4)];
    struct test_scoring s = {.options = "rdm=euclidean",
                             .model = test_side(a, N, P, NULL),
                             .brain = test_side(b, N, P, NULL),
                             .weight = by_row};
    double rows = test_score_one("rsa", &s);
    s.groups = (bram_groups){group, 3}, s.weight = by_group;
    assert_near(test_score_one("rsa", &s), rows, 0);
}

static void what_is_undefined_is_nan(void **state)
{
    (void)state;
    double a[N * N], b[N * N], weight[N] = {2, 0, 0, 3}, zero[N * N] = {0};
    square(a, "111111111111111111111111111111111111111111111111111111111111111111");
    square(b, "223643423422151123322354224433311233225425532123433123223311131312");
    struct test_scoring s = {.model = given(a, NULL), .brain = given(b, NULL)};
    const double constant[] = {NAN, NAN, 0.89, 0}; /* the cosine of a constant is what it is */
    for (size_t k = 0; k < 4; k++) {
        s.options = comparators[k];
        s.weight = NULL;
        if (k == 2) assert_true(test_score_one("rsa", &s) > 0.8);
        else assert_same(test_score_one("rsa", &s), constant[k], 0);
        s.weight = weight; /* two conditions are left */
        assert_true(isnan(test_score_one("rsa", &s)));
    }
    struct test_scoring none = {
        .options = "compare=cosine", .model = given(zero, NULL), .brain = given(b, NULL)};
    assert_true(isnan(test_score_one("rsa", &none)));
}

static void sides_of_different_kinds(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N * P], rdm[N * N], raw = 42;
    bram_rng g = bram_rng_new(13, "test/rsa/kinds");
    for (size_t i = 0; i < N * P; i++) x[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            rdm[i * N + j] = 0;
            for (size_t k = 0; k < P; k++) rdm[i * N + j] += pow(x[i * P + k] - x[j * P + k], 2);
        }
    struct test_scoring s = {.options = "rdm=euclidean,compare=tau-a",
                             .model = test_side(x, N, P, NULL),
                             .brain = given(rdm, NULL)};
    assert_near(test_score_one("rsa", &s), 1, 1e-15);
    s.options = "rdm=given";
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    s.options = NULL;
    s.model.values.rows = 3;
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_ESHAPE);
    s.options = "compare=unknown";
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

/* The measurements of tests/unit/test_geometry.c, whose distances are worked out there. */
static void measurements_in_folds(void **state)
{
    (void)state;
    static const uint32_t row[] = {0, 1, 2, 3, 0, 1, 2, 3}, fold[] = {2, 2, 2, 2, 5, 5, 5, 5};
    double x[] = {1, 0, 0, 0, 5, 5, 2, 4, 3, 2, 1, 0, 5, 7, 1, 5}, raw = 42;
    double mean[] = {2, 1, .5, 0, 5, 6, 1.5, 4.5};
    double model[] = {0, 1, 3, 2, 1, 0, 4, 6, 3, 4, 0, 5, 2, 6, 5, 0};
    bram_repeats repeats = {.values = {x, 8, 2, 2}, .row = row, .fold = fold, .folds = 7};
    struct test_scoring s = {.options = "rdm=crossnobis,compare=cosine",
                             .model = test_side(model, 4, 4, NULL),
                             .brain = test_side(mean, 4, 2, NULL)};
    s.model.is_rdm = true;
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_ENOTAPPLICABLE);
    s.brain.repeats = &repeats;
    assert_near(test_score_one("rsa", &s), 265.5 / sqrt(91 * 1203.5), 1e-14);
    repeats.fold = NULL; /* the n-th row of a condition */
    assert_near(test_score_one("rsa", &s), 265.5 / sqrt(91 * 1203.5), 1e-14);
    /* a model without measurements: the squared distances of its patterns */
    bram_side brain = s.brain;
    s.brain = s.model, s.model = brain;
    s.model.repeats = NULL;
    /* a - b: (1.5, 1), so 3.25 / 2; all doubled: 3.25, 34, 12.5, 56.25, 21.25, 14.5 */
    assert_near(test_score_one("rsa", &s),
                (3.25 + 3 * 34 + 2 * 12.5 + 4 * 56.25 + 6 * 21.25 + 5 * 14.5) /
                    sqrt(91 * (3.25 * 3.25 + 34 * 34 + 12.5 * 12.5 + 56.25 * 56.25 + 21.25 * 21.25 +
                               14.5 * 14.5)),
                1e-14);
    /* noise, from what runs differ from their mean by: variances 2 sum r^2 / 4 of either channel,
     * r = (1, .5, 0, .5) and (1, 0, 1, .5): 0.75 and 1.125 */
    s.model = s.brain, s.brain = brain;
    s.options = "rdm=crossnobis,compare=cosine,noise=diag";
    double d[6] = {2 / .75,    8 / .75 + 25 / 1.125, -2 / .75 + 12 / 1.125, 20 / .75 + 35 / 1.125,
                   20 / 1.125, 12 / .75 + 2 / 1.125};
    static const double m[6] = {1, 3, 2, 4, 6, 5};
    double product = 0, square_of = 0;
    for (size_t k = 0; k < 6; k++) product += d[k] * m[k], square_of += d[k] * d[k];
    assert_near(test_score_one("rsa", &s), product / sqrt(91 * square_of), 1e-14);
    s.options = "rdm=correlation,noise=diag";
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_EUSAGE);
    static const uint32_t gaps[] = {0, 0, 0, 0, 1, 1, 1, 0};
    repeats.fold = gaps;
    s.options = "rdm=crossnobis";
    assert_int_equal(test_score(cx, "rsa", &raw, 1, NULL, &s), BRAM_ESHAPE);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

static void constant_as_zero(void **state)
{
    (void)state;
    double a[] = {0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 1, 1, 1, 0};
    double b[] = {0, 1, 3, 2, 1, 0, 4, 6, 3, 4, 0, 5, 2, 6, 5, 0};
    struct test_scoring s = {.options = "compare=pearson,degenerate=zero",
                             .model = test_side(a, 4, 4, NULL),
                             .brain = test_side(b, 4, 4, NULL)};
    s.model.is_rdm = s.brain.is_rdm = true;
    assert_near(test_score_one("rsa", &s), 0, 0);
    s.options = "compare=pearson";
    assert_true(isnan(test_score_one("rsa", &s)));
}

static void take_note(void *user, const char *line)
{
    snprintf(user, 100, "%s", line);
}

static void pairs_left_out_are_told(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char note[100] = "";
    double a[] = {1, 2, 4, 3, 3, 3, 2, 9, 1, 5, 4, 4}, raw; /* the second row is constant */
    bram_ctx_set_note(cx, take_note, note);
    struct test_scoring s = {.model = test_side(a, 4, 3, NULL), .brain = test_side(a, 4, 3, NULL)};
    assert_ok(cx, test_score(cx, "rsa", &raw, 1, NULL, &s));
    assert_string_equal(note, "rsa: 3 of 6 pairs of conditions are defined on both sides");
    assert_near(raw, 1, 1e-15);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(groups_of_conditions_are_drawn_together),
        cmocka_unit_test(what_is_undefined_is_nan),
        cmocka_unit_test(sides_of_different_kinds),
        cmocka_unit_test(measurements_in_folds),
        cmocka_unit_test(constant_as_zero),
        cmocka_unit_test(pairs_left_out_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
