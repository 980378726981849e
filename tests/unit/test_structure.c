/*
 * Tests of core/rewire.c, benchmarks/structure.c and effects.c, and of the task "graph" on them:
 * degrees are kept, every graph of the same degrees is as likely, pushes of a linear model by hand.
 */
#include "data.h"
#include "effects.h"
#include "rewire.h"
#include "structure.h"

#include "cell_test.h"

#include <bramble/rng.h>

enum { NODES = 40, ROWS = 400, UNITS = 3 };

static void count_degrees(size_t *degree, const bram_edge_list *e)
{
    memset(degree, 0, 2 * e->nodes * sizeof *degree);
    for (size_t k = 0; k < e->count; k++) {
        degree[e->from[k]]++;
        degree[e->directed ? e->nodes + e->to[k] : e->to[k]]++;
    }
}

static void degrees_are_kept(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(4, "test/rewire");
    for (int directed = 0; directed < 2; directed++) {
        static uint32_t from[NODES * NODES], to[NODES * NODES], old_to[NODES * NODES];
        static uint8_t allowed[NODES * NODES], seen[NODES * NODES];
        bram_edge_list e = {NODES, 0, from, to, directed};
        size_t before[2 * NODES], after[2 * NODES], moved = 0;
        for (uint32_t i = 0; i < NODES; i++)
            for (uint32_t j = directed ? 0 : i + 1; j < NODES; j++)
                if (i != j && bram_rng_below(&g, 5) == 0) from[e.count] = i, to[e.count++] = j;
        memcpy(old_to, to, sizeof to);
        count_degrees(before, &e);
        memset(allowed, 1, sizeof allowed);
        for (size_t k = 0; k < 200; k++) { /* some pairs are unknown */
            size_t i = bram_rng_below(&g, NODES), j = bram_rng_below(&g, NODES);
            bool used = false;
            for (size_t m = 0; m < e.count; m++)
                used = used || (from[m] == i && to[m] == j) || (from[m] == j && to[m] == i);
            if (!used) allowed[i * NODES + j] = allowed[j * NODES + i] = 0;
        }
        bram_rng draw = bram_rng_new(9, "test/rewire/draw");
        assert_ok(cx, bram_rewire(cx, &e, allowed, &draw));
        count_degrees(after, &e);
        assert_memory_equal(before, after, sizeof before);
        memset(seen, 0, sizeof seen);
        for (size_t k = 0; k < e.count; k++) {
            uint32_t a = from[k], b = to[k];
            assert_true(a != b && allowed[a * NODES + b]);
            if (!directed && a > b) a = to[k], b = from[k];
            assert_int_equal(seen[a * NODES + b]++, 0); /* no edge twice */
            moved += to[k] != old_to[k];
        }
        assert_true(moved > e.count / 2);
    }
    bram_ctx_free(cx);
}

/* Degrees 1 1 1 1 without direction: three pairings, each as often. With direction 0 -> 1 -> 2 -> 0
 * turned round is out of reach of exchanges (Roberts and Coolen 2012), so it stays. */
static void every_graph_is_as_likely(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t found[4] = {0};
    for (size_t k = 0; k < 3000; k++) {
        uint32_t from[] = {0, 2}, to[] = {1, 3};
        bram_edge_list e = {4, 2, from, to, false};
        bram_rng g = bram_rng_at(1, "test/rewire/likely", k);
        assert_ok(cx, bram_rewire(cx, &e, NULL, &g));
        for (size_t p = 0; p < 2; p++) /* the partner of node 0 */
            if (from[p] == 0 || to[p] == 0) found[from[p] == 0 ? to[p] : from[p]]++;
    }
    for (size_t p = 1; p < 4; p++) /* 1000 expected, standard deviation 26 */
        assert_true(found[p] > 900 && found[p] < 1100);
    uint32_t from[] = {0, 1, 2}, to[] = {1, 2, 0};
    bram_edge_list ring = {3, 3, from, to, true};
    bram_rng g = bram_rng_new(1, "test/rewire/ring");
    assert_ok(cx, bram_rewire(cx, &ring, NULL, &g));
    for (uint32_t k = 0; k < 3; k++) assert_int_equal(to[k], (from[k] + 1) % 3);
    to[2] = 2;
    assert_int_equal(bram_rewire(cx, &ring, NULL, &g), BRAM_ESHAPE);
    ring.count = 0;
    assert_ok(cx, bram_rewire(cx, &ring, NULL, &g));
    bram_ctx_free(cx);
}

/* ---- a made recording ----------------------------------------------------------------------- */

static const char *const ids[UNITS] = {"AVAL", "AVAR", "RIML"};

