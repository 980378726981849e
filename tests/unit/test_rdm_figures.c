/*
 * Tests of the figures of RDMs: one scale for all, ranks, missing pairs, maps with ellipses, the
 * order of trees, sizes, refusals.
 */
#include "colour.h"
#include "internal.h"
#include "rdm_figures.h"
#include "test.h"

static const char *const letters[] = {"a<", "b", "c", "d"};
static const char *const subjects[] = {"one", "two", "three"};

static size_t occurrences(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

/* Whether the highest colour of the scale is in a text. */
static bool has_top(const char *text)
{
    char colour[32];
    snprintf(colour, sizeof colour, "fill=\"#%06x\"",
             (unsigned)bram_colour_scale(63.5 / 64, false));
    return strstr(text, colour) != NULL;
}

/* Four conditions; the second matrix is the first doubled. */
static const double pairs[] = {1, 4, 5, 3.5, 4.5, 2, 2, 8, 10, 7, 9, 4, 1, 5, 5, 3, 4, 1};

static bram_rdm_view view(size_t count)
{
    return (bram_rdm_view){.n = 4,
                           .count = count,
                           .pairs = pairs,
                           .condition = letters,
                           .name = subjects,
                           .title = "A & B",
                           .measure = "1 - r"};
}

static void one_scale_for_all(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rdm_view v = view(2);
    bram_figure *f[2];
    bram_buffer b = {0};
    assert_ok(cx, bram_rdm_heat_maps(cx, &b, &v, false));
    const char *one = strstr(b.text, ">one<"), *two = strstr(b.text, ">two<");
    assert_true(one && two && one < two);
    assert_true(has_top(two));
    b.text[two - b.text] = 0; /* only the second has the largest value */
    assert_false(has_top(one));
    assert_non_null(strstr(b.text, "A &amp; B"));
    bram_buffer_release(&b);
    assert_ok(cx, bram_rdm_heat_maps(cx, &b, &v, true)); /* both have the same ranks */
    two = strstr(b.text, ">two<");
    b.text[two - b.text] = 0;
    assert_true(has_top(b.text));
    assert_int_equal(occurrences(b.text, ">a&lt;<"), 2); /* under it and beside it */
    bram_buffer_release(&b);
    assert_ok(cx, bram_rdm_heat_map(cx, &f[0], &v, 0, 0, 10, 200, false));
    assert_string_equal(bram_figure_title(f[0]), "one");
    bram_figure_free(f[0]);
    bram_ctx_free(cx);
}

static void missing_pairs_are_told(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    const double d[] = {1, NAN, 2};
    bram_rdm_view v = {.n = 3, .count = 1, .pairs = d, .title = "t", .measure = "m"};
    bram_buffer b = {0};
    assert_ok(cx, bram_rdm_heat_maps(cx, &b, &v, false));
    assert_non_null(strstr(b.text, "Grey: undefined (1 pair)."));
    assert_int_equal(occurrences(b.text, "<path class=\"fg\""), 1);
    bram_buffer_release(&b);
    assert_int_equal(bram_rdm_tree(cx, &b, &v, false), BRAM_ENUMERIC);
    bram_buffer_release(&b);
    assert_ok(cx, bram_rdm_map(cx, &b, &v)); /* two distances are enough for a map */
    assert_int_equal(occurrences(b.text, "<circle"), 3);
    assert_null(strstr(b.text, "nan"));
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

static void maps(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rdm_view v = view(3);
    bram_buffer b = {0}, again = {0};
    assert_ok(cx, bram_rdm_map(cx, &b, &v));
    assert_int_equal(occurrences(b.text, "<circle"), 4);
    assert_int_equal(occurrences(b.text, "fill-opacity=\"0.12\""), 4); /* ellipses */
    assert_non_null(strstr(b.text, "200 bootstrap draws"));
    bram_ctx_set_threads(cx, 2);
    assert_ok(cx, bram_rdm_map(cx, &again, &v));
    assert_string_equal(b.text, again.text);
    bram_buffer_release(&b);
    bram_buffer_release(&again);
    v.count = 2;
    assert_ok(cx, bram_rdm_map(cx, &b, &v));
    assert_null(strstr(b.text, "bootstrap"));
    assert_non_null(strstr(b.text, "stress-1"));
    bram_buffer_release(&b);
    v.count = 3, v.classical = true;
    assert_ok(cx, bram_rdm_map(cx, &b, &v));
    assert_non_null(strstr(b.text, "positive eigenvalues"));
    assert_int_equal(occurrences(b.text, "fill-opacity=\"0.12\""), 4);
    bram_buffer_release(&b);
    v.count = 2, v.classical = false;
    assert_int_equal(bram_rdm_map_of_rdms(cx, &b, &v), BRAM_ESHAPE);
    bram_buffer_release(&b);
    v.count = 3;
    assert_ok(cx, bram_rdm_map_of_rdms(cx, &b, &v)); /* four conditions: no draws */
    assert_int_equal(occurrences(b.text, "<circle"), 3);
    assert_null(strstr(b.text, "bootstrap"));
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

/* a-b 1, c-d 2, then (4 + 5 + 3.5 + 4.5) / 4 */
static void trees(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rdm_view v = view(1);
    bram_buffer b = {0};
    assert_ok(cx, bram_rdm_tree(cx, &b, &v, false));
    const char *place = b.text;
    for (size_t i = 0; i < 4; i++) {
        char label[16];
        snprintf(label, sizeof label, ">%s<", i ? letters[i] : "a&lt;");
        place = strstr(place, label);
        assert_non_null(place);
    }
    bram_buffer_release(&b);
    assert_int_equal(bram_rdm_tree(cx, &b, &v, true), BRAM_ESHAPE);
    bram_buffer_release(&b);
    v.count = 2; /* r of a matrix and its double is 1 */
    assert_ok(cx, bram_rdm_tree(cx, &b, &v, true));
    assert_non_null(strstr(b.text, ">one<"));
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

static void sizes(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rdm_view v = view(0);
    bram_buffer b = {0};
    assert_int_equal(bram_rdm_heat_maps(cx, &b, &v, false), BRAM_ESHAPE);
    v = view(1);
    v.n = 1;
    assert_ok(cx, bram_rdm_heat_maps(cx, &b, &v, true));
    bram_buffer_release(&b);
    assert_int_equal(bram_rdm_tree(cx, &b, &v, false), BRAM_ESHAPE);
    assert_int_equal(bram_rdm_map(cx, &b, &v), BRAM_ESHAPE);
    bram_buffer_release(&b);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    for (size_t k = 1, failed = 1; failed; k++) {
        assert_true(k < 3000);
        bram_ctx *cx = bram_ctx_new();
        bram_rdm_view v = view(2);
        bram_buffer b = {0};
        bram_fail_allocation(k, false);
        int status = bram_rdm_heat_maps(cx, &b, &v, true);
        if (!status) status = bram_rdm_map(cx, &b, &v);
        if (!status) status = bram_rdm_tree(cx, &b, &v, true);
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
        cmocka_unit_test(one_scale_for_all),
        cmocka_unit_test(missing_pairs_are_told),
        cmocka_unit_test(maps),
        cmocka_unit_test(trees),
        cmocka_unit_test(sizes),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
