/*
 * Tests of loaders/henaff2021.c: on the seven real sessions the figures that were read from them by
 * other programs (reference/encoding_reference.json, real.henaff2021, and the table beside the
 * files), on made files what is refused.
 */
#include "json.h"
#include "made_import.h"
#include "stimulus_folds.h"

enum { SESSIONS = 7, IMAGES = 440, REPEATS = 50, FRAMES = 11 };

/* of the table: units, response latency, share of NaN and largest of all counts */
static const struct {
    const char *name;
    size_t units;
    double latency, missing, largest;
} sessions[SESSIONS] = {{"ay2_u003", 39, 0.052, 0.295, 71}, {"ay2_u007", 16, 0.028, 0.335, 37},
                        {"ay3_u001", 47, 0.038, 0.281, 57}, {"ay3_u002", 53, 0.040, 0.318, 123},
                        {"ay4_u001", 13, 0.038, 0.316, 30}, {"ay4_u006", 66, 0.040, 0.34, 82},
                        {"ay5_u005", 49, 0.036, 0.361, 44}};

static const bram_response *response_of(const bram_dataset *ds, const char *name, const char *end)
{
    char path[64];
    snprintf(path, sizeof path, "responses/%s%s", name, end);
    return bram_dataset_response(ds, path);
}

static double json_number(const bram_json *at, const char *name)
{
    double x = NAN;
    assert_true(bram_json_number(bram_json_get(at, name), &x));
    return x;
}

/* Counts of all frames, the missing ones of movies that were not shown among them. */
static void compare_table(bram_ctx *cx, const bram_dataset *ds, size_t k)
{
    enum { ALL = 2 * 3 * 10 * FRAMES };
    size_t units = sessions[k].units, there = 0;
    double largest = 0;
    for (size_t part = 0; part < 2; part++) {
        const bram_response *r = response_of(ds, sessions[k].name, part ? "_contrast" : "");
        size_t rows = bram_response_length(r, 0), n = rows * units * REPEATS;
        double *values = calloc(n, sizeof *values);
        uint8_t *present = calloc(n, 1);
        assert_ok(cx, bram_response_read(cx, r, (size_t[]){0, 0, 0},
                                         (size_t[]){rows, units, REPEATS}, values, present));
        for (size_t i = 0; i < n; i++) there += present[i], largest = fmax(largest, values[i]);
        free(values), free(present);
    }
    assert_near(1 - (double)there / (double)(ALL * units * REPEATS), sessions[k].missing, 5.1e-4);
    assert_near(largest, sessions[k].largest, 0);
}

/* Sum and number of missing counts, and the reliability of each unit. */
static void compare(bram_ctx *cx, const bram_dataset *ds, size_t k, const bram_json *reference)
{
    const bram_response *r = response_of(ds, sessions[k].name, "");
    assert_non_null(r);
    size_t units = sessions[k].units, n = IMAGES * units * REPEATS, missing = 0, count = 0;
    assert_int_equal(bram_response_length(r, 0), IMAGES);
    assert_int_equal(bram_response_length(r, 1), units);
    assert_int_equal(bram_response_length(r, 2), REPEATS);
    double *values = calloc(n, sizeof *values), spikes = 0, *known;
    uint8_t *present = calloc(n, 1);
    assert_ok(cx, bram_response_read(cx, r, (size_t[]){0, 0, 0}, (size_t[]){IMAGES, units, REPEATS},
                                     values, present));
    for (size_t i = 0; i < n; i++) {
        missing += !present[i];
        spikes += values[i];
        assert_near(values[i], floor(values[i]), 0);
    }
    assert_near((double)missing, json_number(reference, "missing"), 0);
    assert_near(spikes, json_number(reference, "spikes"), 0);
    const double *reliability = bram_axis_column(bram_response_axis(r, 1), "reliability")->number;
    assert_ok(cx,
              bram_json_numbers(cx, &known, &count, bram_json_get(reference, "spearman_brown")));
    assert_int_equal(count, units);
    for (size_t u = 0; u < units; u++) assert_near(reliability[u], known[u], 1e-12);
    assert_near(bram_attrs_number(bram_response_attrs_const(r), "window_from", NAN),
                sessions[k].latency, 1e-12);
    assert_near(bram_attrs_number(bram_response_attrs_const(r), "window_to", NAN),
                sessions[k].latency + 0.2, 1e-12);
    bram_free(known);
    free(values), free(present);
}

static bram_dataset *import_sessions(bram_ctx *cx, const char *folder)
{
    char path[SESSIONS][600];
    const char *paths[SESSIONS];
    bram_dataset *ds = NULL;
    for (size_t k = 0; k < SESSIONS; k++) {
        snprintf(path[k], sizeof path[k], "%s/%s_image_sequences.mat", folder, sessions[k].name);
        paths[k] = path[k];
    }
    assert_ok(cx, bram_import(cx, &ds, "auto", &(bram_input){paths, SESSIONS}, NULL));
    made_check(cx, ds);
    return ds;
}

static char said[400];

static void take_note(void *user, const char *line)
{
    (void)user;
    snprintf(said, sizeof said, "%s", line);
}

