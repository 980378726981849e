/*
 * Tests of metrics/encoding.c and mapping.c. Reference values (file of the shared test data): the
 * Brain-Score pipeline at c642dbe with ridge, alpha 1, on stored splits; and scikit-learn 1.2.1
 * with ridge, alpha 100, from one recording of macaque V1 to another (Henaff et al. 2021).
 */
#include <bramble/rng.h>

#include "internal.h"
#include "json.h"
#include "linalg.h"
#include "matlab.h"
#include "metric_test.h"
#include "ridge.h"

enum { N = 24, P = 6, T = 5 };

struct fixture {
    double x[N * P], y[N * T];
    uint8_t present[N * T];
    bram_side model, brain;
};

static void make(struct fixture *f)
{
    bram_rng g = bram_rng_new(21, "test/encoding");
    for (size_t i = 0; i < N * P; i++) f->x[i] = 5 + bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++)
        for (size_t u = 0; u < T; u++) {
            f->y[i * T + u] = f->x[i * P + u] - f->x[i * P + 5] + bram_rng_normal(&g);
            f->present[i * T + u] = bram_rng_below(&g, 6) > 0;
        }
    f->model = test_side(f->x, N, P, NULL);
    f->brain = test_side(f->y, N, T, NULL);
}

/* Pairs under a comparison with folds and compares under weights. */
static int encode(bram_ctx *cx, double *raw, const char *options, const bram_comparison *c,
                  const double *weight)
{
    const bram_metric *m = bram_metric_find("encoding");
    bram_options *o;
    void *pair;
    size_t values;
    BRAM_TRY(bram_options_new(cx, &o, m->params, options));
    int status = m->pair(cx, &pair, &values, o, c);
    if (status == BRAM_OK) {
        status = m->compare(cx, raw, pair, weight);
        m->release_pair(pair);
    }
    bram_options_free(o);
    return status;
}

/* The score of unit u in one fold by the normal equations of ridge, solved by elimination. */
static double direct(const struct fixture *f, const bram_fold *fold, size_t u, double alpha,
                     const double *times, bool r2)
{
    double mx[P] = {0}, my = 0, n = 0, a[P][P + 1] = {{0}}, w[P], my_test = 0, mp = 0, drawn = 0;
    for (size_t i = 0; i < fold->trains; i++) {
        if (f->brain.present && !f->present[fold->train[i] * T + u]) continue;
        for (size_t k = 0; k < P; k++) mx[k] += f->x[fold->train[i] * P + k];
        my += f->y[fold->train[i] * T + u], n++;
    }
    for (size_t k = 0; k < P; k++) mx[k] /= n;
    my /= n;
    for (size_t i = 0; i < fold->trains; i++) {
        const double *x = f->x + fold->train[i] * P, y = f->y[fold->train[i] * T + u] - my;
        if (f->brain.present && !f->present[fold->train[i] * T + u]) continue;
        for (size_t k = 0; k < P; k++) {
            for (size_t l = 0; l < P; l++) a[k][l] += (x[k] - mx[k]) * (x[l] - mx[l]);
            a[k][P] += (x[k] - mx[k]) * y;
        }
    }
    for (size_t k = 0; k < P; k++) a[k][k] += alpha;
    for (size_t k = 0; k < P; k++)
        for (size_t l = 0; l < P; l++) {
            if (l == k) continue;
            double factor = a[l][k] / a[k][k];
            for (size_t c = k; c <= P; c++) a[l][c] -= factor * a[k][c];
        }
    for (size_t k = 0; k < P; k++) w[k] = a[k][P] / a[k][k];
    double p[N], pp = 0, yy = 0, py = 0, error = 0;
    for (size_t i = 0; i < fold->tests; i++) {
        size_t row = fold->test[i];
        double m = f->brain.present && !f->present[row * T + u] ? 0 : times[row];
        p[i] = my;
        for (size_t k = 0; k < P; k++) p[i] += w[k] * (f->x[row * P + k] - mx[k]);
        drawn += m, mp += m * p[i], my_test += m * f->y[row * T + u];
    }
    for (size_t i = 0; i < fold->tests; i++) {
        size_t row = fold->test[i];
        double m = f->brain.present && !f->present[row * T + u] ? 0 : times[row];
        double dp = p[i] - mp / drawn, y = f->y[row * T + u], dy = y - my_test / drawn;
        pp += m * dp * dp, yy += m * dy * dy, py += m * dp * dy,
            error += m * (y - p[i]) * (y - p[i]);
    }
    return r2 ? 1 - error / yy : py / sqrt(pp * yy);
}

