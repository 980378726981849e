/*
 * rsa_model.c - fitting models of RDMs; see rsa_model.h.
 */
#include "rsa_model.h"

#include "linalg.h"
#include "rdm_frame.h"
#include "rdm_pool.h"

#include <float.h>
#include <math.h>
#include <string.h>

void bram_rsa_model_predict(double *out, const bram_rsa_model *model, const double *theta)
{
    for (size_t k = 0; k < model->basis.cols; k++) out[k] = 0;
    for (size_t i = 0; i < model->basis.rows; i++)
        for (size_t k = 0; theta[i] != 0 && k < model->basis.cols; k++)
            out[k] += theta[i] * bram_row(&model->basis, i)[k];
}

/* ---- non-negative least squares ------------------------------------------------------------- */

/* Solves the equations of the free parameters; the others are 0. */
static int solve_free(bram_ctx *cx, double *x, const bram_mat *a, const double *b,
                      const bool *is_free)
{
    size_t n = a->rows, count = 0, mark = bram_scratch_mark(cx);
    for (size_t i = 0; i < n; i++) count += is_free[i];
    bram_mat m, right;
    BRAM_TRY(bram_mat_scratch(cx, &m, count, count));
    BRAM_TRY(bram_mat_scratch(cx, &right, count, 1));
    for (size_t i = 0, p = 0; i < n; i++) {
        if (!is_free[i]) continue;
        right.data[p] = b[i];
        for (size_t j = 0, q = 0; j < n; j++)
            if (is_free[j]) bram_row(&m, p)[q++] = bram_row(a, i)[j];
        p++;
    }
    BRAM_TRY(bram_cholesky(cx, &m));
    BRAM_TRY(bram_cholesky_solve(cx, &m, &right));
    for (size_t i = 0, p = 0; i < n; i++) x[i] = is_free[i] ? right.data[p++] : 0;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The bound parameter whose release lowers the objective most, or n: all that rise do not. */
static size_t best_release(const bram_mat *a, const double *b, const double *theta,
                           const bool *is_free, double tolerance)
{
    size_t best = a->rows;
    double steepest = tolerance;
    for (size_t i = 0; i < a->rows; i++) {
        double slope = b[i];
        for (size_t j = 0; j < a->rows; j++) slope -= bram_row(a, i)[j] * theta[j];
        if (!is_free[i] && slope > steepest) steepest = slope, best = i;
    }
    return best;
}

/* Moves towards x as far as theta stays non-negative, and binds what has become 0. */
static void step_back(double *theta, const double *x, bool *is_free, size_t n)
{
    double share = 1;
    size_t first = n;
    for (size_t i = 0; i < n; i++)
        if (is_free[i] && x[i] <= 0 && theta[i] / (theta[i] - x[i]) < share)
            share = theta[i] / (theta[i] - x[i]), first = i;
    for (size_t i = 0; i < n; i++) {
        if (!is_free[i]) continue;
        theta[i] += share * (x[i] - theta[i]);
        if (i == first || theta[i] <= 0) theta[i] = 0, is_free[i] = false;
    }
}

static int active_sets(bram_ctx *cx, double *theta, const bram_mat *a, const double *b)
{
    size_t n = a->rows, most = 30 * n + 30;
    bool *is_free = bram_scratch(cx, n, sizeof *is_free);
    double *x = is_free ? bram_scratch(cx, n, sizeof *x) : NULL, largest = 0;
    if (!x) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(b[i])), theta[i] = 0;
    for (size_t step = 0; step < most; step++) {
        size_t next = best_release(a, b, theta, is_free, 100 * DBL_EPSILON * largest);
        if (next == n) return BRAM_OK;
        is_free[next] = true;
        for (bool inside = false; !inside;) {
            BRAM_TRY(solve_free(cx, x, a, b, is_free));
            inside = true;
            for (size_t i = 0; i < n; i++) inside &= !is_free[i] || x[i] > 0;
            if (inside) memcpy(theta, x, n * sizeof *x);
            else step_back(theta, x, is_free, n);
        }
    }
    return bram_fail(cx, BRAM_ENUMERIC, "non-negative least squares take more than %zu steps",
                     most);
}

