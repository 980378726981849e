/*
 * one_step.c - one-step forecasts of a recording's test rows; see one_step.h.
 */
#include "one_step.h"

int bram_one_step_open(bram_ctx *cx, bram_one_step *s, const bram_cell *cell)
{
    *s = (bram_one_step){.cell = cell, .o = cell->benchmark->options};
    BRAM_TRY(bram_recording_causal(cx, cell->dataset, cell->part, s->o));
    BRAM_TRY(bram_recording_read(cx, &s->recording, cell->dataset, cell->part,
                                 bram_option_text(s->o, "response")));
    BRAM_TRY(bram_timesplit_make(cx, &s->split, &s->recording, s->o));
    s->split.train.panel.public_data = cell->dataset; /* for models of a connectome */
    BRAM_TRY(bram_time_blocks_whole(cx, &s->blocks, cell, &s->split.train, &s->split.test));
    return bram_targets_make(cx, &s->target, &s->split.test, &s->blocks);
}

void bram_one_step_release(bram_one_step *s)
{
    bram_timesplit_release(&s->split);
    bram_recording_release(&s->recording);
}

int bram_one_step_forecast(bram_ctx *cx, bram_side *side, bram_fitted **fitted,
                           const bram_one_step *s, const char *spec, uint64_t seed)
{
    size_t rows = s->target.rows, units = s->target.units;
    bram_fitted *model = NULL;
    double *value = bram_scratch(cx, rows * units, sizeof *value);
    uint8_t *present = bram_scratch(cx, rows * units, 1);
    if (!value || !present) return BRAM_ENOMEM;
    BRAM_TRY(bram_fitted_new(cx, &model, spec, &s->split.train.panel,
                             bram_timesplit_validation(&s->split), seed));
    int status = bram_ask_targets(cx, value, present, model, &s->split.test,
                                  (bram_query){.ask = BRAM_ASK_STEP}, "mean");
    if (status != BRAM_OK || !fitted) bram_fitted_free(model);
    else *fitted = model;
    *side = (bram_side){
        .values = {value, rows, units, units}, .present = present, .column = s->recording.unit};
    return status;
}

int bram_one_step_score(bram_ctx *cx, bram_scores *scores, const bram_one_step *s,
                        const bram_side *model)
{
    const bram_benchmark *b = s->cell->benchmark;
    const bram_targets *t = &s->target;
    bram_score_piece piece = {.model = *model,
                              .brain = {.values = {t->y, t->rows, t->units, t->units},
                                        .present = t->present,
                                        .column = s->recording.unit},
                              .floor = {{.name = "copy"}, {.name = "mean"}},
                              .groups = {t->group, s->blocks.blocks.count}};
    for (size_t i = 0; i < 2; i++)
        BRAM_TRY(bram_one_step_forecast(cx, &piece.floor[i].side, NULL, s, piece.floor[i].name, 0));
    bram_score_job job = {.label = "step",
                          .horizon = 1,
                          .piece = &piece,
                          .pieces = 1,
                          .floors = 2,
                          .axis = s->blocks.axis};
    for (size_t m = 0; m < b->metric_count; m++)
        BRAM_TRY(bram_scores_add(cx, scores, b->metrics[m], &job));
    return BRAM_OK;
}
