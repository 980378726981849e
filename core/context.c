/*
 * context.c - the context: message, scratch stack, settings, progress and notes.
 */
#include "internal.h"
#include "kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MESSAGE_BYTES = 1024,
    ALIGNMENT = 64,
    FIRST_CHUNK = 1 << 16,
    MOST_CHUNK = 1 << 18, /* unless one request is larger */
    MOST_SPARE = 1 << 22
};

/* Scratch memory is a list of chunks; `base` is the height of the stack at the chunk's first byte.
 * What lies above `touched` was never lent and is zero, so large arrays are not swept before use.
 */
struct chunk {
    struct chunk *below;
    unsigned char *memory;
    size_t base, used, touched, size;
};

struct bram_ctx {
    char message[MESSAGE_BYTES];
    struct chunk *top;
    struct chunk *spare; /* the one given back last, unless it is large: a loop at the border of a
                            chunk then needs no memory from the system */
    unsigned threads;
    size_t memory;
    const char *spill;
    const volatile int *cancel, *finish;
    bram_progress_fn *progress;
    void *progress_user;
    bram_note_fn *note;
    void *note_user;
    bram_kept *kept; /* NULL until it is asked for */
};

bram_ctx *bram_ctx_new(void)
{
    bram_ctx *cx = bram_malloc(sizeof *cx);
    if (cx) *cx = (bram_ctx){.threads = 1};
    return cx;
}

bram_ctx *bram_ctx_fork(bram_ctx *cx)
{
    bram_ctx *child = bram_ctx_new();
    if (!child) {
        bram_fail(cx, BRAM_ENOMEM, "no memory for a context");
        return NULL;
    }
    *child = *cx;
    child->top = child->spare = NULL;
    child->kept = NULL;
    child->message[0] = 0;
    return child;
}

static void free_chunk(struct chunk *c)
{
    if (c) bram_free(c->memory);
    bram_free(c);
}

void bram_ctx_free(bram_ctx *cx)
{
    if (!cx) return;
    bram_kept_close(cx->kept);
    bram_scratch_release(cx, 0);
    free_chunk(cx->spare);
    bram_free(cx);
}

bram_kept *bram_kept_of(bram_ctx *cx)
{
    if (!cx->kept) cx->kept = bram_kept_new(cx->memory);
    return cx->kept ? bram_kept_ref(cx->kept) : NULL;
}

/* Text out of a file may stand in a message: it must not break the line nor steer a terminal. */
static void make_one_line(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == '\177')
            *text = strchr("\t\n\v\f\r", *text) ? ' ' : '?';
}

int bram_fail(bram_ctx *cx, int status, const char *format, ...)
{
    char message[MESSAGE_BYTES]; /* the arguments may point into the old message */
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    make_one_line(message);
    memcpy(cx->message, message, sizeof message);
    return status;
}

int bram_fail_prefix(bram_ctx *cx, int status, const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(message, sizeof message, format, args);
    va_end(args);
    if (length < 0 || (size_t)length + 3 > sizeof message) return status;
    int room = (int)sizeof message - length - 3; /* for the old message between ": " and the end */
    snprintf(message + length, sizeof message - (size_t)length, ": %.*s", room, cx->message);
    make_one_line(message);
    memcpy(cx->message, message, sizeof message);
    return status;
}

const char *bram_ctx_message(const bram_ctx *cx)
{
    return cx->message;
}

const char *bram_status_name(int status)
{
    static const char *const names[] = {"ok",
                                        "out of memory",
                                        "usage",
                                        "bad input",
                                        "unreadable",
                                        "cannot write",
                                        "shape",
                                        "not a number",
                                        "absent",
                                        "cancelled",
                                        "not applicable",
                                        "over the memory budget",
                                        "internal error"};
    return status <= 0 && status >= BRAM_EINTERNAL ? names[-status] : "unknown status";
}

/* A chunk for at least so many bytes, or NULL. */
static struct chunk *take_chunk(bram_ctx *cx, size_t bytes)
{
    struct chunk *c = cx->spare;
    if (c && c->size >= bytes) {
        cx->spare = NULL;
        return c;
    }
    const struct chunk *top = cx->top;
    size_t wanted = !top ? FIRST_CHUNK : top->size < MOST_CHUNK ? 2 * top->size : MOST_CHUNK;
    if (wanted < bytes) wanted = bytes;
    c = bram_malloc(sizeof *c);
    if (!c) return NULL;
    *c = (struct chunk){.memory = bram_zeroed(wanted + ALIGNMENT), .size = wanted};
    if (c->memory) return c;
    bram_free(c);
    return NULL;
}

