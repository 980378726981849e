/*
 * Tests of core/classifier.c: numbers of scikit-learn 1.9.1 for a table of whole numbers (its
 * columns scaled by their deviations first, equal priors and balanced weights), classes without
 * rows, columns that do not vary, what is refused; the choice of a penalty; the network of mlp.h.
 */
#include "classifier.h"
#include "mlp.h"

#include "internal.h"
#include "linalg.h"
#include "test.h"

enum { N = 24, P = 4, K = 3, T = 6 };

static double train[N * P], asked[T * P];
static size_t label[N];

static void make(void)
{
    for (int i = 0; i < N; i++) label[i] = i < 6 ? 0 : i < 14 ? 1 : 2;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < P; j++)
            train[i * P + j] = (7 * i * i + 11 * i * j + 5 * j * j + 3 * i) % 17 +
                               (j < 2 ? 3 : -2) * (int)label[i];
    for (int i = 0; i < T; i++)
        for (int j = 0; j < P; j++) asked[i * P + j] = (5 * i + 3 * j * j + 2 * i * j) % 19;
}

static void scores(bram_ctx *cx, double *out, bram_classifier_kind kind, size_t classes)
{
    bram_mat x = {train, N, P, P}, z = {asked, T, P, P}, score = {out, T, classes, classes};
    bram_classifier c;
    bram_classifier_settings s = {.kind = kind, .penalty = 2, .steps = 1000, .tolerance = 1e-15};
    make();
    assert_ok(cx, bram_classifier_fit(cx, &c, &x, label, classes, &s));
    assert_ok(cx, bram_classifier_scores(cx, &score, &c, &z));
}

/* (|z|^2 - |z - m_c|^2) / 2 of the centroids of NearestCentroid; numpy.corrcoef with them. */
static void nearest_centroids(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const double euclidean[T * K] = {
        2.568898192328095,  -1.225231597071169, -1.960788800773725, -0.896457522907758,
        -1.256894732518091, 0.143755136725321,  -0.825200200105696, -1.153977541247468,
        0.018666990027585,  -1.979559213547643, 0.648483689808709,  -0.730686586752187,
        1.856243075303952,  -1.943924212956132, -0.958241637851271, 0.701884061862005,
        -0.141462981899954, -1.707595214631043};
    static const double r[T * K] = {0.910678840806077,  -0.239243403636769, -0.738833513704319,
                                    -0.259484016430084, -0.702222014903621, 0.896004417426309,
                                    0.545818536761889,  -0.996516134259988, 0.316278449007721,
                                    -0.561658590347239, 0.969509104813087,  -0.275694166054987,
                                    0.935927134913992,  -0.736073754760679, -0.323145275633133,
                                    0.452573900294714,  0.498275457292577,  -0.916324627670725};
    double got[T * K];
    scores(cx, got, BRAM_CLASSIFIER_CENTROID, K);
    for (size_t i = 0; i < T * K; i++) assert_near(got[i], euclidean[i], 1e-13);
    scores(cx, got, BRAM_CLASSIFIER_CORRELATION, K);
    for (size_t i = 0; i < T * K; i++) assert_near(got[i], r[i], 1e-13);
    bram_ctx_free(cx);
}

/* LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[1/3, 1/3, 1/3]): its
 * decision_function, less the logarithm of the prior. */
static void shrunken_discriminants(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const double decision[T * K] = {
        4.13092705770807,   -4.806647918410711, -4.061850266660651, -1.673928276874509,
        -4.175062422371402, -1.084205462742551, -3.217372187220963, -3.388523181665829,
        -0.78737050909914,  -5.312510390747873, 0.187282259655754,  -2.390931940040259,
        2.64785722094936,   -5.830682607137405, -2.352780613624071, 0.552719017422449,
        -2.254877165815822, -3.95634204456519};
    double got[T * K];
    scores(cx, got, BRAM_CLASSIFIER_LDA, K);
    for (size_t i = 0; i < T * K; i++) assert_near(got[i] - log(3), decision[i], 1e-12);
    bram_ctx_free(cx);
}

