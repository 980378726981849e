/*
 * text_index.h - finds a string's position in an array of strings in expected constant time.
 *
 * The index holds positions only; the caller owns the strings and passes the same array each time.
 */
#ifndef BRAMBLE_CORE_TEXT_INDEX_H
#define BRAMBLE_CORE_TEXT_INDEX_H

#include <bramble/context.h>

typedef struct bram_text_index {
    size_t *slots; /* position + 1, 0 where free; open addressing with linear probing */
    size_t capacity, used;
} bram_text_index;

/** Makes room for `count` strings in all. @return BRAM_OK; BRAM_ENOMEM (the index is as before) */
int bram_text_index_reserve(bram_ctx *cx, bram_text_index *index, const char *const *strings,
                            size_t count) BRAM_MUST_CHECK;

/**
 * Adds strings[at]; of equal strings the one added first stays. There must be room.
 *
 * @return the position that now stands for this string: `at`, or that of an earlier equal one
 */
size_t bram_text_index_add(bram_text_index *index, const char *const *strings, size_t at);

/** @return the position of text, or -1 */
ptrdiff_t bram_text_index_find(const bram_text_index *index, const char *const *strings,
                               const char *text);

void bram_text_index_release(bram_text_index *index);

#endif
