/* Tests of the forecast task: splits, gaps, horizons and floors on series whose errors are known.
 */
#include <bramble/benchmark.h>

#include "hash.h"
#include "simulate.h"
#include "splits.h"
#include "test.h"

#include <bramble/rng.h>

enum { ROWS = 50 };

/* One animal: unit "A" is t, unit "#2" is -2 t and has no label. */
static void add_animal(bram_ctx *cx, bram_dataset *ds, const char *group, double slope)
{
    bram_axis *time = NULL, *unit = NULL;
    bram_response *r = NULL;
    double seconds[ROWS];
    for (size_t t = 0; t < ROWS; t++) seconds[t] = (double)t;
    assert_ok(cx, bram_axis_new(cx, &time, "time", ROWS));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 3));
    assert_ok(cx, bram_axis_set_ids(cx, unit, (const char *[]){"A", "#2", "B"}));
    assert_ok(cx, bram_axis_add_text(cx, unit, "certainty",
                                     (const char *[]){"exact", "unlabeled", "exact"}));
    assert_ok(
        cx, bram_response_new(cx, &r, "activity", BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    for (size_t t = 0; t < ROWS; t++) {
        bram_response_f64(r)[3 * t] = slope * (double)t;
        bram_response_f64(r)[3 * t + 1] = -2 * (double)t;
        bram_response_f64(r)[3 * t + 2] = t % 2 ? 1 : -1;
    }
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "filter", "none"));
    assert_ok(cx, bram_dataset_add(cx, ds, group, r));
    bram_axis_free(time);
    bram_axis_free(unit);
}

struct fixture {
    bram_ctx *cx;
    bram_dataset *ds, *result;
    bram_benchmark benchmark;
    bram_cell cell;
};

static char *metrics[] = {(char[]){"mse"}, (char[]){"skill:over=pooled"}};

static void start(struct fixture *f, const char *options)
{
    memset(f, 0, sizeof *f);
    f->cx = bram_ctx_new();
    assert_ok(f->cx, bram_dataset_new(f->cx, &f->ds));
    add_animal(f->cx, f->ds, "recordings/w1", 1);
    f->benchmark = (bram_benchmark){.name = (char[]){"ramp"},
                                    .title = (char[]){"Ramp"},
                                    .task = (char[]){"forecast"},
                                    .dataset = (char[]){"ramp"},
                                    .citation = (char[]){""},
                                    .version = 1,
                                    .metrics = metrics,
                                    .metric_count = 2};
    const bram_task *task = bram_task_find("forecast");
    assert_ok(f->cx, bram_options_new(f->cx, &f->benchmark.options, task->params, options));
    f->cell = (bram_cell){&f->benchmark, f->ds, "w1", "copy", 0};
}

static void stop(struct fixture *f)
{
    bram_options_free(f->benchmark.options);
    bram_dataset_free(f->result);
    bram_dataset_free(f->ds);
    bram_ctx_free(f->cx);
}

static int run(struct fixture *f)
{
    bram_dataset_free(f->result);
    f->result = NULL;
    assert_ok(f->cx, bram_dataset_new(f->cx, &f->result));
    return bram_task_find("forecast")->run(f->cx, f->result, &f->cell);
}

/* A column of the score of this id. */
static double score(const struct fixture *f, const char *id, const char *column)
{
    const bram_axis *table = bram_response_axis(bram_dataset_response(f->result, "raw"), 0);
    ptrdiff_t at = bram_axis_find(table, id);
    if (at < 0) fail_msg("no score %s", id);
    return bram_axis_column(table, column)->number[at];
}

