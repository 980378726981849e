/*
 * Tests of core/block_model.c and block_fit.c: description lengths by hand, changes against
 * recounting, planted communities in edges, in weights and under uneven degrees, sizes, refusals.
 */
#include "block_private.h"
#include "test.h"

#include <bramble/rng.h>

enum { MOST = 20000 };

struct made {
    size_t from[MOST], to[MOST], truth[512];
    double weight[MOST];
    bram_edge_list list;
};

static const bram_block_settings plain = {BRAM_BLOCK_PLAIN, 0, 2, 20, 0};
static const bram_block_settings bernoulli = {BRAM_BLOCK_BERNOULLI, 0, 2, 20, 0};
static const bram_block_settings corrected = {BRAM_BLOCK_CORRECTED, 0, 2, 20, 0};
static const bram_block_settings shorter = {BRAM_BLOCK_SHORTER, 0, 2, 20, 0};

/* From 1 to about 1 + 8 uneven, ever more steeply. */
static double propensity(size_t rank, double uneven)
{
    return 1 + uneven * (8 / (1 + (double)rank / 5));
}

/* `blocks` equal blocks; an edge with probability inside or outside (times the ends' propensities
 * where these differ); weights exponential with mean in_weight inside, 1 outside. */
static void make(struct made *m, size_t n, size_t blocks, double inside, double outside,
                 double in_weight, double uneven)
{
    bram_rng g = bram_rng_new(5, "test/block-model");
    m->list = (bram_edge_list){.nodes = n, .from = m->from, .to = m->to, .weight = m->weight};
    for (size_t i = 0; i < n; i++) m->truth[i] = i % blocks;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            bool same = m->truth[i] == m->truth[j];
            double a = propensity(i / blocks, uneven), b = propensity(j / blocks, uneven);
            double u = bram_rng_uniform(&g), v = bram_rng_uniform(&g);
            if (u >= (same ? inside : outside) * a * b) continue;
            size_t e = m->list.edges++;
            m->from[e] = i, m->to[e] = j;
            m->weight[e] = -log(1 - v) * (same ? in_weight : 1) + 1e-12;
        }
}

/* The share of pairs of nodes on which two labellings agree (Rand's index). */
static double agreement(const size_t *a, const size_t *b, size_t n)
{
    size_t equal = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) equal += (a[i] == a[j]) == (b[i] == b[j]);
    return 2.0 * (double)equal / (double)(n * (n - 1));
}

/* Two pairs of four nodes: each term is a logarithm of small numbers. */
static void lengths_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const size_t from[] = {0, 3}, to[] = {1, 2}, label[] = {7, 7, 1, 1}, one[] = {0, 0, 0, 0};
    const double weight[] = {1, 3};
    bram_edge_list g = {4, 2, from, to, NULL};
    bram_block_settings s = bernoulli;
    double nats = 0, partition = 24.0 / (2 * 2) * 3 * 4; /* 4! / 2! 2!, C(3, 1), 4 */
    assert_ok(cx, bram_block_description(cx, &nats, &g, label, &s));
    assert_near(nats, log(partition * 2 * 2 * 5), 1e-13); /* M + 1, twice within, once between */
    assert_ok(cx, bram_block_description(cx, &nats, &g, one, &s));
    assert_near(nats, log(4.0 * 7 * 15), 1e-13); /* C(6, 2) = 15 */
    s.kind = BRAM_BLOCK_CORRECTED; /* twice: 2!, 2 = 1 + 1, half for an edge within; C(3 + 1, 2) */
    assert_ok(cx, bram_block_description(cx, &nats, &g, label, &s));
    assert_near(nats, log(partition * (2 * 2 / 2) * (2 * 2 / 2) * 6), 1e-13);
    const size_t path[] = {1, 1, 1}, on[] = {0, 2, 3}; /* a star: degrees 3, 1, 1, 1 in one block */
    bram_edge_list star = {4, 3, path, on, NULL};
    assert_ok(cx, bram_block_description(cx, &nats, &star, one, &s)); /* 6! q(6, 4) = 9, 4! / 3! */
    assert_near(nats, log(4 * 720.0 * 9 * 4 / 6 / (6 * 8)), 1e-13);
    s.kind = BRAM_BLOCK_PLAIN; /* n_r^e_r twice, over 2 each */
    assert_ok(cx, bram_block_description(cx, &nats, &g, label, &s));
    assert_near(nats, log(partition * 4 * 4 / (2 * 2) * 6), 1e-13);
    s.kind = BRAM_BLOCK_BERNOULLI, s.beta = 2, g.weight = weight; /* (S + 2)^2 / 2 within */
    assert_ok(cx, bram_block_description(cx, &nats, &g, label, &s));
    assert_near(nats, log(partition * 2 * 2 * 5 * (9.0 / 2) * (25.0 / 2)), 1e-13);
    s.beta = 0; /* the mean weight, which is 2 */
    double same = 0;
    assert_ok(cx, bram_block_description(cx, &same, &g, label, &s));
    assert_near(same, nats, 0);
    assert_int_equal(bram_block_description(cx, &same, &g, label, &shorter), BRAM_EUSAGE);
    bram_ctx_free(cx);
}

