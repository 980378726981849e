/* Tests of core/dataset_pack.c and benchmarks/cell_summary.c: what was packed comes back, and a
 * summary that is old, damaged or absent changes nothing that is read. */
#include "cell_summary.h"

#include "buffer.h"
#include "dataset_pack.h"
#include "file.h"
#include "internal.h"
#include "store.h"
#include "test.h"

enum { ROWS = 3, UNITS = 2000, CELLS = 3 };

static const char *const both[] = {"raw", "draw"};

/* A cell of every kind of thing: its first score is `value`. draw is too large to be kept in memory
 * when it is opened. */
static bram_dataset *made(bram_ctx *cx, double value, bool example)
{
    bram_dataset *ds = NULL;
    bram_axis *score = NULL, *unit = NULL, *time = NULL;
    bram_response *raw = NULL, *draw = NULL, *more = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    bram_attrs *a = bram_dataset_attrs(cx, ds, "");
    assert_ok(cx, bram_attrs_set_text(cx, a, "blas_core", "made"));
    assert_ok(cx, bram_attrs_set_number(cx, a, "interval_level", .95));
    assert_ok(cx, bram_attrs_set_integer(cx, a, "large", INT64_MIN));
    assert_ok(cx, bram_axis_new(cx, &score, "score", ROWS));
    assert_ok(cx, bram_axis_set_ids(cx, score, (const char *[]){"a@x", "b@x", "\xc3\xa4@x"}));
    assert_ok(cx, bram_axis_add_number(cx, score, "value", (double[]){value, NAN, -0.0}, "s"));
    assert_ok(cx, bram_axis_add_integer(cx, score, "units", (int64_t[]){1, INT64_MAX, -1}));
    assert_ok(cx, bram_axis_add_text(cx, score, "summary", (const char *[]){"mean", "", "x"}));
    assert_ok(cx, bram_axis_new(cx, &unit, "unit", UNITS)); /* no ids */
    assert_ok(cx, bram_axis_new(cx, &time, "time", 2));
    assert_ok(cx, bram_axis_set_values(cx, time, (double[]){0, .5}, "s"));
    assert_ok(cx,
              bram_response_new(cx, &raw, "raw", BRAM_F32, 2, (const bram_axis *[]){score, time}));
    assert_ok(
        cx, bram_response_new(cx, &draw, "draw", BRAM_F64, 2, (const bram_axis *[]){score, unit}));
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(raw), "unit", "1"));
    for (size_t i = 0; i < 2 * ROWS; i++) bram_response_f32(raw)[i] = (float)(value + (double)i);
    bram_response_mask(cx, raw)[4] = 0;
    for (size_t i = 0; i < ROWS * UNITS; i++) bram_response_f64(draw)[i] = value + sin((double)i);
    bram_response_mask(cx, draw)[UNITS + 7] = 0;
    assert_ok(cx, bram_dataset_add(cx, ds, "", raw));
    assert_ok(cx, bram_dataset_add(cx, ds, "", draw));
    if (example) {
        assert_ok(
            cx, bram_response_new(cx, &more, "recorded", BRAM_F64, 1, (const bram_axis *[]){time}));
        bram_response_f64(more)[1] = 42;
        assert_ok(cx, bram_dataset_add(cx, ds, "example", more));
    }
    bram_axis_free(score);
    bram_axis_free(unit);
    bram_axis_free(time);
    return ds;
}

static void write_bytes(bram_ctx *cx, const char *path, const void *bytes, size_t size)
{
    bram_outfile *file = NULL;
    assert_ok(cx, bram_outfile_open(cx, &file, path, true));
    assert_ok(cx, bram_outfile_write(cx, file, bytes, size));
    assert_ok(cx, bram_outfile_commit(cx, file));
}

/* ---- packing -------------------------------------------------------------------------------- */

