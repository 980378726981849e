/*
 * ngrc.c - next-generation reservoir computing (Gauthier, Bollt, Griffith & Barbosa 2021): ridge
 * regression of the next step on delayed principal components and all their products of two.
 *
 *   p_t   the scores of row t on the D leading principal components of the training rows
 *   v_t   (p_{t-1}, p_{t-1-s}, .., p_{t-1-(k-1)s}): k delays, s rows apart
 *   z_t   v_t and all v_i v_j with i <= j, each standardized over the training rows
 *   y_t - y_{t-1} = c + W z_t,   minimising the mean squared error + ridge |W|^2
 *
 * Products of short delays are nearly collinear, so the system is solved in the basis of its
 * eigenvectors, without those whose eigenvalue is below 1e-12 of the largest. Scores are clipped to
 * their range in training: a quadratic map that leaves it in a free run would run off.
 *
 * Rows whose target or value before it is missing do not count for that unit. Several components,
 * delays or penalties: those with the least one-step squared error on the validation data.
 */
#include "forecast.h"
#include "linalg.h"

#include <bramble/parallel.h>

#include <math.h>
#include <string.h>

/* Rows of the design at a time: part of the fixed order of the sums. */
enum { CHUNK = 1024 };
enum { MOST_DELAYS = 20, MOST_SPACING = 1000 };

#define EIGENVALUE_FLOOR 1e-12

struct ngrc {
    bram_mat mean;               /* 1 x units: training means, for what is missing */
    bram_mat shape;              /* 1 x 2: delays, spacing */
    bram_mat components;         /* D x units, orthonormal rows */
    bram_mat range;              /* 2 x D: least and largest score in training */
    bram_mat center, scale;      /* 1 x features; scale 1 / sd, 0 for a constant feature */
    bram_mat weights, intercept; /* features x units; 1 x units */
    bram_mat variance;           /* 1 x units: of the residuals on the training rows */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct ngrc, mean)},
    {"shape", offsetof(struct ngrc, shape)},
    {"components", offsetof(struct ngrc, components)},
    {"range", offsetof(struct ngrc, range)},
    {"center", offsetof(struct ngrc, center)},
    {"scale", offsetof(struct ngrc, scale)},
    {"weights", offsetof(struct ngrc, weights)},
    {"intercept", offsetof(struct ngrc, intercept)},
    {"variance", offsetof(struct ngrc, variance)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

static size_t delays_of(const struct ngrc *m)
{
    return (size_t)m->shape.data[0];
}

static size_t spacing_of(const struct ngrc *m)
{
    return (size_t)m->shape.data[1];
}

static size_t features_of(size_t linear)
{
    return linear + linear * (linear + 1) / 2;
}

/* ---- features ------------------------------------------------------------------------------- */

/* Scores of rows, clipped to their range where there is one. */
static int scores(bram_ctx *cx, bram_mat *out, const struct ngrc *m, const bram_mat *rows)
{
    size_t mark = bram_scratch_mark(cx);
    bram_mat centred;
    BRAM_TRY(bram_mat_scratch(cx, &centred, rows->rows, rows->cols));
    for (size_t i = 0; i < rows->rows; i++)
        for (size_t j = 0; j < rows->cols; j++)
            bram_row(&centred, i)[j] = bram_row(rows, i)[j] - m->mean.data[j];
    int status = bram_gemm(cx, out, 1, &centred, BRAM_AS_IS, &m->components, BRAM_TRANSPOSED, 0);
    bram_scratch_release(cx, mark);
    for (size_t i = 0; i < out->rows && m->range.data; i++)
        for (size_t d = 0; d < out->cols; d++) {
            double *p = &bram_row(out, i)[d];
            *p = fmin(fmax(*p, bram_row(&m->range, 0)[d]), bram_row(&m->range, 1)[d]);
        }
    return status;
}

/* The products of the linear part of each row, behind it. */
static void add_products(bram_mat *z, size_t linear)
{
    for (size_t i = 0; i < z->rows; i++) {
        double *v = bram_row(z, i), *to = v + linear;
        for (size_t a = 0; a < linear; a++)
            for (size_t b = a; b < linear; b++) *to++ = v[a] * v[b];
    }
}

static void standardize(bram_mat *z, const struct ngrc *m)
{
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++)
            bram_row(z, i)[k] = (bram_row(z, i)[k] - m->center.data[k]) * m->scale.data[k];
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    (void)steps; /* 1: the horizon */
    const struct ngrc *m = fitted;
    size_t components = m->components.rows, mark = bram_scratch_mark(cx);
    bram_mat z;
    BRAM_TRY(bram_mat_scratch(cx, &z, out->rows, m->weights.rows));
    for (size_t k = 0; k < delays_of(m); k++) {
        bram_mat part = {z.data + k * components, z.rows, components, z.stride};
        BRAM_TRY(scores(cx, &part, m, &lagged[k * spacing_of(m)]));
    }
    add_products(&z, delays_of(m) * components);
    standardize(&z, m);
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < out->cols; j++)
            bram_row(out, i)[j] = bram_row(&lagged[0], i)[j] + m->intercept.data[j];
    int status = bram_gemm(cx, out, 1, &z, BRAM_AS_IS, &m->weights, BRAM_AS_IS, 1);
    bram_scratch_release(cx, mark);
    return status;
}

