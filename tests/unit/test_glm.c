/*
 * The model glm: parameters that made the data come back within their standard errors, intervals
 * hold what they say, stimuli are covariates, densities are Poisson's, odd recordings, couplings as
 * they are named.
 */
#include "internal.h"
#include "linalg.h"
#include "poisson_glm.h"
#include "test.h"

#include <bramble/model.h>
#include <bramble/rng.h>

enum { ROWS = 4000, UNITS = 3 };

struct world {
    bram_ctx *cx;
    bram_axis *unit;
    double y[ROWS * UNITS];
    bram_segment segment;
    bram_panel panel;
};

/* Unit 0 excites unit 1, unit 1 inhibits unit 2; all inhibit themselves; history of one bin. */
static const double bias[UNITS] = {-1, -1.5, -0.5};
static const double weight[UNITS][UNITS] = {{-0.8, 1.2, 0}, {0, -0.5, -1}, {0, 0, -0.6}};

static void make(struct world *w, uint64_t sample)
{
    bram_rng g = bram_rng_at(11, "test/glm", sample);
    w->cx = bram_ctx_new();
    for (size_t t = 0; t < ROWS; t++)
        for (size_t n = 0; n < UNITS; n++) {
            double eta = bias[n];
            for (size_t m = 0; m < UNITS && t; m++) eta += weight[m][n] * w->y[(t - 1) * UNITS + m];
            w->y[t * UNITS + n] = (double)bram_rng_poisson(&g, exp(eta));
        }
    assert_ok(w->cx, bram_axis_new(w->cx, &w->unit, "neuron", UNITS));
    w->segment = (bram_segment){.id = "a", .y = {w->y, ROWS, UNITS, UNITS}, .dt = 0.01};
    w->panel = (bram_panel){.unit = w->unit, .segment = &w->segment, .segments = 1};
}

static void drop(struct world *w)
{
    bram_axis_free(w->unit);
    bram_ctx_free(w->cx);
}

static bram_fitted *fit(struct world *w, const char *spec)
{
    bram_fitted *f = NULL;
    assert_ok(w->cx, bram_fitted_new(w->cx, &f, spec, &w->panel, NULL, 0));
    return f;
}

static void ask(struct world *w, const bram_fitted *f, bram_ask what, const char *name, double *out,
                size_t count)
{
    bram_dataset *answer = NULL;
    bram_query q = {.ask = what, .panel = &w->panel};
    assert_ok(w->cx, bram_fitted_answer(w->cx, &answer, f, &q));
    bram_response *r = bram_dataset_response(answer, name);
    assert_non_null(r);
    assert_int_equal(bram_response_count(r), count);
    memcpy(out, bram_response_f64(r), count * sizeof *out);
    bram_dataset_free(answer);
}

#define FULL_EXP "glm:coupling=full,basis=free,window=1,bumps=1,link=exp,ridge=0"

/* Of all counts, the log density that the model tells. */
static double told(struct world *w, const bram_fitted *f)
{
    static double density[ROWS * UNITS];
    double sum = 0;
    ask(w, f, BRAM_ASK_LOGLIK, "logdensity", density, ROWS * UNITS);
    for (size_t i = UNITS; i < ROWS * UNITS; i++) sum += density[i];
    return sum;
}

/* A stimulus in the same row: the fit of 15 parameters is above the truth on its own rows, by half
 * a chi-square of 15 (above 22 once in 10^4); blind to the stimulus it is far below. */
static void a_stimulus_is_a_covariate(void **state)
{
    (void)state;
    static struct world w;
    static double x[ROWS];
    static const double gain[UNITS] = {0.8, -0.5, 0};
    double truth = 0;
    bram_axis *input = NULL;
    bram_rng g = bram_rng_at(12, "test/glm/stimulus", 0);
    make(&w, 0);
    for (size_t t = 0; t < ROWS; t++) {
        x[t] = bram_rng_normal(&g);
        for (size_t n = 0; n < UNITS; n++) {
            double rate = exp(bias[n] + gain[n] * x[t]), y = (double)bram_rng_poisson(&g, rate);
            w.y[t * UNITS + n] = y;
            if (t) truth += y * log(rate) - rate - lgamma(y + 1);
        }
    }
    bram_fitted *blind = fit(&w, FULL_EXP);
    double without = told(&w, blind);
    assert_ok(w.cx, bram_axis_new(w.cx, &input, "input", 1));
    w.panel.input = input;
    w.segment.x = (bram_mat){x, ROWS, 1, 1};
    bram_fitted *seeing = fit(&w, FULL_EXP);
    double with = told(&w, seeing);
    assert_true(with > truth && with < truth + 22);
    assert_true(without < truth - 300);
    bram_fitted_free(blind);
    bram_fitted_free(seeing);
    bram_axis_free(input);
    drop(&w);
}

