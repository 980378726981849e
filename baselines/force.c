/*
 * force.c - the model `force`; see force.h.
 */
#include "force.h"

#include "linalg.h"

#include <bramble/rng.h>

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"method", BRAM_PARAM_CHOICE, "bptt", "bptt|rls", 0, 0,
     "backpropagation through time, or FORCE: recursive least squares"},
    {"neurons", BRAM_PARAM_INTEGER, "100", NULL, 2, 4096, "of the network"},
    {"internal", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "recorded units are targets, too"},
    {"lambda", BRAM_PARAM_REAL, "1", NULL, 0, 1e6, "bptt: weight of the units' loss"},
    {"g", BRAM_PARAM_REAL, "auto", NULL, 0, 10,
     "first recurrent weights: N(0, g^2 / neurons); auto: 1.5 for rls, 0.7 for bptt"},
    {"tau", BRAM_PARAM_REAL, "10", NULL, 1, 1e6, "time constant in rows"},
    {"feedback", BRAM_PARAM_REAL, "1", NULL, 0, 100, "rls: of the outputs into the network, +-"},
    {"alpha", BRAM_PARAM_REAL, "1", NULL, 1e-12, 1e12, "rls: P begins as I / alpha"},
    {"passes", BRAM_PARAM_INTEGER, "20", NULL, 1, 100000, "rls: over the training rows"},
    {"steps", BRAM_PARAM_INTEGER, "400", NULL, 1, 1000000, "bptt: of Adam, on all segments"},
    {"rate", BRAM_PARAM_REAL, "0.003", NULL, 0, 10, "bptt: learning rate, before its schedule"},
    {"clip", BRAM_PARAM_REAL, "1", NULL, 1e-12, 1e12, "bptt: largest norm of a gradient"},
    {"checkpoint", BRAM_PARAM_TEXT, "", NULL, 0, 0,
     "file where training stands when it is stopped, and from which it goes on"},
    {.name = NULL}};

static const bram_state_part parts[] = {
    {"recurrent", offsetof(bram_force, recurrent)}, {"input", offsetof(bram_force, input)},
    {"feedback", offsetof(bram_force, feedback)},   {"bias", offsetof(bram_force, bias)},
    {"readout", offsetof(bram_force, readout)},     {"offset", offsetof(bram_force, offset)},
    {"column", offsetof(bram_force, column)},       {"scale", offsetof(bram_force, scale)},
    {"leak", offsetof(bram_force, leak)},           {NULL, 0}};

static void release(void *fitted)
{
    bram_state_free(fitted, parts);
}

/* ---- the network ---------------------------------------------------------------------------- */

void bram_force_input(const bram_force *f, double *u, const bram_segment *s, size_t row)
{
    size_t inputs = f->input.cols;
    for (size_t k = 0; k < inputs; k++) {
        bool there = !s->x_present || s->x_present[row * inputs + k];
        u[k] = there ? (bram_row(&s->x, row)[k] - f->scale.data[k]) / f->scale.data[inputs + k] : 0;
    }
}

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

void bram_force_step(const bram_force *f, double *x, double *r, double *z, const double *u,
                     double *sum)
{
    size_t n = f->recurrent.rows, columns = f->column.cols;
    double a = f->leak.data[0];
    for (size_t i = 0; i < n; i++)
        sum[i] = f->bias.data[i] + dot(bram_row(&f->recurrent, i), r, n) +
                 dot(bram_row(&f->input, i), u, f->input.cols) +
                 dot(bram_row(&f->feedback, i), z, columns);
    for (size_t i = 0; i < n; i++) {
        x[i] += a * (sum[i] - x[i]);
        r[i] = tanh(x[i]);
    }
    for (size_t c = 0; c < columns; c++)
        z[c] = f->offset.data[c] + dot(bram_row(&f->readout, c), r, n);
}

/* ---- scales --------------------------------------------------------------------------------- */

/* Means and deviations of present target rows of x. */
static int scale_inputs(bram_ctx *cx, bram_force *f, const bram_panel *train)
{
    size_t inputs = f->input.cols;
    for (size_t k = 0; k < inputs; k++) {
        double count = 0, mean = 0, square = 0;
        for (size_t s = 0; s < train->segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t t = 0; t < g->y.rows; t++) {
                if (g->x_present && !g->x_present[t * inputs + k]) continue;
                double v = bram_row(&g->x, t)[k], d = v - mean;
                if (!isfinite(v))
                    return bram_fail(cx, BRAM_ENUMERIC, "input %zu of row %zu is %g", k, t, v);
                mean += d / ++count, square += d * (v - mean);
            }
        }
        f->scale.data[k] = mean;
        f->scale.data[inputs + k] = square > 0 ? sqrt(square / count) : 1;
    }
    return BRAM_OK;
}

