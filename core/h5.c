/*
 * h5.c - HDF5 files for reading: files, objects, links and references. Values are in h5_read.c,
 * h5_text.c, h5_names.c and h5_refs.c.
 *
 * External links are refused by a callback on the link access list, so that also a path through
 * soft links never leaves the file. Format: HDF5 File Format Specification 3.0 (signature at byte
 * 0, 512, 1024, 2048 ...), HDF5 Reference Manual 1.10.
 */
#include "h5_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_ENTRIES = 1000000, REASON_BYTES = 200 };
enum { SIEVE_BYTES = 256, LEAST_CACHE = 1 << 16, MOST_CACHE = 1 << 17 };

static _Thread_local bool quiet;
static _Thread_local char reason[REASON_BYTES];

void bram_h5_init(void)
{
    if (quiet) return;
    H5open();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    quiet = true;
}

static herr_t take_innermost(unsigned n, const H5E_error2_t *error, void *unused)
{
    (void)unused;
    if (n == 0 && error->desc) snprintf(reason, sizeof reason, "%s", error->desc);
    return 0;
}

const char *bram_h5_reason(void)
{
    snprintf(reason, sizeof reason, "unknown error");
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_innermost, NULL);
    return reason;
}

bram_h5_where bram_h5_place(const bram_h5_object *at, const char *path)
{
    bram_h5_where where;
    bool below = path && *path && strcmp(path, ".") != 0, top = !below && !*at->name;
    bool absolute = below && path[0] == '/';
    snprintf(where.text, sizeof where.text, "%s: %s%s%s", at->file->path, absolute ? "" : at->name,
             top || (below && !absolute) ? "/" : "", below ? path : "");
    return where;
}

int bram_h5_broken(bram_ctx *cx, const bram_h5_object *at, const char *path, const char *what)
{
    const char *why = bram_h5_reason();
    return bram_fail(cx, BRAM_EFORMAT, "%s: %s (HDF5: %s)", bram_h5_place(at, path).text, what,
                     why);
}

/* ---- files ---------------------------------------------------------------------------------- */

static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

/* The signature stands at byte 0 or, behind a user block, at 512, 1024, 2048 ... */
static bool find_signature(FILE *stream, uint64_t bytes)
{
    unsigned char found[sizeof signature];
    for (uint64_t at = 0; at + sizeof found <= bytes && at <= INT64_MAX / 2;
         at = at ? 2 * at : 512) {
        if (fseeko(stream, (off_t)at, SEEK_SET) != 0) return false;
        if (fread(found, 1, sizeof found, stream) != sizeof found) return false;
        if (memcmp(found, signature, sizeof found) == 0) return true;
    }
    return false;
}

bool bram_h5_probe(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) return false;
    FILE *stream = fopen(path, "rb");
    bool found = stream && find_signature(stream, (uint64_t)status.st_size);
    if (stream) fclose(stream);
    return found;
}

/* What HDF5 would only call "unable to open file", said plainly. */
static int check_file(bram_ctx *cx, uint64_t *bytes, const char *path)
{
    static const char pointer[] = "version https://git-lfs";
    struct stat status;
    if (stat(path, &status) != 0) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return bram_fail(cx, BRAM_EREAD, "%s: not a regular file, expected an HDF5 file", path);
    FILE *stream = fopen(path, "rb");
    if (!stream) return bram_fail(cx, BRAM_EREAD, "%s: %s", path, strerror(errno));
    char head[sizeof pointer] = "";
    size_t got = fread(head, 1, sizeof pointer - 1, stream);
    bool failed = ferror(stream), found = find_signature(stream, (uint64_t)status.st_size);
    fclose(stream);
    if (failed) return bram_fail(cx, BRAM_EREAD, "%s: cannot be read", path);
    if (got == 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: the file is empty, expected an HDF5 file", path);
    if (got == sizeof pointer - 1 && memcmp(head, pointer, got) == 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: found a git-LFS pointer, expected an HDF5 file; "
                         "fetch the content with `git lfs pull`",
                         path);
    if (!found)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: not an HDF5 file: no signature at byte 0, 512, "
                         "1024 ...",
                         path);
    *bytes = (uint64_t)status.st_size;
    return BRAM_OK;
}

static herr_t refuse_external(const char *from_file, const char *from_group, const char *to_file,
                              const char *to_object, unsigned *flags, hid_t access, void *unused)
{
    (void)from_file, (void)from_group, (void)to_file, (void)to_object;
    (void)flags, (void)access, (void)unused;
    return -1;
}

