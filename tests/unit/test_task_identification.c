/*
 * Tests of the task identification: regions that are apart and regions that are not, perturbed
 * data, statistics against the plain protocol, draws, what is refused; the paper's claim on made
 * networks.
 */
#include "cell_test.h"
#include "gt_transform.h"
#include "internal.h"
#include "rdm.h"
#include "regions.h"
#include "simulate.h"
#include "store.h"

#include <bramble/rng.h>

enum { N = 10, REGIONS = 3, SUBJECTS = 9, SIZE = N * N, PAIRS = N * (N - 1) / 2 };

static char metric[] = "rsa:rdm=given", *metrics[] = {metric};

/* Regions are random RDMs, each subject's has its own part as well. */
static bram_dataset *made(bram_ctx *cx, double own, size_t lacking)
{
    static const char *const names[] = {"v1", "v4", "it"}, *const axes[] = {"subject", "stimulus",
                                                                            "stimulus_2"};
    char text[SUBJECTS][8], stimulus_text[N][8];
    const char *subject[SUBJECTS], *stimulus[N];
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t s = 0; s < SUBJECTS; s++)
        snprintf(text[s], sizeof text[s], "s%zu", s), subject[s] = text[s];
    for (size_t i = 0; i < N; i++)
        snprintf(stimulus_text[i], sizeof stimulus_text[i], "i%zu", i),
            stimulus[i] = stimulus_text[i];
    for (size_t r = 0; r < REGIONS; r++) {
        double values[SUBJECTS * SIZE] = {0};
        bram_rng shared = bram_rng_at(1, "test/identification/shared", r);
        double common[SIZE];
        for (size_t k = 0; k < SIZE; k++) common[k] = 1 + bram_rng_uniform(&shared);
        for (size_t s = 0; s < SUBJECTS; s++) {
            bram_rng g = bram_rng_at(1, "test/identification/own", r * 100 + s);
            for (size_t i = 0; i < N; i++)
                for (size_t j = i + 1; j < N; j++)
                    values[s * SIZE + i * N + j] = values[s * SIZE + j * N + i] =
                        common[i * N + j] + own * bram_rng_uniform(&g);
        }
        test_add(cx, ds, "responses", names[r], 3, axes, (const size_t[]){SUBJECTS, N, N},
                 (const char *const *const[]){subject, stimulus, stimulus}, values, "rdm");
        if (r + 1 == lacking) break;
    }
    return ds;
}

static double sensitivity(bram_ctx *cx, const bram_dataset *ds, const char *statistic,
                          const char *options, const char *id, const char *column)
{
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, options);
    bram_dataset *result = NULL;
    assert_ok(cx, test_cell(cx, &result, &b, ds, "regions", statistic));
    double value = test_number(result, id, column);
    bram_dataset_free(result);
    bram_options_free(b.options);
    return value;
}

static void regions_apart_and_regions_alike(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *apart = made(cx, 0.1, 0), *alike = made(cx, 60, 0);
    for (int s = 0; s < BRAM_REGION_STATISTICS; s++) {
        const char *name = bram_region_statistic_name((bram_region_statistic)s);
        const char *options = "samples=50,step=0.25,thresholds=3,noise=0+1";
        double there = sensitivity(cx, apart, name, options, "sensitivity@noise0", "value");
        if (s < 2 || s >= BRAM_REGION_NESTED) assert_near(there, 1, 0);
        else assert_true(there > 0.7); /* families contain thresholds that tell little */
        assert_near(sensitivity(cx, apart, name, options, "sensitivity@noise0", "chance"), 1.0 / 3,
                    1e-15);
        double noisy = sensitivity(cx, apart, name, options, "sensitivity@noise100", "value");
        assert_true(noisy <= there);
        /* one item in three by chance: of 27 items 4 deviations are 0.36; the best is too good */
        double none = sensitivity(cx, alike, name, options, "sensitivity@noise0", "value");
        if (s != BRAM_REGION_BEST) assert_true(fabs(none - 1.0 / 3) < 0.36);
        double other = sensitivity(cx, alike, name, options, "specificity@noise0", "value");
        assert_near(other, 1 - (1 - none) / 2, 1e-14);
        double low = sensitivity(cx, alike, name, options, "sensitivity@noise0", "low");
        double high = sensitivity(cx, alike, name, options, "sensitivity@noise0", "high");
        assert_true(low <= none && none <= high);
    }
    bram_dataset_free(apart);
    bram_dataset_free(alike);
    bram_ctx_free(cx);
}

