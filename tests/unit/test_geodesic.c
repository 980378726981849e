/* Tests of metrics/geodesic.c: by hand, against paths relaxed one by one, graphs of neighbours. */
#include "geodesic.h"

#include <bramble/rng.h>

#include "internal.h"
#include "rdm.h"
#include "test.h"

/* Four conditions on a line, 0 1 2 3, and one that no edge reaches; the edge (0, 1) has length 0.
 */
static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double none = INFINITY;
    double edge[] = {0, none, 9, none, /* 1 */ 2, none, none, /* 2 */ 3, none, /* 3 */ none},
           path[10];
    const double expected[] = {0, 2, 5, none, 2, 5, none, 3, none, none};
    size_t components = 0;
    assert_ok(cx, bram_shortest_paths(cx, path, edge, 5));
    for (size_t k = 0; k < 10; k++) assert_true(path[k] == expected[k]);
    assert_ok(cx, bram_graph_components(cx, &components, edge, 5));
    assert_int_equal(components, 2);
    assert_ok(cx, bram_graph_components(cx, &components, edge, 0));
    assert_int_equal(components, 0);
    edge[3] = -1;
    path[0] = 7;
    assert_int_equal(bram_shortest_paths(cx, path, edge, 5), BRAM_ENUMERIC);
    edge[3] = NAN;
    assert_int_equal(bram_shortest_paths(cx, path, edge, 5), BRAM_ENUMERIC);
    assert_near(path[0], 7, 0);
    bram_ctx_free(cx);
}

/* The lower of every detour, until nothing changes (Bellman and Ford). */
static void relax(double *d, size_t n)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                for (size_t k = 0; k < n; k++)
                    if (d[i * n + k] + d[k * n + j] < d[i * n + j])
                        d[i * n + j] = d[i * n + k] + d[k * n + j], changed = true;
    }
}

/* Few edges and many, sizes about the blocks, zero edges, ties: exact in whole numbers, and the
 * same bits for any number of threads. */
static void against_relaxation(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 4, 63, 64, 65, 130};
    bram_ctx *cx = bram_ctx_new(), *four = bram_ctx_new();
    bram_ctx_set_threads(four, 4);
    bram_rng g = bram_rng_new(5, "test/geodesic");
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t rare = 1; rare <= 81; rare *= 9) {
            size_t n = sizes[s], pairs = bram_rdm_pairs(n);
            double *edge = calloc(pairs + 1, sizeof *edge), *path = calloc(pairs + 1, sizeof *path),
                   *again = calloc(pairs + 1, sizeof *again), *d = calloc(n * n + 1, sizeof *d);
            for (size_t i = 0, k = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++, k++)
                    d[i * n + j] = d[j * n + i] = edge[k] = bram_rng_below(&g, rare)
                                                                ? INFINITY
                                                                : (double)bram_rng_below(&g, 100);
            assert_ok(cx, bram_shortest_paths(cx, path, edge, n));
            assert_ok(four, bram_shortest_paths(four, again, edge, n));
            assert_memory_equal(path, again, pairs * sizeof *path);
            relax(d, n);
            for (size_t i = 0, k = 0; i < n; i++)
                for (size_t j = i + 1; j < n; j++, k++)
                    if (path[k] != d[i * n + j])
                        fail_msg("n = %zu, 1 of %zu: (%zu, %zu) is %g, not %g", n, rare, i, j,
                                 path[k], d[i * n + j]);
            assert_ok(cx, bram_shortest_paths(cx, edge, edge, n)); /* in place */
            assert_memory_equal(path, edge, pairs * sizeof *path);
            free(edge), free(path), free(again), free(d);
        }
    bram_ctx_free(cx);
    bram_ctx_free(four);
}