static void one_penalty_equals_the_normal_equations(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    bram_fold *folds;
    double ones[N], raw[T];
    for (size_t i = 0; i < N; i++) ones[i] = 1;
    assert_ok(cx, bram_kfold(cx, &folds, N, 3));
    bram_comparison c = {.model = &f.model, .brain = &f.brain, .fold = folds, .folds = 3};
    for (int masked = 0; masked < 2; masked++) {
        f.brain.present = masked ? f.present : NULL;
        for (int r2 = 0; r2 < 2; r2++) {
            assert_ok(cx, encode(cx, raw, r2 ? "alpha=2,score=r2" : "alpha=2", &c, NULL));
            for (size_t u = 0; u < T; u++) {
                double mean = 0;
                for (size_t k = 0; k < 3; k++) mean += direct(&f, &folds[k], u, 2, ones, r2) / 3;
                assert_near(raw[u], mean, 1e-11);
            }
        }
    }
    bram_free(folds);
    bram_ctx_free(cx);
}

/* Draws of groups that cut across folds, and of whole folds. */
static void weights_are_repeats_of_test_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    f.brain.present = f.present;
    bram_fold *folds;
    uint32_t group[N], whole[N];
    double weight[] = {2, 0, 1, 3}, times[N], raw[T], fold_weight[] = {2, 0, 1};
    for (size_t i = 0; i < N; i++) {
        times[i] = weight[group[i] = (uint32_t)(i % 4)];
        whole[i] = (uint32_t)(i / 8);
    }
    assert_ok(cx, bram_kfold(cx, &folds, N, 3));
    bram_comparison c = {
        .model = &f.model, .brain = &f.brain, .fold = folds, .folds = 3, .groups = {group, 4}};
    assert_ok(cx, encode(cx, raw, "alpha=1", &c, weight));
    for (size_t u = 0; u < T; u++) {
        double sum = 0, shares = 0;
        for (size_t k = 0; k < 3; k++) {
            double there = 0, drawn = 0;
            for (size_t i = 0; i < folds[k].tests; i++) {
                if (!f.present[folds[k].test[i] * T + u]) continue;
                there++, drawn += times[folds[k].test[i]];
            }
            sum += drawn / there * direct(&f, &folds[k], u, 1, times, false);
            shares += drawn / there;
        }
        assert_near(raw[u], sum / shares, 1e-11);
    }
    c.groups = (bram_groups){whole, 3};
    for (size_t i = 0; i < N; i++) times[i] = 1;
    assert_ok(cx, encode(cx, raw, "alpha=1", &c, fold_weight));
    for (size_t u = 0; u < T; u++)
        assert_near(raw[u],
                    (2 * direct(&f, &folds[0], u, 1, times, false) +
                     direct(&f, &folds[2], u, 1, times, false)) /
                        3,
                    1e-11);
    bram_free(folds);
    bram_ctx_free(cx);
}

