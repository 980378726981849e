/*
 * Tests of core/lds.h: the filter and the smoother against ssm (case "kalman" of the shared
 * baselines reference) and against the joint Gaussian of all rows; EM climbs and finds what made
 * the data.
 */
#include "baselines_reference.h"
#include "internal.h"
#include "lds.h"

#include <bramble/rng.h>

static void filter_and_smoother_equal_ssm(void **state)
{
    (void)state;
    enum { D = 2, N = 3, T = 15 };
    struct reference r;
    open_reference(&r);
    const bram_json *c = reference_case(&r, "kalman"), *in = bram_json_get(c, "in");
    const bram_json *out = bram_json_get(c, "out");
    double *noise = reference_values(&r, bram_json_get(in, "R"), N * N), zero[N] = {0};
    double diagonal[N] = {noise[0], noise[4], noise[8]};
    bram_lds m = {.a = {reference_values(&r, bram_json_get(in, "A"), D * D), D, D, D},
                  .q = {reference_values(&r, bram_json_get(in, "Q"), D * D), D, D, D},
                  .c = {reference_values(&r, bram_json_get(in, "C"), N * D), N, D, D},
                  .d = {zero, 1, N, N},
                  .r = {diagonal, 1, N, N},
                  .m0 = {reference_values(&r, bram_json_get(in, "mu0"), D), 1, D, D},
                  .p0 = {reference_values(&r, bram_json_get(in, "S0"), D * D), D, D, D}};
    bram_lds_rows rows = {
        {reference_values(&r, bram_json_get(in, "y"), T * N), T, N, N}, NULL, {0}};
    bram_lds_states x;
    assert_ok(r.cx, bram_lds_run(r.cx, &x, &m, &rows));
    double loglik = reference_number(bram_json_get(out, "loglik"));
    assert_near(x.loglik, loglik, 1e-10);
    assert_all_near("filter_mean", x.mean.data,
                    reference_values(&r, bram_json_get(out, "filter_mean"), T * D), T * D, 1e-10);
    assert_all_near("filter_cov", x.covariance.data,
                    reference_values(&r, bram_json_get(out, "filter_cov"), T * D * D), T * D * D,
                    1e-10);
    assert_ok(r.cx, bram_lds_smooth(r.cx, &x, &m));
    assert_all_near("smooth_mean", x.mean.data,
                    reference_values(&r, bram_json_get(out, "smooth_mean"), T * D), T * D, 1e-10);
    assert_all_near("smooth_cov", x.covariance.data,
                    reference_values(&r, bram_json_get(out, "smooth_cov"), T * D * D), T * D * D,
                    1e-10);
    close_reference(&r);
}

/* ---- against the joint Gaussian ------------------------------------------------------------- */

enum { D = 2, N = 3, T = 6, ALL = N * T };

static double a_[] = {0.9, -0.3, 0.25, 0.8}, q_[] = {0.5, 0.1, 0.1, 0.3};
static double c_[] = {1, 0.5, -0.4, 2, 0.3, 0.7}, d_[] = {0.1, -2, 3}, r_[] = {0.2, 0.5, 0.1};
static double m0_[] = {1, -1}, p0_[] = {2, 0.3, 0.3, 1};
static double b_[] = {0.7, -1.5}, u_[] = {3, 0, -1, 2, 0.5, -2}; /* u of the first row is unused */
static const bram_lds small = {.a = {a_, D, D, D},
                               .b = {b_, D, 1, 1},
                               .q = {q_, D, D, D},
                               .c = {c_, N, D, D},
                               .d = {d_, 1, N, N},
                               .r = {r_, 1, N, N},
                               .m0 = {m0_, 1, D, D},
                               .p0 = {p0_, D, D, D}};

/* Mean and covariance of all states, by repeated use of the dynamics. */
static void joint_states(double mean[T * D], double cov[T * D][T * D])
{
    memcpy(mean, m0_, sizeof m0_);
    for (size_t a = 0; a < D; a++)
        for (size_t b = 0; b < D; b++) cov[a][b] = p0_[a * D + b];
    for (size_t t = 1; t < T; t++)
        for (size_t a = 0; a < D; a++) {
            size_t i = t * D + a;
            mean[i] = b_[a] * u_[t];
            for (size_t k = 0; k < D; k++) mean[i] += a_[a * D + k] * mean[i - a - D + k];
            for (size_t j = 0; j < t * D; j++) { /* with earlier states */
                cov[i][j] = 0;
                for (size_t k = 0; k < D; k++) cov[i][j] += a_[a * D + k] * cov[(t - 1) * D + k][j];
                cov[j][i] = cov[i][j];
            }
            for (size_t b = 0; b <= a; b++) {
                double sum = q_[a * D + b];
                for (size_t k = 0; k < D; k++) sum += a_[b * D + k] * cov[i][(t - 1) * D + k];
                cov[i][t * D + b] = cov[t * D + b][i] = sum;
            }
        }
}

