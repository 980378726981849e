/*
 * pls.c - partial least squares by exact singular vectors or by power iteration; see pls.h.
 */
#include "pls.h"

#include "linalg.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What both ways work with: centred (and scaled) sides, and matrices that hold a component in each
 * row. */
struct work {
    bram_mat x, y;          /* rows x columns, rows x targets */
    bram_mat w, p, q, r, s; /* components x columns (q: targets, s: rows) */
    const bram_pls_options *o;
    bram_pls *m;
    double *deviation_y;
};

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void add_scaled(double *to, double factor, const double *from, size_t n)
{
    for (size_t i = 0; i < n; i++) to[i] += factor * from[i];
}

/* ---- both sides ----------------------------------------------------------------------------- */

static int standardize(bram_ctx *cx, bram_mat *out, double *mean, double *deviation,
                       const bram_mat *m, bool scale, const char *what)
{
    double n = (double)m->rows;
    BRAM_TRY(bram_mat_scratch(cx, out, m->rows, m->cols));
    for (size_t k = 0; k < m->cols; k++) {
        double square = 0;
        mean[k] = 0;
        for (size_t i = 0; i < m->rows; i++) mean[k] += (bram_row(m, i)[k] - m->data[k]) / n;
        mean[k] += m->data[k];
        if (!isfinite(mean[k]))
            return bram_fail(cx, BRAM_ENUMERIC, "column %zu of %s holds a value that is not finite",
                             k, what);
        for (size_t i = 0; i < m->rows; i++) {
            bram_row(out, i)[k] = bram_row(m, i)[k] - mean[k];
            square += bram_row(out, i)[k] * bram_row(out, i)[k];
        }
        deviation[k] = scale && square > 0 ? sqrt(square / (n - 1)) : 1;
        for (size_t i = 0; i < m->rows && scale; i++) bram_row(out, i)[k] /= deviation[k];
    }
    return BRAM_OK;
}

static int begin(bram_ctx *cx, struct work *k, const bram_mat *x, const bram_mat *y)
{
    size_t most = k->o->components, p = x->cols, t = y->cols;
    if (most > x->rows) most = x->rows;
    if (most > p) most = p;
    bram_pls *m = k->m;
    BRAM_TRY(bram_mat_new(cx, &m->weights, p, most));
    BRAM_TRY(bram_mat_new(cx, &m->coef, p, t));
    m->mean_x = bram_alloc(cx, p, sizeof *m->mean_x);
    m->deviation_x = m->mean_x ? bram_alloc(cx, p, sizeof *m->deviation_x) : NULL;
    m->mean_y = m->deviation_x ? bram_alloc(cx, t, sizeof *m->mean_y) : NULL;
    m->iterations = m->mean_y ? bram_alloc(cx, most, sizeof *m->iterations) : NULL;
    k->deviation_y = m->iterations ? bram_scratch(cx, t, sizeof *k->deviation_y) : NULL;
    if (!k->deviation_y) return BRAM_ENOMEM;
    BRAM_TRY(standardize(cx, &k->x, m->mean_x, m->deviation_x, x, k->o->scale, "the design"));
    BRAM_TRY(standardize(cx, &k->y, m->mean_y, k->deviation_y, y, k->o->scale, "the targets"));
    BRAM_TRY(bram_mat_scratch(cx, &k->w, most, p));
    BRAM_TRY(bram_mat_scratch(cx, &k->p, most, p));
    BRAM_TRY(bram_mat_scratch(cx, &k->r, most, p));
    BRAM_TRY(bram_mat_scratch(cx, &k->q, most, t));
    return bram_mat_scratch(cx, &k->s, most, x->rows);
}

static void flip(double *w, size_t n)
{
    size_t at = 0;
    for (size_t i = 1; i < n; i++)
        if (fabs(w[i]) > fabs(w[at])) at = i;
    if (w[at] < 0)
        for (size_t i = 0; i < n; i++) w[i] = -w[i];
}

/* r_k = w_k - sum over j < k of (p_j.w_k) r_j */
static void rotate(struct work *k, size_t c)
{
    size_t p = k->x.cols;
    memcpy(bram_row(&k->r, c), bram_row(&k->w, c), p * sizeof(double));
    for (size_t j = 0; j < c; j++)
        add_scaled(bram_row(&k->r, c), -dot(bram_row(&k->p, j), bram_row(&k->w, c), p),
                   bram_row(&k->r, j), p);
}

/* Loadings of score s_c: p = X's / s's and q = Y's / s's. */
static int load(bram_ctx *cx, struct work *k, size_t c)
{
    double *s = bram_row(&k->s, c), length = dot(s, s, k->x.rows);
    BRAM_TRY(bram_gemv(cx, bram_row(&k->p, c), 1 / length, &k->x, BRAM_TRANSPOSED, s, 0));
    return bram_gemv(cx, bram_row(&k->q, c), 1 / length, &k->y, BRAM_TRANSPOSED, s, 0);
}

/* ---- exact ---------------------------------------------------------------------------------- */

