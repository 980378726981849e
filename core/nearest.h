/*
 * nearest.h - "did you mean": the known word nearest to an unknown one.
 */
#ifndef BRAMBLE_CORE_NEAREST_H
#define BRAMBLE_CORE_NEAREST_H

#include <stddef.h>

/**
 * The number of letters to insert, delete, change or swap with their neighbour that make b of a
 * (each place changed once: optimal string alignment). Words are read to 63 bytes.
 */
size_t bram_edit_distance(const char *a, const char *b);

/**
 * @param stride bytes from one name to the next, so that a field of a table of structs can be
 *               searched: bram_nearest("x", &table[0].name, n, sizeof table[0])
 * @return the first of the names with the least distance from word (capitals count as small ones),
 *         if that is at most a third of the longer word, rounded up; else NULL
 */
const char *bram_nearest(const char *word, const char *const *names, size_t count, size_t stride);

#endif
