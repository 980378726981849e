/* Tests of core/parallel.c. */
#include <bramble/parallel.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "internal.h"
#include "test.h"

enum { MANY = 1000 };

struct sums {
    double result[MANY];
    atomic_int runs;
};

static int add_up(bram_ctx *cx, size_t task, void *user)
{
    struct sums *sums = user;
    double *values = bram_scratch(cx, 1000, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < 1000; i++) values[i] = 1.0 / (double)(1 + i + task);
    for (size_t i = 0; i < 1000; i++) sums->result[task] += values[i];
    sums->runs++;
    return BRAM_OK;
}

static void every_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    static struct sums one, many;
    bram_ctx *cx = bram_ctx_new();
    size_t mark = bram_scratch_mark(cx);
    assert_ok(cx, bram_parallel_for(cx, MANY, add_up, &one));
    assert_int_equal(one.runs, MANY);
    for (unsigned threads = 0; threads < 9; threads++) {
        many = (struct sums){.runs = 0};
        bram_ctx_set_threads(cx, threads);
        assert_ok(cx, bram_parallel_for(cx, MANY, add_up, &many));
        assert_int_equal(many.runs, MANY);
        assert_memory_equal(one.result, many.result, sizeof one.result);
        assert_int_equal(bram_scratch_mark(cx), mark);
    }
    bram_ctx_free(cx);
}

static int scratch_starts_empty(bram_ctx *cx, size_t task, void *user)
{
    (void)task;
    size_t *high = user;
    size_t height = bram_scratch_mark(cx);
    if (!bram_scratch(cx, 1 << 16, 1)) return BRAM_ENOMEM;
    return height == *high ? BRAM_OK : bram_fail(cx, BRAM_EINTERNAL, "height %zu", height);
}

static void scratch_is_released_between_tasks(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    size_t height = 0;
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        bram_ctx_set_threads(cx, threads);
        assert_ok(cx, bram_parallel_for(cx, 100, scratch_starts_empty, &height));
    }
    bram_ctx_free(cx);
}

/* Tasks from *user on fail, each in its own way; high ones fail sooner than low ones. */
static int fail_from(bram_ctx *cx, size_t task, void *user)
{
    size_t first = *(size_t *)user;
    if (task < first) return BRAM_OK;
    if (task == first) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return bram_fail(cx, task % 2 ? BRAM_ESHAPE : BRAM_EFORMAT, "task %zu failed", task);
}

static void the_lowest_failing_task_wins(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (unsigned threads = 1; threads < 9; threads++) {
        bram_ctx_set_threads(cx, threads);
        for (size_t first = 0; first < 12; first++) {
            char expected[40];
            snprintf(expected, sizeof expected, "task %zu failed", first);
            assert_int_equal(bram_parallel_for(cx, 12, fail_from, &first),
                             first % 2 ? BRAM_ESHAPE : BRAM_EFORMAT);
            assert_string_equal(bram_ctx_message(cx), expected);
        }
    }
    bram_ctx_free(cx);
}

static int count_and_fail(bram_ctx *cx, size_t task, void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
    return task == 3 ? bram_fail(cx, BRAM_ENUMERIC, "stop here") : BRAM_OK;
}

static void tasks_after_a_failure_are_skipped(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    atomic_int runs = 0;
    assert_int_equal(bram_parallel_for(cx, 1000000, count_and_fail, &runs), BRAM_ENUMERIC);
    assert_int_equal(runs, 4);
    bram_ctx_set_threads(cx, 4);
    runs = 0;
    assert_int_equal(bram_parallel_for(cx, 1000000000, count_and_fail, &runs), BRAM_ENUMERIC);
    assert_in_range(runs, 4, 999999999);
    bram_ctx_free(cx);
}

static int never(bram_ctx *cx, size_t task, void *user)
{
    (void)user;
    return bram_fail(cx, BRAM_EINTERNAL, "task %zu ran", task);
}

static void no_tasks_is_no_work(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_parallel_for(cx, 0, never, NULL));
    bram_ctx_free(cx);
}

struct thread_check {
    pthread_t outer;
    atomic_int inner;
};