/* LogisticRegression(C=1/2, class_weight="balanced", tol=1e-12): its predict_proba. */
static void multinomial_logistic(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    static const double p[T * K] = {0.940309682471472, 0.029480883062539, 0.030209434465989,
                                    0.394696827027344, 0.122890643230656, 0.482412529741999,
                                    0.179299834075389, 0.215418739703842, 0.605281426220769,
                                    0.12322754122149,  0.697697624804662, 0.179074833973847,
                                    0.803290169556569, 0.05199034212512,  0.14471948831831,
                                    0.723296786709349, 0.220608695840565, 0.056094517450085};
    double got[T * K];
    scores(cx, got, BRAM_CLASSIFIER_LOGISTIC, K);
    for (size_t i = 0; i < T; i++) {
        double sum = 0;
        for (size_t k = 0; k < K; k++) sum += exp(got[i * K + k]);
        for (size_t k = 0; k < K; k++) assert_near(exp(got[i * K + k]) / sum, p[i * K + k], 1e-6);
    }
    bram_ctx_free(cx);
}

/* A class without rows is told of nothing and leaves the others as they are. */
static void a_class_without_rows(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double three[T * K], four[T * (K + 1)];
    for (int kind = 0; kind < BRAM_CLASSIFIER_LOGISTIC; kind++) {
        scores(cx, three, (bram_classifier_kind)kind, K);
        scores(cx, four, (bram_classifier_kind)kind, K + 1);
        for (size_t i = 0; i < T; i++) {
            assert_true(isinf(four[i * (K + 1) + K]) && four[i * (K + 1) + K] < 0);
            for (size_t k = 0; k < K; k++)
                assert_near(four[i * (K + 1) + k], three[i * K + k], 1e-14);
        }
    }
    scores(cx, four, BRAM_CLASSIFIER_LOGISTIC, K + 1);
    assert_true(isinf(four[K]));
    bram_ctx_free(cx);
}

/* Of two columns one says the class and the other is constant, or a copy: the scores are those of
 * the one; rows that are all alike give nothing to tell by. */
static void columns_that_do_not_vary(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, 5.1, 1, 5.1, 4, 5.1, 5, 5.1};
    static const size_t two[] = {0, 0, 1, 1};
    bram_mat rows = {x, 4, 2, 2};
    for (int kind = 0; kind <= BRAM_CLASSIFIER_LOGISTIC; kind++) {
        bram_classifier_settings s = {
            .kind = (bram_classifier_kind)kind, .penalty = 1, .steps = 100, .tolerance = 1e-10};
        bram_classifier c;
        double out[8];
        bram_mat score = {out, 4, 2, 2};
        assert_ok(cx, bram_classifier_fit(cx, &c, &rows, two, 2, &s));
        assert_near(c.scale[1], 1, 0);
        assert_ok(cx, bram_classifier_scores(cx, &score, &c, &rows));
        for (size_t i = 0; i < 4; i++) assert_int_equal(out[2 * i + 1] > out[2 * i], two[i]);
        double same[] = {3, 3, 3, 3, 3, 3, 3, 3};
        bram_mat flat = {same, 4, 2, 2};
        assert_ok(cx, bram_classifier_fit(cx, &c, &flat, two, 2, &s));
        assert_ok(cx, bram_classifier_scores(cx, &score, &c, &flat));
        for (size_t i = 0; i < 4; i++) assert_near(out[2 * i], out[2 * i + 1], 1e-12);
    }
    bram_ctx_free(cx);
}

/* LogisticRegressionCV's question by hand: of three folds each is told by the others, penalties are
 * compared by the mean of -log p over classes. Here the same with plain loops over the fits. */
