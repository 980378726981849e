/* Tests of loaders/labels_published.c: the oddities of the published rule, each worked by hand. */
#include "labels_published.h"
#include "test.h"

enum { MOST = 12, ENOUGH = 600 };

static bram_label label[MOST];
static bram_published counts;

/* Of the test that runs. */
static bram_published_rule rule;
static const char *const *dropped;

static int run(bram_ctx *cx, const char *const *raw, size_t n, size_t samples, bool blanks)
{
    return bram_labels_published(cx, label, &counts, raw, dropped, n, samples, blanks, rule);
}

/* The names that traces get, "-" for none, "=" for those dropped as duplicates. */
static void expect(const char *const *raw, size_t n, bool blanks, const char *names, size_t labeled,
                   size_t recorded)
{
    char text[200] = "";
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, run(cx, raw, n, ENOUGH, blanks));
    for (size_t i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "",
                 label[i].certainty == BRAM_LABEL_EXACT
                     ? bram_neuron_at((size_t)label[i].neuron)->name
                 : label[i].certainty == BRAM_LABEL_DUPLICATE ? "="
                                                              : "-");
    assert_string_equal(text, names);
    assert_int_equal(counts.labeled, labeled);
    assert_int_equal(counts.recorded, recorded);
    assert_null(counts.left_out);
    bram_ctx_free(cx);
}

#define TEXTS(...)                                                                                 \
    (const char *const[]){__VA_ARGS__},                                                            \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static void labels_are_taken_or_not(void **state)
{
    (void)state;
    expect(TEXTS("AVAL", "AVAR", "RIS"), false, "AVAL AVAR RIS", 3, 3);
    /* no doubt, no case, no blanks: only the text counts */
    expect(TEXTS("AVAL", "avar", " RIS", "AVER?", "AWCON", "merge", "---"), false,
           "AVAL - - - - - -", 1, 7);
    expect(TEXTS("AVAL", "AVA", "GLRL", "CANL"), false, "AVAL - - -", 1, 4);
}

static void zeros_are_taken_out(void **state)
{
    (void)state;
    expect(TEXTS("VB01", "VB10", "DA09", "AS05"), false, "VB1 VB10 DA9 AS5", 4, 4);
    expect(TEXTS("VB101", "VD10"), false, "VB11 VD10", 2,
           2); /* all of them, not the leading ones */
    expect(TEXTS("A0V0A0L", "10"), false, "AVAL -", 1, 2);
    expect(TEXTS("VB010", "AVAL"), false, "- AVAL", 1, 2); /* it ends in 0: nothing is taken out */
}

static void equal_texts_collapse(void **state)
{
    (void)state;
    expect(TEXTS("AVAL", "RIS", "AVAL", "AVAL"), false, "AVAL RIS = =", 2, 2);
    expect(TEXTS("merge", "RIS", "merge"), false, "- RIS =", 1, 2);
    /* traces without a label are called by their numbers from 0: the label "3" is one of them */
    expect(TEXTS("RIS", "", "3", ""), false, "RIS - - =", 1, 3);
    expect(TEXTS("RIS", "", "", ""), false, "RIS - - -", 1, 4);
    /* where an absent label is an empty text, all of them are one: 63 labelled, 67 recorded */
    expect(TEXTS("RIS", "", "", ""), true, "RIS - = =", 1, 2);
}

static void two_spellings_stop_the_pipeline(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    label[0].neuron = 42;
    assert_int_equal(run(cx, TEXTS("VB01", "AVAL", "VB1"), ENOUGH, false), BRAM_EFORMAT);
    assert_string_equal(bram_ctx_message(cx),
                        "published rules: traces 1 (VB01) and 3 (VB1) are both VB1, where the "
                        "published pipeline stops");
    assert_int_equal(label[0].neuron, 42); /* outputs untouched */
    bram_ctx_free(cx);
}

