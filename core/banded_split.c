/*
 * banded_split.c - how well a joint prediction does, split among the feature spaces whose
 * predictions it is the sum of; see banded.h. All splits follow from the products of truth and
 * predictions summed over rows, so that a bootstrap draw needs these sums alone.
 *
 * Sources: himalaya (Dupre la Tour et al. 2022: r2 and correlation splits); Genizi 1993 and Johnson
 * 2000 for relative weights.
 */
#include "banded.h"
#include "linalg.h"

#include <math.h>
#include <string.h>

size_t bram_share_moments(size_t spaces)
{
    return 1 + spaces + spaces * (spaces + 1) / 2;
}

void bram_share_add(double *moment, double weight, double y, const double *part, size_t spaces)
{
    double *at = moment;
    *at++ += weight * y * y;
    for (size_t i = 0; i < spaces; i++) *at++ += weight * part[i] * y;
    for (size_t i = 0; i < spaces; i++)
        for (size_t j = i; j < spaces; j++) *at++ += weight * part[i] * part[j];
}

/* p_i p_j out of the upper triangle. */
static double product(const double *triangle, size_t spaces, size_t i, size_t j)
{
    size_t a = i < j ? i : j, b = i < j ? j : i;
    return triangle[a * spaces - a * (a + 1) / 2 + b];
}

/*
 * With G the products of the predictions and L its symmetric root, the closest orthonormal vectors
 * Z have P = Z L: space i lies along z_k by L_ik, and p along it by g_k = sum over i of L_ik. Space
 * i has of g_k^2 the share L_ik^2 / G_kk.
 */
static int relative(bram_ctx *cx, double *out, const double *triangle, size_t n, double sum,
                    double *scratch)
{
    bram_mat v = {scratch, n, n, n};
    double *root = scratch + n * n, *value = root + n * n, *along = value + n, all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) v.data[i * n + j] = product(triangle, n, i, j);
    BRAM_TRY(bram_eigh(cx, &v, value));
    memset(root, 0, n * n * sizeof *root);
    memset(along, 0, n * sizeof *along);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                root[i * n + j] += sqrt(fmax(value[k], 0)) * v.data[k * n + i] * v.data[k * n + j];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) along[k] += root[i * n + k];
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < n; k++) {
        double own = product(triangle, n, k, k), square = along[k] * along[k];
        for (size_t i = 0; i < n && own > 0; i++)
            out[i] += root[i * n + k] * root[i * n + k] / own * square;
        all += square;
    }
    for (size_t i = 0; i < n; i++) out[i] = all > 0 ? out[i] / all * sum : 0;
    return BRAM_OK;
}

int bram_share_of(bram_ctx *cx, double *out, const double *moment, size_t spaces, bram_share how,
                  double *scratch)
{
    double yy = moment[0], all = 0, sum = 0;
    const double *py = moment + 1, *triangle = py + spaces;
    for (size_t i = 0; i < spaces; i++) {
        double own = 0;
        for (size_t j = 0; j < spaces; j++) own += product(triangle, spaces, i, j);
        out[i] = yy > 0 ? (2 * py[i] - own) / yy : (double)NAN;
        sum += out[i], all += own;
    }
    for (size_t i = 0; how == BRAM_SHARE_CORRELATION && i < spaces; i++)
        out[i] = yy > 0 && all > 0 ? py[i] / sqrt(yy) / sqrt(all) : (double)NAN;
    if (how != BRAM_SHARE_RELATIVE || !(yy > 0)) return BRAM_OK;
    return relative(cx, out, triangle, spaces, sum, scratch);
}

static double mean_of(const bram_mat *m, size_t j)
{
    double mean = 0;
    for (size_t i = 1; i < m->rows; i++) mean += bram_row(m, i)[j] - m->data[j];
    return m->data[j] + mean / (double)m->rows;
}

int bram_banded_split(bram_ctx *cx, bram_mat *out, bram_share how, const bram_mat *part,
                      size_t spaces, const bram_mat *y)
{
    size_t mark = bram_scratch_mark(cx), moments = bram_share_moments(spaces);
    double *mean = bram_scratch(cx, 3 * spaces, sizeof *mean);
    double *moment = mean ? bram_scratch(cx, moments, sizeof *moment) : NULL;
    double *scratch = moment ? bram_scratch(cx, spaces + 1, 2 * spaces * sizeof *scratch) : NULL;
    if (!scratch) return BRAM_ENOMEM;
    double *row = mean + spaces, *share = row + spaces;
    for (size_t k = 0; k < spaces; k++)
        if (part[k].rows != y->rows || part[k].cols != y->cols)
            return bram_fail(cx, BRAM_ESHAPE, "part %zu is %zu x %zu, the truth %zu x %zu", k,
                             part[k].rows, part[k].cols, y->rows, y->cols);
    for (size_t j = 0; j < y->cols; j++) {
        double middle = mean_of(y, j);
        memset(moment, 0, moments * sizeof *moment);
        for (size_t k = 0; k < spaces; k++) mean[k] = mean_of(&part[k], j);
        for (size_t i = 0; i < y->rows; i++) {
            for (size_t k = 0; k < spaces; k++) row[k] = bram_row(&part[k], i)[j] - mean[k];
            bram_share_add(moment, 1, bram_row(y, i)[j] - middle, row, spaces);
        }
        BRAM_TRY(bram_share_of(cx, share, moment, spaces, how, scratch));
        for (size_t k = 0; k < spaces; k++) bram_row(out, k)[j] = share[k];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
