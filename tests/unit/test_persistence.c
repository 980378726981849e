/*
 * Tests of metrics/persistence.c and diagram.c: by hand, against the plain reduction of the whole
 * boundary matrix, gudhi's barcodes and RTD (shared test data).
 */
#include "persistence.h"

#include <bramble/rng.h>

#include "internal.h"
#include "json.h"
#include "metric_test.h"
#include "rdm.h"

enum { MOST = 9, MOST_PAIRS = MOST * (MOST - 1) / 2 };

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_barcode h0, h1;
    /* the corners of a square: joined at 1, a loop from 1 to the diagonal */
    double r = sqrt(2), square[] = {1, r, 1, 1, r, 1}, sum;
    assert_ok(cx, bram_barcode_h0(cx, &h0, square, 4));
    assert_ok(cx, bram_barcode_h1(cx, &h1, square, 4));
    assert_int_equal(h0.count, 3);
    for (size_t k = 0; k < 3; k++) assert_true(h0.bar[k].birth == 0 && h0.bar[k].death == 1);
    assert_int_equal(h1.count, 1);
    assert_true(h1.bar[0].birth == 1 && h1.bar[0].death == r);
    bram_free(h0.bar);
    bram_free(h1.bar);
    assert_ok(cx, bram_spanning_tree(cx, &sum, square, 4));
    assert_near(sum, 3, 0);
    /* never joined: two components, and a loop that never closes is no bar */
    double apart[] = {1, INFINITY, INFINITY, INFINITY, INFINITY, 2};
    assert_ok(cx, bram_barcode_h0(cx, &h0, apart, 4));
    assert_int_equal(h0.count, 2);
    double ring[] = {1, INFINITY, 1, 1, INFINITY, 1};
    assert_ok(cx, bram_barcode_h1(cx, &h1, ring, 4));
    assert_int_equal(h1.count, 0);
    bram_free(h0.bar);
    bram_free(h1.bar);
    for (size_t n = 0; n < 3; n++) {
        assert_ok(cx, bram_barcode_h0(cx, &h0, square, n));
        assert_ok(cx, bram_barcode_h1(cx, &h1, square, n));
        assert_int_equal(h0.count, n == 2);
        assert_int_equal(h1.count, 0);
        bram_free(h0.bar);
        bram_free(h1.bar);
    }
    double wrong[] = {1, -1, 1};
    h1 = (bram_barcode){NULL, 7};
    assert_int_equal(bram_barcode_h1(cx, &h1, wrong, 3), BRAM_ENUMERIC);
    wrong[1] = NAN;
    assert_int_equal(bram_barcode_h0(cx, &h1, wrong, 3), BRAM_ENUMERIC);
    assert_int_equal(h1.count, 7);
    bram_ctx_free(cx);
}

/* ---- the plain reduction -------------------------------------------------------------------- */

struct simplex {
    double at;
    unsigned vertices; /* a set of bits */
    int size;
};

static int by_filtration(const void *a, const void *b)
{
    const struct simplex *x = a, *y = b;
    if (x->at != y->at) return x->at < y->at ? -1 : 1;
    if (x->size != y->size) return x->size - y->size;
    return (x->vertices > y->vertices) - (x->vertices < y->vertices);
}

static int bits(unsigned x)
{
    int count = 0;
    for (; x; x &= x - 1) count++;
    return count;
}

static double diameter(const double *d, size_t n, unsigned set)
{
    double largest = 0;
    for (size_t i = 0, k = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, k++)
            if (set >> i & 1 && set >> j & 1) largest = fmax(largest, d[k]);
    return largest;
}

static int by_birth(const void *a, const void *b)
{
    const bram_bar *x = a, *y = b;
    if (x->birth != y->birth) return x->birth < y->birth ? -1 : 1;
    return (x->death > y->death) - (x->death < y->death);
}

