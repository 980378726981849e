/*
 * Tests of the maps of metrics/encoding.c: Brain-Score's pipeline at c642dbe (5 components, stored
 * splits, its aggregation), partial least squares between recordings of macaque V1 (scikit-learn
 * 1.2.1; Henaff et al. 2021, shared reference file); leave-one-out, kernels and bands against what
 * they must equal; images on both sides of a fold.
 */
#include "henaff.h"
#include "internal.h"
#include "pls.h"
#include "reference_file.h"
#include "ridge_cv.h"

#include <bramble/rng.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *x, size_t n)
{
    double sorted[64];
    memcpy(sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_value);
    return n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Raw values of one fold; r and its units. */
static void encode(bram_ctx *cx, double *r, size_t units, const char *spec, const bram_side *x,
                   const bram_side *y, const bram_fold *fold, size_t folds)
{
    double *raw;
    size_t values;
    bram_comparison settings = {.fold = fold, .folds = folds};
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, spec, x, y, &settings));
    assert_int_equal(values, units);
    memcpy(r, raw, units * sizeof *r);
    bram_free(raw);
}

/* Median over units in each split, mean over splits, their deviation over the root of their number:
 * the score and the error that Brain-Score tells. */
static void brain_score(void **state)
{
    (void)state;
    static const char *const schemes[] = {"shuffle", "stratified"};
    static const char *const maps[][2] = {{"pls5", "encoding:map=pls,components=5,pls=nipals"},
                                          {"ridge1", "encoding:alpha=1"}};
    struct reference r;
    open_reference(&r);
    bram_side x = {.values = reference_table(&r, "inputs/tall/X")};
    bram_side y = {.values = reference_table(&r, "inputs/tall/Y")};
    for (size_t k = 0; k < 4; k++) {
        char path[96];
        double medians[10], mean = 0, square = 0;
        int length = snprintf(path, sizeof path, "brainscore_cv/%s/", schemes[k / 2]);
#define AT(...)                                                                                    \
    (snprintf(path + length, sizeof path - (size_t)length, __VA_ARGS__), (const char *)path)
        bram_mat want = reference_table(&r, AT("%s/r_split_by_neuroid", maps[k % 2][0]));
        for (size_t s = 0; s < 10; s++) {
            bram_fold fold = {0};
            double raw[5];
            fold.train = reference_rows(&r, bram_json_at(reference_at(&r, AT("train")), s),
                                        &fold.trains);
            fold.test = reference_rows(&r, bram_json_at(reference_at(&r, AT("test")), s),
                                       &fold.tests);
            encode(r.cx, raw, 5, maps[k % 2][1], &x, &y, &fold, 1);
            for (size_t u = 0; u < 5; u++) assert_near(raw[u], bram_row(&want, s)[u], 1e-7);
            medians[s] = median(raw, 5);
            mean += medians[s] / 10;
        }
        for (size_t s = 0; s < 10; s++) square += (medians[s] - mean) * (medians[s] - mean) / 10;
        assert_near(mean, reference_number(&r, AT("%s/score", maps[k % 2][0])), 1e-7);
        assert_near(sqrt(square / 10), reference_number(&r, AT("%s/error", maps[k % 2][0])), 1e-7);
        /* its own medians and splits, aggregated: no fit in between */
        bram_mat stored = reference_table(&r, AT("%s/median_per_split", maps[k % 2][0]));
        for (size_t s = 0, at = 0; s < 10; s++, at++)
            assert_near(median(bram_row(&want, s), 5), stored.data[at], 1e-12);
    }
    close_reference(&r);
}

/* ---- recordings ----------------------------------------------------------------------------- */

/* Means over repeats; rows are known by the image shown: the first and the last frame of a movie
 * are the same image in the natural and in the synthetic sequence. */
static bram_side means_of(bram_ctx *cx, const char *path, bram_axis **row)
{
    uint8_t *present;
    size_t repeats;
    bram_side all = henaff_session(cx, path, &present, &repeats), mean = {0};
    size_t units = all.values.cols;
    assert_ok(cx, bram_mat_scratch(cx, &mean.values, HENAFF_IMAGES, units));
    double *count = bram_scratch(cx, HENAFF_IMAGES * units, sizeof *count);
    for (size_t i = 0; i < all.values.rows; i++)
        for (size_t u = 0; u < units; u++) {
            bram_row(&mean.values, i % HENAFF_IMAGES)[u] += bram_row(&all.values, i)[u];
            count[i % HENAFF_IMAGES * units + u] += present[i * units + u];
        }
    for (size_t i = 0; i < HENAFF_IMAGES * units; i++) mean.values.data[i] /= count[i];
    free(present);
    const char *image[HENAFF_IMAGES];
    for (size_t i = 0; i < HENAFF_IMAGES; i++) {
        size_t frame = i % 11, sequence = i / 11 % 20;
        bool shared = frame == 0 || frame == 10;
        char *id = bram_scratch(cx, 32, 1);
        snprintf(id, 32, "%s%zu-%zu",
                 shared    ? ""
                 : i < 220 ? "natural-"
                           : "synthetic-",
                 sequence, frame);
        image[i] = id;
    }
    assert_ok(cx, bram_axis_new(cx, row, "stimulus", HENAFF_IMAGES));
    assert_ok(cx, bram_axis_add_text(cx, *row, "image", image));
    mean.row = *row;
    return mean;
}

