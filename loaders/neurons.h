/*
 * neurons.h - the canonical table of the 300 neurons of the adult C. elegans hermaphrodite, and the
 * names of other cells that appear beside them in recordings and connectomes.
 *
 * Order: names sorted by bytes (ADAL, ADAR, ... AS1, AS10, AS11, AS2, ... VD9). An index into this
 * table is what the loaders call a canonical index. CANL and CANR are not in it: they make no
 * synapses and count as end organs since Cook et al. 2019. AWCL and AWCR are named by side; which
 * of them is AWC-ON differs from animal to animal.
 */
#ifndef BRAMBLE_LOADERS_NEURONS_H
#define BRAMBLE_LOADERS_NEURONS_H

#include <bramble/context.h>

enum { BRAM_NEURONS = 300, BRAM_NEURON_NAME = 8 /* bytes that hold any name or class */ };

/** One neuron. All text is static. */
typedef struct bram_neuron {
    const char *name;        /* "AVAL" */
    const char *class_name;  /* "AVA" */
    const char *transmitter; /* ACh, Glu, GABA, DA, 5HT, Octopamine; "" where none is known */
    const char *type;        /* sensory, inter, motor, pharyngeal */
    double x, y, z;          /* micrometres; y runs from head to tail, 0 to about 800 */
} bram_neuron;

/** @return neuron i of the table, i < BRAM_NEURONS */
const bram_neuron *bram_neuron_at(size_t i);

/** @return the index of a name spelt exactly as in the table, or -1 */
int bram_neuron_find(const char *name);

/** @return the length of the class at the start of a canonical name: 3 of "OLQDL", 2 of "VB2" */
size_t bram_neuron_class_length(const char *name);

/**
 * The members of a class stand together in the table.
 *
 * @param first  the index of the first member; untouched when there is none
 * @return how many there are (at most 13); 0 when the `length` bytes at class_name are no class
 */
size_t bram_neuron_class_members(const char *class_name, size_t length, size_t *first);

/** @return true for the classes whose members are numbered: AS DA DB DD VA VB VC VD */
bool bram_neuron_class_is_numbered(const char *class_name, size_t length);

/** What a cell that is not one of the 300 neurons is. */
typedef enum bram_cell_kind {
    BRAM_CELL_UNKNOWN, /* not a name of the hermaphrodite's cells that we know */
    BRAM_CELL_GLIA,    /* sheath and socket cells (CEPsh*, AMso*), GLR* */
    BRAM_CELL_MUSCLE,  /* body wall, pharynx, vulva, uterus, gut; "NMJ" as a partner */
    BRAM_CELL_OTHER /* CAN, marginal cells, gland, epithelium, excretory, gut, skin, coelomocyte */
} bram_cell_kind;

/** Recognizes a cell other than the 300 by its name, in upper or lower case. */
bram_cell_kind bram_cell_recognize(const char *name);

#endif
