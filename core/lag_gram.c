/*
 * lag_gram.c - block-Toeplitz normal equations of a vector autoregression; see lag_gram.h.
 */
#include "lag_gram.h"

#include "internal.h"
#include "lag_products.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Target rows whose shifted copy is made at a time: the order of the sums depends on it. */
enum { CHUNK = 2048 };

struct work {
    bram_lag_gram *g;
    bram_mat *stretch; /* of each segment with a target row: from L rows before the first one on */
    size_t n;
    const double *shift; /* units values, subtracted from all data */
    bram_mat rows;       /* lags rows of context and the chunk, shifted */
    bram_mat *head;      /* [a]: stretches x units, row L - 1 - a of each, shifted */
    bram_mat *tail;      /* [a]: row e - 1 - a */
};

/* Rows (a - 1) N .. of the Gram matrix, columns (b - 1) N ..; a, b >= 1. */
static bram_mat block(const bram_lag_gram *g, size_t a, size_t b)
{
    return (bram_mat){bram_row(&g->gram, (a - 1) * g->units) + (b - 1) * g->units, g->units,
                      g->units, g->gram.stride};
}

static bram_mat cross_block(const bram_lag_gram *g, size_t lag)
{
    return bram_mat_rows(g->cross, (lag - 1) * g->units, g->units);
}

/* ---- sums over the rows --------------------------------------------------------------------- */

static void shifted(double *out, const double *row, const double *shift, size_t n)
{
    for (size_t j = 0; j < n; j++) out[j] = row[j] - shift[j];
}

