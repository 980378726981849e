/*
 * What holds for every estimator of RDMs: labels, scale, order, threads, duplicates, small sizes,
 * missing channels, failing allocations, and what is refused.
 */
#include <bramble/rng.h>

#include "internal.h"
#include "linalg.h"
#include "metric_test.h"
#include "noise.h"
#include "rdm_partial.h"

enum { N = 9, M = 3, P = 40, ROWS = N * M, PAIRS = N * (N - 1) / 2 };

static const bram_rdm_kind kinds[] = {BRAM_RDM_EUCLIDEAN,   BRAM_RDM_CORRELATION, BRAM_RDM_COSINE,
                                      BRAM_RDM_MAHALANOBIS, BRAM_RDM_CROSSNOBIS,  BRAM_RDM_POISSON,
                                      BRAM_RDM_POISSON_CV};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Rows of every condition in every fold, positive numbers, and a precision. */
struct made {
    double x[ROWS * P], p[P * P];
    uint32_t condition[ROWS], fold[ROWS];
    bram_mat precision;
    bram_side side;
    bram_rdm_design design;
};

static bool is_whitened(bram_rdm_kind kind)
{
    return kind == BRAM_RDM_MAHALANOBIS || kind == BRAM_RDM_CROSSNOBIS;
}

static void make(struct made *m)
{
    bram_rng g = bram_rng_new(4, "test/rdm properties");
    for (size_t i = 0; i < ROWS; i++) m->condition[i] = i % N, m->fold[i] = (uint32_t)(i / N);
    for (size_t i = 0; i < (size_t)ROWS * P; i++) m->x[i] = exp(bram_rng_normal(&g));
    for (size_t i = 0; i < P; i++)
        for (size_t j = 0; j < P; j++)
            m->p[i * P + j] = (i == j) + 0.5 / (1 + fabs((double)i - (double)j));
    m->precision = (bram_mat){m->p, P, P, P};
    m->side = test_side(m->x, ROWS, P, NULL);
    m->design = (bram_rdm_design){m->condition, N, m->fold, M, NULL, NULL};
}

static bram_rdm_options options_of(const struct made *m, bram_rdm_kind kind)
{
    return (bram_rdm_options){
        .kind = kind, .precision = &m->precision, .precisions = is_whitened(kind)};
}

static double *estimate(const struct made *m, const bram_rdm_options *o, unsigned threads)
{
    bram_ctx *cx = bram_ctx_new();
    double *d = NULL;
    bram_ctx_set_threads(cx, threads);
    assert_ok(cx, bram_rdm_estimate(cx, &d, &m->side, &m->design, o));
    bram_ctx_free(cx);
    return d;
}

/* Conditions in another order (and rows in another one) give the same pairs elsewhere. */
static void labels_are_names_only(void **state)
{
    (void)state;
    struct made m, other;
    make(&m);
    other = m;
    other.side.values.data = other.x;
    other.design.condition = other.condition, other.design.fold = other.fold;
    for (size_t i = 0; i < ROWS; i++) {
        size_t from = (i * 5 + 3) % ROWS; /* 5 and 27 have no common factor */
        memcpy(other.x + i * P, m.x + from * P, P * sizeof *m.x);
        other.condition[i] = (m.condition[from] * 2 + 1) % N;
        other.fold[i] = (m.fold[from] + 1) % M;
    }
    for (size_t k = 0; k < KINDS; k++)
        for (int unbalanced = 0; unbalanced < 2; unbalanced++) {
            bram_rdm_options o = options_of(&m, kinds[k]);
            o.unbalanced = unbalanced && kinds[k] != BRAM_RDM_COSINE;
            double *a = estimate(&m, &o, 1), *b = estimate(&other, &o, 1);
            for (size_t i = 0, at = 0; i < N; i++)
                for (size_t j = i + 1; j < N; j++, at++) {
                    size_t u = (i * 2 + 1) % N, v = (j * 2 + 1) % N;
                    double there = b[u < v ? bram_rdm_index(N, u, v) : bram_rdm_index(N, v, u)];
                    assert_near(a[at], there, 1e-12 * (1 + fabs(there)));
                }
            bram_free(a);
            bram_free(b);
        }
}

