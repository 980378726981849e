/*
 * test_fault_run.c - a small benchmark from its definition to its results, made to fail at the k-th
 * allocation: in this process (definition, dataset, parts, cells; a bundle of the data), and as a
 * whole run, whose workers count on from the process that starts them. k grows by a fifth each
 * time, until nothing fails. A failure is a status with a message or a cell without a score;
 * nothing is lost (sanitizers see that) and no temporary file stays.
 */
#include "internal.h"
#include "made.h"
#include "release.h"
#include "test.h"

#include <bramble/benchmark.h>

#include <sys/stat.h>

enum { ROWS = 120, UNITS = 3, CELLS = 3 };

static char folder[200], data[240], definition[240], results[240];

static const char text[] = "name: tiny\n"
                           "version: 1\n"
                           "title: A small forecast\n"
                           "task: forecast\n"
                           "dataset: tiny\n"
                           "metrics: [\"mse\", \"skill:over=pooled\"]\n"
                           "models: [copy, \"ar:lags=2,ridge=1\", \"var:lags=1,ridge=1\"]\n"
                           "options: {gap: 2, horizons: 1+2, samples: 20}\n";

/* A recording w1: three units in slow waves. */
static int make_data(bram_ctx *cx)
{
    static const char *const names[] = {"dataset", "licence", "citation", "history"};
    static const char *const about[] = {"subject", "session", "species", "condition"};
    const char *unit[UNITS] = {"AVAL", "AVAR", "RIS"};
    double time[ROWS];
    bram_dataset *ds = NULL;
    bram_axis *axis[2] = {NULL, NULL};
    bram_response *r = NULL;
    for (size_t i = 0; i < ROWS; i++) time[i] = 0.5 * (double)i;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &axis[0], "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, axis[0], time, "s"));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, axis[1], unit));
    assert_ok(cx, bram_axis_add_text(cx, axis[1], "label", unit));
    assert_ok(cx, bram_axis_add_text(cx, axis[1], "raw_label", unit));
    assert_ok(cx, bram_axis_add_text(cx, axis[1], "certainty",
                                     (const char *const[]){"exact", "exact", "exact"}));
    assert_ok(cx, bram_response_new(cx, &r, "activity", BRAM_F32, 2,
                                    (const bram_axis *const[]){axis[0], axis[1]}));
    for (size_t i = 0; i < 2; i++) bram_axis_free(axis[i]);
    for (size_t i = 0; i < ROWS * UNITS; i++)
        bram_response_f32(r)[i] = (float)(sin(0.05 * (double)i) + 0.1 * sin(2.1 * (double)i));
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "unit", "dF/F"));
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none"));
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w1", r));
    for (size_t i = 0; i < 4; i++) {
        assert_ok(cx, bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, ""), names[i], "made"));
        assert_ok(cx, bram_attrs_set_text(cx, bram_dataset_attrs(cx, ds, "recordings/w1"), about[i],
                                          "made"));
    }
    assert_ok(cx,
              bram_attrs_set_number(cx, bram_dataset_attrs(cx, ds, "recordings/w1"), "dt", 0.5));
    int status = bram_dataset_write(cx, ds, data, true);
    bram_dataset_free(ds);
    return status;
}

static int setup(void **state)
{
    (void)state;
    test_temporary(folder, "run-XXXXXX");
    bram_init();
    if (!mkdtemp(folder)) return 1;
    snprintf(data, sizeof data, "%s/tiny.h5", folder);
    snprintf(definition, sizeof definition, "%s/tiny.yaml", folder);
    snprintf(results, sizeof results, "%s/results", folder);
    bram_ctx *cx = bram_ctx_new();
    int status = make_data(cx);
    bram_ctx_free(cx);
    return status || !made_text(definition, text);
}

static int shell(const char *before, const char *path, const char *after)
{
    char command[500];
    snprintf(command, sizeof command, "%s '%s' %s", before, path, after);
    return system(command);
}

static int teardown(void **state)
{
    (void)state;
    return shell("rm -rf", folder, "");
}

static size_t next(size_t k)
{
    return k + 1 + k / 5;
}

/* ---- in this process ------------------------------------------------------------------------ */

static int run_cells(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds)
{
    const bram_task *task = bram_task_find(b->task);
    bram_axis *parts = NULL;
    BRAM_TRY(task->parts(cx, &parts, b, ds));
    int status = BRAM_OK;
    for (size_t m = 0; status == BRAM_OK && m < b->model_count; m++) {
        const bram_cell cell = {b, ds, bram_axis_id(parts, 0), b->models[m], 0};
        bram_dataset *result = NULL;
        size_t bytes = 0;
        status = task->memory(cx, &bytes, &cell);
        if (status == BRAM_OK) status = bram_dataset_new(cx, &result);
        if (status == BRAM_OK) status = task->run(cx, result, &cell);
        bram_dataset_free(result);
    }
    bram_axis_free(parts);
    return status;
}

