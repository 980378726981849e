/*
 * Tests of the task pseudo-depth: the made visual system, whose area reads the second of three
 * layers; what cannot be asked; human and monkey IT against the layers of a network.
 */
#include "cell_test.h"
#include "internal.h"
#include "simulate.h"

#include <bramble/loader.h>

static char correlation[] = "rsa:rdm=correlation,compare=pearson",
            given[] = "rsa:rdm=given,compare=spearman", paired[] = "pearson";

static bram_benchmark benchmark(bram_ctx *cx, char *metric, const char *options)
{
    static char *metrics[1];
    metrics[0] = metric;
    return test_benchmark(cx, "pseudo-depth", metrics, 1, options);
}

static void the_layer_that_is_read_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new(), *four = bram_ctx_new();
    bram_ctx_set_threads(four, 4);
    bram_dataset *ds = NULL, *result = NULL, *again = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    static const char *const drawn[] = {"stimuli", "units"};
    for (size_t k = 0; k < 2; k++) {
        char options[80], id[80];
        snprintf(options, sizeof options, "samples=60,bootstrap=%s", drawn[k]);
        bram_benchmark b = benchmark(cx, correlation, options);
        assert_ok(cx, test_cell(cx, &result, &b, ds, "area", "features"));
        assert_ok(four, test_cell(four, &again, &b, ds, "area", "features"));
        assert_near(test_number(result, "pseudo-depth", "value"), 0.5, 0);
        assert_near(test_number(result, "pseudo-depth", "low"), 0.5, 0);
        assert_near(test_number(result, "pseudo-depth", "high"), 0.5, 0);
        assert_near(test_number(result, "share@layer2", "value"), 1, 0);
        assert_near(test_number(result, "share@layer1", "value"), 0, 0);
        assert_string_equal(test_text(result, "pseudo-depth", "resampled"), drawn[k]);
        for (size_t layer = 1; layer <= 3; layer++) {
            snprintf(id, sizeof id, "%s@layer%zu", correlation, layer);
            double value = test_number(result, id, "value"), low = test_number(result, id, "low");
            assert_true(low < value + 0.1 && test_number(result, id, "high") > low);
            assert_near(low, test_number(again, id, "low"), 0); /* for any number of threads */
        }
        bram_dataset_free(result);
        bram_dataset_free(again);
        bram_options_free(b.options);
    }
    /* the same similarity as the task geometry has */
    static char *metrics[] = {correlation};
    bram_benchmark plain = test_benchmark(cx, "geometry", metrics, 1, "samples=0");
    assert_ok(cx, test_cell(cx, &again, &plain, ds, "area", "features:layer1"));
    bram_benchmark b = benchmark(cx, correlation, "samples=0,layers=layer3+layer1");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "area", "features"));
    char id[80];
    snprintf(id, sizeof id, "%s@layer1", correlation);
    assert_near(test_number(result, id, "value"), test_number(again, correlation, "value"), 1e-14);
    bram_dataset_free(result);
    bram_dataset_free(again);
    bram_options_free(plain.options);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
    bram_ctx_free(four);
}

