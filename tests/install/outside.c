/* outside.c - a user's program, in the words that C and C++ share: a dataset made, written, read.
 */
#include <bramble/benchmark.h>
#include <bramble/dataset.h>
#include <bramble/loader.h>
#include <bramble/metric.h>
#include <bramble/model.h>
#include <bramble/parallel.h>
#include <bramble/plugin.h>
#include <bramble/rng.h>

#include <stdio.h>
#include <string.h>

static int make(bram_ctx *cx, bram_dataset *ds)
{
    bram_axis *time = NULL;
    bram_response *r = NULL;
    BRAM_TRY(bram_axis_new(cx, &time, "time", 4));
    const bram_axis *axes[1] = {time};
    BRAM_TRY(bram_response_new(cx, &r, "x", BRAM_F64, 1, axes));
    bram_axis_free(time);
    for (size_t i = 0; i < 4; i++) bram_response_f64(r)[i] = 1.5 * (double)i;
    return bram_dataset_add(cx, ds, "group", r);
}

static int write_and_read(bram_ctx *cx, const char *path)
{
    char hex[2][65];
    bram_dataset *ds = NULL;
    BRAM_TRY(bram_dataset_new(cx, &ds));
    BRAM_TRY(make(cx, ds));
    BRAM_TRY(bram_dataset_hash(cx, ds, hex[0]));
    BRAM_TRY(bram_dataset_write(cx, ds, path, true));
    bram_dataset_free(ds);
    BRAM_TRY(bram_dataset_open(cx, &ds, path));
    BRAM_TRY(bram_dataset_hash(cx, ds, hex[1]));
    bram_dataset_free(ds);
    return strcmp(hex[0], hex[1]) == 0 ? BRAM_OK : bram_fail(cx, BRAM_EINTERNAL, "hashes differ");
}

int main(void)
{
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    if (!cx) return 1;
    int status = write_and_read(cx, "outside.h5");
    if (status) fprintf(stderr, "outside: %s\n", bram_ctx_message(cx));
    if (!bram_loader_find("generic") || bram_loader_find("nobody")) status = 1;
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