/* Squares for the euclidean kind, nothing for angles; an offset of a channel changes nothing. */
static void scale_and_offset(void **state)
{
    (void)state;
    static const bool balanced_kinds[] = {true, false, false, true, true};
    struct made m, other;
    make(&m);
    for (size_t k = 0; k < 5; k++) {
        bram_rdm_options o = options_of(&m, kinds[k]);
        other = m;
        other.side.values.data = other.x;
        for (size_t i = 0; i < (size_t)ROWS * P; i++)
            other.x[i] = 4 * m.x[i] + (balanced_kinds[k] ? 1e6 * (double)(i % P) : 0);
        double *a = estimate(&m, &o, 1), *b = estimate(&other, &o, 1);
        for (size_t at = 0; at < PAIRS; at++)
            assert_near(b[at], (balanced_kinds[k] ? 16 : 1) * a[at], 1e-7 * (1 + fabs(b[at])));
        bram_free(a);
        bram_free(b);
    }
}

/* Repeats that are equal in all folds: crossnobis is mahalanobis, poisson_cv poisson, and the
 * unbalanced forms are the balanced ones. */
static void without_noise_folds_do_not_matter(void **state)
{
    (void)state;
    struct made m;
    make(&m);
    for (size_t i = N; i < ROWS; i++) memcpy(m.x + i * P, m.x + i % N * P, P * sizeof *m.x);
    static const bram_rdm_kind same[][2] = {{BRAM_RDM_CROSSNOBIS, BRAM_RDM_MAHALANOBIS},
                                            {BRAM_RDM_POISSON_CV, BRAM_RDM_POISSON}};
    for (size_t k = 0; k < 2; k++) {
        bram_rdm_options o = options_of(&m, same[k][0]), plain = options_of(&m, same[k][1]);
        double *a = estimate(&m, &o, 1), *b = estimate(&m, &plain, 1);
        o.unbalanced = plain.unbalanced = true;
        double *c = estimate(&m, &o, 1), *e = estimate(&m, &plain, 1);
        for (size_t at = 0; at < PAIRS; at++) {
            assert_near(a[at], b[at], 1e-12 * (1 + b[at]));
            assert_near(c[at], b[at], 1e-11 * (1 + b[at]));
            assert_near(e[at], b[at], 1e-11 * (1 + b[at]));
        }
        bram_free(a), bram_free(b), bram_free(c), bram_free(e);
    }
}

/* All rows equal, of numbers whose means round: no distance at all, whichever way it is made. */
static void equal_rows_are_not_apart(void **state)
{
    (void)state;
    struct made m;
    make(&m);
    for (size_t i = 0; i < (size_t)ROWS * P; i++) m.x[i] = 0.1 * (double)(1 + i % P);
    for (size_t k = 0; k < KINDS; k++)
        for (size_t p = 5; p <= P; p += P - 5) {
            bram_rdm_options o = options_of(&m, kinds[k]);
            m.side.values.cols = p;
            if (p < P) o.precisions = 0;
            double *d = estimate(&m, &o, 1);
            for (size_t at = 0; at < PAIRS; at++) assert_near(d[at], 0, 0);
            bram_free(d);
        }
}

/* n above one tile, p above and below the limit for differences */
static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    enum { MANY = 700, WIDE = 70 };
    bram_rng g = bram_rng_new(5, "test/rdm threads");
    double *x = calloc((size_t)MANY * WIDE, sizeof *x);
    uint32_t *label = calloc(MANY, 2 * sizeof *label);
    for (size_t i = 0; i < (size_t)MANY * WIDE; i++) x[i] = exp(bram_rng_normal(&g));
    for (size_t i = 0; i < MANY; i++) label[i] = (uint32_t)(i / 2), label[MANY + i] = i % 2;
    bram_rdm_design design = {label, MANY / 2, label + MANY, 2, NULL, NULL};
    for (size_t k = 0; k < KINDS; k++)
        for (size_t p = 20; p <= WIDE; p += 50)
            for (int unbalanced = 0; unbalanced < 2; unbalanced++) {
                bram_side side = test_side(x, MANY, p, NULL);
                bool folds = kinds[k] == BRAM_RDM_CROSSNOBIS || kinds[k] == BRAM_RDM_POISSON_CV;
                if (unbalanced && kinds[k] == BRAM_RDM_COSINE) continue;
                bram_rdm_options o = {.kind = kinds[k], .unbalanced = unbalanced};
                double *d[2];
                for (unsigned t = 0; t < 2; t++) {
                    bram_ctx *cx = bram_ctx_new();
                    bram_ctx_set_threads(cx, t + 1);
                    assert_ok(cx, bram_rdm_estimate(cx, d + t, &side,
                                                    folds || unbalanced ? &design : NULL, &o));
                    bram_ctx_free(cx);
                }
                size_t n = folds || unbalanced ? MANY / 2 : MANY;
                assert_memory_equal(d[0], d[1], bram_rdm_pairs(n) * sizeof **d);
                bram_free(d[0]), bram_free(d[1]);
            }
    free(x);
    free(label);
}

