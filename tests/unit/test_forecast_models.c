/*
 * Tests of the closed-form forecasting baselines: mean, copy, window, ar, var, nlinear, and of
 * baselines/forecast.c through them. Values by hand or from var_reference.h.
 */
#include "forecast_test.h"
#include "internal.h"
#include "var_reference.h"

/* ---- by hand -------------------------------------------------------------------------------- */

static double train_data[] = {1, 10, 2, 20, 6, 60}; /* means 3 and 30 */
static double test_data[] = {4, 0, 8, 2, 0, 7, 1, 1};
static const bram_mat train_mat = {train_data, 3, 2, 2}, test_mat = {test_data, 4, 2, 2};

static void mean_by_hand(void **state)
{
    (void)state;
    struct setting s;
    set_up(&s, "mean", "", train_mat, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    const double want[] = {3, 30, 3, 30, 3, 30, 3, 30};
    step_is(&s, want, 8, 1e-15);
    run_is(&s, 1, 4, want, 1e-15);
    tear_down(&s);
}

static void densities_by_hand(void **state)
{
    (void)state;
    struct setting s;
    bram_dataset *ds;
    const double pi = 3.141592653589793;
    double y[] = {1, 5, 2,
                  5, 6, 5}; /* about the mean 3: 4 1 9, variance 14/3; the other constant */
    const uint8_t present[] = {1, 1, 1, 1, 1, 1, 0, 1};
    set_up(&s, "mean", "", (bram_mat){y, 3, 2, 2}, test_mat);
    s.segment[1].y_present = present;
    s.segment[1].first = 1;
    assert_ok(s.cx, fit(&s, NULL));
    assert_ok(s.cx, bram_dataset_new(s.cx, &ds));
    bram_query q = {.ask = BRAM_ASK_LOGLIK, .panel = &s.test};
    assert_ok(s.cx, s.model->answer(s.cx, s.fitted, &q, ds));
    bram_response *r = bram_dataset_response(ds, "logdensity");
    const double *got = bram_response_f64(r), v = 14. / 3;
    const uint8_t *mask = bram_response_mask(s.cx, r), want[] = {1, 0, 1, 0, 0, 0};
    assert_int_equal(bram_response_count(r), 6);
    assert_memory_equal(mask, want, 6); /* nothing for a constant unit or a missing value */
    assert_near(got[0], -log(2 * pi * v) / 2 - 25 / (2 * v), 1e-14);
    assert_near(got[2], -log(2 * pi * v) / 2 - 9 / (2 * v), 1e-14);
    bram_dataset_free(ds);
    tear_down(&s);
    /* of ar: pairs (1, 3), (3, 2), (2, 6) have residuals from ar_by_hand's line c - x / 4 */
    double z[] = {1, 3, 2, 6};
    const double c = 11. / 3 + .5, e[] = {3 - c + .25, 2 - c + .75, 6 - c + .5};
    const double w = (e[0] * e[0] + e[1] * e[1] + e[2] * e[2]) / 3;
    set_up(&s, "ar", "lags=1,ridge=2", (bram_mat){z, 4, 1, 1}, (bram_mat){z, 4, 1, 1});
    s.segment[1].first = 3;
    assert_ok(s.cx, fit(&s, NULL));
    assert_ok(s.cx, bram_dataset_new(s.cx, &ds));
    assert_ok(s.cx, s.model->answer(s.cx, s.fitted, &q, ds));
    got = bram_response_f64(bram_dataset_response(ds, "logdensity"));
    assert_near(got[0], -log(2 * pi * w) / 2 - e[2] * e[2] / (2 * w), 1e-13);
    bram_dataset_free(ds);
    tear_down(&s);
}

static void copy_by_hand(void **state)
{
    (void)state;
    struct setting s;
    set_up(&s, "copy", "", train_mat, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    const double want[] = {3, 30, 4, 0, 8, 2, 0, 7}, run[] = {8, 2, 8, 2, 8, 2};
    step_is(&s, want, 8, 1e-15); /* nothing before the first row: the training mean */
    run_is(&s, 2, 3, run, 0);
    s.segment[1].first = 2;
    step_is(&s, want + 4, 4, 0); /* the context reaches back behind the first target */
    const uint8_t present[] = {1, 1, 1, 0, 1, 1, 1, 1};
    s.segment[1].y_present = present;
    const double missing[] = {8, 30, 0, 7};
    step_is(&s, missing, 4, 1e-15);
    tear_down(&s);
}

static void window_by_hand(void **state)
{
    (void)state;
    struct setting s;
    set_up(&s, "window", "k=2", train_mat, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    const double want[] = {3, 30, 3.5, 15, 6, 1, 4, 4.5}, run[] = {6, 1, 7, 1.5, 6.5, 1.25};
    step_is(&s, want, 8, 1e-14);
    run_is(&s, 2, 3, run, 0); /* (4 + 8)/2, (8 + 6)/2, (6 + 7)/2 */
    tear_down(&s);
}

static void window_is_chosen_on_validation(void **state)
{
    (void)state;
    struct setting s;
    double alternating[] = {0, 2, 0, 2, 0, 2, 0, 2, 0, 2};
    bram_mat y = {alternating, 10, 1, 1};
    set_up(&s, "window", "k=1+2+3", y, y);
    assert_int_equal(fit(&s, NULL), BRAM_EUSAGE);
    s.segment[1].first = 4;
    assert_ok(s.cx, fit(&s, &s.test));
    const double want[] = {1, 1, 1, 1, 1, 1}; /* two values: always 1, the least error */
    step_is(&s, want, 6, 0);
    tear_down(&s);
}

static void ar_by_hand(void **state)
{
    (void)state;
    struct setting s;
    /* pairs (1, 3), (3, 2), (2, 6): x about 2: -1 1 0, y about 11/3: slope = (-3 + 2) / (2 + ridge)
     */
    double y[] = {1, 5, 3, 5, 2, 5, 6, 5};
    set_up(&s, "ar", "lags=1,ridge=2", (bram_mat){y, 4, 2, 2}, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    const double c = 11. / 3 + .5, want[] = {c - .25 * 3, 5, c - 1, 5, c - 2, 5, c, 5};
    double run[] = {c - 2, 5, c - (c - 2) / 4, 5};
    step_is(&s, want, 8, 1e-14);
    run_is(&s, 2, 2, run, 1e-14);
    bram_dataset *ds;
    const double *w = ask(&s, &(bram_query){.ask = BRAM_ASK_WEIGHTS, .panel = &s.test}, &ds);
    assert_near(w[0], -.25, 1e-15);
    assert_near(w[1] + w[2] + w[3], 0, 0);
    bram_dataset_free(ds);
    tear_down(&s);
}

static void ar_leaves_out_rows_with_missing_values(void **state)
{
    (void)state;
    struct setting s;
    double y[] = {1,  3, 2, 6,
                  99, 0, 4}; /* as above and then nothing usable: 6 -> 99 and 99 -> 0 are out */
    const uint8_t present[] = {1, 1, 1, 1, 0, 1, 0};
    double test[] = {0, 0};
    set_up(&s, "ar", "lags=1,ridge=2", (bram_mat){y, 7, 1, 1}, (bram_mat){test, 2, 1, 1});
    s.segment[0].y_present = present;
    assert_ok(s.cx, fit(&s, NULL));
    const double c = 11. / 3 + .5, mean = 12. / 5, want[] = {c - .25 * mean, c};
    step_is(&s, want, 2, 1e-14);
    tear_down(&s);
}

static void nlinear_by_hand(void **state)
{
    (void)state;
    struct setting s;
    /* two straight lines: the next differences are -h times the last one, whatever the slope */
    double y[40], t[8];
    for (int i = 0; i < 20; i++) y[2 * i] = 1 + 2 * i, y[2 * i + 1] = 5 - 3 * i;
    for (int i = 0; i < 4; i++) t[2 * i] = 7 * i, t[2 * i + 1] = 1;
    set_up(&s, "nlinear", "lags=2,horizon=2,ridge=0", (bram_mat){y, 20, 2, 2},
           (bram_mat){t, 4, 2, 2});
    assert_ok(s.cx, fit(&s, NULL));
    s.segment[1].first = 2;
    const double want[] = {14, 1, 21, 1}, run[] = {14, 1, 21, 1, 28, 1, 35, 1, 42, 1};
    step_is(&s, want, 4, 1e-12);
    run_is(&s, 2, 5, run, 1e-12); /* three calls of the two-step map */
    tear_down(&s);
    set_up(&s, "nlinear", "lags=1", train_mat, test_mat); /* nothing but the mean step: 55/4 */
    assert_ok(s.cx, fit(&s, NULL));
    const double drift[] = {4 + 55. / 4, 55. / 4};
    s.segment[1].first = 1;
    step_is(&s, drift, 2, 1e-14);
    tear_down(&s);
}

/* ---- var ------------------------------------------------------------------------------------ */

static void var_equals_scikit_learn(void **state)
{
    (void)state;
    struct setting s;
    double y[480];
    memcpy(y, var_y, sizeof y);
    set_up(&s, "var", "lags=3,ridge=10", (bram_mat){y, 120, 4, 4}, (bram_mat){y, 120, 4, 4});
    assert_ok(s.cx, fit(&s, NULL));
    run_is(&s, 120, 8, var_forecast_large, 1e-8);
    bram_dataset *ds;
    const double *w = ask(&s, &(bram_query){.ask = BRAM_ASK_WEIGHTS, .panel = &s.test}, &ds);
    for (size_t from = 0; from < 4; from++)
        for (size_t to = 0; to < 4; to++) {
            const double *c = var_coef_large + 12 * to + from;
            assert_near(w[4 * from + to], c[0] + c[4] + c[8], 1e-9);
        }
    bram_dataset_free(ds);
    tear_down(&s);
}

/* ---- correlation ---------------------------------------------------------------------------- */

/* The second unit repeats the first one row later. */
static void correlation_at_a_lag(void **state)
{
    (void)state;
    struct setting s;
    double y[] = {1, 0, 5, 1, 2, 5, 4, 2, 3, 4};
    set_up(&s, "correlation", "lag=1", (bram_mat){y, 5, 2, 2}, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    bram_dataset *ds;
    const double *w = ask(&s, &(bram_query){.ask = BRAM_ASK_WEIGHTS, .panel = &s.test}, &ds);
    assert_near(w[1], 1, 1e-15);
    /* (0 1 5 2) over (5 2 4 3): deviations -2 -1 3 0 and 1.5 -1.5 .5 -.5: 0 / sqrt(14 * 5) */
    assert_near(w[2], 0, 1e-15);
    assert_near(fabs(w[0]) + fabs(w[3]), 0, 0);
    bram_dataset_free(ds);
    tear_down(&s);
}

/* The data of ar_by_hand: increments 2 -1 4 on x about 2 (-1 1 0): slope -3 / (2 + ridge). */
static void increments_by_hand(void **state)
{
    (void)state;
    struct setting s;
    double y[] = {1, 5, 3, 5, 2, 5, 6, 5};
    set_up(&s, "ar", "lags=1,ridge=2,target=increment", (bram_mat){y, 4, 2, 2}, test_mat);
    assert_ok(s.cx, fit(&s, NULL));
    const double w = 1 - 3. / 4, c = 11. / 3 - 2 * w; /* a constant unit is copied */
    step_is(&s, (double[]){c + w * 3, 5, c + w * 4, 0, c + w * 8, 2, c, 7}, 8, 1e-14);
    tear_down(&s);
}

/* What the penalty shrinks to: copy for increments, the mean for values; without one they agree. */
static void a_large_penalty_on_increments_gives_copy(void **state)
{
    (void)state;
    double y[ROWS * UNITS], value[ROWS * UNITS];
    fill(y, ROWS * UNITS, 7);
    for (size_t i = UNITS; i < ROWS * UNITS; i++) y[i] += .5 * y[i - UNITS];
    bram_mat m = {y, ROWS, UNITS, UNITS};
    bram_dataset *ds;
    for (size_t k = 0; k < 2; k++) {
        const char *name = k ? "var" : "ar";
        struct setting s;
        set_up(&s, name, "lags=2,ridge=0", m, m);
        assert_ok(s.cx, fit(&s, NULL));
        memcpy(value, ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds),
               sizeof value);
        bram_dataset_free(ds);
        tear_down(&s);
        set_up(&s, name, "lags=2,ridge=0,target=increment", m, m);
        assert_ok(s.cx, fit(&s, NULL));
        step_is(&s, value, ROWS * UNITS, 1e-12);
        tear_down(&s);
        set_up(&s, name, "lags=2,ridge=1e12,target=increment", m, m);
        assert_ok(s.cx, fit(&s, NULL));
        const double *w = ask(&s, &(bram_query){.ask = BRAM_ASK_WEIGHTS, .panel = &s.test}, &ds);
        for (size_t i = 0; i < UNITS * UNITS; i++) assert_near(w[i], i % (UNITS + 1) == 0, 1e-9);
        bram_dataset_free(ds);
        tear_down(&s);
    }
}

static void var_of_one_unit_is_ar(void **state)
{
    (void)state;
    double y[ROWS], want[ROWS];
    fill(y, ROWS, 1);
    bram_mat m = {y, ROWS, 1, 1};
    struct setting s;
    bram_dataset *ds;
    set_up(&s, "ar", "lags=4,ridge=.5", m, m);
    assert_ok(s.cx, fit(&s, NULL));
    memcpy(want, ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds), sizeof want);
    bram_dataset_free(ds);
    tear_down(&s);
    set_up(&s, "var", "lags=4,ridge=.5", m, m);
    assert_ok(s.cx, fit(&s, NULL));
    step_is(&s, want, ROWS, 1e-12);
    tear_down(&s);
}

static void var_is_chosen_on_validation(void **state)
{
    (void)state;
    double y[ROWS * 2], want[10];
    fill(y, ROWS * 2, 2);
    for (size_t t = 2; t < ROWS; t++)
        y[2 * t] = .9 * y[2 * (t - 2) + 1]; /* unit 0 is unit 1 two rows ago */
    bram_mat train = {y, 40, 2, 2}, rest = {y, ROWS, 2, 2};
    struct setting s;
    bram_dataset *ds;
    set_up(&s, "var", "lags=2,ridge=.01", train, rest);
    assert_ok(s.cx, fit(&s, NULL));
    s.segment[1].first = 55;
    memcpy(want, ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds), sizeof want);
    bram_dataset_free(ds);
    assert_near(want[0], y[110], .01);
    tear_down(&s);
    set_up(&s, "var", "lags=1+2,ridge=1000+.01", train, rest);
    s.segment[1].first = 40;
    assert_ok(s.cx, fit(&s, &s.test));
    s.segment[1].first = 55;
    step_is(&s, want, 10, 0);
    tear_down(&s);
}

static void a_unit_that_a_segment_lacks_counts_as_its_mean(void **state)
{
    (void)state;
    double y[ROWS * 2], z[ROWS * 2], want[ROWS * 2];
    fill(y, ROWS * 2, 3);
    memcpy(z, y, sizeof y);
    uint8_t present[ROWS * 2];
    double mean = 0;
    for (size_t t = 0; t < ROWS; t++) mean += t < 30 ? y[2 * t + 1] / 30 : 0;
    for (size_t t = 0; t < ROWS; t++) {
        present[2 * t] = 1, present[2 * t + 1] = t < 30;
        if (t >= 30) y[2 * t + 1] = NAN, z[2 * t + 1] = mean;
    }
    bram_mat masked = {y, ROWS, 2, 2}, filled = {z, ROWS, 2, 2};
    struct setting s;
    bram_dataset *ds;
    set_up(&s, "var", "lags=2,ridge=1", filled, filled);
    assert_ok(s.cx, fit(&s, NULL));
    memcpy(want, ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds), sizeof want);
    bram_dataset_free(ds);
    tear_down(&s);
    set_up(&s, "var", "lags=2,ridge=1", masked, masked);
    assert_int_equal(fit(&s, NULL), BRAM_ENUMERIC); /* NaN that is not masked */
    s.segment[0].y_present = s.segment[1].y_present = present;
    assert_ok(s.cx, fit(&s, NULL));
    step_is(&s, want, ROWS * 2, 1e-12);
    tear_down(&s);
}

/* ---- what holds for all --------------------------------------------------------------------- */

static const char *const models[][2] = {{"mean", ""},
                                        {"copy", ""},
                                        {"window", "k=3"},
                                        {"ar", "lags=3"},
                                        {"var", "lags=2,ridge=1"},
                                        {"nlinear", "lags=4,horizon=3"}};
enum { MODELS = sizeof models / sizeof *models };

static double some_data[ROWS * UNITS];

static void set_up_any(struct setting *s, size_t k)
{
    fill(some_data, ROWS * UNITS, 4);
    bram_mat y = {some_data, ROWS, UNITS, UNITS};
    set_up(s, models[k][0], models[k][1], y, y);
}

static void what_was_saved_answers_the_same(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        struct setting s;
        set_up_any(&s, k);
        assert_ok(s.cx, fit(&s, NULL));
        const size_t start[] = {0, 2, 30, ROWS};
        bram_query q[] = {
            {.ask = BRAM_ASK_STEP, .panel = &s.test},
            {.ask = BRAM_ASK_FREE_RUN, .panel = &s.test, .start = start, .starts = 4, .steps = 7}};
        const size_t count[] = {ROWS * UNITS, 4 * 7 * UNITS};
        bram_dataset *saved, *a, *b;
        void *first = s.fitted, *second = NULL;
        assert_ok(s.cx, bram_dataset_new(s.cx, &saved));
        assert_ok(s.cx, s.model->save(s.cx, first, saved));
        assert_ok(s.cx, s.model->load(s.cx, &second, s.options, saved));
        for (int i = 0; i < 2; i++) {
            s.fitted = first;
            const double *x = ask(&s, &q[i], &a);
            s.fitted = second;
            const double *y = ask(&s, &q[i], &b);
            assert_memory_equal(x, y, count[i] * sizeof *x);
            bram_dataset_free(a);
            bram_dataset_free(b);
        }
        s.model->release(first);
        bram_dataset_free(saved);
        tear_down(&s);
    }
}

