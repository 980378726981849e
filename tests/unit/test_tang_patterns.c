/*
 * Tests of loaders/tang_patterns.c: on the real files (9500 pictures, neurons 75, 255 and 381)
 * figures that another program (NumPy, Pillow) read from them; on wrong ones the refusals.
 */
#include "npy.h"
#include "test.h"

#include <bramble/loader.h>

enum { PATTERNS = 9500, MIDDLE = 40 };

static void real_files(void **state)
{
    (void)state;
    char archive[512], neuron[3][512];
    test_data(archive, "vision/encoding/tang_v1_patterns/pattern-stimuli.tar.gz");
    test_data(neuron[0], "vision/encoding/tang_v1_patterns/neurons/neu255.npy");
    test_data(neuron[1], "vision/encoding/tang_v1_patterns/neurons/neu381.npy");
    test_data(neuron[2], "vision/encoding/tang_v1_patterns/neurons/neu75.npy");
    bram_ctx *cx = bram_ctx_new();
    const char *const paths[] = {archive, neuron[0], neuron[1], neuron[2]};
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_import(cx, &ds, "tang-patterns:side=40", &(bram_input){paths, 4}, NULL));
    const bram_response *r = bram_dataset_response(ds, "responses/V1");
    assert_int_equal(bram_response_length(r, 0), PATTERNS);
    const char *const ids[] = {"neu75", "neu255", "neu381"};
    /* the first values, and the means */
    const double first[] = {0.11872376, -0.00797153, 0.02356813};
    const double mean[] = {0.04933553185266652, 0.050583619414718624, 0.04874502598076953};
    double *values = calloc(PATTERNS * 3, sizeof *values), sum[3] = {0};
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){PATTERNS, 3}, values, NULL));
    for (size_t i = 0; i < PATTERNS * 3; i++) sum[i % 3] += values[i];
    for (size_t u = 0; u < 3; u++) {
        assert_string_equal(bram_axis_id(bram_response_axis(r, 1), u), ids[u]);
        assert_near(values[u], first[u], 5e-9);
        assert_near(sum[u] / PATTERNS, mean[u], 1e-14);
    }
    free(values);
    /* 15 pictures are there a second time, five rows later */
    const bram_axis *stimulus = bram_response_axis(r, 0);
    const char *const *image = bram_axis_column(stimulus, "image")->text;
    const int64_t *block = bram_axis_column(stimulus, "block")->integer;
    size_t again = 0;
    for (size_t i = 0; i < PATTERNS; i++) {
        char own[32];
        snprintf(own, sizeof own, "pattern/%zu.png", i + 1);
        again += strcmp(image[i], own) != 0;
        assert_int_equal(block[i], i / 500 + 1);
    }
    assert_int_equal(again, 15);
    assert_string_equal(image[6365], "pattern/6361.png");
    assert_int_equal(block[6365], block[6360]);
    const bram_response *pictures = bram_dataset_response(ds, "stimuli/images/patterns");
    /* levels of the middle of the first and the last picture, added up */
    static double level[MIDDLE * MIDDLE];
    const double sums[] = {193800, 314415};
    assert_int_equal(bram_response_length(pictures, 1), MIDDLE);
    for (size_t k = 0; k < 2; k++) {
        double all = 0;
        assert_ok(cx, bram_response_read(cx, pictures, (size_t[]){k * (PATTERNS - 1), 0, 0},
                                         (size_t[]){1, MIDDLE, MIDDLE}, level, NULL));
        for (size_t i = 0; i < MIDDLE * MIDDLE; i++) all += level[i];
        assert_near(all, sums[k], 0);
    }
    /* pictures and responses belong together, so the import has nothing to say */
    assert_null(bram_attrs_text(bram_response_attrs_const(r), "findings"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    char path[200];
    bram_ctx *cx = bram_ctx_new();
    const bram_loader *loader = bram_loader_find("tang-patterns");
    bram_recognition r;
    bram_dataset *ds = NULL;
    const char *const paths[] = {path};
    double *values = calloc(PATTERNS, sizeof *values);
    test_temporary(path, "neu7.npy");
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){PATTERNS, 1}, values));
    assert_ok(cx, loader->belongs(cx, path, &r));
    assert_int_equal(r.verdict, BRAM_MINE);
    assert_ok(cx, loader->recognise(cx, &(bram_input){paths, 1}, &r));
    assert_int_equal(r.verdict, BRAM_NOT_MINE);
    assert_int_equal(bram_import(cx, &ds, "tang-patterns", &(bram_input){paths, 1}, NULL),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "no archive of the pictures"));
    values[7] = NAN;
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){PATTERNS, 1}, values));
    assert_int_equal(bram_import(cx, &ds, "tang-patterns", &(bram_input){paths, 1}, NULL),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "value 7 is nan"));
    assert_ok(cx, bram_npy_write(cx, path, true, BRAM_NPY_F64, 2, (size_t[]){95, 100}, values));
    assert_ok(cx, loader->belongs(cx, path, &r));
    assert_int_equal(r.verdict, BRAM_NOT_MINE);
    assert_int_equal(bram_import(cx, &ds, "tang-patterns", &(bram_input){paths, 1}, NULL),
                     BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "another shape than 9500 x 1"));
    assert_null(ds);
    free(values);
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_files), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