bool bram_h5_take_little(hid_t access)
{
    H5AC_cache_config_t cache = {.version = H5AC__CURR_CACHE_CONFIG_VERSION};
    if (H5Pget_mdc_config(access, &cache) < 0) return false;
    cache.set_initial_size = true;
    cache.initial_size = cache.min_size = LEAST_CACHE;
    cache.max_size = MOST_CACHE;
    return H5Pset_mdc_config(access, &cache) >= 0 &&
           H5Pset_sieve_buf_size(access, SIEVE_BYTES) >= 0;
}

static int open_ids(bram_ctx *cx, bram_h5 *file)
{
    file->links = H5Pcreate(H5P_LINK_ACCESS);
    file->transfer = H5Pcreate(H5P_DATASET_XFER);
    if (file->links < 0 || H5Pset_elink_cb(file->links, refuse_external, NULL) < 0 ||
        file->transfer < 0 || H5Pset_buffer(file->transfer, BRAM_H5_BUFFER, NULL, NULL) < 0)
        return bram_fail(cx, BRAM_EINTERNAL, "%s: HDF5: %s", file->path, bram_h5_reason());
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    if (access < 0 || !bram_h5_take_little(access)) {
        if (access >= 0) H5Pclose(access);
        return bram_fail(cx, BRAM_EINTERNAL, "%s: HDF5: %s", file->path, bram_h5_reason());
    }
    hid_t id = H5Fopen(file->path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (id < 0)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: a truncated or damaged HDF5 file, or one open for "
                         "writing (HDF5: %s)",
                         file->path, bram_h5_reason());
    file->root.id = H5Gopen2(id, "/", H5P_DEFAULT);
    H5Fclose(id); /* the file stays open as long as an object of it */
    if (file->root.id < 0)
        return bram_fail(cx, BRAM_EFORMAT, "%s: the root group cannot be opened (HDF5: %s)",
                         file->path, bram_h5_reason());
    return BRAM_OK;
}

int bram_h5_open(bram_ctx *cx, bram_h5 **out, const char *path)
{
    bram_h5_init();
    uint64_t bytes = 0;
    BRAM_TRY(check_file(cx, &bytes, path));
    bram_h5 *file = bram_alloc(cx, 1, sizeof *file);
    if (!file) return BRAM_ENOMEM;
    *file = (bram_h5){
        .root = {.file = file, .id = -1}, .bytes = bytes, .links = -1, .transfer = -1};
    int status = BRAM_ENOMEM;
    file->path = bram_strdup(cx, path);
    file->root.name = file->path ? bram_strdup(cx, "") : NULL;
    if (file->root.name) status = open_ids(cx, file);
    if (status != BRAM_OK) {
        bram_h5_close(file);
        return status;
    }
    *out = file;
    return BRAM_OK;
}

void bram_h5_close(bram_h5 *file)
{
    if (!file) return;
    bram_h5_init();
    if (file->root.id >= 0) H5Gclose(file->root.id);
    if (file->links >= 0) H5Pclose(file->links);
    if (file->transfer >= 0) H5Pclose(file->transfer);
    H5garbage_collect(); /* what it keeps for the next file */
    bram_free(file->root.name);
    bram_free(file->path);
    bram_free(file);
}

const bram_h5_object *bram_h5_root(const bram_h5 *file)
{
    return &file->root;
}

const char *bram_h5_path(const bram_h5 *file)
{
    return file->path;
}

const char *bram_h5_object_path(const bram_h5_object *at)
{
    return *at->name ? at->name : "/";
}

/* ---- objects -------------------------------------------------------------------------------- */

static bram_h5_kind kind_of_type(H5O_type_t type)
{
    switch (type) {
    case H5O_TYPE_GROUP:
        return BRAM_H5_GROUP;
    case H5O_TYPE_DATASET:
        return BRAM_H5_DATASET;
    case H5O_TYPE_NAMED_DATATYPE:
        return BRAM_H5_TYPE;
    default:
        return BRAM_H5_OTHER;
    }
}

/* One link: what it leads to. *damaged is set where a hard link leads to nothing readable. */
static bram_h5_kind kind_of_link(const bram_h5_object *at, hid_t id, const char *name,
                                 bool *damaged)
{
    H5L_info_t link;
    H5O_info_t object;
    if (H5Lget_info(id, name, &link, at->file->links) < 0) return BRAM_H5_ABSENT;
    if (link.type == H5L_TYPE_EXTERNAL) return BRAM_H5_EXTERNAL;
    if (link.type != H5L_TYPE_HARD && link.type != H5L_TYPE_SOFT) return BRAM_H5_OTHER;
    if (H5Oget_info_by_name2(id, name, &object, H5O_INFO_BASIC, at->file->links) >= 0)
        return kind_of_type(object.type);
    if (damaged && link.type == H5L_TYPE_HARD) *damaged = true;
    return link.type == H5L_TYPE_HARD ? BRAM_H5_OTHER : BRAM_H5_ABSENT;
}

