/*
 * lag_products.c - products of a series with its lagged copies by short transforms; see
 * lag_products.h.
 *
 * Sources: overlap-save, Oppenheim and Schafer 2010, section 8.7; three products for a complex one,
 * Karatsuba and Ofman 1962 as in Knuth 1997, section 4.6.4.
 */
#include "lag_products.h"

#include "linalg.h"

#include <bramble/parallel.h>

#include <assert.h>
#include <math.h>
#include <string.h>

/* Blocks whose transforms are in memory at a time: the order of the sums depends on it. */
enum { BLOCKS = 48 };

static const double pi = 3.14159265358979323846;

struct work {
    size_t lags, units, points, products; /* P, R of the header */
    bram_mat context, target;             /* products x points */
    bram_mat back;                        /* lags + 1 x products */
    const double *shift;
    bram_mat slab; /* BLOCKS times points x units: blocks with their context, shifted */
    bram_mat z, x; /* products x BLOCKS units: their transforms */
    bram_mat room; /* products x units^2: the sums K */
    size_t blocks; /* in the slab */
};

/* The length of the transform: near the best for many units, and no more than the room holds. */
static size_t points_for(size_t lags)
{
    size_t points = 4 * lags + 8, most = 2 * (lags * lags + 1) / 3;
    return (points < most ? points : most) / 2 * 2;
}

static size_t products_for(size_t points)
{
    return 3 * points / 2 - 1;
}

bool bram_lag_products_pay(const bram_mat *stretch, size_t n, size_t lags)
{
    if (lags < 4 || lags > 1000 || !n || stretch[0].cols > 30000) return false;
    double points = (double)points_for(lags), products = 1.5 * points - 1;
    double units = (double)stretch[0].cols, fresh = points - (double)lags, rows = 0, blocks = 0;
    for (size_t s = 0; s < n; s++) {
        rows += (double)(stretch[s].rows - lags);
        blocks += ceil((double)(stretch[s].rows - lags) / fresh);
    }
    double plain = rows * (double)(lags + 1) * units;
    double fast = products * (blocks * (units + points + fresh) + (double)(lags + 1) * units);
    return 1.5 * fast < plain; /* its products are shorter, so slower */
}

double bram_lag_products_size(size_t lags, size_t units)
{
    double points = (double)points_for(lags);
    if (lags < 4) return 0;
    return BLOCKS * (points + 2 * (1.5 * points - 1)) * (double)units +
           (double)units * (double)units;
}

/* ---- the three matrices --------------------------------------------------------------------- */

static double turn(size_t k, size_t u, size_t points)
{
    assert(points > 0);
    return 2 * pi * (double)(k * u % points) / (double)points;
}

/* Product r is of the real parts at frequency k, r + 1 of the imaginary ones, r + 2 of sums. */
static void fill_frequency(struct work *w, size_t r, size_t k)
{
    size_t points = w->points;
    for (size_t u = 0; u < points; u++) {
        double c = cos(turn(k, u, points)), s = sin(turn(k, u, points));
        double in = u < w->lags ? 0 : 1;
        bram_row(&w->context, r)[u] = c;
        bram_row(&w->context, r + 1)[u] = s;
        bram_row(&w->context, r + 2)[u] = c + s;
        bram_row(&w->target, r)[u] = in * c;
        bram_row(&w->target, r + 1)[u] = in * s;
        bram_row(&w->target, r + 2)[u] = in * (c - s);
    }
    for (size_t l = 0; l <= w->lags; l++) {
        double c = cos(turn(k, l, points)), s = sin(turn(k, l, points));
        double *back = bram_row(&w->back, l) + r, scale = 2 / (double)points;
        back[0] = scale * (c + s);
        back[1] = scale * (c - s);
        back[2] = -scale * s;
    }
}

/* The frequencies 0 and P / 2 have real parts only. */
static void fill_real(struct work *w, size_t r, bool alternating)
{
    for (size_t u = 0; u < w->points; u++) {
        double c = alternating && u % 2 ? -1 : 1;
        bram_row(&w->context, r)[u] = c;
        bram_row(&w->target, r)[u] = u < w->lags ? 0 : c;
        if (u <= w->lags) bram_row(&w->back, u)[r] = c / (double)w->points;
    }
}

static int make_matrices(bram_ctx *cx, struct work *w)
{
    BRAM_TRY(bram_mat_scratch(cx, &w->context, w->products, w->points));
    BRAM_TRY(bram_mat_scratch(cx, &w->target, w->products, w->points));
    BRAM_TRY(bram_mat_scratch(cx, &w->back, w->lags + 1, w->products));
    fill_real(w, 0, false);
    fill_real(w, 1, true);
    for (size_t k = 1; k < w->points / 2; k++) fill_frequency(w, 3 * k - 1, k);
    return BRAM_OK;
}

/* ---- sums over the blocks ------------------------------------------------------------------- */

