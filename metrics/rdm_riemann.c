/*
 * rdm_riemann.c - negative Riemannian distance of two RDMs; see rdm_compare.h.
 *
 * With G the Gram matrix about condition 0 (g_ii = d_0i, g_ij = (d_0i + d_0j - d_ij) / 2) and
 * Sigma = P S P', P = [-1 I], the distance is the least of |log eig(e^s Ga + e^t Sigma, Gb)| over s
 * and t. For t - s = u fixed, s only shifts the logarithms, so that their mean should be 0: what is
 * left is one number u, and sum (log mu - mean log mu)^2 of the eigenvalues mu of (Ga + e^u Sigma,
 * Gb). It is searched over a grid and refined by the golden section; the values reproduce to 1e-8
 * or so.
 *
 * Source: Shahbazi, Shirali, Aghajan & Nili 2021 (NeuroImage 239:118271).
 */
#include "rdm_frame.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>

struct riemann {
    const bram_rdm_set *a, *b;
    size_t n; /* conditions - 1 */
    bram_mat *out;
};

/* What one comparison searches: L^-1 (Ga + e^u Sigma) L^-T with L L' = Gb. */
struct search {
    bram_mat a, sigma, sum;
    double *values;
};

static void gram_about_first(bram_mat *g, const double *d, size_t n)
{
    const double *pair = d + n; /* d begins with the distances from condition 0 */
    for (size_t i = 0; i < n; i++) {
        bram_row(g, i)[i] = d[i];
        for (size_t j = i + 1; j < n; j++)
            bram_row(g, i)[j] = bram_row(g, j)[i] = (d[i] + d[j] - *pair++) / 2;
    }
}

static double sigma_at(const bram_rdm_measure *m, size_t n, size_t i, size_t j)
{
    if (m->sigma_kind == BRAM_SIGMA_FULL) return m->sigma[i * n + j];
    return i != j ? 0 : m->sigma_kind == BRAM_SIGMA_DIAGONAL ? m->sigma[i] : 1;
}

/* m = L^-1 m L^-T, symmetric m. */
static int whiten_both(bram_ctx *cx, bram_mat *m, const bram_mat *factor)
{
    BRAM_TRY(bram_triangular_solve(cx, factor, false, BRAM_AS_IS, m));
    for (size_t i = 0; i < m->rows; i++)
        for (size_t j = 0; j < i; j++) {
            double t = bram_row(m, i)[j];
            bram_row(m, i)[j] = bram_row(m, j)[i], bram_row(m, j)[i] = t;
        }
    return bram_triangular_solve(cx, factor, false, BRAM_AS_IS, m);
}

/* Sum of squares of the logarithms about their mean; infinite where an eigenvalue is not positive.
 */
static int spread(bram_ctx *cx, double *out, struct search *s, double u)
{
    size_t n = s->a.rows;
    for (size_t k = 0; k < n * n; k++) s->sum.data[k] = s->a.data[k] + exp(u) * s->sigma.data[k];
    BRAM_TRY(bram_eigh(cx, &s->sum, s->values));
    double mean = 0, sum = 0;
    *out = INFINITY;
    if (!(s->values[0] > 0)) return BRAM_OK;
    for (size_t k = 0; k < n; k++) mean += log(s->values[k]) / (double)n;
    for (size_t k = 0; k < n; k++) sum += pow(log(s->values[k]) - mean, 2);
    *out = sum;
    return BRAM_OK;
}

static int refine(bram_ctx *cx, double *best, struct search *s, double low, double high)
{
    enum { STEPS = 40 };
    const double ratio = 0.6180339887498949;
    double x = high - ratio * (high - low), y = low + ratio * (high - low), at_x, at_y;
    BRAM_TRY(spread(cx, &at_x, s, x));
    BRAM_TRY(spread(cx, &at_y, s, y));
    for (size_t step = 0; step < STEPS && high - low > 1e-7; step++) {
        *best = fmin(*best, fmin(at_x, at_y));
        if (at_x < at_y) {
            high = y, y = x, at_y = at_x;
            x = high - ratio * (high - low);
            BRAM_TRY(spread(cx, &at_x, s, x));
        } else {
            low = x, x = y, at_x = at_y;
            y = low + ratio * (high - low);
            BRAM_TRY(spread(cx, &at_y, s, y));
        }
    }
    *best = fmin(*best, fmin(at_x, at_y));
    return BRAM_OK;
}