int bram_nnls(bram_ctx *cx, double *theta, const bram_mat *a, const double *b)
{
    size_t mark = bram_scratch_mark(cx);
    double *found = bram_scratch(cx, a->rows, sizeof *found);
    int status = found ? active_sets(cx, found, a, b) : BRAM_ENOMEM;
    if (status == BRAM_OK) memcpy(theta, found, a->rows * sizeof *theta);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- sums ----------------------------------------------------------------------------------- */

/* The normal equations under the measure's inner product. */
static int normal_equations(bram_ctx *cx, bram_mat *a, double *b, const bram_rsa_model *model,
                            const bram_rsa_target *t, bram_rdm_set *basis, bram_rdm_set *subjects)
{
    size_t k = model->basis.rows;
    bram_rdm_frame f;
    bram_rdm_vector *v = bram_scratch(cx, k + 1, sizeof *v);
    double *pool = v ? bram_scratch(cx, basis->pairs, sizeof *pool) : NULL;
    if (!pool) return BRAM_ENOMEM;
    BRAM_TRY(bram_rdm_frame_new(cx, &f, t->n, t->times, basis->missing, subjects->missing));
    if (f.drawn < 3 || !f.count)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu conditions and %zu pairs are too few to fit to", f.drawn, f.count);
    BRAM_TRY(bram_rdm_pool(cx, pool, subjects, BRAM_POOL_BEST, t->share, t->times));
    bram_rdm_set one = *subjects; /* whose only RDM is the pool */
    one.rdm = (bram_mat){pool, 1, basis->pairs, basis->pairs}, one.order = NULL;
    BRAM_TRY(bram_rdm_vectors(cx, v, basis, &f));
    BRAM_TRY(bram_rdm_vectors(cx, v + k, &one, &f));
    bram_mat right = {b, k, 1, 1};
    BRAM_TRY(bram_rdm_gram(cx, a, v, v, &f));
    return bram_rdm_gram(cx, &right, v, v + k, &f);
}

static int fit_sum(bram_ctx *cx, double *theta, const bram_rsa_model *model,
                   const bram_rsa_target *target)
{
    bram_rsa_target t = *target;
    if (bram_rdm_by_ranks(t.measure.comparator)) t.measure.comparator = BRAM_COMPARE_CORR;
    if (t.measure.comparator >= BRAM_COMPARE_BURES)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "weights are not fitted under %s",
                         bram_rdm_comparator_name(t.measure.comparator));
    size_t k = model->basis.rows;
    bram_mat a;
    BRAM_TRY(bram_mat_scratch(cx, &a, k, k));
    double *b = bram_scratch(cx, k, sizeof *b), square = 0;
    if (!b) return BRAM_ENOMEM;
    bram_rdm_set *basis = NULL, *subjects = NULL;
    int status = bram_rdm_set_new(cx, &basis, &t.measure, &model->basis, t.n);
    if (status == BRAM_OK) status = bram_rdm_set_new(cx, &subjects, &t.measure, &t.subjects, t.n);
    if (status == BRAM_OK) status = normal_equations(cx, &a, b, model, &t, basis, subjects);
    bram_rdm_set_free(basis);
    bram_rdm_set_free(subjects);
    BRAM_TRY(status);
    for (size_t i = 0; i < k; i++) bram_row(&a, i)[i] += model->ridge;
    if (model->kind == BRAM_RSA_MODEL_WEIGHTED) {
        BRAM_TRY(bram_nnls(cx, b, &a, b));
    } else {
        bram_mat right = {b, k, 1, 1};
        BRAM_TRY(bram_cholesky(cx, &a));
        BRAM_TRY(bram_cholesky_solve(cx, &a, &right));
    }
    for (size_t i = 0; i < k; i++) square += b[i] * b[i];
    for (size_t i = 0; i < k; i++) theta[i] = square > 0 ? b[i] / sqrt(square) : 0;
    return BRAM_OK;
}

/* ---- choices -------------------------------------------------------------------------------- */

