/*
 * circuit.h - what networks take from a connectome: who is wired to whom, with which sign, and how
 * strongly to begin with; and the nulls that a claim about wiring is held against.
 *
 * Nodes are the neurons that were examined, and those recorded that have edges; a recorded unit
 * that is no node (an unlabelled one) is a neuron without synapses. Edges of a pair are added up;
 * nobody is wired to himself.
 */
#ifndef BRAMBLE_BASELINES_CIRCUIT_H
#define BRAMBLE_BASELINES_CIRCUIT_H

#include "nn_circuit.h"

#include <bramble/model.h>
#include <bramble/rng.h>

/** All arrays belong to it. */
typedef struct bram_circuit {
    bram_nn_wiring wiring; /* its arrays are those below */
    uint32_t *number;      /* from, to, one, other, neuron */
    int8_t *sign;
    double *chemical, *gap; /* initial strengths: signed; above 0 */
} bram_circuit;

/* Which connectome, and which of its synapses. */
/* clang-format off */
#define BRAM_CIRCUIT_PARAMS                                                                        \
    {"wiring", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                    \
     "homogenized file with the connectome; none: that of the data"},                              \
    {"source", BRAM_PARAM_TEXT, "", NULL, 0, 0,                                                    \
     "which connectome, where there are several"},                                                 \
    {"edges", BRAM_PARAM_TEXT, "chemical+gap", NULL, 0, 0,                                         \
     "tables of its edges, joined by +"}
/* clang-format on */

/* Synapses of a connectome, or of a null of it. In scratch memory. */
typedef struct bram_synapses {
    size_t neurons, edges, gaps;
    uint32_t *from, *to, *one, *other;
    int8_t *sign;             /* of edges */
    double *weight, *between; /* of edges, of gap junctions; above 0 */
    int8_t *dale;             /* of each neuron's edges, 0 where they do not agree */
} bram_synapses;

/**
 * Reads a connectome by the options above.
 *
 * @param neuron     receives the neuron of each unit (scratch memory)
 * @param unit       names of the recorded units; NULL: none is recorded
 * @param recorded   only recorded neurons
 * @param at_hand    the data's own connectomes; NULL: none
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no connectome is at hand, or none of the units is in it;
 *         BRAM_EABSENT: no such source or layer; BRAM_EFORMAT; errors of reading; BRAM_ENOMEM
 */
int bram_synapses_read(bram_ctx *cx, bram_synapses *out, uint32_t **neuron, const bram_options *o,
                       const bram_axis *unit, bool recorded,
                       const bram_dataset *at_hand) BRAM_MUST_CHECK;

typedef enum bram_mask {
    BRAM_MASK_CONNECTOME,
    BRAM_MASK_SHUFFLED, /* degrees stay (rewire.h), of gap junctions as well */
    BRAM_MASK_RANDOM,   /* as many synapses anywhere */
    BRAM_MASK_DENSE,    /* everybody with everybody */
    BRAM_MASK_NONE
} bram_mask;

/** Puts a null in place of the synapses; weights are the same numbers, drawn anew. Signs of edges
 * that are nowhere in the connectome are their sources' (dale). */
int bram_synapses_mask(bram_ctx *cx, bram_synapses *s, bram_mask mask, bram_rng *g) BRAM_MUST_CHECK;

/** The matrix [to][from] of signed strengths. */
void bram_synapses_matrix(const bram_synapses *s, const double *strength, bram_mat *w);

/** Largest magnitude of an eigenvalue; w is lost. */
int bram_spectral_radius(bram_ctx *cx, double *radius, bram_mat *w) BRAM_MUST_CHECK;

void bram_circuit_free(bram_circuit *c);

#endif
