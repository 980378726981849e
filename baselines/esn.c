/*
 * esn.c - echo state network (Jaeger 2001): a fixed random recurrent network driven by the data,
 * and a trained linear readout. Is training the recurrence worth anything? This is the answer's
 * zero.
 *
 *   u_t = ((y_t - mean) / sd, inputs known with it)                  0 where missing
 *   r_t = (1 - a) r_{t-1} + a tanh(W r_{t-1} + V u_t + b)            r before the first row: 0
 *   y_{t+1} - y_t = c + readout of (u_t, r_t)                        ridge regression, readout.h
 *
 * W has k normal entries in each row, scaled to the spectral radius. V is normal and scaled so that
 * inputs of unit variance, if independent, drive a unit with variance scale^2; so is b, a tenth of
 * that: without it the network would be odd in its input. Inputs (inputs.h) drive it as strongly as
 * all units do, and a free run holds the last known ones. The first rows of each segment (washout)
 * are not fitted. Several penalties: that with the least one-step squared error on the validation
 * data. Drawn from the seed.
 */
#include "readout.h"
#include "recurrent.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

struct esn {
    bram_mat mean, scale;    /* 1 x units: training means; 1 / sd, 0 for a constant unit */
    bram_mat inputs;         /* 2 x inputs, see inputs.h */
    bram_mat leak;           /* 1 x 1: a */
    bram_mat input, bias;    /* V: size x (units + inputs); b: 1 x size */
    bram_mat source, weight; /* size x k: of each unit the k units it listens to, and W there */
    bram_readout readout;
    bram_mat variance; /* 1 x units: of the residuals on the training rows */
};

static const bram_state_part state[] = {
    {"mean", offsetof(struct esn, mean)},
    {"scale", offsetof(struct esn, scale)},
    {"inputs", offsetof(struct esn, inputs)},
    {"leak", offsetof(struct esn, leak)},
    {"input", offsetof(struct esn, input)},
    {"bias", offsetof(struct esn, bias)},
    {"source", offsetof(struct esn, source)},
    {"weight", offsetof(struct esn, weight)},
    {"center", offsetof(struct esn, readout.center)},
    {"feature_scale", offsetof(struct esn, readout.scale)},
    {"weights", offsetof(struct esn, readout.weights)},
    {"intercept", offsetof(struct esn, readout.intercept)},
    {"variance", offsetof(struct esn, variance)},
    {NULL, 0},
};

static void release(void *fitted)
{
    bram_state_free(fitted, state);
}

static size_t size_of(const struct esn *m)
{
    return m->input.rows;
}

/* Numbers that drive it. */
static size_t drives_of(const struct esn *m)
{
    return m->mean.cols + m->inputs.cols;
}

/* ---- the network ---------------------------------------------------------------------------- */

/* A state is (u, r): the last input, standardized, then the network. */
static int start(bram_ctx *cx, const void *fitted, double *state_row)
{
    (void)cx;
    const struct esn *m = fitted;
    memset(state_row, 0, (drives_of(m) + size_of(m)) * sizeof *state_row);
    return BRAM_OK;
}

static void step_network(const struct esn *m, double *r, const double *drive, double *last)
{
    double a = m->leak.data[0];
    memcpy(last, r, size_of(m) * sizeof *r);
    for (size_t i = 0; i < size_of(m); i++) {
        const double *from = bram_row(&m->source, i), *w = bram_row(&m->weight, i);
        double sum = drive[i] + m->bias.data[i];
        for (size_t k = 0; k < m->weight.cols; k++) sum += w[k] * last[(size_t)from[k]];
        r[i] = (1 - a) * last[i] + a * tanh(sum);
    }
}

/* Takes in rows with their inputs standardized already, in the first columns of the states. */
static int advance_standardized(bram_ctx *cx, const struct esn *m, bram_mat *states)
{
    size_t drives = drives_of(m), mark = bram_scratch_mark(cx);
    bram_mat drive, u = {states->data, states->rows, drives, states->stride};
    double *last = bram_scratch(cx, size_of(m), sizeof *last);
    if (!last) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &drive, states->rows, size_of(m)));
    BRAM_TRY(bram_gemm(cx, &drive, 1, &u, BRAM_AS_IS, &m->input, BRAM_TRANSPOSED, 0));
    for (size_t i = 0; i < states->rows; i++)
        step_network(m, bram_row(states, i) + drives, bram_row(&drive, i), last);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int advance(bram_ctx *cx, const void *fitted, bram_mat *states, const bram_mat *y,
                   const uint8_t *present)
{
    (void)present; /* what is missing stands at the mean, and is 0 here */
    const struct esn *m = fitted;
    size_t units = m->mean.cols;
    for (size_t i = 0; i < states->rows; i++) {
        double *u = bram_row(states, i);
        const double *from = bram_row(y, i);
        for (size_t j = 0; j < units; j++) u[j] = (from[j] - m->mean.data[j]) * m->scale.data[j];
        for (size_t k = units; k < drives_of(m); k++) u[k] = from[k];
    }
    return advance_standardized(cx, m, states);
}

