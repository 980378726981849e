/*
 * Tests of the forecasters that are not linear: ngrc, analog and esn. Values by hand, maps that
 * ngrc can express exactly, and numbers of a separate computation with numpy 1.24 (the formula of
 * baselines/ngrc.c with an explicit design and numpy.linalg.solve).
 */
#include "forecast_test.h"
#include "linalg.h"

/* 60 rows of numbers without structure for training, 8 others for the test. */
static void ngrc_equals_numpy(void **state)
{
    (void)state;
    static const double want[] = {
        -0.10185627416943022, 0.077727885947102116,   0.41575669201788285,   -0.92116708219727617,
        0.32538206628178062,  -0.0046529174317643113, -0.50626800782227088,  -0.0069676612230656909,
        -0.11799904714915177, -0.69903895014211714,   -0.047255368591853308, -0.45959139793500409,
        0.11101724976847804,  -0.08689273927337654,   0.15605123009428248,   0.55400298651251556,
        -0.66257287910014884, 0.23760582358999971,    -1.1865760960663208,   0.23914263024871679,
        -0.30504386700308106, -0.74716831016381757,   0.15878915279200639,   0.29658441965075555};
    double y[ROWS * UNITS], t[8 * UNITS];
    struct setting s;
    fill(y, ROWS * UNITS, 1);
    fill(t, 8 * UNITS, 2);
    set_up(&s, "ngrc", "pcs=2,delays=2,spacing=2,ridge=0.1", (bram_mat){y, ROWS, UNITS, UNITS},
           (bram_mat){t, 8, UNITS, UNITS});
    assert_ok(s.cx, fit(&s, NULL));
    step_is(&s, want, 8 * UNITS, 1e-12);
    tear_down(&s);
}

static double logistic(double x)
{
    return 3.8 * x * (1 - x);
}

/* A map of degree two is learnt from few rows, also through gaps, and runs freely as itself. */
static void ngrc_learns_the_logistic_map(void **state)
{
    (void)state;
    double y[ROWS], t[3] = {0.31}, run[6];
    uint8_t present[ROWS];
    y[0] = 0.4;
    for (size_t i = 1; i < ROWS; i++) y[i] = logistic(y[i - 1]);
    t[1] = logistic(t[0]), t[2] = logistic(t[1]);
    run[0] = t[1];
    for (size_t h = 1; h < 6; h++) run[h] = logistic(run[h - 1]);
    memset(present, 1, sizeof present);
    for (int gaps = 0; gaps < 2; gaps++) {
        struct setting s;
        set_up(&s, "ngrc", "pcs=1,delays=1,ridge=0", (bram_mat){y, ROWS, 1, 1},
               (bram_mat){t, 3, 1, 1});
        if (gaps) present[7] = present[20] = present[21] = 0, s.segment[0].y_present = present;
        assert_ok(s.cx, fit(&s, NULL));
        s.segment[1].first = 1;
        step_is(&s, t + 1, 2, 1e-10);
        run_is(&s, 1, 6, run, 1e-8);
        tear_down(&s);
        if (!gaps) y[7] = y[20] = y[21] = (double)NAN;
    }
}

/* A unit that never changes, and one that is never there, are forecast as they are: by their last
 * value and by their mean. */
static void ngrc_of_constant_and_absent_units(void **state)
{
    (void)state;
    double y[ROWS * UNITS], t[2 * UNITS] = {1, 5, 0, 2, 5, 0};
    uint8_t present[ROWS * UNITS];
    struct setting s;
    fill(y, ROWS * UNITS, 5);
    for (size_t i = 0; i < ROWS; i++) {
        y[i * UNITS + 1] = 5;
        present[i * UNITS] = present[i * UNITS + 1] = 1, present[i * UNITS + 2] = 0;
    }
    set_up(&s, "ngrc", "pcs=50,delays=2,ridge=0.01", (bram_mat){y, ROWS, UNITS, UNITS},
           (bram_mat){t, 2, UNITS, UNITS});
    s.segment[0].y_present = present;
    assert_ok(s.cx, fit(&s, NULL));
    bram_dataset *ds;
    const double *got = ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds);
    assert_near(got[1], 5, 1e-9);
    assert_near(got[2], 0, 1e-12);
    assert_near(got[UNITS + 1], 5, 1e-9);
    bram_dataset_free(ds);
    tear_down(&s);
}

