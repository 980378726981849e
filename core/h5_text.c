/*
 * h5_text.c - strings of HDF5 datasets, attributes and members of compound types. h5.h states the
 * contracts.
 */
#include "h5_source.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t STRING_BYTES = (uint64_t)1 << 30;

/* Lays n texts of given lengths out as one block: pointers, then bytes. */
int bram_h5_pack_texts(bram_ctx *cx, char ***out, const char *const *texts, const size_t *lengths,
                       size_t n)
{
    size_t bytes = n * sizeof(char *);
    for (size_t i = 0; i < n; i++)
        if (__builtin_add_overflow(bytes, lengths[i] + 1, &bytes))
            return bram_fail(cx, BRAM_ENOMEM, "no memory for %zu strings", n);
    char **block = bram_alloc(cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *to = (char *)(block + n);
    for (size_t i = 0; i < n; i++) {
        block[i] = to;
        if (lengths[i]) memcpy(to, texts[i], lengths[i]);
        to += lengths[i] + 1;
    }
    *out = block;
    return BRAM_OK;
}

static int read_fixed(bram_h5_source *s, char ***out, const char **texts, size_t *lengths)
{
    size_t n = (size_t)s->info.elements, size = H5Tget_size(s->element);
    bool spaces = H5Tget_strpad(s->element) == H5T_STR_SPACEPAD;
    char *bytes = bram_alloc(s->cx, n, size);
    if (!bytes) return BRAM_ENOMEM;
    int status = bram_h5_transfer(s, s->element, bram_h5_whole, H5P_DEFAULT, bytes);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        texts[i] = bytes + i * size;
        lengths[i] = strnlen(texts[i], size);
        while (spaces && lengths[i] && texts[i][lengths[i] - 1] == ' ') lengths[i]--;
    }
    if (status == BRAM_OK) status = bram_h5_pack_texts(s->cx, out, texts, lengths, n);
    bram_free(bytes);
    return status;
}

/*
 * HDF5 takes memory for variable strings here, so that many of them cannot claim without bound.
 * Plain malloc: HDF5 1.10 loses memory of its own when this fails, so tests do not make it fail.
 */
static void *take_bytes(size_t size, void *user)
{
    uint64_t *left = user;
    if (size > *left) return NULL;
    *left -= size;
    return malloc(size ? size : 1);
}

static void give_bytes(void *memory, void *unused)
{
    (void)unused;
    free(memory);
}

static int read_variable(bram_h5_source *s, char ***out, const char **texts, size_t *lengths)
{
    size_t n = (size_t)s->info.elements;
    uint64_t left = STRING_BYTES;
    char **found = bram_alloc(s->cx, n, sizeof *found);
    hid_t type = bram_h5_in_memory(s, s->element),
          usual = type < 0 ? H5P_DEFAULT : bram_h5_transfer_list(s, type);
    hid_t list = usual == H5P_DEFAULT ? H5Pcreate(H5P_DATASET_XFER) : H5Pcopy(usual);
    int status = BRAM_ENOMEM;
    if (found &&
        (list < 0 || type < 0 ||
         (!s->attr && H5Pset_vlen_mem_manager(list, take_bytes, &left, give_bytes, NULL) < 0)))
        status = bram_h5_source_broken(s, "its strings cannot be read");
    else if (found) status = bram_h5_transfer(s, s->element, bram_h5_whole, list, found);
    for (size_t i = 0; i < n && status == BRAM_OK; i++) {
        texts[i] = found[i];
        lengths[i] = found[i] ? strlen(found[i]) : 0;
    }
    if (status == BRAM_OK) status = bram_h5_pack_texts(s->cx, out, texts, lengths, n);
    if (found && list >= 0 && type >= 0) H5Dvlen_reclaim(type, s->space, list, found);
    if (list >= 0) H5Pclose(list);
    if (type >= 0) H5Tclose(type);
    bram_free(found);
    return status;
}

static int read_texts(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                      const char *path, const char *attr, const char *member)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, attr, member));
    size_t n = 0;
    bool fixed = s.info.type == BRAM_H5_STRING;
    int status;
    if (!fixed && s.info.type != BRAM_H5_VARIABLE_STRING)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected strings",
                           bram_h5_source_place(&s).text, bram_h5_class_name(s.info.type));
    else status = bram_h5_check_plausible(&s, 0, fixed ? H5Tget_size(s.element) + 24 : 32);
    if (status == BRAM_OK) {
        n = (size_t)s.info.elements;
        const char **texts = bram_alloc(cx, n, sizeof *texts);
        size_t *lengths = texts ? bram_alloc(cx, n, sizeof *lengths) : NULL;
        if (!lengths) status = BRAM_ENOMEM;
        else if (n == 0) status = bram_h5_pack_texts(cx, out, texts, lengths, 0);
        else if (fixed) status = read_fixed(&s, out, texts, lengths);
        else status = read_variable(&s, out, texts, lengths);
        bram_free(texts);
        bram_free(lengths);
    }
    bram_h5_source_close(&s);
    if (status == BRAM_OK && count) *count = n;
    return status;
}

int bram_h5_read_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path)
{
    return read_texts(cx, out, count, at, path, NULL, NULL);
}

int bram_h5_member_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                           const char *path, const char *member)
{
    return read_texts(cx, out, count, at, path, NULL, member);
}

int bram_h5_attr_strings(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                         const char *path, const char *name)
{
    return read_texts(cx, out, count, at, path, name, NULL);
}

static int one_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                    const char *attr)
{
    char **texts = NULL;
    size_t count = 0;
    BRAM_TRY(read_texts(cx, &texts, &count, at, path, attr, NULL));
    char *copy = count == 1 ? bram_strdup(cx, texts[0]) : NULL;
    bram_free(texts);
    if (count != 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s%s%s: found %zu strings, expected one",
                         bram_h5_place(at, path).text, attr ? " attribute " : "", attr ? attr : "",
                         count);
    if (!copy) return BRAM_ENOMEM;
    *out = copy;
    return BRAM_OK;
}

int bram_h5_read_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path)
{
    return one_text(cx, out, at, path, NULL);
}

int bram_h5_attr_text(bram_ctx *cx, char **out, const bram_h5_object *at, const char *path,
                      const char *name)
{
    return one_text(cx, out, at, path, name);
}
