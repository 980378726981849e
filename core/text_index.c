/*
 * text_index.c - a hash index over an array of strings.
 *
 * The hash is FNV-1a with 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv), finished by a
 * multiplication that brings its high bits down. At most half of the slots are used.
 */
#include "text_index.h"

#include "internal.h"

#include <assert.h>
#include <string.h>

static uint64_t hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* The slot that holds text, or the free one where it would go. */
static size_t *slot_of(const bram_text_index *index, const char *const *strings, const char *text)
{
    size_t i = (size_t)hash(text) & (index->capacity - 1);
    while (index->slots[i] && strcmp(strings[index->slots[i] - 1], text) != 0)
        i = (i + 1) & (index->capacity - 1);
    return &index->slots[i];
}

int bram_text_index_reserve(bram_ctx *cx, bram_text_index *index, const char *const *strings,
                            size_t count)
{
    if (count > SIZE_MAX / 4)
        return bram_fail(cx, BRAM_ENOMEM, "no memory for an index of %zu strings", count);
    size_t capacity = index->capacity ? index->capacity : 8;
    while (capacity < 2 * count) capacity *= 2;
    if (capacity == index->capacity) return BRAM_OK;
    bram_text_index grown = {bram_alloc(cx, capacity, sizeof *grown.slots), capacity, index->used};
    if (!grown.slots) return BRAM_ENOMEM;
    for (size_t i = 0; i < index->capacity; i++)
        if (index->slots[i])
            *slot_of(&grown, strings, strings[index->slots[i] - 1]) = index->slots[i];
    bram_free(index->slots);
    *index = grown;
    return BRAM_OK;
}

size_t bram_text_index_add(bram_text_index *index, const char *const *strings, size_t at)
{
    size_t *slot = slot_of(index, strings, strings[at]);
    if (*slot) return *slot - 1;
    assert(2 * index->used < index->capacity);
    *slot = at + 1;
    index->used++;
    return at;
}

ptrdiff_t bram_text_index_find(const bram_text_index *index, const char *const *strings,
                               const char *text)
{
    return index->capacity ? (ptrdiff_t)*slot_of(index, strings, text) - 1 : -1;
}

void bram_text_index_release(bram_text_index *index)
{
    bram_free(index->slots);
    *index = (bram_text_index){0};
}
