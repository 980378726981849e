/*
 * name_list.h - the lists of names that the Leifer laboratory keeps beside its matrices: one line
 * for each neuron, "007<TAB>ADLR".
 */
#ifndef BRAMBLE_LOADERS_NAME_LIST_H
#define BRAMBLE_LOADERS_NAME_LIST_H

#include <bramble/loader.h>

/**
 * Reads a list of `expected` names. The indices must run from 0 in steps of 1.
 *
 * @param names  one block with the texts; the caller frees it
 * @return BRAM_OK; BRAM_EREAD; BRAM_EFORMAT: file, line, found, expected; BRAM_ENOMEM
 */
int bram_name_list_read(bram_ctx *cx, char ***names, size_t expected,
                        const char *path) BRAM_MUST_CHECK;

/** @return whether a file begins as such a list does */
bool bram_name_list_is(const char *path);

/** `belongs` of loaders whose matrices need such a list of the 300 neurons. */
int bram_name_list_belongs(bram_ctx *cx, const char *path, bram_recognition *out) BRAM_MUST_CHECK;

/**
 * Of the files behind the first: the list in the folder of the first, else the first list.
 *
 * @return BRAM_OK; BRAM_EUSAGE: there is none
 */
int bram_name_list_choose(bram_ctx *cx, const char **out, const bram_input *input) BRAM_MUST_CHECK;

#endif
