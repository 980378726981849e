/*
 * dataset_hash.c - the hash of a dataset's content.
 *
 * Names, shapes, types, attributes and values are added in an order that depends on names only, so
 * that order of making, storage and compression do not matter. A missing value counts as 0 with a
 * mark, a NaN as one certain NaN.
 */
#include "dataset_form.h"

#include "h5_write.h"
#include "hash.h"

#include <math.h>
#include <string.h>

/* Adds words of 8 bytes, lowest byte first. */
static int add_words(bram_ctx *cx, bram_hash *h, const uint64_t *words, size_t count)
{
    unsigned char bytes[8 * 512];
    for (size_t i = 0; i < count;) {
        size_t n = count - i < 512 ? count - i : 512;
        for (size_t k = 0; k < n; k++)
            for (int b = 0; b < 8; b++)
                bytes[8 * k + (size_t)b] = (unsigned char)(words[i + k] >> 8 * b);
        BRAM_TRY(bram_hash_add(cx, h, bytes, 8 * n));
        i += n;
    }
    return BRAM_OK;
}

static uint64_t bits(double value)
{
    uint64_t word = 0x7ff8000000000000u; /* every NaN */
    if (!isnan(value)) memcpy(&word, &value, sizeof word);
    return word;
}

static int add_numbers(bram_ctx *cx, bram_hash *h, const double *values, size_t count)
{
    uint64_t words[512];
    for (size_t i = 0; i < count;) {
        size_t n = count - i < 512 ? count - i : 512;
        for (size_t k = 0; k < n; k++) words[k] = bits(values[i + k]);
        BRAM_TRY(add_words(cx, h, words, n));
        i += n;
    }
    return BRAM_OK;
}

static int add_attr(bram_ctx *cx, bram_hash *h, const bram_attrs *attrs, size_t i)
{
    const char *name = bram_attrs_name_at(attrs, i);
    bram_column_type type = bram_attrs_type_at(attrs, i);
    BRAM_TRY(bram_hash_add_text(cx, h, name));
    BRAM_TRY(bram_hash_add_u64(cx, h, (uint64_t)type));
    if (type == BRAM_TEXT) return bram_hash_add_text(cx, h, bram_attrs_text(attrs, name));
    if (type == BRAM_NUMBER)
        return bram_hash_add_u64(cx, h, bits(bram_attrs_number(attrs, name, 0)));
    return bram_hash_add_u64(cx, h, (uint64_t)bram_attrs_integer(attrs, name, 0));
}

static int add_attrs(bram_ctx *cx, bram_hash *h, const bram_attrs *attrs)
{
    size_t mark = bram_scratch_mark(cx), count = bram_attrs_count(attrs);
    const size_t *order = bram_form_attr_order(cx, attrs);
    int status = order ? bram_hash_add_u64(cx, h, count) : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        status = add_attr(cx, h, attrs, order[i]);
    bram_scratch_release(cx, mark);
    return status;
}

static int add_texts(bram_ctx *cx, bram_hash *h, const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) BRAM_TRY(bram_hash_add_text(cx, h, texts[i]));
    return BRAM_OK;
}

static int add_column(bram_ctx *cx, bram_hash *h, const bram_column *c, size_t length)
{
    BRAM_TRY(bram_hash_add_text(cx, h, c->name));
    BRAM_TRY(bram_hash_add_text(cx, h, c->unit));
    BRAM_TRY(bram_hash_add_u64(cx, h, (uint64_t)c->type));
    if (c->text) return add_texts(cx, h, c->text, length);
    if (c->number) return add_numbers(cx, h, c->number, length);
    for (size_t i = 0; i < length; i++) BRAM_TRY(bram_hash_add_u64(cx, h, (uint64_t)c->integer[i]));
    return BRAM_OK;
}

static int add_axis(bram_ctx *cx, bram_hash *h, const bram_axis *axis)
{
    size_t length = bram_axis_length(axis), count = bram_axis_columns(axis);
    BRAM_TRY(bram_hash_add_text(cx, h, bram_axis_name(axis)));
    BRAM_TRY(bram_hash_add_u64(cx, h, length));
    BRAM_TRY(bram_hash_add_u64(cx, h, bram_axis_has_ids(axis)));
    for (size_t i = 0; i < length && bram_axis_has_ids(axis); i++)
        BRAM_TRY(bram_hash_add_text(cx, h, bram_axis_id(axis, i)));
    const double *values = bram_axis_values(axis);
    BRAM_TRY(bram_hash_add_u64(cx, h, values != NULL));
    BRAM_TRY(bram_hash_add_text(cx, h, bram_axis_unit(axis)));
    if (values) BRAM_TRY(add_numbers(cx, h, values, length));
    BRAM_TRY(bram_hash_add_u64(cx, h, count));
    size_t mark = bram_scratch_mark(cx);
    const bram_column **columns = bram_form_columns(cx, axis);
    int status = columns ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; i < count && status == BRAM_OK; i++)
        status = add_column(cx, h, columns[i], length);
    bram_scratch_release(cx, mark);
    return status;
}

