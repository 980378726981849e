/*
 * encoding_checks.h - what the metric encoding refuses before it fits: sides, folds, leaks.
 */
#ifndef BRAMBLE_METRICS_ENCODING_CHECKS_H
#define BRAMBLE_METRICS_ENCODING_CHECKS_H

#include <bramble/metric.h>

/** Equal rows, complete features, numbers throughout. @return BRAM_OK; BRAM_ESHAPE;
 *  BRAM_ENOTAPPLICABLE for a missing feature; BRAM_ENUMERIC */
int bram_encoding_check_sides(bram_ctx *cx, const bram_side *model,
                              const bram_side *brain) BRAM_MUST_CHECK;

/** No row is for fitting and for scoring; inner folds stay within the training rows. @return
 *  BRAM_OK; BRAM_ESHAPE; BRAM_EUSAGE; BRAM_ENOMEM */
int bram_encoding_check_fold(bram_ctx *cx, const bram_fold *fold, size_t rows) BRAM_MUST_CHECK;

/** No image (column of the rows) is in training and test rows. @return BRAM_OK; BRAM_EUSAGE naming
 *  it; BRAM_ENOMEM */
int bram_encoding_check_leaks(bram_ctx *cx, const bram_side *side,
                              const bram_fold *fold) BRAM_MUST_CHECK;

#endif
