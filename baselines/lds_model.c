/*
 * lds_model.c - linear dynamical system with Gaussian noise (core/lds.h), fitted by EM from the
 * principal components of the training rows.
 *
 * One state for all units: it forecasts, fills in held-out units from the others (the smoother),
 * and has a joint density of each row. Several numbers of states: the one with the least one-step
 * squared error on the validation data. EM ends after `steps`, or when the log likelihood of the
 * training rows grows by less than `tolerance` of itself.
 * Inputs (inputs.h) drive the state, B u_t beside A x_{t-1}; a free run holds the last known ones.
 * Source: Shumway & Stoffer 1982; Ghahramani & Hinton 1996.
 */
#include "lds.h"

#include "components.h"
#include "recurrent.h"

#include <math.h>
#include <string.h>

/* Share of a unit's variance that its noise has at least. */
#define LEAST_NOISE 1e-6

struct lds {
    bram_mat mean, variance; /* 1 x units, of the training rows */
    bram_mat inputs;         /* 2 x inputs, see inputs.h */
    bram_lds m;
    bram_mat scaled, information; /* what the filter needs, see bram_lds_resume */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct lds, mean)},
    {"variance", offsetof(struct lds, variance)},
    {"inputs", offsetof(struct lds, inputs)},
    {"dynamics", offsetof(struct lds, m.a)},
    {"drive", offsetof(struct lds, m.b)},
    {"state_noise", offsetof(struct lds, m.q)},
    {"loadings", offsetof(struct lds, m.c)},
    {"offset", offsetof(struct lds, m.d)},
    {"noise", offsetof(struct lds, m.r)},
    {"first_mean", offsetof(struct lds, m.m0)},
    {"first_covariance", offsetof(struct lds, m.p0)},
    {"scaled", offsetof(struct lds, scaled)},
    {"information", offsetof(struct lds, information)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

/* ---- the filter as a forecaster with a state: (mean, covariance) of the next row's --------------
 */

static size_t states_of(const struct lds *m)
{
    return m->m.c.cols;
}

static int start(bram_ctx *cx, const void *fitted, double *row)
{
    (void)cx;
    const struct lds *m = fitted;
    size_t d = states_of(m);
    memcpy(row, m->m.m0.data, d * sizeof *row);
    memcpy(row + d, m->m.p0.data, d * d * sizeof *row);
    return BRAM_OK;
}

static int advance(bram_ctx *cx, const void *fitted, bram_mat *states, const bram_mat *y,
                   const uint8_t *present)
{
    const struct lds *m = fitted;
    size_t d = states_of(m), units = m->mean.cols, mark = bram_scratch_mark(cx);
    bram_lds_filter f;
    BRAM_TRY(bram_lds_resume(cx, &f, &m->m, m->scaled, m->information));
    for (size_t i = 0; i < states->rows; i++) {
        double *mean = bram_row(states, i);
        BRAM_TRY(bram_lds_update(cx, &f, mean, mean + d, bram_row(y, i),
                                 present ? present + i * units : NULL, NULL));
        BRAM_TRY(bram_lds_ahead(cx, &f, mean, mean + d, bram_row(y, i) + units));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* out = x C' + d */
static int observe(bram_ctx *cx, bram_mat *out, const struct lds *m, const bram_mat *states)
{
    bram_mat x = {states->data, states->rows, states_of(m), states->stride};
    for (size_t i = 0; i < out->rows; i++)
        memcpy(bram_row(out, i), m->m.d.data, out->cols * sizeof(double));
    return bram_gemm(cx, out, 1, &x, BRAM_AS_IS, &m->m.c, BRAM_TRANSPOSED, 1);
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *states)
{
    return observe(cx, mean, fitted, states);
}

static bram_recurrent view(const struct lds *m)
{
    size_t d = states_of(m);
    return (bram_recurrent){.fitted = m,
                            .units = m->mean.cols,
                            .width = d + d * d,
                            .mean = m->mean.data,
                            .start = start,
                            .advance = advance,
                            .predict = predict,
                            .inputs = &m->inputs};
}

/* The inputs of the rows of a segment from `first` on. */
static int take_inputs(bram_ctx *cx, bram_mat *u, const struct lds *m, const bram_segment *s,
                       size_t first)
{
    BRAM_TRY(bram_inputs_check(cx, &m->inputs, s));
    BRAM_TRY(bram_mat_scratch(cx, u, s->y.rows - first, m->inputs.cols));
    for (size_t t = 0; t < u->rows && u->cols; t++)
        bram_inputs_row(&m->inputs, bram_row(u, t), s, first + t);
    return BRAM_OK;
}

/* ---- fitting -------------------------------------------------------------------------------- */

struct data {
    bram_mat *rows;
    size_t *first;
    bram_lds_rows *training; /* target rows only */
    double *least;
};

static int gather(bram_ctx *cx, struct data *d, const struct lds *m, const bram_panel *train)
{
    size_t units = m->mean.cols;
    BRAM_TRY(bram_forecast_segments(cx, &d->rows, &d->first, train, m->mean.data));
    d->training = bram_scratch(cx, train->segments, sizeof *d->training);
    d->least = d->training ? bram_scratch(cx, units, sizeof *d->least) : NULL;
    if (!d->least) return BRAM_ENOMEM;
    for (size_t s = 0; s < train->segments; s++) {
        const bram_segment *g = &train->segment[s];
        d->training[s].y = bram_mat_rows(d->rows[s], g->first, g->y.rows - g->first);
        if (g->y_present) d->training[s].present = g->y_present + g->first * units;
        BRAM_TRY(take_inputs(cx, &d->training[s].u, m, g, g->first));
    }
    for (size_t j = 0; j < units; j++)
        d->least[j] = m->variance.data[j] > 0 ? LEAST_NOISE * m->variance.data[j] : 1;
    return BRAM_OK;
}

static int find_variance(bram_ctx *cx, struct lds *m, const bram_panel *train)
{
    BRAM_TRY(bram_mat_new(cx, &m->variance, 1, m->mean.cols));
    for (size_t j = 0; j < m->mean.cols; j++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < train->segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t t = g->first; t < g->y.rows; t++) {
                if (g->y_present && !g->y_present[t * g->y.cols + j]) continue;
                double e = bram_row(&g->y, t)[j] - m->mean.data[j];
                sum += e * e;
                count++;
            }
        }
        m->variance.data[j] = count > 0 ? sum / count : 0;
    }
    return BRAM_OK;
}

/* Adds x_{t-1} x_{t-1}' and x_t x_{t-1}' of one segment's scores. */
static void add_lagged(bram_mat *before, bram_mat *lag, const bram_mat *x)
{
    for (size_t t = 1; t < x->rows; t++)
        for (size_t a = 0; a < x->cols; a++)
            for (size_t b = 0; b < x->cols; b++) {
                bram_row(before, a)[b] += bram_row(x, t - 1)[a] * bram_row(x, t - 1)[b];
                bram_row(lag, b)[a] += bram_row(x, t)[a] * bram_row(x, t - 1)[b];
            }
}

/* Dynamics by least squares on the scores, shrunk a little so that they decay; lag is transposed.
 */
static int first_dynamics(bram_ctx *cx, bram_lds *m, bram_mat *before, bram_mat *lag)
{
    size_t d = m->c.cols;
    double trace = 0;
    for (size_t a = 0; a < d; a++) trace += bram_row(before, a)[a] / (double)d;
    for (size_t a = 0; a < d; a++) bram_row(before, a)[a] += 0.01 * trace + (trace > 0 ? 0 : 1);
    BRAM_TRY(bram_cholesky(cx, before));
    BRAM_TRY(bram_cholesky_solve(cx, before, lag));
    for (size_t a = 0; a < d; a++)
        for (size_t b = 0; b < d; b++) bram_row(&m->a, a)[b] = bram_row(lag, b)[a];
    return BRAM_OK;
}

/* Where EM starts: the states are the scores on principal components, scaled to variance 1. */
static int begin(bram_ctx *cx, struct lds *m, const struct data *data, size_t segments)
{
    size_t d = states_of(m), units = m->mean.cols, rows = 0;
    bram_mat components, before, lag, x;
    double *value = bram_scratch(cx, d, sizeof *value);
    if (!value) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &components, d, units));
    BRAM_TRY(bram_mat_scratch(cx, &before, d, d));
    BRAM_TRY(bram_mat_scratch(cx, &lag, d, d));
    BRAM_TRY(
        bram_components(cx, &components, value, data->rows, data->first, segments, m->mean.data));
    for (size_t s = 0; s < segments; s++) rows += data->training[s].y.rows;
    for (size_t k = 0; k < d; k++) value[k] = sqrt(fmax(value[k], 0) / (double)rows);
    for (size_t s = 0; s < segments; s++) {
        const bram_mat *y = &data->training[s].y;
        BRAM_TRY(bram_mat_scratch(cx, &x, y->rows, d));
        BRAM_TRY(bram_component_scores(cx, &x, &components, y, m->mean.data));
        for (size_t t = 0; t < x.rows; t++)
            for (size_t k = 0; k < d; k++) bram_row(&x, t)[k] /= value[k] > 0 ? value[k] : 1;
        add_lagged(&before, &lag, &x);
    }
    BRAM_TRY(first_dynamics(cx, &m->m, &before, &lag));
    memcpy(m->m.d.data, m->mean.data, units * sizeof(double));
    for (size_t j = 0; j < units; j++) {
        double left = m->variance.data[j];
        for (size_t k = 0; k < d; k++) {
            double c = bram_row(&components, k)[j] * value[k];
            bram_row(&m->m.c, j)[k] = c;
            left -= c * c;
        }
        m->m.r.data[j] = fmax(fmax(left, 0.05 * m->variance.data[j]), data->least[j]);
    }
    for (size_t k = 0; k < d; k++) {
        bram_row(&m->m.q, k)[k] = 0.2;
        bram_row(&m->m.p0, k)[k] = 1;
    }
    return BRAM_OK;
}