/* The mean over all target rows, about the first of them. */
static int find_shift(bram_ctx *cx, double *shift, const struct work *w)
{
    size_t units = w->g->units, lags = w->g->lags;
    const double *origin = bram_row(&w->stretch[0], lags);
    for (size_t s = 0; s < w->n; s++)
        for (size_t t = lags; t < w->stretch[s].rows; t++)
            for (size_t j = 0; j < units; j++)
                shift[j] += bram_row(&w->stretch[s], t)[j] - origin[j];
    for (size_t j = 0; j < units; j++) {
        shift[j] = origin[j] + shift[j] / (double)w->g->rows;
        if (!isfinite(shift[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "unit %zu holds a value that is not finite", j);
    }
    return BRAM_OK;
}

/* Sums of the shifted target rows, in the place of the means. */
static void add_rows(const struct work *w)
{
    double *sum = w->g->mean.data;
    for (size_t s = 0; s < w->n; s++)
        for (size_t t = w->g->lags; t < w->stretch[s].rows; t++)
            for (size_t j = 0; j < w->g->units; j++)
                sum[j] += bram_row(&w->stretch[s], t)[j] - w->shift[j];
}

/* Task l adds the chunk to G(l, 0); G(0, 0) is kept in block (1, 1) for the while. */
static int add_lag(bram_ctx *cx, size_t lag, void *user)
{
    const struct work *w = user;
    size_t lags = w->g->lags, count = w->rows.rows - lags;
    bram_mat now = bram_mat_rows(w->rows, lags, count),
             past = bram_mat_rows(w->rows, lags - lag, count);
    bram_mat out = lag ? cross_block(w->g, lag) : block(w->g, 1, 1);
    if (!lag) return bram_syrk(cx, &out, 1, &now, BRAM_TRANSPOSED, 1);
    return bram_gemm(cx, &out, 1, &past, BRAM_TRANSPOSED, &now, BRAM_AS_IS, 1);
}

static int add_stretch(bram_ctx *cx, struct work *w, const bram_mat *stretch)
{
    size_t lags = w->g->lags, end = stretch->rows;
    bram_mat buffer = w->rows;
    for (size_t t = lags; t < end; t += CHUNK) {
        size_t count = end - t < CHUNK ? end - t : CHUNK;
        w->rows = bram_mat_rows(buffer, 0, lags + count);
        for (size_t i = 0; i < lags + count; i++)
            shifted(bram_row(&w->rows, i), bram_row(stretch, t - lags + i), w->shift, w->g->units);
        BRAM_TRY(bram_parallel_for(cx, lags + 1, add_lag, w));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    w->rows = buffer;
    return BRAM_OK;
}

/* G(l, 0) as one product for each lag. */
static int multiply_lags(bram_ctx *cx, struct work *w)
{
    size_t most = 0, mark = bram_scratch_mark(cx);
    for (size_t s = 0; s < w->n; s++)
        if (w->stretch[s].rows > most) most = w->stretch[s].rows;
    if (most > CHUNK + w->g->lags) most = CHUNK + w->g->lags;
    int status = bram_mat_scratch(cx, &w->rows, most, w->g->units);
    for (size_t s = 0; s < w->n && status == BRAM_OK; s++)
        status = add_stretch(cx, w, &w->stretch[s]);
    bram_scratch_release(cx, mark);
    return status;
}

/* All G(l, 0): past ones in `cross`, G(0, 0) in block (1, 1). */
static int multiply(bram_ctx *cx, struct work *w)
{
    bram_lag_gram *g = w->g;
    if (!bram_lag_products_pay(w->stretch, w->n, g->lags)) return multiply_lags(cx, w);
    bram_mat now = block(g, 1, 1);
    return bram_lag_products(cx, &now, &g->cross, w->stretch, w->n, g->lags, w->shift,
                             g->gram.data);
}

/* ---- the other blocks ----------------------------------------------------------------------- */

static int collect_edges(bram_ctx *cx, struct work *w)
{
    size_t lags = w->g->lags, units = w->g->units;
    w->head = bram_scratch(cx, lags, sizeof *w->head);
    w->tail = w->head ? bram_scratch(cx, lags, sizeof *w->tail) : NULL;
    if (!w->tail) return BRAM_ENOMEM;
    for (size_t a = 0; a < lags; a++) {
        BRAM_TRY(bram_mat_scratch(cx, &w->head[a], w->n, units));
        BRAM_TRY(bram_mat_scratch(cx, &w->tail[a], w->n, units));
        for (size_t s = 0; s < w->n; s++) {
            const bram_mat *y = &w->stretch[s];
            shifted(bram_row(&w->head[a], s), bram_row(y, lags - 1 - a), w->shift, units);
            shifted(bram_row(&w->tail[a], s), bram_row(y, y->rows - 1 - a), w->shift, units);
        }
    }
    return BRAM_OK;
}

/* out = previous + edges: from G(a, b) to G(a + 1, b + 1) */
static int step(bram_ctx *cx, const struct work *w, bram_mat *out, const bram_mat *previous,
                size_t a, size_t b)
{
    for (size_t i = 0; i < out->rows && out->data != previous->data; i++)
        memcpy(bram_row(out, i), bram_row(previous, i), out->cols * sizeof *out->data);
    BRAM_TRY(bram_gemm(cx, out, 1, &w->head[a], BRAM_TRANSPOSED, &w->head[b], BRAM_AS_IS, 1));
    return bram_gemm(cx, out, -1, &w->tail[a], BRAM_TRANSPOSED, &w->tail[b], BRAM_AS_IS, 1);
}

/* Task d makes the blocks (b + d, b) of one diagonal, one from the other. */
static int fill_diagonal(bram_ctx *cx, size_t d, void *user)
{
    const struct work *w = user;
    bram_mat previous = d ? cross_block(w->g, d) : block(w->g, 1, 1);
    for (size_t b = 1; b + d <= w->g->lags; b++) {
        bram_mat out = block(w->g, b + d, b);
        BRAM_TRY(step(cx, w, &out, &previous, b + d - 1, b - 1));
        previous = out;
    }
    return BRAM_OK;
}

static void fill_means(const struct work *w)
{
    bram_mat *mean = &w->g->mean; /* sums at first */
    for (size_t a = 0; a < w->g->lags; a++)
        for (size_t j = 0; j < w->g->units; j++) {
            double sum = bram_row(mean, a)[j];
            for (size_t s = 0; s < w->head[a].rows; s++)
                sum += bram_row(&w->head[a], s)[j] - bram_row(&w->tail[a], s)[j];
            bram_row(mean, a + 1)[j] = sum;
        }
    for (size_t i = 0; i < mean->rows * mean->cols; i++) mean->data[i] /= (double)w->g->rows;
}

/* Task i subtracts rows m m' from row i of the lower triangle and of the cross products. */
static int centre_row(bram_ctx *cx, size_t i, void *user)
{
    (void)cx;
    const struct work *w = user;
    bram_lag_gram *g = w->g;
    const double *lagged = bram_row(&g->mean, 1), *target = g->mean.data;
    double scale = (double)g->rows * lagged[i];
    for (size_t j = 0; j <= i; j++) bram_row(&g->gram, i)[j] -= scale * lagged[j];
    for (size_t j = 0; j < g->units; j++) bram_row(&g->cross, i)[j] -= scale * target[j];
    return BRAM_OK;
}

static int fill(bram_ctx *cx, struct work *w)
{
    bram_lag_gram *g = w->g;
    double *shift = bram_scratch(cx, g->units, sizeof *shift);
    if (!shift) return BRAM_ENOMEM;
    BRAM_TRY(find_shift(cx, shift, w));
    w->shift = shift;
    add_rows(w);
    BRAM_TRY(multiply(cx, w));
    BRAM_TRY(collect_edges(cx, w));
    BRAM_TRY(bram_parallel_for(cx, g->lags, fill_diagonal, w));
    fill_means(w);
    BRAM_TRY(bram_parallel_for(cx, g->lags * g->units, centre_row, w));
    for (size_t a = 0; a <= g->lags; a++)
        for (size_t j = 0; j < g->units; j++) bram_row(&g->mean, a)[j] += shift[j];
    bram_mirror_lower(&g->gram);
    for (size_t j = 0; j < g->gram.rows; j++)
        if (!isfinite(bram_row(&g->gram, j)[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "unit %zu holds a value that is not finite",
                             j % g->units);
    return BRAM_OK;
}

/* The stretches of the segments, and how many target rows they have together. */
static int find_stretches(bram_ctx *cx, struct work *w, const bram_mat *segments,
                          const size_t *first, size_t n)
{
    bram_lag_gram *g = w->g;
    if (!(w->stretch = bram_scratch(cx, n, sizeof *w->stretch))) return BRAM_ENOMEM;
    for (size_t s = 0; s < n; s++) {
        size_t target = first && first[s] > g->lags ? first[s] : g->lags;
        if (segments[s].cols != g->units)
            return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu units, expected %zu", s,
                             segments[s].cols, g->units);
        if (segments[s].rows <= target) continue;
        w->stretch[w->n++] = bram_mat_rows(segments[s], target - g->lags,
                                           segments[s].rows - target + g->lags);
        g->rows += segments[s].rows - target;
    }
    if (!g->rows || !g->units)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no row has %zu rows before it", g->lags);
    return BRAM_OK;
}

static int make(bram_ctx *cx, struct work *w, const bram_mat *segments, const size_t *first,
                size_t n)
{
    bram_lag_gram *g = w->g;
    BRAM_TRY(find_stretches(cx, w, segments, first, n));
    if (bram_overflows(g->lags + 1, g->units))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu lags of %zu units", g->lags, g->units);
    size_t side = g->lags * g->units;
    BRAM_TRY(bram_mat_new(cx, &g->gram, side, side));
    BRAM_TRY(bram_mat_new(cx, &g->cross, side, g->units));
    BRAM_TRY(bram_mat_new(cx, &g->mean, g->lags + 1, g->units));
    return fill(cx, w);
}

int bram_lag_gram_new(bram_ctx *cx, bram_lag_gram **out, const bram_mat *segments,
                      const size_t *first, size_t n, size_t lags)
{
    if (!lags) return bram_fail(cx, BRAM_EUSAGE, "0 lags, expected 1 or more");
    bram_lag_gram *g = bram_alloc(cx, 1, sizeof *g);
    if (!g) return BRAM_ENOMEM;
    g->lags = lags;
    g->units = n ? segments[0].cols : 0;
    size_t mark = bram_scratch_mark(cx);
    struct work w = {.g = g};
    int status = make(cx, &w, segments, first, n);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = g;
    else bram_lag_gram_free(g);
    return status;
}

void bram_lag_gram_free(bram_lag_gram *g)
{
    if (!g) return;
    bram_free(g->gram.data);
    bram_free(g->cross.data);
    bram_free(g->mean.data);
    bram_free(g);
}

/* The Gram matrix, the cross products, and the larger of a chunk of rows and of the transforms. */
double bram_lag_gram_bytes(size_t lags, size_t units)
{
    double side = (double)lags * (double)units;
    double chunk = (CHUNK + (double)lags) * (double)units,
           blocks = bram_lag_products_size(lags, units);
    return 8 * (side * side + side * (double)units + (blocks > chunk ? blocks : chunk));
}

/* ---- solving and predicting ----------------------------------------------------------------- */

/* The lower triangle again from the upper one, and the diagonal. */
static void restore(bram_mat *gram, const double *diagonal)
{
    bram_mirror_upper(gram);
    for (size_t i = 0; i < gram->rows; i++) bram_row(gram, i)[i] = diagonal[i];
}

int bram_lag_gram_solve(bram_ctx *cx, bram_mat *weights, double *intercept, bram_lag_gram *g,
                        double lambda, bool increments)
{
    if (!(lambda >= 0) || isinf(lambda))
        return bram_fail(cx, BRAM_EUSAGE, "ridge penalty %g, expected a finite one of 0 or more",
                         lambda);
    size_t side = g->gram.rows, units = g->units;
    if (weights->rows != side || weights->cols != units)
        return bram_fail(cx, BRAM_ESHAPE, "weights are %zu x %zu, expected %zu x %zu",
                         weights->rows, weights->cols, side, units);
    size_t mark = bram_scratch_mark(cx);
    double *diagonal = bram_scratch(cx, side, sizeof *diagonal);
    if (!diagonal) return BRAM_ENOMEM;
    for (size_t i = 0; i < side; i++) {
        diagonal[i] = bram_row(&g->gram, i)[i];
        bram_row(&g->gram, i)[i] += lambda;
        memcpy(bram_row(weights, i), bram_row(&g->cross, i), units * sizeof *intercept);
    }
    for (size_t j = 0; increments && j < units; j++) bram_row(weights, j)[j] += lambda;
    int status = bram_cholesky(cx, &g->gram);
    if (status == BRAM_OK) status = bram_cholesky_solve(cx, &g->gram, weights);
    restore(&g->gram, diagonal);
    bram_scratch_release(cx, mark);
    if (status != BRAM_OK) return status;
    for (size_t i = 0; i < units; i++) intercept[i] = g->mean.data[i];
    const double *lagged = bram_row(&g->mean, 1);
    for (size_t r = 0; r < side; r++)
        for (size_t i = 0; i < units; i++) intercept[i] -= lagged[r] * bram_row(weights, r)[i];
    return BRAM_OK;
}

int bram_lag_predict(bram_ctx *cx, bram_mat *out, const bram_mat *lagged, const bram_mat *weights,
                     const double *intercept)
{
    size_t units = out->cols, lags = units ? weights->rows / units : 0;
    if (weights->cols != units || weights->rows != lags * units)
        return bram_fail(cx, BRAM_ESHAPE, "found weights %zu x %zu for %zu units", weights->rows,
                         weights->cols, units);
    for (size_t i = 0; i < out->rows && units; i++)
        memcpy(bram_row(out, i), intercept, units * sizeof *intercept);
    for (size_t l = 0; l < lags; l++) {
        bram_mat w = bram_mat_rows(*weights, l * units, units);
        BRAM_TRY(bram_gemm(cx, out, 1, &lagged[l], BRAM_AS_IS, &w, BRAM_AS_IS, 1));
    }
    return BRAM_OK;
}
