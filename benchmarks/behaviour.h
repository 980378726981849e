/*
 * behaviour.h - what an animal does at the times of its recorded activity, and either as the input
 * of a panel of the other.
 */
#ifndef BRAMBLE_BENCHMARKS_BEHAVIOUR_H
#define BRAMBLE_BENCHMARKS_BEHAVIOUR_H

#include "recording.h"

/**
 * Reads recordings/ID/NAME, which may have a time axis of its own, at the times of `activity`: by
 * linear interpolation between the two samples around each; a time that is outside, in a gap or
 * beside a missing sample has no value.
 *
 * @param out        rows, times and pieces of `activity`, whose id it shares; released by the
 *                   caller, in any case
 * @param variables  some of them, joined by "+"; "": all
 * @return BRAM_OK; BRAM_ENOTAPPLICABLE: no such behaviour or variable; errors of reading
 */
int bram_behaviour_read(bram_ctx *cx, bram_recording *out, const bram_dataset *ds,
                        const bram_recording *activity, const char *name,
                        const char *variables) BRAM_MUST_CHECK;

/** What is known where no behaviour was recorded: the rows of `activity`, and nothing of any
 * variable. Released by the caller, in any case. @return BRAM_OK or BRAM_ENOMEM */
int bram_behaviour_none(bram_ctx *cx, bram_recording *out, const bram_recording *activity,
                        const bram_axis *variable) BRAM_MUST_CHECK;

/** Moves every value one row on within its piece: each row then holds what was known before it, the
 * first of a piece nothing. */
void bram_behaviour_delay(bram_recording *r);

/** Gives every segment that was cut from the recording of this id the same rows of another one as
 * inputs (x). `input` must have the times of what was sliced, and outlive the slice. */
void bram_slice_attach(bram_slice *s, const bram_recording *input);

/** Takes the inputs away again. */
void bram_slice_detach(bram_slice *s);

#endif
