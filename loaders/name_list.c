/*
 * name_list.c - lists of neuron names with their index.
 */
#include "name_list.h"

#include "csvfile.h"

#include <string.h>

static int check_line(bram_ctx *cx, const bram_csv *t, size_t row, const char *path)
{
    int64_t index;
    BRAM_TRY(bram_csv_integer(cx, t, row, 0, &index));
    if (index != (int64_t)row)
        return bram_fail(cx, BRAM_EFORMAT, "%s: line %zu: found index %lld, expected %zu", path,
                         bram_csv_line(t, row), (long long)index, row);
    if (!*bram_csv_text(t, row, 1))
        return bram_fail(cx, BRAM_EFORMAT, "%s: line %zu: found no name", path,
                         bram_csv_line(t, row));
    return BRAM_OK;
}

static int copy_names(bram_ctx *cx, char ***names, const bram_csv *t)
{
    size_t n = bram_csv_rows(t), bytes = n * sizeof(char *);
    for (size_t i = 0; i < n; i++) bytes += strlen(bram_csv_text(t, i, 1)) + 1;
    char **list = bram_alloc(cx, bytes, 1);
    if (!list) return BRAM_ENOMEM;
    char *text = (char *)(list + n);
    for (size_t i = 0; i < n; i++) {
        list[i] = strcpy(text, bram_csv_text(t, i, 1));
        text += strlen(text) + 1;
    }
    *names = list;
    return BRAM_OK;
}

int bram_name_list_read(bram_ctx *cx, char ***names, size_t expected, const char *path)
{
    bram_csv *t = NULL;
    BRAM_TRY(bram_csv_read(cx, &t, path, &(bram_csv_options){.delimiter = '\t', .limit = 1 << 20}));
    int status = BRAM_OK;
    if (bram_csv_cols(t) != 2 || bram_csv_rows(t) != expected)
        status = bram_fail(cx, BRAM_EFORMAT,
                           "%s: found %zu lines with %zu cells, expected %zu lines \"index TAB "
                           "neuron\"",
                           path, bram_csv_rows(t), bram_csv_cols(t), expected);
    for (size_t i = 0; status == BRAM_OK && i < expected; i++) status = check_line(cx, t, i, path);
    if (status == BRAM_OK) status = copy_names(cx, names, t);
    bram_csv_free(t);
    return status;
}
