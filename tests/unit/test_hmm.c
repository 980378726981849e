/*
 * Tests of core/hmm*.c: against ssm and onehot-hmmglm (reference file), against all paths written
 * out, scaled against log space, and what cannot be.
 */
#include "baselines_reference.h"
#include "hmm_private.h"
#include "internal.h"
#include "vexp.h"
#include "vlog.h"

enum { MAX_ROWS = 2100, MAX_STATES = 11 };

struct problem {
    size_t rows, states;
    double initial[MAX_STATES], transition[MAX_STATES * MAX_STATES];
    double l[MAX_ROWS * MAX_STATES];
};

static bram_chain chain_of(const struct problem *p)
{
    return (bram_chain){p->states, p->initial, p->transition, 0};
}

static bram_mat matrix_of(struct problem *p)
{
    return (bram_mat){p->l, p->rows, p->states, p->states};
}

static void normalise(double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    for (size_t i = 0; i < n; i++) x[i] /= sum;
}

static void make_problem(struct problem *p, size_t rows, size_t states, double spread,
                         uint64_t seed)
{
    bram_rng g = bram_rng_at(seed, "test/hmm", rows * 100 + states);
    p->rows = rows, p->states = states;
    for (size_t i = 0; i < states; i++) p->initial[i] = 0.1 + bram_rng_uniform(&g);
    normalise(p->initial, states);
    for (size_t i = 0; i < states; i++) {
        for (size_t j = 0; j < states; j++)
            p->transition[i * states + j] = 0.05 + bram_rng_uniform(&g);
        normalise(p->transition + i * states, states);
    }
    for (size_t i = 0; i < rows * states; i++) p->l[i] = spread * bram_rng_normal(&g);
}

/* ---- other tools ---------------------------------------------------------------------------- */

static void a_reference_case(const struct reference *r, const char *name, double tolerance)
{
    const bram_json *c = reference_case(r, name), *in = bram_json_get(c, "in");
    const bram_json *out = bram_json_get(c, "out");
    size_t k = bram_json_count(bram_json_get(in, "pi"));
    size_t rows = bram_json_count(bram_json_get(in, "loglik")), mark = bram_scratch_mark(r->cx);
    bool moving = reference_flatten(bram_json_get(in, "P"), NULL, 0) > k * k;
    bram_chain chain = {k, reference_values(r, bram_json_get(in, "pi"), k),
                        reference_values(r, bram_json_get(in, "P"), 0), moving ? rows - 1 : 0};
    bram_mat l = {reference_values(r, bram_json_get(in, "loglik"), rows * k), rows, k, k};
    double *want = reference_values(r, bram_json_get(out, "gamma"), rows * k), evidence;
    double *wanted_pair = reference_values(r, bram_json_get(out, "xi_sum"), k * k);
    double *wanted_path = reference_values(r, bram_json_get(out, "viterbi"), rows);
    double *pair = bram_scratch(r->cx, k * k, sizeof *pair);
    size_t *path = bram_scratch(r->cx, rows, sizeof *path);
    const bram_json *filter = bram_json_get(out, "filter_predict");
    assert_ok(r->cx, bram_hmm_viterbi(r->cx, path, NULL, &l, &chain));
    for (size_t t = 0; t < rows; t++) assert_int_equal(path[t], (int)wanted_path[t]);
    if (filter) {
        bram_mat predicted = {bram_scratch(r->cx, rows * k, sizeof(double)), rows, k, k};
        double sum = 0, *bin = bram_scratch(r->cx, rows, sizeof *bin);
        double *expected = reference_values(r, filter, rows * k);
        assert_ok(r->cx, bram_hmm_filter(r->cx, &predicted, NULL, bin, &evidence, &l, &chain));
        assert_all_near("predicted", predicted.data, expected, rows * k, tolerance);
        double z = reference_number(bram_json_get(out, "log_evidence"));
        assert_near(evidence, z, 1e-13 * fabs(z));
        for (size_t t = 0; t < rows; t++) sum += bin[t];
        assert_near(sum, z, 1e-13 * fabs(z));
        bram_mat again = {bram_scratch(r->cx, rows * k, sizeof(double)), rows, k, k};
        assert_ok(r->cx, bram_hmm_filter_log(r->cx, &again, NULL, bin, NULL, &l, &chain));
        assert_all_near("predicted", again.data, expected, rows * k, tolerance);
    }
    bram_mat copy = {bram_scratch(r->cx, rows * k, sizeof(double)), rows, k, k};
    memcpy(copy.data, l.data, rows * k * sizeof(double));
    assert_ok(r->cx, bram_hmm_smooth(r->cx, &l, &chain, pair, &evidence));
    assert_all_near("gamma", l.data, want, rows * k, tolerance);
    assert_all_near("pairs", pair, wanted_pair, k * k, tolerance);
    memset(pair, 0, k * k * sizeof *pair);
    assert_ok(r->cx, bram_hmm_smooth_log(r->cx, &copy, &chain, pair, &evidence));
    assert_all_near("gamma in log space", copy.data, want, rows * k, tolerance);
    assert_all_near("pairs in log space", pair, wanted_pair, k * k, tolerance);
    bram_scratch_release(r->cx, mark);
}

