/*
 * Tests of the task geometry: values and ceilings by hand on RDMs of four stimuli, subjects and
 * sessions, and the simulated visual system, whose true layer must win.
 */
#include "cell_test.h"
#include "internal.h"
#include "simulate.h"
#include "stimulus_folds.h"

#include <bramble/rng.h>

enum { N = 4, SIZE = N * N };

static const char *const stimuli[] = {"a", "b", "c", "d"};

/* The square matrix with these six pairs. */
static void square(double *out, const double *pairs)
{
    for (size_t i = 0, k = 0; i < N; i++) {
        out[i * N + i] = 0;
        for (size_t j = i + 1; j < N; j++, k++) out[i * N + j] = out[j * N + i] = pairs[k];
    }
}

/* Two subjects, the second in two sessions whose mean is its RDM; model RDMs in another order. */
static bram_dataset *made(bram_ctx *cx)
{
    static const double pairs[3][6] = {
        {1, 2, 3, 4, 5, 6}, {2, 0, 3, 6, 4, 6}, {2, 2, 5, 4, 4, 8}}; /* mean: 2 1 4 5 4 7 */
    static const double model[6] = {1, 3, 2, 4, 6, 5};
    static const char *const ids[] = {"x", "y/1", "y/2"}, *const who[] = {"x", "y", "y"};
    static const size_t order[N] = {2, 0, 3, 1};
    double values[3 * SIZE], feature[SIZE], shuffled[SIZE];
    const char *shuffled_id[N];
    bram_dataset *ds = NULL;
    assert_ok(cx, bram_dataset_new(cx, &ds));
    for (size_t s = 0; s < 3; s++) square(values + s * SIZE, pairs[s]);
    bram_axis *axis[3] = {0};
    bram_response *r = NULL;
    assert_ok(cx, bram_axis_new(cx, &axis[0], "subject", 3));
    assert_ok(cx, bram_axis_set_ids(cx, axis[0], ids));
    assert_ok(cx, bram_axis_add_text(cx, axis[0], "subject", who));
    for (size_t d = 1; d < 3; d++) {
        assert_ok(cx, bram_axis_new(cx, &axis[d], d == 1 ? "stimulus" : "stimulus_2", N));
        assert_ok(cx, bram_axis_set_ids(cx, axis[d], stimuli));
    }
    assert_ok(cx, bram_response_new(cx, &r, "it", BRAM_F64, 3,
                                    (const bram_axis *[]){axis[0], axis[1], axis[2]}));
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    memcpy(bram_response_f64(r), values, sizeof values);
    assert_ok(cx, bram_attrs_set_text(cx, bram_response_attrs(r), "kind", "rdm"));
    assert_ok(cx, bram_dataset_add(cx, ds, "responses", r));
    square(feature, model);
    for (size_t i = 0; i < N; i++) {
        shuffled_id[i] = stimuli[order[i]];
        for (size_t j = 0; j < N; j++) shuffled[i * N + j] = feature[order[i] * N + order[j]];
    }
    test_add(cx, ds, "stimuli/features", "net", 2, (const char *const[]){"stimulus", "stimulus_2"},
             (const size_t[]){N, N}, (const char *const *const[]){shuffled_id, shuffled_id},
             shuffled, "rdm");
    return ds;
}

static char pearson[] = "rsa:rdm=given,compare=pearson";
static char *metrics[] = {pearson};