static int climb(bram_ctx *cx, struct lds *m, const struct data *data, size_t segments,
                 const bram_options *o)
{
    double last = 0, loglik = 0, tolerance = bram_option_real(o, "tolerance");
    size_t steps = (size_t)bram_option_integer(o, "steps");
    for (size_t k = 0; k < steps; k++) {
        BRAM_TRY(bram_lds_em(cx, &m->m, data->training, segments, data->least, &loglik));
        bram_ctx_progress(cx, "EM", (double)k + 1, (double)steps);
        if (!isfinite(loglik))
            return bram_fail(cx, BRAM_ENUMERIC, "the log likelihood of the rows is not finite");
        if (k > 0 && loglik - last <= tolerance * fabs(loglik)) break;
        last = loglik;
    }
    return BRAM_OK;
}

/* What the filter needs, kept with the model. */
static int finish(bram_ctx *cx, struct lds *m)
{
    bram_lds_filter f;
    size_t d = states_of(m);
    BRAM_TRY(bram_mat_new(cx, &m->scaled, m->mean.cols, d));
    BRAM_TRY(bram_mat_new(cx, &m->information, d, d));
    BRAM_TRY(bram_lds_prepare(cx, &f, &m->m));
    memcpy(m->scaled.data, f.scaled.data, m->mean.cols * d * sizeof(double));
    memcpy(m->information.data, f.information.data, d * d * sizeof(double));
    return BRAM_OK;
}

