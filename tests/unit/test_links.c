/*
 * Link predictors (baselines/links.h and the models on it) and graphs (core/graph.c). References:
 * networkx 3.6.1 (common_neighbors, adamic_adar_index, resource_allocation_index,
 * preferential_attachment) and numpy 2.4 (inverse, svd) on the karate club of Zachary 1977 and on a
 * small directed graph; block models by hand.
 */
#include <bramble/model.h>
#include <bramble/rng.h>

#include "test.h"

enum { KARATE = 34, EDGES = 78, ASKED = 7 };
static const uint32_t karate_from[] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  1,  1,  1,  1,
    1,  1,  1,  1,  2,  2,  2,  2,  2,  2,  2,  2,  3,  3,  3,  4,  4,  5,  5,  5,
    6,  8,  8,  8,  9,  13, 14, 14, 15, 15, 18, 18, 19, 20, 20, 22, 22, 23, 23, 23,
    23, 23, 24, 24, 24, 25, 26, 26, 27, 28, 28, 29, 29, 30, 30, 31, 31, 32};
static const uint32_t karate_to[] = {1,  2,  3,  4,  5,  6,  7,  8,  10, 11, 12, 13, 17, 19, 21, 31,
                                     2,  3,  7,  13, 17, 19, 21, 30, 3,  7,  8,  9,  13, 27, 28, 32,
                                     7,  12, 13, 6,  10, 6,  10, 16, 16, 30, 32, 33, 33, 33, 32, 33,
                                     32, 33, 32, 33, 33, 32, 33, 32, 33, 25, 27, 29, 32, 33, 25, 27,
                                     31, 31, 29, 33, 33, 31, 33, 32, 33, 32, 33, 32, 33, 33};
static const uint32_t ask_from[ASKED] = {0, 0, 2, 15, 4, 11, 1};
static const uint32_t ask_to[ASKED] = {33, 9, 32, 20, 10, 26, 30};

/* 0 -> 1, 2; 1 -> 2, 3; 2 -> 3, 4; 3 -> 4; 4 -> 0; 5 -> 3 */
static const uint32_t arc_from[] = {0, 0, 1, 2, 3, 4, 2, 5, 1};
static const uint32_t arc_to[] = {1, 2, 3, 3, 4, 0, 4, 3, 2};

static bram_graph *graph(bram_ctx *cx, size_t nodes, bool directed, const uint32_t *from,
                         const uint32_t *to, size_t edges)
{
    bram_graph *g = NULL;
    assert_ok(cx, bram_graph_new(cx, &g, nodes, directed, from, to, NULL, edges));
    return g;
}

/* Scores of pairs by a model that is fitted on the graph. */
static void predict(bram_ctx *cx, double *out, const char *spec, const bram_graph *g,
                    const uint32_t *from, const uint32_t *to, size_t pairs)
{
    bram_panel panel = {.graph = g};
    bram_query q = {.ask = BRAM_ASK_LINKS, .panel = &panel, .from = from, .to = to, .pairs = pairs};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    assert_ok(cx, bram_fitted_new(cx, &f, spec, &panel, NULL, 1));
    assert_ok(cx, bram_fitted_answer(cx, &answer, f, &q));
    bram_response *r = bram_dataset_response(answer, "score");
    memcpy(out, bram_response_f64(r), pairs * sizeof *out);
    bram_dataset_free(answer);
    bram_fitted_free(f);
}

