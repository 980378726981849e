/*
 * The GLM-HMM on the choices of a rat (Roy et al. 2021, W053): 20,000 trials in 80 sessions, told
 * from the two stimuli, two covariates of the history and a constant; every fifth session held out
 * from the first on. Held-out log-likelihoods of ssm (`eb6c8aa3`, sigma 2, alpha 2, best of 5
 * starts): K = 1 is a convex problem and must agree; the others are local optima, to be reached.
 */
#include "cell_test.h"
#include "emission.h"
#include "linalg.h"
#include "manifest.h"

#include <bramble/loader.h>

enum { TRIALS = 20000, SESSIONS = 80, INPUTS = 5 };

struct sessions {
    double y[TRIALS], x[TRIALS * INPUTS];
    size_t first[SESSIONS + 1];
    bram_mat ys[SESSIONS], xs[SESSIONS];
    size_t trials;
};

/* Columns session, choice, answer, correct, then s1, s2, h, c each now and before. */
static void read_sessions(struct sessions *s, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[1024];
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    size_t last = 0;
    while (fgets(line, sizeof line, file)) {
        double v[12];
        char *at = line;
        for (size_t i = 0; i < 12; i++) v[i] = strtod(at, &at), at += *at == ',';
        assert_true(s->trials < TRIALS && v[0] >= (double)last && v[0] < SESSIONS);
        while (last < (size_t)v[0]) s->first[++last] = s->trials;
        s->y[s->trials] = v[1];
        for (size_t j = 0; j < 4; j++) s->x[s->trials * INPUTS + j] = v[4 + 2 * j];
        s->x[s->trials * INPUTS + 4] = 1;
        s->trials++;
    }
    s->first[SESSIONS] = s->trials;
    assert_int_equal(last, SESSIONS - 1);
    assert_int_equal(s->trials, TRIALS);
    fclose(file);
}

/* Sessions that are held out, or the others. */
static bram_hmm_data take(struct sessions *s, bram_mat *y, bram_mat *x, bool held_out)
{
    size_t n = 0;
    for (size_t i = 0; i < SESSIONS; i++) {
        size_t rows = s->first[i + 1] - s->first[i];
        if ((i % 5 == 0) != held_out) continue;
        y[n] = (bram_mat){s->y + s->first[i], rows, 1, 1};
        x[n++] = (bram_mat){s->x + s->first[i] * INPUTS, rows, INPUTS, INPUTS};
    }
    return (bram_hmm_data){.sequences = n, .y = y, .x = x};
}

static void held_out_likelihoods_reach_ssm_s(void **state)
{
    (void)state;
    static struct sessions s;
    static const double theirs[] = {-2541.083, -2504.559, -2469.764, -2460.934};
    bram_mat y[2][SESSIONS], x[2][SESSIONS];
    char path[512];
    test_data(path, "spikes/derived/psytrack_W053.csv");
    read_sessions(&s, path);
    bram_hmm_data train = take(&s, y[0], x[0], false), test = take(&s, y[1], x[1], true);
    bram_ctx *cx = bram_ctx_new();
    bram_observation like = {.kind = &bram_emission_categorical,
                             .units = 1,
                             .covariates = INPUTS,
                             .classes = 2,
                             .sigma = 2};
    bram_observation *o;
    bram_hmm_options options = bram_hmm_defaults();
    options.starts = 3, options.alpha = 2, options.seed = 11, options.iterations = 500;
    assert_ok(cx, bram_observation_new(cx, &o, &like));
    for (size_t k = 1; k <= 4; k++) {
        bram_hmm_fit f = {0};
        double each[SESSIONS], sum = 0;
        assert_ok(cx, bram_hmm_em(cx, &f, k, &o->e, &train, &options));
        assert_ok(cx, bram_hmm_evidence(cx, each, &f.best, &o->e, &test));
        for (size_t i = 0; i < test.sequences; i++) sum += each[i];
        print_message("# %zu states: %.3f nats held out (ssm %.3f), start %zu, %zu iterations\n", k,
                      sum, theirs[k - 1], f.best_start, f.best_iterations);
        if (k == 1) assert_near(sum, theirs[0], 1e-2);
        else if (!(sum >= theirs[k - 1]))
            fail_msg("%zu states: %.3f, ssm %.3f", k, sum, theirs[k - 1]);
        assert_true(f.fall < 1e-11);
        bram_hmm_fit_release(&f);
    }
    bram_observation_free(o);
    bram_ctx_free(cx);
}

/* The benchmark, on the table as its manifest imports it: K = 1 is the same number again, and
 * 0.0732 bits a trial over the shares of choices in training. */
static void the_benchmark_is_the_same_split(void **state)
{
    (void)state;
    char path[512];
    test_data(path, "spikes/derived/psytrack_W053.csv");
    bram_ctx *cx = bram_ctx_new();
    bram_benchmark *b;
    bram_yaml_manifest *manifest;
    bram_dataset *ds = NULL, *result = NULL;
    assert_ok(cx, bram_benchmark_read(cx, &b, "psytrack-choices"));
    assert_ok(cx, bram_manifest_read(cx, &manifest, b->dataset));
    const char *paths[] = {path};
    assert_ok(cx, bram_import(cx, &ds, manifest->source, &(bram_input){paths, 1}, NULL));
    assert_ok(cx, bram_options_set(cx, b->options, "samples", "0"));
    assert_ok(cx, test_cell(cx, &result, b, ds, "W053", b->models[0]));
    double trial = test_number(result, "loglik:unit=nats", "value");
    assert_near(3971 * trial, -2541.083, 1e-2);
    assert_near(test_number(result, "loglik:unit=bits", "value") -
                    test_number(result, "loglik:unit=bits", "floor_shares"),
                0.0732, 1e-4);
    assert_int_equal(test_number(result, "loglik:unit=nats", "units"), 1);
    bram_dataset_free(result);
    bram_dataset_free(ds);
    bram_yaml_manifest_free(manifest);
    bram_benchmark_free(b);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_benchmark_is_the_same_split),
        cmocka_unit_test(held_out_likelihoods_reach_ssm_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
