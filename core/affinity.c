/*
 * affinity.c - which pairs of traces change together; see affinity.h.
 */
#include "affinity.h"

#include <math.h>

static int check(bram_ctx *cx, const bram_mat *x, bram_affinity_kernel kernel, size_t half,
                 double sigma)
{
    if (x->rows < 2 || x->cols < 2)
        return bram_fail(cx, BRAM_ESHAPE, "traces are %zu rows of %zu, expected 2 or more of each",
                         x->rows, x->cols);
    if (half == 0) return bram_fail(cx, BRAM_EUSAGE, "a window of no rows has no slope");
    if (kernel == BRAM_AFFINITY_GAUSSIAN && !(sigma > 0 && isfinite(sigma)))
        return bram_fail(cx, BRAM_EUSAGE, "sigma is %g, expected a number above 0", sigma);
    for (size_t t = 0; t < x->rows; t++)
        for (size_t i = 0; i < x->cols; i++)
            if (!isfinite(bram_row(x, t)[i]))
                return bram_fail(cx, BRAM_ENUMERIC, "row %zu of trace %zu is %g", t, i,
                                 bram_row(x, t)[i]);
    return BRAM_OK;
}

/* 1 / the standard deviation of a trace, about its first value; 0 for a constant one. */
static double scale_of(const bram_mat *x, size_t i)
{
    double first = bram_row(x, 0)[i], mean = 0, sum = 0, n = (double)x->rows;
    for (size_t t = 0; t < x->rows; t++) mean += (bram_row(x, t)[i] - first) / n;
    for (size_t t = 0; t < x->rows; t++) {
        double d = bram_row(x, t)[i] - first - mean;
        sum += d * d / n;
    }
    return sum > 0 ? 1 / sqrt(sum) : 0;
}

/* slope: rows x cols, a bin. */
static void find_slopes(double *slope, const bram_mat *x, size_t half)
{
    size_t n = x->rows;
    for (size_t i = 0; i < x->cols; i++) {
        double scale = scale_of(x, i);
        for (size_t t = 0; t < n; t++) {
            size_t low = t > half ? t - half : 0, high = t + half < n ? t + half : n - 1;
            double middle = (double)(low + high) / 2, top = 0, bottom = 0;
            double here = bram_row(x, t)[i];
            for (size_t u = low; u <= high; u++) {
                double c = (double)u - middle;
                top += c * (bram_row(x, u)[i] - here), bottom += c * c;
            }
            slope[t * x->cols + i] = scale * top / bottom;
        }
    }
}

static double root_mean_square(const double *v, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++) sum += v[k] * v[k] / (double)n;
    return sqrt(sum);
}

int bram_affinity(bram_ctx *cx, double *out, const bram_mat *x, bram_affinity_kernel kernel,
                  size_t half, double sigma)
{
    BRAM_TRY(check(cx, x, kernel, half, sigma));
    size_t n = x->cols, mark = bram_scratch_mark(cx);
    double *slope = bram_scratch(cx, x->rows * n, sizeof *slope);
    if (!slope) return BRAM_ENOMEM;
    find_slopes(slope, x, half);
    double width = sigma * root_mean_square(slope, x->rows * n);
    for (size_t t = 0; t < x->rows; t++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = i + 1; j < n; j++, out++) {
                double a = slope[t * n + i], b = slope[t * n + j], s = sqrt(fabs(a) * fabs(b));
                if (kernel == BRAM_AFFINITY_DIFFERENTIAL) *out = (a > 0) == (b > 0) ? s : 0;
                else *out = width > 0 ? s * exp(-(a - b) * (a - b) / (2 * width * width)) : 0;
            }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
