/* Tests of core/sandbox.c. */
#include "sandbox.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"

static const bram_limits roomy = {.memory = (size_t)1 << 30, .cpu_seconds = 10, .wall_seconds = 20};

static int give_status(bram_ctx *cx, void *user)
{
    int status = *(int *)user;
    return status == BRAM_OK ? BRAM_OK : bram_fail(cx, status, "status %d of the reader", status);
}

static void every_status_and_message_comes_back(void **state)
{
    (void)state;
    const bram_limits none = {0};
    bram_ctx *cx = bram_ctx_new();
    for (int status = BRAM_OK; status >= BRAM_EINTERNAL; status--) {
        char expected[40];
        snprintf(expected, sizeof expected, "status %d of the reader", status);
        assert_int_equal(bram_sandbox(cx, "x.h5", &none, give_status, &status), status);
        if (status != BRAM_OK) assert_string_equal(bram_ctx_message(cx), expected);
    }
    bram_ctx_free(cx);
}

static void check_failure(bram_sandbox_fn *run, const bram_limits *limits, const char *part)
{
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(bram_sandbox(cx, "worm.h5", limits, run, NULL), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "worm.h5"));
    if (!strstr(bram_ctx_message(cx), part)) fail_msg("%s", bram_ctx_message(cx));
    bram_ctx_free(cx);
}

static int crash_with(bram_ctx *cx, void *user)
{
    (void)cx;
    raise(*(int *)user);
    return BRAM_OK;
}

static int segfault(bram_ctx *cx, void *user)
{
    int number = SIGSEGV;
    (void)user;
    return crash_with(cx, &number);
}

static int call_abort(bram_ctx *cx, void *user)
{
    (void)cx;
    (void)user;
    fputs("this text must not be seen\n", stdout);
    fflush(stdout);
    abort();
}

static int leave(bram_ctx *cx, void *user)
{
    (void)cx;
    (void)user;
    _exit(3);
}

static int unknown_status(bram_ctx *cx, void *user)
{
    (void)cx;
    (void)user;
    return 77;
}

static void crashes_are_messages(void **state)
{
    (void)state;
    check_failure(segfault, &roomy,
                  "reading worm.h5 crashed the reader (signal 11, segmentation fault); the file is "
                  "damaged or hostile");
    check_failure(call_abort, &roomy, "crashed the reader (signal 6, abort)");
    check_failure(leave, &roomy, "without a result (exit code 3)");
    check_failure(unknown_status, &roomy, "nonsense");
}

static volatile int forever = 1;

static int sleep_long(bram_ctx *cx, void *user)
{
    (void)cx;
    (void)user;
    while (forever) nanosleep(&(struct timespec){.tv_sec = 100}, NULL);
    return BRAM_OK;
}

static int loop(bram_ctx *cx, void *user)
{
    (void)cx;
    (void)user;
    while (forever) continue;
    return BRAM_OK;
}

static int close_the_pipe_and_sleep(bram_ctx *cx, void *user)
{
    for (int fd = 3; fd < 100; fd++) close(fd);
    return sleep_long(cx, user);
}

static void endless_work_is_stopped(void **state)
{
    (void)state;
    const bram_limits wall = {.wall_seconds = 0.1}, cpu = {.cpu_seconds = 1, .wall_seconds = 30};
    time_t start = time(NULL);
    check_failure(sleep_long, &wall, "took more than 0.1 s");
    check_failure(close_the_pipe_and_sleep, &wall, "took more than 0.1 s");
    check_failure(loop, &cpu, "took more than 1 s of processor time");
    assert_true(time(NULL) - start < 25);
}

static int allocate_without_end(bram_ctx *cx, void *user)
{
    (void)user;
    for (;;) {
        char *p = bram_alloc(cx, 1 << 20, 1);
        if (!p) return BRAM_ENOMEM;
        p[5] = 1;
    }
}

static void endless_memory_is_stopped(void **state)
{
    (void)state;
    const bram_limits limits = {.memory = 64 << 20, .cpu_seconds = 10, .wall_seconds = 20};
    if (!bram_sandbox_limits_memory()) {
        print_message("# skipped: a sanitizer needs all of the address space\n");
        return;
    }
    check_failure(allocate_without_end, &limits, "took more than 64 MiB of memory");
}

struct heard {
    int notes, reports;
    char last[1100];
};

