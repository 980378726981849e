/*
 * child.h - a program of the user's as a child process that is talked to in lines.
 *
 * The child runs in a process group of its own: what it starts ends with it. It is asked one line
 * at a time and answers with one line; what it writes to its standard error is kept (the end of it)
 * and put into the messages of failures.
 */
#ifndef BRAMBLE_CORE_CHILD_H
#define BRAMBLE_CORE_CHILD_H

#include <bramble/context.h>

typedef struct bram_child bram_child;

/**
 * Starts `/bin/sh -c command`.
 *
 * @return BRAM_OK; BRAM_EINTERNAL when no process can be made; BRAM_ENOMEM
 */
int bram_child_start(bram_ctx *cx, bram_child **out, const char *command) BRAM_MUST_CHECK;

/**
 * Sends a line and waits for the line that answers it. Heeds cancellation. After any failure the
 * child is gone, and further questions fail.
 *
 * @param line     without its end
 * @param reply    receives the answer without its end; owned by the child until the next question
 * @param seconds  how long to wait
 * @return BRAM_OK; BRAM_EREAD: the child ended, took too long, or sent a line that is too long or
 *         no text (what it wrote to its standard error stands in the message); BRAM_ECANCEL
 */
int bram_child_ask(bram_ctx *cx, bram_child *child, const char *line, const char **reply,
                   double seconds) BRAM_MUST_CHECK;

/** Closes the child's standard input, gives it a second to end, then kills its group. */
void bram_child_close(bram_child *child);

#endif
