/*
 * rdm_vector.c - RDMs as vectors: what cosine, corr, spearman, rho-a and the whitened measures take
 * inner products of; see rdm_frame.h.
 *
 * Sums run over fixed chunks of entries, the inner products of a chunk as a matrix product, so that
 * no vector is ever copied as a whole and the number of threads changes no bit.
 */
#include "rdm_frame.h"

#include "linalg.h"
#include "rdm_whiten.h"

#include <bramble/parallel.h>

#include <float.h>
#include <math.h>

enum { BLOCK = 2048, LANES = 8, MOST_CHUNKS = 64 };

/* ---- one vector ----------------------------------------------------------------------------- */

bool bram_rdm_is_constant(double low, double high)
{
    if (isinf(low) || isinf(high)) return low == high;
    return !(high - low > 64 * DBL_EPSILON * fmax(fabs(low), fabs(high)));
}

/* The weighted mean, relative to the first value; NaN when the values are constant. */
static double mean_of(const bram_rdm_vector *v, const bram_rdm_frame *f)
{
    double first = bram_rdm_vector_at(v, f, 0), low = first, high = first, lane[LANES] = {0};
    for (size_t k = 0; k < f->count; k++) {
        double x = bram_rdm_vector_at(v, f, k);
        low = x < low ? x : low, high = x > high ? x : high;
        lane[k % LANES] += bram_rdm_weight_at(f, k) * (x - first);
    }
    double sum = 0;
    for (size_t l = 0; l < LANES; l++) sum += lane[l];
    return bram_rdm_is_constant(low, high) ? (double)NAN : first + sum / f->total;
}

