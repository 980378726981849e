/*
 * command.h - what a command of the program is: one struct that holds its options, examples and
 * function. Help texts, man pages and shell completions are all made from these tables, so that
 * they cannot disagree with what the program accepts.
 *
 * A new command: one file cli/cmd_NAME.c that defines bram_command_NAME, a line in cli/meson.build,
 * and a line in the table of cli/commands.c.
 */
#ifndef BRAMBLE_CLI_COMMAND_H
#define BRAMBLE_CLI_COMMAND_H

#include <bramble/context.h>

/** An option. A table ends with an entry whose name is NULL. */
typedef struct bram_cli_option {
    const char *name;     /* without the dashes */
    char letter;          /* its short form, 0 for none */
    const char *argument; /* what its value is called ("FILE"); NULL for a switch */
    const char *help;     /* one sentence, without the full stop */
    const char *choices;  /* the allowed values, separated by |; NULL: anything */
    const char *group;    /* heading it stands under; NULL: "Options" */
    bool repeat;          /* may be given more than once */
    bool hidden;          /* works, but stands in no help text */
} bram_cli_option;

/** A line to copy, and what it does. A table ends with an entry whose line is NULL. */
typedef struct bram_cli_example {
    const char *line;
    const char *says;
} bram_cli_example;

typedef struct bram_cli_args bram_cli_args;

/** A command's answer that is no failure: a check said no, a cell failed. Exit code 1. */
enum { BRAM_CLI_NO = 1 };

typedef struct bram_command {
    const char *name;
    const char *summary;   /* one line, no full stop */
    const char *arguments; /* the usage after the name and before the options: "FILE..." */
    const char *about;     /* paragraphs, separated by an empty line */
    const bram_cli_option *options;
    const bram_cli_example *examples;
    size_t least, most; /* how many arguments it takes */
    const char *words;  /* what the first argument may be, separated by |; NULL: a file */
    bool only_text;     /* writes a stream of its own: --format is not for it */
    bool computes;      /* does much linear algebra: worth the right BLAS kernels (kernels.h) */

    /**
     * Does the work. Results go through bram_cli_print; messages through the context.
     * @return BRAM_OK, BRAM_CLI_NO, or a negative bram_status with its message
     */
    int (*run)(bram_ctx *cx, const bram_cli_args *args);
} bram_command;

/** All commands in the order of the help text; NULL ends it (commands.c). */
extern const bram_command *const bram_commands[];

/** The options that every command takes (commands.c). */
extern const bram_cli_option bram_cli_global_options[];

/** @return the command of this name, or NULL */
const bram_command *bram_command_find(const char *name);

#endif
