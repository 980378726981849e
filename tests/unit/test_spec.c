/* Tests of core/spec.c and core/param.c. */
#include <bramble/spec.h>

#include "internal.h"
#include "test.h"

static const bram_param table[] = {
    {"rdm", BRAM_PARAM_CHOICE, "correlation", "correlation|euclidean|crossnobis", 0, 0,
     "dissimilarity"},
    {"lags", BRAM_PARAM_INTEGER, "5", NULL, 1, 64, "lags of the past"},
    {"rank", BRAM_PARAM_INTEGER, "auto", NULL, 0, 1000, "rank"},
    {"alpha", BRAM_PARAM_REAL, "auto", NULL, 0, INFINITY, "penalty"},
    {"offset", BRAM_PARAM_REAL, "0", NULL, 0, 0, "any number"},
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file"},
    {"debias", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "remove the bias"},
    {"horizons", BRAM_PARAM_INTEGERS, "1+2+4", NULL, 1, 100, "steps ahead"},
    {"alphas", BRAM_PARAM_REALS, "0.1..10", NULL, 0, 0, "penalties"},
    {"seedless", BRAM_PARAM_INTEGER, "", NULL, 0, 9, "may be left out"},
    {.name = NULL},
};

#define DEFAULTS                                                                                   \
    "rdm=correlation,lags=5,rank=auto,alpha=auto,offset=0,path=,debias=yes,horizons=1+2+4,"        \
    "alphas=0.1+1+10,seedless="

static void defaults_fill_every_option(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    size_t count = 0;
    assert_ok(cx, bram_options_new(cx, &o, table, NULL));
    assert_string_equal(bram_options_canonical(o), DEFAULTS);
    assert_string_equal(bram_option_text(o, "rdm"), "correlation");
    assert_true(bram_option_is(o, "rdm", "correlation"));
    assert_false(bram_option_is(o, "rdm", "euclidean"));
    assert_int_equal(bram_option_integer(o, "lags"), 5);
    assert_int_equal(bram_option_integer(o, "rank"), -1);
    assert_int_equal(bram_option_integer(o, "seedless"), -1);
    assert_true(isnan(bram_option_real(o, "alpha")));
    assert_near(bram_option_real(o, "offset"), 0, 0);
    assert_string_equal(bram_option_text(o, "path"), "");
    assert_true(bram_option_flag(o, "debias"));
    const int64_t *horizons = bram_option_integers(o, "horizons", &count);
    assert_int_equal(count, 3);
    assert_int_equal(horizons[2], 4);
    const double *alphas = bram_option_reals(o, "alphas", &count);
    assert_int_equal(count, 3);
    assert_near(alphas[0], 0.1, 0);
    assert_near(alphas[2], 10, 0);
    bram_options_free(o);
    bram_ctx_free(cx);
}

/* Checks that text is understood as the options whose canonical form is given (and so is that). */
static void check_canonical(const bram_param *params, const char *text, const char *canonical)
{
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL, *again = NULL;
    assert_ok(cx, bram_options_new(cx, &o, params, text));
    assert_string_equal(bram_options_canonical(o), canonical);
    assert_ok(cx, bram_options_new(cx, &again, params, canonical));
    assert_string_equal(bram_options_canonical(again), canonical);
    bram_options_free(o);
    bram_options_free(again);
    bram_ctx_free(cx);
}

static void equal_meanings_give_equal_strings(void **state)
{
    (void)state;
    check_canonical(table, "", DEFAULTS);
    check_canonical(table, "debias=yes,lags=+05,rdm=correlation,offset=-0.0", DEFAULTS);
    check_canonical(table,
                    "path=a/b:c d.h5,offset=1e+20,alpha=0.10,seedless=3,horizons=7,debias=no",
                    "rdm=correlation,lags=5,rank=auto,alpha=0.1,offset=1e+20,path=a/b:c d.h5,"
                    "debias=no,horizons=7,alphas=0.1+1+10,seedless=3");
}

