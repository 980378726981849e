/* fuzz_dataset.c - core/dataset_open.c and dataset_check.c: a homogenized file read, checked,
 * hashed. */
#include "fuzz.h"

#include <bramble/dataset.h>

#include <string.h>

static void take(void *user, const bram_finding *f)
{
    size_t *length = user;
    *length += strlen(f->path) + strlen(f->field) + strlen(f->found) + strlen(f->expected);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_dataset *ds = NULL;
    size_t length = 0, errors = 0;
    char hex[65];
    if (!fuzz_ok(cx, bram_dataset_open(cx, &ds, fuzz_file(bytes, size)))) {
        fuzz_need(!ds);
        return;
    }
    if (fuzz_ok(cx, bram_dataset_check(cx, ds, take, &length, &errors)))
        fuzz_need(errors == 0 || length > 0);
    fuzz_ok(cx, bram_dataset_hash(cx, ds, hex));
    bram_dataset_free(ds);
}
