/*
 * safetensors.c - the header of a .safetensors file, and its tensors as arrays; see safetensors.h.
 */
#include "safetensors.h"

#include "json.h"
#include "npy_private.h"

#include <string.h>
#include <unistd.h>

enum { MOST_HEADER = 100 << 20 }; /* the limit of the format itself */

static const char metadata[] = "__metadata__";

struct bram_safetensors {
    char *path;
    bram_json *header;
    uint64_t start, size; /* of the values; of the file */
    const char **name;
    const bram_json **tensor;
    size_t count;
};

void bram_safetensors_close(bram_safetensors *s)
{
    if (!s) return;
    bram_json_free(s->header);
    bram_free(s->name);
    bram_free(s->tensor);
    bram_free(s->path);
    bram_free(s);
}

static int read_header(bram_ctx *cx, bram_safetensors *s, int fd)
{
    unsigned char head[8];
    uint64_t length = 0;
    if (s->size < sizeof head)
        return bram_fail(cx, BRAM_EFORMAT, "found %llu bytes, expected a header",
                         (unsigned long long)s->size);
    BRAM_TRY(bram_file_read_at(cx, fd, 0, head, sizeof head, s->path));
    for (size_t i = 0; i < sizeof head; i++) length |= (uint64_t)head[i] << 8 * i;
    if (length > MOST_HEADER || length > s->size - sizeof head)
        return bram_fail(cx, BRAM_EFORMAT, "found a header of %llu bytes in a file of %llu",
                         (unsigned long long)length, (unsigned long long)s->size);
    char *text = bram_alloc(cx, (size_t)length + 1, 1);
    if (!text) return BRAM_ENOMEM;
    int status = bram_file_read_at(cx, fd, sizeof head, text, (size_t)length, s->path);
    if (status == BRAM_OK) status = bram_json_parse(cx, &s->header, text, (size_t)length, "header");
    bram_free(text);
    s->start = sizeof head + length;
    return status;
}

static int list_tensors(bram_ctx *cx, bram_safetensors *s)
{
    size_t most = bram_json_count(s->header);
    bram_json_member member = {0};
    if (bram_json_kind_of(s->header) != BRAM_JSON_OBJECT)
        return bram_fail(cx, BRAM_EFORMAT, "header: found %s, expected object",
                         bram_json_kind_name(bram_json_kind_of(s->header)));
    s->name = bram_alloc(cx, most, sizeof *s->name);
    s->tensor = bram_alloc(cx, most, sizeof *s->tensor);
    if (!s->name || !s->tensor) return BRAM_ENOMEM;
    while (bram_json_next(s->header, &member)) {
        if (strcmp(member.key, metadata) == 0) continue;
        s->name[s->count] = member.key;
        s->tensor[s->count++] = member.value;
    }
    return BRAM_OK;
}

int bram_safetensors_open(bram_ctx *cx, bram_safetensors **out, const char *path)
{
    int fd;
    uint64_t size;
    BRAM_TRY(bram_file_open(cx, &fd, &size, path));
    bram_safetensors *s = bram_alloc(cx, 1, sizeof *s);
    int status = s ? BRAM_OK : BRAM_ENOMEM;
    if (s) s->size = size;
    if (s && !(s->path = bram_strdup(cx, path))) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_file_refuse_lfs(cx, fd, size, path);
    if (status == BRAM_OK) status = read_header(cx, s, fd);
    close(fd);
    if (status == BRAM_OK) status = list_tensors(cx, s);
    if (status == BRAM_OK) *out = s;
    else bram_safetensors_close(s);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

size_t bram_safetensors_count(const bram_safetensors *s)
{
    return s->count;
}

const char *bram_safetensors_name(const bram_safetensors *s, size_t i)
{
    return s->name[i];
}

const char *bram_safetensors_word(const bram_safetensors *s, const char *key)
{
    return bram_json_text(bram_json_get(bram_json_get(s->header, metadata), key));
}

/* ---- one tensor ----------------------------------------------------------------------------- */

static int take_type(bram_ctx *cx, bram_npy_info *info, const char *dtype)
{
    static const struct {
        const char *name;
        bram_npy_kind kind;
        size_t item;
    } types[] = {
        {"BOOL", BRAM_NPY_BOOL, 1}, {"I8", BRAM_NPY_INT, 1},      {"I16", BRAM_NPY_INT, 2},
        {"I32", BRAM_NPY_INT, 4},   {"I64", BRAM_NPY_INT, 8},     {"U8", BRAM_NPY_UINT, 1},
        {"U16", BRAM_NPY_UINT, 2},  {"U32", BRAM_NPY_UINT, 4},    {"U64", BRAM_NPY_UINT, 8},
        {"F16", BRAM_NPY_FLOAT, 2}, {"BF16", BRAM_NPY_BFLOAT, 2}, {"F32", BRAM_NPY_FLOAT, 4},
        {"F64", BRAM_NPY_FLOAT, 8}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, dtype) == 0) {
            info->kind = types[i].kind;
            info->item = types[i].item;
            return BRAM_OK;
        }
    return bram_fail(cx, BRAM_EFORMAT,
                     "dtype is \"%s\", expected BOOL, I8 to I64, U8 to U64, F16, BF16, F32 or F64",
                     dtype);
}