/* ssm keeps sums of log-likelihoods: at log evidence -942,205 its own posterior is good to 1e-9. */
static void equals_other_tools(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    a_reference_case(&r, "hmm_k3_t60", 1e-12);
    a_reference_case(&r, "hmm_k1_t5", 1e-12);
    a_reference_case(&r, "hmm_k2_t1", 1e-12);
    a_reference_case(&r, "hmm_k4_t200_underflow", 1e-9);
    a_reference_case(&r, "hmm_left_to_right", 1e-12);
    a_reference_case(&r, "hmm_inhomogeneous", 1e-12);
    a_reference_case(&r, "hmm_k3_t60_second", 1e-12);
    close_reference(&r);
}

/* ---- all paths written out ------------------------------------------------------------------ */

static void equals_the_sum_over_all_paths(void **state)
{
    (void)state;
    enum { ROWS = 5, K = 3, PATHS = 243 };
    static struct problem p;
    make_problem(&p, ROWS, K, 1.5, 4);
    p.transition[2] = 0, normalise(p.transition, K);
    double gamma[ROWS * K] = {0}, pair[K * K] = {0}, found[K * K] = {0}, total = 0, evidence;
    for (size_t code = 0; code < PATHS; code++) {
        size_t z[ROWS], rest = code;
        double w = 1;
        for (size_t t = 0; t < ROWS; t++, rest /= K) {
            z[t] = rest % K;
            w *= (t ? p.transition[z[t - 1] * K + z[t]] : p.initial[z[t]]) * exp(p.l[t * K + z[t]]);
        }
        total += w;
        for (size_t t = 0; t < ROWS; t++) gamma[t * K + z[t]] += w;
        for (size_t t = 1; t < ROWS; t++) pair[z[t - 1] * K + z[t]] += w;
    }
    for (size_t i = 0; i < ROWS * K; i++) gamma[i] /= total;
    for (size_t i = 0; i < K * K; i++) pair[i] /= total;
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = chain_of(&p);
    bram_mat l = matrix_of(&p);
    assert_ok(cx, bram_hmm_smooth(cx, &l, &chain, found, &evidence));
    assert_all_near("gamma", p.l, gamma, ROWS * K, 1e-14);
    assert_all_near("pairs", found, pair, K * K, 1e-14);
    assert_near(evidence, log(total), 1e-14);
    bram_ctx_free(cx);
}

/* ---- scaled against log space --------------------------------------------------------------- */

