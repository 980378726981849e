/*
 * Tests of metrics/edges.c, auroc.c and average_precision.c. The reference is scikit-learn 1.2.1:
 * roc_auc_score and average_precision_score of fifty scores with ties.
 */
#include <bramble/rng.h>

#include "internal.h"
#include "metric_test.h"

enum { NODES = 8 };

static void reference_values(void **state)
{
    (void)state;
    const char *label = "11011000101000010010111000101010001000100101100001";
    const double tenths[] = {11,  -8,  -14, 8,   18, 16, 8,  21, -4, 22, 21, -3, 4,
                             -13, -10, 6,   -12, 2,  5,  1,  10, 20, 2,  10, 15, -4,
                             -6,  -24, 5,   11,  5,  21, 16, 8,  0,  -9, 1,  5,  0,
                             -3,  -4,  7,   -17, -3, 1,  7,  7,  -2, -6, -11};
    double score[NODES * NODES] = {0}, edge[NODES * NODES] = {0};
    uint8_t present[NODES * NODES] = {0};
    for (size_t k = 0, at = 0; k < 50; k++, at++) {
        at += at / NODES == at % NODES; /* keep off the diagonal */
        score[at] = tenths[k] / 10, edge[at] = label[k] == '1', present[at] = 1;
    }
    struct test_scoring s = {.model = test_side(score, NODES, NODES, NULL),
                             .brain = test_side(edge, NODES, NODES, present)};
    assert_near(test_score_one("auroc", &s), 0.5558333333333334, 1e-14);
    assert_near(test_score_one("average-precision", &s), 0.4224071123036142, 1e-14);
    bram_ctx *cx = bram_ctx_new();
    double *raw, chance;
    size_t values;
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &chance, "average-precision", &s.model,
                                    &s.brain, NULL));
    assert_near(chance, 20 / 50.0, 0);
    bram_free(raw);
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &chance, "auroc", &s.model, &s.brain, NULL));
    assert_near(chance, 0.5, 0);
    bram_free(raw);
    bram_ctx_free(cx);
}

static void by_hand(void **state)
{
    (void)state;
    /* edges (0,1) and (1,0); off the diagonal the scores are 3 | 2 2, then 1 1 0 */
    double score[] = {9, 3, 2, 2, 9, 1, 1, 0, 9}, edge[] = {0, 1, 0, 1, 0, 0, 0, 0, 0};
    struct test_scoring s = {.model = test_side(score, 3, 3, NULL),
                             .brain = test_side(edge, 3, 3, NULL)};
    assert_near(test_score_one("auroc", &s), (4 + 3.5) / 8, 1e-15);
    assert_near(test_score_one("average-precision", &s), (1 + 2 / 3.0) / 2, 1e-15);
    s.options = "diagonal=include"; /* three pairs without an edge score highest */
    assert_near(test_score_one("auroc", &s), (4 + 3.5) / 14, 1e-15);
    s.options = "threshold=1"; /* no weight exceeds it */
    assert_true(isnan(test_score_one("auroc", &s)));
    assert_true(isnan(test_score_one("average-precision", &s)));
    edge[1] = -2; /* an inhibitory edge is an edge */
    assert_near(test_score_one("auroc", &s), 1, 0);
}

static void weights_are_repeats(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(5, "test/edges");
    double score[NODES * NODES], edge[NODES * NODES];
    uint8_t present[NODES * NODES];
    for (size_t i = 0; i < NODES * NODES; i++) {
        score[i] = (double)bram_rng_below(&g, 9);
        edge[i] = bram_rng_below(&g, 3) == 0;
        present[i] = bram_rng_below(&g, 5) > 0;
    }
    bram_side model = test_side(score, NODES, NODES, NULL),
              brain = test_side(edge, NODES, NODES, present);
    for (size_t sample = 0; sample < 5; sample++) {
        double weight[NODES];
        size_t times[NODES];
        for (size_t i = 0; i < NODES; i++) weight[i] = (double)(times[i] = bram_rng_below(&g, 4));
        bram_side long_model = test_repeat(&model, times, true);
        bram_side long_brain = test_repeat(&brain, times, true);
        const char *names[] = {"auroc", "average-precision"};
        for (size_t k = 0; k < 2; k++) {
            struct test_scoring s = {.model = model, .brain = brain, .weight = weight};
            struct test_scoring written = {.model = long_model, .brain = long_brain};
            assert_same(test_score_one(names[k], &s), test_score_one(names[k], &written), 1e-14);
        }
        test_repeat_free(&long_model);
        test_repeat_free(&long_brain);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, raw = 42;
    struct test_scoring s = {.model = test_side(x, 3, 3, NULL), .brain = test_side(x, 3, 3, NULL)};
    s.model.values.rows = 2;
    assert_int_equal(test_score(cx, "auroc", &raw, 1, NULL, &s), BRAM_ESHAPE);
    s.model.values.rows = 3;
    s.memory = 8;
    assert_int_equal(test_score(cx, "auroc", &raw, 1, NULL, &s), BRAM_EMEMORY);
    s.memory = 0;
    x[5] = NAN;
    assert_int_equal(test_score(cx, "auroc", &raw, 1, NULL, &s), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "(1, 2)"));
    s.options = "threshold=-1";
    assert_int_equal(test_score(cx, "auroc", &raw, 1, NULL, &s), BRAM_EUSAGE);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reference_values),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
