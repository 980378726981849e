/*
 * The HMM-GLM: rates, likelihoods, posteriors and gradients of onehot-hmmglm (shared reference
 * file), monotone fits, recovery of made networks, odd recordings.
 */
#include "baselines_reference.h"
#include "internal.h"
#include "history.h"
#include "linalg.h"
#include "spike_emission_private.h"
#include "spike_network.h"
#include "test.h"

enum { T = 40, N = 3, K = 2, M = 1 + N };

/* A case of the reference: its design, and theta of the two states in a model. */
struct peer {
    struct reference r;
    const bram_json *in, *out;
    bram_mat design, y;
    double *b, *w, *p;
    size_t begin[2];
    bram_hmm_glm g;
    bram_emission e;
    bram_hmm m;
};

static void open_peer(struct peer *x, const char *name, bram_link link, double inside)
{
    const bram_json *its = reference_case(&x->r, name);
    x->in = bram_json_get(its, "in"), x->out = bram_json_get(its, "out");
    bram_ctx *cx = x->r.cx;
    double *spikes = reference_values(&x->r, bram_json_get(x->in, "spikes"), T * N);
    double *basis = reference_values(&x->r, bram_json_get(x->in, "basis"), 5);
    x->b = reference_values(&x->r, bram_json_get(x->in, "b"), N);
    x->p = reference_values(&x->r, bram_json_get(x->in, "P"), K * K);
    x->y = (bram_mat){spikes, T, N, N};
    bram_mat h, phi = {basis, 5, 1, 1};
    assert_ok(cx, bram_mat_scratch(cx, &x->design, T, M));
    assert_ok(cx, bram_mat_scratch(cx, &h, T, N));
    assert_ok(cx, bram_history_filter(cx, &h, &x->y, &phi, NULL));
    for (size_t t = 0; t < T; t++) {
        bram_row(&x->design, t)[0] = 1;
        memcpy(bram_row(&x->design, t) + 1, bram_row(&h, t), N * sizeof(double));
    }
    x->begin[0] = 0, x->begin[1] = T;
    x->g = (bram_hmm_glm){.link = link, .inside = inside, .sigma = 1, .strength = 1, .history = N};
    x->g.design = &x->design, x->g.y = &x->y, x->g.begin = x->begin;
    assert_ok(cx, bram_hmm_glm_begin(cx, &x->g, &x->e, K));
    assert_ok(cx, bram_hmm_new(cx, &x->m, K, x->e.per_state, x->e.shared));
    for (size_t i = 0; i < K; i++) x->m.initial[i] = 1.0 / K;
    memcpy(x->m.transition, x->p, K * K * sizeof(double));
}

/* w: [state][to][from] as the peer has it */
static void set_weights(struct peer *x, const double *w)
{
    for (size_t k = 0; k < K; k++) {
        bram_mat theta = bram_hmm_glm_theta(&x->g, &x->m, k);
        memcpy(theta.data, x->b, N * sizeof(double));
        for (size_t n = 0; n < N; n++)
            for (size_t m = 0; m < N; m++) bram_row(&theta, 1 + m)[n] = w[(k * N + n) * N + m];
    }
}

static void close_peer(struct peer *x)
{
    bram_hmm_release(&x->m);
    bram_hmm_glm_release(&x->g);
}

