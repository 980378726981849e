/*
 * rdm_whiten.c - the inverse covariance of distances, applied to RDMs; see rdm_whiten.h.
 */
#include "rdm_whiten.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

/* ---- sigma ---------------------------------------------------------------------------------- */

static int check_variances(bram_ctx *cx, const double *s, size_t n, size_t step)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(s[i * step]) || !(s[i * step] > 0))
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the variance of condition %zu is %g, expected a number above 0", i,
                             s[i * step]);
    return BRAM_OK;
}

/* The smallest eigenvalue of the correlation matrix. */
static int find_own_share(bram_ctx *cx, double *share, const double *s, size_t n)
{
    bram_mat r;
    BRAM_TRY(bram_mat_scratch(cx, &r, n, n));
    double *values = bram_scratch(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double a = s[i * n + j], b = s[j * n + i], scale = sqrt(s[i * n + i] * s[j * n + j]);
            if (!(fabs(a - b) <= 1e-8 * scale))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "sigma has %g at (%zu, %zu) and %g at (%zu, %zu), expected a "
                                 "symmetric matrix",
                                 a, i, j, b, j, i);
            bram_row(&r, i)[j] = i == j ? 1 : (a + b) / 2 / scale;
        }
    BRAM_TRY(bram_eigh(cx, &r, values));
    if (!(values[0] > 1e-12))
        return bram_fail(cx, BRAM_ENUMERIC,
                         "sigma is not positive definite: the smallest eigenvalue of its "
                         "correlations is %g",
                         values[0]);
    *share = values[0];
    return BRAM_OK;
}

