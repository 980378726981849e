/*
 * havok.c - delay coordinates and the spectrum of a fitted linear model; see havok.h.
 */
#include "havok.h"

#include "spectral.h"

#include <string.h>

static int hankel(bram_ctx *cx, bram_mat *h, const bram_mat *x, const uint8_t *complete,
                  size_t delays, size_t interval)
{
    size_t cols, reach = (delays - 1) * interval;
    if (x->rows <= reach)
        return bram_fail(cx, BRAM_ESHAPE,
                         "%zu times, expected more than the %zu that %zu delays "
                         "reach back",
                         x->rows, reach, delays);
    if (__builtin_mul_overflow(delays, x->cols, &cols))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu delays", delays);
    BRAM_TRY(bram_mat_scratch(cx, h, x->rows - reach, cols));
    for (size_t t = 0; t < h->rows; t++) {
        bool whole = true;
        for (size_t d = 0; d < delays; d++)
            whole = whole && (!complete || complete[t + reach - d * interval]);
        for (size_t d = 0; whole && d < delays; d++)
            memcpy(bram_row(h, t) + d * x->cols, bram_row(x, t + reach - d * interval),
                   x->cols * sizeof *x->data);
    }
    return BRAM_OK;
}

static int embed(bram_ctx *cx, bram_mat *out, const bram_mat *x, const uint8_t *complete,
                 size_t delays, size_t interval, size_t rank)
{
    bram_mat h, u;
    double *values;
    BRAM_TRY(hankel(cx, &h, x, complete, delays, interval));
    BRAM_TRY(bram_left_basis(cx, &u, &values, &h));
    size_t kept = rank > 0 && rank < u.cols ? rank : u.cols;
    BRAM_TRY(bram_mat_new(cx, out, u.rows, kept));
    for (size_t t = 0; kept && t < u.rows; t++)
        memcpy(bram_row(out, t), bram_row(&u, t), kept * sizeof *u.data);
    return BRAM_OK;
}

int bram_havok_embed(bram_ctx *cx, bram_mat *out, const bram_mat *x, const uint8_t *complete,
                     size_t delays, size_t interval, size_t rank)
{
    size_t mark = bram_scratch_mark(cx);
    int status = embed(cx, out, x, complete, delays, interval, rank);
    bram_scratch_release(cx, mark);
    return status;
}

static int spectrum(bram_ctx *cx, double *real, double *imaginary, bool *fitted, const bram_mat *v,
                    const double *step, double lambda)
{
    size_t r = v->cols, steps = v->rows - 1;
    bram_mat before = bram_mat_rows(*v, 0, steps), after = bram_mat_rows(*v, 1, steps);
    bram_mat weighted, square, a;
    BRAM_TRY(bram_mat_scratch(cx, &weighted, steps, r));
    BRAM_TRY(bram_mat_scratch(cx, &square, r, r));
    BRAM_TRY(bram_mat_scratch(cx, &a, r, r));
    for (size_t t = 0; t < steps; t++)
        for (size_t k = 0; k < r; k++)
            bram_row(&weighted, t)[k] = step[t] * bram_row(&before, t)[k];
    BRAM_TRY(bram_gemm(cx, &square, 1, &weighted, BRAM_TRANSPOSED, &before, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &a, 1, &weighted, BRAM_TRANSPOSED, &after, BRAM_AS_IS, 0));
    for (size_t k = 0; k < r; k++) bram_row(&square, k)[k] += lambda;
    int status = bram_cholesky(cx, &square);
    *fitted = status != BRAM_ENUMERIC;
    if (status != BRAM_OK) return *fitted ? status : BRAM_OK;
    BRAM_TRY(bram_cholesky_solve(cx, &square, &a));
    return bram_eigenvalues(cx, real, imaginary, &a);
}

int bram_havok_spectrum(bram_ctx *cx, double *real, double *imaginary, bool *fitted,
                        const bram_mat *v, const double *step, double lambda)
{
    size_t mark = bram_scratch_mark(cx);
    int status = spectrum(cx, real, imaginary, fitted, v, step, lambda);
    bram_scratch_release(cx, mark);
    return status;
}