static void the_published_code_agrees(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bram_link link;
    } cases[] = {{"hmmglm_naive_sigmoid", BRAM_LINK_SIGMOID},
                 {"hmmglm_naive_softplus", BRAM_LINK_SOFTPLUS},
                 {"hmmglm_naive_exp", BRAM_LINK_EXP}};
    struct peer x;
    open_reference(&x.r);
    bram_ctx *cx = x.r.cx;
    for (size_t c = 0; c < 3; c++) {
        open_peer(&x, cases[c].name, cases[c].link, 1e-8); /* the peer's jitter */
        set_weights(&x, reference_values(&x.r, bram_json_get(x.in, "W"), K * N * N));
        double *convolved = reference_values(&x.r, bram_json_get(x.out, "convolved"), T * N);
        for (size_t t = 0; t < T; t++)
            assert_all_near("convolved", bram_row(&x.design, t) + 1, convolved + t * N, N, 1e-6);
        double l[T * K], pair[K * K] = {0}, evidence;
        bram_mat posterior = {l, T, K, K}, memory;
        bram_hmm_data d = bram_hmm_glm_data(&x.g, &memory, 1);
        assert_ok(cx, x.e.loglik(cx, &x.e, &x.m, &d, 0, 0, &posterior));
        assert_all_near("loglik", l,
                        reference_values(&x.r, bram_json_get(x.out, "loglik_bins"), T * K), T * K,
                        2e-6); /* theirs is in single precision */
        bram_chain chain = bram_hmm_chain(&x.m);
        assert_ok(cx, bram_hmm_smooth(cx, &posterior, &chain, pair, &evidence));
        double *gamma = reference_values(&x.r, bram_json_get(x.out, "gamma"), T * K);
        assert_all_near("gamma", l, gamma, T * K, 5e-6);
        assert_all_near("pairs", pair,
                        reference_values(&x.r, bram_json_get(x.out, "xi_sum"), K * K), K * K, 1e-4);
        double *grad_w = reference_values(&x.r, bram_json_get(x.out, "grad_W"), K * N * N);
        double *grad_b = reference_values(&x.r, bram_json_get(x.out, "grad_b"), N), sum[N] = {0};
        for (size_t k = 0; k < K; k++) {
            double gradient[M * N];
            bram_mat slope = {gradient, M, N, N}, theta = bram_hmm_glm_theta(&x.g, &x.m, k);
            bram_glm p = {.design = &x.design,
                          .y = x.y,
                          .weight = gamma + k,
                          .weight_stride = K,
                          .link = cases[c].link,
                          .inside = 1e-8};
            assert_ok(cx, bram_glm_evaluate(cx, &p, &theta, NULL, &slope, NULL, BRAM_EXPECTED));
            for (size_t n = 0; n < N; n++) {
                sum[n] += gradient[n];
                for (size_t m = 0; m < N; m++)
                    assert_all_near("grad_W", &gradient[(1 + m) * N + n],
                                    &grad_w[(k * N + n) * N + m], 1, 1e-5);
            }
        }
        assert_all_near("grad_b", sum, grad_b, N, 1e-5);
        close_peer(&x);
    }
    close_reference(&x.r);
}

static double log_prior_of(const bram_emission *e, const bram_hmm *m)
{
    double value = (double)NAN;
    bram_ctx *cx = bram_ctx_new();
    assert_ok(cx, e->log_prior(cx, e, m, &value));
    bram_ctx_free(cx);
    return value;
}

