/*
 * Optimal transport between things of equal weight: by hand, against assignment, and by the
 * condition of optimality itself on random costs.
 */
#include "assignment.h"
#include "transport.h"

#include <bramble/rng.h>

#include "test.h"

enum { MOST = 64 };

struct problem {
    double cost[MOST * MOST], total;
    bram_shipment plan[2 * MOST];
    size_t p, q, count;
};

static void solve(struct problem *t)
{
    bram_ctx *cx = bram_ctx_new();
    bram_mat cost = {t->cost, t->p, t->q, t->q};
    assert_ok(cx, bram_transport_uniform(cx, t->plan, &t->count, &t->total, &cost));
    bram_ctx_free(cx);
}

static void by_hand(void **state)
{
    (void)state;
    /* rows of 1/2, columns of 1/3: row 0 fills column 0, and 1/6 of column 1 at cost 1; row 1 fills
     * column 2 and the rest of column 1 at cost 2: (0 + 1/6 1 + 1/6 2 + 0) = 1/2 */
    struct problem t = {.cost = {0, 1, 5, 9, 2, 0}, .p = 2, .q = 3};
    solve(&t);
    assert_near(t.total, 0.5, 1e-15);
    assert_int_equal(t.count, 4);
    assert_near(t.plan[1].mass, 1.0 / 6, 1e-15);
    struct problem one = {.cost = {3, -1, 2}, .p = 1, .q = 3};
    solve(&one);
    assert_near(one.total, 4.0 / 3, 1e-15);
    struct problem column = {.cost = {3, -1, 2}, .p = 3, .q = 1};
    solve(&column);
    assert_near(column.total, 4.0 / 3, 1e-15);
}

static void masses_add_up(const struct problem *t)
{
    double row[MOST] = {0}, column[MOST] = {0};
    for (size_t k = 0; k < t->count; k++) {
        assert_true(t->plan[k].mass > 0);
        row[t->plan[k].row] += t->plan[k].mass;
        column[t->plan[k].column] += t->plan[k].mass;
    }
    for (size_t i = 0; i < t->p; i++) assert_near(row[i], 1 / (double)t->p, 1e-14);
    for (size_t j = 0; j < t->q; j++) assert_near(column[j], 1 / (double)t->q, 1e-14);
}

/* No cycle of changes makes it cheaper: Bellman and Ford find no negative one (a plan is optimal if
 * and only if its residual network has none). */
static void nothing_is_cheaper(const struct problem *t)
{
    double distance[2 * MOST] = {0};
    bool used[MOST * MOST] = {false}, changed = true;
    size_t n = t->p + t->q;
    for (size_t k = 0; k < t->count; k++) used[t->plan[k].row * t->q + t->plan[k].column] = true;
    for (size_t round = 0; changed; round++) {
        if (round > n) fail_msg("%zu x %zu: the plan is not optimal", t->p, t->q);
        changed = false;
        for (size_t i = 0; i < t->p; i++)
            for (size_t j = 0; j < t->q; j++) {
                double c = t->cost[i * t->q + j], *a = &distance[i], *b = &distance[t->p + j];
                if (*a + c < *b - 1e-11) *b = *a + c, changed = true;
                if (used[i * t->q + j] && *b - c < *a - 1e-11) *a = *b - c, changed = true;
            }
    }
}

static void random_costs(void **state)
{
    (void)state;
    static const size_t sizes[][2] = {{2, 5},   {5, 2},   {6, 4},  {7, 13},
                                      {30, 45}, {64, 63}, {12, 60}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint64_t draw = 0; draw < 6; draw++) {
            struct problem t = {.p = sizes[s][0], .q = sizes[s][1]};
            bram_rng g = bram_rng_at(3, "transport", 10 * s + draw);
            for (size_t k = 0; k < t.p * t.q; k++) /* whole numbers: many ties */
                t.cost[k] = draw % 2 ? (double)bram_rng_below(&g, 6) : bram_rng_normal(&g);
            solve(&t);
            assert_true(t.count < t.p + t.q);
            masses_add_up(&t);
            nothing_is_cheaper(&t);
        }
}

static void equal_sides_are_assigned(void **state)
{
    (void)state;
    struct problem t = {.p = 9, .q = 9};
    bram_rng g = bram_rng_new(4, "transport");
    for (size_t k = 0; k < 81; k++) t.cost[k] = bram_rng_normal(&g);
    solve(&t);
    bram_ctx *cx = bram_ctx_new();
    size_t column[9];
    double total;
    assert_ok(cx, bram_assignment(cx, column, &total, &(bram_mat){t.cost, 9, 9, 9}));
    assert_near(t.total, total / 9, 1e-14);
    assert_int_equal(t.count, 9);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double total = 42, cost[] = {1, NAN};
    assert_int_equal(bram_transport_uniform(cx, NULL, NULL, &total, &(bram_mat){cost, 0, 2, 2}),
                     BRAM_ESHAPE);
    assert_int_equal(bram_transport_uniform(cx, NULL, NULL, &total, &(bram_mat){cost, 1, 2, 2}),
                     BRAM_ENUMERIC);
    assert_near(total, 42, 0);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(random_costs),
        cmocka_unit_test(equal_sides_are_assigned),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
