/* Tests of core/ridge.c against scikit-learn and himalaya (ridge_reference.h) and by hand. */
#include "internal.h"
#include "linalg.h"
#include "ridge.h"
#include "ridge_reference.h"
#include "test.h"

struct problem {
    const double *x, *y, *predictions, *least_squares, *coef, *intercept;
    size_t rows, cols, targets, train;
};

static const struct problem tall = {
    tall_x, tall_y, tall_predictions, tall_least_squares, tall_coef10, tall_intercept10, 60, 12,
    5,      45};
static const struct problem wide = {
    wide_x, wide_y, wide_predictions, wide_least_squares, wide_coef10, wide_intercept10, 30, 45,
    4,      22};

static bram_mat view(bram_ctx *cx, const double *data, size_t rows, size_t cols)
{
    bram_mat m;
    assert_ok(cx, bram_mat_scratch(cx, &m, rows, cols));
    memcpy(m.data, data, rows * cols * sizeof *data);
    return m;
}

static void near_relative(double found, double expected, double tolerance)
{
    assert_near(found, expected, tolerance * (1 + fabs(expected)));
}

static void equals_scikit_learn(const struct problem *p)
{
    bram_ctx *cx = bram_ctx_new();
    bram_mat x = view(cx, p->x, p->rows, p->cols), y = view(cx, p->y, p->rows, p->targets);
    bram_mat x_train = bram_mat_rows(x, 0, p->train), y_train = bram_mat_rows(y, 0, p->train);
    bram_mat x_test = bram_mat_rows(x, p->train, 3), a, b, found, weights;
    double mean[5], alpha[5], intercept[5];
    bram_ridge *ridge = NULL;
    assert_ok(cx, bram_ridge_new(cx, &ridge, &x_train));
    size_t rank = bram_ridge_rank(ridge);
    assert_int_equal(rank, p->train < p->cols ? p->train : p->cols);
    assert_ok(cx, bram_mat_scratch(cx, &a, 3, rank));
    assert_ok(cx, bram_mat_scratch(cx, &b, rank, p->targets));
    assert_ok(cx, bram_mat_scratch(cx, &found, 3, p->targets));
    assert_ok(cx, bram_mat_scratch(cx, &weights, p->cols, p->targets));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &y_train));
    assert_ok(cx, bram_ridge_basis(cx, ridge, &a, &x_test));
    for (size_t g = 0; g < 6; g++) {
        for (size_t j = 0; j < p->targets; j++) alpha[j] = reference_alpha[g];
        assert_ok(cx, bram_ridge_predict(cx, ridge, &found, &a, &b, mean, alpha));
        for (size_t i = 0; i < 3 * p->targets; i++)
            near_relative(found.data[i], p->predictions[g * 3 * p->targets + i], 1e-9);
    }
    for (size_t j = 0; j < p->targets; j++) alpha[j] = 0;
    assert_ok(cx, bram_ridge_predict(cx, ridge, &found, &a, &b, mean, alpha));
    for (size_t i = 0; i < 3 * p->targets; i++)
        near_relative(found.data[i], p->least_squares[i], 1e-9);
    for (size_t j = 0; j < p->targets; j++) alpha[j] = 10;
    assert_ok(cx, bram_ridge_weights(cx, ridge, &weights, intercept, &b, mean, alpha));
    for (size_t j = 0; j < p->targets; j++) {
        near_relative(intercept[j], p->intercept[j], 1e-9);
        for (size_t i = 0; i < p->cols; i++)
            near_relative(bram_row(&weights, i)[j], p->coef[j * p->cols + i], 1e-9);
    }
    bram_ridge_free(ridge);
    bram_ctx_free(cx);
}

static void primal_equals_scikit_learn(void **state)
{
    (void)state;
    equals_scikit_learn(&tall);
}

static void dual_equals_scikit_learn(void **state)
{
    (void)state;
    equals_scikit_learn(&wide);
}

static void chosen(const struct problem *p, bram_ridge_score rule, bram_ridge_choice choice,
                   const double *want_alpha, const double *want_score)
{
    bram_ctx *cx = bram_ctx_new();
    bram_ctx_set_threads(cx, 3);
    bram_mat x = view(cx, p->x, p->rows, p->cols), y = view(cx, p->y, p->rows, p->targets);
    bram_mat x_train = bram_mat_rows(x, 0, p->train), y_train = bram_mat_rows(y, 0, p->train);
    double alpha[5], score[5];
    bram_fold *folds = NULL;
    assert_ok(cx, bram_kfold(cx, &folds, p->train, 5));
    assert_ok(cx, bram_ridge_cv(cx, alpha, score, &x_train, &y_train, folds, 5, reference_alpha, 6,
                                rule, choice));
    for (size_t j = 0; j < p->targets; j++) {
        assert_near(alpha[j], want_alpha[j], 0);
        near_relative(score[j], want_score[j], 1e-9);
    }
    bram_free(folds);
    bram_ctx_free(cx);
}

