/* fuzz_npy.c - core/npy*.c and npz.c: an array, or the arrays of a zip file. */
#include "fuzz.h"
#include "npy.h"

enum { MOST_VALUES = 1 << 22 };

static void read_array(bram_ctx *cx, bram_npy *a)
{
    const bram_npy_info *info = bram_npy_describe(a);
    size_t rows = info->dims ? info->shape[0] : 1;
    char **texts = NULL;
    if (info->count > MOST_VALUES) return;
    double *values = bram_alloc(cx, info->count, sizeof *values);
    int64_t *integers = bram_alloc(cx, info->count, sizeof *integers);
    fuzz_need(values && integers);
    if (fuzz_ok(cx, bram_npy_read(cx, a, values))) fuzz_need(bram_npy_is_numeric(a));
    if (rows) fuzz_ok(cx, bram_npy_read_block(cx, a, rows / 2, rows - rows / 2, values));
    fuzz_need(bram_npy_read_block(cx, a, rows, 1, values) != BRAM_OK);
    fuzz_ok(cx, bram_npy_read_integers(cx, a, integers));
    if (fuzz_ok(cx, bram_npy_read_texts(cx, a, &texts))) fuzz_need(!bram_npy_is_numeric(a));
    bram_free(texts);
    bram_free(values);
    bram_free(integers);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    const char *path = fuzz_file(bytes, size);
    bram_npy *a = NULL;
    bram_npz *z = NULL;
    if (fuzz_ok(cx, bram_npy_open(cx, &a, path))) read_array(cx, a);
    bram_npy_close(a);
    if (!fuzz_ok(cx, bram_npz_open(cx, &z, path))) return;
    for (size_t i = 0; i < bram_npz_count(z); i++) {
        a = NULL;
        if (fuzz_ok(cx, bram_npz_array(cx, z, bram_npz_name(z, i), &a))) read_array(cx, a);
        bram_npy_close(a);
    }
    bram_npz_close(z);
}
