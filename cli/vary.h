/*
 * vary.h - a suite's benchmarks asked otherwise (--learning-curve, --multiverse,
 * --identifiability), and what came of it.
 */
#ifndef BRAMBLE_CLI_VARY_H
#define BRAMBLE_CLI_VARY_H

#include "args.h"

#include <bramble/benchmark.h>

/** @return whether one of the options is given */
bool bram_cli_varies(const bram_cli_args *args);

/**
 * Puts the variations that the options ask for in the place of the suite's benchmarks. Those of a
 * suite that cannot be varied so are left out with a note.
 *
 * @return BRAM_OK; BRAM_EUSAGE: two of the options, or no benchmark is left; errors of reading
 */
int bram_cli_vary(bram_ctx *cx, const bram_cli_args *args, bram_suite *suite,
                  const bram_run_settings *settings) BRAM_MUST_CHECK;

/** Prints what a results folder knows of them. @param only  a benchmark; NULL: all */
int bram_cli_print_variations(bram_ctx *cx, const bram_cli_args *args, const bram_results *r,
                              const char *only) BRAM_MUST_CHECK;

#endif
