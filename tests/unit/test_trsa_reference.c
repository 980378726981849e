/*
 * Topological RSA against TopologicalRSA (18e5beb) and rsatoolbox (f1f83ca). Where these are wrong
 * their rule is rebuilt here, so that the difference is known to be that rule and nothing else; how
 * many pairs it changes is held fixed (docs/trsa.md shows the same table). The numbers are in the
 * shared test data.
 */
#include "geodesic.h"
#include "gt_transform.h"
#include "identification.h"
#include "internal.h"
#include "json.h"
#include "linalg.h"
#include "metric_test.h"
#include "rdm.h"
#include "stats.h"

enum { N = 12, PAIRS = N * (N - 1) / 2, MAX_ROWS = 24 };

struct reference {
    bram_ctx *cx;
    bram_json *file;
};

/* returns from the test (it is then skipped) without the shared data */
#define open_reference(r)                                                                          \
    do {                                                                                           \
        char path_[512];                                                                           \
        test_data(path_, "../reference/rsa_reference.json");                                       \
        (r)->cx = bram_ctx_new();                                                                  \
        assert_ok((r)->cx, bram_json_read((r)->cx, &(r)->file, path_, 0));                         \
    } while (0)

static void close_reference(struct reference *r)
{
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

/* A number, "inf", or null (NaN). */
static double number_of(const bram_json *v)
{
    double x = NAN;
    const char *text = bram_json_text(v);
    if (text) {
        assert_string_equal(text, "inf");
        return INFINITY;
    }
    if (!bram_json_number(v, &x)) return NAN;
    return x;
}

static size_t flatten(double *out, const bram_json *v)
{
    size_t n = bram_json_count(v), at = 0;
    for (size_t i = 0; i < n; i++) {
        const bram_json *row = bram_json_at(v, i);
        if (bram_json_count(row)) at += flatten(out + at, row);
        else out[at++] = number_of(row);
    }
    return at;
}

static const bram_json *find(struct reference *r, const char *id)
{
    const bram_json *cases = bram_json_get(r->file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++) {
        const bram_json *entry = bram_json_at(cases, i);
        if (strcmp(bram_json_text(bram_json_get(entry, "id")), id) == 0) return entry;
    }
    fail_msg("no case %s", id);
    return NULL;
}

/* The value of a case as a vector, and its tolerance. */
static double expected(struct reference *r, double *out, size_t count, const char *id)
{
    const bram_json *entry = find(r, id);
    double tolerance = NAN;
    assert_int_equal(flatten(out, bram_json_get(entry, "value")), count);
    assert_true(bram_json_number(bram_json_get(entry, "tol"), &tolerance));
    return tolerance;
}

static size_t input(struct reference *r, double *out, const char *name)
{
    const bram_json *entry = bram_json_get(bram_json_get(r->file, "inputs"), name);
    return flatten(out, bram_json_get(entry, "data"));
}

static void same(const double *a, const double *b, size_t count, double tolerance, const char *id)
{
    for (size_t k = 0; k < count; k++) {
        bool equal = a[k] == b[k] || (isnan(a[k]) && isnan(b[k])) || fabs(a[k] - b[k]) <= tolerance;
        if (!equal) fail_msg("%s: pair %zu is %.17g, expected %.17g", id, k, a[k], b[k]);
    }
}

static size_t differing(const double *a, const double *b, size_t count)
{
    size_t n = 0;
    for (size_t k = 0; k < count; k++) n += !(a[k] == b[k] || fabs(a[k] - b[k]) <= 1e-12);
    return n;
}

/* The first RDM of an input, its scaled ranks and its order. */
struct one {
    double d[PAIRS], r[PAIRS], weight[PAIRS];
    bram_order order;
};

static void open_one(struct reference *r, struct one *o, const char *name)
{
    double all[4 * PAIRS];
    assert_int_equal(input(r, all, name), 4 * PAIRS);
    memcpy(o->d, all, sizeof o->d);
    for (size_t k = 0; k < PAIRS; k++) o->weight[k] = 1;
    assert_ok(r->cx, bram_order_new(r->cx, &o->order, o->d, PAIRS));
    assert_true(bram_scaled_ranks(o->r, o->d, &o->order, o->weight, PAIRS));
}

static const char *const names[] = {"rdms_a", "rdms_a_ties"};

/* ---- the transform -------------------------------------------------------------------------- */

static void geo_topological(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        double l, u;
    } cases[] = {{"0.2-0.8", 0.2, 0.8}, {"0-0.075", 0, 0.075},   {"0-1", 0, 1},
                 {"0.5-0.5", 0.5, 0.5}, {"0.35-0.6", 0.35, 0.6}, {"0.75-1", 0.75, 1}};
    struct reference r;
    open_reference(&r);
    for (size_t in = 0; in < 2; in++) {
        struct one o;
        double g[PAIRS], value[PAIRS], tolerance;
        char id[80];
        open_one(&r, &o, names[in]);
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            bram_gt gt = {.low = cases[c].l, .high = cases[c].u};
            snprintf(id, sizeof id, "trsa/gt/%s[0]/%s", names[in], cases[c].id);
            tolerance = expected(&r, value, PAIRS, id);
            bram_gt_transform(g, o.r, &o.order, o.weight, PAIRS, &gt);
            /* l = u: the peer has 0/0 at the threshold, here these pairs are neighbours */
            for (size_t k = 0; k < PAIRS; k++)
                if (isnan(value[k])) {
                    assert_true(cases[c].l == cases[c].u);
                    assert_near(g[k], 0, 0);
                    value[k] = 0;
                }
            same(g, value, PAIRS, tolerance, id);
        }
        bram_gt smooth = {.smooth = true, .steepness = 10, .centre = 0.5};
        snprintf(id, sizeof id, "trsa/gt_sigmoid/%s[0]", names[in]);
        tolerance = expected(&r, value, PAIRS, id);
        bram_gt_transform(g, o.r, &o.order, o.weight, PAIRS, &smooth);
        same(g, value, PAIRS, tolerance, id);
        bram_free(o.order.index);
    }
    close_reference(&r);
}