static int same_thread(bram_ctx *cx, size_t task, void *user)
{
    struct thread_check *check = user;
    (void)task;
    check->inner++;
    return pthread_equal(check->outer, pthread_self()) ? BRAM_OK
                                                       : bram_fail(cx, BRAM_EINTERNAL, "moved");
}

static int go_deeper(bram_ctx *cx, size_t task, void *user)
{
    struct thread_check check = {.outer = pthread_self()};
    (void)task;
    (void)user;
    BRAM_TRY(bram_parallel_for(cx, 5, same_thread, &check));
    return check.inner == 5 ? BRAM_OK : bram_fail(cx, BRAM_EINTERNAL, "%d runs", (int)check.inner);
}

static void a_call_within_a_task_stays_on_its_thread(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_parallel_for(cx, 50, go_deeper, NULL));
    bram_ctx_free(cx);
}

static volatile int cancelled;

static int cancel_at_seven(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    ++*(int *)user;
    if (task == 7) cancelled = 1;
    return BRAM_OK;
}

static void cancelling_stops_between_tasks(void **state)
{
    (void)state;
    int runs = 0;
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_cancel(cx, &cancelled);
    assert_int_equal(bram_parallel_for(cx, 100, cancel_at_seven, &runs), BRAM_ECANCEL);
    assert_int_equal(runs, 8);
    bram_ctx_set_threads(cx, 4);
    assert_int_equal(bram_parallel_for(cx, 100, never, NULL), BRAM_ECANCEL);
    assert_non_null(strstr(bram_ctx_message(cx), "stopped"));
    cancelled = 0;
    bram_ctx_free(cx);
}

static void count_line(void *user, const char *line)
{
    if (strncmp(line, "note ", 5) == 0) ++*(int *)user;
}

static void count_progress(void *user, const char *what, double done, double total)
{
    if (strcmp(what, "half") == 0 && done < total) ++*(int *)user;
}

static int speak(bram_ctx *cx, size_t task, void *user)
{
    (void)user;
    bram_note(cx, "note %zu", task);
    bram_ctx_progress(cx, "half", 1, 2);
    return BRAM_OK;
}

static void notes_and_progress_arrive_one_at_a_time(void **state)
{
    (void)state;
    int lines = 0, reports = 0; /* plain integers: the thread sanitizer sees a missing lock */
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_note(cx, count_line, &lines);
    bram_ctx_set_progress(cx, count_progress, &reports);
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_parallel_for(cx, 400, speak, NULL));
    assert_int_equal(lines, 400);
    assert_int_equal(reports, 400);
    bram_ctx_free(cx);
}

static int ask_signal_mask(bram_ctx *cx, size_t task, void *user)
{
    sigset_t mask;
    (void)task;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    bool caller = pthread_equal(*(pthread_t *)user, pthread_self());
    return caller == !sigismember(&mask, SIGINT) ? BRAM_OK : bram_fail(cx, BRAM_EINTERNAL, "mask");
}

static void signals_go_to_the_calling_thread(void **state)
{
    (void)state;
    pthread_t self = pthread_self();
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_threads(cx, 4);
    assert_ok(cx, bram_parallel_for(cx, 400, ask_signal_mask, &self));
    bram_ctx_free(cx);
}

static int nothing(bram_ctx *cx, size_t task, void *user)
{
    (void)cx;
    (void)task;
    (void)user;
    return BRAM_OK;
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t k = 1;; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_ctx_set_threads(cx, 3);
        bram_fail_allocation(k, false);
        int status = bram_parallel_for(cx, 8, nothing, NULL);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM), failures++;
        bram_ctx_free(cx);
        if (status == BRAM_OK) break;
    }
    assert_int_equal(failures, 5); /* two for the scratch chunk, one for each thread's context */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(scratch_is_released_between_tasks),
        cmocka_unit_test(the_lowest_failing_task_wins),
        cmocka_unit_test(tasks_after_a_failure_are_skipped),
        cmocka_unit_test(no_tasks_is_no_work),
        cmocka_unit_test(a_call_within_a_task_stays_on_its_thread),
        cmocka_unit_test(cancelling_stops_between_tasks),
        cmocka_unit_test(notes_and_progress_arrive_one_at_a_time),
        cmocka_unit_test(signals_go_to_the_calling_thread),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
