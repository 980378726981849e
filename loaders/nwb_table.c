/*
 * nwb_table.c - columns of the tables of NWB 2 (HDMF DynamicTable), ragged ones as well. nwb.h
 * states the contracts.
 */
#include "nwb.h"

#include <stdio.h>
#include <string.h>

static const char *column_path(char out[BRAM_NWB_PATH], const char *table, const char *column,
                               const char *ending)
{
    snprintf(out, BRAM_NWB_PATH, "%s/%s%s", table, column, ending);
    return out;
}

bool bram_nwb_has_column(const bram_nwb *nwb, const char *table, const char *column)
{
    char at[BRAM_NWB_PATH];
    return bram_h5_exists(nwb->root, column_path(at, table, column, ""));
}

int bram_nwb_ragged(bram_ctx *cx, size_t **begin, size_t *rows, const bram_nwb *nwb,
                    const char *table, const char *column, size_t elements)
{
    char at[BRAM_NWB_PATH];
    int64_t *end = NULL;
    size_t count = 0;
    BRAM_TRY(bram_h5_read_int64(cx, &end, &count, nwb->root,
                                column_path(at, table, column, "_index"), 0));
    size_t *place = bram_alloc(cx, count + 1, sizeof *place);
    int status = place ? BRAM_OK : BRAM_ENOMEM;
    for (size_t i = 0; status == BRAM_OK && i < count; i++) {
        if (end[i] < (int64_t)place[i] || (uint64_t)end[i] > elements)
            status = bram_fail(cx, BRAM_EFORMAT,
                               "%s: %s: row %zu ends at %lld, expected %zu to %zu: the column has "
                               "%zu elements",
                               nwb->path, at, i + 1, (long long)end[i], place[i], elements,
                               elements);
        else place[i + 1] = (size_t)end[i];
    }
    bram_free(end);
    if (status != BRAM_OK) {
        bram_free(place);
        return status;
    }
    *begin = place;
    *rows = count;
    return BRAM_OK;
}

/* Whether every element is at most one character of UTF-8. */
static bool are_characters(char *const *element, size_t elements)
{
    for (size_t i = 0; i < elements; i++) {
        const char *c = element[i];
        if (*c) c++;
        while ((*c & 0xC0) == 0x80) c++;
        if (*c) return false;
    }
    return true;
}

/* One block: pointers, then the text of each row. */
static int join_rows(bram_ctx *cx, char ***out, size_t rows, const size_t *begin,
                     char *const *element)
{
    const char *between = are_characters(element, begin[rows]) ? "" : " | ";
    size_t bytes = rows * (sizeof(char *) + 1);
    for (size_t k = 0; k < begin[rows]; k++) bytes += strlen(element[k]) + strlen(between);
    char **text = bram_alloc(cx, bytes ? bytes : 1, 1);
    if (!text) return BRAM_ENOMEM;
    char *at = (char *)(text + rows);
    for (size_t i = 0; i < rows; i++) {
        text[i] = at;
        for (size_t k = begin[i]; k < begin[i + 1]; k++) {
            if (k > begin[i]) at = stpcpy(at, between);
            at = stpcpy(at, element[k]);
        }
        *at++ = 0;
    }
    *out = text;
    return BRAM_OK;
}

int bram_nwb_column_text(bram_ctx *cx, char ***out, size_t *rows, const bram_nwb *nwb,
                         const char *table, const char *column)
{
    char at[BRAM_NWB_PATH], **element = NULL;
    size_t elements = 0, *begin = NULL, count = 0;
    BRAM_TRY(bram_h5_read_strings(cx, &element, &elements, nwb->root,
                                  column_path(at, table, column, "")));
    if (!bram_h5_exists(nwb->root, column_path(at, table, column, "_index"))) {
        *out = element;
        *rows = elements;
        return BRAM_OK;
    }
    int status = bram_nwb_ragged(cx, &begin, &count, nwb, table, column, elements);
    if (status == BRAM_OK) status = join_rows(cx, out, count, begin, element);
    if (status == BRAM_OK) *rows = count;
    bram_free(begin);
    bram_free(element);
    return status;
}

int bram_nwb_column_numbers(bram_ctx *cx, double **out, size_t *rows, const bram_nwb *nwb,
                            const char *table, const char *column)
{
    char at[BRAM_NWB_PATH];
    bram_h5_info info;
    BRAM_TRY(bram_h5_info_of(cx, &info, nwb->root, column_path(at, table, column, "")));
    if (info.rank != 1)
        return bram_fail(cx, BRAM_EFORMAT, "%s: %s has %u dimensions, expected a column", nwb->path,
                         at, info.rank);
    return bram_h5_read_double(cx, out, rows, nwb->root, at, 0);
}
