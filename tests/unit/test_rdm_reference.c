/*
 * Estimators of RDMs and of noise against rsatoolbox 0.3.2 (f1f83ca) and exact formulas: every case
 * of the families rdm, cov, prec, sigma_k and partials of the shared reference file. Where the tool
 * does not do what it states, its figure is reached in another way (said there) and ours is checked
 * against the formula.
 */
#include "noise.h"
#include "rdm_partial.h"
#include "reference.h"

enum { N = 12, P = 7, PAIRS = N * (N - 1) / 2, MAX_CASES = 128 };

static char checked[MAX_CASES][80]; /* ids, so that the last test sees that none was left out */
static size_t checks;

static void check_case(struct reference *r, const char *id, const double *x, size_t count)
{
    assert_case(r, id, x, count);
    assert_true(checks < MAX_CASES);
    snprintf(checked[checks++], sizeof *checked, "%s", id);
}

/* A set of responses with its labels, as the file has them. */
struct data {
    double *x;
    uint8_t *present; /* NULL: nothing is missing */
    uint32_t *condition, *run;
    bram_side side;
    bram_rdm_design design;
};

static void load(struct reference *r, struct data *d, const char *x, const char *condition,
                 const char *run)
{
    size_t rows, cols, labelled;
    *d = (struct data){.x = reference_input(r, x, &rows, &cols)};
    for (size_t i = 0; i < rows * cols; i++)
        if (isnan(d->x[i]) && !d->present) {
            d->present = calloc(rows * cols, 1);
            for (size_t k = 0; k < rows * cols; k++) d->present[k] = !isnan(d->x[k]);
        }
    d->side = test_side(d->x, rows, cols, d->present);
    if (condition) {
        d->condition = reference_labels(r, condition, &labelled, &d->design.conditions);
        assert_int_equal(labelled, rows);
        d->design.condition = d->condition;
    }
    if (run) {
        d->run = reference_labels(r, run, &labelled, &d->design.folds);
        d->design.fold = d->run;
    }
}

static void unload(struct data *d)
{
    bram_free(d->x);
    free(d->present);
    free(d->condition);
    free(d->run);
}

static void estimate_case(struct reference *r, const char *id, const struct data *d,
                          const bram_rdm_options *o)
{
    double *out;
    assert_ok(r->cx, bram_rdm_estimate(r->cx, &out, &d->side, &d->design, o));
    check_case(r, id, out, PAIRS);
    bram_free(out);
}

static bram_mat matrix(struct reference *r, const char *name)
{
    size_t rows, cols;
    double *x = reference_input(r, name, &rows, &cols);
    return (bram_mat){x, rows * cols / P, P, P};
}

static void balanced(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat precision = matrix(&r, "precision");
    static const char *const inputs[] = {"X", "X_ties", "X_const"};
    for (size_t k = 0; k < 3; k++) {
        struct data d;
        char id[80];
        load(&r, &d, inputs[k], NULL, NULL);
        for (int mean = 0; mean < 2; mean++) {
            bram_rdm_options o = {.kind = BRAM_RDM_EUCLIDEAN, .remove_mean = mean};
            snprintf(id, sizeof id, "rdm/euclidean/%s/remove_mean=%d", inputs[k], mean);
            estimate_case(&r, id, &d, &o);
            o.kind = BRAM_RDM_MAHALANOBIS, o.precision = &precision, o.precisions = 1;
            snprintf(id, sizeof id, "rdm/mahalanobis/%s/remove_mean=%d", inputs[k], mean);
            estimate_case(&r, id, &d, &o);
        }
        snprintf(id, sizeof id, "rdm/correlation/%s", inputs[k]);
        estimate_case(&r, id, &d, &(bram_rdm_options){.kind = BRAM_RDM_CORRELATION});
        unload(&d);
    }
    struct data repeats, counts;
    load(&r, &repeats, "R", "R_cond", NULL);
    load(&r, &counts, "counts", "R_cond", NULL);
    bram_rdm_options o = {.kind = BRAM_RDM_EUCLIDEAN};
    estimate_case(&r, "rdm/averaged/euclidean", &repeats, &o);
    o.kind = BRAM_RDM_CORRELATION;
    estimate_case(&r, "rdm/averaged/correlation", &repeats, &o);
    o = (bram_rdm_options){.kind = BRAM_RDM_MAHALANOBIS, .precision = &precision, .precisions = 1};
    estimate_case(&r, "rdm/averaged/mahalanobis", &repeats, &o);
    o = (bram_rdm_options){.kind = BRAM_RDM_POISSON};
    estimate_case(&r, "rdm/averaged/poisson", &counts, &o);
    estimate_case(&r, "rdm/poisson/prior=1,0.1", &counts, &o);
    o.has_prior = true, o.prior_rate = 2, o.prior_weight = 0.5;
    estimate_case(&r, "rdm/poisson/prior=2,0.5", &counts, &o);
    unload(&repeats);
    unload(&counts);
    bram_free(precision.data);
    close_reference(&r);
}

