/* Tests of core/linalg.c. Constants by hand, or of identities that hold to rounding. */
#include "internal.h"
#include "linalg.h"
#include "test.h"

static bram_ctx *fresh(void)
{
    bram_linalg_init();
    return bram_ctx_new();
}

/* Numbers without structure, in (-1, 1). */
static void fill(bram_mat *m, unsigned seed)
{
    uint32_t x = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < m->cols; j++) {
            x = x * 1664525u + 1013904223u;
            bram_row(m, i)[j] = (double)(x >> 8) / (double)(1 << 23) - 1;
        }
}

static bram_mat make(bram_ctx *cx, size_t rows, size_t cols, unsigned seed)
{
    bram_mat m;
    assert_ok(cx, bram_mat_scratch(cx, &m, rows, cols));
    fill(&m, seed);
    return m;
}

static double entry(const bram_mat *m, bram_op op, size_t i, size_t j)
{
    return op == BRAM_AS_IS ? bram_row(m, i)[j] : bram_row(m, j)[i];
}

static void products_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, -1, 2, 0, 1}, c[] = {1, 1, 1, 1};
    bram_mat ma = {a, 2, 3, 3}, mb = {b, 3, 2, 2}, mc = {c, 2, 2, 2};
    assert_ok(cx, bram_gemm(cx, &mc, 2, &ma, BRAM_AS_IS, &mb, BRAM_AS_IS, 10));
    /* a b = [-1 7; -1 16] */
    assert_near(c[0], 8, 0);
    assert_near(c[1], 24, 0);
    assert_near(c[2], 8, 0);
    assert_near(c[3], 42, 0);
    assert_ok(cx, bram_syrk(cx, &mc, 1, &ma, BRAM_AS_IS, 0));
    assert_near(c[0], 14, 0);
    assert_near(c[1], 32, 0);
    assert_near(c[2], 32, 0);
    assert_near(c[3], 77, 0);
    double x[] = {1, -1}, y[] = {1, 1, 1};
    assert_ok(cx, bram_gemv(cx, y, 1, &ma, BRAM_TRANSPOSED, x, 1));
    for (int i = 0; i < 3; i++) assert_near(y[i], -2, 0);
    bram_ctx_free(cx);
}

static void products_of_every_shape_equal_plain_sums(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    const size_t shapes[][3] = {{1, 1, 1}, {5, 3, 4}, {300, 7, 520}, {257, 40, 2}, {3, 600, 513}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int ops = 0; ops < 4; ops++) {
            size_t mark = bram_scratch_mark(cx), n = shapes[s][0], k = shapes[s][1],
                   m = shapes[s][2];
            bram_op oa = ops & 1 ? BRAM_TRANSPOSED : BRAM_AS_IS;
            bram_op ob = ops & 2 ? BRAM_TRANSPOSED : BRAM_AS_IS;
            bram_mat a = oa == BRAM_AS_IS ? make(cx, n, k, 1) : make(cx, k, n, 1);
            bram_mat b = ob == BRAM_AS_IS ? make(cx, k, m, 2) : make(cx, m, k, 2);
            bram_mat c = make(cx, n, m, 3), wide = make(cx, n, m + 5, 3);
            bram_mat strided = {wide.data, n, m, wide.stride};
            assert_ok(cx, bram_gemm(cx, &c, 1, &a, oa, &b, ob, 0));
            assert_ok(cx, bram_gemm(cx, &strided, 1, &a, oa, &b, ob, 0));
            bram_mat square = make(cx, n, n, 4);
            assert_ok(cx, bram_syrk(cx, &square, 1, &a, oa, 0));
            for (size_t i = 0; i < n; i += 1 + n / 9) {
                for (size_t j = 0; j < m; j += 1 + m / 9) {
                    double sum = 0;
                    for (size_t t = 0; t < k; t++) sum += entry(&a, oa, i, t) * entry(&b, ob, t, j);
                    assert_near(bram_row(&c, i)[j], sum, 1e-13 * (double)k);
                    assert_near(bram_row(&strided, i)[j], sum, 1e-13 * (double)k);
                }
                for (size_t j = 0; j < n; j += 1 + n / 9) {
                    double sum = 0;
                    for (size_t t = 0; t < k; t++) sum += entry(&a, oa, i, t) * entry(&a, oa, j, t);
                    assert_near(bram_row(&square, i)[j], sum, 1e-13 * (double)k);
                    assert_near(bram_row(&square, i)[j], bram_row(&square, j)[i], 0);
                }
            }
            bram_scratch_release(cx, mark);
        }
    bram_ctx_free(cx);
}

