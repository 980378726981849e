/*
 * Tests of benchmarks/link_split.c, link_draw.c and link_file.c, and of the task "links": what a
 * split promises, for every scheme, and that it survives a file.
 */
#include "link_score.h"
#include "link_split.h"
#include "simulate.h"

#include "cell_test.h"

#include <bramble/rng.h>

enum { NODES = 60, MANY = 4000 };

static const bram_param table[] = {BRAM_LINK_SPLIT_PARAMS, {.name = NULL}};

/* Nodes on a line, linked when they are near; and a few with many edges. */
static bram_graph *make(bram_ctx *cx, bool directed, double *position)
{
    static uint32_t from[MANY], to[MANY];
    bram_rng rng = bram_rng_new(11, "test/split");
    size_t edges = 0;
    bram_graph *g = NULL;
    for (uint32_t i = 0; i < NODES; i++) {
        position[3 * i] = i, position[3 * i + 1] = position[3 * i + 2] = 0;
        for (uint32_t j = 0; j < NODES; j++) {
            double gap = fabs((double)i - (double)j), p = 0.6 * exp(-gap / 5);
            if (j < 4) p = 0.5;
            if (i != j && bram_rng_uniform(&rng) < p) from[edges] = i, to[edges++] = j;
        }
    }
    assert_ok(cx, bram_graph_new(cx, &g, NODES, directed, from, to, NULL, edges));
    g->position = position, g->dims = 3;
    return g;
}

static bram_link_split split(bram_ctx *cx, const bram_graph *g, const char *options)
{
    bram_options *o = NULL;
    bram_link_split s = {0};
    assert_ok(cx, bram_options_new(cx, &o, table, options));
    assert_ok(cx, bram_link_split_make(cx, &s, g, o));
    bram_options_free(o);
    return s;
}

/* Of every unordered pair of nodes: which sets its edges are in. */
static void check_sides(const bram_link_split *s, const bram_graph *g)
{
    static uint8_t seen[NODES][NODES];
    size_t edges = 0;
    memset(seen, 0, sizeof seen);
    for (size_t k = 0; k < s->pairs; k++) {
        uint32_t a = s->from[k], b = s->to[k];
        assert_true(a < s->nodes && b < s->nodes && a != b);
        assert_int_equal(s->edge[k], bram_graph_has(g, a, b));
        assert_true(s->directed || a < b);
        if (!s->edge[k]) {
            assert_int_equal(s->edge[s->query[k]], 1);
            assert_int_equal(s->set[s->query[k]], s->set[k]);
            assert_true(s->set[k] != BRAM_LINK_TRAIN);
            continue;
        }
        edges++;
        uint8_t *at = &seen[a < b ? a : b][a < b ? b : a];
        assert_true(*at == 0 || *at == 1 + s->set[k]); /* both directions on one side */
        *at = (uint8_t)(1 + s->set[k]);
    }
    assert_int_equal(edges, s->directed ? g->edges : g->edges / 2); /* each once */
}

static void every_scheme_keeps_its_promises(void **state)
{
    (void)state;
    static const char *const schemes[] = {"random", "degree", "distance", "spatial", "neuron"};
    bram_ctx *cx = bram_ctx_new();
    double position[3 * NODES];
    for (int directed = 0; directed < 2; directed++) {
        bram_graph *g = make(cx, directed, position);
        for (size_t k = 0; k < 5; k++) {
            char options[80];
            snprintf(options, sizeof options, "scheme=%s,negatives=3,radius=20", schemes[k]);
            bram_link_split s = split(cx, g, options), again = split(cx, g, options);
            check_sides(&s, g);
            for (int set = 1; set < 3; set++) {
                size_t with = bram_link_split_count(&s, (bram_link_set)set, 1);
                assert_int_equal(bram_link_split_count(&s, (bram_link_set)set, 0), 3 * with);
                assert_true(with > 0);
            }
            assert_int_equal(s.pairs, again.pairs);
            assert_memory_equal(s.from, again.from, s.pairs * sizeof *s.from);
            assert_memory_equal(s.to, again.to, s.pairs * sizeof *s.to);
            assert_memory_equal(s.set, again.set, s.pairs);
            bram_link_split_release(&again);
            strcat(options, ",split_seed=1");
            again = split(cx, g, options);
            assert_true(s.pairs != again.pairs ||
                        memcmp(s.to, again.to, s.pairs * sizeof *s.to) != 0);
            bram_link_split_release(&again);
            bram_link_split_release(&s);
        }
        bram_graph_free(g);
    }
    bram_ctx_free(cx);
}

