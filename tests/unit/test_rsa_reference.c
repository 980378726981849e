/*
 * RSA against rsatoolbox 0.3.2 (f1f83ca): estimators, comparisons with ties and missing pairs,
 * every bootstrap draw of conditions; and monkey against human IT (Kriegeskorte et al. 2008). The
 * numbers are in the shared test data.
 */
#include "internal.h"
#include "json.h"
#include "matlab.h"
#include "metric_test.h"
#include "rdm.h"

enum { N = 12, PAIRS = N * (N - 1) / 2, MAX_RDMS = 6 };

static const char *const comparators[][2] = {
    {"cosine", "cosine"}, {"corr", "pearson"}, {"spearman", "spearman"}, {"tau-a", "tau-a"}};

struct reference {
    bram_ctx *cx;
    bram_json *file;
};

/* false (the test is then skipped) without the shared data */
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

static double *input(struct reference *r, const char *name, size_t *count)
{
    const bram_json *data = bram_json_get(bram_json_get(bram_json_get(r->file, "inputs"), name),
                                          "data");
    double *values;
    assert_ok(r->cx, bram_json_numbers(r->cx, &values, count, data));
    return values;
}

static const bram_json *value_of(struct reference *r, const char *id)
{
    const bram_json *cases = bram_json_get(r->file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++) {
        const bram_json *entry = bram_json_at(cases, i);
        if (strcmp(bram_json_text(bram_json_get(entry, "id")), id) == 0)
            return bram_json_get(entry, "value");
    }
    fail_msg("no case %s", id);
    return NULL;
}

static double number_at(const bram_json *table, size_t i, size_t j)
{
    double x = NAN;
    assert_true(bram_json_number(bram_json_at(bram_json_at(table, i), j), &x));
    return x;
}

/* RDMs of N conditions as square matrices, missing pairs masked. */
struct rdms {
    double square[MAX_RDMS][N * N];
    uint8_t present[MAX_RDMS][N * N];
    size_t count;
};

static void load(struct reference *r, struct rdms *out, const char *name)
{
    size_t count;
    double *pairs = input(r, name, &count);
    out->count = count / PAIRS;
    assert_true(out->count <= MAX_RDMS && count % PAIRS == 0);
    for (size_t k = 0, at = 0; k < out->count; k++)
        for (size_t i = 0; i < N; i++) {
            out->square[k][i * N + i] = 0, out->present[k][i * N + i] = 1;
            for (size_t j = i + 1; j < N; j++, at++) {
                out->square[k][i * N + j] = out->square[k][j * N + i] = pairs[at];
                out->present[k][i * N + j] = out->present[k][j * N + i] = !isnan(pairs[at]);
            }
        }
    bram_free(pairs);
}

static bram_side rdm(struct rdms *r, size_t k)
{
    bram_side side = test_side(r->square[k], N, N, r->present[k]);
    side.is_rdm = true;
    return side;
}

static void estimators(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const inputs[] = {"X", "X_ties", "X_const"};
    for (size_t k = 0; k < 3; k++)
        for (int kind = BRAM_RDM_EUCLIDEAN; kind <= BRAM_RDM_CORRELATION; kind++) {
            char id[80];
            snprintf(id, sizeof id, kind ? "rdm/correlation/%s" : "rdm/euclidean/%s/remove_mean=0",
                     inputs[k]);
            size_t count, pairs;
            double *x = input(&r, inputs[k], &count), *expected, *d;
            bram_side side = test_side(x, N, count / N, NULL);
            assert_ok(r.cx, bram_json_numbers(r.cx, &expected, &pairs, value_of(&r, id)));
            assert_ok(r.cx, bram_rdm_new(r.cx, &d, &side, (bram_rdm_kind)kind));
            assert_int_equal(pairs, PAIRS);
            for (size_t i = 0; i < PAIRS; i++) {
                assert_int_equal(isnan(d[i]) != 0, isnan(expected[i]) != 0);
                assert_same(d[i], expected[i], 1e-12);
            }
            bram_free(d);
            bram_free(expected);
            bram_free(x);
        }
    close_reference(&r);
}

