/* Tests of benchmarks/identification.c: centroids written out, a choice that must not see. */
#include "identification.h"

#include <bramble/rng.h>

#include "internal.h"
#include "test.h"

enum { S = 4, R = 3, ITEMS = S * R, P = 5 };

static const size_t region[ITEMS] = {0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2},
                    subject[ITEMS] = {0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3};

/* The nearest mean of the others, straight from the vectors. */
static double written_out(ptrdiff_t *assigned, const double *x, size_t items)
{
    double all = 0, right = 0;
    for (size_t i = 0; i < items; i++) {
        double nearest = INFINITY;
        assigned[i] = BRAM_NO_REGION;
        for (size_t r = 0; r < R; r++) {
            double c[P] = {0}, total = 0, d = 0;
            for (size_t j = 0; j < items; j++) {
                if (region[j] != r || subject[j] == subject[i]) continue;
                total++;
                for (size_t k = 0; k < P; k++) c[k] += x[j * P + k];
            }
            if (!(total > 0)) continue;
            for (size_t k = 0; k < P; k++) d += pow(x[i * P + k] - c[k] / total, 2);
            if (d < nearest) nearest = d, assigned[i] = (ptrdiff_t)r;
        }
        all += assigned[i] != BRAM_NO_REGION;
        right += assigned[i] == (ptrdiff_t)region[i];
    }
    return all > 0 ? right / all : NAN;
}

static void make(double *x, double noise, uint64_t sample)
{
    bram_rng g = bram_rng_at(7, "test/identification", sample);
    double centre[R][P];
    for (size_t r = 0; r < R; r++)
        for (size_t k = 0; k < P; k++) centre[r][k] = bram_rng_normal(&g);
    for (size_t i = 0; i < ITEMS; i++)
        for (size_t k = 0; k < P; k++)
            x[i * P + k] = 1e4 + centre[region[i]][k] + noise * bram_rng_normal(&g);
}

static void distances(bram_ctx *cx, double *squares, double *x)
{
    bram_mat m = {x, ITEMS, P, P}, squared = {squares, ITEMS, ITEMS, ITEMS};
    assert_ok(cx, bram_squared_distances(cx, &squared, &m, NULL));
}

static void centroids_from_distances(void **state)
{
    (void)state;
    /* all; a subject without its last region; two subjects; one, with nobody to compare with */
    static const size_t some[] = {ITEMS, ITEMS - 1, 2 * R, R};
    bram_ctx *cx = bram_ctx_new();
    for (size_t trial = 0; trial < 20; trial++)
        for (size_t t = 0; t < sizeof some / sizeof *some; t++) {
            double x[ITEMS * P], squares[ITEMS * ITEMS], accuracy = 7, of_subject[S];
            ptrdiff_t expected[ITEMS], assigned[ITEMS];
            make(x, 1.5, trial);
            distances(cx, squares, x);
            bram_identification d = {some[t], R, (some[t] + R - 1) / R, region, subject};
            bram_mat squared = {squares, ITEMS, ITEMS, ITEMS};
            assert_ok(cx, bram_identify(cx, &accuracy, of_subject, assigned, &d, &squared));
            double right = written_out(expected, x, some[t]), mean = 0;
            for (size_t i = 0; i < some[t]; i++) assert_int_equal(assigned[i], expected[i]);
            if (t == 3) {
                assert_true(isnan(accuracy) && isnan(of_subject[0]));
                continue;
            }
            assert_near(accuracy, right, 1e-15);
            for (size_t s = 0; s < d.subjects; s++) mean += of_subject[s] / (double)d.subjects;
            if (t != 1) assert_near(mean, accuracy, 1e-15);
        }
    bram_ctx_free(cx);
}

/* Columns of weight 0 are not read, others count as often as they say. */
static void weights_of_columns(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, NAN, 1, 3, 5, 1}, w[] = {1, 0, 2}, d[4];
    bram_mat m = {x, 2, 3, 3}, squared = {d, 2, 2, 2};
    assert_ok(cx, bram_squared_distances(cx, &squared, &m, w));
    assert_near(d[1], 9, 0);
    assert_near(d[0], 0, 0);
    x[2] = 3;
    assert_ok(cx, bram_squared_distances(cx, &squared, &m, w));
    assert_near(d[1], 9 + 2 * 4, 1e-14);
    assert_near(d[2], d[1], 0);
    bram_ctx_free(cx);
}

/* Settings of pure noise: the best of many looks good and is not; the nested choice shows that. */
static void a_choice_does_not_see_its_subject(void **state)
{
    (void)state;
    enum { SETTINGS = 40, TRIALS = 20 };
    bram_ctx *cx = bram_ctx_new();
    static double squares[SETTINGS][ITEMS * ITEMS];
    double sum = 0, best = 0;
    for (size_t trial = 0; trial < TRIALS; trial++) {
        bram_mat squared[SETTINGS];
        double accuracy, optimistic, chosen[SETTINGS * S];
        bram_rng g = bram_rng_at(8, "test/identification/noise", trial);
        for (size_t s = 0; s < SETTINGS; s++) {
            double x[ITEMS * P];
            for (size_t k = 0; k < ITEMS * P; k++) x[k] = bram_rng_normal(&g);
            distances(cx, squares[s], x);
            squared[s] = (bram_mat){squares[s], ITEMS, ITEMS, ITEMS};
        }
        bram_identification d = {ITEMS, R, S, region, subject};
        assert_ok(cx, bram_identify_nested(cx, &accuracy, NULL, &optimistic, chosen, &d, squared,
                                           SETTINGS));
        for (size_t s = 0; s < S; s++) {
            double share = 0;
            for (size_t k = 0; k < SETTINGS; k++) share += chosen[k * S + s];
            assert_near(share, 1, 1e-12);
        }
        sum += accuracy / TRIALS, best += optimistic / TRIALS;
    }
    assert_true(best > 0.55);
    /* chance is 1/3; a subject's accuracy has a variance of 2/27, so the mean of 20 x 4 at least
     * as many has a deviation below 0.04 */
    assert_true(fabs(sum - 1.0 / R) < 3 * sqrt(2.0 / 9 / R / (TRIALS * S)));
    bram_ctx_free(cx);
}

static void one_setting_is_no_choice(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[ITEMS * P], squares[ITEMS * ITEMS], plain, nested, optimistic;
    make(x, 1, 3);
    distances(cx, squares, x);
    bram_identification d = {ITEMS, R, S, region, subject};
    bram_mat squared[] = {{squares, ITEMS, ITEMS, ITEMS}, {squares, ITEMS, ITEMS, ITEMS}};
    assert_ok(cx, bram_identify(cx, &plain, NULL, NULL, &d, squared));
    for (size_t n = 1; n <= 2; n++) {
        assert_ok(cx, bram_identify_nested(cx, &nested, NULL, &optimistic, NULL, &d, squared, n));
        assert_near(nested, plain, 1e-15);
        assert_near(optimistic, plain, 0);
    }
    assert_int_equal(bram_identify_nested(cx, &nested, NULL, &optimistic, NULL, &d, squared, 0),
                     BRAM_ESHAPE);
    for (size_t k = 1; k <= 4; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_fail_allocation(k, true);
        int status = bram_identify_nested(own, &nested, NULL, &optimistic, NULL, &d, squared, 2);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_ENOMEM || (k > 1 && status == BRAM_OK));
        bram_ctx_free(own);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centroids_from_distances),
        cmocka_unit_test(weights_of_columns),
        cmocka_unit_test(a_choice_does_not_see_its_subject),
        cmocka_unit_test(one_setting_is_no_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
