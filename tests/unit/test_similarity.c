/*
 * The similarity family: values by hand, properties of every variant (the conformance test knows
 * defaults only), weights against brute force, chance levels against all permutations, refusals.
 */
#include "hsic.h"
#include "metric_test.h"
#include "spectral.h"

#include <bramble/rng.h>

enum { N = 12, P = 5, Q = 3, ROOM = 4096 };

#define PI 3.14159265358979323846

static double x_values[ROOM], y_values[ROOM];

/* Two sides that share something. */
static struct test_scoring sides(size_t n, size_t p, size_t q, uint64_t sample)
{
    bram_rng g = bram_rng_at(7, "similarity", sample);
    assert_true(n * p <= ROOM && n * q <= ROOM);
    for (size_t i = 0; i < n; i++) {
        double shared[3];
        for (size_t k = 0; k < 3; k++) shared[k] = bram_rng_normal(&g);
        for (size_t k = 0; k < p; k++)
            x_values[i * p + k] = shared[k % 3] + bram_rng_normal(&g) + (double)k;
        for (size_t k = 0; k < q; k++)
            y_values[i * q + k] = 2 * shared[k % 3] + bram_rng_normal(&g) - 1;
    }
    return (struct test_scoring){.model = test_side(x_values, n, p, NULL),
                                 .brain = test_side(y_values, n, q, NULL)};
}

static double score(const char *spec, struct test_scoring s)
{
    char name[64];
    size_t length = bram_spec_name_length(spec);
    snprintf(name, sizeof name, "%.*s", (int)length, spec);
    s.options = spec[length] ? spec + length + 1 : NULL;
    return test_score_one(name, &s);
}

static double chance(const char *spec, const struct test_scoring *s)
{
    bram_ctx *cx = bram_ctx_new();
    double *raw, level = NAN;
    size_t values;
    assert_ok(cx, bram_metric_score(cx, &raw, &values, &level, spec, &s->model, &s->brain, NULL));
    bram_free(raw);
    bram_ctx_free(cx);
    return level;
}

static int status_of(const char *spec, const struct test_scoring *s)
{
    bram_ctx *cx = bram_ctx_new();
    double *raw = NULL;
    size_t values;
    int status = bram_metric_score(cx, &raw, &values, NULL, spec, &s->model, &s->brain, NULL);
    bram_free(raw);
    bram_ctx_free(cx);
    return status;
}

/* ---- by hand -------------------------------------------------------------------------------- */

static void values_by_hand(void **state)
{
    (void)state;
    /* centred: x = (-1, 0, 1), y = (-1, 1, 0) / ... : r = 1/2 */
    double x[] = {1, 2, 3}, y[] = {4, 6, 5};
    struct test_scoring s = {.model = test_side(x, 3, 1, NULL), .brain = test_side(y, 3, 1, NULL)};
    assert_near(score("cca", s), 0.5, 1e-15);
    assert_near(score("cca:mean=rho2", s), 0.25, 1e-15);
    assert_near(score("cca:output=angular", s), PI / 3, 1e-15);
    assert_near(score("svcca", s), 0.5, 1e-15);
    assert_near(score("rv", s), 0.25, 1e-15);
    assert_near(score("cka:hsic=gretton", s), 0.25, 1e-15);
    assert_near(score("nbs", s), 0.5, 1e-15);
    assert_near(score("nbs:output=bures", s), sqrt(2), 1e-15);
    assert_near(score("procrustes", s), PI / 3, 1e-15);
    assert_near(score("procrustes:output=squared", s), 2, 1e-15);
    assert_near(score("shape:alpha=0", s), PI / 3, 1e-14);
    assert_near(score("permutation-matching", s), PI / 3, 1e-15);
    assert_near(score("soft-matching", s), 0.5, 1e-15);
    assert_near(score("soft-matching:output=distance", s), sqrt(2), 1e-15);
    assert_near(score("pwcca", s), 0.5, 1e-15);
}

