/*
 * consensus_private.h - what the files of the consensus share.
 */
#ifndef BRAMBLE_LOADERS_CONSENSUS_PRIVATE_H
#define BRAMBLE_LOADERS_CONSENSUS_PRIVATE_H

#include "consensus.h"
#include "neurons.h"

/** The layers between the 300 neurons of one source. */
typedef struct bram_wiring {
    char name[64];
    const char *animals;
    bool published; /* imported with rules=published */
    bool has[BRAM_WIRES];
    bool examined[BRAM_NEURONS];
    double (*weight[BRAM_WIRES])[BRAM_NEURONS]; /* [pre][post]; gap symmetric; NULL without */
} bram_wiring;

struct bram_consensus {
    bram_wiring **source;
    size_t count, room;
};

#endif
