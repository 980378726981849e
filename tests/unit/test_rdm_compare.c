/*
 * Tests of metrics/rdm_compare.c and what it is made of, against their definitions: rank statistics
 * by counting, whitening by the dense matrix V, and multiplicities against RDMs written out.
 */
#include <bramble/rng.h>

#include "internal.h"
#include "rdm_compare.h"
#include "test.h"

enum { N = 9, PAIRS = N * (N - 1) / 2, MOST = 2 * N, MOST_PAIRS = MOST * (MOST - 1) / 2, P = 20 };

static const bram_rdm_comparator all[] = {
    BRAM_COMPARE_COSINE,       BRAM_COMPARE_CORR,         BRAM_COMPARE_SPEARMAN,
    BRAM_COMPARE_RHO_A,        BRAM_COMPARE_TAU_A,        BRAM_COMPARE_TAU_B,
    BRAM_COMPARE_COSINE_COV,   BRAM_COMPARE_CORR_COV,     BRAM_COMPARE_BURES,
    BRAM_COMPARE_BURES_METRIC, BRAM_COMPARE_NEG_RIEM_DIST};

static double one(const bram_rdm_measure *m, const double *a, const double *b, size_t n,
                  const double *times)
{
    bram_ctx *cx = bram_ctx_new();
    double value = 42;
    bram_mat out = {&value, 1, 1, 1};
    union {
        const double *constant;
        double *plain;
    } x = {a}, y = {b};
    size_t pairs = bram_rdm_pairs(n);
    bram_mat ma = {x.plain, 1, pairs, pairs}, mb = {y.plain, 1, pairs, pairs};
    assert_ok(cx, bram_rdm_compare(cx, &out, NULL, m, &ma, &mb, n, times));
    bram_ctx_free(cx);
    return value;
}

/* Squared distances of n random patterns; with `ties` a tenth of them, rounded. */
static void draw(double *d, bram_rng *g, size_t n, bool ties)
{
    double x[MOST][P];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < P; k++) x[i][k] = bram_rng_normal(g);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, d++) {
            *d = 0;
            for (size_t k = 0; k < P; k++) *d += (x[i][k] - x[j][k]) * (x[i][k] - x[j][k]) / P;
            if (ties) *d = round(2 * *d) / 2;
        }
}

static void draw_sigma(double *s, bram_rng *g, size_t n)
{
    double x[MOST][2 * MOST];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 2 * MOST; k++)
            x[i][k] = bram_rng_normal(g) + (k ? 0 : 4); /* a share common to all */
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            s[i * n + j] = 0;
            for (size_t k = 0; k < 2 * MOST; k++) s[i * n + j] += x[i][k] * x[j][k] / (2 * MOST);
        }
}

/* ---- definitions ---------------------------------------------------------------------------- */

static double sign(double x)
{
    return (x > 0) - (x < 0);
}

static double plain_tau(const double *x, const double *y, size_t n, bool b)
{
    double sum = 0, in_x = 0, in_y = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            if (isnan(x[i] + y[i] + x[j] + y[j])) continue;
            sum += sign(x[i] - x[j]) * sign(y[i] - y[j]);
            in_x += b ? x[i] != x[j] : 1, in_y += b ? y[i] != y[j] : 1;
        }
    return sum / sqrt(in_x * in_y);
}

static double plain_rank(const double *x, const double *y, size_t n, size_t i)
{
    double below = 0, tied = 0;
    for (size_t k = 0; k < n; k++)
        if (!isnan(x[k] + y[k])) below += x[k] < x[i], tied += x[k] == x[i];
    return below + (tied + 1) / 2;
}

static double plain_corr(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0, count = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i] + y[i])) mx += x[i], my += y[i], count++;
    mx /= count, my /= count;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i] + y[i]))
            xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my),
                xy += (x[i] - mx) * (y[i] - my);
    return xy / sqrt(xx * yy);
}

static double plain_rank_corr(const double *x, const double *y, size_t n)
{
    double rx[MOST_PAIRS], ry[MOST_PAIRS];
    for (size_t i = 0; i < n; i++) {
        bool there = !isnan(x[i] + y[i]);
        rx[i] = there ? plain_rank(x, y, n, i) : (double)NAN;
        ry[i] = there ? plain_rank(y, x, n, i) : (double)NAN;
    }
    return plain_corr(rx, ry, n);
}