static void any_number_of_states_and_bins(void **state)
{
    (void)state;
    static struct problem p, q;
    const size_t lengths[] = {1, 2, 511, 512, 513, 1024, 1025, 1536, 1537, 2050};
    bram_ctx *cx = bram_ctx_new();
    for (size_t k = 1; k <= MAX_STATES; k++)
        for (size_t n = 0; n < 20; n++) {
            make_problem(&p, lengths[n % 10], k, n < 10 ? 3 : 30, 1);
            if (n >= 10 && k > 2) { /* forbidden transitions meet unlikely bins */
                for (size_t i = 0; i + 2 < k; i++) p.transition[i * k + i + 2] = 0;
                for (size_t i = 0; i < k; i++) normalise(p.transition + i * k, k);
            }
            q = p;
            bram_chain chain = chain_of(&p);
            bram_mat l = matrix_of(&p), m = matrix_of(&q);
            double a[MAX_STATES * MAX_STATES] = {0}, b[MAX_STATES * MAX_STATES] = {0}, x, y;
            assert_ok(cx, bram_hmm_smooth(cx, &l, &chain, a, &x));
            assert_ok(cx, bram_hmm_smooth_log(cx, &m, &chain, b, &y));
            assert_all_near("gamma", p.l, q.l, p.rows * k, 1e-12);
            assert_all_near("pairs", a, b, k * k, 1e-12);
            assert_near(x, y, 1e-11 * fabs(y) + 1e-12);
        }
    bram_ctx_free(cx);
}

/* A matrix for each step, all of them the same one, in blocks of every kind. */
static void steps_that_are_all_alike(void **state)
{
    (void)state;
    enum { K = 3 };
    static struct problem p, q;
    static double steps[MAX_ROWS * K * K];
    const size_t lengths[] = {1, 2, 600, 1024, 1300, 2100};
    bram_ctx *cx = bram_ctx_new();
    for (size_t n = 0; n < 6; n++) {
        double a[K * K] = {0}, b[K * K] = {0}, x, y;
        make_problem(&p, lengths[n], K, 3, 2);
        q = p;
        bram_chain chain = chain_of(&p), moving = {K, q.initial, steps, p.rows - 1};
        for (size_t i = 0; i < p.rows * K * K; i++) steps[i] = p.transition[i % (K * K)];
        bram_mat l = matrix_of(&p), m = matrix_of(&q);
        assert_ok(cx, bram_hmm_smooth(cx, &l, &chain, a, &x));
        assert_ok(cx, bram_hmm_smooth(cx, &m, &moving, b, &y));
        assert_all_near("gamma", q.l, p.l, p.rows * K, 1e-14);
        assert_all_near("pairs", b, a, K * K, 1e-13);
        assert_near(x, y, 1e-12 * fabs(x));
    }
    bram_ctx_free(cx);
}

static void the_prediction_after_the_last_bin(void **state)
{
    (void)state;
    static struct problem p;
    make_problem(&p, 40, 3, 2, 9);
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = chain_of(&p);
    bram_mat l = matrix_of(&p), fewer = bram_mat_rows(l, 0, 39);
    double next[3], logs[3], predicted[40 * 3], gamma[3];
    bram_mat out = {predicted, 40, 3, 3};
    assert_ok(cx, bram_hmm_filter(cx, &out, next, NULL, NULL, &l, &chain));
    assert_ok(cx, bram_hmm_filter_log(cx, NULL, logs, NULL, NULL, &l, &chain));
    assert_all_near("next", next, logs, 3, 1e-13);
    assert_ok(cx, bram_hmm_filter(cx, NULL, next, NULL, NULL, &fewer, &chain));
    assert_all_near("next", next, predicted + 39 * 3, 3, 1e-13);
    assert_ok(cx, bram_hmm_smooth(cx, &l, &chain, NULL, NULL)); /* the last bin is filtered */
    for (size_t j = 0; j < 3; j++) {
        gamma[j] = 0;
        for (size_t i = 0; i < 3; i++) gamma[j] += p.l[39 * 3 + i] * p.transition[i * 3 + j];
    }
    assert_all_near("next", logs, gamma, 3, 1e-13);
    bram_ctx_free(cx);
}

