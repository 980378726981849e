/*
 * nsd.h - the files of a subject of the Natural Scenes Dataset: sessions, trials, volumes.
 */
#ifndef BRAMBLE_LOADERS_NSD_H
#define BRAMBLE_LOADERS_NSD_H

#include "h5.h"
#include "nifti.h"
#include "shown.h"

enum { BRAM_NSD_SESSIONS = 40, BRAM_NSD_TRIALS = 750, BRAM_NSD_MAPS = 24 };

/** The betas of a session. */
typedef struct bram_nsd_session {
    const char *path;
    size_t number, trials, first; /* number from 1; its first trial, from 0 over all sessions */
    bram_h5 *file;
    bram_volumes volumes; /* of NIfTI, while it is open */
} bram_nsd_session;

/** A volume beside the betas. */
typedef struct bram_nsd_map {
    char name[100], column[100]; /* as the file, and as a column can be called */
    double *value;               /* voxels, x fastest */
} bram_nsd_map;

typedef struct bram_nsd_trial {
    ptrdiff_t stimulus; /* -1: none that is known */
    size_t repeat;
} bram_nsd_trial;

typedef struct bram_nsd {
    size_t side[3], voxels; /* x, y, z */
    bram_nsd_session session[BRAM_NSD_SESSIONS];
    size_t sessions;
    bram_nsd_map map[BRAM_NSD_MAPS];
    size_t maps;
    const char *pictures;  /* nsd_stimuli.hdf5; NULL: not given */
    bram_nsd_trial *trial; /* of 40 sessions */
    size_t stimuli, repeats;
    int64_t *nsd, *coco;       /* stimuli */
    const char **set, **split; /* stimuli */
} bram_nsd;

/** Reads everything but the betas. Arrays are scratch memory.
 *  @return BRAM_OK; BRAM_EUSAGE without a subject; BRAM_EFORMAT, BRAM_EREAD */
int bram_nsd_read(bram_ctx *cx, bram_nsd *out, const bram_input *input,
                  int64_t subject) BRAM_MUST_CHECK;
void bram_nsd_release(bram_nsd *n);

/** @return a volume by its name; NULL */
const bram_nsd_map *bram_nsd_find_map(const bram_nsd *n, const char *name);

int bram_nsd_session_open(bram_ctx *cx, bram_nsd_session *s) BRAM_MUST_CHECK;
void bram_nsd_session_close(bram_nsd_session *s);

/** The trials of one slice of an open session: trial x y x x, as stored (percent x 300). */
int bram_nsd_slice(bram_ctx *cx, const bram_nsd *n, const bram_nsd_session *s, size_t z,
                   double *out) BRAM_MUST_CHECK;

/** stimuli/images/images: the pictures of the stimuli, read from nsd_stimuli.hdf5 when they are
 *  written. */
int bram_nsd_put_pictures(bram_ctx *cx, bram_dataset *ds, const bram_nsd *n,
                          const bram_axis *stimulus) BRAM_MUST_CHECK;

int bram_nsd_stimuli(bram_ctx *cx, bram_axis **out, const bram_nsd *n) BRAM_MUST_CHECK;

int bram_nsd_recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out);
int bram_nsd_belongs(bram_ctx *cx, const char *path, bram_recognition *out);

#endif
