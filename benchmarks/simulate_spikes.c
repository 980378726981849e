/*
 * simulate_spikes.c - a spiking network whose connections switch (core/spike_network.h), recorded
 * in many short sequences: one recording whose time axis has a gap after each. The state of each
 * bin is the column `state` of the time axis; connectome/simulated holds the connections of each
 * state (layers state1, state2 ...) and those of any (layer any, with the strongest weight).
 *
 * The circuit is the same with one state and with behaviour: two variables, each a weighted sum of
 * what all neurons did in the last five bins, and noise that leaves READABLE of its variance.
 */
#include "simulate.h"
#include "spike_network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double DT = 0.02;      /* seconds a bin */
static const double READABLE = 0.8; /* share of a behaviour's variance that neurons explain */

enum { PAUSE = 100, VARIABLES = 2 }; /* bins between sequences */

struct size {
    size_t states, neurons, sequences, rows;
    bool behaves;
};

static char (*names(bram_ctx *cx, size_t n))[24]
{
    char(*name)[24] = bram_scratch(cx, n, sizeof *name);
    for (size_t i = 0; name && i < n; i++) snprintf(name[i], sizeof name[i], "N%02zu", i + 1);
    return name;
}

/* ---- the connections ------------------------------------------------------------------------ */

/* Weights [from][to] as a table of edges. */
static int add_layer(bram_ctx *cx, bram_dataset *ds, const double *weight, size_t n,
                     const char *layer)
{
    char(*name)[24] = names(cx, n);
    const char **from = bram_scratch(cx, n * n, sizeof *from);
    const char **to = bram_scratch(cx, n * n, sizeof *to);
    const char **type = bram_scratch(cx, n * n, sizeof *type);
    double *size = bram_scratch(cx, n * n, sizeof *size);
    if (!name || !from || !to || !type || !size) return BRAM_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < n * n; i++) {
        if (weight[i] == 0) continue;
        from[count] = name[i / n], to[count] = name[i % n], type[count] = "chemical";
        size[count++] = weight[i];
    }
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, layer, count));
    int status = bram_axis_add_text(cx, table, "from", from);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "to", to);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "weight", size, "1");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "type", type);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "connectome/simulated", table);
    bram_axis_free(table);
    return status;
}

static int add_nodes(bram_ctx *cx, bram_dataset *ds, size_t n)
{
    char(*name)[24] = names(cx, n);
    const char **id = bram_scratch(cx, n, sizeof *id);
    int64_t *examined = bram_scratch(cx, n, sizeof *examined);
    if (!name || !id || !examined) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) id[i] = name[i], examined[i] = 1;
    bram_axis *nodes = NULL;
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", n));
    int status = bram_axis_set_ids(cx, nodes, id);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "examined", examined);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "connectome/simulated", nodes);
    bram_axis_free(nodes);
    return status;
}

static int add_connectome(bram_ctx *cx, bram_dataset *ds, const bram_spike_network *w)
{
    size_t n = w->neurons;
    double *any = bram_scratch(cx, n * n, sizeof *any);
    if (!any) return BRAM_ENOMEM;
    BRAM_TRY(add_nodes(cx, ds, n));
    for (size_t s = 0; s < w->states; s++) {
        const double *weight = w->weight + s * n * n;
        char layer[32];
        for (size_t i = 0; i < n * n; i++)
            if (fabs(weight[i]) > fabs(any[i])) any[i] = weight[i];
        snprintf(layer, sizeof layer, "state%zu", s + 1);
        BRAM_TRY(add_layer(cx, ds, weight, n, layer));
    }
    return add_layer(cx, ds, any, n, "any");
}

/* ---- the recording -------------------------------------------------------------------------- */

static int neuron_axis(bram_ctx *cx, bram_axis **out, size_t n)
{
    char(*name)[24] = names(cx, n);
    const char **id = bram_scratch(cx, n, sizeof *id), **exact = bram_scratch(cx, n, sizeof *exact);
    int64_t *column = bram_scratch(cx, n, sizeof *column);
    if (!name || !id || !exact || !column) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) id[i] = name[i], exact[i] = "exact", column[i] = (int64_t)i + 1;
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "raw_label", id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "certainty", exact);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "raw_column", column);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "true_neuron", column);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int time_axis(bram_ctx *cx, bram_axis **out, const char *name, const size_t *state,
                     const struct size *z)
{
    size_t rows = z->sequences * z->rows;
    double *seconds = bram_scratch(cx, rows, sizeof *seconds);
    int64_t *segment = bram_scratch(cx, rows, sizeof *segment);
    int64_t *hidden = bram_scratch(cx, rows, sizeof *hidden);
    if (!seconds || !segment || !hidden) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) {
        size_t sequence = t / z->rows, bin = t + sequence * PAUSE;
        seconds[t] = DT * (double)bin;
        segment[t] = (int64_t)sequence;
        hidden[t] = (int64_t)state[t] + 1;
    }
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, name, rows));
    int status = bram_axis_set_values(cx, axis, seconds, "s");
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "segment", segment);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "state", hidden);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int describe(bram_ctx *cx, bram_dataset *ds, const char *group)
{
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "subject", "network01"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "simulated"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "condition", "spontaneous"));
    BRAM_TRY(bram_attrs_set_number(cx, a, "start", 0));
    return bram_attrs_set_number(cx, a, "dt", DT);
}

