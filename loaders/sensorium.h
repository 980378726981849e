/*
 * sensorium.h - what the loaders of the Sensorium competitions share: one scan of a mouse as a
 * folder or a zip of .npy files.
 *
 *   meta/trials/tiers            text, one a trial: train, validation, test, final_test, oracle ...
 *   meta/trials/frame_image_id   whole numbers, one a trial (2022)
 *   meta/trials/trial_idx        whole numbers, one a trial
 *   meta/neurons/unit_ids        whole numbers, one a neuron
 *   meta/neurons/cell_motor_coordinates   neuron x 3, micrometres
 *   data/{responses, images or videos, behavior, pupil_center}/K   trial K, from 0
 *
 * Documented by the code that reads it (sinzlab/sensorium, sinzlab/neuralpredictors). Assumed: that
 * trial K is entry K of the tables; that behavior holds pupil dilation, its change and the running
 * speed.
 */
#ifndef BRAMBLE_LOADERS_SENSORIUM_H
#define BRAMBLE_LOADERS_SENSORIUM_H

#include "bundle.h"
#include "shown.h"

typedef struct bram_scan {
    bram_bundle *files;
    const char *path;
    char id[128]; /* what it is called */
    size_t trials, neurons;
    char **tier;         /* trials */
    int64_t *image;      /* trials; NULL: not stated */
    int64_t *number;     /* trials: trial_idx; NULL: not stated */
    int64_t *unit;       /* neurons; NULL: not stated */
    double *place[3];    /* neurons; NULL: not stated */
    ptrdiff_t *trial_of; /* of each file: the trial whose `data` it is, else -1 */
    const char *data;    /* the folder that trial_of is about */
} bram_scan;

/** Reads the tables. @return BRAM_OK; BRAM_EREAD, BRAM_EFORMAT: file, found, expected */
int bram_scan_open(bram_ctx *cx, bram_scan *out, const char *path, const char *id) BRAM_MUST_CHECK;
void bram_scan_close(bram_scan *s);

/** @return whether a folder holds what a scan needs, by names alone; `data` "images" or "videos" */
bool bram_scan_is_folder(const char *path, const char *data);

/** The verdict on a folder or zip. */
int bram_scan_recognise(bram_ctx *cx, const bram_input *input, bram_recognition *out,
                        const char *data);

/** Calls `each` with data/WHAT/K of every trial K. BRAM_EFORMAT when one is absent. */
typedef int bram_scan_fn(bram_ctx *cx, void *user, size_t trial, const bram_npy *array);
int bram_scan_each(bram_ctx *cx, bram_scan *s, const char *what, bool (*wanted)(void *, size_t),
                   bram_scan_fn *each, void *user) BRAM_MUST_CHECK;

/** The neurons of the scan. */
int bram_scan_neurons(bram_ctx *cx, bram_axis **out, const bram_scan *s) BRAM_MUST_CHECK;

/**
 * Adds the table trials/ID: ids are numbers from 0; number, stimulus, set, repeat, and, where there
 * are files of it, the means of behaviour over the trial.
 */
int bram_scan_put_trials(bram_ctx *cx, bram_dataset *ds, bram_scan *s, const char *const *stimulus,
                         const int64_t *repeat) BRAM_MUST_CHECK;

#endif