/* The Gaussian prior: its density, but for the constant that ours leaves out, and its slope. */
static void the_gaussian_prior_agrees(void **state)
{
    (void)state;
    struct peer x;
    open_reference(&x.r);
    open_peer(&x, "hmmglm_naive_softplus", BRAM_LINK_SOFTPLUS, 0);
    const bram_json *its = reference_case(&x.r, "hmmglm_gaussian_prior");
    const bram_json *in = bram_json_get(its, "in"), *out = bram_json_get(its, "out");
    double *w = reference_values(&x.r, bram_json_get(in, "W"), K * N * N);
    double *mean = reference_values(&x.r, bram_json_get(in, "mean"), N * N), std;
    std = reference_number(bram_json_get(in, "std"));
    close_peer(&x);
    x.g.prior = BRAM_GLM_GAUSS, x.g.sigma = std;
    assert_ok(x.r.cx, bram_hmm_glm_begin(x.r.cx, &x.g, &x.e, K));
    assert_ok(x.r.cx, bram_hmm_new(x.r.cx, &x.m, K, x.e.per_state, x.e.shared));
    x.b = x.g.base; /* intercepts at their centres cost nothing */
    set_weights(&x, w);
    for (size_t n = 0; n < N; n++)
        for (size_t m = 0; m < N; m++) x.m.shared.data[m * N + n] = mean[n * N + m];
    double constant = -(K * N * N) * log(2 * 3.14159265358979323846) / 2, value;
    value = log_prior_of(&x.e, &x.m);
    assert_near(value + constant, reference_number(bram_json_get(out, "log_prior")), 1e-5);
    double *slope = reference_values(&x.r, bram_json_get(out, "grad_W"), K * N * N);
    for (size_t i = 0; i < K * N * N; i++) {
        bram_mat theta = bram_hmm_glm_theta(&x.g, &x.m, i / N / N);
        double *at = bram_row(&theta, 1 + i % N) + i / N % N, h = 1e-6, saved = *at, up, down;
        *at = saved + h, up = log_prior_of(&x.e, &x.m);
        *at = saved - h, down = log_prior_of(&x.e, &x.m);
        *at = saved;
        assert_near((up - down) / (2 * h), slope[i], 1e-5);
    }
    close_peer(&x);
    close_reference(&x.r);
}

/* Rates of all bins and both states, [state][bin][neuron]. */
static void check_rates(struct peer *x, const char *name)
{
    double *expected = reference_values(&x->r, bram_json_get(x->out, name), K * T * N);
    double eta[T * N], rate[T * N];
    for (size_t k = 0; k < K; k++) {
        bram_mat theta = bram_hmm_glm_theta(&x->g, &x->m, k), to = {eta, T, N, N};
        assert_ok(x->r.cx,
                  bram_gemm(x->r.cx, &to, 1, &x->design, BRAM_AS_IS, &theta, BRAM_AS_IS, 0));
        bram_link_apply(BRAM_LINK_SOFTPLUS, 0, eta, T * N, rate, NULL, NULL, NULL);
        assert_all_near(name, rate, expected + k * T * N, T * N, 2e-6);
    }
}

/* log softmax of the softmax of the logits: what the published code takes for log probabilities. */
static void flattened(double *pi, double *log_pi, const double *logits)
{
    double sum = 0, other = 0;
    for (int c = 0; c < 3; c++) sum += pi[c] = exp(logits[c]);
    for (int c = 0; c < 3; c++) other += exp(pi[c] /= sum);
    for (int c = 0; c < 3; c++) log_pi[c] = pi[c] - log(other);
}

/* The one-hot prior by sampling: weights and rates of classes without noise and of the most
 * probable ones, the density of the classes and its slopes (single precision there). */
