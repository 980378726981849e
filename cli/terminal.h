/*
 * terminal.h - the program's side of the screen: results to stdout, messages to stderr, colour and
 * progress where a person is watching, signals, exit codes.
 */
#ifndef BRAMBLE_CLI_TERMINAL_H
#define BRAMBLE_CLI_TERMINAL_H

#include "args.h"

/**
 * Sets up colour, progress, notes and the cancel flag of cx by the global options (--color,
 * --progress, --quiet).
 */
void bram_cli_terminal_start(bram_ctx *cx, const bram_cli_args *args);

/** @return whether a person is watching a screen that can be drawn on */
bool bram_cli_is_screen(void);

/** Shows lines (each with its end) in place of what is shown; a message takes them off. */
void bram_cli_draw(const char *lines);

/** "45 s", "12 min", "3 h 05 min" */
void bram_cli_duration(char *text, size_t room, double seconds);

/** Rows of the terminal that messages go to; 24 where it is not known. */
size_t bram_cli_height(void);

/** Takes progress off the screen. */
void bram_cli_terminal_end(void);

/** "bramble: " and a message to stderr. */
void bram_cli_say(const char *format, ...) BRAM_PRINTF(1, 2);

/** Signals end trainings with what they have (bram_ctx_set_finish) and stop nothing else. */
void bram_cli_finish_on_signal(bram_ctx *cx);

/** @return whether a signal has come */
bool bram_cli_signalled(void);

/** Columns of stdout: $COLUMNS, else of the terminal, else 80. */
size_t bram_cli_width(void);

/** @return whether stdout shows UTF-8, by the locale */
bool bram_cli_utf8(void);

/** Writes a result to stdout. @return BRAM_OK; BRAM_EWRITE */
int bram_cli_print(bram_ctx *cx, const char *text, size_t length) BRAM_MUST_CHECK;

/** Flushes and closes stdout, where a full disk shows at last. @return BRAM_OK; BRAM_EWRITE */
int bram_cli_close_output(bram_ctx *cx) BRAM_MUST_CHECK;

/** Whether the reader of stdout has gone away (`| head`): no message is wanted then. */
bool bram_cli_pipe_closed(void);

/** The exit code of what a command returned: 0 1 2 3 4 5 130. */
int bram_cli_exit_code(int status);

#endif