static void lists_and_ranges_are_expanded(void **state)
{
    (void)state;
    const bram_param lists[] = {{"n", BRAM_PARAM_INTEGERS, "", NULL, 0, 0, ""},
                                {"x", BRAM_PARAM_REALS, "", NULL, 0, 0, ""},
                                {.name = NULL}};
    check_canonical(lists, "n=1..4+8+-2..0", "n=1+2+3+4+8+-2+-1+0,x=");
    check_canonical(lists, "x=1e-3..1e3", "n=,x=0.001+0.01+0.1+1+10+100+1000");
    check_canonical(lists, "x=0.003..0.3", "n=,x=0.003+0.03+0.3");
    check_canonical(lists, "x=2..8/2+5", "n=,x=2+8+5");
    check_canonical(lists, "x=1e+5+2e+6+3E-7+-4", "n=,x=100000+2000000+3e-07+-4");
    check_canonical(lists, "x=,n=", "n=,x=");
}

static void the_first_text_needs_no_name(void **state)
{
    (void)state;
    const bram_param files[] = {{"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, ""},
                                {"align", BRAM_PARAM_CHOICE, "id", "id|time", 0, 0, ""},
                                {.name = NULL}};
    check_canonical(files, "features/", "path=features/,align=id");
    check_canonical(files, "features/,align=time", "path=features/,align=time");
    check_canonical(files, "align=time,path=x", "path=x,align=time");
}

static void check_refused(const bram_param *params, const char *text, const char *part)
{
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    if (bram_options_new(cx, &o, params, text) != BRAM_EUSAGE) fail_msg("%s is taken", text);
    assert_null(o);
    if (!strstr(bram_ctx_message(cx), part))
        fail_msg("%s: message is \"%s\", expected \"%s\" in it", text, bram_ctx_message(cx), part);
    bram_ctx_free(cx);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    const bram_param two[] = {{"xyz", BRAM_PARAM_TEXT, "", NULL, 0, 0, ""},
                              {"abc", BRAM_PARAM_TEXT, "", NULL, 0, 0, ""},
                              {.name = NULL}};
    check_refused(table, "lag=3", "did you mean \"lags\"");
    check_refused(table, "rdm=euclidian", "did you mean \"euclidean\"");
    check_refused(table, "rdm=", "expected correlation|euclidean|crossnobis");
    check_refused(table, "lags=0", "option lags: found \"0\", expected integer 1..64");
    check_refused(table, "lags=65", "found \"65\"");
    check_refused(table, "lags=2.5", "found \"2.5\"");
    check_refused(table, "lags=auto", "found \"auto\"");
    check_refused(table, "lags=99999999999999999999", "expected integer 1..64");
    check_refused(table, "rank=-1", "expected integer 0..1000|auto");
    check_refused(table, "rank=", "found \"\"");
    check_refused(table, "alpha=-1", "expected number >= 0|auto");
    check_refused(table, "alpha=nan", "found \"nan\"");
    check_refused(table, "alpha=inf", "found \"inf\"");
    check_refused(table, "offset=1e999", "found \"1e999\"");
    check_refused(table, "offset=0x1p3", "found \"0x1p3\"");
    check_refused(table, "debias=true", "expected yes|no");
    check_refused(table, "path=a=b", "found \"a=b\"");
    check_refused(table, "path=a\nb", "found");
    check_refused(table, "horizons=", "found \"\"");
    check_refused(table, "horizons=1+", "found \"\"");
    check_refused(table, "horizons=4..1", "found \"4..1\"");
    check_refused(table, "horizons=1..101", "found \"101\"");
    check_refused(table, "alphas=1..20", "found \"1..20\"");
    check_refused(table, "alphas=0..1", "found \"0..1\"");
    check_refused(table, "alphas=1..10/1", "found \"1..10/1\"");
    check_refused(table, "alphas=nan", "found \"nan\"");
    check_refused(table, "lags=3,lags=3", "\"lags\" is given twice");
    check_refused(table, "crossnobis", "expected key=value");
    check_refused(table, "lags=3,", "expected key=value");
    check_refused(table, ",", "expected key=value");
    check_refused(NULL, "lags=3", "there are none");
    check_refused(NULL, "lags", "there are none");
    check_refused(two, "quite_different=1", "known are: xyz abc");
    check_refused(two, "x,y", "expected key=value");
}

static void endless_texts_are_refused(void **state)
{
    (void)state;
    static char text[100000];
    const bram_param lists[] = {{"n", BRAM_PARAM_INTEGERS, "", NULL, 0, 0, ""},
                                {"t", BRAM_PARAM_TEXT, "", NULL, 0, 0, ""},
                                {.name = NULL}};
    check_refused(lists, "n=0..9223372036854775807", "more than 10000");
    check_refused(lists, "n=-9223372036854775808..9223372036854775807", "more than 10000");
    memset(text, '1', sizeof text - 1);
    memcpy(text, "n=", 2);
    check_refused(lists, text, "expected integers");
    memcpy(text, "t=", 2);
    check_refused(lists, text, "4096 at most");
    memcpy(text, "x=", 2);
    memset(text, 'x', sizeof text - 1);
    text[99000] = '=';
    check_refused(lists, text, "unknown option");
}

static void one_option_is_set_or_left_alone(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    assert_ok(cx, bram_options_new(cx, &o, table, ""));
    assert_int_equal(bram_options_set(cx, o, "lags", "99"), BRAM_EUSAGE);
    assert_int_equal(bram_options_set(cx, o, "lagz", "9"), BRAM_EUSAGE);
    assert_string_equal(bram_options_canonical(o), DEFAULTS);
    assert_ok(cx, bram_options_set(cx, o, "lags", "9"));
    assert_int_equal(bram_option_integer(o, "lags"), 9);
    assert_non_null(strstr(bram_options_canonical(o), "lags=9,"));
    bram_options_free(o);
    bram_options_free(NULL);
    bram_ctx_free(cx);
}

static void a_table_that_breaks_its_limits_is_internal(void **state)
{
    (void)state;
    const bram_param bad[] = {{"n", BRAM_PARAM_INTEGER, "7", NULL, 1, 5, ""}, {.name = NULL}};
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    assert_int_equal(bram_options_new(cx, &o, bad, NULL), BRAM_EINTERNAL);
    assert_string_equal(bram_ctx_message(cx),
                        "default: option n: found \"7\", expected integer 1..5");
    bram_ctx_free(cx);
}

static void no_table_means_no_options(void **state)
{
    (void)state;
    check_canonical(NULL, NULL, "");
    check_canonical(NULL, "", "");
}

static void names_of_specs(void **state)
{
    (void)state;
    assert_int_equal(bram_spec_name_length("ar:lags=5"), 2);
    assert_int_equal(bram_spec_name_length("persistence"), 11);
    assert_int_equal(bram_spec_name_length("a_b-9:"), 5);
    assert_int_equal(bram_spec_name_length(""), 0);
    assert_int_equal(bram_spec_name_length(":x"), 0);
    assert_int_equal(bram_spec_name_length("Ar:x"), 0);
    assert_int_equal(bram_spec_name_length("9a"), 0);
    assert_int_equal(bram_spec_name_length("ar lags"), 0);
    assert_int_equal(bram_spec_name_length("ar=5"), 0);
}

static void help_says_values_and_defaults(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char *help = bram_param_help(cx, table), *none = bram_param_help(cx, NULL);
    assert_non_null(help);
    assert_non_null(
        strstr(help, "  lags=integer 1..64                  lags of the past (default 5)\n"));
    assert_non_null(strstr(
        help, "  rdm=correlation|euclidean|crossnobis  dissimilarity (default correlation)\n"));
    assert_non_null(strstr(help, "  seedless=integer 0..9               may be left out\n"));
    assert_string_equal(none, "");
    bram_free(help);
    bram_free(none);
    bram_ctx_free(cx);
}

static void failing_allocations_are_reported(void **state)
{
    (void)state;
    size_t k = 0;
    for (int status = BRAM_ENOMEM; status != BRAM_OK;) {
        bram_ctx *cx = bram_ctx_new();
        bram_options *o = NULL;
        char *help = NULL;
        bram_fail_allocation(++k, false);
        status = bram_options_new(cx, &o, table, "lags=7,alphas=1..1000");
        if (status == BRAM_OK) {
            help = bram_param_help(cx, table);
            if (!help) status = BRAM_ENOMEM;
        }
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_options_free(o);
        bram_free(help);
        bram_ctx_free(cx);
    }
    assert_true(k > 20);
}

static void a_failed_allocation_keeps_the_value(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_options *o = NULL;
    assert_ok(cx, bram_options_new(cx, &o, table, NULL));
    for (size_t k = 1;; k++) {
        bram_fail_allocation(k, false);
        int status = bram_options_set(cx, o, "horizons", "9");
        bram_fail_allocation(0, false);
        if (status == BRAM_OK) break;
        assert_int_equal(status, BRAM_ENOMEM);
        assert_string_equal(bram_options_canonical(o), DEFAULTS);
        size_t count = 0;
        assert_int_equal(bram_option_integers(o, "horizons", &count)[0], 1);
        assert_int_equal(count, 3);
    }
    bram_options_free(o);
    bram_ctx_free(cx);
}

static void brief_form_has_what_is_not_usual(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},
        {"lags=5,horizons=1+2+4,alphas=0.1+1+10", ""},
        {"lags=6", "lags=6"},
        {"alpha=0.5,rdm=euclidean,debias=no", "rdm=euclidean,alpha=0.5,debias=no"},
        {"rank=auto,path=a/b,seedless=3", "path=a/b,seedless=3"},
    };
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        bram_options *o = NULL;
        assert_ok(cx, bram_options_new(cx, &o, table, pairs[i][0]));
        char *brief = bram_options_brief(cx, o);
        assert_string_equal(brief, pairs[i][1]);
        bram_free(brief);
        for (size_t k = 1;; k++) {
            bram_fail_allocation(k, true);
            brief = bram_options_brief(cx, o);
            bool reached = bram_allocations() >= k;
            bram_fail_allocation(0, false);
            if (!reached) break;
            assert_null(brief);
        }
        assert_string_equal(brief, pairs[i][1]);
        bram_free(brief);
        bram_options_free(o);
    }
    bram_ctx_free(cx);
}

