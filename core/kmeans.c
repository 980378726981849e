/*
 * kmeans.c - k-means clustering; see kmeans.h.
 */
#include "kmeans.h"

#include <math.h>
#include <string.h>

static double squared_distance(const double *a, const double *b, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < 4; j++) sum[j] += (a[i + j] - b[i + j]) * (a[i + j] - b[i + j]);
    for (; i < n; i++) sum[0] += (a[i] - b[i]) * (a[i] - b[i]);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

size_t bram_kmeans_nearest(const bram_mat *centre, const double *row, double *distance)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t k = 0; k < centre->rows; k++) {
        double d = squared_distance(bram_row(centre, k), row, centre->cols);
        if (d < least) least = d, best = k;
    }
    *distance = least;
    return best;
}

/* Each seed is a row drawn with the square of its distance to the seeds before. */
static void seed(bram_mat *centre, double *distance, const bram_mat *x, bram_rng *g)
{
    for (size_t t = 0; t < x->rows; t++) distance[t] = 1;
    for (size_t k = 0; k < centre->rows; k++) {
        double sum = 0, u = bram_rng_uniform(g);
        size_t pick = 0;
        for (size_t t = 0; t < x->rows; t++) sum += distance[t];
        for (u *= sum; pick + 1 < x->rows && u >= distance[pick]; pick++) u -= distance[pick];
        memcpy(bram_row(centre, k), bram_row(x, pick), x->cols * sizeof(double));
        for (size_t t = 0; t < x->rows; t++) {
            double d = squared_distance(bram_row(x, t), bram_row(centre, k), x->cols);
            if (k == 0 || d < distance[t]) distance[t] = d;
        }
    }
}

/* @return whether any row went to another centre */
static bool assign(size_t *label, const bram_mat *centre, const bram_mat *x)
{
    bool moved = false;
    double distance;
    for (size_t t = 0; t < x->rows; t++) {
        size_t k = bram_kmeans_nearest(centre, bram_row(x, t), &distance);
        moved = moved || k != label[t];
        label[t] = k;
    }
    return moved;
}

static void move(bram_mat *centre, double *sum, const size_t *label, const bram_mat *x,
                 double *count)
{
    size_t n = x->cols;
    memset(sum, 0, centre->rows * n * sizeof *sum);
    memset(count, 0, centre->rows * sizeof *count);
    for (size_t t = 0; t < x->rows; t++) {
        double *to = sum + label[t] * n;
        const double *row = bram_row(x, t);
        for (size_t j = 0; j < n; j++) to[j] += row[j];
        count[label[t]]++;
    }
    for (size_t k = 0; k < centre->rows; k++)
        for (size_t j = 0; j < n && count[k] > 0; j++)
            bram_row(centre, k)[j] = sum[k * n + j] / count[k];
}

int bram_kmeans(bram_ctx *cx, bram_mat *centre, const bram_mat *x, size_t iterations, bram_rng *g)
{
    if (x->rows == 0 || centre->cols != x->cols)
        return bram_fail(cx, BRAM_ESHAPE, "%zu x %zu rows for centres of %zu columns", x->rows,
                         x->cols, centre->cols);
    size_t mark = bram_scratch_mark(cx), k = centre->rows;
    double *distance = bram_scratch(cx, x->rows + k + k * x->cols, sizeof *distance);
    size_t *label = bram_scratch(cx, x->rows, sizeof *label);
    int status = distance && label ? BRAM_OK : BRAM_ENOMEM;
    if (status == BRAM_OK) seed(centre, distance, x, g);
    for (size_t i = 0; i < iterations && status == BRAM_OK; i++) {
        if (!assign(label, centre, x) && i > 0) break;
        move(centre, distance + x->rows + k, label, x, distance + x->rows);
        status = bram_ctx_check_cancel(cx);
    }
    bram_scratch_release(cx, mark);
    return status;
}
