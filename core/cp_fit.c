/*
 * cp_fit.c - non-negative CP by hierarchical alternating least squares; see cp.h.
 *
 * Two products with the array an iteration: H = X (B o C), and Z = X' A, of which the sums for both
 * other factors are made.
 */
#include "cp.h"
#include "linalg.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct work {
    const bram_cp_data *data;
    size_t rank;
    bram_mat x;           /* dim 0 x (dim 1 dim 2); a view */
    bram_mat a, b, c;     /* the factors */
    bram_mat fibre;       /* (dim 1 dim 2) x rank: b o c where present; then X' a */
    bram_mat h;           /* dim 0 x rank */
    double *gram, *other; /* rank x rank each */
    double *row;          /* rank */
};

static int check(bram_ctx *cx, const bram_cp_data *d, size_t rank)
{
    if (rank == 0 || d->dim[0] == 0 || d->dim[1] == 0 || d->dim[2] == 0)
        return bram_fail(cx, BRAM_ESHAPE, "rank %zu of %zu x %zu x %zu values, expected none of 0",
                         rank, d->dim[0], d->dim[1], d->dim[2]);
    size_t fibres = d->dim[1] * d->dim[2];
    for (size_t i = 0; i < d->dim[0]; i++)
        for (size_t k = 0; k < fibres; k++) {
            double v = d->x[i * fibres + k];
            if (v >= 0 && isfinite(v) && (v == 0 || !d->present || d->present[k])) continue;
            return bram_fail(
                cx, BRAM_ENUMERIC,
                "value [%zu][%zu][%zu] is %g, expected a finite one of 0 or more, and 0 "
                "where missing",
                i, k / d->dim[2], k % d->dim[2], v);
        }
    return BRAM_OK;
}

static bool is_present(const bram_cp_data *d, size_t j, size_t k)
{
    return !d->present || d->present[j * d->dim[2] + k];
}

/* The best non-negative entries of one row, one after the other: min u' G u - 2 u' h. An entry that
 * nothing speaks of is 0. */
static void solve_row(double *u, const double *h, const double *gram, size_t rank)
{
    for (size_t r = 0; r < rank; r++) {
        double rest = h[r], own = gram[r * rank + r];
        for (size_t s = 0; s < rank; s++) rest -= gram[r * rank + s] * u[s];
        u[r] = own > 0 ? fmax(0, u[r] + rest / own) : 0;
    }
}

/* gram += v v' */
static void add_outer(double *gram, const double *v, size_t rank)
{
    for (size_t r = 0; r < rank; r++)
        for (size_t s = 0; s < rank; s++) gram[r * rank + s] += v[r] * v[s];
}

static int update_first(bram_ctx *cx, struct work *w)
{
    const bram_cp_data *d = w->data;
    size_t rank = w->rank;
    memset(w->gram, 0, rank * rank * sizeof *w->gram);
    for (size_t j = 0; j < d->dim[1]; j++)
        for (size_t k = 0; k < d->dim[2]; k++) {
            double *f = bram_row(&w->fibre, j * d->dim[2] + k);
            bool there = is_present(d, j, k);
            for (size_t r = 0; r < rank; r++)
                f[r] = there ? bram_row(&w->b, j)[r] * bram_row(&w->c, k)[r] : 0;
            if (there) add_outer(w->gram, f, rank);
        }
    BRAM_TRY(bram_gemm(cx, &w->h, 1, &w->x, BRAM_AS_IS, &w->fibre, BRAM_AS_IS, 0));
    for (size_t i = 0; i < d->dim[0]; i++)
        solve_row(bram_row(&w->a, i), bram_row(&w->h, i), w->gram, rank);
    return bram_gemm(cx, &w->fibre, 1, &w->x, BRAM_TRANSPOSED, &w->a, BRAM_AS_IS, 0);
}

/* Row `at` of b (second) or c (third), and what it adds to the squared error (but for x^2). */
static double update_row(struct work *w, size_t at, bool second)
{
    const bram_cp_data *d = w->data;
    const bram_mat *fixed = second ? &w->c : &w->b;
    size_t rank = w->rank;
    double *h = w->row, *u = bram_row(second ? &w->b : &w->c, at), sum = 0;
    memset(h, 0, rank * sizeof *h);
    memset(w->other, 0, rank * rank * sizeof *w->other);
    for (size_t f = 0; f < fixed->rows; f++) {
        size_t j = second ? at : f, k = second ? f : at;
        if (!is_present(d, j, k)) continue;
        const double *v = bram_row(fixed, f), *z = bram_row(&w->fibre, j * d->dim[2] + k);
        for (size_t r = 0; r < rank; r++) h[r] += v[r] * z[r];
        add_outer(w->other, v, rank);
    }
    for (size_t r = 0; r < rank * rank; r++) w->other[r] *= w->gram[r];
    solve_row(u, h, w->other, rank);
    for (size_t r = 0; r < rank; r++) {
        double g = 0;
        for (size_t s = 0; s < rank; s++) g += w->other[r * rank + s] * u[s];
        sum += u[r] * (g - 2 * h[r]);
    }
    return sum;
}

