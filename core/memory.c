/*
 * memory.c - heap memory with overflow checks, a message on failure, and failure on demand for the
 * fault-injection tests.
 *
 * Large arrays ask for large pages where the kernel gives them on request (Linux): their first
 * touch, 4 KB at a time, costs a third of an RDM of 5000 conditions.
 */
#define _DEFAULT_SOURCE /* madvise */
#include "internal.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static atomic_size_t made, fail_at;
static atomic_bool fail_after;

bool bram_overflows(size_t count, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(count, size, &bytes) || bytes > PTRDIFF_MAX;
}

void bram_fail_allocation(size_t k, bool sticky)
{
    made = 0;
    fail_at = k;
    fail_after = sticky;
}

size_t bram_allocations(void)
{
    return made;
}

static bool must_fail(void)
{
    size_t k = ++made, at = fail_at;
    return at && (k == at || (fail_after && k > at));
}

void *bram_malloc(size_t bytes)
{
    return must_fail() ? NULL : malloc(bytes ? bytes : 1);
}

void *bram_remalloc(void *memory, size_t bytes)
{
    return must_fail() ? NULL : realloc(memory, bytes ? bytes : 1);
}

/* Only whole large pages within the array; what the kernel makes of it does not matter. */
static void prefer_large_pages(void *memory, size_t bytes)
{
    enum { LARGE = 16 << 20, PAGE = 2 << 20 };
    if (!memory || bytes < LARGE) return;
#ifdef MADV_HUGEPAGE
    size_t skip = (PAGE - (uintptr_t)memory % PAGE) % PAGE;
    (void)madvise((char *)memory + skip, (bytes - skip) / PAGE * PAGE, MADV_HUGEPAGE);
#endif
}

void *bram_zeroed(size_t bytes)
{
    if (must_fail()) return NULL;
    void *memory = calloc(bytes ? bytes : 1, 1);
    prefer_large_pages(memory, bytes);
    return memory;
}

static void *no_memory(bram_ctx *cx, size_t count, size_t size)
{
    bram_fail(cx, BRAM_ENOMEM, "no memory for %zu items of %zu bytes", count, size);
    return NULL;
}

void *bram_alloc(bram_ctx *cx, size_t count, size_t size)
{
    void *memory = bram_overflows(count, size) ? NULL : bram_zeroed(count * size);
    return memory ? memory : no_memory(cx, count, size);
}

void *bram_realloc(bram_ctx *cx, void *memory, size_t count, size_t size)
{
    if (bram_overflows(count, size)) return no_memory(cx, count, size);
    void *grown = bram_remalloc(memory, count * size);
    return grown ? grown : no_memory(cx, count, size);
}

char *bram_strdup(bram_ctx *cx, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = bram_alloc(cx, bytes, 1);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

char *bram_strf(bram_ctx *cx, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0) return no_memory(cx, 1, 1);
    char *text = bram_alloc(cx, (size_t)length + 1, 1);
    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}

void bram_free(void *memory)
{
    free(memory);
}

void bram_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0); /* it keeps what lies below anything that is still in use */
#endif
}