static void the_one_hot_prior_agrees(void **state)
{
    (void)state;
    enum { PAIRS = K * N * N };
    struct peer x;
    open_reference(&x.r);
    open_peer(&x, "hmmglm_onehot", BRAM_LINK_SOFTPLUS, 0);
    double *logits = reference_values(&x.r, bram_json_get(x.in, "adjacency_logit"), 3 * PAIRS);
    double *prior = reference_values(&x.r, bram_json_get(x.in, "prior_logit"), 3 * N * N);
    double *raw = reference_values(&x.r, bram_json_get(x.in, "strength_raw"), PAIRS);
    double tau = reference_number(bram_json_get(x.in, "tau")), value = 0, w[PAIRS];
    for (int hard = 0; hard < 2; hard++) {
        for (size_t i = 0; i < PAIRS; i++) w[i] = bram_gumbel_weight(logits + 3 * i, raw[i], hard);
        const char *name = hard ? "weight_hard" : "weight_softmax";
        assert_all_near(name, w, reference_values(&x.r, bram_json_get(x.out, name), PAIRS), PAIRS,
                        1e-6);
        set_weights(&x, w);
        check_rates(&x, hard ? "rates_hard" : "rates_softmax");
    }
    double slope[3 * PAIRS], of_prior[3 * N * N] = {0}, own[3];
    for (size_t i = 0; i < PAIRS; i++) {
        double pi[3], log_pi[3], mean = 0;
        flattened(pi, log_pi, prior + 3 * (i % (N * N)));
        value += bram_gumbel_density(slope + 3 * i, own, logits + 3 * i, log_pi, tau);
        for (size_t c = 0; c < 3; c++) mean += pi[c] * own[c];
        for (size_t c = 0; c < 3; c++) of_prior[3 * (i % (N * N)) + c] += pi[c] * (own[c] - mean);
    }
    assert_near(value, reference_number(bram_json_get(x.out, "log_prior")), 1e-5);
    assert_all_near("slopes", slope,
                    reference_values(&x.r, bram_json_get(x.out, "grad_adjacency"), 3 * PAIRS),
                    3 * PAIRS, 1e-5);
    assert_all_near("slopes of pi", of_prior,
                    reference_values(&x.r, bram_json_get(x.out, "grad_adjacency_prior"), 3 * N * N),
                    3 * N * N, 1e-5);
    close_peer(&x);
    close_reference(&x.r);
}

/* ---- made networks -------------------------------------------------------------------------- */

enum { SEQUENCES = 12, ROWS = 400, NEURONS = 6, STATES = 2, WIDTH = 1 + NEURONS };

struct made {
    bram_ctx *cx;
    bram_spike_network w;
    size_t state[SEQUENCES * ROWS], begin[SEQUENCES + 1];
    double counts[SEQUENCES * ROWS * NEURONS];
    bram_mat y, design, sequence[SEQUENCES];
    bram_hmm_glm g;
    bram_emission e;
    bram_hmm_data d;
};

static void make(struct made *x, bram_glm_prior prior, size_t states)
{
    double rate[NEURONS];
    bram_mat h;
    memset(x, 0, sizeof *x);
    x->cx = bram_ctx_new();
    assert_ok(x->cx, bram_spike_network_new(x->cx, &x->w, STATES, NEURONS, 5));
    for (size_t s = 0; s < SEQUENCES; s++) {
        bram_rng g = bram_rng_at(9, "test/spike_emission", s);
        x->begin[s + 1] = (s + 1) * ROWS;
        bram_spike_network_run(&x->w, x->state + s * ROWS, x->counts + s * ROWS * NEURONS, ROWS, &g,
                               rate);
    }
    x->y = (bram_mat){x->counts, SEQUENCES * ROWS, NEURONS, NEURONS};
    assert_ok(x->cx, bram_mat_scratch(x->cx, &x->design, SEQUENCES * ROWS, WIDTH));
    assert_ok(x->cx, bram_mat_scratch(x->cx, &h, ROWS, NEURONS));
    for (size_t s = 0; s < SEQUENCES; s++) {
        bram_mat part = bram_mat_rows(x->y, s * ROWS, ROWS);
        assert_ok(x->cx, bram_history_filter(x->cx, &h, &part, &x->w.phi, NULL));
        for (size_t t = 0; t < ROWS; t++) {
            double *u = bram_row(&x->design, s * ROWS + t);
            u[0] = 1;
            memcpy(u + 1, bram_row(&h, t), NEURONS * sizeof *u);
        }
    }
    x->g = (bram_hmm_glm){.link = BRAM_LINK_SIGMOID,
                          .prior = prior,
                          .sigma = 1.0 / 3,
                          .strength = 1,
                          .history = NEURONS,
                          .scatter = 0.1,
                          .design = &x->design,
                          .y = &x->y,
                          .begin = x->begin};
    assert_ok(x->cx, bram_hmm_glm_begin(x->cx, &x->g, &x->e, states));
    x->d = bram_hmm_glm_data(&x->g, x->sequence, SEQUENCES);
}