static void any_number_of_threads_gives_the_same_bits(void **state)
{
    (void)state;
    bram_ctx *one = fresh(), *four = fresh();
    bram_ctx_set_threads(four, 4);
    bram_mat a = make(one, 530, 300, 1), b = make(one, 530, 600, 2);
    bram_mat c1 = make(one, 300, 600, 3), c4 = make(one, 300, 600, 4);
    assert_ok(one, bram_gemm(one, &c1, 1, &a, BRAM_TRANSPOSED, &b, BRAM_AS_IS, 0));
    assert_ok(four, bram_gemm(four, &c4, 1, &a, BRAM_TRANSPOSED, &b, BRAM_AS_IS, 0));
    assert_memory_equal(c1.data, c4.data, 300 * 600 * sizeof(double));
    bram_mat s1 = make(one, 530, 530, 5), s4 = make(one, 530, 530, 6);
    assert_ok(one, bram_syrk(one, &s1, 1, &a, BRAM_AS_IS, 0));
    assert_ok(four, bram_syrk(four, &s4, 1, &a, BRAM_AS_IS, 0));
    assert_memory_equal(s1.data, s4.data, 530 * 530 * sizeof(double));
    bram_ctx_free(one);
    bram_ctx_free(four);
}

static void empty_products_scale_the_output(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double c[] = {1, 2, 3, NAN}, none[1] = {0};
    bram_mat mc = {c, 1, 3, 3}, a = {none, 1, 0, 0}, b = {none, 0, 3, 3};
    assert_ok(cx, bram_gemm(cx, &mc, 1, &a, BRAM_AS_IS, &b, BRAM_AS_IS, 2));
    assert_near(c[2], 6, 0);
    bram_mat nan = {c + 3, 1, 1, 1};
    assert_ok(cx, bram_syrk(cx, &nan, 1, &a, BRAM_AS_IS, 0));
    assert_near(c[3], 0, 0);
    bram_mat nothing = {none, 0, 0, 0};
    assert_ok(cx, bram_gemm(cx, &nothing, 1, &nothing, BRAM_AS_IS, &nothing, BRAM_AS_IS, 0));
    assert_ok(cx, bram_cholesky(cx, &nothing));
    assert_ok(cx, bram_eigh(cx, &nothing, none));
    assert_ok(cx, bram_svd(cx, NULL, none, NULL, &nothing));
    bram_ctx_free(cx);
}

static void cholesky_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    /* L = [2 0 0; 1 3 0; -1 2 1]; above the diagonal: rubbish that must stay */
    double a[] = {4, 77, 77, 2, 10, 77, -2, 5, 6}, b[] = {4, 2, 16, 5, 9, 4};
    bram_mat ma = {a, 3, 3, 3}, mb = {b, 3, 2, 2};
    double full[] = {4, 2, -2, 2, 10, 5, -2, 5, 6};
    assert_ok(cx, bram_cholesky(cx, &ma));
    const double factor[] = {2, 77, 77, 1, 3, 77, -1, 2, 1};
    for (int i = 0; i < 9; i++) assert_near(a[i], factor[i], 1e-15);
    double want[6];
    memcpy(want, b, sizeof b);
    assert_ok(cx, bram_cholesky_solve(cx, &ma, &mb));
    for (int i = 0; i < 3; i++)
        for (int c = 0; c < 2; c++) {
            double sum = 0;
            for (int j = 0; j < 3; j++) sum += full[3 * i + j] * b[2 * j + c];
            assert_near(sum, want[2 * i + c], 1e-13);
        }
    bram_ctx_free(cx);
}