static void a_damaged_state_is_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        struct setting s;
        set_up_any(&s, k);
        bram_dataset *empty, *saved;
        assert_ok(s.cx, bram_dataset_new(s.cx, &empty));
        assert_int_equal(s.model->load(s.cx, &s.fitted, s.options, empty), BRAM_EABSENT);
        assert_null(s.fitted);
        assert_ok(s.cx, fit(&s, NULL));
        for (int damage = 0; damage < 2; damage++) { /* a NaN; a matrix of another model's shape */
            assert_ok(s.cx, bram_dataset_new(s.cx, &saved));
            assert_ok(s.cx, s.model->save(s.cx, s.fitted, saved));
            double *mean = bram_response_f64(bram_dataset_response(saved, "state/mean"));
            void *loaded = NULL;
            bram_dataset *source = saved;
            if (damage) {
                bram_axis *axis[2];
                bram_response *r;
                assert_ok(s.cx, bram_axis_new(s.cx, &axis[0], "a", 2));
                assert_ok(s.cx, bram_axis_new(s.cx, &axis[1], "b", UNITS));
                for (size_t i = 0; i < bram_dataset_responses(saved); i++) {
                    const char *name = bram_response_name(
                        bram_dataset_response(saved, bram_dataset_response_path(saved, i)));
                    assert_ok(s.cx, bram_response_new(s.cx, &r, name, BRAM_F64, 2,
                                                      (const bram_axis *const *)axis));
                    assert_ok(s.cx, bram_dataset_add(s.cx, empty, "state", r));
                }
                bram_axis_free(axis[0]);
                bram_axis_free(axis[1]);
                source = empty;
            } else {
                mean[0] = NAN;
            }
            assert_int_equal(s.model->load(s.cx, &loaded, s.options, source), BRAM_EFORMAT);
            assert_null(loaded);
            bram_dataset_free(saved);
        }
        bram_dataset_free(empty);
        tear_down(&s);
    }
}

