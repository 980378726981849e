/*
 * Tests of core/child.c with small shell programs.
 */
#include "child.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

static void starts(bram_ctx *cx, bram_child **c, const char *command)
{
    assert_ok(cx, bram_child_start(cx, c, command));
}

static void lines_come_back_in_order(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_child *c;
    const char *reply;
    char longer[3000];
    starts(cx, &c, "while read -r line; do echo \"got $line\"; done");
    assert_ok(cx, bram_child_ask(cx, c, "one two", &reply, 10));
    assert_string_equal(reply, "got one two");
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    assert_ok(cx, bram_child_ask(cx, c, longer, &reply, 10));
    assert_int_equal(strlen(reply), sizeof longer + 3);
    bram_child_close(c);
    bram_child_close(NULL);
    bram_ctx_free(cx);
}

static void fails(const char *command, double seconds, const char *says)
{
    bram_ctx *cx = bram_ctx_new();
    bram_child *c;
    const char *reply = "untouched";
    starts(cx, &c, command);
    assert_int_equal(bram_child_ask(cx, c, "hello", &reply, seconds), BRAM_EREAD);
    if (!strstr(bram_ctx_message(cx), says)) fail_msg("%s", bram_ctx_message(cx));
    assert_string_equal(reply, "untouched");
    assert_int_equal(bram_child_ask(cx, c, "again", &reply, seconds), BRAM_EREAD);
    bram_child_close(c);
    bram_ctx_free(cx);
}

static void failures_say_what_the_child_wrote(void **state)
{
    (void)state;
    fails("read line; echo oh no >&2; exit 3", 10,
          "without an answer (exit status 3); it wrote: oh no");
    fails("exec sleep 60", 0.2, "no answer within 0.2 seconds");
    fails("no-such-program-as-this", 10, "not found");
    fails("read line; i=0; while [ $i -lt 5000 ]; do printf x; i=$((i + 1)); done; echo", 10,
          "over 4095 bytes");
    fails("read line; i=0; while [ $i -lt 9000 ]; do echo noise >&2; i=$((i + 1)); done", 10,
          "noise noise");
    fails("read line; printf 'a\\000b\\n'; sleep 60", 10, "no text");
}

static void more_than_one_line_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_child *c;
    const char *reply;
    starts(cx, &c, "read line; printf 'a\\nb\\n'; sleep 60");
    assert_ok(cx, bram_child_ask(cx, c, "hello", &reply, 10));
    assert_string_equal(reply, "a");
    assert_int_equal(bram_child_ask(cx, c, "hello", &reply, 10), BRAM_EREAD);
    bram_child_close(c);
    bram_ctx_free(cx);
}

/* What the child started ends as well: its own child's number is the answer. */
static void the_whole_group_is_ended(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_child *c;
    const char *reply;
    starts(cx, &c, "read line; sleep 600 & echo $!; read line; exit 0");
    assert_ok(cx, bram_child_ask(cx, c, "hello", &reply, 10));
    pid_t grandchild = (pid_t)strtol(reply, NULL, 10);
    assert_true(grandchild > 1);
    assert_int_equal(kill(grandchild, 0), 0);
    bram_child_close(c);
    char path[64], state_of[8] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)grandchild);
    for (int i = 0; i < 200 && kill(grandchild, 0) == 0; i++) {
        FILE *file = fopen(path, "r"); /* it may stay as a zombie where nobody waits for it */
        if (file && fscanf(file, "%*d %*s %7s", state_of) == 1 && state_of[0] == 'Z') {
            fclose(file);
            break;
        }
        if (file) fclose(file);
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    assert_true(state_of[0] == 'Z' || kill(grandchild, 0) != 0);
    bram_ctx_free(cx);
}

static void cancelling_ends_the_child(void **state)
{
    (void)state;
    volatile int flag = 1;
    bram_ctx *cx = bram_ctx_new();
    bram_child *c;
    const char *reply;
    starts(cx, &c, "exec sleep 60");
    bram_ctx_set_cancel(cx, &flag);
    assert_int_equal(bram_child_ask(cx, c, "hello", &reply, 60), BRAM_ECANCEL);
    bram_child_close(c);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_back_in_order),
        cmocka_unit_test(failures_say_what_the_child_wrote),
        cmocka_unit_test(more_than_one_line_is_refused),
        cmocka_unit_test(the_whole_group_is_ended),
        cmocka_unit_test(cancelling_ends_the_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
