/*
 * Tests of baselines/process.c: the example program of the docs against the model copy, and small
 * shell programs for what goes wrong. Without a Python that has numpy the former say skipped.
 */
#include "test.h"

#include <bramble/model.h>

#include <dirent.h>

enum { ROWS = 40, UNITS = 3, CONTEXT = 5 };

struct setting {
    bram_ctx *cx;
    bram_axis *unit;
    double y[2][ROWS * UNITS];
    uint8_t present[2][ROWS * UNITS];
    bram_segment segment[2];
    bram_panel train, test;
};

static void set_up(struct setting *s)
{
    const char *ids[UNITS] = {"a", "b", "c"};
    memset(s, 0, sizeof *s);
    s->cx = bram_ctx_new();
    assert_ok(s->cx, bram_axis_new(s->cx, &s->unit, "neuron", UNITS));
    assert_ok(s->cx, bram_axis_set_ids(s->cx, s->unit, ids));
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < ROWS * UNITS; i++) {
            s->y[k][i] = sin(0.3 * (double)(i + 7 * k)) + (double)(i % UNITS);
            s->present[k][i] = (i + k) % 11 != 0;
            if (!s->present[k][i]) s->y[k][i] = (double)NAN;
        }
        s->segment[k] = (bram_segment){.id = "w",
                                       .y = {s->y[k], ROWS, UNITS, UNITS},
                                       .y_present = s->present[k],
                                       .first = k ? 4 : 0};
    }
    s->train = (bram_panel){.unit = s->unit, .segment = &s->segment[0], .segments = 1};
    s->test = (bram_panel){.unit = s->unit, .segment = &s->segment[1], .segments = 1};
}

static void tear_down(struct setting *s)
{
    bram_axis_free(s->unit);
    bram_ctx_free(s->cx);
}

/* The spec of the example, or NULL where no Python has numpy. */
static const char *example(void)
{
    static char spec[512];
    const char *const python[] = {"python3", "/usr/bin/python3"};
    for (size_t i = 0; i < 2; i++) {
        char line[256];
        snprintf(line, sizeof line, "%s -c 'import numpy' 2>/dev/null", python[i]);
        if (system(line) != 0) continue;
        snprintf(spec, sizeof spec, "process:%s docs/examples/persistence.py,context=%d", python[i],
                 CONTEXT);
        return spec;
    }
    print_message("# skipped: no python3 with numpy\n");
    return NULL;
}

static const double *ask(struct setting *s, const bram_fitted *f, bram_ask what,
                         const size_t *start, bram_dataset **answer)
{
    bram_query q = {.ask = what, .panel = &s->test, .start = start, .starts = 4, .steps = 3};
    assert_ok(s->cx, bram_fitted_answer(s->cx, answer, f, &q));
    return bram_response_f64(bram_dataset_response(*answer, "mean"));
}

static void the_example_is_the_model_copy(void **state)
{
    (void)state;
    const char *spec = example();
    if (!spec) return;
    struct setting s;
    bram_fitted *copy, *process;
    bram_dataset *a, *b;
    const size_t start[] = {4, 9, 10, ROWS};
    set_up(&s);
    assert_ok(s.cx, bram_fitted_new(s.cx, &copy, "copy", &s.train, NULL, 0));
    assert_ok(s.cx, bram_fitted_new(s.cx, &process, spec, &s.train, NULL, 0));
    const double *want = ask(&s, copy, BRAM_ASK_STEP, NULL, &a);
    const double *got = ask(&s, process, BRAM_ASK_STEP, NULL, &b);
    for (size_t i = 0; i < (ROWS - 4) * UNITS; i++) assert_near(got[i], want[i], 1e-12);
    bram_dataset_free(a), bram_dataset_free(b);
    want = ask(&s, copy, BRAM_ASK_FREE_RUN, start, &a);
    got = ask(&s, process, BRAM_ASK_FREE_RUN, start, &b);
    for (size_t i = 0; i < 4 * 3 * UNITS; i++) assert_near(got[i], want[i], 1e-12);
    bram_dataset_free(a), bram_dataset_free(b);
    bram_fitted_free(copy), bram_fitted_free(process);
    tear_down(&s);
}

/* A program that answers with the largest number of its batch, which is any row it can see. */
static const char peeking[] =
    "import sys\nimport numpy as np\n"
    "for line in sys.stdin:\n"
    "    what, steps, folder = (line.strip().split(' ', 2) + ['', ''])[:3]\n"
    "    if what == 'forecast':\n"
    "        c = np.load(folder + '/context.npy')\n"
    "        means = np.full((len(c), int(steps), c.shape[2]), np.nanmax(c))\n"
    "        np.save(folder + '/mean.npy', means)\n"
    "    print('ok', flush=True)\n";