static bram_forecast view(const struct ngrc *m)
{
    return (bram_forecast){
        m,       m->mean.cols,    1 + (delays_of(m) - 1) * spacing_of(m), 1, m->mean.data,
        predict, m->variance.data};
}

/* ---- the training rows ---------------------------------------------------------------------- */

struct fit {
    const bram_panel *train;
    bram_mat *rows; /* of each segment, what is missing filled in */
    size_t *first;
    bram_mat *scores; /* of each segment: rows x D */
    struct ngrc *m;
    double count;       /* target rows with a row before them */
    bram_mat gram;      /* features x features: sum z z' over all of them */
    bram_mat sum;       /* 1 x features: sum z */
    bram_mat products;  /* features x units: sum z (y_t - y_{t-1}), 0 where missing */
    bram_mat increment; /* 2 x units: sums of the increments that are there; their number */
};

static size_t begin(const struct fit *f, size_t segment)
{
    return f->first[segment] ? f->first[segment] : 1;
}

static bool there(const bram_segment *s, size_t row, size_t unit)
{
    const uint8_t *p = s->y_present;
    return !p || (p[row * s->y.cols + unit] && p[(row - 1) * s->y.cols + unit]);
}

/* Features of the target rows from .. from + z->rows - 1; before the first row, scores are 0. */
static void features(bram_mat *z, const struct fit *f, size_t segment, size_t from)
{
    const bram_mat *p = &f->scores[segment];
    for (size_t k = 0; k < delays_of(f->m); k++)
        for (size_t i = 0; i < z->rows; i++) {
            size_t back = 1 + k * spacing_of(f->m);
            double *to = bram_row(z, i) + k * p->cols;
            if (from + i >= back) memcpy(to, bram_row(p, from + i - back), p->cols * sizeof *to);
            else memset(to, 0, p->cols * sizeof *to);
        }
    add_products(z, delays_of(f->m) * p->cols);
}

typedef int visit_fn(bram_ctx *cx, struct fit *f, bram_mat *z, size_t segment, size_t from);

static int each_chunk(bram_ctx *cx, struct fit *f, visit_fn *visit)
{
    for (size_t s = 0; s < f->train->segments; s++)
        for (size_t t = begin(f, s); t < f->rows[s].rows; t += CHUNK) {
            size_t left = f->rows[s].rows - t, mark = bram_scratch_mark(cx);
            bram_mat z;
            BRAM_TRY(bram_mat_scratch(cx, &z, left < CHUNK ? left : CHUNK, f->m->weights.rows));
            features(&z, f, s, t);
            int status = visit(cx, f, &z, s, t);
            bram_scratch_release(cx, mark);
            BRAM_TRY(status);
            BRAM_TRY(bram_ctx_check_cancel(cx));
        }
    return BRAM_OK;
}

static int add_to_center(bram_ctx *cx, struct fit *f, bram_mat *z, size_t segment, size_t from)
{
    (void)cx, (void)segment, (void)from;
    f->count += (double)z->rows;
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++) f->m->center.data[k] += bram_row(z, i)[k];
    return BRAM_OK;
}

