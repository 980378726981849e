/*
 * fill.c - a response that is filled block by block; see fill.h.
 *
 * A value is stored as the bits of its float32 exclusive-or those of one NaN. So the zero bytes of
 * a hole, in a file or in fresh memory, are that NaN: nothing has to be written where nothing is
 * put.
 */
#include "fill.h"

#include "file.h"
#include "spill.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { MISSING_BITS = 0x7fc00000 };

static const char place[] = "the file of an array that is being put together";

struct bram_fill {
    char *name;
    size_t dims, total, given; /* values in all; finite ones put */
    bram_axis *axis[BRAM_MAX_DIMS];
    size_t length[BRAM_MAX_DIMS], order[BRAM_MAX_DIMS];
    size_t step[BRAM_MAX_DIMS]; /* values from one index of a dimension to the next in storage */
    uint32_t *memory;           /* NULL: in the file */
    int fd;
};

static void release(struct bram_fill *f)
{
    for (size_t d = 0; d < f->dims; d++) bram_axis_free(f->axis[d]);
    if (f->fd >= 0) close(f->fd);
    bram_free(f->memory);
    bram_free(f->name);
    bram_free(f);
}

void bram_fill_free(bram_fill *f)
{
    if (f) release(f);
}

/* ---- beginning ------------------------------------------------------------------------------ */

static int measure(bram_ctx *cx, bram_fill *f, const size_t *order)
{
    size_t count = 1;
    bool seen[BRAM_MAX_DIMS] = {false};
    for (size_t k = f->dims; k-- > 0;) {
        size_t d = order ? order[k] : k;
        if (d >= f->dims || seen[d])
            return bram_fail(cx, BRAM_EUSAGE, "the order of %s names dimension %zu wrongly",
                             f->name, d);
        seen[d] = true;
        f->order[k] = d;
        f->step[d] = count;
        if (__builtin_mul_overflow(count, f->length[d], &count) || count > SIZE_MAX / 16)
            return bram_fail(cx, BRAM_ENOMEM, "%s has more values than can be counted", f->name);
    }
    f->total = count;
    return BRAM_OK;
}

static int take_room(bram_ctx *cx, bram_fill *f)
{
    size_t budget = bram_ctx_memory(cx);
    if (bram_ctx_spill(cx)) return bram_spill_file(cx, &f->fd);
    if (budget && f->total > budget / sizeof *f->memory)
        return bram_fail(cx, BRAM_EMEMORY, "%s takes %zu bytes in memory, the budget is %zu",
                         f->name, f->total * sizeof *f->memory, budget);
    f->memory = bram_alloc(cx, f->total, sizeof *f->memory);
    return f->memory ? BRAM_OK : BRAM_ENOMEM;
}

int bram_fill_new(bram_ctx *cx, bram_fill **out, const char *name, size_t dims,
                  const bram_axis *const *axes, const size_t *order)
{
    if (dims < 1 || dims > BRAM_MAX_DIMS)
        return bram_fail(cx, BRAM_EUSAGE, "%s has %zu axes, expected 1 to %d", name, dims,
                         BRAM_MAX_DIMS);
    bram_fill *f = bram_alloc(cx, 1, sizeof *f);
    if (!f) return BRAM_ENOMEM;
    *f = (bram_fill){.name = bram_strdup(cx, name), .dims = dims, .fd = -1};
    for (size_t d = 0; d < dims; d++) {
        f->axis[d] = bram_axis_ref(axes[d]);
        f->length[d] = bram_axis_length(axes[d]);
    }
    int status = f->name ? measure(cx, f, order) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = take_room(cx, f);
    if (status == BRAM_OK) *out = f;
    else release(f);
    return status;
}

/* ---- runs of values that lie side by side in storage ----------------------------------------- */

/* A block, gone through by runs along the dimension that varies fastest in storage. */
struct runs {
    const bram_fill *f;
    const size_t *start, *count;
    size_t fast, length;          /* that dimension, and how much of it */
    size_t stride[BRAM_MAX_DIMS]; /* of the block's values */
    size_t at[BRAM_MAX_DIMS];     /* the present run, within the block */
    size_t left;                  /* runs */
};

static struct runs runs_of(const bram_fill *f, const size_t *start, const size_t *count)
{
    struct runs r = {.f = f, .start = start, .count = count, .fast = f->order[f->dims - 1]};
    size_t stride = 1;
    for (size_t d = f->dims; d-- > 0;) {
        r.stride[d] = stride;
        stride *= count[d];
    }
    r.length = count[r.fast];
    r.left = stride ? stride / r.length : 0;
    return r;
}

/* Where the present run begins, in storage and in the block. */
static void place_of(const struct runs *r, size_t *stored, size_t *own)
{
    *stored = *own = 0;
    for (size_t d = 0; d < r->f->dims; d++) {
        *stored += (r->start[d] + r->at[d]) * r->f->step[d];
        *own += r->at[d] * r->stride[d];
    }
}

static void next_run(struct runs *r)
{
    r->left--;
    for (size_t k = r->f->dims - 1; k-- > 0;) {
        size_t d = r->f->order[k];
        if (++r->at[d] < r->count[d]) return;
        r->at[d] = 0;
    }
}

/* ---- putting -------------------------------------------------------------------------------- */

static int put_bits(bram_ctx *cx, bram_fill *f, size_t at, const uint32_t *bits, size_t n)
{
    const unsigned char *from = (const unsigned char *)bits;
    size_t bytes = n * sizeof *bits, offset = at * sizeof *bits;
    if (f->memory) {
        memcpy(f->memory + at, bits, bytes);
        return BRAM_OK;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t put = pwrite(f->fd, from + done, bytes - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0)
            return bram_fail(cx, BRAM_EWRITE, "%s: cannot write %s: %s", bram_ctx_spill(cx),
                             f->name, strerror(put ? errno : ENOSPC));
        done += (size_t)put;
    }
    return BRAM_OK;
}

