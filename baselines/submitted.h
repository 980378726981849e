/*
 * submitted.h - the models `submission` and `submission-predictions` share: a submission's file in
 * memory.
 */
#ifndef BRAMBLE_BASELINES_SUBMITTED_H
#define BRAMBLE_BASELINES_SUBMITTED_H

#include "submission.h"

#include <bramble/model.h>

/** The option path; the state is a bram_submission. @return also BRAM_ENOTAPPLICABLE: it is of the
 *  other kind */
extern const bram_param bram_submitted_params[];
int bram_submitted_fit(bram_ctx *cx, void **fitted, const bram_options *o,
                       bool features) BRAM_MUST_CHECK;
void bram_submitted_release(void *fitted);

/** SHA-256 of the file. */
int bram_submitted_content(bram_ctx *cx, char hex[65], const bram_options *o) BRAM_MUST_CHECK;

#endif
