/*
 * kept.h - things that are dear to make and wanted again, such as opened files of features: kept in
 * a context from one use to the next, as long as they are few bytes and no more than 16.
 *
 * Whoever takes a thing has it alone, and gives it back when it is done. What was used last stays
 * longest. A thing's key must say all that it was made of: name, inode, size and time of a file.
 */
#ifndef BRAMBLE_CORE_KEPT_H
#define BRAMBLE_CORE_KEPT_H

#include <bramble/context.h>

typedef struct bram_kept bram_kept;

/** A reference to the place where things of this context are kept; NULL without memory. It may
 *  outlive the context, and keeps nothing from then on. */
bram_kept *bram_kept_of(bram_ctx *cx);
void bram_kept_unref(bram_kept *k);

/** @return the bytes that may be kept in all: an eighth of the context's memory, 256 MB at most */
size_t bram_kept_limit(const bram_kept *k);

/** @return the thing of this key, which is the caller's then, or NULL */
void *bram_kept_take(bram_kept *k, const char *key);

/**
 * Gives a thing to be kept; where there is no room, or no memory, it is released at once.
 *
 * @param release  frees it
 */
void bram_kept_give(bram_kept *k, const char *key, void *thing, size_t bytes,
                    void (*release)(void *));

/* For the context: makes the place, lends references to it, and in the end lets everything go and
 * gives its own reference back (NULL is nothing). */
bram_kept *bram_kept_new(size_t memory);
bram_kept *bram_kept_ref(bram_kept *k);
void bram_kept_close(bram_kept *k);

#endif
