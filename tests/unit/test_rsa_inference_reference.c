/*
 * Pooling, ceilings, bootstraps and tests against rsatoolbox 0.3.2 (f1f83ca); the numbers and every
 * sample it drew are in the shared test data. Where ours differs on purpose, the difference is
 * stated.
 */
#include "matlab.h"
#include "rdm_transform.h"
#include "reference.h"
#include "resample.h"
#include "rsa_inference.h"

enum {
    N = 12,
    PAIRS = N * (N - 1) / 2,
    MODELS = 4,
    SUBJECTS = 6,
    SAMPLES = 25,
    WIDTH = MODELS + 2
};

static bram_mat input(struct reference *r, const char *name)
{
    size_t rows, cols;
    double *values = reference_input(r, name, &rows, &cols);
    return (bram_mat){values, rows, cols, cols};
}

static const bram_json *value_of(struct reference *r, const char *id, const char *key)
{
    const bram_json *value = bram_json_get(reference_case(r, id), "value");
    return key ? bram_json_get(value, key) : value;
}

static void same(const char *id, const double *x, const bram_json *value, double tolerance)
{
    size_t at = 0;
    assert_non_null(value);
    assert_json(id, value, x, &at, tolerance);
}

/* ---- transforms ----------------------------------------------------------------------------- */

static void transforms(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const ties[] = {"average", "min", "max", "dense", "ordinal"};
    static const char *const inputs[] = {"rdms_a", "rdms_a_ties"};
    for (size_t s = 0; s < 2; s++) {
        bram_mat d = input(&r, inputs[s]);
        double out[4 * PAIRS], shifted[4 * PAIRS];
        char id[80];
        for (size_t t = 0; t < 5; t++) {
            for (size_t i = 0; i < 4; i++)
                assert_ok(r.cx, bram_rdm_rank_transform(r.cx, out + i * PAIRS, bram_row(&d, i),
                                                        PAIRS, (bram_rank_ties)t));
            snprintf(id, sizeof id, "transform/rank/%s/%s", ties[t], inputs[s]);
            assert_case(&r, id, out, 4 * PAIRS);
        }
        for (size_t k = 0; k < 4 * PAIRS; k++) shifted[k] = d.data[k] - 0.5;
        bram_rdm_sqrt(out, shifted, 4 * PAIRS);
        snprintf(id, sizeof id, "transform/sqrt/%s", inputs[s]);
        assert_case(&r, id, out, 4 * PAIRS);
        bram_rdm_positive(out, shifted, 4 * PAIRS);
        snprintf(id, sizeof id, "transform/positive/%s", inputs[s]);
        assert_case(&r, id, out, 4 * PAIRS);
        for (size_t i = 0; i < 4; i++)
            assert_ok(r.cx, bram_rdm_minmax(r.cx, out + i * PAIRS, bram_row(&d, i), PAIRS));
        snprintf(id, sizeof id, "transform/minmax/%s", inputs[s]);
        assert_case(&r, id, out, 4 * PAIRS);
        for (size_t k = 0; k < PAIRS; k++) shifted[k] = d.data[k] / 10;
        assert_ok(r.cx, bram_rdm_geotopological(r.cx, out, shifted, PAIRS, 0.2, 0.8));
        snprintf(id, sizeof id, "transform/geotopological_small_exact/%s", inputs[s]);
        assert_case(&r, id, out, PAIRS);
        bram_free(d.data);
    }
    close_reference(&r);
}

/* rsatoolbox takes the quantiles of all RDMs together and, in place, makes 1 of what it has just
 * scaled above the upper quantile. Done like that, its values come out; ours are per RDM. */
