/*
 * h5_names.c - names of attributes and of members of compound types. h5.h states the contracts.
 */
#include "h5_source.h"

#include <string.h>

enum { MOST_MEMBERS = 4096, MOST_ATTRIBUTES = 65536 };

struct names {
    bram_ctx *cx;
    char **texts;
    size_t *lengths;
    size_t count, most;
    bool without_memory;
};

static herr_t take_name(hid_t object, const char *name, const H5A_info_t *info, void *user)
{
    (void)object, (void)info;
    struct names *names = user;
    if (names->count == names->most) return 1;
    char *copy = bram_strdup(names->cx, name);
    if (!copy) {
        names->without_memory = true;
        return -1;
    }
    names->texts[names->count] = copy;
    names->lengths[names->count++] = strlen(copy);
    return 0;
}

int bram_h5_attr_names(bram_ctx *cx, char ***out, size_t *count, const bram_h5_object *at,
                       const char *path)
{
    hid_t id;
    BRAM_TRY(bram_h5_id(cx, &id, at, path));
    H5O_info_t object;
    struct names names = {.cx = cx};
    int status = BRAM_OK;
    if (H5Oget_info2(id, &object, H5O_INFO_NUM_ATTRS) < 0 || object.num_attrs > MOST_ATTRIBUTES)
        status = bram_h5_broken(cx, at, path, "its attributes cannot be read");
    if (status == BRAM_OK) {
        names.most = (size_t)object.num_attrs;
        names.texts = bram_alloc(cx, names.most, sizeof *names.texts);
        names.lengths = names.texts ? bram_alloc(cx, names.most, sizeof *names.lengths) : NULL;
        if (!names.lengths) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK &&
        H5Aiterate2(id, H5_INDEX_NAME, H5_ITER_INC, NULL, take_name, &names) < 0)
        status = names.without_memory
                     ? BRAM_ENOMEM
                     : bram_h5_broken(cx, at, path, "its attributes cannot be read");
    const char *const *texts = (const char *const *)names.texts;
    if (status == BRAM_OK) status = bram_h5_pack_texts(cx, out, texts, names.lengths, names.count);
    if (status == BRAM_OK) *count = names.count;
    for (size_t i = 0; i < names.count; i++) bram_free(names.texts[i]);
    bram_free(names.texts);
    bram_free(names.lengths);
    H5Oclose(id);
    return status;
}

static int pack_members(bram_h5_source *s, bram_h5_member **out, size_t n)
{
    size_t bytes = n * sizeof **out;
    for (unsigned i = 0; i < n; i++) {
        char *name = H5Tget_member_name(s->type, i);
        if (!name) return bram_h5_source_broken(s, "a member of its type cannot be read");
        bytes += strlen(name) + 1;
        H5free_memory(name);
    }
    bram_h5_member *block = bram_alloc(s->cx, bytes, 1);
    if (!block) return BRAM_ENOMEM;
    char *text = (char *)(block + n);
    for (unsigned i = 0; i < n; i++) {
        char *name = H5Tget_member_name(s->type, i);
        hid_t type = H5Tget_member_type(s->type, i);
        if (!name || type < 0) {
            H5free_memory(name);
            if (type >= 0) H5Tclose(type);
            bram_free(block);
            return bram_h5_source_broken(s, "a member of its type cannot be read");
        }
        size_t length = strlen(name) + 1;
        memcpy(text, name, length);
        block[i] = (bram_h5_member){text, bram_h5_class_of(type), H5Tget_size(type)};
        text += length;
        H5free_memory(name);
        H5Tclose(type);
    }
    *out = block;
    return BRAM_OK;
}

int bram_h5_members(bram_ctx *cx, bram_h5_member **out, size_t *count, const bram_h5_object *at,
                    const char *path)
{
    bram_h5_source s;
    BRAM_TRY(bram_h5_source_open(cx, &s, at, path, NULL, NULL));
    int status, n = s.info.type == BRAM_H5_COMPOUND ? H5Tget_nmembers(s.type) : 0;
    if (s.info.type != BRAM_H5_COMPOUND)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %s, expected a compound type",
                           bram_h5_source_place(&s).text, bram_h5_class_name(s.info.type));
    else if (n < 0 || n > MOST_MEMBERS)
        status = bram_h5_source_broken(&s, "the members of its type cannot be read");
    else status = pack_members(&s, out, (size_t)n);
    if (status == BRAM_OK) *count = (size_t)n;
    bram_h5_source_close(&s);
    return status;
}
