/*
 * true_worm.c - the model `true-worm`: forecasts a simulated worm with the very network that made
 * it.
 *
 * It shows what can be reached: in the simulated suite it should win. It reads from the unit axis
 * which neuron each trace truly is (column truth) and on what scale it was recorded; neurons that
 * are not recorded are followed from the recorded ones that drive them, so it is not all-knowing.
 * For other data it does not apply.
 */
#include <bramble/model.h>

#include "worm_network.h"

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
    const bram_column *scale = bram_axis_column(unit, "true_scale");
    const bram_column *offset = bram_axis_column(unit, "true_offset");
    if (!truth || !truth->text || !scale || !scale->number || !offset || !offset->number)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE, "true-worm knows only the simulated worm");
    for (size_t u = 0; u < m->units; u++) {
        ptrdiff_t at = find_neuron(&m->network, truth->text[u]);
        if (at < 0)
            return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                             "the network of %zu neurons has no %s: another "
                             "value of pairs?",
                             m->network.neurons, truth->text[u]);
        m->neuron[u] = (size_t)at;
        m->scale[u] = scale->number[u];
        m->offset[u] = offset->number[u];
    }
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

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    struct truth *m = bram_alloc(cx, 1, sizeof *m);
    if (!m) return BRAM_ENOMEM;
    m->units = bram_axis_length(train->unit);
    int status = bram_worm_network_new(cx, &m->network, (size_t)bram_option_integer(o, "pairs"),
                                       (uint64_t)bram_option_integer(o, "seed"));
    if (status == BRAM_OK) {
        m->neuron = bram_alloc(cx, m->units, sizeof *m->neuron);
        m->scale = bram_alloc(cx, m->units, sizeof *m->scale);
        m->offset = bram_alloc(cx, m->units, sizeof *m->offset);
        m->rest = bram_alloc(cx, m->network.neurons, sizeof *m->rest);
        if (!m->neuron || !m->scale || !m->offset || !m->rest) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK) status = match_units(cx, m, train->unit);
    if (status == BRAM_OK) status = find_rest(cx, m);
    if (status == BRAM_OK) *fitted = m;
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

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const struct truth *m = fitted;
    const bram_segment *s = &q->panel->segment[q->segment];
    bool step = q->ask == BRAM_ASK_STEP;
    size_t rows = step ? s->y.rows - s->first : q->starts, steps = step ? 1 : q->steps;
    bram_axis *row = NULL, *ahead = NULL;
    bram_response *mean = NULL;
    double *x = bram_scratch(cx, m->network.neurons, sizeof *x);
    double *scratch = bram_scratch(cx, m->network.neurons, sizeof *scratch);
    int status = x && scratch ? bram_axis_new(cx, &row, "row", rows) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_axis_new(cx, &ahead, "step", steps);
    const bram_axis *axes[3] = {row, step ? q->panel->unit : ahead, q->panel->unit};
    if (status == BRAM_OK)
        status = bram_response_new(cx, &mean, "mean", BRAM_F64, step ? 2 : 3, axes);
    bram_axis_free(row);
    bram_axis_free(ahead);
    BRAM_TRY(status);
    double *value = bram_response_f64(mean);
    for (size_t i = 0; i < rows; i++)
        run(m, s, step ? s->first + i : q->start[i], steps, value + i * steps * m->units, x,
            scratch);
    return bram_dataset_add(cx, out, "", mean);
}

const bram_model bram_model_true_worm = {
    .name = "true-worm",
    .summary = "the network that made the simulated worm: what a forecast can reach",
    .source = "core/worm_network.h",
    .missing = "follows unrecorded neurons from the recorded ones that drive them",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN),
    .params = params,
    .fit = fit,
    .answer = answer,
    .release = release,
};