static bool is_self(const char *path)
{
    return !path || !*path || strcmp(path, ".") == 0 || strspn(path, "/") == strlen(path);
}

int bram_h5_kind_of(bram_ctx *cx, bram_h5_kind *out, const bram_h5_object *at, const char *path)
{
    bram_h5_init();
    if (is_self(path)) {
        H5O_info_t object;
        hid_t id = path && *path == '/' ? at->file->root.id : at->id;
        if (H5Oget_info2(id, &object, H5O_INFO_BASIC) < 0)
            return bram_h5_broken(cx, at, path, "the object cannot be read");
        *out = kind_of_type(object.type);
        return BRAM_OK;
    }
    char *prefix = bram_strdup(cx, path);
    if (!prefix) return BRAM_ENOMEM;
    bram_h5_kind kind = BRAM_H5_GROUP;
    bool damaged = false;
    char *end = prefix;
    for (bool last = false; !last && kind == BRAM_H5_GROUP;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        last = end[strspn(end, "/")] == 0;
        char kept = *end;
        *end = 0;
        kind = kind_of_link(at, at->id, prefix, &damaged);
        *end = kept;
        if (!last && kind != BRAM_H5_GROUP && kind != BRAM_H5_EXTERNAL) kind = BRAM_H5_ABSENT;
    }
    bram_free(prefix);
    if (damaged) return bram_h5_broken(cx, at, path, "the object cannot be read");
    *out = kind;
    return BRAM_OK;
}

int bram_h5_id(bram_ctx *cx, hid_t *out, const bram_h5_object *at, const char *path)
{
    bram_h5_init();
    bool self = !path || !*path || strcmp(path, ".") == 0;
    hid_t id = self ? at->id : H5Oopen(at->id, path, at->file->links);
    if (id >= 0 && (!self || H5Iinc_ref(id) > 0)) { /* one more that H5Oclose() takes back */
        *out = id;
        return BRAM_OK;
    }
    bram_h5_kind kind;
    BRAM_TRY(bram_h5_kind_of(cx, &kind, at, path));
    if (kind == BRAM_H5_ABSENT)
        return bram_fail(cx, BRAM_EABSENT, "%s: no such object", bram_h5_place(at, path).text);
    if (kind == BRAM_H5_EXTERNAL)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: a link into another file; bramble reads one file "
                         "and follows no such links",
                         bram_h5_place(at, path).text);
    return bram_h5_broken(cx, at, path, "the object cannot be opened");
}

bool bram_h5_exists(const bram_h5_object *at, const char *path)
{
    bram_h5_init();
    hid_t id = H5Oopen(at->id, path && *path ? path : ".", at->file->links);
    if (id < 0) return false;
    H5I_type_t type = H5Iget_type(id);
    H5Oclose(id);
    return type == H5I_GROUP || type == H5I_DATASET;
}

/* Wraps an id that it takes over, also on failure. */
static int wrap(bram_ctx *cx, bram_h5_object **out, const bram_h5 *file, hid_t id, char *name)
{
    bram_h5_object *object = name ? bram_alloc(cx, 1, sizeof *object) : NULL;
    if (!object) {
        bram_free(name);
        H5Oclose(id);
        return BRAM_ENOMEM;
    }
    *object = (bram_h5_object){file, id, name};
    *out = object;
    return BRAM_OK;
}

int bram_h5_object_open(bram_ctx *cx, bram_h5_object **out, const bram_h5_object *at,
                        const char *path)
{
    hid_t id;
    BRAM_TRY(bram_h5_id(cx, &id, at, path));
    bool same = !path || !*path || strcmp(path, ".") == 0;
    char *name = same             ? bram_strdup(cx, at->name)
                 : path[0] == '/' ? bram_strdup(cx, path)
                                  : bram_strf(cx, "%s/%s", at->name, path);
    return wrap(cx, out, at->file, id, name);
}

void bram_h5_object_close(bram_h5_object *object)
{
    if (!object) return;
    bram_h5_init();
    H5Oclose(object->id);
    bram_free(object->name);
    bram_free(object);
}

