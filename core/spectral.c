/*
 * spectral.c - the nuclear norm and bases; see spectral.h.
 *
 * The nuclear norm of a large matrix comes from the eigenvalues of its smaller Gram matrix, which
 * take a quarter of the time of a singular value decomposition. An eigenvalue is known to about
 * eps s_1^2, so s_i to eps s_1^2 / s_i: where small ones could spoil the sum, as these bounds added
 * up tell, the decomposition is made after all.
 */
#include "spectral.h"

#include <float.h>
#include <math.h>

enum { SMALL_SIDE = 64 }; /* below, nothing is to be gained */

static const double allowed = 1e-13; /* of the sum */

/* The sum of roots, and how far it may be off. */
static double sum_of_roots(const double *squared, size_t k, double *off)
{
    double sum = 0, largest = k ? fmax(squared[k - 1], 0) : 0, error = DBL_EPSILON * largest;
    *off = 0;
    for (size_t i = 0; i < k; i++) {
        double s = sqrt(fmax(squared[i], 0));
        sum += s;
        *off += s > sqrt(error) ? error / (2 * s) : sqrt(error);
    }
    return sum;
}

static int by_gram(bram_ctx *cx, double *out, bool *good, const bram_mat *m)
{
    size_t k = m->rows < m->cols ? m->rows : m->cols;
    bram_mat gram;
    double *values = bram_scratch(cx, k, sizeof *values), off;
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &gram, k, k));
    BRAM_TRY(bram_syrk(cx, &gram, 1, m, m->rows < m->cols ? BRAM_AS_IS : BRAM_TRANSPOSED, 0));
    BRAM_TRY(bram_eigh_values(cx, &gram, values));
    double sum = sum_of_roots(values, k, &off);
    *good = sum > 0 && off <= allowed * sum;
    if (*good) *out = sum;
    return BRAM_OK;
}

static int nuclear_norm(bram_ctx *cx, double *out, const bram_mat *m)
{
    size_t k = m->rows < m->cols ? m->rows : m->cols;
    bool good = false;
    if (k >= SMALL_SIDE) BRAM_TRY(by_gram(cx, out, &good, m));
    if (good) return BRAM_OK;
    double *s = bram_scratch(cx, k, sizeof *s), sum = 0;
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_svd(cx, NULL, s, NULL, m));
    for (size_t i = 0; i < k; i++) sum += s[i];
    *out = sum;
    return BRAM_OK;
}

int bram_nuclear_norm(bram_ctx *cx, double *out, const bram_mat *m)
{
    size_t mark = bram_scratch_mark(cx);
    int status = nuclear_norm(cx, out, m);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_left_basis(bram_ctx *cx, bram_mat *u, double **s, const bram_mat *x)
{
    size_t k = x->rows < x->cols ? x->rows : x->cols, rank = 0;
    double most = (double)(x->rows > x->cols ? x->rows : x->cols), *values;
    bram_mat left, right;
    BRAM_TRY(bram_mat_scratch(cx, &left, x->rows, k));
    BRAM_TRY(bram_mat_scratch(cx, &right, k, x->cols));
    if (!(values = bram_scratch(cx, k, sizeof *values))) return BRAM_ENOMEM;
    BRAM_TRY(bram_svd(cx, &left, values, &right, x));
    while (rank < k && values[rank] > most * DBL_EPSILON * values[0]) rank++;
    *u = (bram_mat){left.data, x->rows, rank, left.stride};
    *s = values;
    return BRAM_OK;
}