/* One number of states. `m` has the means and variances. */
static int fit_one(bram_ctx *cx, struct lds *m, size_t states, const bram_panel *train,
                   const bram_options *o)
{
    struct data data;
    size_t units = m->mean.cols, mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_lds_new(cx, &m->m, states < units ? states : units, units, m->inputs.cols));
    BRAM_TRY(gather(cx, &data, m, train));
    BRAM_TRY(begin(cx, m, &data, train->segments));
    BRAM_TRY(climb(cx, m, &data, train->segments, o));
    BRAM_TRY(finish(cx, m));
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static void free_parts(struct lds *m)
{
    bram_lds_free(&m->m);
    bram_free(m->scaled.data);
    bram_free(m->information.data);
}

static int fit_all(bram_ctx *cx, struct lds *m, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation)
{
    size_t n, units;
    const int64_t *states = bram_option_integers(o, "states", &n);
    double least = INFINITY;
    BRAM_TRY(bram_forecast_means(cx, &m->mean.data, train));
    units = train->segment[0].y.cols;
    m->mean = (bram_mat){m->mean.data, 1, units, units};
    BRAM_TRY(find_variance(cx, m, train));
    BRAM_TRY(bram_inputs_fit(cx, &m->inputs, train, 1));
    for (size_t k = 0; k < n; k++) {
        struct lds trial = {.mean = m->mean, .variance = m->variance, .inputs = m->inputs};
        double error = 0;
        int status = fit_one(cx, &trial, (size_t)states[k], train, o);
        if (status == BRAM_OK && n > 1) {
            bram_recurrent f = view(&trial);
            status = bram_recurrent_error(cx, &error, &f, validation);
        }
        if (status == BRAM_OK && error < least) {
            struct lds last = *m;
            *m = trial;
            trial = last;
            least = error;
        }
        free_parts(&trial);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)seed;
    size_t n;
    bram_option_integers(o, "states", &n);
    BRAM_TRY(bram_forecast_check_choice(cx, n, validation));
    struct lds *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fit_all(cx, m, o, train, validation);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* A segment with what is missing filled in, and, for co-smoothing, what may be looked at. */
static int take_segment(bram_ctx *cx, bram_lds_rows *out, const struct lds *m, const bram_query *q)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t units = s->y.cols;
    uint8_t *seen = bram_scratch(cx, s->y.rows * units, 1);
    BRAM_TRY(bram_mat_scratch(cx, &out->y, s->y.rows, units));
    if (!seen) return BRAM_ENOMEM;
    for (size_t t = 0; t < s->y.rows; t++) {
        BRAM_TRY(bram_forecast_fill(cx, bram_row(&out->y, t), s, (ptrdiff_t)t, m->mean.data));
        for (size_t j = 0; j < units; j++)
            seen[t * units + j] = (!s->y_present || s->y_present[t * units + j]) &&
                                  !(q->held_out && q->held_out[j]);
    }
    out->present = seen;
    return take_inputs(cx, &out->u, m, s, 0);
}

