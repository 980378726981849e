/* readout.c - see readout.h. */
#include "readout.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Rows of the design at a time: part of the fixed order of the sums. */
enum { CHUNK = 1024 };

#define EIGENVALUE_FLOOR 1e-12

static void standardize(bram_mat *z, const bram_readout *r)
{
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++)
            bram_row(z, i)[k] = (bram_row(z, i)[k] - r->center.data[k]) * r->scale.data[k];
}

int bram_readout_apply(bram_ctx *cx, bram_mat *out, const bram_readout *r, bram_mat *z)
{
    standardize(z, r);
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), r->intercept.data, out->cols * sizeof(double));
    return bram_gemm(cx, out, 1, z, BRAM_AS_IS, &r->weights, BRAM_AS_IS, 1);
}

bool bram_readout_fits(const bram_readout *r, size_t features, size_t units)
{
    return r->center.rows == 1 && r->center.cols == features && r->scale.rows == 1 &&
           r->scale.cols == features && r->weights.rows == features && r->weights.cols == units &&
           r->intercept.rows == 1 && r->intercept.cols == units;
}

/* ---- sums over the training rows ------------------------------------------------------------ */

static size_t begin(const bram_readout_data *d, size_t segment)
{
    size_t half = d->rows[segment].rows / 2, skip = d->skip < half ? d->skip : half;
    size_t first = d->first[segment] > skip ? d->first[segment] : skip;
    return first > 0 || !d->increments ? first : 1;
}

static bool there(const bram_readout_data *d, size_t segment, size_t row, size_t unit)
{
    const bram_segment *s = &d->train->segment[segment];
    const uint8_t *p = s->y_present;
    return !p || (p[row * s->y.cols + unit] && (!d->increments || p[(row - 1) * s->y.cols + unit]));
}

typedef int visit_fn(bram_ctx *cx, bram_readout_system *s, bram_readout *r, bram_mat *z,
                     size_t segment, size_t from);

static int each_chunk(bram_ctx *cx, bram_readout_system *s, bram_readout *r, visit_fn *visit)
{
    const bram_readout_data *d = s->data;
    for (size_t g = 0; g < d->train->segments; g++)
        for (size_t t = begin(d, g); t < d->rows[g].rows; t += CHUNK) {
            size_t left = d->rows[g].rows - t, mark = bram_scratch_mark(cx);
            bram_mat z;
            BRAM_TRY(bram_mat_scratch(cx, &z, left < CHUNK ? left : CHUNK, d->features));
            d->fill(&z, d->user, g, t);
            int status = visit(cx, s, r, &z, g, t);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
            BRAM_TRY(bram_ctx_check_cancel(cx));
        }
    return BRAM_OK;
}

static int add_to_center(bram_ctx *cx, bram_readout_system *s, bram_readout *r, bram_mat *z,
                         size_t segment, size_t from)
{
    (void)cx, (void)segment, (void)from;
    s->count += (double)z->rows;
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++) r->center.data[k] += bram_row(z, i)[k];
    return BRAM_OK;
}

static int add_to_scale(bram_ctx *cx, bram_readout_system *s, bram_readout *r, bram_mat *z,
                        size_t segment, size_t from)
{
    (void)cx, (void)s, (void)segment, (void)from;
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++) {
            double d = bram_row(z, i)[k] - r->center.data[k];
            r->scale.data[k] += d * d;
        }
    return BRAM_OK;
}

static int add_to_gram(bram_ctx *cx, bram_readout_system *s, bram_readout *r, bram_mat *z,
                       size_t segment, size_t from)
{
    const bram_readout_data *d = s->data;
    bram_mat target;
    standardize(z, r);
    BRAM_TRY(bram_mat_scratch(cx, &target, z->rows, s->products.cols));
    for (size_t i = 0; i < z->rows; i++) {
        const double *y = bram_row(&d->rows[segment], from + i);
        const double *base = d->increments ? bram_row(&d->rows[segment], from + i - 1) : d->mean;
        for (size_t k = 0; k < z->cols; k++) s->sum.data[k] += bram_row(z, i)[k];
        for (size_t j = 0; j < target.cols; j++) {
            if (!there(d, segment, from + i, j)) continue;
            bram_row(&target, i)[j] = y[j] - base[j];
            bram_row(&s->target, 0)[j] += y[j] - base[j];
            bram_row(&s->target, 1)[j]++;
        }
    }
    BRAM_TRY(bram_syrk(cx, &s->gram, 1, z, BRAM_TRANSPOSED, 1));
    return bram_gemm(cx, &s->products, 1, z, BRAM_TRANSPOSED, &target, BRAM_AS_IS, 1);
}

/* ---- a system in the basis of its eigenvectors ---------------------------------------------- */

/* The sums over `count` rows; leaves `vectors`, which holds the gram, as the eigenvectors. */
static int decompose(bram_ctx *cx, double *values, double *average, bram_mat *vectors,
                     const double *sum, double count)
{
    for (size_t a = 0; a < vectors->rows; a++) average[a] = sum[a] / count;
    for (size_t a = 0; a < vectors->rows; a++)
        for (size_t b = 0; b <= a; b++)
            bram_row(vectors, a)[b] = bram_row(vectors, a)[b] / count - average[a] * average[b];
    return bram_eigh(cx, vectors, values);
}