static void matching_by_hand(void **state)
{
    (void)state;
    /* y holds the columns of x in another order, twice as large, and column 0 once more */
    double x[4 * 2] = {0, 1, 1, 5, 2, 2, 5, 0}, y[4 * 3];
    for (size_t i = 0; i < 4; i++)
        y[3 * i] = 2 * x[2 * i + 1], y[3 * i + 1] = y[3 * i + 2] = 2 * x[2 * i];
    struct test_scoring s = {.model = test_side(x, 4, 2, NULL),
                             .brain = (bram_side){.values = {y, 4, 2, 3}}};
    assert_near(score("permutation-matching:output=similarity", s), 1, 1e-15);
    assert_near(score("permutation-matching", s), 0, 1e-15);
    assert_near(score("soft-matching", s), 1, 1e-15);
    /* with the third column too: columns of y have 1/3 each; x0 (mass 1/2) fills one of its copies
     * and half of the other, x1 its own and the other half of that one: 5/6 + r/6 */
    s.brain = test_side(y, 4, 3, NULL);
    double mean0 = 2, mean1 = 2, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < 4; i++) {
        double a = x[2 * i] - mean0, b = x[2 * i + 1] - mean1;
        xx += a * a, yy += b * b, xy += a * b;
    }
    assert_near(score("soft-matching", s), 5.0 / 6 + xy / sqrt(xx * yy) / 6, 1e-15);
}

static void rotations_do_not_count(void **state)
{
    (void)state;
    double x[4 * 2] = {0, 1, 1, 5, 2, 2, 5, 0}, y[4 * 2];
    for (size_t i = 0; i < 4; i++) { /* by 30 degrees, three times as large, moved */
        y[2 * i] = 3 * (cos(PI / 6) * x[2 * i] - sin(PI / 6) * x[2 * i + 1]) + 7;
        y[2 * i + 1] = 3 * (sin(PI / 6) * x[2 * i] + cos(PI / 6) * x[2 * i + 1]) - 2;
    }
    struct test_scoring s = {.model = test_side(x, 4, 2, NULL), .brain = test_side(y, 4, 2, NULL)};
    assert_near(score("procrustes", s), 0, 1e-14);
    assert_near(score("shape:alpha=0.3", (struct test_scoring){.model = s.brain, .brain = s.brain}),
                0, 1e-14);
    assert_near(score("cka", s), 1, 1e-14);
    assert_near(score("nbs", s), 1, 1e-14);
    assert_true(score("permutation-matching", s) > 0.3);
}

static void two_rotating_systems(void **state)
{
    (void)state;
    enum { T = 60 };
    double x[T * 2], y[T * 2];
    for (size_t t = 0; t < T; t++) { /* damped by 0.99, by 0.1 and by 0.4 a step */
        double size = pow(0.99, (double)t);
        x[2 * t] = size * cos(0.1 * (double)t), x[2 * t + 1] = size * sin(0.1 * (double)t);
        y[2 * t] = size * cos(0.4 * (double)t), y[2 * t + 1] = size * sin(0.4 * (double)t);
    }
    struct test_scoring s = {.model = test_side(x, T, 2, NULL), .brain = test_side(y, T, 2, NULL)};
    /* |0.99 e^(0.1i) - 0.99 e^(0.4i)|^2 = 2 0.99^2 (1 - cos 0.3), for both pairs */
    double expected = 2 * 0.99 * 0.99 * (1 - cos(0.3));
    assert_near(score("dsa", s), expected, 1e-12);
    assert_near(score("dsa:output=distance", s), sqrt(expected), 1e-12);
    /* one coordinate does not show the second dimension, its delays do */
    s.model.values.cols = s.brain.values.cols = 1;
    assert_near(score("dsa:delays=2,rank=2", s), expected, 1e-10);
    assert_int_equal(status_of("dsa:delays=61", &s), BRAM_ESHAPE);
}

static void partners_are_found_on_other_rows(void **state)
{
    (void)state;
    enum { T = 40 };
    double x[T * 3], y[T * 2];
    bram_rng g = bram_rng_new(1, "partners");
    for (size_t i = 0; i < T; i++) {
        for (size_t k = 0; k < 3; k++) x[3 * i + k] = bram_rng_normal(&g);
        y[2 * i] = 5 - 2 * x[3 * i + 1] + 3 * x[3 * i + 1], y[2 * i + 1] = bram_rng_normal(&g);
    }
    struct test_scoring s = {.model = test_side(x, T, 3, NULL), .brain = test_side(y, T, 2, NULL)};
    bram_ctx *cx = bram_ctx_new();
    double raw[2];
    size_t values;
    assert_ok(cx, test_score(cx, "pairwise-matching", raw, 2, &values, &s));
    assert_near(raw[0], 1, 1e-13);
    assert_true(fabs(raw[1]) < 0.5);
    bram_ctx_free(cx);
}