static void crossnobis(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct data d;
    bram_mat precision = matrix(&r, "precision"), all = matrix(&r, "precision_per_run"), each[3];
    load(&r, &d, "R", "R_cond", "R_run");
    for (int mean = 0; mean < 2; mean++) {
        char id[80];
        bram_rdm_options o = {.kind = BRAM_RDM_CROSSNOBIS, .remove_mean = mean};
        snprintf(id, sizeof id, "rdm/crossnobis/identity/remove_mean=%d", mean);
        estimate_case(&r, id, &d, &o);
        o.precision = &precision, o.precisions = 1;
        snprintf(id, sizeof id, "rdm/crossnobis/precision/remove_mean=%d", mean);
        estimate_case(&r, id, &d, &o);
    }
    for (size_t f = 0; f < 3; f++) each[f] = bram_mat_rows(all, f * P, P);
    bram_rdm_options o = {.kind = BRAM_RDM_CROSSNOBIS, .precision = each, .precisions = 3};
    estimate_case(&r, "rdm/crossnobis/precision_per_run", &d, &o);
    o.precisions = 0;
    for (size_t i = 0; i < 36; i++) d.run[i] = d.run[i] > 0;
    d.design.folds = 2;
    estimate_case(&r, "rdm/crossnobis/unequal_runs", &d, &o);

    const bram_json *order = bram_json_get(
        bram_json_get(reference_case(&r, "rdm/crossnobis/default_folds"), "args"), "order");
    double shuffled[36 * P];
    uint32_t condition[36];
    for (size_t i = 0; i < 36; i++) {
        int64_t from = -1;
        assert_true(bram_json_integer(bram_json_at(order, i), &from));
        memcpy(shuffled + i * P, d.x + from * P, P * sizeof *shuffled);
        condition[i] = d.condition[from];
    }
    struct data other = {.side = test_side(shuffled, 36, P, NULL),
                         .design = {.condition = condition, .conditions = N}};
    estimate_case(&r, "rdm/crossnobis/default_folds", &other, &o);
    unload(&d);
    bram_free(precision.data);
    bram_free(all.data);
    close_reference(&r);
}

/* sum over channels of (rates_i - rates_j)(log rates_i - log rates_j) / P, rates from the runs that
 * are not f, logarithms from run f, by the definition */
static double poisson_fold(const struct data *d, size_t f, size_t i, size_t j, double rate,
                           double weight)
{
    double sum = 0;
    for (size_t k = 0; k < P; k++) {
        double rest[2] = {0}, own[2] = {0};
        for (size_t row = 0; row < 36; row++)
            for (size_t s = 0; s < 2; s++)
                if (d->condition[row] == (s ? j : i)) {
                    if (d->run[row] == f) own[s] += d->x[row * P + k];
                    else rest[s] += d->x[row * P + k] / 2;
                }
        for (size_t s = 0; s < 2; s++) {
            rest[s] = (rest[s] + weight * rate) / (1 + weight);
            own[s] = log((own[s] + weight * rate) / (1 + weight));
        }
        sum += (rest[0] - rest[1]) * (own[0] - own[1]) / P;
    }
    return sum;
}

/* rsatoolbox overwrites the folds and returns the last: that is checked, and that ours is the mean
 * over all. */
