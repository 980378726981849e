/*
 * Tests of core/hmm_em.c, hmm_model.c, hmm_start.c and kmeans.c with Poisson counts: ssm's
 * iterations, monotone fits, recovery of a known model, threads, stopping and going on.
 */
#include "baselines_reference.h"
#include "emission.h"
#include "internal.h"
#include "kmeans.h"
#include "linalg.h"

enum { UNITS = 6, STATES = 3, SEQUENCES = 4, ROWS = 1500 };

struct world {
    bram_ctx *cx;
    double values[SEQUENCES][ROWS * UNITS];
    size_t path[SEQUENCES][ROWS];
    bram_mat y[SEQUENCES];
    bram_hmm_data d;
    bram_observation *o;
};

static const double rates[STATES][UNITS] = {
    {0.2, 2, 0.5, 3, 1, 0.1}, {2, 0.2, 0.5, 0.3, 1, 2}, {0.7, 0.7, 3, 0.1, 4, 0.5}};
static const double initial[] = {0.2, 0.5, 0.3};
static const double transition[] = {0.95, 0.04, 0.01, 0.02, 0.97, 0.01, 0.05, 0.05, 0.9};

static struct world *make(size_t sequences, size_t rows)
{
    struct world *w = calloc(1, sizeof *w);
    bram_chain chain = {STATES, initial, transition, 0};
    w->cx = bram_ctx_new();
    for (size_t s = 0; s < sequences; s++) {
        bram_rng g = bram_rng_at(3, "test/hmm_em", s);
        bram_hmm_sample(&g, w->path[s], rows, &chain);
        for (size_t i = 0; i < rows * UNITS; i++)
            w->values[s][i] = (double)bram_rng_poisson(&g, rates[w->path[s][i / UNITS]][i % UNITS]);
        w->y[s] = (bram_mat){w->values[s], rows, UNITS, UNITS};
    }
    w->d = (bram_hmm_data){.sequences = sequences, .y = w->y};
    bram_observation like = {.kind = &bram_emission_poisson, .units = UNITS};
    assert_ok(w->cx, bram_observation_new(w->cx, &w->o, &like));
    return w;
}

static void drop(struct world *w)
{
    bram_observation_free(w->o);
    bram_ctx_free(w->cx);
    free(w);
}

/* ---- another tool --------------------------------------------------------------------------- */

static void equals_ssm(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "em_poisson"), *in = bram_json_get(c, "in");
    const bram_json *after = bram_json_get(bram_json_get(c, "out"), "after");
    bram_mat y = {reference_values(&r, bram_json_get(in, "y"), 360), 120, 3, 3};
    bram_mat posterior = {bram_scratch(r.cx, 240, sizeof(double)), 120, 2, 2};
    bram_hmm_data d = {.sequences = 1, .y = &y};
    bram_observation like = {.kind = &bram_emission_poisson, .units = 3, .jitter = 1}, *o;
    bram_hmm start;
    assert_ok(r.cx, bram_observation_new(r.cx, &o, &like));
    assert_ok(r.cx, bram_hmm_new(r.cx, &start, 2, 3, 0));
    memcpy(start.initial, reference_values(&r, bram_json_get(in, "pi"), 2), 16);
    memcpy(start.transition, reference_values(&r, bram_json_get(in, "P"), 4), 32);
    const bram_json *rate = bram_json_get(bram_json_get(in, "params"), "rate");
    memcpy(start.state.data, reference_values(&r, rate, 6), 48);
    assert_ok(r.cx, o->e.loglik(r.cx, &o->e, &start, &d, 0, 0, &posterior));
    const bram_json *bins = bram_json_get(bram_json_get(c, "out"), "loglik_bins");
    assert_all_near("bins", posterior.data, reference_values(&r, bins, 240), 240, 1e-13);
    bram_hmm_options options = bram_hmm_defaults();
    options.tolerance = -1, options.pseudo = 1e-8;
    for (size_t i = 0; i < 5; i++) {
        const bram_json *want = bram_json_at(after, i), *p = bram_json_get(want, "params");
        bram_hmm_fit f = {0};
        double evidence;
        options.iterations = i + 1;
        assert_ok(r.cx, bram_hmm_em_from(r.cx, &f, &start, &o->e, &d, &options));
        assert_ok(r.cx, bram_hmm_expect(r.cx, &f.now, &o->e, &d, &posterior, NULL, &evidence));
        assert_near(f.last, reference_number(bram_json_get(want, "loglik_before")), 1e-9);
        assert_all_near("P", f.now.transition, reference_values(&r, bram_json_get(want, "P"), 4), 4,
                        1e-12);
        assert_all_near("pi", f.now.initial, reference_values(&r, bram_json_get(want, "pi"), 2), 2,
                        1e-12);
        assert_all_near("rate", f.now.state.data, reference_values(&r, bram_json_get(p, "rate"), 6),
                        6, 1e-12);
        if (i == 4)
            assert_near(evidence,
                        reference_number(bram_json_get(bram_json_get(c, "out"), "log_likelihood")),
                        1e-9);
        bram_hmm_fit_release(&f);
    }
    bram_hmm_release(&start);
    bram_observation_free(o);
    close_reference(&r);
}

