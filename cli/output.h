/*
 * output.h - how commands hand out tables and documents in the format that was asked for.
 */
#ifndef BRAMBLE_CLI_OUTPUT_H
#define BRAMBLE_CLI_OUTPUT_H

#include "args.h"
#include "json.h"
#include "table.h"

/** @return the format that --format names, or the one given here when it is absent */
bram_table_format bram_cli_format(const bram_cli_args *args, bram_table_format fallback);

/** Writes a table to stdout by --format and the terminal. */
int bram_cli_print_table(bram_ctx *cx, const bram_cli_args *args,
                         const bram_table *t) BRAM_MUST_CHECK;

/** Writes a JSON document to stdout; frees it, also on failure. */
int bram_cli_print_json(bram_ctx *cx, bram_json_out *o) BRAM_MUST_CHECK;

/** Writes a buffer to stdout and releases it. */
int bram_cli_print_buffer(bram_ctx *cx, bram_buffer *b) BRAM_MUST_CHECK;

#endif
