/*
 * score_table.c - the rows of a score table as responses of a cell's result: score (a table), raw
 * (score x unit) and draw (score x sample).
 */
#include "score_rows.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* A number column from one member of all rows. */
static int number_column(bram_ctx *cx, bram_axis *table, const bram_scores *s, const char *name,
                         size_t offset, double *buffer)
{
    for (size_t i = 0; i < s->count; i++)
        memcpy(&buffer[i], (const char *)&s->row[i] + offset, sizeof *buffer);
    return bram_axis_add_number(cx, table, name, buffer, "");
}

static int integer_column(bram_ctx *cx, bram_axis *table, const bram_scores *s, const char *name,
                          size_t offset, int64_t *buffer)
{
    for (size_t i = 0; i < s->count; i++)
        memcpy(&buffer[i], (const char *)&s->row[i] + offset, sizeof *buffer);
    return bram_axis_add_integer(cx, table, name, buffer);
}

static int text_columns(bram_ctx *cx, bram_axis *table, const bram_scores *s)
{
    const char **text = bram_scratch(cx, s->count, sizeof *text);
    if (!text) return BRAM_ENOMEM;
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].id;
    BRAM_TRY(bram_axis_set_ids(cx, table, text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].metric;
    BRAM_TRY(bram_axis_add_text(cx, table, "metric", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].median ? "median" : "mean";
    BRAM_TRY(bram_axis_add_text(cx, table, "summary", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].axis;
    BRAM_TRY(bram_axis_add_text(cx, table, "resampled", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].ceiling_rule;
    BRAM_TRY(bram_axis_add_text(cx, table, "ceiling_rule", text));
    for (size_t i = 0; i < s->count; i++) text[i] = s->row[i].normalization;
    return bram_axis_add_text(cx, table, "normalization", text);
}

static int fill_table(bram_ctx *cx, bram_axis *table, const bram_scores *s)
{
    double *number = bram_scratch(cx, s->count, sizeof *number);
    int64_t *integer = bram_scratch(cx, s->count, sizeof *integer);
    if (!number || !integer) return BRAM_ENOMEM;
    BRAM_TRY(text_columns(cx, table, s));
    static const struct {
        const char *name;
        size_t offset;
    } numbers[] = {{"value", offsetof(bram_score_row, value)},
                   {"low", offsetof(bram_score_row, low)},
                   {"high", offsetof(bram_score_row, high)},
                   {"chance", offsetof(bram_score_row, chance)},
                   {"ceiling", offsetof(bram_score_row, ceiling)},
                   {"ceiling_low", offsetof(bram_score_row, ceiling_low)},
                   {"ceiling_high", offsetof(bram_score_row, ceiling_high)},
                   {"ceiling_noise", offsetof(bram_score_row, ceiling_noise)},
                   {"reliability", offsetof(bram_score_row, reliability)},
                   {"normalized", offsetof(bram_score_row, normalized)}},
      integers[] = {{"horizon", offsetof(bram_score_row, horizon)},
                    {"units", offsetof(bram_score_row, units)},
                    {"undefined", offsetof(bram_score_row, undefined)},
                    {"groups", offsetof(bram_score_row, groups)}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        BRAM_TRY(number_column(cx, table, s, numbers[i].name, numbers[i].offset, number));
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        BRAM_TRY(integer_column(cx, table, s, integers[i].name, integers[i].offset, integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].higher_better;
    BRAM_TRY(bram_axis_add_integer(cx, table, "higher_better", integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].biased;
    BRAM_TRY(bram_axis_add_integer(cx, table, "bias_corrected", integer));
    for (size_t i = 0; i < s->count; i++) integer[i] = s->row[i].distribution;
    BRAM_TRY(bram_axis_add_integer(cx, table, "distribution", integer));
    for (size_t i = 0; i < s->floors; i++) {
        char name[64];
        snprintf(name, sizeof name, "floor_%s", s->floor_name[i]);
        BRAM_TRY(number_column(cx, table, s, name,
                               offsetof(bram_score_row, floor) + i * sizeof(double), number));
    }
    static const struct {
        const char *name;
        size_t offset;
    } nulls[] = {{"floor_shuffled", offsetof(bram_score_row, null_mean)},
                 {"null_sd", offsetof(bram_score_row, null_sd)},
                 {"null_p", offsetof(bram_score_row, null_p)}};
    for (size_t i = 0; s->nulls && i < sizeof nulls / sizeof *nulls; i++)
        BRAM_TRY(number_column(cx, table, s, nulls[i].name, nulls[i].offset, number));
    return BRAM_OK;
}

/* A response (score x other) whose row i is the n numbers at `offset` of row i; NaN is missing. */
static int add_rows(bram_ctx *cx, bram_dataset *result, const bram_scores *s, const char *name,
                    const bram_axis *table, const bram_axis *other, size_t offset)
{
    bram_response *r = NULL;
    BRAM_TRY(bram_response_new(cx, &r, name, BRAM_F64, 2, (const bram_axis *[]){table, other}));
    uint8_t *mask = bram_response_mask(cx, r);
    if (!mask) {
        bram_response_free(r);
        return BRAM_ENOMEM;
    }
    size_t n = bram_axis_length(other);
    double *out = bram_response_f64(r);
    for (size_t i = 0; i < s->count; i++) {
        double *values;
        memcpy(&values, (const char *)&s->row[i] + offset, sizeof values);
        for (size_t j = 0; j < n; j++) {
            mask[i * n + j] = !isnan(values[j]);
            out[i * n + j] = isnan(values[j]) ? 0 : values[j];
        }
    }
    return bram_dataset_add(cx, result, "", r);
}

int bram_scores_finish(bram_ctx *cx, bram_scores *s, bram_dataset *result)
{
    size_t mark = bram_scratch_mark(cx);
    bram_axis *table = NULL, *samples = NULL;
    int status = bram_axis_new(cx, &table, "score", s->count);
    if (status == BRAM_OK) status = fill_table(cx, table, s);
    if (status == BRAM_OK)
        status = add_rows(cx, result, s, "raw", table, s->units, offsetof(bram_score_row, raw));
    if (status == BRAM_OK && s->samples) {
        status = bram_axis_new(cx, &samples, "sample", s->samples);
        if (status == BRAM_OK)
            status = add_rows(cx, result, s, "draw", table, samples,
                              offsetof(bram_score_row, draw));
    }
    bram_attrs *attrs = bram_dataset_attrs(cx, result, "");
    if (status == BRAM_OK && !attrs) status = BRAM_ENOMEM;
    if (status == BRAM_OK) status = bram_attrs_set_number(cx, attrs, "interval_level", s->level);
    bram_axis_free(table);
    bram_axis_free(samples);
    bram_scratch_release(cx, mark);
    return status;
}