int bram_sigma_check(bram_ctx *cx, double *own_share, const bram_rdm_measure *m, size_t n)
{
    if (!m->sigma) return bram_fail(cx, BRAM_ESHAPE, "no sigma is given");
    bool full = m->sigma_kind == BRAM_SIGMA_FULL;
    BRAM_TRY(check_variances(cx, m->sigma, n, full ? n + 1 : 1));
    if (!full) return BRAM_OK;
    size_t mark = bram_scratch_mark(cx);
    int status = find_own_share(cx, own_share, m->sigma, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- unit and diagonal ---------------------------------------------------------------------- */

static size_t pair_of(const bram_rdm_frame *f, size_t i, size_t j)
{
    return i * f->n - i * (i + 1) / 2 + (j - i - 1);
}

/* The entry of two conditions drawn, a < b, or BRAM_NO_ENTRY. */
static size_t entry_of(const bram_rdm_whitener *w, const bram_rdm_frame *f, size_t a, size_t b)
{
    size_t pair = pair_of(f, w->condition[a], w->condition[b]);
    return f->position ? f->position[pair] : pair;
}

/* Diagonal plus v v' where nothing is missing; false where that diagonal is not positive. */
static bool rank_one(bram_rdm_whitener *w)
{
    double total = 0;
    for (size_t a = 0; a < w->drawn; a++) total += w->times[a] / w->s[a];
    for (size_t a = 0; a < w->drawn; a++) {
        w->diagonal[a] = w->times[a] / w->s[a] * ((1 - w->times[a]) / w->s[a] + total / 2);
        if (!(w->diagonal[a] > 1e-6 * w->times[a] / w->s[a] * total)) return false;
    }
    return true;
}

static int factorize(bram_ctx *cx, bram_rdm_whitener *w, const bram_rdm_frame *f)
{
    BRAM_TRY(bram_mat_scratch(cx, &w->factor, w->drawn, w->drawn));
    for (size_t a = 0; a < w->drawn; a++)
        bram_row(&w->factor, a)[a] = w->times[a] / (w->s[a] * w->s[a]);
    for (size_t a = 0; a < w->drawn; a++)
        for (size_t b = a + 1; b < w->drawn; b++) {
            if (entry_of(w, f, a, b) == BRAM_NO_ENTRY) continue;
            double v = w->times[a] * w->times[b] / (2 * w->s[a] * w->s[b]);
            bram_row(&w->factor, b)[a] = v;
            bram_row(&w->factor, a)[a] += v, bram_row(&w->factor, b)[b] += v;
        }
    return bram_cholesky(cx, &w->factor);
}

/* right = E'(d / (2 s s)) times the multiplicities. */
static void sum_by_condition(double *right, const bram_rdm_vector *v, const bram_rdm_whitener *w,
                             const bram_rdm_frame *f)
{
    memset(right, 0, w->drawn * sizeof *right);
    for (size_t a = 0; a < w->drawn; a++)
        for (size_t b = a + 1; b < w->drawn; b++) {
            size_t k = entry_of(w, f, a, b);
            if (k == BRAM_NO_ENTRY) continue;
            double t = w->times[a] * w->times[b] / (2 * w->s[a] * w->s[b]) *
                       bram_rdm_vector_at(v, f, k);
            right[a] += t, right[b] += t;
        }
}

static int solve_conditions(bram_ctx *cx, double *u, const bram_rdm_whitener *w)
{
    if (w->factor.data) {
        bram_mat right = {u, w->drawn, 1, 1};
        return bram_cholesky_solve(cx, &w->factor, &right);
    }
    double vu = 0, vv = 0; /* Sherman and Morrison: v'D^-1 u / (1 + v'D^-1 v) */
    for (size_t a = 0; a < w->drawn; a++) {
        double v = w->times[a] / w->s[a] * sqrt(0.5);
        vu += v * u[a] / w->diagonal[a], vv += v * v / w->diagonal[a];
    }
    for (size_t a = 0; a < w->drawn; a++)
        u[a] = (u[a] - w->times[a] / w->s[a] * sqrt(0.5) * vu / (1 + vv)) / w->diagonal[a];
    return BRAM_OK;
}

static int whiten_diagonal(bram_ctx *cx, double *dual, const bram_rdm_vector *v,
                           const bram_rdm_whitener *w, const bram_rdm_frame *f)
{
    double *u = bram_scratch(cx, w->drawn, sizeof *u);
    if (!u) return BRAM_ENOMEM;
    sum_by_condition(u, v, w, f);
    BRAM_TRY(solve_conditions(cx, u, w));
    for (size_t a = 0; a < w->drawn; a++)
        for (size_t b = a + 1; b < w->drawn; b++) {
            size_t k = entry_of(w, f, a, b);
            if (k == BRAM_NO_ENTRY) continue;
            dual[k] = w->times[a] * w->times[b] / (2 * w->s[a] * w->s[b]) *
                      (bram_rdm_vector_at(v, f, k) - u[a] - u[b]);
        }
    return BRAM_OK;
}

/* ---- full ----------------------------------------------------------------------------------- */

static int invert_shared(bram_ctx *cx, bram_rdm_whitener *w)
{
    size_t c = w->drawn;
    bram_mat factor;
    BRAM_TRY(bram_mat_scratch(cx, &factor, c, c));
    BRAM_TRY(bram_mat_scratch(cx, &w->inverse, c, c));
    for (size_t a = 0; a < c; a++) {
        for (size_t b = 0; b < c; b++)
            bram_row(&factor, a)[b] = bram_row(&w->shared, a)[b] * sqrt(w->times[a] * w->times[b]);
        bram_row(&factor, a)[a] += w->own[a];
        bram_row(&w->inverse, a)[a] = 1;
    }
    BRAM_TRY(bram_cholesky(cx, &factor));
    BRAM_TRY(bram_cholesky_solve(cx, &factor, &w->inverse));
    double total = 0;
    for (size_t a = 0; a < c; a++) {
        for (size_t b = 0; b < c; b++) {
            bram_row(&w->inverse, a)[b] *= sqrt(w->times[a] * w->times[b]);
            w->centre[a] += bram_row(&w->inverse, a)[b];
        }
        total += w->centre[a];
    }
    for (size_t a = 0; a < c; a++) w->centre[a] /= total;
    return BRAM_OK;
}

static int prepare_full(bram_ctx *cx, bram_rdm_whitener *w, const bram_rdm_measure *m,
                        double own_share, size_t n)
{
    size_t c = w->drawn;
    BRAM_TRY(bram_mat_scratch(cx, &w->shared, c, c));
    w->own = bram_scratch(cx, c, sizeof *w->own);
    w->centre = w->own ? bram_scratch(cx, c, sizeof *w->centre) : NULL;
    if (!w->centre) return BRAM_ENOMEM;
    for (size_t a = 0; a < c; a++) {
        for (size_t b = 0; b < c; b++)
            bram_row(&w->shared, a)[b] = (m->sigma[w->condition[a] * n + w->condition[b]] +
                                          m->sigma[w->condition[b] * n + w->condition[a]]) /
                                         2;
        w->own[a] = own_share * w->s[a];
        bram_row(&w->shared, a)[a] -= w->own[a];
    }
    return invert_shared(cx, w);
}

/* Scratch matrices of a solution, drawn x drawn each. */
struct solution {
    const bram_rdm_whitener *w;
    uint8_t *present; /* drawn x drawn */
    bram_mat x, r, z, p, q, left, right;
};

/* out = V^-1 y by the closed form, on the pairs that are present; out is not y. */
static int closed_form(bram_ctx *cx, bram_mat *out, const bram_mat *y, struct solution *s)
{
    const bram_rdm_whitener *w = s->w;
    size_t c = w->drawn;
    double *mean = s->right.data, all = 0; /* y centre; free until the first product */
    BRAM_TRY(bram_gemv(cx, mean, 1, y, BRAM_AS_IS, w->centre, 0));
    for (size_t a = 0; a < c; a++) all += w->centre[a] * mean[a];
    for (size_t a = 0; a < c; a++)
        for (size_t b = 0; b < c; b++)
            bram_row(&s->left, a)[b] = (bram_row(y, a)[b] - mean[a] - mean[b] + all) / 2;
    BRAM_TRY(bram_gemm(cx, &s->right, 1, &s->left, BRAM_AS_IS, &w->inverse, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &s->left, 1, &w->inverse, BRAM_AS_IS, &s->right, BRAM_AS_IS, 0));
    for (size_t a = 0; a < c; a++)
        for (size_t b = 0; b < c; b++)
            bram_row(out, a)[b] = s->present[a * c + b]
                                      ? bram_row(&s->left, a)[b] / (w->times[a] * w->times[b])
                                      : 0;
    return BRAM_OK;
}

/* out = V x on the pairs that are present. */
static int covary(bram_ctx *cx, bram_mat *out, const bram_mat *x, struct solution *s)
{
    const bram_rdm_whitener *w = s->w;
    size_t c = w->drawn;
    for (size_t a = 0; a < c; a++) { /* the Laplacian, columns times multiplicities */
        double degree = 0;
        for (size_t b = 0; b < c; b++) {
            bram_row(out, a)[b] = -bram_row(x, a)[b] * w->times[b];
            degree -= bram_row(out, a)[b];
        }
        bram_row(out, a)[a] += degree;
    }
    BRAM_TRY(bram_gemm(cx, &s->left, 1, out, BRAM_AS_IS, &w->shared, BRAM_AS_IS, 0));
    for (size_t a = 0; a < c; a++)
        for (size_t b = 0; b < c; b++)
            bram_row(&s->right, a)[b] = w->times[a] * bram_row(&s->left, a)[b];
    double *self = bram_scratch(cx, c, sizeof *self);
    double *degree = self ? bram_scratch(cx, c, sizeof *degree) : NULL;
    if (!degree) return BRAM_ENOMEM;
    for (size_t a = 0; a < c; a++) degree[a] = bram_row(out, a)[a];
    BRAM_TRY(bram_gemm(cx, out, 1, &w->shared, BRAM_AS_IS, &s->right, BRAM_AS_IS, 0));
    for (size_t a = 0; a < c; a++)
        self[a] = bram_row(out, a)[a] + 2 * w->own[a] * bram_row(&s->left, a)[a] +
                  w->own[a] * w->own[a] * degree[a];
    for (size_t a = 0; a < c; a++)
        for (size_t b = a; b < c; b++) {
            double gram = (bram_row(out, a)[b] + bram_row(out, b)[a]) / 2 +
                          w->own[b] * bram_row(&s->left, b)[a] +
                          w->own[a] * bram_row(&s->left, a)[b] -
                          w->own[a] * w->own[b] * bram_row(x, a)[b];
            double v = s->present[a * c + b] ? self[a] + self[b] - 2 * gram : 0;
            bram_row(out, a)[b] = bram_row(out, b)[a] = v;
        }
    return BRAM_OK;
}

static double inner(const bram_mat *a, const bram_mat *b, const double *times)
{
    double sum = 0;
    for (size_t i = 0; i < a->rows; i++) {
        double row = 0;
        for (size_t j = 0; j < i; j++) row += times[j] * bram_row(a, i)[j] * bram_row(b, i)[j];
        sum += times[i] * row;
    }
    return sum;
}

static void add(bram_mat *a, double factor, const bram_mat *b)
{
    for (size_t k = 0; k < a->rows * a->cols; k++) a->data[k] += factor * b->data[k];
}

/* x with V x = r on the pairs that are present, x being the closed form's at first. */
static int conjugate_gradients(bram_ctx *cx, struct solution *s)
{
    enum { MOST_STEPS = 500 };
    size_t bytes = s->x.rows * s->x.cols * sizeof *s->x.data;
    double begin = 0, before = 0;
    memset(s->x.data, 0, bytes);
    for (size_t step = 0; step < MOST_STEPS; step++) {
        size_t mark = bram_scratch_mark(cx);
        BRAM_TRY(closed_form(cx, &s->z, &s->r, s));
        double now = inner(&s->r, &s->z, s->w->times);
        if (step == 0) begin = now;
        if (!(now > 1e-28 * begin)) return BRAM_OK; /* the error's V-norm is 1e-14 of the whole */
        if (step) add(&s->z, now / before, &s->p);
        memcpy(s->p.data, s->z.data, bytes);
        before = now;
        BRAM_TRY(covary(cx, &s->q, &s->p, s));
        double along = now / inner(&s->p, &s->q, s->w->times);
        add(&s->x, along, &s->p);
        add(&s->r, -along, &s->q);
        bram_scratch_release(cx, mark);
    }
    return before <= 1e-20 * begin
               ? BRAM_OK
               : bram_fail(cx, BRAM_ENUMERIC,
                           "conjugate gradients with sigma do not converge in %d steps: it is "
                           "nearly singular",
                           MOST_STEPS);
}

static int whiten_full(bram_ctx *cx, double *dual, const bram_rdm_vector *v,
                       const bram_rdm_whitener *w, const bram_rdm_frame *f)
{
    size_t c = w->drawn;
    struct solution s = {.w = w, .present = bram_scratch(cx, c * c, 1)};
    if (!s.present) return BRAM_ENOMEM;
    bram_mat *mats[] = {&s.x, &s.r, &s.left, &s.right, &s.z, &s.p, &s.q};
    bool exact = w->complete && !w->copies;
    for (size_t k = 0; k < (exact ? 4 : 7); k++) BRAM_TRY(bram_mat_scratch(cx, mats[k], c, c));
    for (size_t a = 0; a < c; a++)
        for (size_t b = a + 1; b < c; b++) {
            size_t k = entry_of(w, f, a, b);
            if (k == BRAM_NO_ENTRY) continue;
            s.present[a * c + b] = s.present[b * c + a] = 1;
            bram_row(&s.r, a)[b] = bram_row(&s.r, b)[a] = bram_rdm_vector_at(v, f, k);
        }
    BRAM_TRY(exact ? closed_form(cx, &s.x, &s.r, &s) : conjugate_gradients(cx, &s));
    for (size_t a = 0; a < c; a++)
        for (size_t b = a + 1; b < c; b++)
            if (s.present[a * c + b])
                dual[entry_of(w, f, a, b)] = w->times[a] * w->times[b] * bram_row(&s.x, a)[b];
    return BRAM_OK;
}

/* ---- all kinds ------------------------------------------------------------------------------ */

int bram_rdm_whitener_new(bram_ctx *cx, bram_rdm_whitener *out, const bram_rdm_measure *m,
                          double own_share, const bram_rdm_frame *f)
{
    bram_rdm_whitener w = {.kind = m->sigma_kind, .drawn = f->drawn};
    w.complete = f->count == bram_rdm_pairs(f->drawn);
    w.condition = bram_scratch(cx, f->drawn, sizeof *w.condition);
    w.times = w.condition ? bram_scratch(cx, f->drawn, sizeof *w.times) : NULL;
    w.s = w.times ? bram_scratch(cx, f->drawn, sizeof *w.s) : NULL;
    w.diagonal = w.s ? bram_scratch(cx, f->drawn, sizeof *w.diagonal) : NULL;
    if (!w.diagonal) return BRAM_ENOMEM;
    for (size_t i = 0, a = 0; i < f->n; i++) {
        double times = bram_rdm_times(f, i);
        if (!(times > 0)) continue;
        w.condition[a] = i, w.times[a] = times;
        w.copies |= times > 1;
        w.s[a++] = w.kind == BRAM_SIGMA_UNIT       ? 1
                   : w.kind == BRAM_SIGMA_DIAGONAL ? m->sigma[i]
                                                   : m->sigma[i * f->n + i];
    }
    if (w.kind == BRAM_SIGMA_FULL) BRAM_TRY(prepare_full(cx, &w, m, own_share, f->n));
    else if (!w.complete || !rank_one(&w)) BRAM_TRY(factorize(cx, &w, f));
    *out = w;
    return BRAM_OK;
}

int bram_rdm_whiten_vector(bram_ctx *cx, double *dual, const bram_rdm_vector *v,
                           const bram_rdm_whitener *w, const bram_rdm_frame *f)
{
    size_t mark = bram_scratch_mark(cx);
    int status = w->kind == BRAM_SIGMA_FULL ? whiten_full(cx, dual, v, w, f)
                                            : whiten_diagonal(cx, dual, v, w, f);
    bram_scratch_release(cx, mark);
    return status;
}