/* @return false for a value that is infinite as float32 */
static bool encode(uint32_t *bits, double value)
{
    float single = (float)value;
    if (isinf(single)) return false;
    memcpy(bits, &single, sizeof single);
    *bits = isnan(value) ? 0 : *bits ^ MISSING_BITS;
    return true;
}

static int check_block(bram_ctx *cx, const bram_fill *f, const size_t *start, const size_t *count)
{
    for (size_t d = 0; d < f->dims; d++)
        if (start[d] > f->length[d] || count[d] > f->length[d] - start[d])
            return bram_fail(cx, BRAM_ESHAPE,
                             "%s: block %zu + %zu of axis %s, which has %zu entries", f->name,
                             start[d], count[d], bram_axis_name(f->axis[d]), f->length[d]);
    return BRAM_OK;
}

int bram_fill_put(bram_ctx *cx, bram_fill *f, const size_t *start, const size_t *count,
                  const double *values)
{
    size_t mark = bram_scratch_mark(cx);
    BRAM_TRY(check_block(cx, f, start, count));
    struct runs r = runs_of(f, start, count);
    uint32_t *bits = bram_scratch(cx, r.length, sizeof *bits);
    int status = bits ? BRAM_OK : BRAM_ENOMEM;
    for (; status == BRAM_OK && r.left; next_run(&r)) {
        size_t to, from, given = 0;
        place_of(&r, &to, &from);
        for (size_t i = 0; i < r.length && status == BRAM_OK; i++) {
            double value = values[from + i * r.stride[r.fast]];
            if (!encode(&bits[i], value))
                status = bram_fail(cx, BRAM_ENUMERIC, "%s: a value is %g, expected a number",
                                   f->name, value);
            given += bits[i] != 0;
        }
        if (status == BRAM_OK && given) status = put_bits(cx, f, to, bits, r.length);
        f->given += given;
    }
    bram_scratch_release(cx, mark);
    return status;
}

/* A file ends behind the last value that was put: the rest becomes a hole. */
static int set_length(bram_ctx *cx, const bram_fill *f)
{
    if (f->memory || ftruncate(f->fd, (off_t)(f->total * sizeof(uint32_t))) == 0) return BRAM_OK;
    return bram_fail(cx, BRAM_EWRITE, "%s: cannot write %s: %s", bram_ctx_spill(cx), f->name,
                     strerror(errno));
}

/* ---- reading -------------------------------------------------------------------------------- */

static int read_from(bram_ctx *cx, const bram_fill *f, const size_t *start, const size_t *count,
                     double *values, uint8_t *present)
{
    size_t mark = bram_scratch_mark(cx);
    struct runs r = runs_of(f, start, count);
    uint32_t *room = bram_scratch(cx, r.length, sizeof *room);
    int status = room ? BRAM_OK : BRAM_ENOMEM;
    for (; status == BRAM_OK && r.left; next_run(&r)) {
        size_t from, to;
        place_of(&r, &from, &to);
        const uint32_t *bits = f->memory ? f->memory + from : room;
        if (!f->memory)
            status = bram_file_read_at(cx, f->fd, from * sizeof *room, room,
                                       r.length * sizeof *room, place);
        for (size_t i = 0; i < r.length && status == BRAM_OK; i++) {
            size_t k = to + i * r.stride[r.fast];
            uint32_t raw = bits[i] ^ MISSING_BITS;
            float single;
            memcpy(&single, &raw, sizeof single);
            values[k] = bits[i] ? (double)single : 0;
            if (present) present[k] = bits[i] != 0;
        }
    }
    bram_scratch_release(cx, mark);
    return status;
}

int bram_fill_read(bram_ctx *cx, const bram_fill *f, const size_t *start, const size_t *count,
                   double *values)
{
    size_t n = 1, mark = bram_scratch_mark(cx);
    BRAM_TRY(check_block(cx, f, start, count));
    for (size_t d = 0; d < f->dims; d++) n *= count[d];
    uint8_t *present = bram_scratch(cx, n, 1);
    int status = present ? set_length(cx, f) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = read_from(cx, f, start, count, values, present);
    for (size_t i = 0; status == BRAM_OK && i < n; i++)
        if (!present[i]) values[i] = (double)NAN;
    bram_scratch_release(cx, mark);
    return status;
}

const bram_axis *bram_fill_axis(const bram_fill *f, size_t dim)
{
    return f->axis[dim];
}

size_t bram_fill_dims(const bram_fill *f)
{
    return f->dims;
}

void bram_fill_set_axis(bram_fill *f, size_t dim, const bram_axis *axis)
{
    assert(bram_axis_length(axis) == f->length[dim]);
    bram_axis *old = f->axis[dim];
    f->axis[dim] = bram_axis_ref(axis);
    bram_axis_free(old);
}

static int read_block(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                      double *values, uint8_t *present)
{
    return read_from(cx, state, start, count, values, present);
}

static void release_state(void *state)
{
    release(state);
}

int bram_fill_end(bram_ctx *cx, bram_fill *f, bram_type type, bram_response **out)
{
    int status = set_length(cx, f);
    if (status != BRAM_OK) {
        release(f);
        return status;
    }
    return bram_response_from_reader(
        cx, out, f->name, type, f->dims, (const bram_axis *const *)f->axis,
        (bram_reader){read_block, release_state, f, f->given < f->total});
}