static void poisson_cv_counts_every_fold(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct data d;
    load(&r, &d, "counts", "R_cond", "R_run");
    const double priors[2][2] = {{1, 0.1}, {2, 0.5}};
    for (size_t k = 0; k < 2; k++) {
        double last[PAIRS], mean[PAIRS], *ours;
        for (size_t i = 0, at = 0; i < N; i++)
            for (size_t j = i + 1; j < N; j++, at++) {
                mean[at] = 0;
                for (size_t f = 0; f < 3; f++) {
                    last[at] = poisson_fold(&d, f, i, j, priors[k][0], priors[k][1]);
                    mean[at] += last[at] / 3;
                }
            }
        check_case(&r, k ? "rdm/poisson_cv/prior=2,0.5" : "rdm/poisson_cv/prior=1,0.1", last,
                   PAIRS);
        bram_rdm_options o = {.kind = BRAM_RDM_POISSON_CV,
                              .has_prior = true,
                              .prior_rate = priors[k][0],
                              .prior_weight = priors[k][1]};
        assert_ok(r.cx, bram_rdm_estimate(r.cx, &ours, &d.side, &d.design, &o));
        for (size_t at = 0; at < PAIRS; at++) assert_near(ours[at], mean[at], 1e-12);
        bram_free(ours);
    }
    estimate_case(&r, "rdm/poisson_cv/all_folds", &d,
                  &(bram_rdm_options){.kind = BRAM_RDM_POISSON_CV});
    unload(&d);
    close_reference(&r);
}

/* A pair of rows as the tool has it: the sum over channels and what it counts for. */
static double pair_sum(double *count, const struct data *d, const bram_rdm_options *o, size_t a,
                       size_t b)
{
    const double *x = d->x + a * P, *y = d->x + b * P;
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0, form = 0, poisson = 0;
    bool has[P];
    *count = 0;
    for (size_t k = 0; k < P; k++) {
        has[k] = !isnan(x[k]) && !isnan(y[k]);
        if (!has[k]) continue;
        sx += x[k], sy += y[k], sxx += x[k] * x[k], syy += y[k] * y[k], sxy += x[k] * y[k];
        poisson += (y[k] - x[k]) / 1.1 * (log(x[k] + 0.1) - log(y[k] + 0.1)) / 2;
        ++*count;
    }
    if (o->kind == BRAM_RDM_POISSON) return poisson;
    if (o->kind == BRAM_RDM_CORRELATION)
        return (sxy - sx * sy / P) / sqrt(sxx - sx * sx / P) / sqrt(syy - sy * sy / P) * P / 2;
    if (!o->precisions) return sxy;
    for (size_t k = 0; k < P; k++)
        for (size_t l = 0; l < P; l++)
            if (has[k] && has[l]) form += x[k] * o->precision->data[k * P + l] * y[l];
    *count = P;
    return form;
}

/* Weights of 1 without folds: a row with itself counts half in the sum; in the number of pairs it
 * counts `self`. */
static double equal_kernel(const struct data *d, const bram_rdm_options *o, size_t i, size_t j,
                           double self)
{
    double value = 0, weight = 0, count;
    for (size_t a = 0; a < d->side.values.rows; a++)
        for (size_t b = a; b < d->side.values.rows; b++) {
            bool these = (d->condition[a] == i && d->condition[b] == j) ||
                         (d->condition[a] == j && d->condition[b] == i);
            if (!these) continue;
            double sum = pair_sum(&count, d, o, a, b);
            value += sum / count * (a == b ? 0.5 : 1);
            weight += a == b ? self : 1;
        }
    return value / weight;
}

/* rsatoolbox states that a row with itself counts half, in both, but divides 1 by 2 as whole
 * numbers and counts it 0. That is checked, and that ours is as stated: then weights do not matter
 * where nothing is missing. */
static void equal_case(struct reference *r, const char *id, const struct data *d,
                       const bram_rdm_options *o)
{
    double tool[PAIRS], *ours;
    assert_ok(r->cx, bram_rdm_estimate(r->cx, &ours, &d->side, &d->design, o));
    for (size_t i = 0, at = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, at++) {
            double between = 2 * equal_kernel(d, o, i, j, 0.5);
            tool[at] = equal_kernel(d, o, i, i, 0) + equal_kernel(d, o, j, j, 0) - between;
            double stated = equal_kernel(d, o, i, i, 0.5) + equal_kernel(d, o, j, j, 0.5) - between;
            assert_near(ours[at], stated, 1e-12);
        }
    check_case(r, id, tool, PAIRS);
    bram_free(ours);
}

