/*
 * Tests of benchmarks/task_wiring.c and of the model `connectome` on a worm whose weights are
 * known: the right mask forecasts it better than shuffles of it do, strengths that are learned from
 * equal ones come near the true ones, and each refusal.
 */
#include "cell_test.h"
#include "worm_network.h"

#include <bramble/rng.h>

#include <math.h>

enum { PAIRS = 5, N = 2 * PAIRS, ROWS = 4000 };

struct world {
    bram_ctx *cx;
    bram_worm_network worm;
    bram_dataset *ds;
};

static void add_layer(struct world *w, const char *name, const double *matrix, bool gap)
{
    const char *from[N * N], *to[N * N], *type[N * N];
    double weight[N * N];
    size_t edges = 0;
    bram_axis *table;
    for (size_t i = 0; i < N; i++)
        for (size_t j = gap ? i + 1 : 0; j < N; j++)
            if (matrix[i * N + j] != 0) {
                from[edges] = w->worm.name[i], to[edges] = w->worm.name[j];
                type[edges] = name, weight[edges++] = matrix[i * N + j];
            }
    assert_ok(w->cx, bram_axis_new(w->cx, &table, name, edges));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "to", to));
    assert_ok(w->cx, bram_axis_add_text(w->cx, table, "type", type));
    assert_ok(w->cx, bram_axis_add_number(w->cx, table, "weight", weight, "1"));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->ds, "connectome/true", table));
}

static void add_recording(struct world *w)
{
    bram_axis *time, *neuron;
    bram_response *r;
    static double seconds[ROWS];
    double x[N] = {0}, scratch[N];
    const char *id[N];
    bram_rng g = bram_rng_new(2, "test/wiring");
    for (size_t i = 0; i < N; i++) id[i] = w->worm.name[i];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = 0.5 * (double)t;
    assert_ok(w->cx, bram_axis_new(w->cx, &time, "time", ROWS));
    assert_ok(w->cx, bram_axis_set_values(w->cx, time, seconds, "s"));
    assert_ok(w->cx, bram_axis_new(w->cx, &neuron, "neuron", N));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, neuron, id));
    assert_ok(w->cx, bram_response_new(w->cx, &r, "activity", BRAM_F64, 2,
                                       (const bram_axis *[]){time, neuron}));
    for (size_t t = 0; t < ROWS; t++) {
        bram_worm_network_step(&w->worm, x, x, scratch);
        for (size_t i = 0; i < N; i++) {
            x[i] += 0.3 * bram_rng_normal(&g);
            bram_response_f64(r)[t * N + i] = x[i];
        }
    }
    bram_axis_free(time);
    bram_axis_free(neuron);
    assert_ok(w->cx, bram_dataset_add(w->cx, w->ds, "recordings/one", r));
}

static void make(struct world *w)
{
    bram_axis *nodes;
    const char *id[N];
    *w = (struct world){.cx = bram_ctx_new()};
    assert_ok(w->cx, bram_worm_network_new(w->cx, &w->worm, PAIRS, 4));
    assert_ok(w->cx, bram_dataset_new(w->cx, &w->ds));
    for (size_t i = 0; i < N; i++) id[i] = w->worm.name[i];
    assert_ok(w->cx, bram_axis_new(w->cx, &nodes, "nodes", N));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, nodes, id));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, w->ds, "connectome/true", nodes));
    add_layer(w, "chemical", w->worm.chemical, false);
    add_layer(w, "gap", w->worm.gap, true);
    add_recording(w);
}

static void drop(struct world *w)
{
    bram_dataset_free(w->ds);
    bram_worm_network_release(&w->worm);
    bram_ctx_free(w->cx);
}

#define SPEC(mask) "connectome:init=constant,steps=150,batch=8,window=32,rate=0.03,mask=" mask

static char mse[] = "mse", *metrics[] = {mse};