/* Vertices, edges and triangles, columns reduced from the left; bars of one dimension. */
static size_t plain(bram_bar *bar, const double *d, size_t n, int dimension)
{
    enum { ROOM = 256 };
    static struct simplex s[ROOM];
    static uint8_t column[ROOM][ROOM];
    size_t count = 0, bars = 0;
    for (unsigned set = 1; set < 1U << n; set++)
        if (bits(set) <= 3 && isfinite(diameter(d, n, set)))
            s[count++] = (struct simplex){diameter(d, n, set), set, bits(set)};
    assert_true(count <= ROOM);
    qsort(s, count, sizeof *s, by_filtration);
    size_t low_of[ROOM], owner[ROOM];
    for (size_t i = 0; i < count; i++) owner[i] = ROOM;
    for (size_t c = 0; c < count; c++) {
        for (size_t r = 0; r < count; r++)
            column[c][r] = s[r].size == s[c].size - 1 && (s[r].vertices & ~s[c].vertices) == 0;
        for (;;) {
            size_t low = count;
            while (low > 0 && !column[c][low - 1]) low--;
            low_of[c] = low;
            if (!low || owner[low - 1] == ROOM) break;
            for (size_t r = 0; r < count; r++) column[c][r] ^= column[owner[low - 1]][r];
        }
        if (!low_of[c]) continue;
        owner[low_of[c] - 1] = c;
        const struct simplex *born = &s[low_of[c] - 1];
        if (born->size == dimension + 1 && s[c].at > born->at)
            bar[bars++] = (bram_bar){born->at, s[c].at};
    }
    qsort(bar, bars, sizeof *bar, by_birth);
    return bars;
}

static void against_the_plain_reduction(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/persistence");
    size_t seen = 0;
    for (size_t trial = 0; trial < 400; trial++) {
        double d[MOST_PAIRS];
        bram_bar expected[MOST * MOST * MOST];
        size_t n = 3 + bram_rng_below(&g, MOST - 2);
        for (size_t k = 0; k < bram_rdm_pairs(n); k++)
            switch (trial % 4) { /* plain, ties, zeros among ties, missing edges */
            case 0:
                d[k] = bram_rng_uniform(&g);
                break;
            case 1:
                d[k] = 1 + (double)bram_rng_below(&g, 4);
                break;
            case 2:
                d[k] = (double)bram_rng_below(&g, 3);
                break;
            default:
                d[k] = bram_rng_below(&g, 4) ? bram_rng_uniform(&g) : INFINITY;
            }
        for (int dimension = 0; dimension < 2; dimension++) {
            bram_barcode ours;
            size_t count = plain(expected, d, n, dimension);
            assert_ok(cx, dimension ? bram_barcode_h1(cx, &ours, d, n)
                                    : bram_barcode_h0(cx, &ours, d, n));
            if (ours.count != count)
                fail_msg("trial %zu, H%d: %zu bars, expected %zu", trial, dimension, ours.count,
                         count);
            for (size_t k = 0; k < count; k++)
                assert_true(ours.bar[k].birth == expected[k].birth &&
                            ours.bar[k].death == expected[k].death);
            seen += dimension ? count : 0;
            bram_free(ours.bar);
        }
    }
    assert_true(seen > 100); /* loops were among them */
    bram_ctx_free(cx);
}

/* ---- diagrams ------------------------------------------------------------------------------- */

static double distance(const bram_bar *a, size_t na, const bram_bar *b, size_t nb, double order,
                       bool euclidean)
{
    bram_ctx *cx = bram_ctx_new();
    bram_bar copy[2][8] = {{{0, 0}}};
    for (size_t k = 0; k < na; k++) copy[0][k] = a[k];
    for (size_t k = 0; k < nb; k++) copy[1][k] = b[k];
    bram_barcode x = {copy[0], na}, y = {copy[1], nb};
    bram_diagram_metric m = {order, euclidean};
    double out = 42;
    assert_ok(cx, bram_diagram_distance(cx, &out, &x, &y, &m));
    bram_ctx_free(cx);
    return out;
}

