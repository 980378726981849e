/*
 * Tests of core/linkage.c: a tree by hand, one of scipy, ties, sizes, refusals.
 */
#include "linkage.h"

#include "internal.h"
#include "test.h"

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* a-b 2, c-d 4; e is 6, 8 from a, b and 10, 12 from c, d; a,b to c,d 20 */
    const double pairs[] = {2, 20, 20, 6, 20, 20, 8, 4, 10, 12};
    bram_merge tree[4];
    size_t order[5];
    assert_ok(cx, bram_linkage_average(cx, tree, pairs, 5));
    const bram_merge expected[] = {{0, 1, 2, 2}, {2, 3, 4, 2}, {4, 5, 7, 3}, {6, 7, 51.0 / 3, 5}};
    for (size_t k = 0; k < 4; k++) { /* the last: (20 * 4 + 10 + 12) / 6 = 17 */
        assert_int_equal(tree[k].a, expected[k].a);
        assert_int_equal(tree[k].b, expected[k].b);
        assert_int_equal(tree[k].size, expected[k].size);
        assert_near(tree[k].height, expected[k].height, 1e-14);
    }
    assert_ok(cx, bram_linkage_order(cx, order, tree, 5));
    const size_t leaves[] = {2, 3, 4, 0, 1};
    assert_memory_equal(order, leaves, sizeof leaves);
    bram_ctx_free(cx);
}

/* scipy 1.17.1, cluster.hierarchy.linkage(d, "average") and leaves_list, of
 * d(i, j) = (7 i^2 + 11 j^2 + 5 i j) mod 29 + 1 */
static void as_scipy(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double pairs[21], *d = pairs;
    for (size_t i = 0; i < 7; i++)
        for (size_t j = i + 1; j < 7; j++)
            *d++ = (double)((7 * i * i + 11 * j * j + 5 * i * j) % 29 + 1);
    const bram_merge expected[] = {{1, 4, 1, 2},       {2, 5, 6, 2},
                                   {0, 7, 7.5, 3},     {3, 9, 9.666666666666666, 4},
                                   {8, 10, 13.875, 6}, {6, 11, 23.833333333333332, 7}};
    const size_t leaves[] = {6, 2, 5, 3, 0, 1, 4};
    bram_merge tree[6];
    size_t order[7];
    assert_ok(cx, bram_linkage_average(cx, tree, pairs, 7));
    for (size_t k = 0; k < 6; k++) {
        assert_int_equal(tree[k].a, expected[k].a);
        assert_int_equal(tree[k].b, expected[k].b);
        assert_int_equal(tree[k].size, expected[k].size);
        assert_near(tree[k].height, expected[k].height, 1e-14);
    }
    assert_ok(cx, bram_linkage_order(cx, order, tree, 7));
    assert_memory_equal(order, leaves, sizeof leaves);
    bram_ctx_free(cx);
}

/* Heights never fall and every thing is a leaf once, also where all are equally far. */
static void ties_and_sizes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    enum { MOST = 40 };
    double pairs[MOST * (MOST - 1) / 2];
    bram_merge tree[MOST];
    size_t order[MOST];
    for (size_t n = 2; n <= MOST; n++)
        for (size_t kinds = 1; kinds <= 3; kinds++) {
            for (size_t k = 0; k < n * (n - 1) / 2; k++) pairs[k] = (double)(k * k % kinds);
            assert_ok(cx, bram_linkage_average(cx, tree, pairs, n));
            assert_ok(cx, bram_linkage_order(cx, order, tree, n));
            bool seen[MOST] = {false};
            for (size_t i = 0; i < n; i++) {
                assert_false(seen[order[i]]);
                seen[order[i]] = true;
            }
            for (size_t k = 0; k + 1 < n; k++) {
                assert_true(tree[k].a < tree[k].b && tree[k].b < n + k);
                assert_true(!k || tree[k].height >= tree[k - 1].height);
                assert_true(kinds > 1 || tree[k].height == 0);
            }
            assert_int_equal(tree[n - 2].size, n);
        }
    bram_ctx_free(cx);
}

static void refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_merge tree[2] = {{9, 9, 9, 9}};
    const double pairs[] = {1, NAN, 2};
    assert_int_equal(bram_linkage_average(cx, tree, pairs, 1), BRAM_ESHAPE);
    assert_int_equal(bram_linkage_average(cx, tree, pairs, 3), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "1 and 3"));
    assert_int_equal(tree[0].a, 9);
    bram_ctx_free(cx);
    for (size_t k = 1, status = 1; status; k++) {
        assert_true(k < 100);
        cx = bram_ctx_new();
        bram_fail_allocation(k, false);
        int got = bram_linkage_average(cx, tree, (const double[]){1, 2, 3}, 3);
        bram_fail_allocation(0, false);
        if (got) assert_int_equal(got, BRAM_ENOMEM);
        status = got != 0;
        bram_ctx_free(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(as_scipy),
        cmocka_unit_test(ties_and_sizes),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