static void brief_form_of_a_first_text_is_its_value(void **state)
{
    (void)state;
    static const bram_param first[] = {
        {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a file"},
        {"rows", BRAM_PARAM_INTEGER, "3", NULL, 0, 0, "how many"},
        {.name = NULL},
    };
    static const char *const pairs[][2] = {
        {"", ""}, {"path=a b.py", "a b.py"}, {"a/b,rows=4", "a/b,rows=4"}, {"rows=4", "rows=4"}};
    bram_ctx *cx = bram_ctx_new();
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        bram_options *o = NULL, *again = NULL;
        assert_ok(cx, bram_options_new(cx, &o, first, pairs[i][0]));
        char *brief = bram_options_brief(cx, o);
        assert_string_equal(brief, pairs[i][1]);
        assert_ok(cx, bram_options_new(cx, &again, first, brief));
        assert_string_equal(bram_options_canonical(again), bram_options_canonical(o));
        bram_free(brief);
        bram_options_free(again);
        bram_options_free(o);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_fill_every_option),
        cmocka_unit_test(equal_meanings_give_equal_strings),
        cmocka_unit_test(lists_and_ranges_are_expanded),
        cmocka_unit_test(the_first_text_needs_no_name),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(endless_texts_are_refused),
        cmocka_unit_test(one_option_is_set_or_left_alone),
        cmocka_unit_test(a_table_that_breaks_its_limits_is_internal),
        cmocka_unit_test(no_table_means_no_options),
        cmocka_unit_test(names_of_specs),
        cmocka_unit_test(brief_form_has_what_is_not_usual),
        cmocka_unit_test(brief_form_of_a_first_text_is_its_value),
        cmocka_unit_test(help_says_values_and_defaults),
        cmocka_unit_test(failing_allocations_are_reported),
        cmocka_unit_test(a_failed_allocation_keeps_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