/* The best in hindsight is never below the choice that did not see. */
static void a_choice_in_hindsight_is_better(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 4, 0);
    const char *options = "samples=0,step=0.2";
    double nested = sensitivity(cx, ds, "nested", options, "sensitivity@noise0", "value");
    double best = sensitivity(cx, ds, "best", options, "sensitivity@noise0", "value");
    assert_true(best >= nested && best > 0.4);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The map of thresholds: its largest entry is what "best" scores, l > u is missing; l = 0, u = 1 is
 * RSA by ranks. Others have none. */
static void the_map_holds_every_pair_of_thresholds(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 2, 0), *best = NULL, *other = NULL;
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, "samples=0,step=0.25");
    assert_ok(cx, test_cell(cx, &best, &b, ds, "regions", "best"));
    assert_ok(cx, test_cell(cx, &other, &b, ds, "regions", "rsa"));
    assert_null(bram_dataset_response(other, "map/noise0"));
    const bram_response *map = bram_dataset_response(best, "map/noise0");
    assert_non_null(map);
    assert_int_equal(bram_response_length(map, 0), 5);
    assert_string_equal(bram_axis_id(bram_response_axis(map, 1), 3), "0.75");
    double value[25], most = 0;
    uint8_t present[25];
    assert_ok(cx, bram_response_read(cx, map, (size_t[]){0, 0}, (size_t[]){5, 5}, value, present));
    for (size_t l = 0; l < 5; l++)
        for (size_t u = 0; u < 5; u++) {
            bool there = present[5 * l + u];
            assert_int_equal(there,
                             l <= u && !bram_gt_degenerate(0.25 * (double)l, 0.25 * (double)u));
            if (there) most = fmax(most, value[5 * l + u]);
        }
    assert_near(most, test_number(best, "sensitivity@noise0", "value"), 1e-15);
    assert_near(value[4], test_number(other, "sensitivity@noise0", "value"), 1e-15);
    bram_dataset_free(best);
    bram_dataset_free(other);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void perturbed_data(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 1, 0);
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, NULL);
    bram_regions as_is, varied, noisy, twice;
    assert_ok(cx, bram_regions_read(cx, &as_is, &b, ds));
    assert_ok(cx, bram_regions_read(cx, &varied, &b, ds));
    assert_ok(cx, bram_regions_read(cx, &noisy, &b, ds));
    assert_ok(cx, bram_regions_read(cx, &twice, &b, ds));
    assert_int_equal(as_is.items, REGIONS * SUBJECTS);
    assert_int_equal(as_is.pairs, N * (N - 1) / 2);
    assert_string_equal(as_is.region_name[as_is.region[SUBJECTS]], "v4");
    assert_string_equal(as_is.subject_name[as_is.subject[SUBJECTS + 2]], "s2");
    assert_ok(cx, bram_regions_perturb(cx, &varied, 0, 0, 0)); /* every subject the mean */
    assert_ok(cx, bram_regions_perturb(cx, &noisy, 0.2, 1, 5));
    assert_ok(cx, bram_regions_perturb(cx, &twice, 0.4, 1, 5));
    for (size_t k = 0; k < as_is.pairs; k++) {
        double mean = 0;
        for (size_t s = 0; s < SUBJECTS; s++) mean += bram_row(&as_is.rdm, s)[k] / SUBJECTS;
        assert_near(bram_row(&varied.rdm, 0)[k], mean, 1e-12);
        assert_near(bram_row(&varied.rdm, 3)[k], bram_row(&varied.rdm, 0)[k], 0);
        double x = bram_row(&as_is.rdm, 4)[k], first = bram_row(&noisy.rdm, 4)[k] - x;
        assert_near(bram_row(&twice.rdm, 4)[k] - x, 2 * first, 1e-12); /* the same noise, larger */
        assert_true(first != 0);
    }
    bram_regions_release(&as_is);
    bram_regions_release(&varied);
    bram_regions_release(&noisy);
    bram_regions_release(&twice);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* A draw of stimuli is the matrices written out without pairs of a stimulus with itself, or with
 * the mean of all others in their place. */
