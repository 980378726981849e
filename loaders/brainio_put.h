/*
 * brainio_put.h - BrainIO assemblies into a dataset; brainio.c says which becomes what.
 */
#ifndef BRAMBLE_LOADERS_BRAINIO_PUT_H
#define BRAMBLE_LOADERS_BRAINIO_PUT_H

#include "brainio.h"
#include "csvfile.h"

#include <bramble/dataset.h>

/**
 * An assembly of two or three dimensions, as responses or as features.
 *
 * @return BRAM_OK; BRAM_EFORMAT: no dimension of stimuli, presentations without a stimulus;
 *         BRAM_EUSAGE: the name is taken; BRAM_ENOMEM
 */
int bram_brainio_put(bram_ctx *cx, bram_dataset *ds, const char *id,
                     const bram_brainio *a) BRAM_MUST_CHECK;

/** Events, their values times: recordings/ID/spikes and /neuron. @param unit  in seconds */
int bram_brainio_put_events(bram_ctx *cx, bram_dataset *ds, const char *id, const bram_brainio *a,
                            double unit) BRAM_MUST_CHECK;

/** The table recordings/ID/NAME of an assembly of one dimension: `value` and its coordinates. */
int bram_brainio_put_table(bram_ctx *cx, bram_dataset *ds, const char *id, const char *name,
                           const bram_brainio *a) BRAM_MUST_CHECK;

/** The table stimuli/stimulus: all stimuli of the dataset's responses and features, then those of
 *  the set that are not among them; with the columns of the set (NULL: none) and the hashes of the
 *  pictures in an archive (NULL: none), by the names that the column filename has. A picture that
 *  the archive lacks is BRAM_EFORMAT. */
int bram_brainio_put_stimuli(bram_ctx *cx, bram_dataset *ds, const bram_csv *set, ptrdiff_t id,
                             const char *pictures) BRAM_MUST_CHECK;

#endif