static void no_context_of_a_batch_holds_a_target(void **state)
{
    (void)state;
    const char *spec = example();
    if (!spec) return;
    char path[256], own[600];
    test_temporary(path, "peek.py");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(peeking, file);
    fclose(file);
    snprintf(own, sizeof own, "%.*s %s,context=%d", (int)strcspn(spec, " "), spec, path, CONTEXT);
    struct setting s;
    bram_fitted *process;
    bram_dataset *a;
    set_up(&s);
    /* the target of each row is larger than all else: who sees it cannot hide that */
    for (size_t t = 4; t < ROWS; t++) {
        for (size_t i = 0; i < ROWS * UNITS; i++) s.y[1][i] = 0, s.present[1][i] = 1;
        s.y[1][t * UNITS] = 1e6;
        if (t != 12 && t != ROWS - 1) continue; /* two will do */
        assert_ok(s.cx, bram_fitted_new(s.cx, &process, own, &s.train, NULL, 0));
        const double *got = ask(&s, process, BRAM_ASK_STEP, NULL, &a);
        assert_near(got[(t - 4) * UNITS], 0, 0);
        if (t + 1 < ROWS) assert_near(got[(t + 1 - 4) * UNITS], 1e6, 0);
        bram_dataset_free(a);
        bram_fitted_free(process);
    }
    unlink(path);
    tear_down(&s);
}

static void fails(struct setting *s, const char *spec, int expected, const char *says)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    int status = bram_fitted_new(s->cx, &f, spec, &s->train, NULL, 0);
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &s->test};
    if (status == BRAM_OK) status = bram_fitted_answer(s->cx, &answer, f, &q);
    if (status != expected || !strstr(bram_ctx_message(s->cx), says))
        fail_msg("%s: status %d: %s", spec, status, bram_ctx_message(s->cx));
    bram_fitted_free(f);
}

static void what_goes_wrong_is_said(void **state)
{
    (void)state;
    struct setting s;
    set_up(&s);
    fails(&s, "process", BRAM_EUSAGE, "needs a command");
    fails(&s, "process:exit 7", BRAM_EREAD, "exit status 7");
    fails(&s, "process:cat", BRAM_EREAD, "it said \"bramble 1\", expected \"ok\"");
    fails(&s, "process:read l; echo ok; read l; echo not applicable: no worms", BRAM_ENOTAPPLICABLE,
          "no worms");
    fails(&s, "process:read l; echo ok; read l; echo too hard >&2; exit 1", BRAM_EREAD,
          "it wrote: too hard");
    fails(&s, "process:while read l; do echo ok; done", BRAM_EREAD, "mean.npy");
    fails(&s, "process:exec sleep 60,timeout=0.05", BRAM_EREAD, "within 0.05 seconds");
    s.train.segments = 0;
    fails(&s, "process:cat", BRAM_ENOTAPPLICABLE, "no rows");
    tear_down(&s);
}

static size_t files_in(const char *folder)
{
    size_t n = 0;
    DIR *all = opendir(folder);
    for (struct dirent *one; all && (one = readdir(all));) n += one->d_name[0] != '.';
    if (all) closedir(all);
    return n;
}

static void nothing_is_left_behind(void **state)
{
    (void)state;
    char folder[256], old[256] = "";
    struct setting s;
    bram_fitted *f;
    snprintf(folder, sizeof folder, "/tmp/bramble-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    if (getenv("TMPDIR")) snprintf(old, sizeof old, "%s", getenv("TMPDIR"));
    setenv("TMPDIR", folder, 1);
    set_up(&s);
    assert_ok(s.cx, bram_fitted_new(s.cx, &f, "process:while read l; do echo ok; done", &s.train,
                                    NULL, 0));
    assert_int_equal(files_in(folder), 1);
    bram_fitted_free(f);
    fails(&s, "process:exit 1", BRAM_EREAD, "exit status 1");
    assert_int_equal(files_in(folder), 0);
    if (*old) setenv("TMPDIR", old, 1);
    else unsetenv("TMPDIR");
    rmdir(folder);
    tear_down(&s);
}

static void the_content_is_that_of_the_files(void **state)
{
    (void)state;
    char path[256], spec[400], first[65], second[65];
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "program.sh");
    snprintf(spec, sizeof spec, "process:sh %s", path);
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fprintf(file, "echo %d\n", i);
        fclose(file);
        assert_ok(cx, bram_model_content(cx, i ? second : first, spec));
    }
    assert_int_equal(strlen(first), 64);
    assert_string_not_equal(first, second);
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_the_model_copy),
        cmocka_unit_test(no_context_of_a_batch_holds_a_target),
        cmocka_unit_test(what_goes_wrong_is_said),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(the_content_is_that_of_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