/* One variable: weights of all neurons, on what they did up to and in each bin. */
static void fill_variable(float *out, const double *counts, const bram_mat *phi,
                          const struct size *z, bram_rng *g, double *weight, double *motion)
{
    size_t n = z->neurons, rows = z->sequences * z->rows;
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) weight[i] = bram_rng_normal(g);
    for (size_t t = 0; t < rows; t++) {
        motion[t] = 0;
        for (size_t k = 0; k < phi->rows && k <= t % z->rows; k++)
            for (size_t i = 0; i < n; i++)
                motion[t] += weight[i] * bram_row(phi, k)[0] * counts[(t - k) * n + i];
        sum += motion[t], square += motion[t] * motion[t];
    }
    double mean = sum / (double)rows, sd = sqrt(square / (double)rows - mean * mean);
    for (size_t t = 0; t < rows; t++)
        out[t * VARIABLES] = (float)(sqrt(READABLE) * (motion[t] - mean) / sd +
                                     sqrt(1 - READABLE) * bram_rng_normal(g));
}

static int add_behaviour(bram_ctx *cx, bram_dataset *ds, const char *group, const double *counts,
                         const size_t *state, const bram_mat *phi, const struct size *z,
                         uint64_t seed)
{
    double *weight = bram_scratch(cx, z->neurons, sizeof *weight);
    double *motion = bram_scratch(cx, z->sequences * z->rows, sizeof *motion);
    bram_axis *time = NULL, *variable = NULL;
    bram_response *r = NULL;
    if (!weight || !motion) return BRAM_ENOMEM;
    int status = time_axis(cx, &time, "behaviour_time", state, z);
    if (status == BRAM_OK) status = bram_axis_new(cx, &variable, "variable", VARIABLES);
    if (status == BRAM_OK)
        status = bram_axis_set_ids(cx, variable, (const char *[]){"velocity_1", "velocity_2"});
    if (status == BRAM_OK)
        status = bram_axis_add_text(cx, variable, "unit", (const char *[]){"1", "1"});
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, "behaviour", BRAM_F32, 2,
                                   (const bram_axis *[]){time, variable});
    bram_axis_free(time);
    bram_axis_free(variable);
    if (status == BRAM_OK)
        status = bram_attrs_set_number(cx, bram_response_attrs(r), "readable", READABLE);
    if (status != BRAM_OK) {
        bram_response_free(r);
        return status;
    }
    for (size_t v = 0; v < VARIABLES; v++) {
        bram_rng g = bram_rng_at(seed, "simulate/spikes/behaviour", v);
        fill_variable(bram_response_f32(r) + v, counts, phi, z, &g, weight, motion);
    }
    return bram_dataset_add(cx, ds, group, r);
}

static int add_recording(bram_ctx *cx, bram_dataset *ds, const bram_spike_network *w,
                         const struct size *z, uint64_t seed)
{
    static const char GROUP[] = "recordings/network01";
    size_t n = z->neurons, rows = z->sequences * z->rows;
    size_t *state = bram_scratch(cx, rows, sizeof *state);
    double *counts = bram_scratch(cx, rows * n, sizeof *counts);
    double *rate = bram_scratch(cx, n, sizeof *rate);
    if (!state || !counts || !rate) return BRAM_ENOMEM;
    for (size_t q = 0; q < z->sequences; q++) {
        bram_rng g = bram_rng_at(seed, "simulate/spikes/sequence", q);
        bram_spike_network_run(w, state + q * z->rows, counts + q * z->rows * n, z->rows, &g, rate);
    }
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *activity = NULL;
    int status = time_axis(cx, &time, "time", state, z);
    if (status == BRAM_OK) status = neuron_axis(cx, &neuron, n);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &activity, "activity", BRAM_F32, 2,
                                   (const bram_axis *[]){time, neuron});
    bram_axis_free(time);
    bram_axis_free(neuron);
    BRAM_TRY(status);
    for (size_t i = 0; i < rows * n; i++) bram_response_f32(activity)[i] = (float)counts[i];
    bram_attrs *a = bram_response_attrs(activity);
    status = bram_attrs_set_text(cx, a, "unit", "count");
    if (status == BRAM_OK) status = bram_attrs_set_text(cx, a, "filter", "none");
    if (status == BRAM_OK) status = describe(cx, ds, GROUP);
    if (status == BRAM_OK && z->behaves)
        status = add_behaviour(cx, ds, GROUP, counts, state, &w->phi, z, seed);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, GROUP, activity);
    bram_response_free(activity);
    return status;
}

static int simulate(bram_ctx *cx, bram_dataset *out, const struct size *z, uint64_t seed)
{
    size_t mark = bram_scratch_mark(cx);
    bram_spike_network w;
    BRAM_TRY(bram_spike_network_new(cx, &w, z->states, z->neurons, seed));
    int status = add_connectome(cx, out, &w);
    if (status == BRAM_OK) status = add_recording(cx, out, &w, z, seed);
    bram_spike_network_release(&w);
    bram_scratch_release(cx, mark);
    return status;
}

int bram_simulate_spikes(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size z = full ? (struct size){5, 20, 50, 2000, false}
                         : (struct size){3, 12, 20, 500, false};
    return simulate(cx, out, &z, seed);
}

int bram_simulate_circuit(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size z = full ? (struct size){1, 40, 20, 2000, true}
                         : (struct size){1, 16, 10, 1000, true};
    return simulate(cx, out, &z, seed);
}