static void choices_equal_himalaya(void **state)
{
    (void)state;
    chosen(&tall, BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL, tall_l2_alpha, tall_l2_score);
    chosen(&wide, BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL, wide_l2_alpha, wide_l2_score);
    chosen(&tall, BRAM_RIDGE_R2, BRAM_RIDGE_LOCAL, tall_r2_alpha, tall_r2_score);
    chosen(&wide, BRAM_RIDGE_R2, BRAM_RIDGE_LOCAL, wide_r2_alpha, wide_r2_score);
    chosen(&tall, BRAM_RIDGE_CORRELATION, BRAM_RIDGE_LOCAL, tall_correlation_alpha,
           tall_correlation_score);
    chosen(&wide, BRAM_RIDGE_CORRELATION, BRAM_RIDGE_LOCAL, wide_correlation_alpha,
           wide_correlation_score);
    chosen(&tall, BRAM_RIDGE_L2, BRAM_RIDGE_GLOBAL, tall_global_alpha_alpha,
           tall_global_alpha_score);
    chosen(&wide, BRAM_RIDGE_L2, BRAM_RIDGE_GLOBAL, wide_global_alpha_alpha,
           wide_global_alpha_score);
    chosen(&tall, BRAM_RIDGE_L2, BRAM_RIDGE_CONSERVATIVE, tall_conservative_alpha,
           tall_conservative_score);
    chosen(&wide, BRAM_RIDGE_L2, BRAM_RIDGE_CONSERVATIVE, wide_conservative_alpha,
           wide_conservative_score);
}

static void by_hand_and_collinear(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* x = -1, 0, 1 and y = 0, 1, 5: slope 5 / (2 + alpha), intercept 2; a second copy of x halves
     * it */
    double x[] = {-1, -1, 0, 0, 1, 1}, y[] = {0, 1, 5}, mean[1], w[2], intercept[1];
    double alpha[] = {3, 0};
    bram_ridge *ridge = NULL;
    bram_mat mx = {x, 3, 2, 2}, my = {y, 3, 1, 1}, mw = {w, 2, 1, 1}, b;
    assert_ok(cx, bram_ridge_new(cx, &ridge, &(bram_mat){x, 3, 1, 2}));
    assert_ok(cx, bram_mat_scratch(cx, &b, 1, 1));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &my));
    assert_ok(cx,
              bram_ridge_weights(cx, ridge, &(bram_mat){w, 1, 1, 1}, intercept, &b, mean, alpha));
    assert_near(w[0], 1, 1e-15);
    assert_near(intercept[0], 2, 1e-15);
    bram_ridge_free(ridge);
    assert_ok(cx, bram_ridge_new(cx, &ridge, &mx));
    assert_ok(cx, bram_mat_scratch(cx, &b, 2, 1));
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &my));
    assert_ok(cx, bram_ridge_weights(cx, ridge, &mw, intercept, &b, mean, alpha + 1));
    assert_near(w[0], 1.25, 1e-14); /* the solution of minimum norm */
    assert_near(w[1], 1.25, 1e-14);
    double negative = -1;
    assert_int_equal(bram_ridge_weights(cx, ridge, &mw, intercept, &b, mean, &negative),
                     BRAM_EUSAGE);
    bram_ridge_free(ridge);
    bram_ctx_free(cx);
}

static void a_constant_target_takes_the_largest_penalty(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double y[45], alpha[1], score[1];
    for (int i = 0; i < 45; i++) y[i] = .1;
    bram_mat x = view(cx, tall_x, 45, 12);
    bram_fold *folds = NULL;
    assert_ok(cx, bram_kfold(cx, &folds, 45, 5));
    assert_ok(cx, bram_ridge_cv(cx, alpha, score, &x, &(bram_mat){y, 45, 1, 1}, folds, 5,
                                reference_alpha, 6, BRAM_RIDGE_R2, BRAM_RIDGE_LOCAL));
    assert_near(alpha[0], 1000, 0);
    assert_near(score[0], 0, 0);
    bram_free(folds);
    bram_ctx_free(cx);
}