static void hear_note(void *user, const char *line)
{
    struct heard *heard = user;
    heard->notes++;
    snprintf(heard->last, sizeof heard->last, "%s", line);
}

static void hear_progress(void *user, const char *what, double done, double total)
{
    struct heard *heard = user;
    heard->reports += strcmp(what, "rows") == 0 && done == 1.5 && total == 3;
}

static int talk(bram_ctx *cx, void *user)
{
    char longest[1500];
    (void)user;
    for (int i = 0; i < 3000; i++) {
        bram_note(cx, "note %d", i);
        bram_ctx_progress(cx, "rows", 1.5, 3);
    }
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    bram_note(cx, "%s", longest);
    return bram_fail(cx, BRAM_ESHAPE, "%s", longest);
}

static void notes_and_progress_arrive(void **state)
{
    (void)state;
    struct heard heard = {.notes = 0};
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_note(cx, hear_note, &heard);
    bram_ctx_set_progress(cx, hear_progress, &heard);
    assert_int_equal(bram_sandbox(cx, "x", &roomy, talk, NULL), BRAM_ESHAPE);
    assert_int_equal(heard.notes, 3001);
    assert_int_equal(heard.reports, 3000);
    assert_int_equal(strlen(heard.last), 1023);
    assert_int_equal(strlen(bram_ctx_message(cx)), 1023);
    bram_ctx_free(cx);
}

static int note_then_crash(bram_ctx *cx, void *user)
{
    bram_note(cx, "before");
    return segfault(cx, user);
}

static void notes_before_a_crash_arrive(void **state)
{
    (void)state;
    struct heard heard = {.notes = 0};
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_note(cx, hear_note, &heard);
    assert_int_equal(bram_sandbox(cx, "x", &roomy, note_then_crash, NULL), BRAM_EFORMAT);
    assert_string_equal(heard.last, "before");
    bram_ctx_free(cx);
}

static int write_nonsense(bram_ctx *cx, void *user)
{
    char noise[9000];
    (void)cx;
    (void)user;
    memset(noise, 0x7f, sizeof noise);
    for (int fd = 3; fd < 40; fd++) {
        struct stat s;
        if (fstat(fd, &s) == 0 && S_ISFIFO(s.st_mode) && write(fd, noise, sizeof noise) < 0)
            continue;
    }
    return BRAM_OK;
}

static void nonsense_in_the_pipe_is_found(void **state)
{
    (void)state;
    check_failure(write_nonsense, &roomy, "nonsense");
}

static int write_a_file(bram_ctx *cx, void *user)
{
    FILE *f = fopen(user, "w");
    if (!f) return bram_fail(cx, BRAM_EWRITE, "no file");
    fputs("result", f);
    return fclose(f) ? bram_fail(cx, BRAM_EWRITE, "no room") : BRAM_OK;
}

static void results_go_through_a_file(void **state)
{
    (void)state;
    char path[300], text[10] = "";
    test_temporary(path, "sandbox");
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, bram_sandbox(cx, "x", &roomy, write_a_file, path));
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    unlink(path);
    assert_string_equal(text, "result");
    bram_ctx_free(cx);
}

static void cancelling_kills_the_child(void **state)
{
    (void)state;
    const volatile int stop = 1;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(bram_sandbox(cx, "x", &roomy, sleep_long, NULL), BRAM_ECANCEL);
    bram_ctx_free(cx);
}

/* ---- many jobs ------------------------------------------------------------------------------ */

enum { JOBS = 12 };

/* The later a job, the sooner it ends; job 3 crashes, job 5 fails. */
static int work_a_while(bram_ctx *cx, void *user)
{
    int job = *(const int *)user;
    nanosleep(&(struct timespec){.tv_nsec = (JOBS - job) * 4000000L}, NULL);
    bram_note(cx, "first of %d", job);
    bram_note(cx, "second of %d", job);
    if (job == 3) raise(SIGSEGV);
    return job == 5 ? bram_fail(cx, BRAM_ESHAPE, "job %d", job) : BRAM_OK;
}

struct told {
    char text[2000];
    int stop_at; /* ended() fails there; -1: nowhere */
};

static int tell_line(bram_ctx *cx, void *user, size_t job, const char *line)
{
    (void)cx;
    struct told *told = user;
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%zu:%s;", job, line);
    return BRAM_OK;
}

