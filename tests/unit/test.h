/*
 * test.h - what the unit tests share: cmocka, a comparison of doubles, data folders, temporary
 * files.
 */
#ifndef BRAMBLE_TEST_H
#define BRAMBLE_TEST_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/** Absolute difference at most `tolerance`; NaN equals nothing. */
#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double near_a_ = (a), near_b_ = (b), near_t_ = (tolerance);                                \
        if (!(fabs(near_a_ - near_b_) <= near_t_))                                                 \
            fail_msg("%s = %.17g, expected %.17g within %g", #a, near_a_, near_b_, near_t_);       \
    } while (0)

/** Status OK, or the message of the context in the report. */
#define assert_ok(cx, expr)                                                                        \
    do {                                                                                           \
        int ok_status_ = (expr);                                                                   \
        if (ok_status_ != 0)                                                                       \
            fail_msg("%s: status %d: %s", #expr, ok_status_, bram_ctx_message(cx));                \
    } while (0)

/* A test that ends for want of data returns from its middle: what it holds then is no leak. */
static int test_data_absent;
__attribute__((weak)) int __lsan_is_turned_off(void);
__attribute__((weak)) int __lsan_is_turned_off(void)
{
    return test_data_absent;
}

/**
 * The path of a file of the shared test data, below $BRAMBLE_TEST_DATA or ../shared/data (the tests
 * run in the top folder). When it is absent, says "skipped" (as a TAP comment) and returns from the
 * test.
 */
#define test_data(buffer, name)                                                                    \
    do {                                                                                           \
        const char *data_root_ = getenv("BRAMBLE_TEST_DATA");                                      \
        snprintf(buffer, sizeof buffer, "%s/%s", data_root_ ? data_root_ : "../shared/data",       \
                 name);                                                                            \
        if (access(buffer, R_OK) != 0) {                                                           \
            test_data_absent = 1;                                                                  \
            print_message("# skipped: no %s\n", buffer);                                           \
            return; /* not skip(): its "not ok ... # SKIP" counts as a failure in meson */         \
        }                                                                                          \
    } while (0)

/** A name for a temporary file that is unique to this process: "/tmp/bramble-1234-name". */
#define test_temporary(buffer, name)                                                               \
    snprintf(buffer, sizeof buffer, "%s/bramble-%ld-%s",                                           \
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (long)getpid(), name)

#endif
