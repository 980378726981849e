/*
 * common_space.c - linear maps of two populations into one space; see common_space.h.
 */
#include "common_space.h"

#include "classifier.h"
#include "linalg.h"
#include "ridge_cv.h"

#include <float.h>
#include <math.h>

/* A side about its means, in its deviations, and its leading components. */
struct side {
    bram_space_map *map;
    bram_mat z;     /* rows x columns */
    bram_mat vt;    /* as many components x columns */
    double *value;  /* singular values, descending */
    size_t varying; /* of these above rounding */
};

static int standardize(bram_ctx *cx, bram_mat *z, const bram_space_map *m, const bram_mat *x)
{
    BRAM_TRY(bram_mat_scratch(cx, z, x->rows, x->cols));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            bram_row(z, i)[j] = (bram_row(x, i)[j] - m->mean[j]) / m->scale[j];
    return BRAM_OK;
}

static int decompose(bram_ctx *cx, struct side *s)
{
    size_t n = s->z.rows, p = s->z.cols, k = n < p ? n : p;
    bram_mat u;
    s->value = bram_scratch(cx, k, sizeof *s->value);
    if (!s->value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &u, n, k));
    BRAM_TRY(bram_mat_scratch(cx, &s->vt, k, p));
    BRAM_TRY(bram_svd(cx, &u, s->value, &s->vt, &s->z));
    double least = (double)(n + p) * DBL_EPSILON * s->value[0];
    while (s->varying < k && s->value[s->varying] > least) s->varying++;
    if (!s->varying)
        return bram_fail(cx, BRAM_ENUMERIC, "%zu rows of %zu columns are all alike", n, p);
    return BRAM_OK;
}

/* columns x k: the components, each divided by its deviation where `whiten`. */
static int components(bram_ctx *cx, bram_mat *out, const struct side *s, size_t k, bool whiten)
{
    BRAM_TRY(bram_mat_scratch(cx, out, s->z.cols, k));
    for (size_t j = 0; j < k; j++) {
        double by = whiten ? s->value[j] / sqrt((double)s->z.rows) : 1;
        for (size_t i = 0; i < s->z.cols; i++) bram_row(out, i)[j] = bram_row(&s->vt, j)[i] / by;
    }
    return BRAM_OK;
}

/* Singular vectors of (a wa)'(b wb): u and v, k x k with a direction in each column, and the sum of
 * the values. */
static int match(bram_ctx *cx, bram_mat *u, bram_mat *v, double *sum, const struct side *a,
                 const struct side *b, const bram_mat *wa, const bram_mat *wb)
{
    size_t k = wa->cols, n = a->z.rows;
    bram_mat x, y, inner, vt;
    double *value = bram_scratch(cx, k, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &x, n, k));
    BRAM_TRY(bram_mat_scratch(cx, &y, n, k));
    BRAM_TRY(bram_mat_scratch(cx, &inner, k, k));
    BRAM_TRY(bram_mat_scratch(cx, &vt, k, k));
    BRAM_TRY(bram_mat_scratch(cx, u, k, k));
    BRAM_TRY(bram_mat_scratch(cx, v, k, k));
    BRAM_TRY(bram_gemm(cx, &x, 1, &a->z, BRAM_AS_IS, wa, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &y, 1, &b->z, BRAM_AS_IS, wb, BRAM_AS_IS, 0));
    BRAM_TRY(bram_gemm(cx, &inner, 1, &x, BRAM_TRANSPOSED, &y, BRAM_AS_IS, 0));
    BRAM_TRY(bram_svd(cx, u, value, &vt, &inner));
    *sum = 0;
    for (size_t i = 0; i < k; i++) {
        *sum += value[i];
        for (size_t j = 0; j < k; j++) bram_row(v, j)[i] = bram_row(&vt, i)[j];
    }
    return BRAM_OK;
}

/* a goes to its components, b to c R of its own: R = v u' with (A'B) = u s v'. */
static int fit_procrustes(bram_ctx *cx, struct side *a, struct side *b, size_t k)
{
    bram_mat wb, u, v, turn;
    double sum, square = 0;
    BRAM_TRY(components(cx, &a->map->weight, a, k, false));
    BRAM_TRY(components(cx, &wb, b, k, false));
    BRAM_TRY(match(cx, &u, &v, &sum, a, b, &a->map->weight, &wb));
    for (size_t j = 0; j < k; j++) square += b->value[j] * b->value[j];
    BRAM_TRY(bram_mat_scratch(cx, &turn, k, k));
    BRAM_TRY(bram_mat_scratch(cx, &b->map->weight, wb.rows, k));
    BRAM_TRY(bram_gemm(cx, &turn, sum / square, &v, BRAM_AS_IS, &u, BRAM_TRANSPOSED, 0));
    return bram_gemm(cx, &b->map->weight, 1, &wb, BRAM_AS_IS, &turn, BRAM_AS_IS, 0);
}