static int take_shape(bram_ctx *cx, bram_npy_info *info, const bram_json *shape)
{
    info->dims = bram_json_count(shape);
    if (info->dims > BRAM_NPY_MAX_DIMS)
        return bram_fail(cx, BRAM_EFORMAT, "found %zu dimensions, expected %d or fewer", info->dims,
                         BRAM_NPY_MAX_DIMS);
    for (size_t d = 0; d < info->dims; d++) {
        int64_t length;
        if (!bram_json_integer(bram_json_at(shape, d), &length) || length < 0)
            return bram_fail(cx, BRAM_EFORMAT, "shape: entry %zu is no length", d + 1);
        info->shape[d] = (size_t)length;
    }
    return BRAM_OK;
}

static int take_offsets(bram_ctx *cx, bram_npy *a, const bram_safetensors *s, const bram_json *pair)
{
    int64_t begin, end;
    if (bram_json_count(pair) != 2 || !bram_json_integer(bram_json_at(pair, 0), &begin) ||
        !bram_json_integer(bram_json_at(pair, 1), &end) || begin < 0 || end < begin ||
        (uint64_t)end > s->size - s->start)
        return bram_fail(cx, BRAM_EFORMAT,
                         "data_offsets are not a begin and an end within the %llu bytes of values",
                         (unsigned long long)(s->size - s->start));
    a->start = s->start + (uint64_t)begin;
    a->size = s->start + (uint64_t)end;
    return bram_npy_check_size(cx, a);
}

static int describe(bram_ctx *cx, bram_npy *a, const bram_safetensors *s, const bram_json *tensor)
{
    const bram_json *type, *shape, *offsets;
    BRAM_TRY(bram_json_need(cx, &type, tensor, "dtype", BRAM_JSON_TEXT));
    BRAM_TRY(bram_json_need(cx, &shape, tensor, "shape", BRAM_JSON_ARRAY));
    BRAM_TRY(bram_json_need(cx, &offsets, tensor, "data_offsets", BRAM_JSON_ARRAY));
    BRAM_TRY(take_type(cx, &a->info, bram_json_text(type)));
    BRAM_TRY(take_shape(cx, &a->info, shape));
    return take_offsets(cx, a, s, offsets);
}

int bram_safetensors_array(bram_ctx *cx, const bram_safetensors *s, size_t i, bram_npy **out)
{
    uint64_t size;
    bram_npy *a = bram_alloc(cx, 1, sizeof *a);
    if (!a) return BRAM_ENOMEM;
    a->fd = -1;
    a->name = bram_strf(cx, "%s: %s", s->path, s->name[i]);
    int status = a->name ? describe(cx, a, s, s->tensor[i]) : BRAM_ENOMEM;
    if (status != BRAM_OK && a->name) status = bram_fail_prefix(cx, status, "%s", a->name);
    if (status == BRAM_OK) status = bram_file_open(cx, &a->fd, &size, s->path);
    if (status == BRAM_OK && size != s->size)
        status = bram_fail(cx, BRAM_EREAD, "%s: changed while it was read", s->path);
    if (status == BRAM_OK) *out = a;
    else bram_npy_close(a);
    return status;
}
