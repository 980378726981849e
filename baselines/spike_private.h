/*
 * spike_private.h - what spike_model.c and spike_answer.c share.
 */
#ifndef BRAMBLE_BASELINES_SPIKE_PRIVATE_H
#define BRAMBLE_BASELINES_SPIKE_PRIVATE_H

#include "spike_model.h"

/** Coefficients of a unit in a state: 1 + units B + inputs. */
size_t bram_spike_width(const bram_spike_model *m);

/** All rows of a segment; what is missing (or held out) stands at its mean. */
int bram_spike_fill(bram_ctx *cx, bram_mat *out, const bram_spike_model *m, const bram_segment *s,
                    const uint8_t *held_out) BRAM_MUST_CHECK;

/** The inputs of row t behind the history in u, a row of a design: what is missing, and what lies
 * beyond the last row, at its mean. @return BRAM_OK; BRAM_ENUMERIC for a present one not finite */
int bram_spike_inputs(bram_ctx *cx, double *u, const bram_spike_model *m, const bram_segment *s,
                      size_t t) BRAM_MUST_CHECK;

/** Rows from .. from + design->rows - 1 of the design of a segment whose filled rows are given. */
int bram_spike_design(bram_ctx *cx, bram_mat *design, const bram_spike_model *m,
                      const bram_segment *s, const bram_mat *filled, size_t from) BRAM_MUST_CHECK;

#endif
