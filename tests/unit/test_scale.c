/*
 * test_scale.c - ranges, ticks, numbers for people, colours: values by hand.
 */
#include "canvas.h"
#include "colour.h"
#include "figure_parts.h"
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

/* Most values within a small part of the range: that part is shown, and only then. */
static void a_range_leaves_out_what_is_far_off(void **state)
{
    (void)state;
    bram_range r = {7, 8};
    double far[] = {-46, 0.1, 0.2, 0.3, 0.1, 0.4, NAN, -9, 0.2, 0.3}; /* quartiles 0.1, 0.3 */
    assert_true(bram_range_focus(&r, far, 10));
    assert_true(r.low > -0.5 && r.low < 0.1 && r.high > 0.4 && r.high < 1);
    double near[] = {-0.5, 0.1, 0.2, 0.3, 0.4}, few[] = {0, 0.1, 90},
           half[] = {0, 1, 2, 90, 91, 92};
    double same[] = {1, 1, 1, 1, 1, 1, 50};
    r = (bram_range){7, 8};
    assert_false(bram_range_focus(&r, near, 5)); /* far out, but the rest takes a third */
    assert_false(bram_range_focus(&r, few, 3));
    assert_false(bram_range_focus(&r, half, 6));
    assert_false(bram_range_focus(&r, same, 7)); /* no range is left */
    assert_false(bram_range_focus(&r, NULL, 0));
    assert_near(r.low, 7, 0);
}

/* ---- colours as colour-blind people see them ------------------------------------------------ */

/*
 * Vienot, Brettel and Mollon 1999 (Color Res Appl 24:243), as matrices on linear sRGB; of
 * tritanopes the projection of Brettel, Vienot and Mollon 1997 (J Opt Soc Am A 14:2647) on one
 * plane.
 */
static const double seen_by[4][9] = {
    {1, 0, 0, 0, 1, 0, 0, 0, 1},
    {0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1},  /* protanope */
    {0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1},  /* deuteranope */
    {1, 0.14461, -0.14461, 0, 0.85924, 0.14076, 0, 0.85924, 0.14076}}; /* tritanope */

static double linear(double byte)
{
    double s = byte / 255;
    return s <= 0.04045 ? s / 12.92 : pow((s + 0.055) / 1.055, 2.4);
}

/* CIE L*a*b* (D65) of a colour as one sees it. */
static void lab_of(double lab[3], uint32_t colour, int eye)
{
    double in[3], rgb[3], f[3];
    static const double xyz[9] = {0.4124564, 0.3575761, 0.1804375, 0.2126729, 0.7151522,
                                  0.0721750, 0.0193339, 0.1191920, 0.9503041};
    static const double white[3] = {0.95047, 1, 1.08883};
    for (int k = 0; k < 3; k++) in[k] = linear(colour >> (16 - 8 * k) & 255);
    for (int k = 0; k < 3; k++) {
        const double *m = seen_by[eye] + 3 * k;
        rgb[k] = fmin(1, fmax(0, m[0] * in[0] + m[1] * in[1] + m[2] * in[2]));
    }
    for (int k = 0; k < 3; k++) {
        const double *m = xyz + 3 * k;
        double t = (m[0] * rgb[0] + m[1] * rgb[1] + m[2] * rgb[2]) / white[k];
        f[k] = t > 216.0 / 24389 ? cbrt(t) : (24389.0 / 27 * t + 16) / 116;
    }
    lab[0] = 116 * f[1] - 16, lab[1] = 500 * (f[0] - f[1]), lab[2] = 200 * (f[1] - f[2]);
}

/* CIE 1976 difference of two colours to an eye; 2.3 is just noticeable. */
static double difference(uint32_t a, uint32_t b, int eye)
{
    double x[3], y[3];
    lab_of(x, a, eye);
    lab_of(y, b, eye);
    return sqrt((x[0] - y[0]) * (x[0] - y[0]) + (x[1] - y[1]) * (x[1] - y[1]) +
                (x[2] - y[2]) * (x[2] - y[2]));
}

static double luminance(uint32_t c)
{
    return 0.2126 * linear(c >> 16 & 255) + 0.7152 * linear(c >> 8 & 255) +
           0.0722 * linear(c & 255);
}

static void colours_stay_apart_for_every_eye(void **state)
{
    (void)state;
    assert_near(difference(0x000000, 0xffffff, 0), 100, 1e-3);
    /* by hand: L* of 0.2126 is 53.24, of sRGB red; the known a*, b* are 80.09, 67.20 */
    double red[3];
    lab_of(red, 0xff0000, 0);
    assert_near(red[0], 53.24, 0.01);
    assert_near(red[1], 80.09, 0.02);
    assert_near(red[2], 67.20, 0.02);
    /* red and green of equal lightness are one colour to a deuteranope, which shows that it is one
     */
    assert_true(difference(0xcc6666, 0x828255, 2) < 12 && difference(0xcc6666, 0x828255, 0) > 45);
    for (int dark = 0; dark < 2; dark++) {
        uint32_t colour[BRAM_PALETTE + 1], paper = bram_colour_by_meaning(BRAM_PAPER, dark);
        for (int i = 0; i < BRAM_PALETTE; i++) colour[i] = bram_palette(i, dark);
        colour[BRAM_PALETTE] = bram_colour_by_meaning(BRAM_INK, dark);
        for (int i = 0; i <= BRAM_PALETTE; i++) {
            double a = luminance(colour[i]) + 0.05, b = luminance(paper) + 0.05;
            assert_true((a > b ? a / b : b / a) >= 3); /* WCAG 2.1, 1.4.11 */
            for (int k = 0; k < i; k++)
                for (int eye = 0; eye < 4; eye++)
                    assert_true(difference(colour[i], colour[k], eye) > 17);
        }
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
        cmocka_unit_test(a_range_leaves_out_what_is_far_off),
        cmocka_unit_test(colours_stay_apart_for_every_eye),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
