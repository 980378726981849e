/*
 * cmd_merge.c - `bramble merge INTO FROM...`: results folders of shards into one.
 */
#include "output.h"

#include <bramble/benchmark.h>

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    size_t n = bram_cli_arguments(args);
    const char **from = bram_scratch(cx, n, sizeof *from);
    if (!from) return BRAM_ENOMEM;
    for (size_t i = 1; i < n; i++) from[i - 1] = bram_cli_argument(args, i);
    return bram_merge(cx, bram_cli_argument(args, 0), from, n - 1);
}

const bram_command bram_command_merge = {
    .name = "merge",
    .summary = "puts the results of several runs (shards) into one folder",
    .arguments = "INTO FROM...",
    .about =
        "Copies the cells and plans of the folders FROM into the folder INTO, which is made when "
        "it is absent. Two different results under one key are an error.",
    .options = (const bram_cli_option[]){{NULL}},
    .examples = (const bram_cli_example[]){{"bramble merge results part1 part2 part3",
                                            "after three shards"},
                                           {"bramble leaderboard results",
                                            "as if they had been one run"},
                                           {NULL, NULL}},
    .least = 2,
    .most = SIZE_MAX,
    .run = run,
};
