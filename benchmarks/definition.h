/*
 * definition.h - where benchmark definitions are.
 */
#ifndef BRAMBLE_BENCHMARKS_DEFINITION_H
#define BRAMBLE_BENCHMARKS_DEFINITION_H

#include <bramble/context.h>

/** Folders, separated by ':': the source tree's, so that an edit is seen at once, then the
 * installed one. Made by meson from definition_folders.c.in. $BRAMBLE_BENCHMARKS comes before them.
 */
extern const char bram_definition_folders[];

/**
 * Finds NAME.yaml in two colon-separated lists of folders, in each below the folder `below`.
 *
 * @param before  the first list; NULL: none
 * @param out     its path, for bram_free; NULL when there is none
 */
int bram_definition_find(bram_ctx *cx, char **out, const char *before, const char *folders,
                         const char *below, const char *name) BRAM_MUST_CHECK;

/** All the names that bram_definition_find knows there, in byte order. */
int bram_definition_names(bram_ctx *cx, char ***out, size_t *count, const char *before,
                          const char *folders, const char *below) BRAM_MUST_CHECK;
void bram_definition_names_free(char **names, size_t count);

#endif
