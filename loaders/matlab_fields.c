/*
 * matlab_fields.c - what loaders of MATLAB files share: see matlab_fields.h.
 */
#include "matlab_fields.h"

#include <string.h>

bool bram_matlab_has_variable(const bram_matlab *file, const char *name)
{
    for (size_t i = 0; i < bram_matlab_variables(file); i++)
        if (strcmp(bram_matlab_variable_at(file, i), name) == 0) return true;
    return false;
}

int bram_matlab_optional(bram_ctx *cx, bram_matlab_value **out, bram_matlab *file, const char *name)
{
    *out = NULL;
    return bram_matlab_has_variable(file, name) ? bram_matlab_variable(cx, out, file, name)
                                                : BRAM_OK;
}

int bram_matlab_bare(bram_ctx *cx, bram_matlab_value **v)
{
    while (bram_matlab_kind_of(*v) == BRAM_MATLAB_CELL && bram_matlab_count(*v) == 1)
        BRAM_TRY(bram_matlab_cell(cx, v, *v, 0));
    return BRAM_OK;
}

int bram_matlab_bare_text(bram_ctx *cx, char **out, bram_matlab_value *v)
{
    BRAM_TRY(bram_matlab_bare(cx, &v));
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_CHAR || bram_matlab_count(v) == 0)
        return bram_matlab_text(cx, out, v);
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %s of %zu elements, expected a text",
                     bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v));
}

static int unexpected(bram_ctx *cx, const bram_matlab_value *v, const char *expected, size_t count,
                      const char *what)
{
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %s of %zu elements, expected %s of %zu, %s",
                     bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v), expected,
                     count, what);
}

int bram_matlab_exactly(bram_ctx *cx, double **out, bram_matlab_value *v, size_t count,
                        const char *what)
{
    BRAM_TRY(bram_matlab_bare(cx, &v));
    if (bram_matlab_kind_of(v) != BRAM_MATLAB_NUMERIC || bram_matlab_count(v) != count)
        return unexpected(cx, v, "numbers", count, what);
    return bram_matlab_numbers(cx, out, v);
}

int bram_matlab_expect_cells(bram_ctx *cx, const bram_matlab_value *v, size_t count,
                             const char *what)
{
    return bram_matlab_kind_of(v) == BRAM_MATLAB_CELL && bram_matlab_count(v) == count
               ? BRAM_OK
               : unexpected(cx, v, "a cell", count, what);
}

int bram_matlab_expect_matrix(bram_ctx *cx, const bram_matlab_value *v, const char *what)
{
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_NUMERIC && bram_matlab_rank(v) == 2 &&
        bram_matlab_count(v) > 0)
        return BRAM_OK;
    return bram_fail(cx, BRAM_EFORMAT, "%s: found %s of %zu elements, expected a matrix %s",
                     bram_matlab_name(v), bram_matlab_class(v), bram_matlab_count(v), what);
}
