/* Tests of core/metric.c: a score by its spec string. */
#include "internal.h"
#include "metric_test.h"

static double m[] = {1, 2, 3, 4}, b[] = {2, 4, 6, 9}, r[] = {2, 2, 4, 6};

static void a_spec_gives_its_score(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_side model = test_side(m, 4, 1, NULL), brain = test_side(b, 4, 1, NULL);
    bram_side reference = test_side(r, 4, 1, NULL);
    double *raw, chance;
    size_t values;
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &chance, "pearson", &model, &brain, NULL));
    assert_int_equal(values, 1);
    assert_near(*raw, 11.5 / sqrt(5 * 26.75), 1e-15);
    assert_near(chance, 0, 0);
    bram_free(raw);
    bram_comparison settings = {.reference = &reference};
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, "skill:over=pooled", &model, &brain,
                                    &settings));
    assert_near(*raw, 1 - 39 / 17.0, 1e-15);
    bram_free(raw);
    double x[] = {1, 5, 2, 2, 7, 3, 9, 9, 1}, y[] = {1, 5, 1, 2, 7, 2, 9, 1, 9};
    model = test_side(x, 3, 3, NULL), brain = test_side(y, 3, 3, NULL);
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &chance, "rsa:rdm=euclidean,compare=tau-a",
                                    &model, &brain, NULL));
    /* distances 6, 81, 57 and 6, 144, 134, all over 3: in the same order */
    assert_near(*raw, 1, 1e-15);
    bram_free(raw);
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_side model = test_side(m, 4, 1, NULL), brain = test_side(b, 3, 1, NULL);
    double *raw = m, chance = 42;
    size_t values = 42;
    const struct {
        const char *spec, *says;
        int status;
    } cases[] = {
        {"", "expected NAME", BRAM_EUSAGE},
        {"Pearson!", "expected NAME", BRAM_EUSAGE},
        {"pearsn", "no metric named \"pearsn\"", BRAM_EUSAGE},
        {"pearson:constant=maybe", "maybe", BRAM_EUSAGE},
        {"pearson:constnt=nan", "constant", BRAM_EUSAGE},
        {"mse:over=unit", "over", BRAM_EUSAGE},
        {"skill", "skill: the prediction of a reference", BRAM_EUSAGE},
        {"mse", "mse: the prediction is 4 x 1, the recording 3 x 1", BRAM_ESHAPE},
        {"rsa:rdm=given", "rsa: model: rdm=given", BRAM_EUSAGE},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        assert_int_equal(
            bram_metric_score(cx, &raw, &values, &chance, cases[k].spec, &model, &brain, NULL),
            cases[k].status);
        if (!strstr(bram_ctx_message(cx), cases[k].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[k].spec, bram_ctx_message(cx),
                     cases[k].says);
    }
    assert_ptr_equal(raw, m);
    assert_int_equal(values, 42);
    assert_near(chance, 42, 0);
    bram_ctx_free(cx);
}

static void failing_allocations_leave_nothing_behind(void **state)
{
    (void)state;
    double x[] = {1, 5, 2, 2, 7, 3, 9, 9, 1};
    bram_side side = test_side(x, 3, 3, NULL);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status == BRAM_ENOMEM; k++) {
        bram_ctx *cx = bram_ctx_new();
        double *raw = NULL;
        size_t values = 42;
        bram_fail_allocation(k, false);
        status = bram_metric_score(cx, &raw, &values, NULL, "rsa", &side, &side, NULL);
        bram_fail_allocation(0, false);
        if (status == BRAM_ENOMEM) {
            assert_null(raw);
            assert_int_equal(values, 42);
        } else {
            assert_ok(cx, status);
            assert_true(k > 5);
        }
        bram_free(raw);
        bram_ctx_free(cx);
    }
}

/* The maps of a metric that fits, and its scores, by their names in a spec. */
static void encoding_knows_its_maps(void **state)
{
    (void)state;
    static const char *const specs[] = {"encoding:map=ols", "encoding:map=pls,components=2",
                                        "encoding:map=lasso,alpha=0.1",
                                        "encoding:alpha=1,score=explained-variance"};
    double x[24], y[12], *raw;
    size_t values;
    for (size_t i = 0; i < 24; i++) x[i] = sin((double)(i * i));
    for (size_t i = 0; i < 12; i++) y[i] = x[2 * i] - 2 * x[2 * i + 1];
    bram_side model = {.values = {x, 12, 2, 2}}, brain = {.values = {y, 12, 1, 1}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        bram_comparison none = {0};
        assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, specs[s], &model, &brain, &none));
        assert_int_equal(values, 1);
        bram_free(raw);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_gives_its_score),
        cmocka_unit_test(encoding_knows_its_maps),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(failing_allocations_leave_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
