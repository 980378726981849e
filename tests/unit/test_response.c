/* Tests of core/response.c. */
#include <bramble/response.h>

#include "internal.h"
#include "test.h"

/* Axes a, b, c, d of the given lengths; the caller frees them. */
static void make_axes(bram_ctx *cx, bram_axis **axes, size_t dims, const size_t *lengths)
{
    for (size_t d = 0; d < dims; d++)
        assert_ok(cx, bram_axis_new(cx, &axes[d], (const char[]){(char)('a' + d), 0}, lengths[d]));
}

static int make(bram_ctx *cx, bram_response **out, bram_type type, size_t dims,
                const size_t *lengths)
{
    bram_axis *axes[BRAM_MAX_DIMS] = {0};
    make_axes(cx, axes, dims, lengths);
    int status = bram_response_new(cx, out, "r", type, dims, (const bram_axis *const *)axes);
    for (size_t d = 0; d < dims; d++) bram_axis_free(axes[d]);
    return status;
}

static void a_new_response_is_zero_and_knows_its_shape(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_response *r;
    assert_ok(cx, make(cx, &r, BRAM_F64, 3, (size_t[]){2, 3, 4}));
    assert_string_equal(bram_response_name(r), "r");
    assert_int_equal(bram_response_dims(r), 3);
    assert_int_equal(bram_response_length(r, 1), 3);
    assert_string_equal(bram_axis_name(bram_response_axis(r, 2)), "c");
    assert_int_equal(bram_response_count(r), 24);
    assert_int_equal(bram_response_type(r), BRAM_F64);
    assert_null(bram_response_f32(r));
    for (size_t i = 0; i < 24; i++) assert_true(bram_response_f64(r)[i] == 0);
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "dF/F"));
    assert_string_equal(bram_attrs_text(bram_response_attrs_const(r), "unit"), "dF/F");
    bram_response_free(r);
    bram_response_free(NULL);
    bram_ctx_free(cx);
}

static void blocks_of_every_rank(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const size_t lengths[] = {3, 4, 2, 5};
    for (size_t dims = 1; dims <= 4; dims++) {
        bram_response *r;
        assert_ok(cx, make(cx, &r, BRAM_F32, dims, lengths));
        for (size_t i = 0; i < bram_response_count(r); i++) bram_response_f32(r)[i] = (float)i;
        uint8_t *mask = bram_response_mask(cx, r);
        for (size_t i = 0; i < bram_response_count(r); i += 7) mask[i] = 0;
        size_t start[] = {1, 1, 0, 2}, count[] = {2, 2, 2, 3}, block = 1, at[4];
        for (size_t d = 0; d < dims; d++) block *= count[d];
        double values[24];
        uint8_t present[24];
        assert_ok(cx, bram_response_read(cx, r, start, count, values, present));
        for (size_t i = 0; i < block; i++) {
            size_t rest = i, from = 0;
            for (size_t d = dims; d-- > 0; rest /= count[d]) at[d] = start[d] + rest % count[d];
            for (size_t d = 0; d < dims; d++) from = from * lengths[d] + at[d];
            assert_int_equal(present[i], from % 7 != 0);
            assert_near(values[i], from % 7 ? (double)from : 0, 0);
        }
        double again[24];
        assert_ok(cx, bram_response_read(cx, r, start, count, again, NULL));
        assert_memory_equal(again, values, block * sizeof *values);
        bram_response_free(r);
    }
    bram_ctx_free(cx);
}

static void a_block_outside_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_response *r;
    double value = 42;
    assert_ok(cx, make(cx, &r, BRAM_F64, 2, (size_t[]){2, 3}));
    const size_t bad[][4] = {{0, 0, 3, 1}, {2, 0, 1, 1},        {0, 3, 1, 1},
                             {0, 4, 1, 0}, {1, 0, SIZE_MAX, 1}, {SIZE_MAX, 0, 2, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(bram_response_read(cx, r, bad[i], bad[i] + 2, &value, NULL), BRAM_ESHAPE);
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){2, 0}, (size_t[]){0, 3}, &value, NULL));
    assert_near(value, 42, 0);
    bram_response_free(r);
    bram_ctx_free(cx);
}

static void masks(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_response *r;
    assert_ok(cx, make(cx, &r, BRAM_F64, 1, (size_t[]){3}));
    assert_false(bram_response_has_mask(r));
    uint8_t *mask = bram_response_mask(cx, r), present[3];
    assert_memory_equal(mask, "\1\1\1", 3);
    assert_true(bram_response_has_mask(r));
    mask[1] = 0;
    assert_ptr_equal(bram_response_mask(cx, r), mask);
    assert_int_equal(mask[1], 0);
    double values[3];
    bram_response_f64(r)[1] = NAN; /* not defined where missing: must not leak out */
    assert_ok(cx, bram_response_read(cx, r, &(size_t){0}, &(size_t){3}, values, present));
    assert_near(values[1], 0, 0);
    assert_memory_equal(present, "\1\0\1", 3);
    bram_response_free(r);
    bram_ctx_free(cx);
}