/* rsatoolbox: quantiles over all RDMs at once, which are ours over their pairs put together; then,
 * where the upper quantile is below 1, everything above it is cut to 1 a second time. */
static void geo_topological_of_dissimilarities(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (size_t in = 0; in < 2; in++) {
        double all[4 * PAIRS], weight[4 * PAIRS], g[4 * PAIRS], value[4 * PAIRS], tolerance;
        static const char *const cases[] = {"0.2-0.8", "0-0.3"};
        char id[80];
        bram_order order;
        input(&r, all, names[in]);
        for (size_t k = 0; k < 4 * PAIRS; k++) weight[k] = 1;
        assert_ok(r.cx, bram_order_new(r.cx, &order, all, 4 * PAIRS));
        for (size_t c = 0; c < 2; c++) {
            bram_gt gt = {.low = c ? 0 : 0.2, .high = c ? 0.3 : 0.8};
            snprintf(id, sizeof id, "transform/geotopological/%s/%s", names[in], cases[c]);
            tolerance = expected(&r, value, 4 * PAIRS, id);
            bram_gt_transform(g, all, &order, weight, 4 * PAIRS, &gt);
            same(g, value, 4 * PAIRS, tolerance, id);
        }
        bram_free(order.index);
        struct one o;
        open_one(&r, &o, names[in]);
        bram_gt gt = {.low = 0.2, .high = 0.8};
        for (size_t k = 0; k < PAIRS; k++) o.d[k] /= 10;
        bram_gt_transform(g, o.d, &o.order, o.weight, PAIRS, &gt);
        snprintf(id, sizeof id, "transform/geotopological_small_exact/%s", names[in]);
        tolerance = expected(&r, value, PAIRS, id);
        same(g, value, PAIRS, tolerance, id);
        snprintf(id, sizeof id, "transform/geotopological_small/%s", names[in]);
        tolerance = expected(&r, value, PAIRS, id);
        double up = bram_weighted_quantile(o.d, &o.order, o.weight, 0.8);
        assert_true(up < 1);
        assert_int_equal(differing(g, value, PAIRS), in ? 14 : 19);
        for (size_t k = 0; k < PAIRS; k++)
            if (g[k] > up) g[k] = 1; /* the second cut */
        same(g, value, PAIRS, tolerance, id);
        bram_free(o.order.index);
    }
    close_reference(&r);
}

/* ---- geodesics ------------------------------------------------------------------------------ */

/* Both peers: an edge of length 0 is no edge. */
static void lose_zero_edges(double *edge)
{
    for (size_t k = 0; k < PAIRS; k++)
        if (edge[k] == 0) edge[k] = INFINITY;
}

/* TopologicalRSA: the edge (i < j) stays if j is among the k nearest of i, ties by index. */
static void one_sided(double *edge, const double *length, size_t k)
{
    for (size_t i = 0, p = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, p++) {
            size_t before = 0;
            for (size_t other = 0; other < N; other++) {
                if (other == i || other == j) continue;
                size_t a = other < i ? other : i, b = other < i ? i : other;
                double d = length[a * N - a * (a + 1) / 2 + (b - a - 1)];
                before += d < length[p] || (d == length[p] && other < j);
            }
            edge[p] = before < k ? length[p] : INFINITY;
        }
}

enum kind { P_SHORTEST, K_NEAREST, TWO_STEP };

