/*
 * recording.h - recordings of a dataset as matrices, and panels cut from them.
 */
#ifndef BRAMBLE_BENCHMARKS_RECORDING_H
#define BRAMBLE_BENCHMARKS_RECORDING_H

#include <bramble/dataset.h>
#include <bramble/model.h>

/** One response (time x unit) of one recording in memory; pieces are stretches without a gap. */
typedef struct bram_recording {
    const char *id;
    bram_axis *unit, *time;
    double *values;   /* rows x units */
    uint8_t *present; /* as many */
    size_t rows, units, pieces;
    size_t *piece; /* first row of each piece, then rows */
    double dt;     /* median step in seconds */
} bram_recording;

/**
 * Reads recordings/ID/NAME. Pieces are the segments of the time axis; where it states none, a step
 * of more than three times the median ends a piece.
 *
 * @return BRAM_OK; BRAM_EABSENT; BRAM_EFORMAT (no time coordinates); errors of reading
 */
int bram_recording_read(bram_ctx *cx, bram_recording *out, const bram_dataset *ds, const char *id,
                        const char *name) BRAM_MUST_CHECK;
void bram_recording_release(bram_recording *r);

/**
 * The same recording with the units of `unit` (matched by id; those it lacks are masked), as used
 * across animals.
 */
int bram_recording_align(bram_ctx *cx, bram_recording *out, const bram_recording *r,
                         const bram_axis *unit) BRAM_MUST_CHECK;

/** A panel with its segments; the rows stay in the recordings. */
typedef struct bram_slice {
    bram_panel panel;
    bram_segment *segment;
    size_t *begin; /* row of the recording at which each segment begins */
} bram_slice;

/**
 * Targets first .. end - 1 of some recordings with the same units, each with the rows from `begin`
 * on as context; one segment for each piece that has targets.
 */
typedef struct bram_cut {
    const bram_recording *recording;
    size_t begin, first, end;
} bram_cut;
int bram_slice_make(bram_ctx *cx, bram_slice *out, const bram_cut *cut,
                    size_t cuts) BRAM_MUST_CHECK;
void bram_slice_release(bram_slice *s);

#endif