/* missing=kernel: what the tool does about missing channels is kept, in its own words */
static void unbalanced(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    bram_mat precision = matrix(&r, "precision");
    static const struct {
        const char *name;
        bram_rdm_kind kind;
        bool whitened;
    } kinds[] = {{"euclidean", BRAM_RDM_EUCLIDEAN, false},
                 {"correlation", BRAM_RDM_CORRELATION, false},
                 {"mahalanobis", BRAM_RDM_MAHALANOBIS, true},
                 {"crossnobis", BRAM_RDM_CROSSNOBIS, true},
                 {"crossnobis_identity", BRAM_RDM_CROSSNOBIS, false},
                 {"poisson", BRAM_RDM_POISSON, false},
                 {"poisson_cv", BRAM_RDM_POISSON_CV, false}};
    struct data u, nan, counts, whole;
    load(&r, &u, "U", "U_cond", "U_run");
    load(&r, &nan, "U_nan", "U_cond", "U_run");
    load(&r, &counts, "counts", "R_cond", "R_run");
    load(&r, &whole, "R", "R_cond", "R_run");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (int equal = 0; equal < 2; equal++) {
            bram_rdm_options o = {.kind = kinds[k].kind,
                                  .unbalanced = true,
                                  .equal_weights = equal,
                                  .missing = BRAM_RDM_KERNEL,
                                  .precision = &precision,
                                  .precisions = kinds[k].whitened};
            bool poisson = kinds[k].kind >= BRAM_RDM_POISSON;
            char id[80];
            snprintf(id, sizeof id, "rdm/unbalanced/%s/%s/%s", kinds[k].name,
                     poisson ? "counts" : "U", equal ? "equal" : "number");
            bool pairs_with_itself = equal && kinds[k].kind != BRAM_RDM_CROSSNOBIS &&
                                     kinds[k].kind != BRAM_RDM_POISSON_CV;
            (pairs_with_itself ? equal_case : estimate_case)(&r, id, poisson ? &counts : &u, &o);
            if (poisson) continue;
            snprintf(id, sizeof id, "rdm/unbalanced/%s/U_nan/%s", kinds[k].name,
                     equal ? "equal" : "number");
            (pairs_with_itself ? equal_case : estimate_case)(&r, id, &nan, &o);
        }
    estimate_case(&r, "rdm/unbalanced/crossnobis_balanced/R", &whole,
                  &(bram_rdm_options){.kind = BRAM_RDM_CROSSNOBIS, .unbalanced = true});
    unload(&u);
    unload(&nan);
    unload(&counts);
    unload(&whole);
    bram_free(precision.data);
    close_reference(&r);
}

static void covariance_case(struct reference *r, const char *prefix, const char *method,
                            const bram_mat *residuals, double dof)
{
    char id[80];
    double data[P * P];
    bram_mat out = {data, P, P, P};
    bram_noise_method m;
    assert_true(bram_noise_method_find(&m, method));
    if (m == BRAM_NOISE_SHRINKAGE_DIAG) m = BRAM_NOISE_SHRINKAGE_RSATOOLBOX;
    assert_ok(r->cx, bram_noise_covariance(r->cx, &out, NULL, residuals, m, dof));
    snprintf(id, sizeof id, "cov/%s/%s", prefix, method);
    check_case(r, id, data, P * P);
    if (strcmp(prefix, "residuals") != 0) return;
    assert_ok(r->cx, bram_noise_invert(r->cx, &out));
    snprintf(id, sizeof id, "prec/%s/%s", prefix, method);
    check_case(r, id, data, P * P);
}

/* The tool divides squares of measurements by (conditions - 1) repeats = 33 where conditions
 * (repeats - 1) = 24 are left: its figures come out with dof = 33, and the exact one without. */
