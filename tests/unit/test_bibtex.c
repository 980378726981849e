/* Tests of report/bibtex.c: sources as they are written in the registries and definitions. */
#include "bibtex.h"
#include "test.h"

static const char *entry(bram_buffer *out, const char *text)
{
    bram_buffer_release(out);
    bram_bibtex_put(out, text);
    return bram_buffer_text(out);
}

static void an_article(void **state)
{
    (void)state;
    bram_buffer out = {0};
    assert_string_equal(entry(&out, "Nili et al. 2014, PLoS Comput Biol 10:e1003553"),
                        "@article{Nili2014,\n  author = {Nili and others},\n  year = {2014},\n"
                        "  journal = {PLoS Comput Biol},\n  volume = {10},\n  pages = {e1003553},\n"
                        "  note = {Nili et al. 2014, PLoS Comput Biol 10:e1003553},\n}\n\n");
    const char *text = entry(&out, "White et al. 1986, Phil Trans R Soc B 314:1");
    assert_non_null(strstr(text, "journal = {Phil Trans R Soc B}"));
    assert_non_null(strstr(text, "pages = {1}"));
    bram_buffer_release(&out);
}

static void authors_and_numbers(void **state)
{
    (void)state;
    bram_buffer out = {0};
    const char *text = entry(&out, "Kriegeskorte, Mur & Bandettini 2008");
    assert_non_null(strstr(text, "@misc{Kriegeskorte2008,"));
    assert_non_null(strstr(text, "author = {Kriegeskorte and Mur and Bandettini},"));
    assert_non_null(strstr(text, "note = {Kriegeskorte, Mur \\& Bandettini 2008},"));
    text = entry(&out, "ridge: Hoerl and Kennard 1970");
    assert_non_null(strstr(text, "author = {Hoerl and Kennard},"));
    text = entry(&out, "recorded by Akrami et al. 2018, Nature 554:368, doi 10.1038/nature25510");
    assert_non_null(strstr(text, "{Akrami2018,"));
    assert_non_null(strstr(text, "doi = {10.1038/nature25510},"));
    text = entry(&out, "Gifford et al. 2023, arXiv:2301.03198");
    assert_non_null(strstr(text, "eprint = {2301.03198},"));
    assert_null(strstr(text, "journal"));
    text = entry(&out, "Hu et al. 2020, arXiv 2005.00687 (Open Graph Benchmark)");
    assert_non_null(strstr(text, "eprint = {2005.00687},"));
    bram_buffer_release(&out);
}

static void what_is_no_source_gives_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {"",
                                       "textbook",
                                       "docs/outside-models.md",
                                       "the user",
                                       "1 - SSE / SST",
                                       "2005",
                                       "; ;",
                                       "Maoz and Schneidman, maxent_toolbox"};
    bram_buffer out = {0};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_string_equal(entry(&out, none[i]), "");
    bram_buffer_release(&out);
}

static void keys_are_unique_and_sources_stand_once(void **state)
{
    (void)state;
    bram_buffer out = {0};
    bram_bibtex_put_program(&out);
    bram_bibtex_put(&out, "Cook et al. 2019, Nature 571:63; White et al. 1986; Cook et al. 2019");
    bram_bibtex_put(&out, "Cook et al. 2019, Nature 571:63; Cook {et} al. 2019 \\x");
    bram_bibtex_put(&out,
                    "recorded by Cook et al. 2019, Nature 571:63"); /* one paper, other words */
    const char *text = bram_buffer_text(&out);
    size_t entries = 0, depth = 0;
    for (const char *c = text; *c; c++) {
        entries += *c == '@';
        if (*c == '{') depth++;
        if (*c == '}') assert_true(depth-- > 0);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(entries, 5);
    assert_non_null(strstr(text, "@article{Cook2019,"));
    assert_non_null(strstr(text, "@misc{Cook2019a,"));
    assert_non_null(strstr(text, "@misc{Cook2019b,"));
    bram_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_article),
                                       cmocka_unit_test(authors_and_numbers),
                                       cmocka_unit_test(what_is_no_source_gives_nothing),
                                       cmocka_unit_test(keys_are_unique_and_sources_stand_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
