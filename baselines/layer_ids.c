/*
 * layer_ids.c - which stimulus each row of a file of features is: texts within the file or beside
 * it.
 */
#include "layer.h"

#include "file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void bram_row_ids_release(bram_row_ids *ids)
{
    bram_free(ids->text);
    bram_free(ids->bytes);
    *ids = (bram_row_ids){0};
}

bool bram_row_ids_are_named(const char *name)
{
    /* image_id is what older BrainIO assemblies call the stimulus */
    static const char *const names[] = {"ids", "id", "stimulus_id", "image_id", "stimulus"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

bool bram_layers_is_ids(const char *name)
{
    size_t n = strlen(name);
    bool ending = n > 8 && (!strcmp(name + n - 8, ".ids.npy") || !strcmp(name + n - 8, ".ids.txt"));
    return ending || strcmp(name, "ids.npy") == 0 || strcmp(name, "ids.txt") == 0;
}

int bram_row_ids_from_numbers(bram_ctx *cx, bram_row_ids *out, const double *number, size_t n)
{
    enum { DIGITS = 24 };
    char **text = bram_alloc(cx, n, sizeof *text + DIGITS);
    if (!text) return BRAM_ENOMEM;
    char *at = (char *)(text + n);
    for (size_t i = 0; i < n; i++, at += DIGITS) {
        if (number[i] != floor(number[i]) || fabs(number[i]) > 9007199254740992.0) {
            double found = number[i];
            bram_free(text);
            return bram_fail(cx, BRAM_EFORMAT, "id %zu is %g, expected a text or a whole number",
                             i + 1, found);
        }
        snprintf(at, DIGITS, "%.0f", number[i]);
        text[i] = at;
    }
    out->text = text;
    out->count = n;
    return BRAM_OK;
}

int bram_row_ids_from_npy(bram_ctx *cx, bram_row_ids *out, const bram_npy *a)
{
    const bram_npy_info *info = bram_npy_describe(a);
    if (info->dims != 1)
        return bram_fail(cx, BRAM_EFORMAT, "ids are %s, expected texts along one axis",
                         bram_npy_summary(a));
    if (!bram_npy_is_numeric(a)) {
        BRAM_TRY(bram_npy_read_texts(cx, a, &out->text));
        out->count = info->count;
        return BRAM_OK;
    }
    double *number = bram_alloc(cx, info->count, sizeof *number);
    int status = number ? bram_npy_read(cx, a, number) : BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_row_ids_from_numbers(cx, out, number, info->count);
    bram_free(number);
    return status;
}

static int read_npy(bram_ctx *cx, bram_row_ids *out, const char *path)
{
    bram_npy *a = NULL;
    BRAM_TRY(bram_npy_open(cx, &a, path));
    int status = bram_row_ids_from_npy(cx, out, a);
    bram_npy_close(a);
    return status == BRAM_OK ? status : bram_fail_prefix(cx, status, "%s", path);
}

/* One id a line. */
static int read_lines(bram_ctx *cx, bram_row_ids *out, const char *path)
{
    size_t size, lines = 0;
    BRAM_TRY(bram_file_read(cx, &out->bytes, &size, path, (size_t)1 << 30));
    for (size_t i = 0; i < size; i++) lines += out->bytes[i] == '\n';
    out->text = bram_alloc(cx, lines + 1, sizeof *out->text);
    if (!out->text) return BRAM_ENOMEM;
    for (char *at = (char *)out->bytes; *at;) {
        size_t length = strcspn(at, "\r\n");
        bool more = at[length] != 0;
        at[length] = 0;
        if (length) out->text[out->count++] = at;
        at += length + more;
    }
    return BRAM_OK;
}

int bram_row_ids_beside(bram_ctx *cx, bram_row_ids *out, const char *path)
{
    static const char *const ending[] = {".npy", ".txt"};
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    const char *dot = strrchr(last, '.');
    int folder = (int)(last - path), length = dot ? (int)(dot - path) : (int)strlen(path);
    for (int i = 0; i < 4 && !out->count; i++) {
        char *beside = i < 2 ? bram_strf(cx, "%.*s.ids%s", length, path, ending[i])
                             : bram_strf(cx, "%.*sids%s", folder, path, ending[i - 2]);
        if (!beside) return BRAM_ENOMEM;
        struct stat file;
        int status = BRAM_OK;
        if (stat(beside, &file) == 0)
            status = i % 2 ? read_lines(cx, out, beside) : read_npy(cx, out, beside);
        bram_free(beside);
        BRAM_TRY(status);
    }
    return BRAM_OK;
}

int bram_row_ids_axis(bram_ctx *cx, bram_axis **out, const bram_row_ids *ids, size_t rows,
                      const char *path)
{
    bram_axis *axis = NULL;
    if (!ids->count)
        return bram_fail(cx, BRAM_EFORMAT,
                         "%s: nothing says which stimulus each row is: expected ids within it, or "
                         "in NAME.ids.npy, NAME.ids.txt, ids.npy or ids.txt beside it",
                         path);
    if (ids->count != rows)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %zu rows and %zu ids", path, rows, ids->count);
    BRAM_TRY(bram_axis_new(cx, &axis, "stimulus", rows));
    int status = bram_axis_set_ids(cx, axis, (const char *const *)ids->text);
    for (size_t i = 0; i < rows && status == BRAM_OK; i++)
        if (bram_axis_find(axis, ids->text[i]) != (ptrdiff_t)i)
            status = bram_fail(cx, BRAM_EFORMAT, "%s: row %zu has the id \"%s\" of another row",
                               path, i + 1, ids->text[i]);
    if (status == BRAM_OK) *out = axis;
    else bram_axis_free(axis);
    return status;
}