/* The block whose context begins at row `from` of a stretch; beyond its end are zeros. */
static void load(struct work *w, const bram_mat *stretch, size_t from)
{
    bram_mat out = bram_mat_rows(w->slab, w->blocks * w->points, w->points);
    for (size_t u = 0; u < w->points; u++) {
        double *to = bram_row(&out, u);
        const double *row = from + u < stretch->rows ? bram_row(stretch, from + u) : NULL;
        for (size_t j = 0; j < w->units; j++) to[j] = row ? row[j] - w->shift[j] : 0;
    }
    w->blocks++;
}

/* Task b makes both transforms of block b. */
static int transform(bram_ctx *cx, size_t b, void *user)
{
    const struct work *w = user;
    size_t lags = w->lags, fresh = w->points - lags;
    bram_mat block = bram_mat_rows(w->slab, b * w->points, w->points);
    bram_mat rows = bram_mat_rows(block, lags, fresh);
    bram_mat target = {w->target.data + lags, w->products, fresh, w->target.stride};
    bram_mat z = {w->z.data + b * w->units, w->products, w->units, w->z.stride};
    bram_mat x = {w->x.data + b * w->units, w->products, w->units, w->x.stride};
    BRAM_TRY(bram_gemm(cx, &z, 1, &w->context, BRAM_AS_IS, &block, BRAM_AS_IS, 0));
    return bram_gemm(cx, &x, 1, &target, BRAM_AS_IS, &rows, BRAM_AS_IS, 0);
}

/* Task r adds the blocks to the sum K(r). */
static int multiply(bram_ctx *cx, size_t r, void *user)
{
    const struct work *w = user;
    bram_mat z = {bram_row(&w->z, r), w->blocks, w->units, w->units};
    bram_mat x = {bram_row(&w->x, r), w->blocks, w->units, w->units};
    bram_mat sum = {bram_row(&w->room, r), w->units, w->units, w->units};
    return bram_gemm(cx, &sum, 1, &z, BRAM_TRANSPOSED, &x, BRAM_AS_IS, 1);
}

static int flush(bram_ctx *cx, struct work *w)
{
    BRAM_TRY(bram_parallel_for(cx, w->blocks, transform, w));
    BRAM_TRY(bram_parallel_for(cx, w->blocks ? w->products : 0, multiply, w));
    w->blocks = 0;
    return BRAM_OK;
}

static int add_up(bram_ctx *cx, struct work *w, const bram_mat *stretch, size_t n)
{
    size_t fresh = w->points - w->lags;
    for (size_t s = 0; s < n; s++)
        for (size_t from = 0; from + w->lags < stretch[s].rows; from += fresh) {
            load(w, &stretch[s], from);
            if (w->blocks == BLOCKS) BRAM_TRY(flush(cx, w));
        }
    return flush(cx, w);
}

static int products(bram_ctx *cx, struct work *w, bram_mat *now, bram_mat *past,
                    const bram_mat *stretch, size_t n)
{
    size_t units = w->units, square = units * units, lags = w->lags;
    BRAM_TRY(make_matrices(cx, w));
    BRAM_TRY(bram_mat_scratch(cx, &w->slab, BLOCKS * w->points, units));
    BRAM_TRY(bram_mat_scratch(cx, &w->z, w->products, BLOCKS * units));
    BRAM_TRY(bram_mat_scratch(cx, &w->x, w->products, BLOCKS * units));
    BRAM_TRY(add_up(cx, w, stretch, n));
    bram_mat first = bram_mat_rows(w->back, 0, 1), others = bram_mat_rows(w->back, 1, lags);
    bram_mat zero, rest = {past->data, lags, square, square};
    BRAM_TRY(bram_mat_scratch(cx, &zero, 1, square)); /* now may lie in the room */
    BRAM_TRY(bram_gemm(cx, &zero, 1, &first, BRAM_AS_IS, &w->room, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &rest, 1, &others, BRAM_AS_IS, &w->room, BRAM_AS_IS, 0));
    for (size_t i = 0; i < units; i++)
        memcpy(bram_row(now, i), zero.data + i * units, units * sizeof *zero.data);
    return BRAM_OK;
}

int bram_lag_products(bram_ctx *cx, bram_mat *now, bram_mat *past, const bram_mat *stretch,
                      size_t n, size_t lags, const double *shift, double *room)
{
    assert(lags >= 4); /* fewer leave no room for a transform */
    size_t units = now->cols, points = points_for(lags), count = products_for(points);
    struct work w = {.lags = lags,
                     .units = units,
                     .points = points,
                     .products = count,
                     .shift = shift,
                     .room = {room, count, units * units, units * units}};
    size_t mark = bram_scratch_mark(cx);
    int status = products(cx, &w, now, past, stretch, n);
    bram_scratch_release(cx, mark);
    return status;
}