/* The area under the ROC curve of a model on the test's pairs. */
static double auroc(bram_ctx *cx, const bram_graph *g, const char *options, const char *model)
{
    bram_link_split s = split(cx, g, options);
    bram_link_task t = {0};
    double *raw = NULL, value;
    size_t values, mark = bram_scratch_mark(cx);
    assert_ok(cx, bram_link_task_make(cx, &t, &s, BRAM_LINK_TEST, NULL, g->position));
    double *score = bram_scratch(cx, t.pairs, sizeof *score);
    assert_ok(cx, bram_link_task_ask(cx, score, &t, model, 0));
    bram_side m = bram_link_task_model(&t, score), b = bram_link_task_brain(&t);
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, "auroc", &m, &b, NULL));
    value = raw[0];
    bram_free(raw);
    bram_link_task_release(&t);
    bram_link_split_release(&s);
    bram_scratch_release(cx, mark);
    return value;
}

/* What a scheme matches tells nothing any more; without matching it does. */
static void matched_is_matched(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double position[3 * NODES];
    bram_graph *g = make(cx, true, position);
    const char *random = "test=0.4,negatives=20", *degree = "scheme=degree,test=0.4,negatives=20";
    const char *distance = "scheme=distance,test=0.4,negatives=20";
    assert_true(auroc(cx, g, random, "preferential-attachment") > 0.6);
    assert_true(fabs(auroc(cx, g, degree, "preferential-attachment") - 0.5) < 0.06);
    assert_true(auroc(cx, g, random, "distance") > 0.6);
    assert_true(fabs(auroc(cx, g, distance, "distance") - 0.5) < 0.03);
    /* of a node without an edge nothing is known but where it is */
    assert_near(auroc(cx, g, "scheme=neuron", "common-neighbours"), 0.5, 0);
    assert_true(auroc(cx, g, "scheme=neuron", "distance") > 0.5);
    bram_graph_free(g);
    bram_ctx_free(cx);
}

static void spatial_stays_within_the_radius(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double position[3 * NODES];
    bram_graph *g = make(cx, false, position);
    bram_link_split s = split(cx, g, "scheme=spatial,negatives=4,radius=15");
    double most = 0;
    for (size_t k = 0; k < s.pairs; k++) {
        if (s.edge[k]) continue;
        double gap = fabs(position[3 * s.from[k]] - position[3 * s.to[k]]);
        assert_true(gap <= 15);
        if (gap > most) most = gap;
    }
    assert_true(most > 12); /* and reaches it */
    bram_link_split_release(&s);
    bram_options *o = NULL;
    assert_ok(cx, bram_options_new(cx, &o, table, "scheme=spatial,radius=0.5"));
    assert_int_equal(bram_link_split_make(cx, &s, g, o), BRAM_ENOTAPPLICABLE); /* nobody is near */
    bram_options_free(o);
    g->position = NULL;
    assert_ok(cx, bram_options_new(cx, &o, table, "scheme=distance"));
    assert_int_equal(bram_link_split_make(cx, &s, g, o), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "positions"));
    bram_options_free(o);
    bram_graph_free(g);
    bram_ctx_free(cx);
}

