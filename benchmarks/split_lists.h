/*
 * split_lists.h - splits of other tools, from the lists of train and test rows that they stored.
 *
 * The file is JSON: {"train": [[...], ...], "test": [[...], ...]}, one list a split, or {"splits":
 * [{"train": [...], "test": [...]}, ...]}. Entries are ids of stimuli (texts) or rows from 0
 * (whole numbers) in the order of the response.
 */
#ifndef BRAMBLE_BENCHMARKS_SPLIT_LISTS_H
#define BRAMBLE_BENCHMARKS_SPLIT_LISTS_H

#include <bramble/axis.h>

/** What a stimulus is in a split. */
enum { BRAM_UNUSED, BRAM_TRAINED, BRAM_TESTED };

/**
 * @param role   receives splits x stimuli of the above, one after the other: bram_free
 * @param spec   "PATH@DIGITS": DIGITS are the first 8 or more hex digits of the file's SHA-256, so
 *               that results never belong to another file
 * @return BRAM_OK; BRAM_EUSAGE without DIGITS; BRAM_EREAD; BRAM_EFORMAT: another file, no lists, a
 *         stimulus that is not there, twice in a list, or on both sides; BRAM_ENOMEM
 */
int bram_split_lists_read(bram_ctx *cx, uint8_t **role, size_t *splits, const char *spec,
                          const bram_axis *stimulus) BRAM_MUST_CHECK;

#endif
