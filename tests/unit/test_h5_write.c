/* Tests of core/h5_write.c and core/h5_sink.c. What is written is read back in test_dataset_file.c.
 */
#include "h5_write.h"

#include "file.h"
#include "internal.h"
#include "test.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { ROWS = 300, COLS = 200 };

/* A file with every kind of thing; `noise` fills the large dataset with what does not compress. */
static int write_all(bram_ctx *cx, const char *path, bool replace, bool noise)
{
    static double values[ROWS * COLS];
    uint64_t word = 1;
    for (size_t i = 0; i < ROWS * COLS; i++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        values[i] = noise ? (double)(word >> 11) : (double)i;
    }
    bram_h5w *w;
    BRAM_TRY(bram_h5w_open(cx, &w, path, replace));
    size_t dims[] = {ROWS, COLS}, block[2], start[2] = {0, 0};
    const char *scales[] = {"/g/time", "/g/neuron"};
    static const char *names[COLS];
    for (size_t i = 0; i < COLS; i++) names[i] = i % 2 ? "AVAL" : "";
    int status = bram_h5w_group(cx, w, "/g");
    if (!status) status = bram_h5w_dataset(cx, w, "/g/time", BRAM_H5W_FLOAT64, 1, dims, values);
    if (!status) status = bram_h5w_scale(cx, w, "/g/time");
    if (!status) status = bram_h5w_dataset(cx, w, "/g/neuron", BRAM_H5W_TEXT, 1, dims + 1, names);
    if (!status) status = bram_h5w_scale(cx, w, "/g/neuron");
    if (!status) status = bram_h5w_dataset(cx, w, "/g/x", BRAM_H5W_FLOAT32, 2, dims, NULL);
    bram_h5w_block(2, dims, block);
    for (; !status && start[0] < ROWS; start[0] += block[0]) {
        size_t count[] = {ROWS - start[0] < block[0] ? ROWS - start[0] : block[0], COLS};
        status = bram_h5w_slab(cx, w, "/g/x", BRAM_H5W_FLOAT32, start, count,
                               values + start[0] * COLS);
    }
    if (!status) status = bram_h5w_attach(cx, w, "/g/x", 2, scales);
    if (!status) status = bram_h5w_attr_text(cx, w, "/g", "species", "C. elegans");
    if (!status) status = bram_h5w_attr_number(cx, w, "/g", "dt", 0.25);
    if (!status) status = bram_h5w_attr_integer(cx, w, "/", "schema", 1);
    if (!status) status = bram_h5w_dataset(cx, w, "/none", BRAM_H5W_INT64, 1, &(size_t){0}, NULL);
    if (!status) return bram_h5w_commit(cx, w);
    bram_h5w_abort(w);
    return status;
}

static void make_folder(char *folder, size_t size)
{
    snprintf(folder, size, "%s/bramble-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
}

static size_t entries(const char *folder)
{
    size_t count = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d));)
        count += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    closedir(d);
    return count;
}

static void equal_calls_give_equal_bytes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char folder[256], a[300], b[300];
    make_folder(folder, sizeof folder);
    snprintf(a, sizeof a, "%s/a.h5", folder);
    snprintf(b, sizeof b, "%s/b.h5", folder);
    assert_ok(cx, write_all(cx, a, false, false));
    void *other = malloc(100000); /* another state of the heap, another second of the clock */
    assert_non_null(other);
    memset(other, 0xa5, 100000);
    free(other);
    assert_ok(cx, write_all(cx, b, false, false));
    unsigned char *x, *y;
    size_t n, m;
    assert_ok(cx, bram_file_read(cx, &x, &n, a, 0));
    assert_ok(cx, bram_file_read(cx, &y, &m, b, 0));
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    assert_true(n < ROWS * COLS * 4);                   /* compressed */
    assert_memory_equal(x, "\x89HDF\r\n\x1a\n\x02", 9); /* version 2 of the superblock: HDF5 1.8 */
    bram_free(x);
    bram_free(y);
    assert_int_equal(entries(folder), 2);
    unlink(a);
    unlink(b);
    rmdir(folder);
    bram_ctx_free(cx);
}

static void an_existing_file_is_kept_unless_replaced(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char folder[256], a[300];
    make_folder(folder, sizeof folder);
    snprintf(a, sizeof a, "%s/a.h5", folder);
    assert_ok(cx, write_all(cx, a, false, false));
    assert_int_equal(write_all(cx, a, false, false), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "exists"));
    assert_ok(cx, write_all(cx, a, true, false));
    assert_int_equal(write_all(cx, "/nowhere/at/all.h5", true, false), BRAM_EWRITE);
    assert_int_equal(entries(folder), 1);
    unlink(a);
    rmdir(folder);
    bram_ctx_free(cx);
}

