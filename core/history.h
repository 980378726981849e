/*
 * history.h - what a spiking neuron remembers: counts of past bins seen through a few kernels.
 *
 *   h[t][m B + b] = sum over k = 1 .. W of phi[k][b] y[t - k][m]
 *
 * for B kernels of length W; the present bin is never used.
 *   exp            phi[k] = exp(-beta k) / sum over j of exp(-beta j)                       (B = 1)
 *   raised-cosine  B bumps (1 + cos(clip(pi (log(k + c) - mu_b) / (2 D), -pi, pi))) / 2, centres
 * mu_b equally spaced by D between log(1 + c) and log(W + c), c = 1; each column scaled to sum 1
 * (Pillow et al. 2008) free           a kernel for each lag (B = W)
 */
#ifndef BRAMBLE_CORE_HISTORY_H
#define BRAMBLE_CORE_HISTORY_H

#include <bramble/context.h>
#include <bramble/matrix.h>

typedef enum bram_basis { BRAM_BASIS_RAISED_COSINE, BRAM_BASIS_EXP, BRAM_BASIS_FREE } bram_basis;

#define BRAM_BASIS_CHOICES "raised-cosine|exp|free"
bram_basis bram_basis_by_name(const char *name);

/**
 * A new W x B matrix of kernels on the heap; row k - 1 is lag k.
 *
 * @param window  W, 1 or more
 * @param bumps   B of the raised cosines, 1 .. W (others do not look at it)
 * @param beta    rate of the exponential, a bin
 * @return BRAM_OK; BRAM_EUSAGE: more bumps than lags; BRAM_ENOMEM
 */
int bram_history_kernels(bram_ctx *cx, bram_mat *phi, bram_basis basis, size_t window, size_t bumps,
                         double beta) BRAM_MUST_CHECK;

/**
 * Fills h (rows x units B) from the counts of one stretch (rows x units, all finite).
 *
 * @param before  what each unit did in every bin before the first row; NULL: nothing
 * @return BRAM_OK; BRAM_ESHAPE
 */
int bram_history_filter(bram_ctx *cx, bram_mat *h, const bram_mat *y, const bram_mat *phi,
                        const double *before) BRAM_MUST_CHECK;

#endif
