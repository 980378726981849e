/*
 * import_report.h - what `bramble import` says of an import: traces by certainty, every trace, and
 * files.
 */
#ifndef BRAMBLE_CLI_IMPORT_REPORT_H
#define BRAMBLE_CLI_IMPORT_REPORT_H

#include "args.h"
#include "collection.h"

/** Prints the traces of a dataset: each (--report), or counts by certainty. Below stands which
 *  loader was taken for its files and why, where that was recognised. */
int bram_cli_report_traces(bram_ctx *cx, const bram_cli_args *args, const bram_dataset *ds,
                           const bram_collection *c) BRAM_MUST_CHECK;

/** Prints a row for each file: what it is, why, and where it went. */
int bram_cli_report_files(bram_ctx *cx, const bram_cli_args *args,
                          const bram_collection *c) BRAM_MUST_CHECK;

/** @return whether a file should have been imported and was not */
bool bram_cli_is_failure(const bram_collected *f);

/** Names on stderr each file that could not be imported, with the reason. @return how many */
size_t bram_cli_name_failures(const bram_collection *c);

#endif
