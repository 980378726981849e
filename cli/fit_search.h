/* fit_search.h - `bramble fit --search N`: trials, kept in a table that a later run goes on from.
 */
#ifndef BRAMBLE_CLI_FIT_SEARCH_H
#define BRAMBLE_CLI_FIT_SEARCH_H

#include <bramble/model.h>

/**
 * Runs the trials that the table lacks (spec: the base of all) and says which was best, on the
 * heap; the table is a CSV file with a row for each trial: search, trial, error, spec.
 *
 * @return BRAM_OK; BRAM_EUSAGE: the table is of another search, or nothing can be drawn;
 * BRAM_EWRITE
 */
int bram_cli_search(bram_ctx *cx, char **best, const char *table, const char *spec, size_t trials,
                    uint64_t seed, const bram_panel *train,
                    const bram_panel *validation) BRAM_MUST_CHECK;

#endif
