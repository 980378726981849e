/*
 * split_lists.c - stored lists of train and test rows; see split_lists.h.
 */
#include "split_lists.h"

#include "hash.h"
#include "json.h"

#include <string.h>

static int find_stimulus(bram_ctx *cx, size_t *out, const bram_json *entry,
                         const bram_axis *stimulus, size_t split)
{
    size_t n = bram_axis_length(stimulus);
    int64_t row;
    const char *id = bram_json_text(entry);
    if (id) {
        ptrdiff_t at = bram_axis_find(stimulus, id);
        if (at < 0)
            return bram_fail(cx, BRAM_EFORMAT, "split %zu: there is no stimulus \"%s\"", split, id);
        *out = (size_t)at;
        return BRAM_OK;
    }
    if (!bram_json_integer(entry, &row) || row < 0 || (uint64_t)row >= n)
        return bram_fail(cx, BRAM_EFORMAT,
                         "split %zu: found %s, expected ids of stimuli or rows 0 to %zu", split,
                         bram_json_integer(entry, &row)
                             ? "a row that is not there"
                             : bram_json_kind_name(bram_json_kind_of(entry)),
                         n - 1);
    *out = (size_t)row;
    return BRAM_OK;
}

static int take_list(bram_ctx *cx, uint8_t *role, const bram_json *list, uint8_t as,
                     const bram_axis *stimulus, size_t split)
{
    if (!list || bram_json_kind_of(list) != BRAM_JSON_ARRAY)
        return bram_fail(cx, BRAM_EFORMAT, "split %zu: found %s, expected a list of stimuli", split,
                         list ? bram_json_kind_name(bram_json_kind_of(list)) : "nothing");
    for (size_t i = 0; i < bram_json_count(list); i++) {
        size_t at = 0;
        BRAM_TRY(find_stimulus(cx, &at, bram_json_at(list, i), stimulus, split));
        if (role[at] != BRAM_UNUSED)
            return bram_fail(cx, BRAM_EFORMAT, "split %zu: stimulus \"%s\" (row %zu) is %s", split,
                             bram_axis_id(stimulus, at), at,
                             role[at] == as ? "twice in a list" : "trained on and tested");
        role[at] = as;
    }
    return BRAM_OK;
}

/* List k of one side, whichever of the two forms the document has. */
static const bram_json *list_of(const bram_json *file, size_t k, const char *side)
{
    const bram_json *splits = bram_json_get(file, "splits");
    return splits ? bram_json_get(bram_json_at(splits, k), side)
                  : bram_json_at(bram_json_get(file, side), k);
}

static int read_lists(bram_ctx *cx, uint8_t **out, size_t *count, const bram_json *file,
                      const bram_axis *stimulus)
{
    const bram_json *all = bram_json_get(file, "splits");
    size_t n = bram_axis_length(stimulus), splits, size;
    if (!all) all = bram_json_get(file, "train");
    splits = bram_json_count(all);
    if (!splits || bram_json_kind_of(all) != BRAM_JSON_ARRAY)
        return bram_fail(cx, BRAM_EFORMAT,
                         "found no splits, expected {\"train\": [[...]], \"test\": [[...]]} or "
                         "{\"splits\": [{\"train\": [...], \"test\": [...]}]}");
    if (__builtin_mul_overflow(splits, n, &size))
        return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu splits of %zu", splits, n);
    uint8_t *role = bram_alloc(cx, size, 1);
    int status = role ? BRAM_OK : BRAM_ENOMEM;
    for (size_t k = 0; status == BRAM_OK && k < splits; k++) {
        uint8_t *to = role + k * n;
        status = take_list(cx, to, list_of(file, k, "train"), BRAM_TRAINED, stimulus, k + 1);
        if (status == BRAM_OK)
            status = take_list(cx, to, list_of(file, k, "test"), BRAM_TESTED, stimulus, k + 1);
    }
    if (status == BRAM_OK) *out = role, *count = splits;
    else bram_free(role);
    return status;
}

int bram_split_lists_read(bram_ctx *cx, uint8_t **role, size_t *splits, const char *spec,
                          const bram_axis *stimulus)
{
    char *path = NULL;
    bram_json *file = NULL;
    BRAM_TRY(bram_sha256_pinned(cx, &path, "file", spec));
    int status = bram_json_read(cx, &file, path, 0);
    if (status == BRAM_OK) {
        status = read_lists(cx, role, splits, file, stimulus);
        if (status == BRAM_EFORMAT) bram_fail_prefix(cx, status, "%s", path);
    }
    bram_json_free(file);
    bram_free(path);
    return status;
}