static void the_future_does_not_matter(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        struct setting s;
        double before[ROWS * UNITS], changed[ROWS * UNITS];
        set_up_any(&s, k);
        assert_ok(s.cx, fit(&s, NULL));
        bram_dataset *ds;
        memcpy(before, ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds),
               sizeof before);
        bram_dataset_free(ds);
        memcpy(changed, some_data, sizeof changed);
        for (size_t i = 20 * UNITS; i < ROWS * UNITS; i++) changed[i] += 5;
        s.segment[1].y.data = changed;
        step_is(&s, before, 21 * UNITS, 0);
        tear_down(&s);
    }
}

static void bad_questions_are_refused(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        struct setting s;
        set_up_any(&s, k);
        assert_ok(s.cx, fit(&s, NULL));
        bram_dataset *ds;
        assert_ok(s.cx, bram_dataset_new(s.cx, &ds));
        const size_t start = ROWS + 1;
        bram_query q = {
            .ask = BRAM_ASK_FREE_RUN, .panel = &s.test, .start = &start, .starts = 1, .steps = 2};
        assert_int_equal(s.model->answer(s.cx, s.fitted, &q, ds), BRAM_ESHAPE);
        q.ask = BRAM_ASK_STATES;
        assert_int_equal(s.model->answer(s.cx, s.fitted, &q, ds), BRAM_ENOTAPPLICABLE);
        q.ask = BRAM_ASK_STEP;
        s.segment[1].y.cols = 2;
        assert_int_equal(s.model->answer(s.cx, s.fitted, &q, ds), BRAM_ESHAPE);
        assert_int_equal(bram_dataset_responses(ds), 0);
        bram_dataset_free(ds);
        s.model->release(s.fitted);
        s.fitted = NULL;
        s.segment[0].first = ROWS;
        assert_int_equal(fit(&s, NULL), BRAM_ENOTAPPLICABLE); /* no target row */
        s.segment[0].first = 0;
        some_data[7] = INFINITY;
        assert_int_equal(fit(&s, NULL), BRAM_ENUMERIC);
        assert_null(s.fitted);
        tear_down(&s);
    }
}

