/*
 * rsa_tests.c - p-values of an inference; see rsa_inference.h.
 */
#include "rsa_inference.h"

#include "stats.h"

#include <float.h>
#include <math.h>

double bram_rsa_t_test(double value, double variance, double dof, bool two_sided)
{
    if (isnan(value) || isnan(variance) || !(dof >= 1)) return NAN;
    double t = value / sqrt(fmax(variance, DBL_EPSILON));
    return two_sided ? fmin(1, 2 * bram_t_tail(fabs(t), dof)) : bram_t_tail(t, dof);
}

double bram_rsa_bootstrap_above(const double *draws, size_t n)
{
    size_t valid = 0, below = 0;
    for (size_t k = 0; k < n; k++)
        if (!isnan(draws[k])) valid++, below += draws[k] <= 0;
    return valid ? (double)(below + 1) / (double)(valid + 1) : (double)NAN;
}

double bram_rsa_bootstrap_above_compat(const double *draws, size_t n)
{
    size_t below = 0;
    for (size_t k = 0; k < n; k++) below += draws[k] <= 0;
    return (double)(below + 1) / (double)n;
}

double bram_rsa_bootstrap_pair_compat(const double *a, const double *b, size_t n)
{
    double above = 0, differ = 0, count = (double)n;
    for (size_t k = 0; k < n; k++) above += a[k] > b[k], differ += a[k] != b[k];
    if (!(differ > 0)) return 1;
    double q = above / differ;
    return 2 * fmin(q, 1 - q) * (count - 1) / count + 1 / count;
}

/* ---- signed ranks --------------------------------------------------------------------------- */

/* The share of all ways to give n ranks a sign whose positive ranks add up to at most `sum`. */
static int exact_tail(bram_ctx *cx, double *p, size_t n, double sum)
{
    size_t most = n * (n + 1) / 2;
    double *ways = bram_scratch(cx, most + 1, sizeof *ways);
    if (!ways) return BRAM_ENOMEM;
    ways[0] = 1;
    for (size_t rank = 1; rank <= n; rank++) {
        for (size_t s = most; s >= rank; s--) ways[s] = (ways[s] + ways[s - rank]) / 2;
        for (size_t s = 0; s < rank; s++) ways[s] /= 2;
    }
    double tail = 0;
    for (size_t s = 0; s <= most && (double)s <= sum; s++) tail += ways[s];
    *p = tail;
    return BRAM_OK;
}

static int signed_rank(bram_ctx *cx, double *p, const double *x, size_t n)
{
    enum { EXACT = 50 };
    double *size = bram_scratch(cx, n, sizeof *size);
    double *rank = size ? bram_scratch(cx, n, sizeof *rank) : NULL;
    double positive = 0, ties = 0;
    size_t left = 0;
    if (!rank) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++)
        if (x[k] != 0) size[left++] = fabs(x[k]);
    *p = NAN;
    if (!left) return BRAM_OK;
    BRAM_TRY(bram_ranks(cx, rank, size, left));
    for (size_t k = 0, at = 0; k < n; k++)
        if (x[k] != 0) positive += x[k] > 0 ? rank[at] : 0, at++;
    bram_sort(size, left);
    for (size_t k = 0, end; k < left; k = end) {
        for (end = k; end < left && size[end] == size[k];) end++;
        double run = (double)(end - k);
        ties += run * run * run - run;
    }
    double count = (double)left, all = count * (count + 1) / 2,
           less = fmin(positive, all - positive);
    if (ties == 0 && left == n && left <= EXACT) {
        BRAM_TRY(exact_tail(cx, p, left, less));
        *p = fmin(1, 2 * *p);
        return BRAM_OK;
    }
    double variance = count * (count + 1) * (2 * count + 1) / 24 - ties / 48;
    *p = fmin(1, 2 * bram_normal_tail(fmax(0, all / 2 - less - 0.5) / sqrt(variance)));
    return BRAM_OK;
}

int bram_rsa_signed_rank(bram_ctx *cx, double *p, const double *x, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (isnan(x[k])) {
            *p = NAN;
            return BRAM_OK;
        }
    size_t mark = bram_scratch_mark(cx);
    int status = signed_rank(cx, p, x, n);
    bram_scratch_release(cx, mark);
    return status;
}
