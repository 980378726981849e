/*
 * kept.c - see kept.h. A list, the thing used last in front.
 */
#include "kept.h"

#include "internal.h"

#include <string.h>

enum { MOST_BYTES = 256 << 20, SHARE = 8, MOST_THINGS = 16 };

struct entry {
    struct entry *next;
    char *key;
    void *thing;
    size_t bytes;
    void (*release)(void *);
};

struct bram_kept {
    size_t references, limit, bytes, count;
    bool closed;
    struct entry *first;
};

bram_kept *bram_kept_new(size_t memory)
{
    bram_kept *k = bram_malloc(sizeof *k);
    size_t limit = memory && memory / SHARE < MOST_BYTES ? memory / SHARE : MOST_BYTES;
    if (k) *k = (bram_kept){.references = 1, .limit = limit};
    return k;
}

bram_kept *bram_kept_ref(bram_kept *k)
{
    k->references++;
    return k;
}

void bram_kept_unref(bram_kept *k)
{
    if (k && --k->references == 0) bram_free(k);
}

size_t bram_kept_limit(const bram_kept *k)
{
    return k->limit;
}

/* Takes an entry out of the list. @return the thing */
static void *unlink_entry(bram_kept *k, struct entry **at)
{
    struct entry *e = *at;
    void *thing = e->thing;
    *at = e->next;
    k->bytes -= e->bytes;
    k->count--;
    bram_free(e->key);
    bram_free(e);
    return thing;
}

void *bram_kept_take(bram_kept *k, const char *key)
{
    for (struct entry **at = &k->first; *at; at = &(*at)->next)
        if (strcmp((*at)->key, key) == 0) return unlink_entry(k, at);
    return NULL;
}

/* Lets the things at the end go until there is room. */
static void make_room(bram_kept *k, size_t bytes)
{
    while (k->first && (k->bytes > k->limit - bytes || k->count >= MOST_THINGS)) {
        struct entry **at = &k->first;
        while ((*at)->next) at = &(*at)->next;
        void (*release)(void *) = (*at)->release;
        release(unlink_entry(k, at));
    }
}

void bram_kept_give(bram_kept *k, const char *key, void *thing, size_t bytes,
                    void (*release)(void *))
{
    bool fits = !k->closed && bytes <= k->limit;
    struct entry *e = fits ? bram_malloc(sizeof *e) : NULL;
    size_t length = strlen(key) + 1;
    char *copy = e ? bram_malloc(length) : NULL;
    if (!copy) {
        bram_free(e);
        release(thing);
        return;
    }
    memcpy(copy, key, length);
    make_room(k, bytes);
    *e = (struct entry){k->first, copy, thing, bytes, release};
    k->first = e;
    k->bytes += bytes;
    k->count++;
}

void bram_kept_close(bram_kept *k)
{
    if (!k) return;
    k->closed = true;
    while (k->first) {
        void (*release)(void *) = k->first->release;
        release(unlink_entry(k, &k->first));
    }
    bram_kept_unref(k);
}