static void many_targets_give_the_same_bits_on_any_threads(void **state)
{
    (void)state;
    enum { T = 600 };
    bram_ctx *cx = bram_ctx_new();
    bram_mat x = view(cx, tall_x, 45, 12), y;
    assert_ok(cx, bram_mat_scratch(cx, &y, 45, T));
    for (size_t i = 0; i < 45 * T; i++) y.data[i] = tall_y[i % 223];
    static double alpha[2][T], score[2][T];
    bram_fold *folds = NULL;
    assert_ok(cx, bram_kfold(cx, &folds, 45, 5));
    for (int k = 0; k < 2; k++) {
        bram_ctx_set_threads(cx, k ? 4 : 1);
        assert_ok(cx, bram_ridge_cv(cx, alpha[k], score[k], &x, &y, folds, 5, reference_alpha, 6,
                                    BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL));
    }
    assert_memory_equal(alpha[0], alpha[1], sizeof alpha[0]);
    assert_memory_equal(score[0], score[1], sizeof score[0]);
    bram_free(folds);
    bram_ctx_free(cx);
}

static void folds_are_contiguous(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_fold *folds = NULL;
    assert_ok(cx, bram_kfold(cx, &folds, 22, 5)); /* 5 5 4 4 4 */
    assert_int_equal(folds[1].tests, 5);
    assert_int_equal(folds[2].tests, 4);
    assert_int_equal(folds[2].test[0], 10);
    assert_int_equal(folds[2].trains, 18);
    assert_int_equal(folds[2].train[9], 9);
    assert_int_equal(folds[2].train[10], 14);
    assert_int_equal(folds[4].train[17], 17);
    bram_free(folds);
    assert_int_equal(bram_kfold(cx, &folds, 4, 5), BRAM_EUSAGE);
    assert_int_equal(bram_kfold(cx, &folds, 4, 1), BRAM_EUSAGE);
    assert_int_equal(bram_kfold(cx, &folds, SIZE_MAX, 3), BRAM_ENOMEM);
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double v[] = {1, 2, 3, NAN, 5, 6}, alpha[2], mean[2];
    bram_ridge *ridge = NULL;
    bram_mat bad = {v, 3, 2, 2}, good = {v, 1, 2, 2}, y = {v, 3, 1, 2};
    assert_int_equal(bram_ridge_new(cx, &ridge, &bad), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "column 1"));
    assert_int_equal(bram_ridge_new(cx, &ridge, &(bram_mat){v, 0, 2, 2}), BRAM_ESHAPE);
    assert_null(ridge);
    const size_t train[] = {0, 1}, test[] = {2}, outside[] = {3};
    bram_fold fold = {.train = train, .trains = 2, .test = test, .tests = 1};
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &bad, &y, &fold, 1, reference_alpha, 6, 0, 0),
                     BRAM_ENUMERIC);
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &y, &bad, &fold, 1, reference_alpha, 6, 0, 0),
                     BRAM_ENUMERIC);
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &y, &y, &fold, 0, reference_alpha, 6, 0, 0),
                     BRAM_ESHAPE);
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &y, &y, &fold, 1, reference_alpha, 0, 0, 0),
                     BRAM_EUSAGE);
    fold.test = outside;
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &y, &y, &fold, 1, reference_alpha, 6, 0, 0),
                     BRAM_ESHAPE);
    fold.tests = 0;
    assert_int_equal(bram_ridge_cv(cx, alpha, NULL, &y, &y, &fold, 1, reference_alpha, 6, 0, 0),
                     BRAM_ESHAPE);
    assert_ok(cx, bram_ridge_new(cx, &ridge, &good)); /* one row: nothing but the mean */
    bram_mat b = {v + 4, 1, 1, 1}, target = {v + 2, 1, 1, 1};
    assert_ok(cx, bram_ridge_project(cx, ridge, &b, mean, &target));
    assert_near(mean[0], 3, 0);
    assert_near(v[4], 0, 0);
    assert_int_equal(bram_ridge_project(cx, ridge, &b, mean, &y), BRAM_ESHAPE);
    bram_ridge_free(ridge);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_mat x = view(cx, tall_x, 45, 12), y = view(cx, tall_y, 45, 5);
        bram_fold *folds = NULL;
        double alpha[5] = {42};
        bram_fail_allocation(k, true);
        status = bram_kfold(cx, &folds, 45, 5);
        if (status == BRAM_OK)
            status = bram_ridge_cv(cx, alpha, NULL, &x, &y, folds, 5, reference_alpha, 6,
                                   BRAM_RIDGE_L2, BRAM_RIDGE_LOCAL);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || (status == BRAM_ENOMEM && alpha[0] == 42));
        assert_true(k < 200);
        bram_free(folds);
        bram_ctx_free(cx);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primal_equals_scikit_learn),
        cmocka_unit_test(dual_equals_scikit_learn),
        cmocka_unit_test(choices_equal_himalaya),
        cmocka_unit_test(by_hand_and_collinear),
        cmocka_unit_test(a_constant_target_takes_the_largest_penalty),
        cmocka_unit_test(many_targets_give_the_same_bits_on_any_threads),
        cmocka_unit_test(folds_are_contiguous),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
