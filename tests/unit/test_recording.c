/* Tests of benchmarks/recording.c: pieces, slices, alignment by name. */
#include "recording.h"

#include "test.h"

enum { ROWS = 10, UNITS = 3 };

/* Values are 10 t + u; a gap of 5 s after row 5; unit "B" is missing in row 2. */
static bram_dataset *make(bram_ctx *cx, bool with_segments)
{
    bram_dataset *ds = NULL;
    bram_axis *time = NULL, *unit = NULL;
    bram_response *r = NULL;
    double seconds[ROWS];
    int64_t segment[ROWS];
    for (size_t t = 0; t < ROWS; t++) {
        seconds[t] = 0.5 * (double)t + (t > 5 && !with_segments ? 5 : 0);
        segment[t] = t < 3 ? 1 : 2;
    }
    assert_ok(cx, bram_dataset_new(cx, &ds));
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    if (with_segments) assert_ok(cx, bram_axis_add_integer(cx, time, "segment", segment));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", UNITS));
    assert_ok(cx, bram_axis_set_ids(cx, unit, (const char *[]){"A", "B", "#3"}));
    assert_ok(
        cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    uint8_t *mask = bram_response_mask(cx, r);
    for (size_t t = 0; t < ROWS; t++)
        for (size_t u = 0; u < UNITS; u++)
            bram_response_f64(r)[t * UNITS + u] = (double)(10 * t + u);
    mask[2 * UNITS + 1] = 0;
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w1", r));
    bram_axis_free(time);
    bram_axis_free(unit);
    return ds;
}

static void a_gap_ends_a_piece(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, false);
    bram_recording r;
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w1", "activity"));
    assert_int_equal(r.pieces, 2);
    assert_int_equal(r.piece[1], 6);
    assert_int_equal(r.piece[2], ROWS);
    assert_near(r.dt, 0.5, 1e-12);
    assert_int_equal(r.present[2 * UNITS + 1], 0);
    bram_slice s;
    /* targets 4 .. 8 with context from 1: two segments, each within its piece */
    assert_ok(cx, bram_slice_make(cx, &s, &(bram_cut){&r, 1, 4, 9}, 1));
    assert_int_equal(s.panel.segments, 2);
    assert_int_equal(s.begin[0], 1);
    assert_int_equal(s.segment[0].first, 3);
    assert_int_equal(s.segment[0].y.rows, 5);
    assert_near(bram_row(&s.segment[0].y, 0)[0], 10, 0);
    assert_near(bram_axis_values(s.segment[0].row)[0], 0.5, 0);
    assert_int_equal(s.begin[1], 6);
    assert_int_equal(s.segment[1].first, 0);
    assert_int_equal(s.segment[1].y.rows, 3);
    bram_slice_release(&s);
    /* a piece without targets gives no segment */
    assert_ok(cx, bram_slice_make(cx, &s, &(bram_cut){&r, 0, 7, 9}, 1));
    assert_int_equal(s.panel.segments, 1);
    assert_int_equal(s.segment[0].first, 1);
    bram_slice_release(&s);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void stated_segments_are_the_pieces(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, true);
    bram_recording r;
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w1", "activity"));
    assert_int_equal(r.pieces, 2);
    assert_int_equal(r.piece[1], 3);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void alignment_is_by_name(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, false);
    bram_recording r, a;
    bram_axis *unit = NULL;
    assert_ok(cx, bram_recording_read(cx, &r, ds, "w1", "activity"));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 3));
    assert_ok(cx, bram_axis_set_ids(cx, unit, (const char *[]){"B", "C", "A"}));
    assert_ok(cx, bram_recording_align(cx, &a, &r, unit));
    assert_near(a.values[3 * 3 + 0], 31, 0);
    assert_near(a.values[3 * 3 + 2], 30, 0);
    for (size_t t = 0; t < ROWS; t++) assert_int_equal(a.present[t * 3 + 1], 0);
    assert_int_equal(a.present[2 * 3 + 0], 0);
    assert_int_equal(a.present[2 * 3 + 2], 1);
    bram_axis_free(unit);
    bram_recording_release(&a);
    bram_recording_release(&r);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_is_not_there_is_named(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx, false);
    bram_recording r;
    assert_int_equal(bram_recording_read(cx, &r, ds, "w2", "activity"), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "recordings/w2/activity"));
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gap_ends_a_piece),
        cmocka_unit_test(stated_segments_are_the_pieces),
        cmocka_unit_test(alignment_is_by_name),
        cmocka_unit_test(what_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
