/*
 * buffer.h - text that grows: what tables, figures, pages and help texts are written into.
 *
 * A failed allocation is remembered and later calls do nothing, so that a writer checks once, at
 * the end, with bram_buffer_status.
 */
#ifndef BRAMBLE_CORE_BUFFER_H
#define BRAMBLE_CORE_BUFFER_H

#include <bramble/context.h>

/** Start from {0}. text is NULL while empty, else ends with a zero byte beyond length. */
typedef struct bram_buffer {
    char *text;
    size_t length, room;
    bool failed;
} bram_buffer;

/** Frees the text and makes the buffer empty again. */
void bram_buffer_release(bram_buffer *b);

/** Append bytes, a string, a character n times, text by printf's rules. */
void bram_buffer_write(bram_buffer *b, const char *bytes, size_t n);
void bram_buffer_put(bram_buffer *b, const char *text);
void bram_buffer_fill(bram_buffer *b, char c, size_t n);
void bram_buffer_putf(bram_buffer *b, const char *format, ...) BRAM_PRINTF(2, 3);

/** @return the text so far, "" when there is none; lives until the next call */
const char *bram_buffer_text(const bram_buffer *b);

/** @return BRAM_OK, or BRAM_ENOMEM with a message once an allocation has failed */
int bram_buffer_status(bram_ctx *cx, const bram_buffer *b) BRAM_MUST_CHECK;

#endif