static bram_fold fold_of(bram_ctx *cx, size_t number, bool movies)
{
    bram_fold fold = {0};
    size_t *train = bram_scratch(cx, HENAFF_IMAGES, sizeof *train);
    size_t *test = bram_scratch(cx, HENAFF_IMAGES, sizeof *test);
    for (size_t i = 0; i < HENAFF_IMAGES; i++)
        if ((movies ? i / 11 % 10 % 5 : i % 7) == number) test[fold.tests++] = i;
        else train[fold.trains++] = i;
    fold.train = train, fold.test = test;
    return fold;
}

static void from_one_recording_to_another(void **state)
{
    (void)state;
    char from[512], to[512];
    struct reference r;
    double raw[13], *any;
    size_t values;
    test_data(from, "vision/encoding/henaff2021/V1_responses/ay3_u001_image_sequences.mat");
    test_data(to, "vision/encoding/henaff2021/V1_responses/ay4_u001_image_sequences.mat");
    open_reference(&r);
    bram_axis *row[2];
    bram_side x = means_of(r.cx, from, &row[0]), y = means_of(r.cx, to, &row[1]);
    static const char *const maps[][2] = {{"pls5", "encoding:map=pls,components=5,pls=nipals"},
                                          {"ridge100", "encoding:alpha=100"}};
    for (size_t k = 0; k < 2; k++) {
        char path[96];
        double medians[5], mean = 0, square = 0;
        int length = snprintf(path, sizeof path, "real/henaff2021/neural_to_neural/%s/",
                              maps[k][0]);
        bram_mat want = reference_table(&r, AT("r_fold_by_unit"));
        for (size_t f = 0; f < 5; f++) {
            bram_fold fold = fold_of(r.cx, f, true);
            encode(r.cx, raw, 13, maps[k][1], &x, &y, &fold, 1);
            for (size_t u = 0; u < 13; u++) assert_near(raw[u], bram_row(&want, f)[u], 1e-7);
            medians[f] = median(raw, 13);
            mean += medians[f] / 5;
        }
        for (size_t f = 0; f < 5; f++) square += (medians[f] - mean) * (medians[f] - mean) / 5;
        assert_near(mean, reference_number(&r, AT("score")), 1e-7);
        assert_near(sqrt(square / 5), reference_number(&r, AT("error")), 1e-7);
    }
    bram_fold leaky = fold_of(r.cx, 0, false);
    bram_comparison settings = {.fold = &leaky, .folds = 1};
    assert_int_equal(
        bram_metric_score(r.cx, &any, &values, NULL, "encoding:alpha=100", &x, &y, &settings),
        BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(r.cx), "has been seen"));
    encode(r.cx, raw, 13, "encoding:alpha=100,leaks=allow", &x, &y, &leaky, 1);
    bram_axis_free(row[0]);
    bram_axis_free(row[1]);
    close_reference(&r);
}
#undef AT

/* ---- what must be equal --------------------------------------------------------------------- */

enum { N = 40, P = 8, T = 3 };

static void make(double *x, double *y)
{
    bram_rng g = bram_rng_new(12, "test/maps");
    for (size_t i = 0; i < N * P; i++) x[i] = 2 + bram_rng_normal(&g);
    for (size_t i = 0; i < N; i++)
        for (size_t u = 0; u < T; u++)
            y[i * T + u] = x[i * P + u] - x[i * P + u + 3] + bram_rng_normal(&g);
}

