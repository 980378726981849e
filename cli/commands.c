/*
 * commands.c - the table of commands, the options that all of them take, and what the program says
 * about itself.
 */
#include "help.h"

#include <string.h>

/* clang-format off */
extern const bram_command bram_command_benchmark, bram_command_bundle, bram_command_check, bram_command_consensus,
    bram_command_diff, bram_command_dimension, bram_command_duplicates, bram_command_export, bram_command_fetch,
    bram_command_fit, bram_command_import, bram_command_infer, bram_command_info,
    bram_command_leaderboard, bram_command_links, bram_command_list, bram_command_merge,
    bram_command_motifs, bram_command_nlb, bram_command_predict, bram_command_rdm,
    bram_command_reliability, bram_command_report, bram_command_run, bram_command_score,
    bram_command_searchlight, bram_command_simulate, bram_command_splits, bram_command_submit,
    bram_command_tutorial, bram_command_verify;

const bram_command *const bram_commands[] = {
    &bram_command_tutorial,
    &bram_command_list,
    &bram_command_benchmark,
    &bram_command_fetch,
    &bram_command_import,
    &bram_command_info,
    &bram_command_check,
    &bram_command_duplicates,
    &bram_command_splits,
    &bram_command_export,
    &bram_command_consensus,
    &bram_command_simulate,
    &bram_command_run,
    &bram_command_merge,
    &bram_command_leaderboard,
    &bram_command_report,
    &bram_command_diff,
    &bram_command_submit,
    &bram_command_verify,
    &bram_command_bundle,
    &bram_command_score,
    &bram_command_rdm,
    &bram_command_reliability,
    &bram_command_searchlight,
    &bram_command_infer,
    &bram_command_dimension,
    &bram_command_nlb,
    &bram_command_links,
    &bram_command_motifs,
    &bram_command_fit,
    &bram_command_predict,
    NULL,
};
/* clang-format on */

const bram_cli_option bram_cli_global_options[] = {
    {"format", 0, "FORMAT", "How results are written", "text|csv|tsv|json|md", "Global options"},
    {"threads", 0, "N", "Threads to use; 0 is one for each processor; the results are the same",
     NULL, "Global options"},
    {"memory", 0, "SIZE", "Memory that may be used, such as 8G", NULL, "Global options"},
    {"progress", 0, "HOW", "Progress on stderr; auto: on a terminal only", "auto|plain|jsonl|none",
     "Global options"},
    {"color", 0, "WHEN", "Colour of messages on a terminal", "auto|never", "Global options"},
    {"plugin", 0, "FILE",
     "A shared object with models, metrics or loaders of your own; also "
     "$BRAMBLE_PLUGINS, a list separated by colons",
     NULL, "Global options", .repeat = true},
    {"quiet", 'q', NULL, "No notes and no progress; errors only", NULL, "Global options"},
    {"help", 'h', NULL, "Shows help with examples", NULL, "Global options"},
    {"version", 'V', NULL, "Shows the versions of bramble and of its libraries", NULL,
     "Global options"},
    {"generate-man", 0, "DIR", "Writes the man pages into a folder", NULL, "Global options",
     .hidden = true},
    {"generate-completion", 0, "SHELL", "Writes the completion script of a shell", "bash|zsh|fish",
     "Global options", .hidden = true},
    {NULL},
};

const char bram_cli_summary[] = "brain-model benchmarks and leaderboards";

const char bram_cli_about[] =
    "Turns neural recordings and connectomes of many laboratories into one form, scores models "
    "against them beside baselines and noise ceilings, and writes leaderboards and reports.";

const bram_cli_example bram_cli_examples[] = {
    {"bramble list metrics", "what there is to score with"},
    {"bramble import RAW.h5 -o worm.h5", "a laboratory's file to the homogenized form"},
    {"bramble info worm.h5", "what is in it"},
    {NULL, NULL},
};

const bram_command *bram_command_find(const char *name)
{
    for (size_t i = 0; bram_commands[i]; i++)
        if (!strcmp(bram_commands[i]->name, name)) return bram_commands[i];
    return NULL;
}
