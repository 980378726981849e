/*
 * The forecasting baselines on two real recordings: motor cortex counts (Stevenson et al. 2011) and
 * songbird HVC calcium (Mackevicius, Bahle et al. 2019). Split 60/20/20 in time without a gap,
 * fitted on the first part, chosen on the second, scored on the third. The expected errors were
 * measured with scikit-learn; they are met to every digit given.
 */
#include "matlab.h"
#include "test.h"

#include <bramble/model.h>

struct recording {
    bram_ctx *cx;
    bram_matlab *file;
    double *data; /* rows x units */
    size_t rows, units;
    bram_axis *unit;
    bram_segment part[3];
    bram_panel train, validation, test;
};

static void open_recording(struct recording *r, const char *path, const char *variable)
{
    bram_matlab_value *v;
    r->cx = bram_ctx_new();
    assert_ok(r->cx, bram_matlab_open(r->cx, &r->file, path));
    assert_ok(r->cx, bram_matlab_variable(r->cx, &v, r->file, variable));
    assert_ok(r->cx, bram_matlab_numbers(r->cx, &r->data, v));
    r->units = bram_matlab_dims(v)[0];
    r->rows = bram_matlab_dims(v)[1];
    assert_ok(r->cx, bram_axis_new(r->cx, &r->unit, "unit", r->units));
    const size_t end[] = {r->rows * 6 / 10, r->rows * 8 / 10, r->rows};
    bram_panel *panel[] = {&r->train, &r->validation, &r->test};
    for (int k = 0; k < 3; k++) {
        r->part[k] = (bram_segment){.id = "recording", .first = k ? end[k - 1] : 0};
        r->part[k].y = (bram_mat){r->data, end[k], r->units, r->units};
        *panel[k] = (bram_panel){.unit = r->unit, .segment = &r->part[k], .segments = 1};
    }
}

static void close_recording(struct recording *r)
{
    bram_axis_free(r->unit);
    bram_free(r->data);
    bram_matlab_close(r->file);
    bram_ctx_free(r->cx);
}

/* One-step errors on the test part; of a free run of 16 steps from every 16th row when run is not
 * 0. */
static void errors_are(struct recording *r, const char *name, const char *options, double mse,
                       double mae, double run)
{
    static const bram_param none[] = {{.name = NULL}};
    const bram_model *model = bram_model_find(name);
    bram_options *o;
    void *fitted = NULL;
    bram_dataset *ds;
    assert_ok(r->cx, bram_options_new(r->cx, &o, model->params ? model->params : none, options));
    assert_ok(r->cx, model->fit(r->cx, &fitted, o, &r->train, &r->validation, 0));
    assert_ok(r->cx, bram_dataset_new(r->cx, &ds));
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &r->test};
    assert_ok(r->cx, model->answer(r->cx, fitted, &q, ds));
    const double *p = bram_response_f64(bram_dataset_response(ds, "mean"));
    double squares = 0, absolute = 0;
    size_t first = r->part[2].first, count = (r->rows - first) * r->units;
    for (size_t i = 0; i < count; i++) {
        double d = p[i] - r->data[first * r->units + i];
        squares += d * d, absolute += fabs(d);
    }
    assert_near(squares / (double)count, mse, 5.1e-7);
    assert_near(absolute / (double)count, mae, 5.1e-7);
    bram_dataset_free(ds);
    if (run != 0) {
        static size_t start[1000];
        for (size_t t = first + 5; t + 16 <= r->rows; t += 16) start[q.starts++] = t;
        q.ask = BRAM_ASK_FREE_RUN, q.start = start, q.steps = 16, squares = 0;
        assert_ok(r->cx, bram_dataset_new(r->cx, &ds));
        assert_ok(r->cx, model->answer(r->cx, fitted, &q, ds));
        p = bram_response_f64(bram_dataset_response(ds, "mean"));
        size_t block = 16 * r->units;
        for (size_t i = 0; i < q.starts * block; i++) {
            double d = p[i] - r->data[start[i / block] * r->units + i % block];
            squares += d * d;
        }
        assert_near(squares / (double)(q.starts * block), run, 5.1e-6);
        bram_dataset_free(ds);
    }
    model->release(fitted);
    bram_options_free(o);
}

static void motor_cortex(void **state)
{
    (void)state;
    char path[4096];
    struct recording r;
    test_data(path, "spikes/spykesML/m1_stevenson_2011.mat");
    open_recording(&r, path, "spikes");
    assert_int_equal(r.units, 171);
    errors_are(&r, "copy", "", 1.111425, 0.600685, 1.24671);
    errors_are(&r, "mean", "", 0.714634, 0.539371, 0.71429);
    errors_are(&r, "window", "k=5", 0.702079, 0.515916, 0);
    errors_are(&r, "ar", "lags=1", 0.675866, 0.526156, 0);
    errors_are(&r, "ar", "lags=5", 0.638849, 0.510626, 0);
    errors_are(&r, "ar", "lags=10", 0.634513, 0.508414, 0);
    errors_are(&r, "var", "lags=5,ridge=1000+10000", 0.614821, 0.495925, 0.66957);
    close_recording(&r);
}

static void songbird(void **state)
{
    (void)state;
    char path[4096];
    struct recording r;
    test_data(path, "spikes/seqNMF/MackeviciusData.mat");
    open_recording(&r, path, "NEURAL");
    assert_int_equal(r.rows, 666);
    errors_are(&r, "copy", "", 0.008588, 0.021322, 0);
    errors_are(&r, "mean", "", 0.006590, 0.031879, 0);
    errors_are(&r, "ar", "lags=5", 0.005649, 0.027460, 0);
    errors_are(&r, "ar", "lags=10", 0.005615, 0.027280, 0);
    errors_are(&r, "var", "", 0.005614, 0.028748, 0); /* of all pairs: 3 lags, ridge 10 */
    close_recording(&r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(motor_cortex),
        cmocka_unit_test(songbird),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