/* One round over the three factors. @return in *change the squared error less the sum of squares */
static int iterate(bram_ctx *cx, struct work *w, double *change)
{
    size_t rank = w->rank;
    BRAM_TRY(update_first(cx, w));
    memset(w->gram, 0, rank * rank * sizeof *w->gram);
    for (size_t i = 0; i < w->a.rows; i++) add_outer(w->gram, bram_row(&w->a, i), rank);
    for (size_t j = 0; j < w->b.rows; j++) (void)update_row(w, j, true);
    *change = 0;
    for (size_t k = 0; k < w->c.rows; k++) *change += update_row(w, k, false);
    return BRAM_OK;
}

/* ---- the result ----------------------------------------------------------------------------- */

static double column_length(const bram_mat *m, size_t r)
{
    double sum = 0;
    for (size_t i = 0; i < m->rows; i++) sum += bram_row(m, i)[r] * bram_row(m, i)[r];
    return sqrt(sum);
}

struct place {
    double weight;
    size_t from;
};

static int by_weight(const void *x, const void *y)
{
    const struct place *p = x, *q = y;
    if (p->weight != q->weight) return p->weight > q->weight ? -1 : 1;
    return (p->from > q->from) - (p->from < q->from);
}

static void give(bram_cp *out, const struct work *w, struct place *place)
{
    const bram_mat *m[3] = {&w->a, &w->b, &w->c};
    for (size_t r = 0; r < w->rank; r++) {
        place[r] = (struct place){1, r};
        for (int f = 0; f < 3; f++) place[r].weight *= column_length(m[f], r);
    }
    qsort(place, w->rank, sizeof *place, by_weight);
    for (size_t r = 0; r < w->rank; r++) {
        out->weight[r] = place[r].weight;
        for (int f = 0; f < 3; f++) {
            double length = column_length(m[f], place[r].from);
            for (size_t i = 0; i < m[f]->rows; i++)
                out->factor[f][i * w->rank + r] = place[r].weight > 0
                                                      ? bram_row(m[f], i)[place[r].from] / length
                                                      : 0;
        }
    }
}

/* ---- the fit -------------------------------------------------------------------------------- */

static int make_work(bram_ctx *cx, struct work *w, const bram_cp_data *d, size_t rank, bram_rng *g)
{
    size_t fibres = d->dim[1] * d->dim[2];
    bram_mat *factor[3] = {&w->a, &w->b, &w->c};
    /* never written: the products only read it */
    *w = (struct work){.data = d, .rank = rank};
    w->x = (bram_mat){(double *)(uintptr_t)d->x, d->dim[0], fibres, fibres};
    for (int f = 0; f < 3; f++) {
        BRAM_TRY(bram_mat_scratch(cx, factor[f], d->dim[f], rank));
        for (size_t k = 0; k < d->dim[f] * rank; k++) factor[f]->data[k] = bram_rng_uniform(g);
    }
    BRAM_TRY(bram_mat_scratch(cx, &w->fibre, fibres, rank));
    BRAM_TRY(bram_mat_scratch(cx, &w->h, d->dim[0], rank));
    w->gram = bram_scratch(cx, 2 * rank + 1, rank * sizeof *w->gram);
    if (!w->gram) return BRAM_ENOMEM;
    w->other = w->gram + rank * rank, w->row = w->other + rank * rank;
    return BRAM_OK;
}

static int fit(bram_ctx *cx, bram_cp *out, const bram_cp_data *d, const bram_cp_settings *o,
               uint64_t start, double *trace)
{
    struct work w;
    bram_rng g = bram_rng_at(o->seed, "cp", start);
    double squares = 0, before = INFINITY;
    size_t count = d->dim[0] * d->dim[1] * d->dim[2], k = 0;
    for (size_t i = 0; i < count; i++) squares += d->x[i] * d->x[i];
    BRAM_TRY(make_work(cx, &w, d, out->rank, &g));
    struct place *place = bram_scratch(cx, out->rank, sizeof *place);
    if (!place) return BRAM_ENOMEM;
    out->error = squares > 0 ? 1 : 0;
    for (; k < o->iterations; k++) {
        double change;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(iterate(cx, &w, &change));
        out->error = squares > 0 ? sqrt(fmax(0, 1 + change / squares)) : 0;
        if (trace) trace[k] = out->error;
        if (before - (squares + change) <= o->tolerance * squares) {
            k++;
            break;
        }
        before = squares + change;
    }
    out->iterations = k;
    give(out, &w, place);
    return BRAM_OK;
}

int bram_cp_fit(bram_ctx *cx, bram_cp *out, const bram_cp_data *data,
                const bram_cp_settings *settings, uint64_t start, double *trace)
{
    BRAM_TRY(check(cx, data, out->rank));
    size_t mark = bram_scratch_mark(cx);
    int status = fit(cx, out, data, settings, start, trace);
    bram_scratch_release(cx, mark);
    return status;
}
