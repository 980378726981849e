/* forecast_answers.c - see forecast_answers.h. */
#include "forecast_answers.h"

#include <math.h>
#include <string.h>

/* ---- which rows ----------------------------------------------------------------------------- */

static int plan_questions(bram_ctx *cx, bram_forecast_answers *a, const bram_options *o,
                          bool free_run)
{
    size_t stride = free_run ? (size_t)bram_option_integer(o, "stride") : 1;
    size_t offset = free_run ? (size_t)bram_option_integer(o, "offset") : 0;
    a->question = bram_scratch(cx, a->test->panel.segments, sizeof *a->question);
    if (!a->question) return BRAM_ENOMEM;
    for (size_t s = 0; s < a->test->panel.segments; s++) {
        const bram_segment *segment = &a->test->segment[s];
        bram_forecast_question *q = &a->question[s];
        *q = (bram_forecast_question){.segment = s, .steps = free_run ? a->steps : 0};
        q->start = bram_scratch(cx, segment->y.rows, sizeof *q->start);
        if (!q->start) return BRAM_ENOMEM;
        /* a free run from row 0 of a piece would have no past at all */
        size_t first = segment->first > 0 ? segment->first : 1;
        if (!free_run) first = segment->first;
        for (size_t t = first + offset; t + a->steps <= segment->y.rows; t += stride)
            q->start[q->starts++] = t;
        a->rows += q->starts;
    }
    return BRAM_OK;
}

/* The group of a row is its block in time, counted over the test part. */
static int fill_truth(bram_ctx *cx, bram_forecast_answers *a, const bram_time_blocks *blocks)
{
    size_t row = 0, width = a->steps * a->units;
    a->truth = bram_scratch(cx, a->rows * width, sizeof(double));
    a->truth_present = bram_scratch(cx, a->rows * width, 1);
    uint32_t *group = bram_scratch(cx, a->rows, sizeof *group);
    if (!a->truth || !a->truth_present || !group) return BRAM_ENOMEM;
    for (size_t s = 0; s < a->test->panel.segments; s++) {
        const bram_forecast_question *q = &a->question[s];
        const bram_segment *segment = &a->test->segment[s];
        for (size_t i = 0; i < q->starts; i++, row++) {
            size_t from = q->start[i] * a->units;
            memcpy(a->truth + row * width, segment->y.data + from, width * sizeof(double));
            memcpy(a->truth_present + row * width, segment->y_present + from, width);
            group[row] = bram_time_block_of(blocks, a->test, s, q->start[i]);
        }
    }
    a->groups = (bram_groups){group, blocks->blocks.count};
    return BRAM_OK;
}

