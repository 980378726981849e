/*
 * Tests of core/cp_fit.c, cp_rank.c and affinity.c: exact factors, errors that never rise, another
 * tool's error, planted factors and their rank with missing fibres, affinities by hand, refusals.
 */
#include "affinity.h"
#include "cp.h"
#include "test.h"

#include <bramble/rng.h>

enum { T = 40, W = 6, P = 15, R = 3 };

struct planted {
    double x[T * W * P], factor[T * R + W * R + P * R], weight[R];
    uint8_t present[W * P];
    bram_cp_data data;
    bram_cp truth;
};

static bram_cp room(double *memory, size_t rank, const size_t dim[3])
{
    return (bram_cp){.rank = rank,
                     .weight = memory,
                     .factor = {memory + rank, memory + rank * (1 + dim[0]),
                                memory + rank * (1 + dim[0] + dim[1])}};
}

/* Three components whose times, animals and pairs overlap; noise is added where it leaves values
 * above 0. */
static void plant(struct planted *d, double noise)
{
    bram_rng g = bram_rng_new(3, "test/cp");
    double *a = d->factor, *b = a + T * R, *c = b + W * R;
    for (size_t t = 0; t < T; t++)
        for (size_t r = 0; r < R; r++) {
            double z = ((double)t - 8 - 11 * (double)r) / 5;
            a[t * R + r] = exp(-z * z / 2);
        }
    for (size_t k = 0; k < W * R; k++) b[k] = 0.3 + bram_rng_uniform(&g);
    for (size_t k = 0; k < P * R; k++) c[k] = fmax(0, bram_rng_normal(&g));
    for (size_t k = 0; k < W * P; k++) d->present[k] = bram_rng_uniform(&g) > 0.2;
    for (size_t t = 0; t < T; t++)
        for (size_t w = 0; w < W; w++)
            for (size_t p = 0; p < P; p++) {
                double v = noise * bram_rng_normal(&g);
                for (size_t r = 0; r < R; r++) v += a[t * R + r] * b[w * R + r] * c[p * R + r];
                d->x[(t * W + w) * P + p] = d->present[w * P + p] ? fmax(0, v) : 0;
            }
    double *m[3] = {a, b, c};
    size_t rows[3] = {T, W, P};
    for (int f = 0; f < 3; f++)
        for (size_t r = 0; r < R; r++) {
            double sum = 0;
            for (size_t i = 0; i < rows[f]; i++) sum += m[f][i * R + r] * m[f][i * R + r];
            for (size_t i = 0; i < rows[f]; i++) m[f][i * R + r] /= sqrt(sum);
        }
    d->data = (bram_cp_data){{T, W, P}, d->x, d->present};
    d->truth = (bram_cp){.rank = R, .weight = d->weight, .factor = {a, b, c}};
}

static const bram_cp_settings usual = {500, 1e-9, 0};

/* u o v o w: rank 1 is found to the last digits, its weight is the product of lengths. */
static void rank_one_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double memory[16], x[2 * 2 * 2];
    const double u[] = {3, 4}, v[] = {1, 0}, w[] = {5, 12};
    for (size_t k = 0; k < 8; k++) x[k] = u[k / 4] * v[k / 2 % 2] * w[k % 2];
    bram_cp_data d = {{2, 2, 2}, x, NULL};
    bram_cp c = room(memory, 1, d.dim);
    assert_ok(cx, bram_cp_fit(cx, &c, &d, &usual, 0, NULL));
    assert_near(c.weight[0], 5 * 13, 1e-12);
    const double expected[] = {0.6, 0.8, 1, 0, 5.0 / 13, 12.0 / 13};
    for (size_t k = 0; k < 6; k++) assert_near(c.factor[0][k], expected[k], 1e-12);
    assert_near(c.error, 0, 1e-7);
    bram_ctx_free(cx);
}