/* 95 % intervals by the information at the estimate hold the truth about 95 % of the time: of
 * 20 x 9 weights at least 160 (a binomial of 180 and 0.95 is below that once in 3000). */
static void intervals_hold_what_made_the_data(void **state)
{
    (void)state;
    enum { SAMPLES = 20, M = 1 + UNITS };
    static struct world w;
    size_t inside = 0;
    for (size_t k = 0; k < SAMPLES; k++) {
        make(&w, k);
        bram_mat design, y = bram_mat_rows(w.segment.y, 1, ROWS - 1), information, gradient;
        double theta[M * UNITS] = {0}, at[UNITS * UNITS];
        bram_fitted *f = fit(&w, FULL_EXP);
        ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
        assert_ok(w.cx, bram_mat_new(w.cx, &design, ROWS - 1, M));
        for (size_t t = 1; t < ROWS; t++) {
            bram_row(&design, t - 1)[0] = 1;
            memcpy(bram_row(&design, t - 1) + 1, w.y + (t - 1) * UNITS, UNITS * sizeof(double));
        }
        bram_glm g = {.design = &design, .y = y, .link = BRAM_LINK_EXP};
        bram_mat coefficients = {theta, M, UNITS, UNITS};
        assert_ok(w.cx, bram_glm_fit(w.cx, &coefficients, NULL, &g, 50, 1e-12));
        assert_ok(w.cx, bram_mat_new(w.cx, &information, UNITS * M, M));
        assert_ok(w.cx, bram_mat_new(w.cx, &gradient, M, UNITS));
        assert_ok(w.cx, bram_glm_evaluate(w.cx, &g, &coefficients, NULL, &gradient, &information,
                                          BRAM_OBSERVED));
        for (size_t n = 0; n < UNITS; n++) {
            double one[M * M] = {0};
            bram_mat block = bram_mat_rows(information, n * M, M), inverse = {one, M, M, M};
            for (size_t j = 0; j < M; j++) one[j * M + j] = 1;
            assert_ok(w.cx, bram_cholesky(w.cx, &block));
            assert_ok(w.cx, bram_cholesky_solve(w.cx, &block, &inverse));
            for (size_t m = 0; m < UNITS; m++) {
                double error = sqrt(one[(1 + m) * M + 1 + m]), found = theta[(1 + m) * UNITS + n];
                assert_near(at[m * UNITS + n], found, 1e-6); /* the model's weights are these */
                assert_near(found, weight[m][n], 5 * error);
                inside += fabs(found - weight[m][n]) <= 1.96 * error;
            }
        }
        bram_free(design.data), bram_free(information.data), bram_free(gradient.data);
        bram_fitted_free(f);
        drop(&w);
    }
    assert_in_range(inside, 160, SAMPLES * UNITS * UNITS);
}

static void densities_are_poisson_of_the_means(void **state)
{
    (void)state;
    static struct world w;
    static double mean[ROWS * UNITS], density[ROWS * UNITS];
    make(&w, 0);
    bram_fitted *f = fit(&w, "glm:ridge=1");
    ask(&w, f, BRAM_ASK_STEP, "mean", mean, ROWS * UNITS);
    ask(&w, f, BRAM_ASK_LOGLIK, "logdensity", density, ROWS * UNITS);
    for (size_t i = 0; i < ROWS * UNITS; i++)
        assert_near(density[i], w.y[i] * log(mean[i]) - mean[i] - lgamma(w.y[i] + 1), 1e-12);
    bram_fitted_free(f);
    drop(&w);
}

static void couplings_are_what_they_say(void **state)
{
    (void)state;
    static struct world w;
    double at[UNITS * UNITS];
    make(&w, 0);
    bram_fitted *f = fit(&w, "glm:coupling=own,basis=exp,window=5,ridge=1");
    ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
    for (size_t i = 0; i < UNITS * UNITS; i++) assert_true((at[i] != 0) == (i % (UNITS + 1) == 0));
    bram_fitted_free(f);
    f = fit(&w, "glm:coupling=population,basis=exp,window=5,ridge=1");
    ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
    assert_near(at[1], at[2 * UNITS + 1], 0); /* one weight for all others */
    assert_true(at[1] != at[UNITS + 1]);
    bram_fitted_free(f);
    /* a strong group lasso keeps the two connections that there are and drops those there are not
     */
    f = fit(&w, "glm:coupling=full,basis=free,window=2,bumps=1,link=exp,ridge=0,lasso=60");
    ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
    assert_true(at[0 * UNITS + 1] > 0 && at[1 * UNITS + 2] < 0);
    assert_near(at[0 * UNITS + 2], 0, 0);
    assert_near(at[2 * UNITS + 0], 0, 0);
    bram_fitted_free(f);
    drop(&w);
}