static void a_full_disk_is_said_and_leaves_nothing(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char folder[256], a[300];
    make_folder(folder, sizeof folder);
    snprintf(a, sizeof a, "%s/a.h5", folder);
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t limit = 0; limit < 160000; limit = limit ? limit * 3 : 100) { /* at each stage */
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){limit, old.rlim_max});
        int status = write_all(cx, a, true, true);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(status, BRAM_EWRITE);
        assert_non_null(strstr(bram_ctx_message(cx), "a.h5: cannot write: File too large"));
        assert_int_equal(entries(folder), 0);
    }
    signal(SIGXFSZ, SIG_DFL);
    assert_ok(cx, write_all(cx, a, true, true)); /* HDF5 is still of use */
    assert_int_equal(entries(folder), 1);
    unlink(a);
    rmdir(folder);
    bram_ctx_free(cx);
}

static void mistakes_of_the_caller(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char folder[256], a[300];
    make_folder(folder, sizeof folder);
    snprintf(a, sizeof a, "%s/a.h5", folder);
    bram_h5w *w;
    size_t two = 2;
    assert_ok(cx, bram_h5w_open(cx, &w, a, false));
    assert_ok(cx, bram_h5w_group(cx, w, "/g"));
    assert_int_equal(bram_h5w_group(cx, w, "/g"), BRAM_EUSAGE);
    assert_int_equal(bram_h5w_dataset(cx, w, "/g", BRAM_H5W_INT64, 1, &two, NULL), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "/g: the name is taken"));
    const char *texts[] = {"good", "\xff"};
    assert_int_equal(bram_h5w_dataset(cx, w, "/t", BRAM_H5W_TEXT, 1, &two, texts), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "/t: text 1 is not UTF-8"));
    assert_int_equal(bram_h5w_attr_text(cx, w, "/g", "x", "\xc3"), BRAM_EUSAGE);
    assert_int_equal(bram_h5w_group(cx, w, "/h/i"), BRAM_EINTERNAL);
    assert_int_equal(bram_h5w_attr_integer(cx, w, "/h", "x", 1), BRAM_EINTERNAL);
    bram_h5w_abort(w);
    bram_h5w_abort(NULL);
    assert_int_equal(entries(folder), 0);
    rmdir(folder);
    bram_ctx_free(cx);
}

static void blocks(void **state)
{
    (void)state;
    size_t block[4];
    bram_h5w_block(2, (size_t[]){16000, 150}, block); /* whole rows: 65536 / 150 = 436 */
    assert_true(block[0] == 436 && block[1] == 150);
    bram_h5w_block(2, (size_t[]){10, 100000}, block);
    assert_true(block[0] == 1 && block[1] == 65536);
    bram_h5w_block(4, (size_t[]){1000, 300, 2, 64}, block); /* 65536 / 64 / 2 = 512 > 300 */
    assert_true(block[0] == 1 && block[1] == 300 && block[2] == 2 && block[3] == 64);
    bram_h5w_block(3, (size_t[]){5, 70000, 2}, block);
    assert_true(block[0] == 1 && block[1] == 32768 && block[2] == 2);
    bram_h5w_block(2, (size_t[]){0, 3}, block);
    assert_true(block[0] == 1 && block[1] == 3);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char folder[256], a[300];
    make_folder(folder, sizeof folder);
    snprintf(a, sizeof a, "%s/a.h5", folder);
    size_t k = 0;
    for (int status = BRAM_ENOMEM; status != BRAM_OK;) {
        bram_fail_allocation(++k, false);
        status = write_all(cx, a, true, false);
        bram_fail_allocation(0, false);
        /* the driver's own memory fails inside HDF5, which cannot say why */
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM || status == BRAM_EINTERNAL);
        assert_int_equal(entries(folder), status == BRAM_OK);
    }
    assert_true(k > 8);
    unlink(a);
    rmdir(folder);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_calls_give_equal_bytes),
        cmocka_unit_test(an_existing_file_is_kept_unless_replaced),
        cmocka_unit_test(a_full_disk_is_said_and_leaves_nothing),
        cmocka_unit_test(mistakes_of_the_caller),
        cmocka_unit_test(blocks),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
