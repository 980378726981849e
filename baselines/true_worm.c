/*
 * true_worm.c - the model `true-worm`: forecasts a simulated worm with the very network that made
 * it.
 *
 * It shows what can be reached: in the simulated suite it should win. It reads from the unit axis
 * which neuron each trace truly is (column truth, else the unit's own name) and on what scale it
 * was recorded; neurons that are not recorded are followed from the recorded ones that drive them,
 * so it is not all-knowing. Where traces are on another scale (animals put together, each
 * calibrated by itself), that one is taken which gives a long run of the network the mean and the
 * deviation of the training rows. For other data it does not apply.
 */
#include "forecast.h"
#include "linalg.h"
#include "worm_network.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const bram_param params[] = {
    {"pairs", BRAM_PARAM_INTEGER, "24", NULL, 1, 400, "left-right pairs of the network"},
    {"seed", BRAM_PARAM_INTEGER, "1", NULL, 0, 0, "seed of the network"},
    {.name = NULL}};

struct truth {
    bram_worm_network network;
    size_t units;
    size_t *neuron;         /* of each unit */
    double *scale, *offset; /* of each unit */
    double *rest;           /* value of a neuron that is not seen */
    double *variance;       /* of each unit's one-step residuals on the training rows */
};

static void release(void *fitted)
{
    struct truth *m = fitted;
    if (!m) return;
    bram_worm_network_release(&m->network);
    bram_free(m->neuron);
    bram_free(m->scale);
    bram_free(m->offset);
    bram_free(m->rest);
    bram_free(m->variance);
    bram_free(m);
}

static ptrdiff_t find_neuron(const bram_worm_network *w, const char *name)
{
    for (size_t i = 0; i < w->neurons; i++)
        if (strcmp(w->name[i], name) == 0) return (ptrdiff_t)i;
    return -1;
}

static int match_units(bram_ctx *cx, struct truth *m, const bram_axis *unit)
{
    const bram_column *truth = bram_axis_column(unit, "truth");
    if (truth && !truth->text)
        return bram_fail(cx, BRAM_EFORMAT, "the column truth of the units is no text");
    for (size_t u = 0; u < m->units; u++) {
        const char *name = truth ? truth->text[u] : bram_axis_id(unit, u);
        ptrdiff_t at = find_neuron(&m->network, name);
        if (at < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "true-worm knows only the simulated worm of %zu neurons, which has no "
                             "\"%s\"",
                             m->network.neurons, name);
        m->neuron[u] = (size_t)at;
    }
    return BRAM_OK;
}

/* ---- scales --------------------------------------------------------------------------------- */

/* Mean and deviation of each unit over its present target rows; one never seen has 0 and 1. */
static void panel_moments(double *mean, double *deviation, const bram_panel *p, size_t units)
{
    for (size_t u = 0; u < units; u++) {
        double n = 0, square = 0;
        mean[u] = 0;
        for (size_t k = 0; k < p->segments; k++) {
            const bram_segment *s = &p->segment[k];
            for (size_t t = s->first; t < s->y.rows; t++) {
                if (s->y_present && !s->y_present[t * units + u]) continue;
                double d = bram_row(&s->y, t)[u] - mean[u];
                mean[u] += d / ++n;
                square += d * (bram_row(&s->y, t)[u] - mean[u]);
            }
        }
        deviation[u] = n > 1 ? sqrt(square / n) : 1;
    }
}

/* The same of every neuron of the network in a long run, noise and all. */
static int network_moments(bram_ctx *cx, double *mean, double *deviation,
                           const bram_worm_network *w)
{
    enum { SETTLE = 500, RUN = 4000 };
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, n, sizeof *x), *scratch = bram_scratch(cx, n, sizeof *scratch);
    if (!x || !scratch) return BRAM_ENOMEM;
    bram_rng g = bram_rng_new(0, "true-worm/moments");
    for (size_t i = 0; i < n; i++) mean[i] = deviation[i] = 0;
    for (int t = 0; t < SETTLE + RUN; t++) {
        bram_worm_network_step(w, x, x, scratch);
        for (size_t i = 0; i < n; i++) x[i] += w->noise * bram_rng_normal(&g);
        for (size_t i = 0; t >= SETTLE && i < n; i++) {
            double d = x[i] - mean[i];
            mean[i] += d / (t - SETTLE + 1);
            deviation[i] += d * (x[i] - mean[i]);
        }
    }
    for (size_t i = 0; i < n; i++) deviation[i] = sqrt(deviation[i] / RUN);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The scales that the axis states. @return false where it states none */
