/*
 * Tests of core/factor_analysis.c and of the models fa and pca-ar: factor analysis against
 * scikit-learn (baselines_reference.json) and by hand; a rotation is forecast without error,
 * held-out units are told from factors, and densities of rows are those of the joint normal.
 */
#include "baselines_reference.h"
#include "factor_analysis.h"

#include <bramble/model.h>
#include <bramble/rng.h>

/* ---- factor analysis ------------------------------------------------------------------------ */

static void as_scikit_learn(void **state)
{
    (void)state;
    enum { ROWS = 80, UNITS = 5, FACTORS = 2 };
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "factor_analysis"), *out = bram_json_get(c, "out");
    double *x = reference_values(&r, bram_json_get(bram_json_get(c, "in"), "X"), ROWS * UNITS);
    double mean[UNITS] = {0}, product[UNITS * UNITS] = {0}, loading[UNITS * FACTORS];
    double noise[UNITS], gram[UNITS * UNITS] = {0}, loglik = 0;
    uint8_t seen[UNITS] = {1, 1, 1, 1, 1};
    for (size_t i = 0; i < ROWS * UNITS; i++) mean[i % UNITS] += x[i] / ROWS;
    for (size_t t = 0; t < ROWS; t++)
        for (size_t i = 0; i < UNITS; i++)
            for (size_t j = 0; j < UNITS; j++)
                product[i * UNITS + j] += (x[t * UNITS + i] - mean[i]) *
                                          (x[t * UNITS + j] - mean[j]) / ROWS;
    bram_mat l = {loading, UNITS, FACTORS, FACTORS}, s = {product, UNITS, UNITS, UNITS};
    assert_ok(r.cx, bram_factor_analysis(r.cx, &l, noise, &s, 100000, 1e-14));
    for (size_t i = 0; i < UNITS; i++)
        for (size_t j = 0; j < UNITS; j++)
            for (size_t k = 0; k < FACTORS; k++)
                gram[i * UNITS + j] += loading[i * FACTORS + k] * loading[j * FACTORS + k];
    double *expected = reference_values(&r, bram_json_get(out, "loadings_gram"), UNITS * UNITS);
    assert_all_near("loadings", gram, expected, UNITS * UNITS, 1e-5);
    assert_all_near("noise", noise, reference_values(&r, bram_json_get(out, "noise"), UNITS), UNITS,
                    1e-5);
    bram_factor_filter f;
    assert_ok(r.cx, bram_factor_filter_new(r.cx, &f, &l, mean, noise));
    for (size_t t = 0; t < ROWS; t++) {
        double one;
        assert_ok(r.cx, bram_factor_infer(r.cx, &f, x + t * UNITS, seen, &one));
        loglik += one / ROWS;
    }
    assert_near(loglik, reference_number(bram_json_get(out, "mean_loglik")), 1e-6);
    close_reference(&r);
}