/* Training values 0 2 1 5: mean 2, variance 3.5; windows 0 -> 2, 2 -> 1, 1 -> 5. The last value is
 * 1.5, at distances 2.25, 0.25 and 0.25. */
static void analog_by_hand(void **state)
{
    (void)state;
    double y[] = {0, 2, 1, 5}, t[] = {1.5, 0};
    const double far = exp(-4 * 2.25 / 3.5), near = exp(-4 * 0.25 / 3.5), sum = far + 2 * near;
    const double increment = 1.5 + (2 * far - near + 4 * near) / sum;
    const double value = (2 * far + near + 5 * near) / sum;
    const struct {
        const char *options;
        double want, tolerance;
    } cases[] = {{"lags=1,beta=4", increment, 1e-14},
                 {"lags=1,beta=4,target=value", value, 1e-14},
                 {"lags=1,beta=0", 1.5 + 5. / 3, 1e-14}, /* copy with the mean increment */
                 {"lags=1,beta=1e6", 1.5 + 1.5, 1e-14},  /* the two nearest, equally near */
                 {"lags=1,beta=0,target=value", 8. / 3, 1e-14}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        struct setting s;
        set_up(&s, "analog", cases[k].options, (bram_mat){y, 4, 1, 1}, (bram_mat){t, 2, 1, 1});
        assert_ok(s.cx, fit(&s, NULL));
        s.segment[1].first = 1;
        step_is(&s, &cases[k].want, 1, cases[k].tolerance);
        tear_down(&s);
    }
}

/* Two rows tell apart what one cannot: after 0 1 comes 2, after 2 1 comes 0. */
static void analog_of_two_rows(void **state)
{
    (void)state;
    double y[] = {0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2, 1}, t[] = {0, 1, 0};
    const double run[] = {2, 1, 0, 1, 2};
    struct setting s;
    set_up(&s, "analog", "lags=2,beta=1e4", (bram_mat){y, 12, 1, 1}, (bram_mat){t, 3, 1, 1});
    assert_ok(s.cx, fit(&s, NULL));
    run_is(&s, 2, 5, run, 1e-12);
    tear_down(&s);
}

/* Windows do not reach over the border of segments, nor count without their target. */
static void analog_keeps_to_segments_and_to_what_is_there(void **state)
{
    (void)state;
    double y[] = {0, 1, 0, 1}, z[] = {0, (double)NAN, 0, 3}, t[] = {0, 0};
    const uint8_t present[] = {1, 0, 1, 1};
    struct setting s;
    set_up(&s, "analog", "lags=1,beta=0", (bram_mat){y, 4, 1, 1}, (bram_mat){t, 2, 1, 1});
    bram_segment two[] = {{.id = "a", .y = {y, 4, 1, 1}},
                          {.id = "b", .y = {z, 4, 1, 1}, .y_present = present}};
    s.train.segment = two, s.train.segments = 2;
    assert_ok(s.cx, fit(&s, NULL));
    s.segment[1].first = 1;
    step_is(&s, &(double){(1 - 1 + 1 + 3) / 4.}, 1, 1e-14); /* 0 -> NaN -> 0 give nothing */
    tear_down(&s);
}

/* ---- esn: what was drawn, read from the saved state ----------------------------------------- */

static bram_mat part(const bram_dataset *saved, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "state/%s", name);
    bram_response *r = bram_dataset_response(saved, path);
    assert_non_null(r);
    size_t rows = bram_response_length(r, 0), cols = bram_response_length(r, 1);
    return (bram_mat){bram_response_f64(r), rows, cols, cols};
}

/* The network by plain sums: the state after y, one unit. */
static void run_plainly(const bram_dataset *saved, double *r, double *last, double u)
{
    bram_mat v = part(saved, "input"), b = part(saved, "bias"), w = part(saved, "weight");
    bram_mat from = part(saved, "source");
    double a = part(saved, "leak").data[0];
    memcpy(last, r, v.rows * sizeof *r);
    for (size_t i = 0; i < v.rows; i++) {
        double sum = b.data[i] + v.data[i] * u;
        for (size_t k = 0; k < w.cols; k++)
            sum += bram_row(&w, i)[k] * last[(size_t)bram_row(&from, i)[k]];
        r[i] = (1 - a) * last[i] + a * tanh(sum);
    }
}