static void geotopological_elsewhere(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat d = input(&r, "rdms_a");
    const double limits[2][2] = {{0.2, 0.8}, {0, 0.3}};
    static const char *const ids[] = {"transform/geotopological/rdms_a/0.2-0.8",
                                      "transform/geotopological/rdms_a/0-0.3"};
    for (size_t k = 0; k < 2; k++) {
        double together[4 * PAIRS], ours[4 * PAIRS], furthest = 0;
        assert_ok(r.cx, bram_rdm_geotopological(r.cx, together, d.data, 4 * PAIRS, limits[k][0],
                                                limits[k][1]));
        assert_case(&r, ids[k], together, 4 * PAIRS);
        for (size_t i = 0; i < 4; i++)
            assert_ok(r.cx, bram_rdm_geotopological(r.cx, ours + i * PAIRS, bram_row(&d, i), PAIRS,
                                                    limits[k][0], limits[k][1]));
        for (size_t p = 0; p < 4 * PAIRS; p++)
            furthest = fmax(furthest, fabs(ours[p] - together[p]));
        assert_true(furthest > 0.05);
    }
    bram_free(d.data);
    close_reference(&r);
}

/* ---- pools ---------------------------------------------------------------------------------- */

static const char *const measures[] = {"cosine",   "corr",  "cosine_cov", "corr_cov",
                                       "spearman", "rho-a", "kendall",    "tau-a"};

static void pools(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const inputs[][2] = {{"plain", "rdms_a"}, {"nan", "rdms_a_nan"}};
    for (size_t s = 0; s < 2; s++)
        for (size_t k = 0; k < 8; k++) {
            bram_mat d = input(&r, inputs[s][1]);
            bram_rdm_measure m = {0};
            bram_rdm_set *set;
            double out[PAIRS];
            char id[80];
            assert_true(bram_rdm_comparator_find(measures[k], &m.comparator));
            assert_ok(r.cx, bram_rdm_set_new(r.cx, &set, &m, &d, N));
            assert_ok(r.cx, bram_rdm_pool(r.cx, out, set, BRAM_POOL_RSATOOLBOX, NULL, NULL));
            snprintf(id, sizeof id, "pool/inference/%s/%s", measures[k], inputs[s][0]);
            assert_case(&r, id, out, PAIRS);
            /* what it fits to: our best pool, corr and corr_cov with their least value at 0.01 */
            assert_ok(r.cx, bram_rdm_pool(r.cx, out, set, BRAM_POOL_BEST, NULL, NULL));
            bool shifted = m.comparator == BRAM_COMPARE_CORR ||
                           m.comparator == BRAM_COMPARE_CORR_COV;
            for (size_t p = 0; shifted && p < PAIRS; p++) out[p] += 0.01;
            snprintf(id, sizeof id, "pool/fitting/%s/%s", measures[k], inputs[s][0]);
            assert_case(&r, id, out, PAIRS);
            bram_rdm_set_free(set);
            bram_free(d.data);
        }
    close_reference(&r);
}

/* ---- inference ------------------------------------------------------------------------------ */

static bram_rsa_design design(struct reference *r, const char *measure)
{
    bram_rsa_design d = {.n = N, .level = 0.95, .crossvalidated = true};
    d.models = input(r, "model_rdms"), d.subjects = input(r, "subject_rdms");
    assert_true(bram_rdm_comparator_find(measure, &d.measure.comparator));
    d.pooling = BRAM_POOL_RSATOOLBOX;
    return d;
}

static void release(bram_rsa_design *d)
{
    bram_free(d->models.data);
    bram_free(d->subjects.data);
}

/* Pair p-values as the symmetric table of rsatoolbox, 1 on the diagonal. */
static void square_of(double *out, const double *p)
{
    for (size_t i = 0; i < MODELS; i++) out[i * MODELS + i] = 1;
    for (size_t i = 0; i < MODELS; i++)
        for (size_t j = i + 1; j < MODELS; j++) out[i * MODELS + j] = out[j * MODELS + i] = *p++;
}

static void pairs_of(double *out, const double *square)
{
    for (size_t i = 0; i < MODELS; i++)
        for (size_t j = i + 1; j < MODELS; j++) *out++ = square[i * MODELS + j];
}

