/* Tests of core/spill.c: a response reads the same from disk as from memory. */
#include "internal.h"
#include "spill.h"
#include "test.h"

#include <signal.h>
#include <sys/resource.h>

enum { ROWS = 120, MIDDLE = 30, COLS = 20, COUNT = ROWS * MIDDLE * COLS };

static double value_at(size_t i)
{
    return 0.5 * (double)i - 3; /* a float can hold it */
}

/* A response g/r of three dimensions in a dataset; every 7th value is missing where asked. */
static bram_response *put(bram_ctx *cx, bram_dataset *ds, bram_type type, bool mask)
{
    static const size_t length[] = {ROWS, MIDDLE, COLS};
    bram_axis *axes[3];
    bram_response *r;
    for (size_t d = 0; d < 3; d++)
        assert_ok(cx, bram_axis_new(cx, &axes[d], (const char[]){(char)('a' + d), 0}, length[d]));
    assert_ok(cx, bram_response_new(cx, &r, "r", type, 3, (const bram_axis *const *)axes));
    for (size_t d = 0; d < 3; d++) bram_axis_free(axes[d]);
    uint8_t *present = mask ? bram_response_mask(cx, r) : NULL;
    for (size_t i = 0; i < COUNT; i++) {
        if (type == BRAM_F64) bram_response_f64(r)[i] = value_at(i);
        else if (type == BRAM_F32) bram_response_f32(r)[i] = (float)value_at(i);
        else bram_response_u8(r)[i] = (uint8_t)(i % 251);
        if (present) present[i] = i % 7 != 0;
    }
    assert_ok(cx, bram_dataset_add(cx, ds, "g", r));
    return r;
}

/* Compares a block with what was put in. */
static void check_block(bram_ctx *cx, const bram_response *r, const size_t *start,
                        const size_t *count, bool mask)
{
    double *values = bram_alloc(cx, COUNT, sizeof *values);
    uint8_t *present = bram_alloc(cx, COUNT, 1);
    assert_ok(cx, bram_response_read(cx, r, start, count, values, present));
    bool bytes = bram_response_type(r) == BRAM_U8;
    size_t k = 0;
    for (size_t a = start[0]; a < start[0] + count[0]; a++)
        for (size_t b = start[1]; b < start[1] + count[1]; b++)
            for (size_t c = start[2]; c < start[2] + count[2]; c++, k++) {
                size_t i = (a * MIDDLE + b) * COLS + c;
                bool there = !mask || i % 7 != 0;
                assert_int_equal(present[k], there);
                double put_in = bytes ? (double)(i % 251) : value_at(i);
                assert_near(values[k], there ? put_in : 0, 0);
            }
    bram_free(values);
    bram_free(present);
}

