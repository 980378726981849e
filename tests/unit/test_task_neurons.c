/*
 * Tests of benchmarks/task_neurons.c: arrangements of four neurons written out by hand against the
 * metric itself, a made world in which wiring tells activity, and each refusal.
 */
#include "cell_test.h"

#include <bramble/rng.h>

enum { NEURONS = 4, ROWS = 60, ANIMALS = 3 };

static const char *const ids[NEURONS] = {"AVAL", "AVAR", "RIML", "RIMR"};
static double trace[ANIMALS][ROWS * NEURONS];

/* The first two neurons go together, and the last two; animal 2 lacks RIMR. */
static void add_animal(bram_ctx *cx, bram_dataset *ds, size_t animal)
{
    char group[32];
    double seconds[ROWS];
    const char *certainty[] = {"exact", "exact", "exact", animal == 2 ? "duplicate" : "exact"};
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *r = NULL;
    bram_rng g = bram_rng_at(3, "test/neurons", animal);
    for (size_t t = 0; t < ROWS; t++) {
        double common[2] = {bram_rng_normal(&g), bram_rng_normal(&g)};
        seconds[t] = (double)t;
        for (size_t u = 0; u < NEURONS; u++)
            trace[animal][t * NEURONS + u] = common[u / 2] + 0.5 * bram_rng_normal(&g);
    }
    snprintf(group, sizeof group, "recordings/w%zu", animal);
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &neuron, "neuron", NEURONS));
    assert_ok(cx, bram_axis_set_ids(cx, neuron, ids));
    assert_ok(cx, bram_axis_add_text(cx, neuron, "certainty", certainty));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2,
                                    (const bram_axis *[]){time, neuron}));
    memcpy(bram_response_f64(r), trace[animal], sizeof trace[animal]);
    bram_axis_free(time);
    bram_axis_free(neuron);
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
}

/* AVAL -> RIML -> RIMR, AVAR - AVAL a gap junction; NOBODY is connected to nobody. */
static bram_dataset *make(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    bram_axis *nodes = NULL, *chemical = NULL, *gap = NULL;
    const char *all[] = {"AVAL", "AVAR", "RIML", "RIMR", "NOBODY"};
    const char *class_name[] = {"AVA", "AVA", "RIM", "RIM", ""};
    const double x[] = {0, 1, 5, 7, NAN}, zero[5] = {0}, weight[] = {3, 1};
    const char *from[] = {"AVAL", "RIML"}, *to[] = {"RIML", "RIMR"};
    const char *type[] = {"chemical", "chemical"}, *gap_type = "gap";
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t a = 0; a < ANIMALS; a++) add_animal(cx, ds, a);
    assert_ok(cx, bram_axis_new(cx, &nodes, "nodes", 5));
    assert_ok(cx, bram_axis_set_ids(cx, nodes, all));
    assert_ok(cx, bram_axis_add_text(cx, nodes, "class", class_name));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "x", x, "um"));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "y", zero, "um"));
    assert_ok(cx, bram_axis_add_number(cx, nodes, "z", zero, "um"));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", nodes));
    assert_ok(cx, bram_axis_new(cx, &chemical, "chemical", 2));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "from", from));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "to", to));
    assert_ok(cx, bram_axis_add_number(cx, chemical, "weight", weight, "1"));
    assert_ok(cx, bram_axis_add_text(cx, chemical, "type", type));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", chemical));
    assert_ok(cx, bram_axis_new(cx, &gap, "gap", 1));
    assert_ok(cx, bram_axis_add_text(cx, gap, "from", &all[1]));
    assert_ok(cx, bram_axis_add_text(cx, gap, "to", &all[0]));
    assert_ok(cx, bram_axis_add_number(cx, gap, "weight", &weight[1], "1"));
    assert_ok(cx, bram_axis_add_text(cx, gap, "type", &gap_type));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "connectome/made", gap));
    return ds;
}

/* The metric itself on one animal's traces; neurons: 4, or the first 3. */
static double expected(bram_ctx *cx, const char *metric, size_t animal, const bram_side *model)
{
    double flipped[NEURONS * ROWS], *raw = NULL, value;
    size_t values, n = model->values.rows;
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < ROWS; t++) flipped[i * ROWS + t] = trace[animal][t * NEURONS + i];
    bram_side brain = {.values = {flipped, n, ROWS, ROWS}};
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, metric, model, &brain, NULL));
    value = raw[0];
    bram_free(raw);
    return value;
}

static void arrangements_by_hand(void **state)
{
    (void)state;
    static char rsa[] = "rsa:rdm=correlation,compare=pearson";
    static char *metrics[] = {rsa};
    const double l1 = log(2), l3 = log(4);
    /* sent to, then received from: AVAL AVAR RIML RIMR NOBODY */
    double profile[] = {0, l1, l3, 0,  0, 0,  l1, 0, 0, 0, l1, 0, 0, 0, 0, l1, 0, 0,  0, 0,
                        0, 0,  0,  l1, 0, l3, 0,  0, 0, 0, 0,  0, 0, 0, 0, 0,  0, l1, 0, 0};
    double path[] = {0, 1, 1, 2, 1, 0, 2, 3, 1, 2, 0, 1, 2, 3, 1, 0};
    double near[] = {0, 1, 5, 7, 1, 0, 4, 6, 5, 4, 0, 2, 7, 6, 2, 0};
    double group[] = {0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0};
    const struct {
        const char *name;
        bram_side side;
    } cases[] = {{"connections", {.values = {profile, 4, 10, 10}}},
                 {"paths", {.values = {path, 4, 4, 4}, .is_rdm = true}},
                 {"distance", {.values = {near, 4, 4, 4}, .is_rdm = true}},
                 {"class", {.values = {group, 4, 4, 4}, .is_rdm = true}}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "neurons", metrics, 1, "minimum=3,samples=0");
    for (size_t c = 0; c < 4; c++) {
        assert_ok(cx, test_cell(cx, &result, &b, ds, "made", cases[c].name));
        const bram_response *raw = bram_dataset_response(result, "raw");
        double value[ANIMALS];
        assert_ok(
            cx, bram_response_read(cx, raw, (size_t[]){0, 0}, (size_t[]){1, ANIMALS}, value, NULL));
        bram_side side = cases[c].side, three = side;
        three.values.rows = 3; /* without RIMR */
        if (side.is_rdm) three.values.cols = 3;
        for (size_t a = 0; a < ANIMALS; a++)
            assert_near(value[a], expected(cx, rsa, a, a == 2 ? &three : &side), 1e-12);
        assert_true(isfinite(test_number(result, rsa, "floor_distance")));
        bram_dataset_free(result);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static char rsa[] = "rsa";
    static char *metrics[] = {rsa};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "neurons", metrics, 1, "minimum=5");
    assert_int_equal(test_cell(cx, &result, &b, ds, "made", "paths"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "5 exactly labelled"));
    bram_options_free(b.options);
    b = test_benchmark(cx, "neurons", metrics, 1, "minimum=3,layers=electric");
    assert_int_equal(test_cell(cx, &result, &b, ds, "made", "paths"), BRAM_EABSENT);
    bram_options_free(b.options);
    b = test_benchmark(cx, "neurons", metrics, 1, "minimum=3");
    assert_int_equal(test_cell(cx, &result, &b, ds, "nowhere", "paths"), BRAM_EABSENT);
    assert_null(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrangements_by_hand),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