/* a'V^-1 b over the pairs that both have, by Gaussian elimination on V itself. */
static double whitened_product(const double *a, const double *b, const double *s, size_t n)
{
    enum { ROOM = MOST_PAIRS };
    static double v[ROOM][ROOM + 1];
    size_t first[ROOM], second[ROOM], pair[ROOM], count = 0;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            if (!isnan(a[k] + b[k])) first[count] = i, second[count] = j, pair[count++] = k;
    for (size_t p = 0; p < count; p++) {
        for (size_t q = 0; q < count; q++) {
            double c = s[first[p] * n + first[q]] + s[second[p] * n + second[q]] -
                       s[first[p] * n + second[q]] - s[second[p] * n + first[q]];
            v[p][q] = c * c;
        }
        v[p][count] = b[pair[p]];
    }
    for (size_t k = 0; k < count; k++)
        for (size_t p = k + 1; p < count; p++) {
            double factor = v[p][k] / v[k][k];
            for (size_t q = k; q <= count; q++) v[p][q] -= factor * v[k][q];
        }
    double sum = 0;
    for (size_t k = count; k-- > 0;) {
        for (size_t q = k + 1; q < count; q++) v[k][count] -= v[k][q] * v[q][count];
        v[k][count] /= v[k][k];
        sum += a[pair[k]] * v[k][count];
    }
    return sum;
}

static void centre(double *out, const double *x, const double *y, size_t n)
{
    double mean = 0, count = 0;
    for (size_t k = 0; k < n; k++)
        if (!isnan(x[k] + y[k])) mean += x[k], count++;
    for (size_t k = 0; k < n; k++) out[k] = x[k] - mean / count;
}

static double plain_whitened(const double *a, const double *b, const double *s, size_t n, bool corr)
{
    double x[MOST_PAIRS], y[MOST_PAIRS], shared_x[MOST_PAIRS], shared_y[MOST_PAIRS];
    size_t pairs = bram_rdm_pairs(n);
    for (size_t k = 0; k < pairs; k++) {
        shared_x[k] = isnan(b[k]) ? (double)NAN : a[k];
        shared_y[k] = isnan(a[k]) ? (double)NAN : b[k];
        x[k] = shared_x[k], y[k] = shared_y[k];
    }
    if (corr) centre(x, shared_x, shared_y, pairs), centre(y, shared_y, shared_x, pairs);
    return whitened_product(x, y, s, n) /
           sqrt(whitened_product(x, x, s, n) * whitened_product(y, y, s, n));
}

static void rank_measures_by_counting(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 20; k++) {
        bram_rng g = bram_rng_at(5, "test/rdm_compare", k);
        double a[PAIRS], b[PAIRS];
        draw(a, &g, N, k % 2), draw(b, &g, N, k % 3 == 0);
        if (k % 4 == 1) a[3] = a[30] = b[11] = NAN;
        bram_rdm_measure m = {.comparator = BRAM_COMPARE_TAU_A};
        assert_near(one(&m, a, b, N, NULL), plain_tau(a, b, PAIRS, false), 1e-15);
        m.comparator = BRAM_COMPARE_TAU_B;
        assert_near(one(&m, a, b, N, NULL), plain_tau(a, b, PAIRS, true), 1e-15);
        m.comparator = BRAM_COMPARE_SPEARMAN;
        assert_near(one(&m, a, b, N, NULL), plain_rank_corr(a, b, PAIRS), 1e-14);
        m.comparator = BRAM_COMPARE_CORR;
        assert_near(one(&m, a, b, N, NULL), plain_corr(a, b, PAIRS), 1e-14);
    }
}

