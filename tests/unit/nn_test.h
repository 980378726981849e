/*
 * nn_test.h - what the tests of the training core share, which are compiled in float32 and in
 * double: reference values as bram_real, tolerances, finite differences.
 */
#ifndef BRAMBLE_NN_TEST_H
#define BRAMBLE_NN_TEST_H

#include "baselines_reference.h"
#include "nn_real.h"

#ifdef BRAM_NN_DOUBLE
static const double TOLERANCE = 1e-10;
#else
static const double TOLERANCE = 1e-4;
#endif

/* All numbers of nested arrays, in scratch memory of the reference's context. */
static inline bram_real *real_values(const struct reference *r, const bram_json *value, size_t *n)
{
    size_t count = reference_flatten(value, NULL, 0);
    double *values = reference_values(r, value, 0);
    bram_real *out = bram_scratch(r->cx, count, sizeof *out);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) out[i] = (bram_real)values[i];
    if (n) *n = count;
    return out;
}

static inline bram_real *zeros(const struct reference *r, size_t n)
{
    bram_real *out = bram_scratch(r->cx, n, sizeof *out);
    assert_non_null(out);
    return out;
}

/* Each value within TOLERANCE * max(1, |expected|). */
static inline void assert_reference(const char *what, const struct reference *r,
                                    const bram_json *expected, const bram_real *found)
{
    size_t n = reference_flatten(expected, NULL, 0);
    double *values = reference_values(r, expected, n);
    double *x = bram_scratch(r->cx, n, sizeof *x);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++) x[i] = (double)found[i];
    assert_all_near(what, x, values, n, TOLERANCE);
}

static inline const bram_json *in(const bram_json *c, const char *name)
{
    const bram_json *found = bram_json_get(bram_json_get(c, "in"), name);
    if (!found) fail_msg("no input %s", name);
    return found;
}

static inline const bram_json *out(const bram_json *c, const char *name)
{
    const bram_json *found = bram_json_get(bram_json_get(c, "out"), name);
    if (!found) fail_msg("no output %s", name);
    return found;
}

#endif