static void by_hand(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=20");
    assert_ok(cx, test_cell(cx, &result, &b, ds, "it", "features:net"));
    /* x = 1 2 3 4 5 6, y = 2 1 4 5 4 7 (mean of sessions), model = 1 3 2 4 6 5.
     * Sums about the means: xx = 17.5, mm = 17.5, yy = 111 - 23^2/6 = 137/6;
     * xm = 89 - 73.5 = 15.5; ym = 2+3+8+20+24+35 - 80.5 = 11.5; xy = 2+2+12+20+20+42 - 80.5 = 17.5
     */
    double xm = 15.5 / 17.5, ym = 11.5 / sqrt(17.5 * 137 / 6), xy = 17.5 / sqrt(17.5 * 137 / 6);
    assert_near(test_number(result, pearson, "value"), (xm + ym) / 2, 1e-14);
    assert_near(test_number(result, pearson, "units"), 2, 0);
    /* lower: each against the other; upper: against the sum of z-scores, (1 + r)/sqrt(2 + 2 r) */
    assert_near(test_number(result, pearson, "ceiling_low"), xy, 1e-14);
    assert_near(test_number(result, pearson, "ceiling_high"), sqrt((1 + xy) / 2), 1e-14);
    assert_near(test_number(result, pearson, "ceiling"), xy, 1e-14);
    assert_near(test_number(result, pearson, "ceiling_noise"), sqrt(0.5), 1e-15);
    assert_near(test_number(result, pearson, "normalized"), (xm + ym) / 2 / xy, 1e-14);
    assert_string_equal(test_text(result, pearson, "ceiling_rule"), "other subjects");
    assert_string_equal(test_text(result, pearson, "normalization"), "ratio");
    const bram_response *raw = bram_dataset_response(result, "raw");
    assert_string_equal(bram_axis_id(bram_response_axis(raw, 1), 1), "y");
    double values[2];
    assert_ok(cx, bram_response_read(cx, raw, (size_t[]){0, 0}, (size_t[]){1, 2}, values, NULL));
    assert_near(values[0], xm, 1e-14);
    assert_near(values[1], ym, 1e-14);
    /* four stimuli are too few to resample */
    assert_true(isnan(test_number(result, pearson, "low")));
    bram_dataset_free(result);
    assert_ok(cx, bram_options_set(cx, b.options, "ceiling", "upper"));
    assert_ok(cx, test_cell(cx, &result, &b, ds, "it", "features:net"));
    assert_near(test_number(result, pearson, "ceiling"), sqrt((1 + xy) / 2), 1e-14);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* Crossnobis of an area with two repeats: products of the differences in one and the other, over
 * two channels. a - b: (1, 0) and (2, 2), so 1; a - c: (-4, -5) and (-2, -5), so 16.5; and so on.
 */
static void distances_between_repeats(void **state)
{
    (void)state;
    static char crossnobis[] = "rsa:rdm=crossnobis,compare=cosine";
    static char *cosine[] = {crossnobis};
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", cosine, 1, "samples=0");
    double area[N * 2 * 2] = {1, 3, 0, 2, 0, 1, 0, 0, 5, 5, 5, 7, 2, 1, 4, 5}; /* unit, repeat */
    static const char *const names[] = {"stimulus", "neuron", "repeat"};
    static const size_t shape[] = {N, 2, 2};
    test_add(cx, ds, "responses", "v1", 3, names, shape,
             (const char *const *const[]){stimuli, NULL, NULL}, area, NULL);
    assert_ok(cx, test_cell(cx, &result, &b, ds, "v1", "features:net"));
    /* brain 1 16.5 5 27.5 10 7, model 1 3 2 4 6 5 */
    assert_near(test_number(result, crossnobis, "value"), 265.5 / sqrt(91 * 1203.5), 1e-14);
    assert_near(test_number(result, crossnobis, "chance"), 0, 0);
    bram_dataset_free(result);
    /* an area whose responses were averaged has none */
    static const size_t flat[] = {N, 2};
    test_add(cx, ds, "responses", "v2", 2, names, flat, (const char *const *const[]){stimuli, NULL},
             area, NULL);
    assert_int_equal(test_cell(cx, &result, &b, ds, "v2", "features:net"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "has no measurements"));
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void what_cannot_be_asked(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=0");
    assert_int_equal(test_cell(cx, &result, &b, ds, "v1", "features:net"), BRAM_EABSENT);
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features:other"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "they have: net"));
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "mean"), BRAM_ENOTAPPLICABLE);
    double few[] = {1, 2, 3};
    test_add(cx, ds, "stimuli/features", "short", 2, (const char *const[]){"stimulus", "feature"},
             (const size_t[]){3, 1}, (const char *const *const[]){stimuli, NULL}, few, NULL);
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features:short"), BRAM_ENOTAPPLICABLE);
    assert_non_null(strstr(bram_ctx_message(cx), "lacks 1 of 4 stimuli, the first is \"d\""));
    /* several sets: four stimuli are too few to choose on (and one of the sets lacks one) */
    assert_int_equal(test_cell(cx, &result, &b, ds, "it", "features"), BRAM_ENOTAPPLICABLE);
    static char v4[] = "v4", *parts[] = {v4};
    bram_axis *axis = NULL;
    b.parts = parts, b.part_count = 1;
    assert_int_equal(bram_task_find("geometry")->parts(cx, &axis, &b, ds), BRAM_EABSENT);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

static void every_failing_allocation(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = made(cx), *result = NULL;
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=4");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k++) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *fresh = NULL;
        bram_cell cell = {&b, ds, "it", "features:net", 0};
        assert_ok(own, bram_dataset_new(own, &fresh));
        bram_fail_allocation(k, false);
        status = bram_task_find("geometry")->run(own, fresh, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(fresh);
        bram_ctx_free(own);
        assert_true(k < 10000);
    }
    (void)result;
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* The area reads layer 2: that layer must win, and with its own geometry reach the noise ceiling.
 */
static void the_true_layer_wins(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *result[3];
    bram_benchmark b = test_benchmark(cx, "geometry", metrics, 1, "samples=100");
    static char correlation[] = "rsa:rdm=correlation,compare=pearson",
                *of_patterns[] = {correlation};
    b.metrics = of_patterns;
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    for (size_t k = 0; k < 3; k++) {
        char model[32];
        snprintf(model, sizeof model, "features:layer%zu", k + 1);
        assert_ok(cx, test_cell(cx, &result[k], &b, ds, "area", model));
    }
    double value = test_number(result[1], correlation, "value");
    assert_true(test_number(result[1], correlation, "low") >
                test_number(result[0], correlation, "high"));
    assert_true(test_number(result[1], correlation, "low") >
                test_number(result[2], correlation, "high"));
    assert_true(test_number(result[1], correlation, "ceiling_low") <= value);
    assert_true(test_number(result[1], correlation, "ceiling_high") >= value);
    assert_true(test_number(result[0], correlation, "value") <
                test_number(result[0], correlation, "ceiling_low"));
    for (size_t k = 0; k < 3; k++) bram_dataset_free(result[k]);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* About other subjects as well: the same value, a wider interval that is even about it. */
static void subjects_can_be_drawn_too(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL, *one = NULL, *two = NULL;
    static char correlation[] = "rsa:rdm=correlation,compare=pearson",
                *of_patterns[] = {correlation}, median[] = "median rsa:rdm=correlation",
                *of_medians[] = {median};
    bram_benchmark b = test_benchmark(cx, "geometry", of_patterns, 1, "samples=200");
    assert_ok(cx, bram_simulate(cx, &ds, "simulated-vision", 1));
    assert_ok(cx, test_cell(cx, &one, &b, ds, "area", "features:layer1"));
    assert_ok(cx, bram_options_set(cx, b.options, "bootstrap", "both"));
    assert_ok(cx, test_cell(cx, &two, &b, ds, "area", "features:layer1"));
    double value = test_number(two, correlation, "value");
    double low = test_number(two, correlation, "low"), high = test_number(two, correlation, "high");
    assert_near(value, test_number(one, correlation, "value"), 0);
    assert_near(high - value, value - low, 1e-12);
    assert_true(high - low >
                test_number(one, correlation, "high") - test_number(one, correlation, "low"));
    assert_non_null(strstr(test_text(two, correlation, "resampled"), "subjects"));
    b.metrics = of_medians; /* a median of drawn subjects is not defined here */
    bram_dataset *none = NULL;
    assert_int_equal(test_cell(cx, &none, &b, ds, "area", "features:layer1"), BRAM_EUSAGE);
    bram_dataset_free(one);
    bram_dataset_free(two);
    bram_options_free(b.options);
    bram_dataset_free(ds);
    bram_ctx_free(cx);
}

/* ---- several layers ------------------------------------------------------------------------- */

enum { STIMULI = 40, UNITS = 12, FOLDS = 5 };

static char correlation_spec[] = "rsa:rdm=correlation,compare=pearson";
static char *of_correlation[] = {correlation_spec};

/* Stimuli and units of noise, and layers that are added one by one. */
struct noisy {
    bram_ctx *cx;
    bram_dataset *ds;
    char id[STIMULI][8];
    const char *ids[STIMULI];
    double brain[STIMULI * UNITS];
};

static void fill_noise(double *out, const char *stream, uint64_t index)
{
    bram_rng g = bram_rng_at(7, stream, index);
    for (size_t i = 0; i < STIMULI * UNITS; i++) out[i] = bram_rng_normal(&g);
}

static void add_matrix(struct noisy *n, const char *group, const char *name, const double *values)
{
    const char *columns = strcmp(group, "responses") == 0 ? "neuron" : name;
    test_add(n->cx, n->ds, group, name, 2, (const char *const[]){"stimulus", columns},
             (const size_t[]){STIMULI, UNITS}, (const char *const *const[]){n->ids, NULL}, values,
             NULL);
}

/* The brain is another one in the test stimuli of the fold `other` (NULL: in none). */
static void make_noisy(struct noisy *n, const bram_fold *other, uint64_t index)
{
    double else_where[STIMULI * UNITS];
    n->cx = bram_ctx_new();
    assert_ok(n->cx, bram_dataset_new(n->cx, &n->ds));
    for (size_t i = 0; i < STIMULI; i++) {
        snprintf(n->id[i], sizeof n->id[i], "s%zu", i);
        n->ids[i] = n->id[i];
    }
    fill_noise(n->brain, "brain", index);
    fill_noise(else_where, "other brain", index);
    for (size_t i = 0; other && i < other->tests; i++)
        memcpy(n->brain + other->test[i] * UNITS, else_where + other->test[i] * UNITS,
               UNITS * sizeof(double));
    add_matrix(n, "responses", "it", n->brain);
}

static void drop_noisy(struct noisy *n)
{
    bram_dataset_free(n->ds);
    bram_ctx_free(n->cx);
}

/* The folds that the task cuts. */
static bram_fold *folds_of(const struct noisy *n)
{
    bram_fold *fold = NULL;
    bram_axis *axis = NULL;
    size_t count;
    assert_ok(n->cx, bram_axis_new(n->cx, &axis, "stimulus", STIMULI));
    assert_ok(n->cx, bram_axis_set_ids(n->cx, axis, n->ids));
    assert_ok(n->cx, bram_stimulus_folds(n->cx, &fold, &count, axis,
                                         &(bram_stimulus_split){.folds = FOLDS, .group = ""}));
    assert_int_equal(count, FOLDS);
    bram_axis_free(axis);
    return fold;
}

static const double *layers_of(const bram_dataset *result, const char *name)
{
    bram_response *r = bram_dataset_response(result, name);
    assert_non_null(r);
    return bram_response_f64(r);
}

/* Like the brain but for noise; and a layer that is the brain itself on the test stimuli of the
 * first fold, and nothing elsewhere. It must not be chosen there, and whatever is recorded of these
 * stimuli must not touch the choice. */
static void a_layer_that_is_best_on_the_test_is_not_chosen(void **state)
{
    (void)state;
    const bram_fold *alter[2] = {NULL, NULL};
    double inner[2][2 * FOLDS];
    struct noisy plain;
    make_noisy(&plain, NULL, 0);
    bram_fold *fold = folds_of(&plain);
    alter[1] = &fold[0];
    for (size_t k = 0; k < 2; k++) {
        struct noisy n;
        bram_dataset *result = NULL;
        double honest[STIMULI * UNITS], cheat[STIMULI * UNITS];
        make_noisy(&n, alter[k], 0);
        fill_noise(honest, "honest", 0);
        fill_noise(cheat, "cheat", 0);
        for (size_t i = 0; i < STIMULI * UNITS; i++) honest[i] += plain.brain[i];
        for (size_t i = 0; i < fold[0].tests; i++)
            memcpy(cheat + fold[0].test[i] * UNITS, n.brain + fold[0].test[i] * UNITS,
                   UNITS * sizeof(double));
        add_matrix(&n, "stimuli/features", "cheat", cheat);
        add_matrix(&n, "stimuli/features", "honest", honest);
        bram_benchmark b = test_benchmark(n.cx, "geometry", of_correlation, 1, "samples=20");
        assert_ok(n.cx, test_cell(n.cx, &result, &b, n.ds, "it", "features"));
        for (size_t f = 0; f < FOLDS; f++)
            assert_near(layers_of(result, "layers/chosen")[2 * f + 1], 1, 0);
        memcpy(inner[k], layers_of(result, "layers/inner"), sizeof inner[k]);
        bram_dataset_free(result);
        bram_options_free(b.options);
        drop_noisy(&n);
    }
    assert_memory_equal(inner[0], inner[1], 2 * sizeof(double)); /* of the first fold */
    assert_true(inner[0][3] != inner[1][3]);                     /* the others learn from it */
    bram_free(fold);
    drop_noisy(&plain);
}

/* The mean over folds of the metric on the rows of the fold alone; of two layers that are one. */
static void the_nested_score_by_hand(void **state)
{
    (void)state;
    struct noisy n;
    bram_dataset *result = NULL;
    double layer[STIMULI * UNITS], sum = 0;
    make_noisy(&n, NULL, 1);
    bram_fold *fold = folds_of(&n);
    fill_noise(layer, "layer", 1);
    for (size_t i = 0; i < STIMULI * UNITS; i++) layer[i] += n.brain[i];
    add_matrix(&n, "stimuli/features", "one", layer);
    add_matrix(&n, "stimuli/features", "two", layer);
    bram_benchmark b = test_benchmark(n.cx, "geometry", of_correlation, 1, "samples=50");
    assert_ok(n.cx, test_cell(n.cx, &result, &b, n.ds, "it", "features"));
    for (size_t f = 0; f < FOLDS; f++) {
        double x[STIMULI * UNITS], y[STIMULI * UNITS], *raw;
        size_t values;
        for (size_t i = 0; i < fold[f].tests; i++) {
            memcpy(x + i * UNITS, layer + fold[f].test[i] * UNITS, UNITS * sizeof *x);
            memcpy(y + i * UNITS, n.brain + fold[f].test[i] * UNITS, UNITS * sizeof *y);
        }
        bram_side model = {.values = {x, fold[f].tests, UNITS, UNITS}},
                  brain = {.values = {y, fold[f].tests, UNITS, UNITS}};
        assert_ok(n.cx, bram_metric_score(n.cx, &raw, &values, NULL, correlation_spec, &model,
                                          &brain, NULL));
        sum += raw[0] / FOLDS;
        bram_free(raw);
    }
    double value = test_number(result, correlation_spec, "value");
    assert_near(value, sum, 1e-12);
    assert_true(test_number(result, correlation_spec, "low") < value);
    assert_true(test_number(result, correlation_spec, "high") > value);
    for (size_t f = 0; f < FOLDS; f++) /* of equal layers the first */
        assert_near(layers_of(result, "layers/chosen")[2 * f], 1, 0);
    bram_dataset_free(result);
    bram_options_free(b.options);
    bram_free(fold);
    drop_noisy(&n);
}

/* Layers of nothing but noise: the best of them looks good, the nested score does not. */
static void choosing_is_not_rewarded(void **state)
{
    (void)state;
    enum { SETS = 12, LAYERS = 10 };
    double best = 0, nested = 0;
    for (uint64_t k = 0; k < SETS; k++) {
        struct noisy n;
        bram_dataset *result = NULL;
        double layer[STIMULI * UNITS], most = -1;
        char name[16], id[96];
        make_noisy(&n, NULL, 10 + k);
        for (uint64_t i = 0; i < LAYERS; i++) {
            snprintf(name, sizeof name, "l%d", (int)i);
            fill_noise(layer, name, 10 + k);
            add_matrix(&n, "stimuli/features", name, layer);
        }
        bram_benchmark b = test_benchmark(n.cx, "geometry", of_correlation, 1, "samples=0");
        assert_ok(n.cx, test_cell(n.cx, &result, &b, n.ds, "it", "features"));
        for (size_t i = 0; i < LAYERS; i++) {
            snprintf(id, sizeof id, "%s@l%zu", correlation_spec, i);
            most = fmax(most, test_number(result, id, "value"));
        }
        best += most / SETS;
        nested += test_number(result, correlation_spec, "value") / SETS;
        bram_dataset_free(result);
        bram_options_free(b.options);
        drop_noisy(&n);
    }
    print_message("# best %.3f, nested %.3f\n", best, nested);
    assert_true(best > 0.03);         /* of ten r over 780 pairs of stimuli */
    assert_true(fabs(nested) < 0.03); /* about three standard errors */
}

static void layers_survive_failing_allocations(void **state)
{
    (void)state;
    struct noisy n;
    double layer[STIMULI * UNITS];
    make_noisy(&n, NULL, 2);
    fill_noise(layer, "layer", 2);
    add_matrix(&n, "stimuli/features", "one", layer);
    add_matrix(&n, "stimuli/features", "two", n.brain);
    bram_benchmark b = test_benchmark(n.cx, "geometry", of_correlation, 1, "samples=2");
    int status = BRAM_ENOMEM;
    for (size_t k = 1; status != BRAM_OK; k += 1 + k / 64) {
        bram_ctx *own = bram_ctx_new();
        bram_dataset *fresh = NULL;
        bram_cell cell = {&b, n.ds, "it", "features", 0};
        assert_ok(own, bram_dataset_new(own, &fresh));
        bram_fail_allocation(k, k % 2);
        status = bram_task_find("geometry")->run(own, fresh, &cell);
        bram_fail_allocation(0, false);
        if (status != BRAM_OK) assert_int_equal(status, BRAM_ENOMEM);
        bram_dataset_free(fresh);
        bram_ctx_free(own);
    }
    bram_options_free(b.options);
    drop_noisy(&n);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(distances_between_repeats),
        cmocka_unit_test(what_cannot_be_asked),
        cmocka_unit_test(every_failing_allocation),
        cmocka_unit_test(the_true_layer_wins),
        cmocka_unit_test(subjects_can_be_drawn_too),
        cmocka_unit_test(a_layer_that_is_best_on_the_test_is_not_chosen),
        cmocka_unit_test(the_nested_score_by_hand),
        cmocka_unit_test(choosing_is_not_rewarded),
        cmocka_unit_test(layers_survive_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