static void fixed_and_ceilings(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (size_t k = 0; k < 8; k++) {
        bram_rsa_design d = design(&r, measures[k]);
        bram_rsa_result *found;
        char id[80];
        double ceiling[2], square[MODELS * MODELS], pairs[6];
        assert_ok(r.cx, bram_rsa_infer(r.cx, &found, &d));
        ceiling[0] = found->lower, ceiling[1] = found->upper;
        snprintf(id, sizeof id, "ceiling/leave_one_out/%s", measures[k]);
        assert_case(&r, id, ceiling, 2);
        snprintf(id, sizeof id, "eval_fixed/%s", measures[k]);
        same(id, found->evaluation, value_of(&r, id, "evaluations"), 1e-10);
        same(id, found->value, value_of(&r, id, "means"), 1e-10);
        same(id, found->variance, value_of(&r, id, "model_var"), 1e-10);
        pairs_of(pairs, found->pair_variance);
        same(id, pairs, value_of(&r, id, "diff_var"), 1e-10);
        same(id, found->ceiling_variance, value_of(&r, id, "noise_ceil_var"), 1e-10);
        same(id, ceiling, value_of(&r, id, "noise_ceiling"), 1e-10);
        same(id, found->sem, value_of(&r, id, "sem"), 1e-10);
        same(id, found->zero.t, value_of(&r, id, "p_zero"), 1e-10);
        square_of(square, found->pair.t);
        same(id, square, value_of(&r, id, "p_pairwise"), 1e-10);
        same(id, found->ceiling.t, value_of(&r, id, "p_noise"), 1e-10);
        double interval[2 * MODELS];
        for (size_t i = 0; i < MODELS; i++)
            interval[i] = found->low[i], interval[MODELS + i] = found->high[i];
        same(id, interval, value_of(&r, id, "ci95"), 1e-10);
        assert_near(found->dof, 5, 0);
        assert_near(found->noise, 1 / sqrt(6), 1e-15);
        if (k == 1) { /* signed ranks */
            same(id, found->zero.rank, value_of(&r, "tests/ranksum/corr", "p_zero"), 1e-12);
            square_of(square, found->pair.rank);
            same(id, square, value_of(&r, "tests/ranksum/corr", "p_pairwise"), 1e-12);
            same(id, found->ceiling.rank, value_of(&r, "tests/ranksum/corr", "p_noise"), 1e-12);
        }
        bram_rsa_result_free(found);
        release(&d);
    }
    close_reference(&r);
}

/* Multiplicities of what a sample lists; ones where it lists nothing. */
static void multiplicities(uint32_t *times, size_t n, const bram_json *samples, const char *key)
{
    for (size_t b = 0; b < SAMPLES; b++) {
        const bram_json *drawn = bram_json_get(bram_json_at(samples, b), key);
        size_t count = bram_json_count(drawn);
        for (size_t i = 0; i < n; i++) times[b * n + i] = count == 0;
        for (size_t k = 0; k < count; k++) {
            int64_t at = -1;
            assert_true(bram_json_integer(bram_json_at(drawn, k), &at));
            times[b * n + (size_t)at]++;
        }
    }
}

/* p-values as rsatoolbox takes them: of the mean of the draws, not of the data's value. */
static void hold_tests(struct reference *r, const char *id, const bram_rsa_result *found)
{
    double zero[MODELS], square[MODELS * MODELS], noise[MODELS], interval[2 * MODELS];
    double mean[WIDTH] = {0}; /* of all three ways where there are three */
    for (size_t k = 0; k < SAMPLES * found->ways * WIDTH; k++)
        mean[k % WIDTH] += found->draw[k] / (double)(SAMPLES * found->ways);
    same(id, mean, value_of(r, id, "means"), 1e-10);
    const double t = 2.570581835636314 /* 0.975, 5 degrees */, t11 = 2.200985160082949;
    for (size_t i = 0; i < MODELS; i++) {
        zero[i] = bram_rsa_t_test(mean[i], found->variance[i], found->dof, false);
        for (size_t j = 0; j < MODELS; j++)
            square[i * MODELS + j] = i == j ? 1
                                            : bram_rsa_t_test(mean[i] - mean[j],
                                                              found->pair_variance[i * MODELS + j],
                                                              found->dof, true);
        noise[i] = bram_rsa_t_test(mean[i] - mean[MODELS], found->ceiling_variance[2 * i],
                                   found->dof, true);
        double half = (found->dof > 6 ? t11 : t) * found->sem[i];
        interval[i] = mean[i] - half, interval[MODELS + i] = mean[i] + half;
    }
    same(id, zero, value_of(r, id, "p_zero"), 1e-9);
    same(id, square, value_of(r, id, "p_pairwise"), 1e-9);
    same(id, interval, value_of(r, id, "ci95"), 1e-9);
    if (!strstr(id, "/rdm/")) same(id, noise, value_of(r, id, "p_noise"), 1e-9);
}

