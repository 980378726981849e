/* Tests of core/worm_network.c and of the simulated worm made with it. */
#include "simulate.h"
#include "worm_network.h"

#include "test.h"

static void the_step_is_its_equation(void **state)
{
    (void)state;
    /* two neurons: 0 excites 1 with weight 2, a gap junction of 0.5 between them */
    double chemical[] = {0, 2, 0, 0}, gap[] = {0, 0.5, 0.5, 0}, leak[] = {0.5, 0.25},
           bias[] = {1, 0};
    bram_worm_network w = {
        .neurons = 2, .chemical = chemical, .gap = gap, .leak = leak, .bias = bias};
    double x[] = {0.5, -1}, scratch[2];
    bram_worm_network_step(&w, x, x, scratch);
    assert_near(x[0], 0.5 + 0.5 * (-0.5 + 1 + 0.5 * (-1 - 0.5)), 1e-15);
    assert_near(x[1], -1 + 0.25 * (1 + 2 * tanh(0.5) + 0.5 * (0.5 + 1)), 1e-15);
}

static void the_network_is_that_of_a_worm(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_worm_network w, again;
    assert_ok(cx, bram_worm_network_new(cx, &w, 30, 7));
    assert_ok(cx, bram_worm_network_new(cx, &again, 30, 7));
    size_t n = w.neurons, synapses = 0;
    assert_memory_equal(w.chemical, again.chemical, n * n * sizeof(double));
    assert_string_equal(w.name[0], "S01L");
    assert_string_equal(w.name[59], "S30R");
    for (size_t i = 0; i < n; i++) {
        double sign = 0;
        for (size_t j = 0; j < n; j++) {
            double c = w.chemical[i * n + j];
            synapses += c != 0;
            assert_true(c * sign >= 0); /* one sign for each neuron */
            if (c != 0) sign = c;
            assert_near(w.gap[i * n + j], w.gap[j * n + i], 0);
            assert_near(c, w.chemical[(i ^ 1) * n + (j ^ 1)], 0); /* mirrored */
        }
        assert_near(w.chemical[i * n + i], 0, 0);
    }
    assert_in_range(synapses, n * n * 8 / 100, n * n * 17 / 100); /* density 0.12 */
    bram_worm_network_release(&w);
    bram_worm_network_release(&again);
    bram_ctx_free(cx);
}

static void the_same_seed_gives_the_same_dataset(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char hash[3][65];
    for (int i = 0; i < 3; i++) {
        bram_dataset *ds = NULL;
        assert_ok(cx, bram_simulate(cx, &ds, "simulated-worm", i == 2 ? 2 : 1));
        assert_ok(cx, bram_dataset_hash(cx, ds, hash[i]));
        bram_dataset_free(ds);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[0], hash[2]);
    bram_dataset *none = NULL;
    assert_int_equal(bram_simulate(cx, &none, "simulated-snail", 1), BRAM_EABSENT);
    bram_ctx_free(cx);
}

static void show(void *user, const bram_finding *finding)
{
    (void)user;
    print_message("# %s %s: found %s, expected %s\n", finding->path, finding->field, finding->found,
                  finding->expected);
}

static void the_simulated_worm_is_a_valid_dataset(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    size_t errors = 1;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-worm", 1));
    assert_ok(cx, bram_dataset_check(cx, ds, show, NULL, &errors));
    assert_int_equal(errors, 0);
    assert_int_equal(bram_dataset_groups(ds, "recordings"), 4);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_step_is_its_equation),
        cmocka_unit_test(the_network_is_that_of_a_worm),
        cmocka_unit_test(the_same_seed_gives_the_same_dataset),
        cmocka_unit_test(the_simulated_worm_is_a_valid_dataset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
