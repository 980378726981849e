/* forecast_split.c - see forecast_split.h; the variant across is in forecast_across.c. */
#include "forecast_split.h"

#include "splits.h"
#include "time_fold.h"

#include <string.h>

void bram_forecast_split_release(bram_forecast_split *s)
{
    for (size_t i = 0; i < s->recordings; i++) bram_recording_release(&s->recording[i]);
    bram_free(s->recording);
    bram_slice_release(&s->train);
    bram_slice_release(&s->validation);
    bram_slice_release(&s->test);
    bram_free(s->subset);
}

int bram_forecast_read(bram_ctx *cx, bram_forecast_split *s, const char *id)
{
    BRAM_TRY(bram_recording_causal(cx, s->cell->dataset, id, s->o));
    BRAM_TRY(bram_recording_read(cx, &s->recording[s->recordings], s->cell->dataset, id,
                                 bram_option_text(s->o, "response")));
    s->recordings++;
    return BRAM_OK;
}

bool bram_forecast_labelled(const bram_axis *unit, size_t i)
{
    const bram_column *certainty = bram_axis_column(unit, "certainty");
    return certainty && certainty->type == BRAM_TEXT && strcmp(certainty->text[i], "exact") == 0;
}

static int find_subset(bram_ctx *cx, bram_forecast_split *s)
{
    const bram_axis *unit = s->recording[0].unit;
    size_t n = bram_axis_length(unit), labelled = 0;
    for (size_t i = 0; i < n; i++) labelled += bram_forecast_labelled(unit, i);
    if (labelled == 0 || labelled == n) return BRAM_OK;
    s->subset = bram_alloc(cx, n, 1);
    if (!s->subset) return BRAM_ENOMEM;
    for (size_t i = 0; i < n; i++) s->subset[i] = bram_forecast_labelled(unit, i);
    return BRAM_OK;
}

/* ---- within: one recording cut in time ------------------------------------------------------ */

static int split_by_file(bram_ctx *cx, bram_timesplit *split, const bram_forecast_split *s)
{
    bram_splits file = {.count = 0};
    BRAM_TRY(bram_splits_open(cx, &file, bram_option_text(s->o, "splits")));
    int status = bram_splits_hold(cx, &file, s->cell->dataset, s->cell->part);
    if (status == BRAM_OK) status = bram_time_fold_make(cx, split, &s->recording[0], &file, s->o);
    bram_splits_release(&file);
    return status;
}

static int split_within(bram_ctx *cx, bram_forecast_split *s)
{
    s->recording = bram_alloc(cx, 1, sizeof *s->recording);
    if (!s->recording) return BRAM_ENOMEM;
    BRAM_TRY(bram_forecast_read(cx, s, s->cell->part));
    bram_timesplit split = {0};
    int status = bram_option_text(s->o, "splits")[0]
                     ? split_by_file(cx, &split, s)
                     : bram_timesplit_make(cx, &split, &s->recording[0], s->o);
    s->train = split.train;
    s->validation = split.validation;
    s->test = split.test;
    BRAM_TRY(status);
    return find_subset(cx, s);
}

int bram_forecast_split_make(bram_ctx *cx, bram_forecast_split *out, const bram_cell *cell)
{
    *out = (bram_forecast_split){.cell = cell, .o = cell->benchmark->options};
    return bram_option_is(out->o, "variant", "within") ? split_within(cx, out)
                                                       : bram_forecast_split_across(cx, out);
}

/* ---- what a file must cover ----------------------------------------------------------------- */

/* Rows of the left-out animal after those that set its scale, and the units it shares. */
static int demand_across(bram_ctx *cx, bram_demand *out, bram_forecast_split *s)
{
    bram_demand d = {0};
    BRAM_TRY(bram_forecast_split_across(cx, s));
    const bram_recording *r = &s->recording[0];
    size_t first = bram_forecast_calibration(s, r);
    const char **set = bram_scratch(cx, r->rows, sizeof *set);
    if (!set) return BRAM_ENOMEM;
    for (size_t t = 0; t < r->rows; t++) set[t] = t < first ? "" : "test";
    BRAM_TRY(bram_axis_copy(cx, &d.row, r->time));
    d.unit = bram_axis_ref(r->unit);
    int status = bram_axis_add_text(cx, d.row, "set", set);
    if (status == BRAM_OK) *out = d;
    else bram_demand_release(&d);
    return status;
}

int bram_forecast_demand(bram_ctx *cx, bram_demand *out, const bram_benchmark *b,
                         const bram_dataset *ds, const char *part)
{
    if (bram_option_is(b->options, "variant", "within"))
        return bram_recording_demand(cx, out, b, ds, part);
    bram_cell cell = {b, ds, part, "copy", 0};
    bram_forecast_split s = {.cell = &cell, .o = b->options};
    size_t mark = bram_scratch_mark(cx);
    int status = demand_across(cx, out, &s);
    bram_forecast_split_release(&s);
    bram_scratch_release(cx, mark);
    return status;
}