/* ---- fits ----------------------------------------------------------------------------------- */

static bram_hmm_options few_starts(void)
{
    bram_hmm_options o = bram_hmm_defaults();
    o.starts = 4, o.iterations = 60, o.seed = 1;
    return o;
}

/* Standard errors: of a rate sqrt(rate / rows in the state), of a transition that of a multinomial;
 * states are nearly certain here. Five of them for all 18 + 9 numbers. */
static void a_known_model_is_found_again(void **state)
{
    (void)state;
    struct world *w = make(SEQUENCES, ROWS);
    bram_hmm_options o = few_starts();
    bram_hmm_fit f = {0};
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, STATES, &w->o->e, &w->d, &o));
    double count[STATES] = {0}, evidence[SEQUENCES], sum = 0;
    size_t order[STATES] = {1, 0, 2}; /* by occupancy */
    for (size_t s = 0; s < SEQUENCES; s++)
        for (size_t t = 0; t < ROWS; t++) count[w->path[s][t]]++;
    assert_true(count[1] > count[0] && count[0] > count[2]);
    for (size_t k = 0; k < STATES; k++) {
        double n = count[order[k]];
        assert_near(f.occupancy[k], n, 0.02 * SEQUENCES * ROWS);
        for (size_t u = 0; u < UNITS; u++) {
            double rate = rates[order[k]][u];
            assert_near(bram_row(&f.best.state, k)[u], rate, 5 * sqrt(rate / n));
        }
        for (size_t j = 0; j < STATES; j++) {
            double p = transition[order[k] * STATES + order[j]];
            assert_near(f.best.transition[k * STATES + j], p, 5 * sqrt(p * (1 - p) / n));
        }
    }
    assert_near(f.fall, 0, 1e-9);
    assert_int_equal(f.unvisited, 0);
    assert_ok(w->cx, bram_hmm_evidence(w->cx, evidence, &f.best, &w->o->e, &w->d));
    for (size_t s = 0; s < SEQUENCES; s++) sum += evidence[s];
    assert_near(sum, f.evidence, 1e-9 * fabs(sum));
    bram_hmm_fit_release(&f);
    drop(w);
}

