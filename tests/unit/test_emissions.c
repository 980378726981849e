/*
 * Tests of baselines/emission*.c: iterations and likelihoods of ssm (reference file), densities
 * against their formulas, missing values against integrals, monotone fits of every kind.
 */
#include "baselines_reference.h"
#include "emission.h"
#include "internal.h"
#include "linalg.h"

/* ---- other tools ---------------------------------------------------------------------------- */

struct fitted_case {
    struct reference r;
    bram_mat y, x;
    bram_hmm_data d;
    bram_observation *o;
    bram_hmm start;
    const bram_json *in, *out;
};

static void open_case(struct fitted_case *c, const char *name, const bram_observation *like,
                      size_t states)
{
    const bram_json *entry = reference_case(&c->r, name);
    c->in = bram_json_get(entry, "in"), c->out = bram_json_get(entry, "out");
    const bram_json *y = bram_json_get(c->in, "y"), *x = bram_json_get(c->in, "X");
    size_t rows = bram_json_count(y), n = like->units;
    c->y = (bram_mat){reference_values(&c->r, y, rows * n), rows, n, n};
    c->d = (bram_hmm_data){.sequences = 1, .y = &c->y};
    if (x) {
        c->x = (bram_mat){reference_values(&c->r, x, rows * like->covariates), rows,
                          like->covariates, like->covariates};
        c->d.x = &c->x;
    }
    assert_ok(c->r.cx, bram_observation_new(c->r.cx, &c->o, like));
    for (size_t u = 0; u < n; u++) c->o->variance[u] = 1; /* values about zero, not their mean */
    assert_ok(c->r.cx, bram_hmm_new(c->r.cx, &c->start, states, c->o->e.per_state, 0));
    for (size_t k = 0; k < states; k++) c->start.initial[k] = 1 / (double)states;
    const bram_json *p = bram_json_get(c->in, "P");
    if (p)
        memcpy(c->start.transition, reference_values(&c->r, p, states * states),
               states * states * sizeof(double));
}

static void close_case(struct fitted_case *c)
{
    bram_hmm_release(&c->start);
    bram_observation_free(c->o);
}

static void check_bins(struct fitted_case *c, double tolerance)
{
    size_t rows = c->y.rows, k = c->start.states;
    bram_mat l;
    assert_ok(c->r.cx, bram_mat_scratch(c->r.cx, &l, rows, k));
    assert_ok(c->r.cx, c->o->e.loglik(c->r.cx, &c->o->e, &c->start, &c->d, 0, 0, &l));
    const bram_json *want = bram_json_get(c->out, "loglik_bins");
    assert_all_near("bins", l.data, reference_values(&c->r, want, rows * k), rows * k, tolerance);
}

/* Five iterations (last_only: part 0 after the fifth); take reads what is compared from a model, in
 * the reference's order. */
static void check_iterations(struct fitted_case *c, const char *const *names, size_t parts,
                             void (*take)(double *out, const bram_observation *o, const bram_hmm *m,
                                          size_t part),
                             bool last_only)
{
    const double tolerance = 1e-10;
    const bram_json *after = bram_json_get(c->out, "after");
    bram_hmm_options options = bram_hmm_defaults();
    options.tolerance = -1, options.pseudo = 1e-8;
    for (size_t i = 0; i < 5; i++) {
        const bram_json *want = bram_json_at(after, i), *params = bram_json_get(want, "params");
        bram_hmm_fit f = {0};
        options.iterations = i + 1;
        assert_ok(c->r.cx, bram_hmm_em_from(c->r.cx, &f, &c->start, &c->o->e, &c->d, &options));
        assert_near(f.last, reference_number(bram_json_get(want, "loglik_before")), 1e-8);
        assert_all_near("P", f.now.transition, reference_values(&c->r, bram_json_get(want, "P"), 4),
                        4, tolerance);
        assert_all_near("pi", f.now.initial, reference_values(&c->r, bram_json_get(want, "pi"), 2),
                        2, tolerance);
        for (size_t p = 0; p < parts; p++) {
            if (last_only && p == 0 && i < 4) continue;
            const bram_json *value = bram_json_get(params, names[p]);
            double found[64];
            size_t n = reference_flatten(value, NULL, 0);
            take(found, c->o, &f.now, p);
            assert_all_near(names[p], found, reference_values(&c->r, value, n), n, tolerance);
        }
        bram_hmm_fit_release(&f);
    }
}