/* Points 0 1 3 6 on a line: 6's nearest is 3, 3's nearest is 1. */
static void neighbours(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double none = INFINITY;
    double length[] = {1, 3, 6, 2, 5, 3}, edge[6];
    const double either[] = {1, none, none, 2, none, 3}, each[] = {1, none, none, none, none, none};
    assert_ok(cx, bram_nearest_edges(cx, edge, length, 4, 1, BRAM_NEIGHBOURS_UNION, NULL));
    for (size_t k = 0; k < 6; k++) assert_true(edge[k] == either[k]);
    assert_ok(cx, bram_nearest_edges(cx, edge, length, 4, 1, BRAM_NEIGHBOURS_MUTUAL, NULL));
    for (size_t k = 0; k < 6; k++) assert_true(edge[k] == each[k]);
    /* condition 1 stands for two: it and its copy are the two nearest of 0 and of 3 */
    const double times[] = {1, 2, 1, 1}, drawn[] = {1, none, none, 2, none, 3};
    assert_ok(cx, bram_nearest_edges(cx, edge, length, 4, 2, BRAM_NEIGHBOURS_MUTUAL, NULL));
    assert_true(edge[1] == 3); /* without copies 3 is the second nearest of 0 */
    assert_ok(cx, bram_nearest_edges(cx, edge, length, 4, 2, BRAM_NEIGHBOURS_MUTUAL, times));
    assert_true(edge[0] == drawn[0] && isinf(edge[1]) && isinf(edge[2]));
    /* ties are all in, missing pairs are no edge, no neighbours are none */
    double tied[] = {1, 1, NAN, 1, 1, 1};
    assert_ok(cx, bram_nearest_edges(cx, edge, tied, 4, 1, BRAM_NEIGHBOURS_MUTUAL, NULL));
    for (size_t k = 0; k < 6; k++) assert_true(k == 2 ? isinf(edge[k]) : edge[k] == 1);
    assert_ok(cx, bram_nearest_edges(cx, edge, length, 4, 0, BRAM_NEIGHBOURS_UNION, NULL));
    for (size_t k = 0; k < 6; k++) assert_true(isinf(edge[k]));
    bram_ctx_free(cx);
}

/* A graph of neighbours does not depend on the order of the conditions. */
static void order_does_not_matter(void **state)
{
    (void)state;
    enum { N = 9, PAIRS = N * (N - 1) / 2 };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(6, "test/geodesic/order");
    for (size_t trial = 0; trial < 20; trial++) {
        double square[N][N], a[PAIRS], b[PAIRS];
        size_t to[N], k = 0;
        bram_rng_permutation(&g, N, to);
        for (size_t i = 0; i < N; i++)
            for (size_t j = i; j < N; j++)
                square[i][j] = square[j][i] = i == j ? 0 : (double)bram_rng_below(&g, 9);
        for (size_t i = 0; i < N; i++)
            for (size_t j = i + 1; j < N; j++, k++)
                a[k] = square[i][j], b[k] = square[to[i]][to[j]];
        for (int rule = 0; rule < 2; rule++) {
            double ea[PAIRS], eb[PAIRS], back[N][N];
            assert_ok(cx, bram_nearest_edges(cx, ea, a, N, 2, (bram_neighbours)rule, NULL));
            assert_ok(cx, bram_nearest_edges(cx, eb, b, N, 2, (bram_neighbours)rule, NULL));
            assert_ok(cx, bram_shortest_paths(cx, ea, ea, N));
            assert_ok(cx, bram_shortest_paths(cx, eb, eb, N));
            k = 0;
            for (size_t i = 0; i < N; i++)
                for (size_t j = i + 1; j < N; j++, k++)
                    back[to[i]][to[j]] = back[to[j]][to[i]] = eb[k];
            k = 0;
            for (size_t i = 0; i < N; i++)
                for (size_t j = i + 1; j < N; j++, k++) assert_true(ea[k] == back[i][j]);
        }
    }
    bram_ctx_free(cx);
}

static void transform_of_a_matrix(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* 0 1 3 on a line: scaled 0 1 0.5; the edge of length 1 goes, the path of 0 + 0.5 is left */
    double d[] = {1, 3, 2}, out[3], flat[] = {2, 2, 2}, missing[] = {1, NAN, 2};
    assert_ok(cx, bram_geodesic_transform(cx, out, d, 3));
    assert_near(out[0], 0, 0);
    assert_near(out[1], 0.5, 0);
    assert_near(out[2], 0.5, 0);
    assert_near(d[1], 3, 0);
    assert_ok(cx, bram_geodesic_transform(cx, out, missing, 3));
    assert_true(out[0] == 0 && isnan(out[1]) && isinf(out[2]));
    assert_ok(cx, bram_geodesic_transform(cx, out, flat, 3));
    for (size_t k = 0; k < 3; k++) assert_true(isnan(out[k]));
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    double edge[6] = {1, 1, 1, 1, 1, 1}, out[6] = {7};
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, true);
        status = bram_geodesic_transform(cx, out, (double[]){1, 2, 3, 4, 5, 6}, 4);
        if (status == BRAM_OK)
            status = bram_nearest_edges(cx, out, edge, 4, 2, BRAM_NEIGHBOURS_UNION, NULL);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_ctx_free(cx);
        assert_true(k < 100);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(against_relaxation),
        cmocka_unit_test(neighbours),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(transform_of_a_matrix),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
