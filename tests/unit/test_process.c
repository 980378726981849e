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

/* Answers "density" with constant parameters: argv is NAME VALUE NAME VALUE ... */
static const char constant[] =
    "import sys\nimport numpy as np\n"
    "for line in sys.stdin:\n"
    "    what, _, folder = line.strip().partition(' ')\n"
    "    if what == 'density':\n"
    "        n, _, units = np.load(folder + '/context.npy').shape\n"
    "        for name, value in zip(sys.argv[1::2], sys.argv[2::2]):\n"
    "            np.save(folder + '/' + name + '.npy', np.full((n, units), float(value)))\n"
    "    print('ok', flush=True)\n";

static void densities_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        double y, log_density;                                                  /* NaN: refused */
    } cases[] = {{"rate 2", 3, 3 * 0.6931471805599453 - 2 - 1.791759469228055}, /* ln 3! */
                 {"rate 2", 0, -2},
                 {"rate 2", 1.5, NAN}, /* no count */
                 {"probability 0.25", 1, -1.3862943611198906},
                 {"probability 0.25", 0, -0.2876820724517809},
                 {"probability 1.5", 1, NAN},
                 {"mean 0 sd 2", 1, -1.737085713764618}, /* -(ln(8 pi) + 1/4) / 2 */
                 {"mean 0 sd 0", 1, NAN},
                 {"nothing 1", 1, NAN}};
    const char *spec = example();
    if (!spec) return;
    char path[256], own[600];
    test_temporary(path, "density.py");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(constant, file);
    fclose(file);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct setting s;
        bram_fitted *f;
        bram_dataset *answer = NULL;
        set_up(&s);
        snprintf(own, sizeof own, "%.*s %s %s", (int)strcspn(spec, " "), spec, path,
                 cases[i].answer);
        for (size_t k = 0; k < ROWS * UNITS; k++) s.y[1][k] = cases[i].y;
        bram_query q = {.ask = BRAM_ASK_LOGLIK, .panel = &s.test};
        assert_ok(s.cx, bram_fitted_new(s.cx, &f, own, &s.train, NULL, 0));
        int status = bram_fitted_answer(s.cx, &answer, f, &q);
        if (isnan(cases[i].log_density)) {
            assert_true(status == BRAM_ENUMERIC || status == BRAM_EREAD);
        } else {
            assert_ok(s.cx, status);
            double value[UNITS];
            uint8_t present[UNITS];
            assert_ok(s.cx,
                      bram_response_read(s.cx, bram_dataset_response(answer, "logdensity"),
                                         (size_t[]){8, 0}, (size_t[]){1, UNITS}, value, present));
            for (size_t u = 0; u < UNITS; u++) {
                assert_int_equal(present[u], s.present[1][12 * UNITS + u]);
                if (present[u]) assert_near(value[u], cases[i].log_density, 1e-12);
            }
        }
        bram_dataset_free(answer);
        bram_fitted_free(f);
        tear_down(&s);
    }
    unlink(path);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_is_the_model_copy),
        cmocka_unit_test(no_context_of_a_batch_holds_a_target),
        cmocka_unit_test(densities_by_hand),
        cmocka_unit_test(what_goes_wrong_is_said),
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(the_content_is_that_of_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