static int read_and_run(bram_ctx *cx)
{
    bram_benchmark *b = NULL;
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_benchmark_read(cx, &b, definition));
    int status = bram_dataset_open(cx, &ds, data);
    if (status == BRAM_OK) status = run_cells(cx, b, ds);
    bram_dataset_free(ds);
    bram_benchmark_free(b);
    return status;
}

static void cells_survive_failing_allocations(void **state)
{
    (void)state;
    size_t tried = 0;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k = next(k), tried++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, k % 2);
        status = read_and_run(cx);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: status %d: %s", k, status, bram_ctx_message(cx));
        if (status != BRAM_OK) assert_true(*bram_ctx_message(cx));
        bram_ctx_free(cx);
    }
    assert_true(tried > 20);
}

/* ---- a whole run ---------------------------------------------------------------------------- */

static int run_suite(bram_ctx *cx, bram_run_counts *counts)
{
    bram_suite *suite = NULL;
    BRAM_TRY(bram_suite_read(cx, &suite, definition));
    int status = bram_run(cx, counts, suite, &(bram_run_settings){.out = results, .data = folder});
    bram_suite_free(suite);
    return status;
}

static void a_run_survives_failing_allocations(void **state)
{
    (void)state;
    size_t tried = 0, unscored = 0;
    bool whole = false;
    for (size_t k = 1; !whole; k = next(k), tried++) {
        bram_ctx *cx = bram_ctx_new();
        bram_run_counts counts = {0};
        bram_fail_allocation(k, false);
        int status = run_suite(cx, &counts);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: status %d: %s", k, status, bram_ctx_message(cx));
        if (status != BRAM_OK) assert_true(*bram_ctx_message(cx));
        else assert_int_equal(counts.scored + counts.failed + counts.not_run, CELLS);
        whole = status == BRAM_OK && counts.scored == CELLS;
        unscored += status == BRAM_OK && !whole;
        assert_int_equal(shell("! find", folder, "-name '*.tmp' | grep -q ."), 0);
        if (!whole && status == BRAM_OK) { /* what failed for want of memory is tried again */
            assert_ok(cx, run_suite(cx, &counts));
            assert_int_equal(counts.scored + counts.kept, CELLS);
        }
        assert_int_equal(shell("rm -rf", results, ""), 0);
        bram_ctx_free(cx);
    }
    assert_true(tried > 20);
    assert_true(unscored > 0); /* workers failed, too */
}

/* ---- a bundle of the data ------------------------------------------------------------------- */

static int bundle(bram_ctx *cx, const char *dir)
{
    return bram_release_write(cx, "tiny", dir, &(bram_release_settings){folder, "made here"});
}

/* The folder is whole, and found sound by a check that may fail as well, or it is not there. */
static void a_bundle_survives_failing_allocations(void **state)
{
    (void)state;
    char dir[240];
    size_t tried = 0;
    int status = BRAM_ENOMEM, checked = BRAM_ENOMEM;
    snprintf(dir, sizeof dir, "%s/bundle", folder);
    setenv("BRAMBLE_BENCHMARKS", folder, 1); /* the benchmark `tiny` is on these data */
    for (size_t k = 1; status != BRAM_OK; k = next(k), tried++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, k % 2);
        status = bundle(cx, dir);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK && status != BRAM_ENOMEM)
            fail_msg("allocation %zu: status %d: %s", k, status, bram_ctx_message(cx));
        if (status != BRAM_OK)
            assert_int_equal(shell("! find", folder, "-name 'bundle*' | grep -q ."), 0);
        bram_ctx_free(cx);
    }
    for (size_t k = 1; checked != BRAM_OK; k = next(k), tried++) {
        bram_ctx *cx = bram_ctx_new();
        bram_release_found found = {.sources = 0};
        bram_fail_allocation(k, k % 2);
        checked = bram_release_check(cx, &found, dir);
        bram_fail_allocation(0, false);
        if (checked != BRAM_OK && checked != BRAM_ENOMEM)
            fail_msg("allocation %zu: status %d: %s", k, checked, bram_ctx_message(cx));
        if (checked == BRAM_OK) assert_int_equal(found.sources + found.splits, 2);
        bram_ctx_free(cx);
    }
    assert_true(tried > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_survive_failing_allocations),
        cmocka_unit_test(a_run_survives_failing_allocations),
        cmocka_unit_test(a_bundle_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
