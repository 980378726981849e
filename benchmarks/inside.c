/* inside.c - see inside.h. */
#include "inside.h"

/* Puts a copy of a small response into the result. */
static int keep_copy(bram_ctx *cx, bram_dataset *result, const bram_response *r)
{
    const bram_axis *axis[BRAM_MAX_DIMS];
    size_t dims = bram_response_dims(r), zero[BRAM_MAX_DIMS] = {0}, length[BRAM_MAX_DIMS];
    bram_response *copy = NULL;
    for (size_t d = 0; d < dims; d++)
        axis[d] = bram_response_axis(r, d), length[d] = bram_response_length(r, d);
    BRAM_TRY(bram_response_new(cx, &copy, bram_response_name(r), BRAM_F64, dims, axis));
    int status = bram_response_read(cx, r, zero, length, bram_response_f64(copy), NULL);
    const char *unit = bram_attrs_text(bram_response_attrs_const(r), "unit");
    if (status == BRAM_OK && unit)
        status = bram_attrs_set_text(cx, bram_response_attrs(copy), "unit", unit);
    if (status == BRAM_OK) return bram_dataset_add(cx, result, "inside", copy);
    bram_response_free(copy);
    return status;
}

int bram_inside_keep(bram_ctx *cx, const bram_fitted *model, const bram_panel *panel,
                     bram_dataset *result)
{
    bram_query q = {.ask = BRAM_ASK_INSIDE, .panel = panel};
    bram_dataset *answer = NULL;
    if (!(bram_fitted_model(model)->answers & BRAM_ANSWERS(BRAM_ASK_INSIDE))) return BRAM_OK;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &q));
    int status = BRAM_OK;
    for (size_t i = 0; i < bram_dataset_responses(answer) && status == BRAM_OK; i++)
        status = keep_copy(cx, result,
                           bram_dataset_response(answer, bram_dataset_response_path(answer, i)));
    bram_dataset_free(answer);
    return status;
}
