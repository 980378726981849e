/* Tests of benchmarks/splits.c. */
#include "splits.h"

#include "test.h"

enum { ROWS = 400, UNITS = 4 };

static void add_recording(bram_ctx *cx, bram_dataset *ds, const char *id, uint64_t seed,
                          double scale)
{
    char group[64];
    double time[ROWS], level[UNITS] = {0};
    bram_axis *axis[2] = {NULL, NULL};
    bram_response *raw = NULL;
    snprintf(group, sizeof group, "recordings/%s", id);
    for (size_t t = 0; t < ROWS; t++) time[t] = 0.5 * (double)t;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "raw_time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, axis[0], time, "s"));
    assert_ok(cx, bram_axis_new(cx, &axis[1], "neuron", UNITS));
    assert_ok(cx, bram_response_new(cx, &raw, "raw", BRAM_F64, 2,
                                    (const bram_axis *const[]){axis[0], axis[1]}));
    for (size_t i = 0; i < (size_t)ROWS * UNITS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        level[i % UNITS] = 0.9 * level[i % UNITS] + (double)(seed >> 40) / (1 << 24) - 0.5;
        bram_response_f64(raw)[i] = scale * level[i % UNITS];
    }
    assert_ok(cx, bram_dataset_add(cx, ds, group, raw));
    bram_axis_free(axis[0]);
    bram_axis_free(axis[1]);
}

/* Two datasets: x with 5 recordings of which e is a copy of a, y with 2. */
struct data {
    bram_ctx *cx;
    bram_dataset *x, *y;
    bram_copy_source source[7];
};

static struct data make_data(void)
{
    struct data d = {.cx = bram_ctx_new()};
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g"};
    assert_ok(d.cx, bram_dataset_new(d.cx, &d.x));
    assert_ok(d.cx, bram_dataset_new(d.cx, &d.y));
    assert_ok(d.cx, bram_attrs_set_text(d.cx, bram_dataset_attrs(d.cx, d.x, ""), "dataset", "x"));
    assert_ok(d.cx, bram_attrs_set_text(d.cx, bram_dataset_attrs(d.cx, d.y, ""), "dataset", "y"));
    for (size_t i = 0; i < 7; i++) {
        bram_dataset *ds = i < 5 ? d.x : d.y;
        add_recording(d.cx, ds, ids[i], i == 4 ? 1 : i + 1, i == 4 ? -3 : 1);
        d.source[i] = (bram_copy_source){ds, ids[i]};
    }
    return d;
}

static void drop(struct data *d)
{
    bram_dataset_free(d->x);
    bram_dataset_free(d->y);
    bram_ctx_free(d->cx);
}

static void worms_are_dealt_out_and_copies_stay_together(void **state)
{
    (void)state;
    struct data d = make_data();
    bram_splits s, again, other;
    size_t of_fold[3] = {0};
    bool moved = false;
    const bram_splits_want want = {"worm", 1, 3, 0}, seed = {"worm", 2, 3, 0},
                           many = {"worm", 1, 7, 0};
    assert_ok(d.cx, bram_splits_make(d.cx, &s, d.source, 7, &want));
    assert_ok(d.cx, bram_splits_make(d.cx, &again, d.source, 7, &want));
    assert_ok(d.cx, bram_splits_make(d.cx, &other, d.source, 7, &seed));
    assert_int_equal(s.count, 7);
    assert_int_equal(bram_splits_find(&s, "e")->group, 0);
    assert_int_equal(bram_splits_find(&s, "e")->fold, bram_splits_find(&s, "a")->fold);
    for (size_t i = 0; i < 7; i++) {
        assert_in_range(s.entry[i].fold, 0, 2);
        assert_int_equal(s.entry[i].fold, again.entry[i].fold);
        moved |= s.entry[i].fold != other.entry[i].fold;
        of_fold[s.entry[i].fold] += s.entry[i].group == i;
    }
    for (size_t k = 0; k < 3; k++) assert_int_equal(of_fold[k], 2); /* 6 groups */
    assert_true(moved);
    bram_splits_release(&again);
    assert_int_equal(bram_splits_make(d.cx, &again, d.source, 7, &many), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(d.cx), "6 recordings that are no copies"));
    bram_splits_release(&s);
    bram_splits_release(&other);
    drop(&d);
}

static void a_source_is_a_fold(void **state)
{
    (void)state;
    struct data d = make_data();
    bram_splits s;
    const bram_splits_want want = {"source", 1, 99, 0}, bad = {"moon", 1, 2, 0},
                           one = {"time", 1, 1, 0};
    assert_ok(d.cx, bram_splits_make(d.cx, &s, d.source, 7, &want));
    assert_int_equal(s.folds, 2);
    for (size_t i = 0; i < 7; i++) assert_int_equal(s.entry[i].fold, i >= 5);
    bram_splits_release(&s);
    assert_int_equal(bram_splits_make(d.cx, &s, d.source, 5, &want), BRAM_EUSAGE);
    assert_int_equal(bram_splits_make(d.cx, &s, d.source, 5, &bad), BRAM_EUSAGE);
    assert_int_equal(bram_splits_make(d.cx, &s, d.source, 5, &one), BRAM_EUSAGE);
    drop(&d);
}