static void take_diagonal(double *out, const bram_observation *o, const bram_hmm *m, size_t part)
{
    for (size_t k = 0; k < 2; k++)
        memcpy(out + k * o->units, bram_row(&m->state, k) + part * o->units,
               o->units * sizeof *out);
}

/* Intercepts (mean), then covariances. */
static void take_full(double *out, const bram_observation *o, const bram_hmm *m, size_t part)
{
    size_t n = o->units;
    for (size_t k = 0; k < 2; k++)
        memcpy(out + k * (part ? n * n : n), bram_row(&m->state, k) + (part ? n : 0),
               (part ? n * n : n) * sizeof *out);
}

static void put(double *to, struct fitted_case *c, const char *name, size_t state, size_t each)
{
    const bram_json *value = bram_json_get(bram_json_get(c->in, "params"), name);
    memcpy(to, reference_values(&c->r, bram_json_at(value, state), each), each * sizeof *to);
}

static const double gaussian_start[2][3] = {{0.5, 0.5, -0.5}, {1.5, -0.5, 0.2}};

static void em_equals_ssm(void **state)
{
    (void)state;
    struct fitted_case c = {0};
    open_reference(&c.r);
    bram_observation like = {.kind = &bram_emission_bernoulli, .units = 3, .jitter = 1};
    open_case(&c, "em_bernoulli", &like, 2);
    for (size_t k = 0; k < 2; k++) put(bram_row(&c.start.state, k), &c, "p", k, 3);
    check_bins(&c, 1e-13);
    check_iterations(&c, (const char *const[]){"p"}, 1, take_diagonal, false);
    close_case(&c);

    like.kind = &bram_emission_gaussian;
    open_case(&c, "em_diagonal_gaussian", &like, 2);
    for (size_t k = 0; k < 2; k++) {
        /* the file has the means after the fifth step in all places here, the start included
         * (which does not give its loglik_bins); those that do are the start of em_gaussian */
        memcpy(bram_row(&c.start.state, k), gaussian_start[k], sizeof gaussian_start[k]);
        put(bram_row(&c.start.state, k) + 3, &c, "var", k, 3);
    }
    check_bins(&c, 1e-13);
    check_iterations(&c, (const char *const[]){"mean", "var"}, 2, take_diagonal, true);
    close_case(&c);

    like.kind = &bram_emission_gaussian_full;
    open_case(&c, "em_gaussian", &like, 2);
    for (size_t k = 0; k < 2; k++) {
        put(bram_row(&c.start.state, k), &c, "mean", k, 3);
        put(bram_row(&c.start.state, k) + 3, &c, "cov", k, 9);
    }
    check_bins(&c, 1e-13);
    check_iterations(&c, (const char *const[]){"mean", "cov"}, 2, take_full, false);
    close_case(&c);
    close_reference(&c.r);
}

static void autoregression_equals_ssm(void **state)
{
    (void)state;
    struct fitted_case c = {0};
    open_reference(&c.r);
    bram_observation like = {.kind = &bram_emission_ar, .units = 2, .lags = 1};
    open_case(&c, "ar_hmm_loglik", &like, 2);
    for (size_t k = 0; k < 2; k++) { /* B = (b, A), then Sigma */
        double *to = bram_row(&c.start.state, k);
        double *a = reference_values(&c.r, bram_json_at(bram_json_get(c.in, "A"), k), 4);
        double *b = reference_values(&c.r, bram_json_at(bram_json_get(c.in, "b"), k), 2);
        double *s = reference_values(&c.r, bram_json_at(bram_json_get(c.in, "Sigma"), k), 4);
        for (size_t i = 0; i < 2; i++) to[3 * i] = b[i], memcpy(to + 3 * i + 1, a + 2 * i, 16);
        memcpy(to + 6, s, 32);
        to[6] += 1e-8, to[9] += 1e-8; /* as ssm does, also to the N(0, I) of the first bin */
    }
    c.o->variance[0] = c.o->variance[1] = 1 + 1e-8;
    check_bins(&c, 1e-13);
    close_case(&c);
    close_reference(&c.r);
}