static int add_to_scale(bram_ctx *cx, struct fit *f, bram_mat *z, size_t segment, size_t from)
{
    (void)cx, (void)segment, (void)from;
    for (size_t i = 0; i < z->rows; i++)
        for (size_t k = 0; k < z->cols; k++) {
            double d = bram_row(z, i)[k] - f->m->center.data[k];
            f->m->scale.data[k] += d * d;
        }
    return BRAM_OK;
}

static int add_to_gram(bram_ctx *cx, struct fit *f, bram_mat *z, size_t segment, size_t from)
{
    const bram_segment *s = &f->train->segment[segment];
    bram_mat d;
    standardize(z, f->m);
    BRAM_TRY(bram_mat_scratch(cx, &d, z->rows, s->y.cols));
    for (size_t i = 0; i < z->rows; i++) {
        const double *now = bram_row(&f->rows[segment], from + i);
        const double *before = bram_row(&f->rows[segment], from + i - 1);
        for (size_t k = 0; k < z->cols; k++) f->sum.data[k] += bram_row(z, i)[k];
        for (size_t j = 0; j < d.cols; j++) {
            if (!there(s, from + i, j)) continue;
            bram_row(&d, i)[j] = now[j] - before[j];
            bram_row(&f->increment, 0)[j] += now[j] - before[j];
            bram_row(&f->increment, 1)[j]++;
        }
    }
    BRAM_TRY(bram_syrk(cx, &f->gram, 1, z, BRAM_TRANSPOSED, 1));
    return bram_gemm(cx, &f->products, 1, z, BRAM_TRANSPOSED, &d, BRAM_AS_IS, 1);
}

/* Principal components of the target rows, and the scores of all rows with their range. */
static int reduce(bram_ctx *cx, struct fit *f, size_t components)
{
    struct ngrc *m = f->m;
    size_t units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_mat covariance, centred;
    double *values = bram_scratch(cx, units, sizeof *values);
    if (!values) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &covariance, units, units));
    for (size_t s = 0; s < f->train->segments; s++)
        for (size_t t = f->first[s]; t < f->rows[s].rows; t += CHUNK) {
            size_t left = f->rows[s].rows - t, inner = bram_scratch_mark(cx);
            BRAM_TRY(bram_mat_scratch(cx, &centred, left < CHUNK ? left : CHUNK, units));
            for (size_t i = 0; i < centred.rows; i++)
                for (size_t j = 0; j < units; j++)
                    bram_row(&centred, i)[j] = bram_row(&f->rows[s], t + i)[j] - m->mean.data[j];
            BRAM_TRY(bram_syrk(cx, &covariance, 1, &centred, BRAM_TRANSPOSED, 1));
            bram_scratch_release(cx, inner);
        }
    BRAM_TRY(bram_eigh(cx, &covariance, values)); /* ascending: the last rows lead */
    for (size_t d = 0; d < components; d++)
        memcpy(bram_row(&m->components, d), bram_row(&covariance, units - 1 - d),
               units * sizeof *values);
    bram_scratch_release(cx, mark);
    for (size_t s = 0; s < f->train->segments; s++) {
        BRAM_TRY(bram_mat_scratch(cx, &f->scores[s], f->rows[s].rows, components));
        BRAM_TRY(scores(cx, &f->scores[s], m, &f->rows[s]));
    }
    return BRAM_OK;
}

static int find_range(bram_ctx *cx, struct fit *f)
{
    BRAM_TRY(bram_mat_new(cx, &f->m->range, 2, f->m->components.rows));
    for (size_t d = 0; d < f->m->range.cols; d++) {
        double *least = &bram_row(&f->m->range, 0)[d], *most = &bram_row(&f->m->range, 1)[d];
        for (size_t s = 0; s < f->train->segments; s++)
            for (size_t t = 0; t < f->scores[s].rows; t++) {
                double p = bram_row(&f->scores[s], t)[d];
                *least = fmin(*least, p); /* from 0, the score of what is missing */
                *most = fmax(*most, p);
            }
    }
    return BRAM_OK;
}

