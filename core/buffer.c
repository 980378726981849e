/*
 * buffer.c - text that grows by doubling: see buffer.h.
 */
#include "buffer.h"
#include "internal.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

/* Room for n more bytes and the final zero. */
static bool reserve(bram_buffer *b, size_t n)
{
    if (b->failed) return false;
    if (n < b->room - b->length) return true; /* both 0 at the start */
    size_t room = b->room ? b->room : FIRST_ROOM;
    while (room - b->length <= n) {
        if (bram_overflows(room, 2)) {
            b->failed = true;
            return false;
        }
        room *= 2;
    }
    char *grown = bram_remalloc(b->text, room);
    if (!grown) {
        b->failed = true;
        return false;
    }
    b->text = grown;
    b->room = room;
    return true;
}

void bram_buffer_release(bram_buffer *b)
{
    bram_free(b->text);
    *b = (bram_buffer){0};
}

void bram_buffer_write(bram_buffer *b, const char *bytes, size_t n)
{
    if (!reserve(b, n)) return;
    if (n) memcpy(b->text + b->length, bytes, n);
    b->length += n;
    b->text[b->length] = 0;
}

void bram_buffer_put(bram_buffer *b, const char *text)
{
    bram_buffer_write(b, text, strlen(text));
}

void bram_buffer_fill(bram_buffer *b, char c, size_t n)
{
    if (!reserve(b, n)) return;
    memset(b->text + b->length, c, n);
    b->length += n;
    b->text[b->length] = 0;
}

void bram_buffer_putf(bram_buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0) {
        b->failed = true;
        return;
    }
    if (!reserve(b, (size_t)n)) return;
    va_start(args, format);
    vsnprintf(b->text + b->length, (size_t)n + 1, format, args);
    va_end(args);
    b->length += (size_t)n;
}

const char *bram_buffer_text(const bram_buffer *b)
{
    return b->text ? b->text : "";
}

int bram_buffer_status(bram_ctx *cx, const bram_buffer *b)
{
    return b->failed
               ? bram_fail(cx, BRAM_ENOMEM, "no memory for more than %zu bytes of text", b->length)
               : BRAM_OK;
}
