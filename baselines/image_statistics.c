/*
 * image_statistics.c - what a picture's values are like, wherever they stand: 25 numbers.
 *
 *   0..11   of luminance Y = 0.299 R + 0.587 G + 0.114 B, of red-green R - G and of yellow-blue
 *           (R + G) / 2 - B: mean, standard deviation, skewness m3 / m2^1.5, kurtosis m4 / m2^2
 *           (moments about the mean over n pixels; of a constant both are 0)
 *   12..17  mean and standard deviation of R, of G, of B
 *   18..22  quantiles 0.05, 0.25, 0.5, 0.75, 0.95 of Y, linear between order statistics
 *   23      colourfulness sqrt(var rg + var yb) + 0.3 sqrt(mean rg^2 + mean yb^2)
 *           (Hasler & Suesstrunk 2003, SPIE 5007:87, values 0 to 1 instead of 0 to 255)
 *   24      mean over pixels of the length of Y's gradient (differences to the next column and row)
 *
 * The mean of Y is the luminance, its standard deviation the RMS contrast.
 */
#include "image_model.h"

#include <math.h>
#include <stdlib.h>

enum { STATISTICS = 25 };

static const bram_param params[] = {BRAM_IMAGE_PARAMS("1")};

static void moments(double *out, size_t kinds, const double *x, size_t n)
{
    double mean = 0, m2 = 0, m3 = 0, m4 = 0, count = (double)n;
    for (size_t i = 0; i < n; i++) mean += x[i] / count;
    for (size_t i = 0; i < n; i++) {
        double d = x[i] - mean, dd = d * d;
        m2 += dd / count, m3 += dd * d / count, m4 += dd * dd / count;
    }
    bool constant = m2 < 1e-14; /* rounding of equal values */
    double all[4] = {mean, sqrt(m2), constant ? 0 : m3 / (m2 * sqrt(m2)),
                     constant ? 0 : m4 / (m2 * m2)};
    for (size_t k = 0; k < kinds; k++) out[k] = all[k];
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t k = (size_t)at;
    if (k + 1 >= n) return sorted[n - 1];
    return sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]);
}

static double mean_gradient(const double *y, size_t rows, size_t cols)
{
    double sum = 0;
    if (rows < 2 || cols < 2) return 0;
    for (size_t i = 0; i + 1 < rows; i++)
        for (size_t j = 0; j + 1 < cols; j++) {
            double here = y[i * cols + j];
            sum += hypot(y[i * cols + j + 1] - here, y[(i + 1) * cols + j] - here);
        }
    return sum / (double)((rows - 1) * (cols - 1));
}

static int compute(bram_ctx *cx, double *const *row, const void *state, const bram_image *im)
{
    (void)state;
    static const double quantiles[] = {0.05, 0.25, 0.5, 0.75, 0.95};
    size_t n = im->rows * im->cols;
    double *out = row[0], *plane[6]; /* Y, rg, yb, R, G, B */
    for (size_t k = 0; k < 6; k++)
        if (!(plane[k] = bram_scratch(cx, n, sizeof *plane[k]))) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        double r = im->values[3 * i], g = im->values[3 * i + 1], b = im->values[3 * i + 2];
        plane[0][i] = 0.299 * r + 0.587 * g + 0.114 * b;
        plane[1][i] = r - g, plane[2][i] = (r + g) / 2 - b;
        plane[3][i] = r, plane[4][i] = g, plane[5][i] = b;
    }
    for (size_t k = 0; k < 3; k++) moments(out + 4 * k, 4, plane[k], n);
    for (size_t k = 0; k < 3; k++) moments(out + 12 + 2 * k, 2, plane[3 + k], n);
    out[23] = hypot(out[5], out[9]) + 0.3 * hypot(out[4], out[8]);
    out[24] = mean_gradient(plane[0], im->rows, im->cols);
    qsort(plane[0], n, sizeof *plane[0], ascending);
    for (size_t k = 0; k < 5; k++) out[18 + k] = quantile(plane[0], n, quantiles[k]);
    return BRAM_OK;
}

static int make(bram_ctx *cx, bram_image_plan *plan, const bram_options *o)
{
    (void)cx, (void)o;
    *plan = (bram_image_plan){
        .channels = 3, .layers = 1, .layer = {{"statistics", STATISTICS}}, .compute = compute};
    return BRAM_OK;
}

BRAM_IMAGE_FIT(make, bram_model_image_statistics)

const bram_model bram_model_image_statistics = {
    .name = "image-statistics",
    .summary = "luminance, contrast and colour of the pictures: moments, quantiles, colourfulness",
    .source = "moments; Hasler & Suesstrunk 2003, SPIE 5007:87 for colourfulness",
    .version = 1,
    .params = params,
    BRAM_IMAGE_ENTRY,
};