/* Everything that does not depend on the penalty. */
static int prepare(bram_ctx *cx, struct fit *f, size_t components, size_t delays)
{
    struct ngrc *m = f->m;
    size_t units = m->mean.cols, n = features_of(delays * components);
    m->shape.data[0] = (double)delays;
    BRAM_TRY(bram_mat_new(cx, &m->components, components, units));
    BRAM_TRY(bram_mat_new(cx, &m->center, 1, n));
    BRAM_TRY(bram_mat_new(cx, &m->scale, 1, n));
    BRAM_TRY(bram_mat_new(cx, &m->weights, n, units));
    BRAM_TRY(bram_mat_new(cx, &m->intercept, 1, units));
    BRAM_TRY(reduce(cx, f, components));
    BRAM_TRY(find_range(cx, f));
    BRAM_TRY(bram_mat_scratch(cx, &f->gram, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &f->sum, 1, n));
    BRAM_TRY(bram_mat_scratch(cx, &f->products, n, units));
    BRAM_TRY(bram_mat_scratch(cx, &f->increment, 2, units));
    f->count = 0;
    BRAM_TRY(each_chunk(cx, f, add_to_center));
    if (f->count == 0)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "no target row with a row before it");
    for (size_t k = 0; k < n; k++) m->center.data[k] /= f->count;
    BRAM_TRY(each_chunk(cx, f, add_to_scale));
    for (size_t k = 0; k < n; k++) {
        double sd = sqrt(m->scale.data[k] / f->count);
        m->scale.data[k] = sd > 1e-12 * fabs(m->center.data[k]) && sd > 0 ? 1 / sd : 0;
    }
    return each_chunk(cx, f, add_to_gram);
}

/* ---- the penalized system ------------------------------------------------------------------- */

/* A system in the basis of its eigenvectors. */
struct solved {
    bram_mat vectors;      /* rows */
    double *values, *mean; /* of the mean square; of the features */
    double count;
};

/* Takes the sums over `count` rows, and leaves `gram` as the eigenvectors. */
static int decompose(bram_ctx *cx, struct solved *d, bram_mat *gram, const double *sum,
                     double count)
{
    size_t n = gram->rows;
    *d = (struct solved){*gram, bram_scratch(cx, n, sizeof(double)),
                         bram_scratch(cx, n, sizeof(double)), count};
    if (!d->values || !d->mean) return BRAM_ENOMEM;
    for (size_t a = 0; a < n; a++) d->mean[a] = sum[a] / count;
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b <= a; b++)
            bram_row(gram, a)[b] = bram_row(gram, a)[b] / count - d->mean[a] * d->mean[b];
    return bram_eigh(cx, gram, d->values);
}

/* Weights and intercept of one unit. */
static void solve_unit(struct ngrc *m, const struct fit *f, const struct solved *d, size_t unit,
                       double ridge)
{
    size_t n = d->vectors.rows;
    double target = bram_row(&f->increment, 0)[unit] / d->count, shift = 0;
    for (size_t a = 0; a < n; a++) bram_row(&m->weights, a)[unit] = 0;
    for (size_t k = n; k-- > 0 && d->values[k] > EIGENVALUE_FLOOR * d->values[n - 1];) {
        const double *v = bram_row(&d->vectors, k);
        double along = 0;
        for (size_t a = 0; a < n; a++)
            along += v[a] * (bram_row(&f->products, a)[unit] / d->count - d->mean[a] * target);
        along /= d->values[k] + ridge;
        for (size_t a = 0; a < n; a++) bram_row(&m->weights, a)[unit] += along * v[a];
    }
    for (size_t a = 0; a < n; a++) shift += d->mean[a] * bram_row(&m->weights, a)[unit];
    m->intercept.data[unit] = target - shift;
}

struct job {
    struct fit *f;
    const struct solved *shared; /* of the units that miss nothing */
    double ridge;
};