/* sum of posterior * l + log prior: what an M-step makes as large as can be */
static double expected_log_joint(struct fitted_case *c, const bram_hmm *m,
                                 const bram_mat *posterior)
{
    size_t mark = bram_scratch_mark(c->r.cx), n = c->y.rows * m->states;
    double sum;
    bram_mat l;
    assert_ok(c->r.cx, bram_mat_scratch(c->r.cx, &l, c->y.rows, m->states));
    assert_ok(c->r.cx, c->o->e.loglik(c->r.cx, &c->o->e, m, &c->d, 0, 0, &l));
    assert_ok(c->r.cx, c->o->e.log_prior(c->r.cx, &c->o->e, m, &sum));
    for (size_t i = 0; i < n; i++) sum += posterior->data[i] * l.data[i];
    bram_scratch_release(c->r.cx, mark);
    return sum;
}

/* Central differences at the maximum that an M-step found: the gradient is nothing, and the
 * smallest curvature is returned. */
static double check_maximum(struct fitted_case *c, bram_hmm *m, const bram_mat *posterior)
{
    enum { MOST = 12 };
    const double h = 1e-4;
    size_t n = m->states * m->state.cols;
    double *w = m->state.data, top, values[MOST], curvature[MOST * MOST];
    assert_ok(c->r.cx, c->o->e.maximize(c->r.cx, &c->o->e, m, &c->d, posterior));
    top = expected_log_joint(c, m, posterior);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double f[2][2], at[2] = {w[i], w[j]};
            for (int a = 0; a < 2; a++)
                for (int b = 0; b < 2; b++) {
                    w[i] += a ? h : -h;
                    w[j] += b ? h : -h;
                    f[a][b] = expected_log_joint(c, m, posterior);
                    w[i] = at[0], w[j] = at[1];
                }
            if (i == j) {
                assert_near((f[1][1] - f[0][0]) / (4 * h), 0, 1e-5);
                curvature[i * n + i] = (2 * top - f[1][1] - f[0][0]) / (4 * h * h);
            } else {
                curvature[i * n + j] = (f[1][0] + f[0][1] - f[1][1] - f[0][0]) / (4 * h * h);
            }
        }
    assert_ok(c->r.cx, bram_eigh(c->r.cx, &(bram_mat){curvature, n, n, n}, values));
    return values[0];
}

/* ssm ends each of the three M-steps at a gradient of 1e-4 of the mean over 150 rows: 0.015 of the
 * sum, and so 0.015 / (smallest curvature) from the maximum. (It calls for 1e-3 with two classes.)
 */
