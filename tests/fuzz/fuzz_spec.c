/* fuzz_spec.c - core/spec.c and param.c: options of every type; the canonical form is a fixed
 * point. */
#include "fuzz.h"

#include <bramble/spec.h>

#include <math.h>
#include <string.h>

static const bram_param params[] = {
    {"path", BRAM_PARAM_TEXT, "", NULL, 0, 0, "a text"},
    {"how", BRAM_PARAM_CHOICE, "fast", "fast|slow", 0, 0, "a choice"},
    {"lags", BRAM_PARAM_INTEGER, "auto", NULL, 0, 64, "an integer"},
    {"alpha", BRAM_PARAM_REAL, "1", NULL, 0, 1e9, "a number"},
    {"mean", BRAM_PARAM_FLAG, "yes", NULL, 0, 0, "a flag"},
    {"steps", BRAM_PARAM_INTEGERS, "1+2", NULL, 1, 1000, "integers"},
    {"alphas", BRAM_PARAM_REALS, "0.1..10", NULL, 1e-9, 1e9, "numbers"},
    {.name = NULL}};

void fuzz_input(bram_ctx *cx, const unsigned char *bytes, size_t size)
{
    bram_options *o = NULL, *again = NULL;
    char *text = bram_alloc(cx, size + 1, 1);
    fuzz_need(text != NULL);
    memcpy(text, bytes, size);
    fuzz_need(bram_spec_name_length(text) <= strlen(text));
    if (fuzz_ok(cx, bram_options_new(cx, &o, params, text))) {
        size_t steps, alphas;
        const int64_t *step = bram_option_integers(o, "steps", &steps);
        const double *alpha = bram_option_reals(o, "alphas", &alphas);
        for (size_t i = 0; i < steps; i++) fuzz_need(step[i] >= 1 && step[i] <= 1000);
        for (size_t i = 0; i < alphas; i++) fuzz_need(isfinite(alpha[i]));
        if (fuzz_ok(cx, bram_options_new(cx, &again, params, bram_options_canonical(o))))
            fuzz_need(strcmp(bram_options_canonical(o), bram_options_canonical(again)) == 0);
        else fuzz_need(!"the canonical form is an error");
    }
    bram_options_free(o);
    bram_options_free(again);
    bram_free(text);
}