/* By products and by the definition, across the borders of tiles. */
static void tiles_give_what_the_definition_gives(void **state)
{
    (void)state;
    enum { MANY = 150, WIDE = 45 };
    bram_rng g = bram_rng_new(6, "test/rdm tiles");
    static double x[MANY * WIDE];
    for (size_t i = 0; i < (size_t)MANY * WIDE; i++) x[i] = 100 + bram_rng_normal(&g);
    memcpy(x + 130 * WIDE, x + 3 * WIDE, WIDE * sizeof *x); /* a duplicate */
    bram_ctx *cx = bram_ctx_new();
    bram_side side = test_side(x, MANY, WIDE, NULL);
    double *d, *c;
    assert_ok(cx, bram_rdm_new(cx, &d, &side, BRAM_RDM_EUCLIDEAN));
    assert_ok(cx, bram_rdm_new(cx, &c, &side, BRAM_RDM_COSINE));
    for (size_t i = 0; i < MANY; i++)
        for (size_t j = i + 1; j < MANY; j++) {
            double sum = 0, ab = 0, aa = 0, bb = 0;
            const double *a = x + i * WIDE, *b = x + j * WIDE;
            for (size_t k = 0; k < WIDE; k++) {
                sum += (a[k] - b[k]) * (a[k] - b[k]);
                ab += a[k] * b[k], aa += a[k] * a[k], bb += b[k] * b[k];
            }
            assert_near(d[bram_rdm_index(MANY, i, j)], sum / WIDE, 1e-13 * (1 + sum));
            assert_near(c[bram_rdm_index(MANY, i, j)], 1 - ab / sqrt(aa * bb), 1e-14);
        }
    assert_near(d[bram_rdm_index(MANY, 3, 130)], 0, 0);
    assert_near(c[bram_rdm_index(MANY, 3, 130)], 0, 0);
    bram_free(d), bram_free(c);
    bram_ctx_free(cx);
}

static void one_to_four_conditions(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double x[] = {1, 2, 4, 1, 2, 4, 0, 0, 0, 3, 1, 1}, *d;
    for (size_t n = 1; n <= 4; n++)
        for (size_t k = 0; k < KINDS; k++) {
            if (kinds[k] == BRAM_RDM_CROSSNOBIS || kinds[k] == BRAM_RDM_POISSON_CV) continue;
            bram_side side = test_side(x, n, 3, NULL);
            bool angle = kinds[k] == BRAM_RDM_CORRELATION || kinds[k] == BRAM_RDM_COSINE;
            assert_ok(cx, bram_rdm_new(cx, &d, &side, kinds[k]));
            if (n > 1) assert_near(d[0], 0, 0);                   /* equal rows */
            if (n > 2) assert_int_equal(isnan(d[1]) != 0, angle); /* zeros have no angle */
            bram_free(d);
        }
    bram_side one = test_side(x, 4, 1, NULL);
    assert_ok(cx, bram_rdm_new(cx, &d, &one, BRAM_RDM_CORRELATION)); /* one channel: no r */
    assert_true(isnan(d[0]) && isnan(d[5]));
    bram_free(d);
    bram_ctx_free(cx);
}

/* Channels that two conditions lack: as if they had never been measured, by the covariance of the
 * rest. Conditions 0 and 4 lack channels 2 and 7, and 7 and 9. */