/* State 1 can only be entered at the start and is 1,000 nats worse for some bins, until a bin that
 * no other state can explain: scaling alone would have lost it. */
static void a_path_that_scaling_loses(void **state)
{
    (void)state;
    double initial[] = {0.5, 0.5}, transition[] = {1, 0, 0, 1}, gamma[6];
    double l[] = {0, -1000, -1000, 0, -(double)INFINITY, -2}, evidence;
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = {2, initial, transition, 0};
    bram_mat m = {l, 3, 2, 2}, predicted = {gamma, 3, 2, 2};
    assert_ok(cx, bram_hmm_filter(cx, &predicted, NULL, NULL, &evidence, &m, &chain));
    assert_near(evidence, log(0.5) - 1002, 1e-12);
    assert_near(gamma[5], 0.5, 1e-12); /* 1,000 nats behind, then level again */
    assert_ok(cx, bram_hmm_smooth(cx, &m, &chain, NULL, &evidence));
    assert_near(evidence, log(0.5) - 1002, 1e-12);
    for (size_t t = 0; t < 3; t++) assert_near(l[2 * t + 1], 1, 0);
    bram_ctx_free(cx);
}

/* A state that nothing leads to or from falls back by a nat a bin for 720 bins: it is lost when the
 * middle of the sequence has met already. Then all is done in log space, from what l was. */
static void what_is_lost_late_is_done_again(void **state)
{
    (void)state;
    enum { ROWS = 2100, K = 3 };
    double initial[] = {0.4, 0.3, 0.3}, transition[] = {0.9, 0, 0.1, 0, 1, 0, 0.2, 0, 0.8};
    static double l[ROWS * K], copy[ROWS * K];
    double pair[2][K * K] = {{0}}, evidence[2];
    bram_rng g = bram_rng_new(8, "test/hmm/late");
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = {K, initial, transition, 0};
    for (size_t t = 0; t < ROWS; t++)
        for (size_t k = 0; k < K; k++)
            l[t * K + k] = k == 1 ? (t >= 900 && t < 1620 ? -1 : 0) : 0.01 * bram_rng_normal(&g);
    memcpy(copy, l, sizeof l);
    bram_mat m = {l, ROWS, K, K}, in_logs = {copy, ROWS, K, K};
    assert_ok(cx, bram_hmm_smooth(cx, &m, &chain, pair[0], &evidence[0]));
    assert_ok(cx, bram_hmm_smooth_log(cx, &in_logs, &chain, pair[1], &evidence[1]));
    assert_memory_equal(l, copy, sizeof l);
    assert_memory_equal(pair[0], pair[1], sizeof pair[0]);
    assert_near(evidence[0], evidence[1], 0);
    bram_ctx_free(cx);
}

/* State 0 is never reached, and ever more likely than the one that is. */
static void a_state_out_of_reach(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    double initial[] = {0, 1}, transition[] = {0.5, 0.5, 0, 1}, l[ROWS * 2], evidence;
    double pair[4] = {0};
    for (size_t t = 0; t < ROWS; t++) l[2 * t] = 0, l[2 * t + 1] = -40;
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = {2, initial, transition, 0};
    bram_mat m = {l, ROWS, 2, 2};
    assert_ok(cx, bram_hmm_smooth(cx, &m, &chain, pair, &evidence));
    assert_near(evidence, -40.0 * ROWS, 1e-9);
    assert_near(pair[3], ROWS - 1, 1e-9);
    for (size_t t = 0; t < ROWS; t++) assert_near(l[2 * t], 0, 0);
    bram_ctx_free(cx);
}

/* ---- what cannot be ------------------------------------------------------------------------- */

static void assert_message(bram_ctx *cx, const char *part)
{
    if (!strstr(bram_ctx_message(cx), part))
        fail_msg("\"%s\" lacks \"%s\"", bram_ctx_message(cx), part);
}