static int search_for(bram_ctx *cx, double *best, struct search *s)
{
    enum { GRID = 17 };
    const double width = 2;
    double trace_a = 0, trace_sigma = 0, at = 0, value;
    for (size_t k = 0; k < s->a.rows; k++)
        trace_a += bram_row(&s->a, k)[k], trace_sigma += bram_row(&s->sigma, k)[k];
    const size_t middle_of_grid = GRID / 2;
    double middle = log(fmax(trace_a, 1e-300) / trace_sigma);
    *best = INFINITY;
    for (size_t g = 0; g < GRID; g++) {
        double u = middle + width * ((double)g - (double)middle_of_grid);
        BRAM_TRY(spread(cx, &value, s, u));
        if (value < *best) *best = value, at = u;
    }
    return isinf(*best) ? BRAM_OK : refine(cx, best, s, at - width, at + width);
}

static int compare_one(bram_ctx *cx, size_t task, void *user)
{
    struct riemann *r = user;
    size_t columns = r->b->rdm.rows, i = task / columns, j = task % columns, n = r->n;
    const bram_rdm_measure *m = &r->a->measure;
    struct search s;
    bram_mat factor;
    BRAM_TRY(bram_mat_scratch(cx, &factor, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s.a, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s.sigma, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s.sum, n, n));
    if (!(s.values = bram_scratch(cx, n, sizeof *s.values))) return BRAM_ENOMEM;
    gram_about_first(&s.a, bram_row(&r->a->rdm, i), n);
    gram_about_first(&factor, bram_row(&r->b->rdm, j), n);
    for (size_t k = 0; k < n; k++)
        for (size_t l = 0; l < n; l++)
            bram_row(&s.sigma, k)[l] = sigma_at(m, n + 1, 0, 0) + sigma_at(m, n + 1, k + 1, l + 1) -
                                       sigma_at(m, n + 1, 0, k + 1) - sigma_at(m, n + 1, 0, l + 1);
    double low = INFINITY, high = 0;
    bool definite = bram_cholesky(cx, &factor) == BRAM_OK;
    for (size_t k = 0; k < n; k++)
        low = fmin(low, bram_row(&factor, k)[k]), high = fmax(high, bram_row(&factor, k)[k]);
    if (!definite || !(low > 1e-6 * high))
        return bram_fail(
            cx, BRAM_ENOTAPPLICABLE,
            "RDM %zu is not one of %zu conditions in general position (its Gram matrix "
            "is not of full rank): neg_riem_dist is not defined",
            j, n + 1);
    BRAM_TRY(whiten_both(cx, &s.a, &factor));
    BRAM_TRY(whiten_both(cx, &s.sigma, &factor));
    double best;
    BRAM_TRY(search_for(cx, &best, &s));
    bram_row(r->out, i)[j] = isinf(best) ? (double)NAN : -sqrt(best);
    return BRAM_OK;
}

int bram_rdm_riemann(bram_ctx *cx, bram_mat *out, const bram_rdm_set *a, const bram_rdm_set *b,
                     const bram_rdm_frame *f)
{
    for (size_t i = 0; i < f->n; i++)
        if (bram_rdm_times(f, i) != 1)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "condition %zu is there %g times: neg_riem_dist takes whole RDMs only",
                             i, bram_rdm_times(f, i));
    if (f->count != f->pairs)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu of %zu pairs are missing: neg_riem_dist needs whole RDMs",
                         f->pairs - f->count, f->pairs);
    struct riemann r = {a, b, f->n - 1, out};
    return bram_parallel_for(cx, a->rdm.rows * b->rdm.rows, compare_one, &r);
}
