/*
 * alignment.c - orthogonal Procrustes by the singular values of a cross-product; see alignment.h.
 *
 * inner = |A'B|_* (nuclear norm; Schoenemann 1966). Two equal matrices have inner = |A|^2 up to
 * rounding, of which an arccos would make 1e-8: near 1 the rotation itself is found, and the angle
 * is 2 asin(|A - B Q| / 2) of unit-norm A and B.
 */
#include "alignment.h"

#include "patterns.h"
#include "spectral.h"

#include <math.h>

/* of 1: cosines within this of 1 lose digits that the distance has */
static const double near_one = 1e-2;

bram_form bram_form_of(const bram_options *o)
{
    return bram_option_is(o, "output", "angular")     ? BRAM_ANGULAR
           : bram_option_is(o, "output", "euclidean") ? BRAM_EUCLIDEAN
           : bram_option_is(o, "output", "squared")   ? BRAM_SQUARED
                                                      : BRAM_SIMILARITY;
}

bool bram_form_higher_better(const bram_options *o)
{
    return bram_form_of(o) == BRAM_SIMILARITY;
}

double bram_angle(double similarity)
{
    return isnan(similarity) ? (double)NAN : acos(fmin(1, fmax(-1, similarity)));
}

bool bram_form_needs_apart(bram_form form, double inner, double a2, double b2)
{
    return form != BRAM_SIMILARITY && inner > (1 - near_one) * sqrt(a2) * sqrt(b2);
}

double bram_form_value(bram_form form, double inner, double a2, double b2, double apart)
{
    double a = sqrt(a2), b = sqrt(b2), c = inner / a / b;
    if (form == BRAM_SIMILARITY) return fmin(c, 1);
    if (form == BRAM_ANGULAR) return isnan(apart) ? bram_angle(c) : 2 * asin(sqrt(apart) / 2);
    /* |A - B Q|^2 = (|A| - |B|)^2 + |A| |B| apart */
    double squared = isnan(apart) ? a2 + b2 - 2 * inner : (a - b) * (a - b) + a * b * apart;
    return form == BRAM_SQUARED ? squared : sqrt(fmax(squared, 0));
}

/* Of the wider matrix m / norm, what its aligned part m v does not have: |m - m v v'|^2. */
static int left_over(bram_ctx *cx, double *out, const bram_mat *m, const bram_mat *aligned,
                     const bram_mat *v, bram_op op)
{
    bram_mat rest;
    BRAM_TRY(bram_mat_scratch(cx, &rest, m->rows, m->cols));
    for (size_t i = 0; i < m->rows; i++)
        for (size_t k = 0; k < m->cols; k++) bram_row(&rest, i)[k] = bram_row(m, i)[k];
    BRAM_TRY(bram_gemm(cx, &rest, -1, aligned, BRAM_AS_IS, v, op, 1));
    *out = bram_sum_of_squares(&rest);
    return BRAM_OK;
}

/* |A/|A| - B/|B| Q|^2 by the rotation: with a'b = u s vt, the columns of A u and B v correspond,
 * and the wider one has something beside them. */
static int find_apart(bram_ctx *cx, double *apart, const bram_mat *product, const bram_mat *a,
                      const bram_mat *b, double a2, double b2)
{
    size_t k = product->rows < product->cols ? product->rows : product->cols;
    bram_mat u, vt, au, bv;
    double *s = bram_scratch(cx, k, sizeof *s), rest_a = 0, rest_b = 0, sum = 0;
    if (!s) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &u, product->rows, k));
    BRAM_TRY(bram_mat_scratch(cx, &vt, k, product->cols));
    BRAM_TRY(bram_mat_scratch(cx, &au, a->rows, k));
    BRAM_TRY(bram_mat_scratch(cx, &bv, b->rows, k));
    BRAM_TRY(bram_svd(cx, &u, s, &vt, product));
    BRAM_TRY(bram_gemm(cx, &au, 1, a, BRAM_AS_IS, &u, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &bv, 1, b, BRAM_AS_IS, &vt, BRAM_TRANSPOSED, 0));
    if (a->cols > k) BRAM_TRY(left_over(cx, &rest_a, a, &au, &u, BRAM_TRANSPOSED));
    if (b->cols > k) BRAM_TRY(left_over(cx, &rest_b, b, &bv, &vt, BRAM_AS_IS));
    for (size_t i = 0; i < a->rows; i++)
        for (size_t j = 0; j < k; j++) {
            double d = bram_row(&au, i)[j] / sqrt(a2) - bram_row(&bv, i)[j] / sqrt(b2);
            sum += d * d;
        }
    *apart = sum + rest_a / a2 + rest_b / b2;
    return BRAM_OK;
}

static int procrustes(bram_ctx *cx, double *value, bram_form form, const bram_mat *a,
                      const bram_mat *b)
{
    double a2 = bram_sum_of_squares(a), b2 = bram_sum_of_squares(b), inner = 0, apart = NAN;
    *value = NAN;
    if (!(a2 > 0) || !(b2 > 0)) return BRAM_OK;
    bram_mat product;
    BRAM_TRY(bram_mat_scratch(cx, &product, a->cols, b->cols));
    BRAM_TRY(bram_gemm(cx, &product, 1, a, BRAM_TRANSPOSED, b, BRAM_AS_IS, 0));
    BRAM_TRY(bram_nuclear_norm(cx, &inner, &product));
    if (bram_form_needs_apart(form, inner, a2, b2))
        BRAM_TRY(find_apart(cx, &apart, &product, a, b, a2, b2));
    *value = bram_form_value(form, inner, a2, b2, apart);
    return BRAM_OK;
}

int bram_procrustes(bram_ctx *cx, double *value, bram_form form, const bram_mat *a,
                    const bram_mat *b)
{
    size_t mark = bram_scratch_mark(cx);
    int status = procrustes(cx, value, form, a, b);
    bram_scratch_release(cx, mark);
    return status;
}