static void missing_channels(void **state)
{
    (void)state;
    struct made m, part;
    uint8_t present[ROWS * P];
    make(&m);
    memset(present, 1, sizeof present);
    for (size_t i = 0; i < ROWS; i++) {
        if (m.condition[i] == 0) present[i * P + 2] = present[i * P + 7] = 0;
        if (m.condition[i] == 4) present[i * P + 7] = present[i * P + 9] = 0;
    }
    bram_ctx *cx = bram_ctx_new();
    bram_mat covariance, rest;
    assert_ok(cx, bram_mat_scratch(cx, &covariance, P, P));
    memcpy(covariance.data, m.p, sizeof m.p);
    assert_ok(cx, bram_noise_invert(cx, &covariance));
    static const size_t without[] = {2, 7, 9};
    assert_ok(cx, bram_mat_scratch(cx, &rest, P - 3, P - 3));
    part = m;
    for (size_t i = 0, to = 0; i < P; i++) {
        if (i == without[0] || i == without[1] || i == without[2]) continue;
        for (size_t j = 0, at = 0; j < P; j++)
            if (j != without[0] && j != without[1] && j != without[2])
                bram_row(&rest, to)[at++] = bram_row(&covariance, i)[j];
        for (size_t row = 0; row < ROWS; row++) part.x[row * (P - 3) + to] = m.x[row * P + i];
        to++;
    }
    assert_ok(cx, bram_noise_invert(cx, &rest));
    part.precision = rest;
    part.side = test_side(part.x, ROWS, P - 3, NULL);
    part.design = m.design;
    for (size_t k = 0; k < KINDS; k++)
        for (int unbalanced = 0; unbalanced < 2; unbalanced++) {
            if (unbalanced && kinds[k] == BRAM_RDM_CORRELATION) continue; /* pairs of rows: below */
            bram_rdm_options o = options_of(&m, kinds[k]), less = options_of(&part, kinds[k]);
            o.unbalanced = less.unbalanced = unbalanced && kinds[k] != BRAM_RDM_COSINE;
            double *whole = estimate(&m, &o, 1), *expected = estimate(&part, &less, 1);
            m.side.present = present;
            double *found = estimate(&m, &o, 2);
            m.side.present = NULL;
            size_t both = bram_rdm_index(N, 0, 4), none = bram_rdm_index(N, 1, 2);
            assert_near(found[both], expected[both], 1e-12);
            assert_near(found[none], whole[none], 1e-12);
            bram_free(whole), bram_free(expected), bram_free(found);
        }
    bram_ctx_free(cx);
}

/* Of one row each they are the balanced ones; of two rows means over the pairs of rows:
 * rows (1, 2, 4, -) and (-, 1, 3, 2) of one, (0, 1, 1, 5) of the other condition. */
static void correlations_of_rows(void **state)
{
    (void)state;
    struct made m;
    static uint8_t present[ROWS * P];
    make(&m);
    for (size_t i = 0; i < sizeof present; i++) present[i] = i % 7 != 3;
    for (uint32_t i = 0; i < N; i++) m.condition[i] = i;
    m.side = test_side(m.x, N, P, present);
    bram_rdm_options o = {.kind = BRAM_RDM_CORRELATION}, u = o;
    u.unbalanced = true;
    double *a = estimate(&m, &o, 1), *b = estimate(&m, &u, 1);
    for (size_t k = 0; k < PAIRS; k++) assert_near(a[k], b[k], 1e-14);
    bram_free(a), bram_free(b);

    const double x[] = {1, 2, 4, 0, 0, 1, 3, 2, 0, 1, 1, 5};
    const uint8_t in[] = {1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1};
    memcpy(m.x, x, sizeof x);
    memcpy(present, in, sizeof in);
    m.condition[0] = m.condition[1] = 0, m.condition[2] = 1;
    m.side = test_side(m.x, 3, 4, present);
    m.design.conditions = 2;
    double *d = estimate(&m, &u, 1);
    /* the first two share two channels only: k_00 = 1 / 2 from each with itself. With the third:
     * deviations (-4/3, -1/3, 5/3) and (-2/3, 1/3, 1/3); (-1, 1, 0) and (-4/3, -4/3, 8/3) */
    double r1 = (8 - 1 + 5) / 9.0 / sqrt(42 / 9.0 * 6 / 9.0), r2 = 0;
    assert_near(d[0], 1 - (r1 + r2) / 2, 1e-15);
    bram_free(d);
}

/* Products of masked rows against each pair on its own: offsets, scales that would overflow, a
 * duplicate, a constant row, rows that share little; across the borders of tiles. */