static bool stated_scales(struct truth *m, const bram_axis *unit)
{
    const bram_column *scale = bram_axis_column(unit, "true_scale");
    const bram_column *offset = bram_axis_column(unit, "true_offset");
    if (!scale || !scale->number || !offset || !offset->number) return false;
    for (size_t u = 0; u < m->units; u++)
        m->scale[u] = scale->number[u], m->offset[u] = offset->number[u];
    return true;
}

/* Those by which the moments of network and training rows agree. */
static int matched_scales(bram_ctx *cx, struct truth *m, const bram_panel *train)
{
    size_t n = m->network.neurons, mark = bram_scratch_mark(cx);
    double *own = bram_scratch(cx, 2 * n, sizeof *own);
    double *seen = bram_scratch(cx, 2 * m->units, sizeof *seen);
    if (!own || !seen) return BRAM_ENOMEM;
    BRAM_TRY(network_moments(cx, own, own + n, &m->network));
    panel_moments(seen, seen + m->units, train, m->units);
    for (size_t u = 0; u < m->units; u++) {
        size_t i = m->neuron[u];
        double ratio = seen[m->units + u] / own[n + i];
        m->scale[u] = ratio > 0 ? ratio : 1; /* a constant unit tells no scale */
        m->offset[u] = seen[u] - m->scale[u] * own[i];
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The resting value of each neuron: that of a long run without noise, on average. */
static int find_rest(bram_ctx *cx, struct truth *m)
{
    enum { SETTLE = 500, RUN = 1000 };
    size_t n = m->network.neurons, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, n, sizeof *x), *scratch = bram_scratch(cx, n, sizeof *scratch);
    if (!x || !scratch) return BRAM_ENOMEM;
    for (int t = 0; t < SETTLE + RUN; t++) {
        bram_worm_network_step(&m->network, x, x, scratch);
        for (size_t i = 0; t >= SETTLE && i < n; i++) m->rest[i] += x[i] / RUN;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* The network, and room for what is known of `units` units. */
static int begin(bram_ctx *cx, struct truth **out, const bram_options *o, size_t units)
{
    struct truth *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->units = units;
    int status = bram_worm_network_new(cx, &m->network, (size_t)bram_option_integer(o, "pairs"),
                                       (uint64_t)bram_option_integer(o, "seed"));
    if (status == BRAM_OK) {
        m->neuron = bram_alloc(cx, units, sizeof *m->neuron);
        m->scale = bram_alloc(cx, units, sizeof *m->scale);
        m->offset = bram_alloc(cx, units, sizeof *m->offset);
        m->rest = bram_alloc(cx, m->network.neurons, sizeof *m->rest);
        if (!m->neuron || !m->scale || !m->offset || !m->rest) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK) status = find_rest(cx, m);
    if (status == BRAM_OK) *out = m;
    else release(m);
    return status;
}

/* How many rows back the state of unseen neurons is followed: many times the slowest leak. */
enum { FOLLOW = 40 };

/* The seen neurons of one row take their recorded values. */
static void clamp(const struct truth *m, const bram_segment *s, size_t row, double *x)
{
    for (size_t u = 0; u < m->units; u++)
        if (!s->y_present || s->y_present[row * m->units + u])
            x[m->neuron[u]] = (bram_row(&s->y, row)[u] - m->offset[u]) / m->scale[u];
}

/* The state at row t - 1: the unseen neurons start at rest and are driven by the seen ones. */
static void observe(const struct truth *m, const bram_segment *s, size_t t, double *x,
                    double *scratch)
{
    memcpy(x, m->rest, m->network.neurons * sizeof *x);
    for (size_t row = t > FOLLOW ? t - FOLLOW : 0; row < t; row++) {
        clamp(m, s, row, x);
        if (row + 1 < t) bram_worm_network_step(&m->network, x, x, scratch);
    }
}

static void run(const struct truth *m, const bram_segment *s, size_t t, size_t steps, double *out,
                double *x, double *scratch)
{
    observe(m, s, t, x, scratch);
    for (size_t h = 0; h < steps; h++) {
        bram_worm_network_step(&m->network, x, x, scratch);
        for (size_t u = 0; u < m->units; u++)
            out[h * m->units + u] = m->offset[u] + m->scale[u] * x[m->neuron[u]];
    }
}

/* The one-step means of a segment's target rows: a bram_step_fn. */
static int step_means(bram_ctx *cx, const void *model, bram_mat *mean, const bram_segment *s)
{
    const struct truth *m = model;
    size_t mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, m->network.neurons, sizeof *x);
    double *scratch = bram_scratch(cx, m->network.neurons, sizeof *scratch);
    if (!x || !scratch) return BRAM_ENOMEM;
    for (size_t i = 0; i < mean->rows; i++)
        run(m, s, s->first + i, 1, bram_row(mean, i), x, scratch);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

/* ---- the model ------------------------------------------------------------------------------ */

static double total(const double *value, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += value[i];
    return sum;
}

/* Stated scales are those of the recording; a task may have put the traces on others. Then they
 * forecast the training rows much worse than matched ones do. */
static const double MUCH = 1.25;

static int fit_scales(bram_ctx *cx, struct truth *m, const bram_panel *train)
{
    size_t bytes = m->units * sizeof(double), mark = bram_scratch_mark(cx);
    double *kept = bram_scratch(cx, 2 * m->units, sizeof *kept), *variance = NULL;
    if (!kept) return BRAM_ENOMEM;
    bool stated = stated_scales(m, train->unit);
    if (stated) {
        BRAM_TRY(bram_density_fit(cx, &m->variance, train, FOLLOW, step_means, m));
        memcpy(kept, m->scale, bytes);
        memcpy(kept + m->units, m->offset, bytes);
    }
    BRAM_TRY(matched_scales(cx, m, train));
    BRAM_TRY(bram_density_fit(cx, &variance, train, FOLLOW, step_means, m));
    if (stated && total(m->variance, m->units) <= MUCH * total(variance, m->units)) {
        memcpy(m->scale, kept, bytes);
        memcpy(m->offset, kept + m->units, bytes);
        bram_free(variance);
    } else {
        bram_free(m->variance);
        m->variance = variance;
    }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    double *mean = NULL; /* not used: for the checks of the panel */
    BRAM_TRY(bram_forecast_means(cx, &mean, train));
    bram_free(mean);
    struct truth *m = NULL;
    BRAM_TRY(begin(cx, &m, o, bram_axis_length(train->unit)));
    int status = match_units(cx, m, train->unit);
    if (status == BRAM_OK) status = fit_scales(cx, m, train);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

static int answer_step(bram_ctx *cx, const struct truth *m, const bram_query *q, bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    bram_response *r = NULL;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    bram_mat mean = {bram_response_f64(r), s->y.rows - s->first, m->units, m->units};
    int status = step_means(cx, m, &mean, s);
    if (status == BRAM_OK) return bram_dataset_add(cx, out, "", r);
    bram_response_free(r);
    return status;
}

static int answer_free_run(bram_ctx *cx, const struct truth *m, const bram_query *q,
                           bram_dataset *out)
{
    bram_response *mean = NULL;
    double *x = bram_scratch(cx, m->network.neurons, sizeof *x);
    double *scratch = bram_scratch(cx, m->network.neurons, sizeof *scratch);
    if (!x || !scratch) return BRAM_ENOMEM;
    BRAM_TRY(bram_forecast_runs(cx, &mean, q));
    for (size_t i = 0; i < q->starts; i++)
        run(m, &q->panel->segment[q->segment], q->start[i], q->steps,
            bram_response_f64(mean) + i * q->steps * m->units, x, scratch);
    return bram_dataset_add(cx, out, "", mean);
}

/* The network follows the rows with the units that may be looked at in their recorded places; what
 * is held out goes where they drive it. */
static int answer_cosmooth(bram_ctx *cx, const struct truth *m, const bram_query *q,
                           bram_dataset *out)
{
    const bram_segment *s = &q->panel->segment[q->segment];
    size_t n = m->network.neurons, mark = bram_scratch_mark(cx);
    double *x = bram_scratch(cx, n, sizeof *x), *scratch = bram_scratch(cx, n, sizeof *scratch);
    bram_response *r = NULL;
    if (!x || !scratch) return BRAM_ENOMEM;
    BRAM_TRY(bram_forecast_rows(cx, &r, "mean", s, q->panel->unit));
    double *mean = bram_response_f64(r);
    memcpy(x, m->rest, n * sizeof *x);
    for (size_t t = 0; t < s->y.rows; t++) {
        bram_worm_network_step(&m->network, x, x, scratch);
        for (size_t u = 0; u < m->units; u++)
            if (!q->held_out[u] && (!s->y_present || s->y_present[t * m->units + u]))
                x[m->neuron[u]] = (bram_row(&s->y, t)[u] - m->offset[u]) / m->scale[u];
        for (size_t u = 0; t >= s->first && u < m->units; u++)
            mean[(t - s->first) * m->units + u] = m->offset[u] + m->scale[u] * x[m->neuron[u]];
    }
    bram_scratch_release(cx, mark);
    return bram_dataset_add(cx, out, "", r);
}

/* The true synapses and gap junctions between the units: what a neuron's push adds to another's
 * input near rest, before the receiver's leak. */
static int answer_weights(bram_ctx *cx, const struct truth *m, const bram_query *q,
                          bram_dataset *out)
{
    size_t n = m->network.neurons, mark = bram_scratch_mark(cx);
    bram_mat weights;
    BRAM_TRY(bram_mat_scratch(cx, &weights, m->units, m->units));
    for (size_t i = 0; i < m->units; i++)
        for (size_t j = 0; j < m->units; j++) {
            size_t at = m->neuron[i] * n + m->neuron[j];
            bram_row(&weights, i)[j] = m->network.chemical[at] + m->network.gap[at];
        }
    int status = bram_forecast_weights(cx, out, q->panel->unit, &weights);
    bram_scratch_release(cx, mark);
    return status;
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct truth *m = fitted;
    size_t units = bram_axis_length(q->panel->unit);
    if (units != m->units)
        return bram_fail(cx, BRAM_ESHAPE, "the panel has %zu units, the model was fitted on %zu",
                         units, m->units);
    if (q->ask == BRAM_ASK_STEP) return answer_step(cx, m, q, out);
    if (q->ask == BRAM_ASK_LOGLIK)
        return bram_density_answer(cx, q, m->variance, step_means, m, out);
    if (q->ask == BRAM_ASK_WEIGHTS) return answer_weights(cx, m, q, out);
    if (q->ask == BRAM_ASK_COSMOOTH) return answer_cosmooth(cx, m, q, out);
    return answer_free_run(cx, m, q, out);
}

/* One matrix: for each unit its neuron's number, scale, offset and variance. */
static int save(bram_ctx *cx, const void *fitted, bram_dataset *out)
{
    const struct truth *m = fitted;
    size_t mark = bram_scratch_mark(cx);
    bram_mat state;
    BRAM_TRY(bram_mat_scratch(cx, &state, m->units, 4));
    for (size_t u = 0; u < m->units; u++) {
        double *row = bram_row(&state, u);
        row[0] = (double)m->neuron[u], row[1] = m->scale[u], row[2] = m->offset[u];
        row[3] = m->variance[u];
    }
    int status = bram_state_put(cx, out, "units", &state);
    bram_scratch_release(cx, mark);
    return status;
}

static int restore(bram_ctx *cx, struct truth *m, const bram_mat *state)
{
    m->variance = bram_alloc(cx, m->units, sizeof *m->variance);
    if (!m->variance) return BRAM_ENOMEM;
    for (size_t u = 0; u < m->units; u++) {
        const double *row = bram_row(state, u);
        if (!(row[0] >= 0 && row[0] < (double)m->network.neurons))
            return bram_fail(cx, BRAM_EFORMAT, "unit %zu is neuron %g of %zu", u, row[0],
                             m->network.neurons);
        m->neuron[u] = (size_t)row[0];
        m->scale[u] = row[1], m->offset[u] = row[2], m->variance[u] = row[3];
    }
    return BRAM_OK;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    bram_mat state = {0};
    struct truth *m = NULL;
    BRAM_TRY(bram_state_get(cx, &state, in, "units"));
    int status = state.cols == 4 ? begin(cx, &m, o, state.rows)
                                 : bram_fail(cx, BRAM_EFORMAT,
                                             "state/units has %zu columns, expected 4", state.cols);
    if (status == BRAM_OK) status = restore(cx, m, &state);
    bram_free(state.data);
    if (status == BRAM_OK) *fitted = m;
    else release(m);
    return status;
}

const bram_model bram_model_true_worm = {
    .name = "true-worm",
    .summary = "the network that made the simulated worm: what a forecast can reach",
    .source = "core/worm_network.h",
    .missing = "follows unrecorded neurons from the recorded ones that drive them",
    .version = 3,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH),
    .params = params,
    .fit = fit,
    .answer = answer,
    .save = save,
    .load = load,
    .release = release,
};