/* What one would do by hand with the ridge functions: choose, fit, predict. */
static void a_chosen_penalty_is_that_of_the_inner_folds(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    bram_fold *outer, *inner;
    double raw[T], again[T], alpha[T], ones[N], grid[] = {0.1, 1, 10, 100, 1000};
    for (size_t i = 0; i < N; i++) ones[i] = 1;
    assert_ok(cx, bram_kfold(cx, &outer, N, 2));
    assert_ok(cx, bram_kfold(cx, &inner, 12, 4)); /* of rows 0 .. 11: the training rows of fold 1 */
    bram_fold fold = outer[1];
    bram_mat x = bram_mat_rows(f.model.values, 0, 12), y = bram_mat_rows(f.brain.values, 0, 12);
    assert_ok(cx, bram_ridge_cv(cx, alpha, NULL, &x, &y, inner, 4, grid, 5, BRAM_RIDGE_L2,
                                BRAM_RIDGE_LOCAL));
    bram_comparison c = {.model = &f.model, .brain = &f.brain, .fold = &fold, .folds = 1};
    assert_ok(cx, encode(cx, raw, "alpha=0.1..1000,inner=4", &c, NULL));
    for (size_t u = 0; u < T; u++)
        assert_near(raw[u], direct(&f, &fold, u, alpha[u], ones, false), 1e-11);
    fold.inner = inner, fold.inners = 4;
    assert_ok(cx, encode(cx, again, "alpha=0.1..1000,inner=2", &c, NULL));
    for (size_t u = 0; u < T; u++) assert_near(again[u], raw[u], 0);
    uint8_t all[N * T];
    memset(all, 1, sizeof all);
    f.brain.present = all; /* the way of masks, with nothing missing */
    assert_ok(cx, encode(cx, again, "alpha=0.1..1000", &c, NULL));
    for (size_t u = 0; u < T; u++) assert_near(again[u], raw[u], 1e-13);
    bram_free(inner);
    bram_free(outer);
    bram_ctx_free(cx);
}

static void features_are_scaled_by_their_training_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    double plain[T], scaled[T];
    bram_comparison c = {.model = &f.model, .brain = &f.brain};
    assert_ok(cx, encode(cx, plain, "alpha=1,scale=zscore,folds=4", &c, NULL));
    for (size_t i = 0; i < N * P; i++) f.x[i] = 1000 * (double)(i % P + 1) * (f.x[i] - 3);
    assert_ok(cx, encode(cx, scaled, "alpha=1,scale=zscore,folds=4", &c, NULL));
    for (size_t u = 0; u < T; u++) assert_near(scaled[u], plain[u], 1e-12);
    for (size_t i = 0; i < N; i++) f.x[i * P] = .1; /* a constant feature is no division by zero */
    assert_ok(cx, encode(cx, scaled, "alpha=1,scale=zscore,folds=4", &c, NULL));
    for (size_t u = 0; u < T; u++) assert_false(isnan(scaled[u]));
    bram_ctx_free(cx);
}

static void units_that_cannot_be_fitted_are_undefined(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    memset(f.present, 1, sizeof f.present);
    f.brain.present = f.present;
    for (size_t i = 0; i < N; i++) {
        f.present[i * T] = 0;           /* never there */
        f.present[i * T + 1] = i >= 11; /* one training row for the last fold */
        f.y[i * T + 2] = .1;            /* constant */
    }
    double raw[T];
    bram_comparison c = {.model = &f.model, .brain = &f.brain};
    assert_ok(cx, encode(cx, raw, "folds=2", &c, NULL));
    for (size_t u = 0; u < T; u++) assert_int_equal(isnan(raw[u]) != 0, u < 3);
    for (size_t i = 0; i < N * P; i++)
        f.x[i] = 1; /* nothing to predict from: constant predictions */
    assert_ok(cx, encode(cx, raw, "folds=2,constant=zero", &c, NULL));
    assert_near(raw[4], 0, 0);
    assert_ok(cx, encode(cx, raw, "folds=2", &c, NULL));
    assert_true(isnan(raw[4]));
    bram_ctx_free(cx);
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct fixture f;
    make(&f);
    size_t train[] = {0, 1, 2, 3}, test[] = {3, 4, 5};
    double raw[T] = {42};
    bram_fold inner = {.train = test, .trains = 3, .test = train, .tests = 1};
    bram_fold fold = {.id = "a", .train = train, .trains = 4, .test = test, .tests = 3};
    bram_comparison c = {.model = &f.model, .brain = &f.brain, .fold = &fold, .folds = 1};
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "row 3"));
    fold.trains = 3, fold.inner = &inner, fold.inners = 1; /* the inner fold looks at test rows */
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_EUSAGE);
    fold.inners = 0;
    test[2] = N;
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_ESHAPE);
    test[2] = 5;
    c.memory = 200;
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_EMEMORY);
    c.memory = 0;
    fold.tests = 0;
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_ESHAPE);
    fold.tests = 3;
    f.model.present = f.present;
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_ENOTAPPLICABLE);
    f.model.present = NULL;
    volatile int stop = 1;
    bram_ctx_set_cancel(cx, &stop);
    assert_int_equal(encode(cx, raw, NULL, &c, NULL), BRAM_ECANCEL);
    assert_near(raw[0], 42, 0);
    bram_ctx_free(cx);
}

