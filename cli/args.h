/*
 * args.h - the command line, read by the tables of command.h.
 *
 * `--name value`, `--name=value`, `-x value`, `-xvalue` and switches together (`-qf`) are all
 * understood; options and arguments may be mixed; `--` ends the options. What is not known is an
 * error that names the nearest thing known.
 */
#ifndef BRAMBLE_CLI_ARGS_H
#define BRAMBLE_CLI_ARGS_H

#include "command.h"

/**
 * Reads what follows a command's name. Nothing is copied: argv must outlive the result.
 *
 * @param command  NULL for the options before a command: reading then stops at the first argument
 * @param used     how many of argv were read; NULL when all must be
 * @return BRAM_OK; BRAM_EUSAGE; BRAM_ENOMEM
 */
int bram_cli_args_new(bram_ctx *cx, bram_cli_args **out, const bram_command *command, size_t argc,
                      char *const *argv, size_t *used) BRAM_MUST_CHECK;
void bram_cli_args_free(bram_cli_args *args);

/** Adds the options of `first` before those of `args`, as if they stood there. */
int bram_cli_args_prepend(bram_ctx *cx, bram_cli_args *args,
                          const bram_cli_args *first) BRAM_MUST_CHECK;

/** Checks the number of arguments and, where the command lists words, the first of them. */
int bram_cli_args_check(bram_ctx *cx, const bram_cli_args *args) BRAM_MUST_CHECK;

/** The arguments that are not options. */
size_t bram_cli_arguments(const bram_cli_args *args);
const char *bram_cli_argument(const bram_cli_args *args, size_t i);

/** How often an option was given, and its i-th value ("" for a switch). */
size_t bram_cli_count(const bram_cli_args *args, const char *name);
const char *bram_cli_value(const bram_cli_args *args, const char *name, size_t i);

/** @return the last value of an option, or the fallback; whether a switch was given */
const char *bram_cli_text(const bram_cli_args *args, const char *name, const char *fallback);
bool bram_cli_has(const bram_cli_args *args, const char *name);

/**
 * The last value of an option as a whole number within [low, high], or the fallback.
 * @return BRAM_OK; BRAM_EUSAGE saying what was found and expected
 */
int bram_cli_integer(bram_ctx *cx, const bram_cli_args *args, const char *name, int64_t low,
                     int64_t high, int64_t fallback, int64_t *out) BRAM_MUST_CHECK;

/** The same for a number of bytes: digits and an optional K, M, G or T (powers of 1024). */
int bram_cli_bytes(bram_ctx *cx, const bram_cli_args *args, const char *name, size_t fallback,
                   size_t *out) BRAM_MUST_CHECK;

/**
 * The entry of a |-separated list that is nearest to a misspelt word.
 *
 * @return its first byte and, in length, how long it is; NULL when none is near
 */
const char *bram_cli_nearest(const char *word, const char *choices, size_t *length);

/** @return whether the word is one of a |-separated list */
bool bram_cli_is_choice(const char *word, const char *choices);

#endif