/* A unit that misses some rows has a system of its own: the shared sums without those rows. */
static int solve_gappy(bram_ctx *cx, const struct job *job, size_t unit)
{
    const struct fit *f = job->f;
    size_t n = f->gram.rows;
    bram_mat gram, z;
    double *sum = bram_scratch(cx, n, sizeof *sum);
    if (!sum) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &gram, n, n));
    BRAM_TRY(bram_mat_scratch(cx, &z, 1, n));
    for (size_t a = 0; a < n; a++) memcpy(bram_row(&gram, a), bram_row(&f->gram, a), n * 8);
    memcpy(sum, f->sum.data, n * sizeof *sum);
    for (size_t s = 0; s < f->train->segments; s++)
        for (size_t t = begin(f, s); t < f->rows[s].rows; t++) {
            if (there(&f->train->segment[s], t, unit)) continue;
            features(&z, f, s, t);
            standardize(&z, f->m);
            for (size_t a = 0; a < n; a++) {
                sum[a] -= z.data[a];
                for (size_t b = 0; b <= a; b++) bram_row(&gram, a)[b] -= z.data[a] * z.data[b];
            }
        }
    struct solved own;
    BRAM_TRY(decompose(cx, &own, &gram, sum, bram_row(&f->increment, 1)[unit]));
    solve_unit(f->m, f, &own, unit, job->ridge);
    return BRAM_OK;
}

static int solve_one(bram_ctx *cx, size_t unit, void *user)
{
    const struct job *job = user;
    double rows = bram_row(&job->f->increment, 1)[unit];
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (rows == job->f->count) solve_unit(job->f->m, job->f, job->shared, unit, job->ridge);
    else if (rows > 0) status = solve_gappy(cx, job, unit);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* What the search works on; the trial has the means of the best until it is the best. */
struct search {
    const bram_panel *validation; /* NULL: a single candidate */
    const double *ridge;
    size_t ridges, spacing;
    struct ngrc best, trial;
    double least;
};

static int solve(bram_ctx *cx, struct fit *f, const struct solved *shared, double ridge)
{
    struct job job = {f, shared, ridge};
    return bram_parallel_for(cx, f->m->mean.cols, solve_one, &job);
}

/* The best penalty for one set of features. */
static int try_penalties(bram_ctx *cx, struct search *s, struct fit *f, double *least)
{
    struct solved shared;
    bram_mat gram;
    size_t best = 0, n = f->gram.rows;
    BRAM_TRY(bram_mat_scratch(cx, &gram, n, n));
    memcpy(gram.data, f->gram.data, n * n * sizeof *gram.data);
    BRAM_TRY(decompose(cx, &shared, &gram, f->sum.data, f->count));
    for (size_t k = 0; k < s->ridges; k++) {
        double error = 0;
        BRAM_TRY(solve(cx, f, &shared, s->ridge[k]));
        bram_forecast forecast = view(f->m);
        if (s->validation) BRAM_TRY(bram_forecast_error(cx, &error, &forecast, s->validation));
        if (k == 0 || error < *least) *least = error, best = k;
    }
    return best + 1 == s->ridges ? BRAM_OK : solve(cx, f, &shared, s->ridge[best]);
}

static void free_parts(struct ngrc *m)
{
    for (const bram_state_part *p = state + 1; p->name; p++) /* all but the means */
        bram_free(((bram_mat *)(void *)((char *)m + p->at))->data);
}

static int try_features(bram_ctx *cx, struct search *s, const bram_panel *train, size_t components,
                        size_t delays)
{
    size_t mark = bram_scratch_mark(cx), units = s->best.mean.cols;
    struct fit f = {.train = train, .m = &s->trial};
    double error = 0;
    s->trial = (struct ngrc){.mean = s->best.mean};
    int status = bram_mat_new(cx, &s->trial.shape, 1, 2);
    if (status == BRAM_OK) s->trial.shape.data[1] = (double)s->spacing;
    if (status == BRAM_OK)
        status = bram_forecast_segments(cx, &f.rows, &f.first, train, s->best.mean.data);
    if (status == BRAM_OK && !(f.scores = bram_scratch(cx, train->segments, sizeof *f.scores)))
        status = BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = prepare(cx, &f, components < units ? components : units, delays);
    if (status == BRAM_OK) status = try_penalties(cx, s, &f, &error);
    if (status == BRAM_OK && (!s->best.weights.data || error < s->least)) {
        struct ngrc last = s->best;
        s->best = s->trial;
        s->trial = last;
        s->least = error;
    }
    free_parts(&s->trial);
    bram_scratch_release(cx, mark);
    return status;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    size_t sets, delays, ridges;
    const int64_t *components = bram_option_integers(o, "pcs", &sets);
    const int64_t *delay = bram_option_integers(o, "delays", &delays);
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    struct search s = {NULL,
                       ridge,
                       ridges,
                       (size_t)bram_option_integer(o, "spacing"),
                       {.variance = {NULL, 0, 0, 0}},
                       {.variance = {NULL, 0, 0, 0}},
                       0};
    BRAM_TRY(bram_forecast_check_choice(cx, sets * delays * ridges, validation));
    if (sets * delays * ridges > 1) s.validation = validation;
    struct ngrc *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = bram_forecast_means(cx, &s.best.mean.data, train);
    if (status == BRAM_OK) {
        size_t units = train->segment[0].y.cols;
        s.best.mean = (bram_mat){s.best.mean.data, 1, units, units};
    }
    for (size_t k = 0; k < sets * delays && status == BRAM_OK; k++)
        status = try_features(cx, &s, train, (size_t)components[k / delays],
                              (size_t)delay[k % delays]);
    *m = s.best;
    if (status == BRAM_OK) {
        bram_forecast f = view(m);
        status = bram_forecast_variance(cx, &m->variance, &f, train);
    }
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_forecast f = view(fitted);
    return bram_forecast_answer(cx, &f, query, out);
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool is_shape(const bram_mat *m, size_t rows, size_t cols)
{
    return m->rows == rows && m->cols == cols;
}

static bool whole(double x, double most)
{
    return x >= 1 && x <= most && x == floor(x);
}

static bool fits(const void *loaded)
{
    const struct ngrc *m = loaded;
    size_t units = m->mean.cols, components = m->components.rows, features = m->weights.rows;
    return units > 0 && components > 0 && components <= units && is_shape(&m->shape, 1, 2) &&
           whole(m->shape.data[0], MOST_DELAYS) && whole(m->shape.data[1], MOST_SPACING) &&
           features == features_of(delays_of(m) * components) && is_shape(&m->mean, 1, units) &&
           is_shape(&m->components, components, units) && is_shape(&m->range, 2, components) &&
           is_shape(&m->center, 1, features) && is_shape(&m->scale, 1, features) &&
           is_shape(&m->weights, features, units) && is_shape(&m->intercept, 1, units) &&
           is_shape(&m->variance, 1, units);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct ngrc), state, fits, in);
}

