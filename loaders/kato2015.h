/*
 * kato2015.h - what the files of the loader of Kato et al. 2015 share.
 */
#ifndef BRAMBLE_LOADERS_KATO2015_H
#define BRAMBLE_LOADERS_KATO2015_H

#include "matlab.h"

#include <bramble/dataset.h>

/** The frames of a recording. */
typedef struct bram_kato_clock {
    const char *id;
    size_t rows;
    const double *time; /* rows stamps in seconds, ascending */
} bram_kato_clock;

/**
 * Adds the table of events of a recording that has its traces: states of the animal and of the
 * stimulus; and, where states are codes, the codes as behaviour.
 *
 * @param states    the field States or NULL
 * @param names     names of the state codes 0, 1, ... joined by +; "" for none
 * @param stimulus  the field stimulus or NULL
 * @return BRAM_OK; BRAM_EFORMAT: a field is not as described; BRAM_ENOMEM
 */
int bram_kato_events(bram_ctx *cx, bram_dataset *ds, const bram_kato_clock *clock,
                     bram_matlab_value *states, const char *names,
                     bram_matlab_value *stimulus) BRAM_MUST_CHECK;

#endif