static void a_penalty_by_inner_folds(void **state)
{
    (void)state;
    enum { GRID = 4 };
    static const double grid[GRID] = {0.1, 1, 10, 100};
    bram_ctx *cx = bram_ctx_new();
    bram_classifier_settings s = {
        .kind = BRAM_CLASSIFIER_LOGISTIC, .steps = 300, .tolerance = 1e-10};
    double best = INFINITY, expected = NAN, chosen = NAN;
    size_t fold[N], in_label[N];
    make();
    for (size_t i = 0; i < N; i++) fold[i] = i % 3 + 4; /* numbers need not begin at 0 */
    for (size_t g = GRID; g-- > 0;) {
        double loss = 0;
        s.penalty = grid[g];
        for (size_t f = 4; f < 7; f++) {
            double in[N * P], out[N * P], p[N * K], sum[K] = {0}, count[K] = {0};
            size_t n = 0, m = 0, out_label[N];
            for (size_t i = 0; i < N; i++) {
                memcpy(fold[i] == f ? &out[m * P] : &in[n * P], &train[i * P], P * sizeof *in);
                if (fold[i] == f) out_label[m++] = label[i];
                else in_label[n++] = label[i];
            }
            bram_classifier c;
            bram_mat x = {in, n, P, P}, z = {out, m, P, P}, score = {p, m, K, K};
            assert_ok(cx, bram_classifier_fit(cx, &c, &x, in_label, K, &s));
            assert_ok(cx, bram_classifier_scores(cx, &score, &c, &z));
            for (size_t i = 0; i < m; i++) {
                double all = exp(p[i * K]) + exp(p[i * K + 1]) + exp(p[i * K + 2]);
                sum[out_label[i]] += log(all) - p[i * K + out_label[i]], count[out_label[i]]++;
            }
            for (size_t k = 0; k < K; k++) loss += sum[k] / count[k];
        }
        if (loss < best) best = loss, expected = grid[g];
    }
    bram_mat x = {train, N, P, P};
    assert_ok(cx, bram_classifier_choose(cx, &chosen, &x, label, K, fold, grid, GRID, &s));
    assert_near(chosen, expected, 0);
    assert_true(expected > grid[0] && expected < grid[GRID - 1]); /* there is something to choose */
    for (size_t i = 0; i < N; i++) fold[i] = 2;
    assert_int_equal(bram_classifier_choose(cx, &chosen, &x, label, K, fold, grid, GRID, &s),
                     BRAM_ESHAPE);
    bram_ctx_free(cx);
}

/* ---- the network ---------------------------------------------------------------------------- */

enum { CORNERS = 40 };

static const bram_mlp_settings network = {
    .hidden = 16, .steps = 400, .batch = 16, .rate = 0.02, .decay = 0.01, .seed = 1};

/* Corners of a square, of class 1 where the signs differ: no line parts them. `turn` mixes the
 * columns and adds a third. */
static void corners(double *x, size_t *of, bool turn)
{
    for (size_t i = 0; i < CORNERS; i++) {
        double a = i & 1 ? 1 : -1, b = i & 2 ? 1 : -1, jitter = 0.01 * (double)i / CORNERS;
        double row[3] = {a + jitter, b - jitter, 0};
        if (turn) row[0] = 30 * b - 5, row[1] = 0.1 * (a + b), row[2] = a - 2 * b + jitter;
        memcpy(&x[i * (turn ? 3 : 2)], row, (turn ? 3 : 2) * sizeof *x);
        of[i] = a * b < 0;
    }
}

static double share_right(bram_ctx *cx, const bram_mlp *m, const bram_mat *x, const size_t *of)
{
    double out[CORNERS * 2], right = 0;
    bram_mat score = {out, x->rows, 2, 2};
    assert_ok(cx, bram_mlp_scores(cx, &score, m, x));
    for (size_t i = 0; i < x->rows; i++) right += (out[2 * i + 1] > out[2 * i]) == (of[i] == 1);
    return right / (double)x->rows;
}