static void noise(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const methods[] = {"full", "diag", "shrinkage_eye", "shrinkage_diag"};
    struct data residuals, repeats, u;
    load(&r, &residuals, "residuals", NULL, NULL);
    load(&r, &repeats, "R", "R_cond", NULL);
    load(&r, &u, "U", "U_cond", NULL);
    double a[36 * P], b[34 * P], dof_a, dof_b, lambda, data[P * P];
    bram_mat ea = {a, 36, P, P}, eb = {b, 34, P, P}, out = {data, P, P, P};
    assert_ok(r.cx,
              bram_noise_residuals(r.cx, &ea, &dof_a, &repeats.side.values, repeats.condition, N));
    assert_ok(r.cx, bram_noise_residuals(r.cx, &eb, &dof_b, &u.side.values, u.condition, N));
    assert_true(dof_a == 24 && dof_b == 22);
    for (size_t k = 0; k < 4; k++) {
        covariance_case(&r, "residuals", methods[k], &residuals.side.values, 0);
        covariance_case(&r, "residuals_dof30", methods[k], &residuals.side.values, 30);
        covariance_case(&r, "measurements", methods[k], &ea, 33);
        covariance_case(&r, "unbalanced", methods[k], &eb, dof_b);
    }
    assert_ok(r.cx, bram_noise_covariance(r.cx, &out, NULL, &ea, BRAM_NOISE_FULL, dof_a));
    check_case(&r, "cov/measurements_exact/full", data, P * P);
    assert_ok(r.cx, bram_noise_covariance(r.cx, &out, &lambda, &residuals.side.values,
                                          BRAM_NOISE_SHRINKAGE_DIAG, 0));
    check_case(&r, "cov/residuals/schaefer_strimmer_2005", data, P * P);
    assert_near(lambda, 0.5919357619733661, 1e-14);
    assert_ok(r.cx, bram_noise_covariance(r.cx, &out, &lambda, &residuals.side.values,
                                          BRAM_NOISE_SHRINKAGE_RSATOOLBOX, 0));
    assert_near(lambda, 0.5912782997774425, 1e-14);
    unload(&residuals);
    unload(&repeats);
    unload(&u);
    close_reference(&r);
}

static void condition_covariance(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    struct data d;
    double data[N * N];
    bram_mat out = {data, N, N, N}, precision = matrix(&r, "precision");
    load(&r, &d, "R", "R_cond", "R_run");
    assert_ok(r.cx, bram_noise_conditions(r.cx, &out, &d.side, &d.design, NULL));
    check_case(&r, "sigma_k/measurements", data, (size_t)N * N);
    assert_ok(r.cx, bram_noise_conditions(r.cx, &out, &d.side, &d.design, &precision));
    check_case(&r, "sigma_k/measurements_prec", data, (size_t)N * N);
    unload(&d);
    bram_free(precision.data);
    close_reference(&r);
}

static void partial_rdms(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const names[] = {"evidence", "setsize", "simple"};
    double mean[PAIRS];
    for (int k = 0; k < 3; k++) {
        size_t count, pairs;
        char id[80];
        double *rdm = reference_input(&r, "partial_rdms", &count, &pairs);
        if (k == 0) {
            bram_rdm_mean(mean, rdm, count, pairs);
            check_case(&r, "partials/mean", mean, PAIRS);
        }
        assert_ok(r.cx, bram_rdm_rescale(r.cx, mean, rdm, count, pairs, (bram_rdm_weighting)k));
        snprintf(id, sizeof id, "partials/rescale/%s", names[k]);
        check_case(&r, id, rdm, count * pairs);
        snprintf(id, sizeof id, "partials/mean/%s", names[k]);
        check_case(&r, id, mean, PAIRS);
        bram_free(rdm);
    }
    close_reference(&r);
}

static void no_case_is_left_out(void **state)
{
    (void)state;
    struct reference r;
    open_reference(&r);
    static const char *const families[] = {"rdm/", "cov/", "prec/", "sigma_k/", "partials/"};
    const bram_json *cases = bram_json_get(r.file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++) {
        const char *id = bram_json_text(bram_json_get(bram_json_at(cases, i), "id"));
        bool ours = false, found = false;
        for (size_t k = 0; k < 5; k++) ours |= !strncmp(id, families[k], strlen(families[k]));
        for (size_t k = 0; k < checks; k++) found |= !strcmp(id, checked[k]);
        if (ours && !found) fail_msg("the case %s was not checked", id);
    }
    close_reference(&r);
}

int main(void)
{
    bram_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balanced),
        cmocka_unit_test(crossnobis),
        cmocka_unit_test(poisson_cv_counts_every_fold),
        cmocka_unit_test(unbalanced),
        cmocka_unit_test(noise),
        cmocka_unit_test(condition_covariance),
        cmocka_unit_test(partial_rdms),
        cmocka_unit_test(no_case_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