static void choices_equal_ssm(void **state)
{
    (void)state;
    struct fitted_case c = {0};
    open_reference(&c.r);
    for (size_t classes = 2; classes <= 3; classes++) {
        bram_observation like = {.kind = &bram_emission_categorical,
                                 .units = 1,
                                 .covariates = 3,
                                 .classes = classes,
                                 .sigma = 2};
        size_t n = 2 * (classes - 1) * 3;
        double evidence;
        open_case(&c, classes == 2 ? "glm_hmm_c2" : "glm_hmm_c3", &like, 2);
        memcpy(c.start.state.data, reference_values(&c.r, bram_json_get(c.in, "W"), n), n * 8);
        check_bins(&c, 1e-12);
        bram_mat posterior;
        assert_ok(c.r.cx, bram_mat_scratch(c.r.cx, &posterior, 150, 2));
        assert_ok(c.r.cx,
                  bram_hmm_expect(c.r.cx, &c.start, &c.o->e, &c.d, &posterior, NULL, &evidence));
        assert_near(evidence, reference_number(bram_json_get(c.out, "log_likelihood")), 1e-10);
        assert_all_near("gamma", posterior.data,
                        reference_values(&c.r, bram_json_get(c.out, "gamma"), 300), 300, 1e-12);
        bram_hmm_options options = bram_hmm_defaults();
        options.tolerance = -1, options.iterations = 3, options.pseudo = 1e-8;
        bram_hmm_fit f = {0};
        double curvature = check_maximum(&c, &c.start, &posterior);
        assert_true(curvature > 0.25); /* the prior alone has 1 / 2^2 */
        memcpy(c.start.state.data, reference_values(&c.r, bram_json_get(c.in, "W"), n), n * 8);
        assert_ok(c.r.cx, bram_hmm_em_from(c.r.cx, &f, &c.start, &c.o->e, &c.d, &options));
        assert_all_near("W", f.now.state.data,
                        reference_values(&c.r, bram_json_get(c.out, "W_after3"), n), n,
                        classes == 2 ? 1e-3 : 3 * 0.015 / curvature);
        assert_all_near("P", f.now.transition,
                        reference_values(&c.r, bram_json_get(c.out, "P_after3"), 4), 4, 1e-3);
        assert_near(f.evidence, reference_number(bram_json_get(c.out, "log_likelihood_after3")),
                    1e-2);
        assert_true(f.fall < 1e-12);
        bram_hmm_fit_release(&f);
        close_case(&c);
    }
    close_reference(&c.r);
}

/* ---- every kind ----------------------------------------------------------------------------- */

enum { UNITS = 4, ROWS = 260, STATES = 2, INPUTS = 2 };

struct world {
    bram_ctx *cx;
    double values[ROWS * UNITS], inputs[ROWS * INPUTS];
    uint8_t mask[ROWS * UNITS];
    const uint8_t *masks[1];
    size_t context[1];
    bram_mat y, x;
    bram_hmm_data d;
    bram_observation *o;
};

static const bram_observation kinds[] = {
    {.kind = &bram_emission_poisson},
    {.kind = &bram_emission_bernoulli},
    {.kind = &bram_emission_gaussian, .prior = 0.1},
    {.kind = &bram_emission_gaussian},
    {.kind = &bram_emission_gaussian_full, .prior = 0.1},
    {.kind = &bram_emission_student, .prior = 0.1},
    {.kind = &bram_emission_student, .prior = 0.1, .dof = 4},
    {.kind = &bram_emission_ar, .prior = 0.1, .lags = 2},
    {.kind = &bram_emission_gaussian_full, .prior = 0.1, .covariates = INPUTS},
    {.kind = &bram_emission_categorical, .classes = 3, .covariates = INPUTS, .intercept = true},
    {.kind = &bram_emission_categorical, .classes = 2, .intercept = true, .sigma = 1},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static struct world *make(size_t kind, bool missing)
{
    struct world *w = calloc(1, sizeof *w);
    w->cx = bram_ctx_new();
    bram_rng g = bram_rng_new(2, "test/emissions");
    bram_observation like = kinds[kind];
    double last[UNITS] = {0};
    for (size_t t = 0; t < ROWS; t++) {
        double side = t / 37 % 2 ? 1 : -1;
        for (size_t j = 0; j < INPUTS; j++) w->inputs[t * INPUTS + j] = bram_rng_normal(&g);
        for (size_t u = 0; u < UNITS; u++) {
            double *y = &w->values[t * UNITS + u], noise = bram_rng_normal(&g);
            last[u] = 0.5 * last[(u + 1) % UNITS] + side * (double)(u + 1) / 2 + noise +
                      w->inputs[t * INPUTS];
            *y = 10 + last[u];
            if (like.kind == &bram_emission_poisson) *y = floor(fabs(last[u]));
            if (like.kind == &bram_emission_bernoulli) *y = last[u] > 0;
            if (like.kind == &bram_emission_categorical)
                *y = like.classes == 2 ? last[u] > 0 : (last[u] > -1) + (last[u] > 1);
            w->mask[t * UNITS + u] = bram_rng_below(&g, 10) > 0 && !(t % 50 == 7);
            if (missing && !w->mask[t * UNITS + u]) *y = NAN;
        }
    }
    w->y = (bram_mat){w->values, ROWS, UNITS, UNITS};
    w->x = (bram_mat){w->inputs, ROWS, INPUTS, INPUTS};
    w->masks[0] = w->mask;
    w->d = (bram_hmm_data){.sequences = 1, .y = &w->y, .x = &w->x, .context = w->context};
    if (missing) w->d.present = w->masks;
    like.units = UNITS;
    assert_ok(w->cx, bram_observation_new(w->cx, &w->o, &like));
    bram_observation_describe(w->o, &w->d);
    return w;
}

static void drop(struct world *w)
{
    bram_observation_free(w->o);
    bram_ctx_free(w->cx);
    free(w);
}

static bram_hmm_fit fit(struct world *w, size_t iterations)
{
    bram_hmm_options o = bram_hmm_defaults();
    bram_hmm_fit f = {0};
    o.starts = 2, o.iterations = iterations, o.tolerance = 1e-10;
    assert_ok(w->cx, bram_hmm_em(w->cx, &f, STATES, &w->o->e, &w->d, &o));
    return f;
}

static void no_step_goes_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        for (int missing = 0; missing < 2; missing++) {
            struct world *w = make(i, missing);
            bram_hmm_fit f = fit(w, 60);
            if (f.fall > 1e-11)
                fail_msg("%s (%zu)%s: falls by %g of itself", kinds[i].kind->name, i,
                         missing ? " with gaps" : "", f.fall);
            assert_true(isfinite(f.objective));
            bram_hmm_fit_release(&f);
            drop(w);
        }
}