/* The long way of counting discordant pairs: 800 conditions, values in disorder of a known kind. */
static void tau_of_long_vectors(void **state)
{
    (void)state;
    enum { LONG_N = 800, LONG_PAIRS = LONG_N * (LONG_N - 1) / 2 };
    double *a = malloc(LONG_PAIRS * sizeof *a), *b = malloc(LONG_PAIRS * sizeof *b);
    for (size_t k = 0; k < LONG_PAIRS; k++) a[k] = (double)k, b[k] = (double)(k ^ 1);
    bram_rdm_measure m = {.comparator = BRAM_COMPARE_TAU_A};
    double total = (double)LONG_PAIRS * (LONG_PAIRS - 1) / 2;
    /* every second neighbours are exchanged: half as many discordant pairs as there are entries */
    assert_near(one(&m, a, b, LONG_N, NULL), 1 - 2 * (LONG_PAIRS / 2) / total, 1e-15);
    for (size_t k = 0; k < LONG_PAIRS; k++) b[k] = -a[k];
    assert_near(one(&m, a, b, LONG_N, NULL), -1, 0);
    /* two blocks exchanged: all pairs between them are discordant */
    double third = LONG_PAIRS / 3;
    for (size_t k = 0; k < LONG_PAIRS; k++) b[k] = k < LONG_PAIRS / 3 ? a[k] + LONG_PAIRS : a[k];
    assert_near(one(&m, a, b, LONG_N, NULL), 1 - 2 * third * (LONG_PAIRS - third) / total, 1e-15);
    /* ties: groups of ten, and of seven */
    for (size_t k = 0; k < LONG_PAIRS; k++)
        a[k] = floor((double)k / 10), b[k] = floor((double)k / 7);
    double tied_a = 0, tied_b = 0, both = 0, run = 0;
    for (size_t k = 0; k < LONG_PAIRS; k++) {
        tied_a += (double)(k % 10), tied_b += (double)(k % 7);
        run = k % 10 && k % 7 ? run + 1 : 0;
        both += run;
    }
    assert_near(one(&m, a, b, LONG_N, NULL), (total - tied_a - tied_b + both) / total, 1e-15);
    free(a);
    free(b);
}

static void whitening_by_the_dense_matrix(void **state)
{
    (void)state;
    for (uint64_t k = 0; k < 12; k++) {
        bram_rng g = bram_rng_at(6, "test/rdm_compare", k);
        double a[PAIRS], b[PAIRS], full[N * N], unit[N * N] = {0}, diagonal[N * N] = {0}, s[N];
        draw(a, &g, N, false), draw(b, &g, N, true);
        draw_sigma(full, &g, N);
        for (size_t i = 0; i < N; i++)
            unit[i * (N + 1)] = 1, s[i] = diagonal[i * (N + 1)] = 0.2 + bram_rng_uniform(&g);
        for (size_t missing = 0; missing < k % 4; missing++) a[bram_rng_below(&g, PAIRS)] = NAN;
        if (k % 3 == 2) b[17] = NAN;
        for (int corr = 0; corr < 2; corr++) {
            bram_rdm_measure m = {.comparator = corr ? BRAM_COMPARE_CORR_COV
                                                     : BRAM_COMPARE_COSINE_COV};
            assert_near(one(&m, a, b, N, NULL), plain_whitened(a, b, unit, N, corr), 1e-12);
            m.sigma_kind = BRAM_SIGMA_DIAGONAL, m.sigma = s;
            assert_near(one(&m, a, b, N, NULL), plain_whitened(a, b, diagonal, N, corr), 1e-12);
            m.sigma_kind = BRAM_SIGMA_FULL, m.sigma = full;
            assert_near(one(&m, a, b, N, NULL), plain_whitened(a, b, full, N, corr), 1e-11);
            m.sigma = diagonal; /* the same through the full form */
            assert_near(one(&m, a, b, N, NULL), plain_whitened(a, b, diagonal, N, corr), 1e-12);
        }
    }
}

/* ---- multiplicities ------------------------------------------------------------------------- */

struct written {
    double a[MOST_PAIRS], b[MOST_PAIRS], sigma[MOST * MOST];
    size_t n;
};

static double pair_value(const double *d, size_t i, size_t j, double self)
{
    if (i == j) return self;
    if (i > j) return pair_value(d, j, i, self);
    return d[i * N - i * (i + 1) / 2 + (j - i - 1)];
}

/* The draws one after the other; pairs of copies are `self`, copies share all but `own` of their
 * variance. */