static void written_out(bool self_mean)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 2, 0);
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, NULL);
    bram_regions r;
    assert_ok(cx, bram_regions_read(cx, &r, &b, ds));
    bram_region_settings settings = {.step = 0.25, .draws = 1, .self_mean = self_mean};
    static const double times[N] = {2, 0, 1, 3, 1, 0, 1, 1, 1, 0};
    size_t copy[N], n = 0, count = 0;
    double *long_values = calloc(r.items * N * N, sizeof *long_values);
    for (size_t i = 0; i < N; i++)
        for (size_t t = 0; t < (size_t)times[i]; t++) copy[n++] = i;
    for (size_t a = 0; a < n; a++)
        for (size_t c = a + 1; c < n; c++)
            if (copy[a] != copy[c]) {
                for (size_t i = 0; i < r.items; i++)
                    long_values[i * N * N + count] = bram_row(
                        &r.rdm, i)[bram_rdm_index(N, copy[a], copy[c])];
                count++;
            }
    size_t others = count;
    for (size_t a = 0; self_mean && a < n; a++)
        for (size_t c = a + 1; c < n; c++) {
            if (copy[a] != copy[c]) continue;
            for (size_t i = 0; i < r.items; i++) {
                double mean = 0;
                for (size_t k = 0; k < others; k++)
                    mean += long_values[i * N * N + k] / (double)others;
                long_values[i * N * N + count] = mean;
            }
            count++;
        }
    assert_int_equal(count - others, self_mean ? 4 : 0);
    /* dissimilarities, their ranks, and one pair of thresholds, on the long rows */
    for (int s = BRAM_REGION_RDM; s <= BRAM_REGION_LOCAL; s++) {
        double drawn, whole, *squares = calloc(r.items * r.items, sizeof *squares);
        double *ones = calloc(count, sizeof *ones);
        bram_mat x = {long_values, r.items, count, N * N},
                 squared = {squares, r.items, r.items, r.items};
        bram_identification items = {r.items, r.regions, r.subjects, r.region, r.subject};
        for (size_t k = 0; k < count; k++) ones[k] = 1;
        for (size_t i = 0; s != BRAM_REGION_RDM && i < r.items; i++) {
            bram_order order;
            double *row = bram_row(&x, i);
            bram_rng g = bram_rng_at(0, "identification/family/local", 0);
            bram_gt gt = bram_gt_draw(BRAM_GT_LOCAL, &g);
            assert_ok(cx, bram_order_new(cx, &order, row, count));
            assert_true(bram_scaled_ranks(row, row, &order, ones, count)); /* again: no change */
            if (s == BRAM_REGION_LOCAL) bram_gt_transform(row, row, &order, ones, count, &gt);
            bram_free(order.index);
        }
        assert_ok(cx, bram_squared_distances(cx, &squared, &x, NULL));
        assert_ok(cx, bram_identify(cx, &whole, NULL, NULL, &items, &squared));
        assert_ok(cx, bram_regions_identify(cx, &drawn, NULL, &r, (bram_region_statistic)s,
                                            &settings, times));
        assert_near(drawn, whole, 1e-12);
        free(squares);
        free(ones);
    }
    free(long_values);
    bram_regions_release(&r);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void a_draw_is_the_matrix_written_out(void **state)
{
    (void)state;
    written_out(false);
    written_out(true);
}

/* Ranks of geodesic distances on the graph of three nearest neighbours, the plain way. */
static void geodesic_ranks(double *x, const double *d)
{
    double path[N][N], rank[N][N], flat[PAIRS];
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            rank[i][j] = 0, path[i][j] = i == j ? 0 : INFINITY;
            if (i == j) continue;
            double here = d[bram_rdm_index(N, i < j ? i : j, i < j ? j : i)];
            for (size_t k = 0; k < PAIRS; k++) rank[i][j] += d[k] < here; /* no ties */
        }
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            size_t nearer = 0;
            for (size_t k = 0; k < N; k++) nearer += k != i && k != j && rank[i][k] < rank[i][j];
            if (i != j && nearer < 3) path[i][j] = path[j][i] = rank[i][j] / (PAIRS - 1);
        }
    for (size_t k = 0; k < N; k++)
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) path[i][j] = fmin(path[i][j], path[i][k] + path[k][j]);
    for (size_t i = 0, k = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, k++) flat[k] = path[i][j];
    for (size_t k = 0; k < PAIRS; k++) { /* average ranks; sums differ by rounding alone */
        double below = 0, same = 0;
        for (size_t l = 0; l < PAIRS; l++) {
            bool tied = flat[l] == flat[k] || fabs(flat[l] - flat[k]) < 1e-10;
            same += tied, below += !tied && flat[l] < flat[k];
        }
        x[k] = below + (same + 1) / 2;
    }
}