/* Of large counts: ln k! from the series is that of lgamma, C(10^6, 3 10^5) too. */
static void long_factorials(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct made m;
    make(&m, 128, 1, 0.9, 0, 1, 0);
    m.list.weight = NULL;
    double nats = 0, pairs = 128.0 * 127 / 2, e = (double)m.list.edges;
    size_t one[512] = {0};
    assert_true(e > BRAM_BLOCK_FACTORIALS);
    assert_ok(cx, bram_block_description(cx, &nats, &m.list, one, &bernoulli));
    double expected = log(128) + log(pairs + 1) + lgamma(pairs + 1) - lgamma(e + 1) -
                      lgamma(pairs - e + 1);
    assert_near(nats, expected, 1e-9); /* lgamma(8129) is 65,000: 1e-14 of it */
    bram_ctx_free(cx);
}

/* Costs of moves and mergers are the differences of recounted lengths. */
static void changes_are_differences(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct made m;
    make(&m, 30, 3, 0.6, 0.2, 2, 0);
    for (int kind = 0; kind < 3; kind++) {
        bram_block_settings settings = kind == 0 ? plain : kind == 1 ? corrected : bernoulli;
        bram_block_graph g;
        bram_block_state s, fresh;
        size_t label[30];
        assert_ok(cx, bram_block_graph_make(cx, &g, &m.list, &settings));
        assert_ok(cx, bram_block_state_make(cx, &s, &g, 5));
        assert_ok(cx, bram_block_state_make(cx, &fresh, &g, 5));
        for (size_t i = 0; i < 30; i++) label[i] = i ? i % 4 : 4; /* node 0 is alone */
        bram_block_state_fill(&s, label);
        for (size_t node = 0; node < 30; node += 6) {
            double before = bram_block_state_length(&s);
            size_t home = s.label[node], next = (home + 1) % 5;
            bram_block_take_out(&s, node);
            double change = bram_block_put_cost(&s, node, next) -
                            bram_block_put_cost(&s, node, home);
            bram_block_put_in(&s, node, next);
            bram_block_state_fill(&fresh, s.label);
            assert_int_equal(fresh.blocks, s.blocks);
            assert_near(bram_block_state_length(&s), bram_block_state_length(&fresh), 1e-9);
            assert_near(bram_block_state_length(&fresh) - before, change, 1e-9);
        }
        bram_block_state_fill(&s, label);
        double before = bram_block_state_length(&s), cost = bram_block_merge_cost(&s, 1, 3);
        for (size_t i = 0; i < 30; i++)
            if (label[i] == 3) label[i] = 1;
        bram_block_state_fill(&s, label);
        assert_near(bram_block_state_length(&s) - before, cost, 1e-9);
    }
    bram_ctx_free(cx);
}

static void planted_communities_are_found(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct made m;
    bram_block_fit_result r;
    size_t label[512];
    double truth;
    make(&m, 100, 4, 0.5, 0.08, 1, 0);
    m.list.weight = NULL;
    assert_ok(cx, bram_block_fit(cx, label, &r, &m.list, &plain));
    assert_int_equal(r.blocks, 4);
    assert_near(agreement(label, m.truth, 100), 1, 0);
    assert_ok(cx, bram_block_description(cx, &truth, &m.list, m.truth, &plain));
    assert_near(r.nats, truth, 1e-9);
    make(&m, 60, 3, 2, 2, 4, 0); /* every pair an edge: only weights tell */
    for (int kind = 0; kind < 2; kind++) {
        assert_ok(cx, bram_block_fit(cx, label, &r, &m.list, kind ? &bernoulli : &shorter));
        assert_int_equal(r.blocks, 3);
        assert_near(agreement(label, m.truth, 60), 1, 0);
    }
    /* edges go to the other block: a bipartite graph has two blocks, too */
    make(&m, 60, 2, 0.02, 0.4, 1, 0);
    assert_ok(cx, bram_block_fit(cx, label, &r, &m.list, &shorter));
    assert_int_equal(r.blocks, 2);
    assert_near(agreement(label, m.truth, 60), 1, 0);
    bram_ctx_free(cx);
}

/* Nodes with few and with many edges: the plain kind tells them apart, the corrected does not. */
static void uneven_degrees(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct made m;
    bram_block_fit_result r, p, best;
    size_t label[512];
    make(&m, 400, 4, 0.02, 0.0008, 1, 2);
    m.list.weight = NULL;
    assert_ok(cx, bram_block_fit(cx, label, &p, &m.list, &plain));
    assert_true(p.blocks > 4);
    assert_ok(cx, bram_block_fit(cx, label, &r, &m.list, &corrected));
    assert_int_equal(r.blocks, 4);
    assert_true(agreement(label, m.truth, 400) > 0.95);
    assert_ok(cx, bram_block_fit(cx, label, &best, &m.list, &shorter));
    assert_near(best.nats, fmin(p.nats, r.nats), 0);
    bram_ctx_free(cx);
}