static void write_out(struct written *w, const double *a, const double *b, const double *sigma,
                      const double *times, double self, double own)
{
    size_t of[MOST];
    w->n = 0;
    for (size_t i = 0; i < N; i++)
        for (double t = 0; t < times[i]; t++) of[w->n++] = i;
    for (size_t p = 0, k = 0; p < w->n; p++)
        for (size_t q = p + 1; q < w->n; q++, k++) {
            w->a[k] = pair_value(a, of[p], of[q], self);
            w->b[k] = pair_value(b, of[p], of[q], self);
        }
    for (size_t p = 0; p < w->n; p++)
        for (size_t q = 0; q < w->n; q++) {
            bool copies = p != q && of[p] == of[q];
            w->sigma[p * w->n + q] = sigma[of[p] * N + of[q]] * (copies ? 1 - own : 1);
        }
}

static void draw_times(double *times, bram_rng *g)
{
    for (size_t i = 0; i < N; i++) times[i] = 0;
    for (size_t k = 0; k < N; k++) times[bram_rng_below(g, N)]++;
}

static void multiplicities_are_repeats(void **state)
{
    (void)state;
    static struct written w;
    for (uint64_t k = 0; k < 12; k++) {
        bram_rng g = bram_rng_at(8, "test/rdm_compare", k);
        double a[PAIRS], b[PAIRS], times[N], unit[N * N] = {0};
        draw(a, &g, N, k % 2), draw(b, &g, N, false);
        draw_times(times, &g);
        for (size_t i = 0; i < N; i++) unit[i * (N + 1)] = 1;
        for (size_t c = 0; c < 10; c++) {
            bram_rdm_measure m = {.comparator = all[c]};
            bool bures = m.comparator == BRAM_COMPARE_BURES ||
                         m.comparator == BRAM_COMPARE_BURES_METRIC;
            if (!bures && k % 3 == 1) a[5] = NAN, b[20] = NAN;
            else draw(a, &g, N, k % 2), draw(b, &g, N, false);
            write_out(&w, a, b, unit, times, bures ? 0 : (double)NAN, 1);
            assert_near(one(&m, a, b, N, times), one(&m, w.a, w.b, w.n, NULL),
                        bures ? 1e-7 : 1e-13);
        }
    }
}

/* lambda of the comment in rdm_whiten.h, by inverse iteration. */
static double own_share(const double *s)
{
    double v[N], r[N][N + 1], least = 0;
    for (size_t i = 0; i < N; i++) v[i] = 1 + (double)i * 0.1;
    for (size_t step = 0; step < 300; step++) {
        double norm = 0;
        for (size_t i = 0; i < N; i++) {
            for (size_t j = 0; j < N; j++)
                r[i][j] = s[i * N + j] / sqrt(s[i * (N + 1)] * s[j * (N + 1)]);
            r[i][N] = v[i];
        }
        for (size_t k = 0; k < N; k++)
            for (size_t i = k + 1; i < N; i++)
                for (size_t j = N + 1; j-- > k;) r[i][j] -= r[i][k] / r[k][k] * r[k][j];
        for (size_t i = N; i-- > 0;) {
            for (size_t j = i + 1; j < N; j++) r[i][N] -= r[i][j] * r[j][N];
            r[i][N] /= r[i][i];
            norm += r[i][N] * r[i][N];
        }
        least = 1 / sqrt(norm);
        for (size_t i = 0; i < N; i++) v[i] = r[i][N] * least;
    }
    return least;
}

static void multiplicities_under_a_covariance(void **state)
{
    (void)state;
    static struct written w;
    for (uint64_t k = 0; k < 8; k++) {
        bram_rng g = bram_rng_at(9, "test/rdm_compare", k);
        double a[PAIRS], b[PAIRS], times[N], full[N * N], diagonal[N * N] = {0}, s[N];
        draw(a, &g, N, false), draw(b, &g, N, false);
        draw_times(times, &g);
        draw_sigma(full, &g, N);
        for (size_t i = 0; i < N; i++) s[i] = diagonal[i * (N + 1)] = 0.2 + bram_rng_uniform(&g);
        if (k % 2) a[7] = NAN;
        for (int corr = 0; corr < 2; corr++) {
            bram_rdm_measure m = {corr ? BRAM_COMPARE_CORR_COV : BRAM_COMPARE_COSINE_COV, false,
                                  BRAM_SIGMA_FULL, full};
            write_out(&w, a, b, full, times, NAN, own_share(full));
            assert_near(one(&m, a, b, N, times), plain_whitened(w.a, w.b, w.sigma, w.n, corr),
                        1e-9);
            write_out(&w, a, b, diagonal, times, NAN, 1);
            double expected = plain_whitened(w.a, w.b, w.sigma, w.n, corr);
            m.sigma_kind = BRAM_SIGMA_DIAGONAL, m.sigma = s;
            assert_near(one(&m, a, b, N, times), expected, 1e-11);
            m.sigma_kind = BRAM_SIGMA_FULL, m.sigma = diagonal;
            assert_near(one(&m, a, b, N, times), expected, 1e-11);
        }
    }
}