static bool is_unit(const bram_axis *unit, size_t column)
{
    const bram_column *role = bram_axis_column(unit, "role");
    return role && role->text && strcmp(role->text[column], "unit") == 0;
}

static int scale_columns(bram_ctx *cx, bram_force *f, const bram_panel *train)
{
    size_t columns = f->column.cols, units = 0;
    double *neuron = bram_row(&f->column, 0), *scale = bram_row(&f->column, 2), *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train));
    memcpy(bram_row(&f->column, 1), mean, columns * sizeof *mean);
    bram_free(mean);
    mean = bram_row(&f->column, 1);
    for (size_t c = 0; c < columns; c++) {
        bool unit = train->unit && is_unit(train->unit, c);
        double square = 0, largest = 0, count = 0;
        neuron[c] = unit ? (double)units++ : -1;
        for (size_t s = 0; s < train->segments; s++) {
            const bram_segment *g = &train->segment[s];
            for (size_t t = g->first; t < g->y.rows; t++) {
                if (g->y_present && !g->y_present[t * columns + c]) continue;
                double d = bram_row(&g->y, t)[c] - mean[c];
                square += d * d, largest = fmax(largest, fabs(d)), count++;
            }
        }
        scale[c] = unit ? largest / 0.9 : sqrt(square / fmax(1, count));
        if (!(scale[c] > 0)) scale[c] = 1;
    }
    if (units > f->recurrent.rows)
        return bram_fail(cx, BRAM_EUSAGE, "%zu units were recorded, expected neurons=%zu or more",
                         units, units);
    return BRAM_OK;
}

/* ---- fitting -------------------------------------------------------------------------------- */

static int make(bram_ctx *cx, bram_force *f, size_t n, size_t inputs, size_t columns)
{
    BRAM_TRY(bram_mat_new(cx, &f->recurrent, n, n));
    BRAM_TRY(bram_mat_new(cx, &f->input, n, inputs));
    BRAM_TRY(bram_mat_new(cx, &f->feedback, n, columns));
    BRAM_TRY(bram_mat_new(cx, &f->bias, 1, n));
    BRAM_TRY(bram_mat_new(cx, &f->readout, columns, n));
    BRAM_TRY(bram_mat_new(cx, &f->offset, 1, columns));
    BRAM_TRY(bram_mat_new(cx, &f->column, 3, columns));
    BRAM_TRY(bram_mat_new(cx, &f->scale, 2, inputs));
    return bram_mat_new(cx, &f->leak, 1, 1);
}

static void draw(bram_force *f, const bram_options *o, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "force/start");
    size_t n = f->recurrent.rows, inputs = f->input.cols, columns = f->column.cols;
    bool fed = bram_option_is(o, "method", "rls");
    double gain = bram_option_real(o, "g");
    double deviation = (isnan(gain) ? (fed ? 1.5 : 0.7) : gain) / sqrt((double)n);
    for (size_t i = 0; i < n * n; i++) f->recurrent.data[i] = deviation * bram_rng_normal(&g);
    for (size_t i = 0; i < n * inputs; i++)
        f->input.data[i] = bram_rng_normal(&g) / sqrt((double)inputs);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < columns; c++) {
            double v = bram_option_real(o, "feedback") * (2 * bram_rng_uniform(&g) - 1);
            if (fed && f->column.data[c] < 0) bram_row(&f->feedback, i)[c] = v;
        }
    f->leak.data[0] = 1 / bram_option_real(o, "tau");
}

static int check_panel(bram_ctx *cx, const bram_panel *train)
{
    double *mean = NULL;
    BRAM_TRY(bram_forecast_means(cx, &mean, train)); /* refuses panels without rows or units */
    bram_free(mean);
    size_t inputs = train->segment[0].x.cols;
    for (size_t s = 0; s < train->segments; s++)
        if (train->segment[s].x.cols != inputs || !inputs)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "segment %zu has %zu inputs, expected the %zu of the first, and some",
                             s, train->segment[s].x.cols, inputs);
    return BRAM_OK;
}