static void what_was_packed_comes_back(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char path[256], wanted[65], found[65], *others = NULL;
    bram_dataset *ds = made(cx, .5, true), *same = made(cx, .5, false), *back = NULL;
    bram_buffer packed = {0};
    bram_mapped *file = NULL;
    test_temporary(path, "packed");
    assert_ok(cx, bram_dataset_pack(cx, &packed, ds, both, 2));
    write_bytes(cx, path, packed.text, packed.length);
    assert_ok(cx, bram_mapped_open(cx, &file, path));
    assert_ok(cx, bram_dataset_unpack(cx, &back, &others, file, file->bytes, file->size));
    bram_mapped_free(file); /* the array that stays in it has a share */
    remove(path);
    assert_string_equal(others, "example/recorded\n");
    assert_ok(cx, bram_dataset_hash(cx, back, found));
    assert_ok(cx, bram_dataset_hash(cx, same, wanted));
    assert_string_equal(found, wanted);
    /* a block of the array in the file: rows 1 and 2, three columns from 6 on */
    double value[6];
    uint8_t present[6];
    assert_ok(cx, bram_response_read(cx, bram_dataset_response(back, "draw"), (size_t[]){1, 6},
                                     (size_t[]){2, 3}, value, present));
    assert_near(value[0], .5 + sin(UNITS + 6), 0);
    assert_int_equal(present[1], 0);
    assert_near(value[5], .5 + sin(2 * UNITS + 8), 0);
    bram_free(others);
    bram_buffer_release(&packed);
    bram_dataset_free(ds);
    bram_dataset_free(same);
    bram_dataset_free(back);
    bram_ctx_free(cx);
}

/* Every beginning of the bytes is refused; bytes that were changed are refused or read, and never
 * lead outside. */
static void damaged_bytes_do_no_harm(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, .5, true);
    bram_buffer packed = {0};
    assert_ok(cx, bram_dataset_pack(cx, &packed, ds, both, 1));
    for (size_t size = 0; size < packed.length; size++) {
        unsigned char *bytes = bram_alloc(cx, size + 1,
                                          1); /* its own, so that reading on is seen */
        memcpy(bytes, packed.text, size);
        bram_mapped file = {.bytes = bytes, .size = size};
        bram_dataset *back = NULL;
        char *others = NULL;
        atomic_init(&file.shares, 2);
        assert_int_equal(bram_dataset_unpack(cx, &back, &others, &file, bytes, size), BRAM_EFORMAT);
        assert_null(back);
        assert_null(others);
        bram_free(bytes);
    }
    for (size_t i = 0; i < packed.length; i++)
        for (unsigned flip = 1; flip < 256; flip *= 4) {
            unsigned char *bytes = bram_alloc(cx, packed.length, 1);
            memcpy(bytes, packed.text, packed.length);
            bytes[i] ^= (unsigned char)flip;
            bram_mapped file = {.bytes = bytes, .size = packed.length};
            bram_dataset *back = NULL;
            char *others = NULL;
            atomic_init(&file.shares, 2);
            int status = bram_dataset_unpack(cx, &back, &others, &file, bytes, packed.length);
            assert_true(status == BRAM_OK ? back != NULL : back == NULL);
            bram_dataset_free(back);
            bram_free(others);
            bram_free(bytes);
        }
    bram_buffer_release(&packed);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- a results folder ----------------------------------------------------------------------- */

struct folder {
    bram_ctx *cx;
    char dir[256], summary[300], cell[CELLS][400];
    bram_benchmark b;
    bram_planned planned[CELLS];
    bram_plan plan;
};

static void put(struct folder *f, size_t i, double value)
{
    assert_ok(f->cx, bram_store_put(f->cx, f->dir, &f->plan, &f->planned[i], BRAM_STATE_SCORED, "",
                                    made(f->cx, value, i == 0)));
}