static double square_of(const bram_rdm_vector *v, const bram_rdm_frame *f)
{
    double lane[LANES] = {0}, sum = 0;
    for (size_t k = 0; k < f->count; k++) {
        double x = bram_rdm_vector_at(v, f, k);
        lane[k % LANES] += v->dual ? x * v->dual[k] : bram_rdm_weight_at(f, k) * x * x;
    }
    for (size_t l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

static size_t entry_of(const bram_rdm_frame *f, uint32_t pair)
{
    return f->position ? f->position[pair] : pair;
}

static bool is_constant(const bram_rdm_vector *v, const bram_order *order, const bram_rdm_frame *f)
{
    size_t low = 0, high = order->count - 1; /* a frame has an entry */
    while (entry_of(f, order->index[low]) == BRAM_NO_ENTRY) low++;
    while (entry_of(f, order->index[high]) == BRAM_NO_ENTRY) high--;
    return bram_rdm_is_constant(v->real[order->index[low]], v->real[order->index[high]]);
}

/* Ranks of a run of equal values, written out at once: how many came before, and how many are here,
 * make the doubled average rank less 1. @return whether all values are equal */
static bool rank_entries(bram_rdm_vector *v, uint32_t *rank, double *weighted,
                         const bram_order *order, const bram_rdm_frame *f)
{
    double before = 0;
    bool constant = is_constant(v, order, f);
    for (size_t k = 0, end; k < order->count; k = end) {
        double here = 0;
        for (end = k; end < order->count && (constant || end == k || !order->begins[end]); end++) {
            size_t entry = entry_of(f, order->index[end]);
            if (entry != BRAM_NO_ENTRY) here += bram_rdm_weight_at(f, entry);
        }
        for (size_t e = k; e < end; e++) {
            size_t entry = entry_of(f, order->index[e]);
            if (entry == BRAM_NO_ENTRY) continue;
            if (weighted) weighted[entry] = 2 * before + here;
            else if (rank) rank[entry] = (uint32_t)(2 * before + here);
        }
        before += here;
    }
    v->rank = rank, v->weighted_rank = weighted;
    return constant;
}

struct vectors {
    bram_rdm_vector *out;
    const bram_rdm_set *set;
    const bram_rdm_frame *frame;
    const bram_rdm_whitener *whitener;
    uint32_t *rank;
    double *weighted_rank; /* one of the two, for measures of ranks */
};

static int make_one(bram_ctx *cx, size_t i, void *user)
{
    const struct vectors *all = user;
    const bram_rdm_frame *f = all->frame;
    bram_rdm_comparator c = all->set->measure.comparator;
    bram_rdm_vector v = {.real = bram_row(&all->set->rdm, i), .dual = all->out[i].dual};
    bool constant = false;
    if (bram_rdm_by_ranks(c)) {
        constant = rank_entries(&v, all->rank ? all->rank + i * f->count : NULL,
                                all->weighted_rank ? all->weighted_rank + i * f->count : NULL,
                                &all->set->order[i], f);
        v.shift = constant ? 0 : f->total; /* exactly the mean */
    } else if (bram_rdm_centres(c)) {
        v.shift = mean_of(&v, f);
        constant = isnan(v.shift);
        if (constant) v.shift = 0;
    }
    if (v.dual) BRAM_TRY(bram_rdm_whiten_vector(cx, v.dual, &v, all->whitener, f));
    v.square = constant ? 0 : square_of(&v, f);
    all->out[i] = v;
    return BRAM_OK;
}

int bram_rdm_vectors(bram_ctx *cx, bram_rdm_vector *out, const bram_rdm_set *set,
                     const bram_rdm_frame *f)
{
    struct vectors all = {.out = out, .set = set, .frame = f};
    bram_rdm_whitener whitener;
    size_t count = set->rdm.rows;
    if (bram_rdm_by_ranks(set->measure.comparator)) {
        if (f->weight) all.weighted_rank = bram_scratch(cx, count * f->count, sizeof(double));
        else all.rank = bram_scratch(cx, count * f->count, sizeof *all.rank);
        if (!all.rank && !all.weighted_rank) return BRAM_ENOMEM;
    }
    for (size_t i = 0; i < count; i++) out[i] = (bram_rdm_vector){0};
    if (bram_rdm_whitens(set->measure.comparator)) {
        BRAM_TRY(bram_rdm_whitener_new(cx, &whitener, &set->measure, set->own_share, f));
        all.whitener = &whitener;
        for (size_t i = 0; i < count; i++) {
            out[i].dual = bram_scratch(cx, f->count, sizeof *out[i].dual);
            if (!out[i].dual) return BRAM_ENOMEM;
        }
    }
    return bram_parallel_for(cx, count, make_one, &all);
}

/* ---- inner products ------------------------------------------------------------------------- */

struct products {
    const bram_rdm_vector *a, *b;
    size_t rows, columns, chunks;
    const bram_rdm_frame *frame;
    double *partial; /* chunks x rows x columns */
};

static void fill_block(bram_mat *block, const bram_rdm_vector *v, size_t first,
                       const bram_rdm_frame *f, bool dual)
{
    for (size_t i = 0; i < block->rows; i++) {
        double *row = bram_row(block, i);
        for (size_t k = 0; k < block->cols; k++) {
            size_t entry = first + k;
            row[k] = !dual ? bram_rdm_vector_at(&v[i], f, entry)
                     : v[i].dual
                         ? v[i].dual[entry]
                         : bram_rdm_weight_at(f, entry) * bram_rdm_vector_at(&v[i], f, entry);
        }
    }
}

/* Without BLAS, so that one value has the same digits on every processor. */
static void add_dot(double *sum, const double *a, const double *b, size_t n)
{
    double lane[LANES] = {0};
    for (size_t k = 0; k < n; k++) lane[k % LANES] += a[k] * b[k];
    for (size_t l = 0; l < LANES; l++) *sum += lane[l];
}

static int add_chunk(bram_ctx *cx, size_t chunk, void *user)
{
    const struct products *p = user;
    bram_mat a, b;
    bram_mat sum = {p->partial + chunk * p->rows * p->columns, p->rows, p->columns, p->columns};
    BRAM_TRY(bram_mat_scratch(cx, &a, p->rows, BLOCK));
    BRAM_TRY(bram_mat_scratch(cx, &b, p->columns, BLOCK));
    size_t count = p->frame->count, blocks = (count + BLOCK - 1) / BLOCK;
    for (size_t k = blocks * chunk / p->chunks; k < blocks * (chunk + 1) / p->chunks; k++) {
        a.cols = b.cols = count - k * BLOCK < BLOCK ? count - k * BLOCK : BLOCK;
        fill_block(&a, p->a, k * BLOCK, p->frame, false);
        fill_block(&b, p->b, k * BLOCK, p->frame, true);
        if (p->rows * p->columns == 1) add_dot(sum.data, a.data, b.data, a.cols);
        else BRAM_TRY(bram_gemm(cx, &sum, 1, &a, BRAM_AS_IS, &b, BRAM_TRANSPOSED, 1));
    }
    return BRAM_OK;
}

int bram_rdm_gram(bram_ctx *cx, bram_mat *out, const bram_rdm_vector *a, const bram_rdm_vector *b,
                  const bram_rdm_frame *f)
{
    size_t blocks = (f->count + BLOCK - 1) / BLOCK;
    struct products p = {a, b, out->rows, out->cols, 0, f, NULL};
    p.chunks = blocks < MOST_CHUNKS ? blocks : MOST_CHUNKS;
    p.partial = bram_scratch(cx, p.chunks * p.rows, p.columns * sizeof *p.partial);
    if (!p.partial) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, p.chunks, add_chunk, &p));
    for (size_t i = 0; i < p.rows; i++)
        for (size_t j = 0; j < p.columns; j++) {
            double sum = 0;
            for (size_t c = 0; c < p.chunks; c++)
                sum += p.partial[(c * p.rows + i) * p.columns + j];
            bram_row(out, i)[j] = sum;
        }
    return BRAM_OK;
}

double bram_rdm_cosine_of(const bram_rdm_measure *m, double product, double a, double b,
                          double total)
{
    if (m->comparator == BRAM_COMPARE_RHO_A) /* of doubled ranks */
        return total > 1 ? 3 * product / (total * (total * total - 1)) : (double)NAN;
    if (!(a > 0 && b > 0)) return m->degenerate_zero ? 0 : (double)NAN;
    double r = product / sqrt(a) / sqrt(b);
    return r > 1 ? 1 : r < -1 ? -1 : r; /* beyond 1 by rounding only */
}
