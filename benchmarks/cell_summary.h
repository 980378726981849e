/*
 * cell_summary.h - DIR/summaries/NAME.bin: what tables need of the cells of a benchmark, in one
 * file.
 *
 * A leaderboard of ten thousand cells must not open ten thousand HDF5 files. The summary holds
 * attributes, raw values and draws of each cell under the SHA-256 of the cell's file: the file is
 * hashed whenever its summary is used, and one that has other bytes, or has no summary, is opened
 * instead. So cells stay the only truth: a summary may be old, damaged, of another program's
 * version or gone, and nothing changes but the time it takes.
 *
 *   header   magic of 32 bytes with the versions and the order of bytes; number of entries
 *   entry    key, SHA-256 of the cell's file, SHA-256 of what is packed, offset, length
 *   packed   see dataset_pack.h
 */
#ifndef BRAMBLE_BENCHMARKS_CELL_SUMMARY_H
#define BRAMBLE_BENCHMARKS_CELL_SUMMARY_H

#include <bramble/dataset.h>

typedef struct bram_cell_summary bram_cell_summary;

/**
 * Opens the summary of a benchmark. Absent, unreadable and foreign ones give NULL.
 *
 * @return BRAM_OK; BRAM_ENOMEM
 */
int bram_cell_summary_open(bram_ctx *cx, bram_cell_summary **out, const char *dir,
                           const char *benchmark) BRAM_MUST_CHECK;

/** NULL is allowed. Datasets taken from it live on. */
void bram_cell_summary_free(bram_cell_summary *s);

/**
 * What is kept of a cell whose file has the bytes that were summarized. May be called by several
 * threads. Cost: the cell's file is read and hashed.
 *
 * @param ds      attributes, "raw" and "draw"; NULL where the cell's file must be opened instead
 * @param others  the paths of the arrays that only the file has, one a line; for bram_free
 * @return BRAM_OK; BRAM_EREAD: the cell's file; BRAM_ENOMEM
 */
int bram_cell_summary_take(bram_ctx *cx, bram_dataset **ds, char **others,
                           const bram_cell_summary *s, const char *dir,
                           const char *key) BRAM_MUST_CHECK;

/**
 * Makes the summary of a benchmark anew from its plan, keeping the entries that still hold. A cell
 * that cannot be read gets none: who reads the results will say why.
 *
 * @param from   results folders whose summaries may have entries of these cells, too, as a cell
 *               that was copied has the same bytes; NULL when `count` is 0
 * @return BRAM_OK; BRAM_EREAD, BRAM_EFORMAT: the plan; BRAM_EWRITE; BRAM_ECANCEL; BRAM_ENOMEM
 */
int bram_cell_summary_write(bram_ctx *cx, const char *dir, const char *benchmark,
                            const char *const *from, size_t count) BRAM_MUST_CHECK;

#endif
