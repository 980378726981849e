/*
 * name_list.c - lists of neuron names with their index.
 */
#include "name_list.h"

#include "csvfile.h"
#include "gz.h"
#include "intake.h"
#include "labels.h"

#include <math.h>
#include <string.h>

enum { NEURONS = 300 };

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

/* ---- which file is a list ------------------------------------------------------------------- */

/* "000<TAB>NAME", and NAME is one that the label parser knows. */
bool bram_name_list_is(const char *path)
{
    char head[64] = "";
    size_t n = bram_gz_peek(path, head, sizeof head - 1);
    if (n < 6 || strncmp(head, "000\t", 4) != 0) return false;
    head[strcspn(head, "\r\n")] = 0;
    bram_label label = bram_label_parse(head + 4, (double)NAN, 0);
    return bram_label_is_certain(&label);
}

int bram_name_list_belongs(bram_ctx *cx, const char *path, bram_recognition *out)
{
    char **names = NULL;
    bram_recognise(out, BRAM_NOT_MINE, "no list of names");
    if (!bram_name_list_is(path)) return BRAM_OK;
    int status = bram_name_list_read(cx, &names, NEURONS, path);
    if (status == BRAM_OK)
        bram_recognise(out, BRAM_MINE, "the names of 300 neurons, for matrices that have none");
    bram_free(names);
    return status == BRAM_ENOMEM ? status : BRAM_OK;
}

static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

int bram_name_list_choose(bram_ctx *cx, const char **out, const bram_input *input)
{
    const char *first = NULL, *matrix = input->paths[0];
    size_t length = folder_length(matrix);
    for (size_t i = 1; i < input->count; i++) {
        const char *path = input->paths[i];
        if (!bram_name_list_is(path)) continue;
        if (length == folder_length(path) && strncmp(path, matrix, length) == 0) {
            *out = path;
            return BRAM_OK;
        }
        if (!first) first = path;
    }
    if (first) *out = first;
    return first ? BRAM_OK
                 : bram_fail(cx, BRAM_EUSAGE,
                             "found %zu file%s, expected the matrices and their list of names "
                             "(\"000 TAB ADAL\")",
                             input->count, input->count == 1 ? "" : "s");
}