/* ---- the stored splits ---------------------------------------------------------------------- */

static bram_side matrix_of(bram_ctx *cx, const bram_json *rows)
{
    bram_side side = {0};
    for (size_t i = 0; i < bram_json_count(rows); i++) {
        double *row;
        size_t count;
        assert_ok(cx, bram_json_numbers(cx, &row, &count, bram_json_at(rows, i)));
        if (i == 0) assert_ok(cx, bram_mat_new(cx, &side.values, bram_json_count(rows), count));
        memcpy(bram_row(&side.values, i), row, count * sizeof *row);
        bram_free(row);
    }
    return side;
}

static size_t *indices_of(const bram_json *list)
{
    size_t *index = calloc(bram_json_count(list) + 1, sizeof *index);
    for (size_t i = 0; i < bram_json_count(list); i++) {
        int64_t at = -1;
        assert_true(bram_json_integer(bram_json_at(list, i), &at));
        index[i] = (size_t)at;
    }
    return index;
}

static void stored_splits_give_brain_scores_values(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "../reference/encoding_reference.json");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file;
    assert_ok(cx, bram_json_read(cx, &file, path, 0));
    const bram_json *tall = bram_json_get(bram_json_get(file, "inputs"), "tall");
    bram_side x = matrix_of(cx, bram_json_get(tall, "X")),
              y = matrix_of(cx, bram_json_get(tall, "Y"));
    static const char *const schemes[] = {"shuffle", "stratified"};
    for (size_t s = 0; s < 2; s++) {
        const bram_json *scheme = bram_json_get(bram_json_get(file, "brainscore_cv"), schemes[s]);
        const bram_json *trains = bram_json_get(scheme, "train"),
                        *tests = bram_json_get(scheme, "test");
        const bram_json *ridge = bram_json_get(scheme, "ridge1");
        bram_side r = matrix_of(cx, bram_json_get(ridge, "r_split_by_neuroid"));
        assert_int_equal(r.values.rows, 10);
        assert_int_equal(r.values.cols, T);
        bram_fold folds[10];
        size_t *train[10], *test[10];
        double raw[T], mean[T] = {0};
        for (size_t k = 0; k < 10; k++) {
            const bram_json *a = bram_json_at(trains, k), *b = bram_json_at(tests, k);
            train[k] = indices_of(a), test[k] = indices_of(b);
            folds[k] = (bram_fold){.train = train[k],
                                   .trains = bram_json_count(a),
                                   .test = test[k],
                                   .tests = bram_json_count(b)};
            for (size_t u = 0; u < T; u++) mean[u] += bram_row(&r.values, k)[u] / 10;
        }
        bram_comparison c = {.model = &x, .brain = &y, .fold = folds, .folds = 10};
        assert_ok(cx, encode(cx, raw, "alpha=1", &c, NULL));
        for (size_t u = 0; u < T; u++) assert_near(raw[u], mean[u], 1e-11);
        for (size_t k = 0; k < 10; k++) free(train[k]), free(test[k]);
        bram_free(r.values.data);
    }
    bram_free(x.values.data);
    bram_free(y.values.data);
    bram_json_free(file);
    bram_ctx_free(cx);
}

/* ---- from one recording of V1 to another ---------------------------------------------------- */