static void blocks_read_the_same_from_disk(void **state)
{
    (void)state;
    static const size_t blocks[][2][3] = {{{0, 0, 0}, {ROWS, MIDDLE, COLS}},
                                          {{3, 0, 0}, {5, MIDDLE, COLS}},
                                          {{1, 2, 0}, {4, 6, COLS}},
                                          {{39, 29, 19}, {1, 1, 1}},
                                          {{7, 3, 5}, {2, 4, 9}},
                                          {{0, 0, 19}, {ROWS, 1, 1}},
                                          {{2, 2, 2}, {0, 3, 3}}};
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_spill(cx, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    for (int form = 0; form < 6; form++) {
        static const bram_type types[] = {BRAM_F64, BRAM_F32, BRAM_U8};
        bram_type type = types[form / 2];
        bram_dataset *ds;
        assert_ok(cx, bram_dataset_new(cx, &ds));
        bram_response *r = put(cx, ds, type, form & 1);
        assert_ok(cx, bram_dataset_spill(cx, ds, r));
        assert_null(bram_response_f64(r));
        assert_null(bram_response_f32(r));
        assert_null(bram_response_u8(r));
        assert_int_equal(bram_response_type(r), type);
        assert_int_equal(bram_response_has_mask(r), form & 1);
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
            check_block(cx, r, blocks[i][0], blocks[i][1], form & 1);
        assert_ok(cx, bram_dataset_spill(cx, ds, r)); /* it is there already */
        check_block(cx, r, blocks[4][0], blocks[4][1], form & 1);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void a_dataset_on_disk_has_the_same_hash(void **state)
{
    (void)state;
    char hex[2][65];
    bram_ctx *cx = bram_ctx_new();
    for (int spilled = 0; spilled < 2; spilled++) {
        bram_dataset *ds;
        bram_ctx_set_spill(cx, spilled ? "/tmp" : NULL);
        assert_ok(cx, bram_dataset_new(cx, &ds));
        bram_response *r = put(cx, ds, BRAM_F64, true);
        assert_ok(cx, bram_dataset_spill(cx, ds, r));
        assert_int_equal(bram_response_f64(r) == NULL, spilled);
        assert_ok(cx, bram_dataset_hash(cx, ds, hex[spilled]));
        bram_dataset_free(ds);
    }
    assert_string_equal(hex[0], hex[1]);
    bram_ctx_free(cx);
}

static void small_arrays_stay_in_memory(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_spill(cx, "/nowhere at all");
    bram_dataset *ds;
    bram_axis *axis;
    bram_response *r;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &axis, "a", 8191)); /* one less than 64 KiB of doubles */
    assert_ok(cx, bram_response_new(cx, &r, "r", BRAM_F64, 1, (const bram_axis *const[]){axis}));
    bram_axis_free(axis);
    assert_ok(cx, bram_dataset_add(cx, ds, "", r));
    assert_ok(cx, bram_dataset_spill(cx, ds, r));
    assert_non_null(bram_response_f64(r));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_folder_that_cannot_be_written_changes_nothing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_spill(cx, "/nowhere at all");
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_response *r = put(cx, ds, BRAM_F64, false);
    assert_int_equal(bram_dataset_spill(cx, ds, r), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "/nowhere at all"));
    assert_near(bram_response_f64(r)[5], value_at(5), 0);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* A write that fails half way, as on a disk that is full. */
static void a_full_disk_changes_nothing(void **state)
{
    (void)state;
    struct rlimit before;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_response *r = put(cx, ds, BRAM_F32, false);
    bram_ctx_set_spill(cx, "/tmp");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){50000, before.rlim_max});
    int status = bram_dataset_spill(cx, ds, r);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(status, BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "/tmp: cannot write: "));
    assert_near(bram_response_f32(r)[COUNT - 1], value_at(COUNT - 1), 0);
    assert_ok(cx, bram_dataset_spill(cx, ds, r)); /* there is room again */
    check_block(cx, r, (const size_t[]){0, 0, 0}, (const size_t[]){ROWS, MIDDLE, COLS}, false);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    int status = BRAM_ENOMEM;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_response *r = put(cx, ds, BRAM_F64, true);
    bram_ctx_set_spill(cx, "/tmp");
    for (size_t k = 1; status != BRAM_OK; k++) {
        assert_in_range(k, 1, 8);
        bram_fail_allocation(k, true);
        status = bram_dataset_spill(cx, ds, r);
        bram_fail_allocation(0, false);
        assert_int_equal(bram_response_f64(r) == NULL, status == BRAM_OK);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
    }
    check_block(cx, r, (const size_t[]){1, 2, 3}, (const size_t[]){4, 5, 6}, true);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_read_the_same_from_disk),
        cmocka_unit_test(a_dataset_on_disk_has_the_same_hash),
        cmocka_unit_test(small_arrays_stay_in_memory),
        cmocka_unit_test(a_folder_that_cannot_be_written_changes_nothing),
        cmocka_unit_test(a_full_disk_changes_nothing),
        cmocka_unit_test(without_memory_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
