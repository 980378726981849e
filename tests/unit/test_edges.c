/*
 * Tests of metrics/edges.c, auroc.c, average_precision.c, brier.c, hits.c, log_loss.c,
 * mrr.c and spearman.c. References:
 * scikit-learn 1.2.1, roc_auc_score and average_precision_score of fifty scores with ties;
 * scipy 1.17, spearmanr.
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

/* A list of pairs: a column of scores, a column of weights. */
static struct test_scoring listed(double *score, double *weight, size_t pairs,
                                  const bram_pair_list *list)
{
    struct test_scoring s = {.model = test_side(score, pairs, 1, NULL),
                             .brain = test_side(weight, pairs, 1, NULL)};
    s.brain.pairs = list;
    return s;
}

static void hits_and_ranks_by_hand(void **state)
{
    (void)state;
    /* query 0: edge 5 among 7 5 1; query 4: edge 2 among 2 2 0 */
    double score[] = {5, 7, 5, 1, 2, 2, 2, 0}, edge[] = {1, 0, 0, 0, 1, 0, 0, 0};
    const uint32_t from[] = {0, 0, 0, 1, 2, 2, 3, 3}, to[] = {1, 2, 3, 0, 0, 1, 0, 1};
    const uint32_t query[] = {0, 0, 0, 0, 4, 4, 4, 4};
    const bram_pair_list list = {from, to, query, 4}, sources = {from, to, NULL, 4};
    struct test_scoring s = listed(score, edge, 8, &list);
    assert_near(test_score_one("mrr", &s), (1 / 2.5 + 1 / 2.0) / 2, 1e-15);
    s.options = "ties=optimistic";
    assert_near(test_score_one("mrr", &s), (1 / 2.0 + 1 / 1.0) / 2, 1e-15);
    s.options = "ties=pessimistic";
    assert_near(test_score_one("mrr", &s), (1 / 3.0 + 1 / 3.0) / 2, 1e-15);
    s = listed(score, edge, 8, &sources); /* rivals: 7 and 5 of node 0, 2 of node 2 */
    assert_near(test_score_one("mrr", &s), (1 / 2.5 + 1 / 1.5) / 2, 1e-15);
    s = listed(score, edge, 8, &list); /* without an edge: 7 5 2 2 1 0 */
    const struct {
        const char *k;
        double expected;
    } hits[] = {{"k=1", 0}, {"k=2", 0}, {"k=3", 0.5}, {"k=4", 0.5}, {"k=5", 1}, {"k=6", 1}};
    for (size_t i = 0; i < 6; i++) {
        s.options = hits[i].k;
        assert_near(test_score_one("hits", &s), hits[i].expected, 0);
    }
    bram_ctx *cx = bram_ctx_new();
    double raw = 42, *owned, chance;
    size_t values;
    s.options = "k=7";
    assert_int_equal(test_score(cx, "hits", &raw, 1, NULL, &s), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "6 pairs without an edge"));
    assert_near(raw, 42, 0);
    assert_ok(
        cx, bram_metric_score(cx, &owned, &values, &chance, "hits:k=2", &s.model, &s.brain, NULL));
    assert_near(chance, 2 / 7.0, 1e-15); /* a rank among 7, all alike */
    bram_free(owned);
    assert_ok(cx, bram_metric_score(cx, &owned, &values, &chance, "mrr", &s.model, &s.brain, NULL));
    assert_near(chance, (1 + 1 / 2. + 1 / 3. + 1 / 4.) / 4, 1e-15);
    bram_free(owned);
    const uint32_t beyond[] = {0, 0, 0, 1, 2, 2, 3, 4};
    const bram_pair_list wrong = {beyond, to, NULL, 4};
    s = listed(score, edge, 8, &wrong);
    assert_int_equal(test_score(cx, "mrr", &raw, 1, NULL, &s), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void a_list_is_as_good_as_a_matrix(void **state)
{
    (void)state;
    static const char *const names[] = {"auroc", "average-precision", "hits", "mrr", "spearman"};
    bram_rng g = bram_rng_new(6, "test/edges");
    double score[NODES * NODES], edge[NODES * NODES], ones[NODES], draw[NODES];
    double list_score[NODES * NODES], list_edge[NODES * NODES];
    uint32_t from[NODES * NODES], to[NODES * NODES];
    size_t n = 0;
    for (size_t i = 0; i < NODES; i++) ones[i] = 1, draw[i] = (double)bram_rng_below(&g, 3);
    for (size_t i = 0; i < NODES * NODES; i++) {
        score[i] = (double)bram_rng_below(&g, 9);
        edge[i] = bram_rng_below(&g, 3) == 0 ? bram_rng_uniform(&g) : 0;
        if (i / NODES == i % NODES) continue;
        from[n] = (uint32_t)(i / NODES), to[n] = (uint32_t)(i % NODES);
        list_score[n] = score[i], list_edge[n++] = edge[i];
    }
    const bram_pair_list list = {from, to, NULL, NODES};
    struct test_scoring matrix = {.model = test_side(score, NODES, NODES, NULL),
                                  .brain = test_side(edge, NODES, NODES, NULL)};
    struct test_scoring column = listed(list_score, list_edge, n, &list);
    for (size_t k = 0; k < 5; k++) {
        matrix.weight = column.weight = k % 2 ? ones : draw;
        assert_near(test_score_one(names[k], &matrix), test_score_one(names[k], &column), 1e-14);
        matrix.weight = column.weight = draw;
        assert_near(test_score_one(names[k], &matrix), test_score_one(names[k], &column), 1e-14);
    }
}

static void rank_correlation(void **state)
{
    (void)state;
    double x[] = {7, 5, 4, 2, 2, 0, 0, 0, 1, 7, 5, 8, 4, 5, 8, 6, 5, 4, 5, 8};
    double y[] = {1, 4, 4, 0, 2, 5, 3, 0, 4, 4, 5, 1, 0, 5, 0, 3, 0, 1, 2, 2};
    uint32_t from[20], to[20];
    for (uint32_t k = 0; k < 20; k++) from[k] = k, to[k] = (k + 1) % 20;
    const bram_pair_list list = {from, to, NULL, 20};
    struct test_scoring s = listed(x, y, 20, &list);
    assert_near(test_score_one("spearman", &s), -0.09562582244062566, 1e-15);
    s.options = "pairs=edges";
    assert_near(test_score_one("spearman", &s), -0.36012323863808443, 1e-15);
    s.options = NULL;
    for (size_t k = 0; k < 20; k++) y[k] = k % 2 ? -x[k] : x[k]; /* its size counts */
    assert_near(test_score_one("spearman", &s), 1, 1e-15);
    s.options = "sign=signed";
    assert_true(test_score_one("spearman", &s) < 0.5);
    for (size_t k = 0; k < 20; k++) y[k] = 3;
    assert_true(isnan(test_score_one("spearman", &s)));
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

/* Edges of 0.9 and 0.2, others of 0.5, 0.2, 0 and 0: (0.01 + 0.64 + 0.25 + 0.04) / 6. */
static void probabilities_by_hand(void **state)
{
    (void)state;
    double p[] = {9, 0.9, 0.5, 0.2, 9, 0.2, 0, 0, 9}, edge[] = {0, 1, 0, 1, 0, 0, 0, 0, 0};
    bram_ctx *cx = bram_ctx_new();
    double raw = 42, *owned, chance;
    size_t values;
    struct test_scoring s = {.model = test_side(p, 3, 3, NULL),
                             .brain = test_side(edge, 3, 3, NULL)};
    assert_near(test_score_one("brier", &s), 0.94 / 6, 1e-15);
    assert_near(test_score_one("log-loss", &s), -(log(0.9) + log(0.2) + log(0.5) + log(0.8)) / 6,
                1e-14);
    assert_ok(cx,
              bram_metric_score(cx, &owned, &values, &chance, "brier", &s.model, &s.brain, NULL));
    assert_near(chance, 1 / 3.0 * (2 / 3.0), 1e-15);
    bram_free(owned);
    assert_ok(
        cx, bram_metric_score(cx, &owned, &values, &chance, "log-loss", &s.model, &s.brain, NULL));
    assert_near(chance, -log(1 / 3.0) / 3 - 2 * log(2 / 3.0) / 3, 1e-15);
    bram_free(owned);
    p[3] = 0; /* a sure mistake */
    assert_near(test_score_one("log-loss", &s), -(log(0.9) + log(1e-15) + log(0.5) + log(0.8)) / 6,
                1e-13);
    p[7] = 1.5;
    assert_int_equal(test_score(cx, "brier", &raw, 1, NULL, &s), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "(2, 1) has score 1.5"));
    p[7] = -0.1;
    assert_int_equal(test_score(cx, "log-loss", &raw, 1, NULL, &s), BRAM_ENUMERIC);
    assert_near(raw, 42, 0);
    bram_ctx_free(cx);
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
        cmocka_unit_test(reference_values),       cmocka_unit_test(by_hand),
        cmocka_unit_test(hits_and_ranks_by_hand), cmocka_unit_test(a_list_is_as_good_as_a_matrix),
        cmocka_unit_test(rank_correlation),       cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(probabilities_by_hand),  cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