/* Two units, one factor: L = (2, 1), psi = (1, 1), so the covariance is (5 2; 2 2). */
static void by_hand(void **state)
{
    (void)state;
    double loading[] = {2, 1}, mean[] = {10, 20}, noise[] = {1, 1}, y[] = {13, NAN}, loglik;
    const uint8_t first[] = {1, 0}, none[] = {0, 0}, both[] = {1, 1};
    bram_ctx *cx = bram_ctx_new();
    bram_mat l = {loading, 2, 1, 1};
    bram_factor_filter f;
    assert_ok(cx, bram_factor_filter_new(cx, &f, &l, mean, noise));
    assert_ok(cx, bram_factor_infer(cx, &f, y, first, &loglik));
    assert_near(f.factor.data[0], 2.0 * 3 / 5, 1e-15); /* regression on the first unit */
    assert_near(loglik, -(log(2 * acos(-1) * 5) + 9.0 / 5) / 2, 1e-14);
    assert_ok(cx, bram_factor_infer(cx, &f, y, none, &loglik));
    assert_near(f.factor.data[0], 0, 0);
    assert_near(loglik, 0, 1e-15);
    y[1] = 22; /* d = (3, 2): d' S^-1 d = (2 9 - 4 6 + 5 4) / 6 */
    assert_ok(cx, bram_factor_infer(cx, &f, y, both, &loglik));
    assert_near(loglik, -(2 * log(2 * acos(-1)) + log(6) + 14.0 / 6) / 2, 1e-14);
    assert_int_equal(bram_factor_infer(cx, &f, (double[]){NAN, 0}, both, &loglik), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

static void degenerate_covariances(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double zero[4] = {0}, loading[2] = {7, 7}, noise[2], odd[4] = {NAN, 0, 0, 1};
    bram_mat l = {loading, 2, 1, 1};
    assert_ok(cx, bram_factor_analysis(cx, &l, noise, &(bram_mat){zero, 2, 2, 2}, 10, 1e-9));
    for (int i = 0; i < 2; i++) {
        assert_near(loading[i], 0, 1e-9);
        assert_true(noise[i] > 0 && noise[i] < 1e-9);
    }
    assert_int_equal(bram_factor_analysis(cx, &l, noise, &(bram_mat){odd, 2, 2, 2}, 10, 1e-9),
                     BRAM_ENUMERIC);
    bram_mat many = {loading, 1, 2, 2};
    assert_int_equal(bram_factor_analysis(cx, &many, noise, &(bram_mat){zero, 1, 1, 2}, 10, 1e-9),
                     BRAM_ESHAPE);
    bram_ctx_free(cx);
}

/* ---- the models ----------------------------------------------------------------------------- */

enum { TIMES = 300, WIDE = 4 };

struct world {
    bram_ctx *cx;
    bram_axis *unit;
    double y[TIMES * WIDE];
    bram_segment segment[2];
    bram_panel train, validation;
};

static void make(struct world *w)
{
    w->cx = bram_ctx_new();
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", WIDE));
    assert_ok(w->cx, bram_axis_set_ids(w->cx, w->unit, (const char *[]){"a", "b", "c", "d"}));
    w->segment[0] = (bram_segment){.id = "s", .y = {w->y, 200, WIDE, WIDE}, .dt = 1};
    w->segment[1] = (bram_segment){
        .id = "t", .y = {w->y + 200 * WIDE, TIMES - 200, WIDE, WIDE}, .dt = 1};
    w->train = (bram_panel){.unit = w->unit, .segment = w->segment, .segments = 1};
    w->validation = (bram_panel){.unit = w->unit, .segment = w->segment + 1, .segments = 1};
}

static void ask(struct world *w, const char *spec, bram_query q, double *mean, size_t rows)
{
    bram_fitted *f = NULL;
    bram_dataset *answer = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->train, &w->validation, 0));
    q.panel = &w->validation;
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    const bram_response *r = bram_dataset_response(answer, "mean");
    assert_ok(w->cx,
              bram_response_read(w->cx, r, (size_t[]){0, 0}, (size_t[]){rows, WIDE}, mean, NULL));
    bram_dataset_free(answer);
    bram_fitted_free(f);
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_ctx_free(w->cx);
}

/* Four mixtures of a sine and a cosine: two components, which one row of history foretells. */
static void a_rotation_is_forecast(void **state)
{
    (void)state;
    struct world w;
    double mean[(TIMES - 200) * WIDE];
    make(&w);
    for (size_t t = 0; t < TIMES; t++)
        for (size_t i = 0; i < WIDE; i++)
            w.y[t * WIDE + i] = 5 + cos(0.3 * (double)t + (double)i) * (double)(i + 1);
    ask(&w, "pca-ar:components=1+2,lags=1,ridge=0", (bram_query){.ask = BRAM_ASK_STEP}, mean,
        TIMES - 200);
    for (size_t k = WIDE; k < (TIMES - 200) * WIDE; k++)
        assert_near(mean[k], w.y[200 * WIDE + k], 1e-9);
    drop(&w);
}

/* One factor and little noise: the held-out unit follows from the others. */
static void held_out_units_follow(void **state)
{
    (void)state;
    struct world w;
    bram_rng g = bram_rng_new(1, "test/factors");
    const uint8_t held_out[WIDE] = {0, 0, 1, 0};
    double mean[(TIMES - 200) * WIDE], error = 0;
    make(&w);
    for (size_t t = 0; t < TIMES; t++) {
        double factor = bram_rng_normal(&g);
        for (size_t i = 0; i < WIDE; i++)
            w.y[t * WIDE + i] = 2 + factor * (double)(i + 1) + 0.1 * bram_rng_normal(&g);
    }
    ask(&w, "fa:factors=1+2", (bram_query){.ask = BRAM_ASK_COSMOOTH, .held_out = held_out}, mean,
        TIMES - 200);
    for (size_t t = 0; t < TIMES - 200; t++)
        error += pow(mean[t * WIDE + 2] - w.y[(200 + t) * WIDE + 2], 2) / (TIMES - 200);
    /* own noise 0.01, and 9 times that of the factor given three units: 9 * 0.01 / 21 */
    assert_true(error > 0.007 && error < 0.025);
    drop(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_scikit_learn),        cmocka_unit_test(by_hand),
        cmocka_unit_test(degenerate_covariances), cmocka_unit_test(a_rotation_is_forecast),
        cmocka_unit_test(held_out_units_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