int bram_forecast_plan(bram_ctx *cx, bram_forecast_answers *out, const bram_slice *test,
                       const bram_time_blocks *blocks, const bram_options *o, bool free_run,
                       size_t steps)
{
    *out = (bram_forecast_answers){
        .test = test, .steps = steps, .units = bram_axis_length(test->panel.unit)};
    BRAM_TRY(plan_questions(cx, out, o, free_run));
    return out->rows ? fill_truth(cx, out, blocks) : BRAM_OK;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* An answer as a matrix of starts x (steps * units), taken out of the dataset that holds it. */
static int ask(bram_ctx *cx, double *out, uint8_t *present, const bram_slice *test,
               const bram_fitted *model, const bram_forecast_question *q)
{
    bool step = q->steps == 0;
    bram_query query = {.ask = step ? BRAM_ASK_STEP : BRAM_ASK_FREE_RUN,
                        .panel = &test->panel,
                        .segment = q->segment,
                        .start = q->start,
                        .starts = q->starts,
                        .steps = q->steps};
    bram_dataset *answer = NULL;
    BRAM_TRY(bram_fitted_answer(cx, &answer, model, &query));
    const bram_response *mean = bram_dataset_response(answer, "mean");
    size_t units = bram_axis_length(test->panel.unit);
    size_t want[3] = {q->starts, step ? units : q->steps, units};
    int status = BRAM_OK;
    if (!mean || bram_response_dims(mean) != (step ? 2u : 3u))
        status = bram_fail(cx, BRAM_ESHAPE, "%s gave no \"mean\" of %d dimensions",
                           bram_fitted_spec(model), step ? 2 : 3);
    for (size_t d = 0; status == BRAM_OK && d < (step ? 2u : 3u); d++)
        if (bram_response_length(mean, d) != want[d])
            status = bram_fail(cx, BRAM_ESHAPE,
                               "%s: \"mean\" has %zu along dimension %zu, expected "
                               "%zu",
                               bram_fitted_spec(model), bram_response_length(mean, d), d + 1,
                               want[d]);
    if (status == BRAM_OK)
        status = bram_response_read(cx, mean, (size_t[]){0, 0, 0}, want, out, present);
    size_t count = q->starts * (step ? 1 : q->steps) * units;
    for (size_t i = 0; status == BRAM_OK && i < count; i++)
        if (present[i] && !isfinite(out[i]))
            status = bram_fail(cx, BRAM_ENUMERIC,
                               "%s forecasts a value that is not finite (unit %s)",
                               bram_fitted_spec(model), bram_axis_id(test->panel.unit, i % units));
    bram_dataset_free(answer);
    return status;
}

int bram_forecast_ask(bram_ctx *cx, bram_forecast_answers *a, size_t which,
                      const bram_fitted *model)
{
    size_t row = 0, width = a->steps * a->units;
    a->value[which] = bram_scratch(cx, a->rows * width, sizeof(double));
    a->present[which] = bram_scratch(cx, a->rows * width, 1);
    if (!a->value[which] || !a->present[which]) return BRAM_ENOMEM;
    for (size_t s = 0; s < a->test->panel.segments; s++) {
        const bram_forecast_question *q = &a->question[s];
        if (q->starts)
            BRAM_TRY(ask(cx, a->value[which] + row * width, a->present[which] + row * width,
                         a->test, model, q));
        row += q->starts;
    }
    return BRAM_OK;
}

/* ---- sides ---------------------------------------------------------------------------------- */

/* The side of step `step` (0-based), or of all steps together when step == a->steps. */
static bram_side side_of(const bram_forecast_answers *a, double *value, const uint8_t *present,
                         size_t step, const bram_axis *unit)
{
    bram_side side = {.column = unit};
    if (step == a->steps) {
        side.values = (bram_mat){value, a->rows * a->steps, a->units, a->units};
        side.present = present;
        return side;
    }
    side.values = (bram_mat){value + step * a->units, a->rows, a->units, a->steps * a->units};
    return side;
}

/* The mask of one step, packed as bram_side wants it. */
static uint8_t *packed_mask(bram_ctx *cx, const bram_forecast_answers *a, const uint8_t *present,
                            size_t step)
{
    uint8_t *mask = bram_scratch(cx, a->rows * a->units, 1);
    for (size_t i = 0; mask && i < a->rows; i++)
        memcpy(mask + i * a->units, present + (i * a->steps + step) * a->units, a->units);
    return mask;
}

int bram_forecast_piece(bram_ctx *cx, bram_score_piece *piece, const bram_forecast_answers *a,
                        size_t step, size_t which)
{
    const bram_axis *unit = a->test->panel.unit;
    static const char *const names[] = {"copy", "mean"};
    const size_t from[] = {which, BRAM_FORECAST_COPY, BRAM_FORECAST_MEAN};
    bram_side *side[] = {&piece->model, &piece->floor[0].side, &piece->floor[1].side};
    piece->groups = a->groups;
    piece->brain = side_of(a, a->truth, a->truth_present, step, unit);
    for (size_t i = 0; i < 2; i++) piece->floor[i].name = names[i];
    for (size_t i = 0; i < 3; i++)
        *side[i] = side_of(a, a->value[from[i]], a->present[from[i]], step, unit);
    if (step == a->steps) {
        uint32_t *group = bram_scratch(cx, a->rows * a->steps, sizeof *group);
        if (!group) return BRAM_ENOMEM;
        for (size_t i = 0; i < a->rows * a->steps; i++) group[i] = a->groups.group[i / a->steps];
        piece->groups.group = group;
        return BRAM_OK;
    }
    if (!(piece->brain.present = packed_mask(cx, a, a->truth_present, step))) return BRAM_ENOMEM;
    for (size_t i = 0; i < 3; i++)
        if (!(side[i]->present = packed_mask(cx, a, a->present[from[i]], step))) return BRAM_ENOMEM;
    return BRAM_OK;
}