/* Repeats of the area between which distances are cross-validated: as the task geometry has it. */
static void by_distances_between_repeats(void **state)
{
    (void)state;
    static char crossnobis[] = "rsa:rdm=crossnobis,compare=cosine", *metrics[] = {crossnobis};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL, *plain = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    bram_benchmark geometry = test_benchmark(cx, "geometry", metrics, 1, "samples=0");
    assert_ok(cx, test_cell(cx, &plain, &geometry, ds, "area", "features:layer2"));
    bram_options_free(geometry.options);
    bram_benchmark b = benchmark(cx, crossnobis, "samples=20");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "area", "features"));
    char id[80];
    snprintf(id, sizeof id, "%s@layer2", crossnobis);
    assert_near(test_number(result, id, "value"), test_number(plain, crossnobis, "value"), 1e-14);
    assert_near(test_number(result, "pseudo-depth", "value"), 0.5, 0);
    bram_dataset_free(result);
    bram_dataset_free(plain);
    bram_options_free(b.options);
    b = benchmark(cx, crossnobis, "samples=20,bootstrap=units");
    assert_int_equal(test_cell(cx, &result, &b, ds, "area", "features"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "expected bootstrap=stimuli"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *networks = NULL, *result = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    assert_ok(cx, bram_simulate(cx, &networks, "simulated-networks", 1));
    static const struct {
        char *metric;
        const char *options, *model;
        int status;
    } cases[] = {{correlation, "samples=0", "features:layer1", BRAM_ENOTAPPLICABLE},
                 {correlation, "samples=0,layers=layer1+other", "features", BRAM_ENOTAPPLICABLE},
                 {correlation, "samples=0", "mean", BRAM_ENOTAPPLICABLE},
                 {paired, "samples=0", "features", BRAM_EUSAGE}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        bram_benchmark b = benchmark(cx, cases[k].metric, cases[k].options);
        assert_int_equal(test_cell(cx, &result, &b, ds, "area", cases[k].model), cases[k].status);
        bram_options_free(b.options);
    }
    /* a stack that is too high is not cut off: another layer would be the last */
    char high[4000] = "samples=0,layers=layer1";
    for (size_t k = 0; k < 256; k++) strcat(high, "+layer2");
    bram_benchmark b = benchmark(cx, correlation, high);
    assert_int_equal(test_cell(cx, &result, &b, ds, "area", "features"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "at most 256 layers"));
    bram_options_free(b.options);
    b = benchmark(cx, given, "samples=9,bootstrap=units");
    assert_int_equal(test_cell(cx, &result, &b, networks, "layer01", "features"),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "no units to draw from"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_dataset_free(networks);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    bram_benchmark b = benchmark(cx, correlation, "samples=2,layers=layer1+layer2,bootstrap=units");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *fresh = NULL;
        bram_cell cell = {&b, ds, "area", "features:name=", 0};
        assert_ok(own, bram_dataset_new(own, &fresh));
        bram_fail_allocation(k, false);
        status = bram_task_find("pseudo-depth")->run(own, fresh, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(fresh);
        bram_ctx_free(own);
        assert_true(k < 10000);
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Real data: what is most like human and monkey IT among nine layers. */
static void inferior_temporal_cortex(void **state)
{
    (void)state;
    char brain[512], paper[512], network[512];
    test_data(brain, "vision/rsa/rsatoolbox/92imageData/92_brainRDMs.mat");
    test_data(paper,
              "vision/rsa/rsatoolbox/92imageData/Kriegeskorte_Neuron2008_supplementalData.mat");
    test_data(network, "vision/rsa/rsatoolbox/rdms_inferring/modelRDMs_A2020.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result = NULL;
    bram_input input = {(const char *const[]){brain, paper, network}, 3};
    size_t errors = 0;
    assert_ok(cx, bram_import(cx, &ds, "auto", &input, NULL));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    const bram_response *conv = bram_dataset_response(ds, "responses/conv1"),
                        *prob = bram_dataset_response(ds, "responses/prob");
    assert_int_equal(bram_response_length(conv, 0), 11);
    assert_int_equal(bram_response_length(prob, 0), 2);
    assert_string_equal(bram_axis_id(bram_response_axis(conv, 0), 1), "smooth1sepFeat");
    assert_non_null(bram_dataset_response(ds, "stimuli/features/fc7"));
    static char *metrics[] = {given};
    static const char *const options =
        "samples=200,layers=conv1+conv2+conv3+conv4+conv5+fc6+fc7+fc8+prob";
    static const char *const areas[] = {"hIT", "mIT_674neurons"};
    for (size_t a = 0; a < 2; a++) {
        bram_dataset *alone = NULL;
        char id[80];
        double share = 0;
        bram_benchmark b = benchmark(cx, given, options);
        assert_ok(cx, test_cell(cx, &result, &b, ds, areas[a], "features"));
        bram_options_free(b.options);
        b = test_benchmark(cx, "geometry", metrics, 1, "samples=0");
        assert_ok(cx, test_cell(cx, &alone, &b, ds, areas[a], "features:fc8"));
        bram_options_free(b.options);
        snprintf(id, sizeof id, "%s@fc8", given);
        assert_near(test_number(result, id, "value"), test_number(alone, given, "value"), 1e-14);
        static const char *const layers[] = {"conv1", "conv2", "conv3", "conv4", "conv5",
                                             "fc6",   "fc7",   "fc8",   "prob"};
        for (size_t k = 0; k < 9; k++) {
            snprintf(id, sizeof id, "share@%s", layers[k]);
            share += test_number(result, id, "value");
        }
        assert_near(share, 1, 1e-12);
        double depth = test_number(result, "pseudo-depth", "value");
        assert_true(depth >= test_number(result, "pseudo-depth", "low") &&
                    depth <= test_number(result, "pseudo-depth", "high"));
        bram_dataset_free(alone);
        bram_dataset_free(result);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_layer_that_is_read_out),
        cmocka_unit_test(by_distances_between_repeats),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(every_failing_allocation),
        cmocka_unit_test(inferior_temporal_cortex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