static void the_error_never_rises(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static struct planted d;
    double memory[400], trace[200];
    plant(&d, 0.3);
    for (size_t rank = 1; rank < 6; rank++)
        for (uint64_t start = 0; start < 3; start++) {
            bram_cp c = room(memory, rank, d.data.dim);
            bram_cp_settings o = {200, 0, 0};
            assert_ok(cx, bram_cp_fit(cx, &c, &d.data, &o, start, trace));
            for (size_t k = 1; k < c.iterations; k++)
                assert_true(trace[k] <= trace[k - 1] * (1 + 1e-12));
            assert_near(trace[c.iterations - 1], c.error, 0);
            double sum = 0; /* the error of the factors as they are given */
            double squares = 0;
            for (size_t k = 0; k < T * W * P; k++) {
                if (!d.present[k % (W * P)]) continue;
                double v = d.x[k];
                for (size_t r = 0; r < rank; r++)
                    v -= c.weight[r] * c.factor[0][k / (W * P) * rank + r] *
                         c.factor[1][k / P % W * rank + r] * c.factor[2][k % P * rank + r];
                sum += v * v, squares += d.x[k] * d.x[k];
            }
            assert_near(c.error, sqrt(sum / squares), 1e-9);
        }
    bram_ctx_free(cx);
}

/* tensorly 0.10.0, non_negative_parafac_hals, of x[i][j][k] = ((7 i + 3 j + 5 k + i j k) mod 11),
 * 6 x 5 x 4, rank 3: the least of 20 random starts, 5000 iterations each, tolerance 1e-14. */
static void as_tensorly(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[120], memory[64], least = 1;
    for (size_t k = 0; k < 120; k++) {
        size_t a = k / 20, b = k / 4 % 5, c = k % 4;
        x[k] = (double)((7 * a + 3 * b + 5 * c + a * b * c) % 11);
    }
    bram_cp_data d = {{6, 5, 4}, x, NULL};
    for (uint64_t start = 0; start < 20; start++) {
        bram_cp c = room(memory, 3, d.dim);
        bram_cp_settings o = {5000, 1e-14, 0};
        assert_ok(cx, bram_cp_fit(cx, &c, &d, &o, start, NULL));
        if (c.error < least) least = c.error;
    }
    assert_near(least, 0.45043509914171426, 1e-6);
    bram_ctx_free(cx);
}

static void planted_factors_are_found(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new(), *many = bram_ctx_new();
    static struct planted d;
    double memory[400], error[6], similarity[6], again[6], like[6], alike;
    size_t best[6];
    bram_ctx_set_threads(many, 4);
    plant(&d, 0.05);
    bram_cp_choice choice = {error, similarity, best, 0, 0}, other = {again, like, best, 0, 0};
    assert_ok(cx, bram_cp_choose(cx, &choice, &d.data, &usual, 6, 5, 0.8));
    assert_int_equal(choice.elbow, R);
    assert_int_equal(choice.rank, R);
    assert_true(similarity[R - 1] > 0.99);
    bram_cp c = room(memory, R, d.data.dim);
    assert_ok(cx, bram_cp_fit(cx, &c, &d.data, &usual, best[R - 1], NULL));
    assert_near(c.error, error[R - 1], 0);
    assert_true(c.weight[0] >= c.weight[1] && c.weight[1] >= c.weight[2]);
    assert_ok(cx, bram_cp_similarity(cx, &alike, &c, &d.truth, d.data.dim));
    assert_true(alike > 0.98);
    assert_ok(cx, bram_cp_similarity(cx, &alike, &c, &c, d.data.dim));
    assert_near(alike, 1, 1e-12);
    assert_ok(many, bram_cp_choose(many, &other, &d.data, &usual, 6, 5, 0.8));
    assert_memory_equal(error, again, sizeof error);
    assert_memory_equal(similarity, like, sizeof like);
    bram_ctx_free(cx);
    bram_ctx_free(many);
}