/* Log density of the present values, and E[x | them], from the joint covariance. */
static void by_joint(bram_ctx *cx, double *loglik, double *states, const double *y,
                     const uint8_t *present)
{
    static double mean[T * D], cov[T * D][T * D];
    size_t at[ALL], n = 0;
    bram_mat s, e;
    joint_states(mean, cov);
    for (size_t i = 0; i < ALL; i++)
        if (present[i]) at[n++] = i;
    assert_ok(cx, bram_mat_scratch(cx, &s, n, n));
    assert_ok(cx, bram_mat_scratch(cx, &e, n, 1));
    double cross[T * D][ALL];
    for (size_t i = 0; i < n; i++) {
        size_t t = at[i] / N, u = at[i] % N;
        e.data[i] = y[at[i]] - d_[u];
        for (size_t k = 0; k < D; k++) e.data[i] -= c_[u * D + k] * mean[t * D + k];
        for (size_t x = 0; x < T * D; x++) {
            cross[x][i] = 0;
            for (size_t k = 0; k < D; k++) cross[x][i] += c_[u * D + k] * cov[x][t * D + k];
        }
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            size_t t = at[i] / N, u = at[i] % N;
            double sum = i == j ? r_[u] : 0;
            for (size_t k = 0; k < D; k++) sum += c_[u * D + k] * cross[t * D + k][j];
            bram_row(&s, i)[j] = sum;
        }
    double *v = bram_scratch(cx, n, sizeof *v);
    memcpy(v, e.data, n * sizeof *v);
    assert_ok(cx, bram_cholesky(cx, &s));
    assert_ok(cx, bram_cholesky_solve(cx, &s, &e));
    *loglik = 0;
    for (size_t i = 0; i < n; i++)
        *loglik -= log(2 * 3.141592653589793) / 2 + log(bram_row(&s, i)[i]) + v[i] * e.data[i] / 2;
    for (size_t x = 0; x < T * D; x++) {
        states[x] = mean[x];
        for (size_t i = 0; i < n; i++) states[x] += cross[x][i] * e.data[i];
    }
}

static void what_is_missing_is_integrated_out(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double y[ALL], loglik, want[T * D], chain = 0, mean[D], p[D * D], each[N], work[D];
    uint8_t present[ALL];
    bram_rng g = bram_rng_at(3, "test/lds", 0);
    for (int gaps = 0; gaps < 2; gaps++) {
        for (size_t i = 0; i < ALL; i++) {
            y[i] = 2 * bram_rng_normal(&g);
            present[i] = !gaps || (i % 4 != 1 && i / N != 2); /* row 2 lacks all */
        }
        bram_lds_rows rows = {{y, T, N, N}, gaps ? present : NULL, {u_, T, 1, 1}};
        bram_lds_states x;
        by_joint(cx, &loglik, want, y, present);
        assert_ok(cx, bram_lds_run(cx, &x, &small, &rows));
        assert_near(x.loglik, loglik, 1e-11);
        /* the densities of units one after the other sum to it */
        bram_lds_filter f;
        assert_ok(cx, bram_lds_prepare(cx, &f, &small));
        memcpy(mean, m0_, sizeof mean);
        memcpy(p, p0_, sizeof p);
        chain = 0;
        for (size_t t = 0; t < T; t++) {
            memset(each, 0, sizeof each);
            bram_lds_chain(&small, mean, p, each, y + t * N, gaps ? present + t * N : NULL, work);
            for (size_t j = 0; j < N; j++) chain += each[j];
            assert_all_near("chained mean", mean, bram_row(&x.mean, t), D, 1e-11);
            assert_all_near("chained covariance", p, bram_row(&x.covariance, t), D * D, 1e-11);
            assert_ok(cx, bram_lds_ahead(cx, &f, mean, p, t + 1 < T ? &u_[t + 1] : u_));
        }
        assert_near(chain, loglik, 1e-11);
        assert_ok(cx, bram_lds_smooth(cx, &x, &small));
        assert_all_near("smoothed", x.mean.data, want, T * D, 1e-11);
    }
    bram_ctx_free(cx);
}