static void cholesky_names_the_pivot(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double a[] = {1, 0, 0, 1, 1, 0, 0, 0, 5}; /* the second pivot is 1 - 1 = 0 */
    bram_mat m = {a, 3, 3, 3};
    assert_int_equal(bram_cholesky(cx, &m), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "pivot 1 of 3"));
    double n[] = {1, 0, NAN, 1};
    assert_int_equal(bram_cholesky(cx, &(bram_mat){n, 2, 2, 2}), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "(1, 0)"));
    assert_int_equal(bram_cholesky(cx, &(bram_mat){n, 1, 2, 2}), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void triangular_solves(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double t[] = {2, 5, 3, 4}, b[] = {2, 10};
    bram_mat mt = {t, 2, 2, 2}, mb = {b, 2, 1, 1};
    assert_ok(cx,
              bram_triangular_solve(cx, &mt, false, BRAM_AS_IS, &mb)); /* 2x = 2, 3x + 4y = 10 */
    assert_near(b[0], 1, 0);
    assert_near(b[1], 1.75, 0);
    assert_ok(cx, bram_triangular_solve(cx, &mt, true, BRAM_TRANSPOSED,
                                        &mb)); /* 2x = 1, 5x + 4y = 1.75 */
    assert_near(b[0], .5, 0);
    assert_near(b[1], -.1875, 0);
    t[3] = 0;
    assert_int_equal(bram_triangular_solve(cx, &mt, true, BRAM_AS_IS, &mb), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "entry 1"));
    mb.rows = 1;
    assert_int_equal(bram_triangular_solve(cx, &mt, true, BRAM_AS_IS, &mb), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void eigen_by_hand_and_by_identity(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double a[] = {2, 99, 1, 2}, values[2]; /* 1 and 3, (1, -1) and (1, 1) */
    assert_ok(cx, bram_eigh(cx, &(bram_mat){a, 2, 2, 2}, values));
    assert_near(values[0], 1, 1e-15);
    assert_near(values[1], 3, 1e-15);
    assert_near(fabs(a[0]), sqrt(.5), 1e-15);
    assert_near(a[0] + a[1], 0, 1e-15);
    assert_near(a[2], sqrt(.5), 1e-15);
    assert_near(a[3], sqrt(.5), 1e-15);

    size_t n = 40;
    bram_mat x = make(cx, n, n, 3), s = make(cx, n, n, 4), v = make(cx, n, n, 5),
             back = make(cx, n, n, 6);
    assert_ok(cx, bram_syrk(cx, &s, 1, &x, BRAM_AS_IS, 0));
    memcpy(v.data, s.data, n * n * sizeof(double));
    double *w = bram_scratch(cx, n, sizeof *w);
    assert_ok(cx, bram_eigh(cx, &v, w));
    bram_mat scaled = make(cx, n, n, 7);
    for (size_t k = 0; k < n; k++)
        for (size_t j = 0; j < n; j++) bram_row(&scaled, k)[j] = w[k] * bram_row(&v, k)[j];
    assert_ok(cx, bram_gemm(cx, &back, 1, &v, BRAM_TRANSPOSED, &scaled, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n * n; i++) assert_near(back.data[i], s.data[i], 1e-12);
    double nan[] = {NAN};
    assert_int_equal(bram_eigh(cx, &(bram_mat){nan, 1, 1, 1}, w), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

static void svd_by_hand_and_by_identity(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double d[] = {0, 3, 0, -4, 0, 0}, s[40]; /* singular values 4 and 3 */
    assert_ok(cx, bram_svd(cx, NULL, s, NULL, &(bram_mat){d, 2, 3, 3}));
    assert_near(s[0], 4, 1e-14);
    assert_near(s[1], 3, 1e-14);
    for (int tall = 0; tall < 2; tall++) {
        size_t m = tall ? 30 : 9, n = tall ? 9 : 30, k = 9;
        bram_mat a = make(cx, m, n, 8), u = make(cx, m, k, 1), vt = make(cx, k, n, 1),
                 back = make(cx, m, n, 2);
        assert_ok(cx, bram_svd(cx, &u, s, &vt, &a));
        for (size_t i = 1; i < k; i++) assert_true(s[i] <= s[i - 1]);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < k; j++) bram_row(&u, i)[j] *= s[j];
        assert_ok(cx, bram_gemm(cx, &back, 1, &u, BRAM_AS_IS, &vt, BRAM_AS_IS, 0));
        for (size_t i = 0; i < m * n; i++) assert_near(back.data[i], a.data[i], 1e-13);
    }
    bram_mat small = {d, 1, 1, 1}, a = make(cx, 3, 3, 1);
    assert_int_equal(bram_svd(cx, &small, s, &small, &a), BRAM_ESHAPE);
    a.data[4] = INFINITY;
    assert_int_equal(bram_svd(cx, NULL, s, NULL, &a), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

static void least_squares_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    /* y = 1, 3, 4 at x = 0, 1, 2: slope 3/2, intercept 7/6; second side exact: 2 - x */
    double a[] = {1, 0, 1, 1, 1, 2}, b[] = {1, 2, 3, 1, 4, 0}, x[4] = {9, 9, 9, 9};
    bram_mat ma = {a, 3, 2, 2}, mb = {b, 3, 2, 2}, mx = {x, 2, 2, 2};
    assert_ok(cx, bram_least_squares(cx, &mx, &ma, &mb));
    assert_near(x[0], 7. / 6, 1e-14);
    assert_near(x[1], 2, 1e-14);
    assert_near(x[2], 1.5, 1e-14);
    assert_near(x[3], -1, 1e-14);
    double copy[] = {1, 2, 1, 2, 1, 2};
    assert_int_equal(bram_least_squares(cx, &mx, &(bram_mat){copy, 3, 2, 2}, &mb), BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "column 1"));
    assert_near(x[2], 1.5, 1e-14);
    assert_int_equal(bram_least_squares(cx, &mx, &(bram_mat){a, 1, 2, 2}, &mb), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void bad_shapes_are_refused(void **state)
{
    (void)state;
    bram_ctx *cx = fresh();
    double v[16] = {0};
    bram_mat a = {v, 2, 3, 3}, c = {v + 8, 2, 2, 2}, narrow = {v, 2, 3, 2},
             huge = {v, (size_t)1 << 40, 1, 1};
    assert_int_equal(bram_gemm(cx, &c, 1, &a, BRAM_AS_IS, &a, BRAM_AS_IS, 0), BRAM_ESHAPE);
    assert_int_equal(bram_syrk(cx, &c, 1, &a, BRAM_TRANSPOSED, 0), BRAM_ESHAPE);
    assert_int_equal(bram_gemm(cx, &c, 1, &narrow, BRAM_AS_IS, &a, BRAM_TRANSPOSED, 0),
                     BRAM_ESHAPE);
    assert_int_equal(bram_gemv(cx, v, 1, &huge, BRAM_AS_IS, v, 0), BRAM_ESHAPE);
    bram_mat m;
    assert_int_equal(bram_mat_new(cx, &m, SIZE_MAX, 2), BRAM_ENOMEM);
    assert_int_equal(bram_mat_scratch(cx, &m, SIZE_MAX, 2), BRAM_ENOMEM);
    bram_ctx_free(cx);
}

static void failing_allocations_give_a_status(void **state)
{
    (void)state;
    double a[] = {4, 1, 1, 3}, s[2], u[4], vt[4], copy[4];
    int failures = 0;
    for (size_t k = 1; k < 20; k++) {
        bram_ctx *cx = fresh();
        memcpy(copy, a, sizeof a);
        bram_mat m = {copy, 2, 2, 2}, mu = {u, 2, 2, 2}, mv = {vt, 2, 2, 2};
        bram_fail_allocation(k, true);
        int svd = bram_svd(cx, &mu, s, &mv, &m), qr = bram_least_squares(cx, &mu, &m, &m);
        int eigen = bram_eigh(cx, &m, s);
        bram_fail_allocation(0, false);
        assert_true(svd == BRAM_OK || svd == BRAM_ENOMEM);
        assert_true(qr == BRAM_OK || qr == BRAM_ENOMEM);
        assert_true(eigen == BRAM_OK || eigen == BRAM_ENOMEM);
        failures += svd == BRAM_ENOMEM;
        bram_ctx_free(cx);
        if (svd == BRAM_OK && qr == BRAM_OK && eigen == BRAM_OK) break;
    }
    assert_true(failures > 0);
}

static void blas_is_openblas(void **state)
{
    (void)state;
    assert_true(strlen(bram_blas_core()) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_by_hand),
        cmocka_unit_test(products_of_every_shape_equal_plain_sums),
        cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
        cmocka_unit_test(empty_products_scale_the_output),
        cmocka_unit_test(cholesky_by_hand),
        cmocka_unit_test(cholesky_names_the_pivot),
        cmocka_unit_test(triangular_solves),
        cmocka_unit_test(eigen_by_hand_and_by_identity),
        cmocka_unit_test(svd_by_hand_and_by_identity),
        cmocka_unit_test(least_squares_by_hand),
        cmocka_unit_test(bad_shapes_are_refused),
        cmocka_unit_test(failing_allocations_give_a_status),
        cmocka_unit_test(blas_is_openblas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
