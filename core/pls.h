/*
 * pls.h - partial least squares regression (PLS2): directions of the design that covary most with
 * all targets together, one after the other.
 *
 *   exact   w_k is the dominant left singular vector of C_k = Xc'Yc less what components before it
 *           took. Only C is deflated: s = X w less its projections on earlier scores, p = X's/s's,
 *           q = Y's/s's, C -= s's p q'. What power iteration run to convergence gives, for any
 *           order of the columns.
 *   nipals  power iteration as in scikit-learn's PLSRegression, with its start, its stopping rule
 *           and its deflation of X and Y. Its default tolerance stops before convergence where
 *           singular values are close (noise): predictions then depend on the start, correlations
 *           hardly.
 *
 * Both: R = W (P'W)^-1, coefficients R Q', prediction (X - mx) R Q' + my. Where the targets have
 * nothing left that covaries, fewer components are made.
 *
 * Sources: Wold 1975; de Jong 1993 (deflation of C); Dayal & MacGregor 1997 (R by recursion);
 * scikit-learn 1.2.1 cross_decomposition for the rules of `nipals`.
 */
#ifndef BRAMBLE_CORE_PLS_H
#define BRAMBLE_CORE_PLS_H

#include <bramble/context.h>
#include <bramble/matrix.h>

#include <stdbool.h>

typedef struct bram_pls_options {
    size_t components; /* 1 or more; at most rows and columns are made */
    bool nipals;
    bool scale;       /* both sides to unit deviation (n - 1), as scikit-learn's default */
    size_t most;      /* nipals: iterations of a component; 0: 500 */
    double tolerance; /* nipals: squared change of w at which it stops; 0: 1e-6 */
} bram_pls_options;

typedef struct bram_pls {
    size_t components;
    bram_mat weights; /* columns x components: W */
    bram_mat coef;    /* columns x targets, of x less mean_x (over its deviation where scaled) */
    double *mean_x, *deviation_x, *mean_y; /* deviations are ones where not scaled */
    size_t *iterations;                    /* of each component; nipals */
    size_t stopped;                        /* components that did not converge; nipals */
} bram_pls;

/**
 * Fits. Cost of exact: 2 n p t once, then for each component 4 n p + 2 n t + p t min(p, t) +
 * min(p, t)^3.
 *
 * @param out  an empty one; untouched on failure
 * @return BRAM_OK; BRAM_ESHAPE for fewer than 2 rows, other rows in y, no columns or targets, no
 *         component asked for; BRAM_ENUMERIC for a value that is not finite; BRAM_ENOMEM
 */
int bram_pls_fit(bram_ctx *cx, bram_pls *out, const bram_mat *x, const bram_mat *y,
                 const bram_pls_options *o) BRAM_MUST_CHECK;
void bram_pls_release(bram_pls *m);

/** Predictions, rows of x by targets. */
int bram_pls_predict(bram_ctx *cx, bram_mat *out, const bram_pls *m,
                     const bram_mat *x) BRAM_MUST_CHECK;

#endif
