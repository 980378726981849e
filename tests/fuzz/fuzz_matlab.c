/* fuzz_matlab.c - core/matlab.c, mat5.c, mat73.c: every value of a MATLAB file of either version.
 */
#include "fuzz.h"
#include "matlab.h"

enum { MOST_CHILDREN = 40, MOST_DEPTH = 5 };

static void read_value(bram_ctx *cx, bram_matlab_value *v)
{
    double *numbers = NULL;
    char *text = NULL, **texts = NULL;
    bram_matlab_entry *entries = NULL;
    size_t n = 0;
    if (fuzz_ok(cx, bram_matlab_numbers(cx, &numbers, v))) bram_free(numbers);
    numbers = NULL;
    if (fuzz_ok(cx, bram_matlab_row_major(cx, &numbers, v))) bram_free(numbers);
    if (fuzz_ok(cx, bram_matlab_text(cx, &text, v))) bram_free(text);
    if (fuzz_ok(cx, bram_matlab_strings(cx, &texts, &n, v))) bram_free(texts);
    if (fuzz_ok(cx, bram_matlab_entries(cx, &entries, &n, v))) bram_free(entries);
}

static void walk(bram_ctx *cx, bram_matlab_value *v, int depth)
{
    bram_matlab_value *child = NULL;
    read_value(cx, v);
    if (depth == MOST_DEPTH) return;
    size_t fields = bram_matlab_fields(v), count = bram_matlab_count(v);
    for (size_t k = 0; k < fields && k < MOST_CHILDREN; k++)
        for (size_t i = 0; i < count && i < 2; i++)
            if (fuzz_ok(cx, bram_matlab_field(cx, &child, v, bram_matlab_field_at(v, k), i)))
                walk(cx, child, depth + 1);
    if (bram_matlab_kind_of(v) == BRAM_MATLAB_CELL)
        for (size_t i = 0; i < count && i < MOST_CHILDREN; i++)
            if (fuzz_ok(cx, bram_matlab_cell(cx, &child, v, i))) walk(cx, child, depth + 1);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_matlab *file = NULL;
    if (!fuzz_ok(cx, bram_matlab_open(cx, &file, fuzz_file(bytes, size)))) {
        fuzz_need(!file);
        return;
    }
    for (size_t i = 0; i < bram_matlab_variables(file) && i < MOST_CHILDREN; i++) {
        bram_matlab_value *v = NULL;
        if (fuzz_ok(cx, bram_matlab_variable(cx, &v, file, bram_matlab_variable_at(file, i))))
            walk(cx, v, 0);
    }
    bram_matlab_close(file);
}
