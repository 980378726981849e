/*
 * rdm_pool.c - pooled RDMs; see rdm_pool.h.
 *
 * For a measure that is the cosine of two vectors under an inner product, sum_s cos(p, d_s) is
 * p . sum_s (d_s / |d_s|) / |p|: highest for p = sum_s d_s / |d_s|. Sources: Nili et al. 2014
 * (ceilings); Schuett et al. 2023.
 */
#include "rdm_pool.h"

#include "rdm_frame.h"

#include <math.h>

/* What divides a vector: 1 for ranks and where there is nothing to divide by. */
static double scale_of(const bram_rdm_set *set, const bram_rdm_vector *v, const bram_rdm_frame *f,
                       bram_rdm_pooling how)
{
    bram_rdm_comparator c = set->measure.comparator;
    double square = v->square;
    if (bram_rdm_by_ranks(c) || !(square > 0)) return 1;
    if (!v->dual) return sqrt(square / f->total);
    if (how == BRAM_POOL_BEST) return sqrt(square);
    square = 0;
    for (size_t k = 0; k < f->count; k++)
        square += bram_rdm_weight_at(f, k) * pow(bram_rdm_vector_at(v, f, k), 2);
    return sqrt(square / f->total);
}

static int add_vectors(bram_ctx *cx, double *sum, const bram_rdm_set *set, const bram_rdm_frame *f,
                       bram_rdm_pooling how, const double *share, double total)
{
    bram_rdm_vector *v = bram_scratch(cx, set->rdm.rows, sizeof *v);
    bool mean = set->measure.comparator >= BRAM_COMPARE_BURES;
    bool ranks = bram_rdm_by_ranks(set->measure.comparator);
    if (!v) return BRAM_ENOMEM;
    if (!mean) BRAM_TRY(bram_rdm_vectors(cx, v, set, f));
    for (size_t i = 0; i < set->rdm.rows; i++) {
        if (mean) v[i] = (bram_rdm_vector){.real = bram_row(&set->rdm, i)};
        double weight = (share ? share[i] : 1) / total;
        if (weight == 0) continue;
        if (!mean) weight /= scale_of(set, &v[i], f, how);
        if (ranks) weight /= 2, v[i].shift = -1; /* of doubled ranks, less 1 */
        for (size_t k = 0; k < f->count; k++) sum[k] += weight * bram_rdm_vector_at(&v[i], f, k);
    }
    return BRAM_OK;
}

static int pool_into(bram_ctx *cx, double *out, const bram_rdm_set *set, bram_rdm_pooling how,
                     const double *share, const double *times)
{
    bram_rdm_frame f;
    BRAM_TRY(bram_rdm_frame_new(cx, &f, set->n, times, set->missing, NULL));
    double *sum = bram_scratch(cx, f.count, sizeof *sum), total = 0, least = INFINITY;
    if (!sum) return BRAM_ENOMEM;
    for (size_t i = 0; i < set->rdm.rows; i++) total += share ? share[i] : 1;
    if (!(total > 0)) return bram_fail(cx, BRAM_ESHAPE, "no RDM counts: there is no mean");
    BRAM_TRY(add_vectors(cx, sum, set, &f, how, share, total));
    for (size_t k = 0; k < f.count; k++) least = fmin(least, sum[k]);
    bool shifted = set->measure.comparator == BRAM_COMPARE_CORR ||
                   set->measure.comparator == BRAM_COMPARE_CORR_COV;
    if (f.keep)
        for (size_t k = 0; k < f.pairs; k++) out[k] = NAN;
    for (size_t k = 0; k < f.count; k++)
        out[bram_rdm_pair_at(&f, k)] = shifted ? sum[k] - least : sum[k];
    return BRAM_OK;
}

int bram_rdm_pool(bram_ctx *cx, double *out, const bram_rdm_set *set, bram_rdm_pooling how,
                  const double *share, const double *times)
{
    size_t mark = bram_scratch_mark(cx);
    int status = pool_into(cx, out, set, how, share, times);
    bram_scratch_release(cx, mark);
    return status;
}