/* ---- properties ----------------------------------------------------------------------------- */

static bool is_distance(bram_rdm_comparator c)
{
    return c == BRAM_COMPARE_BURES_METRIC || c == BRAM_COMPARE_NEG_RIEM_DIST;
}

static void permute(double *out, const double *d, const size_t *to)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, out++) *out = pair_value(d, to[i], to[j], 0);
}

static void properties(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(12, "test/rdm_compare");
    double a[PAIRS], b[PAIRS], x[PAIRS], y[PAIRS];
    size_t to[N];
    draw(a, &g, N, false), draw(b, &g, N, false);
    bram_rng_permutation(&g, N, to);
    for (size_t c = 0; c < BRAM_COMPARATORS; c++) {
        bram_rdm_measure m = {.comparator = all[c]};
        double value = one(&m, a, b, N, NULL), near = is_distance(all[c]) ? 1e-6 : 1e-12;
        assert_near(one(&m, a, a, N, NULL), is_distance(all[c]) ? 0 : 1, near);
        if (all[c] != BRAM_COMPARE_NEG_RIEM_DIST) assert_near(one(&m, b, a, N, NULL), value, 1e-12);
        permute(x, a, to), permute(y, b, to);
        assert_near(one(&m, x, y, N, NULL), value, near);
        if (all[c] == BRAM_COMPARE_BURES_METRIC) continue;
        for (size_t k = 0; k < PAIRS; k++) x[k] = 3.7 * a[k];
        assert_near(one(&m, x, b, N, NULL), value, near);
        if (!bram_rdm_centres(all[c])) continue;
        if (bram_rdm_by_ranks(all[c]))
            for (size_t k = 0; k < PAIRS; k++) x[k] = exp(a[k]);
        else
            for (size_t k = 0; k < PAIRS; k++) x[k] = a[k] + 11;
        assert_near(one(&m, x, b, N, NULL), value, 1e-11);
        for (size_t k = 0; k < PAIRS; k++) x[k] = -a[k];
        assert_near(one(&m, x, b, N, NULL), -value, 1e-12);
    }
}

static void constant_rdms(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(13, "test/rdm_compare");
    double a[PAIRS], constant[PAIRS], zero[PAIRS] = {0};
    draw(a, &g, N, false);
    for (size_t k = 0; k < PAIRS; k++) constant[k] = 0.7 + (double)(k % 2) * 1e-16;
    for (size_t c = 0; c < BRAM_COMPARATORS - 2; c++) {
        bram_rdm_measure m = {.comparator = all[c]}, to_zero = {all[c], true, 0, NULL};
        bool by_formula = all[c] == BRAM_COMPARE_TAU_A || all[c] == BRAM_COMPARE_RHO_A;
        bool cosine = !bram_rdm_centres(all[c]);
        const double *flat = cosine ? zero : constant;
        double value = one(&m, flat, a, N, NULL);
        if (by_formula) assert_near(value, 0, 0);
        else assert_true(isnan(value));
        assert_near(one(&to_zero, a, flat, N, NULL), 0, 0);
        if (cosine) assert_true(one(&m, constant, a, N, NULL) > 0.1);
    }
}

