/*
 * reference_file.h - tables of a JSON file of reference numbers, by path: "ridge/tall/coef".
 */
#ifndef BRAMBLE_REFERENCE_FILE_H
#define BRAMBLE_REFERENCE_FILE_H

#include "json.h"
#include "test.h"

#include <bramble/matrix.h>

struct reference {
    bram_ctx *cx;
    bram_json *file;
};

/* Returns from the test (skipped) without the shared data. */
#define open_reference(r)                                                                          \
    do {                                                                                           \
        char path_[512];                                                                           \
        test_data(path_, "../reference/encoding_reference.json");                                  \
        (r)->cx = bram_ctx_new();                                                                  \
        assert_ok((r)->cx, bram_json_read((r)->cx, &(r)->file, path_, 0));                         \
    } while (0)

static inline void close_reference(struct reference *r)
{
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

static inline const bram_json *reference_at(const struct reference *r, const char *path)
{
    const bram_json *at = r->file;
    char key[64];
    while (*path) {
        size_t n = strcspn(path, "/");
        snprintf(key, sizeof key, "%.*s", (int)n, path);
        at = bram_json_get(at, key);
        path += n + (path[n] == '/');
    }
    if (!at) fail_msg("no such reference");
    return at;
}

/* Numbers of nested arrays in file order, in scratch memory; null and objects are NaN. */
static inline size_t reference_fill(double *out, const bram_json *value)
{
    if (bram_json_kind_of(value) != BRAM_JSON_ARRAY) {
        double x = NAN;
        (void)bram_json_number(value, &x);
        if (out) *out = x;
        return 1;
    }
    size_t count = 0;
    for (size_t i = 0; i < bram_json_count(value); i++)
        count += reference_fill(out ? out + count : NULL, bram_json_at(value, i));
    return count;
}

/* A table as a matrix: the first index by all others; a list as a column. */
static inline bram_mat reference_value(const struct reference *r, const bram_json *value)
{
    size_t rows = bram_json_kind_of(value) == BRAM_JSON_ARRAY ? bram_json_count(value) : 1;
    size_t count = reference_fill(NULL, value);
    double *data = bram_scratch(r->cx, count, sizeof *data);
    assert_non_null(data);
    reference_fill(data, value);
    return (bram_mat){data, rows, count / rows, count / rows};
}

static inline bram_mat reference_table(const struct reference *r, const char *path)
{
    return reference_value(r, reference_at(r, path));
}

static inline double reference_number(const struct reference *r, const char *path)
{
    double x = NAN;
    assert_true(bram_json_number(reference_at(r, path), &x));
    return x;
}

/* Row indices. */
static inline size_t *reference_rows(const struct reference *r, const bram_json *list, size_t *n)
{
    bram_mat m = reference_value(r, list);
    size_t *row = bram_scratch(r->cx, m.rows, sizeof *row);
    assert_non_null(row);
    for (size_t i = 0; i < m.rows; i++) row[i] = (size_t)m.data[i];
    *n = m.rows;
    return row;
}

/* All entries within tolerance x (1 + |expected|). */
static inline void assert_tables_near(const bram_mat *found, const bram_mat *expected,
                                      double tolerance)
{
    assert_int_equal(found->rows, expected->rows);
    assert_int_equal(found->cols, expected->cols);
    for (size_t i = 0; i < found->rows; i++)
        for (size_t j = 0; j < found->cols; j++) {
            double want = bram_row(expected, i)[j];
            assert_near(bram_row(found, i)[j], want, tolerance * (1 + fabs(want)));
        }
}

static inline bram_mat transposed(const struct reference *r, bram_mat m)
{
    double *data = bram_scratch(r->cx, m.rows * m.cols, sizeof *data);
    assert_non_null(data);
    for (size_t i = 0; i < m.rows; i++)
        for (size_t j = 0; j < m.cols; j++) data[j * m.rows + i] = bram_row(&m, i)[j];
    return (bram_mat){data, m.cols, m.rows, m.rows};
}

#endif