static void sparse_pairs_by_products(void **state)
{
    (void)state;
    enum { MANY = 300, WIDE = 60 };
    bram_rng g = bram_rng_new(8, "test/rdm sparse");
    static double x[MANY * WIDE];
    static uint8_t present[MANY * WIDE];
    for (size_t i = 0; i < MANY; i++)
        for (size_t k = 0; k < WIDE; k++) {
            x[i * WIDE + k] = 1e4 * (double)k + bram_rng_normal(&g);
            present[i * WIDE + k] = bram_rng_uniform(&g) > (i % 50 == 7 ? 0.97 : 0.1);
        }
    for (size_t k = 0; k < WIDE; k++) {
        x[20 * WIDE + k] = x[280 * WIDE + k]; /* other channels of the same pattern */
        x[21 * WIDE + k] = 0.1;
        x[22 * WIDE + k] = ldexp(bram_rng_normal(&g), -600);
    }
    const bram_rdm_kind angles[] = {BRAM_RDM_EUCLIDEAN, BRAM_RDM_CORRELATION, BRAM_RDM_COSINE};
    for (size_t kind = 0; kind < 3; kind++) {
        bram_ctx *cx = bram_ctx_new();
        double *d, *alone, pair[2 * WIDE];
        bram_side side = test_side(x, MANY, WIDE, present);
        size_t undefined = 0, differ = 0;
        bram_ctx_set_threads(cx, 2);
        assert_ok(cx, bram_rdm_new(cx, &d, &side, angles[kind]));
        for (size_t i = 0; i < MANY; i++)
            for (size_t j = i + 1; j < MANY; j++) {
                size_t shared = 0;
                for (size_t k = 0; k < WIDE; k++)
                    if (present[i * WIDE + k] && present[j * WIDE + k]) shared++;
                for (size_t k = 0, at = 0; k < WIDE; k++)
                    if (present[i * WIDE + k] && present[j * WIDE + k]) {
                        pair[at] = x[i * WIDE + k];
                        pair[shared + at++] = x[j * WIDE + k];
                    }
                double found = d[bram_rdm_index(MANY, i, j)], expected = NAN;
                if (shared >= (angles[kind] == BRAM_RDM_CORRELATION ? 3 : 2)) {
                    bram_side two = test_side(pair, 2, shared, NULL);
                    assert_ok(cx, bram_rdm_new(cx, &alone, &two, angles[kind]));
                    expected = alone[0];
                    bram_free(alone);
                }
                undefined += isnan(expected) != 0;
                assert_same(found, expected, 1e-9 * (1 + fabs(expected)));
                differ += found != expected;
            }
        assert_true(undefined > 0 && differ > 0);
        if (!angles[kind]) assert_near(d[bram_rdm_index(MANY, 20, 280)], 0, 0);
        bram_free(d);
        bram_ctx_free(cx);
    }
}

static void too_little_is_shared(void **state)
{
    (void)state;
    struct made m;
    static uint8_t present[ROWS * P];
    make(&m);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < P; k++) present[i * P + k] = m.condition[i] || k < 2;
    m.side.present = present;
    for (size_t k = 0; k < KINDS; k++) {
        bram_rdm_options o = options_of(&m, kinds[k]);
        double *d = estimate(&m, &o, 1);
        assert_int_equal(isnan(d[0]) != 0, kinds[k] == BRAM_RDM_CORRELATION);
        assert_false(isnan(d[PAIRS - 1]));
        bram_free(d);
    }
}

static void expect(struct made *m, const bram_rdm_options *o, int status, const char *word)
{
    bram_ctx *cx = bram_ctx_new();
    double mark = 0, *d = &mark;
    assert_int_equal(bram_rdm_estimate(cx, &d, &m->side, &m->design, o), status);
    if (!strstr(bram_ctx_message(cx), word)) fail_msg("no %s in: %s", word, bram_ctx_message(cx));
    assert_ptr_equal(d, &mark);
    bram_ctx_free(cx);
}