/* Noise has no communities: one block. */
static void noise_is_one_block(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct made m;
    bram_block_fit_result r;
    size_t label[512];
    make(&m, 100, 2, 0.2, 0.2, 1, 0);
    assert_ok(cx, bram_block_fit(cx, label, &r, &m.list, &shorter));
    assert_int_equal(r.blocks, 1);
    for (size_t i = 0; i < 100; i++) assert_int_equal(label[i], 0);
    bram_ctx_free(cx);
}

static void threads_and_seeds(void **state)
{
    (void)state;
    bram_ctx *one = bram_ctx_new(), *many = bram_ctx_new();
    static struct made m;
    bram_block_fit_result a, b;
    size_t x[512], y[512];
    bram_ctx_set_threads(many, 4);
    make(&m, 90, 5, 0.4, 0.2, 2, 0.1);
    assert_ok(one, bram_block_fit(one, x, &a, &m.list, &shorter));
    assert_ok(many, bram_block_fit(many, y, &b, &m.list, &shorter));
    assert_memory_equal(x, y, 90 * sizeof *x);
    assert_memory_equal(&a.nats, &b.nats, sizeof a.nats);
    bram_ctx_free(one);
    bram_ctx_free(many);
}

static void pairs_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* blocks {0, 1, 2} with two edges, {3, 4} with none, one edge between; node 4 has none */
    const size_t from[] = {0, 1, 2}, to[] = {1, 2, 3}, label[] = {0, 0, 0, 1, 1};
    bram_edge_list g = {5, 3, from, to, NULL};
    const size_t a[] = {0, 0, 3, 4}, b[] = {2, 4, 4, 2}, bad[] = {0, 0, 3, 5};
    double score[4] = {0};
    assert_ok(cx, bram_block_pair_scores(cx, score, &g, label, &plain, a, b, 4));
    const double rate[] = {3.0 / 5, 2.0 / 8, 1.0 / 3, 2.0 / 8};
    for (size_t i = 0; i < 4; i++) assert_near(score[i], rate[i], 1e-15);
    assert_ok(cx, bram_block_pair_scores(cx, score, &g, label, &corrected, a, b, 4));
    /* k = 1, 2, 2, 1, 0; e = 5, 1; within the first e_rr = 4: 1 * 2 * 4 / 25 */
    const double expected[] = {8.0 / 25, 0, 0, 0};
    for (size_t i = 0; i < 4; i++) assert_near(score[i], expected[i], 1e-15);
    assert_int_equal(bram_block_pair_scores(cx, score, &g, label, &plain, a, bad, 4), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void small_graphs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_block_fit_result r;
    size_t label[9] = {9, 9, 9, 9, 9, 9, 9, 9, 9};
    bram_edge_list g = {1, 0, NULL, NULL, NULL};
    for (g.nodes = 1; g.nodes <= 9; g.nodes += 4) {
        assert_ok(cx, bram_block_fit(cx, label, &r, &g, &shorter));
        assert_int_equal(r.blocks, 1);
        for (size_t i = 0; i < g.nodes; i++) assert_int_equal(label[i], 0);
    }
    const size_t from[] = {0}, to[] = {1};
    g = (bram_edge_list){2, 1, from, to, NULL};
    assert_ok(cx, bram_block_fit(cx, label, &r, &g, &shorter));
    assert_int_equal(r.blocks, 1);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_block_fit_result r = {.blocks = 77};
    size_t label[3] = {9, 9, 9}, from[] = {0, 1}, to[] = {1, 2};
    double weight[] = {1, NAN};
    bram_edge_list g = {3, 2, from, to, weight};
    bram_block_settings none = plain, odd = plain;
    none.restarts = 0, odd.beta = NAN;
    for (int k = 0; k < 3; k++, weight[1] = k == 1 ? 0 : INFINITY)
        assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ENUMERIC);
    g.weight = NULL;
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &none), BRAM_EUSAGE);
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &odd), BRAM_ENUMERIC);
    to[1] = 3;
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ESHAPE);
    to[1] = 1;
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ESHAPE);
    to[1] = 0; /* 1 to 0 is 0 to 1 again */
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "joined twice"));
    g.nodes = 0;
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ESHAPE);
    assert_int_equal(r.blocks, 77);
    for (size_t i = 0; i < 3; i++) assert_int_equal(label[i], 9);
    int stop = 1;
    g.nodes = 3, to[1] = 2;
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(bram_block_fit(cx, label, &r, &g, &plain), BRAM_ECANCEL);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_by_hand),
        cmocka_unit_test(long_factorials),
        cmocka_unit_test(changes_are_differences),
        cmocka_unit_test(planted_communities_are_found),
        cmocka_unit_test(uneven_degrees),
        cmocka_unit_test(noise_is_one_block),
        cmocka_unit_test(threads_and_seeds),
        cmocka_unit_test(pairs_by_hand),
        cmocka_unit_test(small_graphs),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