/* The densities of the units in order, each given those before it, sum to the row's. */
static void densities_of_units_make_that_of_the_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        for (int missing = 0; missing < 2; missing++) {
            struct world *w = make(i, missing);
            bram_hmm_fit f = fit(w, 5);
            bram_mat l, units;
            assert_ok(w->cx, bram_mat_scratch(w->cx, &l, ROWS, STATES));
            assert_ok(w->cx, bram_mat_scratch(w->cx, &units, ROWS, STATES * UNITS));
            assert_ok(w->cx, w->o->e.loglik(w->cx, &w->o->e, &f.best, &w->d, 0, 0, &l));
            assert_ok(w->cx, w->o->kind->density(w->cx, w->o, &f.best, &w->d, 0, 0, &units));
            for (size_t t = 0; t < ROWS; t++)
                for (size_t k = 0; k < STATES; k++) {
                    double sum = 0;
                    for (size_t u = 0; u < UNITS; u++)
                        if (!missing || w->mask[t * UNITS + u])
                            sum += bram_row(&units, t)[k * UNITS + u];
                    if (!(fabs(sum - bram_row(&l, t)[k]) < 1e-9))
                        fail_msg("%s (%zu), row %zu: %.17g and %.17g", kinds[i].kind->name, i, t,
                                 sum, bram_row(&l, t)[k]);
                }
            bram_hmm_fit_release(&f);
            drop(w);
        }
}

/* Blocks that begin anywhere give the same rows. */
static void blocks_do_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct world *w = make(i, true);
        bram_hmm_fit f = fit(w, 3);
        bram_mat all, part;
        assert_ok(w->cx, bram_mat_scratch(w->cx, &all, ROWS, STATES * UNITS));
        assert_ok(w->cx, bram_mat_scratch(w->cx, &part, 9, STATES * UNITS));
        assert_ok(w->cx, w->o->kind->mean(w->cx, w->o, &f.best, &w->d, 0, 0, &all));
        assert_ok(w->cx, w->o->kind->mean(w->cx, w->o, &f.best, &w->d, 0, 111, &part));
        assert_all_near(kinds[i].kind->name, part.data, bram_row(&all, 111), 9 * STATES * UNITS,
                        1e-12);
        bram_hmm_fit_release(&f);
        drop(w);
    }
}

