/*
 * rsa_reference.h - the file of reference values of representational similarity, for the tests that
 * hold against it: inputs (arrays), and cases with an id, a value and a tolerance.
 */
#ifndef BRAMBLE_RSA_REFERENCE_H
#define BRAMBLE_RSA_REFERENCE_H

#include "json.h"
#include "test.h"

#include <bramble/matrix.h>

struct rsa_reference {
    bram_ctx *cx;
    bram_json *file;
};

/** Opens the file; without it the test says "skipped" and returns. */
#define rsa_reference_open(r)                                                                      \
    do {                                                                                           \
        char path_[512];                                                                           \
        test_data(path_, "../reference/rsa_reference.json");                                       \
        (r)->cx = bram_ctx_new();                                                                  \
        assert_ok((r)->cx, bram_json_read((r)->cx, &(r)->file, path_, 0));                         \
    } while (0)

static inline void rsa_reference_close(struct rsa_reference *r)
{
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

/** An input as rows of `columns` numbers, NaN where null; data is freed with bram_free. */
static inline bram_mat rsa_reference_input(struct rsa_reference *r, const char *name,
                                           size_t columns)
{
    const bram_json *data = bram_json_get(bram_json_get(bram_json_get(r->file, "inputs"), name),
                                          "data");
    double *values;
    size_t count;
    assert_non_null(data);
    assert_ok(r->cx, bram_json_numbers(r->cx, &values, &count, data));
    assert_int_equal(count % columns, 0);
    return (bram_mat){values, count / columns, columns, columns};
}

/** A case by its id; fails the test when there is none. */
static inline const bram_json *rsa_reference_case(struct rsa_reference *r, const char *id)
{
    const bram_json *cases = bram_json_get(r->file, "cases");
    for (size_t i = 0; i < bram_json_count(cases); i++)
        if (strcmp(bram_json_text(bram_json_get(bram_json_at(cases, i), "id")), id) == 0)
            return bram_json_at(cases, i);
    fail_msg("no case %s", id);
    return NULL;
}

static inline const bram_json *rsa_reference_value(struct rsa_reference *r, const char *id)
{
    return bram_json_get(rsa_reference_case(r, id), "value");
}

/** The tolerance of a case. */
static inline double rsa_reference_tolerance(struct rsa_reference *r, const char *id)
{
    double tol = NAN;
    assert_true(bram_json_number(bram_json_get(rsa_reference_case(r, id), "tol"), &tol));
    return tol;
}

/** A number, NaN for null. */
static inline double rsa_reference_number(const bram_json *value)
{
    double x = NAN;
    (void)bram_json_number(value, &x);
    return x;
}

/** Holds numbers against a case's table (or list) row by row: equal within tol, or both NaN. */
static inline void rsa_reference_same(const char *id, const double *found,
                                      const bram_json *expected, double tol)
{
    size_t rows = bram_json_count(expected), at = 0;
    for (size_t i = 0; i < rows; i++) {
        const bram_json *row = bram_json_at(expected, i);
        size_t cols = bram_json_count(row);
        for (size_t j = 0; j < (cols ? cols : 1); j++, at++) {
            double e = rsa_reference_number(cols ? bram_json_at(row, j) : row);
            if (isnan(e) ? !isnan(found[at]) : !(fabs(found[at] - e) <= tol))
                fail_msg("%s: value %zu is %.17g, expected %.17g within %g", id, at, found[at], e,
                         tol);
        }
    }
    assert_true(at > 0);
}

#endif