/* Errors of the last value on ramps of slope 1 and -2 and on a series that jumps by 2. */
static void copy_errs_by_the_slope_times_the_horizon(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "horizons=1+4,gap=0");
    assert_ok(f.cx, run(&f));
    assert_near(score(&f, "mse@step", "value"), (1 + 4 + 4) / 3.0, 1e-12);
    assert_near(score(&f, "mse@h1", "value"), (1 + 4 + 4) / 3.0, 1e-12);
    assert_near(score(&f, "mse@h4", "value"), (16 + 64 + 0) / 3.0, 1e-12);
    assert_near(score(&f, "skill:over=pooled@h4", "value"), 0, 1e-12);
    assert_near(score(&f, "mse@step/labelled", "value"), (1 + 4) / 2.0, 1e-12);
    stop(&f);
}

/* A file of splits of the animal, as an option. */
static void write_splits(struct fixture *f, char *option, size_t bytes, const char *scheme,
                         size_t folds, double gap)
{
    char path[300], sum[65];
    bram_splits s;
    const bram_splits_want want = {scheme, 1, folds, gap};
    test_temporary(path, "time.json");
    const bram_copy_source source[] = {{f->ds, "w1"}, {f->ds, "w2"}};
    bool two = strcmp(scheme, "time") != 0;
    if (two) add_animal(f->cx, f->ds, "recordings/w2", 3);
    assert_ok(f->cx, bram_splits_make(f->cx, &s, source, two ? 2 : 1, &want));
    assert_ok(f->cx, bram_splits_write(f->cx, &s, path, true));
    assert_ok(f->cx, bram_sha256_file(f->cx, sum, path));
    bram_splits_release(&s);
    snprintf(option, bytes, "%s@%.12s", path, sum);
}

/* The error of the training mean on rows first .. end - 1 of t, -2 t and a series that jumps. */
static double error_of_mean(double mean, double jumps, int first, int end)
{
    double sum = 0;
    for (int t = first; t < end; t++) {
        double e = t - mean, j = (t % 2 ? 1 : -1) - jumps;
        sum += e * e + 4 * e * e + j * j;
    }
    return sum / 3 / (end - first);
}

/*
 * 50 rows a second apart, from 0 to 49, in 5 stretches of 9.8 s with 3 s of guard on both sides.
 * Fold 2 scores [19.6, 29.4): rows 20 to 29. Rows 0 to 16 and 33 to 49 are learned from, the last
 * quarter of these 34 (42 to 49) for validation; so the mean of t is (136 + 333) / 26, and of the
 * jumps nothing. Fold 4 scores rows 40 to 49; of rows 0 to 36 the first 28 are left.
 */
static void a_file_of_splits_by_time_is_obeyed(void **state)
{
    (void)state;
    struct fixture f;
    char option[400];
    static const struct {
        const char *fold;
        double mean, jumps;
        int first, end;
    } folds[] = {{"2", 469 / 26., 0, 20, 30}, {"4", 13.5, 0, 40, 50}, {"-1", 13.5, 0, 40, 50}};
    start(&f, "horizons=2,gap=0");
    f.cell.model = "mean";
    write_splits(&f, option, sizeof option, "time", 5, 3);
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "splits", option));
    for (size_t k = 0; k < 3; k++) {
        assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "fold", folds[k].fold));
        assert_ok(f.cx, run(&f));
        assert_near(score(&f, "mse@step", "value"),
                    error_of_mean(folds[k].mean, folds[k].jumps, folds[k].first, folds[k].end),
                    1e-9);
    }
    /* a gap of 4 rows is more than the 3 s: rows 0 to 15 and 34 to 49, without 8 + 4 rows */
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "fold", "2"));
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "gap", "4"));
    assert_ok(f.cx, run(&f));
    assert_near(score(&f, "mse@step", "value"), error_of_mean((120 + 142) / 20., 0, 20, 30), 1e-9);
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "fold", "5"));
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
    bram_response_f64(bram_dataset_response(f.ds, "recordings/w1/activity"))[3] = 7;
    assert_int_equal(run(&f), BRAM_EFORMAT); /* other values than when the splits were made */
    stop(&f);
    unlink(strtok(option, "@"));

    start(&f, "horizons=2,gap=0");
    write_splits(&f, option, sizeof option, "worm", 2, 0);
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "splits", option));
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(f.cx), "variant=within needs them by time"));
    stop(&f);
    unlink(strtok(option, "@"));
}