/* ---- EM ------------------------------------------------------------------------------------- */

enum { LONG = 1500, UNITS = 5 };

static void simulate(double *y, double *u, const bram_lds *m, size_t rows, uint64_t seed)
{
    bram_rng g = bram_rng_at(seed, "test/lds", 1), input = bram_rng_at(seed, "test/lds", 3);
    double x[2] = {0, 0}, next[2];
    for (size_t t = 0; t < rows; t++) {
        u[t] = bram_rng_normal(&input);
        for (size_t k = 0; k < 2; k++) {
            next[k] = bram_row(&m->b, k)[0] * u[t] +
                      sqrt(bram_row(&m->q, k)[k]) * bram_rng_normal(&g);
            for (size_t l = 0; l < 2; l++) next[k] += bram_row(&m->a, k)[l] * x[l];
        }
        memcpy(x, next, sizeof x);
        for (size_t j = 0; j < m->c.rows; j++) {
            double *to = &y[t * m->c.rows + j];
            *to = m->d.data[j] + sqrt(m->r.data[j]) * bram_rng_normal(&g);
            for (size_t k = 0; k < 2; k++) *to += bram_row(&m->c, j)[k] * x[k];
        }
    }
}

static double trace(const bram_mat *a)
{
    return bram_row(a, 0)[0] + bram_row(a, 1)[1];
}

static double determinant(const bram_mat *a)
{
    return bram_row(a, 0)[0] * bram_row(a, 1)[1] - bram_row(a, 0)[1] * bram_row(a, 1)[0];
}

/* The eigenvalues of A, C B, the offsets and the noise do not depend on the basis of the states. */
static void em_climbs_to_what_made_the_data(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double rotation[] = {0.94, -0.25, 0.25, 0.94}, unit[] = {1, 0, 0, 1}, zero[2] = {0};
    double loading[] = {1, 0, 0.5, 1, -1, 0.7, 0, -1, 0.8, 0.8}, offset[] = {5, 0, -2, 1, 0};
    double noise[] = {0.5, 0.3, 0.4, 0.2, 0.6}, drive[] = {0.8, -1.2}, *u;
    double least[] = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6};
    bram_lds truth = {.a = {rotation, 2, 2, 2},
                      .b = {drive, 2, 1, 1},
                      .q = {unit, 2, 2, 2},
                      .c = {loading, 5, 2, 2},
                      .d = {offset, 1, 5, 5},
                      .r = {noise, 1, 5, 5},
                      .m0 = {zero, 1, 2, 2},
                      .p0 = {unit, 2, 2, 2}};
    double *y = calloc((size_t)2 * LONG * UNITS, sizeof *y);
    uint8_t *present = calloc((size_t)LONG * UNITS, 1);
    bram_rng g = bram_rng_at(9, "test/lds", 2);
    u = calloc((size_t)2 * LONG, sizeof *u);
    simulate(y, u, &truth, LONG, 1);
    simulate(y + LONG * UNITS, u + LONG, &truth, LONG, 2);
    for (size_t i = 0; i < (size_t)LONG * UNITS; i++) {
        present[i] = bram_rng_below(&g, 10) > 0;
        if (!present[i]) y[i] = (double)NAN;
    }
    bram_lds_rows rows[] = {{{y, LONG, UNITS, UNITS}, present, {u, LONG, 1, 1}},
                            {{y + LONG * UNITS, LONG, UNITS, UNITS}, NULL, {u + LONG, LONG, 1, 1}}};
    bram_lds m;
    assert_ok(cx, bram_lds_new(cx, &m, 2, UNITS, 1));
    for (size_t k = 0; k < 2; k++)
        bram_row(&m.a, k)[k] = 0.5, bram_row(&m.q, k)[k] = bram_row(&m.p0, k)[k] = 1;
    for (size_t j = 0; j < UNITS; j++) {
        m.r.data[j] = 2;
        for (size_t k = 0; k < 2; k++) bram_row(&m.c, j)[k] = bram_rng_normal(&g);
    }
    double last = -INFINITY, loglik = 0, best[2];
    for (size_t step = 0; step < 400; step++) {
        assert_ok(cx, bram_lds_em(cx, &m, rows, 2, least, &loglik));
        if (loglik < last - 1e-6 * fabs(last))
            fail_msg("step %zu: %g after %g", step, loglik, last);
        last = loglik;
    }
    bram_lds_states x;
    for (size_t k = 0; k < 2; k++) {
        assert_ok(cx, bram_lds_run(cx, &x, &truth, &rows[k]));
        best[k] = x.loglik;
    }
    assert_true(loglik > best[0] + best[1]); /* the fit is at least as likely as the truth */
    assert_near(trace(&m.a), 1.88, 0.03);    /* about 3 standard errors: 1 / sqrt(3000) each */
    assert_near(determinant(&m.a), 0.94 * 0.94 + 0.0625, 0.03);
    assert_all_near("noise", m.r.data, noise, UNITS, 0.05);
    for (size_t j = 0; j < UNITS; j++) {
        double found = 0, made = 0;
        for (size_t k = 0; k < 2; k++) {
            found += bram_row(&m.c, j)[k] * m.b.data[k];
            made += bram_row(&truth.c, j)[k] * drive[k];
        }
        assert_near(found, made, 0.08); /* about 3 standard errors: |c| / sqrt(3000) each */
    }
    bram_lds_free(&m);
    free(y);
    free(u);
    free(present);
    bram_ctx_free(cx);
}

