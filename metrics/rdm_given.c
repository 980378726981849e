/*
 * rdm_given.c - dissimilarity matrices that were made elsewhere; see rdm.h.
 */
#include "rdm.h"

#include "internal.h"

#include <math.h>

static const double given_tolerance = 1e-8;

static bool has(const bram_side *side, size_t i, size_t j)
{
    return !side->present || side->present[i * side->values.cols + j];
}

static int check_finite(bram_ctx *cx, const bram_side *side, double *largest)
{
    *largest = 0;
    for (size_t i = 0; i < side->values.rows; i++)
        for (size_t j = 0; j < side->values.cols; j++) {
            if (!has(side, i, j)) continue;
            double v = bram_row(&side->values, i)[j];
            if (!isfinite(v))
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the dissimilarity (%zu, %zu) is %g, expected a number (what is "
                                 "missing is masked)",
                                 i, j, v);
            *largest = fmax(*largest, fabs(v));
        }
    return BRAM_OK;
}

/* A diagonal of zeros and two equal triangles, as far as they are present. */
static int check_given(bram_ctx *cx, const bram_side *side, double allowed)
{
    const bram_mat *x = &side->values;
    for (size_t i = 0; i < x->rows; i++) {
        if (has(side, i, i) && fabs(bram_row(x, i)[i]) > allowed)
            return bram_fail(cx, BRAM_ENUMERIC,
                             "the dissimilarity of condition %zu with itself is "
                             "%g, expected 0: are these similarities?",
                             i, bram_row(x, i)[i]);
        for (size_t j = i + 1; j < x->rows; j++) {
            double above = bram_row(x, i)[j], below = bram_row(x, j)[i];
            if (has(side, i, j) && has(side, j, i) && fabs(above - below) > allowed)
                return bram_fail(cx, BRAM_ENUMERIC,
                                 "the dissimilarities (%zu, %zu) = %g and (%zu, "
                                 "%zu) = %g differ, expected a symmetric matrix",
                                 i, j, above, j, i, below);
        }
    }
    return BRAM_OK;
}

int bram_rdm_given(bram_ctx *cx, double **out, const bram_side *side)
{
    size_t n = side->values.rows;
    double largest = 0;
    if (n != side->values.cols || !n)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a dissimilarity matrix of %zu x %zu, expected a square one", n,
                         side->values.cols);
    BRAM_TRY(check_finite(cx, side, &largest));
    BRAM_TRY(check_given(cx, side, given_tolerance * largest));
    double *d = bram_alloc(cx, bram_rdm_pairs(n), sizeof *d);
    if (!d) return BRAM_ENOMEM;
    *out = d;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            *d++ = has(side, i, j) && has(side, j, i) ? bram_row(&side->values, i)[j] : (double)NAN;
    return BRAM_OK;
}
