/* Tests of core/fill.c: blocks in any order, in memory and on disk, holes, refusals. */
#include "fill.h"
#include "internal.h"
#include "test.h"

enum { A = 5, B = 4, C = 3 };

static double value_at(size_t a, size_t b, size_t c)
{
    return 100 * (double)a + 10 * (double)b + (double)c;
}

static void make_axes(bram_ctx *cx, bram_axis *axis[3])
{
    static const size_t length[] = {A, B, C};
    for (size_t d = 0; d < 3; d++)
        assert_ok(cx, bram_axis_new(cx, &axis[d], (const char[]){(char)('a' + d), 0}, length[d]));
}

static bram_fill *begin(bram_ctx *cx, const size_t *order)
{
    bram_axis *axis[3];
    bram_fill *f;
    make_axes(cx, axis);
    assert_ok(cx, bram_fill_new(cx, &f, "r", 3, (const bram_axis *const *)axis, order));
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    return f;
}

static void put(bram_ctx *cx, bram_fill *f, const size_t *start, const size_t *count)
{
    double values[A * B * C];
    size_t k = 0;
    for (size_t a = 0; a < count[0]; a++)
        for (size_t b = 0; b < count[1]; b++)
            for (size_t c = 0; c < count[2]; c++)
                values[k++] = value_at(start[0] + a, start[1] + b, start[2] + c);
    assert_ok(cx, bram_fill_put(cx, f, start, count, values));
}

/* Everything but [2, 1..2, *], and NaN at [0, 0, 0]; then blocks are compared. */
static void check(bram_ctx *cx, const bram_response *r)
{
    static const size_t blocks[][2][3] = {{{0, 0, 0}, {A, B, C}},
                                          {{1, 0, 0}, {2, B, C}},
                                          {{2, 1, 1}, {2, 2, 1}},
                                          {{4, 3, 2}, {1, 1, 1}}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        const size_t *start = blocks[i][0], *count = blocks[i][1];
        double values[A * B * C];
        uint8_t present[A * B * C];
        size_t k = 0;
        assert_ok(cx, bram_response_read(cx, r, start, count, values, present));
        for (size_t a = start[0]; a < start[0] + count[0]; a++)
            for (size_t b = start[1]; b < start[1] + count[1]; b++)
                for (size_t c = start[2]; c < start[2] + count[2]; c++, k++) {
                    bool hole = (a == 2 && (b == 1 || b == 2)) || (a + b + c == 0);
                    assert_int_equal(present[k], !hole);
                    assert_near(values[k], hole ? 0 : value_at(a, b, c), 0);
                }
    }
}

static void blocks_come_in_any_order(void **state)
{
    (void)state;
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {2, 1, 0}, {1, 0, 2}};
    static const size_t blocks[][2][3] = {{{3, 0, 0}, {2, B, C}}, {{0, 0, 1}, {1, B, 2}},
                                          {{0, 1, 0}, {1, 3, 1}}, {{1, 0, 0}, {1, B, C}},
                                          {{2, 3, 0}, {1, 1, C}}, {{2, 0, 0}, {1, 1, C}},
                                          {{0, 0, 0}, {0, B, C}}};
    const double nothing = (double)NAN;
    for (int disk = 0; disk < 2; disk++)
        for (size_t o = 0; o < sizeof orders / sizeof *orders; o++) {
            bram_ctx *cx = bram_ctx_new();
            if (disk) bram_ctx_set_spill(cx, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
            bram_fill *f = begin(cx, orders[o]);
            for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
                put(cx, f, blocks[i][0], blocks[i][1]);
            assert_ok(cx, bram_fill_put(cx, f, (size_t[]){0, 0, 0}, (size_t[]){1, 1, 1}, &nothing));
            bram_response *r;
            assert_ok(cx, bram_fill_end(cx, f, BRAM_F32, &r));
            assert_true(bram_response_has_mask(r));
            check(cx, r);
            bram_response_free(r);
            bram_ctx_free(cx);
        }
}

static void what_is_complete_has_no_mask(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_fill *f = begin(cx, NULL);
    bram_response *r;
    put(cx, f, (size_t[]){0, 0, 0}, (size_t[]){A, B, C}); /* with a zero among the values */
    assert_ok(cx, bram_fill_end(cx, f, BRAM_F32, &r));
    assert_false(bram_response_has_mask(r));
    bram_response_free(r);
    bram_ctx_free(cx);
}

/* What was put can be read before the end; an axis can be exchanged; levels are a type. */
static void before_the_end(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_spill(cx, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    bram_axis *axis;
    bram_response *r;
    bram_fill *f = begin(cx, (const size_t[]){2, 1, 0});
    double values[2];
    put(cx, f, (size_t[]){0, 0, 0}, (size_t[]){1, B, C});
    assert_ok(cx, bram_fill_read(cx, f, (size_t[]){0, 2, 1}, (size_t[]){2, 1, 1}, values));
    assert_near(values[0], 21, 0);
    assert_true(isnan(values[1]));
    assert_int_equal(bram_fill_read(cx, f, (size_t[]){A, 0, 0}, (size_t[]){1, 1, 1}, values),
                     BRAM_ESHAPE);
    assert_int_equal(bram_fill_dims(f), 3);
    assert_string_equal(bram_axis_name(bram_fill_axis(f, 1)), "b");
    assert_ok(cx, bram_axis_new(cx, &axis, "other", B));
    bram_fill_set_axis(f, 1, axis);
    bram_axis_free(axis);
    assert_ok(cx, bram_fill_end(cx, f, BRAM_U8, &r));
    assert_string_equal(bram_axis_name(bram_response_axis(r, 1)), "other");
    assert_int_equal(bram_response_type(r), BRAM_U8);
    bram_response_free(r);
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_axis *axis[3];
    bram_fill *f = NULL;
    const double huge = 1e300;
    make_axes(cx, axis);
    const bram_axis *const *all = (const bram_axis *const *)axis;
    assert_int_equal(bram_fill_new(cx, &f, "r", 0, all, NULL), BRAM_EUSAGE);
    assert_int_equal(bram_fill_new(cx, &f, "r", 3, all, (size_t[]){0, 0, 1}), BRAM_EUSAGE);
    bram_ctx_set_memory(cx, 100);
    assert_int_equal(bram_fill_new(cx, &f, "r", 3, all, NULL), BRAM_EMEMORY);
    bram_ctx_set_memory(cx, 0);
    bram_ctx_set_spill(cx, "/no/such/folder");
    assert_int_equal(bram_fill_new(cx, &f, "r", 3, all, NULL), BRAM_EWRITE);
    bram_ctx_set_spill(cx, NULL);
    assert_null(f);
    assert_ok(cx, bram_fill_new(cx, &f, "r", 3, all, NULL));
    assert_int_equal(bram_fill_put(cx, f, (size_t[]){A, 0, 0}, (size_t[]){1, 1, 1}, &huge),
                     BRAM_ESHAPE);
    assert_int_equal(bram_fill_put(cx, f, (size_t[]){0, 0, 0}, (size_t[]){1, 1, 1}, &huge),
                     BRAM_ENUMERIC);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    bram_fill_free(f);
    bram_fill_free(NULL);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_in_any_order),
        cmocka_unit_test(what_is_complete_has_no_mask),
        cmocka_unit_test(before_the_end),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
