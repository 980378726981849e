/*
 * subsample_option.h - `bramble score --subsample-units SIZES` and `--subsample-conditions SIZES`:
 * a curve in place of a number.
 */
#ifndef BRAMBLE_CLI_SUBSAMPLE_OPTION_H
#define BRAMBLE_CLI_SUBSAMPLE_OPTION_H

#include "command.h"

#include <bramble/metric.h>

/* Lines of a command's table of options. */
#define BRAM_CLI_SUBSAMPLE_OPTIONS                                                                 \
    {"subsample-units", 0, "SIZES",                                                                \
     "A curve: score random subsets of so many units of the brain (10+30+100)"},                   \
        {"subsample-conditions", 0, "SIZES", "A curve over so many conditions (rows) instead"},    \
        {"repeats", 0, "N", "Random subsets of each size (default 100)"},                          \
    {                                                                                              \
        "seed", 0, "N", "Seed of the subsets (default 0)"                                          \
    }

/** @return whether a curve is asked for */
bool bram_cli_subsamples(const bram_cli_args *args);

/** Works the curve out and prints it as a table, by --format. */
int bram_cli_print_curve(bram_ctx *cx, const bram_cli_args *args, const char *spec,
                         const bram_side *model, const bram_side *brain) BRAM_MUST_CHECK;

#endif
