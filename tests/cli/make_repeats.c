/*
 * make_repeats.c - repeats.h5 for the tests of rdm and reliability: the response of 3 stimuli x 2
 * neurons x 3 repeats in which the third repeat was shown for nobody, or (with an argument) for the
 * first stimulus only.
 */
#include <bramble/dataset.h>

#include <stdio.h>
#include <string.h>

enum { STIMULI = 3, NEURONS = 2, REPEATS = 3 };

static int fill(bram_ctx *cx, bram_response *r, bool more)
{
    static const double value[STIMULI][NEURONS][REPEATS] = {
        {{1, 3, 2}, {0, 2, 7}}, {{0, 1}, {0, 0}}, {{5, 5}, {5, 7}}};
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) return BRAM_ENOMEM;
    memcpy(bram_response_f64(r), value, sizeof value);
    for (size_t i = 0; i < STIMULI; i++)
        for (size_t k = 0; k < NEURONS; k++) mask[(i * NEURONS + k) * REPEATS + 2] = more && i == 0;
    return BRAM_OK;
}

static int make(bram_ctx *cx, bool more)
{
    static const char *const names[] = {"a", "b", "c"}, *const neurons[] = {"u1", "u2"};
    static const char *const category[] = {"face", "house", "face"};
    bram_axis *axis[3];
    bram_response *r;
    bram_dataset *ds;
    BRAM_TRY(bram_axis_new(cx, axis, "stimulus", STIMULI));
    BRAM_TRY(bram_axis_set_ids(cx, axis[0], names));
    BRAM_TRY(bram_axis_add_text(cx, axis[0], "category", category));
    BRAM_TRY(bram_axis_new(cx, axis + 1, "neuron", NEURONS));
    BRAM_TRY(bram_axis_set_ids(cx, axis[1], neurons));
    BRAM_TRY(bram_axis_new(cx, axis + 2, "repeat", REPEATS));
    const bram_axis *along[] = {axis[0], axis[1], axis[2]};
    BRAM_TRY(bram_response_new(cx, &r, "it", BRAM_F64, 3, along));
    BRAM_TRY(fill(cx, r, more));
    BRAM_TRY(bram_dataset_new(cx, &ds));
    BRAM_TRY(bram_dataset_add(cx, ds, "responses", r));
    BRAM_TRY(bram_dataset_write(cx, ds, "repeats.h5", true));
    bram_dataset_free(ds);
    for (size_t d = 0; d < 3; d++) bram_axis_free(axis[d]);
    return BRAM_OK;
}

int main(int argc, char **argv)
{
    (void)argv;
    bram_init();
    bram_ctx *cx = bram_ctx_new();
    int status = make(cx, argc > 1);
    if (status != BRAM_OK) fprintf(stderr, "%s\n", bram_ctx_message(cx));
    bram_ctx_free(cx);
    return status != BRAM_OK;
}
