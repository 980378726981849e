/*
 * Tests of core/row_space.c: distances of rows stay, and with them the scores of encoding by ridge,
 * least squares and pls; features that are read in blocks from .npy files of either order.
 */
#include "row_space.h"

#include "internal.h"
#include "linalg.h"
#include "npy.h"
#include "test.h"

#include <bramble/metric.h>
#include <bramble/rng.h>

enum { N = 24, P = 90, T = 3 };

static double wide[N * P], units[N * T];

static void make(void)
{
    bram_rng g = bram_rng_new(5, "test/row_space");
    for (size_t k = 0; k < N * P; k++) wide[k] = bram_rng_normal(&g) + 3;
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < T; j++)
            units[i * T + j] = wide[i * P + j] - 0.5 * wide[i * P + 10 + j] + bram_rng_normal(&g);
}

static double distance(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
    return sum;
}

static void score(bram_ctx *cx, const char *spec, const bram_mat *features, double *value)
{
    bram_side model = {.values = *features}, brain = {.values = {units, N, T, T}};
    double *raw = NULL;
    size_t values = 0;
    assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, spec, &model, &brain, NULL));
    assert_int_equal(values, T);
    memcpy(value, raw, T * sizeof *value);
    bram_free(raw);
}

static void distances_and_encoding_stay(void **state)
{
    (void)state;
    static const char *const specs[] = {"encoding:folds=4,alpha=1..1e4", "encoding:folds=4,map=ols",
                                        "encoding:folds=4,map=pls,components=3,score=r2"};
    bram_ctx *cx = bram_ctx_new();
    double space[N * N], before[T], after[T];
    bram_mat x = {wide, N, P, P}, y = {space, N, N, N};
    make();
    assert_ok(cx, bram_row_space(cx, &y, &(bram_targets){.rows = N, .cols = P, .f64 = &x}));
    for (size_t i = 0; i < N; i++) {
        assert_near(space[i * N], 0, 0); /* about their mean, N rows span N - 1 dimensions */
        for (size_t k = 0; k < i; k++)
            assert_near(distance(&wide[i * P], &wide[k * P], P),
                        distance(&space[i * N], &space[k * N], N), 1e-10);
    }
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        score(cx, specs[k], &x, before);
        score(cx, specs[k], &y, after);
        for (size_t u = 0; u < T; u++) assert_near(before[u], after[u], 1e-9);
    }
    wide[3 * P + 7] = NAN;
    assert_int_equal(bram_row_space(cx, &y, &(bram_targets){.rows = N, .cols = P, .f64 = &x}),
                     BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

/* ---- columns of .npy ------------------------------------------------------------------------ */

/* 3 x 2 x 4 numbers 0 .. 23 in C order; in Fortran order the file has them along the first index
 * first. */
static void write_array(const char *path, bool fortran)
{
    char head[128];
    memset(head, ' ', sizeof head);
    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    int n = snprintf(head + 10, 100, "{'descr': '<f4', 'fortran_order': %s, 'shape': (3, 2, 4), }",
                     fortran ? "True" : "False");
    head[10 + n] = ' ', head[127] = '\n';
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(head, 1, sizeof head, f), sizeof head);
    for (int at = 0; at < 24; at++) {
        float value = (float)at;
        if (fortran) value = (float)(at % 3 * 8 + at / 3 % 2 * 4 + at / 6);
        assert_int_equal(fwrite(&value, sizeof value, 1, f), 1);
    }
    fclose(f);
}

static void columns_of_either_order(void **state)
{
    (void)state;
    char path[300];
    test_temporary(path, "columns-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    bram_ctx *cx = bram_ctx_new();
    for (int fortran = 0; fortran < 2; fortran++) {
        bram_npy *a = NULL;
        double got[3 * 8];
        write_array(path, fortran);
        assert_ok(cx, bram_npy_open(cx, &a, path));
        assert_ok(cx, bram_npy_read_columns(cx, a, 0, 8, got));
        for (size_t k = 0; k < 24; k++) assert_near(got[k], (double)k, 0);
        assert_ok(cx, bram_npy_read_columns(cx, a, 3, 2, got));
        for (size_t k = 0; k < 6; k++) assert_near(got[k], (double)(k / 2 * 8 + 3 + k % 2), 0);
        assert_ok(cx, bram_npy_read_columns(cx, a, 8, 0, got));
        assert_int_equal(bram_npy_read_columns(cx, a, 7, 2, got), BRAM_ESHAPE);
        assert_int_equal(bram_npy_read_columns(cx, a, SIZE_MAX, 2, got), BRAM_ESHAPE);
        bram_npy_close(a);
    }
    unlink(path);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_and_encoding_stay),
        cmocka_unit_test(columns_of_either_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