static void what_is_refused(void **state)
{
    (void)state;
    static const char *const names[N] = {"face", "house", "c", "d", "e", "f", "g", "h", "i"};
    static const char *const runs[M] = {"run-1", "run-2", "run-3"};
    struct made m;
    bram_rdm_options o = {.kind = BRAM_RDM_CROSSNOBIS};
    make(&m);
    m.design.condition_name = names, m.design.fold_name = runs;
    m.fold[N + 1] = 0; /* the only "house" of run-2 */
    expect(&m, &o, BRAM_ESHAPE, "condition house has no row in fold run-2");
    m.design.fold = NULL;
    m.condition[1] = 0;
    expect(&m, &o, BRAM_ESHAPE, "condition house 2");
    for (size_t i = 0; i < ROWS; i++) m.condition[i] %= N - 1;
    expect(&m, &o, BRAM_ESHAPE, "condition i has no row");
    m.condition[0] = N;
    expect(&m, &o, BRAM_ESHAPE, "row 0 is of condition 9");
    make(&m);
    m.design.folds = 1;
    memset(m.fold, 0, sizeof m.fold);
    expect(&m, &o, BRAM_ESHAPE, "2 folds");
    make(&m);
    o.precision = &m.precision, o.precisions = 2;
    expect(&m, &o, BRAM_EUSAGE, "one for each fold");
    o.precisions = 1, m.precision.rows = 3;
    expect(&m, &o, BRAM_ESHAPE, "the precision is 3 x 40");
    make(&m);
    m.p[0] = -1;
    expect(&m, &o, BRAM_ENUMERIC, "the precision: pivot 0");
    make(&m);
    m.design.condition = NULL;
    expect(&m, &o, BRAM_EUSAGE, "which rows are of one condition");
    make(&m);
    o = (bram_rdm_options){.kind = BRAM_RDM_POISSON};
    m.x[3 * P + 5] = -0.1;
    expect(&m, &o, BRAM_ENUMERIC, "condition 3, channel 5 is -0.1");
    o.remove_mean = true;
    expect(&m, &o, BRAM_EUSAGE, "mean");
    o = (bram_rdm_options){.kind = BRAM_RDM_EUCLIDEAN, .missing = BRAM_RDM_KERNEL};
    expect(&m, &o, BRAM_EUSAGE, "unbalanced");
    o = (bram_rdm_options){.kind = BRAM_RDM_COSINE, .unbalanced = true};
    expect(&m, &o, BRAM_EUSAGE, "cosine");
    o = (bram_rdm_options){.kind = BRAM_RDM_EUCLIDEAN, .precision = &m.precision, .precisions = 1};
    expect(&m, &o, BRAM_EUSAGE, "no use for a noise precision");
}

static void noise_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* columns (1, 2, 3) and (2, 0, 4): sums of products 2, 2, 8 */
    double x[] = {1, 2, 2, 0, 3, 4}, s[4] = {42}, weight;
    bram_mat e = {x, 3, 2, 2}, out = {s, 2, 2, 2};
    double y[] = {1, 2, 0, 5, 3, 1, 4, 4, 2, 7, 1, 0}, big[16];
    bram_mat wide = {y, 3, 4, 4}, four = {big, 4, 4, 4};
    assert_ok(cx, bram_noise_covariance(cx, &out, &weight, &e, BRAM_NOISE_FULL, 0));
    assert_true(s[0] == 1 && s[1] == 1 && s[2] == 1 && s[3] == 4 && weight == 0);
    assert_ok(cx, bram_noise_covariance(cx, &out, &weight, &e, BRAM_NOISE_DIAG, 4));
    assert_true(s[0] == 0.5 && s[1] == 0 && s[3] == 2 && weight == 1);
    /* w = products of columns / (s_1 s_2) = (0, 0, 1): r = 1/2, var(r) = 3/8 (2/3) = 1/4: all */
    assert_ok(cx, bram_noise_covariance(cx, &out, &weight, &e, BRAM_NOISE_SHRINKAGE_DIAG, 0));
    assert_near(weight, 1, 1e-15);
    assert_near(s[0], 1, 1e-15);
    assert_near(s[1], 0, 1e-15);
    /* full of fewer rows than channels has no inverse, whatever rounding makes of it; shrunk it
     * has, but of two rows, whose products do not vary and leave nothing to shrink by */
    assert_ok(cx, bram_noise_covariance(cx, &four, NULL, &wide, BRAM_NOISE_FULL, 0));
    assert_int_equal(bram_noise_invert(cx, &four), BRAM_ENUMERIC);
    assert_ok(cx, bram_noise_covariance(cx, &four, &weight, &wide, BRAM_NOISE_SHRINKAGE_DIAG, 0));
    assert_true(weight > 0 && weight <= 1);
    assert_ok(cx, bram_noise_invert(cx, &four));
    wide.rows = 2;
    assert_ok(cx, bram_noise_covariance(cx, &four, &weight, &wide, BRAM_NOISE_SHRINKAGE_DIAG, 0));
    assert_near(weight, 0, 1e-15);
    assert_int_equal(bram_noise_invert(cx, &four), BRAM_ENUMERIC);
    x[0] = x[2] = x[4] = 7;
    s[0] = 42;
    assert_int_equal(bram_noise_covariance(cx, &out, NULL, &e, BRAM_NOISE_SHRINKAGE_DIAG, 0),
                     BRAM_ENUMERIC);
    x[0] = NAN;
    assert_int_equal(bram_noise_covariance(cx, &out, NULL, &e, BRAM_NOISE_FULL, 0), BRAM_ENUMERIC);
    e.rows = 1;
    assert_int_equal(bram_noise_covariance(cx, &out, NULL, &e, BRAM_NOISE_FULL, 0), BRAM_ESHAPE);
    assert_near(s[0], 42, 0);
    bram_ctx_free(cx);
}