static void drop(struct made *x)
{
    bram_hmm_glm_release(&x->g);
    bram_spike_network_release(&x->w);
    bram_ctx_free(x->cx);
}

static bram_hmm_options options(void)
{
    bram_hmm_options o = bram_hmm_defaults();
    o.starts = 2;
    o.stay = 0.98;
    o.seed = 1;
    return o;
}

/* Share of rows whose most probable state is the true one, after the better of two matchings. */
static double agreement(struct made *x, const bram_hmm *m)
{
    static double memory[SEQUENCES * ROWS * STATES];
    bram_mat posterior[SEQUENCES];
    double evidence, same = 0, rows = SEQUENCES * ROWS;
    for (size_t s = 0; s < SEQUENCES; s++)
        posterior[s] = (bram_mat){memory + s * ROWS * STATES, ROWS, STATES, STATES};
    assert_ok(x->cx, bram_hmm_expect(x->cx, m, &x->e, &x->d, posterior, NULL, &evidence));
    for (size_t t = 0; t < SEQUENCES * ROWS; t++)
        same += (memory[t * STATES] < memory[t * STATES + 1]) == (x->state[t] == 1);
    return fmax(same, rows - same) / rows;
}

static bram_hmm truth_of(struct made *x)
{
    bram_hmm truth;
    assert_ok(x->cx, bram_hmm_new(x->cx, &truth, STATES, x->e.per_state, x->e.shared));
    memcpy(truth.initial, x->w.initial, STATES * sizeof(double));
    memcpy(truth.transition, x->w.transition, STATES * STATES * sizeof(double));
    for (size_t k = 0; k < STATES; k++) {
        bram_mat theta = bram_hmm_glm_theta(&x->g, &truth, k);
        memcpy(theta.data, x->w.bias, NEURONS * sizeof(double));
        memcpy(bram_row(&theta, 1), x->w.weight + k * NEURONS * NEURONS,
               NEURONS * NEURONS * sizeof(double));
    }
    return truth;
}

/* Every prior: the objective never falls; the states come back nearly as with the truth. */
static void fits_rise_and_find_the_states(void **state)
{
    (void)state;
    static struct made x;
    for (int prior = BRAM_GLM_NONE; prior <= BRAM_GLM_ONE_HOT; prior++)
        for (int spread = 0; spread <= (prior == BRAM_GLM_GAUSS); spread++) {
            bram_hmm_fit f = {0};
            bram_hmm_options o = options();
            make(&x, (bram_glm_prior)prior, STATES);
            if (spread) x.g.sigma = (double)NAN;
            assert_ok(x.cx, bram_hmm_em(x.cx, &f, STATES, &x.e, &x.d, &o));
            if (!(f.fall <= 1e-9)) fail_msg("prior %d falls by %g of itself", prior, f.fall);
            bram_hmm truth = truth_of(&x);
            double best = agreement(&x, &truth), found = agreement(&x, &f.best);
            if (!spread && !(found > best - 0.06)) /* a fitted spread needs more data */
                fail_msg("prior %d: %.3f of the states, the truth %.3f", prior, found, best);
            bram_hmm_release(&truth);
            bram_hmm_fit_release(&f);
            drop(&x);
        }
}

/* Stops the work once progress was told `left` times. */
struct stopper {
    volatile int flag;
    int left;
};

static void stop(void *user, const char *what, double done, double total)
{
    struct stopper *s = user;
    (void)what, (void)done, (void)total;
    if (--s->left == 0) s->flag = 1;
}

/* One or two threads, or stopped after every iteration and gone on: the same bits. Enough of them
 * that steps are stretched (but for ONE_HOT). */
