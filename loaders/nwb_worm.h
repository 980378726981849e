/*
 * nwb_worm.h - the parts of the loader nwb-worm: which series are traces, what else a file holds.
 */
#ifndef BRAMBLE_LOADERS_NWB_WORM_H
#define BRAMBLE_LOADERS_NWB_WORM_H

#include "nwb.h"

#include <bramble/dataset.h>

/** A typed object of a file. */
typedef struct bram_nwb_object {
    char path[BRAM_NWB_PATH], type[BRAM_NWB_NAME];
    bool trace; /* one series for each neuron, as in files of Open Source Brain */
} bram_nwb_object;

/** All typed objects below acquisition/, processing/ and analysis/ of a file. */
typedef struct bram_nwb_objects {
    bram_nwb_object *item;
    size_t count, room;
} bram_nwb_objects;

int bram_nwb_objects_list(bram_ctx *cx, bram_nwb_objects *out, const bram_nwb *nwb) BRAM_MUST_CHECK;
void bram_nwb_objects_release(bram_nwb_objects *objects);

/** @return whether an object is a response series: time x regions of interest */
bool bram_nwb_is_response(const bram_nwb_object *object);

/**
 * Which response series has the traces: the one asked for by its path or the end of it; else the
 * raw signal (SignalRawFluor) before dF/F, never a reference channel or a processed copy.
 *
 * @param series  "" for no wish
 * @param out     NULL when there is none and none was asked for
 * @return BRAM_EFORMAT: several that are alike; BRAM_EUSAGE: none that was asked for
 */
int bram_nwb_choose(bram_ctx *cx, const bram_nwb_object **out, const bram_nwb *nwb,
                    const bram_nwb_objects *objects, const char *series) BRAM_MUST_CHECK;

/** A recording being read. */
typedef struct bram_nwb_recording {
    const bram_nwb *nwb;
    char id[160];
    size_t rows, cols;
    double *time, *values;
    char **label;     /* cols entries in one block; NULL: none */
    char labels[200]; /* where they come from */
    char timing[64];  /* "timestamps", "starting_time and a rate of 4 Hz" */
    char traces[BRAM_NWB_PATH];
    char unit[BRAM_NWB_NAME];
} bram_nwb_recording;

void bram_nwb_recording_release(bram_nwb_recording *r);

/** Reads the traces of a response series, or of one series for each neuron; and their labels. */
int bram_nwb_read_response(bram_ctx *cx, bram_nwb_recording *r, const char *path) BRAM_MUST_CHECK;
int bram_nwb_read_single(bram_ctx *cx, bram_nwb_recording *r,
                         const bram_nwb_objects *objects) BRAM_MUST_CHECK;

/** @return the table of traces of a file, or NULL (nwb_worm_forms.c) */
const bram_nwb_object *bram_nwb_activity_table(const bram_nwb *nwb,
                                               const bram_nwb_objects *objects);

/** Reads such a table: names, traces, the time of the images that they are of. */
int bram_nwb_read_table(bram_ctx *cx, bram_nwb_recording *r, const char *table) BRAM_MUST_CHECK;

/**
 * The labels of the rows of a table of regions through the NeuroPAL regions they were matched to;
 * "" where there is none.
 *
 * @param out  one block of `rows` texts; untouched where the file has no such columns
 */
int bram_nwb_labels_by_neuropal(bram_ctx *cx, char ***out, size_t *rows, const bram_nwb *nwb,
                                const char *table) BRAM_MUST_CHECK;

/** Adds the other series to a recording as behaviour, and intervals and annotations as events. */
int bram_nwb_behaviour(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r,
                       const bram_nwb_objects *objects) BRAM_MUST_CHECK;
int bram_nwb_events(bram_ctx *cx, bram_dataset *ds, const bram_nwb_recording *r) BRAM_MUST_CHECK;

#endif
