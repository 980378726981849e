/*
 * utf8.h - how wide text is on a screen, and text made safe for one.
 */
#ifndef BRAMBLE_REPORT_UTF8_H
#define BRAMBLE_REPORT_UTF8_H

#include "buffer.h"

/**
 * Takes one character off text.
 *
 * @param point  receives its code point; U+FFFD for bytes that are not UTF-8
 * @return the bytes used, 0 at the end
 */
size_t bram_utf8_next(const char *text, uint32_t *point);

/** @return columns of a code point: 0 (combining), 1 or 2 (East Asian wide) */
size_t bram_utf8_point_width(uint32_t point);

/** @return columns of the first `bytes` bytes of text as bram_utf8_put writes them */
size_t bram_utf8_width(const char *text, size_t bytes, bool utf8);

/**
 * Appends text for a screen: control characters become spaces (a file's label must not steer the
 * terminal); without utf8, what ASCII lacks becomes its nearest like or '?'.
 */
void bram_utf8_put(bram_buffer *out, const char *text, size_t bytes, bool utf8);

#endif