/* The mean comparison of RDMs with the subjects that count. */
static int score(bram_ctx *cx, double *mean, const bram_mat *rdms, const bram_rsa_target *t)
{
    size_t count = t->subjects.rows, mark = bram_scratch_mark(cx);
    bram_mat values;
    BRAM_TRY(bram_mat_scratch(cx, &values, rdms->rows, count));
    BRAM_TRY(bram_rdm_compare(cx, &values, NULL, &t->measure, rdms, &t->subjects, t->n, t->times));
    for (size_t i = 0; i < rdms->rows; i++) {
        double sum = 0, total = 0;
        for (size_t s = 0; s < count; s++) {
            double c = t->share ? t->share[s] : 1;
            if (c > 0) sum += c * bram_row(&values, i)[s], total += c;
        }
        mean[i] = sum / total;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int no_choice(bram_ctx *cx)
{
    return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                     "no RDM of the model has a comparison with every subject");
}

static int fit_select(bram_ctx *cx, double *theta, const bram_rsa_model *model,
                      const bram_rsa_target *t)
{
    size_t k = model->basis.rows, best = k;
    double *mean = bram_scratch(cx, k, sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    BRAM_TRY(score(cx, mean, &model->basis, t));
    for (size_t i = 0; i < k; i++)
        if (!isnan(mean[i]) && (best == k || mean[i] > mean[best])) best = i;
    if (best == k) return no_choice(cx);
    for (size_t i = 0; i < k; i++) theta[i] = i == best;
    return BRAM_OK;
}

/* One link of the chain: RDMs link and link + 1. */
struct link {
    const bram_rsa_model *model;
    const bram_rsa_target *target;
    size_t number;
    bram_mat mixed; /* one RDM */
};

static int score_mixture(bram_ctx *cx, double *value, struct link *l, double w)
{
    const double *a = bram_row(&l->model->basis, l->number), *b = a + l->model->basis.stride;
    for (size_t k = 0; k < l->mixed.cols; k++) l->mixed.data[k] = w * a[k] + (1 - w) * b[k];
    return score(cx, value, &l->mixed, l->target);
}

static int search_link(bram_ctx *cx, double *weight, double *value, struct link *l)
{
    const double ratio = 0.6180339887498949;
    double low = 0, high = 1, x = 1 - ratio, y = ratio, at_x, at_y, end[2];
    BRAM_TRY(score_mixture(cx, &at_x, l, x));
    BRAM_TRY(score_mixture(cx, &at_y, l, y));
    while (high - low > 1e-8) {
        if (at_x > at_y) {
            high = y, y = x, at_y = at_x;
            x = high - ratio * (high - low);
            BRAM_TRY(score_mixture(cx, &at_x, l, x));
        } else {
            low = x, x = y, at_x = at_y;
            y = low + ratio * (high - low);
            BRAM_TRY(score_mixture(cx, &at_y, l, y));
        }
    }
    *weight = (low + high) / 2, *value = fmax(at_x, at_y);
    for (int k = 0; k < 2; k++) { /* the RDMs themselves, which the search only comes near */
        BRAM_TRY(score_mixture(cx, &end[k], l, k));
        if (end[k] >= *value) *value = end[k], *weight = k;
    }
    return BRAM_OK;
}

static int fit_chain(bram_ctx *cx, double *theta, const bram_rsa_model *model,
                     const bram_rsa_target *t)
{
    size_t k = model->basis.rows, best = 0;
    double highest = NAN, at = 1;
    struct link l = {model, t, 0, {NULL, 0, 0, 0}};
    BRAM_TRY(bram_mat_scratch(cx, &l.mixed, 1, model->basis.cols));
    for (; l.number + 1 < k; l.number++) {
        double weight, value;
        BRAM_TRY(search_link(cx, &weight, &value, &l));
        if (!isnan(value) && !(value <= highest)) highest = value, at = weight, best = l.number;
    }
    if (k > 1 && isnan(highest)) return no_choice(cx);
    for (size_t i = 0; i < k; i++) theta[i] = i == best ? at : i == best + 1 ? 1 - at : 0;
    return BRAM_OK;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int fit(bram_ctx *cx, double *theta, const bram_rsa_model *model, const bram_rsa_target *t)
{
    switch (model->kind) {
    case BRAM_RSA_MODEL_SELECT:
        return fit_select(cx, theta, model, t);
    case BRAM_RSA_MODEL_FREE:
    case BRAM_RSA_MODEL_WEIGHTED:
        return fit_sum(cx, theta, model, t);
    case BRAM_RSA_MODEL_INTERPOLATE:
        return fit_chain(cx, theta, model, t);
    default:
        for (size_t i = 0; i < model->basis.rows; i++) theta[i] = 1 / (double)model->basis.rows;
        return BRAM_OK;
    }
}

int bram_rsa_model_fit(bram_ctx *cx, double *theta, const bram_rsa_model *model,
                       const bram_rsa_target *target)
{
    if (!model->basis.rows || model->basis.cols != target->subjects.cols)
        return bram_fail(cx, BRAM_ESHAPE, "a model of %zu RDMs of %zu pairs, subjects of %zu pairs",
                         model->basis.rows, model->basis.cols, target->subjects.cols);
    size_t mark = bram_scratch_mark(cx);
    double *found = bram_scratch(cx, model->basis.rows, sizeof *found);
    int status = found ? fit(cx, found, model, target) : BRAM_ENOMEM;
    if (status == BRAM_OK) memcpy(theta, found, model->basis.rows * sizeof *theta);
    bram_scratch_release(cx, mark);
    return status;
}