/* y = A y + noise, A being [from][to] */
static const double truth[UNITS][UNITS] = {{0.5, 0.4, 0}, {0, 0.3, 0.5}, {0, 0, 0.2}};

static bram_dataset *make(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    bram_axis *time = NULL, *neuron = NULL, *nodes = NULL, *edges = NULL;
    bram_response *r = NULL;
    double seconds[ROWS], y[UNITS] = {0};
    const char *certainty[] = {"exact", "exact", "exact"};
    bram_rng g = bram_rng_new(2, "test/structure");
    for (size_t t = 0; t < ROWS; t++) seconds[t] = 0.5 * (double)t;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, ids));
    assert_ok(cx, bram_axis_add_text(cx, neuron, "certainty", certainty));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    bram_axis_free(time);
    bram_axis_free(neuron);
    for (size_t t = 0; t < ROWS; t++) {
        double next[UNITS] = {0};
        for (size_t j = 0; j < UNITS; j++) {
            for (size_t i = 0; i < UNITS; i++) next[j] += y[i] * truth[i][j];
            next[j] += bram_rng_normal(&g);
        }
        memcpy(y, next, sizeof y);
        memcpy(bram_response_f64(r) + t * UNITS, y, sizeof y);
    }
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
    const char *from[] = {"AVAL", "AVAR", "AVAL"}, *to[] = {"AVAR", "RIML", "NOBODY"};
    const char *type[] = {"chemical", "chemical", "chemical"};
    const char *all[] = {"AVAL", "AVAR", "RIML", "NOBODY"};
    const double weight[] = {2, -3, 1}, delay[] = {0.5, NAN, 1};
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 4));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, all));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    assert_ok(cx, bram_axis_new(cx, &edges, "chemical", 3));
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, edges, "weight", weight, "1"));
    assert_ok(cx, bram_axis_add_number(cx, edges, "delay", delay, "s"));
    assert_ok(cx, bram_axis_add_text(cx, edges, "type", type));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", edges));
    return ds;
}

static const bram_param table[] = {BRAM_STRUCTURE_PARAMS, BRAM_EFFECTS_PARAMS, {.name = NULL}};

static void the_structure_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    bram_options *o = NULL;
    bram_structure s = {0};
    bram_recording r = {0};
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w", "activity"));
    assert_ok(cx, bram_options_new(cx, &o, table,
                                   "connectome=made,layers=chemical,minimum=3,shuffles=5"));
    assert_ok(cx, bram_structure_make(cx, &s, ds, r.unit, o, "test"));
    const double edge[] = {0, 2, 0, 0, 0, 3, 0, 0, 0};
    assert_int_equal(s.nodes, 3);
    for (size_t k = 0; k < 9; k++) {
        assert_near(s.edge.data[k], edge[k], 0);
        assert_near(s.sign.data[k], edge[k] == 3 ? -3 : edge[k], 0);
        assert_int_equal(s.delayed[k], k == 1);
    }
    assert_near(s.delay.data[1], 0.5, 0);
    assert_null(s.present); /* all pairs of nodes are known */
    assert_int_equal(s.shuffles, 5);
    bram_structure_release(&s);
    assert_ok(cx, bram_options_set(cx, o, "zeros", "stimulated"));
    assert_ok(cx, bram_structure_make(cx, &s, ds, r.unit, o, "test"));
    const uint8_t known[] = {0, 1, 1, 0, 1, 1, 0, 0, 0}; /* two act, two respond */
    assert_memory_equal(s.present, known, sizeof known);
    bram_structure_release(&s);
    assert_ok(cx, bram_options_set(cx, o, "zeros", "nowhere"));
    assert_int_equal(bram_structure_make(cx, &s, ds, r.unit, o, "test"), BRAM_EABSENT);
    assert_ok(cx, bram_options_set(cx, o, "minimum", "4"));
    assert_int_equal(bram_structure_make(cx, &s, ds, r.unit, o, "test"), BRAM_ENOTAPPLICABLE);
    bram_options_free(o);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* One step after a push of one deviation: w_ij sd_i / sd_j; two steps: the square of w. */