static void few_conditions(void **state)
{
    (void)state;
    const double a[] = {3, 2, 4, 3, 2.5, 3.5}, b[] = {2, 1, 3, 3.5, 2, 1.5};
    for (size_t c = 0; c < BRAM_COMPARATORS; c++) {
        bram_rdm_measure m = {.comparator = all[c]};
        assert_true(isnan(one(&m, a, b, 2, NULL)));
        assert_true(isfinite(one(&m, a, b, 3, NULL)));
        assert_true(isfinite(one(&m, b, a, 4, NULL)));
        if (all[c] == BRAM_COMPARE_NEG_RIEM_DIST) continue;
        const double two[] = {1, 3, 0, 0}, three[] = {2, 1, 0, 1};
        assert_true(isnan(one(&m, a, b, 4, two)));
        assert_true(isfinite(one(&m, a, b, 4, three)));
    }
    bram_rdm_measure tau = {.comparator = BRAM_COMPARE_TAU_A};
    assert_near(one(&tau, a, b, 3, NULL), 1, 0);
}

/* Sets: all values at once, the same as one by one, for 1 and 2 threads. */
static void sets(void **state)
{
    (void)state;
    enum { A = 3, B = 4, SET_N = 70, SET_PAIRS = SET_N * (SET_N - 1) / 2 };
    bram_rng g = bram_rng_new(14, "test/rdm_compare");
    static double a[A][SET_PAIRS], b[B][SET_PAIRS], times[SET_N];
    double *x[] = {a[0], b[0]};
    size_t counts[] = {A, B};
    for (size_t s = 0; s < 2; s++)
        for (size_t k = 0; k < counts[s] * SET_PAIRS; k++) x[s][k] = 1 + bram_rng_uniform(&g);
    for (size_t i = 0; i < SET_N; i++) times[i] = (double)bram_rng_below(&g, 4);
    a[1][40] = b[3][500] = NAN;
    bram_mat ma = {a[0], A, SET_PAIRS, SET_PAIRS}, mb = {b[0], B, SET_PAIRS, SET_PAIRS};
    for (size_t c = 0; c < BRAM_COMPARATORS - 3; c++)
        for (size_t weighted = 0; weighted < 2; weighted++) {
            bram_rdm_measure m = {.comparator = all[c]};
            double value[2][A * B];
            for (unsigned threads = 1; threads <= 2; threads++) {
                bram_ctx *cx = bram_ctx_new();
                size_t left = 0;
                bram_mat out = {value[threads - 1], A, B, B};
                bram_ctx_set_threads(cx, threads);
                assert_ok(cx, bram_rdm_compare(cx, &out, &left, &m, &ma, &mb, SET_N,
                                               weighted ? times : NULL));
                if (!weighted) assert_int_equal(left, SET_PAIRS - 2);
                bram_ctx_free(cx);
            }
            assert_memory_equal(value[0], value[1], sizeof value[0]);
            double x0[SET_PAIRS], y0[SET_PAIRS]; /* RDMs that lack what the sets lack */
            memcpy(x0, a[0], sizeof x0), memcpy(y0, b[2], sizeof y0);
            x0[40] = x0[500] = NAN;
            assert_near(value[0][2], one(&m, x0, y0, SET_N, weighted ? times : NULL), 1e-13);
        }
}

/* ---- what is refused ------------------------------------------------------------------------ */

static int status_of(const bram_rdm_measure *m, double *a, double *b, size_t pairs, size_t n,
                     const double *times)
{
    bram_ctx *cx = bram_ctx_new();
    double value = 42;
    bram_mat out = {&value, 1, 1, 1}, ma = {a, 1, pairs, pairs}, mb = {b, 1, pairs, pairs};
    int status = bram_rdm_compare(cx, &out, NULL, m, &ma, &mb, n, times);
    if (status != BRAM_OK) assert_near(value, 42, 0);
    bram_ctx_free(cx);
    return status;
}