static const struct {
    const char *id;
    enum kind kind;
    double a, b;
    size_t differ[2]; /* pairs that ours and the peer's geodesics do not share */
} geodesics[] = {{"p_shortest/p=0.05", P_SHORTEST, 0.05, 0, {3, 2}},
                 {"p_shortest/p=0.4", P_SHORTEST, 0.4, 0, {13, 2}},
                 {"k_nearest/k=2", K_NEAREST, 2, 0, {24, 38}},
                 {"k_nearest/k=5", K_NEAREST, 5, 0, {14, 15}},
                 {"p_nearest/p=0.4", K_NEAREST, 4, 0, {14, 15}},
                 {"twostep/0-0.4", TWO_STEP, 0, 0.4, {13, 2}},
                 {"twostep/0.2-0.8", TWO_STEP, 0.2, 0.8, {64, 63}}};

static void make_graphs(struct reference *r, double *ours, double *theirs, const struct one *o,
                        size_t c)
{
    double g[PAIRS];
    bram_gt gt = {.low = geodesics[c].a, .high = geodesics[c].b};
    switch (geodesics[c].kind) {
    case P_SHORTEST:
        bram_short_edges(ours, o->r, PAIRS,
                         bram_weighted_quantile(o->r, &o->order, o->weight, geodesics[c].a), true);
        memcpy(theirs, ours, sizeof g);
        break;
    case K_NEAREST:
        assert_ok(r->cx, bram_nearest_edges(r->cx, ours, o->r, N, geodesics[c].a,
                                            BRAM_NEIGHBOURS_UNION, NULL));
        one_sided(theirs, o->r, (size_t)geodesics[c].a);
        break;
    case TWO_STEP:
        bram_gt_transform(g, o->r, &o->order, o->weight, PAIRS, &gt);
        bram_short_edges(ours, g, PAIRS, 1, false);
        memcpy(theirs, ours, sizeof g);
        break;
    }
    lose_zero_edges(theirs);
}

/* Ranks as the peer takes them: of sums that rounding may tell apart. */
static void plain_ranks(struct reference *r, double *rank, const double *x)
{
    assert_ok(r->cx, bram_ranks(r->cx, rank, x, PAIRS));
}

static void geodesic_distances(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    for (size_t in = 0; in < 2; in++) {
        struct one o;
        open_one(&r, &o, names[in]);
        for (size_t c = 0; c < sizeof geodesics / sizeof *geodesics; c++) {
            double ours[PAIRS], theirs[PAIRS], value[PAIRS], rank[PAIRS], tolerance;
            char id[96];
            make_graphs(&r, ours, theirs, &o, c);
            assert_ok(r.cx, bram_shortest_paths(r.cx, theirs, theirs, N));
            assert_ok(r.cx, bram_shortest_paths(r.cx, ours, ours, N));
            snprintf(id, sizeof id, "trsa/geodesic/%s[0]/%s/rank_after=0", names[in],
                     geodesics[c].id);
            tolerance = expected(&r, value, PAIRS, id);
            same(theirs, value, PAIRS, tolerance, id);
            size_t differ = differing(ours, value, PAIRS);
            if (differ != geodesics[c].differ[in])
                fail_msg("%s: %zu pairs differ, expected %zu", id, differ, geodesics[c].differ[in]);
            id[strlen(id) - 1] = '1';
            plain_ranks(&r, rank, value);
            tolerance = expected(&r, value, PAIRS, id);
            same(rank, value, PAIRS, tolerance, id);
        }
        bram_free(o.order.index);
    }
    close_reference(&r);
}

/* rsatoolbox: each RDM scaled by its range, only the largest dissimilarity is no edge. */
static void geodesic_transform(void **state)
{
    (void)state;
    static const size_t differ[2][4] = {{15, 15, 16, 11}, {2, 12, 5, 23}};
    struct reference r;
    open_reference(&r);
    for (size_t in = 0; in < 2; in++) {
        double all[4 * PAIRS], value[4 * PAIRS], tolerance;
        char id[80];
        snprintf(id, sizeof id, "transform/geodesic/%s", names[in]);
        tolerance = expected(&r, value, 4 * PAIRS, id);
        input(&r, all, names[in]);
        for (size_t m = 0; m < 4; m++) {
            double ours[PAIRS], theirs[PAIRS], low = INFINITY, high = -INFINITY;
            const double *d = all + m * PAIRS;
            for (size_t k = 0; k < PAIRS; k++) low = fmin(low, d[k]), high = fmax(high, d[k]);
            for (size_t k = 0; k < PAIRS; k++) theirs[k] = (d[k] - low) / (high - low);
            bram_short_edges(theirs, theirs, PAIRS, 1, false);
            lose_zero_edges(theirs);
            assert_ok(r.cx, bram_shortest_paths(r.cx, theirs, theirs, N));
            same(theirs, value + m * PAIRS, PAIRS, tolerance, id);
            assert_ok(r.cx, bram_geodesic_transform(r.cx, ours, d, N));
            assert_int_equal(differing(ours, theirs, PAIRS), differ[in][m]);
            for (size_t k = 0; k < PAIRS; k++) assert_true(ours[k] <= theirs[k]);
        }
    }
    close_reference(&r);
}