static void pushes_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *answer = NULL;
    bram_options *o = NULL;
    bram_recording r = {0};
    bram_slice train = {0}, test = {0};
    bram_fitted *f = NULL;
    bram_effects weights, one, two;
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w", "activity"));
    bram_cut first = {&r, 0, 0, 300}, last = {&r, 0, 300, ROWS};
    assert_ok(cx, bram_slice_make(cx, &train, &first, 1));
    assert_ok(cx, bram_slice_make(cx, &test, &last, 1));
    assert_ok(cx, bram_fitted_new(cx, &f, "var:lags=1,ridge=0", &train.panel, NULL, 0));
    assert_ok(cx, bram_options_new(cx, &o, table, ""));
    assert_ok(cx, bram_effects_make(cx, &weights, f, &train, &test, o));
    assert_null(weights.delay.data);
    assert_ok(cx, bram_options_set(cx, o, "evidence", "perturbation"));
    assert_ok(cx, bram_options_set(cx, o, "steps", "1"));
    assert_ok(cx, bram_options_set(cx, o, "starts", "7"));
    assert_ok(cx, bram_effects_make(cx, &one, f, &train, &test, o));
    assert_ok(cx, bram_options_set(cx, o, "steps", "2"));
    assert_ok(cx, bram_effects_make(cx, &two, f, &train, &test, o));
    double sd[UNITS];
    for (size_t u = 0; u < UNITS; u++) {
        double sum = 0, square = 0;
        for (size_t t = 0; t < 300; t++) sum += r.values[t * UNITS + u];
        for (size_t t = 0; t < 300; t++) square += pow(r.values[t * UNITS + u] - sum / 300, 2);
        sd[u] = sqrt(square / 300);
    }
    for (size_t i = 0; i < UNITS; i++)
        for (size_t j = 0; j < UNITS; j++) {
            double w = bram_row(&weights.effect, i)[j], next = 0, scale = sd[i] / sd[j];
            assert_near(w, truth[i][j], 0.18); /* three standard errors of 300 rows */
            for (size_t k = 0; k < UNITS; k++)
                next += bram_row(&weights.effect, i)[k] * bram_row(&weights.effect, k)[j];
            assert_near(bram_row(&one.effect, i)[j], w * scale, 1e-9);
            assert_near(bram_row(&one.delay, i)[j], 0.5, 1e-12);
            bool later = fabs(next) > fabs(w);
            assert_near(bram_row(&two.effect, i)[j], (later ? next : w) * scale, 1e-9);
            assert_near(bram_row(&two.delay, i)[j], later ? 1 : 0.5, 1e-12);
        }
    /* from AVAL to RIML there is only the way over AVAR */
    assert_near(bram_row(&two.delay, 0)[2], 1, 1e-12);
    assert_ok(cx, bram_options_set(cx, o, "context", "1000"));
    assert_int_equal(bram_effects_make(cx, &two, f, &train, &test, o), BRAM_ENOTAPPLICABLE);
    bram_fitted_free(f);
    assert_ok(cx, bram_options_set(cx, o, "context", "5"));
    assert_ok(cx, bram_fitted_new(cx, &f, "ar", &train.panel, NULL, 0));
    assert_int_equal(bram_effects_make(cx, &two, f, &train, &test, o), BRAM_ENOTAPPLICABLE);
    bram_fitted_free(f);
    bram_dataset_free(answer);
    bram_options_free(o);
    bram_slice_release(&train);
    bram_slice_release(&test);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- the task ------------------------------------------------------------------------------- */

static void the_true_worm_wins_when_pushed(void **state)
{
    (void)state;
    static char auc[] = "auroc", ap[] = "average-precision", rank[] = "spearman";
    static char *metrics[] = {auc, ap, rank};
    const char *id = "auroc:diagonal=exclude,threshold=0";
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *one = NULL, *two = NULL, *var = NULL;
    assert_ok(cx, bram_data_open(cx, &ds, "simulated-worm", NULL));
    bram_benchmark b = test_benchmark(cx, "graph", metrics, 3,
                                      "connectome=simulated,evidence=perturbation,steps=1,starts=3,"
                                      "context=10,samples=30,shuffles=100,train=0.75");
    assert_ok(cx, test_cell(cx, &one, &b, ds, "worm01", "true-worm"));
    assert_ok(cx, test_cell(cx, &var, &b, ds, "worm01", "var:lags=1,ridge=10"));
    assert_near(test_number(one, id, "value"), 1, 1e-12); /* one step: its own synapses */
    assert_true(test_number(var, id, "value") > 0.6 && test_number(var, id, "value") < 0.9);
    assert_near(test_number(one, id, "null_p"), 1 / 101.0, 1e-15);
    assert_near(test_number(one, id, "floor_shuffled"), 0.5, 0.1);
    assert_true(test_number(one, id, "null_sd") > 0 && test_number(one, id, "null_sd") < 0.05);
    bram_ctx_set_threads(cx, 3);
    assert_ok(cx, test_cell(cx, &two, &b, ds, "worm01", "true-worm"));
    char hex[2][65];
    assert_ok(cx, bram_dataset_hash(cx, one, hex[0]));
    assert_ok(cx, bram_dataset_hash(cx, two, hex[1]));
    assert_string_equal(hex[0], hex[1]);
    bram_dataset_free(one);
    bram_dataset_free(two);
    bram_dataset_free(var);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void delays_are_ranked_where_known(void **state)
{
    (void)state;
    static char auc[] = "auroc";
    static char *metrics[] = {auc};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "graph", metrics, 1,
                                      "connectome=made,layers=chemical,evidence=perturbation,"
                                      "minimum=3,samples=0,shuffles=0,context=5,gap=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", "var:lags=1,ridge=1"));
    /* one edge has a delay: there is a row, and no order to speak of */
    assert_near(test_number(result,
                            "spearman:pairs=all,sign=magnitude,diagonal=exclude,threshold=0"
                            "@delay",
                            "undefined"),
                1, 0);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/*
 * One neuron drives four others after 1, 2, 3 and 4 rows, the earlier the more: the rows of its
 * pushes tell all delays and the order of the amplitudes.
 */