static void same(const bram_side *x, const bram_side *y, const char *a, const char *b,
                 double tolerance)
{
    bram_ctx *cx = bram_ctx_new();
    double ra[T], rb[T];
    encode(cx, ra, T, a, x, y, NULL, 0);
    encode(cx, rb, T, b, x, y, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_near(ra[u], rb[u], tolerance);
    bram_ctx_free(cx);
}

static void maps_that_are_the_same_score_the_same(void **state)
{
    (void)state;
    double x[N * P], y[N * T], wide[N * P * P];
    make(x, y);
    bram_side mx = {.values = {x, N, P, P}}, my = {.values = {y, N, T, T}};
    same(&mx, &my, "encoding:map=ols", "encoding:alpha=0", 0);
    same(&mx, &my, "encoding:map=ols", "encoding:map=pls,components=8", 1e-9);
    same(&mx, &my, "encoding:map=ols", "encoding:map=pls,components=8,pls=nipals", 1e-9);
    /* a kernel of degree one is (2 a.b + 1): the one does nothing, the two doubles the penalty */
    same(&mx, &my, "encoding:kernel=polynomial,degree=1,gamma=2,alpha=6", "encoding:alpha=3",
         1e-11);
    same(&mx, &my, "encoding:kernel=polynomial,degree=1,gamma=1", "encoding", 1e-9);
    /* bands of which only equal weights are tried: alpha over 1/2 for each */
    same(&mx, &my, "encoding:map=banded,bands=5+3,draws=1,alpha=4", "encoding:alpha=8", 1e-11);
    /* one band descends to the penalty that is best of all: near the best of a fine grid */
    same(&mx, &my, "encoding:map=banded,bands=8,draws=1,alpha=1..100,descent=100",
         "encoding:alpha=0.1..1000/200", 2e-3);
    /* (a.b)^2 + 2 a.b + 1 is the inner product of all products of two features and the features */
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < P; k++)
            for (size_t l = 0; l < P; l++) wide[(i * P + k) * P + l] = x[i * P + k] * x[i * P + l];
    double joined[N * (P * P + P)];
    for (size_t i = 0; i < N; i++) {
        memcpy(joined + i * (P * P + P), wide + i * P * P, P * P * sizeof *wide);
        for (size_t k = 0; k < P; k++) joined[i * (P * P + P) + P * P + k] = sqrt(2) * x[i * P + k];
    }
    bram_side mj = {.values = {joined, N, P * P + P, P * P + P}};
    bram_ctx *cx = bram_ctx_new();
    double a[T], b[T];
    encode(cx, a, T, "encoding:kernel=polynomial,degree=2,gamma=1,alpha=5", &mx, &my, NULL, 0);
    encode(cx, b, T, "encoding:alpha=5", &mj, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_near(a[u], b[u], 1e-10);
    /* a kernel as narrow as this knows no neighbours, and predicts the mean */
    encode(cx, a, T, "encoding:kernel=rbf,gamma=1e6,alpha=1,constant=zero", &mx, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_near(a[u], 0, 0);
    /* and one as wide as this is linear: exp(-g d) is about 1 - g d */
    encode(cx, a, T, "encoding:kernel=rbf,gamma=1e-7,alpha=2e-6", &mx, &my, NULL, 0);
    encode(cx, b, T, "encoding:alpha=10", &mx, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_near(a[u], b[u], 1e-4);
    bram_ctx_free(cx);
}

/* Chosen by leaving out one row of the training rows: as many inner folds as rows. */
static void leave_one_out_is_as_many_inner_folds(void **state)
{
    (void)state;
    double x[N * P], y[N * T];
    uint8_t present[N * T];
    make(x, y);
    bram_side mx = {.values = {x, N, P, P}}, my = {.values = {y, N, T, T}};
    for (int masked = 0; masked < 2; masked++) {
        same(&mx, &my, "encoding:folds=4,tune=loo", "encoding:folds=4,inner=1000", 1e-11);
        same(&mx, &my, "encoding:folds=4,tune=loo,choice=global",
             "encoding:folds=4,inner=1000,choice=global", 1e-11);
        same(&mx, &my, "encoding:folds=4,tune=loo,kernel=rbf",
             "encoding:folds=4,inner=1000,kernel=rbf", 1e-11);
        same(&mx, &my, "encoding:folds=4,precision=float32", "encoding:folds=4", 1e-11);
        for (size_t i = 0; i < N * T; i++) present[i] = i % 7 != 3;
        my.present = present;
    }
}

/* Two segments of 25 and 15 rows: what is before a segment is zero. */
static void features_of_earlier_rows(void **state)
{
    (void)state;
    double x[N * P], y[N * T], delayed[N * 2 * P];
    int64_t segment[N];
    make(x, y);
    for (size_t i = 0; i < N; i++) {
        segment[i] = i >= 25;
        for (size_t k = 0; k < P; k++) {
            bool has = i >= 2 && segment[i] == segment[i - 2];
            delayed[i * 2 * P + k] = x[i * P + k];
            delayed[i * 2 * P + P + k] = has ? x[(i - 2) * P + k] : 0;
        }
    }
    bram_ctx *cx = bram_ctx_new();
    bram_axis *row;
    double a[T], b[T];
    assert_ok(cx, bram_axis_new(cx, &row, "time", N));
    assert_ok(cx, bram_axis_add_integer(cx, row, "segment", segment));
    bram_side mx = {.values = {x, N, P, P}, .row = row}, my = {.values = {y, N, T, T}};
    bram_side md = {.values = {delayed, N, 2 * P, 2 * P}};
    encode(cx, a, T, "encoding:folds=4,alpha=2,delays=0+2", &mx, &my, NULL, 0);
    encode(cx, b, T, "encoding:folds=4,alpha=2", &md, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_near(a[u], b[u], 0);
    mx.row = NULL; /* without segments row 25 has a past */
    encode(cx, b, T, "encoding:folds=4,alpha=2,delays=0+2", &mx, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_true(a[u] != b[u]);
    bram_axis_free(row);
    bram_ctx_free(cx);
}

/* With the mean of the error put right, r2 is never above it; and by hand. */
static void explained_variance_puts_the_mean_right(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[N * P], y[N * T], r2[T], ev[T], *raw;
    size_t values;
    make(x, y);
    bram_side mx = {.values = {x, N, P, P}}, my = {.values = {y, N, T, T}};
    encode(cx, r2, T, "encoding:folds=4,alpha=1,score=r2", &mx, &my, NULL, 0);
    encode(cx, ev, T, "encoding:folds=4,alpha=1,score=explained-variance", &mx, &my, NULL, 0);
    for (size_t u = 0; u < T; u++) assert_true(ev[u] > r2[u] && ev[u] < 1);
    /* brain 1 2 3 6, model 2 2 5 7: errors -1 0 -2 -1 about -1 give 2, the brain 14 */
    double m[] = {2, 2, 5, 7}, b[] = {1, 2, 3, 6};
    bram_side sm = {.values = {m, 4, 1, 1}}, sb = {.values = {b, 4, 1, 1}};
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, "explained-variance", &sm, &sb, NULL));
    assert_near(raw[0], 1 - 2. / 14, 1e-15);
    bram_free(raw);
    bram_ctx_free(cx);
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "encoding:folds=2,inner=2,alpha=1+10",
        "encoding:folds=2,alpha=1",
        "encoding:folds=2,alpha=1+10,tune=loo",
        "encoding:folds=2,inner=2,alpha=1+10,kernel=rbf,precision=float32",
        "encoding:folds=2,map=pls,components=2",
        "encoding:folds=2,inner=2,map=lasso,alpha=0.1+1",
        "encoding:folds=2,inner=2,map=banded,bands=5+3,draws=2,alpha=1+10",
        "encoding:folds=2,inner=2,map=banded,bands=5+3,draws=2,alpha=1+10,descent=3"};
    double x[N * P], y[N * T];
    make(x, y);
    bram_side mx = {.values = {x, N, P, P}}, my = {.values = {y, N, T, T}};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            bram_ctx *cx = bram_ctx_new();
            double *raw = NULL;
            size_t values = 42;
            bram_fail_allocation(k, true);
            status = bram_metric_score(cx, &raw, &values, NULL, specs[s], &mx, &my, NULL);
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || (status == BRAM_ENOMEM && !raw && values == 42));
            assert_true(k < 1000);
            bram_free(raw);
            bram_ctx_free(cx);
        }
    }
}

