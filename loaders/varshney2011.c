/*
 * varshney2011.c - the connectome of Chen, Hall & Chklovskii 2006 and Varshney et al. 2011.
 *
 * NeuronConnect (.xls, .xlsx): Neuron 1, Neuron 2, Type, Nbr. S and Sp: neuron 1 sends to neuron 2,
 * at a synapse with one partner or with several; R and Rp: it receives from it; EJ: electrical, in
 * both directions; NMJ: neuromuscular, with the partner NMJ. Each synapse between neurons stands as
 * sent and as received: S and Sp are taken, R and Rp are held against them, and the difference is
 * reported. rules=published takes Sp alone, without S, and names unchanged.
 *
 * ConnOrdered_040903.mat: sparse A_init_t_ordered [pre][post] and Ag_t_ordered with the names
 * Neuron_ordered. A_sendjoint.mat belongs to it: Ac, the same pairs with synapses of several
 * partners weighted down, in the order of those names; it becomes
 * connectome/varshney2011_sendjoint.
 */
#include "varshney2011.h"

#include "edge_table.h"
#include "intake.h"
#include "labels.h"

#include <math.h>
#include <string.h>

static const bram_param params[] = {BRAM_CONNECTOME_RULES, {.name = NULL}};

enum { CHEMICAL, GAP, MONADIC, RECEIVED };

static const bram_edge_kind kinds[] = {{"S", MONADIC},   {"Sp", CHEMICAL}, {"R", RECEIVED},
                                       {"Rp", RECEIVED}, {"EJ", GAP},      {"NMJ", CHEMICAL},
                                       {NULL, 0}};

static const bram_edge_form form_of_table = {"a table with Neuron 1, Neuron 2, Type and Nbr",
                                             NULL,
                                             "Neuron 1",
                                             "Neuron 2",
                                             "Type",
                                             "Nbr",
                                             NULL,
                                             NULL,
                                             kinds,
                                             0};

static const char source[] = "varshney2011";

/* What was sent and what was received, between the 300 neurons. */
struct reading {
    bram_connectome *connectome;
    double (*sent)[BRAM_NEURONS], (*received)[BRAM_NEURONS];
};

static void note(double (*sum)[BRAM_NEURONS], const char *pre, const char *post, double weight)
{
    bram_label a = bram_label_parse(pre, (double)NAN, 0);
    bram_label b = bram_label_parse(post, (double)NAN, 0);
    if (bram_label_is_certain(&a) && bram_label_is_certain(&b)) sum[a.neuron][b.neuron] += weight;
}

static int take_row(bram_ctx *cx, void *user, const bram_edge_row *row)
{
    struct reading *r = user;
    bool published = bram_connectome_is_published(r->connectome);
    bram_edge_row sent = *row;
    if (row->layer == RECEIVED) {
        note(r->received, row->entry.post, row->entry.pre, row->entry.weight);
        return BRAM_OK;
    }
    if (row->layer != GAP) note(r->sent, row->entry.pre, row->entry.post, row->entry.weight);
    if (row->layer == MONADIC && published) return BRAM_OK;
    if (row->layer == MONADIC) sent.layer = CHEMICAL;
    return bram_edge_row_add(cx, r->connectome, &sent);
}

/* Pairs and synapses by what the receiving side says, and how many pairs differ. */
static int describe(bram_ctx *cx, bram_dataset *ds, const struct reading *r)
{
    int64_t pairs = 0, differ = 0;
    double weight = 0;
    bram_attrs *attrs = bram_dataset_attrs(cx, ds, "connectome/varshney2011");
    if (!attrs) return BRAM_ENOMEM;
    for (size_t k = 0; k < BRAM_NEURONS * BRAM_NEURONS; k++) {
        double sent = r->sent[k / BRAM_NEURONS][k % BRAM_NEURONS];
        double received = r->received[k / BRAM_NEURONS][k % BRAM_NEURONS];
        pairs += received > 0;
        weight += received;
        differ += sent != received;
    }
    BRAM_TRY(bram_attrs_set_integer(cx, attrs, "received_pairs", pairs));
    BRAM_TRY(bram_attrs_set_number(cx, attrs, "received_weight", weight));
    return bram_attrs_set_integer(cx, attrs, "pairs_sent_unlike_received", differ);
}

static int load_table(bram_ctx *cx, bram_dataset *ds, const char *path, bram_connectome *c)
{
    struct reading r = {.connectome = c};
    r.sent = bram_scratch(cx, BRAM_NEURONS, sizeof *r.sent);
    r.received = bram_scratch(cx, BRAM_NEURONS, sizeof *r.received);
    if (!r.sent || !r.received) return BRAM_ENOMEM;
    BRAM_TRY(bram_edge_table_read(cx, path, &form_of_table, 1, take_row, &r));
    BRAM_TRY(bram_connectome_put(cx, c, ds, source));
    return describe(cx, ds, &r);
}

