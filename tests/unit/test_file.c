/* Tests of core/file.c. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "file.h"
#include "internal.h"
#include "test.h"

static char folder[256], path[300];

static int set_up(void **state)
{
    test_temporary(folder, "file");
    snprintf(path, sizeof path, "%s/a.txt", folder);
    *state = bram_ctx_new();
    return *state && mkdir(folder, 0700) == 0 ? 0 : -1;
}

/* The folder must be empty but for a.txt: rmdir fails when a temporary file was left behind. */
static int tear_down(void **state)
{
    bram_ctx_free(*state);
    unlink(path);
    return rmdir(folder);
}

static void put(const char *bytes, size_t size)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void holds(bram_ctx *cx, const char *expected)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    assert_ok(cx, bram_file_read(cx, &bytes, &size, path, 0));
    assert_int_equal(size, strlen(expected));
    assert_string_equal((char *)bytes, expected);
    bram_free(bytes);
}

static void fails(bram_ctx *cx, const char *name, size_t limit, int status, const char *words)
{
    unsigned char *bytes = NULL;
    size_t size = 42;
    assert_int_equal(bram_file_read(cx, &bytes, &size, name, limit), status);
    assert_null(bytes);
    assert_int_equal(size, 42);
    assert_non_null(strstr(bram_ctx_message(cx), words));
    assert_non_null(strstr(bram_ctx_message(cx), name));
}

static void reading(void **state)
{
    bram_ctx *cx = *state;
    put("hello", 5);
    holds(cx, "hello");
    fails(cx, path, 4, BRAM_EFORMAT, "found 5 bytes, expected at most 4");
    fails(cx, folder, 0, BRAM_EREAD, "found a folder");
    fails(cx, "/nonexistent/x", 0, BRAM_EREAD, "no such file");
    put("", 0);
    fails(cx, path, 0, BRAM_EFORMAT, "empty");
    const char *pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
    put(pointer, strlen(pointer));
    fails(cx, path, 0, BRAM_EFORMAT, "git-LFS");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fails(cx, path, 0, BRAM_EREAD, "not a regular file");
    if (geteuid() != 0) { /* root may read everything */
        unlink(path);
        put("x", 1);
        chmod(path, 0);
        fails(cx, path, 0, BRAM_EREAD, "ermission");
    }
}

static void reading_outside_a_file(void **state)
{
    bram_ctx *cx = *state;
    put("hello", 5);
    int fd;
    uint64_t size;
    char bytes[8];
    assert_ok(cx, bram_file_open(cx, &fd, &size, path));
    assert_int_equal(size, 5);
    assert_ok(cx, bram_file_read_at(cx, fd, 2, bytes, 3, path));
    assert_memory_equal(bytes, "llo", 3);
    assert_ok(cx, bram_file_refuse_lfs(cx, fd, size, path));
    assert_int_equal(bram_file_read_at(cx, fd, 2, bytes, 4, path), BRAM_EREAD);
    assert_non_null(strstr(bram_ctx_message(cx), "ends at byte 5, expected 6"));
    close(fd);
}

static void a_commit_gives_the_name(void **state)
{
    bram_ctx *cx = *state;
    bram_outfile *o = NULL;
    assert_ok(cx, bram_outfile_open(cx, &o, path, false));
    assert_ok(cx, bram_outfile_write(cx, o, "one ", 4));
    assert_ok(cx, bram_outfile_printf(cx, o, "two %d", 3));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_ok(cx, bram_outfile_commit(cx, o));
    holds(cx, "one two 3");
    struct stat about;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0666 & ~mask);
}