/* The folds that the reference calls for: movies, of whatever category and scale. */
static void folds_leak_nothing(bram_ctx *cx, const bram_axis *stimulus)
{
    bram_stimulus_split s = {.folds = 5, .group = "movie", .stratify = ""};
    size_t made = 0;
    bram_fold *fold = NULL;
    bram_ctx_set_note(cx, take_note, NULL);
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, stimulus, &s));
    for (size_t f = 0; f < 5; f++) assert_int_equal(fold[f].tests, IMAGES / 5);
    assert_string_equal(said, "");
    bram_free(fold);
    s.group = "category"; /* natural and synthetic movies share their first and last images */
    assert_int_equal(bram_stimulus_folds(cx, &fold, &made, stimulus, &s), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "show the same image"));
    s.group = "";
    assert_ok(cx, bram_stimulus_folds(cx, &fold, &made, stimulus, &s));
    assert_non_null(strstr(said, "frames of 10 of 10 movies are in several folds"));
    bram_ctx_set_note(cx, NULL, NULL);
    const char *const *image = bram_axis_column(stimulus, "image")->text;
    for (size_t f = 0; f < 5; f++)
        for (size_t i = 0; i < fold[f].tests; i++)
            for (size_t k = 0; k < fold[f].trains; k++)
                assert_string_not_equal(image[fold[f].test[i]], image[fold[f].train[k]]);
    bram_free(fold);
}

/* The recording of a session, as numpy reads psth_population: times 0.01 s times 550 presentations
 * all counts are whole; the first unit, first movie, and the sum of all of the session. */
static void compare_recording(bram_ctx *cx, const bram_dataset *ds)
{
    static const double first[] = {32, 17, 25, 26, 24, 28, 22, 26, 53, 191, 71, 41};
    enum { ROWS = 44 * 35, SESSION = 2, SHOWN = sizeof first / sizeof *first };
    const bram_response *r = bram_dataset_response(ds, "recordings/ay3_u001/activity");
    assert_non_null(r);
    size_t units = sessions[SESSION].units;
    assert_int_equal(bram_response_length(r, 0), ROWS);
    assert_int_equal(bram_response_length(r, 1), units);
    double *values = calloc(ROWS * units, sizeof *values);
    assert_ok(cx,
              bram_response_read(cx, r, (size_t[]){0, 0}, (size_t[]){ROWS, units}, values, NULL));
    for (size_t i = 0; i < SHOWN; i++) assert_near(values[i * units], first[i], 0);
    for (size_t i = 0; i < ROWS * units; i++) assert_near(values[i], floor(values[i]), 0);
    free(values);
    const bram_axis *time = bram_response_axis(r, 0);
    const bram_column *segment = bram_axis_column(time, "segment");
    assert_int_equal(segment->integer[34], segment->integer[0]);
    assert_int_equal(segment->integer[35], segment->integer[0] + 1);
    /* bins of 10 ms from -50 ms, stamped by their ends: the first is second 0. A latency of 38 ms:
     * the bin whose middle is 35 ms is the last before the response, which lasts 20 bins */
    const bram_axis *events = bram_dataset_table(ds, "recordings/ay3_u001/events");
    const double *onset = bram_axis_column(events, "onset")->number;
    const double *offset = bram_axis_column(events, "offset")->number;
    ptrdiff_t response = bram_axis_find(events, "response");
    size_t in = 0;
    assert_string_equal(bram_axis_id(events, 0), "zoom1x-natural-movie01-chironomus");
    for (size_t i = 0; i < 35; i++) {
        double t = bram_axis_values(time)[i];
        in += onset[response] <= t && t < offset[response];
        if (i < 9) assert_true(t < onset[response]);
    }
    assert_int_equal(in, 20);
}

static void real_sessions(void **state)
{
    (void)state;
    char reference[512], folder[512];
    test_data(reference, "../reference/encoding_reference.json");
    test_data(folder, "vision/encoding/henaff2021/V1_responses");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file;
    assert_ok(cx, bram_json_read(cx, &file, reference, 0));
    const bram_json *known = bram_json_get(
        bram_json_get(bram_json_get(bram_json_get(file, "real"), "henaff2021"), "consistency"),
        sessions[0].name);
    assert_non_null(known);
    bram_dataset *ds = import_sessions(cx, folder);
    for (size_t k = 0; k < SESSIONS; k++) {
        known = bram_json_get(
            bram_json_get(bram_json_get(bram_json_get(file, "real"), "henaff2021"), "consistency"),
            sessions[k].name);
        compare(cx, ds, k, known);
        compare_table(cx, ds, k);
        assert_null(bram_attrs_text(
            bram_response_attrs_const(response_of(ds, sessions[k].name, "")), "findings"));
        const bram_response *c = response_of(ds, sessions[k].name, "_contrast");
        assert_int_equal(bram_response_length(c, 0), 4 * FRAMES);
        const bram_response *p = response_of(ds, sessions[k].name, "_psth");
        assert_int_equal(bram_response_length(p, 0), 44);
        assert_int_equal(bram_response_length(p, 3), 35);
        assert_near(bram_axis_values(bram_response_axis(p, 3))[0], -0.05, 1e-12);
    }
    compare_recording(cx, ds);
    const bram_axis *stimulus = bram_response_axis(response_of(ds, "ay4_u001", ""), 0);
    assert_string_equal(bram_axis_id(stimulus, 0), "zoom1x-natural-movie01-chironomus-01");
    /* the first frame of a synthetic movie is the natural one's: image 1; then 111 */
    ptrdiff_t synthetic = bram_axis_find(stimulus, "zoom1x-synthetic-movie01-chironomus-01");
    assert_true(synthetic > 0);
    const char *const *image = bram_axis_column(stimulus, "image")->text;
    assert_string_equal(image[synthetic], "1");
    assert_string_equal(image[synthetic + 1], "111");
    assert_string_equal(image[synthetic + 10], "11");
    folds_leak_nothing(cx, stimulus);
    const bram_axis *unit = bram_response_axis(response_of(ds, "ay4_u001", ""), 1);
    assert_string_equal(bram_axis_column(unit, "subject")->text[0], "ay4");
    assert_string_equal(bram_axis_column(unit, "session")->text[0], "u001");
    assert_string_equal(bram_axis_column(unit, "area")->text[0], "V1");
    bram_dataset_free(ds);
    bram_json_free(file);
    bram_ctx_free(cx);
}

