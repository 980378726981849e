/*
 * bentley2016.c - extrasynaptic connections by monoamines and neuropeptides of Bentley et al. 2016:
 * where a neuron that releases a transmitter and one that has a receptor for it are.
 *
 * CSV with "#source neuron, target neuron, transmitter, receptor"; a row is one transmitter with
 * one receptor and has the weight 1. The layers are monoamine and neuropeptide, whichever file it
 * is.
 */
#include "edge_table.h"
#include "intake.h"

#include <string.h>

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

enum { MONOAMINE, NEUROPEPTIDE };

static const bram_edge_form form = {"a table with source neuron, target neuron, transmitter and "
                                    "receptor",
                                    NULL,
                                    "source neuron",
                                    "target neuron",
                                    NULL,
                                    NULL,
                                    "transmitter",
                                    "receptor",
                                    NULL,
                                    0};

static bool is_monoamine(const char *transmitter)
{
    static const char *const names[] = {"dopamine", "serotonin", "tyramine", "octopamine"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(transmitter, names[i]) == 0) return true;
    return false;
}

static int take_row(bram_ctx *cx, void *connectome, const bram_edge_row *row)
{
    bram_edge_row r = *row;
    if (!*row->entry.transmitter || !*row->entry.receptor)
        return bram_fail(cx, BRAM_EFORMAT, "found no %s",
                         *row->entry.transmitter ? "receptor" : "transmitter");
    r.layer = is_monoamine(row->entry.transmitter) ? MONOAMINE : NEUROPEPTIDE;
    return bram_edge_row_add(cx, connectome, &r);
}

static int read_edges(bram_ctx *cx, bram_connectome *c, const char *path)
{
    static const char unit[] = "pairs of transmitter and receptor";
    const bram_layer layers[] = {{"monoamine", "extrasynaptic", unit, .receptor = true},
                                 {"neuropeptide", "extrasynaptic", unit, .receptor = true}};
    for (size_t i = 0; i < 2; i++) BRAM_TRY(bram_connectome_add_layer(cx, c, &layers[i]));
    return bram_edge_table_read(cx, path, &form, 1, take_row, c);
}

/* Both files may be given: the layers are of one connectome. */
static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c = NULL;
    BRAM_TRY(bram_connectome_new(cx, &c, o));
    int status = read_edges(cx, c, input->paths[0]);
    for (size_t i = 1; i < input->count && status == BRAM_OK; i++) {
        status = bram_edge_table_read(cx, input->paths[i], &form, 1, take_row, c);
        if (status != BRAM_OK) bram_fail_prefix(cx, status, "%s", input->paths[i]);
    }
    if (status == BRAM_OK) status = bram_connectome_put(cx, c, ds, "bentley2016");
    bram_connectome_free(c);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    return bram_edge_recognise(cx, input, &form, 1, out);
}

const bram_loader bram_loader_bentley2016 = {
    .name = "bentley2016",
    .summary = "C. elegans extrasynaptic connections by monoamines and neuropeptides",
    .citation = "Bentley et al. 2016, PLoS Comput Biol 12:e1005283",
    .doi = "10.1371/journal.pcbi.1005283",
    .licence = "not stated",
    .reads = "CSV: source neuron, target neuron, transmitter, receptor",
    .version = 1,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
};