static int fill_held_out(bram_ctx *cx, bram_response *r, const struct lds *m, const bram_query *q)
{
    size_t mark = bram_scratch_mark(cx), first = q->panel->segment[q->segment].first;
    size_t units = m->mean.cols;
    uint8_t *mask = bram_response_mask(cx, r);
    bram_lds_rows rows;
    bram_lds_states x;
    if (!mask) return BRAM_ENOMEM;
    BRAM_TRY(take_segment(cx, &rows, m, q));
    BRAM_TRY(bram_lds_run(cx, &x, &m->m, &rows));
    BRAM_TRY(bram_lds_smooth(cx, &x, &m->m));
    bram_mat out = {bram_response_f64(r), rows.y.rows - first, units, units};
    bram_mat target = bram_mat_rows(x.mean, first, out.rows);
    BRAM_TRY(observe(cx, &out, m, &target));
    for (size_t i = 0; i < bram_response_count(r); i++) mask[i] = q->held_out[i % units];
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* A unit without variance in training has no density. */
static int fill_densities(bram_ctx *cx, bram_response *r, const struct lds *m, const bram_query *q)
{
    size_t mark = bram_scratch_mark(cx), d = states_of(m), units = m->mean.cols;
    size_t first = q->panel->segment[q->segment].first;
    uint8_t *mask = bram_response_mask(cx, r);
    double *mean = bram_scratch(cx, d + d * d, sizeof *mean);
    double *work = mean ? bram_scratch(cx, d, sizeof *work) : NULL;
    bram_mat each;
    bram_lds_rows rows;
    bram_lds_filter f;
    if (!mask || !work) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &each, 1, units));
    BRAM_TRY(take_segment(cx, &rows, m, q));
    BRAM_TRY(bram_lds_resume(cx, &f, &m->m, m->scaled, m->information));
    BRAM_TRY(start(cx, m, mean));
    for (size_t t = 0; t < rows.y.rows; t++) {
        const uint8_t *present = rows.present + t * units;
        bram_lds_chain(&m->m, mean, mean + d, each.data, bram_row(&rows.y, t), present, work);
        for (size_t j = 0; j < units && t >= first; j++) {
            size_t at = (t - first) * units + j;
            mask[at] = present[j] && m->variance.data[j] > 0;
            if (mask[at]) bram_response_f64(r)[at] = each.data[j];
        }
        if (t + 1 == rows.y.rows) break;
        const double *u = m->inputs.cols ? bram_row(&rows.u, t + 1) : NULL;
        BRAM_TRY(bram_lds_ahead(cx, &f, mean, mean + d, u));
        if (t % 1024 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

typedef int fill_fn(bram_ctx *cx, bram_response *r, const struct lds *m, const bram_query *q);

static int answer_rows(bram_ctx *cx, const struct lds *m, const bram_query *q, const char *name,
                       fill_fn *fill, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_response *r = NULL;
    if (bram_axis_length(q->panel->unit) != m->mean.cols || s->y.cols != m->mean.cols)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         bram_axis_length(q->panel->unit), m->mean.cols);
    BRAM_TRY(bram_forecast_rows(cx, &r, name, s, q->panel->unit));
    int status = fill(cx, r, m, q);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    const struct lds *m = fitted;
    if (query->ask == BRAM_ASK_COSMOOTH)
        return answer_rows(cx, m, query, "mean", fill_held_out, out);
    if (query->ask == BRAM_ASK_LOGLIK)
        return answer_rows(cx, m, query, "logdensity", fill_densities, out);
    bram_recurrent f = view(m);
    return bram_recurrent_answer(cx, &f, query, out);
}

/* ---- the model ------------------------------------------------------------------------------ */

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, state, out);
}