/* The dominant left singular vector of c into w, by the smaller of c'c and cc'. */
static int dominant(bram_ctx *cx, double *w, double *value, const bram_mat *c)
{
    bool narrow = c->cols <= c->rows;
    size_t side = narrow ? c->cols : c->rows;
    bram_mat square;
    double *values = bram_scratch(cx, side, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &square, side, side));
    BRAM_TRY(bram_syrk(cx, &square, 1, c, narrow ? BRAM_TRANSPOSED : BRAM_AS_IS, 0));
    BRAM_TRY(bram_eigh(cx, &square, values));
    const double *v = bram_row(&square, side - 1);
    if (narrow) BRAM_TRY(bram_gemv(cx, w, 1, c, BRAM_AS_IS, v, 0));
    else memcpy(w, v, side * sizeof *w);
    double length = sqrt(dot(w, w, c->rows));
    *value = sqrt(fmax(values[side - 1], 0));
    for (size_t i = 0; i < c->rows && length > 0; i++) w[i] /= length;
    flip(w, c->rows);
    return BRAM_OK;
}

/* s = X w less its projections on the scores before it, which X less their parts would give. */
static int score(bram_ctx *cx, struct work *k, size_t c)
{
    double *s = bram_row(&k->s, c), *w = bram_row(&k->w, c);
    BRAM_TRY(bram_gemv(cx, s, 1, &k->x, BRAM_AS_IS, w, 0));
    for (size_t j = 0; j < c; j++)
        add_scaled(s, -dot(bram_row(&k->p, j), w, k->x.cols), bram_row(&k->s, j), k->x.rows);
    return BRAM_OK;
}

static int exact(bram_ctx *cx, struct work *k)
{
    bram_mat c;
    double value, first = 0;
    BRAM_TRY(bram_mat_scratch(cx, &c, k->x.cols, k->y.cols));
    BRAM_TRY(bram_gemm(cx, &c, 1, &k->x, BRAM_TRANSPOSED, &k->y, BRAM_AS_IS, 0));
    for (size_t at = 0; at < k->w.rows; at++) {
        size_t mark = bram_scratch_mark(cx);
        int status = dominant(cx, bram_row(&k->w, at), &value, &c);
        bram_scratch_release(cx, mark);
        BRAM_TRY(status);
        if (at == 0) first = value;
        if (!(value > 1e-13 * first)) break; /* nothing left that covaries */
        BRAM_TRY(score(cx, k, at));
        BRAM_TRY(load(cx, k, at));
        rotate(k, at);
        const double *s = bram_row(&k->s, at), length = dot(s, s, k->x.rows);
        for (size_t i = 0; i < c.rows; i++)
            add_scaled(bram_row(&c, i), -length * bram_row(&k->p, at)[i], bram_row(&k->q, at),
                       c.cols);
        k->m->components = at + 1;
    }
    return BRAM_OK;
}

/* ---- power iteration ------------------------------------------------------------------------ */

/* The score of Y to start from: its first column that is not zero throughout. @return false: none
 */
static bool start(double *u, const bram_mat *y)
{
    for (size_t t = 0; t < y->cols; t++) {
        double largest = 0;
        for (size_t i = 0; i < y->rows; i++) largest = fmax(largest, fabs(bram_row(y, i)[t]));
        if (!(largest > DBL_EPSILON)) continue;
        for (size_t i = 0; i < y->rows; i++) u[i] = bram_row(y, i)[t];
        return true;
    }
    return false;
}

/* Targets of which nothing but rounding is left. */
static void clear_spent(bram_mat *y)
{
    for (size_t t = 0; t < y->cols; t++) {
        double largest = 0;
        for (size_t i = 0; i < y->rows; i++) largest = fmax(largest, fabs(bram_row(y, i)[t]));
        for (size_t i = 0; i < y->rows && largest < 10 * DBL_EPSILON; i++) bram_row(y, i)[t] = 0;
    }
}

/* One component's weights. u: score of Y, q: targets, old: columns. */
static int iterate(bram_ctx *cx, struct work *k, size_t c, double *u, double *q, double *old)
{
    size_t p = k->x.cols, most = k->o->most ? k->o->most : 500, step = 0;
    double *w = bram_row(&k->w, c), *s = bram_row(&k->s, c), change = INFINITY;
    double tolerance = k->o->tolerance > 0 ? k->o->tolerance : 1e-6;
    for (size_t i = 0; i < p; i++) old[i] = 100;
    while (step < most && !(change < tolerance)) {
        BRAM_TRY(bram_gemv(cx, w, 1 / dot(u, u, k->x.rows), &k->x, BRAM_TRANSPOSED, u, 0));
        double length = sqrt(dot(w, w, p)) + DBL_EPSILON;
        for (size_t i = 0; i < p; i++) w[i] /= length;
        BRAM_TRY(bram_gemv(cx, s, 1, &k->x, BRAM_AS_IS, w, 0));
        BRAM_TRY(bram_gemv(cx, q, 1 / dot(s, s, k->x.rows), &k->y, BRAM_TRANSPOSED, s, 0));
        BRAM_TRY(
            bram_gemv(cx, u, 1 / (dot(q, q, k->y.cols) + DBL_EPSILON), &k->y, BRAM_AS_IS, q, 0));
        change = 0;
        for (size_t i = 0; i < p; i++) change += (w[i] - old[i]) * (w[i] - old[i]), old[i] = w[i];
        step++;
        if (k->y.cols == 1) change = 0;
    }
    k->m->iterations[c] = step;
    if (!(change < tolerance)) k->m->stopped++;
    flip(w, p);
    return bram_gemv(cx, s, 1, &k->x, BRAM_AS_IS, w, 0);
}