static void geodesics_by_the_plain_way(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 3, 0);
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, NULL);
    bram_regions r;
    assert_ok(cx, bram_regions_read(cx, &r, &b, ds));
    bram_region_settings settings = {.low = 0.2, .high = 0.8, .k = 3, .p = 0.05};
    double accuracy, expected, *x = calloc(r.items * PAIRS, sizeof *x);
    double *squares = calloc(r.items * r.items, sizeof *squares);
    bram_mat ranks = {x, r.items, PAIRS, PAIRS}, squared = {squares, r.items, r.items, r.items};
    bram_identification items = {r.items, r.regions, r.subjects, r.region, r.subject};
    for (size_t i = 0; i < r.items; i++) geodesic_ranks(bram_row(&ranks, i), bram_row(&r.rdm, i));
    double own[SUBJECTS], plain[SUBJECTS];
    assert_ok(cx, bram_squared_distances(cx, &squared, &ranks, NULL));
    assert_ok(cx, bram_identify(cx, &expected, plain, NULL, &items, &squared));
    assert_ok(cx, bram_regions_identify(cx, &accuracy, own, &r, BRAM_REGION_RGDM_K_NEAREST,
                                        &settings, NULL));
    assert_near(accuracy, expected, 1e-12);
    assert_true(expected > 0.34 && expected < 1);
    for (size_t s = 0; s < SUBJECTS; s++) assert_near(own[s], plain[s], 1e-12);
    free(x);
    free(squares);
    bram_regions_release(&r);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new(), *four = bram_ctx_new();
    bram_ctx_set_threads(four, 4);
    bram_dataset *ds = made(cx, 3, 0), *one = NULL, *other = NULL;
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1,
                                      "samples=30,bootstrap=both,thresholds=2,noise=0.1");
    assert_ok(cx, test_cell(cx, &one, &b, ds, "regions", "topology"));
    assert_ok(four, test_cell(four, &other, &b, ds, "regions", "topology"));
    const bram_response *x = bram_dataset_response(one, "draw"),
                        *y = bram_dataset_response(other, "draw");
    double p[60], q[60];
    assert_ok(cx, bram_response_read(cx, x, (size_t[]){0, 0}, (size_t[]){2, 30}, p, NULL));
    assert_ok(cx, bram_response_read(cx, y, (size_t[]){0, 0}, (size_t[]){2, 30}, q, NULL));
    assert_memory_equal(p, q, sizeof p);
    bram_dataset_free(one);
    bram_dataset_free(other);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
    bram_ctx_free(four);
}

/* Responses stimulus x unit x repeat of two subjects with two units each, the second's doubled. */
static void add_repeats(bram_ctx *cx, bram_dataset *ds, const char *name, const double *one)
{
    static const char *const axes[] = {"stimulus", "neuron", "repeat"},
                             *const who[] = {"p", "p", "q", "q"},
                             *const stimuli[] = {"a", "b", "c", "d"};
    bram_axis *axis[3];
    bram_response *r = NULL;
    for (size_t d = 0; d < 3; d++)
        assert_ok(cx, bram_axis_new(cx, &axis[d], axes[d], d < 2 ? 4 : 2));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], stimuli));
    assert_ok(cx, bram_axis_add_text(cx, axis[1], "subject", who));
    assert_ok(cx, bram_response_new(cx, &r, name, BRAM_F64, 3, (const bram_axis *const *)axis));
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            bram_response_f64(r)[i * 8 + k] = one[i * 4 + k];
            bram_response_f64(r)[i * 8 + 4 + k] = 2 * one[i * 4 + k];
        }
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
}

/* v1 is the area of test_geometry.c, whose crossnobis distances are worked out there; in v4 the
 * repeats differ by their sign alone, and distances below 0 stay so under noise. */