/* ---- properties of every variant ------------------------------------------------------------ */

static const char *const variants[] = {
    "cka", "cka:hsic=gretton", "cka:hsic=lange", "cka:kernel=rbf", "cka:kernel=rbf,hsic=gretton",
    "cka:hsic=gretton,output=angular", "rv", "rv:modified=yes", "cca", "cca:mean=rho2",
    "cca:over=sqrt,output=angular", "cca:keep=0.8", "svcca:dim=2", "svcca:var=0.8", "procrustes",
    "procrustes:output=euclidean", "shape:alpha=0", "shape:alpha=0.5", "nbs", "nbs:output=bures",
    "permutation-matching", "permutation-matching:output=squared", "soft-matching",
    "soft-matching:output=distance", "ssm", "ssm:rows=spearman", "ssm:compare=pearson",
    "mutual-knn:k=3", "mutual-knn:k=3,normalize=no", "jaccard-knn:k=3", "lcs-knn:k=3",
    /* not symmetric from here */
    "pwcca", "pwcca:weights=brain", "cycle-knn:k=3", "cknna:k=3", "cka:batch=5"};

enum { VARIANTS = sizeof variants / sizeof *variants, SYMMETRIC = 31 };

static void swapped_sides(void **state)
{
    (void)state;
    for (size_t v = 0; v < SYMMETRIC; v++) {
        struct test_scoring s = sides(N, P, Q, 1), t = s;
        t.model = s.brain, t.brain = s.model;
        assert_near(score(variants[v], s), score(variants[v], t), 1e-12);
    }
}

/* The order of the conditions says nothing (minibatches are of an order, and left out). */
static void conditions_in_another_order(void **state)
{
    (void)state;
    for (size_t v = 0; v + 1 < VARIANTS; v++) {
        struct test_scoring s = sides(N, P, Q, 2), t = s;
        double x[N * P], y[N * Q];
        for (size_t i = 0; i < N; i++) {
            size_t from = (5 * i + 3) % N;
            memcpy(x + i * P, x_values + from * P, P * sizeof *x);
            memcpy(y + i * Q, y_values + from * Q, Q * sizeof *y);
        }
        t.model = test_side(x, N, P, NULL), t.brain = test_side(y, N, Q, NULL);
        double a = score(variants[v], s), b = score(variants[v], t);
        if (!(fabs(a - b) <= 1e-12)) fail_msg("%s: %.17g and %.17g", variants[v], a, b);
    }
}

/* Few conditions, more channels than conditions and fewer, a rank below both, copies of rows,
 * constant and equal columns: a number or NaN, in range, never infinite. */
static void degenerate_inputs(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++)
        for (size_t n = 2; n < 9; n++)
            for (size_t kind = 0; kind < 5; kind++) {
                struct test_scoring s = sides(n, kind == 1 ? 20 : P, Q, 3);
                size_t p = s.model.values.cols;
                for (size_t i = 0; i < n; i++)
                    for (size_t k = 0; k < p; k++) {
                        double *value = &x_values[i * p + k];
                        if (kind == 2) *value = x_values[i * p];         /* equal columns */
                        if (kind == 3 && k > 0) *value = 0.1;            /* constant ones */
                        if (kind == 4) *value = x_values[i % 2 * p + k]; /* copies of two rows */
                    }
                bram_ctx *cx = bram_ctx_new();
                double *raw = NULL;
                size_t values;
                int status = bram_metric_score(cx, &raw, &values, NULL, variants[v], &s.model,
                                               &s.brain, NULL);
                if (status != BRAM_OK && status != BRAM_ESHAPE)
                    fail_msg("%s: %zu rows, kind %zu: %s", variants[v], n, kind,
                             bram_ctx_message(cx));
                if (status == BRAM_OK && (isinf(raw[0]) || raw[0] < -3))
                    fail_msg("%s: %zu rows, kind %zu: %g", variants[v], n, kind, raw[0]);
                bram_free(raw);
                bram_ctx_free(cx);
            }
}

