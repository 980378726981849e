/* fuzz_jld2.c - core/jld2.c: the values under the names that made files have. */
#include "fuzz.h"
#include "jld2.h"

enum { MOST_CHILDREN = 40, MOST_DEPTH = 6 };

static void walk(bram_ctx *cx, bram_jld2_value *v, int depth)
{
    const char *text = NULL;
    const double *numbers = NULL;
    double number;
    int64_t integer;
    size_t n = 0;
    bram_jld2_value *child = NULL;
    fuzz_ok(cx, bram_jld2_text(cx, &text, v));
    fuzz_ok(cx, bram_jld2_number(cx, &number, v));
    fuzz_ok(cx, bram_jld2_integer(cx, &integer, v));
    fuzz_ok(cx, bram_jld2_numbers(cx, &numbers, &n, v));
    if (fuzz_ok(cx, bram_jld2_find(cx, &child, v, "label")))
        fuzz_ok(cx, bram_jld2_text(cx, &text, child));
    for (size_t i = 0; depth < MOST_DEPTH && i < bram_jld2_count(v) && i < MOST_CHILDREN; i++) {
        if (bram_jld2_kind_of(v) == BRAM_JLD2_DICT && fuzz_ok(cx, bram_jld2_key(cx, &child, v, i)))
            walk(cx, child, MOST_DEPTH);
        if (fuzz_ok(cx, bram_jld2_at(cx, &child, v, i))) walk(cx, child, depth + 1);
    }
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    static const char *const names[] = {"NeuroPAL_labels", "list", "label", "word", "confidence"};
    bram_jld2 *file = NULL;
    if (!fuzz_ok(cx, bram_jld2_open(cx, &file, fuzz_file(bytes, size)))) {
        fuzz_need(!file);
        return;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bram_jld2_value *v = NULL;
        if (fuzz_ok(cx, bram_jld2_get(cx, &v, file, names[i]))) walk(cx, v, 0);
    }
    bram_jld2_close(file);
}
