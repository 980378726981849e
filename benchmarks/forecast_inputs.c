/* forecast_inputs.c - see forecast_inputs.h. */
#include "forecast_inputs.h"

#include "behaviour.h"

#include <string.h>

void bram_forecast_inputs_release(bram_forecast_inputs *in)
{
    for (size_t i = 0; i < in->count; i++) bram_recording_release(&in->of[i]);
    bram_free(in->of);
}

void bram_forecast_inputs_attach(const bram_forecast_inputs *in, bram_slice *slice)
{
    for (size_t i = 0; i < in->count; i++) bram_slice_attach(slice, &in->of[i]);
}

/* All that another animal did; where nothing was recorded, all of `like` is missing. */
static int read_other(bram_ctx *cx, bram_recording *out, const bram_forecast_split *s,
                      const bram_recording *activity, const bram_axis *like)
{
    const char *name = bram_option_text(s->o, "inputs");
    char *path = bram_strf(cx, "recordings/%s/%s", activity->id, name);
    if (!path) return BRAM_ENOMEM;
    bool recorded = bram_dataset_response(s->cell->dataset, path) != NULL;
    bram_free(path);
    return recorded ? bram_behaviour_read(cx, out, s->cell->dataset, activity, name, "")
                    : bram_behaviour_none(cx, out, activity, like);
}

/* true where any row of a variable is there */
static bool has(const bram_recording *r, ptrdiff_t variable)
{
    for (size_t t = 0; t < r->rows && variable >= 0; t++)
        if (r->present[t * r->units + (size_t)variable]) return true;
    return false;
}

/* The variables of the left-out animal that another one has, too. */
static int common_variables(bram_ctx *cx, bram_axis **out, const bram_forecast_inputs *in)
{
    const bram_axis *own = in->of[0].unit;
    size_t n = bram_axis_length(own), used = 0, *index = bram_scratch(cx, n, sizeof *index);
    if (!index) return BRAM_ENOMEM;
    for (size_t k = 0; k < n; k++) {
        bool elsewhere = false;
        for (size_t i = 1; i < in->count && !elsewhere; i++)
            elsewhere = has(&in->of[i], bram_axis_find(in->of[i].unit, bram_axis_id(own, k)));
        if (elsewhere) index[used++] = k;
    }
    if (!used)
        return bram_fail(cx, BRAM_ENOTAPPLICABLE,
                         "none of the %zu input variables of %s was recorded in another animal", n,
                         in->of[0].id);
    return bram_axis_take(cx, out, own, index, used);
}

/* The same variables for all. */
static int match(bram_ctx *cx, bram_forecast_inputs *in)
{
    bram_axis *variable = NULL;
    int status = common_variables(cx, &variable, in);
    for (size_t i = 0; i < in->count && status == BRAM_OK; i++) {
        bram_recording aligned;
        status = bram_recording_align(cx, &aligned, &in->of[i], variable);
        if (status != BRAM_OK) break;
        bram_recording_release(&in->of[i]);
        in->of[i] = aligned;
    }
    bram_axis_free(variable);
    return status;
}

int bram_forecast_inputs_read(bram_ctx *cx, bram_forecast_inputs *out, const bram_forecast_split *s)
{
    size_t mark = bram_scratch_mark(cx);
    out->of = bram_alloc(cx, s->recordings, sizeof *out->of);
    if (!out->of) return BRAM_ENOMEM;
    out->count = s->recordings;
    BRAM_TRY(bram_behaviour_read(cx, &out->of[0], s->cell->dataset, &s->recording[0],
                                 bram_option_text(s->o, "inputs"),
                                 bram_option_text(s->o, "variables")));
    for (size_t i = 1; i < out->count; i++)
        BRAM_TRY(read_other(cx, &out->of[i], s, &s->recording[i], out->of[0].unit));
    if (out->count > 1) BRAM_TRY(match(cx, out));
    for (size_t i = 0; i < out->count; i++) bram_behaviour_delay(&out->of[i]);
    bram_scratch_release(cx, mark);
    return BRAM_OK;
}
