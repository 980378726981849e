/*
 * names.h - which names axes, columns, attributes, responses and groups may have.
 */
#ifndef BRAMBLE_CORE_NAMES_H
#define BRAMBLE_CORE_NAMES_H

#include <bramble/context.h>

/** @return whether name is [a-z][a-z0-9_]* */
bool bram_name_is_identifier(const char *name);

/**
 * @return whether the first `length` bytes can be one step of a path: 1 to 255 bytes of UTF-8 with
 *         no '/' and no control character, no space at either end, not "." or ".."
 */
bool bram_name_is_step(const char *name, size_t length);

/** @return whether a relative path stays below the folder it is used in: no empty step, no "." or
 *  "..", no backslash, not from the root */
bool bram_name_stays_inside(const char *path);

/** @return whether text is UTF-8 (RFC 3629: no surrogates, nothing above U+10FFFF, shortest form)
 */
bool bram_name_is_utf8(const char *text, size_t length);

/** @return whether text is UTF-8 without control characters (C0, DEL, C1), which a terminal would
 *  obey: what a file of a stranger may have printed */
bool bram_name_is_line(const char *text, size_t length);

#endif