static void bad_input(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(15, "test/rdm_compare");
    double a[PAIRS], b[PAIRS], sigma[N * N] = {0}, times[N] = {1, 2, 1.5};
    draw(a, &g, N, false), draw(b, &g, N, false);
    bram_rdm_measure m = {.comparator = BRAM_COMPARE_TAU_B};
    assert_int_equal(status_of(&m, a, b, PAIRS - 1, N, NULL), BRAM_ESHAPE);
    assert_int_equal(status_of(&m, a, b, PAIRS, N, times), BRAM_ENUMERIC);
    times[2] = -1;
    m.comparator = BRAM_COMPARE_CORR;
    assert_int_equal(status_of(&m, a, b, PAIRS, N, times), BRAM_ENUMERIC);
    a[4] = INFINITY;
    assert_int_equal(status_of(&m, a, b, PAIRS, N, NULL), BRAM_ENUMERIC);
    m.comparator = BRAM_COMPARE_TAU_A; /* ranks take it: the last place */
    assert_int_equal(status_of(&m, a, b, PAIRS, N, NULL), BRAM_OK);
    a[4] = NAN;
    for (size_t c = 8; c < BRAM_COMPARATORS; c++) {
        m.comparator = all[c];
        assert_int_equal(status_of(&m, a, b, PAIRS, N, NULL), BRAM_ENOTAPPLICABLE);
    }
    a[4] = 1;
    times[2] = 1;
    assert_int_equal(status_of(&m, a, b, PAIRS, N, times), BRAM_ENOTAPPLICABLE);
    for (size_t k = 0; k < PAIRS; k++) b[k] = 0;
    assert_int_equal(status_of(&m, a, b, PAIRS, N, NULL), BRAM_ENOTAPPLICABLE);
    m = (bram_rdm_measure){BRAM_COMPARE_COSINE_COV, false, BRAM_SIGMA_FULL, sigma};
    assert_int_equal(status_of(&m, a, a, PAIRS, N, NULL), BRAM_ENUMERIC);
    for (size_t k = 0; k < N * N; k++) sigma[k] = 1; /* singular */
    assert_int_equal(status_of(&m, a, a, PAIRS, N, NULL), BRAM_ENUMERIC);
    for (size_t i = 0; i < N; i++) sigma[i * (N + 1)] = 3;
    assert_int_equal(status_of(&m, a, a, PAIRS, N, NULL), BRAM_OK);
    sigma[1] = 0;
    assert_int_equal(status_of(&m, a, a, PAIRS, N, NULL), BRAM_ENUMERIC);
    m.sigma = NULL;
    assert_int_equal(status_of(&m, a, a, PAIRS, N, NULL), BRAM_ESHAPE);
}

/* Every allocation fails once: a status, nothing leaks, the output is untouched. */
static void no_memory(void **state)
{
    (void)state;
    bram_rng g = bram_rng_new(16, "test/rdm_compare");
    double a[PAIRS], b[PAIRS], sigma[N * N], times[N] = {1, 1, 2, 1, 1, 3, 1, 1, 1};
    draw(a, &g, N, false), draw(b, &g, N, false);
    draw_sigma(sigma, &g, N);
    for (size_t c = 0; c < BRAM_COMPARATORS; c++) {
        bram_rdm_measure m = {all[c], false, BRAM_SIGMA_FULL, sigma};
        bool whole = all[c] == BRAM_COMPARE_NEG_RIEM_DIST;
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status == BRAM_ENOMEM; k++) {
            assert_true(k < 200);
            bram_ctx *cx = bram_ctx_new();
            double value = 42;
            bram_mat out = {&value, 1, 1, 1}, ma = {a, 1, PAIRS, PAIRS}, mb = {b, 1, PAIRS, PAIRS};
            bram_fail_allocation(k, false);
            status = bram_rdm_compare(cx, &out, NULL, &m, &ma, &mb, N, whole ? NULL : times);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) assert_near(value, 42, 0);
            bram_ctx_free(cx);
        }
        assert_int_equal(status, BRAM_OK);
    }
}

static void names(void **state)
{
    (void)state;
    for (size_t c = 0; c < BRAM_COMPARATORS; c++) {
        bram_rdm_comparator found;
        assert_true(bram_rdm_comparator_find(bram_rdm_comparator_name(all[c]), &found));
        assert_int_equal(found, all[c]);
    }
    bram_rdm_comparator found;
    assert_true(bram_rdm_comparator_find("kendall", &found));
    assert_int_equal(found, BRAM_COMPARE_TAU_B);
    assert_false(bram_rdm_comparator_find("tau", &found));
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rank_measures_by_counting),
        cmocka_unit_test(tau_of_long_vectors),
        cmocka_unit_test(whitening_by_the_dense_matrix),
        cmocka_unit_test(multiplicities_are_repeats),
        cmocka_unit_test(multiplicities_under_a_covariance),
        cmocka_unit_test(properties),
        cmocka_unit_test(constant_rdms),
        cmocka_unit_test(few_conditions),
        cmocka_unit_test(sets),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
