/*
 * simulate_worm.c - several animals with one nervous system (core/worm_network.h), recorded as real
 * ones are: each lacks some neurons, some of the recorded ones have no label, and the scale of each
 * trace differs. The network itself is kept as a connectome, and for each trace the neuron it truly
 * is.
 */
#include "simulate.h"
#include "worm_network.h"

#include <bramble/rng.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double DT = 0.5;          /* seconds a sample */
static const double LOST = 0.08;       /* share of neurons that an animal's recording lacks */
static const double UNLABELLED = 0.15; /* share of the recorded ones */
enum { BURN_IN = 200 };

/* ---- the connectome
 * ------------------------------------------------------------------------------- */

struct edges {
    const char **from, **to, **type;
    double *weight;
    size_t count;
};

static void list_edges(struct edges *e, const bram_worm_network *w, const double *matrix,
                       const char *type, bool symmetric)
{
    size_t n = w->neurons;
    for (size_t i = 0; i < n; i++)
        for (size_t j = symmetric ? i + 1 : 0; j < n; j++)
            if (matrix[i * n + j] != 0) {
                e->from[e->count] = w->name[i];
                e->to[e->count] = w->name[j];
                e->type[e->count] = type;
                e->weight[e->count++] = matrix[i * n + j];
            }
}

static int add_layer(bram_ctx *cx, bram_dataset *ds, const bram_worm_network *w,
                     const double *matrix, const char *layer, bool symmetric)
{
    size_t most = w->neurons * w->neurons;
    struct edges e = {bram_scratch(cx, most, sizeof *e.from), bram_scratch(cx, most, sizeof *e.to),
                      bram_scratch(cx, most, sizeof *e.type),
                      bram_scratch(cx, most, sizeof *e.weight), 0};
    if (!e.from || !e.to || !e.type || !e.weight) return BRAM_ENOMEM;
    list_edges(&e, w, matrix, layer, symmetric);
    bram_axis *table = NULL;
    BRAM_TRY(bram_axis_new(cx, &table, layer, e.count));
    int status = bram_axis_add_text(cx, table, "from", e.from);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "to", e.to);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, table, "weight", e.weight, "1");
    if (status == BRAM_OK) status = bram_axis_add_text(cx, table, "type", e.type);
    if (status == BRAM_OK) return bram_dataset_add_table(cx, ds, "connectome/simulated", table);
    bram_axis_free(table);
    return status;
}

static int add_connectome(bram_ctx *cx, bram_dataset *ds, const bram_worm_network *w)
{
    size_t n = w->neurons, mark = bram_scratch_mark(cx);
    const char **id = bram_scratch(cx, n, sizeof *id);
    int64_t *examined = bram_scratch(cx, n, sizeof *examined);
    if (!id || !examined) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) id[i] = w->name[i], examined[i] = 1;
    bram_axis *nodes = NULL;
    BRAM_TRY(bram_axis_new(cx, &nodes, "nodes", n));
    int status = bram_axis_set_ids(cx, nodes, id);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, nodes, "examined", examined);
    if (status == BRAM_OK) status = bram_dataset_add_table(cx, ds, "connectome/simulated", nodes);
    else bram_axis_free(nodes);
    if (status == BRAM_OK) status = add_layer(cx, ds, w, w->chemical, "chemical", false);
    if (status == BRAM_OK) status = add_layer(cx, ds, w, w->gap, "gap", true);
    bram_scratch_release(cx, mark);
    return status;
}

/* ---- one animal
 * ------------------------------------------------------------------------------------- */

/* Which neurons an animal's recording has, in its own order, and what is known of each. */
struct traces {
    size_t count;
    size_t *neuron;
    bool *labelled;
    double *scale, *offset; /* arbitrary units of fluorescence */
};

static int choose_traces(bram_ctx *cx, struct traces *out, const bram_worm_network *w, bram_rng *g)
{
    size_t n = w->neurons, *order = bram_scratch(cx, n, sizeof *order);
    *out = (struct traces){
        0, bram_scratch(cx, n, sizeof *out->neuron), bram_scratch(cx, n, sizeof *out->labelled),
        bram_scratch(cx, n, sizeof *out->scale), bram_scratch(cx, n, sizeof *out->offset)};
    if (!order || !out->neuron || !out->labelled || !out->scale || !out->offset) return BRAM_ENOMEM;
    bram_rng_permutation(g, n, order);
    for (size_t i = 0; i < n; i++) {
        double lost = bram_rng_uniform(g), unlabelled = bram_rng_uniform(g);
        double scale = exp(0.3 * bram_rng_normal(g)), offset = bram_rng_normal(g);
        if (lost < LOST) continue;
        out->neuron[out->count] = order[i];
        out->labelled[out->count] = unlabelled >= UNLABELLED;
        out->scale[out->count] = scale;
        out->offset[out->count++] = offset;
    }
    return BRAM_OK;
}