/* Cells 0 and 1 are scored, 2 is failed. */
static int setup(void **state)
{
    static char names[][12] = {"made", "Made", "forecast", "none", "",
                               "mse",  "p",    "copy",     "mean", "window"};
    static char *metrics[] = {names[5]};
    static struct folder f;
    f = (struct folder){.cx = bram_ctx_new()};
    test_temporary(f.dir, "summary");
    snprintf(f.summary, sizeof f.summary, "%s/summaries/made.bin", f.dir);
    f.b = (bram_benchmark){.name = names[0],
                           .title = names[1],
                           .task = names[2],
                           .dataset = names[3],
                           .citation = names[4],
                           .version = 1,
                           .metrics = metrics,
                           .metric_count = 1};
    assert_ok(f.cx, bram_options_new(f.cx, &f.b.options, bram_task_find("forecast")->params, ""));
    f.plan = (bram_plan){.benchmark = &f.b, .cell = f.planned, .cells = CELLS};
    memset(f.plan.dataset_hash, '0', 64);
    assert_ok(f.cx, bram_store_make(f.cx, f.dir));
    for (size_t i = 0; i < CELLS; i++) {
        f.planned[i] = (bram_planned){.part = names[6], .model = names[7 + i]};
        assert_ok(f.cx, bram_cell_key(f.cx, f.planned[i].key, &f.b, f.plan.dataset_hash, "p",
                                      names[7 + i], 0));
        snprintf(f.cell[i], sizeof f.cell[i], "%s/cells/%s.h5", f.dir, f.planned[i].key);
    }
    put(&f, 0, .25);
    put(&f, 1, .5);
    assert_ok(f.cx, bram_store_put(f.cx, f.dir, &f.plan, &f.planned[2], BRAM_STATE_FAILED,
                                   "it broke", NULL));
    assert_ok(f.cx, bram_store_put_plan(f.cx, f.dir, &f.plan));
    assert_ok(f.cx, bram_store_summarize(f.cx, f.dir, "made"));
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct folder *f = *state;
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", f->dir);
    bram_options_free(f->b.options);
    bram_ctx_free(f->cx);
    return system(command);
}

/* Opens the folder; every cell must say these values, and whether it came out of a summary. */
static void expect(struct folder *f, double first, double second, bool summarized, bool summarized2)
{
    bram_results *r = NULL;
    double value;
    uint8_t present;
    assert_ok(f->cx, bram_results_open(f->cx, &r, f->dir));
    assert_int_equal(bram_results_count(r), CELLS);
    for (size_t i = 0; i < 2; i++) {
        const bram_result *cell = bram_results_at(r, i);
        assert_int_equal(cell->state, BRAM_STATE_SCORED);
        const bram_response *draw = bram_dataset_response(cell->data, "draw");
        assert_ok(f->cx, bram_response_read(f->cx, draw, (size_t[]){0, 0}, (size_t[]){1, 1}, &value,
                                            &present));
        assert_near(value, i ? second : first, 0);
        assert_int_equal(cell->others != NULL, i ? summarized2 : summarized);
    }
    assert_int_equal(bram_results_at(r, 2)->state, BRAM_STATE_FAILED);
    assert_string_equal(bram_results_at(r, 2)->reason, "it broke");
    const bram_dataset *whole = NULL;
    assert_ok(f->cx, bram_results_whole(f->cx, &whole, r, bram_results_at(r, 0), "example/"));
    assert_near(bram_response_f64(bram_dataset_response(whole, "example/recorded"))[1], 42, 0);
    assert_ok(f->cx, bram_results_whole(f->cx, &whole, r, bram_results_at(r, 1), "example/"));
    assert_true(!whole || !bram_dataset_response(whole, "example/recorded"));
    bram_results_free(r);
}

static void a_summary_stands_for_the_cells(void **state)
{
    struct folder *f = *state;
    expect(f, .25, .5, true, true);
    remove(f->summary);
    expect(f, .25, .5, false, false);
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made"));
    expect(f, .25, .5, true, true);
}