/* Train is rows 0..29 (mean 14.5), the test part rows 40 + gap .. 49. */
static void the_gap_takes_targets_not_context(void **state)
{
    (void)state;
    for (int gap = 0; gap <= 5; gap += 5) {
        struct fixture f;
        char options[64];
        snprintf(options, sizeof options, "horizons=2,gap=%d", gap);
        start(&f, options);
        f.cell.model = "mean";
        assert_ok(f.cx, run(&f));
        double ramp = 0, rows = 0;
        for (int t = 40 + gap; t < 50; t++, rows++) ramp += (t - 14.5) * (t - 14.5);
        ramp /= rows;
        assert_near(score(&f, "mse@step", "value"), (ramp + 4 * ramp + 1) / 3, 1e-9);
        assert_near(score(&f, "mse@step", "floor_copy"), 3, 1e-12); /* the row before is known */
        stop(&f);
    }
}

static void free_runs_start_at_the_stride_and_end_in_the_test_part(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "horizons=1+3,stride=4,offset=1,average=yes");
    f.cell.model = "mean";
    assert_ok(f.cx, run(&f));
    /* starts 41 and 45; a start at 49 would need rows 49 .. 51 */
    double h3 = (pow(43 - 14.5, 2) + pow(47 - 14.5, 2)) / 2;
    assert_near(score(&f, "mse@h3", "value"), (h3 + 4 * h3 + 1) / 3, 1e-9);
    double all = 0;
    for (int s = 41; s <= 45; s += 4)
        for (int t = s; t < s + 3; t++) all += pow(t - 14.5, 2) / 6;
    assert_near(score(&f, "mse@h1-3", "value"), (all + 4 * all + 1) / 3, 1e-9);
    stop(&f);
}

static void a_linear_model_learns_the_ramp(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "horizons=4");
    f.cell.model = "ar:lags=2,ridge=1e-6";
    assert_ok(f.cx, run(&f));
    assert_true(score(&f, "skill:over=pooled@h4", "value") > 0.99);
    stop(&f);
}

static void across_animals_only_shared_labels_take_part(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "variant=across,horizons=1,calibration=0.2");
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE); /* there is one animal */
    add_animal(f.cx, f.ds, "recordings/w2", 3);
    assert_ok(f.cx, run(&f));
    const bram_axis *unit = bram_response_axis(bram_dataset_response(f.result, "raw"), 1);
    assert_int_equal(bram_axis_length(unit), 2);
    assert_int_equal(bram_axis_find(unit, "#2"), -1);
    /* the ramp is on the scale of its first 11 rows: deviation sqrt(10); the jumps on theirs */
    double jumps = 4 / (120.0 / 121);
    assert_near(score(&f, "mse@step", "value"), (1 / 10.0 + jumps) / 2, 1e-9);
    stop(&f);
}

/* The values of an animal replaced by noise that lasts a few rows; `scale` may be negative. */
static void make_noise(bram_dataset *ds, const char *path, uint64_t seed, double scale)
{
    double *y = bram_response_f64(bram_dataset_response(ds, path)), level[3] = {0};
    for (size_t i = 0; i < (size_t)3 * ROWS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        level[i % 3] = 0.5 * level[i % 3] + (double)(seed >> 40) / (1 << 24) - 0.5;
        y[i] = scale * level[i % 3] + (double)(i % 3);
    }
}