static void a_side_that_is_constant_is_undefined(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS; v++) {
        if (strstr(variants[v], "knn") || strstr(variants[v], "cknna")) continue; /* all ties */
        struct test_scoring s = sides(N, P, Q, 4);
        for (size_t i = 0; i < N * P; i++) x_values[i] = 0.7;
        double value = score(variants[v], s);
        if (!isnan(value)) fail_msg("%s: %g", variants[v], value);
    }
}

/* More channels than conditions: what is done after the rotation onto fewer columns is the same. */
static void many_channels(void **state)
{
    (void)state;
    static const char *const rotated[] = {
        "procrustes", "nbs", "svcca:dim=2", "shape:alpha=0.5", "cka:hsic=gretton", "cka"};
    for (size_t v = 0; v < 6; v++) {
        struct test_scoring s = sides(6, 4, 3, 5);
        double wide[6 * 12] = {0}, value = score(rotated[v], s);
        for (size_t i = 0; i < 6; i++) /* the same matrix, spread over 12 columns */
            for (size_t k = 0; k < 4; k++)
                for (size_t c = 0; c < 3; c++)
                    wide[i * 12 + 3 * k + c] = x_values[i * 4 + k] / sqrt(3);
        s.model = test_side(wide, 6, 12, NULL);
        assert_near(score(rotated[v], s), value, 1e-13);
    }
}

static void a_gram_matrix_or_features(void **state)
{
    (void)state;
    static const char *const forms[] = {"cka", "cka:hsic=gretton", "cka:hsic=lange"};
    for (size_t v = 0; v < 3; v++) {
        struct test_scoring s = sides(N, P, Q, 6); /* rows are groups: Gram matrices */
        uint32_t one[N] = {0};
        double by_gram = score(forms[v], s);
        s.groups = (bram_groups){one, 1};
        assert_near(score(forms[v], s), by_gram, 1e-13);
    }
}

/* ---- weights -------------------------------------------------------------------------------- */

static void weights_are_repeats(void **state)
{
    (void)state;
    static const char *const by_products[] = {"cka:hsic=gretton",
                                              "rv",
                                              "cca:mean=rho2",
                                              "svcca:dim=2",
                                              "svcca:var=0.9",
                                              "shape:alpha=0.5",
                                              "procrustes:output=euclidean",
                                              "nbs:output=bures",
                                              "soft-matching:output=distance",
                                              "permutation-matching:output=squared"};
    for (size_t v = 0; v < sizeof by_products / sizeof *by_products; v++) {
        struct test_scoring s = sides(N, P, Q, 8), written = s;
        double weight[N];
        size_t times[N];
        for (size_t i = 0; i < N; i++) weight[i] = (double)(times[i] = (7 * i + 1) % 3);
        written.model = test_repeat(&s.model, times, false);
        written.brain = test_repeat(&s.brain, times, false);
        s.weight = weight;
        assert_near(score(by_products[v], s), score(by_products[v], written), 1e-12);
        test_repeat_free(&written.model);
        test_repeat_free(&written.brain);
    }
}

/* Rows of weight 0 are not there. */
static void weights_of_zero(void **state)
{
    (void)state;
    static const char *const distinct[] = {"cka", "cka:hsic=lange", "rv:modified=yes", "ssm",
                                           "cka:kernel=rbf"};
    for (size_t v = 0; v < 4; v++) {
        struct test_scoring s = sides(N, P, Q, 9), few = s;
        double weight[N];
        for (size_t i = 0; i < N; i++) weight[i] = i < 8;
        few.model.values.rows = few.brain.values.rows = 8;
        s.weight = weight;
        assert_near(score(distinct[v], s), score(distinct[v], few), 1e-12);
    }
}

/* The U-statistic as it is defined: a loop over four different rows. */
static double quadruples(const bram_mat *k, const bram_mat *l, const double *w, size_t n)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t q = 0; q < n; q++)
                for (size_t r = 0; r < n; r++) {
                    if (i == j || i == q || i == r || j == q || j == r || q == r) continue;
                    double weight = w[i] * w[j] * w[q] * w[r];
                    sum += weight * bram_row(k, i)[j] *
                           (bram_row(l, i)[j] + bram_row(l, q)[r] - 2 * bram_row(l, i)[q]);
                    all += weight;
                }
    return sum / all;
}

