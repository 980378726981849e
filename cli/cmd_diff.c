/*
 * cmd_diff.c - `bramble diff BEFORE AFTER`: which numbers of two results folders differ, and why.
 */
#include "output.h"
#include "results_diff.h"
#include "terminal.h"

static int compare(bram_ctx *cx, const bram_cli_args *args, const bram_results *before,
                   const bram_results *after)
{
    bram_table *t = NULL;
    bram_diff_counts n;
    BRAM_TRY(bram_results_diff(cx, &t, &n, before, after, bram_cli_has(args, "all")));
    int status = bram_cli_print_table(cx, args, t);
    bram_table_free(t);
    return status == BRAM_OK && n.changed + n.only_before + n.only_after ? BRAM_CLI_NO : status;
}

static int run(bram_ctx *cx, const bram_cli_args *args)
{
    bram_results *before = NULL, *after = NULL;
    BRAM_TRY(bram_results_open(cx, &before, bram_cli_argument(args, 0)));
    int status = bram_results_open(cx, &after, bram_cli_argument(args, 1));
    if (status == BRAM_OK) status = compare(cx, args, before, after);
    bram_results_free(before);
    bram_results_free(after);
    return status;
}

const bram_command bram_command_diff = {
    .name = "diff",
    .summary = "which numbers of two results folders differ, and why",
    .arguments = "BEFORE AFTER",
    .about =
        "Prints each score that differs between two results folders, with what went into it and "
        "differs: the data, the definition (version, options, metrics), the model's spec or seed, "
        "the program's version; where none of these does, the model's own files or the version "
        "of some code. Exit 1 when anything differs.",
    .options = (const bram_cli_option[]){{"all", 'a', NULL, "Scores that are the same, too"},
                                         {NULL}},
    .examples = (const bram_cli_example[]){{"bramble diff results-2023 results", "what changed"},
                                           {"bramble diff old new --format csv", "for a program"},
                                           {NULL, NULL}},
    .least = 2,
    .most = 2,
    .run = run,
};