static void a_copy_of_the_animal_that_is_scored_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "variant=across,horizons=1,calibration=0.2");
    add_animal(f.cx, f.ds, "recordings/w2", 1);
    make_noise(f.ds, "recordings/w1/activity", 1, 1);
    make_noise(f.ds, "recordings/w2/activity", 1, -5);
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(f.cx), "w1, which is scored, is a copy of w2"));
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "copies", "allow"));
    assert_ok(f.cx, run(&f));
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "copies", "refuse"));
    make_noise(f.ds, "recordings/w2/activity", 2, 1);
    assert_ok(f.cx, run(&f));
    stop(&f);
}

static void a_filter_that_looks_ahead_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "horizons=1");
    bram_response *r = bram_dataset_response(f.ds, "recordings/w1/activity");
    assert_ok(f.cx, bram_attrs_set_text(f.cx, bram_response_attrs(r), "filter", "non-causal"));
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(f.cx), "future"));
    assert_ok(f.cx, bram_options_set(f.cx, f.benchmark.options, "filter", "any"));
    assert_ok(f.cx, run(&f));
    stop(&f);
}

static void too_short_a_recording_is_said(void **state)
{
    (void)state;
    struct fixture f;
    start(&f, "gap=12");
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(f.cx), "50 rows"));
    stop(&f);
}

/* ---- inputs --------------------------------------------------------------------------------- */

enum { DRIVEN = 600 };

/*
 * Activity that behaviour drives: y_t = y_{t-1} / 2 + b_{t-delay} + noise of deviation 0.1, b white
 * with variance 1, so the variance of y is 1.01 / 0.75, and so is the error of the last value. What
 * b is worth is then 1 / (1.01 / 0.75) = 0.743 of the error of the copy, and a model that knows it
 * has a skill of 1 - 0.01 * 0.743.
 */
static void add_driven(bram_ctx *cx, bram_dataset *ds, const char *group, size_t delay)
{
    bram_axis *time = NULL, *unit = NULL, *variable = NULL;
    bram_response *y = NULL, *b = NULL;
    double seconds[DRIVEN];
    bram_rng g = bram_rng_new(3, "test/driven");
    for (size_t t = 0; t < DRIVEN; t++) seconds[t] = (double)t;
    assert_ok(cx, bram_axis_new(cx, &time, "time", DRIVEN));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 1));
    assert_ok(cx, bram_axis_set_ids(cx, unit, (const char *[]){"A"}));
    assert_ok(cx, bram_axis_new(cx, &variable, "variable", 1));
    assert_ok(cx, bram_axis_set_ids(cx, variable, (const char *[]){"speed"}));
    assert_ok(
        cx, bram_response_new(cx, &y, "activity", BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    assert_ok(cx, bram_response_new(cx, &b, "behaviour", BRAM_F64, 2,
                                    (const bram_axis *[]){time, variable}));
    double *value = bram_response_f64(y), *speed = bram_response_f64(b);
    for (size_t t = 0; t < DRIVEN; t++) {
        speed[t] = 20 + bram_rng_normal(&g);
        value[t] = 0.1 * bram_rng_normal(&g) + (t ? value[t - 1] / 2 : 0) +
                   (t >= delay ? speed[t - delay] - 20 : 0);
    }
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(y), "filter", "none"));
    assert_ok(cx, bram_dataset_add(cx, ds, group, y));
    assert_ok(cx, bram_dataset_add(cx, ds, group, b));
    bram_axis_free(time);
    bram_axis_free(unit);
    bram_axis_free(variable);
}

static void start_driven(struct fixture *f, size_t delay, const char *model)
{
    start(f, "horizons=1+2+4,gap=0,inputs=behaviour");
    add_driven(f->cx, f->ds, "recordings/w2", delay);
    f->cell.part = "w2";
    f->cell.model = model;
}

/*
 * Models that take inputs, and how near they come to these figures on 120 test rows. One map of
 * differences for all (nlinear) cannot tell the level that y_{t-1} / 2 returns to, windows of 360
 * rows (analog) and a trained network are coarse.
 */