static void a_network_tells_what_no_line_parts(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double plain[CORNERS * 2], turned[CORNERS * 3], out[CORNERS * 2];
    size_t of[CORNERS];
    bram_mlp m, again, other;
    corners(plain, of, false), corners(turned, of, true);
    bram_mat x = {plain, CORNERS, 2, 2}, y = {turned, CORNERS, 3, 3}, score = {out, CORNERS, 2, 2};
    bram_classifier line;
    bram_classifier_settings s = {.kind = BRAM_CLASSIFIER_LDA};
    assert_ok(cx, bram_classifier_fit(cx, &line, &x, of, 2, &s));
    assert_ok(cx, bram_classifier_scores(cx, &score, &line, &x));
    double right = 0;
    for (size_t i = 0; i < CORNERS; i++) right += (out[2 * i + 1] > out[2 * i]) == (of[i] == 1);
    assert_true(right / CORNERS < 0.8);
    assert_ok(cx, bram_mlp_fit(cx, &m, &x, of, 2, &network));
    assert_near(share_right(cx, &m, &x, of), 1, 0);
    assert_ok(cx, bram_mlp_fit(cx, &again, &x, of, 2, &network));
    assert_memory_equal(m.first, again.first, 16 * 3 * sizeof *m.first);
    /* another population with the same hidden code: only the first layer is learned */
    float kept[2 * 17];
    memcpy(kept, m.last, sizeof kept);
    assert_ok(cx, bram_mlp_refit(cx, &other, &m, &y, of, &network));
    assert_near(share_right(cx, &other, &y, of), 1, 0);
    assert_ptr_equal(other.last, m.last);
    assert_memory_equal(m.last, kept, sizeof kept);
    bram_ctx_free(cx);
}

static void what_a_network_does_not_know(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {0, 1, 4, 5}, out[4 * 3];
    static const size_t of[] = {0, 0, 2, 2};
    bram_mat rows = {x, 4, 1, 1}, none = {x, 0, 1, 1}, wide = {x, 2, 2, 2}, score = {out, 4, 3, 3};
    bram_mlp m;
    assert_ok(cx, bram_mlp_fit(cx, &m, &rows, of, 3, &network));
    assert_ok(cx, bram_mlp_scores(cx, &score, &m, &rows));
    for (size_t i = 0; i < 4; i++) {
        assert_true(isinf(out[3 * i + 1]) && out[3 * i + 1] < 0); /* a class without rows */
        assert_int_equal(out[3 * i + 2] > out[3 * i], of[i] == 2);
    }
    assert_int_equal(bram_mlp_fit(cx, &m, &none, of, 3, &network), BRAM_ESHAPE);
    assert_int_equal(bram_mlp_fit(cx, &m, &rows, of, 2, &network), BRAM_ESHAPE);
    assert_int_equal(bram_mlp_scores(cx, &score, &m, &wide), BRAM_ESHAPE);
    x[1] = INFINITY;
    assert_int_equal(bram_mlp_fit(cx, &m, &rows, of, 3, &network), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_classifier c;
    bram_classifier_settings s = {.kind = BRAM_CLASSIFIER_LDA};
    make();
    bram_mat x = {train, N, P, P}, none = {train, 0, P, P}, narrow = {train, T, 2, 2};
    assert_int_equal(bram_classifier_fit(cx, &c, &none, label, K, &s), BRAM_ESHAPE);
    assert_int_equal(bram_classifier_fit(cx, &c, &x, label, 2, &s), BRAM_ESHAPE);
    double out[T * K];
    bram_mat score = {out, T, K, K};
    assert_ok(cx, bram_classifier_fit(cx, &c, &x, label, K, &s));
    assert_int_equal(bram_classifier_scores(cx, &score, &c, &narrow), BRAM_ESHAPE);
    train[5] = NAN;
    assert_int_equal(bram_classifier_fit(cx, &c, &x, label, K, &s), BRAM_ENUMERIC);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest_centroids),
        cmocka_unit_test(shrunken_discriminants),
        cmocka_unit_test(multinomial_logistic),
        cmocka_unit_test(a_class_without_rows),
        cmocka_unit_test(columns_that_do_not_vary),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(a_penalty_by_inner_folds),
        cmocka_unit_test(a_network_tells_what_no_line_parts),
        cmocka_unit_test(what_a_network_does_not_know),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
