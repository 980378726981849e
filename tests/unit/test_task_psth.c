/*
 * Tests of benchmarks/task_psth.c and onsets.c: averages worked by hand, trials from events and
 * from movements, what is refused.
 */
#include "cell_test.h"
#include "onsets.h"

enum { ROWS = 400, EVERY = 8 };

/* One unit that answers to A with 1 2 3 and to B with 3 1 0, from the onset on; else 0. */
static double answer(size_t row)
{
    static const double shape[2][3] = {{1, 2, 3}, {3, 1, 0}};
    return row % EVERY < 3 ? shape[row / EVERY % 2][row % EVERY] : 0;
}

static void add(bram_ctx *cx, bram_dataset *ds, const char *name, const char *const *ids,
                size_t units, const double *values)
{
    bram_axis *time = NULL, *unit = NULL;
    bram_response *r = NULL;
    double seconds[ROWS];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = 0.1 * (double)t;
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &unit, "unit", units));
    assert_ok(cx, bram_axis_set_ids(cx, unit, ids));
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    memcpy(bram_response_f64(r), values, ROWS * units * sizeof *values);
    bram_axis_free(time);
    bram_axis_free(unit);
    assert_ok(cx, bram_dataset_add(cx, ds, "recordings/w", r));
}

/* Onsets a little before their rows: a trial begins with the first row at or after its event. */
enum { EVENTS = ROWS / EVERY };

static bram_dataset *make_with(bram_ctx *cx, const char *first, double begin)
{
    static double y[ROWS], onset[EVENTS];
    const char *id[EVENTS], *kind[EVENTS];
    bram_dataset *ds = NULL;
    bram_axis *events = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t t = 0; t < ROWS; t++) y[t] = answer(t);
    add(cx, ds, "activity", (const char *[]){"a"}, 1, y);
    for (size_t e = 0; e < EVENTS; e++) {
        onset[e] = 0.1 * (double)(e * EVERY) - (e ? 0.05 : 0);
        id[e] = e % 2 ? "B" : "A", kind[e] = "stimulus";
    }
    id[0] = first, onset[0] = begin;
    assert_ok(cx, bram_axis_new(cx, &events, "events", EVENTS));
    assert_ok(cx, bram_axis_set_ids(cx, events, id));
    assert_ok(cx, bram_axis_add_number(cx, events, "onset", onset, "s"));
    assert_ok(cx, bram_axis_add_text(cx, events, "kind", kind));
    assert_ok(cx, bram_dataset_add_table(cx, ds, "recordings/w", events));
    return ds;
}

static bram_dataset *make(bram_ctx *cx)
{
    return make_with(cx, "A", 0);
}

/* One without a name is of no condition, one without an onset at no row. */
static void events_without_a_name_or_an_onset_are_none(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    for (int k = 0; k < 3; k++) {
        bram_dataset *ds = make_with(cx, k == 1 ? "" : "A", k == 2 ? (double)NAN : 0);
        bram_recording r = {0};
        bram_onsets trials;
        assert_ok(cx, bram_recording_read(cx, &r, ds, "w", "activity"));
        assert_ok(cx, bram_onsets_of_events(cx, &trials, ds, &r, "stimulus"));
        assert_int_equal(trials.count, k ? EVENTS - 1 : EVENTS);
        assert_int_equal(trials.trial[0].row, k ? EVERY : 0);
        assert_string_equal(bram_axis_id(trials.condition, 0), k ? "B" : "A");
        bram_onsets_release(&trials);
        bram_recording_release(&r);
        bram_dataset_free(ds);
    }
    bram_ctx_free(cx);
}