static void no_step_goes_down(void **state)
{
    (void)state;
    struct world *w = make(2, 400);
    const struct {
        size_t states;
        double alpha, kappa;
        bool kmeans, random, uniform;
    } cases[] = {{1, 1, 0, true, true, false},  {2, 1, 0, true, false, false},
                 {5, 2, 10, false, true, true}, {8, 1, 0, true, true, false},
                 {4, 1.5, 0, true, true, true}, {3, 1, 100, false, true, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bram_hmm_options o = few_starts();
        o.alpha = cases[i].alpha, o.kappa = cases[i].kappa, o.uniform_initial = cases[i].uniform;
        o.kmeans = cases[i].kmeans, o.random = cases[i].random, o.tolerance = 1e-12;
        bram_hmm_fit f = {0};
        assert_ok(w->cx, bram_hmm_em(w->cx, &f, cases[i].states, &w->o->e, &w->d, &o));
        if (f.fall > 1e-12) fail_msg("case %zu: falls by %g of itself", i, f.fall);
        for (size_t k = 1; k < cases[i].states; k++)
            assert_true(f.occupancy[k] <= f.occupancy[k - 1] * (1 + 1e-12));
        if (cases[i].uniform) assert_near(f.best.initial[0], 1 / (double)cases[i].states, 1e-15);
        bram_hmm_fit_release(&f);
    }
    drop(w);
}

static void same(const bram_hmm_fit *a, const bram_hmm_fit *b)
{
    assert_memory_equal(a->best.state.data, b->best.state.data, STATES * UNITS * sizeof(double));
    assert_memory_equal(a->best.transition, b->best.transition, STATES * STATES * sizeof(double));
    assert_true(a->objective == b->objective && a->best_start == b->best_start);
}

/* An emission that leaps: too far, where it is told to, and then further. */
struct leaper {
    bram_emission e;
    const bram_emission *inner;
    double by; /* of a leap: 1 is the maximum */
    int leaps, sure;
    volatile int flag;
    int left; /* evaluations until the flag is raised; 0: never */
};

static int inner_loglik(bram_ctx *cx, const bram_emission *e, const bram_hmm *m,
                        const bram_hmm_data *d, size_t sequence, size_t first, bram_mat *l)
{
    struct leaper *x = (struct leaper *)(uintptr_t)e->self;
    if (x->left && --x->left == 0) x->flag = 1;
    return x->inner->loglik(cx, x->inner, m, d, sequence, first, l);
}

static int inner_maximize(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                          const bram_mat *posterior)
{
    struct leaper *x = (struct leaper *)(uintptr_t)e->self;
    x->sure++;
    return x->inner->maximize(cx, x->inner, m, d, posterior);
}

static void stretch(const bram_emission *e, bram_hmm *m, const bram_hmm *from, double by)
{
    (void)e;
    for (size_t i = 0; i < m->states * m->state.cols; i++) {
        double at = from->state.data[i], to = at + by * (m->state.data[i] - at);
        m->state.data[i] = fmax(to, 1e-3);
    }
}

static int wild(bram_ctx *cx, const bram_emission *e, bram_hmm *m, const bram_hmm_data *d,
                const bram_mat *posterior)
{
    struct leaper *x = (struct leaper *)(uintptr_t)e->self;
    bram_hmm from;
    x->leaps++;
    BRAM_TRY(bram_hmm_new(cx, &from, m->states, m->state.cols, 0));
    bram_hmm_copy(&from, m);
    int status = x->inner->maximize(cx, x->inner, m, d, posterior);
    if (status == BRAM_OK) stretch(e, m, &from, x->by);
    bram_hmm_release(&from);
    return status;
}

/* Leaps that go up are taken, and stretched where the fit is slow; those that go down are not, and
 * the fit is then that of the maxima, bit for bit. */
static void leaps_are_looked_at(void **state)
{
    (void)state;
    struct world *w = make(2, 400);
    struct leaper x = {.inner = &w->o->e, .by = 1};
    bram_hmm_options o = few_starts();
    bram_hmm_fit slow = {0}, leapt = {0}, parts = {0}, plain = {0}, wilder = {0};
    o.starts = 1, o.kmeans = false, o.tolerance = 1e-9;
    x.e = (bram_emission){.name = "leaper",
                          .per_state = UNITS,
                          .self = &x,
                          .loglik = inner_loglik,
                          .maximize = inner_maximize,
                          .leap = wild,
                          .stretch = stretch};
    /* more states than there are: slow */
    assert_ok(w->cx, bram_hmm_em(w->cx, &slow, 2 * STATES, &w->o->e, &w->d, &o));
    assert_ok(w->cx, bram_hmm_em(w->cx, &leapt, 2 * STATES, &x.e, &w->d, &o));
    assert_true(leapt.fall <= 1e-12 && leapt.objective > slow.objective - 1);
    if (leapt.best_iterations >= slow.best_iterations)
        fail_msg("%zu iterations with leaps, %zu without", leapt.best_iterations,
                 slow.best_iterations);
    assert_int_equal(x.sure, 1); /* the start */
    assert_ok(w->cx, bram_hmm_em(w->cx, &plain, STATES, &w->o->e, &w->d, &o));
    bram_ctx_set_cancel(w->cx, &x.flag);
    int status = BRAM_ECANCEL, stops = 0;
    for (; status == BRAM_ECANCEL && stops < 1000; stops++) { /* wherever it is stopped */
        x.flag = 0, x.left = 7;
        status = bram_hmm_em(w->cx, &parts, 2 * STATES, &x.e, &w->d, &o);
    }
    x.flag = x.left = 0;
    assert_int_equal(status, BRAM_OK);
    assert_true(stops > 10);
    assert_memory_equal(parts.best.state.data, leapt.best.state.data,
                        2 * STATES * UNITS * sizeof(double));
    assert_true(parts.objective == leapt.objective);
    x.by = -3, x.leaps = x.sure = 0, x.e.stretch = NULL;
    assert_ok(w->cx, bram_hmm_em(w->cx, &wilder, STATES, &x.e, &w->d, &o));
    same(&plain, &wilder);
    assert_true(wilder.fall <= 1e-12);
    assert_int_equal(x.sure, 1 + x.leaps);
    bram_hmm_fit_release(&slow);
    bram_hmm_fit_release(&parts);
    bram_hmm_fit_release(&plain);
    bram_hmm_fit_release(&leapt);
    bram_hmm_fit_release(&wilder);
    drop(w);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    struct world *w = make(SEQUENCES, ROWS);
    bram_hmm_options o = few_starts();
    o.starts = 2, o.iterations = 5;
    bram_hmm_fit one = {0}, three = {0};
    assert_ok(w->cx, bram_hmm_em(w->cx, &one, STATES, &w->o->e, &w->d, &o));
    bram_ctx_set_threads(w->cx, 3);
    assert_ok(w->cx, bram_hmm_em(w->cx, &three, STATES, &w->o->e, &w->d, &o));
    same(&one, &three);
    bram_hmm_fit_release(&one);
    bram_hmm_fit_release(&three);
    drop(w);
}

/* Stops the work once progress was told `left` more times. */
struct stopper {
    volatile int flag;
    int left;
};

static void stop(void *user, const char *what, double done, double total)
{
    struct stopper *s = user;
    assert_non_null(strstr(what, "EM, start"));
    assert_true(done <= total);
    if (--s->left == 0) s->flag = 1;
}

static void a_stopped_fit_goes_on(void **state)
{
    (void)state;
    struct world *w = make(2, 300);
    bram_hmm_options o = few_starts();
    o.starts = 3, o.iterations = 8;
    bram_hmm_fit whole = {0}, parts = {0};
    assert_ok(w->cx, bram_hmm_em(w->cx, &whole, STATES, &w->o->e, &w->d, &o));
    struct stopper s = {0, 0};
    bram_ctx_set_cancel(w->cx, &s.flag);
    bram_ctx_set_progress(w->cx, stop, &s);
    int status = BRAM_ECANCEL, stops = 0;
    for (; status == BRAM_ECANCEL && stops < 30; stops++) {
        s.flag = 0, s.left = 2;
        status = bram_hmm_em(w->cx, &parts, STATES, &w->o->e, &w->d, &o);
    }
    assert_int_equal(status, BRAM_OK);
    assert_true(stops > 5);
    same(&whole, &parts);
    bram_hmm_fit_release(&whole);
    bram_hmm_fit_release(&parts);
    drop(w);
}

/* ---- small and odd -------------------------------------------------------------------------- */

static void a_state_never_visited(void **state)
{
    (void)state;
    struct world *w = make(1, 200);
    bram_hmm_options o = bram_hmm_defaults();
    bram_hmm start;
    bram_hmm_fit f = {0};
    assert_ok(w->cx, bram_hmm_new(w->cx, &start, 3, UNITS, 0));
    start.initial[1] = 1;
    start.transition[0] = start.transition[4] = start.transition[8] = 1;
    for (size_t i = 0; i < 3 * UNITS; i++) start.state.data[i] = 1 + (double)(i / UNITS);
    o.iterations = 3;
    assert_ok(w->cx, bram_hmm_em_from(w->cx, &f, &start, &w->o->e, &w->d, &o));
    assert_int_equal(f.unvisited, 2);
    assert_near(f.occupancy[0], 200, 1e-9);
    assert_near(f.best.transition[0], 1, 0);
    for (size_t i = 3; i < 9; i++) assert_near(f.best.transition[i], 1 / 3.0, 1e-16);
    assert_near(bram_row(&f.best.state, 1)[0], 1, 0); /* its numbers stay */
    bram_hmm_release(&start);
    bram_hmm_fit_release(&f);
    drop(w);
}

static void degenerate_data(void **state)
{
    (void)state;
    struct world *w = make(2, 1);
    bram_hmm_options o = few_starts();
    bram_hmm_fit f = {0};
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, 4, &w->o->e, &w->d, &o)); /* two bins, four states */
    bram_hmm_fit_release(&f);
    w->y[0].rows = 0; /* one bin in one sequence, one sequence without any */
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, 1, &w->o->e, &w->d, &o));
    assert_near(f.best.transition[0], 1, 0);
    bram_hmm_fit_release(&f);
    w->y[1].rows = 0;
    assert_int_equal(bram_hmm_em(w->cx, &f, 2, &w->o->e, &w->d, &o), BRAM_ENOTAPPLICABLE);
    bram_hmm_fit_release(&f);
    drop(w);
    w = make(1, 300);
    for (size_t i = 0; i < 300 * UNITS; i++)
        w->values[0][i] = i % UNITS == 0 ? 0 : i % UNITS == 1 ? 7 : 1e6 * (double)(i / 600 % 2);
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, 2, &w->o->e, &w->d, &o)); /* silent, constant, 1e6 */
    assert_near(bram_row(&f.best.state, 0)[0], 0, 0);
    assert_near(bram_row(&f.best.state, 0)[1], 7, 1e-12);
    assert_near(fmax(bram_row(&f.best.state, 0)[2], bram_row(&f.best.state, 1)[2]), 1e6, 1e-6);
    bram_hmm_fit_release(&f);
    memset(w->values[0], 0, sizeof w->values[0]);
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, 2, &w->o->e, &w->d, &o));
    assert_near(f.evidence, 0, 1e-9);
    bram_hmm_fit_release(&f);
    drop(w);
}

