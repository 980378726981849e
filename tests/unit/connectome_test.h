/*
 * connectome_test.h - what the tests of loaders of connectomes share.
 */
#ifndef BRAMBLE_CONNECTOME_TEST_H
#define BRAMBLE_CONNECTOME_TEST_H

#include <bramble/loader.h>

#include "test.h"

/** Imports one file. The dataset is checked against the schema: no error, no warning. */
static inline bram_dataset *import_file(bram_ctx *cx, const char *spec, const char *path)
{
    bram_dataset *ds = NULL;
    size_t errors = 1;
    assert_ok(cx, bram_import(cx, &ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL));
    assert_ok(cx, bram_dataset_check(cx, ds, NULL, NULL, &errors));
    assert_int_equal(errors, 0);
    return ds;
}

/** Writes a text file. */
static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

/** An import of this text that must fail with BRAM_EFORMAT and a message that contains `message`.
 */
static inline void refuses(const char *spec, const char *path, const char *text,
                           const char *message)
{
    bram_ctx *cx = bram_ctx_new();
    bram_dataset *ds = NULL;
    if (text) write_file(path, text);
    int status = bram_import(cx, &ds, spec, &(bram_input){(const char *const[]){path}, 1}, NULL);
    if (status != BRAM_EFORMAT || !strstr(bram_ctx_message(cx), message))
        fail_msg("%s: status %d: %s, expected \"%s\"", text ? text : path, status,
                 bram_ctx_message(cx), message);
    assert_non_null(strstr(bram_ctx_message(cx), path));
    assert_null(ds);
    bram_ctx_free(cx);
}

/** A table of connectome/SOURCE, or NULL. */
static inline const bram_axis *table_of(const bram_dataset *ds, const char *source,
                                        const char *layer)
{
    char path[200];
    snprintf(path, sizeof path, "connectome/%s/%s", source, layer);
    return bram_dataset_table(ds, path);
}

/** An attribute of connectome/SOURCE as a number; NaN where it is absent. */
static inline double attribute(const bram_dataset *ds, const char *source, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "connectome/%s", source);
    const bram_attrs *attrs = bram_dataset_find_attrs(ds, path);
    int64_t integer = bram_attrs_integer(attrs, name, INT64_MIN);
    return integer != INT64_MIN ? (double)integer : bram_attrs_number(attrs, name, (double)NAN);
}

/** The row of the edge, or -1. */
static inline ptrdiff_t edge_row(const bram_axis *layer, const char *from, const char *to)
{
    const bram_column *a = bram_axis_column(layer, "from"), *b = bram_axis_column(layer, "to");
    for (size_t i = 0; i < bram_axis_length(layer); i++)
        if (strcmp(a->text[i], from) == 0 && strcmp(b->text[i], to) == 0) return (ptrdiff_t)i;
    return -1;
}

/** The weight of the edge; 0 where there is none. */
static inline double edge_weight(const bram_axis *layer, const char *from, const char *to)
{
    ptrdiff_t row = edge_row(layer, from, to);
    return row < 0 ? 0 : bram_axis_column(layer, "weight")->number[row];
}

static inline double sum_weights(const bram_axis *layer)
{
    const bram_column *w = bram_axis_column(layer, "weight");
    double sum = 0;
    for (size_t i = 0; i < bram_axis_length(layer); i++) sum += w->number[i];
    return sum;
}

static inline const char *text_at(const bram_axis *table, const char *column, ptrdiff_t row)
{
    assert_true(row >= 0);
    return bram_axis_column(table, column)->text[row];
}

static inline int64_t integer_at(const bram_axis *table, const char *column, ptrdiff_t row)
{
    assert_true(row >= 0);
    return bram_axis_column(table, column)->integer[row];
}

#endif