static int neuron_axis(bram_ctx *cx, bram_axis **out, const bram_worm_network *w,
                       const struct traces *k)
{
    size_t n = k->count;
    const char **id = bram_scratch(cx, n, sizeof *id), **label = bram_scratch(cx, n, sizeof *label);
    const char **certainty = bram_scratch(cx, n, sizeof *certainty);
    const char **truth = bram_scratch(cx, n, sizeof *truth);
    char(*number)[24] = bram_scratch(cx, n, sizeof *number);
    int64_t *column = bram_scratch(cx, n, sizeof *column);
    if (!id || !label || !certainty || !truth || !number || !column) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        snprintf(number[i], sizeof number[i], "#%zu", i + 1);
        truth[i] = w->name[k->neuron[i]];
        id[i] = k->labelled[i] ? truth[i] : number[i];
        label[i] = k->labelled[i] ? truth[i] : "";
        certainty[i] = k->labelled[i] ? "exact" : "unlabeled";
        column[i] = (int64_t)i + 1;
    }
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "neuron", n));
    int status = bram_axis_set_ids(cx, axis, id);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "label", label);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "raw_label", label);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "certainty", certainty);
    if (status == BRAM_OK) status = bram_axis_add_text(cx, axis, "truth", truth);
    if (status == BRAM_OK) status = bram_axis_add_integer(cx, axis, "raw_column", column);
    if (status == BRAM_OK) status = bram_axis_add_number(cx, axis, "true_scale", k->scale, "1");
    if (status == BRAM_OK) status = bram_axis_add_number(cx, axis, "true_offset", k->offset, "1");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static void simulate(float *out, const bram_worm_network *w, const struct traces *k, size_t rows,
                     bram_rng *g, double *x, double *scratch)
{
    size_t n = w->neurons;
    for (size_t i = 0; i < n; i++) x[i] = bram_rng_normal(g);
    for (size_t t = 0; t < BURN_IN + rows; t++) {
        bram_worm_network_step(w, x, x, scratch);
        for (size_t i = 0; i < n; i++) x[i] += w->noise * bram_rng_normal(g);
        if (t < BURN_IN) continue;
        for (size_t i = 0; i < k->count; i++)
            out[(t - BURN_IN) * k->count + i] = (float)(k->offset[i] +
                                                        k->scale[i] * x[k->neuron[i]]);
    }
}

static int time_axis(bram_ctx *cx, bram_axis **out, size_t rows)
{
    double *seconds = bram_scratch(cx, rows, sizeof *seconds);
    if (!seconds) return BRAM_ENOMEM;
    for (size_t t = 0; t < rows; t++) seconds[t] = DT * (double)t;
    bram_axis *axis = NULL;
    BRAM_TRY(bram_axis_new(cx, &axis, "time", rows));
    int status = bram_axis_set_values(cx, axis, seconds, "s");
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}

static int describe_animal(bram_ctx *cx, bram_dataset *ds, const char *group, const char *id)
{
    bram_attrs *a = bram_dataset_attrs(cx, ds, group);
    if (!a) return BRAM_ENOMEM;
    BRAM_TRY(bram_attrs_set_text(cx, a, "subject", id));
    BRAM_TRY(bram_attrs_set_text(cx, a, "session", "1"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "species", "simulated"));
    BRAM_TRY(bram_attrs_set_text(cx, a, "condition", "spontaneous"));
    BRAM_TRY(bram_attrs_set_number(cx, a, "start", 0));
    return bram_attrs_set_number(cx, a, "dt", DT);
}

static int add_animal(bram_ctx *cx, bram_dataset *ds, const bram_worm_network *w, size_t animal,
                      size_t rows, uint64_t seed)
{
    char id[32], group[64];
    snprintf(id, sizeof id, "worm%02zu", animal + 1);
    snprintf(group, sizeof group, "recordings/%s", id);
    bram_rng g = bram_rng_at(seed, "simulate/worm/animal", animal);
    struct traces k;
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *activity = NULL;
    double *x = bram_scratch(cx, w->neurons, sizeof *x);
    double *scratch = bram_scratch(cx, w->neurons, sizeof *scratch);
    int status = x && scratch ? choose_traces(cx, &k, w, &g) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = time_axis(cx, &time, rows);
    if (status == BRAM_OK) status = neuron_axis(cx, &neuron, w, &k);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &activity, "activity", BRAM_F32, 2,
                                   (const bram_axis *[]){time, neuron});
    bram_axis_free(time);
    bram_axis_free(neuron);
    if (status == BRAM_OK) {
        simulate(bram_response_f32(activity), w, &k, rows, &g, x, scratch);
        bram_attrs *a = bram_response_attrs(activity);
        status = bram_attrs_set_text(cx, a, "unit", "1");
        if (status == BRAM_OK) status = bram_attrs_set_text(cx, a, "filter", "none");
    }
    if (status == BRAM_OK) status = describe_animal(cx, ds, group, id);
    if (status == BRAM_OK) return bram_dataset_add(cx, ds, group, activity);
    bram_response_free(activity);
    return status;
}

int bram_simulate_worm(bram_ctx *cx, bram_dataset *out, uint64_t seed, bool full)
{
    size_t pairs = full ? 60 : 24, animals = full ? 10 : 4, rows = full ? 3000 : 600;
    bram_worm_network w;
    BRAM_TRY(bram_worm_network_new(cx, &w, pairs, seed));
    int status = add_connectome(cx, out, &w);
    for (size_t i = 0; i < animals && status == BRAM_OK; i++) {
        size_t mark = bram_scratch_mark(cx);
        status = add_animal(cx, out, &w, i, rows, seed);
        bram_scratch_release(cx, mark);
    }
    bram_worm_network_release(&w);
    return status;
}