/* Masked values count for nothing: as if they were integrated out, a unit at a time. */
static void missing_values(void **state)
{
    (void)state;
    struct world *w = make(1, 300), *v = make(1, 300);
    static uint8_t mask[300 * UNITS];
    const uint8_t *masks[] = {mask};
    for (size_t i = 0; i < 300 * UNITS; i++) {
        mask[i] = i % UNITS != 2 && i % 17 != 3;
        if (!mask[i]) w->values[0][i] = NAN, v->values[0][i] = 99;
    }
    w->d.present = v->d.present = masks;
    bram_hmm_options o = few_starts();
    bram_hmm_fit a = {0}, b = {0};
    assert_ok(w->cx, bram_hmm_em(w->cx, &a, STATES, &w->o->e, &w->d, &o));
    assert_ok(v->cx, bram_hmm_em(v->cx, &b, STATES, &v->o->e, &v->d, &o));
    same(&a, &b);
    assert_true(a.fall < 1e-12);
    double sum = 0;
    bram_mat l = {bram_scratch(w->cx, 900, 8), 300, 3, 3}; /* by hand */
    assert_ok(w->cx, w->o->e.loglik(w->cx, &w->o->e, &a.best, &w->d, 0, 0, &l));
    for (size_t u = 0; u < UNITS; u++) {
        double rate = bram_row(&a.best.state, 1)[u], y = w->values[0][7 * UNITS + u];
        if (mask[7 * UNITS + u]) sum += y * log(rate) - rate - lgamma(y + 1);
    }
    assert_near(bram_row(&l, 7)[1], sum, 1e-12);
    bram_hmm_fit_release(&a);
    bram_hmm_fit_release(&b);
    drop(w);
    drop(v);
}