static int new_parts(bram_ctx *cx, bram_readout_system *s, bram_readout *r)
{
    size_t n = s->data->features, units = s->data->train->segment[0].y.cols;
    BRAM_TRY(bram_mat_new(cx, &r->center, 1, n));
    BRAM_TRY(bram_mat_new(cx, &r->scale, 1, n));
    BRAM_TRY(bram_mat_new(cx, &r->weights, n, units));
    BRAM_TRY(bram_mat_new(cx, &r->intercept, 1, units));
    BRAM_TRY(bram_mat_scratch(cx, &s->gram, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s->vectors, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &s->sum, 1, n));
    BRAM_TRY(bram_mat_scratch(cx, &s->products, n, units));
    BRAM_TRY(bram_mat_scratch(cx, &s->target, 2, units));
    s->values = bram_scratch(cx, n, sizeof *s->values);
    s->average = s->values ? bram_scratch(cx, n, sizeof *s->average) : NULL;
    return s->average ? BRAM_OK : BRAM_ENOMEM;
}

int bram_readout_prepare(bram_ctx *cx, bram_readout_system *s, bram_readout *r,
                         const bram_readout_data *data)
{
    *s = (bram_readout_system){.data = data};
    BRAM_TRY(new_parts(cx, s, r));
    BRAM_TRY(each_chunk(cx, s, r, add_to_center));
    if (s->count == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no target row with a row before it");
    for (size_t k = 0; k < data->features; k++) r->center.data[k] /= s->count;
    BRAM_TRY(each_chunk(cx, s, r, add_to_scale));
    for (size_t k = 0; k < data->features; k++) {
        double sd = sqrt(r->scale.data[k] / s->count);
        r->scale.data[k] = sd > EIGENVALUE_FLOOR * fabs(r->center.data[k]) ? 1 / sd : 0;
    }
    BRAM_TRY(each_chunk(cx, s, r, add_to_gram));
    memcpy(s->vectors.data, s->gram.data, data->features * data->features * sizeof(double));
    return decompose(cx, s->values, s->average, &s->vectors, s->sum.data, s->count);
}

/* Weights and intercept of one unit from a system over `count` rows. */
static void solve_unit(bram_readout *r, const bram_readout_system *s, size_t unit, double ridge)
{
    size_t n = s->vectors.rows;
    double mean = bram_row(&s->target, 0)[unit] / s->count, shift = 0;
    for (size_t a = 0; a < n; a++) bram_row(&r->weights, a)[unit] = 0;
    for (size_t k = n; k-- > 0 && s->values[k] > EIGENVALUE_FLOOR * s->values[n - 1];) {
        const double *v = bram_row(&s->vectors, k);
        double along = 0;
        for (size_t a = 0; a < n; a++)
            along += v[a] * (bram_row(&s->products, a)[unit] / s->count - s->average[a] * mean);
        along /= s->values[k] + ridge;
        for (size_t a = 0; a < n; a++) bram_row(&r->weights, a)[unit] += along * v[a];
    }
    for (size_t a = 0; a < n; a++) shift += s->average[a] * bram_row(&r->weights, a)[unit];
    r->intercept.data[unit] = mean - shift;
}

/* Takes one row out of a system's sums. */
static void take_out(bram_readout_system *own, const bram_mat *z)
{
    for (size_t a = 0; a < z->cols; a++) {
        own->sum.data[a] -= z->data[a];
        for (size_t b = 0; b <= a; b++) bram_row(&own->vectors, a)[b] -= z->data[a] * z->data[b];
    }
}

/* The system of a unit that misses some rows: the shared sums without those. */
static int own_system(bram_ctx *cx, bram_readout_system *own, const bram_readout_system *s,
                      const bram_readout *r, size_t unit)
{
    const bram_readout_data *d = s->data;
    size_t n = d->features;
    bram_mat z;
    *own = *s;
    own->count = bram_row(&s->target, 1)[unit];
    own->values = bram_scratch(cx, n, sizeof *own->values);
    own->average = own->values ? bram_scratch(cx, n, sizeof *own->average) : NULL;
    if (!own->average) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &own->vectors, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &own->sum, 1, n));
    BRAM_TRY(bram_mat_scratch(cx, &z, 1, n));
    memcpy(own->vectors.data, s->gram.data, n * n * sizeof(double));
    memcpy(own->sum.data, s->sum.data, n * sizeof(double));
    for (size_t g = 0; g < d->train->segments; g++)
        for (size_t t = begin(d, g); t < d->rows[g].rows; t++) {
            if (there(d, g, t, unit)) continue;
            d->fill(&z, d->user, g, t);
            standardize(&z, r);
            take_out(own, &z);
        }
    return decompose(cx, own->values, own->average, &own->vectors, own->sum.data, own->count);
}

struct job {
    bram_readout *r;
    const bram_readout_system *shared; /* of the units that miss nothing */
    double ridge;
};

static int solve_one(bram_ctx *cx, size_t unit, void *user)
{
    const struct job *job = user;
    double rows = bram_row(&job->shared->target, 1)[unit];
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (rows == job->shared->count) {
        solve_unit(job->r, job->shared, unit, job->ridge);
    } else if (rows > 0) {
        bram_readout_system own;
        status = own_system(cx, &own, job->shared, job->r, unit);
        if (status == BRAM_OK) solve_unit(job->r, &own, unit, job->ridge);
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_readout_solve(bram_ctx *cx, bram_readout *r, const bram_readout_system *s, double ridge)
{
    struct job job = {r, s, ridge};
    return bram_parallel_for(cx, s->products.cols, solve_one, &job);
}