static void hold_draw_tests(struct reference *r, const char *id, const bram_rsa_result *found)
{
    double zero[MODELS], square[MODELS * MODELS], draw[MODELS][SAMPLES];
    for (size_t i = 0; i < MODELS; i++)
        for (size_t b = 0; b < SAMPLES; b++) draw[i][b] = found->draw[b * WIDTH + i];
    for (size_t i = 0; i < MODELS; i++) {
        zero[i] = bram_rsa_bootstrap_above_compat(draw[i], SAMPLES);
        for (size_t j = 0; j < MODELS; j++)
            square[i * MODELS + j] =
                i == j ? 1 : bram_rsa_bootstrap_pair_compat(draw[i], draw[j], SAMPLES);
    }
    same(id, zero, value_of(r, id, "p_zero_bootstrap"), 1e-12);
    same(id, square, value_of(r, id, "p_pairwise_bootstrap"), 1e-12);
}

static void bootstraps(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const kinds[] = {"rdm", "pattern", "both", "dual"};
    static const char *const with[] = {"cosine", "corr", "tau-a"};
    for (size_t c = 0; c < 3; c++)
        for (size_t k = 0; k < 4; k++) {
            uint32_t conditions[SAMPLES * N], subjects[SAMPLES * SUBJECTS];
            bram_rsa_design d = design(&r, with[c]);
            bram_rsa_result *found;
            char id[80];
            snprintf(id, sizeof id, "bootstrap/%s/%s", kinds[k], with[c]);
            multiplicities(conditions, N, value_of(&r, id, "samples"), "pattern");
            multiplicities(subjects, SUBJECTS, value_of(&r, id, "samples"), "rdm");
            d.resampling = (bram_rsa_resampling)(k + 1), d.samples = SAMPLES;
            d.condition_draw = conditions, d.subject_draw = subjects;
            assert_ok(r.cx, bram_rsa_infer(r.cx, &found, &d));
            size_t ways = k == 3 ? 3 : 1;
            double evaluation[SAMPLES * MODELS * 3], ceiling[2 * SAMPLES * 3], pairs[6];
            for (size_t b = 0; b < SAMPLES; b++)
                for (size_t w = 0; w < ways; w++) {
                    const double *row = found->draw + (b * ways + w) * WIDTH;
                    for (size_t i = 0; i < MODELS; i++)
                        evaluation[(b * MODELS + i) * ways + w] = row[i];
                    for (size_t i = 0; i < 2; i++)
                        ceiling[(i * SAMPLES + b) * ways + w] = row[MODELS + i];
                }
            same(id, evaluation, value_of(&r, id, "evaluations"), 1e-10);
            same(id, ceiling, value_of(&r, id, "noise_ceiling"), 1e-10);
            if (k < 3) same(id, found->draw_mean, value_of(&r, id, "means"), 1e-10);
            same(id, found->variance, value_of(&r, id, "model_var"), 1e-10);
            pairs_of(pairs, found->pair_variance);
            same(id, pairs, value_of(&r, id, "diff_var"), 1e-10);
            /* with subjects alone rsatoolbox drops the ceilings' variance; ours keeps it */
            if (k) same(id, found->ceiling_variance, value_of(&r, id, "noise_ceil_var"), 1e-10);
            hold_tests(&r, id, found);
            if (k < 3) hold_draw_tests(&r, id, found);
            bram_rsa_result_free(found);
            release(&d);
        }
    close_reference(&r);
}

