/* Tests of core/yaml.c. */
#include "yaml.h"

#include "internal.h"
#include "test.h"

static const bram_param forecast[] = {{"horizons", BRAM_PARAM_INTEGERS, "1", NULL, 1, 100, ""},
                                      {"gap", BRAM_PARAM_INTEGER, "0", NULL, 0, 1000, ""},
                                      {.name = NULL}};

static bool table_of(void *user, const char *task, const bram_param **table)
{
    (void)user;
    if (strcmp(task, "forecast") == 0) *table = forecast;
    else if (strcmp(task, "plain") == 0) *table = NULL;
    else return false;
    return true;
}

#define BENCHMARK                                                                                  \
    "# a comment\n"                                                                                \
    "name: worm_forecast\n"                                                                        \
    "version: 3\n"                                                                                 \
    "title: \"Forecast: all neurons\"\n"                                                           \
    "task: forecast\n"                                                                             \
    "dataset: kato2015\n"

#define WHOLE                                                                                      \
    BENCHMARK "citation: Kato et al. 2015\n"                                                       \
              "parts: [worm1, worm2]\n"                                                            \
              "metrics:\n  - r2:average=units,by=time\n  - pearson\n"                              \
              "models: [persistence, \"ar:lags=5\"]\n"                                             \
              "options:\n  gap: 5\n  horizons: 1+2+4\n"

static void write_file(char path[300], const char *text)
{
    char name[300];
    test_temporary(name, "test.yaml");
    FILE *f = fopen(name, "w");
    fputs(text, f);
    fclose(f);
    strcpy(path, name);
}