static void graphs_that_cannot_be_cut(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    bram_link_split s = {0};
    bram_graph *g = NULL;
    const uint32_t from[] = {0, 1, 2}, to[] = {1, 2, 0};
    assert_ok(cx, bram_options_new(cx, &o, table, "test=0.34,validation=0.33"));
    assert_ok(cx, bram_graph_new(cx, &g, 3, false, from, to, NULL, 0));
    assert_int_equal(bram_link_split_make(cx, &s, g, o), BRAM_ENOTAPPLICABLE); /* no edge */
    bram_graph_free(g);
    assert_ok(cx, bram_graph_new(cx, &g, 3, false, from, to, NULL, 3)); /* no pair without one */
    assert_int_equal(bram_link_split_make(cx, &s, g, o), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "without an edge"));
    assert_null(s.from);
    bram_graph_free(g);
    bram_options_free(o);
    bram_ctx_free(cx);
}

static void a_split_survives_a_file(void **state)
{
    (void)state;
    char path[256];
    bram_ctx *cx = bram_ctx_new();
    double position[3 * NODES], *back = NULL;
    const char *ids[NODES];
    static char id[NODES][8];
    bram_graph *g = make(cx, true, position);
    bram_axis *nodes = NULL;
    bram_options *o = NULL;
    bram_dataset *ds = NULL;
    for (size_t i = 0; i < NODES; i++) snprintf(id[i], sizeof id[i], "n%zu", i), ids[i] = id[i];
    position[5] = NAN;
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", NODES));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, ids));
    assert_ok(cx, bram_options_new(cx, &o, table, "scheme=degree"));
    bram_link_split s = split(cx, g, "scheme=degree"), read = {0};
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_link_split_put(cx, ds, &s, nodes, position, o));
    test_temporary(path, "split.h5");
    assert_ok(cx, bram_dataset_write(cx, ds, path, true));
    bram_dataset_free(ds);
    ds = NULL;
    const bram_axis *node = NULL;
    assert_ok(cx, bram_dataset_open(cx, &ds, path));
    assert_ok(cx, bram_link_split_get(cx, &read, &node, &back, ds));
    assert_int_equal(read.pairs, s.pairs);
    assert_int_equal(read.nodes, NODES);
    assert_true(read.directed);
    assert_memory_equal(read.from, s.from, s.pairs * sizeof *s.from);
    assert_memory_equal(read.to, s.to, s.pairs * sizeof *s.to);
    assert_memory_equal(read.query, s.query, s.pairs * sizeof *s.query);
    assert_memory_equal(read.edge, s.edge, s.pairs);
    assert_memory_equal(read.set, s.set, s.pairs);
    assert_string_equal(bram_axis_id(node, 7), "n7");
    assert_near(back[3 * 9], 9, 0);
    assert_true(isnan(back[5]));
    bram_link_split_release(&read);
    bram_dataset_free(ds);
    unlink(path);
    /* not a split; numbers that cannot be */
    ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_int_equal(bram_link_split_get(cx, &read, &node, &back, ds), BRAM_EFORMAT);
    s.to[3] = NODES;
    assert_ok(cx, bram_link_split_put(cx, ds, &s, nodes, NULL, o));
    assert_int_equal(bram_link_split_get(cx, &read, &node, &back, ds), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "pair.to, row 3"));
    bram_dataset_free(ds);
    bram_link_split_release(&s);
    bram_options_free(o);
    bram_axis_free(nodes);
    bram_graph_free(g);
    bram_ctx_free(cx);
}