/* ---- by hand -------------------------------------------------------------------------------- */

/* Two units with variances 2 and 1, covariance 0.6: the marginal of the second is N(1, 1), and
 * given y_2 = 3 the mean of the first is 5 + 0.6 / 1 * (3 - 1). */
static void a_missing_unit_is_integrated_out(void **state)
{
    (void)state;
    double y[] = {99, 3}, out[2], l;
    const uint8_t mask[] = {0, 1}, *masks[] = {mask};
    bram_mat values = {y, 1, 2, 2}, row = {&l, 1, 1, 1}, given = {out, 1, 2, 2};
    bram_hmm_data d = {.sequences = 1, .y = &values, .present = masks};
    bram_ctx *cx = bram_ctx_new();
    bram_observation like = {.kind = &bram_emission_gaussian_full, .units = 2}, *o;
    bram_hmm m;
    assert_ok(cx, bram_observation_new(cx, &o, &like));
    assert_ok(cx, bram_hmm_new(cx, &m, 1, o->e.per_state, 0));
    memcpy(m.state.data, (double[]){5, 1, 2, 0.6, 0.6, 1}, 48);
    assert_ok(cx, o->e.loglik(cx, &o->e, &m, &d, 0, 0, &row));
    assert_near(l, -(log(2 * 3.14159265358979) + 4) / 2, 1e-13);
    assert_ok(cx, o->kind->given(cx, o, &m, &d, 0, 0, &given));
    assert_near(out[0], 6.2, 1e-14);
    bram_hmm_release(&m);
    bram_observation_free(o);
    bram_ctx_free(cx);
}

/* y_t = 2 + 0.5 (y_t-1 - 2): context rows before the first are looked at. */
static void context_serves_as_past(void **state)
{
    (void)state;
    double y[] = {4, 3, 2.5}, l[2], out;
    size_t context[] = {1};
    bram_mat values = {y + 1, 2, 1, 1}, rows = {l, 2, 1, 1}, mean = {&out, 1, 1, 1};
    bram_hmm_data d = {.sequences = 1, .y = &values, .context = context};
    bram_ctx *cx = bram_ctx_new();
    bram_observation like = {.kind = &bram_emission_ar, .units = 1, .lags = 1}, *o;
    bram_hmm m;
    assert_ok(cx, bram_observation_new(cx, &o, &like));
    o->mean[0] = 2, o->variance[0] = 1;
    assert_ok(cx, bram_hmm_new(cx, &m, 1, o->e.per_state, 0));
    memcpy(m.state.data, (double[]){0, 0.5, 1}, 24);
    assert_ok(cx, o->kind->mean(cx, o, &m, &d, 0, 0, &mean));
    assert_near(out, 3, 1e-15);
    assert_ok(cx, o->e.loglik(cx, &o->e, &m, &d, 0, 0, &rows));
    assert_near(l[0], -log(2 * 3.14159265358979) / 2, 1e-14);
    assert_near(l[1], l[0], 1e-14);
    context[0] = 0; /* the first row then has no past: N(2, 1) at 3 */
    assert_ok(cx, o->e.loglik(cx, &o->e, &m, &d, 0, 0, &rows));
    assert_near(l[0], -(log(2 * 3.14159265358979) + 1) / 2, 1e-14);
    bram_hmm_release(&m);
    bram_observation_free(o);
    bram_ctx_free(cx);
}

/* 20,000 draws of t with 4 degrees of freedom about 3, scale 2: within five standard errors, which
 * are (numerically, from the information matrix) about 0.017, 0.02 of the scale and 0.12. */
