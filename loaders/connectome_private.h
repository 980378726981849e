/*
 * connectome_private.h - what connectome.c and connectome_put.c share.
 */
#ifndef BRAMBLE_LOADERS_CONNECTOME_PRIVATE_H
#define BRAMBLE_LOADERS_CONNECTOME_PRIVATE_H

#include "connectome.h"
#include "neurons.h"
#include "text_index.h"

enum { BRAM_CONNECTOME_LAYERS = 8 };

struct connectome_node {
    int neuron;                        /* canonical index, or -1 */
    const char *kind;                  /* neuron, muscle, glia, other, unknown; static */
    char class_name[BRAM_NEURON_NAME]; /* "" where there is none */
    unsigned looked;                   /* a sum of BRAM_AS_... */
};

struct connectome_edge {
    size_t layer, from, to; /* from, to: nodes; their ranks once settled */
    size_t transmitter, receptor, order;
    double weight, back; /* back: what a symmetric layer lists from `to` to `from` */
    double number[BRAM_LAYER_NUMBERS];
};

struct bram_connectome {
    bool published;
    size_t layers;
    bram_layer layer[BRAM_CONNECTOME_LAYERS];
    /* names as written, and the node of each: SIZE_MAX when it is left out */
    char **raw;
    size_t *node_of, names, raw_room, node_of_room;
    bram_text_index raw_index;
    /* nodes */
    char **id;
    struct connectome_node *node;
    size_t nodes, id_room, node_room;
    bram_text_index id_index;
    /* transmitters and receptors */
    char **text;
    size_t texts, text_room;
    bram_text_index text_index;
    struct connectome_edge *edge;
    size_t edges, edge_room;
};

/**
 * Sorts nodes and edges, adds up entries of one key and folds symmetric layers.
 *
 * @param sorted  the node of each rank, room for all nodes
 */
int bram_connectome_settle(bram_ctx *cx, bram_connectome *c, size_t *sorted) BRAM_MUST_CHECK;

/** @return the weight of a settled edge: of what both directions list, the mean */
double bram_connectome_weight(const struct connectome_edge *e);

#endif
