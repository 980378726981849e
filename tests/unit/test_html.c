/*
 * test_html.c - pages: escaped, numbered, nothing fetched, ids unique. With
 * BRAMBLE_TEST_FIGURES=DIR the page is also written there, to be looked at.
 */
#include "html.h"
#include "internal.h"
#include "test.h"

static bram_table *table(bram_ctx *cx)
{
    static const bram_table_column columns[] = {
        {"m", "model <x>", BRAM_CELL_TEXT},
        {"v", "value", BRAM_CELL_NUMBER, .digits = 2},
        {"s", "secret", BRAM_CELL_TEXT, .audience = BRAM_FOR_MACHINES}};
    bram_table *t = NULL;
    assert_ok(cx, bram_table_new(cx, &t, "its title", columns, 3));
    for (int i = 0; i < 5; i++) {
        bram_table_row(t);
        bram_table_textf(t, 0, "model & %d", i);
        bram_table_number(t, 1, i < 4 ? i / 3.0 : (double)NAN);
        bram_table_text(t, 2, "not for people");
    }
    bram_table_note(t, "a note <b>");
    return t;
}

static bram_figure *figure(bram_ctx *cx)
{
    bram_figure *f = NULL;
    double x[] = {0, 1, 2}, y[] = {1, 3, 2};
    assert_ok(cx, bram_figure_new(cx, &f, "a figure", "three points"));
    assert_ok(cx, bram_figure_add(cx, f, &(bram_series){BRAM_MARK_LINE, "", 0, 3, x, y}));
    return f;
}

static int whole_page(bram_ctx *cx, bram_page *p, const bram_table *t, const bram_figure *f)
{
    static const char *const items[] = {"one", "two > one"};
    bram_page_begin(p, "A report on <worms>", "made for a test");
    bram_page_heading(p, 2, "Results");
    bram_page_paragraph(p, "Text & more.");
    BRAM_TRY(bram_page_table(cx, p, t, "", 0));
    BRAM_TRY(bram_page_table(cx, p, t, "A caption.", 2));
    BRAM_TRY(bram_page_figure(cx, p, f, ""));
    BRAM_TRY(bram_page_figure(cx, p, f, "The same."));
    bram_page_heading(p, 3, "Methods");
    bram_page_list(p, items, 2);
    bram_page_code(p, "bramble run worm --out <DIR>");
    bram_page_link(p, "See ", "the paper", "https://doi.org/10.1000/x?a=1&b=2", ".");
    bram_page_link(p, "Not ", "this", "javascript:alert(1)", ".");
    return bram_page_end(cx, p, "the end");
}

static size_t occurrences(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

static void a_page(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_page p = {0};
    bram_table *t = table(cx);
    bram_figure *f = figure(cx);
    assert_ok(cx, whole_page(cx, &p, t, f));
    const char *text = bram_buffer_text(&p.out);
    assert_int_equal(occurrences(text, "<title>A report on &lt;worms&gt;</title>"), 1);
    assert_non_null(strstr(text, "<b>Table 1.</b> its title</p>"));
    assert_non_null(strstr(text, "<b>Table 2.</b> A caption.</p>"));
    assert_non_null(strstr(text, "<b>Figure 2.</b> The same.</figcaption>"));
    assert_non_null(strstr(text, "<summary>3 more rows</summary>"));
    assert_non_null(strstr(text, "<td>model &amp; 1</td><td class=\"r\">0.33</td>"));
    assert_non_null(strstr(text, "<p class=\"note\">a note &lt;b&gt;</p>"));
    assert_non_null(strstr(text, "<h3 id=\"section-2\">Methods</h3>"));
    assert_non_null(strstr(text, "href=\"https://doi.org/10.1000/x?a=1&amp;b=2\""));
    assert_null(strstr(text, "javascript:"));
    assert_null(strstr(text, "not for people"));
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, " src="));
    assert_int_equal(occurrences(text, "id=\"f1-title\""), 1);
    assert_int_equal(occurrences(text, "id=\"f2-title\""), 1);
    const char *folder = getenv("BRAMBLE_TEST_FIGURES");
    if (folder) {
        char path[512];
        snprintf(path, sizeof path, "%s/page.html", folder);
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(text, file);
        fclose(file);
    }
    bram_page_release(&p);
    bram_figure_free(f);
    bram_table_free(t);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_table *t = table(cx);
    bram_figure *f = figure(cx);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status; k++) {
        assert_true(k < 1000);
        bram_page p = {0};
        bram_fail_allocation(k, false);
        status = whole_page(cx, &p, t, f);
        bram_fail_allocation(0, false);
        if (status) assert_int_equal(status, BRAM_ENOMEM);
        bram_page_release(&p);
    }
    bram_figure_free(f);
    bram_table_free(t);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
