/*
 * stats.c - statistics; the only file that touches GSL (its distributions).
 */
#include "stats.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <stdlib.h>

enum { LANES = 8 };

void bram_stats_init(void)
{
    gsl_set_error_handler_off();
}

/* ---- moments -------------------------------------------------------------------------------- */

static double lanes_total(const double lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

double bram_sum(const double *x, size_t n)
{
    double lane[LANES] = {0};
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k];
    for (size_t i = whole; i < n; i++) lane[i - whole] += x[i];
    return lanes_total(lane);
}

/* Mean of x - origin. */
static double mean_about(const double *x, size_t n, double origin)
{
    double lane[LANES] = {0};
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += x[i + k] - origin;
    for (size_t i = whole; i < n; i++) lane[i - whole] += x[i] - origin;
    return lanes_total(lane) / (double)n;
}

/* Sum of products about ox + mx and oy + my; the offset and the mean are subtracted one by one. */
static double products_about(const double *x, const double *y, size_t n, double ox, double mx,
                             double oy, double my)
{
    double lane[LANES] = {0};
    size_t whole = n - n % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (size_t k = 0; k < LANES; k++) lane[k] += (x[i + k] - ox - mx) * (y[i + k] - oy - my);
    for (size_t i = whole; i < n; i++) lane[i - whole] += (x[i] - ox - mx) * (y[i] - oy - my);
    return lanes_total(lane);
}

double bram_mean(const double *x, size_t n)
{
    return n ? x[0] + mean_about(x, n, x[0]) : (double)NAN;
}

double bram_variance(const double *x, size_t n, size_t ddof)
{
    if (n <= ddof) return NAN;
    double m = mean_about(x, n, x[0]);
    return products_about(x, x, n, x[0], m, x[0], m) / (double)(n - ddof);
}

double bram_pearson(const double *x, const double *y, size_t n)
{
    if (n < 2) return NAN;
    double mx = mean_about(x, n, x[0]), my = mean_about(y, n, y[0]);
    double xx = products_about(x, x, n, x[0], mx, x[0], mx);
    double yy = products_about(y, y, n, y[0], my, y[0], my);
    if (!(xx > 0 && yy > 0)) return NAN;
    double r = products_about(x, y, n, x[0], mx, y[0], my) / sqrt(xx) / sqrt(yy);
    return r > 1 ? 1 : r < -1 ? -1 : r; /* beyond 1 by rounding only; NaN passes */
}

/* ---- order ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void bram_sort(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
}

void bram_select(double *x, size_t n, size_t k)
{
    size_t low = 0, high = n; /* the k-th smallest is in [low, high) */
    while (high - low > 1) {
        double a = x[low], b = x[low + (high - low) / 2], c = x[high - 1];
        double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        size_t i = low, j = high;
        for (;;) {
            while (x[i] < pivot) i++;
            while (x[j - 1] > pivot) j--;
            if (i + 1 >= j) break;
            double swap = x[i];
            x[i++] = x[j - 1];
            x[--j] = swap;
        }
        /* x[low .. j) <= pivot <= x[j .. high), or one value between that is the pivot itself */
        if (i + 1 == j && k == i) return;
        if (k < j) high = j == high ? j - 1 : j;
        else low = j == low ? j + 1 : j;
    }
}

double bram_quantile_select(double *x, size_t n, double p)
{
    if (!n || !(p >= 0 && p <= 1)) return NAN;
    double position = (double)(n - 1) * p;
    size_t below = (size_t)position;
    double part = position - (double)below;
    bram_select(x, n, below);
    if (part == 0 || below + 1 >= n) return x[below];
    double next = x[below + 1];
    for (size_t i = below + 2; i < n; i++) next = fmin(next, x[i]);
    return x[below] + part * (next - x[below]);
}

enum { MOST_BEYOND = 64 };

/* The `most` smallest of n values, ascending; with sign -1 the largest, negated. */
static void extremes(double kept[MOST_BEYOND], size_t most, const double *x, size_t n, double sign)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        double value = sign * x[i];
        if (count == most && !(value < kept[most - 1])) continue;
        size_t at = count < most ? count++ : most - 1;
        for (; at > 0 && kept[at - 1] > value; at--) kept[at] = kept[at - 1];
        kept[at] = value;
    }
}

void bram_quantile_pair(double out[2], double *x, size_t n, double low, double high)
{
    double kept[MOST_BEYOND];
    bool in_range = n > 1 && low >= 0 && high <= 1 && low <= high;
    double first = in_range ? (double)(n - 1) * low : 0;
    double second = in_range ? (double)(n - 1) * high : 0;
    size_t below = (size_t)first, above = n - (size_t)second; /* the largest from there on */
    if (!in_range || below + 2 > MOST_BEYOND || above > MOST_BEYOND || below + 2 > n) {
        out[0] = bram_quantile_select(x, n, low);
        out[1] = bram_quantile_select(x, n, high);
        return;
    }
    double part = first - (double)below;
    extremes(kept, below + 2, x, n, 1);
    out[0] = part == 0 ? kept[below] : kept[below] + part * (kept[below + 1] - kept[below]);
    part = second - (double)(size_t)second;
    extremes(kept, above, x, n, -1);
    double at = -kept[above - 1];
    out[1] = part == 0 || above < 2 ? at : at + part * (-kept[above - 2] - at);
}