static int predict(bram_ctx *cx, const void *fitted, bram_mat *mean, const bram_mat *states)
{
    const struct esn *m = fitted;
    size_t mark = bram_scratch_mark(cx);
    bram_mat z;
    BRAM_TRY(bram_mat_scratch(cx, &z, states->rows, states->cols));
    for (size_t i = 0; i < z.rows; i++)
        memcpy(bram_row(&z, i), bram_row(states, i), z.cols * sizeof(double));
    BRAM_TRY(bram_readout_apply(cx, mean, &m->readout, &z));
    for (size_t i = 0; i < z.rows; i++)
        for (size_t j = 0; j < mean->cols; j++) {
            double sd = m->scale.data[j] > 0 ? 1 / m->scale.data[j] : 0;
            bram_row(mean, i)[j] += m->mean.data[j] + sd * bram_row(states, i)[j];
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static bram_recurrent view(const struct esn *m)
{
    return (bram_recurrent){.fitted = m,
                            .units = m->mean.cols,
                            .width = drives_of(m) + size_of(m),
                            .mean = m->mean.data,
                            .start = start,
                            .advance = advance,
                            .predict = predict,
                            .variance = m->variance.data,
                            .inputs = &m->inputs};
}

/* ---- drawing it ----------------------------------------------------------------------------- */

static int draw_weights(bram_ctx *cx, struct esn *m, size_t size, size_t links, uint64_t seed)
{
    bram_rng rng = bram_rng_at(seed, "esn/weights", 0);
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_mat_new(cx, &m->source, size, links));
    BRAM_TRY(bram_mat_new(cx, &m->weight, size, links));
    size_t *order = bram_scratch(cx, size, sizeof *order);
    if (!order) return BRAM_ENOMEM;
    for (size_t j = 0; j < size; j++) order[j] = j;
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < links; k++) { /* the start of a shuffle: no source twice */
            size_t other = k + (size_t)bram_rng_below(&rng, size - k), kept = order[k];
            order[k] = order[other];
            order[other] = kept;
            bram_row(&m->source, i)[k] = (double)order[k];
            bram_row(&m->weight, i)[k] = bram_rng_normal(&rng);
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int scale_to_radius(bram_ctx *cx, struct esn *m, double radius)
{
    size_t size = m->weight.rows, mark = bram_scratch_mark(cx);
    double *real = bram_scratch(cx, size, sizeof *real), most = 0;
    double *imaginary = real ? bram_scratch(cx, size, sizeof *imaginary) : NULL;
    bram_mat dense;
    if (!imaginary) return BRAM_ENOMEM;
    BRAM_TRY(bram_mat_scratch(cx, &dense, size, size));
    for (size_t i = 0; i < size; i++)
        for (size_t k = 0; k < m->weight.cols; k++)
            bram_row(&dense, i)[(size_t)bram_row(&m->source, i)[k]] = bram_row(&m->weight, i)[k];
    BRAM_TRY(bram_eigenvalues(cx, real, imaginary, &dense));
    for (size_t i = 0; i < size; i++) most = fmax(most, hypot(real[i], imaginary[i]));
    for (size_t i = 0; i < size * m->weight.cols && most > 0; i++)
        m->weight.data[i] *= radius / most;
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int draw_input(bram_ctx *cx, struct esn *m, size_t size, double scale, uint64_t seed)
{
    bram_rng rng = bram_rng_at(seed, "esn/input", 0), other = bram_rng_at(seed, "esn/input", 1);
    size_t units = m->mean.cols, inputs = m->inputs.cols;
    BRAM_TRY(bram_mat_new(cx, &m->input, size, units + inputs));
    BRAM_TRY(bram_mat_new(cx, &m->bias, 1, size));
    for (size_t i = 0; i < size; i++) {
        double *v = bram_row(&m->input, i);
        for (size_t j = 0; j < units; j++)
            v[j] = scale / sqrt((double)units) * bram_rng_normal(&rng);
        for (size_t k = 0; k < inputs; k++)
            v[units + k] = scale / sqrt((double)inputs) * bram_rng_normal(&other);
    }
    for (size_t i = 0; i < size; i++) m->bias.data[i] = scale / 10 * bram_rng_normal(&rng);
    return BRAM_OK;
}

/* ---- fitting -------------------------------------------------------------------------------- */

/* States before each row of each training segment. */
struct trace {
    bram_mat *states;
};

static void fill(bram_mat *z, const void *user, size_t segment, size_t from)
{
    const struct trace *t = user;
    for (size_t i = 0; i < z->rows; i++)
        memcpy(bram_row(z, i), bram_row(&t->states[segment], from + i), z->cols * sizeof(double));
}

/* Runs the network through a segment: row t of states is what is known before row t. */
static int trace_segment(bram_ctx *cx, bram_mat *states, const struct esn *m, const bram_mat *rows)
{
    for (size_t t = 0; t + 1 < rows->rows; t++) {
        bram_mat next = bram_mat_rows(*states, t + 1, 1), y = bram_mat_rows(*rows, t, 1);
        memcpy(next.data, bram_row(states, t), states->cols * sizeof(double));
        BRAM_TRY(advance(cx, m, &next, &y, NULL));
        if (t % 1024 == 0) BRAM_TRY(bram_ctx_check_cancel(cx));
    }
    return BRAM_OK;
}

static int choose_penalty(bram_ctx *cx, struct esn *m, const bram_readout_system *system,
                          const double *ridge, size_t ridges, const bram_panel *validation)
{
    double least = 0;
    size_t best = 0;
    for (size_t k = 0; k < ridges && ridges > 1; k++) {
        double error;
        BRAM_TRY(bram_readout_solve(cx, &m->readout, system, ridge[k]));
        bram_recurrent f = view(m);
        BRAM_TRY(bram_recurrent_error(cx, &error, &f, validation));
        if (k == 0 || error < least) least = error, best = k;
    }
    return bram_readout_solve(cx, &m->readout, system, ridge[best]);
}

static int fit_readout(bram_ctx *cx, struct esn *m, const bram_options *o, const bram_panel *train,
                       const bram_panel *validation)
{
    size_t *first, ridges, features = drives_of(m) + size_of(m);
    const double *ridge = bram_option_reals(o, "ridge", &ridges);
    bram_mat *rows;
    struct trace t = {bram_scratch(cx, train->segments, sizeof *t.states)};
    bram_readout_system system;
    if (!t.states) return BRAM_ENOMEM;
    BRAM_TRY(bram_forecast_segments(cx, &rows, &first, train, m->mean.data));
    BRAM_TRY(bram_inputs_join(cx, rows, train, &m->inputs));
    for (size_t s = 0; s < train->segments; s++) {
        BRAM_TRY(bram_mat_scratch(cx, &t.states[s], rows[s].rows, features));
        BRAM_TRY(trace_segment(cx, &t.states[s], m, &rows[s]));
    }
    bram_readout_data data = {.train = train,
                              .rows = rows,
                              .first = first,
                              .mean = m->mean.data,
                              .features = features,
                              .skip = (size_t)bram_option_integer(o, "washout"),
                              .increments = true,
                              .fill = fill,
                              .user = &t};
    BRAM_TRY(bram_readout_prepare(cx, &system, &m->readout, &data));
    return choose_penalty(cx, m, &system, ridge, ridges, validation);
}

/* 1 / sd of each unit over its present target rows. */
static int find_scale(bram_ctx *cx, struct esn *m, const bram_panel *train)
{
    BRAM_TRY(bram_mat_new(cx, &m->scale, 1, m->mean.cols));
    for (size_t j = 0; j < m->mean.cols; j++) {
        double sum = 0, count = 0;
        for (size_t s = 0; s < train->segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t t = g->first; t < g->y.rows; t++) {
                if (g->y_present && !g->y_present[t * g->y.cols + j]) continue;
                double d = bram_row(&g->y, t)[j] - m->mean.data[j];
                sum += d * d;
                count++;
            }
        }
        m->scale.data[j] = sum > 0 ? sqrt(count / sum) : 0;
    }
    return BRAM_OK;
}

static int fit_all(bram_ctx *cx, struct esn *m, const bram_options *o, const bram_panel *train,
                   const bram_panel *validation, uint64_t seed)
{
    size_t size = (size_t)bram_option_integer(o, "size");
    size_t links = (size_t)bram_option_integer(o, "links"), mark = bram_scratch_mark(cx);
    BRAM_TRY(bram_forecast_means(cx, &m->mean.data, train));
    size_t units = train->segment[0].y.cols;
    m->mean = (bram_mat){m->mean.data, 1, units, units};
    BRAM_TRY(find_scale(cx, m, train));
    BRAM_TRY(bram_inputs_fit(cx, &m->inputs, train, 1));
    BRAM_TRY(bram_mat_new(cx, &m->leak, 1, 1));
    m->leak.data[0] = bram_option_real(o, "leak");
    BRAM_TRY(draw_weights(cx, m, size, links < size ? links : size, seed));
    BRAM_TRY(scale_to_radius(cx, m, bram_option_real(o, "radius")));
    BRAM_TRY(draw_input(cx, m, size, bram_option_real(o, "scale"), seed));
    BRAM_TRY(fit_readout(cx, m, o, train, validation));
    bram_scratch_release(cx, mark);
    bram_recurrent f = view(m);
    return bram_recurrent_variance(cx, &m->variance, &f, train,
                                   (size_t)bram_option_integer(o, "washout"));
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    size_t ridges;
    bram_option_reals(o, "ridge", &ridges);
    BRAM_TRY(bram_forecast_check_choice(cx, ridges, validation));
    struct esn *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    int status = fit_all(cx, m, o, train, validation, seed);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

/* ---- the model ------------------------------------------------------------------------------ */

static int answer(bram_ctx *cx, const void *fitted, const bram_query *query, bram_dataset *out)
{
    bram_recurrent f = view(fitted);
    return bram_recurrent_answer(cx, &f, query, out);
}

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
    const struct esn *m = loaded;
    size_t units = m->mean.cols, size = m->input.rows, links = m->source.cols;
    size_t drives = drives_of(m);
    for (size_t i = 0; i < m->source.rows * links; i++) {
        double from = m->source.data[i];
        if (!(from >= 0 && from < (double)size && from == floor(from))) return false;
    }
    return units > 0 && size > 0 && is_shape(&m->mean, 1, units) && is_shape(&m->scale, 1, units) &&
           m->inputs.rows == 2 && is_shape(&m->leak, 1, 1) && m->input.cols == drives &&
           is_shape(&m->bias, 1, size) && is_shape(&m->source, size, links) &&
           is_shape(&m->weight, size, links) &&
           bram_readout_fits(&m->readout, drives + size, units) && is_shape(&m->variance, 1, units);
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(struct esn), state, fits, in);
}

/* The states of the training rows, and three matrices of products of features. */
static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    double features = (double)bram_option_integer(o, "size") + (double)units + (double)inputs;
    double bytes = 8 * features * ((double)rows + 3 * features + 3 * (double)units);
    return bytes < (double)(SIZE_MAX / 2) ? (size_t)bytes : SIZE_MAX;
}

