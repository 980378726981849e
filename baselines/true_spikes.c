/*
 * true_spikes.c - the model `true-spikes`: the very network that made the simulated spikes.
 *
 * It shows what can be reached: in the simulated suite it should win. It knows the states' chain
 * and weights, not the states. The unit axis says which neuron each trace truly is (column
 * true_neuron). For other data it does not apply.
 */
#include "linalg.h"
#include "spike_model.h"
#include "spike_network.h"

#include <string.h>

/* Which neuron a unit is. */
static int find_neuron(bram_ctx *cx, size_t *out, const bram_axis *unit, size_t u, size_t neurons)
{
    const bram_column *truth = bram_axis_column(unit, "true_neuron");
    if (!truth || !truth->integer || truth->integer[u] < 1 || truth->integer[u] > (int64_t)neurons)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "true-spikes knows only the simulated spikes: unit %zu is none of its %zu "
                         "neurons (column true_neuron)",
                         u, neurons);
    *out = (size_t)truth->integer[u] - 1;
    return BRAM_OK;
}

static int fill(bram_ctx *cx, bram_spike_model *m, const bram_spike_network *w,
                const bram_axis *unit)
{
    size_t n = w->neurons, width = 1 + m->units, mark = bram_scratch_mark(cx);
    size_t *neuron = bram_scratch(cx, m->units, sizeof *neuron);
    if (!neuron) return BRAM_ENOMEM;
    for (size_t u = 0; u < m->units; u++) BRAM_TRY(find_neuron(cx, &neuron[u], unit, u, n));
    memcpy(m->initial.data, w->initial, w->states * sizeof *w->initial);
    memcpy(m->transition.data, w->transition, w->states * w->states * sizeof *w->transition);
    for (size_t s = 0; s < w->states; s++)
        for (size_t u = 0; u < m->units; u++) {
            bram_row(&m->theta, s * width)[u] = w->bias[neuron[u]];
            for (size_t v = 0; v < m->units; v++)
                bram_row(&m->theta,
                         s * width + 1 + v)[u] = w->weight[(s * n + neuron[v]) * n + neuron[u]];
        }
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)validation;
    (void)seed;
    bram_spike_network w;
    bram_mat phi;
    bram_spike_model *m = NULL;
    BRAM_TRY(bram_spike_network_new(cx, &w, (size_t)bram_option_integer(o, "states"),
                                    (size_t)bram_option_integer(o, "neurons"),
                                    (uint64_t)bram_option_integer(o, "seed")));
    int status = bram_mat_new(cx, &phi, w.phi.rows, w.phi.cols);
    if (status == BRAM_OK) {
        memcpy(phi.data, w.phi.data, phi.rows * phi.cols * sizeof *phi.data);
        status = bram_spike_model_begin(cx, &m, train, w.states, BRAM_LINK_SIGMOID, phi, false);
    }
    if (status == BRAM_OK) status = fill(cx, m, &w, train->unit);
    bram_spike_network_release(&w);
    if (status == BRAM_OK) *fitted = m;
    else bram_spike_model_free(m);
    return status;
}

static int load(bram_ctx *cx, void **fitted, const bram_options *o, const bram_dataset *in)
{
    (void)o;
    bram_spike_model *m = NULL;
    BRAM_TRY(bram_spike_model_load(cx, &m, BRAM_LINK_SIGMOID, in));
    *fitted = m;
    return BRAM_OK;
}

static void release(void *fitted)
{
    bram_spike_model_free(fitted);
}

static const bram_param params[] = {
    {"states", BRAM_PARAM_INTEGER, "3", NULL, 1, 100, "states of the network"},
    {"neurons", BRAM_PARAM_INTEGER, "12", NULL, 1, 10000, "its neurons"},
    {"seed", BRAM_PARAM_INTEGER, "1", NULL, 0, 0, "seed of the network"},
    {.name = NULL}};

const bram_model bram_model_true_spikes = {
    .name = "true-spikes",
    .summary = "the network that made the simulated spikes: what a model can reach",
    .source = "core/spike_network.h",
    .missing = "missing counts tell nothing; in histories they stand at their unit's mean",
    .version = 1,
    .answers = BRAM_ANSWERS(BRAM_ASK_STEP) | BRAM_ANSWERS(BRAM_ASK_FREE_RUN) |
               BRAM_ANSWERS(BRAM_ASK_LOGLIK) | BRAM_ANSWERS(BRAM_ASK_COSMOOTH) |
               BRAM_ANSWERS(BRAM_ASK_STATES) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_COUNTS,
    .params = params,
    .fit = fit,
    .answer = bram_spike_model_answer,
    .save = bram_spike_model_save,
    .load = load,
    .release = release,
};