static int tell_end(bram_ctx *cx, void *user, size_t job, int status, const char *message)
{
    struct told *told = user;
    size_t used = strlen(told->text);
    snprintf(told->text + used, sizeof told->text - used, "%zu=%d%s%.20s;", job, status,
             *message ? " " : "", message);
    return (int)job == told->stop_at ? bram_fail(cx, BRAM_EWRITE, "stop") : BRAM_OK;
}

static int run_many(bram_ctx *cx, struct told *told, unsigned workers, size_t memory)
{
    static int number[JOBS];
    bram_sandbox_job job[JOBS];
    for (int i = 0; i < JOBS; i++) {
        number[i] = i;
        job[i] = (bram_sandbox_job){"x.h5", roomy, (size_t)10 << 20, 1, &number[i]};
    }
    const bram_sandbox_work work = {.jobs = job,
                                    .count = JOBS,
                                    .run = work_a_while,
                                    .workers = workers,
                                    .memory = memory,
                                    .what = "jobs",
                                    .line = tell_line,
                                    .ended = tell_end,
                                    .user = told};
    return bram_sandbox_all(cx, &work);
}

static void many_jobs_are_told_in_their_order(void **state)
{
    (void)state;
    struct told one = {.stop_at = -1}, many = one, tight = one;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, run_many(cx, &one, 1, 0));
    assert_ok(cx, run_many(cx, &many, 7, 0));
    assert_ok(cx, run_many(cx, &tight, 7, 1)); /* less than one needs: one at a time */
    assert_non_null(strstr(one.text, "2:second of 2;2=0;3:first of 3;3:second of 3;3=-3 reading"));
    assert_non_null(strstr(one.text, "5=-6 job 5;6:first of 6;"));
    assert_non_null(strstr(one.text, "11=0;"));
    assert_string_equal(one.text, many.text);
    assert_string_equal(one.text, tight.text);
    bram_ctx_free(cx);
}

static double wall_of(unsigned workers, size_t memory)
{
    struct timespec from, to;
    struct told told = {.stop_at = -1};
    bram_ctx *cx = bram_ctx_new();
    clock_gettime(CLOCK_MONOTONIC, &from);
    assert_ok(cx, run_many(cx, &told, workers, memory));
    clock_gettime(CLOCK_MONOTONIC, &to);
    bram_ctx_free(cx);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

static void memory_bounds_how_many_run(void **state)
{
    (void)state;
    /* the jobs sleep 4 ms x (12 + 11 + ... + 1) = 312 ms together */
    assert_true(wall_of(7, (size_t)19 << 20) >= 0.312); /* room for one */
    assert_true(wall_of(1, 0) >= 0.312);
}

static void the_end_of_the_work_ends_all_children(void **state)
{
    (void)state;
    struct told told = {.stop_at = 2};
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(run_many(cx, &told, 3, 0), BRAM_EWRITE);
    assert_null(strstr(told.text, "3="));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    const volatile int stop = 1;
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(run_many(cx, &told, 3, 0), BRAM_ECANCEL);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    bram_ctx_free(cx);
}

static void no_jobs_are_no_work(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const bram_sandbox_work work = {.what = "jobs", .run = work_a_while, .ended = tell_end};
    assert_ok(cx, bram_sandbox_all(cx, &work));
    bram_ctx_free(cx);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 200; fd++) count += lseek(fd, 0, SEEK_CUR) != -1 || errno != EBADF;
    return count;
}

static void nothing_is_left_open(void **state)
{
    (void)state;
    int before = open_descriptors();
    check_failure(segfault, &roomy, "signal 11");
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_and_message_comes_back),
        cmocka_unit_test(crashes_are_messages),
        cmocka_unit_test(endless_work_is_stopped),
        cmocka_unit_test(endless_memory_is_stopped),
        cmocka_unit_test(notes_and_progress_arrive),
        cmocka_unit_test(notes_before_a_crash_arrive),
        cmocka_unit_test(nonsense_in_the_pipe_is_found),
        cmocka_unit_test(results_go_through_a_file),
        cmocka_unit_test(cancelling_kills_the_child),
        cmocka_unit_test(many_jobs_are_told_in_their_order),
        cmocka_unit_test(memory_bounds_how_many_run),
        cmocka_unit_test(the_end_of_the_work_ends_all_children),
        cmocka_unit_test(no_jobs_are_no_work),
        cmocka_unit_test(nothing_is_left_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