static double variance_between(const double *cov, size_t n, size_t i, ptrdiff_t j)
{
    if (j < 0) return cov[i * n + i];
    return cov[i * n + i] + cov[(size_t)j * n + (size_t)j] - 2 * cov[i * n + (size_t)j];
}

static void dual_corrections(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat stack = input(&r, "variance_stack"); /* both, subjects, conditions: 5 x 5 each */
    const double *both = stack.data, *subjects = both + 25, *conditions = both + 50;
    static const char *const ids[] = {
        "inference/dual_bootstrap_correction/n_rdm=None,n_pattern=None",
        "inference/dual_bootstrap_correction/n_rdm=8,n_pattern=12"};
    for (size_t k = 0; k < 2; k++) {
        size_t s = k ? 8 : SIZE_MAX, c = k ? 12 : SIZE_MAX;
        double model[3], pair[3], ceiling[6], *at = pair;
        for (size_t i = 0; i < 3; i++) {
            model[i] = bram_dual_variance(variance_between(subjects, 5, i, -1),
                                          variance_between(conditions, 5, i, -1),
                                          variance_between(both, 5, i, -1), s, c);
            for (size_t j = i + 1; j < 5; j++) {
                double v = bram_dual_variance(variance_between(subjects, 5, i, (ptrdiff_t)j),
                                              variance_between(conditions, 5, i, (ptrdiff_t)j),
                                              variance_between(both, 5, i, (ptrdiff_t)j), s, c);
                if (j < 3) *at++ = v;
                else ceiling[2 * i + j - 3] = v;
            }
        }
        same(ids[k], model, value_of(&r, ids[k], "model_var"), 1e-12);
        same(ids[k], pair, value_of(&r, ids[k], "diff_var"), 1e-12);
        same(ids[k], ceiling, value_of(&r, ids[k], "noise_ceil_var"), 1e-12);
    }
    bram_free(stack.data);
    close_reference(&r);
}

static void draws_of_a_bootstrap(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat draws = input(&r, "bootstrap_evaluations"); /* 50 x 4 */
    double column[MODELS][50], zero[MODELS], square[MODELS * MODELS];
    for (size_t b = 0; b < 50; b++)
        for (size_t i = 0; i < MODELS; i++) column[i][b] = bram_row(&draws, b)[i];
    for (size_t i = 0; i < MODELS; i++) {
        zero[i] = bram_rsa_bootstrap_above_compat(column[i], 50);
        for (size_t j = 0; j < MODELS; j++)
            square[i * MODELS + j] = i == j
                                         ? 1
                                         : bram_rsa_bootstrap_pair_compat(column[i], column[j], 50);
    }
    assert_case(&r, "tests/bootstrap_zero", zero, MODELS);
    assert_case(&r, "tests/bootstrap_pair", square, MODELS * MODELS);
    /* ours counts the observed sample as a draw, and so never exceeds 1 */
    assert_near(bram_rsa_bootstrap_above(column[3], 50), (0.84 * 50) / 51, 1e-12);
    bram_free(draws.data);
    close_reference(&r);
}

/* ---- the 92 images -------------------------------------------------------------------------- */

enum { IMAGES = 92, IMAGE_PAIRS = IMAGES * (IMAGES - 1) / 2, PEOPLE = 4, IMAGE_MODELS = 8 };

/* Adds share times the RDM of an element of a struct array, a square matrix, to its pairs. */
static void add_rdm(bram_ctx *cx, double *pairs, bram_matlab_value *rdms, size_t element,
                    double share)
{
    bram_matlab_value *field;
    double *square;
    assert_ok(cx, bram_matlab_field(cx, &field, rdms, "RDM", element));
    assert_int_equal(bram_matlab_count(field), IMAGES * IMAGES);
    assert_ok(cx, bram_matlab_numbers(cx, &square, field));
    for (size_t i = 0; i < IMAGES; i++)
        for (size_t j = i + 1; j < IMAGES; j++) *pairs++ += share * square[i * IMAGES + j];
    bram_free(square);
}