static bool is_shape(const bram_mat *m, size_t rows, size_t cols)
{
    return m->rows == rows && m->cols == cols;
}

static bool fits(const void *loaded)
{
    const struct lds *m = loaded;
    size_t units = m->mean.cols, d = m->m.c.cols;
    for (size_t j = 0; j < m->m.r.cols; j++)
        if (!(m->m.r.data[j] > 0)) return false;
    return units > 0 && d > 0 && is_shape(&m->mean, 1, units) && is_shape(&m->variance, 1, units) &&
           is_shape(&m->m.a, d, d) && is_shape(&m->m.q, d, d) && is_shape(&m->m.c, units, d) &&
           is_shape(&m->m.d, 1, units) && is_shape(&m->m.r, 1, units) && is_shape(&m->m.m0, 1, d) &&
           is_shape(&m->m.p0, d, d) && is_shape(&m->scaled, units, d) &&
           is_shape(&m->information, d, d) && m->inputs.rows == 2 &&
           is_shape(&m->m.b, d, m->inputs.cols);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct lds), state, fits, in);
}

/* Covariances of the states of every row, twice; principal components of the units. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t n, most = 0;
    const int64_t *states = bram_option_integers(o, "states", &n);
    for (size_t k = 0; k < n; k++)
        if ((size_t)states[k] > most) most = (size_t)states[k];
    double d = (double)(most < units ? most : units), u = (double)units, k = (double)inputs;
    double bytes = 8 * ((double)rows * (2 * d * d + 3 * d + k) + u * u + u * (d + 1) * (d + 1));
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"states", BRAM_PARAM_INTEGERS, "2+4+8", NULL, 1, 64,
     "dimensions of the state; several: chosen on validation"},
    {"steps", BRAM_PARAM_INTEGER, "100", NULL, 1, 100000, "steps of EM at most"},
    {"tolerance", BRAM_PARAM_REAL, "1e-5", NULL, 0, 1,
     "relative growth of the log likelihood at which EM ends"},
    {.name = NULL},
};

const bram_model bram_model_lds_model = {
    .name = "lds",
    .summary = "linear dynamical system with Gaussian noise, fitted by EM",
    .source = "Shumway & Stoffer 1982; Ghahramani & Hinton 1996",
    .missing = "missing values are integrated out",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .flags = BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