static const struct {
    const char *model;
    double gain, skill; /* largest distance */
} takers[] = {
    {"ar:lags=3", 0.1, 0.005},
    {"var:lags=3,ridge=1", 0.1, 0.005},
    {"rnn:hidden=6,window=16,batch=16,steps=300,check=50,rate=0.02", 0.1, 0.06},
    {"esn:size=30,washout=20", 0.1, 0.02},
    {"ngrc:pcs=1,delays=1", 0.1, 0.005},
    {"nlinear", 0.15, 0.15},
    {"analog", 0.15, 0.15},
    {"lds:states=1+2", 0.1, 0.02},
    {"pca-ar:components=1,lags=1", 0.1, 0.005},
};
enum { TAKERS = sizeof takers / sizeof *takers };

/* As assert_near, naming the model. */
static void near(const char *what, const char *model, double found, double expected, double most)
{
    if (!(fabs(found - expected) <= most))
        fail_msg("%s: %s is %g, expected %g within %g", model, what, found, expected, most);
}

static void behaviour_is_worth_what_it_does(void **state)
{
    (void)state;
    struct fixture f;
    for (size_t k = 0; k < TAKERS; k++) {
        start_driven(&f, 1, takers[k].model);
        assert_ok(f.cx, run(&f));
        double skill = score(&f, "skill:over=pooled@step", "value");
        double gain = score(&f, "gain@step", "value");
        near("gain", takers[k].model, gain, 0.743, takers[k].gain);
        near("skill", takers[k].model, skill, 0.993, takers[k].skill);
        assert_near(skill - score(&f, "skill:over=pooled@step/blind", "value"), gain, 1e-12);
        assert_true(score(&f, "gain@step", "low") > 0.4);
        /* two rows ahead what drives the second row is not known yet */
        if (!(score(&f, "gain@h4", "value") < 0.15))
            fail_msg("%s: gain %g at h4", takers[k].model, score(&f, "gain@h4", "value"));
        stop(&f);
    }
}

/* Behaviour of the same row or later is not seen: it would be worth as much. */
static void behaviour_of_the_row_itself_is_not_seen(void **state)
{
    (void)state;
    struct fixture f;
    for (size_t k = 0; k < TAKERS; k++) {
        start_driven(&f, 0, takers[k].model);
        assert_ok(f.cx, run(&f));
        near("gain", takers[k].model, score(&f, "gain@step", "value"), 0, 0.1);
        stop(&f);
    }
}

/* What was known three rows before is known to a free run of three steps, and not to one of four.
 */
static void free_runs_know_inputs_up_to_their_start(void **state)
{
    (void)state;
    struct fixture f;
    start_driven(&f, 2, takers[1].model);
    assert_ok(f.cx, run(&f));
    assert_true(score(&f, "gain@h2", "value") > 0.4);
    assert_near(score(&f, "gain@h4", "value"), 0.4 / 4, 0.15);
    stop(&f);
}

static void models_without_inputs_have_plain_scores(void **state)
{
    (void)state;
    struct fixture f;
    start_driven(&f, 1, "window");
    assert_ok(f.cx, run(&f));
    const bram_axis *table = bram_response_axis(bram_dataset_response(f.result, "raw"), 0);
    assert_true(bram_axis_find(table, "skill:over=pooled@step") >= 0);
    assert_true(bram_axis_find(table, "gain@step") < 0);
    f.cell.part = "w1";
    assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE); /* no behaviour was recorded */
    stop(&f);
}

/* ---- inputs across animals ------------------------------------------------------------------ */

/*
 * An animal with two neurons that its speed drives, each as above but on a scale of its own; a
 * second variable, 100 times as large, does nothing. `order`: "st", "ts" or "t": the variables in
 * this order; "": there is no behaviour.
 */
