/*
 * submit.h - a model's files packed into a submission to a benchmark, and a submission held against
 * the benchmark. Neither runs a program of the user's.
 */
#ifndef BRAMBLE_BENCHMARKS_SUBMIT_H
#define BRAMBLE_BENCHMARKS_SUBMIT_H

#include "submission.h"

#include <bramble/benchmark.h>

/**
 * Packs what a model from files answers to a benchmark: exactly the rows that are asked for.
 *
 * @param spec  files:..., predictions:... or forecasts:...
 * @param card  text of the card
 * @return BRAM_OK; BRAM_EUSAGE: another model; BRAM_ENOTAPPLICABLE: the benchmark asks nothing that
 *         files can answer, or the files lack a row or unit, named; BRAM_EFORMAT: the card;
 *         BRAM_EWRITE
 */
int bram_submit(bram_ctx *cx, const bram_benchmark *b, const bram_dataset *ds, const char *spec,
                const char *card, const char *path, bool replace) BRAM_MUST_CHECK;

/**
 * Whether a submission answers a benchmark on a dataset: the same benchmark, version, options and
 * data; every row and unit that is asked for, and none besides.
 *
 * @return BRAM_OK; BRAM_EFORMAT with the reason; BRAM_ENOTAPPLICABLE; BRAM_ENOMEM
 */
int bram_submission_check(bram_ctx *cx, const bram_submission *s, const bram_benchmark *b,
                          const bram_dataset *ds) BRAM_MUST_CHECK;

#endif