/* ---- identification ------------------------------------------------------------------------- */

static void region_identification(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    double all[MAX_ROWS * PAIRS], label[MAX_ROWS], subject[MAX_ROWS], value;
    size_t region_of[MAX_ROWS], subject_of[MAX_ROWS], regions = 0, subjects = 0;
    assert_int_equal(input(&r, all, "region_rdms"), MAX_ROWS * PAIRS);
    input(&r, label, "region_labels");
    input(&r, subject, "region_subjects");
    for (size_t i = 0; i < MAX_ROWS; i++) {
        region_of[i] = (size_t)label[i] - 1, subject_of[i] = (size_t)subject[i];
        if (region_of[i] >= regions) regions = region_of[i] + 1;
        if (subject_of[i] >= subjects) subjects = subject_of[i] + 1;
    }
    static const struct {
        const char *id;
        double l, u;
    } cases[] = {{"0-1", 0, 1}, {"0.2-0.8", 0.2, 0.8}, {"0.3-0.5", 0.3, 0.5}, {"raw", -1, 0}};
    bram_identification d = {MAX_ROWS, regions, subjects, region_of, subject_of};
    for (size_t c = 0; c < 4; c++) {
        double stat[MAX_ROWS * PAIRS], squares[MAX_ROWS * MAX_ROWS], weight[PAIRS], accuracy;
        bram_mat x = {stat, MAX_ROWS, PAIRS, PAIRS},
                 squared = {squares, MAX_ROWS, MAX_ROWS, MAX_ROWS};
        bram_gt gt = {.low = cases[c].l, .high = cases[c].u};
        char id[80];
        for (size_t k = 0; k < PAIRS; k++) weight[k] = 1;
        memcpy(stat, all, sizeof stat);
        for (size_t i = 0; gt.low >= 0 && i < MAX_ROWS; i++) {
            double *row = bram_row(&x, i);
            bram_order order;
            assert_ok(r.cx, bram_order_new(r.cx, &order, all + i * PAIRS, PAIRS));
            assert_true(bram_scaled_ranks(row, all + i * PAIRS, &order, weight, PAIRS));
            bram_gt_transform(row, row, &order, weight, PAIRS, &gt);
            bram_free(order.index);
        }
        assert_ok(r.cx, bram_squared_distances(r.cx, &squared, &x, NULL));
        assert_ok(r.cx, bram_identify(r.cx, &accuracy, NULL, NULL, &d, &squared));
        snprintf(id, sizeof id, "trsa/region_identification/%s", cases[c].id);
        const bram_json *entry = find(&r, id);
        assert_true(bram_json_number(bram_json_get(entry, "value"), &value));
        assert_near(accuracy, value, 1e-12);
    }
    close_reference(&r);
}

/* A resampled RDM: our weights against the peer's matrix written out. */
static void bootstrap_over_stimuli(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct one o;
    double value[PAIRS], times[N] = {0}, weight[PAIRS], ones[PAIRS], total = 0;
    const bram_json *selection = bram_json_get(
        bram_json_get(find(&r, "trsa/bootstrap_stimuli"), "args"), "selection");
    open_one(&r, &o, "rdms_a");
    expected(&r, value, PAIRS, "trsa/bootstrap_stimuli");
    for (size_t i = 0; i < bram_json_count(selection); i++)
        times[(size_t)number_of(bram_json_at(selection, i))]++;
    for (size_t i = 0, k = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, k++) total += weight[k] = times[i] * times[j];
    bram_order written;
    assert_ok(r.cx,
              bram_order_new(r.cx, &written, value, PAIRS)); /* without the NaN of self pairs */
    assert_near((double)written.count, total, 0);
    for (size_t k = 0; k < PAIRS; k++) ones[k] = !isnan(value[k]);
    for (double p = 0; p <= 1; p += 0.0625)
        assert_near(bram_weighted_quantile(o.d, &o.order, weight, p),
                    bram_weighted_quantile(value, &written, ones, p), 1e-12);
    bram_free(written.index);
    bram_free(o.order.index);
    close_reference(&r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(geo_topological),
        cmocka_unit_test(geo_topological_of_dissimilarities),
        cmocka_unit_test(geodesic_distances),
        cmocka_unit_test(geodesic_transform),
        cmocka_unit_test(region_identification),
        cmocka_unit_test(bootstrap_over_stimuli),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
