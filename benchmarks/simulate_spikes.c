/*
 * simulate_spikes.c - a spiking network whose connections switch (core/spike_network.h), recorded
 * in many short sequences: one recording whose time axis has a gap after each. The state of each
 * bin is the column `state` of the time axis; connectome/simulated holds the connections of each
 * state (layers state1, state2 ...) and those of any (layer any, with the strongest weight).
 */
#include "simulate.h"
#include "spike_network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double DT = 0.02; /* seconds a bin */

enum { PAUSE = 100 }; /* bins between sequences */

struct size {
    size_t states, neurons, sequences, rows;
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

static int time_axis(bram_ctx *cx, bram_axis **out, const size_t *state, const struct size *z)
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
    BRAM_TRY(bram_axis_new(cx, &axis, "time", rows));
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
    int status = time_axis(cx, &time, state, z);
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
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, GROUP, activity);
    bram_response_free(activity);
    return status;
}

int bram_simulate_spikes(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    struct size z = full ? (struct size){5, 20, 50, 2000} : (struct size){3, 12, 20, 500};
    size_t mark = bram_scratch_mark(cx);
    bram_spike_network w;
    BRAM_TRY(bram_spike_network_new(cx, &w, z.states, z.neurons, seed));
    int status = add_connectome(cx, out, &w);
    if (status == BRAM_OK) status = add_recording(cx, out, &w, &z, seed);
    bram_spike_network_release(&w);
    bram_scratch_release(cx, mark);
    return status;
}
