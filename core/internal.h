/*
 * internal.h - what the files of the library share about contexts and memory; not installed.
 */
#ifndef BRAMBLE_CORE_INTERNAL_H
#define BRAMBLE_CORE_INTERNAL_H

#include <bramble/context.h>

/** true when count * size does not fit in size_t */
bool bram_overflows(size_t count, size_t size);

/**
 * For fault-injection tests: the k-th heap allocation of this process from now on fails (1 is the
 * next one), and so do all after it when `sticky`; 0 switches this off. Not for use with threads.
 */
void bram_fail_allocation(size_t k, bool sticky);

/** @return how many heap allocations were made since the last bram_fail_allocation */
size_t bram_allocations(void);

/** Gives memory that was freed back to the system where it would stay with the process. */
void bram_give_back(void);

/** malloc (zeroed or not) and realloc of the library, which count for bram_fail_allocation */
void *bram_malloc(size_t bytes);
void *bram_zeroed(size_t bytes);
void *bram_remalloc(void *memory, size_t bytes);

#endif
