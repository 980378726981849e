/*
 * reference.h - reading the shared reference numbers of representational similarity
 * (rsa_reference.json: rsatoolbox f1f83ca and others; see its "meta").
 */
#ifndef BRAMBLE_REFERENCE_H
#define BRAMBLE_REFERENCE_H

#include "internal.h"
#include "json.h"
#include "metric_test.h"

struct reference {
    bram_ctx *cx;
    bram_json *file;
};

/* Returns from the test (which then counts as skipped) without the shared data. */
#define open_reference(r)                                                                          \
    do {                                                                                           \
        char path_[512];                                                                           \
        test_data(path_, "../reference/rsa_reference.json");                                       \
        (r)->cx = bram_ctx_new();                                                                  \
        assert_ok((r)->cx, bram_json_read((r)->cx, &(r)->file, path_, 0));                         \
    } while (0)

static inline void close_reference(struct reference *r)
{
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

/* An input; its first dimension is rows, the others together cols. Heap memory. */
static inline double *reference_input(struct reference *r, const char *name, size_t *rows,
                                      size_t *cols)
{
    const bram_json *entry = bram_json_get(bram_json_get(r->file, "inputs"), name);
    double *values;
    size_t count;
    int64_t first;
    assert_non_null(entry);
    assert_ok(r->cx, bram_json_numbers(r->cx, &values, &count, bram_json_get(entry, "data")));
    assert_true(bram_json_integer(bram_json_at(bram_json_get(entry, "shape"), 0), &first));
    *rows = (size_t)first, *cols = count / *rows;
    return values;
}

/* Labels 0 .. largest of an input; heap memory. */
static inline uint32_t *reference_labels(struct reference *r, const char *name, size_t *rows,
                                         size_t *labels)
{
    size_t cols;
    double *values = reference_input(r, name, rows, &cols);
    uint32_t *out = calloc(*rows, sizeof *out);
    assert_non_null(out);
    *labels = 0;
    for (size_t i = 0; i < *rows; i++) {
        out[i] = (uint32_t)values[i];
        if (out[i] >= *labels) *labels = out[i] + 1;
    }
    bram_free(values);
    return out;
}

static inline const bram_json *reference_case(struct reference *r, const char *id)
{
    const bram_json *cases = bram_json_get(r->file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++) {
        const bram_json *entry = bram_json_at(cases, i);
        if (strcmp(bram_json_text(bram_json_get(entry, "id")), id) == 0) return entry;
    }
    fail_msg("no case %s", id);
    return NULL;
}

/* Compares the numbers of a JSON array (of arrays, row by row) with x, from *at on. */
static inline void assert_json(const char *id, const bram_json *value, const double *x, size_t *at,
                               double tolerance)
{
    double number = NAN;
    if (bram_json_count(value)) {
        for (size_t i = 0; i < bram_json_count(value); i++)
            assert_json(id, bram_json_at(value, i), x, at, tolerance);
        return;
    }
    bram_json_number(value, &number);
    double found = x[(*at)++];
    if (isnan(number) != isnan(found) || fabs(number - found) > tolerance)
        fail_msg("%s: entry %zu is %.17g, expected %.17g within %g", id, *at - 1, found, number,
                 tolerance);
}

/* A case's value against count numbers, within its tolerance. */
static inline void assert_case(struct reference *r, const char *id, const double *x, size_t count)
{
    const bram_json *entry = reference_case(r, id);
    double tolerance = 0;
    size_t at = 0;
    assert_true(bram_json_number(bram_json_get(entry, "tol"), &tolerance));
    assert_json(id, bram_json_get(entry, "value"), x, &at, tolerance);
    assert_int_equal(at, count);
}

#endif