static int fit_cca(bram_ctx *cx, struct side *a, struct side *b, size_t k)
{
    bram_mat wa, wb, u, v;
    double sum;
    BRAM_TRY(components(cx, &wa, a, k, true));
    BRAM_TRY(components(cx, &wb, b, k, true));
    BRAM_TRY(match(cx, &u, &v, &sum, a, b, &wa, &wb));
    BRAM_TRY(bram_mat_scratch(cx, &a->map->weight, wa.rows, k));
    BRAM_TRY(bram_mat_scratch(cx, &b->map->weight, wb.rows, k));
    BRAM_TRY(bram_gemm(cx, &a->map->weight, 1, &wa, BRAM_AS_IS, &u, BRAM_AS_IS, 0));
    return bram_gemm(cx, &b->map->weight, 1, &wb, BRAM_AS_IS, &v, BRAM_AS_IS, 0);
}

/* ---- ridge ---------------------------------------------------------------------------------- */

static int choose_penalty(bram_ctx *cx, double *alpha, const struct side *a, const struct side *b)
{
    enum { GRID = 9 };
    double grid[GRID]; /* columns have variance 1: from 1e-2 to 1e6 */
    for (size_t g = 0; g < GRID; g++) grid[g] = pow(10, (double)g - 2);
    bram_ridge_search s = {.grid = grid, .n_grid = GRID, .choice = BRAM_RIDGE_GLOBAL};
    bram_regressors x = {.x = &b->z};
    bram_targets y = {.rows = a->z.rows, .cols = a->z.cols, .f64 = &a->z};
    return bram_ridge_loo(cx, alpha, NULL, NULL, &x, &y, &s);
}

static int fit_ridge(bram_ctx *cx, struct side *a, struct side *b)
{
    size_t p = a->z.cols;
    bram_ridge *ridge = NULL;
    bram_mat inner;
    double *alpha = bram_scratch(cx, p, sizeof *alpha), *mean = bram_scratch(cx, p, sizeof *mean);
    if (!alpha || !mean) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &a->map->weight, p, p));
    for (size_t j = 0; j < p; j++) bram_row(&a->map->weight, j)[j] = 1;
    BRAM_TRY(bram_mat_scratch(cx, &b->map->weight, b->z.cols, p));
    BRAM_TRY(choose_penalty(cx, alpha, a, b));
    BRAM_TRY(bram_ridge_new(cx, &ridge, &b->z));
    int status = bram_mat_scratch(cx, &inner, bram_ridge_rank(ridge), p);
    if (status == BRAM_OK) status = bram_ridge_project(cx, ridge, &inner, mean, &a->z);
    if (status == BRAM_OK)
        status = bram_ridge_weights(cx, ridge, &b->map->weight, b->map->offset, &inner, mean,
                                    alpha);
    bram_ridge_free(ridge);
    return status;
}

/* ---- all ------------------------------------------------------------------------------------ */

static int begin(bram_ctx *cx, struct side *s, const bram_mat *x, size_t dims)
{
    bram_space_map *m = s->map;
    m->mean = bram_scratch(cx, x->cols, sizeof *m->mean);
    m->scale = bram_scratch(cx, x->cols, sizeof *m->scale);
    m->offset = bram_scratch(cx, dims, sizeof *m->offset);
    if (!m->mean || !m->scale || !m->offset) return BRAM_ENOMEM;
    bram_classifier_scale(m->mean, m->scale, x);
    BRAM_TRY(standardize(cx, &s->z, m, x));
    return decompose(cx, s);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

int bram_common_space_fit(bram_ctx *cx, bram_common_space *out, bram_space_kind kind,
                          const bram_mat *a, const bram_mat *b, size_t dims)
{
    enum { LEAST_ROWS = 3 };
    bram_common_space space = {.a = {.mean = NULL}};
    struct side x = {.map = &space.a}, y = {.map = &space.b};
    if (a->rows != b->rows || a->rows < LEAST_ROWS || !a->cols || !b->cols || !dims)
        return bram_fail(cx, BRAM_ESHAPE,
                         "populations of %zu x %zu and %zu x %zu in %zu dimensions: expected the "
                         "same rows, %d or more",
                         a->rows, a->cols, b->rows, b->cols, dims, LEAST_ROWS);
    size_t wide = kind == BRAM_SPACE_RIDGE ? a->cols : dims;
    BRAM_TRY(begin(cx, &x, a, wide));
    BRAM_TRY(begin(cx, &y, b, wide));
    size_t k = least(least(dims, a->rows - 1), least(x.varying, y.varying));
    BRAM_TRY(kind == BRAM_SPACE_RIDGE ? fit_ridge(cx, &x, &y)
             : kind == BRAM_SPACE_CCA ? fit_cca(cx, &x, &y, k)
                                      : fit_procrustes(cx, &x, &y, k));
    *out = space;
    return BRAM_OK;
}

int bram_common_space_put(bram_ctx *cx, bram_mat *out, const bram_space_map *map, const bram_mat *x)
{
    bram_mat z;
    if (x->cols != map->weight.rows)
        return bram_fail(cx, BRAM_ESHAPE, "rows of %zu columns, expected %zu", x->cols,
                         map->weight.rows);
    BRAM_TRY(bram_mat_scratch(cx, out, x->rows, map->weight.cols));
    size_t mark = bram_scratch_mark(cx);
    int status = standardize(cx, &z, map, x);
    if (status == BRAM_OK)
        status = bram_gemm(cx, out, 1, &z, BRAM_AS_IS, &map->weight, BRAM_AS_IS, 0);
    bram_scratch_release(cx, mark);
    for (size_t i = 0; status == BRAM_OK && i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++) bram_row(out, i)[j] += map->offset[j];
    return status;
}
