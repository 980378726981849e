/*
 * openworm.c - the connectome tables that OpenWorm compiled: CElegansNeuronTables.xls.
 *
 * Sheet "Connectome": Origin, Target, Type (Send, GapJunction), Number of Connections and
 * Neurotransmitter; gap junctions stand in both directions. Sheet "NeuronsToMuscle" has the
 * neuromuscular synapses, with names of muscles of its own (MDL05). The sheet "Sensory" holds no
 * connections. Transmitters are kept as the sheets spell them; rules=published ignores muscles.
 */
#include "edge_table.h"
#include "intake.h"

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

enum { CHEMICAL, GAP };

static const bram_edge_kind kinds[] = {{"Send", CHEMICAL}, {"GapJunction", GAP}, {NULL, 0}};

static const bram_edge_form neurons = {
    "workbook whose sheet Connectome has Origin, Target, Type and Number of Connections",
    "Connectome",
    "Origin",
    "Target",
    "Type",
    "Number of Connections",
    "Neurotransmitter",
    NULL,
    kinds,
    0};

static const bram_edge_form muscles = {
    "workbook whose sheet NeuronsToMuscle has Neuron, Muscle and Number of Connections",
    "NeuronsToMuscle",
    "Neuron",
    "Muscle",
    NULL,
    "Number of Connections",
    "Neurotransmitter",
    NULL,
    NULL,
    CHEMICAL};

static int read_edges(bram_ctx *cx, bram_connectome *c, const char *path)
{
    BRAM_TRY(bram_connectome_add_layer(cx, c, &(bram_layer){"chemical", "chemical", "synapses"}));
    BRAM_TRY(bram_connectome_add_layer(cx, c,
                                       &(bram_layer){"gap", "gap", "synapses", .symmetric = true}));
    BRAM_TRY(bram_edge_table_read(cx, path, &neurons, 1, bram_edge_row_add, c));
    return bram_edge_table_read(cx, path, &muscles, 1, bram_edge_row_add, c);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    BRAM_TRY(bram_one_file(cx, input));
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = read_edges(cx, c, input->paths[0]);
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, "openworm");
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    return bram_edge_recognise(cx, input, &neurons, 1, out);
}

const bram_loader bram_loader_openworm = {
    .name = "openworm",
    .summary = "C. elegans connectome compiled by OpenWorm, with neuromuscular synapses",
    .citation = "OpenWorm, CElegansNeuronTables.xls (github.com/openworm/CElegansNeuroML)",
    .doi = "",
    .licence = "not stated",
    .reads = "xls: sheets Connectome and NeuronsToMuscle",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