static void known_delays_are_found(void **state)
{
    (void)state;
    enum { LATE = 5, TIMES = 400 };
    static const char *const name[LATE] = {"A", "B", "C", "D", "E"};
    static char rank[] = "spearman:pairs=edges";
    static char *metrics[] = {rank};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL;
    bram_axis *time = NULL, *neuron = NULL, *nodes = NULL, *edges = NULL;
    bram_response *r = NULL;
    double seconds[TIMES], weight[LATE - 1], delay[LATE - 1];
    const char *from[] = {"A", "A", "A", "A"};
    bram_rng g = bram_rng_new(3, "test/delays");
    for (size_t t = 0; t < TIMES; t++) seconds[t] = 0.5 * (double)t;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", TIMES));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", LATE));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, name));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    double *y = bram_response_f64(r);
    for (size_t t = 0; t < TIMES; t++)
        for (size_t j = 0; j < LATE; j++) {
            y[t * LATE + j] = bram_rng_normal(&g);
            if (j && t >= j) y[t * LATE + j] += (double)(LATE - j) * y[(t - j) * LATE];
        }
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
    for (size_t j = 1; j < LATE; j++)
        weight[j - 1] = (double)(LATE - j), delay[j - 1] = 0.5 * (double)j;
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", LATE));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, name));
    assert_ok(cx, bram_axis_new(cx, &edges, "functional", LATE - 1));
    assert_ok(cx, bram_axis_add_text(cx, edges, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, edges, "to", name + 1));
    assert_ok(cx, bram_axis_add_number(cx, edges, "weight", weight, "1"));
    assert_ok(cx, bram_axis_add_number(cx, edges, "delay", delay, "s"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", edges));
    bram_benchmark b = test_benchmark(
        cx, "graph", metrics, 1,
        "connectome=made,layers=functional,evidence=perturbation,minimum=3,samples=0,shuffles=0,"
        "starts=5,context=10,steps=6,gap=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", "var:lags=5,ridge=1"));
    assert_near(test_number(result, "spearman@delay", "value"), 1, 1e-12);
    assert_near(test_number(result, "spearman:pairs=edges", "value"), 1, 1e-12);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_axis_free(time);
    bram_axis_free(neuron);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void datasets_are_joined_by_their_connectomes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_data_open(cx, &ds, "simulated-vision+simulated-worm", NULL));
    assert_non_null(bram_dataset_table(ds, "connectome/simulated/nodes"));
    assert_non_null(bram_dataset_table(ds, "connectome/simulated/gap"));
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 0); /* nothing else of the second */
    assert_true(bram_dataset_responses(ds) > 0);
    bram_dataset_free(ds);
    ds = NULL;
    assert_int_equal(bram_data_open(cx, &ds, "simulated-worm+simulated-worm", NULL), BRAM_EUSAGE);
    assert_int_equal(bram_data_open(cx, &ds, "simulated-worm+nobody", NULL), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "nobody"));
    assert_int_equal(bram_data_open(cx, &ds, "simulated-worm+", NULL), BRAM_EABSENT);
    assert_null(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(degrees_are_kept),
        cmocka_unit_test(every_graph_is_as_likely),
        cmocka_unit_test(the_structure_by_hand),
        cmocka_unit_test(pushes_by_hand),
        cmocka_unit_test(the_true_worm_wins_when_pushed),
        cmocka_unit_test(delays_are_ranked_where_known),
        cmocka_unit_test(known_delays_are_found),
        cmocka_unit_test(datasets_are_joined_by_their_connectomes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
