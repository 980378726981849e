/*
 * definition.h - where benchmark definitions are.
 */
#ifndef BRAMBLE_BENCHMARKS_DEFINITION_H
#define BRAMBLE_BENCHMARKS_DEFINITION_H

/** Folders, separated by ':': the source tree's, so that an edit is seen at once, then the
 * installed one. Made by meson from definition_folders.c.in. $BRAMBLE_BENCHMARKS comes before them.
 */
extern const char bram_definition_folders[];

#endif
