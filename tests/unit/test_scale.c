/*
 * test_scale.c - ranges, ticks, numbers for people, colours: values by hand.
 */
#include "colour.h"
#include "scale.h"
#include "test.h"

static void expect_ticks(bram_scale s, size_t wanted, const char *labels)
{
    bram_ticks t;
    char found[512] = "";
    bram_scale_ticks(&s, wanted, &t);
    for (size_t i = 0; i < t.count; i++) {
        if (i) strcat(found, " ");
        strcat(found, t.label[i]);
    }
    assert_string_equal(found, labels);
}

static void ticks_are_round(void **state)
{
    (void)state;
    expect_ticks((bram_scale){0, 1, 0, 100, false}, 5, "0.0 0.2 0.4 0.6 0.8 1.0");
    expect_ticks((bram_scale){0, 97, 0, 100, false}, 5, "0 20 40 60 80");
    expect_ticks((bram_scale){-0.03, 0.03, 0, 100, false}, 4,
                 "\xe2\x88\x92"
                 "0.02 0.00 0.02");
    expect_ticks((bram_scale){0, 2e6, 0, 100, false}, 4,
                 "0 5\xc3\x97"
                 "10\xe2\x81\xb5 10\xe2\x81\xb6 1.5\xc3\x97"
                 "10\xe2\x81\xb6 2\xc3\x97"
                 "10\xe2\x81\xb6");
    expect_ticks((bram_scale){1, 1000, 0, 100, true}, 5, "1 10 100 1000");
    expect_ticks((bram_scale){1, 8, 0, 100, true}, 5, "1 2 5");
    expect_ticks((bram_scale){3, 3, 0, 100, false}, 5, "");
}

static void values_have_places(void **state)
{
    (void)state;
    bram_scale s = {10, 20, 100, 300, false}, log = {1, 100, 300, 100, true};
    assert_near(bram_scale_place(&s, 15), 200, 1e-12);
    assert_near(bram_scale_place(&s, 5), 0, 1e-12);
    assert_near(bram_scale_place(&log, 10), 200, 1e-12);
    assert_true(isnan(bram_scale_place(&log, 0)));
    assert_true(isnan(bram_scale_place(&log, -1)));
    assert_true(isnan(bram_scale_place(&s, NAN)));
    assert_true(isnan(bram_scale_place(&s, INFINITY)));
}

static void ranges_widen(void **state)
{
    (void)state;
    bram_range r = bram_range_empty();
    assert_true(bram_range_is_empty(&r));
    bram_range_take(&r, NAN, false);
    bram_range_take(&r, -1, true);
    assert_true(bram_range_is_empty(&r));
    bram_range_take(&r, 10, false);
    bram_range_take(&r, 0, false);
    bram_range w = bram_range_widen(r, false, false, true);
    assert_near(w.low, 0, 0);
    assert_near(w.high, 10.5, 1e-12); /* air of one twentieth */
    w = bram_range_widen((bram_range){5, 5}, false, true, true);
    assert_near(w.low, 4.5, 1e-12);
    assert_near(w.high, 5.5, 1e-12);
    w = bram_range_widen((bram_range){1, 100}, true, true, true);
    assert_near(log10(w.low), -0.1, 1e-12);
    assert_near(log10(w.high), 2.1, 1e-12);
    w = bram_range_widen(bram_range_empty(), false, true, true);
    assert_near(w.high - w.low, 1, 0);
}

static void numbers_for_people(void **state)
{
    (void)state;
    char t[BRAM_DIGITS_BYTES];
    assert_string_equal(bram_digits_fixed(t, 1.005, 1), "1.0");
    assert_string_equal(bram_digits_fixed(t, -0.001, 2), "0.00");
    assert_string_equal(bram_digits_fixed(t, 1e300, 2), "1e+300");
    assert_string_equal(bram_digits_fixed(t, NAN, 2), "nan");
    assert_string_equal(bram_digits_short(t, 0.5, 4), "0.5");
    assert_string_equal(bram_digits_short(t, 123456, 4), "1.235e+05");
    assert_string_equal(bram_digits_short(t, -INFINITY, 4), "-inf");
    bram_buffer b = {0};
    bram_digits_coordinate(&b, 12.50);
    bram_digits_coordinate(&b, -0.001);
    bram_digits_coordinate(&b, 100);
    assert_string_equal(bram_buffer_text(&b), "12.50100");
    bram_buffer_release(&b);
}

static void colour_scales_end_where_they_should(void **state)
{
    (void)state;
    assert_int_equal(bram_colour_scale(0, false), 0x440154);
    assert_int_equal(bram_colour_scale(1, false), 0xfde725);
    assert_int_equal(bram_colour_scale(7, false), 0xfde725);
    assert_int_equal(bram_colour_scale(NAN, false), 0x440154);
    assert_int_equal(bram_colour_scale(0.5, true), 0xf7f7f7);
    assert_int_equal(bram_colour_scale(0.125, true), 0x4488be); /* halfway from 2166ac to 67a9cf */
    double before = -1; /* lightness (Rec. 709 weights) rises all along the first scale */
    for (int i = 0; i <= 32; i++) {
        uint32_t c = bram_colour_scale(i / 32.0, false);
        double light = 0.2126 * (c >> 16 & 255) + 0.7152 * (c >> 8 & 255) + 0.0722 * (c & 255);
        assert_true(light > before);
        before = light;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(values_have_places),
        cmocka_unit_test(ranges_widen),
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(colour_scales_end_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
