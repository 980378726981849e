/* fuzz_gz.c - core/gz.c: inflating, and deflating again. */
#include "fuzz.h"
#include "gz.h"

#include <string.h>

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    enum { LIMIT = 16 << 20 };
    unsigned char *out = NULL, *packed = NULL, *again = NULL;
    size_t out_size = 0, packed_size = 0, again_size = 0;
    if (fuzz_ok(cx, bram_gz_inflate(cx, &out, &out_size, bytes, size, LIMIT))) {
        fuzz_need(out_size <= LIMIT && bram_gz_is(bytes, size));
        if (fuzz_ok(cx, bram_gz_deflate(cx, &packed, &packed_size, out, out_size)) &&
            fuzz_ok(cx, bram_gz_inflate(cx, &again, &again_size, packed, packed_size, LIMIT)))
            fuzz_need(again_size == out_size && memcmp(again, out, out_size) == 0);
    }
    bram_free(out);
    bram_free(packed);
    bram_free(again);
}