static void the_unbiased_estimate_under_weights(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    struct test_scoring s = sides(8, P, Q, 10);
    static const double weights[][8] = {
        {1, 1, 1, 1, 1, 1, 1, 1}, {2, 0, 1, 3, 1, 0, 2, 1}, {.3, 1.7, 2, .1, 1, .9, .4, 5}};
    bram_mat k, l;
    assert_ok(cx, bram_mat_scratch(cx, &k, 8, 8));
    assert_ok(cx, bram_mat_scratch(cx, &l, 8, 8));
    assert_ok(cx, bram_syrk(cx, &k, 1, &s.model.values, BRAM_AS_IS, 0));
    assert_ok(cx, bram_syrk(cx, &l, 1, &s.brain.values, BRAM_AS_IS, 0));
    for (size_t v = 0; v < 3; v++) {
        double expected = quadruples(&k, &l, weights[v], 8), value;
        bram_kernel a = {&k, NULL}, b = {&l, NULL};
        assert_ok(cx, bram_hsic_value(cx, &value, BRAM_HSIC_SONG, &a, &b, weights[v], 8));
        assert_near(value, expected, 1e-11 * fabs(expected));
        a = (bram_kernel){NULL, &s.model.values}, b = (bram_kernel){NULL, &s.brain.values};
        assert_ok(cx, bram_hsic_value(cx, &value, BRAM_HSIC_SONG, &a, &b, weights[v], 8));
        assert_near(value, expected, 1e-10 * fabs(expected));
    }
    bram_ctx_free(cx);
}

/* Neighbourhoods of weight k S / n, written as a loop that takes the nearest row at a time. */
static void hood(double *part, const double *gram, size_t i, const double *w, double share)
{
    bool taken[N] = {false};
    for (size_t j = 0; j < N; j++) part[j] = 0;
    for (size_t step = 0; step + 1 < N && share > 0; step++) {
        size_t best = N;
        for (size_t j = 0; j < N; j++)
            if (j != i && !taken[j] && (best == N || gram[i * N + j] > gram[i * N + best]))
                best = j;
        taken[best] = true;
        part[best] = fmin(w[best], share);
        share -= part[best];
    }
}

static void neighbours_under_weights(void **state)
{
    (void)state;
    struct test_scoring s = sides(N, P, Q, 11);
    double gram[2][N * N], w[N], sum = 0, mutual = 0, jaccard = 0;
    const bram_side *side[] = {&s.model, &s.brain};
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < N; i++)
            for (size_t j = 0; j < N; j++) {
                gram[m][i * N + j] = 0;
                for (size_t k = 0; k < side[m]->values.cols; k++)
                    gram[m][i * N + j] += bram_row(&side[m]->values, i)[k] *
                                          bram_row(&side[m]->values, j)[k];
            }
    for (size_t i = 0; i < N; i++) sum += w[i] = (double)((5 * i + 2) % 3);
    double share = 3 * sum / N;
    for (size_t i = 0; i < N; i++) {
        double a[N], b[N], common = 0, either = 0;
        hood(a, gram[0], i, w, fmin(share, sum - w[i]));
        hood(b, gram[1], i, w, fmin(share, sum - w[i]));
        for (size_t j = 0; j < N; j++) common += fmin(a[j], b[j]), either += fmax(a[j], b[j]);
        mutual += w[i] / sum * common / fmin(share, sum - w[i]);
        jaccard += w[i] / sum * common / either;
    }
    s.weight = w;
    assert_near(score("mutual-knn:k=3,normalize=no", s), mutual, 1e-14);
    assert_near(score("jaccard-knn:k=3,normalize=no", s), jaccard, 1e-14);
}

/* A draw has the chance level of the data: copies are no neighbours. Mean over draws of two sides
 * of noise, 200 draws of 40 rows: its standard error is below 0.01. */