static void stops_and_threads_do_not_matter(void **state)
{
    (void)state;
    static struct made x;
    bram_hmm_options o = options();
    o.starts = 1, o.tolerance = 0;
    for (int prior = BRAM_GLM_GAUSS; prior <= BRAM_GLM_ONE_HOT; prior++) {
        bram_hmm_fit one = {0}, two = {0};
        struct stopper stopper = {0, 0};
        int status = BRAM_ECANCEL, stops = 0;
        o.iterations = prior == BRAM_GLM_GAUSS ? 9 : 4;
        make(&x, (bram_glm_prior)prior, STATES);
        size_t size = STATES * x.e.per_state * sizeof(double);
        assert_ok(x.cx, bram_hmm_em(x.cx, &one, STATES, &x.e, &x.d, &o));
        if (prior == BRAM_GLM_GAUSS) assert_true(one.reach > 1 || one.back);
        bram_ctx_set_threads(x.cx, 2);
        bram_ctx_set_cancel(x.cx, &stopper.flag);
        bram_ctx_set_progress(x.cx, stop, &stopper);
        for (; status == BRAM_ECANCEL && stops < 40; stops++) {
            stopper = (struct stopper){0, 2};
            status = bram_hmm_em(x.cx, &two, STATES, &x.e, &x.d, &o);
        }
        assert_int_equal(status, BRAM_OK);
        assert_true(stops >= 4);
        assert_memory_equal(one.best.state.data, two.best.state.data, size);
        assert_near(one.objective, two.objective, 0);
        bram_hmm_fit_release(&one);
        bram_hmm_fit_release(&two);
        drop(&x);
    }
}

/* Epochs of a fit by sampling, from `f` on, with this many threads. */
static void sample_epochs(struct made *x, bram_hmm_fit *f, size_t epochs, unsigned threads)
{
    bram_hmm_options o = options();
    o.starts = 1, o.kmeans = false, o.iterations = epochs, o.tolerance = -HUGE_VAL;
    bram_ctx_set_threads(x->cx, threads);
    assert_ok(x->cx, bram_hmm_em(x->cx, f, STATES, &x->e, &x->d, &o));
}

/* By sampling: the states come back; the draws depend on the seed alone; hard classes are weights
 * of one sign or none. */
static void sampling_finds_the_states(void **state)
{
    (void)state;
    static struct made x;
    bram_gumbel gumbel = {.temperature = 0.5, .rate = 0.01, .steps = 50, .seed = 3};
    bram_hmm_fit one = {0}, two = {0};
    make(&x, BRAM_GLM_ONE_HOT, STATES);
    bram_hmm_glm_release(&x.g);
    x.g.gumbel = &gumbel;
    assert_ok(x.cx, bram_hmm_glm_begin(x.cx, &x.g, &x.e, STATES));
    sample_epochs(&x, &one, 2, 1);
    sample_epochs(&x, &two, 2, 2);
    assert_memory_equal(one.best.state.data, two.best.state.data,
                        STATES * x.e.per_state * sizeof(double));
    bram_hmm_glm_harden(&x.g, &one.best);
    double found = agreement(&x, &one.best);
    if (!(found > 0.62)) fail_msg("%.3f of the states, by chance 0.5", found);
    size_t none = 0;
    for (size_t k = 0; k < STATES; k++)
        for (size_t i = 0; i < NEURONS * NEURONS; i++)
            none += bram_row(&one.best.state, k)[NEURONS + i] == 0;
    assert_true(none > 0 && none < STATES * NEURONS * NEURONS);
    gumbel.seed = 4; /* another seed: other draws */
    bram_hmm_fit other = {0};
    sample_epochs(&x, &other, 1, 1);
    assert_true(memcmp(other.now.state.data, two.now.state.data, sizeof(double) * 64) != 0);
    bram_hmm_fit_release(&one);
    bram_hmm_fit_release(&two);
    bram_hmm_fit_release(&other);
    drop(&x);
}

/* One intercept for all states: the fit rises, states agree in it, and at the end its slope over
 * all states is nothing. */