static void deflate(bram_mat *m, const double *s, const double *loading)
{
    for (size_t i = 0; i < m->rows; i++) add_scaled(bram_row(m, i), -s[i], loading, m->cols);
}

static int nipals(bram_ctx *cx, struct work *k)
{
    double *u = bram_scratch(cx, k->x.rows, sizeof *u);
    double *q = u ? bram_scratch(cx, k->y.cols, sizeof *q) : NULL;
    double *old = q ? bram_scratch(cx, k->x.cols, sizeof *old) : NULL;
    if (!old) return BRAM_ENOMEM;
    for (size_t c = 0; c < k->w.rows; c++) {
        clear_spent(&k->y);
        if (!start(u, &k->y)) break;
        BRAM_TRY(iterate(cx, k, c, u, q, old));
        if (!(dot(bram_row(&k->s, c), bram_row(&k->s, c), k->x.rows) > 0)) break;
        BRAM_TRY(load(cx, k, c));
        rotate(k, c);
        deflate(&k->x, bram_row(&k->s, c), bram_row(&k->p, c));
        deflate(&k->y, bram_row(&k->s, c), bram_row(&k->q, c));
        k->m->components = c + 1;
    }
    return BRAM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int finish(bram_ctx *cx, struct work *k)
{
    size_t made = k->m->components;
    bram_mat r = bram_mat_rows(k->r, 0, made), q = bram_mat_rows(k->q, 0, made);
    BRAM_TRY(bram_gemm(cx, &k->m->coef, 1, &r, BRAM_TRANSPOSED, &q, BRAM_AS_IS, 0));
    for (size_t i = 0; i < k->x.cols; i++) {
        for (size_t t = 0; t < k->y.cols; t++) bram_row(&k->m->coef, i)[t] *= k->deviation_y[t];
        for (size_t c = 0; c < made; c++) bram_row(&k->m->weights, i)[c] = bram_row(&k->w, c)[i];
    }
    k->m->weights.cols = made;
    return BRAM_OK;
}

int bram_pls_fit(bram_ctx *cx, bram_pls *out, const bram_mat *x, const bram_mat *y,
                 const bram_pls_options *o)
{
    bram_pls m = {0};
    struct work k = {.o = o, .m = &m};
    if (x->rows < 2 || y->rows != x->rows || !x->cols || !y->cols || !o->components)
        return bram_fail(cx, BRAM_ESHAPE,
                         "partial least squares of %zu x %zu on %zu x %zu with %zu components",
                         y->rows, y->cols, x->rows, x->cols, o->components);
    size_t mark = bram_scratch_mark(cx);
    int status = begin(cx, &k, x, y);
    if (status == BRAM_OK) status = o->nipals ? nipals(cx, &k) : exact(cx, &k);
    if (status == BRAM_OK) status = finish(cx, &k);
    bram_scratch_release(cx, mark);
    if (status == BRAM_OK) *out = m;
    else bram_pls_release(&m);
    return status;
}

void bram_pls_release(bram_pls *m)
{
    bram_free(m->weights.data);
    bram_free(m->coef.data);
    bram_free(m->mean_x);
    bram_free(m->deviation_x);
    bram_free(m->mean_y);
    bram_free(m->iterations);
    *m = (bram_pls){0};
}

int bram_pls_predict(bram_ctx *cx, bram_mat *out, const bram_pls *m, const bram_mat *x)
{
    size_t p = m->coef.rows, mark = bram_scratch_mark(cx);
    bram_mat centred;
    if (x->cols != p || out->rows != x->rows || out->cols != m->coef.cols)
        return bram_fail(cx, BRAM_ESHAPE, "predictions %zu x %zu from a design of %zu x %zu",
                         out->rows, out->cols, x->rows, x->cols);
    BRAM_TRY(bram_mat_scratch(cx, &centred, x->rows, p));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t k = 0; k < p; k++)
            bram_row(&centred, i)[k] = (bram_row(x, i)[k] - m->mean_x[k]) / m->deviation_x[k];
    int status = bram_gemm(cx, out, 1, &centred, BRAM_AS_IS, &m->coef, BRAM_AS_IS, 0);
    for (size_t i = 0; i < out->rows && status == BRAM_OK; i++)
        for (size_t t = 0; t < out->cols; t++) bram_row(out, i)[t] += m->mean_y[t];
    bram_scratch_release(cx, mark);
    return status;
}
