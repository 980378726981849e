/*
 * Tests of report/sheet.c and report/cairo.c: formats by their endings, sizes of PDF and PNG, equal
 * bytes for equal figures, text that is none, failing allocations.
 */
#include "cairo_sheet.h"
#include "figure.h"
#include "internal.h"
#include "rdm_figures.h"
#include "test.h"

#include <math.h>
#include <stdio.h>

#ifdef __SANITIZE_ADDRESS__ /* fontconfig keeps what it has read until the process ends */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig";
}
#endif

static void formats_by_ending(void **state)
{
    (void)state;
    bram_sheet_format f = BRAM_SHEET_SVG;
    assert_true(bram_sheet_format_of("a/b.pdf", &f) && f == BRAM_SHEET_PDF);
    assert_true(bram_sheet_format_of("b.x.png", &f) && f == BRAM_SHEET_PNG);
    assert_true(bram_sheet_format_of("b.svg", &f) && f == BRAM_SHEET_SVG);
    assert_false(bram_sheet_format_of(".png", &f)); /* no name before it */
    assert_false(bram_sheet_format_of("b.eps", &f));
    assert_false(bram_sheet_format_of("", &f));
    assert_true(f == BRAM_SHEET_SVG); /* untouched */
}

/* Two matrices of four conditions, one pair missing. */
static int heat_maps(bram_ctx *cx, bram_buffer *out, bram_sheet_format format, double last,
                     const char *title)
{
    double pairs[] = {1, 2, 3, 4, 5, 6, 2, NAN, 3, 6, 4, last};
    bram_rdm_view v = {
        .n = 4, .count = 2, .pairs = pairs, .title = title, .measure = "1 - r", .format = format};
    return bram_rdm_heat_maps(cx, out, &v, false);
}

static void need_cairo(void)
{
    if (bram_cairo_available()) return;
    print_message("skipped: no cairo\n");
    skip();
}

/* The size that the SVG of the same figure states. */
static void size_of(bram_ctx *cx, double *width, double *height)
{
    bram_buffer svg = {0};
    assert_ok(cx, heat_maps(cx, &svg, BRAM_SHEET_SVG, 6, "A"));
    const char *box = strstr(bram_buffer_text(&svg), "viewBox=\"0 0 ");
    assert_non_null(box);
    assert_int_equal(sscanf(box, "viewBox=\"0 0 %lf %lf", width, height), 2);
    bram_buffer_release(&svg);
}

static size_t big_endian(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;
    return ((size_t)b[0] << 24) + ((size_t)b[1] << 16) + ((size_t)b[2] << 8) + b[3];
}

static void png_has_twice_the_size(void **state)
{
    (void)state;
    need_cairo();
    bram_ctx *cx = bram_ctx_new();
    bram_buffer one = {0}, again = {0}, other = {0};
    double width, height;
    size_of(cx, &width, &height);
    assert_ok(cx, heat_maps(cx, &one, BRAM_SHEET_PNG, 6, "A"));
    assert_memory_equal(one.text, "\x89PNG\r\n\x1a\n", 8);
    assert_int_equal(big_endian(one.text + 16), (size_t)ceil(2 * width));
    assert_int_equal(big_endian(one.text + 20), (size_t)ceil(2 * height));
    assert_memory_equal(one.text + one.length - 8, "IEND", 4);
    assert_ok(cx, heat_maps(cx, &again, BRAM_SHEET_PNG, 6, "A"));
    assert_int_equal(again.length, one.length);
    assert_memory_equal(again.text, one.text, one.length);
    assert_ok(cx, heat_maps(cx, &other, BRAM_SHEET_PNG, 1, "A")); /* one cell darker */
    assert_true(other.length != one.length || memcmp(other.text, one.text, one.length) != 0);
    bram_buffer_release(&one);
    bram_buffer_release(&again);
    bram_buffer_release(&other);
    bram_ctx_free(cx);
}

static void pdf_is_one_page(void **state)
{
    (void)state;
    need_cairo();
    bram_ctx *cx = bram_ctx_new();
    bram_buffer one = {0}, again = {0};
    double width, height, box[4];
    size_of(cx, &width, &height);
    assert_ok(cx, heat_maps(cx, &one, BRAM_SHEET_PDF, 6, "A"));
    assert_memory_equal(one.text, "%PDF-", 5);
    const char *media = NULL;
    for (size_t i = 0; !media && i + 9 < one.length; i++)
        if (!memcmp(one.text + i, "/MediaBox", 9)) media = one.text + i;
    assert_non_null(media);
    assert_int_equal(sscanf(media, "/MediaBox [ %lf %lf %lf %lf", box, box + 1, box + 2, box + 3),
                     4);
    assert_near(box[2], width, 0.01);
    assert_near(box[3], height, 0.01);
    assert_ok(cx, heat_maps(cx, &again, BRAM_SHEET_PDF, 6, "A")); /* no date within */
    assert_int_equal(again.length, one.length);
    assert_memory_equal(again.text, one.text, one.length);
    bram_buffer_release(&one);
    bram_buffer_release(&again);
    bram_ctx_free(cx);
}

static void text_that_is_none(void **state)
{
    (void)state;
    need_cairo();
    bram_ctx *cx = bram_ctx_new();
    for (int format = BRAM_SHEET_SVG; format <= BRAM_SHEET_PNG; format++) {
        bram_buffer out = {0};
        assert_ok(cx, heat_maps(cx, &out, (bram_sheet_format)format, 6,
                                "a\xff\x01"
                                "b"));
        assert_true(out.length > 1000);
        bram_buffer_release(&out);
    }
    bram_ctx_free(cx);
}

static void no_memory(void **state)
{
    (void)state;
    need_cairo();
    for (int format = BRAM_SHEET_PDF; format <= BRAM_SHEET_PNG; format++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            assert_true(k < 1000);
            bram_ctx *cx = bram_ctx_new();
            bram_buffer out = {0};
            bram_fail_allocation(k, false);
            status = heat_maps(cx, &out, (bram_sheet_format)format, 6, "A");
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
            bram_buffer_release(&out);
            bram_ctx_free(cx);
        }
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_by_ending), cmocka_unit_test(png_has_twice_the_size),
        cmocka_unit_test(pdf_is_one_page),   cmocka_unit_test(text_that_is_none),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