enum {
    SCALES = 2,
    CATEGORIES = 3,
    MOVIES = 10,
    FRAMES = 11,
    STIMULI = 2 * SCALES * MOVIES * FRAMES
};

/* Means over repeats, missing ones skipped, of natural and synthetic movies at both scales. */
static bram_side session(bram_ctx *cx, const char *path)
{
    bram_matlab *file;
    bram_matlab_value *all, *counts;
    double *x;
    bram_side side = {0};
    assert_ok(cx, bram_matlab_open(cx, &file, path));
    assert_ok(cx, bram_matlab_variable(cx, &all, file, "naturalStruct"));
    assert_ok(cx, bram_matlab_field(cx, &counts, all, "sortedResponses", 0));
    assert_int_equal(bram_matlab_rank(counts), 6);
    size_t units = bram_matlab_dims(counts)[4], repeats = bram_matlab_dims(counts)[5];
    assert_ok(cx, bram_matlab_numbers(cx, &x, counts));
    assert_ok(cx, bram_mat_new(cx, &side.values, STIMULI, units));
    for (size_t row = 0; row < STIMULI; row++) {
        size_t frame = row % FRAMES, movie = row / FRAMES % MOVIES;
        size_t scale = row / FRAMES / MOVIES % SCALES, category = row / FRAMES / MOVIES / SCALES;
        for (size_t u = 0; u < units; u++) {
            double sum = 0, there = 0;
            for (size_t r = 0; r < repeats; r++) {
                size_t at = frame + FRAMES * (u + units * r);
                double count = x[scale + SCALES * (category + CATEGORIES * (movie + MOVIES * at))];
                if (!isnan(count)) sum += count, there++;
            }
            bram_row(&side.values, row)[u] = sum / there;
        }
    }
    bram_free(x);
    bram_matlab_close(file);
    return side;
}

static void one_session_predicts_another(void **state)
{
    (void)state;
    char reference[512], from[512], to[512];
    test_data(reference, "../reference/encoding_reference.json");
    test_data(from, "vision/encoding/henaff2021/V1_responses/ay3_u001_image_sequences.mat");
    test_data(to, "vision/encoding/henaff2021/V1_responses/ay4_u001_image_sequences.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file;
    assert_ok(cx, bram_json_read(cx, &file, reference, 0));
    const bram_json *real = bram_json_get(bram_json_get(file, "real"), "henaff2021");
    const bram_json *ridge = bram_json_get(bram_json_get(real, "neural_to_neural"), "ridge100");
    bram_side r = matrix_of(cx, bram_json_get(ridge, "r_fold_by_unit"));
    bram_side x = session(cx, from), y = session(cx, to);
    assert_int_equal(r.values.cols, y.values.cols);
    double *raw = calloc(y.values.cols, sizeof *raw);
    for (size_t f = 0; f < 5; f++) { /* whole movies are left out: their frames share images */
        size_t train[STIMULI], test[STIMULI];
        bram_fold fold = {.train = train, .test = test};
        for (size_t row = 0; row < STIMULI; row++)
            if (row / FRAMES % MOVIES % 5 == f) test[fold.tests++] = row;
            else train[fold.trains++] = row;
        bram_comparison c = {.model = &x, .brain = &y, .fold = &fold, .folds = 1};
        assert_ok(cx, encode(cx, raw, "alpha=100", &c, NULL));
        for (size_t u = 0; u < y.values.cols; u++)
            assert_near(raw[u], bram_row(&r.values, f)[u], 1e-9);
    }
    free(raw);
    bram_free(r.values.data);
    bram_free(x.values.data);
    bram_free(y.values.data);
    bram_json_free(file);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_penalty_equals_the_normal_equations),
        cmocka_unit_test(weights_are_repeats_of_test_rows),
        cmocka_unit_test(a_chosen_penalty_is_that_of_the_inner_folds),
        cmocka_unit_test(features_are_scaled_by_their_training_rows),
        cmocka_unit_test(units_that_cannot_be_fitted_are_undefined),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(stored_splits_give_brain_scores_values),
        cmocka_unit_test(one_session_predicts_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
