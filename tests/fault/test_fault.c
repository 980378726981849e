/*
 * test_fault.c - every allocation and every write may fail: the public entry points that allocate
 * and write most, made to fail at the k-th allocation (k = 1, 2, ... until they succeed) and at
 * every size that a file may reach. A failure must say so, leave no file and nothing half-written,
 * and what stood there before must stay.
 */
#include "internal.h"
#include "json.h"
#include "../../loaders/recognise.h"
#include "made.h"
#include "npy.h"
#include "test.h"

#include <bramble/loader.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char folder[200], in[260], out[260];

static int setup(void **state)
{
    (void)state;
    test_temporary(folder, "fault-XXXXXX");
    bram_init();
    signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit then fails with EFBIG */
    if (!mkdtemp(folder)) return 1;
    snprintf(in, sizeof in, "%s/in", folder);
    snprintf(out, sizeof out, "%s/out", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(in);
    unlink(out);
    return rmdir(folder); /* fails when a temporary file was left */
}

/* How many files the folder has beside the input. */
static size_t files(void)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    for (const struct dirent *e; d && (e = readdir(d));)
        count += e->d_name[0] != '.' && strcmp(e->d_name, "in") != 0;
    if (d) closedir(d);
    return count;
}

/* ---- allocations ---------------------------------------------------------------------------- */

typedef int attempt(bram_ctx *cx);

/* From some k on, not each is tried: the paths are the same then. */
static size_t next(size_t k)
{
    return k + 1 + k / 64;
}

static void fail_each_allocation(attempt *try, bool leaves_a_file)
{
    size_t k = 1;
    int status = BRAM_ENOMEM;
    for (; status != BRAM_OK; k = next(k)) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, k % 2);
        status = try(cx);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) {
            if (status != BRAM_ENOMEM)
                fail_msg("allocation %zu: status %d: %s", k, status, bram_ctx_message(cx));
            assert_true(*bram_ctx_message(cx));
            assert_int_equal(files(), 0);
        }
        bram_ctx_free(cx);
        assert_true(k < 1000000);
    }
    assert_true(k > 5);
    assert_int_equal(files(), leaves_a_file);
    unlink(out);
}

static int import_and_write(bram_ctx *cx)
{
    const char *paths[] = {in};
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_import(cx, &ds, "auto", &(bram_input){paths, 1}, NULL));
    int status = bram_dataset_write(cx, ds, out, false);
    bram_dataset_free(ds);
    return status;
}

static int open_and_check(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    char hex[65];
    size_t errors = 0;
    BRAM_TRY(bram_dataset_open(cx, &ds, in));
    int status = bram_dataset_check(cx, ds, NULL, NULL, &errors);
    if (!status) status = bram_dataset_hash(cx, ds, hex);
    bram_dataset_free(ds);
    assert_int_equal(errors, 0);
    return status;
}

static void imports_survive_failing_allocations(void **state)
{
    (void)state;
    static const char *const kinds[][2] = {
        {"kato5", "good"},  {"kato73", "good"}, {"kaplan2020", "good"},
        {"yemini", "good"}, {"lin", "good"},    {"hallinen", "good"},
        {"dag", "good"},    {"nwb", "rois"},    {"nwb", "single"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        assert_true(made_file(kinds[i][0], in, kinds[i][1]));
        fail_each_allocation(import_and_write, true);
    }
}

static int look(bram_ctx *cx)
{
    const char *paths[] = {in};
    bram_verdicts found;
    return bram_recognise_files(cx, &found, &(bram_input){paths, 1});
}

/* While the loaders look at a file none of them has been chosen that could name it. */
static void a_loader_that_cannot_look_names_the_file(void **state)
{
    (void)state;
    const char *paths[] = {in};
    size_t k = 1;
    assert_true(made_file("kato5", in, "good"));
    for (int status = BRAM_ENOMEM; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(k, true);
        status = look(cx);
        bram_dataset *ds = NULL;
        bram_fail_allocation(k, true);
        if (status != BRAM_OK) {
            assert_int_equal(bram_import(cx, &ds, "auto", &(bram_input){paths, 1}, NULL),
                             BRAM_ENOMEM);
            assert_non_null(strstr(bram_ctx_message(cx), in));
        }
        bram_fail_allocation(0, false);
        bram_ctx_free(cx);
    }
    assert_true(k > 5);
}

static void opening_survives_failing_allocations(void **state)
{
    (void)state;
    assert_true(made_dataset(in, "good"));
    fail_each_allocation(open_and_check, false);
}

/* ---- writes --------------------------------------------------------------------------------- */

static int write_dataset(bram_ctx *cx)
{
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_open(cx, &ds, in));
    int status = bram_dataset_write(cx, ds, out, true);
    bram_dataset_free(ds);
    return status;
}

static int write_npy(bram_ctx *cx)
{
    double values[2000];
    for (size_t i = 0; i < 2000; i++) values[i] = (double)i;
    return bram_npy_write(cx, out, true, BRAM_NPY_F64, 1, (size_t[]){2000}, values);
}

static int write_json(bram_ctx *cx)
{
    bram_json_out *o = NULL;
    BRAM_TRY(bram_json_out_new(cx, &o));
    bram_json_out_array(o, NULL);
    for (int64_t i = 0; i < 1500; i++) bram_json_out_integer(o, NULL, i);
    bram_json_out_end(o);
    int status = bram_json_out_write(cx, o, out, true);
    bram_json_out_free(o);
    return status;
}

static int under_limit(bram_ctx *cx, attempt *try, rlim_t bytes)
{
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, before.rlim_max});
    int status = try(cx);
    setrlimit(RLIMIT_FSIZE, &before);
    return status;
}

static void fail_at_each_size(attempt *try)
{
    struct stat whole, found;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, try(cx));
    assert_int_equal(stat(out, &whole), 0);
    assert_true(whole.st_size > 4000);
    for (int there = 0; there < 2; there++)
        for (off_t bytes = 0; bytes < whole.st_size; bytes += 1 + whole.st_size / 23) {
            unlink(out);
            if (there) assert_true(made_text(out, "precious"));
            assert_int_equal(under_limit(cx, try, (rlim_t)bytes), BRAM_EWRITE);
            assert_non_null(strstr(bram_ctx_message(cx), out));
            assert_int_equal(files(), there);
            if (there) assert_true(stat(out, &found) == 0 && found.st_size == 8);
        }
    assert_ok(cx, under_limit(cx, try, (rlim_t)whole.st_size));
    assert_true(stat(out, &found) == 0 && found.st_size == whole.st_size);
    unlink(out);
    bram_ctx_free(cx);
}

static void a_full_disk_leaves_no_half_file(void **state)
{
    (void)state;
    assert_true(made_dataset(in, "good"));
    fail_at_each_size(write_dataset);
    fail_at_each_size(write_npy);
    fail_at_each_size(write_json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_survive_failing_allocations),
        cmocka_unit_test(a_loader_that_cannot_look_names_the_file),
        cmocka_unit_test(opening_survives_failing_allocations),
        cmocka_unit_test(a_full_disk_leaves_no_half_file),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