static void distances_between_repeats(void **state)
{
    (void)state;
    static char crossnobis[] = "rsa:rdm=crossnobis", cka[] = "cka", *by[] = {crossnobis},
                *other[] = {cka};
    static const double v1[] = {1, 3, 0, 2, 0, 1, 0, 0, 5, 5, 5, 7, 2, 1, 4, 5},
                        v4[] = {1, -1, 0, 0, 0, 0, 0, 0, 2, -2, 1, -1, 3, -3, 0, 0},
                        expected[2][6] = {{1, 16.5, 5, 27.5, 10, 7}, {-.5, -1, -2, -2.5, -4.5, -1}};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    bram_regions r = {0};
    assert_ok(cx, bram_dataset_new(cx, &ds));
    add_repeats(cx, ds, "v1", v1);
    add_repeats(cx, ds, "v4", v4);
    bram_benchmark b = test_benchmark(cx, "identification", by, 1, "samples=0");
    assert_ok(cx, bram_regions_read(cx, &r, &b, ds));
    for (size_t k = 0; k < 6; k++)
        for (size_t i = 0; i < 4; i++)
            assert_near(bram_row(&r.rdm, i)[k], (i % 2 ? 4 : 1) * expected[i / 2][k], 1e-14);
    assert_ok(cx, bram_regions_perturb(cx, &r, 0.01, 1, 0));
    for (size_t k = 0; k < 6; k++) assert_true(bram_row(&r.rdm, 2)[k] < -.4);
    bram_regions_release(&r);
    bram_options_free(b.options);
    b = test_benchmark(cx, "identification", other, 1, "samples=0");
    assert_int_equal(bram_regions_read(cx, &r, &b, ds), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "expected rsa or trsa"));
    bram_options_free(b.options);
    b = test_benchmark(cx, "identification", metrics, 1, "samples=0");
    assert_int_equal(bram_regions_read(cx, &r, &b, ds), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "patterns, not an RDM"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 1, 0), *single = made(cx, 1, 1), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1, "samples=0");
    bram_entrant c;
    assert_int_equal(test_cell(cx, &result, &b, ds, "regions", "mean"), BRAM_EUSAGE);
    assert_int_equal(bram_entrant_find(cx, &c, &b, "mean"), BRAM_EUSAGE);
    assert_non_null(strstr(bram_ctx_message(cx), "there are: rdm, rsa, local"));
    assert_ok(cx, bram_entrant_find(cx, &c, &b, "nested"));
    assert_string_equal(c.canonical, "nested");
    assert_false(c.stochastic);
    bram_free(c.canonical);
    assert_int_equal(test_cell(cx, &result, &b, single, "regions", "rsa"), BRAM_ENOTAPPLICABLE);
    /* a region of other stimuli */
    double few[16] = {0};
    test_add(cx, ds, "responses", "few", 3,
             (const char *const[]){"subject", "stimulus", "stimulus_2"}, (const size_t[]){1, 4, 4},
             (const char *const *const[]){(const char *const[]){"s0"},
                                          (const char *const[]){"a", "b", "c", "d"},
                                          (const char *const[]){"a", "b", "c", "d"}},
             few, "rdm");
    assert_int_equal(test_cell(cx, &result, &b, ds, "regions", "rsa"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "few has other stimuli"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_dataset_free(single);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx, 1, 0);
    bram_benchmark b = test_benchmark(cx, "identification", metrics, 1,
                                      "samples=2,thresholds=1,step=0.5,bootstrap=both");
    static const char *const tried[] = {"topology", "nested", "best"};
    for (size_t t = 0; t < 3; t++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK; k++) {
            bram_ctx *own = bram_ctx_new();
            bram_dataset *fresh = NULL;
            bram_cell cell = {&b, ds, "regions", tried[t], 0};
            assert_ok(own, bram_dataset_new(own, &fresh));
            bram_fail_allocation(k, false);
            status = bram_task_find("identification")->run(own, fresh, &cell);
            bram_fail_allocation(0, false);
            if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
            bram_dataset_free(fresh);
            bram_ctx_free(own);
            assert_true(k < 10000);
        }
    }
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/*
 * The claim of Lin & Kriegeskorte 2024, on made networks: layers are told apart far better than by
 * chance by ranks and by what is left of them between two thresholds; noise and differences
 * between instances cost all of them.
 */
static void layers_of_made_networks(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-networks", 1));
    static const char *const told[] = {"rsa", "geometry", "topology", "nested"};
    const char *options = "samples=200,step=0.2,thresholds=5,noise=0+0.9,variation=3";
    for (size_t k = 0; k < 4; k++) {
        double low = sensitivity(cx, ds, told[k], options, "sensitivity@noise0", "low");
        double value = sensitivity(cx, ds, told[k], options, "sensitivity@noise0", "value");
        assert_true(low > 2 * 0.2); /* chance is 1 in 5 */
        assert_true(sensitivity(cx, ds, told[k], options, "sensitivity@noise90", "value") < value);
        assert_true(sensitivity(cx, ds, told[k], options, "sensitivity@variation300", "value") <
                    value);
    }
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_apart_and_regions_alike),
        cmocka_unit_test(a_choice_in_hindsight_is_better),
        cmocka_unit_test(the_map_holds_every_pair_of_thresholds),
        cmocka_unit_test(perturbed_data),
        cmocka_unit_test(a_draw_is_the_matrix_written_out),
        cmocka_unit_test(geodesics_by_the_plain_way),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(distances_between_repeats),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(every_failing_allocation),
        cmocka_unit_test(layers_of_made_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
