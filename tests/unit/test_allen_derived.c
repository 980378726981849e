/* Tests of loaders/allen_derived.c on the real file; the values are those that NumPy reads. */
#include "test.h"

#include <bramble/loader.h>

static void the_real_file(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "vision/encoding/allen_neuropixels_derived/part1_outputs.npz");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    size_t errors = 1;
    assert_ok(cx,
              bram_import(cx, &ds, "auto", &(bram_input){(const char *const[]){path}, 1}, NULL));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    const bram_axis *scene = bram_dataset_table(ds, "stimuli/stimulus");
    assert_int_equal(bram_axis_length(scene), 118);
    assert_near(bram_axis_column(scene, "consistency")->number[0], 0.4228738266816981, 1e-15);
    assert_near(bram_axis_column(scene, "mean_magnitude")->number[117], 0.6357340458780527, 1e-15);
    assert_int_equal(bram_axis_column(scene, "place")->integer[37], 1);
    const bram_response *r = bram_dataset_response(ds, "statistics/noise_ceiling");
    double value;
    assert_int_equal(bram_response_length(r, 0), 32);
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){31, 5}, (size_t[]){1, 1}, &value, NULL));
    assert_near(value, 0.9854342428299763, 1e-15);
    assert_near(bram_axis_column(bram_response_axis(r, 0), "rdm_reliability")->number[3],
                0.857785168376131, 1e-15);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_real_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