static const bram_param params[] = {
    {"size", BRAM_PARAM_INTEGER, "500", NULL, 1, 20000, "units of the network"},
    {"radius", BRAM_PARAM_REAL, "0.9", NULL, 0, 100, "spectral radius of its weights"},
    {"links", BRAM_PARAM_INTEGER, "10", NULL, 1, 20000, "units that a unit listens to"},
    {"leak", BRAM_PARAM_REAL, "0.3", NULL, 0.001, 1, "share of a row in the state"},
    {"scale", BRAM_PARAM_REAL, "0.5", NULL, 0, 100, "standard deviation of the input's drive"},
    {"washout", BRAM_PARAM_INTEGER, "100", NULL, 0, 1000000,
     "first rows of each segment that are not fitted, at most half of it"},
    {"ridge", BRAM_PARAM_REALS, "0.001+0.01+0.1+1+10", NULL, 0, 1e300,
     "penalty of the squared weights of standardized features, beside a mean squared error; "
     "several: chosen on validation"},
    {.name = NULL},
};

const bram_model bram_model_esn = {
    .name = "esn",
    .summary = "echo state network: a fixed random network with a ridge readout",
    .source = "Jaeger 2001",
    .missing =
        "a missing input counts as the training mean; rows whose increment is missing do not count",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_TAKES_INPUT,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
