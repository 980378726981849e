/*
 * submission_predictions.c - the model `submission-predictions`: predicted responses or forecasts
 * from the file of a submission (core/submission.h), matched by row and unit; marked self-reported.
 */
#include "reported.h"
#include "submitted.h"

#include <string.h>

static int fit(bram_ctx *cx, void **fitted, const bram_options *o, const bram_panel *train,
               const bram_panel *validation, uint64_t seed)
{
    (void)train;
    (void)validation;
    (void)seed;
    return bram_submitted_fit(cx, fitted, o, false);
}

/* The names of an axis. */
static const char **names_of(bram_ctx *cx, const bram_axis *axis)
{
    const char **name = bram_scratch(cx, bram_axis_length(axis), sizeof *name);
    for (size_t i = 0; name && i < bram_axis_length(axis); i++) name[i] = bram_axis_id(axis, i);
    return name;
}

/* Columns "rate:UNIT", "mean:UNIT" and "sd:UNIT", "logdensity:UNIT": the first parameter, and the
 * second where there is one, each in an array of its own. */
static int split_density(bram_ctx *cx, bram_reported *r)
{
    static const bram_density_family nats = {"logdensity", NULL, NULL};
    const bram_density_family *f = bram_density_families;
    size_t length = r->cols ? strcspn(r->unit[0], ":") : 0, wide = r->cols, count = 0;
    while (f->first && (strlen(f->first) != length || strncmp(f->first, r->unit[0], length) != 0))
        f++;
    r->family = f->first ? f : NULL;
    if (!f->first) f = &nats;
    for (size_t i = 0; i < wide; i++) count += strncmp(r->unit[i], f->first, strlen(f->first)) == 0;
    double *out[2] = {bram_scratch(cx, r->rows, count * sizeof(double)),
                      bram_scratch(cx, r->rows, count * sizeof(double))};
    char **unit = bram_scratch(cx, count, sizeof *unit);
    if (!out[0] || !out[1] || !unit) return BRAM_ENOMEM;
    for (size_t k = 0; k < (f->second ? 2u : 1u); k++) {
        const char *name = k ? f->second : f->first;
        size_t n = strlen(name), at = 0;
        for (size_t i = 0; i < wide; i++) {
            if (strncmp(r->unit[i], name, n) != 0 || r->unit[i][n] != ':') continue;
            if (at == count || (k && strcmp(unit[at], r->unit[i] + n + 1) != 0)) break;
            unit[at] = r->unit[i] + n + 1;
            for (size_t t = 0; t < r->rows; t++) out[k][t * count + at] = r->values[t * wide + i];
            at++;
        }
        if (at != count || !count)
            return bram_fail(cx, BRAM_EFORMAT,
                             "the columns are no parameters of a density: expected %s:UNIT of each "
                             "unit, in one order",
                             name);
    }
    r->values = out[0], r->second = f->second ? out[1] : NULL;
    r->unit = unit, r->cols = count;
    return BRAM_OK;
}

static int answer_part(bram_ctx *cx, const bram_submitted *a, const bram_query *q,
                       bram_dataset *out)
{
    const bram_npy_info *info = bram_npy_describe(a->values);
    const char **row = names_of(cx, a->row), **column = names_of(cx, a->column);
    double *values = bram_scratch(cx, info->count, sizeof *values);
    if (!row || !column || !values) return BRAM_ENOMEM;
    BRAM_TRY(bram_npy_read(cx, a->values, values));
    bram_reported r = {.rows = info->shape[0],
                       .cols = info->shape[1],
                       .values = values,
                       .unit = (char **)(uintptr_t)column,
                       .time = a->time,
                       .id = a->is_time ? NULL : (char **)(uintptr_t)row};
    if (q->ask == BRAM_ASK_LOGLIK) BRAM_TRY(split_density(cx, &r));
    return bram_reported_answer(cx, out, &r, q);
}

static int answer(bram_ctx *cx, const void *fitted, const bram_query *q, bram_dataset *out)
{
    const bram_submission *s = fitted;
    const char *part = q->panel->segment[q->segment].id;
    size_t mark = bram_scratch_mark(cx);
    for (size_t i = 0; i < s->arrays; i++) {
        if (!part || strcmp(s->array[i].name, part) != 0) continue;
        int status = answer_part(cx, &s->array[i], q, out);
        bram_scratch_release(cx, mark);
        return status;
    }
    return bram_fail(cx, BRAM_ENOTAPPLICABLE, "the submission has no predictions for %s",
                     part ? part : "a part without a name");
}

const bram_model bram_model_submission_predictions = {
    .name = "submission-predictions",
    .summary = "predictions that were handed in with bramble submit, marked self-reported",
    .source = "docs/submissions.md",
    .missing = "a unit without a prediction is left out; a row without one is not applicable",
    .version = 2,
    .answers = BRAM_ANSWERS(BRAM_ASK_RESPOND) | BRAM_ANSWERS(BRAM_ASK_STEP) |
               BRAM_ANSWERS(BRAM_ASK_COSMOOTH) | BRAM_ANSWERS(BRAM_ASK_LOGLIK) |
               BRAM_ANSWERS(BRAM_ASK_STATES) | BRAM_ANSWERS(BRAM_ASK_WEIGHTS),
    .flags = BRAM_MODEL_OUTSIDE | BRAM_MODEL_SELF_REPORTED,
    .params = bram_submitted_params,
    .fit = fit,
    .answer = answer,
    .release = bram_submitted_release,
    .content = bram_submitted_content,
};