static void the_task_scores_beside_chance_and_floors(void **state)
{
    (void)state;
    static char auc[] = "auroc", hits[] = "hits:k=20", mrr[] = "mrr";
    static char *metrics[] = {auc, hits, mrr};
    const char *id = "auroc:diagonal=exclude,threshold=0";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *worm = NULL, *one = NULL, *two = NULL;
    assert_ok(cx, bram_simulate(cx, &worm, "simulated-worm", 1));
    bram_benchmark b = test_benchmark(cx, "links", metrics, 3,
                                      "layers=chemical+gap,negatives=5,samples=50");
    assert_ok(cx, test_cell(cx, &one, &b, worm, "simulated", "adamic-adar"));
    assert_near(test_number(one, id, "chance"), 0.5, 0);
    assert_true(test_number(one, id, "low") <= test_number(one, id, "value"));
    assert_near(test_number(one, "mrr:ties=mid,diagonal=exclude,threshold=0", "chance"),
                (1 + 1 / 2. + 1 / 3. + 1 / 4. + 1 / 5. + 1 / 6.) / 6, 1e-12);
    assert_true(isfinite(test_number(one, id, "floor_degrees")));
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, test_cell(cx, &two, &b, worm, "simulated", "adamic-adar"));
    char hex[2][65];
    assert_ok(cx, bram_dataset_hash(cx, one, hex[0]));
    assert_ok(cx, bram_dataset_hash(cx, two, hex[1]));
    assert_string_equal(hex[0], hex[1]); /* the same bits */
    bram_dataset_free(one);
    bram_dataset_free(two);
    assert_int_equal(test_cell(cx, &one, &b, worm, "simulated", "var"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(test_cell(cx, &one, &b, worm, "simulated", "distance"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(test_cell(cx, &one, &b, worm, "nobody", "katz"), BRAM_EABSENT);
    bram_options_free(b.options);
    b = test_benchmark(cx, "links", metrics, 3, "layers=dendritic");
    assert_int_equal(test_cell(cx, &one, &b, worm, "simulated", "katz"), BRAM_EABSENT);
    bram_options_free(b.options);
    bram_dataset_free(worm);
    bram_ctx_free(cx);
}

/* Scores on any scale become probabilities by the validation pairs; the floors as well. */
static void the_task_calibrates_for_probabilities(void **state)
{
    (void)state;
    static char brier[] = "brier", loss[] = "log-loss", auc[] = "auroc";
    static char *metrics[] = {brier, loss, auc};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *worm = NULL, *pa = NULL, *result = NULL;
    assert_ok(cx, bram_simulate(cx, &worm, "simulated-worm", 1));
    bram_benchmark b = test_benchmark(cx, "links", metrics, 3, "negatives=4,samples=0");
    assert_ok(cx, test_cell(cx, &pa, &b, worm, "simulated", "preferential-attachment"));
    assert_near(test_number(pa, "brier", "chance"), 0.2 * 0.8, 1e-15);
    assert_near(test_number(pa, "log-loss", "chance"), -0.2 * log(0.2) - 0.8 * log(0.8), 1e-14);
    /* the degrees tell little of this graph, and calibrated scores claim no more than they tell */
    assert_near(test_number(pa, "brier", "value"), 0.16, 0.02);
    assert_near(test_number(pa, "brier", "value"), test_number(pa, "brier", "floor_degrees"), 0);
    bram_dataset_free(pa);
    bram_options_free(b.options);
    b = test_benchmark(cx, "links", metrics, 1, "set=validation");
    assert_int_equal(test_cell(cx, &result, &b, worm, "simulated", "katz"), BRAM_EUSAGE);
    bram_options_free(b.options);
    b = test_benchmark(cx, "links", metrics, 1, "validation=0");
    assert_int_equal(test_cell(cx, &result, &b, worm, "simulated", "katz"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "validation pairs"));
    bram_options_free(b.options);
    assert_null(result);
    bram_dataset_free(worm);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scheme_keeps_its_promises),
        cmocka_unit_test(matched_is_matched),
        cmocka_unit_test(spatial_stays_within_the_radius),
        cmocka_unit_test(graphs_that_cannot_be_cut),
        cmocka_unit_test(a_split_survives_a_file),
        cmocka_unit_test(the_task_scores_beside_chance_and_floors),
        cmocka_unit_test(the_task_calibrates_for_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