static int whole_life(struct setting *s, bram_dataset *saved, bram_dataset *answer)
{
    void *loaded = NULL;
    const size_t start = 5;
    bram_query step = {.ask = BRAM_ASK_STEP, .panel = &s->test};
    bram_query run = {
        .ask = BRAM_ASK_WEIGHTS, .panel = &s->test, .start = &start, .starts = 1, .steps = 2};
    if (!(s->model->answers & BRAM_ANSWERS(BRAM_ASK_WEIGHTS)))
        step.ask = BRAM_ASK_FREE_RUN, step.start = &start, step.starts = 1, step.steps = 2;
    BRAM_TRY(fit(s, NULL));
    BRAM_TRY(s->model->save(s->cx, s->fitted, saved));
    BRAM_TRY(s->model->load(s->cx, &loaded, s->options, saved));
    int status = s->model->answer(s->cx, loaded, &step, answer);
    if (status == BRAM_OK && step.ask == BRAM_ASK_STEP)
        status = s->model->answer(s->cx, loaded, &run, answer);
    s->model->release(loaded);
    return status;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (size_t k = 0; k < MODELS; k++) {
        int status = BRAM_ENOMEM;
        for (size_t at = 1; status != BRAM_OK; at++) {
            struct setting s;
            bram_dataset *saved, *answer;
            set_up_any(&s, k);
            assert_ok(s.cx, bram_dataset_new(s.cx, &saved));
            assert_ok(s.cx, bram_dataset_new(s.cx, &answer));
            bram_fail_allocation(at, true);
            status = whole_life(&s, saved, answer);
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
            assert_true(at < 1000);
            bram_dataset_free(saved);
            bram_dataset_free(answer);
            tear_down(&s);
        }
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mean_by_hand),
        cmocka_unit_test(densities_by_hand),
        cmocka_unit_test(copy_by_hand),
        cmocka_unit_test(window_by_hand),
        cmocka_unit_test(window_is_chosen_on_validation),
        cmocka_unit_test(ar_by_hand),
        cmocka_unit_test(ar_leaves_out_rows_with_missing_values),
        cmocka_unit_test(nlinear_by_hand),
        cmocka_unit_test(var_equals_scikit_learn),
        cmocka_unit_test(increments_by_hand),
        cmocka_unit_test(a_large_penalty_on_increments_gives_copy),
        cmocka_unit_test(var_of_one_unit_is_ar),
        cmocka_unit_test(var_is_chosen_on_validation),
        cmocka_unit_test(a_unit_that_a_segment_lacks_counts_as_its_mean),
        cmocka_unit_test(what_was_saved_answers_the_same),
        cmocka_unit_test(a_damaged_state_is_refused),
        cmocka_unit_test(correlation_at_a_lag),
        cmocka_unit_test(the_future_does_not_matter),
        cmocka_unit_test(bad_questions_are_refused),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