static void a_shared_bias(void **state)
{
    (void)state;
    static struct made x;
    for (int prior = BRAM_GLM_NONE; prior <= BRAM_GLM_ONE_HOT; prior++) {
        bram_hmm_fit f = {0};
        bram_hmm_options o = options();
        make(&x, (bram_glm_prior)prior, STATES);
        x.g.shared_bias = true;
        o.tolerance = 1e-10;
        assert_ok(x.cx, bram_hmm_em(x.cx, &f, STATES, &x.e, &x.d, &o));
        if (!(f.fall <= 1e-9)) fail_msg("prior %d falls by %g of itself", prior, f.fall);
        bram_mat one = bram_hmm_glm_theta(&x.g, &f.best, 0);
        bram_mat two = bram_hmm_glm_theta(&x.g, &f.best, 1);
        assert_memory_equal(one.data, two.data, NEURONS * sizeof(double));
        for (size_t n = 0; n < NEURONS; n++) {
            double value[2], h = 1e-3, at = one.data[n];
            for (int side = 0; side < 2; side++) {
                double sequence[SEQUENCES];
                one.data[n] = two.data[n] = at + (side ? h : -h);
                assert_ok(x.cx, bram_hmm_evidence(x.cx, sequence, &f.best, &x.e, &x.d));
                value[side] = log_prior_of(&x.e, &f.best);
                for (size_t s = 0; s < SEQUENCES; s++) value[side] += sequence[s];
            }
            one.data[n] = two.data[n] = at;
            assert_near((value[1] - value[0]) / (2 * h), 0, 0.5); /* of a curvature of 1000 */
        }
        bram_hmm_fit_release(&f);
        drop(&x);
    }
}

/* With many coefficients the one-hot prior sees the correlations of the
 * design's columns in place of those of each neuron: the fit rises as well, and finds two states in
 * which the neurons fire at rates of their own, and hardly a connection. */
static void many_neurons(void **state)
{
    (void)state;
    enum { MANY = 40, LONG = 200, STAY = 40 };
    static struct made x;
    bram_hmm_options o = options();
    bram_hmm_fit f = {0};
    bram_mat y, design, h, posterior;
    double same = 0, size = 0, evidence;
    size_t begin[] = {0, LONG};
    make(&x, BRAM_GLM_ONE_HOT, STATES);
    bram_hmm_glm_release(&x.g);
    assert_ok(x.cx, bram_mat_scratch(x.cx, &y, LONG, MANY));
    assert_ok(x.cx, bram_mat_scratch(x.cx, &h, LONG, MANY));
    assert_ok(x.cx, bram_mat_scratch(x.cx, &design, LONG, 1 + MANY));
    assert_ok(x.cx, bram_mat_scratch(x.cx, &posterior, LONG, STATES));
    bram_rng g = bram_rng_new(1, "test/spike_emission/many");
    for (size_t t = 0; t < LONG; t++)
        for (size_t n = 0; n < MANY; n++)
            bram_row(&y, t)[n] = (double)bram_rng_poisson(&g, (t / STAY + n) % 2 ? 0.2 : 0.8);
    assert_ok(x.cx, bram_history_filter(x.cx, &h, &y, &x.w.phi, NULL));
    for (size_t t = 0; t < LONG; t++) {
        bram_row(&design, t)[0] = 1;
        memcpy(bram_row(&design, t) + 1, bram_row(&h, t), MANY * sizeof(double));
    }
    o.starts = 1, o.iterations = 10;
    x.g.y = &y, x.g.design = &design, x.g.history = MANY, x.g.begin = begin;
    assert_ok(x.cx, bram_hmm_glm_begin(x.cx, &x.g, &x.e, STATES));
    x.d = bram_hmm_glm_data(&x.g, x.sequence, 1);
    assert_ok(x.cx, bram_hmm_em(x.cx, &f, STATES, &x.e, &x.d, &o));
    if (!(f.fall <= 1e-9)) fail_msg("falls by %g of itself", f.fall);
    assert_ok(x.cx, bram_hmm_expect(x.cx, &f.best, &x.e, &x.d, &posterior, NULL, &evidence));
    for (size_t t = 0; t < LONG; t++) {
        const double *p = bram_row(&posterior, t);
        same += (p[0] < p[1]) == (t / STAY) % 2;
    }
    same = fmax(same, LONG - same) / LONG;
    for (size_t k = 0; k < STATES; k++)
        for (size_t i = MANY; i < MANY + MANY * MANY; i++)
            size += fabs(bram_row(&f.best.state, k)[i]) / (STATES * MANY * MANY);
    if (!(same > 0.98 && size < 0.1)) fail_msg("%.3f of the states, mean size %.3f", same, size);
    bram_hmm_fit_release(&f);
    drop(&x);
}