/* With hardly any noise of the units the states are the rows, and one step of EM gives the least
 * squares regression of y_t on y_{t-1} and the two inputs, the second of which is a third one that
 * depends on it: their sum of weights is what there is. */
static void without_noise_em_is_a_regression(void **state)
{
    (void)state;
    enum { SHORT = 40 };
    bram_ctx *cx = bram_ctx_new();
    double y[SHORT] = {0}, u[SHORT * 3], least = 1e-9, gram[3][3] = {{0}}, right[3] = {0}, loglik;
    bram_rng g = bram_rng_at(4, "test/lds", 4);
    for (size_t t = 0; t < SHORT; t++) {
        u[3 * t] = bram_rng_normal(&g), u[3 * t + 1] = bram_rng_normal(&g);
        u[3 * t + 2] = 2 * u[3 * t + 1];
        if (!t) continue;
        y[t] = 0.6 * y[t - 1] + 2 * u[3 * t] - u[3 * t + 1] + bram_rng_normal(&g);
        const double z[] = {y[t - 1], u[3 * t], u[3 * t + 1]};
        for (size_t a = 0; a < 3; a++) {
            right[a] += z[a] * y[t];
            for (size_t b = 0; b < 3; b++) gram[a][b] += z[a] * z[b];
        }
    }
    bram_mat left = {&gram[0][0], 3, 3, 3}, x = {right, 3, 1, 1};
    assert_ok(cx, bram_cholesky(cx, &left));
    assert_ok(cx, bram_cholesky_solve(cx, &left, &x));
    bram_lds m;
    assert_ok(cx, bram_lds_new(cx, &m, 1, 1, 3));
    m.a.data[0] = 0.5, m.q.data[0] = m.p0.data[0] = m.c.data[0] = 1, m.r.data[0] = 1e-9;
    bram_lds_rows rows = {{y, SHORT, 1, 1}, NULL, {u, SHORT, 3, 3}};
    assert_ok(cx, bram_lds_em(cx, &m, &rows, 1, &least, &loglik));
    assert_near(m.a.data[0], right[0], 1e-6);
    assert_near(m.b.data[0], right[1], 1e-6);
    assert_near(m.b.data[1] + 2 * m.b.data[2], right[2], 1e-6);
    bram_lds_free(&m);
    bram_ctx_free(cx);
}

static void a_covariance_that_is_none_is_refused(void **state)
{
    (void)state;
    bram_ctx *cx = bram_ctx_new();
    double y[N] = {0}, bad[] = {1, 2, 2, 1};
    bram_lds m = small;
    bram_lds_states x;
    m.p0.data = bad;
    assert_int_equal(bram_lds_run(cx, &x, &m, &(bram_lds_rows){{y, 1, N, N}, NULL, {u_, 1, 1, 1}}),
                     BRAM_ENUMERIC);
    assert_non_null(strstr(bram_ctx_message(cx), "pivot"));
    bram_ctx_free(cx);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filter_and_smoother_equal_ssm),
        cmocka_unit_test(what_is_missing_is_integrated_out),
        cmocka_unit_test(em_climbs_to_what_made_the_data),
        cmocka_unit_test(without_noise_em_is_a_regression),
        cmocka_unit_test(a_covariance_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