static void the_right_mask_wins(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    bram_benchmark b = test_benchmark(w.cx, "wiring", metrics, 1,
                                      "draws=4,fits=2,samples=100,nulls=shuffled+none,gap=2");
    bram_dataset *result = NULL;
    int status = test_cell(w.cx, &result, &b, w.ds, "one", SPEC("connectome"));
    if (status != BRAM_OK) fail_msg("%s", bram_ctx_message(w.cx));
    assert_true(test_number(result, "gain@shuffled", "low") > 0);
    assert_near(test_number(result, "beaten@shuffled", "value"), 1, 0);
    assert_true(test_number(result, "gain@none", "value") > 0);
    assert_true(test_number(result, "mse@step", "value") <
                test_number(result, "mse@step", "floor_copy"));
    bram_dataset_free(result);
    bram_options_free(b.options);
    drop(&w);
}

static double correlation(const double *a, const double *b, size_t n)
{
    double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) ma += a[i] / (double)n, mb += b[i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        ab += (a[i] - ma) * (b[i] - mb);
        aa += (a[i] - ma) * (a[i] - ma), bb += (b[i] - mb) * (b[i] - mb);
    }
    return ab / sqrt(aa * bb);
}

/* Sizes of learned strengths against true ones, edge by edge: all began alike. */
static void strengths_are_recovered(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    const bram_response *r = bram_dataset_response(w.ds, "recordings/one/activity");
    static double y[ROWS * N];
    assert_ok(w.cx, bram_response_read(w.cx, r, (size_t[]){0, 0}, (size_t[]){ROWS, N}, y, NULL));
    bram_segment s = {.id = "one", .y = {y, ROWS, N, N}, .dt = 0.5};
    bram_panel panel = {
        .unit = bram_response_axis(r, 1), .public_data = w.ds, .segment = &s, .segments = 1};
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    double learned[N * N], found[N * N], truth[N * N];
    size_t edges = 0;
    assert_ok(w.cx, bram_fitted_new(w.cx, &f, SPEC("connectome"), &panel, NULL, 1));
    assert_ok(w.cx, bram_fitted_answer(w.cx, &answer, f,
                                       &(bram_query){.ask = BRAM_ASK_WEIGHTS, .panel = &panel}));
    assert_ok(w.cx, bram_response_read(w.cx, bram_dataset_response(answer, "weights"),
                                       (size_t[]){0, 0}, (size_t[]){N, N}, learned, NULL));
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double is = w.worm.chemical[i * N + j], gap = w.worm.gap[i * N + j];
            if (is == 0 && gap == 0) assert_near(learned[i * N + j], 0, 0);
            if (is == 0 || gap != 0) continue;
            assert_true(learned[i * N + j] * is > 0); /* the sign is kept */
            found[edges] = fabs(learned[i * N + j]), truth[edges++] = fabs(is);
        }
    assert_true(edges >= 6);
    assert_true(correlation(found, truth, edges) > 0.6);
    bram_dataset_free(answer);
    bram_fitted_free(f);
    drop(&w);
}

static void refusals(void **state)
{
    (void)state;
    struct world w;
    make(&w);
    bram_benchmark b = test_benchmark(w.cx, "wiring", metrics, 1, "draws=1,fits=1");
    bram_dataset *result = NULL;
    assert_int_equal(test_cell(w.cx, &result, &b, w.ds, "one", "ar"), BRAM_ENOTAPPLICABLE);
    assert_int_equal(test_cell(w.cx, &result, &b, w.ds, "one", SPEC("shuffled")),
                     BRAM_ENOTAPPLICABLE);
    assert_int_equal(test_cell(w.cx, &result, &b, w.ds, "two", SPEC("connectome")), BRAM_EABSENT);
    assert_ok(w.cx, bram_options_set(w.cx, b.options, "nulls", "shifted"));
    assert_int_equal(test_cell(w.cx, &result, &b, w.ds, "one",
                               "connectome:steps=1,check=1,batch=2,mask=connectome"),
                     BRAM_EUSAGE);
    assert_null(result);
    bram_options_free(b.options);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_right_mask_wins),
                                       cmocka_unit_test(strengths_are_recovered),
                                       cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
