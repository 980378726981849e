/*
 * rdm_bures.c - Bures similarity and squared Bures distance of two RDMs; see rdm_compare.h.
 *
 * Each RDM gives its centred Gram matrix G = U L U', once; its root is taken as R = L^1/2 U', so
 * that |Ga^1/2 Gb^1/2|_* is the sum of the singular values of Ra Rb': never through the eigenvalues
 * of a product, which keep half the digits. Negative eigenvalues, of an RDM that no patterns have,
 * count as 0 in the root and as they are in the trace. Copies of a condition are at distance 0 and
 * have rows of G of their own; sqrt(times) on rows and columns gives the same singular values.
 *
 * Source: Harvey, Larsen & Williams 2023 (normalized Bures similarity, 1 - cos of the Procrustes
 * angle); Bhatia, Jain & Lim 2019.
 */
#include "rdm_frame.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>

struct roots {
    const bram_rdm_set *a, *b;
    const bram_rdm_frame *frame;
    bram_mat *root; /* of a, then of b: drawn x drawn */
    double *trace;
    bram_mat *out;
};

/* Rows and columns of conditions drawn, times the square roots of their multiplicities. */
static void centred_gram(bram_mat *g, double *mean, const double *d, const bram_rdm_frame *f)
{
    double total = 0, all = 0;
    for (size_t i = 0; i < f->n; i++) total += bram_rdm_times(f, i);
    for (size_t i = 0, k = 0; i < f->n; i++)
        for (size_t j = i + 1; j < f->n; j++, k++) {
            mean[i] += bram_rdm_times(f, j) * d[k] / total;
            mean[j] += bram_rdm_times(f, i) * d[k] / total;
        }
    for (size_t i = 0; i < f->n; i++) all += bram_rdm_times(f, i) * mean[i] / total;
    for (size_t i = 0, a = 0, k = 0; i < f->n; i++) {
        double ti = bram_rdm_times(f, i);
        size_t b = a;
        if (ti > 0) bram_row(g, a)[b++] = ti * (mean[i] - all / 2);
        for (size_t j = i + 1; j < f->n; j++, k++) {
            double tj = bram_rdm_times(f, j);
            if (!(ti > 0 && tj > 0)) continue;
            double value = (mean[i] + mean[j] - all - d[k]) / 2 * sqrt(ti * tj);
            bram_row(g, a)[b] = bram_row(g, b)[a] = value;
            b++;
        }
        a += ti > 0;
    }
}

static int make_root(bram_ctx *cx, size_t i, void *user)
{
    struct roots *r = user;
    const bram_rdm_set *set = i < r->a->rdm.rows ? r->a : r->b;
    size_t row = i < r->a->rdm.rows ? i : i - r->a->rdm.rows, c = r->frame->drawn;
    double *values = bram_scratch(cx, c + r->frame->n, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    centred_gram(&r->root[i], values + c, bram_row(&set->rdm, row), r->frame);
    for (size_t k = 0; k < c; k++) r->trace[i] += bram_row(&r->root[i], k)[k];
    BRAM_TRY(bram_eigh(cx, &r->root[i], values));
    double least = (double)c * DBL_EPSILON * fmax(values[c - 1], -values[0]);
    for (size_t k = 0; k < c; k++)
        for (size_t j = 0; j < c; j++)
            bram_row(&r->root[i], k)[j] *= values[k] > least ? sqrt(values[k]) : 0;
    return BRAM_OK;
}

static int compare_one(bram_ctx *cx, size_t task, void *user)
{
    struct roots *r = user;
    size_t columns = r->b->rdm.rows, i = task / columns, j = task % columns, c = r->frame->drawn;
    const bram_rdm_measure *m = &r->a->measure;
    bram_mat product;
    double *singular = bram_scratch(cx, c, sizeof *singular), nuclear = 0;
    if (!singular) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &product, c, c));
    BRAM_TRY(bram_gemm(cx, &product, 1, &r->root[i], BRAM_AS_IS, &r->root[r->a->rdm.rows + j],
                       BRAM_TRANSPOSED, 0));
    BRAM_TRY(bram_svd(cx, NULL, singular, NULL, &product));
    for (size_t k = c; k-- > 0;) nuclear += singular[k];
    double a = r->trace[i], b = r->trace[r->a->rdm.rows + j], *out = &bram_row(r->out, i)[j];
    if (m->comparator == BRAM_COMPARE_BURES_METRIC) *out = a + b - 2 * nuclear;
    else if (!(a > 0 && b > 0)) *out = m->degenerate_zero ? 0 : (double)NAN;
    else *out = nuclear / sqrt(a) / sqrt(b);
    return BRAM_OK;
}

int bram_rdm_bures(bram_ctx *cx, bram_mat *out, const bram_rdm_set *a, const bram_rdm_set *b,
                   const bram_rdm_frame *f)
{
    if (f->count != bram_rdm_pairs(f->drawn))
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "%zu of %zu pairs are missing: bures needs whole RDMs",
                         bram_rdm_pairs(f->drawn) - f->count, bram_rdm_pairs(f->drawn));
    size_t rows = a->rdm.rows + b->rdm.rows;
    struct roots r = {a, b, f, NULL, NULL, out};
    r.root = bram_scratch(cx, rows, sizeof *r.root);
    r.trace = r.root ? bram_scratch(cx, rows, sizeof *r.trace) : NULL;
    if (!r.trace) return BRAM_ENOMEM;
    for (size_t i = 0; i < rows; i++)
        BRAM_TRY(bram_mat_scratch(cx, &r.root[i], f->drawn, f->drawn));
    BRAM_TRY(bram_parallel_for(cx, rows, make_root, &r));
    return bram_parallel_for(cx, a->rdm.rows * b->rdm.rows, compare_one, &r);
}