static void a_cell_that_changed_is_read_itself(void **state)
{
    struct folder *f = *state;
    put(f, 1, .75); /* the same key, another content: nobody should, and yet */
    expect(f, .25, .75, true, false);
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made"));
    expect(f, .25, .75, true, true);
}

static void a_cell_that_came_later_is_read_itself(void **state)
{
    struct folder *f = *state;
    assert_int_equal(rename(f->cell[1], f->summary), 0); /* the summary is none now either */
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made"));
    put(f, 1, .5);
    expect(f, .25, .5, true, false);
}

static void a_damaged_summary_changes_nothing(void **state)
{
    struct folder *f = *state;
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_ok(f->cx, bram_file_read(f->cx, &bytes, &size, f->summary, 0));
    for (size_t i = 0; i < size;
         i += i < 1000 ? 37 : 9973) { /* bytes of head, entries and values */
        bytes[i] ^= 0x10;
        write_bytes(f->cx, f->summary, bytes, size);
        bytes[i] ^= 0x10;
        bram_results *r = NULL;
        assert_ok(f->cx, bram_results_open(f->cx, &r, f->dir));
        double value;
        for (size_t k = 0; k < 2; k++) {
            assert_ok(f->cx, bram_response_read(
                                 f->cx, bram_dataset_response(bram_results_at(r, k)->data, "draw"),
                                 (size_t[]){2, 1999}, (size_t[]){1, 1}, &value, NULL));
            assert_near(value, (k ? .5 : .25) + sin(5999), 0);
        }
        bram_results_free(r);
    }
    for (size_t i = 0; i < size; i += 1 + size / 40) {
        write_bytes(f->cx, f->summary, bytes, i + 1); /* cut off */
        bram_results *r = NULL;
        assert_ok(f->cx, bram_results_open(f->cx, &r, f->dir));
        bram_results_free(r);
    }
    bram_free(bytes);
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made")); /* and is made anew */
    expect(f, .25, .5, true, true);
}

/* A cell that is no cell: the summary leaves it out, who reads says so. */
static void an_unreadable_cell_is_not_summarized(void **state)
{
    struct folder *f = *state;
    bram_results *r = NULL;
    write_bytes(f->cx, f->cell[1], "nothing", 7);
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made"));
    assert_int_equal(bram_results_open(f->cx, &r, f->dir), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(f->cx), f->planned[1].key));
    put(f, 1, .5);
    expect(f, .25, .5, true, false);
}

static void where_none_can_be_written_results_are_whole(void **state)
{
    struct folder *f = *state;
    char folder[300];
    snprintf(folder, sizeof folder, "%s/summaries", f->dir);
    assert_int_equal(remove(f->summary), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made")); /* a note, no failure */
    expect(f, .25, .5, false, false);
}

static void failing_allocations(void **state)
{
    struct folder *f = *state;
    bram_ctx_set_threads(f->cx, 1);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 16) {
        bram_results *r = NULL;
        bram_fail_allocation(k, false);
        status = bram_results_open(f->cx, &r, f->dir);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_results_free(r);
    }
    remove(f->summary);
    status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 16) {
        bram_fail_allocation(k, false);
        status = bram_cell_summary_write(f->cx, f->dir, "made", NULL, 0);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
    }
    assert_ok(f->cx, bram_store_summarize(f->cx, f->dir, "made"));
    expect(f, .25, .5, true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed_comes_back),
        cmocka_unit_test(damaged_bytes_do_no_harm),
        cmocka_unit_test_setup_teardown(a_summary_stands_for_the_cells, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cell_that_changed_is_read_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cell_that_came_later_is_read_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_summary_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreadable_cell_is_not_summarized, setup, teardown),
        cmocka_unit_test_setup_teardown(where_none_can_be_written_results_are_whole, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(failing_allocations, setup, teardown)};
    bram_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