/* Units that excite themselves more than they can hold (bursts of 1, 2, 3, 4, 7, each a stretch of
 * its own, so that no end is seen) run away with an exponential link, but not above 7. */
static void free_runs_stay_within_what_was_counted(void **state)
{
    (void)state;
    enum { STEPS = 20, BURST = 5, BURSTS = 100 };
    static const double burst[BURST] = {1, 2, 3, 4, 7};
    static struct world w;
    bram_segment segment[BURSTS];
    double mean[STEPS * UNITS];
    bram_dataset *answer = NULL;
    make(&w, 0);
    for (size_t t = 0; t < BURSTS * BURST; t++)
        for (size_t n = 0; n < UNITS; n++) w.y[t * UNITS + n] = burst[t % BURST];
    for (size_t s = 0; s < BURSTS; s++) {
        segment[s] = w.segment;
        segment[s].y = (bram_mat){w.y + s * BURST * UNITS, BURST, UNITS, UNITS};
    }
    w.panel.segment = segment, w.panel.segments = BURSTS;
    bram_fitted *f = fit(&w, "glm:coupling=own,basis=free,window=1,bumps=1,link=exp,ridge=0");
    size_t start = BURST; /* behind the 7 */
    bram_query q = {
        .ask = BRAM_ASK_FREE_RUN, .panel = &w.panel, .start = &start, .starts = 1, .steps = STEPS};
    assert_ok(w.cx, bram_fitted_answer(w.cx, &answer, f, &q));
    bram_response *r = bram_dataset_response(answer, "mean");
    assert_int_equal(bram_response_count(r), STEPS * UNITS);
    memcpy(mean, bram_response_f64(r), sizeof mean);
    for (size_t n = 0; n < UNITS; n++) {
        assert_true(mean[n] > 10); /* one step ahead: as the model has it */
        for (size_t h = 1; h < STEPS; h++) assert_near(mean[h * UNITS + n], 7, 0);
    }
    bram_dataset_free(answer);
    bram_fitted_free(f);
    drop(&w);
}

/* A file with the connections 0 -> 1 (2) and 1 -> 2 (-1), and one to nowhere. */
static void write_connectome(struct world *w, const char *path)
{
    static const char *const from[] = {"A", "B", "A"}, *const to[] = {"B", "C", "Z"};
    static const double size[] = {2, -1, 9};
    bram_dataset *ds = NULL;
    bram_axis *layer = NULL;
    assert_ok(w->cx, bram_dataset_new(w->cx, &ds));
    assert_ok(w->cx, bram_axis_new(w->cx, &layer, "chemical", 3));
    assert_ok(w->cx, bram_axis_add_text(w->cx, layer, "from", from));
    assert_ok(w->cx, bram_axis_add_text(w->cx, layer, "to", to));
    assert_ok(w->cx, bram_axis_add_number(w->cx, layer, "weight", size, ""));
    assert_ok(w->cx, bram_dataset_add_table(w->cx, ds, "connectome/made", layer));
    assert_ok(w->cx, bram_dataset_write(w->cx, ds, path, true));
    bram_dataset_free(ds);
}

/* The connections of a file: as narrow means they are the weights, the strongest being `gain`; as
 * classes their signs are those of the weights; and what is wrong is said. */
