/*
 * spill.c - large arrays of a dataset on disk while nobody works on them.
 *
 * One file holds the arrays of a dataset, one behind the other: values as they were in memory, then
 * the mask. The longest runs that lie side by side are read at once: a block of whole rows is one
 * read.
 */
#include "spill.h"

#include "file.h"
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LEAST_BYTES = 1 << 16 };

struct bram_spill {
    int fd;
    uint64_t used;
    size_t shares; /* the dataset's, and one of each response */
};

/* An array in the file. */
struct part {
    bram_spill *spill;
    size_t dims, length[BRAM_MAX_DIMS];
    bram_type type;
    uint64_t values, mask; /* where they begin */
    bool masked;
};

static const char place[] = "the file of arrays that wait on disk";

void bram_spill_free(bram_spill *spill)
{
    if (!spill || --spill->shares) return;
    close(spill->fd);
    bram_free(spill);
}

int bram_spill_file(bram_ctx *cx, int *fd)
{
    const char *folder = bram_ctx_spill(cx);
    char *path = bram_strf(cx, "%s/bramble-XXXXXX", folder);
    int status = path ? BRAM_OK : BRAM_ENOMEM, file = path ? mkstemp(path) : -1;
    if (path && file < 0)
        status = bram_fail(cx, BRAM_EWRITE, "%s: cannot write there: %s", folder, strerror(errno));
    if (file >= 0) {
        unlink(path);
        *fd = file;
    }
    bram_free(path);
    return status;
}

static int open_spill(bram_ctx *cx, bram_spill **out)
{
    bram_spill *spill = bram_alloc(cx, 1, sizeof *spill);
    int status = spill ? bram_spill_file(cx, &spill->fd) : BRAM_ENOMEM;
    if (status != BRAM_OK) {
        bram_free(spill);
        return status;
    }
    spill->shares = 1;
    *out = spill;
    return BRAM_OK;
}

static int append(bram_ctx *cx, bram_spill *spill, const void *bytes, size_t count)
{
    const unsigned char *from = bytes;
    for (size_t done = 0; done < count;) {
        ssize_t put = pwrite(spill->fd, from + done, count - done, (off_t)(spill->used + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0)
            return bram_fail(cx, BRAM_EWRITE, "%s: cannot write: %s", bram_ctx_spill(cx),
                             strerror(put ? errno : ENOSPC));
        done += (size_t)put;
    }
    spill->used += count;
    return BRAM_OK;
}

/* ---- reading -------------------------------------------------------------------------------- */

/* n numbers from position `from` of the array, as doubles. */
static int read_run(bram_ctx *cx, const struct part *p, size_t from, size_t n, double *values,
                    uint8_t *present)
{
    size_t size = bram_type_size(p->type);
    /* smaller numbers go to the end of their room and grow towards its front, front to back */
    unsigned char *bytes = (unsigned char *)values + n * (sizeof(double) - size);
    BRAM_TRY(bram_file_read_at(cx, p->spill->fd, p->values + from * size, bytes, n * size, place));
    for (size_t i = 0; p->type == BRAM_U8 && i < n; i++) values[i] = bytes[i];
    for (size_t i = 0; p->type == BRAM_F32 && i < n; i++) {
        float single;
        memcpy(&single, bytes + i * sizeof single, sizeof single);
        values[i] = (double)single;
    }
    if (!present) return BRAM_OK;
    if (p->masked) return bram_file_read_at(cx, p->spill->fd, p->mask + from, present, n, place);
    memset(present, 1, n);
    return BRAM_OK;
}

static int read_part(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                     double *values, uint8_t *present)
{
    const struct part *p = state;
    size_t inner = p->dims, run = 1, runs = 1, at[BRAM_MAX_DIMS] = {0};
    do run *= count[--inner]; /* dimensions from `inner` on lie side by side */
    while (inner && count[inner] == p->length[inner]);
    for (size_t d = 0; d < inner; d++) runs *= count[d];
    for (size_t k = 0; k < runs; k++) {
        size_t from = 0;
        for (size_t d = 0; d < p->dims; d++) from = from * p->length[d] + start[d] + at[d];
        BRAM_TRY(read_run(cx, p, from, run, values + k * run, present ? present + k * run : NULL));
        for (size_t d = inner; d-- > 0;) {
            if (++at[d] < count[d]) break;
            at[d] = 0;
        }
    }
    return BRAM_OK;
}

static void release_part(void *state)
{
    struct part *p = state;
    bram_spill_free(p->spill);
    bram_free(p);
}

/* ---- moving --------------------------------------------------------------------------------- */

/* Values where the mask says missing are read as 0: they are stored so. */
static void clear_missing(const bram_response *r, void *values, const uint8_t *mask)
{
    size_t size = bram_type_size(bram_response_type(r));
    for (size_t i = 0; i < bram_response_count(r); i++)
        if (!mask[i]) memset((char *)values + i * size, 0, size); /* all bits 0 is the number 0 */
}

/* @return the values of a response in memory; NULL of one that is not */
static void *values_of(bram_response *r)
{
    if (bram_response_type(r) == BRAM_F64) return bram_response_f64(r);
    return bram_response_type(r) == BRAM_F32 ? (void *)bram_response_f32(r)
                                             : (void *)bram_response_u8(r);
}

static int move(bram_ctx *cx, bram_spill *spill, bram_response *r, size_t bytes)
{
    struct part *p = bram_alloc(cx, 1, sizeof *p);
    if (!p) return BRAM_ENOMEM;
    *p = (struct part){.dims = bram_response_dims(r), .type = bram_response_type(r)};
    for (size_t d = 0; d < p->dims; d++) p->length[d] = bram_response_length(r, d);
    void *values = values_of(r);
    p->masked = bram_response_has_mask(r);
    const uint8_t *mask = p->masked ? bram_response_mask(cx, r) : NULL;
    if (mask) clear_missing(r, values, mask);
    p->values = spill->used;
    int status = append(cx, spill, values, bytes);
    p->mask = spill->used;
    if (status == BRAM_OK && mask) status = append(cx, spill, mask, bram_response_count(r));
    if (status != BRAM_OK) {
        spill->used = p->values;
        bram_free(p);
        return status;
    }
    p->spill = spill;
    spill->shares++;
    bram_response_set_reader(r, (bram_reader){read_part, release_part, p, p->masked});
    bram_give_back();
    return BRAM_OK;
}

int bram_dataset_spill(bram_ctx *cx, bram_dataset *ds, bram_response *r)
{
    if (!values_of(r)) return BRAM_OK;
    /* in memory: they can be counted */
    size_t bytes = bram_response_count(r) * bram_type_size(bram_response_type(r));
    if (!bram_ctx_spill(cx) || bytes < LEAST_BYTES) return BRAM_OK;
    bram_spill **spill = bram_dataset_spill_of(ds);
    if (!*spill) BRAM_TRY(open_spill(cx, spill));
    return move(cx, *spill, r, bytes);
}
