/*
 * Tests of metrics/accuracy.c: by hand, and scikit-learn 1.9.1 (accuracy_score,
 * balanced_accuracy_score) on thirty labels.
 */
#include "internal.h"
#include "metric_test.h"

static void by_hand(void **state)
{
    (void)state;
    double model[] = {0, 0, 1, 2, 9, 1}, brain[] = {0, 1, 1, 2, 2, 2};
    struct test_scoring s = {.model = test_side(model, 6, 1, NULL),
                             .brain = test_side(brain, 6, 1, NULL)};
    assert_near(test_score_one("accuracy", &s), 3 / 6.0, 1e-15);
    s.options = "balanced=yes";
    assert_near(test_score_one("accuracy", &s), (1 + 1 / 2.0 + 1 / 3.0) / 3, 1e-15);
    const double weight[] = {0, 1, 1, 1, 1, 1}; /* no label 0 was drawn */
    s.weight = weight;
    assert_near(test_score_one("accuracy", &s), (1 / 2.0 + 1 / 3.0) / 2, 1e-15);
    uint8_t present[] = {1, 1, 1, 1, 0, 0};
    s = (struct test_scoring){.model = test_side(model, 6, 1, NULL),
                              .brain = test_side(brain, 6, 1, present)};
    assert_near(test_score_one("accuracy", &s), 3 / 4.0, 1e-15);
    bram_ctx *cx = bram_ctx_new();
    double *raw, chance;
    size_t values;
    s.brain.present = NULL;
    assert_ok(cx,
              bram_metric_score(cx, &raw, &values, &chance, "accuracy", &s.model, &s.brain, NULL));
    assert_near(chance, (1 + 4 + 9) / 36.0, 1e-15);
    bram_free(raw);
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &chance, "accuracy:balanced=yes", &s.model,
                                    &s.brain, NULL));
    assert_near(chance, 1 / 3.0, 1e-15);
    bram_free(raw);
    bram_ctx_free(cx);
}

static void reference_values(void **state)
{
    (void)state;
    const char *truth = "021120012210012201120021102210", *guess = "021020112210022201100021112010";
    double model[30], brain[30];
    for (size_t i = 0; i < 30; i++) model[i] = guess[i] - '0', brain[i] = truth[i] - '0';
    struct test_scoring s = {.model = test_side(model, 30, 1, NULL),
                             .brain = test_side(brain, 30, 1, NULL)};
    assert_near(test_score_one("accuracy", &s), 0.8, 1e-15);
    s.options = "balanced=yes";
    assert_near(test_score_one("accuracy", &s), 0.8000000000000002, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(reference_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
