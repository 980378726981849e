/* The metrics ari, nmi and state-accuracy: by hand, scikit-learn's figures, odd labellings. */
#include "baselines_reference.h"
#include "test.h"

#include <bramble/metric.h>

static int score(bram_ctx *cx, double *out, const char *spec, double *a, double *b, size_t rows)
{
    bram_side model = {.values = {a, rows, 1, 1}}, brain = {.values = {b, rows, 1, 1}};
    double *raw = NULL;
    size_t values;
    int status = bram_metric_score(cx, &raw, &values, NULL, spec, &model, &brain, NULL);
    if (status == BRAM_OK) *out = raw[0];
    bram_free(raw);
    return status;
}

/* a b: 0 0 0 1 1 1 against 1 1 2 2 2 2. Pairs: both 1 + 3 = 4, model 6, brain 1 + 6 = 7 of 15;
 * expected 42/15; (4 - 2.8) / (6.5 - 2.8). Matched 0-1, 1-2: 5 of 6 rows. */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double a[] = {0, 0, 0, 1, 1, 1}, b[] = {1, 1, 2, 2, 2, 2}, x;
    assert_ok(cx, score(cx, &x, "ari", a, b, 6));
    assert_near(x, 1.2 / 3.7, 1e-14);
    assert_ok(cx, score(cx, &x, "state-accuracy", a, b, 6));
    assert_near(x, 5.0 / 6, 1e-14);
    double h = log(2), g = -(log(1.0 / 3) / 3 + log(2.0 / 3) * 2 / 3);
    double joint = -(log(2.0 / 6) * 2 / 6 + log(1.0 / 6) / 6 + log(3.0 / 6) * 3 / 6);
    assert_ok(cx, score(cx, &x, "nmi", a, b, 6));
    assert_near(x, (h + g - joint) / ((h + g) / 2), 1e-14);
    bram_ctx_free(cx);
}

static void the_figures_of_scikit_learn(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *its = reference_case(&r, "state_agreement");
    const bram_json *in = bram_json_get(its, "in"), *out = bram_json_get(its, "out");
    double *a = reference_values(&r, bram_json_get(in, "a"), 60);
    double *b = reference_values(&r, bram_json_get(in, "b"), 60), x;
    assert_ok(r.cx, score(r.cx, &x, "ari", a, b, 60));
    assert_near(x, reference_number(bram_json_get(out, "ari")), 1e-14);
    assert_ok(r.cx, score(r.cx, &x, "nmi", a, b, 60));
    assert_near(x, reference_number(bram_json_get(out, "nmi_arithmetic")), 1e-14);
    close_reference(&r);
}

static void odd_labellings(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double one[] = {3, 3, 3}, two[] = {1, 2, 2}, x, bad[] = {1, (double)NAN, 2};
    assert_ok(cx, score(cx, &x, "ari", one, two, 3)); /* one state knows nothing */
    assert_near(x, 0, 0);
    assert_ok(cx, score(cx, &x, "ari", one, one, 3)); /* as scikit-learn */
    assert_near(x, 1, 0);
    assert_ok(cx, score(cx, &x, "nmi", one, one, 3));
    assert_near(x, 1, 0);
    assert_ok(cx, score(cx, &x, "nmi", one, two, 3));
    assert_near(x, 0, 1e-15);
    assert_ok(cx, score(cx, &x, "ari", one, one, 1));
    assert_near(x, 1, 0);
    assert_int_equal(score(cx, &x, "ari", bad, two, 3), BRAM_ENUMERIC);
    static double many[2000], few[2000];
    for (int i = 0; i < 2000; i++) many[i] = i;
    assert_int_equal(score(cx, &x, "ari", many, few, 2000), BRAM_ENOTAPPLICABLE);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_figures_of_scikit_learn),
        cmocka_unit_test(odd_labellings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
