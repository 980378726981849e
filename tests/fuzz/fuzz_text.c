/* fuzz_text.c - short texts: numbers (core/number.c), cell names (grid.c), labels
 * (loaders/labels.c). */
#include "fuzz.h"
#include "grid.h"
#include "labels.h"
#include "number.h"

#include <math.h>
#include <string.h>

static void check_number(const char *text)
{
    char form[BRAM_NUMBER_BYTES];
    double x = 42, again = 0;
    int64_t n = 42;
    int all = BRAM_NUMBER_MISSING | BRAM_NUMBER_INFINITE;
    if (bram_number_parse(text, all, &x)) {
        fuzz_need(bram_number_parse(bram_number_format(form, x), all, &again));
        fuzz_need(memcmp(&x, &again, sizeof x) == 0 || (isnan(x) && isnan(again)));
    } else {
        fuzz_need(x == 42);
    }
    if (bram_number_parse(text, 0, &x)) fuzz_need(isfinite(x));
    if (bram_integer_parse(text, &n)) fuzz_need(bram_number_parse(text, 0, &x));
}

static void check_label(const char *text)
{
    bram_label labels[3] = {bram_label_parse(text, (double)NAN, 2.5),
                            bram_label_parse(text, 1, 2.5), bram_label_parse("AVAL", 5, 2.5)};
    const bram_label_rules rules = {true, true};
    bram_label_counts counts;
    for (int i = 0; i < 3; i++) {
        fuzz_need(labels[i].candidates <= BRAM_LABEL_CANDIDATES);
        fuzz_need(labels[i].neuron >= -1 && labels[i].neuron < BRAM_NEURONS);
        fuzz_need(memchr(labels[i].class_name, 0, sizeof labels[i].class_name) != NULL);
    }
    bram_labels_resolve(labels, 3, &rules, &counts);
    fuzz_need(counts.slots <= counts.exact && counts.distinct <= 3);
}

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    size_t row = 0, col = 0;
    char *text = bram_alloc(cx, size + 1, 1), ref[16];
    fuzz_need(text != NULL);
    memcpy(text, bytes, size);
    check_number(text);
    check_label(text);
    if (bram_grid_parse_ref(text, &row, &col)) {
        fuzz_need(row < BRAM_GRID_MAX_ROWS && col < BRAM_GRID_MAX_COLS);
        fuzz_need(bram_grid_parse_ref(bram_grid_ref(ref, row, col), &row, &col));
    }
    bram_free(text);
}