static void what_is_written_is_read_and_held_against_the_data(void **state)
{
    (void)state;
    struct data d = make_data();
    char path[300], spec[400];
    bram_splits s, back, fresh;
    const bram_splits_want want = {"worm", 1, 3, 2.5}, seed = {"worm", 9, 3, 2.5};
    test_temporary(path, "splits.json");
    assert_ok(d.cx, bram_splits_make(d.cx, &s, d.source, 7, &want));
    assert_ok(d.cx, bram_splits_write(d.cx, &s, path, true));
    assert_int_equal(bram_splits_write(d.cx, &s, path, false), BRAM_EWRITE);
    assert_ok(d.cx, bram_splits_read(d.cx, &back, path));
    assert_ok(d.cx, bram_splits_match(d.cx, &back, &s, path));
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(back.entry[i].id, s.entry[i].id);
        assert_int_equal(back.entry[i].fold, s.entry[i].fold);
        assert_int_equal(back.entry[i].rows, ROWS);
        assert_near(back.entry[i].to, 0.5 * (ROWS - 1), 0);
    }
    assert_ok(d.cx, bram_splits_hold(d.cx, &back, d.x, "a"));
    assert_int_equal(bram_splits_hold(d.cx, &back, d.x, "nobody"), BRAM_EFORMAT);

    assert_ok(d.cx, bram_splits_make(d.cx, &fresh, d.source, 7, &seed)); /* other settings */
    assert_int_equal(bram_splits_match(d.cx, &back, &fresh, path), BRAM_EFORMAT);
    bram_splits_release(&fresh);
    assert_ok(d.cx, bram_splits_make(d.cx, &fresh, d.source, 6, &want)); /* one is gone */
    assert_int_equal(bram_splits_match(d.cx, &back, &fresh, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(d.cx), "g is not in the data"));
    assert_int_equal(bram_splits_match(d.cx, &fresh, &back, path), BRAM_EFORMAT); /* one is new */
    bram_splits_release(&fresh);
    bram_response_f64(bram_dataset_response(d.x, "recordings/b/raw"))[7] += 1e-9; /* one value */
    assert_ok(d.cx, bram_splits_make(d.cx, &fresh, d.source, 7, &want));
    assert_int_equal(bram_splits_match(d.cx, &back, &fresh, path), BRAM_EFORMAT);
    assert_non_null(strstr(bram_ctx_message(d.cx), "recording b has other values"));
    assert_int_equal(bram_splits_hold(d.cx, &back, d.x, "b"), BRAM_EFORMAT);
    bram_splits_release(&fresh);
    bram_splits_release(&back);

    snprintf(spec, sizeof spec, "%s@%s", path, "0123456789");
    assert_int_equal(bram_splits_open(d.cx, &back, spec), BRAM_EFORMAT); /* another file */
    assert_int_equal(bram_splits_open(d.cx, &back, path), BRAM_EUSAGE);
    bram_splits_release(&s);
    unlink(path);
    drop(&d);
}

static void refuse(const char *text, const char *words)
{
    char path[300];
    bram_splits s;
    bram_ctx *cx = bram_ctx_new();
    test_temporary(path, "bad.json");
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    assert_int_equal(bram_splits_read(cx, &s, path), BRAM_EFORMAT);
    if (!strstr(bram_ctx_message(cx), words)) fail_msg("%s", bram_ctx_message(cx));
    unlink(path);
    bram_ctx_free(cx);
}

#define HEAD "{\"bramble_splits\": 1, \"scheme\": \"worm\", \"seed\": 1, \"folds\": 2, \"gap\": 0, "
#define SUM  "\"0000000000000000000000000000000000000000000000000000000000000000\""

static void nonsense_is_refused(void **state)
{
    (void)state;
    refuse("[]", "bramble_splits");
    refuse("{\"bramble_splits\": 2}", "bramble_splits");
    refuse("{\"bramble_splits\": 1, \"scheme\": \"x\"}", "scheme");
    refuse(HEAD "\"recordings\": []}", "0 recordings");
    refuse(HEAD "\"recordings\": [{\"id\": \"a\"}]}", "lacks dataset");
    refuse(HEAD "\"recordings\": [{\"id\": \"a\", \"dataset\": \"x\", \"sha256\": " SUM
                ", \"from\": 0, \"to\": 1, \"rows\": 3, \"group\": 0, \"fold\": 2}]}",
           "fold: expected a whole number from 0 to 1");
    refuse(HEAD "\"recordings\": [{\"id\": \"a\", \"dataset\": \"x\", \"sha256\": " SUM
                ", \"from\": 5, \"to\": 1, \"rows\": 3, \"group\": 0, \"fold\": 1}]}",
           "no stretch of time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worms_are_dealt_out_and_copies_stay_together),
        cmocka_unit_test(a_source_is_a_fold),
        cmocka_unit_test(what_is_written_is_read_and_held_against_the_data),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