static void add_driven_animal(struct fixture *f, const char *group, const char *order,
                              uint64_t seed)
{
    bram_ctx *cx = f->cx;
    size_t variables = strlen(order);
    bram_axis *time = NULL, *unit = NULL, *variable = NULL;
    bram_response *y = NULL, *b = NULL;
    double seconds[DRIVEN], speed[DRIVEN];
    const char *names[2];
    bram_rng g = bram_rng_at(seed, "test/driven", 0);
    for (size_t t = 0; t < DRIVEN; t++) seconds[t] = (double)t, speed[t] = bram_rng_normal(&g);
    for (size_t k = 0; k < variables; k++) names[k] = order[k] == 's' ? "speed" : "turn";
    assert_ok(cx, bram_axis_new(cx, &time, "time", DRIVEN));
    assert_ok(cx, bram_axis_set_values(cx, time, seconds, "s"));
    assert_ok(cx, bram_axis_new(cx, &unit, "neuron", 2));
    assert_ok(cx, bram_axis_set_ids(cx, unit, (const char *[]){"A", "B"}));
    assert_ok(cx, bram_axis_add_text(cx, unit, "certainty", (const char *[]){"exact", "exact"}));
    assert_ok(
        cx, bram_response_new(cx, &y, "activity", BRAM_F64, 2, (const bram_axis *[]){time, unit}));
    double *value = bram_response_f64(y);
    for (size_t t = 0; t < DRIVEN; t++)
        for (size_t j = 0; j < 2; j++)
            value[2 * t + j] = t ? value[2 * t - 2 + j] / 2 +
                                       (double)seed * (speed[t - 1] + 0.1 * bram_rng_normal(&g))
                                 : 0;
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(y), "filter", "none"));
    assert_ok(cx, bram_dataset_add(cx, f->ds, group, y));
    if (variables) {
        assert_ok(cx, bram_axis_new(cx, &variable, "variable", variables));
        assert_ok(cx, bram_axis_set_ids(cx, variable, names));
        assert_ok(cx, bram_response_new(cx, &b, "behaviour", BRAM_F64, 2,
                                        (const bram_axis *[]){time, variable}));
        for (size_t i = 0; i < DRIVEN * variables; i++)
            bram_response_f64(b)[i] = order[i % variables] == 's' ? 20 + speed[i / variables]
                                                                  : 100 * bram_rng_normal(&g);
        assert_ok(cx, bram_dataset_add(cx, f->ds, group, b));
    }
    bram_axis_free(time);
    bram_axis_free(unit);
    bram_axis_free(variable);
}

/* Three animals with these variables; the first one is scored. */
static void start_animals(struct fixture *f, const char *options, const char *const order[3])
{
    static const char *const group[] = {"recordings/a", "recordings/b", "recordings/c"};
    start(f, options);
    bram_dataset_free(f->ds);
    assert_ok(f->cx, bram_dataset_new(f->cx, &f->ds));
    for (size_t i = 0; i < 3; i++) add_driven_animal(f, group[i], order[i], i + 1);
    f->cell.dataset = f->ds;
    f->cell.part = "a";
    f->cell.model = "var:lags=1,ridge=1";
}

#define ACROSS "variant=across,horizons=1+4,stride=4,samples=50,inputs=behaviour"

/* Variables are matched by name, whatever their order; an animal without them is learned from, and
 * so is one that lacks some. */
static void behaviour_is_matched_by_name_across_animals(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const orders[][3] = {
        {"st", "st", "st"}, {"st", "ts", "ts"}, {"st", "ts", "t"}, {"st", "", "ts"}};
    for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
        start_animals(&f, ACROSS, orders[k]);
        for (size_t m = 0; m < TAKERS; m++) {
            if (k != 1 && m != 1) continue; /* all models once, var always */
            f.cell.model = takers[m].model;
            assert_ok(f.cx, run(&f));
            near("gain", takers[m].model, score(&f, "gain@step", "value"), 0.743, takers[m].gain);
        }
        stop(&f);
    }
}