static void failing_allocations(void **state)
{
    (void)state;
    struct world *w = make(2, 60);
    bram_hmm_options o = few_starts();
    o.starts = 2, o.iterations = 2;
    int status = BRAM_ENOMEM;
    size_t k = 1;
    for (; status != BRAM_OK && k < 500; k++) {
        bram_ctx *cx = bram_ctx_new();
        bram_hmm_fit f = {0};
        bram_fail_allocation(k, false);
        status = bram_hmm_em(cx, &f, STATES, &w->o->e, &w->d, &o);
        bram_fail_allocation(0, false);
        assert_true(status == BRAM_OK || status == BRAM_ENOMEM);
        bram_hmm_fit_release(&f);
        bram_ctx_free(cx);
    }
    assert_true(k > 5 && status == BRAM_OK);
    drop(w);
}

/* ---- k-means -------------------------------------------------------------------------------- */

static void clusters_far_apart(void **state)
{
    (void)state;
    enum { N = 300 };
    double rows[N * 2], centres[6], distance;
    bram_mat x = {rows, N, 2, 2}, c = {centres, 3, 2, 2};
    bram_ctx *cx = bram_ctx_new();
    for (uint64_t seed = 0; seed < 20; seed++) {
        bram_rng g = bram_rng_at(1, "test/kmeans", seed);
        for (size_t t = 0; t < N; t++)
            for (size_t j = 0; j < 2; j++)
                rows[2 * t + j] = 100 * (double)(t % 3 == j) + bram_rng_normal(&g);
        assert_ok(cx, bram_kmeans(cx, &c, &x, 50, &g));
        size_t first[3] = {9, 9, 9};
        for (size_t t = 0; t < N; t++) {
            size_t k = bram_kmeans_nearest(&c, rows + 2 * t, &distance);
            if (first[t % 3] == 9) first[t % 3] = k;
            assert_int_equal(k, first[t % 3]);
        }
        double sum = 0; /* a centre is the mean of its rows */
        for (size_t t = 0; t < N; t += 3) sum += rows[2 * t];
        assert_near(centres[2 * first[0]], sum / (N / 3), 1e-12);
    }
    bram_rng g = bram_rng_new(1, "test/kmeans");
    x.rows = 1;
    assert_ok(cx, bram_kmeans(cx, &c, &x, 50, &g)); /* fewer rows than centres */
    assert_memory_equal(centres, centres + 4, 16);
    x.rows = 0;
    assert_int_equal(bram_kmeans(cx, &c, &x, 50, &g), BRAM_ESHAPE);
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_ssm),
        cmocka_unit_test(a_known_model_is_found_again),
        cmocka_unit_test(no_step_goes_down),
        cmocka_unit_test(leaps_are_looked_at),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(a_stopped_fit_goes_on),
        cmocka_unit_test(a_state_never_visited),
        cmocka_unit_test(degenerate_data),
        cmocka_unit_test(missing_values),
        cmocka_unit_test(failing_allocations),
        cmocka_unit_test(clusters_far_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