static void odd_recordings(void **state)
{
    (void)state;
    static struct made x;
    for (int prior = BRAM_GLM_NONE; prior <= BRAM_GLM_ONE_HOT; prior++)
        for (int odd = 0; odd < 4; odd++)
            for (int link = BRAM_LINK_SOFTPLUS; link <= BRAM_LINK_SIGMOID; link++) {
                size_t states = odd == 1 ? 1 : STATES;
                bram_hmm_fit f = {0};
                bram_hmm_options o = options();
                make(&x, (bram_glm_prior)prior, states);
                bram_hmm_glm_release(&x.g);
                for (size_t t = 0; t < x.y.rows; t++) {
                    double *y = bram_row(&x.y, t);
                    y[0] = 0, y[1] = 3;                    /* silent, constant */
                    if (odd == 2) y[2] = t % 50 ? 0 : 1e6; /* large */
                    for (size_t n = 0; n < NEURONS && odd == 3; n++) y[n] = 0; /* nothing at all */
                }
                size_t sequences = 2, begin[] = {0, odd == 0 ? 1 : 300, odd == 0 ? 2 : 600};
                bram_mat design = bram_mat_rows(x.design, 0, begin[2]);
                bram_mat y = bram_mat_rows(x.y, 0, begin[2]); /* odd 0: sequences of one bin */
                x.g.begin = begin, x.g.design = &design, x.g.y = &y, x.g.link = (bram_link)link;
                assert_ok(x.cx, bram_hmm_glm_begin(x.cx, &x.g, &x.e, states));
                x.d = bram_hmm_glm_data(&x.g, x.sequence, sequences);
                o.iterations = 5;
                assert_ok(x.cx, bram_hmm_em(x.cx, &f, states, &x.e, &x.d, &o));
                assert_true(isfinite(f.evidence));
                if (!(f.fall <= 1e-9))
                    fail_msg("prior %d, case %d, link %d: falls by %g", prior, odd, link, f.fall);
                bram_hmm_fit_release(&f);
                drop(&x);
            }
}

static void a_fitted_spread_needs_two_states(void **state)
{
    (void)state;
    static struct made x;
    make(&x, BRAM_GLM_GAUSS, STATES);
    bram_hmm_glm_release(&x.g);
    x.g.sigma = (double)NAN;
    assert_int_equal(bram_hmm_glm_begin(x.cx, &x.g, &x.e, 1), BRAM_EUSAGE);
    drop(&x);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_code_agrees),
        cmocka_unit_test(the_gaussian_prior_agrees),
        cmocka_unit_test(the_one_hot_prior_agrees),
        cmocka_unit_test(fits_rise_and_find_the_states),
        cmocka_unit_test(stops_and_threads_do_not_matter),
        cmocka_unit_test(sampling_finds_the_states),
        cmocka_unit_test(a_shared_bias),
        cmocka_unit_test(many_neurons),
        cmocka_unit_test(odd_recordings),
        cmocka_unit_test(a_fitted_spread_needs_two_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
