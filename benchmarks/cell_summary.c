/*
 * cell_summary.c - see cell_summary.h.
 */
#include "cell_summary.h"

#include "buffer.h"
#include "dataset_pack.h"
#include "file.h"
#include "hash.h"
#include "store.h"

#include <bramble/parallel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAGIC = 32 };

struct entry {
    char key[64], file[64], packed[64]; /* hex digits, without an end */
    uint64_t offset, length;
};

struct bram_cell_summary {
    bram_mapped *file;
    struct entry *entry; /* by key */
    size_t count;
};

/* Differs for another form, another version of the program, another order of bytes. */
static void make_magic(char magic[MAGIC])
{
    const uint32_t order = 0x01020304;
    memset(magic, 0, MAGIC);
    snprintf(magic, MAGIC - sizeof order, "bramble-sum %d %.12s", BRAM_PACK_VERSION,
             bram_version());
    memcpy(magic + MAGIC - sizeof order, &order, sizeof order);
}

static char *path_of(bram_ctx *cx, const char *dir, const char *benchmark)
{
    return bram_strf(cx, "%s/summaries/%s.bin", dir, benchmark);
}

/* What cannot be read is as good as absent; what this run lacks is not. */
static int unless_fatal(int status)
{
    return status == BRAM_ENOMEM || status == BRAM_ECANCEL ? status : BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    return memcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key, 64);
}

/* The entries of a mapped file; false for one that is no summary of ours. */
static bool find_entries(const bram_mapped *m, const unsigned char **at, size_t *count)
{
    char magic[MAGIC];
    uint64_t n;
    make_magic(magic);
    size_t head = MAGIC + sizeof n;
    if (m->size < head || memcmp(m->bytes, magic, MAGIC) != 0) return false;
    memcpy(&n, m->bytes + MAGIC, sizeof n);
    if (n > (m->size - head) / sizeof(struct entry)) return false;
    *at = m->bytes + head;
    *count = (size_t)n;
    return true;
}

int bram_cell_summary_open(bram_ctx *cx, bram_cell_summary **out, const char *dir,
                           const char *benchmark)
{
    char *path = path_of(cx, dir, benchmark);
    bram_mapped *file = NULL;
    const unsigned char *at;
    size_t count;
    int status = path ? bram_mapped_open(cx, &file, path) : BRAM_ENOMEM;
    bram_free(path);
    *out = NULL;
    if (status != BRAM_OK || !find_entries(file, &at, &count)) {
        bram_mapped_free(file);
        return unless_fatal(status);
    }
    bram_cell_summary *s = bram_alloc(cx, 1, sizeof *s);
    if (s) s->entry = bram_alloc(cx, count, sizeof *s->entry);
    if (!s || !s->entry) {
        bram_free(s);
        bram_mapped_free(file);
        return BRAM_ENOMEM;
    }
    s->file = file;
    s->count = count;
    if (count) {
        memcpy(s->entry, at, count * sizeof *s->entry);
        qsort(s->entry, count, sizeof *s->entry, by_key);
    }
    *out = s;
    return BRAM_OK;
}

void bram_cell_summary_free(bram_cell_summary *s)
{
    if (!s) return;
    bram_mapped_free(s->file);
    bram_free(s->entry);
    bram_free(s);
}

/* The packed bytes of a key whose cell has this hash, when they are what was written; or NULL. */
static int find_packed(bram_ctx *cx, const struct entry **out, const bram_cell_summary *s,
                       const char *key, const char *hash)
{
    struct entry wanted;
    char own[65];
    *out = NULL;
    if (!s || strlen(key) != sizeof wanted.key) return BRAM_OK;
    memcpy(wanted.key, key, sizeof wanted.key);
    const struct entry *e = s->count ? bsearch(&wanted, s->entry, s->count, sizeof *e, by_key)
                                     : NULL;
    if (!e || memcmp(e->file, hash, 64) != 0 || e->offset > s->file->size ||
        e->length > s->file->size - e->offset)
        return BRAM_OK;
    BRAM_TRY(bram_sha256(cx, own, s->file->bytes + e->offset, e->length));
    if (memcmp(own, e->packed, 64) == 0) *out = e;
    return BRAM_OK;
}

static int hash_cell(bram_ctx *cx, char hash[65], const char *dir, const char *key)
{
    char *path = bram_strf(cx, "%s/cells/%s.h5", dir, key);
    int status = path ? bram_sha256_file(cx, hash, path) : BRAM_ENOMEM;
    bram_free(path);
    return status;
}

int bram_cell_summary_take(bram_ctx *cx, bram_dataset **ds, char **others,
                           const bram_cell_summary *s, const char *dir, const char *key)
{
    char hash[65];
    const struct entry *e = NULL;
    *ds = NULL;
    if (!s) return BRAM_OK;
    BRAM_TRY(hash_cell(cx, hash, dir, key));
    BRAM_TRY(find_packed(cx, &e, s, key, hash));
    if (!e) return BRAM_OK;
    return unless_fatal(
        bram_dataset_unpack(cx, ds, others, s->file, s->file->bytes + e->offset, e->length));
}

/* ---- writing -------------------------------------------------------------------------------- */

/* An entry that still holds, and where. */
struct kept {
    const struct entry *entry;
    const bram_cell_summary *in;
};

struct writing {
    const char *dir;
    bram_cell_summary **before; /* that of the folder first, then those of others; NULL: none */
    size_t befores;
    const bram_axis *cells;
    struct entry *entry; /* one a cell of the plan; length 0: none */
    struct kept *kept;
};