static int check_no_nan(bram_ctx *cx, const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i])) return bram_fail(cx, BRAM_ENUMERIC, "value %zu of %zu is NaN", i, n);
    return BRAM_OK;
}

double bram_quantile_sorted(const double *sorted, size_t n, double p)
{
    if (!n || !(p >= 0 && p <= 1)) return NAN;
    double position = (double)(n - 1) * p;
    size_t below = (size_t)position;
    double part = position - (double)below;
    if (part == 0 || below + 1 >= n) return sorted[below];
    return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

int bram_quantile(bram_ctx *cx, double *out, const double *x, size_t n, double p)
{
    if (!n) return bram_fail(cx, BRAM_ESHAPE, "a quantile of no values");
    if (!(p >= 0 && p <= 1))
        return bram_fail(cx, BRAM_EUSAGE, "quantile %g, expected one in [0, 1]", p);
    BRAM_TRY(check_no_nan(cx, x, n));
    size_t mark = bram_scratch_mark(cx);
    double *sorted = bram_scratch(cx, n, sizeof *sorted);
    if (!sorted) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) sorted[i] = x[i];
    bram_sort(sorted, n);
    *out = bram_quantile_sorted(sorted, n, p);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_median(bram_ctx *cx, double *out, const double *x, size_t n)
{
    return bram_quantile(cx, out, x, n, 0.5);
}

struct placed {
    double value;
    size_t at;
};

/* By value, then by place: a total order, so that any sort gives the same result. */
static int by_value(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The values that are not NaN, sorted; their number in *kept. NULL without memory. */
static struct placed *sort_placed(bram_ctx *cx, const double *x, size_t n, size_t *kept)
{
    struct placed *p = bram_scratch(cx, n, sizeof *p);
    if (!p) return NULL;
    *kept = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) p[(*kept)++] = (struct placed){x[i], i};
    qsort(p, *kept, sizeof *p, by_value);
    return p;
}

int bram_ranks(bram_ctx *cx, double *ranks, const double *x, size_t n)
{
    BRAM_TRY(check_no_nan(cx, x, n));
    size_t mark = bram_scratch_mark(cx), kept;
    struct placed *p = sort_placed(cx, x, n, &kept);
    if (!p) return BRAM_ENOMEM;
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && p[end].value == p[first].value;) end++;
        for (size_t i = first; i < end; i++) ranks[p[i].at] = (double)(first + 1 + end) / 2;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_spearman(bram_ctx *cx, double *out, const double *x, const double *y, size_t n)
{
    size_t mark = bram_scratch_mark(cx);
    double *rx = bram_scratch(cx, n, sizeof *rx);
    double *ry = rx ? bram_scratch(cx, n, sizeof *ry) : NULL;
    int status = ry ? bram_ranks(cx, rx, x, n) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_ranks(cx, ry, y, n);
    if (status == BRAM_OK) *out = bram_pearson(rx, ry, n);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- distributions -------------------------------------------------------------------------- */

double bram_normal_tail(double z)
{
    return gsl_cdf_ugaussian_Q(z);
}

double bram_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1)) return NAN;
    return gsl_cdf_ugaussian_Pinv(p);
}

double bram_t_tail(double t, double df)
{
    if (isnan(t) || !(df > 0)) return NAN;
    return isinf(df) ? bram_normal_tail(t) : gsl_cdf_tdist_Q(t, df);
}

double bram_t_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1) || !(df > 0)) return NAN;
    return isinf(df) ? bram_normal_quantile(p) : gsl_cdf_tdist_Pinv(p, df);
}

double bram_chi_squared_tail(double x, double df)
{
    return gsl_cdf_chisq_Q(x, df);
}

/* ---- tests ---------------------------------------------------------------------------------- */

double bram_bootstrap_p(const double *draws, size_t n)
{
    size_t valid = 0, low = 0, high = 0;
    for (size_t i = 0; i < n; i++) {
        valid += !isnan(draws[i]);
        low += draws[i] <= 0;
        high += draws[i] >= 0;
    }
    if (!valid) return NAN;
    double p = 2 * (double)((low < high ? low : high) + 1) / (double)(valid + 1);
    return p < 1 ? p : 1;
}

int bram_holm(bram_ctx *cx, double *adjusted, const double *p, size_t n)
{
    size_t mark = bram_scratch_mark(cx), tests;
    struct placed *s = sort_placed(cx, p, n, &tests);
    if (!s) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) adjusted[i] = p[i]; /* the NaN ones stay */
    double largest = 0;
    for (size_t i = 0; i < tests; i++) {
        largest = fmax(largest, fmin(1, (double)(tests - i) * s[i].value));
        adjusted[s[i].at] = largest;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

int bram_fdr(bram_ctx *cx, double *adjusted, const double *p, size_t n)
{
    size_t mark = bram_scratch_mark(cx), tests;
    struct placed *s = sort_placed(cx, p, n, &tests);
    if (!s) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) adjusted[i] = p[i];
    double least = 1;
    for (size_t i = tests; i-- > 0;) {
        least = fmin(least, s[i].value * (double)tests / (double)(i + 1));
        adjusted[s[i].at] = least;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