/* Marks and values in row-major order, block by block: the marks of a block before its values. */
static int add_values(bram_ctx *cx, bram_hash *h, const bram_response *r)
{
    size_t dims = bram_response_dims(r), lengths[BRAM_MAX_DIMS], block[BRAM_MAX_DIMS];
    size_t start[BRAM_MAX_DIMS] = {0}, count[BRAM_MAX_DIMS] = {0};
    for (size_t d = 0; d < dims; d++) lengths[d] = bram_response_length(r, d);
    bram_h5w_block(dims, lengths, block);
    double *values = bram_scratch(cx, bram_form_product(dims, block), sizeof *values);
    uint8_t *present = values ? bram_scratch(cx, bram_form_product(dims, block), 1) : NULL;
    if (!present) return BRAM_ENOMEM;
    while (bram_form_next_block(dims, lengths, block, start, count)) {
        size_t n = bram_form_product(dims, count);
        BRAM_TRY(bram_ctx_check_cancel(cx));
        BRAM_TRY(bram_response_read(cx, r, start, count, values, present));
        if (bram_response_has_mask(r)) BRAM_TRY(bram_hash_add(cx, h, present, n));
        BRAM_TRY(add_numbers(cx, h, values, n));
    }
    return BRAM_OK;
}

static int add_response(bram_ctx *cx, bram_hash *h, const bram_response *r)
{
    BRAM_TRY(bram_hash_add_u64(cx, h, (uint64_t)bram_response_type(r)));
    BRAM_TRY(bram_hash_add_u64(cx, h, bram_response_has_mask(r)));
    BRAM_TRY(bram_hash_add_u64(cx, h, bram_response_dims(r)));
    for (size_t d = 0; d < bram_response_dims(r); d++)
        BRAM_TRY(add_axis(cx, h, bram_response_axis(r, d)));
    BRAM_TRY(add_attrs(cx, h, bram_response_attrs_const(r)));
    size_t mark = bram_scratch_mark(cx);
    int status = add_values(cx, h, r);
    bram_scratch_release(cx, mark);
    return status;
}

static int add_listing(bram_ctx *cx, bram_hash *h, const bram_dataset *ds,
                       const bram_form_listing *list)
{
    BRAM_TRY(bram_hash_add_u64(cx, h, BRAM_SCHEMA_VERSION));
    BRAM_TRY(bram_hash_add_u64(cx, h, list->group_count));
    for (size_t i = 0; i < list->group_count; i++) {
        BRAM_TRY(bram_hash_add_text(cx, h, list->groups[i]));
        BRAM_TRY(add_attrs(cx, h, bram_dataset_find_attrs(ds, list->groups[i])));
    }
    BRAM_TRY(bram_hash_add_u64(cx, h, list->entry_count));
    for (size_t i = 0; i < list->entry_count; i++) {
        const bram_form_entry *e = &list->entries[i];
        BRAM_TRY(bram_hash_add_text(cx, h, e->path));
        BRAM_TRY(bram_hash_add_text(cx, h, e->table ? BRAM_ROLE_TABLE : BRAM_ROLE_RESPONSE));
        BRAM_TRY(e->table ? add_axis(cx, h, e->table) : add_response(cx, h, e->response));
    }
    return BRAM_OK;
}

int bram_dataset_hash(bram_ctx *cx, const bram_dataset *ds, char hex[65])
{
    bram_form_listing list;
    BRAM_TRY(bram_form_list(cx, &list, ds));
    bram_hash *h = NULL;
    int status = bram_hash_new(cx, &h);
    if (status == BRAM_OK) status = add_listing(cx, h, ds, &list);
    if (status == BRAM_OK) status = bram_hash_end(cx, h, hex);
    bram_hash_free(h);
    bram_form_release(&list);
    return status;
}