/*
 * The made dataset simulated-driven: an animal of 11 neurons, each second one driven by the speed
 * or by taps, is worth 0.72 of the error of the copy to a driven neuron and nothing to another; the
 * last animal's taps are not known. 320 rows: a standard error of about 0.06.
 */
static void made_behaviour_is_worth_what_was_put_in(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const parts[] = {"animal02", "animal04"};
    start(&f, "variant=across,horizons=1,samples=0,inputs=behaviour");
    bram_dataset_free(f.ds);
    assert_ok(f.cx, bram_simulate(f.cx, &f.ds, "simulated-driven", 1));
    f.cell.dataset = f.ds;
    f.cell.model = "ar:lags=1";
    for (size_t p = 0; p < 2; p++) {
        f.cell.part = parts[p];
        assert_ok(f.cx, run(&f));
        bram_response *raw = bram_dataset_response(f.result, "raw");
        const bram_axis *unit = bram_response_axis(raw, 1);
        ptrdiff_t row = bram_axis_find(bram_response_axis(raw, 0), "gain@step");
        assert_int_equal(bram_axis_length(unit), 11);
        for (size_t j = 0; j < 11; j++) {
            size_t kind = (size_t)(atoi(bram_axis_id(unit, j) + 1) - 1) % 4;
            bool driven = kind == 0 || (kind == 1 && p == 0);
            near("gain", bram_axis_id(unit, j), bram_response_f64(raw)[(size_t)row * 11 + j],
                 driven ? 0.72 : 0, driven ? 0.18 : 0.05);
        }
    }
    stop(&f);
}

static void variables_may_be_chosen_across_animals(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const order[] = {"st", "ts", "ts"};
    start_animals(&f, ACROSS ",variables=turn", order);
    assert_ok(f.cx, run(&f));
    assert_near(score(&f, "gain@step", "value"), 0, 0.05);
    stop(&f);
    start_animals(&f, ACROSS ",variables=speed", order);
    assert_ok(f.cx, run(&f));
    assert_near(score(&f, "gain@step", "value"), 0.743, 0.1);
    stop(&f);
}

static void behaviour_that_is_nowhere_else_is_not_applicable(void **state)
{
    (void)state;
    struct fixture f;
    static const char *const absent[][3] = {{"", "st", "st"}, {"t", "", ""}};
    static const char *const found[] = {"behaviour", "none of the 1 input variables of a"};
    for (size_t k = 0; k < 2; k++) {
        start_animals(&f, ACROSS, absent[k]);
        assert_int_equal(run(&f), BRAM_ENOTAPPLICABLE);
        assert_non_null(strstr(bram_ctx_message(f.cx), found[k]));
        stop(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_splits_by_time_is_obeyed),
        cmocka_unit_test(copy_errs_by_the_slope_times_the_horizon),
        cmocka_unit_test(the_gap_takes_targets_not_context),
        cmocka_unit_test(free_runs_start_at_the_stride_and_end_in_the_test_part),
        cmocka_unit_test(a_linear_model_learns_the_ramp),
        cmocka_unit_test(across_animals_only_shared_labels_take_part),
        cmocka_unit_test(a_copy_of_the_animal_that_is_scored_is_refused),
        cmocka_unit_test(a_filter_that_looks_ahead_is_refused),
        cmocka_unit_test(too_short_a_recording_is_said),
        cmocka_unit_test(behaviour_is_worth_what_it_does),
        cmocka_unit_test(behaviour_of_the_row_itself_is_not_seen),
        cmocka_unit_test(free_runs_know_inputs_up_to_their_start),
        cmocka_unit_test(models_without_inputs_have_plain_scores),
        cmocka_unit_test(behaviour_is_matched_by_name_across_animals),
        cmocka_unit_test(made_behaviour_is_worth_what_was_put_in),
        cmocka_unit_test(variables_may_be_chosen_across_animals),
        cmocka_unit_test(behaviour_that_is_nowhere_else_is_not_applicable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