static void draws_do_not_raise_chance(void **state)
{
    (void)state;
    enum { ROWS = 40, DRAWS = 200 };
    static const char *const specs[] = {"mutual-knn:k=5", "cka"};
    for (size_t v = 0; v < 2; v++) {
        double mean = 0, whole = v == 0 ? 5.0 / (ROWS - 1) : 0;
        for (uint64_t draw = 0; draw < DRAWS; draw++) {
            bram_rng g = bram_rng_at(5, "draws", draw);
            double weight[ROWS] = {0};
            for (size_t i = 0; i < ROWS * 10; i++) {
                x_values[i] = bram_rng_normal(&g);
                y_values[i] = bram_rng_normal(&g);
            }
            for (size_t i = 0; i < ROWS; i++) weight[bram_rng_below(&g, ROWS)]++;
            struct test_scoring s = {.model = test_side(x_values, ROWS, 10, NULL),
                                     .brain = test_side(y_values, ROWS, 10, NULL),
                                     .weight = weight};
            mean += score(specs[v], s) / DRAWS;
        }
        assert_near(mean, whole, 0.02);
    }
}

/* ---- chance --------------------------------------------------------------------------------- */

/* The mean over all 120 orders of 5 rows of the brain. */
static double all_orders(const char *spec, const struct test_scoring *s)
{
    enum { ROWS = 5 };
    size_t order[ROWS] = {0, 1, 2, 3, 4}, count[ROWS] = {0};
    double y[ROWS * P], sum = 0;
    struct test_scoring t = *s;
    size_t q = s->brain.values.cols;
    t.brain = test_side(y, ROWS, q, NULL);
    for (size_t at = 0, seen = 0;;) { /* Heap's algorithm */
        if (at == 0) {
            for (size_t i = 0; i < ROWS; i++)
                memcpy(y + i * q, bram_row(&s->brain.values, order[i]), q * sizeof *y);
            sum += score(spec, t);
            if (++seen == 120) return sum / 120;
            at = 1;
        }
        while (count[at] >= at) count[at++] = 0;
        size_t other = at % 2 ? count[at] : 0, swap = order[at];
        order[at] = order[other], order[other] = swap;
        count[at]++;
        at = 0;
    }
}

static void chance_is_the_mean_over_permutations(void **state)
{
    (void)state;
    static const char *const exact[] = {"cka",
                                        "cka:hsic=gretton",
                                        "cka:hsic=lange",
                                        "cka:kernel=rbf,hsic=gretton",
                                        "rv",
                                        "cca:mean=rho2",
                                        "cca:mean=rho2,over=sqrt",
                                        "mutual-knn:k=2",
                                        "jaccard-knn:k=2",
                                        "cycle-knn:k=2"};
    struct test_scoring s = sides(5, 2, 2, 12);
    for (size_t v = 0; v < sizeof exact / sizeof *exact; v++) {
        double mean = all_orders(exact[v], &s), stated = chance(exact[v], &s);
        if (!(fabs(mean - stated) <= 1e-12))
            fail_msg("%s: %.17g over permutations, %.17g stated", exact[v], mean, stated);
    }
    static const char *const drawn[] = {"procrustes",    "nbs",         "cca",
                                        "soft-matching", "lcs-knn:k=2", "permutation-matching"};
    for (size_t v = 0; v < sizeof drawn / sizeof *drawn; v++) /* 20 draws */
        assert_near(all_orders(drawn[v], &s), chance(drawn[v], &s), 0.15);
}

/* Noise of 10 rows and 200 channels: the biased value is near 1, the debiased one near 0 in the
 * mean of 20 (one alone has a deviation of about 0.17). */
static void bias_of_many_channels(void **state)
{
    (void)state;
    enum { ROWS = 10, COLS = 200, DRAWS = 20 };
    double biased = 0, level = 0, debiased = 0;
    struct test_scoring s = {.model = test_side(x_values, ROWS, COLS, NULL),
                             .brain = test_side(y_values, ROWS, COLS, NULL)};
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        bram_rng g = bram_rng_at(2, "bias", draw);
        for (size_t i = 0; i < ROWS * COLS; i++)
            x_values[i] = bram_rng_normal(&g), y_values[i] = bram_rng_normal(&g);
        biased += score("cka:hsic=gretton", s) / DRAWS;
        level += chance("cka:hsic=gretton", &s) / DRAWS;
        debiased += score("cka", s) / DRAWS;
    }
    assert_true(biased > 0.9);
    assert_near(biased, level, 0.01);
    assert_near(debiased, 0, 0.12);
    assert_near(score("cca", s), 1, 1e-10);
}