static void a_graph_is_sorted_and_summed(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_graph *g = NULL;
    const uint32_t from[] = {2, 0, 2, 1, 1, 0}, to[] = {0, 2, 0, 1, 0, 1};
    const double weight[] = {1, 2, 4, 8, 16, 32};
    assert_ok(cx, bram_graph_new(cx, &g, 4, true, from, to, weight, 6));
    assert_int_equal(g->edges, 4); /* 2 -> 0 once, 1 -> 1 not at all */
    const size_t first[] = {0, 2, 3, 4, 4};
    const uint32_t node[] = {1, 2, 0, 0};
    const double sums[] = {32, 2, 16, 5};
    for (size_t i = 0; i < 5; i++) assert_int_equal(g->out.first[i], first[i]);
    for (size_t e = 0; e < 4; e++) {
        assert_int_equal(g->out.node[e], node[e]);
        assert_near(g->out.weight[e], sums[e], 0);
    }
    assert_int_equal(g->in.first[1], 2);
    assert_near(g->in.weight[0], 16, 0); /* from 1, then 5 from 2 */
    assert_near(g->in.weight[1], 5, 0);
    assert_int_equal(bram_graph_degree(g, 0), 4);
    assert_true(bram_graph_has(g, 2, 0) && !bram_graph_has(g, 2, 1) && !bram_graph_has(g, 3, 0));
    bram_graph_free(g);
    assert_ok(cx, bram_graph_new(cx, &g, 4, false, from, to, weight, 6));
    assert_int_equal(g->edges, 4); /* 0 - 1 and 0 - 2, both ways */
    assert_near(g->out.weight[0], 48, 0);
    assert_int_equal(bram_graph_degree(g, 0), 2);
    bram_graph_free(g);
    assert_ok(cx, bram_graph_new(cx, &g, 0, true, NULL, NULL, NULL, 0));
    bram_graph_free(g);
    bram_graph *untouched = NULL;
    assert_int_equal(bram_graph_new(cx, &untouched, 2, true, from, to, NULL, 1), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "below 2"));
    const double bad = NAN;
    assert_int_equal(bram_graph_new(cx, &untouched, 3, true, from, to, &bad, 1), BRAM_ENUMERIC);
    assert_null(untouched);
    bram_ctx_free(cx);
}

static void reference_values(void **state)
{
    (void)state;
    const struct {
        const char *spec;
        double expected[ASKED], tolerance;
    } cases[] = {
        {"common-neighbours", {4, 1, 1, 2, 1, 0, 0}, 0},
        {"adamic-adar",
         {2.7110197222973085, 0.43429448190325176, 0.6213349345596119, 0.7553857282466059,
          0.36067376022224085, 0, 0},
         1e-15},
        {"resource-allocation", {0.9, 0.1, 0.2, 0.14215686274509803, 0.0625, 0, 0}, 1e-15},
        {"preferential-attachment", {272, 32, 120, 4, 9, 2, 36}, 0},
        {"katz:beta=0.05,length=100", /* (I - beta A)^-1 - I; the rest is below 0.34^101 */
         {0.013813214148235605, 0.004195677145445035, 0.0580212679665981, 0.0056310263517474765,
          0.05374964291257869, 3.789084024244308e-05, 0.052810121584613595},
         1e-15},
        {"spectral:rank=3,iterations=100",
         {-0.5622655402178101, 0.3267329226481859, 0.4121585006594145, 0.02280316619601139,
          0.11767618796302119, -0.04583447757771023, 0.2715056167960603},
         1e-12},
        /* the third and fourth singular value are 0.7146 and 0.7130: many steps tell them apart */
        {"spectral:rank=3,iterations=400,normalize=degree",
         {-0.03844981638806314, 0.04161939877839673, 0.06197804404036379, -0.014267319477772931,
          0.0808619476965752, -0.004235107074492478, 0.05314445448833435},
         1e-12}};
    bram_ctx *cx = bram_ctx_new();
    bram_graph *g = graph(cx, KARATE, false, karate_from, karate_to, EDGES);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double score[ASKED];
        predict(cx, score, cases[c].spec, g, ask_from, ask_to, ASKED);
        for (size_t k = 0; k < ASKED; k++)
            if (!(fabs(score[k] - cases[c].expected[k]) <= cases[c].tolerance))
                fail_msg("%s: pair %zu: %.17g, expected %.17g", cases[c].spec, k, score[k],
                         cases[c].expected[k]);
    }
    bram_graph_free(g);
    bram_ctx_free(cx);
}

/* Paths of length two, a node's degree being that of both directions; walks; the SVD. */
static void a_direction_is_heeded(void **state)
{
    (void)state;
    const uint32_t from[] = {0, 0, 0, 0, 0, 3}, to[] = {1, 2, 3, 4, 5, 0};
    const struct {
        const char *spec;
        double expected[6], tolerance;
    } cases[] = {
        {"common-neighbours", {0, 1, 2, 1, 0, 1}, 0},
        {"resource-allocation", {0, 1 / 3.0, 1 / 3.0 + 1 / 4.0, 0.25, 0, 1 / 3.0}, 1e-15},
        {"preferential-attachment", {2, 4, 6, 4, 0, 1}, 0},
        {"katz:beta=0.1,length=4", {0.1001, 0.1101, 0.021, 0.0131, 0, 0.01}, 1e-12},
        {"spectral:rank=2,iterations=200",
         {0.632124203681755, 1.0322169901982836, 0.23485360754955176, -0.3796472746730878, 0, NAN},
         1e-12}};
    bram_ctx *cx = bram_ctx_new();
    bram_graph *g = graph(cx, 6, true, arc_from, arc_to, 9);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double score[6];
        predict(cx, score, cases[c].spec, g, from, to, 6);
        for (size_t k = 0; k < 6; k++)
            if (fabs(score[k] - cases[c].expected[k]) > cases[c].tolerance)
                fail_msg("%s: pair %zu: %.17g, expected %.17g", cases[c].spec, k, score[k],
                         cases[c].expected[k]);
    }
    bram_graph_free(g);
    bram_ctx_free(cx);
}