static int fit_all(bram_ctx *cx, bram_force *f, const bram_options *o, const bram_panel *train,
                   uint64_t seed)
{
    char key[BRAM_CHECKPOINT_KEY] = "";
    bool finished = false;
    bram_force_settings settings = {.internal = bram_option_flag(o, "internal"),
                                    .lambda = bram_option_real(o, "lambda"),
                                    .alpha = bram_option_real(o, "alpha"),
                                    .passes = (size_t)bram_option_integer(o, "passes"),
                                    .steps = (size_t)bram_option_integer(o, "steps"),
                                    .rate = bram_option_real(o, "rate"),
                                    .clip = bram_option_real(o, "clip"),
                                    .checkpoint.path = bram_option_text(o, "checkpoint"),
                                    .checkpoint.key = key,
                                    .finished = &finished};
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(make(cx, f, (size_t)bram_option_integer(o, "neurons"), train->segment[0].x.cols,
                  train->segment[0].y.cols));
    BRAM_TRY(scale_inputs(cx, f, train));
    BRAM_TRY(scale_columns(cx, f, train));
    draw(f, o, seed);
    if (settings.checkpoint.path[0])
        BRAM_TRY(bram_checkpoint_key(cx, key, "force", o, seed, train, NULL));
    BRAM_TRY(bram_option_is(o, "method", "rls") ? bram_force_rls(cx, f, train, &settings)
                                                : bram_force_bptt(cx, f, train, &settings));
    if (finished) bram_checkpoint_remove(&settings.checkpoint);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    BRAM_TRY(check_panel(cx, train));
    bram_force *f = bram_alloc(cx, 1, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    int status = fit_all(cx, f, o, train, seed);
    if (status == BRAM_OK) *fitted = f;
    else release(f);
    return status;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* Goes through a segment; rows from `first` on into mean and hidden. */
static int respond(bram_ctx *cx, const bram_force *f, const bram_segment *s, double *mean,
                   double *hidden)
{
    size_t n = f->recurrent.rows, columns = f->column.cols, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, 3 * n + columns + f->input.cols, sizeof *x);
    if (!x) return BRAM_ENOMEM;
    double *r = x + n, *sum = r + n, *z = sum + n, *u = z + columns;
    for (size_t t = 0; t < s->y.rows; t++) {
        bram_force_input(f, u, s, t);
        for (size_t k = 0; k < f->input.cols; k++)
            if (!isfinite(u[k]))
                return bram_fail(cx, BRAM_ENUMERIC, "input %zu of row %zu is no number", k, t);
        bram_force_step(f, x, r, z, u, sum);
        if (t < s->first) continue;
        for (size_t c = 0; c < columns; c++) {
            double unit = f->column.data[c];
            double v = unit < 0 ? z[c] : r[(size_t)unit];
            mean[(t - s->first) * columns + c] = f->column.data[columns + c] +
                                                 f->column.data[2 * columns + c] * v;
        }
        memcpy(hidden + (t - s->first) * n, r, n * sizeof *r);
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_force *f = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t columns = f->column.cols, inputs = f->input.cols;
    bram_axis *neuron = NULL;
    bram_response *mean = NULL, *hidden = NULL;
    if (s->y.cols != columns || s->x.cols != inputs || s->x.rows != s->y.rows)
        return bram_fail(cx, BRAM_ESHAPE,
                         "a segment of %zu columns and %zu inputs, expected %zu "
                         "and %zu",
                         s->y.cols, s->x.cols, columns, inputs);
    BRAM_TRY(bram_axis_new(cx, &neuron, "neuron", f->recurrent.rows));
    int status = bram_forecast_rows(cx, &mean, "mean", s, q->panel->unit);
    if (status == BRAM_OK) status = bram_forecast_rows(cx, &hidden, "hidden", s, neuron);
    bram_axis_free(neuron);
    if (status == BRAM_OK)
        status = respond(cx, f, s, bram_response_f64(mean), bram_response_f64(hidden));
    if (status != BRAM_OK) {
        bram_response_free(mean);
        bram_response_free(hidden);
        return status;
    }
    status = bram_dataset_add(cx, out, "", mean);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", hidden);
    bram_response_free(hidden);
    return status;
}

static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    return bram_state_save(cx, fitted, parts, out);
}

static bool fits(const void *loaded)
{
    const bram_force *f = loaded;
    size_t n = f->recurrent.rows, columns = f->column.cols;
    bool all = f->recurrent.cols == n && f->input.rows == n && f->feedback.rows == n &&
               f->feedback.cols == columns && f->bias.cols == n && f->readout.rows == columns &&
               f->readout.cols == n && f->offset.cols == columns && f->column.rows == 3 &&
               f->scale.rows == 2 && f->scale.cols == f->input.cols && f->leak.rows == 1;
    for (size_t c = 0; c < columns && all; c++) all = f->column.data[c] < (double)n;
    return all;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    return bram_state_load(cx, fitted, sizeof(bram_force), parts, fits, in);
}

static size_t memory(const bram_options *o, size_t rows, size_t units, size_t inputs)
{
    size_t n = (size_t)bram_option_integer(o, "neurons");
    return 8 * (6 * n * n + rows * (3 * n + 3 * units + 2 * inputs));
}

const bram_model bram_model_force = {
    .name = "force",
    .summary = "rate network trained on outputs and on some of its own units, from inputs",
    .source = "Salatiello & Giese 2020; Sussillo & Abbott 2009 (FORCE); DePasquale et al. 2018",
    .missing = "no loss where a target is missing; a missing input is at its mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND),
    .flags = BRAM_MODEL_STOCHASTIC | BRAM_MODEL_NEEDS_INPUT | BRAM_MODEL_FINISHES,
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
    .memory = memory,
};