void *bram_scratch(bram_ctx *cx, size_t count, size_t size)
{
    if (bram_overflows(count, size) || count * size > PTRDIFF_MAX - 2 * ALIGNMENT) {
        bram_fail(cx, BRAM_ENOMEM, "no memory for %zu items of %zu bytes", count, size);
        return NULL;
    }
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct chunk *top = cx->top;
    if (!top || top->size - top->used < bytes) {
        struct chunk *fresh = take_chunk(cx, bytes);
        if (!fresh) {
            bram_fail(cx, BRAM_ENOMEM, "no memory for %zu items of %zu bytes", count, size);
            return NULL;
        }
        fresh->below = top;
        fresh->base = top ? top->base + top->used : 0;
        fresh->used = 0;
        cx->top = top = fresh;
    }
    size_t misaligned = (uintptr_t)top->memory % ALIGNMENT;
    unsigned char *start = top->memory + (misaligned ? ALIGNMENT - misaligned : 0) + top->used;
    size_t dirty = top->touched > top->used ? top->touched - top->used : 0;
    memset(start, 0, dirty < bytes ? dirty : bytes);
    top->used += bytes;
    if (top->used > top->touched) top->touched = top->used;
    return start;
}

size_t bram_scratch_mark(const bram_ctx *cx)
{
    return cx->top ? cx->top->base + cx->top->used : 0;
}

void bram_scratch_release(bram_ctx *cx, size_t mark)
{
    while (cx->top && cx->top->base >= mark) {
        struct chunk *top = cx->top;
        cx->top = top->below;
        if (top->size > MOST_SPARE || (cx->spare && cx->spare->size >= top->size)) {
            free_chunk(top);
            continue;
        }
        free_chunk(cx->spare);
        cx->spare = top;
    }
    if (cx->top && mark - cx->top->base < cx->top->used) cx->top->used = mark - cx->top->base;
}

void bram_ctx_set_threads(bram_ctx *cx, unsigned threads)
{
    cx->threads = threads;
}

unsigned bram_ctx_threads(const bram_ctx *cx)
{
    return cx->threads;
}

void bram_ctx_set_memory(bram_ctx *cx, size_t bytes)
{
    cx->memory = bytes;
}

size_t bram_ctx_memory(const bram_ctx *cx)
{
    return cx->memory;
}

void bram_ctx_set_spill(bram_ctx *cx, const char *folder)
{
    cx->spill = folder;
}

const char *bram_ctx_spill(const bram_ctx *cx)
{
    return cx->spill;
}

void bram_ctx_set_finish(bram_ctx *cx, const volatile int *flag)
{
    cx->finish = flag;
}

static bool is_raised(const volatile int *flag)
{
    return flag && *flag;
}

bool bram_ctx_finish(const bram_ctx *cx)
{
    return is_raised(cx->finish) && !is_raised(cx->cancel);
}

void bram_ctx_set_cancel(bram_ctx *cx, const volatile int *flag)
{
    cx->cancel = flag;
}

int bram_ctx_check_cancel(bram_ctx *cx)
{
    if (!is_raised(cx->cancel)) return BRAM_OK;
    return bram_fail(cx, BRAM_ECANCEL, "stopped on request");
}

void bram_ctx_set_progress(bram_ctx *cx, bram_progress_fn *report, void *user)
{
    cx->progress = report;
    cx->progress_user = user;
}

void bram_ctx_progress(bram_ctx *cx, const char *what, double done, double total)
{
    if (cx->progress) cx->progress(cx->progress_user, what, done, total);
}

void bram_ctx_set_note(bram_ctx *cx, bram_note_fn *take, void *user)
{
    cx->note = take;
    cx->note_user = user;
}

void bram_note(bram_ctx *cx, const char *format, ...)
{
    if (!cx->note) return;
    char line[MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    make_one_line(line);
    cx->note(cx->note_user, line);
}
