/*
 * simulate_worm.c - several animals with one nervous system (core/worm_network.h), recorded as real
 * ones are: each lacks some neurons, some of the recorded ones have no label, and the scale of each
 * trace differs. The network itself is kept as a connectome, and for each trace the neuron it truly
 * is.
 *
 * Each animal also behaves: two variables, each a weighted sum of a few neurons, the same in all
 * animals, sampled twice as often as the traces (between two samples of the network on the line
 * between them). Noise is added that leaves READABLE of a variable's variance to the neurons, so
 * that a decoder that knew the weights and saw all neurons would reach that R2.
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
static const double READABLE = 0.8;    /* share of a behaviour's variance that neurons explain */
enum { BURN_IN = 200, VARIABLES = 2, READ_FROM = 6 };

/* ---- the connectome ------------------------------------------------------------------------- */

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

/* ---- one animal ----------------------------------------------------------------------------- */

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

/* ---- behaviour ------------------------------------------------------------------------------ */

/* Which neurons move the animal, and how. */
struct readout {
    size_t neuron[VARIABLES][READ_FROM];
    double weight[VARIABLES][READ_FROM];
};

static void make_readout(struct readout *r, const bram_worm_network *w, uint64_t seed)
{
    bram_rng g = bram_rng_new(seed, "simulate/worm/readout");
    for (size_t v = 0; v < VARIABLES; v++)
        for (size_t i = 0; i < READ_FROM; i++) {
            r->neuron[v][i] = bram_rng_below(&g, w->neurons);
            r->weight[v][i] = bram_rng_normal(&g);
        }
}

static double readout_of(const struct readout *r, size_t v, const double *x)
{
    double sum = 0;
    for (size_t i = 0; i < READ_FROM; i++) sum += r->weight[v][i] * x[r->neuron[v][i]];
    return sum;
}

/* out: 2 rows - 1 samples x VARIABLES, from the readouts of `rows` samples of the network. */
static void fill_behaviour(float *out, const double *motion, size_t rows, bram_rng *g)
{
    for (size_t v = 0; v < VARIABLES; v++) {
        double mean = 0, square = 0;
        for (size_t t = 0; t < rows; t++) mean += motion[t * VARIABLES + v] / (double)rows;
        for (size_t t = 0; t < rows; t++) {
            double d = motion[t * VARIABLES + v] - mean;
            square += d * d / (double)rows;
        }
        double noise = sqrt(square * (1 - READABLE) / READABLE);
        for (size_t s = 0; s < 2 * rows - 1; s++) {
            double a = motion[s / 2 * VARIABLES + v], b = motion[(s + 1) / 2 * VARIABLES + v];
            out[s * VARIABLES + v] = (float)((a + b) / 2 + noise * bram_rng_normal(g));
        }
    }
}

static int add_behaviour(bram_ctx *cx, bram_dataset *ds, const char *group, const double *motion,
                         size_t rows, bram_rng *g)
{
    size_t samples = 2 * rows - 1;
    double *seconds = bram_scratch(cx, samples, sizeof *seconds);
    if (!seconds) return BRAM_ENOMEM;
    for (size_t s = 0; s < samples; s++) seconds[s] = DT / 2 * (double)s;
    bram_axis *time = NULL, *variable = NULL;
    bram_response *r = NULL;
    int status = bram_axis_new(cx, &time, "behaviour_time", samples);
    if (status == BRAM_OK) status = bram_axis_set_values(cx, time, seconds, "s");
    if (status == BRAM_OK) status = bram_axis_new(cx, &variable, "variable", VARIABLES);
    if (status == BRAM_OK)
        status = bram_axis_set_ids(cx, variable, (const char *[]){"velocity", "curvature"});
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
    fill_behaviour(bram_response_f32(r), motion, rows, g);
    return bram_dataset_add(cx, ds, group, r);
}

/* ---- the recording -------------------------------------------------------------------------- */

/* The traces, and what moves the animal at each row. */
static void simulate(float *out, double *motion, const bram_worm_network *w, const struct traces *k,
                     const struct readout *r, size_t rows, bram_rng *g, double *x, double *scratch)
{
    size_t n = w->neurons;
    for (size_t i = 0; i < n; i++) x[i] = bram_rng_normal(g);
    for (size_t t = 0; t < BURN_IN + rows; t++) {
        bram_worm_network_step(w, x, x, scratch);
        for (size_t i = 0; i < n; i++) x[i] += w->noise * bram_rng_normal(g);
        if (t < BURN_IN) continue;
        for (size_t v = 0; v < VARIABLES; v++)
            motion[(t - BURN_IN) * VARIABLES + v] = readout_of(r, v, x);
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
    bram_rng b = bram_rng_at(seed, "simulate/worm/behaviour", animal);
    struct traces k;
    struct readout readout;
    make_readout(&readout, w, seed);
    bram_axis *time = NULL, *neuron = NULL;
    bram_response *activity = NULL;
    double *x = bram_scratch(cx, w->neurons, sizeof *x);
    double *scratch = bram_scratch(cx, w->neurons, sizeof *scratch);
    double *motion = bram_scratch(cx, rows * VARIABLES, sizeof *motion);
    int status = x && scratch && motion ? choose_traces(cx, &k, w, &g) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = time_axis(cx, &time, rows);
    if (status == BRAM_OK) status = neuron_axis(cx, &neuron, w, &k);
    if (status == BRAM_OK)
        status = bram_response_new(cx, &activity, "activity", BRAM_F32, 2,
                                   (const bram_axis *[]){time, neuron});
    bram_axis_free(time);
    bram_axis_free(neuron);
    if (status == BRAM_OK) {
        simulate(bram_response_f32(activity), motion, w, &k, &readout, rows, &g, x, scratch);
        bram_attrs *a = bram_response_attrs(activity);
        status = bram_attrs_set_text(cx, a, "unit", "1");
        if (status == BRAM_OK) status = bram_attrs_set_text(cx, a, "filter", "none");
    }
    if (status == BRAM_OK) status = describe_animal(cx, ds, group, id);
    if (status == BRAM_OK) status = add_behaviour(cx, ds, group, motion, rows, &b);
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