static void recordings_are_left_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, run(cx, TEXTS("AVAL", ""), ENOUGH - 1, false));
    assert_string_equal(counts.left_out, "fewer than 600 samples");
    assert_int_equal(label[0].certainty, BRAM_LABEL_UNLABELED);
    assert_string_equal(label[0].reason, "published rules: left out, fewer than 600 samples");
    assert_ok(cx, run(cx, TEXTS("AVA", ""), ENOUGH, false));
    assert_string_equal(counts.left_out, "no labeled neuron");
    assert_string_equal(label[1].reason, "published rules: left out, no labeled neuron");
    assert_ok(cx, run(cx, NULL, 0, ENOUGH, false));
    assert_string_equal(counts.left_out, "no labeled neuron");
    bram_ctx_free(cx);
}

/* The examples that were measured by running the pipeline's rule. */
static void names_by_likeness(void **state)
{
    (void)state;
    rule = BRAM_PUBLISHED_NEAREST;
    expect(TEXTS("OLQ?L"), false, "OLLL", 1, 1);
    expect(TEXTS("RMD?L", "SMD?R", "CEP?R", "URA?R"), false, "RMDL RMDR CEPDL URADL", 4, 4);
    expect(TEXTS("AMsoL"), false, "RMDDL", 1, 1);
    expect(TEXTS("xyz", "AWCON"), false, "ADAL AWCL", 2, 2);
    expect(TEXTS("AVA?", "AVAL"), false, "AVAL ADAL", 2, 2); /* an exact one is not spared */
    expect(TEXTS("AVAL", "AVA?"), false, "AVAL AVAR", 2, 2); /* but for its place */
    expect(TEXTS("AVAL", "AVAL", "", "17"), false, "AVAL ADAL - -", 2, 4);
    rule = BRAM_PUBLISHED_LOST;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, run(cx, TEXTS("AVAL", "AVAR"), ENOUGH, false));
    assert_string_equal(counts.left_out, "no labeled neuron");
    bram_ctx_free(cx);
    rule = BRAM_PUBLISHED_BASE;
}

/* In the order of texts: AVA is met before AVAL and takes its name. */
static void sides_are_chosen(void **state)
{
    (void)state;
    rule = BRAM_PUBLISHED_SIDES;
    expect(TEXTS("AVAL", "AVA", "AVAR"), true, "- AVAL AVAR", 2, 3);
    expect(TEXTS("AVA", "RIS", "AVB", "merge", "I1?"), true, "AVAL RIS AVBL - -", 3, 5);
    expect(TEXTS("", "", "", "RIS", "RIS"), true, "- = = RIS =", 1, 2);
    expect(TEXTS("VB01", "VB1", "17"), true, "- VB1 -", 1, 3); /* no zeros are taken out */
    rule = BRAM_PUBLISHED_BASE;
}

/* 180 columns of which three are empty are 177 to the pipeline. */
static void traces_without_values_are_dropped(void **state)
{
    (void)state;
    dropped = (const char *const[]){NULL, "no value", "a line", NULL};
    expect(TEXTS("AVAL", "AVAR", "", "RIS"), false, "AVAL - - RIS", 2, 2);
    assert_string_equal(label[1].reason, "no value");
    assert_string_equal(label[2].reason, "a line");
    expect(TEXTS("AVAL", "RIS", "", "RIS"), false, "AVAL - - RIS", 2, 2); /* no duplicate, then */
    dropped = NULL;
}

static void any_text_is_survived(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char text[100];
    memset(text, 'A', sizeof text - 1);
    text[sizeof text - 1] = 0;
    expect(TEXTS(text, "AVAL"), false, "- AVAL", 1, 2);
    memset(text, '0', 60);
    expect(TEXTS(text, "\xff\xfe", "AVAL"), false, "- - AVAL", 1, 3);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_taken_or_not),
        cmocka_unit_test(zeros_are_taken_out),
        cmocka_unit_test(equal_texts_collapse),
        cmocka_unit_test(two_spellings_stop_the_pipeline),
        cmocka_unit_test(recordings_are_left_out),
        cmocka_unit_test(names_by_likeness),
        cmocka_unit_test(sides_are_chosen),
        cmocka_unit_test(traces_without_values_are_dropped),
        cmocka_unit_test(any_text_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