/* A count is (frame - 1) unit + (repeat is even); the last repeat of unit 2 is missing. */
static void made_session(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_ok(cx, made_import(cx, &ds, "henaff", "good", "auto"));
    made_check(cx, ds);
    const bram_response *r = response_of(ds, "m1_u1", "");
    double value;
    uint8_t present;
    assert_int_equal(bram_response_length(r, 0), 6 * FRAMES);
    assert_int_equal(bram_response_length(r, 1), 3);
    assert_ok(
        cx, bram_response_read(cx, r, (size_t[]){13, 2, 3}, (size_t[]){1, 1, 1}, &value, &present));
    assert_near(value, 2 * 3 + 1, 0);
    assert_ok(
        cx, bram_response_read(cx, r, (size_t[]){13, 1, 3}, (size_t[]){1, 1, 1}, &value, &present));
    assert_int_equal(present, 0);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 2), "m1_u1-9");
    /* odd and even repeats are a line of each other */
    const bram_axis *unit = bram_response_axis(r, 1);
    assert_near(bram_axis_column(unit, "reliability")->number[0], 1, 1e-12);
    /* frames 0 .. 10, six times, four trials each: variance of trials about frames 10, of repeats
     * 1/4 in all (264 trials) and 1/3 within a stimulus */
    assert_near(bram_axis_column(unit, "ncsnr")->number[0],
                sqrt((264 * 10.25 / 263 - 1 / 3.0) / (1 / 3.0)), 1e-12);
    const bram_response *c = response_of(ds, "m1_u1", "_contrast");
    assert_int_equal(bram_response_length(c, 0), 2 * FRAMES);
    const bram_axis *stimulus = bram_response_axis(c, 0);
    assert_string_equal(bram_axis_column(stimulus, "image")->text[10], "11"); /* natural's last */
    const bram_response *p = response_of(ds, "m1_u1", "_psth");
    assert_ok(cx, bram_response_read(cx, p, (size_t[]){7, 1, 0, 2}, (size_t[]){1, 1, 1, 1}, &value,
                                     &present));
    assert_near(value, 1 + 3 * 2, 0); /* unit + units bin */
    bram_dataset_free(ds);
    assert_ok(cx, made_import(cx, &ds, "henaff", "good", "henaff2021:cluster_group=2"));
    r = response_of(ds, "m1_u1", "");
    assert_int_equal(bram_response_length(r, 1), 1);
    assert_string_equal(bram_axis_id(bram_response_axis(r, 1), 0), "m1_u1-7");
    bram_dataset_free(ds);
    assert_int_equal(made_import(cx, &ds, "henaff", "good", "henaff2021:cluster_group=3"),
                     BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "cluster_group=3 leaves none of 3 units"));
    bram_ctx_free(cx);
}

static void refusals(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"titles", "movie_titles"},
                                           {"frames", "stimulus_id"},
                                           {"image", "image 0.5, expected a whole number"},
                                           {"shape", "has another shape"},
                                           {"edges", "do not ascend"},
                                           {"units", "cluster_list"},
                                           {"name", "expected a word of letters"},
                                           {"latency", "response_latency is nan"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        made_refused("henaff", "henaff2021", cases[i][0], cases[i][1]);
}

static void known_by_its_content(void **state)
{
    (void)state;
    made_known_by("henaff", "henaff2021", "naturalStruct");
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds;
    assert_int_equal(made_import(cx, &ds, "henaff", "no-stimuli", "henaff2021"), BRAM_EABSENT);
    assert_non_null(strstr(bram_ctx_message(cx), "stimulusStruct"));
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    made_survives("henaff", "henaff2021");
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_sessions), cmocka_unit_test(made_session), cmocka_unit_test(refusals),
        cmocka_unit_test(known_by_its_content), cmocka_unit_test(every_failing_allocation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