static void diagrams_by_hand(void **state)
{
    (void)state;
    /* (0, 4) goes to (1, 4) at 1; (2, 3) to the diagonal at 1/2 */
    bram_bar a[] = {{0, 4}, {2, 3}}, b[] = {{1, 4}};
    assert_near(distance(a, 2, b, 1, INFINITY, false), 1, 0);
    assert_near(distance(a, 2, b, 1, 1, false), 1.5, 1e-15);
    assert_near(distance(a, 2, b, 1, 2, false), sqrt(1.25), 1e-15);
    assert_near(distance(a, 2, b, 1, 1, true), 1 + 1 / sqrt(2), 1e-15);
    assert_near(distance(b, 1, a, 2, 1, true), 1 + 1 / sqrt(2), 1e-15);
    assert_near(distance(a, 2, NULL, 0, INFINITY, false), 2, 0);
    assert_near(distance(a, 2, NULL, 0, 1, false), 2.5, 1e-15);
    assert_near(distance(NULL, 0, NULL, 0, 1, false), 0, 0);
    assert_near(distance(NULL, 0, NULL, 0, INFINITY, false), 0, 0);
    assert_near(distance(a, 2, a, 2, 2, true), 0, 0);
    /* two short bars far apart: cheaper to remove both than to move one */
    bram_bar c[] = {{0, 1}}, d[] = {{5, 6}};
    assert_near(distance(c, 1, d, 1, INFINITY, false), 0.5, 0);
    assert_near(distance(c, 1, d, 1, 1, false), 1, 1e-15);
}

/* Barcodes move no more than dissimilarities (stability; Chazal et al. 2009): bottleneck <= the
 * largest change. */
static void bars_are_stable(void **state)
{
    (void)state;
    enum { N = 24, PAIRS = N * (N - 1) / 2 };
    bram_ctx *cx = bram_ctx_new();
    bram_rng g = bram_rng_new(3, "test/persistence/stable");
    for (size_t trial = 0; trial < 10; trial++) {
        double a[PAIRS], b[PAIRS], most = 0, x[N][2], out;
        for (size_t i = 0; i < N; i++) { /* a noisy ring */
            x[i][0] = cos(6.2831853 * (double)i / N) + 0.1 * bram_rng_normal(&g);
            x[i][1] = sin(6.2831853 * (double)i / N) + 0.1 * bram_rng_normal(&g);
        }
        for (size_t i = 0, k = 0; i < N; i++)
            for (size_t j = i + 1; j < N; j++, k++) {
                a[k] = hypot(x[i][0] - x[j][0], x[i][1] - x[j][1]);
                b[k] = fabs(a[k] + 0.05 * bram_rng_normal(&g));
                most = fmax(most, fabs(a[k] - b[k]));
            }
        for (int dimension = 0; dimension < 2; dimension++) {
            bram_barcode p, q;
            bram_diagram_metric m = {INFINITY, false};
            assert_ok(cx,
                      dimension ? bram_barcode_h1(cx, &p, a, N) : bram_barcode_h0(cx, &p, a, N));
            assert_ok(cx,
                      dimension ? bram_barcode_h1(cx, &q, b, N) : bram_barcode_h0(cx, &q, b, N));
            assert_ok(cx, bram_diagram_distance(cx, &out, &p, &q, &m));
            assert_true(out <= most && out > 0);
            if (dimension) { /* the ring itself is by far the longest bar */
                double longest = 0;
                for (size_t k = 0; k < p.count; k++)
                    longest = fmax(longest, p.bar[k].death - p.bar[k].birth);
                assert_true(longest > 0.7);
            }
            bram_free(p.bar);
            bram_free(q.bar);
        }
    }
    bram_ctx_free(cx);
}

/* ---- gudhi ---------------------------------------------------------------------------------- */

enum { POINTS = 20, POINT_PAIRS = POINTS * (POINTS - 1) / 2 };

static const bram_json *value_of(const bram_json *file, const char *id, double *tolerance)
{
    const bram_json *cases = bram_json_get(file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++) {
        const bram_json *entry = bram_json_at(cases, i);
        if (strcmp(bram_json_text(bram_json_get(entry, "id")), id) != 0) continue;
        assert_true(bram_json_number(bram_json_get(entry, "tol"), tolerance));
        return bram_json_get(entry, "value");
    }
    fail_msg("no case %s", id);
    return NULL;
}

