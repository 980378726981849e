/*
 * ngrc.c - next-generation reservoir computing (Gauthier, Bollt, Griffith & Barbosa 2021): ridge
 * regression of the next step on delayed principal components and all their products of two.
 *
 *   p_t   the scores of row t on the D leading principal components of the training rows
 *   v_t   (p_{t-1}, p_{t-1-s}, .., p_{t-1-(k-1)s}): k delays, s rows apart; where there are inputs
 *         (inputs.h), those that were known with each stand behind its scores
 *   z_t   v_t and all v_i v_j with i <= j, each standardized over the training rows
 *   y_t - y_{t-1} = c + W z_t,   minimising the mean squared error + ridge |W|^2
 *
 * Products of short delays are nearly collinear, so the system is solved in the basis of its
 * eigenvectors, without those whose eigenvalue is below 1e-12 of the largest. Scores are clipped to
 * their range in training: a quadratic map that leaves it in a free run would run off. So are
 * inputs, of which a free run holds the last known ones.
 *
 * Rows whose target or value before it is missing do not count for that unit. Several components,
 * delays or penalties: those with the least one-step squared error on the validation data.
 */
#include "components.h"
#include "forecast.h"
#include "readout.h"

#include <math.h>
#include <string.h>

enum { MOST_DELAYS = 20, MOST_SPACING = 1000 };

struct ngrc {
    bram_mat mean;       /* 1 x units: training means, for what is missing */
    bram_mat inputs;     /* 2 x inputs, see inputs.h */
    bram_mat shape;      /* 1 x 2: delays, spacing */
    bram_mat components; /* D x units, orthonormal rows */
    bram_mat range;      /* 2 x (D + inputs): least and largest in training */
    bram_readout readout;
    bram_mat variance; /* 1 x units: of the residuals on the training rows */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct ngrc, mean)},
    {"inputs", offsetof(struct ngrc, inputs)},
    {"shape", offsetof(struct ngrc, shape)},
    {"components", offsetof(struct ngrc, components)},
    {"range", offsetof(struct ngrc, range)},
    {"center", offsetof(struct ngrc, readout.center)},
    {"scale", offsetof(struct ngrc, readout.scale)},
    {"weights", offsetof(struct ngrc, readout.weights)},
    {"intercept", offsetof(struct ngrc, readout.intercept)},
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

/* Numbers of a row that features are made of. */
static size_t parts_of(const struct ngrc *m)
{
    return m->components.rows + m->inputs.cols;
}

static size_t features_of(size_t linear)
{
    return linear + linear * (linear + 1) / 2;
}

/* ---- features ------------------------------------------------------------------------------- */