static void options_that_do_not_go_together(void **state)
{
    (void)state;
    static const char *const wrong[] = {"encoding:map=banded",
                                        "encoding:bands=5+3",
                                        "encoding:map=banded,bands=5+2",
                                        "encoding:map=banded,bands=5+4",
                                        "encoding:map=pls,kernel=rbf",
                                        "encoding:map=pls,tune=loo",
                                        "encoding:alpha=",
                                        "encoding:descent=3",
                                        "encoding:delays="};
    bram_ctx *cx = bram_ctx_new();
    double x[N * P], y[N * T], *raw = NULL;
    size_t values;
    make(x, y);
    bram_side mx = {.values = {x, N, P, P}}, my = {.values = {y, N, T, T}};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
        if (bram_metric_score(cx, &raw, &values, NULL, wrong[k], &mx, &my, NULL) != BRAM_EUSAGE)
            fail_msg("%s was not refused", wrong[k]);
    assert_null(raw);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brain_score),
        cmocka_unit_test(from_one_recording_to_another),
        cmocka_unit_test(maps_that_are_the_same_score_the_same),
        cmocka_unit_test(leave_one_out_is_as_many_inner_folds),
        cmocka_unit_test(features_of_earlier_rows),
        cmocka_unit_test(explained_variance_puts_the_mean_right),
        cmocka_unit_test(every_failing_allocation_is_reported),
        cmocka_unit_test(options_that_do_not_go_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