/* What the files of an import are. */
struct given {
    const char *main, *weighted; /* a table or ConnOrdered; A_sendjoint */
    bram_varshney_form form;     /* of the main one */
    size_t mains;
};

static struct given sort_files(bram_ctx *cx, const bram_input *input)
{
    struct given g = {.mains = 0};
    for (size_t i = 0; i < input->count; i++) {
        bram_varshney_form form = bram_varshney_form_of(cx, input->paths[i]);
        if (form == BRAM_VARSHNEY_WEIGHTED) g.weighted = input->paths[i];
        else if (form != BRAM_VARSHNEY_LIST && !g.mains++) {
            g.main = input->paths[i];
            g.form = form;
        }
    }
    return g;
}

enum { WEIGHTED = 1, BOTH };

static int read_all(bram_ctx *cx, bram_dataset *ds, bram_connectome **c, const struct given *g)
{
    static const char *const names[] = {source, "varshney2011_sendjoint"};
    static const bram_layer layers[] = {
        {"chemical", "chemical", "synapses"},
        {"gap", "gap", "synapses", .symmetric = true},
        {"chemical", "chemical", "synapses, those of several partners weighted down"}};
    BRAM_TRY(bram_connectome_add_layer(cx, c[0], &layers[0]));
    BRAM_TRY(bram_connectome_add_layer(cx, c[0], &layers[1]));
    BRAM_TRY(bram_connectome_add_layer(cx, c[WEIGHTED], &layers[2]));
    if (g->form != BRAM_VARSHNEY_NAMED) return load_table(cx, ds, g->main, c[0]);
    BRAM_TRY(bram_varshney_read_named(cx, c[0], g->main));
    if (!g->weighted) return bram_connectome_put(cx, c[0], ds, source);
    BRAM_TRY(bram_varshney_read_weighted(cx, c[WEIGHTED], g->weighted, g->main));
    return bram_connectome_put_all(cx, ds, c, names, BOTH);
}

static int load(bram_ctx *cx, bram_dataset *ds, const bram_input *input, const bram_options *o)
{
    bram_connectome *c[BOTH] = {NULL};
    size_t mark = bram_scratch_mark(cx);
    const struct given g = sort_files(cx, input);
    if (g.mains != 1)
        return bram_fail(cx, BRAM_EUSAGE,
                         "found %zu tables or ConnOrdered%s, expected one at a time", g.mains,
                         g.weighted ? " (which has the names of A_sendjoint)" : "");
    int status = bram_connectome_new(cx, &c[0], o);
    if (status == BRAM_OK) status = bram_connectome_new(cx, &c[WEIGHTED], o);
    if (status == BRAM_OK) status = read_all(cx, ds, c, &g);
    bram_connectome_free(c[0]);
    bram_connectome_free(c[WEIGHTED]);
    bram_scratch_release(cx, mark);
    return status;
}

static int recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out)
{
    bram_varshney_form form = BRAM_VARSHNEY_NONE;
    for (size_t i = 0; i < input->count && form != BRAM_VARSHNEY_NAMED; i++)
        form = bram_varshney_form_of(cx, input->paths[i]);
    if (form == BRAM_VARSHNEY_NAMED)
        return bram_recognise(out, BRAM_MINE, "MATLAB with A_init_t_ordered and its names");
    if (form == BRAM_VARSHNEY_WEIGHTED)
        return bram_recognise(out, BRAM_NOT_MINE,
                              "A_sendjoint without ConnOrdered, which has its names");
    return bram_edge_recognise(cx, input, &form_of_table, 1, out);
}

static int belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    switch (bram_varshney_form_of(cx, path)) {
    case BRAM_VARSHNEY_WEIGHTED:
        return bram_recognise(out, BRAM_MINE, "MATLAB with Ac, whose names are in ConnOrdered");
    case BRAM_VARSHNEY_LIST:
        return bram_recognise(out, BRAM_BESIDE_MINE,
                              "MATLAB with an order, classes or types of 279 neurons alone");
    default:
        return bram_recognise(out, BRAM_NOT_MINE, "no file of this source");
    }
}

const bram_loader bram_loader_varshney2011 = {
    .name = "varshney2011",
    .summary = "C. elegans connectome of 279 neurons, chemical and gap junctions",
    .citation = "Varshney et al. 2011, PLoS Comput Biol 7:e1001066; Chen, Hall & Chklovskii 2006, "
                "PNAS 103:4723",
    .doi = "10.1371/journal.pcbi.1001066",
    .licence = "not stated",
    .reads = "xls, xlsx: NeuronConnect; MATLAB 5: ConnOrdered_040903, A_sendjoint",
    .version = 2,
    .verified = BRAM_VERIFIED_REAL,
    .params = params,
    .recognise = recognise,
    .load = load,
    .apart = true,
    .single = true,
    .belongs = belongs,
};
