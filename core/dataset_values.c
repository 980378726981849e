/*
 * dataset_values.c - the values of responses in a homogenized file, read piece by piece when they
 * are wanted; see dataset_values.h.
 */
#include "dataset_values.h"

#include "dataset_form.h"
#include "h5_write.h"

#include <string.h>

int bram_form_source_open(bram_ctx *cx, bram_form_source **out, const char *path)
{
    bram_form_source *source = bram_alloc(cx, 1, sizeof *source);
    if (!source) return BRAM_ENOMEM;
    atomic_init(&source->shares, 1);
    int status = bram_h5_open(cx, &source->file, path);
    if (status == BRAM_OK) *out = source;
    else bram_free(source);
    return status;
}

void bram_form_source_free(bram_form_source *source)
{
    if (!source || atomic_fetch_sub(&source->shares, 1) != 1) return;
    bram_h5_close(source->file);
    bram_free(source);
}

/* What a response whose values stay in the file needs for reading them. */
struct values {
    bram_form_source *source;
    char *path, *mask; /* mask NULL without */
    size_t dims;
};

static void release_values(void *state)
{
    struct values *v = state;
    bram_form_source_free(v->source);
    bram_free(v->path);
    bram_free(v->mask);
    bram_free(v);
}

/* Reads the marks of one piece and sets to 0 what is missing. */
static int read_marks(bram_ctx *cx, const struct values *v, const uint64_t *start,
                      const uint64_t *count, size_t n, int64_t *marks, double *values,
                      uint8_t *present)
{
    BRAM_TRY(bram_h5_slab_int64(cx, marks, bram_h5_root(v->source->file), v->mask, start, count));
    for (size_t i = 0; i < n; i++) {
        if (marks[i] != 0 && marks[i] != 1)
            return bram_fail(cx, BRAM_EFORMAT, "%s: /%s: found a mark of %lld, expected 0 or 1",
                             bram_h5_path(v->source->file), v->mask, (long long)marks[i]);
        if (!marks[i]) values[i] = 0;
        if (present) present[i] = (uint8_t)marks[i];
    }
    return BRAM_OK;
}

static int read_mask(bram_ctx *cx, const struct values *v, const size_t *start, const size_t *count,
                     double *values, uint8_t *present)
{
    size_t block[BRAM_MAX_DIMS], at[BRAM_MAX_DIMS] = {0}, part[BRAM_MAX_DIMS] = {0}, done = 0;
    bram_h5w_block(v->dims, count, block);
    int64_t *marks = bram_scratch(cx, bram_form_product(v->dims, block), sizeof *marks);
    if (!marks) return BRAM_ENOMEM;
    while (bram_form_next_block(v->dims, count, block, at, part)) {
        uint64_t from[BRAM_MAX_DIMS], many[BRAM_MAX_DIMS];
        size_t n = bram_form_product(v->dims, part);
        for (size_t d = 0; d < v->dims; d++) {
            from[d] = start[d] + at[d];
            many[d] = part[d];
        }
        BRAM_TRY(read_marks(cx, v, from, many, n, marks, values + done,
                            present ? present + done : NULL));
        done += n;
    }
    return BRAM_OK;
}

static int read_values(bram_ctx *cx, void *state, const size_t *start, const size_t *count,
                       double *values, uint8_t *present)
{
    const struct values *v = state;
    uint64_t from[BRAM_MAX_DIMS], many[BRAM_MAX_DIMS];
    for (size_t d = 0; d < v->dims; d++) {
        from[d] = start[d];
        many[d] = count[d];
    }
    BRAM_TRY(bram_h5_slab_double(cx, values, bram_h5_root(v->source->file), v->path, from, many));
    size_t mark = bram_scratch_mark(cx);
    int status = BRAM_OK;
    if (v->mask) status = read_mask(cx, v, start, count, values, present);
    else if (present) memset(present, 1, bram_form_product(v->dims, count));
    bram_scratch_release(cx, mark);
    return status;
}

bool bram_form_is_stored(bram_form_stored *out, const bram_response *r)
{
    const bram_reader *reader = bram_response_reader(r);
    if (!reader || reader->read != read_values) return false;
    const struct values *v = reader->state;
    *out = (bram_form_stored){bram_h5_root(v->source->file), v->path, v->mask};
    return true;
}

int bram_form_values(bram_ctx *cx, bram_reader *out, bram_form_source *source, const char *path,
                     bool mask, size_t dims)
{
    struct values *v = bram_alloc(cx, 1, sizeof *v);
    if (!v) return BRAM_ENOMEM;
    atomic_fetch_add(&source->shares, 1);
    v->source = source;
    v->dims = dims;
    v->path = bram_strdup(cx, path);
    if (mask) v->mask = bram_strf(cx, "%s" BRAM_SUFFIX_MASK, path);
    if (!v->path || (mask && !v->mask)) {
        release_values(v);
        return BRAM_ENOMEM;
    }
    *out = (bram_reader){read_values, release_values, v, mask};
    return BRAM_OK;
}

int bram_form_load(bram_ctx *cx, bram_response **out, const bram_response *from)
{
    size_t dims = bram_response_dims(from), n = bram_response_count(from);
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS];
    const bram_axis *axes[BRAM_MAX_DIMS];
    for (size_t d = 0; d < dims; d++) {
        axes[d] = bram_response_axis(from, d);
        count[d] = bram_axis_length(axes[d]);
    }
    size_t mark = bram_scratch_mark(cx);
    double *values = bram_scratch(cx, n, sizeof *values);
    uint8_t *present = values ? bram_scratch(cx, n, 1) : NULL, *mask = NULL;
    bram_response *r = NULL;
    int status = present ? bram_response_read(cx, from, start, count, values, present)
                         : BRAM_ENOMEM;
    if (status == BRAM_OK)
        status = bram_response_new(cx, &r, bram_response_name(from), bram_response_type(from), dims,
                                   axes);
    if (status == BRAM_OK && bram_response_has_mask(from) && !(mask = bram_response_mask(cx, r)))
        status = BRAM_ENOMEM;
    if (status == BRAM_OK) {
        if (mask && n) memcpy(mask, present, n);
        double *f64 = bram_response_f64(r);
        float *f32 = bram_response_f32(r);
        uint8_t *u8 = bram_response_u8(r);
        for (size_t i = 0; i < n; i++)
            if (f64) f64[i] = values[i];
            else if (f32) f32[i] = (float)values[i];
            else u8[i] = (uint8_t)(int)values[i]; /* a signed byte becomes the same bits */
        *out = r;
    } else bram_response_free(r);
    bram_scratch_release(cx, mark);
    return status;
}