static void averages_by_hand(void **state)
{
    (void)state;
    static char r2[] = "r2";
    static char *metrics[] = {r2};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "psth", metrics, 1, "kind=stimulus,after=3,samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", "copy"));
    /* recorded 1 2 3 | 3 1 0, of mean 5/3: a sum of squares of 22/3; copied 0 1 2 | 0 3 1, off by
     * 1 1 1 9 4 1 */
    assert_near(test_number(result, "r2", "value"), 1 - 17 / (22. / 3), 1e-12);
    /* rows 0 .. 239 are for training: 15 answers to A of sum 6, 15 to B of sum 4 */
    double mean = 150. / 240, sse = 24 - 20 * mean + 6 * mean * mean;
    assert_near(test_number(result, "r2", "floor_mean"), 1 - sse / (22. / 3), 1e-12);
    assert_near(test_number(result, "r2", "floor_psth"), 1, 1e-12);
    assert_near(test_number(result, "r2", "ceiling"), 1, 1e-12);
    bram_dataset_free(result);
    bram_options_free(b.options);
    /* two rows before the onset, where nothing is: 10 values, 0 0 1 2 3 and 0 0 3 1 0 */
    b = test_benchmark(cx, "psth", metrics, 1, "after=3,before=2,samples=0");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "w", "copy"));
    assert_near(test_number(result, "r2", "value"), 1 - 17 / 14., 1e-12);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_is_refused(void **state)
{
    (void)state;
    static char r2[] = "r2";
    static char *metrics[] = {r2};
    static const struct {
        const char *options, *words;
    } bad[] = {{"kind=reach", "no events of the kind reach"},
               {"after=300", "0 conditions"},
               {"trials=movements", "has no recordings/w/behaviour"},
               {"trials=movements,behaviour=activity,place=a,velocity=a", "expected two each"}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx), *result = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bram_benchmark b = test_benchmark(cx, "psth", metrics, 1, bad[i].options);
        assert_int_equal(test_cell(cx, &result, &b, ds, "w", "copy"), BRAM_ENOTAPPLICABLE);
        if (!strstr(bram_ctx_message(cx), bad[i].words))
            fail_msg("\"%s\" says nothing of \"%s\"", bram_ctx_message(cx), bad[i].words);
        bram_options_free(b.options);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Along x for 3 rows, then 2 rows of rest (too few), up, rest, down, and one that is too short. */
static void movements_are_found(void **state)
{
    (void)state;
    static double place[ROWS * 2], velocity[ROWS * 2];
    static const struct {
        size_t from, rows;
        double x, y;
    } part[] = {{10, 3, 1, 0},   /* found: 0 degrees */
                {15, 3, 1, 0},   /* 2 rows of rest before it */
                {30, 4, 0, 1},   /* found: 90 degrees */
                {40, 1, 0, 0.5}, /* goes half a unit */
                {50, 3, -1, -1}, /* found: 225 degrees */
                {399, 1, 5, 0}}; /* does not end */
    for (size_t t = 0; t < ROWS; t++) {
        for (size_t i = 0; i < sizeof part / sizeof *part; i++)
            if (t >= part[i].from && t < part[i].from + part[i].rows)
                velocity[2 * t] = part[i].x, velocity[2 * t + 1] = part[i].y;
        for (size_t d = 0; d < 2; d++)
            place[2 * t + d] = (t ? place[2 * t - 2 + d] : 0) + velocity[2 * t + d];
    }
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_recording p = {0}, v = {0};
    bram_onsets trials;
    bram_movement what = {.speed = 0.4, .rest = 3, .least = 0.8, .directions = 8};
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add(cx, ds, "place", (const char *[]){"x", "y"}, 2, place);
    add(cx, ds, "velocity", (const char *[]){"vx", "vy"}, 2, velocity);
    assert_ok(cx, bram_recording_read(cx, &p, ds, "w", "place"));
    assert_ok(cx, bram_recording_read(cx, &v, ds, "w", "velocity"));
    assert_ok(cx, bram_onsets_of_movements(cx, &trials, &p, &v, &what));
    static const size_t row[] = {10, 30, 50};
    static const char *const name[] = {"0 deg", "90 deg", "225 deg"};
    assert_int_equal(trials.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(trials.trial[i].row, row[i]);
        assert_string_equal(bram_axis_id(trials.condition, trials.trial[i].condition), name[i]);
    }
    bram_onsets_release(&trials);
    p.present[2 * 29] = 0; /* where the hand was before it went up is not known */
    assert_ok(cx, bram_onsets_of_movements(cx, &trials, &p, &v, &what));
    assert_int_equal(trials.count, 2);
    bram_onsets_release(&trials);
    what.speed = 10;
    assert_int_equal(bram_onsets_of_movements(cx, &trials, &p, &v, &what), BRAM_ENOTAPPLICABLE);
    bram_recording_release(&p);
    bram_recording_release(&v);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static char r2[] = "r2";
    static char *metrics[] = {r2};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = make(cx);
    bram_benchmark b = test_benchmark(cx, "psth", metrics, 1, "after=3,samples=10");
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 3000; k++) {
        bram_ctx *one = bram_ctx_new();
        bram_dataset *result = NULL;
        bram_cell cell = {&b, ds, "w", "copy", 0};
        assert_ok(cx, bram_dataset_new(cx, &result));
        bram_fail_allocation(k, false);
        status = bram_task_find("psth")->run(one, result, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(result);
        bram_ctx_free(one);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(k > 30);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_without_a_name_or_an_onset_are_none),
        cmocka_unit_test(averages_by_hand),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(movements_are_found),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
