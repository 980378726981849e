/*
 * help.h - everything that is written from the command tables: help texts, man pages, completions.
 */
#ifndef BRAMBLE_CLI_HELP_H
#define BRAMBLE_CLI_HELP_H

#include "buffer.h"
#include "command.h"

/** What the program is, in one line and in a few. */
extern const char bram_cli_summary[];
extern const char bram_cli_about[];

/** Examples of the program as a whole. */
extern const bram_cli_example bram_cli_examples[];

/** The help text of a command, or of the program (NULL); 80 columns. */
void bram_help_text(bram_buffer *out, const bram_command *command);

/** The man page of a command, or of the program (NULL), in man(7) macros. */
void bram_help_manual(bram_buffer *out, const bram_command *command);

/** The completion script of a shell: "bash", "zsh" or "fish". */
void bram_help_completion(bram_buffer *out, const char *shell);

#endif