int bram_h5_identity(bram_ctx *cx, bram_h5_ref *out, const bram_h5_object *at, const char *path)
{
    hid_t id;
    BRAM_TRY(bram_h5_id(cx, &id, at, path));
    H5O_info_t object;
    herr_t got = H5Oget_info2(id, &object, H5O_INFO_BASIC);
    int status = got < 0 ? bram_h5_broken(cx, at, path, "the object cannot be read") : BRAM_OK;
    H5Oclose(id);
    if (status == BRAM_OK) out->address = object.addr;
    return status;
}

int bram_h5_deref(bram_ctx *cx, bram_h5_object **out, const bram_h5_object *at, bram_h5_ref ref)
{
    bram_h5_init();
    if (ref.address == 0)
        return bram_fail(cx, BRAM_EABSENT, "%s: a null reference, expected one to an object",
                         bram_h5_place(at, NULL).text);
    hobj_ref_t raw = ref.address;
    hid_t id = -1;
    if (ref.address < at->file->bytes)
        id = H5Rdereference2(at->file->root.id, H5P_DEFAULT, H5R_OBJECT, &raw);
    if (id < 0) {
        char what[80];
        snprintf(what, sizeof what, "a reference to byte %llu, where no object is",
                 (unsigned long long)ref.address);
        return bram_h5_broken(cx, at, NULL, what);
    }
    return wrap(cx, out, at->file, id, bram_strf(cx, "/@%llu", (unsigned long long)ref.address));
}

/* ---- lists ---------------------------------------------------------------------------------- */

struct gathering {
    bram_ctx *cx;
    const bram_h5_object *at;
    bram_h5_entry *entries; /* names are offsets in `text` until the end */
    size_t *offsets;
    char *text;
    size_t count, most, used, size;
    int status;
};

static herr_t gather(hid_t group, const char *name, const H5L_info_t *link, void *user)
{
    (void)link;
    struct gathering *g = user;
    size_t bytes = strlen(name) + 1;
    if (g->count == g->most) return 1;
    if (g->size - g->used < bytes) {
        size_t size = 2 * g->size + bytes;
        char *text = bram_realloc(g->cx, g->text, size, 1);
        if (!text) {
            g->status = BRAM_ENOMEM;
            return -1;
        }
        g->text = text;
        g->size = size;
    }
    memcpy(g->text + g->used, name, bytes);
    g->offsets[g->count] = g->used;
    g->entries[g->count].kind = kind_of_link(g->at, group, name, NULL);
    g->used += bytes;
    g->count++;
    return 0;
}

/* Moves entries and texts into one block. */
static int pack_entries(struct gathering *g, bram_h5_entry **out, size_t *count)
{
    size_t head = g->count * sizeof *g->entries;
    bram_h5_entry *block = bram_alloc(g->cx, head + g->used, 1);
    if (!block) return BRAM_ENOMEM;
    char *text = (char *)block + head;
    if (g->used) memcpy(text, g->text, g->used);
    for (size_t i = 0; i < g->count; i++)
        block[i] = (bram_h5_entry){text + g->offsets[i], g->entries[i].kind};
    *out = block;
    *count = g->count;
    return BRAM_OK;
}

int bram_h5_list(bram_ctx *cx, bram_h5_entry **out, size_t *count, const bram_h5_object *at,
                 const char *path)
{
    hid_t id;
    BRAM_TRY(bram_h5_id(cx, &id, at, path));
    H5G_info_t group;
    struct gathering g = {.cx = cx, .at = at};
    int status = BRAM_OK;
    if (H5Iget_type(id) != H5I_GROUP)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found a dataset, expected a group",
                           bram_h5_place(at, path).text);
    else if (H5Gget_info(id, &group) < 0)
        status = bram_h5_broken(cx, at, path, "the group cannot be read");
    else if (group.nlinks > MOST_ENTRIES)
        status = bram_fail(cx, BRAM_EFORMAT, "%s: found %llu entries, expected %d or fewer",
                           bram_h5_place(at, path).text, (unsigned long long)group.nlinks,
                           MOST_ENTRIES);
    if (status == BRAM_OK) {
        g.most = (size_t)group.nlinks;
        g.entries = bram_alloc(cx, g.most, sizeof *g.entries);
        g.offsets = g.entries ? bram_alloc(cx, g.most, sizeof *g.offsets) : NULL;
        if (!g.offsets) status = BRAM_ENOMEM;
    }
    if (status == BRAM_OK && H5Literate(id, H5_INDEX_NAME, H5_ITER_INC, NULL, gather, &g) < 0)
        status = g.status ? g.status : bram_h5_broken(cx, at, path, "the group cannot be read");
    if (status == BRAM_OK) status = pack_entries(&g, out, count);
    H5Oclose(id);
    bram_free(g.entries);
    bram_free(g.offsets);
    bram_free(g.text);
    return status;
}
