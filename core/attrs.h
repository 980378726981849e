/*
 * attrs.h - making and freeing lists of attributes; their owners are responses and groups.
 */
#ifndef BRAMBLE_CORE_ATTRS_H
#define BRAMBLE_CORE_ATTRS_H

#include <bramble/axis.h>

/** @return an empty list, or NULL (with the message set) */
bram_attrs *bram_attrs_new(bram_ctx *cx);
void bram_attrs_free(bram_attrs *attrs);

#endif