static void comparisons(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const sets[][3] = {{"plain", "rdms_a", "rdms_b"},
                                          {"ties", "rdms_a_ties", "rdms_b_ties"},
                                          {"nan", "rdms_a_nan", "rdms_b_nan"}};
    for (size_t s = 0; s < 3; s++) {
        struct rdms a, b;
        load(&r, &a, sets[s][1]);
        load(&r, &b, sets[s][2]);
        for (size_t c = 0; c < 4; c++) {
            char id[80], options[80];
            snprintf(id, sizeof id, "compare/%s/%s", comparators[c][0], sets[s][0]);
            snprintf(options, sizeof options, "rdm=given,compare=%s", comparators[c][1]);
            const bram_json *table = value_of(&r, id);
            for (size_t i = 0; i < a.count; i++)
                for (size_t j = 0; j < b.count; j++) {
                    struct test_scoring scoring = {
                        .options = options, .model = rdm(&a, i), .brain = rdm(&b, j)};
                    assert_near(test_score_one("rsa", &scoring), number_at(table, i, j), 1e-12);
                }
        }
    }
    close_reference(&r);
}

/* rsatoolbox writes each draw out and drops the pairs of a condition with itself; we weigh. */
static void bootstrap_draws(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct rdms subjects, models;
    load(&r, &subjects, "subject_rdms");
    load(&r, &models, "model_rdms");
    static const size_t with[] = {0, 1, 3};
    for (size_t c = 0; c < 3; c++) {
        char id[80], options[80];
        snprintf(id, sizeof id, "bootstrap/pattern/%s", comparators[with[c]][0]);
        snprintf(options, sizeof options, "compare=%s", comparators[with[c]][1]);
        const bram_json *samples = bram_json_get(value_of(&r, id), "samples");
        const bram_json *evaluations = bram_json_get(value_of(&r, id), "evaluations");
        assert_int_equal(bram_json_count(samples), 25);
        for (size_t draw = 0; draw < bram_json_count(samples); draw++) {
            const bram_json *drawn = bram_json_get(bram_json_at(samples, draw), "pattern");
            double weight[N] = {0};
            for (size_t i = 0; i < bram_json_count(drawn); i++) {
                int64_t condition = -1;
                assert_true(bram_json_integer(bram_json_at(drawn, i), &condition));
                weight[condition]++;
            }
            for (size_t m = 0; m < models.count; m++) {
                double mean = 0;
                for (size_t s = 0; s < subjects.count; s++) {
                    struct test_scoring scoring = {.options = options,
                                                   .model = rdm(&models, m),
                                                   .brain = rdm(&subjects, s),
                                                   .weight = weight};
                    mean += test_score_one("rsa", &scoring) / (double)subjects.count;
                }
                assert_near(mean, number_at(evaluations, draw, m), 1e-12);
            }
        }
    }
    close_reference(&r);
}

/* The square matrix of RDM `element` of a struct array that keeps the pairs as a vector. */
static bram_side matlab_rdm(bram_ctx *cx, bram_matlab_value *rdms, size_t element, size_t n)
{
    bram_matlab_value *field;
    double *pairs;
    bram_side side = {.values = {calloc(n * n, sizeof(double)), n, n, n}, .is_rdm = true};
    assert_ok(cx, bram_matlab_field(cx, &field, rdms, "RDM", element));
    assert_int_equal(bram_matlab_count(field), n * (n - 1) / 2);
    assert_ok(cx, bram_matlab_numbers(cx, &pairs, field));
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, at++)
            bram_row(&side.values, i)[j] = bram_row(&side.values, j)[i] = pairs[at];
    bram_free(pairs);
    return side;
}

static void monkey_and_human_it(void **state)
{
    (void)state;
    char path[512];
    test_data(path,
              "vision/rsa/rsatoolbox/92imageData/Kriegeskorte_Neuron2008_supplementalData.mat");
    bram_ctx *cx = bram_ctx_new();
    bram_matlab *file;
    bram_matlab_value *rdms;
    assert_ok(cx, bram_matlab_open(cx, &file, path));
    assert_ok(cx, bram_matlab_variable(cx, &rdms, file, "RDMs_mIT_hIT_fig1"));
    bram_side monkey = matlab_rdm(cx, rdms, 0, 92), human = matlab_rdm(cx, rdms, 1, 92);
    const double expected[] = {0.491210, 0.438924, 0.304048};
    for (size_t k = 0; k < 3; k++) {
        char options[80];
        snprintf(options, sizeof options, "rdm=given,compare=%s", comparators[k + 1][1]);
        struct test_scoring s = {.options = options, .model = monkey, .brain = human};
        assert_near(test_score_one("rsa", &s), expected[k], 5e-7); /* six digits are stated */
    }
    test_repeat_free(&monkey);
    test_repeat_free(&human);
    bram_matlab_close(file);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimators),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(bootstrap_draws),
        cmocka_unit_test(monkey_and_human_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