/* The hash of a cell's file, and the entry of before that still holds. */
static int look_at(bram_ctx *cx, size_t i, void *user)
{
    struct writing *w = user;
    char hash[65];
    const char *key = bram_axis_id(w->cells, i);
    if (strlen(key) != 64 || !bram_store_has(cx, w->dir, key)) return BRAM_OK;
    BRAM_TRY(hash_cell(cx, hash, w->dir, key));
    memcpy(w->entry[i].key, key, 64);
    memcpy(w->entry[i].file, hash, 64);
    for (size_t k = 0; k < w->befores && !w->kept[i].entry; k++) {
        BRAM_TRY(find_packed(cx, &w->kept[i].entry, w->before[k], key, hash));
        w->kept[i].in = w->before[k];
    }
    return BRAM_OK;
}

static int pack_cell(bram_ctx *cx, bram_buffer *out, const struct writing *w, size_t i)
{
    static const char *const kept[] = {"raw", "draw"};
    char *path = bram_strf(cx, "%s/cells/%s.h5", w->dir, bram_axis_id(w->cells, i));
    bram_dataset *ds = NULL;
    bram_buffer own = {0};
    int status = path ? bram_dataset_open(cx, &ds, path) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_dataset_pack(cx, &own, ds, kept, 2);
    if (status == BRAM_OK) bram_buffer_write(out, bram_buffer_text(&own), own.length);
    bram_buffer_release(&own);
    bram_dataset_free(ds);
    bram_free(path);
    return unless_fatal(status);
}

/* What is packed of all cells, one after the other; entries without bytes go. */
static int pack_all(bram_ctx *cx, bram_buffer *out, struct writing *w, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < bram_axis_length(w->cells); i++) {
        struct entry e = w->entry[i];
        size_t from = out->length;
        char own[65];
        if (!*e.key) continue;
        BRAM_TRY(bram_ctx_check_cancel(cx));
        const struct kept *kept = &w->kept[i];
        if (kept->entry)
            bram_buffer_write(out, (const char *)kept->in->file->bytes + kept->entry->offset,
                              kept->entry->length);
        else BRAM_TRY(pack_cell(cx, out, w, i));
        BRAM_TRY(bram_buffer_status(cx, out));
        e.offset = from;
        e.length = out->length - from;
        if (!e.length) continue;
        BRAM_TRY(bram_sha256(cx, own, out->text + from, e.length));
        memcpy(e.packed, own, 64);
        w->entry[(*count)++] = e;
    }
    return BRAM_OK;
}

/* Writes head, entries and packed bytes. */
static int write_file(bram_ctx *cx, const char *path, const struct writing *w, size_t count,
                      const bram_buffer *packed)
{
    char magic[MAGIC];
    uint64_t n = count;
    bram_outfile *file = NULL;
    make_magic(magic);
    BRAM_TRY(bram_outfile_open(cx, &file, path, true));
    int status = bram_outfile_write(cx, file, magic, sizeof magic);
    if (status == BRAM_OK) status = bram_outfile_write(cx, file, &n, sizeof n);
    if (status == BRAM_OK)
        status = bram_outfile_write(cx, file, w->entry, count * sizeof *w->entry);
    if (status == BRAM_OK)
        status = bram_outfile_write(cx, file, bram_buffer_text(packed), packed->length);
    if (status == BRAM_OK) return bram_outfile_commit(cx, file);
    bram_outfile_abort(file);
    return status;
}

static int write_cells(bram_ctx *cx, const char *path, struct writing *w)
{
    size_t n = bram_axis_length(w->cells), most = 0, kept = 0, count = 0;
    bram_buffer packed = {0};
    w->entry = bram_scratch(cx, n, sizeof *w->entry);
    w->kept = bram_scratch(cx, n, sizeof *w->kept);
    if (!w->entry || !w->kept) return BRAM_ENOMEM;
    BRAM_TRY(bram_parallel_for(cx, n, look_at, w));
    const bram_cell_summary *own = w->before[0];
    for (size_t i = 0; i < n; i++)
        most += *w->entry[i].key != 0, kept += own && w->kept[i].entry && w->kept[i].in == own;
    if (own && kept == most && most == own->count) return BRAM_OK; /* it holds as is */
    size_t head = MAGIC + sizeof(uint64_t);
    int status = pack_all(cx, &packed, w, &count);
    /* from within the packed bytes to within the file: how many entries there are is known now */
    for (size_t i = 0; i < count; i++) w->entry[i].offset += head + count * sizeof *w->entry;
    if (status == BRAM_OK) status = write_file(cx, path, w, count, &packed);
    bram_buffer_release(&packed);
    return status;
}

int bram_cell_summary_write(bram_ctx *cx, const char *dir, const char *benchmark,
                            const char *const *from, size_t count)
{
    char *plan = bram_strf(cx, "%s/plans/%s.h5", dir, benchmark);
    char *path = path_of(cx, dir, benchmark);
    bram_dataset *ds = NULL;
    size_t mark = bram_scratch_mark(cx);
    bram_cell_summary **before = bram_scratch(cx, count + 1, sizeof *before);
    int status = plan && path && before ? bram_dataset_open(cx, &ds, plan) : BRAM_ENOMEM;
    for (size_t k = 0; k <= count && status == BRAM_OK; k++)
        status = bram_cell_summary_open(cx, &before[k], k ? from[k - 1] : dir, benchmark);
    struct writing w = {.dir = dir, .before = before, .befores = count + 1};
    w.cells = ds ? bram_dataset_table(ds, "cell") : NULL;
    if (status == BRAM_OK && w.cells) status = write_cells(cx, path, &w);
    for (size_t k = 0; before && k <= count; k++) bram_cell_summary_free(before[k]);
    bram_scratch_release(cx, mark);
    bram_dataset_free(ds);
    bram_free(plan);
    bram_free(path);
    return status;
}
