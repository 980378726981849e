/*
 * A metric in a shared object outside the library: loaded, found by name, scored like any other.
 * The environment variable PLUGIN_FOLDER says where the objects are.
 */
#include <bramble/plugin.h>

#include "test.h"

static void open_plugin(bram_ctx *cx, const char *name, int expected)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", getenv("PLUGIN_FOLDER"), name);
    int status = bram_plugin_open(cx, path);
    if (status != expected)
        fail_msg("%s: status %d, expected %d: %s", path, status, expected, bram_ctx_message(cx));
}

static void a_plugin_metric_is_found_and_scores(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    assert_null(bram_metric_find("sign-agreement"));
    open_plugin(cx, "sign_agreement.so", BRAM_OK);
    assert_non_null(bram_metric_find("sign-agreement"));
    assert_ptr_equal(bram_plugin_metric(0), bram_metric_find("sign-agreement"));
    double m[] = {1, -1, 2, 3, -4, 0}, b[] = {1, 1, 1, 0, -1, 2};
    bram_side model = {.values = {m, 3, 2, 2}}, brain = {.values = {b, 3, 2, 2}};
    double *raw, chance;
    size_t values;
    assert_ok(
        cx, bram_metric_score(cx, &raw, &values, &chance, "sign-agreement", &model, &brain, NULL));
    assert_int_equal(values, 2);
    assert_near(raw[0], 1, 0);
    assert_near(raw[1], 0, 0);
    assert_near(chance, 0.5, 0);
    bram_free(raw);
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, "sign-agreement:zero=drop", &model,
                                    &brain, NULL));
    bram_free(raw);
    b[2] = NAN;
    assert_int_equal(
        bram_metric_score(cx, &raw, &values, NULL, "sign-agreement", &model, &brain, NULL),
        BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

static void a_name_that_exists_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    open_plugin(cx, "sign_agreement.so", BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(cx), "exists already"));
    bram_ctx_free(cx);
}

static void what_is_no_plugin_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    open_plugin(cx, "absent.so", BRAM_EREAD);
    open_plugin(cx, "old_plugin.so", BRAM_EFORMAT);
    char expected[64]; /* the plugin says that it is of the next one */
    snprintf(expected, sizeof expected, "ABI %d, expected %d", BRAM_PLUGIN_ABI + 1,
             BRAM_PLUGIN_ABI);
    assert_non_null(strstr(bram_ctx_message(cx), expected));
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_metric_is_found_and_scores),
        cmocka_unit_test(a_name_that_exists_is_refused),
        cmocka_unit_test(what_is_no_plugin_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
