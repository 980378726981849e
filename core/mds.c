/*
 * mds.c - classical scaling, SMACOF, Procrustes; see mds.h.
 */
#include "mds.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static size_t pairs_of(size_t n)
{
    return n ? n * (n - 1) / 2 : 0;
}

/* The mean of the pairs that are there. */
static int mean_of_pairs(bram_ctx *cx, double *mean, const double *pairs, size_t n)
{
    double sum = 0;
    size_t count = 0;
    for (size_t k = 0; k < pairs_of(n); k++) {
        if (isinf(pairs[k]))
            return bram_fail(cx, BRAM_ENUMERIC, "a dissimilarity is infinite (pair %zu)", k + 1);
        if (!isnan(pairs[k])) sum += pairs[k], count++;
    }
    if (!count) return bram_fail(cx, BRAM_ENUMERIC, "no dissimilarity is there to scale");
    *mean = sum / (double)count;
    return BRAM_OK;
}

static int check_shape(bram_ctx *cx, const bram_mat *points)
{
    if (points->rows >= 2 && points->cols >= 1 && points->cols <= points->rows) return BRAM_OK;
    return bram_fail(cx, BRAM_ESHAPE,
                     "%zu points in %zu dimensions, expected 2 or more in no more "
                     "dimensions than points",
                     points->rows, points->cols);
}

/* ---- classical ------------------------------------------------------------------------------ */