static void odd_arrays(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double memory[64], x[8] = {0};
    uint8_t present[4] = {1, 0, 1, 0};
    bram_cp_data d = {{2, 2, 2}, x, NULL};
    bram_cp c = room(memory, 3, d.dim);
    assert_ok(cx, bram_cp_fit(cx, &c, &d, &usual, 0, NULL)); /* nothing but zeros */
    assert_near(c.error, 0, 0);
    for (size_t k = 0; k < 3; k++) assert_near(c.weight[k], 0, 0);
    x[0] = 2;
    d.present = present; /* the second of the third way is nowhere present: 0, not its start */
    assert_ok(cx, bram_cp_fit(cx, &c, &d, &usual, 0, NULL));
    for (size_t r = 0; r < 3; r++) assert_near(c.factor[2][3 + r], 0, 0);
    assert_near(c.error, 0, 1e-7);
    x[1] = 1;
    assert_int_equal(bram_cp_fit(cx, &c, &d, &usual, 0, NULL), BRAM_ENUMERIC);
    x[1] = 0;
    for (int k = 0; k < 3; k++) {
        x[2] = k == 0 ? -1 : k == 1 ? (double)NAN : (double)INFINITY;
        assert_int_equal(bram_cp_fit(cx, &c, &d, &usual, 0, NULL), BRAM_ENUMERIC);
    }
    x[2] = 0, c.rank = 0;
    assert_int_equal(bram_cp_fit(cx, &c, &d, &usual, 0, NULL), BRAM_ESHAPE);
    bram_cp_choice none = {0};
    assert_int_equal(bram_cp_choose(cx, &none, &d, &usual, 0, 1, 0.8), BRAM_ESHAPE);
    assert_int_equal(bram_cp_choose(cx, &none, &d, &usual, 1, 0, 0.8), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

/* Slopes of 0, 1, 3 about a window of one: 1, 1.5, 2, over the deviation sqrt(14) / 3. */
static void affinities_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, 5, 0, 7, 1, 4, 0, 8, 3, 2, 0, 10}, out[18];
    bram_mat m = {x, 3, 4, 4};
    double scale = 3 / sqrt(14);
    assert_ok(cx, bram_affinity(cx, out, &m, BRAM_AFFINITY_DIFFERENTIAL, 1, 0));
    /* the second falls as the first rises, the third is constant, the fourth is the first plus 7 */
    const double slope[] = {1, 1.5, 2};
    for (size_t t = 0; t < 3; t++)
        for (size_t p = 0; p < 6; p++)
            assert_near(out[t * 6 + p], p == 2 ? slope[t] * scale : 0, 1e-14);
    assert_ok(cx, bram_affinity(cx, out, &m, BRAM_AFFINITY_GAUSSIAN, 1, 2));
    assert_near(out[2], scale, 1e-14);
    double d = scale * (1 + 1), square = 3 * (1 + 2.25 + 4) * scale * scale / 12;
    assert_near(out[0], scale * exp(-d * d / (2 * 4 * square)), 1e-14);
    x[5] = NAN;
    assert_int_equal(bram_affinity(cx, out, &m, BRAM_AFFINITY_GAUSSIAN, 1, 1), BRAM_ENUMERIC);
    x[5] = 4;
    assert_int_equal(bram_affinity(cx, out, &m, BRAM_AFFINITY_GAUSSIAN, 1, 0), BRAM_EUSAGE);
    assert_int_equal(bram_affinity(cx, out, &m, BRAM_AFFINITY_DIFFERENTIAL, 0, 1), BRAM_EUSAGE);
    m.rows = 1;
    assert_int_equal(bram_affinity(cx, out, &m, BRAM_AFFINITY_DIFFERENTIAL, 1, 1), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_one_by_hand), cmocka_unit_test(the_error_never_rises),
        cmocka_unit_test(as_tensorly),      cmocka_unit_test(planted_factors_are_found),
        cmocka_unit_test(odd_arrays),       cmocka_unit_test(affinities_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