static void a_benchmark_is_read(void **state)
{
    (void)state;
    char path[300];
    bram_yaml_benchmark *b = NULL;
    bram_ctx *cx = bram_ctx_new();
    write_file(path, WHOLE);
    assert_ok(cx, bram_yaml_benchmark_read(cx, &b, path, table_of, NULL));
    assert_string_equal(b->name, "worm_forecast");
    assert_int_equal(b->version, 3);
    assert_string_equal(b->title, "Forecast: all neurons");
    assert_string_equal(b->task, "forecast");
    assert_string_equal(b->dataset, "kato2015");
    assert_string_equal(b->citation, "Kato et al. 2015");
    assert_int_equal(b->part_count, 2);
    assert_string_equal(b->parts[1], "worm2");
    assert_int_equal(b->metric_count, 2);
    assert_string_equal(b->metrics[0], "r2:average=units,by=time");
    assert_int_equal(b->model_count, 2);
    assert_string_equal(b->models[1], "ar:lags=5");
    assert_int_equal(b->option_count, 2);
    assert_string_equal(b->options[0].key, "horizons");
    assert_string_equal(b->options[0].value, "1+2+4");
    assert_string_equal(b->options[1].key, "gap");
    assert_string_equal(b->options[1].value, "5");
    bram_yaml_benchmark_free(b);
    bram_yaml_benchmark_free(NULL);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_short_benchmark_is_read(void **state)
{
    (void)state;
    char path[300];
    bram_yaml_benchmark *b = NULL;
    bram_ctx *cx = bram_ctx_new();
    write_file(path, "{name: a, version: 1, title: b, task: plain, dataset: c, metrics: [d]}\n");
    assert_ok(cx, bram_yaml_benchmark_read(cx, &b, path, table_of, NULL));
    assert_null(b->citation);
    assert_int_equal(b->part_count + b->model_count + b->option_count, 0);
    bram_yaml_benchmark_free(b);
    unlink(path);
    bram_ctx_free(cx);
}

static void check_refused(const char *text, const char *part)
{
    char path[300];
    bram_yaml_benchmark *b = NULL;
    bram_ctx *cx = bram_ctx_new();
    write_file(path, text);
    int status = bram_yaml_benchmark_read(cx, &b, path, table_of, NULL);
    if (status != BRAM_EFORMAT) fail_msg("status %d for: %s", status, text);
    assert_null(b);
    if (strncmp(bram_ctx_message(cx), path, strlen(path)) != 0 ||
        !strstr(bram_ctx_message(cx), part))
        fail_msg("message \"%s\", expected \"%s\"", bram_ctx_message(cx), part);
    unlink(path);
    bram_ctx_free(cx);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    check_refused(BENCHMARK "metrcs: [a]\n",
                  "line 7: unknown key \"metrcs\"; did you mean \"metrics\"?");
    check_refused(BENCHMARK "metrics: [a]\noptions:\n  horizon: 3\n",
                  "line 9: unknown key \"horizon\"; did you mean \"horizons\"?");
    check_refused(BENCHMARK "metrics: [a]\nqqq: 3\n", "line 8: unknown key \"qqq\"");
    check_refused("name: a\ntask: plain\nk: 3\n", "line 3: unknown key \"k\"");
    check_refused(BENCHMARK, "Missing required mapping field: metrics");
    check_refused(BENCHMARK "metrics: a\n",
                  "line 7, key metrics: Expecting SEQUENCE, got event: SCALAR");
    check_refused(BENCHMARK "metrics: []\n", "key metrics");
    check_refused(BENCHMARK "metrics: [a, '']\n", "key metrics");
    check_refused(BENCHMARK "metrics: [a]\nversion: 4\n", "already seen: version");
    check_refused(BENCHMARK "metrics: [a]\noptions: {horizons: [1, 2]}\n",
                  "key horizons: Expecting STRING, got event: SEQUENCE_START (a list of numbers is "
                  "written 1+2+4)");
    check_refused("name: a\nversion: x\ntitle: b\ntask: plain\ndataset: c\nmetrics: [d]\n",
                  "line 2, key version: Invalid INT value: 'x'");
    check_refused("name: a\ntask: forcast\n", "line 2, key task: found \"forcast\"");
    check_refused("name: a\n", "Missing required mapping field: task");
    check_refused(
        "{name: a, version: 1, title: b, task: plain, dataset: c, metrics: [d], options: {gap: 1}}",
        "unknown key \"gap\"");
}

static void hostile_texts_are_refused(void **state)
{
    (void)state;
    static char deep[200001];
    check_refused("# nothing\n", "no YAML document");
    check_refused("- a\n", "Expecting MAPPING");
    check_refused("task: forecast\n--- \ntask: plain\n", "more than one YAML document");
    check_refused("task: [", "");
    check_refused("task: \"\\xff", "");
    check_refused("task: \xff\xfe\n", "");
    check_refused("\ttask: a\n", "");
    check_refused("task: &x forecast\nname: *x\n", "");
    check_refused("task: plain\na: &a [l,l]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\n", "");
    memset(deep, '[', sizeof deep - 1);
    memcpy(deep, "task: ", 6);
    check_refused(deep, "more than 20 deep");
    memset(deep, '{', sizeof deep - 1);
    check_refused(deep, "more than 20 deep");
    for (size_t i = 0; i < sizeof deep - 1; i++) deep[i] = "- "[i % 2];
    check_refused(deep, "more than 20 deep");
    for (size_t i = 0; i < sizeof deep - 1; i++) deep[i] = "?\n"[i % 2];
    check_refused(deep, "");
    for (size_t i = 0; i < sizeof deep - 1; i++) deep[i] = "a\n"[i % 2];
    check_refused(deep, "");
    memset(deep, '&', sizeof deep - 1);
    check_refused(deep, "");
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    char path[300];
    bram_yaml_suite *s = NULL;
    bram_ctx *cx = bram_ctx_new();
    assert_int_equal(bram_yaml_suite_read(cx, &s, "/nowhere/x.yaml"), BRAM_EREAD);
    test_temporary(path, "large.yaml");
    FILE *f = fopen(path, "w");
    for (int i = 0; i < 1 << 17; i++) fputs("# large \n", f);
    fclose(f);
    assert_int_equal(bram_yaml_suite_read(cx, &s, path), BRAM_EFORMAT);
    f = fopen(path, "w");
    fwrite("name: a\0b", 1, 9, f);
    fclose(f);
    assert_int_equal(bram_yaml_suite_read(cx, &s, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "zero byte"));
    assert_null(s);
    unlink(path);
    bram_ctx_free(cx);
}

static void a_suite_is_read(void **state)
{
    (void)state;
    char path[300];
    bram_yaml_suite *s = NULL;
    bram_ctx *cx = bram_ctx_new();
    write_file(path, "name: worm\ntitle: The worm\nbenchmarks:\n  - a\n  - b\n");
    assert_ok(cx, bram_yaml_suite_read(cx, &s, path));
    assert_string_equal(s->title, "The worm");
    assert_int_equal(s->benchmark_count, 2);
    assert_string_equal(s->benchmarks[1], "b");
    bram_yaml_suite_free(s);
    bram_yaml_suite_free(NULL);
    unlink(path);
    bram_ctx_free(cx);
}

#define HASH     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MANIFEST "name: kato2015\ntitle: Kato\nversion: 1\nlicence: CC0\n"

static void a_manifest_is_read(void **state)
{
    (void)state;
    char path[300];
    bram_yaml_manifest *m = NULL;
    bram_ctx *cx = bram_ctx_new();
    write_file(path,
               MANIFEST "doi: 10.1016/j.cell.2015.09.034\nurl: https://osf.io/2395t\n"
                        "files:\n  - name: a/b.mat\n    sha256: " HASH "\n    bytes: 5000000000\n"
                        "  - {name: c.mat, sha256: " HASH ", bytes: 1, url: 'https://x.org/c'}\n"
                        "  - {name: no-sum-is-known.mat}\n"
                        "tried_on: described files\nexpect: {recordings: 5}\n");
    assert_ok(cx, bram_yaml_manifest_read(cx, &m, path));
    assert_string_equal(m->version, "1");
    assert_string_equal(m->doi, "10.1016/j.cell.2015.09.034");
    assert_null(m->citation);
    assert_string_equal(m->tried_on, "described files");
    assert_int_equal(m->file_count, 3);
    assert_null(m->files[2].sha256);
    assert_int_equal(m->files[2].bytes, 0);
    assert_string_equal(m->files[0].name, "a/b.mat");
    assert_true(m->files[0].bytes == 5000000000);
    assert_null(m->files[0].url);
    assert_string_equal(m->files[1].url, "https://x.org/c");
    assert_int_equal(m->expect.recordings, 5);
    assert_int_equal(m->expect.stimuli, 0);
    bram_yaml_manifest_free(m);
    bram_yaml_manifest_free(NULL);
    unlink(path);
    bram_ctx_free(cx);
}

static void check_file_refused(const char *entry, const char *part)
{
    char path[300], text[1000];
    bram_yaml_manifest *m = NULL;
    bram_ctx *cx = bram_ctx_new();
    snprintf(text, sizeof text, MANIFEST "files: [{%s}]\n", entry);
    write_file(path, text);
    assert_int_equal(bram_yaml_manifest_read(cx, &m, path), BRAM_EFORMAT);
    assert_null(m);
    if (!strstr(bram_ctx_message(cx), part)) fail_msg("%s", bram_ctx_message(cx));
    unlink(path);
    bram_ctx_free(cx);
}

static void files_of_a_manifest_are_checked(void **state)
{
    (void)state;
    const char *outside[] = {"/etc/passwd", "../x", "a/../../x", "a//b",
                             "a/",          ".",    "a/./b",     "'a\\b'"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        char entry[200];
        snprintf(entry, sizeof entry, "name: %s, sha256: " HASH ", bytes: 1", outside[i]);
        check_file_refused(entry, "expected a path below the folder");
    }
    check_file_refused("name: a, sha256: " HASH ", bytes: -4", "found -4 bytes");
    check_file_refused("name: a, bytes: -4", "found -4 bytes");
    check_file_refused("name: a, sha256: abc, bytes: 4", "key sha256");
    check_file_refused("name: a, bytes: 4, sha256: "
                       "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                       "64 small hex digits");
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    char path[300];
    write_file(path, WHOLE);
    size_t k = 0;
    for (int status = BRAM_ENOMEM; status != BRAM_OK;) {
        bram_yaml_benchmark *b = NULL;
        bram_ctx *cx = bram_ctx_new();
        bram_fail_allocation(++k, false);
        status = bram_yaml_benchmark_read(cx, &b, path, table_of, NULL);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_yaml_benchmark_free(b);
        bram_ctx_free(cx);
    }
    assert_true(k > 20);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_benchmark_is_read),
        cmocka_unit_test(a_short_benchmark_is_read),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(hostile_texts_are_refused),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(a_suite_is_read),
        cmocka_unit_test(a_manifest_is_read),
        cmocka_unit_test(files_of_a_manifest_are_checked),
        cmocka_unit_test(failing_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
