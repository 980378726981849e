/*
 * canonical.c - canonical correlations: rho = singular values of Qx'Qy, of orthonormal bases of the
 * centred sides (Bjoerck & Golub 1973). Never through inverse covariances, which square the
 * condition numbers.
 */
#include "canonical.h"

#include "alignment.h"
#include "patterns.h"
#include "spectral.h"

#include <math.h>

bram_canonical_mean bram_canonical_mean_of(const bram_options *o)
{
    return (bram_canonical_mean){.squared = bram_option_is(o, "mean", "rho2"),
                                 .geometric = bram_option_is(o, "over", "sqrt"),
                                 .keep = bram_option_real(o, "keep"),
                                 .angular = bram_option_is(o, "output", "angular")};
}

int bram_canonical_join(bram_ctx *cx, bram_canonical *c)
{
    BRAM_TRY(bram_mat_scratch(cx, &c->product, c->x.cols, c->y.cols));
    return bram_gemm(cx, &c->product, 1, &c->x, BRAM_TRANSPOSED, &c->y, BRAM_AS_IS, 0);
}

/* Sum over the leading correlations, and in count how many these are. */
static int leading_sum(bram_ctx *cx, double *sum, double *count, const bram_mat *product,
                       const bram_canonical_mean *m)
{
    size_t k = product->rows < product->cols ? product->rows : product->cols, kept = 0;
    double *rho = bram_scratch(cx, k, sizeof *rho), all = 0, so_far = 0;
    if (!rho) return BRAM_ENOMEM;
    BRAM_TRY(bram_svd(cx, NULL, rho, NULL, product));
    for (size_t i = 0; i < k; i++) all += rho[i] = fmin(rho[i], 1);
    *sum = 0;
    for (; kept < k && so_far < m->keep * all; kept++) {
        so_far += rho[kept];
        *sum += m->squared ? rho[kept] * rho[kept] : rho[kept];
    }
    *count = (double)kept;
    return BRAM_OK;
}

static int score(bram_ctx *cx, double *value, const bram_canonical *c, const bram_canonical_mean *m)
{
    double a = (double)c->x.cols, b = (double)c->y.cols, sum, count = fmin(a, b);
    if (m->keep < 1) BRAM_TRY(leading_sum(cx, &sum, &count, &c->product, m));
    else if (m->squared) sum = bram_sum_of_squares(&c->product); /* of all singular values */
    else BRAM_TRY(bram_nuclear_norm(cx, &sum, &c->product));
    double mean = fmin(1, sum / (m->geometric ? sqrt(a * b) : count));
    *value = m->angular ? bram_angle(mean) : mean;
    return BRAM_OK;
}

int bram_canonical_score(bram_ctx *cx, double *value, const bram_canonical *c,
                         const bram_canonical_mean *m)
{
    size_t mark = bram_scratch_mark(cx);
    int status = score(cx, value, c, m);
    bram_scratch_release(cx, mark);
    return status;
}
