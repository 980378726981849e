/*
 * history.c - kernels of spike history; see history.h.
 */
#include "history.h"

#include "linalg.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846, COSINE_OFFSET = 1;

bram_basis bram_basis_by_name(const char *name)
{
    return strcmp(name, "exp") == 0    ? BRAM_BASIS_EXP
           : strcmp(name, "free") == 0 ? BRAM_BASIS_FREE
                                       : BRAM_BASIS_RAISED_COSINE;
}

static double bump(size_t lag, size_t b, size_t bumps, size_t window)
{
    double low = log(1 + COSINE_OFFSET), high = log((double)window + COSINE_OFFSET);
    double distance = bumps > 1 ? (high - low) / (double)(bumps - 1) : fmax(high - low, 1);
    double x = PI * (log((double)lag + COSINE_OFFSET) - (low + distance * (double)b)) /
               (2 * distance);
    return (1 + cos(fmax(-PI, fmin(PI, x)))) / 2;
}

static double kernel(bram_basis basis, size_t lag, size_t b, size_t bumps, size_t window,
                     double beta)
{
    if (basis == BRAM_BASIS_FREE) return lag == b + 1;
    if (basis == BRAM_BASIS_EXP) return exp(-beta * (double)(lag - 1)); /* scaled below */
    return bump(lag, b, bumps, window);
}

int bram_history_kernels(bram_ctx *cx, bram_mat *phi, bram_basis basis, size_t window, size_t bumps,
                         double beta)
{
    size_t columns = basis == BRAM_BASIS_FREE ? window : basis == BRAM_BASIS_EXP ? 1 : bumps;
    if (!window || !columns || columns > window)
        return bram_fail(cx, BRAM_EUSAGE, "%zu kernels over %zu lags; expected no more than lags",
                         columns, window);
    bram_mat made;
    BRAM_TRY(bram_mat_new(cx, &made, window, columns));
    for (size_t b = 0; b < columns; b++) {
        double sum = 0;
        for (size_t k = 1; k <= window; k++) {
            bram_row(&made, k - 1)[b] = kernel(basis, k, b, columns, window, beta);
            sum += bram_row(&made, k - 1)[b];
        }
        for (size_t k = 0; k < window; k++) bram_row(&made, k)[b] /= sum;
    }
    *phi = made;
    return BRAM_OK;
}

int bram_history_filter(bram_ctx *cx, bram_mat *h, const bram_mat *y, const bram_mat *phi,
                        const double *before)
{
    size_t units = y->cols, bumps = phi->cols;
    if (h->rows != y->rows || h->cols != units * bumps)
        return bram_fail(cx, BRAM_ESHAPE, "history of %zu x %zu counts into %zu x %zu, %zu kernels",
                         y->rows, units, h->rows, h->cols, bumps);
    for (size_t t = 0; t < y->rows; t++) {
        double *to = bram_row(h, t);
        memset(to, 0, h->cols * sizeof *to);
        for (size_t k = 1; k <= phi->rows; k++) {
            const double *from = k <= t ? bram_row(y, t - k) : before, *p = bram_row(phi, k - 1);
            for (size_t m = 0; m < units && from; m++)
                for (size_t b = 0; b < bumps; b++) to[m * bumps + b] += p[b] * from[m];
        }
    }
    return BRAM_OK;
}