static void partial_by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    /* two RDMs of one kind, the second twice as large and with a pair less: the same scale */
    double d[] = {1, 2, 3, NAN, 4, 6}, mean[3];
    assert_ok(cx, bram_rdm_rescale(cx, mean, d, 2, 3, BRAM_RDM_SIMPLE));
    for (size_t k = 1; k < 3; k++) assert_near(d[k], d[3 + k], 1e-3);
    assert_near(d[1] / d[0], 2, 1e-12);
    assert_near(mean[0], d[0], 1e-15);
    double empty[] = {1, 2, 0, NAN};
    assert_int_equal(bram_rdm_rescale(cx, NULL, empty, 2, 2, BRAM_RDM_SIMPLE), BRAM_ENUMERIC);
    assert_near(empty[0], 1, 0);
    assert_int_equal(bram_rdm_rescale(cx, NULL, empty, 0, 2, BRAM_RDM_SIMPLE), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

static void noise_allocations_may_fail(void **state)
{
    (void)state;
    struct made m;
    static double out[N * N];
    bram_mat k = {out, N, N, N};
    make(&m);
    for (int what = 0; what < 4; what++) {
        int status = BRAM_ENOMEM;
        for (size_t at = 1; status != BRAM_OK; at++) {
            bram_ctx *cx = bram_ctx_new();
            double e[ROWS * P], dof;
            bram_mat residuals = {e, ROWS, P, P}, p = {m.p, P, P, P};
            bram_fail_allocation(at, at % 2);
            status = what == 0   ? bram_noise_covariance(cx, &p, NULL, &m.side.values,
                                                         BRAM_NOISE_SHRINKAGE_DIAG, 0)
                     : what == 1 ? bram_noise_invert(cx, &p)
                     : what == 2 ? bram_noise_residuals(cx, &residuals, &dof, &m.side.values,
                                                        m.condition, N)
                                 : bram_noise_conditions(cx, &k, &m.side, &m.design, &m.precision);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
            bram_ctx_free(cx);
        }
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct made m;
    static uint8_t present[ROWS * P];
    make(&m);
    memset(present, 1, sizeof present);
    present[5] = 0;
    for (size_t k = 0; k < KINDS; k++)
        for (int way = 0; way < 4; way++) {
            bram_rdm_options o = options_of(&m, kinds[k]);
            o.unbalanced = way / 2 && kinds[k] != BRAM_RDM_COSINE;
            m.side.present = way % 2 ? present : NULL;
            int status = BRAM_ENOMEM;
            for (size_t at = 1; status != BRAM_OK; at++) {
                bram_ctx *cx = bram_ctx_new();
                double *d = NULL;
                bram_fail_allocation(at, at % 2);
                status = bram_rdm_estimate(cx, &d, &m.side, &m.design, &o);
                bram_fail_allocation(0, false);
                if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
                if (status != BRAM_OK) assert_null(d);
                bram_free(d);
                bram_ctx_free(cx);
            }
        }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_names_only),
        cmocka_unit_test(scale_and_offset),
        cmocka_unit_test(without_noise_folds_do_not_matter),
        cmocka_unit_test(equal_rows_are_not_apart),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(tiles_give_what_the_definition_gives),
        cmocka_unit_test(one_to_four_conditions),
        cmocka_unit_test(missing_channels),
        cmocka_unit_test(correlations_of_rows),
        cmocka_unit_test(sparse_pairs_by_products),
        cmocka_unit_test(too_little_is_shared),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(noise_by_hand),
        cmocka_unit_test(partial_by_hand),
        cmocka_unit_test(noise_allocations_may_fail),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