/* The covariance, three matrices of products, and the chunks. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    (void)inputs;
    size_t n, most_pcs = 0, most_delays = 0;
    const int64_t *v = bram_option_integers(o, "pcs", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)v[k] > most_pcs) most_pcs = (size_t)v[k];
    v = bram_option_integers(o, "delays", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)v[k] > most_delays) most_delays = (size_t)v[k];
    double features = (double)features_of(most_delays * (most_pcs < units ? most_pcs : units));
    double bytes = 8 * ((double)units * (double)units + 3 * features * features +
                        3 * features * (double)units + CHUNK * (features + (double)units) +
                        (double)rows * (double)most_pcs);
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"pcs", BRAM_PARAM_INTEGERS, "5+10", NULL, 1, 50,
     "leading principal components; several: chosen on validation"},
    {"delays", BRAM_PARAM_INTEGERS, "1+2", NULL, 1, MOST_DELAYS,
     "rows of history in a feature; several: chosen on validation"},
    {"spacing", BRAM_PARAM_INTEGER, "1", NULL, 1, MOST_SPACING, "rows from one delay to the next"},
    {"ridge", BRAM_PARAM_REALS, "0.001+0.01+0.1+1+10", NULL, 0, 1e300,
     "penalty of the squared weights of standardized features, beside a mean squared error; "
     "several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_ngrc = {
    .name = "ngrc",
    .summary = "next-generation reservoir: delayed principal components and their products, ridge",
    .source = "Gauthier, Bollt, Griffith & Barbosa 2021",
    .missing =
        "a missing input counts as the training mean; rows whose increment is missing do not count",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK),
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