static void blocks_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* two triangles and an edge between them: degrees 2 2 3 3 2 2, 7 a block, 6 ends within */
    const uint32_t from[] = {0, 0, 1, 3, 3, 4, 2}, to[] = {1, 2, 2, 4, 5, 5, 3};
    const uint32_t a[] = {0, 2, 0, 3}, b[] = {1, 3, 4, 5};
    double score[4];
    bram_graph *g = graph(cx, 6, false, from, to, 7);
    predict(cx, score, "sbm:blocks=2,starts=20", g, a, b, 4);
    assert_near(score[0], 2 * 2 * 6 / 49.0, 1e-15);
    assert_near(score[1], 3 * 3 * 1 / 49.0, 1e-15);
    assert_near(score[2], 2 * 2 * 1 / 49.0, 1e-15);
    assert_near(score[3], 3 * 2 * 6 / 49.0, 1e-15);
    predict(cx, score, "sbm:blocks=1", g, a, b, 4); /* degrees alone: k_i k_j / 2m */
    assert_near(score[1], 3 * 3 / 14.0, 1e-15);
    bram_graph_free(g);
    bram_ctx_free(cx);
}

/* Four groups of 30 with many edges within and few between: their number is found, too. */
static void planted_blocks_are_found(void **state)
{
    (void)state;
    enum { N = 120, GROUP = 30 };
    bram_ctx *cx = bram_ctx_new();
    bram_rng rng = bram_rng_new(3, "test/blocks");
    uint32_t *from = calloc(N * N, sizeof *from), *to = calloc(N * N, sizeof *to);
    size_t edges = 0;
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = 0; j < N; j++) {
            double p = i / GROUP == j / GROUP ? 0.4 : (i / GROUP + 1) % 4 == j / GROUP ? 0.2 : 0.02;
            if (i != j && bram_rng_uniform(&rng) < p) from[edges] = i, to[edges++] = j;
        }
    bram_graph *g = graph(cx, N, true, from, to, edges);
    /* 0 and 1 are of one block; 0 -> 30 is a dense pair of blocks, 0 -> 90 a sparse one */
    const uint32_t a[] = {0, 0, 0}, b[] = {1, 30, 90};
    double all[3], four[3];
    predict(cx, all, "sbm", g, a, b, 3);
    predict(cx, four, "sbm:blocks=4,starts=4", g, a, b, 3);
    for (size_t k = 0; k < 3; k++) assert_near(all[k], four[k], 0); /* 4 of 1, 2, 4, 8, 16 */
    assert_true(all[0] > 0.25 && all[0] < 0.6);
    assert_true(all[1] > 0.1 && all[1] < 0.35);
    assert_true(all[2] < 0.05);
    bram_graph_free(g);
    free(from), free(to);
    bram_ctx_free(cx);
}