/* Human IT of four people (Kriegeskorte et al. 2008), the mean of two sessions each, and models;
 * rsatoolbox's figures to six digits. */
static void human_it(void **state)
{
    (void)state;
    char brains_path[512], models_path[512];
    test_data(brains_path, "vision/rsa/rsatoolbox/92imageData/92_brainRDMs.mat");
    test_data(models_path, "vision/rsa/rsatoolbox/92imageData/92_modelRDMs.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *brains, *models;
    bram_matlab_value *rdms;
    double *subject = calloc(PEOPLE * IMAGE_PAIRS, sizeof *subject);
    double *model = calloc(IMAGE_MODELS * IMAGE_PAIRS, sizeof *model);
    assert_ok(cx, bram_matlab_open(cx, &brains, brains_path));
    assert_ok(cx, bram_matlab_variable(cx, &rdms, brains, "RDMs"));
    for (size_t e = 0; e < 2 * PEOPLE; e++) /* subjects first, then the second session */
        add_rdm(cx, subject + e % PEOPLE * IMAGE_PAIRS, rdms, e, 0.5);
    assert_ok(cx, bram_matlab_open(cx, &models, models_path));
    assert_ok(cx, bram_matlab_variable(cx, &rdms, models, "Models"));
    for (size_t m = 0; m < IMAGE_MODELS; m++) add_rdm(cx, model + m * IMAGE_PAIRS, rdms, m, 1);
    static const struct {
        bram_rdm_comparator with;
        double lower, upper, value[IMAGE_MODELS];
    } expected[] = {
        {BRAM_COMPARE_CORR,
         0.394410,
         0.680413,
         {0.387142, 0.281614, 0.333537, 0.259091, 0.152076, 0.024999, 0.115889, 0.036525}},
        {BRAM_COMPARE_TAU_A,
         0.253944,
         0.476654,
         {0.223028, 0.136915, 0.200864, 0.166116, 0.107260, 0.017927, 0.064688, 0.025876}},
        {BRAM_COMPARE_SPEARMAN,
         NAN,
         NAN,
         {0.386220, 0.276596, 0.296324, 0.245389, 0.159868, 0.026514, 0.096570, 0.038094}},
        {BRAM_COMPARE_COSINE_COV, 0.664685, 0.817319, {NAN}}};
    for (size_t k = 0; k < 4; k++) {
        bram_rsa_design d = {.measure = {.comparator = expected[k].with},
                             .n = IMAGES,
                             .models = {model, IMAGE_MODELS, IMAGE_PAIRS, IMAGE_PAIRS},
                             .subjects = {subject, PEOPLE, IMAGE_PAIRS, IMAGE_PAIRS},
                             .pooling = BRAM_POOL_RSATOOLBOX,
                             .level = 0.95};
        bram_rsa_result *r;
        assert_ok(cx, bram_rsa_infer(cx, &r, &d));
        if (!isnan(expected[k].lower)) assert_near(r->lower, expected[k].lower, 6e-7);
        if (!isnan(expected[k].upper)) assert_near(r->upper, expected[k].upper, 6e-7);
        for (size_t m = 0; m < IMAGE_MODELS && !isnan(expected[k].value[0]); m++)
            assert_near(r->value[m], expected[k].value[m], 6e-7);
        bram_rsa_result_free(r);
    }
    free(subject);
    free(model);
    bram_matlab_close(brains);
    bram_matlab_close(models);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms),
        cmocka_unit_test(geotopological_elsewhere),
        cmocka_unit_test(pools),
        cmocka_unit_test(fixed_and_ceilings),
        cmocka_unit_test(bootstraps),
        cmocka_unit_test(dual_corrections),
        cmocka_unit_test(draws_of_a_bootstrap),
        cmocka_unit_test(human_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
