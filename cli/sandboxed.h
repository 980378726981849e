/*
 * sandboxed.h - commands that read files from anywhere: the reading is done in a child process, as
 * container libraries can be crashed by hostile bytes, and its output is printed by the parent.
 */
#ifndef BRAMBLE_CLI_SANDBOXED_H
#define BRAMBLE_CLI_SANDBOXED_H

#include "args.h"
#include "buffer.h"

/**
 * What runs in the child: reads the file and writes its answer into a buffer.
 * @return BRAM_OK, BRAM_CLI_NO (the output is printed in both cases), or a negative status
 */
typedef int bram_cli_work(bram_ctx *cx, const bram_cli_args *args, const char *path,
                          bram_buffer *out);

/**
 * Runs work on a file in a child with limits of memory (--memory, else 4 GiB beyond the present
 * size) and processor time (by the file's size), and prints its output.
 *
 * @return what work returned; BRAM_EREAD when the file is absent; BRAM_EFORMAT when the child died
 */
int bram_cli_in_sandbox(bram_ctx *cx, const bram_cli_args *args, const char *path,
                        bram_cli_work *work) BRAM_MUST_CHECK;

#endif