static void a_connectome_informs_the_weights(void **state)
{
    (void)state;
    static const char *const ids[] = {"A", "B", "C"}, *const other[] = {"X", "Y", "Z"};
    static struct world w;
    char path[256], spec[512];
    double at[UNITS * UNITS];
    bram_fitted *f = NULL;
    test_temporary(path, "connectome.h5");
    make(&w, 0);
    assert_ok(w.cx, bram_axis_set_ids(w.cx, w.unit, ids));
    write_connectome(&w, path);
    const char *base = "hmm-glm:states=1,window=1,link=exp,prior=connectome,connectome=";
    snprintf(spec, sizeof spec, "%s%s:made/chemical,sigma=1e-4,gain=0.8", base, path);
    f = fit(&w, spec);
    ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
    for (size_t m = 0; m < UNITS; m++)
        for (size_t n = 0; n < UNITS; n++) {
            double mean = m == 0 && n == 1 ? 0.8 : m == 1 && n == 2 ? -0.4 : 0;
            assert_near(at[m * UNITS + n], mean, 1e-3);
        }
    bram_fitted_free(f);
    for (int gumbel = 0; gumbel < 2; gumbel++) {
        snprintf(spec, sizeof spec, "%s%s:made/chemical,use=class%s", base, path,
                 gumbel ? ",method=gumbel,steps=300" : "");
        f = fit(&w, spec);
        ask(&w, f, BRAM_ASK_WEIGHTS, "weights", at, UNITS * UNITS);
        assert_true(at[0 * UNITS + 1] > 0.5 && at[1 * UNITS + 2] < -0.5);
        assert_true(fabs(at[0 * UNITS + 2]) < 0.2 && fabs(at[2 * UNITS + 0]) < 0.2);
        bram_fitted_free(f);
    }
    static const struct {
        const char *tail, *words;
        int status;
    } wrong[] = {{":made/gap", "has no table connectome/made/gap", BRAM_EABSENT},
                 {"", "expected FILE.h5:SOURCE/LAYER", BRAM_EUSAGE},
                 {":made/chemical,method=gumbel", "method=gumbel is for classes", BRAM_EUSAGE}};
    for (size_t i = 0; i < 3; i++) {
        snprintf(spec, sizeof spec, "%s%s%s", base, path, wrong[i].tail);
        assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 0), wrong[i].status);
        assert_non_null(strstr(bram_ctx_message(w.cx), wrong[i].words));
    }
    assert_ok(w.cx, bram_axis_set_ids(w.cx, w.unit, other)); /* nobody is in the connectome */
    snprintf(spec, sizeof spec, "%s%s:made/chemical", base, path);
    assert_int_equal(bram_fitted_new(w.cx, &f, spec, &w.panel, NULL, 0), BRAM_ENOTAPPLICABLE);
    unlink(path);
    drop(&w);
}

static void odd_recordings(void **state)
{
    (void)state;
    static const char *const specs[] = {"glm:ridge=1", "glm:ridge=1,link=exp,coupling=full",
                                        "glm:ridge=1,link=sigmoid"};
    static struct world w;
    static double mean[ROWS * UNITS], density[ROWS * UNITS];
    for (size_t rows = 1; rows <= 300; rows += 299)
        for (size_t k = 0; k < 3; k++) {
            make(&w, 0);
            w.segment.y.rows = rows; /* one bin; then a silent, a constant and a loud unit */
            for (size_t t = 0; t < rows; t++)
                w.y[t * UNITS] = 0, w.y[t * UNITS + 1] = 2, w.y[t * UNITS + 2] = t % 2 ? 1e6 : 0;
            bram_fitted *f = fit(&w, specs[k]);
            ask(&w, f, BRAM_ASK_STEP, "mean", mean, rows * UNITS);
            ask(&w, f, BRAM_ASK_LOGLIK, "logdensity", density, rows * UNITS);
            for (size_t i = 0; i < rows * UNITS; i++)
                assert_true(isfinite(mean[i]) && mean[i] > 0 && isfinite(density[i]));
            assert_near(mean[0], 0.5 / (double)(rows > 20 ? rows - 20 : rows), 1e-8);
            bram_fitted_free(f);
            drop(&w);
        }
}

static void what_is_no_count_is_not_applicable(void **state)
{
    (void)state;
    static struct world w;
    bram_fitted *f = NULL;
    make(&w, 0);
    w.y[5] = -1;
    assert_int_equal(bram_fitted_new(w.cx, &f, "glm", &w.panel, NULL, 0), BRAM_ENOTAPPLICABLE);
    w.y[5] = 0.5;
    assert_int_equal(bram_fitted_new(w.cx, &f, "glm:ridge=1", &w.panel, NULL, 0),
                     BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(w.cx), "row 1 of unit 2 is 0.5"));
    w.y[5] = 0;
    assert_int_equal(bram_fitted_new(w.cx, &f, "glm", &w.panel, NULL, 0), BRAM_EUSAGE);
    assert_int_equal(bram_fitted_new(w.cx, &f, "glm:window=3,ridge=1", &w.panel, NULL, 0),
                     BRAM_EUSAGE); /* five bumps in three bins */
    assert_null(f);
    drop(&w);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stimulus_is_a_covariate),
        cmocka_unit_test(intervals_hold_what_made_the_data),
        cmocka_unit_test(densities_are_poisson_of_the_means),
        cmocka_unit_test(couplings_are_what_they_say),
        cmocka_unit_test(free_runs_stay_within_what_was_counted),
        cmocka_unit_test(a_connectome_informs_the_weights),
        cmocka_unit_test(odd_recordings),
        cmocka_unit_test(what_is_no_count_is_not_applicable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