static double *points(bram_ctx *cx, const bram_json *file, const char *name, size_t *channels)
{
    double *x;
    size_t count;
    const bram_json *in = bram_json_get(bram_json_get(file, "inputs"), name);
    assert_ok(cx, bram_json_numbers(cx, &x, &count, bram_json_get(in, "data")));
    *channels = count / POINTS;
    return x;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Bars as sorted births and sorted deaths: near equal bars may come in another order. */
static void same_bars(const bram_barcode *ours, const bram_json *bars, double tolerance)
{
    double got[2][64], expected[2][64];
    size_t finite = 0;
    for (size_t k = 0; k < bram_json_count(bars); k++) {
        double x[2] = {NAN, NAN};
        if (!bram_json_number(bram_json_at(bram_json_at(bars, k), 1), &x[1])) continue; /* "inf" */
        assert_true(bram_json_number(bram_json_at(bram_json_at(bars, k), 0), &x[0]));
        expected[0][finite] = x[0], expected[1][finite++] = x[1];
    }
    assert_int_equal(ours->count, finite);
    for (size_t k = 0; k < finite; k++)
        got[0][k] = ours->bar[k].birth, got[1][k] = ours->bar[k].death;
    for (size_t s = 0; s < 2; s++) {
        qsort(got[s], finite, sizeof(double), by_value);
        qsort(expected[s], finite, sizeof(double), by_value);
        for (size_t k = 0; k < finite; k++) assert_near(got[s][k], expected[s][k], tolerance);
    }
}

static void gudhi(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "../reference/rsa_reference.json");
    bram_ctx *cx = bram_ctx_new();
    bram_json *file;
    bram_barcode h0, h1;
    size_t p;
    double *x, d[POINT_PAIRS], tolerance;
    assert_ok(cx, bram_json_read(cx, &file, path, 0));
    x = points(cx, file, "act_x", &p);
    for (size_t i = 0, k = 0; i < POINTS; i++)
        for (size_t j = i + 1; j < POINTS; j++, k++) {
            d[k] = 0;
            for (size_t c = 0; c < p; c++) d[k] += pow(x[i * p + c] - x[j * p + c], 2);
            d[k] = sqrt(d[k]);
        }
    const bram_json *bars = value_of(file, "topology/rips_barcode/act_x", &tolerance);
    assert_ok(cx, bram_barcode_h0(cx, &h0, d, POINTS));
    assert_ok(cx, bram_barcode_h1(cx, &h1, d, POINTS));
    same_bars(&h0, bram_json_get(bars, "H0"), tolerance);
    same_bars(&h1, bram_json_get(bars, "H1"), tolerance);
    bram_free(h0.bar);
    bram_free(h1.bar);
    static const char *const others[] = {"act_y", "act_z", "act_x"};
    for (size_t k = 0; k < 3; k++) {
        char id[60];
        size_t q;
        double *y = points(cx, file, others[k], &q), expected;
        snprintf(id, sizeof id, "topology/rtd/act_x,%s", others[k]);
        assert_true(
            bram_json_number(bram_json_get(value_of(file, id, &tolerance), "rtd"), &expected));
        struct test_scoring s = {.options = "form=full",
                                 .model = test_side(x, POINTS, p, NULL),
                                 .brain = test_side(y, POINTS, q, NULL)};
        assert_near(test_score_one("rtd", &s), expected, tolerance);
        bram_free(y);
    }
    bram_free(x);
    bram_json_free(file);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    double d[MOST_PAIRS];
    bram_rng g = bram_rng_new(4, "test/persistence/memory");
    for (size_t k = 0; k < MOST_PAIRS; k++) d[k] = bram_rng_uniform(&g);
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_barcode bars = {0};
        bram_fail_allocation(k, true);
        status = bram_barcode_h1(cx, &bars, d, MOST);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_free(bars.bar);
        bram_ctx_free(cx);
        assert_true(k < 100);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(against_the_plain_reduction),
        cmocka_unit_test(diagrams_by_hand),
        cmocka_unit_test(bars_are_stable),
        cmocka_unit_test(gudhi),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