static void nearness_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const uint32_t from[] = {0, 1}, to[] = {1, 2}, a[] = {0, 0, 3}, b[] = {2, 1, 0};
    const double position[] = {0, 0, 3, 4, 3, 16, NAN, NAN}; /* edges of length 5 and 12 */
    double score[3];
    bram_graph *g = graph(cx, 4, false, from, to, 2);
    bram_fitted *f = NULL;
    bram_panel panel = {.graph = g};
    assert_int_equal(bram_fitted_new(cx, &f, "distance", &panel, NULL, 1), BRAM_ENOTAPPLICABLE);
    g->position = position, g->dims = 2;
    predict(cx, score, "distance", g, a, b, 3);
    assert_near(score[0], -sqrt(9 + 256), 1e-15);
    assert_near(score[1], -5, 0);
    assert_near(score[2], -8.5, 0); /* unknown: the mean edge */
    bram_graph_free(g);
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_graph *g = graph(cx, 6, true, arc_from, arc_to, 9);
    bram_panel panel = {.graph = g}, none = {0};
    const uint32_t a[] = {0, 6};
    bram_query q = {.ask = BRAM_ASK_LINKS, .panel = &panel, .from = a, .to = a, .pairs = 2};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    assert_int_equal(bram_fitted_new(cx, &f, "katz", &none, NULL, 1), BRAM_ENOTAPPLICABLE);
    assert_int_equal(bram_fitted_new(cx, &f, "katz:beta=2", &panel, NULL, 1), BRAM_EUSAGE);
    assert_ok(cx, bram_fitted_new(cx, &f, "katz", &panel, NULL, 1));
    assert_int_equal(bram_fitted_answer(cx, &answer, f, &q), BRAM_ESHAPE);
    assert_non_null(strstr(bram_ctx_message(cx), "(6, 6)"));
    assert_null(answer);
    bram_fitted_free(f);
    bram_graph *other = graph(cx, 3, true, NULL, NULL, 0);
    bram_panel smaller = {.graph = other};
    const char *const fitted[] = {"sbm", "spectral"};
    for (size_t k = 0; k < 2; k++) {
        f = NULL;
        assert_ok(cx, bram_fitted_new(cx, &f, fitted[k], &panel, NULL, 1));
        q.panel = &smaller, q.pairs = 1;
        assert_int_equal(bram_fitted_answer(cx, &answer, f, &q), BRAM_ESHAPE);
        bram_fitted_free(f);
    }
    bram_graph_free(other);
    bram_graph_free(g);
    bram_ctx_free(cx);
}

/* A graph without an edge, and one of a single node: every score is a number. */
static void nothing_to_learn_from(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "common-neighbours",         "adamic-adar", "resource-allocation",
        "preferential-attachment",   "katz",        "spectral",
        "spectral:normalize=degree", "sbm"};
    bram_ctx *cx = bram_ctx_new();
    for (size_t nodes = 1; nodes < 4; nodes++) {
        bram_graph *g = graph(cx, nodes, nodes == 2, NULL, NULL, 0);
        const uint32_t a = 0, b = (uint32_t)nodes - 1;
        for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
            double score = NAN;
            predict(cx, &score, specs[k], g, &a, &b, 1);
            assert_near(score, 0, 0);
        }
        bram_graph_free(g);
    }
    bram_ctx_free(cx);
}

static void scores_of_ones_own(void **state)
{
    (void)state;
    char path[256], spec[300];
    bram_ctx *cx = bram_ctx_new();
    bram_axis *node = NULL;
    const char *ids[] = {"a", "b", "c"};
    const uint32_t from[] = {0, 2, 1}, to[] = {1, 0, 2};
    double score[3];
    assert_ok(cx, bram_axis_new(cx, &node, "nodes", 3));
    assert_ok(cx, bram_axis_set_ids(cx, node, ids));
    test_temporary(path, "scores.csv");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("to,from,score\nb,a,0.5\na,c,-2\n", file);
    fclose(file);
    snprintf(spec, sizeof spec, "link-scores:%s", path);
    bram_graph *g = graph(cx, 3, false, NULL, NULL, 0);
    bram_panel panel = {.graph = g};
    bram_fitted *f = NULL;
    assert_int_equal(bram_fitted_new(cx, &f, spec, &panel, NULL, 1), BRAM_ENOTAPPLICABLE);
    g->node = node;
    predict(cx, score, spec, g, from, to, 2);
    assert_near(score[0], 0.5, 0);
    assert_near(score[1], -2, 0);
    bram_query q = {.ask = BRAM_ASK_LINKS, .panel = &panel, .from = from, .to = to, .pairs = 3};
    bram_dataset *answer = NULL;
    assert_ok(cx, bram_fitted_new(cx, &f, spec, &panel, NULL, 1));
    assert_int_equal(bram_fitted_answer(cx, &answer, f, &q), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "from b to c"));
    bram_fitted_free(f);
    file = fopen(path, "w");
    fputs("from,to,score\nb,d,0.5\n", file);
    fclose(file);
    f = NULL;
    assert_int_equal(bram_fitted_new(cx, &f, spec, &panel, NULL, 1), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "line 2: \"d\""));
    assert_null(f);
    unlink(path);
    bram_graph_free(g);
    bram_axis_free(node);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_is_sorted_and_summed), cmocka_unit_test(reference_values),
        cmocka_unit_test(a_direction_is_heeded),        cmocka_unit_test(blocks_by_hand),
        cmocka_unit_test(planted_blocks_are_found),     cmocka_unit_test(nearness_by_hand),
        cmocka_unit_test(what_is_wrong_is_said),        cmocka_unit_test(nothing_to_learn_from),
        cmocka_unit_test(scores_of_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
