/*
 * lag_gram.c - block-Toeplitz normal equations of a vector autoregression; see lag_gram.h.
 */
#include "lag_gram.h"

#include "internal.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Target rows whose shifted copy is made at a time: the order of the sums depends on it. */
enum { CHUNK = 2048 };

struct work {
    bram_lag_gram *g;
    const bram_mat *segments;
    const size_t *first; /* NULL: zeros */
    size_t n;
    const double *shift; /* units values, subtracted from all data */
    bram_mat rows;       /* lags rows of context and the chunk, shifted */
    bram_mat *head;      /* [a]: segments x units, row f - 1 - a of each used segment, shifted */
    bram_mat *tail;      /* [a]: row e - 1 - a */
};

/* Target rows of segment s are target_first .. rows - 1. */
static size_t target_first(const struct work *w, size_t s)
{
    size_t first = w->first ? w->first[s] : 0;
    return first > w->g->lags ? first : w->g->lags;
}

static size_t target_count(const struct work *w, size_t s)
{
    size_t first = target_first(w, s), rows = w->segments[s].rows;
    return rows > first ? rows - first : 0;
}

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
    size_t units = w->g->units, s0 = 0;
    while (!target_count(w, s0)) s0++;
    const double *origin = bram_row(&w->segments[s0], target_first(w, s0));
    for (size_t s = 0; s < w->n; s++)
        for (size_t t = target_first(w, s); t < w->segments[s].rows; t++)
            for (size_t j = 0; j < units; j++)
                shift[j] += bram_row(&w->segments[s], t)[j] - origin[j];
    for (size_t j = 0; j < units; j++) {
        shift[j] = origin[j] + shift[j] / (double)w->g->rows;
        if (!isfinite(shift[j]))
            return bram_fail(cx, BRAM_ENUMERIC, "unit %zu holds a value that is not finite", j);
    }
    return BRAM_OK;
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

static int add_segment(bram_ctx *cx, struct work *w, size_t s)
{
    size_t lags = w->g->lags, units = w->g->units, end = w->segments[s].rows;
    bram_mat buffer = w->rows;
    for (size_t t = target_first(w, s); t < end; t += CHUNK) {
        size_t count = end - t < CHUNK ? end - t : CHUNK;
        w->rows = bram_mat_rows(buffer, 0, lags + count);
        for (size_t i = 0; i < lags + count; i++)
            shifted(bram_row(&w->rows, i), bram_row(&w->segments[s], t - lags + i), w->shift,
                    units);
        for (size_t i = lags; i < lags + count; i++)
            for (size_t j = 0; j < units; j++)
                bram_row(&w->g->mean, 0)[j] += bram_row(&w->rows, i)[j];
        BRAM_TRY(bram_parallel_for(cx, lags + 1, add_lag, w));
        BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    w->rows = buffer;
    return BRAM_OK;
}

/* ---- the other blocks ----------------------------------------------------------------------- */

static int collect_edges(bram_ctx *cx, struct work *w)
{
    size_t lags = w->g->lags, used = 0;
    for (size_t s = 0; s < w->n; s++) used += target_count(w, s) > 0;
    w->head = bram_scratch(cx, lags, sizeof *w->head);
    w->tail = w->head ? bram_scratch(cx, lags, sizeof *w->tail) : NULL;
    if (!w->tail) return BRAM_ENOMEM;
    for (size_t a = 0; a < lags; a++) {
        BRAM_TRY(bram_mat_scratch(cx, &w->head[a], used, w->g->units));
        BRAM_TRY(bram_mat_scratch(cx, &w->tail[a], used, w->g->units));
        for (size_t s = 0, at = 0; s < w->n; s++) {
            if (!target_count(w, s)) continue;
            const bram_mat *y = &w->segments[s];
            shifted(bram_row(&w->head[a], at), bram_row(y, target_first(w, s) - 1 - a), w->shift,
                    y->cols);
            shifted(bram_row(&w->tail[a], at), bram_row(y, y->rows - 1 - a), w->shift, y->cols);
            at++;
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
    size_t longest = 0;
    for (size_t s = 0; s < w->n; s++)
        if (target_count(w, s) > longest) longest = target_count(w, s);
    if (longest > CHUNK) longest = CHUNK;
    BRAM_TRY(bram_mat_scratch(cx, &w->rows, longest + g->lags, g->units));
    for (size_t s = 0; s < w->n; s++) BRAM_TRY(add_segment(cx, w, s));
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

static int check_segments(bram_ctx *cx, const struct work *w)
{
    bram_lag_gram *g = w->g;
    for (size_t s = 0; s < w->n; s++) {
        if (w->segments[s].cols != g->units)
            return bram_fail(cx, BRAM_ESHAPE, "segment %zu has %zu units, expected %zu", s,
                             w->segments[s].cols, g->units);
        g->rows += target_count(w, s);
    }
    if (!g->rows || !g->units)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no row has %zu rows before it", g->lags);
    return BRAM_OK;
}

static int make(bram_ctx *cx, struct work *w)
{
    bram_lag_gram *g = w->g;
    BRAM_TRY(check_segments(cx, w));
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
    struct work w = {.g = g, .segments = segments, .first = first, .n = n};
    int status = make(cx, &w);
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

/* ---- solving and predicting ----------------------------------------------------------------- */

/* The lower triangle again from the upper one, and the diagonal. */
static void restore(bram_mat *gram, const double *diagonal)
{
    for (size_t i = 0; i < gram->rows; i++) {
        for (size_t j = i + 1; j < gram->cols; j++) bram_row(gram, j)[i] = bram_row(gram, i)[j];
        bram_row(gram, i)[i] = diagonal[i];
    }
}

int bram_lag_gram_solve(bram_ctx *cx, bram_mat *weights, double *intercept, bram_lag_gram *g,
                        double lambda)
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
