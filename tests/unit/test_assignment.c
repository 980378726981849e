/*
 * Tests of core/assignment.c: small ones by hand, all permutations of random costs, rectangles,
 * ties, refusals.
 */
#include "assignment.h"

#include <bramble/rng.h>

#include "internal.h"
#include "test.h"

enum { MOST = 6 };

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double c[] = {4, 1, 3, 2, 0, 5, 3, 2, 2}, total = 0, largest = 0; /* 1 + 2 + 2 */
    bram_mat m = {c, 3, 3, 3};
    size_t column[3];
    assert_ok(cx, bram_assignment(cx, column, &total, &m));
    assert_near(total, 5, 0);
    assert_int_equal(column[0], 1);
    assert_int_equal(column[1], 0);
    assert_int_equal(column[2], 2);
    assert_ok(cx, bram_assignment_bottleneck(cx, &largest, &m));
    assert_near(largest, 2, 0);
    /* the least total is not the least largest: 0 + 5 against 3 + 3 */
    double d[] = {0, 3, 3, 5};
    m = (bram_mat){d, 2, 2, 2};
    assert_ok(cx, bram_assignment(cx, column, &total, &m));
    assert_near(total, 5, 0);
    assert_ok(cx, bram_assignment_bottleneck(cx, &largest, &m));
    assert_near(largest, 3, 0);
    bram_ctx_free(cx);
}

/* The least total and the least largest cost over all ways to place rows r, r + 1 ... */
static void try_all(const bram_mat *m, size_t r, unsigned used, double sum, double most,
                    double best[2])
{
    if (r == m->rows) {
        best[0] = fmin(best[0], sum), best[1] = fmin(best[1], most);
        return;
    }
    for (size_t j = 0; j < m->cols; j++)
        if (!(used >> j & 1)) {
            double c = bram_row(m, r)[j];
            try_all(m, r + 1, used | 1U << j, sum + c, fmax(most, c), best);
        }
}

static void against_all_permutations(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(1, "test/assignment");
    for (size_t trial = 0; trial < 300; trial++) {
        double c[MOST * MOST], total, largest, best[2] = {INFINITY, INFINITY};
        size_t rows = 1 + bram_rng_below(&g, MOST), column[MOST];
        size_t cols = rows + bram_rng_below(&g, MOST - rows + 1);
        for (size_t k = 0; k < MOST * MOST; k++) /* every other trial with ties and negatives */
            c[k] = trial % 2 ? (double)bram_rng_below(&g, 5) - 2 : bram_rng_normal(&g);
        bram_mat m = {c, rows, cols, MOST};
        unsigned used = 0;
        double sum = 0;
        try_all(&m, 0, 0, 0, -INFINITY, best);
        assert_ok(cx, bram_assignment(cx, column, &total, &m));
        for (size_t i = 0; i < rows; i++) {
            assert_true(column[i] < cols && !(used >> column[i] & 1));
            used |= 1U << column[i];
            sum += bram_row(&m, i)[column[i]];
        }
        assert_near(total, sum, 0);
        assert_near(total, best[0], 1e-12);
        assert_ok(cx, bram_assignment_bottleneck(cx, &largest, &m));
        assert_near(largest, best[1], 0);
    }
    bram_ctx_free(cx);
}

static void nothing_and_never(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double c[] = {1, INFINITY, INFINITY, INFINITY}, total = 7, largest = 7;
    bram_mat none = {c, 0, 0, 0}, m = {c, 2, 2, 2};
    assert_ok(cx, bram_assignment(cx, NULL, &total, &none));
    assert_near(total, 0, 0);
    assert_ok(cx, bram_assignment_bottleneck(cx, &largest, &none));
    assert_near(largest, 0, 0);
    assert_ok(cx, bram_assignment_bottleneck(cx, &largest, &m));
    assert_true(isinf(largest));
    bram_ctx_free(cx);
}

static void what_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double c[] = {1, 2, 3, NAN}, total = 7;
    size_t column[2] = {9, 9};
    bram_mat tall = {c, 2, 1, 1}, wrong = {c, 2, 2, 2};
    assert_int_equal(bram_assignment(cx, column, &total, &tall), BRAM_ESHAPE);
    assert_int_equal(bram_assignment(cx, column, &total, &wrong), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "(1, 1)"));
    assert_int_equal(bram_assignment_bottleneck(cx, &total, &wrong), BRAM_ENUMERIC);
    c[3] = INFINITY;
    assert_int_equal(bram_assignment(cx, column, &total, &wrong), BRAM_ENUMERIC);
    assert_near(total, 7, 0);
    assert_int_equal(column[0], 9);
    for (size_t k = 1; k <= 5; k++) {
        c[3] = 4;
        bram_ctx *own = bram_ctx_new();
        bram_fail_allocation(k, true);
        int status = k % 2 ? bram_assignment(own, column, &total, &wrong)
                           : bram_assignment_bottleneck(own, &total, &wrong);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_ENOMEM || status == BRAM_OK);
        if (k == 1) assert_int_equal(status, BRAM_ENOMEM);
        bram_ctx_free(own);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(against_all_permutations),
        cmocka_unit_test(nothing_and_never),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