static void long_writes_and_lines(void **state)
{
    bram_ctx *cx = *state;
    enum { LONG = 200000 };
    char *text = malloc(LONG + 1);
    memset(text, 'x', LONG);
    text[LONG] = 0;
    bram_outfile *o = NULL;
    assert_ok(cx, bram_outfile_open(cx, &o, path, false));
    assert_ok(cx, bram_outfile_printf(cx, o, "%s|", text));
    for (int i = 0; i < LONG; i += 5000) assert_ok(cx, bram_outfile_write(cx, o, text, 5000));
    assert_ok(cx, bram_outfile_commit(cx, o));
    unsigned char *bytes;
    size_t size;
    assert_ok(cx, bram_file_read(cx, &bytes, &size, path, 0));
    assert_int_equal(size, 2 * LONG + 1);
    assert_memory_equal(bytes, text, LONG);
    assert_int_equal(bytes[LONG], '|');
    assert_memory_equal(bytes + LONG + 1, text, LONG);
    bram_free(bytes);
    free(text);
}

static void replacing_only_on_request(void **state)
{
    bram_ctx *cx = *state;
    bram_outfile *o = NULL;
    put("old", 3);
    assert_int_equal(bram_outfile_open(cx, &o, path, false), BRAM_EWRITE);
    assert_null(o);
    assert_non_null(strstr(bram_ctx_message(cx), "exists already"));
    assert_ok(cx, bram_outfile_open(cx, &o, path, true));
    assert_ok(cx, bram_outfile_write(cx, o, "new", 3));
    holds(cx, "old");
    assert_ok(cx, bram_outfile_commit(cx, o));
    holds(cx, "new");

    unlink(path); /* a file that turns up between the opening and the commit is kept */
    assert_ok(cx, bram_outfile_open(cx, &o, path, false));
    put("other", 5);
    assert_int_equal(bram_outfile_commit(cx, o), BRAM_EWRITE);
    holds(cx, "other");
}

static void an_abort_leaves_nothing(void **state)
{
    bram_ctx *cx = *state;
    bram_outfile *o = NULL;
    put("old", 3);
    assert_ok(cx, bram_outfile_open(cx, &o, path, true));
    assert_int_equal(access(bram_outfile_temporary(o), F_OK), 0);
    assert_ok(cx, bram_outfile_write(cx, o, "new", 3));
    bram_outfile_abort(o);
    bram_outfile_abort(NULL);
    holds(cx, "old");
}

static void places_that_cannot_be_written(void **state)
{
    bram_ctx *cx = *state;
    bram_outfile *o = NULL;
    assert_int_equal(bram_outfile_open(cx, &o, "/nonexistent/x", true), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "no such folder"));
    assert_int_equal(bram_outfile_open(cx, &o, folder, true), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "folder"));
    assert_int_equal(bram_outfile_open(cx, &o, "/dev/null", true), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), "regular"));
    assert_null(o);
}

/* A file-size limit makes write() fail in the middle, as a full disk does. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    bram_ctx *cx = *state;
    put("old", 3);
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100000;
    signal(SIGXFSZ, SIG_IGN);
    char *block = calloc(1, 90000);
    int early = 0, late = 0;
    bram_outfile *o = NULL;
    assert_ok(cx, bram_outfile_open(cx, &o, path, true));
    setrlimit(RLIMIT_FSIZE, &small);
    int first = bram_outfile_write(cx, o, block, 90000);
    early = bram_outfile_write(cx, o, block, 90000);
    late = bram_outfile_commit(cx, o);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(first, BRAM_OK);
    assert_int_equal(early, BRAM_EWRITE);
    assert_int_equal(late, BRAM_EWRITE);
    holds(cx, "old");

    small.rlim_cur = 10; /* all in the buffer: the commit finds it */
    assert_ok(cx, bram_outfile_open(cx, &o, path, true));
    assert_ok(cx, bram_outfile_write(cx, o, block, 1000));
    setrlimit(RLIMIT_FSIZE, &small);
    late = bram_outfile_commit(cx, o);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(late, BRAM_EWRITE);
    holds(cx, "old");
    free(block);
}