/* Scores and inputs of rows, clipped to their range where there is one. */
static int scores(bram_ctx *cx, bram_mat *out, const struct ngrc *m, const bram_mat *rows)
{
    size_t components = m->components.rows, units = m->mean.cols;
    bram_mat score = {out->data, out->rows, components, out->stride};
    bram_mat y = {rows->data, rows->rows, units, rows->stride};
    BRAM_TRY(bram_component_scores(cx, &score, &m->components, &y, m->mean.data));
    for (size_t i = 0; i < out->rows; i++)
        for (size_t k = 0; k < m->inputs.cols; k++)
            bram_row(out, i)[components + k] = bram_row(rows, i)[units + k];
    for (size_t i = 0; i < out->rows && m->range.data; i++)
        for (size_t d = 0; d < out->cols; d++) {
            double *p = &bram_row(out, i)[d];
            *p = fmin(fmax(*p, bram_row(&m->range, 0)[d]), bram_row(&m->range, 1)[d]);
        }
    return BRAM_OK;
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

static int predict(bram_ctx *cx, const void *fitted, bram_mat *out, size_t steps,
                   const bram_mat *lagged)
{
    const struct ngrc *m = fitted; /* steps: 1, the horizon */
    size_t parts = parts_of(m), units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_mat z, y = {out->data, out->rows, units, out->stride};
    BRAM_TRY(bram_mat_scratch(cx, &z, out->rows, m->readout.weights.rows));
    for (size_t k = 0; k < delays_of(m); k++) {
        bram_mat part = {z.data + k * parts, z.rows, parts, z.stride};
        BRAM_TRY(scores(cx, &part, m, &lagged[k * spacing_of(m)]));
    }
    add_products(&z, delays_of(m) * parts);
    BRAM_TRY(bram_readout_apply(cx, &y, &m->readout, &z));
    for (size_t i = 0; i < y.rows; i++)
        for (size_t j = 0; j < units; j++) bram_row(&y, i)[j] += bram_row(&lagged[0], i)[j];
    bram_inputs_hold(out, steps, &lagged[0], units);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static bram_forecast view(const struct ngrc *m)
{
    return (bram_forecast){.fitted = m,
                           .units = m->mean.cols,
                           .lags = 1 + (delays_of(m) - 1) * spacing_of(m),
                           .horizon = 1,
                           .mean = m->mean.data,
                           .predict = predict,
                           .variance = m->variance.data,
                           .inputs = &m->inputs};
}

/* ---- the training rows ---------------------------------------------------------------------- */

struct fit {
    const bram_panel *train;
    bram_mat *rows; /* of each segment, what is missing filled in, with inputs */
    size_t *first;
    bram_mat *scores; /* of each segment: rows x (D + inputs) */
    struct ngrc *m;
};

/* Features of the rows from .. from + z->rows - 1; before the first row, scores are 0. */
static void features(bram_mat *z, const void *user, size_t segment, size_t from)
{
    const struct fit *f = user;
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

/* Principal components of the target rows, and the scores of all rows with their range. */
static int reduce(bram_ctx *cx, struct fit *f)
{
    struct ngrc *m = f->m;
    BRAM_TRY(bram_components(cx, &m->components, NULL, f->rows, f->first, f->train->segments,
                             m->mean.data));
    BRAM_TRY(bram_inputs_join(cx, f->rows, f->train, &m->inputs));
    for (size_t s = 0; s < f->train->segments; s++) {
        BRAM_TRY(bram_mat_scratch(cx, &f->scores[s], f->rows[s].rows, parts_of(m)));
        BRAM_TRY(scores(cx, &f->scores[s], m, &f->rows[s]));
    }
    return BRAM_OK;
}

static int find_range(bram_ctx *cx, struct fit *f)
{
    BRAM_TRY(bram_mat_new(cx, &f->m->range, 2, parts_of(f->m)));
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

/* ---- fitting -------------------------------------------------------------------------------- */

/* What the search works on; the trial has the means of the best until it is the best. */
struct search {
    const bram_panel *validation; /* NULL: a single candidate */
    const double *ridge;
    size_t ridges, spacing;
    struct ngrc best, trial;
    double least;
};

/* The best penalty for one set of features. */
static int try_penalties(bram_ctx *cx, struct search *s, const bram_readout_system *system,
                         double *least)
{
    bram_readout *r = &s->trial.readout;
    size_t best = 0;
    for (size_t k = 0; k < s->ridges; k++) {
        double error = 0;
        BRAM_TRY(bram_readout_solve(cx, r, system, s->ridge[k]));
        bram_forecast forecast = view(&s->trial);
        if (s->validation) BRAM_TRY(bram_forecast_error(cx, &error, &forecast, s->validation));
        if (k == 0 || error < *least) *least = error, best = k;
    }
    return best + 1 == s->ridges ? BRAM_OK : bram_readout_solve(cx, r, system, s->ridge[best]);
}

/* Components, delays and the readout for one set of features. */
static int fit_features(bram_ctx *cx, struct search *s, const bram_panel *train, size_t components,
                        size_t delays, double *error)
{
    struct ngrc *m = &s->trial;
    struct fit f = {.train = train, .m = m};
    bram_readout_system system;
    BRAM_TRY(bram_mat_new(cx, &m->shape, 1, 2));
    m->shape.data[0] = (double)delays;
    m->shape.data[1] = (double)s->spacing;
    BRAM_TRY(bram_forecast_segments(cx, &f.rows, &f.first, train, m->mean.data));
    if (!(f.scores = bram_scratch(cx, train->segments, sizeof *f.scores))) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_new(cx, &m->components, components, m->mean.cols));
    BRAM_TRY(reduce(cx, &f));
    BRAM_TRY(find_range(cx, &f));
    bram_readout_data data = {.train = train,
                              .rows = f.rows,
                              .first = f.first,
                              .mean = m->mean.data,
                              .features = features_of(delays * parts_of(m)),
                              .increments = true,
                              .fill = features,
                              .user = &f};
    BRAM_TRY(bram_readout_prepare(cx, &system, &m->readout, &data));
    return try_penalties(cx, s, &system, error);
}

static void free_parts(struct ngrc *m)
{
    for (const bram_state_part *p = state + 2; p->name; p++) /* all but the means and inputs */
        bram_free(((bram_mat *)(void *)((char *)m + p->at))->data);
}

static int try_features(bram_ctx *cx, struct search *s, const bram_panel *train, size_t components,
                        size_t delays)
{
    size_t mark = bram_scratch_mark(cx), units = s->best.mean.cols;
    double error = 0;
    s->trial = (struct ngrc){.mean = s->best.mean, .inputs = s->best.inputs};
    int status = fit_features(cx, s, train, components < units ? components : units, delays,
                              &error);
    if (status == BRAM_OK && (!s->best.shape.data || error < s->least)) {
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
        status = bram_inputs_fit(cx, &s.best.inputs, train, 1);
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
    size_t units = m->mean.cols, components = m->components.rows, parts = parts_of(m),
           features = m->readout.weights.rows;
    return units > 0 && components > 0 && components <= units && is_shape(&m->shape, 1, 2) &&
           whole(m->shape.data[0], MOST_DELAYS) && whole(m->shape.data[1], MOST_SPACING) &&
           features == features_of(delays_of(m) * parts) && is_shape(&m->mean, 1, units) &&
           m->inputs.rows == 2 && is_shape(&m->components, components, units) &&
           is_shape(&m->range, 2, parts) && bram_readout_fits(&m->readout, features, units) &&
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
    size_t n, most_pcs = 0, most_delays = 0;
    const int64_t *v = bram_option_integers(o, "pcs", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)v[k] > most_pcs) most_pcs = (size_t)v[k];
    v = bram_option_integers(o, "delays", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)v[k] > most_delays) most_delays = (size_t)v[k];
    size_t parts = (most_pcs < units ? most_pcs : units) + inputs;
    double features = (double)features_of(most_delays * parts);
    double bytes = 8 * ((double)units * (double)units + 3 * features * features +
                        3 * features * (double)units + (double)rows * (double)parts);
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
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
