/*
 * Tests of the model lds: on data of a linear dynamical system it comes as near as the system
 * itself does, in forecasts, held-out units and densities.
 */
#include "../../baselines/components.h"
#include "baselines_reference.h"
#include "forecast_test.h"
#include "lds.h"

#include <bramble/rng.h>

enum { LONG = 3000, TEST = 1000, SIX = 6 };

static double a_[] = {0.95, -0.2, 0.2, 0.95}, one[] = {0.1, 0, 0, 0.1};
static double c_[] = {1, 0.2, 0.5, 1, -1, 0.7, 0, -1, 0.8, 0.8, 1, -1};
static double d_[] = {5, 0, -2, 1, 0, 3}, r_[] = {0.5, 0.3, 0.4, 0.2, 0.6, 0.3}, zero[2];
static const bram_lds truth = {.a = {a_, 2, 2, 2},
                               .q = {one, 2, 2, 2},
                               .c = {c_, SIX, 2, 2},
                               .d = {d_, 1, SIX, SIX},
                               .r = {r_, 1, SIX, SIX},
                               .m0 = {zero, 1, 2, 2},
                               .p0 = {one, 2, 2, 2}};

static void simulate(double *y, size_t rows, uint64_t seed)
{
    bram_rng g = bram_rng_at(seed, "test/lds_model", 0);
    double x[2] = {0, 0}, next[2];
    for (size_t t = 0; t < rows; t++) {
        for (size_t k = 0; k < 2; k++)
            next[k] = a_[2 * k] * x[0] + a_[2 * k + 1] * x[1] + sqrt(0.1) * bram_rng_normal(&g);
        memcpy(x, next, sizeof x);
        for (size_t j = 0; j < SIX; j++)
            y[t * SIX + j] = d_[j] + c_[2 * j] * x[0] + c_[2 * j + 1] * x[1] +
                             sqrt(r_[j]) * bram_rng_normal(&g);
    }
}

/* Mean squared difference from y of what a system expects of each row: given the rows before
 * (`ahead`), or given the other units of all rows. */
static double error_of_truth(bram_ctx *cx, const double *y, const uint8_t *held_out)
{
    uint8_t *present = bram_scratch(cx, (size_t)TEST * SIX, 1);
    bram_lds_rows rows = {{(double *)(size_t)y, TEST, SIX, SIX}, NULL, {0}};
    bram_lds_states x;
    double sum = 0, count = 0;
    for (size_t i = 0; i < (size_t)TEST * SIX; i++) present[i] = held_out && !held_out[i % SIX];
    if (held_out) rows.present = present;
    assert_ok(cx, bram_lds_run(cx, &x, &truth, &rows));
    if (held_out) assert_ok(cx, bram_lds_smooth(cx, &x, &truth));
    for (size_t i = 0; i < (size_t)TEST * SIX; i++) {
        const double *state = bram_row(held_out ? &x.mean : &x.ahead, i / SIX);
        size_t j = i % SIX;
        double e = y[i] - d_[j] - c_[2 * j] * state[0] - c_[2 * j + 1] * state[1];
        if (held_out && !held_out[j]) continue;
        sum += e * e;
        count++;
    }
    return sum / count;
}

static double error_of(const double *found, const double *y, const uint8_t *held_out)
{
    double sum = 0, count = 0;
    for (size_t i = 0; i < (size_t)TEST * SIX; i++) {
        if (held_out && !held_out[i % SIX]) continue;
        sum += (found[i] - y[i]) * (found[i] - y[i]);
        count++;
    }
    return sum / count;
}