static void a_link_is_followed(void **state)
{
    bram_ctx *cx = *state;
    char link_path[320];
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    put("old", 3);
    assert_int_equal(symlink(path, link_path), 0);
    bram_outfile *o = NULL;
    assert_ok(cx, bram_outfile_open(cx, &o, link_path, true));
    assert_ok(cx, bram_outfile_write(cx, o, "new", 3));
    assert_ok(cx, bram_outfile_commit(cx, o));
    struct stat about;
    assert_int_equal(lstat(link_path, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    unlink(link_path);
    holds(cx, "new");
}

/* The process id of a child that has ended. */
static long ended(void)
{
    pid_t child = fork();
    if (child == 0) _exit(0);
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    return (long)child;
}

/* A temporary file of a process that ended before its commit goes, one that is being written stays.
 */
static void orphans_are_removed(void **state)
{
    bram_ctx *cx = *state;
    char orphan[600];
    bram_outfile *o = NULL;
    assert_ok(cx, bram_outfile_open(cx, &o, path, false));
    const char *mine = bram_outfile_temporary(o), *number = strrchr(mine, '-');
    assert_non_null(number);
    while (number[-1] != '-') number--; /* .bramble-HOST-PID-N.tmp: to PID */
    assert_int_equal(strtol(number, NULL, 10), getpid());
    snprintf(orphan, sizeof orphan, "%.*s%ld-0.tmp", (int)(number - mine), mine, ended());
    int fd = open(orphan, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0 && close(fd) == 0);
    bram_file_remove_orphans(folder);
    assert_int_equal(access(orphan, F_OK), -1);
    assert_int_equal(access(mine, F_OK), 0);
    assert_ok(cx, bram_outfile_write(cx, o, "new", 3));
    assert_ok(cx, bram_outfile_commit(cx, o));
    holds(cx, "new");
    bram_file_remove_orphans("/nowhere/at/all");
}

/* The first is in place, the second finds its name taken, the third is not even tried. */
static void many_at_once(void **state)
{
    bram_ctx *cx = *state;
    bram_outfile *o[3] = {NULL};
    char name[3][320];
    for (size_t i = 0; i < 3; i++) {
        snprintf(name[i], sizeof name[i], "%s/%zu.txt", folder, i);
        assert_ok(cx, bram_outfile_open(cx, &o[i], name[i], false));
        assert_ok(cx, bram_outfile_printf(cx, o[i], "file %zu", i));
    }
    FILE *taken = fopen(name[1], "wb");
    assert_true(taken && fputs("another's", taken) >= 0 && fclose(taken) == 0);
    assert_int_equal(bram_outfile_commit_all(cx, o, 3), BRAM_EWRITE);
    assert_non_null(strstr(bram_ctx_message(cx), name[1]));
    assert_int_equal(access(name[0], R_OK), 0);
    assert_int_not_equal(access(name[2], R_OK), 0);
    assert_int_equal(unlink(name[0]), 0);
    assert_int_equal(unlink(name[1]), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(cx, bram_outfile_open(cx, &o[i], name[i], false));
        assert_ok(cx, bram_outfile_printf(cx, o[i], "file %zu", i));
    }
    assert_ok(cx, bram_outfile_commit_all(cx, o, 3));
    for (size_t i = 0; i < 3; i++) assert_int_equal(unlink(name[i]), 0);
    assert_ok(cx, bram_outfile_commit_all(cx, o, 0));
}

static void failing_allocations(void **state)
{
    bram_ctx *cx = *state;
    put("hello", 5);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status; k++) {
        unsigned char *bytes = NULL;
        size_t size;
        bram_fail_allocation(k, true);
        status = bram_file_read(cx, &bytes, &size, path, 0);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_free(bytes);
    }
    status = BRAM_ENOMEM;
    for (size_t k = 1; status; k++) {
        bram_outfile *o = NULL;
        bram_fail_allocation(k, true);
        status = bram_outfile_open(cx, &o, path, true);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_outfile_abort(o);
    }
    holds(cx, "hello");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(reading),
        T(reading_outside_a_file),
        T(a_commit_gives_the_name),
        T(long_writes_and_lines),
        T(replacing_only_on_request),
        T(an_abort_leaves_nothing),
        T(places_that_cannot_be_written),
        T(a_full_disk_leaves_the_old_file),
        T(a_link_is_followed),
        T(orphans_are_removed),
        T(many_at_once),
        T(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