static void an_impossible_bin_is_named(void **state)
{
    (void)state;
    const double no = -(double)INFINITY;
    double initial[] = {1, 0}, transition[] = {1, 0, 0, 1}, l[] = {0, 0, no, 0, 0, 0}, out[6];
    double pair[4] = {7, 7, 7, 7}, evidence = 7;
    size_t path[3] = {9, 9, 9};
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = {2, initial, transition, 0};
    bram_mat m = {l, 3, 2, 2}, predicted = {out, 3, 2, 2};
    assert_int_equal(bram_hmm_filter(cx, &predicted, NULL, NULL, &evidence, &m, &chain),
                     BRAM_ENUMERIC);
    assert_message(cx, "bin 1 is impossible");
    assert_int_equal(bram_hmm_viterbi(cx, path, &evidence, &m, &chain), BRAM_ENUMERIC);
    assert_message(cx, "bin 1 is impossible");
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ENUMERIC);
    assert_message(cx, "bin 1 is impossible");
    l[2] = NAN;
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ENUMERIC);
    assert_message(cx, "bin 1: the log-likelihood of state 0 is nan");
    l[2] = INFINITY;
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ENUMERIC);
    assert_int_equal(bram_hmm_viterbi(cx, path, NULL, &m, &chain), BRAM_ENUMERIC);
    m.rows = 0;
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ESHAPE);
    m = (bram_mat){l, 2, 3, 3};
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ESHAPE);
    assert_int_equal(bram_hmm_viterbi(cx, path, NULL, &m, &chain), BRAM_ESHAPE);
    m = (bram_mat){l, 3, 2, 2};
    chain.steps = 3; /* two lead through three bins */
    assert_int_equal(bram_hmm_smooth(cx, &m, &chain, pair, &evidence), BRAM_ESHAPE);
    assert_near(pair[0] + evidence + (double)path[0], 7 + 7 + 9, 0);
    bram_ctx_free(cx);
}

