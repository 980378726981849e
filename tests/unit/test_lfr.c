/*
 * Tests of core/lfr.c: what was asked for is there (degrees, mixing, strengths), graphs are simple,
 * a seed is a graph, what cannot be is refused.
 */
#include "lfr.h"
#include "test.h"

static const bram_lfr_settings usual = {125, 25, 100, 0.5, 0.25, 2, 1, 1.5, 13};

static void is_as_asked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double degrees = 0, outside = 0, edges = 0, high = 0, mixed = 0, graphs = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        bram_lfr_settings o = usual;
        bram_lfr g;
        uint8_t joined[125][125] = {{0}};
        double degree[125] = {0}, in[125] = {0}, all[125] = {0};
        size_t size[125] = {0};
        o.seed = seed;
        assert_ok(cx, bram_lfr_make(cx, &g, &o));
        for (size_t e = 0; e < g.edges; e++) {
            size_t a = g.from[e], b = g.to[e];
            assert_true(a < b && b < 125 && !joined[a][b] && g.weight[e] > 0);
            joined[a][b] = 1;
            bool same = g.community[a] == g.community[b];
            degree[a]++, degree[b]++, all[a] += g.weight[e], all[b] += g.weight[e];
            if (same) in[a] += g.weight[e], in[b] += g.weight[e];
            outside += !same;
        }
        edges += (double)g.edges;
        for (size_t i = 0; i < 125; i++) {
            assert_true(g.community[i] < g.communities && degree[i] <= 100);
            size[g.community[i]]++;
            degrees += degree[i];
            if (degree[i] > high) high = degree[i];
        }
        for (size_t c = 0; c < g.communities; c++) assert_true(size[c] > 1);
        double inner = 0, sum = 0; /* of all nodes: the mixing of strengths */
        for (size_t i = 0; i < 125; i++) inner += in[i], sum += all[i];
        /* where one community is most of the graph, few edges outside bear so much weight */
        if (g.communities > 1) assert_near(1 - inner / sum, 0.25, 0.1);
        if (g.communities > 1) mixed += 1 - inner / sum, graphs++;
    }
    /* the mean of 2500 degrees between 10 and 100, of deviation about 18: within 0.4, and a few
       ends without a partner */
    assert_near(degrees / 2500, 25, 1.5);
    assert_near(outside / edges, 0.5, 0.03);
    assert_near(mixed / graphs, 0.25, 0.03);
    assert_true(high > 80);
    bram_ctx_free(cx);
}

static void a_seed_is_a_graph(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_lfr a, b, c;
    bram_lfr_settings other = usual;
    other.seed++;
    assert_ok(cx, bram_lfr_make(cx, &a, &usual));
    assert_ok(cx, bram_lfr_make(cx, &b, &usual));
    assert_ok(cx, bram_lfr_make(cx, &c, &other));
    assert_int_equal(a.edges, b.edges);
    assert_memory_equal(a.from, b.from, a.edges * sizeof *a.from);
    assert_memory_equal(a.weight, b.weight, a.edges * sizeof *a.weight);
    assert_true(a.edges != c.edges || memcmp(a.from, c.from, a.edges * sizeof *a.from) != 0);
    bram_ctx_free(cx);
}

/* All weight inside: edges outside are none. All edges inside: communities are components. */
static void extremes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_lfr g;
    bram_lfr_settings o = usual;
    o.weight_mixing = 0;
    assert_ok(cx, bram_lfr_make(cx, &g, &o));
    for (size_t e = 0; e < g.edges; e++)
        assert_int_equal(g.community[g.from[e]], g.community[g.to[e]]);
    o = (bram_lfr_settings){60, 6, 12, 0, 0, 2, 1, 1, 0};
    assert_ok(cx, bram_lfr_make(cx, &g, &o));
    assert_true(g.communities > 1 && g.edges > 120);
    for (size_t e = 0; e < g.edges; e++)
        assert_int_equal(g.community[g.from[e]], g.community[g.to[e]]);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_lfr g = {.edges = 77};
    const bram_lfr_settings bad[] = {
        {2, 1, 2, 0.5, 0.5, 2, 1, 1, 0},        {125, 25, 125, 0.5, 0.5, 2, 1, 1, 0},
        {125, NAN, 100, 0.5, 0.5, 2, 1, 1, 0},  {125, 25, 100, 1.5, 0.5, 2, 1, 1, 0},
        {125, 25, 100, 0.5, -0.1, 2, 1, 1, 0},  {125, 25, 100, 0.5, 0.5, 1, 1, 1, 0},
        {125, 25, 100, 0.5, 0.5, 2, NAN, 1, 0}, {125, 1.01, 100, 0.5, 0.5, 2, 1, 1, 0},
        {125, 101, 100, 0.5, 0.5, 2, 1, 1, 0},  {125, 25, 100, 0.5, 0.5, 2, 1, INFINITY, 0}};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        assert_int_equal(bram_lfr_make(cx, &g, &bad[k]), BRAM_EUSAGE);
    assert_int_equal(g.edges, 77);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_as_asked),
        cmocka_unit_test(a_seed_is_a_graph),
        cmocka_unit_test(extremes),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
