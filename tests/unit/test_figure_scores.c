/*
 * Tests of report/letters.c and report/figure_scores.c: groups by hand, what the marks and the
 * caption say, undefined scores, refusals.
 */
#include "figure_scores.h"
#include "internal.h"
#include "letters.h"
#include "svg.h"
#include "test.h"

static void letters_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    char out[4][BRAM_LETTERS_BYTES];
    /* pairs 01 02 03 12 13 23; only the first and the last differ: {0 1 2}, {1 2 3} */
    assert_ok(cx,
              bram_letters(cx, out, (const bool[]){false, false, true, false, false, false}, 4));
    assert_string_equal(out[0], "a");
    assert_string_equal(out[1], "ab");
    assert_string_equal(out[2], "ab");
    assert_string_equal(out[3], "b");
    /* all differ */
    assert_ok(cx, bram_letters(cx, out, (const bool[]){true, true, true, true, true, true}, 4));
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(out[i], ((const char *[]){"a", "b", "c", "d"})[i]);
    /* 0-1 and 2-3 differ: one of each in a group, four groups */
    assert_ok(cx, bram_letters(cx, out, (const bool[]){true, false, false, false, false, true}, 4));
    assert_string_equal(out[0], "ab");
    assert_string_equal(out[1], "cd");
    assert_string_equal(out[2], "ac");
    assert_string_equal(out[3], "bd");
    /* nothing does */
    assert_ok(cx, bram_letters(cx, out, (const bool[]){false, false, false}, 3));
    assert_string_equal(out[2], "a");
    bram_ctx_free(cx);
}

/* Two models share a letter just when they do not differ, whatever differs. */
static void letters_say_what_differs(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    enum { N = 7, PAIRS = N * (N - 1) / 2 };
    char out[N][BRAM_LETTERS_BYTES];
    bool differ[PAIRS];
    uint32_t g = 7;
    for (size_t trial = 0; trial < 300; trial++) {
        for (size_t k = 0; k < PAIRS; k++) {
            g = g * 1664525u + 1013904223u;
            differ[k] = g >> 24 < 60 + trial % 130;
        }
        assert_ok(cx, bram_letters(cx, out, differ, N));
        if (!out[0][0]) continue; /* more than 26 groups */
        for (size_t i = 0, k = 0; i < N; i++)
            for (size_t j = i + 1; j < N; j++, k++)
                assert_true(differ[k] == !strpbrk(out[i], out[j]));
    }
    bram_ctx_free(cx);
}

static const char *const names[] = {"weak", "strong <&>", "none"};
static const double value[] = {0.1, 0.4, NAN}, low[] = {-0.05, 0.3, NAN}, high[] = {0.25, 0.5, NAN};
static const double zero[] = {0.2, 0.001, NAN}, pair[] = {0.01, NAN, NAN};

static bram_score_view view(void)
{
    return (bram_score_view){.title = "Models",
                             .measure = "mean corr",
                             .count = 3,
                             .name = names,
                             .value = value,
                             .low = low,
                             .high = high,
                             .level = 0.95,
                             .lower = 0.35,
                             .upper = 0.7,
                             .zero = zero,
                             .pair = pair,
                             .alpha = 0.05,
                             .data = "4 subjects",
                             .tests = "Holm"};
}

static void scores(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_score_view v = view();
    bram_buffer b = {0};
    assert_ok(cx, bram_scores_draw(cx, &b, &v));
    const char *best = strstr(b.text, ">strong &lt;&amp;&gt;<"), *other = strstr(b.text, ">weak<");
    assert_true(best && other && best < other); /* best first */
    assert_non_null(strstr(b.text, ">* a<"));   /* above zero; the pair differs */
    assert_non_null(strstr(b.text, ">b<"));
    assert_non_null(strstr(b.text, ">noise ceiling<"));
    assert_non_null(strstr(b.text, "0.35 to 0.7"));
    assert_null(strstr(b.text, "nan"));
    bram_buffer_release(&b);
    v.lower = v.upper = NAN, v.zero = v.pair = v.low = v.high = NULL;
    assert_ok(cx, bram_scores_draw(cx, &b, &v));
    assert_null(strstr(b.text, "ceiling,"));
    assert_null(strstr(b.text, "*"));
    assert_non_null(strstr(b.text, "mean corr, 4 subjects."));
    bram_buffer_release(&b);
    v.count = 0;
    assert_int_equal(bram_scores_draw(cx, &b, &v), BRAM_ESHAPE);
    v.count = 1, v.value = &value[2]; /* nothing but an undefined score */
    assert_ok(cx, bram_scores_draw(cx, &b, &v));
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    for (size_t k = 1, failed = 1; failed; k++) {
        assert_true(k < 1000);
        bram_ctx *cx = bram_ctx_new();
        bram_score_view v = view();
        bram_buffer b = {0};
        bram_fail_allocation(k, false);
        int status = bram_scores_draw(cx, &b, &v);
        bram_fail_allocation(0, false);
        if (status) assert_int_equal(status, BRAM_ENOMEM);
        failed = status != 0;
        bram_buffer_release(&b);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_by_hand),
        cmocka_unit_test(letters_say_what_differs),
        cmocka_unit_test(scores),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
