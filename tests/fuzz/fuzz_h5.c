/* fuzz_h5.c - core/h5.c: every object, value, attribute and scale of a file. */
#include "fuzz.h"
#include "h5.h"

#include <string.h>

enum { MOST_ENTRIES = 200, MOST_DEPTH = 6, MOST_VALUES = 1 << 20 };

static void read_attributes(bram_ctx *cx, const bram_h5_object *at)
{
    char **names = NULL;
    size_t count = 0;
    if (!fuzz_ok(cx, bram_h5_attr_names(cx, &names, &count, at, NULL))) return;
    for (size_t i = 0; i < count && i < MOST_ENTRIES; i++) {
        double *numbers = NULL;
        char **texts = NULL;
        size_t n = 0;
        fuzz_ok(cx, bram_h5_attr_double(cx, &numbers, &n, at, NULL, names[i]));
        fuzz_ok(cx, bram_h5_attr_strings(cx, &texts, &n, at, NULL, names[i]));
        bram_free(numbers);
        bram_free(texts);
    }
    bram_free(names);
}

static void read_members(bram_ctx *cx, const bram_h5_object *at)
{
    bram_h5_member *members = NULL;
    size_t count = 0;
    if (!fuzz_ok(cx, bram_h5_members(cx, &members, &count, at, NULL))) return;
    for (size_t i = 0; i < count && i < MOST_ENTRIES; i++) {
        double *numbers = NULL;
        char **texts = NULL;
        bram_h5_ref *refs = NULL;
        size_t n;
        fuzz_ok(cx, bram_h5_member_double(cx, &numbers, &n, at, NULL, members[i].name));
        fuzz_ok(cx, bram_h5_member_strings(cx, &texts, &n, at, NULL, members[i].name));
        fuzz_ok(cx, bram_h5_member_refs(cx, &refs, &n, at, NULL, members[i].name));
        bram_free(numbers);
        bram_free(texts);
        bram_free(refs);
    }
    bram_free(members);
}

static void read_dataset(bram_ctx *cx, const bram_h5_object *at)
{
    double *numbers = NULL;
    int64_t *integers = NULL;
    char **texts = NULL, *scale = NULL;
    bram_h5_ref *refs = NULL;
    size_t n = 0;
    bram_h5_info info;
    if (!fuzz_ok(cx, bram_h5_info_of(cx, &info, at, NULL))) return;
    fuzz_ok(cx, bram_h5_read_double(cx, &numbers, &n, at, NULL, MOST_VALUES));
    fuzz_ok(cx, bram_h5_read_int64(cx, &integers, &n, at, NULL, MOST_VALUES));
    fuzz_ok(cx, bram_h5_read_strings(cx, &texts, &n, at, NULL));
    if (fuzz_ok(cx, bram_h5_read_refs(cx, &refs, &n, at, NULL)))
        for (size_t i = 0; i < n && i < MOST_ENTRIES; i++) {
            bram_h5_object *object = NULL;
            fuzz_ok(cx, bram_h5_deref(cx, &object, at, refs[i]));
            bram_h5_object_close(object);
        }
    for (unsigned d = 0; d < info.rank; d++) {
        if (fuzz_ok(cx, bram_h5_scale(cx, &scale, at, NULL, d))) bram_free(scale);
        scale = NULL;
    }
    read_members(cx, at);
    bram_free(numbers);
    bram_free(integers);
    bram_free(texts);
    bram_free(refs);
}

static void walk(bram_ctx *cx, const bram_h5_object *at, int depth)
{
    bram_h5_entry *entries = NULL;
    size_t count = 0;
    read_attributes(cx, at);
    if (!fuzz_ok(cx, bram_h5_list(cx, &entries, &count, at, NULL))) return;
    for (size_t i = 0; i < count && i < MOST_ENTRIES; i++) {
        bram_h5_object *child = NULL;
        if (entries[i].kind != BRAM_H5_GROUP && entries[i].kind != BRAM_H5_DATASET) continue;
        if (!fuzz_ok(cx, bram_h5_object_open(cx, &child, at, entries[i].name))) continue;
        if (entries[i].kind == BRAM_H5_GROUP && depth < MOST_DEPTH) walk(cx, child, depth + 1);
        if (entries[i].kind == BRAM_H5_DATASET) {
            read_attributes(cx, child);
            read_dataset(cx, child);
        }
        bram_h5_object_close(child);
    }
    bram_free(entries);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    const char *path = fuzz_file(bytes, size);
    bram_h5 *file = NULL;
    bram_h5_probe(path);
    if (!fuzz_ok(cx, bram_h5_open(cx, &file, path))) {
        fuzz_need(!file);
        return;
    }
    walk(cx, bram_h5_root(file), 0);
    bram_h5_close(file);
}
