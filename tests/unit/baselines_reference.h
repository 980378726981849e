/*
 * baselines_reference.h - reads reference/baselines_reference.json of the shared test data: inputs
 * and outputs of ssm, onehot-hmmglm, scikit-learn, PyTorch (versions in the file).
 */
#ifndef BRAMBLE_TEST_BASELINES_REFERENCE_H
#define BRAMBLE_TEST_BASELINES_REFERENCE_H

#include "json.h"
#include "test.h"

struct reference {
    bram_ctx *cx;
    bram_json *file;
};

/* Returns from the test ("skipped") without the shared data. */
#define open_reference(r)                                                                          \
    do {                                                                                           \
        char path_[512];                                                                           \
        test_data(path_, "../reference/baselines_reference.json");                                 \
        (r)->cx = bram_ctx_new();                                                                  \
        assert_ok((r)->cx, bram_json_read((r)->cx, &(r)->file, path_, 0));                         \
    } while (0)

static inline void close_reference(struct reference *r)
{
    bram_json_free(r->file);
    bram_ctx_free(r->cx);
}

static inline const bram_json *reference_case(const struct reference *r, const char *name)
{
    const bram_json *found = bram_json_get(bram_json_get(r->file, "cases"), name);
    if (!found) fail_msg("no case %s", name);
    return found;
}

static inline size_t reference_flatten(const bram_json *value, double *out, size_t at)
{
    double x;
    if (bram_json_number(value, &x)) {
        if (out) out[at] = x;
        return at + 1;
    }
    for (size_t i = 0; i < bram_json_count(value); i++)
        at = reference_flatten(bram_json_at(value, i), out, at);
    return at;
}

/* All numbers of nested arrays in order, in scratch memory of the reference's context. */
static inline double *reference_values(const struct reference *r, const bram_json *value,
                                       size_t expected)
{
    size_t n = reference_flatten(value, NULL, 0);
    if (expected && n != expected) fail_msg("%zu numbers, expected %zu", n, expected);
    double *out = bram_scratch(r->cx, n, sizeof *out);
    assert_non_null(out);
    reference_flatten(value, out, 0);
    return out;
}

static inline double reference_number(const bram_json *value)
{
    double x = NAN;
    if (!bram_json_number(value, &x)) fail_msg("not a number");
    return x;
}

/* Each value within tolerance * max(1, |expected|). */
static inline void assert_all_near(const char *what, const double *found, const double *expected,
                                   size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs(found[i] - expected[i]) <= tolerance * fmax(1, fabs(expected[i]))))
            fail_msg("%s[%zu] = %.17g, expected %.17g within %g", what, i, found[i], expected[i],
                     tolerance);
}

#endif
