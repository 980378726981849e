/* Tests of benchmarks/licence.c: words of real manifests, and what differs by a word. */
#include "licence.h"

#include "test.h"

static void words_decide(void **state)
{
    (void)state;
    static const struct {
        bram_licence_verdict verdict;
        const char *text;
    } known[] = {
        {BRAM_LICENCE_ALLOWS, "CC0"},
        {BRAM_LICENCE_ALLOWS, "CC0-1.0"},
        {BRAM_LICENCE_ALLOWS, "CC BY 4.0"},
        {BRAM_LICENCE_ALLOWS, "cc-by-4.0"},
        {BRAM_LICENCE_ALLOWS, "CC BY-NC 4.0"},
        {BRAM_LICENCE_ALLOWS, "CC BY-SA 4.0 International"},
        {BRAM_LICENCE_ALLOWS, "MIT"},
        {BRAM_LICENCE_ALLOWS, "MIT (the repositories)"},
        {BRAM_LICENCE_ALLOWS, "GPL-3.0-or-later"},
        {BRAM_LICENCE_ALLOWS, "GPL-3.0 (repository)"},
        {BRAM_LICENCE_ALLOWS, "BSD-3-Clause"},
        {BRAM_LICENCE_FORBIDS, "CC BY-NC-ND 4.0"},
        {BRAM_LICENCE_FORBIDS, "CC BY-ND 4.0"},
        {BRAM_LICENCE_FORBIDS, "by agreement (NSD Data Access Agreement)"},
        {BRAM_LICENCE_FORBIDS, "CRCNS terms: not to be passed on; free after registration"},
        {BRAM_LICENCE_FORBIDS, "All rights reserved"},
        {BRAM_LICENCE_UNKNOWN, "not stated"},
        {BRAM_LICENCE_UNKNOWN, ""},
        {BRAM_LICENCE_UNKNOWN, NULL},
        {BRAM_LICENCE_UNKNOWN, "MIT (the repository; none stated for the data)"},
        {BRAM_LICENCE_UNKNOWN, "no licence file (supplement of a CC BY article)"},
        {BRAM_LICENCE_UNKNOWN, "Allen Institute terms of use"},
        {BRAM_LICENCE_UNKNOWN, "MITRE"},
        {BRAM_LICENCE_UNKNOWN, "CC BY 4.0 for the code"},
        {BRAM_LICENCE_UNKNOWN, "as its sources"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bram_licence l = bram_licence_read(known[i].text);
        if (l.verdict != known[i].verdict)
            fail_msg("\"%s\": verdict %d, expected %d", known[i].text ? known[i].text : "NULL",
                     l.verdict, known[i].verdict);
        assert_true(l.says && *l.says);
        assert_true(l.verdict != BRAM_LICENCE_ALLOWS || l.url);
    }
}

static void conditions_are_told(void **state)
{
    (void)state;
    assert_non_null(strstr(bram_licence_read("CC BY-NC 4.0").says, "no commercial use"));
    assert_non_null(strstr(bram_licence_read("CC BY-SA 4.0").says, "same licence"));
    assert_null(strstr(bram_licence_read("CC BY 4.0").says, "commercial"));
    assert_string_equal(bram_licence_read("CC0").says, "no conditions");
}

/* However long a text is: it ends somewhere, and is no licence. */
static void a_long_text_is_unknown(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "MIT ", 4);
    text[sizeof text - 1] = 0;
    assert_int_equal(bram_licence_read(text).verdict, BRAM_LICENCE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_decide),
                                       cmocka_unit_test(conditions_are_told),
                                       cmocka_unit_test(a_long_text_is_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