/* ---- refusals and threads ------------------------------------------------------------------- */

static void refusals(void **state)
{
    (void)state;
    struct test_scoring s = sides(N, P, Q, 13), rdm = s;
    assert_int_equal(status_of("cka:hsic=gretton,batch=4", &s), BRAM_EUSAGE);
    assert_int_equal(status_of("cka:batch=3", &s), BRAM_EUSAGE);
    assert_int_equal(status_of("mutual-knn:k=12", &s), BRAM_ESHAPE);
    assert_int_equal(status_of("cknna:k=1", &s), BRAM_EUSAGE);
    rdm.model.is_rdm = true;
    for (size_t v = 0; v < VARIANTS; v++)
        assert_int_equal(status_of(variants[v], &rdm), BRAM_EUSAGE);
    struct test_scoring few = sides(N, P, Q, 13); /* 8 + 6 dimensions in 12 rows */
    few = sides(N, 8, 6, 13);
    assert_true(isnan(score("pwcca", few)));
}

static void the_same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    static double big_x[700 * 400], big_y[700 * 350];
    bram_rng g = bram_rng_new(9, "threads");
    for (size_t i = 0; i < 700 * 400; i++) big_x[i] = bram_rng_normal(&g);
    for (size_t i = 0; i < 700 * 350; i++) big_y[i] = bram_rng_normal(&g) + big_x[i];
    bram_side x = test_side(big_x, 700, 400, NULL), y = test_side(big_y, 700, 350, NULL);
    static const char *const specs[] = {
        "cka", "cka:hsic=gretton,kernel=rbf", "procrustes", "svcca", "cca", "mutual-knn"};
    for (size_t v = 0; v < sizeof specs / sizeof *specs; v++) {
        double value[2];
        for (unsigned t = 0; t < 2; t++) {
            bram_ctx *cx = bram_ctx_new();
            double *raw;
            size_t values;
            bram_ctx_set_threads(cx, t + 1);
            assert_ok(cx, bram_metric_score(cx, &raw, &values, NULL, specs[v], &x, &y, NULL));
            value[t] = raw[0];
            bram_free(raw);
            bram_ctx_free(cx);
        }
        assert_memory_equal(&value[0], &value[1], sizeof value[0]);
    }
}

/* The fast way of the nuclear norm and the other one: full rank, and one where it must not be
 * used. */
static void nuclear_norms(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_mat m;
    double s[100], norm, expected;
    assert_ok(cx, bram_mat_scratch(cx, &m, 120, 100));
    for (size_t rank = 20; rank <= 100; rank += 80) {
        bram_rng g = bram_rng_new(rank, "nuclear");
        for (size_t i = 0; i < 120; i++)
            for (size_t k = 0; k < 100; k++)
                bram_row(&m, i)[k] = k < rank ? bram_rng_normal(&g) : bram_row(&m, i)[k - rank];
        assert_ok(cx, bram_svd(cx, NULL, s, NULL, &m));
        assert_ok(cx, bram_nuclear_norm(cx, &norm, &m));
        expected = 0;
        for (size_t k = 0; k < 100; k++) expected += s[k];
        assert_near(norm, expected, 1e-12 * expected);
    }
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(matching_by_hand),
        cmocka_unit_test(rotations_do_not_count),
        cmocka_unit_test(two_rotating_systems),
        cmocka_unit_test(partners_are_found_on_other_rows),
        cmocka_unit_test(swapped_sides),
        cmocka_unit_test(conditions_in_another_order),
        cmocka_unit_test(degenerate_inputs),
        cmocka_unit_test(a_side_that_is_constant_is_undefined),
        cmocka_unit_test(many_channels),
        cmocka_unit_test(a_gram_matrix_or_features),
        cmocka_unit_test(weights_are_repeats),
        cmocka_unit_test(weights_of_zero),
        cmocka_unit_test(the_unbiased_estimate_under_weights),
        cmocka_unit_test(neighbours_under_weights),
        cmocka_unit_test(draws_do_not_raise_chance),
        cmocka_unit_test(chance_is_the_mean_over_permutations),
        cmocka_unit_test(bias_of_many_channels),
        cmocka_unit_test(refusals),
        cmocka_unit_test(the_same_bits_for_any_number_of_threads),
        cmocka_unit_test(nuclear_norms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