/* b = -1/2 J D^2 J */
static void centre_squares(bram_mat *b, const double *pairs, double missing, double *row)
{
    size_t n = b->rows;
    double all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, pairs++) {
            double d = isnan(*pairs) ? missing : *pairs;
            bram_row(b, i)[j] = bram_row(b, j)[i] = d * d;
        }
    for (size_t i = 0; i < n; i++) {
        row[i] = 0;
        for (size_t j = 0; j < n; j++) row[i] += bram_row(b, i)[j] / (double)n;
        all += row[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            bram_row(b, i)[j] = -0.5 * (bram_row(b, i)[j] - row[i] - row[j] + all);
}

int bram_mds_classical(bram_ctx *cx, bram_mat *points, double *share, const double *pairs)
{
    size_t n = points->rows, mark = bram_scratch_mark(cx);
    double mean, positive = 0, used = 0;
    bram_mat b;
    BRAM_TRY(check_shape(cx, points));
    BRAM_TRY(mean_of_pairs(cx, &mean, pairs, n));
    BRAM_TRY(bram_mat_scratch(cx, &b, n, n));
    double *values = bram_scratch(cx, n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    centre_squares(&b, pairs, mean, values);
    BRAM_TRY(bram_eigh(cx, &b, values));
    for (size_t i = 0; i < n; i++) positive += fmax(values[i], 0);
    for (size_t k = 0; k < points->cols; k++) {
        double value = fmax(values[n - 1 - k], 0);
        used += value;
        for (size_t i = 0; i < n; i++)
            bram_row(points, i)[k] = sqrt(value) * bram_row(&b, n - 1 - k)[i];
    }
    if (share) *share = used / positive;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- stress --------------------------------------------------------------------------------- */

static double distance(const bram_mat *x, size_t i, size_t j)
{
    double sum = 0;
    for (size_t k = 0; k < x->cols; k++) {
        double d = bram_row(x, i)[k] - bram_row(x, j)[k];
        sum += d * d;
    }
    return sqrt(sum);
}

/* The sum of squared errors, and of squared distances, over the pairs that are there. */
static double raw_stress(const bram_mat *x, const double *pairs, double *distances)
{
    double errors = 0;
    *distances = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = i + 1; j < x->rows; j++, pairs++) {
            if (isnan(*pairs)) continue;
            double d = distance(x, i, j), error = d - fmax(*pairs, 0);
            errors += error * error;
            *distances += d * d;
        }
    return errors;
}

double bram_mds_stress(const bram_mat *points, const double *pairs)
{
    double distances, errors = raw_stress(points, pairs, &distances);
    return distances > 0 ? sqrt(errors / distances) : (double)NAN;
}

/*
 * Guttman's transform: x_i = 1/n sum_j (delta_ij / d_ij)(y_i - y_j). A missing pair takes its
 * distance as it is for its dissimilarity: it adds nothing to the stress, before as after.
 */
static void guttman(bram_mat *x, const bram_mat *y, const double *pairs)
{
    size_t n = y->rows, dims = y->cols;
    memset(x->data, 0, n * dims * sizeof *x->data);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, pairs++) {
            double d = distance(y, i, j), delta = isnan(*pairs) ? d : fmax(*pairs, 0);
            double part = d > 0 ? delta / d / (double)n : 0;
            for (size_t k = 0; k < dims; k++) {
                double step = part * (bram_row(y, i)[k] - bram_row(y, j)[k]);
                bram_row(x, i)[k] += step, bram_row(x, j)[k] -= step;
            }
        }
}

int bram_mds_smacof(bram_ctx *cx, bram_mat *points, double *stress, const double *pairs,
                    size_t most, double tolerance)
{
    size_t n = points->rows, mark = bram_scratch_mark(cx);
    double distances, mean;
    bram_mat next, now;
    BRAM_TRY(check_shape(cx, points));
    BRAM_TRY(mean_of_pairs(cx, &mean, pairs, n));
    BRAM_TRY(bram_mat_scratch(cx, &next, n, points->cols));
    BRAM_TRY(bram_mat_scratch(cx, &now, n, points->cols));
    for (size_t i = 0; i < n; i++)
        memcpy(bram_row(&now, i), bram_row(points, i), points->cols * sizeof(double));
    double before = raw_stress(&now, pairs, &distances);
    for (size_t step = 0; step < most; step++) {
        BRAM_TRY(bram_ctx_check_cancel(cx));
        guttman(&next, &now, pairs);
        bram_mat other = now;
        now = next, next = other;
        double after = raw_stress(&now, pairs, &distances);
        bool done = before - after <= tolerance * before;
        before = after;
        if (done) break;
    }
    for (size_t i = 0; i < n; i++)
        memcpy(bram_row(points, i), bram_row(&now, i), points->cols * sizeof(double));
    *stress = distances > 0 ? sqrt(before / distances) : (double)NAN;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- Procrustes ----------------------------------------------------------------------------- */

static void centre(bram_mat *out, double *mean, const bram_mat *x)
{
    for (size_t k = 0; k < x->cols; k++) {
        mean[k] = 0;
        for (size_t i = 0; i < x->rows; i++) mean[k] += bram_row(x, i)[k] / (double)x->rows;
        for (size_t i = 0; i < x->rows; i++) bram_row(out, i)[k] = bram_row(x, i)[k] - mean[k];
    }
}

/* The rotation is U V' of the singular value decomposition of x' y, both centred. */
int bram_mds_align(bram_ctx *cx, bram_mat *points, const bram_mat *target, bool scale)
{
    size_t n = points->rows, dims = points->cols, mark = bram_scratch_mark(cx);
    if (n != target->rows || dims != target->cols)
        return bram_fail(cx, BRAM_ESHAPE, "points are %zu x %zu, their partners %zu x %zu", n, dims,
                         target->rows, target->cols);
    bram_mat x, y, cross, u, vt, turn, moved;
    BRAM_TRY(bram_mat_scratch(cx, &x, n, dims));
    BRAM_TRY(bram_mat_scratch(cx, &y, n, dims));
    BRAM_TRY(bram_mat_scratch(cx, &cross, dims, dims));
    BRAM_TRY(bram_mat_scratch(cx, &u, dims, dims));
    BRAM_TRY(bram_mat_scratch(cx, &vt, dims, dims));
    BRAM_TRY(bram_mat_scratch(cx, &turn, dims, dims));
    BRAM_TRY(bram_mat_scratch(cx, &moved, n, dims));
    double *mean = bram_scratch(cx, dims, 2 * sizeof *mean);
    if (!mean) return BRAM_ENOMEM;
    double *singular = mean + dims, size = 1, squares = 0, sum = 0;
    centre(&x, mean, points);
    centre(&y, mean, target);
    BRAM_TRY(bram_gemm(cx, &cross, 1, &x, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 0));
    BRAM_TRY(bram_svd(cx, &u, singular, &vt, &cross));
    BRAM_TRY(bram_gemm(cx, &turn, 1, &u, BRAM_AS_IS, &vt, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dims; k++) squares += bram_row(&x, i)[k] * bram_row(&x, i)[k];
    for (size_t k = 0; k < dims; k++) sum += singular[k];
    if (scale && squares > 0) size = sum / squares;
    BRAM_TRY(bram_gemm(cx, &moved, size, &x, BRAM_AS_IS, &turn, BRAM_AS_IS, 0));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < dims; k++) bram_row(points, i)[k] = bram_row(&moved, i)[k] + mean[k];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