static void views_of_matrices_only(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_response *r;
    bram_mat m = {0};
    assert_ok(cx, make(cx, &r, BRAM_F32, 2, (size_t[]){2, 3}));
    assert_int_equal(bram_response_view(cx, r, &m), BRAM_ENOTAPPLICABLE);
    bram_response_free(r);
    assert_ok(cx, make(cx, &r, BRAM_F64, 3, (size_t[]){2, 3, 1}));
    assert_int_equal(bram_response_view(cx, r, &m), BRAM_ENOTAPPLICABLE);
    bram_response_free(r);
    assert_null(m.data);
    assert_ok(cx, make(cx, &r, BRAM_F64, 2, (size_t[]){2, 3}));
    assert_ok(cx, bram_response_view(cx, r, &m));
    assert_ptr_equal(m.data, bram_response_f64(r));
    assert_true(m.rows == 2 && m.cols == 3 && m.stride == 3);
    bram_response_free(r);
    bram_ctx_free(cx);
}

static int count_up(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                    double *values, uint8_t *present)
{
    (void)present;
    if (*(int *)state < 0) return bram_fail(cx, BRAM_EREAD, "gone");
    for (size_t i = 0; i < count[0]; i++) values[i] = (double)(start[0] + i);
    return BRAM_OK;
}

static void note_release(void *state)
{
    ++*(int *)state;
}

static void readers(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    bram_response *r = NULL;
    int released = 0;
    bram_reader reader = {count_up, note_release, &released, true};
    assert_ok(cx, bram_axis_new(cx, &axis, "time", 9));
    const bram_axis *axes[] = {axis};
    assert_int_equal(bram_response_from_reader(cx, &r, "a/b", BRAM_F32, 1, axes, reader),
                     BRAM_EUSAGE);
    assert_int_equal(released, 1); /* taken over, also on failure */
    assert_null(r);
    assert_ok(cx, bram_response_from_reader(cx, &r, "x", BRAM_F32, 1, axes, reader));
    bram_axis_free(axis);
    double values[3];
    assert_ok(cx, bram_response_read(cx, r, &(size_t){6}, &(size_t){3}, values, NULL));
    assert_near(values[2], 8, 0);
    assert_int_equal(bram_response_read(cx, r, &(size_t){7}, &(size_t){3}, values, NULL),
                     BRAM_ESHAPE);
    assert_true(bram_response_has_mask(r));
    assert_null(bram_response_f32(r));
    assert_null(bram_response_mask(cx, r));
    assert_non_null(strstr(bram_ctx_message(cx), "in a file"));
    assert_int_equal(bram_response_view(cx, r, &(bram_mat){0}), BRAM_ENOTAPPLICABLE);
    released = -5;
    assert_int_equal(bram_response_read(cx, r, &(size_t){0}, &(size_t){1}, values, NULL),
                     BRAM_EREAD);
    bram_response_free(r);
    assert_int_equal(released, -4);
    bram_ctx_free(cx);
}

static void bad_shapes_and_names(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axes[5], *huge;
    bram_response *r = NULL;
    for (int d = 0; d < 5; d++) assert_ok(cx, bram_axis_new(cx, &axes[d], "x", 2));
    assert_ok(cx, bram_axis_new(cx, &huge, "y", SIZE_MAX / 2));
    const bram_axis *const *a = (const bram_axis *const *)axes;
    assert_int_equal(bram_response_new(cx, &r, "r", BRAM_F64, 0, a), BRAM_EUSAGE);
    assert_int_equal(bram_response_new(cx, &r, "r", BRAM_F64, 5, a), BRAM_EUSAGE);
    assert_int_equal(bram_response_new(cx, &r, "", BRAM_F64, 1, a), BRAM_EUSAGE);
    assert_int_equal(bram_response_new(cx, &r, NULL, BRAM_F64, 1, a), BRAM_EUSAGE);
    const bram_axis *large[] = {huge, huge};
    assert_int_equal(bram_response_new(cx, &r, "r", BRAM_F64, 2, large), BRAM_ENOMEM);
    assert_int_equal(bram_response_new(cx, &r, "r", BRAM_F64, 1, large), BRAM_ENOMEM);
    assert_null(r);
    assert_ok(cx, make(cx, &r, BRAM_F32, 2, (size_t[]){0, 3}));
    assert_int_equal(bram_response_count(r), 0);
    bram_response_free(r);
    for (int d = 0; d < 5; d++) bram_axis_free(axes[d]);
    bram_axis_free(huge);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis;
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &axis, "time", 3));
    const bram_axis *axes[] = {axis, axis};
    size_t k = 0;
    for (int status = BRAM_ENOMEM; status != BRAM_OK;) {
        bram_fail_allocation(++k, false);
        status = bram_response_new(cx, &r, "r", BRAM_F64, 2, axes);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
    }
    assert_int_equal(k, 5); /* itself, name, attributes, values */
    bram_fail_allocation(1, false);
    assert_null(bram_response_mask(cx, r));
    bram_fail_allocation(0, false);
    assert_false(bram_response_has_mask(r));
    bram_response_free(r);
    assert_ok(cx, bram_axis_set_values(cx, axis, (double[]){1, 2, 3}, "s")); /* no share is left */
    bram_axis_free(axis);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_response_is_zero_and_knows_its_shape),
        cmocka_unit_test(blocks_of_every_rank),
        cmocka_unit_test(a_block_outside_is_refused),
        cmocka_unit_test(masks),
        cmocka_unit_test(views_of_matrices_only),
        cmocka_unit_test(readers),
        cmocka_unit_test(bad_shapes_and_names),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