static void it_comes_as_near_as_what_made_the_data(void **state)
{
    (void)state;
    static const uint8_t held_out[SIX] = {0, 1, 0, 0, 1, 0};
    double *y = calloc((size_t)(LONG + TEST) * SIX, sizeof *y), *test = y + (size_t)LONG * SIX;
    struct setting s;
    bram_dataset *ds;
    simulate(y, LONG, 1);
    simulate(test, TEST, 2);
    set_up(&s, "lds", "states=2,tolerance=1e-7", (bram_mat){y, LONG, SIX, SIX},
           (bram_mat){test, TEST, SIX, SIX});
    assert_ok(s.cx, fit(&s, NULL));
    bram_query q = {.ask = BRAM_ASK_STEP, .panel = &s.test};
    double found = error_of(ask(&s, &q, &ds), test, NULL);
    double best = error_of_truth(s.cx, test, NULL);
    assert_true(found < 1.005 * best && found > 0.995 * best);
    bram_dataset_free(ds);
    q.ask = BRAM_ASK_COSMOOTH, q.held_out = held_out;
    found = error_of(ask(&s, &q, &ds), test, held_out);
    best = error_of_truth(s.cx, test, held_out);
    assert_true(found < 1.01 * best && found > 0.99 * best);
    bram_dataset_free(ds);
    /* the densities of all values sum to the log likelihood: about as high as the truth's */
    bram_lds_states x;
    assert_ok(s.cx, bram_lds_run(s.cx, &x, &truth, &(bram_lds_rows){{test, TEST, SIX, SIX}, NULL}));
    q = (bram_query){.ask = BRAM_ASK_LOGLIK, .panel = &s.test};
    assert_ok(s.cx, bram_dataset_new(s.cx, &ds));
    assert_ok(s.cx, s.model->answer(s.cx, s.fitted, &q, ds));
    const double *each = bram_response_f64(bram_dataset_response(ds, "logdensity"));
    double sum = 0;
    for (size_t i = 0; i < (size_t)TEST * SIX; i++) sum += each[i];
    assert_near(sum, x.loglik, 0.004 * fabs(x.loglik));
    bram_dataset_free(ds);
    tear_down(&s);
    free(y);
}

/* Where EM starts from. Signs are free; scikit-learn divides by rows - 1. */
static void components_equal_scikit_learn(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "pca"), *in = bram_json_get(c, "in");
    const bram_json *out = bram_json_get(c, "out"), *x = bram_json_get(in, "X");
    size_t rows = bram_json_count(x), units = bram_json_count(bram_json_at(x, 0)), first = 0;
    size_t k = (size_t)reference_number(bram_json_get(in, "k"));
    bram_mat data = {reference_values(&r, x, rows * units), rows, units, units}, found;
    double *mean = reference_values(&r, bram_json_get(out, "mean"), units);
    double *values = bram_scratch(r.cx, k, sizeof *values);
    assert_ok(r.cx, bram_mat_scratch(r.cx, &found, k, units));
    assert_ok(r.cx, bram_components(r.cx, &found, values, &data, &first, 1, mean));
    for (size_t i = 0; i < k * units; i++) found.data[i] = fabs(found.data[i]);
    for (size_t i = 0; i < k; i++) values[i] /= (double)(rows - 1);
    assert_all_near("components", found.data,
                    reference_values(&r, bram_json_get(out, "components_abs"), k * units),
                    k * units, 1e-10);
    assert_all_near("variance", values, reference_values(&r, bram_json_get(out, "variance"), k), k,
                    1e-10);
    close_reference(&r);
}

/* More states than units, constant and absent units, one row: fitted without complaint. */
static void odd_sizes_are_fitted(void **state)
{
    (void)state;
    double y[ROWS * UNITS], t[2 * UNITS] = {0, 7, 0, 1, 7, 0};
    uint8_t present[ROWS * UNITS];
    struct setting s;
    fill(y, ROWS * UNITS, 3);
    for (size_t i = 0; i < ROWS; i++) {
        y[i * UNITS + 1] = 7;
        present[i * UNITS] = present[i * UNITS + 1] = 1, present[i * UNITS + 2] = 0;
    }
    for (size_t rows = 1; rows <= ROWS; rows += ROWS - 1) {
        set_up(&s, "lds", "states=8", (bram_mat){y, rows, UNITS, UNITS},
               (bram_mat){t, 2, UNITS, UNITS});
        s.segment[0].y_present = present;
        assert_ok(s.cx, fit(&s, NULL));
        bram_dataset *ds;
        const double *got = ask(&s, &(bram_query){.ask = BRAM_ASK_STEP, .panel = &s.test}, &ds);
        assert_near(got[1], 7, 1e-6);
        assert_near(got[2], 0, 1e-12);
        bram_dataset_free(ds);
        tear_down(&s);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_as_near_as_what_made_the_data),
        cmocka_unit_test(components_equal_scikit_learn),
        cmocka_unit_test(odd_sizes_are_fitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
