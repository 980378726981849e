/*
 * list_data.h - the tables of `bramble list` that look at files: datasets, benchmarks, suites.
 */
#ifndef BRAMBLE_CLI_LIST_DATA_H
#define BRAMBLE_CLI_LIST_DATA_H

#include "args.h"
#include "table.h"

/**
 * What can be imported (loaders), what is published (manifests), what is made by code.
 *
 * @param root  the data root, of which is told what is there; NULL: none
 */
int bram_cli_list_datasets(bram_ctx *cx, bram_table **out, const char *root) BRAM_MUST_CHECK;
int bram_cli_list_benchmarks(bram_ctx *cx, bram_table **out, const char *root) BRAM_MUST_CHECK;
int bram_cli_list_ways(bram_ctx *cx, bram_table **out, const char *root) BRAM_MUST_CHECK;
int bram_cli_list_suites(bram_ctx *cx, bram_table **out, const char *root) BRAM_MUST_CHECK;

#endif