static void esn_equals_plain_sums(void **state)
{
    (void)state;
    enum { SIZE = 12 };
    double y[ROWS], want[4], r[SIZE] = {0}, last[SIZE], u = 0;
    struct setting s;
    bram_dataset *saved;
    fill(y, ROWS, 3);
    set_up(&s, "esn", "size=12,links=4,leak=0.6,washout=5,ridge=0.1", (bram_mat){y, ROWS, 1, 1},
           (bram_mat){y, 4, 1, 1});
    assert_ok(s.cx, fit(&s, NULL));
    assert_ok(s.cx, bram_dataset_new(s.cx, &saved));
    assert_ok(s.cx, s.model->save(s.cx, s.fitted, saved));
    bram_mat w = part(saved, "weights"), center = part(saved, "center");
    bram_mat scale = part(saved, "feature_scale");
    double mean = part(saved, "mean").data[0], over = part(saved, "scale").data[0];
    for (size_t t = 0; t < 4; t++) {
        want[t] = mean + u / over + part(saved, "intercept").data[0];
        for (size_t k = 0; k <= SIZE; k++)
            want[t] += ((k ? r[k - 1] : u) - center.data[k]) * scale.data[k] * w.data[k];
        u = (y[t] - mean) * over;
        run_plainly(saved, r, last, u);
    }
    step_is(&s, want, 4, 1e-13);
    bram_dataset_free(saved);
    tear_down(&s);
}

static void esn_is_drawn_as_asked(void **state)
{
    (void)state;
    enum { SIZE = 40, LINKS = 6 };
    double y[ROWS], real[SIZE], imaginary[SIZE], most = 0;
    struct setting s;
    bram_dataset *saved;
    fill(y, ROWS, 3);
    set_up(&s, "esn", "size=40,links=6,radius=0.7,ridge=1", (bram_mat){y, ROWS, 1, 1},
           (bram_mat){y, ROWS, 1, 1});
    assert_ok(s.cx, fit(&s, NULL));
    assert_ok(s.cx, bram_dataset_new(s.cx, &saved));
    assert_ok(s.cx, s.model->save(s.cx, s.fitted, saved));
    bram_mat from = part(saved, "source"), weight = part(saved, "weight"), dense;
    assert_ok(s.cx, bram_mat_new(s.cx, &dense, SIZE, SIZE));
    assert_int_equal(weight.cols, LINKS);
    for (size_t i = 0; i < SIZE; i++)
        for (size_t k = 0; k < LINKS; k++) {
            double *to = &bram_row(&dense, i)[(size_t)bram_row(&from, i)[k]];
            assert_true(*to == 0); /* no source twice */
            *to = bram_row(&weight, i)[k];
        }
    assert_ok(s.cx, bram_eigenvalues(s.cx, real, imaginary, &dense));
    for (size_t i = 0; i < SIZE; i++) most = fmax(most, hypot(real[i], imaginary[i]));
    assert_near(most, 0.7, 1e-12);
    bram_free(dense.data);
    bram_dataset_free(saved);
    tear_down(&s);
}

/* After 0 1 comes 2, after 2 1 comes 0: the network remembers what one row does not tell. */
static void esn_remembers(void **state)
{
    (void)state;
    double y[ROWS];
    const double run[] = {1, 2, 1, 0, 1, 2};
    struct setting s;
    for (size_t i = 0; i < ROWS; i++) y[i] = i % 4 == 3 ? 1 : (double)(i % 4);
    set_up(&s, "esn", "size=50,leak=1,washout=20,ridge=1e-9", (bram_mat){y, ROWS, 1, 1},
           (bram_mat){y, ROWS, 1, 1});
    assert_ok(s.cx, fit(&s, NULL));
    run_is(&s, 41, 6, run, 1e-3);
    tear_down(&s);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ngrc_equals_numpy),
        cmocka_unit_test(ngrc_learns_the_logistic_map),
        cmocka_unit_test(ngrc_of_constant_and_absent_units),
        cmocka_unit_test(analog_by_hand),
        cmocka_unit_test(analog_of_two_rows),
        cmocka_unit_test(analog_keeps_to_segments_and_to_what_is_there),
        cmocka_unit_test(esn_equals_plain_sums),
        cmocka_unit_test(esn_is_drawn_as_asked),
        cmocka_unit_test(esn_remembers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