static void degrees_of_freedom_are_found(void **state)
{
    (void)state;
    enum { N = 20000 };
    double *y = malloc(N * sizeof *y);
    bram_rng g = bram_rng_new(5, "test/student");
    for (size_t t = 0; t < N; t++) {
        double chi = 0;
        for (size_t i = 0; i < 4; i++) chi += pow(bram_rng_normal(&g), 2);
        y[t] = 3 + 2 * bram_rng_normal(&g) / sqrt(chi / 4);
    }
    bram_mat values = {y, N, 1, 1};
    bram_hmm_data d = {.sequences = 1, .y = &values};
    bram_ctx *cx = bram_ctx_new();
    bram_observation like = {.kind = &bram_emission_student, .units = 1}, *o;
    bram_hmm_fit f = {0};
    bram_hmm_options options = bram_hmm_defaults();
    options.tolerance = 1e-12;
    assert_ok(cx, bram_observation_new(cx, &o, &like));
    bram_observation_describe(o, &d);
    assert_ok(cx, bram_hmm_em(cx, &f, 1, &o->e, &d, &options));
    assert_near(f.best.state.data[0], 3, 0.1);
    assert_near(sqrt(f.best.state.data[1]), 2, 0.1);
    assert_near(f.best.state.data[2], 4, 0.6);
    bram_hmm_fit_release(&f);
    bram_observation_free(o);
    bram_ctx_free(cx);
    free(y);
}

/* Known weights of two states, 20,000 choices: each of the 8 weights within five standard errors
 * (0.05 of a logit at these numbers of rows, from 1 / sqrt(sum p (1 - p) x^2) = 0.03 rounded up).
 */
static void weights_of_choices_are_found(void **state)
{
    (void)state;
    enum { N = 20000, M = 4 };
    static const double truth[2][M] = {{3, -1, 0.5, 0}, {-0.5, 1, -2, 1}};
    double *y = malloc(N * sizeof *y), *x = malloc(N * M * sizeof *x);
    size_t *z = malloc(N * sizeof *z);
    double initial[] = {0.5, 0.5}, transition[] = {0.98, 0.02, 0.03, 0.97};
    bram_chain chain = {2, initial, transition, 0};
    bram_rng g = bram_rng_new(6, "test/choices");
    bram_hmm_sample(&g, z, N, &chain);
    for (size_t t = 0; t < N; t++) {
        double eta = 0;
        for (size_t j = 0; j < M; j++) {
            x[t * M + j] = j ? bram_rng_normal(&g) : 1;
            eta += truth[z[t]][j] * x[t * M + j];
        }
        y[t] = bram_rng_uniform(&g) > 1 / (1 + exp(-eta)); /* class 0 has the weights */
    }
    bram_mat values = {y, N, 1, 1}, inputs = {x, N, M, M};
    bram_hmm_data d = {.sequences = 1, .y = &values, .x = &inputs};
    bram_ctx *cx = bram_ctx_new();
    bram_observation like = {
        .kind = &bram_emission_categorical, .units = 1, .covariates = M, .classes = 2, .sigma = 10};
    bram_observation *o;
    bram_hmm_fit f = {0};
    bram_hmm_options options = bram_hmm_defaults();
    options.starts = 3;
    assert_ok(cx, bram_observation_new(cx, &o, &like));
    assert_ok(cx, bram_hmm_em(cx, &f, 2, &o->e, &d, &options));
    for (size_t k = 0; k < 2; k++)
        for (size_t j = 0; j < M; j++)
            assert_near(bram_row(&f.best.state, k)[j], truth[k][j], 0.25);
    assert_near(f.best.transition[0], 0.98, 0.01);
    bram_hmm_fit_release(&f);
    bram_observation_free(o);
    bram_ctx_free(cx);
    free(y), free(x), free(z);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(em_equals_ssm),
        cmocka_unit_test(autoregression_equals_ssm),
        cmocka_unit_test(choices_equal_ssm),
        cmocka_unit_test(no_step_goes_down),
        cmocka_unit_test(densities_of_units_make_that_of_the_row),
        cmocka_unit_test(blocks_do_not_matter),
        cmocka_unit_test(a_missing_unit_is_integrated_out),
        cmocka_unit_test(context_serves_as_past),
        cmocka_unit_test(degrees_of_freedom_are_found),
        cmocka_unit_test(weights_of_choices_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