static void failing_allocations(void **state)
{
    (void)state;
    static struct problem p;
    size_t path[20];
    for (int what = 0; what < 4; what++) {
        int status = BRAM_ENOMEM;
        for (size_t k = 1; status != BRAM_OK && k < 20; k++) {
            make_problem(&p, 20, 3, 1, 1);
            if (what == 1) p.l[4] = -5000, p.transition[1] = 0, normalise(p.transition, 3);
            bram_ctx *cx = bram_ctx_new();
            bram_chain chain = chain_of(&p);
            bram_mat l = matrix_of(&p);
            bram_fail_allocation(k, true);
            if (what < 2) status = bram_hmm_smooth(cx, &l, &chain, NULL, NULL);
            else if (what == 2) status = bram_hmm_filter(cx, NULL, NULL, NULL, NULL, &l, &chain);
            else status = bram_hmm_viterbi(cx, path, NULL, &l, &chain);
            bram_fail_allocation(0, false);
            assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
            if (k == 1) assert_int_equal(status, BRAM_ENOMEM);
            bram_ctx_free(cx);
        }
        assert_int_equal(status, BRAM_OK);
    }
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void ties_go_to_the_lower_state(void **state)
{
    (void)state;
    double half[] = {0.5, 0.5}, transition[] = {0.5, 0.5, 0.5, 0.5}, l[8] = {0}, logp;
    size_t path[4];
    bram_ctx *cx = bram_ctx_new();
    bram_chain chain = {2, half, transition, 0};
    bram_mat m = {l, 4, 2, 2};
    assert_ok(cx, bram_hmm_viterbi(cx, path, &logp, &m, &chain));
    for (size_t t = 0; t < 4; t++) assert_int_equal(path[t], 0);
    assert_near(logp, 4 * log(0.5), 1e-15);
    bram_ctx_free(cx);
}

/* Frequencies of 200,000 draws, within five standard errors of a multinomial; a rerun is equal. */
static void samples_have_the_chain_s_frequencies(void **state)
{
    (void)state;
    enum { N = 200000 };
    double initial[] = {0, 0.25, 0.75}, p[] = {0.9, 0.1, 0, 0.2, 0.5, 0.3, 0.05, 0, 0.95};
    bram_chain chain = {3, initial, p, 0};
    size_t *path = malloc(N * sizeof *path), *again = malloc(N * sizeof *again);
    double count[9] = {0}, from[3] = {0};
    bram_rng g = bram_rng_new(1, "test/sample");
    bram_hmm_sample(&g, path, N, &chain);
    g = bram_rng_new(1, "test/sample");
    bram_hmm_sample(&g, again, N, &chain);
    assert_memory_equal(path, again, N * sizeof *path);
    assert_true(path[0] > 0);
    for (size_t t = 1; t < N; t++) count[path[t - 1] * 3 + path[t]]++, from[path[t - 1]]++;
    for (size_t i = 0; i < 9; i++)
        assert_near(count[i] / from[i / 3], p[i], 5 * sqrt(p[i] * (1 - p[i]) / from[i / 3]));
    free(path);
    free(again);
}

/* ---- exponentials --------------------------------------------------------------------------- */

static void exponentials(void **state)
{
    (void)state;
    enum { N = 20001 };
    static double x[N], y[N];
    for (size_t i = 0; i < N; i++) x[i] = y[i] = -708 + 1417.0 * (double)i / (N - 1);
    bram_vexp(y, N);
    for (size_t i = 0; i < N; i++) assert_near(y[i] / exp(x[i]), 1, 4.5e-16);
    double odd[] = {0, -(double)INFINITY, INFINITY, NAN, -709, 710, 1, -0.0, 709.5};
    bram_vexp(odd, 9);
    assert_near(odd[0], 1, 0);
    assert_near(odd[1], 0, 0);
    assert_true(isinf(odd[2]) && isnan(odd[3]) && odd[4] == 0 && isinf(odd[5]));
    assert_near(odd[6], 2.718281828459045, 4.5e-16);
    assert_near(odd[7], 1, 0);
    assert_near(odd[8] / exp(709.5), 1, 4.5e-16);
    for (size_t n = 1; n <= 33; n++) { /* the same bits alone as among others */
        double part[33];
        memcpy(part, x + 7, n * sizeof *part);
        bram_vexp(part, n);
        assert_memory_equal(part, y + 7, n * sizeof *part);
    }
}

static void logarithms(void **state)
{
    (void)state;
    enum { N = 20001 };
    static double x[N], y[N];
    for (size_t i = 0; i < N; i++) x[i] = y[i] = exp(-708 + 1417.0 * (double)i / (N - 1));
    bram_vlog(y, N);
    for (size_t i = 0; i < N; i++) {
        double expected = log(x[i]), error = fabs(y[i] - expected);
        assert_true(error <= fmax(2e-16, 9e-16 * fabs(expected)));
    }
    for (size_t n = 1; n <= 33; n++) {
        double part[33];
        memcpy(part, x + 7, n * sizeof *part);
        bram_vlog(part, n);
        assert_memory_equal(part, y + 7, n * sizeof *part);
    }
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_other_tools),
        cmocka_unit_test(equals_the_sum_over_all_paths),
        cmocka_unit_test(any_number_of_states_and_bins),
        cmocka_unit_test(steps_that_are_all_alike),
        cmocka_unit_test(the_prediction_after_the_last_bin),
        cmocka_unit_test(a_path_that_scaling_loses),
        cmocka_unit_test(what_is_lost_late_is_done_again),
        cmocka_unit_test(a_state_out_of_reach),
        cmocka_unit_test(an_impossible_bin_is_named),
        cmocka_unit_test(failing_allocations),
        cmocka_unit_test(ties_go_to_the_lower_state),
        cmocka_unit_test(samples_have_the_chain_s_frequencies),
        cmocka_unit_test(exponentials),
        cmocka_unit_test(logarithms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
